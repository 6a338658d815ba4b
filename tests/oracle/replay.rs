//! A counter-example, walked by the engine.
//!
//! The oracle says what happens in the run: which nodes are visited, how each is left. Here every node is
//! made to do that, by the replies to its effects, by the request and by what profile and session hold;
//! the trace of the engine must then tell the same, and come to the same end.

use std::collections::{BTreeMap, VecDeque};

use wayfare::{
    Answer, AuthLevel, AuthSession, Effect, EffectReply, End, Engine, Event as Traced,
    FailureReason, Host, Input, Request, Start, Step, Timestamp, Value,
    engine::{
        effect::{SessionRef, SessionView},
        host::NoRandomness,
        start::StartSession,
    },
    model::{
        expr::{BinaryOp, Expr, Slot},
        journey::{Guard, NodeKind},
    },
};

use super::{
    moves::{Event, How, Spot},
    random::Made,
    scripted::{self, Strict},
};

/// Why a run cannot be walked though the checks allow for it: they know less than the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Skipped {
    /// The run begins within a journey.
    Midway,
    /// Nothing makes a decision fail that reads nothing from outside, nor entering an inner journey.
    CannotFail,
    /// Two arms, or two visits within one turn, want different requests.
    OneRequest,
    /// A guard reads a profile before anybody was named.
    Nobody,
    /// A guard reads state or level, of which this property keeps nothing.
    ReadsState,
}

impl Skipped {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Midway => "begins midway",
            Self::CannotFail => "nothing can fail there",
            Self::OneRequest => "wants two requests in one",
            Self::Nobody => "reads a profile of nobody",
            Self::ReadsState => "a guard reads what the form does not follow",
        }
    }
}

#[derive(Debug)]
pub(super) struct Machine;

impl Host for Machine {
    fn now(&self) -> Timestamp {
        Timestamp(1_800_000_000_000)
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        bytes.fill(7);
        Ok(())
    }
}

/// What the trace must say next.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Mark {
    Entered(String, Spot),
    Left(String, String, Spot),
    Failed(String, Spot),
}

impl Mark {
    fn spot(&self) -> Spot {
        match self {
            Self::Entered(_, spot) | Self::Left(_, _, spot) | Self::Failed(_, spot) => *spot,
        }
    }
}

fn path(made: &Made, spot: Spot) -> String {
    let journey = made.journey(spot.0);
    format!("{}/{}", journey.name, journey.graph[spot.1].path)
}

fn marks(made: &Made, events: &[Event]) -> Result<VecDeque<Mark>, Skipped> {
    let mut marks = VecDeque::new();
    for event in events {
        match event {
            Event::Visit(stack) => {
                let spot = *stack.last().unwrap();
                match &made.journey(spot.0).graph[spot.1].kind {
                    NodeKind::Task(_) | NodeKind::Decision(_) => {
                        marks.push_back(Mark::Entered(path(made, spot), spot));
                    }
                    NodeKind::Page(page) => {
                        let child = &page.children[usize::from(spot.2)].name;
                        let name = format!("{}.{child}", path(made, spot));
                        marks.push_back(Mark::Entered(name, spot));
                    }
                    _ => {}
                }
            }
            Event::Leave(stack, How::Go(outcome)) | Event::Return(stack, How::Go(outcome)) => {
                let spot = *stack.last().unwrap();
                let node = &made.journey(spot.0).graph[spot.1];
                let outcome = node.outcomes[outcome.index()].to_string();
                marks.push_back(Mark::Left(path(made, spot), outcome, spot));
            }
            Event::Leave(stack, How::Error | How::Unhandled) => {
                let spot = *stack.last().unwrap();
                match &made.journey(spot.0).graph[spot.1].kind {
                    NodeKind::Inner(_) => return Err(Skipped::CannotFail),
                    NodeKind::Decision(arms) if !outside(arms) => return Err(Skipped::CannotFail),
                    _ => marks.push_back(Mark::Failed(path(made, spot), spot)),
                }
            }
            Event::Leave(_, How::Next(_)) | Event::Return(..) | Event::Enter | Event::Failed => {}
        }
    }
    Ok(marks)
}

fn outside(arms: &[Guard]) -> bool {
    conditions(arms).any(|expr| {
        any_slot(expr, &|slot| {
            matches!(slot, Slot::User(_) | Slot::Session(_))
        })
    })
}

fn conditions(arms: &[Guard]) -> impl Iterator<Item = &Expr> {
    arms.iter().filter_map(|arm| arm.condition.as_ref())
}

