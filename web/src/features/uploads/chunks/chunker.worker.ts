// Cuts and hashes a file beside the page, which stays quick meanwhile.
import { readChunks, type Chunk } from './chunk';
import type { Sizes } from './cut';

/** What the page asks for. */
export interface Task {
  file: File;
  sizes: Sizes;
}

/** What the worker tells: chunks in order, then the end. */
export type Report =
  | { kind: 'chunks'; chunks: Chunk[] }
  | { kind: 'end' }
  /** `unreadable`: the file was changed or removed; `unable`: this browser cannot do it. */
  | { kind: 'failed'; why: 'unreadable' | 'unable'; message: string };

const post = (report: Report) => self.postMessage(report);

self.onmessage = async ({ data }: MessageEvent<Task>) => {
  try {
    for await (const chunks of readChunks(data.file, data.sizes)) post({ kind: 'chunks', chunks });
    post({ kind: 'end' });
  } catch (error) {
    const unreadable = error instanceof DOMException && ['NotReadableError', 'NotFoundError'].includes(error.name);
    post({ kind: 'failed', why: unreadable ? 'unreadable' : 'unable', message: String(error) });
  }
};
