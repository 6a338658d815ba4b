//! `authenticate/backchannel`: another server asks for a login, and asks how it went.
//!
//! The caller names a journey and a user, and is given an id and an address to send the user to; it never
//! sees a step of the run. Here are the two requests and the two replies. Who may call, what a transaction
//! is and where it is kept is the server's.
//!
//! Bodies are read strictly: a member that is not known is refused, since a misspelled one would be a
//! login of another kind than was meant.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value as Json};
use wayfare::Realm;

use crate::{
    am::{
        error::Refusal,
        goto::Origin,
        reply::{Reply, ResourceReply},
        request::Parts,
        version::Served,
    },
    json::{BadJson, Bounds, Ignored, Writer, read},
};

/// The longest id by which a caller follows a transaction.
pub const TRACKING_CHARS_MAX: usize = 36;
/// The longest name of a user, in characters.
pub const NAME_CHARS_MAX: usize = 256;
/// How much shared state may be brought, in bytes of JSON.
pub const DATA_BYTES_MAX: usize = 16 * 1_024;
/// How deep it may be.
const DEPTH_MAX: u32 = 16;

/// What of shared state is the engine's own.
const RESERVED: [&str; 2] = ["realm", "authLevel"];

/// The bearer token of a request.
///
/// # Errors
/// There is none, or more than one.
pub fn bearer<'a>(parts: &Parts<'a>) -> Result<&'a str, Refusal> {
    let mut headers = parts.header("authorization");
    let (Some(only), None) = (headers.next(), headers.next()) else {
        return Err(Refusal::AccessDenied);
    };
    let (scheme, token) = only.split_once(' ').ok_or(Refusal::AccessDenied)?;
    let token = token.trim();
    if scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() {
        Ok(token)
    } else {
        Err(Refusal::AccessDenied)
    }
}

/// A login that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Initialize {
    /// The journey, by its name on the wire.
    pub journey: String,
    /// The name of the user.
    pub username: String,
    /// What stands in shared state from the beginning: a JSON object.
    pub data: String,
    /// The id by which the caller follows it.
    pub tracking: Option<String>,
    /// Whether the user may try again after a failure.
    pub retry: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InitializeBody {
    #[serde(rename = "type")]
    ty: String,
    value: String,
    subject: SubjectBody,
    #[serde(default)]
    data: Option<Map<String, Json>>,
    #[serde(default, rename = "trackingId")]
    tracking: Option<String>,
    #[serde(default, rename = "allowRetry")]
    retry: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SubjectBody {
    #[serde(rename = "type")]
    ty: String,
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InfoBody {
    transaction: String,
}

/// Reads a body that must be there.
fn body<'a, T: Deserialize<'a>>(parts: &Parts<'a>) -> Result<T, Refusal> {
    if parts.method != "POST" {
        return Err(Refusal::Method);
    }
    parts.json_only()?;
    let bounds = Bounds {
        depth: DEPTH_MAX,
        ..Bounds::default()
    };
    let bad = |error| match error {
        BadJson::TooLong => Refusal::TooLarge,
        BadJson::Malformed => Refusal::BadJson,
    };
    // Once for keys that stand twice, wherever they stand, and once for what it says.
    read::<Ignored>(parts.body, bounds).map_err(bad)?;
    read(parts.body, bounds).map_err(bad)
}

impl Initialize {
    /// Reads a request.
    ///
    /// # Errors
    /// The body is not of the shape or over a bound, or asks for something that is not served: another
    /// type than `service`, another subject than a user.
    pub fn read(parts: &Parts<'_>) -> Result<Self, Refusal> {
        let body: InitializeBody = body(parts)?;
        let named = |name: &str| {
            let short = (1..=NAME_CHARS_MAX).contains(&name.chars().count());
            short && !name.chars().any(char::is_control)
        };
        if body.ty != "service" || body.subject.ty != "user" {
            return Err(Refusal::BadMember("type"));
        }
        if !named(&body.value) {
            return Err(Refusal::BadMember("value"));
        }
        if !named(&body.subject.name) {
            return Err(Refusal::BadMember("subject"));
        }
        let tracks = |id: &str| {
            let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
            (1..=TRACKING_CHARS_MAX).contains(&id.len()) && id.bytes().all(fits)
        };
        if body.tracking.as_deref().is_some_and(|id| !tracks(id)) {
            return Err(Refusal::BadMember("trackingId"));
        }
        let data = body.data.unwrap_or_default();
        // In any case: nobody who writes one of these another way means something else.
        let own = |key: &String| RESERVED.iter().any(|own| own.eq_ignore_ascii_case(key));
        if data.keys().any(own) {
            return Err(Refusal::BadMember("data"));
        }
        let data = Json::Object(data).to_string();
        if data.len() > DATA_BYTES_MAX {
            return Err(Refusal::BadMember("data"));
        }
        Ok(Self {
            journey: body.value,
            username: body.subject.name,
            data,
            tracking: body.tracking,
            retry: body.retry.unwrap_or(false),
        })
    }
}

/// The id that `info` asks about.
///
/// # Errors
/// The body is not of the shape.
pub fn read_info(parts: &Parts<'_>) -> Result<String, Refusal> {
    let body: InfoBody = body(parts)?;
    Ok(body.transaction)
}

/// The address that the user is sent to.
pub fn redirect_uri(origin: Option<&Origin>, login_page: &str, realm: &Realm, id: &str) -> String {
    let origin = match origin {
        Some(origin) if login_page.starts_with('/') => origin.to_string(),
        _ => String::new(),
    };
    let mark = if login_page.contains('?') { '&' } else { '?' };
    // Realms and ids hold nothing that would have to be encoded.
    format!("{origin}{login_page}{mark}realm={realm}&authIndexType=transaction&authIndexValue={id}")
}

/// The reply to `initialize`.
pub fn initialized(id: &str, redirect_uri: &str, served: Served) -> Reply {
    let mut body = Writer::with_capacity(256);
    body.open_object();
    body.key("transaction").text(id);
    body.key("redirectUri").text(redirect_uri);
    body.close_object();
    Reply::new(200)
        .resource(body, ResourceReply::Action)
        .served(served)
}

/// Where a transaction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nobody has come yet.
    Created,
    /// A run was begun.
    InProgress,
    /// A run has ended it.
    Completed,
}

/// What a transaction came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is open.
    Unknown,
    /// The user has logged in.
    Approved,
    /// The run failed.
    Denied,
}

