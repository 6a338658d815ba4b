//! Messages that nobody waits for: kept in the store first, sent beside what goes on, marked when sent.
//!
//! A message to nobody goes the same way up to the door, so that neither the time of a reply nor what is
//! written tells whether there was anybody. What a mail server does not take is sent again, later and
//! later, until its link leads nowhere, it was refused for good, or it was tried often enough; then it is
//! given up, with a line of the audit. A message whose sending was begun and has no end that is known,
//! because the server was killed or the answer never came, may have arrived: it is sent once more, under
//! the same `Message-ID`, and no more than once.

use std::{
    collections::BTreeSet,
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::Duration,
};

use wayfare::{
    Realm, Timestamp,
    engine::effect::{EffectId, Message},
};
use wayfare_wire::am::authenticate::Delivery;

use super::{
    Office, Post, SENT,
    posting::{Opened, Seals},
    smtp::How,
};
use crate::{
    audit::{Event, EventName},
    store::{
        StoreError,
        outbox::{Due, Kept, Posting},
    },
};

/// How many messages of a realm may be on their way; those beyond are not sent.
const WAITING_MAX: u32 = 10_000;
/// How many may be sent at once; those beyond wait in the store.
const OPEN_MAX: usize = 64;
/// How often one is tried.
const TRIES_MAX: u32 = 6;
/// How often the end of a try may be unknown.
const DOUBTS_MAX: u32 = 2;
/// How long one waits after its first try; four times as long after each further one.
const AGAIN_AFTER: Duration = Duration::from_secs(15);
/// Longer than one ever waits.
const NEVER_AFTER: Duration = Duration::from_secs(24 * 60 * 60);
/// How often it is looked for what is due.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// What is noted of a message to nobody.
const NOBODY: &str = "nobody";
/// What is noted of a message that was given up.
const GIVEN_UP: &str = "given up";

/// The messages that are being sent.
#[derive(Debug, Default)]
pub(super) struct Open {
    ids: Mutex<BTreeSet<EffectId>>,
    fewer: Condvar,
}

/// One of them.
struct Sending {
    open: Arc<Open>,
    id: EffectId,
}

impl Open {
    /// `None` where it is being sent already, or too many are.
    fn begin(self: &Arc<Self>, id: EffectId) -> Option<Sending> {
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        if ids.len() >= OPEN_MAX || !ids.insert(id) {
            return None;
        }
        let open = Arc::clone(self);
        Some(Sending { open, id })
    }

    fn room(&self) -> usize {
        let ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        OPEN_MAX.saturating_sub(ids.len())
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        let mut ids = self.open.ids.lock().unwrap_or_else(PoisonError::into_inner);
        ids.remove(&self.id);
        self.open.fewer.notify_all();
    }
}

impl Post {
    /// Keeps a message of a suspended run, `None` being one to nobody, and begins to send it.
    ///
    /// It is on disk after this, and what becomes of it is told to the log and the audit.
    pub(crate) async fn keep(
        &self,
        delivery: &Delivery,
        message: Option<&Message>,
        (realm, keep): (&Realm, Timestamp),
    ) -> Result<(), StoreError> {
        let Some(office) = self.offices.get(realm) else {
            return Ok(());
        };
        let (id, node) = (delivery.id, &*delivery.node);
        let sealed = self.seals(office, realm, id).seal(node, message);
        let data = match sealed {
            Ok(data) => data,
            Err(why) => {
                self.given_up(realm, node, "unfit", &why);
                return Ok(());
            }
        };
        // Before it is in the store, where it would be found to be due.
        let sending = self.open.begin(id);
        let posting = Posting {
            id,
            realm: realm.clone(),
            exp: delivery.until,
            keep: keep.max(delivery.until),
            due: self.clock.now(),
            data,
        };
        match self.store.keep_posting(posting, WAITING_MAX).await? {
            Kept::New => {
                if let Some(sending) = sending {
                    self.spawn(realm, sending);
                }
            }
            Kept::Before => {}
            Kept::Full => {
                self.given_up(realm, node, "full", "too many messages are on their way");
            }
        }
        Ok(())
    }

    /// Looks again and again for messages that are due; those that a server before this one left are first.
    pub(crate) async fn carry(self) {
        let mut tick = tokio::time::interval(LOOK_EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            if let Err(error) = self.send_waiting() {
                self.log
                    .error(&format!("messages that wait cannot be read: {error}"));
            }
        }
    }

    /// Begins to send what is due, as far as there is room.
    pub(crate) fn send_waiting(&self) -> Result<(), StoreError> {
        let most = u32::try_from(OPEN_MAX).unwrap_or(u32::MAX);
        if self.open.room() == 0 {
            return Ok(());
        }
        for (id, realm) in self.store.due_postings(self.due(), most)? {
            let Some(realm) = Realm::parse(&realm) else {
                continue;
            };
            if let Some(sending) = self.open.begin(id) {
                self.spawn(&realm, sending);
            }
        }
        Ok(())
    }

