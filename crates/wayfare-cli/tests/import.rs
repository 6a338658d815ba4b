//! `import am`: the export of a shop in, journeys out, and what is wrong with it told.

use std::{fs, path::Path};

use serde_json::Value as Json;

use crate::support::Folder;

/// An export of our own, as frodo writes several journeys.
pub(crate) const SHOP: &str = include_str!("../../../docs/migrating/shop.journeys.json");

/// Every file below a folder, with what is in it.
pub(crate) fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(at) = folders.pop() {
        for entry in fs::read_dir(&at).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_symlink() {
                continue;
            }
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else {
                let path = entry.path();
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap();
                found.push((name.to_owned(), fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

fn shop() -> Folder {
    Folder::new(&[("shop.json", SHOP)])
}

#[test]
fn an_export_becomes_a_folder_that_works_at_once() {
    let folder = shop();
    let ran = folder.run(&["import", "am", "shop.json", "--out", "shop"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    for line in [
        "journey             nodes  lines  findings  allowed  compiles",
        "Noticed, gravest first:",
        "  dangling_edge: an outcome leads to a node that is not there (1 in 1 journey)",
        "  missing_inner_tree: an inner tree did not come along (1 in 1 journey)",
        "ways in without a limit",
        "  wayfare check shop",
    ] {
        assert!(
            ran.out.contains(&format!("{line}\n")),
            "{line}\n{}",
            ran.out
        );
    }
    for name in [
        "sign_in.journey",
        "second_factor.journey",
        "forgotten_password.journey",
        "wayfare.toml",
    ] {
        assert!(folder.path().join("shop").join(name).is_file(), "{name}");
    }
    let ran = folder.run(&["check", "shop"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.err
            .starts_with("what came with the import, gravest first (`--all` draws each):\n"),
        "{}",
        ran.err
    );
    let ran = folder.run(&["fmt", "--check", "shop"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let ran = folder.run(&["graph", "--to", "svg", "--out", "pictures", "shop"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let ran = folder.run(&["test", "shop"]);
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn the_same_export_makes_the_same_files_and_replaces_none() {
    let folder = shop();
    let first = folder.run(&["import", "am", "shop.json", "--out", "one"]);
    folder.run(&["import", "am", "shop.json", "--out", "two"]);
    assert_eq!(
        files(&folder.path().join("one")),
        files(&folder.path().join("two"))
    );
    let again = folder.run(&["import", "am", "shop.json", "--out", "one"]);
    assert_eq!((first.code, again.code), (0, 0), "{again:?}");
    assert!(again.out.contains(" as before"), "{}", again.out);
    assert!(!again.out.contains("replaced"), "{}", again.out);
}

#[test]
fn what_an_import_has_made_is_no_export() {
    let folder = shop();
    let first = folder.run(&["import", "am", ".", "--out", "./shop"]);
    assert_eq!(first.code, 0, "{first:?}");
    let before = files(&folder.path().join("shop"));
    let second = folder.run(&["import", "am", ".", "--out", "./shop"]);
    assert_eq!(second.code, 0, "{second:?}");
    assert!(second.out.contains("1 file read, "), "{}", second.out);
    assert_eq!(files(&folder.path().join("shop")), before);
}

#[test]
fn a_value_that_stands_in_is_listed_where_one_of_the_tenant_is_said() {
    let tries = r#""incrementUserAttributeOnFailure": false"#;
    let left_open = r#""incrementUserAttributeOnFailure": { "$bool": "&{esv.inc}" }"#;
    let export = r#"{ "tree": { "_id": "Tries", "entryNodeId": "a", "nodes": { "a": { "nodeType":
        "RetryLimitDecisionNode", "displayName": "Tries", "connections": { "Retry": "a", "Reject":
        "e301438c-0bd0-429c-ab0c-66126501069a" } } } }, "nodes": { "a": { "_id": "a", "_type":
        { "_id": "RetryLimitDecisionNode" }, "retryLimit": 3, "incrementUserAttributeOnFailure": false } } }"#;
    let export = export.replace(tries, left_open);
    let folder = Folder::new(&[("tries.json", &*export)]);
    let ran = folder.run(&["import", "am", "tries.json", "--out", "out"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let settings = fs::read_to_string(folder.path().join("out/wayfare.toml")).unwrap();
    assert!(
        settings.contains("# esv_inc = false # Bool\n"),
        "{settings}"
    );
}

#[test]
fn what_somebody_has_changed_is_not_written_over() {
    let folder = shop();
    folder.run(&["import", "am", "shop.json", "--out", "shop"]);
    let mine = folder
        .read("shop/sign_in.journey")
        .replace("start ", "// mine\n  start ");
    folder.write("shop/sign_in.journey", &mine);
    folder.write("shop/wayfare.toml", "[server]\n");
    folder.write("shop/sign_in.test.journey", "// mine\n");
    let before = files(&folder.path().join("shop"));
    let ran = folder.run(&["import", "am", "shop.json", "--out", "shop"]);
    assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{ran:?}");
    assert!(
        ran.err
            .contains("changed since:\n  sign_in.journey\nnothing was written"),
        "{}",
        ran.err
    );
    assert_eq!(files(&folder.path().join("shop")), before);
    let ran = folder.run(&["import", "am", "shop.json", "--out", "shop", "--force"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!folder.read("shop/sign_in.journey").contains("mine"));
    assert_eq!(folder.read("shop/wayfare.toml"), "[server]\n");
    assert_eq!(folder.read("shop/sign_in.test.journey"), "// mine\n");
}

#[test]
fn an_import_of_something_else_takes_nothing_away_unasked() {
    let folder = shop();
    folder.run(&["import", "am", "shop.json", "--out", "shop"]);
    let mut other: Json = serde_json::from_str(SHOP).unwrap();
    other["trees"]
        .as_object_mut()
        .unwrap()
        .remove("Forgotten Password");
    folder.write("other.json", &other.to_string());
    let ran = folder.run(&["import", "am", "other.json", "--out", "shop"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(
        ran.err.contains("forgotten_password.journey"),
        "{}",
        ran.err
    );
    assert!(
        folder
            .path()
            .join("shop/forgotten_password.journey")
            .exists()
    );
    let ran = folder.run(&["import", "am", "other.json", "--out", "shop", "--force"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("taken away"), "{}", ran.out);
    assert!(
        !folder
            .path()
            .join("shop/forgotten_password.journey")
            .exists()
    );
}

#[test]
fn a_dry_run_writes_nothing() {
    let folder = shop();
    let before = files(folder.path());
    let ran = folder.run(&["import", "am", "shop.json", "--dry-run"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("would be written.\n"), "{}", ran.out);
    let ran = folder.run(&["import", "am", "shop.json", "--out", "shop", "--dry-run"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.out.contains("would be written to `shop`"),
        "{}",
        ran.out
    );
    assert_eq!(files(folder.path()), before);
}

#[test]
fn programs_read_all_of_it() {
    let folder = shop();
    let ran = folder.run(&[
        "import",
        "am",
        "shop.json",
        "--out",
        "shop",
        "--format",
        "json",
    ]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    let report: Json = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["schema"], 1);
    assert_eq!(report["read"], 1);
    let journeys = report["journeys"].as_array().unwrap();
    assert_eq!(journeys.len(), 3);
    let sign_in = journeys
        .iter()
        .find(|journey| journey["tree"] == "Sign In")
        .unwrap();
    assert_eq!(sign_in["file"], "sign_in.journey");
    assert_eq!(sign_in["nodes"], 7);
    assert_eq!(sign_in["compiles"], true);
    assert_eq!(sign_in["allowed"]["unbounded_password_loop"], 1);
    let codes = report["findings"].as_array().unwrap().iter();
    let codes: Vec<&str> = codes
        .map(|finding| finding["code"].as_str().unwrap())
        .collect();
    assert!(codes.contains(&"dangling_edge"), "{codes:?}");
    let listed = report["files"].as_array().unwrap();
    let made = files(&folder.path().join("shop"));
    for file in listed {
        let file = file.as_str().unwrap();
        assert!(made.iter().any(|(name, _)| name == file), "{file}");
    }
}

#[test]
fn a_pipeline_may_refuse_findings_and_exceptions() {
    let folder = shop();
    for (code, exit) in [
        ("dangling_edge", 1),
        ("unbounded_password_loop", 1),
        ("groovy_script", 0),
        ("type_clash", 0),
    ] {
        let ran = folder.run(&["import", "am", "shop.json", "--dry-run", "--deny", code]);
        assert_eq!(ran.code, exit, "{code} {ran:?}");
        assert_eq!(
            ran.err.contains(&format!("`--deny {code}`")),
            exit == 1,
            "{}",
            ran.err
        );
    }
    let ran = folder.run(&[
        "import",
        "am",
        "shop.json",
        "--dry-run",
        "--deny",
        "dangling_edges",
    ]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(
        ran.err.contains("did you mean `dangling_edge`?"),
        "{}",
        ran.err
    );
}

#[test]
fn usage_is_told_from_input() {
    let folder = shop();
    assert_eq!(folder.run(&["import", "am", "shop.json"]).code, 2);
    assert_eq!(folder.run(&["import", "am", "--out", "x"]).code, 2);
    let ran = folder.run(&["import", "am", "missing.json", "--out", "x"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    fs::create_dir(folder.path().join("empty")).unwrap();
    let ran = folder.run(&["import", "am", "empty", "--out", "x"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(!folder.path().join("x").exists());
}

#[test]
fn progress_is_said_where_it_is_wanted() {
    let folder = shop();
    let ran = folder.run(&["import", "am", "shop.json", "--dry-run"]);
    assert_eq!(ran.err, "");
    let ran = folder.run(&["import", "am", "shop.json", "--dry-run", "--progress"]);
    assert!(
        ran.err.contains("writing journeys: 0 of 3\n"),
        "{}",
        ran.err
    );
}

#[test]
fn several_exports_in_folders_are_one_import() {
    let all: Json = serde_json::from_str(SHOP).unwrap();
    let folder = Folder::new(&[]);
    for (name, tree) in all["trees"].as_object().unwrap() {
        let file = format!("export/deep/er/{}.journey.json", name.replace(' ', ""));
        folder.write(&file, &tree.to_string());
    }
    folder.write("export/README.md", "# how this was made\n");
    folder.write("export/.git/config.json", "{");
    folder.write("export/picture.png", "no picture");
    let ran = folder.run(&[
        "import", "am", "export", "--out", "shop", "--format", "json",
    ]);
    let report: Json = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["journeys"].as_array().unwrap().len(), 3, "{ran:?}");
    let codes = report["findings"].as_array().unwrap().iter();
    assert!(
        codes.clone().all(|finding| finding["code"] != "bad_json"),
        "{}",
        ran.out
    );
}

#[test]
fn warnings_are_told_together_until_somebody_is_at_work_on_the_file() {
    let folder = shop();
    folder.run(&["import", "am", "shop.json", "--out", "shop"]);
    let file = "shop/forgotten_password.journey";
    let ran = folder.run(&["check", "shop"]);
    assert!(!ran.err.contains("warning[loose_end]"), "{}", ran.err);
    assert!(ran.err.contains("  loose_end: "), "{}", ran.err);
    folder.write(file, &folder.read(file).replace("A link by mail", "A link"));
    let ran = folder.run(&["check", "shop"]);
    assert!(ran.err.contains("warning[loose_end]"), "{}", ran.err);
    assert!(ran.err.contains(&format!(" --> {file}:")), "{}", ran.err);
    assert!(ran.err.contains("what came with the import"), "{}", ran.err);
}

#[test]
fn codes_of_imports_are_explained() {
    let folder = Folder::new(&[]);
    for (code, word) in wayfare_import::Code::ALL {
        let ran = folder.run(&["explain", word]);
        assert_eq!(ran.code, 0, "{word}");
        if wayfare::codes::find(word).is_none() {
            assert!(
                ran.out
                    .starts_with(&format!("{word}: {}\n", code.summary())),
                "{}",
                ran.out
            );
        }
    }
}
