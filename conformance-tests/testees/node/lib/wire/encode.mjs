/**
 * JavaScript values to CBOR, strictly: what is not a value of the closed set is refused before anything is sent.
 *
 * | JavaScript | on the wire |
 * |---|---|
 * | null, true, false | null, bool |
 * | a number that is a safe integer and not -0 | integer |
 * | any other number; Float | float |
 * | bigint | integer |
 * | string | text; one with halves of pairs, a text with surrogates |
 * | PairedText | text with surrogates |
 * | Uint8Array, Buffer, ArrayBuffer | bytes |
 * | Array / Tuple | list / tuple |
 * | Map, object without a class | dict |
 * | Set / FrozenSet | set / frozenset |
 * | Complex, Channel | complex, channel |
 *
 * Spec: VA-001 to VA-014.
 */

import { Unhashable, keyOf } from "./equality.mjs";
import { DumpError } from "./errors.mjs";
import { TAG } from "./registry.mjs";
import { encodeSurrogates } from "./surrogates.mjs";
import { ChannelReference, Complex, Float, FrozenSet, PairedText, Tuple } from "./types.mjs";
import { Writer } from "./writer.mjs";

/** More depth than this would overflow the stack, whatever the other peer takes. */
const OUR_DEPTH = 1000;

const TWO_TO_64 = 1n << 64n;

/**
 * @typedef {object} EncodeLimits
 * @property {number} depth  arrays, maps and tags open at once; the other peer's limit
 * @property {number} item   bytes; the other peer's limit
 * @property {boolean} [surrogates]  whether the other peer takes texts with surrogates
 * @property {(reference: ChannelReference) => boolean} [isOurs]  whether the channel belongs to the connection
 */

/**
 * Encode one item.
 *
 * @param {unknown} value
 * @param {EncodeLimits} limits
 * @returns {Buffer} in memory of its own
 * @throws {DumpError} the caller's mistake: no value, or above a limit
 */
export function encodeItem(value, limits) {
  const encoder = new Encoder(limits);
  encoder.write(value, 0);
  const { length } = encoder.out;
  if (length > limits.item) {
    throw new DumpError(`the item takes ${length} bytes; the other peer takes items of up to ${limits.item} bytes`);
  }
  return encoder.out.finish();
}

class Encoder {
  /** @param {EncodeLimits} limits */
  constructor(limits) {
    this.limits = limits;
    this.depth = Math.min(limits.depth, OUR_DEPTH);
    this.out = new Writer();
    /** @type {Map<object, string>} */
    this.keys = new Map();
  }

  /**
   * @param {unknown} value
   * @param {number} open  arrays, maps and tags around it
   */
  write(value, open) {
    switch (typeof value) {
      case "number":
        return this.writeNumber(value);
      case "string":
        return this.writeText(value, open);
      case "boolean":
        return this.out.byte(value ? 0xf5 : 0xf4);
      case "bigint":
        return this.writeInteger(value, open);
      case "object":
        return value === null ? this.out.byte(0xf6) : this.writeObject(value, open);
      default:
        throw new DumpError(`${describe(value)} cannot be sent: it is no value of the protocol`);
    }
  }

