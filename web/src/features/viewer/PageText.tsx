import { memo, useMemo } from 'react';
import type { PageTextView } from '../../api/types';
import classes from './viewer.module.css';

let context: CanvasRenderingContext2D | null | undefined;

/** Width of `text` at a font size of 100 px, to stretch it over the word in the picture. */
function measure(text: string): number {
  context ??= document.createElement('canvas').getContext('2d');
  if (!context) return 0;
  context.font = '100px sans-serif';
  return context.measureText(text).width;
}

interface Props {
  page: PageTextView;
  /** CSS pixels per point. */
  scale: number;
}

/** The invisible, selectable text over a page's picture. */
export const PageText = memo(function PageText({ page, scale }: Props) {
  const characters = useMemo(() => Array.from(page.text), [page.text]);
  return (
    <div className={classes.text}>
      {page.words.map((word, index) => {
        const text = characters.slice(word.start, word.end).join('');
        // What stands between this word and the next is copied with it.
        const gap = characters.slice(word.end, page.words[index + 1]?.start ?? word.end).join('');
        const size = word.h * scale;
        const natural = (measure(text) * size) / 100;
        return (
          <span
            key={index}
            style={{
              left: word.x * scale,
              top: word.y * scale,
              height: size,
              fontSize: size,
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
