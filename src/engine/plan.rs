//! The program in the form that is walked: flat tables, small numbers, nothing of petgraph.
//!
//! Nodes of all journeys stand in one table, numbered in visiting order, so that a walk reads memory
//! forward. What an arrow leads to is one look-up by outcome. What only the edges of a run need, such as
//! names, stands in tables of its own.

use std::{fmt, sync::Arc};

use crate::{
    analysis::levels::{Gain, GainRow},
    engine::{
        expr::Test,
        ground::Finds,
        live::Row,
        node_type::{KeyTable, Prepared},
        obligation::Obligations,
        pin::Pins,
        silent::Hops,
    },
    model::{
        expr::KeyId,
        journey::{JourneySettings, Lead, OutcomeId},
        signature::Factor,
        text::LocalizedText,
        value::Value,
    },
};

/// No node.
pub(crate) const NOWHERE: u32 = u32::MAX;

/// What a node is to the walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `body` is a unit.
    Task,
    /// `body` is a page.
    Page,
    /// `body` is a journey.
    Inner,
    Success,
    Failure,
    LooseEnd,
}

impl Kind {
    pub(crate) fn is_task(self) -> bool {
        self == Self::Task
    }
}

/// A node: sixteen bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PlanNode {
    pub(crate) kind: Kind,
    /// Whether an obligation may be met by passing it.
    pub(crate) marked: bool,
    pub(crate) outcomes: u16,
    /// Where its targets begin.
    pub(crate) first: u32,
    pub(crate) body: u32,
    /// Where its error arrow leads.
    pub(crate) error: u32,
}

/// What is known of a node besides.
#[derive(Debug)]
pub(crate) struct Label {
    /// `journey/node`
    pub(crate) name: Arc<str>,
    pub(crate) journey: u32,
    pub(crate) outcomes: Vec<Arc<str>>,
    /// Whether `allow unproved_success` stands at the node.
    pub(crate) allows_unproved: bool,
    /// How the ends of an inner journey lead on.
    pub(crate) inner: Option<InnerOutcomes>,
    /// Whether a secret may be compared before the next stop once the run arrives here.
    pub(crate) verifies_entered: bool,
    /// The same once the node is resumed.
    pub(crate) verifies_resumed: bool,
    /// What may be read from here on, this node included.
    pub(crate) live: Row,
}

/// The outcomes of a node that is an inner journey.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InnerOutcomes {
    pub(crate) success: Option<OutcomeId>,
    pub(crate) failure: Option<OutcomeId>,
    pub(crate) error: Option<OutcomeId>,
}

/// A task, a decision or a child of a page: what is entered and resumed.
#[derive(Debug)]
pub(crate) struct Unit {
    /// `journey/node` or `journey/node.child`
    pub(crate) name: Arc<str>,
    /// The name of the node type.
    pub(crate) ty: Arc<str>,
    /// The same on the wire.
    pub(crate) wire: Arc<str>,
    pub(crate) behaviour: Behaviour,
    /// What each outcome means.
    pub(crate) facts: Vec<Facts>,
    /// What each outcome finds, up to the last that finds anything.
    pub(crate) finds: Vec<Finds>,
    pub(crate) needs: Option<Box<Needs>>,
}

/// What leaving by an outcome may do, as the signature says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts {
    /// The factor it may prove.
    pub(crate) proves: Option<Factor>,
    /// Whether it answers the code of the run: then it proves it of nobody but whom it was sent to.
    pub(crate) answers: bool,
    /// Whether it may name another person than the one named already.
    pub(crate) renames: bool,
    /// By how much it moves the level; `None` where that depends on the run.
    pub(crate) level: Option<i64>,
}

/// What a unit does.
pub(crate) enum Behaviour {
    Node(Box<dyn Prepared>),
    /// The first guard that holds; the last one has none.
    Guards(Box<[Option<Test>]>),
}

impl fmt::Debug for Behaviour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node(node) => node.fmt(f),
            Self::Guards(guards) => guards.fmt(f),
        }
    }
}

/// What the expressions of a unit read from outside.
#[derive(Debug, Default)]
pub(crate) struct Needs {
    /// Attributes of the identity, sorted.
    pub(crate) user: Vec<Arc<str>>,
    /// Properties of the session that came with the start, sorted.
    pub(crate) session: Vec<Arc<str>>,
}

