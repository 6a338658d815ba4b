//! `wayfare check PATH…`

use std::collections::BTreeSet;

use wayfare::{Diagnostic, Severity, SourceMap, compile::Compiled};

use crate::{
    Outcome, Trouble,
    args::{CheckArgs, Deny, Findings},
    command::{examine, fix, refuse_unknown},
    exceptions::{self, Untouched},
    json, project, render, sarif,
    terminal::{self, Terminal},
};

pub(crate) fn run(args: &CheckArgs, terminal: Terminal) -> Result<Outcome, Trouble> {
    let parameters = project::parameters(&args.sources.parameters)?;
    let mut projects = project::load(&args.sources, terminal)?;
    if args.fix {
        for project in &mut projects {
            // What is told below is what the edits leave, also where they are a patch.
            fix::mend(project, &parameters, args.diff, terminal)?;
        }
    }
    let all: Vec<Compiled> = projects
        .iter()
        .map(|project| examine(project, &parameters))
        .collect::<Result<_, _>>()?;
    refuse_unknown(&all, &parameters)?;
    let files = all.iter().map(|one| {
        // The settings are beside the journeys once for each wire that is at fault.
        let names = one.sources.iter().map(|(_, source)| source.name());
        names.collect::<BTreeSet<_>>().len()
    });
    let files = files.sum();
    let findings = || {
        all.iter()
            .flat_map(|one| one.diagnostics.iter().map(move |d| (d, &*one.sources)))
    };
    // The patch has standard output to itself.
    let format = if args.diff {
        Findings::Human
    } else {
        args.format
    };
    match format {
        Findings::Sarif => {
            let log = sarif::log(&all);
            terminal::put(&format!("{log:#}\n"))?;
        }
        Findings::Json => {
            let report = json::report(findings(), files);
            terminal::put(&format!("{report:#}\n"))?;
        }
        Findings::Human => {
            let untouched = Untouched::of(
                all.iter()
                    .flat_map(|one| one.sources.iter().map(|(_, source)| source)),
            );
            let folded = |finding: &Diagnostic, sources: &SourceMap| {
                !args.all && untouched.folds(finding, sources)
            };
            for (finding, sources) in findings().filter(|(d, sources)| !folded(d, sources)) {
                terminal.say(&render::draw(finding, sources, terminal.colors));
                terminal.say("");
            }
            let list = exceptions::told(findings().filter(|(d, sources)| folded(d, sources)));
            if !list.is_empty() {
                terminal.say(&list);
            }
            let dropped: usize = all.iter().map(|one| one.diagnostics.dropped()).sum();
            terminal.say(&summary(
                findings().map(|(finding, _)| finding),
                files,
                dropped,
            ));
        }
    }
    let denied = |finding: &Diagnostic| match (finding.severity, &finding.allowed) {
        (Severity::Error, _) => true,
        (Severity::Warning, Some(_)) => args.deny.contains(&Deny::Allowed),
        (Severity::Warning, None) => args.deny.contains(&Deny::Warnings),
    };
    // An error that was not kept among very many findings refuses all the same.
    let is_refused = all.iter().any(|one| one.diagnostics.has_errors());
    let bad = is_refused || findings().any(|(finding, _)| denied(finding));
    Ok(if bad {
        Outcome::Findings
    } else {
        Outcome::Clean
    })
}

/// One line: how many files and findings.
fn summary<'a>(
    findings: impl Iterator<Item = &'a Diagnostic>,
    files: usize,
    dropped: usize,
) -> String {
    let (mut errors, mut warnings, mut allowed) = (0, 0, 0);
    for finding in findings {
        match (finding.severity, &finding.allowed) {
            (_, Some(_)) => allowed += 1,
            (Severity::Error, None) => errors += 1,
            (Severity::Warning, None) => warnings += 1,
        }
    }
    let counted = |n: usize, one: &str| format!("{n} {one}{}", if n == 1 { "" } else { "s" });
    let mut parts = vec![counted(files, "file")];
    if errors == 0 && warnings == 0 {
        parts.push("no findings".to_owned());
    } else {
        parts.push(counted(errors, "error"));
        parts.push(counted(warnings, "warning"));
    }
    if allowed > 0 {
        parts.push(format!("{} allowed", counted(allowed, "exception")));
    }
    if dropped > 0 {
        parts.push(format!("{dropped} more not shown"));
    }
    parts.join(", ")
}
