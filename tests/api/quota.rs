//! Nobody keeps more than they may: refused before the bytes are sent, exact when many come at once.

use reqwest::Method;
use serde_json::json;
use wenshu::{
    actions::quota::{Space, space, space_in_folder},
    db::{self, usage::Owner},
    jobs::remove_expired_uploads::RemoveExpiredUploads,
};

use crate::support::{Answer, Client, TestServer, library::metadata_of};

const KIB: usize = 1 << 10;

/// Begins an upload without its first bytes; returns its address.
async fn begin(client: &Client, folder: &str, name: &str, length: Option<usize>) -> Answer {
    let request = client.tus(Method::POST, "/uploads");
    let request = match length {
        Some(length) => request.header("upload-length", length),
        None => request.header("upload-defer-length", 1),
    };
    client.send(request.header("upload-metadata", metadata_of(&[("filename", name), ("folder_id", folder)]))).await
}

async fn send(client: &Client, upload: &Answer, offset: usize, bytes: &[u8], length: Option<usize>) -> Answer {
    let request = client
        .tus(Method::PATCH, upload.header("location").expect("an address"))
        .header("upload-offset", offset)
        .header("content-type", "application/offset+octet-stream");
    let request = match length {
        Some(length) => request.header("upload-length", length),
        None => request,
    };
    client.send(request.body(bytes.to_vec())).await
}

async fn of_library(server: &TestServer, library: &str) -> Space {
    space(&server.app, Owner::Library(&library.parse().unwrap())).await.unwrap()
}

async fn of_user(server: &TestServer, user: &Client) -> Space {
    space(&server.app, Owner::User(&user.id.parse().unwrap())).await.unwrap()
}

/// Nothing is counted that is not there, and all that is there is counted.
async fn assert_exact(server: &TestServer) {
    assert_eq!(db::usage::list_differences(server.app.db.read()).await.unwrap(), []);
}

#[tokio::test]
async fn a_full_library_refuses_before_the_bytes_come() {
    let server = TestServer::start_with(|config| config.quota_library_bytes = 100 * KIB as u64).await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let document = ada.upload("a.bin", &library, &[1; 60 * KIB]).await;
    let refused = begin(&ada, &library, "b.bin", Some(41 * KIB)).await.assert_error(507, "quota_library_exceeded");
    assert_eq!(
        (&refused["limit_bytes"], &refused["used_bytes"], &refused["needed_bytes"]),
        (&json!(100 * KIB), &json!(60 * KIB), &json!(41 * KIB))
    );
    // The same bytes again count again: nobody has to know what others keep to understand the number.
    ada.upload_version(&document, "a.bin", &[1; 40 * KIB]).await;
    assert_eq!(of_library(&server, &library).await.available_bytes(), Some(0));
    ada.try_upload(&[("filename", "a.bin"), ("document_id", &document)], b"x")
        .await
        .assert_error(507, "quota_library_exceeded");
    ada.post(&format!("/documents/{document}/versions/1/restore"), json!({}))
        .await
        .assert_error(507, "quota_library_exceeded");
    // An empty file takes nothing, and another library has room of its own.
    ada.upload("empty.txt", &library, b"").await;
    let other = ada.folder("别的库", None).await;
    ada.upload("c.bin", &other, &[1; 100 * KIB]).await;
    assert_exact(&server).await;
}

#[tokio::test]
async fn what_is_on_its_way_is_reserved_and_given_back() {
    let server = TestServer::start_with(|config| config.quota_user_bytes = 100 * KIB as u64).await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let library = ada.folder("库", None).await;
    ada.share("folders", &library, &bob, "editor").await;
    let first = begin(&ada, &library, "a.bin", Some(70 * KIB)).await.assert_status(201);
    assert_eq!(of_user(&server, &ada).await.reserved_bytes, 70 * KIB as i64);
    begin(&ada, &library, "b.bin", Some(31 * KIB)).await.assert_error(507, "quota_user_exceeded");
    // Whoever uploads pays, wherever it goes.
    begin(&bob, &library, "b.bin", Some(31 * KIB)).await.assert_status(201);

    send(&ada, &first, 0, &[2; 70 * KIB], None).await.assert_status(204);
    let ada_now = of_user(&server, &ada).await;
    assert_eq!((ada_now.used_bytes, ada_now.reserved_bytes), (70 * KIB as i64, 0));
    // The last part again: nothing is given back twice.
    send(&ada, &first, 70 * KIB, b"", None).await.assert_status(204);
    assert_eq!(of_user(&server, &ada).await.used_bytes, 70 * KIB as i64);

    let second = begin(&ada, &library, "c.bin", Some(30 * KIB)).await.assert_status(201);
    begin(&ada, &library, "d.bin", Some(1)).await.assert_error(507, "quota_user_exceeded");
    let gone = ada.send(ada.tus(Method::DELETE, second.header("location").unwrap())).await;
    gone.assert_status(204);
    begin(&ada, &library, "d.bin", Some(30 * KIB)).await.assert_status(201);
    assert_exact(&server).await;
    // Nobody goes on with it: it expires.
    server.ask_for(&RemoveExpiredUploads {}).await;
    server.clock.advance(8 * 24 * 60 * 60 * 1000);
    server.run_jobs().await;
    assert_eq!(of_user(&server, &ada).await.reserved_bytes, 0);
    assert_eq!(of_user(&server, &bob).await.reserved_bytes, 0);
    assert_exact(&server).await;
}

