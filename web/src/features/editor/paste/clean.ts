// What comes from Word, WPS and web pages as HTML, as a page can keep it: structure, emphasis and colours stay; what only its
// program understands, what follows the reader, and what would fetch something from elsewhere goes. A pure function.
import { fontOf, FONTS, type FontName } from '../toolbar/fonts';
import { buildLists } from './msoLists';
import { picturesInRtf } from './rtf';
import { backColor, points, readStyles, textColor, type Styles } from './styles';

export interface Cleaned {
  html: string;
  /** Pictures that are in the text itself, as data URIs; each is the `src` of an `img`. */
  pictures: string[];
  /** How many pictures could not be taken along. */
  lost: number;
}

const DATA_PICTURE = /^data:image\/(png|jpeg|gif|webp|bmp);base64,/;
const OWN_PICTURE = /^\/api\/v1\/documents\/[\w-]+\/content$/;
const GONE = 'script, style, meta, link, title, xml, object, embed, iframe, noscript, template, svg, canvas, audio, video, button, input:not([type=checkbox]), select, textarea, form > input';
const TRACKING = /^(utm_\w+|spm|scm|fbclid|gclid|yclid|msclkid|mc_[ce]id|igshid|from_source|share_token)$/i;

/** Points that one step of indent takes: two characters of 五号 to 小四. */
const INDENT_POINTS = 22.5;

export function cleanHtml(html: string, rtf = ''): Cleaned {
  const parsed = new DOMParser().parseFromString(fragmentOf(html), 'text/html');
  const css = [...parsed.querySelectorAll('style')].map((style) => style.textContent ?? '').join('\n');
  const { body } = parsed;
  removeJunk(body);
  buildLists(body, css);
  mergeSplitLists(body);
  breakPages(body);
  const found = takePictures(body, rtf);
  const usual = usualLook(body);
  for (const element of [...body.querySelectorAll('*')]) cleanElement(element, usual);
  for (const span of [...body.querySelectorAll('span, font, a:not([href])')]) if (span.attributes.length === 0) span.replaceWith(...span.childNodes);
  body.normalize();
  return { html: body.innerHTML.trim(), ...found };
}

/** What lies between the marks of the clipboard, with the head, where lists are explained. */
function fragmentOf(html: string): string {
  const start = html.indexOf('<!--StartFragment-->');
  const end = html.lastIndexOf('<!--EndFragment-->');
  if (start < 0 || end < start) return html;
  const styles = html.slice(0, start).match(/<style[\s\S]*?<\/style>/gi)?.join('') ?? '';
  // Part of a table is copied without the table: then the marks lie inside of it.
  const fragment = html.slice(start + 20, end);
  return /^\s*<(tr|td|th|tbody|col)\b/i.test(fragment) ? html : `${styles}<body>${fragment}</body>`;
}

function removeJunk(body: Element): void {
  const comments = body.ownerDocument.createTreeWalker(body, NodeFilter.SHOW_COMMENT);
  const gone: ChildNode[] = [];
  while (comments.nextNode()) gone.push(comments.currentNode as ChildNode);
  gone.forEach((comment) => comment.remove());
  body.querySelectorAll(GONE).forEach((element) => element.remove());
  for (const element of [...body.querySelectorAll('*')]) {
    if (!element.isConnected) continue;
    const name = element.tagName.toLowerCase();
    const styles = readStyles(element);
    const hidden = styles.get('display') === 'none' || styles.get('mso-hide') === 'all';
    // Comments of Word are no part of its text.
    const remark = /comment-list|comment$/.test(styles.get('mso-element') ?? '') || element.classList.contains('MsoCommentReference');
    if (hidden || remark || /^(v|w|m):/.test(name)) element.remove();
    else if (name.includes(':')) element.replaceWith(...element.childNodes);
    // Google wraps everything in a bold element that is not bold.
    else if ((name === 'b' || name === 'strong') && /^(normal|400)$/.test(styles.get('font-weight') ?? '')) element.replaceWith(...element.childNodes);
  }
}

