//! What has changed between two programs, by what it means.
//!
//! In: two programs, also such as only the proofs refuse. Out: changes, each with the way it goes: weaker
//! (the new program lets something happen that the old one does not), stronger (the reverse), client (what
//! a client sees has changed) or neutral. Journeys are compared by their names on the wire. Nothing is
//! compared as text: nodes are matched by walking both graphs at once, and what is claimed of proofs and
//! limits is asked of both graphs by the same searches that check a program. So formatting, comments,
//! order, names of nodes and the cut into fragments change nothing, and `weaker` one way is `stronger` the
//! other way. A change for the weaker comes with a run wherever it is about runs.
//!
//! Reading files and printing is the business of the command line.

mod carried;
mod condition;
mod ensure;
mod finding;
mod graph;
mod guard;
mod journey;
mod level;
mod lock;
mod policy;
mod proof;
mod setting;
mod shape;
mod side;
mod walk;

use std::{collections::BTreeSet, fmt, sync::Arc};

use crate::{
    analysis::Counterexample,
    diff::{graph::Graph, side::Side},
    model::program::Program,
    route::Route,
};

/// Which way a change goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// The new program lets something happen that the old one does not.
    Weaker,
    /// What a client sees has changed, so that one which was written for the old program may break.
    Client,
    /// The old program lets something happen that the new one does not.
    Stronger,
    /// None of these.
    Neutral,
}

impl Direction {
    /// Every direction, the gravest first, with its word.
    pub const ALL: &[(Self, &str)] = &[
        (Self::Weaker, "weaker"),
        (Self::Client, "client"),
        (Self::Stronger, "stronger"),
        (Self::Neutral, "neutral"),
    ];

    /// The direction of the same change seen from the new program.
    #[must_use]
    pub fn reversed(self) -> Self {
        match self {
            Self::Weaker => Self::Stronger,
            Self::Stronger => Self::Weaker,
            Self::Client | Self::Neutral => self,
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = Self::ALL.iter().find(|(known, _)| known == self);
        f.write_str(word.map_or("", |(_, word)| word))
    }
}

/// What a change is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// A journey is there that was not, or the reverse.
    Journey,
    /// Who may start a journey, and what holds for its sessions.
    Start,
    /// What a success proves, and the level it gives.
    Proof,
    /// A check that every success passes.
    Check,
    /// A property that was stated.
    Ensure,
    /// How often a secret may be tried in one run.
    Tries,
    /// Which runs a condition lets go a way that asks for less.
    Condition,
    /// Where the account is locked.
    Lock,
    /// What the checks of the compiler find, allowed or not.
    Finding,
    /// Where an error leads.
    Error,
    /// An exception: an `allow` line.
    Exception,
    /// The levels of successes.
    Level,
    /// What a step asks.
    Callbacks,
    /// Where an outcome leads.
    Path,
    /// A node is there that was not, or the reverse, or has another name.
    Node,
    /// A setting of a node.
    Setting,
    /// A policy.
    Policy,
    /// What a guard promises of the journeys of its realm.
    Guard,
}

impl Topic {
    /// Every topic with its word, in the order of reports.
    pub const ALL: &[(Self, &str)] = &[
        (Self::Journey, "journey"),
        (Self::Start, "start"),
        (Self::Proof, "proof"),
        (Self::Check, "check"),
        (Self::Ensure, "ensure"),
        (Self::Tries, "tries"),
        (Self::Condition, "condition"),
        (Self::Lock, "lock"),
        (Self::Finding, "finding"),
        (Self::Error, "error"),
        (Self::Exception, "exception"),
        (Self::Level, "level"),
        (Self::Callbacks, "callbacks"),
        (Self::Path, "path"),
        (Self::Node, "node"),
        (Self::Setting, "setting"),
        (Self::Policy, "policy"),
        (Self::Guard, "guard"),
    ];
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = Self::ALL.iter().find(|(known, _)| known == self);
        f.write_str(word.map_or("", |(_, word)| word))
    }
}

/// One of two programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// The first, from which changes are counted.
    Before,
    /// The second.
    After,
}

/// A run that one of the programs allows and the other does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Which program allows it.
    pub allowed: Version,
    /// The run by names.
    pub route: Route,
    /// The run as a line to read.
    pub text: String,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The name on the wire of the journey it is in; none for a policy or a guard.
    pub journey: Option<Arc<str>>,
    /// Which way it goes.
    pub direction: Direction,
    /// What it is about.
    pub topic: Topic,
    /// What has changed, in one line: lower case, no full stop.
    pub message: String,
    /// The run that shows it.
    pub run: Option<Run>,
}

/// All that has changed, journey by journey, the gravest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Difference {
    /// The changes.
    pub changes: Vec<Change>,
    /// The journeys that both programs have and that offer the same paths, by their names on the wire.
    pub same_paths: Vec<Arc<str>>,
}

impl Difference {
    /// Whether nothing has changed.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Whether some change goes this way.
    pub fn has(&self, direction: Direction) -> bool {
        let mut changes = self.changes.iter();
        changes.any(|change| change.direction == direction)
    }
}

