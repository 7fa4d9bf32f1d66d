/**
 * CBOR to JavaScript values, strictly. Total: any bytes give a value or a `Violation`. Spec: VA-020 to VA-027.
 *
 * An item is decoded twice. The thread that reads the connection only judges it (`build: false`), so what somebody
 * sends costs it no memory but that of keys; the thread whose code receives the item builds it. Keys and elements are
 * built in both cases, since they are compared.
 */

import { isUtf8 } from "node:buffer";

import { Unhashable, keyOf } from "./equality.mjs";
import { MAX_CHANNEL_ID, TAG } from "./registry.mjs";
import { Reader, halfToNumber, malformed } from "./reader.mjs";
import { decodeSurrogates } from "./surrogates.mjs";
import { Complex, Float, FrozenSet, Tuple } from "./types.mjs";

/** Bytes of the largest integer that JavaScript has. */
const LONGEST_BIGINT = 2 ** 27;

/**
 * @typedef {object} DecodeOptions
 * @property {number} depth                     arrays, maps and tags that may be open at once
 * @property {boolean} build                    whether the value is wanted, or only a judgement
 * @property {(id: number) => unknown} channel  what a reference becomes; may throw a Violation
 */

/**
 * Decode one item, and nothing behind it.
 *
 * @param {Buffer} bytes
 * @param {DecodeOptions} options
 * @returns {unknown} undefined if it was not to be built
 * @throws {Violation} VALUE_MALFORMED
 * @throws {RangeError} JavaScript cannot hold the value, or the keys of a dict or a set: it has 2^24 at most (LI-006)
 */
export function decodeItem(bytes, options) {
  const decoder = new Decoder(bytes, options);
  const value = decoder.read(0, false);
  decoder.finish();
  return value;
}

/**
 * Decode the items of a CHANNEL_BATCH. Spec: CH-034, CH-038, VA-024.
 *
 * @param {Buffer} bytes
 * @param {DecodeOptions} options
 * @param {(start: number, end: number) => void} found  called for each item with its place in the bytes
 * @throws {Violation} VALUE_MALFORMED
 */
export function decodeBatch(bytes, options, found) {
  const count = countBatch(bytes);
  const decoder = new Decoder(bytes, options);
  decoder.readHead();
  for (let index = 0; index < count; index += 1) {
    const start = decoder.place;
    decoder.read(0, false);
    found(start, decoder.place);
  }
  decoder.finish();
}

/**
 * How many items a batch says it has: the check of its head. Spec: CH-034.
 *
 * @param {Buffer} bytes
 * @throws {Violation} VALUE_MALFORMED
 */
export function countBatch(bytes) {
  const reader = new Reader(bytes);
  const { major, argument } = reader.readHead();
  if (major !== 4 || argument < 1 || argument > bytes.length - reader.place) {
    throw malformed(`a batch is an array of one or more items, no more than bytes follow its head`, 0);
  }
  return argument;
}

class Decoder extends Reader {
  /**
   * @param {Buffer} bytes
   * @param {DecodeOptions} options
   */
  constructor(bytes, options) {
    super(bytes);
    this.options = options;
    /** @type {Map<object, string>} */
    this.keys = new Map();
  }

  /**
   * Read one data item.
   *
   * @param {number} open     arrays, maps and tags around it
   * @param {boolean} asKey   whether it is a key or element, or inside of one
   * @returns {unknown}
   */
  read(open, asKey) {
    const head = this.readHead();
    const { major, argument, start } = head;
    switch (major) {
      case 0:
        return head.wide === null ? argument : small(head.wide);
      case 1:
        return head.wide === null ? -1 - argument : small(-1n - head.wide);
      case 2:
        return this.readBytes(argument, asKey);
      case 3:
        return this.readText(argument, asKey);
      case 4:
        return this.readList(argument, this.open(open, start), asKey, start);
      case 5:
        return this.readDict(argument, this.open(open, start), asKey, start);
      case 6:
        return this.readTagged(argument, this.open(open, start), asKey, start);
      default:
        return this.readSimple(head);
    }
  }

