//! What a test gives: users, sessions, requests, parameters, and what the outside says.

use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use crate::{
    codes,
    compile::{
        clip,
        context::Cx,
        fill::known_type,
        scenario::{Bench, node::Found, record::Field},
        scope::Named,
    },
    diagnostic::Diagnostic,
    model::{
        level::AuthLevel,
        scenario::{
            AdvicePart, Outside, PasswordState, RealmDocument, RequestPart, Session, StandIn,
            StepKind, User,
        },
        signature::{Known, Scope, Signature},
        value::{Type, Value},
    },
    syntax::ast::{self, Operand},
};

/// What can be given.
const GIVEN: [&str; 12] = [
    "user",
    "device",
    "session",
    "request",
    "param",
    "level",
    "advice",
    "state",
    "transaction",
    "terms",
    "questions",
    "consent",
];
/// What comes with a request.
const REQUEST: [&str; 6] = [
    "address",
    "host",
    "locale",
    "headers",
    "cookies",
    "parameters",
];
/// What the outside may say.
const REPLY: [&str; 9] = [
    "accepted", "matches", "found", "fails", "value", "outcome", "writes", "user", "suspends",
];

impl<'a> Cx<'a> {
    pub(super) fn given(
        &mut self,
        bench: &mut Bench<'_>,
        given: &'a ast::Given,
    ) -> Option<StepKind> {
        let what = given.what.text.as_str();
        if let Some(began) = bench.began
            && GIVEN.contains(&what)
            && !["user", "device", "request"].contains(&what)
        {
            let message = format!("`given {what}` stands behind the start of the run");
            self.report(
                Diagnostic::new(codes::BAD_TEST, given.span, message)
                    .expected("a place before the first `answer`, `resume`, `repeat` and `expect`")
                    .label(began, "the run begins here"),
            );
            return None;
        }
        match what {
            "user" => self.given_user(bench, given),
            "device" => self.given_device(bench, given),
            "session" => self.given_session(bench, given),
            "request" => self.given_request(bench, given),
            "param" => self.given_parameter(bench, given),
            "level" => self.given_level(bench, given),
            "advice" => self.given_advice(bench, given),
            "state" => {
                let fields = self.fields(given.value.as_ref(), "`given state`", &[], true);
                let mut state = BTreeMap::new();
                for field in fields {
                    let value = self.any_of(bench.file, field)?;
                    state.insert(Arc::from(field.0.text.as_str()), value);
                }
                Some(StepKind::State(state))
            }
            "terms" => self.given_document(bench, given, RealmDocument::Terms),
            "questions" => self.given_document(bench, given, RealmDocument::Questions),
            "consent" => self.given_document(bench, given, RealmDocument::Consent),
            "transaction" => {
                let name = self.name_of(given, "the id of a transaction")?;
                Some(StepKind::Transaction(name))
            }
            _ => {
                self.unknown_word(&given.what, "given", &GIVEN);
                None
            }
        }
    }

    fn given_document(
        &mut self,
        bench: &Bench<'_>,
        given: &'a ast::Given,
        which: RealmDocument,
    ) -> Option<StepKind> {
        const MAPPINGS: &str = "mappings";
        let holder = format!("`given {}`", given.what.text);
        let is_list = which == RealmDocument::Consent;
        let known: &[&str] = if is_list { &[MAPPINGS] } else { &[] };
        let mut members = BTreeMap::new();
        for field in self.fields(given.value.as_ref(), &holder, known, !is_list) {
            let value = self.any_of(bench.file, field)?;
            members.insert(Arc::from(field.0.text.as_str()), value);
        }
        let value = if is_list {
            let none = || Value::List(Arc::from([]));
            members.remove(MAPPINGS).unwrap_or_else(none)
        } else {
            Value::Map(Arc::new(members))
        };
        Some(StepKind::Document { which, value })
    }

    /// The one name behind the first word.
    pub(super) fn name_of(
        &mut self,
        given: &ast::Given,
        expected: &'static str,
    ) -> Option<Arc<str>> {
        match &given.of {
            Some(Operand::Name(name)) => {
                if let [name] = name.parts.as_slice() {
                    return Some(Arc::from(name.text.as_str()));
                }
                let message = "a name with a dot stands in quotes".to_owned();
                self.bad_line(name.span, message, expected);
                None
            }
            Some(Operand::Number(value)) => {
                self.bad_line(
                    value.span,
                    "a name that begins with a digit stands in quotes".to_owned(),
                    expected,
                );
                None
            }
            None => {
                let message = format!("`given {}` does not say which", given.what.text);
                self.bad_line(given.span, message, expected);
                None
            }
        }
    }

