//! What does the address of an upload say? The upload's id. And as long as nothing is written about a small upload,
//! everything that its row would say, sealed (AES-256-GCM-SIV, RFC 8452) with a key that all nodes have: so it takes one
//! transaction instead of two, and its address is good whatever happens to the server in between.
//!
//! The first bytes that stay, whatever else needs a row, and its end write one. From then on the row counts, also the row
//! of a cancelled upload.

use std::{fmt, str::FromStr};

use anyhow::anyhow;
use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::{
    actions::{
        create_upload::{AT_ONCE_BYTES, allow_upload},
        quota,
        receive_upload::expired,
    },
    app::App,
    auth::policy::Caller,
    clock::Millis,
    db::{
        self, Db,
        uploads::{Standing, Upload},
    },
    error::{Error, Result},
    ids::{DocumentId, FolderId, UploadId, UserId},
};

/// Most bytes of what clients say about an upload, so that its address is taken by every proxy.
const MOST_SAID_BYTES: usize = 1024;
/// Name of the key among the secrets of the installation.
const KEY: &str = "upload_addresses";

/// Where an upload is: `<id>`, or `<id>.<sealed>`.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct UploadAddress {
    pub id: UploadId,
    /// Base64url of a nonce and of what is sealed.
    sealed: Option<String>,
}

/// What addresses are sealed with.
pub struct Seal(RandomizedNonceKey);

/// What the row of an upload would say at its beginning.
#[derive(Serialize, Deserialize)]
struct Said {
    user_id: UserId,
    #[serde(skip_serializing_if = "Option::is_none")]
    folder_id: Option<FolderId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    document_id: Option<DocumentId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attached_to: Option<DocumentId>,
    library_id: Option<FolderId>,
    name: String,
    #[serde(skip_serializing_if = "String::is_empty", default)]
    note: String,
    metadata: String,
    size_bytes: i64,
    created_at: Millis,
    expires_at: Millis,
}

/// Whether an upload as it began may do without a row.
pub fn suits(upload: &Upload) -> bool {
    upload.size_bytes.is_some_and(|size| size as u64 <= AT_ONCE_BYTES)
        // They take more room, and the database may refuse some of them.
        && !upload.note.contains(char::is_control)
        && upload.name.len() + upload.note.len() + upload.metadata.len() <= MOST_SAID_BYTES
}

/// The upload of `user`, as far as it has come for good. 404 when there is none; nobody sees another's.
pub async fn find(app: &App, user: &UserId, address: &UploadAddress) -> Result<Upload> {
    let not_found = || Error::not_found("upload");
    if let Some(upload) = db::uploads::find(app.db.read(), &address.id, user).await? {
        return Ok(upload);
    }
    let upload = app.seal.open_address(address).filter(|upload| upload.user_id == *user).ok_or_else(not_found)?;
    if upload.expires_at <= app.clock.now() {
        return Err(expired());
    }
    match db::uploads::exists(app.db.read(), &address.id).await? {
        // Written between the two looks, or cancelled.
        true => db::uploads::find(app.db.read(), &address.id, user).await?.ok_or_else(not_found),
        false => Ok(upload),
    }
}

/// Like [`find`], for whoever brings bytes. As long as nothing is written about it, nothing is reserved for it: it has to be
/// allowed still, and to fit.
pub async fn find_to_write(app: &App, by: &Caller, address: &UploadAddress) -> Result<Upload> {
    let mut upload = find(app, &by.id, address).await?;
    if let (Standing::Announced, Some(size)) = (upload.standing, upload.size_bytes) {
        let library = allow_upload(app, by, &upload).await?;
        quota::require_in(app, &library, &by.id, size).await?;
        upload.library_id = Some(library);
    }
    Ok(upload)
}

/// Like [`find_to_write`], for what needs a row.
pub async fn find_written(app: &App, by: &Caller, address: &UploadAddress) -> Result<Upload> {
    let upload = find_to_write(app, by, address).await?;
    if upload.is_written() {
        return Ok(upload);
    }
    app.uploads.recall(&upload.id, &by.id).await;
    match app.intake.begin(app, upload).await {
        // Another request did the same.
        Err(error) if error.code() == db::uploads::finished_elsewhere().code() => find(app, &by.id, address).await,
        begun => begun,
    }
}

impl Seal {
    /// Reads the key of the installation, or makes it.
    pub async fn open(db: &Db) -> Result<Self> {
        let key = db::secrets::find_or_make(db, KEY).await?;
        let key = RandomizedNonceKey::new(&AES_256_GCM_SIV, &key);
        Ok(Self(key.map_err(|_| Error::internal(anyhow!("the key {KEY} has another length")))?))
    }

    fn seal(&self, id: &UploadId, said: &Said) -> Result<String> {
        let mut bytes = serde_json::to_vec(said).map_err(Error::internal)?;
        let nonce = self.0.seal_in_place_append_tag(Aad::from(id.as_str()), &mut bytes);
        let nonce = nonce.map_err(|_| Error::internal(anyhow!("an address cannot be sealed")))?;
        Ok(URL_SAFE_NO_PAD.encode([&nonce.as_ref()[..], &bytes].concat()))
    }

    fn open_address(&self, address: &UploadAddress) -> Option<Upload> {
        let mut sealed = URL_SAFE_NO_PAD.decode(address.sealed.as_ref()?).ok()?;
        let (nonce, bytes) = sealed.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let said = self.0.open_in_place(nonce, Aad::from(address.id.as_str()), bytes).ok()?;
        let said: Said = serde_json::from_slice(said).ok()?;
        Some(Upload {
            id: address.id.clone(),
            user_id: said.user_id,
            folder_id: said.folder_id,
            document_id: said.document_id,
            attached_to: said.attached_to,
            name: said.name,
            note: said.note,
            metadata: said.metadata,
            size_bytes: Some(said.size_bytes),
            offset_bytes: 0,
            state_token: 0,
            created_at: said.created_at,
            expires_at: said.expires_at,
            finished_document_id: None,
            finished_version: None,
            library_id: said.library_id,
            reserved_bytes: 0,
            standing: Standing::Announced,
        })
    }
}

impl UploadAddress {
    /// The address of an upload.
    pub fn of(app: &App, upload: &Upload) -> Result<Self> {
        let id = upload.id.clone();
        let (Standing::Announced, Some(size_bytes)) = (upload.standing, upload.size_bytes) else {
            return Ok(Self { id, sealed: None });
        };
        let upload = upload.clone();
        let said = Said {
            user_id: upload.user_id,
            folder_id: upload.folder_id,
            document_id: upload.document_id,
            attached_to: upload.attached_to,
            library_id: upload.library_id,
            name: upload.name,
            note: upload.note,
            metadata: upload.metadata,
            size_bytes,
            created_at: upload.created_at,
            expires_at: upload.expires_at,
        };
        let sealed = Some(app.seal.seal(&id, &said)?);
        Ok(Self { id, sealed })
    }
}

impl FromStr for UploadAddress {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (id, sealed) = match text.split_once('.') {
            Some((id, sealed)) => (id, Some(sealed.to_owned())),
            None => (text, None),
        };
        Ok(Self { id: id.parse()?, sealed })
    }
}

impl TryFrom<String> for UploadAddress {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl fmt::Display for UploadAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.sealed {
            Some(sealed) => write!(f, "{}.{sealed}", self.id),
            None => write!(f, "{}", self.id),
        }
    }
}
