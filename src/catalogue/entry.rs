//! The shape of a line in the table.
//!
//! Everything here is a constant and `Copy`, so that one node type reads as one paragraph. What comes
//! out is a [`Signature`]; nothing else sees these types.

use std::borrow::Cow;

pub(super) use super::{cell::*, meaning::*};
use crate::model::signature::{BoundedOutcome, Condition, Known, Limit, Outcomes, Signature};

/// When an outcome is there.
#[derive(Debug, Clone, Copy)]
pub(super) enum When {
    Always,
    IsTrue(&'static str),
    IsFalse(&'static str),
    Positive(&'static str),
    Is(&'static str, &'static str),
    EachOf(&'static str),
    Both(&'static [When]),
}

impl When {
    // The nesting is that of the constants below: one level.
    pub(super) fn condition(self) -> Condition {
        match self {
            Self::Always => Condition::Always,
            Self::IsTrue(key) => Condition::IsTrue(Cow::Borrowed(key)),
            Self::IsFalse(key) => Condition::IsFalse(Cow::Borrowed(key)),
            Self::Positive(key) => Condition::Positive(Cow::Borrowed(key)),
            Self::Is(key, word) => Condition::Is(Cow::Borrowed(key), Cow::Borrowed(word)),
            Self::EachOf(key) => Condition::EachOf(Cow::Borrowed(key)),
            Self::Both(parts) => {
                Condition::Both(parts.iter().map(|part| part.condition()).collect())
            }
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Out {
    Fixed(Words),
    Bounded(&'static [(&'static str, When)]),
    LastChild,
    Authored(Option<&'static str>, Words),
}

/// A node type.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    wire: &'static str,
    summary: &'static str,
    versions: &'static [u32],
    settings: &'static [Cell],
    outcomes: Out,
    callbacks: Words,
    reads: &'static [Key],
    writes: &'static [Key],
    removes: &'static [Gone],
    facts: &'static [Fact],
    asks: Known<bool>,
    asks_when: Option<When>,
    suspends: Known<bool>,
    calls_out: Known<bool>,
    calls_when: Option<When>,
    verifies: Known<bool>,
    limits: Option<(&'static str, &'static str)>,
    page_child: bool,
    leads_to: Option<&'static str>,
}

/// A type by its id on the wire. Until its line says more it has the one outcome `outcome`, asks
/// nothing, needs nobody and may stand in a page.
pub(super) const fn node(wire: &'static str, summary: &'static str) -> Entry {
    Entry {
        wire,
        summary,
        versions: &[1],
        settings: &[],
        outcomes: Out::Fixed(&["outcome"]),
        callbacks: &[],
        reads: &[],
        writes: &[],
        removes: &[],
        facts: &[],
        asks: Known::Is(false),
        asks_when: None,
        suspends: Known::Is(false),
        calls_out: Known::Is(false),
        calls_when: None,
        verifies: Known::Is(false),
        limits: None,
        page_child: true,
        leads_to: None,
    }
}

impl Entry {
    /// It comes in the versions 1.0 and 2.0.
    pub(super) const fn two_versions(self) -> Self {
        Self {
            versions: &[1, 2],
            ..self
        }
    }

    /// Its settings.
    pub(super) const fn settings(self, settings: &'static [Cell]) -> Self {
        Self { settings, ..self }
    }

    /// It ends in one of these.
    pub(super) const fn outcomes(self, outcomes: Words) -> Self {
        Self {
            outcomes: Out::Fixed(outcomes),
            ..self
        }
    }

    /// It ends in one of these, as far as its settings allow.
    pub(super) const fn bounded(self, outcomes: &'static [(&'static str, When)]) -> Self {
        Self {
            outcomes: Out::Bounded(outcomes),
            ..self
        }
    }

    /// It ends as its last child does.
    pub(super) const fn last_child(self) -> Self {
        Self {
            outcomes: Out::LastChild,
            ..self
        }
    }

    /// The arms define the outcomes, and with them this setting.
    pub(super) const fn authored(self, setting: &'static str) -> Self {
        Self {
            outcomes: Out::Authored(Some(setting), &[]),
            ..self
        }
    }

    /// The arms define the outcomes; these are there besides.
    pub(super) const fn arms(self, besides: Words) -> Self {
        Self {
            outcomes: Out::Authored(None, besides),
            ..self
        }
    }

    /// It sends these callbacks.
    pub(super) const fn asks(self, callbacks: Words) -> Self {
        Self {
            callbacks,
            asks: Known::Is(true),
            ..self
        }
    }

    /// It may send these callbacks, or none at all.
    pub(super) const fn may_ask(self, callbacks: Words) -> Self {
        Self {
            callbacks,
            asks: Known::Unknown,
            ..self
        }
    }

    /// It asks for sure where its settings say so.
    pub(super) const fn asks_where(self, when: When) -> Self {
        Self {
            asks_when: Some(when),
            ..self
        }
    }

    /// It reads these keys.
    pub(super) const fn reads(self, reads: &'static [Key]) -> Self {
        Self { reads, ..self }
    }

    /// It writes these keys.
    pub(super) const fn writes(self, writes: &'static [Key]) -> Self {
        Self { writes, ..self }
    }

    /// It takes these keys out of the state.
    pub(super) const fn removes(self, removes: &'static [Gone]) -> Self {
        Self { removes, ..self }
    }

    /// What its outcomes mean; an outcome without a line means nothing.
    pub(super) const fn facts(self, facts: &'static [Fact]) -> Self {
        Self { facts, ..self }
    }

    /// It suspends the run, so it may not stand in a page.
    pub(super) const fn suspends(self) -> Self {
        Self {
            suspends: Known::Is(true),
            page_child: false,
            ..self
        }
    }

    /// It may suspend the run.
    pub(super) const fn may_suspend(self) -> Self {
        Self {
            suspends: Known::Unknown,
            ..self
        }
    }

    /// It needs someone outside the engine.
    pub(super) const fn calls_out(self) -> Self {
        Self {
            calls_out: Known::Is(true),
            ..self
        }
    }

    /// It needs someone outside the engine where its settings say so, and nowhere else.
    pub(super) const fn calls_out_where(self, when: When) -> Self {
        Self {
            calls_out: Known::Is(true),
            calls_when: Some(when),
            ..self
        }
    }

    /// A secret is compared outside.
    pub(super) const fn verifies(self) -> Self {
        Self {
            verifies: Known::Is(true),
            ..self.calls_out()
        }
    }

    /// Whether a secret is compared is not known.
    pub(super) const fn may_verify(self) -> Self {
        Self {
            verifies: Known::Unknown,
            ..self
        }
    }

    /// This setting bounds how often this outcome is taken.
    pub(super) const fn limits(self, setting: &'static str, outcome: &'static str) -> Self {
        Self {
            limits: Some((setting, outcome)),
            ..self
        }
    }

    /// As the last of a page it is passed first, and the others only where it ends in this outcome.
    pub(super) const fn leads_to(self, outcome: &'static str) -> Self {
        Self {
            leads_to: Some(outcome),
            ..self
        }
    }

    /// It may not stand in a page.
    pub(super) const fn never_in_page(self) -> Self {
        Self {
            page_child: false,
            ..self
        }
    }

    /// The name in text.
    pub(super) fn name(&self) -> &'static str {
        self.wire.strip_suffix("Node").unwrap_or(self.wire)
    }

    /// The signature.
    pub(super) fn signature(&self) -> Signature {
        Signature {
            name: Cow::Borrowed(self.name()),
            wire: Cow::Borrowed(self.wire),
            versions: Cow::Borrowed(self.versions),
            summary: Cow::Borrowed(self.summary),
            settings: self.settings.iter().map(Cell::setting).collect(),
            outcomes: self.outcome_kinds(),
            callbacks: borrowed(self.callbacks),
            reads: self.reads.iter().map(Key::state_key).collect(),
            writes: self.writes.iter().map(Key::state_key).collect(),
            removes: self.removes.iter().map(Gone::removal).collect(),
            facts: self.facts.iter().map(Fact::facts).collect(),
            finds: super::ground::finds(self.wire),
            asks: self.asks,
            asks_when: self.asks_when.map(When::condition),
            suspends: self.suspends,
            calls_out: self.calls_out,
            calls_when: self.calls_when.map(When::condition),
            verifies: self.verifies,
            limits: self.limits.map(|(setting, outcome)| Limit {
                setting: Cow::Borrowed(setting),
                outcome: Cow::Borrowed(outcome),
            }),
            page_child: self.page_child,
            leads_to: self.leads_to.map(Cow::Borrowed),
            runs: None,
        }
    }

    fn outcome_kinds(&self) -> Outcomes {
        match self.outcomes {
            Out::Fixed(names) => Outcomes::Fixed(borrowed(names)),
            Out::Bounded(outcomes) => Outcomes::Bounded(
                outcomes
                    .iter()
                    .map(|(name, when)| BoundedOutcome {
                        name: Cow::Borrowed(*name),
                        when: when.condition(),
                    })
                    .collect(),
            ),
            Out::LastChild => Outcomes::LastChild,
            Out::Authored(setting, besides) => Outcomes::Authored {
                setting: setting.map(Cow::Borrowed),
                besides: borrowed(besides),
            },
        }
    }
}
