// What did a page say at any moment, and who wrote it? One Yjs document that keeps everything that was deleted, and beside it,
// for every unit, the entry that brought it and the entry that deleted it. Any two moments are then read from one walk.
//
// An author is whoever's update first brought a unit; a deletion belongs to the author of the update that said so.
import * as Y from 'yjs';
import { ClockMap } from './clockMap';
import { equal } from './equal';
import { settle } from './settle';
import type { Entry, Person } from './stream';
import { isText, type Deed, type Status, type TextRun, type TreeNode } from './tree';

/** The shared type that holds the text, as Tiptap names it. */
const BODY = 'default';
/** Text of one person is one run when it was written within this time. */
const RUN_MS = 5 * 60_000;
/** More places to stop at than this are too many for a slider. */
const STOPS_MAX = 400;

/** What is shown of two moments. */
export interface Comparison {
  nodes: TreeNode[];
  /** Characters of the later moment by person, as places in `people`. */
  shares: [who: number, characters: number][];
}

/** A moment the slider stops at: after entry `seq`. */
export interface Stop {
  seq: number;
  at: number;
  who: number[];
}

interface Sight {
  inA: boolean;
  inB: boolean;
}

export class Ledger {
  readonly people: Person[] = [];
  private readonly doc = new Y.Doc({ gc: false });
  private readonly body = this.doc.getXmlFragment(BODY);
  private readonly born = new ClockMap();
  private readonly gone = new ClockMap();
  /** After the newest unit of each client. */
  private readonly ends = new Map<number, number>();
  /** Deletions of units that have not arrived yet. */
  private early: { client: number; from: number; to: number; seq: number }[] = [];
  /** By entry − 1. */
  private readonly whos: number[] = [];
  private readonly ats: number[] = [];
  private numbers = new Map<string, number>();

  /** The newest entry. */
  get lastSeq(): number {
    return this.ats.length;
  }

  /** Takes in entries that follow those that are here. */
  add(entries: Entry[]): void {
    this.doc.transact(() => {
      for (const entry of entries) {
        if (entry.seq !== this.lastSeq + 1) throw new Error(`entry ${entry.seq} does not follow ${this.lastSeq}`);
        this.whos.push(this.number(entry.author));
        this.ats.push(entry.at);
        this.note(entry);
        Y.applyUpdate(this.doc, entry.update);
      }
    });
  }

  private number(person: Person): number {
    let number = this.numbers.get(person.id);
    if (number === undefined) {
      number = this.people.push(person) - 1;
      this.numbers.set(person.id, number);
    }
    return number;
  }

  private note({ seq, update }: Entry): void {
    const { structs, ds } = Y.decodeUpdate(update);
    for (const struct of structs) {
      const { client, clock } = struct.id;
      if (struct instanceof Y.Skip) continue;
      const end = clock + struct.length;
      // What came without its content can never be shown, however long it says it is.
      if (struct instanceof Y.Item && !(struct.content instanceof Y.ContentDeleted)) this.born.fill(client, clock, end, seq);
      if (end > (this.ends.get(client) ?? 0)) this.ends.set(client, end);
    }
    if (this.early.length > 0) {
      const waiting = this.early;
      this.early = [];
      for (const { client, from, to, seq: first } of waiting) this.noteGone(client, from, to, first);
    }
    ds.clients.forEach((ranges, client) => {
      for (const { clock, len } of ranges) this.noteGone(client, clock, clock + len, seq);
    });
  }

  private noteGone(client: number, from: number, to: number, seq: number): void {
    const end = Math.min(to, this.ends.get(client) ?? 0);
    if (from < end) this.gone.fill(client, from, end, seq);
    if (end < to) this.early.push({ client, from: Math.max(from, end), to, seq });
  }

  /** Everything that the moments after entries `a` and `b` (not before `a`) show. */
  compare(a: number, b: number): Comparison {
    const walk = new Walk(this.born, this.gone, (seq) => this.deed(seq), a, b);
    const pieces = walk.children(this.body, true, true);
    const nodes = (a === b ? pieces : settle(pieces)).filter((piece): piece is TreeNode => !isText(piece));
    return { nodes, shares: [...walk.shares].sort((one, other) => other[1] - one[1]) };
  }

