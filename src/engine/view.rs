//! What may be seen of a run from outside: who asks, how far it has come, what it has proved.
//!
//! In: a run at rest. Out: names, levels, proofs and values that are not secret. Answers, transient and
//! secure state and what nodes remember are not shown here nor anywhere.

use std::{ops::Range, sync::Arc};

use crate::{
    engine::{
        action::Subject,
        plan::{Kind, is_secret},
        run::Standing,
        session::AuthSession,
        step::Evidence,
    },
    model::{level::AuthLevel, value::Value},
};

impl AuthSession {
    /// Who asks now: each node, or child of a page, with the range of its callbacks in the ask.
    ///
    /// Nodes are named as in traces, `journey/node` and `journey/node.child`. Empty where nothing is
    /// asked; a child of a page that was answered and is asked again in this round is among them.
    pub fn asking(&self) -> Vec<(Arc<str>, Range<usize>)> {
        let Standing::Ask(ask) = &self.run.standing else {
            return Vec::new();
        };
        let plan = &self.engine.linked.plan;
        let node = plan.node(self.run.at);
        let page = node.filter(|node| node.kind == Kind::Page);
        let children = page.and_then(|node| plan.page(node.body));
        let (Some(page), Some(visit)) = (children, &self.run.page) else {
            return vec![(self.at().unwrap_or_default(), 0..ask.callbacks.len())];
        };
        let mut asking = Vec::new();
        let mut first = 0;
        for (child, visit) in page.children.iter().zip(&visit.children) {
            let next = first + visit.callbacks.len();
            if next > first {
                let name = plan.unit(child.unit).map(|unit| Arc::clone(&unit.name));
                asking.push((name.unwrap_or_default(), first..next));
            }
            first = next;
        }
        asking
    }

    /// The node that the run stands at, `journey/node`; `None` before the first step.
    pub fn at(&self) -> Option<Arc<str>> {
        let label = self.engine.linked.plan.label(self.run.at)?;
        Some(Arc::clone(&label.name))
    }

    /// The nodes by which inner journeys were entered that the run is in, the outermost first.
    pub fn calls(&self) -> Vec<Arc<str>> {
        let plan = &self.engine.linked.plan;
        let callers = self.run.frames.iter().map(|frame| plan.label(frame.caller));
        callers
            .flatten()
            .map(|label| Arc::clone(&label.name))
            .collect()
    }

    /// The level reached so far.
    pub fn level(&self) -> AuthLevel {
        self.run.level
    }

    /// Whom the run has identified; not whom it has proved, see [`AuthSession::evidence`].
    pub fn subject(&self) -> Option<&Subject> {
        self.run.proofs.subject.as_ref()
    }

    /// What was proved so far, in order; once the run has succeeded, its success holds it.
    pub fn evidence(&self) -> &[Evidence] {
        &self.run.proofs.evidence
    }

    /// A value of shared state; `None` also where it is or holds a secret, and once the run has ended.
    pub fn shared(&self, key: &str) -> Option<&Value> {
        let plan = &self.engine.linked.plan;
        let id = self.run.find_key(plan, key)?;
        let value = self.run.state.shared.get(&id)?;
        (!is_secret(value)).then_some(value)
    }

    /// The keys of shared state that hold a value which is not secret, sorted.
    pub fn shared_keys(&self) -> Vec<Arc<str>> {
        let plan = &self.engine.linked.plan;
        let shown = self
            .run
            .state
            .shared
            .iter()
            .filter(|(_, value)| !is_secret(value));
        let mut keys: Vec<Arc<str>> = shown
            .filter_map(|(key, _)| self.run.key_name(plan, *key))
            .collect();
        keys.sort_unstable();
        keys
    }
}
