//! Whoever may not read a document notices nothing of it, whatever is asked: each answer of an index that holds everything
//! equals that of an index which never held the hidden documents.

mod common;

use std::fmt::Debug;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{Law, laws, quoted, seeded};
use indexer::index::{Access, Filter, Index, IndexDocument, Property, Scopes, SearchRequest, Sort};
use indexer::query::{NameKind, QueryName};
use rand::RngExt;
use rand::rngs::StdRng;

/// Questions asked, over all threads; TEST_CANARY_QUESTIONS asks for another number. More go over HTTP (`tests/api/canary.rs`).
const QUESTIONS: usize = 10_000;
const THREADS: usize = 4;
const DOCUMENTS: usize = 420;
/// Documents that were there once and are deleted.
const DELETED: usize = 60;
/// Rare characters with their readings: what canary words are made of.
const RARE: [(char, &str); 20] = [
    ('鸩', "zhen"),
    ('鹮', "huan"),
    ('鼋', "yuan"),
    ('齑', "ji"),
    ('龃', "ju"),
    ('黻', "fu"),
    ('麈', "zhu"),
    ('鬣', "lie"),
    ('饕', "tao"),
    ('霰', "xian"),
    ('镬', "huo"),
    ('醍', "ti"),
    ('赪', "cheng"),
    ('谶', "chen"),
    ('觱', "bi"),
    ('衾', "qin"),
    ('蠡', "li"),
    ('薨', "hong"),
    ('罅', "xia"),
    ('縠', "hu"),
];

/// A word that no other document has.
fn canary(number: usize) -> String {
    let rare = |at: usize| RARE[at % RARE.len()].0;
    format!("{}{}{}q{number}z", rare(number), rare(number / RARE.len() + 7), rare(number * 3 + 1))
}

/// How the characters of a canary are read, whole or by their first letters.
fn reading(canary: &str, initials: bool) -> String {
    let of = |char: char| RARE.iter().find(|(rare, _)| *rare == char).map(|(_, reading)| *reading);
    canary.chars().filter_map(of).map(|reading| if initials { &reading[..1] } else { reading }).collect()
}

/// Some lines of a law, with canaries in everything that is searched or counted.
fn document(random: &mut StdRng, number: usize, laws: &[Law]) -> IndexDocument {
    let canary = canary(number);
    let law = &laws[random.random_range(0..laws.len())];
    let lines: Vec<&str> = law.text.lines().filter(|line| !line.trim().is_empty()).collect();
    let page = |random: &mut StdRng| {
        let from = random.random_range(0..lines.len());
        let mut page: String = lines[from..].iter().take(4).flat_map(|line| line.chars().take(60)).collect();
        if random.random_range(0..2) == 0 {
            page.push_str(&canary);
        }
        page
    };
    let pages: Vec<String> = (0..random.random_range(1..4)).map(|_| page(random)).collect();
    let year = 2000 + number as i64 % 9 + if number.is_multiple_of(13) { 100 } else { 0 };
    let property = |id: &str, text: String, number: Option<f64>| Property { id: id.into(), text, number, facet: true };
    IndexDocument {
        id: format!("document-{number:04}"),
        kind: if number.is_multiple_of(3) { "page".into() } else { "file".into() },
        name: format!("{}{canary}通知", &law.name.chars().take(4).collect::<String>()),
        folder_ids: vec![format!("library-{}", number % 7), format!("folder-{}", number % 21)],
        tags: vec![format!("标签{}", number % 5), format!("签{canary}")],
        properties: vec![
            property("year", year.to_string(), Some(year as f64)),
            property("number", format!("档{canary}"), None),
            property("term", ["永久", "三十年", "十年"][number % 3].into(), None),
        ],
        author: if number.is_multiple_of(2) { format!("作者{canary}") } else { "李 明".into() },
        media_type: ["text/markdown", "application/pdf", "text/csv"][number % 3].into(),
        level: (number % 4) as i64,
        scope: format!("scope-{}", number % 11),
        headings: vec![format!("第{}章 总则", number % 6), canary.clone()],
        pages,
        extra: if number.is_multiple_of(5) { format!("附{canary}") } else { String::new() },
        created_at: 1_600_000_000_000 + number as i64,
        // Some at the very same moment: the order of equals must not tell either.
        updated_at: 1_700_000_000_000 + (number as i64 / 2) * 50_000_000,
        size_bytes: (number as i64 * 7919) % 5000,
    }
}

/// Who asks, and the two indexes that must answer alike.
struct World {
    access: Access,
    everything: Index,
    readable_only: Index,
    documents: Vec<IndexDocument>,
    _folders: [tempfile::TempDir; 2],
}

