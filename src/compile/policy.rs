//! Policies: what they protect, whom they let in, and what they require, with every name resolved.
//!
//! In: the policies of the files that are served, and the journeys of the program. Out: one
//! [`Policy`] for each that leaves nothing to say. Whether a requirement can be met is asked by `analysis`.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use crate::{
    codes,
    compile::{
        clip,
        context::Cx,
        expr::{Known, Reading, There},
        names,
        raw::Place,
        resolve::Units,
        slot::Reader,
        unit::{Filled, Key, Unit, Written},
    },
    diagnostic::Diagnostic,
    model::{
        expr::{BinaryOp, Expr},
        journey::SettingValue,
        level::AuthLevel,
        pattern::Pattern,
        policy::{Policy, Requirement, SubjectRule},
        realm::Realm,
        signature::{Preset, Setting, Unit as TimeUnit},
        value::Type,
    },
    source::{SourceId, Span},
    syntax::ast,
};

/// The kinds of subject.
const SUBJECTS: [&str; 4] = ["any", "authenticated", "group", "user"];
/// What can be required.
const REQUIREMENTS: [&str; 4] = ["journey", "level", "realm", "transaction"];
/// BOUND: bytes of an action or of the name of a subject.
const NAME_BYTES: usize = 256;

/// The settings of a policy; `actions` and `subjects` are read apart and stand here to be found.
fn table() -> Vec<Setting> {
    let setting = |key: &'static str, ty: Type, unit: Option<TimeUnit>| Setting {
        key: key.into(),
        range: unit.map(|_| (1, i64::from(i32::MAX))),
        ty,
        unit,
        default: Preset::None,
        required: false,
        allowed: (&[]).into(),
    };
    vec![
        setting("actions", Type::Any, None),
        setting("subjects", Type::Any, None),
        setting("ttl", Type::Duration, Some(TimeUnit::Seconds)),
    ]
}

/// What policies are resolved against.
#[derive(Clone, Copy)]
struct Journeys<'u, 'a> {
    units: &'u Units<'a>,
    resolved: &'u [Unit<'a>],
}

