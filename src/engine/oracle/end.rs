//! What leaving a node proves, and how a run ends.

use std::{mem, sync::Arc};

use super::walker::{Then, Waits, Walker};
use crate::{
    codes::UNPROVED_SUCCESS,
    engine::{
        action::{Go, Subject},
        effect::{Effect, EffectReply, ReadIdentity, SubjectId, Who},
        error::NodeError,
        ground::Ground,
        step::{End, Ending, Evidence, Failure, FailureReason, Step, Success},
    },
    model::{
        ground::GroundKind,
        journey::{NodeKind, OutcomeId, SettingValue, Task},
        level::AuthLevel,
        signature::{Challenge::Answers, Factor, Found, LevelChange, Signature},
        value::Value,
    },
};

impl<'p> Walker<'p> {
    /// Whether a node may leave so, and what its leaving means for the proofs.
    pub(super) fn leaving(&mut self, go: &Go) -> Result<(), NodeError> {
        let before = self.visit_at_hand().level;
        let task = self.task();
        if let Some(before) = before {
            let task = task.unwrap();
            let signature = self.kit.signature(task);
            let right = match self.outcome(go.outcome) {
                // What depends on the run is not held to anything.
                Some(outcome) => level_change(&signature, task, outcome)
                    .is_none_or(|by| before.raised(by) == self.state.level),
                None => false,
            };
            if !right {
                self.saw("a level moved otherwise than the signature says");
                let what = "the level was moved otherwise than the signature says";
                return Err(NodeError::new(what));
            }
        }
        if go.proof.is_some() || go.identity.is_some() {
            self.identify(go, task.unwrap())?;
        }
        self.find(go);
        Ok(())
    }

    /// A reply that tells why is the node's only in part.
    pub(super) fn hear(&mut self, reply: EffectReply) -> EffectReply {
        let told = Ground::told_by(&reply);
        if told.is_some() {
            self.visit_at_hand_mut().told = told;
        }
        if matches!(reply, EffectReply::Missed(_)) {
            self.saw("a miss that says why");
            return EffectReply::Miss;
        }
        reply
    }

    /// What the catalogue says that this outcome finds.
    fn find(&mut self, go: &Go) {
        let (told, raised) = {
            let visit = self.visit_at_hand();
            (visit.told.clone(), visit.raised.clone())
        };
        let line = self.task().and_then(|task| {
            let signature = self.kit.signature(task);
            let outcome = self.outcome(go.outcome)?;
            let mut lines = signature.finds.iter();
            lines.find(|line| line.outcome == outcome).cloned()
        });
        match line.map(|line| line.ground) {
            None if go.proof.is_some() => self.ground = None,
            None => {}
            Some(Found::BySetting(_)) => self.ground = raised.or(self.ground.take()),
            Some(Found::Kind(kind)) => {
                self.saw("an outcome that finds something");
                let same = |told: &Ground| match (kind, told.kind()) {
                    (GroundKind::InvalidCredentials, GroundKind::AccountLocked)
                    | (GroundKind::FieldsInvalid, GroundKind::AlreadyExists) => true,
                    (kind, told) => kind == told,
                };
                let heard = raised.or(told).filter(same);
                self.ground = Some(heard.unwrap_or_else(|| Ground::plain(kind)));
            }
        }
    }

