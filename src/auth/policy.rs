//! Who may do what? Every permission rule of the server is in this file.
//!
//! A *role* on a folder or document is the highest that the caller, or any group the caller is in (or an ancestor of such
//! a group), was granted on it, its folder or a folder above, up to where inheritance stops. Administrators are managers
//! everywhere. A document above the caller's clearance does not exist for the caller, whatever the role.

use std::collections::HashMap;

use axum::http::request::Parts;
use serde::{Deserialize, Serialize};
use storage::ChunkRef;

use crate::{
    app::App,
    auth::CurrentUser,
    db::{
        self, Db,
        documents::Document,
        folders::{Ancestor, Folder},
        users::User,
    },
    error::{Error, Result},
    ids::{DocumentId, FolderId, UserId},
};

/// What the rules need to know of the person who asks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Caller {
    pub id: UserId,
    pub is_admin: bool,
    /// Highest document level the person may see.
    pub clearance: i64,
}

impl From<&CurrentUser> for Caller {
    fn from(user: &CurrentUser) -> Self {
        Self { id: user.id.clone(), is_admin: user.is_admin, clearance: user.clearance }
    }
}

impl From<&User> for Caller {
    fn from(user: &User) -> Self {
        Self { id: user.id.clone(), is_admin: user.is_admin == 1, clearance: user.clearance }
    }
}

impl axum::extract::FromRequestParts<App> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        CurrentUser::from_request_parts(parts, app).await.map(|user| Self::from(&user))
    }
}

/// What somebody is on a folder or document; each role includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sees rendered pages, not the original.
    Previewer = 1,
    /// Also downloads originals.
    Reader,
    /// Also annotates.
    Commenter,
    /// Also changes content, names, tags and archive fields, uploads.
    Editor,
    /// Also shares, deletes, sets the level, and defines the archive fields of a library.
    Manager,
}

impl Role {
    const ALL: [Role; 5] = [Role::Previewer, Role::Reader, Role::Commenter, Role::Editor, Role::Manager];

    /// The role as stored in table `grants`.
    pub fn number(self) -> i64 {
        self as i64
    }

    /// The role stored as `number`.
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.number() == number)
    }
}

/// Something that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Read,
    Download,
    /// Seeing what colleagues noted beside a document.
    ReadAnnotations,
    Comment,
    Edit,
    Rename,
    Move,
    Delete,
    Share,
    RestoreVersion,
    Upload,
    CreateFolder,
    SetLevel,
    /// Who wrote what when, with all that was deleted again.
    ReadHistory,
    /// Tags and values of archive fields.
    EditRecord,
    /// Which archive fields a library has.
    DefineProperties,
    /// Keeping everything of it as it is.
    Hold,
    /// Deleting it for good.
    Purge,
    /// Which versions a library keeps.
    SetRetention,
}

impl Action {
    const OF_DOCUMENT: [Action; 14] = [
        Action::Read,
        Action::Download,
        Action::Comment,
        Action::Edit,
        Action::Rename,
        Action::Move,
        Action::Delete,
        Action::Share,
        Action::RestoreVersion,
        Action::Upload,
        Action::SetLevel,
        Action::ReadHistory,
        Action::EditRecord,
        Action::Hold,
    ];
    const OF_FOLDER: [Action; 10] = [
        Action::Read,
        Action::Rename,
        Action::Move,
        Action::Delete,
        Action::Share,
        Action::Upload,
        Action::CreateFolder,
        Action::DefineProperties,
        Action::Hold,
        Action::SetRetention,
    ];

    /// The least role that allows it.
    pub fn least_role(self) -> Role {
        match self {
            Action::Read => Role::Previewer,
            Action::Download | Action::ReadAnnotations => Role::Reader,
            Action::Comment => Role::Commenter,
            Action::Edit
            | Action::Rename
            | Action::Move
            | Action::RestoreVersion
            | Action::Upload
            | Action::CreateFolder
            | Action::ReadHistory
            | Action::EditRecord => Role::Editor,
            Action::Delete
            | Action::Share
            | Action::SetLevel
            | Action::DefineProperties
            | Action::Hold
            | Action::Purge
            | Action::SetRetention => Role::Manager,
        }
    }

    /// Whether it can be done to what belongs to a page; everything else is done to the page.
    fn is_for_attached(self) -> bool {
        matches!(self, Action::Read | Action::Download)
    }

