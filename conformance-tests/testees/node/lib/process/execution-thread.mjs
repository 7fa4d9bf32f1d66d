/** A thread that executes code, as the process's first thread sees it. */

import { SHARE_ENV, Worker } from "node:worker_threads";

import { answer } from "../thread/asking.mjs";
import { describeError } from "../thread/describe-error.mjs";
import { CHANNEL_ERROR } from "../wire/registry.mjs";

/** @typedef {import("../protocol/mailbox.mjs").Item} Item */
/** @typedef {import("../wire/channel-error.mjs").ChannelError} ChannelError */
/** @typedef {import("../thread/messages.mjs").Failure} Failure */
/** @typedef {import("../thread/messages.mjs").FromThread} FromThread */
/** @typedef {import("../thread/messages.mjs").ChangeDirectory} ChangeDirectory */
/** @typedef {import("../thread/messages.mjs").Open} Open */
/** @typedef {import("../thread/messages.mjs").Request} Request */
/** @typedef {import("../thread/messages.mjs").ThreadData} ThreadData */
/** @typedef {import("../thread/messages.mjs").ToThread} ToThread */

const PROGRAM = new URL("../thread/thread.mjs", import.meta.url);

/**
 * @typedef {object} ThreadEvents
 * @property {(thread: ExecutionThread, message: Request | Open) => void} requested
 * @property {(channel: number, error: ChannelError | null) => void} executed  the code of the channel, or its thread, has
 *     ended
 * @property {(thread: ExecutionThread) => void} gone  called once, after `executed`
 */

export class ExecutionThread {
  /**
   * @param {ThreadData} data
   * @param {boolean} isMain  whether it stays when it has nothing to do
   * @param {ThreadEvents} events
   */
  constructor(data, isMain, events) {
    this.events = events;
    /** @type {number | null} channel of the execution that runs */
    this.executing = null;
    this.interrupted = false;
    /** Whether that is because the execution was cancelled. */
    this.cancelled = false;
    this.dead = false;
    /** @type {ChannelError | null} */
    this.error = null;
    this.worker = new Worker(PROGRAM, { workerData: { ...data, isMain }, env: SHARE_ENV, stdin: false });
    this.worker.on("message", (message) => this.receive(message));
    this.worker.on("error", (error) => {
      this.error = error instanceof Error ? describeError(error) : { text: String(error), code: "error" };
    });
    this.worker.on("exit", (status) => this.exited(status));
  }

  /** @param {number} channel @param {Buffer} payload  of CHANNEL_EXEC */
  run(channel, payload) {
    this.executing = channel;
    const own = Uint8Array.from(payload);
    this.post({ op: "run", channel, payload: own }, [own.buffer]);
  }

  /** @param {ToThread} message @param {ArrayBuffer[]} [handedOver] */
  post(message, handedOver = []) {
    if (!this.dead) {
      this.worker.postMessage(message, handedOver);
    }
  }

  /** @param {number} request */
  reply(request) {
    if (request) {
      this.post({ op: "reply", request });
    }
  }

  /** @param {number} request @param {Failure} failure */
  fail(request, failure) {
    if (request) {
      this.post({ op: "reply", request, failure });
    }
  }

  /** @param {number} request @param {Item} item @param {number[]} closed  channels in it that are closed */
  deliver(request, { bytes }, closed) {
    const memory = /** @type {ArrayBuffer} */ (bytes.buffer);
    this.post({ op: "reply", request, bytes, closed }, [memory]);
  }

  /** End it, whatever it does; code that runs is interrupted. */
  interrupt() {
    this.interrupted = true;
    return this.worker.terminate();
  }

  /** @param {FromThread} message */
  receive(message) {
    switch (message.op) {
      case "ended":
        return this.ended(message.error);
      case "chdir":
        return changeDirectory(message);
      default:
        return this.events.requested(this, message);
    }
  }

  /** @param {ChannelError | null} error */
  ended(error) {
    const channel = this.executing;
    if (channel !== null) {
      this.executing = null;
      this.events.executed(channel, error);
    }
  }

  /** @param {number} status */
  exited(status) {
    this.dead = true;
    if (this.interrupted) {
      this.ended(this.cancelled ? CHANNEL_ERROR.cancelled : CHANNEL_ERROR.interrupted);
    } else {
      const text = `the executed code called process.exit(${status})`;
      this.ended(this.error ?? { text, code: "error" });
    }
    this.events.gone(this);
  }
}

/** Change the directory of the process for a thread, which cannot do it itself and waits. @param {ChangeDirectory} message */
function changeDirectory(message) {
  /** @type {string | null} */
  let failure = null;
  try {
    process.chdir(message.directory);
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error);
  }
  answer(message, failure);
}
