// How do a board's elements live in a Yjs document? Each is a map of its properties, so that two people may change two
// properties of one element and both hold; what two people change alike ends as one of both, the same for everybody.
//
// The drawing area is the other copy: it changes its elements in place and tells so by their versions. Between the two
// stands what both last agreed on (`shared`), so that a change of mine and a change from elsewhere are told apart, nothing
// that arrives is sent back, and nothing of mine that is not sent yet is overwritten.
import * as Y from 'yjs';

/** An element of the drawing area. Its type is not of interest here. */
export interface SceneElement {
  id: string;
  type: string;
  version: number;
  versionNonce: number;
  isDeleted: boolean;
  index: string | null;
}

/** The drawing area. */
export interface Scene<E extends SceneElement> {
  /** All elements, also deleted ones. */
  read(): readonly E[];
  /** Shows these elements in this order, as something that is not mine to undo. */
  show(elements: E[]): void;
  /** Makes an element that can be shown of properties that came from elsewhere; null when they make no sense. */
  build(properties: Properties): E | null;
  /** Ids of elements under my hand right now: they are not exchanged while I draw or write in them. */
  held(): ReadonlySet<string>;
}

export type Properties = Record<string, unknown>;

const ELEMENTS = 'elements';
/** The drawing area's own book-keeping: counted anew in every browser. */
const LOCAL = new Set(['version', 'versionNonce', 'updated']);

export class ElementsBinding<E extends SceneElement> {
  private readonly elements: Y.Map<Y.Map<unknown>>;
  /** What the drawing area and the document last agreed on. */
  private readonly shared = new Map<string, Properties>();
  /** The version of each element when it was last read. */
  private readonly seen = new Map<string, string>();
  /** Changes from elsewhere to elements under my hand. */
  private readonly postponed = new Set<string>();

  constructor(
    private readonly doc: Y.Doc,
    private readonly scene: Scene<E>,
    /** Elements that others could not show yet wait: pictures that are still being uploaded. */
    private readonly isReady: (element: E) => boolean = () => true,
    /** What others are to know of an element. */
    private readonly outgoing: (element: E) => object = (element) => element,
  ) {
    this.elements = doc.getMap(ELEMENTS);
    this.take(this.elements.keys());
    this.elements.observeDeep(this.handleEvents);
  }

  destroy(): void {
    this.elements.unobserveDeep(this.handleEvents);
  }

  /** Whether something in the drawing area is not in the document. */
  get isBehind(): boolean {
    return this.scene.read().some((element) => this.isChanged(element) && !this.isForgotten(element));
  }

  /** Puts what has changed in the drawing area into the document. */
  write(): void {
    if (this.postponed.size > 0) {
      const held = this.scene.held();
      const free = [...this.postponed].filter((id) => !held.has(id));
      free.forEach((id) => this.postponed.delete(id));
      if (free.length > 0) this.take(free);
    }
    this.bringBack();
    const held = this.scene.held();
    const all = this.scene.read();
    const changed = all.filter((element) => this.isChanged(element) && !held.has(element.id) && this.isReady(element));
    if (changed.length === 0) return;
    this.doc.transact(() => {
      for (const element of changed) this.put(element);
      // Whoever draws also settles places that two people gave out at the same time.
      for (const element of all) this.settle(element);
    }, this);
  }

  /** Deletes an element that the drawing area has dropped without a trace: it was too small when it was finished. */
  drop(id: string): void {
    const map = this.elements.get(id);
    if (!(map instanceof Y.Map) || this.scene.read().some((element) => element.id === id)) return;
    this.doc.transact(() => map.set('isDeleted', true), this);
    this.shared.delete(id);
    this.seen.delete(id);
  }

  /** A file that was dropped on the drawing area takes the place of everything there: it is added to the board instead. */
  private bringBack(): void {
    const here = new Set(this.scene.read().map(({ id }) => id));
    const lost = [...this.shared].filter(([id, shared]) => !here.has(id) && shared.isDeleted !== true);
    if (lost.length > 0) this.take(lost.map(([id]) => id));
  }

  private isChanged(element: E): boolean {
    return this.seen.get(element.id) !== stamp(element);
  }

  /** Drawn and deleted before anybody else heard of it. */
  private isForgotten(element: E): boolean {
    return element.isDeleted && !this.elements.has(element.id);
  }

