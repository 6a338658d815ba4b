//! Binds: a password that a directory compares, counted as every other.
//!
//! The tries of the account are taken on disk before the directory is asked, and given back when it says
//! that the password is right; a try that is not left is not made, so that guesses here do not lock the
//! account there. Nodes may name directories, and the settings of the realm say which of them are called: a
//! journey is changed by whoever writes journeys, and where passwords and the secret of an account are sent
//! is the business of whoever runs the server.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use ring::digest::{SHA256, digest};
use wayfare::{
    EffectReply, Realm, SubjectId,
    engine::effect::{
        Bind, Directory, EffectId, Identity, Ldap, LdapPolicy, Missed, Verdict, Verify, Who,
    },
};

use crate::{
    config::{Config, RealmSettings},
    identities::{Bound, IdentityError},
    ldap::{Client, Entry, LdapError, Shared, TIMEOUT, Target, hex, server_of},
    perform::{Performer, Place, endless},
    store::counter::{CounterKey, Reserved},
};

/// How many directories of nodes are kept; past that, all are forgotten and made again.
const NODES_MAX: usize = 64;
/// Whoever is bound to where there is nobody, so that it takes as long.
const NOBODY: &str = "cn=nobody-is-called-so";

/// The directories that nodes name.
#[derive(Debug, Default)]
pub(crate) struct Directories {
    systems: BTreeMap<(Realm, String), Shared>,
    nodes: Mutex<BTreeMap<String, Shared>>,
}

impl Directories {
    /// The systems of all realms; nothing is connected yet.
    ///
    /// # Errors
    /// A secret or certificates cannot be read: which, and why.
    pub(crate) fn new(config: &Config) -> Result<Self, (Realm, String)> {
        let mut systems = BTreeMap::new();
        for (realm, settings) in &config.realms {
            for (name, system) in &settings.systems {
                let opened = system.target().and_then(Client::new);
                let client =
                    opened.map_err(|error| (realm.clone(), format!("system `{name}`: {error}")))?;
                systems.insert((realm.clone(), name.clone()), Arc::new(client));
            }
        }
        Ok(Self {
            systems,
            nodes: Mutex::default(),
        })
    }

    /// The directory that a node describes, where the settings allow it.
    fn of_node(&self, ldap: &Ldap, settings: &RealmSettings) -> Result<Shared, IdentityError> {
        let other = |message: String| IdentityError::Other(message);
        let mut servers = Vec::new();
        let mut ca = None;
        for text in &ldap.servers {
            let server = server_of(text, ldap.security)
                .ok_or_else(|| other(format!("{text:?} is no host and port")))?;
            let Some(allowed) = settings.directories.get(&server) else {
                let (host, port) = server;
                return Err(other(format!(
                    "the settings of the realm do not allow the directory {host}:{port}: write \
                     [realms.….directories.\"{host}:{port}\"]"
                )));
            };
            ca = ca.or_else(|| allowed.ca.clone());
            servers.push(server);
        }
        for name in ldap.search.iter().chain([&ldap.name]) {
            let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
            if name.is_empty() || !name.bytes().all(fits) {
                return Err(other(format!("{name:?} is no attribute")));
            }
        }
        let id = match ldap.policy {
            LdapPolicy::ActiveDirectory => "objectGUID",
            LdapPolicy::Control | LdapPolicy::None => "entryUUID",
        };
        let certificate = match &ldap.certificate {
            None => None,
            Some(label) => {
                let known = settings.client_certificates.get(&**label).cloned();
                Some(known.ok_or_else(|| {
                    other(format!(
                        "the settings of the realm know no certificate `{label}`: write \
                         [realms.….client_certificates.\"{label}\"]"
                    ))
                })?)
            }
        };
        let texts = |all: &[Arc<str>]| all.iter().map(ToString::to_string).collect();
        let target = Target {
            servers,
            security: ldap.security,
            ca,
            certificate,
            account: (ldap.account.as_ref()).map(|(dn, secret)| (dn.to_string(), secret.clone())),
            bases: texts(&ldap.bases),
            scope: ldap.scope,
            search: texts(&ldap.search),
            filter: ldap.filter.as_ref().map(ToString::to_string),
            name: ldap.name.to_string(),
            id: id.to_owned(),
            policy: ldap.policy,
            timeout: ldap.timeout.unwrap_or(TIMEOUT).min(TIMEOUT * 4),
            idle: ldap.idle.unwrap_or(TIMEOUT * 12),
            connections: 16,
        };
        let secret = target.account.as_ref().map(|(_, secret)| {
            let hash = digest(&SHA256, secret.reveal().as_bytes());
            hex(hash.as_ref())
        });
        let key = format!("{target:?} {secret:?}");
        let mut nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = nodes.get(&key) {
            return Ok(Arc::clone(known));
        }
        if nodes.len() >= NODES_MAX {
            nodes.clear();
        }
        let client = Arc::new(Client::new(target).map_err(other)?);
        nodes.insert(key, Arc::clone(&client));
        Ok(client)
    }
}

