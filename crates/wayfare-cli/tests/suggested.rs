//! `import am --suggest`: what is offered in the place of scripts, and that it stands where it is put.

use serde_json::{Value as Json, json};

use crate::{
    import::{SHOP, files},
    support::Folder,
};

const PAGE: &str = "5a1e0010-0c0f-4b1d-9a1e-000000000010";
const PASSWORD: &str = "5a1e0013-0c0f-4b1d-9a1e-000000000013";
const NETWORK: &str = "5a1e0014-0c0f-4b1d-9a1e-000000000014";
const LEVEL: &str = "5a1e0016-0c0f-4b1d-9a1e-000000000016";
const SUCCESS: &str = "70e691a5-1e33-4ac3-a356-e7b6d60d92e0";
const FAILURE: &str = "e301438c-0bd0-429c-ab0c-66126501069a";

const COUNTS: &str = r#"var tries = nodeState.get("tries");
if (tries == null) { tries = 0; }
tries++;
nodeState.putShared("tries", tries);
outcome = tries > 2 ? "enough" : "again";
"#;

const ASKS: &str = r#"if (callbacks.isEmpty()) {
  callbacksBuilder.textOutputCallback(0, "You are at the office.");
  callbacksBuilder.confirmationCallback(0, ["Go on", "Leave"], 1);
} else {
  outcome = callbacks.getConfirmationCallbacks().get(0) === 0 ? "on" : "off";
}
"#;

const COMPARES: &str = r#"var from = requestHeaders.get("x-network");
if (from && from.get(0) === "office") { action.goTo("inside"); } else { action.goTo("outside"); }
"#;

/// Puts a node with a script into a tree.
fn scripted(tree: &mut Json, at: u32, name: &str, script: &str, ways: &[(&str, &str)]) -> String {
    let id = format!("5a1e0{at:03}-0c0f-4b1d-9a1e-000000000{at:03}");
    let script_id = format!("5a1e1{at:03}-0c0f-4b1d-9a1e-000000000{at:03}");
    let outcomes: Vec<&str> = ways.iter().map(|(outcome, _)| *outcome).collect();
    let connections: Json = ways
        .iter()
        .map(|(outcome, to)| ((*outcome).to_owned(), json!(to)))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let listed: Vec<Json> = outcomes
        .iter()
        .map(|outcome| json!({ "id": outcome, "displayName": outcome }))
        .collect();
    tree["nodes"][&id] = json!({
        "_id": id,
        "_type": { "_id": "ScriptedDecisionNode", "collection": true, "name": "Scripted Decision" },
        "_outcomes": listed,
        "inputs": ["*"],
        "outputs": ["*"],
        "outcomes": outcomes,
        "script": script_id,
    });
    tree["tree"]["nodes"][&id] = json!({
        "connections": connections, "displayName": name, "nodeType": "ScriptedDecisionNode",
        "x": 100 * at, "y": 100,
    });
    let lines: Vec<&str> = script.lines().collect();
    tree["scripts"][&script_id] = json!({
        "_id": script_id, "context": "SCRIPTED_DECISION_NODE", "creationDate": 0, "default": false,
        "description": "", "evaluatorVersion": "2.0", "language": "JAVASCRIPT",
        "name": format!("{name} script"), "script": lines,
    });
    id
}

/// The shop, where scripts compare, ask, count and do nothing.
fn shop(counts: &str) -> Json {
    let mut shop: Json = serde_json::from_str(SHOP).unwrap();
    let tree = &mut shop["trees"]["Sign In"];
    let script = COMPARES.lines().collect::<Vec<_>>();
    tree["scripts"]["5a1e0090-0c0f-4b1d-9a1e-000000000090"]["script"] = json!(script);
    let idle = scripted(
        tree,
        51,
        "Nothing",
        "outcome = 'true';",
        &[("true", SUCCESS)],
    );
    let asks = scripted(tree, 52, "Ask", ASKS, &[("on", &idle), ("off", FAILURE)]);
    let counts = scripted(
        tree,
        53,
        "Count",
        counts,
        &[("again", PAGE), ("enough", FAILURE)],
    );
    let ways = &mut tree["tree"]["nodes"];
    ways[PASSWORD]["connections"]["false"] = json!(counts);
    ways[NETWORK]["connections"]["inside"] = json!(asks);
    assert!(ways[LEVEL].is_object());
    shop
}

const OFFERED: &str = "Suggested for 4 of 4 nodes with scripts:

sign_in.journey: `ask` runs `scripts/ask_script.js`, which could be
  node ask: Message {
    message = \"You are at the office.\"
    messageYes = \"Go on\"
    messageNo = \"Leave\"
    true -> nothing
    false -> failure
  }

sign_in.journey: `count` runs `scripts/count_script.js`, which could be
  node count: RetryLimitDecision {
    retryLimit = 2
    Retry -> credentials
    Reject -> failure
  }

