//! Opening the file: the folder, its lock, the schema, the epoch.

use std::{
    fs,
    path::{Path, PathBuf},
};

use ring::rand::{SecureRandom, SystemRandom};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};

use super::StoreError;
use crate::{audit, config::Durability};

/// The schema this program writes.
pub const SCHEMA_VERSION: i64 = 11;

/// `WAYF`, in the header of the file.
const APPLICATION_ID: i64 = 0x5741_5946;

/// How many pages the log may have until whoever writes brings it into the file: sixteen megabytes. It is
/// brought there earlier by somebody whom nobody waits for.
const LOG_PAGES_MAX: i64 = 4_000;

const FILE: &str = "wayfare.db";
const LOCK: &str = "lock.db";
/// Beside the database, so that a database put back from a copy is seen to be older than this.
const OPENS: &str = "opens";

/// What leads from each version of the schema to the next, the empty file first. A new file takes all of
/// them, so that it is the same as an old one that was brought up to date; a step that was released is
/// never changed.
const STEPS: [&str; 11] = [
    VERSION_1, VERSION_2, VERSION_3, VERSION_4, VERSION_5, VERSION_6, VERSION_7, VERSION_8,
    VERSION_9, VERSION_10, VERSION_11,
];

const VERSION_1: &str = "
CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;

CREATE TABLE user (
    id TEXT NOT NULL PRIMARY KEY,
    realm TEXT NOT NULL,
    key TEXT NOT NULL,
    username TEXT NOT NULL,
    active INTEGER NOT NULL,
    attributes TEXT NOT NULL,
    password TEXT,
    UNIQUE (realm, key)
);

