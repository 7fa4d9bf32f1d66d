/**
 * Standard output and error of executed code are written at once. Spec: GW-040.
 *
 * Descriptor 1 is never the connection: it is standard error, or what the configuration says. Node hands what a thread prints to the first thread, later; what is printed right before the end would be lost.
 */

import { writeSync } from "node:fs";

const DESCRIPTORS = Object.entries({ stdout: 1, stderr: 2 });
const FULL_MS = 5;

/** @param {number} descriptor @param {Uint8Array} bytes */
function writeAll(descriptor, bytes) {
  let written = 0;
  while (written < bytes.length) {
    try {
      written += writeSync(descriptor, bytes, written);
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== "EAGAIN") {
        return; // nobody reads it any more
      }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_MS); // the pipe is full
    }
  }
}

/** Have `process.stdout` and `process.stderr` of this thread write by themselves. */
export function redirectOutput() {
  for (const [name, descriptor] of DESCRIPTORS) {
    const stream = process[/** @type {"stdout" | "stderr"} */ (name)];
    Object.assign(stream, {
      _write: (/** @type {any} */ chunk, /** @type {BufferEncoding} */ encoding, /** @type {() => void} */ done) => {
        writeAll(descriptor, typeof chunk === "string" ? Buffer.from(chunk, encoding) : chunk);
        done();
      },
      _writev: null,
    });
  }
}
