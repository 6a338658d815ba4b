//! Trials: loads that say whether a server holds what it should.
//!
//! In: a load. Out: what was counted in each of its phases, and figures beside their goals. A soak is most of
//! what the server can do, for long: nothing may fail, grow or become slower. An overload is far more than it
//! can do: it is refused with the time to come back, what is let in is served, and it is over when it is over.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::time::{sleep, timeout};

use super::{
    client::Client,
    drive::{Driven, Load, Stopped},
    failure::{Failure, Kind},
    histogram::Histogram,
    host::Target,
    process::Usage,
    schedule::Schedule,
};

/// How long the peak is measured, where the trial itself is no shorter.
const PEAK: Duration = Duration::from_secs(10);
/// How long the server is warmed up for that.
const PEAK_WARMUP: Duration = Duration::from_secs(2);
/// How many connections find the peak: more only wait for each other.
const PEAK_CONNECTIONS: usize = 16;
/// The part of the peak that a soak is made of.
const SOAK: f64 = 0.7;
/// How many times the peak an overload is.
const OVERLOAD: f64 = 5.0;
/// The part of the peak that comes behind an overload, and for how long.
const AFTER: (f64, Duration) = (0.5, Duration::from_secs(10));
/// How long nobody may have been refused at the end of that, so that it is over.
const RECOVERED: Duration = Duration::from_secs(1);
/// How often it is asked whether the server runs.
const HEALTH: Duration = Duration::from_millis(20);
/// How long that is asked before anybody logs in.
const IDLE: Duration = Duration::from_secs(4);
/// How long that may take.
const HEALTH_PATIENCE: Duration = Duration::from_secs(5);

/// A figure beside its goal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    pub(crate) value: f64,
    pub(crate) goal: f64,
    /// Whether the goal is the least that is wanted; the most otherwise.
    pub(crate) is_least: bool,
    /// Whether it tells of the machine as much as of the server.
    pub(crate) is_of_time: bool,
}

impl Figure {
    fn most(name: &'static str, value: f64, goal: f64) -> Self {
        Self {
            name,
            value,
            goal,
            is_least: false,
            is_of_time: false,
        }
    }

    fn least(name: &'static str, value: f64, goal: f64) -> Self {
        Self {
            is_least: true,
            ..Self::most(name, value, goal)
        }
    }

    fn of_time(self) -> Self {
        Self {
            is_of_time: true,
            ..self
        }
    }

    pub(crate) fn is_met(&self) -> bool {
        // Written so that what is no number meets nothing.
        if self.is_least {
            self.value >= self.goal
        } else {
            self.value <= self.goal
        }
    }
}

/// A phase of a trial.
#[derive(Debug)]
pub(crate) struct Phase {
    pub(crate) name: &'static str,
    pub(crate) connections: usize,
    pub(crate) rate: Option<f64>,
    pub(crate) warmup: Duration,
    pub(crate) duration: Duration,
    pub(crate) driven: Driven,
}

/// What whoever watches the server found.
#[derive(Debug, Default)]
pub(crate) struct Health {
    /// Before anybody logged in.
    pub(crate) idle: Histogram,
    /// While the server was overloaded.
    pub(crate) times: Histogram,
    pub(crate) failures: u64,
}

/// What came of a trial.
#[derive(Debug, Default)]
pub(crate) struct Tried {
    pub(crate) phases: Vec<Phase>,
    pub(crate) health: Option<Health>,
    /// None where it was stopped, or nobody could log in.
    pub(crate) figures: Vec<Figure>,
    /// Why a first login failed, where it did: then there is no phase.
    pub(crate) first: Option<Failure>,
}

/// What a trial is made with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) warmup: Duration,
    pub(crate) duration: Duration,
    pub(crate) connections: usize,
}

/// Most of what the server can do, or as many logins a second as are wanted, for long.
pub(crate) async fn soak(
    load: Load,
    size: Size,
    rate: Option<f64>,
    server: impl Fn() -> Option<Usage>,
    mut progress: impl FnMut(&str),
) -> Tried {
    let mut tried = Tried::default();
    let rate = if let Some(rate) = rate {
        rate
    } else {
        let peak = peak(&load, size, &server, &mut progress).await;
        let rate = per_second(&peak.driven) * SOAK;
        // A peak that failures cut short is none.
        let is_over = peak.driven.stopped.is_some() || rate <= 0.0;
        tried.phases.push(peak);
        if is_over {
            return tried;
        }
        rate
    };
    let failures_max = load.failures_max;
    let phase = phase(
        &load,
        ("soak", Some(rate), failures_max),
        size,
        &server,
        &mut progress,
    );
    let phase = phase.await;
    if phase.driven.stopped != Some(Stopped::Signal) {
        tried.figures = soaked(&phase.driven);
    }
    tried.phases.push(phase);
    tried
}

