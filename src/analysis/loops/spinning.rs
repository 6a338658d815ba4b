//! Loops on which nobody is asked and nothing counts.

use std::collections::BTreeSet;

use crate::{
    Diagnostic, Diagnostics,
    analysis::{
        flow::{Arc, Bound, Exits, Only, State},
        loops::{Here, Loops},
    },
    codes,
};

impl Here<'_> {
    /// Reports loops that spin; by which ends the journey can be left without asking or counting.
    pub(super) fn spinning(&mut self, silent: &[Exits], diagnostics: &mut Diagnostics) -> Exits {
        let is_silent = |arc: &Arc| {
            let Some(state) = self.flow.state(arc.from) else {
                return false;
            };
            let quiet = if arc.via.is_some() {
                self.flow.returns(arc, silent)
            } else if arc.is_error() {
                // A node may fail before it asks.
                match arc.only {
                    Only::Done => self.later_child_may_fail(state),
                    Only::Always | Only::Passing => state.may_fail,
                }
            } else {
                !state.asks
            };
            quiet && arc.bound == Bound::None && self.is_reached(arc.from)
        };
        let loops = Loops::new(self.flow, is_silent);
        let ends = self.ends_by(is_silent);
        let mut told = BTreeSet::new();
        for arc in &loops.kept {
            if !loops.is_on_one(arc) || !told.insert(loops.component(arc.from)) {
                continue;
            }
            let Some(node) = self.flow.state(arc.from).map(|state| state.node) else {
                continue;
            };
            let Some(node) = self.journey.graph.node_weight(node) else {
                continue;
            };
            let mut finding = Diagnostic::new(
                codes::SPINNING_LOOP,
                node.span,
                format!("the loop through `{}` neither asks nor counts", node.path),
            )
            .expected("a run would go around here until it is stopped")
            .help("let the loop pass a node that asks, or a `RetryLimitDecision`");
            if let Some(around) = self.around(arc, &loops) {
                finding = around.tell(self.program, finding, "around:");
            }
            diagnostics.push(finding);
        }
        ends
    }

    fn later_child_may_fail(&self, page: &State) -> bool {
        let mut later = self.flow.states_of(page.node).skip(1);
        later.any(|child| self.flow.state(child).is_some_and(|child| child.may_fail))
    }
}