/// Whom a bind is about.
struct Whose {
    /// Who is meant here; of another system, its account.
    identity: Option<Identity>,
    /// Under what the tries are counted.
    counted: String,
    /// The directory with the entry, where it is not the store of the realm.
    there: Option<(Shared, Option<Entry>)>,
}

impl Performer {
    /// Has a directory compare a password.
    pub(crate) async fn bind(
        &self,
        id: EffectId,
        (verify, bind): (&Verify, &Bind),
        place: Place<'_>,
    ) -> Result<EffectReply, IdentityError> {
        let whose = self.whose(verify, &bind.at, place).await?;
        let is_known = !whose.counted.is_empty();
        let key = CounterKey {
            realm: place.realm.as_str().to_owned(),
            subject: whose.counted.clone(),
            kind: "password",
        };
        let _turn = if is_known {
            Some(self.queues.wait(&key).await)
        } else {
            None
        };
        let lockout = if is_known {
            place.settings.lockout
        } else {
            endless(place.settings.lockout)
        };
        let now = self.clock.now();
        let reserved = (self.store)
            .reserve_for(id, place.exp, key.clone(), lockout, now)
            .await?;
        if reserved == Reserved::Spent {
            self.out_of_tries(&key, whose.identity.as_ref(), place);
        }
        let allowed = is_known && reserved == Reserved::Taken;
        let bound = self
            .bound(id, (verify, bind), &whose, allowed, place)
            .await?;
        let Some(identity) = whose.identity.filter(|_| allowed) else {
            if allowed && matches!(bound, Bound::Right | Bound::Grace(_) | Bound::Expires(_)) {
                self.log.info(
                    "a directory knows somebody whom the realm does not: nobody is let in without an \
                     account here",
                );
            }
            return Ok(EffectReply::Miss);
        };
        if !matches!(bound, Bound::Wrong | Bound::Locked | Bound::Expired) {
            self.store.refund(key)?;
        }
        Ok(match bound {
            Bound::Right => EffectReply::Match(identity),
            Bound::Wrong => place.missed(Missed::Wrong),
            Bound::Locked => EffectReply::Policy(Verdict::Locked),
            Bound::Expired => EffectReply::Policy(Verdict::Expired),
            Bound::MustChange => EffectReply::Policy(Verdict::MustChange(identity)),
            Bound::Expires(within) => EffectReply::Policy(Verdict::Expires(identity, within)),
            Bound::Grace(left) => EffectReply::Policy(Verdict::Grace(identity, left)),
            Bound::Refused(unmet) => EffectReply::Refused(unmet),
        })
    }

    async fn bound(
        &self,
        id: EffectId,
        (verify, bind): (&Verify, &Bind),
        whose: &Whose,
        allowed: bool,
        place: Place<'_>,
    ) -> Result<Bound, IdentityError> {
        let new = bind.new.as_ref();
        let Some((client, entry)) = &whose.there else {
            // The count of the try has the id of the effect; what is written has another.
            let mut once = self.once(id, place);
            once.id.ordinal |= 1 << 31;
            let subject = whose.identity.as_ref().map(|identity| &identity.subject);
            let subject = subject.filter(|_| allowed);
            return place
                .identities
                .bind(subject, &verify.secret, new, once)
                .await;
        };
        Ok(match entry.as_ref().filter(|_| allowed) {
            Some(entry) => client.bind(&entry.dn, &verify.secret, new).await?,
            None => client.bind_nobody(NOBODY, &verify.secret).await?,
        })
    }

