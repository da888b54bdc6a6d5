//! Who is in the room, and where are their cursors? Keeps the states of awareness and lets each speak for themselves only.
//!
//! Plain y-websocket clients send back every state that they receive, and send on the states of other tabs of the same
//! browser. So what is known already is passed over in silence, and a client id belongs to a person, not to a connection.
//! What is new gathers until the room tells it: once for many, and after the edits that cursors point into.

use std::{collections::HashMap, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::Instant;

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
/// Clients say at least every 15 seconds that they are there; those of a node that died do not.
const SILENCE_MAX: Duration = Duration::from_secs(30);
/// So many ids of people who left are remembered, to know their echoes.
const DEPARTED_MAX: usize = 1024;

/// One client's state in a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// What was not told yet, by client: who said it and what.
    news: HashMap<u64, (UserId, Entry)>,
}

struct Present {
    /// `None`: on another node.
    connection: Option<u64>,
    heard: Instant,
    user: UserId,
    clock: u32,
    state: String,
}

impl Awareness {
    /// Takes in what a connection says. Returns the first refusal.
    pub fn apply(&mut self, connection: u64, who: &Identity, entries: Vec<Entry>) -> Option<Refusal> {
        let mut refusal = None;
        for entry in entries {
            match self.judge(connection, who, &entry) {
                Ok(true) => {
                    self.keep(Some(connection), &who.user, &entry);
                    self.news.insert(entry.client, (who.user.clone(), entry));
                }
                Ok(false) => {}
                Err(reason) => refusal = refusal.or(Some(reason)),
            }
        }
        refusal
    }

    /// Takes in what another node let through. Returns the message for the members here.
    pub fn hear(&mut self, entries: Vec<(UserId, Entry)>) -> Option<bytes::Bytes> {
        let mut news = Vec::new();
        for (user, entry) in entries {
            let is_new = match self.present.get(&entry.client) {
                Some(present) => {
                    entry.clock > present.clock
                        || entry.clock == present.clock && leaves(&entry) && present.connection.is_none()
                }
                None => !leaves(&entry),
            };
            if is_new {
                self.keep(None, &user, &entry);
                news.push(entry);
            } else if let Some(present) = self.present.get_mut(&entry.client) {
                present.heard = Instant::now();
            }
        }
        (!news.is_empty()).then(|| message(news.iter()))
    }

    /// What was said here since the last call: who said what, and the message for the others.
    pub fn take_news(&mut self) -> Option<(bytes::Bytes, Vec<(UserId, Entry)>)> {
        if self.news.is_empty() {
            return None;
        }
        let news: Vec<(UserId, Entry)> = std::mem::take(&mut self.news).into_values().collect();
        Some((message(news.iter().map(|(_, entry)| entry)), news))
    }

    /// Who is connected here, for other nodes.
    pub fn everybody_here(&self) -> Vec<(UserId, Entry)> {
        let here = self.present.iter().filter(|(_, present)| present.connection.is_some());
        here.map(|(client, present)| {
            (present.user.clone(), Entry { client: *client, clock: present.clock, state: present.state.clone() })
        })
        .collect()
    }

