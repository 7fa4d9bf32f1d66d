/**
 * Sends what the application has given, channel by channel in turn, as far as credit and the stream allow.
 *
 * Spec: FC-020 to FC-024, FC-040, CH-045.
 */

/** @typedef {import("./channel.mjs").Channel} Channel */
/** @typedef {import("./outbox.mjs").Sending} Sending */
/** @typedef {import("./mailbox.mjs").Pressure} Pressure */

export class Sender {
  /**
   * @param {object} circumstances
   * @param {Pressure} circumstances.pressure
   * @param {() => boolean} circumstances.isCongested  whether the stream takes no more at present
   * @param {() => void} circumstances.relieve         called when somebody has begun to wait for credit
   */
  constructor({ pressure, isCongested, relieve }) {
    this.pressure = pressure;
    this.isCongested = isCongested;
    this.relieve = relieve;
    /** @type {Set<Channel>} channels whose next frame can be written, in the order of their turns */
    this.ready = new Set();
    /** @type {Set<Channel>} channels whose next frame waits for credit */
    this.blocked = new Set();
    this.pumping = false;
  }

  /** Queue something behind what the channel has. @param {Channel} channel @param {Sending} sending */
  queue(channel, sending) {
    if (channel.outbox.refusal !== null) {
      sending.failed(channel.outbox.refusal);
      return;
    }
    channel.outbox.queue.push(sending);
    this.settle(channel);
    this.pump();
  }

  /** Something changed for the channel: find out what it waits for. @param {Channel} channel */
  settle(channel) {
    const { outbox } = channel;
    if (outbox.blocked) {
      this.ready.delete(channel);
      this.blocked.add(channel);
    } else {
      this.blocked.delete(channel);
      if (outbox.queue.length) {
        this.ready.add(channel);
      } else {
        this.ready.delete(channel);
      }
    }
    const before = this.pressure.sends;
    this.pressure.sends = this.blocked.size;
    if (before === 0 && this.blocked.size > 0) {
      this.relieve();
    }
  }

  /** Write as much as can be written, one frame of each channel in turn. */
  pump() {
    if (this.pumping) {
      return;
    }
    this.pumping = true;
    try {
      for (const channel of this.ready) {
        if (this.isCongested()) {
          return;
        }
        this.ready.delete(channel); // and to the end of the line, where this loop finds it again
        channel.outbox.writeNext();
        this.settle(channel);
      }
    } finally {
      this.pumping = false;
    }
  }

  /** What waits for credit is sent no more, nor what comes behind it. Spec: GR-011. @param {string} reason */
  giveUp(reason) {
    for (const channel of [...this.blocked]) {
      channel.outbox.refusal = reason;
      this.fail(channel, reason);
    }
  }

  /** What waits on a channel will never be sent. @param {Channel} channel @param {string} reason */
  fail(channel, reason) {
    channel.outbox.fail(reason);
    this.settle(channel);
  }
}
