//! Users in memory.
//!
//! Whoever compares secrets counts the failure first, does the same work for a name that nobody has, and
//! answers no differently when the tries are used up.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use wayfare::engine::effect::{Credential, Identity, Verify, Who};
use wayfare::engine::host::NoRandomness;
use wayfare::{Effect, EffectReply, Secret, SubjectId};

use crate::machine::{Hashed, drawn};

/// The users by name, and whom an unknown name is compared with.
#[derive(Debug)]
pub(crate) struct Users {
    by_name: BTreeMap<String, Mutex<User>>,
    nobody: Mutex<User>,
}

#[derive(Debug)]
struct User {
    password: Hashed,
    failures: u32,
}

/// How often a user may fail before nothing matches any more.
const FAILURES_MAX: u32 = 5;

impl Users {
    pub(crate) fn new() -> Result<Self, NoRandomness> {
        let unguessable = Secret::new(drawn::<16>()?.iter().map(|b| char::from(*b)).collect());
        Ok(Self {
            by_name: BTreeMap::new(),
            nobody: User::kept(&unguessable)?,
        })
    }

    pub(crate) fn add(&mut self, name: &str, password: &str) -> Result<(), NoRandomness> {
        let user = User::kept(&Secret::from(password))?;
        self.by_name.insert(name.to_owned(), user);
        Ok(())
    }

    /// Does what a run wants from outside; what it cannot do is `Failed`, never a guess.
    pub(crate) fn perform(&self, effect: &Effect) -> EffectReply {
        match effect {
            Effect::Verify(verify) if verify.credential == Credential::Password => {
                self.verify(verify)
            }
            Effect::ReadIdentity(read) => EffectReply::Identity(self.find(&read.who)),
            _ => EffectReply::Failed("this server has passwords only".to_owned()),
        }
    }

    fn verify(&self, verify: &Verify) -> EffectReply {
        let found = self.find(&verify.who);
        let row = found
            .as_ref()
            .and_then(|id| self.by_name.get(&*id.username));
        // Held while it compares: tries of one user wait for each other.
        let row = row.unwrap_or(&self.nobody).lock();
        let mut user = row.unwrap_or_else(PoisonError::into_inner);
        user.failures = user.failures.saturating_add(1);
        match (user.password.is(&verify.secret), found) {
            (true, Some(identity)) if user.failures <= FAILURES_MAX => {
                user.failures = 0;
                EffectReply::Match(identity)
            }
            _ => EffectReply::Miss,
        }
    }

    fn find(&self, who: &Who) -> Option<Identity> {
        let (Who::Name(name) | Who::Subject(SubjectId(name))) = who;
        self.by_name.contains_key(&**name).then(|| Identity {
            // Nobody is renamed here, so the name is the id.
            subject: SubjectId(name.clone()),
            username: name.clone(),
            active: true,
            attributes: BTreeMap::new(),
        })
    }
}

impl User {
    fn kept(password: &Secret<String>) -> Result<Mutex<Self>, NoRandomness> {
        Ok(Mutex::new(Self {
            password: Hashed::of(password)?,
            failures: 0,
        }))
    }
}
