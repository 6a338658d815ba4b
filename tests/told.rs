//! A reader of scripts for these tests, which know no language of scripts: it takes each line by itself.

use std::sync::Arc;

use wayfare::{
    Compiler, Diagnostics, MemoryImporter, Registry, ScriptFacts, ScriptReader, Source,
    model::{
        script::Leak,
        signature::{Known, Scope},
    },
};

/// Reads lines such as `outcome = "true"` and `nodeState.putShared("key", …)`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lines;

impl ScriptReader for Lines {
    fn read(&self, _: &str, text: &str) -> ScriptFacts {
        let mut facts = ScriptFacts::default();
        if text.contains("eval(") {
            return ScriptFacts::unread(1, "eval");
        }
        facts.outcomes.all = true;
        facts.reads.all = true;
        facts.writes.all = true;
        facts.removes.all = true;
        facts.asks = Known::Is(text.contains("callbacksBuilder"));
        facts.suspends = Known::Is(false);
        for (number, line) in (1..).zip(text.lines()) {
            let mut quoted = line.split('"');
            let (before, name) = (quoted.next().unwrap_or(""), quoted.next());
            let Some(name) = name.map(Arc::<str>::from) else {
                continue;
            };
            if before.contains("outcome =") {
                facts.outcomes.lines.entry(name).or_insert(number);
            } else if before.contains("putShared(") {
                if line.contains("password") {
                    facts.leaks.push(Leak {
                        key: Some(Arc::clone(&name)),
                        what: Arc::from("the password"),
                        line: number,
                    });
                }
                facts
                    .writes
                    .lines
                    .entry((Scope::Shared, name))
                    .or_insert(number);
            } else if before.contains("get(") {
                facts
                    .reads
                    .lines
                    .entry((Scope::Any, name))
                    .or_insert(number);
            }
        }
        facts
    }
}

/// The findings of a journey with a script in a file beside it.
fn findings(journey: &str, script: &str, by: Option<&dyn ScriptReader>) -> (Diagnostics, String) {
    let importer = MemoryImporter::new([Source::new("risk.js", script)]);
    let mut compiler = Compiler::new(Registry::standard().catalog()).importer(&importer);
    if let Some(by) = by {
        compiler = compiler.scripts(by);
    }
    let made = compiler.compile([Source::new("login.journey", journey)]);
    let lines: Vec<String> = made
        .diagnostics
        .iter()
        .map(|d| d.one_line(&made.sources))
        .collect();
    (made.diagnostics, lines.join("\n"))
}

/// A login whose second step is a script with these settings and arrows.
fn login(node: &str) -> String {
    format!(
        r#"journey login {{
  start credentials

  node credentials: Page {{
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }}

  node check: DataStoreDecision {{
    true -> risk
    false -> failure
  }}

  node risk: ScriptedDecision {{
    script = file("risk.js")
{node}
  }}
}}
"#
    )
}

const PLAIN: &str = "outcome = \"low\"\nif (x) outcome = \"high\"\n";

fn codes(found: &Diagnostics) -> Vec<&str> {
    found.iter().map(|finding| finding.code.word).collect()
}

#[test]
fn a_script_that_is_wired_as_it_ends_has_no_finding() {
    let journey = login("    low -> success\n    high -> failure");
    let (found, lines) = findings(&journey, PLAIN, Some(&Lines));
    assert!(found.is_empty(), "{lines}");
}

#[test]
fn an_outcome_without_an_arrow_gets_one_by_the_fix() {
    let journey = login("    low -> success");
    let (found, lines) = findings(&journey, PLAIN, Some(&Lines));
    assert_eq!(codes(&found), ["unwired_script_outcome"], "{lines}");
    let finding = found.iter().next().unwrap();
    assert_eq!(finding.notes.first().unwrap(), "`risk.js`, line 2");
    let fix = finding.fix.as_ref().unwrap();
    let mut mended = journey;
    mended.replace_range(fix.span.range(), &fix.replacement);
    let (found, lines) = findings(&mended, PLAIN, Some(&Lines));
    assert!(found.is_empty(), "{lines}");
}

#[test]
fn an_outcome_that_is_never_set_is_named() {
    let journey = login("    low -> success\n    high | none -> failure");
    let (found, lines) = findings(&journey, PLAIN, Some(&Lines));
    assert_eq!(codes(&found), ["unset_outcome"], "{lines}");
    assert!(lines.contains("`none`"), "{lines}");
}

#[test]
fn what_cannot_be_read_has_no_finding() {
    let journey = login("    low -> success");
    let script = "eval(\"x\")\noutcome = \"high\"";
    for reader in [Some(&Lines as &dyn ScriptReader), None] {
        let (found, lines) = findings(&journey, script, reader);
        let of_scripts = codes(&found).iter().any(|code| code.contains("outcome"));
        assert!(!of_scripts, "{lines}");
    }
}

#[test]
fn keys_that_are_not_listed_are_named() {
    let journey = login("    inputs = [\"a\"]\n    outputs = [\"b\"]\n    low -> success");
    let script = "nodeState.get(\"a\")\nnodeState.get(\"c\")\nnodeState.putShared(\"b\", 1)\nnodeState.putShared(\"d\", 1)\noutcome = \"low\"";
    let (found, lines) = findings(&journey, script, Some(&Lines));
    assert_eq!(codes(&found), ["unlisted_key", "unlisted_key"], "{lines}");
    assert!(lines.contains("`d`") && lines.contains("`c`"), "{lines}");
}

#[test]
fn a_secret_in_shared_state_is_refused() {
    let script = "nodeState.putShared(\"p\", nodeState.get(\"password\"))\noutcome = \"low\"";
    let (found, lines) = findings(&login("    low -> success"), script, Some(&Lines));
    assert_eq!(codes(&found), ["leaked_secret"], "{lines}");
    let allowed = login("    allow leaked_secret because \"a test\"\n    low -> success");
    let (found, _) = findings(&allowed, script, Some(&Lines));
    assert!(!found.has_errors());
}

#[test]
fn a_loop_is_judged_by_what_the_script_asks() {
    let journey = login("    low -> success\n    high -> risk");
    let asks = "callbacksBuilder.nameCallback()\noutcome = \"low\"\noutcome = \"high\"";
    let (found, lines) = findings(&journey, PLAIN, None);
    assert!(codes(&found).contains(&"maybe_spinning_loop"), "{lines}");
    let (found, lines) = findings(&journey, PLAIN, Some(&Lines));
    assert_eq!(codes(&found), ["spinning_loop"], "{lines}");
    let (found, lines) = findings(&journey, asks, Some(&Lines));
    assert!(found.is_empty(), "{lines}");
}

#[test]
fn who_is_there_stays_unless_the_script_names_another() {
    let journey = login("    low -> success\n    high -> failure");
    let (found, lines) = findings(&journey, PLAIN, None);
    assert!(codes(&found).contains(&"identity_swapped"), "{lines}");
    let names = "nodeState.putShared(\"username\", 1)\noutcome = \"low\"\noutcome = \"high\"";
    let (found, lines) = findings(&journey, names, Some(&Lines));
    assert!(codes(&found).contains(&"identity_swapped"), "{lines}");
}

#[test]
fn nodes_are_found_by_their_type_whatever_their_scripts_tell() {
    let journey = login("    low -> success\n    high -> failure").replace(
        "  node risk",
        "  ensure every path to success passes any ScriptedDecision.low\n\n  node risk",
    );
    let (found, lines) = findings(&journey, PLAIN, Some(&Lines));
    assert!(found.is_empty(), "{lines}");
}
