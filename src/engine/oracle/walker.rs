//! The walk itself: arrow by arrow over the graph of a journey.

use std::{collections::BTreeMap, mem, sync::Arc, time::Duration};

use petgraph::{Direction, graph::NodeIndex, visit::EdgeRef};

use super::{
    kit::{Kit, Spot},
    page::{Child, Page},
    performer::Machine,
    state::{Hidden, Names, State, Visit},
};
use crate::{
    codes::UNPROVED_SUCCESS,
    engine::{
        action::{Action, Go, Reply, Subject, Suspend},
        callback::{Answer, Ask, Callback},
        context::Context,
        effect::{Effect, EffectId, EffectReply, ReadIdentity, ReadSession, Who},
        error::{AnswerError, EngineError, NodeError},
        host::{Host, Timestamp},
        limits::Limits,
        plan::kind,
        request::Request,
        start::Start,
        step::{
            Call, End, Ending, Evidence, Failure, FailureReason, Input, Step, Success, Suspended,
        },
    },
    model::{
        expr::{Expr, Slot},
        journey::{NodeKind, On, OutcomeId, SettingValue, Task},
        level::AuthLevel,
        signature::{Factor, LevelChange},
        value::Value,
    },
};

/// What comes next.
pub(super) enum Then {
    Enter(NodeIndex<u32>),
    Stop(Box<Step>),
}

/// Who waits for the reply to the effect under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waits {
    Node,
    User,
    Session,
    Success,
}

/// A caller of an inner journey, and what it had that is sensitive.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) at: Spot,
    pub(super) hidden: Hidden,
}

/// A run.
#[derive(Debug)]
pub(super) struct Walker<'p> {
    pub(super) kit: &'p Kit,
    pub(super) limits: Limits,
    pub(super) host: Machine,
    pub(super) request: Request,
    pub(super) start: Start,
    /// The journey that was started.
    journey: usize,
    pub(super) run: u128,
    pub(super) generation: u32,
    ordinal: u32,
    pub(super) expires: Timestamp,
    /// Where the last step stopped; `None` before the first.
    pub(super) standing: Option<Step>,
    pub(super) waits: Waits,
    pub(super) now: Timestamp,
    pub(super) at: Spot,
    from: Option<Spot>,
    pub(super) callers: Vec<Caller>,
    pub(super) state: State,
    /// The state as it was when the node at hand was entered, carried over every stop since.
    pub(super) before: State,
    pub(super) visit: Visit,
    pub(super) page: Option<Page>,
    pub(super) visits: u32,
    pub(super) turn: u32,
    /// Whether the arrow that entered success allows it without a proof.
    unproved: bool,
    /// Keys that only this run has named.
    pub(super) named: Vec<String>,
    /// What happened, in the words of a trace.
    pub(super) log: Vec<String>,
    /// What has occurred, for the test that wants all of it to occur.
    pub(super) seen: BTreeMap<&'static str, u64>,
}

impl<'p> Walker<'p> {
    pub(super) fn new(
        kit: &'p Kit,
        limits: Limits,
        host: Machine,
        start: Start,
        run: u128,
    ) -> Self {
        let program = &kit.program;
        let journey = program.journey_on_wire(&start.journey).unwrap().id.index();
        let mut walker = Self {
            kit,
            limits,
            host,
            request: Request::default(),
            start,
            journey,
            run,
            generation: 0,
            ordinal: 0,
            expires: Timestamp(0),
            standing: None,
            waits: Waits::Node,
            now: Timestamp(0),
            at: (journey, kit.journey(journey).start),
            from: None,
            callers: Vec::new(),
            state: State::default(),
            before: State::default(),
            visit: Visit::default(),
            page: None,
            visits: 0,
            turn: 0,
            unproved: false,
            named: Vec::new(),
            log: Vec::new(),
            seen: BTreeMap::new(),
        };
        walker.expires = walker.host.now().plus(walker.run_time());
        walker
    }

    pub(super) fn saw(&mut self, what: &'static str) {
        *self.seen.entry(what).or_insert(0) += 1;
    }

    fn run_time(&self) -> Duration {
        let settings = &self.kit.journey(self.journey).settings;
        let own = settings.run_time_max.unwrap_or(self.limits.run_time);
        own.min(self.limits.run_time_max)
    }

