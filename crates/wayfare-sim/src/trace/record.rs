//! A run recorded while it is taken.

use std::{
    cell::{Cell, RefCell},
    sync::Arc,
};

use wayfare::{
    Ask, AuthSession, Engine, EngineError, Event, Host, Input, Request, Start, Step, Timestamp,
    engine::host::NoRandomness,
};

use super::{
    Trace, json,
    line::{ClockRead, Header, InputLine, Line},
    redact::Disguise,
};

/// What becomes of names and addresses in a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// They are kept.
    Kept,
    /// Each is given another one, the same wherever it stands; texts that may hold one are left out.
    Hidden,
    /// They are others than they were already.
    HiddenBefore,
}

/// A recorder of one run.
///
/// ```
/// use wayfare::{Compiler, Engine, Input, Registry, Request, Source, Start};
/// use wayfare_sim::{SimHost, trace::{Names, Recorder, Trace}};
///
/// let text = "journey hello {\n start name\n node name: UsernameCollector -> failure\n}";
/// # let text = text.replace("start name", "allow no_success because \"a test\"\n start name");
/// let registry = Registry::standard();
/// let compiled = Compiler::new(registry.catalog()).compile([Source::new("hello.journey", text)]);
/// let engine = Engine::link(compiled.program.ok_or("it does not compile")?, registry)?;
/// let host = SimHost::new(1);
/// let (mut run, mut recorder) = Recorder::begin(&engine, Start::journey("hello"), &host, Names::Kept)?;
/// recorder.step(&mut run, &host, &Request::default(), Input::Begin)?;
/// assert!(Trace::parse(&recorder.trace().text()).is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Recorder {
    trace: Trace,
    disguise: Disguise,
    asked: Option<Arc<Ask>>,
    request: Option<super::RequestLine>,
    taken: usize,
    header_taken: bool,
    events: Vec<Event>,
}

impl Recorder {
    /// Begins a run and its record.
    ///
    /// # Errors
    /// As [`Engine::begin`].
    pub fn begin(
        engine: &Engine,
        start: Start,
        host: &dyn Host,
        names: Names,
    ) -> Result<(AuthSession, Self), EngineError> {
        let mut disguise = Disguise::new(names);
        let start_line = disguise.start(&start);
        let heard = Heard::new(host);
        let session = engine.begin(start, &heard)?.traced();
        let header = Header {
            wayfare_trace: Trace::FORM,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            program: session.program().to_string(),
            names_hidden: names != Names::Kept,
            start: start_line,
            began: heard.reads.into_inner(),
        };
        let recorder = Self {
            trace: Trace {
                header,
                lines: Vec::new(),
            },
            disguise,
            asked: None,
            request: None,
            taken: 0,
            header_taken: false,
            events: Vec::new(),
        };
        Ok((session, recorder))
    }

    /// Takes a step of the run, as [`AuthSession::step`] does, and records it.
    ///
    /// # Errors
    /// As [`AuthSession::step`]; that it was refused is recorded too.
    pub fn step(
        &mut self,
        session: &mut AuthSession,
        host: &dyn Host,
        request: &Request,
        input: Input,
    ) -> Result<Step, EngineError> {
        let line = self.disguise.request(request);
        if self.request.as_ref() != Some(&line) {
            self.trace.lines.push(Line::Request(line.clone()));
            self.request = Some(line);
        }
        let given = match &input {
            Input::Begin => InputLine::Begin,
            Input::Answers(answers) => {
                InputLine::Answers(self.disguise.answers(self.asked.as_deref(), answers))
            }
            Input::Effect(reply) => InputLine::Reply(self.disguise.reply(reply)),
            Input::Resume => InputLine::Resume,
        };
        self.trace.lines.push(Line::Input(given));
        let heard = Heard::new(host);
        let step = session.step(&heard, request, input);
        self.events = session.take_trace();
        for event in self.events.clone() {
            self.event(event);
        }
        let reads = heard.reads.into_inner();
        if !reads.is_empty() {
            self.trace.lines.push(Line::Clock(reads));
        }
        let failed = heard.failed.into_inner();
        if !failed.is_empty() {
            self.trace.lines.push(Line::NoRandomness(failed));
        }
        let came = match &step {
            Ok(Step::Ask(ask)) => {
                self.asked = Some(Arc::clone(ask));
                Line::Ask(self.disguise.ask(ask))
            }
            Ok(Step::Call(call)) => Line::Call(self.disguise.call(call)),
            Ok(Step::Suspended(suspended)) => Line::Suspended(self.disguise.ask(&suspended.ask)),
            Ok(Step::Done(end)) => Line::Done(self.disguise.end(end)),
            Err(error) => Line::Refused(error.to_string()),
        };
        self.trace.lines.push(came);
        step
    }

    fn event(&mut self, event: Event) {
        let line = match event {
            Event::Entered { node } => Line::Entered {
                node: node.to_string(),
            },
            Event::Left { node, outcome } => Line::Left {
                node: node.to_string(),
                outcome: outcome.to_string(),
            },
            Event::Failed { node, message } => Line::Failed {
                node: node.to_string(),
                message,
            },
            // The clock and the draws are heard elsewhere, calls and asks are what a step comes to, and
            // a note may say anything.
            _ => return,
        };
        self.trace.lines.push(line);
    }

    /// The events of the last step, of which some are not recorded.
    pub fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// The record so far.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// The lines that were not taken yet, as text; for a record that is written while the run goes on.
    pub fn take_text(&mut self) -> String {
        let mut text = String::new();
        if !self.header_taken {
            self.header_taken = true;
            text = json(&self.trace.header);
        }
        for line in self.trace.lines.get(self.taken..).unwrap_or_default() {
            text.push_str(&json(line));
        }
        self.taken = self.trace.lines.len();
        text
    }

    /// The whole record.
    pub fn into_trace(self) -> Trace {
        self.trace
    }
}

/// A host that remembers what it said.
struct Heard<'h> {
    host: &'h dyn Host,
    reads: RefCell<Vec<ClockRead>>,
    draws: Cell<u64>,
    failed: RefCell<Vec<u64>>,
}

impl<'h> Heard<'h> {
    fn new(host: &'h dyn Host) -> Self {
        Self {
            host,
            reads: RefCell::default(),
            draws: Cell::new(0),
            failed: RefCell::default(),
        }
    }
}

impl Host for Heard<'_> {
    fn now(&self) -> Timestamp {
        let now = self.host.now();
        let mut reads = self.reads.borrow_mut();
        match reads.last_mut() {
            Some(read) if read.at == now.0 => read.times = read.times.saturating_add(1),
            Some(_) | None => reads.push(ClockRead {
                at: now.0,
                times: 1,
            }),
        }
        now
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        let draw = self.draws.get();
        self.draws.set(draw + 1);
        let drawn = self.host.random(bytes);
        if drawn.is_err() {
            self.failed.borrow_mut().push(draw);
        }
        drawn
    }
}
