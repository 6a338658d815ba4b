//! Values after names are resolved and before a type is asked of them.
//!
//! A `{ en = "…" }` may be a locale map or a record, a text may go where a secret is wanted: only the
//! setting decides. So constants, parameters and arguments stay raw until they arrive at one. Raw values
//! share their parts, so that constants built of constants stay small however often they are used.

use std::{sync::Arc, time::Duration};

use crate::{
    codes,
    compile::{
        context::Cx,
        scope::{Env, Named},
    },
    diagnostic::Diagnostic,
    model::{
        expr::Slot,
        value::{Decimal, Type, Value},
    },
    source::{SourceId, Span},
    syntax::ast,
};

/// A value with the place that messages point at.
#[derive(Debug, Clone)]
pub(super) struct Raw {
    pub(super) kind: RawKind,
    /// Where the value stands, or where the name stands that means it.
    pub(super) span: Span,
    /// The other end: the definition of the name, or the use of the formal.
    pub(super) via: Option<(Span, &'static str)>,
    /// How many values and bytes there are in it, shared parts counted as often as they stand.
    pub(super) weight: u64,
    /// How deep it nests.
    pub(super) depth: usize,
    /// The file whose text it is, as written in `file("…")`.
    pub(super) file: Option<Arc<str>>,
}

#[derive(Debug, Clone)]
pub(super) enum RawKind {
    Null,
    Bool(bool),
    Int(i64),
    Decimal(Decimal),
    Duration(Duration),
    Size(u64),
    Text(Arc<str>),
    /// A text with reads in it.
    Join(Arc<[RawPart]>),
    /// A read of the state, the request, the session or the identity.
    Read(Slot, Type),
    List(Arc<[Raw]>),
    Record(Arc<[(ast::Name, Raw)]>),
    /// A secret parameter.
    Secret(Arc<str>),
    /// A formal whose value is not known while the fragment itself is checked.
    Hole(Type),
    /// Something was reported already.
    Broken,
}

#[derive(Debug, Clone)]
pub(super) enum RawPart {
    Text(Arc<str>),
    Read(Slot, Type),
}

/// Where a value is read: the file whose names it may use, and the formals of the fragment around it.
#[derive(Clone, Copy)]
pub(super) struct Place<'s> {
    pub(super) file: SourceId,
    pub(super) env: Option<&'s Env>,
}

impl Raw {
    pub(super) fn new(kind: RawKind, span: Span) -> Self {
        let (weight, depth) = measure(&kind);
        Self {
            kind,
            span,
            via: None,
            weight,
            depth,
            file: None,
        }
    }

    pub(super) fn broken(span: Span) -> Self {
        Self::new(RawKind::Broken, span)
    }

    pub(super) fn hole(ty: Type, span: Span) -> Self {
        Self::new(RawKind::Hole(ty), span)
    }

    /// The same value where a name means it.
    pub(super) fn used_at(&self, span: Span) -> Self {
        Self {
            span,
            via: Some((self.span, "it comes from here")),
            ..self.clone()
        }
    }

    /// The same value, with the place of the formal that carried it.
    pub(super) fn carried_to(&self, span: Span) -> Self {
        Self {
            via: Some((span, "the value comes by this name")),
            ..self.clone()
        }
    }

    /// A value the embedder bound.
    pub(super) fn from_value(value: &Value, span: Span) -> Self {
        let kind = match value {
            Value::Bool(v) => RawKind::Bool(*v),
            Value::Int(v) => RawKind::Int(*v),
            Value::Decimal(v) => RawKind::Decimal(*v),
            Value::Text(v) => RawKind::Text(Arc::clone(v)),
            Value::Localized(text) => RawKind::Record(
                text.iter()
                    .map(|(locale, text)| {
                        let text = Self::new(RawKind::Text(Arc::from(text)), span);
                        (key(locale, span), text)
                    })
                    .collect(),
            ),
            Value::Duration(v) => RawKind::Duration(*v),
            Value::Size(v) => RawKind::Size(*v),
            Value::List(list) => {
                RawKind::List(list.iter().map(|v| Self::from_value(v, span)).collect())
            }
            Value::Map(map) => RawKind::Record(
                map.iter()
                    .map(|(k, v)| (key(k, span), Self::from_value(v, span)))
                    .collect(),
            ),
            Value::SecretParameter(name) => RawKind::Secret(Arc::clone(name)),
            // A secret has no place in a program; `parameter.rs` refuses it before it comes here.
            Value::Null | Value::Secret(_) => RawKind::Null,
        };
        Self::new(kind, span)
    }

