//! A store of identities of its own, with hashing that a test can afford.

use std::{collections::BTreeMap, sync::Arc};

use tempfile::TempDir;
use wayfare::{
    EffectReply, Filter, Realm, Timestamp, Value,
    engine::effect::{
        Change, CreateIdentity, EffectId, FindIdentity, Identity, Judge, PatchIdentity, Who,
    },
};
use wayfare_profile::Schema;
use wayfare_server::{
    config::{Config, Durability},
    hash::HashPool,
    identities::{Embedded, Hasher, Identities as _, IdentityError, Once, Outcome, Typed},
    store::Store,
};

/// The time at which everything happens.
pub(crate) const NOW: Timestamp = Timestamp(1_800_000_000_000);

/// A store of identities, and what it stands on.
pub(crate) struct Bench {
    pub(crate) identities: Embedded,
    pub(crate) store: Store,
    pub(crate) pool: HashPool,
    pub(crate) folder: TempDir,
    pub(crate) ordinal: u32,
}

pub(crate) fn alpha() -> Realm {
    Realm::parse("/alpha").expect("a realm")
}

pub(crate) fn text(text: &str) -> Value {
    Value::text(text)
}

pub(crate) fn values<const N: usize>(pairs: [(&str, Value); N]) -> BTreeMap<Arc<str>, Value> {
    pairs
        .into_iter()
        .map(|(name, value)| (Arc::from(name), value))
        .collect()
}

pub(crate) fn named(name: &str) -> Who {
    Who::Name(Arc::from(name))
}

pub(crate) fn set(value: impl Into<Value>) -> Change {
    Change::Set(value.into())
}

pub(crate) fn change(name: &str, change: Change) -> (Arc<str>, Change) {
    (Arc::from(name), change)
}

fn names(names: &[&str]) -> Vec<Arc<str>> {
    names.iter().map(|name| Arc::from(*name)).collect()
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with(Schema::standard())
    }

    pub(crate) fn with(schema: Arc<Schema>) -> Self {
        let folder = TempDir::new().expect("a folder");
        let store = Store::open(folder.path(), Durability::Normal).expect("a store");
        let mut config = Config::default();
        config.hash.memory_kib = 8;
        config.hash.time = 1;
        config.hash.threads = 1;
        Self {
            identities: Embedded::open(store.clone(), alpha(), schema).expect("identities"),
            pool: HashPool::start(&config.hash).expect("a pool"),
            store,
            folder,
            ordinal: 0,
        }
    }

    pub(crate) fn next(&mut self) -> EffectId {
        self.ordinal += 1;
        EffectId {
            run: 1,
            generation: 0,
            ordinal: self.ordinal,
        }
    }

    pub(crate) fn once(&self, id: EffectId) -> Once<'_> {
        Once {
            id,
            exp: Timestamp(NOW.0 + 60_000),
            now: NOW,
            hasher: Hasher::new(&self.pool, None),
            spared: None,
        }
    }

    pub(crate) async fn create(
        &mut self,
        attributes: BTreeMap<Arc<str>, Value>,
    ) -> Result<Outcome, IdentityError> {
        let id = self.next();
        self.create_as(id, attributes).await
    }

    pub(crate) async fn create_as(
        &self,
        id: EffectId,
        attributes: BTreeMap<Arc<str>, Value>,
    ) -> Result<Outcome, IdentityError> {
        let create = CreateIdentity {
            resource: Arc::from("managed/user"),
            attributes,
        };
        self.identities.create(&create, self.once(id)).await
    }

    pub(crate) async fn patch(
        &mut self,
        who: Who,
        changes: Vec<(Arc<str>, Change)>,
    ) -> Result<Outcome, IdentityError> {
        let id = self.next();
        self.patch_as(id, who, changes).await
    }

    pub(crate) async fn patch_as(
        &self,
        id: EffectId,
        who: Who,
        changes: Vec<(Arc<str>, Change)>,
    ) -> Result<Outcome, IdentityError> {
        let patch = PatchIdentity {
            resource: Arc::from("managed/user"),
            who,
            changes,
            attributes: names(&[
                "userName",
                "mail",
                "sn",
                "_loginCount",
                "aliasList",
                "accountStatus",
            ]),
        };
        self.identities.patch(&patch, self.once(id)).await
    }

    pub(crate) async fn find(
        &self,
        filter: &str,
        wanted: &[&str],
    ) -> Result<Option<Identity>, IdentityError> {
        let wanted = FindIdentity {
            filter: Filter::parse(filter).expect("a filter"),
            attributes: names(wanted),
        };
        self.identities.find(&wanted).await
    }

    pub(crate) async fn read(&self, name: &str, wanted: &[&str]) -> Option<Identity> {
        let read = self.identities.read(&named(name), &names(wanted)).await;
        read.expect("a read")
    }

    pub(crate) async fn judge(&self, judge: &Judge) -> EffectReply {
        EffectReply::Judged(self.identities.judge(judge).await.expect("a judgement"))
    }

    pub(crate) async fn compare(&self, name: &str, typed: Typed<'_>) -> bool {
        let user = self.read(name, &[]).await;
        let whose = user.as_ref().map(|user| &user.subject);
        let hasher = Hasher::new(&self.pool, None);
        let compared = self.identities.compare(whose, typed, hasher).await;
        compared.expect("a comparison")
    }
}
