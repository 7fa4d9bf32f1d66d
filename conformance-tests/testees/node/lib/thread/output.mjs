/**
 * Standard output and error of executed code are written at once. Spec: GW-040.
 *
 * Descriptor 1 is never the connection: it is standard error, or what the configuration says. Node hands what a thread prints to the first thread, later; what is printed right before the end would be lost.
 */

import { writeSync } from "node:fs";
import { Writable } from "node:stream";

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

/** @param {number} descriptor */
function makeStream(descriptor) {
  return new Writable({
    decodeStrings: true,
    write(bytes, _encoding, done) {
      writeAll(descriptor, bytes);
      done();
    },
  });
}

/** Replace `process.stdout` and `process.stderr` of this thread. */
export function redirectOutput() {
  for (const [name, fd] of DESCRIPTORS) {
    const stream = Object.assign(makeStream(fd), { fd, _isStdio: true });
    Object.defineProperty(process, name, { get: () => stream, configurable: true, enumerable: true });
  }
}
