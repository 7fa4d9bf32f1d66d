/** The numbers of this worker are those of the registry of the specification. */

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  CHANNEL_ERROR, CODE, DEFAULT_LIMITS, FIXED, FRAME, IGNORABLE, MINIMUM_LIMITS, PREAMBLE, TAG, VERSION, frameName,
} from "../lib/wire/registry.mjs";
import { readRegistryRows, readSpec } from "./spec-files.mjs";

/** @param {Array<Record<string, string>>} rows @param {string} key @param {string} value */
const table = (rows, key, value) => Object.fromEntries(rows.map((row) => [row[key], Number(row[value])]));

test("frame types", () => {
  const rows = readRegistryRows("frame_types").filter((row) => !row.feature);
  const known = table(rows.filter((row) => !row.reserved), "name", "code");
  assert.deepStrictEqual({ ...FRAME }, known);
  for (const { code, name } of rows) {
    assert.strictEqual(frameName(Number(code)), name);
  }
  assert.strictEqual(frameName(200), "TYPE_200");
  assert.match(readSpec("schema/registry.yaml"), new RegExp(`first: ${IGNORABLE.first}, last: ${IGNORABLE.last}`));
});

test("error codes", () => {
  assert.deepStrictEqual({ ...CODE }, table(readRegistryRows("error_codes"), "name", "code"));
});

test("fixed limits", () => {
  assert.deepStrictEqual({ ...FIXED }, table(readRegistryRows("fixed_limits"), "name", "value"));
});

test("tags", () => {
  const tags = readRegistryRows("tags").filter((row) => !row.feature).map((row) => Number(row.tag));
  assert.deepStrictEqual(Object.values(TAG).sort(), tags.sort());
});

test("announced limits, the version and texts", () => {
  const text = readSpec("schema/registry.yaml");
  for (const [name, value] of Object.entries(DEFAULT_LIMITS)) {
    const minimum = MINIMUM_LIMITS[/** @type {keyof typeof MINIMUM_LIMITS} */ (name)];
    assert.match(text, new RegExp(`- name: ${name}\\n[^-]*default: ${value}\\n\\s*minimum: ${minimum}\\n`));
  }
  assert.ok(text.includes(`version: [${VERSION.join(", ")}]`));
  assert.ok(text.includes(`preamble: "${PREAMBLE.toString("hex")}"`));
  for (const known of [CHANNEL_ERROR.mainThreadBusy, CHANNEL_ERROR.interrupted]) {
    assert.ok(text.includes(`code: ${known.code}\n    text: "${known.text}"`));
  }
});
