/**
 * A receiver of trees. Spec: 67-rsync.md. Code that the worker executes:
 *
 *     const { receive } = await import(".../receiver.mjs");
 *     await receive(channel);
 *
 * It works on files one call after the other, in a thread of its own: nothing else waits for it.
 */

import path from "node:path";

import { Comparing } from "./comparing.mjs";
import { Contents } from "./contents.mjs";
import { bytes, checkName, KIND, must, number, packNumbers, size, time, unpack, unpackNumbers } from "./messages.mjs";
import { openDestination, Tree } from "./tree.mjs";

const VERSION = 1;
/** Spec: RS-005, RS-008, RS-071. */
const BUSY_MS = 2_000;
const LONGEST_PROBLEM = 4_096;
const REMOVED_BYTES = 32_768;
/** What somebody else may be at work on is left alone for so long. */
const ABANDONED_NS = 3_600_000_000_000n;

/**
 * Receive a tree.
 *
 * @param {any} channel
 */
export async function receive(channel) {
  const receiver = new Receiver(channel);
  try {
    await receiver.run();
  } finally {
    receiver.end();
  }
}

class Receiver {
  #channel;
  /** @type {Promise<void>[]} */
  #sent = [];
  #saidAt = Date.now();
  /** @type {Tree} */
  #tree = new Tree(null);
  /** @type {Comparing} */
  #comparing;
  #options = { dest: "", dry: false, checksum: false, delta: true, remove: false, fsync: false };
  /** @type {Contents} */
  #contents;

  /** @param {any} channel */
  constructor(channel) {
    this.#channel = channel;
    this.#comparing = new Comparing(this.#tree, this.#options, this);
    this.#contents = new Contents(this.#tree, this.#comparing, this);
  }

  /** Send a message. @param {...unknown} message */
  say(...message) {
    this.#sent.push(this.#channel.send(message));
    this.#saidAt = Date.now();
  }

  /** Say that we are at work, if nothing was said for a while. Spec: RS-005. */
  alive() {
    if (Date.now() - this.#saidAt > BUSY_MS) {
      this.say("busy");
    }
  }

  /** Say what could not be done; the rest goes on. @param {number | null} entry @param {string} name @param {Error} error */
  problem(entry, name, error) {
    const text = `${Buffer.from(name, "latin1").toString()}: ${error.message}`;
    this.say("problem", entry, text.length <= LONGEST_PROBLEM ? text : `...${text.slice(3 - LONGEST_PROBLEM)}`);
  }

  async run() {
    this.#begin(await this.#channel.receive());
    await this.#flush();
    for (;;) {
      const message = await this.#channel.receive();
      if (Buffer.isBuffer(message)) {
        this.#contents.take(message);
      } else {
        must(Array.isArray(message) && message.length, "an item that is no message");
        const [name, ...values] = message;
        if (name === "finish") {
          must(values.length === 0, "a finish with something");
          break;
        }
        this.#obey(name, values);
      }
      this.alive();
      this.#contents.sayGot();
      await this.#flush();
    }
    this.#finish();
    await this.#flush();
  }

