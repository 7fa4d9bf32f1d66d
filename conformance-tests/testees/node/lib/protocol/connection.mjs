/**
 * The worker's end of a connection: bytes in, bytes out, and calls of the application between. It does no input or
 * output itself.
 *
 * States (`protocol-spec/schema/states/connection.yaml`, column of the worker):
 *
 *     hello ------> running ------> terminating ------> ended
 *
 * hello: our HELLO is sent, the initiator's has not come. terminating: GATEWAY_TERMINATE has come. ended: GOAWAY was
 * sent or has come, or the stream has ended; nothing is sent any more.
 */

import { decodeChannelError, encodeChannelError } from "../wire/channel-error.mjs";
import * as control from "../wire/control.mjs";
import { DumpError, Violation } from "../wire/errors.mjs";
import { FrameReader, encodeHeader } from "../wire/frames.mjs";
import { decodeHello, encodeHello } from "../wire/hello.mjs";
import { DEFAULT_LIMITS, FIXED, FRAME, PREAMBLE, codeName, frameName, isKnown } from "../wire/registry.mjs";
import { Channel } from "./channel.mjs";
import { Channels } from "./channels.mjs";
import { checkChannel, checkEmpty, checkHeader, checkOrder } from "./checks.mjs";
import { Receiver } from "./receiver.mjs";
import { Sender } from "./sender.mjs";

/** @typedef {import("../wire/channel-error.mjs").ChannelError} ChannelError */
/** @typedef {import("../wire/registry.mjs").CodeName} CodeName */
/** @typedef {import("../wire/registry.mjs").Limits} Limits */
/** @typedef {import("./mailbox.mjs").End} End */
/** @typedef {import("./outbox.mjs").Sending} Sending */

/**
 * @typedef {object} Stream  what the bytes are written to
 * @property {(bytes: Buffer) => void} write
 * @property {() => boolean} isCongested  whether it takes no more items at present; `drained` is called when it does
 */

/**
 * @typedef {object} Trace
 * @property {(type: number, channel: number, length: number) => void} sent
 * @property {(type: number, channel: number, length: number) => void} received
 */

/**
 * @typedef {object} Application  what the worker does
 * @property {(config: import("../wire/hello.mjs").Config) => void} configure  may throw a Violation
 * @property {(channel: Channel, payload: Buffer, request: control.ExecRequest) => void} execute
 * @property {(name: "STATUS" | "INFO", limits: Limits) => Buffer} answer  an item; throws a DumpError if the other
 *     peer does not take such items
 * @property {(id: number) => void} cancel  what is executed for an open channel, if anything is, is to end
 * @property {(times: control.Times) => void} terminate  the initiator asks for it
 * @property {(ids: readonly number[]) => void} referenced  an item has arrived that refers to channels
 * @property {(channel: Channel) => void} opened  a channel has been opened, by whomever
 * @property {(channel: Channel) => void} closed  a channel has been closed, by whomever
 * @property {(end: End) => void} ended  the connection has ended; what was written is to be flushed, then closed
 */

/** What a request gets that came too late. Spec: GR-006. */
const ABOUT_TO_END = { text: "this worker is about to end", code: "terminating" };

/** @param {ChannelError} error @returns {End} */
const errorEnd = (error) => ({ kind: "error", text: error.text, error });

export class Connection {
  /**
   * @param {object} parts
   * @param {Limits} parts.limits  ours
   * @param {{implementation: string, features: readonly string[]}} parts.said  the rest of our HELLO
   * @param {Stream} parts.stream
   * @param {Trace} parts.trace
   * @param {Application} parts.application
   */
  constructor({ limits, said, stream, trace, application }) {
    this.limits = limits;
    this.said = said;
    this.stream = stream;
    this.trace = trace;
    this.application = application;
    /** @type {"hello" | "running" | "terminating" | "ended"} */
    this.state = "hello";
    /** @type {Limits} of the other peer */
    this.theirs = DEFAULT_LIMITS;
    /** @type {readonly string[]} of the other peer */
    this.features = [];
    /** Reasons why the credit of what has arrived is due; the application counts the stalls. */
    this.pressure = { sends: 0, stalls: 0 };
    const write = this.write.bind(this);
    this.channels = new Channels(limits, (id) => {
      const circumstances = { ours: limits, theirs: this.theirs, pressure: this.pressure, write };
      const giveBack = (/** @type {number} */ amount) =>
        write(FRAME.CHANNEL_CREDIT, id, control.encodeCredit(amount));
      const channel = new Channel(id, { ...circumstances, giveBack });
      application.opened(channel);
      return channel;
    });
    /** How often credit has come back. */
    this.credited = 0;
    this.sender = new Sender({
      pressure: this.pressure,
      isCongested: stream.isCongested,
      relieve: () => this.relieve(),
    });
    this.receiver = new Receiver({ limits, channels: this.channels, referenced: application.referenced });
    this.reader = new FrameReader((type, length) =>
      checkHeader(type, length, this.state === "hello" ? FIXED.hello : limits.frame),
    );
  }

