//! What the values of a file mention: the paths of `file("…")`, and the names that a constant needs.
//!
//! Values nest at most as deep as the source scan allows, so walking them by recursion is bounded.

use crate::syntax::ast::{
    Arm, Body, ExternFact, File, Item, Name, Node, Path, Setting, TextPart, Value, ValueKind,
};

/// Every `file("…")` of the file in order.
pub(super) fn files(file: &File) -> Vec<Name> {
    let mut found = Vec::new();
    for item in &file.items {
        match item {
            Item::Constant(constant) => value_files(&constant.value, &mut found),
            Item::Parameter(parameter) => {
                if let Some(value) = &parameter.default {
                    value_files(value, &mut found);
                }
            }
            Item::Journey(journey) => body_files(&journey.body, &mut found),
            Item::Fragment(fragment) => {
                let defaults = fragment.formals.iter().filter_map(|f| f.default.as_ref());
                defaults.for_each(|value| value_files(value, &mut found));
                body_files(&fragment.body, &mut found);
            }
            Item::Extern(declared) => {
                let defaults = declared.settings.iter().filter_map(|f| f.default.as_ref());
                defaults.for_each(|value| value_files(value, &mut found));
                for fact in &declared.facts {
                    if let ExternFact::Runs { script, .. } = fact {
                        value_files(script, &mut found);
                    }
                }
            }
            Item::Policy(policy) => setting_files(&policy.settings, &mut found),
            Item::Import(_)
            | Item::Test(_)
            | Item::Guard(_)
            | Item::Uncovered(_)
            | Item::Allow(_) => {}
        }
    }
    found
}

fn body_files(body: &Body, found: &mut Vec<Name>) {
    setting_files(&body.settings, found);
    let mut open: Vec<&Node> = body.nodes.iter().rev().collect();
    while let Some(node) = open.pop() {
        setting_files(&node.settings, found);
        open.extend(node.children.iter().rev());
    }
}

fn setting_files(settings: &[Setting], found: &mut Vec<Name>) {
    for setting in settings {
        value_files(&setting.value, found);
    }
}

fn value_files(value: &Value, found: &mut Vec<Name>) {
    match &value.kind {
        ValueKind::File(name) => found.push(name.clone()),
        ValueKind::List(values) => values.iter().for_each(|v| value_files(v, found)),
        ValueKind::Record(entries) => entries.iter().for_each(|(_, v)| value_files(v, found)),
        ValueKind::Null
        | ValueKind::Bool(_)
        | ValueKind::Int(_)
        | ValueKind::Decimal(_)
        | ValueKind::Duration(_)
        | ValueKind::Size(_)
        | ValueKind::Text(_)
        | ValueKind::Block(_)
        | ValueKind::Reference(_)
        | ValueKind::Broken => {}
    }
}

/// Every path a value refers to, those in its texts included.
pub(super) fn references<'a>(value: &'a Value, found: &mut Vec<&'a Path>) {
    match &value.kind {
        ValueKind::Reference(path) => found.push(path),
        ValueKind::Text(parts) => found.extend(parts.iter().filter_map(|part| match part {
            TextPart::Path(path) => Some(path),
            TextPart::Raw(_) => None,
        })),
        ValueKind::List(values) => values.iter().for_each(|v| references(v, found)),
        ValueKind::Record(entries) => entries.iter().for_each(|(_, v)| references(v, found)),
        ValueKind::Null
        | ValueKind::Bool(_)
        | ValueKind::Int(_)
        | ValueKind::Decimal(_)
        | ValueKind::Duration(_)
        | ValueKind::Size(_)
        | ValueKind::Block(_)
        | ValueKind::File(_)
        | ValueKind::Broken => {}
    }
}

/// Where an arm leads.
pub(super) fn target_of(arm: &Arm) -> &crate::syntax::ast::Target {
    match arm {
        Arm::Edge(edge) => &edge.target,
        Arm::Only(only) | Arm::Else(only) => &only.target,
        Arm::When(when) => &when.target,
    }
}

/// The whole arm.
pub(super) fn span_of(arm: &Arm) -> crate::source::Span {
    match arm {
        Arm::Edge(edge) => edge.span,
        Arm::Only(only) | Arm::Else(only) => only.span,
        Arm::When(when) => when.span,
    }
}
