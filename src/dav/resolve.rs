//! What is at an address of the drive, for one person? Libraries at the top, folders, files, links to pages; and over them
//! what this person's programs are in the middle of ([`crate::db::dav_overlay`]).

use std::{collections::HashSet, sync::Arc};

use crate::{
    auth::policy::{Action, FolderAccess, Role},
    clock::Millis,
    dav::{
        Dav,
        path::DavPath,
        shortcut::{self, EXTENSION},
    },
    db::{
        self,
        dav_listing::{ListedDocument, ListedFolder},
        dav_overlay::Entry,
        documents::{Document, is_live},
        folders::Folder,
        versions::Version,
    },
    error::{Error, Result},
    http::content::tag,
    ids::FolderId,
    names::{self, DocumentName, FolderName},
};

/// An address and what is there.
pub struct Target {
    pub path: DavPath,
    /// The last name; empty at the root.
    pub name: String,
    /// Where it lies or would lie. `None`: at the root or in it, or there is no such folder.
    pub parent: Option<Arc<FolderNode>>,
    pub node: Option<Node>,
    /// A document that is away from here while a program saves, or that has just left.
    pub absent: Option<Entry>,
}

/// Something at an address.
pub enum Node {
    Root,
    Folder(Arc<FolderNode>),
    Document(Box<DocumentNode>),
    Page(Box<PageNode>),
    /// A file that only this person sees.
    Temporary(Box<Entry>),
}

/// A folder.
pub struct FolderNode {
    pub folder: Folder,
    pub role: Role,
    /// Itself and what is above it as far as the drive shows it, the topmost first.
    pub line: Vec<FolderId>,
    pub access: FolderAccess,
}

/// A file with its newest version.
pub struct DocumentNode {
    pub document: Document,
    pub role: Role,
    pub version: Version,
}

/// A page or board, as a link.
pub struct PageNode {
    pub document: Document,
    pub text: String,
}

/// What clients are told of something.
#[derive(Clone, Debug)]
pub struct Info {
    pub name: String,
    /// What locks and properties name it by.
    pub id: String,
    pub name_key: String,
    pub is_folder: bool,
    pub size_bytes: u64,
    pub media_type: String,
    pub tag: Option<String>,
    pub created_at: Millis,
    pub modified_at: Millis,
}

impl Node {
    /// What locks and properties name it by.
    pub fn id(&self) -> &str {
        match self {
            Node::Root => "",
            Node::Folder(node) => node.folder.id.as_str(),
            Node::Document(node) => node.document.id.as_str(),
            Node::Page(node) => node.document.id.as_str(),
            Node::Temporary(entry) => &entry.id,
        }
    }

    pub fn is_folder(&self) -> bool {
        matches!(self, Node::Root | Node::Folder(_))
    }

    /// What clients are told of it under `name`.
    pub fn info(&self, name: &str) -> Info {
        match self {
            Node::Root => Info::folder(String::new(), "", "", 0, 0),
            Node::Folder(node) => {
                let Folder { id, name_key, created_at, updated_at, .. } = &node.folder;
                Info::folder(name.to_owned(), id.as_str(), name_key, *created_at, *updated_at)
            }
            Node::Document(node) => Info {
                name: name.to_owned(),
                id: node.document.id.to_string(),
                name_key: node.document.name_key.clone(),
                is_folder: false,
                size_bytes: node.version.size_bytes as u64,
                media_type: node.version.media_type.clone(),
                tag: Some(tag(&node.version.content_id)),
                created_at: node.document.created_at,
                modified_at: node.version.created_at,
            },
            Node::Page(node) => Info {
                name: name.to_owned(),
                id: node.document.id.to_string(),
                name_key: names::key(name),
                is_folder: false,
                size_bytes: node.text.len() as u64,
                media_type: "application/internet-shortcut".to_owned(),
                tag: Some(shortcut::tag(&node.text)),
                created_at: node.document.created_at,
                modified_at: node.document.created_at,
            },
            Node::Temporary(entry) => Info::temporary(entry),
        }
    }
}

impl Info {
    fn folder(name: String, id: &str, name_key: &str, created_at: Millis, modified_at: Millis) -> Self {
        Self {
            name,
            id: id.to_owned(),
            name_key: name_key.to_owned(),
            is_folder: true,
            size_bytes: 0,
            media_type: String::new(),
            tag: None,
            created_at,
            modified_at,
        }
    }

