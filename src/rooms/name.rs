//! Which rooms does a document have? Its body, and the notes that people who may not edit it write beside it.

use std::{fmt, str::FromStr};

use crate::{error::Error, ids::DocumentId};

const NOTES: &str = ".notes";

/// The name of a room: `<document id>`, or `<document id>.notes`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize, sqlx::Type)]
#[sqlx(transparent)]
#[serde(try_from = "String", into = "String")]
pub struct RoomName(String);

impl RoomName {
    /// The room of a document's notes.
    pub fn notes(document: &DocumentId) -> Self {
        Self(format!("{document}{NOTES}"))
    }

    /// The document whose room it is.
    pub fn document(&self) -> DocumentId {
        let id = self.0.strip_suffix(NOTES).unwrap_or(&self.0);
        id.parse().expect("a room's name begins with an id")
    }

    /// Whether this is the room of the document itself.
    pub fn is_body(&self) -> bool {
        !self.0.ends_with(NOTES)
    }

    /// The name as it stands in addresses and tables.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&DocumentId> for RoomName {
    fn from(document: &DocumentId) -> Self {
        Self(document.to_string())
    }
}

impl FromStr for RoomName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text.strip_suffix(NOTES) {
            Some(id) => id.parse().map(|document| Self::notes(&document)),
            None => text.parse::<DocumentId>().map(|document| Self::from(&document)),
        }
    }
}

impl TryFrom<String> for RoomName {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<RoomName> for String {
    fn from(name: RoomName) -> String {
        name.0
    }
}

impl fmt::Display for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_back_to_its_document() {
        let document = DocumentId::new();
        for (name, is_body) in [(document.to_string(), true), (format!("{document}.notes"), false)] {
            let room: RoomName = name.parse().unwrap();
            assert_eq!((room.document(), room.is_body(), room.to_string()), (document.clone(), is_body, name));
        }
    }

    #[test]
    fn other_names_are_no_rooms() {
        for name in ["", ".notes", "x.notes", "0190d9f0-0000-7000-8000-000000000000.note"] {
            assert!(name.parse::<RoomName>().is_err(), "{name}");
        }
        assert!(format!("{}.notes.notes", DocumentId::new()).parse::<RoomName>().is_err());
    }
}
