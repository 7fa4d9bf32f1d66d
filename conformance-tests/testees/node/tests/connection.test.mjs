/** The connection without a process: what hostile or odd input does, whole, byte by byte, and in what order. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Connection } from "../lib/protocol/connection.mjs";
import { FrameReader, encodeHeader } from "../lib/wire/frames.mjs";
import { CODE, DEFAULT_LIMITS, FRAME, PREAMBLE, frameName } from "../lib/wire/registry.mjs";
import { Float, Tuple } from "../lib/wire/types.mjs";
import { decode, encode } from "./initiator.mjs";

/** @typedef {import("../lib/protocol/channel.mjs").Channel} Channel */

/** A connection whose application notes what it is told. */
class Bench {
  /** @param {Partial<import("../lib/wire/registry.mjs").Limits>} [limits] @param {Record<string, unknown> | null} [hello]  null: it does not come */
  constructor(limits = {}, hello = {}) {
    /** @type {Array<{name: string, id: number, payload: Buffer}>} */
    this.written = [];
    /** @type {string[]} */
    this.events = [];
    /** @type {Channel[]} */
    this.opened = [];
    this.congested = false;
    const reader = new FrameReader(() => undefined);
    let skip = PREAMBLE.length;
    this.connection = new Connection({
      limits: { ...DEFAULT_LIMITS, ...limits },
      said: { implementation: "bench", features: [] },
      stream: {
        write: (bytes) => {
          const rest = bytes.subarray(skip);
          skip = 0;
          for (const { type, channel, payload } of reader.push(rest)) {
            this.written.push({ name: frameName(type), id: channel, payload });
          }
        },
        isCongested: () => this.congested,
      },
      trace: { sent: () => undefined, received: () => undefined },
      application: {
        configure: () => undefined,
        execute: (channel) => this.events.push(`execute ${channel.id}`),
        answer: (name) => encode(name),
        cancel: () => undefined,
      terminate: () => this.events.push("terminate"),
        referenced: () => undefined,
        opened: (channel) => this.opened.push(channel),
        closed: (channel) => this.events.push(`closed ${channel.id}`),
        ended: ({ text }) => this.events.push(`ended ${text}`),
      },
    });
    this.connection.start();
    this.written = [];
    if (hello) {
      this.put(FRAME.HELLO, 0, encode({ version: [1, 0], ...hello }));
    }
  }

  /** @param {number} type @param {number} id @param {Buffer | string} [payload]  bytes or hexadecimal digits */
  put(type, id, payload = "") {
    this.connection.receiveData(frame(type, id, payload));
    return this;
  }

  /** @param {number} id */
  exec(id) {
    return this.put(FRAME.CHANNEL_EXEC, id, encode({ source: "" }));
  }

  /** @param {number} id */
  channel(id) {
    return this.connection.channels.open.get(id) ?? assert.fail(`channel ${id} is not open`);
  }

  /** Names and channels of what was written since. */
  get said() {
    return this.written.splice(0).map(({ name, id, payload }) => {
      const value = name === "CHANNEL_CREDIT" ? ` ${decode(payload)}` : "";
      return `${name} ${id}${value}`;
    });
  }

  /** The code of the GOAWAY that was written. */
  get refusal() {
    const { name, payload } = this.written.at(-1) ?? assert.fail("nothing was written");
    assert.strictEqual(name, "GOAWAY");
    const map = decode(payload);
    assert.ok(map.get("text").length > 10);
    return Object.entries(CODE).find((entry) => entry[1] === map.get("code"))?.[0];
  }

  /** Take what waits on a channel. @param {number} id */
  take(id) {
    /** @type {any} */
    let got;
    const take = (/** @type {{bytes: Buffer}} */ { bytes }) => {
      got = decode(bytes);
    };
    const end = (/** @type {{kind: string, text: string}} */ { kind, text }) => {
      got = `${kind}: ${text}`;
    };
    this.channel(id).mailbox.take({ take, end });
    return got;
  }
}

/** @param {number} type @param {number} id @param {Buffer | string} payload */
function frame(type, id, payload) {
  const bytes = typeof payload === "string" ? Buffer.from(payload.replaceAll(" ", ""), "hex") : payload;
  return Buffer.concat([encodeHeader(type, id, bytes.length), bytes]);
}

const LONG = Buffer.alloc(65537 - 5);

