//! `/uploads`: files come in by tus 1.0.0, in as many requests as the network needs.
//!
//! Extensions: creation, creation-with-upload, creation-defer-length, checksum, termination, expiration.
//! <https://tus.io/protocols/resumable-upload> says what each header means.

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
};
use axum_extra::headers::HeaderMapExt;
use base64::{Engine, engine::general_purpose::STANDARD};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    actions::{
        create_upload::{Destination, NewUpload, create_upload as begin},
        delete_upload::delete_upload as end,
        for_eyes_of,
        receive_upload::{Checksum, Part, Received, expired, receive_first, receive_upload},
        upload_address::{UploadAddress, find},
    },
    app::App,
    auth::policy::Caller,
    db::uploads::Upload,
    error::{Error, Result},
    http::{extract::Path, refusal},
    ids::DocumentId,
    names::DocumentName,
};

const VERSION: &str = "1.0.0";
const EXTENSIONS: &str = "creation,creation-with-upload,creation-defer-length,checksum,termination,expiration";
/// A name and a note of the longest with their ids, twice over.
const METADATA_MAX_BYTES: usize = 16 << 10;
const PART_TYPE: &str = "application/offset+octet-stream";

const TUS_RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const TUS_VERSION: HeaderName = HeaderName::from_static("tus-version");
const TUS_EXTENSION: HeaderName = HeaderName::from_static("tus-extension");
const TUS_MAX_SIZE: HeaderName = HeaderName::from_static("tus-max-size");
const TUS_CHECKSUM_ALGORITHM: HeaderName = HeaderName::from_static("tus-checksum-algorithm");
const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
const UPLOAD_DEFER_LENGTH: HeaderName = HeaderName::from_static("upload-defer-length");
const UPLOAD_CONCAT: HeaderName = HeaderName::from_static("upload-concat");
const UPLOAD_METADATA: HeaderName = HeaderName::from_static("upload-metadata");
const UPLOAD_CHECKSUM: HeaderName = HeaderName::from_static("upload-checksum");
const UPLOAD_EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
const METHOD_OVERRIDE: HeaderName = HeaderName::from_static("x-http-method-override");
const WENSHU_DOCUMENT_ID: HeaderName = HeaderName::from_static("wenshu-document-id");
const WENSHU_VERSION: HeaderName = HeaderName::from_static("wenshu-version");

/// Routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(describe_uploads, create_upload))
        .routes(routes!(describe_upload, read_upload, update_upload, override_upload, delete_upload))
        .layer(from_fn(refusal::let_finish))
        .layer(from_fn(speak_tus))
}

/// Refuses other versions of the protocol, and names this one in every answer, also in errors.
async fn speak_tus(request: Request, next: Next) -> Response {
    let version = request.headers().get(TUS_RESUMABLE);
    let mut response = if request.method() == Method::OPTIONS || version.is_some_and(|version| version == VERSION) {
        next.run(request).await
    } else {
        let error = Error::new(
            StatusCode::PRECONDITION_FAILED,
            "tus_version_unsupported",
            "this server speaks tus 1.0.0: send the header Tus-Resumable: 1.0.0",
        );
        error.into_response()
    };
    let headers = response.headers_mut();
    headers.insert(TUS_RESUMABLE, HeaderValue::from_static(VERSION));
    headers.insert(TUS_VERSION, HeaderValue::from_static(VERSION));
    response
}

/// Tells what of tus this server can do.
#[utoipa::path(options, path = "/uploads", tag = "uploads", responses((status = 204)))]
async fn describe_uploads(State(app): State<App>) -> (StatusCode, [(HeaderName, HeaderValue); 3]) {
    let headers = [
        (TUS_MAX_SIZE, HeaderValue::from(app.config.upload_max_bytes)),
        (TUS_EXTENSION, HeaderValue::from_static(EXTENSIONS)),
        (TUS_CHECKSUM_ALGORITHM, HeaderValue::from_static(Checksum::ALGORITHMS)),
    ];
    (StatusCode::NO_CONTENT, headers)
}

/// Tells what of tus this server can do.
#[utoipa::path(options, path = "/uploads/{id}", tag = "uploads", params(("id" = String, Path)),
    responses((status = 204)))]
async fn describe_upload(app: State<App>) -> (StatusCode, [(HeaderName, HeaderValue); 3]) {
    describe_uploads(app).await
}

