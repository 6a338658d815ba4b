//! What an import says at its end.
//!
//! In: the journeys that were made and what was noticed on the way. Out: a table with a line a journey, the
//! findings by kind, gravest first, and what the text allows because it was imported; or all of it as JSON.
//! What is shown comes from files of others, so control characters are escaped.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use serde_json::{Value, json};
use wayfare_import::{Finding, Imported};

use crate::{
    gravity::{self, Kind},
    table::{Side, Table, cut, shown},
};

/// How many findings of a code are shown.
const EACH_MAX: usize = 5;
/// How many journeys are named in a line.
const NAMES_MAX: usize = 4;
/// The most characters of a line about a finding.
const LINE_MAX: usize = 200;

/// What an import has made, in memory.
#[derive(Debug, Default)]
pub(crate) struct Brought {
    /// The files by path below the folder.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// The journeys in the order of their files.
    pub(crate) journeys: Vec<Journey>,
    /// What was noticed.
    pub(crate) findings: Vec<Finding>,
    /// The realms, each with the folder of its journeys; the folder is empty where there is one realm.
    pub(crate) realms: BTreeMap<String, String>,
}

/// A journey that was made.
#[derive(Debug)]
pub(crate) struct Journey {
    /// The name of the tree.
    pub(crate) tree: String,
    /// Its path below the folder without the ending: how the table names it.
    pub(crate) name: String,
    /// What is known of it.
    pub(crate) made: Imported,
    /// How many findings it has.
    pub(crate) findings: usize,
}

/// How many, in words: `1 journey`, `2 journeys`.
pub(crate) fn count(n: usize, one: &str) -> String {
    format!("{n} {one}{}", if n == 1 { "" } else { "s" })
}

/// The table, a line a journey and one for all.
pub(crate) fn table(brought: &Brought) -> String {
    let mut table = Table::new(&[
        ("journey", Side::Left),
        ("nodes", Side::Right),
        ("lines", Side::Right),
        ("findings", Side::Right),
        ("allowed", Side::Right),
        ("compiles", Side::Left),
    ]);
    let row = |table: &mut Table, name: String, sum: [usize; 4], compiles: String| {
        let numbers = sum.into_iter().map(|n| n.to_string());
        table.row([name].into_iter().chain(numbers).chain([compiles]));
    };
    let mut sum = [0; 4];
    let mut compile = 0;
    for journey in &brought.journeys {
        let numbers = [
            journey.made.nodes,
            journey.made.lines,
            journey.findings,
            journey.made.allowed.values().sum(),
        ];
        for (all, one) in sum.iter_mut().zip(numbers) {
            *all += one;
        }
        compile += usize::from(journey.made.compiles);
        let compiles = if journey.made.compiles { "yes" } else { "no" };
        row(
            &mut table,
            journey.name.clone(),
            numbers,
            compiles.to_owned(),
        );
    }
    let journeys = brought.journeys.len();
    if journeys != 1 {
        let name = count(journeys, "journey");
        row(&mut table, name, sum, format!("{compile} of {journeys}"));
    }
    table.text()
}

/// The findings by kind and code, gravest first; empty where there are none.
pub(crate) fn findings(findings: &[Finding]) -> String {
    let mut by_code: BTreeMap<(usize, usize), (Kind, Vec<&Finding>)> = BTreeMap::new();
    for finding in findings {
        let (kind, code, of) = gravity::of_imports(finding.code);
        let (_, list) = by_code.entry((kind, code)).or_insert((of, Vec::new()));
        list.push(finding);
    }
    let mut text = String::new();
    let mut last = None;
    for ((kind, _), (of, list)) in &by_code {
        let Some(first) = list.first() else { continue };
        if last != Some(*kind) {
            let _ = writeln!(text, "{}", of.title);
            last = Some(*kind);
        }
        let places = among(list.iter().filter_map(|finding| of_tree(finding)));
        // Writing into a string cannot fail.
        let _ = writeln!(
            text,
            "  {}: {} ({}{places})",
            first.code,
            first.code.summary(),
            list.len(),
        );
        for finding in list.iter().take(EACH_MAX) {
            let _ = writeln!(text, "    {}", line(finding));
        }
        if list.len() > EACH_MAX {
            let _ = writeln!(text, "    and {} more", list.len() - EACH_MAX);
        }
    }
    text
}