#[tokio::test]
async fn what_was_promised_room_has_it_also_under_a_lower_limit() {
    let server = TestServer::start_with(|config| config.quota_library_bytes = 200 * KIB as u64).await;
    let (ada, root) = (server.user("ada").await, server.admin("root").await);
    let library = ada.folder("库", None).await;
    let begun = begin(&ada, &library, "a.bin", Some(70 * KIB)).await.assert_status(201);
    let limit = json!({ "kind": "limited", "bytes": 10 * KIB });
    root.put(&format!("/usage/libraries/{library}/quota"), limit.clone()).await.assert_status(204);
    root.put(&format!("/usage/users/{}/quota", ada.id), limit).await.assert_status(204);
    begin(&ada, &library, "b.bin", Some(1)).await.assert_error(507, "quota_library_exceeded");
    send(&ada, &begun, 0, &[1; 70 * KIB], None).await.assert_status(204);
    let space = of_library(&server, &library).await;
    assert_eq!((space.used_bytes, space.reserved_bytes), (70 * KIB as i64, 0));
    assert_exact(&server).await;
}

#[tokio::test]
async fn an_upload_without_a_length_is_stopped_where_the_room_ends() {
    let server = TestServer::start_with(|config| config.quota_library_bytes = 100 * KIB as u64).await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let upload = begin(&ada, &library, "a.bin", None).await.assert_status(201);
    send(&ada, &upload, 0, &[3; 60 * KIB], None).await.assert_status(204);
    assert_eq!(of_library(&server, &library).await.reserved_bytes, 60 * KIB as i64);
    let refused = send(&ada, &upload, 60 * KIB, &vec![3; 4 << 20], None).await;
    refused.assert_error(507, "quota_library_exceeded");
    // The length may come last; only what fits.
    let head = ada.send(ada.tus(Method::HEAD, upload.header("location").unwrap())).await.assert_status(200);
    let offset: usize = head.header("upload-offset").unwrap().parse().unwrap();
    assert!((60 * KIB..=100 * KIB).contains(&offset), "{offset}");
    assert_eq!(of_library(&server, &library).await.reserved_bytes, offset as i64, "what is kept is reserved");
    send(&ada, &upload, offset, b"", Some(101 * KIB)).await.assert_error(507, "quota_library_exceeded");
    let rest = vec![3; 100 * KIB - offset];
    send(&ada, &upload, offset, &rest, Some(100 * KIB)).await.assert_status(204);
    let now = of_library(&server, &library).await;
    assert_eq!((now.used_bytes, now.reserved_bytes), (100 * KIB as i64, 0));
    assert_exact(&server).await;
}

#[tokio::test]
async fn of_many_at_once_as_many_fit_as_there_is_room_for() {
    let server = TestServer::start_with(|config| config.quota_library_bytes = 70 * KIB as u64).await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let document = ada.upload("base.bin", &library, &[0; 10 * KIB]).await;
    let files = (0..16u8).map(|n| {
        let (ada, library, document) = (ada.clone(), library.clone(), document.clone());
        async move {
            let name = format!("{n}.bin");
            let bytes = vec![n; 10 * KIB];
            let metadata = match n % 2 {
                0 => [("filename", name.as_str()), ("folder_id", library.as_str())],
                _ => [("filename", name.as_str()), ("document_id", document.as_str())],
            };
            ada.try_upload(&metadata, &bytes).await.status.as_u16()
        }
    });
    let statuses = futures::future::join_all(files).await;
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 6, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 507).count(), 10, "{statuses:?}");
    let now = of_library(&server, &library).await;
    assert_eq!((now.used_bytes, now.reserved_bytes), (70 * KIB as i64, 0));
    assert_exact(&server).await;
}

