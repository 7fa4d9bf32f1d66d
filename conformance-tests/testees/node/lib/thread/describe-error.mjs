/** An error as the other side gets it: text with the stack, and data. */

import { inspect } from "node:util";

import { CHANNEL_ERROR } from "../wire/registry.mjs";
import { Refusal, WorkerEndingError } from "./errors.mjs";

/** @typedef {import("../wire/channel-error.mjs").ChannelError} ChannelError */
/** @typedef {import("../wire/channel-error.mjs").Frame} Frame */

/** Where this worker's own files are. */
const OWN = new URL("../../", import.meta.url).href;

/** One line of a stack: `at name (file:line:column)`, or without a name and parentheses. */
const CALL = /^\s+at (?:(?:async )?(.*) \()?(?:async )?(.+?):(\d+):\d+\)?$/;

/** @param {unknown} error  anything can be thrown @returns {ChannelError} */
export function describeError(error) {
  if (error instanceof Refusal) {
    return { text: error.message, code: error.code };
  }
  if (error instanceof WorkerEndingError) {
    return CHANNEL_ERROR.interrupted; // GR-011
  }
  const text = textOf(error);
  try {
    if (error instanceof Error) {
      const type = String(error.name);
      return { text, code: "error", type, message: String(error.message), frames: framesOf(String(error.stack)) };
    }
  } catch {
    // its getters are those of the code
  }
  return { text, code: "error" };
}

/** @param {unknown} error */
function textOf(error) {
  try {
    if (error instanceof Error && typeof error.stack === "string" && error.stack) {
      return error.cause === undefined ? error.stack : inspect(error);
    }
    return `the code has thrown ${inspect(error)}`;
  } catch {
    return "the code has thrown something that cannot be shown";
  }
}

/** The calls of a stack but our own, outermost first. Spec: GW-032. @param {string} stack @returns {Frame[]} */
function framesOf(stack) {
  /** @type {Frame[]} */
  const frames = [];
  for (const line of stack.split("\n")) {
    const [, name = "", file = "", number = "0"] = CALL.exec(line) ?? [];
    if (file && !file.startsWith(OWN) && !file.startsWith("node:")) {
      frames.unshift([file, Number(number), name]);
    }
  }
  return frames;
}
