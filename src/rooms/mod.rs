//! How is a document edited together? Connections speak the Yjs protocol to one task per open room; what they send is in
//! the journal before anybody else sees it.

pub mod awareness;
pub mod journal;
pub mod lib0;
pub mod protocol;
pub mod update;
