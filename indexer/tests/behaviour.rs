//! What a searcher and an indexing job may rely on: rights, the query language, order, suggestions, durability.

mod common;

use common::{document, laws, request, seeded, substring};
use indexer::index::{
    Access, Error, FacetCounts, Filter, Index, IndexDocument, Options, Position, Property, Scopes, SearchRequest, Sort,
};
use indexer::query::{NameKind, QueryName};

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

/// So many that the work is divided among the processors.
#[test]
fn a_broad_search_is_exact() {
    let folder = tempfile::tempdir().unwrap();
    let (index, _) = open(&folder);
    let count = 40_000;
    let id = |number: i64| format!("{number:05}");
    for number in 0..count {
        let scope = format!("s{}", number % 2);
        let document = page(&id(number), "公文.pdf", &format!("关于印发第{number}号通知的函"));
        index.put(&IndexDocument { scope, updated_at: number, ..document }).unwrap();
    }
    index.commit(1).unwrap();
    let gone = |number: &i64| number % 3 == 0;
    (0..count).filter(gone).for_each(|number| index.delete(&id(number)).unwrap());
    index.commit(2).unwrap();
    for is_one_segment in [false, true] {
        if is_one_segment {
            index.merge_all().unwrap();
        }
        for q in ["号通知的", "通知", "关于印发第"] {
            let access = Access { scopes: Scopes::Only(vec!["s1".into()]), max_level: 3 };
            let request = SearchRequest { sort: Sort::Newest, access, ..request(q) };
            let expected: Vec<i64> = (0..count).rev().filter(|number| number % 2 == 1 && !gone(number)).collect();
            let found = index.search(&request).unwrap();
            assert_eq!(found.total, expected.len() as u64, "{q}");
            let shown: Vec<String> = found.hits.into_iter().map(|hit| hit.id).collect();
            let first: Vec<String> = expected.iter().take(shown.len()).map(|number| id(*number)).collect();
            assert_eq!(shown, first, "{q}");
            let by_quality = index.search(&SearchRequest { sort: Sort::Relevance, ..request }).unwrap();
            assert_eq!(by_quality.total, expected.len() as u64, "{q}");
        }
    }
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
    let damages: [fn(&std::path::Path); 7] = [
        |dir| std::fs::write(dir.join("meta.json"), "{").unwrap(),
        |dir| std::fs::write(dir.join("wenshu-index-version"), "0").unwrap(),
        |dir| {
            let file = files(dir, "store").remove(0);
            let mut bytes = std::fs::read(&file).unwrap();
            bytes[3] ^= 0x55;
            std::fs::write(file, bytes).unwrap();
        },
        |dir| files(dir, "idx").iter().for_each(|file| std::fs::remove_file(file).unwrap()),
        |dir| cut(&files(dir, "term").remove(0), 0),
        |dir| cut(&files(dir, "term").remove(0), 7),
        |dir| cut(&files(dir, "pos").remove(0), 40),
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

fn cut(file: &std::path::Path, length: u64) {
    std::fs::File::options().write(true).open(file).unwrap().set_len(length).unwrap();
}

fn files(dir: &std::path::Path, extension: &str) -> Vec<std::path::PathBuf> {
    let paths = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|found| found == extension)).collect()
}

fn record(id: &str, properties: &[(&str, &str, Option<f64>)]) -> IndexDocument {
    let property = |(id, text, number): &(&str, &str, Option<f64>)| Property {
        id: (*id).into(),
        text: (*text).into(),
        number: *number,
        facet: *id != "档号",
    };
    IndexDocument { properties: properties.iter().map(property).collect(), ..page(id, id, "卷宗") }
}

fn records() -> (tempfile::TempDir, Index) {
    let mut documents = vec![
        record("a", &[("档号", "2023-永久-0012", None), ("年度", "2023", Some(2023.0)), ("期限", "永久", None)]),
        record("b", &[("档号", "2022-永久-0001", None), ("年度", "2022", Some(2022.0)), ("期限", "10年", None)]),
        record("c", &[("年度", "2021", Some(2021.0)), ("期限", "永久", None), ("期限", "30年", None)]),
        record("d", &[]),
    ];
    documents[0].tags = vec!["重要".into(), "归档".into()];
    documents[1].tags = vec!["重要".into()];
    documents[2].level = 2;
    documents[3].author = "王小明".into();
    documents[3].kind = "page".into();
    documents[3].updated_at = 1_600_000_000_000;
    with(&documents)
}

