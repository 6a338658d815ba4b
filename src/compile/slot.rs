//! What a path reads: the scopes of the run, and the types of what lies in them.

use std::sync::Arc;

use crate::{
    codes,
    compile::context::Cx,
    diagnostic::Diagnostic,
    model::{expr::Slot, signature::Scope, value::Type},
    syntax::ast,
};

/// Who evaluates an expression, and so what can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Reader {
    /// A run of a journey.
    #[default]
    Run,
    /// A policy, without a run and without looking anything up.
    Policy,
}

/// The words a path may begin with.
pub(super) const ROOTS: &[&str] = &[
    "shared",
    "transient",
    "secure",
    "request",
    "session",
    "user",
    "realm",
    "auth_level",
];

/// Whether a word begins paths, and so cannot name a constant.
pub(super) fn is_root(word: &str) -> bool {
    ROOTS.contains(&word)
}

impl<'a> Cx<'a> {
    /// What a path reads and of which type; a finding where it reads nothing.
    pub(super) fn slot(&mut self, path: &'a ast::Path) -> Option<(Slot, Type)> {
        let parts: Vec<&str> = path.parts.iter().map(|part| part.text.as_str()).collect();
        let found = match parts.as_slice() {
            ["realm"] => Some((Slot::Realm, Type::Text)),
            ["auth_level"] => Some((Slot::AuthLevel, Type::Int)),
            ["shared" | "transient", "objectAttributes", key] => {
                let ty = self.catalog.key_facts().type_of(Scope::ObjectShared, key);
                Some((Slot::Object(Arc::from(*key)), ty))
            }
            ["shared", key] if *key != "objectAttributes" => {
                let ty = self.catalog.key_facts().type_of(Scope::Shared, key);
                Some((Slot::Shared(self.keys.intern(key)), ty))
            }
            ["transient", key] if *key != "objectAttributes" => {
                let ty = self.catalog.key_facts().type_of(Scope::Transient, key);
                Some((Slot::Transient(self.keys.intern(key)), ty))
            }
            // Whatever was carried over a stop was meant for the next node alone.
            ["secure", key] => Some((Slot::Secure(self.keys.intern(key)), Type::Secret)),
            ["request", "ip"] => Some((Slot::ClientAddress, Type::Text)),
            ["request", "host"] => Some((Slot::Host, Type::Text)),
            ["request", "locale"] => Some((Slot::Locale, Type::Text)),
            ["request", "headers", name] => {
                let name = name.to_ascii_lowercase();
                Some((Slot::Header(Arc::from(name)), Type::Text))
            }
            ["request", "cookies", name] => Some((Slot::Cookie(Arc::from(*name)), Type::Text)),
            ["request", "parameters", name] => {
                Some((Slot::Parameter(Arc::from(*name)), Type::Text))
            }
            ["session", "auth_level"] => Some((Slot::SessionLevel, Type::Int)),
            ["session", name] => Some((Slot::Session(Arc::from(*name)), Type::Text)),
            ["user", name] => Some((Slot::User(Arc::from(*name)), Type::Any)),
            ["environment", name] if self.reader == Reader::Policy => {
                Some((Slot::Environment(Arc::from(*name)), Type::Text))
            }
            _ => None,
        };
        if self.reader == Reader::Policy
            && found
                .as_ref()
                .is_none_or(|(slot, _)| !is_for_policies(slot))
        {
            self.unknown_in_policy(path, &parts);
            return None;
        }
        if found.is_none() {
            self.unknown_path(path, &parts);
        }
        found
    }

    fn unknown_in_policy(&mut self, path: &'a ast::Path, parts: &[&str]) {
        if matches!(parts, ["request", ..]) {
            return self.unknown_path(path, parts);
        }
        let written = self.text(path.span);
        let (why, expected) = match parts {
            ["user", ..] => (
                "an evaluation looks nothing up",
                "a property that the journey put into the session, as in `session.x`",
            ),
            ["auth_level"] => ("there is no run", "`session.auth_level`"),
            ["realm"] => (
                "a policy lives in one realm",
                "`require realm \"/…\"` for the session",
            ),
            ["shared" | "transient" | "secure", ..] => {
                ("there is no run", "`request`, `session` or `environment`")
            }
            _ => ("it is no scope", "`request`, `session` or `environment`"),
        };
        self.report(
            Diagnostic::new(
                codes::UNKNOWN_PATH,
                path.span,
                format!("`{written}` cannot be read by a policy: {why}"),
            )
            .expected(expected),
        );
    }

    fn unknown_path(&mut self, path: &'a ast::Path, parts: &[&str]) {
        let written = self.text(path.span);
        let (wrong, candidates, expected): (usize, &[&str], &'static str) = match parts {
            ["request", _, ..] => (
                1,
                &["ip", "host", "locale", "headers", "cookies", "parameters"],
                "`ip`, `host`, `locale`, `headers[…]`, `cookies[…]` or `parameters[…]`",
            ),
            ["shared" | "transient" | "secure" | "session" | "user" | "request"] => {
                (0, &[], "a name after the scope")
            }
            ["realm" | "auth_level", ..] => (0, &[], "nothing after this word"),
            ["shared" | "transient" | "secure" | "session" | "user", ..] => {
                (0, &[], "one name after the scope")
            }
            _ => (
                0,
                ROOTS,
                "`shared`, `transient`, `request`, `session`, `user`, `realm` or `auth_level`",
            ),
        };
        let mut finding = Diagnostic::new(
            codes::UNKNOWN_PATH,
            path.span,
            format!("`{written}` is not a value that can be read"),
        )
        .expected(expected);
        if let Some(part) = path.parts.get(wrong)
            && let Some(meant) = self.nearest(&part.text, candidates.iter().copied())
        {
            finding = finding.fix(format!("did you mean `{meant}`?"), part.span, meant);
        }
        self.report(finding);
    }
}

/// Whether a policy can read it: what came with the question, and the session.
fn is_for_policies(slot: &Slot) -> bool {
    match slot {
        Slot::Header(_)
        | Slot::Cookie(_)
        | Slot::Parameter(_)
        | Slot::ClientAddress
        | Slot::Host
        | Slot::Locale
        | Slot::Environment(_)
        | Slot::Session(_)
        | Slot::SessionLevel => true,
        Slot::Shared(_)
        | Slot::Transient(_)
        | Slot::Secure(_)
        | Slot::Object(_)
        | Slot::User(_)
        | Slot::Realm
        | Slot::AuthLevel => false,
    }
}

/// Whether a slot always has a value, so that reading it needs no `has`.
pub(super) fn is_always_there(slot: &Slot) -> bool {
    match slot {
        Slot::Realm | Slot::AuthLevel | Slot::ClientAddress | Slot::Host | Slot::Locale => true,
        Slot::Shared(_)
        | Slot::Transient(_)
        | Slot::Secure(_)
        | Slot::Object(_)
        | Slot::Header(_)
        | Slot::Cookie(_)
        | Slot::Parameter(_)
        | Slot::Environment(_)
        | Slot::Session(_)
        | Slot::SessionLevel
        | Slot::User(_) => false,
    }
}
