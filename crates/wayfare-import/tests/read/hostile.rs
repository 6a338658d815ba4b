//! Files that are broken, too large, too deep, or that try something, keep nothing else from being read.

use std::fmt::Write as _;

use proptest::prelude::*;
use serde_json::json;
use wayfare_import::{Code, InputFile, ReadLimits, Reading, pack, read};

use crate::exports;

fn codes(reading: &Reading) -> Vec<Code> {
    reading
        .findings
        .iter()
        .map(|finding| finding.code)
        .collect()
}

/// Reads one file beside a whole export, which must be read all the same.
fn beside(path: &str, bytes: impl Into<Vec<u8>>) -> Reading {
    let mut files = vec![InputFile::new(path, bytes)];
    files.extend(exports::files("frodo-multi"));
    let reading = read(&files, &ReadLimits::default());
    let trees: usize = reading
        .bundles
        .iter()
        .map(|bundle| bundle.trees.len())
        .sum();
    assert!(trees >= 2, "{path}");
    reading
}

fn tree(name: &str) -> serde_json::Value {
    json!({"tree": {"_id": name, "entryNodeId": "a", "nodes": {
        "a": {"nodeType": "DataStoreDecisionNode", "displayName": "A", "connections": {"true": "gone"}}
    }}, "nodes": {}, "innerNodes": {}})
}

#[test]
fn no_json_is_a_finding() {
    for bytes in [
        &b"{\"tree\": {"[..],
        b"",
        b"   ",
        b"nonsense",
        b"{\"a\": 1} more",
        b"\xff\xfe{\x00\x00\xd8",
        b"[1,]",
    ] {
        let reading = beside("broken.json", bytes);
        assert_eq!(codes(&reading), [Code::BadJson], "{bytes:?}");
        assert_eq!(reading.findings[0].file.as_deref(), Some("broken.json"));
    }
    assert_eq!(
        codes(&beside("export.zip", b"PK\x03\x04rest")),
        [Code::UnknownFormat]
    );
    assert_eq!(
        codes(&beside("export.bin", b"\x00\x01\x02")),
        [Code::UnknownFormat]
    );
    assert_eq!(
        codes(&read(
            &[InputFile::new("a.js", "x")],
            &ReadLimits::default()
        )),
        [Code::UnknownFormat]
    );
}

#[test]
fn a_list_with_nothing_in_it_is_a_finding() {
    for text in [
        r#"{"trees": {}}"#,
        r#"{"result": [], "resultCount": 0}"#,
        "[]",
    ] {
        let reading = read(
            &[InputFile::new("empty.json", text)],
            &ReadLimits::default(),
        );
        assert_eq!(codes(&reading), [Code::UnknownFormat], "{text}");
    }
}

#[test]
fn a_mark_before_the_text_is_no_matter() {
    let text = format!("\u{feff}{}", tree("Marked"));
    let reading = beside("marked.json", text);
    assert_eq!(codes(&reading), []);
    assert!(reading.bundles[0].trees.contains_key("Marked"));
}

#[test]
fn depth_is_bounded_before_anything_recurses() {
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    for depth in [65, 1_000_000] {
        assert_eq!(codes(&beside("deep.json", nested(depth))), [Code::TooDeep]);
        let object = "{\"a\":".repeat(depth);
        assert_eq!(codes(&beside("deep.json", object)), [Code::TooDeep]);
    }
    // brackets in texts are no depth
    let text = json!({"a": "[".repeat(500)}).to_string();
    assert_eq!(codes(&beside("flat.json", text)), [Code::UnknownFormat]);
    assert_eq!(
        codes(&beside("level.json", nested(64))),
        [Code::UnknownFormat]
    );
}

#[test]
fn sizes_are_bounded() {
    let files = exports::files("frodo-single");
    let limits = |change: fn(&mut ReadLimits)| {
        let mut limits = ReadLimits::default();
        change(&mut limits);
        read(&files, &limits)
    };
    assert_eq!(codes(&limits(|limits| limits.files = 1)), [Code::TooLarge]);
    assert_eq!(
        codes(&limits(|limits| limits.values = 20)),
        [Code::TooLarge; 2]
    );
    assert_eq!(
        codes(&limits(|limits| limits.file_bytes = 100)),
        [Code::TooLarge; 2]
    );
    assert_eq!(
        codes(&limits(|limits| limits.all_bytes = 4_000)),
        [Code::TooLarge]
    );
    let many: Vec<_> = (0..50)
        .map(|n| InputFile::new(format!("{n}.json"), "{"))
        .collect();
    let few = ReadLimits {
        findings: 10,
        ..ReadLimits::default()
    };
    let reading = read(&many, &few);
    assert_eq!(reading.findings.len(), 11);
    assert!(reading.findings[10].message.starts_with("40 more"));
}

