// Lists of Word and WPS: paragraphs that say `mso-list:l0 level2 lfo1` and carry their number as text. Here they become lists.
import type { Numbering } from '../schema/lists';
import { readStyles } from './styles';

interface ListMark {
  /** Which list: paragraphs with the same one belong together. */
  list: string;
  level: number;
  /** `null` for bullets. */
  ordered: { type: Numbering; number: number } | null;
}

/** How the head of the HTML says that a level is numbered. */
interface LevelFormat {
  format: string;
  text: string;
}

const CHINESE = '一二三四五六七八九十';
const CHINESE_DIGITS = '〇一二三四五六七八九';

/** 一 … 九十九, as far as offices number. */
export function chineseNumber(text: string): number | null {
  const match = /^([一二三四五六七八九])?(十)?([一二三四五六七八九])?$/.exec(text);
  if (!match || text === '') return null;
  const digit = (character: string | undefined) => (character ? CHINESE_DIGITS.indexOf(character) : 0);
  if (!match[2]) return match[1] && !match[3] ? digit(match[1]) : null;
  return (match[1] ? digit(match[1]) : 1) * 10 + digit(match[3]);
}

function romanNumber(text: string): number {
  const values: Record<string, number> = { i: 1, v: 5, x: 10, l: 50, c: 100 };
  const digits = [...text.toLowerCase()].map((letter) => values[letter] ?? 0);
  return digits.reduce((sum, digit, index) => sum + (digit < (digits[index + 1] ?? 0) ? -digit : digit), 0);
}

/** What a number that is written out says: its kind and its value. */
export function readMarker(marker: string, format?: LevelFormat): ListMark['ordered'] {
  const text = marker.replace(/[\s\u00a0]+/g, '');
  if (format?.format === 'bullet') return null;
  const circled = /^[①-⑳]/.exec(text)?.[0];
  if (circled) return { type: 'circled', number: circled.charCodeAt(0) - 0x245f };
  // `1.2.3` counts by its last part.
  const match = /^([（(]?)(?:[\da-z]+\.)*(\d+|[a-z]+|[一二三四五六七八九十]+)([）)]?)[.．、,:：]?$/i.exec(text);
  const paren = (match?.[1] || match?.[3]) ?? '';
  const core = match?.[2];
  if (!core) return null;
  if (/^\d+$/.test(core)) return { type: paren ? 'decimal-paren' : null, number: Number(core) };
  if (CHINESE.includes(core[0]!)) {
    const number = chineseNumber(core);
    return number === null ? null : { type: paren ? 'cjk-paren' : 'cjk', number };
  }
  // Bullets are letters of symbol fonts: l, n, u, Ø, o … only with a sign behind it is a letter a number.
  if (!/[.)）、．]$/.test(text)) return null;
  const upper = core === core.toUpperCase();
  const roman = format?.format.startsWith('roman') ?? (/^[ivx]+$/i.test(core) && (core.length > 1 || core.toLowerCase() === 'i'));
  if (roman) return { type: upper ? 'I' : 'i', number: romanNumber(core) };
  return core.length === 1 ? { type: upper ? 'A' : 'a', number: core.toLowerCase().charCodeAt(0) - 96 } : null;
}

/** The `@list l0:level1 {…}` rules of the head. */
export function readLevelFormats(css: string): Map<string, LevelFormat> {
  const formats = new Map<string, LevelFormat>();
  for (const [, list, level, body] of css.matchAll(/@list\s+(l\d+):level(\d+)[^{]*\{([^}]*)\}/g)) {
    formats.set(`${list} ${level}`, {
      format: /mso-level-number-format:\s*([\w-]+)/.exec(body!)?.[1] ?? 'decimal',
      text: /mso-level-text:\s*"?([^";]*)/.exec(body!)?.[1] ?? '',
    });
  }
  return formats;
}

