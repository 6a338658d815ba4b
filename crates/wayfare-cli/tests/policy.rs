//! `policy`: what would be decided, and why.

use crate::support::Folder;

const BANK: &str = r#"policy payments "https://bank.test:443/pay/*" {
  actions = [GET, POST]
  subjects = [group "staff"]
  require level 20
}

policy reading "https://bank.test:443/*" {
  actions = [GET]
  when has environment["hour"] && int(environment["hour"]) < 18
}
"#;

const PAY: [&str; 4] = [
    "policy",
    "bank.journey",
    "--resource",
    "https://bank.test/pay/1",
];

#[test]
fn a_decision_says_what_each_policy_says() {
    let folder = Folder::new(&[("bank.journey", BANK)]);
    let asked = |more: &[&str]| folder.run(&[&PAY[..], more].concat());
    let weak = asked(&["--user", "demo", "--group", "staff", "--level", "10"]);
    assert_eq!(weak.code, 1, "{weak:?}");
    assert_eq!(
        weak.out,
        "denied   GET\ndenied   POST\n  policy payments: asks for level 20\n  policy reading: its \
         condition does not hold\n"
    );
    let strong = asked(&[
        "--user", "demo", "--group", "staff", "--level", "20", "--action", "POST",
    ]);
    assert_eq!(strong.code, 0, "{strong:?}");
    assert!(
        strong.out.starts_with("granted  GET\ngranted  POST\n"),
        "{}",
        strong.out
    );
    let other = asked(&["--user", "demo", "--level", "20", "--environment", "hour=9"]);
    assert_eq!(other.code, 0, "{other:?}");
    assert!(
        other
            .out
            .contains("policy payments: speaks of other subjects"),
        "{}",
        other.out
    );
    assert_eq!(
        asked(&["--environment", "hour=9"]).code,
        1,
        "nobody is logged in"
    );
    let broken = asked(&["--user", "demo", "--environment", "hour=late"]);
    assert_eq!(broken.code, 1);
    assert!(broken.out.contains("its condition fails"), "{}", broken.out);
    let json = asked(&["--user", "demo", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json.out).expect("JSON");
    assert_eq!(json["actions"]["POST"], false);
}

#[test]
fn what_cannot_be_asked_is_said() {
    let folder = Folder::new(&[("bank.journey", BANK)]);
    let bad = folder.run(&[
        "policy",
        "bank.journey",
        "--resource",
        "https://bank.test/a/../b",
    ]);
    assert_eq!(bad.code, 3, "{bad:?}");
    assert!(bad.err.contains("`.` or `..` part"), "{}", bad.err);
    let none = folder.run(&["policy", "bank.journey", "--resource", "other"]);
    assert_eq!(none.code, 1, "{none:?}");
    assert_eq!(none.out, "denied   everything: no policy protects it\n");
}
