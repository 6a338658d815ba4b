//! Watching the files of journeys: the system tells, and every two seconds we look ourselves.
//!
//! A data folder that lies below is passed over, and so is what a store keeps where journeys lie beside it:
//! something is written there all the time.

use std::{
    collections::{HashSet, hash_map::DefaultHasher},
    fs,
    hash::{Hash as _, Hasher as _},
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use notify::RecursiveMode;
use tokio::{sync::mpsc, task::JoinHandle};

use super::{load, reload};
use crate::{
    app::App,
    store::{is_data_file, is_data_folder},
};

/// How long files must be quiet before they are read: editors write in pieces.
const QUIET: Duration = Duration::from_millis(150);
/// How often files are looked at where the system tells nothing.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How many files below a folder are looked at.
const LOOKED_AT_MAX: usize = 20_000;

/// Watches the files of every realm that has any.
pub(crate) fn watch(app: &Arc<App>) -> Option<JoinHandle<()>> {
    let any = app
        .realms
        .values()
        .any(|state| !load::watched(&state.settings).is_empty());
    any.then(|| tokio::spawn(keep_watching(Arc::clone(app))))
}

async fn keep_watching(app: Arc<App>) {
    let folders: Vec<(wayfare::Realm, Vec<PathBuf>)> = app
        .realms
        .iter()
        .map(|(realm, state)| (realm.clone(), load::watched(&state.settings)))
        .filter(|(_, folders)| !folders.is_empty())
        .collect();
    let (told, mut hear) = mpsc::channel::<()>(1);
    // Where the system cannot watch, looking does.
    let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        if !event.is_ok_and(|event| event.kind.is_access()) {
            let _ = told.try_send(());
        }
    });
    let mut by_system = Watched {
        watcher: watcher.ok(),
        folders: HashSet::new(),
    };
    for (_, folders) in &folders {
        by_system.add(look(folders).folders);
    }
    let mut tick = tokio::time::interval(LOOK_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            heard = hear.recv() => {
                if heard.is_none() {
                    tick.tick().await;
                } else {
                    tokio::time::sleep(QUIET).await;
                    while hear.try_recv().is_ok() {}
                }
            }
            _ = tick.tick() => {}
        }
        for (realm, folders) in &folders {
            let Some(state) = app.realms.get(realm) else {
                continue;
            };
            let now = look(folders);
            if state.programs.seen.swap(now.number, Ordering::SeqCst) != now.number {
                by_system.add(now.folders);
                reload(&app, state).await;
            }
        }
    }
}

/// The folders that the system tells of, each by itself: below one of them there may be a data folder.
struct Watched<W> {
    /// Where the system cannot watch, looking does.
    watcher: Option<W>,
    folders: HashSet<PathBuf>,
}

impl<W: notify::Watcher> Watched<W> {
    /// With folders that may be new.
    fn add(&mut self, folders: Vec<PathBuf>) {
        let Some(watcher) = &mut self.watcher else {
            return;
        };
        // One that is gone may come again as another.
        self.folders.retain(|known| known.is_dir());
        for folder in folders {
            if !self.folders.contains(&folder)
                && watcher.watch(&folder, RecursiveMode::NonRecursive).is_ok()
            {
                self.folders.insert(folder);
            }
        }
    }
}

/// What there is below some folders.
pub(super) struct Seen {
    /// It changes when a file comes, goes or is written.
    pub(super) number: u64,
    /// The folders themselves, and those below them.
    folders: Vec<PathBuf>,
}

/// What there is below these folders now.
pub(super) fn look(folders: &[PathBuf]) -> Seen {
    let mut hasher = DefaultHasher::new();
    let mut waiting: Vec<PathBuf> = folders.to_vec();
    let mut visited = Vec::new();
    let mut count = 0;
    // BOUND: every folder is visited once, and links to folders are not followed.
    while let Some(folder) = waiting.pop() {
        let has_data = is_data_folder(&folder);
        if has_data && !folders.contains(&folder) {
            continue;
        }
        visited.push(folder.clone());
        for path in sorted(&folder) {
            if has_data && is_data_file(&path) {
                continue;
            }
            count += 1;
            if count > LOOKED_AT_MAX {
                return Seen {
                    number: hasher.finish(),
                    folders: visited,
                };
            }
            let Ok(kind) = fs::symlink_metadata(&path) else {
                continue;
            };
            path.hash(&mut hasher);
            if kind.is_dir() {
                waiting.push(path);
            } else if let Ok(kind) = fs::metadata(&path) {
                kind.len().hash(&mut hasher);
                kind.modified().ok().hash(&mut hasher);
            }
        }
    }
    Seen {
        number: hasher.finish(),
        folders: visited,
    }
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    paths.sort();
    paths
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn what_is_written_to_a_data_folder_is_no_change_of_journeys() {
        let folder = TempDir::new().unwrap();
        let data = folder.path().join("data");
        let below = folder.path().join("below");
        for made in [&data, &below] {
            fs::create_dir(made).unwrap();
        }
        let folders = [folder.path().to_path_buf()];
        let without = look(&folders);
        assert_eq!(without.folders.len(), 3);
        fs::write(data.join("wayfare.db"), "").unwrap();
        let before = look(&folders);
        assert_eq!(before.folders.len(), 2, "the data folder is passed over");
        fs::write(data.join("wayfare.db-wal"), "much").unwrap();
        assert_eq!(look(&folders).number, before.number);
        fs::write(below.join("part.journey"), "").unwrap();
        let with_part = look(&folders).number;
        assert_ne!(with_part, before.number);
        let both = [data.clone()];
        let before = look(&both).number;
        fs::write(data.join("wayfare.db-wal"), "more").unwrap();
        assert_eq!(look(&both).number, before);
        fs::write(data.join("beside.journey"), "").unwrap();
        assert_ne!(
            look(&both).number,
            before,
            "journeys in the data folder itself"
        );
    }
}
