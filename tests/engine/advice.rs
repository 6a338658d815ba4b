//! Advices against real programs: what is started, what is offered, what is dropped.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, LazyLock},
};

use proptest::prelude::*;
use wayfare::{
    Advice, AuthLevel, Candidate, Engine, Journeys, Qualified, Realm, Resolution, Start,
    engine::advice::MENU_MAX,
};

use super::support::{Machine, engine};

/// A journey that ends at a level, with settings of its own.
fn journey(name: &str, level: u32, settings: &str) -> String {
    format!(
        "journey {name} {{\n{settings}\nstart page\nnode page: Page {{\nnode name: UsernameCollector\n\
         node password: PasswordCollector\n-> check\n}}\n\
         node check: DataStoreDecision {{ true -> level false -> failure }}\n\
         node level: ModifyAuthLevel(authLevelIncrement = {level}) -> success\n}}\n"
    )
}

static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let mut text = String::new();
    for (name, level, settings) in [
        ("Login", 5, ""),
        ("Strong", 20, ""),
        ("Stronger", 30, ""),
        ("Hidden", 40, "offered = false"),
        ("Inner", 40, "innerTreeOnly = true"),
        ("Off", 40, "enabled = false"),
        ("Confirm", 40, "transactionalOnly = true"),
    ] {
        text += &journey(name, level, settings);
    }
    engine(&text)
});

static MANY: LazyLock<Engine> = LazyLock::new(|| {
    let text: String = (0..100)
        .map(|n| journey(&format!("J{n}"), n + 1, ""))
        .collect();
    engine(&text)
});

/// Realms with the same journeys; in `/many` there are more than fit into a menu.
struct World {
    asked: RefCell<BTreeSet<Realm>>,
}

fn realm(path: &str) -> Realm {
    Realm::parse(path).unwrap()
}

impl World {
    fn new() -> Self {
        Self {
            asked: RefCell::default(),
        }
    }
}

impl Journeys for World {
    fn engine(&self, realm: &Realm) -> Option<Engine> {
        self.asked.borrow_mut().insert(realm.clone());
        match realm.as_str() {
            "/" | "/alpha" | "/alpha/sub" | "/beta" => Some(ENGINE.clone()),
            "/many" => Some(MANY.clone()),
            _ => None,
        }
    }

    fn default_journey(&self, realm: &Realm) -> Option<Arc<str>> {
        match realm.as_str() {
            "/alpha" | "/alpha/sub" => Some("Login".into()),
            "/beta" => Some("Strong".into()),
            // A default that may not be started is none.
            "/" => Some("Inner".into()),
            _ => None,
        }
    }

    fn scheme(&self, _: &Realm, name: &str) -> Option<Arc<str>> {
        match name {
            "LDAP" => Some("Login".into()),
            "OTP" => Some("Strong".into()),
            "Broken" => Some("Nothing".into()),
            _ => None,
        }
    }

    fn alias(&self, alias: &str) -> Option<Realm> {
        match alias {
            "customers" => Some(realm("/alpha/sub")),
            "others" => Some(realm("/beta")),
            _ => None,
        }
    }
}

fn advice(parts: &[(&str, &str)]) -> Advice {
    let mut advice = Advice::default();
    for (kind, value) in parts {
        match *kind {
            "realm" => advice.realm(value),
            "service" => advice.service(value),
            "scheme" => advice.scheme(value),
            "level" => advice.level(value),
            "transaction" => advice.transaction(value),
            _ => advice.other(value),
        }
    }
    advice
}

/// A resolution as a line: `Login`, `Login | /alpha/sub:Strong@20`, `-`.
fn shown(resolution: &Resolution) -> String {
    let one = |c: &Candidate| {
        let level = c.asked_level.map(|level| format!("@{level}"));
        format!(
            "{}={}:{}{}",
            c.shown,
            c.realm,
            c.journey,
            level.unwrap_or_default()
        )
    };
    match resolution {
        Resolution::None => "-".to_owned(),
        Resolution::One(candidate) => one(candidate),
        Resolution::Menu(list) => list.iter().map(one).collect::<Vec<_>>().join(" | "),
        Resolution::Transaction(id) => format!("transaction {id}"),
    }
}

fn resolve(at: &str, parts: &[(&str, &str)]) -> String {
    shown(&advice(parts).resolve(&realm(at), &World::new(), false))
}

fn strict(at: &str, parts: &[(&str, &str)]) -> String {
    shown(&advice(parts).resolve(&realm(at), &World::new(), true))
}

