//! What a searcher and an indexing job may rely on: rights, the query language, order, suggestions, durability.

mod common;

use common::{document, laws, request, seeded, substring};
use indexer::index::{Access, Error, Index, IndexDocument, Position, Scopes, SearchRequest, Sort};

fn open(folder: &tempfile::TempDir) -> (Index, Position) {
    Index::open(&folder.path().join("index")).unwrap()
}

fn page(id: &str, name: &str, text: &str) -> IndexDocument {
    IndexDocument {
        id: id.into(),
        kind: "file".into(),
        name: name.into(),
        folder_ids: vec!["f1".into(), "f2".into()],
        author: "张三丰".into(),
        media_type: "application/pdf".into(),
        scope: "s1".into(),
        pages: vec![text.into()],
        updated_at: 1_709_600_000_000,
        ..IndexDocument::default()
    }
}

fn with(documents: &[IndexDocument]) -> (tempfile::TempDir, Index) {
    let folder = tempfile::tempdir().unwrap();
    let (index, _) = open(&folder);
    documents.iter().for_each(|document| index.put(document).unwrap());
    index.commit(1).unwrap();
    (folder, index)
}

fn ids(index: &Index, request: &SearchRequest) -> Vec<String> {
    let results = index.search(request).unwrap();
    assert!(results.total as usize >= results.hits.len());
    results.hits.into_iter().map(|hit| hit.id).collect()
}

fn found(index: &Index, q: &str) -> String {
    ids(index, &request(q)).join(" ")
}

#[test]
fn hidden_documents_change_nothing_at_all() {
    let access =
        Access { scopes: Scopes::Only(vec!["scope-1".into(), "scope-4".into(), "scope-none".into()]), max_level: 1 };
    let documents: Vec<_> =
        laws("laws-national", 250).iter().enumerate().map(|(number, law)| document(number, law)).collect();
    let readable =
        |document: &&IndexDocument| ["scope-1", "scope-4"].contains(&document.scope.as_str()) && document.level <= 1;
    let visible: Vec<_> = documents.iter().filter(readable).cloned().collect();
    let (_everything, everything) = with(&documents);
    let (_visible, only_visible) = with(&visible);
    let mut random = seeded(3);
    for round in 0..150 {
        let text = substring(&mut random, &documents, round % 4 + 1);
        let sort = [Sort::Relevance, Sort::Newest, Sort::Oldest, Sort::Name, Sort::Size][round % 5].clone();
        let mut request =
            SearchRequest { access: access.clone(), sort: sort.clone(), limit: 7, ..request(&common::quoted(&text)) };
        for _ in 0..3 {
            let (mut left, right) = (everything.search(&request).unwrap(), only_visible.search(&request).unwrap());
            let cursor = left.next_cursor.take();
            assert_eq!(cursor.is_some(), right.next_cursor.is_some());
            left.next_cursor = right.next_cursor.clone();
            assert_eq!(left, right, "{text:?} {sort:?}");
            request.cursor = cursor;
            if request.cursor.is_none() {
                break;
            }
        }
        let name: String = documents[round].name.chars().take(2).collect();
        assert_eq!(everything.suggest(&name, &access, 10).unwrap(), only_visible.suggest(&name, &access, 10).unwrap());
    }
    let nobody = SearchRequest { access: Access::default(), ..request("") };
    assert_eq!(everything.search(&nobody).unwrap().total, 0);
    assert!(everything.suggest("中", &Access::default(), 10).unwrap().is_empty());
}

