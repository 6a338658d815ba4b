//! What is listed, read, made, replaced and removed, in the product's words.

use serde_json::{Value as Json, json};

use super::{admin, at, id, keep, keep_tree, nodes, put, scripts, serve, tree};

#[tokio::test]
async fn a_tree_is_made_read_replaced_and_removed() {
    let server = serve().await;
    let mut client = admin(&server).await;
    let path = at("trees/Kept%20one");
    let missing = client.get(&path).await;
    assert_eq!(missing.status, 404);
    let not_found = json!({ "code": 404, "reason": "Not Found", "message": "Not Found" });
    assert_eq!(missing.json(), not_found);
    let sent = json!({
        "entryNodeId": super::FAILURE, "nodes": {}, "description": "Nothing yet",
        "uiConfig": { "categories": "[]" },
    });
    let made = put(&mut client, &path, &sent).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let place = made.header("location").expect("a place");
    assert!(place.ends_with(&path), "{place}");
    let told = made.json();
    assert_eq!(told["_id"], "Kept one");
    assert_eq!(told["enabled"], true);
    assert_eq!(told["innerTreeOnly"], false);
    assert_eq!(told["mustRun"], false);
    assert_eq!(told["noSession"], false);
    let revision = told["_rev"].as_str().expect("a revision").to_owned();
    assert!(revision.parse::<i32>().is_ok(), "{revision}");
    assert_eq!(
        made.header("etag"),
        Some(format!("\"{revision}\"").as_str())
    );
    assert_eq!(made.header("content-api-version"), Some("resource=1.0"));
    let read = client.get(&path).await;
    assert_eq!((read.status, read.json()), (200, told.clone()));
    let mut sent = told.clone();
    sent["enabled"] = json!(false);
    let replaced = put(&mut client, &path, &sent).await;
    assert_eq!(replaced.status, 200);
    assert_eq!(replaced.header("location"), None);
    assert_eq!(replaced.json()["enabled"], false);
    assert_ne!(replaced.json()["_rev"], told["_rev"]);
    let listed = client.get(&at("trees?_queryFilter=true")).await.json();
    let names: Vec<&Json> = listed["result"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|tree| &tree["_id"])
        .collect();
    assert_eq!(names, ["Kept one", "Login"]);
    assert_eq!(listed["resultCount"], 2);
    assert_eq!(listed["pagedResultsCookie"], Json::Null);
    assert_eq!(listed["totalPagedResults"], -1);
    let removed = client.send("DELETE", &path, None).await;
    assert_eq!((removed.status, removed.json()), (200, replaced.json()));
    for method in ["GET", "DELETE"] {
        let gone = client.send(method, &path, None).await;
        assert_eq!((gone.status, gone.json()), (404, not_found.clone()));
    }
}

#[tokio::test]
async fn what_cannot_stand_in_a_tree_is_refused_in_the_words_of_the_product() {
    let server = serve().await;
    let mut client = admin(&server).await;
    let path = at("trees/x");
    let good = json!({ "entryNodeId": super::FAILURE, "nodes": {} });
    for (member, value, message) in [
        ("nodes2", json!({}), "Invalid attribute specified."),
        (
            "nodes",
            json!({ "a": "bad data" }),
            "Data validation failed for the attribute, Nodes",
        ),
        (
            "nodes",
            json!([]),
            "Data validation failed for the attribute, Nodes",
        ),
        (
            "nodes",
            json!({ "../x": { "nodeType": "MessageNode" } }),
            "Data validation failed for the attribute, Nodes",
        ),
        (
            "nodes",
            json!({ "a": { "nodeType": "MessageNode", "connections": { "true": 7 } } }),
            "Data validation failed for the attribute, Nodes",
        ),
        (
            "enabled",
            json!("yes"),
            "Data validation failed for the attribute, Enabled",
        ),
        (
            "entryNodeId",
            json!(""),
            "Node with ID entryNodeId must exist in the tree.",
        ),
        ("_id", json!("y"), "Invalid value for _id"),
    ] {
        let mut sent = good.clone();
        sent[member] = value;
        let reply = put(&mut client, &path, &sent).await;
        assert_eq!(reply.status, 400, "{member}: {}", reply.text());
        assert_eq!(reply.json()["message"], message);
        assert_eq!(reply.json()["reason"], "Bad Request");
    }
    let reply = put(&mut client, &path, &json!({ "nodes2": {} }))
        .await
        .json();
    let valid = reply["detail"]["validAttributes"]
        .as_array()
        .expect("a list");
    assert!(
        valid.contains(&json!("nodes")) && valid.contains(&json!("uiConfig")),
        "{reply}"
    );
    for body in ["", "[]", "{", "{\"a\":1,\"a\":2}", "{} x", "null"] {
        let reply = client.send("PUT", &path, Some(body.as_bytes())).await;
        let sorts = (reply.status, reply.json()["code"].as_u64());
        assert_eq!(sorts, (400, Some(400)), "{body}: {}", reply.text());
    }
    let typed = client.clone().header("Content-Type", "text/plain");
    let reply = put(&mut { typed }, &path, &good).await;
    assert_eq!(reply.status, 415);
    assert_eq!(client.get(&path).await.status, 404);
}

