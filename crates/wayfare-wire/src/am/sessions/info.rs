//! What is told about a session.

use std::time::Duration;

use wayfare::{Realm, Timestamp};

use super::name::{time, universal_id};
use crate::{
    am::{
        error::Refusal,
        reply::{Reply, ResourceReply},
        version::Served,
    },
    json::Writer,
};

/// What is told about a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Info {
    /// The canonical name.
    pub username: String,
    /// The realm.
    pub realm: Realm,
    /// An id that is no token.
    pub handle: String,
    /// When it was last used.
    pub accessed: Timestamp,
    /// When it ends unless it is used.
    pub idle_expires: Timestamp,
    /// When it ends in any case.
    pub expires: Timestamp,
    /// For how long it was not used.
    pub idle: Duration,
    /// How long it lasts unused.
    pub idle_max: Duration,
    /// How long it lasts as a whole.
    pub time_max: Duration,
    /// How long it lasts yet.
    pub left: Duration,
    /// The properties that clients may see, in order.
    pub properties: Vec<(String, String)>,
}

/// The reply to `validate`.
pub fn validated(session: Option<&Info>, served: Served) -> Reply {
    let mut body = Writer::with_capacity(128);
    body.open_object().key("valid").bool(session.is_some());
    if let Some(session) = session {
        if served.version.major >= 3 {
            body.key("sessionUid").text(&session.handle);
        }
        body.key("uid").text(&session.username);
        body.key("realm").text(session.realm.as_str());
    }
    body.close_object();
    done(body, served)
}

/// The reply to `getSessionInfo`.
pub fn told(session: Option<&Info>, served: Served) -> Reply {
    let old = served.version.major < 3;
    let Some(session) = session else {
        return if old {
            validated(None, served)
        } else {
            Refusal::AccessDenied.resource(Some(served))
        };
    };
    let mut body = Writer::with_capacity(384);
    body.open_object();
    who(&mut body, session);
    if old {
        body.key("sessionHandle").text(&handle(session));
    }
    body.key("latestAccessTime").text(&time(session.accessed));
    until(&mut body, session);
    if !old {
        body.key("properties").open_object();
        body.key("AMCtxId").text(&session.handle);
        for (key, value) in &session.properties {
            if key != "AMCtxId" {
                body.key(key).text(value);
            }
        }
        body.close_object();
    }
    body.close_object();
    done(body, served)
}

/// Whose it is, as every reply about it begins.
pub(super) fn who(body: &mut Writer, session: &Info) {
    body.key("username").text(&session.username);
    body.key("universalId")
        .text(&universal_id(&session.username, &session.realm));
    body.key("realm").text(session.realm.as_str());
}

/// Until when it lasts.
pub(super) fn until(body: &mut Writer, session: &Info) {
    body.key("maxIdleExpirationTime")
        .text(&time(session.idle_expires));
    body.key("maxSessionExpirationTime")
        .text(&time(session.expires));
}

/// The handle as it is spelled where sessions are ended by it.
pub(super) fn handle(session: &Info) -> String {
    format!("{}{}", super::logout::PREFIX, session.handle)
}

/// The reply to `refresh`.
pub fn refreshed(session: &Info, served: Served) -> Reply {
    let mut body = Writer::with_capacity(128);
    body.open_object();
    body.key("uid").text(&session.username);
    body.key("realm").text(session.realm.as_str());
    body.key("idletime").int(seconds(session.idle));
    body.key("maxidletime").int(seconds(session.idle_max) / 60);
    body.key("maxsessiontime")
        .int(seconds(session.time_max) / 60);
    body.key("maxtime").int(seconds(session.left));
    body.close_object();
    done(body, served)
}

/// The reply to `isActive` of version 1.
pub fn active(session: Option<&Info>, served: Served) -> Reply {
    let mut body = Writer::with_capacity(24);
    body.open_object().key("active").bool(session.is_some());
    body.close_object();
    done(body, served)
}

/// The reply to `getTimeLeft` of version 1, in seconds.
pub fn time_left(session: Option<&Info>, served: Served) -> Reply {
    number("maxtime", session.map(|s| seconds(s.left)), served)
}

/// The reply to `getIdle` of version 1, in seconds.
pub fn idle(session: Option<&Info>, served: Served) -> Reply {
    number("idletime", session.map(|s| seconds(s.idle)), served)
}

/// The reply to `getMaxIdle` of version 1, in minutes.
pub fn idle_max(session: Option<&Info>, served: Served) -> Reply {
    let minutes = session.map(|s| seconds(s.idle_max) / 60);
    number("maxidletime", minutes, served)
}

/// The reply to `getMaxSessionTime` of version 1, in minutes.
pub fn time_max(session: Option<&Info>, served: Served) -> Reply {
    let minutes = session.map(|s| seconds(s.time_max) / 60);
    number("maxsessiontime", minutes, served)
}

