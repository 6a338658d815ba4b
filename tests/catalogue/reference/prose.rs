//! What the reference says in words of callbacks, state and outcomes, as names.
//!
//! A line of state is read part by part. A part that names a scope, or that looks like a key, is a key; what
//! is left are remarks on stores, sessions and requests, which are counted and not compared.

use wayfare::{
    Signature,
    model::signature::{Condition, Outcomes, Scope, StateKey},
};

/// Words that are keys wherever they stand.
const KEYS: &[&str] = &[
    "NodeType",
    "X509Certificate",
    "_id",
    "objectAttributes.*",
    "userInfo",
    "username",
];

/// A key of the state as the reference names it: where it stands, if that is said, and what it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    scope: Option<&'static str>,
    key: String,
}

impl Named {
    pub(super) fn path(&self) -> String {
        match self.scope {
            Some(scope) => format!("{scope}.{}", self.key),
            None => self.key.clone(),
        }
    }

    /// Whether a line of the table is about this key, or about what it is a part of.
    pub(super) fn is(&self, line: &StateKey) -> bool {
        let (scope, key) = line_of(line);
        let part = |whole: &str| {
            self.key
                .strip_prefix(whole)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let profile = key == "objectAttributes.*" && self.key.starts_with("objectAttributes.");
        (part(&key) || profile) && self.scope.is_none_or(|named| named == scope)
    }
}

/// A line of the table as scope and key.
fn line_of(line: &StateKey) -> (&'static str, String) {
    let name = match &line.named_by {
        Some(setting) => format!("{{{setting}}}"),
        None => line.key.to_string(),
    };
    match line.scope {
        Scope::Shared => ("shared", name),
        Scope::Transient => ("transient", name),
        Scope::Secure => ("secure", name),
        Scope::Any => ("any", name),
        Scope::ObjectShared => ("shared", format!("objectAttributes.{name}")),
        Scope::ObjectTransient => ("transient", format!("objectAttributes.{name}")),
    }
}

pub(super) fn path(line: &StateKey) -> String {
    let (scope, key) = line_of(line);
    format!("{scope}.{key}")
}

/// Parts between separators that stand in no brackets.
fn parts(text: &str, separator: char) -> Vec<&str> {
    let mut depth = 0_usize;
    text.split(|c| {
        match c {
            '(' | '[' | '{' | '<' => depth += 1,
            ')' | ']' | '}' | '>' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == separator && depth == 0
    })
    .map(str::trim)
    .filter(|part| !part.is_empty())
    .collect()
}

/// The word a part begins with; `<x>` and `config.x` name a setting, as `{x}`.
fn word(part: &str) -> (String, &str) {
    let mut inside = false;
    let end = part
        .find(|c: char| {
            match c {
                '<' => inside = true,
                '>' => inside = false,
                _ => {}
            }
            !inside && (c.is_whitespace() || "({=[".contains(c))
        })
        .unwrap_or(part.len());
    let (word, rest) = part.split_at(end);
    let word = word.replace("<config.", "{").replace('<', "{");
    let word = word.replace('>', "}");
    let word = match word.strip_prefix("config.") {
        Some(setting) => format!("{{{setting}}}"),
        None if word == "objectAttributes" => "objectAttributes.*".to_owned(),
        None => word,
    };
    (word, rest.trim())
}

fn looks_like_a_key(word: &str, rest: &str) -> bool {
    let alone = rest.is_empty() || (rest.starts_with('(') && rest.ends_with(')'));
    let shaped = word.contains('-')
        || word
            .as_bytes()
            .windows(2)
            .any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
    KEYS.contains(&word) || word.contains(['.', '{', '*', '_']) || (alone && shaped)
}

fn scope_of(clause: &str) -> (Option<&'static str>, &str) {
    for (prefix, scope) in [
        ("shared: ", "shared"),
        ("fallback: ", "shared"),
        ("transient: ", "transient"),
        ("any: ", "any"),
    ] {
        if let Some(rest) = clause.strip_prefix(prefix) {
            return (Some(scope), rest);
        }
    }
    (None, clause)
}

/// Alternatives within a part.
fn alternatives(part: &str) -> Vec<String> {
    let part = part
        .replace(" or ", "/")
        .replace(" and ", "/")
        .replace(" + ", "/");
    part.split('/').map(|one| one.trim().to_owned()).collect()
}

/// The keys that lines of state name, and how many remarks stand beside them.
pub(super) fn keys(lines: &[String]) -> (Vec<Named>, usize) {
    let mut keys: Vec<Named> = Vec::new();
    let mut remarks = 0;
    for clause in lines.iter().flat_map(|line| parts(line, ';')) {
        let (scope, clause) = scope_of(clause);
        for one in parts(clause, ',').into_iter().flat_map(alternatives) {
            let (word, rest) = word(&one);
            if word == "root" {
                // The key of the same name outside of the profile.
                let last = keys.last().map(|named| named.key.clone());
                let last = last.unwrap_or_default();
                keys.push(Named {
                    scope: Some("shared"),
                    key: last.rsplit('.').next().unwrap_or_default().to_owned(),
                });
            } else if scope.is_some() || looks_like_a_key(&word, rest) {
                keys.push(Named { scope, key: word });
            } else {
                remarks += 1;
            }
        }
    }
    (keys, remarks)
}

/// The callbacks that lines name, each once; `*` where they are those of something else.
pub(super) fn callbacks(
    lines: &[String],
    of_type: impl Fn(&str) -> Option<Vec<String>>,
) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for line in lines {
        let mut named: Vec<String> = line
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|word| word.ends_with("Callback"))
            .map(|word| match word {
                // On the wire it is the one with the type of message 4.
                "ScriptTextOutputCallback" => "TextOutputCallback".to_owned(),
                other => other.to_owned(),
            })
            .collect();
        if named.is_empty() {
            named = line
                .strip_prefix("as ")
                .and_then(&of_type)
                .unwrap_or_else(|| vec!["*".to_owned()]);
        }
        for name in named {
            if !all.contains(&name) {
                all.push(name);
            }
        }
    }
    all
}

