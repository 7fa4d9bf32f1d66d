/** Content as it arrives, and content that is here already. Spec: RS-040 to RS-067. */

import { createHash } from "node:crypto";
import fs from "node:fs";

import { Arriving, Assembling } from "./arriving.mjs";
import { ChunkList, readAt } from "./chunks.mjs";
import { READ_FILE } from "./folders.mjs";
import { bytes, checkName, must, number, packNumbers, PIECE, readContent, size, time, unpack } from "./messages.mjs";

/** Spec: RS-052. */
const MOST_LISTS = 16;
const MOST_RECORDS = 262_144;
const READ_BYTES = 1_048_576;

/**
 * @typedef {object} Talk  what is said to the sender
 * @property {(...message: unknown[]) => void} say
 * @property {() => void} alive
 * @property {(entry: number | null, path: string, error: Error) => void} problem
 */

export class Contents {
  #tree;
  #comparing;
  #talk;
  /** @type {Arriving | null} */
  #arriving = null;
  /** Lists that are not complete. @type {Map<number, ChunkList>} */
  #lists = new Map();
  /** Files that wait for what they lack. @type {Map<number, {file: Assembling, list: ChunkList}>} */
  #assembling = new Map();
  /** What still comes of these is ignored. @type {Set<number>} */
  #failed = new Set();
  /** @type {number[]} */
  #got = [];

  /**
   * @param {import("./tree.mjs").Tree} tree
   * @param {import("./comparing.mjs").Comparing} comparing  knows what is wanted
   * @param {Talk} talk
   */
  constructor(tree, comparing, talk) {
    this.#tree = tree;
    this.#comparing = comparing;
    this.#talk = talk;
  }

  /** @param {unknown} value */
  #entry(value) {
    const entry = this.#comparing.entries.get(number(value));
    must(entry && !this.#comparing.options.dry, `content of ${value}, which is not wanted`);
    return entry;
  }

