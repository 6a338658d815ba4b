//! Replies as values: status, headers, cookies, body.

use std::{borrow::Cow, collections::BTreeMap, fmt, sync::Arc};

use wayfare::{Ask, Realm, Value};

use crate::{
    am::{callbacks, cookie::Cookie, version::Served},
    json::{Bounds, Ignored, Writer, read},
};

/// What goes back to a client.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// Headers in order, names in lower case.
    pub headers: Vec<(Cow<'static, str>, Cow<'static, str>)>,
    /// Cookies in order, each a `set-cookie` header of its own.
    pub cookies: Vec<Cookie>,
    /// The body; it may hold tokens.
    pub body: Vec<u8>,
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("status", &self.status)
            .field("headers", &self.headers)
            .field("cookies", &self.cookies)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

impl Reply {
    /// A reply without a body.
    pub fn new(status: u16) -> Self {
        let reply = Self {
            status,
            // As many as a reply of `authenticate` has.
            headers: Vec::with_capacity(8),
            cookies: Vec::new(),
            body: Vec::new(),
        };
        reply
            .header("x-frame-options", "SAMEORIGIN")
            .header("x-content-type-options", "nosniff")
    }

    /// The same in the types of the crate `http`; a bare 500 where a header is none.
    pub fn into_http<B: From<Vec<u8>>>(self) -> http::Response<B> {
        let mut response = http::Response::builder().status(self.status);
        for (name, value) in &self.headers {
            response = response.header(&**name, &**value);
        }
        for cookie in &self.cookies {
            response = response.header(http::header::SET_COOKIE, cookie.header());
        }
        response.body(B::from(self.body)).unwrap_or_else(|_| {
            let mut failed = http::Response::new(B::from(Vec::new()));
            *failed.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
            failed
        })
    }

    /// With this header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// With the headers that nodes of a journey set; one that could change how the reply is read, or
    /// that the protocol sets itself, is left out.
    #[must_use]
    pub fn node_headers(mut self, headers: &BTreeMap<Arc<str>, Arc<str>>) -> Self {
        for (name, value) in headers {
            let token = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
            let named = !name.is_empty() && name.bytes().all(token);
            let own = OWN_HEADERS.iter().any(|own| name.eq_ignore_ascii_case(own))
                || self
                    .headers
                    .iter()
                    .any(|(own, _)| name.eq_ignore_ascii_case(own));
            let plain = value.bytes().all(|b| matches!(b, b' '..=b'~'));
            if named && plain && !own {
                let name = name.to_ascii_lowercase();
                self.headers.push((name.into(), value.to_string().into()));
            }
        }
        self
    }

    /// With this cookie.
    #[must_use]
    pub fn cookie(mut self, cookie: Cookie) -> Self {
        self.cookies.push(cookie);
        self
    }

    /// With these cookies.
    #[must_use]
    pub fn with_cookies(mut self, cookies: impl IntoIterator<Item = Cookie>) -> Self {
        self.cookies.extend(cookies);
        self
    }

    /// With a body of plain text.
    #[must_use]
    pub fn plain(mut self, text: &str) -> Self {
        self.body = text.as_bytes().to_vec();
        self.header("content-type", "text/plain;charset=UTF-8")
    }

    /// With a JSON body, as `authenticate` sends it.
    #[must_use]
    pub fn json(mut self, body: Writer) -> Self {
        self.body = body.into_bytes();
        self.header("content-type", "application/json")
            .header("cache-control", "private")
            .header("expires", "0")
            .header("pragma", "no-cache")
    }

    /// A JSON reply that nobody may keep and that sets no cookie, as the wires beside this one send it.
    pub fn unkept(status: u16, body: Writer) -> Self {
        Self {
            status,
            headers: vec![
                ("content-type".into(), "application/json".into()),
                ("cache-control".into(), "no-store".into()),
                ("x-content-type-options".into(), "nosniff".into()),
            ],
            cookies: Vec::new(),
            body: body.into_bytes(),
        }
    }