#[test]
fn properties_are_found_filtered_and_sorted_by() {
    let (_folder, index) = records();
    let name = |name: &str, kind| QueryName { name: name.into(), id: name.into(), kind };
    let names = [name("档号", NameKind::Text), name("年度", NameKind::Number), name("期限", NameKind::Text)].to_vec();
    for (q, expected) in [
        ("2023-永久", "a"),
        ("档号:永久", "a b"),
        ("档号:2022-永久", "b"),
        ("档号:２", "a b"),
        // Only the property itself, not another one with that text, and not across two values.
        ("档号:10年", ""),
        ("期限:久30", ""),
        ("年度:2022..2023", "a b"),
        ("年度:<2022", "c"),
        ("年度:2021 期限:30年", "c"),
        ("-年度:2023 期限:永久", "c"),
        ("期限:年", "b c"),
    ] {
        let mut got = ids(&index, &SearchRequest { names: names.clone(), ..request(q) });
        got.sort();
        assert_eq!(got.join(" "), expected, "{q}");
    }
    let sorted = |descending: bool, id: &str| {
        let sort = Sort::Property { id: id.into(), descending };
        let mut all = Vec::new();
        let mut cursor = None;
        loop {
            // One at a time, so that every cursor is used.
            let results = index.search(&SearchRequest { sort: sort.clone(), limit: 1, cursor, ..request("") }).unwrap();
            all.extend(results.hits.into_iter().map(|hit| hit.id));
            cursor = results.next_cursor;
            if cursor.is_none() {
                return all.join(" ");
            }
        }
    };
    assert_eq!(sorted(false, "年度"), "c b a d");
    assert_eq!(sorted(true, "年度"), "a b c d");
    // 10年 before 30年 before 永久; a document with several values stands where its first one does.
    assert_eq!(sorted(false, "期限"), "b c a d");
    assert_eq!(sorted(true, "期限"), "a c b d");
}

#[test]
fn facets_count_what_is_found_and_may_be_read() {
    let (_folder, index) = records();
    let keys = ["tag", "level", "author", "year", "month", "type", "library", "property:期限"];
    let ask = |request: SearchRequest| {
        let facets = keys.iter().map(|key| (*key).to_owned()).collect();
        let results = index.search(&SearchRequest { facets, ..request }).unwrap();
        let text = |facet: &FacetCounts| {
            let values: Vec<String> = facet.values.iter().map(|(value, count)| format!("{value} {count}")).collect();
            values.join(", ")
        };
        results.facets.iter().map(text).collect::<Vec<_>>()
    };
    let all = ask(request(""));
    assert_eq!(
        all,
        [
            "重要 2, 归档 1",
            "0 3, 2 1",
            "张三丰 3, 王小明 1",
            "2020 1, 2024 3",
            "2020-09 1, 2024-03 3",
            "pdf 3, page 1",
            "f1 4",
            "永久 2, 10年 1, 30年 1"
        ]
    );
    let filter = |key: &str, values: &[&str]| Filter {
        key: key.into(),
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    };
    // The chosen values of a key hold for the others, not for the key itself.
    let chosen = ask(SearchRequest { filters: vec![filter("property:期限", &["10年", "30年"])], ..request("") });
    assert_eq!((chosen[0].as_str(), chosen[1].as_str(), chosen[7].as_str()), ("重要 1", "0 1, 2 1", all[7].as_str()));
    let filtered =
        SearchRequest { filters: vec![filter("year", &["2024"]), filter("tag", &["归档", "x"])], ..request("") };
    assert_eq!(ids(&index, &filtered), ["a"]);
    // What may not be read counts nowhere.
    let access = Access { max_level: 1, ..Access::all() };
    let lower = ask(SearchRequest { access: access.clone(), ..request("") });
    assert_eq!((lower[1].as_str(), lower[7].as_str()), ("0 3", "10年 1, 永久 1"));
    let values = |key: &str, text: &str| index.suggest_values(key, text, &access, 5).unwrap();
    assert_eq!(values("author", "xm"), ["王小明"]);
    assert_eq!(values("author", "张"), ["张三丰"]);
    assert_eq!(values("tag", "zhong"), ["重要"]);
    assert!(values("property:期限", "30").is_empty());
}