  private put(element: E): void {
    this.seen.set(element.id, stamp(element));
    if (this.isForgotten(element)) return;
    const now = plain(this.outgoing(element));
    const before = this.elements.has(element.id) ? (this.shared.get(element.id) ?? {}) : {};
    let map = this.elements.get(element.id);
    if (!(map instanceof Y.Map)) {
      map = new Y.Map();
      this.elements.set(element.id, map);
    }
    for (const [key, value] of Object.entries(now)) if (!isEqual(before[key], value)) map.set(key, value);
    for (const key of Object.keys(before)) if (!(key in now)) map.delete(key);
    this.shared.set(element.id, now);
  }

  private settle(element: E): void {
    const shared = this.shared.get(element.id);
    const map = this.elements.get(element.id);
    if (!shared || !(map instanceof Y.Map) || shared.index === element.index || this.isChanged(element)) return;
    map.set('index', element.index);
    shared.index = element.index;
  }

  private handleEvents = (events: Y.YEvent<Y.AbstractType<unknown>>[], transaction: Y.Transaction) => {
    if (transaction.origin === this) return;
    const ids = new Set<string>();
    for (const event of events) {
      if (event.path.length > 0) ids.add(String(event.path[0]));
      else event.keys.forEach((_change, id) => ids.add(id));
    }
    this.take(ids);
  };

  /** Shows what the document says of these elements; what I changed in them meanwhile stays mine. */
  private take(ids: Iterable<string>): void {
    const held = this.scene.held();
    const scene = new Map(this.scene.read().map((element) => [element.id, element]));
    const mine = new Set([...scene.values()].filter((element) => this.isChanged(element)).map(({ id }) => id));
    let arrived = false;
    for (const id of ids) {
      if (held.has(id)) {
        this.postponed.add(id);
        continue;
      }
      const present = scene.get(id);
      const map = this.elements.get(id);
      const theirs = map instanceof Y.Map ? read(map) : this.cleared(id, present);
      if (!theirs) continue;
      const unsent = present && this.isChanged(present) ? this.unsent(present) : {};
      this.shared.set(id, theirs);
      const built = this.scene.build({
        ...theirs,
        ...unsent,
        id,
        version: (present?.version ?? 0) + 1,
        versionNonce: Math.floor(Math.random() * 2 ** 31),
      });
      if (!built) continue;
      scene.set(id, built);
      arrived = true;
      if (Object.keys(unsent).length === 0) mine.delete(id);
    }
    if (!arrived) return;
    const isMine = ({ id }: E) => mine.has(id) || held.has(id);
    this.scene.show([...scene.values()].map((element) => (isMine(element) ? element : this.replaced(element))).sort(byPlace));
    // The drawing area may have settled places for itself: that is no change to be sent.
    for (const element of this.scene.read()) {
      if (!mine.has(element.id)) this.seen.set(element.id, stamp(element));
    }
  }

  /** An element at the place that the document gives it, so that all settle the same places in the same way. */
  private replaced(element: E): E {
    const index = this.shared.get(element.id)?.index as E['index'] | undefined;
    return index === undefined || index === element.index ? element : { ...element, index };
  }

  /** Removed from the document altogether: deleted here. */
  private cleared(id: string, present: E | undefined): Properties | null {
    this.shared.delete(id);
    return present && !present.isDeleted ? { ...plain(this.outgoing(present)), isDeleted: true } : null;
  }

  private unsent(element: E): Properties {
    const shared = this.shared.get(element.id) ?? {};
    const now = plain(this.outgoing(element));
    return Object.fromEntries(Object.entries(now).filter(([key, value]) => !isEqual(shared[key], value)));
  }
}

/** The elements of a document as they would be shown, for reading alone. */
export function readElements(doc: Y.Doc): Properties[] {
  const elements = doc.getMap<Y.Map<unknown>>(ELEMENTS);
  return [...elements.entries()].filter(([, map]) => map instanceof Y.Map).map(([id, map]) => ({ ...read(map), id }));
}

function stamp(element: SceneElement): string {
  return `${element.version}:${element.versionNonce}`;
}

function read(map: Y.Map<unknown>): Properties {
  return plain(map.toJSON() as Properties);
}

/** What an element is made of, without book-keeping and without what JSON does not know. */
function plain(element: object): Properties {
  return Object.fromEntries(Object.entries(element).filter(([key, value]) => !LOCAL.has(key) && value !== undefined));
}

/** From the lowest to the topmost; places that were given out twice are told apart by the id. */
function byPlace(a: SceneElement, b: SceneElement): number {
  const [left, right] = [a.index ?? '', b.index ?? ''];
  if (left !== right) return left < right ? -1 : 1;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

function isEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [a as Properties, b as Properties];
  const keys = Object.keys(left);
  return keys.length === Object.keys(right).length && keys.every((key) => key in right && isEqual(left[key], right[key]));
}
