//! What stands on top of a picture.

use std::sync::Arc;

use roxmltree::Document;
use wayfare::{compile::Compiled, model::journey::On};
use wayfare_draw::{Coverage, Left, Overlay, Tone, html, read_trace, steps, svg};

use crate::{
    pictures::{class, is_sound, read},
    support::{compile, program, read as file},
};

fn compiled() -> Compiled {
    compile(&file("journeys/retry_and_lockout.journey"))
}

const COVERAGE: &str = r#"{"schema":1,"journeys":[{"name":"retry_and_lockout","nodes":[
{"path":"credentials","visits":12},{"path":"check","visits":12},{"path":"attempts","visits":1}],"edges":[
{"node":"credentials","on":"outcome","count":12},
{"node":"check","on":"true","count":11,"reason":null},{"node":"check","on":"false","count":1,"reason":null},
{"node":"attempts","on":"Retry","count":1,"reason":null},
{"node":"active","on":"false","count":0,"reason":"nobody is inactive here"}]}]}"#;

/// The words at arrows with this class.
fn words(document: &Document<'_>, wanted: &str) -> Vec<String> {
    document
        .descendants()
        .filter(|n| class(*n).split(' ').any(|c| c == wanted) && class(*n).starts_with("arrow"))
        .flat_map(|n| n.children().filter(|n| class(*n) == "line"))
        .filter_map(|n| n.text().map(str::to_owned))
        .collect()
}

#[test]
fn coverage_counts_and_what_was_missed_stands_out() {
    let compiled = compiled();
    let program = program(&compiled);
    let journey = &program.journeys[0];
    let coverage = Coverage::from_json(COVERAGE).unwrap();
    let figures = coverage.figures(journey);
    assert_eq!((figures.nodes, figures.visited), (5, 3));
    assert_eq!(
        (
            figures.edges,
            figures.taken,
            figures.excused,
            figures.missed()
        ),
        (8, 4, 1, 3)
    );
    let text = svg(program, journey, &coverage.overlay(journey));
    is_sound(&text);
    let document = read(&text);
    let mut missed = words(&document, "missed");
    missed.sort();
    assert_eq!(missed, ["Reject ✗ never", "true ✗ never", "✗ never"]);
    assert_eq!(words(&document, "excused"), ["false (0)"]);
    assert!(
        text.contains(">true ×11</text>") && text.contains("coverage: 4 of 8 arrows, 3 of 5 nodes")
    );
    assert!(text.contains("never taken, because nobody is inactive here"));
    // Not by colour alone: dots, and words.
    let sheet = document
        .descendants()
        .find(|n| n.tag_name().name() == "style")
        .unwrap();
    let missed = sheet
        .text()
        .unwrap()
        .lines()
        .find(|l| l.starts_with(".wayfare .missed .way"))
        .unwrap();
    assert!(missed.contains("stroke-dasharray"), "{missed}");
}

#[test]
fn the_page_has_figures_and_pictures_of_all() {
    let compiled = compile(&format!(
        "{}\n{}",
        file("journeys/retry_and_lockout.journey"),
        file("journeys/message.journey").replace("//!", "//")
    ));
    let program = program(&compiled);
    let coverage = Coverage::from_json(COVERAGE).unwrap();
    let page = html(program, &coverage);
    assert_eq!(page.matches("<svg ").count(), program.journeys.len());
    assert!(
        page.contains("<td>3 of 5 (60 %)</td><td>4 of 8 (50 %)</td><td>1</td>"),
        "{page}"
    );
    assert!(page.contains("<li><code>active</code> false, because nobody is inactive here</li>"));
    assert!(page.contains("<li><code>attempts</code> Reject</li>"));
    assert_eq!(page, html(program, &coverage));
    for svg in page.split("<svg ").skip(1) {
        let svg = svg.split("</svg>").next().unwrap();
        read(&format!("<svg {svg}</svg>"));
    }
}

