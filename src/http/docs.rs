//! `/api/openapi.json` and `/api/docs`: the description of the API for programs and, without any script, for people.

use std::fmt::Write;

use axum::{Router, http::header, response::Html, routing::get};
use utoipa::openapi::{OpenApi, path::Operation};

use crate::app::App;

/// Routes that answer with `api`.
pub fn routes(api: &OpenApi) -> Router<App> {
    let json = api.to_pretty_json().expect("the description is plain data");
    let page = page(api);
    Router::new()
        .route("/api/openapi.json", get(|| async move { ([(header::CONTENT_TYPE, "application/json")], json) }))
        .route("/api/docs", get(|| async move { Html(page) }))
}

fn page(api: &OpenApi) -> String {
    let mut html = String::from(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>Wenshu API</title><style>body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\
         code{background:#8882;padding:.1em .3em;border-radius:3px}table{border-collapse:collapse;width:100%}\
         td{border-top:1px solid #8884;padding:.4em;vertical-align:top}:root{color-scheme:light dark}</style>\
         <h1>Wenshu API</h1><p>The full description, with all fields: <a href=\"/api/openapi.json\">openapi.json</a>. \
         Sign in with <code>POST /api/v1/session</code> (cookie) or send <code>Authorization: Bearer wst_…</code>.</p>",
    );
    let operations = operations(api);
    let mut tag = None;
    for (of, method, path, operation) in &operations {
        if tag != Some(of) {
            let close = if tag.is_some() { "</table>" } else { "" };
            let _ = write!(html, "{close}<h2>{}</h2><table>", escape(of));
            tag = Some(of);
        }
        let summary = operation.summary.as_deref().or(operation.description.as_deref()).unwrap_or_default();
        let _ = write!(html, "<tr><td><code>{method} {}</code><td>{}", escape(path), escape(summary));
    }
    html + "</table></html>"
}

/// All operations as (tag, method, path, operation), ordered so.
fn operations(api: &OpenApi) -> Vec<(String, &'static str, &String, &Operation)> {
    let mut operations = Vec::new();
    for (path, item) in &api.paths.paths {
        let methods = [
            ("GET", &item.get),
            ("HEAD", &item.head),
            ("POST", &item.post),
            ("PUT", &item.put),
            ("PATCH", &item.patch),
            ("DELETE", &item.delete),
            ("OPTIONS", &item.options),
        ];
        for (method, operation) in methods {
            if let Some(operation) = operation {
                let tag = operation.tags.iter().flatten().next().cloned().unwrap_or_default();
                operations.push((tag, method, path, operation));
            }
        }
    }
    operations.sort_by(|a, b| (&a.0, a.2).cmp(&(&b.0, b.2)));
    operations
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
