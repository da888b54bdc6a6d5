//! What is told about files and folders? PROPFIND and PROPPATCH. A folder of thousands costs a handful of statements, and
//! its list is written while it is sent.

use std::{
    collections::{HashMap, HashSet},
    fmt::Write,
    time::{Duration, UNIX_EPOCH},
};

use axum::{body::Body, http::StatusCode, response::Response};
use bytes::Bytes;
use futures::stream;

use crate::{
    actions::quota,
    auth::policy::{self, Action},
    clock::Millis,
    dav::{
        Dav, locks,
        locks::Reach,
        multi_status,
        path::{DavPath, ROOT, encoded},
        resolve::{Info, Node, Target},
        xml::{self, Asked, Change, PropName},
        xml_response,
    },
    db::{self, dav_locks::Lock, dav_properties::Property, usage::Owner},
    error::{Error, Result},
};

/// Longest value that a program may keep.
const VALUE_MAX_BYTES: usize = 64 << 10;
/// Values of one file or folder.
const VALUES_MAX: i64 = 200;
/// How much of a list is written at a time.
const PIECE_BYTES: usize = 64 << 10;
const BEGIN: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<D:multistatus xmlns:D=\"DAV:\">\n";
const END: &str = "</D:multistatus>\n";
const SUPPORTED_LOCKS: &str = "<D:lockentry><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype>\
    </D:lockentry><D:lockentry><D:lockscope><D:shared/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockentry>";

/// What the server itself knows.
const LIVE: [&str; 9] = [
    "resourcetype",
    "displayname",
    "creationdate",
    "getlastmodified",
    "getcontentlength",
    "getcontenttype",
    "getetag",
    "lockdiscovery",
    "supportedlock",
];
/// What is told only when it is asked for by name.
const ON_DEMAND: [&str; 2] = ["quota-available-bytes", "quota-used-bytes"];

/// What answers are made of, beside what they are about.
struct Facts {
    now: Millis,
    asked: Asked,
    /// By node.
    properties: HashMap<String, Vec<Property>>,
    /// On the folder that was asked about, and what it lies in.
    above: Vec<Lock>,
    /// On names in it.
    inside: Vec<Lock>,
    /// Used and free bytes, when somebody asks.
    quota: Option<(i64, Option<i64>)>,
    /// Whether the drive itself was asked about: its libraries have limits of their own.
    is_drive: bool,
}

impl Dav {
    pub async fn propfind(&self, path: DavPath, body: &[u8]) -> Result<Response> {
        let depth = self.headers.get("depth").map_or(&b"infinity"[..], |depth| depth.as_bytes());
        let asked = xml::read_propfind(body)?;
        let target = self.resolve(&path).await?;
        let node = target.node()?;
        let lists = match depth {
            b"0" => false,
            b"1" | b"1,noroot" => node.is_folder(),
            // A whole library at once would be a burden that one folder after the other is not.
            _ if node.is_folder() => {
                let error = Error::forbidden("depth_refused", "ask with depth 0 or 1");
                return Err(error.with("condition", "propfind-finite-depth"));
            }
            _ => false,
        };
        let mut infos = vec![(target.href(), node.info(&target.name))];
        if lists {
            let children = match node {
                Node::Folder(folder) => self.list_folder(folder).await?,
                _ => self.list_tops().await?,
            };
            let above = target.href();
            let above = above.strip_suffix('/').unwrap_or(&above);
            infos.extend(children.into_iter().map(|info| {
                let slash = if info.is_folder { "/" } else { "" };
                (format!("{above}/{}{slash}", encoded(&info.name)), info)
            }));
        }
        let facts = self.facts(asked, &target, lists).await?;
        Ok(multistatus(facts, infos))
    }

    /// What Windows asks of the server before it looks at the drive: the root, and the drive in it.
    pub async fn propfind_server(&self, body: &[u8]) -> Result<Response> {
        let asked = xml::read_propfind(body)?;
        let root = Node::Root;
        let mut infos = vec![("/".to_owned(), root.info(""))];
        if self.headers.get("depth").is_none_or(|depth| depth != "0") {
            infos.push((format!("{ROOT}/"), root.info("dav")));
        }
        let now = self.app.clock.now();
        let facts = Facts {
            now,
            asked,
            properties: HashMap::new(),
            above: Vec::new(),
            inside: Vec::new(),
            quota: None,
            is_drive: true,
        };
        Ok(multistatus(facts, infos))
    }

