//! Who is meant by a name that is typed.
//!
//! In: what is about to be written to an entry. Out: which of it another entry is found by already, so that
//! by that name nobody could be meant any more, the other included. A directory does not keep them apart:
//! to it the name of one and the address of another are two things.

use std::{collections::BTreeMap, sync::Arc};

use wayfare::{Value, engine::effect::Unmet};

use super::InDirectory;
use crate::{
    identities::IdentityError,
    ldap::{LdapError, escaped, unmet},
};

impl InDirectory {
    /// Which values name somebody else already, whichever of the attributes that a typed name is looked
    /// for in holds them there.
    pub(super) async fn meant(
        &self,
        values: &BTreeMap<Arc<str>, Value>,
        but: Option<&str>,
    ) -> Result<Vec<Unmet>, IdentityError> {
        let target = self.client.target();
        let mut all = Vec::new();
        for (name, value) in values {
            let looked_in = self.place(name).is_some_and(|place| {
                let mut search = target.search.iter();
                search.any(|at| at.eq_ignore_ascii_case(place))
            });
            if !looked_in {
                continue;
            }
            let texts = match value {
                Value::List(list) => list.iter().filter_map(Value::as_text).collect(),
                one => one.as_text().into_iter().collect::<Vec<_>>(),
            };
            for text in texts.into_iter().filter(|text| !text.is_empty()) {
                if self.names_another(text, but).await? {
                    all.push(Unmet {
                        attribute: self.schema.spelled(name),
                        ..unmet("UNIQUE")
                    });
                    break;
                }
            }
        }
        Ok(all)
    }

    async fn names_another(&self, text: &str, but: Option<&str>) -> Result<bool, IdentityError> {
        let target = self.client.target();
        let text = escaped(text);
        let by = target.search.iter().map(|at| format!("({at}={text})"));
        let filter = self
            .client
            .filtered(&format!("(|{})", by.collect::<String>()));
        let asked = vec![target.id.clone()];
        match self.client.search(filter, asked, 2).await {
            Err(LdapError::TooMany(_)) => Ok(true),
            found => Ok(found?
                .iter()
                .any(|entry| but.is_none() || entry.one(&target.id) != but)),
        }
    }
}

/// Adds to what is refused for other reasons; an attribute is named once.
pub(super) fn add(refused: &mut Vec<Unmet>, meant: Vec<Unmet>) {
    for unmet in meant {
        if !refused
            .iter()
            .any(|known| known.attribute == unmet.attribute)
        {
            refused.push(unmet);
        }
    }
}
