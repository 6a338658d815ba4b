//! A store whose files are cut or bent (R6): it comes back as it once was, or says that it is damaged.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    time::Duration,
};

use tempfile::TempDir;
use wayfare::{AuthLevel, Realm, Timestamp};
use wayfare_server::{
    config::Durability,
    store::{
        Store,
        ending::Since,
        session::{NewSession, Session},
    },
};

use crate::{Dice, size};

/// A file by its name.
type File = (String, Vec<u8>);

/// How many sessions are made; every third of them is ended again.
const SESSIONS: u8 = 60;
const NOW: Timestamp = Timestamp(1_000);

fn new(number: u8) -> NewSession {
    NewSession {
        token: [number; 32],
        session: Session {
            handle: format!("handle-{number}"),
            realm: Realm::parse("/alpha").unwrap(),
            subject: format!("subject-{number}"),
            username: format!("user-{number}"),
            level: AuthLevel::ZERO,
            proved: true,
            created: NOW,
            accessed: NOW,
            time_max: Duration::from_secs(7_200),
            idle_max: Duration::from_secs(1_800),
            properties: BTreeMap::new(),
        },
        quota: None,
        since: Since::FIRST,
    }
}

/// The sessions that are there, each as it was made; what cannot be read, or is another, is an error.
fn there(store: &Store) -> Result<BTreeSet<u8>, String> {
    let mut there = BTreeSet::new();
    for number in 0..SESSIONS {
        let found = store.session(&[number; 32], NOW);
        match found.map_err(|error| error.to_string())? {
            None => {}
            Some(session) if session == new(number).session => {
                there.insert(number);
            }
            Some(other) => return Err(format!("bent: {other:?}")),
        }
    }
    Ok(there)
}

/// The files of a store that was killed in the middle of its work, and what it held after each change.
fn made(folder: &Path) -> (Vec<File>, Vec<BTreeSet<u8>>) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let store = Store::open(folder, Durability::Normal).unwrap();
    let mut held = BTreeSet::new();
    let mut all = vec![held.clone()];
    for number in 0..SESSIONS {
        runtime
            .block_on(store.finish_run(None, new(number), None, None))
            .unwrap();
        held.insert(number);
        all.push(held.clone());
        if number % 3 == 2 {
            let ended = runtime.block_on(store.end_session(format!("handle-{number}")));
            assert!(ended.unwrap());
            held.remove(&number);
            all.push(held.clone());
        }
    }
    // Read while it is open, as a kill leaves them: the log has not been put into the file.
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if entry.file_type().unwrap().is_file() && !name.ends_with("-shm") {
            files.push((name, fs::read(entry.path()).unwrap()));
        }
    }
    files.sort();
    (files, all)
}

/// The files of the same store after it was closed in order: nothing is left in the log.
fn closed(files: &[File]) -> Vec<File> {
    let folder = TempDir::new().unwrap();
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    Store::open(folder.path(), Durability::Normal)
        .unwrap()
        .close();
    let mut closed = Vec::new();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        closed.push((name, fs::read(entry.path()).unwrap()));
    }
    closed
}

/// What came of one damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Came {
    /// It is as it was.
    Whole,
    /// It is as it once was.
    Earlier,
    /// It says that it was put back, and holds no session.
    Restored,
    /// It says that it is damaged.
    Refused,
    /// It opens, and says so where what is damaged is read.
    Read,
    /// It holds what it never held, and does not say so.
    Silent,
}

fn open(files: &[File], all: &[BTreeSet<u8>]) -> Came {
    let folder = TempDir::new().unwrap();
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let Ok(store) = Store::open(folder.path(), Durability::Normal) else {
        return Came::Refused;
    };
    match there(&store) {
        Err(message) if message.starts_with("bent") => Came::Silent,
        Err(_) => Came::Read,
        Ok(held) if Some(&held) == all.last() => Came::Whole,
        Ok(held) if store.restored() => {
            if held.is_empty() {
                Came::Restored
            } else {
                Came::Silent
            }
        }
        Ok(held) if all.contains(&held) => Came::Earlier,
        Ok(_) => Came::Silent,
    }
}

/// `WAYFARE_DAMAGES` of each kind, drawn by `WAYFARE_SEED`: the log cut, a bit of the log turned, a bit of
/// the file turned, beneath a log and after an orderly end.
///
/// The log has sums over each page, so nothing that is wrong may be taken from it. The file has none: a bit
/// that is turned within a value is told as `Silent`, and how many there are is counted and not held.
#[test]
fn a_store_that_was_cut_or_bent_is_as_it_once_was_or_says_so() {
    let damages = size("WAYFARE_DAMAGES", 60);
    let mut dice = Dice(size("WAYFARE_SEED", 20_261_123));
    let folder = TempDir::new().unwrap();
    let (files, all) = made(folder.path());
    assert_eq!(open(&files, &all), Came::Whole, "without damage");
    let at = |ending: &str| {
        let found = files
            .iter()
            .position(|(name, bytes)| name.ends_with(ending) && !bytes.is_empty());
        found.unwrap_or_else(|| panic!("no {ending}"))
    };
    let (log, file) = (at(".db-wal"), at("wayfare.db"));
    let whole = closed(&files);
    assert_eq!(open(&whole, &all), Came::Whole, "closed, without damage");
    let alone = whole.iter().position(|(name, _)| name == "wayfare.db");
    let alone = alone.expect("the file");
    let mut came: BTreeMap<(&str, Came), u64> = BTreeMap::new();
    let mut wrong = Vec::new();
    for _ in 0..damages {
        for (kind, which) in [
            ("log cut", log),
            ("log bent", log),
            ("file beneath a log bent", file),
            ("file bent", alone),
        ] {
            let mut files = if kind == "file bent" {
                whole.clone()
            } else {
                files.clone()
            };
            let bytes = &mut files[which].1;
            let place = usize::try_from(dice.below(bytes.len() as u64)).unwrap();
            if kind == "log cut" {
                bytes.truncate(place);
            } else {
                bytes[place] ^= 1 << dice.below(8);
            }
            let found = open(&files, &all);
            *came.entry((kind, found)).or_default() += 1;
            if found == Came::Silent {
                wrong.push((kind, place));
            }
        }
    }
    for ((kind, came), count) in &came {
        println!("{kind}: {count} {came:?}");
    }
    let of_log: Vec<_> = wrong
        .iter()
        .filter(|(kind, _)| kind.starts_with("log"))
        .collect();
    assert_eq!(of_log.len(), 0, "{of_log:?}");
}
