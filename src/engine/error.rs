//! What can go wrong for an embedder; authors get diagnostics instead.

use std::sync::Arc;

/// A node could not do its work; its error arrow is taken, or the run fails.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct NodeError {
    /// What happened, without anything secret.
    pub message: String,
}

impl NodeError {
    /// An error with this message.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
        }
    }
}

/// A node type refused its settings, or its behaviour is not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// The catalogue knows the type; no behaviour is registered for it.
    #[error(
        "node `{node}` of journey `{journey}` has type `{ty}`, whose behaviour is not built yet"
    )]
    NoBehaviour {
        /// The journey.
        journey: Arc<str>,
        /// The node.
        node: Arc<str>,
        /// The type.
        ty: Arc<str>,
    },
    /// The type runs a script, and none is registered under the name that the node gives.
    #[error("node `{node}` of journey `{journey}` runs script `{script}`, which is not registered")]
    NoScript {
        /// The journey.
        journey: Arc<str>,
        /// The node.
        node: Arc<str>,
        /// The name of the script.
        script: Arc<str>,
    },
    /// The type runs a script that stands as text, and no interpreter is registered.
    #[error(
        "node `{node}` of journey `{journey}` runs script `{script}`, and scripts are not run here"
    )]
    NoInterpreter {
        /// The journey.
        journey: Arc<str>,
        /// The node.
        node: Arc<str>,
        /// The file of the script; `text` where it stands in the journey.
        script: Arc<str>,
    },
    /// The behaviour refused the settings.
    #[error("node `{node}` of journey `{journey}`: {message}")]
    Refused {
        /// The journey.
        journey: Arc<str>,
        /// The node.
        node: Arc<str>,
        /// Why.
        message: String,
    },
    /// A secret parameter is not bound.
    #[error("parameter `{0}` is secret and is not bound")]
    Unbound(Arc<str>),
    /// Something that a valid program rules out.
    #[error("broken invariant: {0}")]
    Bug(String),
}

/// Answers do not fit what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// Too few or too many.
    #[error("{got} answers for {expected} callbacks")]
    Count {
        /// How many were asked.
        expected: usize,
        /// How many came.
        got: usize,
    },
    /// The answer at this position is of another kind.
    #[error("answer {position} does not fit a {expected}")]
    Kind {
        /// The position, from 0.
        position: usize,
        /// What was asked.
        expected: Arc<str>,
    },
    /// The answer at this position is out of range or over a limit.
    #[error("answer {position} is out of bounds")]
    Bounds {
        /// The position, from 0.
        position: usize,
    },
}

/// A step could not be taken; the run is unchanged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// There is no such journey, or it is not enabled, or it cannot be started directly.
    #[error("no such journey")]
    NoJourney,
    /// The answers do not fit.
    #[error(transparent)]
    Answer(#[from] AnswerError),
    /// The run waits for something else.
    #[error("the run waits for {waits_for}")]
    Unexpected {
        /// What it waits for.
        waits_for: &'static str,
    },
    /// The run has ended.
    #[error("the run has ended")]
    Ended,
    /// The time of the run is over.
    #[error("the run has expired")]
    Expired,
    /// The state of the run is larger than the limit.
    #[error("state_too_large: {bytes} bytes of state")]
    StateTooLarge {
        /// How large it is.
        bytes: usize,
    },
    /// The bytes are not a snapshot of this engine, this program or this version.
    #[error("not a snapshot of this program")]
    BadSnapshot,
    /// Randomness failed.
    #[error("the source of randomness failed")]
    NoRandomness,
    /// Something that a valid program rules out.
    #[error("broken invariant: {0}")]
    Bug(&'static str),
}