/// What is told about a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Info {
    /// Where it is.
    pub state: State,
    /// What it came to.
    pub outcome: Outcome,
    /// What audits call it by.
    pub tracking: Vec<String>,
    /// Its journey.
    pub journey: String,
    /// The name of its user.
    pub username: String,
    /// What clients may know of the session that it led to, where there is one.
    pub properties: Option<BTreeMap<String, String>>,
}

/// The reply to `info`.
pub fn told(info: &Info, served: Served) -> Reply {
    let mut body = Writer::with_capacity(512);
    body.open_object();
    body.key("state").text(match info.state {
        State::Created => "CREATED",
        State::InProgress => "IN_PROGRESS",
        State::Completed => "COMPLETED",
    });
    body.key("result").text(match info.outcome {
        Outcome::Unknown => "UNKNOWN",
        Outcome::Approved => "APPROVED",
        Outcome::Denied => "DENIED",
    });
    body.key("auditTrackingIds").texts(&info.tracking);
    body.key("type").text("service");
    body.key("value").text(&info.journey);
    body.key("subject").open_object();
    body.key("type").text("user");
    body.key("name").text(&info.username);
    body.close_object();
    if let Some(properties) = &info.properties {
        body.key("sessionProperties").open_object();
        for (key, value) in properties {
            body.key(key).text(value);
        }
        body.close_object();
    }
    body.close_object();
    Reply::new(200)
        .resource(body, ResourceReply::Action)
        .served(served)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
            .collect()
    }

    fn ask(body: &str) -> Result<Initialize, Refusal> {
        let headers = headers(&[("content-type", "application/json")]);
        Initialize::read(&Parts {
            method: "POST",
            path: "/json/authenticate/backchannel/initialize",
            query: "",
            headers: &headers,
            body: body.as_bytes(),
            client: None,
        })
    }

    const SUBJECT: &str = r#""subject":{"type":"user","name":"bjensen"}"#;

    fn with(more: &str) -> Result<Initialize, Refusal> {
        ask(&format!(
            r#"{{"type":"service","value":"Login",{SUBJECT}{more}}}"#
        ))
    }

    #[test]
    fn a_request_says_who_is_to_log_in_and_how() {
        let full = with(
            r#","data":{"amount":12,"to":{"iban":"x"}},"trackingId":"order_7-A","allowRetry":true"#,
        );
        assert_eq!(
            full,
            Ok(Initialize {
                journey: "Login".into(),
                username: "bjensen".into(),
                data: r#"{"amount":12,"to":{"iban":"x"}}"#.into(),
                tracking: Some("order_7-A".into()),
                retry: true,
            })
        );
        let least = with("").unwrap();
        assert_eq!(
            (&*least.data, least.tracking, least.retry),
            ("{}", None, false)
        );
    }

    #[test]
    fn what_is_not_meant_is_refused() {
        let long = "x".repeat(TRACKING_CHARS_MAX + 1);
        for (more, member) in [
            (r#","data":{"realm":"/beta"}"#.to_owned(), "data"),
            (r#","data":{"authLevel":20}"#.to_owned(), "data"),
            (r#","data":{"AUTHLEVEL":20}"#.to_owned(), "data"),
            (r#","trackingId":"a b""#.to_owned(), "trackingId"),
            (r#","trackingId":"""#.to_owned(), "trackingId"),
            (r#","trackingId":"é""#.to_owned(), "trackingId"),
            (format!(r#","trackingId":"{long}""#), "trackingId"),
        ] {
            assert_eq!(with(&more), Err(Refusal::BadMember(member)), "{more}");
        }
        assert!(
            with(&format!(
                r#","trackingId":"{}""#,
                "x".repeat(TRACKING_CHARS_MAX)
            ))
            .is_ok()
        );
        let data = |n: usize| with(&format!(r#","data":{{"a":"{}"}}"#, "x".repeat(n)));
        assert!(data(DATA_BYTES_MAX - 8).is_ok());
        assert_eq!(data(DATA_BYTES_MAX - 7), Err(Refusal::BadMember("data")));
        for more in [
            r#","data":[]"#,
            r#","data":"x""#,
            r#","data":{"a":1,"a":2}"#,
            r#","allowRetry":"true""#,
            r#","allowretry":true"#,
            r#","trackingId":7"#,
            r#","type":"service""#,
        ] {
            assert_eq!(with(more), Err(Refusal::BadJson), "{more}");
        }
        for body in [
            "",
            "{}",
            "null",
            "[]",
            r#"{"type":"service","value":"Login"}"#,
            r#"{"type":"service","value":"Login","subject":"bjensen"}"#,
            r#"{"type":"service","value":"Login","subject":{"type":"user"}}"#,
            r#"{"type":"service","value":"Login","subject":{"type":"user","name":"a","id":"b"}}"#,
        ] {
            assert_eq!(ask(body), Err(Refusal::BadJson), "{body}");
        }
        for (body, member) in [
            (
                format!(r#"{{"type":"tree","value":"Login",{SUBJECT}}}"#),
                "type",
            ),
            (
                format!(r#"{{"type":"service","value":"",{SUBJECT}}}"#),
                "value",
            ),
            (
                r#"{"type":"service","value":"Login","subject":{"type":"agent","name":"a"}}"#
                    .into(),
                "type",
            ),
            (
                r#"{"type":"service","value":"Login","subject":{"type":"user","name":"a\u0000"}}"#
                    .into(),
                "subject",
            ),
        ] {
            assert_eq!(ask(&body), Err(Refusal::BadMember(member)), "{body}");
        }
    }

    #[test]
    fn one_bearer_token_is_read() {
        let token = |list: &[(&str, &str)]| {
            let headers = headers(list);
            let parts = Parts {
                method: "POST",
                path: "",
                query: "",
                headers: &headers,
                body: b"",
                client: None,
            };
            bearer(&parts).map(str::to_owned)
        };
        assert_eq!(
            token(&[("Authorization", "Bearer abc")]).as_deref(),
            Ok("abc")
        );
        assert_eq!(
            token(&[("authorization", "bearer  abc ")]).as_deref(),
            Ok("abc")
        );
        for list in [
            &[][..],
            &[("authorization", "Bearer")],
            &[("authorization", "Bearer ")],
            &[("authorization", "Basic abc")],
            &[("authorization", "abc")],
            &[("authorization", "Bearer a"), ("authorization", "Bearer a")],
        ] {
            assert_eq!(token(list), Err(Refusal::AccessDenied), "{list:?}");
        }
    }

    #[test]
    fn addresses_and_replies_are_spelled_as_callers_expect() {
        let alpha = Realm::parse("/alpha").unwrap();
        let origin = Origin::parse("https://login.example.com");
        assert_eq!(
            redirect_uri(origin.as_ref(), "/am/XUI/Login", &alpha, "id"),
            "https://login.example.com/am/XUI/Login?realm=/alpha&authIndexType=transaction&authIndexValue=id"
        );
        assert_eq!(
            redirect_uri(origin.as_ref(), "https://ui.example.com/?x=1", &alpha, "id"),
            "https://ui.example.com/?x=1&realm=/alpha&authIndexType=transaction&authIndexValue=id"
        );
        let served = crate::am::version::negotiate(
            ["resource=1, protocol=2.0"],
            crate::am::version::Routes::BACKCHANNEL,
            crate::am::version::Unversioned::Latest,
        )
        .unwrap();
        let mut info = Info {
            state: State::InProgress,
            outcome: Outcome::Unknown,
            tracking: vec!["order-7".into()],
            journey: "Login".into(),
            username: "bjensen".into(),
            properties: None,
        };
        let text = |info: &Info| String::from_utf8(told(info, served).body).unwrap();
        assert_eq!(
            text(&info),
            r#"{"state":"IN_PROGRESS","result":"UNKNOWN","auditTrackingIds":["order-7"],"type":"service","value":"Login","subject":{"type":"user","name":"bjensen"}}"#
        );
        info.state = State::Completed;
        info.outcome = Outcome::Approved;
        info.properties = Some(BTreeMap::from([("plan".to_owned(), "gold".to_owned())]));
        assert!(text(&info).ends_with(r#","sessionProperties":{"plan":"gold"}}"#));
        assert_eq!(
            String::from_utf8(initialized("id", "u", served).body).unwrap(),
            r#"{"transaction":"id","redirectUri":"u"}"#
        );
    }
}
