//! Which part of the server a request is for.
//!
//! The login page, the health check and the protocol below the base path; everything else is not found.
//! What a body says is the wire's; here are methods, paths, origins and addresses.

use std::{borrow::Cow, net::IpAddr, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use http_body_util::Full;
use wayfare_wire::{
    am::{
        error::Refusal,
        realm::{Host, Realms as _},
        reply,
        request::Parts,
    },
    oauth::OauthError,
};

use crate::{
    am,
    app::{self, App, RealmState},
    audit::{Event, EventName},
    autoid, capture,
    config::LimitSettings,
    listen::{Received, Reply, plain},
    oauth, page, social,
};

/// How many messages the page of the outbox shows.
const OUTBOX_SHOWN_MAX: usize = 50;

/// The whole of what the server answers.
#[derive(Debug)]
pub(crate) struct Router {
    app: Arc<App>,
    page: page::PageConfig,
}

impl Router {
    pub(crate) fn new(app: Arc<App>) -> Self {
        let page = page::PageConfig {
            base: app.config.server.base_path.clone(),
            realm: app.config.page_realm.as_str().to_owned(),
        };
        Self { app, page }
    }

    pub(crate) fn limits(&self) -> &LimitSettings {
        &self.app.config.limits
    }

    /// How long the body of a request may be: what administrators keep is longer than what users answer.
    ///
    /// Only somebody with a session is let send so much; whether it is an administrator's is asked later.
    pub(crate) fn body_bytes(&self, head: &http::request::Parts) -> usize {
        let limits = self.limits();
        let writes = matches!(head.method, Method::PUT | Method::POST);
        let rest = self.below_base(head.uri.path()).filter(|_| writes);
        let configures = rest.is_some_and(|rest| {
            rest.split('/')
                .any(|part| matches!(part, "realm-config" | "scripts"))
        });
        let known = || {
            let headers = headers(&head.headers)?;
            let parts = Parts {
                method: head.method.as_str(),
                path: "",
                query: "",
                headers: &headers,
                body: &[],
                client: None,
            };
            let token = parts.session_token(&self.app.cookies.session)?;
            am::session::find(&self.app, &token).ok().flatten()
        };
        if configures && known().is_some() {
            limits.configuration_bytes.max(limits.body_bytes)
        } else {
            limits.body_bytes
        }
    }

    /// Refuses a request that is not read to its end, and notes that.
    pub(crate) fn refuse(
        &self,
        head: &http::request::Parts,
        peer: IpAddr,
        status: StatusCode,
    ) -> Reply {
        let reason = match status {
            StatusCode::PAYLOAD_TOO_LARGE => Refusal::TooLarge.message(),
            other => Cow::Borrowed(other.canonical_reason().unwrap_or("refused")),
        };
        let event = Event::new(EventName::AccessRefused)
            .text("result", "FAILED")
            .text("path", head.uri.path())
            .text("reason", &reason)
            .number("status", u64::from(status.as_u16()))
            .client(Some(peer));
        self.app.audit(&event);
        self.app.store().settle();
        let host = head.headers.get(header::HOST);
        let host = host.and_then(|host| host.to_str().ok());
        match status {
            StatusCode::PAYLOAD_TOO_LARGE => spelled(self.too_large(host, head.uri.path())),
            other => plain(other),
        }
    }

    /// What whoever sends too much is told, in the words of the wire that the path is of.
    fn too_large(&self, host: Option<&str>, path: &str) -> reply::Reply {
        let below = self.below_base(path);
        if let Some((_, rest)) = capture::place(&self.app, host, path) {
            capture::too_large(rest)
        } else if below.is_some_and(oauth::is_for) {
            OauthError::invalid("the body is too long").reply_as(413)
        } else if below.is_none() && autoid::place(&self.app, host, path).is_some() {
            autoid::too_large()
        } else {
            Refusal::TooLarge.reply(None)
        }
    }

    /// Notes that a request ended in a panic; whoever sent it is told nothing of it.
    pub(crate) fn panicked(&self) {
        self.app.metrics.panicked();
        self.app.store().settle();
        self.app.log.error("a request ended in a panic");
    }

    pub(crate) async fn route(&self, received: Received) -> Reply {
        let path = received.head.uri.path();
        let reads = matches!(received.head.method, Method::GET | Method::HEAD);
        let host = received.head.headers.get(header::HOST);
        let host = host.and_then(|host| host.to_str().ok());
        let mut reply = if let Some(rest) = self.metadata_of(path) {
            self.protocol(&received, &rest).await
        } else if social::is_below(&self.app, path)
            && let Some(reply) = self.broker(&received).await
        {
            // It may stand below where Capture does.
            reply
        } else if let Some((place, rest)) = capture::place(&self.app, host, path) {
            self.capture(&received, place, rest).await
        } else if let Some(rest) = self.below_base(path) {
            self.protocol(&received, rest).await
        } else if let Some(health) = asked_for_health(&received.head) {
            health
        } else if path == "/metrics" && self.shows_metrics(&received) {
            if reads {
                let mail = self.app.performer.post.metrics();
                metrics(self.app.metrics.text() + &mail)
            } else {
                not_allowed("GET, HEAD")
            }
        } else if path == "/outbox" && self.shows_outbox(&received) {
            if reads {
                self.outbox().await
            } else {
                not_allowed("GET, HEAD")
            }
        } else if let Some(to) = form_post(&received) {
            see_other(&to)
        } else if let Some(state) = autoid::place(&self.app, host, path) {
            self.autoid(&received, state).await
        } else if let Some(asset) = page::asset(path, &self.page) {
            if reads {
                file(asset)
            } else {
                not_allowed("GET, HEAD")
            }
        } else {
            spelled(Refusal::NotFound.reply(None))
        };
        if received.head.method == Method::HEAD {
            *reply.body_mut() = Full::default();
        }
        self.app.store().settle();
        reply
    }

    /// Whether whoever asks may read what was sent: in the demo, from this machine, and by an address that
    /// is this machine's, so that no page from elsewhere can have a browser here read it under a name of
    /// its own.
    fn shows_outbox(&self, received: &Received) -> bool {
        self.app.config.demo && self.is_from_here(received)
    }

    /// Whether whoever asks may read what is counted: from this machine, not through a proxy.
    fn shows_metrics(&self, received: &Received) -> bool {
        let forwarded = ["forwarded", "x-forwarded-for"]
            .iter()
            .any(|name| received.head.headers.contains_key(*name));
        !forwarded && self.is_from_here(received)
    }

    /// Whether a request comes from this machine, and calls it by an address that is this machine's.
    fn is_from_here(&self, received: &Received) -> bool {
        let mut hosts = received.head.headers.get_all(header::HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else {
            return false;
        };
        let here = host
            .to_str()
            .is_ok_and(|host| self.app.host(host) == Host::Unbound && app::is_this_machine(host));
        received.peer.to_canonical().is_loopback() && here
    }

    async fn outbox(&self) -> Reply {
        let outbox = self.app.performer.post.outbox().clone();
        let read = tokio::task::spawn_blocking(move || outbox.newest(OUTBOX_SHOWN_MAX)).await;
        let Ok(Ok(messages)) = read else {
            return plain(StatusCode::INTERNAL_SERVER_ERROR);
        };
        let mut reply = file(page::Asset {
            content_type: "text/html; charset=utf-8",
            body: Cow::Owned(page::outbox(&messages, &self.app.origin)),
        });
        let never = HeaderValue::from_static("no-store");
        reply.headers_mut().insert(header::CACHE_CONTROL, never);
        reply
    }

    /// What a broker of social logins answers, where the request is for one.
    async fn broker(&self, received: &Received) -> Option<Reply> {
        let headers = headers(&received.head.headers)?;
        let path = received.head.uri.path();
        let parts = parts(received, path, &headers, self.client(received)?);
        social::answer(&self.app, &parts).await.map(spelled)
    }

    /// The path of a provider's metadata, for the address that RFC 8414 §3 makes of its issuer.
    fn metadata_of(&self, path: &str) -> Option<String> {
        const WELL_KNOWN: &str = "/.well-known/oauth-authorization-server";
        let issuer = self.below_base(path.strip_prefix(WELL_KNOWN)?)?;
        let issuer = issuer.strip_suffix('/').unwrap_or(issuer);
        Some(format!("{issuer}{WELL_KNOWN}"))
    }

    /// The path after the base path.
    fn below_base<'p>(&self, path: &'p str) -> Option<&'p str> {
        let rest = path.strip_prefix(self.app.config.server.base_path.as_str())?;
        (rest.is_empty() || rest.starts_with('/')).then_some(rest)
    }

    async fn protocol(&self, received: &Received, rest: &str) -> Reply {
        let to_page = matches!(rest, "" | "/" | "/console" | "/XUI" | "/XUI/" | "/UI/Login")
            && matches!(received.head.method, Method::GET | Method::HEAD);
        if to_page {
            return redirect(received.head.uri.query());
        }
        let origin = self.origin(&received.head.headers);
        if received.head.method == Method::OPTIONS {
            return match origin {
                Some(origin) => preflight(&origin, &self.app.cookies.session),
                None => not_allowed("DELETE, GET, OPTIONS, POST, PUT"),
            };
        }
        let mut reply = match (headers(&received.head.headers), self.client(received)) {
            (Some(headers), Some(client)) => {
                let parts = parts(received, rest, &headers, client);
                let reply = if oauth::is_for(rest) {
                    oauth::answer(&self.app, &parts).await
                } else {
                    am::answer(&self.app, &parts).await
                };
                spelled(reply)
            }
            // A header that is no text, or an address of a client that is none: whatever it was to
            // decide must not be decided without it.
            _ => self.refuse(&received.head, received.peer, StatusCode::BAD_REQUEST),
        };
        if let Some(origin) = origin {
            allow_origin(reply.headers_mut(), &origin);
        }
        if !self.app.config.cors_allow.is_empty() {
            reply
                .headers_mut()
                .append(header::VARY, HeaderValue::from_static("Origin"));
        }
        reply
    }

    async fn capture(&self, received: &Received, place: capture::Place<'_>, rest: &str) -> Reply {
        let mut origins = received.head.headers.get_all(header::ORIGIN).iter();
        let origin = origins.next().filter(|_| origins.next().is_none());
        let origin = origin.filter(|origin| {
            let text = origin.to_str();
            text.is_ok_and(|origin| place.capture.allows(origin))
        });
        if let (&Method::OPTIONS, Some(origin)) = (&received.head.method, origin) {
            return capture_preflight(origin);
        }
        let mut reply = match (headers(&received.head.headers), self.client(received)) {
            (Some(headers), Some(client)) => {
                let parts = parts(received, rest, &headers, client);
                spelled(capture::answer(&self.app, place, &parts).await)
            }
            _ => self.refuse(&received.head, received.peer, StatusCode::BAD_REQUEST),
        };
        if let Some(origin) = origin {
            let allowed = reply.headers_mut();
            allowed.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        }
        if !place.capture.settings.cors_allow.is_empty() {
            reply
                .headers_mut()
                .append(header::VARY, HeaderValue::from_static("Origin"));
        }
        reply
    }

    async fn autoid(&self, received: &Received, state: &RealmState) -> Reply {
        let (Some(headers), Some(client)) =
            (headers(&received.head.headers), self.client(received))
        else {
            return self.refuse(&received.head, received.peer, StatusCode::BAD_REQUEST);
        };
        let parts = parts(received, received.head.uri.path(), &headers, client);
        spelled(autoid::answer(&self.app, state, &parts).await)
    }

    /// The origin of the request, where it is one that may call.
    fn origin(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let origin = origins.next()?;
        let allowed = origins.next().is_none()
            && self
                .app
                .config
                .cors_allow
                .iter()
                .any(|allowed| allowed.as_bytes() == origin.as_bytes());
        allowed.then(|| origin.clone())
    }

    /// The address of the client: the peer's, unless a trusted peer names another.
    fn client(&self, received: &Received) -> Option<IpAddr> {
        if !self
            .app
            .config
            .server
            .trusted_proxies
            .contains(&received.peer)
        {
            return Some(received.peer);
        }
        let mut named = received.head.headers.get_all("x-forwarded-for").iter();
        let Some(last) = named.next_back() else {
            return Some(received.peer);
        };
        // The last entry is the one that the trusted peer wrote.
        let named: IpAddr = last
            .to_str()
            .ok()?
            .rsplit(',')
            .next()?
            .trim()
            .parse()
            .ok()?;
        Some(named.to_canonical())
    }
}

