//! Who is in the room, and where are their cursors? Keeps the states of awareness and lets each speak for themselves only.
//!
//! Plain y-websocket clients send back every state that they receive, and send on the states of other tabs of the same
//! browser. So what is known already is passed over in silence, and a client id belongs to a person, not to a connection.

use std::collections::HashMap;

use serde_json::Value;

use crate::{
    ids::UserId,
    rooms::{
        lib0::{Malformed, Reader, put_buffer, put_uint},
        protocol,
    },
};

/// A state in JSON may be this long.
const STATE_MAX_BYTES: usize = 16 << 10;
/// So many client ids may one connection speak for: one per tab of the browser.
const CLIENTS_MAX: usize = 16;
/// So many ids of people who left are remembered, to know their echoes.
const DEPARTED_MAX: usize = 1024;

/// One client's state in a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub client: u64,
    pub clock: u32,
    /// JSON; `null` when the client has left.
    pub state: String,
}

/// Reads the payload of an awareness message.
pub fn read(bytes: &[u8]) -> Result<Vec<Entry>, Malformed> {
    let mut reader = Reader::new(bytes);
    let count = reader.count(3)?;
    let mut entries = Vec::with_capacity(count.min(64));
    for _ in 0..count {
        let (client, clock, state) = (reader.uint()?, reader.small()?, reader.string()?);
        entries.push(Entry { client, clock, state: state.to_owned() });
    }
    reader.end()?;
    Ok(entries)
}

/// Makes the payload of an awareness message.
pub fn write<'a>(entries: impl ExactSizeIterator<Item = (u64, u32, &'a str)>) -> Vec<u8> {
    let mut out = Vec::new();
    put_uint(&mut out, entries.len() as u64);
    for (client, clock, state) in entries {
        put_uint(&mut out, client);
        put_uint(&mut out, u64::from(clock));
        put_buffer(&mut out, state.as_bytes());
    }
    out
}

/// The person whom a connection belongs to, as others may see them.
#[derive(Clone, Debug)]
pub struct Identity {
    pub user: UserId,
    pub display_name: String,
}

/// Why a state was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub code: &'static str,
    pub message: &'static str,
}

/// The states of everybody in a room.
#[derive(Default)]
pub struct Awareness {
    present: HashMap<u64, Present>,
    /// Clock and owner of clients that left.
    departed: HashMap<u64, (u32, UserId)>,
}

struct Present {
    connection: u64,
    user: UserId,
    clock: u32,
    state: String,
}

impl Awareness {
    /// Takes in what a connection says. Returns the message for the others, if anything is new, and the first refusal.
    pub fn apply(
        &mut self,
        connection: u64,
        who: &Identity,
        entries: Vec<Entry>,
    ) -> (Option<bytes::Bytes>, Option<Refusal>) {
        let (mut news, mut refusal) = (Vec::new(), None);
        for entry in entries {
            match self.judge(connection, who, &entry) {
                Ok(true) => {
                    self.keep(connection, who, &entry);
                    news.push(entry);
                }
                Ok(false) => {}
                Err(reason) => refusal = refusal.or(Some(reason)),
            }
        }
        let message = (!news.is_empty()).then(|| {
            protocol::awareness(&write(news.iter().map(|entry| (entry.client, entry.clock, entry.state.as_str()))))
        });
        (message, refusal)
    }

    /// Whether an entry is new; an error when the connection may not say it.
    fn judge(&self, connection: u64, who: &Identity, entry: &Entry) -> Result<bool, Refusal> {
        if let Some(present) = self.present.get(&entry.client) {
            if entry.clock <= present.clock
                && !(entry.clock == present.clock && leaves(entry) && present.connection == connection)
            {
                return Ok(false);
            }
            if present.user != who.user {
                return Err(Refusal {
                    code: "awareness_not_yours",
                    message: "this client id belongs to somebody else",
                });
            }
        } else {
            if leaves(entry) {
                return Ok(false);
            }
            match self.departed.get(&entry.client) {
                Some((clock, _)) if entry.clock < *clock => return Ok(false),
                // Another client repeats the state of somebody who left.
                Some((clock, user)) if entry.clock == *clock && *user != who.user => return Ok(false),
                _ => {}
            }
            if self.present.values().filter(|present| present.connection == connection).count() >= CLIENTS_MAX {
                return Err(Refusal {
                    code: "awareness_too_many",
                    message: "one connection speaks for too many clients",
                });
            }
        }
        check_state(who, &entry.state)?;
        Ok(true)
    }

