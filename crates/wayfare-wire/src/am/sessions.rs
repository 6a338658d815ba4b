//! `sessions`: what is asked about a session and what is told.
//!
//! A request is read into an [`Ask`]; the embedder looks the token up and gives back a session or nothing;
//! the reply is written here. A token authorises what is asked about its own session.

use serde::Deserialize;
use wayfare::{Realm, Timestamp};

use crate::{
    am::{
        cookie::Cookies,
        error::Refusal,
        reply::{Reply, ResourceReply},
        request::{Parts, TOKEN_BYTES_MAX},
        version::{Served, Version},
    },
    json::{BadJson, Bounds, Ignored, Writer, read},
    query::Query,
};

/// What is asked.
#[derive(Clone, PartialEq, Eq)]
pub struct Ask {
    /// What to do.
    pub action: Action,
    /// The token of the session it is about: named in the request, else the caller's own.
    pub token: Option<String>,
}

impl std::fmt::Debug for Ask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ask")
            .field("action", &self.action)
            .field("token", &self.token.is_some())
            .finish()
    }
}

/// What to do with a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// End it.
    Logout,
    /// Tell about it.
    Info {
        /// Whether that counts as using it.
        touch: bool,
    },
    /// Tell whether it is valid.
    Validate {
        /// Whether that counts as using it.
        touch: bool,
    },
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(rename = "tokenId", borrow, default)]
    token: Option<std::borrow::Cow<'a, str>>,
}

impl Ask {
    /// Reads a request.
    ///
    /// # Errors
    /// The action is not known, the body is no JSON object, or an old version finds no token.
    pub fn read(
        parts: &Parts<'_>,
        query: &Query,
        served: Served,
        cookies: &Cookies,
    ) -> Result<Self, Refusal> {
        if parts.method != "POST" {
            return Err(Refusal::Method);
        }
        parts.json_only()?;
        let action = action(query)?;
        let old = served.version.major < 3;
        let named = if old {
            query.one("tokenId")?.map(str::to_owned)
        } else {
            body_token(parts.body)?
        };
        let token = named
            .filter(|token| !token.is_empty() && token.len() <= TOKEN_BYTES_MAX)
            .or_else(|| parts.session_token(&cookies.session));
        if token.is_none() && old && !matches!(action, Action::Info { .. }) {
            return Err(Refusal::NoToken);
        }
        Ok(Self { action, token })
    }
}

fn action(query: &Query) -> Result<Action, Refusal> {
    let name = query.one("_action")?.unwrap_or("");
    let is = |other: &str| name.eq_ignore_ascii_case(other);
    if is("logout") {
        Ok(Action::Logout)
    } else if is("getSessionInfo") {
        Ok(Action::Info { touch: false })
    } else if is("getSessionInfoAndResetIdleTime") {
        Ok(Action::Info { touch: true })
    } else if is("validate") {
        let keep = query
            .one("refresh")?
            .is_some_and(|value| value.eq_ignore_ascii_case("false"));
        Ok(Action::Validate { touch: !keep })
    } else {
        Err(Refusal::UnknownAction(name.to_owned()))
    }
}

fn body_token(body: &[u8]) -> Result<Option<String>, Refusal> {
    if body.is_empty() {
        return Ok(None);
    }
    let bad = |error| match error {
        BadJson::TooLong => Refusal::TooLarge,
        BadJson::Malformed => Refusal::BadJson,
    };
    // Once for keys that stand twice, once for the member.
    read::<Ignored>(body, Bounds::default()).map_err(bad)?;
    let body: Body<'_> = read(body, Bounds::default()).map_err(bad)?;
    Ok(body.token.map(std::borrow::Cow::into_owned))
}

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
    /// The properties that clients may see, in order.
    pub properties: Vec<(String, String)>,
}

/// What became of a logout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Logout {
    /// The session is over.
    Done,
    /// There was none with this token.
    Unknown,
}

