//! A script as a tree.
//!
//! In: nothing; the parser makes it. Out: statements and expressions, as deep as the parser lets them be.

use std::{collections::BTreeSet, rc::Rc};

/// An expression at its line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Expr {
    pub(crate) kind: ExprKind,
    pub(crate) line: u32,
    /// How deep it is below.
    pub(super) depth: u16,
}

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ExprKind {
    Text(Rc<str>),
    Number(f64),
    Bool(bool),
    Null,
    Regex,
    /// Texts, with an expression between each two.
    Template(Vec<Rc<str>>, Vec<Expr>),
    Name(Rc<str>),
    This,
    Array(Vec<Expr>),
    Object(Vec<(Key, Expr)>),
    Function(usize),
    /// Any operator with one operand that is not listed below.
    Unary(&'static str, Box<Expr>),
    Typeof(Box<Expr>),
    Delete(Box<Expr>),
    /// `x++` and the like, by their sign.
    Update(&'static str, Box<Expr>),
    /// Two or more operands with one operator.
    Binary(&'static str, Vec<Expr>),
    /// `&&`, `||`, `??`, with two or more operands.
    Logical(&'static str, Vec<Expr>),
    Conditional(Box<[Expr; 3]>),
    /// An operator, a target and a value.
    Assign(&'static str, Box<[Expr; 2]>),
    Sequence(Vec<Expr>),
    Member(Box<Expr>, Rc<str>),
    Index(Box<[Expr; 2]>),
    Call(Box<Expr>, Vec<Expr>),
    New(Box<Expr>, Vec<Expr>),
    Spread(Box<Expr>),
}

/// The key of a member of an object.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Key {
    Fixed(Rc<str>),
    Computed(Expr),
    /// `...other`
    Spread,
    /// A getter or a setter.
    Accessor,
}

/// A statement at its line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stmt {
    pub(crate) kind: StmtKind,
    pub(crate) line: u32,
}

/// A statement.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum StmtKind {
    Empty,
    Expr(Expr),
    /// Targets with their values.
    Declare(Vec<(Expr, Option<Expr>)>),
    /// A function that is called by this name.
    Function(Rc<str>, usize),
    Return(Option<Expr>),
    /// Conditions with what follows, and the rest.
    If(Vec<(Expr, Stmt)>, Option<Box<Stmt>>),
    For {
        init: Option<Box<Stmt>>,
        test: Option<Expr>,
        update: Option<Expr>,
        body: Box<Stmt>,
    },
    /// `for (x in y)` and `for (x of y)`.
    ForEach {
        target: Expr,
        object: Expr,
        body: Box<Stmt>,
    },
    While(Expr, Box<Stmt>),
    DoWhile(Box<Stmt>, Expr),
    Break(Option<Rc<str>>),
    Continue(Option<Rc<str>>),
    Throw(Expr),
    Try {
        block: Vec<Stmt>,
        param: Option<Expr>,
        catch: Option<Vec<Stmt>>,
        finally: Option<Vec<Stmt>>,
    },
    /// Cases with their values, `None` for `default`.
    Switch(Expr, Vec<(Option<Expr>, Vec<Stmt>)>),
    Block(Vec<Stmt>),
    Labeled(Rc<str>, Box<Stmt>),
    With(Expr, Box<Stmt>),
}

/// A function.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Function {
    /// What it is called inside.
    pub(crate) name: Option<Rc<str>>,
    /// Parameters with their defaults.
    pub(crate) params: Vec<(Expr, Option<Expr>)>,
    pub(crate) body: Vec<Stmt>,
    /// Whether it has the `this` of where it stands.
    pub(crate) is_arrow: bool,
    /// The function that it stands in.
    pub(super) parent: Option<usize>,
    /// The names that are declared in it.
    pub(super) names: BTreeSet<Rc<str>>,
    /// Whether functions stand in it.
    pub(super) has_functions: bool,
}

/// A script.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Script {
    pub(crate) body: Vec<Stmt>,
    pub(crate) functions: Vec<Function>,
    /// The names that are declared outside of functions.
    pub(super) globals: BTreeSet<Rc<str>>,
}
