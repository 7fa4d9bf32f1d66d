/**
 * How a thread asks the process's first thread for something that it cannot go on without: it waits, and executes
 * nothing meanwhile. The first thread never waits for another, so the answer comes.
 */

import { MessageChannel, receiveMessageOnPort } from "node:worker_threads";

/** @typedef {import("node:worker_threads").MessagePort} MessagePort */

/**
 * @typedef {object} Question  what every message has that is asked so
 * @property {Int32Array} gate  what the thread waits for
 * @property {MessagePort} port  gets the answer
 */

/**
 * For a thread that executes code.
 *
 * @param {MessagePort} port  to the first thread
 * @param {Record<string, unknown>} message
 * @returns {any} the answer
 */
export function ask(port, message) {
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const { port1, port2 } = new MessageChannel();
  port.postMessage({ ...message, gate, port: port2 }, [port2]);
  Atomics.wait(gate, 0, 0);
  const found = receiveMessageOnPort(port1)?.message;
  port1.close();
  return found;
}

/** For the first thread. @param {Question} question @param {unknown} value */
export function answer({ gate, port }, value) {
  port.postMessage(value);
  Atomics.store(gate, 0, 1);
  Atomics.notify(gate, 0);
}
