//! Tests in the form that build servers read: a suite for each journey, a case for each test.

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

use wayfare::Severity;

use crate::command::test::{Played, Suite, coverage::place};

pub(super) fn report(suites: &[Suite]) -> String {
    let tests: usize = suites.iter().map(|suite| suite.tests.len()).sum();
    let failures: usize = suites.iter().map(|suite| suite.failures().count()).sum();
    let errors: usize = suites.iter().map(errors_of).sum();
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        text,
        "<testsuites name=\"wayfare\" tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\">",
        tests + errors
    );
    for suite in suites {
        refused(suite, &mut text);
        let mut journeys: BTreeMap<&Arc<str>, Vec<&Played>> = BTreeMap::new();
        for test in &suite.tests {
            let journey = &test.scenario.journey;
            journeys.entry(journey).or_default().push(test);
        }
        for (journey, tests) in journeys {
            suite_of(suite, journey, &tests, &mut text);
        }
    }
    text.push_str("</testsuites>\n");
    text
}

fn errors_of(suite: &Suite) -> usize {
    let findings = suite.compiled.diagnostics.iter();
    findings
        .filter(|finding| finding.severity == Severity::Error)
        .count()
}

/// A program that does not compile: each error is a case.
fn refused(suite: &Suite, text: &mut String) {
    let count = errors_of(suite);
    if count == 0 {
        return;
    }
    let _ = writeln!(
        text,
        "  <testsuite name=\"compile\" tests=\"{count}\" failures=\"0\" errors=\"{count}\" skipped=\"0\">"
    );
    let findings = suite.compiled.diagnostics.iter();
    for finding in findings.filter(|finding| finding.severity == Severity::Error) {
        let at = escape(&place(suite, finding.span));
        let message = escape(&finding.message);
        let code = finding.code.word;
        let _ = writeln!(
            text,
            "    <testcase name=\"{at}\" classname=\"compile\">\n      <error message=\"{message}\" type=\"{code}\">{at}: {message}</error>\n    </testcase>"
        );
    }
    text.push_str("  </testsuite>\n");
}

fn suite_of(suite: &Suite, journey: &str, tests: &[&Played], text: &mut String) {
    let failures = tests.iter().filter(|test| test.failed.is_some()).count();
    let journey = escape(journey);
    let _ = writeln!(
        text,
        "  <testsuite name=\"{journey}\" tests=\"{}\" failures=\"{failures}\" errors=\"0\" skipped=\"0\">",
        tests.len()
    );
    for test in tests {
        let name = escape(&test.scenario.name);
        let Some(failed) = &test.failed else {
            let _ = writeln!(
                text,
                "    <testcase name=\"{name}\" classname=\"{journey}\"/>"
            );
            continue;
        };
        let message = escape(&failed.message);
        let body = format!(
            "{}: {}\nexpected: {}\nthe run: {}",
            place(suite, failed.span),
            failed.message,
            failed.expected,
            failed.run
        );
        let _ = writeln!(
            text,
            "    <testcase name=\"{name}\" classname=\"{journey}\">\n      <failure message=\"{message}\" type=\"test_failed\">{}</failure>\n    </testcase>",
            escape(&body)
        );
    }
    text.push_str("  </testsuite>\n");
}

/// A text within XML 1.0: marks written out, characters that may not stand there replaced.
fn escape(text: &str) -> String {
    let mut made = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => made.push_str("&amp;"),
            '<' => made.push_str("&lt;"),
            '>' => made.push_str("&gt;"),
            '"' => made.push_str("&quot;"),
            '\n' => made.push_str("&#10;"),
            '\t' => made.push_str("&#9;"),
            c if c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}') => made.push('\u{FFFD}'),
            c => made.push(c),
        }
    }
    made
}
