//! Tables that fill in archive fields.

use reqwest::Method;
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};
use serde_json::{Value, json};
use wenshu::actions::add_user::AddUser;

use crate::support::{Answer, Client, TestServer};

impl Client {
    /// Sends a table.
    pub async fn import(&self, folder: &str, query: &str, table: impl Into<Vec<u8>>) -> Answer {
        let path = format!("/folders/{folder}/records/import?{query}");
        self.send(self.request(Method::POST, &path).body(table.into())).await
    }
}

/// A library with some fields, of which 档号 is unique and 年度 required.
struct Library {
    id: String,
    code: String,
}

async fn library(client: &Client) -> Library {
    let id = client.folder("文书档案", None).await;
    let code = client.property(&id, json!({ "name": "档号", "kind": "text", "unique": true })).await;
    client.property(&id, json!({ "name": "年度", "kind": "number", "required": true })).await;
    client.property(&id, json!({ "name": "成文日期", "kind": "date" })).await;
    let terms = json!({ "name": "保管期限", "kind": "choice", "options": ["永久", "30年", "10年"] });
    client.property(&id, terms).await;
    client.property(&id, json!({ "name": "主题", "kind": "choices", "options": ["人事", "财务", "基建"] })).await;
    Library { id, code }
}

fn problems(report: &Value) -> Vec<(u64, &str, &str)> {
    let text =
        |value: &'_ Value| -> &'static str { Box::leak(value.as_str().unwrap_or("").to_owned().into_boxed_str()) };
    let items = report["problems"].as_array().unwrap().iter();
    items.map(|item| (item["row"].as_u64().unwrap(), text(&item["column"]), text(&item["code"]))).collect()
}

fn counts(report: &Value) -> [u64; 6] {
    ["rows", "matched", "changed", "unchanged", "unmatched", "invalid"].map(|key| report[key].as_u64().unwrap())
}

#[tokio::test]
async fn a_table_is_tried_then_taken() {
    let server = TestServer::start().await;
    let root = server.admin("root").await;
    let library = library(&root).await;
    let folder = root.folder("2023", Some(&library.id)).await;
    let one = root.upload("关于开展安全检查的通知.pdf", &folder, b"one").await;
    let other = root.upload("会议纪要.docx", &library.id, b"other").await;
    let table = "文件名,檔號,年度,成文日期,保管期限,主題,标签,备注栏\r\n\
                 关于开展安全检查的通知,A-1,2023.0,2023/5/6,30年,基建；财务,重要、安全,x\r\n\
                 会议纪要.docx,A-2,二〇二三,昨天,20年,,,\r\n\
                 没有的文件,A-3,2023,,,,,\r\n";
    let (gbk, _, _) = encoding_rs::GBK.encode(table);
    let before = root.last_change(&server).await;
    let report = root.import(&library.id, "dry_run=1&match=name", gbk.to_vec()).await.assert_status(200).json();
    assert_eq!(
        (&report["dry_run"], &report["match"], &report["encoding"], &report["separator"]),
        (&json!(true), &json!("name"), &json!("gb18030"), &json!(","))
    );
    let targets: Vec<&str> =
        report["columns"].as_array().unwrap().iter().map(|column| column["target"].as_str().unwrap()).collect();
    assert_eq!(targets, ["name", "property", "property", "property", "property", "property", "tags", "ignored"]);
    assert_eq!(report["columns"][1]["property_id"], *library.code);
    assert_eq!(counts(&report), [3, 2, 1, 0, 1, 1], "{report}");
    assert_eq!(
        problems(&report),
        [
            (3, "年度", "property_value_invalid"),
            (3, "成文日期", "property_value_invalid"),
            (3, "保管期限", "property_option_unknown"),
            (4, "", "row_unmatched"),
        ]
    );
    assert_eq!(root.last_change(&server).await, before, "a trial writes nothing");
    assert_eq!(root.values(&one).await, [""; 0]);

    let real = root.import(&library.id, "match=name", gbk.to_vec()).await.assert_status(200).json();
    assert_eq!((counts(&real), &real["dry_run"]), ([3, 2, 1, 0, 1, 1], &json!(false)));
    let filled = ["档号=A-1", "年度=2023", "成文日期=2023-05-06", "保管期限=30年", "主题=财务|基建"];
    assert_eq!(root.values(&one).await, filled);
    assert_eq!(root.document(&one).await["tags"], json!(["重要", "安全"]));
    assert_eq!(root.values(&other).await, [""; 0], "never half a row");
    let again = root.import(&library.id, "match=name", gbk.to_vec()).await.json();
    assert_eq!(counts(&again), [3, 2, 0, 1, 1, 1]);

    let events = root.get("/audit?limit=1000").await.json();
    let of =
        |action: &str| events["items"].as_array().unwrap().iter().filter(|event| event["action"] == action).count();
    assert_eq!((of("record_edited"), of("records_imported")), (1, 2));
}