    fn temporary(entry: &Entry) -> Self {
        Self {
            name: entry.name.clone(),
            id: entry.id.clone(),
            name_key: entry.name_key.clone(),
            is_folder: false,
            size_bytes: entry.size_bytes as u64,
            media_type: entry.media_type.clone(),
            tag: entry.content_id.as_deref().map(tag),
            created_at: entry.created_at,
            modified_at: entry.updated_at,
        }
    }
}

impl Target {
    /// What is there, or 404.
    pub fn node(&self) -> Result<&Node> {
        self.node.as_ref().ok_or_else(|| Error::not_found("resource"))
    }

    /// The folder that is there.
    pub fn folder_node(&self) -> Option<&FolderId> {
        match &self.node {
            Some(Node::Folder(node)) => Some(&node.folder.id),
            _ => None,
        }
    }

    /// The folder that it lies in or is to lie in; 409 when there is none, 403 at the top of the drive.
    pub fn folder(&self) -> Result<&Arc<FolderNode>> {
        match &self.parent {
            Some(parent) => Ok(parent),
            None if self.path.names.len() < 2 => {
                Err(Error::forbidden("library_protected", "libraries are made, renamed and deleted in the browser"))
            }
            None => Err(Error::conflict("folder_not_found", "there is no such folder to put it into")),
        }
    }

    /// The place that a lock names: the folder, empty at the top, and the name.
    pub fn place(&self) -> (String, String) {
        let folder = self.parent.as_ref().map(|parent| parent.folder.id.to_string()).unwrap_or_default();
        (folder, names::key(&self.name))
    }

    /// The folders above it.
    pub fn above(&self) -> &[FolderId] {
        self.parent.as_ref().map_or(&[], |parent| &parent.line)
    }

    /// The address that clients are to use for it.
    pub fn href(&self) -> String {
        let is_folder = self.node.as_ref().map_or(self.path.is_folder, Node::is_folder);
        crate::dav::path::href(&self.path.names, is_folder)
    }

    pub fn id(&self) -> &str {
        self.node.as_ref().map_or("", Node::id)
    }

    pub fn tag(&self) -> Option<String> {
        self.node.as_ref().and_then(|node| node.info(&self.name).tag)
    }
}

impl Dav {
    /// Finds what is at `path`.
    pub async fn resolve(&self, path: &DavPath) -> Result<Target> {
        let mut target =
            Target { path: path.clone(), name: String::new(), parent: None, node: Some(Node::Root), absent: None };
        let Some((last, above)) = path.names.split_last() else { return Ok(target) };
        target.name = last.clone();
        target.node = None;
        let Some((top, between)) = above.split_first() else {
            target.node = self.find_top(last).await?.map(Node::Folder);
            return Ok(target);
        };
        let Some(top) = self.find_top(top).await? else { return Ok(target) };
        let mut line = top.line.clone();
        for name in between {
            let parent = line.last().expect("it begins with the top");
            match db::dav_listing::find_folder(self.db(), parent, &names::key(name)).await? {
                Some(id) => line.push(id),
                None => return Ok(target),
            }
        }
        let parent = match between.is_empty() {
            true => Some(top),
            false => self.load_folder(line.clone()).await?,
        };
        let Some(parent) = parent else { return Ok(target) };
        let (node, absent) = self.find_in(&parent, last).await?;
        target.parent = Some(parent);
        target.node = node;
        target.absent = absent;
        Ok(target)
    }

    /// What stands at the top: libraries, and folders shared out of libraries that are hidden; each with the name that it
    /// has there.
    pub async fn tops(&self) -> Result<Vec<(String, Folder)>> {
        Ok(self.load_tops().await?.0)
    }

    async fn load_tops(&self) -> Result<(Vec<(String, Folder)>, FolderAccess)> {
        let candidates = match self.caller.is_admin {
            true => db::folders::list_libraries(self.db()).await?,
            false => db::grants::list_granted_folders(self.db(), &self.caller.id).await?,
        };
        let access = FolderAccess::load(&self.app.db, &self.caller, &candidates).await?;
        let mut folders = match candidates.is_empty() {
            true => Vec::new(),
            false => db::folders::list(self.db(), &candidates).await?,
        };
        folders.retain(|folder| access.role(&folder.id).is_some() && access.path(&folder.id).len() == 1);
        folders.sort_by(|a, b| (&a.name_key, &a.id).cmp(&(&b.name_key, &b.id)));
        let mut taken = HashSet::new();
        let mut tops = Vec::new();
        for folder in folders {
            let mut name = folder.name.clone();
            let mut number = 1;
            while !taken.insert(names::key(&name)) {
                number += 1;
                name = FolderName::parse(&folder.name)?.numbered(number).to_string();
            }
            tops.push((name, folder));
        }
        Ok((tops, access))
    }

