/**
 * The receive half of a channel: items that wait for the application, and the credit they hold.
 *
 * Credit is due for an item that the application has taken, and, while no complete item waits, for everything that has
 * arrived. Spec: FC-005 to FC-016, FC-040 to FC-042, CH-044.
 */

import { Violation } from "../wire/errors.mjs";

/**
 * @typedef {object} Item  as it arrived
 * @property {Buffer} bytes        in memory of its own
 * @property {number[]} references ids of the channels in it, one for each time
 * @property {number} cost         credit that is due when it is taken
 */

/**
 * @typedef {object} End  how a channel ended
 * @property {"eof" | "error" | "lost"} kind  properly, with the other peer's error, or with the connection
 * @property {string} text
 * @property {import("../wire/channel-error.mjs").ChannelError} [error]  of the other peer
 */

/**
 * @typedef {object} Taker  somebody who waits for one item; one of the two is called, once
 * @property {(item: Item) => void} take
 * @property {(end: End) => void} end
 */

/**
 * @typedef {object} Pressure  reasons why the credit of all that has arrived is due, shared by the channels of a connection
 * @property {number} sends    sends that wait for credit (FC-040)
 * @property {number} stalls   receives that have waited for a stall period (FC-042)
 */

export class Mailbox {
  /**
   * @param {number} id
   * @param {number} window  credit the sender began with
   * @param {Pressure} pressure
   * @param {(amount: number) => void} giveBack  sends CHANNEL_CREDIT
   */
  constructor(id, window, pressure, giveBack) {
    this.id = id;
    this.half = Math.floor(window / 2);
    /** What the sender may still spend. */
    this.left = window;
    this.pressure = pressure;
    this.giveBack = giveBack;
    /** @type {Item[]} */
    this.items = [];
    /** @type {Set<Taker>} in the order in which they came */
    this.takers = new Set();
    /** @type {object | null} the thread whose callback takes the items, also while it is busy with one */
    this.handler = null;
    /** @type {Set<(end: End) => void>} who waits for the end of the channel (FC-041) */
    this.closers = new Set();
    /** @type {End | null} */
    this.ended = null;
    /** Credit to be returned. */
    this.due = 0;
    /** Cost of what has arrived of an incomplete item while a complete one waits in front of it. */
    this.held = 0;
  }

  /** Whether the credit of all that has arrived is due, because the other peer may have to send for somebody here to go on. */
  get eager() {
    const idle = !this.handler && this.takers.size === 0;
    return this.pressure.sends > 0 || (idle && (this.closers.size > 0 || this.pressure.stalls > 0));
  }

  /**
   * Charge a frame that has arrived.
   *
   * @param {number} cost
   * @param {string} name  of the frame
   * @throws {Violation} CREDIT_OVERDRAWN
   */
  charge(cost, name) {
    if (cost > this.left) {
      throw new Violation(
        "CREDIT_OVERDRAWN",
        `${name} on channel ${this.id} costs ${cost} bytes of credit; its sender has ${this.left} left`,
      );
    }
    this.left -= cost;
  }

  /** A piece of an item has arrived. @param {number} cost */
  addPiece(cost) {
    if (this.items.length === 0 || this.eager) {
      this.owe(cost);
    } else {
      this.held += cost;
    }
  }

  /** A complete item has arrived; `item.cost` is that of its last frame. @param {Item} item */
  put(item) {
    item.cost += this.held;
    this.held = 0;
    const [taker] = this.takers;
    if (taker) {
      this.takers.delete(taker);
      this.handOut(item, taker);
      return;
    }
    this.items.push(item);
    if (this.eager) {
      this.pay(item);
    }
  }

  /** Give the next item to somebody, now or when it comes. @param {Taker} taker */
  take(taker) {
    const item = this.items.shift();
    if (item) {
      this.handOut(item, taker);
    } else if (this.ended) {
      taker.end(this.ended);
    } else {
      this.takers.add(taker);
    }
  }

  /** @param {Item} item @param {Taker} taker */
  handOut(item, taker) {
    taker.take(item);
    this.pay(item);
    if (this.items.length === 0) {
      this.payHeld();
    }
  }

  /** Somebody does not want to wait any more. @param {Taker} taker */
  leave(taker) {
    this.takers.delete(taker);
    this.relieve();
  }

  /** What waits becomes due, if there is a reason. */
  relieve() {
    if (this.eager) {
      for (const item of this.items) {
        this.pay(item);
      }
      this.payHeld();
    }
  }

  /** @param {Item} item */
  pay(item) {
    const { cost } = item;
    item.cost = 0;
    this.owe(cost);
  }

  payHeld() {
    const { held } = this;
    this.held = 0;
    this.owe(held);
  }

  /** Return credit, in steps that are worth a frame (FC-014, FC-015). @param {number} cost */
  owe(cost) {
    this.due += cost;
    if (this.ended === null && this.due >= this.half) {
      const amount = this.due;
      this.due = 0;
      this.left += amount;
      this.giveBack(amount);
    }
  }

  /** Nothing more arrives. What waits stays receivable. @param {End} end */
  end(end) {
    if (this.ended) {
      if (end.kind === "error") {
        this.ended = end; // Behind CHANNEL_LAST_MESSAGE: for whoever looks from now on. Spec: CH-041.
      }
      return;
    }
    this.ended = end;
    const takers = [...this.takers];
    this.takers.clear();
    for (const taker of takers) {
      taker.end(end);
    }
    for (const closer of this.closers) {
      closer(end);
    }
    this.closers.clear();
  }
}
