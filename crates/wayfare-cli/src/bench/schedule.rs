//! When logins begin.
//!
//! In: how the load is made, and how much time has gone by. Out: which login is next and when it is due. No
//! clock: a test plays hours in no time.
//!
//! In a closed loop each connection begins its next login when the last is over, so a server that stalls is
//! asked less, and its stall is one slow login. In an open loop logins are due at fixed times whatever the
//! server does, and a login that waits for a connection has been waiting since it was due.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use super::tally::QUARTERS;

/// By how much a sleep may miss its time: the timer of the client, not the server.
const TIMER: Duration = Duration::from_millis(2);

/// When logins begin, shared by all connections.
#[derive(Debug)]
pub(crate) struct Schedule {
    /// Logins a second; `None` is a closed loop.
    rate: Option<f64>,
    warmup: Duration,
    /// The end of the time that is measured, counted from the beginning of the warm-up.
    end: Duration,
    patience: Duration,
    taken: AtomicU64,
}

/// What a connection that is free does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It begins this login when it is due, which may be past.
    Login {
        /// Which one, counted from 0.
        number: u64,
        /// When.
        due: Duration,
    },
    /// It passes over one that has been due for longer than anybody waits.
    Missed {
        /// When it was due.
        due: Duration,
    },
    /// There is nothing more to do.
    Over,
}

impl Schedule {
    /// Logins for this long, after a warm-up that is not measured.
    pub(crate) fn new(
        rate: Option<f64>,
        warmup: Duration,
        duration: Duration,
        patience: Duration,
    ) -> Self {
        Self {
            rate,
            warmup,
            end: warmup + duration,
            patience,
            taken: AtomicU64::new(0),
        }
    }