    async fn find_top(&self, name: &str) -> Result<Option<Arc<FolderNode>>> {
        let key = names::key(name);
        let (tops, access) = self.load_tops().await?;
        let Some((_, folder)) = tops.into_iter().find(|(name, _)| names::key(name) == key) else { return Ok(None) };
        let Some(role) = access.role(&folder.id) else { return Ok(None) };
        Ok(Some(Arc::new(FolderNode { role, line: vec![folder.id.clone()], folder, access })))
    }

    /// The folder at the end of `line`, when the caller sees the whole of it.
    pub async fn load_folder(&self, line: Vec<FolderId>) -> Result<Option<Arc<FolderNode>>> {
        let id = line.last().expect("a line has an end").clone();
        let access = FolderAccess::load(&self.app.db, &self.caller, std::slice::from_ref(&id)).await?;
        let Some(role) = access.role(&id).filter(|_| access.path(&id).len() >= line.len()) else { return Ok(None) };
        let Some(folder) = db::folders::find(self.db(), &id).await? else { return Ok(None) };
        Ok(Some(Arc::new(FolderNode { folder, role, line, access })))
    }

    async fn find_in(&self, parent: &Arc<FolderNode>, name: &str) -> Result<(Option<Node>, Option<Entry>)> {
        let (key, folder, now) = (names::key(name), &parent.folder.id, self.app.clock.now());
        let entry = db::dav_overlay::find(self.db(), &self.caller.id, folder, &key, now).await?;
        let absent = match entry {
            Some(entry) if entry.is_file() => return Ok((Some(Node::Temporary(Box::new(entry))), None)),
            Some(entry) if entry.kind == "away" => return Ok((None, Some(entry))),
            other => other,
        };
        if let Some(id) = db::dav_listing::find_folder(self.db(), folder, &key).await? {
            let line = parent.line.iter().cloned().chain([id]).collect();
            return Ok((self.load_folder(line).await?.map(Node::Folder), absent));
        }
        let mut node = None;
        if let Some(id) = db::documents::find_by_name(self.db(), folder, &key).await?
            && let Some(document) = db::documents::find(self.db(), &id).await?
            && !document.is_live()
        {
            node = self.document_node(document, parent).await?;
        } else if key.ends_with(EXTENSION)
            && let Some(id) =
                db::documents::find_by_name(self.db(), folder, &key[..key.len() - EXTENSION.len()]).await?
            && let Some(document) = db::documents::find(self.db(), &id).await?
            && document.is_live()
        {
            node = self.document_node(document, parent).await?;
        }
        // Names that only the list gives: where a file, a folder and a link would be called alike, or are too long.
        if node.is_none() && (key.contains(" (") || key.ends_with(EXTENSION)) {
            let (folders, documents) = self.list_rows(parent).await?;
            let shown = shown_names(&folders, &documents);
            let found = documents.iter().zip(shown).find(|(_, shown)| names::key(shown) == key);
            if let Some((listed, _)) = found
                && let Some(document) = db::documents::find(self.db(), &listed.id).await?
            {
                node = self.document_node(document, parent).await?;
            }
        }
        Ok((node, absent))
    }

    /// A document as the caller sees it: pages as links, files for those who may have the original.
    async fn document_node(&self, document: Document, parent: &FolderNode) -> Result<Option<Node>> {
        let role = crate::auth::policy::role_in(&self.app.db, &self.caller, &document, &parent.access).await?;
        let Some(role) = role.filter(|role| *role >= least_role(&document.kind)) else { return Ok(None) };
        if document.is_live() {
            let text = shortcut::text(&self.origin, &document.id);
            return Ok(Some(Node::Page(Box::new(PageNode { document, text }))));
        }
        let version = db::versions::find(self.db(), &document.id, document.head).await?;
        let version = version.ok_or_else(|| Error::internal(anyhow::anyhow!("file {} has no version", document.id)))?;
        Ok(Some(Node::Document(Box::new(DocumentNode { document, role, version }))))
    }