#[tokio::test]
async fn a_node_has_its_type_its_outcomes_and_no_more_than_its_type_takes() {
    let server = serve().await;
    let mut client = admin(&server).await;
    let node = at("nodes/MessageNode/0a0a0a0a-0000-4000-8000-000000000001");
    let sent = json!({
        "message": { "en": "Hello" },
        "messageYes": {}, "messageNo": {},
        "_type": { "_id": "MessageNode", "name": "Message Node", "collection": true },
        "_outcomes": [
            { "id": "true", "displayName": "Yes" }, { "id": "false", "displayName": "No" },
        ],
    });
    let made = put(&mut client, &node, &sent).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let told = made.json();
    assert_eq!(told["_type"]["_id"], "MessageNode");
    assert_eq!(told["_type"]["version"], "1.0");
    assert_eq!(told["_outcomes"], sent["_outcomes"]);
    assert_eq!(told["message"], sent["message"]);
    assert_eq!(client.get(&node).await.json(), told);
    let mut more = sent.clone();
    more["colour"] = json!("red");
    let refused = put(&mut client, &node, &more).await;
    assert_eq!(refused.status, 400);
    let refused = refused.json();
    assert_eq!(refused["message"], "Invalid attribute specified.");
    let valid = refused["detail"]["validAttributes"]
        .as_array()
        .expect("a list");
    assert!(valid.contains(&json!("messageYes")), "{refused}");
    more.as_object_mut().expect("an object").remove("colour");
    more["message"] = json!(7);
    assert_eq!(
        put(&mut client, &node, &more).await.status,
        200,
        "any text will do"
    );
    // Each outcome where its settings bring it.
    let choice = at("nodes/ChoiceCollectorNode?_action=create");
    let sent = json!({ "_id": "c-1", "choices": ["red", "blue"], "prompt": "Which?" });
    let made = client.post(&choice, &sent.to_string()).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let ids: Vec<Json> = made.json()["_outcomes"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|outcome| outcome["id"].clone())
        .collect();
    assert_eq!(ids, ["red", "blue"]);
    assert!(
        made.header("location")
            .expect("a place")
            .ends_with("/ChoiceCollectorNode/c-1")
    );
    let twice = client.post(&choice, &sent.to_string()).await;
    assert_eq!(twice.status, 409);
    assert_eq!(
        twice.json()["message"],
        "Unable to save config: Service already exists"
    );
    // Without an id one is made.
    let made = client.post(&choice, r#"{"choices":["a"]}"#).await.json();
    let own = made["_id"].as_str().expect("an id");
    assert_eq!(own.len(), 36, "{own}");
    let of_type = client
        .get(&at("nodes/ChoiceCollectorNode?_queryFilter=true"))
        .await;
    assert_eq!(of_type.json()["resultCount"], 2);
    let gone = client
        .send("DELETE", &at("nodes/ChoiceCollectorNode/c-1"), None)
        .await;
    assert_eq!(
        (gone.status, gone.json()["_id"].clone()),
        (200, json!("c-1"))
    );
    for unknown in ["NoSuchNode", "Decision", "message", "MessageNode%20"] {
        let reply = put(&mut client, &at(&format!("nodes/{unknown}/a")), &json!({})).await;
        assert_eq!(reply.status, 404, "{unknown}: {}", reply.text());
    }
}

#[tokio::test]
async fn versions_of_nodes_stand_in_the_path_or_in_the_node() {
    let server = serve().await;
    let mut client = admin(&server).await;
    let new = client
        .clone()
        .header("Accept-API-Version", "protocol=2.1,resource=3.0");
    let mut new = { new };
    let path = at("nodes/ValidatedUsernameNode/2.0/v-2");
    let made = put(&mut new, &path, &json!({ "usernameAttribute": "userName" })).await;
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(made.json()["_type"]["version"], "2.0");
    assert_eq!(made.header("content-api-version"), Some("resource=3.0"));
    // Older clients find it without a version, and keep it when they send it back.
    let plain = at("nodes/ValidatedUsernameNode/v-2");
    let read = client.get(&plain).await.json();
    assert_eq!(read["_type"]["version"], "2.0");
    assert_eq!(
        keep(&mut client, &plain, &read).await["_type"]["version"],
        "2.0"
    );
    assert_eq!(
        new.get(&at("nodes/ValidatedUsernameNode/1.0/v-2"))
            .await
            .status,
        404
    );
    assert_eq!(
        new.get(&at("nodes/ValidatedUsernameNode/3.0/v-2"))
            .await
            .status,
        404
    );
    let listed = new
        .get(&at("nodes/ValidatedUsernameNode/2.0?_queryFilter=true"))
        .await;
    assert_eq!(listed.json()["resultCount"], 1);
    let listed = new
        .get(&at("nodes/ValidatedUsernameNode/1.0?_queryFilter=true"))
        .await;
    assert_eq!(listed.json()["resultCount"], 0);
    let other = json!({ "_type": { "version": "7.0" } });
    assert_eq!(put(&mut client, &plain, &other).await.status, 400);
    // A page of the second version says whose an outcome is.
    let page = json!({ "nodes": [
        { "_id": "v-2", "nodeType": "ValidatedUsernameNode", "nodeVersion": "2.0", "displayName": "U" },
    ] });
    let made = put(&mut new, &at("nodes/PageNode/2.0/p-2"), &page)
        .await
        .json();
    assert_eq!(made["_outcomes"][0]["id"], "v-2-outcome");
    let made = put(&mut new, &at("nodes/PageNode/1.0/p-1"), &page)
        .await
        .json();
    assert_eq!(made["_outcomes"][0]["id"], "outcome");
}

#[tokio::test]
async fn a_page_holds_nodes_that_are_there_and_may_stand_in_one() {
    let server = serve().await;
    let mut client = admin(&server).await;
    keep_tree(&mut client, "Kept").await;
    for (child, message) in [
        (
            json!({ "_id": "gone", "nodeType": "MessageNode" }),
            "Node does not exist: gone",
        ),
        (
            json!({ "_id": id("Kept", "page"), "nodeType": "PageNode" }),
            "Illegal child node type: PageNode",
        ),
        (
            json!({ "_id": "x", "nodeType": "InnerTreeEvaluatorNode" }),
            "Illegal child node type: InnerTreeEvaluatorNode",
        ),
        (
            json!("x:y"),
            "Data validation failed for the attribute, Nodes",
        ),
        (
            json!({ "_id": "../..", "nodeType": "MessageNode" }),
            "Data validation failed for the attribute, Nodes",
        ),
    ] {
        let reply = put(
            &mut client,
            &at("nodes/PageNode/p"),
            &json!({ "nodes": [child] }),
        )
        .await;
        assert_eq!(reply.status, 400, "{}", reply.text());
        assert_eq!(reply.json()["message"], message);
    }
}

#[tokio::test]
async fn scripts_are_kept_by_id_and_found_by_name() {
    let server = serve().await;
    let mut client = admin(&server).await;
    client = client.header("Accept-API-Version", "protocol=2.0,resource=1.0");
    // outcome = "yes";
    let sent = json!({
        "name": "Says yes", "description": "", "script": "b3V0Y29tZSA9ICJ5ZXMiOw==",
        "language": "JAVASCRIPT", "context": "AUTHENTICATION_TREE_DECISION_NODE",
        "evaluatorVersion": "1.0", "default": false,
        "createdBy": "id=somebody", "creationDate": 1, "lastModifiedBy": "null", "lastModifiedDate": 0,
    });
    let path = scripts("/5b3e4dd2-8060-4029-9ec1-6867932ab939");
    let made = put(&mut client, &path, &sent).await;
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(made.header("content-api-version"), Some("resource=1.1"));
    let told = made.json();
    assert_eq!(told["script"], sent["script"]);
    // Who made it says the server.
    assert_eq!(told["createdBy"], "amadmin");
    assert_eq!(told["creationDate"], 1_800_000_000_000_u64);
    assert_eq!(client.get(&path).await.json(), told);
    let by_name = client
        .get(&scripts("?_queryFilter=name+eq+%22Says%20yes%22"))
        .await;
    assert_eq!(by_name.json()["result"][0]["_id"], told["_id"]);
    let none = client.get(&scripts("?_queryFilter=name+eq+%22x%22")).await;
    assert_eq!(none.json()["resultCount"], 0);
    let other = scripts("/5b3e4dd2-8060-4029-9ec1-000000000000");
    let twice = put(&mut client, &other, &sent).await;
    assert_eq!(twice.status, 409);
    assert_eq!(
        twice.json()["message"],
        "Script with name Says yes already exist in realm"
    );
    for (member, value) in [
        ("script", json!("not base 64!")),
        ("script", json!("/w==")),
        ("language", json!("COBOL")),
        ("name", json!(" ")),
        ("default", json!(7)),
    ] {
        let mut wrong = sent.clone();
        wrong["name"] = json!("Another");
        wrong[member] = value;
        let reply = put(&mut client, &other, &wrong).await;
        assert_eq!(reply.status, 400, "{member}: {}", reply.text());
    }
    // A node that runs a script needs it to be there, and keeps it there.
    let running = |script: &str| json!({ "script": script, "outcomes": ["yes"] });
    let scripted = at("nodes/ScriptedDecisionNode/s");
    let reply = put(&mut client, &scripted, &running("gone")).await;
    assert_eq!(reply.status, 400);
    assert_eq!(
        reply.json()["message"],
        "Data validation failed for the attribute, Script"
    );
    let mut client = client.header("Accept-API-Version", "protocol=2.1,resource=1.0");
    keep(
        &mut client,
        &scripted,
        &running("5b3e4dd2-8060-4029-9ec1-6867932ab939"),
    )
    .await;
    let tree = json!({
        "entryNodeId": "s",
        "nodes": { "s": {
            "nodeType": "ScriptedDecisionNode", "displayName": "Script",
            "connections": { "yes": super::FAILURE },
        } },
    });
    keep(&mut client, &at("trees/Scripted"), &tree).await;
    for used in [&scripted, &path] {
        let refused = client.send("DELETE", used, None).await;
        assert_eq!(refused.status, 409, "{used}: {}", refused.text());
        let said = refused.json()["message"].as_str().expect("text").to_owned();
        assert!(said.contains("is used by the tree 'Scripted'"), "{said}");
    }
    for gone in [&at("trees/Scripted"), &scripted, &path] {
        assert_eq!(
            client.send("DELETE", gone, None).await.status,
            200,
            "{gone}"
        );
    }
}

#[tokio::test]
async fn lists_have_pages_and_members() {
    let server = serve().await;
    let mut client = admin(&server).await;
    for name in ["a", "b", "c"] {
        keep(
            &mut client,
            &at(&format!("trees/{name}")),
            &json!({ "entryNodeId": super::FAILURE, "nodes": {} }),
        )
        .await;
    }
    let page = "trees?_queryFilter=true&_pageSize=2&_pagedResultsOffset=1&_fields=_id,enabled&_totalPagedResultsPolicy=EXACT";
    let page = client.get(&at(page)).await.json();
    // Upper case first: `Login` is that of the text.
    assert_eq!(page["result"][0]["_id"], "a");
    assert_eq!(page["result"][1]["_id"], "b");
    assert_eq!(
        (&page["resultCount"], &page["totalPagedResults"]),
        (&json!(2), &json!(4))
    );
    assert_eq!(page["pagedResultsCookie"], "3");
    let last = "trees?_queryFilter=true&_pageSize=2&_pagedResultsCookie=3&_fields=_id";
    let last = client.get(&at(last)).await.json();
    assert_eq!(
        (&last["result"][0]["_id"], &last["resultCount"]),
        (&json!("c"), &json!(1))
    );
    assert_eq!(last["pagedResultsCookie"], Json::Null);
    let members: Vec<&String> = page["result"][0]
        .as_object()
        .expect("an object")
        .keys()
        .collect();
    assert_eq!(members, ["_id", "_rev", "enabled"]);
    let read = client.get(&at("trees/a?_fields=description")).await.json();
    assert_eq!(read.as_object().expect("an object").len(), 2);
    for bad in [
        "trees?_queryFilter=false+or",
        "trees?_queryFilter=_id+sw+%22a%22",
        "trees?_queryFilter=true&_queryId=*",
        "trees?_queryFilter=true&_pageSize=-1",
        "trees?_queryFilter=true&_pageSize=1&_pagedResultsCookie=abc",
        "trees?_queryFilter=true&_queryFilter=true",
    ] {
        assert_eq!(client.get(&at(bad)).await.status, 400, "{bad}");
    }
    let none = client.get(&at("trees?_queryFilter=false")).await.json();
    assert_eq!(none["resultCount"], 0);
    let one = client
        .get(&at("trees?_queryFilter=_id+eq+%22b%22"))
        .await
        .json();
    assert_eq!(one["result"][0]["_id"], "b");
}

#[tokio::test]
async fn every_change_is_a_line_of_the_audit() {
    let server = serve().await;
    let mut client = admin(&server).await;
    keep_tree(&mut client, "Kept").await;
    let kept = tree("Kept");
    keep(&mut client, &at("trees/Kept"), &kept).await;
    let gone = client.send("DELETE", &at("trees/Kept"), None).await;
    assert_eq!(gone.status, 200);
    let audit = server.audit();
    let lines: Vec<String> = audit
        .iter()
        .filter(|line| line["eventName"] == "AM-CONFIG-CHANGE")
        .map(|line| {
            assert_eq!(line["username"], "amadmin");
            assert_eq!(line["realm"], "/alpha");
            assert_eq!(line["result"], "SUCCESSFUL");
            let name = line["name"].as_str().expect("a name");
            let short = name.split('/').next().expect("a type");
            let [kind, change] = ["kind", "change"].map(|key| line[key].as_str().expect("text"));
            format!("{kind} {short} {change}")
        })
        .collect();
    let mut expected: Vec<String> = nodes("Kept")
        .iter()
        .map(|(ty, _, _)| format!("node {ty} created"))
        .collect();
    for change in ["created", "replaced", "removed"] {
        expected.push(format!("tree Kept {change}"));
    }
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn a_choice_is_one_of_its_words_and_a_number_lies_in_its_range() {
    let server = serve().await;
    let mut client = admin(&server).await;
    // What a variable stands for is looked at when it has a value.
    for (ty, setting, value, status) in [
        (
            "ModifyAuthLevelNode",
            "authLevelIncrement",
            json!("high"),
            400,
        ),
        ("RetryLimitDecisionNode", "retryLimit", json!(-1), 400),
        (
            "RetryLimitDecisionNode",
            "retryLimit",
            json!({ "$int": "&{esv.tries}" }),
            201,
        ),
        (
            "WebAuthnRegistrationNode",
            "userVerificationRequirement",
            json!("REQUIERD"),
            400,
        ),
        (
            "WebAuthnRegistrationNode",
            "userVerificationRequirement",
            json!("&{esv.uv}"),
            201,
        ),
        (
            "WebAuthnRegistrationNode",
            "userVerificationRequirement",
            json!("REQUIRED"),
            200,
        ),
    ] {
        let path = at(&format!("nodes/{ty}/bound"));
        let reply = put(&mut client, &path, &json!({ (setting): value })).await;
        assert_eq!(
            reply.status,
            status,
            "{ty} {setting} {value}: {}",
            reply.text()
        );
    }
}
