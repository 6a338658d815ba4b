//! The level that a journey claims.
//!
//! In: the journeys that claim one. Out: a finding for each that can succeed below it. Most claims hold by
//! the least level at success, which one pass over all journeys finds for all of them; what is left is
//! decided one claim after the other, exactly, through all journeys behind it. What that may take is shared
//! by all claims; one that is not looked at any more counts as not kept.

use std::borrow::Cow;

use crate::{
    Diagnostic, Diagnostics,
    analysis::{
        ensure::{Question, Verdict},
        flow::{Flow, Flows},
        level::success_of,
        levels,
    },
    codes,
    model::{
        journey::{Journey, JourneyId},
        level::AuthLevel,
        program::Program,
    },
};

/// How much may be explored for one claim after the other.
const WORK_MAX: usize = 2_000_000;

const TOO_MUCH: &str = "so many levels are claimed by so large journeys that this claim was not looked at: let fewer journeys claim one, or raise the level right before success";

/// Checks the level that each journey claims.
pub(super) fn check(program: &Program, flows: &Flows, diagnostics: &mut Diagnostics) {
    let open = open(program, flows);
    if open.is_empty() {
        return;
    }
    let sizes = flows.sizes();
    let mut work: usize = 0;
    for (journey, level) in open {
        let (verdict, spent) = if work > WORK_MAX {
            (Verdict::Open(Cow::Borrowed(TOO_MUCH)), 0)
        } else {
            let question = Question {
                program,
                flows,
                journey: journey.id,
                from: journey.start,
            };
            question.level_at_least_and_work(level, &success_of(journey))
        };
        let size = sizes.get(journey.id.index()).copied().unwrap_or(0);
        work = work.saturating_add(spent).saturating_add(size);
        match verdict {
            Verdict::Holds => {}
            Verdict::Open(reason) => {
                let message = format!(
                    "that `{}` claims level {level} cannot be shown to be right",
                    journey.name
                );
                let finding = Diagnostic::new(codes::LEVEL_NOT_REACHED, journey.span, message);
                diagnostics.push(finding.note(reason));
            }
            Verdict::Fails(run) => {
                let steps = usize::try_from(run.length).unwrap_or(usize::MAX);
                work = work.saturating_add(steps);
                let message = format!(
                    "`{}` claims level {level} and can succeed below it",
                    journey.name
                );
                let finding = Diagnostic::new(codes::LEVEL_NOT_REACHED, journey.span, message)
                    .help("raise the level on every way to success, or claim less");
                diagnostics.push(run.tell(program, finding, "success is reached below it by"));
            }
        }
    }
}

/// The claims that the least levels at success do not show to be kept.
fn open<'p>(program: &'p Program, flows: &Flows) -> Vec<(&'p Journey, AuthLevel)> {
    let claims: Vec<(&Journey, AuthLevel)> = program
        .journeys
        .iter()
        .filter_map(|journey| journey.settings.level.map(|level| (journey, level)))
        .filter(|(_, level)| *level > AuthLevel::ZERO)
        .collect();
    if claims.is_empty() {
        return Vec::new();
    }
    let mut called = vec![false; program.journeys.len()];
    for journey in &program.journeys {
        let calls = flows.get(journey.id).into_iter().flat_map(Flow::calls);
        for (_, inner) in calls {
            if let Some(called) = called.get_mut(inner.index()) {
                *called = true;
            }
        }
    }
    let asked: Vec<(JourneyId, bool)> = claims
        .iter()
        .map(|(journey, _)| {
            let is_called = called.get(journey.id.index()) != Some(&false);
            (journey.id, is_called || journey.settings.inner_only)
        })
        .collect();
    let leasts = levels::leasts(program, flows, &asked);
    let is_open = |((_, level), least): &((&Journey, AuthLevel), Option<AuthLevel>)| {
        least.is_none_or(|least| least < *level)
    };
    let claims = claims.into_iter().zip(leasts).filter(is_open);
    claims.map(|(claim, _)| claim).collect()
}