/// The reply to a logout; the cookie goes in any case.
pub fn logged_out(logout: Logout, cookies: &Cookies, served: Served) -> Reply {
    let mut body = Writer::with_capacity(48);
    body.open_object().key("result").text(match logout {
        Logout::Done => "Successfully logged out",
        Logout::Unknown => "Token has expired",
    });
    body.close_object();
    Reply::new(200)
        .resource(body, ResourceReply::Action)
        .served(served)
        .with_cookies(cookies.logout())
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
    Reply::new(200)
        .resource(body, ResourceReply::Action)
        .served(served)
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
    body.key("username").text(&session.username);
    body.key("universalId")
        .text(&universal_id(&session.username, &session.realm));
    body.key("realm").text(session.realm.as_str());
    if old {
        body.key("sessionHandle").text(&session.handle);
    }
    body.key("latestAccessTime").text(&time(session.accessed));
    body.key("maxIdleExpirationTime")
        .text(&time(session.idle_expires));
    body.key("maxSessionExpirationTime")
        .text(&time(session.expires));
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
    Reply::new(200)
        .resource(body, ResourceReply::Action)
        .served(served)
}

impl Refusal {
    /// The reply of a JSON resource.
    pub fn resource(&self, served: Option<Served>) -> Reply {
        let mut reply = self.reply(Some(Version::new(2, 0)));
        for (name, value) in &mut reply.headers {
            if name == "content-type" && value == "application/json" {
                *value = "application/json;charset=UTF-8".into();
            }
        }
        match served {
            Some(served) => reply.served(served),
            None => reply,
        }
    }
}

/// The distinguished name by which the product calls a user.
pub fn universal_id(username: &str, realm: &Realm) -> String {
    let mut name = String::from("id=");
    for (at, c) in username.char_indices() {
        let edge = (at == 0 && matches!(c, ' ' | '#')) || (at + 1 == username.len() && c == ' ');
        if edge || matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';' | '=') {
            name.push('\\');
        }
        name.push(c);
    }
    name.push_str(",ou=user");
    let parts: Vec<&str> = realm.parts().collect();
    for part in parts.iter().rev() {
        name.push_str(",o=");
        name.push_str(part);
    }
    if !parts.is_empty() {
        name.push_str(",ou=services");
    }
    name.push_str(",ou=am-config");
    name
}

