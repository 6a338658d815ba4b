//! The bounds of a run. Every loop of the engine has one of these over it.

use std::time::Duration;

/// The bounds; the defaults are those of docs/embedding.md.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Node visits between two stops.
    pub visits_per_turn: u32,
    /// Node visits of a whole run.
    pub visits_per_run: u32,
    /// Inner journeys within each other.
    pub inner_depth: u32,
    /// Callbacks of one step.
    pub callbacks: u32,
    /// Bytes of one answered text.
    pub answer_bytes: usize,
    /// Code points of a username.
    pub username_chars: usize,
    /// Code points of a password.
    pub password_chars: usize,
    /// Bytes of the state of a run, as sealed.
    pub state_bytes: usize,
    /// How long a run may take where neither journey nor node says otherwise.
    pub run_time: Duration,
    /// How long a run may take whatever a journey says.
    pub run_time_max: Duration,
    /// How long a suspended run may wait.
    pub suspend_time_max: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            visits_per_turn: 1_000,
            visits_per_run: 10_000,
            inner_depth: 32,
            callbacks: 32,
            answer_bytes: 16 * 1_024,
            username_chars: 256,
            password_chars: 1_024,
            state_bytes: 64 * 1_024,
            run_time: Duration::from_secs(5 * 60),
            run_time_max: Duration::from_secs(60 * 60),
            suspend_time_max: Duration::from_secs(24 * 60 * 60),
        }
    }
}
