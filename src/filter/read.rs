//! Text to filter.

use std::sync::Arc;

use pest::{Parser as _, iterators::Pair};

use super::{Comparison, FILTER_BYTES_MAX, FILTER_DEPTH_MAX, Filter, Operand, Pointer};
use crate::model::value::Decimal;

// The derive names its enum `Rule` and gives the rules no docs; they stand in the grammar.
#[derive(pest_derive::Parser)]
#[grammar = "grammar/filter.pest"]
struct FilterParser;

/// Why a text is no filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FilterError {
    /// More than [`FILTER_BYTES_MAX`] bytes.
    #[error("the filter is longer than {FILTER_BYTES_MAX} bytes")]
    TooLong,
    /// More than [`FILTER_DEPTH_MAX`] parentheses within each other.
    #[error("the filter has more than {FILTER_DEPTH_MAX} parentheses within each other")]
    TooDeep,
    /// Something that fits nowhere begins at this byte.
    #[error("the filter cannot be read from byte {0} on")]
    Shape(usize),
    /// A number with more digits than are kept.
    #[error("a number of the filter has too many digits")]
    Number,
    /// A place that names nothing: `/`.
    #[error("a place in the filter names nothing")]
    Pointer,
}

impl Filter {
    /// Reads a filter.
    ///
    /// ```
    /// use std::{collections::BTreeMap, sync::Arc};
    /// use wayfare::{Filter, Value};
    ///
    /// let filter = Filter::parse(r#"mail sw "demo@" and !(age lt 18)"#)?;
    /// let user = BTreeMap::from([
    ///     (Arc::from("mail"), Value::text("Demo@example.com")),
    ///     (Arc::from("age"), Value::Int(41)),
    /// ]);
    /// assert!(filter.matches(&user));
    /// # Ok::<(), wayfare::FilterError>(())
    /// ```
    ///
    /// # Errors
    /// The text is too long, too deep or no filter.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        if text.len() > FILTER_BYTES_MAX {
            return Err(FilterError::TooLong);
        }
        if depth(text) > FILTER_DEPTH_MAX {
            return Err(FilterError::TooDeep);
        }
        let read = FilterParser::parse(Rule::filter, text).map_err(|error| {
            FilterError::Shape(match error.location {
                pest::error::InputLocation::Pos(at) | pest::error::InputLocation::Span((at, _)) => {
                    at
                }
            })
        })?;
        let any = read
            .into_iter()
            .flat_map(Pair::into_inner)
            .find(|pair| pair.as_rule() == Rule::any);
        any.map_or(Err(FilterError::Shape(0)), filter)
    }
}

/// How deep the parentheses go, those in texts included: it errs on the side of too deep.
fn depth(text: &str) -> usize {
    let mut now = 0_usize;
    let mut most = 0;
    for byte in text.bytes() {
        match byte {
            b'(' => now += 1,
            b')' => now = now.saturating_sub(1),
            _ => {}
        }
        most = most.max(now);
    }
    most
}

/// The filter of one rule. BOUND: it goes as deep as the parentheses, which were counted before.
fn filter(pair: Pair<'_, Rule>) -> Result<Filter, FilterError> {
    let at = pair.as_span().start();
    let rule = pair.as_rule();
    let text = pair.as_str();
    let mut inner = pair.into_inner();
    match rule {
        Rule::any => several(inner, Filter::Any),
        Rule::all => several(inner, Filter::All),
        Rule::not => {
            let first = inner.next().ok_or(FilterError::Shape(at))?;
            if first.as_rule() != Rule::bang {
                return filter(first);
            }
            let inner = inner.next().ok_or(FilterError::Shape(at))?;
            Ok(Filter::Not(Box::new(filter(inner)?)))
        }
        Rule::compare => {
            let (Some(place), Some(how), Some(with)) = (inner.next(), inner.next(), inner.next())
            else {
                return Err(FilterError::Shape(at));
            };
            Ok(Filter::Compare {
                at: pointer(place.as_str())?,
                how: comparison(how.as_str()).ok_or(FilterError::Shape(how.as_span().start()))?,
                with: operand(with)?,
            })
        }
        Rule::present => {
            let place = inner.next().ok_or(FilterError::Shape(at))?;
            Ok(Filter::Present(pointer(place.as_str())?))
        }
        Rule::literal => Ok(Filter::Always(text == "true")),
        _ => Err(FilterError::Shape(at)),
    }
}

