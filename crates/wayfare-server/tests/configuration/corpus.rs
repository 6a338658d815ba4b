//! Journeys of others, put as a client puts them: scripts, nodes in pages, nodes, the tree.
//!
//! `WAYFARE_CORPUS` names the folder of exports; without it nothing is looked at, and the test says so. With it
//! a quarter of them is.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::{Value as Json, json};
use wayfare_import::{Bundle, InputFile, Node, Place, ReadLimits, Tree, read};

use super::{admin, at, check, logs_in, put, scripts, serve};
use crate::support::Client;

/// The files of the corpus that are exports of journeys, each by itself.
fn exports() -> Option<Vec<InputFile>> {
    let Some(folder) = std::env::var_os("WAYFARE_CORPUS") else {
        println!("skipped: WAYFARE_CORPUS names no folder");
        return None;
    };
    let mut files: Vec<InputFile> = fs::read_dir(Path::new(&folder))
        .expect("the corpus")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .map(|path| InputFile {
            path: path
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned(),
            bytes: fs::read(&path).expect("a file"),
        })
        .collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(!files.is_empty(), "the corpus is empty");
    // Of each four one: what all of them hold is held where they are read and written.
    Some(files.into_iter().step_by(4).collect())
}

fn own_json(node: &Node, tree: &Tree, id: &str) -> Json {
    let mut body = node.settings.clone();
    body.insert("_id".to_owned(), json!(id));
    for (key, value) in &node.record {
        if key != "_rev" {
            body.insert(key.clone(), value.clone());
        }
    }
    if &*node.ty == "PageNode" {
        let children: Vec<Json> = node
            .children
            .iter()
            .filter_map(|child| {
                let found = tree.nodes.get(child)?;
                Some(json!({
                    "_id": &*child.0, "nodeType": &*found.ty,
                    "displayName": found.display.as_deref().unwrap_or("x"),
                }))
            })
            .collect();
        body.insert("nodes".to_owned(), Json::Array(children));
    }
    Json::Object(body)
}

fn tree_json(tree: &Tree) -> Json {
    let mut body = tree.body.clone();
    body.remove("_rev");
    if let Some(entry) = &tree.entry {
        body.insert("entryNodeId".to_owned(), json!(&*entry.0));
    }
    let mut nodes = serde_json::Map::new();
    for (id, node) in tree
        .nodes
        .iter()
        .filter(|(_, node)| node.place == Place::Tree)
    {
        let mut entry = node.entry.clone();
        entry.insert("nodeType".to_owned(), json!(&*node.ty));
        entry.insert(
            "displayName".to_owned(),
            json!(node.display.as_deref().unwrap_or("x")),
        );
        let to: serde_json::Map<String, Json> = node
            .connections
            .iter()
            .map(|(outcome, to)| (outcome.to_string(), json!(&*to.0)))
            .collect();
        entry.insert("connections".to_owned(), Json::Object(to));
        nodes.insert(id.0.to_string(), Json::Object(entry));
    }
    body.insert("nodes".to_owned(), Json::Object(nodes));
    Json::Object(body)
}

/// What became of requests, by status and words.
#[derive(Debug, Default)]
struct Told(BTreeMap<String, usize>);

impl Told {
    /// Puts, and where members are named that are none, without these again, as frodo does.
    async fn put(&mut self, client: &mut Client, path: &str, mut body: Json) {
        let mut reply = put(client, path, &body).await;
        if reply.status == 400 && reply.json()["message"] == "Invalid attribute specified." {
            let valid = reply.json()["detail"]["validAttributes"].clone();
            let valid = valid.as_array().expect("a list").clone();
            let map = body.as_object_mut().expect("an object");
            map.retain(|key, _| key == "_id" || valid.iter().any(|name| name == key));
            *self.0.entry("400, and again".to_owned()).or_default() += 1;
            reply = put(client, path, &body).await;
        }
        assert!(
            reply.status < 500,
            "{path}: {} {}",
            reply.status,
            reply.text()
        );
        let what = match reply.status {
            200 | 201 => reply.status.to_string(),
            status => {
                let said = reply.json()["message"].as_str().unwrap_or("").to_owned();
                let said: Vec<&str> = said.split(['\'', ':']).collect();
                format!("{status} {}", said.first().unwrap_or(&""))
            }
        };
        *self.0.entry(what).or_default() += 1;
    }

    async fn bundle(&mut self, client: &mut Client, bundle: &Bundle) {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        for (id, script) in &bundle.scripts {
            let mut body = script.record.clone();
            body.retain(|key, _| key != "_rev");
            body.insert("_id".to_owned(), json!(&**id));
            body.insert("name".to_owned(), json!(&*script.name));
            body.insert(
                "script".to_owned(),
                json!(STANDARD.encode(script.text.as_bytes())),
            );
            self.put(client, &scripts(&format!("/{id}")), Json::Object(body))
                .await;
        }
        for tree in bundle.trees.values() {
            let pages = |node: &&Node| matches!(node.place, Place::Page(_));
            for inner in [true, false] {
                for (id, node) in &tree.nodes {
                    if pages(&node) == inner && node.found {
                        let path = at(&format!("nodes/{}/{}", node.ty, id.0));
                        self.put(client, &path, own_json(node, tree, &id.0)).await;
                    }
                }
            }
            let name = tree.name.replace(' ', "%20");
            self.put(client, &at(&format!("trees/{name}")), tree_json(tree))
                .await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn journeys_of_others_are_kept_and_the_texts_are_served() {
    let Some(files) = exports() else {
        return;
    };
    let server = serve().await;
    let mut client = admin(&server).await;
    let mut told = Told::default();
    for file in files {
        for bundle in read(&[file], &ReadLimits::default()).bundles {
            told.bundle(&mut client, &bundle).await;
        }
    }
    println!("{:#?}", told.0);
    let listed = client
        .get(&at("trees?_queryFilter=true&_fields=_id"))
        .await
        .json();
    let (mut count, mut not) = (0_usize, BTreeMap::<String, Vec<String>>::new());
    for tree in listed["result"].as_array().expect("a list") {
        let name = tree["_id"].as_str().expect("a name");
        let checked = check(&mut client, &name.replace(' ', "%20")).await;
        if checked["served"] == true {
            count += 1;
        } else {
            let why = checked["reasons"][0].as_str().expect("a reason").to_owned();
            not.entry(why).or_default().push(name.to_owned());
        }
    }
    println!("{count} served");
    for (why, names) in &not {
        println!("not served, {}: {why}", names.join(", "));
    }
    assert!(count > 1, "none of them is served");
    assert!(logs_in(&mut server.client(), "Login").await);
    let server = server.restart().await;
    assert!(logs_in(&mut server.client(), "Login").await);
}
