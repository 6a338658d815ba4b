//! How long things took, counted in buckets.
//!
//! In: durations. Out: quantiles, right within one part in 512, and the greatest, which is exact.
//! The published histograms bring two crates along that nothing else here needs; this is one array and a shift.

use std::time::Duration;

/// How many bits of a time are kept: each doubling is cut into as many buckets as these can count.
const BITS: u32 = 9;
/// The buckets of one doubling.
const EACH: u64 = 1 << BITS;
/// The longest time that is told apart: 2^42 ns are 73 minutes, and nothing here lasts longer than an hour and
/// some patience.
const LONGEST: u64 = (1 << 42) - 1;

/// Durations, counted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Histogram {
    /// As many as the longest needs.
    buckets: Vec<u64>,
    count: u64,
    longest: Duration,
}

impl Histogram {
    /// Counts one.
    pub(crate) fn add(&mut self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).map_or(LONGEST, |nanos| nanos.min(LONGEST));
        // Below 2^16 by the bound above.
        let bucket = usize::try_from(bucket(nanos)).unwrap_or(usize::MAX);
        if self.buckets.len() <= bucket {
            self.buckets.resize(bucket.saturating_add(1), 0);
        }
        if let Some(count) = self.buckets.get_mut(bucket) {
            *count += 1;
        }
        self.count += 1;
        self.longest = self.longest.max(time);
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// The greatest.
    pub(crate) fn longest(&self) -> Duration {
        self.longest
    }

    /// The time within which so many of 1,000 were over; 0 where there are none.
    pub(crate) fn within(&self, per_mille: u64) -> Duration {
        let wanted = (self.count.saturating_mul(per_mille.min(1_000)))
            .div_ceil(1_000)
            .max(1);
        let mut seen = 0;
        for (bucket, count) in (0_u64..).zip(&self.buckets) {
            seen += count;
            if seen >= wanted {
                return Duration::from_nanos(end(bucket)).min(self.longest);
            }
        }
        self.longest
    }
}

/// The bucket of a time in nanoseconds.
fn bucket(nanos: u64) -> u64 {
    let shift = u64::from((nanos | 1).ilog2().saturating_sub(BITS));
    shift * EACH + (nanos >> shift)
}

/// The last nanosecond of a bucket.
fn end(bucket: u64) -> u64 {
    let shift = (bucket / EACH).saturating_sub(1);
    ((bucket - shift * EACH + 1) << shift) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_is_in_the_bucket_that_says_so() {
        let mut before = 0;
        let mut nanos = 0_u64;
        while nanos < LONGEST {
            let at = bucket(nanos);
            assert!(at == before || at == before + 1 || nanos >= 700, "{nanos}");
            assert!(
                end(at) >= nanos && end(at) - nanos <= nanos / EACH,
                "{nanos}"
            );
            assert_eq!(bucket(end(at)), at, "{nanos}");
            assert_eq!(bucket(end(at) + 1), at + 1, "{nanos}");
            before = at;
            nanos += 1 + nanos / 700;
        }
        assert!(bucket(LONGEST) < 1 << 16);
    }

    #[test]
    fn quantiles_are_those_of_the_sorted_list() {
        let mut histogram = Histogram::default();
        // 1 to 10,000 µs in an order of no meaning.
        for n in 0..10_000_u64 {
            histogram.add(Duration::from_micros(n * 7_919 % 10_000 + 1));
        }
        assert_eq!(histogram.count(), 10_000);
        assert_eq!(histogram.longest(), Duration::from_millis(10));
        for (per_mille, micros) in [(500, 5_000), (900, 9_000), (990, 9_900), (999, 9_990)] {
            let (told, exact) = (histogram.within(per_mille), Duration::from_micros(micros));
            assert!(
                told >= exact && told.saturating_sub(exact) <= exact / 512,
                "{per_mille}: {told:?}"
            );
        }
        assert_eq!(histogram.within(1_000), histogram.longest());
    }

    #[test]
    fn nothing_one_and_what_is_too_long() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.within(990), Duration::ZERO);
        histogram.add(Duration::from_nanos(700_001));
        for per_mille in [0, 1, 500, 1_000] {
            assert_eq!(histogram.within(per_mille), Duration::from_nanos(700_001));
        }
        histogram.add(Duration::MAX);
        assert_eq!(histogram.longest(), Duration::MAX);
    }
}
