/** The HELLO of either side. Spec: HS-010 to HS-017. */

import { decodeControl, isInteger, isTextMap, isUnsigned } from "./control.mjs";
import { encodeItem } from "./encode.mjs";
import { Violation } from "./errors.mjs";
import { CONTROL_DEPTH, DEFAULT_LIMITS, FIXED, MINIMUM_LIMITS, MINIMUM_MEMORY, VERSION } from "./registry.mjs";

/** @typedef {import("./registry.mjs").Limits} Limits */

/**
 * @typedef {object} Config  what the worker is asked to apply; a key that is not there was not asked for
 * @property {string} [id]
 * @property {string} [execmodel]
 * @property {string} [chdir]
 * @property {number | bigint} [nice]
 * @property {Map<string, string | null>} [env]
 * @property {string} [stdout]
 * @property {number | bigint} [keepalive]  milliseconds
 */

/**
 * @typedef {object} Hello
 * @property {Limits} limits
 * @property {Config} config
 * @property {readonly string[]} features
 */

/** @type {Record<keyof Config, [string, (value: unknown) => boolean]>} */
const CONFIG_RULES = {
  id: ["a text", (value) => typeof value === "string"],
  execmodel: ["a text", (value) => typeof value === "string"],
  chdir: ["a text", (value) => typeof value === "string"],
  nice: ["an integer", isInteger],
  env: ["a map of text to text or null", isEnvironment],
  stdout: ["a text", (value) => typeof value === "string"],
  keepalive: ["an integer", isInteger],
};

/** @param {unknown} value */
function isEnvironment(value) {
  return isTextMap(value) && [...value.values()].every((one) => one === null || typeof one === "string");
}

/**
 * Our HELLO as a worker.
 *
 * @param {{implementation: string, features: readonly string[], limits: Limits}} said
 */
export function encodeHello({ implementation, features, limits }) {
  const { credit, ...others } = limits;
  return encodeItem(
    { version: VERSION.slice(), implementation, features: features.slice(), limits: others, credit },
    { depth: CONTROL_DEPTH, item: FIXED.hello },
  );
}

/**
 * The HELLO of an initiator.
 *
 * @param {Buffer} payload
 * @returns {Hello}
 * @throws {Violation} VERSION_UNSUPPORTED or HELLO_MALFORMED
 */
export function decodeHello(payload) {
  let hello;
  try {
    hello = decodeControl(payload);
  } catch (error) {
    throw error instanceof Violation ? refuse(error.message) : error;
  }
  if (!(hello instanceof Map)) {
    throw refuse("it is no map");
  }
  checkVersion(hello.get("version")); // before any other key (HS-014)
  if (!isTextMap(hello)) {
    throw refuse("it has a key that is no text");
  }
  checkKey(hello, "implementation", "a text", (value) => typeof value === "string");
  checkKey(hello, "features", "an array of text", isTextArray);
  checkKey(hello, "limits", "a map with text as keys", isTextMap);
  checkKey(hello, "config", "a map with text as keys", isTextMap);
  const announced = /** @type {Map<string, unknown>} */ (hello.get("limits") ?? new Map());
  const credit = hello.has("credit") ? hello.get("credit") : DEFAULT_LIMITS.credit;
  return {
    limits: {
      frame: readLimit(announced, "frame"),
      // What it does not keep it does not take either, and what an item costs has to fit. Spec: LI-011
      item: Math.min(readLimit(announced, "item"), readMemory(announced) - FIXED.item_overhead),
      depth: readLimit(announced, "depth"),
      channels: readLimit(announced, "channels"),
      credit: inRange("credit", credit, MINIMUM_LIMITS.credit, FIXED.max_credit),
    },
    features: /** @type {string[]} */ (hello.get("features") ?? []),
    config: readConfig(/** @type {Map<string, unknown>} */ (hello.get("config") ?? new Map())),
  };
}

/** @param {string} what */
function refuse(what) {
  return new Violation("HELLO_MALFORMED", `HELLO: ${what}`);
}

/** @param {unknown} version */
function checkVersion(version) {
  const pair = Array.isArray(version) && Object.getPrototypeOf(version) === Array.prototype ? version : [];
  const [major, minor] = pair;
  if (pair.length !== 2 || !isUnsigned(major) || !isUnsigned(minor)) {
    throw refuse('"version" has to be an array of exactly two unsigned integers');
  }
  if (Number(major) !== VERSION[0]) {
    throw new Violation(
      "VERSION_UNSUPPORTED",
      `the initiator speaks version ${major}.${minor}, this worker speaks ${VERSION.join(".")}; ` +
        "the major versions must be equal",
    );
  }
}

/**
 * @param {Map<string, unknown>} map
 * @param {string} key
 * @param {string} rule  in words
 * @param {(value: unknown) => boolean} matches
 */
function checkKey(map, key, rule, matches) {
  if (map.has(key) && !matches(map.get(key))) {
    throw refuse(`"${key}" has to be ${rule}`);
  }
}

/** @param {unknown} value */
function isTextArray(value) {
  return (
    Array.isArray(value) &&
    Object.getPrototypeOf(value) === Array.prototype &&
    value.every((one) => typeof one === "string")
  );
}

/** @param {Map<string, unknown>} announced @param {"frame" | "item" | "depth" | "channels"} key */
function readLimit(announced, key) {
  const value = announced.has(key) ? announced.get(key) : DEFAULT_LIMITS[key];
  return inRange(`limits.${key}`, value, MINIMUM_LIMITS[key], Infinity);
}

/** @param {Map<string, unknown>} announced */
function readMemory(announced) {
  return announced.has("memory") ? inRange("limits.memory", announced.get("memory"), MINIMUM_MEMORY, Infinity) : Infinity;
}

/** @param {string} name @param {unknown} value @param {number} least @param {number} most */
function inRange(name, value, least, most) {
  if (!isUnsigned(value) || value < least || value > most) {
    const range = most === Infinity ? `of at least ${least}` : `from ${least} to ${most}`;
    throw refuse(`"${name}" has to be an integer ${range}`);
  }
  return Number(value);
}

/** @param {Map<string, unknown>} given @returns {Config} */
function readConfig(given) {
  /** @type {Record<string, unknown>} */
  const config = {};
  for (const [key, [rule, matches]] of Object.entries(CONFIG_RULES)) {
    if (given.has(key)) {
      checkKey(given, key, rule, matches);
      config[key] = given.get(key);
    }
  }
  return config;
}
