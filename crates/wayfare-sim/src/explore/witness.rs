//! A counter-example of one run as a test of the language.
//!
//! In: a program that can be played, a journey of it, and what the search found there. Out: a test that takes
//! the same way, node by node, with answers that a person could type; it was played once already. Where
//! nobody's answers take that way there is no test: the search leaves open what some conditions and services say.
//! What goes on for ever is a test too, as the engine ends such a run at its bound of visits.

use std::{error::Error, fmt, fmt::Write as _, sync::Arc};

use wayfare::{
    Ask, Callback, End, Engine, Event, FailureReason, Program, Start, Value,
    model::{
        journey::{Node, NodeKind, Task},
        signature::Known,
    },
};

use crate::{
    Play, Scripted, SimHost, Stop,
    attempt::{
        GIVEN, SEED, Way, candidates, line, path_of,
        reply::{self, FAILS},
        world,
    },
    explore::{Found, Violation},
    scenario::reason,
};

/// How many steps are played in search of the way.
const PLAYS_MAX: usize = 20_000;
/// How many answers may be given besides one for each node of the way.
const ANSWERS_MORE: usize = 8;
/// How many replies are said in one step.
const REPLIES_MAX: usize = 8;

/// Why there is no test of the language for a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoTest {
    /// The finding is of several runs.
    SeveralRuns,
    /// The journey is not in the program that plays.
    NoJourney,
    /// The run cannot begin.
    NoStart,
    /// Nodes without a behaviour would have to be told more often than a test does.
    Replies,
    /// No answers that were tried take the way of the finding and show it.
    NotTaken,
}

impl fmt::Display for NoTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SeveralRuns => "a test has one run",
            Self::NoJourney => "the journey cannot be played",
            Self::NoStart => "the run cannot begin",
            Self::Replies => {
                "nodes that have no behaviour here would have to be told how they end again and again"
            }
            Self::NotTaken => "no answers that were tried take this way and show it",
        })
    }
}

impl Error for NoTest {}

/// A node that was left, and how; no outcome where it failed.
type Mark = (Arc<str>, Option<Arc<str>>);

/// A run on its way, with the lines that brought it there.
#[derive(Clone)]
struct Going {
    play: Play,
    lines: String,
    answers: usize,
    /// How many of its errors were said already.
    failures: usize,
}

/// How a run is taken on.
enum By<'a> {
    First,
    Answer(&'a Ask, &'a Way),
    Link,
}

struct Search<'a> {
    program: &'a Program,
    journey: &'a str,
    way: Vec<Mark>,
    what: &'a Violation,
    plays: usize,
    /// Whether a run was given up because more replies would have been needed.
    silenced: bool,
}

/// The test that takes the way of a finding of one run, and shows what is broken; `engine` is of
/// [`crate::scenario::link`].
///
/// # Errors
/// Why there is none.
pub fn as_test(engine: &Engine, journey: &str, found: &Found) -> Result<String, NoTest> {
    if found.runs != 1 {
        return Err(NoTest::SeveralRuns);
    }
    let program = engine.program();
    let named = program.journey_named(journey).ok_or(NoTest::NoJourney)?;
    let wire = named.wire_name.clone();
    let own = found.steps.iter().filter_map(|step| {
        let name = format!("{}/{}", step.journey, step.node);
        let (name, _) = own_node(program, &name)?;
        Some((name, step.outcome.clone()))
    });
    let mut search = Search {
        program,
        journey,
        way: own.collect(),
        what: &found.what,
        plays: 0,
        silenced: false,
    };
    let play = Play::begin(engine, Start::journey(wire), world(), SimHost::new(SEED))
        .map_err(|_| NoTest::NoStart)?;
    let first = Going {
        play,
        lines: String::new(),
        answers: 0,
        failures: 0,
    };
    let (lines, stop, play) = search.run(&first).ok_or(if search.silenced {
        NoTest::Replies
    } else {
        NoTest::NotTaken
    })?;
    let name = Value::text(found.what.to_string()).source_text();
    let mut text = format!("test {name} for {journey} {{\n{GIVEN}{lines}");
    let _ = writeln!(text, "  // {}", found.text());
    text.push_str(&shows(program, journey, &play, &stop));
    text.push_str("}\n");
    Ok(text)
}