#[tokio::test]
async fn what_moves_counts_where_it_lies() {
    let server = TestServer::start_with(|config| config.quota_library_bytes = 100 * KIB as u64).await;
    let ada = server.user("ada").await;
    let (one, two) = (ada.folder("一", None).await, ada.folder("二", None).await);
    let folder = ada.folder("夹", Some(&one)).await;
    let document = ada.upload("a.bin", &folder, &[1; 40 * KIB]).await;
    ada.upload_version(&document, "a.bin", &[2; 20 * KIB]).await;
    ada.upload("b.bin", &two, &[3; 50 * KIB]).await;
    let refused = ada.patch(&format!("/folders/{folder}"), json!({ "parent_id": two })).await;
    refused.assert_error(507, "quota_library_exceeded");
    ada.patch(&format!("/documents/{document}"), json!({ "folder_id": two }))
        .await
        .assert_error(507, "quota_library_exceeded");
    let three = ada.folder("三", None).await;
    ada.patch(&format!("/folders/{folder}"), json!({ "parent_id": three })).await.assert_status(200);
    assert_eq!(of_library(&server, &one).await.used_bytes, 0);
    assert_eq!(of_library(&server, &three).await.used_bytes, 60 * KIB as i64);
    ada.patch(&format!("/documents/{document}"), json!({ "folder_id": one })).await.assert_status(200);
    assert_eq!(of_library(&server, &one).await.used_bytes, 60 * KIB as i64);
    assert_eq!(of_user(&server, &ada).await.used_bytes, 110 * KIB as i64);
    let user = ada.id.parse().unwrap();
    let (used, available) = space_in_folder(&server.app, &one.parse().unwrap(), &user).await.unwrap();
    assert_eq!((used, available), (60 * KIB as i64, Some(40 * KIB as i64)));
    assert_exact(&server).await;
}

#[tokio::test]
async fn a_wrong_count_is_found_and_corrected() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    ada.upload("a.bin", &library, &[1; 10 * KIB]).await;
    let mut tx = server.app.db.begin().await.unwrap();
    let id = library.parse().unwrap();
    let delta = db::usage::Delta { used_bytes: 5, reserved_bytes: -7 };
    db::usage::add(&mut tx, Owner::Library(&id), delta, None).await.unwrap();
    tx.commit().await.unwrap();
    let found = db::usage::list_differences(server.app.db.read()).await.unwrap();
    assert_eq!((found.len(), found[0].owner_id.as_str(), found[0].used_bytes), (1, library.as_str(), 10_245));
    let mut tx = server.app.db.begin().await.unwrap();
    db::usage::correct(&mut tx, &found[0]).await.unwrap();
    tx.commit().await.unwrap();
    assert_exact(&server).await;
}

