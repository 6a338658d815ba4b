//! `keys`: the keys that tokens are signed with, shown, rotated and taken away.

use serde_json::Value as Json;

use crate::support::Folder;

const SETTINGS: &str = r#"
[realms."/alpha"]

[realms."/alpha".oauth]
algorithms = ["ES256"]
"#;

fn keys(folder: &Folder, arguments: &[&str]) -> Vec<Json> {
    let ran = folder.run(
        &[
            &["keys"],
            arguments,
            &["--data", "data", "--format", "json"],
        ]
        .concat(),
    );
    assert_eq!(ran.code, 0, "{ran:?}");
    let all: Json = serde_json::from_str(&ran.out).unwrap();
    all.as_array().unwrap().clone()
}

#[test]
fn keys_are_rotated_and_taken_away() {
    let folder = Folder::new(&[("wayfare.toml", SETTINGS), ("data/x", "")]);
    let none = folder.run(&["keys", "list", "--data", "data"]);
    assert_eq!(
        (none.code, none.out.contains("no keys yet")),
        (0, true),
        "{none:?}"
    );
    let none = folder.run(&["keys", "rotate", "--data", "data"]);
    assert_eq!(none.code, 3, "{none:?}");
    let made = keys(
        &folder,
        &["rotate", "--use", "oauth", "--algorithm", "ES256"],
    );
    assert_eq!(
        (made.len(), &made[0]["state"]),
        (1, &Json::from("signs")),
        "{made:?}"
    );
    let both = keys(&folder, &["rotate"]);
    let states: Vec<_> = both
        .iter()
        .map(|key| key["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["signs", "published"]);
    assert!(both[0]["until"].is_string() && both[1]["until"].is_null());
    assert!(both[0]["jwk"]["x"].is_string() && both[0]["jwk"].get("d").is_none());
    let first = both[0]["kid"].as_str().unwrap();
    let next = both[1]["kid"].as_str().unwrap();
    let refused = folder.run(&["keys", "retire", next, "--data", "data"]);
    let only = format!("`{next}` is the only key that signs, or will, for ES256; rotate first");
    assert_eq!(refused.code, 3);
    assert!(refused.err.contains(&only), "{}", refused.err);
    let left = keys(&folder, &["retire", first]);
    assert_eq!(
        (left.len(), &left[0]["state"]),
        (1, &Json::from("signs")),
        "{left:?}"
    );
    let last = left[0]["kid"].as_str().unwrap();
    let refused = folder.run(&["keys", "retire", last, "--data", "data"]);
    assert_eq!(refused.code, 3);
    assert!(refused.err.contains("rotate first"), "{}", refused.err);
    let shown = folder.run(&["keys", "list", "--data", "data"]);
    assert!(
        shown.out.starts_with("oauth   ES256  signs"),
        "{}",
        shown.out
    );
    let runs = folder.run(&["keys", "rotate", "--use", "runs", "--data", "data"]);
    assert_eq!(runs.code, 0, "{runs:?}");
    for (arguments, said) in [
        (
            vec!["list", "--realm", "alpha"],
            "is not the path of a realm",
        ),
        (
            vec!["list", "--realm", "/beta"],
            "the settings have no realm `/beta`",
        ),
        (
            vec!["list", "--data", "nowhere"],
            "there is no data folder nowhere",
        ),
        (vec!["rotate", "--algorithm", "ES256"], "say with --use"),
        (
            vec!["rotate", "--use", "oauth", "--algorithm", "none"],
            "none of RS256",
        ),
        (vec!["rotate", "--publish", "soon"], "is no time"),
        (vec!["retire", "x"], "there is no key `x`"),
    ] {
        let mut all = vec!["keys"];
        all.extend(&arguments);
        if !arguments.contains(&"--data") {
            all.extend(["--data", "data"]);
        }
        let ran = folder.run(&all);
        assert_eq!(ran.code, 3, "{ran:?}");
        assert!(ran.err.contains(said), "{}", ran.err);
    }
}

#[test]
fn a_key_outlives_the_tokens_that_the_settings_let_it_sign() {
    let autoid = "[realms.\"/alpha\".autoid]\nlifetime = \"24h\"\n";
    let oauth = "[realms.\"/alpha\".oauth]\naccess_token = \"72h\"\nid_token = \"1h\"\n";
    for (usage, algorithm, settings, days) in
        [("autoid", "EdDSA", autoid, 1), ("oauth", "ES256", oauth, 3)]
    {
        let settings = format!("[realms.\"/alpha\"]\n{settings}");
        let folder = Folder::new(&[("wayfare.toml", &settings), ("data/x", "")]);
        keys(
            &folder,
            &["rotate", "--use", usage, "--algorithm", algorithm],
        );
        let both = keys(&folder, &["rotate", "--publish", "0s"]);
        let at = |key: &Json, name: &str| {
            let (date, time) = key[name].as_str().unwrap().split_once('T').unwrap();
            let parts: Vec<i64> = date.split('-').map(|part| part.parse().unwrap()).collect();
            (parts[0], parts[1], parts[2], time.to_owned())
        };
        let (year, month, day, time) = at(&both[1], "from");
        let until = at(&both[0], "until");
        assert_eq!(until.3, time, "{usage}: {both:?}");
        let next = until.2 == day + days;
        let next_month = until.2 <= days && (until.0, until.1) != (year, month);
        assert!(next || next_month, "{usage}: {both:?}");
    }
}
