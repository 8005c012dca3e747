import { encodeOnnx } from '../model/export/onnx.js';
import type { Model } from '../model/model-file.js';
import type { GillnetEvent } from '../pipeline/events.js';
import { version } from '../version.js';

/** Versions that the tests load such a folder with. */
const onnxVersion = '1.23';
const requirements = ['mlflow>=3', 'numpy>=2', `onnx>=${onnxVersion}`, 'onnxruntime>=1.32'];
const python = '3.11';
const data = 'model.onnx';

export interface FolderFacts {
  saved: GillnetEvent<'saved'>;
  /** Of the model's file. */
  bytes: Buffer;
  model: Model;
  /** MLflow's of the model, and of the run that has made it. */
  modelId: string;
  runId: string;
  /** Where the folder is. */
  uri: string;
}

/**
 * A model as MLflow keeps one: https://mlflow.org/docs/latest/ml/model/#storage-format. What MLflow loads, with
 * `mlflow.onnx` or `mlflow.pyfunc`, is the model as ONNX: float32 [N, 3, size, size], normalised, to logits. gillnet's
 * own file, a state_dict for torchvision's network, lies beside it. YAML is written as JSON, which is YAML, too.
 */
export function modelFolder(facts: FolderFacts): Map<string, Uint8Array> {
  const onnx = encodeOnnx(facts.model);
  const text = (value: string) => Buffer.from(value);
  const yaml = (value: object) => text(`${JSON.stringify(value, null, 2)}\n`);
  return new Map([
    [data, onnx],
    [facts.saved.model, facts.bytes],
    ['requirements.txt', text(`${requirements.join('\n')}\n`)],
    [
      'conda.yaml',
      yaml({
        name: 'mlflow-env',
        channels: ['conda-forge'],
        dependencies: [`python=${python}`, 'pip', { pip: requirements }],
      }),
    ],
    ['python_env.yaml', yaml({ python, dependencies: ['-r requirements.txt'] })],
    // The last: with it the folder is a model.
    ['MLmodel', yaml(description(facts, onnx.length))],
  ]);
}

function description(facts: FolderFacts, onnxBytes: number): object {
  const { saved, bytes, model, modelId, runId, uri } = facts;
  const { classes, imageSize, mean, std, resize } = model.description;
  const tensor = (...shape: number[]) =>
    JSON.stringify([{ type: 'tensor', 'tensor-spec': { dtype: 'float32', shape } }]);
  return {
    artifact_path: uri,
    flavors: {
      onnx: {
        onnx_version: onnxVersion,
        data,
        providers: ['CPUExecutionProvider'],
        code: null,
      },
      python_function: {
        loader_module: 'mlflow.onnx',
        data,
        env: { conda: 'conda.yaml', virtualenv: 'python_env.yaml' },
        python_version: python,
      },
    },
    metadata: {
      ...{ classes, image_size: imageSize, mean, std, resize },
      architecture: model.description.architecture,
      temperature: model.description.temperature ?? 1,
      ...{ state_dict: saved.model, sha256: saved.sha256, gillnet_version: version },
    },
    ...{ model_id: modelId, model_uuid: modelId, run_id: runId },
    model_size_bytes: bytes.length + onnxBytes,
    signature: {
      inputs: tensor(-1, 3, imageSize, imageSize),
      outputs: tensor(-1, classes.length),
      params: null,
    },
    utc_time_created: saved.time.replace('T', ' ').replace('Z', ''),
  };
}
