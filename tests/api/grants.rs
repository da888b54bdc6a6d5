//! Grants: who has which role where; and whether scopes say the same as walking up the tree.

use std::collections::{HashMap, HashSet};

use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde_json::{Value, json};
use wenshu::{
    auth::policy::{self, Caller, Scopes},
    db,
    ids::DocumentId,
};

use crate::support::{Client, TestServer};

#[tokio::test]
async fn a_role_is_given_changed_and_taken_back() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let library = ada.folder("库", None).await;
    let page = ada.page("note", &library).await;
    ada.share("folders", &library, &bob, "reader").await;
    assert_eq!(bob.document(&page).await["role"], "reader");
    ada.share("documents", &page, &bob, "editor").await;
    assert_eq!(bob.document(&page).await["role"], "editor");

    let grants = ada.get(&format!("/documents/{page}/grants")).await.assert_status(200).json();
    let of_bob = |grants: &Value| -> Vec<(Value, Value)> {
        let items = grants["items"].as_array().unwrap().iter().filter(|grant| grant["subject_name"] == "bob");
        items.map(|grant| (grant["role"].clone(), grant["inherited_from"]["id"].clone())).collect()
    };
    assert_eq!(of_bob(&grants), [(json!("editor"), json!(null)), (json!("reader"), json!(library))]);

    let own = format!("/documents/{page}/grants/user/{}", bob.id);
    ada.delete(&own).await.assert_status(204);
    ada.delete(&own).await.assert_error(404, "grant_not_found");
    assert_eq!(bob.document(&page).await["role"], "reader");
    ada.delete(&format!("/folders/{library}/grants/user/{}", bob.id)).await.assert_status(204);
    bob.get(&format!("/documents/{page}")).await.assert_error(404, "document_not_found");
}

#[tokio::test]
async fn grants_are_checked() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let library = ada.folder("库", None).await;
    let nobody = "018f0000-0000-7000-8000-000000000000";
    let put = |kind: &str, id: &str| format!("/folders/{library}/grants/{kind}/{id}");
    ada.put(&put("user", nobody), json!({ "role": "reader" })).await.assert_error(404, "user_not_found");
    ada.put(&put("group", nobody), json!({ "role": "reader" })).await.assert_error(404, "group_not_found");
    ada.put(&put("robot", nobody), json!({ "role": "reader" })).await.assert_error(400, "subject_kind_invalid");
    ada.put(&put("user", &bob.id), json!({ "role": "king" })).await.assert_error(400, "input_invalid");
    bob.put(&put("user", &bob.id), json!({ "role": "manager" })).await.assert_error(404, "folder_not_found");
    ada.share("folders", &library, &bob, "editor").await;
    bob.put(&put("user", &bob.id), json!({ "role": "manager" })).await.assert_error(403, "share_not_allowed");
}

#[tokio::test]
async fn a_grant_to_a_department_holds_for_its_teams() {
    let server = TestServer::start().await;
    let (root, bob) = (server.admin("root").await, server.user("bob").await);
    let group = async |name: &str, parent: Option<&str>| {
        let made = root.post("/groups", json!({ "name": name, "parent_id": parent })).await.assert_status(201);
        made.json()["id"].as_str().unwrap().to_owned()
    };
    let department = group("研发部", None).await;
    let team = group("平台组", Some(&department)).await;
    root.put(&format!("/groups/{team}/members/{}", bob.id), json!({})).await.assert_status(204);
    let library = root.folder("库", None).await;
    let page = root.page("note", &library).await;
    let grant = format!("/folders/{library}/grants/group/{department}");
    root.put(&grant, json!({ "role": "commenter" })).await.assert_status(204);
    assert_eq!(bob.document(&page).await["role"], "commenter");
    assert_eq!(bob.get("/folders").await.json()["items"][0]["id"], *library);
    root.delete(&format!("/groups/{team}/members/{}", bob.id)).await.assert_status(204);
    bob.get(&format!("/documents/{page}")).await.assert_error(404, "document_not_found");
}

/// The tree as the test knows it: the naive rule walks it up.
#[derive(Default)]
struct Model {
    folders: HashMap<String, Node>,
    documents: HashMap<String, Node>,
}

#[derive(Clone, Default)]
struct Node {
    parent: Option<String>,
    stops: bool,
    roles: HashMap<String, &'static str>,
}

const ROLES: [&str; 5] = ["previewer", "reader", "commenter", "editor", "manager"];

impl Model {
    fn role(&self, user: &str, document: &str) -> Option<&'static str> {
        let rank = |role: &&'static str| ROLES.iter().position(|known| known == role);
        let mut best: Option<&'static str> = None;
        let mut node = Some(&self.documents[document]);
        while let Some(here) = node {
            best = best.into_iter().chain(here.roles.get(user).copied()).max_by_key(rank);
            node = here.parent.as_ref().filter(|_| !here.stops).map(|parent| &self.folders[parent]);
        }
        best
    }

    fn is_within(&self, folder: &str, top: &str) -> bool {
        let mut here = Some(folder.to_owned());
        while let Some(id) = here {
            if id == top {
                return true;
            }
            here = self.folders[&id].parent.clone();
        }
        false
    }
}