/// Far more than the server can do, and then much less.
pub(crate) async fn overload(
    load: Load,
    size: Size,
    server: impl Fn() -> Option<Usage>,
    mut progress: impl FnMut(&str),
) -> Tried {
    let health = Arc::new(Mutex::new(Health::default()));
    let watched = || watch(Arc::clone(&load.target), Arc::clone(&health));
    let mut told = load.told.clone();
    tokio::select! {
        () = watched() => {}
        () = sleep(IDLE.min(size.duration)) => {}
        () = told.stops() => {}
    }
    {
        let mut health = lock(&health);
        health.idle = std::mem::take(&mut health.times);
    }
    let peak = peak(&load, size, &server, &mut progress).await;
    let most = per_second(&peak.driven);
    let is_over = peak.driven.stopped.is_some() || most <= 0.0;
    let mut tried = Tried {
        phases: vec![peak],
        ..Tried::default()
    };
    if is_over {
        return tried;
    }
    let watching = tokio::spawn(watched());
    let begun = Instant::now();
    let rate = Some(most * OVERLOAD);
    let over = phase(
        &load,
        ("overload", rate, u64::MAX),
        size,
        &server,
        &mut progress,
    );
    let over = over.await;
    watching.abort();
    let is_stopped = over.driven.stopped.is_some();
    tried.phases.push(over);
    let found = std::mem::take(&mut *lock(&health));
    if is_stopped {
        tried.health = Some(found);
        return tried;
    }
    // What was let in before the end is part of what has to be got over.
    let drained = begun.elapsed().saturating_sub(size.warmup + size.duration);
    let after = Size {
        warmup: Duration::ZERO,
        duration: AFTER.1,
        ..size
    };
    let rate = Some(most * AFTER.0);
    let after = phase(
        &load,
        ("after", rate, u64::MAX),
        after,
        &server,
        &mut progress,
    );
    let after = after.await;
    if after.driven.stopped.is_none()
        && let [peak, over] = tried.phases.as_slice()
    {
        tried.figures = overloaded([&peak.driven, &over.driven, &after.driven], &found, drained);
    }
    tried.phases.push(after);
    tried.health = Some(found);
    tried
}

/// What the server can do: each connection begins its next login when the last is over.
async fn peak(
    load: &Load,
    size: Size,
    server: &impl Fn() -> Option<Usage>,
    progress: &mut impl FnMut(&str),
) -> Phase {
    let size = Size {
        warmup: PEAK_WARMUP.min(size.duration),
        duration: PEAK.min(size.duration),
        connections: PEAK_CONNECTIONS.min(size.connections),
    };
    phase(
        load,
        ("peak", None, load.failures_max),
        size,
        server,
        progress,
    )
    .await
}

async fn phase(
    load: &Load,
    (name, rate, failures_max): (&'static str, Option<f64>, u64),
    size: Size,
    server: &impl Fn() -> Option<Usage>,
    progress: &mut impl FnMut(&str),
) -> Phase {
    let schedule = Schedule::new(rate, size.warmup, size.duration, load.patience);
    let load = load.again(schedule, size.connections, failures_max);
    let driven = load
        .run(server, |line| progress(&format!("{name}: {line}")))
        .await;
    Phase {
        name,
        connections: size.connections,
        rate,
        warmup: size.warmup,
        duration: size.duration,
        driven,
    }
}

/// Asks again and again whether the server runs, until it is ended from outside.
async fn watch(target: Arc<Target>, health: Arc<Mutex<Health>>) {
    loop {
        let begun = Instant::now();
        let asked = timeout(HEALTH_PATIENCE, Client::health(&target)).await;
        let took = begun.elapsed();
        {
            let mut health = lock(&health);
            health.times.add(took);
            if !matches!(asked, Ok(Ok(()))) {
                health.failures += 1;
            }
        }
        sleep(HEALTH.saturating_sub(took)).await;
    }
}

fn lock(health: &Mutex<Health>) -> MutexGuard<'_, Health> {
    health.lock().unwrap_or_else(PoisonError::into_inner)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "figures for people, far below 2^53"
)]
fn number(count: u64) -> f64 {
    count as f64
}