impl World {
    fn new(access: Access, documents: &[IndexDocument], laws: &[Law]) -> World {
        let may_read = |document: &IndexDocument| {
            let in_scope = match &access.scopes {
                Scopes::All => true,
                Scopes::Only(scopes) => scopes.contains(&document.scope),
            };
            in_scope && document.level <= access.max_level
        };
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let [everything, readable_only] = folders.each_ref().map(|folder| Index::open(folder.path()).unwrap().0);
        let mut random = seeded(99);
        for (number, document) in documents.iter().enumerate() {
            // Many were something else before, some of it readable.
            if number.is_multiple_of(3) {
                let mut before = self::document(&mut random, number + 2000, laws);
                before.id = document.id.clone();
                everything.put(&before).unwrap();
            }
            everything.put(document).unwrap();
            if number % 70 == 69 {
                everything.commit(number as u64).unwrap();
            }
        }
        let gone: Vec<_> = (0..DELETED).map(|number| self::document(&mut random, number + 1000, laws)).collect();
        gone.iter().for_each(|document| everything.put(document).unwrap());
        everything.commit(5000).unwrap();
        gone.iter().for_each(|document| everything.delete(&document.id).unwrap());
        everything.commit(5001).unwrap();
        documents.iter().filter(|one| may_read(one)).for_each(|document| readable_only.put(document).unwrap());
        readable_only.commit(1).unwrap();
        let [readable, hidden] = [true, false].map(|kept| documents.iter().filter(|one| may_read(one) == kept).count());
        assert!(hidden > 20 && (readable > 20 || access == Access::default()), "{readable} {hidden}");
        let documents = documents.iter().cloned().chain(gone).collect();
        World { access, everything, readable_only, documents, _folders: folders }
    }

    /// Asks both indexes one question; returns whether anything was found.
    fn ask(&self, random: &mut StdRng) -> bool {
        let document = &self.documents[random.random_range(0..self.documents.len())];
        match random.random_range(0..40) {
            0..=3 => {
                let text = typed(random, document);
                self.same(&text, |index| index.suggest(&text, &self.access, 10))
            }
            4..=7 => {
                let (key, text) = (["author", "tag"][random.random_range(0..2)], typed(random, document));
                self.same(&(key, &text), |index| index.suggest_values(key, &text, &self.access, 10))
            }
            8 => self.same(&document.id, |index| index.similar(&document.id, &self.access, 8)),
            _ => self.search(request(random, document, &self.access)),
        }
    }

    fn search(&self, mut request: SearchRequest) -> bool {
        let mut cursors = [None, None];
        let mut found = false;
        for _ in 0..3 {
            let mut answers =
                [&self.everything, &self.readable_only].into_iter().zip(&cursors).map(|(index, cursor)| {
                    let mut results = index.search(&SearchRequest { cursor: cursor.clone(), ..request.clone() });
                    let next = results.as_mut().ok().and_then(|results| results.next_cursor.take());
                    (results.map_err(|error| error.to_string()), next)
                });
            let ((left, left_next), (right, right_next)) = (answers.next().unwrap(), answers.next().unwrap());
            assert_eq!(left, right, "{request:?}");
            assert_eq!(left_next.is_some(), right_next.is_some(), "{request:?}");
            found |= left.is_ok_and(|results| results.total > 0);
            if left_next.is_none() {
                break;
            }
            cursors = [left_next, right_next];
            // A list that is read on is not counted again.
            request.facets.clear();
        }
        found
    }

    fn same<T: Debug + PartialEq>(
        &self,
        question: &dyn Debug,
        answer: impl Fn(&Index) -> indexer::index::Result<Vec<T>>,
    ) -> bool {
        let of = |index| answer(index).map_err(|error| error.to_string());
        let (left, right) = (of(&self.everything), of(&self.readable_only));
        assert_eq!(left, right, "{question:?}");
        left.is_ok_and(|found| !found.is_empty())
    }
}

/// What somebody types who guesses at `document`.
fn typed(random: &mut StdRng, document: &IndexDocument) -> String {
    let number: usize = document.id[9..].parse().unwrap();
    let canary = canary(number);
    let part = |random: &mut StdRng, text: &str| {
        let chars: Vec<char> = text.chars().collect();
        let from = random.random_range(0..chars.len());
        let len = random.random_range(1..6);
        chars[from..].iter().take(len).collect::<String>()
    };
    let page = &document.pages[random.random_range(0..document.pages.len())];
    match random.random_range(0..9) {
        0 => canary,
        1 => part(random, &canary),
        2 => reading(&canary, false),
        3 => reading(&canary, true),
        4 => part(random, &document.name),
        5 => part(random, &document.author),
        6 => document.tags[random.random_range(0..2)].clone(),
        _ => part(random, page),
    }
}