#[test]
fn v19_v20_services_are_alternatives_in_the_order_of_the_document() {
    assert_eq!(
        resolve("/alpha", &[("service", "Strong"), ("service", "Login")]),
        "Strong=/alpha:Strong | Login=/alpha:Login"
    );
    assert_eq!(
        resolve("/alpha", &[("service", "Login")]),
        "Login=/alpha:Login"
    );
    assert_eq!(
        resolve(
            "/alpha",
            &[
                ("service", " Login\n"),
                ("service", ":Login"),
                ("service", "/alpha:Login")
            ]
        ),
        "Login=/alpha:Login",
        "one journey, however it is named"
    );
    // A journey that no menu offers may be asked for by its name.
    assert_eq!(
        resolve("/alpha", &[("service", "Hidden")]),
        "Hidden=/alpha:Hidden"
    );
    // A value is one name.
    assert_eq!(resolve("/alpha", &[("service", "Login Strong")]), "-");
}

#[test]
fn v21_a_realm_goes_before_services() {
    let parts = [
        ("service", "Strong"),
        ("realm", "/alpha/sub"),
        ("level", "20"),
    ];
    assert_eq!(resolve("/alpha", &parts), "/alpha/sub=/alpha/sub:Login");
    assert_eq!(
        resolve(
            "/",
            &[
                ("realm", "/alpha"),
                ("realm", "customers"),
                ("realm", "/beta"),
                ("realm", "/")
            ]
        ),
        "/alpha=/alpha:Login | customers=/alpha/sub:Login | /beta=/beta:Strong"
    );
    // A bare name is an alias, else a realm below the top; never one that lies elsewhere.
    assert_eq!(
        resolve("/", &[("realm", "alpha"), ("realm", "customers")]),
        "alpha=/alpha:Login | customers=/alpha/sub:Login"
    );
    assert_eq!(resolve("/alpha", &[("realm", "beta")]), "-");
    assert_eq!(resolve("/alpha", &[("realm", "../beta")]), "-");
    // What cannot be started does not make way for what was passed over.
    assert_eq!(
        resolve("/alpha", &[("realm", "/gone"), ("service", "Login")]),
        "-"
    );
}

#[test]
fn v22_v24_the_lowest_level_is_meant() {
    let offered = "Strong=/alpha:Strong@20 | Stronger=/alpha:Stronger@20";
    assert_eq!(
        resolve("/alpha", &[("level", "30"), ("level", "20")]),
        offered
    );
    assert_eq!(
        resolve("/alpha", &[("level", "20"), ("level", "30")]),
        offered
    );
    assert_eq!(
        strict("/alpha", &[("level", "20"), ("level", "30")]),
        "Stronger=/alpha:Stronger@30"
    );
    assert_eq!(
        resolve("/alpha", &[("level", "31")]),
        "-",
        "nothing that is offered reaches it"
    );
    // A level with the realm of the request is that level; with a realm below, it is asked there.
    assert_eq!(
        resolve("/", &[("level", "/:21")]),
        "/:Stronger=/:Stronger@21"
    );
    assert_eq!(resolve("/", &[("level", "21")]), "Stronger=/:Stronger@21");
    assert_eq!(
        resolve("/", &[("level", "/alpha:30"), ("level", "30")]),
        "/alpha:Stronger=/alpha:Stronger@30 | Stronger=/:Stronger@30"
    );
    assert_eq!(
        resolve("/", &[("level", "/alpha:30"), ("level", "40")]),
        "/alpha:Stronger=/alpha:Stronger@30"
    );
}

#[test]
fn v23_services_go_before_levels_unless_both_are_meant() {
    let both = [
        ("service", "Login"),
        ("service", "Strong"),
        ("service", "Stronger"),
        ("level", "20"),
    ];
    assert_eq!(
        resolve("/alpha", &both),
        "Login=/alpha:Login | Strong=/alpha:Strong | Stronger=/alpha:Stronger"
    );
    assert_eq!(
        strict("/alpha", &both),
        "Strong=/alpha:Strong@20 | Stronger=/alpha:Stronger@20"
    );
    assert_eq!(
        strict("/alpha", &[("service", "Login"), ("level", "6")]),
        "-"
    );
    assert_eq!(
        strict("/alpha", &[("service", "Login")]),
        "Login=/alpha:Login"
    );
    // A level that is asked of another realm is none of a candidate here.
    assert_eq!(
        strict(
            "/alpha",
            &[("service", "Login"), ("level", "/alpha/sub:20")]
        ),
        "Login=/alpha:Login"
    );
    assert_eq!(
        strict("/alpha", &[("realm", "/alpha/sub"), ("level", "20")]),
        "-"
    );
}

