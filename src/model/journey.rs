//! A journey as a graph.
//!
//! Nodes are what the author wrote, fragments expanded; edges are arrows. Success, failure and the loose
//! end are nodes of the graph too, so that every question about paths is a question about the graph. A
//! page is one node that holds its children in order. An inner journey is one node that names another
//! journey of the program.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use petgraph::{
    Direction,
    graph::{DiGraph, NodeIndex},
};

use crate::{
    codes::UNPROVED_SUCCESS,
    model::{
        catalog::{Catalog, TypeId},
        expr::Expr,
        level::AuthLevel,
        property::Ensure,
        text::LocalizedText,
        value::Value,
    },
    source::Span,
};

/// The number of a journey within one program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct JourneyId(pub u32);

impl JourneyId {
    /// The position of the journey in its program.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// The number of an outcome within one node: its place in [`Node::outcomes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutcomeId(pub u16);

impl OutcomeId {
    /// The position of the outcome in its node.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// What an author says of a journey as a whole.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own in the vendor's journeys"
)]
#[derive(Debug, Clone, PartialEq)]
pub struct JourneySettings {
    /// `level`: the least level at success, proved and refused at run time below.
    pub level: Option<AuthLevel>,
    /// `enabled`
    pub enabled: bool,
    /// `offered`: whether it stands in menus that a level or an advice brings up.
    pub offered: bool,
    /// `innerTreeOnly`
    pub inner_only: bool,
    /// `noSession`
    pub no_session: bool,
    /// `mustRun`
    pub must_run: bool,
    /// `transactionalOnly`
    pub transactional_only: bool,
    /// `identityResource`
    pub identity_resource: Arc<str>,
    /// `treeTimeout`
    pub run_time_max: Option<Duration>,
    /// `maximumSessionTime`
    pub session_time_max: Option<Duration>,
    /// `maximumIdleTime`
    pub idle_time_max: Option<Duration>,
    /// `description`
    pub description: LocalizedText,
}

impl Default for JourneySettings {
    fn default() -> Self {
        Self {
            level: None,
            enabled: true,
            offered: true,
            inner_only: false,
            no_session: false,
            must_run: false,
            transactional_only: false,
            identity_resource: Arc::from("managed/user"),
            run_time_max: None,
            session_time_max: None,
            idle_time_max: None,
            description: LocalizedText::default(),
        }
    }
}

/// A journey.
#[derive(Debug, Clone)]
pub struct Journey {
    /// Its number.
    pub id: JourneyId,
    /// The identifier in text.
    pub name: Arc<str>,
    /// The name on the wire; the identifier where the author gave none.
    pub wire_name: Arc<str>,
    /// The doc comment.
    pub doc: Option<Arc<str>>,
    /// What holds for the whole journey.
    pub settings: JourneySettings,
    /// Nodes and arrows.
    pub graph: DiGraph<Node, Edge, u32>,
    /// Where it starts.
    pub start: NodeIndex<u32>,
    /// Success.
    pub success: NodeIndex<u32>,
    /// Failure.
    pub failure: NodeIndex<u32>,
    /// The declared loose end, `nowhere`.
    pub loose_end: NodeIndex<u32>,
    /// The properties, those of expanded fragments included.
    pub ensures: Vec<Ensure>,
    /// `allow` lines of the file and of the journey.
    pub allows: Vec<Allow>,
    /// `journey name`
    pub span: Span,
}

impl Journey {
    /// Whether a run may begin with it: it is enabled, and not kept for other journeys to call.
    pub fn is_startable(&self) -> bool {
        self.settings.enabled && !self.settings.inner_only
    }

    /// Whether a login for a level may choose it: it is enabled, offered, not kept for inner use or for
    /// transactions, and every success of it makes a session that is proved.
    pub fn is_offered_for_level(&self) -> bool {
        let settings = &self.settings;
        let kept = settings.inner_only || settings.transactional_only;
        settings.enabled && settings.offered && !kept && self.sessions().are_proved()
    }

    /// The sessions that its runs end with, by what the author says of them.
    pub fn sessions(&self) -> Sessions {
        if self.settings.no_session {
            return Sessions::None;
        }
        let into = self
            .graph
            .neighbors_directed(self.success, Direction::Incoming);
        let nodes = into.filter_map(|node| self.graph.node_weight(node));
        let (mut some, mut all) = (false, true);
        for allowed in nodes.map(Node::allows_unproved_success) {
            some |= allowed;
            all &= allowed;
        }
        match (some, all) {
            (false, _) => Sessions::Proved,
            (true, false) => Sessions::PartlyUnproved,
            (true, true) => Sessions::Unproved,
        }
    }
}

/// What sessions a journey ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sessions {
    /// Sessions whose subject is proved.
    Proved,
    /// As the way may be: at some arrow into success, and not at all, `allow unproved_success` stands.
    PartlyUnproved,
    /// Those that nobody need be proved for: the exception stands at every arrow into success.
    Unproved,
    /// None: `noSession`.
    None,
}

impl Sessions {
    /// Whether every session is proved, and there is one.
    ///
    /// A session that is not proved meets no requirement, so that an advice never leads to one.
    pub fn are_proved(self) -> bool {
        self == Self::Proved
    }
}

