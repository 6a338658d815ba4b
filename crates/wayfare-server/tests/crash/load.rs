//! The clients: each one connection, its own users, and its own log.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};

use serde_json::{Value as Json, json};

use super::{
    child::PASSWORD,
    code::Code,
    log::{Log, Noted},
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
        [succeeding(client), owner(client), scripted(client)]
            .into_iter()
            .chain(failing)
    };
    (0..CLIENTS).flat_map(of).collect()
}

fn succeeding(client: u32) -> String {
    format!("good-{client}")
}

/// The user of a client who has an app.
pub(crate) fn owner(client: u32) -> String {
    format!("app-{client}")
}

/// The user of a client who is written by scripts.
pub(crate) fn scripted(client: u32) -> String {
    format!("script-{client}")
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
    /// The next codes of its user: of the app, and for recovery.
    codes: [Option<Code>; 2],
}

impl<'a> Client<'a> {
    pub(crate) fn new(
        id: u32,
        random: Random,
        address: SocketAddr,
        shared: &'a Shared,
        known: &Log,
    ) -> Result<Self, Lost> {
        let connection = Connection::open(address)?;
        let [app, recovery] = known.last_codes(&owner(id));
        let next = |last: Option<Code>, first| last.map_or(Some(first), Code::next);
        let [first_of_app, first_of_recovery] = Code::FIRST;
        Ok(Self {
            id,
            random,
            connection,
            shared,
            log: Log::default(),
            codes: [next(app, first_of_app), next(recovery, first_of_recovery)],
        })
    }

