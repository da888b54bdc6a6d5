// How does the editor suggest instead of editing? Two marks for text, the same two names as attributes of nodes, and a mode
// in which every edit of this window is made into a suggestion before it happens.
import { Extension, Mark, mergeAttributes } from '@tiptap/core';
import type { Node } from '@tiptap/pm/model';
import { Plugin, PluginKey, TextSelection, type EditorState, type Transaction } from '@tiptap/pm/state';
import { Decoration, DecorationSet, type EditorView } from '@tiptap/pm/view';
import { ySyncPluginKey, yUndoPluginKey } from '@tiptap/y-tiptap';
import { settle, type Verdict } from './settle';
import { isWhole, KINDS, stampOf, type Kind } from './stamp';
import { neighbour, newStamp, track, withoutInherited, withoutSuggestions, type Author } from './track';

/** `all`: suggestions are marked · `final`: as if all were accepted · `original`: as if all were rejected. */
export type SuggestionView = 'all' | 'final' | 'original';

export interface SuggestState {
  /** Edits become suggestions. */
  isOn: boolean;
  view: SuggestionView;
}

export interface SuggestChangesOptions {
  author: Author;
  /** The colour of a person. */
  color: (userId: string) => string;
}

export const suggestKey = new PluginKey<SuggestState>('suggestChanges');

/** On transactions that are not to become suggestions. */
const DIRECT = 'suggestChanges.direct';

/** Nodes about which something can be suggested; `doc`, text and the parts of tables and lists carry nothing. */
const NODES = [
  'paragraph',
  'heading',
  'codeBlock',
  'table',
  'image',
  'horizontalRule',
  'pageBreak',
  'hardBreak',
  'mention',
];

declare module '@tiptap/core' {
  interface Commands<ReturnType> {
    suggestChanges: {
      /** Turns suggesting on or off in this window. */
      setSuggesting: (isOn: boolean) => ReturnType;
      setSuggestionView: (view: SuggestionView) => ReturnType;
      /** Accepts or rejects some suggestions (`null`: all). */
      settleSuggestions: (verdict: Verdict, ids: readonly string[] | null) => ReturnType;
    };
  }
}

function markOf(kind: Kind, tag: 'ins' | 'del', color: SuggestChangesOptions['color']) {
  return Mark.create({
    name: kind,
    // What is typed after a suggestion is not part of it, unless `track` says so.
    inclusive: false,
    priority: 1100,
    addAttributes() {
      const attribute = (name: string, read: (text: string) => unknown = (text) => text) => ({
        default: null,
        parseHTML: (element: HTMLElement) => read(element.dataset[name] ?? ''),
        renderHTML: (attributes: Record<string, unknown>) => ({ [`data-${name}`]: attributes[name] }),
      });
      return { id: attribute('id'), author: attribute('author'), name: attribute('name'), at: attribute('at', Number) };
    },
    parseHTML() {
      // Above the rule by which any <del> is struck through.
      return [{ tag: `${tag}[data-suggestion]`, priority: 100 }];
    },
    renderHTML({ HTMLAttributes }) {
      const style = `--suggestion: ${color(String(HTMLAttributes['data-author'] ?? ''))}`;
      return [tag, mergeAttributes(HTMLAttributes, { 'data-suggestion': kind, style, title: HTMLAttributes['data-name'] as string }), 0];
    },
  });
}

const SuggestionAttributes = Extension.create({
  name: 'suggestionAttributes',
  addGlobalAttributes() {
    // Shown by decorations, so that nodes with views of their own show them too; never copied along.
    const attribute = { default: null, rendered: false, keepOnSplit: false, parseHTML: () => null };
    return [{ types: NODES, attributes: { insertion: attribute, deletion: attribute } }];
  },
});

/** What a page must be able to hold so that nobody's suggestions are lost. */
export function suggestionSchema(color: SuggestChangesOptions['color']) {
  return [markOf('insertion', 'ins', color), markOf('deletion', 'del', color), SuggestionAttributes];
}

export function readSuggestState(state: EditorState): SuggestState {
  return suggestKey.getState(state) ?? { isOn: false, view: 'all' };
}

