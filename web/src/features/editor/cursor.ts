// Why does a colleague's edit not take back the key that was just pressed?
//
// The browser moves its cursor at once and reports it later: `selectionchange` is a task of its own, and on a busy machine other
// tasks come first. Whatever draws the page in between (an edit of a colleague, a colleague's cursor, a comment) puts the
// cursor where ProseMirror saw it last: End is lost, and the next letters land where the cursor was. So ProseMirror reads
// the browser's cursor before something is drawn that the writer did not do, and before a key acts on it.
import { Extension } from '@tiptap/core';
import { Plugin, PluginKey, type EditorState, type Transaction } from '@tiptap/pm/state';
import type { EditorView } from '@tiptap/pm/view';
import type { Arrivals } from './arrivals';

/** The parts of ProseMirror's view that its `selectionchange` handler uses and its types do not show. */
interface Inside {
  docView: { dirty: number } | null;
  domObserver: { flush(): void };
}

/** An input method or a virtual keyboard took the key. */
const KEY_OF_INPUT_METHOD = 229;

/**
 * Editors that have just been given the focus by something else than the mouse (a menu of the toolbar): the browser's cursor stands at
 * the beginning until ProseMirror, 20 ms later, has put its own there.
 */
const settling = new WeakSet<EditorView>();
const SETTLING_MS = 25;

/** Leaves the browser's cursor alone until ProseMirror has put it where it belongs. */
function settle(view: EditorView): void {
  settling.add(view);
  // Longer than the timer that ProseMirror starts in the same moment: it ends later, however busy the machine is.
  setTimeout(() => settling.delete(view), SETTLING_MS);
}

/** Does now what ProseMirror would do at the next `selectionchange`. */
export function readCursor(view: EditorView): void {
  if (settling.has(view)) return;
  const { docView, domObserver } = view as unknown as Inside;
  // Dirty: it is reading, or has not yet drawn what it read.
  if (docView && docView.dirty === 0) domObserver.flush();
}

/** Neither content nor cursor: it only changes how the page is drawn. */
function onlyDraws(transaction: Transaction): boolean {
  return !transaction.docChanged && !transaction.selectionSet && !transaction.storedMarksSet;
}

/** What `transaction` says, for a later state. */
function moveTo(state: EditorState, transaction: Transaction): Transaction {
  const moved = state.tr;
  Object.assign((moved as unknown as { meta: object }).meta, (transaction as unknown as { meta: object }).meta);
  return transaction.scrolledIntoView ? moved.scrollIntoView() : moved;
}

/** Keeps the writer's cursor where the writer put it. */
export const KeepCursor = Extension.create<{ arrivals: Arrivals | null }>({
  name: 'keepCursor',

  addOptions() {
    return { arrivals: null };
  },

  dispatchTransaction({ transaction, next }) {
    const { editor } = this;
    if (!onlyDraws(transaction) || editor.isDestroyed || editor.isCapturingTransaction) return next(transaction);
    const { state } = editor;
    readCursor(editor.view);
    next(editor.state === state ? transaction : moveTo(editor.state, transaction));
  },

  addProseMirrorPlugins() {
    const { arrivals } = this.options;
    return [
      new Plugin({
        key: new PluginKey('keepCursor'),
        props: {
          handleDOMEvents: {
            keydown: (view, event) => {
              if (!view.composing && event.keyCode !== KEY_OF_INPUT_METHOD) readCursor(view);
              return false;
            },
          },
        },
        // Before the edit is applied and not while: what is read may be written into the document, as this writer's.
        view: (view) => {
          const stop = arrivals?.before(() => readCursor(view));
          const handleFocus = () => settle(view);
          // Before others hear of it: some of them draw at once.
          view.dom.addEventListener('focus', handleFocus, true);
          return {
            destroy: () => {
              view.dom.removeEventListener('focus', handleFocus, true);
              stop?.();
            },
          };
        },
      }),
    ];
  },
});
