//! Has anything happened that may concern rights? What was found out about rights before that need not be true any more.
//!
//! Every change of an account, a grant, a level or a place is an event of the audit log. An event of this process begins a new
//! epoch with its commit; those of other nodes do when the watch (`rooms/rights`) reads them.

use std::sync::atomic::{AtomicU64, Ordering};

/// Events that change nobody's rights.
const HARMLESS: [&str; 26] = [
    "signed_in",
    "sign_in_failed",
    "version_added",
    "version_renamed",
    "history_read",
    "page_exported",
    "document_renamed",
    "folder_renamed",
    "page_created",
    "user_added",
    "token_created",
    "content_downloaded",
    "record_edited",
    "records_imported",
    "records_exported",
    "property_added",
    "property_changed",
    "property_deleted",
    "document_purged",
    "folder_purged",
    "hold_put",
    "hold_lifted",
    "quota_set",
    "retention_set",
    "usage_corrected",
    "versions_thinned",
];

/// One for the whole process: a second service in it (in tests) only makes epochs shorter.
static EPOCH: AtomicU64 = AtomicU64::new(0);

/// Whether an event may have changed what somebody may do.
pub fn concerned_by(action: &str) -> bool {
    !HARMLESS.contains(&action)
}

/// The number of the present epoch. What is asked for after this may be kept under this number.
pub fn epoch() -> u64 {
    EPOCH.load(Ordering::SeqCst)
}

/// Begins a new epoch.
pub fn begin_epoch() {
    EPOCH.fetch_add(1, Ordering::SeqCst);
}
