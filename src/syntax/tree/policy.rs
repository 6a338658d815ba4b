//! Policies: their heads and the lines of their blocks.

use crate::{
    codes,
    diagnostic::Diagnostic,
    source::Span,
    syntax::{
        ast::{
            Condition, Doc, Policy, Require, Required, Setting, Subject, Subjects, Value, ValueKind,
        },
        item::{Inner as _, Pair, Reader},
        literal::clip,
        parser::Rule,
        recover::{self, Line},
        tree::Tree,
    },
};

/// A line that only a policy has.
pub(in crate::syntax) enum PolicyLine {
    Subjects(Subjects),
    Condition(Condition),
    Require(Require),
}

impl Policy {
    pub(super) fn line(&mut self, line: PolicyLine) {
        match line {
            PolicyLine::Subjects(subjects) => self.subjects.push(subjects),
            PolicyLine::Condition(condition) => self.conditions.push(condition),
            PolicyLine::Require(require) => self.requires.push(require),
        }
    }

    /// `subjects = [any]` reads like any other setting, so it comes as one.
    pub(super) fn setting(&mut self, setting: Setting) {
        match subjects_of(&setting) {
            Some(subjects) => self.subjects.push(subjects),
            None => self.settings.push(setting),
        }
    }
}

fn subjects_of(setting: &Setting) -> Option<Subjects> {
    let ValueKind::List(values) = &setting.value.kind else {
        return None;
    };
    if setting.key.text != "subjects" {
        return None;
    }
    let list: Option<Vec<Subject>> = values.iter().map(plain_subject).collect();
    Some(Subjects {
        list: list?,
        value: setting.value.span,
        span: setting.span,
    })
}

fn plain_subject(value: &Value) -> Option<Subject> {
    match &value.kind {
        ValueKind::Reference(path) => match path.parts.as_slice() {
            [kind] => Some(Subject {
                kind: kind.clone(),
                name: None,
                span: value.span,
            }),
            _ => None,
        },
        _ => None,
    }
}

impl Reader<'_> {
    /// A policy without its block.
    pub(in crate::syntax) fn policy(&mut self, pair: Pair<'_>, doc: Option<Doc>) -> Option<Policy> {
        let span = self.span(&pair);
        let mut inner = pair.inner();
        let name = self.declared(inner.next()?)?;
        let head = span.before().to(name.span);
        let resources = inner.map(|pattern| self.quoted(&pattern)).collect();
        Some(Policy {
            doc,
            name,
            resources,
            settings: Vec::new(),
            subjects: Vec::new(),
            conditions: Vec::new(),
            requires: Vec::new(),
            allows: Vec::new(),
            open: span.after(),
            close: span.after(),
            span,
            head,
        })
    }

    /// A line that only a policy has.
    pub(in crate::syntax) fn policy_line(&mut self, pair: Pair<'_>) -> Option<PolicyLine> {
        let span = self.span(&pair);
        let rule = pair.as_rule();
        let mut inner = pair.inner();
        Some(match rule {
            Rule::condition => PolicyLine::Condition(Condition {
                expr: self.expr(inner.next()?)?,
                span,
            }),
            Rule::require => {
                let kind = self.word(&inner.next()?);
                let what = match inner.next() {
                    Some(what) => Some(self.required(what)?),
                    None => None,
                };
                PolicyLine::Require(Require { kind, what, span })
            }
            _ => {
                let text = self.text_of(span);
                let open = text.find('[').unwrap_or(0);
                let list: Option<Vec<Subject>> = inner.map(|part| self.subject(part)).collect();
                PolicyLine::Subjects(Subjects {
                    list: list?,
                    value: Span::new(span.source, span.start as usize + open, span.end as usize),
                    span,
                })
            }
        })
    }

    fn subject(&mut self, pair: Pair<'_>) -> Option<Subject> {
        let span = self.span(&pair);
        let mut inner = pair.inner();
        let kind = self.word(&inner.next()?);
        let name = match inner.next() {
            Some(part) if part.as_rule() == Rule::string => Some(self.quoted(&part)),
            Some(part) => {
                let name = self.word(&part);
                self.report(
                    Diagnostic::new(
                        codes::SYNTAX,
                        name.span,
                        format!("the name of a {} stands in quotes", clip(&kind.text)),
                    )
                    .expected("a text")
                    .fix(
                        "put it in quotes",
                        name.span,
                        format!("\"{}\"", name.text),
                    ),
                );
                Some(name)
            }
            None => None,
        };
        Some(Subject { kind, name, span })
    }

    fn required(&mut self, pair: Pair<'_>) -> Option<Required> {
        Some(match pair.as_rule() {
            Rule::string => Required::Name(self.quoted(&pair)),
            Rule::numeric => Required::Number(self.value(pair)?),
            _ => Required::Name(self.word(&pair)),
        })
    }
}

impl Tree<'_> {
    /// A `when` without an arrow where one is needed: guessed at like any line that fits nothing.
    pub(super) fn guard_without_arrow(&mut self, span: Span) {
        let line = Line {
            text: self.reader.text_of(span),
            has_block: false,
            place: self.place(),
            next: None,
        };
        let finding = recover::explain(line, span, &mut self.budget);
        self.reader.report(finding);
    }
}
