//! Why a login is not one.

use http::StatusCode;
use serde_json::Value as Json;

use crate::table::{cut, shown};

/// The most characters that are told of a reply.
const TOLD_MAX: usize = 200;

/// The kinds of failures, in the order in which they are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// There is no connection, or it broke.
    Connection,
    /// It was not over in time.
    TooSlow,
    /// It could not begin in time.
    NotBegun,
    /// The server says that it has too much to do.
    Busy,
    /// The login is refused.
    Refused,
    /// It leads elsewhere, and that is not followed.
    Redirect,
    /// Another status than 200.
    Status,
    /// What came is no answer.
    Reply,
    /// The journey asks for what is not answered here.
    Asked,
    /// Success without a token.
    NoToken,
    /// The session is not stronger than before.
    Level,
}

impl Kind {
    /// As it stands in reports.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::TooSlow => "too_slow",
            Self::NotBegun => "not_begun",
            Self::Busy => "busy",
            Self::Refused => "refused",
            Self::Redirect => "redirect",
            Self::Status => "status",
            Self::Reply => "reply",
            Self::Asked => "asked",
            Self::NoToken => "no_token",
            Self::Level => "level",
        }
    }
}

/// A login that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) kind: Kind,
    /// What came, as it came.
    came: String,
}

impl Failure {
    pub(crate) fn new(kind: Kind, told: impl AsRef<str>) -> Self {
        Self {
            kind,
            came: told.as_ref().to_owned(),
        }
    }

    /// What came, in words, as a terminal may show it.
    pub(crate) fn told(&self) -> String {
        cut(&shown(&self.came), TOLD_MAX)
    }

    /// A reply with another status than 200: what the product says of errors, and nothing else of it.
    ///
    /// A server that is busy says when to come back; one that does not is counted apart.
    pub(crate) fn of_status(status: StatusCode, waits: bool, body: Option<&Json>) -> Self {
        let is_busy = matches!(status.as_u16(), 429 | 503);
        let kind = match status.as_u16() {
            401 | 403 => Kind::Refused,
            429 | 503 if waits => Kind::Busy,
            300..=399 => Kind::Redirect,
            _ => Kind::Status,
        };
        let text = |name: &str| body.and_then(|body| body.get(name)).and_then(Json::as_str);
        let mut told = status.to_string();
        if let Some(message) = text("message") {
            told = format!("{told}: {message}");
        }
        if is_busy && !waits {
            told.push_str(", and no `Retry-After`");
        }
        if kind == Kind::Redirect {
            told.push_str(", and redirects are not followed");
        }
        Self::new(kind, told)
    }

    /// The same without this in it, which is looked for before anything is escaped or cut.
    pub(crate) fn without(mut self, secret: &str) -> Self {
        if !secret.is_empty() {
            self.came = self.came.replace(secret, "_");
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_tells_what_the_product_says_and_no_secrets() {
        let body = serde_json::json!({
            "code": 401, "reason": "Unauthorized", "authId": "eyJ",
            "message": "Login failure for Ch4ng31t\u{1b}[2J",
        });
        let failure =
            Failure::of_status(StatusCode::UNAUTHORIZED, false, Some(&body)).without("Ch4ng31t");
        assert_eq!(failure.kind, Kind::Refused);
        assert_eq!(
            failure.told(),
            "401 Unauthorized: Login failure for _\\u{1b}[2J"
        );
        let long = serde_json::json!({ "message": "x".repeat(5_000) });
        let failure = Failure::of_status(StatusCode::SERVICE_UNAVAILABLE, true, Some(&long));
        assert_eq!(
            (failure.kind, failure.told().chars().count()),
            (Kind::Busy, TOLD_MAX)
        );
        // Neither what is cut nor what is escaped leaves a part of it.
        let late = format!("{} for pass\u{7}word-and-more", "A".repeat(150));
        let failure = Failure::new(Kind::Refused, late).without("pass\u{7}word-and-more");
        assert!(failure.told().ends_with(" for _"), "{}", failure.told());
        let failure = Failure::of_status(StatusCode::SERVICE_UNAVAILABLE, false, None);
        assert_eq!(
            (failure.kind, failure.told().as_str()),
            (
                Kind::Status,
                "503 Service Unavailable, and no `Retry-After`"
            )
        );
        let failure = Failure::of_status(StatusCode::FOUND, false, None);
        assert_eq!(failure.told(), "302 Found, and redirects are not followed");
        assert_eq!(
            Failure::of_status(StatusCode::IM_A_TEAPOT, false, None).kind,
            Kind::Status
        );
    }
}
