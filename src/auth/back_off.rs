//! How fast may passwords be tried? Every attempt counts as a failure before it is looked at and is taken back when it
//! succeeds, so that attempts at the same time cannot slip through together.

use std::net::IpAddr;

use crate::{
    app::App,
    clock::Millis,
    db::{self, Tx, sign_in_failures::Failures},
    error::{Error, Result},
};

/// Failures on one account before its next attempt has to wait.
const FREE_PER_ACCOUNT: i64 = 5;
/// Failures from one address before its next attempt has to wait: many people may share one.
const FREE_PER_ADDRESS: i64 = 30;
/// First wait; each further failure doubles it.
const FIRST_WAIT_MS: i64 = 1000;
/// Longest wait, so that nobody can lock an account for good.
const LONGEST_WAIT_MS: i64 = 15 * 60 * 1000;
/// Failures are forgotten when nobody tried for this long.
pub const FORGET_MS: i64 = 24 * 60 * 60 * 1000;

/// An attempt that was let through and is counted as failed for now.
pub struct Attempt {
    account: String,
    address: String,
}

impl Attempt {
    /// Takes the count back: the account starts afresh, the address loses this one failure only.
    pub async fn succeeded(self, tx: &mut Tx) -> Result<()> {
        db::sign_in_failures::delete(tx, &self.account).await?;
        db::sign_in_failures::uncount_one(tx, &self.address).await
    }
}

/// Lets an attempt through, or refuses it with 429 `too_many_attempts` and the seconds to wait.
pub async fn begin(app: &App, name_key: &str, address: IpAddr) -> Result<Attempt> {
    let attempt = Attempt { account: format!("account:{name_key}"), address: format!("address:{}", network(address)) };
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    for (key, free) in [(&attempt.account, FREE_PER_ACCOUNT), (&attempt.address, FREE_PER_ADDRESS)] {
        let before = db::sign_in_failures::count_one(&mut tx, key).await?;
        if before.retry_at > now {
            // Dropping the transaction takes the counts back: an attempt that is not looked at is none.
            let seconds = (before.retry_at - now + 999) / 1000;
            return Err(Error::too_many("too_many_attempts", "too many attempts, wait a moment", seconds as u64));
        }
        db::sign_in_failures::update(&mut tx, key, after_failure(before, free, now)).await?;
    }
    tx.commit().await?;
    Ok(attempt)
}

/// The row after one more failure at `now`.
fn after_failure(before: Failures, free: i64, now: Millis) -> Failures {
    let stale = before.retry_at + FORGET_MS < now;
    let failures = if stale { 1 } else { before.failures + 1 };
    let wait = match failures - free {
        doublings @ 0.. => (FIRST_WAIT_MS << doublings.min(20)).min(LONGEST_WAIT_MS),
        _ => 0,
    };
    Failures { failures, retry_at: now + wait }
}

/// One household or machine: an IPv4 address or an IPv6 /64.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) & (!0 << 64)).into()),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_limit_and_are_forgotten() {
        let at = |failures| after_failure(Failures { failures, retry_at: 1000 }, 5, 1000).retry_at - 1000;
        assert_eq!([at(0), at(3), at(4), at(5), at(6)], [0, 0, 1000, 2000, 4000]);
        assert_eq!(at(500), LONGEST_WAIT_MS);
        let later = after_failure(Failures { failures: 500, retry_at: 1000 }, 5, 1001 + FORGET_MS);
        assert_eq!(later.failures, 1);
    }

    #[test]
    fn an_ipv6_network_counts_as_one() {
        let [a, b, c] = ["2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:1::1"].map(|it| network(it.parse().unwrap()));
        assert_eq!(a, b);
        assert_ne!(a, c);
        assert_eq!(network("::ffff:10.0.0.1".parse().unwrap()).to_string(), "10.0.0.1");
    }
}
