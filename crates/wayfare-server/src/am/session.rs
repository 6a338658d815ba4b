//! Sessions: made of a success, found by a token, told about.

use std::{collections::BTreeMap, sync::Arc};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use serde_json::Value as Json;
use wayfare::{Factor, Realm, Secret, Success, Timestamp, Value};
use wayfare_wire::am::sessions::{Info, time, universal_id};

use crate::{
    app::App,
    audit::hex,
    clock::drawn,
    store::{
        StoreError,
        run::{Finished, RunEnd},
        session::{NewSession, Replaces, Session, TokenHash},
        transaction::Approves,
    },
};

/// What every session token begins with, so that nothing else is taken for one.
const PREFIX: &str = "wfs1.";

/// Properties that the server sets; a journey cannot, and clients are shown none of them but the level.
const SYSTEM: &[&str] = &[
    "AMCtxId",
    "AuthLevel",
    "AuthType",
    "CharSet",
    "Host",
    "IndexType",
    "Organization",
    "Principal",
    "Service",
    "UserId",
    "UserProfile",
    "UserToken",
    "authInstant",
    "clientType",
    "successURL",
    "sun.am.UniversalIdentifier",
];

/// The hash under which the session of a token is kept; `None` where it cannot be a token.
pub(crate) fn token_hash(token: &str) -> Option<TokenHash> {
    let rest = token.strip_prefix(PREFIX)?;
    // 32 bytes and nothing else: one spelling for each token.
    (rest.len() == 43 && URL_SAFE_NO_PAD.decode(rest).is_ok()).then(|| sha256(token.as_bytes()))
}

fn sha256(bytes: &[u8]) -> TokenHash {
    let mut hash = [0; 32];
    for (to, from) in hash.iter_mut().zip(digest(&SHA256, bytes).as_ref()) {
        *to = *from;
    }
    hash
}

/// The valid session of a token.
pub(crate) fn find(app: &App, token: &str) -> Result<Option<Session>, StoreError> {
    match token_hash(token) {
        Some(hash) => app.store().session(&hash, app.clock.now()),
        None => Ok(None),
    }
}

/// Whether a session of one realm may be asked about below another: one of them lies in the other.
pub(crate) fn related(session: &Realm, path: &Realm) -> bool {
    let within = |inner: &Realm, outer: &Realm| {
        outer.as_str() == "/"
            || inner == outer
            || inner
                .as_str()
                .strip_prefix(outer.as_str())
                .is_some_and(|rest| rest.starts_with('/'))
    };
    within(session, path) || within(path, session)
}

/// A success on its way to become a session.
pub(crate) struct Making<'a> {
    pub(crate) app: &'a App,
    pub(crate) realm: &'a Realm,
    pub(crate) success: &'a Success,
    pub(crate) client: Option<std::net::IpAddr>,
    pub(crate) end: Option<RunEnd>,
    /// The transaction that the run was for.
    pub(crate) approves: Option<Approves>,
}

/// A session that was made.
pub(crate) struct Made {
    pub(crate) token: Secret<String>,
    pub(crate) session: Session,
}

/// Makes the session, ends the one it replaces and ends the run, all in one transaction; `None` where the
/// session that the run rested on is gone, or its transaction is over.
pub(crate) async fn make(making: Making<'_>) -> Result<Option<Made>, StoreError> {
    let failed = |_| StoreError::Sql("the source of randomness failed".to_owned());
    let bytes: [u8; 32] = drawn().map_err(failed)?;
    let token = Secret::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)));
    let handle: [u8; 16] = drawn().map_err(failed)?;
    let handle = uuid(handle);
    let session = session(&making, handle);
    let replaces = making.success.upgrades.as_ref().map(|old| Replaces {
        handle: old.0.to_string(),
        required: making
            .success
            .evidence
            .iter()
            .any(|evidence| evidence.factor == Factor::Session),
    });
    let new = NewSession {
        token: sha256(token.reveal().as_bytes()),
        session,
    };
    let finished = making
        .app
        .store()
        .finish_run(making.end, new, replaces, making.approves)
        .await?;
    Ok(match finished {
        Finished::Made(session) => Some(Made {
            token,
            session: *session,
        }),
        Finished::SessionGone | Finished::TransactionOver => None,
    })
}