/// The file that was made of the tree of a finding, where several realms came along.
pub(crate) fn place(finding: &Finding) -> Option<&str> {
    let file = finding.file.as_deref()?;
    file.ends_with(".journey").then_some(file)
}

/// The tree of a finding, with the folder of its realm where several came along.
fn of_tree(finding: &Finding) -> Option<String> {
    let tree = finding.tree.as_deref()?;
    let folder = place(finding).and_then(|file| file.rsplit_once('/'));
    Some(folder.map_or_else(|| tree.to_owned(), |(folder, _)| format!("{folder}/{tree}")))
}

/// A finding in one line.
fn line(finding: &Finding) -> String {
    let tree = of_tree(finding);
    let place: Vec<&str> = match (&tree, &finding.node, &finding.file) {
        (Some(tree), Some(node), _) => vec![tree, node],
        (Some(tree), None, _) => vec![tree],
        (None, Some(node), Some(file)) => vec![file, node],
        (None, None, Some(file)) => vec![file],
        (None, Some(node), None) => vec![node],
        (None, None, None) => Vec::new(),
    };
    let mut text = place.join(", ");
    if !text.is_empty() {
        text.push_str(": ");
    }
    text.push_str(&finding.message);
    if let Some(help) = &finding.help {
        text.push_str("; ");
        text.push_str(help);
    }
    cut(&shown(&text), LINE_MAX)
}

/// ` in 2 journeys`, where they are known.
fn among(trees: impl Iterator<Item = String>) -> String {
    match trees.collect::<BTreeSet<_>>().len() {
        0 => String::new(),
        n => format!(" in {}", count(n, "journey")),
    }
}

/// What the text allows because it was imported, gravest first; empty where that is nothing.
pub(crate) fn allowed(brought: &Brought) -> String {
    let mut by_code: BTreeMap<(usize, usize, &str), Allowed<'_>> = BTreeMap::new();
    for journey in &brought.journeys {
        for (word, times) in &journey.made.allowed {
            let (kind, code, of) = gravity::of_journeys(word);
            let entry = by_code.entry((kind, code, word)).or_insert(Allowed {
                kind: of,
                times: 0,
                journeys: Vec::new(),
            });
            entry.times += times;
            entry.journeys.push(&journey.name);
        }
    }
    let width = by_code.keys().map(|(.., word)| word.len()).max();
    let width = width.unwrap_or(0);
    let mut text = String::new();
    let mut last = None;
    for ((kind, _, word), allowed) in &by_code {
        if last != Some(*kind) {
            let _ = writeln!(text, "{}", allowed.kind.title);
            last = Some(*kind);
        }
        // Writing into a string cannot fail.
        let _ = writeln!(
            text,
            "  {word:<width$}  {:>4} in {}: {}",
            allowed.times,
            count(allowed.journeys.len(), "journey"),
            named(&allowed.journeys)
        );
    }
    text
}

struct Allowed<'b> {
    kind: Kind,
    times: usize,
    journeys: Vec<&'b str>,
}

fn named(journeys: &[&str]) -> String {
    let shown: Vec<&str> = journeys.iter().take(NAMES_MAX).copied().collect();
    let mut text = shown.join(", ");
    if journeys.len() > NAMES_MAX {
        // Writing into a string cannot fail.
        let _ = write!(text, " and {} more", journeys.len() - NAMES_MAX);
    }
    text
}

/// All of it for programs.
pub(crate) fn report(brought: &Brought) -> Value {
    let journeys = brought.journeys.iter().map(|journey| {
        let made = &journey.made;
        let allowed: BTreeMap<&str, usize> = (made.allowed.iter())
            .map(|(word, times)| (&**word, *times))
            .collect();
        json!({
            "tree": journey.tree,
            "journey": &*made.journey,
            "file": made.file,
            "nodes": made.nodes,
            "lines": made.lines,
            "findings": journey.findings,
            "allowed": allowed,
            "compiles": made.compiles,
        })
    });
    let findings = brought.findings.iter().map(|finding| {
        json!({
            "code": finding.code.word(),
            "file": finding.file.as_deref(),
            "tree": finding.tree.as_deref(),
            "node": finding.node.as_deref(),
            "message": finding.message,
            "help": finding.help,
        })
    });
    json!({
        "schema": 1,
        "journeys": journeys.collect::<Vec<_>>(),
        "findings": findings.collect::<Vec<_>>(),
    })
}