#[test]
fn headings_rank_below_names_and_above_the_text() {
    let text = page("text", "甲", &"关于年度预算的说明。".repeat(20));
    let mut heading = page("heading", "乙", "年度预算");
    heading.headings = vec!["第一章 年度预算".into()];
    let name = page("name", "年度预算.docx", "别的");
    let (_folder, index) = with(&[text, heading, name]);
    assert_eq!(found(&index, "年度预算"), "name heading text");
}

#[test]
fn similar_documents_share_rare_words() {
    let texts = [
        ("a", "稀土开采总量控制指标由自然资源部下达，冶炼分离企业应当执行。"),
        ("b", "冶炼分离企业超出稀土总量控制指标的，责令改正。"),
        ("c", "幼儿园应当配备保健人员，幼儿每年体检一次。"),
        ("d", "企业应当依法纳税，接受税务检查。"),
        ("e", "保健人员应当持有健康证明。幼儿园不得教授小学课程。"),
        ("hidden", "稀土冶炼分离总量控制指标的密件。"),
    ];
    let mut documents: Vec<IndexDocument> = texts.iter().map(|(id, text)| page(id, id, text)).collect();
    documents[5].level = 3;
    let (_folder, index) = with(&documents);
    let similar = |id: &str, max_level: i64| -> Vec<String> {
        let found = index.similar(id, &Access { max_level, ..Access::all() }, 5).unwrap();
        found.into_iter().map(|similar| similar.id).collect()
    };
    assert_eq!(similar("a", 1), ["b"]);
    assert_eq!(similar("c", 1), ["e"]);
    assert!(similar("a", 3).contains(&"hidden".to_owned()));
    assert!(similar("hidden", 1).is_empty());
    assert!(similar("nothing", 3).is_empty());
    let common = index.similar("a", &Access { max_level: 1, ..Access::all() }, 5).unwrap().remove(0).common;
    assert!(common.contains(&"稀土".to_owned()), "{common:?}");
}

#[test]
fn an_index_is_resized_between_commits() {
    let (_folder, index) = with(&[page("a", "a", "甲")]);
    index.resize(Options::bulk()).unwrap();
    for number in 0..50 {
        index.put(&page(&format!("b{number}"), "b", "乙")).unwrap();
    }
    index.commit(2).unwrap();
    index.resize(Options::default()).unwrap();
    index.put(&page("c", "c", "丙")).unwrap();
    index.delete("b7").unwrap();
    index.commit(3).unwrap();
    index.merge_all().unwrap();
    assert_eq!((index.document_count().unwrap(), found(&index, "丙")), (51, "c".to_owned()));
    index.put(&page("d", "d", "丙")).unwrap();
    index.commit(4).unwrap();
    assert_eq!((index.document_count().unwrap(), found(&index, "丁")), (52, String::new()));
}

#[test]
fn nothing_that_several_put_at_once_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let (index, _) = open(&folder);
    for round in 0..100_u64 {
        index.clear().unwrap();
        index.resize(Options::bulk()).unwrap();
        std::thread::scope(|scope| {
            for number in 0..4 {
                let index = &index;
                scope.spawn(move || {
                    index.put(&page(&format!("{round}-{number}"), &format!("图{number}.png"), "公文")).unwrap();
                });
            }
        });
        index.commit(round).unwrap();
        let before = ids(&index, &request("公文"));
        assert_eq!(before.len(), 4, "round {round} {before:?}");
        index.resize(Options::default()).unwrap();
        index.merge_all().unwrap();
        let after = ids(&index, &request("公文"));
        assert_eq!(after.len(), 4, "merged, round {round} {before:?} {after:?}");
    }
}
