/**
 * Items that arrive: parts, batches, credit, references. Spec: CH-010, CH-016, CH-030 to CH-038, CH-061, FC-005.
 *
 * The order of the checks is that of ER-020, from step 8 on.
 */

import { countBatch, decodeBatch, decodeItem } from "../wire/decode.mjs";
import { Violation } from "../wire/errors.mjs";
import { FIXED, FRAME, frameName } from "../wire/registry.mjs";
import { ChannelReference } from "../wire/types.mjs";
import { Writer } from "../wire/writer.mjs";

/** @typedef {import("../wire/registry.mjs").Limits} Limits */
/** @typedef {import("./channel.mjs").Channel} Channel */
/** @typedef {import("./channels.mjs").Channels} Channels */
/** @typedef {import("./mailbox.mjs").Item} Item */

const OVERHEAD = FIXED.item_overhead;

export class Receiver {
  /**
   * @param {object} circumstances
   * @param {Limits} circumstances.limits  ours
   * @param {Channels} circumstances.channels
   * @param {(ids: readonly number[]) => void} circumstances.referenced  an item has come that refers to channels
   */
  constructor({ limits, channels, referenced }) {
    this.limits = limits;
    this.channels = channels;
    this.referenced = referenced;
    /** Whether items are dropped, because the worker terminates (GR-006, GR-010). */
    this.deaf = false;
  }

  /**
   * A frame of an item.
   *
   * @param {number} type  CHANNEL_DATA, CHANNEL_PART or CHANNEL_BATCH
   * @param {number} id
   * @param {Buffer} payload
   * @throws {Violation}
   */
  receive(type, id, payload) {
    if (type === FRAME.CHANNEL_PART && payload.length === 0) {
      throw new Violation("PAYLOAD_MALFORMED", `CHANNEL_PART on channel ${id} is empty`);
    }
    const channel = this.channels.find(id, frameName(type));
    if (!channel) {
      return;
    }
    this.checkHalf(channel, type);
    if (this.deaf) {
      const items = type === FRAME.CHANNEL_PART ? 0 : type === FRAME.CHANNEL_DATA ? 1 : countBatch(payload);
      channel.mailbox.charge(payload.length + OVERHEAD * items, frameName(type));
      // Whether an item is incomplete still matters (CH-035); what it was does not.
      channel.pieces = type === FRAME.CHANNEL_PART ? new Writer() : null;
      return;
    }
    if (type === FRAME.CHANNEL_BATCH) {
      this.receiveBatch(channel, payload);
      return;
    }
    const isLast = type === FRAME.CHANNEL_DATA;
    const cost = payload.length + (isLast ? OVERHEAD : 0);
    channel.mailbox.charge(cost, frameName(type));
    const length = (channel.pieces?.length ?? 0) + payload.length;
    if (length > this.limits.item) {
      throw new Violation(
        "LIMIT_EXCEEDED",
        `an item on channel ${id} has ${length} bytes already; items of up to ${this.limits.item} bytes are taken`,
      );
    }
    if (isLast) {
      this.complete(channel, payload, cost);
    } else {
      channel.pieces ??= new Writer();
      channel.pieces.bytes(payload);
      channel.mailbox.addPiece(cost);
    }
  }

  /** Step 9. @param {Channel} channel @param {number} type */
  checkHalf(channel, type) {
    if (channel.receiveEnded) {
      const text = `${frameName(type)} on channel ${channel.id} after CHANNEL_LAST_MESSAGE`;
      throw new Violation("STATE_VIOLATION", text);
    }
    const interrupts = type === FRAME.CHANNEL_BATCH || type === FRAME.CHANNEL_LAST_MESSAGE;
    if (interrupts && channel.pieces) {
      const text = `${frameName(type)} on channel ${channel.id} while an item is incomplete`;
      throw new Violation("STATE_VIOLATION", text);
    }
  }

  /** The last piece of an item, or all of it. @param {Channel} channel @param {Buffer} payload @param {number} cost */
  complete(channel, payload, cost) {
    let bytes;
    if (channel.pieces) {
      channel.pieces.bytes(payload);
      bytes = channel.pieces.finish();
      channel.pieces = null;
    } else {
      bytes = copyOf(payload);
    }
    /** @type {number[]} */
    const references = [];
    try {
      decodeItem(bytes, this.judging(references));
    } catch (error) {
      if (!(error instanceof RangeError)) {
        throw error;
      }
      // Nobody here can hold it: whoever receives it gets the same error (LI-006).
    }
    this.referenced(references);
    channel.mailbox.put({ bytes, references, cost });
  }

  /** @param {Channel} channel @param {Buffer} payload */
  receiveBatch(channel, payload) {
    const cost = payload.length + OVERHEAD * countBatch(payload);
    channel.mailbox.charge(cost, "CHANNEL_BATCH");
    /** @type {Item[]} */
    const items = [];
    /** @type {number[]} */
    let references = [];
    let rest = cost;
    const options = this.judging({ push: (id) => references.push(id) });
    decodeBatch(payload, options, (start, end) => {
      if (end - start > this.limits.item) {
        throw new Violation("LIMIT_EXCEEDED", `an item of a batch on channel ${channel.id} has ${end - start} bytes`);
      }
      const share = end - start + OVERHEAD;
      rest -= share;
      items.push({ bytes: copyOf(payload.subarray(start, end)), references, cost: share });
      references = [];
    });
    items[0].cost += rest; // the head of the array
    this.referenced(items.flatMap((item) => item.references));
    for (const item of items) {
      channel.mailbox.put(item);
    }
  }

  /**
   * How items are judged here; they are built where they are received.
   *
   * @param {{push: (id: number) => void}} references  gets the ids of channels in the item
   */
  judging(references) {
    return {
      depth: this.limits.depth,
      build: false,
      channel: (/** @type {number} */ id) => {
        this.channels.checkReference(id);
        references.push(id);
        return new ChannelReference(id); // it may be a key
      },
    };
  }
}

/** Bytes that do not keep the piece of the stream in memory from which they came. @param {Buffer} bytes */
function copyOf(bytes) {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
