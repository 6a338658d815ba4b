//! A node in a journey of its own: once with its script, once as what is suggested for it.

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

use serde_json::{Value as Json, json};
use wayfare::{
    Answer, AuthSession, Callback, Compiler, Engine, Generation, Input, Registry, Request, Source,
    Start, Step, compile::MemoryImporter, engine::trace::Event,
};
use wayfare_script::{Scripts, Settings, Suggestion, suggest};

use crate::run::stage::Stand;

/// How often a run comes to the node at most.
const ROUNDS: usize = 12;

/// The outcomes of the node.
pub(super) const OUTCOMES: [&str; 4] = ["a", "b", "true", "false"];

/// What the node before leaves, from a header.
const BEFORE: &str = "
var state = JSON.parse(requestHeaders.get('x-state').get(0));
for (var key of Object.keys(state.shared)) nodeState.putShared(key, state.shared[key]);
for (var key of Object.keys(state.transient)) nodeState.putTransient(key, state.transient[key]);
outcome = state.goes;";

/// What shows the state behind the node, part by part.
const AFTER: &str = "
var shown = nodeState.keys().sort().map(key => key + '=' + JSON.stringify(nodeState.get(key)));
nodeState.keys().forEach(key => nodeState.isDefined(key));
logger.info(shown.join(' '));
outcome = 'done';";

/// What shows shared and transient state apart.
const APART: &str = "
logger.info('shared ' + sharedState + ' transient ' + transientState);
outcome = 'done';";

fn name_of(outcome: &str) -> String {
    format!("to_{outcome}")
}

/// Where the outcomes of the node lead.
pub(super) fn targets() -> BTreeMap<Arc<str>, String> {
    let outcomes = OUTCOMES.iter();
    outcomes
        .map(|outcome| (Arc::from(*outcome), name_of(outcome)))
        .collect()
}

/// Where the outcomes lead where two of them come back to the node, each by its own way.
pub(super) fn back() -> BTreeMap<Arc<str>, String> {
    let mut targets = targets();
    targets.insert(Arc::from("a"), "gap_a".to_owned());
    targets.insert(Arc::from("b"), "gap_b".to_owned());
    targets
}

fn file(generation: Generation) -> &'static str {
    if generation == Generation::First {
        "main.legacy.js"
    } else {
        "main.js"
    }
}

