// Where is the history read? In a worker of the browser, so that a long one does not hold up the page.
import { answers, type Answer, type Question, type Questions } from './answers';

export type Engine = { [K in keyof Questions]: (...given: Parameters<Questions[K]>) => Promise<ReturnType<Questions[K]>> } & { close: () => void };

/** Starts a worker; where there are none, the page itself answers. */
export function createEngine(): Engine {
  if (typeof Worker === 'undefined') {
    const { add, compare } = answers();
    return { add: async (bytes) => add(bytes), compare: async (a, b) => compare(a, b), close: () => {} };
  }
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  let next = 1;
  const fail = (message: string) => {
    for (const { reject } of waiting.values()) reject(new Error(message));
    waiting.clear();
  };
  worker.onmessage = ({ data }: MessageEvent<Answer>) => {
    const asker = waiting.get(data.id);
    waiting.delete(data.id);
    if (data.error !== undefined) asker?.reject(new Error(data.error));
    else asker?.resolve(data.value as never);
  };
  worker.onerror = (event) => fail(event.message || 'the worker ended');
  const ask = <T>(what: keyof Questions, given: unknown[], transfer: Transferable[] = []) =>
    new Promise<T>((resolve, reject) => {
      waiting.set(next, { resolve, reject });
      worker.postMessage({ id: next, what, given } satisfies Question, transfer);
      next += 1;
    });
  return {
    add: (bytes) => ask('add', [bytes], [bytes.buffer as ArrayBuffer]),
    compare: (a, b) => ask('compare', [a, b]),
    close: () => {
      worker.terminate();
      fail('closed');
    },
  };
}
