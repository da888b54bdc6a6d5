// Finding in the document that is shown: what is looked for, which hit is the current one, and its rectangles.
import { useCallback, useMemo, useState } from 'react';
import { useSearchParams } from 'react-router';
import { useHitGroup, useHits } from './api';
import { firstHitFrom, groupsOf, pageOf, step, wantedOf } from './hits';

export type Finding = ReturnType<typeof useFinding>;

/** `version` is undefined as long as the pages are not there. */
export function useFinding(documentId: string, version: number | undefined, startPage: number) {
  const [params, setParams] = useSearchParams();
  const key = `${params.get('find') ?? ''}\n${params.get('q') ?? ''}`;
  // eslint-disable-next-line react-hooks/exhaustive-deps -- the same words are the same object
  const wanted = useMemo(() => wantedOf(params), [key]);
  const [isOpen, setOpen] = useState(wanted !== null);
  const hits = useHits(documentId, version, wanted);
  const counts = useMemo(() => hits.data?.counts ?? [], [hits.data]);
  const total = hits.data?.total ?? 0;

  // Chosen by a step or in the list; for other words or another page to begin with, that choice is void.
  const [chosen, setChosen] = useState<{ key: string; startPage: number; hit: number; moves: number }>();
  const valid = chosen?.key === key && chosen.startPage === startPage ? chosen : undefined;
  const current = hits.data ? (valid?.hit ?? firstHitFrom(counts, startPage)) : null;

  const groups = useMemo(() => groupsOf(counts), [counts]);
  const groupOf = useCallback((page: number) => groups.find((group) => group.includes(page)), [groups]);
  const page = current === null ? undefined : pageOf(counts, current)?.page;
  const group = useHitGroup(documentId, version, wanted, page === undefined ? undefined : groupOf(page));
  const rects = page === undefined ? undefined : group.data?.get(page)?.rects;
  const rect = rects?.find((one) => one.hit === current);

  const choose = useCallback((hit: number) => setChosen((old) => ({ key, startPage, hit, moves: (old?.moves ?? 0) + 1 })), [key, startPage]);
  const go = useCallback(
    (by: 1 | -1) => {
      const next = step(total, current, by);
      if (next !== null) choose(next);
    },
    [choose, current, total],
  );
  /** Typed here, it is looked for as it is. */
  const setText = useCallback(
    (text: string) =>
      setParams(
        (old) => {
          old.delete('q');
          if (text.trim()) old.set('find', text.trim());
          else old.delete('find');
          return old;
        },
        { replace: true },
      ),
    [setParams],
  );
  const close = useCallback(() => {
    setOpen(false);
    setText('');
  }, [setText]);

  return {
    documentId,
    version,
    wanted,
    isOpen,
    open: useCallback(() => setOpen(true), []),
    close,
    setText,
    hits,
    counts,
    total,
    outside: hits.data?.outside ?? 0,
    current,
    /** Counts the moves: going to the same hit again scrolls again. */
    moves: valid?.moves ?? 0,
    /** Where the current hit is; its rectangle comes a little later, and never for text that nobody sees. */
    place: page === undefined || group.isPending ? undefined : { page, rect },
    go,
    choose,
    groupOf,
  };
}
