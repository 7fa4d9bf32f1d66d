/** Values: every example of the specification, and what it leaves to a language. Spec: VA-001 to VA-031. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { decodeBatch, decodeItem } from "../lib/wire/decode.mjs";
import { encodeItem } from "../lib/wire/encode.mjs";
import { DumpError, Violation } from "../lib/wire/errors.mjs";
import { ChannelReference, Complex, Float, FrozenSet, PairedText, Tuple } from "../lib/wire/types.mjs";
import { parsePython } from "./python-notation.mjs";
import { readBlocks, readFields } from "./spec-files.mjs";

const LIMITS = { depth: 512, item: 2 ** 31 - 1, surrogates: true, isOurs: () => true };

/** @param {Buffer | string} bytes @param {object} [changes] */
function decode(bytes, changes = {}) {
  return decodeItem(typeof bytes === "string" ? Buffer.from(bytes.replaceAll(" ", ""), "hex") : bytes, {
    depth: 512,
    build: true,
    channel: (id) => new ChannelReference(id),
    ...changes,
  });
}

/** @param {unknown} value @param {object} [changes] */
const hex = (value, changes = {}) => encodeItem(value, { ...LIMITS, ...changes }).toString("hex");

for (const { name, lines } of readBlocks("35-values-examples.md", "xnet-value")) {
  const { hex: shown, value, rule } = readFields(lines);
  const wanted = parsePython(value);
  if (rule === "batch") {
    test(`the batch ${name} is its items`, () => {
      const bytes = Buffer.from(shown.replaceAll(" ", ""), "hex");
      /** @type {unknown[]} */
      const items = [];
      const options = { depth: 512, build: false, channel: () => null };
      decodeBatch(bytes, options, (start, end) => items.push(decode(bytes.subarray(start, end))));
      assert.deepStrictEqual(items, wanted);
    });
    continue;
  }
  test(`${name} is decoded, judged, encoded and decoded again`, () => {
    const value = decode(shown);
    assert.deepStrictEqual(value, wanted);
    decode(shown, { build: false }); // judged only: it does not throw
    assert.deepStrictEqual(decode(encodeItem(value, LIMITS)), wanted);
  });
}

for (const { name, lines } of readBlocks("36-values-refused.md", "xnet-reject")) {
  const { hex: shown, code } = readFields(lines);
  for (const build of [true, false]) {
    test(`${name} is refused${build ? "" : " by the judge"}`, () => {
      assert.throws(
        () => decode(shown, { build }),
        (error) => error instanceof Violation && error.code === code,
      );
    });
  }
}

test("VA-010: what arrives and is sent on is the same value", () => {
  const shown = [
    "02", "f94000", "fb4000000000000000", "f98000", "1b0020000000000000", "fb4340000000000000", "fb7e37e43c8800759c",
    "c249010000000000000000", "c349010000000000000000", "3bffffffffffffffff", "d9a7f882f93c00f98000",
    "a2f97e0000f9800001", "d9010282f97e00f97e00", "d9e4208102", "d9e42181f94000", "80", "a0", "40", "60",
  ];
  for (const one of shown) {
    const again = encodeItem(decode(one), LIMITS);
    const kind = (/** @type {Buffer} */ bytes) => (bytes[0] >= 0xf9 && bytes[0] <= 0xfb ? "float" : bytes[0]);
    assert.deepStrictEqual(decode(again), decode(one), one);
    assert.strictEqual(kind(again), kind(Buffer.from(one, "hex")), one);
  }
});

test("integers and floats stay apart", () => {
  assert.strictEqual(hex(2), "02");
  assert.strictEqual(hex(new Float(2)), "fa40000000");
  assert.strictEqual(hex(-0), "fa80000000");
  assert.strictEqual(hex(1.5), "fa3fc00000");
  assert.strictEqual(hex(0.1), "fb3fb999999999999a");
  assert.strictEqual(hex(2 ** 53), "fa5a000000"); // no safe integer: a float
  assert.strictEqual(hex(2n ** 53n), "1b0020000000000000");
  assert.strictEqual(hex(-1), "20");
  assert.strictEqual(/** @type {number} */ (decode("f94000")) + 1, 3);
  assert.strictEqual(decode("1b0020000000000000"), 2n ** 53n);
});