  private deed(seq: number): Deed {
    return { who: this.whos[seq - 1] ?? 0, at: this.ats[seq - 1] ?? 0 };
  }

  /** Moments worth stopping at: after pauses, and in long work without pauses now and then. */
  stops(): Stop[] {
    for (let pause = 2_000; ; pause *= 3) {
      const stops = this.stopsAt(pause);
      if (stops.length <= STOPS_MAX || pause > 1e12) return stops;
    }
  }

  private stopsAt(pause: number): Stop[] {
    const most = Math.max(1, Math.ceil(this.lastSeq / (STOPS_MAX / 2)));
    const stops: Stop[] = [];
    let who = new Set<number>();
    for (let seq = 1, count = 1; seq <= this.lastSeq; seq += 1, count += 1) {
      const { who: author, at } = this.deed(seq);
      who.add(author);
      if (seq < this.lastSeq && this.deed(seq + 1).at - at < pause && count < most) continue;
      stops.push({ seq, at, who: [...who] });
      who = new Set();
      count = 0;
    }
    return stops;
  }
}

/** Reads the shared types once, for two moments. */
class Walk {
  readonly shares = new Map<number, number>();

  constructor(
    private readonly born: ClockMap,
    private readonly gone: ClockMap,
    private readonly deed: (seq: number) => Deed,
    private readonly a: number,
    private readonly b: number,
  ) {}

  children(parent: Y.XmlFragment, inA: boolean, inB: boolean): (TreeNode | TextRun)[] {
    const pieces: (TreeNode | TextRun)[] = [];
    for (let item = parent._start; item; item = item.right) {
      if (!(item.content instanceof Y.ContentType)) continue;
      const { client, clock } = item.id;
      const sight = this.sight(client, clock, inA, inB);
      if (!sight.inA && !sight.inB) continue;
      const { type } = item.content;
      if (type instanceof Y.XmlText) pieces.push(...this.runs(type, sight));
      else if (type instanceof Y.XmlElement) pieces.push(this.node(type, client, clock, sight));
    }
    return pieces;
  }

  /** At which of the moments a unit shows. */
  private sight(client: number, clock: number, inA = true, inB = true): Sight {
    const born = this.born.get(client, clock);
    const gone = this.gone.get(client, clock) || Infinity;
    return { inA: inA && born > 0 && born <= this.a && gone > this.a, inB: inB && born > 0 && born <= this.b && gone > this.b };
  }

  private node(type: Y.XmlElement, client: number, clock: number, { inA, inB }: Sight): TreeNode {
    const content = this.children(type, inA, inB);
    const before = inA ? this.attributes(type, this.a) : {};
    const after = inB ? this.attributes(type, this.b) : {};
    const node: TreeNode = {
      type: type.nodeName,
      attrs: inB ? after : before,
      key: `${client}:${clock}`,
      status: inA === inB ? 'same' : inB ? 'inserted' : 'deleted',
      written: this.deed(this.born.get(client, clock)),
      content,
      touched: false,
    };
    if (node.status === 'deleted') node.removed = this.removal(client, clock);
    if (node.status === 'same') {
      const changed = this.attributeChange(type, before, after);
      if (changed) Object.assign(node, { status: 'changed', changed, attrsBefore: before });
    }
    node.touched = node.status !== 'same' || content.some((piece) => (isText(piece) ? piece.status !== 'same' : piece.touched));
    return node;
  }

  /** Who deleted it; nobody said so when it went with what it stood in. */
  private removal(client: number, clock: number): Deed | undefined {
    const gone = this.gone.get(client, clock);
    return gone > 0 ? this.deed(gone) : undefined;
  }

  private attributes(type: Y.XmlElement, seq: number): Record<string, unknown> {
    const attributes: Record<string, unknown> = {};
    type._map.forEach((newest, name) => {
      const item = this.current(newest, seq);
      const value = item ? (item.content.getContent()[item.length - 1] as unknown) : null;
      if (value !== null && value !== undefined) attributes[name] = value;
    });
    return attributes;
  }

  /** The value of an attribute after entry `seq`: older ones stand to the left. */
  private current(newest: Y.Item, seq: number): Y.Item | null {
    for (let item: Y.Item | null = newest; item; item = item.left) {
      const { client, clock } = item.id;
      const born = this.born.get(client, clock);
      if (born > 0 && born <= seq) return (this.gone.get(client, clock) || Infinity) > seq ? item : null;
    }
    return null;
  }

