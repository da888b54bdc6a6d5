//! Archive fields: how libraries define them, and what documents say in them.

use serde_json::{Value, json};
use wenshu::actions::add_user::AddUser;

use crate::support::{Answer, Client, TestServer};

pub const NOBODY: &str = "018f0000-0000-7000-8000-000000000000";

impl Client {
    /// Defines an archive field and returns its id.
    pub async fn property(&self, library: &str, input: Value) -> String {
        let made = self.post(&format!("/folders/{library}/properties"), input).await.assert_status(201).json();
        made["id"].as_str().unwrap().to_owned()
    }

    /// Fills in one field.
    pub async fn fill(&self, document: &str, property: &str, value: &str) -> Answer {
        self.patch(&format!("/documents/{document}"), json!({ "properties": { property: [value] } })).await
    }

    /// The values of a document as `name=value` pieces.
    pub async fn values(&self, document: &str) -> Vec<String> {
        shown(&self.document(document).await)
    }
}

/// The values of a view as `name=value` pieces.
pub fn shown(view: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let pieces = view["properties"].as_array().unwrap().iter().map(|property| {
        let values: Vec<String> = property["values"].as_array().unwrap().iter().map(text).collect();
        format!("{}={}", text(&property["name"]), values.join("|"))
    });
    pieces.collect()
}

fn names(list: &Value) -> Vec<String> {
    list["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_library_gets_the_usual_fields_with_one_request() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let library = ada.folder("文书档案", None).await;
    let below = ada.folder("2023", Some(&library)).await;
    let own = ada.property(&library, json!({ "name": "年度", "kind": "text" })).await;
    let path = format!("/folders/{library}/properties");
    let preset = format!("{path}/preset");
    let fields = ada.post(&preset, json!({ "set": "dossier" })).await.assert_status(200).json();
    assert_eq!(fields["items"].as_array().unwrap().len(), 12, "{fields}");
    assert_eq!(names(&fields)[..3], ["年度", "档号", "题名"]);
    assert_eq!(fields["items"][0]["id"], *own, "a field of that name stays as it was");
    let retention = fields["items"].as_array().unwrap().iter().find(|field| field["name"] == "保管期限").unwrap();
    assert_eq!(retention["options"], json!(["永久", "30年", "10年"]));
    assert_eq!(
        (&retention["kind"], &retention["required"], &retention["facet"]),
        (&json!("choice"), &json!(true), &json!(true))
    );
    let again = ada.post(&preset, json!({ "set": "dossier" })).await.assert_status(200).json();
    assert_eq!(again, fields);
    assert_eq!(
        ada.get(&format!("/folders/{below}/properties")).await.json(),
        fields,
        "a folder shows those of its library"
    );

    ada.post(&preset, json!({ "set": "x" })).await.assert_error(400, "preset_unknown");
    bob.post(&preset, json!({ "set": "dossier" })).await.assert_error(404, "folder_not_found");
    ada.share("folders", &library, &bob, "editor").await;
    bob.post(&preset, json!({ "set": "dossier" })).await.assert_error(403, "define_properties_not_allowed");
    assert_eq!(bob.get(&path).await.assert_status(200).json(), fields);
    let of_below = ada.post(&format!("/folders/{below}/properties"), json!({ "name": "x", "kind": "text" })).await;
    of_below.assert_error(409, "folder_is_not_library");
    assert!(
        ada.get(&format!("/folders/{library}")).await.json()["abilities"].to_string().contains("define_properties")
    );
    assert!(!ada.get(&format!("/folders/{below}")).await.json()["abilities"].to_string().contains("define_properties"));
}

#[tokio::test]
async fn definitions_are_checked() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let path = format!("/folders/{library}/properties");
    let title = ada.property(&library, json!({ "name": "題名", "kind": "text" })).await;
    for (input, status, code) in [
        (json!({ "name": "题名", "kind": "text" }), 409, "property_name_taken"),
        (json!({ "name": "标签", "kind": "text" }), 400, "property_name_reserved"),
        (json!({ "name": " ", "kind": "text" }), 400, "property_name_invalid"),
        (json!({ "name": "x", "kind": "colour" }), 400, "input_invalid"),
        (json!({ "name": "x", "kind": "choice" }), 400, "property_options_invalid"),
        (json!({ "name": "x", "kind": "text", "options": ["a"] }), 400, "property_options_invalid"),
        (json!({ "name": "x", "kind": "choice", "options": ["30年", "３０年"] }), 400, "property_options_invalid"),
        (
            json!({ "name": "x", "kind": "choices", "options": ["a"], "unique": true }),
            400,
            "property_unique_impossible",
        ),
    ] {
        let error = ada.post(&path, input).await.assert_error(status, code);
        if status == 409 {
            assert_eq!(error["property_id"], *title);
        }
    }
    ada.patch(&format!("/properties/{NOBODY}"), json!({ "name": "y" })).await.assert_error(404, "property_not_found");
    for number in 1..60 {
        ada.property(&library, json!({ "name": format!("字段{number}"), "kind": "text" })).await;
    }
    ada.post(&path, json!({ "name": "太多", "kind": "text" })).await.assert_error(409, "too_many_properties");
}

