/** The end of a worker, and its trace. Spec: GR-003 to GR-008, HS-009, ER-002, TR. */

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { Initiator, decode, withWorker } from "./initiator.mjs";

/** @param {() => Promise<unknown>} body */
async function secondsOf(body) {
  const start = performance.now();
  await body();
  return (performance.now() - start) / 1000;
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** @param {Initiator} initiator @param {number} channel */
async function pidOf(initiator, channel) {
  initiator.send("INFO", channel);
  const pid = decode((await initiator.find("CHANNEL_DATA", channel)).payload).get("pid");
  await initiator.find("CHANNEL_CLOSE", channel);
  return pid;
}

test("GR-005: a worker with nothing to wait for ends at once", () =>
  withWorker(async (initiator) => {
    initiator.exec(1, "setInterval(() => undefined, 10); globalThis.kept = channel.gateway.newchannel()");
    await initiator.find("CHANNEL_CLOSE", 1);
    const seconds = await secondsOf(async () => assert.strictEqual(await initiator.terminate(), 0));
    assert.ok(seconds < 4.5, `${seconds} s`); // and not after the 5 seconds that code may take
  }));

test("GR-003: code that waits sees the end, and what it sends then still arrives", () =>
  withWorker(async (initiator) => {
    initiator.exec(1, "try { await channel.receive() } catch (error) { await channel.send(error.name) }");
    await initiator.barrier();
    const status = initiator.terminate();
    assert.strictEqual(await initiator.nextItem(1), "EOFError");
    await initiator.next("CHANNEL_CLOSE", 1);
    assert.strictEqual(await status, 0);
  }));

test("GR-003: code that does not end is interrupted after 5 seconds", () =>
  withWorker(async (initiator) => {
    initiator.exec(1, "await channel.send(0); while (true);");
    await initiator.nextItem(1);
    const seconds = await secondsOf(async () => assert.strictEqual(await initiator.terminate(), 0));
    assert.ok(seconds > 4.5 && seconds < 14, `${seconds} s`);
    assert.strictEqual(decode((await initiator.next("CHANNEL_CLOSE_ERROR", 1)).payload).get("text"), "keyboard-interrupted");
  }));

test("GR-005, GR-007: a worker gives up on code inside of a system call, and says so by its status", () =>
  withWorker(async (initiator) => {
    initiator.exec(1, "await channel.send(0); require('child_process').execSync('sleep 40')");
    await initiator.nextItem(1);
    const seconds = await secondsOf(async () => assert.strictEqual(await initiator.terminate(), 1));
    assert.ok(seconds > 14 && seconds < 25, `${seconds} s`);
  }));

for (const [what, source] of [["nothing runs", ""], ["code waits", "await channel.receive()"]]) {
  test(`GR-004, GR-008: the end of the input ends the worker (${what})`, () =>
    withWorker(async (initiator) => {
      initiator.exec(1, source);
      await initiator.barrier();
      initiator.process.stdin.end();
      assert.strictEqual(await initiator.exit, 0);
    }));
}

test("GR-008: the end of the input is noticed while code computes", () =>
  withWorker(async (initiator) => {
    initiator.exec(1, "await channel.send(0); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);");
    await initiator.nextItem(1);
    initiator.process.stdin.end();
    assert.strictEqual(await initiator.exit, 0);
  }));

test("HS-009: a worker whose input ends before HELLO exits", async () => {
  const initiator = new Initiator();
  initiator.process.stdin.end();
  assert.strictEqual(await initiator.exit, 0);
});

test("ER-002: a broken rule ends the worker, too", () =>
  withWorker(async (initiator) => {
    initiator.exec(1, "await channel.receive()");
    initiator.send(99, 0);
    assert.match(await initiator.refused("FRAME_UNKNOWN_TYPE"), /frame type 99/);
    assert.strictEqual(await initiator.exit, 0);
  }));

test("the launcher and the worker have one fate", () =>
  withWorker(async (initiator) => {
    const pid = await pidOf(initiator, 1);
    assert.notStrictEqual(pid, initiator.process.pid);
    initiator.process.kill("SIGKILL");
    assert.strictEqual(await initiator.exit, "SIGKILL");
    await initiator.until("the end of the stream", () => initiator.ended); // the worker had it too
  }));

test("a signal that ends the worker is the end of the launcher", () =>
  withWorker(async (initiator) => {
    initiator.exec(1, "process.kill(process.pid, 'SIGSEGV'); await channel.receive()");
    assert.strictEqual(await initiator.exit, "SIGSEGV");
  }));

test("SIGTERM ends both", () =>
  withWorker(async (initiator) => {
    await initiator.barrier();
    initiator.process.kill("SIGTERM");
    assert.strictEqual(await initiator.exit, "SIGTERM");
    await initiator.until("the end of the stream", () => initiator.ended);
  }));

test("FR-024, FR-025, HS-024: silence is asked about, then it is the end", () =>
  withWorker(
    async (initiator) => {
      for (let count = 0; count < 3; count += 1) {
        await initiator.next("PING", 0);
        initiator.send("PONG", 0);
      }
      await initiator.next("PING", 0);
      initiator.send(150, 0); // whatever comes is a sign of life
      await initiator.next("PING", 0);
      assert.match(await initiator.refused("NO_ERROR"), /nothing has come from the initiator for \d+ ms/);
      assert.strictEqual(await initiator.exit, 0);
    },
    { hello: { config: { keepalive: 700 } } },
  ));

test("LI-010: an initiator that asks and does not read costs bounded memory, and nothing is lost", () =>
  withWorker(async (initiator) => {
    const pid = await pidOf(initiator, 1);
    const count = 30000;
    initiator.process.stdout.pause();
    for (let index = 0; index < count; index += 1) {
      initiator.send("STATUS", 3 + 2 * index);
    }
    assert.ok(isAlive(pid));
    initiator.process.stdout.resume();
    await initiator.until("the answers", () => initiator.frames.length === 2 * count);
  }));

/** @param {string} text  of a trace @param {RegExp} prefix  of its lines */
function framesIn(text, prefix) {
  const lines = text.trim().split("\n").filter((line) => prefix.test(line));
  return lines
    .map((line) => /(sent|received) <Message (\w+) channel=(\d+) lendata=(\d+)>$/.exec(line)?.slice(1, 4).join(" "))
    .filter(Boolean);
}

const DIALOGUE = [
  "sent HELLO 0", "received HELLO 0", "received CHANNEL_EXEC 1", "sent CHANNEL_DATA 1", "sent CHANNEL_CLOSE 1",
  "received TYPE_150 5", "received CHANNEL_OPEN 9", "received CHANNEL_DATA 1", "received GATEWAY_TERMINATE 0",
  "sent GOAWAY 0",
];

/** @param {Record<string, string>} env  of the process @param {Record<string, string>} configured  by HELLO */
async function traced(env, configured = {}) {
  const initiator = new Initiator({ env });
  await initiator.hello({ config: { id: "gw5", env: configured } });
  initiator.exec(1, "channel.send('secret')");
  await initiator.find("CHANNEL_CLOSE", 1);
  initiator.send(150, 5);
  initiator.send("CHANNEL_OPEN", 9);
  initiator.item(1, 1); // is dropped
  await initiator.terminate();
  return initiator;
}

test("TR-001, TR-010: EXECNET_DEBUG=2 traces to standard error", async () => {
  const { stderr } = await traced({ EXECNET_DEBUG: "2" });
  assert.deepStrictEqual(framesIn(stderr, /^\[\d+\] (gw5-)?worker /), DIALOGUE);
  for (const event of ["connection started", "execution of channel 1 started", "execution of channel 1 ended"]) {
    assert.ok(stderr.includes(event), event);
  }
  assert.ok(!stderr.includes("secret"));
});

test("TR-001, TR-020: EXECNET_DEBUG=1 and XNET_TRACE_JSON trace to files", async () => {
  const directory = mkdtempSync(join(tmpdir(), "xnet-node-"));
  const env = { EXECNET_DEBUG: "1", TMPDIR: directory, XNET_TRACE_JSON: join(directory, "json") };
  const { stderr } = await traced(env);
  assert.strictEqual(stderr, "");
  const [text, json] = ["execnet-debug-", "json-"].map((prefix) => {
    const name = readdirSync(directory).find((one) => one.startsWith(prefix)) ?? assert.fail(`no ${prefix}`);
    return readFileSync(join(directory, name), "utf8");
  });
  assert.deepStrictEqual(framesIn(text, /^(gw5-)?worker /), DIALOGUE);
  const objects = json.trim().split("\n").map((line) => JSON.parse(line));
  const frames = objects.filter(({ dir }) => dir).map(({ dir, type, channel }) => `${dir} ${type} ${channel}`);
  assert.deepStrictEqual(frames, DIALOGUE);
  for (const { ns, pid, side } of objects) {
    assert.ok(ns > 0 && pid > 0 && side.endsWith("worker"));
  }
});

test("TR-004: a configuration that sets EXECNET_DEBUG gives the same trace", async () => {
  const { stderr } = await traced({}, { EXECNET_DEBUG: "2" });
  assert.deepStrictEqual(framesIn(stderr, /^\[\d+\] gw5-worker /), DIALOGUE);
});

test("TR-002: any other value traces nothing", async () => {
  const { stderr } = await traced({ EXECNET_DEBUG: "3" });
  assert.strictEqual(stderr, "");
});
