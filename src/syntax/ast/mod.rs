//! The tree of a `.journey` file, as written.
//!
//! The tree is dumb: it knows no node type, no outcome and no setting, and it keeps the place of
//! everything. Comments other than doc comments are not in it; the formatter reads those from the text.

mod test;

pub use test::{
    Asked, AskedCallback, Dotted, Exchange, Expect, Given, Operand, Repeat, Test, TestStep,
    Uncovered,
};

use crate::source::Span;

/// A word with its place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Name {
    /// The word; for a quoted outcome or key, what the quotes hold.
    pub text: String,
    /// Where it stands, quotes included.
    pub span: Span,
    /// Whether it was written in quotes.
    pub quoted: bool,
}

/// The doc comment before an item: its lines without the slashes, joined by newlines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doc {
    /// The text.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// A whole file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct File {
    /// The `//!` comment.
    pub doc: Option<Doc>,
    /// The items in the order written.
    pub items: Vec<Item>,
}

/// An item at the top of a file.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// `import "lib/otp.journey"`
    Import(Import),
    /// `let name = value`
    Constant(Constant),
    /// `param name: Type = default`
    Parameter(Parameter),
    /// `journey name "wire name" { … }`
    Journey(Journey),
    /// `fragment name(formals) -> exits { … }`
    Fragment(Fragment),
    /// `extern Name "WireType" (settings) -> outcomes { … }`
    Extern(Extern),
    /// `policy name "pattern" { … }`
    Policy(Policy),
    /// `test "…" for journey { … }`
    Test(Test),
    /// `guard "…" for "/realm" except journey { … }`
    Guard(RealmGuard),
    /// `allow uncovered node.outcome for journey because "…"`
    Uncovered(Uncovered),
    /// `allow code because "…"`
    Allow(Allow),
}

/// An import of fragments and constants.
#[derive(Debug, Clone, PartialEq)]
pub struct Import {
    /// The path as written.
    pub path: Name,
    /// The whole item.
    pub span: Span,
}

/// A named value.
#[derive(Debug, Clone, PartialEq)]
pub struct Constant {
    /// The doc comment.
    pub doc: Option<Doc>,
    /// The name.
    pub name: Name,
    /// The value.
    pub value: Value,
    /// The whole item.
    pub span: Span,
}

/// A value that the embedder or the realm binds.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// The doc comment.
    pub doc: Option<Doc>,
    /// The name.
    pub name: Name,
    /// The type.
    pub ty: TypeExpr,
    /// The value where nothing binds it.
    pub default: Option<Value>,
    /// The whole item.
    pub span: Span,
}

/// A type of a value: `Text`, `[Text]`, `{Int}`.
#[derive(Debug, Clone, PartialEq)]
pub struct TypeExpr {
    /// The form.
    pub kind: TypeKind,
    /// Where it stands.
    pub span: Span,
}

/// The forms of a type.
#[derive(Debug, Clone, PartialEq)]
pub enum TypeKind {
    /// A word.
    Named(String),
    /// `[T]`
    List(Box<TypeExpr>),
    /// `{T}`
    Map(Box<TypeExpr>),
}

/// A journey.
#[derive(Debug, Clone, PartialEq)]
pub struct Journey {
    /// The doc comment.
    pub doc: Option<Doc>,
    /// The identifier.
    pub name: Name,
    /// The name on the wire, where it differs.
    pub wire_name: Option<Name>,
    /// What stands in the braces.
    pub body: Body,
    /// The whole item.
    pub span: Span,
    /// `journey name`, the part that messages point at.
    pub head: Span,
}

/// A fragment: a node type that an author defines.
#[derive(Debug, Clone, PartialEq)]
pub struct Fragment {
    /// The doc comment.
    pub doc: Option<Doc>,
    /// The name.
    pub name: Name,
    /// The parameters.
    pub formals: Vec<Formal>,
    /// The exits, which are its outcomes.
    pub exits: Vec<Name>,
    /// What stands in the braces.
    pub body: Body,
    /// The whole item.
    pub span: Span,
    /// `fragment name`, the part that messages point at.
    pub head: Span,
}

