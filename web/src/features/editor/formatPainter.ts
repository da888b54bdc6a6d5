// The format painter: takes the look of the words at the cursor, and gives it to the next words that are chosen.
import { Extension } from '@tiptap/core';
import type { Mark, Node } from '@tiptap/pm/model';
import { Plugin, PluginKey, type EditorState } from '@tiptap/pm/state';

interface Look {
  marks: readonly Mark[];
  /** Kind and attributes of the paragraph. */
  block: Node;
  /** Stays until it is put away. */
  sticky: boolean;
}

const painterKey = new PluginKey<Look | null>('formatPainter');

/** Of the words, not of what they mean or where they lead. */
const LOOKS = ['bold', 'italic', 'strike', 'underline', 'code', 'subscript', 'superscript', 'highlight', 'textStyle'];

declare module '@tiptap/core' {
  interface Commands<ReturnType> {
    formatPainter: {
      takeFormat: (sticky: boolean) => ReturnType;
      dropFormat: () => ReturnType;
    };
  }
}

export function hasFormat(state: EditorState): boolean {
  return painterKey.getState(state) != null;
}

export const FormatPainter = Extension.create({
  name: 'formatPainter',

  addCommands() {
    return {
      takeFormat:
        (sticky) =>
        ({ state, tr }) => {
          const { $from, from, empty } = state.selection;
          const marks = empty ? (state.storedMarks ?? $from.marks()) : (state.doc.nodeAt(from)?.marks ?? $from.marks());
          tr.setMeta(painterKey, { marks: marks.filter((mark) => LOOKS.includes(mark.type.name)), block: $from.parent, sticky } satisfies Look);
          return true;
        },
      dropFormat:
        () =>
        ({ tr }) => {
          tr.setMeta(painterKey, null);
          return true;
        },
    };
  },

  addProseMirrorPlugins() {
    const { editor } = this;
    const paint = () => {
      const { state, view } = editor;
      const look = painterKey.getState(state);
      const { from, to, empty } = state.selection;
      if (!look || empty) return;
      const { tr } = state;
      for (const name of LOOKS) {
        const type = state.schema.marks[name];
        if (type) tr.removeMark(from, to, type);
      }
      for (const mark of look.marks) tr.addMark(from, to, mark);
      // Whole paragraphs take the look of the paragraph too.
      const { $from, $to } = state.selection;
      const whole = $from.parentOffset === 0 && $to.parentOffset === $to.parent.content.size;
      const { block } = look;
      if (whole && (block.type.name === 'paragraph' || block.type.name === 'heading')) tr.setBlockType(from, to, block.type, block.attrs);
      if (!look.sticky) tr.setMeta(painterKey, null);
      view.dispatch(tr);
    };
    return [
      new Plugin<Look | null>({
        key: painterKey,
        state: {
          init: () => null,
          apply: (tr, look) => {
            const change = tr.getMeta(painterKey) as Look | null | undefined;
            return change === undefined ? look : change;
          },
        },
        props: {
          attributes: (state): Record<string, string> => (painterKey.getState(state) ? { 'data-painting': '' } : {}),
          handleDOMEvents: {
            // When the mouse is let go, the words are chosen.
            mouseup: () => {
              if (painterKey.getState(editor.state)) setTimeout(paint);
              return false;
            },
          },
          handleKeyDown: (view, event) => {
            if (event.key !== 'Escape' || !painterKey.getState(view.state)) return false;
            view.dispatch(view.state.tr.setMeta(painterKey, null));
            return true;
          },
        },
      }),
    ];
  },
});
