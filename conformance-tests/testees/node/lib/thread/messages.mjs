/**
 * What the thread that reads the connection and a thread that executes code say to each other. Only types.
 *
 * Bytes travel in memory of their own, which is handed over and not copied.
 */

/** @typedef {import("../wire/channel-error.mjs").ChannelError} ChannelError */

/**
 * @typedef {object} ThreadData  what a thread is given when it begins
 * @property {{depth: number, item: number, part: number, surrogates: boolean}} limits  of the other peer, and the
 *     longest payload of a batch
 * @property {string} gatewayId
 */

/**
 * @typedef {object} Request  from a thread
 * @property {"dropped" | "send" | "receive" | "waitclose" | "close" | "handle" | "handled"} op
 * @property {number} channel
 * @property {number} request          number of the reply, 0 if none is wanted
 * @property {Uint8Array} [bytes]      send: an item, or a batch
 * @property {number} [count]          send: how many items the batch has
 * @property {number} [timeout]        receive, waitclose: seconds
 * @property {boolean} [forHandler]    receive: whether it is a callback's
 * @property {ChannelError | null} [error]  close: the reason; handled: what the callback failed with
 * @property {number} [seen]           dropped: how often the channel was given for the object
 */

/**
 * @typedef {object} Ended  from a thread: the code has ended
 * @property {"ended"} op
 * @property {ChannelError | null} error
 */

/** @typedef {import("./asking.mjs").Question & {op: "chdir", directory: string}} ChangeDirectory  the answer: an error, or null */

/** @typedef {import("./asking.mjs").Question & {op: "open"}} Open  the answer: the id of a new channel, or why there is none */

/**
 * @typedef {object} Failure
 * @property {"eof" | "remote" | "closed" | "ending" | "timeout" | "mistake"} kind
 * @property {string} text
 * @property {ChannelError} [error]  remote: what the other side said
 */

/**
 * @typedef {object} Run  to a thread
 * @property {"run"} op
 * @property {number} channel
 * @property {Uint8Array} payload  of CHANNEL_EXEC
 */

/**
 * @typedef {object} Reply  to a thread
 * @property {"reply"} op
 * @property {number} request
 * @property {Failure} [failure]
 * @property {Uint8Array} [bytes]    an item
 * @property {number[]} [closed]     channels in the item that are closed
 */

/**
 * @typedef {object} Closed  to a thread: a channel that it knows is closed
 * @property {"closed"} op
 * @property {number} channel
 */

/** @typedef {Run | Reply | Closed} ToThread */
/** @typedef {Request | Ended | ChangeDirectory | Open} FromThread */

export {};
