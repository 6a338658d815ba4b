//! The ways between nodes: arrows, errors, inner journeys, and stops.

use std::{collections::BTreeMap, sync::Arc};

use petgraph::{Direction, graph::NodeIndex, visit::EdgeRef};

use super::{
    kit::Spot,
    walker::{Caller, Then, Waits, Walker},
};
use crate::{
    engine::{
        action::{Action, Suspend},
        callback::{Ask, Callback},
        effect::{Effect, EffectId},
        error::NodeError,
        ground::Ground,
        step::{Call, FailureReason, Step, Suspended},
    },
    model::{
        journey::{NodeKind, On, OutcomeId},
        value::Value,
    },
};

impl Walker<'_> {
    /// Does what a node that is not in a page decides.
    pub(super) fn settle(&mut self, result: Result<Action, NodeError>) -> Then {
        let done = match result {
            Ok(Action::Go(go)) => match self.leaving(&go) {
                Ok(()) => return self.leave(go.outcome),
                Err(error) => Err(error),
            },
            Ok(Action::Ask(callbacks)) => self.ask(Ask::new(callbacks)),
            Ok(Action::Call(effect)) => return self.call(*effect),
            Ok(Action::Suspend(suspend)) => Ok(self.suspend(*suspend)),
            Err(error) => Err(error),
        };
        done.unwrap_or_else(|error| self.fail(&error))
    }

    pub(super) fn leave(&mut self, outcome: OutcomeId) -> Then {
        let kit = self.kit;
        let node = kit.node(self.at);
        let Some(target) = self.target(self.at, On::Outcome(outcome)) else {
            return self.fail(&NodeError::new("the node has no such outcome"));
        };
        self.log.push(format!(
            "{} -> {}",
            kit.path(self.at),
            node.outcomes[outcome.index()]
        ));
        self.from = Some(self.at);
        Then::Enter(target)
    }

    pub(super) fn target(&self, spot: Spot, on: On) -> Option<NodeIndex<u32>> {
        let graph = &self.kit.journey(spot.0).graph;
        let mut edges = graph.edges_directed(spot.1, Direction::Outgoing);
        edges
            .find(|edge| edge.weight().on == on)
            .map(|edge| edge.target())
    }

    /// A node has failed: what it did is taken back, and an error arrow is taken or the run fails.
    pub(super) fn fail(&mut self, error: &NodeError) -> Then {
        let failed = self.at;
        if self.state != self.before {
            self.saw("a failing node that gives something back");
        }
        self.state = self.before.clone();
        self.page = None;
        self.waits = Waits::Node;
        self.log.push(format!(
            "{} failed: {}",
            self.kit.path(failed),
            error.message
        ));
        self.from = Some(failed);
        self.ground = Some(Ground::Internal);
        if let Some(target) = self.target(failed, On::Error) {
            self.saw("an error arrow");
            return Then::Enter(target);
        }
        while let Some(caller) = self.callers.pop() {
            self.at = caller.at;
            self.from = Some(caller.at);
            self.state.hidden = caller.hidden;
            if let Some(outcome) = self.kit.node(caller.at).outcome("error") {
                self.saw("an inner journey that ends in error");
                self.describe(failed, error);
                return self.leave(outcome);
            }
            if let Some(target) = self.target(caller.at, On::Error) {
                self.saw("an error arrow of a caller");
                return Then::Enter(target);
            }
        }
        let node = Arc::from(self.kit.path(failed));
        let message = error.message.clone();
        self.end(FailureReason::NodeFailed { node, message })
    }

    pub(super) fn describe(&mut self, failed: Spot, error: &NodeError) {
        let kit = self.kit;
        let ty = match &kit.node(failed).kind {
            NodeKind::Task(task) => kit.signature(task).wire.to_string(),
            NodeKind::Decision(_) => "Decision".to_owned(),
            NodeKind::Page(_) => "PageNode".to_owned(),
            _ => "InnerTreeEvaluatorNode".to_owned(),
        };
        let node = BTreeMap::from([
            (
                Arc::from("displayName"),
                Value::Text(Arc::clone(&kit.node(failed).path)),
            ),
            (Arc::from("id"), Value::from(kit.path(failed))),
            (Arc::from("type"), Value::from(ty)),
        ]);
        let shared = &mut self.state.shared;
        shared.insert("errorNode".to_owned(), Value::Map(Arc::new(node)));
        shared.insert("errorMessage".to_owned(), Value::from(&*error.message));
    }

    pub(super) fn enter_inner(&mut self, inner: usize) -> Then {
        if self.callers.len() >= self.limits.inner_depth as usize {
            self.saw("inner journeys too deep");
            let what = "inner journeys stand deeper in each other than the limit";
            return self.fail(&NodeError::new(what));
        }
        self.saw(if self.callers.is_empty() {
            "an inner journey"
        } else {
            "an inner journey in another"
        });
        let kit = self.kit;
        let hidden = self.state.hidden.clone();
        self.state.hidden.keep(&kit.inputs(inner));
        if hidden != self.state.hidden {
            self.saw("values that an inner journey does not get");
        }
        self.callers.push(Caller {
            at: self.at,
            hidden,
        });
        self.from = Some(self.at);
        self.at = (inner, kit.journey(inner).start);
        Then::Enter(kit.journey(inner).start)
    }

    /// An inner journey has ended: its caller goes on by this outcome.
    pub(super) fn back(&mut self, outcome: &str) -> Then {
        let caller = self.callers.pop().unwrap();
        self.at = caller.at;
        self.state.hidden = caller.hidden;
        let outcome = self.kit.node(self.at).outcome(outcome).unwrap();
        self.leave(outcome)
    }

    pub(super) fn loose_end(&mut self) -> Then {
        self.saw("a loose end");
        while let Some(caller) = self.callers.pop() {
            self.saw("a loose end in an inner journey");
            self.at = caller.at;
            self.state.hidden = caller.hidden;
            if let Some(outcome) = self.kit.node(self.at).outcome("error") {
                return self.leave(outcome);
            }
        }
        self.end(FailureReason::LooseEnd)
    }

    pub(super) fn id(&mut self) -> EffectId {
        let ordinal = self.ordinal;
        self.ordinal += 1;
        EffectId {
            run: self.run,
            generation: self.generation,
            ordinal,
        }
    }

    pub(super) fn call(&mut self, effect: Effect) -> Then {
        if !self.count() {
            return self.end(FailureReason::TooManyVisits);
        }
        let path = if self.waits == Waits::Success {
            self.kit.path(self.at)
        } else {
            self.unit_path()
        };
        self.log.push(format!("{path} calls {}", effect.kind()));
        Then::Stop(Box::new(Step::Call(Arc::new(Call {
            id: self.id(),
            effect,
            node: Arc::from(path),
        }))))
    }

    pub(super) fn ask(&mut self, ask: Ask) -> Result<Then, NodeError> {
        if ask.callbacks.is_empty() {
            return Err(NodeError::new("the node asks nothing"));
        }
        if ask.callbacks.len() > self.limits.callbacks as usize {
            self.saw("more callbacks than the limit");
            return Err(NodeError::new("the node asks more than the limit"));
        }
        self.cross();
        Ok(Then::Stop(Box::new(Step::Ask(Arc::new(ask)))))
    }

    pub(super) fn suspend(&mut self, suspend: Suspend) -> Then {
        let longest = self.limits.suspend_time_max;
        self.expires = self
            .now
            .plus(suspend.within.unwrap_or(longest).min(longest));
        self.cross();
        Then::Stop(Box::new(Step::Suspended(Arc::new(Suspended {
            id: self.id(),
            ask: Ask::new(vec![Callback::SuspendedTextOutput { text: suspend.text }]),
            until: self.expires,
            deliver: suspend.deliver,
        }))))
    }

    /// A stop: what nobody further on declares to read is gone, the rest becomes secure.
    pub(super) fn cross(&mut self) {
        let kit = self.kit;
        if !self.state.hidden.is_empty() {
            let wanted = kit.wanted(self.at.0, vec![self.at.1]);
            let count = self.state.hidden.transient.len();
            self.state.hidden.cross(&wanted);
            if count > 0 && !self.state.hidden.secure.is_empty() {
                self.saw("transient values that cross a stop");
            }
        }
        if !self.before.hidden.is_empty() {
            let wanted = kit.wanted(self.at.0, vec![self.at.1]);
            self.before.hidden.cross(&wanted);
        }
        for caller in &mut self.callers {
            if !caller.hidden.is_empty() {
                let next = kit.next(caller.at.0, caller.at.1);
                caller.hidden.cross(&kit.wanted(caller.at.0, next));
            }
        }
    }
}
