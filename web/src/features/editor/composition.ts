// Why does a colleague's edit not break the word that is being written with a Chinese input method?
//
// While a composition is open, the browser owns the text around it: redrawing that paragraph would end the composition. So
// what others write waits until the word is there. What is written here goes out at once and is acknowledged as always.
import { Extension } from '@tiptap/core';
import { Plugin, PluginKey } from '@tiptap/pm/state';
import type { EditorView } from '@tiptap/pm/view';
import type { Arrivals } from './arrivals';

/** ProseMirror takes over the finished word a moment after the browser says that it is finished. */
const SETTLE_MS = 60;

/** Guards the compositions of an editor from what arrives for its page. */
export const CompositionGuard = Extension.create<{ arrivals: Arrivals | null }>({
  name: 'compositionGuard',

  addOptions() {
    return { arrivals: null };
  },

  addProseMirrorPlugins() {
    const { arrivals } = this.options;
    if (!arrivals) return [];
    let settling: ReturnType<typeof setTimeout> | undefined;
    const settle = (view: EditorView) => {
      clearTimeout(settling);
      settling = setTimeout(() => {
        if (!view.isDestroyed && view.composing) settle(view);
        else arrivals.release();
      }, SETTLE_MS);
    };
    return [
      new Plugin({
        key: new PluginKey('compositionGuard'),
        props: {
          handleDOMEvents: {
            compositionstart: () => {
              clearTimeout(settling);
              arrivals.hold();
              return false;
            },
            compositionend: (view) => {
              settle(view);
              return false;
            },
            // A composition that is left by a click elsewhere ends without a word from some input methods.
            blur: (view) => {
              settle(view);
              return false;
            },
          },
        },
        view: () => ({
          destroy: () => {
            clearTimeout(settling);
            arrivals.release();
          },
        }),
      }),
    ];
  },
});
