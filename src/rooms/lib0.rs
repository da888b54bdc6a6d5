//! How are numbers and strings laid out in Yjs messages? lib0's variable-length encoding, read without ever panicking.

/// Why bytes could not be read. The text is for people and ends in a close frame.
pub type Malformed = &'static str;

/// A position in bytes that somebody else sent.
#[derive(Clone)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Starts at the first byte.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// How many bytes have been read.
    pub fn position(&self) -> usize {
        self.at
    }

    /// How many bytes are left.
    pub fn remaining(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// Reads one byte.
    pub fn byte(&mut self) -> Result<u8, Malformed> {
        let byte = *self.bytes.get(self.at).ok_or("the message ends too early")?;
        self.at += 1;
        Ok(byte)
    }

    /// Reads an unsigned number of at most 53 bits, the most that JavaScript clients can mean.
    pub fn uint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0u64;
        for shift in (0..56).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return if value < 1 << 53 { Ok(value) } else { Err("a number is too large") };
            }
        }
        Err("a number is too long")
    }

    /// Reads an unsigned number of at most 31 bits: clocks and lengths.
    pub fn small(&mut self) -> Result<u32, Malformed> {
        let value = self.uint()?;
        u32::try_from(value).ok().filter(|value| *value <= i32::MAX as u32).ok_or("a number is too large")
    }

    /// Reads a count of things that take at least `each` bytes; more than can follow is refused before anything is allocated.
    pub fn count(&mut self, each: usize) -> Result<usize, Malformed> {
        let count = self.small()? as usize;
        if count.saturating_mul(each) > self.remaining() {
            Err("a count is larger than the message")
        } else {
            Ok(count)
        }
    }

    /// Reads `len` bytes.
    pub fn take(&mut self, len: usize) -> Result<&'a [u8], Malformed> {
        if len > self.remaining() {
            return Err("the message ends too early");
        }
        let taken = &self.bytes[self.at..self.at + len];
        self.at += len;
        Ok(taken)
    }

    /// Reads bytes that are preceded by their length.
    pub fn buffer(&mut self) -> Result<&'a [u8], Malformed> {
        let len = self.count(1)?;
        self.take(len)
    }

    /// Reads a string.
    pub fn string(&mut self) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.buffer()?).map_err(|_| "a string is not UTF-8")
    }

    /// Expects that nothing is left.
    pub fn end(&self) -> Result<(), Malformed> {
        if self.remaining() == 0 { Ok(()) } else { Err("bytes follow the end of the message") }
    }
}

/// Appends an unsigned number.
pub fn put_uint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value as u8 & 0x7f) | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends bytes with their length before them.
pub fn put_buffer(out: &mut Vec<u8>, bytes: &[u8]) {
    put_uint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_written_is_read(value in 0u64..1 << 53, bytes: Vec<u8>) {
            let mut out = Vec::new();
            put_uint(&mut out, value);
            put_buffer(&mut out, &bytes);
            let mut reader = Reader::new(&out);
            prop_assert_eq!(reader.uint(), Ok(value));
            prop_assert_eq!(reader.buffer(), Ok(&bytes[..]));
            prop_assert_eq!(reader.end(), Ok(()));
        }
    }

    #[test]
    fn numbers_beyond_53_bits_are_refused() {
        assert!(Reader::new(&[0xff; 9]).uint().is_err());
        assert!(Reader::new(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]).uint().is_err());
        assert!(Reader::new(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]).uint().is_ok());
    }
}
