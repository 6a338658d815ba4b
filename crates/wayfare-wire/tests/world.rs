//! A small world around the wire: two realms with a user of the same name each, a real engine, a store
//! of steps and sessions in memory, a clock that is moved by hand.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Arc, LazyLock, Mutex},
};

use wayfare::{
    Action, AuthLevel, Callback, Compiler, Context, Effect, EffectReply, Engine, Host, NodeError,
    NodeType, Prepared, Realm, Registry, Reply as NodeReply, Secret, Setup, Signature, Source,
    StartSession, SubjectId, Suspend, Timestamp,
    engine::{
        effect::{Channel, Credential, Identity, Message, SessionRef, Who},
        host::NoRandomness,
        step::Call,
    },
    model::{
        journey::OutcomeId,
        signature::{Known, Outcomes},
    },
};
use wayfare_wire::{
    am::{
        authenticate::{
            Beside, Epoch, Exchange, Given, Need, ProgramHash, Settings, Site, Summary,
        },
        error::Refusal,
        realm::{Endpoint, Realms, route},
        reply::Reply,
        request::Parts,
        serverinfo, sessions, users,
        version::{Routes, Served, negotiate},
    },
    claims::{ClaimsInMemory, StepClaims},
    query::Query,
    seal::{KeyPair, RealmKeys},
};

/// A clock moved by hand and numbers that never repeat.
#[derive(Debug)]
pub(crate) struct TestHost {
    now: Mutex<u64>,
    random: Mutex<u64>,
}

impl Host for TestHost {
    fn now(&self) -> Timestamp {
        Timestamp(*self.now.lock().unwrap())
    }
    fn random(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        let mut state = self.random.lock().unwrap();
        for byte in bytes {
            // A xorshift: unique enough for tests, the same on every run.
            *state ^= *state << 13;
            *state ^= *state >> 7;
            *state ^= *state << 17;
            *byte = state.to_le_bytes()[3];
        }
        Ok(())
    }
}

/// A session as this world keeps it.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) realm: Realm,
    pub(crate) username: String,
    pub(crate) level: AuthLevel,
}

/// After how many needs the next one is answered by what.
type Spoil = (usize, fn() -> Given);

pub(crate) struct World {
    pub(crate) host: TestHost,
    pub(crate) claims: ClaimsInMemory,
    pub(crate) sessions: Mutex<BTreeMap<String, Row>>,
    pub(crate) comparisons: Mutex<u32>,
    pub(crate) mail: Mutex<Vec<String>>,
    /// Whether every place to compare secrets is taken.
    pub(crate) busy: Mutex<bool>,
    pub(crate) settings: Mutex<Arc<Settings>>,
    pub(crate) epoch: Mutex<Epoch>,
    /// The programs by realm, newest first.
    pub(crate) programs: Mutex<BTreeMap<Realm, Vec<Engine>>>,
    pub(crate) keys: Mutex<BTreeMap<Realm, Arc<RealmKeys>>>,
    pub(crate) summaries: Mutex<Vec<Summary>>,
    /// What every exchange and every need showed of itself, where somebody watches.
    watched: Mutex<Option<String>>,
    /// What the first need after so many others is answered by, in place of what it asks for.
    spoiled: Mutex<Option<Spoil>>,
}

pub(crate) fn realm(path: &str) -> Realm {
    Realm::parse(path).unwrap()
}

pub(crate) fn pair(id: u8) -> KeyPair {
    let signing = Secret::new([id; 32]);
    let sealing = Secret::new([!id; 32]);
    KeyPair::new(u32::from(id), &signing, &sealing).unwrap()
}

pub(crate) fn compile(text: &str) -> Engine {
    let mut registry = Registry::standard();
    registry.add(Elsewhere).unwrap();
    registry.add(MailLink).unwrap();
    let compiled = Compiler::new(registry.catalog()).compile([Source::new("world.journey", text)]);
    let findings: Vec<_> = compiled.diagnostics.iter().collect();
    let program = compiled.program.unwrap_or_else(|| panic!("{findings:?}"));
    Engine::link(program, registry).unwrap()
}

pub(crate) const TEXT: &str = include_str!("am/world.journey");