#[tokio::test]
async fn fields_are_filled_in_and_shown_in_their_order() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let library = ada.folder("库", None).await;
    let page = ada.page("文件", &library).await;
    let code = ada.property(&library, json!({ "name": "档号", "kind": "text", "required": true })).await;
    let year = ada.property(&library, json!({ "name": "年度", "kind": "number" })).await;
    let day = ada.property(&library, json!({ "name": "成文日期", "kind": "date" })).await;
    let about = json!({ "name": "主题", "kind": "choices", "options": ["人事", "财务", "基建"], "position": 0 });
    let about = ada.property(&library, about).await;
    assert_eq!(ada.document(&page).await["missing_properties"], json!([code]));

    let path = format!("/documents/{page}");
    let before = ada.document(&page).await["updated_at"].clone();
    server.clock.advance(60_000);
    let patch = json!({
        "tags": [" 重要 ", "合同", "重要"],
        "properties": { &code: ["A1-2023"], &year: ["２０２３"], &day: ["2023年5月6日"], &about: ["基建", "財務"] }
    });
    let view = ada.patch(&path, patch).await.assert_status(200).json();
    assert_eq!(shown(&view), ["主题=财务|基建", "档号=A1-2023", "年度=2023", "成文日期=2023-05-06"]);
    assert_eq!(view["tags"], json!(["重要", "合同"]));
    assert_eq!(view["missing_properties"], json!([]));
    assert_eq!(view["properties"][0]["kind"], "choices");
    assert_eq!(view["updated_at"], before, "the content is as old as it was");

    // The order of a list is shown as it is, an empty list and null empty a field.
    ada.patch(&path, json!({ "properties": { &about: [], &year: null } })).await.assert_status(200);
    assert_eq!(ada.values(&page).await, ["档号=A1-2023", "成文日期=2023-05-06"]);

    for (properties, code_expected) in [
        (json!({ &code: null }), "property_required"),
        (json!({ &code: ["  "] }), "property_required"),
        (json!({ &year: ["二〇二三"] }), "property_value_invalid"),
        (json!({ &year: ["1", "2"] }), "property_value_invalid"),
        (json!({ &day: ["2023-02-30"] }), "property_value_invalid"),
        (json!({ &about: ["宣传"] }), "property_option_unknown"),
        (json!({ &code: ["x".repeat(2001)] }), "property_value_invalid"),
        (json!({ NOBODY: ["x"] }), "property_unknown"),
    ] {
        let named = properties.as_object().unwrap().keys().next().unwrap().clone();
        let error = ada.patch(&path, json!({ "properties": properties })).await.assert_error(400, code_expected);
        assert_eq!(error["property_id"], *named, "{error}");
    }
    ada.patch(&path, json!({ "tags": ["a;b"] })).await.assert_error(400, "tag_invalid");
    let many: Vec<String> = (0..51).map(|number| format!("标签{number}")).collect();
    ada.patch(&path, json!({ "tags": many })).await.assert_error(400, "too_many_tags");
    // A refused field keeps the others from changing.
    let both = json!({ "tags": [], "properties": { &day: ["2024-01-01"], &year: ["x"] } });
    ada.patch(&path, both).await.assert_error(400, "property_value_invalid");
    assert_eq!(ada.values(&page).await, ["档号=A1-2023", "成文日期=2023-05-06"]);
    assert_eq!(ada.document(&page).await["tags"], json!(["重要", "合同"]));

    bob.patch(&path, json!({ "tags": ["x"] })).await.assert_error(404, "document_not_found");
    ada.share("documents", &page, &bob, "commenter").await;
    bob.patch(&path, json!({ "tags": ["x"] })).await.assert_error(403, "edit_record_not_allowed");
    assert_eq!(
        bob.values(&page).await,
        ["档号=A1-2023", "成文日期=2023-05-06"],
        "who sees the document sees its fields"
    );
    bob.get(&format!("/folders/{library}/properties")).await.assert_error(404, "folder_not_found");
    let fields = bob.get(&format!("{path}/properties")).await.assert_status(200).json();
    assert_eq!(names(&fields), ["主题", "档号", "年度", "成文日期"]);
}

