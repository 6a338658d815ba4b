//! What a test expects.

use std::sync::Arc;

use crate::{
    codes,
    compile::{clip, context::Cx, scenario::Bench, scenario::record::Field},
    diagnostic::Diagnostic,
    model::{
        device::DeviceKind,
        ground::GroundKind,
        journey::NodeKind,
        scenario::{
            AccessPattern, AskedCallback, EffectField, EffectKind, EffectPattern, Expectation,
            FailurePattern, FailureWord, NodeRef, SuccessPattern,
        },
        value::{Type, Value},
    },
    syntax::ast::{self, Operand},
};

/// What can be expected.
const EXPECTED: [&str; 10] = [
    "ask",
    "page",
    "level",
    "state",
    "effect",
    "success",
    "failure",
    "suspended",
    "expired",
    "access",
];

impl<'a> Cx<'a> {
    pub(super) fn expect(
        &mut self,
        bench: &Bench<'_>,
        expect: &'a ast::Expect,
    ) -> Option<Expectation> {
        let what = expect.what.text.as_str();
        if let Some(no) = expect.no
            && EXPECTED.contains(&what)
            && !["effect", "access"].contains(&what)
        {
            let message = format!("`no {what}` cannot be expected");
            self.bad_line(
                no.to(expect.what.span),
                message,
                "`no effect` or `no access`",
            );
            return None;
        }
        if let Some(asked) = &expect.asked
            && what != "ask"
            && EXPECTED.contains(&what)
        {
            let message = format!("`expect {what}` takes a record");
            self.bad_line(asked.span, message, "fields such as `{ key = value }`");
            return None;
        }
        match what {
            "ask" => self.expect_ask(bench, expect),
            "page" => self.expect_page(bench, expect),
            "level" => {
                let Some(Operand::Number(value)) = &expect.of else {
                    self.bad_line(
                        expect.span,
                        "`expect level` takes a number".to_owned(),
                        "`expect level 10`",
                    );
                    return None;
                };
                self.level_of(bench.file, value).map(Expectation::Level)
            }
            "state" => self.expect_state(bench, expect),
            "effect" => self.expect_effect(bench, expect),
            "success" => self.expect_success(bench, expect),
            "failure" => self.expect_failure(bench, expect),
            "suspended" => {
                let mut text = None;
                for field in self.fields(expect.value.as_ref(), "a suspension", &["text"], false) {
                    text = Some(self.text_of(bench.file, field)?);
                }
                Some(Expectation::Suspended(text))
            }
            "expired" => {
                let fields = self.fields(expect.value.as_ref(), "`expect expired`", &[], false);
                fields.is_empty().then_some(Expectation::Expired)
            }
            "access" => self.expect_access(bench, expect),
            _ => {
                self.unknown_word(&expect.what, "expect", &EXPECTED);
                None
            }
        }
    }

