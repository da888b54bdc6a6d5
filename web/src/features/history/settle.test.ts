import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { Ledger } from './ledger';
import { restoreBlocks } from './restore';
import { block, Journal, paragraph, textIn } from './testing';
import { isText, type TextRun, type TreeNode } from './tree';

const body = (doc: Y.Doc) => doc.getXmlFragment('default');

function compared(journal: Journal, from: number): TreeNode[] {
  const ledger = new Ledger();
  ledger.add(journal.entries);
  return ledger.compare(from, ledger.lastSeq).nodes;
}

const marks = { same: '', inserted: '+', deleted: '-', changed: '~' };

function show(pieces: (TreeNode | TextRun)[]): string {
  const line = (piece: TreeNode | TextRun): string =>
    isText(piece) ? (piece.status === 'same' ? piece.text : `[${marks[piece.status]}${piece.text}]`) : `<${marks[piece.status]}${piece.type}>${piece.content.map(line).join('')}`;
  return pieces.map(line).join(' ');
}

test('words that were deleted and written again are no difference, the rest is', () => {
  const journal = new Journal();
  const ada = journal.join('ada');
  body(ada).insert(0, [paragraph('试点时间为三个月。')]);
  textIn(body(ada), 0).delete(5, 4);
  textIn(body(ada), 0).insert(5, '半年。');
  expect(show(compared(journal, 1))).toBe('<paragraph>试点时间为[-三个月][+半年]。');
  textIn(body(ada), 0).delete(5, 3);
  const bob = journal.join('bob');
  textIn(body(bob), 0).insert(5, '三个月。');
  const [same] = compared(journal, 1);
  expect(show([same!])).toBe('<paragraph>试点时间为三个月。');
  expect(same!.touched).toBe(false);
  // Whoever put them back did not write them.
  expect(same!.content.map((run) => run.written.who)).toEqual([0, 0]);
});

test('equal blocks that were put in the place of others are no difference', () => {
  const journal = new Journal();
  const ada = journal.join('ada');
  body(ada).insert(0, [paragraph('one'), paragraph('two'), paragraph('three')]);
  ada.transact(() => {
    body(ada).delete(0, 3);
    body(ada).insert(0, [paragraph('zero'), paragraph('one'), paragraph('three')]);
  });
  expect(show(compared(journal, 1)).split(' ').sort()).toEqual(['<+paragraph>[+zero]', '<-paragraph>[-two]', '<paragraph>one', '<paragraph>three'].sort());
});

test('a paragraph that became a heading is one changed block, and can be made a paragraph again', () => {
  const journal = new Journal();
  const ada = journal.join('ada');
  body(ada).insert(0, [paragraph('before'), paragraph('标题'), paragraph('after')]);
  ada.transact(() => {
    body(ada).delete(1, 1);
    body(ada).insert(1, [block('heading', [new Y.XmlText('标题')], { level: '1' })]);
  });
  const nodes = compared(journal, 1);
  expect(show(nodes)).toBe('<paragraph>before <~heading>标题 <paragraph>after');
  expect(nodes[1]).toMatchObject({ typeBefore: 'paragraph', changed: { who: 0 } });

  const ledger = new Ledger();
  ledger.add(journal.entries);
  const then = ledger.compare(1, 1).nodes;
  ada.transact(() => restoreBlocks(body(ada), nodes, new Set([nodes[1]!.key]), then));
  expect(body(ada).toArray().map((child) => (child as Y.XmlElement).nodeName)).toEqual(['paragraph', 'paragraph', 'paragraph']);
  expect(textIn(body(ada), 1).toString()).toBe('标题');
});
