//! What a recorded run comes to with this or another version of its journey.
//!
//! The run is taken again: the clock says what it said, what the outside answers stands in the record, and
//! stand-ins are drawn and typed where secrets were. Nothing is done outside. As long as the version asks
//! and wants what the recorded one did, the inputs are given in their order. Where it parts, the next
//! recorded input that fits what is asked or wanted is given, answers one by one by the kind of callback;
//! where none fits, the replay says what is missing.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeSet, VecDeque},
};

use wayfare::{
    Ask, Callback, Effect, Engine, Host, Input, Request, Step, Timestamp,
    engine::{effect::Social, host::NoRandomness},
};

use super::{
    Trace, back,
    compare::{Differs, differences},
    line::{AnswerLine, ClockRead, EndLine, InputLine, Line},
    record::{Names, Recorder},
    redact::STATE_BACK,
    words,
};

/// Why a record cannot be replayed at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The header names no realm.
    #[error("`{0}` is no realm")]
    BadRealm(String),
    /// The run cannot begin.
    #[error("the run cannot begin: {0}")]
    CannotBegin(String),
}

/// How a replay ended.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Fate {
    /// The run ended.
    Ended(EndLine),
    /// The record ends where the run still stands, as it did when it was recorded.
    Open,
    /// The run asks or wants something that the record has no answer to.
    Missing(String),
}

/// Where the two runs part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Divergence {
    /// How many steps of nodes both have in common.
    pub common: usize,
    /// What the recorded run did there, in words.
    pub before: String,
    /// What the replayed run did there, in words.
    pub after: String,
}

/// What a replay came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Replayed {
    /// The record of the replay.
    pub trace: Trace,
    /// How it ended.
    pub fate: Fate,
    /// Where its steps part from those of the record; `None` where they do not.
    pub divergence: Option<Divergence>,
    /// What differs of everything that is recorded, each thing once, with its first line.
    pub differences: Vec<Differs>,
}

impl Replayed {
    /// Whether everything that is recorded is the same.
    pub fn is_same(&self) -> bool {
        self.divergence.is_none() && self.differences.is_empty()
    }
}

/// How many steps a replay takes beyond those of the record.
const STEPS_BEYOND: usize = 1_000;

impl Trace {
    /// Takes the run again with this engine.
    ///
    /// # Errors
    /// The engine does not have the journey, or it cannot be started.
    pub fn replay(&self, engine: &Engine) -> Result<Replayed, ReplayError> {
        let start = back::start(&self.header.start)?;
        let host = Again::new(&self.header.began);
        let names = if self.header.names_hidden {
            Names::HiddenBefore
        } else {
            Names::Kept
        };
        let (mut run, mut recorder) = Recorder::begin(engine, start, &host, names)
            .map_err(|error| ReplayError::CannotBegin(error.to_string()))?;
        let mut pool = Pool::new(self);
        let mut standing: Option<Step> = None;
        let mut fate = Fate::Open;
        let mut compared = 0;
        // What the run has drawn for a provider to send back.
        let mut state = String::new();
        let bound = pool.inputs.len().saturating_add(STEPS_BEYOND);
        // BOUND: every step takes an input out of the pool.
        for _ in 0..bound {
            let (input, taken) = match pool.next(standing.as_ref()) {
                Next::Give(input, taken) => (input, taken),
                Next::Nothing => break,
                Next::Missing(what) => {
                    fate = Fate::Missing(what);
                    break;
                }
            };
            host.set(&taken);
            let mut request = taken.request.clone();
            for (_, value) in &mut request.parameters {
                if value == STATE_BACK {
                    value.clone_from(&state);
                }
            }
            let step = recorder.step(&mut run, &host, &request, input);
            if let Ok(Step::Call(call)) = &step
                && let Effect::Social(asked) = &call.effect
                && let Social::Begin(begin) = &**asked
            {
                state.clone_from(begin.state.reveal());
            }
            match step {
                Ok(Step::Done(_)) => {
                    if let Some(Line::Done(end)) = recorder.trace().lines.last() {
                        fate = Fate::Ended(end.clone());
                    }
                    standing = None;
                    pool.is_done = true;
                }
                Ok(step) => standing = Some(step),
                // The run is as it was.
                Err(_) => {}
            }
            let came = &recorder.trace().lines;
            let same = self.lines.get(compared..came.len());
            pool.parted |= same != came.get(compared..);
            compared = came.len();
        }
        let trace = recorder.into_trace();
        let divergence = divergence(self, &trace);
        let differences = differences(self, &trace);
        Ok(Replayed {
            trace,
            fate,
            divergence,
            differences,
        })
    }
}

