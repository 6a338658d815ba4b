//! Stores of identities: who exists, what is known of them, and what is compared with what they type.
//!
//! Runs ask by effects; the performer counts tries, and asks a store of identities for the rest. The one in
//! this crate is [`Embedded`], in the server's own database. Another one implements [`Identities`] and is
//! given to [`crate::Server::identities`]. A store never waits for a try and counts none.

mod document;
mod embedded;
pub(crate) mod json;
mod ldap;
mod plan;
mod profile;

use std::{fmt, pin::Pin, sync::Arc};

use wayfare::{
    Secret, SubjectId, Timestamp, Value,
    engine::{
        effect::{
            Change, CreateIdentity, EffectId, FindIdentity, Identity, Judge, Judgement,
            PatchIdentity, Unmet, Who,
        },
        host::{NoRandomness, id_of},
    },
};

use wayfare_profile::PASSWORD;

pub use crate::ldap::Bound;
use crate::{
    clock::drawn,
    hash::{Against, HashPool, Permit},
    store::StoreError,
};

pub use self::document::{DocumentError, Documents};
pub(crate) use self::document::{documents, schema};
pub use self::embedded::{Embedded, OBJECT_BYTES_MAX, SCAN_MAX, SECRETS_MAX};
pub(crate) use self::json::{json, value};
pub(crate) use self::ldap::InDirectory;
pub use self::plan::plan;
use self::profile::{judged, known_resource, picked, shown, stamped};

/// Why a store of identities could not do something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It keeps no objects of this kind.
    #[error("no `{0}` are kept here")]
    Resource(Arc<str>),
    /// A search would have to look at too many identities.
    #[error(
        "the filter tells too few apart: more than {most} identities would have to be looked at; let it ask \
         for an attribute that the schema calls searchable"
    )]
    TooMany {
        /// How many are looked at.
        most: usize,
    },
    /// Anything else, in words for whoever runs the server.
    #[error("{0}")]
    Other(String),
}

/// What a store answers, when it does.
pub type Done<'a, T> = Pin<Box<dyn Future<Output = Result<T, IdentityError>> + Send + 'a>>;

/// What came of a change.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It is as wanted now.
    Written(Identity),
    /// Nothing was written, for these reasons.
    Refused(Vec<Unmet>),
    /// There is nobody to change.
    Nobody,
}

/// A change that happens once, however often it is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Once<'a> {
    /// The effect; a store remembers what came of it and tells the same again.
    pub id: EffectId,
    /// Until when it may be asked for again.
    pub exp: Timestamp,
    /// The time now.
    pub now: Timestamp,
    /// What secrets are hashed by.
    pub hasher: Hasher<'a>,
    /// The handle of the session that stays, with its tokens, where all others of the user's end: that of
    /// the run that sets a new password.
    pub spared: Option<&'a str>,
}

impl<'a> Once<'a> {
    /// A change of a request's own, which is asked for here and now and by nobody again.
    ///
    /// # Errors
    /// There is no randomness for its id.
    pub fn drawn(now: Timestamp, hasher: Hasher<'a>) -> Result<Self, NoRandomness> {
        let run = id_of(now, drawn()?);
        Ok(Self {
            id: EffectId {
                run,
                generation: 0,
                ordinal: 0,
            },
            exp: now,
            now,
            hasher,
            spared: None,
        })
    }
}

/// What somebody typed, and what it is to be compared with.
#[derive(Debug, Clone, Copy)]
pub enum Typed<'a> {
    /// A password.
    Password(&'a Secret<String>),
    /// Answers to security questions that stand under an attribute; all of them must be right.
    Answers {
        /// The attribute.
        attribute: &'a str,
        /// Questions, by the id of the realm's or as the user's own, with the answers.
        answers: &'a [(&'a str, &'a Secret<String>)],
    },
}