    /// With a JSON body, as JSON resources send it; `read` for what is only looked up.
    #[must_use]
    pub fn resource(mut self, body: Writer, kind: ResourceReply) -> Self {
        self.body = body.into_bytes();
        self.header("content-type", "application/json;charset=UTF-8")
            .header(
                "cache-control",
                match kind {
                    ResourceReply::Read => "no-store",
                    ResourceReply::Action => "private",
                },
            )
            .isolated()
            .header("expires", "0")
            .header("pragma", "no-cache")
    }

    /// With the headers by which no page can hold or embed it.
    fn isolated(self) -> Self {
        self.header("content-security-policy", CONTENT_SECURITY_POLICY)
            .header("cross-origin-opener-policy", "same-origin")
            .header("cross-origin-resource-policy", "same-origin")
    }

    /// A JSON reply with the headers that JSON resources have.
    pub(crate) fn into_resource(mut self) -> Self {
        let mut json = false;
        for (name, value) in &mut self.headers {
            if name == "content-type" && value == "application/json" {
                *value = "application/json;charset=UTF-8".into();
                json = true;
            }
        }
        if json { self.isolated() } else { self }
    }

    /// With the version that served it, and the warning that none was asked for.
    #[must_use]
    pub fn served(mut self, served: Served) -> Self {
        self = self.header("content-api-version", served.version.named());
        match served.warning {
            Some(warning) => self.header("warning", warning),
            None => self,
        }
    }
}

/// Headers that a journey never sets.
const OWN_HEADERS: [&str; 10] = [
    "set-cookie",
    "content-length",
    "content-type",
    "content-encoding",
    "transfer-encoding",
    "connection",
    "content-api-version",
    "access-control-allow-origin",
    "access-control-allow-credentials",
    "date",
];

const CONTENT_SECURITY_POLICY: &str = "default-src 'none';frame-ancestors 'none';sandbox";

/// Whether a resource was read or acted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResourceReply {
    /// It was read.
    Read,
    /// Something was done.
    Action,
}

/// The reply that asks: the token first, then callbacks, then what a page says.
pub fn step(auth_id: &str, ask: &Ask) -> Reply {
    let mut body = Writer::with_capacity(auth_id.len() + 128 + ask.callbacks.len() * 256);
    body.open_object();
    body.key("authId").text(auth_id);
    body.key("callbacks");
    callbacks::write(&mut body, ask);
    let texts = [
        ("stage", &ask.stage),
        ("header", &ask.header),
        ("description", &ask.description),
    ];
    for (key, text) in texts {
        if let Some(text) = text.as_deref().filter(|text| !text.is_empty()) {
            body.key(key).text(text);
        }
    }
    body.close_object();
    Reply::new(200).json(body)
}

/// The reply of success.
#[derive(Debug)]
pub struct Login<'a> {
    /// The token, unless there is no session.
    pub token: Option<&'a str>,
    /// Where to go.
    pub success_url: &'a str,
    /// The realm.
    pub realm: &'a Realm,
    /// What nodes add.
    pub details: &'a BTreeMap<Arc<str>, Value>,
    /// Whether to say `Authentication Successful` where there is no session, as older versions did.
    pub message: bool,
}

/// The reply of success: what the product says first, then what nodes add.
pub fn login(login: &Login<'_>) -> Reply {
    let mut body = Writer::with_capacity(256);
    body.open_object();
    match login.token {
        Some(token) => {
            body.key("tokenId").text(token);
        }
        None if login.message => {
            body.key("message").text("Authentication Successful");
        }
        None => {}
    }
    body.key("successUrl").text(login.success_url);
    body.key("realm").text(login.realm.as_str());
    for (key, value) in login.details {
        let own = matches!(&**key, "tokenId" | "successUrl" | "realm")
            || (&**key == "message" && login.message);
        if !own {
            body.key(key);
            detail(&mut body, value);
        }
    }
    body.close_object();
    Reply::new(200).json(body)
}

