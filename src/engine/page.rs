//! Pages: several nodes asked in one step.
//!
//! A round of a page passes its children in order, all of them, every time; a last child that leads the
//! page is passed before the others, which are passed only where it asks or ends in the outcome that it
//! leads to. What the children write in
//! a round that ends in another question is taken back, so that each round begins where the page began;
//! only counters stay. Draws of the host and effects that must not be repeated are recorded for each
//! child and replayed in later rounds, as long as the child got the same answers for the same person.
//! Look-ups are never replayed. An effect stops the round at the child that wants it; the cursor is kept
//! in the run.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use zeroize::Zeroize;

use crate::{
    engine::{
        action::{Action, Go, Reply},
        answer,
        callback::{Answer, Ask, Callback},
        effect::{Effect, EffectReply},
        error::NodeError,
        host::Timestamp,
        obligation::MarkAt,
        plan::{PlanChild, PlanNode, PlanPage},
        run::{Asker, Visit},
        snapshot,
        turn::Turn,
        walk::{Next, act, enter, fail, leave, resume},
    },
    model::journey::{Lead, OutcomeId},
};

/// Something that is not done again in a later round.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Recorded {
    /// The clock was read.
    Now(Timestamp),
    /// Randomness was drawn.
    Random(crate::secret::Secret<Vec<u8>>),
    /// Something was counted or timed.
    Measured,
    /// An effect was performed: what it was, as a keyed digest, and its reply.
    Once([u8; 16], EffectReply),
}

/// A child of a page during a visit of the page.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct ChildVisit {
    pub(crate) visit: Visit,
    /// What it kept for itself when it asked; every round begins with that.
    pub(crate) asked_with: Option<crate::model::value::Value>,
    /// What it asked last, with the ids.
    pub(crate) callbacks: Vec<Callback>,
    pub(crate) ids: Vec<u32>,
    /// Whether it ended in an outcome in this round.
    pub(crate) content: bool,
    /// What was answered in this round, until the child gets it.
    pub(crate) answers: Option<Vec<Answer>>,
    /// For which answers and for whom the record holds.
    pub(crate) basis: [u8; 16],
    pub(crate) record: Vec<Recorded>,
    /// The place in the record.
    pub(crate) ordinal: u32,
}

/// A visit of a page.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct PageVisit {
    pub(crate) children: Vec<ChildVisit>,
    pub(crate) cursor: u32,
    pub(crate) next_id: u32,
    /// The time of this round, also where effects have interrupted it.
    pub(crate) now: Timestamp,
    /// The keyed digest of the effect that the child at the cursor waits for, where it is recorded.
    pub(crate) pending: Option<[u8; 16]>,
    /// The outcome of the last child in this round.
    pub(crate) outcome: Option<OutcomeId>,
}