/// One number; -1 where there is no session.
fn number(key: &str, value: Option<i64>, served: Served) -> Reply {
    let mut body = Writer::with_capacity(32);
    body.open_object().key(key).int(value.unwrap_or(-1));
    body.close_object();
    done(body, served)
}

fn seconds(span: Duration) -> i64 {
    i64::try_from(span.as_secs()).unwrap_or(i64::MAX)
}

pub(super) fn done(body: Writer, served: Served) -> Reply {
    Reply::new(200)
        .resource(body, ResourceReply::Action)
        .served(served)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::am::version::{Routes, Unversioned, negotiate};

    pub(in super::super) fn served(version: &str) -> Served {
        let header = format!("resource={version}");
        negotiate([header.as_str()], Routes::SESSIONS, Unversioned::Latest).unwrap()
    }

    pub(in super::super) fn info() -> Info {
        Info {
            username: "demo".into(),
            realm: Realm::parse("/alpha").unwrap(),
            handle: "ctx-1".into(),
            accessed: Timestamp(1_753_974_345_999),
            idle_expires: Timestamp(1_753_976_145_000),
            expires: Timestamp(1_753_981_545_000),
            idle: Duration::from_millis(1_999),
            idle_max: Duration::from_secs(30 * 60),
            time_max: Duration::from_secs(120 * 60),
            left: Duration::from_millis(7_199_500),
            properties: vec![
                ("theme".into(), "dark".into()),
                ("AMCtxId".into(), "no".into()),
            ],
        }
    }

    pub(in super::super) fn body(reply: &Reply) -> &str {
        std::str::from_utf8(&reply.body).unwrap()
    }

    #[test]
    fn v33_info_has_seven_keys_in_the_live_order() {
        let reply = told(Some(&info()), served("4.0"));
        assert_eq!(
            body(&reply),
            r#"{"username":"demo","universalId":"id=demo,ou=user,o=alpha,ou=services,ou=am-config","realm":"/alpha","latestAccessTime":"2025-07-31T15:05:45Z","maxIdleExpirationTime":"2025-07-31T15:35:45Z","maxSessionExpirationTime":"2025-07-31T17:05:45Z","properties":{"AMCtxId":"ctx-1","theme":"dark"}}"#
        );
        let has = |name: &'static str, value: &'static str| {
            reply.headers.contains(&(name.into(), value.into()))
        };
        assert!(has("content-api-version", "resource=4.0"));
        assert!(has("content-type", "application/json;charset=UTF-8"));
        assert!(has("cache-control", "private"));
        let old = told(Some(&info()), served("2.1"));
        assert!(
            body(&old)
                .contains(r#""realm":"/alpha","sessionHandle":"shandle:ctx-1","latestAccessTime""#)
        );
        assert!(!body(&old).contains("properties"));
    }

    #[test]
    fn validity_by_version() {
        assert_eq!(body(&validated(None, served("5.1"))), r#"{"valid":false}"#);
        assert_eq!(
            body(&validated(Some(&info()), served("5.1"))),
            r#"{"valid":true,"sessionUid":"ctx-1","uid":"demo","realm":"/alpha"}"#
        );
        assert_eq!(
            body(&validated(Some(&info()), served("1.2"))),
            r#"{"valid":true,"uid":"demo","realm":"/alpha"}"#
        );
    }

    type Told = fn(Option<&Info>, Served) -> Reply;

    #[test]
    fn times_are_whole_seconds_and_minutes() {
        assert_eq!(
            body(&refreshed(&info(), served("3.1"))),
            r#"{"uid":"demo","realm":"/alpha","idletime":1,"maxidletime":30,"maxsessiontime":120,"maxtime":7199}"#
        );
        let told: [(Told, &str, &str); 5] = [
            (active, r#"{"active":true}"#, r#"{"active":false}"#),
            (time_left, r#"{"maxtime":7199}"#, r#"{"maxtime":-1}"#),
            (idle, r#"{"idletime":1}"#, r#"{"idletime":-1}"#),
            (idle_max, r#"{"maxidletime":30}"#, r#"{"maxidletime":-1}"#),
            (
                time_max,
                r#"{"maxsessiontime":120}"#,
                r#"{"maxsessiontime":-1}"#,
            ),
        ];
        for (tell, alive, dead) in told {
            assert_eq!(body(&tell(Some(&info()), served("1.2"))), alive);
            assert_eq!(body(&tell(None, served("1.2"))), dead);
        }
    }

    #[test]
    fn without_a_session() {
        let reply = told(None, served("4.0"));
        assert_eq!(reply.status, 401);
        assert_eq!(
            body(&reply),
            r#"{"code":401,"reason":"Unauthorized","message":"Access Denied"}"#
        );
        assert_eq!(body(&told(None, served("2.1"))), r#"{"valid":false}"#);
    }
}
