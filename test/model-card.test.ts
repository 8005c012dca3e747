import * as assert from 'uvu/assert';
import { type CardFacts, modelCard } from '../lib/faces/model-card.js';
import { recipes } from '../lib/pipeline/recipes.js';
import { descriptionWith } from './support/models.js';
import { evaluated } from './support/story.js';
import { suite } from './support/suite.js';

const test = suite('model card');

const facts: CardFacts = {
  model: 'model_v1_20260101T000000Z.pt',
  sha256: 'ab'.repeat(32),
  description: descriptionWith({
    ...{ architecture: 'resnet34', classes: ['a|b', '<i>c</i>\n# d'], recipe: recipes.classic },
    metrics: { epoch: 2, valAccuracy: 0.75 },
    dataFingerprint: 'cd'.repeat(32),
    baseWeights: { name: 'imagenet', sha256: 'ef'.repeat(32) },
    int8: { maxima: [1], valAccuracy: 0.745 },
    parent: { model: 'model_v1_20250101T000000Z.pt', sha256: '12'.repeat(32) },
  }),
  signedBy: null,
};

const judged = evaluated(facts.description.classes);

const headings = [
  ...['Model details', 'Intended use', 'Factors', 'Metrics', 'Evaluation data', 'Training data'],
  ...['Quantitative analyses', 'Ethical considerations', 'Caveats and recommendations'],
];

test('it has the common headings, and says what is known', () => {
  const card = modelCard(facts);
  const found = [...card.matchAll(/^## (.*)$/gm)].map(([, title]) => title);
  assert.equal(found, headings);
  for (const told of [
    /^# model_v1_20260101T000000Z\.pt$/m,
    /ResNet-34/,
    /imagenet, SHA-256 `(ef){32}`/,
    /Parent \| model\\_v1\\_20250101T000000Z\.pt, SHA-256 `(12){32}`/,
    /classic in float32: 20 epochs/,
    /Validation accuracy 75\.0 %, by which epoch 2 was chosen/,
    /not evaluated on a test set/,
    /Data fingerprint \| `(cd){32}`/,
    /not calibrated/,
    /^\| In int8 \| validation accuracy 74\.5 % \|$/m,
  ]) {
    assert.match(card, told);
  }
});

test('names of classes change nothing of its structure', () => {
  const card = modelCard({ ...facts, evaluated: judged });
  assert.equal(
    [...card.matchAll(/^## (.*)$/gm)].map(([, title]) => title),
    headings,
  );
  assert.not.match(card, /<i>/);
  assert.match(card, /^\| a\\\|b \| 7 \| 3 \|$/m);
});

test('figures that flatter are called so', () => {
  const leaked = { ...judged, leaks: 5, unseen: null };
  const card = modelCard({ ...facts, evaluated: leaked });
  assert.match(card, /\*\*Training has seen 5 photos of them/);
  const unseen = { ...judged, photos: 12, accuracy: 0.5, accuracyInterval: null };
  const told = modelCard({ ...facts, evaluated: { ...leaked, unseen } });
  assert.match(told, /On the 12 others it tells 50\.0 %/);
});

test.run();