impl Turn<'_> {
    /// The first round.
    pub(crate) fn enter_page(&mut self, node: PlanNode) -> Next {
        let Some(page) = self.plan.page(node.body) else {
            return self.broken("a page is not in the plan");
        };
        let children = page.children.iter().map(|_| ChildVisit::default());
        self.run.page = Some(Box::new(PageVisit {
            children: children.collect(),
            cursor: page.first(),
            now: self.now,
            ..PageVisit::default()
        }));
        self.round(node, page)
    }

    /// A later round: the answers, all of them, are given to the children that asked.
    pub(crate) fn answer_page(&mut self, node: PlanNode, answers: Vec<Answer>) -> Next {
        let (Some(page), Some(visit)) = (self.plan.page(node.body), &mut self.run.page) else {
            return self.broken("a page is not being visited");
        };
        let mut answers = answers.into_iter();
        for child in &mut visit.children {
            child.visit.forget_replies();
            child.visit.memory.clone_from(&child.asked_with);
            if !child.callbacks.is_empty() {
                child.answers = Some(answers.by_ref().take(child.callbacks.len()).collect());
            }
        }
        visit.cursor = page.first();
        visit.outcome = None;
        visit.now = self.now;
        self.round(node, page)
    }

    /// The child at the cursor gets the reply to its effect.
    pub(crate) fn reply_page(&mut self, node: PlanNode, reply: EffectReply) -> Next {
        let (Some(page), Some(visit)) = (self.plan.page(node.body), &mut self.run.page) else {
            return self.broken("a page is not being visited");
        };
        let cursor = visit.cursor as usize;
        let Some(plan) = page.children.get(cursor) else {
            return self.broken("the cursor of a page is out of bounds");
        };
        let pending = visit.pending.take();
        if let Some(child) = visit.children.get_mut(cursor) {
            std::mem::swap(&mut child.visit, &mut self.run.visit);
            if let Some(digest) = pending {
                child.put(Recorded::Once(digest, reply.clone()));
            }
        }
        self.unit = plan.unit;
        let asker = std::mem::take(&mut self.run.asker);
        // What the engine reads for expressions, the node has not asked for: it names nobody.
        if asker == Asker::Node {
            self.run.vouch(&reply);
        }
        let result = match (asker, reply) {
            (_, EffectReply::Failed(message)) => Err(NodeError::new(message)),
            (Asker::Node | Asker::Success, reply) => {
                let reply = self.run.hear(reply);
                resume(self, Reply::Effect(reply))
            }
            (Asker::User | Asker::Session, reply) => {
                self.keep_fetched(asker, reply);
                self.enter_fetched()
            }
        };
        match self.child(page, plan, result) {
            Ok(None) => self.round(node, page),
            Ok(Some(next)) => next,
            Err(error) => fail(self, node, error),
        }
    }

    /// Passes the children from the cursor on.
    fn round(&mut self, node: PlanNode, page: &PlanPage) -> Next {
        // BOUND: the cursor comes to each child once.
        loop {
            let visit = self.run.page.as_ref();
            let cursor = visit.map_or(0, |visit| visit.cursor as usize);
            let ended = visit.is_some_and(|visit| page.is_ended(visit));
            let Some(plan) = page.children.get(cursor).filter(|_| !ended) else {
                break;
            };
            let result = self.pass(plan, cursor);
            match self.child(page, plan, result) {
                Ok(None) => {}
                Ok(Some(next)) => return next,
                Err(error) => return fail(self, node, error),
            }
        }
        match self.end_round(page) {
            Ok(RoundEnd::Left(outcome)) => {
                self.run.page = None;
                leave(self, node, outcome)
            }
            Ok(RoundEnd::Asks(ask)) => {
                self.run.roll_back(true);
                match self.ask_all(ask) {
                    Ok(step) => Next::Stop(step),
                    Err(error) => fail(self, node, error),
                }
            }
            Err(error) => fail(self, node, error),
        }
    }

    /// Enters the child at the cursor, or gives it its answers.
    fn pass(&mut self, plan: &PlanChild, cursor: usize) -> Result<Action, NodeError> {
        self.unit = plan.unit;
        let number = u16::try_from(cursor).map_err(|_| no_child())?;
        self.pass_by(self.run.at, MarkAt::Child(number));
        let basis = self.basis(cursor);
        let child = self
            .run
            .page
            .as_mut()
            .and_then(|visit| visit.children.get_mut(cursor))
            .ok_or_else(no_child)?;
        // Another answer, another person, or an answer to a new question: nothing is replayed.
        if !child.content || !same_digest(&child.basis, &basis) {
            child.record.clear();
        }
        child.basis = basis;
        child.ordinal = 0;
        child.content = false;
        let answers = child.answers.take();
        if let Some(answers) = &answers {
            for (callback, answer) in child.callbacks.iter_mut().zip(answers) {
                answer::keep(callback, answer);
            }
        }
        std::mem::swap(&mut child.visit, &mut self.run.visit);
        match answers {
            Some(answers) => resume(self, Reply::Answers(answers)),
            None => enter(self),
        }
    }

    /// Follows what a child has decided: `None` where the round goes on behind it.
    fn child(
        &mut self,
        page: &PlanPage,
        plan: &PlanChild,
        mut result: Result<Action, NodeError>,
    ) -> Result<Option<Next>, NodeError> {
        // BOUND: every turn of the loop uses up one entry of the record, or counts as a visit.
        loop {
            match result? {
                Action::Go(go) => {
                    self.child_left(page, plan, &go)?;
                    return Ok(None);
                }
                Action::Ask(callbacks) => {
                    self.child_asks(page, callbacks)?;
                    return Ok(None);
                }
                Action::Call(effect) => {
                    let own = self.run.asker == Asker::Node;
                    let once = own && effect.is_once();
                    let digest = once.then(|| self.digest_of(&effect));
                    if let Some(reply) = digest.as_ref().and_then(|d| self.replay_once(d)) {
                        if !self.count() {
                            return Ok(Some(
                                self.end(crate::engine::step::FailureReason::TooManyVisits),
                            ));
                        }
                        self.run.vouch(&reply);
                        let reply = self.run.hear(reply);
                        result = resume(self, Reply::Effect(reply));
                        continue;
                    }
                    return Ok(Some(self.child_calls(*effect, digest)));
                }
                Action::Suspend(_) => {
                    return Err(NodeError::new("a node in a page cannot suspend the run"));
                }
            }
        }
    }

    fn child_left(&mut self, page: &PlanPage, plan: &PlanChild, go: &Go) -> Result<(), NodeError> {
        if go.outcome.0 >= plan.outcomes {
            return Err(NodeError::new("the node has no such outcome"));
        }
        self.prove(go)?;
        let at = self.run.at;
        let cursor = self.put_back()?.cursor;
        let number = u16::try_from(cursor).map_err(|_| no_child())?;
        self.pass_by(at, MarkAt::ChildLeft(number, go.outcome));
        let visit = self.run.page.as_mut().ok_or_else(no_child)?;
        if visit.cursor as usize + 1 == visit.children.len() {
            visit.outcome = Some(go.outcome);
        }
        if let Some(child) = visit.children.get_mut(visit.cursor as usize) {
            child.content = true;
        }
        visit.cursor = page.after(visit.cursor);
        Ok(())
    }

    fn child_asks(&mut self, page: &PlanPage, callbacks: Vec<Callback>) -> Result<(), NodeError> {
        if callbacks.is_empty() {
            return Err(NodeError::new("the node asks nothing"));
        }
        let visit = self.put_back()?;
        let first = visit.next_id;
        let count = u32::try_from(callbacks.len()).unwrap_or(u32::MAX);
        visit.next_id = first.saturating_add(count);
        if let Some(child) = visit.children.get_mut(visit.cursor as usize) {
            child.asked_with.clone_from(&child.visit.memory);
            child.callbacks = callbacks;
            child.ids = (first..visit.next_id).collect();
            child.record.clear();
        }
        visit.cursor = page.after(visit.cursor);
        Ok(())
    }

    fn child_calls(&mut self, effect: Effect, digest: Option<[u8; 16]>) -> Next {
        match self.put_back() {
            Ok(visit) => visit.pending = digest,
            Err(error) => return self.broken(&error.message),
        }
        self.call(effect)
    }

    /// Puts the visit of the child at the cursor back into the page.
    fn put_back(&mut self) -> Result<&mut PageVisit, NodeError> {
        let run = &mut *self.run;
        let visit = run.page.as_mut().ok_or_else(no_child)?;
        let child = visit
            .children
            .get_mut(visit.cursor as usize)
            .ok_or_else(no_child)?;
        std::mem::swap(&mut child.visit, &mut run.visit);
        Ok(visit)
    }

    /// What a round has come to.
    fn end_round(&mut self, page: &PlanPage) -> Result<RoundEnd, NodeError> {
        let visit = self.run.page.as_ref().ok_or_else(no_child)?;
        let unresolved = visit.children.iter().any(|child| {
            !child.content
                && child
                    .callbacks
                    .iter()
                    .any(|callback| !matches!(callback, Callback::Metadata { .. }))
        });
        if !unresolved || page.is_ended(visit) {
            let outcome = visit.outcome.ok_or_else(|| {
                NodeError::new(if page.children.is_empty() {
                    "the page has no nodes in it"
                } else {
                    "no outcome and only metadata callbacks found"
                })
            })?;
            return page
                .outcomes
                .get(outcome.index())
                .map(|outcome| RoundEnd::Left(*outcome))
                .ok_or_else(no_child);
        }
        let mut ask = Ask::default();
        let mut ids = Vec::new();
        for child in &visit.children {
            ask.callbacks.extend(child.callbacks.iter().cloned());
            ids.extend(&child.ids);
        }
        let text = |text: &crate::model::text::LocalizedText| {
            let best = text.best(self.request.locales.iter().map(String::as_str));
            (!best.is_empty()).then(|| best.to_owned())
        };
        ask.ids = Some(ids);
        ask.header = text(&page.header);
        ask.description = text(&page.description);
        ask.stage = page
            .stage
            .as_deref()
            .filter(|stage| !stage.is_empty())
            .map(str::to_owned);
        Ok(RoundEnd::Asks(ask))
    }

    /// Enters the unit at hand, which has read one thing from outside and may want another.
    pub(crate) fn enter_fetched(&mut self) -> Result<Action, NodeError> {
        let plan = self.plan;
        let unit = plan.unit(self.unit).ok_or_else(no_child)?;
        if let Some(needs) = &unit.needs
            && let Some(action) = self.fetch(needs)
        {
            return Ok(action);
        }
        act(self, unit)
    }

    /// Keeps what the expressions of the unit at hand read.
    pub(crate) fn keep_fetched(&mut self, asker: Asker, reply: EffectReply) {
        let fetched = &mut self.run.visit.fetched;
        match (asker, reply) {
            (Asker::User, EffectReply::Identity(identity)) => {
                fetched.user = Some(identity.map(|i| i.attributes).unwrap_or_default());
            }
            (Asker::Session, EffectReply::Session(session)) => {
                fetched.session = Some(session.map(|s| s.properties).unwrap_or_default());
            }
            (Asker::User, _) => fetched.user = Some(BTreeMap::new()),
            (Asker::Session, _) => fetched.session = Some(BTreeMap::new()),
            (Asker::Node | Asker::Success, _) => {}
        }
    }

    /// For which answers, and for whom, the child at hand is passed.
    fn basis(&self, cursor: usize) -> [u8; 16] {
        let mut plain = Vec::new();
        let child = self
            .run
            .page
            .as_ref()
            .and_then(|visit| visit.children.get(cursor));
        if let Some(child) = child {
            snapshot::put_answers(&mut plain, child.answers.as_deref().unwrap_or_default());
        }
        snapshot::put_identity(
            &mut plain,
            self.run.state.shared.get(&self.plan.known.username),
            self.run.proofs.subject.as_ref(),
        );
        self.digest(plain)
    }

    /// A digest of an effect, keyed by the run.
    pub(crate) fn digest_of(&self, effect: &Effect) -> [u8; 16] {
        let mut plain = Vec::new();
        snapshot::put_effect(&mut plain, effect);
        self.digest(plain)
    }

    /// A digest keyed by the run, so that it tells nothing beside another run.
    fn digest(&self, mut plain: Vec<u8>) -> [u8; 16] {
        let mut hash = Sha256::new();
        hash.update(self.run.salt);
        hash.update(&plain);
        plain.zeroize();
        let whole: [u8; 32] = hash.finalize().into();
        whole.first_chunk().copied().unwrap_or_default()
    }

    fn at_cursor(&mut self) -> Option<&mut ChildVisit> {
        let visit = self.run.page.as_mut()?;
        visit.children.get_mut(visit.cursor as usize)
    }

    /// The time of this round, or of the round that is replayed; `None` outside a page.
    pub(crate) fn page_now(&mut self) -> Option<Timestamp> {
        let now = self.run.page.as_ref()?.now;
        let child = self.at_cursor()?;
        if let Some(Recorded::Now(then)) = child.next() {
            let then = *then;
            child.ordinal += 1;
            return Some(then);
        }
        child.put(Recorded::Now(now));
        Some(now)
    }

    /// Fills in what was drawn at this place in an earlier round.
    pub(crate) fn replay_random(&mut self, bytes: &mut [u8]) -> bool {
        let Some(child) = self.at_cursor() else {
            return false;
        };
        match child.next() {
            Some(Recorded::Random(drawn)) if drawn.reveal().len() == bytes.len() => {
                bytes.copy_from_slice(drawn.reveal());
                child.ordinal += 1;
                true
            }
            _ => false,
        }
    }

    pub(crate) fn record_random(&mut self, bytes: &[u8]) {
        if let Some(child) = self.at_cursor() {
            child.put(Recorded::Random(crate::secret::Secret::new(bytes.to_vec())));
        }
    }

    /// Whether something was counted at this place in an earlier round; if not, it is noted.
    pub(crate) fn replay_measure(&mut self) -> bool {
        let Some(child) = self.at_cursor() else {
            return false;
        };
        let known = matches!(child.next(), Some(Recorded::Measured));
        if known {
            child.ordinal += 1;
        } else {
            child.put(Recorded::Measured);
        }
        known
    }

    /// The reply to the same effect at this place in an earlier round.
    fn replay_once(&mut self, digest: &[u8; 16]) -> Option<EffectReply> {
        let child = self.at_cursor()?;
        let reply = match child.next() {
            Some(Recorded::Once(then, reply)) if same_digest(then, digest) => reply.clone(),
            _ => return None,
        };
        child.ordinal += 1;
        Some(reply)
    }
}

