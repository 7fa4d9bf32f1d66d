/** What executed code sees of a channel, and of the gateway. */

import { encodeBatches } from "./batches.mjs";
import { encodeItem } from "../wire/encode.mjs";
import { ChannelReference } from "../wire/types.mjs";
import { EOFError, RemoteError, UsageError } from "./errors.mjs";
import { describeError } from "./describe-error.mjs";

/** @typedef {import("./link.mjs").Link} Link */

/** The worker as executed code sees it. */
export class Gateway {
  #link;

  /** @param {Link} link */
  constructor(link) {
    this.#link = link;
    /** The id that the initiator gave. */
    this.id = link.gatewayId;
  }

  /** Make a channel; the application of the other side has it when it is sent. */
  newchannel() {
    return this.#link.newChannel();
  }
}

/** A channel: items both ways. */
export class Channel extends ChannelReference {
  #link;
  #closed;
  /** Whether it is the channel of the execution that runs in this thread. */
  #executing = false;
  /** @type {Set<Promise<unknown>>} */
  #sending = new Set();

  /** @param {Link} link @param {number} id @param {boolean} closed */
  constructor(link, id, closed) {
    super(id);
    this.#link = link;
    this.#closed = closed;
    /** @type {Gateway} */
    this.gateway = gatewayOf(link);
    Object.freeze(this);
  }

  /**
   * Send an item.
   *
   * @param {unknown} item
   * @returns {Promise<void>} fulfilled when the item is on its way; it waits while the other side does not take items
   * @throws {import("../wire/errors.mjs").DumpError} at once: the item is no value of the protocol
   */
  send(item) {
    return this.#send(encodeItem(item, this.#limits()), 0);
  }

  /**
   * Send many items, in few frames.
   *
   * @param {Iterable<unknown>} items
   * @returns {Promise<void>}
   * @throws {import("../wire/errors.mjs").DumpError} at once, and nothing is sent
   */
  async sendMany(items) {
    const batches = encodeBatches(items, this.#limits(), this.#link.limits.part);
    await Promise.all(batches.map(({ bytes, count }) => this.#send(bytes, count)));
  }

  #limits() {
    const { depth, item, surrogates } = this.#link.limits;
    return { depth, item, surrogates, isOurs: (/** @type {ChannelReference} */ other) => other instanceof Channel };
  }

  /** @param {Buffer} bytes @param {number} count */
  #send(bytes, count) {
    const sent = /** @type {Promise<void>} */ (this.#link.request(this, "send", { bytes, count }));
    const over = () => this.#sending.delete(sent);
    this.#sending.add(sent);
    sent.then(over, over);
    return sent;
  }

  /**
   * Receive an item.
   *
   * @param {number} [timeout]  seconds; without one it waits as long as it takes
   * @returns {Promise<any>} rejected with EOFError when nothing more comes, with RemoteError when the other side has
   *     closed the channel with an error, with TimeoutError
   */
  receive(timeout) {
    return this.#link.request(this, "receive", { timeout });
  }

  /** The items until the end. */
  async *[Symbol.asyncIterator]() {
    for (;;) {
      let item;
      try {
        item = await this.receive();
      } catch (error) {
        if (error instanceof EOFError) {
          return;
        }
        throw error;
      }
      yield item;
    }
  }

  /**
   * Have a function called with each item, in order and one at a time: an async function is waited for.
   *
   * @param {(item: any) => unknown} callback  if it fails, the channel is closed with its error
   * @param {{endmarker?: unknown}} [options]  what it is called with in the end, if anything
   * @returns {Promise<void>}
   */
  async setcallback(callback, options = {}) {
    if (typeof callback !== "function") {
      throw new UsageError("setcallback needs a function");
    }
    await this.#link.request(this, "handle");
    const link = this.#link;
    void handleItems(link, this.id, callback, options);
  }

  /**
   * Close the channel, after what was sent.
   *
   * @param {unknown} [error]  a reason that the other side gets as an error: a text, or an error
   * @returns {Promise<void>}
   * @throws {UsageError} at once, if it is the channel of the code that runs: that is closed when the code has ended
   */
  close(error) {
    if (this.#executing) {
      throw new UsageError("the channel of executed code is closed when the code has ended");
    }
    return /** @type {Promise<void>} */ (this.#link.request(this, "close", { error: reasonOf(error) }));
  }

  /**
   * Wait until the other side sends nothing more.
   *
   * @param {number} [timeout]  seconds
   * @returns {Promise<void>} rejected with RemoteError or TimeoutError
   */
  waitclose(timeout) {
    return /** @type {Promise<void>} */ (this.#link.request(this, "waitclose", { timeout }));
  }

  /** Whether it is closed, as far as is known here: what waits can still be received. */
  isclosed() {
    return this.#closed;
  }

  toString() {
    return `<Channel id=${this.id} ${this.#closed ? "closed" : "open"}>`;
  }

  /** For the thread: the channel is closed. */
  markClosed() {
    this.#closed = true;
  }

  /** For the thread: the execution whose channel this is begins, or has ended. @param {boolean} executing */
  markExecuting(executing) {
    this.#executing = executing;
  }

  /** For the thread: wait for the sends that nobody waits for. */
  async settleSends() {
    while (this.#sending.size) {
      await Promise.allSettled(this.#sending);
    }
  }
}

/** @param {unknown} error @returns {import("../wire/channel-error.mjs").ChannelError | null} */
function reasonOf(error) {
  if (error === undefined) {
    return null;
  }
  if (error instanceof RemoteError) {
    return error.told;
  }
  return error instanceof Error ? { ...describeError(error), text: String(error) } : { text: String(error), code: "error" };
}

/** @type {WeakMap<Link, Gateway>} */
const gateways = new WeakMap();

/** @param {Link} link */
function gatewayOf(link) {
  const gateway = gateways.get(link) ?? new Gateway(link);
  gateways.set(link, gateway);
  return gateway;
}

/**
 * Take items for a callback until the end. It does not keep the channel's object, so the application can drop that.
 *
 * @param {Link} link
 * @param {number} id
 * @param {(item: any) => unknown} callback
 * @param {{endmarker?: unknown}} options
 */
async function handleItems(link, id, callback, options) {
  const stand = /** @type {Channel} */ (/** @type {unknown} */ ({ id }));
  try {
    for (;;) {
      let item;
      try {
        item = await link.request(stand, "receive", { forHandler: true });
      } catch (error) {
        if (error instanceof RangeError) {
          throw error;
        }
        break; // the end, of whatever kind: the callback gets the endmarker
      }
      await callback(item);
    }
    if ("endmarker" in options) {
      await callback(options.endmarker);
    }
    link.post({ op: "handled", channel: id });
  } catch (error) {
    link.post({ op: "handled", channel: id, error: describeError(error) });
  }
}
