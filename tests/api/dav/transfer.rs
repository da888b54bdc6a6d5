//! Copies and moves: where something may go, and what stays as it was when it may not.

use serde_json::json;

use super::Drive;
use crate::support::{Answer, Client, TestServer};

const SET: &str = "<D:propertyupdate xmlns:D=\"DAV:\" xmlns:Z=\"urn:z\"><D:set><D:prop><Z:colour>red</Z:colour></D:prop>\
    </D:set></D:propertyupdate>";

impl Drive {
    async fn stay(&self, method: &str, from: &str, to: &str) -> Answer {
        let request = self.request(method, from).header("destination", self.address(to)).header("overwrite", "F");
        self.send(request).await
    }

    /// Whether the property of [`SET`] is there.
    async fn is_coloured(&self, path: &str) -> bool {
        let answer = self.send(self.request("PROPFIND", path).header("depth", "0")).await.assert_status(207);
        String::from_utf8(answer.body).unwrap().contains(">red<")
    }
}

async fn assert_nothing_is_in_the_trash(client: &Client) {
    assert_eq!(client.get("/trash").await.assert_status(200).json()["items"], json!([]));
}

#[tokio::test]
async fn nothing_goes_onto_or_into_itself_however_its_name_is_written() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("lib", None).await;
    let drive = Drive::of(&ada);
    for path in ["/lib/A", "/lib/A/B", "/lib/caf\u{e9}"] {
        drive.make_folder(path).await.assert_status(201);
    }
    drive.put("/lib/A/x.txt", b"x").await.assert_status(201);
    drive.put("/lib/f.txt", b"f").await.assert_status(201);
    drive.send(drive.request("PROPPATCH", "/lib/f.txt").body(SET)).await.assert_status(207);

    let same = [
        ("/lib/A", "/lib/A"),
        ("/lib/A", "/lib/a"),
        ("/lib/A", "/LIB/A"),
        ("/lib/caf\u{e9}", "/lib/cafe\u{301}"),
        ("/lib/f.txt", "/lib/F.TXT"),
    ];
    for (from, to) in same {
        drive.copy(from, to).await.assert_error(403, "destination_invalid");
        drive.stay("COPY", from, to).await.assert_error(403, "destination_invalid");
    }
    drive.rename("/lib/A", "/LIB/A").await.assert_error(403, "destination_invalid");
    for (from, to) in [("/lib/A", "/lib/a/C"), ("/lib/A", "/LIB/A/B/C"), ("/lib/A", "/lib/a/b")] {
        drive.copy(from, to).await.assert_error(409, "folder_into_itself");
        drive.rename(from, to).await.assert_error(409, "folder_into_itself");
    }
    for (from, to) in [("/lib/A/B", "/lib/a"), ("/lib/A/x.txt", "/lib/a"), ("/lib/A/x.txt", "/LIB/A")] {
        drive.copy(from, to).await.assert_error(409, "destination_invalid");
        drive.rename(from, to).await.assert_error(409, "destination_invalid");
    }
    assert_nothing_is_in_the_trash(&ada).await;
    assert_eq!(drive.names("/lib").await, ["A", "caf\u{e9}", "f.txt"]);
    assert_eq!(drive.names("/lib/A").await, ["B", "x.txt"]);
    assert_eq!(drive.names("/lib/A/B").await, Vec::<String>::new());
    assert!(drive.is_coloured("/lib/f.txt").await);

    // Only the letters' case changes: that is a name.
    drive.rename("/lib/f.txt", "/lib/F.TXT").await.assert_status(204);
    drive.stay("MOVE", "/lib/A", "/lib/a").await.assert_status(204);
    assert_eq!(drive.names("/lib").await, ["a", "caf\u{e9}", "F.TXT"]);
    assert_eq!(drive.get("/lib/a/x.txt").await.assert_status(200).body, b"x");
    assert!(drive.is_coloured("/lib/F.TXT").await);
    assert_eq!(ada.listed(&library).await, [("F.TXT".to_owned(), 1)]);
}

#[tokio::test]
async fn a_folder_is_not_replaced_by_what_lies_in_it_out_of_sight() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let library = ada.folder("lib", None).await;
    let middle = ada.folder("middle", Some(&library)).await;
    let hidden = ada.folder("hidden", Some(&middle)).await;
    let shared = ada.folder("shared", Some(&hidden)).await;
    ada.upload("x.txt", &shared, b"x").await;
    ada.share("folders", &library, &bob, "manager").await;
    ada.patch(&format!("/folders/{hidden}"), json!({ "inherits": false })).await.assert_status(200);
    ada.share("folders", &shared, &bob, "manager").await;
    let drive = Drive::of(&bob);
    // For bob it stands at the top.
    assert_eq!(drive.names("/").await, ["lib", "shared"]);
    drive.rename("/shared/x.txt", "/lib/middle").await.assert_error(409, "destination_invalid");
    drive.copy("/shared/x.txt", "/lib/middle").await.assert_error(409, "destination_invalid");
    drive.copy("/lib/middle", "/shared/inner").await.assert_error(409, "folder_into_itself");
    drive.rename("/lib/middle", "/shared/inner").await.assert_error(409, "folder_into_itself");
    assert_eq!(drive.names("/lib").await, ["middle"]);
    assert_eq!(drive.names("/shared").await, ["x.txt"]);
}

