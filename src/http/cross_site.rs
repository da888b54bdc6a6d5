//! Does the request come from our own pages? State changes and WebSockets that a foreign site started are refused.
//!
//! Browsers say where a request comes from (`Sec-Fetch-Site`, `Origin`) and scripts cannot forge it. Programs say
//! nothing and carry a token that no browser sends by itself, so they pass.

use axum::{
    extract::Request,
    http::{HeaderMap, Uri, header},
    middleware::Next,
    response::Response,
};

use crate::error::{Error, Result};

/// Refuses with 403 `cross_site_request` what another site made the browser do.
pub async fn check(request: Request, next: Next) -> Result<Response> {
    let headers = request.headers();
    let changes_state = !request.method().is_safe() || headers.contains_key(header::UPGRADE);
    if changes_state && !headers.contains_key(header::AUTHORIZATION) && is_foreign(headers) {
        return Err(Error::forbidden("cross_site_request", "this request was started by another site"));
    }
    Ok(next.run(request).await)
}

/// Whether a browser says that another site started the request.
pub fn is_foreign(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return !matches!(site, "same-origin" | "none");
    }
    match (text("origin"), text("host")) {
        (None, _) => false,
        (Some(origin), Some(host)) => {
            origin.parse::<Uri>().ok().and_then(|uri| uri.authority().map(|it| it.as_str() != host)).unwrap_or(true)
        }
        (Some(_), None) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn only_foreign_origins_are_foreign() {
        assert!(!is_foreign(&headers(&[])));
        assert!(!is_foreign(&headers(&[("sec-fetch-site", "same-origin"), ("origin", "http://proxy"), ("host", "a")])));
        assert!(is_foreign(&headers(&[("sec-fetch-site", "cross-site")])));
        assert!(is_foreign(&headers(&[("sec-fetch-site", "same-site")])));
        assert!(!is_foreign(&headers(&[("origin", "http://a:8080"), ("host", "a:8080")])));
        assert!(is_foreign(&headers(&[("origin", "http://b:8080"), ("host", "a:8080")])));
        assert!(is_foreign(&headers(&[("origin", "null"), ("host", "a:8080")])));
    }
}
