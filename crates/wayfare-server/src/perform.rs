//! Effects: what a run wants from outside is done here.
//!
//! Comparing a secret goes: wait in the account's queue, take a try on disk, compare, give the tries back
//! on success. Whoever is unknown, out of tries or without a password costs the same hash and gets the
//! same answer. Effects that must not happen twice are noted by their id first.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError, Weak},
};

use ring::digest::{SHA256, digest};
use serde_json::Value as Json;
use wayfare::{
    Effect, EffectReply, Realm, Secret, SubjectId, Timestamp, Value,
    engine::{
        effect::{
            COUNTER, Credential, EffectId, Identity, Message, Missed, OathKey, OathWindow,
            ReadDevices, ReadSession, RemoveDevice, SessionView, StoreDevice, Verify,
        },
        step::Call,
    },
};

use wayfare_wire::am::authenticate::Delivery;

use crate::{
    audit::Log,
    bind::Directories,
    clock::Clock,
    config::{Lockout, RealmSettings},
    devices::Devices,
    external::Outside,
    hash::{HashPool, Permit},
    identities::{Documents, Hasher, Identities, IdentityError, Once, Outcome, Typed, value},
    keyed,
    mail::Post,
    social::{Providers, SocialTokens},
    store::{
        Store, StoreError,
        counter::{CounterKey, Reserved},
    },
    web::Web,
};

/// What performs the effects of all runs.
#[derive(Debug)]
pub struct Performer {
    pub(crate) store: Store,
    pub(crate) hash: Arc<HashPool>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) post: Post,
    pub(crate) log: Arc<Log>,
    pub(crate) outside: Outside,
    pub(crate) web: Web,
    pub(crate) directories: Directories,
    pub(crate) providers: Providers,
    pub(crate) social: SocialTokens,
    pub(crate) queues: Queues,
}

/// Where an effect comes from.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The realm of the run.
    pub realm: &'a Realm,
    /// Its settings.
    pub settings: &'a RealmSettings,
    /// Who is there.
    pub identities: &'a Arc<dyn Identities>,
    /// Its documents.
    pub documents: &'a Documents,
    /// The devices of its users.
    pub devices: &'a Devices,
    /// Until when the run may last; its effects are remembered as long.
    pub exp: Timestamp,
    /// The right to hash that the step holds.
    pub permit: Option<&'a Permit>,
    /// The handle of the session that the run began with.
    pub session: Option<&'a str>,
    /// Whether whoever drives the run wants to know why a comparison was a miss.
    pub tells: bool,
}

impl Place<'_> {
    /// A miss, with the reason where it is wanted. It costs what every miss costs.
    pub(crate) fn missed(&self, why: Missed) -> EffectReply {
        if self.tells {
            EffectReply::Missed(why)
        } else {
            EffectReply::Miss
        }
    }
}

impl Performer {
    /// A performer over these parts.
    pub fn new(
        store: Store,
        hash: Arc<HashPool>,
        clock: Arc<dyn Clock>,
        post: Post,
        log: Arc<Log>,
    ) -> Self {
        let social = SocialTokens::new(store.clone());
        Self {
            store,
            hash,
            clock,
            post,
            log,
            outside: Outside::default(),
            web: Web::default(),
            directories: Directories::default(),
            providers: Providers::default(),
            social,
            queues: Queues::default(),
        }
    }

    /// The same with whoever answers for nodes outside.
    pub(crate) fn outside(mut self, outside: Outside) -> Self {
        self.outside = outside;
        self
    }

    /// The same with what asks for scripts.
    pub(crate) fn web(mut self, web: Web) -> Self {
        self.web = web;
        self
    }

    /// The same with the directories that nodes name.
    pub(crate) fn directories(mut self, directories: Directories) -> Self {
        self.directories = directories;
        self
    }

    /// The same with the identity providers of the realms.
    pub(crate) fn providers(mut self, providers: Providers, social: SocialTokens) -> Self {
        self.providers = providers;
        self.social = social;
        self
    }