    pub async fn list_rows(&self, parent: &FolderNode) -> Result<(Vec<ListedFolder>, Vec<ListedDocument>)> {
        let (folder, user) = (&parent.folder.id, &self.caller.id);
        let (folders, mut documents) = tokio::try_join!(
            db::dav_listing::list_folders(self.db(), folder, user, self.caller.is_admin),
            db::dav_listing::list_documents(self.db(), folder, user, self.caller.clearance),
        )?;
        documents.retain(|document| {
            let inherited = Some(parent.role).filter(|_| document.inherits != 0);
            let role = match self.caller.is_admin {
                true => Some(Role::Manager),
                false => document.own_role.and_then(Role::from_number).max(inherited),
            };
            role.is_some_and(|role| role >= least_role(&document.kind))
        });
        Ok((folders, documents))
    }

    /// What lies in a folder: folders first, then files by name.
    pub async fn list_folder(&self, parent: &FolderNode) -> Result<Vec<Info>> {
        let now = self.app.clock.now();
        let (rows, overlay) = tokio::try_join!(
            self.list_rows(parent),
            db::dav_overlay::list_in(self.db(), &self.caller.id, &parent.folder.id, now),
        )?;
        let (folders, documents) = rows;
        let shown = shown_names(&folders, &documents);
        let mut infos: Vec<Info> = folders
            .into_iter()
            .map(|folder| {
                Info::folder(folder.name, folder.id.as_str(), &folder.name_key, folder.created_at, folder.updated_at)
            })
            .collect();
        let hidden: HashSet<&str> =
            overlay.iter().filter(|entry| entry.kind != "left").map(|entry| entry.name_key.as_str()).collect();
        for (document, name) in documents.into_iter().zip(shown) {
            if !hidden.contains(names::key(&name).as_str()) {
                infos.push(self.listed_info(document, name));
            }
        }
        infos.extend(overlay.iter().filter(|entry| entry.is_file()).map(Info::temporary));
        Ok(infos)
    }

    /// What stands at the top, for clients.
    pub async fn list_tops(&self) -> Result<Vec<Info>> {
        let tops = self.tops().await?.into_iter();
        Ok(tops
            .map(|(name, folder)| {
                Info::folder(name, folder.id.as_str(), &folder.name_key, folder.created_at, folder.updated_at)
            })
            .collect())
    }

    fn listed_info(&self, document: ListedDocument, name: String) -> Info {
        let link = is_live(&document.kind).then(|| shortcut::text(&self.origin, &document.id));
        let name_key = if link.is_some() { names::key(&name) } else { document.name_key };
        Info {
            name,
            id: document.id.to_string(),
            name_key,
            is_folder: false,
            size_bytes: link.as_ref().map_or(document.size_bytes.unwrap_or_default() as u64, |link| link.len() as u64),
            media_type: match &link {
                Some(_) => "application/internet-shortcut".to_owned(),
                None => document.media_type.unwrap_or_else(|| "application/octet-stream".to_owned()),
            },
            tag: match &link {
                Some(link) => Some(shortcut::tag(link)),
                None => document.content_id.as_deref().map(tag),
            },
            created_at: document.created_at,
            modified_at: if link.is_some() {
                document.created_at
            } else {
                document.added_at.unwrap_or(document.updated_at)
            },
        }
    }
}

/// The least role that sees a document of `kind` on the drive.
fn least_role(kind: &str) -> Role {
    if is_live(kind) { Action::Read.least_role() } else { Action::Download.least_role() }
}

/// What each document is called on the drive. A folder and a document may be called alike in the browser, and a link like a
/// file; on a drive the folder keeps its name, then the file.
pub fn shown_names(folders: &[ListedFolder], documents: &[ListedDocument]) -> Vec<String> {
    let mut taken: HashSet<String> = folders.iter().map(|folder| folder.name_key.clone()).collect();
    let mut shown: Vec<Option<String>> = Vec::with_capacity(documents.len());
    for document in documents {
        let keeps = !is_live(&document.kind) && taken.insert(document.name_key.clone());
        shown.push(keeps.then(|| document.name.clone()));
    }
    let finished = documents.iter().zip(shown).map(|(document, shown)| {
        shown.unwrap_or_else(|| {
            let wanted = match is_live(&document.kind) {
                true => shortcut::name(&document.name),
                false => document.name.clone(),
            };
            let mut name = wanted.clone();
            let mut number = 1;
            while !taken.insert(names::key(&name)) {
                number += 1;
                name = DocumentName::parse(&wanted)
                    .map_or_else(|_| format!("{number}"), |it| it.numbered(number).to_string());
            }
            name
        })
    });
    finished.collect()
}
