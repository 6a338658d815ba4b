//! State keys and what outcomes mean, as constants.

use std::borrow::Cow;

use super::{cell::Kind, entry::When};
use crate::model::signature::{
    Account, Challenge, Factor, Known, LevelChange, OutcomeFacts, Presence, Removal, Scope,
    Secrecy, StateKey,
};

/// A key of the state.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key {
    scope: Scope,
    name: &'static str,
    named_by: Option<&'static str>,
    kind: Kind,
    secrecy: Secrecy,
    always: bool,
}

/// A key of one scope; a secret one is [`Secrecy::Secret`], any other public until it says otherwise.
pub(super) const fn key(scope: Scope, name: &'static str, kind: Kind) -> Key {
    Key {
        scope,
        name,
        named_by: None,
        kind,
        secrecy: if matches!(kind, Kind::Secret) {
            Secrecy::Secret
        } else {
            Secrecy::Public
        },
        always: false,
    }
}

/// A key of shared state.
pub(super) const fn shared(name: &'static str, kind: Kind) -> Key {
    key(Scope::Shared, name, kind)
}

/// A key of transient state.
pub(super) const fn transient(name: &'static str, kind: Kind) -> Key {
    key(Scope::Transient, name, kind)
}

/// A key read from whichever scope has it.
pub(super) const fn any(name: &'static str, kind: Kind) -> Key {
    key(Scope::Any, name, kind)
}

/// A key that this setting names.
pub(super) const fn named(scope: Scope, setting: &'static str, kind: Kind) -> Key {
    Key {
        named_by: Some(setting),
        ..key(scope, "*", kind)
    }
}

impl Key {
    /// About a person.
    pub(super) const fn personal(self) -> Self {
        Self {
            secrecy: Secrecy::Personal,
            ..self
        }
    }

    /// Never leaves the engine.
    pub(super) const fn secret(self) -> Self {
        Self {
            secrecy: Secrecy::Secret,
            ..self
        }
    }

    /// Read: the node cannot work without it. Written: on every outcome.
    pub(super) const fn always(self) -> Self {
        Self {
            always: true,
            ..self
        }
    }

    pub(super) fn state_key(&self) -> StateKey {
        StateKey {
            scope: self.scope,
            key: Cow::Borrowed(self.name),
            named_by: self.named_by.map(Cow::Borrowed),
            ty: self.kind.ty(),
            secrecy: self.secrecy,
            always: self.always,
        }
    }
}

/// A key that is taken out of the state.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gone {
    key: &'static str,
    named_by: Option<&'static str>,
    outcome: &'static str,
}

/// A key that is taken out of the state on this outcome; `*` for any key, and for every outcome.
pub(super) const fn gone(key: &'static str, outcome: &'static str) -> Gone {
    Gone {
        key,
        named_by: None,
        outcome,
    }
}

/// The keys that this setting names are taken out of the state.
pub(super) const fn gone_named(setting: &'static str) -> Gone {
    Gone {
        named_by: Some(setting),
        ..gone("*", "*")
    }
}

impl Gone {
    pub(super) fn removal(&self) -> Removal {
        Removal {
            key: Cow::Borrowed(self.key),
            named_by: self.named_by.map(Cow::Borrowed),
            outcome: Cow::Borrowed(self.outcome),
        }
    }
}

/// What becomes of the account.
#[derive(Debug, Clone, Copy)]
enum Touch {
    Kept,
    Changed(When, &'static [Factor]),
    Made,
}

/// What an outcome means.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fact {
    outcome: &'static str,
    proves: Option<Factor>,
    proves_when: When,
    compares: bool,
    account: Touch,
    identity: Known<bool>,
    of_named: Option<When>,
    tries: Known<bool>,
    challenge: Challenge,
    presence: Known<Presence>,
    presence_where: Option<(&'static str, Known<Presence>)>,
    vouched: bool,
    level: Option<&'static str>,
    level_at_least: Option<&'static str>,
    level_below: Option<&'static str>,
}

/// An outcome that as yet means nothing; `*` for all that have no line of their own.
pub(super) const fn on(outcome: &'static str) -> Fact {
    Fact {
        outcome,
        proves: None,
        proves_when: When::Always,
        compares: true,
        account: Touch::Kept,
        identity: Known::Is(false),
        of_named: None,
        tries: Known::Is(false),
        challenge: Challenge::None,
        presence: Known::Unknown,
        presence_where: None,
        vouched: false,
        level: None,
        level_at_least: None,
        level_below: None,
    }
}

impl Fact {
    /// A credential of the subject was verified.
    pub(super) const fn proves(self, factor: Factor) -> Self {
        Self {
            proves: Some(factor),
            ..self
        }
    }

    /// It is proved only where the settings say so.
    pub(super) const fn where_it(self, when: When) -> Self {
        Self {
            proves_when: when,
            ..self
        }
    }

    /// No secret was compared, though the type does so.
    pub(super) const fn untried(self) -> Self {
        Self {
            compares: false,
            ..self
        }
    }

