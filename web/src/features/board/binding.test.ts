import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { ElementsBinding, readElements, type Properties, type Scene, type SceneElement } from './binding';

interface Shape extends SceneElement {
  x: number;
  color: string;
  points: number[][];
}

/** A drawing area like Excalidraw's: elements change in place, and places that are not in order are given out anew. */
class Area implements Scene<Shape> {
  elements: Shape[] = [];
  holding = new Set<string>();
  shown = 0;

  read() {
    return this.elements;
  }

  show(elements: Shape[]) {
    this.shown += 1;
    this.elements = elements;
    let last = '';
    for (const element of elements) {
      if (element.index === null || element.index <= last) this.mutate(element, { index: `${last}V` });
      last = element.index!;
    }
  }

  build(properties: Properties) {
    return { ...properties } as unknown as Shape;
  }

  held() {
    return this.holding;
  }

  mutate(element: Shape, change: Partial<Shape>) {
    Object.assign(element, change, { version: element.version + 1, versionNonce: Math.floor(Math.random() * 2 ** 31) });
  }

  add(id: string, properties: Partial<Shape> = {}) {
    const index = `${this.elements.at(-1)?.index ?? 'a'}a`;
    this.elements = [...this.elements, { id, type: 'rectangle', version: 1, versionNonce: Math.floor(Math.random() * 2 ** 31), isDeleted: false, index, x: 0, color: 'black', points: [], ...properties }];
  }

  get(id: string) {
    return this.elements.find((element) => element.id === id)!;
  }
}

function join(...docs: Y.Doc[]) {
  for (const from of docs) for (const to of docs) if (from !== to) Y.applyUpdate(to, Y.encodeStateAsUpdate(from, Y.encodeStateVector(to)), 'remote');
}

function person(isReady?: (element: Shape) => boolean) {
  const doc = new Y.Doc();
  const area = new Area();
  const binding = new ElementsBinding<Shape>(doc, area, isReady);
  let sent = 0;
  doc.on('update', (_update, origin) => {
    if (origin === binding) sent += 1;
  });
  return { doc, area, binding, sent: () => sent };
}

/** What people see: without the drawing area's own counting. */
function visible(area: Area) {
  return area.elements.filter((element) => !element.isDeleted).map(({ id, x, color, points }) => ({ id, x, color, points }));
}

