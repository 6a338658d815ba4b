//! The node types of random programs: one for each thing that a signature can say.

use std::{borrow::Cow, sync::Arc};

use wayfare::{
    Catalog, Factor, Setting, Signature, Type, Value,
    model::{
        catalog::TypeId,
        journey::{SettingValue, Task},
        signature::{
            Account, Challenge, Condition, Known, LevelChange, Limit, OutcomeFacts, Outcomes,
            Preset, Removal, Scope, Secrecy, StateKey,
        },
    },
};

/// The types, by what they are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    /// Neither asks nor calls.
    Quiet,
    Asks,
    CallsOut,
    /// Compares a password; `true` proves it.
    Check,
    /// Compares a code; `true` proves it of whom it was made for.
    Code,
    /// Makes a new code, for whom is named.
    Issues,
    /// Makes a new code that is nobody's yet.
    Drafts,
    /// Sends the code to the address that the state states, else to that of whom is named.
    Sends,
    /// Reads the code, and may show it to whoever is there.
    Shows,
    /// Writes an address into the state.
    States,
    /// Takes the session that came with the start; `true` proves it.
    Session,
    /// Knows who was here; `true` proves it by a cookie.
    Cookie,
    /// Compares a signature; `true` proves a device.
    Device,
    /// Registers a device for whom is named, on `true`.
    Enrols,
    /// Keeps a device in mind for whom is named, on `true`, and stores it nowhere.
    Prepares,
    /// Makes an account for whom is named, on `true`.
    Makes,
    /// Makes an account and names its owner, on `true`, which it says is evidence of them.
    Registers,
    /// Writes the name of the identity.
    Names,
    Limits,
    /// Moves the level by a setting.
    Raises,
    /// Lets only a level through on `true`, and only a lower one on `false`.
    Gate,
    WritesShared,
    WritesTransient,
    /// Reads the transient value.
    Reads,
    /// Takes the shared value out on `true`.
    Removes,
    /// Writes the shared value, on some visits.
    MayWrite,
    /// A script of which nobody says whether it asks, though they could.
    Script,
    /// Nothing is known of it.
    Unknown,
}

pub(super) const KINDS: &[Kind] = &[
    Kind::Quiet,
    Kind::Asks,
    Kind::CallsOut,
    Kind::Check,
    Kind::Code,
    Kind::Issues,
    Kind::Drafts,
    Kind::Sends,
    Kind::Shows,
    Kind::States,
    Kind::Session,
    Kind::Cookie,
    Kind::Device,
    Kind::Enrols,
    Kind::Prepares,
    Kind::Makes,
    Kind::Registers,
    Kind::Names,
    Kind::Limits,
    Kind::Raises,
    Kind::Gate,
    Kind::WritesShared,
    Kind::WritesTransient,
    Kind::Reads,
    Kind::Removes,
    Kind::MayWrite,
    Kind::Script,
    Kind::Unknown,
];

/// The shared key, the transient key, and the number that guards compare.
pub(super) const KEYS: [&str; 4] = ["username", "note", "ticket", "count"];