test("VA-002: integers of any size take the shortest form", () => {
  for (const bits of [0n, 7n, 8n, 15n, 16n, 31n, 32n, 52n, 53n, 63n, 64n, 65n, 500n]) {
    for (const value of [2n ** bits - 1n, 2n ** bits, -(2n ** bits), -(2n ** bits) - 1n]) {
      const bytes = encodeItem(value, LIMITS);
      assert.strictEqual(BigInt(/** @type {number} */ (decode(bytes))), value);
      const tagged = value >= 2n ** 64n || value < -(2n ** 64n);
      assert.strictEqual(bytes[0] >> 5, tagged ? 6 : value < 0n ? 1 : 0);
    }
  }
});

test("VA-006, VA-011: what is no value is refused, and the error says where it is", () => {
  class Sub extends Array {}
  const cases = [
    [undefined, "undefined cannot be sent: it is no value of the protocol"],
    [() => 1, "a function cannot be sent"],
    [Symbol("x"), "Symbol(x) cannot be sent"],
    [new Date(), "a Date cannot be sent"],
    [new Sub(), "a Sub cannot be sent"],
    [new Int16Array(2), "a Int16Array cannot be sent"],
    [Object(1n), "a BigInt cannot be sent"],
    [[1, { report: [0, 0, 0, undefined] }], "at [1]['report'][3]"],
    [new Map([[1, "a"], [1n, "b"]].map(([key, value]) => /** @type {const} */ ([key, value]))), "is in the dict twice"],
    [new Set([true, 1]), "is in the set twice"],
    [new Map([[[], 1]]), "a list cannot be a key of a dict"],
    [new Set([Tuple.of(new Set())]), "a set cannot be a element of a set, nor inside of one"],
    [{ [Symbol("a")]: 1 }, "symbols as keys"],
  ];
  for (const [value, message] of cases) {
    assert.throws(
      () => encodeItem(value, LIMITS),
      (error) => error instanceof DumpError && error.message.includes(/** @type {string} */ (message)),
      String(message),
    );
  }
});

test("VA-013, VA-014: texts with surrogates", () => {
  const shown = /** @type {const} */ ([
    ["\ud800", "d9e42443eda080"],
    ["a\udcff", "d9e4244461edb3bf"],
    ["\udfff\ud800", "d9e42446edbfbfeda080"],
    ["\ud800\u{1f600}", "d9e42447eda080f09f9880"],
    ["\u{1f600}", "64f09f9880"],
    ["h\u00e9\ud800\uffff", "d9e42449" + "68c3a9" + "eda080" + "efbfbf"],
  ]);
  for (const [text, bytes] of shown) {
    assert.strictEqual(hex(text), bytes);
    assert.strictEqual(decode(bytes), text);
    assert.throws(() => bytes.startsWith("d9") ? hex(text, { surrogates: false }) : hex(Symbol("x")), DumpError);
  }
  assert.throws(() => hex({ k: ["\ud800"] }, { surrogates: false }), /lone surrogate.*at \['k'\]\[0\]/);
  assert.throws(() => hex([["\ud800"]], { depth: 2 }), /levels deep/);
  const pair = decode("d9e42446eda0bdedb880");
  assert.ok(pair instanceof PairedText);
  assert.strictEqual(String(pair), "\u{1f600}");
  assert.strictEqual(hex(pair), "d9e42446eda0bdedb880");
  assert.throws(() => hex(pair, { surrogates: false }), DumpError);
  const both = decode("a2" + "64f09f9880" + "01" + "d9e42446eda0bdedb880" + "02");
  assert.strictEqual(/** @type {Map<unknown, unknown>} */ (both).size, 2);
  assert.throws(() => decode("a2" + "d9e42446eda0bdedb88001".repeat(2)), /comes twice/);
  // long keys differ though UTF-8 has nothing for what they differ in
  const long = (/** @type {string} */ end) => Tuple.of("x".repeat(300), end);
  const keys = new Map([[long("\ud800"), 1], [long("\udc00"), 2]]);
  assert.strictEqual(/** @type {Map<unknown, unknown>} */ (decode(encodeItem(keys, LIMITS))).size, 2);
});

