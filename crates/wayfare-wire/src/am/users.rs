//! `users`: whose a session is, and where someone may be sent.

use std::borrow::Cow;

use serde::Deserialize;
use wayfare::Realm;

use crate::{
    am::{
        error::Refusal,
        goto::{Allowed, Origin},
        reply::{Reply, ResourceReply},
        request::Parts,
        sessions::universal_id,
        version::Served,
    },
    json::{BadJson, Bounds, Ignored, Writer, read},
    query::Query,
};

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ask {
    /// Whose the session of the caller is.
    IdFromSession,
    /// Whether someone may be sent to an address.
    ValidateGoto(String),
}

#[derive(Deserialize)]
struct Goto<'a> {
    #[serde(borrow, default)]
    goto: Cow<'a, str>,
}

impl Ask {
    /// Reads a request.
    ///
    /// # Errors
    /// The action is not known, or the body is not JSON.
    pub fn read(parts: &Parts<'_>, query: &Query) -> Result<Self, Refusal> {
        if parts.method != "POST" {
            return Err(Refusal::Method);
        }
        parts.json_only()?;
        let name = query.one("_action")?.unwrap_or("");
        if name.eq_ignore_ascii_case("idFromSession") {
            return Ok(Self::IdFromSession);
        }
        if !name.eq_ignore_ascii_case("validateGoto") {
            return Err(Refusal::UnknownAction(name.to_owned()));
        }
        let bad = |error| match error {
            BadJson::TooLong => Refusal::TooLarge,
            BadJson::Malformed => Refusal::BadJson,
        };
        read::<Ignored>(parts.body, Bounds::default()).map_err(bad)?;
        let body: Goto<'_> = read(parts.body, Bounds::default()).map_err(bad)?;
        Ok(Self::ValidateGoto(body.goto.into_owned()))
    }
}

/// The reply to `idFromSession`.
pub fn id_from_session(
    username: &str,
    realm: &Realm,
    success_url: &str,
    base_path: &str,
    served: Served,
) -> Reply {
    let mut encoded = String::new();
    for byte in realm.as_str().bytes() {
        if byte == b'/' {
            encoded.push_str("%2F");
        } else {
            encoded.push(char::from(byte));
        }
    }
    let mut body = Writer::with_capacity(256);
    body.open_object();
    body.key("id").text(username);
    body.key("realm").text(realm.as_str());
    body.key("dn").text(&universal_id(username, realm));
    body.key("successURL").text(success_url);
    body.key("fullLoginURL")
        .text(&format!("{base_path}/UI/Login?realm={encoded}"));
    body.close_object();
    Reply::new(200)
        .resource(body, ResourceReply::Action)
        .served(served)
}

/// The reply to `validateGoto`: the address where it is allowed, else where success leads.
pub fn validated_goto(
    goto: &str,
    allowed: &Allowed,
    own: Option<&Origin>,
    success_url: &str,
    served: Served,
) -> Reply {
    let mut body = Writer::with_capacity(128);
    body.open_object();
    body.key("successURL")
        .text(allowed.check(goto, own).unwrap_or(success_url));
    body.close_object();
    Reply::new(200)
        .resource(body, ResourceReply::Action)
        .served(served)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::am::version::{Routes, Unversioned, negotiate};

    fn served() -> Served {
        negotiate(
            ["resource=2.0, protocol=1.0"],
            Routes::USERS,
            Unversioned::Latest,
        )
        .unwrap()
    }

    #[test]
    fn whose_a_session_is() {
        let alpha = Realm::parse("/alpha").unwrap();
        let reply = id_from_session("demo", &alpha, "/am/console", "/am", served());
        assert_eq!(
            String::from_utf8(reply.body).unwrap(),
            r#"{"id":"demo","realm":"/alpha","dn":"id=demo,ou=user,o=alpha,ou=services,ou=am-config","successURL":"/am/console","fullLoginURL":"/am/UI/Login?realm=%2Falpha"}"#
        );
    }

    #[test]
    fn addresses_that_are_not_allowed_are_not_repeated() {
        let reply = |goto| {
            let reply = validated_goto(goto, &Allowed::default(), None, "/home", served());
            String::from_utf8(reply.body).unwrap()
        };
        assert_eq!(reply("/x"), r#"{"successURL":"/x"}"#);
        assert_eq!(reply("//evil"), r#"{"successURL":"/home"}"#);
    }
}
