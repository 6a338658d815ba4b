//! Typed expressions with every name resolved.

use std::sync::Arc;

use crate::model::value::{Type, Value};

pub use crate::syntax::ast::BinaryOp;

/// The number of a state key within one program; well-known keys come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub u32);

/// What a path reads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Slot {
    /// `shared.key`
    Shared(KeyId),
    /// `transient.key`
    Transient(KeyId),
    /// `secure.key`
    Secure(KeyId),
    /// `shared.objectAttributes.key` and `transient.objectAttributes.key`, merged.
    Object(Arc<str>),
    /// `request.headers["name"]`: the first value; names are compared without case.
    Header(Arc<str>),
    /// `request.cookies["name"]`
    Cookie(Arc<str>),
    /// `request.parameters["name"]`: the first value.
    Parameter(Arc<str>),
    /// `request.ip`
    ClientAddress,
    /// `request.host`
    Host,
    /// `request.locale`
    Locale,
    /// `environment["name"]`: the first value that came with the question to a policy.
    Environment(Arc<str>),
    /// `session.name`: a property of the session that came with the start.
    Session(Arc<str>),
    /// `session.auth_level`
    SessionLevel,
    /// `user.name`: an attribute of the identity.
    User(Arc<str>),
    /// `realm`
    Realm,
    /// `auth_level`: the level of this run.
    AuthLevel,
}

/// The functions of the language; all pure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Function {
    /// `lower(Text) -> Text`
    Lower,
    /// `upper(Text) -> Text`
    Upper,
    /// `trim(Text) -> Text`
    Trim,
    /// `len(Text | [T]) -> Int`: characters or elements.
    Len,
    /// `starts_with(Text, Text) -> Bool`
    StartsWith,
    /// `ends_with(Text, Text) -> Bool`
    EndsWith,
    /// `contains(Text, Text) -> Bool` and `contains([T], T) -> Bool`
    Contains,
    /// `matches(Text, "pattern") -> Bool`: the whole text matches.
    Matches,
    /// `age(Text) -> Duration`: how long ago an RFC 3339 instant was; negative spans are zero.
    Age,
    /// `now() -> Text`: the instant as RFC 3339.
    Now,
    /// `before(Text, Text) -> Bool` between RFC 3339 instants.
    Before,
    /// `after(Text, Text) -> Bool` between RFC 3339 instants.
    After,
    /// `int(Text) -> Int`: strict decimal.
    Int,
}

impl Function {
    /// Every function with its name.
    pub const ALL: &[(Self, &str)] = &[
        (Self::Lower, "lower"),
        (Self::Upper, "upper"),
        (Self::Trim, "trim"),
        (Self::Len, "len"),
        (Self::StartsWith, "starts_with"),
        (Self::EndsWith, "ends_with"),
        (Self::Contains, "contains"),
        (Self::Matches, "matches"),
        (Self::Age, "age"),
        (Self::Now, "now"),
        (Self::Before, "before"),
        (Self::After, "after"),
        (Self::Int, "int"),
    ];
}

/// An expression. Its depth is bounded by the depth of the source.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// A constant.
    Literal(Value),
    /// A read; at run time a missing value is an error, which the checker rules out by `has`.
    Read(Slot, Type),
    /// Whether a value is there.
    Has(Slot),
    /// `!e`
    Not(Box<Expr>),
    /// `l op r`
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `f(args)`
    Call(Function, Vec<Expr>),
    /// A text with reads in it: `"x ${a.b}"`.
    Join(Vec<Expr>),
}

impl Expr {
    /// Whether it reads a slot of which this holds.
    pub fn reads(&self, wanted: impl Fn(&Slot) -> bool) -> bool {
        let mut open = vec![self];
        while let Some(expr) = open.pop() {
            match expr {
                Self::Read(slot, _) if wanted(slot) => return true,
                Self::Read(..) | Self::Has(_) | Self::Literal(_) => {}
                Self::Not(inner) => open.push(inner),
                Self::Binary(_, left, right) => open.extend([&**left, &**right]),
                Self::Call(_, parts) | Self::Join(parts) => open.extend(parts),
            }
        }
        false
    }
}
