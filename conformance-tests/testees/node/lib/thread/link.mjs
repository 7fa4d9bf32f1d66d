/** A thread's requests to the thread that reads the connection, and the channels it has objects for. */

import { decodeItem } from "../wire/decode.mjs";
import { ask } from "./asking.mjs";
import { errorOf } from "./errors.mjs";

/** @typedef {import("node:worker_threads").MessagePort} MessagePort */
/** @typedef {import("./channel.mjs").Channel} Channel */
/** @typedef {import("./messages.mjs").Reply} Reply */
/** @typedef {import("./messages.mjs").Request} Request */
/** @typedef {import("./messages.mjs").ThreadData} ThreadData */

/** @typedef {{id: number, given: number, object: WeakRef<Channel>}} Known */

/** Depth of items as this worker announces it; the items were judged by it already. */
const DEPTH = 512;

export class Link {
  /**
   * @param {MessagePort} port
   * @param {ThreadData} data
   * @param {(link: Link, id: number, closed: boolean) => Channel} makeChannel
   */
  constructor(port, data, makeChannel) {
    this.port = port;
    this.limits = data.limits;
    this.gatewayId = data.gatewayId;
    this.makeChannel = makeChannel;
    this.requests = 0;
    /**
     * What waits for a reply. It keeps the channel, which nobody else may have any more.
     *
     * @type {Map<number, {channel: Channel, resolve: (value: unknown) => void, reject: (error: Error) => void}>}
     */
    this.pending = new Map();
    /** @type {Map<number, Known>} */
    this.known = new Map();
    this.finalization = new FinalizationRegistry((/** @type {Known} */ known) => this.dropped(known));
  }

  /**
   * Ask for something.
   *
   * @param {Channel} channel
   * @param {Request["op"]} op
   * @param {Partial<Request>} [rest]
   * @returns {Promise<unknown>} an item, or undefined. That it fails is no unhandled rejection.
   */
  request(channel, op, rest = {}) {
    this.requests += 1;
    const request = this.requests;
    const promise = new Promise((resolve, reject) => this.pending.set(request, { channel, resolve, reject }));
    promise.catch(() => undefined);
    this.post({ op, channel: channel.id, request, ...rest });
    return promise;
  }

  /** Say something that needs no reply. @param {Omit<Request, "request"> & {request?: number}} message */
  post(message) {
    const handedOver = message.bytes ? [/** @type {ArrayBuffer} */ (message.bytes.buffer)] : [];
    this.port.postMessage({ request: 0, ...message }, handedOver);
  }

  /** @param {Reply} reply */
  receive({ request, failure, bytes, closed = [] }) {
    const waiting = this.pending.get(request);
    if (!waiting) {
      return;
    }
    this.pending.delete(request);
    if (failure) {
      waiting.reject(errorOf(failure));
    } else if (bytes) {
      try {
        waiting.resolve(this.decode(bytes, closed));
      } catch (error) {
        waiting.reject(/** @type {Error} */ (error)); // an item that JavaScript cannot hold: a RangeError
      }
    } else {
      waiting.resolve(undefined);
    }
  }

  /** @param {Uint8Array} bytes @param {number[]} closed */
  decode(bytes, closed) {
    return decodeItem(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), {
      depth: DEPTH,
      build: true,
      channel: (id) => this.given(id, closed.includes(id)),
    });
  }

  /**
   * The object for a channel that this thread was given: always the same one, as long as somebody has it.
   *
   * @param {number} id
   * @param {boolean} [closed]
   */
  given(id, closed = false) {
    const known = this.known.get(id);
    const object = known?.object.deref();
    if (known && object) {
      known.given += 1;
      return object;
    }
    const made = this.makeChannel(this, id, closed);
    const entry = { id, given: 1, object: new WeakRef(made) };
    this.known.set(id, entry);
    this.finalization.register(made, entry);
    return made;
  }

  /** Make a channel. @returns {Channel} @throws {RangeError} there may be no more */
  newChannel() {
    const id = ask(this.port, { op: "open" });
    if (typeof id !== "number") {
      throw new RangeError(id);
    }
    return this.given(id);
  }

  /** @param {number} id */
  closed(id) {
    const object = this.known.get(id)?.object.deref();
    if (object) {
      object.markClosed();
    }
  }

  /** @param {Known} known  whose object nobody has any more */
  dropped(known) {
    if (this.known.get(known.id) === known) {
      this.known.delete(known.id);
    }
    this.post({ op: "dropped", channel: known.id, seen: known.given });
  }
}
