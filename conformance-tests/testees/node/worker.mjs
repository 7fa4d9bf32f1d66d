#!/usr/bin/env node
/**
 * A worker for the xnet protocol that executes JavaScript.
 *
 *     node worker.mjs                    the connection is standard input and output
 *     node worker.mjs --connection=3,4   it is these descriptors, to read from and to write to
 */

import { fileURLToPath } from "node:url";

const [option = ""] = process.argv.slice(2);
const match = /^--connection=(\d+),(\d+)$/.exec(option);

if (match) {
  const { WorkerProcess } = await import("./lib/process/worker-process.mjs");
  new WorkerProcess(Number(match[1]), Number(match[2])).start();
} else if (option === "") {
  const { launch } = await import("./lib/process/launcher.mjs");
  launch(fileURLToPath(import.meta.url));
} else {
  process.stderr.write(`what is ${option}? This program takes nothing, or --connection=IN,OUT\n`);
  process.exit(2);
}
