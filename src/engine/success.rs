//! The way into success: the last questions, each of which can only refuse.
//!
//! Success of an inner journey is an outcome like any other. Success of the outermost one is asked: is
//! there a proof of who logs in, or an exception at the very arrow that came here; is the level the one
//! claimed and the one asked for, which a session without a proof never has; is the account there and active; is it the account of the session the
//! run came with, and the one that the start expects. What can be answered from the run alone is answered before anything is asked outside.

use std::sync::Arc;

use crate::{
    engine::{
        action::Subject,
        effect::{Effect, EffectReply, Identity, ReadIdentity, Who},
        plan::NOWHERE,
        run::Asker,
        start::StartSession,
        step::{End, Ending, FailureReason, Success},
        turn::Turn,
        walk::Next,
    },
    model::level::AuthLevel,
};

impl Turn<'_> {
    pub(crate) fn arrive_at_success(&mut self) -> Next {
        if !self.run.frames.is_empty() {
            if let Some(reason) = self.unmet() {
                return self.end(reason);
            }
            return self.leave_by(|inner| inner.success);
        }
        let allowed = self.from != NOWHERE
            && self
                .plan
                .label(self.from)
                .is_some_and(|label| label.allows_unproved);
        self.run.unproved_allowed = allowed;
        let proved = self.proved_subject();
        if proved.is_none() && !allowed {
            return self.end(FailureReason::UnprovedSuccess);
        }
        // A session without a proof meets no requirement: whoever asked for a level would ask again.
        let asked = self.run.start.asked_level.unwrap_or(AuthLevel::ZERO);
        let in_vain = proved.is_none() && asked > AuthLevel::ZERO;
        if in_vain || self.run.level < self.level_needed() {
            return self.end(FailureReason::LevelNotReached);
        }
        if let Some(reason) = self.unmet() {
            return self.end(reason);
        }
        let Some(who) = proved
            .map(|subject| Who::Subject(subject.id))
            .or_else(|| self.who())
        else {
            return self.end(FailureReason::Inactive);
        };
        self.unit = NOWHERE;
        self.run.asker = Asker::Success;
        self.call(Effect::ReadIdentity(ReadIdentity {
            who,
            attributes: Vec::new(),
        }))
    }

    /// The subject, where a factor of it was proved in this run.
    fn proved_subject(&self) -> Option<Subject> {
        let proofs = &self.run.proofs;
        proofs
            .subject
            .clone()
            .filter(|subject| proofs.proves(&subject.id))
    }

    /// The level that success needs: the one the journey claims, or a higher one that the start asks.
    fn level_needed(&self) -> AuthLevel {
        let claimed = self
            .plan
            .journey(self.run.journey)
            .and_then(|journey| journey.settings.level);
        let asked = self.run.start.asked_level;
        claimed.max(asked).unwrap_or(AuthLevel::ZERO)
    }

    /// The identity at the end of the run is here.
    pub(crate) fn resume_success(&mut self, reply: EffectReply) -> Next {
        self.run.asker = Asker::Node;
        let identity = match reply {
            EffectReply::Identity(Some(identity)) if identity.active => identity,
            EffectReply::Failed(message) => {
                let node = self.node_name();
                return self.end(FailureReason::NodeFailed { node, message });
            }
            _ => return self.end(FailureReason::Inactive),
        };
        let known = &self.run.proofs.subject;
        if known
            .as_ref()
            .is_some_and(|known| known.id != identity.subject)
        {
            return self.end(FailureReason::Inactive);
        }
        let start = &self.run.start;
        // A session of nobody proved is let go where a node says so.
        let lets_go = self.run.ends.as_ref().is_some_and(|ends| ends.lets_go);
        let bound = |proved: bool| proved || !lets_go;
        let beside = start
            .session
            .as_ref()
            .filter(|session| bound(session.proved));
        let beside = beside.map(|session| &session.subject);
        let mut wanted = beside.into_iter().chain(&start.expects);
        if wanted.any(|subject| *subject != identity.subject) {
            return self.end(FailureReason::OtherSubject);
        }
        let proved = self.run.proofs.proves(&identity.subject);
        if !proved && !self.run.unproved_allowed {
            return self.end(FailureReason::UnprovedSuccess);
        }
        self.succeed(identity, proved)
    }

    fn succeed(&mut self, identity: Identity, proved: bool) -> Next {
        let plan = self.plan;
        let settings = plan
            .journey(self.run.journey)
            .map(|journey| &journey.settings);
        let run = &mut *self.run;
        let mut ends = run.take_ends();
        let evidence = std::mem::take(&mut run.proofs.evidence);
        // Only one that was let go can be somebody else's here.
        let (own, foreign): (Option<&StartSession>, _) = match run.start.session.as_ref() {
            Some(session) if session.subject == identity.subject => (Some(session), None),
            foreign => (None, foreign),
        };
        let upgrades = own.map(|session| session.session.clone());
        let releases = foreign.map(|session| session.session.clone());
        let mut node_types: Vec<Arc<str>> = Vec::new();
        for proof in &evidence {
            let ty = plan.units.iter().find(|unit| unit.name == proof.node);
            if let Some(unit) = ty.filter(|unit| !node_types.contains(&unit.ty)) {
                node_types.push(Arc::clone(&unit.ty));
            }
        }
        let success = Success {
            subject: Subject {
                id: identity.subject,
                username: identity.username,
            },
            proved,
            evidence,
            level: run.level,
            journey: Arc::clone(&run.start.journey),
            no_session: run.start.no_session || settings.is_some_and(|s| s.no_session),
            upgrades,
            releases,
            properties: std::mem::take(&mut ends.properties),
            node_types,
            success_url: run.start.goto.clone().or(ends.success_url.clone()),
            journey_url: ends.success_url,
            details: ends.details,
            session_details: ends.session_details,
            headers: ends.headers.remove(&Ending::Success).unwrap_or_default(),
            session_time_max: ends
                .session_time
                .or(settings.and_then(|s| s.session_time_max)),
            idle_time_max: ends.idle_time.or(settings.and_then(|s| s.idle_time_max)),
            kept: ends.kept,
            remember: ends.remember.into_values().collect(),
        };
        self.finish(End::Success(Arc::new(success)))
    }
}
