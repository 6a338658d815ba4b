//! `wayfare levels PATH…`: the levels that runs of each journey can have at success.

use serde_json::json;
use wayfare::{
    Greatest, LevelSpan, Severity,
    analysis::level_spans,
    compile::Compiled,
    model::journey::{Journey, Sessions},
};

use crate::{
    Outcome, Trouble,
    args::{Format, LevelsArgs},
    command::{compile, refuse_unknown},
    project, render,
    terminal::{self, Terminal},
};

type Row<'a> = (&'a Journey, Option<LevelSpan>);

pub(crate) fn run(args: &LevelsArgs, terminal: Terminal) -> Result<Outcome, Trouble> {
    let parameters = project::parameters(&args.sources.parameters)?;
    let all: Vec<Compiled> = project::load(&args.sources, terminal)?
        .iter()
        .map(|project| compile(project, &parameters))
        .collect();
    refuse_unknown(&all, &parameters)?;
    let mut outcome = Outcome::Clean;
    let mut rows: Vec<Row<'_>> = Vec::new();
    for compiled in &all {
        let proved = compiled.program.as_deref();
        if proved.is_none() {
            outcome = Outcome::Findings;
            let errors = compiled
                .diagnostics
                .iter()
                .filter(|finding| finding.severity == Severity::Error && finding.allowed.is_none());
            for finding in errors {
                terminal.say(&render::draw(finding, &compiled.sources, terminal.colors));
                terminal.say("");
            }
        }
        // What only the proofs refuse has levels all the same.
        let Some(program) = proved.or(compiled.refused.as_ref()) else {
            return Ok(Outcome::Findings);
        };
        rows.extend(program.journeys.iter().zip(level_spans(program)));
    }
    if rows.is_empty() {
        return Err(Trouble::input("there is no journey"));
    }
    let text = match args.format {
        Format::Human => table(&rows),
        Format::Json => format!("{:#}\n", report(&rows)),
    };
    terminal::put(&text)?;
    Ok(outcome)
}

fn table(rows: &[Row<'_>]) -> String {
    let head = ["journey", "least", "greatest", "claimed", ""];
    let lines: Vec<[String; 5]> = [head.map(str::to_owned)]
        .into_iter()
        .chain(rows.iter().map(line))
        .collect();
    let mut widths = [0; 5];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.chars().count().max(*width);
        }
    }
    let [name, least, greatest, claimed, _] = widths;
    lines
        .iter()
        .map(|[a, b, c, d, rest]| {
            let line = format!("{a:name$}  {b:>least$}  {c:>greatest$}  {d:>claimed$}  {rest}");
            line.trim_end().to_owned() + "\n"
        })
        .collect()
}

fn line((journey, span): &Row<'_>) -> [String; 5] {
    let none = || "-".to_owned();
    let claimed = journey.settings.level;
    [
        journey.wire_name.to_string(),
        span.map_or_else(none, |span| span.least.to_string()),
        span.map_or_else(none, |span| span.greatest.to_string()),
        claimed.map_or_else(none, |level| level.to_string()),
        remarks(journey, span.is_some()).join(", "),
    ]
}

/// What keeps a journey out of menus, or makes it special in them.
fn remarks(journey: &Journey, succeeds: bool) -> Vec<&'static str> {
    let settings = &journey.settings;
    let all = [
        (!succeeds, "never succeeds"),
        (!settings.enabled, "not enabled"),
        (!settings.offered, "not offered"),
        (settings.inner_only, "inner only"),
        (settings.transactional_only, "transactions only"),
        (settings.must_run, "must run"),
        (settings.no_session, "no session"),
        (unproved(journey), "unproved"),
    ];
    let held = all.into_iter().filter(|(holds, _)| *holds);
    held.map(|(_, remark)| remark).collect()
}

/// Whether some of its sessions need no proof, so that no menu for a level offers it.
fn unproved(journey: &Journey) -> bool {
    matches!(
        journey.sessions(),
        Sessions::Unproved | Sessions::PartlyUnproved
    )
}

fn report(rows: &[Row<'_>]) -> serde_json::Value {
    let journeys = rows.iter().map(|(journey, span)| {
        let settings = &journey.settings;
        let greatest = span.map(|span| match span.greatest {
            Greatest::Finite(level) => json!(level.number()),
            Greatest::Unbounded => json!("unbounded"),
        });
        json!({
            "name": &*journey.name,
            "wireName": &*journey.wire_name,
            "least": span.map(|span| span.least.number()),
            "greatest": greatest,
            "claimed": settings.level.map(wayfare::AuthLevel::number),
            "enabled": settings.enabled,
            "offered": settings.offered,
            "innerTreeOnly": settings.inner_only,
            "transactionalOnly": settings.transactional_only,
            "mustRun": settings.must_run,
            "noSession": settings.no_session,
            "unproved": unproved(journey),
        })
    });
    json!({ "schema": 1, "journeys": journeys.collect::<Vec<_>>() })
}
