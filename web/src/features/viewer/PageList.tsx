import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useImperativeHandle, useRef, useState, type Ref } from 'react';
import { useTranslation } from 'react-i18next';
import type { PagesView } from '../../api/types';
import { pageImageUrl, usePageText } from './api';
import { HitMarks } from './HitMarks';
import { PageText } from './PageText';
import type { Finding } from './useFinding';
import classes from './viewer.module.css';

/** Space between pages in CSS pixels. */
const GAP = 16;
/** What is nearer to the edge of the window than this is hardly in sight. */
const SIGHT = 56;
/** Widest a page is shown at "fit", in CSS pixels. */
const MAX_FIT = 1000;

export interface PageListHandle {
  goTo: (number: number) => void;
}

interface Props {
  ref?: Ref<PageListHandle>;
  documentId: string;
  pages: PagesView;
  zoom: number;
  finding: Finding;
  initialPage: number;
  onPage: (number: number) => void;
}

/** All pages below each other; only those near the window exist. */
export function PageList({ ref, documentId, pages, zoom, finding, initialPage, onPage }: Props) {
  const { t } = useTranslation();
  const scroll = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const { sizes } = pages;
  const widest = sizes.reduce((most, [w]) => Math.max(most, w), 1);
  const fit = Math.min(width - 2 * GAP, MAX_FIT) * zoom;
  const scaleOf = (index: number) => {
    const w = sizes[index]?.[0] ?? widest;
    // Pages keep their sizes relative to each other, but an extreme one neither fills nor vanishes.
    return (fit * Math.min(1, Math.max(w / widest, 0.3))) / w;
  };

  const virtual = useVirtualizer({
    count: sizes.length,
    getScrollElement: () => scroll.current,
    estimateSize: (index) => Math.max(1, (sizes[index]?.[1] ?? 1) * scaleOf(index)),
    gap: GAP,
    paddingStart: GAP,
    paddingEnd: GAP,
    overscan: 2,
    enabled: width > 0,
  });

  useEffect(() => {
    const element = scroll.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const current = useRef(initialPage);
  // A new width or zoom changes every height: stay on the page that was read.
  useEffect(() => {
    if (width === 0) return;
    virtual.measure();
    virtual.scrollToIndex(current.current - 1, { align: 'start' });
    onPage(current.current);
  }, [fit, width, virtual, onPage]);

  // The current hit is brought into sight: with some text before it, and without moving what is in sight already.
  const { place, moves, current: hit } = finding;
  const scale = place ? scaleOf(place.page - 1) : 0;
  useEffect(() => {
    const element = scroll.current;
    if (!element || !place || scale === 0 || width === 0) return;
    const start = virtual.measurementsCache[place.page - 1]?.start;
    if (start === undefined) return;
    if (!place.rect) return virtual.scrollToIndex(place.page - 1, { align: 'start' });
    const { x, y, w, h } = place.rect;
    const [top, bottom] = [start + y * scale, start + (y + h) * scale];
    const seen = top >= element.scrollTop + SIGHT && bottom <= element.scrollTop + element.clientHeight - SIGHT;
    const pageLeft = (Math.max(element.scrollWidth, element.clientWidth) - (sizes[place.page - 1]?.[0] ?? 1) * scale) / 2;
    const [left, right] = [pageLeft + x * scale, pageLeft + (x + w) * scale];
    const seenAcross = left >= element.scrollLeft && right <= element.scrollLeft + element.clientWidth;
    if (seen && seenAcross) return;
    if (!seen) virtual.scrollToOffset(Math.max(0, top - element.clientHeight / 3));
    if (!seenAcross) element.scrollLeft = left - element.clientWidth / 3;
    // eslint-disable-next-line react-hooks/exhaustive-deps -- a hit is gone to once, not whenever the window changes
  }, [hit, moves, place?.page, place?.rect, width > 0]);

  useImperativeHandle(ref, () => ({ goTo: (number) => virtual.scrollToIndex(number - 1, { align: 'start' }) }), [virtual]);

  const handleScroll = () => {
    const element = scroll.current;
    if (!element) return;
    const item = virtual.getVirtualItemForOffset(element.scrollTop + element.clientHeight / 3);
    if (item && item.index + 1 !== current.current) {
      current.current = item.index + 1;
      onPage(item.index + 1);
    }
  };

  return (
    <div ref={scroll} className={classes.scroll} onScroll={handleScroll} tabIndex={0} role="region" aria-label={t('viewer.pages')}>
      <div className={classes.pages} style={{ height: virtual.getTotalSize(), width: fit + 2 * GAP }}>
        {width > 0 &&
          virtual.getVirtualItems().map((item) => (
            <Sheet
              key={item.key}
              documentId={documentId}
              version={pages.version}
              number={item.index + 1}
              top={item.start}
              size={sizes[item.index] ?? [1, 1]}
              scale={scaleOf(item.index)}
              finding={finding}
            />
          ))}
      </div>
    </div>
  );
}

interface SheetProps {
  documentId: string;
  version: number;
  number: number;
  top: number;
  size: [number, number];
  scale: number;
  finding: Finding;
}

function Sheet({ documentId, version, number, top, size, scale, finding }: SheetProps) {
  const { t } = useTranslation();
  const text = usePageText(documentId, version, number, true);
  const [width, height] = [size[0] * scale, size[1] * scale];
  return (
    <div className={classes.page} style={{ top, width, height, marginLeft: -width / 2 }} data-page={number}>
      <img src={pageImageUrl(documentId, version, number, width)} alt={t('viewer.pageNumber', { number })} draggable={false} />
      <HitMarks finding={finding} page={number} scale={scale} />
      {text.data && <PageText page={text.data} scale={scale} />}
    </div>
  );
}