    /// The node behind the first word.
    fn operand_path(&mut self, expect: &'a ast::Expect) -> Option<&'a ast::Dotted> {
        match &expect.of {
            Some(Operand::Name(path)) => Some(path),
            Some(Operand::Number(value)) => {
                self.bad_line(
                    value.span,
                    "this is not the name of a node".to_owned(),
                    "a path such as `code.enter`",
                );
                None
            }
            None => {
                let message = format!("`expect {}` does not say which", expect.what.text);
                self.bad_line(expect.span, message, "the path of a node");
                None
            }
        }
    }

    fn expect_ask(&mut self, bench: &Bench<'_>, expect: &'a ast::Expect) -> Option<Expectation> {
        let path = self.operand_path(expect)?;
        let found = self.test_node(bench, path)?;
        let catalog = &bench.site.program.catalog;
        let mut known = Vec::new();
        match (&found.of.kind, found.task) {
            (_, Some(task)) => known.extend(catalog.get(task.ty)?.callbacks.iter().cloned()),
            (NodeKind::Page(page), None) => {
                for child in &page.children {
                    known.extend(catalog.get(child.task.ty)?.callbacks.iter().cloned());
                }
            }
            _ => {}
        }
        known.sort_unstable();
        known.dedup();
        let is_empty = expect.value.is_some() && expect.asked.is_none();
        if is_empty {
            let fields = self.fields(expect.value.as_ref(), "`expect ask`", &[], false);
            debug_assert!(fields.is_empty());
        }
        let callbacks = match &expect.asked {
            None => None,
            Some(asked) => {
                let made: Option<Vec<AskedCallback>> = asked
                    .callbacks
                    .iter()
                    .map(|callback| self.asked(bench, &known, &found.node, callback))
                    .collect();
                Some(made?)
            }
        };
        Some(Expectation::Ask {
            node: found.node,
            callbacks,
        })
    }

    fn asked(
        &mut self,
        bench: &Bench<'_>,
        known: &[std::borrow::Cow<'static, str>],
        node: &NodeRef,
        callback: &'a ast::AskedCallback,
    ) -> Option<AskedCallback> {
        const FIELDS: [&str; 4] = ["prompt", "text", "choices", "default"];
        let kind = self.callback(known, &node.text, &callback.kind)?;
        let mut made = AskedCallback {
            kind,
            ..AskedCallback::default()
        };
        let Some(value) = &callback.value else {
            return Some(made);
        };
        if !matches!(value.kind, ast::ValueKind::Record(_)) {
            made.text = Some(self.text_of(bench.file, (&callback.kind, value))?);
            return Some(made);
        }
        for field in self.fields(Some(value), "a callback", &FIELDS, false) {
            match field.0.text.as_str() {
                "choices" => made.choices = Some(self.texts_of(bench.file, field)?),
                "default" => made.default = Some(self.any_of(bench.file, field)?),
                _ => made.text = Some(self.text_of(bench.file, field)?),
            }
        }
        Some(made)
    }

    fn expect_page(&mut self, bench: &Bench<'_>, expect: &'a ast::Expect) -> Option<Expectation> {
        const FIELDS: [&str; 3] = ["stage", "header", "description"];
        let (mut stage, mut header, mut description) = (None, None, None);
        for field in self.fields(expect.value.as_ref(), "a page", &FIELDS, false) {
            let text = Some(self.text_of(bench.file, field)?);
            match field.0.text.as_str() {
                "stage" => stage = text,
                "header" => header = text,
                _ => description = text,
            }
        }
        Some(Expectation::Page {
            stage,
            header,
            description,
        })
    }

    fn expect_state(&mut self, bench: &Bench<'_>, expect: &'a ast::Expect) -> Option<Expectation> {
        let mut made = Vec::new();
        let keys = &bench.site.keys;
        for field in self.fields(expect.value.as_ref(), "`expect state`", &[], true) {
            let name = field.0.text.as_str();
            if !keys.contains(name) {
                let message = format!("nothing writes or reads `{}`", clip(name));
                let mut finding = Diagnostic::new(codes::UNKNOWN_FIELD, field.0.span, message)
                    .expected("a key of shared state");
                if let Some(meant) = self.nearest(name, keys.iter().copied()) {
                    finding = finding.fix(format!("did you mean `{meant}`?"), field.0.span, meant);
                }
                self.report(finding);
                return None;
            }
            made.push((Arc::from(name), self.any_of(bench.file, field)?));
        }
        Some(Expectation::State(made))
    }

    fn expect_effect(&mut self, bench: &Bench<'_>, expect: &'a ast::Expect) -> Option<Expectation> {
        let words = || EffectKind::ALL.iter().map(|(_, word, _)| *word);
        let name = match &expect.of {
            Some(Operand::Name(path)) => match path.parts.as_slice() {
                [name] => Some(name),
                _ => None,
            },
            _ => None,
        };
        let Some(name) = name else {
            let finding = Diagnostic::new(codes::BAD_TEST, expect.span, "this names no effect");
            self.report(finding.expected(crate::compile::outcome::list(words())));
            return None;
        };
        let known = EffectKind::ALL
            .iter()
            .find(|(_, word, _)| *word == name.text);
        let Some((kind, _, fields)) = known else {
            let message = format!("there is no effect `{}`", clip(&name.text));
            let mut finding = Diagnostic::new(codes::UNKNOWN_EFFECT, name.span, message)
                .expected(crate::compile::outcome::list(words()));
            if let Some(meant) = self.nearest(&name.text, words()) {
                finding = finding.fix(format!("did you mean `{meant}`?"), name.span, meant);
            }
            self.report(finding);
            return None;
        };
        let mut pattern = EffectPattern {
            no: expect.no.is_some(),
            kind: *kind,
            times: None,
            node: None,
            fields: Vec::new(),
        };
        let all = fields.iter().copied().chain([EffectField::Failed]);
        let mut known: Vec<&str> = all.clone().map(EffectField::word).collect();
        known.extend(["times", "node"]);
        let holder = format!("`{}`", name.text);
        for field in self.fields(expect.value.as_ref(), &holder, &known, false) {
            match field.0.text.as_str() {
                "times" => {
                    let times = self.fixed(bench.file, field.1, &Type::Int, "`times`")?;
                    pattern.times = times.as_int().and_then(|n| u32::try_from(n).ok());
                    if pattern.times.is_none() || pattern.no {
                        let expected = "a whole number from 0, without `no`";
                        let message = "this is not how often it happens".to_owned();
                        self.bad_line(field.1.span, message, expected);
                        return None;
                    }
                }
                "node" => {
                    let (ast::ValueKind::Text(_) | ast::ValueKind::Reference(_)) = &field.1.kind
                    else {
                        self.bad_line(
                            field.1.span,
                            "this is not the path of a node".to_owned(),
                            "a path such as `\"code.send\"`",
                        );
                        return None;
                    };
                    pattern.node = Some(self.effect_node(bench, field)?);
                }
                word => {
                    let which = all.clone().find(|field| field.word() == word)?;
                    let value = self.effect_value(bench, *kind, which, field)?;
                    pattern.fields.push((which, value));
                }
            }
        }
        Some(Expectation::Effect(pattern))
    }

    fn effect_node(&mut self, bench: &Bench<'_>, field: Field<'a>) -> Option<NodeRef> {
        let text = self.text_of(bench.file, field)?;
        let nodes = bench.site.nodes.get(bench.journey.id.index())?;
        if !nodes.contains_key(&*text) {
            let message = format!("`{}` has no node `{}`", bench.journey.name, clip(&text));
            let mut finding = Diagnostic::new(codes::UNKNOWN_NODE, field.1.span, message)
                .expected("the path of a node in quotes");
            if let Some(meant) = self.nearest(&text, nodes.keys().copied()) {
                let edit = format!("\"{meant}\"");
                finding = finding.fix(format!("did you mean `{meant}`?"), field.1.span, edit);
            }
            self.report(finding);
            return None;
        }
        Some(NodeRef {
            at: Arc::from(format!("{}/{text}", bench.journey.name)),
            text,
            child: None,
            callers: Vec::new(),
        })
    }

    fn effect_value(
        &mut self,
        bench: &Bench<'_>,
        kind: EffectKind,
        which: EffectField,
        field: Field<'a>,
    ) -> Option<Value> {
        match which {
            EffectField::Matched
            | EffectField::Accepted
            | EffectField::Refused
            | EffectField::Failed => self.bool_of(bench.file, field).map(Value::Bool),
            EffectField::Request => self.any_of(bench.file, field),
            EffectField::User => {
                let user = self.text_of(bench.file, field)?;
                // Whoever is compared or looked up may be unknown.
                if matches!(kind, EffectKind::LockAccount | EffectKind::UnlockAccount) {
                    self.given_before(bench, &user, field.1.span)?;
                }
                Some(Value::Text(user))
            }
            EffectField::Kind if kind == EffectKind::Verify => {
                const KINDS: [&str; 5] = ["password", "otp", "oath", "recovery", "answers"];
                self.word_of(bench, field, &KINDS)
            }
            EffectField::Kind if kind != EffectKind::Custom => {
                self.word_of(bench, field, &DeviceKind::ALL.map(DeviceKind::word))
            }
            EffectField::Channel => self.word_of(bench, field, &["mail", "sms"]),
            EffectField::Kind
            | EffectField::To
            | EffectField::From
            | EffectField::Subject
            | EffectField::Body
            | EffectField::Contains => self.text_of(bench.file, field).map(Value::Text),
        }
    }

    /// One of several texts.
    pub(super) fn word_of(
        &mut self,
        bench: &Bench<'_>,
        field: Field<'a>,
        known: &[&str],
    ) -> Option<Value> {
        let text = self.text_of(bench.file, field)?;
        if known.contains(&&*text) {
            return Some(Value::Text(text));
        }
        let message = format!("`{}` is not known here", clip(&text));
        let mut finding = Diagnostic::new(codes::BAD_TEST, field.1.span, message)
            .expected(crate::compile::outcome::list(known.iter().copied()));
        if let Some(meant) = self.nearest(&text, known.iter().copied()) {
            let edit = format!("\"{meant}\"");
            finding = finding.fix(format!("did you mean `{meant}`?"), field.1.span, edit);
        }
        self.report(finding);
        None
    }

    fn expect_success(
        &mut self,
        bench: &Bench<'_>,
        expect: &'a ast::Expect,
    ) -> Option<Expectation> {
        const FIELDS: [&str; 6] = ["user", "level", "proved", "url", "session", "properties"];
        let mut pattern = SuccessPattern::default();
        let file = bench.file;
        for field in self.fields(expect.value.as_ref(), "a success", &FIELDS, false) {
            match field.0.text.as_str() {
                "user" => {
                    let user = self.text_of(file, field)?;
                    self.given_before(bench, &user, field.1.span)?;
                    pattern.user = Some(user);
                }
                "level" => pattern.level = Some(self.level_of(file, field.1)?),
                "proved" => pattern.proved = Some(self.bool_of(file, field)?),
                "url" => pattern.url = Some(self.text_of(file, field)?),
                "session" => pattern.session = Some(self.bool_of(file, field)?),
                _ => {
                    for field in self.fields(Some(field.1), "`properties`", &[], true) {
                        let name = Arc::from(field.0.text.as_str());
                        pattern.properties.push((name, self.any_of(file, field)?));
                    }
                }
            }
        }
        Some(Expectation::Success(pattern))
    }

    fn expect_failure(
        &mut self,
        bench: &Bench<'_>,
        expect: &'a ast::Expect,
    ) -> Option<Expectation> {
        let mut pattern = FailurePattern::default();
        let known = ["ground", "message", "reason", "url"];
        for field in self.fields(expect.value.as_ref(), "a failure", &known, false) {
            match field.0.text.as_str() {
                "message" => pattern.message = Some(self.text_of(bench.file, field)?),
                "url" => pattern.url = Some(self.text_of(bench.file, field)?),
                "ground" => {
                    let words = GroundKind::ALL.map(|(_, word)| word);
                    let word = self.word_of(bench, field, &words)?;
                    pattern.ground = word.as_text().and_then(GroundKind::of_word);
                }
                _ => {
                    let words: Vec<&str> = FailureWord::ALL.iter().map(|(_, word)| *word).collect();
                    let word = self.word_of(bench, field, &words)?;
                    let found = FailureWord::ALL
                        .iter()
                        .find(|(_, known)| Some(*known) == word.as_text());
                    pattern.reason = found.map(|(reason, _)| *reason);
                }
            }
        }
        Some(Expectation::Failure(pattern))
    }

    fn expect_access(&mut self, bench: &Bench<'_>, expect: &'a ast::Expect) -> Option<Expectation> {
        let resource = match &expect.of {
            Some(Operand::Name(name)) => match name.parts.as_slice() {
                [name] if name.quoted => Some(Arc::from(name.text.as_str())),
                _ => None,
            },
            _ => None,
        };
        let Some(resource) = resource else {
            self.bad_line(
                expect.span,
                "this does not say what to".to_owned(),
                "a resource in quotes, as in `expect access \"https://app.example.com/pay\"`",
            );
            return None;
        };
        if bench.site.program.policies.is_empty() {
            self.bad_line(
                expect.span,
                "the program has no policies".to_owned(),
                "a `policy` in one of its files",
            );
            return None;
        }
        let mut pattern = AccessPattern {
            no: expect.no.is_some(),
            resource,
            actions: Vec::new(),
            advice: None,
        };
        let known = ["actions", "advice"];
        for field in self.fields(expect.value.as_ref(), "an access", &known, false) {
            if field.0.text == "advice" {
                pattern.advice = Some(self.advice(bench, Some(field.1))?);
                continue;
            }
            for field in self.fields(Some(field.1), "`actions`", &[], true) {
                let granted = self.bool_of(bench.file, field)?;
                let name = Arc::from(field.0.text.as_str());
                pattern.actions.push((name, granted));
            }
        }
        Some(Expectation::Access(pattern))
    }
}
