import { expect, test } from 'vitest';
import { en, zhCN } from './texts';

const placeholders = (text: string) => (text.match(/{{\w+}}/g) ?? []).sort();

test('both languages say the same things with the same values', () => {
  const chinese: Record<string, string> = zhCN;
  for (const [key, text] of Object.entries(en)) {
    const other = chinese[key] ?? chinese[key.replace(/_one$/, '_other')];
    expect(other, key).toBeTruthy();
    expect(placeholders(text), key).toEqual(placeholders(other ?? ''));
  }
  expect(Object.keys(chinese).filter((key) => !(key in en))).toEqual([]);
});
