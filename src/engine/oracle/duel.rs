//! One program played by both, one step after the other.

use std::collections::BTreeMap;

use super::{
    dice::{Dice, shrink},
    kit::Kit,
    performer::{Machine, Outside, Wax, misfits},
    probe::{Leading, Probe, Single, Waiting},
    state::{Challenge, Hidden, Names, State},
    walker::{Waits, Walker},
    writer::program,
};
use crate::{
    compile::Compiler,
    engine::{
        effect::{EffectReply, SessionRef, SubjectId},
        error::EngineError,
        limits::Limits,
        plan::Plan,
        registry::Registry,
        run::{Asker, Run},
        session::{AuthSession, Engine},
        start::{Start, StartSession},
        state::{Cells, Sensitive},
        step::{End, FailureReason, Input, Step},
        trace::Event,
    },
    model::{expr::KeyId, level::AuthLevel, value::Value},
    source::Source,
};

/// Both, ready for runs of one program.
#[derive(Debug)]
pub(super) struct Arena {
    engine: Engine,
    kit: Kit,
    limits: Limits,
}

/// How the world is disturbed.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Faults {
    pub(super) effect: Option<u32>,
    pub(super) draw: Option<u32>,
}

/// What a run came to.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) seen: BTreeMap<&'static str, u64>,
    pub(super) effects: u32,
    pub(super) draws: u32,
}

pub(super) fn registry() -> Registry {
    let mut registry = Registry::standard();
    let types = registry.add(Probe).unwrap().add(Single).unwrap();
    types.add(Waiting).unwrap().add(Leading).unwrap();
    registry
}

impl Arena {
    /// Compiles and links; the codes of the findings where the program is refused.
    pub(super) fn new(text: &str) -> Result<Self, Vec<String>> {
        let registry = registry();
        let compiled = Compiler::new(registry.catalog()).compile([Source::new("j.journey", text)]);
        let Some(program) = compiled.program else {
            let found = compiled.diagnostics.iter();
            let errors = found.filter(|found| found.severity == crate::Severity::Error);
            return Err(errors
                .map(|found| format!("{}: {}", found.code.word, found.message))
                .collect());
        };
        let kit = Kit::new(&program, &registry);
        let limits = Limits {
            visits_per_turn: 60,
            visits_per_run: 200,
            ..Limits::default()
        };
        let engine = Engine::link(program, registry).map_err(|errors| vec![errors.to_string()])?;
        Ok(Self {
            engine: engine.with_limits(limits.clone()),
            kit,
            limits,
        })
    }

    /// Plays one run; an error says in what the two differ, or which law a success broke.
    pub(super) fn play(
        &self,
        dice: &mut Dice,
        honest: bool,
        faults: Faults,
    ) -> Result<Told, String> {
        let machine = Machine::new(faults.draw);
        let start = start(dice);
        let mut limits = self.limits.clone();
        limits.inner_depth = 1 + dice.below(3);
        let engine = self.engine.clone().with_limits(limits.clone());
        let auth = engine.begin(start.clone(), &machine);
        let mut auth = auth.map_err(|error| error.to_string())?.traced();
        let host = machine.clone();
        let mut walker = Walker::new(&self.kit, limits, host, start, auth.run_id());
        let mut outside = Outside::new(honest, faults.effect);
        let mut input = Input::Begin;
        for _ in 0..60 {
            disturb(dice, &machine, &mut walker, honest);
            let done = both(&mut auth, &mut walker, &machine, input)?;
            let Some(step) = done else {
                walker.saw("a run that was left alone");
                break;
            };
            if let Step::Done(end) = &step {
                tell(&mut walker, end);
                law(&outside, &walker, end)?;
                break;
            }
            auth = reopen(&engine, &auth)?;
            walker.saw("a seal and an opening");
            input = next(dice, &mut outside, &mut auth, &mut walker, &machine, &step)?;
        }
        Ok(Told {
            seen: walker.seen,
            effects: outside.effects,
            draws: machine.draws.get(),
        })
    }
}

