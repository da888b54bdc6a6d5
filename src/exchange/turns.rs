//! How many conversions may one person have running? A few: others wait for the same programs.

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex},
};

use crate::{
    error::{Error, Result},
    ids::UserId,
};

/// Conversions of one person at one time.
const MOST: usize = 3;
const RETRY_AFTER_S: u64 = 5;

// Of this process: another node has programs of its own.
static RUNNING: LazyLock<Mutex<HashMap<UserId, usize>>> = LazyLock::new(Mutex::default);

/// A conversion's place; free again when it is dropped.
pub struct Turn(UserId);

/// Takes a place, or says that there are too many.
pub fn take(user: &UserId) -> Result<Turn> {
    let mut running = RUNNING.lock().expect("nothing panics while holding it");
    let count = running.entry(user.clone()).or_default();
    if *count >= MOST {
        return Err(Error::too_many(
            "too_many_conversions",
            "wait until your other conversions are done",
            RETRY_AFTER_S,
        ));
    }
    *count += 1;
    Ok(Turn(user.clone()))
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut running = RUNNING.lock().expect("nothing panics while holding it");
        if let Some(count) = running.get_mut(&self.0) {
            *count -= 1;
            if *count == 0 {
                running.remove(&self.0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_given_back() {
        let user = UserId::new();
        let turns: Vec<Turn> = (0..MOST).map(|_| take(&user).unwrap()).collect();
        assert_eq!(take(&user).err().unwrap().code(), "too_many_conversions");
        assert!(take(&UserId::new()).is_ok());
        drop(turns);
        assert!(take(&user).is_ok());
    }
}
