//! What journeys count and time, and how it is told: the text format of Prometheus.
//!
//! Counts live in memory and begin at zero with the server, as scrapers expect. How many names there may be
//! is bounded; what comes after is counted together under one name.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use wayfare::{Realm, engine::output::Measure};

/// How many series there may be.
const SERIES_MAX: usize = 1_000;
/// The longest key that is kept as it is, in bytes.
const KEY_MAX: usize = 128;
/// What is counted under when there are too many series, or a key is too long.
const OVERFLOW: &str = "_other";

/// A series: the realm and the key.
type Series = (String, String);

/// A sum of times.
#[derive(Debug, Clone, Copy, Default)]
struct Timer {
    count: u64,
    sum: Duration,
    most: Duration,
}

#[derive(Debug, Default)]
struct Kept {
    meters: BTreeMap<Series, u64>,
    timers: BTreeMap<Series, Timer>,
}

/// The counts and times of a server.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    kept: Mutex<Kept>,
    panics: AtomicU64,
}

impl Metrics {
    /// Adds what a step of a run in this realm has counted or timed.
    pub(crate) fn add(&self, realm: &Realm, measure: &Measure) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let full = kept.meters.len() + kept.timers.len() >= SERIES_MAX;
        let series = (realm.as_str().to_owned(), measure.key.to_string());
        let known = match measure.took {
            None => kept.meters.contains_key(&series),
            Some(_) => kept.timers.contains_key(&series),
        };
        let fits = known || (!full && measure.key.len() <= KEY_MAX);
        let series = if fits {
            series
        } else {
            (series.0, OVERFLOW.to_owned())
        };
        match measure.took {
            None => {
                let count = kept.meters.entry(series).or_default();
                *count = count.saturating_add(1);
            }
            Some(took) => {
                let timer = kept.timers.entry(series).or_default();
                timer.count = timer.count.saturating_add(1);
                timer.sum = timer.sum.saturating_add(took);
                timer.most = timer.most.max(took);
            }
        }
    }

    /// Counts a request that ended in a panic: a mistake of ours, whatever was asked.
    pub(crate) fn panicked(&self) {
        self.panics.fetch_add(1, Ordering::Relaxed);
    }

    /// How many requests ended so.
    pub(crate) fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    /// All of it in the text format.
    pub(crate) fn text(&self) -> String {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        // Writing into a string cannot fail.
        text.push_str("# HELP wayfare_panics_total Requests that ended in a panic.\n");
        text.push_str("# TYPE wayfare_panics_total counter\n");
        let panics = self.panics();
        let _ = writeln!(text, "wayfare_panics_total {panics}");
        text.push_str("# HELP wayfare_meter_total How often runs passed a Meter node.\n");
        text.push_str("# TYPE wayfare_meter_total counter\n");
        for (series, count) in &kept.meters {
            let _ = writeln!(text, "wayfare_meter_total{} {count}", labels(series));
        }
        text.push_str("# HELP wayfare_timer_seconds The time that TimerStop nodes measured.\n");
        text.push_str("# TYPE wayfare_timer_seconds summary\n");
        for (series, timer) in &kept.timers {
            let labels = labels(series);
            let sum = timer.sum.as_secs_f64();
            let _ = writeln!(text, "wayfare_timer_seconds_sum{labels} {sum}");
            let _ = writeln!(text, "wayfare_timer_seconds_count{labels} {}", timer.count);
        }
        text.push_str("# HELP wayfare_timer_seconds_max The longest of these times.\n");
        text.push_str("# TYPE wayfare_timer_seconds_max gauge\n");
        for (series, timer) in &kept.timers {
            let most = timer.most.as_secs_f64();
            let _ = writeln!(text, "wayfare_timer_seconds_max{} {most}", labels(series));
        }
        text
    }
}

fn labels((realm, key): &Series) -> String {
    format!("{{realm=\"{}\",key=\"{}\"}}", escaped(realm), escaped(key))
}

/// A value of a label: backslash, quote and line break are escaped.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measure(key: &str, took: Option<u64>) -> Measure {
        Measure {
            key: key.into(),
            took: took.map(Duration::from_millis),
        }
    }

    #[test]
    fn counts_and_times_are_told_by_realm_and_key() {
        let metrics = Metrics::default();
        for _ in 0..3 {
            metrics.add(&Realm::root(), &measure("log\"in\n", None));
        }
        metrics.add(&Realm::root(), &measure("took", Some(1_500)));
        metrics.add(&Realm::root(), &measure("took", Some(500)));
        let text = metrics.text();
        for line in [
            "wayfare_meter_total{realm=\"/\",key=\"log\\\"in\\n\"} 3",
            "wayfare_timer_seconds_sum{realm=\"/\",key=\"took\"} 2",
            "wayfare_timer_seconds_count{realm=\"/\",key=\"took\"} 2",
            "wayfare_timer_seconds_max{realm=\"/\",key=\"took\"} 1.5",
        ] {
            assert!(text.lines().any(|there| there == line), "{line}\n{text}");
        }
    }

    #[test]
    fn the_number_of_series_is_bounded() {
        let metrics = Metrics::default();
        for at in 0..SERIES_MAX + 500 {
            metrics.add(&Realm::root(), &measure(&at.to_string(), None));
        }
        metrics.add(&Realm::root(), &measure(&"x".repeat(KEY_MAX + 1), None));
        metrics.add(&Realm::root(), &measure("0", None));
        let text = metrics.text();
        assert!(text.contains("{realm=\"/\",key=\"_other\"} 501\n"));
        assert!(text.contains("{realm=\"/\",key=\"0\"} 2\n"));
        assert!(text.lines().count() <= SERIES_MAX + 10);
    }
}
