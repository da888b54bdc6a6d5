// How are lists numbered? `type` is what HTML knows (1 a A i I) or one of the Chinese ways; content.css draws them.
import { Extension } from '@tiptap/core';
import { OrderedList } from '@tiptap/extension-list';

/** In the order of the menu. `null` is 1. 2. 3. */
export const NUMBERINGS = [null, 'decimal-paren', 'cjk', 'cjk-paren', 'circled', 'a', 'A', 'i', 'I'] as const;

export type Numbering = (typeof NUMBERINGS)[number];

/** How each begins, for menus. */
export const NUMBERING_SAMPLES: Record<string, string> = {
  decimal: '1. 2. 3.',
  'decimal-paren': '（1）（2）（3）',
  cjk: '一、二、三、',
  'cjk-paren': '（一）（二）（三）',
  circled: '① ② ③',
  a: 'a. b. c.',
  A: 'A. B. C.',
  i: 'i. ii. iii.',
  I: 'I. II. III.',
};

declare module '@tiptap/core' {
  interface Commands<ReturnType> {
    numbering: {
      /** Makes a numbered list of this kind, or changes the one around the selection. */
      setNumbering: (type: Numbering) => ReturnType;
      setNumberingStart: (start: number) => ReturnType;
    };
  }
}

/** What other programs write as `list-style-type`. */
const CSS_TYPES: Record<string, Numbering> = {
  'cjk-ideographic': 'cjk',
  'simp-chinese-informal': 'cjk',
  'trad-chinese-informal': 'cjk',
  'cjk-decimal': 'cjk',
  'lower-alpha': 'a',
  'lower-latin': 'a',
  'upper-alpha': 'A',
  'upper-latin': 'A',
  'lower-roman': 'i',
  'upper-roman': 'I',
};

function readNumbering(element: HTMLElement): Numbering {
  const type = element.getAttribute('type');
  if (type && type !== '1') return (NUMBERINGS as readonly (string | null)[]).includes(type) ? (type as Numbering) : null;
  return CSS_TYPES[element.style.listStyleType] ?? null;
}

export const NumberedList = OrderedList.extend({
  addAttributes() {
    return {
      start: {
        default: 1,
        parseHTML: (element) => {
          const start = Number.parseInt(element.getAttribute('start') ?? '', 10);
          return Number.isFinite(start) ? start : 1;
        },
      },
      type: { default: null, parseHTML: readNumbering },
    };
  },
});

export const Numberings = Extension.create({
  name: 'numbering',
  addCommands() {
    return {
      setNumbering:
        (type) =>
        ({ chain, editor }) =>
          editor.isActive('orderedList')
            ? chain().updateAttributes('orderedList', { type }).run()
            : chain().toggleOrderedList().updateAttributes('orderedList', { type }).run(),
      setNumberingStart:
        (start) =>
        ({ commands }) =>
          commands.updateAttributes('orderedList', { start }),
    };
  },
});
