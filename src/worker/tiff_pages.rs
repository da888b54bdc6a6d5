//! Where are the pages of a TIFF file? Scanners and fax servers put many into one.
//!
//! A TIFF file is a chain of directories, one for each page, and its header points at the first. Made to point at another one,
//! it shows that page to a decoder that reads one only.

/// Pages that are looked for; a chain may also run in a circle.
const MAX_PAGES: usize = 2_000;

/// The chain of directories of a file.
pub struct TiffPages {
    is_little: bool,
    is_big_tiff: bool,
    offsets: Vec<u64>,
}

impl TiffPages {
    /// Follows the chain; `None` when this is no TIFF file.
    pub fn find(bytes: &[u8]) -> Option<Self> {
        let is_little = match bytes.get(..2)? {
            b"II" => true,
            b"MM" => false,
            _ => return None,
        };
        let mut pages = TiffPages { is_little, is_big_tiff: false, offsets: Vec::new() };
        pages.is_big_tiff = match pages.number(bytes, 2, 2)? {
            42 => false,
            43 => true,
            _ => return None,
        };
        let (place, width) = pages.head();
        let (count_width, entry) = if pages.is_big_tiff { (8, 20) } else { (2, 12) };
        let mut next = pages.number(bytes, place, width);
        while let Some(offset) = next.filter(|offset| *offset > 0) {
            if pages.offsets.len() >= MAX_PAGES || pages.offsets.contains(&offset) {
                break;
            }
            pages.offsets.push(offset);
            let start = usize::try_from(offset).ok()?;
            next = pages.number(bytes, start, count_width).and_then(|count| {
                let entries = usize::try_from(count).ok()?.checked_mul(entry)?;
                pages.number(bytes, start.checked_add(count_width)?.checked_add(entries)?, width)
            });
        }
        Some(pages)
    }

    /// How many pages there are.
    pub fn count(&self) -> usize {
        self.offsets.len()
    }

    /// Makes the header point at page `index`.
    pub fn show(&self, bytes: &mut [u8], index: usize) {
        let (place, width) = self.head();
        if let (Some(offset), Some(header)) = (self.offsets.get(index), bytes.get_mut(place..place + width)) {
            let little = offset.to_le_bytes();
            for (at, byte) in header.iter_mut().enumerate() {
                *byte = if self.is_little { little[at] } else { little[width - 1 - at] };
            }
        }
    }

    /// Where the offset of the first directory stands, and how wide it is.
    fn head(&self) -> (usize, usize) {
        if self.is_big_tiff { (8, 8) } else { (4, 4) }
    }

    fn number(&self, bytes: &[u8], at: usize, width: usize) -> Option<u64> {
        let part = bytes.get(at..at.checked_add(width)?)?;
        let join = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        Some(if self.is_little { part.iter().rev().fold(0, join) } else { part.iter().fold(0, join) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two directories without entries, of which the second points back at the first.
    const RING: [u8; 20] = [b'I', b'I', 42, 0, 8, 0, 0, 0, 0, 0, 14, 0, 0, 0, 0, 0, 8, 0, 0, 0];

    #[test]
    fn pages_are_found_and_shown_and_a_ring_ends() {
        let pages = TiffPages::find(&RING).unwrap();
        assert_eq!(pages.count(), 2);
        let mut shown = RING;
        pages.show(&mut shown, 1);
        assert_eq!(shown[4..8], [14, 0, 0, 0]);
    }

    #[test]
    fn what_is_cut_off_has_fewer_pages() {
        assert_eq!(TiffPages::find(&RING[..12]).unwrap().count(), 1);
        assert!(TiffPages::find(b"MM\0").is_none());
        assert!(TiffPages::find(b"II\x2a\0\xff\xff\xff\xff").unwrap().count() == 1);
    }
}
