//! Tries are counted before anything is compared, however many threads come at once (R11).

use std::{
    sync::{Arc, Barrier, Mutex},
    thread,
};

use tempfile::TempDir;
use wayfare::{Timestamp, engine::effect::EffectId};
use wayfare_server::{
    config::{Durability, Lockout},
    store::{
        Store,
        counter::{CounterKey, Reserved},
    },
};

use crate::size;

/// How many come at once.
const THREADS: usize = 64;

fn key(trial: u64) -> CounterKey {
    CounterKey {
        realm: "/alpha".to_owned(),
        subject: format!("subject-{trial}"),
        kind: "password",
    }
}

/// `WAYFARE_LOCKOUT_TRIALS`: in each, 64 threads want one account's secret compared, half of them for an
/// effect that another thread has, too. Exactly as many may as there are tries, each effect once at most.
#[test]
fn of_64_threads_at_once_as_many_compare_as_there_are_tries() {
    let trials = size("WAYFARE_LOCKOUT_TRIALS", 40);
    let folder = TempDir::new().unwrap();
    let store = Store::open(folder.path(), Durability::Normal).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let lockout = Lockout::default();
    let (now, exp) = (Timestamp(1_000_000), Timestamp(2_000_000));
    let together = Arc::new(Barrier::new(THREADS));
    let taken: Arc<Mutex<Vec<(u64, usize)>>> = Arc::default();
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (store, together) = (store.clone(), Arc::clone(&together));
            let (taken, handle) = (Arc::clone(&taken), runtime.handle().clone());
            scope.spawn(move || {
                for trial in 0..trials {
                    together.wait();
                    let reserved = if thread % 2 == 0 {
                        handle.block_on(store.reserve(key(trial), lockout, now))
                    } else {
                        let effect = EffectId {
                            run: u128::from(trial) + 1,
                            generation: 0,
                            ordinal: u32::try_from(thread / 4).unwrap(),
                        };
                        handle.block_on(store.reserve_for(effect, exp, key(trial), lockout, now))
                    };
                    if reserved.unwrap() == Reserved::Taken {
                        taken.lock().unwrap().push((trial, thread));
                    }
                }
            });
        }
    });
    let taken = taken.lock().unwrap();
    let (mut over, mut under, mut twice) = (0, 0, 0);
    let mut by_trial = vec![Vec::new(); usize::try_from(trials).unwrap()];
    for (trial, thread) in taken.iter() {
        by_trial[usize::try_from(*trial).unwrap()].push(*thread);
    }
    for threads in &by_trial {
        let tries = usize::try_from(lockout.failures).unwrap();
        over += threads.len().saturating_sub(tries);
        under += tries.saturating_sub(threads.len());
        let mut effects: Vec<_> = threads
            .iter()
            .filter(|at| *at % 2 == 1)
            .map(|at| at / 4)
            .collect();
        let all = effects.len();
        effects.sort_unstable();
        effects.dedup();
        twice += all - effects.len();
    }
    println!(
        "{trials} trials of {THREADS} threads: {} compared, {over} over the limit, {under} under it, {twice} twice",
        taken.len()
    );
    assert_eq!((over, under, twice), (0, 0, 0));
}