    /// What a connection does that is free now.
    pub(crate) fn next(&self, now: Duration) -> Turn {
        let Some(rate) = self.rate else {
            if now >= self.end {
                return Turn::Over;
            }
            let number = self.taken.fetch_add(1, Ordering::Relaxed);
            return Turn::Login { number, due: now };
        };
        let number = self.taken.fetch_add(1, Ordering::Relaxed);
        #[expect(
            clippy::cast_precision_loss,
            reason = "an hour of a million a second is far below 2^53"
        )]
        let due = Duration::try_from_secs_f64(number as f64 / rate).unwrap_or(Duration::MAX);
        if due >= self.end {
            Turn::Over
        } else if now.saturating_sub(due) > self.patience {
            Turn::Missed { due }
        } else {
            Turn::Login { number, due }
        }
    }

    /// From when a login counts that was due then, was taken by a connection free since then, and began then.
    ///
    /// What it waited for a connection counts; what the timer of the client was late does not.
    pub(crate) fn from(due: Duration, free: Duration, began: Duration) -> Duration {
        if free <= due && began.saturating_sub(due) <= TIMER {
            began
        } else {
            due
        }
    }

    /// Whether a time is one that is measured.
    pub(crate) fn is_measured(&self, time: Duration) -> bool {
        self.warmup <= time && time < self.end
    }

    /// The quarter of the time that is measured in which this is.
    pub(crate) fn quarter(&self, time: Duration) -> Option<usize> {
        if !self.is_measured(time) {
            return None;
        }
        let whole = self.end.saturating_sub(self.warmup).as_nanos().max(1);
        let gone = time.saturating_sub(self.warmup).as_nanos();
        usize::try_from(gone * QUARTERS as u128 / whole).ok()
    }

    /// The end of the warm-up.
    pub(crate) fn warmup(&self) -> Duration {
        self.warmup
    }

    /// The end of what is measured.
    pub(crate) fn end(&self) -> Duration {
        self.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::histogram::Histogram;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// What a play of a schedule in virtual time comes to.
    #[derive(Default)]
    struct Played {
        times: Histogram,
        begun: Vec<Duration>,
        missed: usize,
        over: Duration,
    }

    /// Plays connections against a server that needs this long for a login that begins then.
    fn play(
        schedule: &Schedule,
        connections: usize,
        takes: impl Fn(Duration) -> Duration,
    ) -> Played {
        let mut free = vec![Duration::ZERO; connections];
        let mut played = Played::default();
        loop {
            // The one that is free first is the next to ask.
            let (at, now) = free
                .iter()
                .copied()
                .enumerate()
                .min_by_key(|(_, at)| *at)
                .unwrap();
            if now == Duration::MAX {
                return played;
            }
            match schedule.next(now) {
                Turn::Over => free[at] = Duration::MAX,
                Turn::Missed { .. } => played.missed += 1,
                Turn::Login { due, .. } => {
                    let began = now.max(due);
                    let ended = began + takes(began);
                    let from = Schedule::from(due, now, began);
                    if schedule.is_measured(due) {
                        played.times.add(ended.saturating_sub(from));
                    }
                    played.begun.push(began);
                    played.over = played.over.max(ended);
                    free[at] = ended;
                }
            }
        }
    }

    #[test]
    fn a_closed_loop_begins_when_the_last_is_over() {
        let schedule = Schedule::new(None, ms(1_000), ms(10_000), ms(1_000));
        let played = play(&schedule, 2, |_| ms(10));
        assert_eq!(played.begun.len(), 2 * 1_100);
        assert_eq!(played.times.count(), 2 * 1_000);
        assert_eq!(played.times.longest(), ms(10));
        assert_eq!(played.over, ms(11_000));
    }

    #[test]
    fn an_open_loop_begins_when_it_is_due() {
        let schedule = Schedule::new(Some(100.0), ms(1_000), ms(10_000), ms(1_000));
        let played = play(&schedule, 4, |_| ms(10));
        let due: Vec<_> = (0..1_100).map(|n| ms(n * 10)).collect();
        assert_eq!(played.begun, due);
        assert_eq!(
            (played.times.count(), played.times.longest()),
            (1_000, ms(10))
        );
    }

    /// A server that stands still for a second: the closed loop sees a slow login for each connection, the
    /// open one everybody who came in that second.
    #[test]
    fn a_stall_is_not_left_out() {
        let stalls = |began: Duration| {
            let stall = ms(5_000)..ms(6_000);
            if stall.contains(&began) {
                ms(6_001).saturating_sub(began)
            } else {
                ms(1)
            }
        };
        let closed = Schedule::new(None, ms(0), ms(10_000), ms(10_000));
        let closed = play(&closed, 1, stalls).times;
        assert!(closed.within(999) < ms(2));
        assert!(closed.longest() > ms(900));
        let open = Schedule::new(Some(100.0), ms(0), ms(10_000), ms(10_000));
        let open = play(&open, 1, stalls).times;
        assert_eq!(open.count(), 1_000);
        assert!(open.within(500) < ms(2));
        assert!(
            open.within(950) > ms(450) && open.within(950) < ms(620),
            "{:?}",
            open.within(950)
        );
        assert!(open.within(990) > ms(880));
    }

    #[test]
    fn what_nobody_waits_for_is_missed_and_the_end_comes() {
        // It can do half of what is asked.
        let schedule = Schedule::new(Some(100.0), ms(0), ms(60_000), ms(5_000));
        let played = play(&schedule, 1, |_| ms(20));
        assert_eq!(played.begun.len() + played.missed, 6_000);
        assert!(played.missed > 2_500, "{}", played.missed);
        assert!(played.times.longest() <= ms(5_020));
        assert!(played.over <= ms(65_020), "{:?}", played.over);
    }

    #[test]
    fn a_quarter_is_one_of_the_time_that_is_measured() {
        let schedule = Schedule::new(None, ms(100), ms(400), ms(1));
        let at = |millis| schedule.quarter(ms(millis));
        assert_eq!((at(99), at(500)), (None, None));
        assert_eq!(
            [100, 199, 200, 399, 400, 499].map(at),
            [0, 0, 1, 2, 3, 3].map(Some)
        );
    }

    #[test]
    fn a_late_timer_is_not_the_server_and_a_late_client_is_told() {
        assert_eq!(Schedule::from(ms(10), ms(5), ms(11)), ms(11));
        assert_eq!(Schedule::from(ms(10), ms(11), ms(11)), ms(10));
        assert_eq!(Schedule::from(ms(10), ms(5), ms(50)), ms(10));
    }
}