    fn name(self) -> &'static str {
        match self {
            Action::Read => "read",
            Action::Download => "download",
            Action::ReadAnnotations => "read_annotations",
            Action::Comment => "comment",
            Action::Edit => "edit",
            Action::Rename => "rename",
            Action::Move => "move",
            Action::Delete => "delete",
            Action::Share => "share",
            Action::RestoreVersion => "restore_version",
            Action::Upload => "upload",
            Action::CreateFolder => "create_folder",
            Action::SetLevel => "set_level",
            Action::ReadHistory => "read_history",
            Action::EditRecord => "edit_record",
            Action::DefineProperties => "define_properties",
            Action::Hold => "hold",
            Action::Purge => "purge",
            Action::SetRetention => "set_retention",
        }
    }

    fn denied(self) -> Error {
        let message = format!("your role does not allow this; it needs {:?} or higher", self.least_role());
        Error::forbidden(format!("{}_not_allowed", self.name()), message)
    }
}

/// What an action is asked for on.
#[derive(Clone, Copy)]
pub enum Target<'a> {
    Folder(&'a Folder),
    Document(&'a Document),
}

impl<'a> From<&'a Folder> for Target<'a> {
    fn from(folder: &'a Folder) -> Self {
        Target::Folder(folder)
    }
}

impl<'a> From<&'a Document> for Target<'a> {
    fn from(document: &'a Document) -> Self {
        Target::Document(document)
    }
}

impl Target<'_> {
    fn folder_id(&self) -> &FolderId {
        match self {
            Target::Folder(folder) => &folder.id,
            Target::Document(document) => &document.folder_id,
        }
    }

    fn scope_id(&self) -> &str {
        match self {
            Target::Folder(folder) => &folder.scope_id,
            Target::Document(document) => &document.scope_id,
        }
    }

    fn hidden(&self) -> Error {
        Error::not_found(match self {
            Target::Folder(_) => "folder",
            Target::Document(_) => "document",
        })
    }
}

/// The caller's role on `target`; `None` when it is hidden.
pub async fn role_on(db: &Db, caller: &Caller, target: impl Into<Target<'_>>) -> Result<Option<Role>> {
    let target = target.into();
    let access = FolderAccess::load(db, caller, std::slice::from_ref(target.folder_id())).await?;
    let Target::Document(document) = target else {
        return Ok(access.role(target.folder_id()));
    };
    role_in(db, caller, document, &access).await
}

/// Like [`role_on`], for a document in a folder that was loaded already.
pub async fn role_in(db: &Db, caller: &Caller, document: &Document, access: &FolderAccess) -> Result<Option<Role>> {
    let own = match is_scope(document) && !caller.is_admin {
        true => db::grants::own_role(db.read(), &caller.id, &document.scope_id).await?,
        false => None,
    };
    Ok(access.role_on_document(caller, &DocumentFacts::of(document, own)))
}

/// Allows `action` on `target` or fails: with 404 when the caller may not know of it, with 403 otherwise.
/// Returns the caller's role.
pub async fn allow(db: &Db, caller: &Caller, action: Action, target: impl Into<Target<'_>>) -> Result<Role> {
    let target = target.into();
    check(role_on(db, caller, target).await?, action, target)
}

/// Like [`allow`], for a role that was looked up already; `None` when the target is hidden.
pub fn check<'a>(role: Option<Role>, action: Action, target: impl Into<Target<'a>>) -> Result<Role> {
    let target = target.into();
    let role = role.ok_or_else(|| target.hidden())?;
    if role < action.least_role() {
        return Err(action.denied());
    }
    if matches!(target, Target::Document(document) if document.attached_to.is_some() && !action.is_for_attached()) {
        return Err(Error::conflict("document_attached", "it belongs to a page and has its place and rights"));
    }
    Ok(role)
}

/// Allows moving `target` into `destination`. Where other people have access, leaving is like deleting and sharing:
/// it takes a manager, so that nobody gains rights by moving.
pub async fn allow_move(db: &Db, caller: &Caller, target: impl Into<Target<'_>>, destination: &Folder) -> Result<()> {
    let target = target.into();
    let role = allow(db, caller, Action::Move, target).await?;
    let into = match target {
        Target::Folder(_) => Action::CreateFolder,
        Target::Document(_) => Action::Upload,
    };
    allow(db, caller, into, destination).await?;
    if target.scope_id() != destination.scope_id && role < Role::Manager {
        return Err(Error::forbidden(
            "move_not_allowed",
            "other people have access there; moving it takes a manager of what is moved",
        ));
    }
    Ok(())
}

