//! `wayfare check --fix`: the edits that findings offer, made.
//!
//! Round by round: all edits that do not overlap are made, and what comes of them is checked again. Edits
//! are kept only where they take findings away, add none of another kind, and do not make a program that
//! could be compared before any weaker; where all together do not pass, each is tried alone. Files that are
//! imported from elsewhere are not touched.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::Path,
};

use wayfare::{
    Diagnostic, Fix, Source, SourceId, Value,
    compile::Compiled,
    diff::{self, Direction},
};

use crate::{
    Trouble,
    command::compile_tests as compile,
    project::Project,
    terminal::{self, Terminal},
};

/// How many rounds there are at most; each takes findings away.
const ROUNDS_MAX: usize = 50;
/// How many edits are tried alone in one round.
const ALONE_MAX: usize = 200;

/// Makes the edits in the files of a project, or prints them as a patch.
pub(crate) fn mend(
    project: &mut Project,
    parameters: &BTreeMap<String, Value>,
    dry: bool,
    terminal: Terminal,
) -> Result<(), Trouble> {
    let before = project.sources.clone();
    let mut made = 0;
    let mut refused: BTreeSet<String> = BTreeSet::new();
    for _ in 0..ROUNDS_MAX {
        let compiled = compile(project, parameters);
        let edits = edits(project, &compiled, &refused);
        if edits.is_empty() {
            break;
        }
        let all: Vec<&Fix> = edits.iter().map(|(_, fix)| fix).collect();
        if let Some(sources) = tried(project, parameters, &compiled, &all) {
            made += all.len();
            project.sources = sources;
            continue;
        }
        let mut kept = false;
        for (finding, fix) in edits.iter().take(ALONE_MAX) {
            match tried(project, parameters, &compiled, &[fix]) {
                Some(sources) => {
                    made += 1;
                    project.sources = sources;
                    kept = true;
                    break;
                }
                None => {
                    refused.insert(key(&compiled, finding));
                }
            }
        }
        if !kept {
            break;
        }
    }
    let changed = before.iter().zip(&project.sources);
    let changed: Vec<(&Source, &Source)> = changed
        .filter(|(old, new)| old.text() != new.text())
        .collect();
    if dry {
        for (old, new) in changed {
            terminal::put(&patch(old, new))?;
        }
        return Ok(());
    }
    for (_, new) in &changed {
        if new.name() == "-" {
            terminal::put(new.text())?;
            continue;
        }
        write(Path::new(new.name()), new.text())?;
    }
    let word =
        |count: usize, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
    terminal.say(&format!(
        "{} made in {}",
        word(made, "edit"),
        word(changed.len(), "file")
    ));
    Ok(())
}

/// Puts a text in place of that of a file, whole or not at all.
fn write(path: &Path, text: &str) -> Result<(), Trouble> {
    let trouble =
        |e: std::io::Error| Trouble::input(format!("`{}` cannot be written: {e}", path.display()));
    let mut beside = path.as_os_str().to_owned();
    beside.push(".wayfare-fix");
    fs::write(&beside, text).map_err(trouble)?;
    fs::rename(&beside, path).map_err(trouble)
}

/// A finding as it is known again after a failed try.
fn key(compiled: &Compiled, finding: &Diagnostic) -> String {
    finding.one_line(&compiled.sources)
}

/// The edits of one round: those in files of the project that do not overlap, in order.
fn edits(
    project: &Project,
    compiled: &Compiled,
    refused: &BTreeSet<String>,
) -> Vec<(Diagnostic, Fix)> {
    let own = |id: SourceId| {
        let name = compiled.sources.get(id).map(Source::name);
        name.is_some_and(|name| project.sources.iter().any(|source| source.name() == name))
    };
    let mut found: Vec<(Diagnostic, Fix)> = compiled
        .diagnostics
        .iter()
        .filter(|finding| finding.allowed.is_none())
        .filter_map(|finding| Some((finding.clone(), finding.fix.clone()?)))
        .filter(|(finding, fix)| own(fix.span.source) && !refused.contains(&key(compiled, finding)))
        .collect();
    found.sort_by_key(|(_, fix)| (fix.span.source, fix.span.start, fix.span.end));
    let mut kept: Vec<(Diagnostic, Fix)> = Vec::new();
    for (finding, fix) in found {
        let clear = kept.last().is_none_or(|(_, last)| {
            last.span.source != fix.span.source
                || last.span.end < fix.span.start
                || last.span.end == fix.span.start && last.span.start < last.span.end
        });
        if clear {
            kept.push((finding, fix));
        }
    }
    kept
}

