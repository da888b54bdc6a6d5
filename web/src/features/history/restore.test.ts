import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { Ledger } from './ledger';
import { restoreAll, restoreBlocks } from './restore';
import { block, Journal, paragraph, textIn } from './testing';

const body = (doc: Y.Doc) => doc.getXmlFragment('default');

/** The body as XML with formatting. */
function xml(node: Y.XmlFragment | Y.XmlText): string {
  if (node instanceof Y.XmlText) return JSON.stringify(node.toDelta());
  const inner = node.toArray().map((child) => xml(child as Y.XmlElement)).join('');
  return node instanceof Y.XmlElement ? `<${node.nodeName} ${JSON.stringify(node.getAttributes())}>${inner}</>` : inner;
}

function written(): { journal: Journal; ada: Y.Doc; then: string; seq: number; ledger: () => Ledger } {
  const journal = new Journal();
  const ada = journal.join('ada');
  const bob = journal.join('bob');
  const row = (...cells: string[]) => block('tableRow', cells.map((cell) => block('tableCell', [paragraph(cell)])));
  body(ada).insert(0, [
    block('heading', [new Y.XmlText('标题')], { textAlign: 'center' }),
    paragraph('第一段，不动。'),
    paragraph('第二段会改。'),
    block('unknownFutureNode', [paragraph('里面')], { colour: 'red' }),
    block('table', [row('a1', 'b1'), row('a2', 'b2')]),
    paragraph('最后一段会删。'),
  ]);
  textIn(body(ada), 1).format(0, 3, { bold: {} });
  const then = xml(body(ada));
  const seq = journal.entries.length;
  // Later work of both.
  textIn(body(bob), 2).insert(3, '😀已经');
  textIn(body(bob), 2).format(0, 2, { italic: {} });
  (body(bob).get(0) as Y.XmlElement).setAttribute('textAlign', 'left');
  bob.transact(() => (body(bob).get(4) as Y.XmlElement).delete(0, 1));
  body(ada).delete(3, 1);
  body(ada).delete(4, 1);
  body(ada).insert(1, [paragraph('后来插入的一段。')]);
  const ledger = () => {
    const made = new Ledger();
    made.add(journal.entries);
    return made;
  };
  return { journal, ada, then, seq, ledger };
}

test('all of a moment is put back, and what did not change keeps its identity', () => {
  const { ada, then, seq, ledger } = written();
  const kept = body(ada).get(2) as Y.XmlElement;
  const anchor = Y.createRelativePositionFromTypeIndex(kept.get(0) as Y.XmlText, 2);
  const nodes = ledger().compare(seq, seq).nodes;
  ada.transact(() => restoreAll(body(ada), nodes));
  expect(xml(body(ada))).toBe(then);
  expect(body(ada).get(1)).toBe(kept);
  const found = Y.createAbsolutePositionFromRelativePosition(anchor, ada);
  expect([found?.type, found?.index]).toEqual([kept.get(0), 2]);
});

test('it is one step to undo, and a restored page can be restored again', () => {
  const { ada, then, seq, ledger, journal } = written();
  const now = xml(body(ada));
  const before = journal.entries.length;
  const undo = new Y.UndoManager(body(ada), { trackedOrigins: new Set(['restore']) });
  const nodes = ledger().compare(seq, seq).nodes;
  ada.transact(() => restoreAll(body(ada), nodes), 'restore');
  expect(journal.entries.length).toBe(before + 1);
  undo.undo();
  expect(xml(body(ada))).toBe(now);
  undo.redo();
  expect(xml(body(ada))).toBe(then);
  // Elements that were put back have new ids; they are found again by what they say.
  const children = body(ada).toArray();
  ada.transact(() => restoreAll(body(ada), ledger().compare(seq, seq).nodes));
  expect(body(ada).toArray()).toEqual(children);
  expect(xml(body(ada))).toBe(then);
});

test('a colleague who writes meanwhile loses nothing beside what is restored', () => {
  const { ada, seq, ledger, journal } = written();
  const eve = journal.join('eve');
  const nodes = ledger().compare(seq, seq).nodes;
  journal.apart(
    new Map([
      [ada, (text: Y.XmlFragment) => restoreAll(text, nodes)],
      [eve, (text: Y.XmlFragment) => textIn(text, 2).insert(0, '同时写的')],
    ]),
  );
  expect(xml(body(ada))).toBe(xml(body(eve)));
  expect(xml(body(ada))).toContain('同时写的');
});

test('chosen paragraphs are put back at their places, the others stay', () => {
  const { ada, seq, ledger } = written();
  const compared = ledger();
  const union = compared.compare(seq, compared.lastSeq).nodes;
  const then = compared.compare(seq, seq).nodes;
  const by = (type: string, status: string) => union.find((node) => node.type === type && node.status === status)!.key;
  const chosen = new Set([by('unknownFutureNode', 'deleted'), by('paragraph', 'inserted'), union.at(-1)!.key]);
  ada.transact(() => restoreBlocks(body(ada), union, chosen, then));
  const names = body(ada).toArray().map((child) => (child as Y.XmlElement).nodeName);
  expect(names).toEqual(['heading', 'paragraph', 'paragraph', 'unknownFutureNode', 'table', 'paragraph']);
  expect(textIn(body(ada), 2).toString()).toContain('已经');
  expect((body(ada).get(0) as Y.XmlElement).getAttribute('textAlign')).toBe('left');
  expect(textIn(body(ada), 5).toString()).toBe('最后一段会删。');
  ada.transact(() => restoreBlocks(body(ada), union, new Set([union.find((node) => node.type === 'table')!.key]), then));
  expect((body(ada).get(4) as Y.XmlElement).length).toBe(2);
});
