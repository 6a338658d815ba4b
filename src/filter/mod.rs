//! The query filter: what must hold of an object.
//!
//! In: a text such as `/mail sw "a" and !(age lt 18)`, bounded in length and depth. Out: a [`Filter`], which
//! holds for an object or does not. How a store looks for objects by it is the store's; it must come to
//! the same.
//!
//! The language is that of the common REST interface of the field, which its vendors document as "query
//! filter": `eq`, `co`, `sw`, `ew`, `lt`, `le`, `gt`, `ge`, `pr`, `and`, `or`, `!`, `true` and `false`.

mod matches;
mod read;
#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc};

pub use matches::folded;
pub use read::FilterError;

use crate::model::value::Decimal;

/// How long a filter may be, in bytes.
pub const FILTER_BYTES_MAX: usize = 4096;
/// How deep its parentheses may go.
pub const FILTER_DEPTH_MAX: usize = 32;

/// What must hold of an object.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// It holds, or does not, whatever the object is.
    Always(bool),
    /// All of these hold.
    All(Vec<Filter>),
    /// One of these holds.
    Any(Vec<Filter>),
    /// This does not hold.
    Not(Box<Filter>),
    /// There is something.
    Present(Pointer),
    /// What is there compares so; of a list, one element does.
    Compare {
        /// Where.
        at: Pointer,
        /// How.
        how: Comparison,
        /// With what.
        with: Operand,
    },
}

/// A place in an object: the names on the way to it, the outermost first. Letter case matters to none of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer(pub Arc<[Arc<str>]>);

impl Pointer {
    /// The place of an attribute as nodes and schemas name it: `mail`, or `preferences/updates` where it
    /// is in another one; a `/` before it does not matter.
    pub fn of(path: &str) -> Self {
        let path = path.strip_prefix('/').unwrap_or(path);
        Self(path.split('/').map(Arc::from).collect())
    }

    /// The attribute that the way begins at.
    pub fn attribute(&self) -> &Arc<str> {
        static NONE: std::sync::LazyLock<Arc<str>> = std::sync::LazyLock::new(|| Arc::from(""));
        self.0.first().unwrap_or(&NONE)
    }
}

/// How two values are compared. Texts are compared without letter case; values of two kinds never compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// The same.
    Equal,
    /// It contains the text.
    Contains,
    /// It starts with the text.
    StartsWith,
    /// It ends with the text.
    EndsWith,
    /// Less.
    Less,
    /// Less, or the same.
    LessOrEqual,
    /// Greater.
    Greater,
    /// Greater, or the same.
    GreaterOrEqual,
}

/// What is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// A text.
    Text(Arc<str>),
    /// A number.
    Number(Decimal),
    /// Yes or no.
    Flag(bool),
}

impl Filter {
    /// That an attribute, or what is at a path, equals a text.
    pub fn equal(attribute: impl AsRef<str>, text: impl Into<Arc<str>>) -> Self {
        Self::Compare {
            at: Pointer::of(attribute.as_ref()),
            how: Comparison::Equal,
            with: Operand::Text(text.into()),
        }
    }

    /// The attributes that are looked at, each once and in order of their names.
    pub fn attributes(&self) -> Vec<Arc<str>> {
        let mut names = std::collections::BTreeSet::new();
        // BOUND: every part is taken from the list once.
        let mut open = vec![self];
        while let Some(filter) = open.pop() {
            match filter {
                Self::Always(_) => {}
                Self::All(parts) | Self::Any(parts) => open.extend(parts),
                Self::Not(part) => open.push(part),
                Self::Present(at) | Self::Compare { at, .. } => {
                    names.insert(Arc::clone(at.attribute()));
                }
            }
        }
        names.into_iter().collect()
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for name in self.0.iter() {
            write!(f, "/{}", name.replace('~', "~0").replace('/', "~1"))?;
        }
        Ok(())
    }
}
