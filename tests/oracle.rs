//! The checks against an oracle: random programs, every property decided twice.
//!
//! The oracle tries every run, one state at a time. The verdicts must agree, the counter-example must be
//! a run that ends where it says, and no shorter one may exist. `WAYFARE_CASES` sets how many programs
//! are tried, `WAYFARE_SEED` where the sequence begins.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use petgraph::visit::EdgeRef;
use proptest::{
    collection::vec,
    prelude::any,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner},
};
use wayfare::{
    Engine, Greatest,
    analysis::{Verdict, findings, level_spans, prove},
    codes,
    model::{
        journey::NodeKind,
        property::{At, Ensure, Place, PlaceKind, Point, Property},
    },
};

mod brute;
mod challenge;
mod diff;
mod faces;
mod golden;
mod kinds;
mod levels;
mod moves;
mod place;
mod random;
mod replay;
mod scripted;
mod shape;
mod state;
mod text;
mod ticket;
mod unproved;
mod watch;
mod world;

use random::{Choices, Guards, Made};
use replay::Outcome;
use scripted::Strict;
use watch::Watch;

/// How often each thing occurred; one that did not fails the test.
#[derive(Debug, Default)]
struct Tally(RefCell<BTreeMap<String, u64>>);

impl Tally {
    fn add(&self, what: impl Into<String>) {
        *self.0.borrow_mut().entry(what.into()).or_default() += 1;
    }

    fn expect(&self, all: &[&str]) {
        let counts = self.0.borrow();
        println!("{counts:#?}");
        for what in all {
            assert!(
                counts.get(*what).is_some_and(|count| *count > 0),
                "no case had: {what}"
            );
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how much to try is a matter of the caller"
)]
fn cases(default: u32) -> u32 {
    std::env::var("WAYFARE_CASES")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(default)
}

#[expect(
    clippy::disallowed_methods,
    reason = "where to begin is a matter of the caller"
)]
fn runner(cases: u32) -> TestRunner {
    let seed: u64 = std::env::var("WAYFARE_SEED")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(20_261_121);
    println!("seed {seed}, {cases} cases");
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 400,
        ..Config::default()
    };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}

fn form(property: &Property) -> &'static str {
    match property {
        Property::EveryPath { .. } => "every path",
        Property::Never { .. } => "never",
        Property::LevelAtLeast { .. } => "level",
        Property::Has { .. } => "has",
        Property::Holds { .. } => "holds",
        Property::SameFace { .. } => "same face",
        Property::AtMost { .. } => "at most",
    }
}

fn tally_program(tally: &Tally, made: &Made) {
    for journey in &made.program.journeys {
        for node in journey.graph.node_weights() {
            tally.add(match &node.kind {
                NodeKind::Task(_) => "task",
                NodeKind::Decision(_) => "decision",
                NodeKind::Page(_) => "page",
                NodeKind::Inner(_) if node.outcomes.len() == 3 => "inner with error",
                NodeKind::Inner(_) => "inner",
                NodeKind::Success | NodeKind::Failure | NodeKind::LooseEnd => continue,
            });
            if node.path.contains('.') {
                tally.add("in a fragment");
            }
            if node.path.matches('.').count() > 1 {
                tally.add("in a fragment of a fragment");
            }
        }
        for edge in journey.graph.edge_weights() {
            if edge.on == wayfare::model::journey::On::Error {
                tally.add("error edge");
            }
        }
        if journey
            .graph
            .neighbors_directed(journey.loose_end, petgraph::Incoming)
            .count()
            > 0
        {
            tally.add("loose end");
        }
    }
    for (kind, _) in made.kinds.values() {
        tally.add(kind.name());
    }
}

