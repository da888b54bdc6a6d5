import { getSchema } from '@tiptap/core';
import { Node } from '@tiptap/pm/model';
import { describe, expect, it } from 'vitest';
import { schemaExtensions } from '../editor/extensions';
import { TEMPLATES, templateContent } from './templates';

const schema = getSchema(schemaExtensions());
const friday = new Date(2026, 10, 20);

describe.each(TEMPLATES)('the template %s', (name) => {
  it.each(['zh-CN', 'en'])('is a page in %s', (language) => {
    const content = templateContent(name, language, friday);
    const doc = Node.fromJSON(schema, { type: 'doc', content });
    expect(() => doc.check()).not.toThrow();
    // Nothing of it is lost in the schema.
    expect(doc.childCount).toBe(content.length);
  });
});

it('has the parts of an official document in their order', () => {
  const styles = templateContent('official', 'zh-CN', friday).map((node) => node.attrs?.styleName as string | undefined);
  expect(styles.filter((style, index) => style && style !== styles[index - 1])).toEqual([
    'official-issuer',
    'official-number',
    'official-title',
    'official-recipients',
    'official-body',
    'official-body',
    'official-body',
    'official-body',
    'official-body',
    'official-attachment',
    'official-signature',
    'official-date',
    'official-copies',
  ]);
});

it('writes the dates of the week', () => {
  expect(JSON.stringify(templateContent('weekly', 'zh-CN', friday))).toContain('11月16日—11月20日');
  expect(JSON.stringify(templateContent('official', 'zh-CN', friday))).toContain('×发〔2026〕1号');
});
