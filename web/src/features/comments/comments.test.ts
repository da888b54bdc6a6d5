// Real editors on real Yjs documents: what a comment holds to while the text changes.
import { Editor } from '@tiptap/core';
import Collaboration from '@tiptap/extension-collaboration';
import StarterKit from '@tiptap/starter-kit';
import { afterEach, expect, test, vi } from 'vitest';
import * as Y from 'yjs';
import { findQuote, makeAnchor, quoteOf, resolveAnchor, syncOf, type Anchor } from './anchors';
import { changeRanges, CommentRanges, readRanges, type CommentRangesOptions } from './commentRanges';
import { readThreads, Threads } from './threads';

const open: (() => void)[] = [];
afterEach(() => {
  open.splice(0).forEach((close) => close());
  vi.useRealTimers();
});

function editorOn(doc: Y.Doc, options: Partial<CommentRangesOptions> = {}): Editor {
  const element = document.createElement('div');
  document.body.append(element);
  const editor = new Editor({
    element,
    extensions: [
      StarterKit.configure({ undoRedo: false, trailingNode: false }),
      CommentRanges.configure(options),
      Collaboration.configure({ document: doc }),
    ],
  });
  open.push(() => {
    editor.destroy();
    element.remove();
  });
  return editor;
}

function two(html: string, options: Partial<CommentRangesOptions> = {}): [Editor, Editor] {
  const [one, other] = [new Y.Doc(), new Y.Doc()];
  one.on('update', (update: Uint8Array, origin) => origin !== 'other' && Y.applyUpdate(other, update, 'one'));
  other.on('update', (update: Uint8Array, origin) => origin !== 'one' && Y.applyUpdate(one, update, 'other'));
  const pair: [Editor, Editor] = [editorOn(one, options), editorOn(other)];
  pair[0].commands.setContent(html);
  return pair;
}

/** Where some text is. */
function rangeOf(editor: Editor, text: string) {
  const range = findQuote(editor.state.doc, text);
  if (!range) throw new Error(`no ${text}`);
  return range;
}

function anchorTo(editor: Editor, text: string): Anchor {
  const anchor = makeAnchor(syncOf(editor.state), rangeOf(editor, text));
  if (!anchor) throw new Error('no anchor');
  return anchor;
}

function textAt(editor: Editor, anchor: Anchor): string | null {
  const range = resolveAnchor(syncOf(editor.state), editor.state.doc, anchor);
  return range && quoteOf(editor.state.doc, range);
}

test('an anchor finds its text whatever colleagues write around it', () => {
  const [ada, bob] = two('<p>first</p><p>the third quarter budget</p>');
  const anchor = anchorTo(ada, 'third quarter');
  bob.view.dispatch(bob.state.tr.insertText('a new beginning, ', 1));
  bob.commands.insertContentAt(0, '<p>above</p>');
  expect([textAt(ada, anchor), textAt(bob, anchor)]).toEqual(['third quarter', 'third quarter']);
  const { from, to } = rangeOf(ada, 'third quarter');
  ada.view.dispatch(ada.state.tr.insertText('>', to));
  ada.view.dispatch(ada.state.tr.insertText('<', from));
  expect(textAt(bob, anchor)).toBe('third quarter');
  const inside = rangeOf(bob, 'quarter').from;
  bob.view.dispatch(bob.state.tr.insertText('(last) ', inside));
  expect(textAt(ada, anchor)).toBe('third (last) quarter');
});

test('an anchor says when its text was deleted, in part or whole', () => {
  const [ada, bob] = two('<p>one two three four</p><p>five</p>');
  const anchor = anchorTo(ada, 'two three');
  const paragraph = anchorTo(ada, 'five');
  bob.view.dispatch(bob.state.tr.delete(rangeOf(bob, 'two ').from, rangeOf(bob, 'two ').to));
  expect(textAt(ada, anchor)).toBe('three');
  bob.view.dispatch(bob.state.tr.delete(rangeOf(bob, 'three').from, rangeOf(bob, 'three').to));
  expect(textAt(ada, anchor)).toBeNull();
  bob.view.dispatch(bob.state.tr.delete(bob.state.doc.child(0).nodeSize, bob.state.doc.content.size));
  expect(textAt(ada, paragraph)).toBeNull();
});

test('what is no anchor leads nowhere', () => {
  const [ada] = two('<p>text</p>');
  for (const end of ['', '!!!', 'AAAA', anchorTo(ada, 'text').from]) {
    expect(resolveAnchor(syncOf(ada.state), ada.state.doc, { from: end, to: end })).toBeNull();
  }
});

test('a quote is found again across blocks, but only where it is unmistakable', () => {
  const [ada] = two('<p>alpha beta</p><ul><li><p>gamma delta</p></li></ul><p>same same</p>');
  const range = findQuote(ada.state.doc, 'beta\ngamma');
  expect(range && quoteOf(ada.state.doc, range)).toBe('beta\ngamma');
  expect(findQuote(ada.state.doc, 'same')).toBeNull();
  expect(findQuote(ada.state.doc, 'nowhere')).toBeNull();
  expect(findQuote(ada.state.doc, 'xy')).toBeNull();
});

function withThread(editor: Editor, text: string) {
  const threads = new Threads(new Y.Doc());
  const id = threads.create({ anchor: anchorTo(editor, text), quote: text, author: 'ada', text: '?' });
  editor.view.dispatch(changeRanges(editor.state.tr, { threads: threads.read() }));
  return { threads, id };
}