    async fn whose(
        &self,
        verify: &Verify,
        at: &Directory,
        place: Place<'_>,
    ) -> Result<Whose, IdentityError> {
        let client = match at {
            Directory::Realm => {
                let identity = place.identities.read(&verify.who, &[]).await?;
                let counted = identity.as_ref();
                return Ok(Whose {
                    counted: counted.map_or_else(String::new, |who| who.subject.0.to_string()),
                    identity,
                    there: None,
                });
            }
            Directory::System(name) => {
                let key = (place.realm.clone(), name.to_string());
                let known = self.directories.systems.get(&key).cloned();
                known.ok_or_else(|| {
                    IdentityError::Other(format!("the realm knows no system `{name}`"))
                })?
            }
            Directory::Ldap(ldap) => self.directories.of_node(ldap, place.settings)?,
        };
        let name = match &verify.who {
            Who::Name(name) => Some(Arc::clone(name)),
            who @ Who::Subject(_) => {
                let known = place.identities.read(who, &[]).await?;
                known.map(|known| known.username)
            }
        };
        let Some(name) = name else {
            return Ok(Whose {
                identity: None,
                counted: String::new(),
                there: Some((client, None)),
            });
        };
        let target = client.target();
        let asked = [&target.name, &target.id].into_iter().chain(&target.search);
        let asked = asked.cloned().collect();
        let entry = client.named(&name, asked).await?;
        // An entry without a name is nobody's.
        let entry = entry.filter(|entry| entry.one(&target.name).is_some());
        self.met(at, &name, client, entry, place).await
    }

    /// Who is meant by an entry.
    async fn met(
        &self,
        at: &Directory,
        typed: &Arc<str>,
        client: Shared,
        entry: Option<Entry>,
        place: Place<'_>,
    ) -> Result<Whose, IdentityError> {
        let target = client.target();
        let Some(found) = &entry else {
            // A stranger costs what somebody costs.
            if let Directory::Ldap(_) = at {
                place
                    .identities
                    .read(&Who::Name(Arc::clone(typed)), &[])
                    .await?;
            }
            return Ok(Whose {
                identity: None,
                counted: String::new(),
                there: Some((client, None)),
            });
        };
        let name = found.one(&target.name).unwrap_or_default();
        let id = found.one(&target.id).unwrap_or(&found.dn);
        let (identity, counted) = match at {
            Directory::System(system) => {
                let counted = format!("system/{system}/{id}");
                let identity = Identity {
                    subject: SubjectId(Arc::from(counted.as_str())),
                    ..Identity::named(Arc::from(name))
                };
                (Some(identity), counted)
            }
            Directory::Realm | Directory::Ldap(_) => {
                let who = Who::Name(Arc::from(name));
                let identity = place.identities.read(&who, &[]).await?;
                let counted = match &identity {
                    Some(identity) => identity.subject.0.to_string(),
                    None => format!("ldap/{id}"),
                };
                (identity, counted)
            }
        };
        Ok(Whose {
            identity,
            counted,
            there: Some((client, entry)),
        })
    }
}

impl Client {
    /// Binds as nobody, which takes as long as a directory takes to refuse a stranger.
    pub(crate) async fn bind_nobody(
        self: &Arc<Self>,
        name: &str,
        password: &wayfare::Secret<String>,
    ) -> Result<Bound, LdapError> {
        let base = self.target().bases.first().map_or("", String::as_str);
        match self.bind(&format!("{name},{base}"), password, None).await {
            Ok(_) | Err(LdapError::Refused { .. }) => Ok(Bound::Wrong),
            Err(error) => Err(error),
        }
    }
}