/**
 * Frames after an execution on channel 1 was opened, and the code they end the connection with.
 *
 * @type {Array<[string, Array<[number, number, (Buffer | string)?]>, string]>}
 */
const REFUSED = [
  ["FR-010 an unknown type", [[18, 0]], "FRAME_UNKNOWN_TYPE"],
  ["FR-010 the last type below the ignorable ones", [[127, 0]], "FRAME_UNKNOWN_TYPE"],
  ["FR-014 PING on a channel", [[FRAME.PING, 1]], "STATE_VIOLATION"],
  ["FR-014 DATA on channel 0", [[FRAME.CHANNEL_DATA, 0, "01"]], "STATE_VIOLATION"],
  ["FR-014 STATUS on channel 0", [[FRAME.STATUS, 0]], "STATE_VIOLATION"],
  ["FR-017 GOAWAY on a channel", [[FRAME.GOAWAY, 1, "f6"]], "STATE_VIOLATION"],
  ["HS-008 a second HELLO", [[FRAME.HELLO, 0, encode({ version: [1, 0] })]], "STATE_VIOLATION"],
  ["FR-009 CLOSE with a payload", [[FRAME.CHANNEL_CLOSE, 9, "00"]], "PAYLOAD_MALFORMED"],
  ["FR-009 an empty PART", [[FRAME.CHANNEL_PART, 9]], "PAYLOAD_MALFORMED"],
  ["FR-020 a long PING", [[FRAME.PING, 0, Buffer.alloc(65)]], "PAYLOAD_MALFORMED"],
  ["FR-020 a long PONG", [[FRAME.PONG, 0, Buffer.alloc(65)]], "PAYLOAD_MALFORMED"],
  ["FC-010 credit of 0", [[FRAME.CHANNEL_CREDIT, 9, "00"]], "PAYLOAD_MALFORMED"],
  ["FC-010 credit that is negative", [[FRAME.CHANNEL_CREDIT, 1, "20"]], "PAYLOAD_MALFORMED"],
  ["FC-010 credit that is a float", [[FRAME.CHANNEL_CREDIT, 1, "f94000"]], "PAYLOAD_MALFORMED"],
  ["FC-010 credit that is true", [[FRAME.CHANNEL_CREDIT, 1, "f5"]], "PAYLOAD_MALFORMED"],
  ["FC-010 credit of more than 64 bits", [[FRAME.CHANNEL_CREDIT, 9, "c249010000000000000000"]], "PAYLOAD_MALFORMED"],
  ["FC-010 credit with more behind it", [[FRAME.CHANNEL_CREDIT, 1, "0101"]], "PAYLOAD_MALFORMED"],
  ["FC-012 too much credit", [[FRAME.CHANNEL_CREDIT, 1, "1a7fffffff"]], "CREDIT_OVERFLOW"],
  ["FR-015 credit as a bignum, too much", [[FRAME.CHANNEL_CREDIT, 1, "c2447fffffff"]], "CREDIT_OVERFLOW"],
  ["FC-012 far too much credit", [[FRAME.CHANNEL_CREDIT, 1, "1bffffffffffffffff"]], "CREDIT_OVERFLOW"],
  ["FR-010 RECONFIGURE, which is Python's", [[1, 0, "82f5f5"]], "FRAME_UNKNOWN_TYPE"],
  ["CH-041 an error that is no map", [[FRAME.CHANNEL_CLOSE_ERROR, 9, "6161"]], "PAYLOAD_MALFORMED"],
  ["CH-041 an error with a tag of Python's", [[FRAME.CHANNEL_CLOSE_ERROR, 1, "d9e4234161"]], "PAYLOAD_MALFORMED"],
  ["GW-001 no source", [[FRAME.CHANNEL_EXEC, 3, "a0"]], "PAYLOAD_MALFORMED"],
  ["GW-001 a source that is bytes", [[FRAME.CHANNEL_EXEC, 3, encode({ source: Buffer.alloc(1) })]], "PAYLOAD_MALFORMED"],
  ["GW-001 kwargs that are no map", [[FRAME.CHANNEL_EXEC, 3, encode({ source: "", kwargs: [] })]], "PAYLOAD_MALFORMED"],
  ["GW-001 kwargs with a key that is no text",
    [[FRAME.CHANNEL_EXEC, 3, encode({ source: "", kwargs: new Map([[1, 2]]) })]], "PAYLOAD_MALFORMED"],
  ["FR-015 a reference in kwargs", [[FRAME.CHANNEL_EXEC, 3, "a266736f7572636560666b7761726773a16163d9e42201"]],
    "PAYLOAD_MALFORMED"],
  ["FR-015 too deep a control payload",
    [[FRAME.CHANNEL_EXEC, 3, encode({ source: "", x: JSON.parse("[".repeat(64) + "]".repeat(64)) })]], "PAYLOAD_MALFORMED"],
  ["FR-009 OPEN with a payload", [[FRAME.CHANNEL_OPEN, 1, "00"]], "PAYLOAD_MALFORMED"],
  ["FR-014 OPEN on channel 0", [[FRAME.CHANNEL_OPEN, 0]], "STATE_VIOLATION"],
  ["CH-009 a request with an even id", [[FRAME.STATUS, 2]], "ROLE_VIOLATION"],
  ["CH-009 OPEN with an even id", [[FRAME.CHANNEL_OPEN, 4]], "ROLE_VIOLATION"],
  ["CH-009 a request on an open channel", [[FRAME.INFO, 1]], "STATE_VIOLATION"],
  ["CH-009 OPEN of an open channel", [[FRAME.CHANNEL_OPEN, 1]], "STATE_VIOLATION"],
  ["CH-009 a request on a closed channel", [[FRAME.STATUS, 3], [FRAME.STATUS, 3]], "STATE_VIOLATION"],
  ["CH-009 OPEN of an id that was skipped", [[FRAME.CHANNEL_OPEN, 5], [FRAME.CHANNEL_OPEN, 3]], "STATE_VIOLATION"],
  ["CH-010 a reference to an id never given", [[FRAME.CHANNEL_DATA, 1, "d9e42202"]], "VALUE_MALFORMED"],
  ["CH-010 a reference to what its sender has not opened", [[FRAME.CHANNEL_DATA, 1, "81d9e42203"]], "VALUE_MALFORMED"],
  ["CH-010 such a reference in a batch", [[FRAME.CHANNEL_BATCH, 1, "8201d9e42203"]], "VALUE_MALFORMED"],
  ["CH-016 an item of what nobody has opened", [[FRAME.CHANNEL_DATA, 3, "ff"]], "STATE_VIOLATION"],
  ["CH-016 an item with an id of ours", [[FRAME.CHANNEL_DATA, 2, "01"]], "STATE_VIOLATION"],
  ["CH-016 a piece of one", [[FRAME.CHANNEL_PART, 3, "82"]], "STATE_VIOLATION"],
  ["CH-016 a batch", [[FRAME.CHANNEL_BATCH, 3, "ff"]], "STATE_VIOLATION"],
  ["CH-016 credit", [[FRAME.CHANNEL_CREDIT, 3, "01"]], "STATE_VIOLATION"],
  ["CH-016 a close", [[FRAME.CHANNEL_CLOSE, 5]], "STATE_VIOLATION"],
  ["CH-016 a close with an error", [[FRAME.CHANNEL_CLOSE_ERROR, 3, encode({ text: "", code: "error" })]], "STATE_VIOLATION"],
  ["CH-016 the last message", [[FRAME.CHANNEL_LAST_MESSAGE, 3]], "STATE_VIOLATION"],
  ["CH-034 an empty batch", [[FRAME.CHANNEL_BATCH, 1, "80"]], "VALUE_MALFORMED"],
  ["CH-034 a batch that is no array", [[FRAME.CHANNEL_BATCH, 1, "01"]], "VALUE_MALFORMED"],
  ["CH-034 a batch of indefinite length", [[FRAME.CHANNEL_BATCH, 1, "9f01ff"]], "VALUE_MALFORMED"],
  ["CH-034 a batch that claims much", [[FRAME.CHANNEL_BATCH, 1, "9a00ffffff01"]], "VALUE_MALFORMED"],
  ["CH-034 more behind a batch", [[FRAME.CHANNEL_BATCH, 1, "810101"]], "VALUE_MALFORMED"],
  ["CH-035 a batch inside an item", [[FRAME.CHANNEL_PART, 1, "82"], [FRAME.CHANNEL_BATCH, 1, "8101"]], "STATE_VIOLATION"],
  ["CH-035 the last message inside an item", [[FRAME.CHANNEL_PART, 1, "82"], [FRAME.CHANNEL_LAST_MESSAGE, 1]],
    "STATE_VIOLATION"],
  ["CH-060 an item after the last", [[FRAME.CHANNEL_LAST_MESSAGE, 1], [FRAME.CHANNEL_DATA, 1, "ff"]], "STATE_VIOLATION"],
  ["CH-060 the last message twice", [[FRAME.CHANNEL_LAST_MESSAGE, 1], [FRAME.CHANNEL_LAST_MESSAGE, 1]], "STATE_VIOLATION"],
  ["VA-020 what is no value", [[FRAME.CHANNEL_DATA, 1, "f7"]], "VALUE_MALFORMED"],
  ["FC-005 credit is judged before the value", [[FRAME.CHANNEL_DATA, 1, Buffer.alloc(70000)]], "CREDIT_OVERDRAWN"],
  ["FC-005 a part without credit", [[FRAME.CHANNEL_PART, 1, LONG], [FRAME.CHANNEL_PART, 1, LONG]].map(
    ([type, id]) => [Number(type), Number(id), Buffer.alloc(65537)]), "CREDIT_OVERDRAWN"],
];

