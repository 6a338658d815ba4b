//! Secrets, and what stands in the place of something that did not come along.

use std::sync::Arc;

use serde_json::json;
use wayfare_import::{WriteOptions, derive, program_of, restore, side_files, write};

use super::{back, came, derived, files};

const MAIL: &str = r#"
param esv_secret: Secret

journey mail {
  start who
  node who: UsernameCollector -> generate
  node generate: OneTimePasswordGenerator -> send
  node send: OneTimePasswordSmtpSender(password = esv_secret) -> risk

  node risk: ScriptedDecision {
    script = file("scripts/risk_score.js")
    low -> failure
  }
}
"#;

#[test]
fn secrets_stand_in_a_file_of_their_own() {
    let texts = files(&[
        ("mail.journey", MAIL),
        ("scripts/risk_score.js", "outcome = 'low';"),
    ]);
    let (mut bundle, names) = came(&derived(&texts));
    let nodes = &mut bundle.trees.get_mut("mail").unwrap().nodes;
    let send = nodes
        .values_mut()
        .find(|node| &*node.ty == "OneTimePasswordSmtpSenderNode")
        .unwrap();
    send.settings
        .insert("password".to_owned(), json!("hunter2"));
    let mut all = texts.clone();
    all.extend(side_files(&texts, &bundle, &names));
    assert_eq!(back(&all), bundle);
    for (path, bytes) in &all {
        let says = std::str::from_utf8(bytes).unwrap().contains("hunter2");
        assert_eq!(says, path == "am/secrets.json", "{path}");
    }
    assert_eq!(all["am/.gitignore"], b"/secrets.json\n");
    all.remove("am/secrets.json");
    let made = back(&all);
    let mut nodes = made.trees["mail"].nodes.values();
    let send = nodes
        .find(|node| &*node.ty == "OneTimePasswordSmtpSenderNode")
        .unwrap();
    assert_eq!(send.settings["password"], json!("&{esv.secret}"));
}

#[test]
fn what_stands_for_something_goes_back_only_once_it_is_filled_in() {
    let texts = files(&[
        ("mail.journey", MAIL),
        ("scripts/risk_score.js", "outcome = 'low';"),
    ]);
    let (mut bundle, _) = came(&derived(&texts));
    let (id, _) = bundle.scripts.pop_first().unwrap();
    let tree = bundle.trees.get_mut("mail").unwrap();
    tree.lists.insert(Arc::from("scripts"), Vec::new());
    let nodes = &mut tree.nodes;
    let generate = nodes
        .values_mut()
        .find(|node| &*node.ty == "OneTimePasswordGeneratorNode")
        .unwrap();
    let nobody = wayfare_import::NodeId(Arc::from("nobody"));
    generate
        .connections
        .insert(Arc::from("outcome"), nobody.clone());
    let mut project = write(&bundle, &WriteOptions::default());
    let again = |files: &super::Files| {
        let options = wayfare_import::DeriveOptions::default();
        restore(&derive(&program_of(files).unwrap(), &options), files).bundle
    };
    let made = again(&project.files);
    assert_eq!(made.scripts, bundle.scripts);
    let ends = |bundle: &wayfare_import::Bundle| {
        let mut nodes = bundle.trees["mail"].nodes.values();
        let found = nodes
            .find(|node| &*node.ty == "OneTimePasswordGeneratorNode")
            .unwrap();
        found.connections.values().cloned().collect::<Vec<_>>()
    };
    assert_eq!(ends(&made), [nobody]);
    let path = project
        .files
        .keys()
        .find(|path| path.starts_with("scripts/"))
        .unwrap()
        .clone();
    project.files.insert(path, b"outcome = 'low';".to_vec());
    let made = again(&project.files);
    assert_eq!(&*made.scripts[&id].text, "outcome = 'low';");
}
