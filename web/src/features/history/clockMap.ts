// Which entry brought (or deleted) each unit of each client? Four bytes a unit, in pages that are made when they are needed.

const PAGE_BITS = 12;
const PAGE = 1 << PAGE_BITS;

/** For each (client, clock) the number of an entry; 0: none. */
export class ClockMap {
  private clients = new Map<number, (Uint32Array | undefined)[]>();

  get(client: number, clock: number): number {
    return this.clients.get(client)?.[clock >>> PAGE_BITS]?.[clock & (PAGE - 1)] ?? 0;
  }

  /** Notes `seq` for clocks from `start` until before `end` that have none yet: the first entry counts. */
  fill(client: number, start: number, end: number, seq: number): void {
    let pages = this.clients.get(client);
    if (!pages) this.clients.set(client, (pages = []));
    for (let clock = start; clock < end; ) {
      const number = clock >>> PAGE_BITS;
      const page = (pages[number] ??= new Uint32Array(PAGE));
      const stop = Math.min(end, (number + 1) << PAGE_BITS);
      for (; clock < stop; clock += 1) if (page[clock & (PAGE - 1)] === 0) page[clock & (PAGE - 1)] = seq;
    }
  }
}