    async fn facts(&self, asked: Asked, target: &Target, lists: bool) -> Result<Facts> {
        let now = self.app.clock.now();
        let wants = |name: &str| match &asked {
            Asked::These(names) => names.contains(&PropName::dav(name)),
            Asked::All(_) | Asked::Names => LIVE.contains(&name),
        };
        let (mut above, mut inside) = (Vec::new(), Vec::new());
        if wants("lockdiscovery") {
            above = self.locks_on(target).await?;
            if lists {
                inside = db::dav_locks::list_in(self.db(), now, target.id()).await?;
            }
        }
        let dead = match &asked {
            Asked::These(names) => names.iter().any(|name| !is_live(name)),
            Asked::All(_) | Asked::Names => true,
        };
        let mut properties: HashMap<String, Vec<Property>> = HashMap::new();
        if dead && !target.id().is_empty() {
            let mut rows = db::dav_properties::list(self.db(), target.id()).await?;
            if let (true, Some(Node::Folder(folder))) = (lists, &target.node) {
                rows.extend(db::dav_properties::list_in(self.db(), &folder.folder.id).await?);
            }
            for row in rows {
                properties.entry(row.node_id.clone()).or_default().push(row);
            }
        }
        let quota = match ON_DEMAND.iter().any(|name| wants(name)) {
            true => self.quota(target).await?,
            false => None,
        };
        let is_drive = matches!(target.node, Some(Node::Root));
        Ok(Facts { now, asked, properties, above, inside, quota, is_drive })
    }

    /// What may still be put there, and what is there already; `None` where nobody set a limit.
    async fn quota(&self, target: &Target) -> Result<Option<(i64, Option<i64>)>> {
        match &target.node {
            Some(Node::Folder(node)) => {
                quota::space_in_folder(&self.app, &node.folder.id, &self.caller.id).await.map(Some)
            }
            // Programs show it for the whole drive: what the person keeps in all libraries, and may still.
            Some(Node::Root) => {
                let space = quota::space(&self.app, Owner::User(&self.caller.id)).await?;
                Ok(Some((space.used_bytes, space.available_bytes())))
            }
            _ => Ok(None),
        }
    }

    pub async fn proppatch(&self, path: DavPath, body: &[u8]) -> Result<Response> {
        let target = self.resolve(&path).await?;
        let node = target.node()?;
        let changes = xml::read_proppatch(body)?;
        let guard = self.guard(&target).await?;
        match node {
            Node::Root => return Err(Error::forbidden("edit_not_allowed", "the drive itself has no properties")),
            Node::Folder(node) => drop(policy::check(Some(node.role), Action::Upload, &node.folder)?),
            Node::Document(node) => drop(policy::check(Some(node.role), Action::Edit, &node.document)?),
            Node::Page(node) => drop(policy::allow(&self.app.db, &self.caller, Action::Edit, &node.document).await?),
            Node::Temporary(_) => {}
        }
        self.require(&guard, &target, Reach::Content).await?;
        let protected: Vec<bool> = changes.iter().map(|change| is_live(&change.name)).collect();
        let refused = protected.contains(&true);
        let mut too_large = false;
        if !refused {
            let mut tx = self.app.db.begin().await?;
            for Change { name, value } in &changes {
                let PropName { namespace, name } = name;
                let Some(value) = value else {
                    db::dav_properties::delete(&mut tx, node.id(), namespace, name).await?;
                    continue;
                };
                too_large |= value.len() > VALUE_MAX_BYTES;
                let (node_id, namespace, name) = (node.id().to_owned(), namespace.clone(), name.clone());
                db::dav_properties::put(&mut tx, &Property { node_id, namespace, name, value: value.clone() }).await?;
            }
            too_large |= db::dav_properties::count(&mut tx, node.id()).await? > VALUES_MAX;
            if !too_large {
                tx.commit().await?;
            }
        }
        // All or nothing: what alone could have been set depends on the rest.
        let mut by_status: Vec<(StatusCode, String)> = Vec::new();
        for (change, protected) in changes.iter().zip(protected) {
            let status = match (too_large, refused, protected) {
                (true, ..) => StatusCode::INSUFFICIENT_STORAGE,
                (_, _, true) => StatusCode::FORBIDDEN,
                (_, true, false) => StatusCode::FAILED_DEPENDENCY,
                _ => StatusCode::OK,
            };
            match by_status.iter_mut().find(|(known, _)| *known == status) {
                Some((_, names)) => names.push_str(&change.name.element()),
                None => by_status.push((status, change.name.element())),
            }
        }
        let mut body = format!("{BEGIN}<D:response><D:href>{}</D:href>", target.href());
        for (status, names) in by_status {
            propstat(&mut body, &names, status);
        }
        body.push_str("</D:response>\n");
        body.push_str(END);
        Ok(xml_response(multi_status(), body))
    }
}

fn is_live(name: &PropName) -> bool {
    name.namespace == xml::DAV && (LIVE.contains(&name.name.as_str()) || ON_DEMAND.contains(&name.name.as_str()))
}

