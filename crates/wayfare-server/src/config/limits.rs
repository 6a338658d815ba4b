//! The bounds, each with its default.

use std::time::Duration;

/// The bounds of the server; those of a run are among them.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LimitSettings {
    /// Bytes of a request's head.
    pub head_bytes: usize,
    /// Headers of a request.
    pub headers: usize,
    /// Bytes of one header.
    pub header_bytes: usize,
    /// Bytes of a body.
    pub body_bytes: usize,
    /// Bytes of a body by which an administrator changes trees, nodes and scripts.
    pub configuration_bytes: usize,
    /// Nesting of a JSON body.
    pub json_depth: usize,
    /// Bytes of one text in a JSON body.
    pub string_bytes: usize,
    /// Callbacks of a request.
    pub callbacks: usize,
    /// How long the head of a request may take to arrive.
    pub head_time: Duration,
    /// How long the body of a request may take to arrive.
    pub body_time: Duration,
    /// How long a request may take as a whole.
    pub request_time: Duration,
    /// Connections open at once; some more are told to come back, and the rest waits.
    pub connections: usize,
    /// How long a connection is kept for further requests.
    pub connection_time: Duration,
    /// How long open requests may take after the signal to stop.
    pub drain_time: Duration,
    /// Code points of a username.
    pub username_chars: usize,
    /// Code points of a password.
    pub password_chars: usize,
    /// Bytes of `goto` and `gotoOnFail`.
    pub goto_bytes: usize,
    /// Bytes of an authId.
    pub auth_id_bytes: usize,
    /// Bytes of sealed state that an authId carries itself; more are kept in the store.
    pub inline_state_bytes: usize,
    /// Bytes of the state of a run.
    pub state_bytes: usize,
    /// Node visits between two stops.
    pub visits_per_turn: u32,
    /// Node visits of a run.
    pub visits_per_run: u32,
    /// Inner journeys within each other.
    pub inner_depth: u32,
    /// How long a run may take.
    pub run_time: Duration,
    /// How long a run may take whatever a journey says.
    pub run_time_max: Duration,
    /// How long a suspended run may wait.
    pub suspend_time_max: Duration,
    /// Open runs of a realm.
    pub runs_per_realm: usize,
    /// Open runs from one address.
    pub runs_per_source: usize,
    /// Mails of Capture for one recipient in an hour.
    pub mails_per_recipient: u32,
    /// Mails of Capture from one address in an hour.
    pub mails_per_source: u32,
    /// Journey files of a realm.
    pub journey_files: usize,
    /// Bytes of a journey file.
    pub journey_bytes: usize,
}

impl Default for LimitSettings {
    fn default() -> Self {
        let minute = Duration::from_secs(60);
        Self {
            head_bytes: 32 * 1_024,
            headers: 100,
            header_bytes: 8 * 1_024,
            body_bytes: 64 * 1_024,
            configuration_bytes: 1_024 * 1_024,
            json_depth: 32,
            string_bytes: 16 * 1_024,
            callbacks: 32,
            head_time: Duration::from_secs(5),
            body_time: Duration::from_secs(10),
            request_time: Duration::from_secs(30),
            connections: 4_096,
            connection_time: minute * 10,
            drain_time: Duration::from_secs(30),
            username_chars: 256,
            password_chars: 1_024,
            goto_bytes: 2_000,
            auth_id_bytes: 8 * 1_024,
            inline_state_bytes: 4 * 1_024,
            state_bytes: 64 * 1_024,
            visits_per_turn: 1_000,
            visits_per_run: 10_000,
            inner_depth: 32,
            run_time: minute * 5,
            run_time_max: minute * 60,
            suspend_time_max: minute * 60 * 24,
            runs_per_realm: 200_000,
            runs_per_source: 200,
            mails_per_recipient: 5,
            mails_per_source: 1_000,
            journey_files: 10_000,
            journey_bytes: 1_024 * 1_024,
        }
    }
}

impl LimitSettings {
    /// The part of the bounds that the engine keeps.
    pub fn engine(&self) -> wayfare::Limits {
        let mut limits = wayfare::Limits::default();
        limits.visits_per_turn = self.visits_per_turn;
        limits.visits_per_run = self.visits_per_run;
        limits.inner_depth = self.inner_depth;
        limits.callbacks = u32::try_from(self.callbacks).unwrap_or(u32::MAX);
        limits.answer_bytes = self.string_bytes;
        limits.username_chars = self.username_chars;
        limits.password_chars = self.password_chars;
        limits.state_bytes = self.state_bytes;
        limits.run_time = self.run_time;
        limits.run_time_max = self.run_time_max;
        limits.suspend_time_max = self.suspend_time_max;
        limits
    }
}
