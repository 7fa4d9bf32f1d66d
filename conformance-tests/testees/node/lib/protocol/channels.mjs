/** The channels of a connection: which are open, which ids were used. Spec: CH-001 to CH-014, VA-040. */

import { DEFAULT_COERCION } from "../wire/decode.mjs";
import { Violation } from "../wire/errors.mjs";
import { Channel } from "./channel.mjs";
import { UsedIds, isInitiators } from "./ids.mjs";

/** @typedef {import("../wire/decode.mjs").Coercion} Coercion */
/** @typedef {import("../wire/registry.mjs").Limits} Limits */

export class Channels {
  /**
   * @param {Limits} limits  ours
   * @param {(id: number) => Channel} make
   */
  constructor(limits, make) {
    this.limits = limits;
    this.make = make;
    /** @type {Map<number, Channel>} */
    this.open = new Map();
    this.theirs = new UsedIds();
    this.ours = new UsedIds();
    /** How many of the open ones the initiator has made. */
    this.openTheirs = 0;
    /** @type {Coercion} flags of channels that have none of their own */
    this.coercion = DEFAULT_COERCION;
    /** @type {Set<number>} channels never open here, of which pieces of an item were dropped (CH-039) */
    this.skipped = new Set();
  }

  /** Whether an id is open, or was, or was closed before it came here. @param {number} id */
  wasUsed(id) {
    return (isInitiators(id) ? this.theirs : this.ours).has(id);
  }

  /** @param {Channel} channel */
  coercionOf(channel) {
    return channel.coercion ?? this.coercion;
  }

  /**
   * Note the id of a request. Spec: CH-004, CH-005, CH-011; step 7 of ER-020.
   *
   * @param {number} id
   * @param {string} name  of the frame
   * @throws {Violation}
   */
  checkRequest(id, name) {
    if (!isInitiators(id)) {
      throw new Violation("ROLE_VIOLATION", `${name} on channel ${id}: an initiator's channels have odd ids`);
    }
    if (this.theirs.has(id)) {
      throw new Violation("STATE_VIOLATION", `${name} on channel ${id}, which has been used before`);
    }
    this.checkRoom(id);
    this.theirs.add(id);
  }

  /** Open a channel whose id has been noted. @param {number} id */
  add(id) {
    const channel = this.make(id);
    channel.skipping = this.skipped.delete(id);
    this.open.set(id, channel);
    this.openTheirs += Number(isInitiators(id));
    return channel;
  }

  /** Open a channel of our own making. @param {number} id */
  addOurs(id) {
    this.ours.add(id);
    return this.add(id);
  }

  /** Forget a channel, but for its id. @param {Channel} channel */
  remove(channel) {
    if (this.open.delete(channel.id)) {
      this.openTheirs -= Number(isInitiators(channel.id));
    }
  }

  /** An id was closed by its sender before it came here. Spec: CH-012. @param {number} id */
  closeUnopened(id) {
    this.skipped.delete(id);
    if (isInitiators(id)) {
      this.theirs.add(id);
    }
  }

  /** Refuse a reference that nobody can have made. Spec: CH-010. @param {number} id @throws {Violation} */
  checkReference(id) {
    if (!isInitiators(id) && !this.ours.has(id)) {
      const text = `a reference to channel ${id}: even ids are given by this worker, and it has given no such id`;
      throw new Violation("VALUE_MALFORMED", text);
    }
  }

  /** Open what an item refers to for the first time. Spec: CH-010, CH-011. @param {readonly number[]} ids */
  openReferences(ids) {
    for (const id of ids) {
      if (isInitiators(id) && !this.theirs.has(id)) {
        this.checkRoom(id);
        this.theirs.add(id);
        this.add(id);
      }
    }
  }

  /** @param {number} id */
  checkRoom(id) {
    if (this.openTheirs >= this.limits.channels) {
      throw new Violation(
        "LIMIT_EXCEEDED",
        `channel ${id} is one more than the ${this.limits.channels} that may be open at once`,
      );
    }
  }

  /** A piece of an item was dropped: drop its rest, too. Spec: CH-039, CH-046. @param {number} id */
  skip(id) {
    this.skipped.add(id);
    if (this.skipped.size > this.limits.channels) {
      const text = `items are incomplete on more than ${this.limits.channels} channels that were never opened`;
      throw new Violation("LIMIT_EXCEEDED", text);
    }
  }
}
