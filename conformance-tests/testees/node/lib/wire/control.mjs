/**
 * Payloads of control frames. Each `decode` gives what the rule of `messages.cddl` says, or throws a `Violation`.
 *
 * HELLO is in `hello.mjs`. Spec: FR-009, FR-015.
 */

import { decodeItem } from "./decode.mjs";
import { encodeItem } from "./encode.mjs";
import { Violation } from "./errors.mjs";
import { CODE, CONTROL_DEPTH, FIXED, MAX_CHANNEL_ID } from "./registry.mjs";

/** @typedef {import("./registry.mjs").CodeName} CodeName */

const TWO_TO_64 = 1n << 64n;

const ANY_SIZE = { depth: CONTROL_DEPTH, item: Infinity };

/**
 * The one value of a control payload.
 *
 * @param {Buffer} payload
 * @throws {Violation} VALUE_MALFORMED; the callers below give it their own code
 */
export function decodeControl(payload) {
  return decodeItem(payload, {
    depth: CONTROL_DEPTH,
    build: true,
    channel: (id) => {
      throw new Violation("VALUE_MALFORMED", `there is a reference to channel ${id} where none is allowed`);
    },
  });
}

/**
 * Decode, and refuse what does not match.
 *
 * @template T
 * @param {string} name  of the frame
 * @param {Buffer} payload
 * @param {string} rule  in words
 * @param {(value: unknown) => T | undefined} match  undefined if the value does not match
 * @returns {T}
 */
export function decodeAs(name, payload, rule, match) {
  let value;
  try {
    value = decodeControl(payload);
  } catch (error) {
    throw error instanceof Violation ? new Violation("PAYLOAD_MALFORMED", `${name}: ${error.message}`) : error;
  }
  const matched = match(value);
  if (matched === undefined) {
    throw new Violation("PAYLOAD_MALFORMED", `the payload of ${name} is ${rule}; this one is not`);
  }
  return matched;
}

/** Whether something is a map whose keys are all text. @param {unknown} value @returns {value is Map<string, unknown>} */
export function isTextMap(value) {
  return value instanceof Map && [...value.keys()].every((key) => typeof key === "string");
}

/** Whether something was an integer on the wire. @param {unknown} value @returns {value is number | bigint} */
export function isInteger(value) {
  return typeof value === "bigint" || (Number.isSafeInteger(value) && !Object.is(value, -0));
}

/** Whether something was an unsigned integer, however encoded. Spec: FR-015. @param {unknown} value @returns {value is number | bigint} */
export const isUnsigned = (value) => isInteger(value) && value >= 0 && value < TWO_TO_64;

/** @param {Buffer} payload @returns {number} above 0 */
export function decodeCredit(payload) {
  return decodeAs("CHANNEL_CREDIT", payload, "an integer above 0", (value) =>
    isUnsigned(value) && value > 0 ? Number(value) : undefined,
  );
}

/** @param {number} amount */
export const encodeCredit = (amount) => encodeItem(amount, ANY_SIZE);

/** @typedef {{finishMs: number, interruptMs: number}} Times  how long executions may go on, and after an interrupt */

/** What holds unless the initiator says otherwise. Spec: GR-001. @type {Readonly<Times>} */
export const DEFAULT_TIMES = Object.freeze({ finishMs: 5000, interruptMs: 10000 });

/** @param {Buffer} payload @returns {Times} */
export function decodeTerminate(payload) {
  const rule = `a map, perhaps with the times "finish" and "interrupt", up to ${FIXED.terminate_ms} milliseconds`;
  return decodeAs("GATEWAY_TERMINATE", payload, rule, (value) => {
    if (!isTextMap(value)) {
      return undefined;
    }
    const { finishMs, interruptMs } = DEFAULT_TIMES;
    const { finish = finishMs, interrupt = interruptMs } = Object.fromEntries(value);
    const isTime = (/** @type {unknown} */ time) => isUnsigned(time) && time <= FIXED.terminate_ms;
    return isTime(finish) && isTime(interrupt)
      ? { finishMs: Number(finish), interruptMs: Number(interrupt) }
      : undefined;
  });
}

