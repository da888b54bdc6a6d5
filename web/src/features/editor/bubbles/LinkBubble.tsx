import { Anchor } from '@mantine/core';
import { IconPencil, IconUnlink } from '@tabler/icons-react';
import { useEditorState, type Editor } from '@tiptap/react';
import { useTranslation } from 'react-i18next';
import { EDIT_LINK } from '../toolbar/LinkButton';
import { ToolbarButton } from '../toolbar/controls';
import { Bubble } from './Bubble';
import classes from './bubbles.module.css';

export function LinkBubble({ editor }: { editor: Editor }) {
  const { t } = useTranslation();
  const href = useEditorState({ editor, selector: ({ editor }) => String(editor.getAttributes('link').href ?? '') });
  return (
    <Bubble
      editor={editor}
      name="linkBubble"
      label={t('editor.link')}
      shown={(editor) => editor.isActive('link') && editor.state.selection.empty}
      anchor={(editor) => {
        const { node } = editor.view.domAtPos(editor.state.selection.from);
        return (node instanceof Element ? node : node.parentElement)?.closest('a') ?? null;
      }}
    >
      <Anchor className={classes.address} href={href} target="_blank" rel="noopener noreferrer" title={href}>
        {href}
      </Anchor>
      <ToolbarButton size={28} label={t('editor.linkEdit')} icon={<IconPencil size={16} />} onClick={() => editor.view.dom.dispatchEvent(new Event(EDIT_LINK))} />
      <ToolbarButton
        size={28}
        label={t('editor.linkRemove')}
        icon={<IconUnlink size={16} />}
        onClick={() => editor.chain().focus().extendMarkRange('link').unsetLink().run()}
      />
    </Bubble>
  );
}