/// Moves the clock, breaks randomness, changes the request.
fn disturb(dice: &mut Dice, machine: &Machine, walker: &mut Walker<'_>, honest: bool) {
    let by: i64 = match dice.below(24) {
        21 => 61_000,
        22 => 400_000,
        23 => -5_000,
        other => i64::from(other) * 100,
    };
    if by.abs() > 3_000 {
        walker.saw("a jump of the clock");
    }
    machine.now.set(machine.now.get().saturating_add_signed(by));
    machine.broken.set(!honest && dice.once_in(20));
    walker.host.now.set(machine.now.get());
    walker.host.broken.set(machine.broken.get());
    let request = &mut walker.request;
    request.parameters.clear();
    request.headers.clear();
    request.locales.clear();
    if dice.once_in(2) {
        request.parameters.push(("p".to_owned(), "1".to_owned()));
        request.headers.push(("H".to_owned(), "abc".to_owned()));
        request.locales.push("fr-CA".to_owned());
    }
}

fn reopen(engine: &Engine, auth: &AuthSession) -> Result<AuthSession, String> {
    let sealed = auth
        .seal(&Wax, b"duel")
        .map_err(|error| error.to_string())?;
    let opened = engine.open(&Wax, b"duel", &sealed);
    let opened = opened.map_err(|error| format!("a sealed run does not open: {error}"))?;
    if opened.standing() != auth.standing() {
        return Err("a sealed run opens as another".to_owned());
    }
    Ok(opened.traced())
}

fn start(dice: &mut Dice) -> Start {
    let mut start = Start::journey("j");
    if dice.once_in(3) {
        start = start.asks(AuthLevel::saturating(5 * i64::from(dice.below(4))));
    }
    if dice.once_in(8) {
        let expected = ["demo", "eve"][dice.below(2) as usize];
        start = start.expects(SubjectId(format!("id-{expected}").into()));
    }
    if dice.once_in(4) {
        let data = [
            ("x", Value::from("1")),
            ("realm", Value::from("/evil")),
            ("authLevel", Value::Int(99)),
            ("not of the program", Value::Int(1)),
        ];
        start = start.data(data.map(|(key, value)| (key.into(), value)).into());
    }
    let name = match dice.below(4) {
        2 => "demo",
        3 => "eve",
        _ => return start,
    };
    start.goto = Some("https://app.example.com/".into());
    start.session(StartSession {
        session: SessionRef("session".into()),
        subject: SubjectId(format!("id-{name}").into()),
        username: name.into(),
        level: AuthLevel::saturating(10),
        services: vec!["j".into()],
        proved: true,
    })
}

/// The next input; sometimes one that does not fit comes first, and both must refuse it.
fn next(
    dice: &mut Dice,
    outside: &mut Outside,
    auth: &mut AuthSession,
    walker: &mut Walker<'_>,
    machine: &Machine,
    step: &Step,
) -> Result<Input, String> {
    let wrong = dice.once_in(10);
    let (right, misfit) = match step {
        Step::Ask(ask) => {
            let each = ask.callbacks.iter();
            let answers: Vec<_> = each
                .map(|callback| outside.answer(dice, callback))
                .collect();
            let misfit = wrong.then(|| Input::Answers(misfits(dice, &answers)));
            (Input::Answers(answers), misfit)
        }
        Step::Call(call) => {
            let reply = outside.perform(dice, &call.effect);
            let misfit = wrong.then(|| match reply {
                EffectReply::Sent => Input::Effect(EffectReply::Miss),
                _ => Input::Effect(EffectReply::Sent),
            });
            (Input::Effect(reply), misfit)
        }
        Step::Suspended(_) => (Input::Resume, wrong.then(|| Input::Answers(Vec::new()))),
        Step::Done(_) => (Input::Begin, None),
    };
    if let Some(misfit) = misfit {
        // Sent stands for a reply of another kind; where it fits, nothing is sent at all.
        if !matches!((&misfit, step), (Input::Effect(EffectReply::Sent), Step::Call(call)) if matches!(call.effect, crate::Effect::Send(_)))
        {
            if both(auth, walker, machine, misfit)?.is_some() {
                return Err("an input that does not fit was taken".to_owned());
            }
            walker.saw("an input that does not fit");
        }
    }
    Ok(right)
}

