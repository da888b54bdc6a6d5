//! How is a protected file opened with the password that somebody gave?
//!
//! The password comes with one task, is used once in the memory of the isolated child, and is kept nowhere. What stays is the
//! same document without its protection, which is then prepared like any other. A PDF is opened and written anew by pdfium;
//! Office Open XML (`unlock_ooxml`) and OpenDocument (`unlock_odf`) are decrypted here, because LibreOffice takes no
//! password where nobody can be asked.

use std::path::{Path, PathBuf};

use super::{
    child::Child,
    prepare::detect,
    task::{Answer, Password, WorkerError, codes},
    unlock_odf, unlock_ooxml,
};

const COMPOUND_FILE: [u8; 8] = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];

/// Writes the file without its protection.
pub fn unlock(child: &mut Child, input: &Path, name: &str, password: &Password) -> Result<Answer, WorkerError> {
    let kind = detect(input, name)?;
    let file = PathBuf::from("unlocked");
    let out = child.out().join(&file);
    let most = child.limits.unpacked_bytes.min(child.limits.memory_bytes / 4);
    if kind == "application/pdf" {
        child.library()?.unlock(input, password.typed(), &out)?;
    } else if kind.starts_with("application/vnd.oasis.opendocument.") {
        unlock_odf::unlock(input, password.typed(), &out, most)?;
    } else if is_compound_file(input) && unlock_ooxml::is_encrypted(input) {
        unlock_ooxml::unlock(input, password.typed(), &out, most)?;
    } else if matches!(
        kind.as_str(),
        "application/msword" | "application/vnd.ms-excel" | "application/vnd.ms-powerpoint" | "application/zip"
    ) {
        return Err(unknown());
    } else {
        return Err(WorkerError::new(codes::NOT_ENCRYPTED, "this document needs no password"));
    }
    Ok(Answer::Converted { file, media_type: kind, warnings: Vec::new() })
}

fn is_compound_file(input: &Path) -> bool {
    use std::io::Read;
    let mut head = [0; 8];
    std::fs::File::open(input).and_then(|mut file| file.read_exact(&mut head)).is_ok() && head == COMPOUND_FILE
}

/// The password is not the right one.
pub(super) fn wrong() -> WorkerError {
    WorkerError::new(codes::WRONG_PASSWORD, "this is not the password of the document")
}

/// Nothing here knows this way of encryption.
pub(super) fn unknown() -> WorkerError {
    WorkerError::new(codes::ENCRYPTION_UNKNOWN, "documents that are encrypted in this way cannot be opened here")
}

/// The parts of the file that tell how it is encrypted make no sense.
pub(super) fn damaged(reason: impl std::fmt::Display) -> WorkerError {
    WorkerError::new(codes::DAMAGED, format!("the document is damaged: {reason}"))
}
