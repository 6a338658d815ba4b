//! Scripts as text: which interpreter gets what, and how a script that calls out is run again.

use std::sync::{Arc, Mutex};

use wayfare::{
    Called, Compiler, Effect, EffectReply, Engine, Interpreted, Interpreter, LinkError, NodeError,
    Registry, ScriptAction, ScriptText, ScriptView, Source, Value,
    compile::MemoryImporter,
    engine::effect::{ReadIdentity, Who},
};

use super::stage::Play;
use super::*;

/// What a run of a script saw: instant and randomness.
type Seen = Arc<Mutex<Vec<(u64, [u8; 4])>>>;

/// A language of one word a line: `read NAME`, `put KEY`, `say TEXT`, `go OUTCOME`, `fail`.
#[derive(Debug, Clone, Default)]
struct Words {
    seen: Seen,
    paths: Arc<Mutex<Vec<String>>>,
}

#[derive(Debug)]
struct Lines(Vec<(String, String)>, Seen);

impl Interpreter for Words {
    fn prepare(&self, script: &ScriptText<'_>) -> Result<Box<dyn Interpreted>, NodeError> {
        let at = format!("{} {}/{}", script.path, script.journey, script.node);
        self.paths.lock().unwrap().push(at);
        let mut lines = Vec::new();
        for (number, line) in script.text.lines().enumerate() {
            let Some((word, rest)) = line.trim().split_once(' ') else {
                let message = format!("{}:{}: `{line}` is no line", script.path, number + 1);
                return Err(NodeError::new(message));
            };
            lines.push((word.to_owned(), rest.to_owned()));
        }
        Ok(Box::new(Lines(lines, Arc::clone(&self.seen))))
    }
}

impl Interpreted for Lines {
    fn run(&self, view: &mut ScriptView<'_>) -> Result<ScriptAction, NodeError> {
        let mut drawn = [0; 4];
        view.random(&mut drawn)?;
        self.1.lock().unwrap().push((view.now().0, drawn));
        let mut said = ScriptAction::default();
        for (word, rest) in &self.0 {
            match word.as_str() {
                "read" => {
                    let read = Effect::ReadIdentity(ReadIdentity {
                        who: Who::Name(Arc::from(rest.as_str())),
                        attributes: vec![Arc::from("mail")],
                    });
                    match view.call(read)? {
                        Called::Waits => return Ok(said),
                        Called::Reply(EffectReply::Identity(found)) => {
                            view.put_shared("found", found.is_some())?;
                        }
                        Called::Reply(other) => panic!("{other:?}"),
                    }
                }
                "put" => {
                    let before = view.get(rest).and_then(Value::as_int).unwrap_or(0);
                    view.put_shared(rest, before + 1)?;
                }
                "say" => view.trace(rest.clone()),
                "property" => {
                    let value = view.properties().get(rest.as_str());
                    let value = value.and_then(Value::as_text).unwrap_or("none");
                    said = ScriptAction::go(value);
                }
                "go" => said = ScriptAction::go(rest.as_str()),
                _ => return Err(NodeError::new("it fails")),
            }
        }
        Ok(said)
    }
}

fn text(script: &str) -> String {
    format!(
        r#"journey t {{
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
    script = {script}
    outputs = ["tries", "found"]
    asks = false
    low -> counts
    high -> failure
    on error -> failure
  }}
  node counts: Decision {{
    when has shared.tries && shared.tries == 1 -> success
    else -> failure
  }}
}}
"#
    )
}

fn inline(lines: &[&str]) -> String {
    text(&format!("\"\"\"\n{}\n\"\"\"", lines.join("\n")))
}

fn registry(words: &Words) -> Registry {
    let mut registry = Registry::standard();
    registry.interpreter(words.clone());
    registry
}

#[test]
fn a_script_that_calls_out_is_run_again_and_what_it_does_is_done_once() {
    let words = Words::default();
    let lines = [
        "put tries",
        "say one",
        "read demo",
        "say two",
        "read nobody",
        "say three",
        "go low",
    ];
    let mut play = Play::registered(registry(&words), &inline(&lines));
    success(play.log_in());
    let seen = words.seen.lock().unwrap();
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|run| *run == seen[0]), "{seen:?}");
    let notes: Vec<_> = play
        .trace()
        .into_iter()
        .filter_map(|event| match event {
            Event::Note(text) => Some(text),
            _ => None,
        })
        .collect();
    assert_eq!(notes, ["one", "two", "three"]);
}

#[test]
fn a_script_that_fails_behind_a_call_leaves_nothing() {
    let words = Words::default();
    let lines = ["put tries", "read demo", "fail now"];
    let mut play = Play::registered(registry(&words), &inline(&lines));
    failure(play.log_in());
    assert_eq!(words.seen.lock().unwrap().len(), 2);
}

#[test]
fn a_script_calls_out_no_more_than_the_bound() {
    let words = Words::default();
    let lines = vec!["read demo"; 33];
    let mut play = Play::registered(registry(&words), &inline(&lines));
    failure(play.log_in());
    assert_eq!(words.seen.lock().unwrap().len(), 33);
}

