/**
 * Values that JavaScript has no type for.
 *
 * The rule (VA-010): what arrives and is sent on unchanged is the same value on the wire. So there is a class where
 * JavaScript would mix two kinds of value up, and only there.
 */

/**
 * A float whose value a JavaScript number would carry as an integer: `new Float(2)` is 2.0, `2` is 2.
 *
 * It is a Number object, so it calculates: `new Float(2) + 1 === 3`.
 */
export class Float extends Number {
  /** @param {number} value */
  constructor(value) {
    super(value);
    Object.freeze(this);
  }
}

/**
 * A text in which two halves of a pair stand beside each other and are two code points all the same: a string would have
 * them as the one character of the pair. `String(text)` is that string.
 */
export class PairedText {
  #text;

  /**
   * @param {Buffer} bytes  in generalised UTF-8
   * @param {string} text
   */
  constructor(bytes, text) {
    this.bytes = Buffer.from(bytes);
    this.#text = text;
    Object.freeze(this);
  }

  toString() {
    return this.#text;
  }
}

/** A complex number, two floats. */
export class Complex {
  /**
   * @param {number} re
   * @param {number} im
   */
  constructor(re, im) {
    this.re = Number(re);
    this.im = Number(im);
    Object.freeze(this);
  }
}

/**
 * An array that cannot be changed: Python's tuple.
 *
 * Made with `Tuple.of(1, "a")` or `Tuple.from(iterable)`, since `new Tuple(3)` would be what `new Array(3)` is.
 */
export class Tuple extends Array {
  /** What `map` and its like make of a tuple is an array. */
  static get [Symbol.species]() {
    return Array;
  }

  /** @param {...unknown} items */
  static of(...items) {
    return Tuple.from(items);
  }

  /** @param {Iterable<unknown> | ArrayLike<unknown>} items */
  static from(items) {
    const tuple = new Tuple();
    for (const item of Array.from(items)) {
      tuple[tuple.length] = item;
    }
    return Object.freeze(tuple);
  }
}

/** A set that cannot be changed, and so can be a key or an element. */
export class FrozenSet extends Set {
  /** @param {Iterable<unknown>} [items] */
  constructor(items = []) {
    super();
    for (const item of items) {
      super.add(item);
    }
    Object.freeze(this);
  }

  /** @returns {never} */
  add() {
    throw new TypeError("a FrozenSet cannot be changed");
  }

  /** @returns {never} */
  delete() {
    throw new TypeError("a FrozenSet cannot be changed");
  }

  /** @returns {never} */
  clear() {
    throw new TypeError("a FrozenSet cannot be changed");
  }
}

/** What a channel is inside an item: its id. Executed code sees the subclass `Channel`. */
export class ChannelReference {
  /** @param {number} id */
  constructor(id) {
    this.id = id;
  }
}
