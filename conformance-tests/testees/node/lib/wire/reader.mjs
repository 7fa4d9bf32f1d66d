/** The lowest part of decoding: heads of CBOR data items, and bytes that have to be there. */

import { Violation } from "./errors.mjs";

/** @param {string} what @param {number} place */
export function malformed(what, place) {
  return new Violation("VALUE_MALFORMED", `${what}, at byte ${place} of the item`);
}

/**
 * @typedef {object} Head
 * @property {number} start        where it began
 * @property {number} major        0 to 7
 * @property {number} short        the lower five bits of the first byte
 * @property {number} argument     exact up to 2^53
 * @property {bigint | null} wide  the argument, where 8 bytes carry it
 */

/** Reads bytes that have arrived completely, from front to back. */
export class Reader {
  /** @param {Buffer} bytes */
  constructor(bytes) {
    this.bytes = bytes;
    this.place = 0;
  }

  finish() {
    if (this.place !== this.bytes.length) {
      throw malformed("there is something behind the end of the item", this.place);
    }
  }

  /** Move on and return where it began. @param {number} count  bytes */
  take(count) {
    const start = this.place;
    if (count > this.bytes.length - start) {
      throw malformed(`the item is cut off: ${count} bytes should follow, ${this.bytes.length - start} do`, start);
    }
    this.place = start + count;
    return start;
  }

  /**
   * Read the first byte of a data item and its argument.
   *
   * @returns {Head}
   * @throws {Violation} VALUE_MALFORMED
   */
  readHead() {
    const start = this.take(1);
    const first = this.bytes[start];
    const major = first >> 5;
    const short = first & 31;
    let argument = short;
    let wide = null;
    switch (short) {
      case 24:
        argument = this.bytes[this.take(1)];
        break;
      case 25:
        argument = this.bytes.readUInt16BE(this.take(2));
        break;
      case 26:
        argument = this.bytes.readUInt32BE(this.take(4));
        break;
      case 27:
        wide = this.bytes.readBigUInt64BE(this.take(8));
        argument = Number(wide);
        break;
      case 28:
      case 29:
      case 30:
        throw malformed(`additional information ${short} is reserved`, start);
      case 31:
        throw malformed(first === 0xff ? "a break ends nothing" : "indefinite lengths are not allowed", start);
    }
    return { start, major, short, argument, wide };
  }

  /** @param {string} otherwise */
  readByteString(otherwise) {
    const { major, argument, start: place } = this.readHead();
    if (major !== 2) {
      throw malformed(otherwise, place);
    }
    const start = this.take(argument);
    return { start, end: this.place };
  }

  /** Refuse a count of items that the bytes left cannot have. Spec: VA-025. @param {number} count */
  affords(count) {
    if (count > this.bytes.length - this.place) {
      throw malformed(`the item is cut off: ${count} items cannot be in what follows`, this.place);
    }
  }

  /** Bytes in memory of their own. @param {number} start @param {number} end */
  copy(start, end) {
    const copy = Buffer.allocUnsafeSlow(end - start);
    this.bytes.copy(copy, 0, start, end);
    return copy;
  }
}

/** @param {number} half  the 16 bits of an IEEE 754 half */
export function halfToNumber(half) {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 31) {
    return fraction ? NaN : sign * Infinity;
  }
  return sign * (exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24);
}
