/**
 * Errors that executed code can get from a channel.
 *
 * - `EOFError`: nothing more will come; code that ends with it has ended properly.
 * - `RemoteError`: the other side has closed the channel with an error.
 * - `ChannelClosedError`: something was sent on a channel that is closed or ended.
 * - `TimeoutError`: nothing came in time.
 * - `UsageError`: a mistake of the caller.
 *
 * `Refusal` is for us: a request that is not executed, with the reason, which is no error of any code.
 */

export class EOFError extends Error {}
export class RemoteError extends Error {}
export class ChannelClosedError extends Error {}
export class TimeoutError extends Error {}
export class UsageError extends Error {}
export class Refusal extends Error {}

for (const kind of [EOFError, RemoteError, ChannelClosedError, TimeoutError, UsageError]) {
  kind.prototype.name = kind.name;
}

const BY_KIND = {
  eof: EOFError,
  remote: RemoteError,
  closed: ChannelClosedError,
  timeout: TimeoutError,
  mistake: UsageError,
};

/** @param {import("./messages.mjs").Failure} failure */
export const errorOf = ({ kind, text }) => new BY_KIND[kind](text);
