//! Entries as they are found.

use std::{collections::BTreeMap, fmt::Write as _};

use ldap3::SearchEntry;

use crate::store::user::NameKey;

/// An entry of a directory.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    /// Where it is.
    pub(crate) dn: String,
    /// Its texts by the names of attributes in small letters. What is no text is not there, except for the
    /// id, which is told in hexadecimal digits.
    pub(crate) attributes: BTreeMap<String, Vec<String>>,
}

impl Entry {
    pub(super) fn of(found: SearchEntry, id: &str) -> Self {
        let bytes = found
            .bin_attrs
            .into_iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case(id))
            .filter_map(|(name, values)| {
                Some((name.to_ascii_lowercase(), vec![hex(values.first()?)]))
            });
        let bytes: Vec<_> = bytes.collect();
        // All of them: how many there may be was seen before they were read, and a list that is cut short is
        // a group that somebody is not in.
        let texts = found.attrs.into_iter();
        let texts = texts.map(|(name, values)| (name.to_ascii_lowercase(), values));
        let mut attributes: BTreeMap<_, _> = texts.collect();
        attributes.extend(bytes);
        Self {
            dn: found.dn,
            attributes,
        }
    }

    /// The texts of an attribute.
    pub(crate) fn all(&self, attribute: &str) -> &[String] {
        let values = self.attributes.get(&attribute.to_ascii_lowercase());
        values.map_or(&[], Vec::as_slice)
    }

    /// The one text of an attribute that must have one.
    pub(crate) fn one(&self, attribute: &str) -> Option<&str> {
        match self.all(attribute) {
            [one] if !one.is_empty() => Some(one),
            _ => None,
        }
    }

    /// Whether one of these attributes holds a name, by the rule of this server: what a directory takes for
    /// the same may be another's.
    pub(crate) fn is_called(&self, name: &NameKey, attributes: &[String]) -> bool {
        let mut all = attributes.iter().flat_map(|attribute| self.all(attribute));
        all.any(|text| NameKey::of(text).as_ref() == Some(name))
    }
}

/// Bytes as digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