/// Two libraries: bob is an editor of `lib1` with `d.txt`, and a manager of `lib2` with the folder `X` and a file in it.
async fn two_libraries(server: &TestServer) -> (Client, Client, String, String) {
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let (one, two) = (ada.folder("lib1", None).await, ada.folder("lib2", None).await);
    ada.share("folders", &one, &bob, "editor").await;
    ada.share("folders", &two, &bob, "manager").await;
    ada.upload("d.txt", &one, b"d").await;
    let replaced = ada.folder("X", Some(&two)).await;
    ada.upload("kept.txt", &replaced, b"kept").await;
    (ada, bob, one, two)
}

async fn assert_is_kept(ada: &Client) {
    let drive = Drive::of(ada);
    assert_eq!(drive.get("/lib2/X/kept.txt").await.assert_status(200).body, b"kept");
    assert_nothing_is_in_the_trash(ada).await;
}

#[tokio::test]
async fn what_may_not_come_leaves_what_it_was_to_replace() {
    let server = TestServer::start().await;
    let (ada, bob, one, two) = two_libraries(&server).await;
    let (drive, theirs) = (Drive::of(&ada), Drive::of(&bob));
    theirs.rename("/lib1/d.txt", "/lib2/X").await.assert_error(403, "move_not_allowed");
    assert_is_kept(&ada).await;
    ada.folder("F", Some(&one)).await;
    theirs.rename("/lib1/F", "/lib2/X").await.assert_error(403, "move_not_allowed");
    assert_is_kept(&ada).await;

    // Nothing leaves a folder on hold, and nothing on hold is thrown away.
    let held = ada.folder("held", Some(&two)).await;
    ada.folder("A", Some(&held)).await;
    ada.upload("a.txt", &held, b"a").await;
    ada.put(&format!("/folders/{held}/hold"), json!({ "note": "court" })).await;
    for from in ["/lib2/held/A", "/lib2/held/a.txt"] {
        drive.rename(from, "/lib2/X").await.assert_error(409, "leaves_hold");
        assert_is_kept(&ada).await;
    }
    // Nor is a file written over with what has to stay where it is.
    let file = ada.upload("g.txt", &two, b"g").await;
    drive.rename("/lib2/held/a.txt", "/lib2/g.txt").await.assert_error(409, "document_held");
    assert_eq!(ada.document(&file).await["version"], 1);
    ada.delete(&format!("/documents/{file}")).await.assert_status(204);
    for (from, to) in [("/lib1/F", "/lib2/held"), ("/lib1/d.txt", "/lib2/held")] {
        drive.rename(from, to).await.assert_error(409, "folder_held");
        drive.copy(from, to).await.assert_error(409, "folder_held");
    }
    assert_eq!(drive.names("/lib2").await, ["held", "X"]);
    assert_eq!(drive.names("/lib1").await, ["F", "d.txt"]);

    // And where nothing is in the way of it, each replaces the other.
    drive.copy("/lib1/d.txt", "/lib2/X").await.assert_status(204);
    assert_eq!(drive.get("/lib2/X").await.body, b"d");
    drive.copy("/lib1/F", "/lib2/X").await.assert_status(204);
    drive.put("/lib2/X/b.txt", b"b").await.assert_status(201);
    drive.rename("/lib1/d.txt", "/lib2/X").await.assert_status(204);
    assert_eq!(drive.get("/lib2/X").await.body, b"d");
    drive.rename("/lib1/F", "/lib2/X").await.assert_status(204);
    assert_eq!(drive.names("/lib2/X").await, Vec::<String>::new());
    drive.put("/lib2/X~", b"step").await.assert_status(201);
    drive.rename("/lib2/X~", "/lib2/X").await.assert_status(204);
    assert_eq!(drive.get("/lib2/X").await.body, b"step");
    drive.make_folder("/lib2/Y.tmp").await.assert_status(201);
    drive.copy("/lib2/X", "/lib2/Y.tmp").await.assert_status(204);
    assert_eq!(drive.get("/lib2/Y.tmp").await.body, b"step");
    assert_eq!(ada.get("/trash").await.json()["items"].as_array().unwrap().len(), 7);
}

#[tokio::test]
async fn what_does_not_fit_leaves_what_it_was_to_replace() {
    let server = TestServer::start_with(|config| config.quota_library_bytes = 1000).await;
    let (ada, _, one, _) = two_libraries(&server).await;
    let drive = Drive::of(&ada);
    let inner = ada.folder("inner", Some(&one)).await;
    ada.upload("big.bin", &inner, &[1; 600]).await;
    drive.make_folder("/lib2/other").await.assert_status(201);
    drive.put("/lib2/other/old.bin", &[2; 500]).await.assert_status(201);
    drive.put("/lib1/~WRD0001.tmp", &[3; 300]).await.assert_status(201);
    for (method, from) in [
        ("COPY", "/lib1/inner/big.bin"),
        ("MOVE", "/lib1/inner/big.bin"),
        ("COPY", "/lib1/inner"),
        ("MOVE", "/lib1/inner"),
        ("COPY", "/lib1"),
    ] {
        let request = drive.request(method, from).header("destination", drive.address("/lib2/X"));
        drive.send(request).await.assert_error(507, "quota_library_exceeded");
        assert_is_kept(&ada).await;
    }
    assert_eq!(drive.names("/lib2").await, ["other", "X"]);
    // What was thrown away counts as well: 504 and 300.
    drive.rename("/lib1/~WRD0001.tmp", "/lib2/X").await.assert_status(204);
    assert_eq!(drive.get("/lib2/X").await.body, [3; 300]);
}
