//! What happens when a program moves or copies? Under a name that is taken, a file becomes a new version of the document
//! there: that is how programs save.

use std::sync::Arc;

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};

use crate::{
    actions::{
        add_version::{NewVersion, refuse_level},
        create_folder::{create_folder, replace_by_folder},
        file_content::add_file,
        quota,
        relocate::{place_document, place_folder},
        trash::{Replaced, allow_trashing, give_way, trash_document},
    },
    auth::policy::{self, Action, Role},
    dav::{
        Dav, conditions,
        locks::{Guard, Reach},
        multi_status,
        path::{DavPath, href},
        programs::{Fate, fate_of},
        resolve::{DocumentNode, FolderNode, Node, Target},
        shortcut::EXTENSION,
        write::{AWAY_MS, Arrival, Expected, SCRATCH_MS},
        xml_response,
    },
    db::{
        self,
        dav_listing::ListedDocument,
        dav_overlay::Entry,
        documents::{Document, is_live},
        folders::Folder,
        versions::Version,
    },
    error::{Error, Result},
    ids::FolderId,
    names::{self, DocumentName, FolderName},
};

/// Files and folders that are copied in one request.
const MAX_COPIED: usize = 10_000;
/// How long a document that somebody made themselves counts as a step of theirs.
const FRESH_MS: i64 = 24 * 60 * 60 * 1000;

impl From<&Version> for NewVersion {
    fn from(version: &Version) -> Self {
        Self {
            content_id: version.content_id.clone(),
            size_bytes: version.size_bytes,
            sha256: version.sha256.clone(),
            media_type: version.media_type.clone(),
            note: String::new(),
            room_seq: None,
            chunks: Vec::new(),
            fault: None,
        }
    }
}

impl From<&Entry> for NewVersion {
    fn from(entry: &Entry) -> Self {
        Self {
            content_id: entry.content_id.clone().unwrap_or_default(),
            size_bytes: entry.size_bytes,
            sha256: entry.sha256.clone(),
            media_type: entry.media_type.clone(),
            note: String::new(),
            room_seq: None,
            chunks: Vec::new(),
            fault: None,
        }
    }
}

/// Where something goes.
struct Way {
    from: Target,
    to: Target,
    guard: Guard,
    /// What is there stays: `Overwrite: F`.
    stays: bool,
}

/// What is to be copied of a folder, each behind the one that it lies in.
#[derive(Default)]
struct Plan {
    folders: Vec<Planned>,
    /// Answers about what is not copied.
    refused: Vec<String>,
}

struct Planned {
    id: FolderId,
    /// `None`: the topmost, which is made by then.
    name: Option<FolderName>,
    /// The number of the folder that it lies in.
    above: usize,
    documents: Vec<(ListedDocument, DocumentName)>,
}

impl Way {
    /// 201 when nothing was there before, else 204.
    fn answer(&self) -> Response {
        if self.to.node.is_some() { StatusCode::NO_CONTENT } else { StatusCode::CREATED }.into_response()
    }

    /// What goes to the trash when something else comes to the destination.
    fn replaced(&self) -> Option<Replaced<'_>> {
        match &self.to.node {
            _ if is_same(&self.from, &self.to) => None,
            Some(Node::Folder(node)) => Some(Replaced::Folder(&node.folder.id)),
            Some(Node::Document(node)) => Some(Replaced::Document(&node.document.id)),
            Some(Node::Page(node)) => Some(Replaced::Document(&node.document.id)),
            Some(Node::Root | Node::Temporary(_)) | None => None,
        }
    }

    fn expected(&self) -> Expected {
        if self.stays { Expected::Nothing } else { Expected::Anything }
    }
}

/// Whether both addresses lead to the same file or folder, however they are written.
fn is_same(from: &Target, to: &Target) -> bool {
    to.node.is_some() && from.node.is_some() && to.id() == from.id()
}

/// What came to the name since it was looked at stays, too.
fn refusal(error: Error, stays: bool) -> Error {
    if stays && error.code() == "name_taken" { conditions::failed() } else { error }
}

fn already_there() -> Error {
    Error::forbidden("destination_invalid", "it is there already")
}

