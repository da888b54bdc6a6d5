//! Where is the PDF that a renderer reads? A local copy, fetched once and dropped when others need the space.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use moka::future::Cache;
use storage::{ContentId, Store};

use crate::error::{Error, Result};

/// Disk space for local copies, in bytes.
const FILES_BYTES: u64 = 4 << 30;

/// Local copies of renditions.
pub struct Files {
    folder: PathBuf,
    copies: Cache<String, Arc<LocalFile>>,
}

/// A local copy; its file goes when the cache has dropped it and the last reader is done.
pub struct LocalFile {
    path: PathBuf,
    size_bytes: u64,
}

impl Files {
    /// Uses `folder`, which is emptied: copies of an earlier run are not trusted.
    pub fn open(folder: PathBuf) -> anyhow::Result<Self> {
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder)?;
        let copies = Cache::builder()
            .max_capacity(FILES_BYTES >> 10)
            .weigher(|_, file: &Arc<LocalFile>| u32::try_from(file.size_bytes >> 10).unwrap_or(u32::MAX).max(1))
            .build();
        Ok(Self { folder, copies })
    }

    /// The local copy of `content`, fetched when it is not there.
    pub async fn get(&self, store: &Store, content: &ContentId) -> Result<Arc<LocalFile>> {
        let key = content.to_string();
        let fetch = async {
            // A name of its own: the copy before may still be deleted by its last reader.
            let path = self.folder.join(format!("{key}-{}.pdf", uuid::Uuid::now_v7()));
            let size_bytes = store.copy_to_file(content, &path).await?;
            Ok(Arc::new(LocalFile { path, size_bytes }))
        };
        self.copies.try_get_with(key.clone(), fetch).await.map_err(|error: Arc<Error>| error.again())
    }
}

impl LocalFile {
    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for LocalFile {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::debug!(error = %error, "a local copy was gone already");
        }
    }
}