/** The mark of a paragraph, taken out of its text; `null` when it is no list item. */
function takeMark(paragraph: Element, formats: Map<string, LevelFormat>): ListMark | null {
  const said = /(l\d+)\s+level(\d+)(?:\s+(lfo\d+))?/.exec(readStyles(paragraph).get('mso-list') ?? '');
  if (!said) return null;
  const ignored = [...paragraph.querySelectorAll('span, font')].find((span) => readStyles(span).get('mso-list')?.toLowerCase().startsWith('ignore'));
  const marker = ignored?.textContent ?? '';
  // The span around it names the font of the bullet and has nothing else.
  let outer = ignored;
  while (outer?.parentElement && outer.parentElement !== paragraph && outer.parentElement.textContent === marker) outer = outer.parentElement;
  outer?.remove();
  const [, list, level] = said;
  const format = formats.get(`${list} ${level}`);
  const ordered = readMarker(marker, format);
  // Hidden numbers are told by the head alone.
  const told = ordered ?? (marker === '' && format && format.format !== 'bullet' ? { type: null, number: 1 } : null);
  return { list: `${list} ${said[3] ?? ''}`, level: Number(level), ordered: told };
}

/** Items of Word for the web, each of which is a list of its own, by what their list said. They are left without a list. */
function takeWebItems(body: Element): Map<Element, ListMark> {
  const marks = new Map<Element, ListMark>();
  for (const wrapper of [...body.querySelectorAll('.ListContainerWrapper')]) {
    for (const item of [...wrapper.querySelectorAll('li')]) {
      const list = item.closest('ol, ul');
      marks.set(item, {
        list: item.getAttribute('data-listid') ?? '',
        level: Number(item.getAttribute('data-aria-level') ?? 1),
        ordered: list?.tagName === 'OL' ? { type: null, number: Number(list.getAttribute('start') ?? 1) } : null,
      });
      item.querySelectorAll('.EOP').forEach((end) => end.remove());
      wrapper.before(item);
    }
    wrapper.remove();
  }
  return marks;
}

interface Open {
  level: number;
  list: Element;
  kind: string;
}

/** Turns every run of such paragraphs into nested lists. */
export function buildLists(body: Element, css: string): void {
  const formats = readLevelFormats(css);
  const document = body.ownerDocument;
  const webItems = takeWebItems(body);
  const items = [...body.querySelectorAll('p, h1, h2, h3, h4, h5, h6, div, li[data-aria-level]')];
  let open: Open[] = [];
  let last: Element | null = null;
  for (const item of items) {
    const mark = webItems.get(item) ?? takeMark(item, formats);
    if (!mark) continue;
    // A numbered heading is a heading: its number stays with its words, as Word shows it.
    if (/^H\d$/.test(item.tagName)) continue;
    if (previousElement(item) !== last) open = [];
    while (open.length > 0 && open.at(-1)!.level > mark.level) open.pop();
    const kind = `${mark.list} ${mark.ordered ? `n${mark.ordered.type ?? ''}` : 'b'}`;
    if (open.at(-1)?.level === mark.level && open.at(-1)!.kind !== kind) open.pop();
    if (open.at(-1)?.level !== mark.level) {
      const list = document.createElement(mark.ordered ? 'ol' : 'ul');
      if (mark.ordered?.type) list.setAttribute('type', mark.ordered.type);
      if (mark.ordered && mark.ordered.number !== 1) list.setAttribute('start', String(mark.ordered.number));
      const parent = open.at(-1)?.list.lastElementChild;
      if (parent) parent.append(list);
      else item.before(list);
      open.push({ level: mark.level, list, kind });
    }
    open.at(-1)!.list.append(item.tagName === 'LI' ? item : itemOf(item));
    last = open[0]!.list;
  }
}

/** The paragraph as an item; where it stood is empty. */
function itemOf(element: Element): Element {
  const item = element.ownerDocument.createElement('li');
  const paragraph = element.ownerDocument.createElement('p');
  const align = element.getAttribute('align');
  if (align) paragraph.setAttribute('align', align);
  paragraph.append(...element.childNodes);
  item.append(paragraph);
  element.remove();
  return item;
}

/** The element before this one, if nothing but blanks lies between. */
function previousElement(element: Element): Element | null {
  for (let node = element.previousSibling; node; node = node.previousSibling) {
    if (node.nodeType === 1) return node as Element;
    if (node.nodeType === 3 && node.textContent?.trim()) return null;
  }
  return null;
}