/// Begins an upload. `Upload-Metadata`: `filename`, and `folder_id` (a new document), `document_id` (a new version) or
/// `attached_to` (a picture of that page or board, with its rights, listed nowhere), and if wanted `note`. The body may
/// bring the first bytes.
#[utoipa::path(post, path = "/uploads", tag = "uploads", responses((status = 201)))]
async fn create_upload(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, HeaderMap)> {
    if headers.contains_key(UPLOAD_CONCAT) {
        // Taken for a whole, every part would become a document of its own.
        let message = "uploads in several parts at once (the extension concatenation) are not possible here";
        return Err(Error::invalid("concatenation_unsupported", message));
    }
    let size_bytes = new_length(&headers)?;
    let metadata = Metadata::parse(&headers)?;
    let has_body = has_type(&headers, PART_TYPE);
    let comes_with_bytes = has_body || size_bytes == Some(0);
    let checksum = checksum(&headers)?;
    let new = metadata.into_upload(size_bytes, comes_with_bytes)?;
    let upload = match begin(&app, &caller, new).await {
        Ok(upload) => upload,
        Err(error) => return Err(for_eyes_of(&app, &caller, error).await),
    };
    let address = UploadAddress::of(&app, &upload)?;
    let mut received = Received::of(&upload);
    if comes_with_bytes {
        let length = number(&headers, &header::CONTENT_LENGTH)?.filter(|_| has_body);
        let body = if has_body { body } else { Body::empty() };
        let part = Part { offset: 0, size_bytes: None, checksum, length, body };
        received = match receive_first(&app, &caller, upload.clone(), part).await {
            Ok(received) => received,
            Err(error) => {
                // The client does not hear of an address: nobody could go on with it, and what it reserves would be lost.
                if let Err(kept) = end(&app, &upload).await {
                    tracing::warn!(upload.id = %upload.id, error = %kept, "an upload that failed at once stays");
                }
                return Err(error);
            }
        };
    }
    let mut answer = progress(&received);
    let location = format!("/api/v1/uploads/{address}");
    answer.insert(header::LOCATION, HeaderValue::try_from(location).expect("an address is a header value"));
    Ok((StatusCode::CREATED, answer))
}

/// Tells how much has arrived for good.
#[utoipa::path(head, path = "/uploads/{id}", tag = "uploads", params(("id" = String, Path)),
    responses((status = 200)))]
async fn read_upload(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<UploadAddress>,
) -> Result<(StatusCode, HeaderMap)> {
    let upload = find(&app, &caller.id, &id).await?;
    if upload.expires_at <= app.clock.now() {
        return Err(expired());
    }
    let mut headers = progress(&Received::of(&upload));
    match upload.size_bytes {
        Some(size) => headers.insert(UPLOAD_LENGTH, HeaderValue::from(size)),
        None => headers.insert(UPLOAD_DEFER_LENGTH, HeaderValue::from(1)),
    };
    headers.insert(UPLOAD_METADATA, described(&upload));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok((StatusCode::OK, headers))
}

/// Brings the next bytes. The last ones make the version: the answer names it.
#[utoipa::path(patch, path = "/uploads/{id}", tag = "uploads", params(("id" = String, Path)),
    responses((status = 204)))]
async fn update_upload(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<UploadAddress>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, HeaderMap)> {
    if !has_type(&headers, PART_TYPE) {
        return Err(Error::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "content_type_not_offset",
            "send the bytes as application/offset+octet-stream",
        ));
    }
    let offset = number(&headers, &UPLOAD_OFFSET)?
        .ok_or_else(|| Error::invalid("upload_offset_missing", "send the header Upload-Offset"))?;
    let part = Part {
        offset,
        size_bytes: number(&headers, &UPLOAD_LENGTH)?,
        checksum: checksum(&headers)?,
        length: number(&headers, &header::CONTENT_LENGTH)?,
        body,
    };
    let received = receive_upload(&app, &caller, &id, part).await?;
    Ok((StatusCode::NO_CONTENT, progress(&received)))
}

/// `PATCH` and `DELETE` for clients behind proxies that let only `POST` through: `X-HTTP-Method-Override`.
#[utoipa::path(post, path = "/uploads/{id}", tag = "uploads", params(("id" = String, Path)),
    responses((status = 204)))]
async fn override_upload(
    app: State<App>,
    caller: Caller,
    id: Path<UploadAddress>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, HeaderMap)> {
    match headers.get(METHOD_OVERRIDE) {
        Some(method) if method == "PATCH" => update_upload(app, caller, id, headers, body).await,
        Some(method) if method == "DELETE" => Ok((delete_upload(app, caller, id).await?, HeaderMap::new())),
        _ => Err(Error::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "an upload is continued with PATCH and cancelled with DELETE, or with POST and X-HTTP-Method-Override",
        )),
    }
}

/// Cancels an upload. What it became, if it was finished, stays.
#[utoipa::path(delete, path = "/uploads/{id}", tag = "uploads", params(("id" = String, Path)),
    responses((status = 204)))]
async fn delete_upload(State(app): State<App>, caller: Caller, Path(id): Path<UploadAddress>) -> Result<StatusCode> {
    let upload = find(&app, &caller.id, &id).await?;
    end(&app, &upload).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Where the upload stands, as headers.
fn progress(received: &Received) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(UPLOAD_OFFSET, HeaderValue::from(received.offset));
    let expires = std::time::UNIX_EPOCH + std::time::Duration::from_millis(received.expires_at as u64);
    headers.typed_insert(axum_extra::headers::Expires::from(expires));
    if let Some(expires) = headers.remove(header::EXPIRES) {
        headers.insert(UPLOAD_EXPIRES, expires);
    }
    if let Some(finished) = &received.finished {
        let id = HeaderValue::try_from(finished.document_id.as_str()).expect("an id is a header value");
        headers.insert(WENSHU_DOCUMENT_ID, id);
        headers.insert(WENSHU_VERSION, HeaderValue::from(finished.version));
    }
    headers
}

