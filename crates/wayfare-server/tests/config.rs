//! The configuration: what it means and how it is refused.

use std::{path::Path, time::Duration};

use wayfare::{Realm, Value};
use wayfare_server::config::{
    Config, ConfigError, DefaultJourney, Durability, Journeys, Parameter,
};

fn read(text: &str) -> Result<Config, Vec<String>> {
    Config::parse("wayfare.toml", text, Path::new("/etc/wayfare")).map_err(|error| match error {
        ConfigError::Mistakes(list) => list.iter().map(ToString::to_string).collect(),
        other => panic!("{other}"),
    })
}

#[test]
fn every_setting_is_read() {
    let config = read(
        r#"
[server]
listen = "0.0.0.0:9000"
base_path = "/login"
cookie_name = "sid"
cookie_secure = true
cookie_same_site = "strict"
api_version = "none"
am_locked_message = true
trusted_proxies = ["10.0.0.1"]
[server.limits]
body_bytes = "16KiB"
run_time = "10m"
runs_per_source = 7
[data]
folder = "data"
durability = "power"
[hash]
memory = "64KiB"
time = 1
threads = 3
queue = 9
[cors]
allow = ["https://app.example.com"]
[page]
realm = "/alpha"
[realms."/alpha"]
parent = "/"
aliases = ["a"]
journeys = ["journeys/alpha"]
default = "Login"
admins = ["group:admins", "user:root"]
run_time = "1m"
[realms."/alpha".params]
brand = "Acme"
tries = 3
secret = { file = "secret" }
key = { env = "KEY" }
[realms."/alpha".lockout]
failures = 3
window = "1m"
lock_for = "10s"
lock_max = "20s"
hard = 9
[realms."/alpha".mail]
from = "login@example.com"
[realms."/alpha".session]
time_max = "1h"
idle_max = "5m"
"#,
    )
    .expect("a correct file");
    assert_eq!(config.server.listen, "0.0.0.0:9000");
    assert_eq!(config.server.base_path, "/login");
    assert_eq!(config.limits.body_bytes, 16 * 1_024);
    assert_eq!(config.limits.run_time, Duration::from_secs(600));
    assert_eq!(config.limits.runs_per_source, 7);
    assert_eq!(config.data.folder, Path::new("/etc/wayfare/data"));
    assert_eq!(config.data.durability, Durability::Power);
    assert_eq!(config.hash.memory_kib, 64);
    assert_eq!(config.page_realm.as_str(), "/alpha");
    assert!(
        config.realms.contains_key(&Realm::root()),
        "the top realm is always there"
    );
    let alpha = &config.realms[&Realm::parse("/alpha").unwrap()];
    assert_eq!(
        alpha.journeys,
        Journeys::Paths(vec!["/etc/wayfare/journeys/alpha".into()])
    );
    assert_eq!(alpha.default, DefaultJourney::Named("Login".into()));
    assert_eq!(alpha.lockout.hard, 9);
    assert_eq!(alpha.session.idle_max, Duration::from_secs(300));
    assert_eq!(alpha.params["tries"], Parameter::Value(Value::Int(3)));
    assert_eq!(alpha.params["key"], Parameter::SecretVariable("KEY".into()));
}

#[test]
fn all_mistakes_are_reported_each_with_its_line() {
    let mistakes = read(
        r#"[server]
lissen = "127.0.0.1:1"
cookie_secure = "yes"

[server.limits]
head_time = "5"

[realms."/alpha/sub"]
journeys = "x"

[realms.alpha]

[realm]
"#,
    )
    .expect_err("mistakes");
    assert_eq!(
        mistakes,
        [
            "wayfare.toml:2: there is no setting `lissen` in `[server]`; did you mean `listen`?",
            "wayfare.toml:3: `server.cookie_secure` must be true or false, but is \"yes\"",
            "wayfare.toml:6: `server.limits.head_time` must be a time such as \"30s\" or \"5m\", but is \"5\"",
            "wayfare.toml:9: `realms.\"/alpha/sub\".journeys` must be a list of texts, but is \"x\"",
            "wayfare.toml:11: `realms.\"alpha\"` is not the path of a realm; write one such as [realms.\"/alpha\"]",
            "wayfare.toml:13: there is no setting `realm` at the top of the file; did you mean `realms`?",
        ]
    );
}

