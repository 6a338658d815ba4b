//! Journeys and fragments after names are resolved: what lowering reads.
//!
//! Both are units: a list of nodes, a start, and arrows. An arrow of a fragment may lead to an exit.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    compile::{scope::Env, settings::Expect},
    model::{
        catalog::TypeId,
        journey::{Guard, JourneySettings, SettingValue},
        signature::{Outcomes, Setting, Signature},
        value::Type,
    },
    source::{SourceId, Span},
    syntax::ast,
};

/// The number of a unit in one compilation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct UnitId(pub(super) usize);

/// Where a unit is written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Written<'a> {
    Journey(&'a ast::Journey),
    Fragment(&'a ast::Fragment),
}

impl<'a> Written<'a> {
    pub(super) fn name(self) -> &'a ast::Name {
        match self {
            Self::Journey(journey) => &journey.name,
            Self::Fragment(fragment) => &fragment.name,
        }
    }

    pub(super) fn body(self) -> &'a ast::Body {
        match self {
            Self::Journey(journey) => &journey.body,
            Self::Fragment(fragment) => &fragment.body,
        }
    }

    pub(super) fn head(self) -> Span {
        match self {
            Self::Journey(journey) => journey.head,
            Self::Fragment(fragment) => fragment.head,
        }
    }

    pub(super) fn span(self) -> Span {
        match self {
            Self::Journey(journey) => journey.span,
            Self::Fragment(fragment) => fragment.span,
        }
    }

    pub(super) fn exits(self) -> &'a [ast::Name] {
        match self {
            Self::Journey(_) => &[],
            Self::Fragment(fragment) => &fragment.exits,
        }
    }

    pub(super) fn is_fragment(self) -> bool {
        matches!(self, Self::Fragment(_))
    }

    /// The word of the language.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Journey(_) => "journey",
            Self::Fragment(_) => "fragment",
        }
    }
}

/// A journey or fragment.
#[derive(Debug)]
pub(super) struct Unit<'a> {
    pub(super) written: Written<'a>,
    pub(super) file: SourceId,
    pub(super) nodes: Vec<NodeInfo<'a>>,
    pub(super) by_name: BTreeMap<&'a str, usize>,
    pub(super) exits: BTreeMap<&'a str, usize>,
    pub(super) start: Option<usize>,
    pub(super) on_error: Option<Way>,
    /// The formals with their types, as holes.
    pub(super) env: Env,
    pub(super) settings: JourneySettings,
    /// No errors inside.
    pub(super) clean: bool,
}

/// Where an arrow leads within its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dest {
    Success,
    Failure,
    Nowhere,
    Node(usize),
    Exit(usize),
}

/// A resolved arrow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    pub(super) to: Dest,
    pub(super) span: Span,
}

/// An outcome with its arrow.
#[derive(Debug, Clone)]
pub(super) struct Wired {
    pub(super) outcome: Arc<str>,
    pub(super) way: Way,
}

/// A node of a unit.
#[derive(Debug)]
pub(super) struct NodeInfo<'a> {
    pub(super) ast: &'a ast::Node,
    pub(super) kind: Kind<'a>,
    /// In the order of [`crate::model::journey::Node::outcomes`], as far as it is known.
    pub(super) wired: Vec<Wired>,
    pub(super) on_error: Option<Way>,
}