/** Web pages and LibreOffice nest a list directly in a list: it belongs to the item before. */
function mergeSplitLists(body: Element): void {
  for (const list of [...body.querySelectorAll('ul > ul, ul > ol, ol > ol, ol > ul')]) {
    const item = list.previousElementSibling;
    if (item?.tagName === 'LI') item.append(list);
    else {
      const fresh = body.ownerDocument.createElement('li');
      list.before(fresh);
      fresh.append(list);
    }
  }
}

function breakPages(body: Element): void {
  const broken = [...body.querySelectorAll('[style]')].filter((element) => {
    const styles = readStyles(element);
    return /always|page/.test(styles.get('page-break-before') ?? styles.get('break-before') ?? '') && !element.closest('table');
  });
  for (const element of broken) {
    const mark = body.ownerDocument.createElement('div');
    mark.setAttribute('data-page-break', '');
    let block: Element = element;
    while (block.parentElement && block.parentElement !== body && !/^(DIV|SECTION|ARTICLE)$/.test(block.parentElement.tagName)) block = block.parentElement;
    block.before(mark);
    if (element.tagName === 'BR') element.remove();
    if (block.textContent?.trim() === '' && !block.querySelector('img, table, br')) block.remove();
  }
}

function takePictures(body: Element, rtf: string): { pictures: string[]; lost: number } {
  const images = [...body.querySelectorAll('img')];
  const local = images.filter((image) => /^(file:|[a-z]:\\)/i.test(image.getAttribute('src') ?? ''));
  const inRtf = local.length > 0 && rtf !== '' ? picturesInRtf(rtf) : [];
  // Only when every picture has its counterpart is it known which is which.
  if (inRtf.length === local.length) local.forEach((image, index) => inRtf[index] && image.setAttribute('src', inRtf[index]));
  const pictures = new Set<string>();
  let lost = 0;
  for (const image of images) {
    const src = image.getAttribute('src')?.trim() ?? '';
    const own = src.startsWith(location.origin) ? src.slice(location.origin.length) : src;
    if (OWN_PICTURE.test(own)) image.setAttribute('src', own);
    else if (DATA_PICTURE.test(src)) {
      const compact = src.replace(/\s/g, '');
      image.setAttribute('src', compact);
      pictures.add(compact);
    } else {
      if (!isSpy(image)) lost += 1;
      leaveWords(image, src);
    }
  }
  return { pictures: [...pictures], lost };
}

/** A picture of one pixel is there to be fetched, not to be seen. */
function isSpy(image: HTMLImageElement): boolean {
  const styles = readStyles(image);
  return ['width', 'height'].some((side) => Number.parseFloat(image.getAttribute(side) ?? styles.get(side) ?? '99') <= 1);
}

/** In the place of a picture that stays behind: its description, leading to it if it is on the web. */
function leaveWords(image: HTMLImageElement, src: string): void {
  const words = image.getAttribute('alt')?.trim() ?? '';
  if (words === '' || isSpy(image)) return image.remove();
  const link = image.ownerDocument.createElement(/^https?:/.test(src) && !image.closest('a') ? 'a' : 'span');
  if (link.tagName === 'A') link.setAttribute('href', src);
  link.textContent = `[${words}]`;
  image.replaceWith(link);
}

interface Look {
  size: string | null;
  family: FontName | null;
}

