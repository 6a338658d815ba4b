//! Sessions: made of a success, found by a token, told about.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use serde_json::Value as Json;
use wayfare::{
    Factor, Realm, Secret, StartSession, SubjectId, Success, Timestamp, Value,
    engine::{effect::SessionRef, host::id_of},
};
use wayfare_wire::am::{
    authenticate::Beside,
    sessions::{AllowList, Info, time, universal_id},
};

use crate::{
    app::App,
    audit::hex,
    clock::drawn,
    store::{
        StoreError,
        ending::Since,
        quota::Quota,
        run::{Finished, RunEnd},
        session::{NewSession, Replaces, Session, TokenHash},
        transaction::Approves,
    },
};

/// What every session token begins with, so that nothing else is taken for one.
const PREFIX: &str = "wfs1.";

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
    /// Since when the login goes on.
    pub(crate) since: Since,
    /// The transaction that the run was for.
    pub(crate) approves: Option<Approves>,
}

/// What came of a success.
pub(crate) enum Made {
    /// A session.
    Session {
        /// Its token.
        token: Secret<String>,
        /// The session.
        session: Box<Session>,
        /// Those that ended to make room for it.
        ended: Vec<Session>,
    },
    /// None: the session that the run rested on is gone, its transaction is over, or all that its subject
    /// had has ended meanwhile.
    Gone,
    /// None: the user has as many as there may be.
    OverQuota,
}

/// Makes the session, ends the one it replaces and ends the run, all in one transaction.
pub(crate) async fn make(making: Making<'_>) -> Result<Made, StoreError> {
    let failed = |_| StoreError::Sql("the source of randomness failed".to_owned());
    let bytes: [u8; 32] = drawn().map_err(failed)?;
    let token = Secret::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)));
    let handle: [u8; 16] = drawn().map_err(failed)?;
    let handle = id_of(making.app.clock.now(), handle);
    let handle = uuid(handle.to_be_bytes());
    let settings = making
        .app
        .realms
        .get(making.realm)
        .map(|state| &state.settings.session);
    let session = session(&making, handle)?;
    let released = making.success.releases.as_ref();
    let old = making.success.upgrades.as_ref().or(released);
    let replaces = old.map(|old| Replaces {
        handle: old.0.to_string(),
        released: released.is_some(),
        required: making
            .success
            .evidence
            .iter()
            .any(|evidence| evidence.factor == Factor::Session),
        forgets: removed(making.success),
    });
    let new = NewSession {
        token: sha256(token.reveal().as_bytes()),
        session,
        quota: settings.and_then(|settings| {
            (settings.quota > 0).then_some(Quota {
                max: settings.quota,
                exceeded: settings.quota_exceeded,
            })
        }),
        since: making.since,
    };
    let finished = making
        .app
        .store()
        .finish_run(making.end, new, replaces, making.approves)
        .await?;
    if let Finished::Made(_) = &finished {
        let success = making.success;
        let proved = success.proved.then_some(&success.subject.id);
        passed(making.app, making.realm, proved).await;
    }
    Ok(match finished {
        Finished::Made(made) => Made::Session {
            token,
            session: Box::new(made.session),
            ended: made.ended,
        },
        Finished::SessionGone | Finished::TransactionOver | Finished::SubjectEnded => Made::Gone,
        Finished::OverQuota => Made::OverQuota,
    })
}

/// Somebody got through a journey, with a session or without: tries that were counted for them may go.
///
/// Nobody's do where nothing was proved: whoever typed the name need not be its owner.
pub(crate) async fn passed(app: &App, realm: &Realm, proved: Option<&SubjectId>) {
    if let (Some(whose), Some(state)) = (proved, app.realms.get(realm))
        && let Err(error) = state.identities.logged_in(whose).await
    {
        // The success stands: the tries that were counted before are counted once more, no more.
        app.log.error(&format!("counts of tries: {error}"));
    }
}

/// What the names begin with of what a session keeps for the server.
const KEPT: &str = "am.protected.wayfare.";

/// The factors that were proved, under this name.
pub(crate) const FACTORS: &str = "factors";

/// What a session keeps for the server under a name.
pub(crate) fn kept<'s>(session: &'s Session, name: &str) -> Option<&'s Json> {
    session.properties.get(&format!("{KEPT}{name}"))
}

/// What the journey has added to the reply of the logout.
pub(crate) fn logout_details(session: &Session) -> Vec<(String, String)> {
    let details = kept(session, "logoutDetails")
        .and_then(Json::as_object)
        .into_iter()
        .flatten();
    details
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect()
}

/// The properties that a journey took away.
fn removed(success: &Success) -> Vec<String> {
    let each = success.properties.iter();
    each.filter(|(_, value)| value.is_none())
        .map(|(key, _)| key.to_string())
        .collect()
}

/// 128 bits in the form that the product's context ids have.
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

