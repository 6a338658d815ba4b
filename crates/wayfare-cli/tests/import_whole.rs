//! What comes along with a whole configuration: several realms, other files, scripts that do not run here.

use serde_json::{Value as Json, json};

use crate::{import::SHOP, support::Folder};

/// The shop in two realms, as frodo writes a whole configuration.
fn two_realms() -> String {
    let all: Json = serde_json::from_str(SHOP).unwrap();
    let trees = json!({ "trees": all["trees"] });
    json!({ "meta": {}, "global": {}, "realm": { "root-alpha": trees, "root-bravo": trees } })
        .to_string()
}

#[test]
fn what_is_advised_after_an_import_of_several_realms_works() {
    let folder = Folder::new(&[("all.json", &two_realms())]);
    let ran = folder.run(&["import", "am", "all.json", "--out", "all"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    for line in [
        "(2 in 2 journeys)\n    alpha/Forgotten Password, Find them: outcome `false` leads to",
        "\n    bravo/Forgotten Password, Find them: outcome `false` leads to",
        "alpha/forgotten_password      5     19         3        2  yes\n",
        "bravo/forgotten_password      5     19         3        2  yes\n",
    ] {
        assert!(ran.out.contains(line), "{line}\n{}", ran.out);
    }
    let ran = folder.run(&["check", "all"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.contains("8 files, 0 errors"), "{}", ran.err);
    let ran = folder.run(&["check", "all", "--realm", "/bravo"]);
    assert!(ran.err.contains("4 files, 0 errors"), "{}", ran.err);
    let ran = folder.run(&["graph", "--to", "svg", "--out", "pictures", "all"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    // One export is one realm's.
    let ran = folder.run(&["export", "am", "all", "--out", "back"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.err.contains("all/alpha`, `"), "{}", ran.err);
    let ran = folder.run(&["export", "am", "all", "--realm", "/bravo", "--out", "back"]);
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn a_script_that_does_not_run_here_fails_its_node_and_nothing_else() {
    let mut all: Json = serde_json::from_str(SHOP).unwrap();
    for tree in all["trees"].as_object_mut().unwrap().values_mut() {
        let scripts = tree["scripts"].as_object_mut();
        for script in scripts.into_iter().flat_map(|scripts| scripts.values_mut()) {
            script["language"] = json!("GROOVY");
            script["script"] = json!(["def risk = 1", "outcome = 'inside'"]);
        }
    }
    let folder = Folder::new(&[("shop.json", &all.to_string())]);
    let ran = folder.run(&["import", "am", "shop.json", "--out", "shop"]);
    assert!(ran.out.contains("groovy_script"), "{}", ran.out);
    let ran = folder.run(&["check", "shop", "--all"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let told = "warning[out_of_range]: `network` fails whoever comes to it: ";
    assert!(ran.err.contains(told), "{}", ran.err);
    // Where nothing may be missing it is refused, as it is by `serve`.
    let config = folder.read("shop/wayfare.toml");
    let whole = config.replace("incomplete = true", "incomplete = false");
    folder.write("shop/wayfare.toml", &whole);
    let ran = folder.run(&["check", "shop"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(
        ran.err.contains("error[out_of_range]: `network`"),
        "{}",
        ran.err
    );
}

#[test]
fn other_things_in_a_folder_are_no_loss() {
    let folder = Folder::new(&[("all/shop.json", SHOP), ("all/package.json", "{\"a\": 1}")]);
    let ran = folder.run(&["import", "am", "all", "--out", "shop"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("unknown_format"), "{}", ran.out);
    // A file that was named was meant.
    let ran = folder.run(&[
        "import",
        "am",
        "all/shop.json",
        "all/package.json",
        "--out",
        "named",
    ]);
    assert_eq!(ran.code, 1, "{ran:?}");
}

#[test]
fn without_a_journey_nothing_is_written() {
    let node = r#"{"_id": "a", "_type": {"_id": "PasswordCollectorNode"}}"#;
    let folder = Folder::new(&[("nodes.json", &format!("{{\"result\": [{node}]}}"))]);
    let ran = folder.run(&["import", "am", "nodes.json", "--out", "shop"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains("nothing written"), "{}", ran.out);
    assert!(!folder.path().join("shop").exists());
}