/// A query in the language of the search box.
fn query(random: &mut StdRng, document: &IndexDocument) -> String {
    let one = typed(random, document);
    let common = ["的", "应当", "规定", "通知", "第", "国"][random.random_range(0..6)];
    let day = format!("20{:02}-0{}", random.random_range(20..30), random.random_range(1..10));
    match random.random_range(0..16) {
        0..=3 => quoted(&one),
        4 => one,
        5 => format!("-{}", quoted(&one)),
        6 => format!("{common} -{}", quoted(&one)),
        7 => format!("{common} OR {}", quoted(&one)),
        8 => format!("{common} {}", quoted(&one)),
        9 => format!("author:{}", quoted(&one)),
        10 => format!("tag:{} {common}", quoted(&one)),
        11 => format!("in:{}", quoted(&one)),
        12 => format!("after:{day} {common}"),
        13 => format!("-before:{day} {}", quoted(&one)),
        14 => format!("type:{} {common}", ["pdf", "page", "csv", "text/markdown"][random.random_range(0..4)]),
        _ => [format!("\"{one}"), format!("档号:{}", quoted(&one)), String::new()][random.random_range(0..3)].clone(),
    }
}

fn request(random: &mut StdRng, document: &IndexDocument, access: &Access) -> SearchRequest {
    const KEYS: [&str; 10] = [
        "library",
        "type",
        "author",
        "year",
        "month",
        "tag",
        "level",
        "property:year",
        "property:number",
        "property:term",
    ];
    let value = |random: &mut StdRng, key: &str| match key {
        "library" => document.folder_ids[0].clone(),
        "type" => document.media_type.clone(),
        "author" => document.author.clone(),
        "year" => "2023".into(),
        "month" => "2024-03".into(),
        "tag" => document.tags[random.random_range(0..2)].clone(),
        "level" => document.level.to_string(),
        "property:year" => document.properties[0].text.clone(),
        "property:number" => document.properties[1].text.clone(),
        _ => document.properties[2].text.clone(),
    };
    let mut request = SearchRequest {
        q: query(random, document),
        access: access.clone(),
        names: vec![QueryName { name: "档号".into(), id: "number".into(), kind: NameKind::Text }],
        sort: match random.random_range(0..9) {
            0..=2 => Sort::Relevance,
            3 => Sort::Newest,
            4 => Sort::Oldest,
            5 => Sort::Name,
            6 => Sort::Size,
            7 => Sort::Property { id: "year".into(), descending: false },
            _ => Sort::Property { id: "number".into(), descending: true },
        },
        limit: random.random_range(1..12),
        ..SearchRequest::default()
    };
    if random.random_range(0..3) == 0 {
        request.facets = KEYS.iter().filter(|_| random.random_range(0..3) == 0).map(|key| key.to_string()).collect();
    }
    if random.random_range(0..4) == 0 {
        let key = KEYS[random.random_range(0..KEYS.len())];
        let values = vec![value(random, key), value(random, key)];
        request.filters.push(Filter { key: key.into(), values });
    }
    match random.random_range(0..12) {
        0 => request.folder = Some(document.folder_ids[random.random_range(0..2)].clone()),
        1 => request.author = Some(typed(random, document)),
        2 => request.types = vec!["pdf".into()],
        3 => request.after = Some(document.updated_at),
        4 => request.before = Some(document.updated_at),
        _ => {}
    }
    request
}

#[test]
fn ten_thousand_questions_and_no_trace_of_what_is_hidden() {
    let questions = std::env::var("TEST_CANARY_QUESTIONS").map_or(QUESTIONS, |number| number.parse().unwrap());
    let laws = laws("laws-national", 120);
    let mut random = seeded(5);
    let documents: Vec<_> = (0..DOCUMENTS).map(|number| document(&mut random, number, &laws)).collect();
    let scopes = |numbers: &[usize]| Scopes::Only(numbers.iter().map(|number| format!("scope-{number}")).collect());
    let worlds = [
        Access { scopes: scopes(&[1, 4, 5, 6, 8, 99]), max_level: 2 },
        Access { scopes: Scopes::All, max_level: 0 },
        Access { scopes: scopes(&[2, 3]), max_level: 3 },
        Access::default(),
    ];
    let worlds: Vec<World> = worlds.into_iter().map(|access| World::new(access, &documents, &laws)).collect();
    // The canaries are there: whoever may read everything finds them, and finds each of them once.
    for document in documents.iter().step_by(7) {
        let canary = canary(document.id[9..].parse().unwrap());
        let all = SearchRequest { access: Access::all(), ..common::request(&canary) };
        let found = worlds[0].everything.search(&all).unwrap();
        assert_eq!((found.total, &found.hits[0].id), (1, &document.id), "{canary}");
    }
    let found = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (worlds, found) = (&worlds, &found);
            scope.spawn(move || {
                let mut random = seeded(1000 + thread as u64);
                for question in 0..questions / THREADS {
                    // Who may read nothing at all is asked for less often.
                    let world = &worlds[if question.is_multiple_of(20) { 3 } else { question % 3 }];
                    found.fetch_add(usize::from(world.ask(&mut random)), Ordering::Relaxed);
                }
            });
        }
    });
    let found = found.into_inner();
    assert!(found > questions / 3, "only {found} of {questions} questions found anything: they prove little");
}
