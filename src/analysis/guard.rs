//! What guards ask of the journeys of their realm.
//!
//! A guard that does not hold is told at the guard, for that is the line that is broken; the journey that
//! breaks it is a label. The finding cannot be allowed, by the journey least of all.

use crate::{
    Diagnostic, Diagnostics,
    analysis::{
        ensure::{Answer, RUN_LEFT_OUT, decide_all, lead},
        flow::Flows,
    },
    codes,
    model::{guard::RealmGuard, journey::JourneyId, program::Program, property::Ensure},
};

/// Reports every journey that does not meet a guard.
pub(super) fn check(program: &Program, flows: &Flows, diagnostics: &mut Diagnostics) {
    let (mut guards, mut asked) = (Vec::new(), Vec::new());
    for guard in &program.guards {
        for (journey, ensure) in &guard.holds {
            guards.push(guard);
            asked.push((*journey, ensure));
        }
    }
    decide_all(program, flows, &asked, |at, answer| {
        let (Some(guard), Some((journey, ensure))) = (guards.get(at), asked.get(at)) else {
            return;
        };
        let finding = finding(program, guard, *journey, ensure);
        diagnostics.push(match answer {
            Answer::Fails(run) => run.tell(program, finding, &lead(ensure)),
            Answer::Unshown => finding.note(RUN_LEFT_OUT),
            Answer::Open(reason) => finding
                .expected("this cannot be shown to hold")
                .note(reason),
        });
    });
}

fn finding(program: &Program, guard: &RealmGuard, id: JourneyId, ensure: &Ensure) -> Diagnostic {
    let journey = program.journey(id);
    let name = journey.map_or("?", |journey| &*journey.name);
    let message = format!(
        "`{name}` does not meet the guard {:?}: `{}`",
        guard.name, ensure.label
    );
    let finding = Diagnostic::new(codes::GUARD_FAILED, ensure.span, message)
        .expected("every journey that can be started must meet this");
    match journey {
        Some(journey) => finding.label(journey.span, "this journey"),
        None => finding,
    }
}
