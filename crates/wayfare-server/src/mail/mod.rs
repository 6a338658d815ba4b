//! Mail: a message is rendered, and goes to a mail server or, where the realm has none, into a folder.
//!
//! In: messages of runs. Out: one mail for each effect, however often the effect is repeated. A message
//! that a node waits for is sent while it waits, and what goes wrong takes the error arrow; a link that a
//! run is suspended for is kept in the store and sent beside the reply (`carrier`), which must not tell
//! by its time whether anybody was mailed to.

mod carrier;
mod counts;
mod folder;
mod posting;
mod smtp;
mod template;

use std::{collections::BTreeMap, sync::Arc};

use wayfare::{
    Realm, Secret, Timestamp,
    engine::effect::{Channel, EffectId, Message, Who},
};
use wayfare_wire::seal::RealmKeys;

pub use self::folder::Outbox;
use self::{
    carrier::Open,
    counts::Counts,
    smtp::{How, Line, Unsent},
};
use crate::{
    audit::Log,
    clock::Clock,
    config::MailSettings,
    identities::Identities,
    server::StartError,
    store::{Store, effect::Seen},
};

/// Who sends where neither message nor realm says.
const NOBODY: &str = "no-reply@localhost";

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
    offices: Arc<BTreeMap<Realm, Office>>,
    store: Store,
    clock: Arc<dyn Clock>,
    log: Arc<Log>,
    open: Arc<Open>,
    counts: Arc<Counts>,
}

/// What a realm sends by.
#[derive(Debug)]
pub(crate) struct Office {
    pub(crate) settings: MailSettings,
    /// Who knows whom a template is about.
    pub(crate) identities: Arc<dyn Identities>,
    /// By what messages that wait are sealed.
    pub(crate) keys: RealmKeys,
    line: Option<Line>,
}

impl Office {
    /// The office of a realm.
    ///
    /// # Errors
    /// A password or certificates for its mail server cannot be had.
    pub(crate) fn new(
        realm: &Realm,
        settings: MailSettings,
        identities: Arc<dyn Identities>,
        keys: RealmKeys,
    ) -> Result<Self, StartError> {
        let line = settings.server.as_ref().map(Line::new).transpose();
        let line = line.map_err(|message| StartError::Mail {
            realm: realm.clone(),
            message,
        })?;
        Ok(Self {
            settings,
            identities,
            keys,
            line,
        })
    }
}

impl Post {
    /// What sends the mail of these realms.
    pub(crate) fn new(
        outbox: Outbox,
        offices: BTreeMap<Realm, Office>,
        store: Store,
        clock: Arc<dyn Clock>,
        log: Arc<Log>,
    ) -> Self {
        Self {
            outbox,
            offices: Arc::new(offices),
            store,
            clock,
            log,
            open: Arc::default(),
            counts: Arc::default(),
        }
    }

    /// What became of messages, for the page of metrics.
    pub(crate) fn metrics(&self) -> String {
        self.counts.text()
    }

    /// The folder of those who have no mail server.
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// Sends a message while its run waits, and says why where it cannot.
    ///
    /// Never twice: where a server ended between the answer of the mail server and the note of it, the run
    /// has ended too, for its step was claimed.
    pub(crate) async fn send(
        &self,
        id: EffectId,
        message: &Message,
        (realm, exp): (&Realm, Timestamp),
    ) -> Result<(), String> {
        let office = self.offices.get(realm);
        let office = office.ok_or_else(|| "the realm has no mail".to_owned())?;
        if office.line.is_none() {
            let sent = self.hand_over(id, message, office).await;
            return sent.map_err(|unsent| unsent.why);
        }
        let seen = self.store.begin_effect(id, exp).await;
        match seen.map_err(|error| error.to_string())? {
            Seen::New => {}
            Seen::Before(Some(reply)) if reply == SENT => return Ok(()),
            Seen::Before(_) => {
                return Err("it was begun before, and what came of that is not known".to_owned());
            }
        }
        let sent = self.hand_over(id, message, office).await;
        sent.map_err(|unsent| unsent.why)?;
        let kept = self.store.end_effect(id, SENT.to_owned()).await;
        kept.map_err(|error| error.to_string())
    }

    /// Gives a message to the mail server, or puts it into the folder.
    async fn hand_over(
        &self,
        id: EffectId,
        message: &Message,
        office: &Office,
    ) -> Result<(), Unsent> {
        let letter = self.letter(message, office).await?;
        let now = self.clock.now();
        if let Some(line) = &office.line {
            return line.send(id, &letter, now).await;
        }
        let put = self.outbox.put(id, &letter, now);
        let why = |error| format!("the message cannot be written: {error}");
        put.map(|_| ())
            .map_err(|error| Unsent::new(why(error), How::ForNow))
    }

    /// The message with its template filled in.
    async fn letter(&self, message: &Message, office: &Office) -> Result<Letter, Unsent> {
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
                    office.identities.profile(&who).await
                }
                None => Ok(None),
            };
            // A store that does not answer now may do so later.
            let user = user.map_err(|error| Unsent::new(error.to_string(), How::ForNow))?;
            template::fill(&mut letter, template, user.as_ref(), &office.settings)
                .map_err(|why| Unsent::new(why, How::ForGood))?;
        }
        addressed(&mut letter, office).map_err(|why| Unsent::new(why, How::ForGood))?;
        Ok(letter)
    }
}

/// Fills in what the realm says of sender and gateway, and looks at what must be one line.
fn addressed(letter: &mut Letter, office: &Office) -> Result<(), String> {
    if letter.channel == Channel::Sms && !letter.to.contains('@') {
        match &office.settings.sms_gateway {
            Some(gateway) => letter.to = format!("{}@{gateway}", letter.to),
            None if office.line.is_some() => {
                return Err("the realm has no gateway to text messages".to_owned());
            }
            None => {}
        }
    }
    if letter.from.is_empty() {
        let from = office.settings.from.as_deref().unwrap_or(NOBODY);
        from.clone_into(&mut letter.from);
    }
    folder::one_line("address", &letter.to)?;
    folder::one_line("sender", &letter.from)?;
    folder::one_line("subject line", &letter.subject)?;
    if letter.to.is_empty() {
        return Err("there is no address".to_owned());
    }
    Ok(())
}

/// What is noted of a message that a mail server took.
const SENT: &str = "sent";