  /** Say who we are, before anything else. Spec: HS-001. */
  start() {
    this.stream.write(PREAMBLE);
    this.write(FRAME.HELLO, 0, encodeHello({ ...this.said, limits: this.limits }));
  }

  /** Take bytes of the stream, and act on the frames that are complete. @param {Buffer} bytes */
  receiveData(bytes) {
    if (this.state === "ended") {
      return;
    }
    try {
      for (const { type, channel, payload } of this.reader.push(bytes)) {
        this.trace.received(type, channel, payload.length);
        this.receiveFrame(type, channel, payload);
        if (this.isEnded()) {
          return;
        }
      }
    } catch (error) {
      if (error instanceof Violation) {
        this.fail(error.code, error.message);
      } else {
        const text = error instanceof Error ? error.message : String(error);
        this.fail("INTERNAL_ERROR", `a fault of this worker: ${text}`); // ER-011
      }
    }
  }

  /** The stream has ended; a worker that was asked to end may still write. Spec: GR-004, GR-014, FR-016. */
  receiveEof() {
    if (this.state === "terminating" && !this.reader.inside) {
      return;
    }
    this.lose();
  }

  /** The stream is broken, or has ended too early. */
  lose() {
    const where = this.reader.inside ? " inside a frame" : "";
    this.end({ kind: "lost", text: `the connection has ended${where}: the initiator is gone` });
  }

  /** The state may have changed meanwhile; a method, since the compiler does not know. */
  isEnded() {
    return this.state === "ended";
  }

  /** Steps 3 to 6. @param {number} type @param {number} id @param {Buffer} payload @throws {Violation} */
  receiveFrame(type, id, payload) {
    if (isKnown(type)) {
      checkChannel(type, id);
      checkOrder(type, this.state === "hello");
      checkEmpty(type, payload);
      this.dispatch(type, id, payload);
    }
  }

  /** @param {number} type @param {number} id @param {Buffer} payload @throws {Violation} */
  dispatch(type, id, payload) {
    switch (type) {
      case FRAME.HELLO:
        return this.receiveHello(payload);
      case FRAME.GOAWAY:
        return this.receiveGoaway(payload);
      case FRAME.PING:
      case FRAME.PONG:
        return this.receivePing(type, payload);
      case FRAME.GATEWAY_TERMINATE:
        return this.receiveTerminate(control.decodeTerminate(payload));
      case FRAME.CHANNEL_OPEN:
        return this.receiveOpen(id);
      case FRAME.CHANNEL_CANCEL:
        return this.receiveCancel(id);
      case FRAME.STATUS:
      case FRAME.INFO:
      case FRAME.CHANNEL_EXEC:
        return this.receiveRequest(type, id, payload);
      case FRAME.CHANNEL_CREDIT:
        return this.receiveCredit(id, control.decodeCredit(payload));
      case FRAME.CHANNEL_CLOSE:
        return this.receiveClose(type, id, { kind: "eof", text: `channel ${id} was closed by the initiator` });
      case FRAME.CHANNEL_CLOSE_ERROR:
        return this.receiveClose(type, id, errorEnd(decodeChannelError(payload)));
      case FRAME.CHANNEL_LAST_MESSAGE:
        return this.receiveLast(id);
      default:
        return this.receiver.receive(type, id, payload);
    }
  }