const placeOf = (editor: Editor, id: string) => {
  const range = readRanges(editor.state)?.places.get(id);
  return range && quoteOf(editor.state.doc, range);
};

test('splitting a commented paragraph takes the comment along and mends its anchor for the others', () => {
  vi.useFakeTimers();
  const moved: [string, Anchor][] = [];
  const [ada, bob] = two('<p>one two three four five</p>', { onMoved: (thread, anchor) => moved.push([thread, anchor]) });
  const { threads, id } = withThread(ada, 'four');
  bob.view.dispatch(changeRanges(bob.state.tr, { threads: threads.read() }));
  ada.commands.setTextSelection(rangeOf(ada, 'three').from);
  ada.commands.splitBlock();
  expect(placeOf(ada, id)).toBe('four');
  vi.advanceTimersByTime(1_000);
  for (const [thread, anchor] of moved) threads.anchor(thread, anchor);
  const [mended] = threads.read();
  expect(textAt(bob, mended!.anchor!)).toBe('four');
  bob.view.dispatch(changeRanges(bob.state.tr, { threads: threads.read() }));
  expect(placeOf(bob, id)).toBe('four');
  expect(ada.view.dom.querySelector(`[data-thread="${id}"]`)?.textContent).toBe('four');
});

test('the comment follows typing before it, and is lost with its text', () => {
  const [ada, bob] = two('<p>one day three</p>');
  const { id } = withThread(ada, 'day ');
  ada.view.dispatch(ada.state.tr.insertText('zero ', 1));
  expect(placeOf(ada, id)).toBe('day ');
  bob.view.dispatch(bob.state.tr.insertText('minus one ', 1));
  expect(placeOf(ada, id)).toBe('day ');
  const { from, to } = rangeOf(bob, 'day ');
  bob.view.dispatch(bob.state.tr.delete(from, to));
  expect(placeOf(ada, id)).toBeUndefined();
  expect(ada.view.dom.querySelector('[data-thread]')).toBeNull();
});

test('a resolved thread is shown only while it is looked at', () => {
  const [ada] = two('<p>one two three</p>');
  const { threads, id } = withThread(ada, 'two ');
  const marked = () => ada.view.dom.querySelectorAll(`[data-thread="${id}"]`).length;
  expect(marked()).toBe(1);
  threads.resolve(id, 'ada');
  ada.view.dispatch(changeRanges(ada.state.tr, { threads: threads.read() }));
  expect(marked()).toBe(0);
  ada.view.dispatch(changeRanges(ada.state.tr, { active: id }));
  expect(marked()).toBe(1);
});

const ANCHOR = { from: 'AA==', to: 'AA==' };

test('a thread is begun, answered, assigned, resolved and reopened, and everybody sees it', () => {
  const [one, other] = [new Y.Doc(), new Y.Doc()];
  let clock = 1_000;
  const ada = new Threads(one, () => (clock += 1));
  const bob = new Threads(other, () => (clock += 1));
  const share = () => {
    Y.applyUpdate(other, Y.encodeStateAsUpdate(one));
    Y.applyUpdate(one, Y.encodeStateAsUpdate(other));
  };
  let changes = 0;
  bob.subscribe(() => (changes += 1));
  const id = ada.create({ anchor: ANCHOR, quote: '预算', author: 'ada', text: '对吗？', assignee: 'bob' });
  share();
  expect(changes).toBeGreaterThan(0);
  expect(bob.read()).toMatchObject([{ id, quote: '预算', createdBy: 'ada', assignee: 'bob', anchor: ANCHOR, resolvedAt: null }]);
  bob.reply(id, 'bob', '对 @Ada', ['ada']);
  bob.resolve(id, 'bob');
  share();
  const [thread] = ada.read();
  expect(thread?.messages.map((one) => [one.author, one.text, one.mentions])).toEqual([
    ['ada', '对吗？', []],
    ['bob', '对 @Ada', ['ada']],
  ]);
  expect(thread).toMatchObject({ resolvedBy: 'bob', resolvedAt: expect.any(Number) as number });
  ada.reopen(id);
  ada.assign(id, null);
  expect(ada.read()).toMatchObject([{ resolvedBy: null, resolvedAt: null, assignee: null }]);
});

test('a message is edited and deleted, and the thread goes with its last one', () => {
  const threads = new Threads(new Y.Doc(), () => 5);
  const id = threads.create({ anchor: ANCHOR, quote: '', author: 'ada', text: 'frist' });
  const message = threads.read()[0]!.messages[0]!.id;
  threads.edit(id, message, 'first');
  threads.reply(id, 'bob', 'second');
  expect(threads.read()[0]?.messages).toMatchObject([{ text: 'first', editedAt: 5 }, { text: 'second', editedAt: null }]);
  threads.delete(id, message);
  expect(threads.read()[0]?.messages.map((one) => one.text)).toEqual(['second']);
  threads.delete(id, threads.read()[0]!.messages[0]!.id);
  expect(threads.read()).toEqual([]);
});

test('what strangers put beside the threads is left out', () => {
  const doc = new Y.Doc();
  const map = doc.getMap<Y.Map<unknown>>('threads');
  map.set('text', 'nothing' as never);
  map.set('empty', new Y.Map());
  map.set('odd', new Y.Map(Object.entries({ messages: Y.Array.from([1, 'two', new Y.Map()]), quote: 7, anchor: 'x' })));
  expect(readThreads(map)).toEqual([]);
});
