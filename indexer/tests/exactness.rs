//! Every substring finds exactly the documents that contain it.

mod common;

use common::{Scan, document, laws, quoted, request, seeded, substring};
use indexer::index::{Access, Index, IndexDocument, SearchRequest};
use indexer::normalize::normalize;

fn indexed(documents: &[IndexDocument]) -> (tempfile::TempDir, Index) {
    let folder = tempfile::tempdir().unwrap();
    let (index, _) = Index::open(folder.path()).unwrap();
    for document in documents {
        index.put(document).unwrap();
    }
    index.commit(1).unwrap();
    (folder, index)
}

/// Returns the ids of all pages of results, checking the total and the snippets on the way.
fn find_all(index: &Index, q: &str, expected: &[&str]) -> Vec<String> {
    let mut ids = Vec::new();
    let mut cursor = None;
    loop {
        let results = index.search(&SearchRequest { cursor, limit: 50, ..request(q) }).unwrap();
        for hit in &results.hits {
            for snippet in &hit.snippets {
                let chars: Vec<char> = snippet.text.chars().collect();
                for (start, end) in &snippet.marks {
                    let marked: String = chars[*start as usize..*end as usize].iter().collect();
                    // Neighbouring hits join into one mark.
                    let known = expected.iter().any(|text| normalize(&marked).contains(&normalize(text)));
                    assert!(known, "{marked:?} of {:?} for {q:?}", snippet.text);
                }
            }
            ids.push(hit.id.clone());
        }
        cursor = results.next_cursor;
        if cursor.is_none() {
            assert_eq!(results.total, ids.len() as u64, "{q}");
            ids.sort();
            return ids;
        }
    }
}

#[test]
fn any_substring_finds_exactly_the_documents_that_contain_it() {
    let documents: Vec<_> =
        laws("laws-national", 300).iter().enumerate().map(|(number, law)| document(number, law)).collect();
    let (_folder, index) = indexed(&documents);
    let scan = Scan::new(&documents);
    let mut random = seeded(7);
    for round in 0..100 {
        let text = substring(&mut random, &documents, round % 8 + 1);
        assert_eq!(find_all(&index, &quoted(&text), &[&text]), scan.find(&[&text]), "{text:?}");
    }
    for round in 0..30 {
        let (left, right) = (substring(&mut random, &documents, 2), substring(&mut random, &documents, round % 3 + 2));
        let q = format!("{} {}", quoted(&left), quoted(&right));
        assert_eq!(find_all(&index, &q, &[&left, &right]), scan.find(&[&left, &right]), "{q}");
        let either = format!("{} OR {}", quoted(&left), quoted(&right));
        let mut union = [scan.find(&[&left]), scan.find(&[&right])].concat();
        union.sort();
        union.dedup();
        assert_eq!(find_all(&index, &either, &[&left, &right]), union);
        let mut without = scan.find(&[&left]);
        let both = scan.find(&[&left, &right]);
        without.retain(|id| !both.contains(id));
        assert_eq!(find_all(&index, &format!("{} -{}", quoted(&left), quoted(&right)), &[&left]), without);
    }
    for miss in ["龘龘龘", "协同办公系统云平台", "qzxv", "国务院院院"] {
        assert_eq!(find_all(&index, miss, &[]), scan.find(&[miss]), "{miss}");
    }
    for (variant, plain) in [("國務院", "国务院"), ("２０１８年", "2018年"), ("中華 人民", "中华人民")]
    {
        assert_eq!(find_all(&index, &quoted(variant), &[plain]), scan.find(&[plain]));
    }
}

/// The pages on which `text` begins or ends.
fn pages_with(document: &IndexDocument, text: &str) -> Vec<u32> {
    let (text, all) = (normalize(text), normalize(&document.pages.join("\n")));
    let mut starts = Vec::new();
    for number in 0..document.pages.len() {
        let before = normalize(&document.pages[..number].join("\n"));
        starts.push(before.len());
    }
    let page = |at: usize| starts.partition_point(|start| *start <= at) as u32;
    let last = text.chars().next_back().map_or(0, char::len_utf8);
    let begins = all.match_indices(&text).map(|(at, _)| at);
    let mut pages: Vec<u32> = begins.flat_map(|at| [page(at), page(at + text.len() - last)]).collect();
    pages.sort_unstable();
    pages.dedup();
    pages
}

