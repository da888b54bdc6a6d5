import type { Editor } from '@tiptap/core';
import { useEffect, useRef } from 'react';
import { useSearchParams } from 'react-router';

/** How long the text may take to arrive after the page was opened. */
const ARRIVAL_MS = 5_000;

/** Begins with the words that the address names (`?find=`): those that a search found in the page. */
export function useFindOfAddress(editor: Editor | null, loaded: boolean): void {
  const [params] = useSearchParams();
  const wanted = params.get('find');
  const begun = useRef<string | null>(null);
  useEffect(() => {
    if (!wanted || !editor || !loaded || begun.current === wanted) return;
    begun.current = wanted;
    editor.commands.openFind('find');
    editor.commands.setFind({ query: wanted });
    const end = Date.now() + ARRIVAL_MS;
    const show = () => {
      if (editor.isDestroyed) return;
      const match = editor.view.dom.querySelector('.found-current');
      match?.scrollIntoView({ block: 'center' });
      if (match || Date.now() > end) editor.off('transaction', later);
    };
    const later = () => requestAnimationFrame(show);
    editor.on('transaction', later);
    later();
  }, [wanted, editor, loaded]);
}
