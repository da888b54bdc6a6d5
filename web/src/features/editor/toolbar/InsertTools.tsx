// What can be put into a page besides words?
import { FileButton, Menu } from '@mantine/core';
import { IconAt, IconBlockquote, IconLineDashed, IconPageBreak, IconPhoto, IconPlus, IconSourceCode, IconTemplate } from '@tabler/icons-react';
import { useEditorState, type Editor } from '@tiptap/react';
import { useTranslation } from 'react-i18next';
import { PICTURE_TYPES } from '../images';
import { keys, ToolbarButton, ToolbarGroup, ToolbarMenu } from './controls';
import { LinkButton } from './LinkButton';
import { TableButton } from './TableTools';

interface Props {
  editor: Editor;
  onPictures: (files: File[]) => void;
  onTemplate: () => void;
}

export function InsertTools({ editor, onPictures, onTemplate }: Props) {
  const { t } = useTranslation();
  const state = useEditorState({
    editor,
    selector: ({ editor }) => ({
      blockquote: editor.isActive('blockquote'),
      codeBlock: editor.isActive('codeBlock'),
      empty: editor.isEmpty,
    }),
  });
  const run = () => editor.chain().focus();
  return (
    <ToolbarGroup label={t('editor.groupInsert')}>
      <LinkButton editor={editor} />
      <TableButton editor={editor} />
      <FileButton accept={PICTURE_TYPES.join(',')} multiple onChange={onPictures}>
        {(props) => <ToolbarButton label={t('editor.image')} icon={<IconPhoto size={18} />} onClick={props.onClick} />}
      </FileButton>
      <ToolbarMenu label={t('editor.insert')} icon={<IconPlus size={18} />} active={state.blockquote || state.codeBlock}>
        <Menu.Item leftSection={<IconBlockquote size={16} />} onClick={() => run().toggleBlockquote().run()}>{t('editor.blockquote')}</Menu.Item>
        <Menu.Item leftSection={<IconSourceCode size={16} />} onClick={() => run().toggleCodeBlock().run()}>{t('editor.codeBlock')}</Menu.Item>
        <Menu.Item leftSection={<IconLineDashed size={16} />} onClick={() => run().setHorizontalRule().run()}>{t('editor.rule')}</Menu.Item>
        <Menu.Item leftSection={<IconPageBreak size={16} />} rightSection={<small>{keys('Mod', 'Enter')}</small>} onClick={() => run().setPageBreak().run()}>{t('editor.pageBreak')}</Menu.Item>
        <Menu.Item leftSection={<IconAt size={16} />} onClick={() => run().insertContent('@').run()}>{t('editor.mention')}</Menu.Item>
        <Menu.Divider />
        <Menu.Item leftSection={<IconTemplate size={16} />} disabled={!state.empty} onClick={onTemplate}>{t('editor.template')}</Menu.Item>
      </ToolbarMenu>
    </ToolbarGroup>
  );
}