impl Search<'_> {
    /// The first run that takes the whole way.
    fn run(&mut self, first: &Going) -> Option<(String, Stop, Play)> {
        let mut open = Vec::new();
        if let Some(found) = self.step(first, &By::First, &mut open) {
            return Some(found);
        }
        // BOUND: the number of plays.
        while let Some((going, stop)) = open.pop() {
            if going.answers >= self.way.len() + ANSWERS_MORE {
                continue;
            }
            let mut next = Vec::new();
            match &stop {
                Stop::Ask(ask) => {
                    for way in candidates(&going.play, ask, None) {
                        if let Some(found) = self.step(&going, &By::Answer(ask, &way), &mut next) {
                            return Some(found);
                        }
                    }
                }
                Stop::Suspended(_) => {
                    if let Some(found) = self.step(&going, &By::Link, &mut next) {
                        return Some(found);
                    }
                }
                Stop::Done(_) => {}
            }
            // What is tried first is gone on from first.
            open.extend(next.into_iter().rev());
        }
        None
    }

    /// Takes a run on, with each reply that a node without behaviour waits for; what is still on the way is
    /// put into the list.
    fn step(
        &mut self,
        before: &Going,
        by: &By<'_>,
        on: &mut Vec<(Going, Stop)>,
    ) -> Option<(String, Stop, Play)> {
        let mut open = self.failing(before);
        open.push((before.clone(), 0_usize));
        while let Some((before, said)) = open.pop() {
            if self.plays >= PLAYS_MAX {
                return None;
            }
            self.plays += 1;
            let mut next = before.clone();
            next.answers += 1;
            let stop = match by {
                By::First => next.play.first(),
                By::Link => {
                    next.lines.push_str("  resume\n");
                    next.play.resume()
                }
                By::Answer(ask, way) => {
                    if let Some(wait) = way.wait {
                        next.play.advance(wait);
                        let _ = writeln!(next.lines, "  advance {}s", wait.as_secs());
                    }
                    let text = line(self.program, &before.play, ask, self.journey, way);
                    next.lines.push_str(&text);
                    next.play.answer(way.answers.clone())
                }
            };
            let Ok(stop) = stop else {
                continue;
            };
            if let Some(node) = reply::missing(&before.play, &next.play) {
                if said >= REPLIES_MAX {
                    self.silenced = true;
                    continue;
                }
                // The last is taken first from the list.
                for reply in reply::ways(self.program, &node).into_iter().rev() {
                    let mut with = before.clone();
                    let world = with.play.world_mut();
                    world.script(Arc::clone(&node), reply.scripted.clone());
                    let path = path_of(self.program, self.journey, &node);
                    let _ = writeln!(with.lines, "  reply {path} {{ {} }}", reply.fields);
                    open.push((with, said + 1));
                }
                // A test fails in which nothing says how such a node ends.
                continue;
            }
            let marks = marks(self.program, next.play.trace());
            let same = marks.iter().zip(&self.way).all(|(one, other)| one == other);
            if !same {
                continue;
            }
            if marks.len() < self.way.len() {
                on.push((next, stop));
            } else if self.is_broken(&stop, &marks) {
                return Some((next.lines, stop, next.play));
            }
        }
        None
    }

    /// The run with a failure said to the node that fails next on the way; one run for each that may call out.
    fn failing(&self, before: &Going) -> Vec<(Going, usize)> {
        let done = marks(self.program, before.play.trace()).len();
        let ahead = self.way.iter().enumerate().skip(done.max(before.failures));
        let fails = ahead.clone().find(|(_, (_, outcome))| outcome.is_none());
        let Some((at, (name, _))) = fails else {
            return Vec::new();
        };
        let told = |task: &Task| {
            let signature = self.program.catalog.get(task.ty);
            signature.is_some_and(|own| {
                own.calls_out != Known::Is(false) || own.verifies != Known::Is(false)
            })
        };
        let children = match own_node(self.program, name).map(|(_, node)| &node.kind) {
            Some(NodeKind::Page(page)) => {
                let own = page.children.iter().filter(|child| told(&child.task));
                own.map(|child| format!("{name}.{}", child.name)).collect()
            }
            Some(NodeKind::Task(task)) if told(task) => vec![name.to_string()],
            _ => Vec::new(),
        };
        let with = children.iter().map(|name| {
            let mut with = before.clone();
            let fails = Scripted::Fail(FAILS.to_owned());
            with.play.world_mut().script(name.as_str(), fails);
            let path = path_of(self.program, self.journey, name);
            let _ = writeln!(with.lines, "  reply {path} {{ fails = \"{FAILS}\" }}");
            with.failures = at + 1;
            (with, 0)
        });
        with.collect()
    }

    /// Whether the end of the way shows what is broken; a property is broken by the way itself.
    fn is_broken(&self, stop: &Stop, marks: &[Mark]) -> bool {
        let refused = |word: &str| match stop {
            Stop::Done(End::Failure(failure)) => reason(&failure.reason).word() == word,
            Stop::Done(End::Success(_)) | Stop::Ask(_) | Stop::Suspended(_) => false,
        };
        match self.what {
            Violation::Unproved => refused("unproved_success"),
            // Whoever is below the level may also be nobody.
            Violation::LevelNotReached => {
                refused("level_not_reached") || refused("unproved_success")
            }
            // The engine lets nothing go round for ever.
            Violation::Spinning => match stop {
                Stop::Done(End::Failure(failure)) => {
                    matches!(failure.reason, FailureReason::TooManyVisits)
                }
                Stop::Done(End::Success(_)) | Stop::Ask(_) | Stop::Suspended(_) => false,
            },
            // It stands at the end of the way, or fails there.
            Violation::Stuck => match stop {
                Stop::Ask(_) | Stop::Suspended(_) => marks.len() == self.way.len(),
                Stop::Done(_) => {
                    let behind = marks.get(self.way.len()..).unwrap_or_default();
                    refused("node_failed") && matches!(behind, [(_, None)])
                }
            },
            _ => true,
        }
    }
}

