/**
 * Who can still use a channel: threads that have an object for it, and items that refer to it and wait.
 *
 * When nobody can, the application has dropped its last use of the channel. A callback still gets what waits for it when
 * that is closed. Spec: CH-044, CH-051, CH-052.
 */

/** @typedef {import("../protocol/channel.mjs").Channel} Channel */

/**
 * @typedef {object} Holding
 * @property {Channel} channel
 * @property {number} items               references in items that nobody has received yet
 * @property {Map<object, number>} threads  how often each thread was given the channel
 * @property {boolean} executing          whether it is the channel of a running execution
 */

export class Holders {
  /** @param {(channel: Channel) => void} dropped  called when nobody can use an open channel any more */
  constructor(dropped) {
    this.dropped = dropped;
    /** @type {Map<number, Holding>} */
    this.holdings = new Map();
  }

  /** @param {number} id */
  find(id) {
    return this.holdings.get(id)?.channel;
  }

  /** @param {number} id */
  isExecuting(id) {
    return this.holdings.get(id)?.executing ?? false;
  }

  /** A channel has been opened. @param {Channel} channel */
  add(channel) {
    this.holdings.set(channel.id, { channel, items: 0, threads: new Map(), executing: false });
  }

  /** An item with references has arrived. @param {readonly number[]} ids */
  addItem(ids) {
    for (const id of ids) {
      const holding = this.holdings.get(id);
      if (holding) {
        holding.items += 1;
      }
    }
  }

  /** An item with references is handed to a thread, or discarded. @param {readonly number[]} ids @param {object} [thread] */
  removeItem(ids, thread) {
    for (const id of ids) {
      const holding = this.holdings.get(id);
      if (holding) {
        holding.items -= 1;
        if (thread) {
          this.give(id, thread);
        }
        this.check(id);
      }
    }
  }

  /** A thread is given a channel, once more. @param {number} id @param {object} thread */
  give(id, thread) {
    const threads = this.holdings.get(id)?.threads;
    threads?.set(thread, (threads.get(thread) ?? 0) + 1);
  }

  /**
   * A thread's object for a channel is gone. It may have been given the channel again meanwhile, for another object.
   *
   * @param {number} id
   * @param {object} thread
   * @param {number} seen  how often it had been given the channel for that object
   */
  drop(id, thread, seen) {
    const threads = this.holdings.get(id)?.threads;
    const left = (threads?.get(thread) ?? 0) - seen;
    if (left > 0) {
      threads?.set(thread, left);
    } else {
      threads?.delete(thread);
    }
    this.check(id);
  }

  /** A thread has ended. @param {object} thread */
  dropThread(thread) {
    for (const [id, { threads, channel }] of this.holdings) {
      const { mailbox } = channel;
      const handled = mailbox.handler === thread;
      if (handled) {
        mailbox.handler = null;
      }
      if (threads.delete(thread) || handled) {
        this.check(id);
      }
    }
  }

  /** @param {number} id @param {boolean} executing */
  setExecuting(id, executing) {
    const holding = this.holdings.get(id);
    if (holding) {
      holding.executing = executing;
      this.check(id);
    }
  }

  /** Look whether anybody can use a channel; if not, forget it. @param {number} id */
  check(id) {
    const holding = this.holdings.get(id);
    if (!holding || holding.items > 0 || holding.threads.size > 0 || holding.executing) {
      return;
    }
    const { channel } = holding;
    const { handler, items } = channel.mailbox;
    if (!handler || (!channel.open && items.length === 0)) {
      this.holdings.delete(id);
    }
    if (channel.open) {
      this.dropped(channel);
    }
    if (!handler) {
      for (const item of items.splice(0)) {
        this.removeItem(item.references);
      }
    }
  }
}
