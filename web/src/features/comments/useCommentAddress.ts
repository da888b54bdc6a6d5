import { useEffect, useRef } from 'react';
import { useSearchParams } from 'react-router';
import type { Comments } from './useComments';

/** Opens the thread that the address names (`?comment=`), once it and its text have arrived. */
export function useCommentAddress(comments: Comments | null, onShow: () => void): void {
  const [params] = useSearchParams();
  const wanted = params.get('comment');
  const gone = useRef<string | null>(null);
  const isThere = comments?.threads.some((thread) => thread.id === wanted) ?? false;
  const go = comments?.go;
  useEffect(() => {
    if (!wanted || !isThere || !go || gone.current === wanted) return;
    gone.current = wanted;
    onShow();
    // The text is drawn after the threads were placed in it.
    const frame = requestAnimationFrame(() => go(wanted));
    return () => cancelAnimationFrame(frame);
  }, [go, isThere, onShow, wanted]);
}
