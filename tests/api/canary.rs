//! Does search tell anything of what somebody may not read? Two servers are asked the same: one holds everything, the other never
//! held what is hidden from the reader. Their answers must be equal, whatever is asked, while rights come and go.
//!
//! Hidden documents carry words of their own (canaries) in all that is searched. The same is done to the index alone, with
//! more questions, in `indexer/tests/canary.rs`.

use std::collections::{BTreeMap, HashMap};

use futures::{StreamExt, stream};
use indexer::text::{Extracted, PageText};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use wenshu::{actions::add_user::AddUser, db, preview::text, search};

use crate::support::{Answer, Client, START, TestServer};

/// Questions over HTTP; TEST_CANARY_QUESTIONS asks for another number.
const QUESTIONS: usize = 4000;
/// Questions that are on their way at once.
const AT_ONCE: usize = 6;
/// From one document's time to the next: months and years differ, and no two are alike.
const STEP_MS: i64 = 5 * 86_400_000;
/// What exists nowhere.
const NOTHING: &str = "01890000-0000-7000-8000-000000000000";

/// Rare characters with their readings: what canaries are made of.
const RARE: [(char, &str); 14] = [
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
    ('赪', "cheng"),
    ('谶', "chen"),
    ('衾', "qin"),
];

/// A word of document or folder `number` alone.
fn canary(number: usize) -> String {
    let rare = |at: usize| RARE[at % RARE.len()].0;
    format!("{}{}{}q{number}z", rare(number), rare(number / RARE.len() + 5), rare(number * 3 + 1))
}

fn reading(canary: &str, initials: bool) -> String {
    let of = |char: char| RARE.iter().find(|(rare, _)| *rare == char).map(|(_, reading)| *reading);
    canary.chars().filter_map(of).map(|reading| if initials { &reading[..1] } else { reading }).collect()
}

/// What the reader may know of a folder or document.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    Shown,
    /// The other server has none.
    Hidden,
    /// Something below is shown: the other server has one of another name.
    Nameless,
}

/// How a document is kept from the reader, or given to the reader.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Right {
    /// As its folder.
    Inherited,
    Level,
    Trashed,
    NotInherited,
    /// Given on its own.
    Own,
}

/// A server with a library, people and one reader.
struct World {
    server: TestServer,
    root: Client,
    authors: Vec<Client>,
    reader: Client,
    holds_everything: bool,
    /// Names of all ids that the reader may learn.
    known: HashMap<String, String>,
    folders: BTreeMap<&'static str, String>,
    /// Archive fields by library and kind.
    properties: BTreeMap<&'static str, String>,
    /// By number; those that are not there are missing.
    documents: BTreeMap<usize, String>,
}

impl World {
    async fn build(holds_everything: bool) -> Self {
        let server = TestServer::start().await;
        let root = with_token(server.admin("root").await).await;
        let reader = with_token(server.user_with(AddUser { name: "reader".into(), ..AddUser::default() }).await).await;
        let mut world = Self {
            known: HashMap::from([(root.id.clone(), "root".into()), (reader.id.clone(), "reader".into())]),
            server,
            root,
            authors: Vec::new(),
            reader,
            holds_everything,
            folders: BTreeMap::new(),
            properties: BTreeMap::new(),
            documents: BTreeMap::new(),
        };
        world.add_people().await;
        world.add_folders().await;
        world.add_properties().await;
        world.add_documents().await;
        search::catch_up(&world.server.app).await.unwrap();
        world
    }

    /// Two authors whom the reader reads; the third wrote hidden documents only.
    async fn add_people(&mut self) {
        for (number, name) in [(901, "wang"), (902, "li"), (903, "secret")] {
            if number == 903 && !self.holds_everything {
                break;
            }
            let input = AddUser {
                name: name.into(),
                display_name: format!("作者{}", canary(number)),
                is_admin: true,
                clearance: Some(3),
                ..AddUser::default()
            };
            let author = with_token(self.server.user_with(input).await).await;
            if number != 903 {
                self.known.insert(author.id.clone(), name.into());
            }
            self.authors.push(author);
        }
    }