#[test]
fn schemes_and_levels_are_one_menu() {
    assert_eq!(
        resolve("/alpha", &[("level", "30"), ("scheme", "LDAP")]),
        "LDAP=/alpha:Login | Stronger=/alpha:Stronger@30"
    );
    // One journey by both ways must reach the level.
    assert_eq!(
        resolve(
            "/alpha",
            &[("level", "25"), ("level", "20"), ("scheme", "OTP")]
        ),
        "OTP=/alpha:Strong@20 | Stronger=/alpha:Stronger@20"
    );
    assert_eq!(
        resolve("/alpha", &[("scheme", "Broken"), ("scheme", "None")]),
        "-"
    );
    assert_eq!(
        strict(
            "/alpha",
            &[("scheme", "LDAP"), ("scheme", "OTP"), ("level", "20")]
        ),
        "OTP=/alpha:Strong@20 | Stronger=/alpha:Stronger@20"
    );
    assert_eq!(
        resolve("/alpha", &[("scheme", "/alpha/sub:LDAP")]),
        "/alpha/sub:LDAP=/alpha/sub:Login"
    );
}

#[test]
fn a_transaction_goes_before_everything() {
    assert_eq!(
        resolve(
            "/alpha",
            &[
                ("realm", "/alpha"),
                ("transaction", "t1"),
                ("transaction", "t2")
            ]
        ),
        "transaction t1"
    );
}

#[test]
fn c05_a_realm_that_is_not_below_is_dropped() {
    for parts in [
        [("realm", "/")],
        [("realm", "/beta")],
        [("realm", "others")],
        [("realm", "/alphabet")],
        [("realm", "/alpha/../beta")],
        [("realm", "/ALPHA")],
        [("service", "/:Login")],
        [("service", "/beta:Login")],
        [("service", "/alpha/:Login")],
        [("scheme", "/beta:LDAP")],
        [("level", "/beta:5")],
        [("level", "/:5")],
    ] {
        let world = World::new();
        for strict in [false, true] {
            let resolution = advice(&parts).resolve(&realm("/alpha"), &world, strict);
            assert_eq!(resolution, Resolution::None, "{parts:?}");
        }
        assert!(
            world
                .asked
                .borrow()
                .iter()
                .all(|asked| asked.as_str() == "/alpha")
        );
    }
    assert_eq!(
        resolve(
            "/alpha",
            &[
                ("service", "/alpha/sub:Strong"),
                ("service", "/beta:Strong")
            ]
        ),
        "/alpha/sub:Strong=/alpha/sub:Strong"
    );
}

#[test]
fn c09_what_may_not_be_started_alone_is_dropped() {
    for name in [
        "Inner", "Off", "Confirm", "Nothing", "login", "", "/alpha:", ":",
    ] {
        assert_eq!(resolve("/alpha", &[("service", name)]), "-", "{name}");
    }
}

#[test]
fn a_menu_holds_so_many_and_no_more() {
    let services: Vec<(&str, String)> = (0..100).map(|n| ("service", format!("J{n}"))).collect();
    let parts: Vec<(&str, &str)> = services.iter().map(|(k, v)| (*k, v.as_str())).collect();
    for parts in [&parts[..], &[("level", "1")]] {
        let resolution = advice(parts).resolve(&realm("/many"), &World::new(), false);
        let Resolution::Menu(menu) = resolution else {
            panic!("{resolution:?}");
        };
        assert_eq!(menu.len(), MENU_MAX);
        assert_eq!(&*menu[0].journey, "J0");
        assert_eq!(&*menu[MENU_MAX - 1].journey, "J63");
    }
    let resolution = advice(&parts[..MENU_MAX]).resolve(&realm("/many"), &World::new(), false);
    assert!(matches!(resolution, Resolution::Menu(menu) if menu.len() == MENU_MAX));
}

#[test]
fn names_are_read_as_they_are_written() {
    for (value, realm_of, name) in [
        ("Login", None, "Login"),
        (":Login", None, "Login"),
        ("/alpha:Login", Some("/alpha"), "Login"),
        ("/:a:b", Some("/"), "a:b"),
        ("a:b", None, "a:b"),
        ("http://x", None, "http://x"),
        ("/alpha", None, "/alpha"),
    ] {
        let expected = Qualified {
            realm: realm_of.map(realm),
            name: name.into(),
        };
        assert_eq!(Qualified::parse(value), Some(expected.clone()), "{value}");
        assert_eq!(Qualified::parse(&expected.to_string()), Some(expected));
    }
    for value in ["", " ", ":", "/alpha:", "//:x", "/a b:x", "/alpha: x"] {
        assert_eq!(Qualified::parse(value), None, "{value}");
    }
}