fn divergence(before: &Trace, after: &Trace) -> Option<Divergence> {
    let (old, new) = (words::course(before), words::course(after));
    let common = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    if common == old.len() && common == new.len() {
        return None;
    }
    let at = |course: &[String]| {
        let there = course.get(common);
        there
            .cloned()
            .unwrap_or_else(|| "it goes no further".to_owned())
    };
    Some(Divergence {
        common,
        before: at(&old),
        after: at(&new),
    })
}

/// A recorded input with what went with it.
#[derive(Debug, Clone)]
struct Taken {
    input: InputLine,
    /// The kinds of callbacks that were asked before it.
    asked: Vec<String>,
    /// The kind of effect that was wanted before it, and the node.
    wanted: Option<(String, String)>,
    request: Request,
    clock: Vec<ClockRead>,
    failed: Vec<u64>,
    used: bool,
}

struct Pool {
    inputs: Vec<Taken>,
    next: usize,
    is_done: bool,
    /// Whether the replay has come to something else than the record.
    parted: bool,
}

enum Next {
    Give(Input, Box<Taken>),
    Nothing,
    Missing(String),
}

impl Pool {
    fn new(trace: &Trace) -> Self {
        let mut inputs: Vec<Taken> = Vec::new();
        let mut request = Request::default();
        let mut asked = Vec::new();
        let mut wanted = None;
        for line in &trace.lines {
            match line {
                Line::Request(line) => request = back::request(line),
                Line::Input(input) => inputs.push(Taken {
                    input: input.clone(),
                    asked: std::mem::take(&mut asked),
                    wanted: wanted.take(),
                    request: request.clone(),
                    clock: Vec::new(),
                    failed: Vec::new(),
                    used: false,
                }),
                Line::Clock(reads) => {
                    if let Some(last) = inputs.last_mut() {
                        last.clock.clone_from(reads);
                    }
                }
                Line::NoRandomness(failed) => {
                    if let Some(last) = inputs.last_mut() {
                        last.failed.clone_from(failed);
                    }
                }
                Line::Ask(ask) => asked = ask.callbacks.iter().map(|c| c.kind.clone()).collect(),
                Line::Call(call) => wanted = Some((call.kind.clone(), call.node.clone())),
                Line::Refused(_) => {
                    // The run stands where it stood.
                    if let Some(last) = inputs.last() {
                        asked.clone_from(&last.asked);
                        wanted.clone_from(&last.wanted);
                    }
                }
                Line::Entered { .. }
                | Line::Left { .. }
                | Line::Failed { .. }
                | Line::Suspended(_)
                | Line::Done(_) => {}
            }
        }
        Self {
            inputs,
            next: 0,
            is_done: false,
            parted: false,
        }
    }

    /// The input to give to a run that stands here.
    fn next(&mut self, standing: Option<&Step>) -> Next {
        if self.next >= self.inputs.len() && (self.is_done || standing.is_none()) {
            return Next::Nothing;
        }
        // Whoever comes to the same is given the same: what does not fit was refused then too. So is a run
        // before its beginning and behind its end.
        if self.is_done || standing.is_none() || !self.parted && self.next < self.inputs.len() {
            return self.in_order();
        }
        let fits = |taken: &Taken| !taken.used && fits(taken, standing);
        let ahead = self.inputs.get(self.next..).unwrap_or_default();
        if ahead.first().is_some_and(fits) {
            return self.in_order();
        }
        if ahead.is_empty() && self.inputs.iter().all(|taken| taken.used) {
            return Next::Nothing;
        }
        let mut later = (self.next..).zip(ahead);
        if let Some((at, _)) = later.find(|(_, taken)| fits(taken)) {
            self.next = at;
            return self.in_order();
        }
        match standing {
            Some(Step::Ask(ask)) => self.pieced(ask),
            Some(Step::Call(call)) => Next::Missing(format!(
                "`{}` wants `{}` done, and the record does not say what comes of it",
                call.node,
                call.effect.kind()
            )),
            Some(Step::Suspended(_)) => {
                Next::Missing("the run waits for a link that was not followed".to_owned())
            }
            Some(Step::Done(_)) | None => Next::Nothing,
        }
    }

    fn in_order(&mut self) -> Next {
        let Some(taken) = self.inputs.get_mut(self.next) else {
            return Next::Nothing;
        };
        taken.used = true;
        let taken = taken.clone();
        self.next += 1;
        Next::Give(back::input(&taken.input), Box::new(taken))
    }

