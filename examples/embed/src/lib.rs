//! A login server of one's own, without `wayfare-server`; docs/embedding.md walks through it.

use std::sync::{Arc, Mutex};
use std::{collections::BTreeMap, error::Error, time::Duration, time::SystemTime};

use axum::http::request::Parts;
use axum::{Router, body::Bytes, extract::State, response::Response, routing::any};
use ring::hmac::{HMAC_SHA256, Key, sign, verify};
use ring::rand::{SecureRandom as _, SystemRandom};
use wayfare::engine::effect::{Credential, Identity, SubjectId, Verify, Who};
use wayfare::engine::host::NoRandomness;
use wayfare::{Compiler, Effect, EffectReply, Engine, Host, Registry, Secret, Source, Timestamp};
use wayfare_wire::am::authenticate::{Exchange, Finish, Given, Need, OneRealm};
use wayfare_wire::am::{reply::Reply, request};
use wayfare_wire::claims::{ClaimsInMemory, StepClaims as _};

/// A server of one realm and one user.
#[derive(Debug)]
pub struct Server {
    site: OneRealm,
    claims: ClaimsInMemory,
    sessions: Mutex<BTreeMap<String, (Arc<str>, Timestamp)>>,
    username: Arc<str>,
    password: Secret<String>,
    failures: Mutex<u32>,
}

/// The routes of a server: the protocol below `/am`, as clients expect it.
pub fn app(server: Arc<Server>) -> Router {
    let router = Router::new().route("/am/json/{*rest}", any(handle));
    router.with_state(server)
}

async fn handle(State(server): State<Arc<Server>>, head: Parts, body: Bytes) -> Response {
    let reply = match request::text(&head.headers) {
        Ok(headers) => server.answer(request::Parts::of(&head, "/am", &headers, &body)),
        Err(_) => Reply::new(400),
    };
    reply.into_http()
}

impl Server {
    /// A server of the journeys of a text; the error says what is wrong with it.
    pub fn new(journeys: &str, username: &str, password: &str) -> Result<Self, Box<dyn Error>> {
        let registry = Registry::standard();
        let source = Source::new("own.journey", journeys);
        let compiled = Compiler::new(registry.catalog()).compile([source]);
        let engine = Engine::link(compiled.into_program()?, registry)?;
        Ok(Self {
            site: OneRealm::new(engine, "Login", &Machine)?,
            claims: ClaimsInMemory::default(),
            sessions: Mutex::default(),
            username: username.into(),
            password: password.into(),
            failures: Mutex::default(),
        })
    }

    /// Whose session this is, for the rest of the application.
    pub fn who(&self, token: &str) -> Option<Arc<str>> {
        let sessions = self.sessions.lock().ok()?;
        let (username, expires) = sessions.get(token)?;
        (Machine.now() < *expires).then(|| username.clone())
    }

    fn answer(&self, parts: request::Parts<'_>) -> Reply {
        let exchange = Exchange::of(&self.site, &Machine, parts);
        exchange.map_or_else(|refused| refused, |asks| asks.drive(|need| self.give(need)))
    }

    fn give(&self, need: Need) -> Given {
        match need.kept_in(&self.claims, Machine.now()) {
            Ok(given) => given,
            Err(Need::Perform(call)) => Given::Effect(self.perform(&call.effect)),
            Err(Need::Finish(finish)) => self.finish(&finish).unwrap_or(Given::Failed),
            // No session is stepped up, and there are no policies: every login is a new one.
            Err(other) => other.declined(),
        }
    }

    fn finish(&self, finish: &Finish) -> Option<Given> {
        let end = |end| self.claims.end(end);
        finish.end.map_or(Ok(()), end).ok()?;
        let mut drawn = [0; 16];
        Machine.random(&mut drawn).ok()?;
        let token = format!("{:032x}", u128::from_be_bytes(drawn));
        let (now, hour) = (Machine.now(), Duration::from_secs(3_600));
        let mut sessions = self.sessions.lock().ok()?;
        sessions.retain(|_, (_, expires)| now < *expires);
        let username = Arc::clone(&finish.success.subject.username);
        sessions.insert(token.clone(), (username, now.plus(hour)));
        Some(Given::made(token))
    }

    fn perform(&self, effect: &Effect) -> EffectReply {
        match effect {
            Effect::Verify(asked) if asked.credential == Credential::Password => self
                .verify(asked)
                .map_or(EffectReply::Miss, EffectReply::Match),
            Effect::ReadIdentity(asked) => EffectReply::Identity(self.find(&asked.who)),
            _ => EffectReply::Failed("this server has passwords only".to_owned()),
        }
    }

    /// Counts the failure before it compares, and does the same work for a name that nobody has.
    fn verify(&self, asked: &Verify) -> Option<Identity> {
        let found = self.find(&asked.who);
        let mut failures = self.failures.lock().ok()?;
        *failures = failures.saturating_add(u32::from(found.is_some()));
        // Under a key that nobody knows, so that the time it takes says nothing.
        let key = Key::generate(HMAC_SHA256, &SystemRandom::new()).ok()?;
        let right = sign(&key, self.password.reveal().as_bytes());
        let compared = verify(&key, asked.secret.reveal().as_bytes(), right.as_ref());
        let matched = found.filter(|_| compared.is_ok() && *failures <= 5)?;
        *failures = 0;
        Some(matched)
    }

    fn find(&self, who: &Who) -> Option<Identity> {
        let (Who::Name(name) | Who::Subject(SubjectId(name))) = who;
        (*name == self.username).then(|| Identity::named(name.clone()))
    }
}

struct Machine;

impl Host for Machine {
    fn now(&self) -> Timestamp {
        Timestamp::default().plus(SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default())
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        SystemRandom::new().fill(bytes).map_err(|_| NoRandomness)
    }
}