impl World {
    pub(crate) fn new() -> Self {
        static ENGINE: LazyLock<Engine> = LazyLock::new(|| compile(TEXT));
        let engine = ENGINE.clone();
        let realms = ["/", "/alpha", "/beta"].map(realm);
        let keys = realms
            .iter()
            .zip([1, 2, 3])
            .map(|(realm, id)| (realm.clone(), Arc::new(RealmKeys::new(pair(id), []))));
        Self {
            host: TestHost {
                now: Mutex::new(1_700_000_000_000),
                random: Mutex::new(0x9e37_79b9_7f4a_7c15),
            },
            claims: ClaimsInMemory::default(),
            sessions: Mutex::default(),
            comparisons: Mutex::default(),
            mail: Mutex::default(),
            busy: Mutex::default(),
            settings: Mutex::default(),
            epoch: Mutex::new([7; 16]),
            keys: Mutex::new(keys.collect()),
            programs: Mutex::new(
                realms
                    .iter()
                    .map(|realm| (realm.clone(), vec![engine.clone()]))
                    .collect(),
            ),
            summaries: Mutex::default(),
            watched: Mutex::default(),
            spoiled: Mutex::default(),
        }
    }

    pub(crate) fn advance(&self, seconds: u64) {
        *self.host.now.lock().unwrap() += seconds * 1_000;
    }

    pub(crate) fn comparisons(&self) -> u32 {
        *self.comparisons.lock().unwrap()
    }

    pub(crate) fn session_count(&self) -> usize {
        self.sessions.lock().unwrap().len()
    }

    /// Writes down from now on what is shown.
    pub(crate) fn watch(&self) {
        *self.watched.lock().unwrap() = Some(String::new());
    }

    pub(crate) fn watched(&self) -> String {
        self.watched.lock().unwrap().clone().unwrap_or_default()
    }

    /// Answers the need after so many others by this, in the next exchange that comes so far.
    pub(crate) fn spoil(&self, after: usize, by: fn() -> Given) {
        *self.spoiled.lock().unwrap() = Some((after, by));
    }

    /// What a need is answered by against all that it asks for; what fits it is no such thing.
    fn spoils(&self, at: usize, need: &Need) -> Option<Given> {
        let mut spoiled = self.spoiled.lock().unwrap();
        let (_, by) = (*spoiled).filter(|(after, _)| *after == at)?;
        let given = by();
        let fits = matches!(
            (need, &given),
            (Need::Reply(_), _)
                | (Need::Session(_) | Need::SessionOf(_), Given::Session(_))
                | (Need::UserJourney(_), Given::UserJourney(_))
                | (Need::Policy { .. }, Given::Policy(_))
                | (Need::Transaction { .. }, Given::Transaction(_))
                | (Need::Admit(_), Given::Admitted)
                | (Need::State { .. }, Given::State(_))
                | (Need::Claim(_), Given::Claimed(_))
                | (
                    Need::Keep(_) | Need::Deliver(_) | Need::End(_) | Need::Pass(_),
                    Given::Done
                )
                | (
                    Need::Finish(_),
                    Given::Made { .. } | Given::NotMade | Given::OverQuota
                )
                | (Need::Conclude(_), Given::Done | Given::NotMade)
        );
        if fits {
            return None;
        }
        *spoiled = None;
        Some(given)
    }

    /// Whether what was to be spoiled was.
    pub(crate) fn was_spoiled(&self) -> bool {
        self.spoiled.lock().unwrap().is_none()
    }

    fn write_down(&self, shown: &dyn std::fmt::Debug) {
        if let Some(watched) = &mut *self.watched.lock().unwrap() {
            // Writing into a string cannot fail.
            let _ = writeln!(watched, "{shown:?}");
        }
    }

    pub(crate) fn last(&self) -> Summary {
        self.summaries.lock().unwrap().last().unwrap().clone()
    }

    /// Sends a request with exactly these headers.
    pub(crate) fn send(
        &self,
        method: &str,
        target: &str,
        headers: &[(String, String)],
        body: &[u8],
    ) -> Reply {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let parts = Parts {
            method,
            path,
            query,
            headers,
            body,
            client: Some([127, 0, 0, 1].into()),
        };
        let Ok(query) = Query::parse(query) else {
            return Refusal::BadQuery.reply(None);
        };
        match route(path, &query, parts.host(), self) {
            Err(refusal) => refusal.reply(None),
            Ok(found) => match found.endpoint {
                Endpoint::Authenticate => self.authenticate(&found.realm, query, parts),
                other => self
                    .resource(&found.realm, &other, &query, &parts)
                    .unwrap_or_else(|(refusal, served)| refusal.resource(served)),
            },
        }
    }

