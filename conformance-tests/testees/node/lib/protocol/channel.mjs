/** One channel: two halves, and what is known of it. Spec: CH-060. */

import { Mailbox } from "./mailbox.mjs";
import { Outbox } from "./outbox.mjs";

/** @typedef {import("../wire/registry.mjs").Limits} Limits */
/** @typedef {import("../wire/writer.mjs").Writer} Writer */
/** @typedef {import("./mailbox.mjs").Pressure} Pressure */

export class Channel {
  /**
   * @param {number} id
   * @param {object} circumstances
   * @param {Limits} circumstances.ours    limits that we announced
   * @param {Limits} circumstances.theirs  limits of the other peer
   * @param {Pressure} circumstances.pressure
   * @param {(type: number, channel: number, payload: Buffer) => void} circumstances.write
   * @param {(amount: number) => void} circumstances.giveBack
   */
  constructor(id, { ours, theirs, pressure, write, giveBack }) {
    this.id = id;
    this.mailbox = new Mailbox(id, ours.credit, pressure, giveBack);
    this.outbox = new Outbox(id, theirs, write);
    /** Whether it is open here. Both halves close together. */
    this.open = true;
    /** Whether CHANNEL_LAST_MESSAGE has come: the receive half is ended. */
    this.receiveEnded = false;
    /** Whether CHANNEL_LAST_MESSAGE is sent, or waits behind items: the application can send no more. */
    this.lastQueued = false;
    this.lastSent = false;
    /** Whether CHANNEL_CLOSE waits behind items. */
    this.closeQueued = false;
    /** @type {Writer | null} the pieces of an incomplete item */
    this.pieces = null;
  }

  /** Why the application can send no more, or null if it can. */
  get refusal() {
    if (!this.open || this.closeQueued) {
      const { ended } = this.mailbox;
      return ended?.kind === "lost" ? ended.text : `channel ${this.id} is closed`;
    }
    return this.lastQueued ? `channel ${this.id} was ended: nothing more can be sent on it` : null;
  }
}
