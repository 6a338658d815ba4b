//! What a login is: the requests that are sent, and what must come of them.
//!
//! In: a connection and the name of a user. Out: how long each request took, or why it is no login. Whatever
//! does not end in a token is a failure, and so is a second session that is not stronger than the first.

use std::{
    fmt::Write as _,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, StatusCode};
use serde_json::{Value as Json, json};
use wayfare::Secret;

use super::{
    client::{Answer, Client, Question},
    failure::{Failure, Kind},
    tally::{Lap, Part},
};

/// How often one login is asked something, at most.
const ASKED_MAX: usize = 16;
/// The version of the requests of the product's own load.
const LOAD_VERSION: &str = "resource=2.0, protocol=1.0";
/// The version of requests that answer questions.
const STEP_VERSION: &str = "resource=2.1, protocol=1.0";
/// The version of requests about sessions.
const SESSION_VERSION: &str = "resource=4.0, protocol=1.0";

/// What a session is raised by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StepUp {
    /// Any journey that reaches this level.
    Level(u32),
    /// This journey.
    Journey(String),
}

/// How users log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Way {
    /// Name and password in headers, in one request.
    ZeroPage,
    /// The questions of a journey, answered one by one.
    Page,
    /// The same, and then a second login that raises the session.
    StepUp(StepUp),
}

/// What every login of a bench has in common.
#[derive(Debug, Clone)]
pub(crate) struct Login {
    way: Way,
    /// `/json/realms/root` and the realms below it.
    realm: String,
    /// The query of a start.
    start: String,
    password: Secret<String>,
    /// Where a session is named.
    cookie: HeaderName,
    /// Whether every session is ended again.
    logs_out: bool,
    /// The token of the last login, of all connections: no other login has the same.
    last: Arc<Mutex<Secret<String>>>,
}

impl Login {
    /// A login by this way, to this realm and journey.
    pub(crate) fn new(
        way: Way,
        realm: &wayfare::Realm,
        journey: Option<&str>,
        password: Secret<String>,
    ) -> Self {
        let mut path = String::from("/json/realms/root");
        for part in realm.parts() {
            path.push_str("/realms/");
            path.push_str(&escaped(part));
        }
        Self {
            way,
            realm: path,
            start: journey.map_or_else(String::new, service),
            password,
            cookie: HeaderName::from_static("iplanetdirectorypro"),
            logs_out: false,
            last: Arc::new(Mutex::new(Secret::from(""))),
        }
    }

    /// The same, and every login ends the session that it made.
    pub(crate) fn logging_out(mut self, logs_out: bool) -> Self {
        self.logs_out = logs_out;
        self
    }

    /// Asks what the header of a session is called, where one will be sent.
    pub(crate) async fn prepare(&mut self, client: &mut Client) -> Result<(), Failure> {
        if !self.logs_out && !matches!(self.way, Way::StepUp(_)) {
            return Ok(());
        }
        let path = format!("{}/serverinfo/*", self.realm);
        let reply = client.ask(Question {
            method: Method::GET,
            path: &path,
            version: "resource=1.1, protocol=1.0",
            headers: Vec::new(),
            body: Bytes::new(),
        });
        let without = |failure: Failure| failure.without(self.password.reveal());
        let body = good(reply.await.map_err(without)?).map_err(without)?;
        let name = body.get("cookieName").and_then(Json::as_str);
        let name = name.and_then(|name| HeaderName::from_bytes(name.as_bytes()).ok());
        self.cookie = name.ok_or_else(|| {
            Failure::new(
                Kind::Reply,
                "serverinfo does not say what the cookie is called",
            )
        })?;
        Ok(())
    }

    /// Logs a user in; the laps are those of the requests that were answered as they should be.
    pub(crate) async fn run(&self, client: &mut Client, user: &str) -> Result<Vec<Lap>, Failure> {
        let mut laps = Vec::with_capacity(5);
        match self.all(client, user, &mut laps).await {
            Ok(()) => Ok(laps),
            Err(failure) => Err(failure.without(self.password.reveal())),
        }
    }