  private attributeChange(type: Y.XmlElement, before: Record<string, unknown>, after: Record<string, unknown>): Deed | undefined {
    let seq = 0;
    for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
      if (equal(before[name], after[name])) continue;
      const now = type._map.get(name);
      const item = now && this.current(now, this.b);
      // Set by what is there now, or taken away by whoever deleted what was there.
      const was = item ?? (now && this.current(now, this.a));
      if (was) seq = Math.max(seq, (item ? this.born : this.gone).get(was.id.client, was.id.clock));
    }
    return seq > 0 ? this.deed(seq) : undefined;
  }

  private runs(type: Y.XmlText, { inA, inB }: Sight): TextRun[] {
    const id = type._item?.id;
    const key = id ? `${id.client}:${id.clock}` : '';
    const runs: TextRun[] = [];
    const [before, after] = [new Map<string, unknown>(), new Map<string, unknown>()];
    /** The entry that last made a mark differ between the moments. */
    const marked = new Map<string, number>();
    for (let item = type._start; item; item = item.right) {
      const { client, clock } = item.id;
      if (item.content instanceof Y.ContentFormat) {
        const sight = this.sight(client, clock);
        const { key: mark, value } = item.content;
        if (sight.inA) setMark(before, mark, value);
        if (sight.inB) setMark(after, mark, value);
        if (sight.inA !== sight.inB) marked.set(mark, (sight.inB ? this.born : this.gone).get(client, clock));
      } else if (item.content instanceof Y.ContentString) {
        const text = item.content.str;
        for (let from = 0; from < item.length; ) {
          const to = this.sameUntil(client, clock + from, clock + item.length) - clock;
          const sight = this.sight(client, clock + from, inA, inB);
          if (sight.inA || sight.inB) this.push(runs, this.run(text.slice(from, to), key, client, clock + from, sight, before, after, marked));
          from = to;
        }
      }
    }
    return runs;
  }

  /** Where the units end that came and went together with the one at `clock`. */
  private sameUntil(client: number, clock: number, end: number): number {
    const [born, gone] = [this.born.get(client, clock), this.gone.get(client, clock)];
    let at = clock + 1;
    while (at < end && this.born.get(client, at) === born && this.gone.get(client, at) === gone) at += 1;
    return at;
  }

  private run(
    text: string,
    key: string,
    client: number,
    clock: number,
    { inA, inB }: Sight,
    before: Map<string, unknown>,
    after: Map<string, unknown>,
    marked: Map<string, number>,
  ): TextRun {
    const written = this.deed(this.born.get(client, clock));
    let status: Status = inA === inB ? 'same' : inB ? 'inserted' : 'deleted';
    let changed: Deed | undefined;
    if (status === 'same' && marked.size > 0) {
      const differ = [...marked].filter(([mark]) => !equal(before.get(mark), after.get(mark)));
      if (differ.length > 0) {
        status = 'changed';
        changed = this.deed(Math.max(...differ.map(([, seq]) => seq)));
      }
    }
    if (inB) this.shares.set(written.who, (this.shares.get(written.who) ?? 0) + text.length);
    const run: TextRun = { text, attributes: Object.fromEntries(inB ? after : before), key, status, written };
    if (status === 'deleted') run.removed = this.removal(client, clock);
    if (changed) run.changed = changed;
    return run;
  }

  /** Appends a run, or lengthens the last one when they differ in nothing that is shown. */
  private push(runs: TextRun[], run: TextRun): void {
    const last = runs.at(-1);
    if (
      last &&
      last.status === run.status &&
      together(last.written, run.written) &&
      together(last.removed, run.removed) &&
      together(last.changed, run.changed) &&
      equal(last.attributes, run.attributes)
    ) {
      last.text += run.text;
    } else {
      runs.push(run);
    }
  }
}

function setMark(marks: Map<string, unknown>, mark: string, value: unknown): void {
  if (value === null) marks.delete(mark);
  else marks.set(mark, value);
}

function together(one: Deed | undefined, other: Deed | undefined): boolean {
  if (!one || !other) return one === other;
  return one.who === other.who && Math.abs(one.at - other.at) <= RUN_MS;
}
