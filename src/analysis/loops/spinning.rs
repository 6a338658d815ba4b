//! Loops on which nobody is asked and nothing counts.
//!
//! Whether a script asks is not known from its node unless the author says so. A loop that spins whatever
//! such scripts do is one finding; a loop that spins only if they ask nothing is another, which asks the
//! author to say it.

use std::collections::BTreeSet;

use crate::{
    Diagnostic, Diagnostics,
    analysis::{
        flow::{Arc, Bound, Exits, Only, State},
        loops::{Here, Loops, put},
    },
    codes,
    model::journey::{JourneyId, NodeKind, Task},
};

/// By journey, by which ends it can be left without asking or counting.
#[derive(Debug)]
pub(super) struct Silent {
    /// Whatever its scripts do.
    sure: Vec<Exits>,
    /// Where scripts of which nothing is said ask nothing.
    unsaid: Vec<Exits>,
}

impl Silent {
    /// Of no journey anything is known yet.
    pub(super) fn new(journeys: usize) -> Self {
        let none = vec![Exits::default(); journeys];
        Self {
            sure: none.clone(),
            unsaid: none,
        }
    }

    fn hangs_on_the_unsaid(&self, journey: JourneyId) -> bool {
        self.sure.get(journey.index()) != self.unsaid.get(journey.index())
    }
}

/// What scripts do of which nothing is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unsaid {
    Asks,
    IsSilent,
}

impl Here<'_> {
    /// Reports loops that spin, and notes by which ends the journey can be left without asking or counting.
    pub(super) fn spinning(&mut self, silent: &mut Silent, diagnostics: &mut Diagnostics) {
        let mut told = BTreeSet::new();
        let sure = self.spinning_if(Unsaid::Asks, &silent.sure, &mut told, diagnostics);
        let mut calls = self.flow.calls();
        let hangs = self.flow.states.iter().any(|state| state.unsaid)
            || calls.any(|(_, inner)| silent.hangs_on_the_unsaid(inner));
        let unsaid = if hangs {
            self.spinning_if(Unsaid::IsSilent, &silent.unsaid, &mut told, diagnostics)
        } else {
            sure
        };
        put(&mut silent.sure, self.journey.id, sure);
        put(&mut silent.unsaid, self.journey.id, unsaid);
    }

    /// The same, for what scripts do of which nothing is said; `told` are the states of loops that were
    /// reported before.
    fn spinning_if(
        &mut self,
        unsaid: Unsaid,
        inner: &[Exits],
        told: &mut BTreeSet<u32>,
        diagnostics: &mut Diagnostics,
    ) -> Exits {
        let is_silent = |arc: &Arc| {
            let Some(state) = self.flow.state(arc.from) else {
                return false;
            };
            let quiet = if arc.via.is_some() {
                self.flow.returns(arc, inner)
            } else if arc.is_error() {
                // A node may fail before it asks.
                match arc.only {
                    Only::Done => self.later_child_may_fail(state),
                    Only::Always | Only::Passing => state.may_fail,
                }
            } else {
                !(state.asks || state.unsaid && unsaid == Unsaid::Asks)
            };
            quiet && arc.bound == Bound::None && self.is_reached(arc.from)
        };
        let loops = Loops::new(self.flow, is_silent);
        let ends = self.ends_by(is_silent);
        let around: Vec<&Arc> = loops
            .kept
            .iter()
            .copied()
            .filter(|arc| loops.is_on_one(arc))
            .collect();
        let known = around.iter().filter(|arc| told.contains(&arc.from));
        let mut components: BTreeSet<_> = known.map(|arc| loops.component(arc.from)).collect();
        told.extend(around.iter().map(|arc| arc.from));
        for arc in around {
            if !components.insert(loops.component(arc.from)) {
                continue;
            }
            let Some(mut finding) = self.spins(arc, unsaid) else {
                continue;
            };
            if let Some(around) = self.around(arc, &loops) {
                finding = around.tell(self.program, finding, "around:");
            }
            diagnostics.push(finding);
        }
        ends
    }

    fn spins(&self, arc: &Arc, unsaid: Unsaid) -> Option<Diagnostic> {
        let node = self.flow.state(arc.from)?.node;
        let node = self.journey.graph.node_weight(node)?;
        if unsaid == Unsaid::Asks {
            let message = format!("the loop through `{}` neither asks nor counts", node.path);
            let finding = Diagnostic::new(codes::SPINNING_LOOP, node.span, message)
                .expected("a run would go around here until it is stopped")
                .help("let the loop pass a node that asks, or a `RetryLimitDecision`");
            return Some(finding);
        }
        let message = format!("whether the loop through `{}` asks is not said", node.path);
        let finding = Diagnostic::new(codes::MAYBE_SPINNING_LOOP, node.span, message)
            .expected("without asking, a run would go around here until it is stopped");
        Some(finding.help(format!(
            "say `{} = true` where a script on the loop asks on every visit, or let the loop pass a \
             node that asks, or a `RetryLimitDecision`",
            self.says_asks().unwrap_or("asks")
        )))
    }

    /// The setting by which one of the nodes here could say that it asks.
    fn says_asks(&self) -> Option<&str> {
        let mut unsaid = self.flow.states.iter().filter(|state| state.unsaid);
        let tasks = unsaid.find_map(|state| {
            let node = self.journey.graph.node_weight(state.node)?;
            let tasks: Vec<&Task> = match &node.kind {
                NodeKind::Task(task) => vec![task],
                NodeKind::Page(page) => page.children.iter().map(|child| &child.task).collect(),
                _ => Vec::new(),
            };
            Some(tasks)
        });
        tasks.into_iter().flatten().find_map(|task| {
            let signature = self.program.catalog.get(task.ty)?;
            signature.asks_unsaid(|key| {
                let found = task.settings.iter().find(|(name, _)| &**name == key);
                found.map(|(_, value)| value)
            })
        })
    }

    fn later_child_may_fail(&self, page: &State) -> bool {
        let mut later = self.flow.states_of(page.node).skip(1);
        later.any(|child| self.flow.state(child).is_some_and(|child| child.may_fail))
    }
}
