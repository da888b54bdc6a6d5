// Which named styles can a paragraph have? Their names are kept in the page; how they look is in content.css.
import { Extension } from '@tiptap/core';
import type { ResolvedPos } from '@tiptap/pm/model';

export const PARAGRAPH_STYLES = [
  'title',
  'subtitle',
  'official-issuer',
  'official-number',
  'official-title',
  'official-recipients',
  'official-body',
  'official-attachment',
  'official-signature',
  'official-date',
  'official-copies',
] as const;

export type ParagraphStyleName = (typeof PARAGRAPH_STYLES)[number];

/** Styles of which the next paragraph is another one: after a title comes the text. */
const NEXT: Partial<Record<ParagraphStyleName, ParagraphStyleName | null>> = {
  title: null,
  subtitle: null,
  'official-issuer': 'official-number',
  'official-number': 'official-title',
  'official-title': 'official-recipients',
  'official-recipients': 'official-body',
  'official-signature': 'official-date',
};

declare module '@tiptap/core' {
  interface Commands<ReturnType> {
    paragraphStyles: {
      /** Makes the chosen paragraphs and headings paragraphs of this style; `null` is plain text. */
      setParagraphStyle: (name: ParagraphStyleName | null) => ReturnType;
    };
  }
}

function isStyleName(name: string | null | undefined): name is ParagraphStyleName {
  return PARAGRAPH_STYLES.includes(name as ParagraphStyleName);
}

/** The paragraph style at a position. */
export function styleAt($from: ResolvedPos): ParagraphStyleName | null {
  const { parent } = $from;
  const name = parent.type.name === 'paragraph' ? (parent.attrs.styleName as string | null) : null;
  return isStyleName(name) ? name : null;
}

export const ParagraphStyles = Extension.create({
  name: 'paragraphStyles',
  // Before the keys of the paragraph itself.
  priority: 1001,

  addGlobalAttributes() {
    return [
      {
        types: ['paragraph'],
        attributes: {
          styleName: {
            default: null,
            parseHTML: (element) => {
              const name = element.getAttribute('data-style-name');
              return isStyleName(name) ? name : null;
            },
            renderHTML: ({ styleName }) => (styleName ? { 'data-style-name': styleName as string } : {}),
          },
        },
      },
    ];
  },

  addCommands() {
    return {
      setParagraphStyle:
        (styleName) =>
        ({ chain }) =>
          chain().setNode('paragraph').updateAttributes('paragraph', { styleName }).run(),
    };
  },

  addKeyboardShortcuts() {
    return {
      // At the end of a title the next paragraph is what follows a title.
      Enter: ({ editor }) => {
        const { $from, empty } = editor.state.selection;
        const name = styleAt($from);
        if (!empty || !name || !(name in NEXT) || $from.parentOffset < $from.parent.content.size) return false;
        return editor.chain().splitBlock().updateAttributes('paragraph', { styleName: NEXT[name] ?? null }).run();
      },
      // In front of a styled paragraph, Backspace first takes the style away.
      Backspace: ({ editor }) => {
        const { $from, empty } = editor.state.selection;
        if (!empty || $from.parentOffset > 0 || $from.parent.type.name !== 'paragraph') return false;
        if (!$from.parent.attrs.styleName && !$from.parent.attrs.indent) return false;
        return editor.commands.updateAttributes('paragraph', { styleName: null, indent: 0 });
      },
    };
  },
});
