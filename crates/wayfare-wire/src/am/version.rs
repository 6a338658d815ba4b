//! Which version of an endpoint answers: `Accept-API-Version`.
//!
//! A route answers a request of the same major version whose minor version is not greater than its own;
//! of several, the one with the highest minor version does.

use std::{borrow::Cow, fmt};

/// A version: `2.1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// Before the point.
    pub major: u32,
    /// After the point.
    pub minor: u32,
}

impl Version {
    /// The version `major.minor`.
    pub const fn new(major: u32, minor: u32) -> Self {
        Self { major, minor }
    }

    /// How `Content-API-Version` names it; those of `authenticate` are there already.
    pub(crate) fn named(self) -> Cow<'static, str> {
        match (self.major, self.minor) {
            (2, 1) => "resource=2.1".into(),
            (1, 2) => "resource=1.2".into(),
            _ => format!("resource={self}").into(),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let (major, minor) = text.split_once('.').unwrap_or((text, "0"));
        let number = |digits: &str| {
            let fits = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            fits.then(|| digits.parse().ok()).flatten()
        };
        Some(Self::new(number(major)?, number(minor)?))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// The versions an endpoint is served in, lowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Routes {
    versions: &'static [Version],
    family: Family,
}

/// Which of the product's two frameworks an endpoint belongs to; they answer differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// `authenticate`
    Plain,
    /// Everything that is a JSON resource.
    Resource,
}

impl Routes {
    /// The versions of `authenticate`.
    pub const AUTHENTICATE: Self = Self {
        versions: &[Version::new(1, 2), Version::new(2, 1)],
        family: Family::Plain,
    };
    /// The versions of `sessions`.
    pub const SESSIONS: Self = Self {
        versions: &[
            Version::new(1, 2),
            Version::new(2, 1),
            Version::new(3, 1),
            Version::new(4, 0),
            Version::new(5, 1),
        ],
        family: Family::Resource,
    };
    /// The versions of `authenticate/backchannel`.
    pub const BACKCHANNEL: Self = Self {
        versions: &[Version::new(1, 0)],
        family: Family::Resource,
    };
    /// The versions of `policies`.
    pub const POLICIES: Self = Self {
        versions: &[Version::new(1, 0), Version::new(2, 1)],
        family: Family::Resource,
    };
    /// The versions of `serverinfo`.
    pub const SERVERINFO: Self = Self {
        versions: &[Version::new(1, 1), Version::new(2, 0)],
        family: Family::Resource,
    };
    /// The versions of `realms`.
    pub const REALMS: Self = Self {
        versions: &[Version::new(1, 0)],
        family: Family::Resource,
    };
    /// The versions of `users/ID/devices/…`: its own, and one for clients that send the same header with
    /// everything.
    pub const DEVICES: Self = Self {
        versions: &[Version::new(1, 0), Version::new(2, 1)],
        family: Family::Resource,
    };
    /// The versions of `realm-config/…`: before nodes had versions, and since.
    pub const CONFIGURATION: Self = Self {
        versions: &[Version::new(1, 0), Version::new(2, 0), Version::new(3, 0)],
        family: Family::Resource,
    };
    /// The versions of `scripts`.
    pub const SCRIPTS: Self = Self {
        versions: &[Version::new(1, 1)],
        family: Family::Resource,
    };
    /// The versions of `users`.
    pub const USERS: Self = Self {
        versions: &[
            Version::new(1, 2),
            Version::new(2, 1),
            Version::new(3, 0),
            Version::new(4, 0),
        ],
        family: Family::Resource,
    };
}

/// Which version answers a request that names none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unversioned {
    /// The highest.
    #[default]
    Latest,
    /// The lowest.
    Oldest,
    /// None: the request is refused.
    Refused,
}

/// The version that answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Served {
    /// The version, named in `Content-API-Version`.
    pub version: Version,
    /// The version that the client named; some replies look as they did in that one.
    pub requested: Option<Version>,
    /// The warning that the client named none.
    pub warning: Option<&'static str>,
}

/// No version answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VersionRefusal {
    /// The header does not follow its grammar.
    Malformed(String),
    /// `authenticate` has no such version: 404 without a body.
    NoRoute,
    /// A resource has no such version: 404 with a message.
    NoResource(Version),
    /// The header is absent and the server wants one.
    Missing(Family),
    /// The protocol's major version is not known.
    ProtocolMajor(Version),
    /// The protocol's minor version is not known.
    ProtocolMinor(Version),
}

/// The version that answers a request with these `Accept-API-Version` headers.
///
/// # Errors
/// None does.
pub fn negotiate<'a>(
    headers: impl IntoIterator<Item = &'a str>,
    routes: Routes,
    unversioned: Unversioned,
) -> Result<Served, VersionRefusal> {
    let mut headers = headers.into_iter();
    let first = headers.next().unwrap_or("").trim();
    if let Some(second) = headers.next() {
        // Two headers could be read in two ways.
        return Err(VersionRefusal::Malformed(format!("{first}, {second}")));
    }
    if first.is_empty() {
        let warning = match routes.family {
            Family::Plain => WARNING_CHF,
            Family::Resource => WARNING_CREST,
        };
        return fallback(routes, unversioned).map(|version| Served {
            version,
            requested: None,
            warning: Some(warning),
        });
    }
    let asked = parse(first).ok_or_else(|| VersionRefusal::Malformed(first.to_owned()))?;
    if let (Family::Resource, Some(protocol)) = (routes.family, asked.protocol) {
        if protocol.major == 0 || protocol.major > 2 {
            return Err(VersionRefusal::ProtocolMajor(protocol));
        }
        if protocol.major == 2 && protocol.minor > 2 {
            return Err(VersionRefusal::ProtocolMinor(protocol));
        }
    }
    let version = match asked.resource {
        None => fallback(routes, unversioned)?,
        Some(wanted) => routes
            .versions
            .iter()
            .copied()
            .filter(|route| route.major == wanted.major && route.minor >= wanted.minor)
            .max()
            .ok_or(match routes.family {
                Family::Plain => VersionRefusal::NoRoute,
                Family::Resource => VersionRefusal::NoResource(wanted),
            })?,
    };
    Ok(Served {
        version,
        requested: asked.resource,
        warning: None,
    })
}

