//! Which folder of the service is which folder here? Looks them up by name, level by level, and makes those that are missing.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};

use super::remote::{Failure, FolderView, Remote};
use crate::names::{self, FolderName};

/// The folders that were needed so far.
pub struct Folders {
    /// Ids by path; `None`: it would have to be made, and nothing is made in a dry run.
    known: HashMap<PathBuf, Option<String>>,
    /// Names by key and id, of each folder that was looked into.
    below: HashMap<String, HashMap<String, String>>,
    root_name: String,
    dry_run: bool,
}

impl Folders {
    /// Finds the folder that `place` names.
    pub async fn open(remote: &Remote, place: &str, dry_run: bool) -> anyhow::Result<Self> {
        let mut folders = Self { known: HashMap::new(), below: HashMap::new(), root_name: String::new(), dry_run };
        let root = if uuid::Uuid::try_parse(place).is_ok() {
            Some(remote.folder(place).await.with_context(|| format!("the folder {place}"))?.id)
        } else {
            folders.open_path(remote, place).await?
        };
        folders.root_name = root.clone().unwrap_or_else(|| place.to_owned());
        folders.known.insert(PathBuf::new(), root);
        Ok(folders)
    }

    async fn open_path(&mut self, remote: &Remote, place: &str) -> anyhow::Result<Option<String>> {
        let mut names = place.split('/').filter(|name| !name.trim().is_empty());
        let library = names.next().context("--folder names no folder")?;
        let libraries = remote.folders(None).await.context("the libraries cannot be listed")?;
        let found =
            libraries.iter().find(|other| names::key(&names::tidy(&other.name)) == names::key(&names::tidy(library)));
        let Some(found) = found else {
            let there: Vec<_> = libraries.iter().map(|library| library.name.as_str()).collect();
            bail!("there is no library {library:?}; there are: {}", there.join(", "));
        };
        let mut id = Some(found.id.clone());
        for name in names {
            id = match id {
                Some(parent) => {
                    self.child(remote, &parent, name).await.with_context(|| format!("the folder {place}"))?
                }
                None => None,
            };
        }
        Ok(id)
    }

    /// What tells this place from others.
    pub fn root_name(&self) -> &str {
        &self.root_name
    }

    /// The id of a folder whose parent was asked for before.
    pub async fn find_or_make(&mut self, remote: &Remote, path: &Path) -> Result<Option<String>, Failure> {
        if let Some(known) = self.known.get(path) {
            return Ok(known.clone());
        }
        let parent = path.parent().and_then(|parent| self.known.get(parent)).cloned();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        let id = match parent {
            Some(Some(parent)) => self.child(remote, &parent, &name).await?,
            Some(None) => None,
            None => return Err(Failure::Local(std::io::Error::other("the folder above could not be made"))),
        };
        self.known.insert(path.to_owned(), id.clone());
        Ok(id)
    }

    async fn child(&mut self, remote: &Remote, parent: &str, name: &str) -> Result<Option<String>, Failure> {
        let key = FolderName::parse(name).map_or_else(|_| names::key(name), |name| name.key());
        if !self.below.contains_key(parent) {
            self.look_into(remote, parent).await?;
        }
        if let Some(id) = self.below[parent].get(&key) {
            return Ok(Some(id.clone()));
        }
        if self.dry_run {
            return Ok(None);
        }
        let id = match remote.make_folder(parent, name).await {
            Ok(FolderView { id, .. }) => {
                // Nothing is in it, so nobody need be asked.
                self.below.insert(id.clone(), HashMap::new());
                id
            }
            // Somebody else, or a request of ours whose answer was lost, was quicker.
            Err(failure) if failure.code() == "name_taken" => {
                self.look_into(remote, parent).await?;
                return self.below[parent].get(&key).cloned().map(Some).ok_or(failure);
            }
            Err(failure) => return Err(failure),
        };
        self.below.get_mut(parent).expect("it was looked into").insert(key, id.clone());
        Ok(Some(id))
    }

    async fn look_into(&mut self, remote: &Remote, parent: &str) -> Result<(), Failure> {
        let found = remote.folders(Some(parent)).await?;
        let key = |name: &str| FolderName::parse(name).map_or_else(|_| names::key(name), |name| name.key());
        let found = found.into_iter().map(|folder| (key(&folder.name), folder.id)).collect();
        self.below.insert(parent.to_owned(), found);
        Ok(())
    }
}
