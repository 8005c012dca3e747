/** The package's public face. */

export type { Catalog, CatalogPhoto, Split } from './catalog/catalog.js';
export { openCatalog } from './catalog/open.js';
export { type ErrorCode, GillnetError } from './errors.js';
export { pixelHash } from './fingerprints/decode.js';
export {
  decode as decodeFingerprint,
  encode as encodeFingerprint,
} from './fingerprints/encoding.js';
export { fingerprintOf } from './fingerprints/examine.js';
export type { Fingerprint } from './fingerprints/fingerprint.js';
export { type NearDuplicate, nearDuplicates } from './fingerprints/near-duplicates.js';
export {
  confidentJoint,
  type IssueFilter,
  type LabelIssue,
  labelIssues,
} from './metrics/confident-learning.js';
export { type Interval, wilson } from './metrics/interval.js';
export type { Judgement } from './metrics/judgement.js';
export { mcnemar, type Paired, pairedInterval } from './metrics/mcnemar.js';
export { type Metrics, metricsOf } from './metrics/metrics.js';
export type { ReliabilityBin } from './metrics/reliability.js';
export { thresholdOf } from './metrics/selective.js';
export { type RankedLabel, rank, softmax } from './metrics/softmax.js';
export { fitTemperature, type LabelledLogits } from './metrics/temperature.js';
export {
  type Architecture,
  architectures,
  defaultArchitecture,
  titleOf,
  widthOf,
} from './model/architecture.js';
export { Classifier, type ClassifierOptions, setThreads } from './model/classifier.js';
export { type Device, type FoundDevice, findDevice } from './model/device.js';
export { encodeOnnx } from './model/export/onnx.js';
export { encodeSafetensors } from './model/export/safetensors.js';
export { encodeTorchScript } from './model/export/torchscript.js';
export { type ForeignOptions, modelOfWeights } from './model/foreign.js';
export { fitHead, outOfFold } from './model/logistic-regression.js';
export { decodeManifest, type ManifestPhoto } from './model/manifest.js';
export {
  decodeModel,
  encodeModel,
  type Int8,
  type Model,
  type ModelDescription,
  type ModelToWrite,
} from './model/model-file.js';
export { type Channels, imageNetMean, imageNetStd } from './model/normalization.js';
export type { Recipe } from './model/recipe.js';
export { listModels, publish, readModel } from './model/registry.js';
export type { Policy } from './model/selection.js';
export { readSigningKey, readTrustedKeys } from './model/signature.js';
export { type Promoted, type Promotion, promote, servedBy } from './model/stages.js';
export { type Check, checksOf, requireTrust } from './model/trust.js';
export { fitWeights, type LoadOptions, loadWeights, type Weights } from './model/weights.js';
export type {
  NativeBatch as Batch,
  NativeFolds as Folds,
  NativeLabelledFeatures as LabelledFeatures,
  NativeOptimizer as OptimizerOptions,
  NativeState as State,
  NativeStepOptions as StepOptions,
} from './native.js';
export { PixelCache } from './photos/cache.js';
export { decode, inspect, type PhotoFacts } from './photos/decode.js';
export { type ActivationMap, heatOver } from './photos/heat.js';
export { PhotoReader } from './photos/reader.js';
export { type Resize, resizes } from './photos/resizes.js';
export { type Compared, type CompareOptions, compare } from './pipeline/compare.js';
export {
  type Doubt,
  type DoubtOptions,
  type Doubts,
  doubtsOf,
} from './pipeline/doubt.js';
export { type EvaluateOptions, evaluate } from './pipeline/evaluate.js';
export type { EventType, GillnetEvent, Stage } from './pipeline/events.js';
export { type ExplainOptions, explain, type PhotoToExplain } from './pipeline/explain.js';
export { type ExtractOptions, extract } from './pipeline/extract.js';
export { type Features, featuresOf, type LookOptions } from './pipeline/features.js';
export { type DuplicateGroup, type GuardResult, guard } from './pipeline/guard.js';
export { draw, type PhotoToPredict, type PredictOptions, predict } from './pipeline/predict.js';
export type { Checkpoint, TrainProgress } from './pipeline/progress.js';
export { type RecipeName, recipes } from './pipeline/recipes.js';
export { type Plan, type Request, Requests } from './pipeline/requests.js';
export { splitValidation } from './pipeline/split.js';
export { type TrainOptions, type TrainResult, train } from './pipeline/train.js';
export { type UploadOptions, upload } from './pipeline/upload.js';
export type { Caller, Warn } from './server.js';
export { cached } from './store/cached.js';
export { ObjectCache } from './store/object-cache.js';
export { openStore } from './store/open.js';
export type { Store, StoredObject } from './store/store.js';
export { version } from './version.js';
