/** Silence, with a clock of our own. Spec: FR-024, FR-025. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Keepalive } from "../lib/process/keepalive.mjs";

/** @param {number[]} moments  when it looks, in milliseconds, with an interval of 1000 */
function actionsAt(moments) {
  /** @type {string[]} */
  const actions = [];
  const keepalive = new Keepalive(1000, {
    ask: () => actions.push("ask"),
    giveUp: (ms) => actions.push(`give up after ${ms}`),
  });
  keepalive.stop();
  keepalive.heardAt = 0;
  keepalive.looked = 0;
  for (const now of moments) {
    keepalive.look(now);
  }
  return actions;
}

test("it asks after one interval, and gives up after another", () => {
  assert.deepStrictEqual(actionsAt([250, 500, 750]), []);
  assert.deepStrictEqual(actionsAt([250, 500, 750, 1000, 1250]), ["ask"]);
  const all = [250, 500, 750, 1000, 1250, 1500, 1750, 2000];
  assert.deepStrictEqual(actionsAt(all), ["ask", "give up after 2000"]);
});

test("a process that did not run itself asks again", () => {
  assert.deepStrictEqual(actionsAt([250, 500, 750, 1000, 9000, 9250]), ["ask", "ask"]);
});
