//! The one thread that writes.
//!
//! Whatever waits when it looks becomes one transaction; each change has a savepoint, so that one that
//! fails takes back its own rows only. Answers are given after the commit, never before.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, Receiver, SyncSender},
    },
    thread::JoinHandle,
};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::StoreError;

/// The largest number of changes in one transaction.
const BATCH_MAX: usize = 512;
/// How many changes may wait; more block their senders.
const QUEUE_MAX: usize = 4_096;

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

pub(super) struct Writer {
    sender: Mutex<Option<SyncSender<Change>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    counts: Arc<Counts>,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer")
            .field("applied", &self.applied())
            .finish_non_exhaustive()
    }
}

impl Writer {
    pub(super) fn start(connection: Connection) -> Result<Self, StoreError> {
        let (sender, receiver) = mpsc::sync_channel(QUEUE_MAX);
        let counts = Arc::new(Counts::default());
        let counted = Arc::clone(&counts);
        let thread = std::thread::Builder::new()
            .name("wayfare-store".to_owned())
            .spawn(move || work(&connection, &receiver, &counted))
            .map_err(|error| StoreError::Sql(error.to_string()))?;
        Ok(Self {
            sender: Mutex::new(Some(sender)),
            thread: Mutex::new(Some(thread)),
            counts,
        })
    }

    pub(super) fn applied(&self) -> Applied {
        Applied {
            changes: self.counts.changes.load(Ordering::Relaxed),
            transactions: self.counts.transactions.load(Ordering::Relaxed),
        }
    }

    fn send(&self, change: Change) -> Result<(), StoreError> {
        let sender = self
            .sender
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
            .ok_or(StoreError::Closed)?;
        sender.send(change).map_err(|_| StoreError::Closed)
    }

    pub(super) async fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.send(boxed(change, move |result| {
            // Whoever asked may have gone; the change stands all the same.
            let _ = answer.send(result);
        }))?;
        answered.await.map_err(|_| StoreError::Closed)?
    }

    pub(super) fn write_later(
        &self,
        change: impl FnOnce(&Connection) -> rusqlite::Result<()> + Send + 'static,
    ) -> Result<(), StoreError> {
        self.send(boxed(change, |_| ()))
    }

    pub(super) fn write_blocking<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = mpsc::sync_channel(1);
        self.send(boxed(change, move |result| {
            let _ = answer.send(result);
        }))?;
        answered.recv().map_err(|_| StoreError::Closed)?
    }
}

impl Writer {
    /// Commits what still waits and ends the thread; later changes are refused.
    pub(super) fn close(&self) {
        // Closing the channel ends the thread after what still waits; joining it lets the last commit
        // land before the folder is given free.
        drop(
            self.sender
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread
            && thread.thread().id() != std::thread::current().id()
        {
            let _ = thread.join();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.close();
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

fn work(connection: &Connection, receiver: &Receiver<Change>, counts: &Counts) {
    while let Ok(first) = receiver.recv() {
        let batch: Vec<Change> = std::iter::once(first)
            .chain(receiver.try_iter().take(BATCH_MAX - 1))
            .collect();
        let size = batch.len() as u64;
        let (answers, committed) = apply(connection, batch);
        counts.changes.fetch_add(size, Ordering::Relaxed);
        counts.transactions.fetch_add(1, Ordering::Relaxed);
        for answer in answers {
            answer(committed.clone());
        }
    }
    // Leaves one whole file to whoever copies the folder now; where it cannot, the log beside it is whole.
    let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
}

fn apply(connection: &Connection, batch: Vec<Change>) -> (Vec<Answer>, Result<(), StoreError>) {
    let mut answers = Vec::with_capacity(batch.len());
    if let Err(error) = run(connection, "BEGIN IMMEDIATE").map_err(StoreError::from) {
        for change in batch {
            // Without a transaction nothing may be written: the change is not run at all.
            answers.push(refused(change));
        }
        return (answers, Err(error));
    }
    for change in batch {
        answers.push(change(connection));
    }
    let committed = run(connection, "COMMIT").map_err(|error| {
        let _ = run(connection, "ROLLBACK");
        StoreError::from(error)
    });
    (answers, committed)
}

/// The answer of a change that was never run: dropping it closes its channel, which reads as an error.
fn refused(change: Change) -> Answer {
    drop(change);
    Box::new(|_| ())
}
