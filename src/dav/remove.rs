//! How is something thrown away? Into the trash, from which the browser takes it back.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};

use crate::{
    actions::trash::{trash_document, trash_folder},
    auth::policy::{self, Action},
    dav::{
        Dav,
        locks::{Guard, Reach},
        path::DavPath,
        resolve::{Node, Target},
    },
    db,
    error::{Error, Result},
};

impl Dav {
    pub async fn delete(&self, path: DavPath) -> Result<Response> {
        let target = self.resolve(&path).await?;
        target.node()?;
        if self.headers.get("depth").is_some_and(|depth| depth == "1") {
            return Err(Error::invalid("depth_invalid", "a folder is deleted with everything in it"));
        }
        let guard = self.guard(&target).await?;
        self.remove(&guard, &target).await?;
        Ok(StatusCode::NO_CONTENT.into_response())
    }

    /// Refuses to throw away what is at `target`.
    pub async fn allow_removing(&self, guard: &Guard, target: &Target) -> Result<()> {
        self.require(guard, target, Reach::Tree).await?;
        match target.node()? {
            Node::Root => return Err(Error::forbidden("delete_not_allowed", "the drive itself cannot be deleted")),
            Node::Folder(node) => {
                target.folder()?;
                policy::check(Some(node.role), Action::Delete, &node.folder)?;
            }
            Node::Document(node) => drop(policy::check(Some(node.role), Action::Delete, &node.document)?),
            Node::Page(node) => drop(policy::allow(&self.app.db, &self.caller, Action::Delete, &node.document).await?),
            Node::Temporary(_) => {}
        }
        Ok(())
    }

    /// Throws away what is at `target`.
    async fn remove(&self, guard: &Guard, target: &Target) -> Result<()> {
        self.allow_removing(guard, target).await?;
        let by = &self.caller.id;
        match target.node()? {
            Node::Root => {}
            Node::Folder(node) => trash_folder(&self.app, by, &node.folder).await?,
            Node::Document(node) => {
                trash_document(&self.app, by, &node.document).await?;
                // A program may be about to put a file that it has written in its place.
                self.note_absent(&node.document.folder_id, &target.name, &node.document.id, "left").await?;
                self.end_locks(target).await?;
            }
            Node::Page(node) => {
                trash_document(&self.app, by, &node.document).await?;
                self.end_locks(target).await?;
            }
            Node::Temporary(entry) => {
                self.forget(&entry.id).await?;
                self.end_locks(target).await?;
            }
        }
        Ok(())
    }

    /// Ends the locks on what left its place: they do not go along.
    pub async fn end_locks(&self, target: &Target) -> Result<()> {
        let (folder, key) = target.place();
        let mut tx = self.app.db.begin().await?;
        db::dav_locks::delete_on(&mut tx, target.id(), (&folder, &key)).await?;
        tx.commit().await
    }
}
