// Where does a text have the words that are looked for? Per paragraph, as ProseMirror positions.
import type { Node } from '@tiptap/pm/model';

export interface FindOptions {
  /** `A` is not `a`. */
  matchCase: boolean;
  /** The words are a regular expression. */
  regex: boolean;
}

export interface Match {
  from: number;
  to: number;
  /** What the expression's groups caught, the whole match first. */
  groups: string[];
}

/** More are neither counted nor shown: somebody searched for every single letter of a book. */
export const MATCHES_MAX = 10_000;

/** Stands for what is no text in a paragraph: a line break, a mention. */
const LEAF = '\ufffc';

/** The expression for what was typed; `null` when it is none, or would match nothing at all. */
export function pattern(query: string, { matchCase, regex }: FindOptions): RegExp | null {
  if (query === '') return null;
  const source = regex ? query : query.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  try {
    return new RegExp(source, matchCase ? 'gu' : 'giu');
  } catch {
    return null;
  }
}

/** All matches, in the order of the text. */
export function findMatches(doc: Node, wanted: RegExp): Match[] {
  const matches: Match[] = [];
  doc.descendants((node, pos) => {
    if (matches.length >= MATCHES_MAX) return false;
    if (!node.isTextblock) return true;
    const text = node.textBetween(0, node.content.size, undefined, LEAF);
    for (const match of text.matchAll(wanted)) {
      if (match[0] === '') continue; // `a*` matches between all letters
      matches.push({ from: pos + 1 + match.index, to: pos + 1 + match.index + match[0].length, groups: match.map((group) => group ?? '') });
      if (matches.length >= MATCHES_MAX) break;
    }
    return false;
  });
  return matches;
}

/** What is put in the place of a match: `$1` is a group and `$$` a dollar sign, if the search was an expression. */
export function replacement(match: Match, by: string, regex: boolean): string {
  if (!regex) return by;
  return by.replace(/\$(\$|&|\d{1,2})/g, (whole, key: string) => {
    if (key === '$') return '$';
    if (key === '&') return match.groups[0] ?? '';
    return match.groups[Number(key)] ?? whole;
  });
}
