// A real editor on a real document, and a browser that does not get round to reporting its cursor.
import { Editor } from '@tiptap/core';
import Collaboration from '@tiptap/extension-collaboration';
import CollaborationCaret from '@tiptap/extension-collaboration-caret';
import StarterKit from '@tiptap/starter-kit';
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import * as awarenessProtocol from 'y-protocols/awareness';
import * as sync from 'y-protocols/sync';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { Arrivals } from './arrivals';
import { CompositionGuard } from './composition';
import { KeepCursor } from './cursor';

const open: (() => void)[] = [];
const neverSay = (event: Event) => event.stopImmediatePropagation();
beforeEach(() => {
  document.addEventListener('selectionchange', neverSay, true);
  // jsdom lays nothing out.
  Range.prototype.getClientRects = () => [] as unknown as DOMRectList;
  Range.prototype.getBoundingClientRect = () => new DOMRect();
});
afterEach(() => {
  open.splice(0).forEach((close) => close());
  document.removeEventListener('selectionchange', neverSay, true);
});

/** A page of two people: one here, with an editor that has the cursor; what the other does arrives when a test says so. */
function page(...lines: string[]) {
  const theirs = new Y.Doc();
  theirs.getXmlFragment('default').insert(0, lines.map((line) => {
    const paragraph = new Y.XmlElement('paragraph');
    paragraph.insert(0, [new Y.XmlText(line)]);
    return paragraph;
  }));
  const doc = new Y.Doc();
  const provider = new WebsocketProvider('ws://nowhere', 'page', doc, { connect: false, disableBc: true });
  const arrivals = new Arrivals(provider);
  const arrive = () => {
    const encoder = encoding.createEncoder();
    sync.writeUpdate(encoder, Y.encodeStateAsUpdate(theirs, Y.encodeStateVector(doc)));
    provider.messageHandlers[0]!(encoding.createEncoder(), decoding.createDecoder(encoding.toUint8Array(encoder)), provider, true, 0);
  };
  arrive();
  const element = document.createElement('div');
  document.body.append(element);
  const editor = new Editor({
    element,
    extensions: [
      StarterKit.configure({ undoRedo: false, trailingNode: false }),
      CompositionGuard.configure({ arrivals }),
      KeepCursor.configure({ arrivals }),
      Collaboration.configure({ document: doc }),
      CollaborationCaret.configure({ provider, user: { name: 'Ada', color: '#123456' } }),
    ],
  });
  open.push(() => {
    editor.destroy();
    provider.destroy();
    element.remove();
  });
  vi.useFakeTimers();
  editor.view.dom.focus();
  // ProseMirror has put its cursor where it belongs.
  vi.advanceTimersByTime(30);
  vi.useRealTimers();
  expect(editor.view.hasFocus()).toBe(true);
  return { editor, doc, provider, arrivals, theirs, arrive };
}

const textOf = (editor: Editor, paragraph: number) => editor.view.dom.children[paragraph]!.firstChild as Text;

/** Moves the browser's cursor, as a key does. */
function moveTo(editor: Editor, paragraph: number, offset: number): void {
  document.getSelection()!.collapse(textOf(editor, paragraph), offset);
}

/** Where the browser would write. */
function browserCursor(editor: Editor): number {
  const { focusNode, focusOffset } = document.getSelection()!;
  return editor.view.posAtDOM(focusNode!, focusOffset);
}

const words = (doc: Y.Doc, paragraph: number) => (doc.getXmlFragment('default').get(paragraph) as Y.XmlElement).get(0) as Y.XmlText;

test('an edit that arrives leaves the cursor where a key has just put it', () => {
  const { editor, theirs, arrive } = page('开头，结尾。');
  editor.commands.setTextSelection(1);
  moveTo(editor, 0, 6);
  words(theirs, 0).insert(3, '中间');
  arrive();
  expect(editor.getText()).toBe('开头，中间结尾。');
  expect(browserCursor(editor)).toBe(9);
  expect(editor.state.selection.anchor).toBe(9);
});

test('so does one that waited for a word of the input method', () => {
  const { editor, arrivals, theirs, arrive } = page('开头，结尾。');
  editor.commands.setTextSelection(1);
  arrivals.hold();
  words(theirs, 0).insert(3, '中间');
  arrive();
  expect(editor.getText()).toBe('开头，结尾。');
  moveTo(editor, 0, 6);
  arrivals.release();
  expect(editor.getText()).toBe('开头，中间结尾。');
  expect(browserCursor(editor)).toBe(9);
});

test("a colleague's cursor is drawn and leaves one's own where a key has just put it", async () => {
  const { editor, doc, provider, theirs } = page('开头，结尾。');
  editor.commands.setTextSelection(1);
  const awareness = new awarenessProtocol.Awareness(theirs);
  const at = (index: number) => Y.createRelativePositionFromTypeIndex(words(doc, 0), index);
  awareness.setLocalState({ user: { name: 'Bob', color: '#654321' }, cursor: { anchor: at(3), head: at(3) } });
  const update = awarenessProtocol.encodeAwarenessUpdate(awareness, [theirs.clientID]);
  awarenessProtocol.applyAwarenessUpdate(provider.awareness, update, provider);
  moveTo(editor, 0, 6);
  await vi.waitFor(() => expect(editor.view.dom.querySelector('.collaboration-carets__caret')).toHaveTextContent('Bob'));
  expect(browserCursor(editor)).toBe(7);
  expect(editor.state.selection.anchor).toBe(7);
  awareness.destroy();
});

test('a key acts where the key before it has put the cursor', () => {
  const { editor } = page('第一段。', '第二段。');
  // In front of the second paragraph, Backspace would join it to the first.
  editor.commands.setTextSelection(7);
  moveTo(editor, 1, 4);
  editor.view.dom.dispatchEvent(new KeyboardEvent('keydown', { key: 'Backspace', keyCode: 8, bubbles: true, cancelable: true }));
  expect(editor.getText({ blockSeparator: '|' })).toBe('第一段。|第二段。');
  expect(editor.state.selection.anchor).toBe(11);
});

test('letters that are read when an edit arrives are the own ones: they are sent', () => {
  const { editor, doc, provider, theirs, arrive } = page('开头');
  editor.commands.setTextSelection(3);
  const sent = new Y.Doc();
  Y.applyUpdate(sent, Y.encodeStateAsUpdate(doc));
  doc.on('update', (update: Uint8Array, origin: unknown) => origin !== provider && Y.applyUpdate(sent, update));
  textOf(editor, 0).appendData('结尾');
  moveTo(editor, 0, 4);
  words(theirs, 0).insert(0, '〈前〉');
  arrive();
  expect(editor.getText()).toBe('〈前〉开头结尾');
  expect(words(sent, 0).toJSON()).toBe('开头结尾');
});

test('what another tab of the browser wrote waits for the word as well', () => {
  const { editor, doc, arrivals, theirs } = page('开头');
  words(theirs, 0).insert(2, '结尾');
  const update = Y.encodeStateAsUpdate(theirs);
  editor.view.dom.dispatchEvent(new CompositionEvent('compositionstart', { bubbles: true }));
  arrivals.take(update.length, () => Y.applyUpdate(doc, update));
  expect(editor.getText()).toBe('开头');
  arrivals.release();
  expect(editor.getText()).toBe('开头结尾');
});