CREATE TABLE session (
    token BLOB NOT NULL PRIMARY KEY,
    handle TEXT NOT NULL UNIQUE,
    realm TEXT NOT NULL,
    subject TEXT NOT NULL,
    username TEXT NOT NULL,
    level INTEGER NOT NULL,
    proved INTEGER NOT NULL,
    created INTEGER NOT NULL,
    accessed INTEGER NOT NULL,
    time_max INTEGER NOT NULL,
    idle_max INTEGER NOT NULL,
    properties TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX session_of_subject ON session (realm, subject);

CREATE TABLE run (
    id BLOB NOT NULL PRIMARY KEY,
    generation INTEGER NOT NULL,
    exp INTEGER NOT NULL,
    state BLOB
) WITHOUT ROWID;
CREATE INDEX run_by_exp ON run (exp);

CREATE TABLE counter (
    realm TEXT NOT NULL,
    subject TEXT NOT NULL,
    kind TEXT NOT NULL,
    failures INTEGER NOT NULL,
    window_from INTEGER NOT NULL,
    total INTEGER NOT NULL,
    locks INTEGER NOT NULL,
    locked_from INTEGER NOT NULL,
    locked_until INTEGER NOT NULL,
    refused INTEGER NOT NULL,
    PRIMARY KEY (realm, subject, kind)
) WITHOUT ROWID;

CREATE TABLE effect (
    run BLOB NOT NULL,
    generation INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    exp INTEGER NOT NULL,
    reply TEXT,
    PRIMARY KEY (run, generation, ordinal)
) WITHOUT ROWID;
CREATE INDEX effect_by_exp ON effect (exp);

CREATE TABLE program (
    realm TEXT NOT NULL,
    edition TEXT NOT NULL,
    sources TEXT NOT NULL,
    PRIMARY KEY (realm, edition)
) WITHOUT ROWID;

CREATE TABLE pin (
    realm TEXT NOT NULL,
    hash TEXT NOT NULL,
    edition TEXT NOT NULL,
    retired_at INTEGER,
    PRIMARY KEY (realm, hash)
) WITHOUT ROWID;
";

const VERSION_2: &str = "
CREATE TABLE txn (
    id TEXT NOT NULL PRIMARY KEY,
    realm TEXT NOT NULL,
    subject TEXT NOT NULL,
    journey TEXT NOT NULL,
    policy TEXT,
    resource TEXT,
    username TEXT NOT NULL,
    data TEXT NOT NULL,
    retry INTEGER NOT NULL,
    state INTEGER NOT NULL,
    result INTEGER NOT NULL,
    tracking TEXT NOT NULL,
    session TEXT,
    exp INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX txn_of_subject ON txn (realm, subject, exp);
CREATE INDEX txn_by_exp ON txn (exp);
";

const VERSION_3: &str = "
CREATE TABLE indexed (
    realm TEXT NOT NULL,
    attribute TEXT NOT NULL,
    PRIMARY KEY (realm, attribute)
) WITHOUT ROWID;

CREATE TABLE entry (
    realm TEXT NOT NULL,
    attribute TEXT NOT NULL,
    value TEXT NOT NULL,
    user TEXT NOT NULL,
    PRIMARY KEY (realm, attribute, value, user)
) WITHOUT ROWID;
CREATE INDEX entry_of_user ON entry (user);

CREATE TABLE secret (
    user TEXT NOT NULL,
    attribute TEXT NOT NULL,
    place TEXT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (user, attribute, place)
) WITHOUT ROWID;
";

const VERSION_4: &str = "
CREATE TABLE device (
    realm TEXT NOT NULL,
    subject TEXT NOT NULL,
    kind TEXT NOT NULL,
    uuid TEXT NOT NULL,
    number INTEGER NOT NULL,
    name TEXT NOT NULL,
    created INTEGER NOT NULL,
    accessed INTEGER NOT NULL,
    used INTEGER,
    data BLOB NOT NULL,
    PRIMARY KEY (realm, subject, kind, uuid)
) WITHOUT ROWID;

CREATE TABLE recovery (
    realm TEXT NOT NULL,
    subject TEXT NOT NULL,
    kind TEXT NOT NULL,
    uuid TEXT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (realm, subject, kind, uuid, hash)
) WITHOUT ROWID;
";

const VERSION_5: &str = "
ALTER TABLE txn ADD COLUMN told TEXT;
";

const VERSION_6: &str = "
CREATE TABLE outbox (
    run BLOB NOT NULL,
    generation INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    realm TEXT NOT NULL,
    exp INTEGER NOT NULL,
    due INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    doubts INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (run, generation, ordinal)
);
CREATE INDEX outbox_of_realm ON outbox (realm);
CREATE INDEX outbox_by_due ON outbox (due);
";

const VERSION_7: &str = "
CREATE TABLE configured (
    realm TEXT NOT NULL,
    kind TEXT NOT NULL,
    type TEXT NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (realm, kind, type, id)
);
";

const VERSION_8: &str = "
CREATE TABLE token (
    hash BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    realm TEXT NOT NULL,
    subject TEXT,
    client TEXT,
    family TEXT,
    session TEXT,
    issued INTEGER NOT NULL,
    exp INTEGER NOT NULL,
    used INTEGER,
    data TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX token_of_family ON token (family) WHERE family IS NOT NULL;
CREATE INDEX token_of_session ON token (session) WHERE session IS NOT NULL;
CREATE INDEX token_of_subject ON token (realm, subject) WHERE subject IS NOT NULL;
CREATE INDEX token_by_exp ON token (exp);

CREATE TABLE ending (
    realm TEXT NOT NULL,
    subject TEXT NOT NULL,
    times INTEGER NOT NULL,
    PRIMARY KEY (realm, subject)
) WITHOUT ROWID;
";

const VERSION_9: &str = "
CREATE TABLE record (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    realm TEXT NOT NULL,
    subject TEXT NOT NULL,
    updated INTEGER,
    verified TEXT NOT NULL,
    UNIQUE (realm, subject)
);
";

const VERSION_10: &str = "
ALTER TABLE ending ADD COLUMN mark INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ending ADD COLUMN run BLOB;
ALTER TABLE ending ADD COLUMN others INTEGER NOT NULL DEFAULT 0;
CREATE INDEX ending_by_mark ON ending (mark);
ALTER TABLE run ADD COLUMN since INTEGER;
";

// Rows of sessions in the order in which they were made: by their tokens, which are random, each would be
// written to a page of its own.
const VERSION_11: &str = "
DROP INDEX session_of_subject;
ALTER TABLE session RENAME TO session_10;
CREATE TABLE session (
    number INTEGER PRIMARY KEY,
    token BLOB NOT NULL UNIQUE,
    handle TEXT NOT NULL UNIQUE,
    realm TEXT NOT NULL,
    subject TEXT NOT NULL,
    username TEXT NOT NULL,
    level INTEGER NOT NULL,
    proved INTEGER NOT NULL,
    created INTEGER NOT NULL,
    accessed INTEGER NOT NULL,
    time_max INTEGER NOT NULL,
    idle_max INTEGER NOT NULL,
    properties TEXT NOT NULL
);
INSERT INTO session (token, handle, realm, subject, username, level, proved, created, accessed,
    time_max, idle_max, properties)
SELECT token, handle, realm, subject, username, level, proved, created, accessed, time_max, idle_max,
    properties FROM session_10 ORDER BY created;
DROP TABLE session_10;
CREATE INDEX session_of_subject ON session (realm, subject);
";

pub(super) struct Opened {
    pub(super) connection: Connection,
    pub(super) folder_lock: Connection,
    pub(super) epoch: [u8; 16],
    pub(super) restored: bool,
}

pub(super) fn open(folder: &Path, durability: Durability) -> Result<Opened, StoreError> {
    let unwritable = |message: String| StoreError::Unwritable {
        folder: folder.to_path_buf(),
        message,
    };
    make_private(folder).map_err(|error| unwritable(error.to_string()))?;
    let probe = folder.join(".probe");
    fs::write(&probe, b"").map_err(|error| unwritable(error.to_string()))?;
    fs::remove_file(&probe).map_err(|error| unwritable(error.to_string()))?;
    let folder_lock = lock(folder)?;

    let file = folder.join(FILE);
    // SQLite gives the files beside it the same rights.
    private_file(&file).map_err(|error| unwritable(error.to_string()))?;
    let connection = Connection::open(&file).map_err(|error| damaged(&file, &error))?;
    prepare(&connection, &file, durability)?;
    let (epoch, restored) = epoch(&connection, folder, &file)?;
    Ok(Opened {
        connection,
        folder_lock,
        epoch,
        restored,
    })
}

pub(super) fn reader(folder: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(folder.join(FILE), flags)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(connection)
}

/// Whether a folder is one that a store is kept in.
pub(crate) fn is_data_folder(folder: &Path) -> bool {
    folder.join(FILE).is_file()
}

/// Whether a file of a data folder is one that the server writes there: those of the store, with what SQLite
/// puts beside them, and the audit.
pub(crate) fn is_data_file(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let written = [FILE, LOCK, OPENS, audit::FILE];
    written.iter().any(|written| name.starts_with(written))
}

/// A connection that only brings the log into the file.
pub(super) fn beside(folder: &Path, durability: Durability) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(folder.join(FILE), flags)?;
    connection.pragma_update(None, "synchronous", synchronous(durability))?;
    Ok(connection)
}

fn synchronous(durability: Durability) -> &'static str {
    match durability {
        Durability::Normal => "NORMAL",
        Durability::Power => "FULL",
    }
}

/// Makes the folder, readable by its owner only.
fn make_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Makes a file, where there is none, that its owner alone reads: it will hold hashes of passwords.
fn private_file(path: &Path) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(|_| ())
}

