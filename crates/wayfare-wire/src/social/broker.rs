//! The broker: what is said to browsers and apps that log somebody in for another service.
//!
//! A browser is sent on with the token in a form that submits itself; apps and services talk JSON, which says in
//! `stat` how it went, always with status 200, as the vendor's service does.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::digest::{SHA256, digest};
use serde_json::{Value as Json, json};

use super::{BOUNDS, token::BadAnswer};
use crate::{
    am::reply::Reply,
    json::{Ignored, read},
};

/// What submits the form. It stands in the page as it stands here: its hash is in the policy of the page.
const SUBMIT: &str = "document.forms[0].submit()";

/// Why there is no token, with the code of the vendor's service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BrokerError {
    /// Something is missing.
    #[error("a required parameter is missing")]
    Missing,
    /// Something is not as it should be.
    #[error("a parameter is not valid")]
    Invalid,
    /// There is nobody behind it.
    #[error("the token is not valid")]
    NotFound,
    /// The key is wrong.
    #[error("the API key is not valid")]
    NotAllowed,
    /// Somebody else has to be asked, who does not answer.
    #[error("the provider does not answer")]
    Down,
}

impl BrokerError {
    fn code(self) -> i32 {
        match self {
            Self::Down => -1,
            Self::Missing => 0,
            Self::Invalid => 1,
            Self::NotFound => 2,
            Self::NotAllowed => 3,
        }
    }

    /// The answer.
    pub fn reply(self) -> Reply {
        answer(&json!({ "err": { "code": self.code(), "msg": self.to_string() }, "stat": "fail" }))
    }
}

/// The answer to `auth_info`.
pub fn profile_reply(profile: &Json) -> Reply {
    answer(&json!({ "profile": profile, "stat": "ok" }))
}

/// The answer to `signin/oauth_token`.
pub fn token_reply(token: &str) -> Reply {
    answer(&json!({ "stat": "ok", "token": token }))
}

/// A page that posts a token to where it is wanted.
pub fn posting(url: &str, token: &str) -> Reply {
    let body = format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>One moment</title>\n\
         <form method=\"post\" action=\"{}\"><input type=\"hidden\" name=\"token\" value=\"{}\">\n\
         <noscript><button>Continue</button></noscript></form>\n<script>{SUBMIT}</script>\n",
        escaped(url),
        escaped(token)
    );
    page(200, body, Some(url))
}

/// A page that says that there is nothing to go on with.
pub fn stopped(status: u16, message: &str) -> Reply {
    let body = format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Sign-in</title>\n<p>{}</p>\n",
        escaped(message)
    );
    page(status, body, None)
}

fn page(status: u16, body: String, posts_to: Option<&str>) -> Reply {
    let hash = STANDARD.encode(digest(&SHA256, SUBMIT.as_bytes()));
    let action = posts_to.and_then(origin);
    let action = action.unwrap_or_else(|| "'none'".to_owned());
    let policy = format!(
        "default-src 'none'; script-src 'sha256-{hash}'; form-action {action}; base-uri 'none'; \
         frame-ancestors 'none'"
    );
    Reply {
        status,
        headers: headers(&[
            ("content-type", "text/html; charset=utf-8"),
            ("content-security-policy", &policy),
            ("referrer-policy", "no-referrer"),
            ("x-frame-options", "DENY"),
        ]),
        cookies: Vec::new(),
        body: body.into_bytes(),
    }
}

fn answer(json: &Json) -> Reply {
    Reply {
        status: 200,
        headers: headers(&[("content-type", "application/json")]),
        cookies: Vec::new(),
        body: json.to_string().into_bytes(),
    }
}

type Headers = Vec<(Cow<'static, str>, Cow<'static, str>)>;

