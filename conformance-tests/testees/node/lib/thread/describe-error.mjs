/** An error as the other side gets it: text, with the stack. */

import { inspect } from "node:util";

import { Refusal } from "./errors.mjs";

/** @param {unknown} error  anything can be thrown */
export function describeError(error) {
  if (error instanceof Refusal) {
    return error.message;
  }
  try {
    if (error instanceof Error && typeof error.stack === "string" && error.stack) {
      return error.cause === undefined ? error.stack : inspect(error);
    }
    return `the code has thrown ${inspect(error)}`;
  } catch {
    return "the code has thrown something that cannot be shown";
  }
}
