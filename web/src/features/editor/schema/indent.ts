// How far is a paragraph moved in? In steps of two characters, 0 to 8; Tab moves text that is no list.
import { Extension, type CommandProps } from '@tiptap/core';

export const INDENT_MAX = 8;
const TYPES = ['paragraph', 'heading'];

declare module '@tiptap/core' {
  interface Commands<ReturnType> {
    indent: {
      indent: () => ReturnType;
      outdent: () => ReturnType;
    };
  }
}

/** Moves the chosen paragraphs by `step`; those in lists are moved by their list. */
const move =
  (step: 1 | -1) =>
  () =>
  ({ tr, state, dispatch }: CommandProps) => {
    let moved = false;
    const { from, to } = state.selection;
    state.doc.nodesBetween(from, to, (node, pos, parent) => {
      if (!TYPES.includes(node.type.name) || parent?.type.name === 'listItem' || parent?.type.name === 'taskItem') return;
      const indent = Math.min(INDENT_MAX, Math.max(0, Number(node.attrs.indent) + step));
      if (indent === node.attrs.indent) return;
      tr.setNodeAttribute(pos, 'indent', indent);
      moved = true;
    });
    if (moved) dispatch?.(tr);
    return moved;
  };

export const Indent = Extension.create({
  name: 'indent',

  addGlobalAttributes() {
    return [
      {
        types: TYPES,
        attributes: {
          indent: {
            default: 0,
            keepOnSplit: true,
            parseHTML: (element) => {
              const steps = Number(element.getAttribute('data-indent'));
              return Number.isInteger(steps) ? Math.min(INDENT_MAX, Math.max(0, steps)) : 0;
            },
            renderHTML: ({ indent }) =>
              indent ? { 'data-indent': String(indent), style: `margin-inline-start: ${2 * Number(indent)}em` } : {},
          },
        },
      },
    ];
  },

  addCommands() {
    return { indent: move(1), outdent: move(-1) };
  },

  addKeyboardShortcuts() {
    const inText = () => {
      const { $from } = this.editor.state.selection;
      for (let depth = $from.depth; depth > 0; depth -= 1) {
        if (['listItem', 'taskItem', 'tableCell', 'tableHeader', 'codeBlock'].includes($from.node(depth).type.name)) return false;
      }
      return true;
    };
    return {
      // Tab never leaves the text by accident: at the last step it is taken and does nothing.
      Tab: () => inText() && (this.editor.commands.indent() || true),
      'Shift-Tab': () => inText() && this.editor.commands.outdent(),
      'Mod-]': () => this.editor.commands.indent(),
      'Mod-[': () => this.editor.commands.outdent(),
    };
  },
});
