/** What a sender and a receiver of a tree say to each other, as bytes. Spec: 67-rsync.md. */

import zlib from "node:zlib";

/** Kinds of entries. Spec: RS-020. */
export const KIND = Object.freeze({ directory: 1, file: 2, link: 3, treeLink: 4 });
/** How content is wanted. Spec: RS-025. */
export const WANT = Object.freeze({ whole: 1, chunks: 2 });
/** What a dry run plans. Spec: RS-080. */
export const PLAN = Object.freeze({ make: 1, replace: 2, adjust: 3, convert: 4 });
/** Flags of groups in tables, and of pieces of data. */
export const GROUP = Object.freeze({ more: 1, incomplete: 2 });
export const PIECE = Object.freeze({ first: 1, last: 2 });

/** Most bytes of content or of a table, uncompressed. Spec: RS-011. */
const MOST_BYTES = 1_048_576;
const MOST_RECORDS_AT_ONCE = 65_536;
/** How names of unfinished files begin. Spec: RS-031. */
export const UNFINISHED = ".xnet-rsync-";

/** The sender said what it must not say. Spec: RS-003. */
export class Refused extends Error {}

/**
 * @param {unknown} condition
 * @param {string} text  what is wrong
 * @returns {asserts condition}
 */
export function must(condition, text) {
  if (!condition) {
    throw new Refused(`rsync: refused what the sender said: ${text}`);
  }
}

/**
 * @param {unknown} value
 * @param {number} [most]
 * @returns {number}
 */
export function number(value, most = 2 ** 32 - 1) {
  must(typeof value === "number" && Number.isInteger(value), `${value} is no number here`);
  must(value >= 0 && value <= most, `${value} is not a number from 0 to ${most}`);
  return value;
}

/**
 * A size in bytes: what is more than JavaScript counts exactly is more than anybody has.
 *
 * @param {unknown} value
 */
export function size(value) {
  return number(value, Number.MAX_SAFE_INTEGER);
}

/**
 * A time in nanoseconds.
 *
 * @param {unknown} value
 */
export function time(value) {
  must(typeof value === "bigint" || Number.isSafeInteger(value), `${value} is no time`);
  const found = BigInt(/** @type {bigint} */ (value));
  must(found >= -(2n ** 63n) && found < 2n ** 63n, `${value} is no time`);
  return found;
}

/** @param {unknown} value  @returns {Buffer} */
export function bytes(value) {
  must(Buffer.isBuffer(value), `${String(value).slice(0, 100)} is not bytes`);
  return value;
}

/**
 * Undo a compression, without making much more than was said. Spec: RS-010, RS-011.
 *
 * @param {unknown} method
 * @param {Buffer} packed
 * @param {unknown} said  how many bytes have to come out
 */
export function unpack(method, packed, said) {
  const length = number(said);
  must(length <= MOST_BYTES, `${length} bytes at once`);
  must(method === 0 || method === 1, `the compression ${method}`);
  let body = packed;
  if (method === 1) {
    const found = inflate(packed, length);
    must(found.used === packed.length, "bytes behind what was compressed");
    body = found.body;
  }
  must(body.length === length, `${body.length} bytes, where ${length} were said`);
  return body;
}

/** @param {Buffer} packed @param {number} most */
function inflate(packed, most) {
  try {
    const options = { info: true, maxOutputLength: most + 1 };
    const found = /** @type {any} */ (zlib.inflateSync(packed, /** @type {any} */ (options)));
    return { body: /** @type {Buffer} */ (found.buffer), used: /** @type {number} */ (found.engine.bytesWritten) };
  } catch (error) {
    throw new Refused(`rsync: refused what the sender said: it does not uncompress: ${/** @type {Error} */ (error).message}`);
  }
}

/** @param {unknown} packed  four bytes for each */
export function unpackNumbers(packed) {
  const data = bytes(packed);
  must(data.length % 4 === 0 && data.length <= MOST_BYTES, `${data.length} bytes of numbers`);
  return Array.from({ length: data.length / 4 }, (_, index) => data.readUInt32BE(4 * index));
}

/** @param {Iterable<number>} numbers  four bytes for each */
export function packNumbers(numbers) {
  const all = [...numbers];
  const packed = Buffer.alloc(4 * all.length);
  all.forEach((one, index) => packed.writeUInt32BE(one, 4 * index));
  return packed;
}

/**
 * @typedef {object} Row  an entry of the index
 * @property {string} name  its bytes, as latin-1
 * @property {number} kind
 * @property {number} mode
 * @property {number} size
 * @property {bigint} time
 * @property {string | null} text  what a link says
 */

/** @typedef {{folder: number, flags: number, rows: Row[]}} Group */

/**
 * Read a table of the index. Spec: RS-021, RS-023.
 *
 * @param {Buffer} table
 * @returns {Group[]}
 */
