import { Blob as NodeBlob } from 'node:buffer';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readChunks, type Chunk } from './chunk';
import { GEAR_HIGH, GEAR_LOW } from './gear';

type Part = { noise: { seed: number; length: number } } | { byte: { byte: number; length: number } } | { text: { length: number } };

interface Vectors {
  sizes: [number, number, number];
  cases: { name: string; parts: Part[]; chunks: [number, string][] }[];
}

// The same file that the server's storage is tested with.
const vectors = JSON.parse(readFileSync('../storage/tests/vectors/cuts.json', 'utf8')) as Vectors;

function make(part: Part): Uint8Array<ArrayBuffer> {
  if ('byte' in part) return new Uint8Array(part.byte.length).fill(part.byte.byte);
  if ('text' in part) {
    const lines: string[] = [];
    for (let line = 0, length = 0; length < part.text.length; line++) {
      lines.push(`${line} 协同办公平台建设方案\n`);
      length += `${line}`.length + 32;
    }
    return new TextEncoder().encode(lines.join('')).slice(0, part.text.length);
  }
  const { seed, length } = part.noise;
  const words = new Uint32Array(Math.ceil(length / 4));
  let state = seed;
  for (let at = 0; at < words.length; at++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[at] = state;
  }
  return new Uint8Array(words.buffer).slice(0, length);
}

test.each(vectors.cases)('cuts like the server: $name', async ({ parts, chunks }) => {
  const [min_bytes, average_bytes, max_bytes] = vectors.sizes;
  const file = new NodeBlob(parts.map(make)) as Blob; // that of jsdom cannot be read
  expect(file.size).toBe(chunks.reduce((sum, [size]) => sum + size, 0));
  const found: Chunk[] = [];
  for await (const some of readChunks(file, { min_bytes, average_bytes, max_bytes })) found.push(...some);
  expect(found).toEqual(chunks.map(([size_bytes, hash]) => ({ hash, size_bytes })));
});

test('the gear table is the one that everybody has', () => {
  for (let byte = 0; byte < 256; byte++) {
    const digest = createHash('md5').update(new Uint8Array(64).fill(byte)).digest();
    expect([GEAR_HIGH[byte], GEAR_LOW[byte]]).toEqual([digest.readInt32BE(0), digest.readInt32BE(4)]);
  }
});
