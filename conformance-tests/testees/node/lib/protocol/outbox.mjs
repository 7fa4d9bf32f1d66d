/**
 * The send half of a channel: what waits for credit or for its turn, in order. Spec: FC-003, FC-020 to FC-024, CH-045.
 */

import { FIXED, FRAME } from "../wire/registry.mjs";
import { Violation } from "../wire/errors.mjs";

/** @typedef {import("../wire/registry.mjs").Limits} Limits */

/**
 * @typedef {object} Sending  one entry of the queue
 * @property {"item" | "batch" | "frame"} kind  an item, a batch, or a control frame that must not overtake items
 * @property {Buffer} bytes
 * @property {number} type        of the frame, for "frame"
 * @property {number} count       of items, for "batch"
 * @property {() => void} done    it is in the stream
 * @property {(reason: string) => void} failed  it never will be
 */

export class Outbox {
  /**
   * @param {number} id
   * @param {Limits} limits  of the other peer
   * @param {(type: number, channel: number, payload: Buffer) => void} write
   */
  constructor(id, limits, write) {
    this.id = id;
    this.credit = limits.credit;
    this.part = mostPart(limits);
    this.write = write;
    /** @type {Sending[]} */
    this.queue = [];
    /** Bytes of the first item that have been sent. */
    this.sent = 0;
    /** @type {string | null} why nothing is taken any more: something was given up, perhaps half of it sent */
    this.refusal = null;
  }

  /** Credit has come back. Spec: FC-012. @param {number} amount @throws {Violation} CREDIT_OVERFLOW */
  grant(amount) {
    if (this.credit + amount > FIXED.max_credit) {
      throw new Violation(
        "CREDIT_OVERFLOW",
        `CHANNEL_CREDIT ${amount} on channel ${this.id}, which has ${this.credit}, makes more than ${FIXED.max_credit}`,
      );
    }
    this.credit += amount;
  }

  /** Whether the next frame has to wait for credit. */
  get blocked() {
    return this.queue.length > 0 && this.nextCost() > this.credit;
  }

  /** What the next frame costs. Spec: FC-002. */
  nextCost() {
    const { kind, bytes, count } = this.queue[0];
    const left = bytes.length - this.sent;
    if (kind === "frame") {
      return 0;
    }
    if (kind === "batch") {
      return left + FIXED.item_overhead * count;
    }
    return left > this.part ? this.part : left + FIXED.item_overhead;
  }

  /** Write the next frame, which is not blocked. Another channel can have its turn then. */
  writeNext() {
    const next = this.queue[0];
    const cost = this.nextCost();
    this.credit -= cost;
    if (next.kind === "item" && next.bytes.length - this.sent > this.part) {
      const end = this.sent + this.part;
      this.write(FRAME.CHANNEL_PART, this.id, next.bytes.subarray(this.sent, end));
      this.sent = end;
      return;
    }
    const type = { item: FRAME.CHANNEL_DATA, batch: FRAME.CHANNEL_BATCH, frame: next.type }[next.kind];
    this.write(type, this.id, next.bytes.subarray(this.sent));
    this.sent = 0;
    this.queue.shift();
    next.done();
  }

  /** Nothing can be sent any more: what waits fails. @param {string} reason */
  fail(reason) {
    this.sent = 0;
    for (const waiting of this.queue.splice(0)) {
      waiting.failed(reason);
    }
  }
}

/** The longest payload of a part, and of a batch: FC-021, FC-022. @param {Limits} limits  of the other peer */
export function mostPart(limits) {
  return Math.min(FIXED.part, limits.frame, Math.floor(limits.credit / 4));
}
