/** The two descriptors of the connection. */

import { createReadStream, createWriteStream, fstatSync } from "node:fs";
import { Socket } from "node:net";

/** With more than this unwritten, no items are written (bytes). */
const CONGESTED_BYTES = 262144;

/** With more than this unwritten, which can only be answers, nothing is read. Spec: LI-010. */
const MOST_ANSWERS_BYTES = 1048576;

/**
 * @typedef {object} Receivers
 * @property {(bytes: Buffer) => void} data
 * @property {() => void} eof       nothing more comes
 * @property {() => void} lost      nothing more comes, nor can be written
 * @property {() => void} drained   it takes items again
 */

export class DescriptorStream {
  /** @param {number} input @param {number} output  numbers of open descriptors */
  constructor(input, output) {
    this.reader = isSocketOrPipe(input)
      ? new Socket({ fd: input, readable: true, writable: false, allowHalfOpen: true })
      : createReadStream("", { fd: input });
    this.writer = isSocketOrPipe(output)
      ? new Socket({ fd: output, readable: false, writable: true, allowHalfOpen: true })
      : createWriteStream("", { fd: output });
    this.corked = false;
    this.isCongested = () => this.writer.writableLength > CONGESTED_BYTES;
  }

  /** @param {Receivers} receivers */
  begin({ data, eof, lost, drained }) {
    this.reader.on("data", (/** @type {Buffer} */ bytes) => {
      data(bytes);
      if (this.writer.writableLength > MOST_ANSWERS_BYTES) {
        this.reader.pause();
      }
    });
    this.reader.on("end", eof);
    this.reader.on("error", lost); // a reset is an end
    this.writer.on("error", lost);
    this.writer.on("drain", () => {
      this.reader.resume();
      drained();
    });
  }

  /** Write what follows in this turn of the event loop together. @param {Buffer} bytes */
  write(bytes) {
    if (!this.corked) {
      this.corked = true;
      this.writer.cork();
      process.nextTick(() => {
        this.corked = false;
        this.writer.uncork();
      });
    }
    this.writer.write(bytes);
  }

  /**
   * Wait until something holds that can become true when bytes have been written.
   *
   * @param {() => boolean} condition
   * @param {number} mostMs
   */
  async until(condition, mostMs) {
    const deadline = Date.now() + mostMs;
    while (!condition() && Date.now() < deadline && !this.writer.destroyed) {
      await within(deadline - Date.now(), (resolve) => this.writer.once("drain", resolve));
    }
  }

  /**
   * Close our side when everything is written.
   *
   * @param {number} mostMs  how long that may take
   */
  async finish(mostMs) {
    if (!this.writer.destroyed) {
      await within(mostMs, (resolve) => {
        this.writer.once("close", resolve);
        this.writer.end(resolve);
      });
    }
  }
}

/** Wait for something, but no longer than that. @param {number} mostMs @param {(resolve: () => void) => void} something */
async function within(mostMs, something) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  await new Promise((/** @type {(nothing?: unknown) => void} */ resolve) => {
    timer = setTimeout(resolve, mostMs);
    something(() => resolve());
  });
  clearTimeout(timer);
}

/** @param {number} descriptor */
function isSocketOrPipe(descriptor) {
  const kind = fstatSync(descriptor);
  return kind.isSocket() || kind.isFIFO();
}
