//! What changes state? One change per file: content first, then one transaction with its audit event and jobs.

pub mod add_user;