/// An instant as `2025-07-31T15:05:45Z`.
pub fn time(at: Timestamp) -> String {
    let seconds = at.seconds();
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Days since 1970 to a date of the Gregorian calendar: eras of 400 years that begin in March.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        second / 3_600,
        second / 60 % 60,
        second % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::am::version::{Routes, Unversioned, negotiate};

    fn served(version: &str) -> Served {
        let header = format!("resource={version}");
        negotiate([header.as_str()], Routes::SESSIONS, Unversioned::Latest).unwrap()
    }

    fn info() -> Info {
        Info {
            username: "demo".into(),
            realm: Realm::parse("/alpha").unwrap(),
            handle: "ctx-1".into(),
            accessed: Timestamp(1_753_974_345_999),
            idle_expires: Timestamp(1_753_976_145_000),
            expires: Timestamp(1_753_981_545_000),
            properties: vec![
                ("theme".into(), "dark".into()),
                ("AMCtxId".into(), "no".into()),
            ],
        }
    }

    fn body(reply: &Reply) -> &str {
        std::str::from_utf8(&reply.body).unwrap()
    }

    #[test]
    fn v33_info_has_seven_keys_in_the_live_order() {
        let reply = told(Some(&info()), served("4.0"));
        assert_eq!(
            body(&reply),
            r#"{"username":"demo","universalId":"id=demo,ou=user,o=alpha,ou=services,ou=am-config","realm":"/alpha","latestAccessTime":"2025-07-31T15:05:45Z","maxIdleExpirationTime":"2025-07-31T15:35:45Z","maxSessionExpirationTime":"2025-07-31T17:05:45Z","properties":{"AMCtxId":"ctx-1","theme":"dark"}}"#
        );
        assert!(
            reply
                .headers
                .contains(&("content-api-version".into(), "resource=4.0".into()))
        );
        assert!(reply.headers.contains(&(
            "content-type".into(),
            "application/json;charset=UTF-8".into()
        )));
        let old = told(Some(&info()), served("2.1"));
        assert!(
            body(&old).contains(r#""realm":"/alpha","sessionHandle":"ctx-1","latestAccessTime""#)
        );
        assert!(!body(&old).contains("properties"));
    }

    #[test]
    fn v34_logout_then_validate() {
        let reply = logged_out(Logout::Done, &Cookies::default(), served("5.1"));
        assert_eq!(body(&reply), r#"{"result":"Successfully logged out"}"#);
        assert!(reply.cookies.iter().all(|cookie| cookie.cleared) && reply.cookies.len() == 1);
        let again = logged_out(Logout::Unknown, &Cookies::default(), served("5.1"));
        assert_eq!(body(&again), r#"{"result":"Token has expired"}"#);
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

    fn ask(version: &str, query: &str, list: &[(&str, &str)], body: &str) -> Result<Ask, Refusal> {
        let headers: Vec<(String, String)> = list
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
            .collect();
        let parts = Parts {
            method: "POST",
            path: "/json/sessions",
            query,
            headers: &headers,
            body: body.as_bytes(),
            client: None,
        };
        Ask::read(
            &parts,
            &Query::parse(query).unwrap(),
            served(version),
            &Cookies::default(),
        )
    }

    #[test]
    fn tokens_come_where_the_version_says() {
        let json = ("content-type", "application/json");
        let cookie = ("cookie", "iPlanetDirectoryPro=c");
        let token = |asked: Result<Ask, Refusal>| asked.unwrap().token;
        let body = r#"{"tokenId":"b","more":1}"#;
        let info = "_action=getsessioninfo&tokenId=q";
        assert_eq!(
            token(ask("4.0", info, &[json, cookie], body)).as_deref(),
            Some("b")
        );
        assert_eq!(
            token(ask("4.0", info, &[json, cookie], "{}")).as_deref(),
            Some("c")
        );
        assert_eq!(
            token(ask("2.1", info, &[json, cookie], body)).as_deref(),
            Some("q")
        );
        assert_eq!(token(ask("4.0", info, &[], "")), None);
        assert_eq!(ask("2.0", "_action=logout", &[], ""), Err(Refusal::NoToken));
        assert_eq!(token(ask("3.1", "_action=LOGOUT", &[], "")), None);
        assert_eq!(
            ask("4.0", info, &[json], r#"{"tokenId":1}"#),
            Err(Refusal::BadJson)
        );
        let twice = r#"{"tokenId":"a","tokenId":"b"}"#;
        assert_eq!(ask("4.0", info, &[json], twice), Err(Refusal::BadJson));
        assert_eq!(ask("4.0", info, &[], "{}"), Err(Refusal::MediaType));
    }

    #[test]
    fn actions() {
        let action = |query| ask("5.1", query, &[], "").map(|ask| ask.action);
        assert_eq!(
            action("_action=validate"),
            Ok(Action::Validate { touch: true })
        );
        assert_eq!(
            action("_action=validate&refresh=false"),
            Ok(Action::Validate { touch: false })
        );
        assert_eq!(
            action("_action=getSessionInfoAndResetIdleTime"),
            Ok(Action::Info { touch: true })
        );
        let unknown = action("_action=nope").unwrap_err();
        assert_eq!(unknown.status(), 501);
        assert_eq!(
            unknown.message(),
            "Action nope not implemented for this resource"
        );
    }

    #[test]
    fn times_of_every_kind_of_year() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_164_800, "2024-02-29T00:00:00Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(time(Timestamp(seconds * 1_000)), text);
        }
    }

    #[test]
    fn names_cannot_break_out_of_a_distinguished_name() {
        assert_eq!(
            universal_id("a,ou=admin+x", &Realm::root()),
            "id=a\\,ou\\=admin\\+x,ou=user,ou=am-config"
        );
    }
}
