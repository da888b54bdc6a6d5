//! What changes state? One change per file: content first, then one transaction with its audit event and jobs.

pub mod add_group;
pub mod add_token;
pub mod add_user;
pub mod change_group;
pub mod change_user;
pub mod delete_group;