impl Kind {
    pub(super) fn outcomes(self) -> &'static [&'static str] {
        match self {
            Self::Limits => &["Retry", "Reject"],
            Self::Names
            | Self::Raises
            | Self::Issues
            | Self::Drafts
            | Self::Sends
            | Self::Shows
            | Self::States
            | Self::WritesShared
            | Self::WritesTransient
            | Self::Reads
            | Self::MayWrite => &["outcome"],
            Self::Quiet
            | Self::Asks
            | Self::CallsOut
            | Self::Check
            | Self::Code
            | Self::Session
            | Self::Cookie
            | Self::Device
            | Self::Enrols
            | Self::Prepares
            | Self::Makes
            | Self::Registers
            | Self::Gate
            | Self::Removes
            | Self::Script
            | Self::Unknown => &["true", "false"],
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Quiet => "TestQuiet",
            Self::Asks => "TestAsks",
            Self::CallsOut => "TestCallsOut",
            Self::Check => "TestCheck",
            Self::Code => "TestCode",
            Self::Issues => "TestIssues",
            Self::Drafts => "TestDrafts",
            Self::Sends => "TestSends",
            Self::Shows => "TestShows",
            Self::States => "TestStates",
            Self::Session => "TestSession",
            Self::Cookie => "TestCookie",
            Self::Device => "TestDevice",
            Self::Enrols => "TestEnrols",
            Self::Prepares => "TestPrepares",
            Self::Makes => "TestMakes",
            Self::Registers => "TestRegisters",
            Self::Names => "TestNames",
            Self::Limits => "TestLimits",
            Self::Raises => "TestRaises",
            Self::Gate => "TestGate",
            Self::WritesShared => "TestWritesShared",
            Self::WritesTransient => "TestWritesTransient",
            Self::Reads => "TestReads",
            Self::Removes => "TestRemoves",
            Self::MayWrite => "TestMayWrite",
            Self::Script => "TestScript",
            Self::Unknown => "TestUnknown",
        }
    }

    /// The setting that matters, where there is one.
    pub(super) fn setting(self) -> Option<&'static str> {
        match self {
            Self::Limits => Some("limit"),
            Self::Raises => Some("by"),
            Self::Gate => Some("need"),
            _ => None,
        }
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each type")]
    pub(super) fn signature(self) -> Signature {
        let key = |scope, key: &'static str, always| StateKey {
            scope,
            key: Cow::Borrowed(key),
            named_by: None,
            ty: Type::Any,
            secrecy: Secrecy::Public,
            always,
        };
        let facts = |outcome: &'static str, proves, names| OutcomeFacts {
            proves,
            writes_identity: Known::Is(names),
            ..OutcomeFacts::new(outcome)
        };
        let plain = facts("*", None, false);
        let mut signature = Signature {
            name: Cow::Borrowed(self.name()),
            wire: Cow::Owned(format!("{}Node", self.name())),
            versions: Cow::Borrowed(&[1]),
            summary: Cow::Borrowed("A type of the tests."),
            settings: match self.setting() {
                None => Cow::Borrowed(&[]),
                Some(key) => Cow::Owned(vec![Setting {
                    key: Cow::Borrowed(key),
                    ty: Type::Int,
                    unit: None,
                    default: Preset::None,
                    required: true,
                    allowed: Cow::Borrowed(&[]),
                    range: None,
                }]),
            },
            outcomes: Outcomes::Fixed(
                self.outcomes()
                    .iter()
                    .map(|name| Cow::Borrowed(*name))
                    .collect::<Vec<_>>()
                    .into(),
            ),
            callbacks: Cow::Borrowed(&[]),
            reads: Cow::Borrowed(&[]),
            writes: Cow::Borrowed(&[]),
            removes: Cow::Borrowed(&[]),
            facts: Cow::Owned(vec![plain.clone()]),
            asks: Known::Is(false),
            asks_when: None,
            suspends: Known::Is(false),
            calls_out: Known::Is(false),
            calls_when: None,
            verifies: Known::Is(false),
            limits: None,
            page_child: true,
            finds: Cow::Borrowed(&[]),
            leads_to: None,
            runs: None,
        };
        match self {
            Self::Quiet => {}
            Self::Asks => signature.asks = Known::Is(true),
            Self::CallsOut => signature.calls_out = Known::Is(true),
            Self::Check => {
                signature.calls_out = Known::Is(true);
                signature.verifies = Known::Is(true);
                signature.reads = Cow::Owned(vec![key(Scope::Shared, "username", true)]);
                signature.facts =
                    Cow::Owned(vec![facts("true", Some(Factor::Password), true), plain]);
            }
            Self::Code => {
                signature.asks = Known::Is(true);
                signature.calls_out = Known::Is(true);
                signature.verifies = Known::Is(true);
                signature.reads = Cow::Owned(vec![key(Scope::Any, "code", true)]);
                let answered = OutcomeFacts {
                    challenge: Challenge::Answers,
                    ..facts("true", Some(Factor::Otp), false)
                };
                signature.facts = Cow::Owned(vec![answered, plain]);
            }
            Self::Issues => {
                signature.writes = Cow::Owned(vec![key(Scope::Transient, "code", true)]);
                signature.facts = Cow::Owned(vec![OutcomeFacts {
                    challenge: Challenge::Opens,
                    ..plain
                }]);
            }
            Self::Drafts => {
                signature.writes = Cow::Owned(vec![key(Scope::Transient, "code", true)]);
                signature.facts = Cow::Owned(vec![OutcomeFacts {
                    challenge: Challenge::Makes,
                    ..plain
                }]);
            }
            Self::Sends => {
                let address = StateKey {
                    secrecy: Secrecy::Personal,
                    ..key(Scope::Shared, "mail", false)
                };
                signature.calls_out = Known::Is(true);
                signature.reads = Cow::Owned(vec![address]);
                signature.writes = Cow::Owned(vec![key(Scope::Shared, "mail", true)]);
                signature.facts = Cow::Owned(vec![OutcomeFacts {
                    challenge: Challenge::Binds,
                    ..plain
                }]);
            }
            Self::Shows => {
                signature.calls_out = Known::Is(true);
                signature.reads = Cow::Owned(vec![key(Scope::Any, "code", false)]);
            }
            Self::States => {
                signature.writes = Cow::Owned(vec![key(Scope::Shared, "mail", true)]);
            }
            Self::Session => {
                signature.facts =
                    Cow::Owned(vec![facts("true", Some(Factor::Session), true), plain]);
            }
            Self::Cookie => {
                signature.facts =
                    Cow::Owned(vec![facts("true", Some(Factor::Cookie), true), plain]);
            }
            Self::Device => {
                signature.facts =
                    Cow::Owned(vec![facts("true", Some(Factor::Device), false), plain]);
            }
            Self::Enrols | Self::Prepares => {
                let when = if self == Self::Enrols {
                    Condition::Always
                } else {
                    Condition::IsTrue(Cow::Borrowed("at once"))
                };
                let changed = OutcomeFacts {
                    account: Account::Changed {
                        when,
                        hands: Cow::Borrowed(&[Factor::Device]),
                    },
                    ..facts("true", None, false)
                };
                signature.facts = Cow::Owned(vec![changed, plain]);
            }
            Self::Makes | Self::Registers => {
                let names = self == Self::Registers;
                let made = OutcomeFacts {
                    account: Account::Made,
                    ..facts("true", names.then_some(Factor::Registration), names)
                };
                signature.facts = Cow::Owned(vec![made, plain]);
            }
            Self::Names => {
                signature.asks = Known::Is(true);
                signature.facts = Cow::Owned(vec![facts("*", None, true)]);
            }
            Self::Limits => {
                signature.limits = Some(Limit {
                    setting: Cow::Borrowed("limit"),
                    outcome: Cow::Borrowed("Retry"),
                });
            }
            Self::Raises => {
                signature.facts = Cow::Owned(vec![OutcomeFacts {
                    level: LevelChange::BySetting(Cow::Borrowed("by")),
                    ..plain
                }]);
            }
            Self::Gate => {
                signature.facts = Cow::Owned(vec![
                    OutcomeFacts {
                        level_at_least: Some(Cow::Borrowed("need")),
                        ..facts("true", None, false)
                    },
                    OutcomeFacts {
                        level_below: Some(Cow::Borrowed("need")),
                        ..facts("false", None, false)
                    },
                ]);
            }
            Self::WritesShared => {
                signature.writes = Cow::Owned(vec![key(Scope::Shared, "note", true)]);
            }
            Self::WritesTransient => {
                signature.asks = Known::Is(true);
                signature.writes = Cow::Owned(vec![key(Scope::Transient, "ticket", true)]);
            }
            Self::Reads => {
                signature.reads = Cow::Owned(vec![key(Scope::Any, "ticket", false)]);
            }
            Self::Removes => {
                signature.removes = Cow::Owned(vec![Removal {
                    key: Cow::Borrowed("note"),
                    named_by: None,
                    outcome: Cow::Borrowed("true"),
                }]);
            }
            Self::MayWrite => {
                signature.writes = Cow::Owned(vec![
                    key(Scope::Shared, "note", false),
                    key(Scope::Shared, "count", false),
                ]);
            }
            Self::Script => {
                signature.settings = Cow::Owned(vec![Setting::new("asks", Type::Bool)]);
                signature.asks = Known::Unknown;
                signature.asks_when = Some(Condition::IsTrue(Cow::Borrowed("asks")));
            }
            Self::Unknown => {
                signature.asks = Known::Unknown;
                signature.suspends = Known::Unknown;
                signature.calls_out = Known::Unknown;
                signature.verifies = Known::Unknown;
                signature.facts = Cow::Owned(vec![OutcomeFacts {
                    writes_identity: Known::Unknown,
                    ..plain
                }]);
            }
        }
        signature
    }

    /// What a visit of it may do, said a second time so that the oracle reads no signatures.
    pub(super) fn may_stop(self) -> bool {
        matches!(
            self,
            Self::Asks
                | Self::Code
                | Self::Names
                | Self::WritesTransient
                | Self::Script
                | Self::Unknown
        )
    }

    pub(super) fn may_fail(self) -> bool {
        matches!(
            self,
            Self::CallsOut | Self::Check | Self::Code | Self::Sends | Self::Shows | Self::Unknown
        )
    }

    pub(super) fn proves(self, outcome: &str) -> Option<Factor> {
        match (self, outcome) {
            (Self::Check, "true") => Some(Factor::Password),
            (Self::Code, "true") => Some(Factor::Otp),
            (Self::Session, "true") => Some(Factor::Session),
            (Self::Cookie, "true") => Some(Factor::Cookie),
            (Self::Device, "true") => Some(Factor::Device),
            (Self::Registers, "true") => Some(Factor::Registration),
            _ => None,
        }
    }

    pub(super) fn names(self, outcome: &str) -> bool {
        matches!(
            (self, outcome),
            (
                Self::Check | Self::Session | Self::Cookie | Self::Registers,
                "true"
            ) | (Self::Names | Self::Unknown, _)
        )
    }
}

/// Whether another person may be named than the one named before.
pub(super) fn renames(kind: Kind, outcome: &str) -> bool {
    kind.names(outcome) && kind != Kind::Check
}

/// All of them in one catalogue; the numbers follow [`KINDS`].
pub(super) fn catalog() -> (Catalog, Vec<TypeId>) {
    let mut catalog = Catalog::default();
    let ids = KINDS
        .iter()
        .map(|kind| catalog.add(kind.signature()).unwrap())
        .collect();
    (catalog, ids)
}

pub(super) fn task(ids: &[TypeId], kind: Kind, number: i64) -> Task {
    let at = KINDS.iter().position(|other| *other == kind).unwrap();
    Task {
        ty: ids[at],
        version: 1,
        settings: kind
            .setting()
            .map(|key| (Arc::from(key), SettingValue::Constant(Value::Int(number))))
            .into_iter()
            .collect(),
        files: std::collections::BTreeMap::new(),
    }
}