fn any_slot(expr: &Expr, is: &impl Fn(&Slot) -> bool) -> bool {
    match expr {
        Expr::Has(slot) | Expr::Read(slot, _) => is(slot),
        Expr::Not(inner) => any_slot(inner, is),
        Expr::Binary(_, left, right) => any_slot(left, is) || any_slot(right, is),
        _ => false,
    }
}

/// Whether guards read what no request can bring; where levels bind, the run knows its level.
fn reads_state(arms: &[Guard], strict: Strict) -> bool {
    conditions(arms).any(|expr| {
        any_slot(expr, &|slot| match slot {
            Slot::Shared(_) | Slot::Transient(_) | Slot::Secure(_) => true,
            Slot::AuthLevel => strict != Strict::Levels,
            _ => false,
        })
    })
}

/// What is there of what comes with requests, profiles and sessions.
type Wanted = BTreeMap<Slot, bool>;

/// Makes a condition true or false by what can be chosen; false where two things were wanted of one.
fn want(expr: &Expr, truth: bool, wanted: &mut Wanted) -> bool {
    match expr {
        Expr::Has(
            slot @ (Slot::Parameter(_) | Slot::Header(_) | Slot::User(_) | Slot::Session(_)),
        ) => *wanted.entry(slot.clone()).or_insert(truth) == truth,
        Expr::Not(inner) => want(inner, !truth, wanted),
        Expr::Binary(op @ (BinaryOp::And | BinaryOp::Or), left, right) => {
            if truth == (*op == BinaryOp::And) {
                return want(left, truth, wanted) && want(right, truth, wanted);
            }
            // One of them is enough: the generator puts what is free on the right.
            want(right, truth, wanted)
        }
        _ => true,
    }
}

/// A run that is being walked.
struct Walk<'a> {
    made: &'a Made,
    strict: Strict,
    marks: VecDeque<Mark>,
    auth: AuthSession,
    told: Vec<String>,
    /// Whether the page at hand has been answered.
    answered: bool,
    page: Option<Spot>,
    /// Whether the node at hand has looked somebody up.
    called: bool,
    events: &'a [Event],
}

#[derive(Debug)]
pub(super) enum Outcome {
    /// With the level, where the run ended in success.
    Replayed(Option<AuthLevel>),
    Skipped(Skipped),
    Wrong(String),
}

/// Walks a run; `strict` is what binds as it does in the product.
pub(super) fn replay(engine: &Engine, made: &Made, events: &[Event], strict: Strict) -> Outcome {
    let root = &made.program.journeys[0];
    match events.first() {
        Some(Event::Visit(stack)) if stack[0].1 == root.start => {}
        _ => return Outcome::Skipped(Skipped::Midway),
    }
    let marks = match marks(made, events) {
        Ok(marks) => marks,
        Err(skipped) => return Outcome::Skipped(skipped),
    };
    let start = Start::journey(&*root.wire_name).session(StartSession {
        session: SessionRef("s".into()),
        subject: scripted::demo().subject,
        username: "demo".into(),
        level: AuthLevel::saturating(0),
        services: Vec::new(),
        proved: true,
    });
    let mut walk = Walk {
        made,
        strict,
        marks,
        auth: engine.begin(start, &Machine).unwrap().traced(),
        told: Vec::new(),
        answered: false,
        page: None,
        called: false,
        events,
    };
    match walk.run() {
        Ok(level) => Outcome::Replayed(level),
        Err(Stop::Skipped(skipped)) => Outcome::Skipped(skipped),
        Err(Stop::Wrong(what)) => Outcome::Wrong(format!(
            "{what}\nthe engine: {}\nstill to come: {:?}",
            walk.told.join(", "),
            walk.marks
        )),
    }
}

enum Stop {
    Skipped(Skipped),
    Wrong(String),
}

