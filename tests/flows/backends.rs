//! Does the main flow hold on what people run in production: PostgreSQL and S3?

use std::time::Duration;

use serde_json::Value;

use crate::{
    corpus,
    support::{
        Library, Program,
        database::TestDatabase,
        garage::{Bucket, Garage},
        sha256, until,
    },
};

/// Where the program finds the keys of a bucket.
pub fn storage_variables(bucket: &Bucket) -> [(&'static str, String); 3] {
    [
        ("AWS_ACCESS_KEY_ID", bucket.access_key.clone()),
        ("AWS_SECRET_ACCESS_KEY", bucket.secret_key.clone()),
        ("AWS_REGION", bucket.region.clone()),
    ]
}

/// Upload, preview, search, download, a newer version; and the same after a restart.
async fn main_flow(program: Program) {
    let service = program.serve();
    service.wait_until_ready().await;
    let library = Library::create(&service.admin().await, "library").await;
    let read = |path: &str| std::fs::read(corpus::folder().join(path)).unwrap();
    let (old, new) =
        (read("office/docx/zh-frontier-health-law-v2018.docx"), read("office/docx/zh-frontier-health-law-v2024.docx"));
    let id = library.upload("国境卫生检疫法.docx", &old).await;
    let ready = library.wait_for(&id, Duration::from_secs(180)).await;
    assert_eq!((&ready["processing"]["state"], &ready["page_count"]), (&"ready".into(), &4.into()), "{ready}");
    let metadata = crate::support::Metadata(vec![("filename", "new.docx".into()), ("document_id", id.clone())]);
    library.try_upload(&metadata, &new).await.assert_status(201);
    let ready = library.wait_for(&id, Duration::from_secs(180)).await;
    assert_eq!((&ready["version"], &ready["page_count"]), (&2.into(), &8.into()), "{ready}");

    let check = async |library: &Library| {
        let picture = library.client.get(&format!("/documents/{id}/pages/8.webp?width=640")).await.assert_status(200);
        image::load_from_memory_with_format(&picture.body, image::ImageFormat::WebP).unwrap();
        until("the text is found on its page", Duration::from_secs(60), async || {
            let hit = library.hit("\"国境卫生检疫\"", &id).await?;
            hit["pages"].as_array().unwrap().contains(&Value::from(1)).then_some(())
        })
        .await;
        for (number, content) in [(1, &old), (2, &new)] {
            let download = library.client.get(&format!("/documents/{id}/versions/{number}/content")).await;
            assert_eq!(sha256(&download.assert_status(200).body), sha256(content), "version {number}");
        }
    };
    check(&library).await;
    service.kill();
    let service = program.serve();
    check(&library.at(&service.anonymous())).await;
    assert!(service.stop().0.success());
    let output = program.run(&["verify"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn the_main_flow_holds_on_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    main_flow(Program::new(folder.path())).await;
}

/// PostgreSQL is that of TEST_DATABASE_URL; without it the database is SQLite and the storage Garage all the same.
#[tokio::test]
async fn the_main_flow_holds_on_postgresql_and_s3() {
    let database = TestDatabase::create().await;
    let bucket = Garage::shared().bucket("main-flow");
    let folder = tempfile::tempdir().unwrap();
    let url = format!("s3://{}?endpoint={}&region={}", bucket.bucket, bucket.endpoint, bucket.region);
    let mut program = Program::new(folder.path()).flag("--storage", &url);
    if !database.url.is_empty() {
        program = program.flag("--database", &database.url);
    }
    for (name, value) in storage_variables(&bucket) {
        program = program.variable(name, value);
    }
    main_flow(program).await;
    assert!(!folder.path().join("data/objects").exists(), "content went to the folder");
}