    /// Does what is wanted. What cannot be done is [`EffectReply::Failed`], never a guess.
    pub async fn perform(&self, call: &Call, place: Place<'_>) -> EffectReply {
        let done = match &call.effect {
            Effect::Verify(verify) => match &verify.credential {
                Credential::Bind(bind) => self.bind(call.id, (verify, bind), place).await,
                _ => self.verify(call.id, verify, place).await,
            },
            Effect::ReadIdentity(read) => {
                let found = place.identities.read(&read.who, &read.attributes).await;
                found.map(EffectReply::Identity)
            }
            Effect::FindIdentity(find) => {
                let found = place.identities.find(find).await;
                found.map(EffectReply::Identity)
            }
            Effect::CreateIdentity(create) => {
                let made = place.identities.create(create, self.once(call.id, place));
                made.await.map(written)
            }
            Effect::PatchIdentity(patch) => {
                let changed = place.identities.patch(patch, self.once(call.id, place));
                changed.await.map(written)
            }
            Effect::Judge(judge) => {
                let judged = place.identities.judge(judge).await;
                judged.map(EffectReply::Judged)
            }
            Effect::ReadDocument(document) => Ok(EffectReply::Document(
                place.documents.get(document).cloned(),
            )),
            Effect::SetStatus(set) => {
                let set = place.identities.set_status(&set.who, set.active).await;
                set.map(EffectReply::StatusSet)
            }
            Effect::Send(message) => Ok(self.send(call.id, message, place).await),
            Effect::ReadSession(read) => self.read_session(read, place).map_err(Into::into),
            Effect::External(asked) => {
                Ok(self.outside.perform(call, asked, self.clock.now()).await)
            }
            Effect::ReadDevices(read) => self.read_devices(read, place).await,
            Effect::StoreDevice(store) => self.store_device(call.id, store, place).await,
            Effect::RemoveDevice(remove) => self.remove_device(call.id, remove, place).await,
            Effect::Keyed(asked) => Ok(keyed::perform(asked, place.settings, self.clock.now())),
            Effect::Fetch(asked) => {
                let reply = self.web.fetch(call.id, asked).await;
                Ok(EffectReply::Fetched(Box::new(reply)))
            }
            Effect::Social(asked) => {
                let (realm, now) = (place.realm, self.clock.now());
                let said = self
                    .providers
                    .perform(asked, realm, now, (&self.social, &self.log));
                Ok(said.await)
            }
            Effect::Custom(custom) => Ok(EffectReply::Failed(format!(
                "this server does not know the effect `{}`",
                custom.kind
            ))),
            _ => Ok(EffectReply::Failed(
                "this server does not know the effect".to_owned(),
            )),
        };
        done.unwrap_or_else(|error| EffectReply::Failed(error.to_string()))
    }

    pub(crate) fn once<'a>(&'a self, id: EffectId, place: Place<'a>) -> Once<'a> {
        Once {
            id,
            exp: place.exp,
            now: self.clock.now(),
            hasher: Hasher::new(&self.hash, place.permit),
            spared: place.session,
        }
    }

    async fn verify(
        &self,
        id: EffectId,
        verify: &Verify,
        place: Place<'_>,
    ) -> Result<EffectReply, IdentityError> {
        let kind = match verify.credential {
            Credential::Password | Credential::Bind(_) => "password",
            Credential::Otp { .. } => "otp",
            Credential::Oath(_) => "oath",
            Credential::Recovery { .. } => "recovery",
            Credential::Answers { .. } => "answers",
        };
        let user = place.identities.read(&verify.who, &[]).await?;
        let key = CounterKey {
            realm: place.realm.as_str().to_owned(),
            // Nobody's tries are counted together: what is written costs the same, and says nothing.
            subject: user
                .as_ref()
                .map_or_else(String::new, |user| user.subject.0.to_string()),
            kind,
        };
        let _turn = match &user {
            Some(_) => Some(self.queues.wait(&key).await),
            None => None,
        };
        let lockout = match &user {
            Some(_) => place.settings.lockout,
            None => endless(place.settings.lockout),
        };
        let reserved = self
            .store
            .reserve_for(id, place.exp, key.clone(), lockout, self.clock.now())
            .await?;
        let why = match (&user, reserved) {
            (None, _) => Missed::Unknown,
            (Some(_), Reserved::Spent) => Missed::Locked {
                until: self.locked_until(&key, place),
            },
            (Some(_), Reserved::Taken | Reserved::Repeated) => Missed::Wrong,
        };
        // A try that is repeated after a restore was counted, and what came of it is not known here.
        if reserved == Reserved::Spent {
            self.out_of_tries(&key, user.as_ref(), place);
        }
        let mut allowed = user.filter(|_| reserved == Reserved::Taken);
        if let Credential::Oath(OathWindow {
            unkept: Some(unkept),
            ..
        }) = &verify.credential
            && let Some(user) = &mut allowed
        {
            let counter = self.counter_of(unkept, verify);
            user.attributes
                .extend(counter.map(|counter| (Arc::from(COUNTER), counter)));
        }
        let right = self.is_right(allowed.as_ref(), verify, place).await?;
        match allowed {
            Some(user) if right => {
                self.store.refund(key)?;
                Ok(EffectReply::Match(user))
            }
            Some(user) if Self::asks_for_password(verify, place) => {
                let has = place.identities.has_password(&user.subject).await?;
                Ok(place.missed(if has == Some(false) {
                    Missed::NoPassword
                } else {
                    why
                }))
            }
            _ => Ok(place.missed(why)),
        }
    }

