import { expect, test } from 'vitest';
import { EventReader, fromBase64 } from './eventStream';

test('events are read whatever pieces they come in', () => {
  const text = ':     \n\nevent: open\ndata: abc\n\ndata: AAEC\n\ndata: one\ndata: two\r\n\r\nevent: close\ndata: 4403 no more\n\n';
  const expected = [
    { name: 'open', data: 'abc' },
    { name: 'message', data: 'AAEC' },
    { name: 'message', data: 'one\ntwo' },
    { name: 'close', data: '4403 no more' },
  ];
  for (let size = 1; size <= text.length; size += 1) {
    const reader = new EventReader();
    const events = [];
    for (let at = 0; at < text.length; at += size) events.push(...reader.push(text.slice(at, at + size)));
    expect(events, `in pieces of ${size}`).toEqual(expected);
  }
});

test('an event that has not ended is not given out', () => {
  const reader = new EventReader();
  expect(reader.push('data: half')).toEqual([]);
  expect(reader.push('\n')).toEqual([]);
  expect(reader.push('\n')).toEqual([{ name: 'message', data: 'half' }]);
});

test('base64 becomes bytes', () => {
  expect([...fromBase64('AAH/')]).toEqual([0, 1, 255]);
  expect(fromBase64('').length).toBe(0);
});
