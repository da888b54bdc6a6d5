// How does an edit become a suggestion? Its transaction is made anew: what it would delete stays and is marked, what it
// inserts is marked. Formatting and list structure lose no text and apply directly.
//
// Own work: the one maintained library (@handlewithcare/prosemirror-suggest-changes) keeps block suggestions in marks of nodes,
// which y-tiptap does not store, and joins neighbouring suggestions of different authors.
import { Fragment, Slice, type Node } from '@tiptap/pm/model';
import { Selection, TextSelection, type EditorState, type Transaction } from '@tiptap/pm/state';
import { Mapping, ReplaceStep, type Step } from '@tiptap/pm/transform';
import { borderBefore } from './border';
import { carriesStamps, isWhole, KINDS, stampOf, writeStamp, type Kind, type Stamp } from './stamp';

/** The person who edits, and the means to make a new suggestion. */
export interface Author {
  id: string;
  name: string;
}

/** Makes `original` suggest what it would have done to `state`. */
export function track(original: Transaction, state: EditorState, author: Author): Transaction {
  const tracked = state.tr;
  let toTracked = new Mapping();
  for (const step of original.steps) {
    const before = tracked.steps.length;
    const inserted = step instanceof ReplaceStep ? suggestReplace(tracked, step, toTracked, author) : applyDirectly(tracked, step, toTracked);
    toTracked = advance(toTracked, step, tracked.mapping.maps.slice(before), inserted === null ? null : inserted - before);
  }
  if (original.docChanged || original.selectionSet) select(tracked, original, state, toTracked);
  if (original.scrolledIntoView) tracked.scrollIntoView();
  if (original.storedMarksSet) tracked.setStoredMarks(original.storedMarks);
  // Plugins recognise their own transactions by these.
  Object.assign(tracked as unknown as { meta: object }, { meta: { ...(original as unknown as { meta: object }).meta } });
  return tracked;
}

/** The way from the original's document after `step` to the tracked one. Content inserted in both corresponds. */
function advance(mapping: Mapping, step: Step, made: readonly Mapping['maps'][number][], inserted: number | null): Mapping {
  const next = new Mapping();
  next.appendMap(step.getMap().invert());
  mapping.maps.forEach((map, index) => {
    const mirror = mapping.getMirror(index);
    next.appendMap(map, mirror !== undefined && mirror < index ? mirror + 1 : undefined);
  });
  made.forEach((map, index) => next.appendMap(map, index === inserted ? 0 : undefined));
  return next;
}

function applyDirectly(tracked: Transaction, step: Step, mapping: Mapping): number | null {
  const mapped = step.map(mapping);
  return mapped && !tracked.maybeStep(mapped).failed ? tracked.steps.length - 1 : null;
}

/** Returns which step of `tracked` inserts what `step` inserts. */
function suggestReplace(tracked: Transaction, step: ReplaceStep, mapping: Mapping, author: Author): number | null {
  const from = mapping.map(step.from, 1);
  let to = Math.max(from, mapping.map(step.to, -1));
  // New text belongs to what it replaces; a deletion beside new text is a thought of its own.
  const kinds: readonly Kind[] = step.slice.size > 0 ? KINDS : ['deletion'];
  const stamp = neighbour(tracked.doc, from, to, author, kinds) ?? newStamp(author);
  if (from < to) {
    const before = tracked.steps.length;
    suggestDelete(tracked, from, to, stamp);
    to = tracked.mapping.slice(before).map(to, 1);
  }
  return step.slice.size > 0 ? suggestInsert(tracked, to, withoutSuggestions(step.slice), stamp) : null;
}

/** A suggestion begins. */
export function newStamp(author: Author, at = Date.now()): Stamp {
  return { id: crypto.randomUUID(), author: author.id, name: author.name, at };
}

/** The author's suggestion that an edit of this range continues. */
export function neighbour(doc: Node, from: number, to: number, author: Author, kinds = KINDS): Stamp | null {
  const [$from, $to] = [doc.resolve(from), doc.resolve(to)];
  const near: (Node | null)[] = [$from.nodeBefore, $to.nodeAfter];
  if ($from.parent.isTextblock && $from.parentOffset === 0) near.push($from.parent);
  for (const node of near) {
    for (const kind of kinds) {
      const stamp = node && stampOf(node, kind);
      if (stamp && stamp.author === author.id) return stamp;
    }
  }
  return null;
}

