// How does a page become again what it was? With the least change to the live document, in one transaction: what is as it was
// keeps its identity, so that colleagues' carets and comments stay where they are, and types of nodes that this client does not know survive.
import * as Y from 'yjs';
import { equal } from './equal';
import { isText, type TextRun, type TreeNode } from './tree';

/** A node, or the runs of one shared text. */
type Child = TreeNode | TextRun[];
type Shared = Y.XmlElement | Y.XmlText | Y.XmlHook;

/** Makes all of `body` what `nodes` (of one moment) say. */
export function restoreAll(body: Y.XmlFragment, nodes: TreeNode[]): void {
  makeChildren(body, nodes);
}

/**
 * Makes the blocks in `chosen` what they were, and leaves the others. `compared` has the blocks of both moments in order, `then` those
 * of the moment. A block that was not there then is taken away; one that is not there now is put
 * back behind its nearest neighbour.
 */
export function restoreBlocks(body: Y.XmlFragment, compared: TreeNode[], chosen: Set<string>, then: TreeNode[]): void {
  const order = compared.flatMap(({ key, replaces }) => (replaces ? [replaces, key] : [key]));
  const wanted = new Set(compared.flatMap(({ key, replaces }) => (chosen.has(key) ? [key, replaces ?? key] : [])));
  const old = new Map(then.map((node) => [node.key, node]));
  const placed = new Map<string, Y.XmlElement>();
  for (const [at, key] of order.entries()) {
    if (!wanted.has(key)) continue;
    const [node, index] = [old.get(key), indexOf(body, key)];
    if (node && index >= 0) makeElement(body.get(index) as Y.XmlElement, node);
    else if (index >= 0) body.delete(index, 1);
    else if (node) {
      const copy = element(node);
      body.insert(indexAfter(body, order.slice(0, at), placed), [copy]);
      placed.set(key, copy);
    }
  }
}

function indexOf(body: Y.XmlFragment, key: string): number {
  return body.toArray().findIndex((child) => keyOf(child as Shared) === key);
}

function indexAfter(body: Y.XmlFragment, before: string[], placed: Map<string, Y.XmlElement>): number {
  const children = body.toArray();
  for (const key of before.toReversed()) {
    const copy = placed.get(key);
    const index = copy ? children.indexOf(copy) : children.findIndex((child) => keyOf(child as Shared) === key);
    if (index >= 0) return index + 1;
  }
  return 0;
}

function keyOf(child: Shared): string {
  const id = child._item?.id;
  return id ? `${id.client}:${id.clock}` : '';
}

/** Runs that stand in one shared text belong together. */
function childrenOf(pieces: (TreeNode | TextRun)[]): Child[] {
  const children: Child[] = [];
  for (const piece of pieces) {
    const last = children.at(-1);
    if (!isText(piece)) children.push(piece);
    else if (Array.isArray(last) && last[0]?.key === piece.key) last.push(piece);
    else children.push([piece]);
  }
  return children;
}

function makeChildren(parent: Y.XmlFragment, pieces: (TreeNode | TextRun)[]): void {
  const now = parent.toArray() as Shared[];
  const then = childrenOf(pieces);
  const kept = match(now, then);
  let index = 0;
  let next = 0;
  for (const [at, child] of then.entries()) {
    const place = kept[at];
    if (place === undefined || place < 0) {
      parent.insert(index, [shared(child)]);
    } else {
      parent.delete(index, place - next);
      const same = now[place]!;
      if (same instanceof Y.XmlText) makeText(same, child as TextRun[]);
      else makeElement(same as Y.XmlElement, child as TreeNode);
      next = place + 1;
    }
    index += 1;
  }
  parent.delete(index, now.length - next);
}

/** For each child of then its place among those of now, in rising order; −1: it has to be made. */
function match(now: Shared[], then: Child[]): number[] {
  const places = new Map(now.map((child, place) => [keyOf(child), place]));
  const kept: number[] = then.map(() => -1);
  let last = -1;
  for (const [at, child] of then.entries()) {
    const place = places.get(Array.isArray(child) ? (child[0]?.key ?? '') : child.key) ?? -1;
    if (place > last && alike(now[place], child)) last = kept[at] = place;
  }
  // What was put back before has a new id: equal ones first, then any of the same kind.
  for (const fits of [says, alike]) {
    for (let at = 0, low = -1; at < then.length; at += 1) {
      if (kept[at]! >= 0) {
        low = kept[at]!;
        continue;
      }
      const high = kept.slice(at).find((place) => place >= 0) ?? now.length;
      for (let place = low + 1; place < high; place += 1) {
        if (!fits(now[place], then[at]!)) continue;
        low = kept[at] = place;
        break;
      }
    }
  }
  return kept;
}

