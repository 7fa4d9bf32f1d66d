/** Frames: a header of 9 bytes and a payload. Spec: FR-001 to FR-006. */

const HEADER_BYTES = 9;

/**
 * @typedef {object} Frame
 * @property {number} type
 * @property {number} channel
 * @property {Buffer} payload  may lie in a larger piece of memory: copy what is to be kept
 */

/** @param {number} type @param {number} channel @param {number} length */
export function encodeHeader(type, channel, length) {
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  header[0] = type;
  header.writeUInt32BE(channel, 1);
  header.writeUInt32BE(length, 5);
  return header;
}

/** Cuts a stream into frames, however it is split into reads. */
export class FrameReader {
  /**
   * @param {(type: number, length: number) => void} checkHeader  throws what is wrong with a header, before the
   *     payload is waited for
   */
  constructor(checkHeader) {
    this.checkHeader = checkHeader;
    /** @type {Buffer[]} */
    this.pieces = [];
    this.size = 0;
    /** @type {{type: number, channel: number, length: number} | null} */
    this.header = null;
  }

  /** Whether bytes of an incomplete frame are waiting. Spec: FR-016. */
  get inside() {
    return this.size > 0 || this.header !== null;
  }

  /**
   * Take bytes, and give the frames that are complete.
   *
   * A frame is looked at when the caller has acted on the one before, so a limit that a frame sets holds for the next.
   *
   * @param {Buffer} bytes
   * @returns {Generator<Frame, void, void>}
   */
  *push(bytes) {
    if (bytes.length) {
      this.pieces.push(bytes);
      this.size += bytes.length;
    }
    for (;;) {
      if (this.header === null) {
        if (this.size < HEADER_BYTES) {
          return;
        }
        const raw = this.take(HEADER_BYTES);
        const header = { type: raw[0], channel: raw.readUInt32BE(1), length: raw.readUInt32BE(5) };
        this.checkHeader(header.type, header.length);
        this.header = header;
      }
      const { type, channel, length } = this.header;
      if (this.size < length) {
        return;
      }
      this.header = null;
      yield { type, channel, payload: this.take(length) };
    }
  }

  /** Take that many bytes, which are there. @param {number} count */
  take(count) {
    this.size -= count;
    const first = this.pieces[0];
    if (count === 0) {
      return Buffer.alloc(0);
    }
    if (first.length > count) {
      this.pieces[0] = first.subarray(count);
      return first.subarray(0, count);
    }
    if (first.length === count) {
      this.pieces.shift();
      return first;
    }
    const joined = Buffer.concat(this.pieces);
    this.pieces = joined.length > count ? [joined.subarray(count)] : [];
    return joined.subarray(0, count);
  }
}