    /// Whether an entry is new; an error when the connection may not say it.
    fn judge(&self, connection: u64, who: &Identity, entry: &Entry) -> Result<bool, Refusal> {
        if let Some(present) = self.present.get(&entry.client) {
            let repeats = entry.clock == present.clock;
            let leaves_itself = leaves(entry) && present.connection == Some(connection);
            let comes_over = present.connection.is_none() && present.user == who.user;
            if entry.clock < present.clock || repeats && !leaves_itself && !comes_over {
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
            if self.present.values().filter(|present| present.connection == Some(connection)).count() >= CLIENTS_MAX {
                return Err(Refusal {
                    code: "awareness_too_many",
                    message: "one connection speaks for too many clients",
                });
            }
        }
        check_state(who, &entry.state)?;
        Ok(true)
    }

    fn keep(&mut self, connection: Option<u64>, user: &UserId, entry: &Entry) {
        if leaves(entry) {
            self.present.remove(&entry.client);
            self.depart(entry.client, entry.clock, user.clone());
        } else {
            self.departed.remove(&entry.client);
            let (user, state) = (user.clone(), entry.state.clone());
            let present = Present { connection, heard: Instant::now(), user, clock: entry.clock, state };
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
    pub fn everybody(&mut self) -> Option<bytes::Bytes> {
        self.forget_silent(Instant::now());
        let all: Vec<(u64, u32, &str)> =
            self.present.iter().map(|(client, one)| (*client, one.clock, one.state.as_str())).collect();
        (!all.is_empty()).then(|| protocol::awareness(&write(all.into_iter())))
    }

    fn forget_silent(&mut self, now: Instant) {
        self.present.retain(|_, one| one.connection.is_some() || now.duration_since(one.heard) < SILENCE_MAX);
    }

    /// Removes a connection's clients; that is news.
    pub fn leave(&mut self, connection: u64) {
        let here = |(_, present): &(&u64, &Present)| present.connection == Some(connection);
        let gone: Vec<u64> = self.present.iter().filter(here).map(|(client, _)| *client).collect();
        for client in gone {
            let Some(present) = self.present.remove(&client) else { continue };
            let entry = Entry { client, clock: present.clock, state: "null".into() };
            self.depart(client, present.clock, present.user.clone());
            self.news.insert(client, (present.user, entry));
        }
    }
}

fn message<'a>(entries: impl Iterator<Item = &'a Entry>) -> bytes::Bytes {
    let all: Vec<(u64, u32, &str)> = entries.map(|entry| (entry.client, entry.clock, entry.state.as_str())).collect();
    protocol::awareness(&write(all.into_iter()))
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
        assert_eq!(room.apply(1, &ada, entry(10, 1, r#"{"user":{"name":"Ada"}}"#)), None);
        assert_eq!(
            room.take_news().unwrap().1,
            [(ada.user.clone(), entry(10, 1, r#"{"user":{"name":"Ada"}}"#).remove(0))]
        );
        let refusal = room.apply(2, &bob, entry(20, 1, r#"{"user":{"name":"Ada"}}"#));
        assert_eq!(refusal.unwrap().code, "awareness_identity");
        let refusal = room.apply(2, &bob, entry(10, 2, "{}"));
        assert_eq!(refusal.unwrap().code, "awareness_not_yours");
        assert_eq!(room.apply(2, &bob, entry(10, 2, "null")).unwrap().code, "awareness_not_yours");
        assert!(room.take_news().is_none());
    }

    #[test]
    fn echoes_of_plain_clients_are_passed_over() {
        let (mut room, ada, bob) = (Awareness::default(), person("Ada"), person("Bob"));
        let state = r#"{"user":{"name":"Ada"}}"#;
        room.apply(1, &ada, entry(10, 3, state));
        assert!(room.take_news().is_some());
        assert_eq!(room.apply(2, &bob, entry(10, 3, state)), None);
        assert_eq!(room.apply(2, &bob, entry(10, 3, "null")), None, "a client that timed Ada out");
        assert!(room.take_news().is_none());
        room.leave(1);
        assert!(room.take_news().is_some());
        assert_eq!(room.apply(2, &bob, entry(10, 3, state)), None);
        assert!(room.take_news().is_none());
        room.apply(3, &ada, entry(10, 3, state));
        assert!(room.take_news().is_some(), "Ada is back");
        room.leave(2);
        assert!(room.take_news().is_none());
    }

    #[test]
    fn people_on_a_node_that_died_are_forgotten_and_come_over() {
        let (mut room, ada) = (Awareness::default(), person("Ada"));
        let said = |clock| vec![(ada.user.clone(), entry(10, clock, "{}").remove(0))];
        assert!(room.hear(said(3)).is_some());
        assert!(room.hear(said(3)).is_none(), "known already");
        assert!(room.everybody().is_some());
        room.apply(1, &ada, entry(10, 3, "{}"));
        assert_eq!(room.take_news().unwrap().1.len(), 1, "the same client, now here");
        room.forget_silent(Instant::now() + SILENCE_MAX);
        assert!(room.everybody().is_some(), "a connection tells when it ends");
        room.leave(1);
        room.hear(said(5));
        room.forget_silent(Instant::now() + SILENCE_MAX);
        assert!(room.everybody().is_none());
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
