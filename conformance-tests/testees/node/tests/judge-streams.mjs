/**
 * For comparisons with another implementation: reads streams, a line of hexadecimal digits each, as an initiator sends
 * them, and writes a line for each: what the connection says, and what is left of it.
 */

import { createInterface } from "node:readline";

import { Connection } from "../lib/protocol/connection.mjs";
import { FrameReader } from "../lib/wire/frames.mjs";
import { DEFAULT_LIMITS, FRAME, PREAMBLE, frameName } from "../lib/wire/registry.mjs";
import { decode, encode } from "./initiator.mjs";

/** Small, so that streams reach them. */
const LIMITS = { ...DEFAULT_LIMITS, credit: 65536, item: 100000, channels: 4 };

/** @param {Buffer} bytes @param {number} size  of the reads */
function judge(bytes, size) {
  /** @type {string[]} */
  const said = [];
  const reader = new FrameReader(() => undefined);
  let skip = PREAMBLE.length;
  const nothing = () => undefined;
  const connection = new Connection({
    limits: LIMITS,
    said: { implementation: "judge", features: [] },
    stream: {
      write: (written) => {
        const rest = written.subarray(skip);
        skip = 0;
        for (const { type, channel, payload } of reader.push(rest)) {
          said.push(`${frameName(type)} ${channel}${describe(type, payload)}`);
        }
      },
      isCongested: () => false,
    },
    trace: { sent: nothing, received: nothing },
    application: {
      configure: nothing,
      execute: nothing,
      answer: () => encode(null),
      terminate: nothing,
      referenced: nothing,
      opened: nothing,
      closed: nothing,
      ended: nothing,
    },
  });
  connection.start();
  for (let start = 0; start < bytes.length; start += size) {
    connection.receiveData(Buffer.from(bytes.subarray(start, start + size)));
  }
  const open = [...connection.channels.open.values()].sort((one, two) => one.id - two.id);
  const channels = open.map(({ id, mailbox: { items, left } }) => [id, items.length, left]);
  return JSON.stringify({ said: said.slice(1), state: connection.state, channels });
}

/** @param {number} type @param {Buffer} payload */
function describe(type, payload) {
  switch (type) {
    case FRAME.GOAWAY:
      return ` ${decode(payload).get("code")}`;
    case FRAME.CHANNEL_CREDIT:
      return ` ${decode(payload)}`;
    default:
      return "";
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const bytes = Buffer.from(line, "hex");
  const whole = judge(bytes, bytes.length);
  process.stdout.write(`${whole === judge(bytes, 7) ? whole : '{"said": ["it matters how the stream is split"]}'}\n`);
}
