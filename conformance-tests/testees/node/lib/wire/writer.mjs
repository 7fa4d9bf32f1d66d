/** A growing buffer with the heads of CBOR data items. */

const FIRST_BYTES = 256;

/** Two bytes more than any head. */
const LONGEST_HEAD = 11;

export class Writer {
  constructor() {
    this.buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
    this.length = 0;
  }

  /** Make room for that many bytes more. @param {number} bytes */
  reserve(bytes) {
    if (this.length + bytes <= this.buffer.length) {
      return;
    }
    const larger = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, this.length + bytes));
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }

  /** @param {number} byte */
  byte(byte) {
    this.reserve(1);
    this.buffer[this.length++] = byte;
  }

  /**
   * The head of a data item in its shortest form. Spec: VA-003, VA-005.
   *
   * @param {number} major
   * @param {number | bigint} argument  0 to 2^64 - 1
   */
  head(major, argument) {
    this.reserve(LONGEST_HEAD);
    const first = major << 5;
    if (argument < 24) {
      this.buffer[this.length++] = first | Number(argument);
    } else if (argument <= 0xff) {
      this.buffer[this.length++] = first | 24;
      this.length = this.buffer.writeUInt8(Number(argument), this.length);
    } else if (argument <= 0xffff) {
      this.buffer[this.length++] = first | 25;
      this.length = this.buffer.writeUInt16BE(Number(argument), this.length);
    } else if (argument <= 0xffffffff) {
      this.buffer[this.length++] = first | 26;
      this.length = this.buffer.writeUInt32BE(Number(argument), this.length);
    } else {
      this.buffer[this.length++] = first | 27;
      this.length = this.buffer.writeBigUInt64BE(BigInt(argument), this.length);
    }
  }

  /** @param {Uint8Array} bytes */
  bytes(bytes) {
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** Text that is well-formed, without a head. @param {string} text @param {number} bytes  its length in UTF-8 */
  utf8(text, bytes) {
    this.reserve(bytes);
    this.length += this.buffer.write(text, this.length, bytes, "utf8");
  }

  /** A float in the shortest width that keeps it. Spec: VA-004. @param {number} value */
  float(value) {
    this.reserve(LONGEST_HEAD);
    if (Number.isNaN(value)) {
      this.buffer[this.length++] = 0xf9;
      this.length = this.buffer.writeUInt16BE(0x7e00, this.length);
    } else if (Object.is(Math.fround(value), value)) {
      this.buffer[this.length++] = 0xfa;
      this.length = this.buffer.writeFloatBE(value, this.length);
    } else {
      this.buffer[this.length++] = 0xfb;
      this.length = this.buffer.writeDoubleBE(value, this.length);
    }
  }

  /** What was written, in memory of its own. */
  finish() {
    if (this.length * 2 > this.buffer.length) {
      return this.buffer.subarray(0, this.length);
    }
    const exact = Buffer.allocUnsafeSlow(this.length);
    this.buffer.copy(exact, 0, 0, this.length);
    return exact;
  }
}
