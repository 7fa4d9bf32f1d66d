/** What executed code can do, and what its end looks like. Spec: GW-001 to GW-022, GW-040, GW-050 to GW-053. */

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { Initiator, decode, withWorker } from "./initiator.mjs";

/** @param {Initiator} initiator @param {number} channel */
const errorOn = async (initiator, channel) =>
  decode((await initiator.find("CHANNEL_CLOSE_ERROR", channel)).payload).get("text");

test("GW-010, GW-024, GW-053: code that ends properly, and code whose channel has ended", () =>
  withWorker(async (initiator) => {
    initiator.exec(1, "channel.send(1); channel.send(2)"); // nobody waits for the sends
    assert.strictEqual(await initiator.nextItem(1), 1);
    assert.strictEqual(await initiator.nextItem(1), 2);
    await initiator.next("CHANNEL_CLOSE", 1);
    initiator.exec(3, "return 5; // and a comment");
    await initiator.next("CHANNEL_CLOSE", 3);
    initiator.exec(5, "await channel.receive()");
    initiator.send("CHANNEL_LAST_MESSAGE", 5);
    await initiator.next("CHANNEL_CLOSE", 5);
  }));

test("GW-010, GW-050, GW-054: code that fails, in whatever way", () =>
  withWorker(async (initiator) => {
    /** @type {Array<[string, RegExp, Record<string, unknown>?]>} */
    const failures = [
      ["\nthrow new TypeError('oh')", /^TypeError: oh\n {4}at \S*run.js:2:7/, { file: "run.js" }],
      ["let x = ", /SyntaxError/],
      ["throw 5", /^the code has thrown 5$/],
      ["throw { get stack() { throw 1; } }", /^the code has thrown/],
      ["throw new Error('outer', { cause: new Error('inner') })", /outer[\s\S]*inner/],
      ["undeclared = 1", /^ReferenceError: undeclared is not defined/],
      ["channel.send(undefined)", /^DumpError: undefined cannot be sent/],
      ["setTimeout(() => { throw new Error('late') }); await channel.receive()", /^Error: late\n/],
      ["process.exit(3)", /^the executed code called process.exit\(3\)$/],
      ["", /^ReferenceError: the source defines no function go/, { call: "go" }],
      ["", /that is no name/, { call: "go()" }],
      ["var go = 5", /defines no function go/, { call: "go" }],
    ];
    let channel = 1;
    for (const [source, wanted, more] of failures) {
      initiator.exec(channel, source, more);
      assert.match(await errorOn(initiator, channel), wanted, source);
      channel += 2;
    }
    const { numexecuting, numchannels } = await initiator.status(channel);
    assert.deepStrictEqual([numexecuting, numchannels], [0, 0]);
  }));

test("CH-042: a long error is shortened between characters", () =>
  withWorker(async (initiator) => {
    for (const [channel, character] of [[1, "a"], [3, "é"], [5, "😀"], [7, "x😀\\ud800"]]) {
      initiator.exec(Number(channel), `throw new Error("${character}".repeat(70000))`);
      const { payload } = await initiator.next("CHANNEL_CLOSE_ERROR", Number(channel));
      assert.ok(payload.length <= 65536 && payload.length > 65400, String(payload.length));
      assert.match(decode(payload).get("text"), /\[shortened: the text has \d+ bytes, \d+ can be sent\]$/);
    }
  }));

test("GW-003, GW-051: a function is called with the channel and an object of named arguments", () =>
  withWorker(async (initiator) => {
    const source = "async function go(channel, { a, b = 7, ...rest }) { await channel.send([a, b, rest.__proto__]) }";
    initiator.exec(1, source, { call: "go", kwargs: new Map(Object.entries({ a: 2n ** 70n, ["__proto__"]: 3n })) });
    assert.deepStrictEqual(await initiator.nextItem(1), [2n ** 70n, 7, 3]);
    initiator.exec(3, "const go = (channel, kwargs) => channel.send(Object.keys(kwargs).length)", { call: "go" });
    await initiator.find("CHANNEL_CLOSE", 1);
    assert.strictEqual(await initiator.nextItem(3), 0);
    initiator.exec(5, "channel.send(typeof a)", { kwargs: { a: 1 } }); // ignored without call
    await initiator.find("CHANNEL_CLOSE", 3);
    assert.strictEqual(await initiator.nextItem(5), "undefined");
  }));

