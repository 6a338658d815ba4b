//! Which session properties are the system's.
//!
//! In: the name of a session property. Out: whether neither journeys nor clients may set it. What properties
//! a session has is the server's.

use crate::engine::error::NodeError;

/// Session properties that belong to the system, in lower case.
const SYSTEM_PROPERTIES: &[&str] = &[
    "amctxid",
    "amlbcookie",
    "authinstant",
    "authlevel",
    "authtype",
    "charset",
    "clienttype",
    "fullloginurl",
    "host",
    "hostname",
    "indextype",
    "locale",
    "loginurl",
    "oidcsid",
    "organization",
    "principal",
    "principals",
    "realm",
    "service",
    "successurl",
    "sun.am.universalidentifier",
    "userid",
    "userprofile",
    "usertoken",
    "xusref",
];

/// Whether a session property is the system's, in any letter case: neither journeys nor clients set it.
pub fn is_system_property(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    SYSTEM_PROPERTIES.contains(&&*lower) || lower.starts_with("am.protected.")
}

/// Refuses a session property that is the system's.
pub(crate) fn refuse_system_property(name: &str) -> Result<(), NodeError> {
    if is_system_property(name) || name.is_empty() {
        return Err(NodeError::new(format!(
            "session property `{name}` belongs to the system"
        )));
    }
    Ok(())
}
