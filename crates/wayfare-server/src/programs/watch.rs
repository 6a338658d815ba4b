//! Watching the files of journeys: the system tells, and every two seconds we look ourselves.

use std::{
    collections::hash_map::DefaultHasher,
    fs,
    hash::{Hash as _, Hasher as _},
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use notify::{RecursiveMode, Watcher as _};
use tokio::{sync::mpsc, task::JoinHandle};

use super::{load, reload};
use crate::app::App;

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
    let _watcher = watcher.map(|mut watcher| {
        for folder in folders.iter().flat_map(|(_, folders)| folders) {
            let _ = watcher.watch(folder, RecursiveMode::Recursive);
        }
        watcher
    });
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
            if state.programs.seen.swap(now, Ordering::SeqCst) != now {
                reload(&app, state).await;
            }
        }
    }
}

/// A number that changes when a file comes, goes or is written.
pub(super) fn look(folders: &[PathBuf]) -> u64 {
    let mut hasher = DefaultHasher::new();
    let mut waiting: Vec<PathBuf> = folders.to_vec();
    let mut count = 0;
    // BOUND: every folder is visited once, and links to folders are not followed.
    while let Some(folder) = waiting.pop() {
        for path in sorted(&folder) {
            count += 1;
            if count > LOOKED_AT_MAX {
                return hasher.finish();
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
    hasher.finish()
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
