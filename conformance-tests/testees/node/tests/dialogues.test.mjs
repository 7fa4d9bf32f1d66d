/**
 * The dialogues of the specification, with the worker as a process.
 *
 * The initiator's frames are sent byte for byte as they are shown, and the worker's are compared byte for byte. What
 * cannot be the same is translated: sources that are Python, and what a worker says about itself and in its own words.
 */

import assert from "node:assert/strict";
import { test } from "node:test";

import { FRAME, PREAMBLE, frameName } from "../lib/wire/registry.mjs";
import { Initiator, decode, encode } from "./initiator.mjs";
import { readBlocks } from "./spec-files.mjs";

/** JavaScript for the sources of the dialogues. @type {Record<string, string>} */
const TRANSLATED = {
  "for item in channel:\n    channel.send(item)\n": "for await (const item of channel) await channel.send(item)",
  "def run(channel, text):\n    other = channel.gateway.newchannel()\n    channel.send(other)\n    other.send(text)\n    1/0\n":
    `async function run(channel, { text }) {
      globalThis.other = channel.gateway.newchannel();
      await channel.send(globalThis.other);
      await globalThis.other.send(text);
      setTimeout(() => globalThis.other.close(), 0);
      throw new Error("division by zero");
    }`,
  "channel.receive()": "await channel.receive()",
  "1/0": 'throw new Error("division by zero")',
  pass: "",
};

const WAIT = "await channel.receive()";
const ECHO = "await channel.send(await channel.receive())";

/**
 * What comes before a dialogue that does not begin with the preamble, and what is checked behind one.
 *
 * @typedef {object} Setting
 * @property {Record<string, unknown>} [hello]
 * @property {Record<number, string>} [executes]  sources that open channels
 * @property {(initiator: Initiator) => Promise<unknown>} [before]
 * @property {(initiator: Initiator) => Promise<unknown>} [after]
 */

/** @type {Record<string, Record<string, Setting>>} */
const DIALOGUES = {
  "10-preamble-hello.md": { "hs-minimal": {} },
  "20-frames.md": { "fr-ping": {} },
  "40-channels.md": {
    "ch-open": {
      executes: { 1: "const other = await channel.receive(); await other.send(await other.receive())" },
      after: async (initiator) => {
        initiator.item(3, 5);
        assert.strictEqual(decode((await initiator.find("CHANNEL_DATA", 3)).payload), 5);
      },
    },
    "ch-error": {},
  },
  "50-flow-control.md": {
    "fc-credit": {
      hello: { credit: 65536 },
      executes: { 1: "for (let n = 0; n < 5; n += 1) await channel.send(Buffer.alloc(16000))" },
      before: async (initiator) => {
        for (let count = 0; count < 4; count += 1) {
          await initiator.next("CHANNEL_DATA", 1);
        }
        await initiator.barrier();
        assert.deepStrictEqual(initiator.frames, []);
      },
      after: async (initiator) => {
        assert.strictEqual((await initiator.next("CHANNEL_DATA", 1)).payload.length, 16003);
      },
    },
  },
  "65-group.md": {
    "gr-terminate": { after: async (initiator) => assert.strictEqual(await initiator.exit, 0) },
  },
  "75-dialogues.md": {
    "dlg-echo": { after: async (initiator) => assert.strictEqual(await initiator.exit, 0) },
    "dlg-call": {},
    "dlg-parts": {
      executes: { 1: ECHO, 7: ECHO },
      after: async (initiator) => {
        assert.strictEqual(decode((await initiator.find("CHANNEL_DATA", 7)).payload), true);
        assert.strictEqual(decode((await initiator.find("CHANNEL_DATA", 1)).payload), "abcdefghijklmnopqrst");
      },
    },
    "dlg-main-thread": { hello: { config: { execmodel: "main_thread_only" } }, executes: { 1: WAIT } },
    "dlg-version": { after: async (initiator) => assert.strictEqual(await initiator.exit, 0) },
    "dlg-config": { after: async (initiator) => assert.strictEqual(await initiator.exit, 0) },
    "dlg-violation": { executes: { 1: WAIT }, after: (initiator) => initiator.until("the end", () => initiator.ended) },
    "dlg-unknown": { after: (initiator) => initiator.until("the end", () => initiator.ended) },
  },
  "60-gateway.md": {
    "gw-cancel": {}, "gw-follows": {} },
};