for (const [name, frames, code] of REFUSED) {
  test(`${name} is ${code}`, () => {
    for (const split of [false, true]) {
      const bench = new Bench({ credit: 65536 }).exec(1);
      const bytes = Buffer.concat(frames.map(([type, id, payload = ""]) => frame(type, id, payload)));
      const more = Buffer.concat([bytes, frame(FRAME.PING, 0, "01")]); // is not answered (ER-002)
      for (const piece of split && more.length < 1000 ? [...more].map((byte) => Buffer.from([byte])) : [more]) {
        bench.connection.receiveData(piece);
      }
      assert.strictEqual(bench.refusal, code);
      assert.match(bench.events.at(-1) ?? "", /^ended /);
      bench.exec(99);
      assert.strictEqual(bench.refusal, code); // nothing more was written
    }
  });
}

test("FR-005, HS-011: a header that claims too much is refused without its payload", () => {
  const bench = new Bench();
  bench.connection.receiveData(frame(FRAME.CHANNEL_DATA, 1, "").fill(0xff, 5));
  assert.strictEqual(bench.refusal, "FRAME_TOO_LARGE");
  const before = new Bench({}, null);
  before.connection.receiveData(encodeHeader(190, 7, 65537));
  assert.strictEqual(before.refusal, "FRAME_TOO_LARGE");
});