impl Dav {
    /// Reads both addresses and checks the conditions.
    async fn way(&self, path: DavPath) -> Result<Way> {
        let from = self.resolve(&path).await?;
        from.node()?;
        let destination = self.headers.get("destination").and_then(|value| value.to_str().ok());
        let destination = destination.ok_or_else(|| Error::invalid("destination_missing", "say where to"))?;
        let destination = DavPath::parse_address(destination)?;
        let guard = self.guard(&from).await?;
        let to = self.resolve(&destination).await?;
        if matches!(to.node, Some(Node::Root)) {
            return Err(Error::forbidden("destination_invalid", "this would replace the whole drive"));
        }
        if is_same(&from, &to) && from.name == to.name {
            return Err(already_there());
        }
        self.require_apart(&from, &to).await?;
        to.folder()?;
        let stays = self.headers.get("overwrite").is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"f"));
        if stays && to.node.is_some() && !is_same(&from, &to) {
            return Err(conditions::failed());
        }
        Ok(Way { from, to, guard, stays })
    }

    /// Refuses to put a folder into itself, and something in place of a folder that it lies in. What counts is where both
    /// lie, also where the drive does not show all of it: there are many ways to write a name.
    async fn require_apart(&self, from: &Target, to: &Target) -> Result<()> {
        if is_same(from, to) {
            return Ok(());
        }
        let mut db = self.db().acquire().await?;
        if let (Some(Node::Folder(node)), Some(parent)) = (&from.node, &to.parent)
            && db::folders::is_within(&mut *db, &parent.folder.id, &node.folder.id).await?
        {
            return Err(Error::conflict("folder_into_itself", "a folder cannot be put into itself"));
        }
        let lies_in = match &from.node {
            Some(Node::Folder(node)) => Some(&node.folder.id),
            _ => from.parent.as_ref().map(|parent| &parent.folder.id),
        };
        if let (Some(Node::Folder(replaced)), Some(lies_in)) = (&to.node, lies_in)
            && db::folders::is_within(&mut *db, lies_in, &replaced.folder.id).await?
        {
            return Err(Error::conflict("destination_invalid", "this would replace a folder by something in it"));
        }
        Ok(())
    }

    pub async fn copy(&self, path: DavPath) -> Result<Response> {
        let way = self.way(path).await?;
        let stays = way.stays;
        self.copy_along(way).await.map_err(|error| refusal(error, stays))
    }

    async fn copy_along(&self, way: Way) -> Result<Response> {
        if is_same(&way.from, &way.to) {
            return Err(already_there());
        }
        let reach =
            if way.to.node.as_ref().is_some_and(|node| !node.is_folder()) { Reach::Content } else { Reach::Tree };
        self.require(&way.guard, &way.to, reach).await?;
        let (new, level) = match way.from.node()? {
            Node::Root => return Err(Error::forbidden("copy_not_allowed", "the drive itself cannot be copied")),
            Node::Page(_) => return Err(Error::forbidden("document_is_page", "a page is copied in the browser")),
            Node::Document(node) => ((&node.version).into(), node.document.level),
            Node::Temporary(entry) => (NewVersion::from(&**entry), entry.level),
            Node::Folder(node) => {
                let node = node.clone();
                return self.copy_folder(way, &node).await;
            }
        };
        let answer = way.answer();
        self.allow_replacing(&way, false).await?;
        let written = self.write_content(&way.to, new, level, way.expected(), Arrival::Copy).await?;
        self.copy_properties(way.from.id(), &written.node_id).await?;
        Ok(answer)
    }

    /// Refuses to throw away a folder that a file is to replace, or anything that a folder is to replace. It goes in the
    /// transaction in which the other comes.
    async fn allow_replacing(&self, way: &Way, by_folder: bool) -> Result<()> {
        match &way.to.node {
            Some(node) if by_folder || node.is_folder() => self.allow_removing(&way.guard, &way.to).await,
            _ => Ok(()),
        }
    }

    /// Removes the caller's own file of a program from the name to which something else comes; a folder does not take over
    /// its locks.
    async fn forget_replaced(&self, way: &Way, by_folder: bool) -> Result<()> {
        let Some(Node::Temporary(entry)) = &way.to.node else { return Ok(()) };
        self.forget(&entry.id).await?;
        if by_folder { self.end_locks(&way.to).await } else { Ok(()) }
    }

    async fn copy_properties(&self, from: &str, to: &str) -> Result<()> {
        let mut tx = self.app.db.begin().await?;
        db::dav_properties::copy(&mut tx, from, to).await?;
        tx.commit().await
    }

    async fn copy_folder(&self, way: Way, source: &Arc<FolderNode>) -> Result<Response> {
        let deep = match self.headers.get("depth").map(|depth| depth.as_bytes().to_ascii_lowercase()) {
            None => true,
            Some(depth) if depth == b"infinity" => true,
            Some(depth) if depth == b"0" => false,
            Some(_) => return Err(Error::invalid("depth_invalid", "a folder is copied with depth 0 or infinity")),
        };
        let parent = way.to.folder()?.clone();
        policy::check(Some(parent.role), Action::CreateFolder, &parent.folder)?;
        let name = FolderName::parse(&way.to.name)?;
        self.allow_replacing(&way, true).await?;
        let plan = match deep {
            true => self.plan_copy(source, &way.from.path.names, &parent.folder.id).await?,
            false => Plan::default(),
        };
        let top = replace_by_folder(&self.app, &self.caller, &parent.folder, &name, way.replaced()).await?;
        self.forget_replaced(&way, true).await?;
        self.copy_properties(source.folder.id.as_str(), top.id.as_str()).await?;
        let mut made = vec![top];
        for Planned { id, name, above, documents } in &plan.folders {
            let into = match name {
                Some(name) => {
                    let folder = create_folder(&self.app, &self.caller, Some(&made[*above]), name).await?;
                    self.copy_properties(id.as_str(), folder.id.as_str()).await?;
                    made.push(folder.clone());
                    folder
                }
                None => made[0].clone(),
            };
            for (document, name) in documents {
                self.copy_file(document, name, &into).await?;
            }
        }
        if plan.refused.is_empty() {
            return Ok(way.answer());
        }
        Ok(xml_response(
            multi_status(),
            format!(
                "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<D:multistatus xmlns:D=\"DAV:\">{}</D:multistatus>",
                plan.refused.concat()
            ),
        ))
    }

    /// What there is to copy of `source` and below it. Refuses what does not fit into the folder `to`, before anything there
    /// gives way.
    async fn plan_copy(&self, source: &Arc<FolderNode>, names: &[String], to: &FolderId) -> Result<Plan> {
        let (mut plan, mut count, mut bytes) = (Plan::default(), 0, 0_i64);
        let mut open = vec![(source.clone(), None, 0, names.to_vec())];
        while let Some((source, name, above, names)) = open.pop() {
            let at = plan.folders.len();
            let (folders, all) = self.list_rows(&source).await?;
            count += folders.len() + all.len();
            if count > MAX_COPIED {
                return Err(Error::too_large("too_many_copied", "at most 10,000 files and folders are copied at once"));
            }
            let mut documents = Vec::with_capacity(all.len());
            for document in all {
                if is_live(&document.kind) {
                    let names: Vec<String> =
                        names.iter().cloned().chain([super::shortcut::name(&document.name)]).collect();
                    plan.refused.push(format!(
                        "<D:response><D:href>{}</D:href><D:status>HTTP/1.1 403 Forbidden</D:status></D:response>",
                        href(&names, false)
                    ));
                    continue;
                }
                refuse_level(&self.app, document.level)?;
                bytes = bytes.saturating_add(document.size_bytes.unwrap_or_default());
                let name = DocumentName::parse(&document.name)?;
                documents.push((document, name));
            }
            for folder in folders {
                let line = source.line.iter().cloned().chain([folder.id.clone()]).collect();
                let Some(node) = self.load_folder(line).await? else { continue };
                let name = FolderName::parse(&folder.name)?;
                let names = names.iter().cloned().chain([folder.name]).collect();
                open.push((node, Some(name), at, names));
            }
            plan.folders.push(Planned { id: source.folder.id.clone(), name, above, documents });
        }
        quota::require(&self.app, to, &self.caller.id, bytes).await?;
        Ok(plan)
    }

    async fn copy_file(&self, document: &ListedDocument, name: &DocumentName, into: &Folder) -> Result<()> {
        let Some(version) = db::versions::find(self.db(), &document.id, document.head).await? else { return Ok(()) };
        let (copy, _) = add_file(&self.app, &self.caller, into, name, document.level, (&version).into()).await?;
        self.copy_properties(document.id.as_str(), copy.id.as_str()).await
    }

    /// MOVE.
    pub async fn rename(&self, path: DavPath) -> Result<Response> {
        let way = self.way(path).await?;
        let stays = way.stays;
        self.rename_along(way).await.map_err(|error| refusal(error, stays))
    }

    async fn rename_along(&self, way: Way) -> Result<Response> {
        self.require(&way.guard, &way.from, Reach::Tree).await?;
        if !is_same(&way.from, &way.to) {
            let onto_file = way.to.node.as_ref().is_some_and(|node| !node.is_folder());
            self.require(&way.guard, &way.to, if onto_file { Reach::Content } else { Reach::Tree }).await?;
        }
        let answer = way.answer();
        match way.from.node()? {
            Node::Root => return Err(Error::forbidden("move_not_allowed", "the drive itself cannot be moved")),
            Node::Folder(node) => {
                self.move_folder(&way, node).await?;
            }
            Node::Page(node) => {
                self.move_page(&way, &node.document).await?;
            }
            Node::Temporary(entry) => {
                self.allow_replacing(&way, false).await?;
                self.move_temporary(&way, entry).await?;
            }
            Node::Document(_) => {
                self.allow_replacing(&way, false).await?;
                self.move_document(&way).await?;
            }
        }
        Ok(answer)
    }

    async fn move_folder(&self, way: &Way, node: &FolderNode) -> Result<()> {
        way.from.folder()?;
        let destination = way.to.folder()?.clone();
        policy::allow_move(&self.app.db, &self.caller, &node.folder, &destination.folder).await?;
        let name = FolderName::parse(&way.to.name)?;
        if name.as_str() != node.folder.name {
            policy::check(Some(node.role), Action::Rename, &node.folder)?;
        }
        if !is_same(&way.from, &way.to) {
            self.allow_replacing(way, true).await?;
        }
        let (app, by, replaced) = (&self.app, &self.caller.id, way.replaced());
        place_folder(app, by, &node.folder, &destination.folder, Some(&name), replaced).await?;
        self.forget_replaced(way, true).await?;
        let mut tx = self.app.db.begin().await?;
        db::dav_locks::delete_below(&mut tx, &node.folder.id).await?;
        let (folder, key) = way.from.place();
        db::dav_locks::delete_on(&mut tx, node.folder.id.as_str(), (&folder, &key)).await?;
        tx.commit().await
    }

    async fn move_page(&self, way: &Way, document: &Document) -> Result<()> {
        if way.to.node.is_some() && !is_same(&way.from, &way.to) {
            return Err(Error::forbidden("document_is_page", "a page does not replace anything"));
        }
        let name = &way.to.name;
        let ends = name.to_lowercase().ends_with(EXTENSION) && name.len() > EXTENSION.len();
        let name = if ends { &name[..name.len() - EXTENSION.len()] } else { name };
        self.place(way, document, name).await
    }

    /// A document gets another place or name.
    async fn place(&self, way: &Way, document: &Document, name: &str) -> Result<()> {
        let destination = &way.to.folder()?.folder;
        if destination.id != document.folder_id {
            policy::allow_move(&self.app.db, &self.caller, document, destination).await?;
        }
        let name = DocumentName::parse(name)?;
        if name.as_str() != document.name {
            policy::allow(&self.app.db, &self.caller, Action::Rename, document).await?;
        }
        place_document(&self.app, &self.caller.id, document, destination, Some(&name), way.replaced()).await?;
        self.forget_replaced(way, false).await?;
        self.end_locks(&way.from).await
    }

    async fn move_temporary(&self, way: &Way, entry: &Entry) -> Result<()> {
        if let Some(document) = &entry.document_id
            && fate_of(&way.to.name) == Fate::Document
            && let Some(away) = db::dav_overlay::find_away(self.db(), &self.caller.id, document).await?
            && away.expires_at > self.app.clock.now()
        {
            // It is the document itself, which only seemed to have the name of a step.
            let back = names::key(&way.to.name) == away.name_key && way.to.folder()?.folder.id == away.folder_id;
            if !back && way.to.node.as_ref().is_none_or(Node::is_folder) {
                let document = db::documents::find(self.db(), document).await?;
                let document = document.ok_or_else(|| Error::not_found("document"))?;
                self.place(way, &document, &way.to.name).await?;
                self.forget(&away.id).await?;
                return self.forget(&entry.id).await;
            }
        }
        if fate_of(&way.to.name) != Fate::Document && !matches!(way.to.node, Some(Node::Document(_))) {
            self.allow_writing(&way.to).await?;
            let moved = Entry {
                folder_id: way.to.folder()?.folder.id.clone(),
                name: way.to.name.clone(),
                name_key: names::key(&way.to.name),
                expires_at: entry.expires_at.max(self.app.clock.now() + SCRATCH_MS),
                ..entry.clone()
            };
            let mut tx = self.app.db.begin().await?;
            db::folders::lock_tree(&mut tx).await?;
            if let Some(replaced) = way.replaced() {
                give_way(&mut tx, &self.caller.id, replaced, &moved.folder_id, self.app.clock.now()).await?;
            }
            db::dav_overlay::rename(&mut tx, &moved).await?;
            if moved.folder_id != entry.folder_id && moved.document_id.is_none() && moved.size_bytes > 0 {
                // It may be another library.
                quota::require_aside(&self.app, &mut tx, &moved.folder_id, &self.caller.id, 0, None).await?;
            }
            tx.commit().await?;
            return self.end_locks(&way.from).await;
        }
        let written = self.write_content(&way.to, entry.into(), entry.level, way.expected(), Arrival::Saved).await?;
        if db::dav_properties::list(self.db(), &entry.id).await?.is_empty() {
            // What programs kept beside the document stays.
        } else {
            self.copy_properties(&entry.id, &written.node_id).await?;
        }
        self.end_locks(&way.from).await?;
        self.forget(&entry.id).await
    }

    async fn move_document(&self, way: &Way) -> Result<()> {
        let Node::Document(node) = way.from.node()? else {
            return Err(Error::internal(anyhow::anyhow!("a document was to be moved")));
        };
        let DocumentNode { document, role, version } = &**node;
        let same = is_same(&way.from, &way.to);
        match &way.to.node {
            Some(Node::Page(_)) => {
                return Err(Error::forbidden("document_is_page", "a page is written in the browser"));
            }
            Some(Node::Document(_)) if !same => return self.merge(way, document, *role, version).await,
            _ => {}
        }
        let is_away = way.to.absent.as_ref().is_some_and(|absent| absent.kind == "away");
        if is_away {
            return self.merge(way, document, *role, version).await;
        }
        if fate_of(&way.to.name) != Fate::Document && !same {
            return self.set_aside(way, document, *role, version).await;
        }
        if way.to.node.is_none() && way.to.absent.is_some() && self.is_fresh(document) {
            // Under a name that another document has just left: a program saved under a name that nobody knows.
            allow_trashing(&self.app, &self.caller.id, document).await?;
            self.write_content(&way.to, version.into(), document.level, way.expected(), Arrival::Saved).await?;
            trash_document(&self.app, &self.caller.id, document).await?;
            return self.end_locks(&way.from).await;
        }
        self.place(way, document, &way.to.name).await?;
        if !same {
            self.note_absent(&document.folder_id, &way.from.name, &document.id, "left").await?;
        }
        Ok(())
    }

    /// Whether the caller made it a short while ago, and nobody has changed it since.
    fn is_fresh(&self, document: &Document) -> bool {
        document.created_by == self.caller.id
            && document.updated_by == self.caller.id
            && document.created_at + FRESH_MS > self.app.clock.now()
    }

    /// A file replaces another: its content is a new version there, and it goes to the trash itself.
    async fn merge(&self, way: &Way, document: &Document, role: Role, version: &Version) -> Result<()> {
        if !self.is_fresh(document) {
            policy::check(Some(role), Action::Delete, document)?;
        }
        policy::check(Some(role), Action::Move, document)?;
        allow_trashing(&self.app, &self.caller.id, document).await?;
        let written =
            self.write_content(&way.to, version.into(), document.level, way.expected(), Arrival::Copy).await?;
        self.copy_properties(document.id.as_str(), &written.node_id).await?;
        trash_document(&self.app, &self.caller.id, document).await?;
        self.end_locks(&way.from).await
    }

    /// A document seems to be renamed to the name of a step of saving: for now it only looks so to the program. What
    /// comes under its name next is its new version; nothing comes, and it is renamed in the end.
    async fn set_aside(&self, way: &Way, document: &Document, role: Role, version: &Version) -> Result<()> {
        policy::check(Some(role), Action::Rename, document)?;
        policy::check(Some(role), Action::Upload, document)?;
        self.forget_replaced(way, false).await?;
        self.hold_back(&way.to, &version.into(), document.level, AWAY_MS, Some(&document.id)).await?;
        self.end_locks(&way.from).await?;
        self.note_absent(&document.folder_id, &way.from.name, &document.id, "away").await
    }
}