    async fn all(
        &self,
        client: &mut Client,
        user: &str,
        laps: &mut Vec<Lap>,
    ) -> Result<(), Failure> {
        let token = match &self.way {
            Way::ZeroPage => self.zero_page(client, user, laps).await?,
            Way::Page => self.paged(client, user, None, laps).await?,
            Way::StepUp(step_up) => self.paged(client, user, Some(step_up), laps).await?,
        };
        if self.is_last(&token) {
            return Err(Failure::new(
                Kind::NoToken,
                "200, and the token of the login before it",
            ));
        }
        if self.logs_out {
            let ended = self.log_out(client, &token, laps).await;
            ended.map_err(|failure| failure.without(&token))?;
        }
        Ok(())
    }

    /// Whether the login before this one had the same token; from now on this is the last.
    fn is_last(&self, token: &str) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *last, Secret::from(token));
        before.reveal() == token
    }

    /// Logs in by questions, and once more where the session is to be raised; the last token.
    async fn paged(
        &self,
        client: &mut Client,
        user: &str,
        step_up: Option<&StepUp>,
        laps: &mut Vec<Lap>,
    ) -> Result<String, Failure> {
        let parts = (Part::Start, Part::Answer);
        let first = self
            .steps(client, user, &self.start, None, parts, laps)
            .await?;
        let Some(step_up) = step_up else {
            return Ok(first);
        };
        let query = match step_up {
            StepUp::Level(level) => format!("?authIndexType=level&authIndexValue={level}"),
            StepUp::Journey(journey) => service(journey),
        };
        let parts = (Part::StepUpStart, Part::StepUpAnswer);
        let session = Some(first.as_str());
        let second = self
            .steps(client, user, &query, session, parts, laps)
            .await
            .map_err(|failure| failure.without(&first))?;
        if first == second {
            return Err(Failure::new(
                Kind::Level,
                "the session was enough already: nothing was asked and nothing raised",
            ));
        }
        if let StepUp::Level(wanted) = step_up {
            let level = self.level(client, &second, laps).await;
            let level = level.map_err(|failure| failure.without(&second))?;
            if level < *wanted {
                let told = format!("the new session has level {level}, and {wanted} was asked for");
                return Err(Failure::new(Kind::Level, told));
            }
        }
        Ok(second)
    }

    /// Ends a session.
    async fn log_out(
        &self,
        client: &mut Client,
        token: &str,
        laps: &mut Vec<Lap>,
    ) -> Result<(), Failure> {
        let path = format!("{}/sessions?_action=logout", self.realm);
        let question = Question {
            method: Method::POST,
            path: &path,
            version: SESSION_VERSION,
            headers: vec![(self.cookie.clone(), value(token)?)],
            body: Bytes::from_static(b"{}"),
        };
        let (_, took) = timed(client, question).await?;
        laps.push((Part::LogOut, took));
        Ok(())
    }

    async fn zero_page(
        &self,
        client: &mut Client,
        user: &str,
        laps: &mut Vec<Lap>,
    ) -> Result<String, Failure> {
        let headers = vec![
            (HeaderName::from_static("x-openam-username"), value(user)?),
            (
                HeaderName::from_static("x-openam-password"),
                value(self.password.reveal())?,
            ),
        ];
        let path = format!("{}/authenticate{}", self.realm, self.start);
        let question = Question {
            method: Method::POST,
            path: &path,
            version: LOAD_VERSION,
            headers,
            body: Bytes::from_static(b"{}"),
        };
        let (body, took) = timed(client, question).await?;
        if let Some(asked) = body.get("callbacks") {
            let told = format!("the headers are not enough: it asks for {}", kinds(asked));
            return Err(Failure::new(Kind::Asked, told));
        }
        let token = token(&body)?.to_owned();
        laps.push((Part::ZeroPage, took));
        Ok(token)
    }

    /// Starts, answers until there is a token, and gives it.
    async fn steps(
        &self,
        client: &mut Client,
        user: &str,
        query: &str,
        session: Option<&str>,
        (start, answer): (Part, Part),
        laps: &mut Vec<Lap>,
    ) -> Result<String, Failure> {
        let path = format!("{}/authenticate{query}", self.realm);
        let mut body = Bytes::from_static(b"{}");
        let mut part = start;
        let mut is_answered = false;
        for _ in 0..ASKED_MAX {
            let mut headers = Vec::new();
            if let Some(session) = session {
                headers.push((self.cookie.clone(), value(session)?));
            }
            let question = Question {
                method: Method::POST,
                path: &path,
                version: STEP_VERSION,
                headers,
                body,
            };
            let (mut reply, took) = timed(client, question).await?;
            if reply.get("callbacks").is_none() {
                let token = token(&reply)?.to_owned();
                if session.is_none() && part == start {
                    return Err(Failure::new(
                        Kind::Asked,
                        "it has asked nothing: a login by pages answers at least one question",
                    ));
                }
                laps.push((part, took));
                return Ok(token);
            }
            self.answer(&mut reply, user, &mut is_answered)?;
            laps.push((part, took));
            part = answer;
            body = Bytes::from(reply.to_string());
        }
        let told = format!("it has asked {ASKED_MAX} times and has no end");
        Err(Failure::new(Kind::Asked, told))
    }

    /// Writes name and password where they are asked for.
    fn answer(&self, step: &mut Json, user: &str, is_answered: &mut bool) -> Result<(), Failure> {
        let callbacks = step.get_mut("callbacks").and_then(Json::as_array_mut);
        let callbacks = callbacks
            .ok_or_else(|| Failure::new(Kind::Reply, "the reply has no list of callbacks"))?;
        for callback in callbacks {
            let kind = callback
                .get("type")
                .and_then(Json::as_str)
                .unwrap_or_default();
            let text = match kind {
                "NameCallback" => user,
                "PasswordCallback" if *is_answered => {
                    return Err(Failure::new(
                        Kind::Refused,
                        "it asks for a password again: the first was refused, or it is a code that is meant",
                    ));
                }
                "PasswordCallback" => {
                    *is_answered = true;
                    self.password.reveal()
                }
                "TextOutputCallback" | "MetadataCallback" | "HiddenValueCallback" => continue,
                other => {
                    let told = format!("it asks for {other}, which is not answered here");
                    return Err(Failure::new(Kind::Asked, told));
                }
            };
            let input = callback.pointer_mut("/input/0/value");
            let input =
                input.ok_or_else(|| Failure::new(Kind::Reply, "a callback has no input"))?;
            *input = Json::from(text);
        }
        Ok(())
    }

    /// The level of a session, as the server tells it.
    async fn level(
        &self,
        client: &mut Client,
        token: &str,
        laps: &mut Vec<Lap>,
    ) -> Result<u32, Failure> {
        let path = format!("{}/sessions?_action=getSessionProperties", self.realm);
        let question = Question {
            method: Method::POST,
            path: &path,
            version: SESSION_VERSION,
            headers: vec![(self.cookie.clone(), value(token)?)],
            body: Bytes::from(json!({ "tokenId": token }).to_string()),
        };
        let (body, took) = timed(client, question).await?;
        let level = body
            .get("AuthLevel")
            .and_then(Json::as_str)
            .unwrap_or_default();
        // The product writes the realm before it where the session has several.
        let level = level
            .rsplit(':')
            .next()
            .and_then(|level| level.parse().ok());
        let level = level
            .ok_or_else(|| Failure::new(Kind::Level, "the session does not show its AuthLevel"))?;
        laps.push((Part::Level, took));
        Ok(level)
    }
}