/// A text that is a JSON object or array stands as that.
fn detail(body: &mut Writer, value: &Value) {
    let parsed = value
        .as_text()
        .filter(|text| text.trim_start().starts_with(['{', '[']))
        .filter(|text| read::<Ignored>(text.as_bytes(), Bounds::default()).is_ok())
        .and_then(|text| serde_json::from_str(text).ok());
    match parsed {
        Some(json) => body.json(&json),
        None => body.value(value),
    };
}

/// The reason phrase of a status.
pub fn reason(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        408 => "Request Time-out",
        409 => "Conflict",
        410 => "Gone",
        412 => "Precondition Failed",
        413 => "Request Entity Too Large",
        415 => "Unsupported Media Type",
        428 => "Precondition Required",
        429 => "Too Many Requests",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Time-out",
        _ => "Internal Server Error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::am::version::Version;

    fn text(reply: &Reply) -> &str {
        std::str::from_utf8(&reply.body).unwrap()
    }

    #[test]
    fn success_keeps_its_own_keys() {
        let realm = Realm::parse("/alpha").unwrap();
        let details = [
            (Arc::from("tokenId"), Value::from("evil")),
            (Arc::from("more"), Value::from(r#"{"a":[1]}"#)),
            (Arc::from("not"), Value::from("{oops")),
            (Arc::from("n"), Value::Int(7)),
        ]
        .into();
        let mut success = Login {
            token: Some("t*"),
            success_url: "/am/console",
            realm: &realm,
            details: &details,
            message: false,
        };
        assert_eq!(
            text(&login(&success)),
            r#"{"tokenId":"t*","successUrl":"/am/console","realm":"/alpha","more":{"a":[1]},"n":7,"not":"{oops"}"#
        );
        success.token = None;
        let none = BTreeMap::new();
        success.details = &none;
        assert_eq!(
            text(&login(&success)),
            r#"{"successUrl":"/am/console","realm":"/alpha"}"#
        );
        success.message = true;
        assert_eq!(
            text(&login(&success)),
            r#"{"message":"Authentication Successful","successUrl":"/am/console","realm":"/alpha"}"#
        );
    }

    #[test]
    fn headers_of_nodes_cannot_break_the_reply() {
        let header = |name: &str, value: &str| (Arc::from(name), Arc::from(value));
        let headers = [
            header("x-mine", "ok"),
            header("x-split", "a\r\nset-cookie: b=c"),
            header("Set-Cookie", "a=b"),
            header("x bad", "x"),
            header("cache-control", "public"),
        ]
        .into();
        let before = step("a", &Ask::default());
        let after = before.clone().node_headers(&headers);
        assert_eq!(after.headers.len(), before.headers.len() + 1);
        assert_eq!(after.headers.last().unwrap().0, "x-mine");
    }

    #[test]
    fn headers_are_those_recorded() {
        let served = Served {
            version: Version::new(2, 1),
            requested: None,
            warning: None,
        };
        let reply = step("a.b.c", &Ask::default()).served(served);
        let names: Vec<_> = reply
            .headers
            .iter()
            .map(|(n, v)| format!("{n}: {v}"))
            .collect();
        assert_eq!(
            names,
            [
                "x-frame-options: SAMEORIGIN",
                "x-content-type-options: nosniff",
                "content-type: application/json",
                "cache-control: private",
                "expires: 0",
                "pragma: no-cache",
                "content-api-version: resource=2.1",
            ]
        );
        assert!(!format!("{reply:?}").contains("a.b.c"));
    }

    #[test]
    fn a_reply_in_the_types_of_http_has_its_cookies_as_headers() {
        let reply = Reply::new(401).plain("no").header("x-own", "a");
        let sent: http::Response<Vec<u8>> = reply.into_http();
        assert_eq!(sent.status(), 401);
        assert_eq!(sent.headers()["x-own"], "a");
        assert_eq!(sent.body(), b"no");
        let broken: http::Response<Vec<u8>> = Reply::new(200).header("x-own", "a\nb").into_http();
        assert_eq!(broken.status(), 500);
        assert!(broken.headers().is_empty());
    }
}
