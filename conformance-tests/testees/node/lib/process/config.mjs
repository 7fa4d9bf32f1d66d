/** Applies the initiator's configuration to this process. Spec: HS-020 to HS-022. */

import { existsSync, mkdirSync } from "node:fs";
import { constants, getPriority, setPriority } from "node:os";
import { resolve } from "node:path";

import { Violation } from "../wire/errors.mjs";

/** @typedef {import("../wire/hello.mjs").Config} Config */
/** @typedef {"thread" | "main_thread_only"} ExecModel */

const EXECMODELS = ["thread", "main_thread_only"];

/**
 * Apply what has an effect here: `alias` and `dont_write_bytecode` are about Python.
 *
 * @param {Config} config
 * @returns {ExecModel}
 * @throws {Violation} CONFIG_REFUSED
 */
export function applyConfig({ env, chdir, nice, execmodel = "thread" }) {
  for (const [name, value] of env ?? []) {
    setVariable(name, value);
  }
  if (chdir !== undefined) {
    enter(chdir);
  }
  if (nice !== undefined) {
    beNice(nice);
  }
  if (!EXECMODELS.includes(execmodel)) {
    throw refuse("execmodel", execmodel, `there is only ${EXECMODELS.join(" and ")}`);
  }
  return /** @type {ExecModel} */ (execmodel);
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