/// The node of this name that has outcomes of its own: no child of a page, and no inner journey.
fn own_node<'p>(program: &'p Program, name: &str) -> Option<(Arc<str>, &'p Node)> {
    let (journey, path) = name.split_once('/')?;
    let mut nodes = program.journey_named(journey)?.graph.node_weights();
    let node = nodes.find(|node| *node.path == *path)?;
    let own = match &node.kind {
        NodeKind::Task(_) | NodeKind::Page(_) | NodeKind::Decision(_) => true,
        NodeKind::Inner(_) | NodeKind::Success | NodeKind::Failure | NodeKind::LooseEnd => false,
    };
    own.then(|| (Arc::from(name), node))
}

/// The way of a run.
fn marks(program: &Program, trace: &[Event]) -> Vec<Mark> {
    let marks = trace.iter().filter_map(|event| match event {
        Event::Left { node, outcome } => {
            let (name, _) = own_node(program, node)?;
            Some((name, Some(Arc::clone(outcome))))
        }
        Event::Failed { node, .. } => {
            let page = || own_node(program, node.rsplit_once('.')?.0);
            let (name, _) = own_node(program, node).or_else(page)?;
            Some((name, None))
        }
        _ => None,
    });
    marks.collect()
}

/// What stands at the end of the way, as expectations.
fn shows(program: &Program, journey: &str, play: &Play, stop: &Stop) -> String {
    match stop {
        Stop::Ask(ask) => {
            let asker = play.asker();
            let name = asker.first().map_or("", |(name, _)| &**name);
            let path = path_of(program, journey, name);
            let page = path.rsplit_once('.').filter(|_| ask.ids.is_some());
            let place = page.map_or(&*path, |(page, _)| page);
            let kinds: Vec<&str> = ask.callbacks.iter().map(Callback::kind).collect();
            let level = play.session().level();
            format!(
                "  expect ask {place} {{ {} }}\n  expect level {level}\n",
                kinds.join(", ")
            )
        }
        Stop::Suspended(_) => "  expect suspended\n".to_owned(),
        Stop::Done(End::Success(success)) => format!(
            "  expect success {{ user = {}, level = {} }}\n",
            Value::text(&*success.subject.username).source_text(),
            success.level
        ),
        Stop::Done(End::Failure(failure)) => format!(
            "  expect failure {{ reason = {:?} }}\n",
            reason(&failure.reason).word()
        ),
    }
}
