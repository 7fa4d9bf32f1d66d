/** Which channel ids of one parity have been used. Spec: CH-001 to CH-007, CH-010. */

import { FIXED } from "../wire/registry.mjs";
import { Violation } from "../wire/errors.mjs";

/**
 * Ids may be used in any order, so what is remembered are the gaps: runs of unused ids below the highest one. One
 * reference to the highest possible id makes one gap.
 */
export class UsedIds {
  constructor() {
    /** Place of the highest used id: (id - 1) >> 1, so ids of one parity have neighbouring places. */
    this.highest = -1;
    /** @type {Array<[number, number]>} first and last place of each gap, ascending */
    this.gaps = [];
  }

  /** @param {number} id */
  has(id) {
    const place = placeOf(id);
    return place <= this.highest && this.gapAt(place) < 0;
  }

  /**
   * Note that an id is used; a used one stays so.
   *
   * @param {number} id
   * @throws {Violation} LIMIT_EXCEEDED
   */
  add(id) {
    const place = placeOf(id);
    if (place > this.highest) {
      if (place > this.highest + 1) {
        this.gaps.push([this.highest + 1, place - 1]);
        this.checkGaps(id);
      }
      this.highest = place;
      return;
    }
    const index = this.gapAt(place);
    if (index < 0) {
      return;
    }
    const [first, last] = this.gaps[index];
    /** @type {Array<[number, number]>} */
    const left = [];
    if (first < place) {
      left.push([first, place - 1]);
    }
    if (place < last) {
      left.push([place + 1, last]);
    }
    this.gaps.splice(index, 1, ...left);
    this.checkGaps(id);
  }

  /** @param {number} id */
  checkGaps(id) {
    if (this.gaps.length > FIXED.id_gaps) {
      throw new Violation(
        "LIMIT_EXCEEDED",
        `with channel ${id}, the unused ids below the highest one form more than ${FIXED.id_gaps} gaps`,
      );
    }
  }

  /** Index of the gap that has the place, or a negative number. @param {number} place */
  gapAt(place) {
    let low = 0;
    let high = this.gaps.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const [first, last] = this.gaps[middle];
      if (place < first) {
        high = middle - 1;
      } else if (place > last) {
        low = middle + 1;
      } else {
        return middle;
      }
    }
    return -1;
  }
}

/** @param {number} id */
const placeOf = (id) => Math.floor((id - 1) / 2);

/** Whether the initiator gives such ids. Spec: CH-001. @param {number} id */
export const isInitiators = (id) => id % 2 === 1;
