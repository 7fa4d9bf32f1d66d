/** Channels of executed code: credit both ways, parts, batches, callbacks, dropping. Spec: CH, FC. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Initiator, decode, encode, withWorker } from "./initiator.mjs";

/** Executed code that lets the collector run until something is collected. */
const COLLECT = `
  require("v8").setFlagsFromString("--expose-gc");
  const gc = require("vm").runInNewContext("gc");
  const collect = async () => { for (let n = 0; n < 3; n += 1) { gc(); await new Promise((r) => setTimeout(r, 5)); } };
`;

/** A reference to a channel, as an item. @param {number} id */
const reference = (id) => Buffer.from(`d9e422${id.toString(16).padStart(2, "0")}`, "hex");

test("FC-003, FC-020, FC-021: a sender keeps to credit and sends parts", () =>
  withWorker(
    async (initiator) => {
      initiator.exec(1, "await channel.send(Buffer.alloc(100000, 7)); await channel.send('x')");
      let credit = 65536;
      const parts = [];
      for (;;) {
        const frame = await initiator.until("a frame", () => initiator.frames.shift());
        const cost = frame.payload.length + (frame.name === "CHANNEL_DATA" ? 64 : 0);
        credit -= cost;
        assert.ok(credit >= 0 && frame.payload.length <= 16384, `${frame.name} of ${frame.payload.length}`);
        parts.push(frame.payload);
        if (frame.name === "CHANNEL_DATA") {
          break;
        }
        if (credit < 16384) {
          await initiator.barrier();
          assert.deepStrictEqual(initiator.frames, []);
          initiator.send("CHANNEL_CREDIT", 1, encode(32768));
          credit += 32768;
        }
      }
      assert.deepStrictEqual(decode(Buffer.concat(parts)), Buffer.alloc(100000, 7));
      initiator.send("CHANNEL_CREDIT", 1, encode(65536 - credit));
      assert.strictEqual(await initiator.nextItem(1), "x");
    },
    { hello: { credit: 65536 } },
  ));

test("FC-022: other channels get their turn while a large item waits", () =>
  withWorker(async (initiator) => {
    initiator.exec(1, "await channel.send(Buffer.alloc(3000000)); await channel.receive()");
    initiator.exec(3, "await channel.send('here')");
    assert.strictEqual(decode((await initiator.find("CHANNEL_DATA", 3)).payload), "here");
    await initiator.find("CHANNEL_CLOSE", 3);
    assert.ok(!initiator.frames.some(({ name, channel }) => name === "CHANNEL_DATA" && channel === 1));
  }));

test("FC-014: credit comes back at half of the window, when items are taken", () =>
  withWorker(async (initiator) => {
    initiator.exec(1, "for (;;) { await channel.receive(); await channel.receive(); await channel.receive(); await channel.send(0) }");
    for (let count = 0; count < 3; count += 1) {
      initiator.item(1, Buffer.alloc(200000 - 5 - 64));
    }
    const credit = await initiator.find("CHANNEL_CREDIT", 1);
    assert.strictEqual(decode(credit.payload), 600000);
    await initiator.find("CHANNEL_DATA", 1);
    initiator.item(1, 1);
    await initiator.barrier();
    assert.deepStrictEqual(initiator.frames, []);
  }));

test("FC-010: an item larger than the window arrives", () =>
  withWorker(async (initiator) => {
    initiator.exec(1, "const item = await channel.receive(); await channel.send([item.length, item[4999999]])");
    const bytes = encode(Buffer.alloc(5000000, 9));
    let credit = 1048576;
    for (let start = 0; start < bytes.length; ) {
      const piece = bytes.subarray(start, start + 262144);
      start += piece.length;
      const cost = piece.length + (start === bytes.length ? 64 : 0);
      while (credit < cost) {
        credit += decode((await initiator.find("CHANNEL_CREDIT", 1)).payload);
      }
      credit -= cost;
      initiator.send(start === bytes.length ? "CHANNEL_DATA" : "CHANNEL_PART", 1, piece);
    }
    assert.deepStrictEqual(decode((await initiator.find("CHANNEL_DATA", 1)).payload), [5000000, 9]);
  }));

