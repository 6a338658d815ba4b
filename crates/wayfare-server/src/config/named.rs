//! Journeys that the settings name: whether they are there, can be started, and can be what they are named for.

use std::{collections::BTreeSet, ops::Range};

use wayfare::{
    Diagnostic, Source, SourceMap, Span,
    codes::UNKNOWN_BOUND_JOURNEY,
    model::{
        journey::{Journey, JourneyId, NodeKind, On},
        program::Program,
        signature::Account,
    },
};

use super::nearest;

/// A place in the file of the settings.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) source: Source,
    pub(super) at: Range<usize>,
}

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        self.source.name() == other.source.name() && self.at == other.at
    }
}

impl Eq for Place {}

impl Place {
    /// The place of what stands in no file.
    pub(super) fn nowhere() -> Self {
        Self {
            source: Source::new("(settings)", ""),
            at: 0..0,
        }
    }

    /// The place among the sources of findings.
    pub(super) fn span(&self, sources: &mut SourceMap) -> Span {
        let source = sources.add(self.source.clone());
        Span::new(source, self.at.start, self.at.end)
    }
}

/// What is wrong with a journey that is named: it is not there, or cannot be started by its name.
pub(super) fn unknown(
    program: &Program,
    (what, name): (&str, &str),
    span: Span,
) -> Option<Diagnostic> {
    let Some(journey) = program.journey_on_wire(name) else {
        let message = format!("`{what}` names `{name}`, and there is no such journey");
        let names = || program.by_wire_name.keys().map(AsRef::as_ref);
        let expected = nearest(name, names()).map_or_else(
            || {
                let some: Vec<&str> = names().take(8).collect();
                format!("a journey of the realm: `{}`", some.join("`, `"))
            },
            |near| format!("a journey of the realm, such as `{near}`"),
        );
        let found = Diagnostic::new(UNKNOWN_BOUND_JOURNEY, span, message);
        return Some(found.expected(expected));
    };
    let settings = &journey.settings;
    if settings.enabled && !settings.inner_only {
        return None;
    }
    let message = format!("`{what}` names `{name}`, which cannot be started alone");
    let found = Diagnostic::new(UNKNOWN_BOUND_JOURNEY, span, message)
        .expected("a journey that is enabled and not kept for others to call")
        .label(journey.span, "it is declared here");
    Some(found)
}

/// What is wrong with a journey that is named for logins: it makes an account of everybody whom it lets in.
pub(super) fn no_login(
    program: &Program,
    (what, name): (&str, &str),
    span: Span,
) -> Option<Diagnostic> {
    let journey = program.journey_on_wire(name)?;
    if lets_in(program, journey) {
        return None;
    }
    let message = format!(
        "`{what}` runs `{name}` for logins, and nobody succeeds there without a new account"
    );
    let found = Diagnostic::new(UNKNOWN_BOUND_JOURNEY, span, message)
        .expected("a journey that lets in who has an account")
        .label(journey.span, "it is declared here");
    Some(found)
}

/// Whether there is a way to success on which no account is made; where there is no way at all, too, for that
/// is no matter of accounts.
fn lets_in(program: &Program, journey: &Journey) -> bool {
    let reached = called(program, journey);
    passes(program, &reached, false).contains(&journey.id)
        || !passes(program, &reached, true).contains(&journey.id)
}

/// A journey with all that it calls, and those that they call.
fn called<'p>(program: &'p Program, journey: &'p Journey) -> Vec<&'p Journey> {
    let mut all = vec![journey];
    let mut seen = BTreeSet::from([journey.id]);
    let mut next = 0;
    // BOUND: every journey is looked at once.
    while let Some(journey) = all.get(next).copied() {
        next += 1;
        for node in journey.graph.node_weights() {
            if let NodeKind::Inner(inner) = &node.kind
                && seen.insert(*inner)
                && let Some(inner) = program.journey(*inner)
            {
                all.push(inner);
            }
        }
    }
    all
}

/// Those of these journeys that can succeed; unless `makes`, without making an account.
fn passes(program: &Program, journeys: &[&Journey], makes: bool) -> BTreeSet<JourneyId> {
    let mut pass = BTreeSet::new();
    // BOUND: each round but the last finds another journey.
    loop {
        let before = pass.len();
        // Those that are called stand behind those that call them.
        for journey in journeys.iter().rev() {
            if !pass.contains(&journey.id) && succeeds(program, journey, &pass, makes) {
                pass.insert(journey.id);
            }
        }
        if pass.len() == before {
            return pass;
        }
    }
}

/// Whether success of a journey is reached, where these inner ones can succeed.
fn succeeds(program: &Program, journey: &Journey, pass: &BTreeSet<JourneyId>, makes: bool) -> bool {
    let mut seen = BTreeSet::from([journey.start]);
    let mut open = vec![journey.start];
    // BOUND: every node is put on the stack once.
    while let Some(index) = open.pop() {
        if index == journey.success {
            return true;
        }
        let Some(node) = journey.graph.node_weight(index) else {
            continue;
        };
        let mut arrows = journey.graph.neighbors(index).detach();
        // BOUND: every arrow is looked at once.
        while let Some((edge, target)) = arrows.next(&journey.graph) {
            let Some(arrow) = journey.graph.edge_weight(edge) else {
                continue;
            };
            let outcome = match arrow.on {
                On::Outcome(id) => node.outcomes.get(id.index()),
                On::Error => None,
            };
            let is_taken = match (&node.kind, outcome) {
                (NodeKind::Task(task), Some(outcome)) => {
                    let signature = program.catalog.get(task.ty);
                    let facts = signature.and_then(|signature| signature.facts_of(outcome));
                    makes || facts.is_none_or(|facts| facts.account != Account::Made)
                }
                (NodeKind::Inner(inner), Some(outcome)) => {
                    &**outcome != "true" || pass.contains(inner)
                }
                _ => true,
            };
            if is_taken && seen.insert(target) {
                open.push(target);
            }
        }
    }
    false
}
