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