function alike(now: Shared | undefined, then: Child): boolean {
  if (Array.isArray(then)) return now instanceof Y.XmlText;
  return now instanceof Y.XmlElement && now.nodeName === then.type;
}

function says(now: Shared | undefined, then: Child): boolean {
  if (!now || !alike(now, then)) return false;
  if (now instanceof Y.XmlText) return equal(now.toDelta(), delta(then as TextRun[]));
  if (!(now instanceof Y.XmlElement) || Array.isArray(then)) return false;
  const [mine, theirs] = [now.toArray() as Shared[], childrenOf(then.content)];
  return equal(now.getAttributes(), then.attrs) && mine.length === theirs.length && mine.every((child, at) => says(child, theirs[at]!));
}

function makeElement(now: Y.XmlElement, then: TreeNode): void {
  const attributes = now.getAttributes() as Record<string, unknown>;
  for (const name of Object.keys(attributes)) if (!(name in then.attrs)) now.removeAttribute(name);
  for (const [name, value] of Object.entries(then.attrs)) {
    if (!equal(attributes[name], value)) now.setAttribute(name, value as string);
  }
  makeChildren(now, then.content);
}

interface Cell {
  text: string;
  attributes: Record<string, unknown>;
}

function delta(runs: TextRun[]): { insert: string; attributes?: Record<string, unknown> }[] {
  const merged: { insert: string; attributes?: Record<string, unknown> }[] = [];
  for (const { text, attributes } of runs) {
    const last = merged.at(-1);
    if (last && equal(last.attributes ?? {}, attributes)) last.insert += text;
    else merged.push(Object.keys(attributes).length > 0 ? { insert: text, attributes } : { insert: text });
  }
  return merged;
}

/** Characters with their formatting: pairs of surrogates are not taken apart. */
function cells(runs: { insert?: unknown; attributes?: Record<string, unknown> }[]): Cell[] {
  return runs.flatMap(({ insert, attributes = {} }) =>
    typeof insert === 'string' ? Array.from(insert, (text) => ({ text, attributes })) : [{ text: '\uFFFC', attributes }],
  );
}

/** Replaces what lies between the first and the last difference. */
function makeText(now: Y.XmlText, runs: TextRun[]): void {
  const [mine, theirs] = [cells(now.toDelta() as { insert: unknown }[]), cells(delta(runs))];
  const same = (one: Cell | undefined, other: Cell | undefined) =>
    one !== undefined && other !== undefined && one.text === other.text && equal(one.attributes, other.attributes);
  let head = 0;
  while (head < mine.length && same(mine[head], theirs[head])) head += 1;
  let tail = 0;
  while (tail < mine.length - head && tail < theirs.length - head && same(mine.at(-1 - tail), theirs.at(-1 - tail))) tail += 1;
  const length = (part: Cell[]) => part.reduce((sum, { text }) => sum + text.length, 0);
  let index = length(mine.slice(0, head));
  now.delete(index, length(mine.slice(head, mine.length - tail)));
  const added = theirs.slice(head, theirs.length - tail);
  for (const { insert, attributes } of delta(added.map((cell) => ({ ...cell }) as TextRun))) {
    now.insert(index, insert, attributes ?? {});
    index += insert.length;
  }
}

function shared(child: Child): Y.XmlElement | Y.XmlText {
  if (!Array.isArray(child)) return element(child);
  const text = new Y.XmlText();
  text.applyDelta(delta(child));
  return text;
}

function element(node: TreeNode): Y.XmlElement {
  const made = new Y.XmlElement(node.type);
  for (const [name, value] of Object.entries(node.attrs)) made.setAttribute(name, value as string);
  made.insert(0, childrenOf(node.content).map(shared));
  return made;
}
