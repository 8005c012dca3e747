import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { ExportFormat, Settings } from '../../config.js';
import { GillnetError, ioError } from '../../errors.js';
import { size } from '../../faces/format.js';
import { createFile, makeFolder } from '../../files.js';
import type { ModelToExport } from '../../model/model-file.js';
import { sha256Of } from '../../sha256.js';
import { modelAt } from './model-at.js';

const encoders: Record<ExportFormat, (model: ModelToExport) => Promise<Uint8Array>> = {
  onnx: async (model) => (await import('../../model/export/onnx.js')).encodeOnnx(model),
  torchscript: async (model) =>
    (await import('../../model/export/torchscript.js')).encodeTorchScript(model),
  safetensors: async (model) =>
    (await import('../../model/export/safetensors.js')).encodeSafetensors(model),
};

/** Writes a model, the newest by default, in another program's format. @returns what to print */
export async function exporting(
  settings: Settings & { format: ExportFormat },
  name?: string,
): Promise<string[]> {
  const { format, json } = settings;
  const model = await modelAt(settings, {}, name);
  // TorchScript's is not `.pt`, by which a model of gillnet's would be known.
  const file = await target(settings.out, `${path.parse(model.name).name}.${format}`);
  const bytes = await encoders[format](model);
  try {
    await makeFolder(path.dirname(file));
    await createFile(file, bytes);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') {
      throw new GillnetError(
        'EXISTS',
        `${file} is there already and is never overwritten. Name another file or folder with --out.`,
      );
    }
    throw ioError(`write ${file}`, cause, 'Name another place with --out.');
  }
  const facts = { model: model.name, format, file, bytes: bytes.length, sha256: sha256Of(bytes) };
  return [
    json
      ? JSON.stringify({ type: 'exported', time: new Date().toISOString(), ...facts })
      : `exported ${model.name} to ${file} (${format}, ${size(bytes.length)}, SHA-256 ${facts.sha256})`,
  ];
}

/** The file that `--out` means: itself, or in it one of this name where it is a folder. */
async function target(out: string | undefined, name: string): Promise<string> {
  if (out === undefined) return name;
  const isFolder = /[/\\]$/.test(out) || (await stat(out).catch(() => null))?.isDirectory();
  return isFolder ? path.join(out, name) : out;
}
