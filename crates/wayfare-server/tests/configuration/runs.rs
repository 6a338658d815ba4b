//! Logins with journeys that are kept.

use serde_json::{Value as Json, json};

use super::{FAILURE, LOGIN, admin, at, check, id, keep, keep_tree, logs_in, put, serve, tree};
use crate::support::{alpha, filled, write_all};

#[tokio::test]
async fn a_user_logs_in_with_a_journey_that_was_put() {
    let server = serve().await;
    let mut client = admin(&server).await;
    assert!(!logs_in(&mut server.client(), "Kept").await);
    keep_tree(&mut client, "Kept").await;
    let told = check(&mut client, "Kept").await;
    assert_eq!(told["served"], true, "{told}");
    assert!(logs_in(&mut server.client(), "Kept").await);
    let mut wrong = server.client();
    let step = wrong.begin("Kept").await.step();
    let again = wrong.answer(&step, &["demo".into(), "wrong".into()]).await;
    let last = wrong
        .answer(&again.step(), &["demo".into(), "wrong".into()])
        .await;
    let end = wrong
        .answer(&last.step(), &["demo".into(), "wrong".into()])
        .await;
    assert_eq!(end.status, 401, "the limit of the node: {}", end.text());
    // It is not the default, whatever it is called by.
    assert!(logs_in(&mut server.client(), "").await);
    let status = server.running.journeys(&alpha()).expect("a realm");
    assert_eq!(status.default.as_deref(), Some("Login"));
    let gone = client.send("DELETE", &at("trees/Kept"), None).await;
    assert_eq!(gone.status, 200);
    assert!(!logs_in(&mut server.client(), "Kept").await);
}

#[tokio::test]
async fn what_is_kept_is_there_after_a_restart() {
    let server = serve().await;
    let mut client = admin(&server).await;
    keep_tree(&mut client, "Kept").await;
    let before = client.get(&at("trees/Kept")).await.json();
    let cookies = client.cookies.clone();
    let server = server.restart().await;
    let mut client = server.client().header("Accept-API-Version", "resource=1.0");
    client.cookies = cookies;
    assert_eq!(client.get(&at("trees/Kept")).await.json(), before);
    assert!(logs_in(&mut server.client(), "Kept").await);
}

#[tokio::test]
async fn a_run_in_flight_ends_on_what_it_began_with() {
    let server = serve().await;
    let mut client = admin(&server).await;
    keep_tree(&mut client, "Kept").await;
    let mut old = server.client();
    let begun = old.begin("Kept").await.step();
    // From now on nobody gets in.
    let mut changed = tree("Kept");
    changed["nodes"][id("Kept", "check")]["connections"]["true"] = json!(FAILURE);
    keep(&mut client, &at("trees/Kept"), &changed).await;
    assert!(!logs_in(&mut server.client(), "Kept").await);
    let answers = ["demo".into(), "Ch4ng31t".into()];
    let end = old.answer(&begun, &answers).await;
    assert_eq!(end.status, 200, "{}", end.text());
    // Also one whose journey is gone, and after a restart.
    keep_tree(&mut client, "Kept").await;
    let mut old = server.client();
    let begun = old.begin("Kept").await.step();
    let gone = client.send("DELETE", &at("trees/Kept"), None).await;
    assert_eq!(gone.status, 200);
    let server = server.restart().await;
    let mut after = server.client();
    after.cookies = old.cookies;
    let end = after.answer(&begun, &answers).await;
    assert_eq!(end.status, 200, "{}", end.text());
    assert_eq!(server.client().begin("Kept").await.status, 400);
}

#[tokio::test]
async fn one_bad_tree_keeps_no_other_from_being_served() {
    let server = serve().await;
    let mut client = admin(&server).await;
    keep_tree(&mut client, "Kept").await;
    // A variable that nobody has given a value.
    keep_tree(&mut client, "Bad").await;
    let path = at(&format!(
        "nodes/RetryLimitDecisionNode/{}",
        id("Bad", "again")
    ));
    keep(
        &mut client,
        &path,
        &json!({ "retryLimit": { "$int": "&{esv.retry.limit}" } }),
    )
    .await;
    let told = check(&mut client, "Bad").await;
    assert_eq!(told["served"], false, "{told}");
    let reasons = told["reasons"].to_string();
    assert!(reasons.contains("esv_retry_limit"), "{reasons}");
    for name in ["Login", "Kept"] {
        assert!(logs_in(&mut server.client(), name).await, "{name}");
    }
    let server = server.restart().await;
    for name in ["Login", "Kept"] {
        assert!(
            logs_in(&mut server.client(), name).await,
            "{name} after a restart"
        );
    }
    let status = server.running.journeys(&alpha()).expect("a realm");
    assert!(status.unfit.contains_key("Bad"), "{status:?}");
    assert!(
        status.remarks.iter().any(|remark| remark.contains("`Bad`")),
        "{status:?}"
    );
}

