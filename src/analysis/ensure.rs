//! What authors state: each `ensure` line is decided, and where it does not hold, a run shows why.

use std::borrow::Cow;

use petgraph::graph::NodeIndex;

use crate::{
    Diagnostic, Diagnostics,
    analysis::{
        counterexample::{self, Counterexample},
        explore::{Explored, explore},
        faces,
        flow::{Flow, Flows},
        phase::{ARMED, CALM, Phase},
        proven,
        screen::{Screened, screen},
        space::{Mark, Space},
    },
    codes,
    model::{
        journey::JourneyId,
        program::Program,
        property::{Ensure, Place, Property},
    },
};

/// What is known of a property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It holds in every run.
    Holds,
    /// It does not, and this is a shortest run that shows it.
    Fails(Box<Counterexample>),
    /// It could not be shown, for the reason given. It counts as failed.
    Open(Cow<'static, str>),
}

/// Decides one property of a journey.
///
/// Paths are those of the graph, with inner journeys entered and left, and with every error arrow that is
/// written. The program need not have passed any check; journeys that call themselves never return.
///
/// ```
/// use wayfare::{Program, analysis::{Verdict, prove}};
/// fn all_hold(program: &Program) -> bool {
///     program.journeys.iter().all(|journey| {
///         let holds = |ensure| prove(program, journey.id, ensure) == Verdict::Holds;
///         journey.ensures.iter().all(holds)
///     })
/// }
/// ```
pub fn prove(program: &Program, journey: JourneyId, ensure: &Ensure) -> Verdict {
    decide(program, &Flows::new(program), journey, ensure)
}

/// Reports every property that is not shown to hold.
pub(super) fn check(program: &Program, flows: &Flows, diagnostics: &mut Diagnostics) {
    let asked: Vec<(JourneyId, &Ensure)> = program
        .journeys
        .iter()
        .flat_map(|journey| journey.ensures.iter().map(|ensure| (journey.id, ensure)))
        .collect();
    decide_all(program, flows, &asked, |at, answer| {
        let Some((_, ensure)) = asked.get(at) else {
            return;
        };
        match answer {
            Answer::Fails(run) => diagnostics.push(failed(program, ensure, &run)),
            Answer::Unshown => diagnostics.push(does_not_hold(ensure).note(RUN_LEFT_OUT)),
            Answer::Open(reason) => diagnostics.push(
                Diagnostic::new(codes::ENSURE_FAILED, ensure.span, not_shown(ensure)).note(reason),
            ),
        }
    });
}

/// What is said where a property fails and its run is not looked for any more.
pub(super) const RUN_LEFT_OUT: &str =
    "its run is left out: those of the other findings are long enough";

const TOO_MUCH: &str = "so much is stated of so large journeys that this line was not looked at: state less, or of fewer";

