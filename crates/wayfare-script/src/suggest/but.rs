//! Where what is offered is not quite what the script does.

use std::{fmt, sync::Arc};

/// Where a suggestion differs from its script.
///
/// For a run that none of these speaks of, both come to the same outcome and leave the same state.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum But {
    /// What the script logs is not logged.
    Logs,
    /// This key is compared in shared state alone, and the script sees the other parts of the state before it.
    Alone(Arc<str>),
    /// This key is compared in transient state alone, and the script sees what has come over a stop as well.
    Crossed(Arc<str>),
    /// The value of this key is compared as a text, and one that is none fails the guard.
    NotText(Arc<str>),
    /// The same of `true` and `false`.
    NotBool(Arc<str>),
    /// The same of numbers.
    NotNumber(Arc<str>),
    /// A value of this key that is null counts as there.
    Null(Arc<str>),
    /// A value of this key that is null, `false`, zero or an empty text counts as there.
    Empty(Arc<str>),
    /// Without a value of this key the script fails, and the guard does not hold.
    NoKey(Arc<str>),
    /// The same of a header.
    NoHeader(Arc<str>),
    /// The same of a parameter.
    NoParameter(Arc<str>),
    /// The script takes this parameter in any case, and the guard as it is written.
    Case(Arc<str>),
    /// A value of this key in another part of the state is taken out, where the script leaves it.
    Hidden(Arc<str>),
}

impl fmt::Display for But {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fails = "the script fails and the guard does not hold";
        match self {
            Self::Logs => f.write_str("what the script logs is not logged"),
            Self::Alone(key) => write!(f, "`{key}` is looked for in shared state alone"),
            Self::Crossed(key) => write!(
                f,
                "`{key}` is looked for in transient state alone, not in what came over a stop"
            ),
            Self::NotText(key) => write!(f, "the guard fails where `{key}` is no text"),
            Self::NotBool(key) => {
                write!(f, "the guard fails where `{key}` is neither true nor false")
            }
            Self::NotNumber(key) => write!(f, "the guard fails where `{key}` is no number"),
            Self::Null(key) => write!(f, "null under `{key}` counts as there"),
            Self::Empty(key) => write!(
                f,
                "an empty text, 0, `false` or null under `{key}` counts as there"
            ),
            Self::NoKey(key) => write!(f, "where `{key}` is not there, {fails}"),
            Self::NoHeader(name) => write!(f, "where the header `{name}` is not there, {fails}"),
            Self::NoParameter(name) => {
                write!(f, "where the parameter `{name}` is not there, {fails}")
            }
            Self::Case(name) => write!(
                f,
                "the script takes the parameter `{name}` in any case, the guard only so"
            ),
            Self::Hidden(key) => write!(
                f,
                "`{key}` is taken out of transient state, where the script leaves it"
            ),
        }
    }
}

/// All the places where a suggestion differs, each once.
#[derive(Debug, Default)]
pub(super) struct Buts(pub(super) Vec<But>);

impl Buts {
    pub(super) fn note(&mut self, but: But) {
        if !self.0.contains(&but) {
            self.0.push(but);
        }
    }
}