/// Allows giving a document `level`: a manager, and not above the caller's own clearance.
pub async fn allow_level(db: &Db, caller: &Caller, document: &Document, level: i64) -> Result<()> {
    check_level(role_on(db, caller, document).await?, caller, document, level)
}

/// Like [`allow_level`], for a role that was looked up already.
pub fn check_level(role: Option<Role>, caller: &Caller, document: &Document, level: i64) -> Result<()> {
    check(role, Action::SetLevel, document)?;
    if level > caller.clearance {
        return Err(Error::forbidden("set_level_not_allowed", "this level is above your own clearance"));
    }
    Ok(())
}

/// What a role allows on a document, for the client to show or hide.
pub fn abilities_on_document(role: Role, document: &Document) -> Vec<Action> {
    let fits = |action: &Action| match document.attached_to {
        Some(_) => action.is_for_attached(),
        None => match action {
            Action::Upload => !document.is_live(),
            Action::ReadHistory => document.is_live(),
            _ => true,
        },
    };
    abilities(role, &Action::OF_DOCUMENT).filter(fits).collect()
}

/// What a role allows on a folder, for the client to show or hide.
pub fn abilities_on_folder(role: Role, is_library: bool) -> Vec<Action> {
    let of_library = [Action::DefineProperties, Action::SetRetention];
    let fits = |action: &Action| is_library || !of_library.contains(action);
    abilities(role, &Action::OF_FOLDER).filter(fits).collect()
}

fn abilities(role: Role, actions: &'static [Action]) -> impl Iterator<Item = Action> {
    actions.iter().copied().filter(move |action| role >= action.least_role())
}

/// Scopes whose documents a person may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scopes {
    All,
    Only(Vec<String>),
}

/// The scopes in which the caller is at least a previewer: what listing and search filter by.
/// The clearance bounds what they hold: `caller.clearance`.
pub async fn readable_scopes(db: &Db, caller: &Caller) -> Result<Scopes> {
    if caller.is_admin {
        return Ok(Scopes::All);
    }
    let least = Role::Previewer.number();
    Ok(Scopes::Only(db::grants::list_reached_scopes(db.read(), &caller.id, least).await?))
}

/// Which of `chunks` the caller may build on, without bringing their bytes: those of contents that the caller could
/// download as they are. Knowing the hash of a chunk is no right to it. The answer has the position and the size of each.
pub async fn readable_chunks(db: &Db, caller: &Caller, chunks: &[ChunkRef]) -> Result<Vec<(i64, i64)>> {
    db::content_chunks::list_readable(db.read(), caller, Action::Download.least_role().number(), chunks).await
}

/// What the rules need to know of a document.
pub struct DocumentFacts<'a> {
    pub folder_id: &'a FolderId,
    pub level: i64,
    pub inherits: bool,
    /// Highest role granted to the caller on the document itself, or on the page that it belongs to.
    pub own_role: Option<i64>,
}

impl<'a> DocumentFacts<'a> {
    fn of(document: &'a Document, own_role: Option<i64>) -> Self {
        Self { folder_id: &document.folder_id, level: document.level, inherits: document.inherits != 0, own_role }
    }
}

/// Whether the document, or the page that it belongs to, has grants of its own or does not inherit.
fn is_scope(document: &Document) -> bool {
    let page = document.attached_to.as_ref().unwrap_or(&document.id);
    document.scope_id == page.as_str()
}

/// The caller's roles on some folders and on all folders above them, read in one query.
pub struct FolderAccess {
    is_admin: bool,
    /// Root first, the folder itself last; each with the role there.
    lines: HashMap<FolderId, Vec<(Ancestor, Option<Role>)>>,
}

