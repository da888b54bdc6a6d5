// Find and replace in the text: matches are marked in the view and never in the page itself.
import { Extension, type Editor } from '@tiptap/core';
import { yUndoPluginKey } from '@tiptap/y-tiptap';
import { Plugin, PluginKey, TextSelection, type EditorState, type Transaction } from '@tiptap/pm/state';
import { Decoration, DecorationSet } from '@tiptap/pm/view';
import { findMatches, pattern, replacement, type FindOptions, type Match } from './matches';

export interface FindState extends FindOptions {
  /** The bar is there. */
  open: 'find' | 'replace' | null;
  query: string;
  /** What was typed is no regular expression. */
  invalid: boolean;
  matches: Match[];
  /** Which match is the current one; -1 for none. */
  current: number;
}

interface FindView {
  find: FindState;
  decorations: DecorationSet;
}

const NOTHING: FindState = { open: null, query: '', matchCase: false, regex: false, invalid: false, matches: [], current: -1 };

const findKey = new PluginKey<FindView>('find');

declare module '@tiptap/core' {
  interface Commands<ReturnType> {
    find: {
      openFind: (mode: 'find' | 'replace') => ReturnType;
      closeFind: () => ReturnType;
      setFind: (change: Partial<Pick<FindState, 'query' | 'matchCase' | 'regex'>>) => ReturnType;
      findNext: (step: 1 | -1) => ReturnType;
      replaceMatch: (by: string) => ReturnType;
      /** All matches, as one step of undo. */
      replaceMatches: (by: string) => ReturnType;
    };
  }
}

export function findState(state: EditorState): FindState {
  return findKey.getState(state)?.find ?? NOTHING;
}

/** The matches in `state.doc`, the current one at or behind `near`. */
function look(find: FindState, doc: EditorState['doc'], near: number): FindState {
  if (!find.open || find.query === '') return { ...find, invalid: false, matches: [], current: -1 };
  const wanted = pattern(find.query, find);
  const matches = wanted ? findMatches(doc, wanted) : [];
  const behind = matches.findIndex((match) => match.from >= near);
  return { ...find, invalid: wanted === null, matches, current: matches.length === 0 ? -1 : Math.max(0, behind) };
}

function draw(find: FindState, doc: EditorState['doc']): FindView {
  const marks = find.matches.map(({ from, to }, index) =>
    Decoration.inline(from, to, { class: index === find.current ? 'found found-current' : 'found' }),
  );
  return { find, decorations: DecorationSet.create(doc, marks) };
}

function apply(tr: Transaction, old: FindView): FindView {
  const change = tr.getMeta(findKey) as Partial<FindState> | undefined;
  if (!change && !tr.docChanged) return old;
  if (!change && !old.find.open) return old;
  const find = { ...old.find, ...change };
  if (change && 'current' in change) return draw(find, tr.doc);
  const at = old.find.matches[old.find.current]?.from;
  // A colleague's change arrives as a replacement of everything: then the place in the text is the better hint than the mapping.
  const near = change || at === undefined ? tr.selection.from : tr.doc.content.size === tr.before.content.size ? at : tr.mapping.map(at, -1);
  return draw(look(find, tr.doc, Math.min(near, at ?? near)), tr.doc);
}

/** What is done here is a step of its own for undo, however quickly it follows the typing before. */
function endUndoStep(editor: Editor): void {
  const state = yUndoPluginKey.getState(editor.state) as { undoManager?: { stopCapturing: () => void } } | undefined;
  state?.undoManager?.stopCapturing();
}

/** Puts the text in place of the match, with the look of what stood there. */
function put(tr: Transaction, { from, to }: Match, text: string): void {
  if (text === '') tr.delete(from, to);
  else {
    const marks = tr.doc.nodeAt(from)?.marks ?? [];
    tr.replaceWith(from, to, tr.doc.type.schema.text(text, marks));
  }
}

/** The words that are chosen, if they are short enough to be what one looks for. */
function chosenWords(state: EditorState): string {
  const { from, to, $from, $to } = state.selection;
  return $from.sameParent($to) && to - from <= 100 ? state.doc.textBetween(from, to) : '';
}

export const Find = Extension.create({
  name: 'find',

  addCommands() {
    const change = (tr: Transaction, meta: Partial<FindState>) => tr.setMeta(findKey, meta).setMeta('addToHistory', false);
    return {
      openFind:
        (open) =>
        ({ state, tr, view }) => {
          // In the bar itself, what was typed there counts.
          const words = findState(state).open && !view.hasFocus() ? '' : chosenWords(state);
          change(tr, words === '' ? { open } : { open, query: words });
          return true;
        },
      closeFind:
        () =>
        ({ state, tr }) => {
          const { matches, current } = findState(state);
          const match = matches[current];
          if (match) tr.setSelection(TextSelection.create(tr.doc, match.from, match.to));
          change(tr, { open: null });
          return true;
        },
      setFind:
        (wanted) =>
        ({ tr }) => {
          change(tr, wanted);
          return true;
        },
      findNext:
        (step) =>
        ({ state, tr }) => {
          const { matches, current } = findState(state);
          const count = matches.length;
          if (count === 0) return false;
          const next = (Math.max(current, step === 1 ? -1 : 0) + step + count) % count;
          change(tr, { current: next });
          const match = matches[next]!;
          tr.setSelection(TextSelection.create(tr.doc, match.from, match.to)).scrollIntoView();
          return true;
        },
      replaceMatch:
        (by) =>
        ({ editor, state, tr, dispatch }) => {
          const { matches, current, regex } = findState(state);
          const match = matches[current];
          if (!match) return false;
          if (!dispatch) return true;
          endUndoStep(editor);
          const text = replacement(match, by, regex);
          put(tr, match, text);
          // Behind what was put: a replacement that has the words again is not found again.
          tr.setSelection(TextSelection.create(tr.doc, match.from + text.length)).setMeta(findKey, {}).scrollIntoView();
          queueMicrotask(() => endUndoStep(editor));
          return true;
        },
      replaceMatches:
        (by) =>
        ({ editor, state, tr, dispatch }) => {
          const { matches, regex } = findState(state);
          if (matches.length === 0) return false;
          if (!dispatch) return true;
          endUndoStep(editor);
          // From the end, so that the places before stay where they are.
          for (const match of matches.toReversed()) put(tr, match, replacement(match, by, regex));
          queueMicrotask(() => endUndoStep(editor));
          return true;
        },
    };
  },

  addKeyboardShortcuts() {
    return {
      'Mod-f': () => this.editor.commands.openFind('find'),
      'Mod-h': () => this.editor.commands.openFind('replace'),
    };
  },

  addProseMirrorPlugins() {
    return [
      new Plugin<FindView>({
        key: findKey,
        state: {
          init: () => ({ find: NOTHING, decorations: DecorationSet.empty }),
          apply,
        },
        props: { decorations: (state) => findKey.getState(state)?.decorations },
      }),
    ];
  },
});