    async fn add_folders(&mut self) {
        use Seen::*;
        self.folder("open", 801, None, Shown).await;
        self.folder("open/deep", 802, Some("open"), Shown).await;
        self.folder("open/closed", 803, Some("open"), Nameless).await;
        self.folder("open/closed/gap", 804, Some("open/closed"), Shown).await;
        self.folder("open/trashed", 805, Some("open"), Hidden).await;
        self.folder("group", 806, None, Shown).await;
        self.folder("others", 807, None, Hidden).await;
        self.folder("secret", 808, None, Nameless).await;
        self.folder("secret/shared", 809, Some("secret"), Shown).await;
        self.folder("secret/inner", 810, Some("secret"), Hidden).await;
        let group = |name: &str, parent: Option<String>| json!({ "name": name, "parent_id": parent });
        let mut groups = Vec::new();
        for (name, parent) in [("总部", None), ("一处", Some(0)), ("外组", None)] {
            let parent: Option<&String> = parent.map(|at: usize| groups[at]);
            let parent = parent.cloned();
            let made = self.root.post("/groups", group(name, parent)).await.assert_status(201).json();
            groups.push(Box::leak(Box::new(made["id"].as_str().unwrap().to_owned())) as &String);
        }
        self.put(&format!("/groups/{}/members/{}", groups[1], self.reader.id), Value::Null).await;
        let role = || json!({ "role": "previewer" });
        let of_group = |folder: &str, group: &str| format!("/folders/{folder}/grants/group/{group}");
        self.put(&of_group(&self.folders["group"], groups[0]), role()).await;
        if let Some(others) = self.folders.get("others") {
            self.put(&of_group(others, groups[2]), role()).await;
        }
        let closed = format!("/folders/{}", self.folders["open/closed"]);
        self.root.patch(&closed, json!({ "inherits": false })).await.assert_status(200);
        for shared in ["open", "open/closed/gap", "secret/shared"] {
            self.root.share("folders", &self.folders[shared], &self.reader, "reader").await;
        }
    }

    async fn folder(&mut self, key: &'static str, number: usize, parent: Option<&str>, seen: Seen) {
        let is_plain = seen == Seen::Nameless && !self.holds_everything;
        if seen == Seen::Hidden && !self.holds_everything {
            return;
        }
        let name = if is_plain { format!("夹{number}") } else { format!("夹{}", canary(number)) };
        let parent = parent.map(|parent| self.folders[parent].clone());
        let id = self.root.folder(&name, parent.as_deref()).await;
        if seen != Seen::Hidden {
            self.known.insert(id.clone(), key.to_owned());
        }
        self.folders.insert(key, id);
    }

    /// Every library has the same two fields; the hidden one has one more, whose name nobody may learn.
    async fn add_properties(&mut self) {
        for (key, name, kind) in [
            ("open number", "档号", "text"),
            ("open year", "年度", "number"),
            ("group number", "档号", "text"),
            ("group year", "年度", "number"),
            ("secret number", "档号", "text"),
            ("secret year", "年度", "number"),
            ("others number", "档号", "text"),
            ("others year", "年度", "number"),
            ("others secret", SECRET_FIELD, "text"),
        ] {
            let Some(library) = self.folders.get(key.split(' ').next().unwrap()) else { continue };
            let input = json!({ "name": name, "kind": kind, "facet": true });
            let made = self.root.post(&format!("/folders/{library}/properties"), input).await.assert_status(201).json();
            let id = made["id"].as_str().unwrap().to_owned();
            if !key.starts_with("others") {
                self.known.insert(id.clone(), key.to_owned());
            }
            self.properties.insert(key, id);
        }
    }

    /// What is filed under a document: tags, and the fields of its library.
    fn filed(&self, folder: &str, number: usize) -> Value {
        let library = folder.split('/').next().unwrap();
        let canary = canary(number);
        let mut values = serde_json::Map::new();
        for (kind, value) in [
            ("number", format!("档{canary}")),
            ("year", (2000 + number % 9 + 100 * usize::from(number.is_multiple_of(13))).to_string()),
            ("secret", format!("密{canary}")),
        ] {
            if let Some(id) = self.properties.get(format!("{library} {kind}").as_str()) {
                values.insert(id.clone(), json!([value]));
            }
        }
        json!({ "tags": [format!("标签{}", number % 5), format!("签{canary}")], "properties": values })
    }

