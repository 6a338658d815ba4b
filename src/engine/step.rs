//! What an embedder gives to a run and gets from it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use crate::{
    engine::{
        action::Subject,
        callback::{Answer, Ask},
        effect::{Effect, EffectId, EffectReply, SessionRef},
        ground::Ground,
        host::Timestamp,
        output::Remember,
    },
    model::{level::AuthLevel, signature::Factor, value::Value},
};

/// What is given to a step.
#[derive(Debug)]
pub enum Input {
    /// The first step.
    Begin,
    /// The answers to the callbacks of the last step, one for each.
    Answers(Vec<Answer>),
    /// The reply to the effect of the last step.
    Effect(EffectReply),
    /// Someone came back by the link.
    Resume,
}

/// What comes of a step.
///
/// The run keeps what it waits for, and what it ended in; both are shared with it and never copied.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Something is asked.
    Ask(Arc<Ask>),
    /// Something is to be done outside.
    Call(Arc<Call>),
    /// The run waits for someone to come back by a link.
    Suspended(Arc<Suspended>),
    /// The run has ended.
    Done(End),
}

/// An effect to perform.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Its id.
    pub id: EffectId,
    /// What to do.
    pub effect: Effect,
    /// The node that wants it, for the audit: `journey/node`.
    pub node: Arc<str>,
}

/// A suspended run.
#[derive(Debug, Clone, PartialEq)]
pub struct Suspended {
    /// The id of what is done with the link.
    pub id: EffectId,
    /// What to show.
    pub ask: Ask,
    /// Until when the link may be followed.
    pub until: Timestamp,
    /// What to do with the link; `{0}` in its message is where the link goes.
    pub deliver: Option<Effect>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    /// In success.
    Success(Arc<Success>),
    /// In failure.
    Failure(Arc<Failure>),
}

/// A success.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Success {
    /// Who logged in.
    pub subject: Subject,
    /// Whether a factor of that subject was proved in this run.
    pub proved: bool,
    /// What was proved, in order.
    pub evidence: Vec<Evidence>,
    /// The level of the run.
    pub level: AuthLevel,
    /// The journey, by its name on the wire.
    pub journey: Arc<str>,
    /// Whether to make no session.
    pub no_session: bool,
    /// The session of the same subject that this run replaces.
    pub upgrades: Option<SessionRef>,
    /// The session of somebody else, in which nobody was proved, that a node let go: it ends, and hands
    /// nothing on.
    pub releases: Option<SessionRef>,
    /// Session properties to set; `None` removes one.
    pub properties: BTreeMap<Arc<str>, Option<Value>>,
    /// Names of the authenticating node types passed, in order.
    pub node_types: Vec<Arc<str>>,
    /// Where to go: goto, else what the journey set.
    pub success_url: Option<Arc<str>>,
    /// What the journey set, for servers that put it before goto.
    pub journey_url: Option<Arc<str>>,
    /// Details for the reply.
    pub details: BTreeMap<Arc<str>, Value>,
    /// Details for the reply that are properties of the new session: name in the reply, property.
    pub session_details: BTreeMap<Arc<str>, Arc<str>>,
    /// Headers for the reply, names in lower case.
    pub headers: BTreeMap<Arc<str>, Arc<str>>,
    /// The longest time of the session.
    pub session_time_max: Option<Duration>,
    /// The longest idle time of the session.
    pub idle_time_max: Option<Duration>,
    /// What the session keeps for the server, out of the reach of journeys and clients.
    pub kept: BTreeMap<Arc<str>, Value>,
    /// The persistent cookies to set, where a session is made.
    pub remember: Vec<Remember>,
}

/// One proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Of whom.
    pub subject: crate::engine::effect::SubjectId,
    /// By what.
    pub factor: Factor,
    /// At which node: `journey/node`.
    pub node: Arc<str>,
    /// On which visit of the run.
    pub visit: u32,
    /// When.
    pub at: Timestamp,
}

/// A failure.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Failure {
    /// Why; never shown to whoever tries to log in.
    pub reason: FailureReason,
    /// What the run found last on its way here; what of it is shown is for a wire to say.
    pub ground: Ground,
    /// The name typed, for the audit.
    pub username: Option<Arc<str>>,
    /// The journey, by its name on the wire.
    pub journey: Arc<str>,
    /// Where to go: what the client asked for, else what the journey set.
    pub failure_url: Option<Arc<str>>,
    /// What the journey set, for servers that put it before what the client asked for.
    pub journey_url: Option<Arc<str>>,
    /// The message of a Set…Details node, instead of the plain one.
    pub message: Option<String>,
    /// What a node wants said where the account is not active; only where that is the reason.
    pub lockout_message: Option<String>,
    /// Details for the reply.
    pub details: BTreeMap<Arc<str>, Value>,
    /// Headers for the reply, names in lower case.
    pub headers: BTreeMap<Arc<str>, Arc<str>>,
}

/// Which ending of a run a node prepares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ending {
    /// In success.
    Success,
    /// At the failure of the journey.
    Failure,
    /// By a node that fails and has no error arrow.
    Error,
}

/// Why a run failed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailureReason {
    /// The journey led to failure.
    Rejected,
    /// The journey led to a declared loose end.
    LooseEnd,
    /// Success was reached without a proof of who logs in.
    UnprovedSuccess,
    /// Success was reached below the level the journey claims.
    LevelNotReached,
    /// Success was reached without what an `ensure` line demands.
    EnsureUnmet {
        /// The label of the line, or the line.
        ensure: Arc<str>,
    },
    /// Success was reached by a subject that is not there or is not active.
    Inactive,
    /// Success was reached by another subject than that of the session the run came with.
    OtherSubject,
    /// A node failed and no arrow leads on.
    NodeFailed {
        /// `journey/node`
        node: Arc<str>,
        /// What happened, without anything secret.
        message: String,
    },
    /// More nodes were visited than the limit.
    TooManyVisits,
    /// The state grew over the limit.
    StateTooLarge,
}

impl std::fmt::Display for FailureReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rejected => f.write_str("the journey led to failure"),
            Self::LooseEnd => f.write_str("the journey led to a loose end"),
            Self::UnprovedSuccess => {
                f.write_str("success was reached without a proof of who logs in")
            }
            Self::LevelNotReached => f.write_str("success was reached below the level claimed"),
            Self::EnsureUnmet { ensure } => {
                write!(f, "success was reached without what is ensured: {ensure}")
            }
            Self::Inactive => f.write_str("there is no such active account"),
            Self::OtherSubject => f.write_str("the session that came along is someone else's"),
            Self::NodeFailed { node, message } => write!(f, "{node} failed: {message}"),
            Self::TooManyVisits => f.write_str("more nodes were visited than the limit"),
            Self::StateTooLarge => f.write_str("the state grew over the limit"),
        }
    }
}
