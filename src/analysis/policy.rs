//! Policies that require what no journey can give.
//!
//! A denial carries an advice, and the advice leads to journeys. Where none of them can succeed as
//! required, whoever follows it is sent around for nothing. What a policy names must be there and must be
//! one that can be started; that was looked at before.

use crate::{
    Diagnostic, Diagnostics, codes,
    model::{
        journey::{Journey, JourneySettings},
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
    for policy in &program.policies {
        for requirement in &policy.requirements {
            let finding = match requirement {
                Requirement::Level(level) => of_level(policy, *level, journeys()),
                Requirement::Journey(name) | Requirement::Transaction(name) => {
                    let mut never = journeys().filter(|(_, span)| span.is_none());
                    let named = never.find(|(journey, _)| journey.wire_name == *name);
                    named.map(|(journey, _)| of_journey(policy, journey))
                }
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
        if is_offered(&journey.settings) {
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
            format!(
                "`{}` could, and {}",
                journey.name,
                why_not(&journey.settings)
            ),
        ),
    })
}

fn of_journey(policy: &Policy, journey: &Journey) -> Diagnostic {
    let message = format!(
        "`{}` requires `{}`, which never ends in success",
        policy.name, journey.name
    );
    Diagnostic::new(codes::UNSATISFIABLE_ADVICE, policy.span, message)
        .label(journey.span, "no way through it ends in success")
}

/// Whether an advice for a level may lead to a session of the journey.
fn is_offered(settings: &JourneySettings) -> bool {
    let kept = settings.inner_only || settings.transactional_only;
    settings.enabled && settings.offered && !kept && !settings.no_session
}

fn why_not(settings: &JourneySettings) -> &'static str {
    if !settings.enabled {
        "is not enabled"
    } else if settings.inner_only {
        "is for inner use only"
    } else if settings.transactional_only {
        "is for transactions only"
    } else if settings.no_session {
        "makes no session"
    } else {
        "is not offered"
    }
}
