//! What scripts can ask for: functions that take and give plain data.
//!
//! Nothing is done here. An effect is listed, and its reply taken from those that are there; the first one
//! without a reply ends the run.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    sync::Arc,
    time::Duration,
};

use ring::digest;
use serde_json::{Map, Value as Json, json};
use wayfare::{
    Effect, EffectReply, Secret,
    engine::{
        effect::{Fetch, Fetched, Identity},
        host::Timestamp,
        script::CALLS_MAX,
    },
};

use super::{
    Settings,
    convert::{text_of, texts_of},
    crypto, fault, identity, jwt,
};

/// Why a function of the host gives nothing.
#[derive(Debug)]
pub(super) enum Refused {
    /// The run ends here, and begins anew with a reply.
    Stop,
    /// The script has more said than it may.
    Output,
    /// The script is told why.
    Told(String),
}

impl Refused {
    pub(super) fn told(text: impl Into<String>) -> Self {
        Self::Told(text.into())
    }
}

/// What is done for a script in one run.
#[derive(Debug)]
pub(super) struct Host {
    pub(super) settings: Arc<Settings>,
    pub(super) now: Timestamp,
    seed: [u8; 32],
    drawn: RefCell<(u64, Vec<u8>)>,
    replies: Vec<EffectReply>,
    /// The effects that were asked for, in order.
    pub(super) calls: RefCell<Vec<Effect>>,
    /// Whether one of them has no reply.
    pub(super) waits: Cell<bool>,
    /// Whether effects are those that a link is sent by: they are collected, and nothing comes back.
    pub(super) delivers: Cell<bool>,
    pub(super) deliveries: RefCell<Vec<Effect>>,
    pub(super) lines: RefCell<Vec<String>>,
    /// How many bytes were said.
    pub(super) said: Cell<usize>,
    /// What must not be told.
    pub(super) secrets: RefCell<Vec<Secret<String>>>,
    /// The canonical id of the subject with its name.
    pub(super) subject: Option<(Arc<str>, Arc<str>)>,
    /// Identities that were read, by whom and with which attributes.
    pub(super) read: RefCell<BTreeMap<String, Option<Identity>>>,
}

/// How long one line of a log may be.
const LINE_MAX: usize = 1_024;

/// How long a script may wait for an answer.
const TIMEOUT: Duration = Duration::from_secs(10);

impl Host {
    pub(super) fn new(
        settings: Arc<Settings>,
        now: Timestamp,
        seed: [u8; 32],
        replies: Vec<EffectReply>,
        secrets: Vec<Secret<String>>,
        subject: Option<(Arc<str>, Arc<str>)>,
    ) -> Self {
        Self {
            settings,
            now,
            seed,
            drawn: RefCell::new((0, Vec::new())),
            replies,
            calls: RefCell::default(),
            waits: Cell::new(false),
            delivers: Cell::new(false),
            deliveries: RefCell::default(),
            lines: RefCell::default(),
            said: Cell::new(0),
            secrets: RefCell::new(secrets),
            subject,
            read: RefCell::default(),
        }
    }

    /// Calls a function by its name.
    pub(super) fn call(&self, name: &str, args: &[Json]) -> Result<Json, Refused> {
        let arg = |at: usize| args.get(at).unwrap_or(&Json::Null);
        match name {
            "log" => self.log(arg(0), arg(1)),
            "secret" => Ok(self.secret(arg(0))),
            "property" => Ok(self.property(arg(0))),
            "random" => self.random_bytes(arg(0)),
            "fetch" => self.fetch(arg(0)),
            "identity" => identity::identity(self, arg(0)),
            "openidm" => identity::managed(self, arg(0)),
            "digest" => crypto::digest(arg(0), arg(1)),
            "hmac" => crypto::hmac(arg(0), arg(1), arg(2)),
            "crypto" => crypto::subtle(self, arg(0)),
            "base64" => crypto::base64(arg(0)),
            "jwt" => jwt::jwt(self, arg(0)),
            _ => Err(Refused::told(format!("there is no `{name}` here"))),
        }
    }

    /// The reply to an effect, if it is there.
    pub(super) fn effect(&self, effect: Effect) -> Result<EffectReply, Refused> {
        // What the function of a suspension reads, it reads now; what it sends, the link goes with.
        if self.delivers.get() && matches!(effect, Effect::Send(_) | Effect::Fetch(_)) {
            self.deliveries.borrow_mut().push(effect);
            return Err(Refused::Stop);
        }
        let mut calls = self.calls.borrow_mut();
        if calls.len() >= CALLS_MAX {
            let message = format!("a script calls out at most {CALLS_MAX} times");
            return Err(Refused::Told(message));
        }
        let reply = self.replies.get(calls.len()).cloned();
        calls.push(effect);
        reply.ok_or_else(|| {
            self.waits.set(true);
            Refused::Stop
        })
    }

    /// Counts bytes that are said.
    pub(super) fn say(&self, bytes: usize) -> Result<(), Refused> {
        let said = self.said.get().saturating_add(bytes);
        self.said.set(said);
        if said > self.settings.budget.output {
            return Err(Refused::Output);
        }
        Ok(())
    }

