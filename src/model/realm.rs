//! The realm a run belongs to.

use std::{borrow::Borrow, fmt, sync::Arc};

use serde::{Deserialize, Serialize};

/// The absolute path of a realm: `/`, `/alpha`, `/customers/europe`.
///
/// Spellings of the wire (`realms/root/realms/alpha`, aliases, query parameters) are the wire's; by the
/// time a realm stands here it is canonical and is compared byte for byte.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Realm(Arc<str>);

impl Realm {
    /// The longest path in bytes.
    pub const BYTES_MAX: usize = 1_024;

    /// The top realm, `/`.
    pub fn root() -> Self {
        Self(Arc::from("/"))
    }

    /// The realm with this canonical path: a leading `/`, no empty, `.` or `..` part, and in each part
    /// only letters, digits, `-`, `_` and `.`.
    pub fn parse(path: &str) -> Option<Self> {
        if path == "/" {
            return Some(Self::root());
        }
        let rest = path.strip_prefix('/')?;
        let fits = |part: &str| {
            !part.is_empty()
                && !part.starts_with('.')
                && !part.ends_with('.')
                && part
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        };
        (path.len() <= Self::BYTES_MAX && rest.split('/').all(fits)).then(|| Self(Arc::from(path)))
    }

    /// The path.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the other realm is this one or lies below it.
    pub fn holds(&self, other: &Self) -> bool {
        let rest = other.0.strip_prefix(&*self.0);
        &*self.0 == "/" || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// The names of the parts from the top; none for the top realm.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').filter(|part| !part.is_empty())
    }
}

impl Borrow<str> for Realm {
    /// Its path, by which it is found in tables.
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Realm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Realm {
    type Error = &'static str;

    fn try_from(path: String) -> Result<Self, Self::Error> {
        Self::parse(&path).ok_or("not a realm path")
    }
}

impl From<Realm> for String {
    fn from(realm: Realm) -> Self {
        realm.as_str().to_owned()
    }
}
