//! How does a page or board look outside a browser? It is edited by many at once and has no file: a link that opens it is
//! what every system can show.

use axum::http::{HeaderMap, header};
use sha2::{Digest, Sha256};

use crate::{app::App, ids::DocumentId, names::DocumentName};

/// What the name of a link ends with.
pub const EXTENSION: &str = ".url";

/// How this server is called by whoever sent the request.
pub fn origin(app: &App, headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let scheme = if app.config.cookie_secure { "https" } else { "http" };
    format!("{scheme}://{}", host.unwrap_or("localhost"))
}

/// The link as a file.
pub fn text(origin: &str, document: &DocumentId) -> String {
    format!("[InternetShortcut]\r\nURL={origin}/documents/{document}\r\n")
}

/// What the link to a page is called.
pub fn name(page: &str) -> String {
    let full = format!("{page}{EXTENSION}");
    match DocumentName::parse(&full) {
        Ok(_) => full,
        // As much of a long name as leaves room for the ending.
        Err(_) => {
            format!("{}{EXTENSION}", &page[..page.floor_char_boundary(crate::names::NAME_MAX_BYTES - EXTENSION.len())])
        }
    }
}

/// Changes with the text.
pub fn tag(text: &str) -> String {
    format!("\"{}\"", hex::encode(&Sha256::digest(text.as_bytes())[..16]))
}
