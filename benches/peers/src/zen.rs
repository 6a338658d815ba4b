//! zen: a graph without a way back, evaluated once for each step; the host keeps the state and checks the
//! password.

use std::{hint::black_box, sync::Arc};

use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};
use zen_engine::{Decision, DecisionEngine, model::DecisionContent};

use crate::{
    report::Report,
    wayfare::{CHAINS, Ours, TRIES, UNITS},
};

fn input() -> Value {
    json!({ "id": "in", "name": "in", "type": "inputNode", "content": {} })
}

fn output() -> Value {
    json!({ "id": "out", "name": "out", "type": "outputNode", "content": {} })
}

fn switch(id: &str, conditions: &[&str]) -> Value {
    let statements: Vec<Value> = conditions
        .iter()
        .enumerate()
        .map(|(at, condition)| json!({ "id": format!("{id}_{at}"), "condition": condition }))
        .collect();
    json!({
        "id": id, "name": id, "type": "switchNode",
        "content": { "hitPolicy": "first", "statements": statements },
    })
}

fn expression(id: &str, pairs: &[(&str, &str)]) -> Value {
    let all: Vec<Value> = pairs
        .iter()
        .enumerate()
        .map(|(at, (key, value))| json!({ "id": format!("{id}_{at}"), "key": key, "value": value }))
        .collect();
    json!({
        "id": id, "name": id, "type": "expressionNode",
        "content": { "passThrough": true, "expressions": all },
    })
}

fn edge(from: &str, handle: Option<&str>, to: &str) -> Value {
    let id = format!("{from}-{}-{to}", handle.unwrap_or(""));
    let mut edge = json!({ "id": id, "sourceId": from, "targetId": to });
    if let Some(handle) = handle {
        edge["sourceHandle"] = handle.into();
    }
    edge
}

fn login() -> Value {
    let nodes = [
        input(),
        switch("at", &["at == 'begin'", "at == 'name'", "at == 'password'"]),
        expression("name", &[("at", "'name'")]),
        expression("password", &[("name", "answer"), ("at", "'password'")]),
        switch("check", &["matches", "tries < 3", ""]),
        expression("success", &[("level", "level + 10"), ("at", "'success'")]),
        expression("again", &[("tries", "tries + 1"), ("at", "'name'")]),
        expression("failure", &[("at", "'failure'")]),
        output(),
    ];
    let edges = [
        edge("in", None, "at"),
        edge("at", Some("at_0"), "name"),
        edge("at", Some("at_1"), "password"),
        edge("at", Some("at_2"), "check"),
        edge("check", Some("check_0"), "success"),
        edge("check", Some("check_1"), "again"),
        edge("check", Some("check_2"), "failure"),
        edge("name", None, "out"),
        edge("password", None, "out"),
        edge("success", None, "out"),
        edge("again", None, "out"),
        edge("failure", None, "out"),
    ];
    json!({ "nodes": nodes, "edges": edges })
}

fn chain(count: usize) -> Value {
    // The last node says that it was reached: what is not decided is passed through as well.
    let end = expression("end", &[("end", "level >= 0")]);
    let failure = expression("failure", &[("end", "false")]);
    let mut nodes = vec![input(), end, failure, output()];
    let mut edges = vec![edge("failure", None, "out")];
    let mut last = ("in".to_owned(), None);
    for at in 0..count {
        let id = format!("n{at}");
        nodes.push(switch(&id, &["level >= 0", ""]));
        edges.push(edge(&id, Some(&format!("{id}_1")), "failure"));
        edges.push(edge(&last.0, last.1.as_deref(), &id));
        last = (id.clone(), Some(format!("{id}_0")));
    }
    edges.push(edge(&last.0, last.1.as_deref(), "end"));
    edges.push(edge("end", None, "out"));
    json!({ "nodes": nodes, "edges": edges })
}

fn decision(text: &str) -> Decision {
    let content: DecisionContent = serde_json::from_str(text).expect("a decision");
    let mut decision = DecisionEngine::default()
        .create_decision(Arc::new(content))
        .expect("a graph");
    decision.compile();
    decision
}

fn evaluate(runtime: &Runtime, decision: &Decision, value: Value) -> Value {
    let response = runtime.block_on(decision.evaluate(value.into()));
    response.expect("a response").result.to_value()
}

/// The state at the end.
fn log_in(runtime: &Runtime, decision: &Decision, answers: &[&str]) -> Value {
    let mut state = json!({ "at": "begin", "name": "", "level": 0, "tries": 0 });
    for answer in [""].iter().chain(answers) {
        let matches = state["name"] == "demo" && *answer == "demo-password";
        state["answer"] = (*answer).into();
        state["matches"] = matches.into();
        state = evaluate(runtime, decision, state);
    }
    state
}

pub(crate) fn run(ours: &Ours, report: &mut Report) {
    let runtime = Builder::new_current_thread().build().expect("a runtime");
    let graph = decision(&login().to_string());
    let refused = log_in(&runtime, &graph, &["demo", "no"].repeat(TRIES));
    assert_eq!(refused["at"], "failure");
    report.login("zen", Some(90.0), ours, &mut || {
        let end = log_in(&runtime, &graph, black_box(&["demo", "demo-password"]));
        assert_eq!((&end["at"], &end["level"]), (&json!("success"), &json!(10)));
    });
    let level = || json!({ "level": 0 });
    let reached = json!({ "level": 0, "end": true });
    for (at, count) in CHAINS.into_iter().enumerate() {
        let graph = decision(&chain(count).to_string());
        let end = evaluate(&runtime, &graph, level());
        // After a thousand ways that were not taken it returns what it has, without an error.
        if end != reached {
            report.note(format!(
                "zen returns {end} and no error for a chain of {count} switches; not timed"
            ));
            continue;
        }
        report.chain("zen", Some(400.0), at, ours, &mut || {
            assert_eq!(evaluate(&runtime, &graph, level()), reached);
        });
    }
    let text = chain(UNITS).to_string();
    report.compile("zen", None, ours, text.len(), &mut || {
        black_box(decision(black_box(&text)));
    });
}