/** Marks a range as deleted; what the same author only suggested to insert goes for real. */
function suggestDelete(tr: Transaction, from: number, to: number, stamp: Stamp): void {
  const doc = tr.doc;
  const removals: (() => void)[] = [];
  const isOwn = (node: Node) => stampOf(node, 'insertion')?.author === stamp.author;
  doc.nodesBetween(from, to, (node, pos, parent) => {
    const end = pos + node.nodeSize;
    if (node.isText) {
      const [a, b] = [Math.max(pos, from), Math.min(end, to)];
      const deletion = tr.doc.type.schema.marks.deletion;
      const mark = deletion?.create(stamp);
      // Where no mark may be, in code for instance, an edit is an edit.
      const canHold = mark && parent?.type.allowsMarkType(mark.type) && mark.addToSet(node.marks).some((one) => one.type === mark.type);
      if (isOwn(node) || !canHold) removals.push(() => tr.delete(a, b));
      else if (!stampOf(node, 'deletion')) tr.addMark(a, b, mark);
      return false;
    }
    if (isWhole(node)) {
      const isInside = pos >= from && end <= to;
      if (!isInside) return !node.isAtom;
      if (isOwn(node) || !carriesStamps(node)) removals.push(() => tr.delete(pos, end));
      else if (!stampOf(node, 'deletion')) tr.setNodeAttribute(pos, 'deletion', writeStamp(stamp));
      return false;
    }
    if (node.isTextblock && pos >= from && (end <= to || doc.resolve(from).parent.isTextblock)) {
      const border = borderBefore(doc, pos);
      if (isOwn(node) && border !== null) removals.push(() => tr.delete(border, pos + 1));
      else if (carriesStamps(node) && !stampOf(node, 'deletion')) tr.setNodeAttribute(pos, 'deletion', writeStamp(stamp));
    }
    return true;
  });
  // From the end, so that positions before stay what they were.
  for (const remove of removals.reverse()) remove();
}

function suggestInsert(tr: Transaction, at: number, slice: Slice, stamp: Stamp): number {
  const before = tr.steps.length;
  if (tr.maybeStep(new ReplaceStep(at, at, slice)).failed) tr.replace(at, at, slice);
  if (tr.steps.length === before) return before;
  const inserted = tr.steps.length - 1;
  let end = at;
  tr.mapping.maps[inserted]?.forEach((_oldStart, _oldEnd, _newStart, newEnd) => (end = Math.max(end, newEnd)));
  stampRange(tr, at, end, stamp);
  return inserted;
}

function stampRange(tr: Transaction, from: number, to: number, stamp: Stamp): void {
  const { insertion } = tr.doc.type.schema.marks;
  tr.doc.nodesBetween(from, to, (node, pos, parent) => {
    if (node.isText) {
      if (insertion && parent?.type.allowsMarkType(insertion)) {
        tr.addMark(Math.max(pos, from), Math.min(pos + node.nodeSize, to), insertion.create(stamp));
      }
      return false;
    }
    const begins = pos >= from && pos < to;
    if (begins && carriesStamps(node) && (node.isTextblock || isWhole(node))) {
      tr.setNodeAttribute(pos, 'insertion', writeStamp(stamp));
    }
    return !(begins && isWhole(node));
  });
}

/** Content as if nobody had suggested anything: what is pasted or typed is the author's own. */
export function withoutSuggestions(slice: Slice): Slice {
  return new Slice(cleaned(slice.content), slice.openStart, slice.openEnd);
}

function cleaned(fragment: Fragment): Fragment {
  const nodes: Node[] = [];
  fragment.forEach((node) => {
    if (node.isText) {
      nodes.push(node.mark(node.marks.filter((mark) => !(KINDS as readonly string[]).includes(mark.type.name))));
    } else {
      const attrs = carriesStamps(node) ? { ...node.attrs, insertion: null, deletion: null } : node.attrs;
      nodes.push(node.type.create(attrs, cleaned(node.content), node.marks));
    }
  });
  return Fragment.fromArray(nodes);
}

function select(tracked: Transaction, original: Transaction, state: EditorState, mapping: Mapping): void {
  const [first] = original.steps;
  const isForward =
    state.selection.empty && first instanceof ReplaceStep && first.slice.size === 0 && first.from >= state.selection.head;
  const place = (pos: number) => mapping.map(pos, isForward ? 1 : -1);
  const { selection } = original;
  const anchor = tracked.doc.resolve(Math.min(place(selection.anchor), tracked.doc.content.size));
  const head = tracked.doc.resolve(Math.min(place(selection.head), tracked.doc.content.size));
  if (selection instanceof TextSelection && anchor.parent.inlineContent && head.parent.inlineContent) {
    tracked.setSelection(new TextSelection(anchor, head));
  } else {
    tracked.setSelection(original.steps.length === 0 ? selection : Selection.near(head, isForward ? 1 : -1));
  }
}

/**
 * An edit made outside suggest mode, cleaned of suggestions that it would inherit: text typed into a deleted run is not
 * deleted, and the second half of a split paragraph has a border of its own.
 */
export function withoutInherited(tr: Transaction): Transaction {
  tr.steps.slice().forEach((step, index) => {
    if (!(step instanceof ReplaceStep) || step.slice.size === 0) return;
    const later = tr.mapping.slice(index + 1);
    const from = later.map(step.from, -1);
    const to = later.map(step.from + step.slice.size, 1);
    const isSplit = step.slice.openStart > 0 && step.slice.openEnd > 0 && step.from === step.to;
    tr.doc.nodesBetween(from, to, (node, pos) => {
      if (node.isText && step.slice.openStart === 0 && step.slice.content.firstChild?.isText) {
        const deletion = node.marks.find((mark) => mark.type.name === 'deletion');
        if (deletion) tr.removeMark(Math.max(pos, from), Math.min(pos + node.nodeSize, to), deletion);
      } else if (isSplit && node.isTextblock && pos >= from && pos < to) {
        for (const kind of KINDS) if (node.attrs[kind]) tr.setNodeAttribute(pos, kind, null);
      }
    });
  });
  return tr;
}
