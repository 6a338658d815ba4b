//! Connections to one directory: as many as may be, kept while they are used, closed when they are not.
//!
//! Whatever is asked runs in a task of its own with its connection, and is aborted with it when the time is
//! over: a directory that is slow, silent or sends nonsense costs one connection and one failure. A
//! connection over which somebody was bound is never searched by, nor the other way round.

use std::{
    collections::HashSet,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use ldap3::{
    DerefAliases, Ldap, LdapResult, Mod, Scope, SearchEntry, SearchOptions, controls::RawControl,
    exop::PasswordModify,
};
use tokio::{sync::Semaphore, task::JoinSet, time::timeout};
use wayfare::{
    Secret,
    engine::effect::{LdapPolicy, LdapScope},
};

use super::{
    LdapError, Target,
    entry::Entry,
    escaped,
    line::{self, Line},
    policy::{self, Answer, Bound, CONTROL},
    refused,
};
use crate::store::user::NameKey;

/// How long a name may be that is looked for.
const NAME_BYTES_MAX: usize = 1_024;
/// How many entries are found by a name before it is known to be nobody's.
const NAMED_MAX: usize = 4;

/// One write to an entry.
#[derive(Debug, Clone)]
pub(crate) enum Write {
    /// A new entry.
    Add(String, Vec<(String, HashSet<String>)>),
    /// These attributes have these values from then on; none: the attribute is gone.
    Replace(String, Vec<(String, HashSet<String>)>),
    /// The entry is gone.
    Delete(String),
}

/// A directory with its connections.
pub(crate) struct Client {
    target: Target,
    places: Arc<Semaphore>,
    readers: Mutex<Vec<Idle>>,
    binders: Mutex<Vec<Idle>>,
}

struct Idle {
    line: Line,
    since: Instant,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("servers", &self.target.servers)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// A directory; nothing is connected yet.
    ///
    /// # Errors
    /// The certificates cannot be read.
    pub(crate) fn new(target: Target) -> Result<Self, String> {
        line::tls_of(&target)?;
        Ok(Self {
            places: Arc::new(Semaphore::new(target.connections.max(1))),
            target,
            readers: Mutex::default(),
            binders: Mutex::default(),
        })
    }

    pub(crate) fn target(&self) -> &Target {
        &self.target
    }

    /// Runs something with a connection, for as long as it may take.
    async fn within<T, F>(
        self: &Arc<Self>,
        work: impl FnOnce(Arc<Self>) -> F + Send + 'static,
    ) -> Result<T, LdapError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, LdapError>> + Send + 'static,
    {
        let most = self.target.timeout;
        let client = Arc::clone(self);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let places = Arc::clone(&client.places);
            // It is never closed.
            let _place = places
                .acquire_owned()
                .await
                .map_err(|_| LdapError::Nonsense)?;
            work(client).await
        });
        match timeout(most, tasks.join_next()).await {
            Err(_) => Err(LdapError::TooSlow(most)),
            Ok(Some(Ok(done))) => done,
            // The library gives up on what cannot be read.
            Ok(_) => Err(LdapError::Nonsense),
        }
    }

    fn idle(&self, from: &Mutex<Vec<Idle>>) -> Option<Line> {
        let mut idle = from.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain_mut(|one| one.since.elapsed() < self.target.idle && !one.line.is_closed());
        idle.pop().map(|one| one.line)
    }

    fn keep(&self, to: &Mutex<Vec<Idle>>, line: Line) {
        let mut idle = to.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < self.target.connections {
            let since = Instant::now();
            idle.push(Idle { line, since });
        }
    }

    /// A connection as the account of the server.
    async fn reader(&self) -> Result<Line, LdapError> {
        if let Some(line) = self.idle(&self.readers) {
            return Ok(line);
        }
        let mut line = Line::open(&self.target).await?;
        let bound = match &self.target.account {
            Some((_, password)) if password.reveal().is_empty() => {
                return Err(LdapError::Unreachable(
                    "the account of the server has no password".to_owned(),
                ));
            }
            Some((dn, password)) => line.ldap.simple_bind(dn, password.reveal()).await,
            // Who it is says the certificate that the line was made with.
            None if self.target.certificate.is_some() => line.ldap.sasl_external_bind().await,
            None => return Ok(line),
        };
        let bound = bound.map_err(|error| line.broken(error))?;
        if bound.rc == 0 {
            Ok(line)
        } else {
            Err(refused(&bound))
        }
    }

    async fn binder(&self) -> Result<Line, LdapError> {
        match self.idle(&self.binders) {
            Some(line) => Ok(line),
            None => Line::open(&self.target).await,
        }
    }

    /// The entries for which a filter holds, with these attributes.
    ///
    /// # Errors
    /// There are more than `most`, or the directory fails.
    pub(crate) async fn search(
        self: &Arc<Self>,
        filter: String,
        attributes: Vec<String>,
        most: usize,
    ) -> Result<Vec<Entry>, LdapError> {
        self.within(move |client| async move {
            let mut line = client.reader().await?;
            let mut found = Vec::new();
            for base in &client.target.bases {
                let asked = (base.as_str(), filter.as_str(), attributes.as_slice());
                client
                    .search_below(&mut line, asked, most, &mut found)
                    .await?;
            }
            client.keep(&client.readers, line);
            Ok(found)
        })
        .await
    }

    async fn search_below(
        &self,
        line: &mut Line,
        (base, filter, attributes): (&str, &str, &[String]),
        most: usize,
        found: &mut Vec<Entry>,
    ) -> Result<(), LdapError> {
        let scope = match self.target.scope {
            LdapScope::Object => Scope::Base,
            LdapScope::OneLevel => Scope::OneLevel,
            LdapScope::Subtree => Scope::Subtree,
        };
        let options = SearchOptions::new()
            .deref(DerefAliases::Never)
            .sizelimit(i32::try_from(most.saturating_add(1)).unwrap_or(i32::MAX))
            .timelimit(i32::try_from(self.target.timeout.as_secs().max(1)).unwrap_or(i32::MAX));
        let attributes: Vec<&str> = attributes.iter().map(String::as_str).collect();
        let ldap = line.ldap.with_search_options(options);
        let stream = ldap.streaming_search(base, scope, filter, attributes);
        let mut stream = stream.await.map_err(|error| line.broken(error))?;
        // BOUND: so many messages as the line hands on for one request.
        while let Some(one) = stream.next().await.map_err(|error| line.broken(error))? {
            if one.is_ref() || one.is_intermediate() {
                continue;
            }
            if found.len() >= most {
                return Err(LdapError::TooMany(most));
            }
            found.push(Entry::of(SearchEntry::construct(one), &self.target.id));
        }
        let result = stream.finish().await;
        match result.rc {
            // Done, or there is no such base.
            0 | 32 => Ok(()),
            4 => Err(LdapError::TooMany(most)),
            _ => Err(refused(&result)),
        }
    }

    /// The one entry that somebody who typed a name may be; nobody where there are several.
    pub(crate) async fn named(
        self: &Arc<Self>,
        name: &str,
        attributes: Vec<String>,
    ) -> Result<Option<Entry>, LdapError> {
        let Some(key) = NameKey::of(name).filter(|_| name.len() <= NAME_BYTES_MAX) else {
            return Ok(None);
        };
        let text = escaped(name);
        let by = self.target.search.iter().map(|at| format!("({at}={text})"));
        let filter = self.filtered(&format!("(|{})", by.collect::<String>()));
        let found = match self.search(filter, attributes, NAMED_MAX).await {
            Err(LdapError::TooMany(_)) => return Ok(None),
            found => found?,
        };
        let mut called =
            (found.into_iter()).filter(|entry| entry.is_called(&key, &self.target.search));
        let first = called.next();
        Ok(first.filter(|_| called.next().is_none()))
    }

    /// A filter, and what must hold of every entry.
    pub(crate) fn filtered(&self, filter: &str) -> String {
        match &self.target.filter {
            Some(own) if own.starts_with('(') => format!("(&{own}{filter})"),
            Some(own) => format!("(&({own}){filter})"),
            None => filter.to_owned(),
        }
    }

    /// Binds as somebody, and changes the password where there is a new one.
    pub(crate) async fn bind(
        self: &Arc<Self>,
        dn: &str,
        password: &Secret<String>,
        new: Option<&Secret<String>>,
    ) -> Result<Bound, LdapError> {
        // Without a password, and without a name, a bind is one of nobody: it succeeds.
        if password.reveal().is_empty() || dn.is_empty() {
            return Ok(Bound::Wrong);
        }
        let (dn, password, new) = (dn.to_owned(), password.clone(), new.cloned());
        self.within(move |client| async move {
            match (&new, client.target.policy) {
                (Some(new), LdapPolicy::ActiveDirectory) => {
                    client.change_there(&dn, &password, new).await
                }
                (new, _) => client.bind_as(&dn, &password, new.as_ref()).await,
            }
        })
        .await
    }

    async fn bind_as(
        &self,
        dn: &str,
        password: &Secret<String>,
        new: Option<&Secret<String>>,
    ) -> Result<Bound, LdapError> {
        let policy = self.target.policy;
        let mut line = self.binder().await?;
        let bound = self
            .asking(&mut line.ldap)
            .simple_bind(dn, password.reveal());
        let bound = bound.await.map_err(|error| line.broken(error))?;
        let mut said = policy::bound(policy, bound.rc, &bound.text, answer(&bound))?;
        let in_now = bound.rc == 0 && said != Bound::Locked;
        if let Some(new) = new.filter(|_| in_now) {
            let change = PasswordModify {
                user_id: None,
                old_pass: Some(password.reveal()),
                new_pass: Some(new.reveal()),
            };
            let changed = self.asking(&mut line.ldap).extended(change).await;
            let changed = changed.map_err(|error| line.broken(error))?.1;
            said = policy::changed(changed.rc, &changed.text, answer(&changed))?;
        }
        self.keep(&self.binders, line);
        Ok(said)
    }

    /// The same connection, whose next operation asks for the policy.
    fn asking<'l>(&self, ldap: &'l mut Ldap) -> &'l mut Ldap {
        if self.target.policy == LdapPolicy::Control {
            ldap.with_controls(vec![RawControl {
                ctype: CONTROL.to_owned(),
                crit: false,
                val: None,
            }]);
        }
        ldap
    }

    /// Changes a password as Active Directory wants it: the old value goes and the new one comes, at once.
    async fn change_there(
        &self,
        dn: &str,
        old: &Secret<String>,
        new: &Secret<String>,
    ) -> Result<Bound, LdapError> {
        let mut line = self.reader().await?;
        let attribute = || b"unicodePwd".to_vec();
        let changes = vec![
            Mod::Delete(attribute(), HashSet::from([quoted(old)])),
            Mod::Add(attribute(), HashSet::from([quoted(new)])),
        ];
        let result = line.ldap.modify(dn, changes).await;
        let result = result.map_err(|error| line.broken(error))?;
        self.keep(&self.readers, line);
        policy::changed_there(result.rc, &result.text)
    }

    /// Writes to an entry: whole, or not at all.
    ///
    /// # Errors
    /// The directory fails, or refuses: [`LdapError::Refused`] has the number.
    pub(crate) async fn write(self: &Arc<Self>, write: Write) -> Result<(), LdapError> {
        self.within(move |client| async move {
            let mut line = client.reader().await?;
            let result = match write {
                Write::Add(dn, attributes) => line.ldap.add(&dn, attributes).await,
                Write::Replace(dn, attributes) => {
                    let changes = attributes.into_iter();
                    let changes = changes.map(|(name, values)| Mod::Replace(name, values));
                    line.ldap.modify(&dn, changes.collect()).await
                }
                Write::Delete(dn) => line.ldap.delete(&dn).await,
            };
            let result = result.map_err(|error| line.broken(error))?;
            client.keep(&client.readers, line);
            if result.rc == 0 {
                return Ok(());
            }
            Err(refused(&result))
        })
        .await
    }
}

/// What the policy says in an answer.
fn answer(result: &LdapResult) -> Answer {
    let mut controls = result.ctrls.iter();
    let ours = controls.find(|control| control.1.ctype == CONTROL);
    let value = ours.and_then(|control| control.1.val.as_deref());
    value.map(policy::read_control).unwrap_or_default()
}

/// A password as Active Directory takes it: in quotes, two bytes a unit, the lower first.
fn quoted(password: &Secret<String>) -> Vec<u8> {
    let text = format!("\"{}\"", password.reveal());
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// How long something may take where nobody says otherwise.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(5);