/// Steps both and compares all that can be seen; `None` where both refuse alike.
fn both(
    auth: &mut AuthSession,
    walker: &mut Walker<'_>,
    machine: &Machine,
    input: Input,
) -> Result<Option<Step>, String> {
    let copy = match &input {
        Input::Begin => Input::Begin,
        Input::Answers(answers) => Input::Answers(answers.clone()),
        Input::Effect(reply) => Input::Effect(reply.clone()),
        Input::Resume => Input::Resume,
    };
    let told = match &input {
        Input::Begin => "the first step",
        Input::Answers(_) => "answers",
        Input::Effect(_) => "a reply",
        Input::Resume => "a resumption",
    };
    let engine = auth.step(machine, &walker.request.clone(), input);
    let reference = walker.step(copy);
    let engine_log = lines(&auth.take_trace());
    let reference_log = std::mem::take(&mut walker.log);
    let differ = |what: &str, engine: &dyn std::fmt::Debug, reference: &dyn std::fmt::Debug| {
        Err(format!(
            "on {told}: {what}\n  engine:    {engine:?}\n  reference: {reference:?}\n  way: {engine_log:#?}\n  reference's way: {reference_log:#?}"
        ))
    };
    match (&engine, &reference) {
        (Ok(left), Ok(right)) if left == right => {}
        (Err(left), Err(right)) if alike(left, right) => {}
        (left, right) => return differ("the step", left, right),
    }
    if engine_log != reference_log {
        return differ("the way", &engine_log, &reference_log);
    }
    if let Ok(Step::Done(_)) = &engine {
        return Ok(engine.ok());
    }
    let (run, plan) = auth.parts();
    let (left, right) = (view(run, plan), View::of(walker));
    if left != right {
        return differ("the state", &left, &right);
    }
    Ok(engine.ok())
}

fn alike(left: &EngineError, right: &EngineError) -> bool {
    match (left, right) {
        (EngineError::Answer(left), EngineError::Answer(right)) => left == right,
        _ => std::mem::discriminant(left) == std::mem::discriminant(right),
    }
}

/// The events that the walker tells as well.
fn lines(events: &[Event]) -> Vec<String> {
    let told = events.iter().filter(|event| {
        matches!(
            event,
            Event::Entered { .. }
                | Event::Left { .. }
                | Event::Failed { .. }
                | Event::Called { .. }
        )
    });
    told.map(ToString::to_string).collect()
}

/// All that a run keeps, by name.
#[derive(Debug, PartialEq)]
struct View {
    state: State,
    callers: Vec<(String, Hidden)>,
    at: String,
    page: bool,
    waits: Waits,
    visits: u32,
    turn: u32,
    generation: u32,
    expires: u64,
}

impl View {
    fn of(walker: &Walker<'_>) -> Self {
        let callers = walker.callers.iter();
        Self {
            state: walker.state.clone(),
            callers: callers
                .map(|caller| (walker.kit.path(caller.at), caller.hidden.clone()))
                .collect(),
            at: if walker.standing.is_some() {
                walker.kit.path(walker.at)
            } else {
                String::new()
            },
            page: walker.page.is_some(),
            waits: walker.waits,
            visits: walker.visits,
            turn: walker.turn,
            generation: walker.generation,
            expires: walker.expires.0,
        }
    }
}