  /** Refuse what may not come of a file now. Spec: RS-045. @param {number} index @param {boolean} may */
  #expect(index, may) {
    must(may && (this.#arriving === null || this.#arriving.number === index), `what is not expected of ${index} now`);
  }

  /** Bytes of files. @param {Buffer} message */
  take(message) {
    must(!this.#comparing.options.dry, "content in a dry run");
    const found = readContent(message);
    if (!("files" in found)) {
      this.#data(found.entry, found.flags, found.offset, found.data);
      return;
    }
    for (const { entry, data } of found.files.filter((one) => !this.#failed.has(one.entry))) {
      must(this.#arriving === null, `a pack with ${entry} in the middle of another file`);
      this.#expect(entry, this.#entry(entry).state === "whole");
      must(data.length === this.#entry(entry).size, `${data.length} bytes for ${entry}, which has another size`);
      this.#data(entry, PIECE.first | PIECE.last, 0, data);
    }
  }

  /** @param {number} index @param {number} flags @param {number} offset @param {Buffer} data */
  #data(index, flags, offset, data) {
    must(flags <= (PIECE.first | PIECE.last), `data with the flags ${flags}`);
    if (this.#failed.has(index)) {
      return;
    }
    const entry = this.#entry(index);
    must(offset + data.length <= entry.size, `data behind the end of ${index}`);
    this.#trying(index, entry, () => {
      if (flags & PIECE.first) {
        this.#start(index, entry);
      }
      must(this.#arriving?.number === index, `data of ${index} without a beginning`);
      this.#arriving.write(offset, data);
      if (flags & PIECE.last) {
        this.#install(index, entry);
      }
    });
  }

  /**
   * An error of the system is a problem of one file. Spec: RS-043.
   *
   * @param {number} index
   * @param {import("./comparing.mjs").Entry} entry
   * @param {() => void} work
   */
  #trying(index, entry, work) {
    try {
      work();
    } catch (error) {
      if (!(/** @type {any} */ (error).syscall)) {
        throw error;
      }
      this.#drop(index);
      this.#failed.add(index);
      this.#talk.problem(index, this.#tree.path(entry.folder, entry.name), /** @type {Error} */ (error));
    }
  }

  /** @param {number} index @param {import("./comparing.mjs").Entry} entry */
  #start(index, entry) {
    must(this.#arriving === null, `data of ${index} in the middle of another file, or of its own`);
    this.#expect(index, entry.state === "whole" || entry.state === "listed");
    const waiting = this.#assembling.get(index)?.file;
    this.#assembling.delete(index);
    this.#arriving = waiting ?? new Arriving(this.#tree.writable(entry.folder), index, entry.name);
  }

  /** @param {number} index @param {import("./comparing.mjs").Entry} entry */
  #install(index, entry) {
    const file = /** @type {Arriving} */ (this.#arriving);
    const folder = this.#tree.writable(entry.folder);
    if (!file.isRight()) {
      this.#arriving = null;
      file.discard(folder);
      this.#sayWhole(index, entry);
      return;
    }
    this.#arriving = null;
    file.install(folder, entry, this.#comparing.options.fsync);
    this.#comparing.entries.delete(index);
    this.#got.push(index);
  }

  /** @param {number} index @param {import("./comparing.mjs").Entry} entry */
  #sayWhole(index, entry) {
    Object.assign(entry, { bases: [], state: "whole", whole: true });
    this.#talk.say("whole", index);
  }

  /** Spec: RS-043. */
  sayGot() {
    if (this.#got.length) {
      this.#talk.say("got", packNumbers(this.#got));
      this.#got = [];
    }
  }

  // -- content that is here

  /** Lists of files that are not complete. Spec: RS-052. */
  #waiting() {
    const arriving = this.#arriving instanceof Assembling ? [this.#arriving.list] : [];
    return [...this.#lists.values(), ...[...this.#assembling.values()].map((one) => one.list), ...arriving];
  }

  /** A piece of a list of chunks. @param {...any} values  entry, level, number of the first record, compression, size, table, digest */
  chunks(...values) {
    const [index, level, first, method, said, table, digest] = values;
    if (this.#failed.has(index)) {
      return;
    }
    const entry = this.#entry(index);
    must(entry.state === "chunks", `a list of ${index}, of which something else is expected`);
    if (first === 0) {
      must(this.#lists.size === 0, `a list of ${index} in the middle of another, or a second one`);
      must(this.#waiting().length < MOST_LISTS, `more than ${MOST_LISTS} lists`);
      this.#lists.set(index, new ChunkList(number(level)));
    }
    const list = this.#lists.get(index);
    must(list && list.level === level && list.records.length === first, `a piece of a list of ${index} that does not follow`);
    list.add(unpack(method, bytes(table), said));
    const waiting = this.#waiting();
    const records = waiting.reduce((sum, one) => sum + one.records.length, 0);
    must(records <= MOST_RECORDS || waiting.length === 1, "too many records");
    if (digest !== null) {
      entry.state = "listed";
      this.#lists.delete(index);
      list.complete(bytes(digest), entry.size);
      this.#trying(index, entry, () => this.#assemble(index, entry, list));
    }
  }

  /** @param {number} index @param {import("./comparing.mjs").Entry} entry @param {ChunkList} list */
  #assemble(index, entry, list) {
    const file = new Assembling(this.#tree.writable(entry.folder), index, entry.name, list);
    this.#assembling.set(index, { file, list });
    for (const { folder, name } of entry.bases) {
      const fd = this.#openFile(folder, name);
      if (fd === null) {
        continue;
      }
      try {
        list.findIn(fd, fs.fstatSync(fd).size, (offset, chunk) => {
          file.put(offset, chunk);
          this.#talk.alive();
        });
      } finally {
        fs.closeSync(fd);
      }
    }
    const missing = list.missing();
    this.#talk.say("want", index, packNumbers(missing));
    if (missing.length === 0) {
      const arriving = this.#arriving;
      this.#assembling.delete(index);
      this.#arriving = file;
      try {
        this.#install(index, entry);
      } finally {
        this.#arriving = arriving;
      }
    }
  }

  /** A regular file, or null. @param {number} folder @param {string} name */
  #openFile(folder, name) {
    try {
      const fd = this.#tree.folder(folder).open(name, READ_FILE);
      if (fs.fstatSync(fd).isFile()) {
        return fd;
      }
      fs.closeSync(fd);
    } catch (error) {
      if (!(/** @type {any} */ (error).syscall)) {
        throw error;
      }
    }
    return null;
  }

  /** Spec: RS-060, RS-061. @param {...any} values  entry, directory, name, digest */
  copy(...values) {
    const [index, folder, name, digest] = values;
    if (this.#failed.has(index)) {
      return;
    }
    const entry = this.#entry(index);
    must(this.#arriving === null, "a copy in the middle of a file");
    this.#expect(index, entry.state === "whole" && !entry.whole);
    must(bytes(digest).length === 32, "a digest of another length");
    must(this.#tree.has(number(folder)), `a file in ${folder}, which is no directory`);
    const fd = this.#openFile(folder, checkName(bytes(name).toString("latin1")));
    if (fd === null) {
      this.#sayWhole(index, entry);
      return;
    }
    try {
      this.#trying(index, entry, () => this.#copyFrom(fd, index, entry, bytes(digest)));
    } finally {
      fs.closeSync(fd);
    }
  }

  /** @param {number} fd @param {number} index @param {import("./comparing.mjs").Entry} entry @param {Buffer} digest */
  #copyFrom(fd, index, entry, digest) {
    this.#start(index, entry);
    const file = /** @type {Arriving} */ (this.#arriving);
    const whole = createHash("sha256");
    for (let data = readAt(fd, READ_BYTES, 0); data.length && file.at <= entry.size; data = readAt(fd, READ_BYTES, file.at)) {
      whole.update(data);
      file.put(file.at, data);
      this.#talk.alive();
    }
    if (file.at === entry.size && whole.digest().equals(digest)) {
      this.#install(index, entry);
    } else {
      this.#forget(index);
      this.#sayWhole(index, entry);
    }
  }

  // -- what changes, and the end

  /** A file has changed since the index. @param {...any} values  entry, permissions, size, time */
  meta(...values) {
    const [index] = values;
    if (this.#failed.has(index)) {
      return;
    }
    const entry = this.#entry(index);
    const begun = this.#lists.has(index) || entry.state === "listed" || this.#arriving?.number === index;
    must(!begun, `news of ${index} in its middle`);
    entry.mode = number(values[1], 0o7777);
    entry.size = size(values[2]);
    entry.time = time(values[3]);
    entry.state = "whole";
  }

  /** What was sent of a file is worth nothing. Spec: RS-066. @param {number} index */
  again(index) {
    if (!this.#failed.has(index)) {
      this.#entry(index).state = "changed";
      this.#forget(index);
    }
  }

  /** Let go of what has come of a file. @param {number} index */
  #forget(index) {
    this.#lists.delete(index);
    const waiting = this.#assembling.get(index)?.file ?? null;
    this.#assembling.delete(index);
    const file = this.#arriving?.number === index ? this.#arriving : waiting;
    const entry = this.#comparing.entries.get(index);
    if (file && entry) {
      this.#arriving = file === this.#arriving ? null : this.#arriving;
      file.discard(this.#tree.writable(entry.folder));
    }
  }

  /** Spec: RS-067. @param {number} index */
  skip(index) {
    if (!this.#failed.has(index)) {
      this.#entry(index);
      this.#drop(index);
    }
  }

  /** Nothing comes of a file any more. @param {number} index */
  #drop(index) {
    this.#forget(index);
    this.#comparing.entries.delete(index);
  }

  /** The sync has broken off: no half file stays, but for what the next sync will be glad of. */
  end() {
    for (const index of [...this.#assembling.keys()]) {
      this.#forget(index);
    }
    const file = this.#arriving;
    const entry = file && this.#comparing.entries.get(file.number);
    if (file && entry) {
      file.discard(this.#tree.writable(entry.folder), true);
    }
  }
}
