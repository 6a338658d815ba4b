//! Coverage as text, and as files: `coverage.json`, a page, and a picture of each journey.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

use serde_json::{Value, json};
use wayfare::{Span, model::journey::Journey};
use wayfare_sim::coverage::{Coverage, EdgeCoverage, JourneyCoverage, Tally};

use crate::{Trouble, command::test::Suite};

/// The numbers of each journey, and the arrows that no test takes.
pub(super) fn text(suite: &Suite) -> String {
    let Some(coverage) = &suite.coverage else {
        return String::new();
    };
    let mut text = String::new();
    for journey in &coverage.journeys {
        text.push_str(&line(&journey.name, journey.tally()));
    }
    if coverage.journeys.len() > 1 {
        text.push_str(&line("all", coverage.tally()));
    }
    for journey in &coverage.journeys {
        for edge in journey.edges.iter().filter(|edge| edge.count == 0) {
            text.push_str(&uncovered(suite, journey, edge));
        }
    }
    for (journey, edge) in coverage.stale() {
        let at = place(suite, edge.span);
        let name = name(journey, edge);
        let label = edge.label();
        let _ = writeln!(
            text,
            "covered after all: {name}.{label} at {at}; take its reason out"
        );
    }
    text
}

/// How far the coverage is from whole, as one line; nothing where every arrow was taken or has a reason,
/// and no reason is needed no more.
pub(super) fn gaps(suites: &[Suite]) -> Option<String> {
    let coverages = || suites.iter().filter_map(|suite| suite.coverage.as_ref());
    let missing: usize = coverages().map(|one| one.missing().count()).sum();
    let stale: usize = coverages().map(|one| one.stale().count()).sum();
    let counted = |n: usize, one: &str| format!("{n} {one}{}", if n == 1 { "" } else { "s" });
    let mut parts = Vec::new();
    if missing > 0 {
        parts.push(format!(
            "{} uncovered without a reason",
            counted(missing, "arrow")
        ));
    }
    if stale > 0 {
        parts.push(format!("{} needed no more", counted(stale, "reason")));
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn line(name: &str, tally: Tally) -> String {
    let percent = |part: usize, whole: usize| (part * 100).checked_div(whole).unwrap_or(100);
    let reasoned = match tally.reasoned {
        0 => String::new(),
        n => format!(", {n} with a reason"),
    };
    format!(
        "coverage {name}: nodes {}/{} ({}%), outcomes {}/{} ({}%), arrows {}/{} ({}%){reasoned}\n",
        tally.nodes,
        tally.nodes_all,
        percent(tally.nodes, tally.nodes_all),
        tally.outcomes,
        tally.outcomes_all,
        percent(tally.outcomes, tally.outcomes_all),
        tally.edges,
        tally.edges_all,
        percent(tally.edges, tally.edges_all),
    )
}

fn uncovered(suite: &Suite, journey: &JourneyCoverage, edge: &EdgeCoverage) -> String {
    let at = place(suite, edge.span);
    let why = match &edge.reason {
        Some(reason) => format!(", because {reason}"),
        None => String::new(),
    };
    let name = name(journey, edge);
    format!("uncovered: {name}.{} at {at}{why}\n", edge.label())
}

fn name(journey: &JourneyCoverage, edge: &EdgeCoverage) -> String {
    format!("{}/{}", journey.name, edge.node)
}

pub(super) fn place(suite: &Suite, span: Span) -> String {
    let sources = suite.sources();
    let file = sources.get(span.source).map_or("", |source| source.name());
    let at = sources.locate(span);
    format!("{file}:{}:{}", at.line, at.column)
}

/// `coverage.json` of all programs together.
pub(super) fn json<'s>(coverages: impl Iterator<Item = &'s Coverage>) -> Value {
    let mut journeys = Vec::new();
    for coverage in coverages {
        let mut one = coverage.to_json();
        if let Some(Value::Array(list)) = one.get_mut("journeys").map(Value::take) {
            journeys.extend(list);
        }
    }
    json!({ "schema": 1, "journeys": journeys })
}

/// Writes the files.
pub(super) fn write(folder: &Path, suites: &[Suite]) -> Result<(), Trouble> {
    let unwritable = |path: &Path, e: std::io::Error| {
        Trouble::input(format!("`{}` cannot be written: {e}", path.display()))
    };
    fs::create_dir_all(folder).map_err(|e| unwritable(folder, e))?;
    let whole = json(suites.iter().filter_map(|suite| suite.coverage.as_ref()));
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    files.insert("coverage.json".to_owned(), format!("{whole:#}\n"));
    for (at, suite) in suites.iter().enumerate() {
        let (Some(program), Some(coverage)) = (&suite.program, &suite.coverage) else {
            continue;
        };
        let text = coverage.to_json().to_string();
        let counts = wayfare_draw::Coverage::from_json(&text)
            .map_err(|error| Trouble::Internal(error.to_string()))?;
        let number = if at == 0 {
            String::new()
        } else {
            format!("-{}", at + 1)
        };
        files.insert(
            format!("coverage{number}.html"),
            wayfare_draw::html(program, &counts),
        );
        for journey in &program.journeys {
            let picture = wayfare_draw::svg(program, journey, &counts.overlay(journey));
            files.insert(picture_name(journey), picture);
        }
    }
    for (name, text) in files {
        let path = folder.join(name);
        fs::write(&path, text).map_err(|e| unwritable(&path, e))?;
    }
    Ok(())
}

fn picture_name(journey: &Journey) -> String {
    format!("{}.svg", journey.name)
}
