/** The worker: the connection, the code it executes, and its end. */

import { Connection } from "../protocol/connection.mjs";
import { mostPart } from "../protocol/outbox.mjs";
import { DEFAULT_TIMES } from "../wire/control.mjs";
import { DEFAULT_LIMITS, FRAME, SURROGATES } from "../wire/registry.mjs";
import { encodeInfo, encodeStatus } from "./answers.mjs";
import { applyConfig } from "./config.mjs";
import { Desk } from "./desk.mjs";
import { WRITING_MS, endWorker } from "./ending.mjs";
import { Executions } from "./executions.mjs";
import { Holders } from "./holders.mjs";
import { Keepalive } from "./keepalive.mjs";
import { DescriptorStream } from "./stream.mjs";
import { SERVICE_NAMES } from "../thread/services.mjs";
import { Trace, nameOf } from "./trace.mjs";

/** @typedef {import("../protocol/channel.mjs").Channel} Channel */
/** @typedef {import("../wire/hello.mjs").Config} Config */
/** @typedef {import("../wire/registry.mjs").Limits} Limits */

const SELF = { implementation: "xnet-node", version: "0.1.0" };

/** Spec: GW-004, GW-060. */
const FEATURES = ["exec.javascript", ...SERVICE_NAMES.map((name) => `service.${name}`), SURROGATES];

/** A text of this many bytes is the longest that a JavaScript string surely takes; half of that is round. */
const LIMITS = { ...DEFAULT_LIMITS, item: 268435456 };

export class WorkerProcess {
  /** @param {number} input @param {number} output  descriptors of the connection */
  constructor(input, output) {
    this.trace = new Trace(process.env);
    this.stream = new DescriptorStream(input, output);
    /** @type {Executions | null} */
    this.executions = null;
    /** @type {Keepalive | null} */
    this.keepalive = null;
    this.ending = false;
    this.holders = new Holders((channel) => this.dropped(channel));
    /** @type {Connection} */
    this.connection = new Connection({
      limits: LIMITS,
      said: { implementation: SELF.implementation, features: FEATURES },
      stream: this.stream,
      trace: this.trace,
      application: {
        configure: (config) => this.configure(config),
        execute: (channel, payload) => this.executions?.start(channel, payload),
        answer: (name, limits) => this.answer(name, limits),
        opened: (channel) => this.holders.add(channel),
        closed: (channel) => this.closed(channel),
        referenced: (ids) => this.holders.addItem(ids),
        cancel: (id) => this.executions?.cancel(id),
        terminate: (times) => this.end("the initiator asks for the end", times),
        ended: ({ text }) => this.end(text),
      },
    });
    this.desk = new Desk(this.connection, this.holders);
  }

  start() {
    const { connection } = this;
    process.stderr.on("error", () => undefined); // nobody reads our trace any more (TR-003)
    process.on("uncaughtException", (error) => connection.fail("INTERNAL_ERROR", `a fault of this worker: ${error.stack}`));
    process.on("SIGINT", () => this.executions?.interruptMain());
    process.on("disconnect", () => process.exit(1)); // the launcher was killed
    this.trace.event("connection started");
    connection.start();
    this.stream.begin({
      data: (bytes) => {
        this.keepalive?.heard();
        connection.receiveData(bytes);
      },
      eof: () => connection.receiveEof(),
      lost: () => connection.lose(),
      drained: () => connection.drained(),
    });
  }

  /** @param {Config} config */
  configure(config) {
    if (config.id !== undefined) {
      this.trace.name = nameOf(config.id);
    }
    const { execmodel, keepaliveMs } = applyConfig(config);
    this.trace.configured(process.env);
    if (keepaliveMs !== null) {
      this.keepalive = new Keepalive(keepaliveMs, {
        ask: () => this.connection.write(FRAME.PING, 0),
        giveUp: (ms) => this.connection.fail("NO_ERROR", `nothing has come from the initiator for ${Math.round(ms)} ms`),
      });
    }
    const { theirs, features } = this.connection;
    const { depth, item } = theirs;
    const limits = { depth, item, part: mostPart(theirs), surrogates: features.includes(SURROGATES) };
    const data = { limits, gatewayId: config.id ?? "" };
    this.executions = new Executions(execmodel, data, {
      requested: (thread, message) => this.desk.serve(thread, message),
      began: (thread, id) => {
        this.trace.event(`execution of channel ${id} started`);
        this.holders.give(id, thread);
        this.holders.setExecuting(id, true);
      },
      ended: (id, error) => this.executed(id, error),
      gone: (thread) => this.holders.dropThread(thread),
    });
  }

  /** @param {"STATUS" | "INFO"} name @param {Limits} limits  of the initiator @returns {Buffer} */
  answer(name, limits) {
    if (name === "INFO") {
      return encodeInfo(SELF, limits);
    }
    const { running = 0, waiting = [], model = "thread" } = this.executions ?? {};
    const { size } = this.connection.channels.open;
    const counts = { numchannels: size, numexecuting: running, numqueued: waiting.length };
    return encodeStatus({ ...counts, execmodel: model }, limits);
  }

  /** The code of a channel has ended, or was refused. Spec: GW-010. @param {number} id @param {import("../wire/channel-error.mjs").ChannelError | null} error */
  executed(id, error) {
    this.trace.event(`execution of channel ${id} ended ${error === null ? "properly" : "with an error"}`);
    const channel = this.holders.find(id);
    if (channel) {
      this.connection.close(channel, { error, impatient: true });
    }
    this.holders.setExecuting(id, false);
  }

  /** Nobody can use a channel any more. Spec: CH-051, CH-052. @param {Channel} channel */
  dropped(channel) {
    if (!channel.mailbox.handler) {
      this.connection.close(channel);
    } else if (channel.refusal === null) {
      this.connection.endSending(channel);
    }
  }

  /** @param {Channel} channel */
  closed(channel) {
    const threads = this.holders.holdings.get(channel.id)?.threads ?? new Map();
    for (const thread of threads.keys()) {
      thread.post({ op: "closed", channel: channel.id });
    }
    this.holders.check(channel.id);
  }

  /** Begin the steps to the end, once. @param {string} why @param {import("../wire/control.mjs").Times} [times] */
  end(why, times = DEFAULT_TIMES) {
    this.trace.event(why);
    this.keepalive?.stop();
    if (this.connection.isEnded()) {
      void this.stream.finish(WRITING_MS); // at once, though executions may go on (ER-002)
    }
    if (!this.ending) {
      this.ending = true;
      void endWorker(this, times);
    }
  }
}