/// Decides a property twice, and walks what breaks it where there is an engine to walk with.
fn decide(
    tally: &Tally,
    made: &Made,
    ensure: &Ensure,
    engine: Option<&Engine>,
) -> Result<(), TestCaseError> {
    let watch = Watch::new(made, ensure);
    let form = form(&ensure.property);
    let verdict = prove(&made.program, made.program.journeys[0].id, ensure);
    let expected = brute::shortest(&watch);
    let wrong = |what: &str| {
        TestCaseError::fail(format!(
            "{what}: {verdict:?}, oracle {expected:?}, {ensure:?}\n{}",
            random::show(made)
        ))
    };
    match (&verdict, expected) {
        (Verdict::Holds, None) => tally.add(format!("{form} holds")),
        (Verdict::Fails(run), Some(length)) => {
            tally.add(format!("{form} fails"));
            if run.steps.iter().any(|step| !step.calls.is_empty()) {
                tally.add(format!("{form} fails through an inner journey"));
            }
            let same_start = !watch.is_open();
            if same_start && (run.length != length || run.steps.len() as u64 != length) {
                return Err(wrong("not the shortest"));
            }
            let events = brute::events(&watch, run);
            if same_start && events.is_none() {
                return Err(wrong("not a run"));
            }
            if run.text(&made.program).is_empty() {
                return Err(wrong("nothing to read"));
            }
            if let (Some(engine), Some(events)) = (engine, events) {
                let strict = match ensure.property {
                    Property::AtMost { .. } => Strict::Limits,
                    Property::LevelAtLeast { .. } => Strict::Levels,
                    _ => Strict::Nothing,
                };
                match replay::replay(engine, made, &events, strict) {
                    Outcome::Replayed(level) => {
                        tally.add(format!("{form} replayed"));
                        if run.steps.iter().any(|step| !step.calls.is_empty()) {
                            tally.add(format!("{form} replayed through an inner journey"));
                        }
                        if let Property::LevelAtLeast { level: wanted, .. } = &ensure.property
                            && let Some(level) = level
                        {
                            tally.add("success below the level");
                            if level >= *wanted {
                                return Err(wrong("success has the level"));
                            }
                        }
                    }
                    Outcome::Skipped(why) => {
                        tally.add(format!("{form} not replayed: {}", why.text()));
                    }
                    Outcome::Wrong(what) => return Err(wrong(&what)),
                }
            }
        }
        // Within another run only a bound of the level is known.
        (Verdict::Fails(_), None) if watch.is_open() => {
            tally.add(format!("{form} too careful"));
        }
        (Verdict::Open(_), _) => tally.add(format!("{form} open")),
        _ => return Err(wrong("the verdict")),
    }
    Ok(())
}

#[test]
fn every_verdict_is_that_of_the_oracle() {
    let tally = Tally::default();
    let run = runner(cases(2_000)).run(&vec(any::<u16>(), 0..240), |numbers| {
        let choices = &mut Choices::new(&numbers);
        let guards = *choices.pick(&[Guards::All, Guards::Opaque]);
        let made = random::program(choices, guards);
        tally_program(&tally, &made);
        let ensures = random::ensures(choices, &made, guards);
        for ensure in &ensures {
            decide(&tally, &made, ensure, None)?;
        }
        if numbers.len() % 4 == 0 {
            in_many_groups(&tally, &made, &ensures)?;
        }
        all_at_once(&tally, &made, ensures)
    });
    if let Err(error) = run {
        panic!("{error}");
    }
    let mut expected = vec![
        "screened and holds",
        "screened and fails",
        "in a group and holds",
        "in a group and fails",
        "in a group and fails through an inner journey",
        "task",
        "decision",
        "page",
        "inner",
        "inner with error",
        "in a fragment",
        "error edge",
        "loose end",
    ];
    expected.extend(kinds::KINDS.iter().map(|kind| kind.name()));
    for form in ["every path", "never", "level", "has", "holds", "at most"] {
        for verdict in ["holds", "fails", "fails through an inner journey"] {
            expected.push(Box::leak(format!("{form} {verdict}").into_boxed_str()));
        }
    }
    tally.expect(&expected);
}

/// Whoever decides all properties together says the same of each as whoever decides it alone.
fn all_at_once(tally: &Tally, made: &Made, mut ensures: Vec<Ensure>) -> Result<(), TestCaseError> {
    for (at, ensure) in (1..).zip(&mut ensures) {
        ensure.span.start = at;
        ensure.span.end = at;
    }
    let mut program = made.program.clone();
    let journey = program.journeys[0].id;
    program.journeys[0].ensures.clone_from(&ensures);
    let all = findings(&program);
    let failed: BTreeSet<_> = all
        .iter()
        .filter(|finding| finding.code == codes::ENSURE_FAILED)
        .map(|finding| finding.span)
        .collect();
    for ensure in &ensures {
        let alone = prove(&made.program, journey, ensure);
        let fails = failed.contains(&ensure.span);
        if fails != (alone != Verdict::Holds) {
            let message = format!("{ensure:?} together: fails is {fails}; alone: {alone:?}");
            return Err(TestCaseError::fail(message));
        }
        if ensures.len() > 1
            && matches!(
                ensure.property,
                Property::EveryPath { .. } | Property::Never { .. }
            )
        {
            let how = if fails { "fails" } else { "holds" };
            tally.add(format!("screened and {how}"));
        }
    }
    Ok(())
}

