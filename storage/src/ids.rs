//! What names a chunk and a content? 32 bytes of BLAKE3, written as 64 lower-case hexadecimal digits.
//!
//! A chunk has two names. Its hash is what anybody who has the bytes can compute, so clients use it. Its id is its name in
//! one store. In a plain store both are the same bytes; the types keep them apart so that they may differ elsewhere.

use std::fmt;
use std::str::FromStr;

/// Text that is not 64 lower-case hexadecimal digits was given as an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id has 64 lower-case hexadecimal digits")]
pub struct InvalidId;

macro_rules! hash_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; 32]);

        impl $name {
            /// Makes an id of its 32 bytes.
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// Returns the 32 bytes.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                // Only one spelling is accepted, since ids are compared and stored as text.
                if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
                    return Err(InvalidId);
                }
                let mut bytes = [0; 32];
                hex::decode_to_slice(text, &mut bytes).map_err(|_| InvalidId)?;
                Ok(Self(bytes))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

hash_id!(
    /// What a chunk is: BLAKE3 of its plain bytes. [`crate::Store::chunk_id`] tells its name in a store.
    ChunkHash
);
hash_id!(
    /// Names a chunk in one store.
    ChunkId
);
hash_id!(
    /// Names a content. See [`crate::Manifest`] for how it is computed.
    ContentId
);

impl ChunkHash {
    /// Computes the hash of a chunk with these plain bytes.
    pub fn of(plain: &[u8]) -> Self {
        Self(*blake3::hash(plain).as_bytes())
    }
}

impl ChunkId {
    /// The name of a chunk in a store without keys.
    pub(crate) const fn plain(hash: &ChunkHash) -> Self {
        Self(hash.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_back_from_its_text() {
        let id = ChunkHash::of(b"wenshu");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.to_string().len(), 64);
    }

    #[test]
    fn other_spellings_are_refused() {
        let text = ChunkHash::of(b"wenshu").to_string();
        for bad in [&text[1..], &text.to_uppercase(), "", "../../etc/passwd"] {
            assert_eq!(bad.parse::<ContentId>(), Err(InvalidId), "{bad}");
        }
    }
}
