//! Who the run is about: names that are written, identities that effects vouched for, what they prove.
//!
//! In: the way out that a node chose, or a name that it wrote. Out: the subject, the evidence and the level
//! of the run; another name than before drops all three. What a proof is worth at success is not here.

use std::sync::Arc;

use crate::{
    engine::{
        action::Go, effect::Who, error::NodeError, plan::Facts, state::Place, step::Evidence,
        turn::Turn,
    },
    model::{journey::OutcomeId, level::AuthLevel, signature::Factor, value::Value},
};

impl Turn<'_> {
    /// Whom a look-up is about: the subject, else the name typed.
    pub(crate) fn who(&self) -> Option<Who> {
        match &self.run.proofs.subject {
            Some(subject) => Some(Who::Subject(subject.id.clone())),
            None => self.run.username(self.plan.known.username).map(Who::Name),
        }
    }

    /// A level that was moved must have been moved as the signature says: proofs rest on that.
    #[inline]
    pub(crate) fn check_level(&self, outcome: OutcomeId) -> Result<(), NodeError> {
        let Some(before) = self.run.visit.level_before else {
            return Ok(());
        };
        let facts = self
            .plan
            .unit(self.unit)
            .and_then(|unit| unit.facts.get(outcome.index()));
        match facts {
            Some(Facts { level: None, .. }) => Ok(()),
            Some(Facts {
                level: Some(by), ..
            }) if before.raised(*by) == self.run.level => Ok(()),
            _ => Err(NodeError::new(
                "the level was moved otherwise than the signature says",
            )),
        }
    }

    /// The identity that a way out names, and the proof of it.
    pub(crate) fn prove_identity(&mut self, go: &Go) -> Result<(), NodeError> {
        let Some(identity) = &go.identity else {
            return Err(NodeError::new("a proof names nobody"));
        };
        if !self.run.is_vouched(&identity.subject) {
            return Err(NodeError::new("the identity was named by no effect"));
        }
        let facts = self
            .plan
            .unit(self.unit)
            .and_then(|unit| unit.facts.get(go.outcome.index()));
        // The proofs rest on it: behind an outcome that renames nobody, what was proved before still holds.
        let subject = self.run.proofs.subject.as_ref();
        if subject.is_some_and(|subject| subject.id != identity.subject)
            && facts.is_some_and(|facts| !facts.renames)
        {
            return Err(NodeError::new(
                "the signature does not say that this outcome names another user",
            ));
        }
        // A code of an app has nothing to do with one that was made for this run.
        let answers = facts.is_some_and(|facts| facts.answers);
        if let Some(factor) = go.proof {
            let allowed = facts.is_some_and(|facts| facts.proves == Some(factor));
            if !allowed {
                return Err(NodeError::new(format!(
                    "the signature does not say that this outcome proves {factor}"
                )));
            }
            let challenged = self.run.proofs.challenge.as_ref();
            if answers
                && factor == Factor::Otp
                && challenged.is_some_and(|challenge| {
                    challenge
                        .subject
                        .as_ref()
                        .is_none_or(|s| s.id != identity.subject)
                })
            {
                return Err(NodeError::new("the code was not sent to this subject"));
            }
        }
        let proof = go.proof.map(|factor| Evidence {
            subject: identity.subject.clone(),
            factor,
            node: self.unit_name(),
            visit: self.run.visits,
            at: self.now,
        });
        let username = Value::Text(Arc::clone(&identity.username));
        let proofs = self.run.proofs_mut();
        let another = proofs.identify(identity);
        if let Some(proof) = proof {
            if answers && proof.factor == Factor::Otp {
                // Used up with its code.
                proofs.challenge = None;
            }
            proofs.add(proof);
        }
        if another {
            self.drop_level();
        }
        let key = self.plan.known.username;
        if self.run.state.shared.get(&key) != Some(&username) {
            self.run.set_cell(Place::Shared, key, Some(username));
        }
        Ok(())
    }

    /// A write of a name: another one than before drops all that was proved.
    pub(super) fn write_username(&mut self, value: &Value) {
        let same = |known: Option<&str>| known.is_some() && value.as_text() == known;
        let key = self.plan.known.username;
        let there = self.run.state.shared.get(&key).and_then(Value::as_text);
        let subject = self.run.proofs.subject.as_ref().map(|s| &*s.username);
        if same(there) || same(subject) {
            return;
        }
        let another = there.is_some() || subject.is_some();
        if !self.run.proofs.is_clear() {
            self.run.proofs_mut().clear();
        }
        if another {
            self.drop_level();
        }
    }

    /// The level is that of whoever was named before: it counts for nobody else.
    pub(super) fn drop_level(&mut self) {
        if self.run.level != AuthLevel::ZERO {
            self.run.set_level(AuthLevel::ZERO);
        }
        // What the node has moved is lost too, and held to no signature.
        self.run.visit.level_before = None;
    }

    /// Whether the unit at hand is of a type that can prove a federation.
    pub(super) fn is_provider(&self) -> bool {
        let federation = Some(Factor::Federation);
        let unit = self.plan.unit(self.unit);
        unit.is_some_and(|unit| unit.facts.iter().any(|facts| facts.proves == federation))
    }
}