test("GW-011, GW-012: the channel of code is closed when the code has ended", () =>
  withWorker(async (initiator) => {
    initiator.exec(1, "try { channel.close() } catch (error) { await channel.send(error.name) }");
    assert.strictEqual(await initiator.nextItem(1), "UsageError");
    await initiator.next("CHANNEL_CLOSE", 1);
    const source = `
      const told = await channel.receive();
      const names = [];
      await channel.receive().catch((error) => names.push(error.name));
      await channel.send(1).catch((error) => names.push(error.name));
      names.push(channel.isclosed());
      await told.send(names);`;
    initiator.exec(3, source);
    initiator.send("CHANNEL_OPEN", 5);
    initiator.raw(Buffer.from("0400000003" + "00000004" + "d9e42205", "hex")); // a reference to channel 5
    initiator.send("CHANNEL_CLOSE", 3);
    assert.deepStrictEqual(await initiator.nextItem(5), ["EOFError", "ChannelClosedError", true]);
  }));

test("GW-013, GW-005: executions overlap, also with one that computes; those that do not share the main thread", () =>
  withWorker(async (initiator) => {
    const where = "await channel.send(require('worker_threads').threadId)";
    initiator.exec(1, where);
    const main = await initiator.nextItem(1);
    await initiator.next("CHANNEL_CLOSE", 1);
    initiator.exec(3, `${where}; while (true);`);
    assert.strictEqual(await initiator.nextItem(3), main);
    initiator.exec(5, where);
    assert.notStrictEqual(await initiator.nextItem(5), main);
    await initiator.next("CHANNEL_CLOSE", 5);
    assert.strictEqual((await initiator.status(7)).numexecuting, 1);
    initiator.process.kill("SIGINT");
    assert.strictEqual(await errorOn(initiator, 3), "keyboard-interrupted");
    initiator.exec(9, "channel.send('again')");
    assert.strictEqual(await initiator.nextItem(9), "again");
  }));

test("GW-014, GW-016: in main_thread_only a second execution is refused, or comes when the first ends soon", () =>
  withWorker(
    async (initiator) => {
      initiator.exec(1, "await channel.receive()");
      initiator.exec(3, "");
      const { numexecuting, numqueued, execmodel } = await initiator.status(5);
      assert.deepStrictEqual([numexecuting, numqueued, execmodel], [1, 1, "main_thread_only"]);
      assert.match(await errorOn(initiator, 3), /^concurrent remote_exec would cause deadlock/);
      initiator.exec(7, "await channel.send(1)");
      initiator.item(1, null);
      assert.strictEqual(decode((await initiator.find("CHANNEL_DATA", 7)).payload), 1);
      for (let channel = 9; channel < 29; channel += 2) {
        await initiator.find("CHANNEL_CLOSE", channel - 2);
        initiator.exec(channel, ""); // GW-015: idle as soon as the closing frame was sent
      }
    },
    { hello: { config: { execmodel: "main_thread_only" } } },
  ));

test("GW-020, GW-021: counts", () =>
  withWorker(async (initiator) => {
    initiator.exec(1, "globalThis.kept = channel.gateway.newchannel(); await channel.receive()");
    await initiator.find("CHANNEL_OPEN", 2);
    assert.strictEqual((await initiator.status(3)).numexecuting, 1);
    initiator.item(1, 0);
    await initiator.find("CHANNEL_CLOSE", 1);
    const { numexecuting, numchannels } = await initiator.status(5);
    assert.deepStrictEqual([numexecuting, numchannels], [0, 1]);
  }));

test("GW-040: what code prints, and what its child processes do, stays away from the connection", () =>
  withWorker(async (initiator) => {
    const source = `
      console.log("printed");
      process.stdout.write("written\\n");
      require("fs").writeSync(1, "to one\\n");
      require("child_process").execSync("echo child; cat", { stdio: "inherit" });
      const fs = require("fs");
      const connection = [3, 4].map((descriptor) => fs.readlinkSync("/proc/self/fd/" + descriptor));
      const open = require("child_process").execFileSync("ls", ["-l", "/proc/self/fd"]).toString();
      await channel.send([connection.filter((one) => open.includes(one)), fs.readFileSync(0, "utf8")]);
      console.error("last words"); process.exit(0)`;
    initiator.exec(1, source);
    assert.deepStrictEqual(await initiator.nextItem(1), [[], ""]);
    await errorOn(initiator, 1);
    const wanted = ["printed", "written", "to one", "child", "last words"];
    await initiator.until("the output", () => wanted.every((one) => initiator.stderr.includes(`${one}\n`)));
  }));

