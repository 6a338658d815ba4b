//! The load itself: connections that log users in as the schedule says.
//!
//! In: what a login is, who logs in, when. Out: what was counted, and over how long. It ends by itself: every
//! login has its patience, and none begins behind the end.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::{
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    client::Client,
    failure::{Failure, Kind},
    host::Target,
    login::Login,
    process::Usage,
    schedule::{Schedule, Turn},
    tally::{QUARTERS, Tally},
    users::Users,
};

/// How often it is said how far it is.
const SECOND: Duration = Duration::from_secs(1);

/// How often it is looked at least what the server uses; more often where what is measured is short.
const LOOK: Duration = Duration::from_secs(2);
/// How often it is looked at all in that time.
const LOOKS: u32 = 40;

/// A load.
#[derive(Debug)]
pub(crate) struct Load {
    pub(crate) target: Arc<Target>,
    pub(crate) login: Login,
    pub(crate) users: Users,
    pub(crate) schedule: Schedule,
    pub(crate) connections: usize,
    pub(crate) patience: Duration,
    /// How many logins may fail before it stops.
    pub(crate) failures_max: u64,
    /// Whether somebody has had enough, of this load or of one before it.
    pub(crate) told: Told,
}

/// What a process used while it was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Used {
    /// Processor time within the time that is measured.
    pub(crate) cpu: Duration,
    /// The rest, at its end.
    pub(crate) last: Usage,
}

/// What a load ends by before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// Somebody who had enough.
    Signal,
    /// More failures than are taken, the first login among them.
    Failures,
}

impl Stopped {
    /// As it stands in reports.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Signal => "signal",
            Self::Failures => "failures",
        }
    }
}

/// What came of a load.
#[derive(Debug, Default)]
pub(crate) struct Driven {
    pub(crate) tally: Tally,
    /// How long was measured; less than wanted where it was stopped.
    pub(crate) measured: Duration,
    /// How long logins were begun, the warm-up included.
    pub(crate) begun: Duration,
    /// What stopped it before its end.
    pub(crate) stopped: Option<Stopped>,
    pub(crate) server: Option<Used>,
    pub(crate) client: Option<Used>,
    /// What the server used in each quarter of the time that is measured, as often as it was looked at.
    pub(crate) quarters: [Vec<Usage>; QUARTERS],
}

impl Load {
    /// The same load by another schedule.
    pub(crate) fn again(&self, schedule: Schedule, connections: usize, failures_max: u64) -> Self {
        Self {
            target: Arc::clone(&self.target),
            login: self.login.clone(),
            users: self.users.clone(),
            schedule,
            connections,
            patience: self.patience,
            failures_max,
            told: self.told.clone(),
        }
    }

    /// Logs one user in, without counting: what does not work once is not worth a load.
    pub(crate) async fn probe(&mut self) -> Result<(), Failure> {
        let mut client = Client::new(Arc::clone(&self.target));
        let patience = self.patience;
        let user = self.users.of_login(0);
        let one = async {
            self.login.prepare(&mut client).await?;
            self.login.run(&mut client, &user).await
        };
        timeout(patience, one)
            .await
            .unwrap_or_else(|_| Err(too_slow(patience)))
            .map(|_| ())
    }

    /// Runs it; `server` says what the server uses, where that can be known.
    pub(crate) async fn run(
        self,
        server: impl Fn() -> Option<Usage>,
        mut progress: impl FnMut(&str),
    ) -> Driven {
        let begun = Instant::now();
        let (stop, stopped) = watch::channel(false);
        let stop = Arc::new(stop);
        let shared = Arc::new(Shared {
            load: self,
            tally: Mutex::new(Tally::default()),
            begun,
            stop: Arc::clone(&stop),
        });
        let mut workers = JoinSet::new();
        for _ in 0..shared.load.connections {
            workers.spawn(Arc::clone(&shared).work(stopped.clone()));
        }
        let schedule = &shared.load.schedule;
        let usages = || (server(), Usage::of(std::process::id()));
        let mut told = shared.load.told.clone();
        let mut is_told = false;
        let (mut before, mut after) = (None, None);
        let mut quarters: [Vec<Usage>; QUARTERS] = Default::default();
        let looks = schedule.end().saturating_sub(schedule.warmup()) / LOOKS;
        let looks = looks.clamp(Duration::from_millis(100), LOOK);
        let mut looked = Duration::ZERO;
        // Bounded by the schedule, which ends by its time.
        loop {
            let now = begun.elapsed();
            if let Some(quarter) = schedule.quarter(now)
                && now >= looked + looks
                && let Some(kept) = quarters.get_mut(quarter)
            {
                kept.extend(server());
                looked = now;
            }
            if before.is_none() && now >= schedule.warmup() {
                before = Some(usages());
            }
            if after.is_none() && now >= schedule.end() {
                after = Some(usages());
            }
            let next = [schedule.warmup(), schedule.end()]
                .into_iter()
                .find(|at| *at > now);
            let wait = next.map_or(looks, |at| looks.min(at.saturating_sub(now)));
            let wait = wait.min(SECOND);
            tokio::select! {
                // Before the others, so that what has ended is not waited for.
                biased;
                joined = workers.join_next() => if joined.is_none() { break },
                () = told.stops(), if !is_told => {
                    is_told = true;
                    let _ = stop.send(true);
                }
                () = sleep(wait) => progress(&shared.progress()),
            }
        }
        let now = begun.elapsed();
        let used = |before: Option<Usage>, after: Option<Usage>| {
            let last = after?;
            let cpu = last.cpu.saturating_sub(before?.cpu);
            Some(Used { cpu, last })
        };
        let before = before.unwrap_or_default();
        let after = after.unwrap_or_else(usages);
        let tally = std::mem::take(&mut *shared.tally());
        let stopped = if is_told {
            Some(Stopped::Signal)
        } else {
            (tally.failed() > shared.load.failures_max).then_some(Stopped::Failures)
        };
        // A load whose last login is over before its end has been one to its end.
        let until = match stopped {
            None => schedule.end(),
            Some(_) => now.min(schedule.end()),
        };
        let measured = until.saturating_sub(schedule.warmup());
        Driven {
            tally,
            measured,
            begun: until,
            stopped,
            server: used(before.0, after.0),
            client: used(before.1, after.1),
            quarters,
        }
    }
}

