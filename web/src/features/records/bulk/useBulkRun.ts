import { useEffect, useRef, useState } from 'react';
import { NO_PROGRESS, type Progress, type Target } from './run';

export type BulkState =
  | { step: 'idle'; error?: unknown }
  | { step: 'collecting'; total: number; progress: Progress }
  | { step: 'running'; total: number; progress: Progress }
  | { step: 'done'; total: number; progress: Progress };

type Collect = (onCount: (count: number) => void, signal: AbortSignal) => Promise<Target[]>;
type Act = (targets: Target[], onProgress: (progress: Progress) => void, signal: AbortSignal) => Promise<Progress>;

/** One change of many documents, from finding them to what became of them; ends with the dialog. */
export function useBulkRun() {
  const [state, setState] = useState<BulkState>({ step: 'idle' });
  const control = useRef<AbortController | null>(null);
  useEffect(() => () => control.current?.abort(), []);

  const run = async (collect: Collect, act: Act): Promise<void> => {
    const { signal } = (control.current = new AbortController());
    setState({ step: 'collecting', total: 0, progress: NO_PROGRESS });
    try {
      const targets = await collect((total) => setState({ step: 'collecting', total, progress: NO_PROGRESS }), signal);
      const total = targets.length;
      setState({ step: 'running', total, progress: NO_PROGRESS });
      const progress = await act(targets, (now) => setState({ step: 'running', total, progress: now }), signal);
      setState({ step: 'done', total, progress });
    } catch (error) {
      // Stopped while they were collected: nothing was changed.
      setState({ step: 'idle', error: signal.aborted ? undefined : error });
    }
  };
  return { state, run, stop: () => control.current?.abort() };
}