fn session(making: &Making<'_>, handle: String) -> Result<Session, StoreError> {
    let Making {
        app,
        realm,
        success,
        client,
        end: _,
        since: _,
        approves: _,
    } = making;
    let now = app.clock.now();
    let (time_max, idle_max) = times(app, realm, success)?;
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
    // Journeys and clients cannot set, and clients do not see, what is called so.
    for (name, value) in &success.kept {
        properties.insert(format!("{KEPT}{name}"), value.to_json());
    }
    let factors: Vec<&str> = success
        .evidence
        .iter()
        .map(|evidence| evidence.factor.word())
        .collect();
    properties.insert(format!("{KEPT}{FACTORS}"), Json::from(factors.join("|")));
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
    Ok(Session {
        handle,
        realm: (*realm).clone(),
        subject: success.subject.id.0.to_string(),
        username,
        level: success.level,
        proved: success.proved,
        created: now,
        accessed: now,
        time_max,
        idle_max,
        properties,
    })
}

/// How long a session lasts, as a whole and unused: what the user's attributes say, else the node that was
/// passed last, else the journey, else the realm.
fn times(app: &App, realm: &Realm, success: &Success) -> Result<(Duration, Duration), StoreError> {
    let settings = app
        .realms
        .get(realm)
        .map(|state| state.settings.session.clone())
        .unwrap_or_default();
    let mut time_max = success.session_time_max.unwrap_or(settings.time_max);
    let mut idle_max = success.idle_time_max.unwrap_or(settings.idle_max);
    let named = [
        (&settings.time_max_attribute, &mut time_max),
        (&settings.idle_max_attribute, &mut idle_max),
    ];
    if named.iter().any(|(attribute, _)| attribute.is_some()) {
        let user = app.store().user_by_id(realm, &success.subject.id.0)?;
        for (attribute, into) in named {
            let value = user
                .as_ref()
                .zip(attribute.as_deref())
                .and_then(|(user, attribute)| minutes(user.attribute(attribute)?));
            if let Some(value) = value {
                *into = value;
            }
        }
    }
    Ok((time_max, idle_max))
}

/// The longest time that an attribute may give, in minutes: a year.
const MINUTES_MAX: u64 = 366 * 24 * 60;

/// An attribute as a time: a whole number of minutes, also as a text or as the only item of a list.
fn minutes(value: &Json) -> Option<Duration> {
    let value = match value {
        Json::Array(list) => match &**list {
            [only] => only,
            _ => return None,
        },
        other => other,
    };
    let minutes = match value {
        Json::Number(number) => number.as_u64()?,
        Json::String(text) if text.bytes().all(|b| b.is_ascii_digit()) => text.parse().ok()?,
        _ => return None,
    };
    (1..=MINUTES_MAX)
        .contains(&minutes)
        .then(|| Duration::from_secs(minutes * 60))
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

/// The properties of sessions of a realm that clients may read and set.
pub(crate) fn allowed(app: &App, realm: &Realm) -> AllowList {
    let state = app.realms.get(realm);
    AllowList::new(state.map_or(&[][..], |state| &state.settings.session.properties))
}

/// What is told about a session.
pub(crate) fn info(app: &App, session: &Session) -> Info {
    let now = app.clock.now();
    let allowed = allowed(app, &session.realm);
    let until = |at: Timestamp| Duration::from_millis(at.0.saturating_sub(now.0));
    Info {
        username: session.username.clone(),
        realm: session.realm.clone(),
        handle: session.handle.clone(),
        accessed: session.accessed,
        idle_expires: session.idle_expires().min(session.expires()),
        expires: session.expires(),
        idle: Duration::from_millis(now.0.saturating_sub(session.accessed.0)),
        idle_max: session.idle_max,
        time_max: session.time_max,
        left: until(session.expires()),
        properties: allowed
            .names()
            .filter_map(|name| Some((name.to_owned(), session.properties.get(name)?)))
            .filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())))
            .collect(),
    }
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
pub(crate) fn beside(session: &Session) -> Beside {
    Beside {
        realm: session.realm.clone(),
        session: StartSession {
            session: SessionRef(Arc::from(&*session.handle)),
            subject: SubjectId(Arc::from(&*session.subject)),
            username: Arc::from(&*session.username),
            level: session.level,
            services: services(session),
            proved: session.proved,
        },
    }
}

/// How much later than the use that is noted another one is worth a write.
const TOUCH_AFTER: Duration = Duration::from_secs(1);

/// The session as it is after it was used now; `None` where it ended meanwhile.
pub(crate) async fn touched(
    app: &App,
    mut session: Session,
    now: Timestamp,
) -> Result<Option<Session>, StoreError> {
    if now < session.accessed.plus(TOUCH_AFTER) {
        return Ok(Some(session));
    }
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
    fn attributes_are_whole_minutes() {
        let span = |value: Json| minutes(&value).map(|span| span.as_secs());
        assert_eq!(span(Json::from(5)), Some(300));
        assert_eq!(span(Json::from("5")), Some(300));
        assert_eq!(span(Json::from(vec!["5"])), Some(300));
        assert_eq!(span(Json::from(MINUTES_MAX)), Some(MINUTES_MAX * 60));
        for value in [
            Json::from(0),
            Json::from(-5),
            Json::from(1.5),
            Json::from(""),
            Json::from(" 5"),
            Json::from("+5"),
            Json::from("never"),
            Json::from(MINUTES_MAX + 1),
            Json::from("99999999999999999999999"),
            Json::from(vec![5, 6]),
            Json::Null,
        ] {
            assert_eq!(minutes(&value), None, "{value}");
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
