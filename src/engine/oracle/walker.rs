//! The walk itself: arrow by arrow over the graph of a journey.

use std::{collections::BTreeMap, mem, sync::Arc, time::Duration};

use petgraph::graph::NodeIndex;

use super::{
    input::{fitting, is_reply_to},
    kit::{Kit, Spot},
    page::{Child, Page},
    performer::Machine,
    state::{Hidden, Names, State, Visit},
};
use crate::{
    engine::{
        action::{Action, Reply},
        context::Context,
        effect::{Effect, EffectReply, ReadIdentity, ReadSession, Who},
        error::{EngineError, NodeError},
        ground::Ground,
        host::{Host, Timestamp},
        limits::Limits,
        request::Request,
        start::Start,
        step::{FailureReason, Input, Step},
    },
    model::{
        expr::{Expr, Slot},
        journey::{NodeKind, OutcomeId, SettingValue, Task},
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
    pub(super) journey: usize,
    pub(super) run: u128,
    pub(super) generation: u32,
    pub(super) ordinal: u32,
    /// Since when the time of the run counts.
    pub(super) counted: Timestamp,
    pub(super) expires: Timestamp,
    /// Where the last step stopped; `None` before the first.
    pub(super) standing: Option<Step>,
    pub(super) waits: Waits,
    pub(super) now: Timestamp,
    pub(super) at: Spot,
    pub(super) from: Option<Spot>,
    pub(super) callers: Vec<Caller>,
    pub(super) state: State,
    /// The state as it was when the node at hand was entered, carried over every stop since.
    pub(super) before: State,
    pub(super) visit: Visit,
    pub(super) page: Option<Page>,
    pub(super) visits: u32,
    pub(super) turn: u32,
    /// Whether the arrow that entered success allows it without a proof.
    pub(super) unproved: bool,
    /// Keys that only this run has named.
    pub(super) named: Vec<String>,
    /// What was found last.
    pub(super) ground: Option<Ground>,
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
            counted: Timestamp(0),
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
            ground: None,
            log: Vec::new(),
            seen: BTreeMap::new(),
        };
        walker.counted = walker.host.now();
        walker.expires = walker.counted.plus(walker.run_time());
        let start = &walker.start;
        for (name, value) in &start.data {
            if **name != *"realm" && **name != *"authLevel" {
                let shared = &mut walker.state.shared;
                shared.insert(name.to_string(), value.clone());
            }
        }
        if let Some(asked) = start.asked_level {
            let asked = Value::Int(i64::from(asked.number()));
            let shared = &mut walker.state.shared;
            shared.insert("targetAuthLevel".to_owned(), asked);
        }
        walker
    }

    pub(super) fn saw(&mut self, what: &'static str) {
        *self.seen.entry(what).or_insert(0) += 1;
    }

    pub(super) fn run_time(&self) -> Duration {
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
                self.counted = self.now;
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

    pub(super) fn next_generation(&mut self) {
        self.generation += 1;
        self.ordinal = 0;
        self.turn = 0;
    }

    pub(super) fn replied(&mut self, reply: EffectReply) -> Then {
        if matches!(reply, EffectReply::Failed(_)) {
            self.saw("an effect that failed");
        }
        if let EffectReply::Devices(devices) = &reply {
            self.saw(match devices.len() {
                0 => "a user without a device",
                1 => "a user with a device",
                _ => "a user with several devices",
            });
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
                let reply = self.hear(reply);
                self.resume_unit(Reply::Effect(reply))
            }
        }
    }

    pub(super) fn vouch(&mut self, reply: &EffectReply) {
        let visit = self.visit_at_hand_mut();
        match reply {
            EffectReply::Match(identity)
            | EffectReply::Identity(Some(identity))
            | EffectReply::Written(identity) => {
                visit.named.push(identity.subject.clone());
            }
            EffectReply::Session(Some(session)) => visit.named.push(session.subject.clone()),
            EffectReply::Policy(verdict) => {
                let whose = verdict.identity().map(|identity| identity.subject.clone());
                visit.named.extend(whose);
            }
            EffectReply::Custom(_) => visit.anybody = true,
            _ => {}
        }
    }

    pub(super) fn count(&mut self) -> bool {
        self.visits += 1;
        self.turn += 1;
        self.visits <= self.limits.visits_per_run && self.turn <= self.limits.visits_per_turn
    }

    pub(super) fn arrive(&mut self, node: NodeIndex<u32>) -> Then {
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
    pub(super) fn task(&self) -> Option<&'p Task> {
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
    pub(super) fn fetch_and_enter(&mut self) -> Result<Action, NodeError> {
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
        let result = behaviour.enter(&mut Context::new(self));
        self.saw_choice(&result);
        result
    }

    /// What a node did that lets the user choose.
    fn saw_choice(&mut self, result: &Result<Action, NodeError>) {
        let Some(task) = self.task() else { return };
        if self.kit.signature(task).name != "ChoiceCollector" {
            return;
        }
        let inner = !self.callers.is_empty();
        match result {
            Ok(Action::Go(_)) => self.saw("the one choice left is taken"),
            Ok(Action::Ask(_)) if self.visit_at_hand().memory.is_none() => {}
            Ok(_) if self.page.is_some() => self.saw("choices left out in a page"),
            Ok(_) if inner => self.saw("choices left out in an inner journey"),
            Ok(_) => self.saw("choices left out"),
            Err(error) if error.message.starts_with("Node doesn't") => {
                self.saw("no choice is left");
            }
            Err(_) => {}
        }
    }

    pub(super) fn resume_unit(&mut self, reply: Reply) -> Result<Action, NodeError> {
        let kit = self.kit;
        let behaviour = &kit.behaviours[&self.unit_path()];
        behaviour.resume(&mut Context::new(self), reply)
    }

    /// What the expressions of the node at hand read of the user and of the session, sorted.
    pub(super) fn needs(&self) -> (Vec<Arc<str>>, Vec<Arc<str>>) {
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

    pub(super) fn who(&self) -> Option<Who> {
        match &self.state.subject {
            Some(subject) => Some(Who::Subject(subject.id.clone())),
            None => self.username().map(Who::Name),
        }
    }

    pub(super) fn username(&self) -> Option<Arc<str>> {
        match self.state.shared.get("username") {
            Some(Value::Text(name)) => Some(Arc::clone(name)),
            _ => self.state.subject.as_ref().map(|s| Arc::clone(&s.username)),
        }
    }
}

/// Names that counts are kept under; the ones of types last as long as the program does.
fn type_name(name: &str) -> &'static str {
    const NAMES: &[&str] = &[
        "AccountActiveDecision",
        "AccountLockout",
        "AuthLevelDecision",
        "ChoiceCollector",
        "DataStoreDecision",
        "DeviceLocationMatch",
        "DeviceMatch",
        "DeviceProfileCollector",
        "DeviceSave",
        "FlowControl",
        "Message",
        "ModifyAuthLevel",
        "OathDeviceStorage",
        "OathRegistration",
        "OathTokenVerifier",
        "OneTimePasswordCollectorDecision",
        "OneTimePasswordGenerator",
        "OneTimePasswordSmtpSender",
        "PasswordCollector",
        "PollingWait",
        "Probe",
        "RecoveryCodeCollectorDecision",
        "RetryLimitDecision",
        "SessionData",
        "SetFailureDetails",
        "SetSessionProperties",
        "SetState",
        "UsernameCollector",
        "Waiting",
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