fn multistatus(facts: Facts, infos: Vec<(String, Info)>) -> Response {
    let mut left = infos.into_iter();
    let mut begun = false;
    let mut ended = false;
    let pieces = std::iter::from_fn(move || {
        if ended {
            return None;
        }
        let mut piece = if begun { String::new() } else { BEGIN.to_owned() };
        begun = true;
        while piece.len() < PIECE_BYTES {
            match left.next() {
                Some((href, info)) => facts.write(&mut piece, &href, &info),
                None => {
                    ended = true;
                    piece.push_str(END);
                    break;
                }
            }
        }
        Some(Ok::<_, std::convert::Infallible>(Bytes::from(piece)))
    });
    xml_response(multi_status(), Body::from_stream(stream::iter(pieces)))
}

fn propstat(out: &mut String, props: &str, status: StatusCode) {
    let _ = write!(out, "<D:propstat><D:prop>{props}</D:prop><D:status>HTTP/1.1 {status}</D:status></D:propstat>");
}

impl Facts {
    /// One `response` of the list.
    fn write(&self, out: &mut String, href: &str, info: &Info) {
        let dead = self.properties.get(&info.id).into_iter().flatten();
        let dead: Vec<(&Property, String)> = dead.filter_map(|row| Some((row, xml::stored(&row.value)?))).collect();
        let (mut found, mut missing) = (String::new(), String::new());
        match &self.asked {
            Asked::Names => {
                let names = LIVE.iter().filter(|name| self.live(name, info).is_some()).map(|name| PropName::dav(name));
                let dead =
                    dead.iter().map(|(row, _)| PropName { namespace: row.namespace.clone(), name: row.name.clone() });
                names.chain(dead).for_each(|name| found.push_str(&name.element()));
            }
            Asked::All(include) => {
                LIVE.iter().filter_map(|name| self.live(name, info)).for_each(|value| found.push_str(&value));
                dead.iter().for_each(|(_, value)| found.push_str(value));
                let known: HashSet<&str> = LIVE.into_iter().collect();
                for name in include.iter().filter(|name| is_live(name) && !known.contains(name.name.as_str())) {
                    found.extend(self.live(&name.name, info));
                }
            }
            Asked::These(names) => {
                for name in names {
                    let value = match is_live(name) {
                        true => self.live(&name.name, info),
                        false => dead
                            .iter()
                            .find(|(row, _)| row.namespace == name.namespace && row.name == name.name)
                            .map(|(_, value)| value.clone()),
                    };
                    match value {
                        Some(value) => found.push_str(&value),
                        None => missing.push_str(&name.element()),
                    }
                }
            }
        }
        let _ = write!(out, "<D:response><D:href>{href}</D:href>");
        if !found.is_empty() || missing.is_empty() {
            propstat(out, &found, StatusCode::OK);
        }
        if !missing.is_empty() {
            propstat(out, &missing, StatusCode::NOT_FOUND);
        }
        out.push_str("</D:response>\n");
    }

    /// A property that the server knows, as an element; `None` where it makes no sense.
    fn live(&self, name: &str, info: &Info) -> Option<String> {
        let file = |value: String| (!info.is_folder).then_some(value);
        let value = match name {
            "resourcetype" if info.is_folder => "<D:collection/>".to_owned(),
            "resourcetype" => return Some("<D:resourcetype/>".to_owned()),
            "displayname" => xml::text(&info.name).into_owned(),
            "creationdate" => iso_time(info.created_at),
            "getlastmodified" => http_time(info.modified_at),
            "getcontentlength" => file(info.size_bytes.to_string())?,
            "getcontenttype" => file(xml::text(&info.media_type).into_owned())?,
            "getetag" => info.tag.as_deref().map(|tag| xml::text(tag).into_owned())?,
            "lockdiscovery" => locks::discovery(&self.locks_of(info), self.now),
            "supportedlock" => SUPPORTED_LOCKS.to_owned(),
            "quota-used-bytes" => self.quota_of(info)?.0.to_string(),
            "quota-available-bytes" => self.quota_of(info)?.1?.to_string(),
            _ => return None,
        };
        Some(format!("<D:{name}>{value}</D:{name}>"))
    }

    fn quota_of(&self, info: &Info) -> Option<(i64, Option<i64>)> {
        self.quota.filter(|_| info.is_folder && (!self.is_drive || info.id.is_empty()))
    }

    fn locks_of(&self, info: &Info) -> Vec<Lock> {
        let on = |lock: &&Lock| {
            (lock.node_id == info.id && !info.id.is_empty()) || lock.name_key == info.name_key || lock.deep == 1
        };
        let own = self.inside.iter().filter(|lock| lock.node_id == info.id || lock.name_key == info.name_key);
        let above = self.above.iter().filter(on);
        own.chain(above).cloned().collect()
    }
}

fn http_time(at: Millis) -> String {
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_millis(at.max(0) as u64))
}

fn iso_time(at: Millis) -> String {
    let seconds = at.div_euclid(1000);
    let (year, month, day) = crate::archive::civil(seconds.div_euclid(86_400));
    let second = seconds.rem_euclid(86_400);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60)
}