/// A page.
#[derive(Debug)]
pub(crate) struct PlanPage {
    pub(crate) header: LocalizedText,
    pub(crate) description: LocalizedText,
    pub(crate) stage: Option<Arc<str>>,
    pub(crate) children: Vec<PlanChild>,
    /// The outcome of the page for each outcome of the last child.
    pub(crate) outcomes: Vec<OutcomeId>,
    /// How the last child leads the page, where it comes first.
    pub(crate) lead: Option<Lead>,
    /// What the children before the last one may raise the level by.
    pub(crate) before_last: Gain,
}

/// A child of a page.
#[derive(Debug)]
pub(crate) struct PlanChild {
    pub(crate) unit: u32,
    /// How many outcomes it has.
    pub(crate) outcomes: u16,
}

/// A journey.
#[derive(Debug)]
pub(crate) struct PlanJourney {
    pub(crate) name: Arc<str>,
    /// Its nodes and units stand together, from here to where those of the next journey begin.
    pub(crate) first_node: u32,
    pub(crate) first_unit: u32,
    pub(crate) settings: JourneySettings,
    pub(crate) start: u32,
    /// What nodes of it, at any depth, declare to read.
    pub(crate) inputs: Row,
}

/// State keys that the engine itself knows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WellKnown {
    pub(crate) username: KeyId,
    /// What a provider told.
    pub(crate) user_info: KeyId,
    pub(crate) error_message: KeyId,
    pub(crate) error_node: KeyId,
    pub(crate) target_level: KeyId,
}

/// The linked program.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) nodes: Vec<PlanNode>,
    pub(crate) targets: Vec<u32>,
    /// What is done at each node without a visit.
    pub(crate) hops: Hops,
    pub(crate) labels: Vec<Label>,
    /// By node, which of `gain_rows` says what the level can still gain from there on.
    pub(crate) gains: Vec<u32>,
    pub(crate) gain_rows: Vec<GainRow>,
    pub(crate) units: Vec<Unit>,
    pub(crate) pages: Vec<PlanPage>,
    pub(crate) journeys: Vec<PlanJourney>,
    pub(crate) keys: KeyTable,
    pub(crate) known: WellKnown,
    /// What names each journey with all that it can reach.
    pub(crate) pins: Pins,
    /// What success is asked for besides.
    pub(crate) obligations: Obligations,
}

impl Plan {
    #[inline]
    pub(crate) fn node(&self, id: u32) -> Option<PlanNode> {
        self.nodes.get(id as usize).copied()
    }

    #[inline]
    pub(crate) fn label(&self, id: u32) -> Option<&Label> {
        self.labels.get(id as usize)
    }

    #[inline]
    pub(crate) fn unit(&self, id: u32) -> Option<&Unit> {
        self.units.get(id as usize)
    }

    pub(crate) fn page(&self, id: u32) -> Option<&PlanPage> {
        self.pages.get(id as usize)
    }

    pub(crate) fn journey(&self, id: u32) -> Option<&PlanJourney> {
        self.journeys.get(id as usize)
    }

    /// What the level can gain from a node to the ends of its journey.
    pub(crate) fn gain(&self, node: u32) -> Option<&GainRow> {
        let row = self.gains.get(node as usize)?;
        self.gain_rows.get(*row as usize)
    }

    /// Where an outcome leads.
    #[inline]
    pub(crate) fn target(&self, node: PlanNode, outcome: OutcomeId) -> Option<u32> {
        if outcome.0 >= node.outcomes {
            return None;
        }
        self.targets
            .get(node.first as usize + outcome.index())
            .copied()
    }

    /// Everything an arrow of the node leads to.
    pub(crate) fn successors(&self, node: PlanNode) -> impl Iterator<Item = u32> {
        let first = node.first as usize;
        self.targets
            .get(first..first + usize::from(node.outcomes))
            .unwrap_or_default()
            .iter()
            .copied()
            .chain((node.error != NOWHERE).then_some(node.error))
    }
}

/// Whether a value, however deep, is or holds a secret.
pub(crate) fn is_secret(value: &Value) -> bool {
    let mut rest = vec![value];
    while let Some(value) = rest.pop() {
        match value {
            Value::Secret(_) | Value::SecretParameter(_) => return true,
            Value::List(list) => rest.extend(list.iter()),
            Value::Map(map) => rest.extend(map.values()),
            Value::Null
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Decimal(_)
            | Value::Text(_)
            | Value::Localized(_)
            | Value::Duration(_)
            | Value::Size(_) => {}
        }
    }
    false
}