/// So does whoever decides more than are looked at together, of every journey: what a group calls and does
/// not name is shared with other groups.
fn in_many_groups(tally: &Tally, made: &Made, ensures: &[Ensure]) -> Result<(), TestCaseError> {
    let mut program = made.program.clone();
    let mut asked: Vec<(usize, Ensure)> = Vec::new();
    for (at, journey) in program.journeys.iter().enumerate() {
        let end = |node| Place {
            text: "end".into(),
            kind: PlaceKind::Points(vec![Point {
                calls: Vec::new(),
                journey: journey.id,
                node,
                at: At::Node,
            }]),
            span: wayfare::Span::default(),
        };
        for ensure in ensures {
            let property = match &ensure.property {
                _ if at == 0 => ensure.property.clone(),
                Property::EveryPath { passes, .. } => Property::EveryPath {
                    to: end(journey.success),
                    passes: passes.clone(),
                },
                Property::Never { what, .. } => Property::Never {
                    what: what.clone(),
                    after: end(journey.start),
                },
                _ => continue,
            };
            let is_point = |place: &Place| matches!(place.kind, PlaceKind::Points(_));
            let fits = match &property {
                _ if at == 0 => true,
                Property::EveryPath { passes, .. } => !passes.iter().any(is_point),
                Property::Never { what, .. } => !is_point(what),
                _ => false,
            };
            let passed = matches!(
                property,
                Property::EveryPath { .. } | Property::Never { .. }
            );
            if fits && passed {
                let (from, ensure) = (journey.start, ensure.clone());
                asked.push((
                    at,
                    Ensure {
                        from: if at == 0 { ensure.from } else { from },
                        property,
                        ..ensure
                    },
                ));
            }
        }
    }
    let Some(times) = 150_usize.checked_div(asked.len()) else {
        return Ok(());
    };
    let alone: Vec<Verdict> = asked
        .iter()
        .map(|(at, ensure)| prove(&made.program, program.journeys[*at].id, ensure))
        .collect();
    for journey in &mut program.journeys {
        journey.ensures.clear();
    }
    let mut spans = Vec::new();
    for (number, (at, ensure)) in (1..).zip(asked.iter().cycle().take(asked.len() * (times + 1))) {
        let mut ensure = ensure.clone();
        ensure.span.start = number;
        ensure.span.end = number;
        spans.push(ensure.span);
        program.journeys[*at].ensures.push(ensure);
    }
    let all = findings(&program);
    let failed = all
        .iter()
        .filter(|finding| finding.code == codes::ENSURE_FAILED);
    let failed: BTreeSet<_> = failed.map(|finding| finding.span).collect();
    for (span, ((at, ensure), alone)) in spans.iter().zip(asked.iter().zip(&alone).cycle()) {
        let fails = failed.contains(span);
        if fails != (*alone != Verdict::Holds) {
            return Err(TestCaseError::fail(format!(
                "{ensure:?} of journey {at} in a group: fails is {fails}; alone: {alone:?}\n{}",
                random::show(made)
            )));
        }
        tally.add(match alone {
            Verdict::Fails(run) if run.steps.iter().any(|step| !step.calls.is_empty()) => {
                "in a group and fails through an inner journey"
            }
            Verdict::Holds => "in a group and holds",
            Verdict::Fails(_) | Verdict::Open(_) => "in a group and fails",
        });
    }
    Ok(())
}