#[tokio::test]
async fn text_goes_before_what_is_kept_under_its_name() {
    let server = serve().await;
    let mut client = admin(&server).await;
    keep_tree(&mut client, "Kept").await;
    // Later somebody writes a file with that name: nobody gets in by it.
    let text = LOGIN
        .replace("login \"Login\"", "kept \"Kept\"")
        .replace("start", "allow no_success because \"shut\"\n  start")
        .replace("true -> success", "true -> failure");
    write_all(&server.journey_folder(), &[("kept.journey", &text)]);
    server.running.reload(&alpha()).await;
    assert!(!logs_in(&mut server.client(), "Kept").await);
    let told = check(&mut client, "Kept").await;
    assert_eq!(told["file"], "kept.journey", "{told}");
    let status = server.running.journeys(&alpha()).expect("a realm");
    assert!(status.unfit.contains_key("Kept"), "{status:?}");
    assert_eq!(
        put(&mut client, &at("trees/Kept"), &tree("Kept"))
            .await
            .status,
        403
    );
    // When the file goes, what was kept is served again.
    std::fs::remove_file(server.journey_folder().join("kept.journey")).expect("it goes");
    server.running.reload(&alpha()).await;
    assert!(logs_in(&mut server.client(), "Kept").await);
}

#[tokio::test]
async fn what_is_kept_is_changed_while_a_text_is_broken() {
    let server = serve().await;
    let mut client = admin(&server).await;
    write_all(
        &server.journey_folder(),
        &[("login.journey", "journey login {")],
    );
    server.running.reload(&alpha()).await;
    let status = server.running.journeys(&alpha()).expect("a realm");
    assert!(status.error.is_some(), "{status:?}");
    keep_tree(&mut client, "Kept").await;
    for name in ["Login", "Kept"] {
        assert!(logs_in(&mut server.client(), name).await, "{name}");
    }
}

#[tokio::test]
async fn a_kept_tree_calls_a_journey_of_a_text_and_one_that_is_kept() {
    let server = serve().await;
    let mut client = admin(&server).await;
    for (name, inner) in [("Outer", "Login"), ("Outermost", "Outer")] {
        let node = format!("{name}-calls");
        let path = at(&format!("nodes/InnerTreeEvaluatorNode/{node}"));
        keep(&mut client, &path, &json!({ "tree": inner })).await;
        let body = json!({
            "entryNodeId": node,
            "nodes": { &node: {
                "nodeType": "InnerTreeEvaluatorNode", "displayName": "Inner",
                "connections": { "true": super::SUCCESS, "false": FAILURE },
            } },
        });
        keep(&mut client, &at(&format!("trees/{name}")), &body).await;
        let told = check(&mut client, name).await;
        assert_eq!(told["served"], true, "{told}");
        assert!(logs_in(&mut server.client(), name).await, "{name}");
    }
}

#[tokio::test]
async fn a_journey_that_the_settings_name_cannot_be_taken_away() {
    let server = serve().await;
    let mut client = admin(&server).await;
    keep_tree(&mut client, "Kept").await;
    let server = server
        .restart_with(|config| {
            let settings = config.realms.get_mut(&alpha()).expect("a realm");
            settings
                .modules
                .insert("DataStore".to_owned(), "Kept".to_owned());
        })
        .await;
    let mut client_again = server.client().header("Accept-API-Version", "resource=1.0");
    client_again.cookies = client.cookies.clone();
    let refused = client_again.send("DELETE", &at("trees/Kept"), None).await;
    assert_eq!(refused.status, 409, "{}", refused.text());
    let said: Json = refused.json()["message"].clone();
    assert!(said.to_string().contains("modules.DataStore"), "{said}");
    assert!(logs_in(&mut server.client(), "Kept").await);
}