#[test]
fn of_two_members_the_first_is_taken() {
    let text = r#"{"tree": {"_id": "Twice", "entryNodeId": "a", "entryNodeId": "b", "enabled": true, "enabled": true,
        "nodes": {"a": {"nodeType": "X", "connections": {}}}}, "nodes": {}}"#;
    let reading = beside("twice.json", text);
    assert_eq!(codes(&reading), [Code::DuplicateId]);
    assert!(reading.findings[0].message.contains("`entryNodeId`"));
    let entry = reading.bundles[0].trees["Twice"].entry.as_ref().unwrap();
    assert_eq!(&*entry.0, "a");
}

#[test]
fn what_a_shell_of_windows_has_written_is_read() {
    let text = tree("Größe").to_string();
    for bytes in [u16::to_le_bytes, u16::to_be_bytes] {
        let units = "\u{feff}".encode_utf16().chain(text.encode_utf16());
        let file: Vec<u8> = units.flat_map(bytes).collect();
        let reading = read(
            &[InputFile::new("a.json", file.clone())],
            &ReadLimits::default(),
        );
        assert_eq!(codes(&reading), []);
        assert!(reading.bundles[0].trees.contains_key("Größe"));
        let cut = InputFile::new("a.json", &file[..file.len() - 1]);
        assert_eq!(
            codes(&read(&[cut], &ReadLimits::default())),
            [Code::BadJson]
        );
    }
}

#[test]
fn a_tree_that_is_only_drawn_otherwise_is_the_same() {
    let file = |path: &str, x: i32, revision: &str| {
        let mut tree = tree("Login");
        tree["tree"]["_rev"] = json!(revision);
        tree["tree"]["staticNodes"] = json!({ "startNode": { "x": x, "y": 1 } });
        for node in tree["tree"]["nodes"].as_object_mut().unwrap().values_mut() {
            node["x"] = json!(x);
        }
        InputFile::new(path, tree.to_string())
    };
    let files = [file("a.json", 1, "1"), file("b.json", 2, "2")];
    let reading = read(&files, &ReadLimits::default());
    assert_eq!(codes(&reading), []);
}

#[test]
fn of_two_trees_of_one_name_the_first_is_taken() {
    let file = |path: &str, description: &str| {
        let mut tree = tree("Login");
        tree["tree"]["description"] = json!(description);
        InputFile::new(path, tree.to_string())
    };
    let same = read(
        &[file("a.json", "x"), file("b.json", "x")],
        &ReadLimits::default(),
    );
    assert_eq!(codes(&same), []);
    let other = read(
        &[file("a.json", "x"), file("b.json", "y")],
        &ReadLimits::default(),
    );
    assert_eq!(codes(&other), [Code::DuplicateId]);
    assert_eq!(other.findings[0].file.as_deref(), Some("b.json"));
    assert_eq!(other.bundles[0].trees["Login"].body["description"], "x");
}

#[test]
fn paths_that_leave_the_folder_are_findings() {
    for path in [
        "../a.json",
        "a/../../b.json",
        "/etc/a.json",
        "a\\b.json",
        "a\nb.json",
    ] {
        let reading = beside(path, tree("Tricky").to_string());
        assert_eq!(codes(&reading), [Code::UnsafeName], "{path:?}");
        assert!(reading.bundles[0].trees.contains_key("Tricky"));
    }
    // a script's file cannot be named out of the folder
    let script = json!({"_id": "s", "name": "S", "language": "JAVASCRIPT", "context": "C",
        "script": {"file": "../../secret.js"}});
    let files = [
        InputFile::new("scripts/scripts-config/s.json", script.to_string()),
        InputFile::new("secret.txt", "secret"),
    ];
    assert_eq!(
        codes(&read(&files, &ReadLimits::default())),
        [Code::MissingScript]
    );
}

#[test]
fn dangling_and_missing_things_stay_to_be_seen() {
    let reading = read(
        &[InputFile::new("a.json", tree("Broken").to_string())],
        &ReadLimits::default(),
    );
    assert_eq!(codes(&reading), []);
    let tree = &reading.bundles[0].trees["Broken"];
    let (_, node) = tree.nodes.first_key_value().unwrap();
    assert!(!node.found);
    assert_eq!(&*node.connections["true"].0, "gone");
}

