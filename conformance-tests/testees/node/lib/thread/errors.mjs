/**
 * Errors that executed code can get from a channel.
 *
 * - `EOFError`: nothing more will come; code that ends with it has ended properly.
 * - `RemoteError`: the other side has closed the channel with an error.
 * - `ChannelClosedError`: something was sent on a channel that is closed or ended.
 * - `WorkerEndingError`: this worker was asked to end, and nobody takes what it sends; code that ends with it has been
 *   interrupted.
 * - `TimeoutError`: nothing came in time.
 * - `UsageError`: a mistake of the caller.
 *
 * `Refusal` is for us: a request that is not executed, with the reason, which is no error of any code.
 */

export class EOFError extends Error {}

export class RemoteError extends Error {
  /** @param {string} text  also the message @param {import("../wire/channel-error.mjs").ChannelError} [told] */
  constructor(text, told = { text, code: "error" }) {
    super(text);
    /** What happened there, in a word that a program can compare. */
    this.code = told.code;
    /** All that the other side said, as data: text, code, and type, message, frames if they are known. */
    this.told = told;
  }
}

export class ChannelClosedError extends Error {}
export class WorkerEndingError extends Error {}
export class TimeoutError extends Error {}
export class UsageError extends Error {}

export class Refusal extends Error {
  /** @param {string} text @param {string} [code]  the word of CHANNEL_CLOSE_ERROR */
  constructor(text, code = "error") {
    super(text);
    this.code = code;
  }
}

for (const kind of [EOFError, RemoteError, ChannelClosedError, WorkerEndingError, TimeoutError, UsageError]) {
  kind.prototype.name = kind.name;
}

/** @type {Record<string, new (text: string, told?: any) => Error>} */
const BY_KIND = {
  eof: EOFError,
  remote: RemoteError,
  closed: ChannelClosedError,
  ending: WorkerEndingError,
  timeout: TimeoutError,
  mistake: UsageError,
};

/** @param {import("./messages.mjs").Failure} failure */
export const errorOf = ({ kind, text, error }) => new BY_KIND[kind](text, error);