    async fn add_documents(&mut self) {
        use Right::*;
        let mut number = 0;
        for round in 0..6 {
            for (folder, right, seen) in [
                ("open", Inherited, Seen::Shown),
                ("open", Level, Seen::Hidden),
                ("open/deep", Inherited, Seen::Shown),
                ("open/deep", Trashed, Seen::Hidden),
                ("open", NotInherited, Seen::Hidden),
                ("open/closed", Inherited, Seen::Hidden),
                ("open/closed", Own, Seen::Shown),
                ("open/closed/gap", Inherited, Seen::Shown),
                ("open/trashed", Inherited, Seen::Hidden),
                ("group", Inherited, Seen::Shown),
                ("group", Level, Seen::Hidden),
                ("others", Inherited, Seen::Hidden),
                ("secret", Inherited, Seen::Hidden),
                ("secret/shared", Inherited, Seen::Shown),
                ("secret/inner", Inherited, Seen::Hidden),
                ("secret", Own, Seen::Shown),
            ] {
                number += 1;
                if seen == Seen::Shown || self.holds_everything {
                    self.add_document(number, folder, right, seen, round % 2 == 0).await;
                }
            }
        }
        if let Some(trashed) = self.folders.get("open/trashed") {
            self.root.delete(&format!("/folders/{trashed}")).await.assert_status(204);
        }
    }

    async fn add_document(&mut self, number: usize, folder: &str, right: Right, seen: Seen, is_page: bool) {
        self.server.clock.advance(START + number as i64 * STEP_MS - self.server.clock.now());
        let shown = self.authors[number % 2].clone();
        let author = if seen == Seen::Hidden { self.authors.last().unwrap().clone() } else { shown };
        let id = self.write(&author, number, &self.folders[folder].clone(), is_page).await;
        let path = format!("/documents/{id}");
        author.patch(&path, self.filed(folder, number)).await.assert_status(200);
        match right {
            Right::Inherited => {}
            Right::Level => drop(author.patch(&path, json!({ "level": 2 })).await.assert_status(200)),
            Right::Trashed => drop(author.delete(&path).await.assert_status(204)),
            Right::NotInherited => drop(author.patch(&path, json!({ "inherits": false })).await.assert_status(200)),
            Right::Own => author.share("documents", &id, &self.reader, "previewer").await,
        }
        if seen == Seen::Shown {
            self.known.insert(id.clone(), format!("document {number}"));
        }
        self.documents.insert(number, id);
    }

    /// Makes a page or a file with text, as if the worker had read it.
    async fn write(&self, author: &Client, number: usize, folder: &str, is_page: bool) -> String {
        let (name, texts, app) = (name(number), texts(number), &self.server.app);
        let pages = texts.iter().map(|text| PageText { text: text.clone(), ..PageText::default() }).collect();
        let extracted = Extracted { pages, ..Extracted::default() };
        let id = match is_page {
            true => author.page(&name, folder).await,
            false => author.upload(&format!("{name}.txt"), folder, texts.join("\n").as_bytes()).await,
        };
        let document = id.parse().unwrap();
        if is_page {
            text::save(&app.store, &search::page_text_key(&document), extracted).await.unwrap();
        } else {
            let version = db::versions::find(app.db.read(), &document, 1).await.unwrap().unwrap();
            let key = format!("text/canary/{number}");
            text::save(&app.store, &key, extracted).await.unwrap();
            let prepared = db::previews::Prepared {
                page_count: Some(texts.len() as i64),
                text_key: Some(key),
                ..db::previews::Prepared::default()
            };
            let (mut tx, now) = (app.db.begin().await.unwrap(), app.clock.now());
            let (content, media_type) = (&version.content_id, &version.media_type);
            db::previews::update_ready(&mut tx, content, media_type, &prepared, now).await.unwrap();
            tx.commit().await.unwrap();
        }
        let mut tx = app.db.begin().await.unwrap();
        db::changes::append(&mut tx, &document, app.clock.now());
        tx.commit().await.unwrap();
        id
    }