  /** @param {number} value */
  writeNumber(value) {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
      value < 0 ? this.out.head(1, -1 - value) : this.out.head(0, value);
    } else {
      this.out.float(value);
    }
  }

  /**
   * @param {bigint} value
   * @param {number} open
   */
  writeInteger(value, open) {
    const argument = value < 0n ? -1n - value : value;
    if (argument < TWO_TO_64) {
      this.out.head(value < 0n ? 1 : 0, argument);
      return;
    }
    this.tag(value < 0n ? TAG.NEGATIVE_BIGNUM : TAG.POSITIVE_BIGNUM, open);
    const digits = argument.toString(16);
    this.writeBytes(Buffer.from(digits.length % 2 ? `0${digits}` : digits, "hex"));
  }

  /**
   * @param {string} text
   * @param {number} open
   */
  writeText(text, open) {
    if (!text.isWellFormed()) {
      this.writeSurrogates(() => encodeSurrogates(text), open);
      return;
    }
    const bytes = Buffer.byteLength(text, "utf8");
    this.out.head(3, bytes);
    this.out.utf8(text, bytes);
  }

  /**
   * A text with surrogates. Spec: VA-013.
   *
   * @param {() => Uint8Array} encode
   * @param {number} open
   */
  writeSurrogates(encode, open) {
    if (!this.limits.surrogates) {
      throw new DumpError("a string with a lone surrogate cannot be sent: it is no Unicode text");
    }
    this.tag(TAG.SURROGATES, open);
    this.writeBytes(encode());
  }

  /** @param {Uint8Array} bytes */
  writeBytes(bytes) {
    this.out.head(2, bytes.length);
    this.out.bytes(bytes);
  }

  /**
   * @param {object} value
   * @param {number} open
   */
  writeObject(value, open) {
    const prototype = Object.getPrototypeOf(value);
    if (Array.isArray(value) && prototype === Array.prototype) {
      return this.writeArray(value, open);
    }
    if (value instanceof Uint8Array && (prototype === Uint8Array.prototype || prototype === Buffer.prototype)) {
      return this.writeBytes(value);
    }
    if (prototype === Object.prototype || prototype === null) {
      return this.writeDict(ownEntries(value), open);
    }
    if (value instanceof ChannelReference) {
      return this.writeChannel(value, open);
    }
    switch (prototype) {
      case Map.prototype:
        return this.writeDict([.../** @type {Map<unknown, unknown>} */ (value)], open);
      case Tuple.prototype:
        return this.writeArray(/** @type {Tuple} */ (value), this.tag(TAG.TUPLE, open));
      case Set.prototype:
        return this.writeSet(/** @type {Set<unknown>} */ (value), this.tag(TAG.SET, open));
      case FrozenSet.prototype:
        return this.writeSet(/** @type {FrozenSet} */ (value), this.tag(TAG.FROZENSET, open));
      case Float.prototype:
        return this.out.float(/** @type {Float} */ (value).valueOf());
      case PairedText.prototype:
        return this.writeSurrogates(() => /** @type {PairedText} */ (value).bytes, open);
      case Complex.prototype:
        return this.writeComplex(/** @type {Complex} */ (value), open);
      case ArrayBuffer.prototype:
        return this.writeBytes(new Uint8Array(/** @type {ArrayBuffer} */ (value)));
      default:
        throw new DumpError(`${describe(value)} cannot be sent: it is no value of the protocol`);
    }
  }

  /**
   * @param {readonly unknown[]} items
   * @param {number} open
   */
  writeArray(items, open) {
    const inside = this.open(open);
    this.out.head(4, items.length);
    for (let index = 0; index < items.length; index += 1) {
      this.at(items[index], inside, inList, index);
    }
  }

  /**
   * @param {Array<[unknown, unknown]>} entries
   * @param {number} open
   */
  writeDict(entries, open) {
    const inside = this.open(open);
    this.out.head(5, entries.length);
    const seen = new Set();
    for (const [key, value] of entries) {
      this.distinct(key, seen, "dict", "key");
      this.at(key, inside, inDict, key);
      this.at(value, inside, inDict, key);
    }
  }

  /**
   * @param {Set<unknown>} elements
   * @param {number} open
   */
  writeSet(elements, open) {
    const inside = this.open(open);
    this.out.head(4, elements.size);
    const seen = new Set();
    for (const element of elements) {
      this.distinct(element, seen, "set", "element");
      this.at(element, inside, inSet, element);
    }
  }

  /**
   * @param {Complex} value
   * @param {number} open
   */
  writeComplex(value, open) {
    this.open(this.tag(TAG.COMPLEX, open));
    this.out.head(4, 2);
    this.out.float(value.re);
    this.out.float(value.im);
  }

  /**
   * @param {ChannelReference} value
   * @param {number} open
   */
  writeChannel(value, open) {
    if (!this.limits.isOurs?.(value)) {
      throw new DumpError(`channel ${value.id} cannot be sent: it is a channel of another connection`);
    }
    this.tag(TAG.CHANNEL, open);
    this.out.head(0, value.id);
  }

  /**
   * Write something inside a container; an error says where it was. Spec: VA-007.
   *
   * @param {unknown} value
   * @param {number} open
   * @param {(name: unknown) => string} step  what the container adds to the path
   * @param {unknown} name
   */
  at(value, open, step, name) {
    try {
      this.write(value, open);
    } catch (error) {
      throw error instanceof DumpError ? new DumpError(error.reason, [step(name), ...error.path]) : error;
    }
  }

  /** Write a tag and return how much is open inside of it. @param {number} tag @param {number} open */
  tag(tag, open) {
    const inside = this.open(open);
    this.out.head(6, tag);
    return inside;
  }

  /** Open an array, map or tag. Spec: VA-008, VA-023. @param {number} open */
  open(open) {
    if (open >= this.depth) {
      throw new DumpError(`the item is nested more than ${this.depth} levels deep`);
    }
    if (this.out.length > this.limits.item) {
      throw new DumpError(`the item takes more than the ${this.limits.item} bytes that the other peer takes`);
    }
    return open + 1;
  }

  /**
   * Refuse what would be the same key twice for the receiver, and what cannot be a key. Spec: VA-011, VA-022.
   *
   * @param {unknown} value
   * @param {Set<unknown>} seen
   * @param {string} container
   * @param {string} role
   */
  distinct(value, seen, container, role) {
    let key;
    try {
      key = keyOf(value, this.keys);
    } catch (error) {
      if (error instanceof Unhashable) {
        throw new DumpError(`a ${error.message} cannot be a ${role} of a ${container}, nor inside of one`);
      }
      throw error;
    }
    if (seen.has(key)) {
      throw new DumpError(`the ${role} ${describe(value)} is in the ${container} twice: numbers are compared by value`);
    }
    seen.add(key);
  }
}

/** @param {unknown} index */
const inList = (index) => `[${index}]`;

/** @param {unknown} key */
const inDict = (key) => `[${describe(key)}]`;

/** @param {unknown} element */
const inSet = (element) => `{${describe(element)}}`;

/** @param {object} value @returns {Array<[unknown, unknown]>} */
function ownEntries(value) {
  if (Object.getOwnPropertySymbols(value).length) {
    throw new DumpError("an object with symbols as keys cannot be sent");
  }
  return Object.entries(value);
}

/** Name a value in an error message: its type, and itself if it is short. @param {unknown} value */
function describe(value) {
  if (typeof value === "string") {
    return value.length > 40 ? `'${value.slice(0, 40)}...'` : `'${value}'`;
  }
  if (typeof value === "object" && value !== null) {
    return `a ${Object.getPrototypeOf(value)?.constructor?.name ?? "value"}`;
  }
  return typeof value === "function" ? "a function" : String(value);
}
