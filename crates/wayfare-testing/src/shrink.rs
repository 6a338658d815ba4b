//! Makes a run shorter for as long as the property does not hold of it.
//!
//! Moves are left out, many at once and then one by one; what comes with the start is left out; what is
//! typed becomes what is simpler. Whatever then fits no question falls out by itself.

use std::time::Duration;

use crate::{
    case::{self, Case},
    knowledge::Knowledge,
    moves::{Move, Word},
    run::Run,
};

/// How many runs are tried.
const TRIES_MAX: usize = 3_000;

struct Shrinker<'p> {
    best: Run,
    message: String,
    tried: usize,
    holds: &'p dyn Fn(&Run) -> Result<(), String>,
}

/// The shortest run that was found, with its message and the number of runs tried.
pub(crate) fn shorten(
    run: Run,
    message: String,
    holds: &dyn Fn(&Run) -> Result<(), String>,
) -> (Run, String, usize) {
    let mut shrinker = Shrinker {
        best: run,
        message,
        tried: 0,
        holds,
    };
    // BOUND: every round but the last makes the case smaller, and tries are counted.
    while shrinker.tried < TRIES_MAX {
        let mut better = shrinker.start();
        better |= shrinker.rename();
        better |= shrinker.leave_out();
        better |= shrinker.simplify();
        if !better {
            break;
        }
    }
    (shrinker.best, shrinker.message, shrinker.tried)
}

/// How large a case is: moves first, then what they say.
fn weight(case: &Case, known: &Knowledge) -> (usize, usize) {
    let moves = case.moves.iter().map(|made| match made {
        Move::Answer(words) => words.iter().map(|word| rank(word, known)).sum(),
        Move::Resume | Move::Outside { .. } => 1,
        Move::Fail => 2,
        Move::Advance(by) => 2 + usize::try_from(by.as_secs()).unwrap_or(usize::MAX / 1_000),
    });
    let request = &case.request;
    let start = request.headers.len()
        + request.cookies.len()
        + request.parameters.len()
        + request.locales.len()
        + usize::from(request.client.is_some())
        + usize::from(request.host.is_some())
        + usize::from(case.session.is_some());
    (case.moves.len(), moves.sum::<usize>() + start)
}

/// How far a word is from the simplest.
fn rank(word: &Word, known: &Knowledge) -> usize {
    match word {
        Word::Nothing | Word::Untouched => 0,
        Word::Code => 1,
        Word::Pick(at) => usize::try_from(*at).unwrap_or(usize::MAX / 1_000),
        Word::Typed(text) => {
            let all = simple(known);
            let at = all.iter().position(|simple| simple == text);
            at.unwrap_or(all.len() + text.chars().count())
        }
    }
}

/// Texts that are simple, the simplest first.
fn simple(known: &Knowledge) -> Vec<String> {
    let first = known.names.iter().find(|name| *name == "demo");
    let first = first.or(known.names.first());
    let mut all: Vec<String> = first.cloned().into_iter().collect();
    let password = first.and_then(|name| known.password(name));
    all.extend(password.map(str::to_owned));
    all.push("wrong".to_owned());
    for text in known.names.iter().chain(&known.texts) {
        if !all.contains(text) {
            all.push(text.clone());
        }
    }
    all
}

