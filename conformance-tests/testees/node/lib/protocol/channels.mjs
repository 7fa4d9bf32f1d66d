/** The channels of a connection: which are open, and which ids were opened. Spec: CH-001 to CH-016. */

import { Violation } from "../wire/errors.mjs";
import { MAX_CHANNEL_ID } from "../wire/registry.mjs";
import { Channel } from "./channel.mjs";

/** @typedef {import("../wire/registry.mjs").Limits} Limits */

/** Whether the initiator gives such ids. Spec: CH-001. @param {number} id */
const isInitiators = (id) => id % 2 === 1;

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
    /** The lowest ids that are unborn: the initiator's, and this worker's. */
    this.nextTheirs = 1;
    this.nextOurs = 2;
    /** How many of the open ones each has made. */
    this.openTheirs = 0;
    this.openOurs = 0;
  }

  /** The highest id that the initiator has opened, or 0. Spec: ER-008. */
  get lastOfTheirs() {
    return Math.max(0, this.nextTheirs - 2);
  }

  /** Whether an id is above all that were opened by who gives such ids. @param {number} id */
  isUnborn(id) {
    return id >= (isInitiators(id) ? this.nextTheirs : this.nextOurs);
  }

  /**
   * The channel of a frame; none if it is gone, and the frame is dropped. Spec: CH-016, CH-061; step 8 of ER-020.
   *
   * @param {number} id
   * @param {string} name  of the frame
   * @throws {Violation}
   */
  find(id, name) {
    const channel = this.open.get(id);
    if (!channel && this.isUnborn(id)) {
      throw new Violation("STATE_VIOLATION", `${name} on channel ${id}, which nobody has opened`);
    }
    return channel;
  }

  /**
   * Note the id of a frame that opens a channel. Spec: CH-009, CH-011; step 7 of ER-020.
   *
   * @param {number} id
   * @param {string} name  of the frame
   * @throws {Violation}
   */
  take(id, name) {
    if (!isInitiators(id)) {
      throw new Violation("ROLE_VIOLATION", `${name} on channel ${id}: an initiator's channels have odd ids`);
    }
    if (!this.isUnborn(id)) {
      const text = `${name} on channel ${id}; the initiator has opened channel ${this.nextTheirs - 2}, and ids rise`;
      throw new Violation("STATE_VIOLATION", text);
    }
    if (this.openTheirs >= this.limits.channels) {
      throw new Violation(
        "LIMIT_EXCEEDED",
        `channel ${id} is one more than the ${this.limits.channels} that may be open at once`,
      );
    }
    this.nextTheirs = id + 2;
  }

  /** Open a channel of the initiator's, whose id has been noted. @param {number} id */
  addTheirs(id) {
    this.openTheirs += 1;
    return this.add(id);
  }

  /**
   * Open a channel of our own making.
   *
   * @param {number} most  that the initiator lets be open
   * @throws {RangeError} the ids, or the channels that may be open, are used up
   */
  addOurs(most) {
    if (this.openOurs >= most) {
      throw new RangeError(`${most} channels of this worker are open; the initiator takes no more`);
    }
    const id = this.nextOurs;
    if (id > MAX_CHANNEL_ID) {
      throw new RangeError("the ids of channels are used up"); // CH-003
    }
    this.nextOurs += 2;
    this.openOurs += 1;
    return this.add(id);
  }

  /** @param {number} id */
  add(id) {
    const channel = this.make(id);
    this.open.set(id, channel);
    return channel;
  }

  /** A channel is gone. @param {Channel} channel */
  remove({ id }) {
    if (!this.open.delete(id)) {
      return;
    }
    if (isInitiators(id)) {
      this.openTheirs -= 1;
    } else {
      this.openOurs -= 1;
    }
  }

  /** Refuse a reference to what nobody has opened. Spec: CH-010. @param {number} id @throws {Violation} */
  checkReference(id) {
    if (this.isUnborn(id)) {
      throw new Violation("VALUE_MALFORMED", `a reference to channel ${id}, which nobody has opened`);
    }
  }
}
