import * as assert from 'uvu/assert';
import { readSafetensors } from '../lib/model/formats/safetensors.js';
import { random } from '../lib/random.js';
import { failsWith } from './support/errors.js';
import { header, safe, values } from './support/safetensors.js';
import { suite } from './support/suite.js';
import { plain } from './support/tensors.js';

const test = suite('safetensors');

test('a safetensors file is read', () => {
  assert.equal(plain(readSafetensors(safe(header, values))), [
    ['a', 'float32', [2, 2], [1, -2, 0.5, 4]],
    ['b', 'int64', [], [-7]],
    ['none', 'float32', [0, 3], []],
  ]);
});

test('float16, bfloat16 and float64 of a safetensors file become float32', () => {
  const described = (dtype: string, count: number, bytes: number) => ({
    x: { dtype, shape: [count], data_offsets: [0, bytes] },
  });
  const half = Buffer.from(Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7bff, 0x3555).buffer);
  const bfloat = Buffer.from(Uint16Array.of(0x3f80, 0xc000, 0x3eab).buffer);
  const double = Buffer.from(Float64Array.of(1, -1 / 3, 1e300).buffer);
  const valuesOf = (...args: Parameters<typeof safe>) =>
    plain(readSafetensors(safe(...args)))[0]?.[3];
  assert.equal(valuesOf(described('F16', 5, 10), half), [1, -2, 2 ** -24, 65504, 0.333251953125]);
  assert.equal(valuesOf(described('BF16', 3, 6), bfloat), [1, -2, 0.333984375]);
  assert.equal(valuesOf(described('F64', 3, 24), double), [1, Math.fround(-1 / 3), Infinity]);
});

test('a damaged or hostile safetensors file is refused', async () => {
  const a = header.a;
  const nested = `${'['.repeat(1e5)}${']'.repeat(1e5)}`;
  const refused: [described: unknown, reason: RegExp][] = [
    ['{', /no JSON/],
    ['null', /no dictionary/],
    ['[]', /no dictionary/],
    [{ a: null }, /a is described wrongly/],
    [{ a: { ...a, dtype: 'U8' } }, /a is U8/],
    [{ a: { ...a, dtype: 'toString' } }, /a is toString/],
    [`{"a":{"dtype":${nested},"shape":[4],"data_offsets":[0,16]}}`, /wrongly/],
    [`{"a":{"dtype":"F32","shape":${nested},"data_offsets":[0,16]}}`, /wrongly/],
    [{ a: { ...a, shape: [-2, -2] } }, /wrongly/],
    [{ a: { ...a, shape: [0.5, 8] } }, /wrongly/],
    [{ a: { ...a, shape: ['2', 2] } }, /wrongly/],
    [{ a: { dtype: 'F32', data_offsets: [0, 4] } }, /wrongly/],
    [{ a: { dtype: 'F32', shape: [1] } }, /wrongly/],
    [{ a: { ...a, data_offsets: [-16, 0] } }, /wrongly/],
    [{ a: { ...a, data_offsets: [0.5, 16.5] } }, /wrongly/],
    [{ a: { ...a, data_offsets: [0] } }, /wrongly/],
    [{ a: { ...a, data_offsets: [0, 12] } }, /12 bytes, its shape needs 16/],
    [{ a: { ...a, data_offsets: [16, 32] } }, /hole/],
    [{ a, b: { ...a, data_offsets: [8, 24] } }, /b leaves a hole or overlaps/],
    [{ a }, /need 16 bytes, it holds 24/],
    [{ a: { ...a, shape: Array(65).fill(1) } }, /wrongly/],
    ['{"a":1,"\\u0061":2}', /twice/],
    [`{"a":{"dtype":"F32","dtype":"F64","shape":[4],"data_offsets":[0,16]}}`, /twice/],
    [`{"${'\ud83d\udc1f'.repeat(500)}\u202e":1}`, /^.{0,200}$/],
    [`{"a":"${' '.repeat(5_000_000)}"}`, /4 MiB/],
    [{ a: { ...a, shape: [2 ** 30, 2 ** 30], data_offsets: [0, 24] } }, /needs/],
  ];
  for (const [described, reason] of refused) {
    const file = safe(described, values);
    const error = await failsWith('BAD_MODEL_FILE', () => readSafetensors(file));
    assert.match(error.message, reason);
  }
});

test('a safetensors file that is cut off is refused, and a flipped byte gives no other error', async () => {
  const file = safe(header, values);
  for (let cut = 0; cut < file.length; cut += 1) {
    await failsWith('BAD_MODEL_FILE', () => readSafetensors(file.subarray(0, cut)));
  }
  const short = safe('{}', new Uint8Array());
  assert.equal(readSafetensors(short), {});
  short.writeUInt8(3);
  await failsWith('BAD_MODEL_FILE', () => readSafetensors(short));
  const draw = random(5, 'safetensors');
  for (let at = 0; at < file.length; at += 1) {
    const flipped = Buffer.from(file);
    flipped[at] = (flipped[at] as number) ^ (1 + draw.integer(255));
    // The format has no checksums, so that some are read.
    try {
      plain(readSafetensors(flipped));
    } catch (error) {
      assert.is((error as { code?: unknown }).code, 'BAD_MODEL_FILE', String(error));
    }
  }
});

test.run();
