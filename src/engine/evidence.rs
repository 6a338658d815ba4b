//! Who a run is for, and what of that subject it has proved.
//!
//! The subject comes from replies to effects alone, never from a name someone typed. Naming another
//! person, by writing another `username` or by an effect that finds another identity, drops every proof
//! and every open challenge: what was proved was proved of somebody else.

use crate::{
    engine::{
        action::Subject,
        effect::{Identity, SubjectId},
        step::Evidence,
    },
    model::{signature::Factor, value::Value},
};

/// A challenge that is open: a code was made, and is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Challenge {
    /// Whose profile's address the code went to; nobody's until then.
    pub(crate) subject: Option<Subject>,
    /// Whether anybody outside the run may know the code, although nothing says whose it is.
    pub(crate) out: bool,
}

/// The subject of a run with its proofs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Proofs {
    pub(crate) subject: Option<Subject>,
    pub(crate) evidence: Vec<Evidence>,
    pub(crate) challenge: Option<Challenge>,
    /// What a provider told last of somebody who may have no account here yet. No node but one that proves
    /// a federation puts it here, so a state that says the same says what a provider told.
    pub(crate) told: Option<Value>,
}

impl Proofs {
    /// Drops everything: another name was written.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn is_clear(&self) -> bool {
        self.subject.is_none()
            && self.evidence.is_empty()
            && self.challenge.is_none()
            && self.told.is_none()
    }

    /// Makes this identity the subject; proofs of another are dropped, and its challenge is closed. Says
    /// whether there was another.
    pub(crate) fn identify(&mut self, identity: &Identity) -> bool {
        let another = self
            .subject
            .as_ref()
            .is_some_and(|subject| subject.id != identity.subject);
        let same = self
            .subject
            .as_ref()
            .is_some_and(|subject| subject.id == identity.subject);
        if !same {
            self.evidence.clear();
            let of_same = self.challenge.as_ref().is_some_and(|challenge| {
                challenge
                    .subject
                    .as_ref()
                    .is_none_or(|subject| subject.id == identity.subject)
            });
            if !of_same {
                self.challenge = None;
            }
        }
        self.subject = Some(Subject {
            id: identity.subject.clone(),
            username: identity.username.clone(),
        });
        another
    }

    /// Whether a factor other than the session was proved of this subject.
    pub(crate) fn proves(&self, subject: &SubjectId) -> bool {
        self.evidence
            .iter()
            .any(|proof| proof.subject == *subject && proof.factor != Factor::Session)
    }

    /// Adds a proof; one of the same node and visit is replaced, as a page passes its children again.
    pub(crate) fn add(&mut self, proof: Evidence) {
        self.evidence
            .retain(|old| old.visit != proof.visit || old.node != proof.node);
        self.evidence.push(proof);
    }

    /// Opens a challenge that is for nobody yet: its code has gone nowhere.
    pub(crate) fn open(&mut self) {
        self.challenge = Some(Challenge {
            subject: None,
            out: false,
        });
    }

    /// Whether a code was made that nobody can know: it was sent to no one and shown to no one.
    pub(crate) fn is_unsent(&self) -> bool {
        self.challenge
            .as_ref()
            .is_some_and(|open| open.subject.is_none() && !open.out)
    }

    /// Names whom the open challenge is for; closes it where it or the run has another subject.
    pub(crate) fn bind(&mut self, subject: &Subject) {
        let Some(challenge) = &mut self.challenge else {
            return;
        };
        let known = challenge.subject.as_ref().or(self.subject.as_ref());
        if known.is_some_and(|known| known.id != subject.id) {
            self.challenge = None;
        } else {
            challenge.subject = Some(subject.clone());
        }
    }
}
