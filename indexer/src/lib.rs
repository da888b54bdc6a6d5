//! How do bytes become text, and text become search results?
//!
//! Knows no HTTP and no SQL.

pub mod extract;
pub mod headings;
pub mod hits;
pub mod index;
pub mod media_type;
pub mod normalize;
pub mod query;
pub mod text;
