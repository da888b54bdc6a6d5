//! Is this the password? Argon2id, on the blocking pool, a few at a time: each check takes 19 MiB.

use std::sync::LazyLock;

use argon2::{Argon2, PasswordHasher, PasswordVerifier, password_hash::phc::PasswordHash};
use tokio::sync::Semaphore;

use crate::error::{Error, Result};

/// Shortest password that is taken, in characters.
pub const MIN_CHARS: usize = 8;
/// Longest password that is taken, in bytes.
pub const MAX_BYTES: usize = 1024;

/// How many checks run at once: half of the cores, so that a morning's sign-ins do not stop everybody's editing.
static TURNS: LazyLock<Semaphore> = LazyLock::new(|| {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Semaphore::new(cores.div_ceil(2))
});

/// What is compared for an account that does not exist, so that its answer takes as long.
static NOBODY: LazyLock<String> =
    LazyLock::new(|| hash_now("nobody has this password").expect("the password is short"));

/// Refuses passwords that are too short or too long.
pub fn check_strength(password: &str) -> Result<()> {
    if password.chars().count() < MIN_CHARS {
        return Err(Error::invalid("password_too_short", "a password has at least 8 characters").field("password"));
    }
    if password.len() > MAX_BYTES {
        return Err(Error::invalid("password_too_long", "a password has at most 1024 bytes").field("password"));
    }
    Ok(())
}

/// Hashes `password` into a PHC string.
pub async fn hash(password: &str) -> Result<String> {
    let password = password.to_owned();
    in_turn(move || hash_now(&password)).await
}

/// Checks `password` against a stored hash. Without a hash the same work is done and the answer is no.
pub async fn verify(password: &str, hash: Option<String>) -> Result<bool> {
    if password.len() > MAX_BYTES {
        return Ok(false);
    }
    let password = password.to_owned();
    in_turn(move || {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODY.clone());
        let hash =
            PasswordHash::new(&hash).map_err(|error| Error::internal(anyhow::anyhow!("stored hash: {error}")))?;
        Ok(Argon2::default().verify_password(password.as_bytes(), &hash).is_ok() && known)
    })
    .await
}

fn hash_now(password: &str) -> Result<String> {
    Argon2::default()
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| Error::internal(anyhow::anyhow!("hashing: {error}")))
}

async fn in_turn<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let _turn = TURNS.acquire().await.expect("the semaphore is never closed");
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
}