#[tokio::test]
async fn a_workbook_is_read_with_its_days_and_numbers() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = library(&ada).await;
    let one = ada.page("文件一", &library.id).await;
    ada.fill(&one, &library.code, "0012").await.assert_status(200);
    let mut book = Workbook::new();
    book.add_worksheet().set_name("空").unwrap();
    let sheet = book.add_worksheet().set_name("著录").unwrap();
    for (column, head) in ["档号", "年度", "成文日期", "密级"].iter().enumerate() {
        sheet.write(2, column as u16, *head).unwrap();
    }
    sheet.write_with_format(3, 0, 12, &Format::new().set_num_format("0000")).unwrap();
    sheet.write(3, 1, 2023).unwrap();
    let day = ExcelDateTime::from_ymd(2023, 5, 6).unwrap();
    sheet.write_with_format(3, 2, &day, &Format::new().set_num_format("yyyy\"年\"m\"月\"d\"日\"")).unwrap();
    sheet.write(3, 3, "内部").unwrap();
    let table = book.save_to_buffer().unwrap();
    let report = ada.import(&library.id, "", table).await.assert_status(200).json();
    assert_eq!(
        (&report["match"], &report["sheet"], &report["encoding"]),
        (&json!(library.code), &json!("著录"), &Value::Null)
    );
    assert_eq!(counts(&report), [1, 1, 1, 0, 0, 0], "{report}");
    assert_eq!(ada.values(&one).await, ["档号=0012", "年度=2023", "成文日期=2023-05-06"]);
}

#[tokio::test]
async fn hidden_and_unknown_rows_look_the_same() {
    let server = TestServer::start().await;
    let officer = AddUser { name: "officer".into(), clearance: Some(2), ..AddUser::default() };
    let (ada, bob) = (server.user_with(officer).await, server.user("bob").await);
    let library = library(&ada).await;
    let shown = ada.page("公开文件", &library.id).await;
    let secret = ada.page("涉密文件", &library.id).await;
    let elsewhere = ada.folder("别处", None).await;
    let outside = ada.page("别处文件", &elsewhere).await;
    ada.patch(&format!("/documents/{secret}"), json!({ "level": 2 })).await.assert_status(200);
    ada.fill(&secret, &library.code, "S-1").await.assert_status(200);
    ada.share("folders", &library.id, &bob, "editor").await;
    ada.share("folders", &elsewhere, &bob, "editor").await;

    let nobody = crate::properties::NOBODY;
    let by_id = format!("id,标签\n{secret},a\n{nobody},a\n{outside},a\nx,a\n{shown},a\n");
    let report = bob.import(&library.id, "", by_id).await.assert_status(200).json();
    let unmatched: Vec<_> = (2..6).map(|row| (row, "", "row_unmatched")).collect();
    assert_eq!((problems(&report), counts(&report)), (unmatched, [5, 1, 1, 0, 4, 0]));
    for (query, table) in [
        ("match=name", "文件名,标签\n涉密文件,a\n没有的,a\n".to_owned()),
        (&*format!("match={}", library.code), "档号,标签\nS-1,a\nS-2,a\n".to_owned()),
    ] {
        let report = bob.import(&library.id, query, table).await.assert_status(200).json();
        assert_eq!(problems(&report), [(2, "", "row_unmatched"), (3, "", "row_unmatched")], "{report}");
        assert_eq!(report["problems"][0]["message"], report["problems"][1]["message"]);
    }
    // A value that is taken by a hidden document is taken; by whom is not said.
    let report = bob.import(&library.id, "match=id", format!("id,档号\n{shown},S-1\n")).await.json();
    assert_eq!(problems(&report), [(2, "档号", "property_value_taken")]);
    assert_eq!(report["problems"][0].get("document_id"), None, "{report}");
    assert_eq!(ada.document(&secret).await["tags"], json!([]));

    // Who may only read gets a reason for each row.
    ada.share("folders", &library.id, &bob, "reader").await;
    let report = bob.import(&library.id, "", format!("id,标签\n{shown},b\n")).await.json();
    assert_eq!(problems(&report), [(2, "", "edit_record_not_allowed")]);
    ada.delete(&format!("/folders/{}/grants/user/{}", library.id, bob.id)).await.assert_status(204);
    bob.import(&library.id, "", "id,标签\n").await.assert_error(404, "folder_not_found");
}

#[tokio::test]
async fn equal_names_need_a_path_and_a_document_is_told_of_once() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = library(&ada).await;
    let (first, second) =
        (ada.folder("一季度", Some(&library.id)).await, ada.folder("二季度", Some(&library.id)).await);
    let (one, other) = (ada.page("纪要", &first).await, ada.page("纪要", &second).await);
    let table = "文件名,路径,年度\n纪要,,2021\n纪要,文书档案/二季度,2022\n纪要,一季度/,2023\n纪要,三季度,2024\n纪要,一季度,2025\n";
    let report = ada.import(&library.id, "", table).await.assert_status(200).json();
    assert_eq!(problems(&report), [(2, "", "row_ambiguous"), (5, "", "row_ambiguous"), (6, "", "row_repeated")]);
    assert_eq!(
        (ada.values(&one).await, ada.values(&other).await),
        (vec!["年度=2023".into()], vec!["年度=2022".into()])
    );
}

