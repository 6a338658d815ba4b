//! `import am` on what nobody should have sent: it says so, ends as it should, and writes nothing outside.

use std::{fmt::Write as _, fs, process::Command, time::Duration};

use serde_json::{Value as Json, json};

use crate::{
    import::{SHOP, files},
    support::{Folder, Ran},
};

/// Imports `in` of a folder in which there is a bystander, and holds that only `out` was touched.
fn imported(folder: &Folder, arguments: &[&str]) -> (Ran, Json) {
    folder.write("bystander.journey", "mine\n");
    let others = |folder: &Folder| {
        let mut all = files(folder.path());
        all.retain(|(name, _)| !name.starts_with("out/"));
        all
    };
    let before = others(folder);
    let mut all = vec!["import", "am", "in", "--out", "out", "--format", "json"];
    all.extend(arguments);
    let ran = folder.run(&all);
    assert!(matches!(ran.code, 0 | 1 | 3), "{ran:?}");
    assert!(!ran.err.contains("panicked"), "{}", ran.err);
    assert_eq!(others(folder), before, "something was written outside");
    let report = serde_json::from_str(&ran.out).unwrap_or(Json::Null);
    (ran, report)
}

fn codes(report: &Json) -> Vec<&str> {
    let findings = report["findings"].as_array().into_iter().flatten();
    findings
        .filter_map(|finding| finding["code"].as_str())
        .collect()
}

fn shop() -> Json {
    serde_json::from_str(SHOP).unwrap()
}

fn tree(name: &str) -> Json {
    shop()["trees"][name].clone()
}