  async #flush() {
    const sent = this.#sent;
    this.#sent = [];
    await Promise.all(sent);
  }

  /** @param {unknown} name @param {any[]} values */
  #obey(name, values) {
    /** @type {Record<string, [number, (...values: any[]) => void]>} */
    const handlers = {
      owners: [3, (...columns) => this.#comparing.addOwners(...columns.map(unpackNumbers))],
      index: [4, (first, method, said, table) => this.#index(first, unpack(method, bytes(table), said))],
      listed: [0, () => this.#listed()],
      chunks: [7, (...values) => this.#contents.chunks(...values)],
      copy: [4, (...values) => this.#contents.copy(...values)],
      meta: [4, (...values) => this.#contents.meta(...values)],
      again: [1, (entry) => this.#contents.again(number(entry))],
      skip: [1, (entry) => this.#contents.skip(number(entry))],
    };
    must(typeof name === "string" && Object.hasOwn(handlers, name), `the unknown message ${String(name).slice(0, 100)}`);
    const [count, handler] = handlers[name];
    must(values.length === count, `${values.length} elements after ${name}`);
    handler(...values);
  }

  // -- the index

  /** @param {any} message */
  #begin(message) {
    must(Array.isArray(message) && message[0] === "begin" && message[1] instanceof Map, "no begin");
    /** @type {Map<string, any>} */
    const said = message[1];
    must(said.get("version") === VERSION, `version ${said.get("version")}, expected ${VERSION}`);
    const dest = bytes(said.get("dest"));
    must(dest.length > 0 && !dest.includes(0), "the destination");
    const root = said.get("root");
    must(Array.isArray(root) && root.length === 4 && (root[0] === KIND.directory || root[0] === KIND.file), "the root");
    const [mode, bytesOf, when] = [number(root[1], 0o7777), size(root[2]), time(root[3])];
    must(root[0] === KIND.file || bytesOf === 0, "a directory with a size");
    const offered = said.get("compression") ?? [];
    must(Array.isArray(offered) && offered.every((one) => typeof one === "string"), "the compressions");
    for (const name of ["delete", "checksum", "delta", "fsync", "dry_run"]) {
      must(!said.has(name) || typeof said.get(name) === "boolean", `an option ${name} that is no bool`);
    }
    const owner = said.get("owner")?.map?.((/** @type {unknown} */ one) => number(one));
    must(!said.has("owner") || owner?.length === 2, "the owner");
    const options = this.#options;
    options.dest = path.posix.resolve(Buffer.from(process.cwd()).toString("latin1"), dest.toString("latin1"));
    options.dry = said.get("dry_run") === true;
    options.checksum = said.get("checksum") === true;
    options.delta = (said.get("delta") ?? true) === true;
    options.remove = said.get("delete") === true;
    options.fsync = said.get("fsync") === true;
    const isFile = root[0] === KIND.file;
    const name = isFile ? checkName(path.posix.basename(options.dest)) : "";
    const folder = isFile ? path.posix.dirname(options.dest) : options.dest;
    const { root: opened, made } = openDestination(folder, options.dry, isFile ? 0o777 : 0o700);
    this.#tree = new Tree(opened);
    this.#comparing = new Comparing(this.#tree, this.#options, this);
    this.#contents = new Contents(this.#tree, this.#comparing, this);
    if (owner) {
      this.#comparing.owners.set(0, { user: owner[0], group: owner[1] });
    }
    this.say("ready", { version: VERSION, dest: Buffer.from(options.dest, "latin1"), compression: [] });
    if (isFile) {
      const row = { name, kind: KIND.file, mode, size: bytesOf, time: when, text: null };
      this.#comparing.tryEntry(0, 0, opened?.lstat(name) ?? null, row);
      this.#answer(0);
    } else {
      this.#comparing.begin(made ? null : /** @type {any} */ (opened).own(), mode, when);
    }
  }

  /** @param {unknown} first @param {Buffer} table */
  #index(first, table) {
    must(first === this.#comparing.next, `entries from ${first} on, expected ${this.#comparing.next}`);
    const from = this.#comparing.next;
    this.#comparing.addTable(table);
    this.#answer(from);
  }

  #listed() {
    this.#comparing.end();
    this.#answer(this.#comparing.next);
  }

  /** Spec: RS-024, RS-080. @param {number} first */
  #answer(first) {
    const { needs, plan } = this.#comparing.answers();
    if (this.#options.dry) {
      this.say("plan", packNumbers(plan.numbers), Buffer.from(plan.actions));
    }
    this.say("needs", first, packNumbers(needs.numbers), Buffer.from(needs.kinds));
  }

  // -- the end

  #finish() {
    must(this.#comparing.isListed, "the end before that of the index");
    const missing = this.#comparing.entries.size;
    must(this.#options.dry || missing === 0, `the end while ${missing} files are missing`);
    if (this.#options.remove) {
      this.#remove();
    }
    if (!this.#options.dry) {
      this.#removeUnfinished();
      for (const { number: folder, error } of this.#tree.settle()) {
        this.problem(null, this.#tree.path(folder), error);
      }
    }
    this.say("done", {});
  }

  /** Spec: RS-071. */
  #remove() {
    let removed = "";
    for (const { folder, name } of this.#comparing.extra) {
      const place = this.#tree.path(folder, name);
      try {
        if (!this.#options.dry) {
          this.#tree.writable(folder).remove(name);
        }
        if (removed && removed.length + place.length > REMOVED_BYTES) {
          this.say("removed", Buffer.from(removed, "latin1"));
          removed = "";
        }
        removed += removed ? `\0${place}` : place;
      } catch (error) {
        this.problem(null, place, /** @type {Error} */ (error));
      }
      this.alive();
    }
    if (removed) {
      this.say("removed", Buffer.from(removed, "latin1"));
    }
  }

  /** What earlier syncs left was used, or nobody comes back for it. */
  #removeUnfinished() {
    const now = BigInt(Date.now()) * 1_000_000n;
    const used = new Set(this.#comparing.used);
    for (const { folder, name } of this.#comparing.unfinished) {
      try {
        const found = this.#tree.folder(folder).lstat(name);
        if (found && (used.has(name) || now - found.time > ABANDONED_NS)) {
          this.#tree.writable(folder).remove(name);
        }
      } catch {
        // it belongs to another sync, or is gone
      }
    }
  }

  /** Let go of everything: directories get their permissions back, and no half file stays. */
  end() {
    try {
      this.#contents.end();
      if (!this.#options.dry) {
        this.#tree.restore();
      }
    } catch {
      // what is left is found by the next sync
    } finally {
      this.#tree.close();
    }
  }
}