/// 128 random bits in the form that the product's context ids have.
pub(crate) fn uuid(bytes: [u8; 16]) -> String {
    let digits = hex(bytes.iter());
    let mut text = String::with_capacity(36);
    for (at, digit) in digits.chars().enumerate() {
        if matches!(at, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(digit);
    }
    text
}

fn session(making: &Making<'_>, handle: String) -> Session {
    let Making {
        app,
        realm,
        success,
        client,
        end: _,
        approves: _,
    } = making;
    let now = app.clock.now();
    let limits = app
        .realms
        .get(*realm)
        .map(|state| state.settings.session.clone())
        .unwrap_or_default();
    let username = success.subject.username.to_string();
    let universal = universal_id(&username, realm);
    let types: Vec<&str> = success.node_types.iter().map(AsRef::as_ref).collect();
    let mut properties: BTreeMap<String, Json> = success
        .properties
        .iter()
        .filter_map(|(key, value)| Some((key.to_string(), Json::from(text(value.as_ref()?)))))
        .collect();
    let client = client.map_or_else(String::new, |client| client.to_string());
    let successful = success
        .success_url
        .as_deref()
        .map_or_else(|| app.success_url(), str::to_owned);
    // After the journey's own, so that none of these can be set by one.
    for (key, value) in [
        ("AMCtxId", handle.clone()),
        ("AuthLevel", success.level.to_string()),
        ("AuthType", types.join("|")),
        ("CharSet", "UTF-8".to_owned()),
        ("Host", client),
        ("IndexType", "service".to_owned()),
        ("Organization", realm.as_str().to_owned()),
        ("Principal", universal.clone()),
        ("Service", success.journey.to_string()),
        ("UserId", username.clone()),
        ("UserProfile", "Required".to_owned()),
        ("UserToken", username.clone()),
        ("authInstant", time(now)),
        ("clientType", "genericHTML".to_owned()),
        ("successURL", successful),
        ("sun.am.UniversalIdentifier", universal),
    ] {
        properties.insert(key.to_owned(), Json::String(value));
    }
    Session {
        handle,
        realm: (*realm).clone(),
        subject: success.subject.id.0.to_string(),
        username,
        level: success.level,
        proved: success.proved,
        created: now,
        accessed: now,
        time_max: success.session_time_max.unwrap_or(limits.time_max),
        idle_max: success.idle_time_max.unwrap_or(limits.idle_max),
        properties,
    }
}

/// A value as the text that a session property is; secrets never become one.
fn text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Decimal(number) => number.to_string(),
        Value::Size(bytes) => bytes.to_string(),
        Value::Duration(span) => span.as_millis().to_string(),
        Value::Localized(text) => text.best(std::iter::empty()).to_owned(),
        Value::List(list) => list.iter().map(text_of).collect::<Vec<_>>().join("|"),
        _ => String::new(),
    }
}

/// An item of a list; a list in a list is left out.
fn text_of(value: &Value) -> String {
    match value {
        Value::List(_) => String::new(),
        other => text(other),
    }
}

/// What is told about a session.
pub(crate) fn info(session: &Session) -> Info {
    let shown = |key: &str| key == "AuthLevel" || !is_system(key);
    Info {
        username: session.username.clone(),
        realm: session.realm.clone(),
        handle: session.handle.clone(),
        accessed: session.accessed,
        idle_expires: session.idle_expires().min(session.expires()),
        expires: session.expires(),
        properties: session
            .properties
            .iter()
            .filter(|(key, _)| shown(key))
            .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
            .collect(),
    }
}

fn is_system(key: &str) -> bool {
    SYSTEM.iter().any(|system| system.eq_ignore_ascii_case(key))
}

/// The properties as values, for replies that show them.
pub(crate) fn values(session: &Session) -> BTreeMap<Arc<str>, Value> {
    session
        .properties
        .iter()
        .filter_map(|(key, value)| Some((Arc::from(&**key), Value::text(value.as_str()?))))
        .collect()
}

/// The journeys that led to a session, the latest first.
fn services(session: &Session) -> Vec<Arc<str>> {
    let list = session.properties.get("Service").and_then(Json::as_str);
    let list = list.unwrap_or("").split('|');
    list.filter(|name| !name.is_empty())
        .map(Arc::from)
        .collect()
}

/// What a start is told of the session it came with.
pub(crate) fn beside(session: &Session) -> wayfare::StartSession {
    wayfare::StartSession {
        session: wayfare::engine::effect::SessionRef(Arc::from(&*session.handle)),
        subject: wayfare::SubjectId(Arc::from(&*session.subject)),
        username: Arc::from(&*session.username),
        level: session.level,
        services: services(session),
        proved: session.proved,
    }
}

/// The session as it is after it was used now; `None` where it ended meanwhile.
pub(crate) async fn touched(
    app: &App,
    mut session: Session,
    now: Timestamp,
) -> Result<Option<Session>, StoreError> {
    if !app
        .store()
        .touch_session(session.handle.clone(), now)
        .await?
    {
        return Ok(None);
    }
    session.accessed = session.accessed.max(now);
    Ok(Some(session))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_one_spelling() {
        let token = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode([7; 32]));
        assert!(token_hash(&token).is_some());
        let mut last = token.clone();
        let end = last.pop().unwrap();
        last.push(if end == 'B' { 'C' } else { 'B' });
        for other in [
            "",
            "x",
            PREFIX,
            token.trim_start_matches('w'),
            &format!("{token}A"),
            &format!("{token}="),
            &last,
        ] {
            assert!(
                token_hash(other).is_none() || token_hash(other) != token_hash(&token),
                "{other}"
            );
        }
    }

    #[test]
    fn realms_are_related_where_one_lies_in_the_other() {
        let realm = |path| Realm::parse(path).unwrap();
        for (a, b, expected) in [
            ("/", "/alpha", true),
            ("/alpha", "/", true),
            ("/alpha", "/alpha/sub", true),
            ("/alpha", "/beta", false),
            ("/alpha", "/alphabet", false),
        ] {
            assert_eq!(related(&realm(a), &realm(b)), expected, "{a} {b}");
            assert_eq!(related(&realm(b), &realm(a)), expected, "{b} {a}");
        }
    }
}
