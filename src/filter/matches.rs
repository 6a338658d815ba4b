//! Whether a filter holds.

use std::{cmp::Ordering, collections::BTreeMap, sync::Arc};

use super::{Comparison, Filter, Operand, Pointer};
use crate::model::value::{Decimal, Value};

impl Filter {
    /// Whether it holds for an object. Secrets are there, but compare with nothing.
    ///
    /// BOUND: it goes as deep as the filter, which [`Filter::parse`] keeps to
    /// [`super::FILTER_DEPTH_MAX`].
    pub fn matches(&self, object: &BTreeMap<Arc<str>, Value>) -> bool {
        match self {
            Self::Always(holds) => *holds,
            Self::All(parts) => parts.iter().all(|part| part.matches(object)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(object)),
            Self::Not(part) => !part.matches(object),
            Self::Present(at) => at.find(object).is_some_and(is_something),
            Self::Compare { at, how, with } => at
                .find(object)
                .is_some_and(|value| compares(value, *how, with)),
        }
    }
}

impl Pointer {
    /// What is there in an object; of a list, names are numbers.
    pub fn find<'v>(&self, object: &'v BTreeMap<Arc<str>, Value>) -> Option<&'v Value> {
        let mut names = self.0.iter();
        let mut value = member(object, names.next()?)?;
        for name in names {
            value = match value {
                Value::Map(map) => member(map, name)?,
                Value::List(list) => list.get(name.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        Some(value)
    }
}

/// The member of this name, or the first whose name differs in letter case alone.
fn member<'v>(object: &'v BTreeMap<Arc<str>, Value>, name: &str) -> Option<&'v Value> {
    object.get(name).or_else(|| {
        object
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    })
}

fn is_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::List(list) => !list.is_empty(),
        _ => true,
    }
}

fn compares(value: &Value, how: Comparison, with: &Operand) -> bool {
    match value {
        Value::List(list) => list.iter().any(|item| one_compares(item, how, with)),
        value => one_compares(value, how, with),
    }
}

fn one_compares(value: &Value, how: Comparison, with: &Operand) -> bool {
    match (value, with) {
        (Value::Text(text), Operand::Text(with)) => {
            let (text, with) = (folded(text), folded(with));
            match how {
                Comparison::Contains => text.contains(&with),
                Comparison::StartsWith => text.starts_with(&with),
                Comparison::EndsWith => text.ends_with(&with),
                how => ordered(text.cmp(&with), how),
            }
        }
        (Value::Int(number), Operand::Number(with)) => ordered(
            (i128::from(*number) * i128::from(Decimal::UNITS)).cmp(&with.units().into()),
            how,
        ),
        (Value::Decimal(number), Operand::Number(with)) => ordered(number.cmp(with), how),
        (Value::Bool(flag), Operand::Flag(with)) => ordered(flag.cmp(with), how),
        _ => false,
    }
}

/// A text without letter case, letter by letter as Unicode has it: what filters compare texts by.
pub fn folded(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

fn ordered(order: Ordering, how: Comparison) -> bool {
    match how {
        Comparison::Equal => order.is_eq(),
        Comparison::Less => order.is_lt(),
        Comparison::LessOrEqual => order.is_le(),
        Comparison::Greater => order.is_gt(),
        Comparison::GreaterOrEqual => order.is_ge(),
        Comparison::Contains | Comparison::StartsWith | Comparison::EndsWith => false,
    }
}
