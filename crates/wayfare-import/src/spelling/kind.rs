//! What else comes along with trees, by kind.
//!
//! In: the name of a section as some packaging spells it. Out: the kind as a [`crate::Bundle`] names it.

use serde_json::Value;

/// The kind of scripts.
pub(crate) const SCRIPTS: &str = "scripts";
/// The kind of themes, the only one that exports of a tree write as a list.
pub(crate) const THEMES: &str = "themes";

/// The kind of types that were designed in the product.
pub(crate) const NODE_TYPES: &str = "nodeTypes";

/// Every spelling with its kind; the first of a kind is that of exports of a tree, the second that of exports
/// of one thing or of everything.
const KINDS: &[(&str, &str)] = &[
    (SCRIPTS, SCRIPTS),
    ("script", SCRIPTS),
    ("emailTemplates", "emailTemplates"),
    ("emailTemplate", "emailTemplates"),
    (THEMES, THEMES),
    ("theme", THEMES),
    ("socialIdentityProviders", "socialIdentityProviders"),
    ("idp", "socialIdentityProviders"),
    ("saml2Entities", "saml2Entities"),
    ("circlesOfTrust", "circlesOfTrust"),
    ("variable", "variables"),
    ("variable", "variables"),
    ("variables", "variables"),
    ("secret", "secrets"),
    ("secret", "secrets"),
    ("secrets", "secrets"),
    (NODE_TYPES, NODE_TYPES),
];

/// The kind of a section, where it is one that is known.
pub(crate) fn kind(section: &str) -> Option<&'static str> {
    KINDS
        .iter()
        .find(|(spelling, _)| *spelling == section)
        .map(|(_, kind)| *kind)
}

/// The section of a kind in an export of a tree.
pub(crate) fn section(kind: &str) -> Option<&'static str> {
    KINDS
        .iter()
        .find(|(_, known)| *known == kind)
        .map(|(section, _)| *section)
}

/// The id of a thing in a list.
pub(crate) fn id_in_list(item: &Value, place: usize) -> String {
    let said = |key: &str| item.get(key).and_then(Value::as_str).map(str::to_owned);
    said("_id")
        .or_else(|| said("name"))
        .unwrap_or_else(|| format!("#{place}"))
}

/// The section of a kind in an export of things of that kind alone.
pub(crate) fn alone(kind: &str) -> Option<&'static str> {
    KINDS
        .iter()
        .filter(|(_, known)| *known == kind)
        .take(2)
        .last()
        .map(|(section, _)| *section)
}
