//! A start: which journey, beside which session, and whether anything need be run at all.
//!
//! In: the query, and the session that came along. Out: a run that waits for a place, a menu, or success
//! at once. The order is the product's: a journey that must run runs, so does one that is forced, so does
//! one beside no session; then a session that is enough is enough; otherwise the run upgrades it.

use std::sync::Arc;

use wayfare::{
    Advice, AuthLevel, AuthSession, Candidate, Realm, Resolution, Secret, Start, StartSession,
    engine::advice::MENU_MAX,
};

use super::{
    Along, Beside, Exchange, Need, State, Transaction, Verdict, refused,
    site::{ExistingToken, Places},
    token::Asked,
};
use crate::{
    am::{
        advice::read_xml,
        authenticate::need::Admission,
        callbacks::Submitted,
        error::Refusal,
        reply::{self, Login},
        request::Index,
    },
    query::Query,
};

/// What a start wants besides a journey.
#[derive(Debug, Clone, Default)]
pub(super) struct Wishes {
    /// Run, whatever the session.
    pub(super) force: bool,
    /// The session was named as the one to upgrade.
    pub(super) named: bool,
    pub(super) goto: Option<Arc<str>>,
    pub(super) goto_on_fail: Option<Arc<str>>,
}

/// A start on its way to a journey.
pub(super) struct Starting<'a> {
    index: Index,
    wishes: Wishes,
    beside: Option<Beside>,
    submitted: Option<Submitted<'a>>,
}

/// The session token that came along.
pub(super) struct Carried {
    token: Secret<String>,
    /// Whether it came as a cookie, which scripts may not be able to read.
    cookie: bool,
}

impl Starting<'_> {
    /// Whether the journey of a user is asked for: nothing else is answered by one.
    pub(super) fn is_by_user(&self) -> bool {
        matches!(self.index, Index::User(_))
    }

    /// Whether the policies are asked.
    pub(super) fn is_by_resource(&self) -> bool {
        matches!(self.index, Index::Resource(_))
    }

    /// The session that came along, if it lives in this realm.
    fn beside_in(&self, realm: &Realm) -> Option<&StartSession> {
        let beside = self.beside.as_ref().filter(|beside| beside.realm == *realm);
        beside.map(|beside| &beside.session)
    }
}

impl<'a> Exchange<'a> {
    /// Reads the query; the session is looked at first, where one came along.
    pub(super) fn start(
        &mut self,
        query: &Query,
        submitted: Option<Submitted<'a>>,
    ) -> Result<Need, Refusal> {
        let explicit = query
            .one("sessionUpgradeSSOTokenId")?
            .filter(|token| !token.is_empty());
        let starting = Starting {
            index: Index::read(query)?,
            wishes: Wishes {
                force: query.flag("ForceAuth")?,
                named: explicit.is_some(),
                goto: self.address(query.one("goto")?),
                goto_on_fail: self.address(query.one("gotoOnFail")?),
            },
            beside: None,
            submitted,
        };
        self.carry(explicit);
        match &self.carried {
            None => self.choose(starting),
            Some(carried) => {
                let need = Need::Session(carried.token.clone());
                self.state = State::Session(Box::new(starting));
                Ok(need)
            }
        }
    }

    /// Notes the session token that came with this request.
    fn carry(&mut self, explicit: Option<&str>) {
        let name = &self.settings.cookies.session;
        self.carried = match explicit {
            Some(token) => Some((token.to_owned(), false)),
            None => self.parts.session_token_from(name),
        }
        .map(|(token, cookie)| Carried {
            token: Secret::new(token),
            cookie,
        });
    }

    fn address(&self, address: Option<&str>) -> Option<Arc<str>> {
        let own = self.settings.origin.as_ref();
        let short = address.filter(|address| address.len() <= self.settings.goto_chars_max)?;
        self.settings.goto.check(short, own).map(Arc::from)
    }

    /// The session is here, or it is none.
    pub(super) fn beside(
        &mut self,
        mut starting: Starting<'a>,
        beside: Option<Beside>,
    ) -> Result<Need, Refusal> {
        if starting.wishes.named && beside.is_none() {
            return Err(Refusal::NoSuchSession);
        }
        starting.beside = beside;
        self.choose(starting)
    }