    fn authenticate(&self, realm: &Realm, query: Query, parts: Parts<'_>) -> Reply {
        let mut exchange = Exchange::new(self, &self.host, realm.clone(), query, parts);
        let mut given = Given::Nothing;
        let mut at = 0;
        loop {
            self.write_down(&given);
            let need = exchange.next(given);
            self.write_down(&(&exchange, &need));
            at += 1;
            if let Some(spoiled) = self.spoils(at - 1, &need) {
                given = spoiled;
                continue;
            }
            given = match need {
                Need::Reply(reply) => {
                    self.summaries.lock().unwrap().push(exchange.summary());
                    return reply;
                }
                Need::Session(token) => Given::Session(self.beside(token.reveal())),
                Need::SessionOf(handle) => Given::Session(self.beside(&handle.0)),
                Need::UserJourney(_) => Given::UserJourney(None),
                Need::Policy { .. } => Given::Policy(None),
                Need::Admit(admission) => {
                    if admission.verify && *self.busy.lock().unwrap() {
                        Given::Busy { retry_after: 3 }
                    } else {
                        Given::Admitted
                    }
                }
                Need::State { run, generation } => self
                    .claims
                    .kept(run, generation)
                    .map_or(Given::Failed, Given::State),
                Need::Claim(claim) => self
                    .claims
                    .claim(&claim)
                    .map_or(Given::Failed, Given::Claimed),
                Need::Perform(call) => Given::Effect(self.perform(&call, exchange.run_realm())),
                Need::Deliver(delivery) => {
                    if let Some(call) = delivery.into_call() {
                        self.perform(&call, exchange.run_realm());
                    }
                    Given::Done
                }
                Need::Keep(kept) => self
                    .claims
                    .keep(kept)
                    .map_or(Given::Failed, |()| Given::Done),
                Need::End(end) => self.claims.end(end).map_or(Given::Failed, |()| Given::Done),
                Need::Pass(pass) => {
                    let ended = pass.end.map_or(Ok(()), |end| self.claims.end(end));
                    ended.map_or(Given::Failed, |()| Given::Done)
                }
                Need::Transaction { .. } => Given::Transaction(None),
                Need::Conclude(_) => Given::NotMade,
                Need::Finish(finish) => {
                    if let Some(end) = finish.end {
                        self.claims.end(end).unwrap();
                    }
                    let mut sessions = self.sessions.lock().unwrap();
                    if let Some(old) = &finish.success.upgrades {
                        sessions.remove(&*old.0);
                    }
                    let token = format!("session-{}", self.summaries.lock().unwrap().len());
                    let row = Row {
                        realm: finish.realm.clone(),
                        username: finish.success.subject.username.to_string(),
                        level: finish.success.level,
                    };
                    sessions.insert(token.clone(), row);
                    Given::Made {
                        token: Secret::new(token),
                        properties: BTreeMap::new(),
                        cookies: Vec::new(),
                    }
                }
            };
        }
    }

    fn beside(&self, token: &str) -> Option<Beside> {
        let sessions = self.sessions.lock().unwrap();
        let row = sessions.get(token)?;
        Some(Beside {
            realm: row.realm.clone(),
            session: StartSession {
                session: SessionRef(Arc::from(token)),
                subject: subject(&row.realm, &row.username),
                username: row.username.as_str().into(),
                level: row.level,
                services: vec!["Login".into()],
                proved: true,
            },
        })
    }

    pub(crate) fn perform(&self, call: &Call, realm: &Realm) -> EffectReply {
        match &call.effect {
            Effect::Verify(verify) => {
                *self.comparisons.lock().unwrap() += 1;
                let found = find(realm, &verify.who);
                match (&verify.credential, found) {
                    (Credential::Password, Some((identity, password)))
                        if verify.secret.reveal() == password =>
                    {
                        EffectReply::Match(identity)
                    }
                    _ => EffectReply::Miss,
                }
            }
            Effect::ReadIdentity(read) => {
                EffectReply::Identity(find(realm, &read.who).map(|(identity, _)| identity))
            }
            Effect::Send(message) => {
                self.mail
                    .lock()
                    .unwrap()
                    .push(message.body.reveal().clone());
                EffectReply::Sent
            }
            other => EffectReply::Failed(format!("not in this world: {other:?}")),
        }
    }