/// A parameter of a fragment or a setting of an `extern`.
#[derive(Debug, Clone, PartialEq)]
pub struct Formal {
    /// The name.
    pub name: Name,
    /// The type.
    pub ty: TypeExpr,
    /// The value where the caller gives none.
    pub default: Option<Value>,
    /// The whole formal.
    pub span: Span,
}

/// What a journey or fragment holds, each list in the order written.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Body {
    /// `start name`; more than one is a mistake that a later pass reports.
    pub starts: Vec<Name>,
    /// `key = value`
    pub settings: Vec<Setting>,
    /// The nodes.
    pub nodes: Vec<Node>,
    /// The properties.
    pub ensures: Vec<Ensure>,
    /// `on error -> target`
    pub on_errors: Vec<OnError>,
    /// `allow …`
    pub allows: Vec<Allow>,
    /// The opening brace, or where it is missing.
    pub open: Span,
    /// The closing brace, or where it is missing.
    pub close: Span,
}

/// `key = value`
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// The doc comment.
    pub doc: Option<Doc>,
    /// The key.
    pub key: Name,
    /// The value.
    pub value: Value,
    /// The whole item.
    pub span: Span,
}

/// A node.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The doc comment.
    pub doc: Option<Doc>,
    /// The name.
    pub name: Name,
    /// What it is.
    pub kind: NodeKind,
    /// Settings in parentheses and in the block, in the order written.
    pub settings: Vec<Setting>,
    /// The nodes of a page.
    pub children: Vec<Node>,
    /// Arrows and guards in the order written.
    pub arms: Vec<Arm>,
    /// `on error -> target`
    pub on_errors: Vec<OnError>,
    /// `allow …`
    pub allows: Vec<Allow>,
    /// The whole node.
    pub span: Span,
    /// `node name: Type`, the part that messages point at.
    pub head: Span,
    /// The opening brace, where there is a block; settings before it stand in parentheses.
    pub open: Option<Span>,
    /// The closing brace, where there is a block.
    pub close: Option<Span>,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeKind {
    /// A node type or fragment, with its version: `Page@2`.
    Type {
        /// The word before `@`.
        name: Name,
        /// The number after `@`.
        version: Option<u32>,
    },
    /// `journey name`
    Journey(Name),
}

/// A way out of a node.
#[derive(Debug, Clone, PartialEq)]
pub enum Arm {
    /// `a | b -> target`
    Edge(Edge),
    /// `-> target`
    Only(Only),
    /// `when expr as name -> target`
    When(When),
    /// `else -> target`
    Else(Only),
}

/// `a | b -> target`
#[derive(Debug, Clone, PartialEq)]
pub struct Edge {
    /// The doc comment.
    pub doc: Option<Doc>,
    /// The outcomes, one or more.
    pub outcomes: Vec<Name>,
    /// Where they lead.
    pub target: Target,
    /// The whole item.
    pub span: Span,
}

/// `-> target` and `else -> target`
#[derive(Debug, Clone, PartialEq)]
pub struct Only {
    /// The doc comment.
    pub doc: Option<Doc>,
    /// Where it leads.
    pub target: Target,
    /// The whole item.
    pub span: Span,
}

/// `when expr as name -> target`
#[derive(Debug, Clone, PartialEq)]
pub struct When {
    /// The doc comment.
    pub doc: Option<Doc>,
    /// The condition.
    pub condition: Expr,
    /// The name of the arm.
    pub name: Option<Name>,
    /// Where it leads.
    pub target: Target,
    /// The whole item.
    pub span: Span,
}

/// `on error -> target`
#[derive(Debug, Clone, PartialEq)]
pub struct OnError {
    /// Where it leads.
    pub target: Target,
    /// The whole item.
    pub span: Span,
}

/// Where an arrow leads.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// The end or the name.
    pub kind: TargetKind,
    /// Where it stands.
    pub span: Span,
}

/// The ends, or a name: a node, or an exit of the fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetKind {
    /// `success`
    Success,
    /// `failure`
    Failure,
    /// `nowhere`
    Nowhere,
    /// A node or exit.
    Name(String),
}

