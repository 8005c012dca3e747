import type { ReactNode } from 'react';
import { groupBy } from '../../group-by.js';
import { sum } from '../../metrics/arithmetic.js';
import type { GillnetEvent } from '../../pipeline/events.js';
import { count, duration, moment, percent, plural, size } from '../format.js';
import { decimals, Facts, Name, Table } from './parts.js';
import type { RunRecord, Span } from './record.js';

export function provenance(record: RunRecord): ReactNode {
  const { run, began, ended, saved, evaluated, calibrated, quantized, extracted, started } = record;
  const data = record.spans.find(({ name }) => name === 'extract')?.detail;
  const model = saved?.model ?? evaluated?.model;
  return (
    <>
      <Facts
        facts={{
          Run: run,
          Began: began && moment(began),
          'Last event': ended && moment(ended),
          Data: data ? <Name>{data}</Name> : null,
          Extracted:
            extracted &&
            `${plural(extracted.photos, 'photo')} of ${plural(Object.keys(extracted.labels).length, 'label')}`,
          Model: model ? <Name>{model}</Name> : null,
          'Model’s SHA-256': saved && <code>{saved.sha256}</code>,
          'Kept in': saved?.place ? <Name>{saved.place}</Name> : null,
          Size: saved && size(saved.bytes),
          Temperature:
            calibrated &&
            `${decimals(calibrated.temperature)}, from ${plural(calibrated.photos, 'photo')}`,
          'In int8':
            quantized &&
            `${quantized.kept ? '' : 'not kept: '}validation accuracy ${percent(quantized.valAccuracy)}, ${percent(quantized.float32Accuracy)} in float32, from ${plural(quantized.photos, 'photo')}`,
        }}
      />
      {started && <h3>Training</h3>}
      {started && <Facts facts={configuration(started, record)} />}
    </>
  );
}

function configuration(
  started: GillnetEvent<'started'>,
  { epochs, memory }: RunRecord,
): Record<string, ReactNode> {
  const { imageSize, versions } = started;
  return {
    Network: `${started.model}, ${count(started.parameters)} parameters`,
    'Weights to start from': <Name>{started.weights}</Name>,
    'SHA-256 of the weights': started.weightsSha256 ? <code>{started.weightsSha256}</code> : null,
    Recipe: started.recipe,
    Epochs: `${count(epochs.at(-1)?.epoch ?? 0)} of ${count(epochs.at(-1)?.epochs ?? started.epochs)}`,
    'Batch size': count(started.batchSize),
    'Image size': `${imageSize} × ${imageSize} pixels`,
    Optimizer: started.optimizer ?? null,
    'Learning rate': started.learningRate ? `${started.learningRate}, ${started.schedule}` : null,
    Seed: String(started.seed),
    Photos: `${count(started.trainPhotos)} to train, ${count(started.valPhotos)} to validate`,
    'Data fingerprint': started.dataFingerprint ? <code>{started.dataFingerprint}</code> : null,
    Classes: count(started.classes.length),
    Device: `${started.device}, ${started.dtype}, ${plural(started.threads, 'thread')}`,
    Memory: memory > 0 ? `${size(memory)} at most` : null,
    gillnet: versions?.gillnet ?? null,
    LibTorch: versions?.libtorch ?? null,
  };
}

export function timings({ spans }: RunRecord): ReactNode | null {
  if (spans.length === 0) return null;
  const secondsOf = ({ began, ended }: Span) => (Date.parse(ended) - Date.parse(began)) / 1000;
  return (
    <Table
      caption="From a stage’s first event to the next stage’s, by the clock"
      head={['Stage', 'Time', 'What']}
      rows={[...groupBy(spans, ({ name }) => name)].map(([name, times]) => [
        name,
        duration(sum(times.map(secondsOf))),
        <Name key="detail">{times.at(-1)?.detail ?? ''}</Name>,
      ])}
    />
  );
}
