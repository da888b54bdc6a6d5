//! What happens when a program moves or copies? Under a name that is taken, a file becomes a new version of the document
//! there: that is how programs save.

use std::sync::Arc;

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};

use crate::{
    actions::{
        add_version::NewVersion,
        create_folder::create_folder,
        file_content::add_file,
        quota,
        relocate::{place_document, place_folder},
        trash::trash_document,
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
        dav_overlay::Entry,
        documents::{Document, is_live},
        folders::Folder,
        versions::Version,
    },
    error::{Error, Result},
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

impl Way {
    /// 201 when nothing was there before, else 204.
    fn answer(&self) -> Response {
        if self.to.node.is_some() { StatusCode::NO_CONTENT } else { StatusCode::CREATED }.into_response()
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

    async fn copy_along(&self, mut way: Way) -> Result<Response> {
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
        self.make_way(&mut way, false).await?;
        let written = self.write_content(&way.to, new, level, way.expected(), Arrival::Copy).await?;
        self.copy_properties(way.from.id(), &written.node_id).await?;
        Ok(answer)
    }

    /// Throws a folder away that a file is to replace, or anything that a folder is to replace.
    async fn make_way(&self, way: &mut Way, for_folder: bool) -> Result<()> {
        let replaced = match &way.to.node {
            Some(Node::Folder(_)) => true,
            Some(_) => for_folder,
            None => false,
        };
        if replaced {
            self.remove(&way.guard, &way.to).await?;
            way.to = self.resolve(&way.to.path).await?;
        }
        Ok(())
    }

    async fn copy_properties(&self, from: &str, to: &str) -> Result<()> {
        let mut tx = self.app.db.begin().await?;
        db::dav_properties::copy(&mut tx, from, to).await?;
        tx.commit().await
    }

    async fn copy_folder(&self, mut way: Way, source: &Arc<FolderNode>) -> Result<Response> {
        let deep = match self.headers.get("depth").map(|depth| depth.as_bytes().to_ascii_lowercase()) {
            None => true,
            Some(depth) if depth == b"infinity" => true,
            Some(depth) if depth == b"0" => false,
            Some(_) => return Err(Error::invalid("depth_invalid", "a folder is copied with depth 0 or infinity")),
        };
        let parent = way.to.folder()?.clone();
        policy::check(Some(parent.role), Action::CreateFolder, &parent.folder)?;
        let name = FolderName::parse(&way.to.name)?;
        let answer = way.answer();
        self.make_way(&mut way, true).await?;
        let top = create_folder(&self.app, &self.caller, Some(&parent.folder), &name).await?;
        self.copy_properties(source.folder.id.as_str(), top.id.as_str()).await?;
        if !deep {
            return Ok(answer);
        }
        let mut refused = Vec::new();
        let mut copied = 0;
        let mut open = vec![(source.clone(), top, way.from.path.names.clone())];
        while let Some((source, into, names)) = open.pop() {
            self.copy_files(&source, &into, &names, &mut copied, &mut refused).await?;
            let folders =
                db::dav_listing::list_folders(self.db(), &source.folder.id, &self.caller.id, self.caller.is_admin);
            for folder in folders.await? {
                let line = source.line.iter().cloned().chain([folder.id.clone()]).collect();
                let Some(node) = self.load_folder(line).await? else { continue };
                let name = FolderName::parse(&folder.name)?;
                let made = create_folder(&self.app, &self.caller, Some(&into), &name).await?;
                self.copy_properties(folder.id.as_str(), made.id.as_str()).await?;
                let names = names.iter().cloned().chain([folder.name]).collect();
                open.push((node, made, names));
            }
        }
        if refused.is_empty() {
            return Ok(answer);
        }
        Ok(xml_response(
            multi_status(),
            format!(
                "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<D:multistatus xmlns:D=\"DAV:\">{}</D:multistatus>",
                refused.concat()
            ),
        ))
    }

    async fn copy_files(
        &self,
        source: &FolderNode,
        into: &Folder,
        names: &[String],
        copied: &mut usize,
        refused: &mut Vec<String>,
    ) -> Result<()> {
        for document in self.list_rows(source).await?.1 {
            *copied += 1;
            if *copied > MAX_COPIED {
                return Err(Error::too_large("too_many_copied", "at most 10,000 files are copied at once"));
            }
            if is_live(&document.kind) {
                let names: Vec<String> = names.iter().cloned().chain([super::shortcut::name(&document.name)]).collect();
                refused.push(format!(
                    "<D:response><D:href>{}</D:href><D:status>HTTP/1.1 403 Forbidden</D:status></D:response>",
                    href(&names, false)
                ));
                continue;
            }
            let Some(version) = db::versions::find(self.db(), &document.id, document.head).await? else { continue };
            let name = DocumentName::parse(&document.name)?;
            let level = document.level;
            let (copy, _) = add_file(&self.app, &self.caller, into, &name, level, (&version).into()).await?;
            self.copy_properties(document.id.as_str(), copy.id.as_str()).await?;
        }
        Ok(())
    }

    /// MOVE.
    pub async fn rename(&self, path: DavPath) -> Result<Response> {
        let way = self.way(path).await?;
        let stays = way.stays;
        self.rename_along(way).await.map_err(|error| refusal(error, stays))
    }

    async fn rename_along(&self, mut way: Way) -> Result<Response> {
        self.require(&way.guard, &way.from, Reach::Tree).await?;
        if !is_same(&way.from, &way.to) {
            let onto_file = way.to.node.as_ref().is_some_and(|node| !node.is_folder());
            self.require(&way.guard, &way.to, if onto_file { Reach::Content } else { Reach::Tree }).await?;
        }
        let answer = way.answer();
        match way.from.node()? {
            Node::Root => return Err(Error::forbidden("move_not_allowed", "the drive itself cannot be moved")),
            Node::Folder(node) => {
                let node = node.clone();
                self.move_folder(&mut way, &node).await?;
            }
            Node::Page(node) => {
                let document = node.document.clone();
                self.move_page(&way, &document).await?;
            }
            Node::Temporary(entry) => {
                let entry = entry.clone();
                self.make_way(&mut way, false).await?;
                self.move_temporary(&way, &entry).await?;
            }
            Node::Document(_) => {
                self.make_way(&mut way, false).await?;
                self.move_document(&way).await?;
            }
        }
        Ok(answer)
    }

    async fn move_folder(&self, way: &mut Way, node: &FolderNode) -> Result<()> {
        way.from.folder()?;
        let destination = way.to.folder()?.clone();
        policy::allow_move(&self.app.db, &self.caller, &node.folder, &destination.folder).await?;
        let name = FolderName::parse(&way.to.name)?;
        if name.as_str() != node.folder.name {
            policy::check(Some(node.role), Action::Rename, &node.folder)?;
        }
        if !is_same(&way.from, &way.to) {
            self.make_way(way, true).await?;
        }
        place_folder(&self.app, &self.caller.id, &node.folder, &destination.folder, Some(&name)).await?;
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
        place_document(&self.app, &self.caller.id, document, destination, Some(&name)).await?;
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
            if !back && way.to.node.is_none() {
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
            self.end_locks(&way.from).await?;
            let mut tx = self.app.db.begin().await?;
            db::folders::lock_tree(&mut tx).await?;
            db::dav_overlay::rename(&mut tx, &moved).await?;
            if moved.folder_id != entry.folder_id && moved.document_id.is_none() && moved.size_bytes > 0 {
                // It may be another library.
                quota::require_aside(&self.app, &mut tx, &moved.folder_id, &self.caller.id, 0, None).await?;
            }
            return tx.commit().await;
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
            Some(Node::Temporary(other)) => self.forget(&other.id).await?,
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
        if way.to.absent.is_some() && self.is_fresh(document) {
            // Under a name that another document has just left: a program saved under a name that nobody knows.
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
        self.hold_back(&way.to, &version.into(), document.level, AWAY_MS, Some(&document.id)).await?;
        self.end_locks(&way.from).await?;
        self.note_absent(&document.folder_id, &way.from.name, &document.id, "away").await
    }
}
