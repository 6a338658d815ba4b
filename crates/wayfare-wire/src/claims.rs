//! The contract by which a step is used once.
//!
//! A run has at most one row: the generation that may be claimed next, until when any of its tokens may
//! be valid, and, where its state does not fit into a token, the sealed state. Claiming moves the row
//! from `n` to `n + 1` in one atomic statement; of any number of requests with one token, one wins.
//!
//! What every implementation must hold:
//!
//! 1. A claim of generation 0 may find no row and makes one; any other claim without a row is lost. So a
//!    start writes nothing, and strangers cannot fill the store.
//! 2. Each claim sets the row's time to the greater of the old and the new one.
//! 3. The end of a run is a row whose generation no claim matches, kept until the row's time.
//! 4. A purge first stores up to when it purges, a time that never goes back, and only then deletes; a
//!    claim whose token expires at or before that time is lost, whatever the clock says.
//! 5. A claim that is acknowledged survives the death of the process, as do ends and kept states.
//!
//! A crash between a claim and its reply costs that run: the step is used, its successor was never sent.
//! It never costs a second use.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, PoisonError},
};

use wayfare::Timestamp;

/// One use of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// The run.
    pub run: u128,
    /// The generation of the token.
    pub generation: u32,
    /// When the token expires.
    pub exp: Timestamp,
    /// Until when any token of the run may be valid.
    pub keep: Timestamp,
}

/// What became of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claimed {
    /// The step is ours.
    Won,
    /// It was used before, or its run is over.
    Lost,
}

/// Sealed state to keep for a token that refers to it.
#[derive(Clone, PartialEq, Eq)]
pub struct Kept {
    /// The run.
    pub run: u128,
    /// The generation that the token will claim.
    pub generation: u32,
    /// Until when any token of the run may be valid.
    pub keep: Timestamp,
    /// The sealed state.
    pub state: Vec<u8>,
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept")
            .field("generation", &self.generation)
            .field("bytes", &self.state.len())
            .finish_non_exhaustive()
    }
}

/// A run that is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunEnd {
    /// The run.
    pub run: u128,
    /// Until when any token of the run may be valid.
    pub keep: Timestamp,
}

/// The store could not do it; nothing is known to have changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the store of steps failed: {0}")]
pub struct StoreFailed(pub String);

/// A store of steps.
pub trait StepClaims {
    /// Moves a run from the generation of the token to the next.
    ///
    /// # Errors
    /// The store failed; the step is not ours.
    fn claim(&self, claim: &Claim) -> Result<Claimed, StoreFailed>;

    /// Keeps sealed state beside the generation that may be claimed next.
    ///
    /// # Errors
    /// The store failed, or the run is at another generation.
    fn keep(&self, kept: Kept) -> Result<(), StoreFailed>;

    /// The state kept for a generation that has not been claimed yet.
    ///
    /// # Errors
    /// The store failed.
    fn kept(&self, run: u128, generation: u32) -> Result<Option<Vec<u8>>, StoreFailed>;

    /// Ends a run: none of its tokens is ever claimed again.
    ///
    /// # Errors
    /// The store failed.
    fn end(&self, end: RunEnd) -> Result<(), StoreFailed>;

    /// Forgets runs whose time has passed.
    ///
    /// # Errors
    /// The store failed.
    fn purge(&self, now: Timestamp) -> Result<(), StoreFailed>;
}

/// A store of steps in memory, for tests and for embedders who may lose open runs with the process.
#[derive(Debug, Default)]
pub struct ClaimsInMemory {
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    rows: BTreeMap<u128, Row>,
    purged_before: Timestamp,
}

#[derive(Debug)]
struct Row {
    /// `None` at the end.
    next: Option<u32>,
    keep: Timestamp,
    state: Option<Vec<u8>>,
}

impl ClaimsInMemory {
    /// How many runs have a row.
    pub fn rows(&self) -> usize {
        self.lock().rows.len()
    }

