import { expect, it } from 'vitest';
import { countText } from './words';

it('counts Chinese by characters, punctuation included', () => {
  expect(countText('关于加强档案管理的通知，请遵照执行。')).toMatchObject({ words: 18, characters: 18, chinese: 16 });
});

it('counts Latin words and numbers as one each', () => {
  expect(countText('The plan for 2026.')).toMatchObject({ words: 4, characters: 15, charactersWithSpaces: 18, chinese: 0 });
  expect(countText('使用Word 2019编辑')).toMatchObject({ words: 6, chinese: 4 });
});

it('counts neither the ends of paragraphs nor what is no text', () => {
  expect(countText('一\n二\ufffc')).toMatchObject({ words: 2, characters: 2, charactersWithSpaces: 2 });
  expect(countText('')).toEqual({ words: 0, characters: 0, charactersWithSpaces: 0, chinese: 0 });
});

it('counts rare characters beyond the basic plane once', () => {
  expect(countText('𠮷野家')).toMatchObject({ words: 3, characters: 3 });
});