/** @param {Buffer} payload @returns {{code: number, text: string}} */
export function decodeGoaway(payload) {
  return decodeAs("GOAWAY", payload, 'a map with "code", "text" and "last"', (value) => {
    if (!isTextMap(value)) {
      return undefined;
    }
    const [code, text, last] = [value.get("code"), value.get("text"), value.get("last")];
    const isRight = isUnsigned(code) && typeof text === "string" && isUnsigned(last) && last <= MAX_CHANNEL_ID;
    return isRight ? { code: Number(code), text } : undefined;
  });
}

/** @param {CodeName} name @param {string} text @param {number} last  of the ids that the other peer has opened, or 0 */
export function encodeGoaway(name, text, last) {
  return encodeItem({ code: CODE[name], text: shortenText(text, FIXED.goaway_text), last }, ANY_SIZE);
}

/**
 * @typedef {object} ExecRequest
 * @property {string} source
 * @property {string | null} file
 * @property {string | null} call
 * @property {string | null} language
 * @property {string | null} service  wanted in place of a source
 * @property {boolean} follows  none of that is known yet: it is the first item of the channel
 */

/**
 * Check the payload of CHANNEL_EXEC. The kwargs are judged here and decoded where the code runs.
 *
 * @param {Buffer} payload
 * @returns {ExecRequest}
 */
export function decodeExec(payload) {
  const rule = 'a map with one of "source", "service" and "follows", and perhaps "language", "file", "call" and "kwargs"';
  return decodeAs("CHANNEL_EXEC", payload, rule, (value) => {
    if (!isTextMap(value)) {
      return undefined;
    }
    if (["source", "service", "follows"].filter((key) => value.has(key)).length !== 1) {
      return undefined;
    }
    const { source = "", service = null, follows = false, ...rest } = Object.fromEntries(value);
    const { file = null, call = null, language = null, kwargs = new Map() } = follows ? {} : rest;
    return typeof source === "string" &&
      (service === null ? !value.has("service") : typeof service === "string") &&
      (follows === true || !value.has("follows")) &&
      [file, call, language].every((text) => text === null || typeof text === "string") &&
      isTextMap(kwargs)
      ? { source, file, call, language, service, follows: follows === true }
      : undefined;
  });
}

/**
 * The named arguments of a CHANNEL_EXEC that `decodeExec` has accepted. Spec: GW-002.
 *
 * @param {Buffer} payload
 * @returns {Record<string, unknown>} without a prototype, so a name like `__proto__` is a name
 */
export function decodeKwargs(payload) {
  const request = /** @type {Map<string, unknown>} */ (decodeControl(payload));
  const kwargs = /** @type {Map<string, unknown>} */ (request.get("kwargs") ?? new Map());
  const named = Object.create(null);
  for (const [name, value] of kwargs) {
    named[name] = value;
  }
  return named;
}

/**
 * Text that can be sent: what is not Unicode is replaced, and what is too much is left out, with a note.
 *
 * @param {string} text
 * @param {number} mostBytes  of UTF-8
 */
export function shortenText(text, mostBytes) {
  const whole = text.toWellFormed();
  const bytes = Buffer.byteLength(whole, "utf8");
  if (bytes <= mostBytes) {
    return whole;
  }
  const note = `\n[shortened: the text has ${bytes} bytes, ${mostBytes} can be sent]`;
  const kept = Buffer.from(whole, "utf8").subarray(0, mostBytes - Buffer.byteLength(note));
  let end = kept.length;
  for (let back = end - 1; back >= 0 && back >= end - 4; back -= 1) {
    if ((kept[back] & 0xc0) !== 0x80) {
      const first = kept[back];
      const needed = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
      end = end - back < needed ? back : end; // cut between characters
      break;
    }
  }
  return kept.toString("utf8", 0, end) + note;
}
