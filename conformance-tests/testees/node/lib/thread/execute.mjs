/** Executes a source: the body of an async function, with a few names. Spec: GW-003, GW-050 to GW-053. */

import { createRequire } from "node:module";
import { join } from "node:path";
import vm from "node:vm";

import * as types from "../wire/types.mjs";
import { DumpError } from "../wire/errors.mjs";
import * as errors from "./errors.mjs";

/** @typedef {import("./channel.mjs").Channel} Channel */
/** @typedef {import("../wire/control.mjs").ExecRequest} ExecRequest */

/** Names for values that JavaScript has no type for, and for errors. */
const xnet = Object.freeze({
  Complex: types.Complex,
  Float: types.Float,
  FrozenSet: types.FrozenSet,
  PairedText: types.PairedText,
  Tuple: types.Tuple,
  DumpError,
  EOFError: errors.EOFError,
  RemoteError: errors.RemoteError,
  ChannelClosedError: errors.ChannelClosedError,
  WorkerEndingError: errors.WorkerEndingError,
  TimeoutError: errors.TimeoutError,
  UsageError: errors.UsageError,
});

/** What is executed here. Spec: GW-004. */
const LANGUAGE = "javascript";

const BEFORE = '(async function (channel, require, xnet) { "use strict"; ';

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

/**
 * Execute a request.
 *
 * @param {ExecRequest} request
 * @param {Record<string, unknown>} kwargs
 * @param {Channel} channel
 * @returns {Promise<void>} settled when the code has ended
 */
export async function execute({ source, file, call, language }, kwargs, channel) {
  if (language !== null && language !== LANGUAGE) {
    throw new errors.Refusal(`this worker executes ${LANGUAGE}, not ${language}`, "refused");
  }
  const run = compile(source, file ?? "<remote exec>", call);
  const found = await run(channel, requireHere(), xnet);
  if (call === null) {
    return;
  }
  if (typeof found !== "function") {
    throw new ReferenceError(`the source defines no function ${call}`);
  }
  await found(channel, kwargs);
}

/**
 * @param {string} source
 * @param {string} filename
 * @param {string | null} call  a name whose value the function returns
 * @returns {(channel: Channel, require: NodeJS.Require, names: typeof xnet) => Promise<unknown>}
 */
function compile(source, filename, call) {
  if (call !== null && !IDENTIFIER.test(call)) {
    throw new ReferenceError(`the source can define no function ${JSON.stringify(call)}: that is no name`);
  }
  const result = call === null ? "" : `return typeof ${call} === "undefined" ? undefined : ${call};`;
  // The source begins on the first line, so that line numbers in stacks are its own.
  const script = new vm.Script(`${BEFORE}${source}\n${result}\n})`, {
    filename,
    columnOffset: -BEFORE.length,
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  return script.runInThisContext();
}

/** `require`, from the directory in which the process is. */
function requireHere() {
  let directory = "/";
  try {
    directory = process.cwd();
  } catch {
    // it was removed
  }
  return createRequire(join(directory, "remote-exec.js"));
}