    /// Finds the journey, or asks whoever knows it.
    fn choose(&mut self, starting: Starting<'a>) -> Result<Need, Refusal> {
        let journey = match &starting.index {
            Index::Default => self.site.default_journey(&self.realm),
            Index::Service(name) => Some(Arc::clone(name)),
            Index::Role(role) => self.site.role(&self.realm, role),
            Index::Module(_) if !self.settings.module_login => return Err(Refusal::ModuleLogin),
            Index::Module(name) => self.site.module(&self.realm, name),
            Index::Level(level) => {
                let level = *level;
                return self.reach(starting, level);
            }
            Index::Advice(document) => {
                let advice = read_xml(document).map_err(|bad| {
                    // The client is told what every mistake is told; the audit is told which.
                    self.notes.push(bad.to_string());
                    Refusal::NoConfiguration
                })?;
                return self.advised(starting, &advice);
            }
            Index::Transaction(id) => {
                let id = Arc::from(&**id);
                return Ok(self.transaction(starting, id));
            }
            Index::User(name) => {
                let need = Need::UserJourney(name.clone());
                self.state = State::Choosing(Box::new(starting));
                return Ok(need);
            }
            Index::Resource(resource) => {
                let need = Need::Policy {
                    resource: resource.clone(),
                    session: starting
                        .beside_in(&self.realm)
                        .map(|session| session.session.clone()),
                };
                self.state = State::Choosing(Box::new(starting));
                return Ok(need);
            }
        };
        let journey = journey.ok_or(Refusal::NoConfiguration)?;
        let candidate = self.here(journey, None);
        self.one(starting, candidate)
    }

    fn here(&self, journey: Arc<str>, asked_level: Option<AuthLevel>) -> Candidate {
        Candidate {
            realm: self.realm.clone(),
            shown: Arc::clone(&journey),
            journey,
            asked_level,
        }
    }

    /// A user's journey is known; whoever has none, or is nobody, takes the one of the realm.
    pub(super) fn user_journey(
        &mut self,
        starting: Starting<'a>,
        journey: Option<Arc<str>>,
    ) -> Result<Need, Refusal> {
        let own = journey.filter(|name| self.flags(&self.realm, name).is_some());
        let journey = own.or_else(|| self.site.default_journey(&self.realm));
        let candidate = self.here(journey.ok_or(Refusal::NoConfiguration)?, None);
        self.one(starting, candidate)
    }

    /// The policies have spoken.
    pub(super) fn decided(
        &mut self,
        starting: Starting<'a>,
        advice: Option<Advice>,
    ) -> Result<Need, Refusal> {
        let advice = advice.ok_or(Refusal::NoConfiguration)?;
        if !advice.is_empty() {
            return self.advised(starting, &advice);
        }
        // Nothing is missing but, perhaps, a session.
        if !starting.wishes.force && starting.beside_in(&self.realm).is_some() {
            return Ok(self.enough(&starting));
        }
        let journey = self.site.default_journey(&self.realm);
        let candidate = self.here(journey.ok_or(Refusal::NoConfiguration)?, None);
        self.one(starting, candidate)
    }

    /// What an advice leads to.
    fn advised(&mut self, starting: Starting<'a>, advice: &Advice) -> Result<Need, Refusal> {
        let strict = self.settings.strict_advice;
        let resolution = advice.resolve(&self.realm, &Places(self.site), strict);
        let candidates = match &resolution {
            Resolution::One(one) => std::slice::from_ref(one),
            Resolution::Menu(menu) => menu,
            Resolution::None | Resolution::Transaction(_) => &[],
        };
        let must_run = match candidates {
            [one] => self.flags(&one.realm, &one.journey).unwrap_or_default(),
            _ => false,
        };
        let runs = must_run || starting.wishes.force;
        match resolution {
            _ if !runs && self.has(&starting, advice, candidates) => Ok(self.enough(&starting)),
            Resolution::None => Err(Refusal::NoConfiguration),
            Resolution::One(candidate) => self.one(starting, candidate),
            Resolution::Menu(candidates) => self.offer(starting, candidates),
            Resolution::Transaction(id) => Ok(self.transaction(starting, id)),
        }
    }

