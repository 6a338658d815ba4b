//! Values arrive at settings: types, units, ranges and secrets.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc, time::Duration};

use crate::{
    codes,
    compile::{
        context::Cx,
        raw::{Raw, RawKind, RawPart, secret_in_text},
    },
    diagnostic::Diagnostic,
    model::{
        expr::Expr,
        journey::SettingValue,
        setting::{count_of, is_among, is_locale, is_whole_size, is_within},
        signature::{Setting, Unit},
        text::LocalizedText,
        value::{Decimal, Type, Value},
    },
    syntax::ast,
};

/// What a place expects of the value that arrives there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expect<'e> {
    /// The place as messages name it: "`retryLimit`".
    pub(super) what: &'e str,
    pub(super) ty: &'e Type,
    pub(super) unit: Option<Unit>,
    pub(super) range: Option<(i64, i64)>,
    pub(super) allowed: &'e [Cow<'static, str>],
}

impl<'e> Expect<'e> {
    pub(super) fn of(what: &'e str, ty: &'e Type) -> Self {
        Self {
            what,
            ty,
            unit: None,
            range: None,
            allowed: &[],
        }
    }

    pub(super) fn setting(what: &'e str, setting: &'e Setting) -> Self {
        Self {
            what,
            ty: &setting.ty,
            unit: setting.unit,
            range: setting.range,
            allowed: &setting.allowed,
        }
    }

    fn element(self, ty: &'e Type) -> Self {
        Self { ty, ..self }
    }
}

/// What became of a value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Converted {
    Value(SettingValue),
    /// It is not known yet: a formal of a fragment that is checked by itself.
    Open,
    /// Something was reported.
    Broken,
}

impl Converted {
    fn constant(value: Value) -> Self {
        Self::Value(SettingValue::Constant(value))
    }
}

/// The word for a unit, and its suffix in text.
pub(super) fn unit_words(unit: Unit) -> (&'static str, &'static str) {
    match unit {
        Unit::Milliseconds => ("milliseconds", "ms"),
        Unit::Seconds => ("seconds", "s"),
        Unit::Minutes => ("minutes", "m"),
        Unit::Hours => ("hours", "h"),
        Unit::Days => ("days", "d"),
        Unit::Bytes => ("bytes", "B"),
        Unit::Kibibytes => ("kibibytes", "KiB"),
    }
}

/// What a type is called where something of it is expected.
pub(super) fn describe(ty: &Type, unit: Option<Unit>) -> String {
    match (ty, unit) {
        (Type::Duration, Some(unit)) => {
            format!(
                "a duration in whole {}, such as `5{}`",
                unit_words(unit).0,
                unit_words(unit).1
            )
        }
        (Type::Size, Some(unit)) => format!("a size in whole {}", unit_words(unit).0),
        (Type::Bool, _) => "`true` or `false`".to_owned(),
        (Type::Int, _) => "a whole number".to_owned(),
        (Type::Text, _) => "a text in quotes".to_owned(),
        (Type::Decimal, _) => "a number such as `0.5`".to_owned(),
        (Type::Duration, None) => "a duration such as `5m`".to_owned(),
        (Type::Size, None) => "a size such as `64KiB`".to_owned(),
        (Type::LocalizedText, _) => {
            "a text, or texts by locale such as `{ en = \"…\" }`".to_owned()
        }
        (Type::Secret, _) => "a secret parameter".to_owned(),
        (Type::List(of), _) => format!("a list of `{of}`"),
        (Type::Map(of), _) => format!("a record of `{of}`"),
        (Type::Any, _) => "a value".to_owned(),
    }
}

/// Whether a value of one type may stand where another is expected.
pub(super) fn accepts(expected: &Type, got: &Type) -> bool {
    match (expected, got) {
        (Type::Any, got) => *got != Type::Secret,
        (_, Type::Any)
        | (Type::LocalizedText, Type::Text | Type::Map(_))
        | (Type::Decimal, Type::Int) => true,
        (Type::List(a), Type::List(b)) | (Type::Map(a), Type::Map(b)) => accepts(a, b),
        (expected, got) => expected == got,
    }
}