#[tokio::test]
async fn changes_of_fields_are_audited_and_followed() {
    let server = TestServer::start().await;
    let root = server.admin("root").await;
    let library = root.folder("库", None).await;
    let page = root.page("文件", &library).await;
    let code = root.property(&library, json!({ "name": "档号", "kind": "text" })).await;
    let before = root.last_change(&server).await;
    root.fill(&page, &code, "A1").await.assert_status(200);
    root.fill(&page, &code, "A1").await.assert_status(200);
    root.patch(&format!("/documents/{page}"), json!({ "tags": ["甲"] })).await.assert_status(200);
    assert_eq!(root.last_change(&server).await, before + 2, "what changes nothing is no change");
    root.delete(&format!("/properties/{code}")).await.assert_status(204);
    assert_eq!(root.last_change(&server).await, before + 3);

    let events = root.get("/audit?limit=1000").await.json();
    let of = |action: &str| -> Vec<Value> {
        let events = events["items"].as_array().unwrap().iter().filter(|event| event["action"] == action);
        events.map(|event| event["details"].clone()).collect()
    };
    let edits = of("record_edited");
    assert_eq!(edits.len(), 2);
    assert_eq!(edits[0], json!({ "properties": { &code: { "name": "档号", "from": [], "to": ["A1"] } } }));
    assert_eq!(edits[1], json!({ "tags": { "from": [], "to": ["甲"] } }));
    assert_eq!(of("property_added").len(), 1);
    assert_eq!((&of("property_deleted")[0]["documents"], &of("property_deleted")[0]["values"]), (&json!(1), &json!(1)));
    assert_eq!(root.values(&page).await, [""; 0]);
    let rows = wenshu::db::audit::list(server.app.db.read(), 0, None, 1000).await.unwrap();
    let mut hash = String::new();
    for row in rows {
        assert_eq!(wenshu::db::audit::chain(&hash, &row), row.hash, "{}", row.seq);
        hash = row.hash;
    }
}

