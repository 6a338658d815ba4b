//! `wayfare trace show FILE` and `wayfare trace replay FILE PATH`

use std::{fmt::Write as _, fs, path::Path};

use serde_json::json;
use wayfare::Engine;
use wayfare_sim::trace::{Fate, Replayed, Trace};

use crate::{
    Outcome, Trouble,
    args::{Format, TraceCommand, TraceReplayArgs},
    command::{compile, refuse_unknown},
    project, render,
    terminal::{self, Terminal},
};

pub(crate) fn run(args: &TraceCommand, terminal: Terminal) -> Result<Outcome, Trouble> {
    match args {
        TraceCommand::Show(args) => {
            terminal::put(&plain(&read(&args.file)?.words()))?;
            Ok(Outcome::Clean)
        }
        TraceCommand::Replay(args) => replay(args, terminal),
    }
}

fn read(path: &Path) -> Result<Trace, Trouble> {
    let trouble = |why: String| Trouble::input(format!("`{}`: {why}", path.display()));
    let size = fs::metadata(path)
        .map_err(|e| trouble(e.to_string()))?
        .len();
    if size > Trace::BYTES_MAX as u64 {
        return Err(trouble(format!("more than {} bytes", Trace::BYTES_MAX)));
    }
    let text = fs::read_to_string(path).map_err(|e| trouble(e.to_string()))?;
    Trace::parse(&text).map_err(|e| trouble(e.to_string()))
}

/// A text from a record without what would steer a terminal.
fn plain(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_control() && c != '\n' {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}

fn replay(args: &TraceReplayArgs, terminal: Terminal) -> Result<Outcome, Trouble> {
    let trace = read(&args.file)?;
    let parameters = project::parameters(&args.parameters)?;
    let compiled = compile(&project::load_path(&args.path, None)?, &parameters);
    refuse_unknown([&compiled], &parameters)?;
    let Some(program) = compiled.program else {
        for finding in &compiled.diagnostics {
            terminal.say(&render::draw(finding, &compiled.sources, terminal.colors));
            terminal.say("");
        }
        return Err(Trouble::input(format!(
            "`{}` is refused, so that no run can be taken with it",
            args.path.display()
        )));
    };
    // What a handler outside said stands in the record.
    let mut registry = super::registry();
    registry.external(&program, |_| true);
    let engine =
        Engine::link(program, registry).map_err(|errors| Trouble::input(errors.to_string()))?;
    let replayed = trace
        .replay(&engine)
        .map_err(|error| Trouble::input(error.to_string()))?;
    let text = match args.format {
        Format::Human => human(&trace, &replayed),
        Format::Json => format!("{:#}\n", report(&trace, &replayed)),
    };
    terminal::put(&text)?;
    Ok(if replayed.is_same() {
        Outcome::Clean
    } else {
        Outcome::Findings
    })
}

fn human(trace: &Trace, replayed: &Replayed) -> String {
    let same = trace.header.program == replayed.trace.header.program;
    let which = if same {
        "the same program"
    } else {
        "another program"
    };
    let Some(parts) = &replayed.divergence else {
        let way = replayed.trace.way();
        if replayed.is_same() {
            return plain(&format!("{which}, the same run\n  {way}\n"));
        }
        let mut text = format!("{which}, the same steps, but not the same run\n  {way}\n");
        text.push_str(&differs(replayed));
        return plain(&text);
    };
    let mut text = format!(
        "{which}, another run: they part after {} steps\n",
        parts.common
    );
    let _ = writeln!(text, "  before: {}", parts.before);
    let _ = writeln!(text, "  now:    {}", parts.after);
    let _ = writeln!(text, "the recorded run\n  {}", trace.way());
    let _ = writeln!(text, "the run now\n  {}", replayed.trace.way());
    let _ = writeln!(text, "{}", ends(&replayed.fate));
    text.push_str(&differs(replayed));
    plain(&text)
}

/// What differs, each thing with its first line.
fn differs(replayed: &Replayed) -> String {
    let mut text = String::new();
    for found in &replayed.differences {
        let line = |line: &str| match line {
            "" => "nothing".to_owned(),
            line => line.to_owned(),
        };
        let _ = writeln!(text, "{} differs", found.about.words());
        let _ = writeln!(text, "  before: {}", line(&found.before));
        let _ = writeln!(text, "  now:    {}", line(&found.after));
    }
    text
}

fn ends(fate: &Fate) -> String {
    match fate {
        Fate::Ended(end) => format!("it ends in {}", end.words()),
        Fate::Open => "it stands where the record ends".to_owned(),
        Fate::Missing(what) => format!("it cannot be followed further: {what}"),
        _ => String::new(),
    }
}

fn report(trace: &Trace, replayed: &Replayed) -> serde_json::Value {
    let (kind, what) = match &replayed.fate {
        Fate::Ended(end) => ("ended", end.words()),
        Fate::Missing(what) => ("missing", what.clone()),
        _ => ("open", String::new()),
    };
    json!({
        "schema": 1,
        "sameProgram": trace.header.program == replayed.trace.header.program,
        "sameRun": replayed.is_same(),
        "differences": replayed.differences.iter().map(|found| json!({
            "about": found.about.words(),
            "before": found.before,
            "after": found.after,
        })).collect::<Vec<_>>(),
        "divergence": replayed.divergence.as_ref().map(|parts| json!({
            "common": parts.common,
            "before": parts.before,
            "after": parts.after,
        })),
        "before": trace.way(),
        "after": replayed.trace.way(),
        "fate": { "kind": kind, "text": what },
    })
}
