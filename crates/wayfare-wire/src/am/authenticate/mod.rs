//! `authenticate`: one request from its bytes to its reply.
//!
//! An [`Exchange`] is stepped by its embedder: it says what it needs, is given it, and says what it needs
//! next, until it needs a reply to be sent. The order is fixed here, so that no embedder can get it
//! wrong:
//!
//! 1. the token is parsed, verified, opened;
//! 2. the callbacks are matched: a mistake here consumes nothing;
//! 3. a place is asked for, if a secret may be compared: being sent away consumes nothing either;
//! 4. the step is claimed: of any number of requests with one token, one goes on;
//! 5. the run is walked, and what it wants done is done;
//! 6. the next token is made, or the run ends; at success its end and the session are one transaction.
//!
//! A start begins at 3 and claims nothing: it has no token yet. Whatever an exchange is given that does
//! not answer its question ends it with a refusal.

mod menu;
mod need;
mod one_realm;
mod resume;
mod settle;
mod site;
mod start;
mod token;
mod zero_page;

use std::sync::Arc;

use wayfare::{
    Answer, AnswerError, Ask, AuthSession, Effect, EngineError, Host, Input, Output, Realm,
    Request, Step, Timestamp,
    engine::{effect::SessionRef, output::Measure},
};

use self::{
    menu::{Menu, Picked},
    resume::{Came, Opening},
    start::{Carried, Starting},
    token::Asked,
};
pub use self::{
    need::{
        Admission, Beside, Conclusion, Delivery, Finish, Given, Need, Pass, Summary, Transaction,
        Verdict,
    },
    one_realm::OneRealm,
    site::{ExistingToken, NoSessionMessage, Settings, Site},
    token::{Epoch, ProgramHash},
};
use crate::{
    am::{
        callbacks::{Submitted, aligned, answers},
        cookie::Cookie,
        error::Refusal,
        realm::{Endpoint, Route, route},
        reply::Reply,
        request::{Body, Parts},
        version::{Routes, Served, negotiate},
    },
    claims::{Claim, Claimed},
    query::Query,
};

/// One request to `authenticate`.
pub struct Exchange<'a> {
    site: &'a dyn Site,
    host: &'a (dyn Host + Sync),
    /// The realm of the address, which tokens claim.
    realm: Realm,
    /// The realm the run lives in: that one, or one below.
    home: Realm,
    parts: Parts<'a>,
    settings: Arc<Settings>,
    served: Option<Served>,
    /// What the engine sees of it, once it was read.
    request: Request,
    asked: Asked,
    /// The session token that came with this request.
    carried: Option<Carried>,
    /// Whether this request wants no session, whatever the start said.
    no_session: bool,
    /// Until when the row of the run is kept, once there is one.
    kept_until: Option<Timestamp>,
    state: State<'a>,
    verdict: Verdict,
    noted: Option<Noted>,
    /// The menu that this request shows.
    offered: Option<u128>,
    /// The menu that this request chose from.
    chosen_from: Option<u128>,
    open_until: Option<Timestamp>,
    notes: Vec<String>,
    measures: Vec<Measure>,
    /// The cookies that nodes have set, for whatever reply there will be.
    set: Vec<Cookie>,
}

impl std::fmt::Debug for Exchange<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exchange")
            .field("realm", &self.realm)
            .field("verdict", &self.verdict)
            .finish_non_exhaustive()
    }
}

