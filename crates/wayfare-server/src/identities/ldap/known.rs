//! Whom an entry is: found by a name, by the id or by a filter, with what stands in it and beside it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use wayfare::{
    Secret, SubjectId, Value,
    engine::effect::{FindIdentity, Identity, Shape, Who},
};
use wayfare_profile::{ID, PASSWORD, STATUS};

use super::InDirectory;
use crate::{
    identities::{IdentityError, picked, value},
    ldap::{Entry, LdapError, escaped, filter_for},
    store::user::NameKey,
};

/// Somebody who was found.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) entry: Entry,
    pub(super) id: String,
    pub(super) name: String,
    pub(super) active: bool,
}

/// What finds the entry with an id; that of Active Directory is bytes, told in digits.
fn by_id(place: &str, id: &str) -> String {
    let is_bytes = place.eq_ignore_ascii_case("objectGUID")
        && id.len() == 32
        && id.bytes().all(|b| b.is_ascii_hexdigit());
    if !is_bytes {
        return format!("({place}={})", escaped(id));
    }
    let mut bytes = String::with_capacity(48);
    for (at, digit) in id.chars().enumerate() {
        if at % 2 == 0 {
            bytes.push('\\');
        }
        bytes.push(digit);
    }
    format!("({place}={bytes})")
}

impl InDirectory {
    /// The attribute of the directory that holds one of the profile.
    pub(super) fn place(&self, name: &str) -> Option<&str> {
        let target = self.client.target();
        if name.eq_ignore_ascii_case(self.schema.name()) {
            return Some(&target.name);
        }
        if name.eq_ignore_ascii_case(ID) {
            return Some(&target.id);
        }
        let mut all = self.settings.attributes.iter();
        all.find(|(of, _)| of.eq_ignore_ascii_case(name))
            .map(|(_, place)| place.as_str())
    }

    /// The attributes that are asked for.
    fn asked(&self) -> Vec<String> {
        let target = self.client.target();
        let status = self.settings.status.as_ref();
        let names = (self.settings.attributes.values())
            .chain([&target.name, &target.id])
            .chain(&target.search)
            .chain(status.map(|status| &status.attribute));
        let names: BTreeSet<&String> = names.collect();
        names.into_iter().cloned().collect()
    }

    /// The entry with an id, with these attributes.
    pub(super) async fn entry_by_id(
        &self,
        id: &str,
        asked: Vec<String>,
    ) -> Result<Option<Entry>, LdapError> {
        let filter = by_id(&self.client.target().id, id);
        let filter = self.client.filtered(&filter);
        match self.client.search(filter, asked, 1).await {
            Err(LdapError::TooMany(_)) => Ok(None),
            found => Ok(found?.pop()),
        }
    }

    pub(super) async fn entry(&self, who: &Who) -> Result<Option<Known>, IdentityError> {
        let found = match who {
            Who::Name(name) => self.client.named(name, self.asked()).await?,
            Who::Subject(SubjectId(id)) => self.entry_by_id(id, self.asked()).await?,
        };
        Ok(found.and_then(|entry| self.known(entry)))
    }

    /// An entry as somebody, where it has an id and a name that can be somebody's.
    fn known(&self, entry: Entry) -> Option<Known> {
        let target = self.client.target();
        let id = entry.one(&target.id)?.to_owned();
        let name = entry.one(&target.name)?.to_owned();
        NameKey::of(&name)?;
        let status = self.settings.status.as_ref();
        let active = status.is_none_or(|status| {
            let mut values = entry.all(&status.attribute).iter();
            !values.any(|value| value.eq_ignore_ascii_case(&status.inactive))
        });
        Some(Known {
            entry,
            id,
            name,
            active,
        })
    }

