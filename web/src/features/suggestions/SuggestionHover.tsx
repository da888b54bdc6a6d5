import { Paper } from '@mantine/core';
import type { Editor } from '@tiptap/react';
import { useEffect, useRef, useState } from 'react';
import { createPortal } from 'react-dom';
import { useTranslation } from 'react-i18next';
import { SuggestionCard } from './SuggestionCard';
import classes from './suggestions.module.css';
import type { Suggestions } from './useSuggestions';

const SHOW_AFTER_MS = 350;
const HIDE_AFTER_MS = 250;
const WIDTH = 290;

const SUGGESTED = '[data-suggestion], [data-insertion-node], [data-deletion-node], [data-insertion-border], [data-deletion-border]';

function idAt(target: EventTarget | null): { id: string; element: HTMLElement } | null {
  const element = target instanceof Element ? target.closest<HTMLElement>(SUGGESTED) : null;
  if (!element) return null;
  const { id, insertionNode, deletionNode, insertionBorder, deletionBorder } = element.dataset;
  const found = id ?? insertionNode ?? deletionNode ?? insertionBorder ?? deletionBorder;
  return found ? { id: found, element } : null;
}

interface Props {
  editor: Editor;
  suggestions: Suggestions;
  mayDecide: boolean;
}

/** A card beside the suggestion under the mouse. */
export function SuggestionHover({ editor, suggestions, mayDecide }: Props) {
  const { t } = useTranslation();
  const [shown, setShown] = useState<{ id: string; left: number; top: number } | null>(null);
  const timer = useRef<number | undefined>(undefined);

  useEffect(() => {
    const { dom } = editor.view;
    const later = (ms: number, run: () => void) => {
      window.clearTimeout(timer.current);
      timer.current = window.setTimeout(run, ms);
    };
    // Who writes or clicks has something else in mind.
    const hide = () => {
      window.clearTimeout(timer.current);
      setShown(null);
    };
    const last = { x: 0, y: 0 };
    const handleMove = (event: PointerEvent) => {
      // Text that moves under a resting mouse is no wish to know more.
      if (event.clientX === last.x && event.clientY === last.y) return;
      [last.x, last.y] = [event.clientX, event.clientY];
      const found = event.buttons === 0 && idAt(event.target);
      if (!found) return later(HIDE_AFTER_MS, hide);
      const { clientX } = event;
      later(SHOW_AFTER_MS, () => {
        const lines = [...found.element.getClientRects()];
        const bottom = Math.max(...lines.slice(0, 1).map((line) => line.bottom));
        setShown({ id: found.id, left: Math.max(8, Math.min(clientX - 40, window.innerWidth - WIDTH)), top: bottom + 4 });
      });
    };
    const handleLeave = () => later(HIDE_AFTER_MS, hide);
    dom.addEventListener('pointermove', handleMove);
    dom.addEventListener('pointerleave', handleLeave);
    dom.addEventListener('pointerdown', hide);
    dom.addEventListener('keydown', hide);
    dom.addEventListener('compositionstart', hide);
    window.addEventListener('scroll', hide, true);
    return () => {
      window.clearTimeout(timer.current);
      dom.removeEventListener('pointermove', handleMove);
      dom.removeEventListener('pointerleave', handleLeave);
      dom.removeEventListener('pointerdown', hide);
      dom.removeEventListener('keydown', hide);
      dom.removeEventListener('compositionstart', hide);
      window.removeEventListener('scroll', hide, true);
    };
  }, [editor]);

  const suggestion = shown && suggestions.view === 'all' ? suggestions.list.find((one) => one.id === shown.id) : undefined;
  if (!shown || !suggestion) return null;
  return createPortal(
    <Paper
      className={classes.hover}
      style={{ left: shown.left, top: shown.top }}
      withBorder
      shadow="md"
      p="sm"
      role="dialog"
      aria-label={t('suggestions.item', { name: suggestion.name })}
      onPointerEnter={() => window.clearTimeout(timer.current)}
      onPointerLeave={() => setShown(null)}
      onClick={() => mayDecide && setShown(null)}
    >
      <SuggestionCard editor={editor} suggestion={suggestion} mayDecide={mayDecide} />
    </Paper>,
    document.body,
  );
}
