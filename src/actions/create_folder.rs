//! Makes a folder, or a library.

use serde_json::json;

use crate::{
    actions::{
        current_folder,
        drive_locks::require_open,
        name_taken,
        trash::{Replaced, give_way},
    },
    app::App,
    audit,
    auth::policy::{Caller, Role},
    db::{self, folders::Folder, grants::Subject},
    error::Result,
    ids::FolderId,
    names::FolderName,
};

/// Makes a folder below `parent`; without one, a library whose maker manages it.
pub async fn create_folder(app: &App, by: &Caller, parent: Option<&Folder>, name: &FolderName) -> Result<Folder> {
    create(app, by, parent, name, None).await
}

/// Makes a folder below `parent` in place of what is `replaced`: both or nothing.
pub async fn replace_by_folder(
    app: &App,
    by: &Caller,
    parent: &Folder,
    name: &FolderName,
    replaced: Option<Replaced<'_>>,
) -> Result<Folder> {
    create(app, by, Some(parent), name, replaced).await
}

async fn create(
    app: &App,
    by: &Caller,
    parent: Option<&Folder>,
    name: &FolderName,
    replaced: Option<Replaced<'_>>,
) -> Result<Folder> {
    let (id, now) = (FolderId::new(), app.clock.now());
    let mut tx = app.db.begin().await?;
    db::folders::lock_tree(&mut tx).await?;
    let parent = match parent {
        Some(parent) => Some(current_folder(&mut tx, &parent.id).await?),
        None => None,
    };
    if let Some(parent) = &parent {
        if let Some(replaced) = replaced {
            give_way(&mut tx, &by.id, replaced, &parent.id, now).await?;
        }
        require_open(&mut tx, &parent.id, &name.key(), &by.id, now).await?;
        if db::folders::find_by_name(&mut tx, &parent.id, &name.key()).await?.is_some() {
            return Err(name_taken());
        }
    }
    let folder = Folder {
        id: id.clone(),
        scope_id: parent.as_ref().map_or_else(|| id.to_string(), |parent| parent.scope_id.clone()),
        parent_id: parent.map(|parent| parent.id),
        name: name.to_string(),
        name_key: name.key(),
        inherits: 1,
        created_by: by.id.clone(),
        created_at: now,
        updated_at: now,
        trashed_at: None,
    };
    db::folders::insert(&mut tx, &folder).await?;
    if folder.parent_id.is_none() {
        let maker = Subject { kind: "user", id: by.id.as_str() };
        db::grants::put(&mut tx, "folder", id.as_str(), maker, Role::Manager.number(), &by.id, now).await?;
    }
    let event = audit::Event::new("folder_created").folder(&id).details(json!({ "name": name.as_str() }));
    audit::record(&mut tx, Some(&by.id), now, event);
    tx.commit().await?;
    Ok(folder)
}
