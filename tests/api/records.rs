//! `/records`: tags and archive fields of many documents at once.

mod bulk;
mod export;
mod import;
mod scale;
