//! What a run has found on its way: why it fails, as far as a node, a reply or the journey says so.
//!
//! In: ways out that find something, as the catalogue says, replies that tell more, and grounds that nodes
//! raise. Out: the last of them, which a failure carries. Nothing here decides anything: a ground is told
//! to whoever drives a run, and never to a journey.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    engine::{
        action::Go,
        callback::FailedPolicy,
        effect::{EffectReply, Missed},
        host::Timestamp,
        plan::is_secret,
        run::{Run, Words},
        step::FailureReason,
        turn::Turn,
    },
    model::{ground::GroundKind, value::Value},
};

/// The policy that a value does not meet because somebody else has it.
const UNIQUE: &str = "UNIQUE";

/// Why a run failed, in terms of what was found.
///
/// A face that is shown to strangers must not tell more than it did without: which of these a wire tells is
/// its binding's to say.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Ground {
    /// A secret, a code or a factor was wrong, or there is no such user.
    InvalidCredentials {
        /// Which of it; only where whoever compared said so.
        detail: Option<CredentialDetail>,
    },
    /// Values do not meet what is asked of them.
    FieldsInvalid {
        /// The policies that are not met, by attribute.
        fields: BTreeMap<Arc<str>, Vec<FailedPolicy>>,
    },
    /// The account is not active.
    AccountInactive,
    /// The account is locked.
    AccountLocked {
        /// Until when, where that is known.
        until: Option<Timestamp>,
    },
    /// Somebody has such an account already.
    AlreadyExists {
        /// The attribute that somebody has the value of.
        attribute: Option<Arc<str>>,
        /// The provider that vouches for them, where the journey said so.
        provider: Option<Arc<str>>,
    },
    /// There is no such account.
    NotFound,
    /// A provider vouches for somebody who has no account yet.
    NotRegistered {
        /// What the provider told and the journey took: attributes of an account to be made.
        prefill: BTreeMap<Arc<str>, Value>,
    },
    /// What was to be done has been done before.
    AlreadyDone,
    /// Something lapsed.
    Expired,
    /// Something that is needed is not there.
    Missing {
        /// What, where that is known.
        what: Vec<Arc<str>>,
    },
    /// Somebody said no: a person, a policy, a check.
    Denied,
    /// The journey raised an error of its own.
    Triggered {
        /// Its number, where it has one.
        code: Option<u32>,
        /// Its words.
        message: String,
    },
    /// Nothing in particular was found: the journey led to failure.
    Rejected,
    /// A node failed, or something outside did.
    Internal,
}

/// What about credentials was wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialDetail {
    /// There is no such user.
    Unknown,
    /// The user has no password.
    NoPassword,
    /// The secret is another.
    Wrong,
}

impl Ground {
    /// The kind.
    pub fn kind(&self) -> GroundKind {
        match self {
            Self::InvalidCredentials { .. } => GroundKind::InvalidCredentials,
            Self::FieldsInvalid { .. } => GroundKind::FieldsInvalid,
            Self::AccountInactive => GroundKind::AccountInactive,
            Self::AccountLocked { .. } => GroundKind::AccountLocked,
            Self::AlreadyExists { .. } => GroundKind::AlreadyExists,
            Self::NotFound => GroundKind::NotFound,
            Self::NotRegistered { .. } => GroundKind::NotRegistered,
            Self::AlreadyDone => GroundKind::AlreadyDone,
            Self::Expired => GroundKind::Expired,
            Self::Missing { .. } => GroundKind::Missing,
            Self::Denied => GroundKind::Denied,
            Self::Triggered { .. } => GroundKind::Triggered,
            Self::Rejected => GroundKind::Rejected,
            Self::Internal => GroundKind::Internal,
        }
    }

    /// A ground of this kind that says nothing else.
    pub fn plain(kind: GroundKind) -> Self {
        match kind {
            GroundKind::InvalidCredentials => Self::InvalidCredentials { detail: None },
            GroundKind::FieldsInvalid => Self::FieldsInvalid {
                fields: BTreeMap::new(),
            },
            GroundKind::AccountInactive => Self::AccountInactive,
            GroundKind::AccountLocked => Self::AccountLocked { until: None },
            GroundKind::AlreadyExists => Self::AlreadyExists {
                attribute: None,
                provider: None,
            },
            GroundKind::NotFound => Self::NotFound,
            GroundKind::NotRegistered => Self::NotRegistered {
                prefill: BTreeMap::new(),
            },
            GroundKind::AlreadyDone => Self::AlreadyDone,
            GroundKind::Expired => Self::Expired,
            GroundKind::Missing => Self::Missing { what: Vec::new() },
            GroundKind::Denied => Self::Denied,
            GroundKind::Triggered => Self::Triggered {
                code: None,
                message: String::new(),
            },
            GroundKind::Rejected => Self::Rejected,
            GroundKind::Internal => Self::Internal,
        }
    }

