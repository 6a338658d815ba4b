//! rhai: a script whose function takes the state and an answer, and returns the next state.

use std::{collections::HashMap, fmt::Write as _, hint::black_box};

use rhai::{AST, Engine, Map, Scope};

use crate::{
    report::Report,
    wayfare::{CHAINS, Ours, TRIES, UNITS},
};

const LOGIN: &str = r#"
fn step(state, answer) {
  if state.at == "begin" {
    state.at = "name";
  } else if state.at == "name" {
    state.name = answer;
    state.at = "password";
  } else if state.at == "password" {
    if verify(state.name, answer) {
      state.level += 10;
      state.at = "success";
    } else {
      state.tries += 1;
      state.at = if state.tries < 4 { "name" } else { "failure" };
    }
  }
  state
}
"#;

fn engine() -> Engine {
    let users: HashMap<String, String> = [("demo".to_owned(), "demo-password".to_owned())].into();
    let mut engine = Engine::new();
    engine.register_fn("verify", move |name: &str, password: &str| {
        users.get(name).is_some_and(|own| own == password)
    });
    engine.set_max_expr_depths(0, 0);
    engine
}

fn begin() -> Map {
    let mut state = Map::new();
    state.insert("at".into(), "begin".into());
    state.insert("name".into(), "".into());
    state.insert("level".into(), 0_i64.into());
    state.insert("tries".into(), 0_i64.into());
    state
}

/// The state at the end.
fn log_in(engine: &Engine, ast: &AST, answers: &[&str]) -> Map {
    let mut state = begin();
    for answer in [""].iter().chain(answers) {
        let mut scope = Scope::new();
        let next = engine.call_fn(&mut scope, ast, "step", (state, (*answer).to_owned()));
        state = next.expect("a step");
    }
    state
}

fn at(state: &Map) -> String {
    state["at"].clone().into_string().expect("a word")
}

fn chain(count: usize) -> String {
    let mut text = "fn walk(level) {\n".to_owned();
    for _ in 0..count {
        let _ = writeln!(text, "  if level < 0 {{ return \"failure\"; }}");
    }
    text + "  \"end\"\n}\n"
}

pub(crate) fn run(ours: &Ours, report: &mut Report) {
    let engine = engine();
    let ast = engine.compile(LOGIN).expect("a script without a mistake");
    let refused = log_in(&engine, &ast, &["demo", "no"].repeat(TRIES));
    assert_eq!(at(&refused), "failure");
    report.login("rhai", None, ours, &mut || {
        let end = log_in(&engine, &ast, black_box(&["demo", "demo-password"]));
        assert_eq!(at(&end), "success");
        assert_eq!(end["level"].as_int(), Ok(10));
    });
    for (at, count) in CHAINS.into_iter().enumerate() {
        let ast = engine.compile(chain(count)).expect("a chain");
        report.chain("rhai", Some(10.0), at, ours, &mut || {
            let mut scope = Scope::new();
            let end = engine.call_fn::<String>(&mut scope, &ast, "walk", (0_i64,));
            assert_eq!(end.as_deref().ok(), Some("end"));
        });
    }
    let text = chain(UNITS);
    report.compile("rhai", None, ours, text.len(), &mut || {
        black_box(engine.compile(black_box(&text)).expect("a chain"));
    });
}
