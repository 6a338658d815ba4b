//! `authenticate`: the exchange says what it needs, and is given it.

use std::{fmt::Display, sync::Arc};

use wayfare::{
    Advice, Effect, EffectReply, FailureReason, Realm, Value,
    engine::{
        effect::{SessionRef, Who},
        step::Call,
    },
};
use wayfare_wire::{
    am::{
        authenticate::{
            Admission, Beside, Conclusion, Exchange, Finish, Given, Need, Pass, Summary, Verdict,
        },
        reply::Reply,
        request::Parts,
    },
    query::Query,
};

use super::{policies, remember, session, transaction};
use crate::{
    app::{App, RealmState},
    audit::{Event, EventName},
    clock::RunHost,
    hash::Permit,
    identities::IdentityError,
    perform::Place,
    store::{StoreError, ending::Since, run::RunEnd},
};

/// How long whoever finds no room is asked to wait, in seconds.
const RETRY_AFTER_BUSY: u32 = 1;
const RETRY_AFTER_FULL: u32 = 30;

/// Answers one request.
pub(super) async fn answer(app: &App, realm: Realm, query: Query, parts: Parts<'_>) -> Reply {
    let Some(state) = app.realms.get(&realm) else {
        return wayfare_wire::am::error::Refusal::Internal.reply(None);
    };
    let host = RunHost { clock: &*app.clock };
    let mut exchange = Exchange::new(app, &host, realm, query.clone(), parts);
    let mut work = Work {
        app,
        state,
        parts,
        query,
        client: parts.client,
        permit: None,
        session: None,
        since: None,
        done: Done::default(),
    };
    let mut given = Given::Nothing;
    // BOUND: the exchange asks a fixed number of questions besides effects, and the engine bounds those
    // by the visits of a turn.
    loop {
        match exchange.next(given) {
            Need::Reply(reply) => {
                let summary = exchange.summary();
                let reply = match work.keep_since(&summary).await {
                    Ok(()) => reply,
                    Err(error) => {
                        app.log.error(&error.to_string());
                        wayfare_wire::am::error::Refusal::Internal.reply(None)
                    }
                };
                work.count(&summary);
                work.audit(&summary, reply.status);
                return reply;
            }
            need => {
                let run = exchange.run();
                work.live_in(exchange.run_realm());
                work.session = exchange.run_session().cloned();
                given = work.answer(need, run).await;
            }
        }
    }
}

/// What was done for an exchange.
#[derive(Debug, Default)]
struct Done {
    /// The comparisons of secrets that matched.
    matched: u64,
    /// Those that did not.
    missed: u64,
    /// Whether a step of the run was claimed, which keeps since when the run goes on.
    claimed: bool,
    /// Effects that could not be done, with the node that wanted them.
    failed: Vec<String>,
    /// The session that came along.
    beside: Option<Beside>,
    /// The handle of the session that was made, and its level.
    session: Option<(String, u64)>,
    /// The handle of the session that was replaced.
    replaced: Option<String>,
}

struct Work<'a> {
    app: &'a App,
    /// The realm that the needs are about.
    state: &'a RealmState,
    parts: Parts<'a>,
    query: Query,
    client: Option<std::net::IpAddr>,
    permit: Option<Permit>,
    /// The session that the run began with.
    session: Option<SessionRef>,
    /// The time before anything was looked up or compared for the request; nothing while nothing was.
    since: Option<Since>,
    done: Done,
}

