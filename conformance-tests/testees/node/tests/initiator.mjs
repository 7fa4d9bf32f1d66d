/** An initiator for tests: it starts the worker as a process, and says and expects frames byte by byte. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

import { decodeItem } from "../lib/wire/decode.mjs";
import { encodeItem } from "../lib/wire/encode.mjs";
import { FrameReader, encodeHeader } from "../lib/wire/frames.mjs";
import { CODE, FRAME, PREAMBLE, frameName } from "../lib/wire/registry.mjs";
import { ChannelReference } from "../lib/wire/types.mjs";

/** No test waits longer for a frame (milliseconds). */
const PATIENCE_MS = 200000;

const WORKER = fileURLToPath(new URL("../worker.mjs", import.meta.url));
const ANY = { depth: 10000, item: Infinity, isOurs: () => true };

/** @typedef {{name: string, channel: number, payload: Buffer}} Seen */
/** @typedef {keyof typeof FRAME} FrameName */

/** @param {unknown} value */
export const encode = (value) => encodeItem(value, ANY);

/** @param {Buffer} bytes @returns {any} */
export const decode = (bytes) =>
  decodeItem(bytes, {
    depth: 10000,
    build: true,
    channel: (id) => new ChannelReference(id),
  });

export class Initiator {
  /** @param {{env?: Record<string, string>, cwd?: string}} [options] */
  constructor({ env = {}, cwd } = {}) {
    this.process = spawn(process.execPath, [WORKER], { stdio: "pipe", env: { ...process.env, ...env }, cwd });
    /** @type {Seen[]} frames that nobody has looked at */
    this.frames = [];
    this.stderr = "";
    this.ended = false;
    this.exit = once(this.process, "exit").then(([status, signal]) => signal ?? status);
    /** @type {Set<() => void>} */
    this.watchers = new Set();
    const reader = new FrameReader(() => undefined);
    let head = Buffer.alloc(0);
    this.process.stdout.on("data", (bytes) => {
      head = Buffer.concat([head, bytes]);
      if (head.length < PREAMBLE.length) {
        return;
      }
      assert.deepStrictEqual(head.subarray(0, PREAMBLE.length), PREAMBLE);
      const rest = this.begun ? bytes : head.subarray(PREAMBLE.length);
      this.begun = true;
      for (const { type, channel, payload } of reader.push(Buffer.from(rest))) {
        this.frames.push({ name: frameName(type), channel, payload });
      }
      this.changed();
    });
    this.begun = false;
    this.process.stdout.on("end", () => {
      this.ended = true;
      this.changed();
    });
    this.process.stdin.on("error", () => undefined); // the worker may be gone
    this.process.stderr.on("data", (bytes) => {
      this.stderr += bytes;
      this.changed();
    });
  }

  changed() {
    this.watchers.forEach((watcher) => watcher());
  }

  /**
   * Wait until something holds.
   *
   * @template T
   * @param {string} what
   * @param {() => T | undefined | false | null} found
   * @returns {Promise<T>}
   */
  async until(what, found) {
    const limit = AbortSignal.timeout(PATIENCE_MS);
    for (;;) {
      const value = found();
      if (value) {
        return value;
      }
      if (limit.aborted) {
        const seen = this.frames.map(({ name, channel }) => `${name} ${channel}`).join(", ");
        throw new Error(`${what} did not come; frames: ${seen}; ended: ${this.ended}; stderr: ${this.stderr}`);
      }
      await new Promise((/** @type {(nothing?: unknown) => void} */ resolve) => {
        const go = () => {
          this.watchers.delete(go);
          limit.removeEventListener("abort", go);
          resolve();
        };
        this.watchers.add(go);
        limit.addEventListener("abort", go);
      });
    }
  }

  /** Say HELLO, and take the worker's. @param {Record<string, unknown>} [more] */
  async hello(more = {}) {
    this.send("HELLO", 0, encode({ version: [1, 0], implementation: "test", ...more }));
    return decode((await this.next("HELLO")).payload);
  }