impl PlanPage {
    /// The child that a round begins with.
    fn first(&self) -> u32 {
        let last = self.children.len().saturating_sub(1);
        let first = self.lead.map_or(0, |_| last);
        u32::try_from(first).unwrap_or(u32::MAX)
    }

    /// The child that is passed after this one; behind the last in the order it is none of them.
    fn after(&self, child: u32) -> u32 {
        let count = u32::try_from(self.children.len()).unwrap_or(u32::MAX);
        let next = child.saturating_add(1);
        match self.lead {
            Some(_) if next == count => 0,
            Some(_) if next == count - 1 => count,
            Some(_) | None => next,
        }
    }

    /// Whether the child that leads the page has ended it in this round.
    fn is_ended(&self, visit: &PageVisit) -> bool {
        let ends = |lead: Lead| visit.outcome.is_some_and(|outcome| lead.ends(outcome));
        self.lead.is_some_and(ends)
    }
}

/// What a round of a page comes to.
enum RoundEnd {
    Left(OutcomeId),
    Asks(Ask),
}

impl ChildVisit {
    fn next(&self) -> Option<&Recorded> {
        self.record.get(self.ordinal as usize)
    }

    /// Records at the place at hand; what stood there and behind it is another story and is dropped.
    fn put(&mut self, recorded: Recorded) {
        self.record.truncate(self.ordinal as usize);
        self.record.push(recorded);
        self.ordinal += 1;
    }
}

fn no_child() -> NodeError {
    NodeError::new("broken invariant: the page has no such child")
}

/// Compares without an early end.
fn same_digest(left: &[u8; 16], right: &[u8; 16]) -> bool {
    left.iter().zip(right).fold(0, |all, (l, r)| all | (l ^ r)) == 0
}
