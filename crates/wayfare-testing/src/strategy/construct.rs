//! What there is in the language, to be counted: a generator that never makes something tests nothing of it.

use std::{collections::BTreeMap, fmt};

/// A construct of the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each is named as docs/language.md names it")]
pub enum Construct {
    Allow,
    AtMost,
    AuthoredOutcomes,
    BlockText,
    Choice,
    CodeByMail,
    Comment,
    Constant,
    Decision,
    Offered,
    DocComment,
    EnsureAny,
    EnsureHas,
    EnsureLevel,
    EnsureProof,
    EveryPath,
    Extern,
    Fragment,
    FragmentInFragment,
    FragmentParameter,
    Import,
    Inner,
    InnerError,
    InnerOnly,
    Interpolation,
    JourneyTimes,
    LevelClaim,
    LevelDecision,
    LevelRaise,
    LocalizedText,
    Lockout,
    LooseEnd,
    NamedGuard,
    Never,
    NoSession,
    OnErrorJourney,
    OnErrorNode,
    OneLineNode,
    Page,
    PageTwo,
    Parameter,
    PathWritten,
    Policy,
    PolicyRequire,
    QuotedOutcome,
    RetryLimit,
    SessionProperties,
    SeveralOutcomes,
    State,
    Unproved,
    Wait,
    WireName,
}

impl Construct {
    /// Every construct.
    pub const ALL: &[Self] = &[
        Self::Allow,
        Self::AtMost,
        Self::AuthoredOutcomes,
        Self::BlockText,
        Self::Choice,
        Self::CodeByMail,
        Self::Comment,
        Self::Constant,
        Self::Decision,
        Self::Offered,
        Self::DocComment,
        Self::EnsureAny,
        Self::EnsureHas,
        Self::EnsureLevel,
        Self::EnsureProof,
        Self::EveryPath,
        Self::Extern,
        Self::Fragment,
        Self::FragmentInFragment,
        Self::FragmentParameter,
        Self::Import,
        Self::Inner,
        Self::InnerError,
        Self::InnerOnly,
        Self::Interpolation,
        Self::JourneyTimes,
        Self::LevelClaim,
        Self::LevelDecision,
        Self::LevelRaise,
        Self::LocalizedText,
        Self::Lockout,
        Self::LooseEnd,
        Self::NamedGuard,
        Self::Never,
        Self::NoSession,
        Self::OnErrorJourney,
        Self::OnErrorNode,
        Self::OneLineNode,
        Self::Page,
        Self::PageTwo,
        Self::Parameter,
        Self::PathWritten,
        Self::Policy,
        Self::PolicyRequire,
        Self::QuotedOutcome,
        Self::RetryLimit,
        Self::SessionProperties,
        Self::SeveralOutcomes,
        Self::State,
        Self::Unproved,
        Self::Wait,
        Self::WireName,
    ];
}

/// How often each construct occurred.
///
/// ```
/// use wayfare_testing::strategy::{Construct, Table};
/// let mut table = Table::default();
/// table.count([Construct::Page, Construct::Page]);
/// assert_eq!(table.of(Construct::Page), 2);
/// assert!(table.missing().contains(&Construct::Policy));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table(BTreeMap<Construct, u64>);

impl Table {
    /// Counts these.
    pub fn count(&mut self, constructs: impl IntoIterator<Item = Construct>) {
        for construct in constructs {
            *self.0.entry(construct).or_default() += 1;
        }
    }

    /// How often a construct occurred.
    pub fn of(&self, construct: Construct) -> u64 {
        self.0.get(&construct).copied().unwrap_or(0)
    }

    /// The constructs that never did.
    pub fn missing(&self) -> Vec<Construct> {
        let all = Construct::ALL.iter().copied();
        all.filter(|construct| self.of(*construct) == 0).collect()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for construct in Construct::ALL {
            let name = format!("{construct:?}");
            writeln!(f, "{name:20} {:8}", self.of(*construct))?;
        }
        Ok(())
    }
}