test("the environment: require, import, the names of xnet, the directory", () => {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "xnet-node-")));
  return withWorker(
    async (initiator) => {
      const source = `
        const { basename } = await import("node:path");
        const { Tuple, FrozenSet, Float, Complex } = xnet;
        process.chdir("..");
        await channel.send([basename("a/b"), Tuple.of(1), new FrozenSet([2]), new Float(3), new Complex(4, 5)]);
        await channel.send([process.cwd(), process.env.XNET_TEST, "HOME" in process.env, channel.gateway.id]);
        try { process.chdir("/no/such") } catch (error) { await channel.send(error.message) }`;
      initiator.exec(1, source);
      const first = (await initiator.next("CHANNEL_DATA", 1)).payload;
      assert.strictEqual(first.toString("hex"), "856162d9e4208101d9e4218102fa40400000d9a7f882fa40800000fa40a00000");
      assert.deepStrictEqual(await initiator.nextItem(1), [directory, "é", false, "gw7"]);
      assert.match(await initiator.nextItem(1), /no such file/);
      await initiator.next("CHANNEL_CLOSE", 1);
      initiator.send("INFO", 3);
      assert.strictEqual((await initiator.nextItem(3)).get("cwd"), directory);
    },
    { cwd: directory, hello: { config: { id: "gw7", env: { XNET_TEST: "é", HOME: null }, chdir: "made", nice: 1, alias: 1 } } },
  );
});

test("what code prints goes where the configuration says", async () => {
  const directory = mkdtempSync(join(tmpdir(), "xnet-node-"));
  const source = `
    console.log("printed");
    require("child_process").execSync("echo child", { stdio: "inherit" });
    console.error("told");`;
  for (const stdout of [join(directory, "out.txt"), "null", "stderr"]) {
    await withWorker(
      async (initiator) => {
        initiator.exec(1, source);
        await initiator.find("CHANNEL_CLOSE", 1);
        await initiator.until("what is told", () => initiator.stderr.includes("told\n"));
        assert.strictEqual(initiator.stderr, stdout === "stderr" ? "printed\nchild\ntold\n" : "told\n");
      },
      { hello: { config: { stdout } } },
    );
  }
  assert.strictEqual(readFileSync(join(directory, "out.txt"), "utf8"), "printed\nchild\n");
});

/** @type {Array<[Record<string, unknown>, RegExp]>} */
const CONFIGS = [
  [{ chdir: "/no/such/place" }, /^chdir: '\/no\/such\/place' cannot be applied: /],
  [{ chdir: "/dev/null" }, /^chdir: '\/dev\/null' cannot be applied: /],
  [{ execmodel: "eventlet" }, /^execmodel: 'eventlet' cannot be applied: there is only thread and main_thread_only$/],
  [{ env: { "A=B": "x" } }, /^env: 'A=B' cannot be applied/],
  [{ stdout: "/no/such/file" }, /^stdout: '\/no\/such\/file' cannot be applied: /],
  [{ stdout: "out.txt" }, /^stdout: 'out.txt' cannot be applied: stderr, null or an absolute path is expected$/],
  [{ keepalive: 0 }, /^keepalive: '0' cannot be applied: milliseconds are expected/],
  [{ env: { A: "a\0b" } }, /^env: 'A' cannot be applied/],
];

for (const [config, wanted] of CONFIGS) {
  test(`HS-022: ${JSON.stringify(config)} is refused`, async () => {
    const initiator = new Initiator();
    try {
      await initiator.hello({ config });
      initiator.exec(1, "channel.send(1)");
      assert.match(await initiator.refused("CONFIG_REFUSED"), wanted);
      assert.strictEqual(await initiator.exit, 0);
    } finally {
      initiator.kill();
    }
  });
}