/// A store of identities of one realm.
///
/// Names are those of the schema, and letter case does not matter in them. What is secret goes in and never
/// comes out. A change is made whole or not at all, and a store that fails has changed nothing.
pub trait Identities: fmt::Debug + Send + Sync + 'static {
    /// An identity, with those of the attributes that are there and may be seen.
    fn read<'a>(&'a self, who: &'a Who, wanted: &'a [Arc<str>]) -> Done<'a, Option<Identity>>;

    /// An identity with all that its profile has and may be seen.
    fn profile<'a>(&'a self, who: &'a Who) -> Done<'a, Option<Identity>>;

    /// Whether its owner is shown an attribute of a profile.
    fn is_viewable(&self, attribute: &str) -> bool {
        let _ = attribute;
        true
    }

    /// The one identity that a filter holds for; nobody where there are several.
    fn find<'a>(&'a self, wanted: &'a FindIdentity) -> Done<'a, Option<Identity>>;

    /// Makes an identity.
    fn create<'a>(&'a self, create: &'a CreateIdentity, once: Once<'a>) -> Done<'a, Outcome>;

    /// Changes an identity.
    fn patch<'a>(&'a self, patch: &'a PatchIdentity, once: Once<'a>) -> Done<'a, Outcome>;

    /// What is known of attributes, and how values of them would fare: one for each that is asked about.
    fn judge<'a>(&'a self, judge: &'a Judge) -> Done<'a, Vec<Judgement>>;

    /// Sets an account active or not; `false` where there is none.
    fn set_status<'a>(&'a self, who: &'a Who, active: bool) -> Done<'a, bool>;

    /// Somebody of whom a factor was proved has got through a journey, with a session or without: whatever
    /// counted tries until then may go.
    fn logged_in<'a>(&'a self, whose: &'a SubjectId) -> Done<'a, ()> {
        let _ = whose;
        Box::pin(async { Ok(()) })
    }

    /// What somebody's persistent cookies depend on: another text once the password is another, and nothing
    /// where the store cannot tell, or there is nobody. Where it is nothing, no cookie is set and none lets in.
    fn stamp<'a>(&'a self, whose: &'a SubjectId) -> Done<'a, Option<String>> {
        let _ = whose;
        Box::pin(async { Ok(None) })
    }

    /// Whether somebody has a password; nothing where the store cannot tell.
    fn has_password<'a>(&'a self, whose: &'a SubjectId) -> Done<'a, Option<bool>> {
        let _ = whose;
        Box::pin(async { Ok(None) })
    }

    /// Whether what was typed is right.
    ///
    /// A try has been taken by now. Where there is nobody, or no try was left, `whose` is `None`: that must
    /// take as long as a comparison, and it is never right.
    fn compare<'a>(
        &'a self,
        whose: Option<&'a SubjectId>,
        typed: Typed<'a>,
        hasher: Hasher<'a>,
    ) -> Done<'a, bool>;

    /// Whether a password is right, and what a policy of the store's own says of it; where there is a new
    /// one and the old one is right, it is the password from then on.
    ///
    /// As with `compare`, a try has been taken. A store without a policy compares, and changes.
    fn bind<'a>(
        &'a self,
        whose: Option<&'a SubjectId>,
        typed: &'a Secret<String>,
        new: Option<&'a Secret<String>>,
        once: Once<'a>,
    ) -> Done<'a, Bound> {
        Box::pin(async move {
            let right = self
                .compare(whose, Typed::Password(typed), once.hasher)
                .await?;
            let Some(whose) = whose.filter(|_| right) else {
                return Ok(Bound::Wrong);
            };
            let Some(new) = new else {
                return Ok(Bound::Right);
            };
            let new = Change::Set(Value::Secret(new.clone()));
            let patch = PatchIdentity {
                resource: Arc::from("managed/user"),
                who: Who::Subject(whose.clone()),
                changes: vec![(Arc::from(PASSWORD), new)],
                attributes: Vec::new(),
            };
            Ok(match self.patch(&patch, once).await? {
                Outcome::Written(_) => Bound::Right,
                Outcome::Refused(unmet) => Bound::Refused(unmet),
                Outcome::Nobody => Bound::Wrong,
            })
        })
    }
}

/// The threads that hash, for one step.
#[derive(Debug, Clone, Copy)]
pub struct Hasher<'a> {
    pool: &'a HashPool,
    permit: Option<&'a Permit>,
}

impl<'a> Hasher<'a> {
    /// A hasher for a step that holds this permit; without one it asks for a place each time.
    pub fn new(pool: &'a HashPool, permit: Option<&'a Permit>) -> Self {
        Self { pool, permit }
    }

    fn permit(&self) -> Result<Permit, IdentityError> {
        match self.permit {
            Some(permit) => Ok(permit.clone()),
            None => (self.pool.admit())
                .ok_or_else(|| IdentityError::Other("no thread is free to hash".to_owned())),
        }
    }

    /// Compares what was typed.
    ///
    /// # Errors
    /// No thread is free, or the stored hash cannot be read.
    pub async fn verify(
        &self,
        typed: &Secret<String>,
        against: Against,
    ) -> Result<bool, IdentityError> {
        let permit = self.permit()?;
        let compared = self.pool.verify(&permit, typed, against).await;
        compared.map_err(|error| IdentityError::Other(error.to_string()))
    }

    /// Which of these hashes is that of what was typed.
    ///
    /// # Errors
    /// No thread is free, or a stored hash cannot be read.
    pub async fn find(
        &self,
        typed: &Secret<String>,
        stored: &[String],
    ) -> Result<Option<usize>, IdentityError> {
        let permit = self.permit()?;
        let found = self.pool.find(&permit, typed, stored).await;
        found.map_err(|error| IdentityError::Other(error.to_string()))
    }

    /// The hashes of secrets that stand for one another, with one salt.
    ///
    /// # Errors
    /// No thread is free, or there is no randomness.
    pub async fn hash_alike(
        &self,
        secrets: &[Secret<String>],
    ) -> Result<Vec<String>, IdentityError> {
        let permit = self.permit()?;
        let hashed = self.pool.hash_alike(&permit, secrets).await;
        hashed.map_err(|error| IdentityError::Other(error.to_string()))
    }

    /// The hash of a secret, as a PHC string.
    ///
    /// # Errors
    /// No thread is free, or there is no randomness.
    pub async fn hash(&self, secret: &Secret<String>) -> Result<String, IdentityError> {
        let permit = self.permit()?;
        let hashed = self.pool.hash(&permit, secret).await;
        hashed.map_err(|error| IdentityError::Other(error.to_string()))
    }
}
