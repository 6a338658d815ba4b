//! Journeys that run without a client: answered from one request, for every wire that has no pages.
//!
//! A run takes its place in the queue of hashes before anything is consumed, and has its effects done by the
//! same performer, so that the tries of an account are counted once, whichever way somebody comes in. That
//! queue bounds how many there are at once: a run ends with its request, and takes no place among the open
//! ones, which wait for somebody. What comes of it is a value; no session is made.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value as Json, json};
use wayfare::{
    Effect, EffectReply, EngineError, Input, Output, Realm, Request, Start, Timestamp,
    engine::{
        effect::{Person, SessionView, Social, SocialReply},
        step::Suspended,
    },
    headless::{Answers, Drive, Headless, Outcome},
};
use wayfare_wire::{
    am::authenticate::{Delivery, ProgramHash, Site as _},
    seal::Sealer,
};

use crate::{
    am::{self, session},
    app::{App, RealmState},
    audit::{Event, EventName},
    clock::RunHost,
    hash::Permit,
    perform::Place,
    store::{StoreError, ending::Since},
};

/// How long whoever finds no thread free is asked to wait, in seconds.
const RETRY_AFTER_BUSY: u32 = 1;

/// What a wire wants run.
#[derive(Debug)]
pub(crate) struct Wish {
    /// The wire, as the audit calls it.
    pub(crate) wire: &'static str,
    /// The journey, its realm, and whom it begins with.
    pub(crate) start: Start,
    /// What it is answered with.
    pub(crate) answers: Answers,
    /// The request that it comes from.
    pub(crate) request: Request,
    /// Whether the wire tells strangers why credentials are wrong.
    pub(crate) tells: bool,
    /// What nodes read of the session that the run begins with, where that is none of the store's: a token of
    /// another wire stands for its owner.
    pub(crate) standing: Option<SessionView>,
    /// What nodes are told of whom a social token stands for that is brought, and by which provider: the wire
    /// has asked, and knows what else was said of them.
    pub(crate) person: Option<(String, Person)>,
}

/// What came of a wish.
#[derive(Debug)]
pub(crate) enum Ran {
    /// It ran, as far as it could.
    Done(Box<Run>),
    /// There is no room just now; nothing was done.
    Busy {
        /// In so many seconds there may be.
        retry_after: u32,
    },
    /// There is no such journey.
    NoJourney,
    /// It was, and is no longer: a link that was followed too late, or to a journey that has changed.
    Expired,
    /// The store failed.
    Failed,
}

/// A run that was driven.
#[derive(Debug)]
pub(crate) struct Run {
    /// What came of it.
    pub(crate) outcome: Outcome,
    /// The run that waits for a link, where it does.
    pub(crate) paused: Option<Paused>,
    /// Since when it goes on: what is made of its success rests on that.
    pub(crate) since: Since,
}

/// A run that waits for somebody to come back by a link. It is as good as its reader: whoever keeps it must
/// see to it that it is taken once.
#[derive(Debug)]
pub(crate) struct Paused {
    realm: Realm,
    journey: Arc<str>,
    program: ProgramHash,
    sealed: Vec<u8>,
    suspended: Suspended,
}

/// The name by which a paused run is bound to its purpose.
const PURPOSE: &[u8] = b"wayfare.headless.1";

impl Paused {
    /// Until when the link may be followed.
    pub(crate) fn until(&self) -> Timestamp {
        self.suspended.until
    }

    /// What is to be kept of it beside the token that leads to it.
    pub(crate) fn kept(&self) -> Json {
        json!({
            "program": URL_SAFE_NO_PAD.encode(self.program.0),
            "run": URL_SAFE_NO_PAD.encode(&self.sealed),
        })
    }

    /// The same, with nobody to send a link to: it is kept and delivered like any other, and reaches nobody.
    pub(crate) fn unaddressed(mut self) -> Self {
        self.suspended.deliver = None;
        self
    }

    /// Sees to it that the link is sent. The reply of the wire does not wait for it.
    ///
    /// # Errors
    /// It cannot be kept.
    pub(crate) async fn deliver(self, app: &App, link: &str) -> Result<(), StoreError> {
        let Some(state) = app.realms.get(&self.realm) else {
            return Ok(());
        };
        let Suspended {
            id, until, deliver, ..
        } = self.suspended;
        let delivery = Delivery {
            id,
            node: self.journey,
            until,
            effect: deliver.map(|effect| effect.addressed(link)),
        };
        let place = place(app, state, None, false, None);
        app.performer.deliver(delivery, place).await
    }
}