    /// A value of the directory as the schema has it.
    pub(super) fn read_value(&self, name: &str, texts: &[String]) -> Option<Value> {
        let list = || {
            let values = texts.iter().map(|text| Value::text(text.as_str()));
            Value::List(values.collect())
        };
        let first = texts.first()?;
        match self.schema.attribute(name).map(|known| known.shape) {
            Some(Shape::List) => Some(list()),
            Some(Shape::Flag) => Some(Value::Bool(first.eq_ignore_ascii_case("true"))),
            Some(Shape::Number) => first.parse().ok().map(Value::Int),
            Some(Shape::Text) => Some(Value::text(first.as_str())),
            _ if texts.len() == 1 => Some(Value::text(first.as_str())),
            _ => Some(list()),
        }
    }

    /// All that is known of somebody: what stands in the entry, and beside it.
    pub(super) fn all_of(&self, known: &Known) -> Result<BTreeMap<Arc<str>, Value>, IdentityError> {
        let row = self.store.user_by_id(&self.realm, &known.id)?;
        let beside = row.map(|row| row.attributes).unwrap_or_default();
        let mut profile: BTreeMap<Arc<str>, Value> = beside
            .iter()
            .filter(|(name, _)| self.place(name).is_none())
            .filter_map(|(name, kept)| {
                Some((self.schema.spelled(&Arc::from(&**name)), value(kept)?))
            })
            .collect();
        for (name, place) in &self.settings.attributes {
            if let Some(value) = self.read_value(name, known.entry.all(place)) {
                profile.insert(self.schema.spelled(&Arc::from(&**name)), value);
            }
        }
        let status = if known.active { "active" } else { "inactive" };
        profile.insert(self.schema.spelled(&Arc::from(STATUS)), Value::text(status));
        profile.insert(Arc::from(PASSWORD), Value::Secret(Secret::from("")));
        profile.insert(Arc::from(ID), Value::text(known.id.as_str()));
        profile.insert(
            Arc::clone(self.schema.name()),
            Value::text(known.name.as_str()),
        );
        Ok(profile)
    }

    pub(super) fn identity(
        &self,
        known: &Known,
        wanted: &[Arc<str>],
    ) -> Result<Identity, IdentityError> {
        let attributes = if wanted.is_empty() {
            BTreeMap::new()
        } else {
            picked(&self.all_of(known)?, wanted)
        };
        Ok(Identity {
            subject: SubjectId(Arc::from(known.id.as_str())),
            username: Arc::from(known.name.as_str()),
            active: known.active,
            attributes,
        })
    }

    pub(super) async fn find_now(
        &self,
        wanted: &FindIdentity,
    ) -> Result<Option<Identity>, IdentityError> {
        let place = |name: &str| self.place(name).map(str::to_owned);
        let Some(filter) = filter_for(&wanted.filter, &place) else {
            return Err(IdentityError::TooMany {
                most: self.settings.searched,
            });
        };
        let filter = self.client.filtered(&filter);
        let most = self.settings.searched;
        let found = self.client.search(filter, self.asked(), most).await?;
        let mut first = None;
        for known in found.into_iter().filter_map(|entry| self.known(entry)) {
            if !wanted.filter.matches(&self.all_of(&known)?) {
                continue;
            }
            if first.is_some() {
                return Ok(None);
            }
            first = Some(known);
        }
        match first {
            Some(known) => Ok(Some(self.identity(&known, &wanted.attributes)?)),
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::by_id;

    #[test]
    fn an_id_of_bytes_is_looked_for_as_bytes() {
        let digits = "00ff102030405060708090a0b0c0d0e0";
        assert_eq!(
            by_id("ObjectGUID", digits),
            r"(ObjectGUID=\00\ff\10\20\30\40\50\60\70\80\90\a0\b0\c0\d0\e0)"
        );
        assert_eq!(by_id("entryUUID", digits), format!("(entryUUID={digits})"));
        assert_eq!(
            by_id("objectGUID", "a*)(x=y"),
            r"(objectGUID=a\2a\29\28x=y)"
        );
    }
}
