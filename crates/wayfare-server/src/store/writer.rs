//! One writes at a time, for all who wait.
//!
//! Whoever wants a change queues it, and leads if nobody does: whatever waits then becomes one transaction;
//! each change has a savepoint, so that one that fails takes back its own rows only. Answers are given after
//! the commit, never before. There is no thread for it, because the two switches to one and back cost more
//! than most changes do; only where each commit waits for the disk somebody who may wait leads instead.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, TryLockError,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
};

use rusqlite::Connection;
use tokio::{
    runtime::Handle,
    sync::oneshot::{self, error::TryRecvError},
};

use super::{StoreError, ending, latest::Latest};
use crate::config::Durability;

/// The largest number of changes in one transaction.
const BATCH_MAX: usize = 512;
/// How many transactions somebody leads who has something else to do.
const LED_MAX: usize = 4;
/// After how many transactions what they left in the log is brought into the file.
const CHECKPOINT_EVERY: u64 = 128;

/// What a change leaves to be said after the commit.
type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;
type Change = Box<dyn FnOnce(&Connection) -> Answer + Send>;

/// How much has been written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Applied {
    /// Changes.
    pub changes: u64,
    /// Transactions they went into.
    pub transactions: u64,
}

#[derive(Debug, Default)]
struct Counts {
    changes: AtomicU64,
    transactions: AtomicU64,
}

/// What a writer is made of.
pub(super) struct Connections {
    /// The one connection that writes.
    pub(super) writes: Connection,
    /// One that brings the log into the file.
    pub(super) checkpoints: Connection,
    pub(super) durability: Durability,
    /// What readers know of the last commit.
    pub(super) latest: Arc<Latest>,
}

pub(super) struct Writer {
    core: Arc<Core>,
}

struct Core {
    /// What waits; nothing where no more is taken.
    queue: Mutex<Option<VecDeque<Change>>>,
    /// Whoever holds it leads. A change that panicked leaves it poisoned, and then nothing is written any more.
    connection: Mutex<Connection>,
    /// Brings what is in the log into the file, beside those who write.
    checkpoints: Mutex<Connection>,
    durability: Durability,
    latest: Arc<Latest>,
    counts: Counts,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer")
            .field("applied", &self.applied())
            .finish_non_exhaustive()
    }
}

impl Writer {
    pub(super) fn new(over: Connections) -> Self {
        Self {
            core: Arc::new(Core {
                queue: Mutex::new(Some(VecDeque::new())),
                connection: Mutex::new(over.writes),
                checkpoints: Mutex::new(over.checkpoints),
                durability: over.durability,
                latest: over.latest,
                counts: Counts::default(),
            }),
        }
    }

    pub(super) fn applied(&self) -> Applied {
        let counts = &self.core.counts;
        Applied {
            changes: counts.changes.load(Ordering::Relaxed),
            transactions: counts.transactions.load(Ordering::Relaxed),
        }
    }

    pub(super) async fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, mut answered) = oneshot::channel();
        self.core.push(boxed(change, move |result| {
            // Whoever asked may have gone; the change stands all the same.
            let _ = answer.send(result);
        }))?;
        let mut unled = Unled(Some(&self.core));
        // Whoever else has something to write by now is in the same transaction.
        tokio::task::yield_now().await;
        unled.0 = None;
        match answered.try_recv() {
            // Others' next changes wait for those that are like them.
            Ok(result) => return result,
            Err(TryRecvError::Closed) => return Err(StoreError::Closed),
            Err(TryRecvError::Empty) => self.core.see_to_it(),
        }
        answered.await.map_err(|_| StoreError::Closed)?
    }

    pub(super) fn write_later(
        &self,
        change: impl FnOnce(&Connection) -> rusqlite::Result<()> + Send + 'static,
    ) -> Result<(), StoreError> {
        self.core.push(boxed(change, |_| ()))
    }

    pub(super) fn settle(&self) {
        if self.core.waits() {
            self.core.see_to_it();
        }
    }

    pub(super) fn write_blocking<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = mpsc::sync_channel(1);
        self.core.push(boxed(change, move |result| {
            let _ = answer.send(result);
        }))?;
        // It waits for nobody: whoever leads now may have been waiting for this very thread.
        self.core.lead_all();
        answered.recv().map_err(|_| StoreError::Closed)?
    }

    /// Commits what still waits; later changes are refused. Done once: afterwards the folder may be another's.
    pub(super) fn close(&self) {
        let Some(mut left) = self.core.queue().take() else {
            return;
        };
        // One that brings the log into the file now would be in the way.
        let _checkpoints = self.core.checkpoints.lock();
        let Ok(connection) = self.core.connection.lock() else {
            return;
        };
        let connection = self.core.led(connection);
        while !left.is_empty() {
            let most = left.len().min(BATCH_MAX);
            self.core.apply(&connection, left.drain(..most).collect());
        }
        // Leaves one whole file to whoever copies the folder now; where it cannot, the log beside it is whole.
        let _ = connection
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.close();
    }
}

