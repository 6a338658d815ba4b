//! The configuration: what it means and how it is refused.

use std::{path::Path, time::Duration};

use wayfare::{Realm, Value};
use wayfare_server::config::{
    Config, ConfigError, DefaultJourney, Durability, ExistingToken, Journeys, MailSecurity,
    NoSessionMessage, Parameter, QuotaExceeded, RealmSettings, SecretSource,
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
mails_per_recipient = 8
mails_per_source = 9
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
    assert_eq!(config.limits.mails_per_recipient, 8);
    assert_eq!(config.limits.mails_per_source, 9);
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
        (
            format!("{:?}", realm.incomplete),
            format!("{:?}", plain.incomplete),
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
        "[realms.\"/alpha\".social]",
        "[realms.\"/alpha\".social.auth_info]\nurl = \"https://a.example\"\napi_key = { env = \"A\" }",
        "[realms.\"/alpha\".providers.google]\nissuer = \"https://a.example\"\nclient_id = \"a\"",
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
fn a_provider_says_what_it_needs() {
    let wrong = |text: &str| read(text).expect_err(text).join("\n");
    let realm = "[realms.\"/alpha\".providers.google]\n";
    for (lines, said) in [
        (
            "client_id = \"a\"",
            "`realms.\"/alpha\".providers.google.issuer` is missing",
        ),
        ("issuer = \"https://a.example\"", "client_id` is missing"),
        (
            "authorize = \"https://a.example/a\"\ntoken = \"https://a.example/t\"\nclient_id = \"a\"",
            "userinfo` is missing",
        ),
        (
            "issuer = \"http://a.example\"\nclient_id = \"a\"",
            "http is for this machine only",
        ),
        (
            "issuer = \"https://a.example\"\nclient_id = \"a\"\nauth_method = \"client_secret_post\"",
            "client_secret` is missing",
        ),
        (
            "issuer = \"https://a.example\"\nclient_id = \"a\"\nclient_secret = \"plain\"",
            "secrets are never written here",
        ),
        (
            "issuer = \"https://a.example\"\nclient_id = \"a\"\ntimeout = \"1h\"",
            "shorter than `server.limits.request_time`",
        ),
        (
            "issuer = \"https://a.example\"\nclient_id = \"a\"\nattributes = { password = \"sub\" }",
            "is nothing that a provider may say",
        ),
        (
            "issuer = \"https://a.example\"\nclient_id = \"a\"\nisuser = 1",
            "did you mean `issuer`?",
        ),
    ] {
        let message = wrong(&format!("{realm}{lines}\n"));
        assert!(message.contains(said), "{lines}: {message}");
    }
    for (lines, said) in [
        ("token_urls = [\"http://a.example\"]", "must hold addresses"),
        (
            "token_urls = [\"https://a@b.example\"]",
            "must hold addresses",
        ),
        ("path = \"capture\"", "a path such as"),
        ("lifetime = \"2h\"", "at most \"1h\""),
        ("api_key = \"plain\"", "secrets are never written here"),
        ("auth_info = { url = \"https://a.example\" }", "write both"),
    ] {
        let message = wrong(&format!("[realms.\"/alpha\".social]\n{lines}\n"));
        assert!(message.contains(said), "{lines}: {message}");
    }
    // `google-a-1` would be an account at either.
    let two = |name: &str| {
        let lines = "issuer = \"https://a.example\"\nclient_id = \"a\"\n";
        format!("{realm}{lines}[realms.\"/alpha\".providers.{name}]\n{lines}")
    };
    assert!(wrong(&two("google-a")).contains("begins as `google` does"));
    assert!(wrong(&two("localAuthentication")).contains("must be a name"));
    let config = read(&two("googles")).unwrap();
    let alpha = &config.realms[&Realm::parse("/alpha").unwrap()];
    assert_eq!(alpha.providers.len(), 2);
    assert!(alpha.providers["google"].is_openid());
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

fn mistakes(text: &str) -> Vec<String> {
    read(text).expect_err("mistakes")
}

#[test]
fn what_a_realm_takes_over_and_what_it_never_does() {
    let config = read(
        r#"
[realms."/"]
journeys = ["top"]
default = "Top"
aliases = ["main"]
admins = ["group:root"]
demo_user = true
run_time = "1m"
success_url = "/in"
failure_url = "/out"
goto = ["https://a.example:443/*"]
module_login = true
user_journey_attribute = "way"
zero_page = false
[realms."/".modules]
A = "Top"
[realms."/".roles]
r = "Top"
[realms."/".params]
brand = "Acme"
key = { env = "KEY" }
[realms."/".lockout]
failures = 3
hard = 9
[realms."/".mail]
from = "top@example.com"
[realms."/".session]
time_max = "1h"
quota = 5
quota_exceeded = "end_oldest"
properties = ["a"]
time_max_attribute = "minutes"
[realms."/".users.root]

[realms."/plain"]

[realms."/all"]
parent = "/"

[realms."/some"]
parent = "/all"
journeys = ["own"]
goto = []
[realms."/some".params]
brand = "Other"
[realms."/some".lockout]
failures = 4
[realms."/some".session]
quota = 1
properties = []

[realms."/names"]
parent = "/all"
default = "Mine"
[realms."/names".modules]
B = "Mine"
"#,
    )
    .expect("a correct file");
    let at = |path: &str| &config.realms[&Realm::parse(path).unwrap()];
    let (top, all, some) = (at("/"), at("/all"), at("/some"));
    let defaults = |realm: &RealmSettings| format!("{realm:?}");
    assert_eq!(defaults(at("/plain")), defaults(&RealmSettings::default()));
    // All but what is a realm's own.
    let mut own = top.clone();
    own.parent = Some(Realm::root());
    own.aliases.clear();
    own.admins.clear();
    own.demo_user = false;
    own.users.clear();
    own.params_taken = ["brand".into(), "key".into()].into();
    assert_eq!(defaults(all), defaults(&own));
    // Journeys of its own: what names journeys is its own as well.
    assert_eq!(
        some.journeys,
        Journeys::Paths(vec!["/etc/wayfare/own".into()])
    );
    assert_eq!(some.default, DefaultJourney::Found);
    assert!(some.modules.is_empty() && some.roles.is_empty());
    assert!(some.goto.is_empty() && some.session.properties.is_empty());
    assert_eq!(some.params["brand"], Parameter::Value(Value::text("Other")));
    assert_eq!(some.params["key"], top.params["key"]);
    assert_eq!(some.params_taken, ["key".into()].into());
    assert_eq!((some.lockout.failures, some.lockout.hard), (4, 9));
    assert_eq!(some.session.quota, 1);
    assert_eq!(some.session.quota_exceeded, QuotaExceeded::EndOldest);
    assert_eq!(some.session.time_max, Duration::from_secs(3_600));
    assert_eq!(some.mail, top.mail);
    assert!(!some.zero_page && some.module_login);
    let names = at("/names");
    assert_eq!(names.default, DefaultJourney::Named("Mine".into()));
    assert_eq!(names.journeys, top.journeys);
    let modules: Vec<&str> = names.modules.keys().map(String::as_str).collect();
    assert_eq!(modules, ["A", "B"]);
}

#[test]
fn parents_that_are_not_there_and_circles_are_mistakes() {
    assert_eq!(
        mistakes("[realms.\"/a\"]\nparent = \"/alhpa\"\n[realms.\"/alpha\"]\nparent = \"/c/d\"\n"),
        [
            "wayfare.toml:2: `realms.\"/a\".parent` must be the path of a realm of this file such as \"/alpha\", but is \"/alhpa\"",
            "wayfare.toml:4: `realms.\"/alpha\".parent` must be the path of a realm of this file; add [realms.\"/c/d\"], but is \"/c/d\"",
        ]
    );
    assert_eq!(
        mistakes(
            "[realms.\"/a\"]\nparent = \"/b\"\n[realms.\"/b\"]\nparent = \"/c\"\n[realms.\"/c\"]\nparent = \"/a\"\n[realms.\"/d\"]\nparent = \"/a\"\n[realms.\"/e\"]\nparent = \"/e\"\n"
        ),
        [
            "wayfare.toml:2: `realms.\"/a\".parent` must be the path of a realm that does not take over from this one; /a → /b → /c → /a is a circle, but is \"/b\"",
            "wayfare.toml:10: `realms.\"/e\".parent` must be the path of a realm that does not take over from this one; /e → /e is a circle, but is \"/e\"",
        ]
    );
}

#[test]
fn a_name_leads_to_one_realm() {
    assert_eq!(
        mistakes(
            "[realms.\"/a\"]\naliases = [\"x\", \"b\", \"root\", \"A.example\", \"a..b\", \"a\"]\n[realms.\"/b\"]\naliases = [\"X\", \"h.example\"]\n[realms.\"/c\"]\naliases = [\"h.example\"]\n"
        ),
        [
            "wayfare.toml:1: `realms.\"/a\".aliases` holds `b`, which already leads to realm `/b`",
            "wayfare.toml:2: `realms.\"/a\".aliases` cannot hold `root`, which is the top realm",
            "wayfare.toml:2: `realms.\"/a\".aliases` must hold names of letters, digits, `-` and `_`, or host names in small letters, not \"A.example\"",
            "wayfare.toml:2: `realms.\"/a\".aliases` must hold names of letters, digits, `-` and `_`, or host names in small letters, not \"a..b\"",
            "wayfare.toml:3: `realms.\"/b\".aliases` holds `X`, which already leads to realm `/a`",
            "wayfare.toml:5: `realms.\"/c\".aliases` holds `h.example`, which already leads to realm `/b`",
        ]
    );
}

#[test]
fn users_of_the_settings_are_checked() {
    assert_eq!(
        mistakes(
            r#"[realms."/a".users.anna]
password = "Passw0rd"
[realms."/a".users.ANNA]
[realms."/a".users."de\u200Bmo"]
[realms."/a".users.bob]
groups = ["", "x"]
grops = []
[realms."/a".users.bob.attributes]
Groups = ["admins"]
userpassword = "x"
mail = "a@example.com"
Mail = "b@example.com"
when = 2026-01-01
"a b" = 1
"#
        ),
        [
            "wayfare.toml:1: `realms.\"/a\".users.anna` is the same username as `ANNA`",
            "wayfare.toml:4: `realms.\"/a\".users.de\u{200b}mo` cannot be a username: it needs 1 to 256 characters, none of them invisible, and no blank around it",
            "wayfare.toml:6: `realms.\"/a\".users.bob.groups` must hold names of groups",
            "wayfare.toml:7: there is no setting `grops` in `[realms.\"/a\".users.bob]`; did you mean `groups`?",
            "wayfare.toml:9: `realms.\"/a\".users.bob.attributes.Groups` has a setting of its own beside `attributes`",
            "wayfare.toml:10: `realms.\"/a\".users.bob.attributes.userpassword` must be written as `password` beside `attributes`",
            "wayfare.toml:11: `realms.\"/a\".users.bob.attributes.mail` is there twice; letter case does not matter",
            "wayfare.toml:13: `realms.\"/a\".users.bob.attributes.when` must be a text, a number, true, false or a list of these",
            "wayfare.toml:14: `realms.\"/a\".users.bob.attributes.a b` is no name of an attribute: letters, digits, `-`, `_`, `.` and `:`",
        ]
    );
    let said = mistakes("[realms.\"/a\".users.anna]\npassword = \"Passw0rd\"\n").join("\n");
    assert_eq!(
        said,
        "wayfare.toml:2: `realms.\"/a\".users.anna.password` must be { file = \"…\" } or { env = \"…\" }; secrets are never written here"
    );
}

#[test]
fn the_settings_of_the_protocol_are_read_and_checked() {
    let config = read(
        r#"
[server]
strict_advice = true
goto_first = false
no_session_message = "never"
existing_token = "same"
lenient_callbacks = true
clear_site_data = false
cookie_name = "sid"
cookie_host_prefix = true
hosts = ["login.example.com"]
[[backchannel]]
token = { env = "A" }
realms = ["/", "/alpha/sub"]
[[backchannel]]
token = { file = "b" }
realms = []
[transactions]
time_max = "1m"
[realms."/alpha/sub"]
"#,
    )
    .expect("a correct file");
    let server = &config.server;
    assert!(server.strict_advice && !server.goto_first && server.lenient_callbacks);
    assert!(!server.clear_site_data && server.cookie_secure);
    assert_eq!(server.cookie(), "__Host-sid");
    assert_eq!(server.no_session_message, NoSessionMessage::Never);
    assert_eq!(server.existing_token, ExistingToken::Same);
    assert_eq!(config.transactions.time_max, Duration::from_secs(60));
    let [one, two] = &config.backchannel[..] else {
        panic!("two callers");
    };
    assert_eq!(one.token, SecretSource::Variable("A".into()));
    assert_eq!(one.realms.len(), 2);
    assert_eq!(two.token, SecretSource::File("/etc/wayfare/b".into()));
    let realms: Vec<&str> = config.realms.keys().map(Realm::as_str).collect();
    assert_eq!(
        realms,
        ["/", "/alpha", "/alpha/sub"],
        "what lies between is there"
    );

    assert_eq!(
        mistakes(
            r#"[server]
cookie_secure = false
cookie_host_prefix = true
cookie_domains = ["example.com"]
existing_token = "yes"
hosts = ["Login.example.com"]
[[backchannel]]
realms = ["/gone"]
[[backchannel]]
token = "geheim"
"#
        ),
        [
            "wayfare.toml:3: `server.cookie_host_prefix` must be false where `cookie_secure` is, but is true",
            "wayfare.toml:4: `server.cookie_domains` must be empty where `cookie_host_prefix` is true: a browser refuses such a cookie with a domain",
            "wayfare.toml:5: `server.existing_token` must be \"auto\", \"same\" or \"empty\", but is \"yes\"",
            "wayfare.toml:6: `server.hosts` must hold host names in small letters, not \"Login.example.com\"",
            "wayfare.toml:7: `backchannel.token` is missing; write token = { file = \"…\" } or { env = \"…\" }",
            "wayfare.toml:8: `backchannel.realms` must hold realms of this file, not \"/gone\"",
            "wayfare.toml:9: `backchannel.realms` is missing; write realms = [\"/alpha\"]",
            "wayfare.toml:10: `backchannel.token` must be { file = \"…\" } or { env = \"…\" }; secrets are never written here",
        ]
    );
    assert_eq!(
        mistakes("backchannel = 1\n"),
        ["wayfare.toml:1: `backchannel` must be written as [[backchannel]], but is 1"]
    );
}

#[test]
fn a_mail_server_is_read_and_what_would_be_unsafe_is_refused() {
    let config = read(
        r#"[realms."/alpha".mail]
from = "Door <door@example.com>"
host = "mail.example.com"
username = "door"
password = { env = "MAIL" }
ca = "ca.pem"

[realms."/beta"]
parent = "/alpha"

[realms."/beta".mail]
security = "tls"
port = 2465
"#,
    )
    .expect("correct settings");
    let mail = |realm: &str| {
        let settings = &config.realms[&Realm::parse(realm).unwrap()];
        settings.mail.server.clone().expect("a server")
    };
    let alpha = mail("/alpha");
    assert_eq!((alpha.security, alpha.port), (MailSecurity::StartTls, 587));
    assert_eq!(alpha.ca, Some("/etc/wayfare/ca.pem".into()));
    let beta = mail("/beta");
    assert_eq!((beta.security, beta.port), (MailSecurity::Tls, 2465));
    assert_eq!(beta.account, alpha.account);

    let mistakes = read(
        r#"[realms."/a".mail]
host = "mail.example.com"
security = "none"

[realms."/b".mail]
from = "door@example.com"
host = "mail example"
password = "hunter2"

[realms."/c".mail]
timeout = "5s"

[realms."/d".mail]
from = "nobody"
host = "::1"
security = "none"
username = "door"

[realms."/e".mail.templates.welcome]
from = "two@example.com, three@example.com"
subject = { en = 1 }
"#,
    )
    .expect_err("mistakes");
    let all = mistakes.join("\n");
    for part in [
        "wayfare.toml:1: `realms.\"/a\".mail.security` is missing; \"none\" is for",
        "wayfare.toml:1: `realms.\"/a\".mail.from` is missing",
        "wayfare.toml:7: `realms.\"/b\".mail.host` must be the name or address",
        "wayfare.toml:8: `realms.\"/b\".mail.password` must be { file",
        "wayfare.toml:10: `realms.\"/c\".mail.host` is missing",
        "wayfare.toml:13: `realms.\"/d\".mail.password` is missing",
        "wayfare.toml:13: `realms.\"/d\".mail.from` is missing",
        "welcome.from` must be an address",
        "welcome.subject` must be a text, or a table",
        "welcome.message` is missing",
    ] {
        assert!(all.contains(part), "{part} in:\n{all}");
    }
    assert!(!all.contains("hunter2"), "{all}");
}
