//! What becomes of values: every run again, with what holds a key as plain data.
//!
//! The programs are of types made up for each node, which read, write and remove keys in every scope. Each
//! verdict must be the one that all runs together give, and each run that is shown must be one, and none
//! may be shorter.

use std::{collections::BTreeMap, sync::Arc};

use petgraph::visit::EdgeRef;
use proptest::{collection::vec, prelude::any, test_runner::TestCaseError};
use wayfare::{Diagnostic, RouteOn, Span, analysis::findings};

use super::{
    Tally, cases,
    random::{Choices, Made},
    runner,
};

mod data;
mod dead;
mod declared;
mod expected;
mod made;
mod runs;

use dead::dead;
use declared::{signature, spots, task_at};
use expected::{clashes, leaks, reading, span};
use made::{NAMES, program};
use runs::{Step, runs, shortest};

/// What all runs say of a spot: code, key, and how long the shortest run that shows it is.
type Verdicts = BTreeMap<(Span, &'static str, String), u64>;

fn key_of(finding: &Diagnostic) -> Option<&'static str> {
    NAMES.into_iter().find(|name| {
        finding.message.contains(&format!("`{name}`"))
            || finding.message.contains(&format!(".{name}`"))
    })
}

const CODES: [&str; 5] = [
    "unwritten_key",
    "maybe_unwritten_key",
    "lost_value",
    "type_clash",
    "leaked_secret",
];

fn steps(finding: &Diagnostic) -> Option<Vec<Step>> {
    let route = finding.route.as_ref()?;
    let steps = route.steps.iter().map(|step| {
        let on = match &step.on {
            RouteOn::Outcome(name) => Some(name.to_string()),
            RouteOn::Error => None,
        };
        (step.journey.to_string(), step.node.to_string(), on)
    });
    Some(steps.collect())
}

fn check(made: &Made, tally: &Tally) -> Result<(), String> {
    let mut expected = Vec::new();
    reading(made, &mut expected);
    clashes(made, &mut expected);
    leaks(made, &mut expected);
    let mut verdicts = Verdicts::new();
    for one in &expected {
        let asked = one.question();
        let far = shortest(made, &asked, one.spot, &one.bad).ok_or("no run to a verdict")?;
        let known = verdicts
            .entry((span(made, one.spot), one.code, one.name.to_owned()))
            .or_insert(far);
        *known = (*known).min(far);
    }
    let all = findings(&made.program);
    let mut said = Verdicts::new();
    for finding in all
        .iter()
        .filter(|finding| CODES.contains(&finding.code.word))
    {
        tally.add(finding.code.word);
        let name = key_of(finding).ok_or("a finding without its key")?;
        let steps = steps(finding).ok_or("a finding without its run")?;
        let place = (finding.span, finding.code.word, name.to_owned());
        said.insert(place.clone(), steps.len() as u64);
        let root = finding
            .route
            .as_ref()
            .map(|route| Arc::clone(&route.journey))
            .unwrap();
        let root = made.program.by_name[&root];
        let mut real = false;
        for one in expected.iter().filter(|one| {
            (span(made, one.spot), one.code, one.name) == (place.0, place.1, &*place.2)
        }) {
            let asked = one.question();
            runs(made, &asked, root, Some(&steps), |stack, data, _| {
                let there = *stack.last().unwrap() == one.spot && data.step == steps.len();
                real |= there && (one.bad)(data);
            });
        }
        if !real {
            return Err(format!("no run is like that of {finding:?}"));
        }
    }
    if said != verdicts {
        return Err(format!("said {said:#?}\nis {verdicts:#?}"));
    }
    dead(made, &all, tally)
}

pub(super) fn show(made: &Made) -> String {
    let mut lines = Vec::new();
    for journey in &made.program.journeys {
        lines.push(format!(
            "{} {:?}",
            journey.name, journey.settings.inner_only
        ));
        for spot in spots(made).into_iter().filter(|spot| spot.0 == journey.id) {
            let node = &journey.graph[spot.1];
            let body = match (&node.kind, signature(made, spot)) {
                (_, Some(own)) => format!(
                    "{} {:?} asks {:?} reads {:?} writes {:?} removes {:?} {:?}",
                    own.name,
                    task_at(made, spot).map(|t| &t.settings),
                    own.asks,
                    own.reads,
                    own.writes,
                    own.removes,
                    node.outcomes
                ),
                (kind, None) => format!("{kind:?}"),
            };
            let arrows = journey.graph.edges(spot.1).map(|edge| {
                format!(
                    "{:?} -> {}",
                    edge.weight().on,
                    journey.graph[edge.target()].path
                )
            });
            let arrows: Vec<String> = arrows.collect();
            lines.push(format!("  {}.{} {body} {arrows:?}", node.path, spot.2));
        }
    }
    lines.join("\n")
}

#[test]
fn what_is_said_of_the_state_is_what_all_runs_say() {
    let tally = Tally::default();
    runner(cases(300))
        .run(&vec(any::<u16>(), 0..160), |numbers| {
            let made = program(&mut Choices::new(&numbers));
            tally.add("program");
            if made.program.journeys.len() > 1 {
                tally.add("inner journeys");
            }
            check(&made, &tally)
                .map_err(|why| TestCaseError::fail(format!("{why}\n{}", show(&made))))
        })
        .unwrap();
    tally.expect(&["program", "inner journeys", "dead_write"]);
    tally.expect(&CODES);
}