#[tokio::test]
async fn a_script_decides_in_a_tree_that_is_kept() {
    let server = serve().await;
    let mut client = admin(&server).await;
    // outcome = requestParameters.get("go") ? "yes" : "no"; of the first generation.
    let script = json!({
        "name": "Way", "language": "JAVASCRIPT", "context": "AUTHENTICATION_TREE_DECISION_NODE",
        "evaluatorVersion": "1.0",
        "script": "b3V0Y29tZSA9IHJlcXVlc3RQYXJhbWV0ZXJzLmdldCgiZ28iKSA/ICJ5ZXMiIDogIm5vIjs=",
    });
    let path = super::scripts("/0f0f0f0f-0000-4000-8000-000000000001");
    let mut other = client.clone().header("Accept-API-Version", "resource=1.0");
    keep(&mut other, &path, &script).await;
    for (ty, node, body) in super::nodes("Kept") {
        keep(&mut client, &at(&format!("nodes/{ty}/{node}")), &body).await;
    }
    let way = json!({
        "script": "0f0f0f0f-0000-4000-8000-000000000001", "outcomes": ["yes", "no"],
        "inputs": ["*"], "outputs": ["*"],
    });
    keep(&mut client, &at("nodes/ScriptedDecisionNode/way"), &way).await;
    let mut scripted = tree("Kept");
    scripted["entryNodeId"] = json!("way");
    scripted["nodes"]["way"] = json!({
        "nodeType": "ScriptedDecisionNode", "displayName": "Way",
        "connections": { "yes": id("Kept", "page"), "no": FAILURE },
    });
    keep(&mut client, &at("trees/Kept"), &scripted).await;
    let told = check(&mut client, "Kept").await;
    assert_eq!(told["served"], true, "{told}");
    let query = "authIndexType=service&authIndexValue=Kept";
    let mut user = server.client();
    let shut = user
        .post(&crate::support::Client::path("/alpha", query), "")
        .await;
    assert_eq!(shut.status, 401, "{}", shut.text());
    let open = format!("{query}&go=1");
    let step = user
        .post(&crate::support::Client::path("/alpha", &open), "")
        .await
        .step();
    let body = filled(&step, &["demo".into(), "Ch4ng31t".into()]).to_string();
    user.post(&crate::support::Client::path("/alpha", ""), &body)
        .await
        .token();
}

#[tokio::test]
async fn a_script_of_a_text_goes_before_the_one_that_is_kept_under_its_id() {
    let server = serve().await;
    let mut client = admin(&server).await;
    let text = "journey scripted {
  start way
  node way: ScriptedDecision(script = file(\"scripts/way.legacy.js\")) {
    yes -> user
    no -> failure
  }
  node user: UsernameCollector -> pass
  node pass: PasswordCollector -> check
  node check: DataStoreDecision {
    true -> success
    false -> failure
  }
}
";
    let files = [
        ("scripted.journey", text),
        ("scripts/way.legacy.js", "outcome = \"yes\";"),
    ];
    write_all(&server.journey_folder(), &files);
    server.running.reload(&alpha()).await;
    let status = server.running.journeys(&alpha()).expect("a realm");
    assert_eq!(status.error, None);
    let mut other = client.clone().header("Accept-API-Version", "resource=1.0");
    let listed = other
        .get(&super::scripts("?_queryFilter=true"))
        .await
        .json();
    let script = listed["result"][0].clone();
    let own = script["_id"].as_str().expect("an id").to_owned();
    // Before there was such a file, somebody kept another text under that id.
    for (name, _) in files {
        std::fs::remove_file(server.journey_folder().join(name)).expect("it goes");
    }
    server.running.reload(&alpha()).await;
    let kept = json!({
        "name": "Way", "language": "JAVASCRIPT", "context": "AUTHENTICATION_TREE_DECISION_NODE",
        "evaluatorVersion": "1.0", "script": "b3V0Y29tZSA9ICJubyI7",
    });
    let path = super::scripts(&format!("/{own}"));
    keep(&mut other, &path, &kept).await;
    for (ty, node, body) in super::nodes("Kept") {
        keep(&mut client, &at(&format!("nodes/{ty}/{node}")), &body).await;
    }
    let way =
        json!({ "script": own, "outcomes": ["yes", "no"], "inputs": ["*"], "outputs": ["*"] });
    keep(&mut client, &at("nodes/ScriptedDecisionNode/way"), &way).await;
    let mut scripted = tree("Kept");
    scripted["entryNodeId"] = json!("way");
    scripted["nodes"]["way"] = json!({
        "nodeType": "ScriptedDecisionNode", "displayName": "Way",
        "connections": { "yes": id("Kept", "page"), "no": FAILURE },
    });
    keep(&mut client, &at("trees/Kept"), &scripted).await;
    assert_eq!(check(&mut client, "Kept").await["served"], true);
    assert!(!logs_in(&mut server.client(), "Kept").await);
    write_all(&server.journey_folder(), &files);
    server.running.reload(&alpha()).await;
    let told = other.get(&path).await.json();
    assert_eq!(told["script"], script["script"]);
    assert!(
        logs_in(&mut server.client(), "Kept").await,
        "what is told is run"
    );
}
