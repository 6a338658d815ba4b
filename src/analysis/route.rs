//! A run as part of a finding: by names, and in its notes.
//!
//! Every check that has a run says it by [`Counterexample::tell`], so that all findings show theirs alike.

use std::sync::Arc as Shared;

use petgraph::graph::NodeIndex;

use crate::{
    Diagnostic,
    analysis::{
        counterexample::{Calls, CounterStep, Counterexample, name, on_of, outcome_name},
        flow::{Arc, Flow},
    },
    model::{
        catalog::TypeId,
        journey::{Node, NodeKind, On},
        program::Program,
        property::{At, Point},
    },
    route::{Route, RouteOn, RouteStep},
};

/// How many callbacks a line names at one node.
const ASKS_SHOWN_MAX: usize = 6;

impl Counterexample {
    /// The run by names.
    pub fn route(&self, program: &Program) -> Route {
        let outermost = self
            .end
            .calls
            .first()
            .map_or(self.end.journey, |(journey, _)| *journey);
        let journey_name = |id| {
            program
                .journey(id)
                .map_or_else(|| Shared::from(""), |journey| Shared::clone(&journey.name))
        };
        let shown = self.steps.iter().take(Route::STEPS_MAX);
        let steps = shown.map(|step| {
            let node = program
                .journey(step.journey)
                .and_then(|journey| journey.graph.node_weight(step.node));
            RouteStep {
                journey: journey_name(step.journey),
                node: name(program, step.journey, step.node).into(),
                on: match step.on {
                    On::Outcome(outcome) => {
                        let name = node.and_then(|node| outcome_name(node, outcome));
                        RouteOn::Outcome(name.map_or_else(|| Shared::from("?"), Shared::from))
                    }
                    On::Error => RouteOn::Error,
                },
                asks: node.map_or_else(Vec::new, |node| asks(program, node)),
            }
        });
        Route {
            journey: journey_name(outermost),
            steps: steps.collect(),
            end: self.place(program).into(),
        }
    }

    /// The finding with this run: a note that begins with `lead`, one for each inner journey that came to
    /// its end, and the route.
    ///
    /// ```
    /// use wayfare::{Diagnostic, Program, analysis::Counterexample};
    /// fn told(finding: Diagnostic, run: &Counterexample, program: &Program) -> Diagnostic {
    ///     run.tell(program, finding, "success is reached by")
    /// }
    /// ```
    #[must_use]
    pub fn tell(&self, program: &Program, finding: Diagnostic, lead: &str) -> Diagnostic {
        let finding = self.noted(program, finding, lead);
        let finding = match &self.beside {
            Some(beside) => beside.noted(program, finding, "an unknown user sees"),
            None => finding,
        };
        finding.route(self.route(program))
    }
}

impl Counterexample {
    fn noted(&self, program: &Program, finding: Diagnostic, lead: &str) -> Diagnostic {
        let finding = finding.note(format!("{lead} {}", self.text(program)));
        let inner = self.inner_text(program).into_iter();
        inner.fold(finding, Diagnostic::note)
    }
}

/// A loop within one journey as a run: these arcs, in this order, and the node where they lead.
pub(super) fn around<'a>(flow: &Flow, arcs: impl IntoIterator<Item = &'a Arc>) -> Counterexample {
    let mut steps = Vec::new();
    let mut length = 0;
    let mut end = flow.start;
    for arc in arcs {
        end = arc.to;
        let (Some(on), Some(state)) = (on_of(arc.leave), flow.state(arc.from)) else {
            continue;
        };
        length += 1;
        if steps.len() < Counterexample::STEPS_MAX {
            steps.push(CounterStep {
                calls: Calls::from([]),
                journey: flow.journey,
                node: state.node,
                on,
            });
        }
    }
    let end = flow.state(end);
    Counterexample {
        steps,
        length,
        end: Point {
            calls: Vec::new(),
            journey: flow.journey,
            node: end.map_or_else(NodeIndex::end, |state| state.node),
            at: At::Node,
        },
        beside: None,
    }
}

/// The arcs of a loop: one, then those of these that lead along a path; they are sorted by where they begin.
pub(super) fn arcs_of<'a>(kept: &[&'a Arc], first: &'a Arc, path: &[u32]) -> Vec<&'a Arc> {
    let back = path.windows(2).filter_map(|pair| {
        let [from, to] = pair else { return None };
        let start = kept.partition_point(|arc| arc.from < *from);
        let leaving = kept
            .get(start..)?
            .iter()
            .take_while(|arc| arc.from == *from);
        leaving.copied().find(|arc| arc.to == *to)
    });
    [first].into_iter().chain(back).collect()
}

/// The callbacks that a node may ask, in the order in which it asks them.
pub(super) fn asks(program: &Program, node: &Node) -> Vec<Shared<str>> {
    match &node.kind {
        NodeKind::Task(task) => asks_of(program, task.ty).collect(),
        NodeKind::Page(page) => page
            .children
            .iter()
            .flat_map(|child| asks_of(program, child.task.ty))
            .collect(),
        NodeKind::Decision(_)
        | NodeKind::Inner(_)
        | NodeKind::Success
        | NodeKind::Failure
        | NodeKind::LooseEnd => Vec::new(),
    }
}

fn asks_of(program: &Program, ty: TypeId) -> impl Iterator<Item = Shared<str>> {
    program
        .catalog
        .get(ty)
        .filter(|signature| signature.asks.or(true))
        .into_iter()
        .flat_map(|signature| signature.callbacks.iter())
        .map(|name| Shared::from(name.strip_suffix("Callback").unwrap_or(name)))
}

/// What a node may ask, as a line shows it behind its name: ` [Name, Password]`, or nothing.
pub(super) fn asks_text(program: &Program, node: &Node) -> String {
    let mut names = asks(program, node);
    if names.is_empty() {
        return String::new();
    }
    if names.len() > ASKS_SHOWN_MAX {
        names.truncate(ASKS_SHOWN_MAX);
        names.push(Shared::from("…"));
    }
    format!(" [{}]", names.join(", "))
}
