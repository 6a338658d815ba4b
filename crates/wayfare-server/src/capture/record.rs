//! Records: how users are found, and what clients see of them.

use std::{collections::BTreeMap, sync::Arc};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value as Json, json};
use wayfare::{
    SubjectId, Timestamp, Value,
    engine::effect::{Change, FindIdentity, Identity, PatchIdentity, Who},
    filter::Filter,
};
use wayfare_profile::{CREATED, LINKS};
use wayfare_wire::capture::{
    call::{RecordKey, Selector},
    date,
    error::Error,
};

use super::{Capture, Turn};
use crate::{
    config::{CaptureClient, RealmSettings},
    identities::{Hasher, IdentityError, Once, Outcome, json as json_of},
    store::record::Record,
};

/// The attribute whose time says that the address was verified.
pub(super) const EMAIL_VERIFIED: &str = "emailVerified";

/// The attribute that holds the address.
pub(super) const EMAIL: &str = "email";

/// Attributes that every record has and nobody sets.
const RESERVED: [&str; 4] = ["uuid", "id", "created", "lastUpdated"];

/// A user, and what is kept of the record.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) identity: Identity,
    pub(super) record: Record,
}

impl Found {
    pub(super) fn subject(&self) -> &str {
        &self.identity.subject.0
    }

    pub(super) fn uuid(&self) -> String {
        uuid(self.subject())
    }
}

/// The id of a user as records show it. Ids that the server made are 16 bytes, which are a UUID; others
/// are shown as they are.
pub(super) fn uuid(subject: &str) -> String {
    let bytes = URL_SAFE_NO_PAD.decode(subject).unwrap_or_default();
    if bytes.len() != 16 || subject.len() != 22 {
        return subject.to_owned();
    }
    let digits = crate::audit::hex(bytes.iter());
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default().to_owned();
    [
        part(0, 8),
        part(8, 12),
        part(12, 16),
        part(16, 20),
        part(20, 32),
    ]
    .join("-")
}

/// The id of the user whom records show by this one; nobody's where records show nobody so.
fn subject_of(shown: &str) -> String {
    let digits: Vec<u32> = shown.chars().filter_map(|c| c.to_digit(16)).collect();
    let byte = |pair: &[u32]| match pair {
        [high, low] => u8::try_from(high * 16 + low).ok(),
        _ => None,
    };
    let bytes: Vec<u8> = digits.chunks(2).filter_map(byte).collect();
    let known = [URL_SAFE_NO_PAD.encode(bytes), shown.to_owned()];
    let mut known = known.into_iter();
    known
        .find(|subject| uuid(subject).eq_ignore_ascii_case(shown))
        .unwrap_or_default()
}