impl FolderAccess {
    /// Reads the lines of `folders`.
    pub async fn load(db: &Db, caller: &Caller, folders: &[FolderId]) -> Result<Self> {
        let mut lines: HashMap<FolderId, Vec<(Ancestor, Option<Role>)>> = HashMap::new();
        for ancestor in db::folders::list_ancestors(db.read(), &caller.id, folders).await? {
            let line = lines.entry(ancestor.start_id.clone()).or_default();
            let above = line.last().and_then(|(_, role)| *role).filter(|_| ancestor.inherits != 0);
            let own = ancestor.own_role.and_then(Role::from_number);
            let role = if caller.is_admin { Some(Role::Manager) } else { own.max(above) };
            line.push((ancestor, role));
        }
        Ok(Self { is_admin: caller.is_admin, lines })
    }

    /// The role on one of the loaded folders.
    pub fn role(&self, folder: &FolderId) -> Option<Role> {
        self.lines.get(folder)?.last()?.1
    }

    /// The library that one of the loaded folders is in, whether the caller sees it or not.
    pub fn library(&self, folder: &FolderId) -> Option<FolderId> {
        Some(self.lines.get(folder)?.first()?.0.id.clone())
    }

    /// Whether one of the loaded folders is on hold, by itself or from above.
    pub fn is_held(&self, folder: &FolderId) -> bool {
        self.lines.get(folder).into_iter().flatten().any(|(ancestor, _)| ancestor.is_held == 1)
    }

    /// The role on a document in one of the loaded folders.
    pub fn role_on_document(&self, caller: &Caller, document: &DocumentFacts<'_>) -> Option<Role> {
        if document.level > caller.clearance {
            return None;
        }
        if self.is_admin {
            return Some(Role::Manager);
        }
        let above = self.role(document.folder_id).filter(|_| document.inherits);
        document.own_role.and_then(Role::from_number).max(above)
    }

    /// The loaded folder and those above whose grants reach it, the nearest first; the name is `None` where the caller
    /// sees nothing.
    pub fn grant_sources(&self, folder: &FolderId) -> Vec<(FolderId, Option<String>)> {
        let mut sources = Vec::new();
        for (ancestor, role) in self.lines.get(folder).into_iter().flatten().rev() {
            sources.push((ancestor.id.clone(), role.map(|_| ancestor.name.clone())));
            if ancestor.inherits == 0 {
                break;
            }
        }
        sources
    }

    /// The loaded folder and what the caller sees above it, the topmost first. Above a hidden folder nothing is shown.
    pub fn path(&self, folder: &FolderId) -> Vec<(FolderId, String)> {
        let Some(line) = self.lines.get(folder) else { return Vec::new() };
        let visible = line.iter().rev().take_while(|(_, role)| role.is_some());
        let mut path: Vec<_> = visible.map(|(ancestor, _)| (ancestor.id.clone(), ancestor.name.clone())).collect();
        path.reverse();
        path
    }
}

/// The caller's roles on some documents, and the paths to them.
pub struct DocumentAccess {
    roles: HashMap<DocumentId, Role>,
    folders: FolderAccess,
}

impl DocumentAccess {
    /// Reads the roles on `documents` in two queries.
    pub async fn load(db: &Db, caller: &Caller, documents: &[Document]) -> Result<Self> {
        let folders: Vec<FolderId> = documents.iter().map(|document| document.folder_id.clone()).collect();
        let scopes: Vec<&str> = documents.iter().filter(|one| is_scope(one)).map(|one| one.scope_id.as_str()).collect();
        let (folders, own) = tokio::try_join!(
            FolderAccess::load(db, caller, &folders),
            db::grants::list_own_roles(db.read(), &caller.id, &scopes),
        )?;
        let own: HashMap<String, i64> = own.into_iter().collect();
        let role = |document: &Document| {
            let facts = DocumentFacts::of(document, own.get(&document.scope_id).copied());
            folders.role_on_document(caller, &facts)
        };
        let roles = documents.iter().filter_map(|one| Some((one.id.clone(), role(one)?))).collect();
        Ok(Self { roles, folders })
    }

    /// The role on one of the documents; `None` when it is hidden.
    pub fn role(&self, document: &DocumentId) -> Option<Role> {
        self.roles.get(document).copied()
    }

    /// Whether a folder with documents is on hold, by itself or from above.
    pub fn is_held(&self, folder: &FolderId) -> bool {
        self.folders.is_held(folder)
    }

    /// What the caller sees of the way to a document in `folder`, the topmost first.
    pub fn path(&self, folder: &FolderId) -> Vec<(FolderId, String)> {
        self.folders.path(folder)
    }
}
