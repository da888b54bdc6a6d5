import { expect, it } from 'vitest';
import { linkTarget } from './linkTarget';

it.each([
  ['example.org/plan', 'https://example.org/plan'],
  ['http://example.org', 'http://example.org'],
  ['/documents/1', '/documents/1'],
  ['#part', '#part'],
  ['lina@example.org', 'mailto:lina@example.org'],
  ['oa.local:8080/x', 'https://oa.local:8080/x'],
  ['mailto:a@b.cn', 'mailto:a@b.cn'],
])('%s leads to %s', (typed, target) => expect(linkTarget(typed)).toBe(target));