/** Whether a transaction comes from this window's keyboard and mouse, and not from colleagues, undo or ourselves. */
function isOwnEdit(tr: Transaction): boolean {
  const sync = tr.getMeta(ySyncPluginKey) as { isChangeOrigin?: boolean } | undefined;
  return tr.docChanged && !sync?.isChangeOrigin && !tr.getMeta(DIRECT) && tr.getMeta('history$') === undefined;
}

export const SuggestChanges = Extension.create<SuggestChangesOptions>({
  name: 'suggestChanges',

  addOptions() {
    return { author: { id: '', name: '' }, color: () => '#1f7488' };
  },

  addCommands() {
    const change = (part: Partial<SuggestState>) => (tr: Transaction) => tr.setMeta(suggestKey, part).setMeta('addToHistory', false);
    return {
      setSuggesting:
        (isOn) =>
        ({ tr, dispatch }) => {
          if (dispatch) change({ isOn })(tr).setStoredMarks(null);
          return true;
        },
      setSuggestionView:
        (view) =>
        ({ tr, dispatch }) => {
          if (dispatch) change({ view })(tr);
          return true;
        },
      settleSuggestions:
        (verdict, ids) =>
        ({ state, tr, dispatch }) => {
          if (!dispatch) return true;
          // An undo takes back the decision, and not what was typed just before.
          const undo = yUndoPluginKey.getState(state) as { undoManager?: { stopCapturing(): void } } | undefined;
          undo?.undoManager?.stopCapturing();
          tr.setMeta(DIRECT, true);
          return settle(tr, verdict, ids && new Set(ids));
        },
    };
  },

  dispatchTransaction({ transaction, next }) {
    const { state } = this.editor;
    if (!isOwnEdit(transaction)) return next(transaction);
    if (!readSuggestState(state).isOn) return next(withoutInherited(transaction));
    next(track(transaction, state, this.options.author));
  },

  addProseMirrorPlugins() {
    const { author, color } = this.options;
    return [
      new Plugin<SuggestState>({
        key: suggestKey,
        state: {
          init: () => ({ isOn: false, view: 'all' }),
          apply: (tr, value) => ({ ...value, ...(tr.getMeta(suggestKey) as Partial<SuggestState> | undefined) }),
        },
        props: {
          // What is shown as it would be, or was, is not the text: nobody types into it.
          editable: (state) => readSuggestState(state).view === 'all',
          attributes: (state): Record<string, string> => ({ 'data-suggestions': readSuggestState(state).view }),
          decorations: (state) => decorate(state.doc, color),
          transformPasted: withoutSuggestions,
          handleDOMEvents: {
            compositionstart(view) {
              if (readSuggestState(view.state).isOn) prepareComposition(view, author);
              return false;
            },
          },
        },
      }),
    ];
  },
});

/**
 * Before an input method writes, what is selected is marked as deleted, and the cursor stands where the new text will be marked
 * as inserted. So nothing around the composed text changes while it is composed, which would end the composition. The new text
 * comes before the old: Chromium counts from where the selection began.
 */
function prepareComposition(view: EditorView, author: Author): void {
  if (!view.state.selection.empty) view.dispatch(view.state.tr.deleteSelection());
  const { selection, schema, doc } = view.state;
  const { insertion } = schema.marks;
  if (!(selection instanceof TextSelection) || !insertion || !selection.$from.parent.type.allowsMarkType(insertion)) return;
  const stamp = neighbour(doc, selection.from, selection.from, author) ?? newStamp(author);
  const marks = (view.state.storedMarks ?? selection.$from.marks()).filter((mark) => !(KINDS as readonly string[]).includes(mark.type.name));
  view.dispatch(view.state.tr.setStoredMarks(insertion.create(stamp).addToSet(marks)));
}

function decorate(doc: Node, color: SuggestChangesOptions['color']): DecorationSet {
  const decorations: Decoration[] = [];
  doc.descendants((node, pos) => {
    if (node.isText) return false;
    for (const kind of KINDS) {
      const stamp = stampOf(node, kind);
      if (!stamp) continue;
      const what = isWhole(node) ? 'node' : 'border';
      decorations.push(
        Decoration.node(pos, pos + node.nodeSize, {
          [`data-${kind}-${what}`]: stamp.id,
          style: `--suggestion: ${color(stamp.author)}`,
        }),
      );
    }
    return true;
  });
  return DecorationSet.create(doc, decorations);
}