/** @type {Array<[string, unknown, string]>} */
const HELLOS = [
  ["no map", [], "HELLO_MALFORMED"],
  ["no version", {}, "HELLO_MALFORMED"],
  ["one number", { version: [1] }, "HELLO_MALFORMED"],
  ["three numbers", { version: [1, 0, 0] }, "HELLO_MALFORMED"],
  ["a float", { version: [new Float(1), 0] }, "HELLO_MALFORMED"],
  ["a tuple", { version: Tuple.of(1, 0) }, "HELLO_MALFORMED"],
  ["another major version, and nonsense", { version: [2, 0], limits: 1 }, "VERSION_UNSUPPORTED"],
  ["a small frame", { version: [1, 0], limits: { frame: 65535 } }, "HELLO_MALFORMED"],
  ["no item", { version: [1, 0], limits: { item: 0 } }, "HELLO_MALFORMED"],
  ["a limit of more than 64 bits", { version: [1, 0], limits: { frame: 2n ** 64n } }, "HELLO_MALFORMED"],
  ["little depth", { version: [1, 0], limits: { depth: 63 } }, "HELLO_MALFORMED"],
  ["no channels", { version: [1, 0], limits: { channels: 0 } }, "HELLO_MALFORMED"],
  ["little credit", { version: [1, 0], credit: 65535 }, "HELLO_MALFORMED"],
  ["much credit", { version: [1, 0], credit: 2 ** 31 }, "HELLO_MALFORMED"],
  ["credit that is true", { version: [1, 0], credit: true }, "HELLO_MALFORMED"],
  ["features that are no array", { version: [1, 0], features: "x" }, "HELLO_MALFORMED"],
  ["an implementation that is null", { version: [1, 0], implementation: null }, "HELLO_MALFORMED"],
  ["an id that is a number", { version: [1, 0], config: { id: 1 } }, "HELLO_MALFORMED"],
  ["env with a number", { version: [1, 0], config: { env: { A: 1 } } }, "HELLO_MALFORMED"],
  ["a keepalive that is true", { version: [1, 0], config: { keepalive: true } }, "HELLO_MALFORMED"],
  ["a stdout that is null", { version: [1, 0], config: { stdout: null } }, "HELLO_MALFORMED"],
  ["a nice float", { version: [1, 0], config: { nice: new Float(1) } }, "HELLO_MALFORMED"],
];