test("VA-008, VA-023: limits of the other peer are kept", () => {
  /** @param {number} depth */
  const nested = (depth) => {
    let value = /** @type {unknown[]} */ ([]);
    for (let index = 1; index < depth; index += 1) {
      value = [value];
    }
    return value;
  };
  assert.strictEqual(hex(nested(64), { depth: 64 }).length, 128);
  assert.throws(() => hex(nested(65), { depth: 64 }), /more than 64 levels deep/);
  const cycle = /** @type {unknown[]} */ ([]);
  cycle.push(cycle);
  assert.throws(() => hex(cycle, { depth: 10 ** 9 }), /more than 1000 levels deep/);
  assert.strictEqual(hex("a".repeat(99), { item: 101 }).length, 202);
  assert.throws(() => hex("a".repeat(100), { item: 101 }), /takes 102 bytes/);
  assert.throws(() => hex(new ChannelReference(4), { isOurs: () => false }), /another connection/);
  const deep = Buffer.concat([Buffer.alloc(511, 0x81), Buffer.from("80", "hex")]);
  assert.ok(decode(deep));
  assert.throws(() => decode(Buffer.concat([Buffer.from("81", "hex"), deep])), /nesting than 512/);
  const tuples = Buffer.from("d9e42081".repeat(256).slice(0, -2) + "80", "hex"); // 256 tags, 256 arrays
  assert.ok(decode(tuples));
  assert.throws(() => decode(tuples, { depth: 511 }), Violation);
});

test("VA-022: keys are compared by their forms", () => {
  const same = [
    ["01", "f93c00"], ["01", "f5"], ["00", "f4"], ["00", "f98000"], ["01", "d9a7f882f93c00f98000"],
    ["fb4340000000000000", "1b0020000000000000"], ["c249010000000000000000", "fb43f0000000000000"],
    ["d9e4208101", "d9e42081f5"], ["d9e421820102", "d9e421820201"], ["d9e42202", "d9e42202"],
    ["c340", "20"],
  ];
  for (const [one, two] of same) {
    assert.throws(() => decode(`a2${one}00${two}00`), /comes twice/, `${one} ${two}`);
  }
  const different = [
    ["f97e00", "f97e00"], ["6161", "4161"], ["d9e42080", "d9e42180"], ["f6", "00"], ["60", "f4"], ["d9e42201", "01"],
    ["d9e42081f97e00", "d9e42081f97e00"], ["d9e4208261616162", "d9e42081626162"],
  ];
  for (const [one, two] of different) {
    assert.strictEqual(/** @type {Map<unknown, unknown>} */ (decode(`a2${one}00${two}00`)).size, 2, `${one} ${two}`);
  }
});

test("VA-001: text is what it is", () => {
  assert.strictEqual(decode("63efbbbf"), "\ufeff"); // a byte order mark is a character
  assert.throws(() => decode("d9e42342e961"), /tag 58403/); // Python's
});

test("VA-025, VA-026: random bytes give a value or a violation", () => {
  let state = 12345;
  const random = () => (state = (state * 1103515245 + 12345) & 0x7fffffff) >> 8;
  const heads = [0x81, 0xa1, 0xd9, 0x9b, 0x5b, 0xfb, 0xf9, 0xc2, 0x38, 0x61, 0x82, 0xe4];
  for (let round = 0; round < 20000; round += 1) {
    const bytes = Buffer.from(
      Array.from({ length: random() % 24 }, () => (random() % 3 ? random() & 255 : heads[random() % heads.length])),
    );
    for (const build of [true, false]) {
      try {
        const value = decode(bytes, { build });
        if (build) {
          assert.deepStrictEqual(decode(encodeItem(value, LIMITS)), value);
        }
      } catch (error) {
        assert.ok(error instanceof Violation, `${bytes.toString("hex")}: ${error}`);
      }
    }
  }
});

test("LI-006: an integer that JavaScript cannot hold is an error of its own", () => {
  const bytes = Buffer.alloc(2 ** 27 + 8);
  bytes.set(Buffer.from("c25a0800000101", "hex")); // 2^27 + 1 bytes, the first is 1
  const item = bytes.subarray(0, 6 + 2 ** 27 + 1);
  assert.strictEqual(decode(item, { build: false }), undefined);
  assert.throws(() => decode(item), /RangeError: an integer of 134217729 bytes/);
});

test("classes of values cannot be changed", () => {
  assert.throws(() => new FrozenSet([1]).add(), TypeError);
  assert.throws(() => Tuple.of(1).push(2), TypeError);
  assert.deepStrictEqual(Tuple.of(1, 2).map((item) => Number(item) + 1), [2, 3]);
  assert.throws(() => Object.assign(new Complex(1, 2), { re: 3 }), TypeError);
});
