// Where does one chunk end and the next begin? FastCDC of 2020 without normalisation: exactly the cuts of the server
// (storage/src/cut.rs), for which both read the same test vectors.
import { GEAR_HIGH, GEAR_LOW } from './gear';

/** The way of cutting that this file knows, as `GET /info` names it. */
export const ALGORITHM = 'fastcdc-2020-0';

/** Sizes of chunks, as `GET /info` tells them. */
export interface Sizes {
  min_bytes: number;
  average_bytes: number;
  max_bytes: number;
}

// Bits of the rolling hash that are 0 where a chunk ends, by the binary logarithm of what a chunk has on average beyond
// the smallest size, from 2^8 on.
const MASKS: readonly [high: number, low: number][] = [
  [0x0018, 0x00035300],
  [0x0190, 0x00353000],
  [0x5900, 0x03530000],
  [0xd900, 0x03530000],
  [0xd901, 0x03530000],
  [0xd903, 0x03530000],
  [0xd903, 0x13530000],
  [0xd90f, 0x03530000],
  [0xd903, 0x03537000],
  [0xd907, 0x03537000],
  [0xd907, 0x07537000],
  [0xd917, 0x07537000],
  [0xd917, 0x47537000],
  [0xd917, 0x67537000],
  [0xd937, 0x67537000],
  [0xd937, 0x77537000],
  [0xd937, 0x77577000],
];
const FIRST_MASK = 8;
/** A byte has left the hash after so many further ones. */
const HASH_BITS = 64;

/** Finds the ends of chunks. */
export class Cutter {
  private readonly mask: readonly [number, number];

  constructor(private readonly sizes: Sizes) {
    const mask = MASKS[Math.round(Math.log2(sizes.average_bytes - sizes.min_bytes)) - FIRST_MASK];
    const even = [sizes.min_bytes, sizes.average_bytes, sizes.max_bytes].every((size) => size > 0 && size % 2 === 0);
    if (!mask || !even) throw new RangeError('chunks of these sizes cannot be cut');
    this.mask = mask;
  }

  /**
   * The length of the chunk that begins at `start`. There must be as many bytes as the largest chunk has, or all that are
   * left of the file.
   */
  length(bytes: Uint8Array, start: number, end: number): number {
    const { min_bytes: min, max_bytes: max } = this.sizes;
    const left = Math.min(end - start, max);
    if (left <= min) return left;
    // A last odd byte is never looked at.
    const found = scan(bytes, start + min, start + 2 * (left >> 1), this.mask);
    return found >= 0 ? found - start : left;
  }
}

// The hash moves by one bit with each byte, so its lower half needs no knowledge of the upper one. Only where the lower half
// fits, once in thousands of bytes, the whole is computed from the last bytes.
function scan(bytes: Uint8Array, first: number, to: number, [maskHigh, maskLow]: readonly [number, number]): number {
  const table = GEAR_LOW;
  let low = 0;
  for (let at = first; at < to; at++) {
    low = ((low << 1) + table[bytes[at]!]!) | 0;
    if ((low & maskLow) === 0 && (highHalf(bytes, Math.max(first, at - HASH_BITS + 1), at) & maskHigh) === 0) {
      return at;
    }
  }
  return -1;
}

function highHalf(bytes: Uint8Array, from: number, to: number): number {
  let [high, low] = [0, 0];
  for (let at = from; at <= to; at++) {
    const byte = bytes[at]!;
    high = (high << 1) | (low >>> 31);
    const sum = ((low << 1) >>> 0) + (GEAR_LOW[byte]! >>> 0);
    high = (high + GEAR_HIGH[byte]! + (sum > 0xffffffff ? 1 : 0)) | 0;
    low = sum | 0;
  }
  return high;
}