#[tokio::test]
async fn options_are_renamed_replaced_and_kept_while_in_use() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let (one, other) = (ada.page("一", &library).await, ada.page("二", &library).await);
    let term =
        json!({ "name": "保管期限", "kind": "choice", "options": ["永久", "长期", "短期", "备用"], "required": true });
    let term = ada.property(&library, term).await;
    let about =
        ada.property(&library, json!({ "name": "主题", "kind": "choices", "options": ["甲", "乙", "丙"] })).await;
    ada.fill(&one, &term, "长期").await.assert_status(200);
    ada.fill(&other, &term, "短期").await.assert_status(200);
    ada.patch(&format!("/documents/{one}"), json!({ "properties": { &about: ["甲", "丙"] } })).await.assert_status(200);

    let path = format!("/properties/{term}");
    let error =
        ada.patch(&path, json!({ "options": ["永久", "短期"] })).await.assert_error(409, "property_option_in_use");
    assert_eq!((&error["option"], &error["property_id"]), (&json!("长期"), &json!(term)));
    let input = json!({ "options": ["永久", "30年", "10年"], "replace": { "长期": "30年", "短期": "10年" } });
    let view = ada.patch(&path, input).await.assert_status(200).json();
    assert_eq!(view["options"], json!(["永久", "30年", "10年"]));
    assert_eq!(ada.values(&one).await, ["保管期限=30年", "主题=甲|丙"]);
    assert_eq!(ada.values(&other).await, ["保管期限=10年"]);
    let input = json!({ "options": ["永久", "30年"], "replace": { "10年": null } });
    ada.patch(&path, input).await.assert_error(400, "property_required");
    let input = json!({ "options": ["永久", "30年"], "replace": { "10年": "20年" } });
    ada.patch(&path, input).await.assert_error(400, "property_option_unknown");

    let path = format!("/properties/{about}");
    ada.patch(&path, json!({ "options": ["丁", "乙"], "replace": { "甲": "乙", "丙": null } }))
        .await
        .assert_status(200);
    assert_eq!(ada.values(&one).await, ["保管期限=30年", "主题=乙"]);
}

#[tokio::test]
async fn a_kind_changes_only_when_every_value_can_follow() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let (one, other) = (ada.page("一", &library).await, ada.page("二", &library).await);
    let field = ada.property(&library, json!({ "name": "年度", "kind": "text" })).await;
    ada.fill(&one, &field, "０２０２３").await.assert_status(200);
    ada.fill(&other, &field, "去年").await.assert_status(200);
    let path = format!("/properties/{field}");
    ada.patch(&path, json!({ "kind": "number" })).await.assert_error(409, "property_values_do_not_convert");
    ada.fill(&other, &field, "2023.0").await.assert_status(200);
    ada.patch(&path, json!({ "kind": "number" })).await.assert_status(200);
    assert_eq!(
        (ada.values(&one).await, ada.values(&other).await),
        (vec!["年度=2023".to_owned()], vec!["年度=2023".to_owned()])
    );
    ada.patch(&path, json!({ "unique": true })).await.assert_error(409, "property_values_not_unique");
    ada.patch(&path, json!({ "kind": "choice", "options": ["2022"] }))
        .await
        .assert_error(409, "property_values_do_not_convert");
    ada.patch(&path, json!({ "kind": "choice", "options": ["2022", "2023"] })).await.assert_status(200);
    ada.patch(&path, json!({ "kind": "choices" })).await.assert_status(200);
    ada.patch(&format!("/documents/{one}"), json!({ "properties": { &field: ["2022", "2023"] } }))
        .await
        .assert_status(200);
    ada.patch(&path, json!({ "kind": "text", "options": [] }))
        .await
        .assert_error(409, "property_values_do_not_convert");
    assert_eq!(ada.values(&one).await, ["年度=2022|2023"]);
    ada.fill(&one, &field, "2022").await.assert_status(200);
    ada.patch(&path, json!({ "kind": "text", "name": "年份" })).await.assert_status(200);
    assert_eq!(ada.values(&one).await, ["年份=2022"]);
    ada.patch(&path, json!({ "position": 9 })).await.assert_status(200);
}

