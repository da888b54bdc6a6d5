//! Do all programs that cut for a store cut alike? `vectors/cuts.json` says what comes of given bytes; the browser's tests read
//! the same file. `WENSHU_WRITE_VECTORS=1` writes it anew, after the sizes of chunks were changed.

use std::path::Path;

use serde::{Deserialize, Serialize};
use storage::{ChunkHash, Sizes};

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Vectors {
    /// Smallest, average and largest chunk.
    sizes: [usize; 3],
    cases: Vec<Case>,
}

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Case {
    name: String,
    parts: Vec<Part>,
    /// Length and hash of each chunk.
    chunks: Vec<(usize, String)>,
}

/// How to make a run of bytes.
#[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
#[serde(rename_all = "lowercase")]
enum Part {
    /// xorshift32 (13, 17, 5) from the seed, four bytes of each number, the lowest first.
    Noise {
        seed: u32,
        length: usize,
    },
    Byte {
        byte: u8,
        length: usize,
    },
    /// `0 协同办公平台建设方案\n1 协同…` with rising numbers, cut at the length.
    Text {
        length: usize,
    },
}

impl Part {
    fn bytes(&self) -> Vec<u8> {
        match *self {
            Part::Noise { seed, length } => {
                let mut state = seed;
                let mut bytes = Vec::with_capacity(length + 4);
                while bytes.len() < length {
                    state ^= state << 13;
                    state ^= state >> 17;
                    state ^= state << 5;
                    bytes.extend_from_slice(&state.to_le_bytes());
                }
                bytes.truncate(length);
                bytes
            }
            Part::Byte { byte, length } => vec![byte; length],
            Part::Text { length } => {
                let mut text = String::new();
                for line in 0.. {
                    if text.len() >= length {
                        break;
                    }
                    text.push_str(&format!("{line} 协同办公平台建设方案\n"));
                }
                let mut bytes = text.into_bytes();
                bytes.truncate(length);
                bytes
            }
        }
    }
}

fn cases(Sizes { min, average, max }: Sizes) -> Vec<(&'static str, Vec<Part>)> {
    let noise = |seed, length| Part::Noise { seed, length };
    let zeros = |length| Part::Byte { byte: 0, length };
    vec![
        ("empty", vec![]),
        ("one byte", vec![Part::Byte { byte: 120, length: 1 }]),
        ("smallest chunk", vec![noise(1, min)]),
        ("one more than the smallest chunk", vec![noise(2, min + 1)]),
        ("zeros, a little more than the largest chunk", vec![zeros(max + 1)]),
        ("zeros, an odd length", vec![zeros(2 * max + average + 3)]),
        ("text", vec![Part::Text { length: 3 * average + 7 }]),
        ("noise", vec![noise(3, 2 * max + 5)]),
        ("noise, an odd length below the average", vec![noise(4, average - 1)]),
        ("noise with zeros in the middle", vec![noise(3, max), zeros(average + 1), noise(5, max - 3)]),
        ("noise after an inserted byte", vec![Part::Byte { byte: 7, length: 1 }, noise(3, 2 * max + 5)]),
    ]
}

fn cut(bytes: &[u8], sizes: Sizes) -> Vec<(usize, String)> {
    let mut chunks = Vec::new();
    let mut rest = bytes;
    while let Some(length) = sizes.first_chunk(rest, true) {
        let (chunk, behind) = rest.split_at(length);
        chunks.push((length, ChunkHash::of(chunk).to_string()));
        rest = behind;
    }
    chunks
}

#[test]
fn chunks_are_those_of_the_shared_vectors() {
    let sizes = Sizes::STORE;
    let cases = cases(sizes).into_iter().map(|(name, parts)| {
        let chunks = cut(&parts.iter().flat_map(Part::bytes).collect::<Vec<u8>>(), sizes);
        Case { name: name.to_owned(), parts, chunks }
    });
    let vectors = Vectors { sizes: [sizes.min, sizes.average, sizes.max], cases: cases.collect() };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/cuts.json");
    if std::env::var_os("WENSHU_WRITE_VECTORS").is_some() {
        std::fs::write(&path, serde_json::to_string_pretty(&vectors).unwrap() + "\n").unwrap();
    }
    let shared: Vectors = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(shared, vectors);
    // What every sharing of chunks rests on: after an insertion the cuts find back to where they were.
    let chunks = |name: &str| &shared.cases.iter().find(|case| case.name == name).unwrap().chunks;
    assert_eq!(chunks("noise").last(), chunks("noise after an inserted byte").last());
}