  /** @param {{start: number, short: number, argument: number}} head */
  readSimple({ start, short, argument }) {
    switch (short) {
      case 20:
        return false;
      case 21:
        return true;
      case 22:
        return null;
      case 25:
        return floatValue(halfToNumber(argument));
      case 26:
        return floatValue(this.bytes.readFloatBE(start + 1));
      case 27:
        return floatValue(this.bytes.readDoubleBE(start + 1));
      default:
        throw malformed(`the simple value ${argument} is no value of the protocol`, start);
    }
  }

  /** @param {number} length @param {boolean} asKey */
  readBytes(length, asKey) {
    const start = this.take(length);
    return this.options.build || asKey ? this.copy(start, this.place) : undefined;
  }

  /** @param {number} length @param {boolean} asKey */
  readText(length, asKey) {
    const start = this.take(length);
    if (!isUtf8(this.bytes.subarray(start, this.place))) {
      throw malformed("a text is not valid UTF-8", start);
    }
    if (!this.options.build && !asKey) {
      return undefined;
    }
    return this.bytes.toString("utf8", start, this.place);
  }

  /** @param {number} length @param {number} inside @param {boolean} asKey @param {number} start */
  readList(length, inside, asKey, start) {
    if (asKey) {
      throw malformed("a list cannot be a key or an element, nor inside of one", start);
    }
    return this.readItems(length, inside, false);
  }

  /**
   * The items of an array whose head was read.
   *
   * @param {number} length
   * @param {number} inside
   * @param {boolean} asKey
   */
  readItems(length, inside, asKey) {
    this.affords(length);
    const keep = this.options.build || asKey;
    const items = [];
    for (let index = 0; index < length; index += 1) {
      const item = this.read(inside, asKey);
      if (keep) {
        items.push(item);
      }
    }
    return keep ? items : undefined;
  }

  /** @param {number} length @param {number} inside @param {boolean} asKey @param {number} start */
  readDict(length, inside, asKey, start) {
    if (asKey) {
      throw malformed("a dict cannot be a key or an element, nor inside of one", start);
    }
    this.affords(2 * length);
    const { build } = this.options;
    const seen = new Set();
    const dict = new Map();
    for (let index = 0; index < length; index += 1) {
      const key = this.readKey(inside, seen, "key");
      const value = this.read(inside, false);
      if (build) {
        dict.set(key, value);
      }
    }
    return build ? dict : undefined;
  }

  /**
   * The elements of a set or frozenset, whose tag was read.
   *
   * @param {number} open
   * @param {boolean} keep
   */
  readElements(open, keep) {
    const { length, inside } = this.readArrayHead(open, "the content of a set is an array");
    const seen = new Set();
    const elements = [];
    for (let index = 0; index < length; index += 1) {
      const element = this.readKey(inside, seen, "element");
      if (keep) {
        elements.push(element);
      }
    }
    return elements;
  }

  /**
   * A key or an element, which must differ from all `seen` before it. Spec: VA-022.
   *
   * @param {number} inside
   * @param {Set<unknown>} seen
   * @param {string} role
   */
  readKey(inside, seen, role) {
    const start = this.place;
    const value = this.read(inside, true);
    let key;
    try {
      key = keyOf(value, this.keys);
    } catch (error) {
      throw error instanceof Unhashable ? malformed(`a ${error.message} cannot be a ${role}`, start) : error;
    }
    if (seen.has(key)) {
      throw malformed(`a ${role} comes twice`, start);
    }
    seen.add(key);
    // JavaScript's collections would turn -0 into 0 and take two NaN for one.
    return Number.isNaN(value) || Object.is(value, -0) ? new Float(/** @type {number} */ (value)) : value;
  }

