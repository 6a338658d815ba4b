//! regorus, on its virtual machine: the one peer that stops for an answer and goes on, as a journey does.

use std::{fmt::Write as _, hint::black_box, sync::Arc};

use regorus::{
    Engine, Value,
    languages::rego::compiler::Compiler,
    rvm::{
        program::Program,
        vm::{ExecutionMode, ExecutionState, RegoVM},
    },
};

use crate::{
    report::Report,
    wayfare::{CHAINS, Ours, TRIES, UNITS},
};

/// A try for each branch: a loop goes on after the try that held.
const LOGIN: &str = r#"package login

import rego.v1

level := 10 if {
  name := __builtin_host_await("name", "ask")
  password := __builtin_host_await("password", "ask")
  data.users[name] == password
} else := 10 if {
  name := __builtin_host_await("name", "ask")
  password := __builtin_host_await("password", "ask")
  data.users[name] == password
} else := 10 if {
  name := __builtin_host_await("name", "ask")
  password := __builtin_host_await("password", "ask")
  data.users[name] == password
} else := 10 if {
  name := __builtin_host_await("name", "ask")
  password := __builtin_host_await("password", "ask")
  data.users[name] == password
}
"#;

/// The same without a stop: what is known so far is the input, and each step is one evaluation.
const STEPS: &str = r#"package steps

import rego.v1

default ask := "nothing"

ask := "name" if {
  input.tries < 4
  not input.name
}

ask := "password" if {
  input.tries < 4
  input.name
  not input.password
}

ask := "nothing" if {
  input.tries < 4
  data.users[input.name] == input.password
}

ask := "again" if {
  input.tries < 4
  input.password
  not known
}

known if data.users[input.name] == input.password
"#;

const USERS: &str = r#"{"users": {"demo": "demo-password"}}"#;

fn program(text: &str, entry: &str) -> Arc<Program> {
    let mut engine = Engine::new();
    engine
        .add_policy("a.rego".to_owned(), text.to_owned())
        .expect("a policy without a mistake");
    let compiled = engine
        .compile_with_entrypoint(&entry.into())
        .expect("a rule that is there");
    Compiler::compile_from_policy(&compiled, &[entry]).expect("a program")
}

fn machine(program: &Arc<Program>, mode: ExecutionMode) -> RegoVM {
    let mut machine = RegoVM::new();
    machine.set_max_instructions(usize::MAX);
    machine.load_program(Arc::clone(program));
    let users = Value::from_json_str(USERS).expect("JSON");
    machine.set_data(users).expect("data that is no rule");
    machine.set_execution_mode(mode);
    machine
}

/// The level at the end, or none.
fn log_in(machine: &mut RegoVM, name: &Value, passwords: &[Value]) -> Option<i64> {
    let waits =
        |machine: &RegoVM| matches!(machine.execution_state(), ExecutionState::Suspended { .. });
    machine.execute().expect("a start");
    for password in passwords {
        assert!(waits(machine), "{:?}", machine.execution_state());
        machine.resume(Some(name.clone())).expect("a name");
        assert!(waits(machine), "{:?}", machine.execution_state());
        let end = machine.resume(Some(password.clone())).expect("a password");
        if !waits(machine) {
            return end.as_i64().ok();
        }
    }
    panic!("it waits still");
}

fn input(name: Option<&str>, password: Option<&str>) -> Value {
    let mut input = Value::new_object();
    let map = input.as_object_mut().expect("an object");
    map.insert("tries".into(), 0_u64.into());
    if let Some(name) = name {
        map.insert("name".into(), name.into());
    }
    if let Some(password) = password {
        map.insert("password".into(), password.into());
    }
    input
}

fn chain(count: usize) -> String {
    let mut text = "package chain\n\nimport rego.v1\n".to_owned();
    for at in 0..count {
        let _ = write!(
            text,
            "\nn{at} if {{\n  input.level >= 0\n  n{}\n}}\n",
            at + 1
        );
    }
    let _ = write!(text, "\nn{count} := true\n");
    text
}

pub(crate) fn run(ours: &Ours, report: &mut Report) {
    let login = program(LOGIN, "data.login.level");
    let (name, wrong) = (Value::from("demo"), Value::from("no"));
    let right = [Value::from("demo-password")];
    let mut reused = machine(&login, ExecutionMode::Suspendable);
    let refused = log_in(&mut reused, &name, &vec![wrong; TRIES]);
    assert_eq!(refused, None);
    report.login("regorus", Some(4.0), ours, &mut || {
        let level = log_in(&mut reused, black_box(&name), &right);
        assert_eq!(level, Some(10));
    });
    report.login("regorus_new_machine", None, ours, &mut || {
        let mut machine = machine(&login, ExecutionMode::Suspendable);
        assert_eq!(log_in(&mut machine, black_box(&name), &right), Some(10));
    });
    let steps = program(STEPS, "data.steps.ask");
    let mut machine_of_steps = machine(&steps, ExecutionMode::RunToCompletion);
    report.login("regorus_three_evaluations", None, ours, &mut || {
        let asked = [
            (None, None, "name"),
            (Some("demo"), None, "password"),
            (Some("demo"), Some("demo-password"), "nothing"),
        ];
        for (name, password, expected) in asked {
            machine_of_steps.set_input(input(name, password));
            let asked = machine_of_steps.execute().expect("a step");
            assert_eq!(asked.as_string().ok().map(|text| &**text), Some(expected));
        }
    });
    for (at, count) in CHAINS.into_iter().enumerate() {
        let all = program(&chain(count), "data.chain.n0");
        let mut machine = machine(&all, ExecutionMode::RunToCompletion);
        machine.set_input(Value::from_json_str(r#"{"level": 0}"#).expect("JSON"));
        report.chain("regorus", Some(60.0), at, ours, &mut || {
            let end = machine.execute().expect("a chain");
            assert_eq!(end, Value::from(true));
        });
    }
    let text = chain(UNITS);
    report.compile("regorus", Some(3.0), ours, text.len(), &mut || {
        black_box(program(black_box(&text), "data.chain.n0"));
    });
}
