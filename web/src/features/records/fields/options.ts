// What happens to documents when the options of a field change? Options are followed from what they were to what they are.

export interface OptionRow {
  key: number;
  /** As it was before; none for a new one. */
  was: string | null;
  text: string;
}

export interface GoneOption {
  was: string;
  /** What documents get in its place: null empties the field. */
  to: string | null;
}

export interface OptionsChange {
  options: string[];
  /** For options that are not there any more, what takes their place. */
  replace: Record<string, string | null>;
}

export function toRows(options: string[]): OptionRow[] {
  return options.map((text, key) => ({ key, was: text, text }));
}

const clean = (text: string) => text.replace(/\s+/g, ' ').trim();

/** What is sent: the list, and for every old option that is renamed or removed what stands in its place. */
export function optionsChange(rows: OptionRow[], gone: GoneOption[]): OptionsChange {
  const kept = rows.map((row) => ({ ...row, text: clean(row.text) })).filter((row) => row.text !== '');
  const options = kept.map((row) => row.text);
  const replace: Record<string, string | null> = {};
  for (const { was, text } of kept) if (was !== null && was !== text && !options.includes(was)) replace[was] = text;
  for (const { was, to } of gone) if (!options.includes(was)) replace[was] = to !== null && options.includes(to) ? to : null;
  return { options, replace };
}

/** The first option that is there twice, as the server compares them: however they are typed. */
export function repeatedOption(rows: OptionRow[]): string | null {
  const seen = new Set<string>();
  for (const row of rows) {
    const key = clean(row.text).normalize('NFKC').toLowerCase();
    if (key !== '' && seen.has(key)) return clean(row.text);
    seen.add(key);
  }
  return null;
}

/** Several options that were pasted into one field, one to a line. */
export function splitPasted(text: string): string[] {
  return text.split(/[\n\t;；]+/).map(clean).filter((one) => one !== '');
}
