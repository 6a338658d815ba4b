//! Expressions as text again: in one form, whatever way the author wrote them.

use std::{fmt::Write as _, sync::Arc};

use crate::model::{
    expr::{BinaryOp, Expr, Function, KeyId, Slot},
    value::{Type, Value},
};

/// How deep an expression is written out; sources are no deeper.
const DEPTH_MAX: u32 = 128;

impl Expr {
    /// The expression in the language, given the state keys of its program; secrets as `_`.
    pub fn text(&self, keys: &[Arc<str>]) -> String {
        let mut out = String::new();
        write(self, keys, DEPTH_MAX, &mut out);
        out
    }
}

fn write(expr: &Expr, keys: &[Arc<str>], depth: u32, out: &mut String) {
    let Some(below) = depth.checked_sub(1) else {
        out.push('…');
        return;
    };
    match expr {
        Expr::Literal(value) => out.push_str(&value.source_text()),
        Expr::Read(slot, ty) => {
            out.push_str(&slot.text(keys));
            if *ty == Type::Any {
                out.push_str(": Any");
            }
        }
        Expr::Has(slot) => {
            let _ = write!(out, "has {}", slot.text(keys));
        }
        Expr::Not(inner) => {
            out.push('!');
            bracket(inner, keys, below, out);
        }
        Expr::Binary(op, left, right) => {
            bracket(left, keys, below, out);
            let _ = write!(out, " {} ", sign(*op));
            bracket(right, keys, below, out);
        }
        Expr::Call(function, arguments) => {
            let name = Function::ALL.iter().find(|(known, _)| known == function);
            out.push_str(name.map_or("?", |(_, name)| name));
            list(arguments, keys, below, ('(', ')'), out);
        }
        Expr::Join(parts) => list(parts, keys, below, ('«', '»'), out),
    }
}

fn bracket(expr: &Expr, keys: &[Arc<str>], depth: u32, out: &mut String) {
    let bare = match expr {
        Expr::Literal(_) | Expr::Read(..) | Expr::Has(_) | Expr::Call(..) | Expr::Join(_) => true,
        Expr::Not(_) | Expr::Binary(..) => false,
    };
    if !bare {
        out.push('(');
    }
    write(expr, keys, depth, out);
    if !bare {
        out.push(')');
    }
}

fn list(parts: &[Expr], keys: &[Arc<str>], depth: u32, ends: (char, char), out: &mut String) {
    out.push(ends.0);
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        write(part, keys, depth, out);
    }
    out.push(ends.1);
}

fn sign(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Or => "||",
        BinaryOp::And => "&&",
        BinaryOp::Equal => "==",
        BinaryOp::NotEqual => "!=",
        BinaryOp::Less => "<",
        BinaryOp::LessOrEqual => "<=",
        BinaryOp::Greater => ">",
        BinaryOp::GreaterOrEqual => ">=",
        BinaryOp::In => "in",
        BinaryOp::Add => "+",
        BinaryOp::Subtract => "-",
    }
}

impl Slot {
    /// The path in the language, given the state keys of its program.
    pub fn text(&self, keys: &[Arc<str>]) -> String {
        let key = |id: &KeyId| keys.get(id.0 as usize).map_or("?", |key| &**key);
        match self {
            Self::Shared(id) => format!("shared.{}", key(id)),
            Self::Transient(id) => format!("transient.{}", key(id)),
            Self::Secure(id) => format!("secure.{}", key(id)),
            Self::Object(name) => format!("shared.objectAttributes.{name}"),
            Self::Header(name) => format!("request.headers[{name:?}]"),
            Self::Cookie(name) => format!("request.cookies[{name:?}]"),
            Self::Parameter(name) => format!("request.parameters[{name:?}]"),
            Self::ClientAddress => "request.ip".to_owned(),
            Self::Host => "request.host".to_owned(),
            Self::Locale => "request.locale".to_owned(),
            Self::Environment(name) => format!("environment[{name:?}]"),
            Self::Session(name) => format!("session.{name}"),
            Self::SessionLevel => "session.auth_level".to_owned(),
            Self::User(name) => format!("user.{name}"),
            Self::Realm => "realm".to_owned(),
            Self::AuthLevel => "auth_level".to_owned(),
        }
    }
}

impl Value {
    /// The value in the language; secrets as `_`, and secret parameters by their name.
    pub fn source_text(&self) -> String {
        self.text_within(DEPTH_MAX)
    }

    fn text_within(&self, depth: u32) -> String {
        let Some(below) = depth.checked_sub(1) else {
            return "…".to_owned();
        };
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Int(number) => number.to_string(),
            Self::Decimal(number) => number.to_string(),
            Self::Text(text) => format!("{text:?}"),
            Self::Localized(text) => {
                let parts: Vec<String> = text
                    .iter()
                    .map(|(locale, text)| match locale {
                        "" => format!("{text:?}"),
                        locale => format!("{locale} = {text:?}"),
                    })
                    .collect();
                match (parts.as_slice(), text.iter().next()) {
                    ([one], Some(("", _))) => one.clone(),
                    _ => format!("{{ {} }}", parts.join(", ")),
                }
            }
            Self::Duration(span) => duration(*span),
            Self::Size(bytes) => format!("{bytes}B"),
            Self::Secret(_) => "_".to_owned(),
            Self::SecretParameter(name) => String::from(&**name),
            Self::List(list) => {
                let parts: Vec<String> = list.iter().map(|v| v.text_within(below)).collect();
                format!("[{}]", parts.join(", "))
            }
            Self::Map(map) => {
                let part = |(key, value): (&Arc<str>, &Self)| {
                    format!("{key:?} = {}", value.text_within(below))
                };
                let parts: Vec<String> = map.iter().map(part).collect();
                format!("{{ {} }}", parts.join(", "))
            }
        }
    }
}

/// A span of time in the greatest unit that leaves no rest.
fn duration(span: std::time::Duration) -> String {
    let ms = span.as_millis();
    for (unit, length) in [
        ("d", 86_400_000),
        ("h", 3_600_000),
        ("m", 60_000),
        ("s", 1_000),
    ] {
        if ms >= length && ms.is_multiple_of(length) {
            return format!("{}{unit}", ms / length);
        }
    }
    format!("{ms}ms")
}