/// `allow code, code because "…"`
#[derive(Debug, Clone, PartialEq)]
pub struct Allow {
    /// The codes.
    pub codes: Vec<Name>,
    /// The reason.
    pub reason: Name,
    /// The whole item.
    pub span: Span,
}

/// `ensure "label" property`
#[derive(Debug, Clone, PartialEq)]
pub struct Ensure {
    /// The doc comment.
    pub doc: Option<Doc>,
    /// The label.
    pub label: Option<Name>,
    /// What must hold.
    pub property: Property,
    /// The whole item.
    pub span: Span,
}

/// What an `ensure` states.
#[derive(Debug, Clone, PartialEq)]
pub enum Property {
    /// `every path to PLACE passes PLACE or PLACE`
    EveryPath {
        /// Where the paths end.
        to: Place,
        /// What each must pass, one or more.
        passes: Vec<Place>,
    },
    /// `never PLACE after PLACE`
    Never {
        /// What must not follow.
        what: Place,
        /// What it must not follow.
        after: Place,
    },
    /// `expr at PLACE`
    At {
        /// What must hold.
        condition: Expr,
        /// Where.
        place: Place,
    },
    /// `same face until PLACE`
    SameFace {
        /// Where they may part.
        until: Place,
    },
    /// `at most N visits of PLACE`
    AtMost {
        /// The bound.
        visits: u64,
        /// What is counted.
        of: Place,
    },
}

/// A place that a property speaks of.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// Its beginning.
    pub root: PlaceRoot,
    /// What follows the dots: nodes of fragments, pages and inner journeys; the last may be an outcome.
    pub steps: Vec<Name>,
    /// Where it stands.
    pub span: Span,
}

/// How a place begins.
#[derive(Debug, Clone, PartialEq)]
pub enum PlaceRoot {
    /// `success`
    Success,
    /// `failure`
    Failure,
    /// A node, or an exit of the fragment.
    Name(Name),
    /// `any Type`
    Any(Name),
    /// `proof of factor`
    Proof(Name),
}

/// `extern Name "WireType" (settings) -> outcomes { … }`
#[derive(Debug, Clone, PartialEq)]
pub struct Extern {
    /// The doc comment.
    pub doc: Option<Doc>,
    /// The name in text.
    pub name: Name,
    /// The type id on the wire.
    pub wire_type: Name,
    /// The settings.
    pub settings: Vec<Formal>,
    /// The outcomes; `None` for `*`, which lets the author's arms define them.
    pub outcomes: Option<Vec<Name>>,
    /// What it does.
    pub facts: Vec<ExternFact>,
    /// The opening brace, where there is a block.
    pub open: Option<Span>,
    /// The whole item.
    pub span: Span,
}

/// What an `extern` says of its type.
#[derive(Debug, Clone, PartialEq)]
pub enum ExternFact {
    /// `asks Callback`
    Asks(Name),
    /// `reads scope.key`
    Reads(Path),
    /// `writes scope.key: Type`
    Writes(Path, TypeExpr),
    /// `proves factor on outcome`, or `proves nothing`
    Proves {
        /// The factor, or `None` for `nothing`.
        factor: Option<Name>,
        /// The outcome.
        on: Option<Name>,
        /// The whole line.
        span: Span,
    },
    /// `suspends`
    Suspends(Span),
    /// `calls out`
    CallsOut(Span),
    /// `runs file("…")`, or a block of text
    Runs {
        /// The script.
        script: Value,
        /// The whole line.
        span: Span,
    },
}

/// `policy name "pattern", "pattern" { … }`
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// The doc comment.
    pub doc: Option<Doc>,
    /// The name.
    pub name: Name,
    /// The patterns of the resources it protects.
    pub resources: Vec<Name>,
    /// `actions = [GET]` and `ttl = 5m`, in the order written.
    pub settings: Vec<Setting>,
    /// `subjects = [group "staff"]`; more than one is a mistake that a later pass reports.
    pub subjects: Vec<Subjects>,
    /// `when expr`
    pub conditions: Vec<Condition>,
    /// `require level 20`
    pub requires: Vec<Require>,
    /// `allow …`
    pub allows: Vec<Allow>,
    /// The opening brace, or where it is missing.
    pub open: Span,
    /// The closing brace, or where it is missing.
    pub close: Span,
    /// The whole item.
    pub span: Span,
    /// `policy name`, the part that messages point at.
    pub head: Span,
}

