import type { Editor } from '@tiptap/core';

/** Back to plain text; links and the structure stay. */
export function clearFormat(editor: Editor): boolean {
  const looks = ['bold', 'italic', 'strike', 'underline', 'code', 'subscript', 'superscript', 'highlight', 'textStyle'];
  const chain = looks.reduce((chain, mark) => chain.unsetMark(mark), editor.chain().focus());
  return chain.unsetTextAlign().updateAttributes('paragraph', { styleName: null, indent: 0 }).updateAttributes('heading', { indent: 0 }).run();
}