    /// What a reply tells of why a node will not go on in success.
    pub(crate) fn told_by(reply: &EffectReply) -> Option<Self> {
        match reply {
            EffectReply::Missed(missed) => Some(match missed {
                Missed::Unknown => Self::credentials(CredentialDetail::Unknown),
                Missed::NoPassword => Self::credentials(CredentialDetail::NoPassword),
                Missed::Wrong => Self::credentials(CredentialDetail::Wrong),
                Missed::Locked { until } => Self::AccountLocked { until: *until },
            }),
            EffectReply::Refused(unmet) => {
                let taken = |policy: &FailedPolicy| &*policy.requirement == UNIQUE;
                let mut policies = unmet.iter().flat_map(|one| &one.failed);
                if !unmet.is_empty() && policies.all(taken) {
                    let first = unmet.first().map(|one| Arc::clone(&one.attribute));
                    return Some(Self::AlreadyExists {
                        attribute: first,
                        provider: None,
                    });
                }
                let mut fields = BTreeMap::<_, Vec<_>>::new();
                for one in unmet {
                    let failed = fields.entry(Arc::clone(&one.attribute)).or_default();
                    failed.extend(one.failed.iter().cloned());
                }
                Some(Self::FieldsInvalid { fields })
            }
            _ => None,
        }
    }

    fn credentials(detail: CredentialDetail) -> Self {
        Self::InvalidCredentials {
            detail: Some(detail),
        }
    }

    /// What a failure carries, of how the run ended and what it found.
    pub(crate) fn of_failure(reason: &FailureReason, found: Option<Self>, words: &Words) -> Self {
        match reason {
            FailureReason::Rejected | FailureReason::LooseEnd => {
                // A journey that has words of its own and found nothing else means those.
                let own = words.message.clone().map(|message| Self::Triggered {
                    code: None,
                    message,
                });
                found.or(own).unwrap_or(Self::Rejected)
            }
            FailureReason::UnprovedSuccess
            | FailureReason::LevelNotReached
            | FailureReason::EnsureUnmet { .. }
            | FailureReason::OtherSubject => Self::Denied,
            FailureReason::Inactive => Self::AccountInactive,
            FailureReason::NodeFailed { .. }
            | FailureReason::TooManyVisits
            | FailureReason::StateTooLarge => Self::Internal,
        }
    }
}

/// What a way out may find, as the signature says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finds {
    Nothing,
    /// This kind.
    Kind(GroundKind),
    /// What the node raises.
    Raised,
}

/// What the node at hand has heard, or said, until it is left.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Heard {
    /// A reply told it.
    Told(Ground),
    /// The node said it.
    Raised(Ground),
}

impl Turn<'_> {
    /// What leaving so finds; a proof settles what was found before it.
    #[inline]
    pub(crate) fn find(&mut self, go: &Go) {
        let finds = self
            .plan
            .unit(self.unit)
            .and_then(|unit| unit.finds.get(go.outcome.index()));
        match finds {
            None | Some(Finds::Nothing) => {
                if go.proof.is_some() && self.run.ground.is_some() {
                    self.run.ground = None;
                }
            }
            Some(finds) => self.run.find(*finds),
        }
    }
}

impl Run {
    fn find(&mut self, finds: Finds) {
        let heard = self.visit.heard.take().map(|heard| *heard);
        let ground = match (finds, heard) {
            (Finds::Raised, Some(Heard::Raised(ground))) => ground,
            (Finds::Nothing | Finds::Raised, _) => return,
            (Finds::Kind(kind), Some(Heard::Told(told) | Heard::Raised(told)))
                if kind.is_refined_by(told.kind()) =>
            {
                told
            }
            (Finds::Kind(GroundKind::NotRegistered), _) => Ground::NotRegistered {
                prefill: self.prefill(),
            },
            (Finds::Kind(kind), _) => Ground::plain(kind),
        };
        self.ground = Some(Box::new(ground));
    }

    /// The attributes that an account to be made would have, as far as they are known and no secrets.
    fn prefill(&self) -> BTreeMap<Arc<str>, Value> {
        let members = self.state.shared_object.iter();
        let members = members.filter(|(_, value)| !is_secret(value));
        members
            .map(|(name, value)| (Arc::clone(name), value.clone()))
            .collect()
    }

    /// Keeps what a reply tells, and hands on what the node may see of it.
    pub(crate) fn hear(&mut self, reply: EffectReply) -> EffectReply {
        if let Some(told) = Ground::told_by(&reply) {
            self.visit.heard = Some(Box::new(Heard::Told(told)));
        }
        match reply {
            EffectReply::Missed(_) => EffectReply::Miss,
            reply => reply,
        }
    }
}
