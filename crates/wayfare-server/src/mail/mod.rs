//! Mail: a message is rendered, and goes to a mail server or, where the realm has none, into a folder.
//!
//! In: messages of runs. Out: one mail for each effect, however often the effect is repeated. A message
//! that a node waits for is sent while it waits, and what goes wrong takes the error arrow; a link that a
//! run is suspended for is sent beside the reply, which must not tell by its time whether anybody was
//! mailed to.

mod folder;
mod smtp;
mod template;

use std::{
    collections::BTreeMap,
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::Duration,
};

use wayfare::{
    Realm, Secret, Timestamp,
    engine::{
        effect::{Channel, EffectId, Message, Who},
        step::Call,
    },
};

pub use self::folder::Outbox;
use self::smtp::Line;
use crate::{
    audit::{Event, EventName, Log},
    clock::Clock,
    config::{MailSettings, RealmSettings},
    identities::Identities,
    server::StartError,
    store::{Store, effect::Seen},
};

/// Who sends where neither message nor realm says.
const NOBODY: &str = "no-reply@localhost";

/// How many links may be on their way at once; those beyond are not sent.
const OPEN_MAX: usize = 1_000;

/// A message as it is written.
#[derive(Debug)]
pub(crate) struct Letter {
    pub(crate) to: String,
    pub(crate) from: String,
    pub(crate) subject: String,
    pub(crate) body: Secret<String>,
    pub(crate) html: bool,
    pub(crate) channel: Channel,
}

/// What sends.
#[derive(Debug, Clone)]
pub struct Post {
    outbox: Outbox,
    lines: Arc<BTreeMap<Realm, Line>>,
    store: Store,
    clock: Arc<dyn Clock>,
    log: Arc<Log>,
    open: Arc<Open>,
}

/// One message to send.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) id: EffectId,
    pub(crate) message: Message,
    pub(crate) realm: Realm,
    pub(crate) settings: MailSettings,
    /// Who knows whom a template is about.
    pub(crate) identities: Arc<dyn Identities>,
    /// Until when it is remembered that it was sent.
    pub(crate) exp: Timestamp,
}

/// How many links are on their way.
#[derive(Debug, Default)]
struct Open {
    count: Mutex<usize>,
    fewer: Condvar,
}

/// One of them.
struct Sending(Arc<Open>);

impl Open {
    fn begin(self: &Arc<Self>) -> Option<Sending> {
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        if *count >= OPEN_MAX {
            return None;
        }
        *count += 1;
        Some(Sending(Arc::clone(self)))
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        let mut count = self.0.count.lock().unwrap_or_else(PoisonError::into_inner);
        *count = count.saturating_sub(1);
        self.0.fewer.notify_all();
    }
}

