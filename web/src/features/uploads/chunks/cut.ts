// Where does one chunk end and the next begin? FastCDC of 2020 with normalisation level 1: exactly the cuts of the server
// (storage/src/cut.rs), for which both read the same test vectors.
import { GEAR_HIGH, GEAR_LOW } from './gear';

/** The way of cutting that this file knows, as `GET /info` names it. */
export const ALGORITHM = 'fastcdc-2020-1';

/** Sizes of chunks, as `GET /info` tells them. */
export interface Sizes {
  min_bytes: number;
  average_bytes: number;
  max_bytes: number;
}

// Bits of the rolling hash that are 0 where a chunk ends, by the binary logarithm of the average size, from 2^8 on.
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
  private readonly strict: readonly [number, number];
  private readonly loose: readonly [number, number];

  constructor(private readonly sizes: Sizes) {
    const bits = Math.round(Math.log2(sizes.average_bytes)) - FIRST_MASK;
    const [strict, loose] = [MASKS[bits + 1], MASKS[bits - 1]];
    const even = [sizes.min_bytes, sizes.average_bytes, sizes.max_bytes].every((size) => size > 0 && size % 2 === 0);
    if (!strict || !loose || !even) throw new RangeError('chunks of these sizes cannot be cut');
    this.strict = strict;
    this.loose = loose;
  }

  /**
   * The length of the chunk that begins at `start`. There must be as many bytes as the largest chunk has, or all that are
   * left of the file.
   */
  length(bytes: Uint8Array, start: number, end: number): number {
    const { min_bytes: min, average_bytes: average, max_bytes: max } = this.sizes;
    const left = Math.min(end - start, max);
    if (left <= min) return left;
    const first = start + min;
    // A last odd byte is never looked at.
    const center = start + 2 * (Math.min(average, left) >> 1);
    const last = start + 2 * (left >> 1);
    const early = scan(bytes, first, first, center, this.strict);
    if (early.at >= 0) return early.at - start;
    const late = scan(bytes, first, center, last, this.loose, early.low);
    return late.at >= 0 ? late.at - start : left;
  }
}

// The hash moves by one bit with each byte, so its lower half needs no knowledge of the upper one. Only where the lower half
// fits, once in thousands of bytes, the whole is computed from the last bytes.
function scan(
  bytes: Uint8Array,
  first: number,
  from: number,
  to: number,
  [maskHigh, maskLow]: readonly [number, number],
  low = 0,
): { at: number; low: number } {
  const table = GEAR_LOW;
  for (let at = from; at < to; at++) {
    low = ((low << 1) + table[bytes[at]!]!) | 0;
    if ((low & maskLow) === 0 && (highHalf(bytes, Math.max(first, at - HASH_BITS + 1), at) & maskHigh) === 0) {
      return { at, low };
    }
  }
  return { at: -1, low };
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
