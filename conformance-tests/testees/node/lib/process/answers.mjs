/** The answers to STATUS and INFO. Spec: GW-020 to GW-022, GW-030. */

import { encodeItem } from "../wire/encode.mjs";
import { Tuple } from "../wire/types.mjs";
import { shortenText } from "../wire/control.mjs";

/** A path longer than this is cut, so that an answer always fits one frame (bytes). */
const LONGEST_PATH = 4096;

/** @typedef {{depth: number, item: number}} Limits  of the other peer */

/**
 * @param {{numchannels: number, numexecuting: number, numqueued: number, execmodel: string}} state
 * @param {Limits} limits
 */
export function encodeStatus({ numchannels, numexecuting, numqueued, execmodel }, limits) {
  return encodeItem({ numchannels, numexecuting, numqueued, execmodel }, limits);
}

/** @param {{implementation: string, version: string}} self @param {Limits} limits */
export function encodeInfo({ implementation, version }, limits) {
  return encodeItem(
    {
      executable: shortenText(process.execPath, LONGEST_PATH),
      version_info: Tuple.from(process.versions.node.split(".").map(Number)),
      platform: process.platform,
      cwd: currentDirectory(),
      pid: process.pid,
      implementation,
      version,
    },
    limits,
  );
}

function currentDirectory() {
  try {
    return shortenText(process.cwd(), LONGEST_PATH);
  } catch {
    return null; // it was removed
  }
}
