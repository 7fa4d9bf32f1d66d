/**
 * The trace of a connection: text lines with EXECNET_DEBUG, JSON lines with XNET_TRACE_JSON. Spec: TR-001 to TR-021.
 *
 * Nothing is formatted unless somebody asked for it.
 */

import { closeSync, constants, fstatSync, openSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { FRAME, frameName } from "../wire/registry.mjs";

/** @typedef {(line: string) => void} Write */

export class Trace {
  /** @param {Record<string, string | undefined>} environment */
  constructor(environment) {
    /** Until the initiator has said the gateway's id. */
    this.name = "worker";
    /** @type {[direction: "sent" | "received", length: number][]} */
    this.hellos = [];
    /** @type {Write | null} */
    this.text = null;
    /** @type {Write | null} */
    this.json = null;
    this.open(environment);
  }

  /** @param {Record<string, string | undefined>} environment */
  open(environment) {
    this.text = textWriter(environment.EXECNET_DEBUG);
    const prefix = environment.XNET_TRACE_JSON;
    this.json = prefix ? fileWriter(`${prefix}-${process.pid}.jsonl`) : null;
  }

  /**
   * The configuration has set the environment: what it asks for begins with the two HELLO frames (TR-004).
   * @param {Record<string, string | undefined>} environment
   */
  configured(environment) {
    if (this.text === null && this.json === null) {
      this.open(environment);
      this.hellos.splice(0).forEach(([direction, length]) => this.frame(direction, FRAME.HELLO, 0, length));
    }
  }

  /** @param {number} type @param {number} channel @param {number} length */
  sent(type, channel, length) {
    this.frame("sent", type, channel, length);
  }

  /** @param {number} type @param {number} channel @param {number} length */
  received(type, channel, length) {
    this.frame("received", type, channel, length);
  }

  /** @param {"sent" | "received"} direction @param {number} type @param {number} channel @param {number} length */
  frame(direction, type, channel, length) {
    if (type === FRAME.HELLO) {
      this.hellos.push([direction, length]);
    }
    this.text?.(`${this.name} ${direction} <Message ${frameName(type)} channel=${channel} lendata=${length}>`);
    this.json?.(this.object({ dir: direction, type: frameName(type), channel, length }));
  }

  /** Something that happened, in words without payloads. @param {string} event */
  event(event) {
    this.text?.(`${this.name} ${printable(event)}`);
    this.json?.(this.object({ event }));
  }

  /** @param {object} keys */
  object(keys) {
    const rest = JSON.stringify({ pid: process.pid, side: this.name, ...keys });
    return `{"ns": ${process.hrtime.bigint()}, ${rest.slice(1)}`; // digits: JSON's numbers may be exact, ours are not
  }
}

/**
 * What this worker calls itself, as the grammar of lines has it. Spec: TR-013.
 *
 * @param {string} id  of the gateway
 */
export function nameOf(id) {
  return printable(`${id}-worker`.trim().replace(/\s+/g, "_"));
}

/** A text in one line on which no terminal acts. @param {string} text */
function printable(text) {
  const escaped = (/** @type {string} */ character) => `\\u{${character.codePointAt(0)?.toString(16)}}`;
  return text.replaceAll("\n", " ").replace(/[\p{C}\p{Zl}\p{Zp}]/gu, escaped);
}

/** @param {string | undefined} debug @returns {Write | null} */
function textWriter(debug) {
  switch (debug) {
    case "1":
      return fileWriter(join(tmpdir(), `execnet-debug-${process.pid}`));
    case "2":
      return (line) => process.stderr.write(`[${process.pid}] ${line}\n`);
    default:
      return null;
  }
}

/** A writer that appends whole lines; what fails then disturbs nobody (TR-003). @param {string} path @returns {Write | null} */
function fileWriter(path) {
  try {
    const descriptor = openPrivate(path);
    return (line) => {
      try {
        writeSync(descriptor, `${line}\n`);
      } catch {
        // a full disk must not disturb the connection
      }
    };
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    process.stderr.write(`[${process.pid}] cannot write the trace file ${path}, going on without it: ${words}\n`);
    return null;
  }
}

/** Open a file for appending that nobody else can have put there (TR-005). @param {string} path */
function openPrivate(path) {
  const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_WRONLY } = constants;
  try {
    return openSync(path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CREAT | O_EXCL, 0o600);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) {
      throw error;
    }
  }
  // An earlier process of ours had the same number, or somebody has guessed ours: a pipe would let us wait.
  const descriptor = openSync(path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK);
  const found = fstatSync(descriptor);
  const isOurs = found.isFile() && found.uid === process.geteuid?.() && found.nlink === 1 && (found.mode & 0o077) === 0;
  if (!isOurs) {
    closeSync(descriptor);
    throw new Error("what is there is not a file of this user alone; remove it");
  }
  return descriptor;
}
