// How are comments shown in the text? As decorations: the text itself knows nothing of them, so people who may not edit
// it can comment, and what is exported holds no trace.
import { Extension } from '@tiptap/core';
import type { Node } from '@tiptap/pm/model';
import { Plugin, PluginKey, type EditorState, type Transaction } from '@tiptap/pm/state';
import { Decoration, DecorationSet } from '@tiptap/pm/view';
import { ySyncPluginKey } from '@tiptap/y-tiptap';
import { findQuote, hasContent, makeAnchor, resolveAnchor, syncOf, type Anchor, type Range, type Sync } from './anchors';
import type { Thread } from './threads';

interface Ranges {
  threads: Thread[];
  /** Where each thread is now; a thread without a range has lost its text. */
  places: ReadonlyMap<string, Range>;
  /** The thread that is looked at. */
  active: string | null;
  /** What a comment is being written on. */
  draft: Range | null;
  decorations: DecorationSet;
  /** Edits made in this window. */
  editsHere: number;
}

type Change = Partial<Pick<Ranges, 'threads' | 'active' | 'draft'>>;

export const commentRangesKey = new PluginKey<Ranges>('commentRanges');

/** How long to wait after an edit before anchors that it tore off are made anew. */
const MEND_AFTER_MS = 400;

export interface CommentRangesOptions {
  /** Somebody clicked on commented text, or beside it (`null`). */
  onPick: (thread: string | null) => void;
  /** An edit made here moved the text of a thread to where its anchor does not lead. */
  onMoved: (thread: string, anchor: Anchor) => void;
}

/** Shows other threads, another active one, or another draft. */
export function changeRanges(tr: Transaction, change: Change): Transaction {
  return tr.setMeta(commentRangesKey, change).setMeta('addToHistory', false);
}

export function readRanges(state: EditorState): Ranges | undefined {
  return commentRangesKey.getState(state);
}

function placesOf(sync: Sync | undefined, doc: Node, threads: Thread[]): Map<string, Range> {
  const places = new Map<string, Range>();
  for (const thread of threads) {
    const range = (thread.anchor && resolveAnchor(sync, doc, thread.anchor)) ?? findQuote(doc, thread.quote);
    if (range) places.set(thread.id, range);
  }
  return places;
}

function mapRange(tr: Transaction, range: Range): Range | null {
  const mapped = { from: tr.mapping.map(range.from, 1), to: tr.mapping.map(range.to, -1) };
  return mapped.from < mapped.to && hasContent(tr.doc, mapped) ? mapped : null;
}

function decorate(doc: Node, { threads, places, active, draft }: Omit<Ranges, 'decorations' | 'editsHere'>): DecorationSet {
  const decorations: Decoration[] = [];
  const add = (range: Range, attrs: Record<string, string>) => {
    decorations.push(Decoration.inline(range.from, range.to, attrs));
    doc.nodesBetween(range.from, range.to, (node, pos) => {
      if (node.isLeaf && node.isBlock && pos >= range.from) decorations.push(Decoration.node(pos, pos + node.nodeSize, attrs));
    });
  };
  for (const thread of threads) {
    const range = places.get(thread.id);
    if (!range || (thread.resolvedAt !== null && thread.id !== active)) continue;
    add(range, { class: `comment-range${thread.id === active ? ' comment-active' : ''}`, 'data-thread': thread.id });
  }
  if (draft) add(draft, { class: 'comment-range comment-active comment-draft' });
  return DecorationSet.create(doc, decorations);
}

export const CommentRanges = Extension.create<CommentRangesOptions>({
  name: 'commentRanges',

  addOptions() {
    return { onPick: () => {}, onMoved: () => {} };
  },

  addProseMirrorPlugins() {
    const options = this.options;
    return [
      new Plugin<Ranges>({
        key: commentRangesKey,
        state: {
          init: () => ({ threads: [], places: new Map(), active: null, draft: null, decorations: DecorationSet.empty, editsHere: 0 }),
          apply(tr, value, old, state) {
            const change = tr.getMeta(commentRangesKey) as Change | undefined;
            if (!change && !tr.docChanged) return value;
            const next = { ...value, ...change };
            const sync = tr.getMeta(ySyncPluginKey) as { isChangeOrigin?: boolean } | undefined;
            if (tr.docChanged) next.draft = next.draft && mapRange(tr, next.draft);
            if (change?.threads || (tr.docChanged && sync?.isChangeOrigin)) {
              // What came over the network is right by the anchors. `state` may not have all its fields yet.
              next.places = placesOf(syncOf(state) ?? syncOf(old), tr.doc, next.threads);
            } else if (tr.docChanged) {
              const places = new Map<string, Range>();
              for (const [id, range] of value.places) {
                const mapped = mapRange(tr, range);
                if (mapped) places.set(id, mapped);
              }
              next.places = places;
              next.editsHere += 1;
            }
            return { ...next, decorations: decorate(tr.doc, next) };
          },
        },
        props: {
          decorations: (state) => commentRangesKey.getState(state)?.decorations,
          handleClick(view, pos) {
            const ranges = commentRangesKey.getState(view.state);
            if (!ranges) return false;
            let picked: { id: string; size: number } | null = null;
            for (const thread of ranges.threads) {
              const range = ranges.places.get(thread.id);
              if (!range || thread.resolvedAt !== null || pos < range.from || pos > range.to) continue;
              // Of threads within each other the innermost is meant.
              if (!picked || range.to - range.from < picked.size) picked = { id: thread.id, size: range.to - range.from };
            }
            if (picked || ranges.active) options.onPick(picked?.id ?? null);
            return false;
          },
        },
        view: () => {
          let timer: number | undefined;
          return {
            update(view, before) {
              if (readRanges(before)?.editsHere === readRanges(view.state)?.editsHere) return;
              window.clearTimeout(timer);
              timer = window.setTimeout(() => mend(view.state, options.onMoved), MEND_AFTER_MS);
            },
            destroy: () => window.clearTimeout(timer),
          };
        },
      }),
    ];
  },
});

/** Splitting or moving text makes new items in Yjs; who did it knows where the commented text went. */
function mend(state: EditorState, onMoved: CommentRangesOptions['onMoved']): void {
  const ranges = commentRangesKey.getState(state);
  const sync = syncOf(state);
  for (const thread of ranges?.threads ?? []) {
    const range = ranges?.places.get(thread.id);
    if (!range || !thread.anchor) continue;
    const anchored = resolveAnchor(sync, state.doc, thread.anchor);
    if (anchored?.from === range.from && anchored.to === range.to) continue;
    const anchor = makeAnchor(sync, range);
    if (anchor) onMoved(thread.id, anchor);
  }
}
