/**
 * When two keys of a dict, or two elements of a set, are the same: as Python compares them. Spec: VA-022.
 *
 * `keyOf` maps a value to a number or a string, such that two values have the same one if and only if they are equal.
 * So a JavaScript Set of them finds duplicates.
 */

import { createHash } from "node:crypto";

import { ChannelReference, Complex, Float, FrozenSet, PairedText, Tuple } from "./types.mjs";

/** A key longer than this is replaced by its hash, so that nested keys do not cost their length at each level. */
const LONGEST = 256;

/** @type {number} */
let nans = 0;

/** Thrown for a list, dict or set. Its message is the kind of the culprit. */
export class Unhashable extends Error {}

/**
 * @param {unknown} value
 * @param {Map<object, string>} known  keys of tuples and frozensets met before; shared within one item
 * @returns {number | string}
 * @throws {Unhashable} if the value, or something in it, cannot be a key
 */
export function keyOf(value, known) {
  switch (typeof value) {
    case "number":
      return ofNumber(value);
    case "string":
      return `s${value}`;
    case "boolean":
      return value ? 1 : 0;
    case "bigint":
      return ofInteger(value);
  }
  if (value === null) {
    return "z";
  }
  if (value instanceof Float) {
    return ofNumber(value.valueOf());
  }
  if (value instanceof Complex) {
    return ofComplex(value);
  }
  if (value instanceof Uint8Array) {
    return `b${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("latin1")}`;
  }
  if (value instanceof PairedText) {
    return `p${value.bytes.toString("latin1")}`; // no string is equal to it
  }
  if (value instanceof ChannelReference) {
    return `#${value.id}`;
  }
  if (value instanceof Tuple || value instanceof FrozenSet) {
    return ofContainer(value, known);
  }
  throw new Unhashable(Array.isArray(value) ? "list" : value instanceof Set ? "set" : "dict");
}

/** @param {number} value */
function ofNumber(value) {
  if (Number.isNaN(value)) {
    nans += 1;
    return `n${nans}`; // equals nothing, not even itself
  }
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    return ofInteger(BigInt(value));
  }
  return value + 0; // -0 and 0 are the same key
}

/** @param {bigint} value */
function ofInteger(value) {
  const short = Number(value);
  return Number.isSafeInteger(short) ? short : `i${value.toString(16)}`;
}

/** @param {Complex} value */
function ofComplex(value) {
  if (value.im === 0) {
    return ofNumber(value.re);
  }
  if (Number.isNaN(value.re) || Number.isNaN(value.im)) {
    return ofNumber(NaN);
  }
  return `c${value.re + 0},${value.im}`;
}

/**
 * @param {Tuple | FrozenSet} container
 * @param {Map<object, string>} known
 */
function ofContainer(container, known) {
  const before = known.get(container);
  if (before !== undefined) {
    return before;
  }
  const keys = [];
  for (const element of container) {
    const key = String(keyOf(element, known));
    keys.push(`${key.length}:${key}`);
  }
  if (container instanceof FrozenSet) {
    keys.sort();
  }
  const mark = container instanceof FrozenSet ? "f" : "t";
  const joined = keys.join("");
  const key =
    joined.length > LONGEST
      ? `${mark}h${createHash("sha256").update(Buffer.from(joined, "utf16le")).digest("hex")}` // keeps surrogates
      : mark + joined;
  known.set(container, key);
  return key;
}
