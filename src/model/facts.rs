//! What the outcomes of a node type mean: for proofs, for accounts, for the level, for a failure further on.
//!
//! They are a part of [`signature`](super::signature), where everything else that is known of a type stands.

use std::borrow::Cow;

use crate::model::{
    ground::GroundKind,
    signature::{Condition, Factor, Known},
};

/// How an outcome moves the level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LevelChange {
    /// Not at all.
    None,
    /// By the Int setting of this key.
    BySetting(Cow<'static, str>),
    /// By this much.
    By(i32),
}

/// What an outcome does with the challenge of the run: a code that is made, sent, and waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Challenge {
    /// Nothing.
    None,
    /// One is made and bound to whoever is named then, as a message to their device is.
    Opens,
    /// One is made that is bound to nobody yet: it proves nothing before it is sent.
    Makes,
    /// The one that was made is sent to an address of whoever is named, and bound to them. Where the type
    /// reads an address from the state, that holds as long as nothing else may have written one there.
    Binds,
    /// The open one was answered: what is proved is proved of whom it was made for.
    Answers,
}

/// Of whom an outcome can be taken: what a stranger learns who sees it taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Presence {
    /// Of anybody: it does not depend on whether there is such a user.
    Either,
    /// Only of a user who is there.
    Present,
    /// Of a user who is not there; it may be taken of one who is.
    Absent,
    /// Only of a user who is there, and behind a right secret.
    Entitled,
}

/// What an outcome does to the account of the user who is named.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Account {
    /// Nothing, as far as the type says.
    #[default]
    Kept,
    /// It is changed.
    Changed {
        /// Where the change is made at once; elsewhere it is only prepared.
        when: Condition,
        /// The factors that whoever makes or prepares it may be able to prove from then on.
        hands: Cow<'static, [Factor]>,
    },
    /// It is made: it belongs to this run for as long as nobody else is named.
    Made,
}

/// What an outcome means for the proofs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutcomeFacts {
    /// The outcome; `*` for every outcome that has no line of its own.
    pub outcome: Cow<'static, str>,
    /// The factor proved. Never guessed: where no source says so, nothing is proved.
    pub proves: Option<Factor>,
    /// Where that is proved.
    pub proves_when: Condition,
    /// Whether a secret was compared before the node is left by it; only of types that verify.
    pub compares: bool,
    /// What becomes of the account.
    pub account: Account,
    /// Whether the name of the identity (`username`) is written.
    pub writes_identity: Known<bool>,
    /// Where the name that is written is that of whoever was named already, because what is proved is
    /// looked up by that name; a type that cannot work without a name has no need to say so.
    pub of_named: Option<Condition>,
    /// Whether a try is counted against a limit.
    pub counts_try: Known<bool>,
    /// What becomes of the challenge.
    pub challenge: Challenge,
    /// Of whom it can be taken; unknown, it depends on the user where the type looks one up.
    pub presence: Known<Presence>,
    /// Of whom it can be taken instead where this Bool setting is true.
    pub presence_where: Option<(Cow<'static, str>, Known<Presence>)>,
    /// Whether the name is from here on none that a stranger has typed: a session, a provider or a cookie
    /// of the server's brought it, or the user was made here by who runs the journey.
    pub vouched: bool,
    /// How the level moves.
    pub level: LevelChange,
    /// A bound on the level when the node leaves by this outcome: at least the Int setting of this key.
    pub level_at_least: Option<Cow<'static, str>>,
    /// The other bound: below the Int setting of this key.
    pub level_below: Option<Cow<'static, str>>,
}

impl OutcomeFacts {
    /// An outcome that as yet means nothing; `*` for every one that has no line of its own.
    ///
    /// Of whom it can be taken is unknown, which every check reads as the worst.
    pub fn new(outcome: impl Into<Cow<'static, str>>) -> Self {
        Self {
            outcome: outcome.into(),
            proves: None,
            proves_when: Condition::Always,
            compares: true,
            account: Account::Kept,
            writes_identity: Known::Is(false),
            of_named: None,
            counts_try: Known::Is(false),
            challenge: Challenge::None,
            presence: Known::Unknown,
            presence_where: None,
            vouched: false,
            level: LevelChange::None,
            level_at_least: None,
            level_below: None,
        }
    }
}

/// What a run finds that leaves by an outcome: the ground of a failure further on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The outcome.
    pub outcome: Cow<'static, str>,
    /// What it finds.
    pub ground: Found,
}

/// What is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// This kind.
    Kind(GroundKind),
    /// The kind that the setting of this key names; nothing where there is none.
    BySetting(Cow<'static, str>),
}
