//! What a request brings: body, headers, cookies, languages, and the checks before any work.

use std::{borrow::Cow, net::IpAddr, sync::Arc};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor},
};
use wayfare::{AuthLevel, Request, encoded_word::decode};

use crate::{
    am::{callbacks::Submitted, error::Refusal},
    json::{BadJson, Bounds, Ignored, Key, Scalar, Seen, read},
    query::Query,
};

/// The parts of a request, as a server hands them in.
#[derive(Clone, Copy)]
pub struct Parts<'a> {
    /// The method, in upper case.
    pub method: &'a str,
    /// The path after the base path, still encoded: `/json/realms/root/authenticate`.
    pub path: &'a str,
    /// What stands after `?`, still encoded.
    pub query: &'a str,
    /// The headers in order; values that are not UTF-8 are the server's to refuse.
    pub headers: &'a [(String, String)],
    /// The body.
    pub body: &'a [u8],
    /// The address of the client, as the server trusts it.
    pub client: Option<IpAddr>,
}

impl std::fmt::Debug for Parts<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl<'a> Parts<'a> {
    /// The parts of a request in the types of the crate `http`, with its headers as [`text`] gives them;
    /// of a path that is not below `base` nothing is left.
    pub fn of(
        head: &'a http::request::Parts,
        base: &str,
        headers: &'a [(String, String)],
        body: &'a [u8],
    ) -> Self {
        Self {
            method: head.method.as_str(),
            path: head.uri.path().strip_prefix(base).unwrap_or_default(),
            query: head.uri.query().unwrap_or_default(),
            headers,
            body,
            client: None,
        }
    }

    /// The values of a header, in order.
    pub fn header<'n>(&self, name: &'n str) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        self.headers
            .iter()
            .filter(move |(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| &**value)
    }

    /// The host the client named, without its port.
    pub fn host(&self) -> Option<&'a str> {
        let host = self.header("host").next()?;
        Some(match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
            _ => host,
        })
    }

    /// The cookies, in order.
    pub fn cookies(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.header("cookie")
            .flat_map(|header| header.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .map(|(name, value)| (name, value.trim_matches('"')))
    }

    /// The session token that came: as the cookie of that name, else as the header of that name.
    pub fn session_token(&self, cookie: &str) -> Option<String> {
        self.session_token_from(cookie).map(|(token, _)| token)
    }

    /// The session token that came, and whether it came as the cookie.
    ///
    /// Of several cookies the first counts, which browsers send for the longest path; a header that stands
    /// twice is none.
    pub fn session_token_from(&self, cookie: &str) -> Option<(String, bool)> {
        let mut named = self.cookies().filter(|(name, _)| *name == cookie);
        let by_header = || {
            let mut sent = self.header(cookie);
            match (sent.next(), sent.next()) {
                (Some(only), None) => Some((only, false)),
                _ => None,
            }
        };
        named
            .next()
            .map(|(_, value)| (value, true))
            .or_else(by_header)
            .filter(|(token, _)| !token.is_empty() && token.len() <= TOKEN_BYTES_MAX)
            .map(|(token, as_cookie)| (token.to_owned(), as_cookie))
    }

    /// What the engine is given of the request.
    pub fn to_request(&self, query: Query) -> Request {
        let mut request = Request::default();
        request.headers = self.headers.to_vec();
        request.cookies = self
            .cookies()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        request.locales = locales(query.all("locale").next(), self.header("accept-language"));
        request.parameters = query.into_parameters();
        request.client = self.client;
        request.host = self.host().map(str::to_owned);
        request
    }

    /// Refuses what a page of another site could have sent by itself.
    ///
    /// # Errors
    /// The request changes something and carries neither of two headers that need a script.
    pub fn same_site(&self) -> Result<(), Refusal> {
        let harmless = matches!(self.method, "GET" | "HEAD" | "OPTIONS");
        let marked = self.header("x-requested-with").next().is_some()
            || self.header("accept-api-version").next().is_some();
        if harmless || marked {
            Ok(())
        } else {
            Err(Refusal::CrossSite)
        }
    }

    /// Refuses headers of a login without a page that could be read in two ways, or not at all.
    ///
    /// # Errors
    /// One of them stands twice, or its encoded words do not decode.
    pub fn zero_page_headers(&self) -> Result<(), Refusal> {
        for name in ["x-openam-username", "x-openam-password"] {
            let mut values = self.header(name);
            let decodes = values.next().is_none_or(|value| decode(value).is_ok());
            if !decodes || values.next().is_some() {
                return Err(Refusal::BadHeader(name));
            }
        }
        Ok(())
    }

    /// The id by which the client follows a request through its logs, fit to be sent back.
    pub fn transaction_id(&self) -> Option<&'a str> {
        self.header("x-forgerock-transactionid")
            .next()
            .filter(|id| {
                let token =
                    |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/');
                (1..=255).contains(&id.len()) && id.bytes().all(token)
            })
    }

    /// Refuses a body that is not declared to be JSON.
    ///
    /// # Errors
    /// There is a body, and its type is another one or none.
    pub fn json_only(&self) -> Result<(), Refusal> {
        if self.body.is_empty() {
            return Ok(());
        }
        let json = |value: &str| {
            let essence = value.split(';').next().unwrap_or("").trim();
            essence.eq_ignore_ascii_case("application/json")
        };
        let mut types = self.header("content-type");
        match (types.next(), types.next()) {
            (Some(only), None) if json(only) => Ok(()),
            _ => Err(Refusal::MediaType),
        }
    }
}

