//! Runs to a value that is lost where a page fails once it has asked.

use wayfare::{Compiler, Diagnostic, RouteOn, Source, codes};

const TYPES: &str = r#"
extern Writer "WriterNode" -> done {
  writes transient.ticket: Text
  proves nothing
}

extern Risk "RiskNode" -> done {
  calls out
  proves nothing
}
"#;

/// An inner journey whose page can fail once it has asked, and which asks again where it does not.
const INNER: &str = r#"
journey login {
  start write
  node write: Writer -> ask

  node ask: journey ask {
    true -> read
    false -> read
  }

  node read: SetSuccessUrl(successUrl = "https://example.com/${transient.ticket}") -> failure
}

journey ask {
  innerTreeOnly = true
  start who

  node who: Page {
    node name: UsernameCollector
    node risk: Risk
    -> secret
    on error -> failure
  }

  node secret: PasswordCollector -> success
}
"#;

/// The same in one journey: what the page would take back has been stopped too.
const OWN: &str = r#"
journey login {
  start write
  node write: Writer -> who

  node who: Page {
    node name: UsernameCollector
    node risk: Risk
    -> failure
    on error -> read
  }

  node read: SetSuccessUrl(successUrl = "https://example.com/${transient.ticket}") -> failure
}
"#;

fn lost(journeys: &str) -> Vec<Diagnostic> {
    let text = format!("{TYPES}{journeys}");
    let compiled = Compiler::new(wayfare::catalogue::standard())
        .compile([Source::new("lost.journey", text.as_str())]);
    let all = compiled.diagnostics.iter();
    all.filter(|finding| finding.code == codes::LOST_VALUE)
        .cloned()
        .collect()
}

fn run(finding: &Diagnostic) -> Vec<String> {
    let route = finding.route.as_ref().unwrap();
    let steps = route.steps.iter().map(|step| match &step.on {
        RouteOn::Outcome(name) => format!("{}.{name}", step.node),
        RouteOn::Error => format!("{} fails", step.node),
    });
    steps.collect()
}

#[test]
fn the_shortest_run_fails_in_a_page_that_has_asked() {
    let found = lost(INNER);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(run(&found[0]), ["write.done", "who fails", "ask.false"]);
}

#[test]
fn what_a_failing_page_goes_back_to_has_crossed_its_stop() {
    let found = lost(OWN);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(run(&found[0]), ["write.done", "who fails"]);
    // Where no later child can fail, the page fails before it asks or not at all.
    let alone = OWN.replace("    node risk: Risk\n", "");
    assert!(lost(&alone).is_empty());
}
