//! Inner journeys: a journey is called like a node, and its end is one of the node's outcomes.
//!
//! Shared state is one for all frames. What is sensitive belongs to a frame: the inner journey gets what
//! its nodes declare, and whatever it makes of it stays behind when it ends. Frames are entries of a
//! list, so that no depth of calls is a depth of the stack.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    engine::{
        error::NodeError,
        plan::{InnerOutcomes, Kind, PlanNode},
        run::Frame,
        state::{Place, Sensitive},
        step::FailureReason,
        turn::Turn,
        walk::{Next, fail, leave},
    },
    model::{journey::OutcomeId, value::Value},
};

impl Turn<'_> {
    /// Enters the journey that a node stands for.
    pub(crate) fn enter_inner(&mut self, node: PlanNode) -> Next {
        let (plan, inputs) = (self.plan, &self.linked.inputs);
        let Some(inner) = plan.journey(node.body) else {
            return self.broken("an inner journey is not in the plan");
        };
        if self.run.frames.len() >= self.limits.inner_depth as usize {
            let error = NodeError::new("inner journeys stand deeper in each other than the limit");
            return fail(self, node, error);
        }
        if !inner.settings.enabled {
            let error = NodeError::new("the inner journey is not enabled");
            return fail(self, node, error);
        }
        let sensitive = &mut self.run.state.sensitive;
        let saved = if sensitive.is_empty() {
            Sensitive::default()
        } else {
            let saved = sensitive.clone();
            sensitive.retain(
                |key| inputs.key(&inner.inputs, key),
                |name| inputs.member(&inner.inputs, name),
            );
            saved
        };
        self.run.frames.push(Frame {
            caller: self.run.at,
            saved,
            passed: std::mem::take(&mut self.run.passed),
        });
        self.from = self.run.at;
        Next::Arrive(inner.start)
    }

    /// Goes back to the node that called the journey at hand; `None` in the outermost.
    pub(crate) fn leave_inner(&mut self) -> Option<PlanNode> {
        let frame = self.run.frames.pop()?;
        self.run.state.sensitive = frame.saved;
        self.run.passed = frame.passed;
        self.run.at = frame.caller;
        self.plan.node(frame.caller)
    }

    pub(crate) fn arrive_at_failure(&mut self) -> Next {
        if self.run.frames.is_empty() {
            return self.end(FailureReason::Rejected);
        }
        self.leave_by(|inner| inner.failure)
    }

    /// A declared loose end fails this journey, and every caller that has not wired `error`.
    pub(crate) fn arrive_at_loose_end(&mut self) -> Next {
        // BOUND: every turn takes a frame away.
        while let Some(caller) = self.leave_inner() {
            let outcomes = self.inner_outcomes(self.run.at);
            if let Some(outcome) = outcomes.and_then(|inner| inner.error) {
                return leave(self, caller, outcome);
            }
        }
        self.end(FailureReason::LooseEnd)
    }

    /// Ends an inner journey by the outcome of the node that called it.
    pub(crate) fn leave_by(&mut self, which: fn(InnerOutcomes) -> Option<OutcomeId>) -> Next {
        let Some(caller) = self.leave_inner() else {
            return self.broken("a frame without a caller");
        };
        match self.inner_outcomes(self.run.at).and_then(which) {
            Some(outcome) => leave(self, caller, outcome),
            None => fail(
                self,
                caller,
                NodeError::new("the inner journey has no such outcome"),
            ),
        }
    }

    /// Tells the caller what went wrong, as far as it may be told.
    pub(crate) fn describe_error(&mut self, failed: u32, error: &NodeError) {
        let Some(label) = self.plan.label(failed) else {
            return;
        };
        let path = label.name.rsplit('/').next().unwrap_or_default();
        let ty = self
            .plan
            .node(failed)
            .map_or_else(|| Arc::from(""), |node| self.type_name(node));
        let node = BTreeMap::from([
            (Arc::from("displayName"), Value::from(path)),
            (Arc::from("id"), Value::Text(Arc::clone(&label.name))),
            (Arc::from("type"), Value::Text(ty)),
        ]);
        let known = self.plan.known;
        let message = Value::from(&*error.message);
        self.run.set_cell(
            Place::Shared,
            known.error_node,
            Some(Value::Map(Arc::new(node))),
        );
        self.run
            .set_cell(Place::Shared, known.error_message, Some(message));
    }

    /// The type of a node as texts name it, also of those that are parts of the walk.
    fn type_name(&self, node: PlanNode) -> Arc<str> {
        match node.kind {
            Kind::Page => Arc::from("PageNode"),
            Kind::Inner => Arc::from("InnerTreeEvaluatorNode"),
            Kind::Task | Kind::Success | Kind::Failure | Kind::LooseEnd => self
                .plan
                .unit(node.body)
                .map_or_else(|| Arc::from(""), |unit| Arc::clone(&unit.wire)),
        }
    }
}
