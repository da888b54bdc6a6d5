// How long is a text? Counted as Word and WPS do: a Chinese character is a word, and so is a run of Latin letters or digits.
export interface Counts {
  /** 字数: Chinese characters and their punctuation, plus Latin words and numbers. */
  words: number;
  /** Characters without spaces. */
  characters: number;
  charactersWithSpaces: number;
  /** Chinese characters alone. */
  chinese: number;
}

/** Written without spaces between words: each character counts. Full-width signs do too. */
const EAST_ASIAN =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\u3000-\u303f\uff00-\uffef\u2018\u2019\u201c\u201d\u2014\u2026\u00b7]/gu;

const HAN = /\p{Script=Han}/gu;

export function countText(text: string): Counts {
  const withoutFormat = text.replace(/\ufffc/g, '');
  const eastAsian = withoutFormat.match(EAST_ASIAN)?.length ?? 0;
  const latin = withoutFormat.replace(EAST_ASIAN, ' ').match(/\S+/g)?.length ?? 0;
  const withSpaces = [...withoutFormat.replace(/\n/g, '')];
  return {
    words: eastAsian + latin,
    characters: withSpaces.filter((character) => !/\s/.test(character)).length,
    charactersWithSpaces: withSpaces.length,
    chinese: withoutFormat.match(HAN)?.length ?? 0,
  };
}