/// What all connections share.
struct Shared {
    load: Load,
    tally: Mutex<Tally>,
    begun: Instant,
    stop: Arc<watch::Sender<bool>>,
}

impl Shared {
    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One connection, until there is nothing more to do.
    async fn work(self: Arc<Self>, mut stopped: watch::Receiver<bool>) {
        let Load {
            login,
            users,
            schedule,
            patience,
            ..
        } = &self.load;
        let mut client = Client::new(Arc::clone(&self.load.target));
        // Bounded by the schedule, which ends by its time.
        while !*stopped.borrow() {
            let free = self.begun.elapsed();
            let (number, due) = match schedule.next(free) {
                Turn::Over => break,
                Turn::Missed { due } => {
                    let told = format!(
                        "a login that was due at {:.3} s had not begun {patience:?} later: the rate is not held",
                        due.as_secs_f64()
                    );
                    self.failed(Failure::new(Kind::NotBegun, told));
                    continue;
                }
                Turn::Login { number, due } => (number, due),
            };
            if let Some(wait) = due.checked_sub(free).filter(|wait| !wait.is_zero()) {
                tokio::select! {
                    () = sleep(wait) => {}
                    _ = stopped.changed() => break,
                }
            }
            let from = Schedule::from(due, free, self.begun.elapsed());
            let user = users.of_login(number);
            let run = timeout(*patience, login.run(&mut client, &user));
            let run = tokio::select! {
                run = run => run,
                // Whoever has enough waits for no login.
                _ = stopped.changed() => break,
            };
            let ended = self.begun.elapsed();
            match run.unwrap_or_else(|_| Err(too_slow(*patience))) {
                Ok(laps) => self.tally().login(
                    ended.saturating_sub(from),
                    &laps,
                    schedule.quarter(due),
                    schedule.is_measured(ended),
                ),
                Err(failure) => self.failed(failure),
            }
        }
        self.tally().connections += client.opened;
    }

    /// Counts a failure, and stops where there are too many.
    fn failed(&self, failure: Failure) {
        let failed = {
            let mut tally = self.tally();
            tally.failure(failure, self.begun.elapsed());
            tally.failed()
        };
        if failed > self.load.failures_max {
            let _ = self.stop.send(true);
        }
    }

    /// How far it is.
    fn progress(&self) -> String {
        let tally = self.tally();
        let now = self.begun.elapsed();
        let end = self.load.schedule.end();
        format!(
            "{} of {} s: {} logins measured, half within {:.2} ms, {} failures",
            now.min(end).as_secs(),
            end.as_secs(),
            tally.logins.count(),
            tally.logins.within(500).as_secs_f64() * 1_000.0,
            tally.failed(),
        )
    }
}

fn too_slow(patience: Duration) -> Failure {
    Failure::new(
        Kind::TooSlow,
        format!("the login was not over within {patience:?}"),
    )
}

/// Whether somebody has told this process to stop. Signals are listened for from the beginning to the end of a
/// bench, so that none is lost between two of its loads.
#[derive(Debug, Clone)]
pub(crate) struct Told(watch::Receiver<bool>);

impl Told {
    /// Listens from now on.
    pub(crate) fn listening() -> Self {
        let (told, is_told) = watch::channel(false);
        let signals = Signals::new();
        tokio::spawn(async move {
            signals.come().await;
            let _ = told.send(true);
        });
        Self(is_told)
    }

    /// Waits until somebody has.
    pub(crate) async fn stops(&mut self) {
        if self.0.wait_for(|is_told| *is_told).await.is_err() {
            // Nobody can tell any more.
            std::future::pending::<()>().await;
        }
    }
}

/// The signals that end a bench.
struct Signals {
    #[cfg(unix)]
    both: Option<[tokio::signal::unix::Signal; 2]>,
}

impl Signals {
    /// In hand from now on; where they cannot be had they end the process by themselves.
    fn new() -> Self {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let terminate = signal(SignalKind::terminate()).ok();
            let interrupt = signal(SignalKind::interrupt()).ok();
            Self {
                both: terminate.zip(interrupt).map(Into::into),
            }
        }
        #[cfg(not(unix))]
        Self {}
    }

    async fn come(self) {
        #[cfg(unix)]
        if let Some([mut terminate, mut interrupt]) = self.both {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            return;
        }
        let _ = tokio::signal::ctrl_c().await;
    }
}