    async fn put(&self, path: &str, body: Value) {
        self.root.put(path, body).await.assert_status(204);
    }

    /// Asks as the reader, and reads on as long as there is more, three answers at most.
    async fn ask(&self, question: &Question) -> Vec<Value> {
        let mut answers = Vec::new();
        let mut path = self.path(question);
        for _ in 0..3 {
            let answer = self.reader.get(&path).await;
            let cursor = match answer.status.is_success() && question.kind == "search" {
                true => answer.json()["next_cursor"].as_str().map(str::to_owned),
                false => None,
            };
            answers.push(self.told(&answer, question));
            let Some(cursor) = cursor else { break };
            path = format!("{}&cursor={cursor}", self.path(question));
        }
        answers
    }

    fn path(&self, question: &Question) -> String {
        let or_nothing = |id: Option<&String>| id.map_or(NOTHING, String::as_str).to_owned();
        let path = question.path.replace("$DOCUMENT", &or_nothing(self.documents.get(&question.number)));
        let path = path.replace("$PROPERTY", &or_nothing(self.properties.get(question.property)));
        path.replace("$FOLDER", &or_nothing(self.folders.get(question.folder)))
    }

    /// An answer with names for ids, and without what differs each time.
    fn told(&self, answer: &Answer, question: &Question) -> Value {
        let body = if answer.body.is_empty() { Value::Null } else { answer.json() };
        json!({ "status": answer.status.as_u16(), "body": self.named(body, question) })
    }

    /// A text with names for ids. Only ids that the reader sent may be unknown.
    fn without_ids(&self, text: &str, question: &Question) -> String {
        let mut named = text.to_owned();
        let sent = self.path(question);
        for id in ids(text) {
            named = match self.known.get(id) {
                Some(name) => named.replace(id, name),
                None if sent.contains(id) => named.replace(id, "(sent)"),
                None => panic!("{question:?} tells of {id}, which the reader cannot know: {text}"),
            };
        }
        named
    }

    fn named(&self, value: Value, question: &Question) -> Value {
        match value {
            Value::Object(fields) => {
                let fields = fields
                    .into_iter()
                    .filter(|(key, _)| !["took_ms", "request_id", "searches"].contains(&key.as_str()));
                let named = |(key, value): (String, Value)| match key.as_str() {
                    "next_cursor" => (key, Value::Bool(true)),
                    _ => (key, self.named(value, question)),
                };
                Value::Object(fields.map(named).collect())
            }
            Value::Array(items) => items.into_iter().map(|item| self.named(item, question)).collect(),
            Value::String(text) => Value::String(self.without_ids(&text, question)),
            other => other,
        }
    }
}

/// The clock goes years ahead in this test, and sessions end.
async fn with_token(client: Client) -> Client {
    let made = client.post("/tokens", json!({ "name": "canary" })).await.assert_status(201).json();
    client.with_token(made["token"].as_str().unwrap())
}

/// The places of ids in a text.
fn ids(text: &str) -> Vec<&str> {
    let is_id = |part: &str| {
        part.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
    };
    let parts = text.char_indices().filter_map(|(at, _)| text.get(at..at + 36));
    parts.filter(|part| is_id(part)).collect()
}

fn name(number: usize) -> String {
    format!("{}{}通知", ["采购", "预算", "会议"][number % 3], canary(number))
}

/// Two or three pages of common words, with the canary on some of them.
fn texts(number: usize) -> Vec<String> {
    const WORDS: [&str; 16] = [
        "国务院办公厅",
        "关于进一步加强",
        "档案管理工作",
        "各部门应当",
        "按照规定",
        "于2025年",
        "报送材料",
        "经费预算",
        "采购计划",
        "信息公开",
        "保密审查",
        "会议纪要",
        "Budget plan",
        "draft report",
        "责任单位",
        "附件清单",
    ];
    let mut random = StdRng::seed_from_u64(number as u64);
    let page = |random: &mut StdRng, with: bool| {
        let words = |random: &mut StdRng| {
            (0..random.random_range(4..9))
                .map(|_| WORDS[random.random_range(0..WORDS.len())])
                .collect::<Vec<_>>()
                .join("，")
        };
        let canary = if with { canary(number) } else { String::new() };
        format!("{}。{canary}{}。", words(random), words(random))
    };
    let mut texts: Vec<String> = (0..2 + number % 2).map(|at| page(&mut random, at != 1)).collect();
    // Rare words that neighbours share: what makes documents similar. Words with digits do not count.
    let shared = char::from(b'a' + (number / 4 % 26) as u8);
    texts[0] += &format!(" matter{shared}x region{shared}y contract{shared}z");
    texts
}