/// The headers of a request as text, in order.
///
/// # Errors
/// The value of one is not text.
pub fn text(headers: &http::HeaderMap) -> Result<Vec<(String, String)>, http::header::ToStrError> {
    let pair = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        Ok((name.to_string(), value.to_str()?.to_owned()))
    };
    headers.iter().map(pair).collect()
}

/// The longest session token looked at.
pub const TOKEN_BYTES_MAX: usize = 4 * 1_024;

/// How many languages of a request are kept.
const LOCALES_MAX: usize = 16;

/// The preferred languages, best first: the parameter, then `Accept-Language`.
fn locales<'a>(parameter: Option<&str>, headers: impl Iterator<Item = &'a str>) -> Vec<String> {
    let tag = |text: &str| {
        let fits = (1..=35).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        fits.then(|| text.to_owned())
    };
    let mut ranked: Vec<(u16, String)> = headers
        .flat_map(|header| header.split(','))
        .take(LOCALES_MAX)
        .filter_map(|entry| {
            let (name, weight) = entry.split_once(';').unwrap_or((entry, "q=1"));
            let thousandths = thousandths(weight.trim().strip_prefix("q=")?)?;
            (thousandths > 0).then_some((thousandths, tag(name.trim())?))
        })
        .collect();
    // Stable: equal weights keep the order in which the client wrote them.
    ranked.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    let first = parameter.and_then(tag);
    first
        .into_iter()
        .chain(ranked.into_iter().map(|(_, name)| name))
        .collect()
}

/// A weight such as `0.8`, in thousandths; digits after the third are not looked at.
fn thousandths(weight: &str) -> Option<u16> {
    let (whole, part) = weight.split_once('.').unwrap_or((weight, ""));
    if !part.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let whole = match whole {
        "0" => 0,
        "1" => 1_000,
        _ => return None,
    };
    let digit = |at: usize| part.as_bytes().get(at).map_or(0, |b| u16::from(b - b'0'));
    let total = whole + digit(0) * 100 + digit(1) * 10 + digit(2);
    (total <= 1_000).then_some(total)
}

/// What the body of `authenticate` says; `Debug` does not show the token.
pub enum Body<'a> {
    /// Start a journey; answers may come along for its first step.
    Start(Option<Submitted<'a>>),
    /// Go on with a run.
    Continue {
        /// The token of the step.
        auth_id: Cow<'a, str>,
        /// The answers; a client that comes back from elsewhere sends none.
        callbacks: Option<Submitted<'a>>,
    },
}

