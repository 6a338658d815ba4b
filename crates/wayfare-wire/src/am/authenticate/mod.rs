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

mod need;
mod settle;
mod site;
mod token;

use std::sync::Arc;

use wayfare::{
    Answer, AnswerError, AuthSession, EngineError, Host, Input, Realm, Request, Secret, Start,
    StartSession, Step, Timestamp,
};

use self::token::{Head, Kind};
pub use self::{
    need::{Admission, Conclusion, Finish, Given, Need, Summary, Transaction, Verdict},
    site::{Settings, Site},
    token::{Epoch, ProgramHash},
};
use crate::{
    am::{
        auth_id::{self, BadAuthId, Claims},
        callbacks::{Submitted, answers, passed},
        error::Refusal,
        request::{Body, Index, Parts},
        version::{Routes, Served, negotiate},
    },
    claims::{Claim, Claimed},
    query::Query,
    seal::{RealmKeys, Sealer},
};

/// One request to `authenticate`.
pub struct Exchange<'a> {
    site: &'a dyn Site,
    host: &'a (dyn Host + Sync),
    realm: Realm,
    parts: Parts<'a>,
    settings: Arc<Settings>,
    served: Option<Served>,
    request: Request,
    /// Index type and value of the start, as tokens carry them.
    index: (Option<String>, Option<String>),
    /// Whether this request wants no session, whatever the start said.
    no_session: bool,
    /// Until when the row of the run is kept, once there is one.
    kept_until: Option<Timestamp>,
    state: State<'a>,
    verdict: Verdict,
    noted: Option<Noted>,
    open_until: Option<Timestamp>,
    notes: Vec<String>,
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
    Session(Box<Starting<'a>>, Named),
    /// For a place, to begin.
    AdmitStart(Box<AuthSession>, Option<Submitted<'a>>),
    /// For the state that a token refers to.
    Kept(Box<Opening<'a>>),
    /// For a place, to go on.
    AdmitStep(Box<Ready>),
    /// For the claim.
    Claim(Box<Ready>),
    /// For an effect.
    Effect(Box<AuthSession>, Option<Submitted<'a>>),
    /// For something after which only the reply is left.
    Closing(settle::Closing),
    Over,
}

/// What is told of a run afterwards.
struct Noted {
    id: u128,
    generation: u32,
    journey: Arc<str>,
    username: Option<Arc<str>>,
}

/// Whether the session token was named as the one to upgrade.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Named {
    Explicitly,
    InPassing,
}

struct Starting<'a> {
    start: Start,
    submitted: Option<Submitted<'a>>,
}

struct Opening<'a> {
    head: Head,
    exp: Timestamp,
    keys: Arc<RealmKeys>,
    came: Came<'a>,
}

/// How someone comes back to a run.
enum Came<'a> {
    /// With answers.
    Answered(Submitted<'a>),
    /// With the token alone, from elsewhere.
    Bare,
    /// By a link.
    Linked,
}

/// A run with what it is to be stepped by.
struct Ready {
    session: AuthSession,
    input: Input,
    claim: Claim,
}

