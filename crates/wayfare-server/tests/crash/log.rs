//! What the clients were told: the log that the server is compared with.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::code::Code;

/// What was acknowledged, by all clients or by one.
#[derive(Debug, Default)]
pub(crate) struct Log {
    /// Sessions that were made and not given up.
    pub(crate) live: Vec<String>,
    /// Sessions that were logged out, by token or by handle, or replaced by an upgrade.
    pub(crate) ended: Vec<String>,
    /// What was written to the property of a session, by its token.
    pub(crate) noted: BTreeMap<String, Noted>,
    /// Transactions that were confirmed and not used.
    pub(crate) confirmed: Vec<String>,
    /// Transactions that were used.
    pub(crate) spent: Vec<String>,
    /// Steps that were taken.
    pub(crate) used: Vec<Json>,
    /// Failures, by user.
    pub(crate) failed: BTreeMap<String, u32>,
    /// Tries that were under way when the server was killed, by user: counted or not.
    pub(crate) perhaps: BTreeMap<String, u32>,
    /// Users that were made.
    pub(crate) made: BTreeSet<String>,
    /// Users that were being made when the server was killed: there whole, or not at all.
    pub(crate) perhaps_made: BTreeSet<String>,
    /// Logins that were counted at the user, by user.
    pub(crate) visits: BTreeMap<String, u32>,
    /// Such logins that were under way when the server was killed, by user: counted or not.
    pub(crate) perhaps_visits: BTreeMap<String, u32>,
    /// Codes that were taken, by user.
    pub(crate) taken: BTreeSet<(String, Code)>,
    /// Codes that were under way when the server was killed, by user: taken or not.
    pub(crate) perhaps_taken: BTreeSet<(String, Code)>,
    /// What scripts wrote, with whose it is.
    pub(crate) written: BTreeMap<String, String>,
    /// What they were writing when the server was killed, with whose it is and the step.
    pub(crate) perhaps_written: BTreeMap<String, (String, Json)>,
    /// Logins.
    pub(crate) logins: u64,
    /// Writes that were under way when the server was killed.
    pub(crate) lost: u32,
    /// Answers that should not have been given.
    pub(crate) odd: Vec<String>,
}

/// What was written to a property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Noted {
    /// What was acknowledged last.
    pub(crate) acknowledged: String,
    /// What was under way when the server was killed: written or not.
    pub(crate) perhaps: Option<String>,
}

impl Log {
    /// The codes of a user that were sent last: of the app, and for recovery.
    pub(crate) fn last_codes(&self, user: &str) -> [Option<Code>; 2] {
        let sent = || {
            let all = self.taken.iter().chain(&self.perhaps_taken);
            all.filter(|(of, _)| of == user).map(|(_, code)| *code)
        };
        let of_app = sent().filter(|code| matches!(code, Code::App(_))).max();
        let of_recovery = sent()
            .filter(|code| matches!(code, Code::Recovery(_)))
            .max();
        [of_app, of_recovery]
    }

    /// Takes another log in.
    pub(crate) fn add(&mut self, other: Self) {
        self.live.extend(other.live);
        self.ended.extend(other.ended);
        self.noted.extend(other.noted);
        self.confirmed.extend(other.confirmed);
        self.spent.extend(other.spent);
        self.used.extend(other.used);
        self.made.extend(other.made);
        self.perhaps_made.extend(other.perhaps_made);
        for (all, more) in [
            (&mut self.failed, other.failed),
            (&mut self.perhaps, other.perhaps),
            (&mut self.visits, other.visits),
            (&mut self.perhaps_visits, other.perhaps_visits),
        ] {
            for (user, count) in more {
                *all.entry(user).or_default() += count;
            }
        }
        self.written.extend(other.written);
        self.perhaps_written.extend(other.perhaps_written);
        self.taken.extend(other.taken);
        self.perhaps_taken.extend(other.perhaps_taken);
        self.logins += other.logins;
        self.lost += other.lost;
        self.odd.extend(other.odd);
    }
}
