/**
 * Directories of the destination that are held open, so that no link leads out of it. Spec: RS-030 to RS-033.
 *
 * Names are strings of latin-1, one character for each byte. On Linux every path begins with the descriptor of an open
 * directory; elsewhere Node has nothing like it, and a directory is looked at before each use.
 */

import fs from "node:fs";

const { constants } = fs;
const HAS_DESCRIPTORS = fs.existsSync("/proc/self/fd");
const OPEN_DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
export const READ_FILE = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
export const CREATE_FILE = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/**
 * @typedef {object} Found  what lstat says
 * @property {"file" | "directory" | "link" | "other"} kind
 * @property {number} mode
 * @property {number} size
 * @property {bigint} time  nanoseconds
 * @property {number} user
 * @property {number} group
 */

/** @typedef {{user: number, group: number}} Owner */

/** Permissions that lend the rights of a file's owner, or of its group. */
const SETUID = 0o4000;
const SETGID = 0o2000;
export const SETID = SETUID | SETGID;

export class Folder {
  /**
   * Open a directory.
   *
   * @param {string} name  of one in the parent, or a path if there is no parent
   * @param {Folder | null} parent
   */
  constructor(name, parent = null) {
    /** @type {number} */
    this.fd = parent
      ? fs.openSync(parent.at(name), OPEN_DIRECTORY)
      : fs.openSync(encode(name), constants.O_RDONLY | constants.O_DIRECTORY);
    this.path = parent ? `${parent.path}${name}/` : `${name}/`;
  }

  /**
   * Return the path of something in it.
   *
   * @param {string} name
   * @returns {Buffer}
   */
  at(name) {
    if (HAS_DESCRIPTORS) {
      return encode(`/proc/self/fd/${this.fd}/${name}`);
    }
    const here = fs.fstatSync(this.fd, { bigint: true });
    const there = fs.lstatSync(encode(this.path.slice(0, -1)), { bigint: true });
    if (here.ino !== there.ino || here.dev !== there.dev) {
      throw Object.assign(new Error("the directory was replaced by something else"), { code: "ENOTDIR", syscall: "lstat" });
    }
    return encode(`${this.path}${name}`);
  }

  close() {
    fs.closeSync(this.fd);
  }

  /** Return what is in it, by name. */
  list() {
    /** @type {Map<string, Found>} */
    const found = new Map();
    for (const name of fs.readdirSync(this.at(""), { encoding: "buffer" })) {
      const text = name.toString("latin1");
      const there = this.lstat(text);
      if (there) {
        found.set(text, there);
      }
    }
    return found;
  }

  /** @param {string} name  @returns {Found | null} */
  lstat(name) {
    const found = fs.lstatSync(this.at(name), { bigint: true, throwIfNoEntry: false });
    return found ? describe(found) : null;
  }

  /** What it is itself. */
  own() {
    return describe(fs.fstatSync(this.fd, { bigint: true }));
  }

  /** @param {string} name @param {number} flags */
  open(name, flags) {
    return fs.openSync(this.at(name), flags, 0o600);
  }

  /** @param {string} name */
  mkdir(name) {
    fs.mkdirSync(this.at(name), 0o700);
  }

  /** @param {string} name @param {string} text */
  symlink(name, text) {
    fs.symlinkSync(encode(text), this.at(name));
  }

  /** @param {string} name */
  readlink(name) {
    return fs.readlinkSync(this.at(name), { encoding: "buffer" }).toString("latin1");
  }

  /** @param {string} name */
  unlink(name) {
    fs.unlinkSync(this.at(name));
  }

  /**
   * Give something its name, in the place of whatever has it.
   *
   * @param {string} unfinished
   * @param {string} name
   */
  rename(unfinished, name) {
    try {
      fs.renameSync(this.at(unfinished), this.at(name));
    } catch (error) {
      if (this.lstat(name)?.kind !== "directory") {
        throw error;
      }
      this.remove(name);
      fs.renameSync(this.at(unfinished), this.at(name));
    }
  }

  /**
   * Remove something, a directory with all that is in it. No link is followed.
   *
   * @param {string} name
   */
  remove(name) {
    if (this.lstat(name)?.kind !== "directory") {
      this.unlink(name);
      return;
    }
    const inner = enter(this, name);
    try {
      for (const deeper of inner.list().keys()) {
        inner.remove(deeper);
      }
    } finally {
      inner.close();
    }
    fs.rmdirSync(this.at(name));
  }

  /** @param {string} name  of a file @param {number} mode */
  setMode(name, mode) {
    const fd = this.open(name, READ_FILE);
    try {
      fs.fchmodSync(fd, mode);
    } finally {
      fs.closeSync(fd);
    }
  }

  /** @param {string} name @param {bigint} time */
  setLinkTime(name, time) {
    fs.lutimesSync(this.at(name), seconds(time), seconds(time));
  }
}

/**
 * Open a directory of another one, also where its permissions have to be changed for that.
 *
 * @param {Folder} parent
 * @param {string} name
 * @param {(own: Found) => void} [changing]  called before they are
 */
export function enter(parent, name, changing) {
  const own = parent.lstat(name);
  if (own?.kind === "directory" && (own.mode & 0o700) !== 0o700) {
    changing?.(own);
    fs.chmodSync(parent.at(name), own.mode | 0o700);
  }
  return new Folder(name, parent);
}

/** @param {fs.BigIntStats} found  @returns {Found} */
function describe(found) {
  const kind = found.isFile() ? "file" : found.isDirectory() ? "directory" : found.isSymbolicLink() ? "link" : "other";
  const mode = Number(found.mode & 0o7777n);
  return { kind, mode, size: Number(found.size), time: found.mtimeNs, user: Number(found.uid), group: Number(found.gid) };
}

/**
 * Permissions without the bits that would lend the rights of others than the sender has named. Spec: RS-029.
 *
 * @param {number} mode  as the sender has them
 * @param {Owner | undefined} owner  there, if it has said so
 * @param {Owner} there  of what gets the permissions
 */
export function permitted(mode, owner, there) {
  const without = (owner?.user === there.user ? 0 : SETUID) | (owner?.group === there.group ? 0 : SETGID);
  return mode & ~without;
}

/** @param {string} name */
export function encode(name) {
  return Buffer.from(name, "latin1");
}

/**
 * Node takes seconds as a number and cuts it to microseconds: the middle of one stays in it. A number below 0 would be
 * taken for now, a text is not.
 *
 * @param {bigint} time
 */
export function seconds(time) {
  return String((Number(time / 1000n) + 0.5) / 1e6);
}

/** Two times are the same if Node cannot set the difference. Spec: RS-026. @param {bigint} one @param {bigint} other */
export function sameTime(one, other) {
  const difference = one - other;
  return difference > -2_000n && difference < 2_000n;
}