impl<'a> Cx<'a> {
    /// The policies of the program in declaration order.
    pub(super) fn policies(&mut self, units: &Units<'a>, resolved: &[Unit<'a>]) -> Vec<Policy> {
        let journeys = Journeys { units, resolved };
        let mut names: BTreeMap<&'a str, Span> = BTreeMap::new();
        let mut made = Vec::new();
        for file in self.files.iter().filter(|file| file.root) {
            for item in &file.file.items {
                let ast::Item::Policy(policy) = item else {
                    continue;
                };
                let before = self.errors();
                if let Some(first) = names.get(policy.name.text.as_str()) {
                    self.report(
                        Diagnostic::new(
                            codes::DUPLICATE_NAME,
                            policy.name.span,
                            format!("a policy is called `{}` already", clip(&policy.name.text)),
                        )
                        .expected("a name that no other policy of the realm has")
                        .label(*first, "the first one"),
                    );
                } else {
                    names.insert(&policy.name.text, policy.name.span);
                }
                names::check_declared(self, &policy.name, names::Custom::Snake, "policies");
                let compiled = self.policy(policy, file.id, journeys);
                if self.errors() == before && !self.is_broken(policy.span) {
                    made.push(compiled);
                }
            }
        }
        made
    }

    fn policy(
        &mut self,
        policy: &'a ast::Policy,
        file: SourceId,
        journeys: Journeys<'_, 'a>,
    ) -> Policy {
        Policy {
            name: self.word(&policy.name.text),
            resources: self.resources(policy),
            actions: self.actions(policy),
            subjects: self.subjects(policy),
            condition: self.policy_condition(policy, file),
            requirements: policy
                .requires
                .iter()
                .filter_map(|require| self.requirement(require, journeys))
                .collect(),
            ttl: self.ttl(policy, file),
            span: policy.head,
        }
    }

    fn resources(&mut self, policy: &'a ast::Policy) -> Vec<Pattern> {
        if policy.resources.is_empty() {
            let message = format!("`{}` does not say what it protects", policy.name.text);
            self.report(
                Diagnostic::new(codes::BAD_RESOURCE, policy.head, message)
                    .expected("patterns in quotes after the name, as in `\"https://app.example.com:443/pay/*\"`"),
            );
        }
        let mut made = Vec::new();
        let mut seen: BTreeMap<&'a str, Span> = BTreeMap::new();
        for written in &policy.resources {
            if let Some(first) = seen.insert(&written.text, written.span) {
                self.given_twice(written.span, &written.text, first);
                continue;
            }
            match Pattern::parse(&written.text) {
                Ok(pattern) => made.push(pattern),
                Err(bad) => self.report(
                    Diagnostic::new(
                        codes::BAD_RESOURCE,
                        written.span,
                        format!("this is no pattern of resources: {bad}"),
                    )
                    .expected("a URL or a name, with `*` for any characters or `-*-` for those of one level"),
                ),
            }
        }
        made
    }

    fn given_twice(&mut self, span: Span, name: &str, first: Span) {
        self.report(
            Diagnostic::new(
                codes::DUPLICATE_NAME,
                span,
                format!("`{}` is given twice", clip(name)),
            )
            .expected("each once")
            .label(first, "first given here"),
        );
    }

    // ---- actions and ttl -----------------------------------------------------------------------------

    fn actions(&mut self, policy: &'a ast::Policy) -> Vec<Arc<str>> {
        let mut given = policy.settings.iter().filter(|s| s.key.text == "actions");
        let Some(setting) = given.next() else {
            if !self.is_broken(policy.span) {
                let message = format!("`{}` grants nothing", policy.name.text);
                let mut finding = Diagnostic::new(codes::MISSING_SETTING, policy.head, message)
                    .expected("`actions = […]`, the actions that it grants");
                if policy.open.start < policy.open.end {
                    let line = "\n  actions = [GET]";
                    finding = finding.fix("grant `GET`", policy.open.after(), line);
                }
                self.report(finding);
            }
            return Vec::new();
        };
        for second in given {
            self.given_twice(second.key.span, "actions", setting.key.span);
        }
        let span = setting.value.span;
        let ast::ValueKind::List(values) = &setting.value.kind else {
            let finding = Diagnostic::new(codes::WRONG_TYPE, span, "actions are a list");
            self.report(finding.expected("words in brackets, as in `[GET, POST]`"));
            return Vec::new();
        };
        if values.is_empty() {
            let finding = Diagnostic::new(codes::MISSING_SETTING, span, "this grants nothing");
            self.report(finding.expected("at least one action, as in `[GET]`"));
        }
        let mut made = Vec::new();
        let mut seen: BTreeMap<&'a str, Span> = BTreeMap::new();
        for value in values {
            let Some(action) = action_of(value) else {
                if value.kind != ast::ValueKind::Broken {
                    self.report(
                        Diagnostic::new(codes::WRONG_TYPE, value.span, "this is no action")
                            .expected("a word or a text, as in `GET` or `\"transfer money\"`"),
                    );
                }
                continue;
            };
            match seen.insert(action, value.span) {
                Some(first) => self.given_twice(value.span, action, first),
                None => made.push(self.word(action)),
            }
        }
        made
    }

    fn ttl(&mut self, policy: &'a ast::Policy, file: SourceId) -> Option<Duration> {
        let rest: Vec<&'a ast::Setting> = policy
            .settings
            .iter()
            .filter(|s| s.key.text != "actions" && s.key.text != "subjects")
            .collect();
        let table = table();
        let keys: Vec<Key<'_>> = table.iter().map(Key::Setting).collect();
        let mut filled = Filled::default();
        let place = Place { file, env: None };
        self.fill(&keys, &rest, "a policy", place, &mut filled);
        match filled.get("ttl") {
            Some(SettingValue::Constant(value)) => value.as_duration(),
            // A duration is never made of texts, so it cannot depend on a run.
            Some(SettingValue::Computed(_)) | None => None,
        }
    }

    // ---- subjects ------------------------------------------------------------------------------------

    fn subjects(&mut self, policy: &'a ast::Policy) -> Vec<SubjectRule> {
        let odd = policy.settings.iter().find(|s| s.key.text == "subjects");
        if let Some(setting) = odd {
            self.report(
                Diagnostic::new(
                    codes::WRONG_TYPE,
                    setting.value.span,
                    "these are no subjects",
                )
                .expected("a list such as `[group \"staff\", user \"demo\"]`"),
            );
        }
        let mut given = policy.subjects.iter();
        let Some(subjects) = given.next() else {
            // Whoever has logged in: leaving the line out must not let in those who have not.
            return vec![SubjectRule::Authenticated];
        };
        for second in given {
            self.given_twice(second.span, "subjects", subjects.span);
        }
        if subjects.list.is_empty() {
            let finding = Diagnostic::new(
                codes::MISSING_SETTING,
                subjects.value,
                "this lets nobody in",
            );
            self.report(finding.expected("at least one subject, as in `[authenticated]`"));
        }
        subjects
            .list
            .iter()
            .filter_map(|subject| self.subject(subject))
            .collect()
    }

    fn subject(&mut self, subject: &'a ast::Subject) -> Option<SubjectRule> {
        let kind = subject.kind.text.as_str();
        let name = subject.name.as_ref();
        let wrong = match (kind, name) {
            ("any", None) => return Some(SubjectRule::Any),
            ("authenticated", None) => return Some(SubjectRule::Authenticated),
            ("user" | "group", Some(name))
                if !name.text.is_empty() && name.text.len() <= NAME_BYTES =>
            {
                let name = self.word(&name.text);
                return Some(if kind == "user" {
                    SubjectRule::User(name)
                } else {
                    SubjectRule::Group(name)
                });
            }
            ("user" | "group", Some(_)) => format!("this is not the name of a {kind}"),
            ("user" | "group", None) => format!("`{kind}` does not say which"),
            ("any" | "authenticated", Some(_)) => format!("`{kind}` has no name after it"),
            _ => format!("there is no kind of subject `{}`", clip(kind)),
        };
        let known = SUBJECTS.contains(&kind);
        let mut finding = Diagnostic::new(codes::UNKNOWN_SUBJECT, subject.span, wrong)
            .expected("`group \"…\"`, `user \"…\"`, `authenticated` or `any`");
        if !known && let Some(meant) = self.nearest(kind, SUBJECTS) {
            let title = format!("did you mean `{meant}`?");
            finding = finding.fix(title, subject.kind.span, meant);
        }
        self.report(finding);
        None
    }

    // ---- conditions and requirements -----------------------------------------------------------------

    /// All `when` lines joined; each knows what those before it prove.
    fn policy_condition(&mut self, policy: &'a ast::Policy, file: SourceId) -> Option<Expr> {
        let mut there = There::new();
        let mut joined: Option<Expr> = None;
        self.reader = Reader::Policy;
        for condition in &policy.conditions {
            let known = Known {
                outer: None,
                slots: &there,
            };
            let reading = Reading::guarded(Place { file, env: None });
            let typed = self.condition(&condition.expr, reading, &known);
            there.extend(typed.when_true.iter().cloned());
            joined = Some(match joined {
                Some(left) => Expr::Binary(BinaryOp::And, Box::new(left), Box::new(typed.expr)),
                None => typed.expr,
            });
        }
        self.reader = Reader::Run;
        joined
    }

    fn requirement(
        &mut self,
        require: &'a ast::Require,
        journeys: Journeys<'_, 'a>,
    ) -> Option<Requirement> {
        match (require.kind.text.as_str(), &require.what) {
            ("level", Some(ast::Required::Number(value))) => self.required_level(value),
            ("realm", Some(ast::Required::Name(name))) if name.quoted => {
                let realm = Realm::parse(&name.text);
                if realm.is_none() {
                    self.report(
                        Diagnostic::new(
                            codes::BAD_LITERAL,
                            name.span,
                            "this is not the path of a realm",
                        )
                        .expected("`/` or a path such as `\"/alpha\"`"),
                    );
                }
                realm.map(Requirement::Realm)
            }
            ("journey", Some(ast::Required::Name(name))) if !name.quoted => self
                .required_journey(name, journeys, false)
                .map(Requirement::Journey),
            ("transaction", Some(ast::Required::Name(name))) if !name.quoted => self
                .required_journey(name, journeys, true)
                .map(Requirement::Transaction),
            (kind, _) => {
                self.unknown_requirement(require, kind);
                None
            }
        }
    }

    fn unknown_requirement(&mut self, require: &'a ast::Require, kind: &str) {
        let (message, expected) = match kind {
            "level" => ("`level` takes a number", "`require level 20`"),
            "realm" => (
                "`realm` takes a path in quotes",
                "`require realm \"/alpha\"`",
            ),
            "journey" => (
                "`journey` takes the identifier of a journey",
                "`require journey step_up`",
            ),
            "transaction" => (
                "`transaction` takes the journey that confirms it",
                "`require transaction step_up`",
            ),
            _ => (
                "this cannot be required",
                "`require level`, `journey`, `realm` or `transaction`",
            ),
        };
        let mut finding =
            Diagnostic::new(codes::UNKNOWN_REQUIREMENT, require.span, message).expected(expected);
        if !REQUIREMENTS.contains(&kind)
            && let Some(meant) = self.nearest(kind, REQUIREMENTS)
        {
            let title = format!("did you mean `{meant}`?");
            finding = finding.fix(title, require.kind.span, meant);
        }
        self.report(finding);
    }

    fn required_level(&mut self, value: &'a ast::Value) -> Option<Requirement> {
        let number = match value.kind {
            ast::ValueKind::Int(number) => number,
            ast::ValueKind::Broken => {
                self.excuse();
                return None;
            }
            _ => {
                let finding =
                    Diagnostic::new(codes::WRONG_TYPE, value.span, "a level is a whole number");
                self.report(finding.expected("a whole number"));
                return None;
            }
        };
        let level = AuthLevel::saturating(number);
        if i64::from(level.number()) != number {
            self.report(
                Diagnostic::new(
                    codes::OUT_OF_RANGE,
                    value.span,
                    format!("{number} is not a level"),
                )
                .expected(format!("0 to {}", AuthLevel::MAX)),
            );
            return None;
        }
        Some(Requirement::Level(level))
    }

    /// The name on the wire of a journey that whoever is refused can be sent to.
    fn required_journey(
        &mut self,
        name: &'a ast::Name,
        journeys: Journeys<'_, 'a>,
        transaction: bool,
    ) -> Option<Arc<str>> {
        let Some(id) = journeys.units.journeys.get(name.text.as_str()) else {
            self.unknown_journey(journeys.units, name);
            self.excuse();
            return None;
        };
        let unit = journeys.resolved.get(id.0)?;
        let Written::Journey(journey) = unit.written else {
            return None;
        };
        let settings = &unit.settings;
        let why = if !settings.enabled {
            Some("is not enabled")
        } else if settings.inner_only {
            Some("runs only inside of others")
        } else if settings.transactional_only && !transaction {
            Some("runs only for a transaction")
        } else if settings.no_session {
            Some("makes no session")
        } else {
            None
        };
        if let Some(why) = why {
            let key = match why {
                "is not enabled" => "enabled",
                "makes no session" => "noSession",
                "runs only inside of others" => "innerTreeOnly",
                _ => "transactionalOnly",
            };
            let setting = journey.body.settings.iter().find(|s| s.key.text == key);
            let there = setting.map_or(journey.head, |setting| setting.span);
            let mut finding = Diagnostic::new(
                codes::NOT_STARTABLE,
                name.span,
                format!("`{}` {why}", name.text),
            )
            .expected("a journey that whoever is refused can run")
            .label(there, "by this");
            if key == "transactionalOnly" {
                finding = finding.help("ask for it by `require transaction`");
            }
            self.report(finding);
            return None;
        }
        let wire = journey.wire_name.as_ref().unwrap_or(&journey.name);
        Some(self.word(&wire.text))
    }
}

/// The action that a value of the list writes.
fn action_of(value: &ast::Value) -> Option<&str> {
    let text = match &value.kind {
        ast::ValueKind::Reference(path) => match path.parts.as_slice() {
            [word] => word.text.as_str(),
            _ => return None,
        },
        ast::ValueKind::Text(parts) => match parts.as_slice() {
            [ast::TextPart::Raw(text)] => text,
            _ => return None,
        },
        _ => return None,
    };
    let fits = !text.is_empty() && text.len() <= NAME_BYTES && !text.contains(char::is_control);
    fits.then_some(text)
}
