/** Reads values in Python's notation, as the examples of the specification show them, into JavaScript's. */

import { ChannelReference, Complex, Float, FrozenSet, PairedText, Tuple } from "../lib/wire/types.mjs";

const TOKEN =
  /\s*(?:(?<float>\d+\.\d+(?:e[+-]?\d+)?)|(?<int>\d+)|(?<string>b?'(?:[^'\\]|\\.)*')|(?<word>\w+)|(?<sign>\*\*|[-+*()[\]{},:]))/y;

/** @param {string} text @returns {unknown} */
export function parsePython(text) {
  const parser = new Parser(text);
  const value = parser.sum();
  parser.end();
  return value;
}

class Parser {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
    this.place = 0;
    /** @type {Record<string, string | undefined>} */
    this.token = {};
    this.next();
  }

  next() {
    const before = this.token;
    TOKEN.lastIndex = this.place;
    const match = TOKEN.exec(this.text);
    this.token = match?.groups ?? {};
    this.place = match ? TOKEN.lastIndex : this.text.length;
    return before;
  }

  end() {
    if (this.place !== this.text.length || Object.values(this.token).some(Boolean)) {
      throw new Error(`cannot read ${this.text} from ${this.place}`);
    }
  }

  /** @param {string} sign */
  skip(sign) {
    if (this.token.sign !== sign) {
      return false;
    }
    this.next();
    return true;
  }

  sum() {
    let value = this.power();
    while (this.token.sign === "-" || this.token.sign === "+") {
      const sign = this.next().sign === "-" ? -1n : 1n;
      value = whole(BigInt(/** @type {number} */ (value)) + sign * BigInt(/** @type {number} */ (this.power())));
    }
    return value;
  }

  /** @returns {unknown} */
  power() {
    if (this.skip("-")) {
      const value = this.power();
      if (value instanceof Float) {
        return float(-value);
      }
      return typeof value === "bigint" ? -value : -(/** @type {number} */ (value));
    }
    const base = this.atom();
    return this.skip("**")
      ? whole(BigInt(/** @type {number} */ (base)) ** BigInt(/** @type {number} */ (this.atom())))
      : base;
  }

  /** @returns {unknown} */
  atom() {
    const { float: real, int, string, word, sign } = this.next();
    if (real) {
      return float(Number(real));
    }
    if (int) {
      return whole(BigInt(int));
    }
    if (string) {
      return readString(string);
    }
    if (word) {
      return this.named(word);
    }
    switch (sign) {
      case "[":
        return this.items("]").values;
      case "(": {
        const { values, commas } = this.items(")");
        return values.length === 1 && !commas ? values[0] : Tuple.from(values);
      }
      case "{":
        return this.braces();
      default:
        throw new Error(`cannot read ${this.text}`);
    }
  }

  /** @param {string} word */
  named(word) {
    switch (word) {
      case "None":
        return null;
      case "True":
        return true;
      case "False":
        return false;
      case "nan":
        return NaN;
      case "inf":
        return Infinity;
    }
    if (!this.skip("(")) {
      throw new Error(`what is ${word}?`);
    }
    const [first, second] = this.items(")").values;
    switch (word) {
      case "set":
        return new Set();
      case "frozenset":
        return new FrozenSet(/** @type {Set<unknown>} */ (first));
      case "complex":
        return new Complex(Number(first), Number(second));
      case "channel":
        return new ChannelReference(Number(first));
      default:
        throw new Error(`what is ${word}(...)?`);
    }
  }

  /** @param {string} end */
  items(end) {
    const values = [];
    let commas = 0;
    while (!this.skip(end)) {
      values.push(this.sum());
      commas += Number(this.skip(","));
    }
    return { values, commas };
  }

  braces() {
    const dict = new Map();
    const set = new Set();
    while (!this.skip("}")) {
      const key = this.sum();
      if (this.skip(":")) {
        dict.set(key, this.sum());
      } else {
        set.add(key);
      }
      this.skip(",");
    }
    return set.size ? set : dict;
  }
}

/** @param {number} value */
const float = (value) => (Number.isSafeInteger(value) && !Object.is(value, -0) ? new Float(value) : value);

/** @param {bigint} value */
const whole = (value) => (Number.isSafeInteger(Number(value)) ? Number(value) : value);

/** @param {string} literal  with its quotes */
function readString(literal) {
  const isBytes = literal.startsWith("b");
  const text = literal
    .slice(isBytes ? 2 : 1, -1)
    .replace(/\\(?:x(..)|u(....)|U(........))/g, (_, x, u, U) => String.fromCodePoint(parseInt(x ?? u ?? U, 16)));
  if (isBytes) {
    return Buffer.from(text, "latin1");
  }
  // Here a pair of halves is two code points; in JavaScript it takes a class of its own.
  const units = [...literal.matchAll(/\\u(....)/g)].map(([, digits]) => parseInt(digits, 16));
  const paired = /\\ud[89ab]..\\ud[c-f]../i.test(literal);
  return paired
    ? new PairedText(
        Buffer.concat(units.map((unit) => Buffer.from([0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 63), 0x80 | (unit & 63)]))),
        text,
      )
    : text;
}
