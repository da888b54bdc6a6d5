import { Tooltip } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { rangeOf, type Histogram } from './histogram';
import classes from './search.module.css';

interface Props {
  data: Histogram;
  onChoose: (range: { after: string; before: string }) => void;
}

/** How many documents were changed in each month or year: a click chooses one, dragging several. */
export function DateHistogram({ data, onChoose }: Props) {
  const { t } = useTranslation();
  const [drag, setDrag] = useState<{ from: number; to: number } | null>(null);
  const { bars, most } = data;
  const chosen = (index: number) => drag !== null && index >= Math.min(drag.from, drag.to) && index <= Math.max(drag.from, drag.to);
  const choose = (from: number, to: number) => {
    setDrag(null);
    const range = rangeOf(bars, from, to);
    if (range) onChoose(range);
  };
  /** The bar below the pointer, also when it has left the row up or down. */
  const barAt = (row: HTMLElement, x: number) => {
    const box = row.getBoundingClientRect();
    return Math.min(Math.max(Math.floor(((x - box.left) / box.width) * bars.length), 0), bars.length - 1);
  };
  return (
    <div>
      <div
        className={classes.bars}
        role="group"
        aria-label={t('search.timeHint')}
        title={t('search.timeHint')}
        onPointerDown={(event) => {
          if (event.button !== 0) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          const at = barAt(event.currentTarget, event.clientX);
          setDrag({ from: at, to: at });
        }}
        onPointerMove={(event) => {
          if (drag) setDrag({ from: drag.from, to: barAt(event.currentTarget, event.clientX) });
        }}
        onPointerUp={() => drag && choose(drag.from, drag.to)}
        onPointerCancel={() => setDrag(null)}
      >
        {bars.map((bar, index) => (
          <Tooltip key={bar.key} label={t('search.barLabel', { time: bar.key, count: bar.count })} openDelay={0}>
            <button
              type="button"
              className={classes.bar}
              data-chosen={chosen(index) || undefined}
              aria-label={t('search.barLabel', { time: bar.key, count: bar.count })}
              // The pointer has chosen already; this is for keys and readers.
              onClick={(event) => event.detail === 0 && choose(index, index)}
            >
              <span style={{ height: bar.count === 0 ? 0 : `max(2px, ${(bar.count / most) * 100}%)` }} />
            </button>
          </Tooltip>
        ))}
      </div>
      <div className={classes.barEnds} aria-hidden>
        <span>{bars[0]?.key}</span>
        <span>{bars.at(-1)?.key}</span>
      </div>
    </div>
  );
}