    /// The type as messages name it.
    pub(super) fn type_name(&self) -> String {
        match &self.kind {
            RawKind::Null => "`null`".to_owned(),
            RawKind::Bool(_) => "`Bool`".to_owned(),
            RawKind::Int(_) => "`Int`".to_owned(),
            RawKind::Decimal(_) => "`Decimal`".to_owned(),
            RawKind::Duration(_) => "`Duration`".to_owned(),
            RawKind::Size(_) => "`Size`".to_owned(),
            RawKind::Text(_) | RawKind::Join(_) => "`Text`".to_owned(),
            RawKind::Read(_, ty) | RawKind::Hole(ty) => format!("`{ty}`"),
            RawKind::List(_) => "a list".to_owned(),
            RawKind::Record(_) => "a record".to_owned(),
            RawKind::Secret(_) => "`Secret`".to_owned(),
            RawKind::Broken => "nothing".to_owned(),
        }
    }
}

fn key(text: &str, span: Span) -> ast::Name {
    ast::Name {
        text: text.to_owned(),
        span,
        quoted: true,
    }
}

fn measure(kind: &RawKind) -> (u64, usize) {
    let all = |parts: &mut dyn Iterator<Item = &Raw>| {
        parts.fold((1_u64, 1_usize), |(weight, depth), raw| {
            (weight.saturating_add(raw.weight), depth.max(raw.depth + 1))
        })
    };
    match kind {
        RawKind::Text(text) => (1 + text.len() as u64, 1),
        RawKind::Join(parts) => {
            let bytes = parts.iter().fold(1_u64, |sum, part| match part {
                RawPart::Text(text) => sum.saturating_add(text.len() as u64),
                RawPart::Read(..) => sum.saturating_add(1),
            });
            (bytes, 1)
        }
        RawKind::List(values) => all(&mut values.iter()),
        RawKind::Record(entries) => all(&mut entries.iter().map(|(_, raw)| raw)),
        RawKind::Null
        | RawKind::Bool(_)
        | RawKind::Int(_)
        | RawKind::Decimal(_)
        | RawKind::Duration(_)
        | RawKind::Size(_)
        | RawKind::Read(..)
        | RawKind::Secret(_)
        | RawKind::Hole(_)
        | RawKind::Broken => (1, 1),
    }
}

impl<'a> Cx<'a> {
    /// The value of what is written, with every name in it resolved.
    pub(super) fn raw(&mut self, value: &'a ast::Value, place: Place<'_>) -> Raw {
        let span = value.span;
        let kind = match &value.kind {
            ast::ValueKind::Null => RawKind::Null,
            ast::ValueKind::Bool(v) => RawKind::Bool(*v),
            ast::ValueKind::Int(v) => RawKind::Int(*v),
            ast::ValueKind::Decimal(text) => {
                let number = Decimal::parse(text);
                if number.is_none() {
                    let text = super::clip(text);
                    let message = format!("`{text}` is too large or has too many digits");
                    self.report(
                        Diagnostic::new(codes::OUT_OF_RANGE, span, message)
                            .expected("at most nine digits after the point"),
                    );
                }
                number.map_or(RawKind::Broken, RawKind::Decimal)
            }
            ast::ValueKind::Duration(ms) => RawKind::Duration(Duration::from_millis(*ms)),
            ast::ValueKind::Size(bytes) => RawKind::Size(*bytes),
            ast::ValueKind::Block(text) => RawKind::Text(Arc::from(&**text)),
            ast::ValueKind::Text(parts) => self.raw_text(parts, span, place),
            ast::ValueKind::List(values) => {
                RawKind::List(values.iter().map(|v| self.raw(v, place)).collect())
            }
            ast::ValueKind::Record(entries) => self.raw_record(entries, place),
            ast::ValueKind::Reference(path) => return self.raw_reference(path, place),
            ast::ValueKind::File(name) => {
                let text = self
                    .file(place.file)
                    .and_then(|file| file.texts.get(&name.text));
                // Where the file could not be read, the loader said so.
                let kind = text.map_or(RawKind::Broken, |text| RawKind::Text(Arc::clone(text)));
                let raw = Raw {
                    file: Some(Arc::from(&*name.text)),
                    ..Raw::new(kind, span)
                };
                return self.bounded(raw);
            }
            ast::ValueKind::Broken => RawKind::Broken,
        };
        self.bounded(Raw::new(kind, span))
    }

    fn raw_record(&mut self, entries: &'a [(ast::Name, ast::Value)], place: Place<'_>) -> RawKind {
        let mut made: Vec<(ast::Name, Raw)> = Vec::with_capacity(entries.len());
        let mut seen = std::collections::BTreeMap::new();
        for (name, value) in entries {
            let raw = self.raw(value, place);
            if let Some(first) = seen.insert(name.text.as_str(), name.span) {
                self.report(
                    Diagnostic::new(
                        codes::DUPLICATE_NAME,
                        name.span,
                        format!("`{}` is given twice", name.text),
                    )
                    .expected("each key once")
                    .label(first, "first given here"),
                );
                continue;
            }
            made.push((name.clone(), raw));
        }
        RawKind::Record(made.into())
    }