    /// The generation that may be claimed next: outer `None` without a row, inner `None` at the end.
    pub fn generation(&self, run: u128) -> Option<Option<u32>> {
        self.lock().rows.get(&run).map(|row| row.next)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StepClaims for ClaimsInMemory {
    fn claim(&self, claim: &Claim) -> Result<Claimed, StoreFailed> {
        let mut table = self.lock();
        if claim.exp <= table.purged_before {
            return Ok(Claimed::Lost);
        }
        let Some(next) = claim.generation.checked_add(1) else {
            return Ok(Claimed::Lost);
        };
        let keep = claim.keep.max(claim.exp);
        match table.rows.get_mut(&claim.run) {
            Some(row) if row.next == Some(claim.generation) => {
                row.next = Some(next);
                row.keep = row.keep.max(keep);
                row.state = None;
                Ok(Claimed::Won)
            }
            None if claim.generation == 0 => {
                let row = Row {
                    next: Some(next),
                    keep,
                    state: None,
                };
                table.rows.insert(claim.run, row);
                Ok(Claimed::Won)
            }
            Some(_) | None => Ok(Claimed::Lost),
        }
    }

    fn keep(&self, kept: Kept) -> Result<(), StoreFailed> {
        let mut table = self.lock();
        match table.rows.get_mut(&kept.run) {
            Some(row) if row.next == Some(kept.generation) => {
                row.keep = row.keep.max(kept.keep);
                row.state = Some(kept.state);
                Ok(())
            }
            None if kept.generation == 0 => {
                let row = Row {
                    next: Some(0),
                    keep: kept.keep,
                    state: Some(kept.state),
                };
                table.rows.insert(kept.run, row);
                Ok(())
            }
            Some(_) | None => Err(StoreFailed("the run is at another generation".to_owned())),
        }
    }

    fn kept(&self, run: u128, generation: u32) -> Result<Option<Vec<u8>>, StoreFailed> {
        let table = self.lock();
        let row = table
            .rows
            .get(&run)
            .filter(|row| row.next == Some(generation));
        Ok(row.and_then(|row| row.state.clone()))
    }

    fn end(&self, end: RunEnd) -> Result<(), StoreFailed> {
        let mut table = self.lock();
        let row = table.rows.entry(end.run).or_insert(Row {
            next: None,
            keep: end.keep,
            state: None,
        });
        row.next = None;
        row.state = None;
        row.keep = row.keep.max(end.keep);
        Ok(())
    }

    fn purge(&self, now: Timestamp) -> Result<(), StoreFailed> {
        let mut table = self.lock();
        table.purged_before = table.purged_before.max(now);
        let before = table.purged_before;
        table.rows.retain(|_, row| row.keep > before);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(generation: u32, exp: u64) -> Claim {
        Claim {
            run: 7,
            generation,
            exp: Timestamp(exp),
            keep: Timestamp(exp),
        }
    }

    fn won(store: &ClaimsInMemory, generation: u32, exp: u64) -> bool {
        store.claim(&claim(generation, exp)).unwrap() == Claimed::Won
    }

    #[test]
    fn each_generation_is_claimed_once_and_in_order() {
        let store = ClaimsInMemory::default();
        assert!(!won(&store, 1, 100), "without a row only 0 may be claimed");
        assert_eq!(store.rows(), 0);
        assert!(won(&store, 0, 100));
        assert!(!won(&store, 0, 100));
        assert!(!won(&store, 2, 100));
        assert!(won(&store, 1, 100));
        assert!(!won(&store, u32::MAX, 100));
    }

    #[test]
    fn an_ended_run_stays_ended() {
        let store = ClaimsInMemory::default();
        assert!(won(&store, 0, 100));
        let end = RunEnd {
            run: 7,
            keep: Timestamp(100),
        };
        store.end(end).unwrap();
        for generation in [0, 1, 2, u32::MAX] {
            assert!(!won(&store, generation, 100));
        }
        assert_eq!(store.generation(7), Some(None));
    }

    #[test]
    fn a_purge_never_revives_a_step() {
        let store = ClaimsInMemory::default();
        assert!(won(&store, 0, 100));
        store.purge(Timestamp(99)).unwrap();
        assert_eq!(store.rows(), 1);
        store.purge(Timestamp(100)).unwrap();
        assert_eq!(store.rows(), 0);
        assert!(
            !won(&store, 0, 100),
            "the row is gone, and so is the time of the token"
        );
        store.purge(Timestamp(5)).unwrap();
        assert!(
            !won(&store, 0, 100),
            "a clock that goes back changes nothing"
        );
        assert!(won(&store, 0, 101));
    }

    #[test]
    fn kept_state_belongs_to_one_generation() {
        let store = ClaimsInMemory::default();
        let kept = |generation| Kept {
            run: 7,
            generation,
            keep: Timestamp(50),
            state: generation.to_be_bytes().to_vec(),
        };
        assert!(store.keep(kept(1)).is_err());
        store.keep(kept(0)).unwrap();
        assert_eq!(
            store.kept(7, 0).unwrap(),
            Some(0_u32.to_be_bytes().to_vec())
        );
        assert!(won(&store, 0, 50));
        assert_eq!(store.kept(7, 0).unwrap(), None);
        store.keep(kept(1)).unwrap();
        assert_eq!(
            store.kept(7, 1).unwrap(),
            Some(1_u32.to_be_bytes().to_vec())
        );
        assert!(store.keep(kept(0)).is_err());
    }

    #[test]
    fn a09_one_of_many_at_once_wins() {
        let store = ClaimsInMemory::default();
        let wins = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..64)
                .map(|_| scope.spawn(|| won(&store, 0, 100)))
                .collect();
            threads
                .into_iter()
                .map(|t| t.join().unwrap())
                .filter(|won| *won)
                .count()
        });
        assert_eq!(wins, 1);
    }
}
