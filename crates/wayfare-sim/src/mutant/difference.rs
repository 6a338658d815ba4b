//! The shortest answers for which a program and its mutant differ.
//!
//! Both are played side by side, breadth first, with the same answers in the same world: right and wrong
//! secrets, a user, a locked one and nobody, every choice, and a code that is typed late; a node whose behaviour
//! is not here ends in each of its ways. What is compared
//! is what anybody outside can see: what is asked, how it ends and at which level, and what is done outside.

use std::{collections::VecDeque, fmt::Write as _, sync::Arc, time::Duration};

use wayfare::{
    Answer, Ask, Callback, End, Engine, Program, Secret, Start, model::journey::NodeKind,
};

use crate::{Play, SimHost, Stop, User, World, mutant::reply};

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

const PASSWORD: &str = "Ch4ng31t";
const WRONG: &str = "wr0ng";
const SEED: u64 = 7;

fn world() -> World {
    let user = |name: &str| {
        User::new(name)
            .password(PASSWORD)
            .attribute("mail", format!("{name}@example.com").as_str())
    };
    World::new()
        .user(user("demo"))
        .user(user("locked").inactive())
}

const GIVEN: &str = "  given user demo { password = \"Ch4ng31t\", mail = \"demo@example.com\" }
  given user locked { password = \"Ch4ng31t\", mail = \"locked@example.com\", active = false }
";

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

struct Way {
    answers: Vec<Answer>,
    /// As the language writes them, by callback.
    words: Vec<Option<String>>,
    wait: Option<Duration>,
}

/// The most ways to answer one step that are tried.
const WAYS_MAX: usize = 24;

fn candidates(play: &Play, ask: &Ask, expiry: Option<Duration>) -> Vec<Way> {
    let code = play.world().outbox.last().and_then(crate::Sent::code);
    let polls = ask
        .callbacks
        .iter()
        .any(|callback| matches!(callback, Callback::PollingWait { .. }));
    let wait = polls.then_some(Duration::from_secs(30));
    let mut all = vec![Way {
        answers: Vec::new(),
        words: Vec::new(),
        wait,
    }];
    let mut codes = false;
    for callback in &ask.callbacks {
        let text = |text: &str| (Answer::Text(text.to_owned()), Some(format!("{text:?}")));
        let ways: Vec<(Answer, Option<String>)> = match callback {
            Callback::Name { .. } => ["demo", "nobody", "locked"].map(text).into(),
            Callback::Password { .. } => {
                let mut words = vec![PASSWORD.to_owned(), WRONG.to_owned()];
                if let Some(code) = &code {
                    codes = true;
                    words.insert(0, code.reveal().clone());
                }
                let way = |word: String| {
                    let written = if code.as_ref().is_some_and(|code| *code.reveal() == word) {
                        "sent.code".to_owned()
                    } else {
                        format!("{word:?}")
                    };
                    (Answer::Secret(Secret::new(word)), Some(written))
                };
                words.into_iter().map(way).collect()
            }
            Callback::Choice { choices, .. } => indexed(choices),
            Callback::Confirmation {
                options, optional, ..
            } => {
                let mut ways = indexed(options);
                if *optional {
                    ways.push((Answer::Untouched, None));
                }
                ways
            }
            Callback::TextInput { .. } | Callback::HiddenValue { .. } => vec![text("x")],
            Callback::ValidatedUsername { .. } => {
                vec![(
                    Answer::Validated {
                        text: "demo".to_owned(),
                        validate_only: false,
                    },
                    Some("\"demo\"".to_owned()),
                )]
            }
            Callback::ValidatedPassword { .. } => {
                let secret = Secret::new(PASSWORD.to_owned());
                vec![(
                    Answer::ValidatedSecret {
                        secret,
                        validate_only: false,
                    },
                    Some(format!("{PASSWORD:?}")),
                )]
            }
            _ => vec![(Answer::None, None)],
        };
        let mut next = Vec::new();
        for tried in &all {
            for (answer, word) in &ways {
                let mut answers = tried.answers.clone();
                answers.push(answer.clone());
                let mut words = tried.words.clone();
                words.push(word.clone());
                next.push(Way {
                    answers,
                    words,
                    wait,
                });
            }
        }
        next.truncate(WAYS_MAX);
        all = next;
    }
    if let (true, Some(expiry), Some(first)) = (codes, expiry, all.first()) {
        let late = Way {
            answers: first.answers.clone(),
            words: first.words.clone(),
            wait: Some(expiry),
        };
        all.push(late);
    }
    all
}

fn indexed(options: &[String]) -> Vec<(Answer, Option<String>)> {
    (0..)
        .zip(options)
        .map(|(at, option)| (Answer::Index(at), Some(format!("{option:?}"))))
        .collect()
}

/// An answer as a line of a test.
fn line(program: &Program, play: &Play, ask: &Ask, journey: &str, tried: &Way) -> String {
    let mut fields = Vec::new();
    let mut place = String::new();
    for (name, range) in play.asker() {
        let path = path_of(program, journey, &name);
        let words = tried.words.get(range).unwrap_or_default();
        let Some(word) = words.iter().flatten().next() else {
            place = path;
            continue;
        };
        match path.rsplit_once('.').filter(|_| ask.ids.is_some()) {
            Some((page, child)) => {
                page.clone_into(&mut place);
                fields.push(format!("{child} = {word}"));
            }
            None => return format!("  answer {path} = {word}\n"),
        }
    }
    if fields.is_empty() {
        return format!("  answer {place} {{ }}\n");
    }
    format!("  answer {place} {{ {} }}\n", fields.join(", "))
}

/// The path to a node from the journey of the test, through one of the ways by which its journey is called.
fn path_of(program: &Program, journey: &str, name: &str) -> String {
    let (of, own) = name.split_once('/').unwrap_or((journey, name));
    let mut known: Vec<(&str, String)> = vec![(journey, String::new())];
    let mut at = 0;
    while let Some((name, before)) = known.get(at).cloned() {
        at += 1;
        if name == of {
            return format!("{before}{own}");
        }
        let nodes = program
            .journey_named(name)
            .into_iter()
            .flat_map(|journey| journey.graph.node_weights());
        for node in nodes {
            let NodeKind::Inner(inner) = &node.kind else {
                continue;
            };
            let Some(inner) = program.journey(*inner) else {
                continue;
            };
            // BOUND: a journey is put in the list once.
            if !known.iter().any(|(known, _)| *known == &*inner.name) {
                known.push((&inner.name, format!("{before}{}.", node.path)));
            }
        }
    }
    own.to_owned()
}
