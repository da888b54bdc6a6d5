//! Who is in a room, and who is told what? Queues frames in everybody's outbox; never waits for anybody.

use std::collections::HashMap;

use bytes::Bytes;

use crate::rooms::{
    awareness::Identity,
    loader::Piece,
    merge,
    outbox::Outbox,
    protocol::{self, CloseCode},
    update::Facts,
};

/// Updates of a commit are joined into one frame up to this size: a copy for each sender costs less than many frames.
const JOIN_MAX_BYTES: usize = 64 << 10;

/// Somebody who is connected.
pub struct Member {
    pub identity: Identity,
    pub outbox: Outbox,
    pub wants_acks: bool,
    pub is_editor: bool,
    /// Gets what others do; set when the client has asked for the content.
    pub follows: bool,
    /// How many of its updates are durable.
    pub saved: u64,
    /// An update was refused: counting on would call it saved.
    pub was_refused: bool,
}

impl Member {
    /// Tells that something was not done, and why.
    pub fn refuse(&self, code: &str, message: &str) {
        self.outbox.answer([protocol::permission_denied(message)]);
        if self.wants_acks {
            self.outbox.answer([protocol::refused(code, message)]);
        }
    }
}

/// Everybody in a room, by connection.
#[derive(Default)]
pub struct Members(HashMap<u64, Member>);

impl Members {
    pub fn add(&mut self, connection: u64, member: Member) {
        self.0.insert(connection, member);
    }

    pub fn remove(&mut self, connection: u64) -> Option<Member> {
        self.0.remove(&connection)
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    pub fn get(&self, connection: u64) -> Option<&Member> {
        self.0.get(&connection)
    }

    pub fn get_mut(&mut self, connection: u64) -> Option<&mut Member> {
        self.0.get_mut(&connection)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether somebody is here who may write.
    pub fn has_editor(&self) -> bool {
        self.0.values().any(|member| member.is_editor)
    }

    /// Sends a frame to everybody who follows.
    pub fn tell(&self, frame: &Bytes) {
        self.0.values().filter(|member| member.follows).for_each(|member| member.outbox.tell(frame));
    }

    /// Shows durable updates, each with the connection that sent it, to everybody else: one frame for all of them.
    pub fn show(&self, updates: &[(Option<u64>, &Piece)]) {
        let size: usize = updates.iter().map(|(_, piece)| piece.frame.len()).sum();
        let all = match updates.len() > 1 && size <= JOIN_MAX_BYTES {
            true => joined(updates.iter().map(|(_, piece)| *piece)),
            false => None,
        };
        let Some(all) = all else { return self.show_singly(updates) };
        for (connection, member) in self.0.iter().filter(|(_, member)| member.follows) {
            let is_others = |update: &&(Option<u64>, &Piece)| update.0 != Some(*connection);
            let others = updates.iter().filter(is_others).count();
            if others == updates.len() {
                member.outbox.tell(&all);
            } else if others > 0 {
                match joined(updates.iter().filter(is_others).map(|(_, piece)| *piece)) {
                    Some(some) => member.outbox.tell(&some),
                    // Knowing one's own update already does no harm.
                    None => member.outbox.tell(&all),
                }
            }
        }
    }

    fn show_singly(&self, updates: &[(Option<u64>, &Piece)]) {
        for (connection, member) in self.0.iter().filter(|(_, member)| member.follows) {
            for (_, piece) in updates.iter().filter(|(sender, _)| *sender != Some(*connection)) {
                member.outbox.tell(&piece.frame);
            }
        }
    }

    /// Tells connections how many more of their updates are durable.
    pub fn acknowledge(&mut self, counts: impl IntoIterator<Item = (u64, u64)>) {
        for (connection, count) in counts {
            let Some(member) = self.0.get_mut(&connection).filter(|member| !member.was_refused) else { continue };
            member.saved += count;
            if member.wants_acks {
                member.outbox.answer([protocol::saved(member.saved)]);
            }
        }
    }

    /// Sends everybody away.
    pub fn close(&self, code: CloseCode, reason: &str) {
        self.0.values().for_each(|member| member.outbox.close(code, reason));
    }
}

fn joined<'a>(pieces: impl Iterator<Item = &'a Piece>) -> Option<Bytes> {
    let payloads: Vec<(Bytes, &Facts)> = pieces.map(|piece| (piece.payload(), &piece.facts)).collect();
    match payloads.as_slice() {
        [(payload, _)] => Some(protocol::update(payload)),
        _ => {
            let list: Vec<(&[u8], &Facts)> = payloads.iter().map(|(payload, facts)| (&payload[..], *facts)).collect();
            merge::join(&list).map(|update| protocol::update(&update))
        }
    }
}
