//! The shortest answers for which a program and its mutant differ.
//!
//! Both are played side by side, breadth first, with the same answers in the same world: right and wrong
//! secrets, a user, a locked one and nobody, every choice, and a code that is typed late; a node whose behaviour
//! is not here ends in each of its ways. What is compared
//! is what anybody outside can see: what is asked, how it ends and at which level, and what is done outside.

use std::{collections::VecDeque, fmt::Write as _, sync::Arc, time::Duration};

use wayfare::{Ask, End, Engine, Program, Start};

use crate::{
    Play, SimHost, Stop,
    attempt::{GIVEN, SEED, Way, candidates, line, path_of, reply, world},
};

/// Answers for which two programs differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The answers as the lines of a test.
    pub test: String,
    /// What the program does then.
    pub original: String,
    /// What its mutant does.
    pub mutant: String,
}

/// How far the answers are tried.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bound {
    pub(super) plays: usize,
    pub(super) answers: usize,
    pub(super) expiry: Option<Duration>,
}

#[derive(Clone)]
struct Pair {
    original: Play,
    mutant: Play,
    lines: String,
    answers: usize,
}

/// What came of trying answers.
#[derive(Debug)]
pub(super) enum Tried {
    /// For these the programs differ.
    Differs(Difference),
    /// For none of those that were tried.
    Alike,
    /// No run could begin.
    NotBegun,
}

/// How many replies are said in one step.
const REPLIES_MAX: usize = 8;

struct Search<'a> {
    program: &'a Program,
    journey: &'a str,
    bound: Bound,
    plays: usize,
}

/// The first difference of two programs in a journey, in the order of the number of answers.
pub(super) fn difference(original: &Engine, mutant: &Engine, journey: &str, bound: Bound) -> Tried {
    let program = original.program();
    let Some(wire) = program.journey_named(journey).map(|j| j.wire_name.clone()) else {
        return Tried::NotBegun;
    };
    let begin = |engine: &Engine| {
        let start = Start::journey(wire.clone());
        Play::begin(engine, start, world(), SimHost::new(SEED)).ok()
    };
    let (Some(left), Some(right)) = (begin(original), begin(mutant)) else {
        return Tried::NotBegun;
    };
    let first = Pair {
        original: left,
        mutant: right,
        lines: String::new(),
        answers: 0,
    };
    let mut search = Search {
        program,
        journey,
        bound,
        plays: 0,
    };
    let mut queue = VecDeque::new();
    if let Some(found) = search.step(&first, None, &mut queue) {
        return Tried::Differs(found);
    }
    if queue.is_empty() && first.original.clone().first().is_err() {
        return Tried::NotBegun;
    }
    while let Some(pair) = queue.pop_front() {
        let Some(Stop::Ask(ask)) = pair.original.stop() else {
            continue;
        };
        if pair.answers >= bound.answers {
            continue;
        }
        for way in candidates(&pair.original, &ask, bound.expiry) {
            if search.plays >= bound.plays {
                return Tried::Alike;
            }
            if let Some(found) = search.step(&pair, Some((&ask, &way)), &mut queue) {
                return Tried::Differs(found);
            }
        }
    }
    Tried::Alike
}

impl Search<'_> {
    /// Takes both on by one answer, or for the first time, with each reply that a node without behaviour
    /// waits for; what asks again is put into the queue.
    fn step(
        &mut self,
        pair: &Pair,
        given: Option<(&Ask, &Way)>,
        queue: &mut VecDeque<Pair>,
    ) -> Option<Difference> {
        let mut open = vec![(pair.clone(), 0_usize)];
        while let Some((before, said)) = open.pop() {
            if self.plays >= self.bound.plays {
                return None;
            }
            self.plays += 1;
            let mut next = before.clone();
            let stops = match given {
                None => (next.original.first(), next.mutant.first()),
                Some((ask, way)) => {
                    next.answers += 1;
                    if let Some(wait) = way.wait {
                        next.original.advance(wait);
                        next.mutant.advance(wait);
                        let _ = writeln!(next.lines, "  advance {}s", wait.as_secs());
                    }
                    let text = line(self.program, &before.original, ask, self.journey, way);
                    next.lines.push_str(&text);
                    let answers = way.answers.clone();
                    (
                        next.original.answer(answers.clone()),
                        next.mutant.answer(answers),
                    )
                }
            };
            let (Ok(left), Ok(right)) = stops else {
                continue;
            };
            let waits = reply::missing(&before.original, &next.original)
                .or_else(|| reply::missing(&before.mutant, &next.mutant));
            if let Some(node) = waits.filter(|_| said < REPLIES_MAX) {
                // The last is taken first from the list.
                for reply in reply::ways(self.program, &node).into_iter().rev() {
                    let mut with = before.clone();
                    for play in [&mut with.original, &mut with.mutant] {
                        play.world_mut()
                            .script(Arc::clone(&node), reply.scripted.clone());
                    }
                    let path = path_of(self.program, self.journey, &node);
                    let _ = writeln!(with.lines, "  reply {path} {{ {} }}", reply.fields);
                    open.push((with, said + 1));
                }
                continue;
            }
            if let Some(found) = compare(&next, &left, &right, self.journey) {
                return Some(found);
            }
            if matches!(left, Stop::Ask(_)) {
                queue.push_back(next);
            }
        }
        None
    }
}

/// What anybody outside can see of a stop.
fn seen(play: &Play, stop: &Stop) -> String {
    let mut text = match stop {
        Stop::Ask(ask) => {
            let kinds: Vec<&str> = ask
                .callbacks
                .iter()
                .map(|c| c.kind().trim_end_matches("Callback"))
                .collect();
            let own: Vec<String> = play
                .asker()
                .iter()
                .map(|(name, _)| name.to_string())
                .collect();
            format!("it asks [{}] at {}", kinds.join(", "), own.join(" and "))
        }
        Stop::Suspended(_) => "it waits for somebody to follow a link".to_owned(),
        Stop::Done(End::Success(success)) => {
            format!(
                "success of {} at level {}",
                success.subject.username, success.level
            )
        }
        Stop::Done(End::Failure(failure)) => match &failure.message {
            Some(message) => format!("failure: {message}"),
            None => "failure".to_owned(),
        },
    };
    let done = play
        .world()
        .performed
        .iter()
        .filter(|done| done.kind != "read_identity");
    let done: Vec<&str> = done.map(|done| done.kind).collect();
    if !done.is_empty() {
        let _ = write!(text, "; done outside: {}", done.join(", "));
    }
    text
}

fn compare(pair: &Pair, left: &Stop, right: &Stop, journey: &str) -> Option<Difference> {
    let (original, mutant) = (seen(&pair.original, left), seen(&pair.mutant, right));
    let same = original == mutant && asked(left) == asked(right);
    (!same).then(|| Difference {
        test: format!(
            "test \"tells the mutant\" for {journey} {{\n{GIVEN}{}}}\n",
            pair.lines
        ),
        original,
        mutant,
    })
}

fn asked(stop: &Stop) -> Option<&Ask> {
    match stop {
        Stop::Ask(ask) => Some(ask),
        Stop::Suspended(_) | Stop::Done(_) => None,
    }
}
