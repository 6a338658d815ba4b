//! What the server keeps on disk: users, sessions, steps, counters, one SQLite file.
//!
//! Changes are gathered: whatever has arrived becomes one transaction, and is answered after the commit: what
//! was acknowledged is on disk. Reads go past it. The lines of SQL stand beside
//! what they are for: [`user`], [`record`], [`entry`], [`session`], [`run`], [`counter`], [`transaction`],
//! [`outbox`], [`configured`], [`token`], [`ending`]. Nothing here hashes, waits or decides what a wire says.

pub mod configured;
pub mod counter;
pub(crate) mod device;
pub mod effect;
pub mod ending;
pub mod entry;
pub(crate) mod identity;
pub mod outbox;
pub mod program;
pub mod quota;
pub mod record;
pub mod run;
pub mod session;
pub mod token;
pub mod transaction;
pub mod user;

mod latest;
mod open;
pub(crate) use self::open::{is_data_file, is_data_folder, write_whole};
mod writer;

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use rusqlite::Connection;

use crate::config::Durability;

pub use self::{open::SCHEMA_VERSION, writer::Applied};

/// Why the store could not do something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The data folder cannot be made or written.
    #[error(
        "cannot write the data folder {}: {message}; choose another with --data, or [data] folder",
        folder.display()
    )]
    Unwritable {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        message: String,
    },
    /// Another server has the data folder open.
    #[error(
        "another server is using the data folder {}; stop it, or choose another folder with --data",
        folder.display()
    )]
    InUse {
        /// The folder.
        folder: PathBuf,
    },
    /// The file is no database, or its contents do not hold together.
    #[error(
        "the database {} is damaged: {message}; restore a copy, or move the file away to start empty",
        file.display()
    )]
    Corrupt {
        /// The file.
        file: PathBuf,
        /// What was found.
        message: String,
    },
    /// The file is of a newer version.
    #[error(
        "the database {} has schema {found}, and this program knows up to {known}; use a newer wayfare",
        file.display()
    )]
    Newer {
        /// The file.
        file: PathBuf,
        /// Its schema.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// SQLite refused.
    #[error("the store failed: {0}")]
    Sql(String),
    /// What is to be kept rests on a login or a session that has ended meanwhile; nothing was kept.
    #[error("what it rests on has ended")]
    Ended,
    /// The store has been closed.
    #[error("the store is closed")]
    Closed,
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error.to_string())
    }
}

/// The store of one data folder.
#[derive(Debug, Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    writer: writer::Writer,
    latest: Arc<latest::Latest>,
    readers: Vec<Mutex<Connection>>,
    next: AtomicUsize,
    epoch: [u8; 16],
    restored: bool,
    /// Holds the data folder for this server until the store is closed.
    folder: Mutex<Option<Connection>>,
}

/// How many connections read at once.
const READERS: usize = 4;

impl Store {
    /// Opens the store in this folder, or makes one.
    ///
    /// # Errors
    /// The folder cannot be written or is in use, or the database is damaged or newer.
    pub fn open(folder: &Path, durability: Durability) -> Result<Self, StoreError> {
        let opened = open::open(folder, durability)?;
        let readers = (0..READERS)
            .map(|_| open::reader(folder).map(Mutex::new))
            .collect::<Result<_, _>>()?;
        let latest = Arc::new(latest::Latest::default());
        latest.ended(Some(ending::last(&opened.connection)?));
        latest::Latest::watch(&latest, &opened.connection);
        let writer = writer::Writer::new(writer::Connections {
            writes: opened.connection,
            checkpoints: open::beside(folder, durability)?,
            durability,
            latest: Arc::clone(&latest),
        });
        Ok(Self {
            inner: Arc::new(Inner {
                writer,
                latest,
                readers,
                next: AtomicUsize::new(0),
                epoch: opened.epoch,
                restored: opened.restored,
                folder: Mutex::new(Some(opened.folder_lock)),
            }),
        })
    }

    /// The epoch: another one for every store that was made anew or put back from a copy.
    pub fn epoch(&self) -> [u8; 16] {
        self.inner.epoch
    }

    /// Whether the store was found to have been put back from an older copy.
    pub fn restored(&self) -> bool {
        self.inner.restored
    }

    /// Reads, on the thread of the caller; keep it to a few rows.
    pub(crate) fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let readers = &self.inner.readers;
        let first = self.inner.next.fetch_add(1, Ordering::Relaxed);
        let free = (0..readers.len())
            .filter_map(|at| readers.get((first + at) % readers.len()))
            .find_map(|reader| reader.try_lock().ok());
        let connection = match free {
            Some(connection) => connection,
            None => readers
                .get(first % readers.len().max(1))
                .ok_or(StoreError::Closed)?
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        };
        read(&connection).map_err(StoreError::from)
    }

    /// Writes, and answers when it is on disk. A change that fails leaves nothing behind.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.inner.writer.write(change).await
    }

    /// Writes before every later change, at the end of a request at the latest, and does not wait for it.
    pub(crate) fn write_later(
        &self,
        change: impl FnOnce(&Connection) -> rusqlite::Result<()> + Send + 'static,
    ) -> Result<(), StoreError> {
        self.inner.writer.write_later(change)
    }

    /// Has what nobody waits for written now.
    pub(crate) fn settle(&self) {
        self.inner.writer.settle();
    }

    /// The same as `write` for a caller that may block: at start and in commands.
    pub(crate) fn write_blocking<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.inner.writer.write_blocking(change)
    }

    /// Writes what still waits, takes nothing more, and lets go of the data folder.
    pub fn close(&self) {
        self.inner.writer.close();
        let mut folder = self
            .inner
            .folder
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        drop(folder.take());
    }

    /// How many changes and how many transactions there have been.
    pub fn applied(&self) -> Applied {
        self.inner.writer.applied()
    }
}