    fn given_user(&mut self, bench: &mut Bench<'_>, given: &'a ast::Given) -> Option<StepKind> {
        let name = self.name_of(given, "the name of a user")?;
        bench.users.insert(Arc::clone(&name));
        let mut user = User {
            name,
            password: None,
            active: None,
            recovery: None,
            password_state: None,
            attributes: BTreeMap::new(),
        };
        for field in self.fields(given.value.as_ref(), "a user", &[], true) {
            match field.0.text.as_str() {
                "password" => user.password = Some(self.text_of(bench.file, field)?),
                "active" => user.active = Some(self.bool_of(bench.file, field)?),
                "password_state" => {
                    let words: Vec<&str> =
                        PasswordState::ALL.iter().map(|(word, _)| *word).collect();
                    let word = self.word_of(bench, field, &words)?;
                    let mut known = PasswordState::ALL.iter();
                    user.password_state = known
                        .find(|(known, _)| Some(*known) == word.as_text())
                        .map(|(_, state)| *state);
                }
                "recovery" => user.recovery = Some(self.texts_of(bench.file, field)?),
                key => {
                    let value = self.any_of(bench.file, field)?;
                    user.attributes.insert(Arc::from(key), value);
                }
            }
        }
        Some(StepKind::User(user))
    }

    fn given_session(&mut self, bench: &Bench<'_>, given: &'a ast::Given) -> Option<StepKind> {
        const KNOWN: [&str; 4] = ["level", "proved", "journeys", "properties"];
        let user = self.name_of(given, "the name of a user")?;
        if let Some(Operand::Name(name)) = &given.of {
            self.given_before(bench, &user, name.span)?;
        }
        let mut session = Session {
            user,
            level: AuthLevel::default(),
            proved: true,
            services: Vec::new(),
            properties: BTreeMap::new(),
        };
        for field in self.fields(given.value.as_ref(), "a session", &KNOWN, false) {
            match field.0.text.as_str() {
                "level" => session.level = self.level_of(bench.file, field.1)?,
                "proved" => session.proved = self.bool_of(bench.file, field)?,
                "journeys" => session.services = self.texts_of(bench.file, field)?,
                _ => {
                    for field in self.fields(Some(field.1), "`properties`", &[], true) {
                        let value = self.any_of(bench.file, field)?;
                        let name = Arc::from(field.0.text.as_str());
                        session.properties.insert(name, value);
                    }
                }
            }
        }
        Some(StepKind::Session(session))
    }

    /// Whether a user was given; a finding otherwise.
    pub(super) fn given_before(
        &mut self,
        bench: &Bench<'_>,
        user: &str,
        span: crate::Span,
    ) -> Option<()> {
        if bench.users.contains(user) {
            return Some(());
        }
        let message = format!("the test gives no user `{}`", clip(user));
        let mut finding = Diagnostic::new(codes::UNKNOWN_USER, span, message)
            .expected("a user with a `given user` line above");
        if let Some(meant) = self.nearest(user, bench.users.iter().map(|name| &**name)) {
            let quoted = self.text(span).starts_with('"');
            let edit = if quoted {
                format!("\"{meant}\"")
            } else {
                meant.clone()
            };
            finding = finding.fix(format!("did you mean `{meant}`?"), span, edit);
        }
        self.report(finding);
        None
    }

    fn given_request(&mut self, bench: &Bench<'_>, given: &'a ast::Given) -> Option<StepKind> {
        let mut part = RequestPart::default();
        let file = bench.file;
        for field in self.fields(given.value.as_ref(), "a request", &REQUEST, false) {
            match field.0.text.as_str() {
                "address" => {
                    let text = self.text_of(file, field)?;
                    let address: Option<IpAddr> = text.parse().ok();
                    if address.is_none() {
                        self.report(
                            Diagnostic::new(
                                codes::WRONG_TYPE,
                                field.1.span,
                                "this is not the address of a client",
                            )
                            .expected("an IP address such as `\"192.0.2.7\"`"),
                        );
                    }
                    part.address = Some(address?);
                }
                "host" => part.host = Some(self.text_of(file, field)?),
                "locale" => part.locales = Some(self.texts_of(file, field)?),
                "cookies" => {
                    for field in self.fields(Some(field.1), "`cookies`", &[], true) {
                        let text = self.text_of(file, field)?;
                        part.cookies.insert(Arc::from(field.0.text.as_str()), text);
                    }
                }
                which => {
                    for field in self.fields(Some(field.1), "a request", &[], true) {
                        let texts = self.texts_of(file, field)?;
                        let name = Arc::from(field.0.text.as_str());
                        if which == "headers" {
                            part.headers.insert(name, texts);
                        } else {
                            part.parameters.insert(name, texts);
                        }
                    }
                }
            }
        }
        Some(StepKind::Request(part))
    }