fn several(
    parts: pest::iterators::Pairs<'_, Rule>,
    join: impl Fn(Vec<Filter>) -> Filter,
) -> Result<Filter, FilterError> {
    let parts = parts.filter(|part| !matches!(part.as_rule(), Rule::and | Rule::or));
    let mut parts = parts.map(filter).collect::<Result<Vec<_>, _>>()?;
    match parts.len() {
        1 => parts.pop().ok_or(FilterError::Shape(0)),
        _ => Ok(join(parts)),
    }
}

fn pointer(text: &str) -> Result<Pointer, FilterError> {
    let text = text.strip_prefix('/').unwrap_or(text);
    let names: Arc<[Arc<str>]> = text
        .split('/')
        .map(|name| Arc::from(name.replace("~1", "/").replace("~0", "~")))
        .collect();
    if names.iter().any(|name| name.is_empty()) {
        return Err(FilterError::Pointer);
    }
    Ok(Pointer(names))
}

fn comparison(text: &str) -> Option<Comparison> {
    Some(match text {
        "eq" => Comparison::Equal,
        "co" => Comparison::Contains,
        "sw" => Comparison::StartsWith,
        "ew" => Comparison::EndsWith,
        "lt" => Comparison::Less,
        "le" => Comparison::LessOrEqual,
        "gt" => Comparison::Greater,
        "ge" => Comparison::GreaterOrEqual,
        _ => return None,
    })
}

fn operand(pair: Pair<'_, Rule>) -> Result<Operand, FilterError> {
    let at = pair.as_span().start();
    let inner = pair.into_inner().next().ok_or(FilterError::Shape(at))?;
    match inner.as_rule() {
        Rule::flag => Ok(Operand::Flag(inner.as_str() == "true")),
        Rule::number => Decimal::parse(inner.as_str())
            .map(Operand::Number)
            .ok_or(FilterError::Number),
        Rule::double | Rule::single => text(inner).map(|text| Operand::Text(Arc::from(text))),
        _ => Err(FilterError::Shape(at)),
    }
}

fn text(pair: Pair<'_, Rule>) -> Result<String, FilterError> {
    let mut text = String::new();
    // The first half of a character that is written as two escapes.
    let mut high: Option<u16> = None;
    for part in pair.into_inner() {
        let wrong = FilterError::Shape(part.as_span().start());
        let unit = (part.as_rule() == Rule::escape)
            .then(|| part.as_str().strip_prefix("\\u"))
            .flatten();
        match (high.take(), unit) {
            (first, Some(digits)) => {
                let unit = u16::from_str_radix(digits, 16).map_err(|_| wrong)?;
                let units = first.into_iter().chain([unit]);
                match char::decode_utf16(units).next() {
                    Some(Ok(letter)) => text.push(letter),
                    _ if first.is_none() && (0xD800..0xDC00).contains(&unit) => high = Some(unit),
                    _ => return Err(wrong),
                }
            }
            (Some(_), None) => return Err(wrong),
            (None, None) => match part.as_str() {
                "\\b" => text.push('\u{8}'),
                "\\f" => text.push('\u{C}'),
                "\\n" => text.push('\n'),
                "\\r" => text.push('\r'),
                "\\t" => text.push('\t'),
                escape if part.as_rule() == Rule::escape => text.extend(escape.chars().skip(1)),
                plain => text.push_str(plain),
            },
        }
    }
    match high {
        Some(_) => Err(FilterError::Shape(0)),
        None => Ok(text),
    }
}