impl Post {
    /// What sends the mail of these realms.
    ///
    /// # Errors
    /// A password or certificates for a mail server cannot be had.
    pub(crate) fn new<'s>(
        outbox: Outbox,
        realms: impl Iterator<Item = (&'s Realm, &'s RealmSettings)>,
        store: Store,
        clock: Arc<dyn Clock>,
        log: Arc<Log>,
    ) -> Result<Self, StartError> {
        let mut lines = BTreeMap::new();
        for (realm, settings) in realms {
            if let Some(server) = &settings.mail.server {
                let line = Line::new(server).map_err(|message| StartError::Mail {
                    realm: realm.clone(),
                    message,
                })?;
                lines.insert(realm.clone(), line);
            }
        }
        Ok(Self {
            outbox,
            lines: Arc::new(lines),
            store,
            clock,
            log,
            open: Arc::default(),
        })
    }

    /// The folder of those who have no mail server.
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// Sends a message, and says why where it cannot.
    pub(crate) async fn send(&self, job: Job) -> Result<(), String> {
        let letter = self.letter(&job).await?;
        let Some(line) = self.lines.get(&job.realm) else {
            return self.put(job.id, &letter);
        };
        let seen = self.store.begin_effect(job.id, job.exp).await;
        match seen.map_err(|error| error.to_string())? {
            Seen::New => {}
            Seen::Before(Some(reply)) if reply == SENT => return Ok(()),
            Seen::Before(_) => {
                return Err("it was begun before, and what came of that is not known".to_owned());
            }
        }
        line.send(&letter, self.clock.now()).await?;
        let kept = self.store.end_effect(job.id, SENT.to_owned()).await;
        kept.map_err(|error| error.to_string())
    }

    /// Sends a message beside what goes on, and tells nobody but the log and the audit what came of it.
    pub(crate) fn send_beside(&self, job: Job, call: &Call) {
        let node = Arc::clone(&call.node);
        let Some(sending) = self.open.begin() else {
            let why = "too many messages are on their way";
            self.failed(&job.realm, &node, why);
            return;
        };
        let post = self.clone();
        let is_mailed = self.lines.contains_key(&job.realm);
        let sent = async move {
            let realm = job.realm.clone();
            if let Err(why) = post.send(job).await {
                post.failed(&realm, &node, &why);
            }
            drop(sending);
        };
        if is_mailed {
            tokio::spawn(sent);
        } else {
            // A file is written: that is done on a thread that may wait.
            let runtime = tokio::runtime::Handle::current();
            tokio::task::spawn_blocking(move || runtime.block_on(sent));
        }
    }

    fn failed(&self, realm: &Realm, node: &str, why: &str) {
        self.log
            .error(&format!("{node}: the message cannot be sent: {why}"));
        let event = Event::new(EventName::NodeCompleted)
            .text("realm", realm.as_str())
            .text("result", "FAILED")
            .text("reason", "mail_not_sent")
            .text("failed", node);
        self.log.audit(self.clock.now(), &event);
    }

    fn put(&self, id: EffectId, letter: &Letter) -> Result<(), String> {
        let put = self.outbox.put(id, letter, self.clock.now());
        put.map(|_| ())
            .map_err(|error| format!("the message cannot be written: {error}"))
    }

    /// The message with its template filled in.
    async fn letter(&self, job: &Job) -> Result<Letter, String> {
        let message = &job.message;
        let mut letter = Letter {
            to: message.to.to_string(),
            from: message.from.to_string(),
            subject: message.subject.clone(),
            body: message.body.clone(),
            html: false,
            channel: message.channel,
        };
        if let Some(template) = &message.template {
            let user = match &template.about {
                Some(subject) => {
                    let who = Who::Subject(subject.clone());
                    job.identities.profile(&who).await
                }
                None => Ok(None),
            };
            let user = user.map_err(|error| error.to_string())?;
            template::fill(&mut letter, template, user.as_ref(), &job.settings)?;
        }
        if letter.channel == Channel::Sms && !letter.to.contains('@') {
            match &job.settings.sms_gateway {
                Some(gateway) => letter.to = format!("{}@{gateway}", letter.to),
                None if self.lines.contains_key(&job.realm) => {
                    return Err("the realm has no gateway to text messages".to_owned());
                }
                None => {}
            }
        }
        if letter.from.is_empty() {
            let from = job.settings.from.as_deref().unwrap_or(NOBODY);
            from.clone_into(&mut letter.from);
        }
        folder::one_line("address", &letter.to)?;
        folder::one_line("sender", &letter.from)?;
        folder::one_line("subject line", &letter.subject)?;
        if letter.to.is_empty() {
            return Err("there is no address".to_owned());
        }
        Ok(letter)
    }

    /// Waits, without leaving the thread, until no link is on its way or this time has passed; whether
    /// none is.
    pub fn wait(&self, at_most: Duration) -> bool {
        let count = self
            .open
            .count
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .open
            .fewer
            .wait_timeout_while(count, at_most, |count| *count > 0);
        let (count, _) = waited.unwrap_or_else(PoisonError::into_inner);
        *count == 0
    }
}

/// What is noted of a message that a mail server took.
const SENT: &str = "sent";