  /** @param {FrameName | number} name @param {number} channel @param {Buffer} [payload] */
  send(name, channel, payload = Buffer.alloc(0)) {
    const type = typeof name === "number" ? name : FRAME[name];
    this.raw(Buffer.concat([encodeHeader(type, channel, payload.length), payload]));
  }

  /** @param {Buffer} bytes */
  raw(bytes) {
    this.process.stdin.write(bytes);
  }

  /** @param {number} channel @param {string} source @param {Record<string, unknown>} [more] */
  exec(channel, source, more = {}) {
    this.send("CHANNEL_EXEC", channel, encode({ source, ...more }));
  }

  /** @param {number} channel @param {unknown} item */
  item(channel, item) {
    this.send("CHANNEL_DATA", channel, encode(item));
  }

  /** Take the next frame, which must be of this name. @param {FrameName} name @param {number} [channel] */
  async next(name, channel) {
    const frame = await this.until(name, () => this.frames.shift() ?? (this.ended && { name: "END", channel: 0, payload: Buffer.alloc(0) }));
    const shown = () => `${frame.name} ${frame.channel} ${describe(frame)}\n${this.stderr}`;
    assert.strictEqual(frame.name, name, shown());
    if (channel !== undefined) {
      assert.strictEqual(frame.channel, channel, shown());
    }
    return frame;
  }

  /** The next frame's item. @param {number} channel */
  async nextItem(channel) {
    return decode((await this.next("CHANNEL_DATA", channel)).payload);
  }

  /** Take the first frame of this name on the channel, whatever comes before it. @param {FrameName} name @param {number} channel */
  async find(name, channel) {
    return this.until(`${name} ${channel}`, () => {
      const index = this.frames.findIndex((frame) => frame.name === name && frame.channel === channel);
      return index >= 0 && this.frames.splice(index, 1)[0];
    });
  }

  /** Wait until everything before has been acted on: nothing more comes because of it (FR-021). */
  async barrier() {
    const payload = Buffer.from(String(Math.random()));
    this.send("PING", 0, payload);
    await this.until("PONG", () => {
      const index = this.frames.findIndex((frame) => frame.name === "PONG" && frame.payload.equals(payload));
      return index >= 0 && this.frames.splice(index, 1);
    });
  }

  /** The connection ends with this code. @param {keyof typeof CODE} code */
  async refused(code) {
    const { payload } = await this.until("GOAWAY", () => this.frames.find((frame) => frame.name === "GOAWAY"));
    const { code: got, text } = Object.fromEntries(decode(payload));
    assert.strictEqual(got, CODE[code], text);
    await this.until("the end", () => this.ended);
    assert.strictEqual(this.frames.at(-1)?.name, "GOAWAY");
    return text;
  }

  /** @param {number} channel */
  async status(channel) {
    this.send("STATUS", channel);
    const item = decode((await this.find("CHANNEL_DATA", channel)).payload);
    await this.find("CHANNEL_CLOSE", channel);
    return Object.fromEntries(item);
  }

  /** Ask the worker to end, and return its exit status. */
  async terminate() {
    this.send("GATEWAY_TERMINATE", 0, Buffer.of(0xa0));
    return this.exit;
  }

  kill() {
    this.process.kill("SIGTERM");
    this.process.stdin.destroy();
    this.process.stdout.destroy();
  }
}

/** @param {Seen} frame */
function describe({ name, payload }) {
  try {
    return ["CHANNEL_DATA", "CHANNEL_CLOSE_ERROR", "GOAWAY"].includes(name) ? String(JSON.stringify(decode(payload))) : "";
  } catch {
    return payload.toString("hex");
  }
}

/**
 * Run something with a worker that has said HELLO.
 *
 * @param {(initiator: Initiator) => Promise<unknown>} body
 * @param {{env?: Record<string, string>, cwd?: string, hello?: Record<string, unknown>}} [options]
 */
export async function withWorker(body, { hello, ...options } = {}) {
  const initiator = new Initiator(options);
  try {
    await initiator.hello(hello);
    await body(initiator);
  } finally {
    initiator.kill();
    await initiator.exit;
  }
}
