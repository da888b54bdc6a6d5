import { Button, Group, Popover, TextInput } from '@mantine/core';
import { IconAlt, IconLayoutAlignCenter, IconLayoutAlignLeft, IconLayoutAlignRight, IconMaximize, IconTrash } from '@tabler/icons-react';
import { useEditorState, type Editor } from '@tiptap/react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { PictureAlign } from '../schema/picture';
import { Separator, ToolbarButton } from '../toolbar/controls';
import { Bubble } from './Bubble';

const SIDES = [
  { align: 'left', Icon: IconLayoutAlignLeft, label: 'editor.pictureLeft' },
  { align: 'center', Icon: IconLayoutAlignCenter, label: 'editor.pictureCenter' },
  { align: 'right', Icon: IconLayoutAlignRight, label: 'editor.pictureRight' },
] as const;

export function PictureBubble({ editor }: { editor: Editor }) {
  const { t } = useTranslation();
  const [alt, setAlt] = useState<string | null>(null);
  const attributes = useEditorState({
    editor,
    selector: ({ editor }) => editor.getAttributes('image') as { align?: PictureAlign | null; alt?: string | null; width?: number | null },
  });
  const update = (change: object) => editor.commands.updateAttributes('image', change);
  return (
    <Bubble
      editor={editor}
      name="pictureBubble"
      label={t('editor.image')}
      placement="top"
      shown={(editor) => editor.isActive('image')}
      anchor={(editor) => {
        const node = editor.view.nodeDOM(editor.state.selection.from);
        return node instanceof Element ? (node.querySelector('img') ?? node) : null;
      }}
    >
      {SIDES.map(({ align, Icon, label }) => (
        <ToolbarButton
          key={align}
          size={30}
          label={t(label)}
          icon={<Icon size={16} />}
          active={(attributes.align ?? 'left') === align}
          onClick={() => update({ align: align === 'left' ? null : align })}
        />
      ))}
      <Separator />
      <ToolbarButton size={30} label={t('editor.pictureOriginal')} icon={<IconMaximize size={16} />} disabled={!attributes.width} onClick={() => update({ width: null, height: null })} />
      <Popover opened={alt !== null} onChange={(opened) => !opened && setAlt(null)} trapFocus shadow="md">
        <Popover.Target>
          <span>
            <ToolbarButton size={30} label={t('editor.pictureAlt')} icon={<IconAlt size={18} />} active={Boolean(attributes.alt)} onClick={() => setAlt(attributes.alt ?? '')} />
          </span>
        </Popover.Target>
        <Popover.Dropdown>
          <form
            onSubmit={(event) => {
              event.preventDefault();
              update({ alt: alt?.trim() || null });
              setAlt(null);
            }}
          >
            <Group gap="xs" align="end" wrap="nowrap">
              <TextInput label={t('editor.pictureAlt')} description={t('editor.pictureAltHelp')} value={alt ?? ''} onChange={(event) => setAlt(event.currentTarget.value)} data-autofocus />
              <Button type="submit" size="sm">{t('common.confirm')}</Button>
            </Group>
          </form>
        </Popover.Dropdown>
      </Popover>
      <ToolbarButton size={30} label={t('editor.pictureDelete')} icon={<IconTrash size={16} />} onClick={() => editor.chain().focus().deleteSelection().run()} />
    </Bubble>
  );
}