test("FC-040: while a send waits for credit, what has arrived and what arrives is credited", () =>
  withWorker(
    async (initiator) => {
      initiator.exec(1, "await channel.receive(); await channel.send(Buffer.alloc(200000)); await channel.receive()");
      initiator.item(1, Buffer.alloc(1000 - 67)); // is taken
      initiator.item(1, Buffer.alloc(600000 - 69)); // waits, and came before the send had to
      assert.strictEqual(decode((await initiator.find("CHANNEL_CREDIT", 1)).payload), 601000);
      initiator.item(1, Buffer.alloc(700000 - 69));
      assert.strictEqual(decode((await initiator.find("CHANNEL_CREDIT", 1)).payload), 700000);
      initiator.send("CHANNEL_CLOSE", 1); // FC-044: the send fails, and the code with it
      await initiator.until("the end of the code", async () => (await initiator.status(3)).numexecuting === 0);
    },
    { hello: { credit: 65536 } },
  ));

test("FC-041, FC-042: who waits for the end, or for an item that does not come, does not block the others", () =>
  withWorker(async (initiator) => {
    const source = "globalThis.others = [await channel.receive()]; await others[0].waitclose(); await channel.receive()";
    initiator.exec(1, source);
    initiator.send("CHANNEL_OPEN", 3);
    initiator.send("CHANNEL_DATA", 1, reference(3));
    await initiator.barrier();
    initiator.item(3, Buffer.alloc(600000 - 69));
    assert.strictEqual(decode((await initiator.find("CHANNEL_CREDIT", 3)).payload), 600000);
    initiator.send("CHANNEL_CLOSE", 3);
    initiator.exec(5, "globalThis.kept = await channel.receive(); await channel.receive()");
    initiator.send("CHANNEL_OPEN", 7);
    initiator.send("CHANNEL_DATA", 5, reference(7));
    initiator.item(7, Buffer.alloc(300000 - 69));
    initiator.item(7, Buffer.alloc(400000 - 69));
    assert.strictEqual(decode((await initiator.find("CHANNEL_CREDIT", 7)).payload), 700000);
  }));

test("CH-034: sendMany sends batches that fit, and a batch is its items", () =>
  withWorker(
    async (initiator) => {
      initiator.exec(1, "for await (const item of channel) { await channel.sendMany(item) }");
      const items = Array.from({ length: 300 }, (_, index) => index);
      initiator.send("CHANNEL_BATCH", 1, encode([items, ["alone"], [], "ab"]));
      /** @type {unknown[]} */
      const got = [];
      while (got.length < 303) {
        const { name, payload } = await initiator.until("a frame", () => initiator.frames.shift());
        const item = decode(payload);
        assert.ok(payload.length + 64 * (name === "CHANNEL_BATCH" ? item.length : 1) <= 32768);
        got.push(...(name === "CHANNEL_BATCH" ? item : [item]));
      }
      assert.deepStrictEqual(got, [...items, "alone", "a", "b"]);
    },
    { hello: { credit: 65536 } },
  ));

test("CH-001, CH-008, CH-010, GW-052: channels travel both ways, and come back as themselves", () =>
  withWorker(async (initiator) => {
    const source = `
      const made = channel.gateway.newchannel();
      await channel.send([made, channel]);
      const [back, own, theirs] = await channel.receive();
      await theirs.send([back === made, own === channel, made.isclosed()]);
      await made.send(await made.receive());
      await made.close();
      await theirs.send(made.isclosed());`;
    initiator.exec(1, source);
    await initiator.next("CHANNEL_OPEN", 2);
    assert.strictEqual((await initiator.next("CHANNEL_DATA", 1)).payload.toString("hex"), "82d9e42202d9e42201");
    initiator.send("CHANNEL_OPEN", 9);
    initiator.send("CHANNEL_DATA", 1, Buffer.concat([Buffer.from([0x83]), reference(2), reference(1), reference(9)]));
    assert.deepStrictEqual(await initiator.nextItem(9), [true, true, false]);
    initiator.item(2, "through");
    assert.strictEqual(await initiator.nextItem(2), "through");
    await initiator.next("CHANNEL_CLOSE", 2);
    assert.strictEqual(await initiator.nextItem(9), true);
  }));

