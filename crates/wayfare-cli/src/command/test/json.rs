//! Tests as JSON: schema 1.

use serde_json::{Value, json};
use wayfare::Source;

use crate::{
    command::test::{Suite, coverage},
    json::diagnostic,
};

pub(super) fn report(suites: &[Suite]) -> Value {
    let mut tests = Vec::new();
    let mut findings = Vec::new();
    let mut failed = 0_usize;
    for suite in suites {
        let sources = suite.sources();
        for finding in &suite.compiled.diagnostics {
            findings.push(diagnostic(finding, sources));
        }
        for test in &suite.tests {
            let scenario = &test.scenario;
            failed += usize::from(test.failed.is_some());
            tests.push(json!({
                "journey": &*scenario.journey,
                "name": &*scenario.name,
                "file": sources.get(scenario.span.source).map(Source::name),
                "line": sources.locate(scenario.span).line,
                "passed": test.failed.is_none(),
                "failure": test.failed.as_ref().map(|failed| {
                    let mut said = diagnostic(&failed.diagnostic(scenario), sources);
                    if let Some(fields) = said.as_object_mut() {
                        fields.insert("run".to_owned(), json!(failed.run));
                    }
                    said
                }),
            }));
        }
    }
    let coverages: Vec<_> = suites
        .iter()
        .filter_map(|suite| suite.coverage.as_ref())
        .collect();
    json!({
        "schema": 1,
        "passed": tests.len() - failed,
        "failed": failed,
        "tests": tests,
        "coverage": (!coverages.is_empty()).then(|| coverage::json(coverages.into_iter())),
        "diagnostics": findings,
    })
}
