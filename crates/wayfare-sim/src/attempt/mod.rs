//! Answers that are tried, and how a test writes them down.
//!
//! In: a play that stands at a step. Out: the ways to answer it that can make a difference, each with its
//! line of a test. Deliberately not here: which of them lead anywhere; the searches know.

pub(crate) mod reply;

use std::time::Duration;

use wayfare::{Answer, Ask, Callback, Program, Secret, model::journey::NodeKind};

use crate::{Play, User, World};

const PASSWORD: &str = "Ch4ng31t";
const WRONG: &str = "wr0ng";
/// The seed of the host.
pub(crate) const SEED: u64 = 7;

/// A world with a user and a locked one.
pub(crate) fn world() -> World {
    let user = |name: &str| {
        User::new(name)
            .password(PASSWORD)
            .attribute("mail", format!("{name}@example.com").as_str())
    };
    World::new()
        .user(user("demo"))
        .user(user("locked").inactive())
}

/// What a test says of that world.
pub(crate) const GIVEN: &str =
    "  given user demo { password = \"Ch4ng31t\", mail = \"demo@example.com\" }
  given user locked { password = \"Ch4ng31t\", mail = \"locked@example.com\", active = false }
";

/// One way to answer a step.
pub(crate) struct Way {
    pub(crate) answers: Vec<Answer>,
    /// As the language writes them, by callback.
    words: Vec<Option<String>>,
    /// How long it takes until then.
    pub(crate) wait: Option<Duration>,
}

/// The most ways to answer one step that are tried.
const WAYS_MAX: usize = 24;

/// The ways to answer a step that are tried: right and wrong secrets, users, every choice.
pub(crate) fn candidates(play: &Play, ask: &Ask, expiry: Option<Duration>) -> Vec<Way> {
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
pub(crate) fn line(
    program: &Program,
    play: &Play,
    ask: &Ask,
    journey: &str,
    tried: &Way,
) -> String {
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
pub(crate) fn path_of(program: &Program, journey: &str, name: &str) -> String {
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
