// Which words of a page does a query mean? Compared without case, width variants and white space.
import type { PageTextView } from '../../api/types';

/** Splits a query into the texts to be marked: filters (`type:pdf`) and excluded words are no text. */
export function queryTerms(query: string): string[] {
  const terms: string[] = [];
  for (const [, minus, phrase, word] of query.matchAll(/(-?)(?:"([^"]*)"?|([^\s"]+))/g)) {
    const text = phrase ?? word ?? '';
    if (minus || text === 'OR' || (phrase === undefined && /^(type|author|tag|in|after|before):/i.test(text))) continue;
    const folded = fold(text).map(([character]) => character).join('');
    if (folded) terms.push(folded);
  }
  return terms;
}

/** The folded characters of `text`, each with the code point offset that it comes from. */
function fold(text: string): [string, number][] {
  return Array.from(text).flatMap((character, offset) =>
    Array.from(character.normalize('NFKC').toLowerCase())
      .filter((folded) => !/[\s\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/.test(folded))
      .map((folded): [string, number] => [folded, offset]),
  );
}

/** A part of a word as shares of its width, from 0 to 1. */
export type Part = [from: number, to: number];

/** Which parts of which words the terms cover, by the word's index. Letters count as equally wide. */
export function markedParts(page: PageTextView, terms: string[]): Map<number, Part[]> {
  const marked = new Map<number, Part[]>();
  if (terms.length === 0) return marked;
  const folded = fold(page.text);
  // Code units of the joined text, each with its offset: `indexOf` counts code units.
  const offsets = folded.flatMap(([character, offset]) => Array.from({ length: character.length }, () => offset));
  const text = folded.map(([character]) => character).join('');
  for (const term of terms) {
    for (let at = text.indexOf(term); at >= 0; at = text.indexOf(term, at + term.length)) {
      const start = offsets[at] ?? 0;
      const end = (offsets[at + term.length - 1] ?? start) + 1;
      page.words.forEach((word, index) => {
        if (word.start >= end || word.end <= start) return;
        const length = word.end - word.start;
        const part: Part = [Math.max(0, start - word.start) / length, Math.min(length, end - word.start) / length];
        marked.set(index, [...(marked.get(index) ?? []), part]);
      });
    }
  }
  return marked;
}