export function readTable(table) {
  must(table.length >= 8, `a table of ${table.length} bytes`);
  const count = table.readUInt32BE(0);
  const groups = table.readUInt32BE(4);
  const kinds = 8 + 12 * groups;
  const modes = kinds + count;
  const sizes = modes + 2 * count;
  const times = sizes + 8 * count;
  const behind = times + 8 * count;
  must(behind + 4 <= table.length, `a table of ${count} entries in ${table.length} bytes`);
  const texts = behind + 4 + table.readUInt32BE(behind);
  must(texts <= table.length, "a table that is cut off");
  const names = split(table.toString("latin1", behind + 4, texts), count > 0);
  must(names.length === count, `${names.length} names for ${count} entries`);
  const links = split(table.toString("latin1", texts), table.length > texts);
  must(!links.includes(""), "a link without a text");
  let at = 0;
  let link = 0;
  /** @type {Group[]} */
  const found = [];
  for (let group = 0; group < groups; group += 1) {
    const head = 8 + 12 * group;
    const many = table.readUInt32BE(head + 4);
    const flags = table.readUInt32BE(head + 8);
    must(flags <= 3 && at + many <= count, `a group of ${many} entries`);
    must(!(flags & GROUP.more) || group === groups - 1, "a group of which more follows is not the last");
    /** @type {Row[]} */
    const rows = [];
    for (const end = at + many; at < end; at += 1) {
      const kind = table[kinds + at];
      const mode = table.readUInt16BE(modes + 2 * at);
      must(kind >= KIND.directory && kind <= KIND.treeLink, `the kind ${kind}`);
      must(mode <= 0o7777, `permissions ${mode.toString(8)}`);
      must(kind === KIND.file || table.readBigUInt64BE(sizes + 8 * at) === 0n, `a size of an entry of the kind ${kind}`);
      const text = kind >= KIND.link ? (links[link] ?? null) : null;
      link += kind >= KIND.link ? 1 : 0;
      const bytesOf = table.readBigUInt64BE(sizes + 8 * at);
      rows.push({
        name: checkName(names[at]),
        kind,
        mode,
        size: size(bytesOf <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(bytesOf) : NaN),
        time: table.readBigInt64BE(times + 8 * at),
        text,
      });
    }
    found.push({ folder: table.readUInt32BE(head), flags, rows });
  }
  must(at === count && link === links.length, "a table with entries or texts of nothing");
  return found;
}

/** @param {string} joined @param {boolean} any */
function split(joined, any) {
  return any ? joined.split("\0") : [];
}

/**
 * Refuse what is not one component of a path. Spec: RS-030, RS-031.
 *
 * @param {string} name
 */
export function checkName(name) {
  const isOne = name !== "" && name !== "." && name !== ".." && !/[/\0]/.test(name);
  must(isOne && (process.platform !== "win32" || !/[\\:]/.test(name)), `the name ${JSON.stringify(name)}`);
  must(!name.startsWith(UNFINISHED), `the name of an unfinished file, ${JSON.stringify(name)}`);
  return name;
}

/**
 * Read a piece of a list of chunks. Spec: RS-052.
 *
 * @param {Buffer} table
 * @returns {{length: number, mark: string}[]}  marks as latin-1
 */
export function readRecords(table) {
  must(table.length >= 4, `a list of ${table.length} bytes`);
  const count = table.readUInt32BE(0);
  must(count <= MOST_RECORDS_AT_ONCE && table.length === 4 + 10 * count, `a list of ${count} records`);
  const marks = 4 + 4 * count;
  return Array.from({ length: count }, (_, index) => ({
    length: table.readUInt32BE(4 + 4 * index),
    mark: table.toString("latin1", marks + 6 * index, marks + 6 * index + 6),
  }));
}

/**
 * Read content: whole small files, or a piece of one. Spec: RS-040 to RS-042.
 *
 * @param {Buffer} content
 * @returns {{files: {entry: number, data: Buffer}[]} | {entry: number, flags: number, offset: number, data: Buffer}}
 */
export function readContent(content) {
  if (content[0] === 1) {
    must(content.length >= 10, `a pack of ${content.length} bytes`);
    const body = unpack(content[1], content.subarray(10), content.readUInt32BE(2));
    return { files: readPack(body, content.readUInt32BE(6)) };
  }
  must(content[0] === 2 && content.length >= 19, "content of an unknown form");
  const offset = content.readBigUInt64BE(7);
  must(offset <= BigInt(Number.MAX_SAFE_INTEGER), "a piece behind the end of everything");
  const data = unpack(content[1], content.subarray(19), content.readUInt32BE(15));
  return { entry: content.readUInt32BE(3), flags: content[2], offset: Number(offset), data };
}

/** @param {Buffer} body @param {number} count */
function readPack(body, count) {
  must(8 * count <= body.length, `a pack of ${count} files`);
  let at = 8 * count;
  const files = [];
  for (let index = 0; index < count; index += 1) {
    const length = body.readUInt32BE(8 * index + 4);
    must(at + length <= body.length, "a pack that is too short");
    files.push({ entry: body.readUInt32BE(8 * index), data: body.subarray(at, at + length) });
    at += length;
  }
  must(at === body.length, "a pack that is too long");
  return files;
}
