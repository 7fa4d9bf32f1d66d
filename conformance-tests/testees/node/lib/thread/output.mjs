/**
 * Standard output and error of executed code: both go to standard error, at once. Spec: GW-040.
 *
 * Node hands what a thread prints to the first thread, later; what is printed right before the end would be lost.
 */

import { writeSync } from "node:fs";
import { Writable } from "node:stream";

const STDERR = 2;
const FULL_MS = 5;

/** @param {Uint8Array} bytes */
function writeAll(bytes) {
  let written = 0;
  while (written < bytes.length) {
    try {
      written += writeSync(STDERR, bytes, written);
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== "EAGAIN") {
        return; // nobody reads it any more
      }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_MS); // the pipe is full
    }
  }
}

function makeStream() {
  return new Writable({
    decodeStrings: true,
    write(bytes, _encoding, done) {
      writeAll(bytes);
      done();
    },
  });
}

/** Replace `process.stdout` and `process.stderr` of this thread. */
export function redirectOutput() {
  for (const name of ["stdout", "stderr"]) {
    const stream = Object.assign(makeStream(), { fd: STDERR, _isStdio: true });
    Object.defineProperty(process, name, { get: () => stream, configurable: true, enumerable: true });
  }
}
