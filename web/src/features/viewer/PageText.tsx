import { memo, useEffect, useMemo, useRef } from 'react';
import type { PageTextView } from '../../api/types';
import { markedParts, type Part } from './marks';
import classes from './viewer.module.css';

let context: CanvasRenderingContext2D | null | undefined;

/** Width of `text` at a font size of 100 px, to stretch it over the word in the picture. */
function measure(text: string): number {
  context ??= document.createElement('canvas').getContext('2d');
  if (!context) return 0;
  context.font = '100px sans-serif';
  return context.measureText(text).width;
}

/** Paints the found parts of a word. */
function highlight(parts: Part[]): string {
  const layer = ([from, to]: Part) => {
    const [left, right] = [`${from * 100}%`, `${to * 100}%`];
    return `linear-gradient(to right, transparent ${left}, var(--mark) ${left} ${right}, transparent ${right})`;
  };
  return parts.map(layer).join(', ');
}

interface Props {
  page: PageTextView;
  /** CSS pixels per point. */
  scale: number;
  terms: string[];
  /** Scrolls to the first mark when it is below the window. */
  reveal: boolean;
}

/** The invisible, selectable text over a page's picture, with the searched words marked. */
export const PageText = memo(function PageText({ page, scale, terms, reveal }: Props) {
  const layer = useRef<HTMLDivElement>(null);
  const characters = useMemo(() => Array.from(page.text), [page.text]);
  const marked = useMemo(() => markedParts(page, terms), [page, terms]);
  const revealed = useRef(!reveal);
  useEffect(() => {
    if (revealed.current) return;
    revealed.current = true;
    layer.current?.querySelector('[data-mark]')?.scrollIntoView({ block: 'nearest' });
  }, []);
  return (
    <div ref={layer} className={classes.text}>
      {page.words.map((word, index) => {
        const text = characters.slice(word.start, word.end).join('');
        // What stands between this word and the next is copied with it.
        const gap = characters.slice(word.end, page.words[index + 1]?.start ?? word.end).join('');
        const size = word.h * scale;
        const natural = (measure(text) * size) / 100;
        const parts = marked.get(index);
        return (
          <span
            key={index}
            data-mark={parts ? true : undefined}
            style={{
              left: word.x * scale,
              top: word.y * scale,
              height: size,
              fontSize: size,
              backgroundImage: parts && highlight(parts),
              transform: natural > 0 ? `scaleX(${(word.w * scale) / natural})` : undefined,
            }}
          >
            {text}
            {gap && <i>{gap}</i>}
          </span>
        );
      })}
    </div>
  );
});
