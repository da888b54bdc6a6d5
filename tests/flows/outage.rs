//! What happens when the object storage cannot be reached? A clear refusal, an honest `/readyz`, and everything works again
//! when it is back.

use std::time::{Duration, Instant};

use crate::{
    backends::storage_variables,
    support::{Library, Program, Proxy, document_of, garage::Garage, noise, sha256},
};

const MIB: usize = 1 << 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_of_the_storage_is_told_and_survived() {
    let bucket = Garage::shared().bucket("outage");
    let target = bucket.endpoint.strip_prefix("http://").unwrap().parse().unwrap();
    let proxy = Proxy::open(target).await;
    let folder = tempfile::tempdir().unwrap();
    let url = format!("s3://{}?endpoint=http://{}&region={}", bucket.bucket, proxy.address, bucket.region);
    let mut program = Program::new(folder.path()).flag("--storage", &url);
    for (name, value) in storage_variables(&bucket) {
        program = program.variable(name, value);
    }
    let service = program.serve();
    service.wait_until_ready().await;
    let library = Library::create(&service.admin().await, "library").await;
    let content = noise(5, 6 * MIB);
    let before = library.upload("before.bin", &content).await;
    let upload = library.begin_document("during.bin", content.len()).await;
    library.send_part(&upload, 0, &content[..2 * MIB]).await.assert_status(204);

    proxy.close();
    let began = Instant::now();
    let (status, report) = service.readiness().await;
    // The report of the last second may still be given.
    let (status, report) = if status == 200 {
        tokio::time::sleep(Duration::from_millis(1100)).await;
        service.readiness().await
    } else {
        (status, report)
    };
    assert_eq!((status, &report["storage"], &report["database"]), (503, &"unavailable".into(), &"ok".into()));
    library.send_part(&upload, 2 * MIB, &content[2 * MIB..]).await.assert_error(503, "storage_unavailable");
    let answer = library.try_upload(&library.new_document("late.txt"), "存储中断时的文字".as_bytes()).await;
    answer.assert_error(503, "storage_unavailable");
    library.download(&before).await.assert_error(503, "storage_unavailable");
    // Whatever needs no content goes on.
    assert_eq!(library.documents().await.len(), 1);
    assert!(began.elapsed() < Duration::from_secs(60), "refusing took {:?}", began.elapsed());

    proxy.reopen().await;
    service.wait_until_ready().await;
    let offset = library.offset(&upload).await;
    assert!(offset >= 2 * MIB, "{offset}");
    let answer = library.send_part(&upload, offset, &content[offset..]).await.assert_status(204);
    let during = document_of(&answer);
    for id in [&before, &during] {
        assert_eq!(sha256(&library.download(id).await.assert_status(200).body), sha256(&content));
    }
    // A job that meets an outage is done afterwards.
    let late = library.upload("late.txt", "存储中断时的文字".as_bytes()).await;
    proxy.close();
    tokio::time::sleep(Duration::from_secs(2)).await;
    proxy.reopen().await;
    library.wait_until_found("\"存储中断时的文字\"", &late, Duration::from_secs(90)).await;
    assert!(service.stop().0.success());
    let output = program.run(&["verify"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn a_service_starts_while_the_storage_is_away() {
    let bucket = Garage::shared().bucket("away");
    let proxy = Proxy::open(bucket.endpoint.strip_prefix("http://").unwrap().parse().unwrap()).await;
    let folder = tempfile::tempdir().unwrap();
    let url = format!("s3://{}?endpoint=http://{}&region={}", bucket.bucket, proxy.address, bucket.region);
    let mut program = Program::new(folder.path()).flag("--storage", &url);
    for (name, value) in storage_variables(&bucket) {
        program = program.variable(name, value);
    }
    proxy.close();
    let service = program.serve();
    let (status, report) = service.readiness().await;
    assert_eq!((status, &report["storage"]), (503, &"unavailable".into()));
    proxy.reopen().await;
    service.wait_until_ready().await;
    let library = Library::create(&service.admin().await, "library").await;
    library.upload("first.bin", &noise(1, 1000)).await;
}
