/** Cuts many items into batches: CBOR arrays that fit a frame. Spec: CH-034, FC-020, FC-022. */

import { encodeItem } from "../wire/encode.mjs";
import { FIXED } from "../wire/registry.mjs";
import { Writer } from "../wire/writer.mjs";

/** Bytes of the longest head of an array that a batch can have. */
const HEAD_BYTES = 5;

/** @typedef {{bytes: Buffer, count: number}} Batch  `count` is 0 for a single item, which is sent as such */

/**
 * @param {Iterable<unknown>} items
 * @param {import("../wire/encode.mjs").EncodeLimits} limits
 * @param {number} part  the longest payload of a batch, at most a quarter of the window
 * @returns {Batch[]}
 */
export function encodeBatches(items, limits, part) {
  /** @type {Batch[]} */
  const batches = [];
  /** @type {Buffer[]} */
  let gathered = [];
  let cost = 0;
  const flush = () => {
    if (gathered.length === 1) {
      batches.push({ bytes: gathered[0], count: 0 });
    } else if (gathered.length) {
      batches.push(joinBatch(gathered));
    }
    gathered = [];
    cost = 0;
  };
  for (const item of items) {
    const bytes = encodeItem(item, limits);
    const more = bytes.length + FIXED.item_overhead;
    // what a batch costs stays below the quarter of the window that its bytes may take
    if (cost + more + HEAD_BYTES > part) {
      flush();
    }
    gathered.push(bytes);
    cost += more;
  }
  flush();
  return batches;
}

/** @param {Buffer[]} items */
function joinBatch(items) {
  const writer = new Writer();
  writer.head(4, items.length);
  for (const item of items) {
    writer.bytes(item);
  }
  return { bytes: writer.finish(), count: items.length };
}