    fn log(&self, level: &Json, text: &Json) -> Result<Json, Refused> {
        // A script that catches what ends its run says nothing that counts: it runs again.
        if self.waits.get() {
            return Ok(Json::Null);
        }
        let text = text.as_str().unwrap_or_default();
        self.say(text.len())?;
        let text = fault::hidden(text, &self.secrets.borrow());
        let level = level.as_str().unwrap_or("message");
        let line = format!("{level}: {}", fault::clipped(&text, LINE_MAX));
        self.lines.borrow_mut().push(line);
        Ok(Json::Null)
    }

    fn secret(&self, label: &Json) -> Json {
        let label = label.as_str().unwrap_or_default();
        // Other labels are for others.
        let known = label.starts_with("scripted.node.");
        let found = self.settings.secrets.get(label).filter(|_| known);
        found.map_or(Json::Null, |secret| {
            self.secrets.borrow_mut().push(secret.clone());
            json!(secret.reveal())
        })
    }

    fn property(&self, name: &Json) -> Json {
        let found = self
            .settings
            .properties
            .get(name.as_str().unwrap_or_default());
        found.map_or(Json::Null, |value| json!(value))
    }

    /// Bytes of randomness: the same ones in the same order at every run of one activation.
    pub(super) fn draw(&self, count: usize) -> Vec<u8> {
        let mut drawn = self.drawn.borrow_mut();
        let (block, left) = &mut *drawn;
        let mut bytes = Vec::with_capacity(count);
        while bytes.len() < count {
            if left.is_empty() {
                let mut hash = digest::Context::new(&digest::SHA256);
                hash.update(&self.seed);
                hash.update(&block.to_be_bytes());
                *block = block.wrapping_add(1);
                *left = hash.finish().as_ref().to_vec();
            }
            bytes.push(left.pop().unwrap_or_default());
        }
        bytes
    }

    fn random_bytes(&self, count: &Json) -> Result<Json, Refused> {
        let count = count.as_u64().and_then(|count| usize::try_from(count).ok());
        match count {
            Some(count) if count <= 65_536 => Ok(json!(self.draw(count))),
            _ => Err(Refused::told("at most 65536 bytes of randomness at once")),
        }
    }

    fn fetch(&self, asked: &Json) -> Result<Json, Refused> {
        let none = Map::new();
        let asked = asked.as_object().unwrap_or(&none);
        let url = text_of(asked, "url");
        if !(url.starts_with("https://") || url.starts_with("http://")) {
            return Err(Refused::told(
                "an address begins with `https://` or `http://`",
            ));
        }
        let method = text_of(asked, "method").to_ascii_uppercase();
        let known = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"];
        if !known.contains(&&*method) {
            return Err(Refused::told("no method of HTTP that scripts may use"));
        }
        let mut headers = Vec::new();
        let listed = asked.get("headers").and_then(Json::as_array);
        for header in listed.map(Vec::as_slice).unwrap_or_default() {
            let pair = header.as_array().map(Vec::as_slice).unwrap_or_default();
            let [Json::String(name), value] = pair else {
                return Err(Refused::told("a header is a name and a value"));
            };
            let value = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            headers.push((Arc::from(name.to_ascii_lowercase()), Secret::new(value)));
        }
        let body = match asked.get("body") {
            Some(Json::String(text)) if !text.is_empty() => Some(Secret::new(text.clone())),
            _ => None,
        };
        let timeout = asked.get("timeout").and_then(Json::as_u64);
        let timeout = timeout.map_or(TIMEOUT, Duration::from_millis).min(TIMEOUT);
        let bytes = url.len()
            + body
                .as_ref()
                .map_or(0, |body: &Secret<String>| body.reveal().len());
        self.say(bytes)?;
        let effect = Effect::Fetch(Box::new(Fetch {
            method: Arc::from(method),
            url: Secret::new(url),
            headers,
            body,
            timeout,
        }));
        match self.effect(effect)? {
            EffectReply::Fetched(reply) => Ok(fetched(&reply)),
            _ => Err(Refused::told("a reply of another kind")),
        }
    }

    /// The texts of a list among the members of a request.
    pub(super) fn list(asked: &Map<String, Json>, key: &str) -> Vec<String> {
        texts_of(asked, key)
    }
}

fn fetched(reply: &Fetched) -> Json {
    match reply {
        Fetched::Answered {
            status,
            headers,
            body,
        } => {
            let headers: Vec<Json> = headers
                .iter()
                .map(|(name, value)| json!([&**name, value.reveal()]))
                .collect();
            json!({ "status": status, "reason": "", "headers": headers, "body": body.reveal() })
        }
        // As the product: what cannot be reached answers with 502 and a cause.
        Fetched::Denied(why) | Fetched::Failed(why) => {
            json!({ "status": 502, "reason": "Bad Gateway", "headers": [], "body": "", "cause": &**why })
        }
    }
}
