import { Checkbox } from '@mantine/core';
import type { Schema } from '@tiptap/pm/model';
import { useCallback, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { createPortal } from 'react-dom';
import { useTranslation } from 'react-i18next';
import text from '../editor/editor.module.css';
import classes from './history.module.css';
import { readDeed, renderBlocks } from './render';
import type { Person } from './stream';
import { formatMoment } from './time';
import type { TreeNode } from './tree';

interface Props {
  nodes: TreeNode[];
  schema: Schema;
  people: Person[];
  color: (id: string) => string;
  /** Blocks that are chosen; absent when none can be. */
  picked?: Set<string>;
  onPick?: (key: string, picked: boolean) => void;
}

/** Blocks that have a name in the interface. */
const TYPES = ['paragraph', 'heading', 'bulletList', 'orderedList', 'taskList', 'blockquote', 'codeBlock', 'table'] as const;

interface Hint {
  x: number;
  y: number;
  lines: string[];
}

/** The text of a comparison, to be read; whoever points at a part learns who wrote it when. */
export function TextView({ nodes, schema, people, color, picked, onPick }: Props) {
  const { t } = useTranslation();
  const place = useRef<HTMLDivElement>(null);
  const [hint, setHint] = useState<Hint | null>(null);
  const [gutters, setGutters] = useState<{ key: string; at: HTMLElement }[]>([]);
  const picking = picked !== undefined;
  const blocks = useMemo(
    () =>
      renderBlocks(nodes, schema, {
        color: (who) => color(people[who]?.id ?? ''),
        unknown: (type) => t('history.unknownNode', { type }),
        was: ({ typeBefore }) => {
          const name = TYPES.find((type) => type === typeBefore);
          return typeBefore ? t('history.wasType', { type: name ? t(`history.type.${name}`) : typeBefore }) : t('history.formatChanged');
        },
      }),
    [nodes, schema, people, color, t],
  );

  useLayoutEffect(() => {
    place.current?.replaceChildren(...blocks);
    const found: { key: string; at: HTMLElement }[] = [];
    if (picking) {
      for (const block of blocks) {
        if (block.dataset.touched === undefined) continue;
        const at = document.createElement('span');
        at.className = classes.gutter ?? '';
        block.prepend(at);
        found.push({ key: block.dataset.block ?? '', at });
      }
    }
    // eslint-disable-next-line react-hooks/set-state-in-effect -- the places exist only after they were drawn
    setGutters(found);
    return () => found.forEach(({ at }) => at.remove());
  }, [blocks, picking]);

  useLayoutEffect(() => {
    for (const block of blocks) block.toggleAttribute('data-picked', picked?.has(block.dataset.block ?? '') ?? false);
  }, [blocks, picked]);

  const point = useCallback(
    (event: React.PointerEvent) => {
      const at = (event.target as Element).closest<HTMLElement>('[data-written]');
      if (!at) return setHint(null);
      const { written, removed, changed } = at.dataset;
      const line = (key: 'history.by' | 'history.removedBy' | 'history.changedBy', noted: string | undefined) => {
        const deed = readDeed(noted);
        return deed ? [t(key, { name: people[deed.who]?.name || t('history.somebody'), time: formatMoment(deed.at) })] : [];
      };
      const lines = [...line('history.by', written), ...line('history.changedBy', changed), ...line('history.removedBy', removed)];
      setHint({ x: event.clientX, y: event.clientY, lines });
    },
    [people, t],
  );

  return (
    <>
      <article
        ref={place}
        className={`${text.text} ${classes.text} tiptap`}
        aria-label={t('history.textLabel')}
        data-picking={picking || undefined}
        onPointerOver={point}
        onPointerDown={point}
        onPointerLeave={() => setHint(null)}
      />
      {gutters.map(({ key, at }) =>
        createPortal(
          <Checkbox
            size="xs"
            aria-label={t('history.pick')}
            checked={picked?.has(key) ?? false}
            onChange={(event) => onPick?.(key, event.currentTarget.checked)}
          />,
          at,
          key,
        ),
      )}
      {hint && (
        <div role="tooltip" className={classes.hint} style={{ left: Math.min(hint.x, window.innerWidth - 260), top: hint.y + 18 }}>
          {hint.lines.map((line) => (
            <div key={line}>{line}</div>
          ))}
        </div>
      )}
    </>
  );
}
