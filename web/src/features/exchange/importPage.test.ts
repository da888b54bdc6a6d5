// @vitest-environment jsdom
import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { pieces } from './importPage';
import { canBecomePage, pageName } from './kinds';

function paragraph(text: string): Y.XmlElement {
  const element = new Y.XmlElement('paragraph');
  element.insert(0, [new Y.XmlText(text)]);
  return element;
}

function table(rows: number): Y.XmlElement {
  const element = new Y.XmlElement('table');
  element.insert(0, Array.from({ length: rows }, (_, number) => {
    const row = new Y.XmlElement('tableRow');
    row.setAttribute('number', String(number));
    row.insert(0, [paragraph('格'.repeat(1_000))]);
    return row;
  }));
  return element;
}

test('a long text is written in pieces that are not too long, and is the same in the end', () => {
  const source = new Y.Doc();
  const from = source.getXmlFragment('default');
  from.push(Array.from({ length: 300 }, (_, number) => paragraph(`${number} ${'字'.repeat(500)}`)));
  from.push([table(200), paragraph('后记')]);
  const target = new Y.Doc();
  const to = target.getXmlFragment('default');
  const sizes: number[] = [];
  target.on('update', (update) => sizes.push(update.length));
  let told = 0;
  for (const piece of pieces(from, to)) {
    target.transact(piece.write);
    told += piece.characters;
  }
  expect(to.toString()).toBe(from.toString());
  expect(Math.max(...sizes)).toBeLessThan(400_000);
  expect(sizes.length).toBeGreaterThan(4);
  expect(told).toBeGreaterThan(300_000);
});

test('a page is named like its file', () => {
  expect(pageName('通知.v2.docx')).toBe('通知.v2');
  expect(pageName('.profile')).toBe('.profile');
});

test('only readable texts can become pages, and only for those who may add one', () => {
  const file = { kind: 'file', media_type: 'application/msword', abilities: ['download', 'upload'] } as unknown as Parameters<typeof canBecomePage>[0];
  expect(canBecomePage(file)).toBe(true);
  expect(canBecomePage({ ...file, media_type: 'application/pdf' })).toBe(false);
  expect(canBecomePage({ ...file, abilities: ['download'] })).toBe(false);
});