impl Walk<'_> {
    fn run(&mut self) -> Result<Option<AuthLevel>, Stop> {
        let mut input = Input::Begin;
        // The bound is that of the engine; this one is for a mistake in the test.
        for _ in 0..2_000 {
            let wanted = self.wanted()?;
            let step = self
                .auth
                .step(&Machine, &request(&wanted), input)
                .map_err(|error| Stop::Wrong(error.to_string()))?;
            for event in self.auth.take_trace() {
                self.follow(&event)?;
            }
            if let Step::Done(end) = &step {
                return self.end(end);
            }
            if self.marks.is_empty() && self.goes_on().is_none() {
                return Ok(None);
            }
            input = match step {
                Step::Ask(ask) => {
                    self.answered = true;
                    let answers = ask.callbacks.iter();
                    Input::Answers(answers.map(|_| Answer::Text("yes".to_owned())).collect())
                }
                Step::Call(call) => Input::Effect(self.reply(&call.effect, &call.node)),
                other => return Err(Stop::Wrong(format!("{other:?}"))),
            };
        }
        Err(Stop::Wrong("the run does not end".to_owned()))
    }

    /// Where the property breaks at an end of the whole run, which of the three it is.
    fn goes_on(&self) -> Option<&NodeKind> {
        match self.events.last() {
            Some(Event::Visit(stack)) if stack.len() == 1 => {
                let kind = &self.made.journey(stack[0].0).graph[stack[0].1].kind;
                let end = matches!(
                    kind,
                    NodeKind::Success | NodeKind::Failure | NodeKind::LooseEnd
                );
                end.then_some(kind)
            }
            _ => None,
        }
    }

    fn end(&self, end: &End) -> Result<Option<AuthLevel>, Stop> {
        let wrong = || Err(Stop::Wrong(format!("the run ends with {end:?}")));
        if !self.marks.is_empty() {
            return wrong();
        }
        let failed = match end {
            End::Success(_) => None,
            End::Failure(failure) => Some(&failure.reason),
        };
        let expected = match (self.goes_on(), failed) {
            // Success was reached, and the engine asks who is there: no node has named anybody.
            (Some(NodeKind::Success), Some(FailureReason::Inactive)) => {
                matches!(end, End::Failure(failure) if failure.username.is_none())
            }
            (Some(NodeKind::Success), None)
            | (Some(NodeKind::Failure), Some(FailureReason::Rejected))
            | (Some(NodeKind::LooseEnd), Some(FailureReason::LooseEnd)) => true,
            (Some(_), _) => false,
            (None, Some(FailureReason::NodeFailed { .. })) => {
                matches!(
                    self.events.last(),
                    Some(Event::Failed | Event::Leave(..) | Event::Return(..))
                )
            }
            // The end of the counter-example lies before that of the run.
            (None, _) => true,
        };
        let level = match end {
            End::Success(success) => Some(success.level),
            End::Failure(_) => None,
        };
        if expected { Ok(level) } else { wrong() }
    }

    /// Compares what the engine says with what is to come.
    fn follow(&mut self, event: &Traced) -> Result<(), Stop> {
        let (said, decided) = match event {
            Traced::Called { kind, .. } => {
                self.called |= *kind == "read_identity";
                return Ok(());
            }
            Traced::Entered { node } => {
                self.called = false;
                (format!("{node}"), None)
            }
            Traced::Left { node, outcome } => (format!("{node} -> {outcome}"), Some(node)),
            Traced::Failed { node, message } => {
                self.told.push(format!("{node} failed: {message}"));
                (format!("{node} failed"), Some(node))
            }
            _ => return Ok(()),
        };
        self.told.push(said.clone());
        let Some(next) = self.marks.front() else {
            return Ok(());
        };
        let expected = match next {
            Mark::Entered(node, _) => node.clone(),
            Mark::Left(node, outcome, _) => format!("{node} -> {outcome}"),
            Mark::Failed(node, _) => format!("{node} failed"),
        };
        if said == expected {
            let next = self.marks.pop_front().unwrap();
            let (id, node, child) = next.spot();
            let is_page = matches!(self.made.journey(id).graph[node].kind, NodeKind::Page(_));
            self.page = (is_page && decided.is_none()).then_some((id, node, child));
            if child == 0 && decided.is_none() {
                self.answered = false;
            }
            return Ok(());
        }
        // Every round of a page passes its children anew.
        if decided.is_none()
            && let Some(page) = self.page
            && said.starts_with(&format!("{}.", path(self.made, page)))
        {
            return Ok(());
        }
        let (id, node, _) = next.spot();
        if let NodeKind::Decision(arms) = &self.made.journey(id).graph[node].kind
            && decided.is_some()
        {
            if reads_state(arms, self.strict) {
                return Err(Stop::Skipped(Skipped::ReadsState));
            }
            let profile = |expr| any_slot(expr, &|slot| matches!(slot, Slot::User(_)));
            if !self.called && conditions(arms).any(profile) {
                return Err(Stop::Skipped(Skipped::Nobody));
            }
        }
        Err(Stop::Wrong(format!("`{said}` instead of `{expected}`")))
    }

    /// What the decisions up to the next node that stops want to find.
    fn wanted(&self) -> Result<Wanted, Stop> {
        let mut wanted = Wanted::new();
        for (at, mark) in self.marks.iter().enumerate() {
            let (id, node, _) = mark.spot();
            let kind = &self.made.journey(id).graph[node].kind;
            match (mark, kind) {
                (Mark::Left(_, outcome, _), NodeKind::Decision(arms)) => {
                    let taken = self.made.journey(id).graph[node].outcome(outcome);
                    let taken = taken.unwrap().index();
                    for (at, arm) in arms.iter().enumerate().take(taken + 1) {
                        let Some(condition) = &arm.condition else {
                            continue;
                        };
                        if !want(condition, at == taken, &mut wanted) {
                            return Err(Stop::Skipped(Skipped::OneRequest));
                        }
                    }
                }
                // Here comes another request.
                (Mark::Entered(..), NodeKind::Task(_) | NodeKind::Page(_)) if at > 0 => break,
                _ => {}
            }
        }
        Ok(wanted)
    }

    fn reply(&self, effect: &Effect, node: &str) -> EffectReply {
        let failure = || EffectReply::Failed("it is down".to_owned());
        let next = self
            .marks
            .iter()
            .find(|mark| !matches!(mark, Mark::Entered(..)));
        let fails = match next {
            Some(Mark::Failed(_, spot)) => Some(*spot),
            _ => None,
        };
        let wanted = self.wanted().unwrap_or_default();
        let there = |slot: &Slot| wanted.get(slot).copied().unwrap_or(false);
        match effect {
            Effect::ReadIdentity(_) | Effect::ReadSession(_) if fails.is_some() => failure(),
            Effect::ReadIdentity(_) => {
                let mut identity = scripted::demo();
                if there(&Slot::User("mail".into())) {
                    let mail = Value::from("demo@example.com");
                    identity.attributes.insert("mail".into(), mail);
                }
                EffectReply::Identity(Some(identity))
            }
            Effect::ReadSession(_) => {
                let mut properties = BTreeMap::new();
                if there(&Slot::Session("since".into())) {
                    properties.insert("since".into(), Value::from("today"));
                }
                EffectReply::Session(Some(SessionView {
                    subject: scripted::demo().subject,
                    username: "demo".into(),
                    level: AuthLevel::saturating(0),
                    created: Timestamp(0),
                    properties,
                }))
            }
            _ => match (fails, next) {
                (Some(spot), _) if self.fails_now(spot, node) => failure(),
                (_, next) => self.leaves(next, node),
            },
        }
    }

    /// A child of a page fails in the round in which those before it have their answers.
    fn fails_now(&self, spot: Spot, node: &str) -> bool {
        let NodeKind::Page(page) = &self.made.journey(spot.0).graph[spot.1].kind else {
            return true;
        };
        let child = &page.children[usize::from(spot.2)].name;
        let asked = (0..spot.2).any(|before| {
            let kind = self.made.kind(spot.0, spot.1, before);
            kind.is_some_and(|(kind, _)| kind.may_stop())
        });
        node == format!("{}.{child}", path(self.made, spot)) && (self.answered || !asked)
    }

    fn leaves(&self, next: Option<&Mark>, node: &str) -> EffectReply {
        let page = self.page.map(|spot| (spot.0, spot.1));
        // A page takes its children again in every round, and a limiter among them counts each time; the
        // check counts the page once, so that it finds too much there and never too little.
        let strict = match self.strict {
            Strict::Limits if page.is_some() => Strict::Nothing.text(),
            strict => strict.text(),
        };
        if let Some((id, of)) = page
            && let NodeKind::Page(page) = &self.made.journey(id).graph[of].kind
        {
            let prefix = format!("{}.", path(self.made, (id, of, 0)));
            let name = node.strip_prefix(&prefix).unwrap_or_default();
            let at = page.children.iter().position(|child| &*child.name == name);
            if let Some(at) = at.filter(|at| at + 1 < page.children.len()) {
                let outcome = &page.children[at].outcomes[0];
                return EffectReply::Custom(Value::from(format!("{outcome}{strict}")));
            }
            // The last one of a page that is to fail at an earlier round: by any outcome.
            if !matches!(next, Some(Mark::Left(..)))
                && let Some(outcome) = page.children[page.children.len() - 1].outcomes.first()
            {
                return EffectReply::Custom(Value::from(outcome.to_string()));
            }
        }
        match next {
            Some(Mark::Left(_, outcome, _)) => {
                EffectReply::Custom(Value::from(format!("{outcome}{strict}")))
            }
            _ => EffectReply::Failed("nothing was to happen here".to_owned()),
        }
    }
}

fn request(wanted: &Wanted) -> Request {
    let mut request = Request::default();
    for (slot, there) in wanted {
        match slot {
            Slot::Parameter(name) if *there => {
                request.parameters.push((name.to_string(), "1".to_owned()));
            }
            Slot::Header(name) if *there => {
                request.headers.push((name.to_string(), "1".to_owned()));
            }
            _ => {}
        }
    }
    request
}