impl std::fmt::Debug for Body<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Start(submitted) => f.debug_tuple("Start").field(submitted).finish(),
            Self::Continue { callbacks, .. } => f
                .debug_struct("Continue")
                .field("callbacks", callbacks)
                .finish_non_exhaustive(),
        }
    }
}

impl<'a> Body<'a> {
    /// How many callbacks came.
    pub fn callbacks(&self) -> usize {
        match self {
            Self::Start(submitted)
            | Self::Continue {
                callbacks: submitted,
                ..
            } => submitted.as_ref().map_or(0, Submitted::len),
        }
    }

    /// Reads a body; an empty one starts a journey.
    ///
    /// # Errors
    /// It is too long, is no JSON object, holds a key twice, or its `authId` is no text.
    pub fn read(bytes: &'a [u8], bounds: Bounds) -> Result<Self, Refusal> {
        if bytes.is_empty() {
            return Ok(Self::Start(None));
        }
        let members: Members<'a> = read(bytes, bounds).map_err(|error| match error {
            BadJson::TooLong => Refusal::TooLarge,
            BadJson::Malformed => Refusal::BadJson,
        })?;
        match members.auth_id {
            None => Ok(Self::Start(members.callbacks)),
            Some(Scalar::Text(auth_id)) => Ok(Self::Continue {
                auth_id,
                callbacks: members.callbacks,
            }),
            // Something stands where the token should: whoever sent it did not mean to start.
            Some(_) => Err(Refusal::AuthIdMalformed),
        }
    }
}

#[derive(Default)]
struct Members<'a> {
    auth_id: Option<Scalar<'a>>,
    callbacks: Option<Submitted<'a>>,
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Walk;
        impl<'de> Visitor<'de> for Walk {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Members::default();
                let mut seen = Seen::default();
                while let Some(key) = map.next_key::<Key<'de>>()? {
                    // BOUND: clients send back a step with a few members of their own.
                    if !seen.insert(&key) || seen.len() > 64 {
                        return Err(A::Error::custom("a key stands twice, or too many keys"));
                    }
                    match &*key.0 {
                        "authId" => members.auth_id = Some(map.next_value()?),
                        "callbacks" => members.callbacks = Some(map.next_value()?),
                        _ => {
                            map.next_value::<Ignored>()?;
                        }
                    }
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(Walk)
    }
}

/// Which journey a start asks for, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Index {
    /// The realm's default.
    Default,
    /// A journey by its name on the wire.
    Service(Arc<str>),
    /// Any journey that reaches a level.
    Level(AuthLevel),
    /// The journey that stands for a module.
    Module(String),
    /// The journey of a user.
    User(String),
    /// The journey of a role.
    Role(String),
    /// Whatever a policy wants for the resource at an address.
    Resource(String),
    /// What an advice asks for, as it was sent.
    Advice(String),
    /// The journey of a transaction.
    Transaction(String),
}

