//! Is there room for more? The last of it is kept for what must go on being written when uploads are refused: edits, the
//! audit log, the index.

use nix::sys::statvfs::statvfs;

use crate::{
    config::Config,
    error::{Error, Result},
};

/// Whether the data folder's disk has more free space than the reserve.
pub fn has_room(config: &Config) -> nix::Result<bool> {
    let disk = statvfs(&config.data)?;
    Ok(disk.blocks_available() * disk.fragment_size() >= config.disk_reserve_bytes)
}

/// 507 `disk_full` when uploads are to be refused.
pub fn require_room(config: &Config) -> Result<()> {
    match has_room(config) {
        Ok(false) => Err(Error::disk_full(anyhow::anyhow!("the data folder's disk is down to its reserve"))),
        // Whoever writes next finds out what is wrong.
        Ok(true) | Err(_) => Ok(()),
    }
}
