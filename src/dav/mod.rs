//! How does a file manager or an office program work in the libraries? As on a network drive, by WebDAV (RFC 4918,
//! class 2) at `/dav`, over the same rules and the same actions as the API.
//!
//! - [`resolve`] finds what is at an address, [`properties`] tells about it, [`locks`] keeps others away from it,
//!   [`write`] takes bytes, [`transfer`] moves and copies, [`remove`] throws away. Everything ends in `crate::actions`.
//! - Bytes under an existing name are a new version of that document, however a program gets them there: by writing over
//!   it, by renaming another file over it, or by renaming it away first. Files that programs keep for themselves are seen
//!   by their owner only and never become documents ([`programs`], [`crate::db::dav_overlay`]).
//! - A page or board is a link that opens it ([`shortcut`]). Who may not have an original does not see it.
//! - Libraries are made, renamed and deleted in the browser: a drive is too easily cleaned up by a program.
//! - Programs sign in with every request ([`crate::auth::basic`]); cookies count for nothing here.

mod conditions;
mod locks;
mod path;
mod programs;
mod properties;
mod remove;
mod resolve;
pub mod shortcut;
pub mod tidy;
mod transfer;
mod write;
mod xml;

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::from_fn,
    response::{IntoResponse, Response},
    routing::any,
};
use sqlx::AnyPool;

use crate::{
    app::App,
    auth::{basic, policy::Caller},
    dav::{
        path::{DavPath, ROOT},
        resolve::Node,
    },
    error::{Error, Result},
    http::{
        content::{self, ContentRequest, Plan, Served},
        cross_site, refusal,
        surround::ClientAddress,
    },
};

/// Largest XML body.
const XML_MAX_BYTES: usize = 256 << 10;
/// What can be done here.
const ALLOW: &str = "OPTIONS, GET, HEAD, PUT, DELETE, MKCOL, COPY, MOVE, PROPFIND, PROPPATCH, LOCK, UNLOCK";

/// One request of one person.
pub(crate) struct Dav {
    app: App,
    caller: Caller,
    headers: HeaderMap,
    /// How this server is called by the client.
    origin: String,
}

impl Dav {
    fn db(&self) -> &AnyPool {
        self.app.db.read()
    }
}

/// The drive, and what Windows asks at the root of the server before it looks at the drive.
pub fn routes() -> Router<App> {
    Router::new()
        .route(ROOT, any(answer))
        .route("/dav/", any(answer))
        .route("/dav/{*path}", any(answer))
        .layer(from_fn(refusal::let_finish))
}

/// Answers `OPTIONS` and `PROPFIND` at the root of the server; `None` for everything else.
pub async fn answer_root(app: &App, address: ClientAddress, request: Request) -> Option<Response> {
    if request.uri().path() != "/" {
        return None;
    }
    match request.method().as_str() {
        "OPTIONS" => Some(options()),
        "PROPFIND" => {
            let (parts, body) = request.into_parts();
            let found = async {
                let dav = sign_in(app, address, &parts.headers).await?;
                dav.propfind_server(&read_xml(body).await?).await
            };
            Some(found.await.unwrap_or_else(refuse))
        }
        _ => None,
    }
}

async fn answer(State(app): State<App>, address: ClientAddress, request: Request) -> Response {
    if request.method() == Method::OPTIONS {
        return options();
    }
    let (parts, body) = request.into_parts();
    let done = async {
        if cross_site::is_foreign(&parts.headers) {
            return Err(Error::forbidden("cross_site_request", "this request was started by another site"));
        }
        let dav = sign_in(&app, address, &parts.headers).await?;
        let path = DavPath::parse(parts.uri.path())?;
        dav.dispatch(&parts.method, path, body).await
    };
    done.await.unwrap_or_else(refuse)
}

async fn sign_in(app: &App, ClientAddress(address): ClientAddress, headers: &HeaderMap) -> Result<Dav> {
    let caller = basic::sign_in(app, headers, address).await?;
    Ok(Dav { app: app.clone(), caller, origin: shortcut::origin(app, headers), headers: headers.clone() })
}

