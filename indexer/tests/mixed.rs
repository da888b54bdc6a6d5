//! Texts of all scripts, mixed without mercy: every part of a text finds it, through changes, merges and starts.
//!
//! TEST_ROUNDS asks for more rounds than usual.

mod common;

use std::collections::BTreeMap;

use common::{Scan, quoted, request, seeded};
use indexer::index::{Access, Index, IndexDocument, Position, Scopes, SearchRequest, Sort};
use indexer::normalize::normalize;
use rand::RngExt;
use rand::rngs::StdRng;

const ROUNDS: usize = 24;
const DOCUMENTS: usize = 40;
/// Pieces that texts are made of. Characters that belong to the one before stand behind it.
const PIECES: &[&str] = &[
    "国",
    "國",
    "务",
    "務",
    "院",
    "发",
    "發",
    "髮",
    "后",
    "後",
    "台",
    "臺",
    "里",
    "裏",
    "裡",
    "乾",
    "干",
    "的",
    "一",
    "二",
    "關於",
    "资讯",
    "資訊",
    "公开",
    "檔案",
    "档案",
    "万",
    "萬",
    "〇",
    "々",
    "⺠",
    "⻓",
    "豈",
    "鸩",
    "䶮",
    "𠮷",
    "𠮷野家",
    "𪚥",
    "𣈶",
    "２０２３",
    "2023",
    "１２",
    "12号",
    "１２號",
    "Ａ",
    "ａ",
    "ﾊﾟ",
    "パ",
    "ｶﾞ",
    "が",
    "か\u{3099}",
    "ア",
    "한",
    "글",
    "ㄅ",
    "\u{1112}\u{1161}\u{11ab}",
    "cloud",
    "Cloud storage",
    "STRASSE",
    "straße",
    "İstanbul",
    "ﬁle",
    "ǅ",
    "Σίσυφος",
    "ЖЁ",
    "e\u{301}",
    "é",
    "E\u{301}\u{323}",
    "n\u{303}o",
    "½",
    "㎡",
    "①",
    "㈱",
    "Ⅷ",
    "™",
    "ａｂｃ",
    "x²",
    "H₂O",
    "𝒜𝓫𝐜",
    "😀",
    "👨\u{200d}👩\u{200d}👧",
    "🇨🇳",
    "1\u{fe0f}\u{20e3}",
    "👍🏽",
    "❤\u{fe0f}",
    "〔2023〕",
    "[2023]",
    "（一）",
    "(一)",
    "【】",
    "「」",
    "“”",
    "\"",
    "'",
    "\\",
    "-",
    "—",
    "－",
    "，",
    ",",
    "。",
    ".",
    "、",
    "：",
    ":",
    "；",
    "！",
    "?",
    "·",
    "•",
    "…",
    "/",
    "%",
    "_",
    "*",
    "OR",
    "-x",
    "type:pdf",
    " ",
    "\u{3000}",
    "\t",
    "\n",
    "\u{a0}",
    "\u{200b}",
    "\u{feff}",
    "\u{ad}",
    "\u{202e}",
    "\u{0}",
    "ก็",
    "नमस्ते",
    "שלום",
    "مرحبا",
];

fn text(random: &mut StdRng, pieces: usize) -> String {
    (0..pieces).map(|_| PIECES[random.random_range(0..PIECES.len())]).collect()
}

fn document(random: &mut StdRng, number: usize) -> IndexDocument {
    // Most are short; some are longer than the pieces in which an index keeps its texts.
    let long = random.random_range(0..12) == 0;
    let pages = (0..random.random_range(1..4)).map(|_| {
        let pieces = if long { random.random_range(1500..3000) } else { random.random_range(0..60) };
        text(random, pieces)
    });
    let pages = pages.collect();
    IndexDocument {
        id: format!("d{number}"),
        kind: "file".into(),
        name: text(random, 6),
        tags: if number.is_multiple_of(3) { vec![text(random, 3)] } else { Vec::new() },
        level: random.random_range(0..3),
        scope: format!("s{}", random.random_range(0..4)),
        pages,
        extra: if number.is_multiple_of(4) { text(random, 20) } else { String::new() },
        updated_at: random.random_range(0..50),
        ..IndexDocument::default()
    }
}