    /// Whether it is worth looking up that somebody has no password: the try was counted and cost what every
    /// one costs, and whoever drives the run wants to know.
    fn asks_for_password(verify: &Verify, place: Place<'_>) -> bool {
        place.tells && matches!(verify.credential, Credential::Password)
    }

    /// Until when an account has no tries left, where they come back by themselves.
    pub(crate) fn locked_until(&self, key: &CounterKey, place: Place<'_>) -> Option<Timestamp> {
        let counter = self.store.counter(key).ok()?;
        let hard = counter.total >= place.settings.lockout.hard;
        (!hard).then_some(counter.locked_until)
    }

    /// Whether what was typed is right; where there is nobody, as much work and never.
    async fn is_right(
        &self,
        user: Option<&Identity>,
        verify: &Verify,
        place: Place<'_>,
    ) -> Result<bool, IdentityError> {
        let answers: Vec<(&str, &Secret<String>)>;
        let typed = match &verify.credential {
            Credential::Otp { expected, lapsed } => {
                let same = same_secret(expected, &verify.secret);
                return Ok(same && !lapsed && user.is_some());
            }
            Credential::Password => Typed::Password(&verify.secret),
            Credential::Recovery { of } => {
                let whose = user.map(|user| &user.subject);
                let hasher = Hasher::new(&self.hash, place.permit);
                let devices = place.devices;
                let right = devices.takes_recovery(whose, *of, &verify.secret, hasher);
                return right.await;
            }
            Credential::Oath(window) => {
                return match user {
                    Some(user) if window.unkept.is_some() => {
                        Ok(user.attributes.contains_key(COUNTER))
                    }
                    Some(user) => {
                        let whose = &user.subject;
                        place
                            .devices
                            .takes_code(whose, window, &verify.secret)
                            .await
                    }
                    None => Ok(false),
                };
            }
            // It is not compared here.
            Credential::Bind(_) => return Ok(false),
            Credential::Answers {
                attribute,
                question,
                besides,
            } => {
                let besides = besides
                    .iter()
                    .map(|(question, answer)| (&**question, answer));
                answers = [(&**question, &verify.secret)]
                    .into_iter()
                    .chain(besides)
                    .collect();
                let answers = &answers;
                Typed::Answers { attribute, answers }
            }
        };
        let whose = user.map(|user| &user.subject);
        let hasher = Hasher::new(&self.hash, place.permit);
        Ok(place.identities.compare(whose, typed, hasher).await? && user.is_some())
    }

    /// The counter whose code was typed, of a device that nobody keeps yet.
    fn counter_of(&self, unkept: &OathKey, verify: &Verify) -> Option<Value> {
        let Credential::Oath(window) = &verify.credential else {
            return None;
        };
        let now = self.clock.now();
        let found = wayfare_oath::find(unkept, window, None, &verify.secret, now)?;
        i64::try_from(found).ok().map(Value::Int)
    }

    async fn read_devices(
        &self,
        read: &ReadDevices,
        place: Place<'_>,
    ) -> Result<EffectReply, IdentityError> {
        Ok(match place.identities.read(&read.who, &[]).await? {
            Some(user) => EffectReply::Devices(place.devices.all(&user.subject, read.kind)?),
            None => EffectReply::Identity(None),
        })
    }

    async fn store_device(
        &self,
        id: EffectId,
        store: &StoreDevice,
        place: Place<'_>,
    ) -> Result<EffectReply, IdentityError> {
        let Some(user) = place.identities.read(&store.who, &[]).await? else {
            return Ok(EffectReply::Identity(None));
        };
        let hasher = Hasher::new(&self.hash, place.permit);
        let devices = place.devices;
        let kept = devices.put((id, place.exp), &user.subject, store, hasher);
        Ok(EffectReply::DeviceStored(kept.await?))
    }

    async fn remove_device(
        &self,
        id: EffectId,
        remove: &RemoveDevice,
        place: Place<'_>,
    ) -> Result<EffectReply, IdentityError> {
        let Some(user) = place.identities.read(&remove.who, &[]).await? else {
            return Ok(EffectReply::Identity(None));
        };
        let (kind, uuid) = (remove.kind, remove.uuid.as_deref());
        let once = (id, place.exp);
        let there = place.devices.remove(once, &user.subject, kind, uuid);
        Ok(EffectReply::DeviceRemoved(there.await?))
    }