/** Size and font of most words: those are the page's own here, only what differs from them says something. */
function usualLook(body: Element): Look {
  const sizes = new Map<string | null, number>();
  const families = new Map<FontName | null, number>();
  const texts = body.ownerDocument.createTreeWalker(body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const length = texts.currentNode.textContent?.trim().length ?? 0;
    if (length === 0) continue;
    const look: Look = { size: null, family: null };
    for (let element = texts.currentNode.parentElement; element && element !== body; element = element.parentElement) {
      const own = lookOf(readStyles(element), element);
      look.size ??= own.size;
      look.family ??= own.family;
    }
    sizes.set(look.size, (sizes.get(look.size) ?? 0) + length);
    families.set(look.family, (families.get(look.family) ?? 0) + length);
  }
  const most = <T>(counts: Map<T | null, number>) => [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? null;
  return { size: most(sizes), family: most(families) };
}

function lookOf(styles: Styles, element: Element): Look {
  const size = points(styles.get('font-size'));
  const family = fontOf(styles.get('mso-fareast-font-family') ?? styles.get('font-family') ?? element.getAttribute('face'));
  return { size: size && size >= 5 && size <= 120 ? `${Math.round(size * 2) / 2}pt` : null, family };
}

const BLOCK = /^(P|H[1-6]|DIV|LI|TD|TH|BLOCKQUOTE)$/;

function cleanElement(element: Element, usual: Look): void {
  const styles = readStyles(element);
  const kept = new Map<string, string>();
  const style: string[] = [];
  const name = element.tagName;
  const keep = (...names: string[]) => names.forEach((attribute) => element.hasAttribute(attribute) && kept.set(attribute, element.getAttribute(attribute)!));

  if (BLOCK.test(name)) {
    const align = (styles.get('text-align') ?? element.getAttribute('align') ?? '').toLowerCase();
    if (['center', 'right'].includes(align)) style.push(`text-align: ${align}`);
  }
  if (name === 'P' || name === 'DIV') {
    if (/\bMsoTitle\b/.test(element.className)) kept.set('data-style-name', 'title');
    else if (/\bMsoSubtitle\b/.test(element.className)) kept.set('data-style-name', 'subtitle');
    const steps = Math.round((points(styles.get('margin-left')) ?? 0) / INDENT_POINTS);
    if (steps > 0 && !element.closest('li, td, th')) kept.set('data-indent', String(Math.min(8, steps)));
  }
  if (name === 'A') cleanLink(element, kept);
  if (name === 'TD' || name === 'TH') cleanCell(element, styles, kept, style);
  if (name === 'OL') keep('start', 'type');
  if (name === 'PRE') trimCode(element);
  const language = name === 'CODE' ? /\blanguage-[\w+#-]+/.exec(element.className)?.[0] : undefined;
  if (language) kept.set('class', language);
  if (name === 'IMG') {
    keep('src', 'alt');
    for (const side of ['width', 'height']) {
      const pixels = Number.parseFloat(element.getAttribute(side) ?? '') || (points(styles.get(side)) ?? 0) / 0.75;
      if (pixels > 1) kept.set(side, String(Math.round(pixels)));
    }
  }
  if (element.hasAttribute('data-page-break')) kept.set('data-page-break', '');
  if (['SPAN', 'FONT', 'B', 'I', 'U', 'STRONG', 'EM', 'MARK', 'S'].includes(name)) cleanWords(element, styles, usual, style);

  for (const attribute of [...element.attributes]) element.removeAttribute(attribute.name);
  for (const [attribute, value] of kept) element.setAttribute(attribute, value);
  if (style.length > 0) element.setAttribute('style', style.join('; '));
  if (name === 'MARK' && style.some((one) => one.startsWith('background-color'))) element.setAttribute('data-color', backColor(styles.get('background-color') ?? styles.get('background'))!);

  // mso-outline-level makes a heading of what is only a paragraph in HTML.
  const level = /^[1-6]$/.exec(styles.get('mso-outline-level') ?? '')?.[0];
  if (name === 'P' && level && !element.closest('li, td, th')) rename(element, `h${level}`);
  // A paragraph of Word that is empty has a blank that may not break.
  if (/^(P|H[1-6])$/.test(name) && element.textContent?.replace(/[\s\u00a0]/g, '') === '' && !element.querySelector('img, br')) element.replaceChildren();
}

/** The end of the last line of code is no line of its own. */
function trimCode(element: Element): void {
  const last = element.ownerDocument.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  let text: Node | null = null;
  while (last.nextNode()) text = last.currentNode;
  if (text) text.textContent = text.textContent?.replace(/\n$/, '') ?? '';
}

function cleanLink(element: Element, kept: Map<string, string>): void {
  const href = element.getAttribute('href')?.trim() ?? '';
  if (!/^(https?:|mailto:|tel:)/i.test(href)) return;
  try {
    const url = new URL(href);
    for (const name of [...url.searchParams.keys()]) if (TRACKING.test(name)) url.searchParams.delete(name);
    kept.set('href', url.href);
  } catch {
    // No address at all: its words stay.
  }
}

function cleanCell(element: Element, styles: Styles, kept: Map<string, string>, style: string[]): void {
  for (const span of ['colspan', 'rowspan']) {
    const count = Number(element.getAttribute(span));
    if (Number.isInteger(count) && count > 1 && count <= 200) kept.set(span, String(count));
  }
  const background = backColor(styles.get('background-color') ?? styles.get('background') ?? element.getAttribute('bgcolor') ?? undefined);
  if (background) style.push(`background-color: ${background}`);
  const width = Number.parseFloat(element.getAttribute('width') ?? '') || (points(styles.get('width')) ?? 0) / 0.75;
  const percent = /%/.test(element.getAttribute('width') ?? styles.get('width') ?? '');
  if (width >= 20 && width <= 1200 && !percent && !kept.has('colspan')) kept.set('colwidth', String(Math.round(width)));
  // Word marks the rows that are repeated on every sheet as the head of the table.
  if (element.tagName === 'TD' && element.closest('thead')) rename(element, 'th', kept, style);
}

/** Emphasis of a run of words. */
function cleanWords(element: Element, styles: Styles, usual: Look, style: string[]): void {
  const heading = element.closest('h1, h2, h3, h4, h5, h6') !== null;
  const weight = styles.get('font-weight') ?? '';
  if (!heading && (/^bold/.test(weight) || Number(weight) >= 600)) style.push('font-weight: bold');
  if (/^(italic|oblique)/.test(styles.get('font-style') ?? '')) style.push('font-style: italic');
  const decoration = `${styles.get('text-decoration') ?? ''} ${styles.get('text-decoration-line') ?? ''}`;
  const line = ['underline', 'line-through'].filter((one) => decoration.includes(one) && !element.closest('a'));
  if (line.length > 0) style.push(`text-decoration: ${line.join(' ')}`);
  const vertical = /^(super|sub)$/.exec(styles.get('vertical-align') ?? '')?.[0];
  if (vertical) style.push(`vertical-align: ${vertical}`);
  const color = textColor(styles.get('color') ?? element.getAttribute('color') ?? undefined);
  if (color && !element.closest('a')) style.push(`color: ${color}`);
  if (!heading) {
    const { size, family } = lookOf(styles, element);
    if (size && size !== usual.size) style.push(`font-size: ${size}`);
    if (family && family !== usual.family) style.push(`font-family: ${FONTS[family].replaceAll('"', "'")}`);
  }
  const back = backColor(styles.get('mso-highlight') ?? styles.get('background-color') ?? styles.get('background'));
  if (!back) return;
  if (element.tagName === 'MARK') return void style.push(`background-color: ${back}`);
  const mark = element.ownerDocument.createElement('mark');
  mark.append(...element.childNodes);
  element.append(mark);
  mark.setAttribute('style', `background-color: ${back}`);
  mark.setAttribute('data-color', back);
}

/** The same element under another name. */
function rename(element: Element, name: string, kept = new Map<string, string>(), style: string[] = []): void {
  const renamed = element.ownerDocument.createElement(name);
  for (const { name, value } of [...element.attributes]) if (name === 'style' || name.startsWith('data-')) renamed.setAttribute(name, value);
  for (const [attribute, value] of kept) renamed.setAttribute(attribute, value);
  if (style.length > 0) renamed.setAttribute('style', style.join('; '));
  renamed.append(...element.childNodes);
  element.replaceWith(renamed);
}
