//! Users made and changed: first the directory, whole, and then what is beside it.
//!
//! The two are not one transaction. Whoever is made with something beside is made inactive where the
//! settings say how, and active at the end; what fails before the end is taken away again. A change that
//! fails behind the directory is the same when it is made again.

use std::{collections::HashSet, sync::Arc};

use wayfare::{
    SubjectId, Value,
    engine::effect::{CreateIdentity, Judge, Judgement, PatchIdentity, Unmet, Who},
};
use wayfare_profile::{PASSWORD, STATUS, find, is_active};

use super::{
    InDirectory,
    beside::later,
    known::Known,
    meant,
    written::{Attributes, texts_of},
};
use crate::{
    identities::{IdentityError, Once, Outcome, judged, known_resource},
    ldap::{LdapError, Write, unmet},
    store::{effect::Seen, identity::Wrote},
};

/// The entry of that name is there already.
const EXISTS: u32 = 68;
/// The value does not meet what the directory asks.
const CONSTRAINT: u32 = 19;

impl InDirectory {
    pub(super) async fn create_now(
        &self,
        create: &CreateIdentity,
        once: Once<'_>,
    ) -> Result<Outcome, IdentityError> {
        known_resource(&create.resource)?;
        if let Some(wrote) = self.store.changed_before(once.id)? {
            return self.outcome(wrote, &[]).await;
        }
        let values = self.schema.made(&create.attributes);
        let _claimed = self.claims(&values).await;
        let taken = self.taken(&values, None).await?;
        let Ok(mut refused) = self.schema.refuses_new(&values, &taken);
        meant::add(&mut refused, self.meant(&values, None).await?);
        if !refused.is_empty() {
            return Ok(Outcome::Refused(refused));
        }
        let Some(Value::Text(name)) = find(&values, self.schema.name()).cloned() else {
            return Err(IdentityError::Other("there is no name".to_owned()));
        };
        let beside = self.beside_of(&values);
        let wanted = find(&values, STATUS).and_then(is_active).unwrap_or(true);
        // Nobody is let in to what is half there.
        let waits = wanted && !beside.is_empty() && self.settings.status.is_some();
        let (dn, mut attributes) = self.entry_of(&name, &values)?;
        if waits {
            let (status, inactive) = self.status(false)?;
            attributes.retain(|(name, _)| *name != status);
            attributes.push((status, inactive));
        }
        // It is noted first: whoever does it again after the process died is told that it was begun.
        if let Seen::Before(_) = self.store.begin_effect(once.id, once.exp).await? {
            return Err(IdentityError::Other("it was begun before".to_owned()));
        }
        match self.client.write(Write::Add(dn.clone(), attributes)).await {
            Ok(()) => {}
            Err(LdapError::Refused { code: EXISTS, .. }) => {
                return Ok(Outcome::Refused(vec![Unmet {
                    attribute: Arc::clone(self.schema.name()),
                    ..unmet("UNIQUE")
                }]));
            }
            Err(LdapError::Refused {
                code: CONSTRAINT, ..
            }) => return Ok(Outcome::Refused(vec![unmet("PASSWORD_QUALITY")])),
            Err(error) => return Err(error.into()),
        }
        let finished = async {
            let known = self.entry(&Who::Name(name)).await?.ok_or_else(|| {
                IdentityError::Other("the entry that was made is not found again".to_owned())
            })?;
            self.finish(known, beside, waits, once).await
        };
        match finished.await {
            Ok(known) => Ok(Outcome::Written(self.identity(&known, &[])?)),
            Err(error) => Err(self.take_away(dn, error).await),
        }
    }

    /// Where a new entry is, and all that it holds.
    fn entry_of(
        &self,
        name: &str,
        values: &std::collections::BTreeMap<Arc<str>, Value>,
    ) -> Result<(String, Attributes), IdentityError> {
        let Some(base) = &self.settings.create_in else {
            return Err(IdentityError::Other(
                "`ldap.create_in` does not say where users are made".to_owned(),
            ));
        };
        let mut attributes = self.written(values)?;
        let classes: HashSet<String> = self.settings.object_classes.iter().cloned().collect();
        attributes.push(("objectClass".to_owned(), classes));
        for (place, of) in &self.settings.defaults {
            let given = attributes
                .iter()
                .any(|(name, _)| name.eq_ignore_ascii_case(place));
            if let Some(texts) = find(values, of).and_then(texts_of).filter(|_| !given) {
                attributes.push((place.clone(), texts));
            }
        }
        attributes.retain(|(_, values)| !values.is_empty());
        let rdn = ldap3::dn_escape(name);
        let dn = format!("{}={rdn},{base}", self.client.target().name);
        Ok((dn, attributes))
    }