    /// One step; an error changes nothing.
    pub(super) fn step(&mut self, input: Input) -> Result<Step, EngineError> {
        self.now = self.host.now();
        let unexpected = Err(EngineError::Unexpected { waits_for: "" });
        if matches!(self.standing, Some(Step::Done(_))) {
            return Err(EngineError::Ended);
        }
        if self.now >= self.expires {
            self.saw("a step after the time of the run");
            return Err(EngineError::Expired);
        }
        self.from = None;
        let mut then = match (&self.standing, input) {
            (None, Input::Begin) => Then::Enter(self.kit.journey(self.journey).start),
            (Some(Step::Ask(ask)), Input::Answers(answers)) => {
                fitting(&ask.callbacks, &answers, &self.limits)?;
                self.next_generation();
                if self.page.is_some() {
                    self.answer_page(answers)
                } else {
                    let result = self.resume_unit(Reply::Answers(answers));
                    self.settle(result)
                }
            }
            (Some(Step::Suspended(_)), Input::Resume) => {
                self.saw("resumed by a link");
                self.next_generation();
                self.expires = self.now.plus(self.run_time());
                let result = self.resume_unit(Reply::Resumed);
                self.settle(result)
            }
            (Some(Step::Call(call)), Input::Effect(reply)) => {
                if !is_reply_to(&call.effect, &reply) {
                    return unexpected;
                }
                self.replied(reply)
            }
            _ => return unexpected,
        };
        let step = loop {
            then = match then {
                Then::Enter(node) => self.arrive(node),
                Then::Stop(step) => break *step,
            };
        };
        self.standing = Some(step.clone());
        Ok(step)
    }

    fn next_generation(&mut self) {
        self.generation += 1;
        self.ordinal = 0;
        self.turn = 0;
    }

    fn replied(&mut self, reply: EffectReply) -> Then {
        if matches!(reply, EffectReply::Failed(_)) {
            self.saw("an effect that failed");
        }
        let waits = mem::replace(&mut self.waits, Waits::Node);
        if waits == Waits::Success {
            return self.identified(reply);
        }
        if self.page.is_some() {
            return self.reply_page(waits, reply);
        }
        let result = self.replied_to(waits, reply);
        self.settle(result)
    }

    /// Gives a reply to the node at hand, or keeps it for its expressions.
    pub(super) fn replied_to(
        &mut self,
        waits: Waits,
        reply: EffectReply,
    ) -> Result<Action, NodeError> {
        if let EffectReply::Failed(message) = reply {
            return Err(NodeError::new(message));
        }
        let names = |map: BTreeMap<Arc<str>, Value>| -> Names {
            map.into_iter().map(|(k, v)| (k.to_string(), v)).collect()
        };
        match (waits, reply) {
            (Waits::User, EffectReply::Identity(identity)) => {
                let found = identity
                    .map(|identity| identity.attributes)
                    .unwrap_or_default();
                self.visit_at_hand_mut().user = Some(names(found));
                self.fetch_and_enter()
            }
            (Waits::Session, EffectReply::Session(session)) => {
                let found = session
                    .map(|session| session.properties)
                    .unwrap_or_default();
                self.visit_at_hand_mut().session = Some(names(found));
                self.fetch_and_enter()
            }
            (_, reply) => {
                self.vouch(&reply);
                self.resume_unit(Reply::Effect(reply))
            }
        }
    }

    pub(super) fn vouch(&mut self, reply: &EffectReply) {
        let visit = self.visit_at_hand_mut();
        match reply {
            EffectReply::Match(identity) | EffectReply::Identity(Some(identity)) => {
                visit.named.push(identity.subject.clone());
            }
            EffectReply::Session(Some(session)) => visit.named.push(session.subject.clone()),
            EffectReply::Custom(_) => visit.anybody = true,
            _ => {}
        }
    }

    pub(super) fn count(&mut self) -> bool {
        self.visits += 1;
        self.turn += 1;
        self.visits <= self.limits.visits_per_run && self.turn <= self.limits.visits_per_turn
    }

