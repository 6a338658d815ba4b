//! The clients: each one connection, its own users, and its own log.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};

use serde_json::Value as Json;

use super::{
    child::PASSWORD,
    log::Log,
    wire::{Answer, Connection, Lost},
};

/// How many clients there are.
pub(crate) const CLIENTS: u32 = 12;
/// How many users each client fails with.
const FAILING: u64 = 6;

/// The users of all clients.
pub(crate) fn users() -> Vec<String> {
    let of = |client: u32| {
        let failing = (0..FAILING).map(move |n| failing(client, n));
        std::iter::once(succeeding(client)).chain(failing)
    };
    (0..CLIENTS).flat_map(of).collect()
}

fn succeeding(client: u32) -> String {
    format!("good-{client}")
}

fn failing(client: u32, n: u64) -> String {
    format!("bad-{client}-{n}")
}

/// Random numbers from a seed.
#[derive(Debug, Clone)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ (x >> 31)) % below
    }
}

/// What the clients and whoever kills share.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    /// Logins that were acknowledged.
    pub(crate) logins: AtomicU64,
    /// Set right before the signal is sent: what begins later was not under way.
    pub(crate) killed: AtomicBool,
}

/// One client.
pub(crate) struct Client<'a> {
    id: u32,
    random: Random,
    connection: Connection,
    shared: &'a Shared,
    log: Log,
}

impl<'a> Client<'a> {
    pub(crate) fn new(
        id: u32,
        random: Random,
        address: SocketAddr,
        shared: &'a Shared,
    ) -> Result<Self, Lost> {
        let connection = Connection::open(address)?;
        Ok(Self {
            id,
            random,
            connection,
            shared,
            log: Log::default(),
        })
    }

    /// Works until the server is gone.
    pub(crate) fn run(mut self) -> Log {
        // BOUND: until the connection is lost, which the one who kills sees to.
        loop {
            let done = match self.random.next(10) {
                0..=5 => self.log_in(),
                6..=7 => self.log_out(),
                _ => self.fail(),
            };
            if done == Err(Lost) {
                return self.log;
            }
        }
    }

    /// Sends something that writes; what is lost while the server is killed was under way.
    fn write(
        &mut self,
        send: impl FnOnce(&mut Connection) -> Result<Answer, Lost>,
    ) -> Result<Answer, Lost> {
        let before = !self.shared.killed.load(Ordering::SeqCst);
        let answer = send(&mut self.connection);
        if answer.is_err() && before {
            self.log.lost += 1;
        }
        answer
    }

    fn begin(&mut self) -> Result<Json, Lost> {
        let answer = self.connection.begin()?;
        let step = answer.json();
        if !step["authId"].is_string() {
            self.log
                .odd
                .push(format!("no step: {} {}", answer.status, answer.body));
            return Err(Lost);
        }
        Ok(step)
    }

    fn log_in(&mut self) -> Result<(), Lost> {
        let step = self.begin()?;
        let user = succeeding(self.id);
        let answer = self.write(|connection| connection.answer(&step, &user, PASSWORD))?;
        if let Some(token) = answer.json()["tokenId"].as_str() {
            self.log.live.push(token.to_owned());
            self.log.used.push(step);
            self.log.logins += 1;
            self.shared.logins.fetch_add(1, Ordering::SeqCst);
        } else {
            self.log
                .odd
                .push(format!("no login: {} {}", answer.status, answer.body));
        }
        Ok(())
    }

    fn log_out(&mut self) -> Result<(), Lost> {
        if self.log.live.is_empty() {
            return Ok(());
        }
        let at = self.random.next(self.log.live.len() as u64);
        // Whatever comes of it, it is no longer one that must be there.
        let token = self
            .log
            .live
            .swap_remove(usize::try_from(at).expect("small"));
        let answer = self.write(|connection| connection.session("logout", &token))?;
        if answer.body == r#"{"result":"Successfully logged out"}"# {
            self.log.ended.push(token);
        } else {
            self.log
                .odd
                .push(format!("no log-out: {} {}", answer.status, answer.body));
        }
        Ok(())
    }

    /// One to three wrong passwords in one run.
    fn fail(&mut self) -> Result<(), Lost> {
        let mut step = self.begin()?;
        let user = failing(self.id, self.random.next(FAILING));
        for _ in 0..=self.random.next(3) {
            let sent = self.write(|connection| connection.answer(&step, &user, "wrong"));
            let Ok(answer) = sent else {
                *self.log.perhaps.entry(user).or_default() += 1;
                return Err(Lost);
            };
            self.log.used.push(step);
            *self.log.failed.entry(user.clone()).or_default() += 1;
            step = answer.json();
            if answer.status == 401 && answer.body.contains("Login failure") {
                return Ok(());
            }
            if !step["authId"].is_string() {
                self.log
                    .odd
                    .push(format!("no failure: {} {}", answer.status, answer.body));
                return Ok(());
            }
        }
        Ok(())
    }
}