impl Index {
    /// Reads `authIndexType` and `authIndexValue`, and for a resource the parameters that may hold its
    /// address.
    ///
    /// # Errors
    /// The type is not one of the product's, the level is none, a value is missing that has no default,
    /// or a parameter stands twice.
    pub fn read(query: &Query) -> Result<Self, Refusal> {
        let ty = query.one("authIndexType")?;
        let filled = |value: &&str| !value.is_empty();
        let value = query.one("authIndexValue")?.filter(filled);
        let of = |index: fn(String) -> Self| {
            let value = value.map(|value| index(value.to_owned()));
            value.ok_or(Refusal::NoConfiguration)
        };
        match ty {
            None | Some("") => Ok(Self::Default),
            Some("service") => Ok(value.map_or(Self::Default, |name| Self::Service(name.into()))),
            Some("level") => match value {
                Some("min") => Some(AuthLevel::ZERO),
                value => value.and_then(AuthLevel::parse),
            }
            .map(Self::Level)
            .ok_or(Refusal::IndexLevel),
            Some("module") => of(Self::Module),
            Some("user") => of(Self::User),
            Some("role") => of(Self::Role),
            Some("composite_advice") => of(Self::Advice),
            Some("transaction") => of(Self::Transaction),
            Some("resource") if value == Some("true") => {
                let address = query.one("resourceURL")?.filter(filled);
                let address = match address {
                    None => query.one("goto")?.filter(filled),
                    address => address,
                };
                let index = address.map(|address| Self::Resource(address.to_owned()));
                index.ok_or(Refusal::NoConfiguration)
            }
            Some("resource") => of(Self::Resource),
            Some(_) => Err(Refusal::IndexType),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts<'a>(headers: &'a [(String, String)], body: &'a [u8]) -> Parts<'a> {
        Parts {
            method: "POST",
            path: "/json/authenticate",
            query: "",
            headers,
            body,
            client: None,
        }
    }

    fn headers(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
            .collect()
    }

    fn kind(body: &str) -> &'static str {
        match Body::read(body.as_bytes(), Bounds::default()) {
            Ok(Body::Start(None)) => "start",
            Ok(Body::Start(Some(_))) => "start with answers",
            Ok(Body::Continue {
                callbacks: None, ..
            }) => "return",
            Ok(Body::Continue { .. }) => "continue",
            Err(Refusal::BadJson) => "bad json",
            Err(Refusal::AuthIdMalformed) => "bad token",
            Err(Refusal::TooLarge) => "too large",
            Err(_) => "other",
        }
    }

    #[test]
    fn a_request_in_the_types_of_http() {
        let request = http::Request::post("/am/json/authenticate?a=b").header("X-Own", "a");
        let (head, ()) = request.body(()).unwrap().into_parts();
        let headers = text(&head.headers).unwrap();
        let parts = Parts::of(&head, "/am", &headers, b"{}");
        let (path, query) = (parts.path, parts.query);
        assert_eq!(
            (parts.method, path, query),
            ("POST", "/json/authenticate", "a=b")
        );
        assert_eq!(parts.header("x-own").collect::<Vec<_>>(), ["a"]);
        assert_eq!(Parts::of(&head, "/other", &headers, b"").path, "");
        let request = http::Request::post("/").header("x-own", &b"\xff"[..]);
        assert!(text(request.headers_ref().unwrap()).is_err());
    }

    #[test]
    fn a18_only_a_token_resumes() {
        assert_eq!(kind(""), "start");
        assert_eq!(kind("{}"), "start");
        for body in [
            "null",
            "[]",
            "\"x\"",
            "   ",
            "1",
            "{",
            "{}{}",
            "{\"authId\":\"a\"} x",
        ] {
            assert_eq!(kind(body), "bad json", "{body}");
        }
        assert_eq!(kind(r#"{"status":200,"ok":true}"#), "start");
        assert_eq!(kind(r#"{"callbacks":[]}"#), "start with answers");
        assert_eq!(kind(r#"{"authId":"a.b.c"}"#), "return");
        assert_eq!(
            kind(r#"{"authId":"a.b.c","callbacks":[],"_x":{"y":[1]}}"#),
            "continue"
        );
        for body in ["null", "1", "[]", "{}", "true"] {
            assert_eq!(
                kind(&format!(r#"{{"authId":{body}}}"#)),
                "bad token",
                "{body}"
            );
        }
    }

    #[test]
    fn a19_a_token_twice_is_refused() {
        assert_eq!(kind(r#"{"authId":"a.b.c","authId":"d.e.f"}"#), "bad json");
        assert_eq!(
            kind(r#"{"authId":"a.b.c","\u0061uthId":"d.e.f"}"#),
            "bad json"
        );
        assert_eq!(
            kind(r#"{"authId":"a","callbacks":[],"callbacks":[]}"#),
            "bad json"
        );
        assert_eq!(kind(r#"{"authId":"a","x":{"y":1,"y":2}}"#), "bad json");
        assert_eq!(
            kind(r#"{"authId":"a","callbacks":[{"type":"NameCallback","type":"x"}]}"#),
            "bad json"
        );
        assert_eq!(
            kind(r#"{"authId":"a","callbacks":[{"input":[{"name":"a","name":"b"}]}]}"#),
            "bad json"
        );
    }

    #[test]
    fn e01_large_bodies() {
        let deep = |n: usize| format!(r#"{{"x":{}{}}}"#, "[".repeat(n), "]".repeat(n));
        assert_eq!(kind(&deep(31)), "start");
        assert_eq!(kind(&deep(32)), "bad json");
        assert_eq!(kind(&deep(127)), "bad json");
        assert_eq!(kind(&deep(30_000)), "bad json");
        assert_eq!(kind(&deep(100_000)), "too large");
        assert_eq!(
            kind(&format!(r#"{{"x":{}}}"#, "9".repeat(60_000))),
            "bad json"
        );
        let padded = |n: usize| format!("{{}}{}", " ".repeat(n - 2));
        assert_eq!(kind(&padded(64 * 1024)), "start");
        assert_eq!(kind(&padded(64 * 1024 + 1)), "too large");
    }

    #[test]
    fn v35_other_sites_cannot_post() {
        let none = headers(&[("content-type", "application/json")]);
        assert_eq!(parts(&none, b"{}").same_site(), Err(Refusal::CrossSite));
        for name in ["X-Requested-With", "accept-api-version"] {
            let marked = headers(&[(name, "x")]);
            assert_eq!(parts(&marked, b"").same_site(), Ok(()));
        }
        let mut get = parts(&none, b"");
        get.method = "GET";
        assert_eq!(get.same_site(), Ok(()));
    }

    #[test]
    fn bodies_are_declared() {
        let with = |list: &[(&str, &str)], body: &[u8]| parts(&headers(list), body).json_only();
        assert_eq!(with(&[], b""), Ok(()));
        assert_eq!(
            with(
                &[("Content-Type", "application/json; charset=utf-8")],
                b"{}"
            ),
            Ok(())
        );
        assert_eq!(with(&[], b"{}"), Err(Refusal::MediaType));
        assert_eq!(
            with(&[("content-type", "text/plain")], b"{}"),
            Err(Refusal::MediaType)
        );
        assert_eq!(
            with(
                &[
                    ("content-type", "application/json"),
                    ("content-type", "text/plain")
                ],
                b"{}"
            ),
            Err(Refusal::MediaType)
        );
    }

    #[test]
    fn the_session_token_comes_by_cookie_or_header() {
        let both = headers(&[
            ("iPlanetDirectoryPro", "h"),
            ("Cookie", "a=b; iPlanetDirectoryPro=c"),
        ]);
        let token =
            |list: &[(String, String)]| parts(list, b"").session_token("iPlanetDirectoryPro");
        assert_eq!(token(&both).as_deref(), Some("c"));
        assert_eq!(token(&both[..1]).as_deref(), Some("h"));
        assert_eq!(token(&headers(&[("cookie", "iPlanetDirectoryPro=")])), None);
        assert_eq!(token(&[]), None);
    }

    #[test]
    fn d01_d02_headers_of_a_login_without_a_page() {
        let name = "X-OpenAM-Username";
        let check = |list: &[(&str, &str)]| parts(&headers(list), b"").zero_page_headers();
        assert_eq!(
            check(&[(name, "demo"), ("X-OpenAM-Password", "pw")]),
            Ok(())
        );
        assert_eq!(check(&[(name, "=?UTF-8?B?yZfDq8mxw7g=?=")]), Ok(()));
        assert_eq!(
            check(&[(name, "demo"), ("x-openam-username", "demo")]),
            Err(Refusal::BadHeader("x-openam-username"))
        );
        for value in [
            "=?UTF-8?B?DQo=?=",
            "=?UTF-8?B?AA==?=",
            "=?UTF-8?Q?=0d=0aX:y?=",
            "=?UTF-8?B?PT9VVEYtOD9CP1pHVnRidz09Pz0=?=",
            "=?utf-7?Q?demo?=",
            "=?x-none?B?ZGVtbw==?=",
            "=?UTF-8?B?!!!?=",
            "=?UTF-8?B?ZGVtbw?=",
            "=?UTF-8?B?/w==?=",
            "=?UTF-8?X?demo?=",
        ] {
            let refused = check(&[(name, value)]);
            assert_eq!(
                refused,
                Err(Refusal::BadHeader("x-openam-username")),
                "{value}"
            );
        }
        assert_eq!(Refusal::BadHeader("x").status(), 400);
    }

    #[test]
    fn transaction_ids_are_echoed_only_if_harmless() {
        let id = |value: &str| {
            let list = headers(&[("X-ForgeRock-TransactionId", value)]);
            parts(&list, b"").transaction_id().map(str::to_owned)
        };
        assert_eq!(id("frodo-1234/0").as_deref(), Some("frodo-1234/0"));
        for value in ["", "a b", "a\r\nx: y", "<x>", &"a".repeat(256)] {
            assert_eq!(id(value), None, "{value}");
        }
    }

    #[test]
    fn languages_are_ranked() {
        let list = headers(&[(
            "Accept-Language",
            "de;q=0.5, fr-CA, en;q=0.9, *;q=0.1, x y, it;q=2, es;q=x, pt;q=0",
        )]);
        let request = parts(&list, b"").to_request(Query::parse("locale=pt_BR&a=1").unwrap());
        assert_eq!(request.locales, ["pt_BR", "fr-CA", "en", "de"]);
        assert_eq!(request.parameter("a").collect::<Vec<_>>(), ["1"]);
    }

    #[test]
    fn v6_index_types() {
        let index = |query: &str| Index::read(&Query::parse(query).unwrap());
        assert_eq!(index(""), Ok(Index::Default));
        assert_eq!(index("authIndexType=service"), Ok(Index::Default));
        assert_eq!(
            index("authIndexType=service&authIndexValue=Sign%20in"),
            Ok(Index::Service("Sign in".into()))
        );
        assert_eq!(index("authIndexType=foo"), Err(Refusal::IndexType));
        assert!(index("authIndexType=service&authIndexType=service").is_err());
        assert!(index("authIndexType=service&authIndexValue=a&authIndexValue=b").is_err());
        let level = |n| Ok(Index::Level(AuthLevel::saturating(n)));
        assert_eq!(index("authIndexType=level&authIndexValue=10"), level(10));
        assert_eq!(index("authIndexType=level&authIndexValue=min"), level(0));
        for wrong in [
            "",
            "=",
            "=-1",
            "=+1",
            "=%2010",
            "=1e1",
            "=0x10",
            "=2147483648",
            "=Min",
        ] {
            let query = format!("authIndexType=level&authIndexValue{wrong}");
            assert_eq!(index(&query), Err(Refusal::IndexLevel), "{wrong}");
        }
        for ty in [
            "module",
            "user",
            "role",
            "composite_advice",
            "resource",
            "transaction",
        ] {
            let query = format!("authIndexType={ty}");
            assert_eq!(index(&query), Err(Refusal::NoConfiguration), "{ty}");
        }
        let resource = |query: &str| index(&format!("authIndexType=resource&{query}"));
        let app = || Ok(Index::Resource("https://a.example/x".into()));
        assert_eq!(resource("authIndexValue=https://a.example/x"), app());
        assert_eq!(
            resource("authIndexValue=true&resourceURL=https://a.example/x"),
            app()
        );
        assert_eq!(
            resource("authIndexValue=true&goto=https://a.example/x"),
            app()
        );
        assert_eq!(
            resource("authIndexValue=true&resourceURL=https://a.example/x&goto=/y"),
            app()
        );
        assert_eq!(
            resource("authIndexValue=true"),
            Err(Refusal::NoConfiguration)
        );
    }
}
