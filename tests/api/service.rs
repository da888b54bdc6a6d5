//! What is beside the resources: health, metrics, description, the client's files, headers, unknown addresses.

use std::fs;

use reqwest::Method;

use crate::support::{Client, TestServer};

fn at(client: &Client, path: &str) -> String {
    format!("{}{path}", client.base)
}

#[tokio::test]
async fn info_is_open_to_everybody() {
    let server = TestServer::start_with(|config| config.name = "档案馆".into()).await;
    let info = server.anonymous().get("/info").await.assert_status(200).json();
    assert_eq!(info["name"], "档案馆");
    assert_eq!(info["levels"][3]["level"], 3);
    assert!(info["upload_max_bytes"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn readiness_tells_which_part_is_missing() {
    let server = TestServer::start().await;
    let client = server.anonymous();
    client.get(&at(&client, "/healthz")).await.assert_status(200);
    assert_eq!(client.get(&at(&client, "/readyz")).await.assert_status(200).json()["ready"], true);

    let full = TestServer::start_with(|config| config.disk_reserve_bytes = u64::MAX).await;
    let client = full.anonymous();
    let report = client.get(&at(&client, "/readyz")).await.assert_status(503).json();
    assert_eq!((&report["disk"], &report["database"]), (&"full".into(), &"ok".into()));

    let lost = TestServer::start().await;
    let objects = lost.app.config.data.join("objects");
    fs::remove_dir_all(&objects).unwrap();
    fs::write(&objects, "not a folder").unwrap();
    let client = lost.anonymous();
    let report = client.get(&at(&client, "/readyz")).await.assert_status(503).json();
    assert_ne!(report["storage"], "ok");
    client.get(&at(&client, "/healthz")).await.assert_status(200);
}

#[tokio::test]
async fn metrics_count_requests_by_route() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    ada.get("/documents-that-nobody-made").await.assert_error(404, "not_found");
    ada.patch("/users/01890000-0000-7000-8000-000000000000", serde_json::json!({})).await;
    let text = String::from_utf8(ada.get(&at(&ada, "/metrics")).await.assert_status(200).body).unwrap();
    let route = "wenshu_http_request_seconds_count{method=\"PATCH\",route=\"/api/v1/users/{id}\",status=\"403\"} 1";
    assert!(text.contains(route), "{text}");
    assert!(text.contains("wenshu_jobs{state=\"waiting\"} 0"), "{text}");
    assert!(!text.contains("nobody-made"), "addresses must not become labels");
}

#[tokio::test]
async fn the_description_lists_every_operation_once() {
    let server = TestServer::start().await;
    let client = server.anonymous();
    let api = client.get("/api/openapi.json").await.assert_status(200).json();
    assert!(api["openapi"].as_str().unwrap().starts_with("3.1"));
    assert_eq!(api["paths"]["/api/v1/session"]["post"]["operationId"], "create_session");
    let mut ids: Vec<_> = api["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|item| item.as_object().unwrap().values())
        .filter_map(|operation| operation["operationId"].as_str())
        .collect();
    ids.sort_unstable();
    let all = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), all, "operation ids are unique");

    let page = client.get("/api/docs").await.assert_status(200);
    assert!(String::from_utf8_lossy(&page.body).contains("POST /api/v1/session"));
}

#[tokio::test]
async fn unknown_addresses_and_methods_answer_in_json_below_api() {
    let server = TestServer::start().await;
    let client = server.anonymous();
    client.get("/nothing").await.assert_error(404, "not_found");
    client.get("/api/nothing").await.assert_error(404, "not_found");
    client.get(&at(&client, "/api")).await.assert_error(404, "not_found");
    client.send(client.request(Method::PUT, "/info")).await.assert_error(405, "method_not_allowed");
    let page = client.get(&at(&client, "/library/somewhere")).await.assert_status(200);
    assert!(page.header("content-type").unwrap().starts_with("text/html"));
    client.get(&at(&client, "/assets/gone-12345678.js")).await.assert_error(404, "not_found");
    client.send(client.request(Method::POST, &at(&client, "/"))).await.assert_error(405, "method_not_allowed");
    client.get(&at(&client, "/../../etc/passwd")).await;
    client.get(&at(&client, "/%2e%2e/%2e%2e/Cargo.toml")).await.assert_status(200);
}

#[tokio::test]
async fn every_answer_carries_the_protecting_headers() {
    let server = TestServer::start().await;
    let client = server.anonymous();
    for path in ["/", "/api/v1/info", "/api/v1/nothing", "/healthz"] {
        let answer = client.get(&at(&client, path)).await;
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'self'") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("x-request-id").unwrap().len(), 36);
    }
}

#[tokio::test]
async fn large_answers_are_compressed_for_who_asks() {
    let server = TestServer::start().await;
    let client = server.anonymous();
    let request = client.request(Method::GET, "/api/openapi.json").header("accept-encoding", "gzip");
    let answer = client.send(request).await.assert_status(200);
    assert_eq!(answer.header("content-encoding"), Some("gzip"));
}

#[tokio::test]
async fn the_server_stops_in_order() {
    let mut server = TestServer::start_with(|config| config.jobs = true).await;
    let ada = server.user("ada").await;
    ada.get("/session").await.assert_status(200);
    server.stop().await;
    let gone = reqwest::Client::new().get(format!("{}/healthz", ada.base)).send().await;
    assert!(gone.is_err());
}

#[tokio::test]
async fn a_request_that_runs_when_the_server_stops_is_still_answered() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut server = TestServer::start().await;
    server.user("ada").await;
    let body = serde_json::json!({ "name": "ada", "password": crate::support::PASSWORD }).to_string();
    let (first, second) = body.split_at(10);
    let mut stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
    let head = format!(
        "POST /api/v1/session HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{first}",
        server.address,
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // The server has read the head once it asks for nothing more and still waits for the body.
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;

    let stopping = tokio::spawn(async move {
        server.stop().await;
        server
    });
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    stream.write_all(second.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.to_lowercase().contains("connection: close"), "{answer}");
    drop(stopping.await.unwrap());
}