const WARNING_CHF: &str = "100 chf \"Accept-API-Version should be included in the request.\"";
const WARNING_CREST: &str = "100 CREST \"Accept-API-Version should be included in the request.\"";

fn fallback(routes: Routes, unversioned: Unversioned) -> Result<Version, VersionRefusal> {
    let version = match unversioned {
        Unversioned::Latest => routes.versions.last(),
        Unversioned::Oldest => routes.versions.first(),
        Unversioned::Refused => None,
    };
    version
        .copied()
        .ok_or(VersionRefusal::Missing(routes.family))
}

struct Asked {
    protocol: Option<Version>,
    resource: Option<Version>,
}

fn parse(text: &str) -> Option<Asked> {
    let mut asked = Asked {
        protocol: None,
        resource: None,
    };
    let parts = match text.split_once(',') {
        None => [Some(text), None],
        Some((first, second)) => [Some(first.trim_end()), Some(second.trim_start())],
    };
    for part in parts.into_iter().flatten() {
        let (name, version) = part.split_once('=')?;
        let slot = match name {
            "protocol" => &mut asked.protocol,
            "resource" => &mut asked.resource,
            _ => return None,
        };
        if slot.replace(Version::parse(version)?).is_some() {
            return None;
        }
    }
    Some(asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(header: &str) -> Result<String, VersionRefusal> {
        negotiate([header], Routes::AUTHENTICATE, Unversioned::Latest)
            .map(|served| served.version.to_string())
    }

    #[test]
    fn vectors_1_and_7_and_8() {
        for header in [
            "resource=2.0, protocol=1.0",
            "resource=2.1, protocol=1.0",
            "protocol=1.0,resource=2.1",
            "resource=2",
            "resource=2.0",
            "protocol=2.1 , resource=2.1",
        ] {
            assert_eq!(ask(header).unwrap(), "2.1", "{header}");
        }
        for header in ["resource=1.0", "resource=1.1", "resource=1.2", "resource=1"] {
            assert_eq!(ask(header).unwrap(), "1.2", "{header}");
        }
        for header in [
            "resource=2.2",
            "resource=3.0",
            "resource=42.0",
            "resource=1.3",
        ] {
            assert_eq!(ask(header), Err(VersionRefusal::NoRoute), "{header}");
        }
        for header in [
            "banana",
            "resource",
            "resource=",
            "resource=2.",
            "resource=.1",
            "resource=2.1.0",
            "resource=-1.0",
            "resource=+2.1",
            "resource = 2.1",
            "resource=2.1,",
            ",resource=2.1",
            "resource=2.1,resource=2.0",
            "resource=2.1 protocol=1.0",
            "resource=99999999999.0",
            "Resource=2.1",
        ] {
            assert_eq!(
                ask(header),
                Err(VersionRefusal::Malformed(header.to_owned())),
                "{header}"
            );
        }
    }

    #[test]
    fn without_a_header_the_setting_decides() {
        let served = |routes, setting| negotiate([], routes, setting);
        let latest = served(Routes::AUTHENTICATE, Unversioned::Latest).unwrap();
        assert_eq!(latest.version, Version::new(2, 1));
        assert_eq!(
            latest.warning,
            Some("100 chf \"Accept-API-Version should be included in the request.\"")
        );
        let oldest = served(Routes::SESSIONS, Unversioned::Oldest).unwrap();
        assert_eq!(oldest.version, Version::new(1, 2));
        assert!(oldest.warning.unwrap().starts_with("100 CREST "));
        assert_eq!(
            served(Routes::AUTHENTICATE, Unversioned::Refused),
            Err(VersionRefusal::Missing(Family::Plain))
        );
        let protocol_only = negotiate(["protocol=1.0"], Routes::AUTHENTICATE, Unversioned::Latest);
        assert_eq!(protocol_only.unwrap().warning, None);
    }

    #[test]
    fn resources_know_their_protocol_and_routes() {
        let ask = |header| negotiate([header], Routes::SESSIONS, Unversioned::Latest);
        for (header, version) in [
            ("resource=1.0", "1.2"),
            ("resource=2.0", "2.1"),
            ("resource=2.1", "2.1"),
            ("resource=3.1", "3.1"),
            ("resource=4.0", "4.0"),
            ("resource=5.0", "5.1"),
            ("protocol=2.1,resource=5.1", "5.1"),
        ] {
            assert_eq!(ask(header).unwrap().version.to_string(), version);
        }
        assert_eq!(
            ask("resource=999.0"),
            Err(VersionRefusal::NoResource(Version::new(999, 0)))
        );
        assert_eq!(
            ask("protocol=3.0"),
            Err(VersionRefusal::ProtocolMajor(Version::new(3, 0)))
        );
        assert_eq!(
            ask("protocol=2.3,resource=4.0"),
            Err(VersionRefusal::ProtocolMinor(Version::new(2, 3)))
        );
    }

    #[test]
    fn two_headers_are_refused() {
        let both = ["resource=2.1", "resource=1.2"];
        assert!(negotiate(both, Routes::AUTHENTICATE, Unversioned::Latest).is_err());
    }
}
