//! From a path and a query to a realm and an endpoint.
//!
//! A path is split, each part is decoded once, and the result is compared exactly. Whatever would need a
//! second look (`..`, an empty part, an encoded slash, a part that still holds `%`) names no realm.

use std::borrow::Cow;

use wayfare::model::realm::Realm;

use crate::{
    am::{
        configuration,
        devices::{self, Asked},
        error::Refusal,
    },
    oauth,
    query::{Plus, Query, decode},
};

/// What the wire must know of the realms there are.
pub trait Realms {
    /// Whether there is such a realm.
    fn exists(&self, realm: &Realm) -> bool;

    /// The realm with this path, if there is one.
    fn find(&self, path: &str) -> Option<Realm> {
        Realm::parse(path).filter(|realm| self.exists(realm))
    }

    /// The realm that has this alias.
    fn alias(&self, alias: &str) -> Option<Realm>;

    /// The realm of a request that names none but this host.
    fn host(&self, host: &str) -> Host {
        let _ = host;
        Host::Unbound
    }
}

/// What a host name says about the realm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// It belongs to this realm.
    Bound(Realm),
    /// It says nothing: the top realm.
    Unbound,
    /// It may not be used at all.
    Refused,
}

/// An endpoint below a realm.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Endpoint {
    /// `authenticate`
    Authenticate,
    /// `authenticate/backchannel/…`
    Backchannel(Backchannel),
    /// `policies`
    Policies,
    /// `sessions`
    Sessions,
    /// `serverinfo/ID`
    Serverinfo(String),
    /// `users`, or `users/ID`
    Users(Option<String>),
    /// `users/ID/devices/…`
    Devices(Asked),
    /// `realms`
    Realms,
    /// `realm-config/authentication/authenticationtrees/…`, or `scripts`
    Configuration(configuration::Asked),
}

/// What another server may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backchannel {
    /// `initialize`: a login.
    Initialize,
    /// `info`: how it went.
    Info,
}

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The realm.
    pub realm: Realm,
    /// The endpoint.
    pub endpoint: Endpoint,
}

/// The route of a path that begins with `/json`, the base path taken off.
///
/// # Errors
/// There is no such realm or endpoint.
pub fn route(
    path: &str,
    query: &Query,
    host: Option<&str>,
    realms: &dyn Realms,
) -> Result<Route, Refusal> {
    let rest = path.strip_prefix("/json/").ok_or(Refusal::NotFound)?;
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let (realm, tail) = split(rest, realms, is_endpoint)?;
    let realm = overridden(realm, query, host, realms)?;
    let endpoint = endpoint(&tail).ok_or(Refusal::NotFound)?;
    Ok(Route { realm, endpoint })
}

/// The realm and the endpoint of a path that begins with `/oauth2`, the base path taken off.
///
/// # Errors
/// There is no such realm or endpoint.
pub fn oauth_route(
    path: &str,
    query: &Query,
    host: Option<&str>,
    realms: &dyn Realms,
) -> Result<(Realm, oauth::Endpoint), Refusal> {
    let rest = path.strip_prefix("/oauth2/").ok_or(Refusal::NotFound)?;
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let (realm, tail) = split(rest, realms, oauth::Endpoint::begins)?;
    let realm = overridden(realm, query, host, realms)?;
    let endpoint = oauth::Endpoint::of(tail.iter().map(AsRef::as_ref));
    Ok((realm, endpoint.ok_or(Refusal::NotFound)?))
}

/// The realm that the path names, if it names one, and the parts after it.
fn split<'p>(
    rest: &'p str,
    realms: &dyn Realms,
    is_endpoint: fn(&str) -> bool,
) -> Result<(Option<Realm>, Vec<Cow<'p, str>>), Refusal> {
    let mut parts = rest.split('/').peekable();
    let mut realm: Option<Realm> = None;
    if parts.peek() == Some(&"realms") {
        while parts.next_if(|part| *part == "realms").is_some() {
            let Some(part) = parts.next() else {
                // Nothing follows: the list of realms is meant.
                return Ok((realm, vec![Cow::Borrowed("realms")]));
            };
            realm = Some(match realm {
                None => first(part, true, realms)?,
                Some(parent) => below(&parent, part, realms)?,
            });
        }
    } else {
        while let Some(part) = parts.next_if(|part| !is_endpoint(part)) {
            realm = Some(match realm {
                None => first(part, false, realms)?,
                Some(parent) => below(&parent, part, realms)?,
            });
        }
    }
    let tail = parts
        .map(|part| decode(part, Plus::Plus).ok_or(Refusal::NotFound))
        .collect::<Result<_, _>>()?;
    Ok((realm, tail))
}

