//! Any text as an address to be sent to, as a path and as a query: what is taken leads where it seems to.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wayfare::Realm;
use wayfare_wire::{
    am::{
        goto::{Allowed, Origin},
        realm::{Realms, route},
    },
    query::Query,
};

struct Three;

impl Realms for Three {
    fn exists(&self, realm: &Realm) -> bool {
        ["/", "/alpha", "/alpha/inner"].contains(&realm.as_str())
    }
    fn alias(&self, alias: &str) -> Option<Realm> {
        (alias == "customers").then(|| Realm::parse("/alpha").expect("a realm"))
    }
}

fuzz_target!(|text: &str| {
    let own = Origin::parse("https://am.example.com").expect("an origin");
    let allowed = Allowed::new(["https://app.example.com:443/cb/*"]).expect("a pattern");
    if let Some(taken) = allowed.check(text, Some(&own)) {
        assert_eq!(taken, text, "an address is taken as it stands");
        let local = taken.starts_with('/') && !taken.starts_with("//");
        let ours = ["https://am.example.com", "https://app.example.com"];
        let after = |origin: &&str| {
            taken
                .get(..origin.len())
                .filter(|begin| begin.eq_ignore_ascii_case(origin))
                .and_then(|_| taken.get(origin.len()..))
        };
        let known = ours.iter().find_map(|origin| after(&origin));
        let ends = known.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', ':', '?', '#']));
        assert!(local || ends, "{taken}");
        let bad = |c: char| c.is_control() || c == '\\' || c == ' ';
        // What stands behind these is no path.
        let path = taken.split(['?', '#']).next().unwrap_or_default();
        assert!(!taken.contains(bad) && !path.contains("/../"), "{taken:?}");
    }
    let (path, query) = text.split_once('?').unwrap_or((text, ""));
    if let Ok(query) = Query::parse(query)
        && let Ok(found) = route(path, &query, None, &Three)
    {
        assert!(Three.exists(&found.realm), "{text:?}");
    }
});
