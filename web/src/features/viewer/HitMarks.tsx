import { memo } from 'react';
import type { Finding } from './useFinding';
import { useHitGroup } from './api';
import classes from './viewer.module.css';

interface Props {
  finding: Finding;
  page: number;
  /** CSS pixels per point. */
  scale: number;
}

/** The found words of a page, marked over its picture. */
export function HitMarks({ finding, page, scale }: Props) {
  const group = useHitGroup(finding.documentId, finding.version, finding.wanted, finding.groupOf(page));
  const rects = group.data?.get(page)?.rects;
  if (!rects) return null;
  return <Marks rects={rects} scale={scale} current={finding.current} />;
}

const Marks = memo(function Marks({ rects, scale, current }: { rects: { x: number; y: number; w: number; h: number; hit: number }[]; scale: number; current: number | null }) {
  return (
    <div className={classes.marks} aria-hidden>
      {rects.map(({ x, y, w, h, hit }, index) => (
        <div
          key={index}
          data-mark={hit}
          data-current={hit === current || undefined}
          style={{ left: x * scale, top: y * scale, width: w * scale, height: h * scale }}
        />
      ))}
    </div>
  );
});
