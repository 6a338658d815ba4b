//! The properties of a session that clients may read and set, and how they are told.
//!
//! A list of names says which; it may hold properties of the system, which can be read then and never set.
//! Names are compared byte for byte, except where they are refused: another letter case of a name of the
//! system is the system's too.

use std::collections::BTreeMap;

use wayfare::engine::is_system_property;

use super::info::done;
use crate::{
    am::{error::Refusal, reply::Reply, version::Served},
    json::Writer,
};

/// The names of the properties that clients may read, and set unless they are the system's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowList {
    names: Vec<String>,
}

impl AllowList {
    /// A list of these names; one that stands twice counts once.
    pub fn new<T: Into<String>>(names: impl IntoIterator<Item = T>) -> Self {
        let mut list = Self::default();
        for name in names {
            let name = name.into();
            if !name.is_empty() && !list.names.contains(&name) {
                list.names.push(name);
            }
        }
        list
    }

    /// The names, in the order in which they were given.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|name| &**name)
    }

    /// Whether a property may be read.
    pub fn readable(&self, name: &str) -> bool {
        self.names().any(|listed| listed == name)
    }

    /// Whether a property may be set and removed.
    pub fn settable(&self, name: &str) -> bool {
        self.readable(name) && !is_system_property(name)
    }

    /// Refuses a change where one of its properties may not be set.
    ///
    /// # Errors
    /// One is not listed, or is the system's in any letter case.
    pub fn check<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Result<(), Refusal> {
        if names.into_iter().all(|name| self.settable(name)) {
            Ok(())
        } else {
            Err(Refusal::Forbidden)
        }
    }
}

/// The reply to `getSessionProperties` and `updateSessionProperties`: every property of the list, empty
/// where it is not set.
pub fn shown(list: &AllowList, properties: &BTreeMap<String, String>, served: Served) -> Reply {
    map(list.names(), properties, served)
}

/// The reply to `getProperty` of version 1.
///
/// # Errors
/// One of them is not listed.
pub fn some(
    list: &AllowList,
    wanted: &[String],
    properties: &BTreeMap<String, String>,
    served: Served,
) -> Result<Reply, Refusal> {
    if wanted.is_empty() {
        return Ok(shown(list, properties, served));
    }
    if !wanted.iter().all(|name| list.readable(name)) {
        return Err(Refusal::Forbidden);
    }
    // By the list, so that a name that stands twice in the request stands once in the reply.
    let named = list.names().filter(|name| wanted.iter().any(|w| w == name));
    Ok(map(named, properties, served))
}

fn map<'a>(
    names: impl Iterator<Item = &'a str>,
    properties: &BTreeMap<String, String>,
    served: Served,
) -> Reply {
    let mut body = Writer::with_capacity(128);
    body.open_object();
    for name in names {
        let value = properties.get(name).map_or("", |value| &**value);
        body.key(name).text(value);
    }
    body.close_object();
    done(body, served)
}

/// The reply to `getPropertyNames` of version 1.
pub fn names(list: &AllowList, served: Served) -> Reply {
    let mut body = Writer::with_capacity(64);
    body.open_object().key("properties").texts(list.names());
    body.close_object();
    done(body, served)
}

/// The reply to `setProperty` and `deleteProperty` of version 1.
pub fn changed(served: Served) -> Reply {
    let mut body = Writer::with_capacity(24);
    body.open_object().key("success").bool(true);
    body.close_object();
    done(body, served)
}

#[cfg(test)]
mod tests {
    use super::{
        super::info::tests::{body, served},
        *,
    };

    fn list() -> AllowList {
        AllowList::new([
            "theme",
            "AuthLevel",
            "theme",
            "",
            "am.protected.x",
            "principal",
        ])
    }

    #[test]
    fn b08_what_is_the_systems_is_never_set() {
        let list = list();
        assert!(list.readable("AuthLevel") && list.settable("theme"));
        for name in [
            "AuthLevel",
            "authlevel",
            "AUTHLEVEL",
            "Principal",
            "principal",
            "Realm",
            "realm",
            "am.protected.x",
            "AM.Protected.x",
            "sun.am.UniversalIdentifier",
            "UserToken",
            "Theme",
            "other",
            "",
        ] {
            assert!(!list.settable(name), "{name}");
            assert_eq!(
                list.check(["theme", name]),
                Err(Refusal::Forbidden),
                "{name}"
            );
        }
        assert_eq!(list.check(["theme"]), Ok(()));
    }

    #[test]
    fn what_is_listed_is_shown_and_nothing_else() {
        let properties = [
            ("AuthLevel".to_owned(), "20".to_owned()),
            ("hidden".to_owned(), "x".to_owned()),
        ]
        .into();
        assert_eq!(
            body(&shown(&list(), &properties, served("4.0"))),
            r#"{"theme":"","AuthLevel":"20","am.protected.x":"","principal":""}"#
        );
        let wanted = ["AuthLevel".to_owned(), "AuthLevel".to_owned()];
        let reply = some(&list(), &wanted, &properties, served("1.2")).unwrap();
        assert_eq!(body(&reply), r#"{"AuthLevel":"20"}"#);
        let hidden = ["hidden".to_owned()];
        let refused = some(&list(), &hidden, &properties, served("1.2"));
        assert_eq!(refused, Err(Refusal::Forbidden));
        assert_eq!(
            body(&names(&AllowList::new(["a", "b"]), served("1.2"))),
            r#"{"properties":["a","b"]}"#
        );
        assert_eq!(body(&changed(served("1.2"))), r#"{"success":true}"#);
    }
}