    fn arrive(&mut self, node: NodeIndex<u32>) -> Then {
        let spot = (self.at.0, node);
        let kit = self.kit;
        let kind = &kit.node(spot).kind;
        match kind {
            NodeKind::Success if self.callers.is_empty() => return self.success(),
            NodeKind::Success => return self.back("true"),
            NodeKind::Failure if self.callers.is_empty() => {
                return self.end(FailureReason::Rejected);
            }
            NodeKind::Failure => return self.back("false"),
            NodeKind::LooseEnd => return self.loose_end(),
            NodeKind::Task(_) | NodeKind::Decision(_) | NodeKind::Page(_) | NodeKind::Inner(_) => {}
        }
        if !self.count() {
            return self.end(FailureReason::TooManyVisits);
        }
        self.at = spot;
        self.before = self.state.clone();
        self.visit = Visit::default();
        if kit.node(spot).path.contains('.') {
            self.saw("a node of a fragment");
        }
        match kind {
            NodeKind::Page(_) => self.enter_page(),
            NodeKind::Inner(inner) => self.enter_inner(inner.index()),
            NodeKind::Task(task) => {
                *self
                    .seen
                    .entry(type_name(&kit.signature(task).name))
                    .or_insert(0) += 1;
                let result = self.enter_unit();
                self.settle(result)
            }
            _ => {
                self.saw("Decision");
                let result = self.enter_unit();
                self.settle(result)
            }
        }
    }