/// `subjects = [group "staff", user "demo", any]`
#[derive(Debug, Clone, PartialEq)]
pub struct Subjects {
    /// Those it speaks of, in the order written.
    pub list: Vec<Subject>,
    /// The brackets and what is in them.
    pub value: Span,
    /// The whole item.
    pub span: Span,
}

/// `group "staff"`, `user "demo"`, `any`
#[derive(Debug, Clone, PartialEq)]
pub struct Subject {
    /// The first word.
    pub kind: Name,
    /// The name in quotes.
    pub name: Option<Name>,
    /// Both.
    pub span: Span,
}

/// `when expr`
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// What must hold.
    pub expr: Expr,
    /// The whole item.
    pub span: Span,
}

/// `require level 20`, `require journey step_up`
#[derive(Debug, Clone, PartialEq)]
pub struct Require {
    /// The first word.
    pub kind: Name,
    /// What follows it.
    pub what: Option<Required>,
    /// The whole item.
    pub span: Span,
}

/// What follows the kind of a requirement.
#[derive(Debug, Clone, PartialEq)]
pub enum Required {
    /// A number, well formed or not.
    Number(Value),
    /// A word or a text.
    Name(Name),
}

/// `guard "…" for "/realm" except journey { … }`
#[derive(Debug, Clone, PartialEq)]
pub struct RealmGuard {
    /// The doc comment.
    pub doc: Option<Doc>,
    /// What it is called, in quotes.
    pub name: Name,
    /// The realm whose journeys it is about; those of every realm where none is named.
    pub realm: Option<Name>,
    /// The journeys it is not about.
    pub except: Vec<Name>,
    /// What the others must meet.
    pub ensures: Vec<Ensure>,
    /// The opening brace, or where it is missing.
    pub open: Span,
    /// The closing brace, or where it is missing.
    pub close: Span,
    /// The whole item.
    pub span: Span,
    /// The line without its brace, the part that messages point at.
    pub head: Span,
}

/// A value with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// The form.
    pub kind: ValueKind,
    /// Where it stands.
    pub span: Span,
}

/// The forms of a value.
#[derive(Debug, Clone, PartialEq)]
pub enum ValueKind {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a point, as written; checked to be well formed.
    Decimal(String),
    /// A duration in milliseconds.
    Duration(u64),
    /// A size in bytes.
    Size(u64),
    /// A text.
    Text(Vec<TextPart>),
    /// A text block, common indent taken off; never interpolated.
    Block(String),
    /// `[a, b]`
    List(Vec<Value>),
    /// `{ key = value }`
    Record(Vec<(Name, Value)>),
    /// A constant, parameter or formal.
    Reference(Path),
    /// `file("risk.js")`
    File(Name),
    /// A value that did not read; a diagnostic was given.
    Broken,
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq)]
pub enum TextPart {
    /// Characters, escapes resolved.
    Raw(String),
    /// `${path}`
    Path(Path),
}

/// `a.b["c"]`
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    /// The parts, one or more.
    pub parts: Vec<Name>,
    /// Where it stands.
    pub span: Span,
}

/// An expression with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// The form.
    pub kind: ExprKind,
    /// Where it stands.
    pub span: Span,
}

/// The forms of an expression.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// A literal.
    Literal(Value),
    /// `a.b`
    Path(Path),
    /// `has a.b`
    Has(Path),
    /// `!expr`
    Not(Box<Expr>),
    /// `left op right`
    Binary {
        /// The operator.
        op: BinaryOp,
        /// Its place.
        op_span: Span,
        /// The left side.
        left: Box<Expr>,
        /// The right side.
        right: Box<Expr>,
    },
    /// `name(args)`
    Call {
        /// The function.
        function: Name,
        /// Its arguments.
        arguments: Vec<Expr>,
    },
    /// An expression that did not read; a diagnostic was given.
    Broken,
}

/// The operators between two expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// `||`
    Or,
    /// `&&`
    And,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `in`
    In,
    /// `+`
    Add,
    /// `-`
    Subtract,
}
