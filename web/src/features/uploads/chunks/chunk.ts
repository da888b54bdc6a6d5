// Which chunks does a file consist of? Reads it piece by piece, in bounded memory however large it is.
import { createBLAKE3 } from 'hash-wasm';
import { Cutter, type Sizes } from './cut';

/** A piece of a file. */
export interface Chunk {
  /** BLAKE3 of its bytes, in hex. */
  hash: string;
  size_bytes: number;
}

const READ_BYTES = 8 * 1024 * 1024;

/** Cuts and hashes a file; chunks come in order, those of one read together. */
export async function* readChunks(file: Blob, sizes: Sizes): AsyncGenerator<Chunk[]> {
  if (file.size === 0) return;
  const cutter = new Cutter(sizes);
  const hasher = await createBLAKE3();
  const window = new Uint8Array(sizes.max_bytes + READ_BYTES);
  let [start, end, offset] = [0, 0, 0];
  // The next bytes are read while these are cut.
  let next = read(file, offset);
  while (offset < file.size) {
    const bytes = await next;
    window.copyWithin(0, start, end);
    window.set(bytes, end - start);
    [start, end] = [0, end - start + bytes.length];
    offset += bytes.length;
    if (offset < file.size) next = read(file, offset);
    const chunks: Chunk[] = [];
    while (end - start >= sizes.max_bytes || (offset === file.size && start < end)) {
      const length = cutter.length(window, start, end);
      hasher.init();
      hasher.update(window.subarray(start, start + length));
      chunks.push({ hash: hasher.digest('hex'), size_bytes: length });
      start += length;
    }
    yield chunks;
  }
}

async function read(file: Blob, offset: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(await file.slice(offset, offset + READ_BYTES).arrayBuffer());
  if (bytes.length === 0) throw new Error('the file became shorter');
  return bytes;
}