/// As above, with programs that were text; what breaks a property is walked by the engine.
#[test]
fn every_counter_example_is_walked_by_the_engine() {
    let tally = Tally::default();
    let run = runner(cases(600)).run(&vec(any::<u16>(), 40..400), |numbers| {
        let choices = &mut Choices::new(&numbers);
        let guards = *choices.pick(&[Guards::All, Guards::Opaque]);
        let text = text::text(choices, guards);
        let compiled = match text::compile(text.clone()) {
            Ok(compiled) => compiled,
            Err(codes) => {
                return Err(TestCaseError::fail(format!("refused: {codes:?}\n{text}")));
            }
        };
        let made = &compiled.made;
        tally_program(&tally, made);
        let engine = Engine::link(compiled.valid.clone(), scripted::registry())
            .map_err(|errors| TestCaseError::fail(format!("{errors}\n{text}")))?;
        for ensure in &compiled.ensures {
            tally.add(format!("{} in the text", form(&ensure.property)));
            if ensure.from != made.program.journeys[0].start {
                tally.add("stated in a fragment");
            }
        }
        let mut ensures = compiled.ensures.clone();
        ensures.extend(random::ensures(choices, made, guards));
        for ensure in &ensures {
            decide(&tally, made, ensure, Some(&engine))
                .map_err(|error| TestCaseError::fail(format!("{error}\n{}", compiled.text)))?;
        }
        Ok(())
    });
    if let Err(error) = run {
        panic!("{error}");
    }
    let mut expected = vec![
        "page",
        "inner",
        "inner with error",
        "in a fragment",
        "in a fragment of a fragment",
        "stated in a fragment",
        "error edge",
        "loose end",
        "success below the level",
    ];
    for form in ["every path", "never", "level", "has", "holds", "at most"] {
        for what in ["replayed", "replayed through an inner journey"] {
            expected.push(Box::leak(format!("{form} {what}").into_boxed_str()));
        }
    }
    tally.expect(&expected);
}

#[test]
fn no_run_succeeds_outside_of_the_span() {
    let tally = Tally::default();
    let run = runner(cases(4_000)).run(&vec(any::<u16>(), 0..240), |numbers| {
        let choices = &mut Choices::new(&numbers);
        let guards = *choices.pick(&[Guards::All, Guards::Opaque]);
        let made = random::program(choices, guards);
        let spans = level_spans(&made.program);
        let plain = levels::is_plain(&made);
        for (journey, span) in made.program.journeys.iter().zip(spans) {
            let found = levels::at_success(&made, journey.id, levels::Limiters::Counted);
            let wrong = |what: &str| {
                let (name, text) = (&journey.name, random::show(&made));
                let levels = &found.levels;
                TestCaseError::fail(format!(
                    "{what}: {name} {span:?}, oracle {levels:?}\n{text}"
                ))
            };
            if !levels::lie_within(&found, span) {
                return Err(wrong("a run outside of the span"));
            }
            let exact = found.all && levels::are_the_ends(&found, span);
            if plain && found.all && !exact {
                return Err(wrong("not the span"));
            }
            tally.add(match span {
                None => "no success",
                Some(span) if span.greatest == Greatest::Unbounded => "unbounded",
                Some(_) if plain => "plain",
                Some(_) if exact => "exact",
                Some(_) => "wide",
            });
            if exact && found.levels.len() > 1 {
                tally.add("several levels");
            }
        }
        Ok(())
    });
    if let Err(error) = run {
        panic!("{error}");
    }
    tally.expect(&[
        "no success",
        "unbounded",
        "plain",
        "exact",
        "several levels",
    ]);
}

/// The nodes of a journey that findings of a code point at.
fn told(
    findings: &wayfare::Diagnostics,
    code: wayfare::Code,
    journey: &wayfare::model::journey::Journey,
) -> BTreeSet<petgraph::graph::NodeIndex<u32>> {
    let spans: BTreeSet<_> = findings
        .iter()
        .filter(|found| found.code == code)
        .map(|found| found.span)
        .collect();
    let nodes = journey.graph.node_indices();
    nodes
        .filter(|node| !journey.graph[*node].outcomes.is_empty())
        .filter(|node| spans.contains(&journey.graph[*node].span))
        .collect()
}

