/** Comparing the sender's index with what is here: what needs no content is done at once. Spec: RS-020 to RS-037. */

import { randomBytes } from "node:crypto";

import { unfinishedName } from "./arriving.mjs";
import { permitted, sameTime, SETID } from "./folders.mjs";
import { GROUP, KIND, must, PLAN, readTable, UNFINISHED, WANT } from "./messages.mjs";

/** Smaller files come whole. Spec: RS-055. */
const WORTH_CUTTING_BYTES = 8192;
/** How many files here are remembered by their size, and how many are tried for one that is needed. */
const MOST_REMEMBERED = 100_000;
const MOST_TRIED = 4;

/**
 * @typedef {import("./folders.mjs").Found} Found
 * @typedef {import("./folders.mjs").Owner} Owner
 * @typedef {import("./messages.mjs").Row} Row
 * @typedef {{folder: number, name: string}} Place
 */

/**
 * @typedef {object} Entry  a file that the sender has, and we have not
 * @property {number} folder
 * @property {string} name
 * @property {number} mode
 * @property {number} size
 * @property {bigint} time
 * @property {Place[]} bases  files here that resemble it
 * @property {Owner} [owner]  at the sender, if it has setuid or setgid bits
 * @property {"whole" | "chunks" | "listed" | "changed"} state  what may come of it. Spec: RS-045
 * @property {boolean} whole  whether that was said of it
 */

export class Comparing {
  /** What is needed, by number. @type {Map<number, Entry>} */
  entries = new Map();
  /** What is here and was not in the index. @type {Place[]} */
  extra = [];
  /** What earlier syncs left. @type {Place[]} */
  unfinished = [];
  /** Which of these resemble something that is needed. @type {string[]} */
  used = [];
  next = 1;
  /** Whether all of the index is here. */
  isListed = false;
  /** Whose entries with setuid or setgid bits are. @type {Map<number, Owner>} */
  owners = new Map();
  /** The directory of which more is to follow. @type {{folder: number, flags: number, there: Map<string, Found>, seen: Set<string>} | null} */
  #listing = null;
  /** Directories that were just made, and those that could not be opened. */
  #talk;
  #fresh = new Set();
  #broken = new Set();
  /** Directories of which nobody has said yet what is in them. @type {Set<number>} */
  #unlisted = new Set();
  /** Needed files that resemble nothing yet. @type {number[]} */
  #puttingOff = [];
  /** @type {Map<number, Place[]>} */
  #bySize = new Map();
  #remembered = 0;
  /** @type {{numbers: number[], kinds: number[]}} */
  #needs = { numbers: [], kinds: [] };
  /** @type {{numbers: number[], actions: number[]}} */
  #plan = { numbers: [], actions: [] };

  /**
   * @param {import("./tree.mjs").Tree} tree
   * @param {{dest: string, dry: boolean, checksum: boolean, delta: boolean, fsync: boolean}} options
   * @param {{problem: (number: number | null, path: string, error: Error) => void}} talk
   */
  constructor(tree, options, talk) {
    this.tree = tree;
    this.options = options;
    this.#talk = talk;
  }

  /** The root itself. @param {Found | null} there @param {number} mode @param {bigint} time */
  begin(there, mode, time) {
    this.#unlisted.add(0);
    if (there === null) {
      this.#fresh.add(0);
      this.#would(0, PLAN.make);
      this.#later(0, mode, time);
    } else if (there.mode !== permitted(mode, this.owners.get(0), there) || !sameTime(there.time, time)) {
      this.#would(0, PLAN.adjust);
      this.#later(0, mode, time);
    }
  }