/** Dialogues in which frames cross: who is faster decides which of them are sent. */
const CROSSING = ["ch-crossing-close"];

/** Compare what the worker said with what is shown. @param {string} name @param {Buffer} got @param {Buffer} shown */
function compare(name, got, shown) {
  switch (name) {
    case "HELLO": {
      const hello = decode(got);
      assert.deepStrictEqual(hello.get("version"), decode(shown).get("version"));
      assert.ok(hello.get("features").includes("exec.javascript"));
      return;
    }
    case "GOAWAY":
      assert.strictEqual(decode(got).get("code"), decode(shown).get("code"), decode(got).get("text"));
      return;
    case "CHANNEL_CLOSE_ERROR":
      assert.strictEqual(decode(got).get("code"), decode(shown).get("code"));
      if (decode(shown).get("text").startsWith("Traceback")) {
        assert.match(decode(got).get("text"), /^Error: division by zero\n {4}at /);
        return;
      }
      break;
    case "CHANNEL_DATA": {
      const [mine, theirs] = [decode(got), decode(shown)];
      if (theirs instanceof Map && theirs.has("pid")) {
        assert.deepStrictEqual([...mine.keys()], [...theirs.keys()]);
        return;
      }
    }
  }
  assert.strictEqual(got.toString("hex"), shown.toString("hex"));
}

/** @param {Initiator} initiator @param {string[]} lines */
async function play(initiator, lines) {
  for (let index = 0; index < lines.length; index += 2) {
    const way = lines[index].replace("!", "").slice(0, 3);
    const bytes = Buffer.from(lines[index + 1].replaceAll(" ", ""), "hex");
    if (bytes.equals(PREAMBLE)) {
      continue; // the initiator for tests insists on it
    }
    const [name, channel, payload] = [frameName(bytes[0]), bytes.readUInt32BE(1), bytes.subarray(9)];
    if (way === "W>I") {
      const frame = await initiator.next(/** @type {keyof typeof FRAME} */ (name), channel);
      compare(name, frame.payload, payload);
    } else if (bytes[0] === FRAME.CHANNEL_EXEC && !decode(payload).has("follows")) {
      const request = decode(payload);
      const source = TRANSLATED[request.get("source")] ?? assert.fail(`not translated: ${request.get("source")}`);
      initiator.send("CHANNEL_EXEC", channel, encode(new Map([...request, ["source", source]])));
    } else {
      initiator.raw(bytes);
    }
  }
}

for (const [file, dialogues] of Object.entries(DIALOGUES)) {
  for (const { name, lines } of readBlocks(file, "xnet-dialogue").filter((block) => !CROSSING.includes(block.name))) {
    const { hello, executes = {}, before, after } = dialogues[name] ?? assert.fail(`${name} is not tested`);
    test(`${name} of ${file}`, async () => {
      const initiator = new Initiator();
      try {
        if (!lines[0].includes("preamble")) {
          await initiator.hello(hello);
          for (const [channel, source] of Object.entries(executes)) {
            initiator.exec(Number(channel), source);
          }
          await before?.(initiator);
        }
        await play(initiator, lines);
        await after?.(initiator);
      } finally {
        initiator.kill();
        await initiator.exit;
      }
    });
  }
}

test("every dialogue of the specification is played, or says why not", () => {
  const files = ["00-conventions.md", ...Object.keys(DIALOGUES)];
  const all = files.flatMap((file) => readBlocks(file, "xnet-dialogue").map(({ name }) => name));
  const played = Object.values(DIALOGUES).flatMap((dialogues) => Object.keys(dialogues));
  assert.deepStrictEqual(all.filter((name) => !played.includes(name) && name !== "conv-dialogue").sort(), CROSSING);
});