sign_in.journey: `network` runs `scripts/shop_network.js`, which could be
  node network: Decision {
    when has request.headers[\"x-network\"] && request.headers[\"x-network\"] == \"office\" as inside -> ask
    else -> second_factor
  }

sign_in.journey: `nothing` runs `scripts/nothing_script.js`, which could be
  nothing: every run goes on to `success`
";

#[test]
fn what_is_offered_stands_in_the_place_of_the_scripts() {
    let shop = shop(COUNTS).to_string();
    let folder = Folder::new(&[("shop.json", &shop)]);
    let plain = folder.run(&["import", "am", "shop.json", "--out", "plain"]);
    assert_eq!(plain.code, 0, "{plain:?}");
    let ran = folder.run(&["import", "am", "shop.json", "--out", "shop", "--suggest"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let found = sorted(ran.out.split("\n\n").collect());
    for part in OFFERED.split("\n\n").map(str::trim_end) {
        assert!(
            found.iter().any(|own| own.trim_end() == part),
            "{part}\n{}",
            ran.out
        );
    }
    // Nothing of it is written, and without the word nothing is said.
    assert_eq!(
        files(&folder.path().join("plain")),
        files(&folder.path().join("shop"))
    );
    assert!(!plain.out.contains("Suggested"), "{}", plain.out);
    let said = ran
        .out
        .replace("`shop", "`plain")
        .replace(" shop\n", " plain\n");
    let rest = sorted(said.split("\n\n").collect());
    let rest = rest
        .iter()
        .filter(|part| !OFFERED.contains(part.trim_end()));
    let rest: Vec<&&str> = rest.collect();
    let before = sorted(plain.out.split("\n\n").collect());
    for part in &before {
        assert!(rest.contains(&part), "{part}\n{}", ran.out);
    }
    let ran = folder.run(&["check", "shop"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let text = folder.read("shop/sign_in.journey");
    let text = replaced(&text, &offered(OFFERED)).replace("-> nothing", "-> success");
    assert!(!text.contains("scripts/ask"), "{text}");
    std::fs::write(folder.path().join("shop/sign_in.journey"), text).unwrap();
    let ran = folder.run(&["check", "shop"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.contains(" 0 errors"), "{}", ran.err);
}

fn sorted(mut parts: Vec<&str>) -> Vec<&str> {
    parts.sort_unstable();
    parts
}

/// The nodes that are offered, by their names.
fn offered(text: &str) -> Vec<(String, String)> {
    let parts = text.split("\n\n").filter_map(|part| {
        let node = part.split_once("\n  node ")?.1;
        let name = node.split_once(':')?.0;
        Some((name.to_owned(), format!("  node {}\n", node.trim_end())))
    });
    parts.collect()
}

/// The text of a journey with these nodes in the place of its own.
fn replaced(text: &str, nodes: &[(String, String)]) -> String {
    let mut out = String::new();
    let mut lines = text.split_inclusive('\n');
    while let Some(line) = lines.next() {
        let found = nodes
            .iter()
            .find(|(name, _)| line.starts_with(&format!("  node {name}: ")));
        let is_idle = line.starts_with("  node nothing: ");
        if found.is_none() && !is_idle {
            out.push_str(line);
            continue;
        }
        out.push_str(found.map_or("", |(_, node)| node));
        // The block of the node before.
        if line.trim_end().ends_with('{') {
            for line in lines.by_ref() {
                if line == "  }\n" {
                    break;
                }
            }
        }
    }
    out
}

#[test]
fn a_count_that_others_know_of_is_no_limit_of_its_own() {
    let counts = |shop: &Json| {
        let shop = shop.to_string();
        let folder = Folder::new(&[("shop.json", &shop)]);
        let ran = folder.run(&["import", "am", "shop.json", "--dry-run", "--suggest"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        ran.out.contains("RetryLimitDecision {")
    };
    assert!(counts(&shop(COUNTS)));
    for (name, other) in [
        (
            "reads",
            "if (nodeState.get('tries') > 1) outcome = 'true'; else outcome = 'true';",
        ),
        (
            "shows all",
            "logger.info(JSON.stringify(nodeState.keys())); outcome = 'true';",
        ),
        (
            "cannot be told",
            "logger.info(nodeState.get(realm)); outcome = 'true';",
        ),
    ] {
        let mut shop = shop(COUNTS);
        let tree = &mut shop["trees"]["Second Factor"];
        scripted(tree, 60, "Other", other, &[("true", SUCCESS)]);
        assert!(!counts(&shop), "{name}");
    }
    let mut shop = shop(COUNTS);
    let node = shop["trees"]["Sign In"]["nodes"].as_object_mut().unwrap();
    let count = node
        .values_mut()
        .find(|node| node["outcomes"] == json!(["again", "enough"]))
        .unwrap();
    // A script that sees a part of the state is no guard either.
    count["inputs"] = json!(["other"]);
    assert!(!counts(&shop));
}
