//! Journeys of texts as the product's own JSON.

use serde_json::{Map, Value as Json, json};

use super::{FAILURE, SUCCESS, admin, at, serve};

#[tokio::test]
async fn a_text_is_told_as_a_tree_whose_nodes_are_there() {
    let server = serve().await;
    let mut client = admin(&server).await;
    let tree = client.get(&at("trees/Login")).await.json();
    let entry = tree["entryNodeId"].as_str().expect("an id").to_owned();
    let nodes = tree["nodes"].as_object().expect("nodes");
    assert_eq!(nodes.len(), 2);
    let page = client
        .get(&at(&format!("nodes/PageNode/{entry}")))
        .await
        .json();
    assert_eq!(page["_type"]["_id"], "PageNode");
    let children = page["nodes"].as_array().expect("children");
    let types: Vec<&Json> = children.iter().map(|child| &child["nodeType"]).collect();
    assert_eq!(types, ["UsernameCollectorNode", "PasswordCollectorNode"]);
    for child in children {
        let [ty, id] = ["nodeType", "_id"].map(|key| child[key].as_str().expect("text"));
        let found = client.get(&at(&format!("nodes/{ty}/{id}"))).await;
        assert_eq!(found.status, 200, "{}", found.text());
        assert_eq!(found.json()["_outcomes"][0]["id"], "outcome");
    }
    let to = nodes[&entry]["connections"]["outcome"]
        .as_str()
        .expect("an arrow");
    assert_eq!(nodes[to]["nodeType"], "DataStoreDecisionNode");
    assert_eq!(
        nodes[to]["connections"],
        json!({ "true": SUCCESS, "false": FAILURE })
    );
    // It is the same every time, so that an export can be compared with an earlier one.
    let again = client.get(&at("trees/Login")).await.json();
    assert_eq!(again, tree);
}

#[tokio::test]
async fn what_an_import_left_beside_a_text_goes_back_with_it() {
    let sent = super::tree("Kept");
    let nodes = super::nodes("Kept");
    let mut own: Map<String, Json> = Map::new();
    let mut inner: Map<String, Json> = Map::new();
    for (ty, id, mut body) in nodes {
        body["_id"] = json!(id);
        body["_type"] = json!({ "_id": ty });
        let direct = sent["nodes"].get(&id).is_some();
        let to = if direct { &mut own } else { &mut inner };
        to.insert(id, body);
    }
    let whole = json!({ "tree": sent, "nodes": own, "innerNodes": inner, "scripts": {} });
    let file = wayfare_import::InputFile {
        path: "Kept.journey.json".to_owned(),
        bytes: whole.to_string().into_bytes(),
    };
    let read = wayfare_import::read(&[file], &wayfare_import::ReadLimits::default());
    let bundle = read.bundles.into_iter().next().expect("a bundle");
    let mut project = wayfare_import::write(&bundle, &wayfare_import::WriteOptions::default());
    let side = wayfare_import::side_files(&project.files, &bundle, &project.names);
    project.files.extend(side);
    let files: Vec<(&str, &str)> = project
        .files
        .iter()
        .map(|(path, bytes)| (path.as_str(), std::str::from_utf8(bytes).expect("text")))
        .collect();
    let server = crate::support::TestServer::journeys(&files).await;
    assert!(super::logs_in(&mut server.client(), "Kept").await);
    let mut client = admin(&server).await;
    let told = client.get(&at("trees/Kept")).await;
    assert_eq!(told.status, 200, "{}", told.text());
    let told = told.json();
    for member in ["entryNodeId", "nodes", "description", "uiConfig"] {
        assert_eq!(told[member], sent[member], "{member}");
    }
    for (ty, id, body) in super::nodes("Kept") {
        let node = client.get(&at(&format!("nodes/{ty}/{id}"))).await;
        assert_eq!(node.status, 200, "{ty} {id}: {}", node.text());
        for (member, value) in body.as_object().expect("an object") {
            assert_eq!(&node.json()[member], value, "{ty} {member}");
        }
    }
}
