//! What was counted.

use std::{collections::BTreeMap, time::Duration};

use super::{
    failure::{Failure, Kind},
    histogram::Histogram,
};

/// The kinds of requests, in the order in which they are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// A whole login by headers.
    ZeroPage,
    /// The start of a journey.
    Start,
    /// An answer to its questions.
    Answer,
    /// The start of the journey that raises the session.
    StepUpStart,
    /// An answer to that one's.
    StepUpAnswer,
    /// What level the session has.
    Level,
    /// The end of the session.
    LogOut,
}

impl Part {
    /// As it stands in reports.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::ZeroPage => "zero_page",
            Self::Start => "start",
            Self::Answer => "answer",
            Self::StepUpStart => "step_up_start",
            Self::StepUpAnswer => "step_up_answer",
            Self::Level => "level",
            Self::LogOut => "log_out",
        }
    }
}

/// A request that was answered, and how long that took.
pub(crate) type Lap = (Part, Duration);

/// How many parts of equal length the time that is measured has, so that it is seen what changes with time.
pub(crate) const QUARTERS: usize = 4;

/// Everything that is counted while logins run.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Logins that are measured.
    pub(crate) logins: Histogram,
    /// The same by the quarter of the time in which they were due.
    pub(crate) quarters: [Histogram; QUARTERS],
    /// Requests of those.
    pub(crate) parts: BTreeMap<Part, Histogram>,
    /// Logins that have begun, those of the warm-up too.
    pub(crate) begun: u64,
    /// Logins that were over within the time that is measured: what the rates are made of.
    pub(crate) logins_over: u64,
    /// Requests of those.
    pub(crate) requests_over: u64,
    /// All failures, those of the warm-up too.
    pub(crate) failures: BTreeMap<Kind, u64>,
    /// The first of them.
    pub(crate) first: Option<Failure>,
    /// When the last of them was, counted from the beginning.
    pub(crate) last_failure: Option<Duration>,
    /// Connections that were made.
    pub(crate) connections: u64,
}

impl Tally {
    /// A login came to its end.
    ///
    /// Its time counts where it was due while it is measured, and it counts for the rate where it was over then.
    pub(crate) fn login(
        &mut self,
        took: Duration,
        laps: &[Lap],
        quarter: Option<usize>,
        is_over: bool,
    ) {
        self.begun += 1;
        if let Some(quarter) = quarter {
            self.logins.add(took);
            if let Some(times) = self.quarters.get_mut(quarter) {
                times.add(took);
            }
            for (part, took) in laps {
                self.parts.entry(*part).or_default().add(*took);
            }
        }
        if is_over {
            self.logins_over += 1;
            self.requests_over += u64::try_from(laps.len()).unwrap_or(u64::MAX);
        }
    }

    /// One did not.
    pub(crate) fn failure(&mut self, failure: Failure, at: Duration) {
        self.last_failure = self.last_failure.max(Some(at));
        if failure.kind != Kind::NotBegun {
            self.begun += 1;
        }
        *self.failures.entry(failure.kind).or_default() += 1;
        self.first.get_or_insert(failure);
    }

    /// How many came to another end than that the server had too much to do and said so.
    pub(crate) fn failed_otherwise(&self) -> u64 {
        self.failed() - self.failures.get(&Kind::Busy).copied().unwrap_or(0)
    }

    /// How many did not.
    pub(crate) fn failed(&self) -> u64 {
        self.failures.values().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_rates_count_what_is_theirs_and_failures_always() {
        let ms = Duration::from_millis;
        let laps = [
            (Part::Start, ms(1)),
            (Part::Answer, ms(2)),
            (Part::Answer, ms(3)),
        ];
        let mut tally = Tally::default();
        tally.login(ms(6), &laps, None, true);
        tally.login(ms(7), &laps, Some(0), true);
        tally.login(ms(8), &laps, Some(3), false);
        assert_eq!((tally.logins.count(), tally.logins.longest()), (2, ms(8)));
        assert_eq!(tally.parts[&Part::Answer].count(), 4);
        assert_eq!((tally.logins_over, tally.requests_over), (2, 6));
        assert_eq!(
            tally.quarters.each_ref().map(Histogram::count),
            [1, 0, 0, 1]
        );
        tally.failure(Failure::new(Kind::Busy, "one"), ms(9));
        tally.failure(Failure::new(Kind::Refused, "two"), ms(8));
        assert_eq!((tally.failed(), tally.failed_otherwise()), (2, 1));
        assert_eq!(tally.last_failure, Some(ms(9)));
        assert_eq!(tally.first.unwrap().told(), "one");
    }
}