    fn due(&self) -> Due {
        let now = self.clock.now();
        let never = now.plus(NEVER_AFTER);
        Due { now, never }
    }

    fn seals<'a>(&'a self, office: &'a Office, realm: &'a Realm, id: EffectId) -> Seals<'a> {
        Seals {
            keys: &office.keys,
            clock: &*self.clock,
            realm,
            id,
        }
    }

    fn spawn(&self, realm: &Realm, sending: Sending) {
        let (post, realm) = (self.clone(), realm.clone());
        let office = self.offices.get(&realm);
        let is_mailed = office.is_some_and(|office| office.line.is_some());
        let carried = async move {
            if let Err(error) = post.carry_one(&realm, sending.id).await {
                post.log.error(&format!("a message that waits: {error}"));
            }
            drop(sending);
        };
        if is_mailed {
            tokio::spawn(carried);
        } else {
            // A file is written: that is done on a thread that may wait.
            let runtime = tokio::runtime::Handle::current();
            tokio::task::spawn_blocking(move || runtime.block_on(carried));
        }
    }

    /// Tries to send one message, and notes what came of it.
    async fn carry_one(&self, realm: &Realm, id: EffectId) -> Result<(), StoreError> {
        let Some(taken) = self.store.take_posting(id, self.due()).await? else {
            return Ok(());
        };
        let Some(office) = self.offices.get(realm) else {
            self.given_up(realm, "", "unfit", "the realm is no longer there");
            return self.store.end_posting(id, GIVEN_UP).await;
        };
        let (exp, tries, doubts) = (taken.exp, taken.tries, taken.doubts);
        let waiting = match self.seals(office, realm, id).open(taken.data) {
            Opened::Message(waiting) => waiting,
            Opened::Nobody => return self.store.end_posting(id, NOBODY).await,
            Opened::Unreadable => {
                let why = "it was sealed with other keys, or changed";
                self.given_up(realm, "", "unfit", why);
                return self.store.end_posting(id, GIVEN_UP).await;
            }
        };
        let node = &*waiting.node;
        if self.clock.now() >= exp {
            self.given_up(realm, node, "expired", "its link leads nowhere any more");
            return self.store.end_posting(id, GIVEN_UP).await;
        }
        if doubts >= DOUBTS_MAX {
            let why = "it was begun before, and what came of that is not known";
            self.given_up(realm, node, "doubtful", why);
            return self.store.end_posting(id, GIVEN_UP).await;
        }
        let unsent = match self.hand_over(id, &waiting.message, office).await {
            Ok(()) => {
                self.counts.add(realm, "sent");
                return self.store.end_posting(id, SENT).await;
            }
            Err(unsent) => unsent,
        };
        let until = self.clock.now().plus(again_after(tries));
        let over = unsent.how == How::ForGood || tries.saturating_add(1) >= TRIES_MAX;
        if over || until >= exp {
            self.given_up(realm, node, "refused", &unsent.why);
            return self.store.end_posting(id, GIVEN_UP).await;
        }
        self.counts.add(realm, "delayed");
        self.told(realm, node, "mail_delayed", &unsent.why);
        let known = unsent.how != How::Perhaps;
        self.store.delay_posting(id, until, known).await
    }

    fn given_up(&self, realm: &Realm, node: &str, result: &'static str, why: &str) {
        self.counts.add(realm, result);
        self.told(realm, node, "mail_not_sent", why);
    }

    fn told(&self, realm: &Realm, node: &str, reason: &'static str, why: &str) {
        let how = if reason == "mail_delayed" {
            "cannot be sent now"
        } else {
            "cannot be sent"
        };
        self.log.error(&format!("{node}: the message {how}: {why}"));
        let event = Event::new(EventName::NodeCompleted)
            .text("realm", realm.as_str())
            .text("result", "FAILED")
            .text("reason", reason)
            .text("failed", node)
            .text("why", why);
        self.log.audit(self.clock.now(), &event);
    }

    /// Waits, without leaving the thread, until nothing is being sent or this time has passed; whether
    /// nothing is. What is put off is not waited for.
    pub fn wait(&self, at_most: Duration) -> bool {
        let ids = self.open.ids.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .open
            .fewer
            .wait_timeout_while(ids, at_most, |ids| !ids.is_empty());
        let (ids, _) = waited.unwrap_or_else(PoisonError::into_inner);
        ids.is_empty()
    }
}

/// How long a message waits that was tried this often before.
fn again_after(tries: u32) -> Duration {
    AGAIN_AFTER.saturating_mul(4_u32.saturating_pow(tries.min(TRIES_MAX)))
}