    /// The task at hand: the node, or the child of the page at the cursor; `None` in a decision.
    fn task(&self) -> Option<&'p Task> {
        let kit = self.kit;
        match &kit.node(self.at).kind {
            NodeKind::Task(task) => Some(task),
            NodeKind::Page(page) => {
                let cursor = self.page.as_ref().map_or(0, |page| page.cursor);
                Some(&page.children[cursor.min(page.children.len() - 1)].task)
            }
            _ => None,
        }
    }

    pub(super) fn unit_path(&self) -> String {
        let path = self.kit.path(self.at);
        match (&self.page, &self.kit.node(self.at).kind) {
            (Some(page), NodeKind::Page(written)) => {
                format!("{path}.{}", written.children[page.cursor].name)
            }
            _ => path,
        }
    }

    pub(super) fn visit_at_hand(&self) -> &Visit {
        match &self.page {
            Some(page) => &page.children[page.cursor].visit,
            None => &self.visit,
        }
    }

    pub(super) fn visit_at_hand_mut(&mut self) -> &mut Visit {
        match &mut self.page {
            Some(page) => {
                let child: &mut Child = page.child();
                &mut child.visit
            }
            None => &mut self.visit,
        }
    }

    pub(super) fn enter_unit(&mut self) -> Result<Action, NodeError> {
        let path = self.unit_path();
        self.log.push(path);
        self.fetch_and_enter()
    }

    /// Enters the node once what its expressions read from outside is there.
    fn fetch_and_enter(&mut self) -> Result<Action, NodeError> {
        let (user, session) = self.needs();
        if !user.is_empty() && self.visit_at_hand().user.is_none() {
            if let Some(who) = self.who() {
                self.saw("expressions that read the user");
                self.waits = Waits::User;
                return Ok(Action::call(Effect::ReadIdentity(ReadIdentity {
                    who,
                    attributes: user,
                })));
            }
            self.visit_at_hand_mut().user = Some(Names::new());
        }
        if !session.is_empty() && self.visit_at_hand().session.is_none() {
            if let Some(start) = &self.start.session {
                let session_ref = start.session.clone();
                self.saw("expressions that read the session");
                self.waits = Waits::Session;
                return Ok(Action::call(Effect::ReadSession(ReadSession {
                    session: session_ref,
                    properties: session,
                })));
            }
            self.visit_at_hand_mut().session = Some(Names::new());
        }
        let kit = self.kit;
        if let NodeKind::Decision(guards) = &kit.node(self.at).kind {
            for (outcome, guard) in guards.iter().enumerate() {
                let holds = match &guard.condition {
                    Some(condition) => self.truth(condition)?,
                    None => true,
                };
                if holds {
                    return Ok(Action::go(OutcomeId(u16::try_from(outcome).unwrap())));
                }
            }
            return Err(NodeError::new("no arm holds"));
        }
        let behaviour = &kit.behaviours[&self.unit_path()];
        behaviour.enter(&mut Context { world: self })
    }

    pub(super) fn resume_unit(&mut self, reply: Reply) -> Result<Action, NodeError> {
        let kit = self.kit;
        let behaviour = &kit.behaviours[&self.unit_path()];
        behaviour.resume(&mut Context { world: self }, reply)
    }

    /// What the expressions of the node at hand read of the user and of the session, sorted.
    fn needs(&self) -> (Vec<Arc<str>>, Vec<Arc<str>>) {
        let (mut user, mut session) = (Vec::new(), Vec::new());
        let mut each = |slot: &Slot| match slot {
            Slot::User(name) => user.push(Arc::clone(name)),
            Slot::Session(name) => session.push(Arc::clone(name)),
            _ => {}
        };
        match (self.task(), &self.kit.node(self.at).kind) {
            (Some(task), _) => {
                for (_, setting) in &task.settings {
                    if let SettingValue::Computed(expr) = setting {
                        slots(expr, &mut each);
                    }
                }
            }
            (None, NodeKind::Decision(guards)) => {
                for condition in guards.iter().filter_map(|guard| guard.condition.as_ref()) {
                    slots(condition, &mut each);
                }
            }
            _ => {}
        }
        for names in [&mut user, &mut session] {
            names.sort();
            names.dedup();
        }
        (user, session)
    }

    fn who(&self) -> Option<Who> {
        match &self.state.subject {
            Some(subject) => Some(Who::Subject(subject.id.clone())),
            None => self.username().map(Who::Name),
        }
    }

    fn username(&self) -> Option<Arc<str>> {
        match self.state.shared.get("username") {
            Some(Value::Text(name)) => Some(Arc::clone(name)),
            _ => self.state.subject.as_ref().map(|s| Arc::clone(&s.username)),
        }
    }

    /// Does what a node that is not in a page decides.
    fn settle(&mut self, result: Result<Action, NodeError>) -> Then {
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

    fn target(&self, spot: Spot, on: On) -> Option<NodeIndex<u32>> {
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

    fn describe(&mut self, failed: Spot, error: &NodeError) {
        let kit = self.kit;
        let ty = match &kit.node(failed).kind {
            NodeKind::Task(task) => kit.signature(task).name.to_string(),
            NodeKind::Decision(_) => "Decision".to_owned(),
            NodeKind::Page(_) => "Page".to_owned(),
            _ => "InnerTreeEvaluator".to_owned(),
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

    fn enter_inner(&mut self, inner: usize) -> Then {
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
    fn back(&mut self, outcome: &str) -> Then {
        let caller = self.callers.pop().unwrap();
        self.at = caller.at;
        self.state.hidden = caller.hidden;
        let outcome = self.kit.node(self.at).outcome(outcome).unwrap();
        self.leave(outcome)
    }

    fn loose_end(&mut self) -> Then {
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

    fn id(&mut self) -> EffectId {
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
        self.log.push(format!("{path} calls {}", kind(&effect)));
        Then::Stop(Box::new(Step::Call(Call {
            id: self.id(),
            effect,
            node: Arc::from(path),
        })))
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
        Ok(Then::Stop(Box::new(Step::Ask(ask))))
    }

    fn suspend(&mut self, suspend: Suspend) -> Then {
        let longest = self.limits.suspend_time_max;
        self.expires = self
            .now
            .plus(suspend.within.unwrap_or(longest).min(longest));
        self.cross();
        Then::Stop(Box::new(Step::Suspended(Suspended {
            id: self.id(),
            ask: Ask::new(vec![Callback::SuspendedTextOutput { text: suspend.text }]),
            until: self.expires,
            deliver: suspend.deliver,
        })))
    }

    /// A stop: what nobody further on declares to read is gone, the rest becomes secure.
    fn cross(&mut self) {
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

    /// Whether a node may leave so, and what its leaving means for the proofs.
    pub(super) fn leaving(&mut self, go: &Go) -> Result<(), NodeError> {
        let before = self.visit_at_hand().level;
        let task = self.task();
        if let Some(before) = before {
            let task = task.unwrap();
            let by = level_change(&self.kit.signature(task), task, self.outcome(go.outcome));
            let right = match by {
                Some(Some(by)) => before.raised(by) == self.state.level,
                Some(None) => true,
                None => false,
            };
            if !right {
                self.saw("a level moved otherwise than the signature says");
                let what = "the level was moved otherwise than the signature says";
                return Err(NodeError::new(what));
            }
        }
        if go.proof.is_none() && go.identity.is_none() {
            return Ok(());
        }
        self.identify(go, task.unwrap())
    }

    /// The name of an outcome of the unit at hand.
    fn outcome(&self, outcome: OutcomeId) -> Option<&'p str> {
        let kit = self.kit;
        let node = kit.node(self.at);
        let outcomes = match (&self.page, &node.kind) {
            (Some(page), NodeKind::Page(written)) => &written.children[page.cursor].outcomes,
            _ => &node.outcomes,
        };
        outcomes.get(outcome.index()).map(|name| &**name)
    }

    fn identify(&mut self, go: &Go, task: &Task) -> Result<(), NodeError> {
        let Some(identity) = &go.identity else {
            return Err(NodeError::new("a proof names nobody"));
        };
        let id = &identity.subject;
        let visit = self.visit_at_hand();
        let known = visit.anybody
            || visit.named.contains(id)
            || self.state.subject.as_ref().is_some_and(|s| s.id == *id)
            || self
                .start
                .session
                .as_ref()
                .is_some_and(|s| s.subject == *id);
        if !known {
            self.saw("an identity that nothing has named");
            return Err(NodeError::new("the identity was named by no effect"));
        }
        if let Some(factor) = go.proof {
            let setting = |key: &str| {
                task.settings
                    .iter()
                    .find(|(k, _)| **k == *key)
                    .map(|(_, v)| v)
            };
            let outcome = self.outcome(go.outcome);
            let may = outcome.and_then(|o| self.kit.signature(task).proves(o, setting));
            if may != Some(factor) {
                return Err(NodeError::new(format!(
                    "the signature does not say that this outcome proves {factor}"
                )));
            }
            if factor == Factor::Otp
                && let Some(sent_to) = &self.state.challenge
                && sent_to.as_ref().is_none_or(|to| to.id != *id)
            {
                return Err(NodeError::new("the code was not sent to this subject"));
            }
        }
        if self
            .state
            .subject
            .as_ref()
            .is_none_or(|subject| subject.id != *id)
        {
            self.state.evidence.clear();
            if let Some(Some(sent_to)) = &self.state.challenge
                && sent_to.id != *id
            {
                self.state.challenge = None;
            }
        }
        self.state.subject = Some(Subject {
            id: id.clone(),
            username: Arc::clone(&identity.username),
        });
        if let Some(factor) = go.proof {
            self.saw(match factor {
                Factor::Otp => "a proof by a one-time code",
                Factor::Session => "a proof by a session",
                _ => "a proof by a password",
            });
            if factor == Factor::Otp {
                self.state.challenge = None;
            }
            let proof = Evidence {
                subject: id.clone(),
                factor,
                node: Arc::from(self.unit_path()),
                visit: self.visits,
                at: self.now,
            };
            let evidence = &mut self.state.evidence;
            evidence.retain(|old| (old.visit, &old.node) != (proof.visit, &proof.node));
            evidence.push(proof);
        }
        let name = Value::Text(Arc::clone(&identity.username));
        self.state.shared.insert("username".to_owned(), name);
        Ok(())
    }

    fn proved(&self, id: &crate::engine::effect::SubjectId) -> bool {
        let mut evidence = self.state.evidence.iter();
        evidence.any(|proof| proof.subject == *id && proof.factor != Factor::Session)
    }

    fn success(&mut self) -> Then {
        let kit = self.kit;
        let allows = |spot| {
            let mut codes = kit.node(spot).allows.iter().flat_map(|allow| &allow.codes);
            codes.any(|(code, _)| **code == *UNPROVED_SUCCESS.word)
        };
        self.unproved = self.from.is_some_and(allows);
        let subject = self.state.subject.clone().filter(|s| self.proved(&s.id));
        if subject.is_none() && !self.unproved {
            return self.end(FailureReason::UnprovedSuccess);
        }
        let claim = kit.journey(self.journey).settings.level;
        if self.state.level < claim.unwrap_or(AuthLevel::ZERO) {
            return self.end(FailureReason::LevelNotReached);
        }
        let who = match subject {
            Some(subject) => Some(Who::Subject(subject.id)),
            None => self.who(),
        };
        let Some(who) = who else {
            return self.end(FailureReason::Inactive);
        };
        self.waits = Waits::Success;
        self.call(Effect::ReadIdentity(ReadIdentity {
            who,
            attributes: Vec::new(),
        }))
    }

    /// The identity of whoever is about to succeed is here.
    fn identified(&mut self, reply: EffectReply) -> Then {
        let identity = match reply {
            EffectReply::Identity(Some(identity)) if identity.active => identity,
            EffectReply::Failed(message) => {
                let node = Arc::from(self.kit.path(self.at));
                return self.end(FailureReason::NodeFailed { node, message });
            }
            _ => return self.end(FailureReason::Inactive),
        };
        let id = &identity.subject;
        if self
            .state
            .subject
            .as_ref()
            .is_some_and(|subject| subject.id != *id)
        {
            return self.end(FailureReason::Inactive);
        }
        if self
            .start
            .session
            .as_ref()
            .is_some_and(|session| session.subject != *id)
        {
            return self.end(FailureReason::OtherSubject);
        }
        let proved = self.proved(id);
        if !proved && !self.unproved {
            return self.end(FailureReason::UnprovedSuccess);
        }
        let settings = &self.kit.journey(self.journey).settings;
        let ends = mem::take(&mut self.state.ends);
        let evidence = mem::take(&mut self.state.evidence);
        let mut node_types: Vec<Arc<str>> = Vec::new();
        for proof in &evidence {
            let ty = self.type_at(&proof.node);
            if !node_types.iter().any(|known| **known == *ty) {
                node_types.push(Arc::from(ty));
            }
        }
        let mut headers = ends.headers;
        self.done(End::Success(Box::new(Success {
            subject: Subject {
                id: identity.subject,
                username: identity.username,
            },
            proved,
            evidence,
            level: self.state.level,
            journey: Arc::clone(&self.start.journey),
            no_session: self.start.no_session || settings.no_session,
            upgrades: self.start.session.as_ref().map(|s| s.session.clone()),
            properties: ends.properties,
            node_types,
            success_url: self.start.goto.clone().or(ends.success_url),
            details: ends.details,
            session_details: ends.session_details,
            headers: headers.remove(&Ending::Success).unwrap_or_default(),
            session_time_max: ends.session_time.or(settings.session_time_max),
            idle_time_max: ends.idle_time.or(settings.idle_time_max),
        })))
    }

    /// The type of the node or the child with this path.
    fn type_at(&self, path: &str) -> String {
        for journey in &self.kit.program.journeys {
            for node in journey.graph.node_weights() {
                let here = format!("{}/{}", journey.name, node.path);
                match &node.kind {
                    NodeKind::Task(task) if here == path => {
                        return self.kit.signature(task).name.to_string();
                    }
                    NodeKind::Page(page) => {
                        for child in &page.children {
                            if format!("{here}.{}", child.name) == path {
                                return self.kit.signature(&child.task).name.to_string();
                            }
                        }
                    }
                    _ => {}
                }
            }
        }
        panic!("no node at {path}")
    }

    pub(super) fn end(&mut self, reason: FailureReason) -> Then {
        let mut ends = mem::take(&mut self.state.ends);
        let (ending, words) = match reason {
            FailureReason::NodeFailed { .. }
            | FailureReason::TooManyVisits
            | FailureReason::StateTooLarge => (Ending::Error, ends.error),
            _ => (Ending::Failure, ends.failure),
        };
        let failure = Failure {
            reason,
            username: self.username(),
            journey: Arc::clone(&self.start.journey),
            failure_url: self.start.goto_on_fail.clone().or(ends.failure_url),
            message: words.message,
            details: words.details,
            headers: ends.headers.remove(&ending).unwrap_or_default(),
        };
        self.done(End::Failure(Box::new(failure)))
    }

    fn done(&mut self, end: End) -> Then {
        self.page = None;
        Then::Stop(Box::new(Step::Done(end)))
    }
}

/// Names that counts are kept under; the ones of types last as long as the program does.
fn type_name(name: &str) -> &'static str {
    const NAMES: &[&str] = &[
        "Probe",
        "Waiting",
        "UsernameCollector",
        "PasswordCollector",
        "DataStoreDecision",
        "ChoiceCollector",
        "Message",
        "RetryLimitDecision",
        "AccountLockout",
        "AccountActiveDecision",
        "AuthLevelDecision",
        "ModifyAuthLevel",
        "OneTimePasswordGenerator",
        "OneTimePasswordSmtpSender",
        "OneTimePasswordCollectorDecision",
        "SessionData",
        "PollingWait",
        "SetState",
        "SetSessionProperties",
        "SetFailureDetails",
        "FlowControl",
    ];
    NAMES
        .iter()
        .find(|known| **known == name)
        .unwrap_or(&"another type")
}

fn slots(expr: &Expr, each: &mut impl FnMut(&Slot)) {
    match expr {
        Expr::Literal(_) => {}
        Expr::Read(slot, _) | Expr::Has(slot) => each(slot),
        Expr::Not(inner) => slots(inner, each),
        Expr::Binary(_, left, right) => {
            slots(left, each);
            slots(right, each);
        }
        Expr::Call(_, parts) | Expr::Join(parts) => {
            for part in parts {
                slots(part, each);
            }
        }
    }
}

/// By how much an outcome moves the level; `Some(None)` where that depends on the run.
fn level_change(
    signature: &crate::model::signature::Signature,
    task: &Task,
    outcome: Option<&str>,
) -> Option<Option<i64>> {
    let facts = signature.facts_of(outcome?);
    Some(match facts.map(|facts| &facts.level) {
        None | Some(LevelChange::None) => Some(0),
        Some(LevelChange::By(by)) => Some(i64::from(*by)),
        Some(LevelChange::BySetting(key)) => {
            match task.settings.iter().find(|(name, _)| **name == **key) {
                Some((_, SettingValue::Constant(value))) => value.as_int(),
                _ => None,
            }
        }
    })
}

fn is_reply_to(effect: &Effect, reply: &EffectReply) -> bool {
    match reply {
        EffectReply::Failed(_) => true,
        EffectReply::Match(_) | EffectReply::Miss => matches!(effect, Effect::Verify(_)),
        EffectReply::Identity(_) => matches!(effect, Effect::ReadIdentity(_)),
        EffectReply::StatusSet(_) => matches!(effect, Effect::SetStatus(_)),
        EffectReply::Sent => matches!(effect, Effect::Send(_)),
        EffectReply::Session(_) => matches!(effect, Effect::ReadSession(_)),
        EffectReply::Custom(_) => matches!(effect, Effect::Custom(_)),
    }
}

/// Whether answers are as many as the callbacks, of their kinds and within the limits.
fn fitting(callbacks: &[Callback], answers: &[Answer], limits: &Limits) -> Result<(), AnswerError> {
    if callbacks.len() != answers.len() {
        return Err(AnswerError::Count {
            expected: callbacks.len(),
            got: answers.len(),
        });
    }
    for (position, (callback, answer)) in callbacks.iter().zip(answers).enumerate() {
        let within = match (callback, answer) {
            (Callback::Name { .. }, Answer::Text(text)) => {
                text.chars().count() <= limits.username_chars && text.len() <= limits.answer_bytes
            }
            (Callback::Password { .. }, Answer::Secret(secret)) => {
                let secret = secret.reveal();
                secret.chars().count() <= limits.password_chars
                    && secret.len() <= limits.answer_bytes
            }
            (Callback::TextInput { .. }, Answer::Text(text)) => text.len() <= limits.answer_bytes,
            (Callback::Choice { choices: of, .. }, Answer::Index(index))
            | (Callback::Confirmation { options: of, .. }, Answer::Index(index)) => {
                (*index as usize) < of.len()
            }
            (Callback::Confirmation { optional, .. }, Answer::Untouched) => *optional,
            (
                Callback::TextOutput { .. }
                | Callback::PollingWait { .. }
                | Callback::Metadata { .. },
                Answer::None,
            ) => true,
            _ => {
                return Err(AnswerError::Kind {
                    position,
                    expected: callback.kind(),
                });
            }
        };
        if !within {
            return Err(AnswerError::Bounds { position });
        }
    }
    Ok(())
}
