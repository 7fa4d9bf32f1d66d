/** Why a channel was closed: for people, and as data. Spec: CH-041 to CH-043, CH-047, CH-048. */

import { decodeAs, isTextMap, isUnsigned, shortenText } from "./control.mjs";
import { encodeItem } from "./encode.mjs";
import { Violation } from "./errors.mjs";
import { CONTROL_DEPTH, FIXED } from "./registry.mjs";

/** @typedef {[file: string, line: number, functionName: string]} Frame  line 0 is not known */

/**
 * @typedef {object} ChannelError
 * @property {string} text       for people, complete
 * @property {string} code       a word of the registry; one that nobody knows is like "error"
 * @property {string} [type]     class of the error
 * @property {string} [message]  what the error says of itself
 * @property {Frame[]} [frames]  the calls that led to it, outermost first
 */

/** What a type and a message take at most; text and frames get the rest. */
const MOST_TYPE = 1024;
const MOST_MESSAGE = 16384;

/** Keys and heads of the map; those of a frame. */
const OVERHEAD = 64;
const FRAME_OVERHEAD = 20;

const size = (/** @type {string} */ text) => Buffer.byteLength(text, "utf8");

/** Encode; what is too much is left out, or shortened. Spec: CH-042. @param {ChannelError} error */
export function encodeChannelError({ text, code, type, message, frames = [] }) {
  /** @type {Record<string, unknown>} */
  const content = { text, code };
  let room = FIXED.channel_error - OVERHEAD - size(code);
  for (const [key, value, most] of /** @type {const} */ ([["type", type, MOST_TYPE], ["message", message, MOST_MESSAGE]])) {
    if (value !== undefined) {
      const short = shortenText(value, most);
      content[key] = short;
      room -= size(short);
    }
  }
  const short = shortenText(text, room);
  content.text = short;
  const fitting = framesFor(frames, room - size(short));
  if (fitting.length) {
    content.frames = fitting;
  }
  return encodeItem(content, { depth: CONTROL_DEPTH, item: Infinity });
}

/** The frames for which there is room, without some in the middle. @param {readonly Frame[]} frames @param {number} room */
function framesFor(frames, room) {
  const fitting = frames.map(([file, line, name]) => [file.toWellFormed(), line, name.toWellFormed()]);
  let needed = frames.reduce((sum, [file, , name]) => sum + size(file) + size(name) + FRAME_OVERHEAD, 0);
  while (fitting.length && needed > room) {
    const [[file, , name]] = fitting.splice(Math.floor(fitting.length / 2), 1);
    needed -= size(String(file)) + size(String(name)) + FRAME_OVERHEAD;
  }
  return fitting;
}

/** @param {Buffer} payload @returns {ChannelError} @throws {Violation} PAYLOAD_MALFORMED */
export function decodeChannelError(payload) {
  if (payload.length > FIXED.channel_error) {
    const text = `CHANNEL_CLOSE_ERROR has ${payload.length} bytes; at most ${FIXED.channel_error} are taken`;
    throw new Violation("PAYLOAD_MALFORMED", text);
  }
  return decodeAs("CHANNEL_CLOSE_ERROR", payload, "a map with \"text\", \"code\" and perhaps more", (value) => {
    if (!isTextMap(value)) {
      return undefined;
    }
    const { text, code, type = "", message = "", frames = [] } = Object.fromEntries(value);
    const good = [text, code, type, message].every((one) => typeof one === "string") && isList(frames) && frames.every(isFrame);
    if (!good) {
      return undefined;
    }
    /** @type {ChannelError} */
    const error = { text, code };
    if (value.has("type")) {
      error.type = type;
    }
    if (value.has("message")) {
      error.message = message;
    }
    if (frames.length) {
      error.frames = frames.map(([file, line, name]) => [file, Number(line), name]);
    }
    return error;
  });
}

/** Tuples are arrays of another class. @param {unknown} value @returns {value is any[]} */
const isList = (value) => Array.isArray(value) && Object.getPrototypeOf(value) === Array.prototype;

const isFrame = (/** @type {unknown} */ value) =>
  isList(value) && value.length === 3 && typeof value[0] === "string" && isUnsigned(value[1]) && typeof value[2] === "string";
