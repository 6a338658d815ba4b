//! Stateright: every state of one journey, of which a model was written by hand.
//!
//! The journey is `journeys/explore_large.journey`. The model has its nodes, its counters and what its
//! properties speak of; wayfare's table has besides who proved what, the failures of the account and the
//! outside that fails. So the states are not as many, and what compares is how many a second are looked at.

use std::{hint::black_box, time::Duration};

use rustix::time::{ClockId, clock_gettime};
use stateright::{Checker, Model, Property};

use crate::{
    report::{Report, Side},
    wayfare::Large as Ours,
};

/// How often each side is run, in turn.
const ROUNDS: usize = 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Node {
    Credentials,
    Check,
    Attempts,
    Lock,
    Active,
    Known,
    Generate,
    Send,
    Enter,
    Again,
    Stronger,
    Terms,
    Reconsider,
    Wait,
    Patience,
    Strongest,
    Success,
    Failure,
}

/// What is counted: wrong passwords, wrong codes of the first and of the second kind, refusals of the
/// terms, and leaving while one waits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct State {
    at: Node,
    second: bool,
    attempts: u8,
    codes: [u8; 2],
    refusals: u8,
    exits: u8,
    checks: u8,
    level: u8,
    password: bool,
    verified: [bool; 2],
    locked: bool,
}

/// Which of the ways out of a node is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Way(u8);

#[derive(Debug, Clone)]
struct Large;

impl State {
    fn limit(&mut self, count: fn(&mut Self) -> &mut u8, limit: u8, retry: Node, reject: Node) {
        let spent = *count(self) >= limit;
        if !spent {
            *count(self) += 1;
        }
        self.at = if spent { reject } else { retry };
    }
}

impl Model for Large {
    type State = State;
    type Action = Way;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            at: Node::Credentials,
            second: false,
            attempts: 0,
            codes: [0; 2],
            refusals: 0,
            exits: 0,
            checks: 0,
            level: 0,
            password: false,
            verified: [false; 2],
            locked: false,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Way>) {
        let ways = match state.at {
            Node::Success | Node::Failure => 0,
            Node::Check | Node::Active | Node::Enter | Node::Terms | Node::Wait | Node::Send => 2,
            _ => 1,
        };
        actions.extend((0..ways).map(Way));
    }

    fn next_state(&self, last: &State, Way(way): Way) -> Option<State> {
        let mut next = last.clone();
        let (yes, kind) = (way == 0, usize::from(last.second));
        match last.at {
            Node::Credentials => next.at = Node::Check,
            Node::Check => {
                next.checks += 1;
                next.password = yes;
                next.at = if yes { Node::Active } else { Node::Attempts };
            }
            Node::Attempts => {
                next.limit(
                    |state| &mut state.attempts,
                    7,
                    Node::Credentials,
                    Node::Lock,
                );
            }
            Node::Lock => {
                next.locked = true;
                next.at = Node::Failure;
            }
            Node::Active => next.at = if yes { Node::Known } else { Node::Failure },
            Node::Known => {
                next.level += 10;
                next.at = Node::Generate;
            }
            Node::Generate => next.at = Node::Send,
            Node::Send => next.at = if yes { Node::Enter } else { Node::Failure },
            Node::Enter => {
                next.verified[kind] = yes;
                next.at = match (yes, last.second) {
                    (true, false) => Node::Stronger,
                    (true, true) => Node::Strongest,
                    (false, _) => Node::Again,
                };
            }
            Node::Again if last.second => {
                next.limit(|state| &mut state.codes[1], 9, Node::Enter, Node::Failure);
            }
            Node::Again => {
                next.limit(|state| &mut state.codes[0], 9, Node::Enter, Node::Failure);
            }
            Node::Stronger => {
                next.level += 10;
                next.at = Node::Terms;
            }
            Node::Terms => next.at = if yes { Node::Wait } else { Node::Reconsider },
            Node::Reconsider => {
                next.limit(|state| &mut state.refusals, 15, Node::Terms, Node::Failure);
            }
            Node::Wait => {
                next.second = yes;
                next.at = if yes { Node::Generate } else { Node::Patience };
            }
            Node::Patience => {
                next.limit(|state| &mut state.exits, 15, Node::Wait, Node::Failure);
            }
            Node::Strongest => {
                next.level += 10;
                next.at = Node::Success;
            }
            Node::Success | Node::Failure => return None,
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("a password was checked", |_, state: &State| {
                state.at != Node::Success || state.password
            }),
            Property::always("both codes", |_, state: &State| {
                state.at != Node::Success || state.verified == [true; 2]
            }),
            Property::always("eight tries", |_, state: &State| state.checks <= 8),
            Property::always("locked stays locked", |_, state: &State| {
                state.at != Node::Success || !state.locked
            }),
            Property::always("level 30", |_, state: &State| {
                state.at != Node::Success || state.level == 30
            }),
        ]
    }
}

/// The processor time of all threads: Stateright searches on one of its own.
fn used() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// How many states there are, and the seconds that it took.
fn timed(search: &dyn Fn() -> u64) -> (u64, f64) {
    let before = used();
    let states = search();
    (states, used().saturating_sub(before).as_secs_f64())
}

fn theirs() -> u64 {
    let checker = Large.checker().threads(1).spawn_bfs().join();
    assert!(checker.discoveries().is_empty(), "a property is broken");
    let states = black_box(checker.unique_state_count());
    u64::try_from(states).expect("a count")
}

pub(crate) fn run(report: &mut Report) {
    let large = Ours::new();
    let ours = || large.states();
    let (mut peer, mut mine) = ((0, f64::MAX), (0, f64::MAX));
    for _ in 0..ROUNDS {
        let (states, seconds) = timed(&theirs);
        peer = (states, seconds.min(peer.1));
        let (states, seconds) = timed(&ours);
        mine = (states, seconds.min(mine.1));
    }
    let figures = |(states, seconds): (u64, f64)| {
        let states = f64::from(u32::try_from(states).expect("a count"));
        vec![("states", states), ("states a second", states / seconds)]
    };
    let (peer, mine) = (figures(peer), figures(mine));
    let value = mine[1].1 / peer[1].1;
    let sides = [
        Side::figures("peer, breadth first, one thread", peer),
        Side::figures("wayfare, one run of anybody", mine),
    ];
    report.ratio("P9_explore_stateright", value, Some(1.0), sides);
}
