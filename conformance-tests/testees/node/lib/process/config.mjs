/** Applies the initiator's configuration to this process. Spec: HS-020 to HS-022. */

import { closeSync, constants as fileConstants, existsSync, mkdirSync, openSync } from "node:fs";
import { constants, devNull, getPriority, setPriority } from "node:os";
import { isAbsolute, resolve } from "node:path";

import { Violation } from "../wire/errors.mjs";

/** @typedef {import("../wire/hello.mjs").Config} Config */
/** @typedef {"thread" | "main_thread_only"} ExecModel */

const EXECMODELS = ["thread", "main_thread_only"];

/** A day. */
const LONGEST_KEEPALIVE_MS = 86400000;

/**
 * Apply what has an effect on the process.
 *
 * @param {Config} config
 * @returns {{execmodel: ExecModel, keepaliveMs: number | null}}
 * @throws {Violation} CONFIG_REFUSED
 */
export function applyConfig({ env, chdir, nice, stdout = "stderr", execmodel = "thread", keepalive }) {
  for (const [name, value] of env ?? []) {
    setVariable(name, value);
  }
  if (chdir !== undefined) {
    enter(chdir);
  }
  if (nice !== undefined) {
    beNice(nice);
  }
  if (stdout !== "stderr") {
    printTo(stdout);
  }
  if (!EXECMODELS.includes(execmodel)) {
    throw refuse("execmodel", execmodel, `there is only ${EXECMODELS.join(" and ")}`);
  }
  if (keepalive !== undefined && (keepalive < 1 || keepalive > LONGEST_KEEPALIVE_MS)) {
    throw refuse("keepalive", keepalive, `milliseconds are expected, from 1 to ${LONGEST_KEEPALIVE_MS}`);
  }
  const keepaliveMs = keepalive === undefined ? null : Number(keepalive);
  return { execmodel: /** @type {ExecModel} */ (execmodel), keepaliveMs };
}

/** @param {string} key @param {unknown} value @param {string} reason */
function refuse(key, value, reason) {
  return new Violation("CONFIG_REFUSED", `${key}: '${value}' cannot be applied: ${reason}`);
}

/** @param {unknown} error */
const reasonOf = (error) => (error instanceof Error ? error.message : String(error));

/** @param {string} name @param {string | null} value */
function setVariable(name, value) {
  if (name === "" || /[=\0]/.test(name) || value?.includes("\0")) {
    throw refuse("env", name, "a name is not empty and has no '=', and there is no zero byte in name and value");
  }
  if (value === null) {
    delete process.env[name];
  } else {
    process.env[name] = value;
  }
}

/** Make the directory if it is missing, one level, and go there. @param {string} directory */
function enter(directory) {
  try {
    const path = resolve(directory);
    if (!existsSync(path)) {
      mkdirSync(path);
    }
    process.chdir(path);
  } catch (error) {
    throw refuse("chdir", directory, reasonOf(error));
  }
}

/** @param {number | bigint} increment */
function beNice(increment) {
  const { PRIORITY_HIGHEST: most, PRIORITY_LOW: least } = constants.priority;
  try {
    setPriority(Math.max(most, Math.min(least, getPriority() + Number(increment))));
  } catch (error) {
    throw refuse("nice", increment, reasonOf(error));
  }
}

/** Let standard output be a file, or nothing. It is standard error until then. @param {string} stdout */
function printTo(stdout) {
  const path = stdout === "null" ? devNull : stdout;
  if (!isAbsolute(path)) {
    throw refuse("stdout", stdout, "stderr, null or an absolute path is expected");
  }
  try {
    // A pipe that nobody reads is an error, rather than waited for.
    const { O_APPEND, O_CREAT, O_NONBLOCK, O_WRONLY } = fileConstants;
    const descriptor = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, 0o666);
    closeSync(1);
    openSync(path, "a"); // gets the lowest free number, which is 1
    closeSync(descriptor);
  } catch (error) {
    throw refuse("stdout", stdout, reasonOf(error));
  }
}
