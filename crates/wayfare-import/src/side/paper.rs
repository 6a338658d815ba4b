//! JSON as people review it: short things on one line, everything in order.
//!
//! In: a value. Out: a text in which an object or list that fits a line stands in one, and any other has a
//! line for each member, so that a change of one node is a change of one line.

use std::fmt::Write as _;

use serde_json::Value as Json;

/// The columns of a line.
const WIDTH: usize = 100;

enum Step<'j> {
    Value(&'j Json, usize),
    Text(String),
}

/// The text of a value, with a newline at its end.
pub(super) fn text(value: &Json) -> String {
    let mut out = String::new();
    let mut open = vec![Step::Value(value, 0)];
    // BOUND: every value is written once.
    while let Some(step) = open.pop() {
        match step {
            Step::Text(text) => out.push_str(&text),
            Step::Value(value, depth) => {
                let column = out.len() - out.rfind('\n').map_or(0, |at| at + 1);
                let is_top = depth == 0;
                match line(value, WIDTH.saturating_sub(column + 1)) {
                    Some(line) if !is_top || !value.is_object() => out.push_str(&line),
                    _ => spread(value, depth, &mut open),
                }
            }
        }
    }
    out.push('\n');
    out
}

/// Puts the members of a value on lines of their own.
fn spread<'j>(value: &'j Json, depth: usize, open: &mut Vec<Step<'j>>) {
    let indent = "  ".repeat(depth + 1);
    let mut steps: Vec<Step<'j>> = Vec::new();
    let (first, last) = match value {
        Json::Object(map) => {
            for (key, value) in map {
                let key = Json::from(key.as_str());
                steps.push(Step::Text(format!("\n{indent}{key}: ")));
                steps.push(Step::Value(value, depth + 1));
                steps.push(Step::Text(",".to_owned()));
            }
            ("{", "}")
        }
        Json::Array(list) => {
            for value in list {
                steps.push(Step::Text(format!("\n{indent}")));
                steps.push(Step::Value(value, depth + 1));
                steps.push(Step::Text(",".to_owned()));
            }
            ("[", "]")
        }
        other => {
            open.push(Step::Text(other.to_string()));
            return;
        }
    };
    // The last comma.
    if steps.pop().is_some() {
        steps.push(Step::Text(format!("\n{}", "  ".repeat(depth))));
    }
    open.push(Step::Text(last.to_owned()));
    open.extend(steps.into_iter().rev());
    open.push(Step::Text(first.to_owned()));
}

/// A value on one line, where it is no longer than that.
fn line(value: &Json, most: usize) -> Option<String> {
    let mut out = String::new();
    let mut open = vec![Step::Value(value, 0)];
    // BOUND: as many steps as characters fit, or less.
    while let Some(step) = open.pop() {
        match step {
            Step::Text(text) => out.push_str(&text),
            Step::Value(Json::Object(map), _) => {
                let mut steps = Vec::with_capacity(map.len() * 2);
                for (at, (key, value)) in map.iter().enumerate() {
                    let mut before = String::from(if at == 0 { "" } else { ", " });
                    // INVARIANT: writing to a text never fails.
                    let _ = write!(before, "{}: ", Json::from(key.as_str()));
                    steps.push(Step::Text(before));
                    steps.push(Step::Value(value, 0));
                    if steps.len() > most {
                        return None;
                    }
                }
                open.push(Step::Text("}".to_owned()));
                open.extend(steps.into_iter().rev());
                out.push('{');
            }
            Step::Value(Json::Array(list), _) => {
                if list.len() > most {
                    return None;
                }
                open.push(Step::Text("]".to_owned()));
                for (at, value) in list.iter().enumerate().rev() {
                    open.push(Step::Value(value, 0));
                    if at > 0 {
                        open.push(Step::Text(", ".to_owned()));
                    }
                }
                out.push('[');
            }
            Step::Value(Json::String(text), _) if text.len() > most => return None,
            Step::Value(other, _) => {
                let _ = write!(out, "{other}");
            }
        }
        if out.len() > most {
            return None;
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn short_things_stand_on_a_line() {
        let long = "x".repeat(90);
        let value = json!({
            "a": { "id": "1", "at": [1, 2] },
            "b": { "one": long, "two": [] },
            "c": {},
        });
        let wanted = format!(
            "{{\n  \"a\": {{\"at\": [1, 2], \"id\": \"1\"}},\n  \"b\": {{\n    \"one\": \"{long}\",\n    \
             \"two\": []\n  }},\n  \"c\": {{}}\n}}\n"
        );
        assert_eq!(text(&value), wanted);
        assert_eq!(serde_json::from_str::<Json>(&text(&value)).unwrap(), value);
        assert_eq!(text(&json!({})), "{}\n");
    }
}