    /// Refuses values that grew past all measure by being built of each other.
    fn bounded(&mut self, raw: Raw) -> Raw {
        let weight_max = 4 * 1_024 * 1_024;
        if raw.depth > self.limits.nesting {
            self.report(
                Diagnostic::new(codes::TOO_DEEP, raw.span, "this value nests too deep")
                    .expected(format!("at most {} levels", self.limits.nesting)),
            );
            return Raw::broken(raw.span);
        }
        if raw.weight > weight_max {
            self.report(
                Diagnostic::new(codes::OUT_OF_RANGE, raw.span, "this value is too large")
                    .expected(format!("at most {weight_max} bytes and values")),
            );
            return Raw::broken(raw.span);
        }
        raw
    }

    fn raw_text(&mut self, parts: &'a [ast::TextPart], span: Span, place: Place<'_>) -> RawKind {
        let mut text = String::new();
        let mut made: Vec<RawPart> = Vec::new();
        let mut hole = false;
        let mut broken = false;
        for part in parts {
            let path = match part {
                ast::TextPart::Raw(raw) => {
                    text.push_str(raw);
                    continue;
                }
                ast::TextPart::Path(path) => path,
            };
            let raw = self.raw_reference(path, place);
            match raw.kind {
                RawKind::Text(part) => {
                    if !self.charge(part.len() as u64) || text.len() + part.len() > 4_194_304 {
                        self.report(
                            Diagnostic::new(codes::OUT_OF_RANGE, span, "this text grows too large")
                                .expected("texts whose parts together fit the limits"),
                        );
                        return RawKind::Broken;
                    }
                    text.push_str(&part);
                }
                RawKind::Int(number) => text.push_str(&number.to_string()),
                RawKind::Decimal(number) => text.push_str(&number.to_string()),
                RawKind::Bool(value) => text.push_str(if value { "true" } else { "false" }),
                RawKind::Read(_, Type::Secret)
                | RawKind::Secret(_)
                | RawKind::Hole(Type::Secret) => {
                    self.report(secret_in_text(path.span, self.text(path.span)));
                    broken = true;
                }
                RawKind::Read(slot, ty) => {
                    if !text.is_empty() {
                        made.push(RawPart::Text(Arc::from(std::mem::take(&mut text))));
                    }
                    made.push(RawPart::Read(slot, ty));
                }
                RawKind::Join(parts) => {
                    if !text.is_empty() {
                        made.push(RawPart::Text(Arc::from(std::mem::take(&mut text))));
                    }
                    made.extend(parts.iter().cloned());
                }
                RawKind::Hole(_) => hole = true,
                RawKind::Broken => broken = true,
                RawKind::Null
                | RawKind::Duration(_)
                | RawKind::Size(_)
                | RawKind::List(_)
                | RawKind::Record(_) => {
                    let message = format!("a text cannot hold {}", raw.type_name());
                    self.report(
                        Diagnostic::new(codes::WRONG_TYPE, path.span, message)
                            .expected("a text, a number or a truth value"),
                    );
                    broken = true;
                }
            }
        }
        if broken {
            RawKind::Broken
        } else if hole {
            RawKind::Hole(Type::Text)
        } else if made.is_empty() {
            RawKind::Text(Arc::from(text))
        } else {
            if !text.is_empty() {
                made.push(RawPart::Text(Arc::from(text)));
            }
            RawKind::Join(made.into())
        }
    }

    /// What a name means as a value: a formal, a constant, a parameter, or a read of the run.
    pub(super) fn raw_reference(&mut self, path: &'a ast::Path, place: Place<'_>) -> Raw {
        let span = path.span;
        if let [name] = path.parts.as_slice()
            && !crate::compile::slot::is_root(&name.text)
        {
            if let Some(raw) = place.env.and_then(|env| env.get(name.text.as_str())) {
                self.touched_formal = true;
                return raw.carried_to(span);
            }
            return match self.named(place.file, &name.text) {
                Some(Named::Constant(at)) => {
                    self.use_value(place.file, &name.text);
                    let raw = self.constant_values.get(at);
                    raw.map_or_else(|| Raw::broken(span), |raw| raw.used_at(span))
                }
                Some(Named::Parameter(at)) => {
                    self.use_value(place.file, &name.text);
                    let raw = self.parameter_values.get(at);
                    raw.map_or_else(|| Raw::broken(span), |raw| raw.used_at(span))
                }
                None => {
                    self.unknown_name(name, place);
                    Raw::broken(span)
                }
            };
        }
        match self.slot(path) {
            Some((slot, ty)) => Raw::new(RawKind::Read(slot, ty), span),
            None => Raw::broken(span),
        }
    }
}

pub(super) fn secret_in_text(span: Span, written: &str) -> Diagnostic {
    Diagnostic::new(
        codes::SECRET_IN_TEXT,
        span,
        format!("`{written}` is secret and would be shown"),
    )
    .expected("a value that may be shown")
}