impl Dav {
    async fn dispatch(self, method: &Method, path: DavPath, body: Body) -> Result<Response> {
        match method.as_str() {
            "GET" | "HEAD" => self.read(method, path).await,
            "PUT" => self.put(path, body).await,
            "DELETE" => self.delete(path).await,
            "MKCOL" => self.make_folder(path, body).await,
            "COPY" => self.copy(path).await,
            "MOVE" => self.rename(path).await,
            "PROPFIND" => self.propfind(path, &read_xml(body).await?).await,
            "PROPPATCH" => self.proppatch(path, &read_xml(body).await?).await,
            "LOCK" => self.lock(path, &read_xml(body).await?).await,
            "UNLOCK" => self.unlock(path).await,
            _ => {
                let error =
                    Error::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this is not possible on a drive");
                let mut response = error.into_response();
                response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(ALLOW));
                Ok(response)
            }
        }
    }

    /// Bytes of a file, with ranges and conditions, as the API gives them.
    async fn read(&self, method: &Method, path: DavPath) -> Result<Response> {
        let target = self.resolve(&path).await?;
        let request = ContentRequest { method: method.clone(), headers: self.headers.clone(), download: false };
        match target.node()? {
            Node::Document(node) => {
                content::answer(&self.app, &self.caller, &node.document, &node.version, &request).await
            }
            Node::Temporary(entry) => {
                let served = Served {
                    name: &entry.name,
                    content_id: entry.content_id.as_deref().unwrap_or_default(),
                    size_bytes: entry.size_bytes as u64,
                    media_type: &entry.media_type,
                    modified: entry.updated_at,
                    is_alone_in_second: false,
                };
                Plan::of(&served, &request)?.answer(&self.app, &served).await
            }
            Node::Page(node) => {
                let tag = HeaderValue::try_from(shortcut::tag(&node.text)).expect("hex is a header value");
                let kind = HeaderValue::from_static("application/internet-shortcut");
                let headers = [
                    (header::ETAG, tag),
                    (header::CONTENT_TYPE, kind),
                    (header::CONTENT_DISPOSITION, content::disposition(false, &target.name)),
                    (header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache")),
                ];
                Ok((headers, node.text.clone()).into_response())
            }
            Node::Root | Node::Folder(_) => {
                let text = "This is a network drive: open its address in a file manager.\n\
                            这是网络磁盘，请在文件管理器中打开此地址。\n";
                let kind = HeaderValue::from_static("text/plain; charset=utf-8");
                Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
            }
        }
    }
}

async fn read_xml(body: Body) -> Result<Vec<u8>> {
    match to_bytes(body, XML_MAX_BYTES).await {
        Ok(bytes) => Ok(bytes.to_vec()),
        Err(_) => Err(Error::too_large("body_too_large", "the body is larger than this server takes here")),
    }
}

/// What the drive can do. Office programs look for the author's header before they offer to save.
fn options() -> Response {
    let headers = [
        ("dav", "1, 2"),
        ("ms-author-via", "DAV"),
        ("allow", ALLOW),
        ("accept-ranges", "bytes"),
        ("cache-control", "no-store"),
    ];
    (StatusCode::OK, headers, "").into_response()
}

/// An error as WebDAV tells it: locks in XML, what is missing of a sign-in in a header.
fn refuse(error: Error) -> Response {
    let locked = error.member("href").map(str::to_owned);
    let status = error.status();
    if let Some(href) = locked {
        let condition = error.member("condition").unwrap_or("lock-token-submitted").to_owned();
        let href = xml::text(&href).into_owned();
        return error_xml(status, &format!("<D:{condition}><D:href>{href}</D:href></D:{condition}>"));
    }
    if let Some(condition) = error.member("condition") {
        return error_xml(status, &format!("<D:{condition}/>"));
    }
    let mut response = error.into_response();
    if status == StatusCode::UNAUTHORIZED {
        let basic = HeaderValue::from_static("Basic realm=\"Wenshu\", charset=\"UTF-8\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, basic);
    }
    response
}

fn error_xml(status: StatusCode, condition: &str) -> Response {
    let body = format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<D:error xmlns:D=\"DAV:\">{condition}</D:error>");
    xml_response(status, body)
}

fn xml_response(status: StatusCode, body: impl Into<Body>) -> Response {
    let kind = HeaderValue::from_static("application/xml; charset=utf-8");
    (status, [(header::CONTENT_TYPE, kind)], body.into()).into_response()
}

fn multi_status() -> StatusCode {
    StatusCode::MULTI_STATUS
}
