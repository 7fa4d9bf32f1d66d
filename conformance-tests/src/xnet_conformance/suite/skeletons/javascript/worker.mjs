/**
 * A worker to begin with: it shakes hands, answers PING, refuses what it does not know, and ends when asked to.
 *
 * What is next: values (30-values.md), channels (40-channels.md), CHANNEL_EXEC (60-gateway.md), credit (50-flow-control.md).
 */

import { writeSync } from "node:fs";

const PREAMBLE = Buffer.from("89584e45540d0a1a0a", "hex");
const HEADER_BYTES = 9; // type, channel, length (FR-001)
const MOST_PAYLOAD = 1_048_576; // what a HELLO without limits announces (85-limits.md)
const GATEWAY_TERMINATE = 2, HELLO = 8, PING = 11, PONG = 12, GOAWAY = 14;
// Codes of 80-errors.md; HELLO and {"code": ..., "last": 0, "text": ""} in CBOR, by hand.
const FRAME_UNKNOWN_TYPE = 2, FRAME_TOO_LARGE = 3;
const OUR_HELLO = Buffer.concat([
  Buffer.from("a26776657273696f6e820100", "hex"), // a map of two, "version": [1, 0]
  Buffer.from("686665617475726573816f", "hex"), // "features": a list with a text of 15 bytes (GW-004)
  Buffer.from("exec.javascript"),
]);

function send(type, channel, payload) {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt8(type, 0);
  header.writeUInt32BE(channel, 1);
  header.writeUInt32BE(payload.length, 5);
  writeSync(1, Buffer.concat([header, payload]));
}

/** Say why, and nothing after it (ER-002). */
function end(code) {
  send(GOAWAY, 0, Buffer.concat([Buffer.from("a364636f6465", "hex"), Buffer.from([code]), Buffer.from("646c617374" + "00" + "647465787460", "hex")]));
  process.exit(0);
}

writeSync(1, PREAMBLE);
send(HELLO, 0, OUR_HELLO);
let waiting = Buffer.alloc(0); // frames arrive in any pieces (FR-002)
process.stdin.on("data", (data) => {
  waiting = Buffer.concat([waiting, data]);
  while (waiting.length >= HEADER_BYTES) {
    const type = waiting.readUInt8(0);
    const length = waiting.readUInt32BE(5);
    if (type === 1 || (type > 17 && (type < 128 || type > 191))) end(FRAME_UNKNOWN_TYPE); // (FR-010, FR-011)
    if (length > MOST_PAYLOAD) end(FRAME_TOO_LARGE); // before the payload is there (FR-005)
    if (waiting.length < HEADER_BYTES + length) return;
    const payload = waiting.subarray(HEADER_BYTES, HEADER_BYTES + length);
    waiting = waiting.subarray(HEADER_BYTES + length);
    if (type === PING) send(PONG, 0, payload); // (FR-020)
    else if (type === GATEWAY_TERMINATE || type === GOAWAY) process.exit(0);
  }
});
process.stdin.on("end", () => process.exit(0)); // the initiator is gone (GR-004)