/// A request of the reader; `$DOCUMENT`, `$FOLDER` and `$PROPERTY` stand for ids, which differ.
#[derive(Debug)]
struct Question {
    path: String,
    number: usize,
    folder: &'static str,
    property: &'static str,
    kind: &'static str,
}

const PROPERTIES: [&str; 7] =
    ["open number", "open year", "group number", "group year", "secret number", "others number", "others secret"];
/// The name of a field that only the hidden library has.
const SECRET_FIELD: &str = "密级依据";

const FOLDERS: [&str; 10] = [
    "open",
    "open/deep",
    "open/closed",
    "open/closed/gap",
    "open/trashed",
    "group",
    "others",
    "secret",
    "secret/shared",
    "secret/inner",
];

impl Question {
    fn new(random: &mut StdRng, documents: usize) -> Self {
        let number = random.random_range(1..documents + 1);
        let folder = FOLDERS[random.random_range(0..FOLDERS.len())];
        let property = PROPERTIES[random.random_range(0..PROPERTIES.len())];
        let typed = escaped(&typed(random, number));
        let (path, kind) = match random.random_range(0..20) {
            0..=2 => (format!("/suggest?q={typed}"), "suggest"),
            3 => ("/documents/$DOCUMENT/similar".into(), "similar"),
            4 => (format!("/documents/$DOCUMENT/hits?q={typed}"), "hits"),
            _ => (search_path(random, number), "search"),
        };
        Self { path, number, folder, property, kind }
    }
}

