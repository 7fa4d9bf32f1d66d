/** The program of a thread that executes code. Its first message is what to execute. */

import { parentPort, workerData } from "node:worker_threads";

import { decodeExec, decodeKwargs } from "../wire/control.mjs";
import { ask } from "./asking.mjs";
import { Channel } from "./channel.mjs";
import { Violation } from "../wire/errors.mjs";
import { describeError } from "./describe-error.mjs";
import { EOFError, Refusal } from "./errors.mjs";
import { execute } from "./execute.mjs";
import { Link } from "./link.mjs";
import { redirectOutput } from "./output.mjs";
import { serve } from "./services.mjs";

/** @typedef {import("./messages.mjs").ToThread} ToThread */

const port = /** @type {import("node:worker_threads").MessagePort} */ (parentPort);
/** @type {import("./messages.mjs").ThreadData & {isMain: boolean}} */
const data = workerData;
const link = new Link(port, data, (owner, id, closed) => new Channel(owner, id, closed));

/** How many executions run here: one or none. */
let running = 0;

/** @param {number} id @param {Buffer} payload */
async function run(id, payload) {
  const channel = link.given(id);
  channel.markExecuting(true);
  running += 1;
  /** @type {import("../wire/channel-error.mjs").ChannelError | null} */
  let told = null;
  try {
    const whole = decodeExec(payload).follows ? await receiveRequest(channel) : payload;
    const request = decodeExec(whole);
    if (request.service === null) {
      await execute(request, decodeKwargs(whole), channel);
    } else {
      await serve(request.service, channel);
    }
  } catch (error) {
    told = error instanceof EOFError ? null : describeError(error);
  }
  await channel.settleSends();
  running -= 1;
  channel.markExecuting(false);
  port.postMessage({ op: "ended", error: told });
  rest();
}

/** Receive the request that is the first item of its channel. Spec: GW-007, GW-008. @param {Channel} channel */
async function receiveRequest(channel) {
  const item = await channel.receive();
  if (!Buffer.isBuffer(item)) {
    throw new Refusal("the request behind CHANNEL_EXEC is no bytes");
  }
  let request;
  try {
    request = decodeExec(item);
  } catch (error) {
    throw error instanceof Violation ? new Refusal(error.message) : error;
  }
  if (request.follows) {
    throw new Refusal("the request behind CHANNEL_EXEC says that it follows once more");
  }
  return item;
}

/** A thread that is not the main one ends when it has nothing to do, and nothing to wait for. */
function rest() {
  if (!data.isMain) {
    if (running || link.pending.size) {
      port.ref();
    } else {
      port.unref();
    }
  }
}

port.on("message", (/** @type {ToThread} */ message) => {
  switch (message.op) {
    case "run":
      void run(message.channel, Buffer.from(message.payload));
      return;
    case "reply":
      link.receive(message);
      break;
    case "closed":
      link.closed(message.channel);
      break;
  }
  if (!data.isMain) {
    setImmediate(rest); // when the code that waited has gone on
  }
});

/** `process.chdir` for a thread: the process's first thread does it meanwhile. @param {string} directory */
process.chdir = (directory) => {
  const failure = ask(port, { op: "chdir", directory: String(directory) });
  if (failure) {
    throw new Error(failure);
  }
};

redirectOutput();