  /** @param {Buffer} payload */
  receiveHello(payload) {
    const { limits, config, features } = decodeHello(payload);
    this.theirs = limits;
    this.features = features;
    this.application.configure(config);
    this.state = "running";
  }

  /** Spec: ER-004: it is never answered, not even if it is malformed. @param {Buffer} payload */
  receiveGoaway(payload) {
    let text = "the initiator has ended the connection";
    try {
      const { code, text: why } = control.decodeGoaway(payload);
      text += ` with ${codeName(code)}: ${why}`;
    } catch (error) {
      if (!(error instanceof Violation)) {
        throw error;
      }
      text += `; it did not say why properly (${error.message})`;
    }
    this.end({ kind: "lost", text });
  }

  /** @param {number} type @param {Buffer} payload */
  receivePing(type, payload) {
    if (payload.length > FIXED.ping) {
      const text = `${frameName(type)} has ${payload.length} bytes of payload; at most ${FIXED.ping} are taken`;
      throw new Violation("PAYLOAD_MALFORMED", text);
    }
    if (type === FRAME.PING) {
      this.write(FRAME.PONG, 0, Buffer.from(payload));
    }
  }

  /** Spec: GR-003, GR-006. @param {control.Times} times */
  receiveTerminate(times) {
    if (this.state === "terminating") {
      return;
    }
    this.state = "terminating";
    this.receiver.deaf = true;
    for (const channel of this.channels.open.values()) {
      channel.mailbox.end({ kind: "eof", text: "the initiator has asked this worker to end" });
    }
    this.application.terminate(times);
  }

  /** @param {number} id */
  receiveOpen(id) {
    this.channels.take(id, "CHANNEL_OPEN");
    this.channels.addTheirs(id);
  }

  /** Spec: GW-033. @param {number} id */
  receiveCancel(id) {
    if (this.channels.find(id, "CHANNEL_CANCEL")) {
      this.application.cancel(id);
    }
  }

  /** @param {number} type @param {number} id @param {Buffer} payload */
  receiveRequest(type, id, payload) {
    const request = type === FRAME.CHANNEL_EXEC ? control.decodeExec(payload) : null;
    this.channels.take(id, frameName(type));
    if (this.state === "terminating") {
      this.write(FRAME.CHANNEL_CLOSE_ERROR, id, encodeChannelError(ABOUT_TO_END));
    } else if (request) {
      this.application.execute(this.channels.addTheirs(id), payload, request);
    } else {
      this.answer(id, type === FRAME.STATUS ? "STATUS" : "INFO");
    }
  }

  /** Answer straight, so that it comes before a later PONG. Spec: FR-021, GW-020. @param {number} id @param {"STATUS" | "INFO"} name */
  answer(id, name) {
    try {
      this.write(FRAME.CHANNEL_DATA, id, this.application.answer(name, this.theirs));
      this.write(FRAME.CHANNEL_CLOSE, id);
    } catch (error) {
      if (!(error instanceof DumpError)) {
        throw error;
      }
      const told = { text: `${name}: ${error.message}`, code: "limit" };
      this.write(FRAME.CHANNEL_CLOSE_ERROR, id, encodeChannelError(told));
    }
  }

  /** @param {number} id @param {number} amount */
  receiveCredit(id, amount) {
    const channel = this.channels.find(id, "CHANNEL_CREDIT");
    if (channel && !channel.lastSent) {
      this.credited += 1;
      channel.outbox.grant(amount);
      this.sender.settle(channel);
      this.sender.pump();
    }
  }

  /** @param {number} id */
  receiveLast(id) {
    const channel = this.channels.find(id, "CHANNEL_LAST_MESSAGE");
    if (!channel) {
      return;
    }
    this.receiver.checkHalf(channel, FRAME.CHANNEL_LAST_MESSAGE);
    channel.receiveEnded = true;
    channel.mailbox.end({ kind: "eof", text: `the initiator sends nothing more on channel ${id}` });
  }

  /** @param {number} type @param {number} id @param {End} end */
  receiveClose(type, id, end) {
    const channel = this.channels.find(id, frameName(type));
    if (channel) {
      this.forget(channel, end);
    }
  }