#[test]
fn filters_and_query_language() {
    let mut old = page("old", "旧合同.docx", "合同 草案 总价 100 元");
    old.media_type = "application/vnd.openxmlformats-officedocument.wordprocessingml.document".into();
    old.updated_at = 1_600_000_000_000;
    old.tags = vec!["重要".into(), "归档".into()];
    old.author = "李四".into();
    old.folder_ids = vec!["f1".into(), "f3".into()];
    let new = page("new", "新合同.pdf", "合同正文，协议");
    let mut note = page("note", "笔记", "协议要点");
    note.kind = "page".into();
    note.media_type = "text/html".into();
    let (_folder, index) = with(&[old, new, note]);
    for (q, expected) in [
        ("合同", "new old"),
        ("合同 -草案", "new"),
        ("草案 OR 要点", "note old"),
        ("合同 OR 要点 协议", "new note"),
        ("-合同", "note"),
        ("type:pdf", "new"),
        ("type:word", "old"),
        ("type:docx", "old"),
        ("type:pdf type:page", "new note"),
        ("type:pdf,word", "new old"),
        ("type:application/pdf", "new"),
        ("author:李", "old"),
        ("author:三丰 合同", "new"),
        ("tag:归档", "old"),
        ("-tag:归档 合同", "new"),
        ("in:f3", "old"),
        ("in:财务", "new note"),
        ("in:f1 -in:人事", "new note"),
        ("after:2024-03-05 before:2024-03-06", "new note"),
        ("before:2024", "old"),
        ("after:2025", ""),
        ("重要", "old"),
        ("100元", "old"),
    ] {
        let folders = vec![("财务".into(), vec!["f2".into()]), ("人事".into(), vec!["f3".into(), "f9".into()])];
        let mut got = ids(&index, &SearchRequest { folders, ..request(q) });
        got.sort();
        assert_eq!(got.join(" "), expected, "{q}");
    }
    let filtered = |change: fn(&mut SearchRequest)| {
        let mut request = SearchRequest { sort: Sort::Name, ..request("") };
        change(&mut request);
        ids(&index, &request).join(" ")
    };
    assert_eq!(filtered(|_| ()), "note old new");
    assert_eq!(filtered(|request| request.folder = Some("f3".into())), "old");
    assert_eq!(filtered(|request| request.types = vec!["word".into(), "page".into()]), "note old");
    assert_eq!(filtered(|request| request.author = Some("张".into())), "note new");
    assert_eq!(filtered(|request| request.before = Some(1_650_000_000_000)), "old");
    let Error::Query(error) = index.search(&request("合同 \"草")).unwrap_err() else { panic!("no query error") };
    assert_eq!((error.code, error.position), ("quote_not_closed", 3));
    assert!(matches!(index.search(&SearchRequest { cursor: Some("zz".into()), ..request("") }), Err(Error::Cursor)));
}

#[test]
fn better_hits_stand_above_others() {
    let filler = "其他内容。".repeat(30);
    let mut newer = page("newer", "a", &format!("发展中国家的合作{filler}"));
    newer.updated_at += 1;
    let documents = [
        page("name", "云存储方案", "无"),
        page("body", "b", &format!("云存储云存储云存储{filler}")),
        page("part", "c", &format!("a party of three{filler}")),
        page("whole", "d", &format!("a part of three{filler}")),
        page("prefix", "e", &format!("some parting words{filler}")),
        page("older", "f", &format!("发展中国家的合作{filler}")),
        newer,
        page("far", "i", &format!("甲方{filler}{filler}{filler}签字")),
        page("near", "j", &format!("甲方签字{filler}{filler}{filler}")),
    ];
    let (_folder, index) = with(&documents);
    assert_eq!(found(&index, "云存储"), "name body");
    assert_eq!(found(&index, "part").split(' ').next(), Some("whole"));
    assert_eq!(found(&index, "part").split(' ').count(), 3);
    assert_eq!(found(&index, "发展中国家"), "newer older");
    assert_eq!(found(&index, "甲方 签字"), "near far");
    let chance = page("chance", "k", &format!("产品和服务，{filler}"));
    let real = page("real", "l", &format!("她喜欢和服。{filler}"));
    let (_folder, index) = with(&[chance, real]);
    assert_eq!(found(&index, "和服"), "real chance");
}

