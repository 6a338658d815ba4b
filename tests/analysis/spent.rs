//! What is said of values once no further runs are looked for.

use std::fmt::Write as _;

use wayfare::{Compiler, Diagnostic, Diagnostics, Source, codes};

const LEAKED: &str = include_str!("../golden/state/leaked.journey");
const DEAD: &str = include_str!("../golden/state/dead.journey");

/// More keys that nothing writes than runs are looked for, each read by a node of its own.
fn unwritten(count: usize) -> String {
    let mut text = String::from(
        "journey many {\n  start credentials\n\n  node credentials: Page {\n    node username: UsernameCollector\n    node password: PasswordCollector\n    -> check\n  }\n\n  node check: DataStoreDecision {\n    true -> n0\n    false -> failure\n  }\n",
    );
    for at in 0..count {
        let next = if at + 1 < count {
            format!("n{}", at + 1)
        } else {
            "success".to_owned()
        };
        write!(
            text,
            "\n  node n{at}: SetSuccessUrl(successUrl = \"https://example.com${{shared.k{at}}}\") -> {next}\n"
        )
        .unwrap();
    }
    text + "}\n"
}

fn found(texts: &[(&str, &str)]) -> Vec<Diagnostic> {
    let sources = texts.iter().map(|(name, text)| Source::new(*name, *text));
    let catalog = wayfare::catalogue::standard();
    let compiled = Compiler::new(catalog).compile(sources);
    assert_eq!(compiled.diagnostics.dropped(), 0);
    compiled.diagnostics.iter().cloned().collect()
}

#[test]
fn secrets_and_dead_writes_are_told_also_once_no_run_is_looked_for() {
    let many = unwritten(300);
    let few = [("leaked.journey", LEAKED), ("dead.journey", DEAD)];
    let (alone, among) = (
        found(&few),
        found(&[few[0], few[1], ("many.journey", &many)]),
    );
    for code in [codes::LEAKED_SECRET, codes::DEAD_WRITE] {
        let of = |all: &[Diagnostic]| -> Vec<(wayfare::Span, bool)> {
            let all = all.iter().filter(|finding| finding.code == code);
            all.map(|finding| (finding.span, finding.route.is_some()))
                .collect()
        };
        let (alone, among) = (of(&alone), of(&among));
        assert_eq!(alone.len(), 3, "{code}");
        assert!(alone.iter().all(|(_, has_run)| *has_run), "{code}");
        let without_runs: Vec<_> = alone.iter().map(|(span, _)| (*span, false)).collect();
        assert_eq!(among, without_runs, "{code}");
    }
    let unwritten = among.iter().filter(|f| f.code == codes::UNWRITTEN_KEY);
    assert_eq!(unwritten.count(), 300);
}

/// A node that writes many keys on one of two ways, and a node for each key that needs it.
fn sometimes_written(count: usize) -> String {
    let keys: Vec<String> = (0..count).map(|at| format!("k{at} = \"x\"")).collect();
    let before = format!(
        "  node check: DataStoreDecision {{\n    true -> coin\n    false -> failure\n  }}\n\n  node coin: Message {{\n    true -> put\n    false -> n0\n  }}\n\n  node put: SetState(attributes = {{ {} }}) -> n0\n",
        keys.join(", ")
    );
    let check = "  node check: DataStoreDecision {\n    true -> n0\n    false -> failure\n  }\n";
    unwritten(count).replace(check, &before)
}

#[test]
fn an_error_behind_very_many_warnings_is_counted_and_refuses_the_program() {
    let many = sometimes_written(Diagnostics::KEPT_MAX + 200);
    let texts = [("a.journey", &*many), ("leaked.journey", LEAKED)];
    let sources = texts.map(|(name, text)| Source::new(name, text));
    let catalog = wayfare::catalogue::standard();
    let compiled = Compiler::new(catalog).compile(sources);
    let found = &compiled.diagnostics;
    let of = |code| found.iter().filter(|finding| finding.code == code).count();
    assert!(of(codes::MAYBE_UNWRITTEN_KEY) >= 900, "{found:#?}");
    // The three secrets that leak are found after all those warnings; they are kept, for they are errors.
    assert_eq!(of(codes::LEAKED_SECRET), 3);
    assert!(found.dropped() >= 200, "{}", found.dropped());
    assert!(found.has_errors() && compiled.program.is_none());
}

#[test]
fn exceptions_speak_for_more_errors_than_are_shown() {
    let journey = |at| {
        format!(
            "journey j{at} {{\n  allow no_success, unreachable because \"a test\"\n  start say\n  node say: UsernameCollector -> failure\n  node lone: UsernameCollector -> failure\n}}\n"
        )
    };
    let text: String = (0..Diagnostics::KEPT_MAX + 200).map(journey).collect();
    let catalog = wayfare::catalogue::standard();
    let compiled = Compiler::new(catalog).compile([Source::new("a.journey", &*text)]);
    let found = &compiled.diagnostics;
    let spoken = found
        .iter()
        .filter(|finding| finding.code == codes::UNREACHABLE && finding.allowed.is_some());
    assert_eq!(spoken.count(), Diagnostics::KEPT_MAX + 200);
    assert!(!found.has_errors() && compiled.program.is_some());
}
