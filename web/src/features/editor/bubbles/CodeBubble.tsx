import { Select } from '@mantine/core';
import { useEditorState, type Editor } from '@tiptap/react';
import { useTranslation } from 'react-i18next';
import { LANGUAGES } from '../schema/code';
import { Bubble } from './Bubble';

export function CodeBubble({ editor }: { editor: Editor }) {
  const { t } = useTranslation();
  const language = useEditorState({ editor, selector: ({ editor }) => (editor.getAttributes('codeBlock').language as string | null) ?? '' });
  return (
    <Bubble
      editor={editor}
      name="codeBubble"
      label={t('editor.codeBlock')}
      placement="top-end"
      shown={(editor) => editor.isActive('codeBlock')}
      anchor={(editor) => {
        const { node } = editor.view.domAtPos(editor.state.selection.from);
        return (node instanceof Element ? node : node.parentElement)?.closest('pre') ?? null;
      }}
    >
      <Select
        size="xs"
        w={130}
        aria-label={t('editor.codeLanguage')}
        value={language}
        data={[{ value: '', label: t('editor.codePlain') }, ...Object.entries(LANGUAGES).map(([value, label]) => ({ value, label }))]}
        comboboxProps={{ withinPortal: false }}
        onChange={(value) => editor.chain().focus().updateAttributes('codeBlock', { language: value || null }).run()}
      />
    </Bubble>
  );
}