    /// Answers put together from those of several steps, by the kinds of callbacks.
    fn pieced(&mut self, ask: &Ask) -> Next {
        let mut found: BTreeSet<usize> = BTreeSet::new();
        let mut left: VecDeque<(usize, String, AnswerLine)> = VecDeque::new();
        for (at, taken) in self.inputs.iter().enumerate().skip(self.next) {
            if let InputLine::Answers(answers) = &taken.input {
                for (kind, answer) in taken.asked.iter().zip(answers) {
                    left.push_back((at, kind.clone(), answer.clone()));
                }
            }
        }
        let mut answers = Vec::new();
        for callback in &ask.callbacks {
            if !callback.is_input() {
                answers.push(AnswerLine::None);
                continue;
            }
            let place = left.iter().position(|(_, kind, _)| kind == callback.kind());
            let Some((at, _, answer)) = place.and_then(|place| left.remove(place)) else {
                return Next::Missing(format!(
                    "a {} is asked, and the record has no answer to it",
                    callback.kind()
                ));
            };
            found.insert(at);
            answers.push(answer);
        }
        let Some(last) = found.last().copied() else {
            return Next::Missing("a step is shown that the record does not know".to_owned());
        };
        // What was asked at once and is asked one by one now keeps its other answers.
        let rest: Vec<(String, AnswerLine)> = left
            .into_iter()
            .filter(|(at, _, _)| *at == last)
            .map(|(_, kind, answer)| (kind, answer))
            .collect();
        let Some(taken) = self.inputs.get_mut(last) else {
            return Next::Nothing;
        };
        let given = Taken {
            input: InputLine::Answers(answers),
            ..taken.clone()
        };
        if rest.is_empty() {
            taken.used = true;
            self.next = last + 1;
        } else {
            taken.asked = rest.iter().map(|(kind, _)| kind.clone()).collect();
            taken.input = InputLine::Answers(rest.into_iter().map(|(_, a)| a).collect());
            self.next = last;
        }
        Next::Give(back::input(&given.input), Box::new(given))
    }
}

/// Whether a recorded input is one for a run that stands here.
fn fits(taken: &Taken, standing: Option<&Step>) -> bool {
    match (&taken.input, standing) {
        (InputLine::Answers(_), Some(Step::Ask(ask))) => {
            let kinds = ask.callbacks.iter().map(Callback::kind);
            kinds.eq(taken.asked.iter().map(String::as_str))
        }
        (InputLine::Reply(_), Some(Step::Call(call))) => taken
            .wanted
            .as_ref()
            .is_some_and(|(kind, _)| kind == call.effect.kind()),
        (InputLine::Resume, Some(Step::Suspended(_))) | (InputLine::Begin, None) => true,
        _ => false,
    }
}

/// A host that says again what it said, and draws stand-ins.
struct Again {
    clock: RefCell<VecDeque<ClockRead>>,
    last: Cell<u64>,
    draws: Cell<u64>,
    failed: RefCell<Vec<u64>>,
    numbers: Cell<u64>,
}

impl Again {
    fn new(began: &[ClockRead]) -> Self {
        Self {
            clock: RefCell::new(began.iter().copied().collect()),
            last: Cell::new(began.first().map_or(0, |read| read.at)),
            draws: Cell::new(0),
            failed: RefCell::default(),
            numbers: Cell::new(1),
        }
    }

    fn set(&self, taken: &Taken) {
        if !taken.clock.is_empty() {
            *self.clock.borrow_mut() = taken.clock.iter().copied().collect();
        }
        self.draws.set(0);
        self.failed.borrow_mut().clone_from(&taken.failed);
    }
}

impl Host for Again {
    fn now(&self) -> Timestamp {
        let mut clock = self.clock.borrow_mut();
        while let Some(read) = clock.front_mut() {
            if read.times == 0 {
                clock.pop_front();
                continue;
            }
            read.times -= 1;
            self.last.set(read.at);
            break;
        }
        Timestamp(self.last.get())
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        let draw = self.draws.get();
        self.draws.set(draw + 1);
        if self.failed.borrow().contains(&draw) {
            return Err(NoRandomness);
        }
        // Each draw is another one, so that what is drawn to be different is; none is a secret.
        for byte in bytes {
            let number = self.numbers.get();
            self.numbers.set(number.wrapping_add(1));
            *byte = u8::try_from(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 57).unwrap_or(0);
        }
        Ok(())
    }
}