/// The sources with these edits, where they are for the better.
fn tried(
    project: &Project,
    parameters: &BTreeMap<String, Value>,
    before: &Compiled,
    fixes: &[&Fix],
) -> Option<Vec<Source>> {
    let sources: Vec<Source> = project
        .sources
        .iter()
        .map(|source| {
            let of_this = |fix: &&&Fix| {
                let at = before.sources.get(fix.span.source);
                at.is_some_and(|at| at.name() == source.name())
            };
            edited(source, fixes.iter().filter(of_this).copied())
        })
        .collect::<Option<_>>()?;
    let mended = Project {
        sources,
        named: project.named.clone(),
        folder: project.folder.clone(),
        realm: project.realm.clone(),
        parameters: project.parameters.clone(),
        incomplete: project.incomplete,
        wires: project.wires.clone(),
    };
    let after = compile(&mended, parameters);
    better(before, &after).then_some(mended.sources)
}

/// A source with these edits, which are in order and do not overlap.
fn edited<'f>(source: &Source, fixes: impl Iterator<Item = &'f Fix>) -> Option<Source> {
    let mut text = String::new();
    let mut at = 0;
    for fix in fixes {
        text.push_str(source.text().get(at..fix.span.start as usize)?);
        text.push_str(&fix.replacement);
        at = fix.span.end as usize;
    }
    text.push_str(source.text().get(at..)?);
    Some(Source::new(source.name(), text))
}

/// Whether a compilation has fewer findings, none of a kind that was not there, and no weaker a program.
fn better(before: &Compiled, after: &Compiled) -> bool {
    let count = |compiled: &Compiled| {
        let mut kinds: BTreeMap<&'static str, usize> = BTreeMap::new();
        for finding in &compiled.diagnostics {
            *kinds.entry(finding.code.word).or_default() += 1;
        }
        kinds
    };
    let (old, new) = (count(before), count(after));
    let total = |kinds: &BTreeMap<&'static str, usize>| kinds.values().sum::<usize>();
    let is_known = |kind: &&'static str| old.contains_key(kind);
    // A text that was not read whole may have findings of the later passes only now.
    let was_read = before.program.is_some() || before.refused.is_some();
    if was_read && !(total(&new) < total(&old) && new.keys().all(is_known)) {
        return false;
    }
    let unread = |kinds: &BTreeMap<&'static str, usize>| {
        [
            "syntax",
            "unclosed",
            "bad_literal",
            "bad_encoding",
            "hidden_character",
        ]
        .iter()
        .filter_map(|kind| kinds.get(kind))
        .sum::<usize>()
    };
    if !was_read && unread(&new) >= unread(&old) && total(&new) >= total(&old) {
        return false;
    }
    if unread(&new) > unread(&old) {
        return false;
    }
    let program = |compiled: &'_ Compiled| {
        let program = compiled.program.clone().map(wayfare::Valid::into_inner);
        program.or_else(|| compiled.refused.clone())
    };
    match (program(before), program(after)) {
        (Some(before), Some(after)) => !diff::compare(&before, &after).has(Direction::Weaker),
        (Some(_), None) => false,
        (None, _) => true,
    }
}

/// The lines around an edit that a patch shows.
const CONTEXT: usize = 3;

/// A patch in the unified form, with one hunk from the first line that changes to the last.
fn patch(old: &Source, new: &Source) -> String {
    let (a, b): (Vec<&str>, Vec<&str>) = (
        old.text().split_inclusive('\n').collect(),
        new.text().split_inclusive('\n').collect(),
    );
    let head = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let tail = a
        .iter()
        .skip(head)
        .rev()
        .zip(b.iter().skip(head).rev())
        .take_while(|(a, b)| a == b)
        .count();
    let from = head.saturating_sub(CONTEXT);
    let (end_a, end_b) = (a.len() - tail, b.len() - tail);
    let shown = tail.min(CONTEXT);
    let mut text = format!("--- a/{name}\n+++ b/{name}\n", name = new.name());
    let _ = writeln!(
        text,
        "@@ -{},{} +{},{} @@",
        from + 1,
        end_a + shown - from,
        from + 1,
        end_b + shown - from
    );
    let mut put = |sign: char, line: &str| {
        text.push(sign);
        text.push_str(line);
        if !line.ends_with('\n') {
            text.push_str("\n\\ No newline at end of file\n");
        }
    };
    for line in a.get(from..head).unwrap_or_default() {
        put(' ', line);
    }
    for line in a.get(head..end_a).unwrap_or_default() {
        put('-', line);
    }
    for line in b.get(head..end_b).unwrap_or_default() {
        put('+', line);
    }
    for line in a.get(end_a..end_a + shown).unwrap_or_default() {
        put(' ', line);
    }
    text
}
