//! Findings as JSON: schema 1.

use serde_json::{Value, json};
use wayfare::{Diagnostic, Route, RouteOn, Severity, SourceMap, Span};

/// The place of a span.
fn place(span: Span, sources: &SourceMap) -> Value {
    let start = sources.locate(span);
    let end = sources.locate(span.after());
    json!({
        "file": sources.get(span.source).map(wayfare::Source::name),
        "start": { "offset": span.start, "line": start.line, "column": start.column },
        "end": { "offset": span.end, "line": end.line, "column": end.column },
    })
}

/// One finding.
pub(crate) fn diagnostic(diagnostic: &Diagnostic, sources: &SourceMap) -> Value {
    json!({
        "code": diagnostic.code.word,
        "severity": diagnostic.severity.to_string(),
        "message": diagnostic.message,
        "place": place(diagnostic.span, sources),
        "expected": diagnostic.expected,
        "labels": diagnostic.labels.iter().map(|label| json!({
            "place": place(label.span, sources),
            "text": label.text,
        })).collect::<Vec<_>>(),
        "notes": diagnostic.notes,
        "help": diagnostic.help,
        "fix": diagnostic.fix.as_ref().map(|fix| json!({
            "title": fix.title,
            "place": place(fix.span, sources),
            "replacement": fix.replacement,
        })),
        "route": diagnostic.route.as_ref().map(route),
        "allowed": diagnostic.allowed,
    })
}

/// The run that shows a finding; a step left in an error has no outcome.
pub(crate) fn route(route: &Route) -> Value {
    json!({
        "journey": route.journey,
        "steps": route.steps.iter().map(|step| json!({
            "journey": step.journey,
            "node": step.node,
            "outcome": match &step.on {
                RouteOn::Outcome(name) => Some(name),
                RouteOn::Error => None,
            },
            "asks": step.asks,
        })).collect::<Vec<_>>(),
        "end": route.end,
    })
}

/// All findings of a run.
pub(crate) fn report<'a>(
    findings: impl Iterator<Item = (&'a Diagnostic, &'a SourceMap)>,
    files: usize,
) -> Value {
    let mut errors = 0_usize;
    let mut warnings = 0_usize;
    let mut allowed = 0_usize;
    let list: Vec<Value> = findings
        .map(|(finding, sources)| {
            match (finding.severity, &finding.allowed) {
                (_, Some(_)) => allowed += 1,
                (Severity::Error, None) => errors += 1,
                (Severity::Warning, None) => warnings += 1,
            }
            diagnostic(finding, sources)
        })
        .collect();
    json!({
        "schema": 1,
        "files": files,
        "errors": errors,
        "warnings": warnings,
        "allowed": allowed,
        "diagnostics": list,
    })
}