async fn timed(client: &mut Client, question: Question<'_>) -> Result<(Json, Duration), Failure> {
    let begun = Instant::now();
    let reply = client.ask(question).await?;
    let took = begun.elapsed();
    Ok((good(reply)?, took))
}

/// The body of a reply that is one.
fn good(answer: Answer) -> Result<Json, Failure> {
    if answer.status != StatusCode::OK {
        let body = answer.body.as_ref();
        return Err(Failure::of_status(answer.status, answer.waits, body));
    }
    answer
        .body
        .filter(Json::is_object)
        .ok_or_else(|| Failure::new(Kind::Reply, "200, and no JSON"))
}

fn token(body: &Json) -> Result<&str, Failure> {
    let token = body.get("tokenId").and_then(Json::as_str);
    // What a header cannot hold names no session.
    token
        .filter(|token| !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()))
        .ok_or_else(|| Failure::new(Kind::NoToken, "200, and no `tokenId`"))
}

/// The kinds of callbacks, for a message.
fn kinds(callbacks: &Json) -> String {
    let all = callbacks.as_array().into_iter().flatten();
    let all = all.filter_map(|callback| callback.get("type")?.as_str());
    all.collect::<Vec<_>>().join(", ")
}

/// The query that starts a journey.
fn service(journey: &str) -> String {
    format!("?authIndexType=service&authIndexValue={}", escaped(journey))
}