impl Shrinker<'_> {
    /// Takes a case if it is smaller and the property does not hold of it either.
    fn take(&mut self, case: &Case) -> bool {
        if self.tried >= TRIES_MAX {
            return false;
        }
        self.tried += 1;
        let run = case::replay(&self.best.setup, case, false);
        let known = &self.best.setup.known;
        if weight(&run.case, known) >= weight(&self.best.case, known) {
            return false;
        }
        match (self.holds)(&run) {
            Ok(()) => false,
            Err(message) => {
                self.best = run;
                self.message = message;
                true
            }
        }
    }

    /// Leaves out what comes with the start.
    fn start(&mut self) -> bool {
        let mut better = false;
        let plain = Case {
            request: wayfare::Request::default(),
            session: None,
            ..self.best.case.clone()
        };
        better |= self.take(&plain);
        let less: [fn(&mut Case); 7] = [
            |case| case.session = None,
            |case| case.request.headers.clear(),
            |case| case.request.cookies.clear(),
            |case| case.request.parameters.clear(),
            |case| case.request.locales.clear(),
            |case| case.request.client = None,
            |case| case.request.host = None,
        ];
        for less in less {
            let mut case = self.best.case.clone();
            less(&mut case);
            better |= self.take(&case);
        }
        better
    }

    /// Has the first user do what another one did, by name and password at once.
    fn rename(&mut self) -> bool {
        let known = self.best.setup.known.clone();
        let Some(first) = simple(&known).into_iter().next() else {
            return false;
        };
        let mut better = false;
        for other in known.names.iter().filter(|name| **name != first) {
            let mut case = self.best.case.clone();
            if let Some((name, _)) = &mut case.session
                && name == other
            {
                name.clone_from(&first);
            }
            let passwords = known.password(other).zip(known.password(&first));
            for made in &mut case.moves {
                let Move::Answer(words) = made else {
                    continue;
                };
                for word in words {
                    match word {
                        Word::Typed(text) if text == other => text.clone_from(&first),
                        Word::Typed(text) => {
                            if let Some((from, to)) = passwords
                                && text == from
                            {
                                to.clone_into(text);
                            }
                        }
                        Word::Code | Word::Pick(_) | Word::Untouched | Word::Nothing => {}
                    }
                }
            }
            better |= self.take(&case);
        }
        better
    }

    /// Leaves out moves: the half of them, a quarter, and at last one.
    fn leave_out(&mut self) -> bool {
        let mut better = false;
        let mut size = self.best.case.moves.len();
        while size > 0 {
            let mut at = 0;
            while at < self.best.case.moves.len() && self.tried < TRIES_MAX {
                let mut case = self.best.case.clone();
                let end = (at + size).min(case.moves.len());
                case.moves.drain(at..end);
                if self.take(&case) {
                    better = true;
                } else {
                    // Short pieces anywhere, long ones side by side.
                    at += if size > 4 { size } else { 1 };
                }
            }
            size /= 2;
        }
        better
    }

    /// Makes each move simpler.
    fn simplify(&mut self) -> bool {
        let mut better = false;
        let mut at = 0;
        while let Some(made) = self.best.case.moves.get(at).cloned() {
            for simpler in simpler(&made, &self.best.setup.known) {
                let mut case = self.best.case.clone();
                if let Some(place) = case.moves.get_mut(at) {
                    *place = simpler;
                }
                better |= self.take(&case);
            }
            at += 1;
        }
        better
    }
}

/// Moves that may do the same and are simpler, the simplest first.
fn simpler(made: &Move, known: &Knowledge) -> Vec<Move> {
    match made {
        Move::Answer(words) => {
            let mut all = Vec::new();
            for (at, word) in words.iter().enumerate() {
                let candidates: Vec<Word> = match word {
                    Word::Typed(_) => simple(known).into_iter().map(Word::Typed).take(8).collect(),
                    Word::Pick(pick) => (0..(*pick).min(4)).map(Word::Pick).collect(),
                    Word::Code | Word::Untouched | Word::Nothing => Vec::new(),
                };
                for candidate in candidates {
                    if rank(&candidate, known) < rank(word, known) {
                        let mut words = words.clone();
                        if let Some(place) = words.get_mut(at) {
                            *place = candidate;
                        }
                        all.push(Move::Answer(words));
                    }
                }
            }
            all
        }
        Move::Advance(by) => [
            by.as_secs() / 4,
            by.as_secs() / 2,
            by.as_secs().saturating_sub(1),
        ]
        .into_iter()
        .filter(|seconds| *seconds > 0)
        .map(|seconds| Move::Advance(Duration::from_secs(seconds)))
        .collect(),
        Move::Resume | Move::Fail | Move::Outside { .. } => Vec::new(),
    }
}