fn view(run: &Run, plan: &Plan) -> View {
    let label = |at| {
        plan.label(at)
            .map_or_else(String::new, |label| label.name.to_string())
    };
    let names = |cells: &Cells<KeyId>| -> Names {
        let each = cells.iter();
        each.map(|(key, value)| (run.key_name(plan, *key).unwrap().to_string(), value.clone()))
            .collect()
    };
    let members = |cells: &Cells<std::sync::Arc<str>>| -> Names {
        cells
            .iter()
            .map(|(name, value)| (name.to_string(), value.clone()))
            .collect()
    };
    let hidden = |sensitive: &Sensitive| Hidden {
        transient: names(&sensitive.transient),
        secure: names(&sensitive.secure),
        transient_object: members(&sensitive.transient_object),
        secure_object: members(&sensitive.secure_object),
    };
    let memory = run.memory.iter();
    View {
        state: State {
            shared: names(&run.state.shared),
            shared_object: members(&run.state.shared_object),
            hidden: hidden(&run.state.sensitive),
            level: run.level,
            subject: run.proofs.subject.clone(),
            evidence: run.proofs.evidence.clone(),
            challenge: run.proofs.challenge.clone().map(|open| Challenge {
                sent_to: open.subject,
                seen: open.out,
            }),
            memory: memory
                .map(|(unit, value)| (plan.unit(*unit).unwrap().name.to_string(), value.clone()))
                .collect(),
            ends: run.ends.as_deref().cloned().unwrap_or_default(),
        },
        callers: run
            .frames
            .iter()
            .map(|f| (label(f.caller), hidden(&f.saved)))
            .collect(),
        at: label(run.at),
        page: run.page.is_some(),
        waits: match run.asker {
            Asker::Node => Waits::Node,
            Asker::User => Waits::User,
            Asker::Session => Waits::Session,
            Asker::Success => Waits::Success,
        },
        visits: run.visits,
        turn: run.turn,
        generation: run.generation,
        expires: run.expires.0,
    }
}

/// No success without a proof, unless the author has allowed it at the arrow that was taken.
fn law(outside: &Outside, walker: &Walker<'_>, end: &End) -> Result<(), String> {
    let End::Success(success) = end else {
        return Ok(());
    };
    let evidence = success
        .evidence
        .iter()
        .any(|proof| proof.subject == success.subject.id);
    let matched = !outside.honest || outside.matched.contains(&success.subject.id);
    if success.proved && !(evidence && matched) {
        return Err(format!("a success without evidence: {success:?}"));
    }
    let open = walker.kit.path(walker.at) == "j/open";
    if !success.proved && !open {
        return Err(format!(
            "an unproved success that nobody allowed: {success:?}"
        ));
    }
    Ok(())
}

fn tell(walker: &mut Walker<'_>, end: &End) {
    let what = match end {
        End::Success(success) if success.proved => "end: success",
        End::Success(_) => "end: success that needs no proof",
        End::Failure(failure) => match failure.reason {
            FailureReason::Rejected => "end: Rejected",
            FailureReason::LooseEnd => "end: LooseEnd",
            FailureReason::UnprovedSuccess => "end: UnprovedSuccess",
            FailureReason::LevelNotReached => "end: LevelNotReached",
            FailureReason::EnsureUnmet { .. } => "end: EnsureUnmet",
            FailureReason::Inactive => "end: Inactive",
            FailureReason::OtherSubject => "end: OtherSubject",
            FailureReason::NodeFailed { .. } => "end: NodeFailed",
            FailureReason::TooManyVisits => "end: TooManyVisits",
            FailureReason::StateTooLarge => "end: StateTooLarge",
        },
    };
    walker.saw(what);
}

/// Makes a difference as small as it gets and says it.
pub(super) fn report(journey: &[u32], run: &[u32], honest: bool, faults: Faults) -> String {
    let differs = |lists: &[Vec<u32>; 2]| {
        let text = program(&mut Dice::scripted(&lists[0]), honest);
        let arena = Arena::new(&text).ok()?;
        let told = arena
            .play(&mut Dice::scripted(&lists[1]), honest, faults)
            .err()?;
        Some((text, told))
    };
    let small = shrink([journey.to_vec(), run.to_vec()], |lists| {
        differs(lists).is_some()
    });
    match differs(&small) {
        Some((text, told)) => format!("{text}\nrun {:?}\n{told}", small[1]),
        None => "it does not happen again".to_owned(),
    }
}
