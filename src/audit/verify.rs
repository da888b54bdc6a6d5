//! Was the audit log changed afterwards? Every hash is computed again and compared, from the first event to the last.

use sqlx::AnyPool;

use crate::{db, error::Result};

/// How many events are read at a time.
const BATCH: i64 = 1000;

/// What the check found.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All `events` are as they were written.
    Intact { events: i64 },
    /// The event at `seq` was changed, removed or put in.
    Broken { seq: i64 },
}

/// Checks the whole log. Events that are recorded meanwhile are not looked at.
pub async fn verify(db: &AnyPool) -> Result<Verdict> {
    let (last, last_hash) = db::audit::head(db).await?;
    let (mut seq, mut hash) = (0, String::new());
    while seq < last {
        let rows = db::audit::list(db, seq, None, BATCH.min(last - seq)).await?;
        if rows.is_empty() {
            return Ok(Verdict::Broken { seq: seq + 1 });
        }
        for row in rows {
            hash = db::audit::chain(&hash, &row);
            if row.seq != seq + 1 || row.hash != hash {
                return Ok(Verdict::Broken { seq: seq + 1 });
            }
            seq = row.seq;
        }
    }
    Ok(if hash == last_hash { Verdict::Intact { events: last } } else { Verdict::Broken { seq: last } })
}