    fn resource(
        &self,
        realm: &Realm,
        endpoint: &Endpoint,
        query: &Query,
        parts: &Parts<'_>,
    ) -> Result<Reply, (Refusal, Option<Served>)> {
        parts.same_site().map_err(|refusal| (refusal, None))?;
        let settings = self.settings(realm);
        let cookies = &settings.cookies;
        let routes = match endpoint {
            Endpoint::Sessions => Routes::SESSIONS,
            Endpoint::Users(_) => Routes::USERS,
            _ => Routes::SERVERINFO,
        };
        let served = negotiate(
            parts.header("accept-api-version"),
            routes,
            settings.unversioned,
        )
        .map_err(|refusal| (refusal.into(), None))?;
        let refused = |refusal| (refusal, Some(served));
        match endpoint {
            Endpoint::Sessions => {
                let ask = sessions::Ask::read(parts, query, served, cookies).map_err(refused)?;
                Ok(self.session(&ask, &settings, served))
            }
            Endpoint::Users(_) => {
                let url = &settings.success_url;
                let ask = users::Ask::read(parts, query).map_err(refused)?;
                if let users::Ask::ValidateGoto(goto) = ask {
                    let (allowed, own) = (&settings.goto, settings.origin.as_ref());
                    return Ok(users::validated_goto(&goto, allowed, own, url, served));
                }
                let token = parts.session_token(&cookies.session);
                let sessions = self.sessions.lock().unwrap();
                let row = token
                    .and_then(|token| sessions.get(&token))
                    .ok_or(refused(Refusal::AccessDenied))?;
                let (name, realm) = (&row.username, &row.realm);
                Ok(users::id_from_session(name, realm, url, "/am", served))
            }
            Endpoint::Serverinfo(id) => {
                serverinfo::info(id, realm, cookies, settings.zero_page, None, served)
                    .map_err(refused)
            }
            _ => Err(refused(Refusal::NotFound)),
        }
    }

    fn session(&self, ask: &sessions::Ask, settings: &Settings, served: Served) -> Reply {
        let mut rows = self.sessions.lock().unwrap();
        let token = ask.token().unwrap_or_default().to_owned();
        let now = self.host.now();
        let info = rows.get(&token).map(|row| sessions::Info {
            username: row.username.clone(),
            realm: row.realm.clone(),
            handle: "ctx".into(),
            accessed: now,
            idle_expires: now.plus(std::time::Duration::from_secs(1_800)),
            expires: now.plus(std::time::Duration::from_secs(7_200)),
            idle: std::time::Duration::ZERO,
            idle_max: std::time::Duration::from_secs(1_800),
            time_max: std::time::Duration::from_secs(7_200),
            left: std::time::Duration::from_secs(7_200),
            properties: vec![],
        });
        match ask.action {
            sessions::Action::Logout { .. } if ask.token().is_none() => {
                Refusal::AccessDenied.resource(Some(served))
            }
            sessions::Action::Logout { .. } => {
                let logout = match rows.remove(&token) {
                    Some(_) => sessions::Logout::Done,
                    None => sessions::Logout::Unknown,
                };
                let out = sessions::LoggedOut {
                    details: &[],
                    logout,
                    goto: None,
                    cookies: Some(&settings.cookies),
                    clear_site_data: false,
                };
                sessions::logged_out(&out, served)
            }
            sessions::Action::Validate { .. } => sessions::validated(info.as_ref(), served),
            _ => sessions::told(info.as_ref(), served),
        }
    }
}

fn subject(realm: &Realm, name: &str) -> SubjectId {
    SubjectId(format!("{realm}#{name}").into())
}

/// The users: the same names in both realms, other passwords.
fn find(realm: &Realm, who: &Who) -> Option<(Identity, &'static str)> {
    let name = match who {
        Who::Name(name) => name.to_lowercase(),
        Who::Subject(SubjectId(id)) => id.rsplit_once('#')?.1.to_owned(),
    };
    let password = match (realm.as_str(), &*name) {
        ("/alpha", "demo") => "Ch4ng31t",
        ("/alpha", "other") => "0ther",
        ("/beta", "demo") => "B3ta",
        _ => return None,
    };
    let identity = Identity {
        subject: subject(realm, &name),
        username: name.as_str().into(),
        active: true,
        attributes: BTreeMap::new(),
    };
    Some((identity, password))
}