/// What an exchange waits for.
enum State<'a> {
    New(Query),
    /// For the session that came along.
    Session(Box<Starting<'a>>),
    /// For whoever knows the journey.
    Choosing(Box<Starting<'a>>),
    /// For room, to show a menu.
    AdmitMenu(Box<Menu>),
    /// For the session beside which a menu was shown.
    Picked(Box<Picked>),
    /// For a place, to begin.
    AdmitStart(Box<AuthSession>, Along<'a>),
    /// For the state that a token refers to.
    Kept(Box<Opening<'a>>),
    /// For a place, to go on.
    AdmitStep(Box<Ready>),
    /// For the claim.
    Claim(Box<Ready>),
    /// For an effect.
    Effect(Box<AuthSession>, Along<'a>),
    /// For something after which only the reply is left.
    Closing(settle::Closing),
    Over,
}

/// What came along for the first question of a run, before it was asked.
enum Along<'a> {
    Nothing,
    /// Callbacks that answer it.
    Callbacks(Submitted<'a>),
    /// Headers that answer it, if it asks for nothing else.
    Headers,
}

/// What is told of a run afterwards.
struct Noted {
    id: u128,
    generation: u32,
    journey: Arc<str>,
    username: Option<Arc<str>>,
    session: Option<SessionRef>,
}

/// A run with what it is to be stepped by.
struct Ready {
    session: Box<AuthSession>,
    input: Input,
    claim: Claim,
}

impl<'a> Exchange<'a> {
    /// A request to a server that has nothing but `authenticate`.
    ///
    /// # Errors
    /// Its query cannot be read, it names no realm, or it is for something else: the reply says so.
    pub fn of(
        site: &'a dyn Site,
        host: &'a (dyn Host + Sync),
        parts: Parts<'a>,
    ) -> Result<Self, Reply> {
        let query = Query::parse(parts.query).map_err(|_| Refusal::BadQuery.reply(None))?;
        match route(parts.path, &query, parts.host(), site) {
            Ok(Route {
                realm,
                endpoint: Endpoint::Authenticate,
            }) => Ok(Self::new(site, host, realm, query, parts)),
            Ok(_) => Err(Refusal::NotFound.reply(None)),
            Err(refusal) => Err(refusal.reply(None)),
        }
    }

    /// A request to `authenticate` in this realm.
    pub fn new(
        site: &'a dyn Site,
        host: &'a (dyn Host + Sync),
        realm: Realm,
        query: Query,
        parts: Parts<'a>,
    ) -> Self {
        Self {
            settings: site.settings(&realm),
            site,
            host,
            home: realm.clone(),
            realm,
            request: Request::default(),
            parts,
            served: None,
            asked: Asked::default(),
            carried: None,
            no_session: false,
            kept_until: None,
            state: State::New(query),
            verdict: Verdict::Pending,
            noted: None,
            offered: None,
            chosen_from: None,
            open_until: None,
            notes: Vec::new(),
            measures: Vec::new(),
            set: Vec::new(),
        }
    }

    /// Goes on to its reply, with what `give` answers each need by.
    pub fn drive(mut self, mut give: impl FnMut(Need) -> Given) -> Reply {
        let mut given = Given::Nothing;
        // BOUND: an exchange asks a fixed number of questions, and the engine bounds its effects.
        loop {
            match self.next(given) {
                Need::Reply(reply) => return reply,
                need => given = give(need),
            }
        }
    }

    /// Goes on with what is given; [`Given::Nothing`] the first time.
    pub fn next(&mut self, given: Given) -> Need {
        let need = match self.advance(given) {
            Ok(need) => need,
            Err(refusal) => self.refuse(refusal),
        };
        match need {
            Need::Reply(reply) => Need::Reply(reply.with_cookies(std::mem::take(&mut self.set))),
            other => other,
        }
    }

    /// What nodes have handed out at once.
    fn take_outputs(&mut self, session: &mut AuthSession) {
        let mut cookies = Vec::new();
        for output in session.take_outputs() {
            match output {
                Output::Cookie(cookie) => cookies.push(Cookie::of_journey(&cookie)),
                Output::Measure(measure) => self.measures.push(measure),
                _ => {}
            }
        }
        for cookie in self.foreign(cookies) {
            // Of several under one name and path the last one counts.
            self.set
                .retain(|old| (&old.name, &old.path) != (&cookie.name, &cookie.path));
            self.set.push(cookie);
        }
    }

    /// The cookies without those that have a name of the server's own.
    fn foreign(&self, mut cookies: Vec<Cookie>) -> Vec<Cookie> {
        cookies.retain(|cookie| !self.settings.cookies.is_own(&cookie.name));
        cookies
    }

    /// The run, once there is one.
    pub fn run(&self) -> Option<u128> {
        self.noted.as_ref().map(|run| run.id)
    }

    /// The session that the run began with.
    pub fn run_session(&self) -> Option<&SessionRef> {
        self.noted.as_ref().and_then(|run| run.session.as_ref())
    }

    /// The realm that its needs are about: that of the address, or one below it that a run lives in.
    pub fn run_realm(&self) -> &Realm {
        &self.home
    }

    /// What it has come to.
    pub fn summary(&self) -> Summary {
        let run = self.noted.as_ref();
        Summary {
            realm: self.home.clone(),
            run: run.map(|run| run.id).or(self.offered),
            chosen_from: self.chosen_from,
            generation: run.map_or(0, |run| run.generation),
            journey: run.map(|run| Arc::clone(&run.journey)),
            username: run.and_then(|run| run.username.clone()),
            open_until: self.open_until,
            notes: self.notes.clone(),
            measures: self.measures.clone(),
            verdict: self.verdict.clone(),
        }
    }

    fn advance(&mut self, given: Given) -> Result<Need, Refusal> {
        match (std::mem::replace(&mut self.state, State::Over), given) {
            (State::New(query), Given::Nothing) => {
                let need = self.open(&query)?;
                self.request = self.parts.to_request(query);
                Ok(need)
            }
            (State::Session(starting), Given::Session(beside)) => self.beside(*starting, beside),
            (State::Choosing(starting), Given::UserJourney(journey)) if starting.is_by_user() => {
                self.user_journey(*starting, journey)
            }
            (State::Choosing(starting), Given::Policy(advice)) if starting.is_by_resource() => {
                self.decided(*starting, advice)
            }
            (State::Choosing(starting), Given::Transaction(transaction)) => {
                self.confirm(*starting, transaction)
            }
            (State::AdmitMenu(menu), Given::Admitted) => self.show(&menu),
            (State::Picked(picked), Given::Session(beside)) => self.picked(*picked, beside),
            (State::AdmitStart(session, along), Given::Admitted) => {
                self.walk(session, Input::Begin, along)
            }
            (
                State::AdmitStart(..) | State::AdmitMenu(_) | State::AdmitStep(_),
                Given::Busy { retry_after },
            ) => Err(Refusal::Busy { retry_after }),
            (State::AdmitStart(..) | State::AdmitMenu(_), Given::TooManyRuns { retry_after }) => {
                Err(Refusal::TooManyRuns { retry_after })
            }
            (State::Kept(opening), Given::State(state)) => {
                let gone = opening.gone();
                self.opened(*opening, &state.ok_or(gone)?)
            }
            (State::AdmitStep(ready), Given::Admitted) => Ok(self.claim(ready)),
            (State::Claim(ready), Given::Claimed(Claimed::Won)) => {
                let Ready {
                    session,
                    input,
                    claim,
                } = *ready;
                // The claim of a menu is not one of the run that was chosen from it.
                if claim.run == session.run_id() {
                    self.kept_until = Some(claim.keep);
                } else {
                    self.chosen_from = Some(claim.run);
                }
                self.walk(session, input, Along::Nothing)
            }
            (State::Claim(ready), Given::Claimed(Claimed::Lost)) => Err(match ready.input {
                Input::Resume => Refusal::LinkGone,
                _ => Refusal::TimedOut,
            }),
            (State::Effect(session, along), Given::Effect(reply)) => {
                self.walk(session, Input::Effect(reply), along)
            }
            (State::Closing(closing), given) => self.close(closing, given),
            // The store failed, or the embedder answered another question.
            _ => Err(Refusal::Internal),
        }
    }

    /// Checks the request and tells a start from a step.
    fn open(&mut self, query: &Query) -> Result<Need, Refusal> {
        if self.settings.cross_site_check {
            self.parts.same_site()?;
        }
        let versions = self.parts.header("accept-api-version");
        self.served = Some(negotiate(
            versions,
            Routes::AUTHENTICATE,
            self.settings.unversioned,
        )?);
        if self.parts.method != "POST" {
            return Err(Refusal::Method);
        }
        self.parts.json_only()?;
        self.parts.zero_page_headers()?;
        self.no_session = query.flag("noSession")?;
        let body = Body::read(self.parts.body, self.settings.bounds)?;
        if body.callbacks() > self.settings.callbacks_max {
            return Err(Refusal::CallbackCount);
        }
        match body {
            Body::Continue { auth_id, callbacks } => self.go_on(&auth_id, callbacks),
            Body::Start(submitted) => match query.one("suspendedId")? {
                Some(link) => self.come_back(link),
                None => self.start(query, submitted),
            },
        }
    }

    /// Asks for a place where one is needed, else for the claim.
    fn prepare(
        &mut self,
        session: Box<AuthSession>,
        input: Input,
        exp: Timestamp,
    ) -> Result<Need, Refusal> {
        if let Input::Answers(answers) = &input {
            within(&session, answers)?;
        }
        let claim = Claim {
            run: session.run_id(),
            generation: session.generation(),
            exp,
            keep: session.expires_at().max(exp),
        };
        Ok(self.ready(Ready {
            session,
            input,
            claim,
        }))
    }

    fn ready(&mut self, ready: Ready) -> Need {
        let verify = ready.session.may_verify();
        let ready = Box::new(ready);
        if !verify {
            return self.claim(ready);
        }
        self.state = State::AdmitStep(ready);
        Need::Admit(Admission {
            start: false,
            verify,
        })
    }

    fn claim(&mut self, ready: Box<Ready>) -> Need {
        let need = Need::Claim(ready.claim);
        self.state = State::Claim(ready);
        need
    }

    /// Takes the run to its next stop, or to the next thing that is to be done outside.
    fn walk(
        &mut self,
        mut session: Box<AuthSession>,
        input: Input,
        along: Along<'a>,
    ) -> Result<Need, Refusal> {
        let step = self
            .site
            .step(&mut session, self.host, &self.request, input);
        self.notes.extend(session.take_notes());
        self.take_outputs(&mut session);
        self.note(&session);
        match step.map_err(|error| refused(&error))? {
            Step::Call(call) => {
                // Headers that a node has tried are not tried again.
                let along = match (&call.effect, along) {
                    (Effect::Verify(_), Along::Headers) => Along::Nothing,
                    (_, along) => along,
                };
                self.state = State::Effect(session, along);
                Ok(Need::Perform(call))
            }
            Step::Ask(ask) => {
                // The first step may be answered before it was asked.
                let answers = match along {
                    Along::Nothing => None,
                    Along::Callbacks(submitted) => Some(self.answers(&ask, submitted)?),
                    Along::Headers => self.answers_in_headers(&session, &ask),
                };
                let exp = session.expires_at();
                match answers {
                    Some(answers) => self.prepare(session, Input::Answers(answers), exp),
                    None => self.ask(&session, &ask),
                }
            }
            Step::Suspended(suspended) => self.suspend(&session, &suspended),
            Step::Done(end) => Ok(self.end(&session, end)),
        }
    }

    /// Matches callbacks with what is asked, as the settings want it.
    fn answers(&self, ask: &Ask, submitted: Submitted<'_>) -> Result<Vec<Answer>, Refusal> {
        if self.settings.lenient_callbacks {
            aligned(ask, submitted)
        } else {
            answers(ask, submitted)
        }
    }

    fn note(&mut self, session: &AuthSession) {
        self.noted = Some(Noted {
            id: session.run_id(),
            generation: session.generation(),
            journey: Arc::clone(&session.start().journey),
            username: session.username(),
            session: session
                .start()
                .session
                .as_ref()
                .map(|with| with.session.clone()),
        });
    }
}

/// Refuses answers that the run would refuse, before the step is claimed.
fn within(session: &AuthSession, answers: &[Answer]) -> Result<(), Refusal> {
    session.check(answers).map_err(|error| match error {
        AnswerError::Count { .. } => Refusal::CallbackCount,
        AnswerError::Kind { .. } => Refusal::CallbackType,
        _ => Refusal::CallbackValue,
    })
}

fn refused(error: &EngineError) -> Refusal {
    match error {
        EngineError::NoJourney => Refusal::NoConfiguration,
        EngineError::Expired | EngineError::Ended | EngineError::BadSnapshot => Refusal::TimedOut,
        EngineError::Answer(_) => Refusal::CallbackValue,
        _ => Refusal::Internal,
    }
}