fn associated(realm: &Realm, program: &ProgramHash, epoch: &[u8]) -> Vec<u8> {
    let mut bytes = PURPOSE.to_vec();
    let length = u32::try_from(realm.as_str().len()).unwrap_or(u32::MAX);
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(realm.as_str().as_bytes());
    bytes.extend_from_slice(&program.0);
    bytes.extend_from_slice(epoch);
    bytes
}

/// Runs a journey.
pub(crate) async fn run(app: &App, wish: Wish) -> Ran {
    let Some(state) = app.realms.get(&wish.start.realm) else {
        return Ran::NoJourney;
    };
    let Some(engine) = app.engine(&state.realm) else {
        return Ran::NoJourney;
    };
    let Some(permit) = app.performer.hash.admit() else {
        return Ran::Busy {
            retry_after: RETRY_AFTER_BUSY,
        };
    };
    // Before anything is looked up or compared.
    let since = app.store().since();
    let journey = Arc::clone(&wish.start.journey);
    let host = RunHost { clock: &*app.clock };
    let session = match app.begin(&engine, wish.start, &host) {
        Ok(session) => session,
        Err(EngineError::NoJourney) => return Ran::NoJourney,
        Err(error) => {
            app.log.error(&error.to_string());
            return Ran::Failed;
        }
    };
    let work = Work {
        app,
        state,
        wire: wish.wire,
        journey,
        request: wish.request,
        permit,
        tells: wish.tells,
        standing: wish.standing,
        person: wish.person,
        since,
    };
    work.drive(Headless::new(session, wish.answers), Input::Begin)
        .await
}

/// What a wire wants of a run that waits for a link, which has been followed.
#[derive(Debug)]
pub(crate) struct Return<'a> {
    /// The wire, as the audit calls it.
    pub(crate) wire: &'static str,
    /// The realm.
    pub(crate) realm: &'a Realm,
    /// What was kept of the run; see [`Paused::kept`].
    pub(crate) kept: &'a Json,
    /// What it is answered with from here on.
    pub(crate) answers: Answers,
    /// The request that it comes from.
    pub(crate) request: Request,
}

/// Goes on with a run whose link was followed.
pub(crate) async fn resume(app: &App, back: Return<'_>) -> Ran {
    let Some(state) = app.realms.get(back.realm) else {
        return Ran::NoJourney;
    };
    let bytes = |key: &str| {
        let text = back.kept.get(key).and_then(Json::as_str);
        text.and_then(|text| URL_SAFE_NO_PAD.decode(text).ok())
    };
    let (Some(program), Some(sealed)) = (bytes("program"), bytes("run")) else {
        return Ran::Expired;
    };
    let Ok(program) = <[u8; 32]>::try_from(program).map(ProgramHash) else {
        return Ran::Expired;
    };
    let engine = app.engine_of(&state.realm, &program);
    let Some(engine) = engine.filter(|engine| engine.serves(&program)) else {
        return Ran::Expired;
    };
    let Some(permit) = app.performer.hash.admit() else {
        return Ran::Busy {
            retry_after: RETRY_AFTER_BUSY,
        };
    };
    // Before anything is looked up or compared.
    let since = app.store().since();
    let opened = {
        let host = RunHost { clock: &*app.clock };
        let cipher = Sealer::new(&state.keys, &host);
        let associated = associated(&state.realm, &program, &app.epoch());
        engine.open(&cipher, &associated, &sealed)
    };
    let Ok(session) = opened else {
        return Ran::Expired;
    };
    let work = Work {
        app,
        state,
        wire: back.wire,
        journey: Arc::clone(&session.start().journey),
        request: back.request,
        permit,
        tells: false,
        standing: None,
        person: None,
        since,
    };
    work.drive(Headless::new(session, back.answers), Input::Resume)
        .await
}

/// What the performer is told of where a wish comes from.
pub(crate) fn place<'a>(
    app: &'a App,
    state: &'a RealmState,
    permit: Option<&'a Permit>,
    tells: bool,
    session: Option<&'a str>,
) -> Place<'a> {
    let limits = &app.config.limits;
    let life = limits.run_time_max.max(limits.suspend_time_max);
    Place {
        realm: &state.realm,
        settings: &state.settings,
        identities: &state.identities,
        documents: &state.documents,
        devices: &state.devices,
        exp: app.clock.now().plus(life),
        permit,
        tells,
        session,
    }
}

struct Work<'a> {
    app: &'a App,
    state: &'a RealmState,
    wire: &'static str,
    journey: Arc<str>,
    request: Request,
    permit: Permit,
    tells: bool,
    standing: Option<SessionView>,
    person: Option<(String, Person)>,
    since: Since,
}