/// A text in an address.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            // Writing into a string cannot fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

/// A text in a header.
fn value(text: &str) -> Result<HeaderValue, Failure> {
    let plain = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    let value = HeaderValue::from_str(text).ok().filter(|_| plain);
    let mut value = value.ok_or_else(|| {
        let told = "a name, a password or a token with other characters than those of ASCII is sent in no header";
        Failure::new(Kind::Asked, told)
    })?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login() -> Login {
        let realm = wayfare::Realm::parse("/alpha").unwrap();
        Login::new(Way::Page, &realm, Some("A b/ü"), Secret::from("pw"))
    }

    #[test]
    fn a_journey_is_escaped_in_its_address() {
        assert_eq!(
            login().start,
            "?authIndexType=service&authIndexValue=A%20b%2F%C3%BC"
        );
        assert_eq!(login().realm, "/json/realms/root/realms/alpha");
    }

    #[test]
    fn a_question_is_answered_once_and_a_strange_one_never() {
        let step = |kinds: &[&str]| {
            let callback =
                |kind: &&str| json!({ "type": kind, "input": [{ "name": "x", "value": "" }] });
            json!({ "authId": "a", "callbacks": kinds.iter().map(callback).collect::<Vec<_>>() })
        };
        let login = login();
        let mut answered = false;
        let mut first = step(&["TextOutputCallback", "NameCallback", "PasswordCallback"]);
        login.answer(&mut first, "ann", &mut answered).unwrap();
        assert_eq!(first["callbacks"][1]["input"][0]["value"], "ann");
        assert_eq!(first["callbacks"][2]["input"][0]["value"], "pw");
        let again = login.answer(&mut step(&["PasswordCallback"]), "ann", &mut answered);
        assert_eq!(again.unwrap_err().kind, Kind::Refused);
        let strange = login.answer(&mut step(&["ChoiceCallback"]), "ann", &mut false);
        assert_eq!(strange.unwrap_err().kind, Kind::Asked);
        for broken in [
            json!({ "callbacks": 1 }),
            json!({ "callbacks": [{ "type": "NameCallback" }] }),
        ] {
            let failure = login.answer(&mut broken.clone(), "ann", &mut false);
            assert_eq!(failure.unwrap_err().kind, Kind::Reply);
        }
    }

    #[test]
    fn success_is_a_token_and_nothing_else() {
        for body in [
            json!({}),
            json!({ "tokenId": "" }),
            json!({ "tokenId": 1 }),
            json!({ "tokenId": "a\r\nb" }),
        ] {
            assert_eq!(token(&body).unwrap_err().kind, Kind::NoToken, "{body}");
        }
        let answer = |status, body| Answer {
            status,
            waits: false,
            body,
        };
        let failed = good(answer(
            StatusCode::UNAUTHORIZED,
            Some(json!({ "tokenId": "x" })),
        ));
        assert_eq!(failed.unwrap_err().kind, Kind::Refused);
        let empty = good(answer(StatusCode::OK, None));
        assert_eq!(empty.unwrap_err().kind, Kind::Reply);
    }
}