/// An `allow` line in force for an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allow {
    /// The codes with their places.
    pub codes: Vec<(Arc<str>, Span)>,
    /// The reason.
    pub reason: Arc<str>,
    /// The whole line.
    pub span: Span,
}

/// A node.
#[derive(Debug, Clone)]
pub struct Node {
    /// The path within the journey: `check`, or `code.enter` in a fragment.
    pub path: Arc<str>,
    /// What it is.
    pub kind: NodeKind,
    /// Its outcomes, in the order of the signature or, where authored, of the arms.
    pub outcomes: Vec<Arc<str>>,
    /// The doc comment.
    pub doc: Option<Arc<str>>,
    /// `allow` lines of the node.
    pub allows: Vec<Allow>,
    /// The name of the node where it is declared.
    pub span: Span,
}

impl Node {
    /// The outcome with this name.
    pub fn outcome(&self, name: &str) -> Option<OutcomeId> {
        let at = self
            .outcomes
            .iter()
            .position(|outcome| &**outcome == name)?;
        u16::try_from(at).ok().map(OutcomeId)
    }

    /// Whether `allow unproved_success` stands at the node: an arrow of it into success asks no proof.
    pub fn allows_unproved_success(&self) -> bool {
        let mut codes = self.allows.iter().flat_map(|allow| &allow.codes);
        codes.any(|(code, _)| **code == *UNPROVED_SUCCESS.word)
    }
}

/// What a node is.
#[derive(Debug, Clone)]
pub enum NodeKind {
    /// A node of a type in the catalogue.
    Task(Task),
    /// `Decision`: the first guard that holds; outcome `n` is guard `n`, the last one is `else`.
    Decision(Vec<Guard>),
    /// A page.
    Page(Page),
    /// `journey name`: outcomes `true`, `false` and, where the author wires it, `error`.
    Inner(JourneyId),
    /// The end of a journey in success.
    Success,
    /// The end of a journey in failure.
    Failure,
    /// The end of a journey at a declared loose end.
    LooseEnd,
}

/// A node type with its settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// The type.
    pub ty: TypeId,
    /// The version, `1` where none is written.
    pub version: u32,
    /// Every setting that has a value, defaults included, sorted by key.
    pub settings: Vec<(Arc<str>, SettingValue)>,
    /// The files whose texts settings are, as the author names them, by key.
    pub files: BTreeMap<Arc<str>, Arc<str>>,
}

/// The value of a setting.
#[derive(Debug, Clone, PartialEq)]
pub enum SettingValue {
    /// Known when compiled.
    Constant(Value),
    /// Computed when the node is entered: a text with reads in it, or a typed expression.
    Computed(Expr),
}

/// An arm of a `Decision`.
#[derive(Debug, Clone, PartialEq)]
pub struct Guard {
    /// The name in messages and traces: the author's, else `1`, `2`, …
    pub name: Arc<str>,
    /// The condition; `None` for `else`.
    pub condition: Option<Expr>,
    /// The arm.
    pub span: Span,
}

/// Several nodes asked in one step.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// `pageHeader`
    pub header: LocalizedText,
    /// `pageDescription`
    pub description: LocalizedText,
    /// `stage`
    pub stage: Option<Arc<str>>,
    /// The children in order; only the last may have more than one outcome.
    pub children: Vec<Child>,
    /// `1` or `2`: in version 2 the outcomes are `child-outcome`.
    pub version: u32,
}

/// How a page is passed whose last child comes first.
///
/// The child is passed before the others. Where it asks, or ends in the outcome that it leads to, the others
/// are passed as well; by any other outcome the page is left at once, whatever they have asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lead {
    /// The outcome on which the others are passed, where the child has it.
    pub to: Option<OutcomeId>,
}

impl Lead {
    /// Whether the page is left by this outcome of the child without a look at the others.
    pub fn ends(self, outcome: OutcomeId) -> bool {
        self.to != Some(outcome)
    }
}

impl Page {
    /// How the last child leads the page, where it does and is not alone.
    pub fn lead(&self, catalog: &Catalog) -> Option<Lead> {
        let [_, .., last] = self.children.as_slice() else {
            return None;
        };
        let to = catalog.get(last.task.ty)?.leads_to.as_deref()?;
        let at = last.outcomes.iter().position(|outcome| **outcome == *to);
        Some(Lead {
            to: at.and_then(|at| u16::try_from(at).ok()).map(OutcomeId),
        })
    }
}

/// A node of a page.
#[derive(Debug, Clone, PartialEq)]
pub struct Child {
    /// The name within the page.
    pub name: Arc<str>,
    /// The type and its settings.
    pub task: Task,
    /// Its outcomes; the page has those of the last child.
    pub outcomes: Vec<Arc<str>>,
    /// The name of the node where it is declared.
    pub span: Span,
}

/// An arrow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// What it is taken on.
    pub on: On,
    /// The arrow where it is written.
    pub span: Span,
}

/// What an arrow is taken on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum On {
    /// An outcome of the node.
    Outcome(OutcomeId),
    /// An error in the node: `on error`.
    Error,
}