/// An index, what it must hold, and what it held at its last commit.
struct World {
    folder: tempfile::TempDir,
    index: Option<Index>,
    now: BTreeMap<usize, IndexDocument>,
    committed: BTreeMap<usize, IndexDocument>,
    position: u64,
}

impl World {
    fn new() -> World {
        let folder = tempfile::tempdir().unwrap();
        let index = Some(Index::open(folder.path()).unwrap().0);
        World { folder, index, now: BTreeMap::new(), committed: BTreeMap::new(), position: 0 }
    }

    fn index(&self) -> &Index {
        self.index.as_ref().unwrap()
    }

    fn change(&mut self, random: &mut StdRng) {
        let number = random.random_range(0..DOCUMENTS);
        if random.random_range(0..4) == 0 {
            self.index().delete(&format!("d{number}")).unwrap();
            self.now.remove(&number);
        } else {
            let document = document(random, number);
            self.index().put(&document).unwrap();
            self.now.insert(number, document);
        }
    }

    fn commit(&mut self) {
        self.position += 1;
        self.index().commit(self.position).unwrap();
        self.committed = self.now.clone();
    }

    /// Closes and opens again: what was not committed is gone.
    fn reopen(&mut self) {
        self.index = None;
        let (index, position) = Index::open(self.folder.path()).unwrap();
        assert_eq!(position, Position(self.position));
        self.index = Some(index);
        self.now = self.committed.clone();
    }

    fn check(&self, random: &mut StdRng, questions: usize) {
        assert_eq!(self.index().document_count().unwrap(), self.committed.len() as u64);
        let documents: Vec<IndexDocument> = self.committed.values().cloned().collect();
        if documents.is_empty() {
            return;
        }
        let scan = Scan::new(&documents);
        for _ in 0..questions {
            let access = match random.random_range(0..3) {
                0 => Access { scopes: Scopes::Only(vec!["s1".into(), "s3".into()]), max_level: 1 },
                _ => Access::all(),
            };
            let readable = |id: &String| {
                let document = &self.committed[&id[1..].parse().unwrap()];
                access == Access::all() || (["s1", "s3"].contains(&document.scope.as_str()) && document.level <= 1)
            };
            let (one, two) = (part(random, &documents), part(random, &documents));
            let truth = |texts: &[&str]| {
                let mut ids = scan.find(texts);
                ids.retain(readable);
                ids
            };
            let (of_one, of_two, of_both) = (truth(&[&one]), truth(&[&two]), truth(&[&one, &two]));
            let found = |q: &str| self.find(random_sort(&one), q, &access);
            let (q1, q2) = (quoted(&one), quoted(&two));
            assert_eq!(found(&q1), of_one, "{one:?}");
            assert_eq!(found(&format!("{q1} {q2}")), of_both, "{one:?} and {two:?}");
            let mut either = [of_one.clone(), of_two].concat();
            either.sort();
            either.dedup();
            assert_eq!(found(&format!("{q1} OR {q2}")), either, "{one:?} or {two:?}");
            let without: Vec<String> = of_one.into_iter().filter(|id| !of_both.contains(id)).collect();
            assert_eq!(found(&format!("{q1} -{q2}")), without, "{one:?} without {two:?}");
            let rest: Vec<String> = documents
                .iter()
                .map(|one| one.id.clone())
                .filter(|id| readable(id) && !truth(&[&two]).contains(id))
                .collect();
            let mut rest = rest;
            rest.sort();
            assert_eq!(found(&format!("-{q2}")), rest, "without {two:?}");
        }
    }