    /// Whether, in the strict mode, the session has all that an advice asks for.
    fn has(&self, starting: &Starting<'_>, advice: &Advice, candidates: &[Candidate]) -> bool {
        let beside = starting.beside.as_ref();
        let Some(beside) = beside.filter(|_| self.settings.strict_advice) else {
            return false;
        };
        let (realm, session) = (&beside.realm, &beside.session);
        // A session of a realm that the advice does not lead to has nothing of it.
        if !candidates.iter().any(|one| one.realm == *realm) {
            return false;
        }
        let here = |of: &Option<Realm>| of.as_ref().unwrap_or(&self.realm) == realm;
        let passed = |journey: &str| session.services.iter().any(|one| **one == *journey);
        let named = |value: &str| Realm::parse(value).or_else(|| self.site.alias(value));
        let in_realm = advice.realms.is_empty()
            || advice
                .realms
                .iter()
                .any(|one| named(one).as_ref() == Some(realm));
        let services = advice.services.is_empty()
            || advice
                .services
                .iter()
                .any(|one| here(&one.realm) && passed(&one.name));
        let schemes = advice.schemes.is_empty()
            || advice.schemes.iter().any(|one| {
                let journey = self.site.module(realm, &one.name);
                here(&one.realm) && journey.is_some_and(|journey| passed(&journey))
            });
        let levels = advice
            .levels
            .iter()
            .filter(|(of, _)| of.as_ref().is_none_or(|of| of == realm))
            .all(|(_, level)| session.proved && session.level >= *level);
        in_realm && services && schemes && levels
    }

    /// The journeys that reach a level.
    fn reach(&mut self, starting: Starting<'a>, level: AuthLevel) -> Result<Need, Refusal> {
        let engine = self.site.engine(&self.realm);
        let engine = engine.ok_or(Refusal::NoConfiguration)?;
        let mut candidates: Vec<Candidate> = engine
            .at_least(level, MENU_MAX)
            .into_iter()
            .map(|journey| self.here(journey, Some(level)))
            .collect();
        if candidates.len() == 1
            && let Some(candidate) = candidates.pop()
        {
            return self.one(starting, candidate);
        }
        let beside = starting.beside_in(&self.realm);
        let reached = beside.is_some_and(|session| session.proved && session.level >= level);
        if reached && !starting.wishes.force {
            return Ok(self.enough(&starting));
        }
        if candidates.is_empty() {
            return Err(Refusal::NoConfiguration);
        }
        self.offer(starting, candidates)
    }

    /// Whether a journey that a client may start must run; `None` where it may not start it.
    fn flags(&self, realm: &Realm, journey: &str) -> Option<bool> {
        let engine = self.site.engine(realm)?;
        let settings = &engine.program().journey_on_wire(journey)?.settings;
        settings.starts_alone().then_some(settings.must_run)
    }

    /// Runs a journey, unless the session that came along is enough.
    fn one(&mut self, starting: Starting<'a>, candidate: Candidate) -> Result<Need, Refusal> {
        let must_run = self
            .flags(&candidate.realm, &candidate.journey)
            .ok_or(Refusal::NoConfiguration)?;
        let beside = starting.beside_in(&candidate.realm);
        if !must_run
            && !starting.wishes.force
            && beside.is_some_and(|session| satisfies(session, &starting.index, &candidate))
        {
            return Ok(self.enough(&starting));
        }
        if starting.index != Index::Default {
            self.key_to(&candidate.journey);
        }
        let along = match starting.submitted {
            Some(submitted) => Along::Callbacks(submitted),
            None => self.headers(&candidate.realm, &candidate.journey),
        };
        let session = self.run_of(candidate, &starting.wishes, starting.beside)?;
        Ok(self.admit(session, along))
    }

    /// From here on tokens name this journey.
    pub(super) fn key_to(&mut self, journey: &Arc<str>) {
        self.ask_for("service", Some(Arc::clone(journey)));
    }

    fn ask_for(&mut self, ty: &'static str, value: Option<Arc<str>>) {
        self.asked = Asked {
            ty: Some(ty),
            value,
        };
    }

    /// Begins a run of a journey.
    pub(super) fn run_of(
        &mut self,
        candidate: Candidate,
        wishes: &Wishes,
        beside: Option<Beside>,
    ) -> Result<Box<AuthSession>, Refusal> {
        let mut start = Start::journey(candidate.journey).realm(candidate.realm);
        start.asked_level = candidate.asked_level;
        start.no_session = self.no_session;
        self.begin(start, wishes, beside)
    }

    fn begin(
        &mut self,
        mut start: Start,
        wishes: &Wishes,
        beside: Option<Beside>,
    ) -> Result<Box<AuthSession>, Refusal> {
        let beside = beside.filter(|beside| beside.realm == start.realm);
        if wishes.named && beside.is_none() {
            return Err(Refusal::NoSuchSession);
        }
        start.session = beside.map(|beside| beside.session);
        start.goto.clone_from(&wishes.goto);
        start.goto_on_fail.clone_from(&wishes.goto_on_fail);
        self.home = start.realm.clone();
        let engine = self.site.engine(&self.home);
        let engine = engine.ok_or(Refusal::NoConfiguration)?;
        let begun = self.site.begin(&engine, start, self.host);
        let session = begun.map(Box::new).map_err(|e| refused(&e))?;
        self.note(&session);
        Ok(session)
    }