/// A lock of the system's that ends with the process, however it ends.
fn lock(folder: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open(folder.join(LOCK))?;
    connection.busy_timeout(std::time::Duration::ZERO)?;
    let taken = connection
        .pragma_update(None, "locking_mode", "EXCLUSIVE")
        .and_then(|()| connection.execute_batch("BEGIN EXCLUSIVE"));
    match taken {
        Ok(()) => Ok(connection),
        Err(rusqlite::Error::SqliteFailure(error, _))
            if matches!(
                error.code,
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked
            ) =>
        {
            Err(StoreError::InUse {
                folder: folder.to_path_buf(),
            })
        }
        Err(error) => Err(damaged(&folder.join(LOCK), &error)),
    }
}

fn damaged(file: &Path, error: &rusqlite::Error) -> StoreError {
    StoreError::Corrupt {
        file: file.to_path_buf(),
        message: error.to_string(),
    }
}

fn prepare(connection: &Connection, file: &Path, durability: Durability) -> Result<(), StoreError> {
    let damaged = |error: rusqlite::Error| damaged(file, &error);
    let version: i64 = connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .map_err(damaged)?;
    if version > SCHEMA_VERSION {
        return Err(StoreError::Newer {
            file: file.to_path_buf(),
            found: version,
            known: SCHEMA_VERSION,
        });
    }
    connection
        .pragma_update(None, "cell_size_check", true)
        .map_err(damaged)?;
    let health: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(damaged)?;
    if health != "ok" {
        return Err(StoreError::Corrupt {
            file: file.to_path_buf(),
            message: health,
        });
    }
    let mode: String = connection
        .query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))
        .map_err(damaged)?;
    if !mode.eq_ignore_ascii_case("wal") {
        return Err(StoreError::Sql(format!(
            "the file system of {} does not allow a write-ahead log",
            file.display()
        )));
    }
    connection.pragma_update(None, "synchronous", synchronous(durability))?;
    connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES_MAX)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.set_prepared_statement_cache_capacity(64);
    if version == 0 {
        let tables: i64 = connection
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
            .map_err(damaged)?;
        if tables > 0 {
            return Err(StoreError::Corrupt {
                file: file.to_path_buf(),
                message: "it is a database of something else".to_owned(),
            });
        }
        return advance(connection, 0);
    }
    let id: i64 = connection
        .query_row("PRAGMA application_id", [], |row| row.get(0))
        .map_err(damaged)?;
    if id != APPLICATION_ID {
        return Err(StoreError::Corrupt {
            file: file.to_path_buf(),
            message: "it is a database of something else".to_owned(),
        });
    }
    advance(connection, version)
}