/// What a node is.
#[derive(Debug)]
pub(super) enum Kind<'a> {
    /// Something was reported.
    Broken,
    Task(TaskPlan<'a>),
    Decision(DecisionPlan<'a>),
    Page(PagePlan<'a>),
    Inner(UnitId),
    Use(UsePlan<'a>),
}

/// A node type with its settings.
#[derive(Debug, Clone)]
pub(super) struct TaskPlan<'a> {
    pub(super) ty: TypeId,
    pub(super) version: u32,
    pub(super) signature: &'a Arc<Signature>,
    pub(super) filled: Filled<'a>,
}

/// Settings, filled as far as they are known without a caller.
#[derive(Debug, Clone, Default)]
pub(super) struct Filled<'a> {
    /// Sorted by key.
    pub(super) values: Vec<(Arc<str>, SettingValue)>,
    /// Settings that depend on formals of the fragment around.
    pub(super) dependent: Vec<&'a ast::Setting>,
    /// The files whose texts settings are, by key.
    pub(super) files: BTreeMap<Arc<str>, Arc<str>>,
    /// Something was reported.
    pub(super) broken: bool,
}

impl Filled<'_> {
    pub(super) fn get(&self, key: &str) -> Option<&SettingValue> {
        self.values
            .binary_search_by(|(k, _)| (**k).cmp(key))
            .ok()
            .and_then(|at| self.values.get(at))
            .map(|(_, value)| value)
    }

    pub(super) fn is_open(&self, key: &str) -> bool {
        self.dependent.iter().any(|s| s.key.text == key)
    }

    pub(super) fn set(&mut self, key: Arc<str>, value: SettingValue) {
        match self.values.binary_search_by(|(k, _)| k.cmp(&key)) {
            Ok(at) => {
                if let Some(slot) = self.values.get_mut(at) {
                    slot.1 = value;
                }
            }
            Err(at) => self.values.insert(at, (key, value)),
        }
    }
}

/// The guards of a `Decision`.
#[derive(Debug)]
pub(super) struct DecisionPlan<'a> {
    pub(super) guards: Vec<Guard>,
    /// The guards as written, where some depend on formals.
    pub(super) dependent: Option<&'a ast::Node>,
}

/// A page.
#[derive(Debug)]
pub(super) struct PagePlan<'a> {
    pub(super) version: u32,
    pub(super) filled: Filled<'a>,
    pub(super) children: Vec<ChildPlan<'a>>,
}

/// A node of a page.
#[derive(Debug)]
pub(super) struct ChildPlan<'a> {
    pub(super) ast: &'a ast::Node,
    pub(super) task: TaskPlan<'a>,
    pub(super) outcomes: Vec<Arc<str>>,
}

/// A use of a fragment.
#[derive(Debug)]
pub(super) struct UsePlan<'a> {
    pub(super) unit: UnitId,
    /// What the caller writes for formals.
    pub(super) arguments: Vec<&'a ast::Setting>,
}

/// The outcomes of a node type with its settings.
#[derive(Debug, Clone)]
pub(super) enum Shape {
    /// These; the flag says whether the outcome is surely there.
    Named(Vec<(Arc<str>, bool)>),
    /// Nobody knows yet; the arms are taken as they are.
    Open,
    /// The arms define them; these are there besides.
    Authored(Vec<Arc<str>>),
}

/// The setting that a signature derives from the arms.
pub(super) fn derived(signature: &Signature) -> Option<&str> {
    match &signature.outcomes {
        Outcomes::Authored { setting, .. } => setting.as_deref(),
        Outcomes::Fixed(_) | Outcomes::Bounded(_) | Outcomes::LastChild => None,
    }
}

/// The settings of a page.
pub(super) fn page_settings() -> [(&'static str, Type); 3] {
    [
        ("pageHeader", Type::LocalizedText),
        ("pageDescription", Type::LocalizedText),
        ("stage", Type::Text),
    ]
}

/// A key that a block may set.
#[derive(Debug, Clone, Copy)]
pub(super) enum Key<'k> {
    Setting(&'k Setting),
    Plain(&'k str, &'k Type),
}

impl<'k> Key<'k> {
    pub(super) fn name(self) -> &'k str {
        match self {
            Self::Setting(setting) => &setting.key,
            Self::Plain(name, _) => name,
        }
    }

    pub(super) fn expect<'e>(self, what: &'e str) -> Expect<'e>
    where
        'k: 'e,
    {
        match self {
            Self::Setting(setting) => Expect::setting(what, setting),
            Self::Plain(_, ty) => Expect::of(what, ty),
        }
    }
}
