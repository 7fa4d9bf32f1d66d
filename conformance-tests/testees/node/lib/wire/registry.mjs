/**
 * The numbers of the protocol: frame types, error codes, limits.
 *
 * The tests compare this file with `protocol-spec/schema/registry.yaml`.
 */

/** First bytes of a worker. Spec: HS-001. */
export const PREAMBLE = Buffer.from("89584e45540d0a1a0a", "hex");

/** @type {readonly [number, number]} Major and minor version that we speak. */
export const VERSION = [1, 0];

/** Codes of the frame types by name. */
export const FRAME = Object.freeze({
  STATUS: 0,
  GATEWAY_TERMINATE: 2,
  CHANNEL_EXEC: 3,
  CHANNEL_DATA: 4,
  CHANNEL_CLOSE: 5,
  CHANNEL_CLOSE_ERROR: 6,
  CHANNEL_LAST_MESSAGE: 7,
  HELLO: 8,
  CHANNEL_CREDIT: 9,
  CHANNEL_PART: 10,
  PING: 11,
  PONG: 12,
  INFO: 13,
  GOAWAY: 14,
  CHANNEL_BATCH: 15,
  CHANNEL_OPEN: 16,
  CHANNEL_CANCEL: 17,
});

/** @type {ReadonlyMap<number, string>} */
const FRAME_NAMES = new Map(Object.entries(FRAME).map(([name, code]) => [code, name]));

/** Types that a receiver skips without knowing them. Spec: FR-011. */
export const IGNORABLE = Object.freeze({ first: 128, last: 191 });

/** A name for a frame type; 128 has one although nobody may send it yet. Spec: TR-010, FR-012. @param {number} type */
export function frameName(type) {
  return FRAME_NAMES.get(type) ?? (type === 128 ? "OUTPUT" : `TYPE_${type}`);
}

/** Whether the table of types has it. @param {number} type */
export const isKnown = (type) => FRAME_NAMES.has(type);

/** Whether a receiver that does not know the type skips it. @param {number} type */
export const isIgnorable = (type) => type >= IGNORABLE.first && type <= IGNORABLE.last;

/** Error codes by name. Spec: ER-001. */
export const CODE = Object.freeze({
  NO_ERROR: 0,
  VERSION_UNSUPPORTED: 1,
  FRAME_UNKNOWN_TYPE: 2,
  FRAME_TOO_LARGE: 3,
  VALUE_MALFORMED: 4,
  CREDIT_OVERDRAWN: 5,
  CREDIT_OVERFLOW: 6,
  STATE_VIOLATION: 7,
  LIMIT_EXCEEDED: 8,
  HELLO_MALFORMED: 9,
  CONFIG_REFUSED: 10,
  PREAMBLE_MISSING: 11,
  INTERNAL_ERROR: 12,
  ROLE_VIOLATION: 13,
  PAYLOAD_MALFORMED: 14,
});

/** @typedef {keyof typeof CODE} CodeName */

/** A code as a message shows it; one that nobody knows is shown as its number. @param {number} code */
export function codeName(code) {
  return Object.entries(CODE).find((entry) => entry[1] === code)?.[0] ?? String(code);
}

/**
 * @typedef {object} Limits
 * @property {number} frame    bytes of one payload
 * @property {number} item     bytes of one item, summed over its parts
 * @property {number} depth    arrays, maps and tags open at once
 * @property {number} channels channels of the other peer's making that are open at once
 * @property {number} credit   the window: bytes that may be unread on a channel
 */

/** What holds for a key that HELLO does not have. @type {Readonly<Limits>} */
export const DEFAULT_LIMITS = Object.freeze({
  frame: 1048576,
  item: 2147483647,
  depth: 512,
  channels: 65536,
  credit: 1048576,
});

/** Smallest values that may be announced. @type {Readonly<Limits>} */
export const MINIMUM_LIMITS = Object.freeze({ frame: 65536, item: 1, depth: 64, channels: 1, credit: 65536 });

/** The least that may be announced as memory. This worker announces none: it trusts its initiator. */
export const MINIMUM_MEMORY = 65536;

/** Limits that are not negotiated. */
export const FIXED = Object.freeze({
  noise: 65536,
  hello: 65536,
  part: 262144,
  item_overhead: 64,
  max_credit: 2147483647,
  ping: 64,
  terminate_ms: 86400000,
  goaway_text: 4096,
  channel_error: 65536,
});

/** Depth of control payloads, whatever was announced. Spec: FR-015. */
export const CONTROL_DEPTH = 64;

/** The highest channel id. Spec: CH-001. */
export const MAX_CHANNEL_ID = 0xffffffff;

/** Tags of the closed set of values. */
export const TAG = Object.freeze({
  POSITIVE_BIGNUM: 2,
  NEGATIVE_BIGNUM: 3,
  SET: 258,
  COMPLEX: 43000,
  TUPLE: 58400,
  FROZENSET: 58401,
  CHANNEL: 58402,
  SURROGATES: 58404,
});

/** The feature of a peer that takes texts with surrogates. Spec: VA-013. */
export const SURROGATES = "surrogates";

/** Errors of CHANNEL_CLOSE_ERROR whose texts programs for execnet compare. Spec: GW-010, GW-014. */
export const CHANNEL_ERROR = Object.freeze({
  mainThreadBusy: {
    text: "concurrent remote_exec would cause deadlock for main_thread_only execmodel",
    code: "busy",
  },
  interrupted: { text: "keyboard-interrupted", code: "interrupted" },
  cancelled: { text: "cancelled", code: "cancelled" },
});