/// The parts of a request, with the part of its path that counts.
fn parts<'a>(
    received: &'a Received,
    path: &'a str,
    headers: &'a [(String, String)],
    client: IpAddr,
) -> Parts<'a> {
    Parts {
        method: received.head.method.as_str(),
        path,
        query: received.head.uri.query().unwrap_or(""),
        headers,
        body: &received.body,
        client: Some(client),
    }
}

/// Headers as texts, names in lower case; `None` where one is no text.
fn headers(map: &HeaderMap) -> Option<Vec<(String, String)>> {
    map.iter()
        .map(|(name, value)| {
            let value = std::str::from_utf8(value.as_bytes()).ok()?;
            Some((name.as_str().to_owned(), value.to_owned()))
        })
        .collect()
}

/// A reply of the wire as one of HTTP.
pub(crate) fn spelled(reply: reply::Reply) -> Reply {
    let mut spelled = Response::new(Full::new(Bytes::from(reply.body)));
    *spelled.status_mut() =
        StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = spelled.headers_mut();
    for (name, value) in reply.headers {
        let name = HeaderName::from_bytes(name.as_bytes());
        // What cannot stand in a header is left out; it came from a journey, not from the wire.
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(&value)) {
            headers.append(name, value);
        }
    }
    for cookie in &reply.cookies {
        if let Ok(value) = HeaderValue::from_str(&cookie.header()) {
            headers.append(header::SET_COOKIE, value);
        }
    }
    spelled
}