impl Turn<'_> {
    /// The record that a request names; a client finds none by what it does not see.
    pub(super) async fn find(
        &self,
        selector: &Selector,
        client: Option<&CaptureClient>,
    ) -> Result<Found, Error> {
        self.known_type(&selector.type_name)?;
        let who = match &selector.key {
            RecordKey::Uuid(uuid) => Who::Subject(SubjectId(Arc::from(subject_of(uuid)))),
            RecordKey::Id(number) => {
                let realm = &self.place.state.realm;
                let subject = self.app.store().record_subject(realm, *number);
                let subject = self.stored(subject)?.ok_or_else(Error::not_found)?;
                Who::Subject(SubjectId(Arc::from(subject)))
            }
            RecordKey::Attribute { name, .. }
                if !client.is_none_or(|client| sees(client, name)) =>
            {
                return Err(Error::attribute(name));
            }
            RecordKey::Attribute { name, value } => Who::Subject(
                self.find_by(name, value)
                    .await?
                    .ok_or_else(Error::not_found)?,
            ),
        };
        self.whose(&who).await?.ok_or_else(Error::not_found)
    }

    /// Changes attributes of a user outside of any journey.
    pub(super) async fn change(
        &self,
        found: &Found,
        changes: Vec<(Arc<str>, Change)>,
    ) -> Result<Outcome, Error> {
        let hasher = Hasher::new(&self.app.performer.hash, None);
        let once =
            Once::drawn(self.app.clock.now(), hasher).map_err(|error| self.broken(&error))?;
        let patch = PatchIdentity {
            resource: Arc::from("managed/user"),
            who: Who::Subject(found.identity.subject.clone()),
            changes,
            attributes: Vec::new(),
        };
        self.identified(self.place.state.identities.patch(&patch, once).await)
    }

    /// Takes attributes of a user away; whether the store lets them be.
    pub(super) async fn empty(&self, found: &Found, attributes: &[&str]) -> Result<bool, Error> {
        let changes = attributes.iter();
        let changes = changes.map(|name| (Arc::from(*name), Change::Remove));
        match self.change(found, changes.collect()).await? {
            Outcome::Written(_) => Ok(true),
            Outcome::Refused(_) => Ok(false),
            Outcome::Nobody => Err(Error::not_found()),
        }
    }

    pub(super) fn known_type(&self, name: &str) -> Result<(), Error> {
        if name == self.place.capture.settings.type_name {
            Ok(())
        } else {
            Err(Error::entity_type(name))
        }
    }

    /// The one user with this value of an attribute of records.
    pub(super) async fn find_by(
        &self,
        name: &str,
        value: &str,
    ) -> Result<Option<SubjectId>, Error> {
        let attributes = &self.place.capture.settings.attributes;
        let attribute = attributes.get(name).ok_or_else(|| Error::attribute(name))?;
        let wanted = FindIdentity {
            filter: Filter::equal(attribute, value),
            attributes: Vec::new(),
        };
        let found = self.place.state.identities.find(&wanted).await;
        Ok(self.identified(found)?.map(|identity| identity.subject))
    }

    /// A user with all that is known of them.
    pub(super) async fn whose(&self, who: &Who) -> Result<Option<Found>, Error> {
        let state = self.place.state;
        let found = state.identities.profile(who).await;
        let Some(identity) = self.identified(found)? else {
            return Ok(None);
        };
        let kept = self
            .app
            .store()
            .record(&state.realm, &identity.subject.0)
            .await;
        let record = self.stored(kept)?;
        Ok(Some(Found { identity, record }))
    }

    pub(super) fn identified<T>(&self, done: Result<T, IdentityError>) -> Result<T, Error> {
        done.map_err(|error| self.broken(&error))
    }
}

impl Capture {
    /// The value that an attribute of a record has.
    pub(super) fn value<'f>(&self, found: &'f Found, path: &str) -> Option<&'f Value> {
        let attribute = self.settings.attributes.get(path)?;
        value_at(&found.identity.attributes, attribute)
    }

    /// The address of a user.
    pub(super) fn email<'f>(&self, found: &'f Found) -> Option<&'f str> {
        match self.value(found, EMAIL)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether records have this attribute, or one below it.
    pub(super) fn has(&self, path: &str) -> bool {
        let known = RESERVED.iter().copied().chain([EMAIL_VERIFIED, "profiles"]);
        let below = |known: &str| {
            known == path
                || known
                    .strip_prefix(path)
                    .is_some_and(|rest| rest.starts_with('.'))
        };
        let mut all = known.chain(self.settings.attributes.keys().map(String::as_str));
        all.any(below)
    }

    /// A record as a client sees it.
    pub(super) fn shown(
        &self,
        found: &Found,
        client: Option<&CaptureClient>,
        realm: &RealmSettings,
    ) -> Map<String, Json> {
        let mut record = Map::new();
        record.insert("uuid".to_owned(), Json::from(found.uuid()));
        record.insert("id".to_owned(), Json::from(found.record.number));
        let created = created(&found.identity);
        record.insert("created".to_owned(), time(created));
        record.insert(
            "lastUpdated".to_owned(),
            time(found.record.updated.or(created)),
        );
        record.insert(EMAIL_VERIFIED.to_owned(), time(self.verified(found)));
        for path in self.settings.attributes.keys() {
            let value = self.value(found, path).and_then(json_of);
            put(&mut record, path, value.unwrap_or(Json::Null));
        }
        record.insert("profiles".to_owned(), Json::Array(profiles(found, realm)));
        if let Some(view) = client.and_then(|client| client.view.as_ref()) {
            return seen(&record, view.iter().map(String::as_str));
        }
        record
    }

    /// When the address that a user has now was verified.
    pub(super) fn verified(&self, found: &Found) -> Option<Timestamp> {
        let verified = found.record.verified.get(EMAIL_VERIFIED)?;
        let same = self.email(found)?.eq_ignore_ascii_case(&verified.of);
        same.then_some(verified.at)
    }
}