#[test]
fn loops_and_dead_nodes_are_those_of_the_oracle() {
    let tally = Tally::default();
    let run = runner(cases(3_000)).run(&vec(any::<u16>(), 0..240), |numbers| {
        let choices = &mut Choices::new(&numbers);
        let guards = *choices.pick(&[Guards::All, Guards::Opaque]);
        let made = random::program(choices, guards);
        let found = findings(&made.program);
        let places: Vec<_> = made
            .program
            .journeys
            .iter()
            .map(|journey| shape::Places::of(&made, journey.id))
            .collect();
        let endless = made.program.journeys.iter().zip(&places);
        let endless = endless.filter(|(_, runs)| !runs.end(&made));
        let never_ends: BTreeSet<_> = endless.map(|(journey, _)| journey.id).collect();
        for (journey, runs) in made.program.journeys.iter().zip(&places) {
            let wrong = |what: &str| {
                let text = random::show(&made);
                TestCaseError::fail(format!("{what}: {}\n{found:?}\n{text}", journey.name))
            };
            let unreachable = told(&found, codes::UNREACHABLE, journey);
            match shape::unreachable_is_right(journey, &unreachable) {
                Ok(true) => tally.add("unreachable"),
                Ok(false) => tally.add("all reached"),
                Err(what) => return Err(wrong(what)),
            }
            for (code, expected) in [
                (codes::SPINNING_LOOP, runs.spin()),
                (codes::UNBOUNDED_PASSWORD_LOOP, runs.try_for_ever()),
            ] {
                let is_told = !told(&found, code, journey).is_empty();
                if is_told != expected {
                    return Err(wrong(&format!("{code} told {is_told}, oracle {expected}")));
                }
                tally.add(format!("{code} {expected}"));
            }
            // Where a loop spins for sure, one that may is not always told apart from it.
            let is_told = !told(&found, codes::MAYBE_SPINNING_LOOP, journey).is_empty();
            let (may, does) = (runs.may_spin(), runs.spin());
            if is_told && !may || !is_told && may && !does {
                return Err(wrong(&format!(
                    "maybe_spinning_loop told {is_told}, oracle {may}, and surely {does}"
                )));
            }
            tally.add(format!("maybe_spinning_loop {is_told}"));
            // One place may try an old and a new code; then the old one is what is told.
            let is_told = !told(&found, codes::COUNT_RESET, journey).is_empty();
            let (codes_tried, for_ever) = (runs.try_codes(), runs.try_for_ever());
            if is_told && !codes_tried || !is_told && codes_tried && !for_ever {
                return Err(wrong(&format!(
                    "count_reset told {is_told}, oracle {codes_tried}"
                )));
            }
            tally.add(format!("count_reset {is_told}"));
            let stuck = runs.stuck(&made, &never_ends);
            let is_told = told(&found, codes::NO_WAY_OUT, journey);
            if is_told.is_empty() != stuck.is_empty() || !is_told.is_subset(&stuck) {
                return Err(wrong(&format!(
                    "no_way_out told {is_told:?}, oracle {stuck:?}"
                )));
            }
            tally.add(format!("no_way_out {}", !stuck.is_empty()));
            let dead = found
                .iter()
                .any(|f| f.code == codes::NO_SUCCESS && f.span == journey.span);
            let succeeds = runs.succeed(&made);
            if dead && succeeds {
                return Err(wrong("a journey that succeeds is told not to"));
            }
            // A caller is not told where an inner journey is to blame that is.
            let blames = journey.graph.node_weights().any(|node| match node.kind {
                NodeKind::Inner(inner) => !places[inner.index()].succeed(&made),
                _ => false,
            });
            if !dead && !succeeds && !blames {
                return Err(wrong("a journey never succeeds and is not told"));
            }
            tally.add(format!("no_success {dead}"));
        }
        Ok(())
    });
    if let Err(error) = run {
        panic!("{error}");
    }
    tally.expect(&[
        "unreachable",
        "all reached",
        "spinning_loop true",
        "spinning_loop false",
        "unbounded_password_loop true",
        "unbounded_password_loop false",
        "count_reset true",
        "count_reset false",
        "no_way_out true",
        "no_way_out false",
        "no_success true",
        "no_success false",
    ]);
}

#[test]
fn a_claim_of_a_level_is_refused_where_the_oracle_succeeds_below() {
    let tally = Tally::default();
    let run = runner(cases(3_000)).run(&vec(any::<u16>(), 0..240), |numbers| {
        let choices = &mut Choices::new(&numbers);
        let guards = *choices.pick(&[Guards::All, Guards::Opaque]);
        let claimed = i64::try_from(1 + choices.below(5)).unwrap();
        let mut made = random::program(choices, guards);
        // No other journey calls the first one, so that it begins at 0.
        made.program.journeys[0].settings.level = Some(wayfare::AuthLevel::saturating(claimed));
        let root = &made.program.journeys[0];
        let told = findings(&made.program)
            .iter()
            .any(|f| f.code == codes::LEVEL_NOT_REACHED && f.span == root.span);
        let found = levels::at_success(&made, root.id, levels::Limiters::Open);
        let below = found.levels.first().is_some_and(|least| *least < claimed);
        if told != below && (below || found.all) {
            let levels = &found.levels;
            return Err(TestCaseError::fail(format!(
                "level {claimed} told {told}, oracle {levels:?}\n{}",
                random::show(&made)
            )));
        }
        tally.add(if told { "below" } else { "reached" });
        if !told && !found.levels.is_empty() {
            tally.add("reached by success");
        }
        Ok(())
    });
    if let Err(error) = run {
        panic!("{error}");
    }
    tally.expect(&["below", "reached", "reached by success"]);
}