  /** What a directory gets at the end, whoever it belongs to then. @param {number} number @param {number} mode @param {bigint} time */
  #later(number, mode, time) {
    const owner = this.owners.get(number);
    this.tree.later(number, mode, time, owner);
  }

  /** Whose entries of the next table are. Spec: RS-028. @param {number[][]} columns */
  addOwners(...columns) {
    const [numbers, users, groups] = columns;
    must(users.length === numbers.length && groups.length === numbers.length, "owners of another number");
    numbers.forEach((one, index) => {
      must(one >= this.next, `the owner of ${one}, which came before`);
      this.owners.set(one, { user: users[index], group: groups[index] });
    });
  }

  /** A table of the index. @param {Buffer} table */
  addTable(table) {
    must(!this.isListed, "a table after the end of the index");
    for (const { folder, flags, rows } of readTable(table)) {
      must(this.#unlisted.has(folder), `entries of ${folder}, which is no directory or was listed`);
      this.#addGroup(folder, flags, rows);
    }
    for (const one of this.owners.keys()) {
      must(one < this.next, `the owner of ${one}, which is not in the table`);
    }
  }

  /** @param {number} folder @param {number} flags @param {Row[]} rows */
  #addGroup(folder, flags, rows) {
    const listing = this.#listing ?? { folder, flags, there: this.#list(folder), seen: new Set() };
    listing.flags |= flags;
    must(listing.folder === folder, `the rest of directory ${listing.folder} is missing`);
    for (const row of rows) {
      must(!listing.seen.has(row.name), `the name ${JSON.stringify(row.name)} comes twice`);
      listing.seen.add(row.name);
      const number = this.next;
      this.next += 1;
      const there = listing.there.get(row.name) ?? null;
      listing.there.delete(row.name);
      if (row.kind === KIND.directory) {
        this.#unlisted.add(number);
      }
      this.tryEntry(number, folder, there, row);
    }
    this.#listing = flags & GROUP.more ? listing : null;
    if (this.#listing === null) {
      this.#unlisted.delete(folder);
    }
    if (!(flags & GROUP.more) && !(listing.flags & GROUP.incomplete)) {
      for (const [name, found] of listing.there) {
        this.extra.push({ folder, name });
        this.#remember(folder, name, found);
      }
    }
  }

  /** @param {number} folder  @returns {Map<string, Found>} */
  #list(folder) {
    if (this.#fresh.delete(folder) || this.#broken.has(folder)) {
      return new Map();
    }
    try {
      const there = this.tree.folder(folder).list();
      for (const name of there.keys()) {
        if (name.startsWith(UNFINISHED)) {
          there.delete(name);
          this.unfinished.push({ folder, name });
        }
      }
      return there;
    } catch (error) {
      this.#broken.add(folder);
      this.#talk.problem(folder || null, this.tree.path(folder), /** @type {Error} */ (error));
      return new Map();
    }
  }

  /** @param {number} number @param {number} folder @param {Found | null} there @param {Row} row */
  tryEntry(number, folder, there, row) {
    try {
      if (!this.#broken.has(folder)) {
        this.#addEntry(number, folder, there, row);
      } else if (row.kind === KIND.directory) {
        this.#broken.add(number);
      }
    } catch (error) {
      if (!(/** @type {any} */ (error).syscall)) {
        throw error;
      }
      if (row.kind === KIND.directory) {
        this.#broken.add(number);
      }
      this.#talk.problem(number, this.tree.path(folder, row.name), /** @type {Error} */ (error));
    }
  }

  /** @param {number} number @param {number} folder @param {Found | null} there @param {Row} row */
  #addEntry(number, folder, there, row) {
    if (row.kind === KIND.directory) {
      this.#addDirectory(number, folder, there, row);
    } else if (row.kind === KIND.file) {
      this.#addFile(number, folder, there, row);
    } else {
      this.#addLink(number, folder, there, row);
    }
  }

  /** @param {number} number @param {number} folder @param {Found | null} there @param {Row} row */
  #addDirectory(number, folder, there, row) {
    this.tree.add(number, folder, row.name);
    if (there?.kind === "directory") {
      const right = permitted(row.mode, this.owners.get(number), there);
      if (there.mode !== right || !sameTime(there.time, row.time)) {
        this.#would(number, PLAN.adjust);
        this.#later(number, row.mode, row.time);
      }
      return;
    }
    this.#would(number, there ? PLAN.convert : PLAN.make);
    if (!this.options.dry) {
      const around = this.tree.writable(folder);
      if (there) {
        around.unlink(row.name);
      }
      around.mkdir(row.name);
    }
    this.#fresh.add(number);
    this.#later(number, row.mode, row.time);
  }

  /** @param {number} number @param {number} folder @param {Found | null} there @param {Row} row */
  #addFile(number, folder, there, row) {
    const { checksum, delta, dry } = this.options;
    const isFile = there?.kind === "file";
    const owner = this.owners.get(number);
    const right = isFile ? permitted(row.mode, owner, there) : row.mode;
    // Nothing lends rights that somebody else may have written: only what is made here.
    const lends = isFile && (right & ~there.mode & SETID) !== 0;
    if (isFile && !lends && there.size === row.size && sameTime(there.time, row.time)) {
      this.#remember(folder, row.name, there);
      const stays = !checksum || row.size === 0;
      if (there.mode !== right && !dry) {
        this.tree.folder(folder).setMode(row.name, right);
      } else if (there.mode !== right && stays) {
        this.#would(number, PLAN.adjust);
      }
      if (stays) {
        return;
      }
    }
    this.#would(number, there === null ? PLAN.make : isFile ? PLAN.replace : PLAN.convert);
    const mark = unfinishedName(row.name);
    /** @type {Place[]} */
    const bases = this.unfinished.filter((one) => one.folder === folder && one.name.startsWith(mark));
    this.used.push(...bases.map((one) => one.name));
    const isWorth = Math.min(row.size, there?.size ?? 0) >= WORTH_CUTTING_BYTES;
    if (isFile && (checksum || (delta && isWorth))) {
      bases.push({ folder, name: row.name });
    }
    const { name, mode, size, time } = row;
    this.entries.set(number, { folder, name, mode, size, time, bases, owner, state: "whole", whole: false });
    if (bases.length && row.size > 0) {
      this.#need(number, WANT.chunks);
    } else if (delta && row.size >= WORTH_CUTTING_BYTES) {
      this.#puttingOff.push(number);
    } else {
      this.#need(number, WANT.whole);
    }
  }

  /** @param {number} number @param {number} folder @param {Found | null} there @param {Row} row */
  #addLink(number, folder, there, row) {
    const text = row.kind === KIND.treeLink ? `${this.options.dest}/${row.text}` : /** @type {string} */ (row.text);
    const isLink = there?.kind === "link";
    const { dry } = this.options;
    if (isLink && this.tree.folder(folder).readlink(row.name) === text) {
      if (!sameTime(there.time, row.time)) {
        this.#would(number, PLAN.adjust);
        if (!dry) {
          this.tree.folder(folder).setLinkTime(row.name, row.time);
        }
      }
      return;
    }
    this.#would(number, there === null ? PLAN.make : isLink ? PLAN.replace : PLAN.convert);
    if (!dry) {
      const around = this.tree.writable(folder);
      const unfinished = unfinishedName(row.name) + randomBytes(4).toString("hex");
      around.symlink(unfinished, text);
      around.setLinkTime(unfinished, row.time);
      around.rename(unfinished, row.name);
    }
  }

  /** Files of the same size may be the same under another name. @param {number} folder @param {string} name @param {Found} found */
  #remember(folder, name, found) {
    if (found.kind === "file" && found.size >= WORTH_CUTTING_BYTES && this.#remembered < MOST_REMEMBERED) {
      this.#remembered += 1;
      this.#bySize.set(found.size, [...(this.#bySize.get(found.size) ?? []), { folder, name }].slice(0, MOST_TRIED));
    }
  }

  /** The index is complete. Spec: RS-025. */
  end() {
    must(!this.isListed && this.#unlisted.size === 0, "the end of the index before all directories");
    this.isListed = true;
    for (const number of this.#puttingOff) {
      const entry = /** @type {Entry} */ (this.entries.get(number));
      entry.bases = this.#bySize.get(entry.size) ?? [];
      this.#need(number, entry.bases.length ? WANT.chunks : WANT.whole);
    }
    this.#puttingOff = [];
    this.#bySize.clear();
  }

  /** @param {number} number @param {number} kind */
  #need(number, kind) {
    this.#needs.numbers.push(number);
    this.#needs.kinds.push(kind);
    /** @type {Entry} */ (this.entries.get(number)).state = kind === WANT.chunks ? "chunks" : "whole";
  }

  /** Spec: RS-080. @param {number} number @param {number} action */
  #would(number, action) {
    if (this.options.dry) {
      this.#plan.numbers.push(number);
      this.#plan.actions.push(action);
    }
  }

  /** Return what is needed, and what is planned, since it was asked last. */
  answers() {
    const found = { needs: this.#needs, plan: this.#plan };
    this.#needs = { numbers: [], kinds: [] };
    this.#plan = { numbers: [], actions: [] };
    return found;
  }
}