/// Logins that were over in each second that was measured.
pub(crate) fn per_second(driven: &Driven) -> f64 {
    let seconds = driven.measured.as_secs_f64();
    if seconds > 0.0 {
        number(driven.tally.logins_over) / seconds
    } else {
        0.0
    }
}

/// By how many of a hundred the last is more than the first.
fn growth(first: f64, last: f64) -> f64 {
    if first > 0.0 {
        (last - first) * 100.0 / first
    } else {
        f64::NAN
    }
}

/// The middle one of what was seen in a quarter.
pub(crate) fn middle(seen: &[Usage], of: impl Fn(&Usage) -> u64) -> Option<u64> {
    let mut all: Vec<u64> = seen.iter().map(of).collect();
    all.sort_unstable();
    all.get(all.len() / 2).copied()
}

/// What a soak comes to.
fn soaked(driven: &Driven) -> Vec<Figure> {
    let quarters = driven.tally.quarters.iter().map(Histogram::count);
    let mut figures = vec![
        Figure::most("failures", number(driven.tally.failed()), 0.0),
        // A soak in which nobody logs in shows nothing.
        Figure::least(
            "logins_of_a_quarter",
            number(quarters.min().unwrap_or(0)),
            1.0,
        ),
    ];
    let [first, .., last] = &driven.quarters;
    // Where the server's process is not known, nothing is said of it.
    if !(first.is_empty() && last.is_empty()) {
        let seen =
            |seen: &[Usage], of: fn(&Usage) -> u64| middle(seen, of).map_or(f64::NAN, number);
        let grown = |of: fn(&Usage) -> u64| (seen(first, of), seen(last, of));
        let (before, after) = grown(|usage| usage.resident_kib);
        let resident = growth(before, after);
        figures.push(Figure::most("resident_growth_percent", resident, 2.0));
        let (before, after) = grown(|usage| usage.files);
        figures.push(Figure::most("open_files_growth", after - before, 0.0));
    }
    let [first, .., last] = &driven.tally.quarters;
    let p99 = |times: &Histogram| times.within(990).as_secs_f64();
    let drift = growth(p99(first), p99(last));
    figures.push(Figure::most("p99_drift_percent", drift, 10.0).of_time());
    figures
}

