//! Policies that require what no journey can give.
//!
//! A denial carries an advice, and the advice leads to journeys. Where none of them can succeed as
//! required, whoever follows it is sent around for nothing; a session without a proof meets no
//! requirement. What a policy names must be there and must be one that can be started; that was looked at
//! before.

use std::sync::Arc;

use crate::{
    Diagnostic, Diagnostics, codes,
    model::{
        journey::{Journey, Sessions},
        level::{AuthLevel, LevelSpan},
        policy::{Policy, Requirement},
        program::Program,
    },
};

/// Finds them in all policies; `spans` gives the levels of each journey at success.
pub(super) fn check(
    program: &Program,
    spans: impl FnOnce() -> Vec<Option<LevelSpan>>,
    diagnostics: &mut Diagnostics,
) {
    let mut requirements = program
        .policies
        .iter()
        .flat_map(|policy| &policy.requirements);
    if !requirements.any(|requirement| !matches!(requirement, Requirement::Realm(_))) {
        return;
    }
    let spans = spans();
    let journeys = || program.journeys.iter().zip(&spans);
    let named = |name: &Arc<str>| journeys().find(|(journey, _)| journey.wire_name == *name);
    for policy in &program.policies {
        for requirement in &policy.requirements {
            let finding = match requirement {
                Requirement::Level(level) => of_level(policy, *level, journeys()),
                Requirement::Journey(name) => named(name).and_then(|(journey, span)| {
                    why_in_vain(journey, span.is_some()).map(|why| of_journey(policy, journey, why))
                }),
                Requirement::Transaction(name) => named(name)
                    .filter(|(_, span)| span.is_none())
                    .map(|(journey, _)| of_journey(policy, journey, NEVER)),
                Requirement::Realm(_) => None,
            };
            if let Some(finding) = finding {
                diagnostics.push(finding);
            }
        }
    }
}

fn of_level<'a>(
    policy: &Policy,
    level: AuthLevel,
    journeys: impl Iterator<Item = (&'a Journey, &'a Option<LevelSpan>)>,
) -> Option<Diagnostic> {
    // The journeys of another realm are not in sight.
    let elsewhere = |requirement: &Requirement| matches!(requirement, Requirement::Realm(_));
    if level == AuthLevel::ZERO || policy.requirements.iter().any(elsewhere) {
        return None;
    }
    let mut near: Option<&Journey> = None;
    for (journey, span) in journeys {
        if !span.is_some_and(|span| span.may_reach(level)) {
            continue;
        }
        if journey.is_offered_for_level() {
            return None;
        }
        near = near.or(Some(journey));
    }
    let message = format!(
        "`{}` requires level {level}, which no journey that is offered can give",
        policy.name
    );
    let finding = Diagnostic::new(codes::UNSATISFIABLE_ADVICE, policy.span, message)
        .help("raise the level in a journey that is offered, or require less");
    Some(match near {
        None => finding,
        Some(journey) => finding.label(
            journey.span,
            format!("`{}` could, and {}", journey.name, why_not(journey)),
        ),
    })
}

/// Why a journey gives nobody what a policy requires: what is said of it, and of its declaration.
type InVain = (&'static str, &'static str);

const NEVER: InVain = ("never ends in success", "no way through it ends in success");

fn why_in_vain(journey: &Journey, succeeds: bool) -> Option<InVain> {
    if !succeeds {
        return Some(NEVER);
    }
    // That a journey named makes no session was told before, as a mistake.
    (journey.sessions() == Sessions::Unproved).then_some((
        "makes only sessions without a proof",
        "every arrow into success allows `unproved_success`",
    ))
}

fn of_journey(policy: &Policy, journey: &Journey, (what, label): InVain) -> Diagnostic {
    let message = format!(
        "`{}` requires `{}`, which {what}",
        policy.name, journey.name
    );
    Diagnostic::new(codes::UNSATISFIABLE_ADVICE, policy.span, message).label(journey.span, label)
}

fn why_not(journey: &Journey) -> &'static str {
    let settings = &journey.settings;
    if !settings.enabled {
        "is not enabled"
    } else if settings.inner_only {
        "is for inner use only"
    } else if settings.transactional_only {
        "is for transactions only"
    } else if settings.no_session {
        "makes no session"
    } else if !settings.offered {
        "is not offered"
    } else {
        "allows sessions without a proof"
    }
}