    /// Works until the server is gone.
    pub(crate) fn run(mut self) -> Log {
        // BOUND: until the connection is lost, which the one who kills sees to.
        loop {
            let done = match self.random.next(23) {
                0..=8 => self.log_in(),
                9 => self.log_out(),
                10 => self.log_out_by_handle(),
                11 => self.upgrade(),
                12 | 13 => self.note(),
                14 => self.transfer(),
                15 => self.register(),
                16 | 17 => self.visit(),
                18 => self.give_code(0),
                19 => self.give_code(1),
                20 => self.script(),
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

    /// One of the sessions that must be there, if there is one.
    fn any(&mut self) -> Option<usize> {
        let count = self.log.live.len() as u64;
        (count > 0).then(|| usize::try_from(self.random.next(count)).expect("small"))
    }

    /// Gives a session up: whatever comes of it, it is no longer one that must be there.
    fn give_up(&mut self) -> Option<String> {
        let token = self.any().map(|at| self.log.live.swap_remove(at))?;
        self.log.noted.remove(&token);
        Some(token)
    }

    fn log_out(&mut self) -> Result<(), Lost> {
        let Some(token) = self.give_up() else {
            return Ok(());
        };
        let answer = self.write(|connection| connection.session("logout", &token))?;
        self.ended(token, &answer, r#"{"result":"Successfully logged out"}"#);
        Ok(())
    }

    fn log_out_by_handle(&mut self) -> Result<(), Lost> {
        let Some(token) = self.give_up() else {
            return Ok(());
        };
        let info = self.connection.session("getSessionInfo", &token)?.json();
        let handle = format!(
            "shandle:{}",
            info["properties"]["AMCtxId"].as_str().unwrap_or("")
        );
        let members = json!({ "tokenId": token, "sessionHandles": [&handle] });
        let answer = self.write(|connection| connection.sessions("logoutByHandle", &members))?;
        self.ended(
            token,
            &answer,
            &format!(r#"{{"result":{{"{handle}":true}}}}"#),
        );
        Ok(())
    }

    fn ended(&mut self, token: String, answer: &Answer, expected: &str) {
        if answer.body == expected {
            self.log.ended.push(token);
        } else {
            self.log
                .odd
                .push(format!("no log-out: {} {}", answer.status, answer.body));
        }
    }

    /// Logs in beside a session, which ends; what was noted in it goes on in the new one.
    fn upgrade(&mut self) -> Result<(), Lost> {
        let Some(at) = self.any() else {
            return Ok(());
        };
        let old = self.log.live.swap_remove(at);
        let noted = self.log.noted.remove(&old);
        let step = self.connection.begin_beside(&old)?.json();
        let user = succeeding(self.id);
        let sent = self.write(|connection| connection.answer_beside(&step, &user, PASSWORD, &old));
        let answer = sent?;
        let token = answer.json()["tokenId"].as_str().map(str::to_owned);
        match token {
            Some(token) if token != old => {
                self.log.used.push(step);
                self.log.ended.push(old);
                self.log
                    .noted
                    .extend(noted.map(|noted| (token.clone(), noted)));
                self.log.live.push(token);
                self.log.logins += 1;
                self.shared.logins.fetch_add(1, Ordering::SeqCst);
            }
            _ => self
                .log
                .odd
                .push(format!("no upgrade: {} {}", answer.status, answer.body)),
        }
        Ok(())
    }

    /// Writes a property of a session.
    fn note(&mut self) -> Result<(), Lost> {
        let Some(token) = self.any().and_then(|at| self.log.live.get(at).cloned()) else {
            return Ok(());
        };
        let value = self.random.next(1 << 40).to_string();
        let members = json!({ "tokenId": token, "note": value });
        let sent =
            self.write(|connection| connection.sessions("updateSessionProperties", &members));
        let before = self
            .log
            .noted
            .get(&token)
            .map(|noted| noted.acknowledged.clone());
        let Ok(answer) = sent else {
            let noted = Noted {
                acknowledged: before.unwrap_or_default(),
                perhaps: Some(value),
            };
            self.log.noted.insert(token, noted);
            return Err(Lost);
        };
        if answer.json()["note"] == value.as_str() {
            let noted = Noted {
                acknowledged: value,
                perhaps: None,
            };
            self.log.noted.insert(token, noted);
        } else {
            self.log
                .odd
                .push(format!("no note: {} {}", answer.status, answer.body));
        }
        Ok(())
    }

    /// Has a transfer denied and confirms it; then makes it, or leaves it confirmed.
    fn transfer(&mut self) -> Result<(), Lost> {
        let Some(token) = self.any().and_then(|at| self.log.live.get(at).cloned()) else {
            return Ok(());
        };
        let denied = self.write(|connection| connection.decide(&token, None))?;
        let advice = &denied.json()[0]["advices"]["TransactionConditionAdvice"][0];
        let Some(id) = advice.as_str() else {
            self.log
                .odd
                .push(format!("no transaction: {} {}", denied.status, denied.body));
            return Ok(());
        };
        let begun = self.write(|connection| connection.begin_transaction(&token, id))?;
        let (step, user) = (begun.json(), succeeding(self.id));
        let sent =
            self.write(|connection| connection.answer_beside(&step, &user, PASSWORD, &token));
        let answer = sent?;
        if answer.status != 200 {
            self.log.odd.push(format!(
                "no confirmation: {} {}",
                answer.status, answer.body
            ));
            return Ok(());
        }
        self.log.used.push(step);
        if self.random.next(2) == 0 {
            self.log.confirmed.push(id.to_owned());
            return Ok(());
        }
        let made = self.write(|connection| connection.decide(&token, Some(id)))?;
        if made.json()[0]["actions"]["confirm"] == true {
            self.log.spent.push(id.to_owned());
        } else {
            self.log
                .odd
                .push(format!("no transfer: {} {}", made.status, made.body));
        }
        Ok(())
    }

    /// Makes a user, who is signed in.
    fn register(&mut self) -> Result<(), Lost> {
        let step = self.connection.begin_journey("Register")?.json();
        let name = format!("new-{}-{:x}", self.id, self.random.next(1 << 40));
        let sent = self.write(|connection| connection.fill(&step, [&name, PASSWORD]));
        let Ok(answer) = sent else {
            self.log.perhaps_made.insert(name);
            return Err(Lost);
        };
        // Sessions of others than the client's own user are no use to what else it does.
        if answer.json()["tokenId"].is_string() {
            self.log.made.insert(name);
            self.log.logins += 1;
            self.shared.logins.fetch_add(1, Ordering::SeqCst);
        } else {
            self.log
                .odd
                .push(format!("no user: {} {}", answer.status, answer.body));
        }
        Ok(())
    }

    /// Logs in, and is counted at the user.
    fn visit(&mut self) -> Result<(), Lost> {
        let step = self.connection.begin_journey("Visit")?.json();
        let user = succeeding(self.id);
        let sent = self.write(|connection| connection.fill(&step, [&user, PASSWORD]));
        let Ok(answer) = sent else {
            *self.log.perhaps_visits.entry(user).or_default() += 1;
            return Err(Lost);
        };
        if let Some(token) = answer.json()["tokenId"].as_str() {
            self.log.live.push(token.to_owned());
            *self.log.visits.entry(user).or_default() += 1;
            self.log.logins += 1;
            self.shared.logins.fetch_add(1, Ordering::SeqCst);
        } else {
            self.log
                .odd
                .push(format!("no visit: {} {}", answer.status, answer.body));
        }
        Ok(())
    }

    /// Logs in with the next code of an app, or for recovery.
    fn give_code(&mut self, kind: usize) -> Result<(), Lost> {
        let Some(code) = self.codes[kind] else {
            return Ok(());
        };
        let user = owner(self.id);
        let step = code.asked(&mut self.connection, &user)?;
        self.codes[kind] = code.next();
        let sent = self.write(|connection| code.given(connection, &step, &user));
        let Ok(answer) = sent else {
            self.log.perhaps_taken.insert((user, code));
            return Err(Lost);
        };
        if answer.json()["tokenId"].is_string() {
            self.log.taken.insert((user, code));
            self.log.logins += 1;
            self.shared.logins.fetch_add(1, Ordering::SeqCst);
        } else {
            self.log.odd.push(format!(
                "{user} {code:?}: {} {}",
                answer.status, answer.body
            ));
        }
        Ok(())
    }

    /// Has a script write to a user and to a service.
    fn script(&mut self) -> Result<(), Lost> {
        let begun = self.connection.begin_journey("Script")?.json();
        let user = scripted(self.id);
        let step = self.write(|connection| connection.fill(&begun, [&user, PASSWORD]))?;
        self.log.used.push(begun);
        let step = step.json();
        let which = format!("{user}-{:x}", self.random.next(1 << 40));
        let sent = self.write(|connection| connection.give(&step, &[json!(which)]));
        let Ok(answer) = sent else {
            self.log.perhaps_written.insert(which, (user, step));
            return Err(Lost);
        };
        if answer.json()["tokenId"].is_string() {
            self.log.written.insert(which, user);
            self.log.logins += 1;
            self.shared.logins.fetch_add(1, Ordering::SeqCst);
        } else {
            self.log.odd.push(format!(
                "{which} is not written: {} {}",
                answer.status, answer.body
            ));
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
