import { describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { Ledger, type Comparison } from './ledger';
import { readEntries } from './stream';
import { block, Journal, NOON, paragraph, textIn } from './testing';
import { isText, type TextRun, type TreeNode } from './tree';

const body = (doc: Y.Doc) => doc.getXmlFragment('default');

function ledgerOf(journal: Journal): Ledger {
  const ledger = new Ledger();
  ledger.add(journal.entries);
  return ledger;
}

/** `same`, `+inserted by`, `-deleted by-` and `~changed by` pieces, one line a block. */
function show(ledger: Ledger, { nodes }: Comparison): string[] {
  const name = (who: number | undefined) => ledger.people[who ?? -1]?.name ?? '?';
  const signs = (piece: TreeNode | TextRun) =>
    ({ same: '', inserted: `+${name(piece.written.who)}`, deleted: `-${name(piece.removed?.who)}`, changed: `~${name(piece.changed?.who)}` })[piece.status];
  const line = (piece: TreeNode | TextRun): string =>
    isText(piece)
      ? piece.status === 'same'
        ? piece.text
        : `[${signs(piece)} ${piece.text}]`
      : `<${piece.type}${signs(piece) && ` ${signs(piece)}`}>${piece.content.map(line).join('')}`;
  return nodes.map(line);
}

/** What a document of its own says that knows only the first entries. */
function truth(journal: Journal, seq: number): string {
  const doc = new Y.Doc();
  const fragment = body(doc);
  for (const { update } of journal.entries.slice(0, seq)) Y.applyUpdate(doc, update);
  return fragment.toArray().map((child) => plain(child as Y.XmlElement)).join('\n');
}

function plain(node: Y.XmlElement | Y.XmlText): string {
  if (node instanceof Y.XmlText) return (node.toDelta() as { insert: string }[]).map(({ insert }) => insert).join('');
  return `<${node.nodeName}>${node.toArray().map((child) => plain(child as Y.XmlElement)).join('')}`;
}

function plainOf(nodes: (TreeNode | TextRun)[]): string {
  return nodes.map((node) => (isText(node) ? node.text : `<${node.type}>${plainOf(node.content)}`)).join('');
}

describe('who wrote what', () => {
  test('two people in one paragraph, the second deletes of the first', () => {
    const journal = new Journal();
    const [ada, bob] = [journal.join('ada'), journal.join('bob')];
    body(ada).insert(0, [paragraph('关于试点的通知')]);
    journal.now += 60_000;
    textIn(body(bob), 0).insert(2, '开展');
    textIn(body(bob), 0).delete(6, 1);
    const ledger = ledgerOf(journal);
    expect(show(ledger, ledger.compare(1, 3))).toEqual(['<paragraph>关于[+bob 开展]试点[-bob 的]通知']);
    expect(show(ledger, ledger.compare(0, 3))).toEqual(['<paragraph +ada>[+ada 关于][+bob 开展][+ada 试点通知]']);
    expect(show(ledger, ledger.compare(1, 1))).toEqual(['<paragraph>关于试点的通知']);
    const { nodes, shares } = ledger.compare(3, 3);
    const [first, second] = nodes[0]!.content as TextRun[];
    expect([first!.written, second!.written]).toEqual([{ who: 0, at: NOON }, { who: 1, at: NOON + 60_000 }]);
    expect(shares).toEqual([[0, 6], [1, 2]]);
  });

  test('concurrent edits belong to their writers, whoever arrives first', () => {
    const journal = new Journal();
    const [ada, bob] = [journal.join('ada'), journal.join('bob')];
    body(ada).insert(0, [paragraph('abc'), paragraph('def')]);
    journal.apart(
      new Map([
        [ada, (text: Y.XmlFragment) => { textIn(text, 0).insert(3, 'ADA'); text.delete(1, 1); }],
        [bob, (text: Y.XmlFragment) => { textIn(text, 0).insert(3, 'BOB'); textIn(text, 1).insert(0, 'lost'); }],
      ]),
    );
    const ledger = ledgerOf(journal);
    const lines = show(ledger, ledger.compare(1, 3));
    expect(lines[0]).toContain('[+ada ADA]');
    expect(lines[0]).toContain('[+bob BOB]');
    // What bob wrote into the deleted paragraph was seen at neither moment.
    expect(lines[1]).toBe('<paragraph -ada>[-ada def]');
    expect(plainOf(ledger.compare(3, 3).nodes)).toBe(truth(journal, 3));
  });

  test('undo takes back in the name of who undid', () => {
    const journal = new Journal();
    const [ada, bob] = [journal.join('ada'), journal.join('bob')];
    body(ada).insert(0, [paragraph('keep ')]);
    const undo = new Y.UndoManager(body(bob), { captureTimeout: 0 });
    textIn(body(bob), 0).insert(5, 'mistake');
    undo.undo();
    const ledger = ledgerOf(journal);
    expect(show(ledger, ledger.compare(2, 3))).toEqual(['<paragraph>keep [-bob mistake]']);
    expect(show(ledger, ledger.compare(1, 3))).toEqual(['<paragraph>keep ']);
    undo.redo();
    const again = ledgerOf(journal);
    expect(show(again, again.compare(3, 4))).toEqual(['<paragraph>keep [+bob mistake]']);
  });

  test('a table loses a row and gains a column', () => {
    const journal = new Journal();
    const [ada, bob] = [journal.join('ada'), journal.join('bob')];
    const row = (...cells: string[]) => block('tableRow', cells.map((cell) => block('tableCell', [paragraph(cell)])));
    body(ada).insert(0, [block('table', [row('a1', 'b1'), row('a2', 'b2')])]);
    bob.transact(() => {
      const table = body(bob).get(0) as Y.XmlElement;
      table.delete(1, 1);
      (table.get(0) as Y.XmlElement).insert(2, [block('tableCell', [paragraph('c1')])]);
    });
    const ledger = ledgerOf(journal);
    expect(show(ledger, ledger.compare(1, 2))).toEqual([
      '<table><tableRow><tableCell><paragraph>a1<tableCell><paragraph>b1<tableCell +bob><paragraph +bob>[+bob c1]' +
        '<tableRow -bob><tableCell -bob><paragraph -bob>[-bob a2]<tableCell -bob><paragraph -bob>[-bob b2]',
    ]);
    expect(ledger.compare(1, 2).nodes[0]!.touched).toBe(true);
    expect(ledger.compare(2, 2).nodes[0]!.touched).toBe(false);
  });

  test('attributes and marks are changes too, with what they were', () => {
    const journal = new Journal();
    const [ada, bob] = [journal.join('ada'), journal.join('bob')];
    body(ada).insert(0, [paragraph('plain words', { textAlign: 'left' })]);
    (body(bob).get(0) as Y.XmlElement).setAttribute('textAlign', 'center');
    textIn(body(bob), 0).format(0, 5, { bold: {} });
    const ledger = ledgerOf(journal);
    const compared = ledger.compare(1, 3);
    expect(show(ledger, compared)).toEqual(['<paragraph ~bob>[~bob plain] words']);
    expect(compared.nodes[0]).toMatchObject({ attrs: { textAlign: 'center' }, attrsBefore: { textAlign: 'left' } });
    expect((compared.nodes[0]!.content[0] as TextRun).attributes).toEqual({ bold: {} });
    expect(ledger.compare(1, 1).nodes[0]!.attrs).toEqual({ textAlign: 'left' });
    textIn(body(ada), 0).format(0, 5, { bold: null });
    const later = ledgerOf(journal);
    expect(show(later, later.compare(3, 4))).toEqual(['<paragraph>[~ada plain] words']);
  });

  test('any moment of random work says what a document of its own says', () => {
    const journal = new Journal();
    const docs = ['ada', 'bob', 'eve'].map((name) => journal.join(name));
    let seed = 7;
    const random = (below: number) => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) % below;
    for (let step = 0; step < 300; step += 1) {
      const work = (text: Y.XmlFragment) => {
        const index = random(text.length + 1);
        if (text.length === 0 || random(4) === 0) return text.insert(index, [paragraph('新'), block('rule', [])].slice(0, 1 + random(2)));
        const child = text.get(Math.min(index, text.length - 1)) as Y.XmlElement;
        if (random(6) === 0) return text.delete(Math.min(index, text.length - 1), 1);
        const words = child.get(0) as Y.XmlText | undefined;
        if (words && words.length > 3 && random(2) === 0) words.delete(random(words.length - 2), 2);
        else words?.insert(random(words.length + 1), '字word'.slice(0, 1 + random(5)));
      };
      if (random(3) === 0) journal.apart(new Map(docs.slice(random(2)).map((doc) => [doc, work])));
      else docs[random(3)]!.transact((transaction) => work(body(transaction.doc)));
    }
    const ledger = ledgerOf(journal);
    for (let seq = 0; seq <= ledger.lastSeq; seq += 7) {
      const wanted = truth(journal, seq).replaceAll('\n', '');
      expect(plainOf(ledger.compare(seq, seq).nodes), `after ${seq}`).toBe(wanted);
      // Each side of a comparison is the moment it says it is.
      const { nodes } = ledger.compare(seq, ledger.lastSeq);
      const side = (without: string, pieces: (TreeNode | TextRun)[] = nodes): string =>
        pieces
          .filter((piece) => piece.status !== without)
          .map((piece) => (isText(piece) ? piece.text : `<${piece.type}>${side(without, piece.content)}`))
          .join('');
      expect(side('inserted')).toBe(wanted);
      expect(side('deleted')).toBe(truth(journal, ledger.lastSeq).replaceAll('\n', ''));
    }
  });
});