fn escaped(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// What somebody types who guesses at a document, its author or a folder.
fn typed(random: &mut StdRng, number: usize) -> String {
    let of = [number, number, number, 801 + number % 10, 901 + number % 3][random.random_range(0..5)];
    let canary = canary(of);
    let part = |random: &mut StdRng, text: &str| {
        let chars: Vec<char> = text.chars().collect();
        let (from, length) = (random.random_range(0..chars.len()), random.random_range(1..6));
        chars[from..].iter().take(length).collect::<String>()
    };
    match random.random_range(0..8) {
        0 => canary,
        1 | 2 => part(random, &canary),
        3 => reading(&canary, false),
        4 => reading(&canary, true),
        5 => part(random, &name(number)),
        _ => part(random, &texts(number).concat()),
    }
}

fn search_path(random: &mut StdRng, number: usize) -> String {
    let one = format!("\"{}\"", typed(random, number).replace('"', ""));
    let common = ["采购", "的", "规定", "budget", "会", "通知"][random.random_range(0..6)];
    let day = format!("202{}-0{}", random.random_range(6..8), random.random_range(1..10));
    let query = match random.random_range(0..18) {
        0..=2 => one,
        3 => one.replace('"', ""),
        4 => format!("-{one}"),
        5 => format!("{common} -{one}"),
        6 => format!("{common} OR {one}"),
        7 => format!("{common} {one}"),
        8 => format!("author:{one}"),
        9 => format!("in:{one}"),
        10 => format!("tag:{one}"),
        11 => format!("before:{day} {common}"),
        12 => format!("type:page {common} -after:{day}"),
        13 => String::new(),
        14 => format!("档号:{one}"),
        15 => format!("{SECRET_FIELD}:{one}"),
        16 => format!("年度:200{} {common}", number % 9),
        _ => one[..one.len() - 1].to_owned(),
    };
    let sort = [
        "relevance",
        "newest",
        "oldest",
        "name",
        "size",
        "property:$PROPERTY",
        "property:$PROPERTY&order=desc",
        "name&order=desc",
    ][random.random_range(0..8)];
    let mut path = format!("/search?q={}&sort={sort}&limit={}", escaped(&query), random.random_range(1..20));
    let typed = escaped(&typed(random, number));
    if random.random_range(0..3) == 0 {
        path += "&facets=library,type,author,year,month,tag,level,property:$PROPERTY";
    }
    path += &match random.random_range(0..16) {
        0 | 1 => "&in=$FOLDER".into(),
        2 => format!("&author={typed}"),
        3 => "&type=page".into(),
        4 => format!("&after={}", START + number as i64 * STEP_MS),
        5 => format!("&before={}", START + number as i64 * STEP_MS),
        6 => format!("&filter=author:{}", escaped(&format!("作者{}", canary(901 + number % 3)))),
        7 => format!("&filter=tag:{typed}"),
        11 => format!("&filter=property:$PROPERTY:{}", escaped(&format!("档{}", canary(number)))),
        12 => format!("&filter=property:$PROPERTY:200{}", number % 9),
        13 => format!("&filter=tag:{}&filter=tag:{}", escaped(&format!("签{}", canary(number))), escaped("标签3")),
        8 => "&filter=library:$FOLDER".into(),
        9 => format!("&filter=level:{}", number % 4),
        10 => format!("&filter=month:2026-0{}&filter=month:2027-01", 1 + number % 9),
        _ => String::new(),
    };
    path
}

/// A right that the reader has for a moment.
#[derive(Clone, Copy, Debug)]
enum Lent {
    UserGrant,
    GroupGrant,
    Membership,
    OwnGrant,
    Inheritance,
    Level,
    Document,
    Folder,
    Place,
}

const LENT: [Lent; 9] = [
    Lent::UserGrant,
    Lent::GroupGrant,
    Lent::Membership,
    Lent::OwnGrant,
    Lent::Inheritance,
    Lent::Level,
    Lent::Document,
    Lent::Folder,
    Lent::Place,
];

impl World {
    /// Lets the reader read a new document, sees that search finds it, takes the right away again, and sees that nothing is found.
    /// Returns the number of the document, which stays.
    async fn lend(&mut self, lent: Lent, number: usize) -> usize {
        let (root, reader) = (self.root.clone(), self.reader.clone());
        let library = root.folder(&format!("借{}", canary(number + 500)), None).await;
        let folder = root.folder(&format!("借{}", canary(number + 600)), Some(&library)).await;
        let document = self.write(&root, number, &folder, number.is_multiple_of(2)).await;
        let group = root.post("/groups", json!({ "name": format!("组{number}") })).await.assert_status(201).json();
        let group = group["id"].as_str().unwrap();
        let member = format!("/groups/{group}/members/{}", reader.id);
        let of_group = format!("/folders/{library}/grants/group/{group}");
        let of_user = format!("/folders/{library}/grants/user/{}", reader.id);
        let own = format!("/documents/{document}/grants/user/{}", reader.id);
        let role = json!({ "role": "reader" });
        match lent {
            Lent::GroupGrant | Lent::Membership => {
                self.put(&member, Value::Null).await;
                self.put(&of_group, role).await;
            }
            Lent::OwnGrant => self.put(&own, role).await,
            _ => self.put(&of_user, role).await,
        }
        search::catch_up(&self.server.app).await.unwrap();
        assert_eq!(self.found(number).await, (1, 1, true), "{lent:?}: given");

        let (document_path, folder_path) = (format!("/documents/{document}"), format!("/folders/{folder}"));
        match lent {
            Lent::UserGrant => root.delete(&of_user).await.assert_status(204),
            Lent::GroupGrant => root.delete(&of_group).await.assert_status(204),
            Lent::Membership => root.delete(&member).await.assert_status(204),
            Lent::OwnGrant => root.delete(&own).await.assert_status(204),
            Lent::Inheritance => root.patch(&folder_path, json!({ "inherits": false })).await.assert_status(200),
            Lent::Level => root.patch(&document_path, json!({ "level": 3 })).await.assert_status(200),
            Lent::Document => root.delete(&document_path).await.assert_status(204),
            Lent::Folder => root.delete(&folder_path).await.assert_status(204),
            Lent::Place => {
                let hidden = json!({ "folder_id": self.folders["secret/inner"] });
                root.patch(&document_path, hidden).await.assert_status(200)
            }
        };
        // No hit from the next question on, whether or not the index has followed. What was done to rights is not counted either.
        let (total, hits, is_suggested) = self.found(number).await;
        assert_eq!((hits, is_suggested), (0, false), "{lent:?}: taken away");
        let concerns_rights = matches!(lent, Lent::UserGrant | Lent::GroupGrant | Lent::Membership | Lent::OwnGrant);
        assert!(total == 0 || !concerns_rights, "{lent:?}: counted although taken away");
        // The index follows by itself in a moment; here it is told to, so that a busy machine decides nothing.
        search::catch_up(&self.server.app).await.unwrap();
        assert_eq!(self.found(number).await.0, 0, "{lent:?}: counted although the index has followed");
        self.documents.insert(number, document);
        number
    }

    /// How many documents with that canary the reader is told of, how many are shown, and whether one is suggested.
    async fn found(&self, number: usize) -> (u64, usize, bool) {
        let canary = escaped(&canary(number));
        let found = self.reader.get(&format!("/search?q={canary}")).await.assert_status(200).json();
        let suggested = self.reader.get(&format!("/suggest?q={canary}")).await.assert_status(200).body;
        let is_suggested = String::from_utf8_lossy(&suggested).contains(&name(number));
        (found["total"].as_u64().unwrap(), found["items"].as_array().unwrap().len(), is_suggested)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_answer_tells_of_what_is_hidden() {
    let questions = std::env::var("TEST_CANARY_QUESTIONS").map_or(QUESTIONS, |number| number.parse().unwrap());
    let (mut everything, readable_only) = tokio::join!(World::build(true), World::build(false));
    let mut random = StdRng::seed_from_u64(2026);
    let documents = *everything.documents.keys().last().unwrap();
    // The canaries are there: who may read everything finds each.
    for number in everything.documents.keys() {
        let found = everything.root.get(&format!("/search?q={}", canary(*number))).await.assert_status(200).json();
        let is_trashed = [3, 8].contains(&((number - 1) % 16));
        assert_eq!(found["total"], i64::from(!is_trashed), "{number}: {found}");
    }
    let (mut last, mut telling) = (documents, BTreeMap::<String, usize>::new());
    for lent in LENT {
        last = everything.lend(lent, last + 1).await;
        let questions: Vec<_> = (0..questions / LENT.len() + 1).map(|_| Question::new(&mut random, last)).collect();
        let (everything, readable_only) = (&everything, &readable_only);
        let answers = stream::iter(&questions).map(|question| async move {
            let (left, right) = tokio::join!(everything.ask(question), readable_only.ask(question));
            assert!(left == right, "{question:?}\n{left:#?}\nand without what is hidden\n{right:#?}");
            filled(question, &left[0]["body"])
        });
        let mut answers = answers.buffer_unordered(AT_ONCE);
        while let Some(lists) = answers.next().await {
            lists.into_iter().for_each(|list| *telling.entry(list).or_default() += 1);
        }
    }
    // Empty answers prove little.
    for (list, share) in [
        ("search items", 6),
        ("search facets", 20),
        ("suggest documents", 50),
        ("suggest people", 150),
        ("suggest tags", 150),
        ("similar items", 600),
        ("hits pages", 600),
    ] {
        let count = telling.get(list).copied().unwrap_or(0);
        assert!(count > questions / share, "{count} of {questions} answers have {list}: {telling:?}");
    }
}

/// The lists of an answer in which something is.
fn filled(question: &Question, body: &Value) -> Vec<String> {
    let is_filled = |list: &Value| match list.as_array() {
        Some(items) => items.iter().any(|item| item.get("values").is_none_or(|values| values != &json!([]))),
        None => false,
    };
    let fields = body.as_object().into_iter().flatten().filter(|(_, list)| is_filled(list));
    fields.map(|(field, _)| format!("{} {field}", question.kind)).collect()
}
