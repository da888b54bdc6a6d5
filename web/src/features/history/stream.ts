// How do edits arrive? The binary stream of `GET /documents/{id}/history/updates`, in lib0's encoding: a byte 1, the number
// of the first entry, then records. 0 introduces an author; a number is the next entry, by the author of that number.
import * as decoding from 'lib0/decoding';

export interface Person {
  id: string;
  name: string;
}

/** One edit as the journal has it. */
export interface Entry {
  seq: number;
  /** Milliseconds since 1970. */
  at: number;
  author: Person;
  update: Uint8Array;
}

const LAYOUT = 1;

/** Reads one answer. */
export function readEntries(bytes: Uint8Array): Entry[] {
  const decoder = decoding.createDecoder(bytes);
  if (decoding.readUint8(decoder) !== LAYOUT) throw new Error('unknown layout of the history');
  let seq = decoding.readVarUint(decoder);
  let at = 0;
  const authors: Person[] = [];
  const entries: Entry[] = [];
  while (decoding.hasContent(decoder)) {
    const number = decoding.readVarUint(decoder);
    if (number === 0) {
      authors.push({ id: decoding.readVarString(decoder), name: decoding.readVarString(decoder) });
      continue;
    }
    const zigzag = decoding.readVarUint(decoder);
    at += zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
    const author = authors[number - 1];
    if (!author) throw new Error('an edit of nobody');
    entries.push({ seq, at, author, update: decoding.readVarUint8Array(decoder) });
    seq += 1;
  }
  return entries;
}