  /**
   * Open a channel of our own: its id and the frame go out in one step, so ids rise in the stream. Spec: CH-008.
   *
   * @throws {RangeError} the ids, or the channels that may be open, are used up
   */
  openChannel() {
    const channel = this.channels.addOurs(this.theirs.channels);
    this.write(FRAME.CHANNEL_OPEN, channel.id);
    return channel;
  }

  /** A channel is closed now. What arrived completely stays receivable (CH-044). @param {Channel} channel @param {End} end */
  forget(channel, end) {
    channel.open = false;
    channel.pieces = null;
    this.channels.remove(channel);
    this.application.closed(channel);
    channel.mailbox.end(end);
    this.sender.fail(channel, end.kind === "lost" ? end.text : `channel ${channel.id} is closed`);
  }

  /** Write one frame. Nothing is written on a connection that has ended. @param {number} type @param {number} id @param {Buffer} [payload] */
  write(type, id, payload = Buffer.alloc(0)) {
    if (this.state === "ended") {
      return;
    }
    this.trace.sent(type, id, payload.length);
    this.stream.write(encodeHeader(type, id, payload.length));
    if (payload.length) {
      this.stream.write(payload);
    }
  }

  /** The stream takes items again. */
  drained() {
    this.sender.pump();
  }

  /**
   * Queue an item or a batch, or a frame that must not overtake them.
   *
   * @param {Channel} channel  whose `refusal` is null
   * @param {Sending} sending
   */
  send(channel, sending) {
    this.sender.queue(channel, sending);
  }

  /** Say that nothing more will be sent on a channel, behind what waits. @param {Channel} channel */
  endSending(channel) {
    channel.lastQueued = true;
    const done = () => {
      channel.lastSent = true;
    };
    const frame = { kind: /** @type {const} */ ("frame"), type: FRAME.CHANNEL_LAST_MESSAGE, bytes: Buffer.alloc(0) };
    this.sender.queue(channel, { ...frame, count: 0, done, failed: () => undefined });
  }

  /**
   * Close a channel, behind what waits to be sent on it. A channel that is closed stays so. Spec: CH-040, CH-045.
   *
   * @param {Channel} channel
   * @param {object} [how]
   * @param {ChannelError | null} [how.error]  the reason, if there is one
   * @param {boolean} [how.impatient]       whether what waits for credit is given up
   * @param {() => void} [how.done]         called when it is closed, by whomever, or is being closed already
   */
  close(channel, { error = null, impatient = false, done = () => undefined } = {}) {
    if (!channel.open || channel.closeQueued) {
      done();
      return;
    }
    const end = { kind: /** @type {const} */ ("eof"), text: `channel ${channel.id} was closed here` };
    const type = error === null ? FRAME.CHANNEL_CLOSE : FRAME.CHANNEL_CLOSE_ERROR;
    const bytes = error === null ? Buffer.alloc(0) : encodeChannelError(error);
    if (impatient && channel.outbox.blocked) {
      this.write(type, channel.id, bytes);
      this.forget(channel, end);
      done();
      return;
    }
    channel.closeQueued = true;
    const closed = () => {
      this.forget(channel, end);
      done();
    };
    this.sender.queue(channel, { kind: "frame", type, bytes, count: 0, done: closed, failed: done });
  }

  /** What waits on all channels becomes due, as far as there is a reason. Spec: FC-040, FC-042. */
  relieve() {
    for (const channel of this.channels.open.values()) {
      channel.mailbox.relieve();
    }
  }

  /** End the connection with a code. Spec: ER-002. @param {CodeName} code @param {string} text */
  fail(code, text) {
    if (this.state === "ended") {
      return;
    }
    this.write(FRAME.GOAWAY, 0, control.encodeGoaway(code, text, this.channels.lastOfTheirs));
    this.end({ kind: "lost", text: `this worker has ended the connection with ${code}: ${text}` });
  }

  /** The connection is over, for whatever reason. @param {End} end */
  end(end) {
    if (this.state === "ended") {
      return;
    }
    this.state = "ended";
    for (const channel of [...this.channels.open.values()]) {
      this.forget(channel, end);
    }
    this.application.ended(end);
  }
}