    /// The account of the user is changed, and these factors are handed to whoever is there.
    pub(super) const fn changes_account(self, hands: &'static [Factor]) -> Self {
        self.changes_account_where(When::Always, hands)
    }

    /// The same, where the settings say so.
    pub(super) const fn changes_account_where(self, when: When, hands: &'static [Factor]) -> Self {
        Self {
            account: Touch::Changed(when, hands),
            ..self
        }
    }

    /// The account of the user is made.
    pub(super) const fn makes_account(self) -> Self {
        Self {
            account: Touch::Made,
            ..self
        }
    }

    /// `username` is written.
    pub(super) const fn identity(self) -> Self {
        Self {
            identity: Known::Is(true),
            ..self
        }
    }

    /// Where this holds, the `username` that is written is the one that was there.
    pub(super) const fn of_named_where(self, when: When) -> Self {
        Self {
            of_named: Some(when),
            ..self
        }
    }

    /// `username` may be written: no source says, or a script or an inner journey decides.
    pub(super) const fn identity_unknown(self) -> Self {
        Self {
            identity: Known::Unknown,
            ..self
        }
    }

    /// A try is counted against a limit that ends.
    pub(super) const fn counts_try(self) -> Self {
        Self {
            tries: Known::Is(true),
            ..self
        }
    }

    /// Whether a try is counted is not known.
    pub(super) const fn tries_unknown(self) -> Self {
        Self {
            tries: Known::Unknown,
            ..self
        }
    }

    /// A challenge is made for whoever is named.
    pub(super) const fn opens_challenge(self) -> Self {
        Self {
            challenge: Challenge::Opens,
            ..self
        }
    }

    /// A challenge is made that is nobody's yet.
    pub(super) const fn makes_challenge(self) -> Self {
        Self {
            challenge: Challenge::Makes,
            ..self
        }
    }

    /// The challenge that was made goes to an address of whoever is named.
    pub(super) const fn binds_challenge(self) -> Self {
        Self {
            challenge: Challenge::Binds,
            ..self
        }
    }

    /// The open challenge was answered.
    pub(super) const fn answers_challenge(self) -> Self {
        Self {
            challenge: Challenge::Answers,
            ..self
        }
    }

    /// It does not depend on whether there is such a user.
    pub(super) const fn of_either(self) -> Self {
        self.of(Presence::Either)
    }

    /// Only a user who is there has it; where no outcome is one of a user who is not, the type fails.
    pub(super) const fn of_present(self) -> Self {
        self.of(Presence::Present)
    }

    /// A user who is not there has it.
    pub(super) const fn of_absent(self) -> Self {
        self.of(Presence::Absent)
    }

    /// Only a user who is there has it, and only behind a right secret.
    pub(super) const fn of_entitled(self) -> Self {
        self.of(Presence::Entitled)
    }

    /// Where this setting is true, it does not depend on whether there is such a user.
    pub(super) const fn of_either_where(self, setting: &'static str) -> Self {
        Self {
            presence_where: Some((setting, Known::Is(Presence::Either))),
            ..self
        }
    }

    /// Where this setting is true, nobody knows of whom it can be taken.
    pub(super) const fn unsaid_where(self, setting: &'static str) -> Self {
        Self {
            presence_where: Some((setting, Known::Unknown)),
            ..self
        }
    }

    /// From here on the name is none that a stranger has typed.
    pub(super) const fn vouched(self) -> Self {
        Self {
            vouched: true,
            ..self
        }
    }

    const fn of(self, presence: Presence) -> Self {
        Self {
            presence: Known::Is(presence),
            ..self
        }
    }

    /// The level moves by this setting.
    pub(super) const fn level_by(self, setting: &'static str) -> Self {
        Self {
            level: Some(setting),
            ..self
        }
    }

    /// The level is at least this setting.
    pub(super) const fn level_at_least(self, setting: &'static str) -> Self {
        Self {
            level_at_least: Some(setting),
            ..self
        }
    }

    /// The level is below this setting.
    pub(super) const fn level_below(self, setting: &'static str) -> Self {
        Self {
            level_below: Some(setting),
            ..self
        }
    }

    pub(super) fn facts(&self) -> OutcomeFacts {
        OutcomeFacts {
            outcome: Cow::Borrowed(self.outcome),
            proves: self.proves,
            proves_when: self.proves_when.condition(),
            compares: self.compares,
            account: match self.account {
                Touch::Kept => Account::Kept,
                Touch::Made => Account::Made,
                Touch::Changed(when, hands) => Account::Changed {
                    when: when.condition(),
                    hands: Cow::Borrowed(hands),
                },
            },
            writes_identity: self.identity,
            of_named: self.of_named.map(When::condition),
            counts_try: self.tries,
            challenge: self.challenge,
            presence: self.presence,
            presence_where: self
                .presence_where
                .map(|(key, instead)| (Cow::Borrowed(key), instead)),
            vouched: self.vouched,
            level: self.level.map_or(LevelChange::None, |key| {
                LevelChange::BySetting(Cow::Borrowed(key))
            }),
            level_at_least: self.level_at_least.map(Cow::Borrowed),
            level_below: self.level_below.map(Cow::Borrowed),
        }
    }
}