/// Compares two programs.
///
/// ```
/// use wayfare::{Compiler, Program, Source, diff};
///
/// fn program(text: &str) -> Program {
///     let source = Source::new("login.journey", text);
///     let compiled = Compiler::new(wayfare::catalogue::standard()).compile([source]);
///     compiled.program.map(wayfare::Valid::into_inner).or(compiled.refused).unwrap()
/// }
/// let text = r#"
/// journey login {
///   start name
///   node name: UsernameCollector -> password
///   node password: PasswordCollector -> check
///   node check: DataStoreDecision {
///     true -> success
///     false -> failure
///   }
/// }
/// "#;
/// let before = program(text);
/// assert!(diff::compare(&before, &program(text)).is_empty());
///
/// let after = program(&text.replace("false -> failure", "false -> success"));
/// let found = diff::compare(&before, &after);
/// assert!(found.has(diff::Direction::Weaker));
/// assert!(diff::compare(&after, &before).has(diff::Direction::Stronger));
/// ```
pub fn compare(before: &Program, after: &Program) -> Difference {
    let (old, new) = (Side::new(before), Side::new(after));
    let mut changes = Vec::new();
    let mut same_paths = Vec::new();
    let names: BTreeSet<&Arc<str>> = before
        .by_wire_name
        .keys()
        .chain(after.by_wire_name.keys())
        .collect();
    for name in names {
        match (before.journey_on_wire(name), after.journey_on_wire(name)) {
            (Some(a), Some(b)) => {
                let graphs = (Graph::new(before, a), Graph::new(after, b));
                let walked = walk::walk(&graphs.0, &graphs.1);
                if walked.is_same(&graphs.0, &graphs.1) {
                    same_paths.push(Arc::clone(name));
                }
                let mut found = Found::new(name);
                journey::settings(a, b, &mut found);
                match (side::is_startable(a), side::is_startable(b)) {
                    (false, true) => journey::news(&old, &new, b, Direction::Weaker, &mut found),
                    (true, false) => journey::news(&new, &old, a, Direction::Stronger, &mut found),
                    (true, true) | (false, false) => {}
                }
                proof::both(&old, &new, a, b, &mut found);
                ensure::both(&old, &new, (&graphs.0, &graphs.1), &walked, &mut found);
                shape::both(&graphs.0, &graphs.1, &walked, &mut found);
                setting::both(&graphs.0, &graphs.1, &walked, &mut found);
                condition::both(&old, &new, a, b, &mut found);
                lock::both(&old, &new, (&graphs.0, &graphs.1), &walked, &mut found);
                level::both(&old, &new, (&graphs.0, &graphs.1), &walked, &mut found);
                journey::exceptions(&graphs.0, &graphs.1, &walked, &mut found);
                finding::both(&old, &new, &mut found);
                changes.append(&mut found.list);
            }
            (a, b) => {
                let mut found = Found::new(name);
                journey::alone(&old, &new, a, b, &mut found);
                finding::both(&old, &new, &mut found);
                changes.append(&mut found.list);
            }
        }
    }
    policy::both(before, after, &mut changes);
    guard::both(before, after, &mut changes);
    changes.sort_by(|a, b| {
        let key = |change: &Change| {
            let journey = change.journey.clone();
            let guard = change.topic == Topic::Guard;
            (
                journey.is_none(),
                guard,
                journey,
                change.direction,
                change.topic,
            )
        };
        key(a).cmp(&key(b))
    });
    Difference {
        changes,
        same_paths,
    }
}

/// The changes of one journey as they are found.
#[derive(Debug)]
struct Found {
    journey: Arc<str>,
    list: Vec<Change>,
}

impl Found {
    fn new(journey: &Arc<str>) -> Self {
        Self {
            journey: Arc::clone(journey),
            list: Vec::new(),
        }
    }

    fn push(&mut self, direction: Direction, topic: Topic, message: impl Into<String>) {
        self.with_run(direction, topic, message, None);
    }

    fn with_run(
        &mut self,
        direction: Direction,
        topic: Topic,
        message: impl Into<String>,
        run: Option<Run>,
    ) {
        self.list.push(Change {
            journey: Some(Arc::clone(&self.journey)),
            direction,
            topic,
            message: message.into(),
            run,
        });
    }

    /// Adds a change of what runs may do, with a run of the program that allows more.
    fn shown(
        &mut self,
        direction: Direction,
        topic: Topic,
        message: impl Into<String>,
        (program, shown): (&Program, Option<&Counterexample>),
    ) {
        let shown = shown.map(|shown| run(program, shown_by(direction), shown));
        self.with_run(direction, topic, message, shown);
    }
}

/// The version whose runs show a change of this direction.
fn shown_by(direction: Direction) -> Version {
    match direction {
        Direction::Stronger => Version::Before,
        Direction::Weaker | Direction::Client | Direction::Neutral => Version::After,
    }
}

/// A run of one of the programs.
fn run(program: &Program, allowed: Version, run: &Counterexample) -> Run {
    Run {
        allowed,
        route: run.route(program),
        text: run.text(program),
    }
}
