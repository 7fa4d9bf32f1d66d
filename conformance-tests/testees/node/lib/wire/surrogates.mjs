/**
 * Texts with surrogates, in generalised UTF-8: each code point in the bytes that the rule of UTF-8 gives for its number.
 *
 * A JavaScript string can hold halves of pairs that stand alone. Two halves beside each other are one character in it,
 * and two code points here; a text with such is a `PairedText`. Spec: VA-010, VA-013, VA-014, VA-027.
 */

import { isUtf8 } from "node:buffer";

import { PairedText } from "./types.mjs";

/**
 * @param {string} text
 * @returns {Buffer}
 */
export function encodeSurrogates(text) {
  const pieces = [];
  // By characters: a half in it has no other half beside it.
  for (const piece of text.split(/(\p{Surrogate})/u)) {
    const unit = piece.length === 1 ? piece.charCodeAt(0) : 0;
    const alone = unit >= 0xd800 && unit <= 0xdfff;
    pieces.push(
      alone ? Buffer.from([0xed, 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f)]) : Buffer.from(piece, "utf8"),
    );
  }
  return Buffer.concat(pieces);
}

/**
 * @param {Buffer} bytes
 * @returns {string | PairedText | null}  null if there is no surrogate in it, or it is no generalised UTF-8
 */
export function decodeSurrogates(bytes) {
  const pieces = [];
  let start = 0;
  let paired = false;
  let high = false; // whether a high half ends at `start`
  for (let place = bytes.indexOf(0xed); place >= 0; place = bytes.indexOf(0xed, place)) {
    const [second, third] = [bytes[place + 1], bytes[place + 2]];
    if (!(second >= 0xa0 && second <= 0xbf && third >= 0x80 && third <= 0xbf)) {
      place += 1;
      continue;
    }
    const between = bytes.subarray(start, place);
    if (!isUtf8(between)) {
      return null;
    }
    const unit = 0xd000 | ((second & 0x3f) << 6) | (third & 0x3f);
    paired ||= high && between.length === 0 && unit >= 0xdc00;
    high = unit < 0xdc00;
    pieces.push(between.toString("utf8"), String.fromCharCode(unit));
    place += 3;
    start = place;
  }
  const rest = bytes.subarray(start);
  if (start === 0 || !isUtf8(rest)) {
    return null;
  }
  pieces.push(rest.toString("utf8"));
  const text = pieces.join("");
  return paired ? new PairedText(bytes, text) : text;
}
