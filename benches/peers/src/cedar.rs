//! Cedar decides; it has no flow. The host keeps the place, and every step is one decision.

use std::{collections::HashMap, fmt::Write as _, hint::black_box, str::FromStr};

use cedar_policy::{
    Authorizer, Context, Decision, Entities, EntityUid, PolicySet, Request, RestrictedExpression,
};

use crate::{
    report::Report,
    wayfare::{CHAINS, Ours, TRIES, UNITS},
};

const LOGIN: &str = r#"
permit(principal, action == Action::"name", resource) when { context.tries < 4 };
permit(principal, action == Action::"password", resource) when { context.tries < 4 && context.name != "" };
permit(principal, action == Action::"level", resource) when { context.tries < 4 && context.known };
forbid(principal, action, resource) when { context.tries >= 4 };
"#;

struct Cedar {
    authorizer: Authorizer,
    entities: Entities,
    login: PolicySet,
    actions: [EntityUid; 3],
    who: EntityUid,
    what: EntityUid,
    users: HashMap<String, String>,
}

fn policies(text: &str) -> PolicySet {
    PolicySet::from_str(text).expect("policies without a mistake")
}

fn uid(text: &str) -> EntityUid {
    EntityUid::from_str(text).expect("a name of an entity")
}

fn context(pairs: impl IntoIterator<Item = (&'static str, RestrictedExpression)>) -> Context {
    let pairs = pairs.into_iter();
    Context::from_pairs(pairs.map(|(key, value)| (key.to_owned(), value))).expect("a context")
}

impl Cedar {
    fn new() -> Self {
        Self {
            authorizer: Authorizer::new(),
            entities: Entities::empty(),
            login: policies(LOGIN),
            actions: ["name", "password", "level"].map(|name| uid(&format!("Action::\"{name}\""))),
            who: uid("User::\"anybody\""),
            what: uid("Journey::\"Login\""),
            users: [("demo".to_owned(), "demo-password".to_owned())].into(),
        }
    }

    fn holds(&self, action: usize, name: &str, known: bool, tries: i64) -> bool {
        let context = context([
            ("name", RestrictedExpression::new_string(name.to_owned())),
            ("known", RestrictedExpression::new_bool(known)),
            ("tries", RestrictedExpression::new_long(tries)),
        ]);
        let request = Request::new(
            self.who.clone(),
            self.actions[action].clone(),
            self.what.clone(),
            context,
            None,
        );
        let request = request.expect("a request");
        let response = self
            .authorizer
            .is_authorized(&request, &self.login, &self.entities);
        assert_eq!(response.diagnostics().errors().count(), 0);
        response.decision() == Decision::Allow
    }

    /// The level at the end, or none.
    fn log_in(&self, name: &str, passwords: &[&str]) -> Option<i64> {
        for (tries, password) in (0..).zip(passwords) {
            if !self.holds(0, "", false, tries) || !self.holds(1, name, false, tries) {
                return None;
            }
            let known = self.users.get(name).is_some_and(|own| own == password);
            if self.holds(2, name, known, tries) {
                return Some(10);
            }
        }
        None
    }
}

fn chain(count: usize) -> String {
    let mut text = String::new();
    for at in 0..count {
        let _ = writeln!(
            text,
            "@id(\"n{at}\")\npermit(principal, action, resource) when {{ context.level >= 0 }};"
        );
    }
    text
}

pub(crate) fn run(ours: &Ours, report: &mut Report) {
    let cedar = Cedar::new();
    assert_eq!(cedar.log_in("demo", &["no"; TRIES]), None);
    report.login("cedar", None, ours, &mut || {
        let level = cedar.log_in(black_box("demo"), black_box(&["demo-password"]));
        assert_eq!(level, Some(10));
    });
    for (at, count) in CHAINS.into_iter().enumerate() {
        let all = policies(&chain(count));
        let context = context([("level", RestrictedExpression::new_long(0))]);
        let [action, ..] = cedar.actions.clone();
        let request = Request::new(cedar.who.clone(), action, cedar.what.clone(), context, None);
        let request = request.expect("a request");
        report.chain("cedar", Some(100.0), at, ours, &mut || {
            let response =
                cedar
                    .authorizer
                    .is_authorized(black_box(&request), &all, &cedar.entities);
            assert_eq!(response.decision(), Decision::Allow);
            assert_eq!(response.diagnostics().reason().count(), count);
        });
    }
    let text = LOGIN.repeat(UNITS);
    assert_eq!(policies(&text).policies().count(), 4 * UNITS);
    report.compile("cedar", Some(1.0), ours, text.len(), &mut || {
        black_box(policies(black_box(&text)));
    });
}
