// What can be asked about a history, and who answers? The same on both sides of the worker.
import { Ledger, type Comparison, type Stop } from './ledger';
import { readEntries, type Person } from './stream';

/** What can be asked. */
export interface Questions {
  /** Takes an answer of the server; gives the newest entry and everybody who wrote. */
  add: (bytes: Uint8Array) => { lastSeq: number; people: Person[]; stops: Stop[] };
  compare: (a: number, b: number) => Comparison;
}

/** Answers from one ledger. */
export function answers(): Questions {
  const ledger = new Ledger();
  return {
    add: (bytes) => {
      ledger.add(readEntries(bytes));
      return { lastSeq: ledger.lastSeq, people: ledger.people, stops: ledger.stops() };
    },
    compare: (a, b) => ledger.compare(a, b),
  };
}

export interface Question {
  id: number;
  what: keyof Questions;
  given: unknown[];
}

export interface Answer {
  id: number;
  value?: unknown;
  error?: string;
}
