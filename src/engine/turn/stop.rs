//! The stops of a run: to ask, to have something done outside, to wait for a link.
//!
//! In: what the node at hand asks or wants done. Out: a step, and a run that holds no more than may cross a
//! stop. Taking the answer is not here.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    engine::{
        action::{Action, Suspend},
        callback::{Ask, Callback},
        context::Dress,
        effect::{Effect, EffectId, ReadIdentity, ReadSession},
        error::NodeError,
        live::Row,
        plan::Needs,
        run::{Asker, Run, Standing},
        snapshot,
        state::{Place, Undo},
        step::{Call, FailureReason, Step, Suspended},
        trace::Event,
        turn::Turn,
        walk::Next,
    },
    model::expr::KeyId,
};

impl Turn<'_> {
    /// Stops for somebody to answer.
    pub(crate) fn ask(&mut self, callbacks: Vec<Callback>) -> Result<Step, NodeError> {
        let Dress {
            stage,
            header,
            description,
        } = std::mem::take(&mut self.dress);
        self.ask_all(Ask {
            stage,
            header,
            description,
            ..Ask::new(callbacks)
        })
    }

    /// As [`Turn::ask`], with what a page adds.
    pub(crate) fn ask_all(&mut self, ask: Ask) -> Result<Step, NodeError> {
        self.check_callbacks(&ask.callbacks)?;
        if self.trace.is_some() {
            let (node, callbacks) = (self.unit_name(), ask.callbacks.len());
            self.note(Event::Asked { node, callbacks });
        }
        self.carry();
        let ask = Arc::new(ask);
        self.run.standing = Standing::Ask(Arc::clone(&ask));
        Ok(self.stop(Step::Ask(ask)))
    }

    fn check_callbacks(&self, callbacks: &[Callback]) -> Result<(), NodeError> {
        if callbacks.is_empty() {
            return Err(NodeError::new("the node asks nothing"));
        }
        if callbacks.len() > self.limits.callbacks as usize {
            return Err(NodeError::new("the node asks more than the limit"));
        }
        Ok(())
    }

    /// Stops for something to be done outside, on behalf of the unit at hand.
    pub(crate) fn call(&mut self, effect: Effect) -> Next {
        // An effect counts as a visit, so that no node can call for ever.
        if !self.count() {
            return self.end(FailureReason::TooManyVisits);
        }
        let call = Arc::new(Call {
            id: self.next_id(),
            effect,
            node: self.unit_name(),
        });
        if self.trace.is_some() {
            let (node, kind) = (Arc::clone(&call.node), call.effect.kind());
            self.note(Event::Called { node, kind });
        }
        self.run.standing = Standing::Call(Arc::clone(&call));
        Next::Stop(self.stop(Step::Call(call)))
    }

    fn next_id(&mut self) -> EffectId {
        let ordinal = self.run.ordinal;
        self.run.ordinal = ordinal.saturating_add(1);
        EffectId {
            run: self.run.id,
            generation: self.run.generation,
            ordinal,
        }
    }

    /// Stops until someone comes back by a link.
    pub(crate) fn suspend(&mut self, suspend: Suspend) -> Result<Step, NodeError> {
        if self.run.page.is_some() {
            return Err(NodeError::new("a node in a page cannot suspend the run"));
        }
        let longest = self.limits.suspend_time_max;
        let until = self
            .now
            .plus(suspend.within.unwrap_or(longest).min(longest));
        let ask = Ask::new(vec![Callback::SuspendedTextOutput { text: suspend.text }]);
        let suspended = Arc::new(Suspended {
            id: self.next_id(),
            ask,
            until,
            deliver: suspend.deliver,
        });
        self.run.expires = until;
        self.carry();
        self.run.standing = Standing::Suspended(Arc::clone(&suspended));
        Ok(self.stop(Step::Suspended(suspended)))
    }

    /// Every stop: a run whose state has grown too large ends here.
    fn stop(&mut self, step: Step) -> Step {
        if !snapshot::fits(self.run, self.plan, self.limits.state_bytes)
            && let Next::Stop(end) = self.end(FailureReason::StateTooLarge)
        {
            return end;
        }
        step
    }

    /// What is transient crosses a stop only where a node further on declares that it reads it.
    fn carry(&mut self) {
        let (plan, inputs) = (self.plan, &self.linked.inputs);
        if let Some(label) = plan.label(self.run.at) {
            let live = &label.live;
            self.run.carry_undo(
                |key| inputs.key(live, key),
                |name| inputs.member(live, name),
            );
            let sensitive = &mut self.run.state.sensitive;
            if !sensitive.is_empty() {
                sensitive.retain(
                    |key| inputs.key(live, key),
                    |name| inputs.member(live, name),
                );
                sensitive.settle();
            }
        }
        for frame in &mut self.run.frames {
            if frame.saved.is_empty() {
                continue;
            }
            let Some(node) = plan.node(frame.caller) else {
                continue;
            };
            let any = |test: &dyn Fn(&Row) -> bool| {
                plan.successors(node)
                    .filter_map(|next| plan.label(next))
                    .any(|label| test(&label.live))
            };
            frame.saved.retain(
                |key| any(&|live| inputs.key(live, key)),
                |name| any(&|live| inputs.member(live, name)),
            );
            frame.saved.settle();
        }
    }

    /// Asks for what the expressions of the unit read from outside and is not there yet.
    pub(crate) fn fetch(&mut self, needs: &Needs) -> Option<Action> {
        if !needs.user.is_empty() && self.run.visit.fetched.user.is_none() {
            if let Some(who) = self.who() {
                self.run.asker = Asker::User;
                return Some(Action::call(Effect::ReadIdentity(ReadIdentity {
                    who,
                    attributes: needs.user.clone(),
                })));
            }
            self.run.visit.fetched.user = Some(BTreeMap::new());
        }
        if !needs.session.is_empty() && self.run.visit.fetched.session.is_none() {
            if let Some(session) = &self.run.start.session {
                let session = session.session.clone();
                self.run.asker = Asker::Session;
                return Some(Action::call(Effect::ReadSession(ReadSession {
                    session,
                    properties: needs.session.clone(),
                })));
            }
            self.run.visit.fetched.session = Some(BTreeMap::new());
        }
        None
    }
}

