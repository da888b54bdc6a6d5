// Whom does a comment name? `@` and a colleague's name in its text.

export interface Person {
  id: string;
  display_name: string;
}

/** Ids of the people named in a text. Of two names that begin alike the longer one is meant. */
export function mentionsIn(text: string, people: Iterable<Person>): string[] {
  const byLength = [...people].filter((one) => one.display_name).sort((a, b) => b.display_name.length - a.display_name.length);
  const found = new Set<string>();
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
    const person = byLength.find((one) => text.startsWith(one.display_name, at + 1));
    if (person) found.add(person.id);
  }
  return [...found];
}

/** What is being typed after an `@` right before the cursor; `null` when no name is. */
export function mentionQuery(text: string, cursor: number): { from: number; query: string } | null {
  const from = text.lastIndexOf('@', cursor - 1);
  if (from < 0) return null;
  const query = text.slice(from + 1, cursor);
  return /^[^\s@]{0,20}$/.test(query) ? { from, query } : null;
}
