import { Button } from '@mantine/core';
import { IconMessagePlus } from '@tabler/icons-react';
import { posToDOMRect, type Editor } from '@tiptap/core';
import { useCallback, useEffect, useRef, useState } from 'react';
import { createPortal } from 'react-dom';
import { useTranslation } from 'react-i18next';
import classes from './comments.module.css';

interface Props {
  editor: Editor;
  /** Begins a comment on the selection; false when nothing is selected. */
  onBegin: () => boolean;
}

/** Appears under selected text; also for people who cannot edit it. Ctrl+Alt+M does the same. */
export function CommentButton({ editor, onBegin }: Props) {
  const { t } = useTranslation();
  const [place, setPlace] = useState<{ left: number; top: number } | null>(null);
  /** The selection that was commented already. */
  const done = useRef('');

  const begin = useCallback(() => {
    const { from, to } = editor.state.selection;
    if (!onBegin()) return false;
    done.current = `${from}-${to}`;
    setPlace(null);
    return true;
  }, [editor, onBegin]);

  useEffect(() => {
    let pressed = false;
    const update = () => {
      const { from, to, empty } = editor.state.selection;
      if (done.current !== `${from}-${to}`) done.current = '';
      // While the mouse draws the selection a button under it would be in the way.
      if (pressed || empty || done.current || editor.view.composing) return setPlace(null);
      const rect = posToDOMRect(editor.view, from, to);
      const end = editor.view.coordsAtPos(to, -1);
      const isVisible = end.bottom > 0 && end.bottom < window.innerHeight;
      setPlace(isVisible ? { left: Math.min(Math.max(end.left - 40, rect.left), window.innerWidth - 130), top: end.bottom } : null);
    };
    const handleDown = (event: PointerEvent) => {
      if (!editor.view.dom.contains(event.target as Node)) return;
      pressed = true;
      setPlace(null);
    };
    const handleUp = () => {
      pressed = false;
      // The selection follows the event.
      window.setTimeout(() => !editor.isDestroyed && update(), 20);
    };
    const handleKey = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.altKey && event.code === 'KeyM' && begin()) event.preventDefault();
    };
    editor.on('selectionUpdate', update);
    editor.on('update', update);
    window.addEventListener('pointerdown', handleDown);
    window.addEventListener('pointerup', handleUp);
    window.addEventListener('keydown', handleKey);
    window.addEventListener('scroll', update, true);
    return () => {
      editor.off('selectionUpdate', update);
      editor.off('update', update);
      window.removeEventListener('pointerdown', handleDown);
      window.removeEventListener('pointerup', handleUp);
      window.removeEventListener('keydown', handleKey);
      window.removeEventListener('scroll', update, true);
    };
  }, [begin, editor]);

  if (!place) return null;
  return createPortal(
    <Button
      className={classes.float}
      style={place}
      size="compact-sm"
      variant="default"
      leftSection={<IconMessagePlus size={16} aria-hidden />}
      title={t('comments.shortcut')}
      onMouseDown={(event) => event.preventDefault()}
      onClick={begin}
    >
      {t('comments.add')}
    </Button>,
    document.body,
  );
}