fn headers(own: &[(&'static str, &str)]) -> Headers {
    let always = [
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
    ];
    let pairs = own.iter().chain(&always);
    pairs
        .map(|(name, value)| (Cow::Borrowed(*name), Cow::Owned((*value).to_owned())))
        .collect()
}

/// The origin of an address.
fn origin(url: &str) -> Option<String> {
    let uri: http::Uri = url.parse().ok()?;
    Some(format!("{}://{}", uri.scheme_str()?, uri.authority()?))
}

/// A text as the value of an attribute.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// What another such service says of somebody.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuthInfo {
    /// The provider, in small letters and digits.
    pub provider: String,
    /// The address that stands for the person.
    pub identifier: String,
    /// The whole name.
    pub display_name: Option<String>,
    /// The name that the person goes by there.
    pub preferred_username: Option<String>,
    /// The mail address.
    pub email: Option<String>,
    /// The mail address, where the provider says that it is this person's.
    pub verified_email: Option<String>,
    /// The first name.
    pub given_name: Option<String>,
    /// The last name.
    pub family_name: Option<String>,
}

impl AuthInfo {
    /// What an answer of `auth_info` says; nobody where the service knows none by the token.
    ///
    /// # Errors
    /// It is no such answer.
    pub fn read(bytes: &[u8]) -> Result<Option<Self>, BadAnswer> {
        let unreadable = BadAnswer::Unreadable;
        read::<Ignored>(bytes, BOUNDS).map_err(|_| BadAnswer::Unreadable)?;
        let json: Json = serde_json::from_slice(bytes).map_err(|_| BadAnswer::Unreadable)?;
        match json.get("stat").and_then(Json::as_str) {
            Some("ok") => {}
            Some("fail") => {
                let err = json.get("err");
                let code = err.and_then(|err| err.get("code")?.as_i64());
                return match code {
                    // The token is nobody's; anything else is a mistake of the settings or an outage.
                    Some(2) => Ok(None),
                    code => Err(BadAnswer::Error(format!("{}", code.unwrap_or(-1)))),
                };
            }
            _ => return Err(unreadable),
        }
        let profile = json.get("profile").ok_or(BadAnswer::Unreadable)?;
        let text = |value: &Json, key: &str| {
            let text = value.get(key)?.as_str()?;
            let fits =
                !text.is_empty() && text.len() <= 2_000 && !text.chars().any(char::is_control);
            fits.then(|| text.to_owned())
        };
        let provider = text(profile, "providerName").ok_or(BadAnswer::Unreadable)?;
        let provider: String = provider
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|c| c.to_ascii_lowercase())
            .collect();
        let identifier = text(profile, "identifier").ok_or(BadAnswer::Unreadable)?;
        if provider.is_empty() || identifier.len() > 255 {
            return Err(unreadable);
        }
        let name = profile.get("name").unwrap_or(&Json::Null);
        Ok(Some(Self {
            provider,
            identifier,
            display_name: text(profile, "displayName"),
            preferred_username: text(profile, "preferredUsername"),
            email: text(profile, "email"),
            verified_email: text(profile, "verifiedEmail"),
            given_name: text(name, "givenName"),
            family_name: text(name, "familyName"),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header<'r>(reply: &'r Reply, name: &str) -> &'r str {
        let found = reply.headers.iter().find(|(known, _)| known == name);
        &found.unwrap().1
    }

    #[test]
    fn a_page_posts_to_one_origin_and_cannot_be_broken_out_of() {
        let url = "https://app.example/token?x=\"><script>alert(1)</script>";
        let reply = posting(url, "abc\"><b>");
        let body = String::from_utf8(reply.body).unwrap();
        assert!(
            !body.contains("<script>alert") && !body.contains("<b>"),
            "{body}"
        );
        assert_eq!(body.matches("<script>").count(), 1);
        let good = posting("https://app.example:8443/token", "abc");
        let policy = header(&good, "content-security-policy");
        assert!(
            policy.contains("form-action https://app.example:8443;"),
            "{policy}"
        );
        assert_eq!(header(&good, "cache-control"), "no-store");
        assert_eq!(header(&good, "referrer-policy"), "no-referrer");
    }

    #[test]
    fn another_service_says_who_it_is() {
        let good = br#"{"stat":"ok","profile":{"providerName":"Google+","identifier":"https://g.example/1","name":{"givenName":"Ada"},"verifiedEmail":"a@example.com"}}"#;
        let read = AuthInfo::read(good).unwrap().unwrap();
        assert_eq!(read.provider, "google");
        assert_eq!(read.given_name.as_deref(), Some("Ada"));
        let nobody = br#"{"stat":"fail","err":{"code":2,"msg":"Data not found"}}"#;
        assert_eq!(AuthInfo::read(nobody), Ok(None));
        for odd in [
            &br#"{"stat":"fail","err":{"code":3,"msg":"x"}}"#[..],
            br#"{"stat":"ok"}"#,
            br#"{"stat":"ok","profile":{"providerName":"","identifier":"x"}}"#,
            b"[]",
            b"<html>",
        ] {
            assert!(AuthInfo::read(odd).is_err());
        }
    }

    #[test]
    fn errors_have_the_codes_of_the_service() {
        let reply = BrokerError::NotFound.reply();
        assert_eq!(
            String::from_utf8(reply.body).unwrap(),
            r#"{"err":{"code":2,"msg":"the token is not valid"},"stat":"fail"}"#
        );
        assert_eq!(reply.status, 200);
    }
}