    /// Asks for room for a run that has no token yet.
    pub(super) fn admit(&mut self, session: Box<AuthSession>, along: Along<'a>) -> Need {
        let verify = session.may_verify();
        self.state = State::AdmitStart(session, along);
        Need::Admit(Admission {
            start: true,
            verify,
        })
    }

    fn transaction(&mut self, starting: Starting<'a>, id: Arc<str>) -> Need {
        let session = starting.beside_in(&self.realm);
        let subject = session.map(|session| session.subject.clone());
        self.state = State::Choosing(Box::new(starting));
        Need::Transaction { id, subject }
    }

    /// Begins the run of a transaction.
    pub(super) fn confirm(
        &mut self,
        starting: Starting<'a>,
        transaction: Option<Transaction>,
    ) -> Result<Need, Refusal> {
        let transaction = transaction.ok_or(Refusal::NoConfiguration)?;
        if transaction.keeps_session && starting.beside_in(&self.realm).is_none() {
            return Err(Refusal::NoConfiguration);
        }
        self.ask_for("transaction", Some(Arc::clone(&transaction.id)));
        let mut start = Start::journey(transaction.journey)
            .realm(self.realm.clone())
            .transaction(transaction.id)
            .data(transaction.data);
        start.expects = transaction.expects;
        start.no_session = self.no_session || transaction.keeps_session;
        let along = match starting.submitted {
            Some(submitted) => Along::Callbacks(submitted),
            None => self.headers(&start.realm, &start.journey),
        };
        let session = self.begin(start, &starting.wishes, starting.beside)?;
        Ok(self.admit(session, along))
    }

    fn offer(
        &mut self,
        starting: Starting<'a>,
        candidates: Vec<Candidate>,
    ) -> Result<Need, Refusal> {
        match starting.index {
            Index::Level(level) => self.ask_for("level", Some(level.to_string().into())),
            Index::Resource(_) => self.ask_for("resource", None),
            _ => self.ask_for("composite_advice", None),
        }
        let (wishes, beside) = (starting.wishes, starting.beside);
        self.menu(candidates, wishes, beside, starting.submitted)
    }

    /// The session that came along is enough: success at once, and no cookie is touched.
    fn enough(&mut self, starting: &Starting<'_>) -> Need {
        let beside = starting.beside.as_ref();
        self.home = beside.map_or_else(|| self.realm.clone(), |beside| beside.realm.clone());
        let settings = self.site.settings(&self.home);
        let goto = starting.wishes.goto.as_deref();
        let token = (!self.no_session).then(|| self.existing_token());
        let reply = reply::login(&Login {
            token: token.as_deref(),
            success_url: goto.unwrap_or(&settings.success_url),
            realm: &self.home,
            details: &std::collections::BTreeMap::new(),
            message: self.says_so(),
        });
        self.verdict = Verdict::Satisfied;
        self.send(reply)
    }

    /// What stands for the token of a session that stays.
    pub(super) fn existing_token(&self) -> String {
        let carried = self.carried.as_ref();
        let shown = carried.filter(|carried| match self.settings.existing_token {
            ExistingToken::Same => true,
            ExistingToken::Empty => false,
            ExistingToken::Auto => !carried.cookie,
        });
        shown.map_or_else(String::new, |carried| carried.token.reveal().clone())
    }

    /// Notes the token of a request that goes on, for replies that show it.
    pub(super) fn carry_on(&mut self) {
        self.carry(None);
    }
}

/// Whether a session is enough for what a start asks; an advice never is, as it comes after a denial.
fn satisfies(session: &StartSession, index: &Index, candidate: &Candidate) -> bool {
    let passed = |journey: &str| session.services.iter().any(|one| **one == *journey);
    match index {
        Index::Default => true,
        Index::Service(name) => passed(name),
        Index::Level(level) => session.proved && session.level >= *level,
        Index::User(name) => *session.username == **name,
        Index::Module(_) | Index::Role(_) => passed(&candidate.journey),
        Index::Resource(_) | Index::Advice(_) | Index::Transaction(_) => false,
    }
}