impl Work<'_> {
    async fn drive(self, mut run: Headless, input: Input) -> Ran {
        let app = self.app;
        let since = self.since.of_run(run.session().run_id());
        let mut input = input;
        let mut failed = Vec::new();
        let beside = run.session().start().session.clone();
        // BOUND: the driver bounds the questions, and the engine the effects between two of them.
        let outcome = loop {
            let host = RunHost { clock: &*app.clock };
            let stepped = run.step_by(input, &mut |session, input| {
                app.step(session, &host, &self.request, input)
            });
            match stepped {
                Ok(Drive::Done(outcome)) => break outcome,
                Ok(Drive::Call(call)) => {
                    let handle = beside.as_ref().map(|session| &*session.session.0);
                    let place = place(app, self.state, Some(&self.permit), self.tells, handle);
                    let reply = match (&call.effect, &self.standing, self.told(&call.effect)) {
                        (Effect::ReadSession(_), Some(standing), _) => {
                            EffectReply::Session(Some(standing.clone()))
                        }
                        (_, _, Some(person)) => {
                            EffectReply::Social(Box::new(SocialReply::Told(Box::new(person))))
                        }
                        _ => am::perform(app, self.state, &call, place).await,
                    };
                    if let EffectReply::Failed(message) = &reply {
                        app.log.error(&format!("{}: {message}", call.node));
                        failed.push(call.node.to_string());
                    }
                    input = Input::Effect(reply);
                }
                Err(EngineError::Expired | EngineError::Ended) => {
                    return Ran::Expired;
                }
                Err(error) => {
                    app.log.error(&error.to_string());
                    return Ran::Failed;
                }
            }
        };
        for output in run.session_mut().take_outputs() {
            if let Output::Measure(measure) = output {
                app.metrics.add(&self.state.realm, &measure);
            }
        }
        let paused = match &outcome {
            Outcome::Success(success) => {
                let proved = success.proved.then_some(&success.subject.id);
                session::passed(app, &self.state.realm, proved).await;
                None
            }
            Outcome::Suspended(suspended) => {
                let Some(paused) = self.pause(&run, suspended) else {
                    return Ran::Failed;
                };
                Some(paused)
            }
            _ => None,
        };
        let notes = run.session_mut().take_notes();
        self.audit(&run, &outcome, &failed.join(","), &notes);
        Ran::Done(Box::new(Run {
            outcome,
            paused,
            since,
        }))
    }

    /// Whom a social token stands for that is brought, where the wire has asked.
    fn told(&self, effect: &Effect) -> Option<Person> {
        let (provider, person) = self.person.as_ref()?;
        let Effect::Social(social) = effect else {
            return None;
        };
        let Social::Finish(finish) = &**social else {
            return None;
        };
        let own = *finish.provider == **provider && crate::social::is_brought(&finish.brought);
        own.then(|| person.clone())
    }

    fn pause(&self, run: &Headless, suspended: &Suspended) -> Option<Paused> {
        let session = run.session();
        let program = session.program();
        let host = RunHost {
            clock: &*self.app.clock,
        };
        let cipher = Sealer::new(&self.state.keys, &host);
        let realm = &self.state.realm;
        let associated = associated(realm, &program, &self.app.epoch());
        Some(Paused {
            realm: realm.clone(),
            journey: Arc::clone(&self.journey),
            program,
            sealed: session.seal(&cipher, &associated).ok()?,
            suspended: suspended.clone(),
        })
    }

    /// One line for one run.
    fn audit(&self, run: &Headless, outcome: &Outcome, failed: &str, notes: &[String]) {
        let id = run.session().run_id().to_be_bytes();
        let (result, ground) = match outcome {
            Outcome::Success(_) => ("SUCCESSFUL", None),
            Outcome::Failure(failed) => ("FAILED", Some(failed.ground.kind().word())),
            Outcome::NeedsInput(_) => ("FAILED", Some("needs_input")),
            Outcome::Suspended(_) => ("SUSPENDED", None),
            Outcome::Redirect { .. } => ("REDIRECTED", None),
            _ => ("FAILED", None),
        };
        let typed = run.session().username();
        let username = match outcome {
            Outcome::Success(success) => Some(&*success.subject.username),
            Outcome::Failure(failed) => {
                let failure = failed.failure.as_ref();
                let told = failure.and_then(|failure| failure.username.as_deref());
                told.or(typed.as_deref())
            }
            _ => typed.as_deref(),
        };
        let mut event = Event::new(EventName::LoginCompleted)
            .text("realm", self.state.realm.as_str())
            .text("wire", self.wire)
            .text("journey", &self.journey)
            .text("result", result)
            .maybe("reason", ground)
            .maybe("username", username)
            .client(self.request.client)
            .hashed("run", &id);
        if !failed.is_empty() {
            event = event.text("failed", failed);
        }
        if !notes.is_empty() {
            event = event.list("notes", notes);
        }
        self.app.audit(&event);
    }
}
