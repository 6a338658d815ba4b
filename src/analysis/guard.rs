//! What guards ask of the journeys of their realm.
//!
//! A guard that does not hold is told at the guard, for that is the line that is broken; the journey that
//! breaks it is a label. The finding cannot be allowed, by the journey least of all.

use crate::{
    Diagnostic, Diagnostics,
    analysis::{
        ensure::{Verdict, decide, lead},
        flow::Flows,
    },
    codes,
    model::{guard::RealmGuard, journey::JourneyId, program::Program, property::Ensure},
};

/// Reports every journey that does not meet a guard.
pub(super) fn check(program: &Program, flows: &Flows, diagnostics: &mut Diagnostics) {
    for guard in &program.guards {
        for (journey, ensure) in &guard.holds {
            let finding = || finding(program, guard, *journey, ensure);
            match decide(program, flows, *journey, ensure) {
                Verdict::Holds => {}
                Verdict::Fails(run) => {
                    diagnostics.push(run.tell(program, finding(), &lead(ensure)));
                }
                Verdict::Open(reason) => {
                    let finding = finding().expected("this cannot be shown to hold");
                    diagnostics.push(finding.note(reason));
                }
            }
        }
    }
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
