/**
 * Where requests to execute run. Spec: GW-010 to GW-016.
 *
 * "The main thread" of the specification is here one thread that only executes code: the thread in which the process
 * began reads the connection, so code that computes without end cannot keep it from doing so (GW-005, FR-023).
 */

import { CHANNEL_ERROR } from "../wire/registry.mjs";
import { ExecutionThread } from "./execution-thread.mjs";

/** @typedef {import("../protocol/channel.mjs").Channel} Channel */
/** @typedef {import("../wire/channel-error.mjs").ChannelError} ChannelError */
/** @typedef {import("../thread/messages.mjs").Open} Open */
/** @typedef {import("../thread/messages.mjs").Request} Request */
/** @typedef {import("../thread/messages.mjs").ThreadData} ThreadData */
/** @typedef {import("./config.mjs").ExecModel} ExecModel */

/** How long a request may wait for the main thread in the model `main_thread_only`. Spec: GW-016. */
const PATIENCE_MS = 1000;

/**
 * @typedef {object} Waiting  a request that waits for the main thread
 * @property {Channel} channel
 * @property {Buffer} payload
 * @property {NodeJS.Timeout} timer
 */

/**
 * @typedef {object} ExecutionEvents
 * @property {(thread: ExecutionThread, message: Request | Open) => void} requested
 * @property {(thread: ExecutionThread, channel: number) => void} began
 * @property {(channel: number, error: ChannelError | null) => void} ended  it ran, or was refused
 * @property {(thread: ExecutionThread) => void} gone
 */

export class Executions {
  /**
   * @param {ExecModel} model
   * @param {ThreadData} data
   * @param {ExecutionEvents} events
   */
  constructor(model, data, events) {
    this.model = model;
    this.data = data;
    this.events = events;
    /** @type {Set<ExecutionThread>} */
    this.threads = new Set();
    /** @type {Waiting[]} */
    this.waiting = [];
    /** @type {Set<() => void>} called when nothing runs any more */
    this.watchers = new Set();
    this.main = this.makeThread(true); // it starts while the handshake goes on
  }

  /** How many run. */
  get running() {
    return [...this.threads].filter((thread) => thread.executing !== null).length;
  }

  /** @param {boolean} isMain */
  makeThread(isMain) {
    const thread = new ExecutionThread(this.data, isMain, {
      requested: this.events.requested,
      executed: (channel, error) => this.ended(channel, error),
      gone: (gone) => {
        this.threads.delete(gone);
        this.events.gone(gone);
      },
    });
    this.threads.add(thread);
    return thread;
  }

  /** @param {Channel} channel @param {Buffer} payload  of CHANNEL_EXEC */
  start(channel, payload) {
    if (this.main.executing === null && this.waiting.length === 0) {
      this.runOnMain(channel, payload);
    } else if (this.model === "thread") {
      this.run(this.makeThread(false), channel, payload);
    } else {
      this.wait(channel, payload);
    }
  }

  /** @param {Channel} channel @param {Buffer} payload */
  runOnMain(channel, payload) {
    if (this.main.dead || this.main.interrupted) {
      this.main = this.makeThread(true);
    }
    this.run(this.main, channel, payload);
  }

  /** @param {ExecutionThread} thread @param {Channel} channel @param {Buffer} payload */
  run(thread, channel, payload) {
    this.events.began(thread, channel.id);
    thread.run(channel.id, payload);
  }

  /** Wait for the main thread, for the one that is there may be about to end. @param {Channel} channel @param {Buffer} payload */
  wait(channel, payload) {
    const one = {
      channel,
      payload: Buffer.from(payload),
      timer: setTimeout(() => {
        this.waiting.splice(this.waiting.indexOf(one), 1);
        this.events.ended(channel.id, CHANNEL_ERROR.mainThreadBusy);
      }, PATIENCE_MS),
    };
    this.waiting.push(one);
  }

  /** End what is executed for a channel, or waits to be. Spec: GW-034. @param {number} channel */
  cancel(channel) {
    const waiting = this.waiting.find((one) => one.channel.id === channel);
    if (waiting) {
      clearTimeout(waiting.timer);
      this.waiting.splice(this.waiting.indexOf(waiting), 1);
      this.events.ended(channel, CHANNEL_ERROR.cancelled);
    }
    for (const thread of this.threads) {
      if (thread.executing === channel) {
        thread.cancelled = true;
        void thread.interrupt();
      }
    }
  }

  /** @param {number} channel @param {ChannelError | null} error */
  ended(channel, error) {
    this.events.ended(channel, error);
    const next = this.main.executing === null ? this.waiting.shift() : undefined;
    if (next) {
      clearTimeout(next.timer);
      this.runOnMain(next.channel, next.payload);
    }
    if (this.running === 0) {
      this.watchers.forEach((watcher) => watcher());
    }
  }

  /**
   * Wait until nothing runs. What waits for the main thread begins meanwhile. Spec: GR-009.
   *
   * @param {number} mostMs
   * @returns {Promise<boolean>} whether that was in time
   */
  async allEnded(mostMs) {
    if (this.running > 0) {
      /** @type {NodeJS.Timeout | undefined} */
      let timer;
      /** @type {() => void} */
      let watcher = () => undefined;
      await new Promise((/** @type {(nothing?: unknown) => void} */ resolve) => {
        timer = setTimeout(resolve, mostMs);
        watcher = () => resolve();
        this.watchers.add(watcher);
      });
      this.watchers.delete(watcher);
      clearTimeout(timer);
    }
    return this.running === 0;
  }

  /** Interrupt what runs on the main thread, as SIGINT does. */
  interruptMain() {
    if (this.main.executing !== null) {
      void this.main.interrupt();
    }
  }

  /**
   * End all threads.
   *
   * @param {number} mostMs
   * @returns {Promise<boolean>} whether they have; one that is inside of a system call has not
   */
  async endThreads(mostMs) {
    const ends = [...this.threads].map((thread) => thread.interrupt());
    /** @type {NodeJS.Timeout | undefined} */
    let timer;
    await Promise.race([
      Promise.all(ends),
      new Promise((resolve) => {
        timer = setTimeout(resolve, mostMs);
      }),
    ]);
    clearTimeout(timer);
    return this.threads.size === 0;
  }
}
