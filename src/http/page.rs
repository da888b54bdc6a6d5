//! What does a list look like? One envelope for all of them.

use serde::Serialize;
use utoipa::ToSchema;

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
