//! Every packaging is read as the same two trees.

use wayfare_import::{Bundle, Code, Form, NodeId, Place, Reading, Spelling, Tree};

use crate::exports;

const SCRIPT: &str = "00000000-0000-4000-8000-000000000c01";
const PAGE: &str = "00000000-0000-4000-8000-000000000a00";

/// Whether the export has versions of node types.
#[derive(Clone, Copy, PartialEq)]
enum Versions {
    Written,
    None,
}

/// A tree in lines: where it begins, then its nodes.
fn lines(tree: &Tree) -> Vec<String> {
    let mut lines = vec![format!(
        "{} begins at {}",
        tree.name,
        tree.entry.as_ref().map_or("nothing", |id| short(&id.0))
    )];
    for (id, node) in &tree.nodes {
        let place = match &node.place {
            Place::Tree => "",
            Place::Page(page) => &format!(" in {}", short(&page.0)),
            Place::Loose => " loose",
        };
        let version = node.type_version().map(|version| format!("@{version}"));
        let ways: Vec<String> = node
            .connections
            .iter()
            .map(|(outcome, target)| format!("{} -> {}", short(outcome), short(&target.0)))
            .collect();
        let children: Vec<&str> = node.children.iter().map(|id| short(&id.0)).collect();
        let children = if children.is_empty() {
            String::new()
        } else {
            format!(" with {}", children.join(", "))
        };
        lines.push(format!(
            "{}{place} {}{} {:?}{children}: {}",
            short(&id.0),
            node.ty,
            version.unwrap_or_default(),
            node.display.as_deref().unwrap_or_default(),
            ways.join("; "),
        ));
        assert!(node.found, "{id}");
    }
    lines
}

/// The end of an id of the exports, and a word for the ends.
fn short(id: &str) -> &str {
    match id {
        "70e691a5-1e33-4ac3-a356-e7b6d60d92e0" => "success",
        "e301438c-0bd0-429c-ab0c-66126501069a" => "failure",
        id => id
            .strip_prefix("00000000-0000-4000-8000-000000000")
            .unwrap_or(id),
    }
}

fn sign_in(versions: Versions) -> Vec<String> {
    let written = versions == Versions::Written;
    let (page, outcome, name) = if written {
        ("PageNode@2.0", "a02-outcome", "UsernameCollectorNode@1.0")
    } else {
        ("PageNode", "outcome", "UsernameCollectorNode")
    };
    [
        "Sign In begins at a00",
        &format!("a00 {page} \"Who are you?\" with a01, a02: {outcome} -> a03"),
        &format!("a01 in a00 {name} \"Name\": "),
        "a02 in a00 PasswordCollectorNode \"Secret: word\": ",
        "a03 DataStoreDecisionNode \"Check\": false -> failure; true -> a04",
        "a04 ScriptedDecisionNode \"Known: or not\": known -> success; unknown -> a05",
        "a05 InnerTreeEvaluatorNode \"Second Step\": false -> failure; true -> success",
    ]
    .map(str::to_owned)
    .to_vec()
}

fn second_step() -> Vec<String> {
    [
        "Second Step begins at b00",
        "b00 OneTimePasswordGeneratorNode \"Make a code\": outcome -> b01",
        "b01 OneTimePasswordSmtpSenderNode \"Send it\": outcome -> b02",
        "b02 OneTimePasswordCollectorDecisionNode \"Ask for it\": false -> failure; true -> success",
    ]
    .map(str::to_owned)
    .to_vec()
}

fn only(reading: &Reading) -> &Bundle {
    assert_eq!(reading.bundles.len(), 1);
    &reading.bundles[0]
}

fn holds(bundle: &Bundle, form: Form, versions: Versions) {
    assert_eq!(bundle.form, form);
    let names: Vec<&str> = bundle.trees.keys().map(AsRef::as_ref).collect();
    assert_eq!(names, ["Second Step", "Sign In"]);
    assert_eq!(lines(&bundle.trees["Sign In"]), sign_in(versions));
    assert_eq!(lines(&bundle.trees["Second Step"]), second_step());
    let mail = bundle.trees["Second Step"]
        .nodes
        .values()
        .find_map(|node| node.settings.get("hostPort"));
    assert_eq!(mail.and_then(serde_json::Value::as_u64), Some(25));
}

fn script(bundle: &Bundle, spelling: &Spelling) {
    let script = &bundle.scripts[SCRIPT];
    assert_eq!(&*script.name, "Known user");
    assert!(
        script
            .text
            .starts_with("// Says whether the user is known.\n")
    );
    assert!(script.text.ends_with("\"unknown\";\n}\n"));
    assert_eq!(script.spelling, *spelling);
    assert_eq!(script.record["language"], "JAVASCRIPT");
}

