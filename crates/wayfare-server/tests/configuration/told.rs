//! What is told of types: which there are, what stands in their nodes, how those end.

use serde_json::{Value as Json, json};

use super::{admin, at, keep_tree, serve};
use crate::support::Client;

async fn act(client: &mut Client, path: &str, body: &Json) -> Json {
    let reply = client.post(&at(path), &body.to_string()).await;
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    reply.json()
}

#[tokio::test]
async fn all_types_are_told() {
    let server = serve().await;
    let mut client = admin(&server).await;
    let told = act(&mut client, "nodes?_action=getAllTypes", &json!({})).await;
    let types = told["result"].as_array().expect("a list");
    assert_eq!(types.len(), 142);
    let named = |wire: &str| types.iter().find(|ty| ty["_id"] == wire).expect("a type");
    let store = named("DataStoreDecisionNode");
    assert_eq!(store["name"], "Data Store Decision");
    assert_eq!(store["collection"], true);
    assert_eq!(store["metadata"]["tags"], store["tags"]);
    assert_eq!(named("PageNode")["name"], "Page Node");
    assert!(
        types.iter().all(|ty| ty["_id"] != "Decision"),
        "that is ours"
    );
}

#[tokio::test]
async fn a_type_tells_its_schema_its_template_and_itself() {
    let server = serve().await;
    let mut client = admin(&server).await;
    let path = "nodes/ValidatedUsernameNode/2.0";
    let schema = act(&mut client, &format!("{path}?_action=schema"), &json!({})).await;
    assert_eq!(schema["type"], "object");
    let attribute = &schema["properties"]["usernameAttribute"];
    assert_eq!(attribute["title"], "Username Attribute");
    assert_eq!(
        (&attribute["type"], &attribute["default"]),
        (&json!("string"), &json!("userName"))
    );
    assert_eq!(schema["properties"]["validateInput"]["type"], "boolean");
    let required = schema["required"].as_array().expect("a list");
    assert!(required.contains(&json!("usernameAttribute")), "{schema}");
    let template = act(&mut client, &format!("{path}?_action=template"), &json!({})).await;
    assert_eq!(template["usernameAttribute"], "userName");
    assert_eq!(template["validateInput"], false);
    let ty = act(&mut client, &format!("{path}?_action=getType"), &json!({})).await;
    assert_eq!(
        (&ty["_id"], &ty["collection"]),
        (&json!("2.0"), &json!(true))
    );
    let ty = act(&mut client, "nodes/MessageNode?_action=getType", &json!({})).await;
    assert_eq!(ty["_id"], "MessageNode");
    for unknown in [
        "nodes/NoSuchNode?_action=schema",
        "nodes/MessageNode/9.0?_action=schema",
    ] {
        assert_eq!(
            client.post(&at(unknown), "{}").await.status,
            404,
            "{unknown}"
        );
    }
    for unknown in [
        "nodes?_action=x",
        "nodes/MessageNode?_action=getAllTypes",
        "trees/x?_action=schema",
    ] {
        assert_eq!(
            client.post(&at(unknown), "{}").await.status,
            501,
            "{unknown}"
        );
    }
    let tree = act(&mut client, "trees?_action=template", &json!({})).await;
    assert_eq!(tree["enabled"], true);
}

#[tokio::test]
async fn the_outcomes_of_a_node_follow_its_settings() {
    let server = serve().await;
    let mut client = admin(&server).await;
    let path = "nodes/ScriptedDecisionNode?_action=listOutcomes";
    let told = act(&mut client, path, &json!({ "outcomes": ["again", "done"] })).await;
    assert_eq!(
        told,
        json!([
            { "id": "again", "displayName": "Again" }, { "id": "done", "displayName": "Done" },
        ])
    );
    let path = "nodes/InnerTreeEvaluatorNode?_action=listOutcomes";
    let told = act(&mut client, path, &json!({ "tree": "x" })).await;
    assert_eq!(told.as_array().map(Vec::len), Some(2));
    let told = act(
        &mut client,
        path,
        &json!({ "tree": "x", "displayErrorOutcome": true }),
    )
    .await;
    assert_eq!(told.as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn all_nodes_are_told_with_their_types() {
    let server = serve().await;
    let mut client = admin(&server).await;
    let before = act(&mut client, "nodes?_action=nextdescendents", &json!({})).await;
    keep_tree(&mut client, "Kept").await;
    let after = act(&mut client, "nodes?_action=nextdescendents", &json!({})).await;
    let count = |told: &Json| told["result"].as_array().expect("a list").len();
    // Those of the text are told too.
    assert_eq!((count(&before), count(&after)), (4, 9));
    for node in after["result"].as_array().expect("a list") {
        assert!(
            node["_id"].is_string() && node["_type"]["_id"].is_string(),
            "{node}"
        );
        assert!(node["_outcomes"].is_array(), "{node}");
    }
}

#[tokio::test]
async fn the_version_of_the_server_is_told_to_whoever_is_logged_in() {
    let server = serve().await;
    let mut client = admin(&server)
        .await
        .header("Accept-API-Version", "resource=1.0");
    let told = client.get("/am/json/serverinfo/version").await;
    assert_eq!(told.status, 200);
    let version = told.json()["version"].as_str().expect("text").to_owned();
    assert_eq!(version.split('.').count(), 3);
}

#[tokio::test]
async fn there_are_no_providers_and_that_is_told() {
    let server = serve().await;
    let mut client = admin(&server).await;
    let path = at("").replace(
        "authentication/authenticationtrees/",
        "services/SocialIdentityProviders",
    );
    let all = format!("{path}?_action=nextdescendents");
    let told = client.post(&all, "{}").await;
    assert_eq!((told.status, told.json()), (200, json!({ "result": [] })));
    let nobody = server
        .client()
        .header("Accept-API-Version", "resource=1.0")
        .post(&all, "{}")
        .await;
    assert_eq!(nobody.status, 401);
    assert_eq!(client.get(&path).await.status, 405);
    let one = format!("{path}/googleConfig/google");
    assert_eq!(client.send("PUT", &one, Some(b"{}")).await.status, 404);
}
