import { IconPencilCheck } from '@tabler/icons-react';
import type { Editor } from '@tiptap/react';
import { useTranslation } from 'react-i18next';
import { ToolbarButton } from '../editor/toolbar/controls';

/** Turns suggesting on and off. */
export function SuggestTool({ editor, isOn }: { editor: Editor; isOn: boolean }) {
  const { t } = useTranslation();
  return (
    <ToolbarButton
      label={t('suggestions.mode')}
      icon={<IconPencilCheck size={18} />}
      active={isOn}
      onClick={() => editor.chain().focus().setSuggesting(!isOn).run()}
    />
  );
}
