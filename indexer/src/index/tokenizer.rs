//! How is normalised text cut into index terms?
//!
//! A term is a pair of neighbouring characters at the position of the first one. A substring of n characters is then a
//! phrase of pairs: exact, without any dictionary. `\n` separates pages and is part of no pair, so nothing matches
//! across a page end.

use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

/// Emits pairs; with `singles`, every character too (for short fields, where one character must be found in place).
#[derive(Clone)]
pub struct Pairs {
    pub singles: bool,
}

impl Tokenizer for Pairs {
    type TokenStream<'a> = PairStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> PairStream<'a> {
        PairStream { text, byte: 0, position: 0, singles: self.singles, single_done: false, token: Token::default() }
    }
}

pub struct PairStream<'a> {
    text: &'a str,
    byte: usize,
    position: usize,
    singles: bool,
    single_done: bool,
    token: Token,
}

impl TokenStream for PairStream<'_> {
    fn advance(&mut self) -> bool {
        loop {
            let mut rest = self.text[self.byte..].chars();
            let Some(first) = rest.next() else {
                return false;
            };
            let width = first.len_utf8();
            if self.singles && !self.single_done && first != '\n' {
                self.single_done = true;
                self.emit(width);
                return true;
            }
            let second = rest.next();
            if first != '\n'
                && let Some(second) = second
                && second != '\n'
            {
                self.emit(width + second.len_utf8());
                self.step(width);
                return true;
            }
            self.step(width);
        }
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}

impl PairStream<'_> {
    fn emit(&mut self, width: usize) {
        self.token.text.clear();
        self.token.text.push_str(&self.text[self.byte..self.byte + width]);
        self.token.offset_from = self.byte;
        self.token.offset_to = self.byte + width;
        self.token.position = self.position;
    }

    fn step(&mut self, width: usize) {
        self.byte += width;
        self.position += 1;
        self.single_done = false;
    }
}

/// Emits every character as a term.
#[derive(Clone)]
pub struct Singles;

impl Tokenizer for Singles {
    type TokenStream<'a> = Each<std::str::Chars<'a>>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Self::TokenStream<'a> {
        Each { items: text.chars(), token: Token::default() }
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
        assert_eq!(tokens(Pairs { singles: false }, "国务院\nab"), owned(&[(0, "国务"), (1, "务院"), (4, "ab")]));
        assert_eq!(tokens(Pairs { singles: true }, "ab\nc"), owned(&[(0, "a"), (0, "ab"), (1, "b"), (3, "c")]));
        assert_eq!(tokens(Pairs { singles: false }, ""), owned(&[]));
        assert_eq!(tokens(Lines, "ab\ncd"), owned(&[(0, "ab"), (1, "cd")]));
    }

    #[test]
    fn a_cover_touches_every_character() {
        let chars: Vec<char> = "abcde".chars().collect();
        assert_eq!(cover(&chars), owned(&[(0, "ab"), (2, "cd"), (3, "de")]));
        assert_eq!(cover(&chars[..4]), owned(&[(0, "ab"), (2, "cd")]));
        assert_eq!(cover(&chars[..1]), owned(&[]));
    }
}
