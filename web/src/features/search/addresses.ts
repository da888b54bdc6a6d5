// Where does a hit lead? To the document at its page, with the words marked.
import type { SearchHit } from '../../api/types';

/** Files open in the viewer with the query; pages in the editor, which looks for the words as they are written there. */
export function hitAddress(hit: SearchHit, q: string, page?: number | null): string {
  const { id, kind } = hit.document;
  const params = new URLSearchParams();
  if (kind === 'file') {
    if (page) params.set('page', String(page));
    if (q) params.set('q', q);
  } else if (kind === 'page') {
    const words = writtenWords(hit);
    if (words) params.set('find', words);
  }
  const query = params.toString();
  return `/documents/${id}${query ? `?${query}` : ''}`;
}

/** The longest of the marked words, as the document writes it. */
function writtenWords(hit: SearchHit): string | undefined {
  const words = hit.snippets.flatMap(({ text, marks }) => {
    const characters = Array.from(text);
    return marks.map(([start, end]) => characters.slice(start, end).join(''));
  });
  return words.sort((left, right) => right.length - left.length)[0];
}