fn file(asset: page::Asset) -> Reply {
    let body = match asset.body {
        Cow::Borrowed(text) => Bytes::from_static(text.as_bytes()),
        Cow::Owned(text) => Bytes::from(text),
    };
    let mut reply = Response::new(Full::new(body));
    let headers = reply.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(asset.content_type),
    );
    for (name, value) in page::HEADERS {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    reply
}

/// Whether the server runs, where that is asked. The settings give the path to nothing else.
pub(crate) fn asked_for_health(head: &http::request::Parts) -> Option<Reply> {
    if head.uri.path() != "/healthz" {
        return None;
    }
    let reads = matches!(head.method, Method::GET | Method::HEAD);
    let mut reply = if reads {
        health()
    } else {
        not_allowed("GET, HEAD")
    };
    if head.method == Method::HEAD {
        *reply.body_mut() = Full::default();
    }
    Some(reply)
}

fn health() -> Reply {
    let mut reply = Response::new(Full::new(Bytes::from_static(b"{\"status\":\"up\"}\n")));
    let headers = reply.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}

fn metrics(text: String) -> Reply {
    let mut reply = Response::new(Full::new(Bytes::from(text)));
    let headers = reply.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}

fn not_allowed(methods: &'static str) -> Reply {
    let mut reply = plain(StatusCode::METHOD_NOT_ALLOWED);
    reply
        .headers_mut()
        .insert(header::ALLOW, HeaderValue::from_static(methods));
    reply
}

