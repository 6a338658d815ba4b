//! Journeys that run beside this one: begun for somebody elsewhere, asked about, told about.
//!
//! A transaction is a promise that some run will be begun for it by whoever holds its id. What comes of it
//! is told and proves nothing here: whose session it led to, and with what proof, is that run's own.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use crate::{engine::action::Subject, model::value::Value};

/// Something about a journey beside this one.
#[derive(Debug, Clone, PartialEq)]
pub enum Backchannel {
    /// Open a transaction.
    Open(OpenBackchannel),
    /// Say how a transaction stands. The reply is `Stands`.
    Ask {
        /// Its id.
        transaction: Arc<str>,
    },
    /// Leave word for whoever asks about the transaction that this run is for.
    Tell {
        /// Its id.
        transaction: Arc<str>,
        /// The word.
        data: Value,
    },
}

/// A transaction to open. The reply is `Opened`, or `Full`.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenBackchannel {
    /// The journey, by its name on the wire.
    pub journey: Arc<str>,
    /// Who must succeed in it; anybody where absent.
    pub subject: Option<Subject>,
    /// What stands in its shared state from the beginning.
    pub data: BTreeMap<Arc<str>, Value>,
    /// Where its run is begun, in place of the login page of the realm.
    pub page: Option<Arc<str>>,
    /// How long it is open; the embedder's longest time where absent, and never longer.
    pub within: Option<Duration>,
    /// Whether a run that fails leaves it open.
    pub retry: bool,
}

/// The reply to a [`Backchannel`].
#[derive(Debug, Clone, PartialEq)]
pub enum BackchannelReply {
    /// It is open.
    Opened {
        /// Its id: whoever holds it can begin its run.
        transaction: Arc<str>,
        /// Where its run is begun.
        address: Arc<str>,
    },
    /// There are too many open, or there is no such journey: nothing was opened.
    Full,
    /// How it stands.
    Stands {
        /// How far it is.
        state: BackchannelState,
        /// What may be read of the session that it led to.
        properties: BTreeMap<Arc<str>, Value>,
        /// The word that its run left.
        told: Option<Value>,
    },
    /// Whether the word was kept: there is such a transaction, and it is not over.
    Told(bool),
}

/// How far a transaction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BackchannelState {
    /// Nobody has come yet.
    Pending,
    /// A run was begun.
    InProgress,
    /// It has succeeded.
    Success,
    /// It has failed.
    Failure,
    /// There is none, or none any more.
    Unknown,
}

impl BackchannelState {
    /// The state of this name.
    pub fn from_word(word: &str) -> Option<Self> {
        let all = [
            Self::Pending,
            Self::InProgress,
            Self::Success,
            Self::Failure,
            Self::Unknown,
        ];
        all.into_iter().find(|state| state.word() == word)
    }

    /// Its name in tests and records.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::InProgress => "in progress",
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Unknown => "unknown",
        }
    }
}
