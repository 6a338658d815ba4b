//! A compiled policy: what it protects, whom it lets do what, and what it requires of them.

use std::{sync::Arc, time::Duration};

use crate::{
    model::{expr::Expr, level::AuthLevel, pattern::Pattern, realm::Realm},
    source::Span,
};

/// A policy of a program.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// The name.
    pub name: Arc<str>,
    /// The resources it protects: those that any of these names.
    pub resources: Vec<Pattern>,
    /// The actions it grants, in the order written.
    pub actions: Vec<Arc<str>>,
    /// Whom it speaks of: whoever any of these means.
    pub subjects: Vec<SubjectRule>,
    /// What must hold besides; reads the request, the environment and the session only.
    pub condition: Option<Expr>,
    /// What a subject must have proved; all of it.
    pub requirements: Vec<Requirement>,
    /// How long a decision may be kept.
    pub ttl: Option<Duration>,
    /// The head, the part that messages point at.
    pub span: Span,
}

/// Whom a policy speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubjectRule {
    /// `any`: everyone, also without a session.
    Any,
    /// `authenticated`: everyone with a session.
    Authenticated,
    /// `user "name"`
    User(Arc<str>),
    /// `group "name"`
    Group(Arc<str>),
}

/// What a policy requires of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Requirement {
    /// `require level 20`: at least this level.
    Level(AuthLevel),
    /// `require journey step_up`: the session went through it; the name on the wire.
    Journey(Arc<str>),
    /// `require realm "/alpha"`: the session is of this realm.
    Realm(Realm),
    /// `require transaction step_up`: this journey was run for this one access; the name on the wire.
    Transaction(Arc<str>),
}