#[test]
fn pages_that_hold_each_other_end() {
    let page = |id: &str, child: &str| {
        json!({"_id": id, "_type": {"_id": "PageNode"}, "nodes": [
            {"_id": child, "nodeType": "PageNode", "displayName": child},
            {"_id": id, "nodeType": "PageNode", "displayName": "itself"},
            "no:Child", 7, ":", {"_id": 3}
        ]})
    };
    let export = json!({
        "tree": {"_id": "Round", "entryNodeId": "a", "nodes": {
            "a": {"nodeType": "PageNode", "displayName": "A", "connections": {}}
        }},
        "nodes": {"a": page("a", "b")},
        "innerNodes": {"b": page("b", "a")},
    });
    let reading = read(
        &[InputFile::new("a.json", export.to_string())],
        &ReadLimits::default(),
    );
    let tree = &reading.bundles[0].trees["Round"];
    assert_eq!(tree.nodes.len(), 3);
    assert!(codes(&reading).iter().all(|code| *code == Code::BadPage));
    let packed = pack(&reading.bundles[0], reading.bundles[0].form).unwrap();
    let again: serde_json::Value = serde_json::from_slice(&packed[0].bytes).unwrap();
    assert_eq!(again, export);
}

#[test]
fn a_wide_export_is_read_in_time() {
    let mut nodes = String::new();
    for number in 0..20_000 {
        let _ = write!(
            nodes,
            "{}\"n{number}\":{{\"nodeType\":\"MessageNode\",\"connections\":{{\"true\":\"n{}\"}}}}",
            if number == 0 { "" } else { "," },
            number + 1
        );
    }
    let text = format!("{{\"tree\":{{\"_id\":\"Wide\",\"nodes\":{{{nodes}}}}},\"nodes\":{{}}}}");
    let reading = read(&[InputFile::new("wide.json", text)], &ReadLimits::default());
    assert_eq!(reading.bundles[0].trees["Wide"].nodes.len(), 20_000);
}

/// How bytes of an export are changed.
#[derive(Debug, Clone)]
enum Change {
    Cut(usize),
    Set(usize, u8),
    Insert(usize, Vec<u8>),
    Remove(usize, usize),
}

fn change() -> impl Strategy<Value = Change> {
    let at = 0_usize..8_000;
    let bits = prop::sample::select(vec![
        "{", "}", "[", "]", ",", ":", "\"", "null", "\\u0000", "1e999", "-", "\\", "\"_id\":",
        "..", "/",
    ]);
    prop_oneof![
        at.clone().prop_map(Change::Cut),
        (at.clone(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        (at.clone(), bits).prop_map(|(at, bit)| Change::Insert(at, bit.as_bytes().to_vec())),
        (at, 1_usize..60).prop_map(|(at, length)| Change::Remove(at, length)),
    ]
}

fn changed(mut bytes: Vec<u8>, changes: &[Change]) -> Vec<u8> {
    for change in changes {
        let length = bytes.len().max(1);
        match change {
            Change::Cut(at) => bytes.truncate(at % length),
            Change::Set(at, byte) => {
                if let Some(place) = bytes.get_mut(at % length) {
                    *place = *byte;
                }
            }
            Change::Insert(at, bits) => {
                let at = (at % length).min(bytes.len());
                bytes.splice(at..at, bits.iter().copied());
            }
            Change::Remove(at, count) => {
                let at = (at % length).min(bytes.len());
                let end = (at + count).min(bytes.len());
                bytes.drain(at..end);
            }
        }
    }
    bytes
}

const FOLDERS: &[&str] = &[
    "frodo-single",
    "frodo-old",
    "frodo-config",
    "treetool",
    "amster",
    "file-based",
    "config-manager",
    "details",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_bytes_are_read_and_packed(
        folder in prop::sample::select(FOLDERS.to_vec()),
        file in any::<prop::sample::Index>(),
        changes in prop::collection::vec(change(), 1..5),
    ) {
        let mut files = exports::files(folder);
        let file = file.index(files.len());
        let bytes = std::mem::take(&mut files[file].bytes);
        files[file].bytes = changed(bytes, &changes);
        for bundle in read(&files, &ReadLimits::default()).bundles {
            if let Ok(packed) = pack(&bundle, bundle.form) {
                let again: Vec<_> = packed.into_iter().map(|file| InputFile::new(file.path, file.bytes)).collect();
                let second = read(&again, &ReadLimits::default());
                prop_assert_eq!(second.bundles.len(), 1);
            }
        }
    }

    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..400), name in "\\PC{0,20}") {
        let reading = read(&[InputFile::new(name, bytes)], &ReadLimits::default());
        prop_assert!(!reading.findings.is_empty() || !reading.bundles.is_empty());
    }
}
