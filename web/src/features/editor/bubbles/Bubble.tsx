// A few tools right beside what they are for: a link, a picture, a table, a code block.
import { Paper } from '@mantine/core';
import type { Editor } from '@tiptap/react';
import { BubbleMenu } from '@tiptap/react/menus';
import type { ReactNode } from 'react';
import classes from './bubbles.module.css';

interface Props {
  editor: Editor;
  name: string;
  label: string;
  shown: (editor: Editor) => boolean;
  /** The element that it belongs to; the selection unless given. */
  anchor?: (editor: Editor) => Element | null;
  placement?: 'top' | 'top-start' | 'bottom-start' | 'top-end';
  children: ReactNode;
}

export function Bubble({ editor, name, label, shown, anchor, placement = 'bottom-start', children }: Props) {
  return (
    <BubbleMenu
      editor={editor}
      pluginKey={name}
      className={classes.layer}
      shouldShow={({ editor }) => editor.isEditable && !editor.view.composing && shown(editor)}
      getReferencedVirtualElement={() => {
        const element = anchor?.(editor);
        return element ? { getBoundingClientRect: () => element.getBoundingClientRect(), contextElement: element } : null;
      }}
      options={{ placement, offset: 8, flip: true, shift: { padding: 8 }, strategy: 'absolute' }}
    >
      <Paper shadow="md" withBorder className={classes.bubble} role="toolbar" aria-label={label}>
        {children}
      </Paper>
    </BubbleMenu>
  );
}