/// A journey around a node, ready to run.
pub(super) fn engine(
    script: &str,
    generation: Generation,
    targets: &BTreeMap<Arc<str>, String>,
    suggestion: Option<&Suggestion>,
) -> Result<Engine, String> {
    let mut text = String::from("journey t {\n  start before\n");
    let mut main = "main";
    let mut node = String::new();
    match suggestion {
        Some(Suggestion {
            ty: None, lines, ..
        }) => main = lines.first().map_or("", |line| line),
        Some(found) => {
            let _ = writeln!(node, "  node main: {} {{", found.ty.unwrap_or_default());
            for line in &found.lines {
                let _ = writeln!(node, "    {line}");
            }
            let _ = writeln!(node, "  }}");
        }
        None => {
            let _ = writeln!(
                node,
                "  node main: ScriptedDecision {{\n    script = file(\"{}\")",
                file(generation)
            );
            for (outcome, target) in targets {
                let _ = writeln!(node, "    \"{outcome}\" -> {target}");
            }
            let _ = writeln!(node, "  }}");
        }
    }
    let _ = writeln!(
        text,
        "  node before: ScriptedDecision {{\n    script = file(\"before.js\")\n    stay -> {main}\n    cross -> gap\n    never_back -> gap_a\n    never_more -> gap_b"
    );
    for outcome in OUTCOMES {
        let _ = writeln!(text, "    never_{outcome} -> {}", name_of(outcome));
    }
    let _ = writeln!(text, "  }}\n{node}");
    for gap in ["gap", "gap_a", "gap_b"] {
        let _ = writeln!(
            text,
            "  node {gap}: ScriptedDecision {{\n    script = file(\"gap.js\")\n    done -> {main}\n    never -> to_true\n  }}"
        );
    }
    for outcome in OUTCOMES {
        let target = name_of(outcome);
        let _ = writeln!(
            text,
            "  node {target}: ScriptedDecision {{\n    script = file(\"after.js\")\n    done -> apart_{target}\n  }}
  node apart_{target}: ScriptedDecision {{\n    script = file(\"apart.legacy.js\")\n    done -> success\n    allow unproved_success because \"a stage for scripts\"\n  }}"
        );
    }
    text.push_str("}\n");
    let mut registry = Registry::standard();
    registry.interpreter(Scripts::new(Settings::default()));
    let gap = "if (callbacks.isEmpty()) callbacksBuilder.textOutputCallback(0, 'wait'); else outcome = 'done';";
    let importer = MemoryImporter::new([
        Source::new(file(generation), script),
        Source::new("before.js", BEFORE),
        Source::new("gap.js", gap),
        Source::new("after.js", AFTER),
        Source::new("apart.legacy.js", APART),
    ]);
    let compiled = Compiler::new(registry.catalog())
        .importer(&importer)
        .compile([Source::new("t.journey", text.clone())]);
    let program = compiled
        .into_program()
        .map_err(|why| format!("{why}\n{text}"))?;
    Engine::link(program, registry).map_err(|errors| errors.to_string())
}

/// What a run meets.
#[derive(Debug, Clone, Default)]
pub(super) struct World {
    pub(super) shared: BTreeMap<&'static str, Json>,
    pub(super) transient: BTreeMap<&'static str, Json>,
    /// Whether transient state crosses a stop before the node.
    pub(super) crosses: bool,
    pub(super) headers: Vec<(&'static str, &'static str)>,
    pub(super) parameters: Vec<(&'static str, &'static str)>,
    /// Which button is taken, turn by turn.
    pub(super) answers: Vec<u32>,
}

impl World {
    fn request(&self) -> Request {
        let state = json!({
            "shared": self.shared,
            "transient": self.transient,
            "goes": if self.crosses { "cross" } else { "stay" },
        });
        let owned = |list: &[(&str, &str)]| -> Vec<(String, String)> {
            let list = list.iter();
            list.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect()
        };
        let mut request = Request::default();
        request.headers = owned(&self.headers);
        request
            .headers
            .push(("x-state".to_owned(), state.to_string()));
        request.parameters = owned(&self.parameters);
        request
    }
}

/// What is seen of a run from outside.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Seen {
    /// The nodes that were come to, but for those that only wait, and what is kept behind them.
    pub(super) way: Vec<String>,
    /// What was asked.
    pub(super) asked: Vec<Vec<Callback>>,
    pub(super) failed: bool,
    /// Why, which may be said otherwise.
    pub(super) why: Hushed,
}

impl Seen {
    /// The nodes alone.
    pub(super) fn nodes(&self) -> Vec<&str> {
        let way = self.way.iter().map(String::as_str);
        way.filter(|step| !step.contains(".js: ")).collect()
    }
}

/// What is shown and not compared.
#[derive(Debug, Clone)]
#[expect(dead_code, reason = "it is shown where runs differ")]
pub(super) struct Hushed(pub(super) Option<String>);

impl PartialEq for Hushed {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

fn answer(callback: &Callback, index: u32) -> Answer {
    match callback {
        Callback::Confirmation { .. } => Answer::Index(index),
        _ => Answer::None,
    }
}

/// Runs a journey to its end.
pub(super) fn play(engine: &Engine, world: &World) -> Seen {
    let (host, request) = (Stand::default(), world.request());
    let mut auth: AuthSession = engine.begin(Start::journey("t"), &host).unwrap().traced();
    let mut seen = Seen {
        way: Vec::new(),
        asked: Vec::new(),
        failed: false,
        why: Hushed(None),
    };
    let mut input = Input::Begin;
    let mut buttons = world.answers.iter().copied().chain(std::iter::repeat(1));
    for _ in 0..ROUNDS {
        let step = auth.step(&host, &request, input).unwrap();
        for event in auth.take_trace() {
            match event {
                Event::Left { node, outcome } if node.starts_with("t/to_") => {
                    seen.way.push(format!("{node} {outcome}"));
                }
                Event::Left { node, .. } if node.starts_with("t/gap_") => {
                    seen.way.push(node.to_string());
                }
                Event::Note(text) if text.starts_with('a') => seen.way.push(text),
                Event::Failed { message, .. } => {
                    seen.failed = true;
                    seen.why = Hushed(Some(message));
                }
                _ => {}
            }
        }
        match step {
            Step::Ask(ask) => {
                let is_gap = ask.callbacks.len() == 1;
                if !is_gap {
                    seen.asked.push(ask.callbacks.clone());
                }
                let index = if is_gap {
                    0
                } else {
                    buttons.next().unwrap_or(1)
                };
                let answers = ask.callbacks.iter().map(|asked| answer(asked, index));
                input = Input::Answers(answers.collect());
            }
            Step::Done(_) => return seen,
            other => panic!("nothing here does {other:?}"),
        }
    }
    seen.way.push("still on its way".to_owned());
    seen
}

/// What is suggested for a script.
pub(super) fn suggested(
    script: &str,
    generation: Generation,
    targets: &BTreeMap<Arc<str>, String>,
) -> Option<Suggestion> {
    suggest(script, generation, targets, &|_| false)
}