#[tokio::test]
async fn a_unique_value_is_had_once_and_names_its_holder_only_to_who_may_see_it() {
    let server = TestServer::start().await;
    let officer = AddUser { name: "officer".into(), clearance: Some(2), ..AddUser::default() };
    let (ada, bob) = (server.user_with(officer).await, server.user("bob").await);
    let library = ada.folder("库", None).await;
    ada.share("folders", &library, &bob, "editor").await;
    let (one, other, secret) =
        (ada.page("一", &library).await, ada.page("二", &library).await, ada.page("三", &library).await);
    let code = ada.property(&library, json!({ "name": "档号", "kind": "text", "unique": true })).await;
    ada.fill(&one, &code, "A-1").await.assert_status(200);
    ada.fill(&secret, &code, "A-2").await.assert_status(200);
    ada.patch(&format!("/documents/{secret}"), json!({ "level": 2 })).await.assert_status(200);

    let error = bob.fill(&other, &code, "ａ-1").await.assert_error(409, "property_value_taken");
    assert_eq!(
        (&error["property_id"], &error["property"], &error["document_id"]),
        (&json!(code), &json!("档号"), &json!(one))
    );
    let error = bob.fill(&other, &code, "A-2").await.assert_error(409, "property_value_taken");
    assert_eq!(error["document_id"], Value::Null, "a document above the clearance is not named");
    assert_eq!(ada.fill(&other, &code, "A-2").await.assert_error(409, "property_value_taken")["document_id"], *secret);
    bob.fill(&one, &code, "A-1").await.assert_status(200);

    // In the trash it is free; who comes back too late is refused.
    ada.delete(&format!("/documents/{one}")).await.assert_status(204);
    bob.fill(&other, &code, "A-1").await.assert_status(200);
    let back = ada.post(&format!("/documents/{one}/untrash"), json!({})).await;
    assert_eq!(back.assert_error(409, "property_value_taken")["document_id"], *other);
    bob.fill(&other, &code, "A-9").await.assert_status(200);
    ada.post(&format!("/documents/{one}/untrash"), json!({})).await;
    assert_eq!(ada.values(&one).await, ["档号=A-1"]);
    bob.fill(&other, &code, "A-1").await.assert_error(409, "property_value_taken");

    // The same once more with a whole folder.
    let folder = ada.folder("卷", Some(&library)).await;
    ada.patch(&format!("/documents/{one}"), json!({ "folder_id": folder })).await.assert_status(200);
    ada.delete(&format!("/folders/{folder}")).await.assert_status(204);
    bob.fill(&other, &code, "A-1").await.assert_status(200);

    // Not unique any more, then again.
    let path = format!("/properties/{code}");
    ada.patch(&path, json!({ "unique": false })).await.assert_status(200);
    let third = ada.page("四", &library).await;
    ada.fill(&third, &code, "A-1").await.assert_status(200);
    ada.patch(&path, json!({ "unique": true })).await.assert_error(409, "property_values_not_unique");
    ada.fill(&third, &code, "A-3").await.assert_status(200);
    ada.patch(&path, json!({ "unique": true })).await.assert_status(200);
    bob.fill(&third, &code, "A-1").await.assert_error(409, "property_value_taken");
}

#[tokio::test]
async fn values_sleep_in_another_library_and_wake_when_the_document_comes_back() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let (home, away) = (ada.folder("家", None).await, ada.folder("外", None).await);
    let folder = ada.folder("卷", Some(&home)).await;
    let (one, other) = (ada.page("一", &folder).await, ada.page("二", &home).await);
    let code = ada.property(&home, json!({ "name": "档号", "kind": "text", "unique": true, "required": true })).await;
    ada.fill(&one, &code, "A-1").await.assert_status(200);

    ada.patch(&format!("/documents/{one}"), json!({ "folder_id": away })).await.assert_status(200);
    assert_eq!(ada.values(&one).await, [""; 0]);
    assert_eq!(ada.document(&one).await["missing_properties"], json!([]), "the other library asks for nothing");
    ada.fill(&one, &code, "A-7").await.assert_error(400, "property_unknown");
    ada.fill(&other, &code, "A-1").await.assert_status(200);
    let back = ada.patch(&format!("/documents/{one}"), json!({ "folder_id": folder })).await;
    assert_eq!(back.assert_error(409, "property_value_taken")["document_id"], *other);
    assert_eq!(ada.document(&one).await["folder_id"], *away, "a refused move moves nothing");
    ada.fill(&other, &code, "A-2").await.assert_status(200);
    ada.patch(&format!("/documents/{one}"), json!({ "folder_id": folder })).await.assert_status(200);
    assert_eq!(ada.values(&one).await, ["档号=A-1"]);

    // A folder takes its documents along.
    ada.patch(&format!("/folders/{folder}"), json!({ "parent_id": away })).await.assert_status(200);
    assert_eq!(ada.values(&one).await, [""; 0]);
    ada.fill(&other, &code, "A-1").await.assert_status(200);
    let back = ada.patch(&format!("/folders/{folder}"), json!({ "parent_id": home })).await;
    assert_eq!(back.assert_error(409, "property_value_taken")["document_id"], *other);
    ada.fill(&other, &code, "A-2").await.assert_status(200);
    ada.patch(&format!("/folders/{folder}"), json!({ "parent_id": home })).await.assert_status(200);
    assert_eq!(ada.values(&one).await, ["档号=A-1"]);
    ada.fill(&other, &code, "A-1").await.assert_error(409, "property_value_taken");
}