#[test]
fn names_are_suggested_by_text_pinyin_and_initials() {
    let mut secret = page("secret", "协同保密", "");
    secret.level = 3;
    let (_folder, index) =
        with(&[page("1", "协同办公.docx", ""), page("2", "关于协同的通知", ""), page("3", "Budget 2024", ""), secret]);
    let access = Access { scopes: Scopes::Only(vec!["s1".into()]), max_level: 1 };
    let suggested = |prefix: &str| {
        let found = index.suggest(prefix, &access, 5).unwrap();
        found.into_iter().map(|suggestion| suggestion.id).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(suggested("協同"), "1 2");
    assert_eq!(suggested("xietong"), "1 2");
    assert_eq!(suggested("xie tong ban"), "1");
    assert_eq!(suggested("xtbg"), "1");
    assert_eq!(suggested("tz"), "2");
    assert_eq!(suggested("iet"), "");
    assert_eq!(suggested("budg"), "3");
    assert_eq!(suggested(""), "");
    // A search falls back to pinyin when nothing contains the letters.
    let results = index.search(&SearchRequest { access: access.clone(), ..request("xtbg") }).unwrap();
    assert_eq!((results.total, results.hits[0].name_marks.clone()), (1, vec![(0, 4)]));
    let hit = &index.search(&request("\"2024\"")).unwrap().hits[0];
    assert_eq!(hit.name_marks, vec![(7, 11)]);
}

#[test]
fn putting_replaces_and_deleting_removes() {
    let (_folder, index) = with(&[page("a", "甲", "第一稿"), page("b", "乙", "第一稿")]);
    let mut long = page("a", "甲", "第二稿");
    long.pages = vec!["第二稿\n".repeat(5000)];
    for _ in 0..3 {
        index.put(&long).unwrap();
        index.delete("b").unwrap();
        index.delete("nothing").unwrap();
    }
    assert_eq!(found(&index, "第一稿").len(), 3);
    index.commit(2).unwrap();
    assert_eq!((found(&index, "第一稿"), found(&index, "第二稿")), (String::new(), "a".into()));
    assert_eq!(index.document_count().unwrap(), 1);
    index.clear().unwrap();
    assert_eq!(index.document_count().unwrap(), 0);
}

#[test]
fn chunks_stay_with_their_documents_through_merges() {
    let folder = tempfile::tempdir().unwrap();
    let (index, _) = open(&folder);
    let text = |number: usize| (0..900).map(|line| format!("文件{number}第{line}行的内容\n")).collect::<String>();
    for round in 0..12 {
        for number in 0..6 {
            index.put(&page(&format!("{}-{number}", round % 4), "x", &text(number))).unwrap();
        }
        index.delete(&format!("{}-5", round % 4)).unwrap();
        index.commit(round as u64).unwrap();
    }
    for number in 0..5 {
        let results = index.search(&request(&format!("文件{number}第777行"))).unwrap();
        assert_eq!(results.total, 4);
        for hit in results.hits {
            assert!(hit.snippets[0].text.contains(&format!("文件{number}第777行")), "{:?}", hit.snippets);
            assert!(hit.id.ends_with(&format!("-{number}")));
        }
    }
}

#[test]
fn only_what_was_committed_survives() {
    let folder = tempfile::tempdir().unwrap();
    let (index, position) = open(&folder);
    assert_eq!(position, Position(0));
    index.put(&page("a", "甲", "已提交")).unwrap();
    index.commit(41).unwrap();
    index.put(&page("b", "乙", "未提交")).unwrap();
    assert!(matches!(Index::open(&folder.path().join("index")), Err(Error::InUse(_))));
    drop(index);
    let (index, position) = open(&folder);
    assert_eq!(position, Position(41));
    assert_eq!((found(&index, "已提交"), found(&index, "未提交")), ("a".into(), String::new()));
}

#[test]
fn a_damaged_or_foreign_index_is_set_aside() {
    let damages: [fn(&std::path::Path); 4] = [
        |dir| std::fs::write(dir.join("meta.json"), "{").unwrap(),
        |dir| std::fs::write(dir.join("wenshu-index-version"), "0").unwrap(),
        |dir| {
            let file = files(dir, "store").remove(0);
            let mut bytes = std::fs::read(&file).unwrap();
            bytes[3] ^= 0x55;
            std::fs::write(file, bytes).unwrap();
        },
        |dir| files(dir, "idx").iter().for_each(|file| std::fs::remove_file(file).unwrap()),
    ];
    for damage in damages {
        let folder = tempfile::tempdir().unwrap();
        let (index, _) = open(&folder);
        index.put(&page("a", "甲", "内容")).unwrap();
        index.commit(9).unwrap();
        drop(index);
        damage(&folder.path().join("index"));
        let (index, position) = open(&folder);
        assert_eq!((position, index.document_count().unwrap()), (Position(0), 0));
        index.put(&page("a", "甲", "内容")).unwrap();
        index.commit(10).unwrap();
        assert_eq!(found(&index, "内容"), "a");
        drop(index);
        assert_eq!(open(&folder).1, Position(10));
    }
}

fn files(dir: &std::path::Path, extension: &str) -> Vec<std::path::PathBuf> {
    let paths = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|found| found == extension)).collect()
}