#[test]
fn a_script_is_known_by_its_file_and_by_its_node() {
    let words = Words::default();
    let registry = registry(&words);
    let importer = MemoryImporter::new([Source::new("scripts/risk.js", "go low")]);
    let compiled = Compiler::new(registry.catalog())
        .importer(&importer)
        .compile([Source::new("t.journey", text("file(\"scripts/risk.js\")"))]);
    let program = compiled.into_program().unwrap();
    Engine::link(program.clone(), registry).unwrap();
    assert_eq!(*words.paths.lock().unwrap(), ["scripts/risk.js t/risk"]);
    // Without an interpreter there is no such program.
    let errors = Engine::link(program, Registry::standard()).unwrap_err();
    assert!(
        matches!(&errors.0[..], [LinkError::NoInterpreter { script, .. }] if &**script == "scripts/risk.js")
    );
}

#[test]
fn another_text_or_file_is_another_program() {
    let hash = |file: &str, script: &str| {
        let registry = Registry::standard();
        let importer = MemoryImporter::new([Source::new(file, script)]);
        let text = text(&format!("file(\"{file}\")"));
        let compiled = Compiler::new(registry.catalog())
            .importer(&importer)
            .compile([Source::new("t.journey", text)]);
        let program = compiled.into_program().unwrap();
        program.hash_of(program.journeys[0].id)
    };
    let first = hash("a.js", "go low");
    assert_eq!(first, hash("a.js", "go low"));
    assert_ne!(first, hash("a.js", "go high"));
    assert_ne!(first, hash("a.legacy.js", "go low"));
}

#[test]
fn what_is_no_script_is_refused_when_linked() {
    let words = Words::default();
    let program = Compiler::new(Registry::standard().catalog())
        .compile([Source::new("t.journey", inline(&["go low", "nonsense"]))])
        .into_program()
        .unwrap();
    let errors = Engine::link(program, registry(&words)).unwrap_err();
    assert_eq!(
        errors.to_string(),
        "node `risk` of journey `t`: t/risk:2: `nonsense` is no line"
    );
}

#[test]
fn a_registered_script_comes_first() {
    let words = Words::default();
    let mut registry = registry(&words);
    registry
        .script("go low", |view| {
            view.put_shared("tries", 1)?;
            Ok(ScriptAction::go("low"))
        })
        .unwrap();
    let mut play = Play::registered(registry, &text("\"go low\""));
    success(play.log_in());
    assert!(words.paths.lock().unwrap().is_empty());
}

/// A login behind which a node of a type that is declared with its script decides.
fn declared(facts: &str) -> String {
    format!(
        r#"extern Ruler "designer-ruler" (operator: Text = "low") -> low | high {{
{facts}
}}

journey t {{
  start credentials
  node credentials: Page {{
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }}
  node check: DataStoreDecision {{
    true -> rule
    false -> failure
  }}
  node rule: Ruler(operator = "high") {{
    allow identity_swapped because "a test"
    low -> failure
    high -> success
    on error -> failure
  }}
}}
"#
    )
}

#[test]
fn a_type_that_is_declared_with_a_script_behaves_as_it_does() {
    let words = Words::default();
    let text = declared("  runs \"\"\"\n    property operator\n    \"\"\"");
    let mut play = Play::registered(registry(&words), &text);
    success(play.log_in());
    assert_eq!(*words.paths.lock().unwrap(), ["extern/Ruler t/rule"]);
}

#[test]
fn a_script_of_a_type_writes_what_is_declared_and_no_more() {
    let script = "  runs \"\"\"\n    put tries\n    property operator\n    \"\"\"";
    let mut play = Play::registered(registry(&Words::default()), &declared(script));
    success(play.log_in());
    let listed = format!("  writes shared.other: Int\n{script}");
    let listed = declared(&listed).replace("    allow identity_swapped because \"a test\"\n", "");
    let mut play = Play::registered(registry(&Words::default()), &listed);
    failure(play.log_in());
}

#[test]
fn a_script_of_a_type_that_fails_has_an_outcome_where_one_is_declared() {
    let script = "  runs \"\"\"\n    put tries\n    fail now\n    \"\"\"";
    let text = declared(script)
        .replace("low | high", "low | high | \"Script Error\"")
        .replace(
            "    high -> success",
            "    high -> failure\n    \"Script Error\" -> success",
        );
    let mut play = Play::registered(registry(&Words::default()), &text);
    success(play.log_in());
}

#[test]
fn a_type_with_a_script_needs_an_interpreter() {
    let text = declared("  runs \"\"\"\n    property operator\n    \"\"\"");
    let registry = Registry::standard();
    let compiled = Compiler::new(registry.catalog()).compile([Source::new("t.journey", text)]);
    let errors = Engine::link(compiled.into_program().unwrap(), registry).unwrap_err();
    assert!(
        matches!(&errors.0[..], [LinkError::NoInterpreter { script, .. }] if &**script == "extern/Ruler")
    );
}
