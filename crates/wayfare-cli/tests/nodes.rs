//! `nodes`

use std::collections::BTreeSet;

use crate::support::Folder;

#[test]
fn every_known_type_is_listed_once_as_the_product_spells_it() {
    let folder = Folder::new(&[]);
    let ran = folder.run(&["nodes", "--format", "json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let report: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let nodes = report["nodes"].as_array().unwrap();
    let types: BTreeSet<&str> = nodes
        .iter()
        .map(|node| node["type"].as_str().unwrap())
        .collect();
    assert_eq!(types.len(), nodes.len());
    // 142 of the product and 134 of partners.
    assert_eq!(nodes.len(), 276);
    let partners = nodes.iter().filter(|node| node["catalogued"] == false);
    assert_eq!(partners.count(), 134);
    let find = |ty: &str| {
        let found = nodes.iter().find(|node| node["type"] == ty);
        found.unwrap_or_else(|| panic!("no {ty}"))
    };
    for (ty, status) in [
        ("PageNode", "built-in"),
        ("InnerTreeEvaluatorNode", "built-in"),
        ("DataStoreDecisionNode", "built-in"),
        ("DuoNode", "external"),
    ] {
        assert_eq!(find(ty)["status"], status, "{ty}");
    }
    assert_eq!(
        find("DataStoreDecisionNode")["outcomes"],
        serde_json::json!(["true", "false"])
    );
    assert_eq!(
        find("DuoNode")["outcomes"],
        serde_json::json!(["true", "false", "error"])
    );
    assert!(find("AkamaiAccountProtectorNode")["outcomes"].is_null());
    assert_eq!(find("DuoNode")["name"], "Duo");
    for node in nodes {
        let status = node["status"].as_str().unwrap();
        assert!(matches!(status, "built-in" | "external"), "{node}");
    }
}

#[test]
fn the_table_is_for_people() {
    let folder = Folder::new(&[]);
    let ran = folder.run(&["nodes"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let line = |ty: &str| {
        let found = ran.out.lines().find(|line| line.starts_with(ty));
        let found = found.unwrap_or_else(|| panic!("no {ty}"));
        found.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(line("DuoNode "), "DuoNode external true, false, error");
    assert_eq!(line("PageNode "), "PageNode built-in those of its arms");
    assert_eq!(
        line("AkamaiAccountProtectorNode "),
        "AkamaiAccountProtectorNode external those of its `extern`"
    );
    assert!(ran.out.contains("276 types:") && ran.out.contains("134 of these are of partners"));
}