fn nothing_noticed(reading: &Reading) {
    assert_eq!(reading.findings, []);
}

#[test]
fn frodo_single() {
    let reading = exports::reading("frodo-single");
    nothing_noticed(&reading);
    let bundle = only(&reading);
    holds(bundle, Form::FrodoSingle, Versions::Written);
    script(bundle, &Spelling::Base64);
    for (kind, id) in [
        ("emailTemplates", "welcome"),
        ("themes", "theme-1"),
        ("nodeTypes", "alu-1"),
        ("variables", "esv-mail-host"),
    ] {
        assert!(bundle.besides[kind].contains_key(id), "{kind}");
    }
    let tree = &bundle.trees["Sign In"];
    assert_eq!(tree.meta["meta"]["exportTool"], "frodo");
    assert_eq!(tree.body["identityResource"], "managed/alpha_user");
    assert!(!tree.body.contains_key("nodes") && !tree.body.contains_key("entryNodeId"));
    // the old spelling stands beside the new one
    assert!(tree.lists.contains_key("innerNodes"));
    assert!(bundle.trees["Second Step"].lists.contains_key("innernodes"));
}

#[test]
fn frodo_multi() {
    let reading = exports::reading("frodo-multi");
    nothing_noticed(&reading);
    let bundle = only(&reading);
    holds(bundle, Form::FrodoMulti, Versions::Written);
    script(bundle, &Spelling::Lines);
    assert_eq!(bundle.meta["meta"]["originAmVersion"], "8.0.2");
}

#[test]
fn frodo_of_old() {
    let reading = exports::reading("frodo-old");
    nothing_noticed(&reading);
    let bundle = only(&reading);
    holds(bundle, Form::FrodoMulti, Versions::None);
    assert!(bundle.trees["Sign In"].lists.contains_key("innernodes"));
    assert_eq!(
        bundle.trees["Sign In"]
            .nodes
            .values()
            .next()
            .unwrap()
            .record["_rev"],
        "7"
    );
}

#[test]
fn frodo_config_has_a_bundle_for_each_realm() {
    let reading = exports::reading("frodo-config");
    nothing_noticed(&reading);
    assert_eq!(reading.bundles.len(), 2);
    let root = &reading.bundles[0];
    let alpha = &reading.bundles[1];
    assert_eq!(root.trees["Second Step"].realm.as_deref(), Some("/"));
    assert!(!root.scripts.contains_key(SCRIPT));
    holds(alpha, Form::FrodoConfig, Versions::Written);
    script(alpha, &Spelling::Base64);
    assert_eq!(alpha.trees["Sign In"].realm.as_deref(), Some("/alpha"));
    assert!(alpha.besides["socialIdentityProviders"].contains_key("example"));
    assert!(alpha.besides["application"].contains_key("app"));
    // what is of no realm is for all of them
    for bundle in [root, alpha] {
        assert!(bundle.besides["emailTemplates"].contains_key("welcome"));
        assert!(bundle.besides["variables"].contains_key("esv-mail-host"));
        assert!(bundle.meta["global"]["idm"]["access"].is_object());
    }
}

#[test]
fn frodo_with_scripts_in_files() {
    let reading = exports::reading("frodo-scripts");
    nothing_noticed(&reading);
    let bundle = only(&reading);
    holds(bundle, Form::FrodoMulti, Versions::Written);
    script(bundle, &Spelling::File("Known user.script.js".into()));
    let groovy = &bundle.scripts["00000000-0000-4000-8000-000000000c02"];
    assert_eq!(&*groovy.text, "outcome = \"true\"\n");
}

#[test]
fn treetool() {
    let reading = exports::reading("treetool");
    nothing_noticed(&reading);
    let bundle = only(&reading);
    holds(bundle, Form::Treetool, Versions::None);
    script(bundle, &Spelling::Quoted);
    assert_eq!(
        bundle.trees["Sign In"].meta["origin"],
        "690e156415dc1c34e4cbec2fcee0dcfb"
    );
}

#[test]
fn platform() {
    for folder in ["platform-multi", "platform-single"] {
        let reading = exports::reading(folder);
        nothing_noticed(&reading);
        let bundle = only(&reading);
        holds(bundle, Form::Platform, Versions::Written);
        script(bundle, &Spelling::Quoted);
    }
}