#[tokio::test]
async fn administrators_say_how_much_and_everybody_sees_it() {
    let server = TestServer::start_with(|config| config.quota_library_bytes = 50 * KIB as u64).await;
    let (ada, eve, root) = (server.user("ada").await, server.user("eve").await, server.admin("root").await);
    let library = ada.folder("库", None).await;
    let folder = ada.folder("夹", Some(&library)).await;
    ada.upload("a.bin", &folder, &[1; 30 * KIB]).await;
    let usage = ada.get(&format!("/folders/{folder}/usage")).await.assert_status(200).json();
    let (used, limit) = (30 * KIB, 50 * KIB);
    assert_eq!(
        usage,
        json!({ "used_bytes": used, "reserved_bytes": 0, "limit_bytes": limit, "available_bytes": limit - used })
    );
    let own = ada.get("/usage/me").await.assert_status(200).json();
    assert_eq!(own, json!({ "used_bytes": used, "reserved_bytes": 0, "limit_bytes": null, "available_bytes": null }));
    eve.get(&format!("/folders/{folder}/usage")).await.assert_error(404, "folder_not_found");
    ada.get("/usage").await.assert_error(403, "admin_required");
    let of_library = format!("/usage/libraries/{library}/quota");
    let of_user = format!("/usage/users/{}/quota", ada.id);
    let limited = |bytes: usize| json!({ "kind": "limited", "bytes": bytes });
    ada.put(&of_library, limited(1)).await.assert_error(403, "admin_required");
    root.put(&of_library, json!({ "kind": "limited" })).await.assert_error(400, "quota_invalid");
    root.put(&format!("/usage/libraries/{folder}/quota"), limited(1)).await.assert_error(409, "folder_not_library");

    root.put(&of_library, json!({ "kind": "unlimited" })).await.assert_status(204);
    root.put(&of_user, limited(40 * KIB)).await.assert_status(204);
    begin(&ada, &folder, "b.bin", Some(11 * KIB)).await.assert_error(507, "quota_user_exceeded");
    ada.upload("b.bin", &folder, &[1; 10 * KIB]).await;
    let all = root.get("/usage").await.assert_status(200).json();
    let find =
        |list: &str, id: &str| all[list].as_array().unwrap().iter().find(|row| row["id"] == json!(id)).unwrap().clone();
    let row = find("libraries", &library);
    assert_eq!(
        (&row["used_bytes"], &row["limit_bytes"], &row["is_default"]),
        (&json!(40 * KIB), &json!(null), &json!(false))
    );
    let row = find("users", &ada.id);
    assert_eq!((&row["available_bytes"], &row["is_default"]), (&json!(0), &json!(false)));
    assert_eq!(all["default_library_bytes"], json!(50 * KIB));
    assert_eq!(all["default_user_bytes"], json!(null));

    // A lower limit takes nothing away; back to the settings.
    root.put(&of_library, limited(1)).await.assert_status(204);
    root.put(&of_user, json!({ "kind": "default" })).await.assert_status(204);
    let usage = ada.get(&format!("/folders/{library}/usage")).await.json();
    assert_eq!((&usage["used_bytes"], &usage["available_bytes"]), (&json!(40 * KIB), &json!(0)));
    begin(&ada, &folder, "c.bin", Some(1)).await.assert_error(507, "quota_library_exceeded");
    root.put(&of_library, json!({ "kind": "default" })).await.assert_status(204);
    begin(&ada, &folder, "c.bin", Some(1)).await.assert_status(201);
    // In the trash it counts; for good it does not.
    assert_exact(&server).await;
}

#[tokio::test]
async fn pages_count_too_and_their_edits_are_never_lost() {
    let server = TestServer::start().await;
    let (ada, root) = (server.user("ada").await, server.admin("root").await);
    let library = ada.folder("库", None).await;
    let page = ada.page("通知", &library).await;
    let mut peer = crate::rooms::peer::Peer::join(&ada, &page).await;
    peer.write("第一版").await;
    ada.post(&format!("/documents/{page}/versions"), json!({ "note": "一" })).await.assert_status(201);
    assert!(of_library(&server, &library).await.used_bytes > 0);
    root.put(&format!("/usage/libraries/{library}/quota"), json!({ "kind": "limited", "bytes": 1 }))
        .await
        .assert_status(204);
    peer.write("第二版").await;
    ada.post(&format!("/documents/{page}/versions"), json!({ "note": "二" }))
        .await
        .assert_error(507, "quota_library_exceeded");
    ada.post(&format!("/documents/{page}/versions/1/restore"), json!({}))
        .await
        .assert_error(507, "quota_library_exceeded");
    // The last one leaves: no version can be kept, and no job fails.
    peer.leave().await;
    server.run_jobs().await;
    let again = crate::rooms::peer::Peer::join(&ada, &page).await;
    assert!(again.text().contains("第二版"), "{}", again.text());
    assert_exact(&server).await;
}

#[tokio::test]
async fn an_upload_that_fails_in_the_request_that_began_it_reserves_nothing() {
    let server = TestServer::start_with(|config| config.quota_user_bytes = 100 * KIB as u64).await;
    let ada = server.user("ada").await;
    let library = ada.folder("库", None).await;
    let begin = |length: usize| {
        let metadata = metadata_of(&[("filename", "a.bin"), ("folder_id", &library)]);
        let request = ada.tus(Method::POST, "/uploads").header("upload-metadata", metadata);
        request.header("upload-length", length).header("content-type", "application/offset+octet-stream")
    };
    ada.send(begin(80 * KIB).header("upload-checksum", "sha1 AAAA").body(vec![1; 40 * KIB]))
        .await
        .assert_error(460, "checksum_mismatch");
    ada.send(begin(80 * KIB).body(vec![1; 81 * KIB])).await.assert_error(400, "upload_length_invalid");
    assert_eq!(of_user(&server, &ada).await.taken_bytes(), 0);
    ada.send(begin(80 * KIB).body(vec![1; 80 * KIB])).await.assert_status(201);
    assert_exact(&server).await;
}
