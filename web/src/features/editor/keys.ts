// Keys that no other extension has.
import { Extension } from '@tiptap/core';
import { clearFormat } from './toolbar/clearFormat';

export const EditorKeys = Extension.create({
  name: 'editorKeys',
  addKeyboardShortcuts() {
    return { 'Mod-\\': () => clearFormat(this.editor) };
  },
});
