// What does a page say, without an editor? Walks through the shared document and changes nothing, whatever stands in it.
import * as Y from 'yjs';
import { markName } from './schemaGuard';

/** A piece of a page; `unknown` names what this client has no form for. */
export type Piece = string | { tag: string; attributes: Record<string, string>; unknown?: string; children: Piece[] };

const BLOCKS: Record<string, string> = {
  paragraph: 'p',
  bulletList: 'ul',
  orderedList: 'ol',
  listItem: 'li',
  taskList: 'ul',
  taskItem: 'li',
  table: 'table',
  tableRow: 'tr',
  tableHeader: 'th',
  tableCell: 'td',
  blockquote: 'blockquote',
  codeBlock: 'pre',
  horizontalRule: 'hr',
  pageBreak: 'hr',
  hardBreak: 'br',
  image: 'img',
  mention: 'span',
};
const MARKS: Record<string, string> = {
  bold: 'strong',
  italic: 'em',
  strike: 's',
  underline: 'u',
  code: 'code',
  subscript: 'sub',
  superscript: 'sup',
  highlight: 'mark',
  insertion: 'ins',
  deletion: 'del',
  link: 'a',
};
const EMPTY = new Set(['hr', 'br', 'img']);

/** The pieces of a document's body. */
export function bodyPieces(body: Y.XmlFragment): Piece[] {
  return children(body);
}

function children(parent: Y.XmlFragment): Piece[] {
  return parent.toArray().flatMap((child): Piece[] => {
    if (child instanceof Y.XmlElement) return [element(child)];
    if (child instanceof Y.XmlText) return text(child);
    return [];
  });
}

function text(node: Y.XmlText): Piece[] {
  return (node.toDelta() as { insert: unknown; attributes?: Record<string, unknown> }[]).map(({ insert, attributes }) => {
    if (typeof insert !== 'string') return { tag: 'span', attributes: {}, unknown: 'embed', children: [] };
    return Object.entries(attributes ?? {}).reduce<Piece>((inner, [key, value]) => {
      const tag = MARKS[markName(key)];
      if (!tag) return inner;
      const href = tag === 'a' ? String((value as { href?: unknown } | null)?.href ?? '') : '';
      return { tag, attributes: /^(https?:|mailto:|tel:)/.test(href) ? { href } : {}, children: [inner] };
    }, insert);
  });
}

function element(node: Y.XmlElement): Piece {
  const attributes = node.getAttributes() as Record<string, unknown>;
  const shown: Record<string, string> = {};
  const take = (name: string) => {
    if (attributes[name] != null) shown[name] = String(attributes[name]);
  };
  if (node.nodeName === 'heading') {
    const level = Math.min(Math.max(Number(attributes.level) || 1, 1), 6);
    return { tag: `h${level}`, attributes: {}, children: children(node) };
  }
  const tag = BLOCKS[node.nodeName];
  if (!tag) return { tag: 'div', attributes: {}, unknown: node.nodeName, children: children(node) };
  if (tag === 'td' || tag === 'th') ['colspan', 'rowspan'].forEach((name) => take(name));
  if (tag === 'ol') take('start');
  if (tag === 'img' && String(attributes.src ?? '').startsWith('/api/v1/documents/')) ['src', 'alt'].forEach((name) => take(name));
  if (node.nodeName === 'mention') return { tag, attributes: {}, children: [`@${String(attributes.label ?? '')}`] };
  if (node.nodeName === 'taskItem') return { tag, attributes: {}, children: [attributes.checked ? '☑ ' : '☐ ', ...children(node)] };
  return { tag, attributes: shown, children: EMPTY.has(tag) ? [] : children(node) };
}

const escape = (value: string) => value.replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign]!);

function html(piece: Piece): string {
  if (typeof piece === 'string') return escape(piece);
  const attributes = Object.entries(piece.attributes).map(([name, value]) => ` ${name}="${escape(value)}"`);
  const start = `<${piece.tag}${attributes.join('')}>`;
  return EMPTY.has(piece.tag) ? start : `${start}${piece.children.map(html).join('')}</${piece.tag}>`;
}

/** A page as a file of its own, for keeping what cannot be sent. */
export function pageHtml(name: string, body: Y.XmlFragment): string {
  const text = bodyPieces(body).map(html).join('\n');
  return `<!doctype html>\n<html><head><meta charset="utf-8"><title>${escape(name)}</title></head>\n<body>\n${text}\n</body></html>\n`;
}

/** Offers a page as a download. */
export function downloadPage(name: string, doc: Y.Doc): void {
  const address = URL.createObjectURL(new Blob([pageHtml(name, doc.getXmlFragment('default'))], { type: 'text/html' }));
  const link = Object.assign(document.createElement('a'), { href: address, download: `${name}.html` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
