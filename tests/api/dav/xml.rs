//! What one person writes never keeps others from reading: answers are well-formed whatever was sent or stored.

use quick_xml::{Reader, events::Event};

use super::Drive;
use crate::support::{Answer, TestServer};

fn set(property: &str) -> String {
    format!(
        "<D:propertyupdate xmlns:D=\"DAV:\" xmlns:Z=\"urn:z\"><D:set><D:prop>{property}</D:prop></D:set></D:propertyupdate>"
    )
}

fn lock(owner: &str) -> String {
    format!(
        "<D:lockinfo xmlns:D=\"DAV:\"><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype>\
         <D:owner>{owner}</D:owner></D:lockinfo>"
    )
}

/// Python's parser is expat, which many clients have; the text is returned.
fn assert_well_formed(answer: Answer) -> String {
    let script =
        "import sys, xml.parsers.expat as e; e.ParserCreate('utf-8', ' ').Parse(sys.stdin.buffer.read(), True)";
    let mut python = std::process::Command::new("python3");
    let python = python.args(["-c", script]).stdin(std::process::Stdio::piped()).spawn();
    let mut python = python.expect("python3 is there");
    std::io::Write::write_all(&mut python.stdin.take().unwrap(), &answer.body).unwrap();
    let text = String::from_utf8(answer.body).unwrap();
    assert!(python.wait().unwrap().success(), "{text}");
    let mut reader = Reader::from_str(&text);
    while reader.read_event().unwrap() != Event::Eof {}
    text
}

async fn propfind(drive: &Drive, path: &str) -> Answer {
    drive.send(drive.request("PROPFIND", path).header("depth", "1")).await.assert_status(207)
}

#[tokio::test]
async fn what_is_no_xml_is_refused_before_it_is_kept() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    ada.folder("lib", None).await;
    let drive = Drive::of(&ada);
    drive.put("/lib/a.txt", b"a").await.assert_status(201);
    for property in [
        "<Z:x>&#1;</Z:x>",
        "<Z:x>&#xFFFF;</Z:x>",
        "<Z:x a=\"&#1;\"/>",
        "<Z:x><y a=\"&#x8;\"/></Z:x>",
        "<Z:x xmlns:q=\"&#1;\"/>",
        "<Z:µ/>",
        "<Z:a²/>",
        "<Z:x ①=\"1\"/>",
        "<Z:x xmlns:Y=\"urn:z\" Y:a=\"1\" Z:a=\"2\"/>",
        "<Z:x xmlns:xml=\"urn:x\"/>",
    ] {
        let answer = drive.send(drive.request("PROPPATCH", "/lib/a.txt").body(set(property))).await;
        assert_eq!(answer.assert_error(400, "xml_invalid")["code"], "xml_invalid", "{property}");
    }
    for owner in ["&#1;", "<a b=\"&#1;\"/>", "<ª/>"] {
        drive.send(drive.request("LOCK", "/lib/a.txt").body(lock(owner))).await.assert_error(400, "xml_invalid");
    }
    for name in ["\u{ffff}.txt", "a\u{fffe}"] {
        drive.put(&format!("/lib/{name}"), b"x").await.assert_error(400, "name_invalid");
        drive.make_folder(&format!("/lib/{name}")).await.assert_error(400, "name_invalid");
    }

    let kept = "<Z:色 a=\"1 &lt; 2\">&#20013; <![CDATA[<&>]]><!-- - --><b xmlns=\"urn:b\"/>&#x10000;</Z:色>";
    drive.send(drive.request("PROPPATCH", "/lib/a.txt").body(set(kept))).await.assert_status(207);
    drive
        .send(drive.request("LOCK", "/lib/a.txt").body(lock("<D:href>ada &amp; co</D:href>")))
        .await
        .assert_status(200);
    let text = assert_well_formed(propfind(&drive, "/lib").await);
    assert!(text.contains("中 &lt;&amp;&gt;<b xmlns=\"urn:b\"></b>\u{10000}</Z:色>"), "{text}");
    assert!(text.contains("<D:href>ada &amp; co</D:href>"), "{text}");
}

#[tokio::test]
async fn what_was_stored_before_does_not_break_an_answer() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let library = ada.folder("lib", None).await;
    let drive = Drive::of(&ada);
    let file = ada.upload("a.txt", &library, b"a").await;
    drive.send(drive.request("PROPPATCH", "/lib/a.txt").body(set("<Z:x>good</Z:x>"))).await.assert_status(207);
    drive.send(drive.request("LOCK", "/lib/a.txt").body(lock("ada"))).await.assert_status(200);
    let mut tx = server.app.db.begin().await.unwrap();
    for (name, value) in [
        ("one", "<Z:one xmlns:Z=\"urn:z\">&#1;</Z:one>"),
        ("two", "<Z:two xmlns:Z=\"urn:z\" a=\"\u{1}\"></Z:two>"),
        ("µ", "<Z:µ xmlns:Z=\"urn:z\"></Z:µ>"),
    ] {
        let (namespace, name, value) = ("urn:z".to_owned(), name.to_owned(), value.to_owned());
        let property = wenshu::db::dav_properties::Property { node_id: file.clone(), namespace, name, value };
        wenshu::db::dav_properties::put(&mut tx, &property).await.unwrap();
    }
    let statement = "update dav_locks set owner = '<D:owner xmlns:D=\"DAV:\">&#1;</D:owner>'";
    sqlx::query(statement).execute(&mut *tx).await.unwrap();
    let statement = "update documents set name = $1 where id = $2";
    sqlx::query(statement).bind("a\u{ffff}\u{1}.txt").bind(&file).execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();

    let text = assert_well_formed(propfind(&drive, "/lib").await);
    assert!(text.contains(">good<") && text.contains("a\u{fffd}\u{fffd}.txt") && text.contains("activelock"), "{text}");
    let names = "<propfind xmlns=\"DAV:\"><propname/></propfind>";
    assert_well_formed(drive.send(drive.request("PROPFIND", "/lib").header("depth", "1").body(names)).await);
    let one = "<propfind xmlns=\"DAV:\" xmlns:Z=\"urn:z\"><prop><Z:one/><Z:x/><displayname/></prop></propfind>";
    let one = drive.send(drive.request("PROPFIND", "/lib").header("depth", "1").body(one)).await;
    assert!(assert_well_formed(one).contains("404"));
}