/// Why a property is a finding.
pub(super) enum Answer {
    /// This run breaks it.
    Fails(Box<Counterexample>),
    /// Some run does.
    Unshown,
    /// It could not be shown, for this reason.
    Open(Cow<'static, str>),
}

/// How much may be explored for one property after the other. What is only about places that are passed is
/// known without, and then goes without a run.
const WORK_MAX: usize = 20_000_000;

/// Decides many properties, and tells of each that is not shown to hold, by its number.
pub(super) fn decide_all(
    program: &Program,
    flows: &Flows,
    asked: &[(JourneyId, &Ensure)],
    mut tell: impl FnMut(usize, Answer),
) {
    let screened = screen(program, flows, asked);
    // What one property takes at most, two memories by state, is not known before; what its journeys
    // hold is near enough.
    let sizes = flows.sizes();
    let mut work: usize = 0;
    for (at, ((journey, ensure), screened)) in asked.iter().zip(screened).enumerate() {
        if screened == Screened::Holds {
            continue;
        }
        let size = sizes.get(journey.index()).copied().unwrap_or(0);
        if work > WORK_MAX {
            match screened {
                Screened::Broken => tell(at, Answer::Unshown),
                Screened::Open | Screened::Holds => tell(at, Answer::Open(TOO_MUCH.into())),
            }
            continue;
        }
        work = work.saturating_add(size);
        match decide(program, flows, *journey, ensure) {
            Verdict::Holds => {}
            Verdict::Fails(run) => tell(at, Answer::Fails(run)),
            Verdict::Open(reason) => tell(at, Answer::Open(reason)),
        }
    }
}

fn not_shown(ensure: &Ensure) -> String {
    format!("`{}` cannot be shown to hold", ensure.label)
}

fn does_not_hold(ensure: &Ensure) -> Diagnostic {
    let message = format!("`{}` does not hold", ensure.label);
    Diagnostic::new(codes::ENSURE_FAILED, ensure.span, message)
}

fn failed(program: &Program, ensure: &Ensure, run: &Counterexample) -> Diagnostic {
    run.tell(program, does_not_hold(ensure), &lead(ensure))
}

/// The words before a run that breaks a property.
pub(super) fn lead(ensure: &Ensure) -> String {
    match &ensure.property {
        Property::EveryPath { to, .. } => format!("`{}` is reached by", to.text),
        Property::Never { what, after } => {
            format!("`{}` is reached after `{}` by", what.text, after.text)
        }
        Property::LevelAtLeast { place, .. } => {
            format!("`{}` is reached below that level by", place.text)
        }
        Property::Has { place, .. } => format!("`{}` is reached without it by", place.text),
        Property::Holds { place, .. } => {
            format!("nothing says so when `{}` is reached by", place.text)
        }
        Property::SameFace { .. } => faces::KNOWN_SEES.to_owned(),
        Property::AtMost { of, .. } => format!("`{}` is visited once too often by", of.text),
    }
}

/// Decides one property.
pub(super) fn decide(
    program: &Program,
    flows: &Flows,
    journey: JourneyId,
    ensure: &Ensure,
) -> Verdict {
    let question = Question {
        program,
        flows,
        journey,
        from: ensure.from,
    };
    match &ensure.property {
        Property::EveryPath { to, passes } => question.every_path(to, passes),
        Property::Never { what, after } => question.never(what, after),
        Property::LevelAtLeast { level, place } => question.level_at_least(*level, place),
        Property::Has { slot, place } => question.has(slot, place),
        Property::Holds { condition, place } => question.holds(condition, place),
        Property::SameFace { until } => question.same_face(until),
        Property::AtMost { visits, of } => question.at_most(*visits, of),
    }
}

/// Where a property is asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question<'a> {
    /// The program.
    pub(super) program: &'a Program,
    /// Its flows.
    pub(super) flows: &'a Flows,
    /// The journey.
    pub(super) journey: JourneyId,
    /// Where runs begin.
    pub(super) from: NodeIndex<u32>,
}

impl<'a> Question<'a> {
    /// The instances that these places tell apart.
    pub(super) fn space(&self, places: &[&Place]) -> Space<'a> {
        Space::new(self.program, self.flows, self.journey, places)
    }

    /// The state where runs begin.
    pub(super) fn start(&self) -> u32 {
        Flow::of_node(self.from)
    }

    fn every_path(&self, to: &Place, passes: &[Place]) -> Verdict {
        if !proven::factors_of(passes).is_empty() {
            return self.proven(to, passes);
        }
        let places: Vec<&Place> = passes.iter().chain([to]).collect();
        let mut space = self.space(&places);
        for place in passes {
            space.mark(place, Mark::CUT);
        }
        space.mark(to, Mark::GOAL);
        self.phase(&space, Phase::Passing, ARMED)
    }

    fn never(&self, what: &Place, after: &Place) -> Verdict {
        let mut space = self.space(&[what, after]);
        space.mark(what, Mark::GOAL);
        space.mark(after, Mark::ARM);
        self.phase(&space, Phase::Passing, CALM)
    }

    /// Decides a property that marks say whole.
    pub(super) fn phase(&self, space: &Space<'_>, phase: Phase, memory: u32) -> Verdict {
        let explored = explore(space, &phase, self.start(), memory);
        verdict(&explored, counterexample::of_best(space, &phase, &explored))
    }
}

/// What an exploration says.
pub(super) fn verdict(explored: &Explored, run: Option<Counterexample>) -> Verdict {
    match run {
        Some(run) => Verdict::Fails(Box::new(run)),
        None if explored.cut_short => Verdict::Open(Cow::Borrowed(
            "there are too many different states to follow them all",
        )),
        None => Verdict::Holds,
    }
}
