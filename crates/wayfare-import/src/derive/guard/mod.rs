//! Guards as a script that decides the same.
//!
//! In: a `Decision` of the program. Out: a script of the product's next generation whose outcomes are the
//! names of the guards, or why there is none that means exactly the same. What the script reads of the state
//! it declares, and it writes nothing. A failing guard fails the node; where an arrow stands for that, the
//! script has an outcome more.

mod expr;
mod pattern;
mod slot;

use std::{collections::BTreeSet, fmt::Write as _, sync::Arc};

use petgraph::graph::NodeIndex;
use serde_json::{Map, Value as Json};
use wayfare::model::{
    journey::{Guard, Journey, Node as GraphNode, On},
    program::Program,
};

use self::expr::Script;
use super::{
    node::{self, SCRIPTED},
    tree::{Maker, display_of},
};
use crate::bundle::{Node, Place};

/// The functions that scripts use, one a line.
const PRELUDE: &str = include_str!("prelude.js");

/// What comes of the guards of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Made {
    /// The script.
    pub(super) text: String,
    /// The keys of the state that it reads.
    pub(super) inputs: BTreeSet<Arc<str>>,
}

/// The script of guards; `error` is the outcome by which it ends where a guard fails.
///
/// # Errors
/// Why there is none: one reason for each guard that has no counterpart.
pub(super) fn script(
    program: &Program,
    journey: &Journey,
    path: &str,
    guards: &[Guard],
    error: Option<&str>,
) -> Result<Made, Vec<String>> {
    let mut made = Script::new(program);
    let mut lines = String::new();
    let mut reasons = Vec::new();
    let indent = if error.is_some() { "    " } else { "  " };
    for guard in guards {
        let name = expr::quoted(&guard.name);
        match &guard.condition {
            None => {
                // INVARIANT: writing to a text never fails.
                let _ = writeln!(lines, "{indent}return {name};");
            }
            Some(condition) => match made.truth(condition) {
                Ok(js) => {
                    let _ = writeln!(lines, "{indent}if ({js}) {{ return {name}; }}");
                }
                Err(why) => reasons.push(format!("guard `{}`: {why}", guard.name)),
            },
        }
    }
    if !reasons.is_empty() {
        return Err(reasons);
    }
    let mut text = String::new();
    let wire = journey.wire_name.escape_debug();
    let _ = writeln!(
        text,
        "// Made of the guards of {path} in {wire}: edit those, not this."
    );
    let _ = writeln!(text, "outcome = (function () {{");
    if made.reads_clock() {
        let _ = writeln!(text, "  var now = Date.now();");
    }
    match error {
        None => text.push_str(&lines),
        Some(error) => {
            let error = expr::quoted(error);
            let _ = write!(
                text,
                "  try {{\n{lines}  }} catch (failure) {{\n    return {error};\n  }}\n"
            );
        }
    }
    let functions = used(made.functions());
    if !functions.is_empty() {
        text.push('\n');
    }
    for function in functions {
        let _ = writeln!(text, "  {function}");
    }
    text.push_str("}());\n");
    Ok(Made {
        text,
        inputs: made.into_inputs(),
    })
}

/// The functions of these names and all that they use, in their order.
fn used(names: &BTreeSet<&'static str>) -> Vec<&'static str> {
    let all: Vec<(&str, &'static str)> = PRELUDE
        .lines()
        .filter_map(|line| {
            let name = line.strip_prefix("function ")?.split('(').next()?;
            Some((name, line))
        })
        .collect();
    let mut wanted: BTreeSet<&str> = names.iter().copied().collect();
    // BOUND: each round but the last adds a function.
    loop {
        let before = wanted.len();
        for (name, line) in &all {
            if wanted.contains(name) {
                let calls = all
                    .iter()
                    .filter(|(other, _)| line.contains(&format!("{other}(")));
                let calls: Vec<&str> = calls.map(|(other, _)| *other).collect();
                wanted.extend(calls);
            }
        }
        if wanted.len() == before {
            break;
        }
    }
    let lines = all.into_iter().filter(|(name, _)| wanted.contains(name));
    lines.map(|(_, line)| line).collect()
}

impl Maker<'_> {
    /// A node with guards as a node with a script.
    pub(super) fn decision(
        &mut self,
        at: NodeIndex<u32>,
        node: &GraphNode,
        guards: &[Guard],
    ) -> Option<Node> {
        let path = &node.path;
        let edges = self.journey.graph.edges(at);
        let on_error = edges.into_iter().find(|edge| edge.weight().on == On::Error);
        let target = on_error.map(|edge| petgraph::visit::EdgeRef::target(&edge));
        let error = target.map(|_| free_name(&node.outcomes));
        let made = match script(self.program, self.journey, path, guards, error.as_deref()) {
            Ok(made) => made,
            Err(reasons) => {
                for why in reasons {
                    self.refuse(path, &why);
                }
                return None;
            }
        };
        let script = self.generated(path, &made.text, SCRIPTED);
        let mut outcomes: Vec<String> = node.outcomes.iter().map(ToString::to_string).collect();
        let mut connections = self.connections(at, node, str::to_owned);
        if let (Some(error), Some(target)) = (error, target) {
            outcomes.push(error.clone());
            if let Some(id) = self.target(target) {
                connections.insert(Arc::from(error), id);
            }
        }
        let inputs: Json = made.inputs.iter().map(|key| Json::from(&**key)).collect();
        let mut settings = Map::new();
        settings.insert("script".to_owned(), Json::from(&*script));
        settings.insert("outcomes".to_owned(), Json::from(outcomes.clone()));
        settings.insert("inputs".to_owned(), inputs);
        settings.insert("outputs".to_owned(), Json::Array(Vec::new()));
        let shown: Vec<(String, String)> = outcomes.into_iter().map(|o| (o.clone(), o)).collect();
        let id = self.id_of(path);
        Some(Node {
            place: Place::Tree,
            ty: Arc::from(SCRIPTED),
            display: Some(display_of(path, SCRIPTED)),
            connections,
            settings,
            record: node::record(&id, SCRIPTED, None, &shown),
            found: true,
            ..Node::default()
        })
    }
}

/// A name for the outcome of errors that no guard has.
fn free_name(taken: &[Arc<str>]) -> String {
    let is_taken = |name: &str| taken.iter().any(|own| &**own == name);
    let mut name = "error".to_owned();
    let mut number = 1_usize;
    // BOUND: of so many names, one more than there are outcomes is free.
    while is_taken(&name) {
        number += 1;
        name = format!("error_{number}");
    }
    name
}
