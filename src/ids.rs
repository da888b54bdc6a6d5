//! Which kinds of ids are there? Typed UUIDv7 text: a document's id cannot be passed where a user's is meant.

use std::{
    fmt,
    str::FromStr,
    time::{SystemTime, UNIX_EPOCH},
};

use crate::error::Error;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord,
            serde::Serialize, serde::Deserialize, sqlx::Type, utoipa::ToSchema,
        )]
        #[sqlx(transparent)]
        #[serde(try_from = "String", into = "String")]
        #[schema(value_type = String, format = Uuid)]
        pub struct $name(String);

        impl $name {
            /// Makes a new id; later ids sort after earlier ones.
            #[allow(clippy::new_without_default)]
            pub fn new() -> Self {
                Self(uuid::Uuid::now_v7().to_string())
            }

            /// The id as lower-case hyphenated text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self, Error> {
                uuid::Uuid::try_parse(text)
                    .map(|id| Self(id.to_string()))
                    .map_err(|_| Error::invalid("id_invalid", "this is not an id").field("id"))
            }
        }

        impl TryFrom<String> for $name {
            type Error = Error;

            fn try_from(text: String) -> Result<Self, Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// A person's account.
    UserId
);
id!(
    /// A department or team.
    GroupId
);
id!(
    /// A folder; one without parent is a library.
    FolderId
);
id!(
    /// A file or a page, whatever its version. The room of a page has the same id.
    DocumentId
);
id!(
    /// A tus upload that is not finished.
    UploadId
);
id!(
    /// An API token (not its secret).
    TokenId
);
id!(
    /// Something that a library wants to know of its documents: 档号, 年度 …
    PropertyId
);
id!(
    /// Something that was thrown away: the id of that folder or document.
    TrashId
);
id!(
    /// A queued piece of work.
    JobId
);
id!(
    /// A search that somebody gave a name.
    SavedSearchId
);
id!(
    /// A search that somebody made before.
    EarlierSearchId
);

impl From<&FolderId> for TrashId {
    fn from(id: &FolderId) -> Self {
        Self(id.0.clone())
    }
}

impl From<&DocumentId> for TrashId {
    fn from(id: &DocumentId) -> Self {
        Self(id.0.clone())
    }
}

impl TrashId {
    /// The folder that was thrown away, when it was one.
    pub fn folder(&self) -> FolderId {
        FolderId(self.0.clone())
    }

    /// The document that was thrown away, when it was one.
    pub fn document(&self) -> DocumentId {
        DocumentId(self.0.clone())
    }
}

impl UploadId {
    /// Makes an id that nobody can guess: whoever knows it may not be the owner, but need not know that it exists. Version 7 of
    /// RFC 9562 with 74 random bits, and no counter; ids of one time lie together in the database.
    pub fn unguessable() -> Self {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let id = uuid::Builder::from_unix_timestamp_millis(since_1970.as_millis() as u64, &rand::random());
        Self(id.into_uuid().to_string())
    }
}