impl<'a> Exchange<'a> {
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
            realm,
            request: parts.to_request(query.clone()),
            parts,
            served: None,
            index: (None, None),
            no_session: false,
            kept_until: None,
            state: State::New(query),
            verdict: Verdict::Pending,
            noted: None,
            open_until: None,
            notes: Vec::new(),
        }
    }

    /// Goes on with what is given; [`Given::Nothing`] the first time.
    pub fn next(&mut self, given: Given) -> Need {
        match self.advance(given) {
            Ok(need) => need,
            Err(refusal) => self.refuse(refusal),
        }
    }

    /// The run, once there is one.
    pub fn run(&self) -> Option<u128> {
        self.noted.as_ref().map(|run| run.id)
    }

    /// What it has come to.
    pub fn summary(&self) -> Summary {
        let run = self.noted.as_ref();
        Summary {
            realm: self.realm.clone(),
            run: run.map(|run| run.id),
            generation: run.map_or(0, |run| run.generation),
            journey: run.map(|run| Arc::clone(&run.journey)),
            username: run.and_then(|run| run.username.clone()),
            open_until: self.open_until,
            notes: self.notes.clone(),
            verdict: self.verdict.clone(),
        }
    }

    fn advance(&mut self, given: Given) -> Result<Need, Refusal> {
        match (std::mem::replace(&mut self.state, State::Over), given) {
            (State::New(query), Given::Nothing) => self.open(&query),
            (State::Session(starting, named), Given::Session(session)) => {
                self.begin(*starting, named, session)
            }
            (State::AdmitStart(session, submitted), Given::Admitted) => {
                self.walk(session, Input::Begin, submitted)
            }
            (State::AdmitStart(..) | State::AdmitStep(_), Given::Busy { retry_after }) => {
                Err(Refusal::Busy { retry_after })
            }
            (State::AdmitStart(..), Given::TooManyRuns { retry_after }) => {
                Err(Refusal::TooManyRuns { retry_after })
            }
            (State::Kept(opening), Given::State(state)) => {
                let gone = opening.gone();
                self.restore(*opening, &state.ok_or(gone)?)
            }
            (State::AdmitStep(ready), Given::Admitted) => Ok(self.claim(ready)),
            (State::Claim(ready), Given::Claimed(Claimed::Won)) => {
                let Ready {
                    session,
                    input,
                    claim,
                } = *ready;
                self.kept_until = Some(claim.keep);
                self.walk(Box::new(session), input, None)
            }
            (State::Claim(ready), Given::Claimed(Claimed::Lost)) => Err(match ready.input {
                Input::Resume => Refusal::LinkGone,
                _ => Refusal::TimedOut,
            }),
            (State::Effect(session, submitted), Given::Effect(reply)) => {
                self.walk(session, Input::Effect(reply), submitted)
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

    /// A start: which journey, beside which session, and where to afterwards.
    fn start(&mut self, query: &Query, submitted: Option<Submitted<'a>>) -> Result<Need, Refusal> {
        let journey = match Index::read(query)? {
            Index::Default => self.site.default_journey(&self.realm),
            Index::Service(name) => {
                self.index = (Some("service".to_owned()), Some(name.clone()));
                Some(name.into())
            }
            Index::Unserved { .. } => None,
        };
        let journey = journey.ok_or(Refusal::NoConfiguration)?;
        let mut start = Start::journey(journey).realm(self.realm.clone());
        start.no_session = self.no_session;
        start.goto = self.address(query.one("goto")?);
        start.goto_on_fail = self.address(query.one("gotoOnFail")?);
        let starting = Starting { start, submitted };
        let explicit = query
            .one("sessionUpgradeSSOTokenId")?
            .filter(|token| !token.is_empty());
        let (token, named) = match explicit {
            Some(token) => (Some(token.to_owned()), Named::Explicitly),
            None => (
                self.parts.session_token(&self.settings.cookies.session),
                Named::InPassing,
            ),
        };
        match token {
            None => self.begin(starting, Named::InPassing, None),
            Some(token) => {
                self.state = State::Session(Box::new(starting), named);
                Ok(Need::Session(Secret::new(token)))
            }
        }
    }

    fn address(&self, address: Option<&str>) -> Option<Arc<str>> {
        let own = self.settings.origin.as_ref();
        let short = address.filter(|address| address.len() <= self.settings.goto_chars_max)?;
        self.settings.goto.check(short, own).map(Arc::from)
    }

    fn begin(
        &mut self,
        starting: Starting<'a>,
        named: Named,
        came_with: Option<StartSession>,
    ) -> Result<Need, Refusal> {
        if named == Named::Explicitly && came_with.is_none() {
            return Err(Refusal::NoSuchSession);
        }
        let mut start = starting.start;
        start.session = came_with;
        let engine = self
            .site
            .engine(&self.realm)
            .ok_or(Refusal::NoConfiguration)?;
        let session = engine.begin(start, self.host).map_err(|e| refused(&e))?;
        self.note(&session);
        let verify = session.may_verify();
        self.state = State::AdmitStart(Box::new(session), starting.submitted);
        Ok(Need::Admit(Admission {
            start: true,
            verify,
        }))
    }

    /// A step: the token first.
    fn go_on(&mut self, auth_id: &str, callbacks: Option<Submitted<'a>>) -> Result<Need, Refusal> {
        if auth_id.len() > self.settings.auth_id_bytes_max {
            return Err(Refusal::AuthIdMalformed);
        }
        let opening = self.read_token(auth_id, |kind| kind != Kind::Suspended)?;
        self.fetch(opening.with(callbacks.map_or(Came::Bare, Came::Answered)))
    }

    /// Someone comes back by a link.
    fn come_back(&mut self, link: &str) -> Result<Need, Refusal> {
        let opening = self
            .read_token(link, |kind| kind == Kind::Suspended)
            .map_err(|_| Refusal::LinkGone)?;
        self.fetch(opening.with(Came::Linked))
    }

    fn read_token(
        &mut self,
        token: &str,
        fits: impl FnOnce(Kind) -> bool,
    ) -> Result<Opened, Refusal> {
        let keys = self.site.keys(&self.realm).ok_or(Refusal::AuthIdInvalid)?;
        let claims = auth_id::verify(token, &keys).map_err(|bad| match bad {
            BadAuthId::Malformed => Refusal::AuthIdMalformed,
            BadAuthId::Invalid => Refusal::AuthIdInvalid,
        })?;
        if self.host.now().seconds() >= claims.exp {
            return Err(Refusal::TimedOut);
        }
        if claims.realm != self.realm {
            return Err(Refusal::AuthIdInvalid);
        }
        let (head, state) = Head::read(&claims.session_id).ok_or(Refusal::AuthIdInvalid)?;
        if !fits(head.kind) {
            return Err(Refusal::AuthIdInvalid);
        }
        // A store that was made anew or put back knows nothing of this run.
        if head.epoch != self.site.epoch() {
            return Err(Refusal::TimedOut);
        }
        let exp = Timestamp(claims.exp.saturating_mul(1_000));
        let Claims {
            index_type,
            index_value,
            ..
        } = claims;
        self.index = (index_type, index_value);
        Ok(Opened {
            head,
            state,
            exp,
            keys,
        })
    }

    fn fetch(&mut self, (opening, state): (Opening<'a>, Vec<u8>)) -> Result<Need, Refusal> {
        if opening.head.kind == Kind::Contained {
            return self.restore(opening, &state);
        }
        let need = Need::State {
            run: opening.head.run,
            generation: opening.head.generation,
        };
        self.state = State::Kept(Box::new(opening));
        Ok(need)
    }

    /// Opens the run and matches what came with what it waits for.
    fn restore(&mut self, opening: Opening<'a>, sealed: &[u8]) -> Result<Need, Refusal> {
        let gone = opening.gone();
        let head = opening.head;
        let engine = self
            .site
            .engine_of(&self.realm, &head.program)
            .filter(|engine| engine.serves(&head.program))
            .ok_or_else(|| gone.clone())?;
        let cipher = Sealer::new(&opening.keys, self.host);
        let session = engine
            .open(&cipher, &head.associated(&self.realm), sealed)
            .map_err(|_| Refusal::AuthIdInvalid)?;
        let other = session.program() != head.program;
        if other || session.run_id() != head.run || session.generation() != head.generation {
            return Err(Refusal::AuthIdInvalid);
        }
        self.note(&session);
        let input = match (session.standing(), opening.came) {
            (Some(Step::Ask(ask)), Came::Answered(sent)) => Input::Answers(answers(&ask, sent)?),
            (Some(Step::Ask(ask)), Came::Bare) => Input::Answers(passed(&ask)?),
            (Some(Step::Suspended(_)), Came::Linked) => Input::Resume,
            (_, Came::Answered(_) | Came::Bare) => return Err(Refusal::CallbackType),
            (_, Came::Linked) => return Err(gone),
        };
        self.prepare(session, input, opening.exp)
    }

    /// Asks for a place where one is needed, else for the claim.
    fn prepare(
        &mut self,
        session: AuthSession,
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
        let verify = session.may_verify();
        let ready = Box::new(Ready {
            session,
            input,
            claim,
        });
        if !verify {
            return Ok(self.claim(ready));
        }
        self.state = State::AdmitStep(ready);
        Ok(Need::Admit(Admission {
            start: false,
            verify,
        }))
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
        submitted: Option<Submitted<'a>>,
    ) -> Result<Need, Refusal> {
        let step = session.step(self.host, &self.request, input);
        self.notes.extend(session.take_notes());
        self.note(&session);
        match step.map_err(|error| refused(&error))? {
            Step::Call(call) => {
                self.state = State::Effect(session, submitted);
                Ok(Need::Perform(Box::new(call)))
            }
            Step::Ask(ask) => match submitted {
                // The first step was answered before it was asked.
                Some(submitted) => {
                    let input = Input::Answers(answers(&ask, submitted)?);
                    let exp = session.expires_at();
                    self.prepare(*session, input, exp)
                }
                None => self.ask(&session, &ask),
            },
            Step::Suspended(suspended) => self.suspend(&session, suspended),
            Step::Done(end) => Ok(self.end(&session, end)),
        }
    }

    fn note(&mut self, session: &AuthSession) {
        self.noted = Some(Noted {
            id: session.run_id(),
            generation: session.generation(),
            journey: Arc::clone(&session.start().journey),
            username: session.username(),
        });
    }
}

/// A token that holds.
struct Opened {
    head: Head,
    state: Vec<u8>,
    exp: Timestamp,
    keys: Arc<RealmKeys>,
}

impl Opened {
    fn with(self, came: Came<'_>) -> (Opening<'_>, Vec<u8>) {
        let opening = Opening {
            head: self.head,
            exp: self.exp,
            keys: self.keys,
            came,
        };
        (opening, self.state)
    }
}

impl Opening<'_> {
    /// The answer where the run is no longer there.
    fn gone(&self) -> Refusal {
        match self.came {
            Came::Answered(_) | Came::Bare => Refusal::TimedOut,
            Came::Linked => Refusal::LinkGone,
        }
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
