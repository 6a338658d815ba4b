//! What goes to a directory of a profile, and what of it is somebody else's already.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::Arc,
};

use wayfare::{Value, engine::effect::Unmet};
use wayfare_profile::{
    Attribute, PASSWORD, STATUS, Store as Judged, compared_texts, find, is_active, is_own,
};

use super::InDirectory;
use crate::{
    identities::IdentityError,
    ldap::{LdapError, escaped, unmet},
    store::user::NameKey,
};

/// Attributes of a directory with the values that they get.
pub(super) type Attributes = Vec<(String, HashSet<String>)>;

/// The attributes, in small letters, whose values another has.
pub(super) struct Taken(BTreeSet<String>);

impl Judged for Taken {
    type Error = std::convert::Infallible;

    fn is_taken(&self, attribute: &Attribute, _: &str) -> Result<bool, Self::Error> {
        Ok(self.0.contains(&attribute.name.to_ascii_lowercase()))
    }
}

/// A value as texts; `None` where it cannot be some. What is gone has none.
pub(super) fn texts_of(value: &Value) -> Option<HashSet<String>> {
    let one = |value: &Value| match value {
        Value::Text(text) => Some(text.to_string()),
        Value::Int(number) => Some(number.to_string()),
        Value::Bool(true) => Some("TRUE".to_owned()),
        Value::Bool(false) => Some("FALSE".to_owned()),
        _ => None,
    };
    let mut texts = match value {
        Value::Null => HashSet::new(),
        Value::List(list) => list.iter().map(one).collect::<Option<HashSet<_>>>()?,
        other => HashSet::from([one(other)?]),
    };
    texts.remove("");
    Some(texts)
}

/// The attributes that an entry is named by, in small letters.
fn naming(dn: &str) -> BTreeSet<String> {
    let mut types = BTreeSet::new();
    let (mut ty, mut in_type, mut escaped) = (String::new(), true, false);
    for c in dn.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ',' | ';' => break,
            '+' => in_type = true,
            '=' if in_type => {
                types.insert(ty.trim().to_ascii_lowercase());
                ty.clear();
                in_type = false;
            }
            _ if in_type => ty.push(c),
            _ => {}
        }
    }
    types
}

impl InDirectory {
    /// Waits for all others of this server who write values that must be one user's only, where these have such.
    pub(super) async fn claims(
        &self,
        values: &BTreeMap<Arc<str>, Value>,
    ) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        let mut known = self.schema.attributes().iter();
        let claims = known.any(|attribute| {
            attribute.unique
                && find(values, &attribute.name).is_some_and(|value| *value != Value::Null)
        });
        if claims {
            Some(self.claims.lock().await)
        } else {
            None
        }
    }

    /// Which of the values that must be one user's only are another's.
    pub(super) async fn taken(
        &self,
        values: &BTreeMap<Arc<str>, Value>,
        but: Option<&str>,
    ) -> Result<Taken, IdentityError> {
        let mut taken = BTreeSet::new();
        for attribute in self.schema.attributes() {
            let is_name = attribute.name == *self.schema.name();
            let value = find(values, &attribute.name).unwrap_or(&Value::Null);
            let mut texts = compared_texts(value);
            texts.retain(|text| !text.is_empty());
            if !(is_name || attribute.unique) || attribute.secret || texts.is_empty() {
                continue;
            }
            let Some(place) = self.place(&attribute.name) else {
                for text in &texts {
                    if self.beside.has_another(attribute, text, but)? {
                        taken.insert(attribute.name.to_ascii_lowercase());
                        break;
                    }
                }
                continue;
            };
            // A name that can be nobody's is as good as taken.
            let reserved = |key: NameKey| but.is_none() && self.beside.is_reserved(&key);
            let nobodys =
                is_name && (texts.iter()).any(|text| NameKey::of(text).is_none_or(reserved));
            let equal = texts
                .iter()
                .map(|text| format!("({place}={})", escaped(text)));
            let filter = match texts.len() {
                1 => equal.collect(),
                _ => format!("(|{})", equal.collect::<String>()),
            };
            let asked = vec![self.client.target().id.clone()];
            let found = match self.client.search(filter, asked, 2).await {
                Err(LdapError::TooMany(_)) => true,
                found => found?
                    .iter()
                    .any(|entry| but.is_none() || entry.one(&self.client.target().id) != but),
            };
            if nobodys || found {
                taken.insert(attribute.name.to_ascii_lowercase());
            }
        }
        Ok(Taken(taken))
    }

    /// What goes to the directory of these values.
    ///
    /// # Errors
    /// One of them cannot be written there.
    pub(super) fn written(
        &self,
        values: &BTreeMap<Arc<str>, Value>,
    ) -> Result<Attributes, IdentityError> {
        let mut all = Vec::new();
        for (name, value) in values {
            if name.eq_ignore_ascii_case(PASSWORD) {
                let Value::Secret(password) = value else {
                    continue;
                };
                let password = HashSet::from([password.reveal().clone()]);
                all.push((self.settings.password.clone(), password));
            } else if name.eq_ignore_ascii_case(STATUS) {
                all.push(self.status(is_active(value).unwrap_or(true))?);
            } else if let Some(place) = self.place(name).filter(|_| !is_own(name)) {
                let texts = texts_of(value).ok_or_else(|| {
                    IdentityError::Other(format!("`{name}` holds what a directory cannot"))
                })?;
                all.push((place.to_owned(), texts));
            }
        }
        Ok(all)
    }

    /// What says that an account is active, or is not.
    pub(super) fn status(&self, active: bool) -> Result<(String, HashSet<String>), IdentityError> {
        let Some(status) = &self.settings.status else {
            return Err(IdentityError::Other(
                "`ldap.status` does not say how an account is locked".to_owned(),
            ));
        };
        let value = if active {
            status.active.clone()
        } else {
            Some(status.inactive.clone())
        };
        Ok((status.attribute.clone(), value.into_iter().collect()))
    }

    /// What of a change would give an entry another name, which no entry gets.
    pub(super) fn renames(
        &self,
        dn: &str,
        values: &BTreeMap<Arc<str>, Value>,
        before: &BTreeMap<Arc<str>, Value>,
    ) -> Vec<Unmet> {
        let naming = naming(dn);
        let named = |name: &str| {
            let place = self.place(name)?.to_ascii_lowercase();
            naming.contains(&place).then_some(())
        };
        let other =
            |name: &str, value: &Value| find(before, name).and_then(texts_of) != texts_of(value);
        let refused = values
            .iter()
            .filter(|(name, value)| named(name).is_some() && other(name, value));
        refused
            .map(|(name, _)| Unmet {
                attribute: Arc::clone(name),
                ..unmet("READ_ONLY")
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::naming;

    #[test]
    fn an_entry_is_named_by_what_stands_first() {
        let of = |dn| naming(dn).into_iter().collect::<Vec<_>>().join(" ");
        assert_eq!(of("uid=ada,ou=people,dc=x"), "uid");
        assert_eq!(of(r"CN=Ada\, Countess\=1 + UID=ada=b,dc=x"), "cn uid");
        assert_eq!(of(""), "");
    }
}