#[test]
fn advices_unite() {
    let mut one = advice(&[("service", "Login"), ("level", "10")]);
    let other = advice(&[
        ("level", "10"),
        ("level", "/alpha:10"),
        ("service", "Strong"),
        ("scheme", "LDAP"),
        ("realm", "/alpha"),
        ("transaction", "t"),
        ("x", "Unknown"),
    ]);
    one.unite(&other);
    one.unite(&other);
    assert_eq!(
        one,
        advice(&[
            ("service", "Login"),
            ("service", "Strong"),
            ("level", "10"),
            ("level", "/alpha:10"),
            ("scheme", "LDAP"),
            ("realm", "/alpha"),
            ("transaction", "t"),
            ("x", "Unknown"),
        ])
    );
    assert!(!one.is_empty());
    assert!(advice(&[("x", "Unknown")]).is_empty());
}

fn part() -> impl Strategy<Value = (&'static str, String)> {
    let of = prop::sample::select(vec![
        "",
        "",
        "/:",
        "/alpha:",
        "/alpha/sub:",
        "/beta:",
        "/x:",
        "bad:",
    ]);
    let name = prop::sample::select(vec![
        "Login", "Strong", "Stronger", "Hidden", "Inner", "Off", "Confirm", "None", "LDAP", "OTP",
    ]);
    let level = prop::sample::select(vec!["0", "5", "20", "30", "31", "-1", "x"]);
    let realm = prop::sample::select(vec![
        "/",
        "/alpha",
        "/alpha/sub",
        "/beta",
        "customers",
        "others",
        "/x",
    ]);
    let kind = prop::sample::select(vec![
        "service", "service", "scheme", "level", "level", "realm",
    ]);
    (kind, of, name, level, realm).prop_map(|(kind, of, name, level, realm)| {
        let value = match kind {
            "level" => format!("{of}{level}"),
            "realm" => realm.to_owned(),
            _ => format!("{of}{name}"),
        };
        (kind, value)
    })
}

fn candidates(resolution: &Resolution) -> Vec<Candidate> {
    match resolution {
        Resolution::One(one) => vec![one.clone()],
        Resolution::Menu(menu) => menu.clone(),
        _ => Vec::new(),
    }
}

type Key = (Realm, Arc<str>);

fn set(resolution: &Resolution) -> BTreeMap<Key, Option<AuthLevel>> {
    let list = candidates(resolution).into_iter();
    list.map(|c| ((c.realm, c.journey), c.asked_level))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Whatever is asked: the same answer twice, only journeys that a client may start, only in the realm
    /// of the request or below, each once, and whoever asks in another order is offered the same.
    #[test]
    fn resolution_is_steady_and_within_its_bounds(
        parts in prop::collection::vec(part(), 0..12),
        at in prop::sample::select(vec!["/", "/alpha", "/beta"]),
        strict in any::<bool>(),
        turn in 0_usize..12,
    ) {
        let at = realm(at);
        let world = World::new();
        let host = Machine::new(1);
        let of = |parts: &[(&str, String)]| {
            let parts: Vec<(&str, &str)> = parts.iter().map(|(k, v)| (*k, v.as_str())).collect();
            advice(&parts).resolve(&at, &world, strict)
        };
        let resolution = of(&parts);
        prop_assert_eq!(&resolution, &of(&parts));
        let list = candidates(&resolution);
        let one = matches!(resolution, Resolution::One(_));
        prop_assert!(one || list.is_empty() || list.len() >= 2);
        let mut seen = BTreeSet::new();
        for candidate in &list {
            prop_assert!(at.holds(&candidate.realm));
            prop_assert!(seen.insert((candidate.realm.clone(), Arc::clone(&candidate.journey))));
            let engine = world.engine(&candidate.realm).unwrap();
            let start = Start::journey(Arc::clone(&candidate.journey)).realm(candidate.realm.clone());
            prop_assert!(engine.begin(start, &host).is_ok());
            if let Some(level) = candidate.asked_level {
                prop_assert!(engine.levels(&candidate.journey).unwrap().may_reach(level));
            }
        }
        let mut turned = parts.clone();
        turned.rotate_left(if parts.is_empty() { 0 } else { turn % parts.len() });
        prop_assert_eq!(set(&resolution), set(&of(&turned)));
        turned.reverse();
        prop_assert_eq!(set(&resolution), set(&of(&turned)));
    }
}