for (const [name, value, code] of HELLOS) {
  test(`HS-013: a HELLO with ${name} is ${code}`, () => {
    const bench = new Bench({}, null);
    bench.put(FRAME.HELLO, 0, encode(value));
    assert.strictEqual(bench.refusal, code);
  });
}

test("HS-012: what is not known is ignored", () => {
  const more = { x: [1], limits: { y: 2, frame: 2n ** 64n - 1n }, config: { z: null }, features: ["org.example.x"] };
  const bench = new Bench({}, more);
  assert.strictEqual(bench.connection.state, "running");
  assert.strictEqual(bench.connection.theirs.frame, 2 ** 64);
});

test("FR-011, FR-012: ignorable types are skipped, wherever they are, also before HELLO", () => {
  const bench = new Bench({}, null);
  bench.put(128, 7, "0102").put(191, 0, "ff").put(FRAME.HELLO, 0, encode({ version: [1, 0] })).put(150, 1, "00");
  assert.deepStrictEqual(bench.put(FRAME.PING, 0, "01").said, ["PONG 0"]);
});

test("HS-008: another frame before HELLO", () => {
  const bench = new Bench({}, null);
  bench.put(FRAME.STATUS, 2);
  assert.strictEqual(bench.refusal, "STATE_VIOLATION");
});

test("ER-004: GOAWAY is not answered, not even a malformed one", () => {
  for (const payload of [encode({ code: 99, text: "why" }), Buffer.from("ff", "hex"), Buffer.alloc(0)]) {
    const bench = new Bench().put(FRAME.GOAWAY, 0, payload).put(FRAME.PING, 0);
    assert.deepStrictEqual(bench.said, []);
    assert.match(bench.events[0], /^ended the initiator has ended the connection/);
  }
});

test("CH-009: ids may be skipped, and rise", () => {
  const bench = new Bench();
  for (const id of [1, 3, 9, 4294967295]) {
    bench.put(FRAME.STATUS, id);
  }
  assert.strictEqual(bench.said.filter((said) => said.startsWith("CHANNEL_CLOSE")).length, 4);
  bench.put(FRAME.STATUS, 5);
  assert.strictEqual(bench.refusal, "STATE_VIOLATION");
});

test("CH-008: a channel of our own is opened in the step in which it gets its id", () => {
  const bench = new Bench({}, { limits: { channels: 2 } });
  bench.put(FRAME.CHANNEL_DATA, 2, "01");
  assert.strictEqual(bench.refusal, "STATE_VIOLATION");
  const other = new Bench({}, { limits: { channels: 2 } });
  other.connection.openChannel();
  other.connection.openChannel();
  assert.throws(() => other.connection.openChannel(), RangeError);
  assert.deepStrictEqual(other.put(FRAME.CHANNEL_CLOSE, 2).said, ["CHANNEL_OPEN 2", "CHANNEL_OPEN 4"]);
  assert.strictEqual(other.connection.openChannel().id, 6);
  other.put(FRAME.CHANNEL_DATA, 6, "01");
  assert.strictEqual(other.take(6), 1);
});

test("CH-010: references open nothing", () => {
  const bench = new Bench().exec(1).put(FRAME.CHANNEL_OPEN, 7).put(FRAME.CHANNEL_DATA, 7, "05");
  bench.put(FRAME.CHANNEL_DATA, 1, "82d9e42207d9e42207").put(FRAME.CHANNEL_DATA, 1, "d9e42205"); // 5 was skipped
  bench.put(FRAME.CHANNEL_CLOSE, 7).put(FRAME.CHANNEL_DATA, 1, "d9e42207"); // a closed channel
  bench.put(FRAME.CHANNEL_DATA, 7, "d9e422190fff"); // is dropped
  bench.connection.openChannel();
  bench.put(FRAME.CHANNEL_DATA, 1, "d9e42202");
  assert.deepStrictEqual(bench.opened.map(({ id }) => id), [1, 7, 2]);
  assert.strictEqual(bench.connection.state, "running");
});