test("CH-008: the ids of channels that threads make at once rise in the stream", () =>
  withWorker(async (initiator) => {
    const source = "const made = []; for (let n = 0; n < 50; n += 1) made.push(channel.gateway.newchannel()); await channel.send(made); await channel.receive()";
    const executions = [1, 3, 5, 7];
    executions.forEach((id) => initiator.exec(id, source));
    /** @type {number[]} */
    const opened = [];
    const referred = [];
    while (referred.length < 200) {
      const { name, channel, payload } = await initiator.until("a frame", () => initiator.frames.shift());
      if (name === "CHANNEL_OPEN") {
        opened.push(channel);
      } else {
        const ids = decode(payload).map((/** @type {{id: number}} */ reference) => reference.id);
        assert.ok(ids.every((/** @type {number} */ id) => opened.includes(id)));
        referred.push(...ids);
      }
    }
    assert.deepStrictEqual(opened, Array.from({ length: 200 }, (_, index) => 2 * index + 2));
    assert.deepStrictEqual(referred.sort((one, two) => one - two), opened);
  }));

test("CH-011: a worker makes no more channels than the initiator takes", () =>
  withWorker(
    async (initiator) => {
      const source = `
        const made = [channel.gateway.newchannel(), channel.gateway.newchannel()];
        try { channel.gateway.newchannel() } catch (error) { await channel.send(error.name) }
        await made[0].close();
        await channel.send(channel.gateway.newchannel().id);`;
      initiator.exec(1, source);
      await initiator.next("CHANNEL_OPEN", 2);
      await initiator.next("CHANNEL_OPEN", 4);
      assert.strictEqual(await initiator.nextItem(1), "RangeError");
      await initiator.next("CHANNEL_CLOSE", 2);
      await initiator.next("CHANNEL_OPEN", 6);
      assert.strictEqual(await initiator.nextItem(1), 6);
    },
    { hello: { limits: { channels: 2 } } },
  ));

test("callbacks: items in order, one at a time, what waited first; then the endmarker", () =>
  withWorker(async (initiator) => {
    const source = `
      const other = await channel.receive();
      let busy = 0;
      await other.setcallback(async (item) => {
        busy += 1;
        await new Promise((resolve) => setTimeout(resolve, item === 1 ? 20 : 0));
        channel.send([item, busy]);
        busy -= 1;
      }, { endmarker: "end" });
      await other.receive().catch((error) => channel.send(error.name));
      await channel.receive()`;
    initiator.exec(1, source);
    initiator.send("CHANNEL_OPEN", 3);
    initiator.send("CHANNEL_DATA", 1, reference(3));
    initiator.item(3, 1);
    initiator.item(3, 2);
    initiator.send("CHANNEL_CLOSE", 3);
    const got = [];
    for (let count = 0; count < 4; count += 1) {
      got.push(await initiator.nextItem(1));
    }
    assert.deepStrictEqual(got, ["UsageError", [1, 1], [2, 1], ["end", 1]]);
  }));

test("CH-037: a callback that fails closes its channel with its error", () =>
  withWorker(async (initiator) => {
    initiator.exec(1, "globalThis.other = await channel.receive(); await other.setcallback(() => { throw new Error('no') }); await channel.receive()");
    initiator.send("CHANNEL_OPEN", 3);
    initiator.send("CHANNEL_DATA", 1, reference(3));
    initiator.item(3, 1);
    assert.match(decode((await initiator.next("CHANNEL_CLOSE_ERROR", 3)).payload).get("text"), /^Error: no\n {4}at /);
    assert.strictEqual((await initiator.status(5)).numchannels, 1);
  }));

test("GW-053: errors of the other side, timeouts, waitclose", () =>
  withWorker(async (initiator) => {
    const source = `
      const names = [];
      const note = (error) => names.push(error.name + ": " + error.message);
      await channel.receive(0.01).catch(note);
      await channel.waitclose(0.01).catch(note);
      await channel.send("late");
      const other = await channel.receive();
      names.push(await other.receive());
      await other.receive().catch(note);
      await other.waitclose().catch(note);
      await channel.send(names);`;
    initiator.exec(1, source);
    assert.strictEqual(await initiator.nextItem(1), "late");
    initiator.send("CHANNEL_OPEN", 3);
    initiator.send("CHANNEL_DATA", 1, reference(3));
    initiator.item(3, 1);
    initiator.send("CHANNEL_CLOSE_ERROR", 3, encode({ text: "their reason", code: "tired" }));
    const [one, two, ...rest] = await initiator.nextItem(1);
    assert.match(`${one} ${two}`, /^TimeoutError: no item .* TimeoutError: channel 1 was not closed in time$/);
    assert.deepStrictEqual(rest, [1, "RemoteError: their reason", "RemoteError: their reason"]);
  }));

