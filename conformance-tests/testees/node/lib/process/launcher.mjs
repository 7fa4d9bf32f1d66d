/**
 * Starts the worker with the connection on other descriptors than standard input and output. Spec: GW-040.
 *
 * Node cannot duplicate a descriptor within a process, but it can for a process that it starts. So where the connection
 * comes as standard input and output, this process does nothing but that, and has the fate of the other.
 */

import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { devNull } from "node:os";

const SIGNALS = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"]);

/** @param {string} program  path of `worker.mjs` */
export function launch(program) {
  const args = [...process.execArgv, program, "--connection=3,4"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", 2, 2, 0, 1, "ipc"] });
  for (const descriptor of [0, 1]) {
    closeSync(descriptor); // so that the stream ends when the worker closes it
    openSync(devNull, "r+");
  }
  process.stderr.on("error", () => undefined);
  let given = 1;
  child.on("error", (error) => {
    process.stderr.write(`the worker could not be started: ${error.message}\n`);
    process.exit(1);
  });
  child.on("message", (/** @type {{status: number}} */ { status }) => {
    given = status;
  });
  for (const signal of SIGNALS) {
    process.on(signal, () => child.kill(signal));
  }
  child.on("exit", (status, signal) => {
    if (status !== null || signal === "SIGKILL") {
      process.exit(status ?? given);
    }
    SIGNALS.forEach((one) => process.removeAllListeners(one));
    process.kill(process.pid, /** @type {NodeJS.Signals} */ (signal));
  });
}
