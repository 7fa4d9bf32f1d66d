/**
 * Serves the requests of threads that execute code: to send, to receive, to close.
 *
 * A request is a message with `op`, mostly a `channel`, and a `request` number; the reply has that number.
 */

import { answer } from "../thread/asking.mjs";

/** @typedef {import("../protocol/channel.mjs").Channel} Channel */
/** @typedef {import("../protocol/connection.mjs").Connection} Connection */
/** @typedef {import("../protocol/mailbox.mjs").End} End */
/** @typedef {import("../protocol/mailbox.mjs").Item} Item */
/** @typedef {import("./execution-thread.mjs").ExecutionThread} ExecutionThread */
/** @typedef {import("./holders.mjs").Holders} Holders */
/** @typedef {import("../thread/messages.mjs").Open} Open */
/** @typedef {import("../thread/messages.mjs").Request} Request */
/** @typedef {import("../thread/messages.mjs").Failure} Failure */

/** After waiting this long, a receive counts as stalled. Spec: FC-042. */
const STALL_MS = 1000;

export class Desk {
  /**
   * @param {Connection} connection
   * @param {Holders} holders
   */
  constructor(connection, holders) {
    this.connection = connection;
    this.holders = holders;
  }

  /** @param {ExecutionThread} thread @param {Request | Open} message */
  serve(thread, message) {
    if (message.op === "open") {
      this.open(thread, message);
      return;
    }
    const { op, channel: id } = message;
    const channel = this.holders.find(id);
    if (op === "dropped") {
      this.holders.drop(id, thread, message.seen ?? 0);
      return;
    }
    if (!channel) {
      thread.fail(message.request, { kind: "closed", text: `channel ${id} is closed` });
      return;
    }
    switch (op) {
      case "send":
        return this.send(thread, channel, message);
      case "receive":
        return this.receive(thread, channel, message);
      case "waitclose":
        return this.waitClose(thread, channel, message);
      case "close":
        return this.close(thread, channel, message);
      case "handle":
        return this.handle(thread, channel, message);
      case "handled":
        return this.handled(channel, message.error ?? null);
    }
  }

  /** Make a channel for a thread, unless that has ended meanwhile. @param {ExecutionThread} thread @param {Open} message */
  open(thread, message) {
    if (thread.dead) {
      return;
    }
    try {
      const channel = this.connection.openChannel();
      this.holders.give(channel.id, thread);
      if (this.connection.isEnded()) {
        this.connection.forget(channel, { kind: "lost", text: "the connection has ended" });
      }
      answer(message, channel.id);
    } catch (error) {
      if (!(error instanceof RangeError)) {
        throw error;
      }
      answer(message, error.message);
    }
  }

  /** @param {ExecutionThread} thread @param {Channel} channel @param {Request} message */
  send(thread, channel, { request, bytes = new Uint8Array(), count = 0 }) {
    const { refusal } = channel;
    if (refusal !== null) {
      thread.fail(request, { kind: "closed", text: `cannot send: ${refusal}` });
      return;
    }
    this.connection.send(channel, {
      kind: count ? "batch" : "item",
      bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
      type: 0,
      count,
      done: () => thread.reply(request),
      failed: (reason) => {
        const kind = channel.outbox.refusal === null ? "closed" : "ending";
        thread.fail(request, { kind, text: `cannot send: ${reason}` });
      },
    });
  }

