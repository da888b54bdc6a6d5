//! What does a list look like? One envelope for all of them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{Error, Result};

/// A list; `next_cursor` is there when more follows.
#[derive(Serialize, ToSchema)]
pub struct Items<T> {
    pub items: Vec<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl<T> Items<T> {
    /// A list that is complete.
    pub fn all(items: Vec<T>) -> Self {
        Self { items, next_cursor: None }
    }
}

/// How many entries a list gives: 100 unless asked for, at most 1000.
pub fn limit_of(asked: Option<i64>) -> Result<i64> {
    match asked {
        None => Ok(100),
        Some(limit @ 1..=1000) => Ok(limit),
        Some(_) => Err(Error::invalid("limit_invalid", "a limit is 1 to 1000").field("limit")),
    }
}