    fn given_parameter(
        &mut self,
        bench: &mut Bench<'_>,
        given: &'a ast::Given,
    ) -> Option<StepKind> {
        let name = self.name_of(given, "the name of a `param`")?;
        let declared = self
            .parameters
            .iter()
            .position(|p| p.ast.name.text == *name);
        let Some(at) = declared else {
            let Some(Operand::Name(written)) = &given.of else {
                return None;
            };
            let message = format!("no file declares the parameter `{}`", clip(&name));
            let mut finding = Diagnostic::new(codes::UNKNOWN_NAME, written.span, message)
                .expected("the name of a `param`");
            let known: Vec<&'a str> = self
                .parameters
                .iter()
                .map(|p| p.ast.name.text.as_str())
                .collect();
            if let Some(meant) = self.nearest(&name, known) {
                finding = finding.fix(format!("did you mean `{meant}`?"), written.span, meant);
            }
            self.report(finding);
            return None;
        };
        let parameter = self.parameters.get(at)?.ast;
        let ty = match known_type(&parameter.ty)? {
            // The value of a test is no secret.
            Type::Secret => Type::Text,
            ty => ty,
        };
        if let Some(Named::Parameter(_)) = self.named(bench.file, &name) {
            self.use_value(bench.file, &parameter.name.text);
        }
        let Some(value) = &given.value else {
            let message = format!("`{name}` has no value");
            self.bad_line(given.span, message, "`= value` behind the name");
            return None;
        };
        let value = self.fixed(bench.file, value, &ty, &format!("`{name}`"))?;
        bench.parameters.insert(name, value);
        // It holds for the whole program, so that it is no step of the run.
        None
    }

    fn given_level(&mut self, bench: &Bench<'_>, given: &'a ast::Given) -> Option<StepKind> {
        let Some(Operand::Number(value)) = &given.of else {
            self.bad_line(
                given.span,
                "`given level` takes a number".to_owned(),
                "`given level 20`",
            );
            return None;
        };
        self.level_of(bench.file, value).map(StepKind::Level)
    }

    fn given_advice(&mut self, bench: &Bench<'_>, given: &'a ast::Given) -> Option<StepKind> {
        let part = self.advice(bench, given.value.as_ref())?;
        Some(StepKind::Advice(part))
    }

    /// `{ level = 20, journey = "StepUp" }`
    pub(super) fn advice(
        &mut self,
        bench: &Bench<'_>,
        value: Option<&'a ast::Value>,
    ) -> Option<AdvicePart> {
        let mut part = AdvicePart::default();
        for field in self.fields(value, "an advice", &["level", "journey"], false) {
            if field.0.text == "level" {
                part.level = Some(self.level_of(bench.file, field.1)?);
                continue;
            }
            let name = self.text_of(bench.file, field)?;
            let program = bench.site.program;
            if program.journey_on_wire(&name).is_none() {
                let message = format!("no journey is called `{}` on the wire", clip(&name));
                let mut finding = Diagnostic::new(codes::UNKNOWN_JOURNEY, field.1.span, message)
                    .expected("the name of a journey on the wire");
                let known = program.by_wire_name.keys().map(|name| &**name);
                if let Some(meant) = self.nearest(&name, known) {
                    let edit = format!("\"{meant}\"");
                    finding = finding.fix(format!("did you mean `{meant}`?"), field.1.span, edit);
                }
                self.report(finding);
                return None;
            }
            part.journey = Some(name);
        }
        Some(part)
    }

    // ---- what the outside says -----------------------------------------------------------------------