#[test]
fn the_documented_file_names_every_setting_with_its_default() {
    let text = include_str!("../../../docs/wayfare.toml");
    let config = read(text).expect("a correct file");
    let default = Config::default();
    assert_eq!(
        format!("{:?}", config.limits),
        format!("{:?}", default.limits)
    );
    assert_eq!(format!("{:?}", config.hash), format!("{:?}", default.hash));
    let mut server = config.server;
    assert_eq!(
        server.origin.take().as_deref(),
        Some("https://login.example.com")
    );
    server.trusted_proxies.clear();
    assert_eq!(format!("{server:?}"), format!("{:?}", default.server));
    let realm = &config.realms[&Realm::parse("/alpha").unwrap()];
    let plain = Config::default().realms[&Realm::root()].clone();
    assert_eq!(realm.lockout, plain.lockout);
    let mut session = realm.session.clone();
    session.time_max_attribute = None;
    session.idle_max_attribute = None;
    assert_eq!(session, plain.session);
    assert_eq!(config.transactions, default.transactions);
    for (written, default) in [
        (
            format!("{:?}", realm.module_login),
            format!("{:?}", plain.module_login),
        ),
        (
            format!("{:?}", realm.zero_page),
            format!("{:?}", plain.zero_page),
        ),
        (
            realm.user_journey_attribute.clone(),
            plain.user_journey_attribute.clone(),
        ),
        (
            format!("{:?}", realm.demo_user),
            format!("{:?}", plain.demo_user),
        ),
    ] {
        assert_eq!(written, default);
    }
    // Every setting that can be asked for stands in it: a wrong key names all there are.
    let names = |table: &str| {
        let broken = format!("{table}\nzzzzzzzz = 1\n");
        let said = read(&broken).expect_err("a wrong key").join("\n");
        let (_, list) = said.split_once("; there are ").expect("a list");
        list.split(", ").map(str::to_owned).collect::<Vec<_>>()
    };
    for table in [
        "[server]",
        "[server.limits]",
        "[data]",
        "[hash]",
        "[cors]",
        "[page]",
        "[[backchannel]]\ntoken = { env = \"A\" }\nrealms = [\"/\"]",
        "[transactions]",
        "[realms.\"/alpha\"]",
        "[realms.\"/alpha\".lockout]",
        "[realms.\"/alpha\".mail]",
        "[realms.\"/alpha\".session]",
        "[realms.\"/alpha\".users.root]",
    ] {
        for name in names(table) {
            let written = text.contains(&format!("\n{name} = "))
                || text.contains(&format!(".{name}]"))
                || text.contains(&format!(".{name}."));
            assert!(written, "`{name}` of {table} is not documented");
        }
    }
}

#[test]
fn the_page_logs_in_where_there_is_one_way_to() {
    let one = "[realms.\"/alpha\"]\njourneys = [\"a\"]\n";
    assert_eq!(read(one).unwrap().page_realm.as_str(), "/alpha");
    let two = format!("{one}[realms.\"/beta\"]\njourneys = [\"b\"]\n");
    assert_eq!(read(&two).unwrap().page_realm.as_str(), "/");
    let said = format!("{two}[page]\nrealm = \"/beta\"\n");
    assert_eq!(read(&said).unwrap().page_realm.as_str(), "/beta");
    let wrong = read("[page]\nrealm = \"/gone\"\n").expect_err("no such realm");
    assert_eq!(
        wrong,
        ["wayfare.toml:2: `page.realm` must be one of the realms /, but is \"/gone\""]
    );
}

#[test]
fn what_the_wire_bounds_can_only_be_lowered() {
    let config =
        read("[server.limits]\ncallbacks = 8\ngoto_bytes = 100\nauth_id_bytes = \"4KiB\"\n");
    assert_eq!(config.expect("lower").limits.callbacks, 8);
    let mistakes =
        read("[server.limits]\ncallbacks = 33\ngoto_bytes = 2001\nauth_id_bytes = \"9KiB\"\n");
    assert_eq!(
        mistakes.expect_err("higher"),
        [
            "wayfare.toml:2: `server.limits.callbacks` must be at most 32, but is 33",
            "wayfare.toml:3: `server.limits.goto_bytes` must be at most 2000, but is 2001",
            "wayfare.toml:4: `server.limits.auth_id_bytes` must be at most 8192, but is \"9KiB\"",
        ]
    );
}

#[test]
fn a_text_that_is_no_toml_has_its_line() {
    let mistakes = read("[server]\nlisten = \n").expect_err("no TOML");
    assert_eq!(mistakes.len(), 1);
    assert!(
        mistakes[0].starts_with("wayfare.toml:2: "),
        "{}",
        mistakes[0]
    );
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = Config::read(Path::new("no/such/wayfare.toml")).expect_err("nothing there");
    assert!(
        error
            .to_string()
            .starts_with("cannot read no/such/wayfare.toml: "),
        "{error}"
    );
}

#[test]
fn a_configuration_that_is_no_plain_file_is_refused_and_not_waited_for() {
    let refused = Config::read(Path::new(env!("CARGO_MANIFEST_DIR"))).map(|_| ());
    let message = refused.map_err(|error| error.to_string());
    assert!(
        message
            .as_ref()
            .is_err_and(|m| m.contains("it is not a plain file")),
        "{message:?}"
    );
}