  /** @param {ExecutionThread} thread @param {Channel} channel @param {Request} message */
  receive(thread, channel, { request, timeout, forHandler = false }) {
    const { mailbox } = channel;
    if (mailbox.handler && !forHandler) {
      const text = `channel ${channel.id} has a callback, which gets its items`;
      thread.fail(request, { kind: "mistake", text });
      return;
    }
    const waiting = new Waiting(this.connection, timeout, () => {
      mailbox.leave(taker);
      thread.fail(request, { kind: "timeout", text: `no item came on channel ${channel.id} in time` });
    });
    const taker = {
      take: (/** @type {Item} */ item) => {
        waiting.over();
        this.holders.removeItem(item.references, thread);
        const closed = item.references.filter((id) => !this.holders.find(id)?.open);
        thread.deliver(request, item, closed);
      },
      end: (/** @type {End} */ end) => {
        waiting.over();
        thread.fail(request, failureOf(end));
      },
    };
    mailbox.take(taker);
    if (mailbox.takers.has(taker)) {
      waiting.begin();
    }
  }

  /** Reply when nothing more can come on the channel. @param {ExecutionThread} thread @param {Channel} channel @param {Request} message */
  waitClose(thread, { id, mailbox }, { request, timeout }) {
    const waiting = new Waiting(this.connection, timeout, () => {
      mailbox.closers.delete(closer);
      thread.fail(request, { kind: "timeout", text: `channel ${id} was not closed in time` });
    });
    const closer = (/** @type {End} */ end) => {
      waiting.over();
      if (end.kind === "eof") {
        thread.reply(request);
      } else {
        thread.fail(request, failureOf(end));
      }
    };
    if (mailbox.ended) {
      closer(mailbox.ended);
      return;
    }
    mailbox.closers.add(closer);
    mailbox.relieve();
    waiting.begin(false);
  }

  /** @param {ExecutionThread} thread @param {Channel} channel @param {Request} message */
  close(thread, channel, { request, error = null }) {
    if (this.holders.isExecuting(channel.id)) {
      const why = `channel ${channel.id} belongs to an execution; it is closed when the code has ended`;
      thread.fail(request, { kind: "mistake", text: why });
      return;
    }
    this.connection.close(channel, { error, done: () => thread.reply(request) });
  }

  /** A callback is to take the items from now on. @param {ExecutionThread} thread @param {Channel} channel @param {Request} message */
  handle(thread, { id, mailbox }, { request }) {
    if (mailbox.handler || mailbox.takers.size) {
      const text = `channel ${id} has a callback or somebody who waits for an item already`;
      thread.fail(request, { kind: "mistake", text });
      return;
    }
    mailbox.handler = thread;
    thread.reply(request);
  }

  /**
   * A callback has seen the end, or has failed. Spec: CH-037, CH-052.
   *
   * @param {Channel} channel
   * @param {import("../wire/channel-error.mjs").ChannelError | null} error  what it failed with
   */
  handled(channel, error) {
    channel.mailbox.handler = null;
    if (error !== null) {
      this.connection.close(channel, { error, impatient: true });
    }
    this.holders.check(channel.id);
  }
}

/** The timers of somebody who waits. */
class Waiting {
  /**
   * @param {Connection} connection
   * @param {number | undefined} timeout  seconds
   * @param {() => void} late  called after the timeout
   */
  constructor(connection, timeout, late) {
    this.connection = connection;
    this.timeout = timeout;
    this.late = late;
    this.stalled = false;
    /** @type {NodeJS.Timeout[]} */
    this.timers = [];
  }

  /** @param {boolean} [forItem]  whether it is an item that does not come */
  begin(forItem = true) {
    if (forItem) {
      this.timers.push(setTimeout(() => this.stall(), STALL_MS));
    }
    if (this.timeout !== undefined) {
      const late = () => {
        this.over();
        this.late();
      };
      this.timers.push(setTimeout(late, this.timeout * 1000));
    }
  }

  stall() {
    this.stalled = true;
    this.connection.pressure.stalls += 1;
    this.connection.relieve();
  }

  over() {
    this.connection.pressure.stalls -= Number(this.stalled);
    this.stalled = false;
    this.timers.forEach(clearTimeout);
  }
}

/** @param {End} end @returns {Failure} */
const failureOf = ({ kind, text, error }) => ({ kind: kind === "error" ? "remote" : "eof", text, error });
