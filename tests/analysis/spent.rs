//! What is said of values once no further runs are looked for.

use std::fmt::Write as _;

use wayfare::{Compiler, Diagnostic, Source, codes};

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