#[tokio::test]
async fn only_who_manages_a_library_changes_its_fields() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let library = ada.folder("库", None).await;
    let field = ada.property(&library, json!({ "name": "年度", "kind": "number" })).await;
    let path = format!("/properties/{field}");
    bob.patch(&path, json!({ "name": "x" })).await.assert_error(404, "property_not_found");
    bob.delete(&path).await.assert_error(404, "property_not_found");
    ada.share("folders", &library, &bob, "editor").await;
    bob.patch(&path, json!({ "name": "x" })).await.assert_error(403, "define_properties_not_allowed");
    bob.delete(&path).await.assert_error(403, "define_properties_not_allowed");
    ada.share("folders", &library, &bob, "manager").await;
    bob.patch(&path, json!({ "name": "年份", "facet": true })).await.assert_status(200);
    server.anonymous().get(&format!("/folders/{library}/properties")).await.assert_error(401, "unauthorized");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_want_one_value_at_once_a_single_one_gets_it() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let code = ada.property(&library, json!({ "name": "档号", "kind": "text", "unique": true })).await;
    let mut pages = Vec::new();
    for number in 0..8 {
        pages.push(ada.page(&format!("文件{number}"), &library).await);
    }
    let answers = futures::future::join_all(pages.iter().map(|page| ada.fill(page, &code, "A-1"))).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409, 409, 409, 409, 409]);
}

#[tokio::test]
async fn documents_that_lack_required_fields_are_listed_for_who_sees_them() {
    let server = TestServer::start().await;
    let officer = AddUser { name: "officer".into(), clearance: Some(2), ..AddUser::default() };
    let (ada, bob) = (server.user_with(officer).await, server.user("bob").await);
    let library = ada.folder("库", None).await;
    let folder = ada.folder("卷", Some(&library)).await;
    let code = ada.property(&library, json!({ "name": "档号", "kind": "text", "required": true })).await;
    ada.property(&library, json!({ "name": "备注", "kind": "text" })).await;
    let mut pages = Vec::new();
    for number in 0..4 {
        pages.push(ada.page(&format!("文件{number}"), &folder).await);
    }
    ada.fill(&pages[0], &code, "A-1").await.assert_status(200);
    ada.patch(&format!("/documents/{}", pages[1]), json!({ "level": 2 })).await.assert_status(200);
    let (shown, own) = (ada.folder("别卷", Some(&library)).await, "incomplete?limit=2");
    let list = |client: &Client, path: String| {
        let client = client.clone();
        async move {
            let answer = client.get(&path).await.assert_status(200).json();
            let ids: Vec<String> = answer["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["id"].as_str().unwrap().to_owned())
                .collect();
            (ids, answer["next_cursor"].as_str().map(str::to_owned))
        }
    };
    let (first, cursor) = list(&ada, format!("/folders/{library}/records/{own}")).await;
    assert_eq!(first, pages[1..3]);
    let rest = format!("/folders/{library}/records/{own}&cursor={}", cursor.unwrap());
    assert_eq!(list(&ada, rest).await, (vec![pages[3].clone()], None));
    assert_eq!(list(&ada, format!("/folders/{shown}/records/incomplete")).await.0, [""; 0]);
    bob.get(&format!("/folders/{library}/records/incomplete")).await.assert_error(404, "folder_not_found");
    ada.share("folders", &folder, &bob, "previewer").await;
    assert_eq!(list(&bob, format!("/folders/{folder}/records/incomplete")).await.0, pages[2..4]);
}