    /// Tells whoever runs the server, who sees nothing but failed logins otherwise.
    pub(crate) fn out_of_tries(&self, key: &CounterKey, user: Option<&Identity>, place: Place<'_>) {
        let (Some(user), Ok(counter)) = (user, self.store.counter(key)) else {
            return;
        };
        // Once, not for every try of whoever goes on trying.
        if counter.refused != 1 {
            return;
        }
        let until = if counter.total >= place.settings.lockout.hard {
            "for good: set a new password".to_owned()
        } else {
            let left = counter.locked_until.since(self.clock.now()).as_secs();
            format!("for {} s", left + 1)
        };
        self.log.info(&format!(
            "user {:?} of {} has no tries left {until}; a right password is refused too, and a restart \
             does not change it",
            user.username, place.realm
        ));
    }

    async fn send(&self, id: EffectId, message: &Message, place: Place<'_>) -> EffectReply {
        match self.post.send(id, message, (place.realm, place.exp)).await {
            Ok(()) => EffectReply::Sent,
            Err(why) => EffectReply::Failed(format!("the message cannot be sent: {why}")),
        }
    }

    /// Sees to it that the link of a suspended run is sent, and does not wait for it: the reply must not tell
    /// by its time whether there was anybody to send it to. What is to be sent is on disk after this.
    ///
    /// # Errors
    /// It cannot be kept, whoever it is for.
    pub async fn deliver(&self, delivery: Delivery, place: Place<'_>) -> Result<(), StoreError> {
        let message = match &delivery.effect {
            Some(Effect::Send(message)) => Some(message),
            _ => None,
        };
        let at = (place.realm, place.exp);
        self.post.keep(&delivery, message, at).await?;
        if message.is_none()
            && let Some(call) = delivery.into_call()
            && let EffectReply::Failed(message) = self.perform(&call, place).await
        {
            self.log.error(&format!("{}: {message}", call.node));
        }
        Ok(())
    }

    fn read_session(
        &self,
        read: &ReadSession,
        place: Place<'_>,
    ) -> Result<EffectReply, StoreError> {
        let now = self.clock.now();
        let session = self.store.session_by_handle(&read.session.0, now)?;
        let view = session
            .filter(|session| session.realm == *place.realm)
            .map(|session| SessionView {
                subject: SubjectId(Arc::from(&*session.subject)),
                username: Arc::from(&*session.username),
                level: session.level,
                created: session.created,
                properties: chosen(&read.properties, |name| session.properties.get(name)),
            });
        Ok(EffectReply::Session(view))
    }
}

/// The lockout of nobody: never spent, so that what is unknown is written like what is known.
pub(crate) fn endless(lockout: Lockout) -> Lockout {
    let mut endless = lockout;
    endless.failures = u32::MAX;
    endless.hard = u32::MAX;
    endless
}

/// Whether two secrets are the same, in a time that does not tell where they differ.
fn same_secret(expected: &Secret<String>, typed: &Secret<String>) -> bool {
    let hash = |secret: &Secret<String>| digest(&SHA256, secret.reveal().as_bytes());
    let (a, b) = (hash(expected), hash(typed));
    let differences = a
        .as_ref()
        .iter()
        .zip(b.as_ref())
        .fold(0, |all, (a, b)| all | (a ^ b));
    differences == 0 && !expected.reveal().is_empty()
}

fn written(outcome: Outcome) -> EffectReply {
    match outcome {
        Outcome::Written(identity) => EffectReply::Written(identity),
        Outcome::Refused(unmet) => EffectReply::Refused(unmet),
        Outcome::Nobody => EffectReply::Identity(None),
    }
}

fn chosen<'v>(
    wanted: &[Arc<str>],
    find: impl Fn(&str) -> Option<&'v Json>,
) -> BTreeMap<Arc<str>, Value> {
    wanted
        .iter()
        .filter_map(|name| Some((Arc::clone(name), value(find(name)?)?)))
        .collect()
}

/// One queue for each account, as long as someone stands in it.
#[derive(Debug, Default)]
pub(crate) struct Queues {
    open: Mutex<HashMap<String, Weak<tokio::sync::Mutex<()>>>>,
}

/// A turn in a queue.
pub(crate) struct Turn<'a> {
    queues: &'a Queues,
    name: String,
    guard: Option<tokio::sync::OwnedMutexGuard<()>>,
}

impl Queues {
    pub(crate) async fn wait(&self, key: &CounterKey) -> Turn<'_> {
        let name = format!("{}\n{}\n{}", key.realm, key.kind, key.subject);
        let queue = {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            let known = open.get(&name).and_then(Weak::upgrade);
            known.unwrap_or_else(|| {
                let queue = Arc::new(tokio::sync::Mutex::new(()));
                open.insert(name.clone(), Arc::downgrade(&queue));
                queue
            })
        };
        Turn {
            queues: self,
            name,
            guard: Some(queue.lock_owned().await),
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.guard = None;
        let mut open = self
            .queues
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if open
            .get(&self.name)
            .is_some_and(|queue| queue.strong_count() == 0)
        {
            open.remove(&self.name);
        }
    }
}
