//! How exactly does a file system tell when a file changed?
//!
//! Two changes within one tick of its clock look like one. What was read in the tick of a change is not certain to be
//! what the file holds.

use std::{
    fs::File,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use super::scan::Stamp;

/// Where nothing is known: FAT counts in steps of two seconds, and the clock of a file server may be another one's.
const COARSE: Duration = Duration::from_secs(2);
/// Linux's own file systems write the time of the last tick of the kernel, which comes every 10 ms at the slowest.
const FINE: Duration = Duration::from_millis(50);

/// The longest tick that the file's times may have, as its `stamp` has them.
pub fn moment_of(file: &File, stamp: &Stamp) -> Duration {
    // Where steps are coarse, a time is a whole number of them.
    if stamp.changed_ns % 1_000_000 != 0 && is_local(file) { FINE } else { COARSE }
}

/// Waits until a change of now would look like another one than the last, if that is soon.
pub fn let_it_rest(stamp: &Stamp, moment: Duration) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as i128);
    let left = stamp.changed_ns + moment.as_nanos() as i128 - now;
    if moment == FINE
        && let Ok(left) = u64::try_from(left)
    {
        std::thread::sleep(Duration::from_nanos(left + 1).min(FINE));
    }
}

#[cfg(target_os = "linux")]
fn is_local(file: &File) -> bool {
    use nix::sys::statfs::{
        BTRFS_SUPER_MAGIC, EXT4_SUPER_MAGIC, OVERLAYFS_SUPER_MAGIC, TMPFS_MAGIC, XFS_SUPER_MAGIC, fstatfs,
    };
    let local = [BTRFS_SUPER_MAGIC, EXT4_SUPER_MAGIC, OVERLAYFS_SUPER_MAGIC, TMPFS_MAGIC, XFS_SUPER_MAGIC];
    fstatfs(file).is_ok_and(|found| local.contains(&found.filesystem_type()))
}

#[cfg(not(target_os = "linux"))]
fn is_local(_: &File) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_steps_are_coarse_and_a_fresh_file_rests_before_it_is_read() {
        let file = tempfile::tempfile().unwrap();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as i128;
        let stamp = |changed_ns| Stamp { size_bytes: 1, modified_ns: 0, changed_ns, inode: 1 };
        let whole = now / 1_000_000_000 * 1_000_000_000;
        assert_eq!(moment_of(&file, &stamp(whole)), COARSE);
        assert_eq!(moment_of(&file, &stamp(whole + 1)), if is_local(&file) { FINE } else { COARSE });
        let since = |work: &dyn Fn()| {
            let began = std::time::Instant::now();
            work();
            began.elapsed()
        };
        assert!(since(&|| let_it_rest(&stamp(now + 20_000_000), FINE)) >= Duration::from_millis(20));
        let long =
            since(&|| let_it_rest(&stamp(now), COARSE)) + since(&|| let_it_rest(&stamp(now - 10 * whole / 9), FINE));
        assert!(long < FINE, "{long:?}");
    }
}