/// What an overload comes to: of the peak, of the overload and of what came behind it, which began when what
/// was let in before had been got over.
fn overloaded(
    [peak, over, after]: [&Driven; 3],
    health: &Health,
    drained: Duration,
) -> Vec<Figure> {
    let most = per_second(peak);
    let tally = &over.tally;
    let of_kind = |kind: Kind| tally.failures.get(&kind).copied().unwrap_or(0);
    let begun = over.begun.as_secs_f64().max(f64::EPSILON);
    let asked = number(tally.begun) / begun;
    let last = after.tally.last_failure.unwrap_or_default();
    // Who is still refused at the end has not been seen to be served again.
    let is_recovered = last + RECOVERED <= after.begun && after.tally.logins_over > 0;
    vec![
        Figure::least("asked_to_peak", asked / most, OVERLOAD * 0.9).of_time(),
        Figure::least("refused", number(of_kind(Kind::Busy)), 1.0),
        Figure::least("served", number(tally.logins_over), 1.0),
        Figure::most(
            "other_failures",
            number(tally.failed_otherwise() - of_kind(Kind::NotBegun)),
            0.0,
        ),
        Figure::least("goodput_to_peak", per_second(over) / most, 0.8).of_time(),
        Figure::most("health_failures", number(health.failures), 0.0),
        Figure::most(
            "health_p99_ms",
            health.times.within(990).as_secs_f64() * 1_000.0,
            50.0,
        )
        .of_time(),
        Figure::most(
            "other_failures_after",
            number(after.tally.failed_otherwise()),
            0.0,
        ),
        Figure::least("recovered", number(u64::from(is_recovered)), 1.0),
        Figure::most("recovery_s", (drained + last).as_secs_f64(), 5.0).of_time(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::tally::{QUARTERS, Tally};

    fn driven(logins: u64, failures: &[(Kind, u64)]) -> Driven {
        let mut tally = Tally::default();
        for login in 0..logins {
            let quarter = usize::try_from(login).unwrap() % QUARTERS;
            tally.login(Duration::from_millis(10), &[], Some(quarter), true);
        }
        for (kind, count) in failures {
            for _ in 0..*count {
                tally.failure(Failure::new(*kind, "no"), Duration::from_secs(1));
            }
        }
        Driven {
            tally,
            measured: Duration::from_secs(10),
            begun: Duration::from_secs(10),
            ..Driven::default()
        }
    }

    fn short(figures: &[Figure]) -> Vec<&'static str> {
        let short = figures.iter().filter(|figure| !figure.is_met());
        short.map(|figure| figure.name).collect()
    }

    fn usage(resident_kib: u64, files: u64) -> Usage {
        Usage {
            cpu: Duration::ZERO,
            resident_kib,
            peak_kib: resident_kib,
            files,
        }
    }

    #[test]
    fn a_soak_in_which_nothing_grows_is_met_and_each_growth_is_told() {
        let steady = |last: Usage| {
            let mut driven = driven(400, &[]);
            driven.quarters =
                [usage(1_000, 40), usage(1, 1), usage(1, 1), last].map(|at| vec![at; 3]);
            driven
        };
        assert_eq!(short(&soaked(&steady(usage(1_020, 40)))), [""; 0]);
        assert_eq!(
            short(&soaked(&steady(usage(1_021, 40)))),
            ["resident_growth_percent"]
        );
        assert_eq!(
            short(&soaked(&steady(usage(1_000, 41)))),
            ["open_files_growth"]
        );
        let mut slower = steady(usage(1_000, 40));
        for _ in 0..10 {
            slower.tally.quarters[3].add(Duration::from_millis(12));
        }
        assert_eq!(short(&soaked(&slower)), ["p99_drift_percent"]);
        assert_eq!(short(&soaked(&driven(3, &[]))), ["logins_of_a_quarter"]);
        // One that failed, and a quarter that nobody looked at.
        let mut blind = driven(400, &[(Kind::Busy, 1)]);
        blind.quarters[0] = vec![usage(1_000, 40)];
        assert_eq!(
            short(&soaked(&blind)),
            ["failures", "resident_growth_percent", "open_files_growth"]
        );
    }

    #[test]
    fn an_overload_is_refused_with_a_time_and_served_as_before() {
        let peak = driven(1_000, &[]);
        let after = driven(50, &[]);
        let judged = |over: &Driven, health: Health, recovered: u64| {
            let figures = overloaded(
                [&peak, over, &after],
                &health,
                Duration::from_secs(recovered),
            );
            short(&figures)
        };
        let health = |took: u64, failures: u64| {
            let mut times = Histogram::default();
            times.add(Duration::from_millis(took));
            Health {
                times,
                failures,
                ..Health::default()
            }
        };
        let good = driven(900, &[(Kind::Busy, 4_000)]);
        assert_eq!(judged(&good, health(40, 0), 4), [""; 0]);
        assert_eq!(
            judged(&good, health(60, 1), 6),
            ["health_failures", "health_p99_ms", "recovery_s"]
        );
        let bad = driven(700, &[(Kind::Busy, 4_000), (Kind::TooSlow, 1)]);
        assert_eq!(
            judged(&bad, health(40, 0), 4),
            ["other_failures", "goodput_to_peak"]
        );
        // What the client could not begin was not asked of the server.
        let idle = driven(900, &[(Kind::Busy, 3_000), (Kind::NotBegun, 1_000)]);
        assert_eq!(judged(&idle, health(40, 0), 4), ["asked_to_peak"]);
        // One that nobody was refused in, and one that nobody was served in.
        let none = driven(5_000, &[]);
        assert_eq!(judged(&none, health(40, 0), 4), ["refused"]);
        let all = driven(0, &[(Kind::Busy, 5_000)]);
        assert_eq!(
            judged(&all, health(40, 0), 4),
            ["served", "goodput_to_peak"]
        );
        let behind = |after: &Driven| {
            let figures = overloaded([&peak, &good, after], &health(40, 0), Duration::ZERO);
            short(&figures)
        };
        // Refused at first, refused to the end, nobody served, and another answer.
        assert_eq!(behind(&driven(50, &[(Kind::Busy, 9)])), [""; 0]);
        let mut late = driven(50, &[]);
        let busy = Failure::new(Kind::Busy, "no");
        late.tally.failure(busy, Duration::from_millis(9_500));
        assert_eq!(behind(&late), ["recovered", "recovery_s"]);
        assert_eq!(behind(&driven(0, &[])), ["recovered"]);
        assert_eq!(
            behind(&driven(50, &[(Kind::Status, 1)])),
            ["other_failures_after"]
        );
    }
}
