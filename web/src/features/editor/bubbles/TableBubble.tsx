import { IconPaint } from '@tabler/icons-react';
import { useEditorState, type Editor } from '@tiptap/react';
import { useTranslation } from 'react-i18next';
import { ColorMenu } from '../toolbar/ColorMenu';
import { BACK_COLORS } from '../toolbar/colors';
import { Separator, ToolbarButton } from '../toolbar/controls';
import { tableActions } from '../toolbar/TableTools';
import { Bubble } from './Bubble';

/** The table around the selection. */
function tableElement(editor: Editor): Element | null {
  const { node } = editor.view.domAtPos(editor.state.selection.from);
  return (node instanceof Element ? node : node.parentElement)?.closest('table') ?? null;
}

export function TableBubble({ editor }: { editor: Editor }) {
  const { t } = useTranslation();
  const state = useEditorState({
    editor,
    selector: ({ editor }) => ({
      merge: editor.can().mergeCells(),
      split: editor.can().splitCell(),
      color: ((editor.getAttributes('tableCell').backgroundColor ?? editor.getAttributes('tableHeader').backgroundColor) as string | null) ?? null,
    }),
  });
  const { rows, columns, cells, headers, table } = tableActions(editor);
  const usable: Record<string, boolean> = { 'editor.mergeCells': state.merge, 'editor.splitCell': state.split };
  return (
    <Bubble
      editor={editor}
      name="tableBubble"
      label={t('editor.tableTools')}
      placement="top-start"
      // Pictures and links in a cell have their own.
      shown={(editor) => editor.isActive('table') && !editor.isActive('image') && !(editor.isActive('link') && editor.state.selection.empty)}
      anchor={tableElement}
    >
      {[rows, columns].map((group, index) => [
        ...group.map(({ label, Icon, action }) => <ToolbarButton key={label} size={30} label={t(label)} icon={<Icon size={16} />} onClick={action} />),
        <Separator key={`behind-${index}`} />,
      ])}
      {cells.map(({ label, Icon, action }) => (
        <ToolbarButton key={label} size={30} label={t(label)} icon={<Icon size={16} />} disabled={!usable[label]} onClick={action} />
      ))}
      <ColorMenu
        size={30}
        label={t('editor.cellColor')}
        none={t('editor.cellColorNone')}
        icon={<IconPaint size={16} />}
        colors={BACK_COLORS}
        value={state.color}
        onChoose={(color) => editor.chain().focus().setCellAttribute('backgroundColor', color).run()}
      />
      <Separator />
      {[...headers, ...table].map(({ label, Icon, action }) => (
        <ToolbarButton key={label} size={30} label={t(label)} icon={<Icon size={16} />} onClick={action} />
      ))}
    </Bubble>
  );
}