#[test]
fn snippets_and_pages_are_where_the_text_is() {
    let documents: Vec<_> =
        laws("laws-national", 60).iter().enumerate().map(|(number, law)| document(number, law)).collect();
    let (_folder, index) = indexed(&documents);
    let mut random = seeded(11);
    for round in 0..60 {
        let text = substring(&mut random, &documents, round % 5 + 1);
        for hit in index.search(&request(&quoted(&text))).unwrap().hits {
            let document = documents.iter().find(|document| document.id == hit.id).unwrap();
            assert_eq!(hit.pages, pages_with(document, &text), "{text:?} in {}", hit.id);
            assert!(!hit.snippets.is_empty());
            for snippet in &hit.snippets {
                let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
                let page = squeezed(&document.pages[snippet.page.unwrap() as usize - 1]);
                let inner = snippet.text.trim_matches('…').trim();
                assert!(page.contains(inner), "{inner:?} on page {:?}", snippet.page);
                assert_eq!(snippet.marks.is_empty(), hit.pages.is_empty(), "{text:?} in {inner:?}");
                assert!(snippet.text.chars().count() < 400);
            }
        }
    }
}

#[test]
fn a_sentence_is_found_although_a_page_ends_in_it() {
    let document = IndexDocument {
        id: "a".into(),
        kind: "file".into(),
        name: "x".into(),
        pages: vec!["第一页国".into(), " ".into(), "务院第二页 an old".into(), "page end".into()],
        extra: "附件".into(),
        ..IndexDocument::default()
    };
    let (_folder, index) = indexed(&[document]);
    let hit = &index.search(&request("国务院")).unwrap().hits[0];
    assert_eq!((hit.pages.clone(), hit.snippets[0].page), (vec![1, 3], Some(1)));
    assert_eq!((hit.snippets[0].text.as_str(), hit.snippets[0].marks.clone()), ("第一页国", vec![(3, 4)]));
    assert_eq!(index.search(&request("\"old page\"")).unwrap().hits[0].pages, vec![3, 4]);
    assert_eq!(index.search(&request("oldpage")).unwrap().total, 0);
    // Text without a page is no continuation of the last page.
    assert_eq!(index.search(&request("end附")).unwrap().total, 0);
    let hit = &index.search(&request("第二页")).unwrap().hits[0];
    assert_eq!((hit.pages.clone(), hit.snippets[0].page), (vec![3], Some(3)));
    assert_eq!(hit.snippets[0].marks, vec![(2, 5)]);
    let hit = &index.search(&request("附件")).unwrap().hits[0];
    assert_eq!((hit.pages.clone(), hit.snippets[0].page), (vec![], None));
}

#[test]
fn a_thousand_pages_stay_fast_and_exact() {
    let law = &laws("laws-national", 40).into_iter().max_by_key(|law| law.text.len()).unwrap();
    let mut big = document(1, law);
    let page: String = law.text.chars().take(1000).collect();
    big.pages = (1..=1000).map(|number| format!("{page}\n第{number}页完")).collect();
    let (_folder, index) = indexed(&[big]);
    let hit = index.search(&request("第777页完")).unwrap().hits.remove(0);
    assert_eq!((hit.pages, hit.snippets[0].page), (vec![777], Some(777)));
    let started = std::time::Instant::now();
    let hit = index.search(&request("页完")).unwrap().hits.remove(0);
    assert_eq!((hit.pages.len(), hit.snippets.len()), (200, 3));
    assert!(started.elapsed().as_millis() < 500);
    assert_eq!(index.search(&SearchRequest { access: Access::default(), ..request("页完") }).unwrap().total, 0);
}
