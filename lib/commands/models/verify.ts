import type { Settings } from '../../config.js';
import { messageOf } from '../../errors.js';
import { percent, plural, printable } from '../../faces/format.js';
import { titleOf } from '../../model/architecture.js';
import { Classifier } from '../../model/classifier.js';
import type { Model } from '../../model/model-file.js';
import { checksOf, requireTrust } from '../../model/trust.js';
import { modelAt, trustedKeysOf } from './model-at.js';

/** One thing that was looked at; `ok` is null where there is nothing to hold it against. */
interface Finding {
  name: string;
  ok: boolean | null;
  found: string;
}

/** Holds a model to all that it says of itself. @returns lines, and whether nothing is wrong */
export async function verifying(
  settings: Settings,
  name?: string,
): Promise<{ lines: string[]; ok: boolean }> {
  // Whether it is trusted is one of the findings.
  const { trustedKey, ...rest } = settings;
  const model = await modelAt(rest, {}, name);
  const trusted = await trustedKeysOf(trustedKey);
  const findings = [
    { name: 'file', ok: true, found: `${model.name}, whole, nothing in it is executed` },
    await network(model),
    ...checksOf(model).map((check) => ({ ...check, found: words[`${check.ok}`] })),
    signature(model, trusted),
  ];
  const ok = findings.every((finding) => finding.ok !== false);
  const time = new Date().toISOString();
  const lines = settings.json
    ? [JSON.stringify({ type: 'verified', time, model: model.name, ok, findings })]
    : [...findings.map(line), ...origin(model).map((each) => `  ${each}`)];
  return { lines, ok };
}

const words = {
  true: 'those that it says',
  false: 'not those that it says: it was changed, or is damaged',
  null: 'it says nothing of them',
};

async function network(model: Model): Promise<Finding> {
  const { architecture, classes } = model.description;
  try {
    (await Classifier.of(model)).dispose();
    const found = `${titleOf(architecture)} of ${plural(classes.length, 'class', 'classes')}`;
    return { name: 'network', ok: true, found };
  } catch (error) {
    return { name: 'network', ok: false, found: messageOf(error) };
  }
}

function signature(model: Model & { name: string }, trusted: string[] | null): Finding {
  const found = model.signedBy === null ? 'none' : `Ed25519, by ${model.signedBy}`;
  if (trusted === null)
    return { name: 'signature', ok: model.signedBy === null ? null : true, found };
  try {
    requireTrust(model, model.name, trusted);
    return { name: 'signature', ok: true, found: `${found}, who is trusted` };
  } catch (error) {
    return { name: 'signature', ok: false, found: messageOf(error) };
  }
}

const marks = { true: '✓', false: '✗', null: '–' };

function line({ name, ok, found }: Finding): string {
  return `${marks[`${ok}`]} ${name.padEnd(16)} ${printable(found)}`;
}

/** Where it comes from, in its own words. */
function origin({ description }: Model): string[] {
  const { createdAt, versions, machine, baseWeights, photos, metrics, recipe, seed } = description;
  const lines = [
    `made ${createdAt} by gillnet ${versions.gillnet} with LibTorch ${versions.libtorch}`,
    machine && `on ${machine.platform}, ${machine.processor}, ${plural(machine.threads, 'thread')}`,
    `from ${baseWeights ? `${baseWeights.name} (SHA-256 ${baseWeights.sha256})` : 'random weights'}`,
    photos && `on ${plural(photos.train, 'photo')}, chosen by ${photos.val}`,
    recipe && `recipe ${recipe.name}, seed ${seed}`,
    metrics && `validation accuracy ${percent(metrics.valAccuracy)} in epoch ${metrics.epoch}`,
  ];
  return lines.filter((each) => each !== null && each !== undefined).map(printable);
}