impl Work<'_> {
    /// A run may live in a realm below the one that was addressed.
    fn live_in(&mut self, realm: &Realm) {
        if self.state.realm != *realm
            && let Some(state) = self.app.realms.get(realm)
        {
            self.state = state;
        }
    }

    async fn answer(&mut self, need: Need, run: Option<u128>) -> Given {
        let store = self.app.store();
        // Whoever only begins is let in by nothing, and is spared a look into the store.
        if self.since.is_none() && !matches!(need, Need::Admit(_) | Need::Reply(_)) {
            self.since = Some(store.since());
        }
        let answered = match need {
            Need::Session(token) => session::find(self.app, token.reveal()).map(|found| {
                let beside = found.as_ref().map(session::beside);
                self.done.beside.clone_from(&beside);
                Given::Session(beside)
            }),
            Need::SessionOf(handle) => store
                .session_by_handle(&handle.0, self.app.clock.now())
                .map(|found| Given::Session(found.as_ref().map(session::beside))),
            Need::UserJourney(name) => {
                let named = self.user_journey(&name).await;
                return named.map_or_else(|error| self.failed(&error), Given::UserJourney);
            }
            Need::Policy { resource, session } => {
                let asked = self.policy(&resource, session).await;
                return asked.map_or_else(|error| self.failed(&error), Given::Policy);
            }
            Need::Admit(admission) => Ok(self.admit(admission)),
            Need::State { run, generation } => store.kept_state(run, generation).map(Given::State),
            Need::Claim(claim) => {
                self.done.claimed = true;
                store
                    .claim_run(claim.run, claim.generation, claim.exp, claim.keep)
                    .await
                    .map(Given::Claimed)
            }
            Need::Perform(call) => Ok(Given::Effect(self.perform(&call).await)),
            Need::Deliver(delivery) => {
                let seen_to = self.app.performer.deliver(*delivery, self.place());
                seen_to.await.map(|()| Given::Done)
            }
            Need::Keep(kept) => store
                .keep_state(kept.run, kept.generation, kept.keep, kept.state)
                .await
                .map(|()| Given::Done),
            Need::End(end) => store
                .end_run(RunEnd {
                    run: end.run,
                    exp: end.keep,
                })
                .await
                .map(|()| Given::Done),
            Need::Pass(pass) => self.pass(*pass).await,
            Need::Finish(finish) => self.finish(*finish, run).await,
            Need::Transaction { id, subject } => {
                transaction::begin(self.app, &self.state.realm, &id, subject.as_ref())
                    .await
                    .map(Given::Transaction)
            }
            Need::Conclude(end) => self.conclude(*end, run).await,
            // The caller sends it.
            Need::Reply(_) => Ok(Given::Nothing),
        };
        answered.unwrap_or_else(|error| self.failed(&error))
    }

    fn failed(&mut self, error: &dyn Display) -> Given {
        self.app.log.error(&error.to_string());
        self.done.failed.push("store".to_owned());
        Given::Failed
    }

    fn admit(&mut self, admission: Admission) -> Given {
        if admission.start {
            let now = self.app.clock.now();
            let room = self.app.runs.room(&self.state.realm, self.client, now);
            if room.is_err() {
                return Given::TooManyRuns {
                    retry_after: RETRY_AFTER_FULL,
                };
            }
        }
        if admission.verify && self.permit.is_none() {
            self.permit = self.app.performer.hash.admit();
            if self.permit.is_none() {
                return Given::Busy {
                    retry_after: RETRY_AFTER_BUSY,
                };
            }
        }
        Given::Admitted
    }

    /// What the policies ask of whoever wants a resource.
    async fn policy(
        &self,
        resource: &str,
        session: Option<SessionRef>,
    ) -> Result<Option<Advice>, IdentityError> {
        let session = match session {
            Some(handle) => self
                .app
                .store()
                .session_by_handle(&handle.0, self.app.clock.now())?,
            None => None,
        };
        let request = self.parts.to_request(self.query.clone());
        let realm = &self.state.realm;
        policies::policy_advice(self.app, realm, resource, &request, session.as_ref()).await
    }

    /// The journey that stands in the profile of a user.
    async fn user_journey(&self, name: &str) -> Result<Option<Arc<str>>, IdentityError> {
        let attribute = &*self.state.settings.user_journey_attribute;
        let (realm, who) = (&self.state.realm, Who::Name(Arc::from(name)));
        let user = self.app.identity(realm, &who, &[attribute]).await?;
        let value = user
            .as_ref()
            .and_then(|user| user.attributes.get(attribute));
        let journey = match value {
            Some(Value::List(list)) => list.first().and_then(Value::as_text),
            Some(one) => one.as_text(),
            None => None,
        };
        Ok(journey.map(Arc::from))
    }

    fn place(&self) -> Place<'_> {
        let limits = &self.app.config.limits;
        let life = limits.run_time_max.max(limits.suspend_time_max);
        Place {
            realm: &self.state.realm,
            settings: &self.state.settings,
            identities: &self.state.identities,
            documents: &self.state.documents,
            devices: &self.state.devices,
            exp: self.app.clock.now().plus(life),
            permit: self.permit.as_ref(),
            session: self.session.as_ref().map(|session| &*session.0),
            tells: false,
        }
    }

    async fn perform(&mut self, call: &Call) -> EffectReply {
        let reply = super::perform(self.app, self.state, call, self.place()).await;
        match (&call.effect, &reply) {
            (Effect::Verify(_), EffectReply::Match(_)) => self.done.matched += 1,
            (Effect::Verify(_), EffectReply::Miss) => self.done.missed += 1,
            (_, EffectReply::Failed(message)) => {
                self.app.log.error(&format!("{}: {message}", call.node));
                self.done.failed.push(call.node.to_string());
            }
            _ => {}
        }
        reply
    }

    /// Ends a run that succeeded without a session.
    async fn pass(&self, pass: Pass) -> Result<Given, StoreError> {
        if let Some(end) = pass.end {
            let end = RunEnd {
                run: end.run,
                exp: end.keep,
            };
            self.app.store().end_run(end).await?;
        }
        session::passed(self.app, &pass.realm, pass.proved.as_ref()).await;
        Ok(Given::Done)
    }

    fn since_of(&self, run: Option<u128>) -> Since {
        let since = self.since.unwrap_or(Since::FIRST);
        run.map_or(since, |run| since.of_run(run))
    }

    async fn conclude(&self, end: Conclusion, run: Option<u128>) -> Result<Given, StoreError> {
        let (realm, proved) = (end.realm.clone(), end.proved.clone());
        if !transaction::conclude(self.app, end, run, self.since_of(run)).await? {
            return Ok(Given::NotMade);
        }
        session::passed(self.app, &realm, proved.as_ref()).await;
        Ok(Given::Done)
    }

    async fn finish(&mut self, finish: Finish, run: Option<u128>) -> Result<Given, StoreError> {
        let making = session::Making {
            app: self.app,
            realm: &finish.realm,
            success: &finish.success,
            client: self.client,
            since: self.since_of(run),
            end: finish.end.map(|end| RunEnd {
                run: end.run,
                exp: end.keep,
            }),
            approves: finish
                .transaction
                .map(|id| transaction::approves(self.app, &finish.realm, &id, run)),
        };
        let (token, session, ended) = match session::make(making).await? {
            session::Made::Session {
                token,
                session,
                ended,
            } => (token, session, ended),
            session::Made::Gone => return Ok(Given::NotMade),
            session::Made::OverQuota => return Ok(Given::OverQuota),
        };
        let since = self.since_of(run);
        self.done.session = Some((session.handle.clone(), u64::from(session.level.number())));
        self.done.replaced = finish
            .success
            .upgrades
            .as_ref()
            .or(finish.success.releases.as_ref())
            .map(|old| old.0.to_string());
        for ended in &ended {
            let event = Event::new(EventName::SessionReplaced)
                .text("realm", ended.realm.as_str())
                .text("username", &ended.username)
                .text("reason", "quota")
                .hashed("session", ended.handle.as_bytes())
                .client(self.client);
            self.app.audit(&event);
        }
        let cookies = remember::seal(
            self.app,
            self.state,
            (&finish.success.subject.id, since),
            &finish.success.remember,
            self.client,
        )
        .await
        .unwrap_or_else(|error| {
            // The session is made; without the cookie its user logs in again some day.
            self.app.log.error(&error.to_string());
            Vec::new()
        });
        Ok(Given::Made {
            properties: session::values(&session),
            token,
            cookies,
        })
    }

    /// Keeps since when a run goes on that compared a secret in its first request and asks for more: no step
    /// of it was claimed, and the next request is another time.
    async fn keep_since(&self, summary: &Summary) -> Result<(), StoreError> {
        match (summary.run, summary.open_until) {
            (Some(run), Some(_)) if self.done.matched > 0 && !self.done.claimed => {
                let exp = self.place().exp;
                let since = self.since.unwrap_or(Since::FIRST);
                self.app.store().keep_since(run, since, exp).await
            }
            _ => Ok(()),
        }
    }

    /// Counts the run among the open ones, or no longer.
    fn count(&self, summary: &Summary) {
        for measure in &summary.measures {
            self.app.metrics.add(&summary.realm, measure);
        }
        if let Some(menu) = summary.chosen_from.filter(|_| summary.run.is_some()) {
            self.app.runs.close(menu);
        }
        match (summary.run, summary.open_until) {
            (Some(run), Some(until)) => {
                self.app
                    .runs
                    .open(run, &self.state.realm, self.client, until);
            }
            (Some(run), None) if is_over(&summary.verdict) => self.app.runs.close(run),
            _ => {}
        }
    }

    /// One line for one request.
    fn audit(&self, summary: &Summary, status: u16) {
        let run = summary.run.map(u128::to_be_bytes);
        let failed = self.done.failed.join(",");
        let (name, result, reason) = verdict(&summary.verdict);
        let enough = self.done.beside.as_ref();
        let enough = enough.filter(|_| summary.verdict == Verdict::Satisfied);
        let username = match enough {
            Some(beside) => Some(&*beside.session.username),
            None => summary.username.as_deref(),
        };
        let mut event = Event::new(name)
            .text("realm", summary.realm.as_str())
            .text("result", result)
            .maybe("reason", reason.as_deref())
            .maybe("journey", summary.journey.as_deref())
            .maybe("username", username)
            .number("status", u64::from(status))
            .client(self.client);
        if let Some(run) = &run {
            event = event
                .hashed("run", run)
                .number("generation", u64::from(summary.generation));
        }
        if self.done.matched + self.done.missed > 0 {
            event = event
                .number("matched", self.done.matched)
                .number("missed", self.done.missed);
        }
        if !failed.is_empty() {
            event = event.text("failed", &failed);
        }
        if !summary.notes.is_empty() {
            event = event.list("notes", &summary.notes);
        }
        if let Some((handle, level)) = &self.done.session {
            event = event
                .hashed("session", handle.as_bytes())
                .number("level", *level);
        }
        if let Some(beside) = enough {
            event = event.hashed("session", beside.session.session.0.as_bytes());
        }
        if let Some(handle) = &self.done.replaced {
            event = event.hashed("replaced", handle.as_bytes());
        }
        self.app.audit(&event);
    }
}

