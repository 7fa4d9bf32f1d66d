/** The first checks of a frame, in the order of ER-020. What each frame says is checked where it is acted on. */

import { Violation } from "../wire/errors.mjs";
import { FRAME, frameName, isIgnorable, isKnown } from "../wire/registry.mjs";

/** Types whose channel is 0; all others have another one. @type {ReadonlySet<number>} */
const ON_ZERO = new Set([FRAME.GATEWAY_TERMINATE, FRAME.HELLO, FRAME.PING, FRAME.PONG, FRAME.GOAWAY]);

/** Types without a payload. @type {ReadonlySet<number>} */
const EMPTY = new Set([
  FRAME.STATUS, FRAME.INFO, FRAME.CHANNEL_OPEN, FRAME.CHANNEL_CANCEL, FRAME.CHANNEL_CLOSE, FRAME.CHANNEL_LAST_MESSAGE,
]);

/**
 * Steps 1 and 2, made when the header is there. Spec: FR-005, FR-010.
 *
 * @param {number} type
 * @param {number} length
 * @param {number} limit  of the payload, at present
 * @throws {Violation} FRAME_UNKNOWN_TYPE, FRAME_TOO_LARGE
 */
export function checkHeader(type, length, limit) {
  if (!isKnown(type) && !isIgnorable(type)) {
    throw new Violation("FRAME_UNKNOWN_TYPE", `frame type ${type} is not known here`);
  }
  if (length > limit) {
    const text = `a frame ${frameName(type)} of ${length} bytes; at most ${limit} are taken`;
    throw new Violation("FRAME_TOO_LARGE", text);
  }
}

/** Step 3. Spec: FR-014, FR-017. @param {number} type @param {number} id @throws {Violation} STATE_VIOLATION */
export function checkChannel(type, id) {
  if (ON_ZERO.has(type) !== (id === 0)) {
    const wanted = ON_ZERO.has(type) ? "is on channel 0 only" : "is never on channel 0";
    throw new Violation("STATE_VIOLATION", `${frameName(type)} on channel ${id}: it ${wanted}`);
  }
}

/**
 * Step 4; step 5 needs nothing, for no type of the table is sent by workers only.
 *
 * @param {number} type
 * @param {boolean} isFirst  whether no HELLO has come
 * @throws {Violation} STATE_VIOLATION
 */
export function checkOrder(type, isFirst) {
  if (type === FRAME.HELLO && !isFirst) {
    throw new Violation("STATE_VIOLATION", "a second HELLO came");
  }
  if (isFirst && type !== FRAME.HELLO && type !== FRAME.GOAWAY) {
    throw new Violation("STATE_VIOLATION", `${frameName(type)} came before HELLO`);
  }
}

/** Step 6, for types without a payload. @param {number} type @param {Buffer} payload @throws {Violation} PAYLOAD_MALFORMED */
export function checkEmpty(type, payload) {
  if (EMPTY.has(type) && payload.length) {
    const text = `${frameName(type)} has no payload; this one has ${payload.length} bytes`;
    throw new Violation("PAYLOAD_MALFORMED", text);
  }
}