impl Core {
    fn queue(&self) -> MutexGuard<'_, Option<VecDeque<Change>>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, change: Change) -> Result<(), StoreError> {
        let mut queue = self.queue();
        queue.as_mut().ok_or(StoreError::Closed)?.push_back(change);
        Ok(())
    }

    /// What waits, as much of it as one transaction takes.
    fn next(&self) -> Vec<Change> {
        let mut queue = self.queue();
        let Some(queue) = queue.as_mut() else {
            return Vec::new();
        };
        let most = queue.len().min(BATCH_MAX);
        queue.drain(..most).collect()
    }

    fn waits(&self) -> bool {
        self.queue().as_ref().is_some_and(|queue| !queue.is_empty())
    }

    /// The connection, where nobody leads.
    fn free(&self) -> Option<Led<'_>> {
        match self.connection.try_lock() {
            Ok(connection) => Some(self.led(connection)),
            Err(TryLockError::WouldBlock) => None,
            Err(TryLockError::Poisoned(_)) => {
                self.refuse();
                None
            }
        }
    }

    fn led<'a>(&'a self, connection: MutexGuard<'a, Connection>) -> Led<'a> {
        Led {
            core: self,
            connection,
        }
    }

    /// Takes nothing more, and tells those who wait.
    fn refuse(&self) {
        drop(self.queue().take());
    }

    /// Has what waits written, by whoever leads already, or else by whoever asks.
    fn see_to_it(self: &Arc<Self>) {
        match (self.durability, Handle::try_current()) {
            // It waits for the disk at each commit, and others run on this thread.
            (Durability::Power, Ok(runtime)) => {
                if self.free().is_some() {
                    let core = Arc::clone(self);
                    runtime.spawn_blocking(move || core.lead_all());
                }
            }
            _ => self.lead(),
        }
    }

    /// Writes what waits, unless somebody does. Whoever queued something while the connection was held could
    /// not lead, so it is looked for once more after it was let go.
    ///
    /// BOUND: so many transactions; then the rest is somebody else's.
    fn lead(self: &Arc<Self>) {
        let mut led = 0;
        while let Some(connection) = self.free() {
            while led < LED_MAX {
                let batch = self.next();
                if batch.is_empty() {
                    break;
                }
                self.apply(&connection, batch);
                led += 1;
            }
            drop(connection);
            if !self.waits() {
                return;
            }
            if led >= LED_MAX {
                let Ok(runtime) = Handle::try_current() else {
                    return self.lead_all();
                };
                let core = Arc::clone(self);
                runtime.spawn(async move { core.lead() });
                return;
            }
        }
    }

    /// Writes what waits, after whoever writes now.
    ///
    /// BOUND: by what is queued.
    fn lead_all(self: &Arc<Self>) {
        while self.waits() {
            let Ok(connection) = self.connection.lock() else {
                return self.refuse();
            };
            let connection = self.led(connection);
            loop {
                let batch = self.next();
                if batch.is_empty() {
                    break;
                }
                self.apply(&connection, batch);
            }
        }
    }

    fn apply(self: &Arc<Self>, connection: &Led<'_>, batch: Vec<Change>) {
        let size = batch.len() as u64;
        let (answers, committed) = apply(&connection.connection, &self.latest, batch);
        self.counts.changes.fetch_add(size, Ordering::Relaxed);
        let before = self.counts.transactions.fetch_add(1, Ordering::Relaxed);
        for answer in answers {
            answer(committed.clone());
        }
        if before % CHECKPOINT_EVERY == CHECKPOINT_EVERY - 1
            && let Ok(runtime) = Handle::try_current()
        {
            let core = Arc::clone(self);
            runtime.spawn_blocking(move || core.checkpoint());
        }
    }

    /// Brings what is in the log into the file, so that those who write need not wait for the disk.
    fn checkpoint(&self) {
        if let Ok(connection) = self.checkpoints.try_lock() {
            // Where it cannot, the log grows until whoever writes sees to it.
            let _ = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        }
    }
}

