//! What a run has done, for whoever plays, tests or audits it.
//!
//! A trace is written only where it was asked for. Nothing secret stands in it: no answer, no value of
//! the state, no effect but its kind. The draws of the host are there for replays; the bytes are hidden
//! from `Debug` and `Display`.

use std::{fmt, sync::Arc};

use crate::{engine::host::Timestamp, secret::Secret};

/// One thing that happened in a run.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// The clock was read.
    Now(Timestamp),
    /// Randomness was drawn.
    Random(Secret<Vec<u8>>),
    /// A node was entered.
    Entered {
        /// `journey/node`, and in a page `journey/node.child`.
        node: Arc<str>,
    },
    /// A node was left by an outcome.
    Left {
        /// `journey/node`
        node: Arc<str>,
        /// The outcome; in a `Decision` the name of its arm.
        outcome: Arc<str>,
    },
    /// A node failed.
    Failed {
        /// `journey/node`
        node: Arc<str>,
        /// What happened.
        message: String,
    },
    /// A node asked for something to be done outside.
    Called {
        /// `journey/node`
        node: Arc<str>,
        /// The kind of effect.
        kind: &'static str,
    },
    /// A node asked for answers.
    Asked {
        /// `journey/node`
        node: Arc<str>,
        /// How many callbacks there are.
        callbacks: usize,
    },
    /// A line that a node wrote.
    Note(String),
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Now(at) => write!(f, "now {}", at.0),
            Self::Random(bytes) => write!(f, "drew {} bytes", bytes.reveal().len()),
            Self::Entered { node } => write!(f, "{node}"),
            Self::Left { node, outcome } => write!(f, "{node} -> {outcome}"),
            Self::Failed { node, message } => write!(f, "{node} failed: {message}"),
            Self::Called { node, kind } => write!(f, "{node} calls {kind}"),
            Self::Asked { node, callbacks } => write!(f, "{node} asks {callbacks}"),
            Self::Note(text) => f.write_str(text),
        }
    }
}
