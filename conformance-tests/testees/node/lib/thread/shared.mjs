/** Counters that all threads share, so that a channel can be made without waiting for anybody. Spec: CH-001, CH-011. */

import { MAX_CHANNEL_ID } from "../wire/registry.mjs";

const MADE = 0;
const OPEN = 1;

export class SharedCounters {
  /** @param {SharedArrayBuffer} [memory] */
  constructor(memory = new SharedArrayBuffer(8)) {
    this.memory = memory;
    this.counters = new Uint32Array(memory);
  }

  /**
   * The id of a new channel.
   *
   * @param {number} most  channels of our making that may be open at once
   * @returns {number}
   * @throws {RangeError} the ids, or the channels that may be open, are used up
   */
  takeId(most) {
    if (Atomics.add(this.counters, OPEN, 1) >= most) {
      Atomics.sub(this.counters, OPEN, 1);
      throw new RangeError(`${most} channels of this worker are open; the initiator takes no more`);
    }
    const made = Atomics.load(this.counters, MADE);
    if (2 * made + 2 > MAX_CHANNEL_ID || Atomics.compareExchange(this.counters, MADE, made, made + 1) !== made) {
      Atomics.sub(this.counters, OPEN, 1);
      if (2 * made + 2 <= MAX_CHANNEL_ID) {
        return this.takeId(most); // another thread was faster
      }
      throw new RangeError("the ids of channels are used up"); // CH-003
    }
    return 2 * made + 2;
  }

  /** A channel of our making has been closed. */
  close() {
    Atomics.sub(this.counters, OPEN, 1);
  }
}
