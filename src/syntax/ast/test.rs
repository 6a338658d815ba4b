//! The tree of `test` items, and of the exceptions to their coverage.

use super::{Doc, Name, Value};
use crate::source::Span;

/// `test "…" for journey { … }`
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// The doc comment.
    pub doc: Option<Doc>,
    /// What it shows, in quotes.
    pub name: Name,
    /// The journey it is about; the only one of the file where none is named.
    pub journey: Option<Name>,
    /// Its lines.
    pub steps: Vec<TestStep>,
    /// The opening brace, or where it is missing.
    pub open: Span,
    /// The closing brace, or where it is missing.
    pub close: Span,
    /// The whole item.
    pub span: Span,
    /// `test "…" for journey`, the part that messages point at.
    pub head: Span,
}

/// A line of a test.
#[derive(Debug, Clone, PartialEq)]
pub enum TestStep {
    /// `given user demo { … }`
    Given(Given),
    /// `answer node { … }`, `answer node = value`
    Answer(Exchange),
    /// `reply node { … }`
    Reply(Exchange),
    /// `advance 5m`
    Advance {
        /// How far.
        time: Value,
        /// The whole line.
        span: Span,
    },
    /// `resume`
    Resume(Span),
    /// `repeat 4 { … }`
    Repeat(Repeat),
    /// `expect success { … }`
    Expect(Expect),
}

impl TestStep {
    /// Where the line stands.
    pub fn span(&self) -> Span {
        match self {
            Self::Given(given) => given.span,
            Self::Answer(exchange) | Self::Reply(exchange) => exchange.span,
            Self::Advance { span, .. } | Self::Resume(span) => *span,
            Self::Repeat(repeat) => repeat.span,
            Self::Expect(expect) => expect.span,
        }
    }
}

/// `given user demo { password = "Ch4ng31t" }`
#[derive(Debug, Clone, PartialEq)]
pub struct Given {
    /// The first word: `user`, `session`, `request`, …
    pub what: Name,
    /// What follows it.
    pub of: Option<Operand>,
    /// The record, or the value after `=`.
    pub value: Option<Value>,
    /// The whole line.
    pub span: Span,
}

/// `answer node { … }`, `reply node { … }`
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange {
    /// The node.
    pub node: Dotted,
    /// The record, or the value after `=`.
    pub value: Option<Value>,
    /// The whole line.
    pub span: Span,
}

/// `repeat 4 { … }`
#[derive(Debug, Clone, PartialEq)]
pub struct Repeat {
    /// How often.
    pub times: Value,
    /// The lines.
    pub steps: Vec<TestStep>,
    /// The opening brace, or where it is missing.
    pub open: Span,
    /// The closing brace, or where it is missing.
    pub close: Span,
    /// The whole item.
    pub span: Span,
}

/// `expect no effect Send { … }`
#[derive(Debug, Clone, PartialEq)]
pub struct Expect {
    /// `no`
    pub no: Option<Span>,
    /// The word: `ask`, `success`, `failure`, `effect`, …
    pub what: Name,
    /// What follows it.
    pub of: Option<Operand>,
    /// The record, where there is one.
    pub value: Option<Value>,
    /// The callbacks, where they are listed.
    pub asked: Option<Asked>,
    /// The whole line.
    pub span: Span,
}

/// What follows the first word of a line: a number, or a name of one or more parts.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// A number, well formed or not.
    Number(Value),
    /// A name.
    Name(Dotted),
}

/// `code.enter`, `"a name in quotes"`
#[derive(Debug, Clone, PartialEq)]
pub struct Dotted {
    /// The parts, one or more.
    pub parts: Vec<Name>,
    /// Where it stands.
    pub span: Span,
}

/// `{ NameCallback, PasswordCallback "Password" }`
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// The callbacks in order.
    pub callbacks: Vec<AskedCallback>,
    /// The braces and what is in them.
    pub span: Span,
}

/// A callback of a list: its type, and its prompt or more of its fields.
#[derive(Debug, Clone, PartialEq)]
pub struct AskedCallback {
    /// The type.
    pub kind: Name,
    /// A text, or a record of fields.
    pub value: Option<Value>,
    /// The whole callback.
    pub span: Span,
}

/// `allow uncovered node.outcome for journey because "…"`
#[derive(Debug, Clone, PartialEq)]
pub struct Uncovered {
    /// The arrows: a node and an outcome each.
    pub arrows: Vec<Dotted>,
    /// The journey; the only one of the file where none is named.
    pub journey: Option<Name>,
    /// The reason.
    pub reason: Name,
    /// The whole item.
    pub span: Span,
}
