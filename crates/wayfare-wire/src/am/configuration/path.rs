//! From the parts of a path to what it names.

use super::{is_name, is_version};

/// What a path of the configuration names.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Asked {
    /// `…/authenticationtrees/trees`, or one of them.
    Trees(Option<String>),
    /// `…/authenticationtrees/nodes`: those of every type.
    AllNodes,
    /// `…/authenticationtrees/nodes/TYPE[/VERSION]`, or one of them.
    Nodes {
        /// The type, as the product spells it.
        ty: String,
        /// The version, where the path names one.
        version: Option<String>,
        /// Which one.
        id: Option<String>,
    },
    /// `scripts`, or one of them.
    Scripts(Option<String>),
    /// `…/services/SocialIdentityProviders`, of which there are none: clients ask for all of them before they
    /// export a journey that signs in elsewhere.
    Providers,
}

impl Asked {
    /// What kind of thing it is, in one word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Trees(_) => "tree",
            Self::AllNodes | Self::Nodes { .. } => "node",
            Self::Scripts(_) => "script",
            Self::Providers => "provider",
        }
    }

    /// Whether it names one thing.
    pub fn is_one(&self) -> bool {
        matches!(
            self,
            Self::Trees(Some(_)) | Self::Nodes { id: Some(_), .. } | Self::Scripts(Some(_))
        )
    }
}

/// The parts of a path behind a realm; the first is `realm-config` or `scripts`.
pub(in crate::am) fn path<'p>(
    first: &str,
    mut parts: impl Iterator<Item = &'p str>,
) -> Option<Asked> {
    let asked = if first == "scripts" {
        Asked::Scripts(name(parts.next()).ok()?)
    } else {
        let service = (parts.next()?, parts.next()?);
        if service == ("services", "SocialIdentityProviders") {
            return parts.next().is_none().then_some(Asked::Providers);
        }
        if service != ("authentication", "authenticationtrees") {
            return None;
        }
        match parts.next()? {
            "trees" => Asked::Trees(name(parts.next()).ok()?),
            "nodes" => nodes(&mut parts)?,
            _ => return None,
        }
    };
    parts.next().is_none().then_some(asked)
}

fn nodes<'p>(parts: &mut impl Iterator<Item = &'p str>) -> Option<Asked> {
    let Some(ty) = name(parts.next()).ok()? else {
        return Some(Asked::AllNodes);
    };
    let mut next = parts.next();
    let version = next.filter(|part| is_version(part)).map(str::to_owned);
    if version.is_some() {
        next = parts.next();
    }
    let id = name(next).ok()?;
    if id.as_deref().is_some_and(is_version) {
        return None;
    }
    Some(Asked::Nodes { ty, version, id })
}

/// A part that can be no name.
struct NoName;

/// A name where there is one.
fn name(part: Option<&str>) -> Result<Option<String>, NoName> {
    match part {
        None => Ok(None),
        Some(part) if is_name(part) => Ok(Some(part.to_owned())),
        Some(_) => Err(NoName),
    }
}