/// Brings the file from a version of the schema to ours, whole or not at all.
fn advance(connection: &Connection, version: i64) -> Result<(), StoreError> {
    let done = usize::try_from(version).unwrap_or(usize::MAX);
    let steps: String = STEPS.into_iter().skip(done).collect();
    if steps.is_empty() {
        return Ok(());
    }
    connection.execute_batch(&format!(
        "BEGIN IMMEDIATE; {steps} PRAGMA application_id = {APPLICATION_ID};
         PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
    ))?;
    Ok(())
}

/// The epoch of the store, and whether it was put back from an older copy.
///
/// The database counts how often it was opened, and so does a file beside it. A database that counted
/// less than the file has been put back: it gets another epoch, which ends every run, and its sessions,
/// transactions and tokens end too, because a log-out or a use that came after the copy is not in it.
fn epoch(
    connection: &Connection,
    folder: &Path,
    file: &Path,
) -> Result<([u8; 16], bool), StoreError> {
    let beside = folder.join(OPENS);
    let noted = fs::read_to_string(&beside)
        .ok()
        .and_then(|text| text.trim().parse::<i64>().ok())
        .unwrap_or(0);
    let opens: i64 = connection
        .query_row("SELECT value FROM meta WHERE key = 'opens'", [], |row| {
            row.get(0)
        })
        .optional()
        .map_err(|error| damaged(file, &error))?
        .unwrap_or(0);
    let known: Option<Vec<u8>> = connection
        .query_row("SELECT value FROM meta WHERE key = 'epoch'", [], |row| {
            row.get(0)
        })
        .optional()?;
    let known: Option<[u8; 16]> = known.and_then(|bytes| bytes.try_into().ok());
    let restored = opens < noted && opens > 0;
    let epoch = match known {
        Some(epoch) if !restored => epoch,
        _ => random16()?,
    };
    let now = opens.max(noted) + 1;
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let put = "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    let written = connection
        .execute(put, ("epoch", &epoch[..]))
        .and_then(|_| connection.execute(put, ("opens", now)));
    let written = if restored {
        written
            .and_then(|_| connection.execute("DELETE FROM session", []))
            .and_then(|_| connection.execute("DELETE FROM txn", []))
            .and_then(|_| connection.execute("DELETE FROM token", []))
            // Their links lead nowhere now, and they may have been sent.
            .and_then(|_| connection.execute("DELETE FROM outbox", []))
    } else {
        written
    };
    match written {
        Ok(_) => connection.execute_batch("COMMIT")?,
        Err(error) => {
            let _ = connection.execute_batch("ROLLBACK");
            return Err(error.into());
        }
    }
    // On disk before the file beside it, so that a loss of power does not look like an older copy.
    connection.query_row("PRAGMA wal_checkpoint(FULL)", [], |_| Ok(()))?;
    write_whole(&beside, now.to_string().as_bytes()).map_err(|error| StoreError::Unwritable {
        folder: folder.to_path_buf(),
        message: error.to_string(),
    })?;
    Ok((epoch, restored))
}

fn random16() -> Result<[u8; 16], StoreError> {
    let mut bytes = [0; 16];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| StoreError::Sql("the source of randomness failed".to_owned()))?;
    Ok(bytes)
}

/// Writes a file so that there is either the old one or the new one, never half of it.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    if let Some(folder) = path.parent() {
        // The name is durable once its folder is.
        let _ = fs::File::open(folder).and_then(|folder| folder.sync_all());
    }
    Ok(())
}