fn is_over(verdict: &Verdict) -> bool {
    matches!(
        verdict,
        Verdict::Success { .. } | Verdict::Failure(_) | Verdict::NotMade | Verdict::OverQuota
    )
}

/// How a verdict is called in the audit.
fn verdict(verdict: &Verdict) -> (EventName, &'static str, Option<String>) {
    match verdict {
        Verdict::Asked => (EventName::NodeCompleted, "ASKED", None),
        Verdict::Suspended => (EventName::NodeCompleted, "SUSPENDED", None),
        Verdict::Success { .. } => (EventName::LoginCompleted, "SUCCESSFUL", None),
        Verdict::Satisfied => (
            EventName::LoginCompleted,
            "SUCCESSFUL",
            Some("session_is_enough".to_owned()),
        ),
        Verdict::NotMade => (
            EventName::LoginCompleted,
            "FAILED",
            Some("session_gone".to_owned()),
        ),
        Verdict::OverQuota => (
            EventName::LoginCompleted,
            "FAILED",
            Some("session_quota".to_owned()),
        ),
        Verdict::Failure(reason) => (EventName::LoginCompleted, "FAILED", Some(why(reason))),
        Verdict::Refused(refusal) => (
            EventName::AccessRefused,
            "FAILED",
            Some(refusal.message().into_owned()),
        ),
        _ => (EventName::AccessRefused, "FAILED", None),
    }
}

fn why(reason: &FailureReason) -> String {
    match reason {
        FailureReason::Rejected => "rejected".to_owned(),
        FailureReason::LooseEnd => "loose_end".to_owned(),
        FailureReason::UnprovedSuccess => "unproved_success".to_owned(),
        FailureReason::LevelNotReached => "level_not_reached".to_owned(),
        FailureReason::EnsureUnmet { ensure } => format!("ensure_unmet: {ensure}"),
        FailureReason::Inactive => "inactive".to_owned(),
        FailureReason::OtherSubject => "other_subject".to_owned(),
        FailureReason::NodeFailed { node, message } => format!("node_failed: {node}: {message}"),
        FailureReason::TooManyVisits => "too_many_visits".to_owned(),
        FailureReason::StateTooLarge => "state_too_large".to_owned(),
        _ => "failed".to_owned(),
    }
}
