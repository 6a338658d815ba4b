//! `users`: whose a session is, where someone may be sent, and what is known of a user.

use std::{borrow::Cow, collections::BTreeMap};

use serde::Deserialize;
use serde_json::Value as Json;
use wayfare::Realm;

use crate::{
    am::{
        error::Refusal,
        goto::{Allowed, Origin},
        reply::{Reply, ResourceReply},
        request::Parts,
        revision::with_revision,
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

/// A user as the store knows one.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile<'a> {
    /// The name.
    pub username: &'a str,
    /// The realm.
    pub realm: &'a Realm,
    /// Whether the account is active.
    pub active: bool,
    /// The attributes; the secret ones are left out here.
    pub attributes: &'a BTreeMap<String, Json>,
}

/// Attributes that are nobody's to read, in lower case: what stands here, and what holds `password` or
/// `secret` in its name.
const HIDDEN: &[&str] = &[
    "kbainfo",
    "kbainfoattempts",
    "oathdeviceprofiles",
    "pushdeviceprofiles",
    "webauthndeviceprofiles",
    "deviceprofiles",
    "bounddevices",
    "deviceprintprofiles",
    "recoverycodes",
    "kbainfo",
    "aliaslist",
    "sunkeyvalue",
];

fn is_hidden(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    // What begins so is the store's own, not the user's.
    lower.starts_with('_')
        || HIDDEN.contains(&&*lower)
        || ["password", "secret", "am.protected"]
            .iter()
            .any(|part| lower.contains(part))
}

/// The reply to a read of a user: every attribute a list of texts, as the product writes them.
pub fn profile(user: &Profile<'_>, served: Served) -> Reply {
    let (revision, body) = with_revision(|out, revision| {
        out.open_object();
        out.key("_id").text(user.username);
        out.key("_rev").text(revision);
        out.key("username").text(user.username);
        out.key("realm").text(user.realm.as_str());
        let own = [
            "_id",
            "_rev",
            "username",
            "realm",
            "universalid",
            "inetuserstatus",
            "roles",
        ];
        let mut uid = false;
        for (name, value) in user.attributes {
            if is_hidden(name) || own.iter().any(|own| name.eq_ignore_ascii_case(own)) {
                continue;
            }
            uid |= name == "uid";
            out.key(name).texts(texts(value));
        }
        if !uid {
            out.key("uid").texts([user.username]);
        }
        out.key("universalid")
            .texts([universal_id(user.username, user.realm)]);
        out.key("inetUserStatus")
            .texts([if user.active { "Active" } else { "Inactive" }]);
        // The login page of the product reads it; there are no roles here.
        out.key("roles").texts([""; 0]);
        out.close_object();
    });
    Reply::new(200)
        .resource(body, ResourceReply::Read)
        .header("etag", format!("\"{revision}\""))
        .served(served)
}

/// A value as texts; a list is one text an item.
fn texts(value: &Json) -> Vec<String> {
    let text = |item: &Json| match item {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    match value {
        Json::Null => Vec::new(),
        Json::Array(list) => list.iter().map(text).collect(),
        other => vec![text(other)],
    }
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
    fn a_profile_holds_lists_and_no_secret() {
        let alpha = Realm::parse("/alpha").unwrap();
        let attributes = [
            ("mail".to_owned(), Json::from("demo@example.com")),
            ("groups".to_owned(), Json::from(vec!["a", "b"])),
            ("age".to_owned(), Json::from(7)),
            ("UserPassword".to_owned(), Json::from("x")),
            ("clientSecret".to_owned(), Json::from("x")),
            ("oathDeviceProfiles".to_owned(), Json::from("x")),
            ("Realm".to_owned(), Json::from("/beta")),
            ("ROLES".to_owned(), Json::from("admin")),
        ]
        .into();
        let user = Profile {
            username: "demo",
            realm: &alpha,
            active: true,
            attributes: &attributes,
        };
        let reply = profile(&user, served());
        let etag = reply.headers.iter().find(|(name, _)| name == "etag");
        let revision = etag.unwrap().1.trim_matches('"').to_owned();
        assert_eq!(
            String::from_utf8(reply.body)
                .unwrap()
                .replace(&revision, "R"),
            r#"{"_id":"demo","_rev":"R","username":"demo","realm":"/alpha","age":["7"],"groups":["a","b"],"mail":["demo@example.com"],"uid":["demo"],"universalid":["id=demo,ou=user,o=alpha,ou=services,ou=am-config"],"inetUserStatus":["Active"],"roles":[]}"#
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