/// Whether a client sees an attribute of records.
fn sees(client: &CaptureClient, path: &str) -> bool {
    let within = |seen: &String| {
        path.strip_prefix(seen.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    client
        .view
        .as_ref()
        .is_none_or(|view| view.iter().any(within))
}

/// Those parts of a record that these paths name.
pub(super) fn seen<'p>(
    record: &Map<String, Json>,
    paths: impl Iterator<Item = &'p str>,
) -> Map<String, Json> {
    let mut part = Map::new();
    for path in paths {
        if let Some(value) = at(record, path) {
            put(&mut part, path, value.clone());
        }
    }
    part
}

/// What stands at a path of a record.
pub(super) fn at<'r>(record: &'r Map<String, Json>, path: &str) -> Option<&'r Json> {
    let mut names = path.split('.');
    let first = record.get(names.next()?)?;
    names.try_fold(first, |value, name| value.as_object()?.get(name))
}

/// BOUND: as often as there are names in the path.
fn put(record: &mut Map<String, Json>, path: &str, value: Json) {
    let mut at = record;
    let mut names = path.split('.').peekable();
    while let Some(name) = names.next() {
        if names.peek().is_none() {
            at.insert(name.to_owned(), value);
            return;
        }
        let inner = at.entry(name).or_insert_with(|| json!({}));
        let Some(inner) = inner.as_object_mut() else {
            return;
        };
        at = inner;
    }
}

/// What an attribute of users holds, by name or by path.
fn value_at<'v>(attributes: &'v BTreeMap<Arc<str>, Value>, path: &str) -> Option<&'v Value> {
    let mut names = path.trim_start_matches('/').split('/');
    let first = names.next()?;
    let found = attributes
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(first))?
        .1;
    names.try_fold(found, |value, name| match value {
        Value::Map(map) => map
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, v)| v),
        _ => None,
    })
}

/// The identities of other providers.
fn profiles(found: &Found, realm: &RealmSettings) -> Vec<Json> {
    let Some(Value::List(list)) = value_at(&found.identity.attributes, LINKS) else {
        return Vec::new();
    };
    let links = list.iter().filter_map(Value::as_text);
    let shown = links.zip(1_u64..).map(|(link, id)| {
        let identifier = identifier(realm, link);
        let rest = identifier.split_once("://").map_or("", |(_, rest)| rest);
        let domain = rest.split('/').next().unwrap_or_default();
        json!({ "id": id, "domain": domain, "identifier": identifier })
    });
    shown.collect()
}

/// The address that stands for a link, which is a provider by its name here and somebody by the name there.
pub(super) fn identifier(realm: &RealmSettings, link: &str) -> String {
    let known = realm.providers.iter().filter_map(|(name, provider)| {
        let subject = link.strip_prefix(name.as_str())?.strip_prefix('-')?;
        let issuer = provider.issuer.as_deref().unwrap_or(name);
        Some((
            name.len(),
            format!("{}/{subject}", issuer.trim_end_matches('/')),
        ))
    });
    let longest = known.max_by_key(|(length, _)| *length);
    longest.map_or_else(|| link.to_owned(), |(_, identifier)| identifier)
}

/// When a user was made.
fn created(identity: &Identity) -> Option<Timestamp> {
    let Value::Text(text) = value_at(&identity.attributes, CREATED)? else {
        return None;
    };
    let (day, rest) = text.split_once('T')?;
    let (second, part) = rest
        .split_once('.')
        .unwrap_or((rest.trim_end_matches('Z'), ""));
    let seconds = date::seconds(&format!("{day} {second}"))?;
    let millis = part.trim_end_matches('Z').parse().unwrap_or(0_u64);
    Some(Timestamp(
        u64::try_from(seconds).ok()? * 1_000 + millis.min(999),
    ))
}

fn time(at: Option<Timestamp>) -> Json {
    at.map_or(Json::Null, |at| {
        let millis = i64::try_from(at.0).unwrap_or(0);
        Json::from(date::record(millis.saturating_mul(1_000)))
    })
}