fn is_endpoint(part: &str) -> bool {
    matches!(
        part,
        "authenticate"
            | "sessions"
            | "serverinfo"
            | "users"
            | "global-config"
            | "realm-config"
            | "scripts"
    )
}

/// The first part: the top realm, an alias, or a realm below the top.
fn first(part: &str, root: bool, realms: &dyn Realms) -> Result<Realm, Refusal> {
    let name = decode(part, Plus::Plus).ok_or_else(|| unknown(part))?;
    if root && name.eq_ignore_ascii_case("root") {
        return Ok(realms.find("/").unwrap_or_else(Realm::root));
    }
    match realms.alias(&name) {
        Some(realm) if realms.exists(&realm) => Ok(realm),
        _ => child("", part, realms),
    }
}

fn below(parent: &Realm, part: &str, realms: &dyn Realms) -> Result<Realm, Refusal> {
    match parent.as_str() {
        "/" => child("", part, realms),
        path => child(path, part, realms),
    }
}

/// The realm of this name below a path; that of the top realm is empty here.
fn child(parent: &str, part: &str, realms: &dyn Realms) -> Result<Realm, Refusal> {
    let name = decode(part, Plus::Plus).ok_or_else(|| unknown(part))?;
    // One part is one name: not none, not two.
    let fits = !name.is_empty() && !name.contains('/');
    let mut path = String::with_capacity(parent.len() + 1 + name.len());
    for piece in [parent, "/", &name] {
        path.push_str(piece);
    }
    let found = fits.then(|| realms.find(&path)).flatten();
    found.ok_or_else(|| unknown(part))
}

fn unknown(part: &str) -> Refusal {
    Refusal::UnknownRealm(part.to_owned())
}

/// The realm after `?realm=` and the host had their say.
///
/// A query may choose a realm where the path chose the top one or none; where the path names another
/// realm, nobody can tell which of the two was meant, and the answer is that of an unknown realm.
fn overridden(
    path: Option<Realm>,
    query: &Query,
    host: Option<&str>,
    realms: &dyn Realms,
) -> Result<Realm, Refusal> {
    let asked = query.one("realm").map_err(Refusal::Repeated)?;
    let Some(asked) = asked.filter(|asked| !asked.is_empty()) else {
        return match (path, host) {
            (Some(realm), _) => Ok(realm),
            (None, Some(host)) => match realms.host(host) {
                Host::Bound(realm) => Ok(realm),
                Host::Unbound => Ok(Realm::root()),
                Host::Refused => Err(Refusal::InvalidHost(host.to_owned())),
            },
            (None, None) => Ok(Realm::root()),
        };
    };
    let invalid = || Refusal::InvalidRealm(asked.to_owned());
    let named = if asked.starts_with('/') {
        Realm::parse(asked)
    } else {
        realms.alias(asked)
    };
    let named = named
        .filter(|realm| realms.exists(realm))
        .ok_or_else(invalid)?;
    match path {
        Some(path) if path != named && path != Realm::root() => Err(invalid()),
        _ => Ok(named),
    }
}