fn requirement(text: &str) -> String {
    let text = text.trim();
    if let Some(key) = text.strip_suffix(">0") {
        return format!("{key} > 0");
    }
    let (key, state) = match text.strip_suffix("false") {
        Some(key) => (key, "false"),
        None => (text.strip_suffix("true").unwrap_or(text), "true"),
    };
    let key = key.trim().strip_suffix(" is").unwrap_or(key.trim());
    format!("{key} {state}")
}

/// When which outcome is there, as the rule of the reference says it.
pub(super) fn rule(rule: &str, signature: &Signature) -> Vec<String> {
    let mut conditions = Vec::new();
    for clause in rule.split(';') {
        if let Some((names, when)) = clause.split_once(" only when ") {
            let when: Vec<_> = when.split(" and ").map(requirement).collect();
            for name in names.trim().split(" and ") {
                conditions.push(format!("{}: {}", name.trim(), when.join(", ")));
            }
        } else if let Some((_, of)) = clause.split_once("one outcome per ") {
            let key = of
                .split(|c: char| !c.is_ascii_alphanumeric())
                .find(|word| signature.setting(word).is_some());
            conditions.push(format!("each of {}", key.unwrap_or("what?")));
        } else if clause.contains("last child") {
            conditions.push("last child".to_owned());
        }
    }
    conditions.sort();
    conditions
}

fn parts_of(when: &Condition) -> Vec<String> {
    match when {
        Condition::Always | Condition::EachOf(_) => Vec::new(),
        Condition::IsTrue(key) => vec![format!("{key} true")],
        Condition::IsFalse(key) => vec![format!("{key} false")],
        Condition::Positive(key) => vec![format!("{key} > 0")],
        Condition::Is(key, word) => vec![format!("{key} is {word}")],
        Condition::Both(all) => all.iter().flat_map(parts_of).collect(),
    }
}

/// The same, as the table says it.
pub(super) fn conditions(signature: &Signature) -> Vec<String> {
    let mut conditions: Vec<String> = match &signature.outcomes {
        Outcomes::Fixed(_) | Outcomes::Authored { setting: None, .. } => Vec::new(),
        Outcomes::LastChild => vec!["last child".to_owned()],
        Outcomes::Authored {
            setting: Some(setting),
            ..
        } => vec![format!("each of {setting}")],
        Outcomes::Bounded(bounded) => bounded
            .iter()
            .filter_map(|outcome| match &outcome.when {
                Condition::Always => None,
                Condition::EachOf(key) => Some(format!("each of {key}")),
                when => Some(format!("{}: {}", outcome.name, parts_of(when).join(", "))),
            })
            .collect(),
    };
    conditions.sort();
    conditions
}
