// How does the whole history get into the browser? Once, in parts whose borders never move, so that the browser's cache knows
// them the next time; then only what is new.
import { useEffect, useRef, useState } from 'react';
import { fetchUpdates } from './api';
import { createEngine, type Engine } from './engine';
import type { Comparison, Stop } from './ledger';
import type { Person } from './stream';

/** Edits in one part. */
const PART = 20_000;

export interface LedgerState {
  engine: Engine | null;
  /** Edits that have been read. */
  lastSeq: number;
  people: Person[];
  stops: Stop[];
  error: unknown;
}

const NOTHING: LedgerState = { engine: null, lastSeq: 0, people: [], stops: [], error: null };

/** Reads the edits of a page up to entry `until`, and what comes later when `until` grows. */
export function useLedger(documentId: string, until: number): LedgerState & { retry: () => void } {
  const [state, setState] = useState<LedgerState>(NOTHING);
  const [attempt, setAttempt] = useState(0);
  const wanted = useRef(0);
  const read = useRef<() => void>(() => {});

  useEffect(() => {
    const engine = createEngine();
    const leaving = new AbortController();
    let [lastSeq, reading] = [0, false];
    const fetchPart = async (after: number) => {
      const to = Math.min(wanted.current, (Math.floor(after / PART) + 1) * PART);
      return { bytes: await fetchUpdates(documentId, after, to, leaving.signal), to };
    };
    read.current = () => {
      if (reading) return;
      reading = true;
      let failed = false;
      void (async () => {
        try {
          // While one part is taken in, the next one is on its way.
          let coming = lastSeq < wanted.current ? fetchPart(lastSeq) : null;
          while (coming) {
            const { bytes, to } = await coming;
            coming = to < wanted.current ? fetchPart(to) : null;
            coming?.catch(() => {});
            const { lastSeq: reached, people, stops } = await engine.add(bytes);
            lastSeq = reached;
            setState({ engine, lastSeq, people, stops, error: null });
          }
        } catch (error) {
          failed = true;
          if (!leaving.signal.aborted) setState((before) => ({ ...before, error }));
        }
        reading = false;
        // More may have been asked for in the last moment; after a failure the reader decides.
        if (!failed && lastSeq < wanted.current) read.current();
      })();
    };
    read.current();
    return () => {
      leaving.abort();
      engine.close();
      setState(NOTHING);
    };
  }, [documentId, attempt]);

  useEffect(() => {
    wanted.current = until;
    read.current();
  }, [until, attempt]);

  return { ...state, retry: () => setAttempt((count) => count + 1) };
}

export interface Compared extends Comparison {
  a: number;
  b: number;
}

/** Compares two moments; while the answer is made, the last one stays. Of many questions in a row only the newest is asked. */
export function useComparison(engine: Engine | null, a: number, b: number, ready: boolean) {
  const [compared, setCompared] = useState<Compared | null>(null);
  const [error, setError] = useState<unknown>(null);
  const busy = useRef(false);
  const wanted = useRef<[number, number] | null>(null);
  const current = useRef<Engine | null>(null);
  useEffect(() => {
    current.current = engine;
    wanted.current = engine && ready ? [a, b] : null;
    if (busy.current) return;
    const ask = async () => {
      busy.current = true;
      while (wanted.current && current.current) {
        const [asked, from, to] = [current.current, ...wanted.current];
        wanted.current = null;
        try {
          const { nodes, shares } = await asked.compare(from, to);
          if (current.current === asked) {
            setCompared({ nodes, shares, a: from, b: to });
            setError(null);
          }
        } catch (thrown) {
          if (current.current === asked) setError(thrown);
        }
      }
      busy.current = false;
    };
    void ask();
  }, [engine, a, b, ready]);
  return { compared, error };
}