#[test]
fn a_run_is_numbered_and_the_rest_is_pale() {
    let compiled = compiled();
    let program = program(&compiled);
    let journey = &program.journeys[0];
    let trace = "{\"wayfare_trace\":1}\n\
        {\"entered\":{\"node\":\"retry_and_lockout/credentials\"}}\n\
        {\"left\":{\"node\":\"retry_and_lockout/credentials.username\",\"outcome\":\"outcome\"}}\n\
        {\"left\":{\"node\":\"retry_and_lockout/credentials.password\",\"outcome\":\"outcome\"}}\n\
        {\"left\":{\"node\":\"retry_and_lockout/check\",\"outcome\":\"false\"}}\n\
        {\"left\":{\"node\":\"retry_and_lockout/attempts\",\"outcome\":\"Retry\"}}\n\
        {\"left\":{\"node\":\"retry_and_lockout/credentials\",\"outcome\":\"outcome\"}}\n\
        {\"left\":{\"node\":\"retry_and_lockout/gone\",\"outcome\":\"outcome\"}}\n\
        {\"left\":{\"node\":\"retry_and_lockout/check\",\"outcome\":\"true\"}}\n\
        {\"failed\":{\"node\":\"retry_and_lockout/active\",\"message\":\"no store\"}}\n";
    let steps = read_trace(trace).unwrap();
    assert_eq!(steps.len(), 8);
    let overlay = Overlay::run(journey, "a run", &steps);
    let text = svg(program, journey, &overlay);
    is_sound(&text);
    let mut walked = words(&read(&text), "walked");
    walked.sort();
    assert_eq!(walked, ["(2, 5)", "Retry (4)", "false (3)", "true (7)"]);
    assert!(text.contains(">fails here (8)</text>"));
    assert_eq!(words(&read(&text), "faded").len(), 3, "{text}");
    assert_eq!(overlay.nodes[&Arc::from("lock")].tone, Tone::Faded);
}

#[test]
fn a_finding_shows_its_run() {
    let text =
        file("journeys/retry_and_lockout.journey").replace("Reject -> lock", "Reject -> active");
    let text = text.replace(
        "  ensure \"locked",
        "  ensure every path to success passes check.true\n  ensure \"locked",
    );
    let compiled = compile(&text);
    let program = program(&compiled);
    let journey = &program.journeys[0];
    let finding = compiled
        .diagnostics
        .iter()
        .find(|d| d.code == wayfare::codes::ENSURE_FAILED)
        .unwrap();
    let steps = steps(finding.route.as_ref().unwrap());
    let overlay = Overlay::run(journey, "why", &steps);
    let walked: Vec<(&str, &str)> = overlay
        .edges
        .iter()
        .filter(|(_, paint)| paint.tone == Tone::Walked)
        .map(|((node, _), paint)| (&**node, paint.note.as_deref().unwrap_or_default()))
        .collect();
    let names: Vec<&str> = walked.iter().map(|(node, _)| *node).collect();
    assert_eq!(
        names,
        ["active", "attempts", "check", "credentials"],
        "{steps:?}"
    );
    assert_eq!(
        overlay.nodes[&journey.graph[journey.success].path].tone,
        Tone::Walked
    );
    assert_eq!(overlay.nodes[&Arc::from("lock")].tone, Tone::Faded);
}

#[test]
fn steps_of_other_journeys_count_and_are_not_drawn() {
    let compiled = compiled();
    let program = program(&compiled);
    let journey = &program.journeys[0];
    let left = |journey: &str, node: &str, outcome: &str| Left {
        journey: Arc::from(journey),
        node: Arc::from(node),
        outcome: Some(Arc::from(outcome)),
    };
    let steps = [
        left("other", "check", "true"),
        left("retry_and_lockout", "check", "true"),
    ];
    let overlay = Overlay::run(journey, "a run", &steps);
    let on = |name: &str| {
        let check = journey
            .graph
            .node_weights()
            .find(|n| &*n.path == "check")
            .unwrap();
        On::Outcome(check.outcome(name).unwrap())
    };
    assert_eq!(
        overlay.edges[&(Arc::from("check"), on("true"))]
            .note
            .as_deref(),
        Some("(2)")
    );
    assert_eq!(
        overlay.edges[&(Arc::from("check"), on("false"))].tone,
        Tone::Faded
    );
}

#[test]
fn levels_stand_at_each_node() {
    let compiled = compile(&file("journeys/inner_journey.journey"));
    let program = program(&compiled);
    let journey = program.journey_named("welcome").unwrap();
    let overlay = Overlay::levels(program, journey);
    let note = |path: &str| overlay.nodes[&Arc::from(path)].note.clone().unwrap();
    assert_eq!(note("password"), "level 0");
    assert_eq!(note("greet"), "level 10");
    assert_eq!(
        note(&journey.graph[journey.success].path),
        "level 10; claims 10"
    );
    assert_eq!(note(&journey.graph[journey.failure].path), "level 0 to 10");
    is_sound(&svg(program, journey, &overlay));
}
