//! Search results as tables, and tables that come back.

use std::{path::Path, process::Command};

use serde_json::json;
use wenshu::actions::add_user::AddUser;

use crate::{
    properties::NOBODY,
    support::{Client, TestServer},
};

/// A library with fields of every kind and awkward values; its id and the ids of its documents.
async fn filled(server: &TestServer, ada: &Client) -> (String, Vec<String>) {
    let library = ada.folder("文书档案", None).await;
    let text = ada.property(&library, json!({ "name": "题名", "kind": "text" })).await;
    let code = ada.property(&library, json!({ "name": "档号", "kind": "text", "unique": true })).await;
    let year = ada.property(&library, json!({ "name": "年度", "kind": "number", "facet": true })).await;
    let day = ada.property(&library, json!({ "name": "成文日期", "kind": "date" })).await;
    let about = ada
        .property(&library, json!({ "name": "主题", "kind": "choices", "options": ["党务、人事", "财务", "基建"] }))
        .await;
    let values = [
        (
            json!({ &text: ["=HYPERLINK(\"http://x\",\"点我\")"], &code: ["0012"], &year: ["2023"], &day: ["2023-05-06"], &about: ["财务", "党务、人事"] }),
            json!(["重要", "合同"]),
        ),
        (
            json!({ &text: ["第一行\n第二行，\"引号\""], &code: ["2023-05"], &year: ["-5.5"], &day: ["1898-06-11"] }),
            json!([]),
        ),
        (json!({ &text: ["'=1+1"], &code: ["1E5"], &about: ["基建"] }), json!(["@甲"])),
        (json!({ &text: ["+86 10"], &code: ["00001234567890123456"] }), json!([])),
    ];
    let mut ids = Vec::new();
    for (number, (properties, tags)) in values.into_iter().enumerate() {
        let id = ada.page(&format!("文件{number}"), &library).await;
        let patch = json!({ "properties": properties, "tags": tags });
        ada.patch(&format!("/documents/{id}"), patch).await.assert_status(200);
        ids.push(id);
    }
    server.run_jobs().await;
    (library, ids)
}

fn rows(csv: &[u8]) -> Vec<Vec<String>> {
    let text = std::str::from_utf8(csv).unwrap().strip_prefix('\u{feff}').expect("the mark of UTF-8");
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// Lets LibreOffice make another kind of file.
fn convert(folder: &Path, from: &str, kind: &str) -> Vec<u8> {
    let output = Command::new("soffice")
        .arg(format!("-env:UserInstallation=file://{}", folder.join("profile").display()))
        .args(["--headless", "--convert-to", kind, "--outdir"])
        .arg(folder.join("converted"))
        .arg(folder.join(from))
        .output()
        .expect("LibreOffice is installed");
    let ending = kind.split(':').next().unwrap();
    let made = folder.join("converted").join(Path::new(from).with_extension(ending));
    std::fs::read(made).unwrap_or_else(|_| panic!("{output:?}"))
}

#[tokio::test]
async fn a_search_is_taken_away_as_csv() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let (library, ids) = filled(&server, &ada).await;
    let path = format!("/records/export?format=csv&in={library}&sort=name");
    let answer = ada.get(&path).await.assert_status(200);
    assert_eq!(answer.header("content-type"), Some("text/csv; charset=utf-8"));
    let disposition = answer.header("content-disposition").unwrap();
    assert!(disposition.ends_with("UTF-8''%E6%96%87%E4%B9%A6%E6%A1%A3%E6%A1%88.csv"), "{disposition}");
    let table = rows(&answer.body);
    assert_eq!(table[0], ["id", "文件名", "路径", "标签", "密级", "题名", "档号", "年度", "成文日期", "主题"]);
    assert_eq!(table.len(), 5);
    assert_eq!(
        table[1],
        [
            &ids[0],
            "文件0",
            "文书档案",
            "重要；合同",
            "内部",
            "'=HYPERLINK(\"http://x\",\"点我\")",
            "0012",
            "2023",
            "2023-05-06",
            "党务、人事；财务"
        ]
    );
    assert_eq!(&table[2][5..9], ["第一行\n第二行，\"引号\"", "2023-05", "-5.5", "1898-06-11"]);
    assert_eq!((&*table[3][3], &*table[3][5], &*table[4][5]), ("'@甲", "''=1+1", "'+86 10"));

    let fields = ada.get(&format!("/folders/{library}/properties")).await.json();
    let year = fields["items"][2]["id"].as_str().unwrap();
    let filter =
        format!("/records/export?format=csv&columns=property:{year},name,updated_at&filter=property:{year}:2023");
    let table = rows(&ada.get(&filter).await.assert_status(200).body);
    assert_eq!(table, [vec!["年度", "文件名", "最后修改时间"], vec!["2023", "文件0", "2026-01-05 16:00:00"]]);

    let root = server.admin("root").await;
    let events = root.get("/audit?limit=1000").await.json();
    let exported: Vec<_> =
        events["items"].as_array().unwrap().iter().filter(|event| event["action"] == "records_exported").collect();
    assert_eq!(exported.len(), 2);
    assert_eq!(exported[0]["details"], json!({ "format": "csv", "rows": 4 }));
}

