//! Where does the next part of a list begin? An opaque text for the client, the last key for the server.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};

use crate::error::{Error, Result};

/// Makes a cursor of the last entry's key.
pub fn encode(key: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(key).expect("a key is plain data"))
}

/// Reads a cursor that [`encode`] made; 400 `cursor_invalid` for anything else.
pub fn decode<T: DeserializeOwned>(cursor: &str) -> Result<T> {
    let key = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|json| serde_json::from_slice(&json).ok());
    key.ok_or_else(|| Error::invalid("cursor_invalid", "this is no cursor of this list").field("cursor"))
}
