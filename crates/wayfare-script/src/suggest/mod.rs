//! What could stand in the place of a script.
//!
//! In: a script that decides, and where its outcomes lead. Out: a node of the language that does the same,
//! where the script only compares, only says one outcome, or only writes fixed values. What is offered is the
//! same for every run but those that it names itself; of all other scripts nothing is offered.

mod but;
mod condition;
mod counter;
mod java;
mod message;
mod plan;
mod trial;

use std::{collections::BTreeMap, sync::Arc};

use wayfare::Generation;

pub use but::But;

use crate::facts::{parse, tree};
use plan::{Plan, Tree};

/// A node in the place of one with a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// The type: `Decision`, `SetState`, `Message` or `RetryLimitDecision`; none where the script says the same
    /// for every run.
    pub ty: Option<&'static str>,
    /// The lines in the block of the node; where there is no type, the place to which every run goes.
    pub lines: Vec<String>,
    /// Where it is not the same.
    pub but: Vec<But>,
}

/// What could stand in the place of a script whose outcomes lead to these targets.
///
/// `elsewhere` tells whether anything but this node may look at or write a key of the state: a script that counts
/// its visits can only be another node where nobody else knows of the count.
pub fn suggest(
    text: &str,
    generation: Generation,
    targets: &BTreeMap<Arc<str>, String>,
    elsewhere: &dyn Fn(&str) -> bool,
) -> Option<Suggestion> {
    if generation == Generation::Groovy {
        return None;
    }
    let script = parse(text).ok()?;
    let legacy = generation == Generation::First;
    decides(&script, generation, targets)
        .or_else(|| message::message(&script, legacy, targets))
        .or_else(|| counter::counter(&script, legacy, targets, elsewhere))
}

/// A node that compares, says one outcome, or sets fixed values.
fn decides(
    script: &tree::Script,
    generation: Generation,
    targets: &BTreeMap<Arc<str>, String>,
) -> Option<Suggestion> {
    let Plan { tree, puts, but } = plan::plan(script, generation)?;
    let target = |outcome: &str| targets.get(outcome).cloned();
    match tree {
        Tree::Leave(outcome) if puts.is_empty() => Some(Suggestion {
            ty: None,
            lines: vec![target(&outcome)?],
            but,
        }),
        Tree::Leave(outcome) => {
            let pairs: Vec<String> = puts
                .iter()
                .map(|(key, value)| format!("{key} = {value}"))
                .collect();
            Some(Suggestion {
                ty: Some("SetState"),
                lines: vec![
                    format!("attributes = {{ {} }}", pairs.join(", ")),
                    format!("-> {}", target(&outcome)?),
                ],
                but,
            })
        }
        Tree::If(..) if puts.is_empty() => {
            let mut lines = Vec::new();
            let mut named: Vec<String> = Vec::new();
            for (condition, outcome) in plan::arms(tree) {
                let target = target(&outcome)?;
                let Some(condition) = condition else {
                    lines.push(format!("else -> {target}"));
                    break;
                };
                let name = outcome.to_string();
                let is_plain = !matches!(&*name, "true" | "false" | "else" | "as")
                    && name.starts_with(|c: char| c.is_ascii_lowercase())
                    && name
                        .bytes()
                        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
                let named_so = if is_plain && !named.contains(&name) {
                    format!(" as {name}")
                } else {
                    String::new()
                };
                named.push(name);
                lines.push(format!("when {condition}{named_so} -> {target}"));
            }
            Some(Suggestion {
                ty: Some("Decision"),
                lines,
                but,
            })
        }
        Tree::If(..) => None,
    }
}

/// A text as the language writes it; none where that takes more than quotes.
fn quoted(text: &str) -> Option<String> {
    // Half a surrogate is no text of the language.
    let is_odd = |c: char| c.is_control() || c == char::REPLACEMENT_CHARACTER;
    let is_plain = !text.contains("${") && !text.chars().any(is_odd);
    is_plain.then(|| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
}

/// Whether a name can stand in a path.
fn is_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The one text that an expression is.
fn literal(expr: &tree::Expr) -> Option<&str> {
    match &expr.kind {
        tree::ExprKind::Text(text) => Some(text),
        _ => None,
    }
}

/// Whether a key of the state is one that scripts and guards see alike.
fn is_key(key: &str) -> bool {
    let apart = [
        "",
        "objectAttributes",
        "oneTimePassword",
        "authLevel",
        "realm",
        "__proto__",
    ];
    !apart.contains(&key) && quoted(key).is_some()
}

/// Whether a name is what scripts reach their run by, so that a variable would hide it.
fn is_binding(name: &str, legacy: bool) -> bool {
    let common = [
        "nodeState",
        "requestHeaders",
        "requestParameters",
        "logger",
        "callbacks",
        "action",
        "outcome",
        "undefined",
        "parseInt",
        "Number",
    ];
    let first = [
        "sharedState",
        "transientState",
        "JavaImporter",
        "Action",
        "org",
        "com",
        "java",
        "javax",
        "edu",
        "net",
        "Packages",
    ];
    common.contains(&name) || (legacy && first.contains(&name)) || name == "callbacksBuilder"
}
