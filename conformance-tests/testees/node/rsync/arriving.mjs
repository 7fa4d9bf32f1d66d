/** Files while they arrive, under another name than they will have. Spec: RS-036, RS-037, RS-042 to RS-044, RS-054. */

import { createHash, randomBytes } from "node:crypto";
import fs from "node:fs";

import { readAt, sha256 } from "./chunks.mjs";
import { CREATE_FILE, encode, permitted, seconds } from "./folders.mjs";
import { must, UNFINISHED } from "./messages.mjs";

/** Less than this is not kept for the next sync. */
const WORTH_KEEPING_BYTES = 65_536;

/** @typedef {import("./folders.mjs").Folder} Folder */
/** @typedef {import("./chunks.mjs").ChunkList} ChunkList */

/**
 * How the names of what is unfinished of a file begin, so that the next sync finds it.
 *
 * @param {string} name
 */
export function unfinishedName(name) {
  return `${UNFINISHED}${sha256(encode(name)).toString("hex").slice(0, 16)}-`;
}

/** A file that comes in pieces. */
export class Arriving {
  at = 0;
  /** Of the last piece that came. */
  #end = 0;
  unfinished;

  /** @param {Folder} folder @param {number} number @param {string} name */
  constructor(folder, number, name) {
    this.number = number;
    this.unfinished = unfinishedName(name) + randomBytes(4).toString("hex");
    this.fd = folder.open(this.unfinished, CREATE_FILE);
  }

  /** Take a piece, which comes after all others. @param {number} offset @param {Buffer} data */
  write(offset, data) {
    must(offset >= this.#end, `data at ${offset} come after data up to ${this.#end}`);
    this.#end = offset + data.length;
    this.take(offset, data);
  }

  /** Write a piece; what was left out before it is a hole. @param {number} offset @param {Buffer} data */
  take(offset, data) {
    this.put(offset, data);
  }

  /** @param {number} offset @param {Buffer} data */
  put(offset, data) {
    for (let written = 0; written < data.length; ) {
      written += fs.writeSync(this.fd, data, written, data.length - written, offset + written);
    }
    this.at = offset + data.length;
  }

  /** Whether it is right, now that all has come. */
  isRight() {
    return true;
  }

  /**
   * Let it become visible, with all it has to have.
   *
   * @param {Folder} folder
   * @param {{name: string, mode: number, size: number, time: bigint, owner?: import("./folders.mjs").Owner}} entry
   * @param {boolean} fsync
   */
  install(folder, entry, fsync) {
    fs.ftruncateSync(this.fd, entry.size);
    const { uid: user, gid: group } = fs.fstatSync(this.fd);
    fs.fchmodSync(this.fd, permitted(entry.mode, entry.owner, { user, group }));
    fs.futimesSync(this.fd, seconds(entry.time), seconds(entry.time));
    if (fsync) {
      fs.fsyncSync(this.fd);
    }
    fs.closeSync(this.fd);
    folder.rename(this.unfinished, entry.name);
  }

  /** Give it up. @param {Folder} folder @param {boolean} [keep]  what the next sync will be glad of */
  discard(folder, keep = false) {
    fs.closeSync(this.fd);
    if (!keep || this.at < WORTH_KEEPING_BYTES) {
      folder.unlink(this.unfinished);
    }
  }
}

/** A file that is put together from chunks that were here, and those that come. */
export class Assembling extends Arriving {
  list;
  /** The record that is expected next, and how much of it has come. */
  #next = 0;
  #inside = 0;

  /** @param {Folder} folder @param {number} number @param {string} name @param {ChunkList} list */
  constructor(folder, number, name, list) {
    super(folder, number, name);
    this.list = list;
  }

  /** @override @param {number} offset @param {Buffer} data */
  take(offset, data) {
    const { records } = this.list;
    for (let start = 0; start < data.length; ) {
      while (this.#next < records.length && records[this.#next].from !== "sender") {
        this.#next += 1;
      }
      const record = records[this.#next];
      must(record && record.offset + this.#inside === offset + start, `data at ${offset + start} were not wanted`);
      const piece = data.subarray(start, start + record.length - this.#inside);
      this.put(offset + start, piece);
      this.#inside += piece.length;
      start += piece.length;
      if (this.#inside === record.length) {
        this.#next += 1;
        this.#inside = 0;
      }
    }
  }

  /** Compare the digest with that of what is written. Spec: RS-054. @override */
  isRight() {
    const { records, digest } = this.list;
    const isAll = this.#inside === 0 && records.slice(this.#next).every(({ from }) => from !== "sender");
    must(isAll, "an end before all that was wanted");
    const whole = createHash("sha256");
    for (const { from, length, mark, offset } of records) {
      if (from === "hole") {
        whole.update(Buffer.concat([Buffer.alloc(2), encode(mark)]));
        continue;
      }
      if (typeof from === "number") {
        this.put(offset, readAt(this.fd, length, records[from].offset));
      }
      whole.update(sha256(readAt(this.fd, length, offset)));
    }
    return whole.digest().equals(digest);
  }
}
