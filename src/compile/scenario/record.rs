//! Records of tests: fields known, given once, and of the types that they have.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    codes,
    compile::{
        clip,
        context::Cx,
        raw::{Place, RawKind},
        settings::{Converted, Expect},
    },
    diagnostic::Diagnostic,
    model::{
        journey::SettingValue,
        level::AuthLevel,
        value::{Type, Value},
    },
    source::{SourceId, Span},
    syntax::ast,
};

/// A field as written.
pub(super) type Field<'a> = (&'a ast::Name, &'a ast::Value);

impl<'a> Cx<'a> {
    /// The fields of a record; those that are not in `known` are said, unless any may be there.
    pub(super) fn fields(
        &mut self,
        value: Option<&'a ast::Value>,
        holder: &str,
        known: &[&str],
        is_open: bool,
    ) -> Vec<Field<'a>> {
        let entries = match value.map(|value| (&value.kind, value.span)) {
            None | Some((ast::ValueKind::Broken, _)) => return Vec::new(),
            Some((ast::ValueKind::Record(entries), _)) => entries,
            Some((_, span)) => {
                self.report(
                    Diagnostic::new(codes::WRONG_TYPE, span, format!("{holder} takes a record"))
                        .expected("fields in braces, as in `{ key = value }`"),
                );
                return Vec::new();
            }
        };
        let mut made: Vec<Field<'a>> = Vec::with_capacity(entries.len());
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for (name, value) in entries {
            if let Some(first) = seen.insert(&name.text, name.span) {
                let message = format!("`{}` is given twice", clip(&name.text));
                self.report(
                    Diagnostic::new(codes::DUPLICATE_NAME, name.span, message)
                        .expected("each field once")
                        .label(first, "first given here"),
                );
            } else if is_open || known.contains(&name.text.as_str()) {
                made.push((name, value));
            } else {
                self.unknown_field(name, holder, known);
            }
        }
        made
    }

    pub(super) fn unknown_field(&mut self, name: &ast::Name, holder: &str, known: &[&str]) {
        let message = format!("{holder} has no `{}`", clip(&name.text));
        let mut finding = Diagnostic::new(codes::UNKNOWN_FIELD, name.span, message);
        if !known.is_empty() {
            finding = finding.expected(crate::compile::outcome::list(known.iter().copied()));
        }
        if let Some(meant) = self.nearest(&name.text, known.iter().copied()) {
            finding = finding.fix(format!("did you mean `{meant}`?"), name.span, meant);
        }
        self.report(finding);
    }

    /// A value that does not depend on a run, of this type.
    pub(super) fn fixed(
        &mut self,
        file: SourceId,
        value: &'a ast::Value,
        ty: &Type,
        what: &str,
    ) -> Option<Value> {
        let raw = self.raw(value, Place { file, env: None });
        if let (RawKind::Null, Type::Any) = (&raw.kind, ty) {
            return Some(Value::Null);
        }
        match self.convert(&raw, Expect::of(what, ty)) {
            Converted::Value(SettingValue::Constant(value)) => Some(value),
            Converted::Value(SettingValue::Computed(_)) => {
                self.report(
                    Diagnostic::new(
                        codes::WRONG_TYPE,
                        value.span,
                        "a test does not read the state of a run",
                    )
                    .expected("a value known when compiled"),
                );
                None
            }
            Converted::Open | Converted::Broken => None,
        }
    }

    pub(super) fn text_of(&mut self, file: SourceId, (name, value): Field<'a>) -> Option<Arc<str>> {
        let what = format!("`{}`", name.text);
        match self.fixed(file, value, &Type::Text, &what)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn bool_of(&mut self, file: SourceId, (name, value): Field<'a>) -> Option<bool> {
        let what = format!("`{}`", name.text);
        self.fixed(file, value, &Type::Bool, &what)?.as_bool()
    }

    pub(super) fn any_of(&mut self, file: SourceId, (name, value): Field<'a>) -> Option<Value> {
        let what = format!("`{}`", name.text);
        self.fixed(file, value, &Type::Any, &what)
    }

    /// One text or a list of them.
    pub(super) fn texts_of(
        &mut self,
        file: SourceId,
        (name, value): Field<'a>,
    ) -> Option<Vec<Arc<str>>> {
        if !matches!(value.kind, ast::ValueKind::List(_)) {
            return Some(vec![self.text_of(file, (name, value))?]);
        }
        let what = format!("`{}`", name.text);
        let ty = Type::List(Arc::new(Type::Text));
        let Value::List(list) = self.fixed(file, value, &ty, &what)? else {
            return None;
        };
        Some(
            list.iter()
                .filter_map(Value::as_text)
                .map(Arc::from)
                .collect(),
        )
    }

    pub(super) fn level_of(&mut self, file: SourceId, value: &'a ast::Value) -> Option<AuthLevel> {
        let number = self.fixed(file, value, &Type::Int, "a level")?.as_int()?;
        let level = AuthLevel::parse(&number.to_string());
        if level.is_none() {
            let finding = Diagnostic::new(codes::OUT_OF_RANGE, value.span, "this is no level");
            self.report(finding.expected("a whole number from 0 to 2147483647"));
        }
        level
    }

    /// The finding about a first word that means nothing.
    pub(super) fn unknown_word(&mut self, word: &ast::Name, verb: &str, known: &[&str]) {
        let message = format!("`{verb} {}` has no meaning", clip(&word.text));
        let mut finding = Diagnostic::new(codes::BAD_TEST, word.span, message)
            .expected(crate::compile::outcome::list(known.iter().copied()));
        if let Some(meant) = self.nearest(&word.text, known.iter().copied()) {
            finding = finding.fix(format!("did you mean `{meant}`?"), word.span, meant);
        }
        self.report(finding);
    }

    pub(super) fn bad_line(&mut self, span: Span, message: String, expected: &'static str) {
        self.report(Diagnostic::new(codes::BAD_TEST, span, message).expected(expected));
    }
}
