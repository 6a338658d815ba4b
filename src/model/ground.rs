//! What a run that fails has found: the kinds.

/// A kind of ground on which a run fails.
///
/// Which outcome finds what is a fact of the catalogue; an outcome without a line finds nothing, and a run
/// that found nothing is [`GroundKind::Rejected`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum GroundKind {
    /// A secret, a code or a factor was wrong, or there is no such user.
    InvalidCredentials,
    /// Values do not meet what is asked of them.
    FieldsInvalid,
    /// The account is not active.
    AccountInactive,
    /// The account is locked, for a while or until somebody unlocks it.
    AccountLocked,
    /// Somebody has such an account already.
    AlreadyExists,
    /// There is no such account.
    NotFound,
    /// A provider vouches for somebody who has no account yet.
    NotRegistered,
    /// What was to be done has been done before.
    AlreadyDone,
    /// Something lapsed.
    Expired,
    /// Something that is needed is not there.
    Missing,
    /// Somebody said no: a person, a policy, a check.
    Denied,
    /// The journey raised an error of its own, in its own words.
    Triggered,
    /// Nothing in particular was found: the journey led to failure.
    Rejected,
    /// A node failed, or something outside did.
    Internal,
}

impl GroundKind {
    /// Every kind with its word, in the order of declaration.
    pub const ALL: [(Self, &'static str); 14] = [
        (Self::InvalidCredentials, "invalid_credentials"),
        (Self::FieldsInvalid, "fields_invalid"),
        (Self::AccountInactive, "account_inactive"),
        (Self::AccountLocked, "account_locked"),
        (Self::AlreadyExists, "already_exists"),
        (Self::NotFound, "not_found"),
        (Self::NotRegistered, "not_registered"),
        (Self::AlreadyDone, "already_done"),
        (Self::Expired, "expired"),
        (Self::Missing, "missing"),
        (Self::Denied, "denied"),
        (Self::Triggered, "triggered"),
        (Self::Rejected, "rejected"),
        (Self::Internal, "internal"),
    ];

    /// Its word: `invalid_credentials`.
    pub fn word(self) -> &'static str {
        let mut all = Self::ALL.iter();
        all.find(|(kind, _)| *kind == self)
            .map_or("", |(_, word)| word)
    }

    /// The kind with this word.
    pub fn of_word(word: &str) -> Option<Self> {
        let mut all = Self::ALL.iter();
        all.find(|(_, known)| *known == word).map(|(kind, _)| *kind)
    }

    /// The kind that says the same less exactly, for whoever does not tell this one apart: what a reply
    /// tells stands where an outcome finds that one.
    pub fn coarser(self) -> Option<Self> {
        match self {
            Self::AccountLocked => Some(Self::InvalidCredentials),
            Self::AlreadyExists => Some(Self::FieldsInvalid),
            _ => None,
        }
    }

    /// Whether what a reply told may stand where an outcome finds this kind.
    pub(crate) fn is_refined_by(self, told: Self) -> bool {
        self == told || told.coarser() == Some(self)
    }
}

impl std::fmt::Display for GroundKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}
