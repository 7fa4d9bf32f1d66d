/** Cutting files where their content says so, and finding the pieces of a list in them. Spec: RS-050 to RS-054. */

import { createHash } from "node:crypto";
import fs from "node:fs";

import { must, readRecords } from "./messages.mjs";

/** Spec: RS-050. @type {[least: number, usual: number, marker: number[], bits: number, weakBits: number][]} */
const LEVELS = [
  [256, 1280, [1, 0, 3, 0], 2, 4],
  [1024, 2048, [1, 0, 3, 0], 2, 4],
  [1024, 5120, [1, 0, 3, 0, 0], 2, 6],
  [4096, 8192, [1, 0, 3, 0, 0], 2, 6],
  [4096, 20480, [1, 0, 3, 0, 0], 4, 8],
  [16384, 32768, [1, 0, 3, 0, 0], 4, 8],
  [16384, 81920, [1, 0, 3, 0, 0], 6, 10],
  [65536, 131072, [1, 0, 3, 0, 0], 6, 10],
  [65536, 327680, [1, 0, 3, 0, 0], 8, 12],
  [262144, 524288, [1, 0, 3, 0, 0], 8, 12],
  [1048576, 2097152, [1, 0, 3, 0, 0], 10, 14],
];
const WEAK_MARKER = [1, 0, 3];
const WINDOW = 32;
const READ_BYTES = 1_048_576;

const CRC = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) {
    value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  }
  return value;
});

/** CRC-32 of the bytes before a place. @param {Buffer} data @param {number} end */
function checksum(data, end) {
  let value = 0xffffffff;
  for (let at = end - WINDOW; at < end; at += 1) {
    value = CRC[(value ^ data[at]) & 255] ^ (value >>> 8);
  }
  return ~value;
}

/**
 * The number of bytes to the next cut. Spec: RS-050.
 *
 * @param {Buffer} data
 * @param {number} at  the last cut
 * @param {number} level
 */
function findCut(data, at, level) {
  const [least, usual, marker, bits, weakBits] = LEVELS[level];
  const most = Math.min(4 * usual, data.length - at);
  for (const [symbols, mask] of /** @type {[number[], number][]} */ ([
    [marker, 2 ** bits - 1],
    [WEAK_MARKER, 2 ** weakBits - 1],
  ])) {
    for (let end = at + least; end <= at + most; end += 1) {
      let index = symbols.length;
      while (index > 0 && (data[end - symbols.length + index - 1] & 3) === symbols[index - 1]) {
        index -= 1;
      }
      if (index === 0 && (checksum(data, end) & mask) === 0) {
        return end - at;
      }
    }
  }
  return most;
}

/**
 * Cut a file.
 *
 * @param {number} fd
 * @param {number} size
 * @param {number} level
 * @returns {Generator<{offset: number, chunk: Buffer}>}
 */
function* cut(fd, size, level) {
  const most = 4 * LEVELS[level][1];
  let data = Buffer.alloc(0);
  let origin = 0;
  let at = 0;
  while (origin + at < size) {
    if (data.length - at < most && origin + data.length < size) {
      const more = readAt(fd, Math.max(READ_BYTES, most), origin + data.length);
      if (more.length === 0) {
        size = origin + data.length; // it has become shorter
      }
      data = Buffer.concat([data.subarray(at), more]);
      origin += at;
      at = 0;
      continue;
    }
    const length = findCut(data, at, level);
    yield { offset: origin + at, chunk: data.subarray(at, at + length) };
    at += length;
  }
}

/** @param {number} fd @param {number} length @param {number} offset  @returns {Buffer}  shorter at the end */
export function readAt(fd, length, offset) {
  const data = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const more = fs.readSync(fd, data, filled, length - filled, offset + filled);
    if (more === 0) {
      break;
    }
    filled += more;
  }
  return data.subarray(0, filled);
}

/** @param {Buffer} data */
export function sha256(data) {
  return createHash("sha256").update(data).digest();
}

/** A list of chunks, and which of them are here. */
export class ChunkList {
  /** @type {{length: number, mark: string, offset: number, from: "sender" | "hole" | "here" | number}[]} */
  records = [];
  /** @type {Buffer} */
  digest = Buffer.alloc(0);
  /** @type {Map<string, number>}  the first record with this mark that nobody here has */
  #wanted = new Map();

  /** @param {number} level */
  constructor(level) {
    must(level < LEVELS.length, `the level ${level}`);
    this.level = level;
  }

  /** @param {Buffer} table */
  add(table) {
    for (const record of readRecords(table)) {
      this.records.push({ ...record, offset: 0, from: "sender" });
    }
  }

  /** All are there: find the offset of each. @param {Buffer} digest @param {number} size  of the file */
  complete(digest, size) {
    must(digest.length === 32, "a digest of another length");
    this.digest = digest;
    let offset = 0;
    this.records.forEach((record, index) => {
      record.offset = offset;
      if (record.length === 0) {
        const hole = Buffer.from(record.mark, "latin1");
        offset += hole.readUIntBE(0, 6);
        record.from = "hole";
        return;
      }
      must(record.length <= 4 * LEVELS[this.level][1], `a chunk of ${record.length} bytes`);
      offset += record.length;
      const first = this.#wanted.get(record.mark);
      if (first === undefined) {
        this.#wanted.set(record.mark, index);
      } else if (this.records[first].length === record.length) {
        record.from = first; // what comes twice in a file is wanted once
      }
    });
    must(offset === size, `a list for ${offset} bytes of a file of ${size}`);
  }

  /**
   * Look for chunks in a file, and hand over what is found.
   *
   * @param {number} fd
   * @param {number} size
   * @param {(offset: number, chunk: Buffer) => void} take
   */
  findIn(fd, size, take) {
    for (const { chunk } of cut(fd, size, this.level)) {
      const mark = sha256(chunk).toString("latin1", 0, 6);
      const index = this.#wanted.get(mark);
      if (index !== undefined && this.records[index].length === chunk.length) {
        this.records[index].from = "here";
        this.#wanted.delete(mark);
        take(this.records[index].offset, chunk);
      }
      if (this.#wanted.size === 0) {
        return;
      }
    }
  }

  /** Pairs of first record and count, of what the sender has to send. Spec: RS-053. */
  missing() {
    /** @type {number[]} */
    const pairs = [];
    this.records.forEach(({ from }, index) => {
      if (from !== "sender") {
        return;
      }
      if (pairs.length && pairs[pairs.length - 2] + pairs[pairs.length - 1] === index) {
        pairs[pairs.length - 1] += 1;
      } else {
        pairs.push(index, 1);
      }
    });
    return pairs;
  }
}