test('stops are few, in order, and end with the last entry', () => {
  const journal = new Journal();
  const ada = journal.join('ada');
  body(ada).insert(0, [paragraph('')]);
  for (let at = 0; at < 3_000; at += 1) {
    journal.now += at % 100 === 0 ? 3_600_000 : 150;
    textIn(body(ada), 0).insert(at, 'x');
  }
  const stops = ledgerOf(journal).stops();
  expect(stops.length).toBeGreaterThan(30);
  expect(stops.length).toBeLessThanOrEqual(400);
  expect(stops.at(-1)!.seq).toBe(3_001);
  expect(stops.every((stop, at) => at === 0 || stop.seq > stops[at - 1]!.seq)).toBe(true);
});

test('deletions that arrive before what they delete are not lost', () => {
  const journal = new Journal();
  const [ada, bob] = [journal.join('ada'), journal.join('bob')];
  body(ada).insert(0, [paragraph('gone soon')]);
  body(bob).delete(0, 1);
  const [first, second] = journal.entries;
  const ledger = new Ledger();
  ledger.add([{ ...second!, seq: 1 }, { ...first!, seq: 2 }]);
  expect(ledger.compare(2, 2).nodes).toEqual([]);
});

test('the stream is read as the server writes it', () => {
  // Version 1, first entry 7; author 1 "a"/"Ada"; an entry at 5 of two bytes; one 3 ms earlier of none.
  const bytes = new Uint8Array([1, 7, 0, 1, 97, 3, 65, 100, 97, 1, 10, 2, 8, 9, 1, 5, 0]);
  const author = { id: 'a', name: 'Ada' };
  expect(readEntries(bytes)).toEqual([
    { seq: 7, at: 5, author, update: new Uint8Array([8, 9]) },
    { seq: 8, at: 2, author, update: new Uint8Array([]) },
  ]);
  expect(() => readEntries(new Uint8Array([2, 1]))).toThrow('layout');
});