#[tokio::test]
async fn unique_values_may_move_between_rows_and_never_meet() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = library(&ada).await;
    let mut ids = Vec::new();
    // More than one part of rows, so that values move between parts, too.
    for number in 0..3 {
        ids.push(ada.page(&format!("文件{number}"), &library.id).await);
    }
    let table = |codes: [&str; 3]| {
        let rows: Vec<String> = ids.iter().zip(codes).map(|(id, code)| format!("{id},{code}\n")).collect();
        format!("id,档号\n{}", rows.concat())
    };
    for (codes, refused, stored) in [
        (["A", "B", "C"], vec![], ["A", "B", "C"]),
        // A round of three.
        (["B", "C", "A"], vec![], ["B", "C", "A"]),
        // Two want one: the second keeps what it has, and so does who wanted that.
        (["X", "X", "C"], vec![3, 4], ["X", "C", "A"]),
    ] {
        let tried = ada.import(&library.id, "dry_run=1", table(codes)).await.assert_status(200).json();
        let taken = ada.import(&library.id, "", table(codes)).await.assert_status(200).json();
        assert_eq!(problems(&tried), problems(&taken));
        let expected: Vec<_> = refused.into_iter().map(|row| (row, "档号", "property_value_taken")).collect();
        assert_eq!(problems(&taken), expected);
        for (id, code) in ids.iter().zip(stored) {
            assert_eq!(ada.values(id).await, [format!("档号={code}")]);
        }
    }
}

#[tokio::test]
async fn a_trial_of_many_parts_says_what_the_real_run_says() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = library(&ada).await;
    let mut first = String::from("id,档号\n");
    let mut shifted = first.clone();
    for number in 0..520 {
        let id = ada.page(&format!("文件{number}"), &library.id).await;
        first.push_str(&format!("{id},A-{number}\n"));
        // Everything moves up by one: what the last of a part takes is given up in the next part.
        shifted.push_str(&format!("{id},A-{}\n", number + 1));
    }
    let report = ada.import(&library.id, "", first).await.assert_status(200).json();
    assert_eq!(counts(&report)[2], 520);
    let tried = ada.import(&library.id, "dry_run=true", shifted.clone()).await.json();
    let taken = ada.import(&library.id, "", shifted).await.json();
    assert_eq!((counts(&tried), problems(&tried)), (counts(&taken), problems(&taken)));
    assert_eq!(counts(&taken)[0], 520);
}

#[tokio::test]
async fn empty_cells_stay_unless_asked_for() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = library(&ada).await;
    let page = ada.page("文件", &library.id).await;
    let full = format!("id,档号,年度,主题,标签\n{page},A-1,2023,人事,重要\n");
    assert_eq!(counts(&ada.import(&library.id, "", full).await.json())[2], 1);
    let empty = format!("id,档号,年度,主题,标签\n{page},,,,\n");
    assert_eq!(counts(&ada.import(&library.id, "", empty.clone()).await.json())[3], 1);
    let report = ada.import(&library.id, "empty=clear", empty).await.json();
    assert_eq!(problems(&report), [(2, "年度", "property_required")]);
    let empty = format!("id,档号,主题,标签\n{page},,,\n");
    assert_eq!(counts(&ada.import(&library.id, "empty=clear", empty).await.json())[2], 1);
    assert_eq!((ada.values(&page).await, &ada.document(&page).await["tags"]), (vec!["年度=2023".into()], &json!([])));
}

#[tokio::test]
async fn tables_that_cannot_be_taken_are_refused() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = library(&ada).await;
    for (query, table, status, code) in [
        ("", &b""[..], 422, "document_damaged"),
        ("", b"PK\x03\x04 no workbook", 422, "document_damaged"),
        ("", b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0", 422, "unsupported_type"),
        ("", b"\n \n,,\n", 400, "table_empty"),
        ("", "标签,档号,檔号\n".as_bytes(), 400, "column_repeated"),
        ("", "标签,别的\na,b\n".as_bytes(), 400, "match_column_missing"),
        ("match=id", "文件名,标签\na,b\n".as_bytes(), 400, "match_column_missing"),
        ("", "id,别的\na,b\n".as_bytes(), 400, "nothing_to_import"),
        ("match=colour", b"id\n", 400, "match_invalid"),
        (&*format!("match={}", crate::properties::NOBODY), b"id\n", 400, "match_invalid"),
        ("empty=maybe", b"id\n", 400, "query_invalid"),
    ] {
        let answer = ada.import(&library.id, query, table).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["error"]["code"].as_str().unwrap()),
            (status, code),
            "{query} {answer}"
        );
    }
    let long = format!("id,标签\n{}", "x,a\n".repeat(100_001));
    ada.import(&library.id, "", long).await.assert_error(422, "table_too_large");
    server.anonymous().import(&library.id, "", "id\n").await.assert_error(401, "unauthorized");
}
