/** The destination: its directories by the numbers that the sender gave them. */

import fs from "node:fs";
import path from "node:path";

import { encode, enter, Folder, permitted, seconds } from "./folders.mjs";
import { must } from "./messages.mjs";

/** @typedef {import("./folders.mjs").Owner} Owner */

/** How many directories are open at a time, and how deep they may lie. */
const MOST_OPEN = 32;
const MOST_DEPTH = 2048;

export class Tree {
  /** @type {Map<number, {around: number, name: string, depth: number}>} */
  #places = new Map();
  /** @type {Map<number, Folder>} */
  #open = new Map();
  /** Permissions and times that directories get at the end. @type {Map<number, {mode: (there: Owner) => number, time: bigint}>} */
  #pending = new Map();
  /** What they had before something was changed in them. @type {Map<number, {mode: number, time: bigint}>} */
  #had = new Map();
  #root;

  /** @param {Folder | null} root  null in a dry run, if it is not there */
  constructor(root) {
    this.#root = root;
  }

  /** @param {number} number */
  has(number) {
    return number === 0 || this.#places.has(number);
  }

  /** @param {number} number @param {number} around @param {string} name */
  add(number, around, name) {
    const depth = (this.#places.get(around)?.depth ?? 0) + 1;
    must(depth <= MOST_DEPTH, `directories in ${MOST_DEPTH} others`);
    this.#places.set(number, { around, name, depth });
  }

  /**
   * Return an open directory; the next call may close it.
   *
   * @param {number} number
   * @returns {Folder}
   */
  folder(number) {
    if (number === 0) {
      must(this.#root, "something in a destination that is not there");
      return this.#root;
    }
    let folder = this.#open.get(number);
    this.#open.delete(number);
    if (!folder) {
      const { around, name } = this.#place(number);
      folder = enter(this.folder(around), name, ({ mode, time }) => this.#had.set(number, { mode, time }));
    }
    this.#open.set(number, folder);
    if (this.#open.size > MOST_OPEN) {
      const [oldest, other] = /** @type {[number, Folder]} */ (this.#open.entries().next().value);
      this.#open.delete(oldest);
      other.close();
    }
    return folder;
  }

  /** @param {number} number */
  #place(number) {
    return /** @type {{around: number, name: string, depth: number}} */ (this.#places.get(number));
  }

  /**
   * Return an open directory in which something is going to change.
   *
   * @param {number} number
   */
  writable(number) {
    const folder = this.folder(number);
    if (!this.#had.has(number)) {
      const { mode, time } = folder.own();
      this.#had.set(number, { mode, time });
      if ((mode & 0o700) !== 0o700) {
        fs.fchmodSync(folder.fd, mode | 0o700);
      }
    }
    return folder;
  }

  /**
   * What a directory gets at the end. Spec: RS-029.
   *
   * @param {number} number
   * @param {number} mode
   * @param {bigint} time
   * @param {Owner} [owner]  whom the sender has named
   */
  later(number, mode, time, owner) {
    this.#pending.set(number, { mode: (there) => permitted(mode, owner, there), time });
  }

  /**
   * Give directories the permissions and times of their entries, the inner ones first. Spec: RS-072.
   *
   * @returns {{number: number, error: Error}[]}  what failed
   */
  settle() {
    const failed = [];
    for (const [number, { mode, time }] of this.#had) {
      if (!this.#pending.has(number)) {
        this.#pending.set(number, { mode: () => mode, time }); // as it was, whatever that is
      }
    }
    this.#had.clear();
    for (const number of [...this.#pending.keys()].sort((one, other) => other - one)) {
      const { mode, time } = /** @type {{mode: (there: Owner) => number, time: bigint}} */ (this.#pending.get(number));
      this.#pending.delete(number);
      try {
        const folder = this.folder(number);
        const { fd } = folder;
        fs.fchmodSync(fd, mode(folder.own()));
        fs.futimesSync(fd, seconds(time), seconds(time));
      } catch (error) {
        failed.push({ number, error: /** @type {Error} */ (error) });
      }
    }
    return failed;
  }

  /** Give directories back the permissions that they had: the sync has broken off. Spec: RS-072. */
  restore() {
    for (const [number, { mode }] of [...this.#had].sort(([one], [other]) => other - one)) {
      this.#had.delete(number);
      try {
        fs.fchmodSync(this.folder(number).fd, mode);
      } catch {
        // the others get theirs
      }
    }
  }

  /** A path below the root, for messages. @param {number} number @param {string} [name] */
  path(number, name = "") {
    const parts = name ? [name] : [];
    for (let at = number; this.#places.has(at); at = this.#place(at).around) {
      parts.unshift(this.#place(at).name);
    }
    return parts.join("/");
  }

  close() {
    for (const folder of this.#open.values()) {
      folder.close();
    }
    this.#root?.close();
  }
}

/**
 * Open the destination, making it if it is missing. Spec: RS-012.
 *
 * @param {string} destination  absolute
 * @param {boolean} dry
 * @param {number} mode  what it gets until its time comes
 * @returns {{root: Folder | null, made: boolean}}
 */
export function openDestination(destination, dry, mode) {
  const made = !fs.statSync(encode(destination), { throwIfNoEntry: false })?.isDirectory();
  if (made && dry) {
    let around = destination;
    while (!fs.lstatSync(encode(around), { throwIfNoEntry: false })) {
      around = path.posix.dirname(around);
    }
    if (!fs.statSync(encode(around), { throwIfNoEntry: false })?.isDirectory()) {
      throw new Error(`the destination ${destination} cannot be made: ${around} is no directory`);
    }
    return { root: null, made };
  }
  if (made) {
    makeDirectories(destination, mode);
  }
  return { root: new Folder(destination), made };
}

/** mkdirSync with `recursive` takes no names that are not UTF-8. @param {string} folder @param {number} mode */
function makeDirectories(folder, mode) {
  const around = path.posix.dirname(folder);
  if (!fs.existsSync(encode(around))) {
    makeDirectories(around, 0o777);
  }
  fs.mkdirSync(encode(folder), mode);
}