#[test]
fn amster() {
    let reading = exports::reading("amster");
    let bundle = only(&reading);
    holds(bundle, Form::Amster, Versions::None);
    script(bundle, &Spelling::Base64);
    assert_eq!(bundle.trees["Sign In"].realm.as_deref(), Some("/"));
    let codes: Vec<Code> = reading
        .findings
        .iter()
        .map(|finding| finding.code)
        .collect();
    assert_eq!(codes, [Code::OrphanNode]);
    let orphan = &bundle.besides["MessageNode"]["00000000-0000-4000-8000-000000000d01"];
    assert_eq!(orphan["data"]["message"]["en"], "Nobody names me");
    assert!(bundle.besides["SessionProperties"].contains_key("session"));
}

#[test]
fn configuration_in_files() {
    let reading = exports::reading("file-based");
    nothing_noticed(&reading);
    let bundle = only(&reading);
    holds(bundle, Form::FileBased, Versions::Written);
    script(bundle, &Spelling::File("Known.javascript".into()));
    assert_eq!(bundle.trees["Sign In"].realm.as_deref(), Some("/alpha"));
}

#[test]
fn config_manager() {
    let reading = exports::reading("config-manager");
    nothing_noticed(&reading);
    let bundle = only(&reading);
    holds(bundle, Form::ConfigManager, Versions::Written);
    let path = "scripts-content/AUTHENTICATION_TREE_DECISION_NODE/Known user.js";
    script(bundle, &Spelling::File(path.into()));
    assert_eq!(bundle.trees["Sign In"].realm.as_deref(), Some("/alpha"));
    assert!(bundle.besides["emailTemplates"].contains_key("welcome"));
    assert!(bundle.besides["nodeTypes"].contains_key("alu-1"));
    let html = &bundle.besides["files"]["email-templates/welcome/welcome.en.html"];
    assert_eq!(html, "<p>Welcome</p>\n");
}

#[test]
fn answers_of_the_interface() {
    for folder in ["rest", "list", "details"] {
        let reading = exports::reading(folder);
        nothing_noticed(&reading);
        let bundle = only(&reading);
        holds(bundle, Form::Rest, Versions::Written);
        script(bundle, &Spelling::Base64);
        assert!(
            bundle.trees["Sign In"]
                .nodes
                .keys()
                .any(|id| &*id.0 == PAGE)
        );
    }
}

#[test]
fn a_list_of_nodes_with_their_details() {
    for folder in ["list-of-details", "list-of-details-scripts"] {
        let reading = exports::reading(folder);
        nothing_noticed(&reading);
        let bundle = only(&reading);
        assert_eq!(bundle.form, Form::Rest);
        // such lists say no versions of types, but the tree and its pages may
        assert_eq!(lines(&bundle.trees["Sign In"]), sign_in(Versions::Written));
        assert_eq!(lines(&bundle.trees["Second Step"]), second_step());
        assert_eq!(
            bundle.trees["Sign In"].nodes[&NodeId(PAGE.into())].settings["pageHeader"]["en"],
            "Who are you?"
        );
        if folder == "list-of-details-scripts" {
            script(bundle, &Spelling::File("known-user.js".into()));
        }
    }
}

#[test]
fn nodes_beside_their_tree() {
    let reading = exports::reading("nodes-beside");
    nothing_noticed(&reading);
    let bundle = only(&reading);
    assert_eq!(bundle.form, Form::Rest);
    assert_eq!(lines(&bundle.trees["Sign In"]), sign_in(Versions::Written));
    assert_eq!(lines(&bundle.trees["Second Step"]), second_step());
}

#[test]
fn folders_of_realms_are_bundles_of_their_own() {
    let reading = exports::reading("frodo-realms");
    let codes: Vec<Code> = reading
        .findings
        .iter()
        .map(|finding| finding.code)
        .collect();
    assert_eq!(codes, [Code::UnknownFormat]);
    assert!(reading.findings[0].message.starts_with("5 files"));
    assert_eq!(reading.bundles.len(), 2);
    for (bundle, realm) in reading.bundles.iter().zip(["alpha", "bravo"]) {
        holds(bundle, Form::FrodoMulti, Versions::Written);
        let tree = &bundle.trees["Sign In"];
        assert_eq!(tree.realm.as_deref(), Some(&*format!("/{realm}")));
        assert_eq!(tree.body["description"], format!("of root-{realm}"));
        assert_eq!(
            bundle.scripts[SCRIPT].record["description"],
            format!("of root-{realm}")
        );
        assert!(bundle.besides["variables"].contains_key("esv-mail-host"));
        assert_eq!(bundle.besides["files"].len(), 5);
    }
}
