//! What came with an import, told together.
//!
//! In: the findings of a check. Out: those that were allowed because the journey was imported, and the warnings
//! in files that nobody has touched since, by kind, gravest first, a few places each. An import may have
//! hundreds of them, and they say of the journeys what mattered to nobody where these came from: a list is read,
//! hundreds of drawings are not. Errors are not here, nor exceptions that a person has made, with a reason of that
//! person's, nor warnings in a file that somebody is at work on.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    path::{Path, PathBuf},
};

use wayfare::{Diagnostic, Severity, Source, SourceMap};

use crate::{
    command::import,
    gravity::{self, Kind},
    imported::count,
    made,
    table::{cut, shown},
};

/// The reason that an import gives.
const REASON: &str = "imported from AM";
/// How many places of a code are shown.
const EACH_MAX: usize = 3;
/// The most characters of a line about a finding.
const LINE_MAX: usize = 160;

/// The files of imports that nobody has touched since, by the names of their sources.
#[derive(Debug, Default)]
pub(crate) struct Untouched(BTreeSet<String>);

impl Untouched {
    /// Looks at the lists of imports beside the files.
    pub(crate) fn of<'a>(all: impl Iterator<Item = &'a Source>) -> Self {
        let mut lists: BTreeMap<PathBuf, BTreeMap<String, String>> = BTreeMap::new();
        let mut untouched = BTreeSet::new();
        for source in all {
            let path = Path::new(source.name());
            let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
                continue;
            };
            let list = lists
                .entry(folder.to_path_buf())
                .or_insert_with(|| made::listed(&folder.join(import::LIST)).unwrap_or_default());
            let hash = list.get(&*name.to_string_lossy());
            if hash.is_some_and(|hash| *hash == made::hash(source.text().as_bytes())) {
                untouched.insert(source.name().to_owned());
            }
        }
        Self(untouched)
    }

    /// Whether a finding is told in the list.
    pub(crate) fn folds(&self, finding: &Diagnostic, sources: &SourceMap) -> bool {
        let file = || sources.get(finding.span.source).map(Source::name);
        match (&finding.allowed, finding.severity) {
            (Some(reason), _) => reason == REASON,
            (None, Severity::Warning) => file().is_some_and(|file| self.0.contains(file)),
            (None, Severity::Error) => false,
        }
    }
}

/// The list of them; empty where there are none.
pub(crate) fn told<'a>(findings: impl Iterator<Item = (&'a Diagnostic, &'a SourceMap)>) -> String {
    let mut by_code: BTreeMap<(usize, usize, &str), (Kind, Vec<Place<'a>>)> = BTreeMap::new();
    for (finding, sources) in findings {
        let word = finding.code.word;
        let (kind, code, of) = gravity::of_journeys(word);
        let (_, places) = by_code
            .entry((kind, code, word))
            .or_insert((of, Vec::new()));
        places.push((finding, sources));
    }
    if by_code.is_empty() {
        return String::new();
    }
    let mut text = String::from("what came with the import, gravest first (`--all` draws each):\n");
    let mut last = None;
    for ((kind, ..), (of, places)) in &by_code {
        if last != Some(*kind) {
            // Writing into a string cannot fail.
            let _ = writeln!(text, "\n{}", of.title);
            last = Some(*kind);
        }
        write(&mut text, places);
    }
    text
}

type Place<'a> = (&'a Diagnostic, &'a SourceMap);

fn write(text: &mut String, places: &[Place<'_>]) {
    let Some((first, _)) = places.first() else {
        return;
    };
    let files: BTreeSet<&str> = places
        .iter()
        .filter_map(|(finding, sources)| sources.get(finding.span.source).map(Source::name))
        .collect();
    // Writing into a string cannot fail.
    let _ = writeln!(
        text,
        "  {}: {} ({} in {})",
        first.code,
        first.code.summary,
        places.len(),
        count(files.len(), "file")
    );
    for (finding, sources) in places.iter().take(EACH_MAX) {
        let at = sources.locate(finding.span);
        let name = sources
            .get(finding.span.source)
            .map_or("?", |source| source.name());
        let line = format!("{name}:{}:{}: {}", at.line, at.column, finding.message);
        let _ = writeln!(text, "    {}", cut(&shown(&line), LINE_MAX));
    }
    if places.len() > EACH_MAX {
        let _ = writeln!(text, "    and {} more", places.len() - EACH_MAX);
    }
}