test("CH-045: what was sent comes before the close, also without credit", () =>
  withWorker(
    async (initiator) => {
      const source = `
        const other = channel.gateway.newchannel();
        await channel.send(other);
        for (let n = 0; n < 10; n += 1) other.send(Buffer.alloc(16000));
        other.close("enough");
        await other.send(1).catch((error) => channel.send(error.name));
        await channel.receive();`;
      initiator.exec(1, source);
      await initiator.next("CHANNEL_OPEN", 2);
      await initiator.next("CHANNEL_DATA", 1);
      await initiator.find("CHANNEL_DATA", 1);
      for (let count = 0; count < 10; count += 1) {
        const { payload } = await initiator.find("CHANNEL_DATA", 2);
        initiator.send("CHANNEL_CREDIT", 2, encode(payload.length + 64));
      }
      assert.strictEqual(decode((await initiator.find("CHANNEL_CLOSE_ERROR", 2)).payload).get("text"), "enough");
    },
    { hello: { credit: 65536 } },
  ));

test("CH-051: a channel that nobody has any more is closed; one that an item refers to is not", () =>
  withWorker(async (initiator) => {
    const source = `${COLLECT}
      (() => { channel.send(channel.gateway.newchannel()); })();
      await (async () => { await channel.receive(); })();
      await collect();
      await channel.send("collected");
      const kept = await channel.receive();
      await kept.send(0);`;
    initiator.exec(1, source);
    await initiator.next("CHANNEL_OPEN", 2);
    await initiator.next("CHANNEL_DATA", 1);
    initiator.send("CHANNEL_OPEN", 3);
    initiator.send("CHANNEL_DATA", 1, reference(3));
    initiator.send("CHANNEL_OPEN", 5);
    initiator.send("CHANNEL_DATA", 1, reference(5)); // waits while the others are collected
    await initiator.find("CHANNEL_CLOSE", 2);
    await initiator.find("CHANNEL_CLOSE", 3);
    assert.strictEqual(decode((await initiator.find("CHANNEL_DATA", 5)).payload), 0);
  }));

test("CH-051, CH-052: with a callback CHANNEL_LAST_MESSAGE is sent, and CHANNEL_CLOSE after that of the other side", () =>
  withWorker(async (initiator) => {
    const source = `${COLLECT}
      await (async () => {
        const other = await channel.receive();
        await other.setcallback((item) => channel.send(item), { endmarker: "end" });
      })();
      await collect();
      await channel.receive();`;
    initiator.exec(1, source);
    initiator.send("CHANNEL_OPEN", 3);
    initiator.send("CHANNEL_DATA", 1, reference(3));
    await initiator.next("CHANNEL_LAST_MESSAGE", 3);
    initiator.item(3, "still heard");
    assert.strictEqual(await initiator.nextItem(1), "still heard");
    initiator.send("CHANNEL_LAST_MESSAGE", 3);
    assert.strictEqual(await initiator.nextItem(1), "end");
    await initiator.next("CHANNEL_CLOSE", 3);
  }));

test("a thread that has ended lets its channels go", () =>
  withWorker(async (initiator) => {
    initiator.exec(1, "await channel.receive()");
    initiator.exec(3, "globalThis.kept = channel.gateway.newchannel(); await channel.send(kept)"); // not the main thread
    await initiator.next("CHANNEL_OPEN", 2);
    await initiator.next("CHANNEL_DATA", 3);
    await initiator.find("CHANNEL_CLOSE", 3);
    await initiator.find("CHANNEL_CLOSE", 2);
  }));

test("GW-023: an initiator that takes small items gets no answers, and a sentence", async () => {
  const initiator = new Initiator();
  try {
    await initiator.hello({ limits: { item: 1 } });
    initiator.send("STATUS", 1);
    assert.match(decode((await initiator.next("CHANNEL_CLOSE_ERROR", 1)).payload).get("text"), /^STATUS: the item takes \d+ bytes/);
  } finally {
    initiator.kill();
  }
});