/// Whatever is granted, taken, moved and switched: the scopes that search filters by, and the roles that views show, say
/// what walking up the tree says.
#[tokio::test]
async fn scopes_agree_with_walking_up_the_tree() {
    for seed in 0..4 {
        let mut random = StdRng::seed_from_u64(seed);
        let server = TestServer::start().await;
        let root = server.admin("root").await;
        let users = [server.user("a").await, server.user("b").await, server.user("c").await];
        let mut model = Model::default();
        for step in 0..120 {
            change(&mut random, &root, &users, &mut model, step).await;
            if step % 20 == 19 {
                check(&server, &users, &model, seed).await;
            }
        }
    }
}

async fn change(random: &mut StdRng, root: &Client, users: &[Client], model: &mut Model, step: usize) {
    let folders: Vec<String> = model.folders.keys().cloned().collect();
    let documents: Vec<String> = model.documents.keys().cloned().collect();
    let folder = folders.choose(random).cloned();
    let on_document = !documents.is_empty() && random.random_bool(0.4);
    let (kind, id) = match (on_document, &folder) {
        (true, _) => ("documents", documents.choose(random).unwrap().clone()),
        (false, Some(folder)) => ("folders", folder.clone()),
        (false, None) => ("none", String::new()),
    };
    let node = |model: &Model| if on_document { model.documents[&id].clone() } else { model.folders[&id].clone() };
    let mut changed = None;
    match random.random_range(0..10) {
        0 | 1 => {
            let parent = folder.filter(|_| random.random_bool(0.85));
            let made = root.folder(&format!("f{step}"), parent.as_deref()).await;
            // Whoever makes a library is its manager; this is an administrator, who does not count here.
            model.folders.insert(made, Node { parent, ..Node::default() });
            return;
        }
        _ if folder.is_none() => return,
        2 | 3 => {
            let made = root.page(&format!("d{step}"), folder.as_ref().unwrap()).await;
            model.documents.insert(made, Node { parent: folder, ..Node::default() });
            return;
        }
        4 | 5 => {
            let (user, role) = (users.choose(random).unwrap(), ROLES.choose(random).unwrap());
            root.share(kind, &id, user, role).await;
            let mut node = node(model);
            node.roles.insert(user.id.clone(), role);
            changed = Some(node);
        }
        6 => {
            let mut node = node(model);
            if let Some(user) = node.roles.keys().next().cloned() {
                root.delete(&format!("/{kind}/{id}/grants/user/{user}")).await.assert_status(204);
                node.roles.remove(&user);
                changed = Some(node);
            }
        }
        7 | 8 => {
            let target = folder.unwrap();
            let mut node = node(model);
            let cycle = !on_document && model.is_within(&target, &id);
            if !cycle && node.parent.as_ref() != Some(&target) {
                let key = if on_document { "folder_id" } else { "parent_id" };
                root.patch(&format!("/{kind}/{id}"), json!({ key: target })).await.assert_status(200);
                node.parent = Some(target);
                changed = Some(node);
            }
        }
        _ => {
            let mut node = node(model);
            node.stops = !node.stops;
            root.patch(&format!("/{kind}/{id}"), json!({ "inherits": !node.stops })).await.assert_status(200);
            changed = Some(node);
        }
    }
    if let Some(node) = changed {
        if on_document {
            model.documents.insert(id, node)
        } else {
            model.folders.insert(id, node)
        };
    }
}

async fn check(server: &TestServer, users: &[Client], model: &Model, seed: u64) {
    for user in users {
        let caller = Caller { id: user.id.parse().unwrap(), is_admin: false, clearance: 1 };
        let Scopes::Only(scopes) = policy::readable_scopes(&server.app.db, &caller).await.unwrap() else { panic!() };
        let scopes: HashSet<String> = scopes.into_iter().collect();
        let mut listed = HashSet::new();
        for folder in model.folders.keys() {
            let children = user.get(&format!("/folders/{folder}/children")).await;
            if children.status == 200 {
                let children = children.json();
                listed.extend(
                    children["documents"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap().to_owned()),
                );
            }
        }
        for id in model.documents.keys() {
            let expected = model.role(&user.id, id);
            let document_id: DocumentId = id.parse().unwrap();
            let document = db::documents::find(server.app.db.read(), &document_id).await.unwrap().unwrap();
            assert_eq!(scopes.contains(&document.scope_id), expected.is_some(), "seed {seed}: scope of {id}");
            let role = policy::role_on(&server.app.db, &caller, &document).await.unwrap();
            assert_eq!(json!(role), json!(expected), "seed {seed}: role on {id}");
            if listed.contains(id) {
                assert!(expected.is_some(), "seed {seed}: {id} was listed");
            }
            let folder = model.documents[id].parent.as_ref().unwrap();
            if expected.is_some() && user.get(&format!("/folders/{folder}")).await.status == 200 {
                assert!(listed.contains(id), "seed {seed}: {id} was not listed");
            }
        }
    }
}
