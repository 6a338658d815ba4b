//! The outcomes of a node, from the signature of its type and its settings.
//!
//! In: a signature and the settings as values, defaults among them. Out: what the compiler will say that
//! the outcomes are. Arrows are not here.

use std::collections::BTreeMap;

use wayfare::{
    Catalog, Signature, Value,
    model::signature::{Condition, Outcomes},
};

/// How the outcomes of a node come about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    /// These and no others.
    Named(Vec<String>),
    /// The arms say them; the setting lists them in an export, and these are there besides.
    Authored {
        setting: Option<String>,
        besides: Vec<String>,
    },
}

/// The values of settings, defaults among them.
pub(super) type Values = BTreeMap<String, Value>;

/// The outcomes of a type with these settings.
pub(super) fn shape(signature: &Signature, values: &Values) -> Shape {
    match &signature.outcomes {
        Outcomes::Fixed(names) => Shape::Named(names.iter().map(ToString::to_string).collect()),
        Outcomes::LastChild => Shape::Named(Vec::new()),
        Outcomes::Authored { setting, besides } => Shape::Authored {
            setting: setting.as_ref().map(ToString::to_string),
            besides: besides.iter().map(ToString::to_string).collect(),
        },
        Outcomes::Bounded(all) => {
            let mut names: Vec<String> = Vec::new();
            for one in all.iter() {
                if let Condition::EachOf(key) = &one.when {
                    if let Some(Value::List(list)) = values.get(&**key) {
                        names.extend(list.iter().filter_map(Value::as_text).map(str::to_owned));
                    }
                } else if holds(&one.when, values) {
                    names.push(one.name.to_string());
                }
            }
            let mut seen = std::collections::BTreeSet::new();
            names.retain(|name| seen.insert(name.clone()));
            Shape::Named(names)
        }
    }
}

// BOUND: conditions are those of the catalogue, a few lines each.
fn holds(condition: &Condition, values: &Values) -> bool {
    let bool_of = |key: &str| values.get(key).and_then(Value::as_bool);
    match condition {
        Condition::Always => true,
        Condition::IsTrue(key) => bool_of(key) == Some(true),
        Condition::IsFalse(key) => bool_of(key) != Some(true),
        Condition::Positive(key) => match values.get(&**key) {
            Some(Value::Int(number)) => *number > 0,
            Some(Value::Duration(time)) => !time.is_zero(),
            Some(Value::Size(bytes)) => *bytes > 0,
            _ => false,
        },
        Condition::Is(key, word) => values.get(&**key).and_then(Value::as_text) == Some(&**word),
        Condition::EachOf(_) => false,
        Condition::Both(all) => all.iter().all(|one| holds(one, values)),
    }
}

/// The outcomes of a node whose settings a script makes for this type; none where that cannot be.
pub(super) fn provided(catalog: &Catalog, wire: &str) -> Option<Vec<String>> {
    let of = catalog.get(catalog.find_wire(wire)?)?;
    let mut names: Vec<String> = match &of.outcomes {
        _ if of.name == "InnerTreeEvaluator" => return None,
        Outcomes::Fixed(names) => names.iter().map(ToString::to_string).collect(),
        Outcomes::Bounded(all) => {
            if all
                .iter()
                .any(|one| matches!(one.when, Condition::EachOf(_)))
            {
                return None;
            }
            all.iter().map(|one| one.name.to_string()).collect()
        }
        Outcomes::LastChild | Outcomes::Authored { .. } => return None,
    };
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names.push("CONFIGURATION_FAILED".to_owned());
    Some(names)
}