impl Run {
    /// What would be put back into transient state after a stop has by then become secure, or is gone.
    fn carry_undo(&mut self, key: impl Fn(KeyId) -> bool, member: impl Fn(&str) -> bool) {
        if self.undo.is_empty() {
            return;
        }
        let mut kept = Vec::with_capacity(self.undo.len());
        let both: Vec<KeyId> = self
            .undo
            .iter()
            .filter_map(|undo| match undo {
                Undo::Cell(Place::Secure, key, _) => Some(*key),
                _ => None,
            })
            .collect();
        for undo in std::mem::take(&mut self.undo) {
            match undo {
                Undo::Cell(Place::Transient, k, old) => {
                    let old = old.filter(|_| key(k));
                    if old.is_none() && both.contains(&k) {
                        continue;
                    }
                    let now = self.state.sensitive.secure.get(&k).filter(|_| key(k));
                    kept.push(Undo::Cell(Place::Secure, k, old.or_else(|| now.cloned())));
                }
                Undo::Member(Place::Transient, name, old) => {
                    let now = self.state.sensitive.secure_object.get(&name);
                    let old = old.or_else(|| now.cloned()).filter(|_| member(&name));
                    kept.push(Undo::Member(Place::Secure, name, old));
                }
                Undo::Cell(Place::Secure, k, old) => {
                    kept.push(Undo::Cell(Place::Secure, k, old.filter(|_| key(k))));
                }
                Undo::Member(Place::Secure, name, old) => {
                    let old = old.filter(|_| member(&name));
                    kept.push(Undo::Member(Place::Secure, name, old));
                }
                Undo::Cell(..)
                | Undo::Member(..)
                | Undo::Memory(..)
                | Undo::Level(_)
                | Undo::Expires(_)
                | Undo::Identity(_)
                | Undo::Ends(_) => kept.push(undo),
            }
        }
        self.undo = kept;
    }
}