#[test]
fn text_that_is_no_json_is_told_and_the_rest_is_brought() {
    let folder = Folder::new(&[("in/shop.json", SHOP)]);
    let mut half = SHOP.to_owned();
    half.truncate(SHOP.len() / 2);
    folder.write("in/half.json", &half);
    folder.write("in/empty.json", "");
    folder.write("in/word.json", "journeys, honestly");
    fs::write(
        folder.path().join("in/bytes.json"),
        [0xff, 0xfe, 0x00, b'{'],
    )
    .unwrap();
    let (ran, report) = imported(&folder, &[]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let bad = codes(&report);
    assert!(
        bad.iter().filter(|code| **code == "bad_json").count() >= 3,
        "{bad:?}"
    );
    assert_eq!(report["journeys"].as_array().unwrap().len(), 3);
    assert_eq!(folder.run(&["check", "out"]).code, 0);
}

#[test]
fn every_beginning_of_an_export_is_told_or_brought() {
    let tree = tree("Second Factor").to_string();
    let folder = Folder::new(&[]);
    for part in 1..=16 {
        let end = tree.len() * part / 17;
        let end = (0..=end)
            .rev()
            .find(|end| tree.is_char_boundary(*end))
            .unwrap();
        folder.write(&format!("in/{part}.json"), tree.get(..end).unwrap());
    }
    let (ran, report) = imported(&folder, &[]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert_eq!(codes(&report).len(), 16, "{report}");
    assert!(!folder.path().join("out").exists());
}

#[test]
fn json_nested_deep_is_told() {
    let folder = Folder::new(&[]);
    for depth in [63, 65, 127, 129, 100_000] {
        let deep = format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        folder.write(&format!("in/{depth}.json"), &deep);
        let mut tree = tree("Sign In").to_string();
        tree.insert_str(1, &format!("\"deep\":{deep},"));
        folder.write(&format!("in/tree{depth}.json"), &tree);
        let open = format!("{{\"a\":{}", "{\"a\":".repeat(depth));
        folder.write(&format!("in/open{depth}.json"), &open);
    }
    let (ran, report) = imported(&folder, &[]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(codes(&report).contains(&"too_deep"), "{report}");
}

#[test]
fn names_that_are_paths_choose_no_path() {
    let long = "a".repeat(300);
    let names = [
        "../../etc/passwd",
        "/etc/passwd",
        "..",
        ".",
        "",
        " ",
        "a/b/c",
        "a\\b",
        "C:\\Windows\\x",
        "CON",
        "nul.journey",
        "a\0b",
        "a\nb",
        "a\u{1b}[2Jb",
        "\u{202e}nigol",
        "%2e%2e%2fx",
        "журнал",
        "登录",
        "Login",
        "LOGIN",
        "login",
        "wayfare",
        ".git",
        "scripts",
        "success",
        "journey",
        "\"quoted\" ${x}",
        &long,
    ];
    let mut all = json!({ "trees": {} });
    for name in names {
        let mut tree = tree("Sign In");
        tree["tree"]["_id"] = json!(name);
        for node in tree["tree"]["nodes"].as_object_mut().unwrap().values_mut() {
            node["displayName"] = json!(name);
        }
        let scripts = tree["scripts"].as_object_mut().unwrap();
        for script in scripts.values_mut() {
            script["name"] = json!(name);
        }
        all["trees"][name] = tree;
    }
    let folder = Folder::new(&[("in/all.json", &all.to_string())]);
    let (ran, report) = imported(&folder, &[]);
    assert!(
        report["journeys"].as_array().unwrap().len() >= names.len() - 2,
        "{ran:?}"
    );
    let made = files(&folder.path().join("out"));
    for (name, _) in &made {
        let fits = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
        assert!(name.chars().all(fits) && name.len() < 120, "{name:?}");
    }
    let ran = folder.run(&["import", "am", "in", "--out", "out2"]);
    assert!(
        !ran.out.contains('\u{1b}') && !ran.out.contains('\u{202e}'),
        "{:?}",
        ran.out
    );
}

#[test]
fn ids_that_are_paths_choose_no_path() {
    let text = tree("Sign In").to_string();
    let hostile = "../../../../outside";
    for id in [
        "5a1e0090-0c0f-4b1d-9a1e-000000000090",
        "5a1e0013-0c0f-4b1d-9a1e-000000000013",
    ] {
        assert!(text.contains(id), "{id}");
        let folder = Folder::new(&[("in/a.json", &text.replace(id, hostile))]);
        let (ran, _) = imported(&folder, &[]);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(!folder.path().join("../outside").exists());
    }
}

#[test]
fn trees_that_call_each_other_in_circles_are_brought() {
    let mut all = json!({ "trees": {} });
    for (name, inner) in [("A", "B"), ("B", "C"), ("C", "A"), ("Self", "Self")] {
        let text = tree("Sign In").to_string();
        let mut tree: Json = serde_json::from_str(&text.replace("Second Factor", inner)).unwrap();
        tree["tree"]["_id"] = json!(name);
        all["trees"][name] = tree;
    }
    let folder = Folder::new(&[("in/a.json", &all.to_string())]);
    let (ran, report) = imported(&folder, &[]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(codes(&report).contains(&"inner_tree_cycle"), "{report}");
    assert_eq!(folder.run(&["check", "out"]).code, 0);
}

#[test]
fn two_of_one_name_or_id_are_told() {
    let mut other = tree("Sign In");
    other["tree"]["description"] = json!("another");
    let folder = Folder::new(&[
        ("in/a.json", &tree("Sign In").to_string()),
        ("in/b.json", &other.to_string()),
    ]);
    let (ran, report) = imported(&folder, &[]);
    assert!(codes(&report).contains(&"duplicate_id"), "{ran:?}");
    assert_eq!(folder.run(&["check", "out"]).code, 0);
}

#[test]
fn odd_shapes_are_brought_or_told() {
    let odd = [
        ("nodes", json!(7)),
        ("nodes", json!([])),
        ("nodes", json!({ "x": null, "y": [], "z": { "_type": 3 } })),
        ("scripts", json!({ "s": { "script": { "a": [1, 2] } } })),
        ("scripts", json!({ "s": { "script": "%%% no base64 %%%" } })),
        ("innerNodes", json!("none")),
        ("tree", json!(null)),
        ("tree", json!({})),
        ("tree", json!({ "_id": 12, "nodes": [], "entryNodeId": {} })),
        (
            "tree",
            json!({ "_id": "X", "entryNodeId": "gone", "nodes": { "a": { "connections": 5 } } }),
        ),
        (
            "tree",
            json!({ "_id": "X", "entryNodeId": "a", "nodes": { "a": { "nodeType": "PageNode", "connections": { "outcome": "a" } } } }),
        ),
        ("meta", json!([1])),
    ];
    for (member, value) in odd {
        let mut tree = tree("Sign In");
        tree[member] = value.clone();
        let folder = Folder::new(&[("in/a.json", &tree.to_string())]);
        let (ran, report) = imported(&folder, &[]);
        assert!(!report.is_null(), "{member} {value} {ran:?}");
        if ran.code == 0 {
            let ran = folder.run(&["check", "out"]);
            assert_eq!(ran.code, 0, "{member} {value} {ran:?}");
        }
    }
}

#[cfg(unix)]
#[test]
fn links_are_not_followed_out() {
    use std::os::unix::fs::symlink;
    let folder = Folder::new(&[
        ("in/shop.json", SHOP),
        ("secret/other.json", &tree("Sign In").to_string()),
    ]);
    symlink(
        folder.path().join("secret"),
        folder.path().join("in/linked"),
    )
    .unwrap();
    symlink(
        folder.path().join("secret/other.json"),
        folder.path().join("in/file.json"),
    )
    .unwrap();
    symlink(folder.path().join("in"), folder.path().join("in/again")).unwrap();
    symlink("nowhere", folder.path().join("in/broken.json")).unwrap();
    let (ran, report) = imported(&folder, &[]);
    assert_eq!(report["read"], 1, "{ran:?}");
    // Nor is anything written through one.
    fs::create_dir(folder.path().join("linked-out")).unwrap();
    fs::create_dir(folder.path().join("out2")).unwrap();
    symlink(
        folder.path().join("linked-out"),
        folder.path().join("out2/scripts"),
    )
    .unwrap();
    let ran = folder.run(&["import", "am", "in", "--out", "out2"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.err.contains("is a link"), "{}", ran.err);
    assert!(files(&folder.path().join("linked-out")).is_empty());
    fs::remove_file(folder.path().join("out2/scripts")).unwrap();
    symlink(
        folder.path().join("secret/other.json"),
        folder.path().join("out2/sign_in.journey"),
    )
    .unwrap();
    let before = folder.read("secret/other.json");
    let ran = folder.run(&["import", "am", "in", "--out", "out2", "--force"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert_eq!(folder.read("secret/other.json"), before);
}

#[cfg(unix)]
#[test]
fn what_is_no_plain_file_is_not_waited_for() {
    let folder = Folder::new(&[("in/shop.json", SHOP)]);
    let made = Command::new("mkfifo")
        .arg(folder.path().join("in/pipe.json"))
        .status();
    if !made.is_ok_and(|status| status.success()) {
        eprintln!("skipped: there is no mkfifo");
        return;
    }
    let (ran, report) = {
        let ran = folder.run(&["import", "am", "in", "--out", "out", "--format", "json"]);
        let report: Json = serde_json::from_str(&ran.out).unwrap();
        (ran, report)
    };
    assert_eq!((ran.code, &report["read"]), (0, &json!(1)), "{ran:?}");
    let ran = folder.run(&["import", "am", "in/pipe.json", "--out", "x"]);
    assert_eq!(ran.code, 3, "{ran:?}");
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read_is_told() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new(&[
        ("in/shop.json", SHOP),
        ("in/shut.json", "{}"),
        ("in/closed/a.json", "{}"),
    ]);
    for name in ["in/shut.json", "in/closed"] {
        fs::set_permissions(folder.path().join(name), fs::Permissions::from_mode(0o000)).unwrap();
    }
    let is_free = fs::read(folder.path().join("in/shut.json")).is_ok();
    let ran = folder.run(&["import", "am", "in", "--out", "out", "--format", "json"]);
    for name in ["in/shut.json", "in/closed"] {
        fs::set_permissions(folder.path().join(name), fs::Permissions::from_mode(0o700)).unwrap();
    }
    if is_free {
        eprintln!("skipped: nothing is shut to this user");
        return;
    }
    let report: Json = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(ran.code, 1, "{ran:?}");
    let unreadable = codes(&report)
        .into_iter()
        .filter(|code| *code == "unreadable_file");
    assert_eq!(unreadable.count(), 2, "{report}");
    assert_eq!(report["journeys"].as_array().unwrap().len(), 3);
}

#[test]
fn folders_and_files_in_the_way_are_told() {
    let folder = Folder::new(&[
        ("in/shop.json/deep.json", "{}"),
        ("in/a.json", SHOP),
        ("file", "mine"),
    ]);
    let (ran, report) = imported(&folder, &[]);
    assert_eq!(report["read"], 2, "{ran:?}");
    for (out, why) in [("file", "is not a folder"), ("file/below", "cannot")] {
        let ran = folder.run(&["import", "am", "in/a.json", "--out", out]);
        assert_eq!(ran.code, 3, "{ran:?}");
        assert!(ran.err.contains(why), "{}", ran.err);
    }
    assert_eq!(folder.read("file"), "mine");
    fs::create_dir_all(folder.path().join("out3/sign_in.journey")).unwrap();
    let ran = folder.run(&["import", "am", "in/a.json", "--out", "out3"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.err.contains("is in the way"), "{}", ran.err);
    let left = files(&folder.path().join("out3"));
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_list_of_what_was_made_cannot_have_files_taken_away_elsewhere() {
    let folder = Folder::new(&[("in/shop.json", SHOP), ("victim", "mine")]);
    // What such a list says of a file with `mine` in it.
    let hash = "3fd30542fe3f61b14bd4a4b2dc0b6fb30fa6f63ebce52dd1778aaa8c4dc02cff";
    folder.write(
        "out/.wayfare-import",
        &format!("{hash}  ../victim\n{hash}  /etc/hosts\nnonsense\n"),
    );
    let (ran, _) = imported(&folder, &["--force"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(folder.read("victim"), "mine");
}

/// A file far over the limit is told and not read: the process has no room for it.
#[cfg(target_os = "linux")]
#[test]
fn a_huge_file_is_told_and_not_held_in_memory() {
    let folder = Folder::new(&[("in/shop.json", SHOP)]);
    let huge = fs::File::create(folder.path().join("in/huge.json")).unwrap();
    // A hole: no disk is used.
    huge.set_len(8 * 1_024 * 1_024 * 1_024).unwrap();
    let program = env!("CARGO_BIN_EXE_wayfare");
    let output = Command::new("sh")
        .args([
            "-c",
            &format!("ulimit -v 2000000; exec {program:?} import am in --out out --format json"),
        ])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let report: Json = serde_json::from_slice(&output.stdout).unwrap();
    assert!(codes(&report).contains(&"too_large"), "{report}");
    assert_eq!(report["journeys"].as_array().unwrap().len(), 3);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn many_nodes_and_many_trees_end_in_time() {
    let mut nodes = String::new();
    let mut entries = String::new();
    for at in 0..3_000 {
        let comma = if at == 0 { "" } else { "," };
        let _ = write!(
            nodes,
            "{comma}\"n{at}\":{{\"_id\":\"n{at}\",\"_type\":{{\"_id\":\"MessageNode\"}},\"_outcomes\":[{{\"id\":\"true\"}},{{\"id\":\"false\"}}]}}"
        );
        let _ = write!(
            entries,
            "{comma}\"n{at}\":{{\"nodeType\":\"MessageNode\",\"displayName\":\"M\",\"connections\":{{\"true\":\"n{}\",\"false\":\"gone{at}\"}}}}",
            at + 1
        );
    }
    let text = format!(
        "{{\"tree\":{{\"_id\":\"Long\",\"entryNodeId\":\"n0\",\"nodes\":{{{entries}}}}},\"nodes\":{{{nodes}}},\"innerNodes\":{{}},\"scripts\":{{}}}}"
    );
    let folder = Folder::new(&[("in/long.json", &text)]);
    let before = std::time::Instant::now();
    let (ran, report) = imported(&folder, &[]);
    assert_eq!(report["journeys"][0]["nodes"], 3_000, "{}", ran.err);
    assert!(
        before.elapsed() < Duration::from_secs(120),
        "{:?}",
        before.elapsed()
    );
}