    /// The name of an outcome of the unit at hand.
    pub(super) fn outcome(&self, outcome: OutcomeId) -> Option<&'p str> {
        let kit = self.kit;
        let node = kit.node(self.at);
        let outcomes = match (&self.page, &node.kind) {
            (Some(page), NodeKind::Page(written)) => &written.children[page.cursor].outcomes,
            _ => &node.outcomes,
        };
        outcomes.get(outcome.index()).map(|name| &**name)
    }

    /// Whether the outcome is that of a right answer to the code of the run.
    fn is_answer(&self, task: &Task, go: &Go) -> bool {
        let signature = self.kit.signature(task);
        let facts = self
            .outcome(go.outcome)
            .map(|name| signature.facts_of(name));
        facts
            .flatten()
            .is_some_and(|facts| facts.challenge == Answers)
    }

    pub(super) fn identify(&mut self, go: &Go, task: &Task) -> Result<(), NodeError> {
        let Some(identity) = &go.identity else {
            return Err(NodeError::new("a proof names nobody"));
        };
        let id = &identity.subject;
        let visit = self.visit_at_hand();
        let known = visit.anybody
            || visit.named.contains(id)
            || self.state.subject.as_ref().is_some_and(|s| s.id == *id)
            || self
                .start
                .session
                .as_ref()
                .is_some_and(|s| s.subject == *id);
        if !known {
            self.saw("an identity that nothing has named");
            return Err(NodeError::new("the identity was named by no effect"));
        }
        let setting = |key: &str| {
            task.settings
                .iter()
                .find(|(k, _)| **k == *key)
                .map(|(_, v)| v)
        };
        let outcome = self.outcome(go.outcome);
        let other = self.state.subject.as_ref().is_some_and(|s| s.id != *id);
        let signature = self.kit.signature(task);
        if other && outcome.is_some_and(|o| !signature.renames(o, setting).or(true)) {
            self.saw("another user where the signature names none");
            return Err(NodeError::new(
                "the signature does not say that this outcome names another user",
            ));
        }
        if let Some(factor) = go.proof {
            let may = outcome.and_then(|o| signature.proves(o, setting));
            if may != Some(factor) {
                return Err(NodeError::new(format!(
                    "the signature does not say that this outcome proves {factor}"
                )));
            }
            if self.is_answer(task, go)
                && factor == Factor::Otp
                && let Some(challenge) = &self.state.challenge
                && challenge.sent_to.as_ref().is_none_or(|to| to.id != *id)
            {
                return Err(NodeError::new("the code was not sent to this subject"));
            }
        }
        if self
            .state
            .subject
            .as_ref()
            .is_none_or(|subject| subject.id != *id)
        {
            self.state.evidence.clear();
            if let Some(challenge) = &self.state.challenge
                && challenge.sent_to.as_ref().is_some_and(|to| to.id != *id)
            {
                self.state.challenge = None;
            }
        }
        let another = self.state.subject.as_ref().is_some_and(|s| s.id != *id);
        self.state.subject = Some(Subject {
            id: id.clone(),
            username: Arc::clone(&identity.username),
        });
        if another {
            self.forget_level();
        }
        if let Some(factor) = go.proof {
            self.saw(match factor {
                Factor::Otp => "a proof by a one-time code",
                Factor::Session => "a proof by a session",
                _ => "a proof by a password",
            });
            if factor == Factor::Otp && self.is_answer(task, go) {
                self.state.challenge = None;
            }
            let proof = Evidence {
                subject: id.clone(),
                factor,
                node: Arc::from(self.unit_path()),
                visit: self.visits,
                at: self.now,
            };
            let evidence = &mut self.state.evidence;
            evidence.retain(|old| (old.visit, &old.node) != (proof.visit, &proof.node));
            evidence.push(proof);
        }
        let name = Value::Text(Arc::clone(&identity.username));
        self.state.shared.insert("username".to_owned(), name);
        Ok(())
    }

    pub(super) fn proved(&self, id: &SubjectId) -> bool {
        let mut evidence = self.state.evidence.iter();
        evidence.any(|proof| proof.subject == *id && proof.factor != Factor::Session)
    }

    pub(super) fn success(&mut self) -> Then {
        let kit = self.kit;
        let allows = |spot| {
            let mut codes = kit.node(spot).allows.iter().flat_map(|allow| &allow.codes);
            codes.any(|(code, _)| **code == *UNPROVED_SUCCESS.word)
        };
        self.unproved = self.from.is_some_and(allows);
        let subject = self.state.subject.clone().filter(|s| self.proved(&s.id));
        if subject.is_none() && !self.unproved {
            return self.end(FailureReason::UnprovedSuccess);
        }
        let claim = kit.journey(self.journey).settings.level;
        if self.state.level < claim.unwrap_or(AuthLevel::ZERO) {
            return self.end(FailureReason::LevelNotReached);
        }
        if let Some(asked) = self.start.asked_level
            && self.state.level < asked
        {
            self.saw("success below the level asked for");
            return self.end(FailureReason::LevelNotReached);
        }
        if subject.is_none()
            && self
                .start
                .asked_level
                .is_some_and(|level| level.number() > 0)
        {
            self.saw("a level asked for, and no proof");
            return self.end(FailureReason::LevelNotReached);
        }
        let who = match subject {
            Some(subject) => Some(Who::Subject(subject.id)),
            None => self.who(),
        };
        let Some(who) = who else {
            return self.end(FailureReason::Inactive);
        };
        self.waits = Waits::Success;
        self.call(Effect::ReadIdentity(ReadIdentity {
            who,
            attributes: Vec::new(),
        }))
    }

    /// The identity of whoever is about to succeed is here.
    pub(super) fn identified(&mut self, reply: EffectReply) -> Then {
        let identity = match reply {
            EffectReply::Identity(Some(identity)) if identity.active => identity,
            EffectReply::Failed(message) => {
                let node = Arc::from(self.kit.path(self.at));
                return self.end(FailureReason::NodeFailed { node, message });
            }
            _ => return self.end(FailureReason::Inactive),
        };
        let id = &identity.subject;
        if self
            .state
            .subject
            .as_ref()
            .is_some_and(|subject| subject.id != *id)
        {
            return self.end(FailureReason::Inactive);
        }
        if self
            .start
            .session
            .as_ref()
            .filter(|session| session.proved || !self.state.ends.lets_go)
            .is_some_and(|session| session.subject != *id)
        {
            return self.end(FailureReason::OtherSubject);
        }
        if let Some(expected) = &self.start.expects
            && expected != id
        {
            self.saw("success of somebody else than expected");
            return self.end(FailureReason::OtherSubject);
        }
        let proved = self.proved(id);
        if !proved && !self.unproved {
            return self.end(FailureReason::UnprovedSuccess);
        }
        let settings = &self.kit.journey(self.journey).settings;
        let ends = mem::take(&mut self.state.ends);
        let evidence = mem::take(&mut self.state.evidence);
        let beside = |own: bool| {
            let session = self.start.session.as_ref();
            session.filter(|session| (session.subject == identity.subject) == own)
        };
        let upgrades = beside(true).map(|session| session.session.clone());
        let releases = beside(false).map(|session| session.session.clone());
        let mut node_types: Vec<Arc<str>> = Vec::new();
        for proof in &evidence {
            let ty = self.type_at(&proof.node);
            if !node_types.iter().any(|known| **known == *ty) {
                node_types.push(Arc::from(ty));
            }
        }
        let mut headers = ends.headers;
        self.done(End::Success(Arc::new(Success {
            subject: Subject {
                id: identity.subject,
                username: identity.username,
            },
            proved,
            evidence,
            level: self.state.level,
            journey: Arc::clone(&self.start.journey),
            no_session: self.start.no_session || settings.no_session,
            upgrades,
            releases,
            properties: ends.properties,
            node_types,
            success_url: self.start.goto.clone().or(ends.success_url.clone()),
            journey_url: ends.success_url,
            details: ends.details,
            session_details: ends.session_details,
            headers: headers.remove(&Ending::Success).unwrap_or_default(),
            session_time_max: ends.session_time.or(settings.session_time_max),
            idle_time_max: ends.idle_time.or(settings.idle_time_max),
            kept: ends.kept,
            remember: ends.remember.into_values().collect(),
        })))
    }

    /// The type of the node or the child with this path.
    pub(super) fn type_at(&self, path: &str) -> String {
        for journey in &self.kit.program.journeys {
            for node in journey.graph.node_weights() {
                let here = format!("{}/{}", journey.name, node.path);
                match &node.kind {
                    NodeKind::Task(task) if here == path => {
                        return self.kit.signature(task).name.to_string();
                    }
                    NodeKind::Page(page) => {
                        for child in &page.children {
                            if format!("{here}.{}", child.name) == path {
                                return self.kit.signature(&child.task).name.to_string();
                            }
                        }
                    }
                    _ => {}
                }
            }
        }
        panic!("no node at {path}")
    }

    pub(super) fn end(&mut self, reason: FailureReason) -> Then {
        let mut ends = mem::take(&mut self.state.ends);
        let (ending, words) = match reason {
            FailureReason::NodeFailed { .. }
            | FailureReason::TooManyVisits
            | FailureReason::StateTooLarge => (Ending::Error, ends.error),
            _ => (Ending::Failure, ends.failure),
        };
        let found = self.ground.take();
        let own = words.message.clone();
        let own = own.map(|message| Ground::Triggered {
            code: None,
            message,
        });
        let ground = match reason {
            FailureReason::Rejected | FailureReason::LooseEnd => {
                found.or(own).unwrap_or(Ground::Rejected)
            }
            FailureReason::Inactive => Ground::AccountInactive,
            _ if ending == Ending::Error => Ground::Internal,
            _ => Ground::Denied,
        };
        let failure = Failure {
            ground,
            lockout_message: ends.lockout.filter(|_| reason == FailureReason::Inactive),
            reason,
            username: self.username(),
            journey: Arc::clone(&self.start.journey),
            failure_url: match (&self.start.goto_on_fail, &ends.failure_url) {
                (Some(asked), _) => Some(Arc::clone(asked)),
                (None, set) => set.clone(),
            },
            journey_url: ends.failure_url,
            message: words.message,
            details: words.details,
            headers: ends.headers.remove(&ending).unwrap_or_default(),
        };
        self.done(End::Failure(Arc::new(failure)))
    }

    pub(super) fn done(&mut self, end: End) -> Then {
        self.page = None;
        Then::Stop(Box::new(Step::Done(end)))
    }
}

/// By how much an outcome moves the level; `None` where that depends on the run.
fn level_change(signature: &Signature, task: &Task, outcome: &str) -> Option<i64> {
    match signature.facts_of(outcome).map(|facts| &facts.level) {
        None | Some(LevelChange::None) => Some(0),
        Some(LevelChange::By(by)) => Some(i64::from(*by)),
        Some(LevelChange::BySetting(key)) => {
            match task.settings.iter().find(|(name, _)| **name == **key) {
                Some((_, SettingValue::Constant(value))) => value.as_int(),
                _ => None,
            }
        }
    }
}