/// To the login page, with the query the client came with.
fn redirect(query: Option<&str>) -> Reply {
    let to = query.map_or_else(|| "/".to_owned(), |query| format!("/?{query}"));
    let mut reply = plain(StatusCode::FOUND);
    if let Ok(to) = HeaderValue::from_str(&to) {
        reply.headers_mut().insert(header::LOCATION, to);
    }
    reply
}

/// Where the login page is to be asked for what a provider has posted to it.
fn form_post(received: &Received) -> Option<String> {
    let head = &received.head;
    let declared = head.headers.get(header::CONTENT_TYPE);
    let declared = declared.and_then(|value| value.to_str().ok());
    let to = social::from_form(&head.method, declared, &received.body)?;
    (head.uri.path() == "/").then_some(to)
}

/// Somewhere else, to be asked for by `GET`.
fn see_other(to: &str) -> Reply {
    let mut reply = plain(StatusCode::SEE_OTHER);
    let headers = reply.headers_mut();
    if let Ok(to) = HeaderValue::from_str(to) {
        headers.insert(header::LOCATION, to);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    reply
}

fn allow_origin(headers: &mut HeaderMap, origin: &HeaderValue) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
        HeaderValue::from_static("true"),
    );
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("Content-API-Version, Warning"),
    );
}

/// Capture takes no cookies, so browsers are let send none.
fn capture_preflight(origin: &HeaderValue) -> Reply {
    let mut reply = plain(StatusCode::NO_CONTENT);
    let headers = reply.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("GET, POST"),
    );
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("authorization, content-type"),
    );
    headers.insert(
        header::ACCESS_CONTROL_MAX_AGE,
        HeaderValue::from_static("600"),
    );
    headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    reply
}

fn preflight(origin: &HeaderValue, cookie: &str) -> Reply {
    let mut reply = plain(StatusCode::NO_CONTENT);
    let headers = reply.headers_mut();
    allow_origin(headers, origin);
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("DELETE, GET, OPTIONS, POST, PUT"),
    );
    let allowed = format!(
        "accept-api-version, authorization, content-type, if-match, x-forgerock-transactionid, \
         x-openam-password, x-openam-username, x-requested-platform, x-requested-with, {cookie}"
    );
    if let Ok(allowed) = HeaderValue::from_str(&allowed) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed);
    }
    headers.insert(
        header::ACCESS_CONTROL_MAX_AGE,
        HeaderValue::from_static("600"),
    );
    headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    reply
}