#[tokio::test]
async fn only_what_the_caller_sees_is_taken_away() {
    let server = TestServer::start().await;
    let officer = AddUser { name: "officer".into(), clearance: Some(2), ..AddUser::default() };
    let (ada, bob, eve) = (server.user_with(officer).await, server.user("bob").await, server.user("eve").await);
    let (library, ids) = filled(&server, &ada).await;
    ada.patch(&format!("/documents/{}", ids[1]), json!({ "level": 2 })).await.assert_status(200);
    ada.share("folders", &library, &bob, "previewer").await;
    server.run_jobs().await;
    let path = format!("/records/export?format=csv&in={library}&sort=name");
    let seen: Vec<String> =
        rows(&bob.get(&path).await.assert_status(200).body).into_iter().map(|row| row[0].clone()).collect();
    assert_eq!(seen, ["id", &ids[0], &ids[2], &ids[3]]);
    // Hidden before the index knows.
    ada.patch(&format!("/documents/{}", ids[2]), json!({ "level": 2 })).await.assert_status(200);
    assert_eq!(rows(&bob.get(&path).await.body).len(), 3);
    let fixed = ["id", "文件名", "路径", "标签", "密级"];
    assert_eq!(
        rows(&eve.get(&path).await.assert_status(200).body),
        [fixed],
        "no names of fields, no rows, no name of the library"
    );
    let fields = ada.get(&format!("/folders/{library}/properties")).await.json();
    let field = fields["items"][0]["id"].as_str().unwrap();
    for column in [format!("property:{field}"), format!("property:{NOBODY}"), "colour".to_owned()] {
        let path = format!("/records/export?format=csv&columns=name,{column}");
        eve.get(&path).await.assert_error(400, "columns_invalid");
    }
    ada.get("/records/export?format=pdf").await.assert_error(400, "format_invalid");
    ada.get("/records/export?format=csv&q=甲 OR").await.assert_error(400, "query_syntax");
    server.anonymous().get(&path).await.assert_error(401, "unauthorized");
}

#[tokio::test]
async fn what_was_exported_comes_back_through_a_spreadsheet() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let (library, ids) = filled(&server, &ada).await;
    let scratch = tempfile::tempdir().unwrap();
    let export = |format: &str| format!("/records/export?format={format}&in={library}&sort=name");
    let csv = ada.get(&export("csv")).await.assert_status(200).body;
    let xlsx = ada.get(&export("xlsx")).await.assert_status(200);
    assert_eq!(xlsx.header("content-length").unwrap(), xlsx.body.len().to_string());
    let xlsx = xlsx.body;

    // As they are, nothing changes.
    for table in [csv.clone(), xlsx.clone()] {
        let report = ada.import(&library, "dry_run=1&empty=clear", table).await.assert_status(200).json();
        assert_eq!(
            (&report["rows"], &report["unchanged"], &report["problems"]),
            (&json!(4), &json!(4), &json!([])),
            "{report}"
        );
    }

    // LibreOffice writes CSV of the workbook, and a workbook of that.
    std::fs::write(scratch.path().join("export.xlsx"), &xlsx).unwrap();
    let plain =
        convert(scratch.path(), "export.xlsx", "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false");
    let report = ada.import(&library, "dry_run=1&empty=clear", plain.clone()).await.assert_status(200).json();
    assert_eq!(
        (&report["unchanged"], &report["problems"]),
        (&json!(4), &json!([])),
        "{report}\n{}",
        String::from_utf8_lossy(&plain)
    );
    assert!(!String::from_utf8_lossy(&plain).contains("#NAME"), "nothing was computed");

    // An edit of the table, all text so that numbers of files stay as they are.
    let edited = String::from_utf8(plain).unwrap().replace(",0012,", ",0099,").replace("2023-05-06", "2024/6/7");
    std::fs::write(scratch.path().join("edited.csv"), edited).unwrap();
    let filter = "--infilter=Text - txt - csv (StarCalc):44,34,76,1,1/2/2/2/3/2/4/2/5/2/6/2/7/2/9/2/10/2";
    let output = Command::new("soffice")
        .arg(format!("-env:UserInstallation=file://{}", scratch.path().join("profile").display()))
        .args(["--headless", filter, "--convert-to", "xlsx", "--outdir"])
        .arg(scratch.path().join("converted"))
        .arg(scratch.path().join("edited.csv"))
        .output()
        .unwrap();
    let back = std::fs::read(scratch.path().join("converted/edited.xlsx")).unwrap_or_else(|_| panic!("{output:?}"));
    let report = ada.import(&library, "", back).await.assert_status(200).json();
    assert_eq!(
        (&report["changed"], &report["unchanged"], &report["problems"]),
        (&json!(1), &json!(3), &json!([])),
        "{report}"
    );
    let values = ada.values(&ids[0]).await;
    assert!(
        values.contains(&"档号=0099".to_owned()) && values.contains(&"成文日期=2024-06-07".to_owned()),
        "{values:?}"
    );
}
