//! What the checks of the compiler find in one program and not in the other.
//!
//! Asked without `allow` lines: an exception does not take away what it excepts. Of the codes, those that
//! say what somebody could do; properties, claims and guards are compared as such.

use std::{collections::BTreeMap, sync::Arc};

use super::{Direction, Found, Topic, side::Side};
use crate::{
    Code, Diagnostic, codes,
    model::{journey::Journey, program::Program},
};

/// The codes that are compared.
const CODES: &[Code] = &[
    codes::SPINNING_LOOP,
    codes::UNBOUNDED_PASSWORD_LOOP,
    codes::COUNT_RESET,
    codes::UNPROVED_SUCCESS,
    codes::IDENTITY_SWAPPED,
    codes::ENUMERATION,
    codes::LEVEL_WITHOUT_PROOF,
    codes::UNBOUNDED_LEVEL,
    codes::LEAKED_SECRET,
];

/// By journey on the wire and code, the findings.
pub(super) type Findings = BTreeMap<(Arc<str>, &'static str), Vec<Diagnostic>>;

/// The findings of a program that are compared.
pub(super) fn of(program: &Program) -> Findings {
    let mut all = Findings::new();
    for finding in &crate::analysis::findings(program) {
        if !CODES.contains(&finding.code) {
            continue;
        }
        if let Some(journey) = journey_of(program, finding) {
            let key = (Arc::clone(&journey.wire_name), finding.code.word);
            all.entry(key).or_default().push(finding.clone());
        }
    }
    all
}

/// The journey that a finding is about: where its run begins, else the one that stands before it in the file.
fn journey_of<'p>(program: &'p Program, finding: &Diagnostic) -> Option<&'p Journey> {
    if let Some(route) = &finding.route {
        return program.journey_named(&route.journey);
    }
    let part = finding.span;
    let before =
        |journey: &&Journey| journey.span.source == part.source && journey.span.start <= part.start;
    let all = program.journeys.iter().filter(before);
    all.max_by_key(|journey| journey.span.start)
}

/// Compares what is found in the journey of this name.
pub(super) fn both(old: &Side<'_>, new: &Side<'_>, found: &mut Found) {
    for (first, second, direction) in [
        (old, new, Direction::Weaker),
        (new, old, Direction::Stronger),
    ] {
        for code in CODES {
            let key = (Arc::clone(&found.journey), code.word);
            let of = |side: &'_ Side<'_>| side.findings.get(&key).map_or(0, Vec::len);
            let (before, after) = (of(first), of(second));
            if after <= before {
                continue;
            }
            let word = code.word;
            let times = if before == 0 {
                String::new()
            } else {
                format!(" at {after} places instead of {before}")
            };
            let message = match direction {
                Direction::Weaker => format!("`{word}` is found{times}: {}", code.summary),
                _ if before == 0 => format!("`{word}` is not found any more"),
                _ => format!("`{word}` is found at {before} places instead of {after}"),
            };
            found.push(direction, Topic::Finding, message);
        }
    }
}
