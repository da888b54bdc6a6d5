//! How is Wenshu started as it ships, and how does a bench get in?

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};
use reqwest::{Client as Http, RequestBuilder};
use serde_json::{Value, json};

pub const PASSWORD: &str = "correct horse";

/// The binary that is measured: of this build, or what BENCH_WENSHU names.
pub fn program() -> PathBuf {
    std::env::var_os("BENCH_WENSHU").unwrap_or_else(|| env!("CARGO_BIN_EXE_wenshu").into()).into()
}

/// `wenshu serve`, with the administrator `admin`.
pub fn serve(port: u16, data: &Path) -> Command {
    let mut command = Command::new(program());
    command.args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--data"]).arg(data);
    if std::env::var_os("WENSHU_PDFIUM").is_none() {
        command.env("WENSHU_PDFIUM", Path::new(env!("CARGO_MANIFEST_DIR")).join("build/libpdfium.so"));
    }
    command.env("WENSHU_ADMIN_PASSWORD", PASSWORD);
    command
}

/// The API of a server on this machine.
pub struct Api {
    /// Without a slash at the end.
    pub base: String,
    http: Http,
}

impl Api {
    pub fn new(port: u16, http: Http) -> Self {
        Self { base: format!("http://127.0.0.1:{port}/api/v1"), http }
    }

    pub async fn post(&self, path: &str, token: &str, input: Value) -> Result<Value> {
        answer(self.http.post(format!("{}/{path}", self.base)).json(&input).bearer_auth(token)).await
    }

    /// Signs in and makes a token.
    pub async fn token(&self, name: &str) -> Result<String> {
        let input = json!({ "name": name, "password": PASSWORD });
        let session = self.http.post(format!("{}/session", self.base)).json(&input).send().await?.error_for_status()?;
        let cookie = session.headers().get("set-cookie").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        let request = self.http.post(format!("{}/tokens", self.base)).json(&json!({ "name": "bench" }));
        text(&answer(request.header("cookie", cookie)).await?, "token")
    }
}

/// What a request that must succeed brings.
pub async fn answer(request: RequestBuilder) -> Result<Value> {
    let response = request.send().await?;
    let (status, body) = (response.status(), response.text().await?);
    ensure!(status.is_success(), "{status} {body}");
    Ok(serde_json::from_str(&body)?)
}

/// A field that is text.
pub fn text(json: &Value, field: &str) -> Result<String> {
    Ok(json[field].as_str().with_context(|| format!("no {field} in {json}"))?.to_owned())
}