    /// What follows once the entry is there.
    async fn finish(
        &self,
        known: Known,
        beside: Vec<(Arc<str>, wayfare::engine::effect::Change)>,
        waits: bool,
        once: Once<'_>,
    ) -> Result<Known, IdentityError> {
        let mut known = known;
        self.note(&known).await?;
        self.change_beside(&known.id, beside, later(once)).await?;
        if waits {
            let write = Write::Replace(known.entry.dn.clone(), vec![self.status(true)?]);
            self.client.write(write).await?;
            known.active = true;
            self.note(&known).await?;
        }
        let wrote = Wrote::Subject(known.id.clone());
        self.store.end_effect(once.id, wrote.text()).await?;
        Ok(known)
    }

    /// Takes away an entry that was made and is not whole; what is told is why it is not.
    async fn take_away(&self, dn: String, error: IdentityError) -> IdentityError {
        match self.client.write(Write::Delete(dn.clone())).await {
            Ok(()) => error,
            Err(also) => IdentityError::Other(format!(
                "{error}; the entry {dn:?} that was made is not whole, and could not be taken away: {also}"
            )),
        }
    }

    pub(super) async fn patch_now(
        &self,
        patch: &PatchIdentity,
        once: Once<'_>,
    ) -> Result<Outcome, IdentityError> {
        known_resource(&patch.resource)?;
        if let Some(wrote) = self.store.changed_before(once.id)? {
            return self.outcome(wrote, &patch.attributes).await;
        }
        let Some(known) = self.entry(&patch.who).await? else {
            return Ok(Outcome::Nobody);
        };
        self.note(&known).await?;
        let before = self.all_of(&known)?;
        let values = self.schema.changed(&before, &patch.changes);
        let mut values = values.map_err(|error| IdentityError::Other(error.to_string()))?;
        // The same name is no change; another one would be another entry.
        let refused = self.renames(&known.entry.dn, &values, &before);
        if !refused.is_empty() {
            return Ok(Outcome::Refused(refused));
        }
        let name = self.schema.name();
        if let Some(renamed) = values.remove(name)
            && renamed.as_text() != Some(known.name.as_str())
        {
            return Ok(Outcome::Refused(vec![Unmet {
                attribute: Arc::clone(name),
                ..unmet("READ_ONLY")
            }]));
        }
        let _claimed = self.claims(&values).await;
        let taken = self.taken(&values, Some(&known.id)).await?;
        let Ok(mut refused) = self.schema.refuses(&values, &before, &taken);
        meant::add(&mut refused, self.meant(&values, Some(&known.id)).await?);
        if !refused.is_empty() {
            return Ok(Outcome::Refused(refused));
        }
        let written = self.written(&values)?;
        if !written.is_empty() {
            let write = Write::Replace(known.entry.dn.clone(), written);
            match self.client.write(write).await {
                Ok(()) => {}
                Err(LdapError::Refused {
                    code: CONSTRAINT, ..
                }) if find(&values, PASSWORD).is_some() => {
                    return Ok(Outcome::Refused(vec![unmet("PASSWORD_QUALITY")]));
                }
                Err(error) => return Err(error.into()),
            }
        }
        let mut beside = patch.changes.clone();
        beside.retain(|(name, _)| self.is_beside(name));
        self.change_beside(&known.id, beside, later(once)).await?;
        let is_new = find(&values, PASSWORD).is_some();
        self.end(&known.id, is_new, once).await?;
        self.outcome(Wrote::Subject(known.id), &patch.attributes)
            .await
    }

    async fn outcome(&self, wrote: Wrote, wanted: &[Arc<str>]) -> Result<Outcome, IdentityError> {
        match wrote {
            Wrote::Subject(id) => {
                let who = Who::Subject(SubjectId(Arc::from(id)));
                Ok(match self.entry(&who).await? {
                    Some(known) => {
                        self.note(&known).await?;
                        Outcome::Written(self.identity(&known, wanted)?)
                    }
                    None => Outcome::Nobody,
                })
            }
            Wrote::Nobody => Ok(Outcome::Nobody),
            Wrote::Refused(_) => Ok(Outcome::Refused(Vec::new())),
            Wrote::Failed(message) => Err(IdentityError::Other(message)),
        }
    }

    pub(super) async fn judge_now(&self, judge: &Judge) -> Result<Vec<Judgement>, IdentityError> {
        known_resource(&judge.resource)?;
        let known = match &judge.who {
            Some(who) => self.entry(who).await?,
            None => None,
        };
        let all = match &known {
            Some(known) => self.all_of(known)?,
            None => std::collections::BTreeMap::new(),
        };
        let values = self.schema.made(&judge.values);
        let but = known.as_ref().map(|known| known.id.as_str());
        let taken = self.taken(&values, but).await?;
        let Ok(judged) = judged(&self.schema, judge, &all, &taken);
        Ok(judged)
    }
}