/// A change that is queued while its owner lets others run: it is written even if the owner goes meanwhile.
struct Unled<'a>(Option<&'a Arc<Core>>);

impl Drop for Unled<'_> {
    fn drop(&mut self) {
        if let Some(core) = self.0 {
            core.see_to_it();
        }
    }
}

/// The connection of whoever leads.
struct Led<'a> {
    core: &'a Core,
    connection: MutexGuard<'a, Connection>,
}

impl Drop for Led<'_> {
    fn drop(&mut self) {
        // A transaction that nobody knows the end of: nothing is written after it.
        if std::thread::panicking() {
            self.core.refuse();
        }
    }
}

fn boxed<T: Send + 'static>(
    change: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    answer: impl FnOnce(Result<T, StoreError>) + Send + 'static,
) -> Change {
    Box::new(move |connection| {
        let result = in_savepoint(connection, change);
        Box::new(move |committed| answer(committed.and(result)))
    })
}

fn in_savepoint<T>(
    connection: &Connection,
    change: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> Result<T, StoreError> {
    run(connection, "SAVEPOINT change")?;
    let changed = change(connection).and_then(|value| {
        run(connection, "RELEASE change")?;
        Ok(value)
    });
    if changed.is_err() {
        // Where the whole transaction is gone already there is nothing to take back, and no commit follows.
        let _ = run(connection, "ROLLBACK TO change");
        let _ = run(connection, "RELEASE change");
    }
    Ok(changed?)
}

/// Runs a statement that stands around every change, and so is prepared once.
fn run(connection: &Connection, statement: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(statement)?.execute([])?;
    Ok(())
}

fn apply(
    connection: &Connection,
    latest: &Latest,
    batch: Vec<Change>,
) -> (Vec<Answer>, Result<(), StoreError>) {
    let mut answers = Vec::with_capacity(batch.len());
    if let Err(error) = run(connection, "BEGIN IMMEDIATE").map_err(StoreError::from) {
        for change in batch {
            // Without a transaction nothing may be written: the change is not run at all.
            answers.push(refused(change));
        }
        return (answers, Err(error));
    }
    for change in batch {
        // Some failures take the whole transaction back; what came after would be written by itself, and then told
        // as if it were not.
        if connection.is_autocommit() {
            answers.push(refused(change));
        } else {
            answers.push(change(connection));
        }
    }
    // Where it cannot be read the older one stays, which ends more logins, not fewer.
    let mark = ending::last(connection).ok();
    let committed = run(connection, "COMMIT").map_err(|error| {
        let _ = run(connection, "ROLLBACK");
        StoreError::from(error)
    });
    latest.ended(mark.filter(|_| committed.is_ok()));
    (answers, committed)
}

/// The answer of a change that was never run: dropping it closes its channel, which reads as an error.
fn refused(change: Change) -> Answer {
    drop(change);
    Box::new(|_| ())
}