  /** @param {number} tag @param {number} inside @param {boolean} asKey @param {number} start */
  readTagged(tag, inside, asKey, start) {
    const keep = this.options.build || asKey;
    switch (tag) {
      case TAG.POSITIVE_BIGNUM:
      case TAG.NEGATIVE_BIGNUM:
        return this.readBignum(tag === TAG.NEGATIVE_BIGNUM, keep);
      case TAG.TUPLE: {
        const { length, inside: deeper } = this.readArrayHead(inside, "the content of a tuple is an array");
        const items = this.readItems(length, deeper, asKey);
        return items && Tuple.from(items);
      }
      case TAG.SET: {
        if (asKey) {
          throw malformed("a set cannot be a key or an element, nor inside of one", start);
        }
        const elements = this.readElements(inside, keep);
        return keep ? new Set(elements) : undefined;
      }
      case TAG.FROZENSET: {
        const elements = this.readElements(inside, keep);
        return keep ? new FrozenSet(elements) : undefined;
      }
      case TAG.COMPLEX:
        return this.readComplex(inside, start);
      case TAG.CHANNEL:
        return this.readChannel(start);
      case TAG.SURROGATES:
        return this.readSurrogates(keep);
      default:
        throw malformed(`tag ${tag} is not in the table of tags`, start);
    }
  }

  /** @param {boolean} negative @param {boolean} keep */
  readBignum(negative, keep) {
    const { start, end } = this.readByteString("the content of a bignum is a byte string");
    if (!keep) {
      return undefined;
    }
    let first = start;
    while (first < end && this.bytes[first] === 0) {
      first += 1;
    }
    if (end - first > LONGEST_BIGINT) {
      throw new RangeError(`an integer of ${end - first} bytes; JavaScript's have at most ${LONGEST_BIGINT}`);
    }
    const argument = first === end ? 0n : BigInt(`0x${this.bytes.toString("hex", first, end)}`);
    return small(negative ? -1n - argument : argument);
  }

  /** @param {number} inside @param {number} start */
  readComplex(inside, start) {
    const { length } = this.readArrayHead(inside, "the content of a complex is an array");
    const parts = length === 2 ? [this.readFloat(), this.readFloat()] : [];
    if (parts.length !== 2) {
      throw malformed(`a complex has two parts, not ${length}`, start);
    }
    return new Complex(parts[0], parts[1]);
  }

  readFloat() {
    const head = this.readHead();
    if (head.major !== 7 || head.short < 25) {
      throw malformed("the parts of a complex are floats", head.start);
    }
    return Number(this.readSimple(head));
  }

  /** @param {number} start */
  readChannel(start) {
    const { major, argument } = this.readHead();
    if (major !== 0 || argument < 1 || argument > MAX_CHANNEL_ID) {
      throw malformed("the content of a channel reference is an id from 1 to 2^32 - 1", start);
    }
    return this.options.channel(argument);
  }

  /** @param {boolean} keep */
  readSurrogates(keep) {
    const { start, end } = this.readByteString("the content of a text with surrogates is a byte string");
    const text = decodeSurrogates(this.bytes.subarray(start, end));
    if (text === null) {
      throw malformed("a text with surrogates has none, or is not UTF-8 besides", start);
    }
    return keep ? text : undefined;
  }

  /** @param {number} open @param {string} otherwise */
  readArrayHead(open, otherwise) {
    const { major, argument, start } = this.readHead();
    if (major !== 4) {
      throw malformed(otherwise, start);
    }
    this.affords(argument);
    return { length: argument, inside: this.open(open, start) };
  }

  /** Open an array, map or tag. Spec: VA-023. @param {number} open @param {number} start */
  open(open, start) {
    if (open >= this.options.depth) {
      throw malformed(`there is more nesting than ${this.options.depth} levels`, start);
    }
    return open + 1;
  }
}

/** An integer as a number where that is exact. @param {bigint} value */
function small(value) {
  const short = Number(value);
  return Number.isSafeInteger(short) ? short : value;
}

/** A float, of a class of its own where a number would be taken for an integer. Spec: VA-010. @param {number} value */
function floatValue(value) {
  return Number.isSafeInteger(value) && !Object.is(value, -0) ? new Float(value) : value;
}
