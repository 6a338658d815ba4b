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
        }
    }
}

/// A request that was answered, and how long that took.
pub(crate) type Lap = (Part, Duration);

/// Everything that is counted while logins run.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Logins that are measured.
    pub(crate) logins: Histogram,
    /// Requests of those.
    pub(crate) parts: BTreeMap<Part, Histogram>,
    /// Logins that were over within the time that is measured: what the rates are made of.
    pub(crate) logins_over: u64,
    /// Requests of those.
    pub(crate) requests_over: u64,
    /// All failures, those of the warm-up too.
    pub(crate) failures: BTreeMap<Kind, u64>,
    /// The first of them.
    pub(crate) first: Option<Failure>,
    /// Connections that were made.
    pub(crate) connections: u64,
}

impl Tally {
    /// A login came to its end.
    ///
    /// Its time counts where it was due while it is measured, and it counts for the rate where it was over then.
    pub(crate) fn login(&mut self, took: Duration, laps: &[Lap], is_measured: bool, is_over: bool) {
        if is_measured {
            self.logins.add(took);
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
    pub(crate) fn failure(&mut self, failure: Failure) {
        *self.failures.entry(failure.kind).or_default() += 1;
        self.first.get_or_insert(failure);
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
        tally.login(ms(6), &laps, false, true);
        tally.login(ms(7), &laps, true, true);
        tally.login(ms(8), &laps, true, false);
        assert_eq!((tally.logins.count(), tally.logins.longest()), (2, ms(8)));
        assert_eq!(tally.parts[&Part::Answer].count(), 4);
        assert_eq!((tally.logins_over, tally.requests_over), (2, 6));
        tally.failure(Failure::new(Kind::Busy, "one"));
        tally.failure(Failure::new(Kind::Refused, "two"));
        assert_eq!(tally.failed(), 2);
        assert_eq!(tally.first.unwrap().told, "one");
    }
}