fn endpoint(tail: &[Cow<'_, str>]) -> Option<Endpoint> {
    let mut parts = tail.iter().map(AsRef::as_ref);
    if let Some(first @ ("realm-config" | "scripts")) = tail.first().map(AsRef::as_ref) {
        return configuration::path(first, parts.skip(1)).map(Endpoint::Configuration);
    }
    let endpoint = match (parts.next()?, parts.next()) {
        ("authenticate", None) => Endpoint::Authenticate,
        ("authenticate", Some("backchannel")) => Endpoint::Backchannel(match parts.next()? {
            "initialize" => Backchannel::Initialize,
            "info" => Backchannel::Info,
            _ => return None,
        }),
        ("policies", None) => Endpoint::Policies,
        ("sessions", None) => Endpoint::Sessions,
        ("serverinfo", Some(id)) => Endpoint::Serverinfo(id.to_owned()),
        ("users", Some(id)) => match parts.next() {
            None => Endpoint::Users(Some(id.to_owned())),
            Some("devices") => return devices::path(id, parts).map(Endpoint::Devices),
            Some(_) => return None,
        },
        ("users", None) => Endpoint::Users(None),
        ("realms", None) | ("global-config", Some("realms")) => Endpoint::Realms,
        _ => return None,
    };
    parts.next().is_none().then_some(endpoint)
}

#[cfg(test)]
mod tests {
    use wayfare::engine::effect::DeviceKind;

    use super::*;

    struct Two;

    impl Realms for Two {
        fn exists(&self, realm: &Realm) -> bool {
            matches!(realm.as_str(), "/" | "/alpha" | "/beta" | "/alpha/sub")
        }
        fn alias(&self, alias: &str) -> Option<Realm> {
            match alias {
                "customers" => Realm::parse("/alpha"),
                "deep" => Realm::parse("/alpha/sub"),
                "gone" => Realm::parse("/gone"),
                _ => None,
            }
        }
        fn host(&self, host: &str) -> Host {
            match host {
                "alpha.example.com" => Host::Bound(Realm::parse("/alpha").unwrap()),
                "evil.example.com" => Host::Refused,
                _ => Host::Unbound,
            }
        }
    }

    fn go(path: &str) -> Result<String, Refusal> {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        route(path, &Query::parse(query).unwrap(), None, &Two).map(|r| r.realm.to_string())
    }

    #[test]
    fn all_path_forms() {
        for (path, realm) in [
            ("/json/realms/root/authenticate", "/"),
            ("/json/realms/ROOT/authenticate/", "/"),
            ("/json/realms/root/realms/alpha/authenticate", "/alpha"),
            (
                "/json/realms/root/realms/alpha/realms/sub/authenticate",
                "/alpha/sub",
            ),
            ("/json/realms/alpha/authenticate", "/alpha"),
            ("/json/realms/customers/authenticate", "/alpha"),
            (
                "/json/realms/customers/realms/sub/authenticate",
                "/alpha/sub",
            ),
            ("/json/realms/deep/sessions/", "/alpha/sub"),
            ("/json/authenticate", "/"),
            ("/json/authenticate?realm=/alpha/sub", "/alpha/sub"),
            ("/json/authenticate?realm=%2Falpha", "/alpha"),
            ("/json/authenticate?realm=customers", "/alpha"),
            ("/json/authenticate?realm=", "/"),
            ("/json/realms/root/authenticate?realm=/alpha", "/alpha"),
            (
                "/json/realms/root/realms/alpha/authenticate?realm=/alpha",
                "/alpha",
            ),
            ("/json/alpha/authenticate", "/alpha"),
            ("/json/alpha/sub/authenticate", "/alpha/sub"),
            ("/json/customers/sessions", "/alpha"),
            ("/json/alpha/users", "/alpha"),
            ("/json/serverinfo/*", "/"),
            ("/json/realms/%61lpha/authenticate", "/alpha"),
        ] {
            assert_eq!(go(path).as_deref(), Ok(realm), "{path}");
        }
    }

    #[test]
    fn c08_what_is_not_canonical_is_an_unknown_realm() {
        for part in [
            "nope",
            "..",
            "%2e%2e",
            "%252e%252e",
            "",
            ";x",
            "alpha;x",
            "alpha.",
            "Alpha",
            "ALPHA",
            "alpha%2fsub",
            "alpha%00",
            "alpha%",
            "alpha%20",
            "%c3%28",
            ".",
            "gone",
            "alpha%5csub",
        ] {
            for path in [
                format!("/json/realms/root/realms/{part}/authenticate"),
                format!("/json/realms/{part}/authenticate"),
                format!("/json/{part}/authenticate"),
            ] {
                assert_eq!(
                    go(&path),
                    Err(Refusal::UnknownRealm(part.to_owned())),
                    "{path}"
                );
            }
        }
        assert!(go("/json/realms/root/realms/alpha/../authenticate").is_err());
        assert!(go("/json/realms/root/realms/alpha//authenticate").is_err());
        assert!(go("/json/realms/root/realms/alpha/realms/root/authenticate").is_err());
        assert!(go("/json//authenticate").is_err());
    }

    #[test]
    fn a_query_never_leads_from_one_realm_into_another() {
        for path in [
            "/json/realms/root/realms/alpha/authenticate?realm=/beta",
            "/json/alpha/authenticate?realm=/",
            "/json/authenticate?realm=/nope",
            "/json/authenticate?realm=nope",
            "/json/authenticate?realm=/alpha/",
            "/json/authenticate?realm=/alpha/../beta",
            "/json/authenticate?realm=%252Falpha",
        ] {
            assert!(matches!(go(path), Err(Refusal::InvalidRealm(_))), "{path}");
        }
        assert_eq!(
            go("/json/authenticate?realm=/alpha&realm=/beta"),
            Err(Refusal::Repeated(crate::query::Repeated("realm")))
        );
    }

    #[test]
    fn a_host_may_stand_for_a_realm() {
        let by_host = |host| route("/json/authenticate", &Query::default(), Some(host), &Two);
        assert_eq!(
            by_host("alpha.example.com").unwrap().realm.as_str(),
            "/alpha"
        );
        assert_eq!(by_host("other").unwrap().realm.as_str(), "/");
        assert!(matches!(
            by_host("evil.example.com"),
            Err(Refusal::InvalidHost(_))
        ));
        let named = route(
            "/json/realms/root/authenticate",
            &Query::default(),
            Some("alpha.example.com"),
            &Two,
        );
        assert_eq!(named.unwrap().realm.as_str(), "/");
    }

    #[test]
    fn endpoints() {
        let at = |path: &str| route(path, &Query::default(), None, &Two).map(|r| r.endpoint);
        assert_eq!(
            at("/json/serverinfo/%2A"),
            Ok(Endpoint::Serverinfo("*".into()))
        );
        assert_eq!(
            at("/json/realms/root/realms/alpha/authenticate/backchannel/info/"),
            Ok(Endpoint::Backchannel(Backchannel::Info))
        );
        assert_eq!(at("/json/users"), Ok(Endpoint::Users(None)));
        assert_eq!(
            at("/json/users/demo"),
            Ok(Endpoint::Users(Some("demo".into())))
        );
        let devices = |kind, id: Option<&str>| {
            Ok(Endpoint::Devices(Asked {
                user: "demo".to_owned(),
                kind,
                uuid: id.map(str::to_owned),
            }))
        };
        for (path, kind, id) in [
            ("profile", DeviceKind::Profile, None),
            ("profile/a%20b", DeviceKind::Profile, Some("a b")),
            ("profile/a%2Fb", DeviceKind::Profile, Some("a/b")),
            ("trusted/", DeviceKind::Trusted, None),
            ("2fa/oath", DeviceKind::Oath, None),
            ("2fa/push/x", DeviceKind::Push, Some("x")),
            ("2fa/webauthn", DeviceKind::WebAuthn, None),
            ("2fa/binding", DeviceKind::Binding, None),
        ] {
            let path = format!("/json/users/demo/devices/{path}");
            assert_eq!(at(&path), devices(kind, id), "{path}");
            // Below a realm it is the same.
            let below = path.replace("/json/", "/json/realms/root/realms/alpha/");
            assert_eq!(at(&below), devices(kind, id), "{below}");
        }
        for path in [
            "/json/realms",
            "/json/realms/",
            "/json/realms/root/realms",
            "/json/global-config/realms",
        ] {
            let found = route(path, &Query::default(), None, &Two).unwrap();
            assert_eq!(
                (found.realm.as_str(), found.endpoint),
                ("/", Endpoint::Realms)
            );
        }
        for path in [
            "/json/global-config",
            "/json/realms/x",
            "/json/serverinfo",
            "/json/sessions/x",
            "/json/users/demo/x",
            "/json/users/demo/devices",
            "/json/users/demo/devices/2fa",
            "/json/users/demo/devices/2fa/x",
            "/json/users/demo/devices/2fa/oath/x/y",
            "/json/users/demo/devices/oath",
            "/json/authenticate/x",
            "/json/users/demo/devices/2fa/profile",
            "/json/users/demo/devices/profile/x/y",
            "/json/authenticate/backchannel",
            "/json/authenticate/backchannel/x",
            "/json/authenticate/backchannel/info/x",
            "/json/",
        ] {
            assert!(at(path).is_err(), "{path}");
        }
        assert_eq!(at("/xml/authenticate"), Err(Refusal::NotFound));
    }
}