test("CH-011: more channels than announced", () => {
  const bench = new Bench({ channels: 2 }).exec(1).put(FRAME.CHANNEL_OPEN, 3);
  bench.put(FRAME.CHANNEL_CLOSE, 3).put(FRAME.STATUS, 5); // one counts while it is open
  bench.put(FRAME.CHANNEL_OPEN, 7);
  assert.strictEqual(bench.connection.state, "running");
  bench.put(FRAME.CHANNEL_OPEN, 9);
  assert.strictEqual(bench.refusal, "LIMIT_EXCEEDED");
});

test("CH-032, CH-033, CH-036: parts of any size", () => {
  const bench = new Bench({ item: 8 }).exec(1);
  bench.put(FRAME.CHANNEL_PART, 1, "65").put(FRAME.CHANNEL_PART, 1, "6162636465").put(FRAME.CHANNEL_DATA, 1);
  assert.strictEqual(bench.take(1), "abcde");
  bench.put(FRAME.CHANNEL_PART, 1, Buffer.alloc(8));
  assert.strictEqual(bench.connection.state, "running");
  bench.put(FRAME.CHANNEL_DATA, 1, "00");
  assert.strictEqual(bench.refusal, "LIMIT_EXCEEDED");
});

test("CH-038: a batch with one bad item is refused as a whole", () => {
  const bench = new Bench().exec(1);
  const { mailbox } = bench.channel(1);
  bench.put(FRAME.CHANNEL_BATCH, 1, "8301f702");
  assert.strictEqual(bench.refusal, "VALUE_MALFORMED");
  assert.strictEqual(mailbox.items.length, 0);
});

test("CH-061: what comes for a channel that is closed is dropped", () => {
  const bench = new Bench().exec(1).put(FRAME.CHANNEL_CLOSE, 1);
  bench.put(FRAME.CHANNEL_DATA, 1, "ff").put(FRAME.CHANNEL_PART, 1, "00").put(FRAME.CHANNEL_BATCH, 1, "ff");
  bench.put(FRAME.CHANNEL_LAST_MESSAGE, 1).put(FRAME.CHANNEL_CLOSE_ERROR, 1, encode({ text: "", code: "error" })).put(FRAME.CHANNEL_CLOSE, 1);
  bench.put(FRAME.CHANNEL_CREDIT, 1, "1bffffffffffffffff");
  assert.deepStrictEqual(bench.said, []);
  assert.strictEqual(bench.connection.state, "running");
});

test("CH-044, CH-041: items stay receivable, then comes the error", () => {
  const bench = new Bench().exec(1).put(FRAME.CHANNEL_DATA, 1, "01").put(FRAME.CHANNEL_PART, 1, "82");
  const { mailbox } = bench.channel(1);
  bench.put(FRAME.CHANNEL_CLOSE_ERROR, 1, encode({ text: "no", code: "busy" }));
  /** @type {unknown[]} */
  const got = [];
  for (let count = 0; count < 2; count += 1) {
    mailbox.take({ take: (item) => got.push(decode(item.bytes)), end: (end) => got.push(end) });
  }
  assert.deepStrictEqual(got, [1, { kind: "error", text: "no", error: { text: "no", code: "busy" } }]);
});

test("GR-006, GR-010: while it terminates a worker refuses requests, drops items and still answers PING", () => {
  const bench = new Bench().exec(1).put(FRAME.GATEWAY_TERMINATE, 0, "a0").put(FRAME.GATEWAY_TERMINATE, 0, "a0");
  assert.match(bench.take(1), /^eof: /);
  bench.exec(3).put(FRAME.CHANNEL_DATA, 1, "ff").put(FRAME.CHANNEL_LAST_MESSAGE, 1);
  assert.deepStrictEqual(bench.put(FRAME.PING, 0).said, ["CHANNEL_CLOSE_ERROR 3", "PONG 0"]);
  assert.deepStrictEqual(bench.events, ["execute 1", "terminate"]);
  bench.put(FRAME.CHANNEL_LAST_MESSAGE, 1);
  assert.strictEqual(bench.refusal, "STATE_VIOLATION");
});

test("FR-016: the end inside a frame is told", () => {
  const bench = new Bench();
  bench.connection.receiveData(Buffer.from("05000000", "hex"));
  bench.connection.receiveEof();
  assert.match(bench.events[0], /inside a frame/);
});