    /// All pages of results.
    fn find(&self, sort: Sort, q: &str, access: &Access) -> Vec<String> {
        let (mut ids, mut cursor) = (Vec::new(), None);
        loop {
            let ask = SearchRequest { cursor, limit: 7, sort: sort.clone(), access: access.clone(), ..request(q) };
            let results = self.index().search(&ask).unwrap_or_else(|error| panic!("{q:?}: {error}"));
            ids.extend(results.hits.into_iter().map(|hit| hit.id));
            cursor = results.next_cursor;
            if cursor.is_none() {
                assert_eq!(results.total, ids.len() as u64, "{q:?}");
                ids.sort();
                return ids;
            }
        }
    }
}

/// Each text is asked for in an order of its own.
fn random_sort(text: &str) -> Sort {
    [Sort::Relevance, Sort::Newest, Sort::Name, Sort::Size][text.len() % 4].clone()
}

/// One to eight characters of a document that stand side by side there; what means nothing (white space alone) is not asked for.
/// A part that does not cut a character from what belongs to it is in the document's normal form, too: that is checked here.
fn part(random: &mut StdRng, documents: &[IndexDocument]) -> String {
    loop {
        let document = &documents[random.random_range(0..documents.len())];
        let text = match random.random_range(0..8) {
            0 => &document.name,
            1 => &document.extra,
            _ => &document.pages[random.random_range(0..document.pages.len())],
        };
        let chars: Vec<char> = text.chars().collect();
        let length = random.random_range(1..9);
        if chars.len() < length {
            continue;
        }
        let from = random.random_range(0..chars.len() - length + 1);
        let part: String = chars[from..from + length].iter().collect();
        let normal = normalize(&part);
        if normal.is_empty() {
            continue;
        }
        let joins = |at: usize| chars.get(at).is_some_and(|char| joins_previous(*char));
        if !joins(from) && !joins(from + length) {
            assert!(normalize(text).contains(&normal), "{part:?} is not found in {text:?}");
        }
        return part;
    }
}

fn joins_previous(char: char) -> bool {
    unicode_normalization::char::canonical_combining_class(char) != 0
        || matches!(char, '\u{1160}'..='\u{11ff}' | '\u{ff9e}' | '\u{ff9f}')
}

#[test]
fn every_part_of_any_text_finds_it_through_changes_and_starts() {
    let rounds = std::env::var("TEST_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    let mut random = seeded(rounds as u64);
    let mut world = World::new();
    for round in 0..rounds {
        for _ in 0..random.random_range(1..14) {
            world.change(&mut random);
        }
        match round % 6 {
            // Lost: it was never committed.
            2 => world.reopen(),
            4 => {
                world.commit();
                world.reopen();
            }
            _ => world.commit(),
        }
        world.check(&mut random, 6);
    }
}

#[test]
fn variants_of_a_text_find_each_other() {
    let mut world = World::new();
    let variants = [
        ["國發〔２０２３〕１２號", "国发[2023]12号", "国发【2023】12號", "國发（２０２３）12号"],
        ["ﾊﾟｰﾄ", "パート", "ハ\u{309a}ート", "パ\u{200b}ート"],
        ["Ｃａｆｅ\u{301} ﬁle", "café file", "CAFÉ  FILE", "cafe\u{301}\u{a0}ﬁle"],
        ["𝒜𝓫𝐜①", "Abc1", "ＡＢＣ１", "ａ\u{ad}bc１"],
        ["⻓期檔案", "长期档案", "長 期\n檔案", "長\u{3000}期档\u{feff}案"],
    ];
    for (number, texts) in variants.iter().enumerate() {
        for (variant, text) in texts.iter().enumerate() {
            let id = number * 4 + variant;
            let document = IndexDocument {
                id: format!("d{id}"),
                kind: "file".into(),
                pages: vec![format!("前{text}后")],
                ..IndexDocument::default()
            };
            world.index().put(&document).unwrap();
            world.now.insert(id, document);
        }
    }
    world.commit();
    for (number, texts) in variants.iter().enumerate() {
        let mut expected: Vec<String> = (number * 4..number * 4 + 4).map(|id| format!("d{id}")).collect();
        expected.sort();
        for text in texts {
            assert_eq!(world.find(Sort::Relevance, &quoted(text), &Access::all()), expected, "{text:?}");
        }
    }
}