    fn keep(&mut self, connection: u64, who: &Identity, entry: &Entry) {
        if leaves(entry) {
            self.present.remove(&entry.client);
            self.depart(entry.client, entry.clock, who.user.clone());
        } else {
            self.departed.remove(&entry.client);
            let present =
                Present { connection, user: who.user.clone(), clock: entry.clock, state: entry.state.clone() };
            self.present.insert(entry.client, present);
        }
    }

    fn depart(&mut self, client: u64, clock: u32, user: UserId) {
        if self.departed.len() >= DEPARTED_MAX {
            self.departed.clear();
        }
        self.departed.insert(client, (clock, user));
    }

    /// The message with everybody's states; `None` when nobody has one.
    pub fn everybody(&self) -> Option<bytes::Bytes> {
        (!self.present.is_empty()).then(|| {
            protocol::awareness(&write(self.present.iter().map(|(id, one)| (*id, one.clock, one.state.as_str()))))
        })
    }

    /// Removes a connection's clients. Returns the message that tells the others.
    pub fn leave(&mut self, connection: u64) -> Option<bytes::Bytes> {
        let gone: Vec<(u64, u32)> = self
            .present
            .iter()
            .filter(|(_, present)| present.connection == connection)
            .map(|(client, present)| (*client, present.clock))
            .collect();
        for (client, clock) in &gone {
            if let Some(present) = self.present.remove(client) {
                self.depart(*client, *clock, present.user);
            }
        }
        (!gone.is_empty())
            .then(|| protocol::awareness(&write(gone.iter().map(|(client, clock)| (*client, *clock, "null")))))
    }
}

fn leaves(entry: &Entry) -> bool {
    entry.state == "null"
}

/// A state may name nobody, or the person whose connection it is.
fn check_state(who: &Identity, state: &str) -> Result<(), Refusal> {
    if state.len() > STATE_MAX_BYTES {
        return Err(Refusal { code: "awareness_too_large", message: "the awareness state is too large" });
    }
    let malformed = Refusal { code: "awareness_malformed", message: "the awareness state is not a JSON object" };
    let state: Value = serde_json::from_str(state).map_err(|_| malformed)?;
    if state.is_null() {
        return Ok(());
    }
    let Some(user) = state.as_object().ok_or(malformed)?.get("user") else { return Ok(()) };
    let says = |key: &str, truth: &str| user.get(key).is_none_or(|value| value.as_str() == Some(truth));
    if says("id", who.user.as_str()) && says("name", &who.display_name) {
        Ok(())
    } else {
        Err(Refusal { code: "awareness_identity", message: "the awareness state names somebody else" })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn person(name: &str) -> Identity {
        Identity { user: UserId::new(), display_name: name.to_owned() }
    }

    fn entry(client: u64, clock: u32, state: &str) -> Vec<Entry> {
        vec![Entry { client, clock, state: state.to_owned() }]
    }

    #[test]
    fn a_connection_speaks_for_its_own_person_only() {
        let (mut room, ada, bob) = (Awareness::default(), person("Ada"), person("Bob"));
        assert!(room.apply(1, &ada, entry(10, 1, r#"{"user":{"name":"Ada"}}"#)).0.is_some());
        let (message, refusal) = room.apply(2, &bob, entry(20, 1, r#"{"user":{"name":"Ada"}}"#));
        assert_eq!((message, refusal.unwrap().code), (None, "awareness_identity"));
        let (message, refusal) = room.apply(2, &bob, entry(10, 2, "{}"));
        assert_eq!((message, refusal.unwrap().code), (None, "awareness_not_yours"));
        assert_eq!(room.apply(2, &bob, entry(10, 2, "null")).1.unwrap().code, "awareness_not_yours");
    }

    #[test]
    fn echoes_of_plain_clients_are_passed_over() {
        let (mut room, ada, bob) = (Awareness::default(), person("Ada"), person("Bob"));
        let state = r#"{"user":{"name":"Ada"}}"#;
        room.apply(1, &ada, entry(10, 3, state));
        assert_eq!(room.apply(2, &bob, entry(10, 3, state)), (None, None));
        assert_eq!(room.apply(2, &bob, entry(10, 3, "null")), (None, None), "a client that timed Ada out");
        assert!(room.leave(1).is_some());
        assert_eq!(room.apply(2, &bob, entry(10, 3, state)), (None, None));
        assert!(room.apply(3, &ada, entry(10, 3, state)).0.is_some(), "Ada is back");
        assert!(room.leave(2).is_none());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
            let _ = read(&bytes);
        }

        #[test]
        fn entries_survive_the_wire(client in 0u64..1 << 53, clock in 0u32..1 << 31, state: String) {
            let bytes = write([(client, clock, state.as_str())].into_iter());
            prop_assert_eq!(read(&bytes), Ok(vec![Entry { client, clock, state }]));
        }
    }
}