describe('a board in a document', () => {
  it('merges changes of two people to two properties of one element', () => {
    const [ada, bob] = [person(), person()];
    ada.area.add('a');
    ada.binding.write();
    join(ada.doc, bob.doc);
    ada.area.mutate(ada.area.get('a'), { x: 50 });
    bob.area.mutate(bob.area.get('a'), { color: 'red' });
    ada.binding.write();
    bob.binding.write();
    join(ada.doc, bob.doc);
    for (const { area } of [ada, bob]) expect(area.get('a')).toMatchObject({ x: 50, color: 'red' });
  });

  it('does not overwrite what I have not sent yet, nor send what it received', () => {
    const [ada, bob] = [person(), person()];
    ada.area.add('a');
    ada.binding.write();
    join(ada.doc, bob.doc);
    bob.area.mutate(bob.area.get('a'), { color: 'red' }); // not written yet
    ada.area.mutate(ada.area.get('a'), { x: 7, color: 'blue' });
    ada.binding.write();
    join(ada.doc, bob.doc);
    expect(bob.area.get('a')).toMatchObject({ x: 7, color: 'red' });
    expect([bob.sent(), bob.binding.isBehind]).toEqual([0, true]);
    bob.binding.write();
    join(ada.doc, bob.doc);
    expect(ada.area.get('a')).toMatchObject({ x: 7, color: 'red' });
    expect([ada.sent(), bob.sent(), ada.binding.isBehind, bob.binding.isBehind]).toEqual([2, 1, false, false]);
    ada.binding.write();
    bob.binding.write();
    expect([ada.sent(), bob.sent()]).toEqual([2, 1]);
  });

  it('leaves an element under my hand alone until I let go', () => {
    const [ada, bob] = [person(), person()];
    ada.area.add('a');
    ada.binding.write();
    join(ada.doc, bob.doc);
    const mine = bob.area.get('a');
    bob.area.holding.add('a');
    bob.area.mutate(mine, { color: 'green' });
    ada.area.mutate(ada.area.get('a'), { x: 9 });
    ada.binding.write();
    join(ada.doc, bob.doc);
    bob.binding.write();
    expect(bob.area.get('a')).toBe(mine);
    expect(bob.sent()).toBe(0);
    bob.area.holding.clear();
    bob.binding.write();
    join(ada.doc, bob.doc);
    for (const { area } of [ada, bob]) expect(area.get('a')).toMatchObject({ x: 9, color: 'green' });
  });

  it('keeps pictures back until they are stored', () => {
    const stored = new Set<string>();
    const ada = person((element) => stored.has(element.id));
    ada.area.add('picture');
    ada.binding.write();
    expect([readElements(ada.doc).length, ada.binding.isBehind]).toEqual([0, true]);
    stored.add('picture');
    ada.binding.write();
    expect([readElements(ada.doc).length, ada.binding.isBehind]).toEqual([1, false]);
  });

  it('shares nothing of what was drawn and deleted at once, and marks what is removed from the document', () => {
    const [ada, bob] = [person(), person()];
    ada.area.add('short', { isDeleted: true });
    ada.area.add('long');
    ada.binding.write();
    expect(readElements(ada.doc).map((element) => element.id)).toEqual(['long']);
    join(ada.doc, bob.doc);
    ada.doc.getMap('elements').delete('long');
    join(ada.doc, bob.doc);
    expect(bob.area.get('long').isDeleted).toBe(true);
    expect(bob.binding.isBehind).toBe(false);
  });

  it('deletes what the drawing area dropped', () => {
    const [ada, bob] = [person(), person()];
    ada.area.add('line');
    ada.binding.write();
    join(ada.doc, bob.doc);
    ada.binding.drop('line');
    expect(bob.area.get('line').isDeleted, 'it is still there').toBe(false);
    ada.area.elements = [];
    ada.binding.drop('line');
    join(ada.doc, bob.doc);
    expect(bob.area.get('line').isDeleted).toBe(true);
    expect([ada.binding.isBehind, bob.binding.isBehind]).toEqual([false, false]);
  });

  it('adds a file that took the place of everything to what was there', () => {
    const ada = person();
    ada.area.add('old');
    ada.binding.write();
    ada.area.elements = [];
    ada.area.add('from the file');
    ada.binding.write();
    expect(visible(ada.area).map(({ id }) => id).sort()).toEqual(['from the file', 'old']);
    expect(readElements(ada.doc).filter((element) => element.isDeleted !== true)).toHaveLength(2);
  });

  it('keeps one order where two people give out one place', () => {
    const [ada, bob] = [person(), person()];
    for (const { area, binding } of [ada, bob]) {
      area.add(`${binding === ada.binding ? 'a' : 'b'}1`, { index: 'a1' });
      binding.write();
    }
    join(ada.doc, bob.doc);
    const ids = (area: Area) => area.elements.map((element) => element.id);
    expect(ids(ada.area)).toEqual(['a1', 'b1']);
    expect(ids(bob.area)).toEqual(['a1', 'b1']);
    // Settling is no edit …
    expect([ada.binding.isBehind, bob.binding.isBehind]).toEqual([false, false]);
    // … but goes along with the next one.
    bob.area.mutate(bob.area.get('a1'), { x: 3 });
    bob.binding.write();
    join(ada.doc, bob.doc);
    expect(ids(ada.area)).toEqual(['a1', 'b1']);
    expect(new Set(readElements(bob.doc).map((element) => element.index)).size).toBe(2);
  });

  // Every run draws other numbers; a failure names its seed.
  const first = Date.now() % 1_000_000;
  it.each(Array.from({ length: 60 }, (_, run) => first + run))('converges and loses nothing, whatever three people do (%i)', (seed) => {
    let state = seed;
    const random = (below: number) => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
      return Math.floor((state / 2_147_483_648) * below);
    };
    const people = [person(), person(), person()];
    const added = new Set<string>();
    const deleted = new Set<string>();
    for (let step = 0; step < 200; step += 1) {
      const who = people[random(3)]!;
      const { area } = who;
      const one = area.elements[random(area.elements.length)];
      const does = random(12);
      if (does < 3 || !one) {
        const id = `e${step}`;
        area.add(id, { x: step });
        added.add(id);
      } else if (does < 5) area.mutate(one, { x: random(1000) });
      else if (does < 7) area.mutate(one, { color: `c${random(50)}` });
      else if (does === 7) area.mutate(one, { points: [[random(9), random(9)], [1, 2]] });
      else if (does === 8) {
        area.mutate(one, { isDeleted: true });
        deleted.add(one.id);
      } else if (does < 11) who.binding.write();
      else {
        const other = people[random(3)]!;
        join(who.doc, other.doc);
      }
    }
    // One after another lets go; then all have heard everything.
    for (let round = 0; round < 2; round += 1) {
      for (const { binding } of people) binding.write();
      join(...people.map(({ doc }) => doc));
    }
    const [ada, bob, eve] = people.map(({ area }) => visible(area));
    expect(bob).toEqual(ada);
    expect(eve).toEqual(ada);
    const there = new Set(ada!.map(({ id }) => id));
    for (const id of added) if (!deleted.has(id)) expect(there, `element ${id}`).toContain(id);
    // And then there is silence.
    const before = people.map(({ sent }) => sent());
    for (const { binding } of people) binding.write();
    expect(people.map(({ sent }) => sent())).toEqual(before);
  });
});
