//! How is normalised text cut into index terms?
//!
//! A term is a pair of neighbouring characters at the position of the first one. A substring of n characters is then a
//! phrase of pairs: exact, without any dictionary. `\n` separates pages and is part of no pair, so nothing matches
//! across it; the last character before it makes a pair with [`END`], so that every character begins a pair and a single
//! one is found by the pairs that begin with it.

use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

use super::keyed::SEPARATOR;
use super::pinyin;

/// Follows the last character of a line. No normalised text contains it.
pub const END: char = '\u{1}';

/// Emits pairs.
#[derive(Clone)]
pub struct Pairs;

impl Tokenizer for Pairs {
    type TokenStream<'a> = PairStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> PairStream<'a> {
        PairStream { text, byte: 0, position: 0, key: "", token: Token::default() }
    }
}

/// Emits the pairs of every line's value, each as a term of the line's key.
#[derive(Clone)]
pub struct KeyedPairs;

impl Tokenizer for KeyedPairs {
    type TokenStream<'a> = KeyedStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> KeyedStream<'a> {
        let pairs = PairStream { text: "", byte: 0, position: 0, key: "", token: Token::default() };
        KeyedStream { lines: text.lines(), pairs }
    }
}

pub struct PairStream<'a> {
    text: &'a str,
    byte: usize,
    position: usize,
    /// Stands before every pair.
    key: &'a str,
    token: Token,
}

impl TokenStream for PairStream<'_> {
    fn advance(&mut self) -> bool {
        loop {
            let mut rest = self.text[self.byte..].chars();
            let Some(first) = rest.next() else {
                return false;
            };
            let second = rest.next().filter(|second| *second != '\n');
            let start = self.byte;
            self.byte += first.len_utf8();
            self.position += 1;
            if first == '\n' {
                continue;
            }
            self.token.text.clear();
            self.token.text.push_str(self.key);
            self.token.text.push(first);
            self.token.text.push(second.unwrap_or(END));
            self.token.offset_from = start;
            self.token.offset_to = self.byte + second.map_or(0, char::len_utf8);
            self.token.position = self.position - 1;
            return true;
        }
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}

pub struct KeyedStream<'a> {
    lines: std::str::Lines<'a>,
    pairs: PairStream<'a>,
}

impl TokenStream for KeyedStream<'_> {
    fn advance(&mut self) -> bool {
        while !self.pairs.advance() {
            let Some(line) = self.lines.next() else {
                return false;
            };
            let at = line.find(SEPARATOR).map_or(0, |at| at + SEPARATOR.len_utf8());
            // A phrase must not go on from one value to the next.
            self.pairs.position += 1;
            (self.pairs.key, self.pairs.text, self.pairs.byte) = (&line[..at], &line[at..], 0);
        }
        true
    }

    fn token(&self) -> &Token {
        &self.pairs.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.pairs.token
    }
}

/// Emits how a name is read: syllables, and pairs of initials, at the number of the character.
#[derive(Clone)]
pub struct Readings;

impl Tokenizer for Readings {
    type TokenStream<'a> = ListStream;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> ListStream {
        ListStream { tokens: pinyin::tokens(text).into_iter(), token: Token::default() }
    }
}

pub struct ListStream {
    tokens: std::vec::IntoIter<(usize, String)>,
    token: Token,
}

impl TokenStream for ListStream {
    fn advance(&mut self) -> bool {
        let Some((position, text)) = self.tokens.next() else {
            return false;
        };
        (self.token.position, self.token.text) = (position, text);
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}

/// Emits every line as one term.
#[derive(Clone)]
pub struct Lines;

impl Tokenizer for Lines {
    type TokenStream<'a> = Each<std::str::Lines<'a>>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Self::TokenStream<'a> {
        Each { items: text.lines(), token: Token::default() }
    }
}

/// One term for each item.
pub struct Each<I> {
    items: I,
    token: Token,
}

impl<I: Iterator> TokenStream for Each<I>
where
    String: Extend<I::Item>,
{
    fn advance(&mut self) -> bool {
        let Some(item) = self.items.next() else {
            return false;
        };
        self.token.text.clear();
        self.token.text.extend(std::iter::once(item));
        self.token.position = self.token.position.wrapping_add(1);
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}

/// Returns the fewest pairs that cover `chars`, with their offsets: every other one, and the last.
pub fn cover(chars: &[char]) -> Vec<(usize, String)> {
    let Some(last) = chars.len().checked_sub(2) else {
        return Vec::new();
    };
    let mut offsets: Vec<usize> = (0..=last).step_by(2).collect();
    if last % 2 == 1 {
        offsets.push(last);
    }
    offsets.into_iter().map(|offset| (offset, chars[offset..offset + 2].iter().collect())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(mut tokenizer: impl Tokenizer, text: &str) -> Vec<(usize, String)> {
        let mut tokens = Vec::new();
        tokenizer.token_stream(text).process(&mut |token| tokens.push((token.position, token.text.clone())));
        tokens
    }

    fn owned(list: &[(usize, &str)]) -> Vec<(usize, String)> {
        list.iter().map(|(at, text)| (*at, (*text).to_owned())).collect()
    }

    #[test]
    fn pairs_stop_at_line_ends() {
        assert_eq!(
            tokens(Pairs, "国务院\nab"),
            owned(&[(0, "国务"), (1, "务院"), (2, "院\u{1}"), (4, "ab"), (5, "b\u{1}")])
        );
        assert_eq!(tokens(Pairs, ""), owned(&[]));
        assert_eq!(tokens(Lines, "ab\ncd"), owned(&[(0, "ab"), (1, "cd")]));
    }

    #[test]
    fn pairs_of_values_carry_their_key() {
        assert_eq!(
            tokens(KeyedPairs, "p\u{1f}ab\nq\u{1f}c"),
            owned(&[(1, "p\u{1f}ab"), (2, "p\u{1f}b\u{1}"), (4, "q\u{1f}c\u{1}")])
        );
    }

    #[test]
    fn a_cover_touches_every_character() {
        let chars: Vec<char> = "abcde".chars().collect();
        assert_eq!(cover(&chars), owned(&[(0, "ab"), (2, "cd"), (3, "de")]));
        assert_eq!(cover(&chars[..4]), owned(&[(0, "ab"), (2, "cd")]));
        assert_eq!(cover(&chars[..1]), owned(&[]));
    }
}
