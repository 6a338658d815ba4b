//! `wayfare diff BEFORE AFTER`

use std::{collections::BTreeMap, fmt::Write as _, path::Path};

use serde_json::json;
use wayfare::{
    Program, Severity, Value,
    compile::Compiled,
    diff::{self, Change, Difference, Direction, Topic, Version},
};

use crate::{
    Outcome, Trouble,
    args::{Deviation, DiffArgs, Format},
    command::{compile, refuse_unknown},
    json, project, render,
    terminal::{self, Terminal},
};

pub(crate) fn run(args: &DiffArgs, terminal: Terminal) -> Result<Outcome, Trouble> {
    if args.before.as_os_str() == "-" && args.after.as_os_str() == "-" {
        return Err(Trouble::input(
            "only one of the versions can be standard input",
        ));
    }
    let parameters = project::parameters(&args.parameters)?;
    let read = |path: &Path| read(path, args.root.as_deref(), &parameters);
    let both = [read(&args.before)?, read(&args.after)?];
    refuse_unknown(&both, &parameters)?;
    let [before, after] = &both;
    let before = program(before, &args.before, terminal)?;
    let after = program(after, &args.after, terminal)?;
    let found = diff::compare(before, after);
    let text = match args.format {
        Format::Human => human(&found),
        Format::Json => format!("{:#}\n", report(&found)),
    };
    terminal::put(&text)?;
    let denied = args.deny.iter().any(|deny| match deny {
        Deviation::Weaker => found.has(Direction::Weaker),
        Deviation::Client => found.has(Direction::Client),
        Deviation::Stronger => found.has(Direction::Stronger),
        Deviation::Any => !found.is_empty(),
    });
    Ok(if denied {
        Outcome::Findings
    } else {
        Outcome::Clean
    })
}

fn read(
    path: &Path,
    root: Option<&Path>,
    parameters: &BTreeMap<String, Value>,
) -> Result<Compiled, Trouble> {
    Ok(compile(&project::load_path(path, root)?, parameters))
}

/// The program of a version, also where only the proofs refuse it; what they say is said.
fn program<'c>(
    compiled: &'c Compiled,
    path: &Path,
    terminal: Terminal,
) -> Result<&'c Program, Trouble> {
    if let Some(program) = compiled.program.as_deref() {
        return Ok(program);
    }
    let errors: Vec<_> = compiled
        .diagnostics
        .iter()
        .filter(|finding| finding.severity == Severity::Error && finding.allowed.is_none())
        .collect();
    if let Some(program) = &compiled.refused {
        let count = errors.len();
        let word = if count == 1 { "finding" } else { "findings" };
        terminal.say(&format!(
            "`{}` is refused by {count} {word}; `wayfare check` shows them",
            path.display()
        ));
        return Ok(program);
    }
    for finding in errors {
        terminal.say(&render::draw(finding, &compiled.sources, terminal.colors));
        terminal.say("");
    }
    Err(Trouble::input(format!(
        "`{}` cannot be compiled, so that there is nothing to compare",
        path.display()
    )))
}

fn human(found: &Difference) -> String {
    if found.is_empty() {
        return "nothing has changed\n".to_owned();
    }
    let mut text = String::new();
    let mut before: Option<&Change> = None;
    for change in &found.changes {
        let section = |change: &Change| (change.journey.clone(), change.topic == Topic::Guard);
        if before.is_none_or(|before| section(before) != section(change)) {
            if before.is_some() {
                text.push('\n');
            }
            match &change.journey {
                Some(name) => {
                    let same = found.same_paths.contains(name);
                    let note = if same { " (the same paths)" } else { "" };
                    let _ = writeln!(text, "journey {name:?}{note}");
                }
                None if change.topic == Topic::Guard => text.push_str("guards\n"),
                None => text.push_str("policies\n"),
            }
        }
        let _ = writeln!(
            text,
            "  {:8}  {}: {}",
            change.direction.to_string(),
            change.topic,
            change.message
        );
        if let Some(run) = &change.run {
            let which = match run.allowed {
                Version::Before => "before",
                Version::After => "now",
            };
            let _ = writeln!(text, "            {which}: {}", run.text);
        }
        before = Some(change);
    }
    let count = |direction: Direction| {
        let changes = found.changes.iter();
        changes
            .filter(|change| change.direction == direction)
            .count()
    };
    let counts: Vec<String> = Direction::ALL
        .iter()
        .filter(|(direction, _)| count(*direction) > 0)
        .map(|(direction, word)| format!("{} {word}", count(*direction)))
        .collect();
    let _ = writeln!(text, "\n{}", counts.join(", "));
    text
}

fn report(found: &Difference) -> serde_json::Value {
    let changes = found.changes.iter().map(|change| {
        json!({
            "journey": change.journey.as_deref(),
            "direction": change.direction.to_string(),
            "topic": change.topic.to_string(),
            "message": change.message,
            "run": change.run.as_ref().map(|run| json!({
                "allowed": match run.allowed {
                    Version::Before => "before",
                    Version::After => "after",
                },
                "text": run.text,
                "route": json::route(&run.route),
            })),
        })
    });
    json!({
        "schema": 1,
        "changes": changes.collect::<Vec<_>>(),
        "samePaths": found.same_paths.iter().map(|name| &**name).collect::<Vec<_>>(),
    })
}