impl Realms for World {
    fn exists(&self, realm: &Realm) -> bool {
        self.programs.lock().unwrap().contains_key(realm)
    }
    fn find(&self, path: &str) -> Option<Realm> {
        let programs = self.programs.lock().unwrap();
        programs.get_key_value(path).map(|(realm, _)| realm.clone())
    }
    fn alias(&self, alias: &str) -> Option<Realm> {
        (alias == "customers").then(|| realm("/alpha"))
    }
}

impl Site for World {
    fn settings(&self, _: &Realm) -> Arc<Settings> {
        Arc::clone(&self.settings.lock().unwrap())
    }
    fn keys(&self, realm: &Realm) -> Option<Arc<RealmKeys>> {
        self.keys.lock().unwrap().get(realm).cloned()
    }
    fn engine(&self, realm: &Realm) -> Option<Engine> {
        self.programs.lock().unwrap().get(realm)?.first().cloned()
    }
    fn engine_of(&self, realm: &Realm, program: &ProgramHash) -> Option<Engine> {
        let programs = self.programs.lock().unwrap();
        let found = programs
            .get(realm)?
            .iter()
            .find(|engine| engine.serves(program));
        found.cloned()
    }
    fn default_journey(&self, realm: &Realm) -> Option<Arc<str>> {
        (realm.as_str() != "/").then(|| "Login".into())
    }
    fn epoch(&self) -> Epoch {
        *self.epoch.lock().unwrap()
    }
}

fn signature(name: &'static str, outcomes: &'static [Cow<'static, str>]) -> Signature {
    Signature {
        name: name.into(),
        wire: format!("{name}Node").into(),
        versions: Cow::Borrowed(&[1]),
        summary: "of this test".into(),
        settings: Cow::Borrowed(&[]),
        outcomes: Outcomes::Fixed(Cow::Borrowed(outcomes)),
        callbacks: Cow::Borrowed(&[]),
        reads: Cow::Borrowed(&[]),
        writes: Cow::Borrowed(&[]),
        removes: Cow::Borrowed(&[]),
        facts: Cow::Borrowed(&[]),
        finds: Cow::Borrowed(&[]),
        asks: Known::Is(true),
        asks_when: None,
        suspends: Known::Is(true),
        calls_out: Known::Is(false),
        calls_when: None,
        verifies: Known::Is(false),
        limits: None,
        page_child: false,
        leads_to: None,
        runs: None,
    }
}

/// Sends the client away; it comes back with a `code`.
#[derive(Debug)]
struct Elsewhere;

impl NodeType for Elsewhere {
    fn signature(&self) -> Signature {
        const OUTCOMES: &[Cow<'static, str>] = &[Cow::Borrowed("came"), Cow::Borrowed("missing")];
        signature("Elsewhere", OUTCOMES)
    }
    fn prepare(&self, _: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
        Ok(Box::new(Self))
    }
}

impl Prepared for Elsewhere {
    fn enter(&self, _: &mut Context<'_>) -> Result<Action, NodeError> {
        Ok(Action::ask([Callback::Redirect {
            url: "https://idp.example.com/".into(),
            method: "GET".into(),
            data: None,
            tracking_cookie: true,
        }]))
    }
    fn resume(&self, cx: &mut Context<'_>, _: NodeReply) -> Result<Action, NodeError> {
        let came = cx.request().parameter("code").next() == Some("42");
        Ok(Action::go(OutcomeId(u16::from(!came))))
    }
}

/// Sends a link by mail and waits for it to be followed.
#[derive(Debug)]
struct MailLink;

impl NodeType for MailLink {
    fn signature(&self) -> Signature {
        const OUTCOMES: &[Cow<'static, str>] = &[Cow::Borrowed("outcome")];
        signature("MailLink", OUTCOMES)
    }
    fn prepare(&self, _: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
        Ok(Box::new(Self))
    }
}

impl Prepared for MailLink {
    fn enter(&self, _: &mut Context<'_>) -> Result<Action, NodeError> {
        Ok(Action::Suspend(Box::new(Suspend {
            text: "An email has been sent.".into(),
            within: Some(std::time::Duration::from_secs(600)),
            deliver: Some(Effect::Send(Message {
                channel: Channel::Mail,
                to: "demo@example.com".into(),
                from: "".into(),
                subject: "Go on".into(),
                body: Secret::from("Follow {0} now"),
                route: BTreeMap::new(),
                template: None,
            })),
        })))
    }
    fn resume(&self, _: &mut Context<'_>, _: NodeReply) -> Result<Action, NodeError> {
        Ok(Action::go(OutcomeId(0)))
    }
}