#[test]
fn success_is_unproved_where_the_oracle_says_so() {
    let tally = Tally::default();
    let run = runner(cases(1_500)).run(&vec(any::<u16>(), 0..240), |numbers| {
        let choices = &mut Choices::new(&numbers);
        let made = random::program(choices, Guards::Opaque);
        let root = &made.program.journeys[0];
        let own: BTreeSet<u32> = root.graph.node_weights().map(|n| n.span.start).collect();
        let all = findings(&made.program);
        let found: BTreeSet<u32> = all
            .iter()
            .filter(|found| found.code == codes::UNPROVED_SUCCESS)
            .map(|found| found.span.start)
            .filter(|start| own.contains(start))
            .collect();
        let expected = unproved::nodes(&made);
        tally.add(if found.is_empty() {
            "proved"
        } else {
            "unproved"
        });
        let wrong = |what: &str| {
            let text = random::show(&made);
            TestCaseError::fail(format!(
                "{what}: found {all:?}, oracle {expected:?}\n{text}"
            ))
        };
        if found != expected.never {
            return Err(wrong("not the unproved ones"));
        }
        // Inner journeys of random programs can be started too; theirs are not looked at here.
        let entries: BTreeSet<u32> = expected
            .dropped
            .iter()
            .flat_map(|node| root.graph.edges(*node))
            .filter(|edge| edge.target() == root.success)
            .map(|edge| edge.weight().span.start)
            .collect();
        let mine: BTreeSet<u32> = root.graph.edge_weights().map(|e| e.span.start).collect();
        let swaps = all.iter().filter(|f| f.code == codes::IDENTITY_SWAPPED);
        let mut told = 0;
        for swap in swaps {
            let entry = swap.labels.last().map(|label| label.span.start);
            let Some(entry) = entry.filter(|entry| mine.contains(entry)) else {
                continue;
            };
            told += 1;
            if !entries.contains(&entry) || swap.route.is_none() {
                return Err(wrong("not a swap"));
            }
        }
        // One node that names another is told once, for whichever journey it serves.
        let others = made.program.journeys.iter().skip(1);
        let alone = others.clone().all(|journey| journey.settings.inner_only);
        if alone && (told == 0) != expected.dropped.is_empty() {
            return Err(wrong("not the swaps"));
        }
        tally.add(if told > 0 { "swapped" } else { "kept" });
        Ok(())
    });
    if let Err(error) = run {
        panic!("{error}");
    }
    tally.expect(&["proved", "unproved", "swapped", "kept"]);
}

#[test]
fn an_account_is_changed_unproved_where_the_oracle_says_so() {
    let tally = Tally::default();
    let run = runner(cases(1_500)).run(&vec(any::<u16>(), 0..240), |numbers| {
        let choices = &mut Choices::new(&numbers);
        let mut made = random::program(choices, Guards::Opaque);
        // Inner journeys of random programs can be started too; here they are called alone.
        for journey in made.program.journeys.iter_mut().skip(1) {
            journey.settings.inner_only = true;
        }
        let all = findings(&made.program);
        let found: BTreeSet<u32> = all
            .iter()
            .filter(|found| found.code == codes::UNPROVED_WRITE)
            .map(|found| found.span.start)
            .collect();
        let expected = unproved::changes(&made);
        if found != expected {
            let text = random::show(&made);
            return Err(TestCaseError::fail(format!(
                "found {all:?}, oracle {expected:?}\n{text}"
            )));
        }
        tally.add(if found.is_empty() { "kept" } else { "changed" });
        let root = &made.program.journeys[0];
        let own = |start: &u32| root.graph.node_weights().any(|n| n.span.start == *start);
        if found.iter().any(|start| !own(start)) {
            tally.add("changed in an inner journey");
        }
        Ok(())
    });
    if let Err(error) = run {
        panic!("{error}");
    }
    tally.expect(&["kept", "changed", "changed in an inner journey"]);
}