    pub(super) fn outside(
        &mut self,
        bench: &Bench<'_>,
        reply: &'a ast::Exchange,
    ) -> Option<StepKind> {
        let found = self.test_node(bench, &reply.node)?;
        let Some(task) = found.task else {
            let message = format!("nothing outside speaks to `{}`", found.node.text);
            self.bad_line(
                reply.node.span,
                message,
                "a node of a type, or a node of a page",
            );
            return None;
        };
        let signature = bench.site.program.catalog.get(task.ty)?;
        let fields = self.fields(reply.value.as_ref(), "a reply", &REPLY, false);
        let what: Vec<Field<'a>> = fields
            .iter()
            .filter(|(name, _)| !["writes", "user", "suspends"].contains(&name.text.as_str()))
            .copied()
            .collect();
        let [main] = what.as_slice() else {
            self.bad_line(
                reply.span,
                "this does not say one thing".to_owned(),
                "one of `accepted`, `matches`, `found`, `fails`, `value` and `outcome`",
            );
            return None;
        };
        let said = self.said(bench, &found, signature, *main)?;
        let is_stand_in = matches!(said, Outside::Outcome(_));
        if !is_stand_in && let Some((name, _)) = fields.iter().find(|f| f.0 != main.0) {
            self.bad_line(
                name.span,
                format!("`{}` goes with `outcome` only", name.text),
                "`outcome = \"…\"` in the same reply",
            );
            return None;
        }
        let reply = match said {
            Outside::Outcome(mut stand_in) => {
                for field in fields {
                    match field.0.text.as_str() {
                        "user" => {
                            let user = self.text_of(bench.file, field)?;
                            self.given_before(bench, &user, field.1.span)?;
                            stand_in.user = Some(user);
                        }
                        "suspends" => {
                            let text = self.text_of(bench.file, field)?;
                            if signature.suspends == Known::Is(false) {
                                let message =
                                    format!("`{}` does not suspend the run", found.node.text);
                                let expected = "a node whose type says `suspends`";
                                self.bad_line(field.0.span, message, expected);
                                return None;
                            }
                            stand_in.suspends = Some(text);
                        }
                        "writes" => stand_in.writes = self.writes(bench, signature, field)?,
                        _ => {}
                    }
                }
                Outside::Outcome(stand_in)
            }
            other => other,
        };
        let node = found.node;
        Some(StepKind::Reply { node, reply })
    }

    fn said(
        &mut self,
        bench: &Bench<'_>,
        found: &Found<'_>,
        signature: &Signature,
        main: Field<'a>,
    ) -> Option<Outside> {
        let key = main.0.text.as_str();
        if key == "outcome" {
            let outcome = self.text_of(bench.file, main)?;
            if !found.outcomes.contains(&outcome) {
                self.no_outcome(&found.node.text, &outcome, main.1.span, found.outcomes);
                return None;
            }
            return Some(Outside::Outcome(StandIn {
                outcome,
                writes: Vec::new(),
                user: None,
                suspends: None,
            }));
        }
        if signature.calls_out == Known::Is(false) && signature.verifies == Known::Is(false) {
            let message = format!("`{}` has nothing done outside", found.node.text);
            self.report(
                Diagnostic::new(codes::UNKNOWN_EFFECT, main.0.span, message)
                    .expected("a node that sends, compares or looks up")
                    .note(format!(
                        "`{}` is of type `{}`",
                        found.node.text, signature.name
                    )),
            );
            return None;
        }
        Some(match key {
            "fails" => Outside::Fails(self.text_of(bench.file, main)?),
            "value" => Outside::Value(self.any_of(bench.file, main)?),
            _ => Outside::Verdict(self.bool_of(bench.file, main)?),
        })
    }

    /// What a stand-in writes: keys that its type writes, of the types it writes them with; or, where the
    /// signature cannot say all keys, any by `"scope.key"`.
    fn writes(
        &mut self,
        bench: &Bench<'_>,
        signature: &Signature,
        field: Field<'a>,
    ) -> Option<Vec<(Scope, Arc<str>, Value)>> {
        let is_open = !self.is_extern(&signature.name)
            || signature
                .writes
                .iter()
                .any(|w| w.key == "*" || w.named_by.is_some());
        let mut made = Vec::new();
        for field in self.fields(Some(field.1), "`writes`", &[], true) {
            let name = field.0.text.as_str();
            let (scope, key) = match name.split_once('.') {
                Some(("shared", key)) => (Some(Scope::Shared), key),
                Some(("transient", key)) => (Some(Scope::Transient), key),
                _ => (None, name),
            };
            let mut written = signature.writes.iter();
            let declared = written.find(|w| {
                // What is written to any scope is written to shared state.
                let same = scope.is_none_or(|scope| {
                    w.scope == scope || w.scope == Scope::Any && scope == Scope::Shared
                });
                w.key == key && same
            });
            let (scope, value) = match (declared, scope) {
                (Some(declared), _) => {
                    let what = format!("`{name}`");
                    let value = self.fixed(bench.file, field.1, &declared.ty, &what)?;
                    (declared.scope, value)
                }
                (None, Some(scope)) if is_open => (scope, self.any_of(bench.file, field)?),
                (None, _) => {
                    let known: Vec<&str> = signature.writes.iter().map(|w| &*w.key).collect();
                    let holder = format!("what `{}` writes", signature.name);
                    self.unknown_field(field.0, &holder, &known);
                    return None;
                }
            };
            made.push((scope, Arc::from(key), value));
        }
        Some(made)
    }

    /// Whether a file of the program declares this type.
    fn is_extern(&self, name: &str) -> bool {
        let mut items = self.files.iter().flat_map(|loaded| &loaded.file.items);
        items.any(|item| matches!(item, ast::Item::Extern(it) if it.name.text == name))
    }
}
