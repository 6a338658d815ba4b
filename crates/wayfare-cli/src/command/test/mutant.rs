//! `wayfare test --mutants`: whether the tests notice when the program is changed.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::{self, IsTerminal as _, Write as _},
};

use serde_json::{Value, json};
use wayfare::{Severity, compile::Compiled};
use wayfare_sim::mutant::{Fate, Judged, Options, Score, judge};

use crate::{
    Outcome, Trouble,
    args::{TestArgs, TestFormat},
    render,
    terminal::{self, Terminal},
};

/// Judges the mutants of every project.
pub(super) fn run(
    args: &TestArgs,
    all: Vec<Compiled>,
    terminal: Terminal,
) -> Result<Outcome, Trouble> {
    if args.format == TestFormat::Junit {
        return Err(Trouble::input("mutants are written for people or as JSON"));
    }
    let mut outcome = Outcome::Clean;
    let mut scores = Vec::new();
    for mut compiled in all {
        let Some(program) = compiled.program.take() else {
            let errors = compiled.diagnostics.iter();
            for finding in errors.filter(|d| d.severity == Severity::Error && d.allowed.is_none()) {
                terminal.say(&render::draw(finding, &compiled.sources, terminal.colors));
                terminal.say("");
            }
            outcome = Outcome::Findings;
            continue;
        };
        let options = Options::default().mutants_max(args.mutants_max);
        let shown = io::stderr().is_terminal();
        let mut report = |done: usize, of: usize| {
            if shown {
                let _ = write!(io::stderr(), "\r{done} of {of} mutants\u{1b}[K");
                let _ = io::stderr().flush();
            }
            true
        };
        let judged = judge(
            &program,
            &crate::command::registry,
            &BTreeMap::new(),
            options,
            &mut report,
        );
        if shown {
            let _ = write!(io::stderr(), "\r\u{1b}[K");
        }
        match judged {
            Ok(score) => scores.push(score),
            Err(error) => {
                terminal.error(&error.to_string());
                outcome = Outcome::Findings;
            }
        }
    }
    if scores
        .iter()
        .any(|score| score.survived() > 0 || score.left > 0)
    {
        outcome = Outcome::Findings;
    }
    let text = match args.format {
        TestFormat::Human | TestFormat::Junit => human(&scores),
        TestFormat::Json => format!("{:#}\n", report(&scores)),
    };
    terminal::put(&text)?;
    Ok(outcome)
}

/// A score for people; where no mutant was told from the program there is none.
fn percent(thousandths: Option<usize>) -> String {
    thousandths.map_or_else(
        || "none".to_owned(),
        |found| format!("{}.{} %", found / 10, found % 10),
    )
}

fn total(scores: &[Score], of: impl Fn(&Score) -> usize) -> usize {
    scores.iter().map(of).sum()
}

/// Thousandths over all projects; none where nothing was judged.
fn thousandths(scores: &[Score]) -> Option<usize> {
    let noticed = total(scores, Score::refused) + total(scores, Score::killed);
    let all = noticed + total(scores, Score::survived);
    (noticed * 1_000).checked_div(all)
}

fn human(scores: &[Score]) -> String {
    let mut text = String::new();
    for Judged { mutant, fate } in scores.iter().flat_map(|score| &score.judged) {
        match fate {
            Fate::Survived(difference) => {
                let _ = writeln!(text, "survived: {mutant}");
                for line in difference.test.lines() {
                    let _ = writeln!(text, "    {line}");
                }
                let _ = writeln!(text, "    // as written: {}", difference.original);
                let _ = writeln!(text, "    // as changed: {}\n", difference.mutant);
            }
            Fate::Equivalent => {
                let _ = writeln!(text, "no difference found: {mutant}");
            }
            Fate::NotJudged(why) => {
                let _ = writeln!(text, "not judged: {mutant}: {why}");
            }
            Fate::Refused(_) | Fate::Killed(_) => {}
        }
    }
    let judged = total(scores, |score| score.judged.len());
    let counted = if judged == 1 { "mutant" } else { "mutants" };
    let _ = writeln!(
        text,
        "{judged} {counted}: {} refused by the proofs, {} noticed by tests, {} survived, {} without a difference{}; score {}",
        total(scores, Score::refused),
        total(scores, Score::killed),
        total(scores, Score::survived),
        total(scores, Score::equivalent),
        match total(scores, Score::not_judged) {
            0 => String::new(),
            count => format!(", {count} not judged"),
        },
        percent(thousandths(scores)),
    );
    let left = total(scores, |score| score.left);
    if left > 0 {
        let _ = writeln!(text, "{left} mutants were not judged: raise --mutants-max");
    }
    text
}

fn one(judged: &Judged) -> Value {
    let (fate, by, difference) = match &judged.fate {
        Fate::Refused(code) => ("refused", Some(code), None),
        Fate::Killed(test) => ("killed", Some(test), None),
        Fate::Survived(difference) => ("survived", None, Some(difference)),
        Fate::Equivalent => ("equivalent", None, None),
        Fate::NotJudged(_) => ("not_judged", None, None),
    };
    json!({
        "journey": &*judged.mutant.journey,
        "node": &*judged.mutant.node,
        "kind": judged.mutant.kind.word(),
        "change": judged.mutant.text,
        "fate": fate,
        "by": by.map(|by| &**by),
        "why": match &judged.fate {
            Fate::NotJudged(why) => Some(*why),
            _ => None,
        },
        "difference": difference.map(|difference| json!({
            "test": difference.test,
            "original": difference.original,
            "mutant": difference.mutant,
        })),
    })
}

fn report(scores: &[Score]) -> Value {
    json!({
        "schema": 1,
        "mutants": total(scores, |score| score.judged.len() - score.not_judged()),
        "refused": total(scores, Score::refused),
        "killed": total(scores, Score::killed),
        "survived": total(scores, Score::survived),
        "equivalent": total(scores, Score::equivalent),
        "notJudged": total(scores, |score| score.left + score.not_judged()),
        "scoreThousandths": thousandths(scores),
        "judged": scores.iter().flat_map(|score| &score.judged).map(one).collect::<Vec<_>>(),
    })
}