fn has_type(headers: &HeaderMap, media_type: &str) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|value| value == media_type)
}

/// A header that holds a number of bytes.
fn number(headers: &HeaderMap, name: &HeaderName) -> Result<Option<u64>> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let digits = value.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let number = digits.and_then(|text| text.parse::<u64>().ok()).filter(|it| *it <= i64::MAX as u64);
    let invalid = || Error::invalid("header_invalid", format!("the header {name} is not a number of bytes"));
    number.map(Some).ok_or_else(invalid)
}

/// The length at creation: `Upload-Length`, or `Upload-Defer-Length: 1`.
fn new_length(headers: &HeaderMap) -> Result<Option<u64>> {
    let deferred = headers.get(UPLOAD_DEFER_LENGTH);
    match (number(headers, &UPLOAD_LENGTH)?, deferred) {
        (Some(length), None) => Ok(Some(length)),
        (None, Some(one)) if one == "1" => Ok(None),
        _ => Err(Error::invalid("upload_length_invalid", "send Upload-Length, or Upload-Defer-Length: 1")),
    }
}

/// `Upload-Checksum: <algorithm> <base64>`.
fn checksum(headers: &HeaderMap) -> Result<Option<Checksum>> {
    let Some(value) = headers.get(UPLOAD_CHECKSUM) else { return Ok(None) };
    let parsed = value.to_str().ok().and_then(|text| text.split_once(' ')).and_then(|(algorithm, expected)| {
        let expected = STANDARD.decode(expected.trim()).ok()?;
        Checksum::new(algorithm, expected)
    });
    let invalid = || Error::invalid("checksum_invalid", format!("send one of {} and base64", Checksum::ALGORITHMS));
    parsed.map(Some).ok_or_else(invalid)
}

/// `Upload-Metadata`: pairs of a key and a value in base64.
#[derive(Default)]
struct Metadata {
    pairs: Vec<(String, String)>,
    /// As it was sent.
    text: String,
}

impl Metadata {
    fn parse(headers: &HeaderMap) -> Result<Self> {
        let invalid = |_| Error::invalid("metadata_invalid", "Upload-Metadata is pairs of a key and base64 of UTF-8");
        let Some(value) = headers.get(UPLOAD_METADATA) else { return Ok(Self::default()) };
        let text = value.to_str().map_err(|_| invalid(()))?;
        if text.len() > METADATA_MAX_BYTES {
            let message = format!("Upload-Metadata has at most {METADATA_MAX_BYTES} bytes");
            return Err(Error::invalid("metadata_too_long", message));
        }
        let mut pairs = Vec::new();
        for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once(' ').unwrap_or((pair, ""));
            let value = STANDARD.decode(value.trim()).map_err(|_| invalid(()))?;
            pairs.push((key.to_owned(), String::from_utf8(value).map_err(|_| invalid(()))?));
        }
        Ok(Self { pairs, text: text.to_owned() })
    }

    fn get(&self, key: &str) -> Option<&str> {
        self.pairs.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    fn into_upload(self, size_bytes: Option<u64>, comes_with_bytes: bool) -> Result<NewUpload> {
        let name = self.get("filename").or(self.get("name")).unwrap_or_default();
        let destination = match (self.get("document_id"), self.get("attached_to"), self.get("folder_id")) {
            (Some(document), ..) => Destination::Document(document.parse::<DocumentId>()?),
            (None, Some(page), _) => Destination::Page(page.parse::<DocumentId>()?),
            (None, None, Some(folder)) => Destination::Folder(folder.parse()?),
            (None, None, None) => {
                return Err(Error::invalid("folder_id_missing", "name a folder_id or a document_id").field("folder_id"));
            }
        };
        Ok(NewUpload {
            name: DocumentName::parse(name)?,
            destination,
            note: self.get("note").unwrap_or_default().to_owned(),
            metadata: self.text,
            size_bytes,
            comes_with_bytes,
        })
    }
}

/// The metadata that an upload was created with, as it was sent.
fn described(upload: &Upload) -> HeaderValue {
    if let Some(sent) = HeaderValue::try_from(&upload.metadata).ok().filter(|sent| !sent.is_empty()) {
        return sent;
    }
    // From before it was kept.
    let pairs = [
        ("filename", Some(upload.name.as_str())),
        ("folder_id", upload.folder_id.as_ref().map(|id| id.as_str())),
        ("document_id", upload.document_id.as_ref().map(|id| id.as_str())),
        ("attached_to", upload.attached_to.as_ref().map(|id| id.as_str())),
        ("note", Some(upload.note.as_str()).filter(|note| !note.is_empty())),
    ];
    let pairs = pairs.into_iter().filter_map(|(key, value)| Some(format!("{key} {}", STANDARD.encode(value?))));
    HeaderValue::try_from(pairs.collect::<Vec<_>>().join(",")).expect("base64 is a header value")
}