impl Cx<'_> {
    /// Checks a value against a declared type and keeps it raw; broken where it does not fit.
    pub(super) fn fits(&mut self, raw: &Raw, ty: &Type, what: &str) -> Raw {
        match self.convert(raw, Expect::of(what, ty)) {
            Converted::Value(_) | Converted::Open => raw.clone(),
            Converted::Broken => Raw::broken(raw.span),
        }
    }

    /// Turns a raw value into what a setting holds.
    pub(super) fn convert(&mut self, raw: &Raw, expect: Expect<'_>) -> Converted {
        match &raw.kind {
            RawKind::Broken => {
                self.excuse();
                return Converted::Broken;
            }
            RawKind::Hole(ty) => {
                if accepts(expect.ty, ty) {
                    return Converted::Open;
                }
                return self.wrong_type(raw, expect);
            }
            RawKind::Read(slot, ty) => {
                if *ty == Type::Secret && *expect.ty != Type::Secret {
                    return self.leaks(raw);
                }
                if !accepts(expect.ty, ty) || matches!(expect.ty, Type::List(_) | Type::Map(_)) {
                    return self.wrong_type(raw, expect);
                }
                let read = Expr::Read(slot.clone(), ty.clone());
                return Converted::Value(SettingValue::Computed(read));
            }
            RawKind::Join(parts) => return self.convert_join(raw, parts, expect),
            RawKind::Secret(name) => {
                if *expect.ty == Type::Secret {
                    return Converted::constant(Value::SecretParameter(Arc::clone(name)));
                }
                return self.leaks(raw);
            }
            RawKind::Null
            | RawKind::Bool(_)
            | RawKind::Int(_)
            | RawKind::Decimal(_)
            | RawKind::Duration(_)
            | RawKind::Size(_)
            | RawKind::Text(_)
            | RawKind::List(_)
            | RawKind::Record(_) => {}
        }
        match expect.ty {
            Type::Secret => self.secret_literal(raw, expect),
            Type::LocalizedText => self.convert_localized(raw, expect),
            Type::List(of) => match &raw.kind {
                RawKind::List(values) => self.convert_list(raw, values, expect.element(of)),
                _ => self.wrong_type(raw, expect),
            },
            Type::Map(of) => match &raw.kind {
                RawKind::Record(entries) => self.convert_map(raw, entries, expect.element(of)),
                _ => self.wrong_type(raw, expect),
            },
            Type::Any => match &raw.kind {
                RawKind::List(values) => self.convert_list(raw, values, expect),
                RawKind::Record(entries) => self.convert_map(raw, entries, expect),
                _ => plain(raw).map_or(Converted::Broken, Converted::constant),
            },
            Type::Bool | Type::Int | Type::Decimal | Type::Text | Type::Duration | Type::Size => {
                self.convert_plain(raw, expect)
            }
        }
    }

    fn convert_plain(&mut self, raw: &Raw, expect: Expect<'_>) -> Converted {
        match (&raw.kind, expect.ty) {
            (RawKind::Bool(value), Type::Bool) => Converted::constant(Value::Bool(*value)),
            (RawKind::Int(number), Type::Int) => {
                if !self.in_range(raw, *number, &number.to_string(), expect) {
                    return Converted::Broken;
                }
                Converted::constant(Value::Int(*number))
            }
            (RawKind::Int(number), Type::Decimal) => match number.checked_mul(Decimal::UNITS) {
                Some(units) => Converted::constant(Value::Decimal(Decimal::from_units(units))),
                None => self.wrong_type(raw, expect),
            },
            (RawKind::Decimal(number), Type::Decimal) => {
                Converted::constant(Value::Decimal(*number))
            }
            (RawKind::Text(text), Type::Text) => {
                if !self.is_allowed(raw, text, expect) {
                    return Converted::Broken;
                }
                Converted::constant(Value::Text(Arc::clone(text)))
            }
            (RawKind::Duration(duration), Type::Duration) => {
                self.convert_duration(raw, *duration, expect)
            }
            (RawKind::Size(bytes), Type::Size) => self.convert_size(raw, *bytes, expect),
            _ => self.wrong_type(raw, expect),
        }
    }

    fn convert_duration(&mut self, raw: &Raw, value: Duration, expect: Expect<'_>) -> Converted {
        if let Some(unit) = expect.unit {
            let Some(count) = count_of(unit, value) else {
                return self.wrong_unit(raw, unit, expect);
            };
            let shown = format!("{count} {}", unit_words(unit).0);
            if !self.in_range(raw, count, &shown, expect) {
                return Converted::Broken;
            }
        }
        Converted::constant(Value::Duration(value))
    }

    fn convert_size(&mut self, raw: &Raw, bytes: u64, expect: Expect<'_>) -> Converted {
        if !is_whole_size(expect.unit, bytes) {
            return self.wrong_unit(raw, Unit::Kibibytes, expect);
        }
        Converted::constant(Value::Size(bytes))
    }

    fn convert_join(&mut self, raw: &Raw, parts: &[RawPart], expect: Expect<'_>) -> Converted {
        match expect.ty {
            Type::Text | Type::LocalizedText | Type::Any => {}
            Type::Secret => return self.secret_literal(raw, expect),
            Type::Bool
            | Type::Int
            | Type::Decimal
            | Type::Duration
            | Type::Size
            | Type::List(_)
            | Type::Map(_) => return self.wrong_type(raw, expect),
        }
        let parts = parts
            .iter()
            .map(|part| match part {
                RawPart::Text(text) => Expr::Literal(Value::Text(Arc::clone(text))),
                RawPart::Read(slot, ty) => Expr::Read(slot.clone(), ty.clone()),
            })
            .collect();
        Converted::Value(SettingValue::Computed(Expr::Join(parts)))
    }

    fn convert_localized(&mut self, raw: &Raw, expect: Expect<'_>) -> Converted {
        let entries = match &raw.kind {
            RawKind::Text(text) => {
                let text = LocalizedText::plain(Arc::clone(text));
                return Converted::constant(Value::Localized(text));
            }
            RawKind::Record(entries) => entries,
            _ => return self.wrong_type(raw, expect),
        };
        if !self.charge(entries.len() as u64) {
            return self.too_much(raw);
        }
        let mut made: Vec<(Arc<str>, Arc<str>)> = Vec::with_capacity(entries.len());
        let mut open = false;
        for (locale, text) in entries.iter() {
            if !is_locale(&locale.text) {
                self.report(
                    Diagnostic::new(
                        codes::WRONG_TYPE,
                        locale.span,
                        format!("`{}` is not a locale", locale.text),
                    )
                    .expected("a language tag such as `en` or `pt-BR`"),
                );
                return Converted::Broken;
            }
            match self.convert(text, expect.element(&Type::Text)) {
                Converted::Value(SettingValue::Constant(Value::Text(text))) => {
                    made.push((Arc::from(&*locale.text), text));
                }
                Converted::Value(_) => return self.not_constant(text, "texts by locale"),
                Converted::Open => open = true,
                Converted::Broken => return Converted::Broken,
            }
        }
        if open {
            return Converted::Open;
        }
        Converted::constant(Value::Localized(LocalizedText::by_locale(made)))
    }

    fn convert_list(&mut self, raw: &Raw, values: &[Raw], expect: Expect<'_>) -> Converted {
        if !self.charge(values.len() as u64) {
            return self.too_much(raw);
        }
        let mut made = Vec::with_capacity(values.len());
        let mut open = false;
        let mut broken = false;
        for value in values {
            match self.convert(value, expect) {
                Converted::Value(SettingValue::Constant(value)) => made.push(value),
                Converted::Value(SettingValue::Computed(_)) => {
                    self.not_constant(value, "a list");
                    broken = true;
                }
                Converted::Open => open = true,
                Converted::Broken => broken = true,
            }
        }
        if broken {
            Converted::Broken
        } else if open {
            Converted::Open
        } else {
            Converted::constant(Value::List(made.into()))
        }
    }

    fn convert_map(
        &mut self,
        raw: &Raw,
        entries: &[(ast::Name, Raw)],
        expect: Expect<'_>,
    ) -> Converted {
        if !self.charge(entries.len() as u64) {
            return self.too_much(raw);
        }
        let mut made: BTreeMap<Arc<str>, Value> = BTreeMap::new();
        let mut open = false;
        let mut broken = false;
        for (key, value) in entries {
            match self.convert(value, expect) {
                Converted::Value(SettingValue::Constant(value)) => {
                    made.insert(self.word(&key.text), value);
                }
                Converted::Value(SettingValue::Computed(_)) => {
                    self.not_constant(value, "a record");
                    broken = true;
                }
                Converted::Open => open = true,
                Converted::Broken => broken = true,
            }
        }
        if broken {
            Converted::Broken
        } else if open {
            Converted::Open
        } else {
            Converted::constant(Value::Map(Arc::new(made)))
        }
    }

    fn in_range(&mut self, raw: &Raw, number: i64, shown: &str, expect: Expect<'_>) -> bool {
        if is_within(expect.range, number) {
            return true;
        }
        let (least, greatest) = expect.range.unwrap_or((i64::MIN, i64::MAX));
        let expected = match (least, greatest) {
            (least, i64::MAX) => format!("at least {least}"),
            (i64::MIN, greatest) => format!("at most {greatest}"),
            (least, greatest) => format!("{least} to {greatest}"),
        };
        let message = format!("{} cannot be {shown}", expect.what);
        let finding = Diagnostic::new(codes::OUT_OF_RANGE, raw.span, message).expected(expected);
        self.report(with_origin(finding, raw));
        false
    }

    fn is_allowed(&mut self, raw: &Raw, text: &str, expect: Expect<'_>) -> bool {
        if is_among(expect.allowed, text) {
            return true;
        }
        let words: Vec<String> = expect
            .allowed
            .iter()
            .map(|w| format!("`\"{w}\"`"))
            .collect();
        let shown = super::clip(text);
        let message = format!("{} cannot be `\"{shown}\"`", expect.what);
        let mut finding = Diagnostic::new(codes::OUT_OF_RANGE, raw.span, message)
            .expected(format!("one of {}", words.join(", ")));
        let meant = self.nearest(text, expect.allowed.iter().map(|word| &**word));
        if let Some(meant) = meant
            && raw.via.is_none()
        {
            let replacement = format!("\"{meant}\"");
            finding = finding.fix(
                format!("did you mean `\"{meant}\"`?"),
                raw.span,
                replacement,
            );
        }
        self.report(with_origin(finding, raw));
        false
    }

    fn wrong_type(&mut self, raw: &Raw, expect: Expect<'_>) -> Converted {
        let message = format!(
            "{} takes `{}`, and this is {}",
            expect.what,
            expect.ty,
            raw.type_name()
        );
        let mut finding = Diagnostic::new(codes::WRONG_TYPE, raw.span, message)
            .expected(describe(expect.ty, expect.unit));
        if raw.via.is_none()
            && let Some((title, replacement)) = self.retyped(raw, expect)
        {
            finding = finding.fix(title, raw.span, replacement);
        }
        self.report(with_origin(finding, raw));
        Converted::Broken
    }

    /// The same value written as the type expected, where there is no doubt.
    fn retyped(&self, raw: &Raw, expect: Expect<'_>) -> Option<(String, String)> {
        let replacement = match (&raw.kind, expect.ty) {
            (RawKind::Int(number), Type::Duration | Type::Size) if *number >= 0 => {
                format!("{number}{}", unit_words(expect.unit?).1)
            }
            (RawKind::Int(number), Type::Text | Type::LocalizedText) => format!("\"{number}\""),
            (RawKind::Bool(value), Type::Text | Type::LocalizedText) => format!("\"{value}\""),
            (RawKind::Text(text), Type::Int) if text.parse::<i64>().is_ok() => text.to_string(),
            (RawKind::Text(text), Type::Bool) if matches!(&**text, "true" | "false") => {
                text.to_string()
            }
            (RawKind::Text(_), Type::List(of)) if **of == Type::Text => {
                format!("[{}]", self.text(raw.span))
            }
            (RawKind::Int(_), Type::List(of)) if **of == Type::Int => {
                format!("[{}]", self.text(raw.span))
            }
            _ => return None,
        };
        Some((format!("write `{replacement}`"), replacement))
    }

    fn wrong_unit(&mut self, raw: &Raw, unit: Unit, expect: Expect<'_>) -> Converted {
        let (word, _) = unit_words(unit);
        let written = super::clip(self.text(raw.span)).to_owned();
        let finding = Diagnostic::new(
            codes::WRONG_UNIT,
            raw.span,
            format!(
                "{} is kept in whole {word}, and `{written}` is not",
                expect.what
            ),
        )
        .expected(format!("a whole number of {word}"));
        self.report(with_origin(finding, raw));
        Converted::Broken
    }

    fn secret_literal(&mut self, raw: &Raw, expect: Expect<'_>) -> Converted {
        let finding = Diagnostic::new(
            codes::SECRET_LITERAL,
            raw.span,
            format!("{} is secret and its value stands in the text", expect.what),
        )
        .expected("a parameter declared as `param name: Secret`");
        self.report(with_origin(finding, raw));
        Converted::Broken
    }

    fn leaks(&mut self, raw: &Raw) -> Converted {
        let written = super::clip(self.text(raw.span)).to_owned();
        self.report(with_origin(secret_in_text(raw.span, &written), raw));
        Converted::Broken
    }

    fn not_constant(&mut self, raw: &Raw, holder: &str) -> Converted {
        let message = format!("{holder} cannot hold what only the run knows");
        self.report(
            Diagnostic::new(codes::WRONG_TYPE, raw.span, message)
                .expected("a value known when compiled"),
        );
        Converted::Broken
    }

    fn too_much(&mut self, raw: &Raw) -> Converted {
        self.report(
            Diagnostic::new(
                codes::OUT_OF_RANGE,
                raw.span,
                "the values of the program grow too large",
            )
            .expected("lists and texts that are not copied without end"),
        );
        Converted::Broken
    }
}

fn plain(raw: &Raw) -> Option<Value> {
    Some(match &raw.kind {
        RawKind::Null => Value::Null,
        RawKind::Bool(value) => Value::Bool(*value),
        RawKind::Int(number) => Value::Int(*number),
        RawKind::Decimal(number) => Value::Decimal(*number),
        RawKind::Duration(duration) => Value::Duration(*duration),
        RawKind::Size(bytes) => Value::Size(*bytes),
        RawKind::Text(text) => Value::Text(Arc::clone(text)),
        RawKind::Join(_)
        | RawKind::Read(..)
        | RawKind::List(_)
        | RawKind::Record(_)
        | RawKind::Secret(_)
        | RawKind::Hole(_)
        | RawKind::Broken => return None,
    })
}

/// Names the other end of a value that came by a name.
pub(super) fn with_origin(finding: Diagnostic, raw: &Raw) -> Diagnostic {
    match raw.via {
        Some((via, text)) => finding.label(via, text),
        None => finding,
    }
}
