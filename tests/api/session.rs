//! `/session`: signing in and out.

use serde_json::json;

use crate::support::{PASSWORD, TestServer};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

#[tokio::test]
async fn signing_in_and_out() {
    let server = TestServer::start().await;
    let ada = server.user("Ada").await;

    let session = ada.get("/session").await.assert_status(200).json();
    assert_eq!(session["user"]["name"], "Ada");
    assert_eq!(session["user"]["id"], ada.id);

    let answer = ada.delete("/session").await.assert_status(204);
    assert!(answer.header("set-cookie").unwrap().contains("Max-Age=0"));
    ada.get("/session").await.assert_error(401, "unauthorized");
}

#[tokio::test]
async fn names_are_compared_without_case_and_composition() {
    let server = TestServer::start().await;
    server.user("Zoë").await;
    server.anonymous().sign_in("ZOE\u{308}", PASSWORD).await.assert_status(200);
    server.anonymous().sign_in(" zoë ", PASSWORD).await.assert_status(200);
}

#[tokio::test]
async fn the_cookie_is_out_of_reach_of_scripts_and_other_sites() {
    let server = TestServer::start_with(|config| config.cookie_secure = true).await;
    server.user("ada").await;
    let answer = server.anonymous().sign_in("ada", PASSWORD).await.assert_status(200);
    let cookie = answer.header("set-cookie").unwrap();
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/", "Secure"] {
        assert!(cookie.contains(attribute), "{attribute} in {cookie}");
    }
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_get_the_same_answer() {
    let server = TestServer::start().await;
    server.user("ada").await;
    let nobody = server.anonymous();
    for (name, password) in [("ada", "wrong password"), ("eve", PASSWORD), ("", ""), ("ada\0", &"x".repeat(5000))] {
        let error = nobody.post("/session", json!({ "name": name, "password": password })).await;
        let error = error.assert_error(401, "wrong_password");
        assert_eq!(error["message"], "name or password is wrong");
    }
}

#[tokio::test]
async fn wrong_passwords_slow_an_account_down() {
    let server = TestServer::start().await;
    server.user("ada").await;
    server.user("bob").await;
    let mut eve = server.anonymous();
    for _ in 0..5 {
        eve.sign_in("ada", "guess after guess").await.assert_error(401, "wrong_password");
    }

    // Even the right password has to wait now, in whatever spelling of the name, and other accounts do not.
    let answer = eve.sign_in("ADA", PASSWORD).await;
    assert_eq!(answer.header("retry-after"), Some("1"));
    answer.assert_error(429, "too_many_attempts");
    eve.sign_in("bob", PASSWORD).await.assert_status(200);

    server.clock.advance(1000);
    eve.sign_in("ada", "guess after guess").await.assert_error(401, "wrong_password");
    let answer = eve.sign_in("ada", PASSWORD).await;
    assert_eq!(answer.header("retry-after"), Some("2"));

    server.clock.advance(2000);
    eve.sign_in("ada", PASSWORD).await.assert_status(200);
    // A success begins afresh.
    eve.sign_in("ada", "guess after guess").await.assert_error(401, "wrong_password");
    eve.sign_in("ada", PASSWORD).await.assert_status(200);
}

#[tokio::test]
async fn guesses_at_the_same_time_do_not_slip_through() {
    let server = TestServer::start().await;
    server.user("ada").await;
    let guesses = (0..20).map(|_| {
        let mut eve = server.anonymous();
        async move { eve.sign_in("ada", "guess after guess").await.status.as_u16() }
    });
    let statuses = futures::future::join_all(guesses).await;
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 5, "{statuses:?}");
}

#[tokio::test]
async fn wrong_passwords_slow_an_address_down() {
    let server = TestServer::start_with(|config| config.trusted_proxies = vec!["127.0.0.1".parse().unwrap()]).await;
    server.user("ada").await;
    let attempt = async |name: &str, password: &str, forwarded: &str| {
        let client = server.anonymous();
        let body = json!({ "name": name, "password": password });
        let request =
            client.request(reqwest::Method::POST, "/session").header("x-forwarded-for", forwarded).json(&body);
        client.send(request).await
    };
    for index in 0..30 {
        attempt(&format!("name{index}"), "one guess each", "invented, 10.1.2.3")
            .await
            .assert_error(401, "wrong_password");
    }
    attempt("ada", PASSWORD, "9.9.9.9, 10.1.2.3").await.assert_error(429, "too_many_attempts");
    attempt("ada", PASSWORD, "10.1.2.4").await.assert_status(200);
}

#[tokio::test]
async fn a_session_ends_when_nobody_uses_it() {
    let server = TestServer::start_with(|config| config.session_idle_ms = 2 * DAY_MS).await;
    let ada = server.user("ada").await;
    for _ in 0..3 {
        server.clock.advance(2 * DAY_MS - 1);
        ada.get("/session").await.assert_status(200);
    }
    server.clock.advance(2 * DAY_MS);
    ada.get("/session").await.assert_error(401, "unauthorized");
}

#[tokio::test]
async fn a_session_ends_after_ninety_days_however_much_it_is_used() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    for _ in 0..9 {
        server.clock.advance(10 * DAY_MS - 1);
        ada.get("/session").await.assert_status(200);
    }
    server.clock.advance(9);
    ada.get("/session").await.assert_error(401, "unauthorized");
}

#[tokio::test]
async fn an_invented_cookie_is_nobody() {
    let server = TestServer::start().await;
    let mut eve = server.anonymous();
    eve.get("/session").await.assert_error(401, "unauthorized");
    eve.cookie = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".into();
    eve.get("/session").await.assert_error(401, "unauthorized");
}

#[tokio::test]
async fn changing_the_own_password_ends_the_other_sessions() {
    let server = TestServer::start().await;
    let ada = server.user("ada").await;
    let mut phone = server.anonymous();
    phone.sign_in("ada", PASSWORD).await.assert_status(200);
    let change = |old: &str, new: &str| json!({ "old_password": old, "new_password": new });

    ada.put("/session/password", change("not this one", "new password")).await.assert_error(403, "wrong_password");
    let error = ada.put("/session/password", change(PASSWORD, "short")).await.assert_error(400, "password_too_short");
    assert_eq!(error["field"], "new_password");
    server
        .anonymous()
        .put("/session/password", change(PASSWORD, "new password"))
        .await
        .assert_error(401, "unauthorized");

    ada.put("/session/password", change(PASSWORD, "new password")).await.assert_status(204);
    ada.get("/session").await.assert_status(200);
    phone.get("/session").await.assert_error(401, "unauthorized");
    phone.sign_in("ada", PASSWORD).await.assert_error(401, "wrong_password");
    phone.sign_in("ada", "new password").await.assert_status(200);
}

#[tokio::test]
async fn input_that_is_no_input_gets_its_own_code() {
    let server = TestServer::start().await;
    let client = server.anonymous();
    let send = async |kind: &str, body: Vec<u8>| {
        let request = client.request(reqwest::Method::POST, "/session").header("content-type", kind).body(body);
        client.send(request).await
    };
    send("application/json", b"{".to_vec()).await.assert_error(400, "json_malformed");
    send("application/json", b"{\"name\":7}".to_vec()).await.assert_error(400, "input_invalid");
    send("text/plain", b"{}".to_vec()).await.assert_error(415, "content_type_not_json");
    send("application/json", vec![b' '; (1 << 20) + 1]).await.assert_error(413, "body_too_large");
}
