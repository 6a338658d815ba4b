//! What a search found, in words that a person can follow.

use std::{fmt, fmt::Write as _, sync::Arc};

use crate::explore::{
    Runs,
    search::{Searched, Step},
    table::{Finding, Table},
};

/// What is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Violation {
    /// An `ensure` line, by its label.
    Ensure(Arc<str>),
    /// Success without a proof of who logs in.
    Unproved,
    /// Success below the level that the journey claims.
    LevelNotReached,
    /// The attacker succeeds as the victim by a proof that the attacker could not give.
    Taken,
    /// A code that was given to one run is taken in another.
    ForeignCode,
    /// More secrets of the victim are compared than the lockout allows.
    LockoutExceeded,
    /// A run can neither go on nor end.
    Stuck,
    /// A run goes on for ever without an end or a question.
    Spinning,
}

impl Violation {
    /// The word for programs.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Ensure(_) => "ensure_failed",
            Self::Unproved => "unproved_success",
            Self::LevelNotReached => "level_not_reached",
            Self::Taken => "proof_of_another",
            Self::ForeignCode => "code_of_another_run",
            Self::LockoutExceeded => "lockout_exceeded",
            Self::Stuck => "stuck",
            Self::Spinning => "spinning_loop",
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ensure(label) => write!(f, "`{label}` does not hold"),
            Self::Unproved => f.write_str("success is reached without a proof of who logs in"),
            Self::LevelNotReached => {
                f.write_str("success is reached below the level that the journey claims")
            }
            Self::Taken => f.write_str(
                "the attacker succeeds as the victim by a proof that somebody else gave",
            ),
            Self::ForeignCode => {
                f.write_str("a code that was given to one run is taken in another")
            }
            Self::LockoutExceeded => {
                f.write_str("more secrets of one account are compared than the lockout allows")
            }
            Self::Stuck => f.write_str("a run can neither go on nor end"),
            Self::Spinning => f.write_str("a run goes on for ever without an end or a question"),
        }
    }
}

/// One step of a run that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunStep {
    /// Which run: 0 the victim's, or the only one; 1 and 2 the attacker's.
    pub run: usize,
    /// The journey that holds the node.
    pub journey: Arc<str>,
    /// The node within its journey.
    pub node: Arc<str>,
    /// The node, with the nodes of the journeys that called: `password.check`.
    pub path: Arc<str>,
    /// The outcome; `None` for an error, and where the attacker takes a code.
    pub outcome: Option<Arc<str>>,
    /// What is asked there, without `Callback`.
    pub asks: Vec<Arc<str>>,
    /// What must be said besides.
    pub note: Option<&'static str>,
    /// Whether the attacker takes the code of this run here.
    pub steals: bool,
    /// Whether the node has one outcome, so that it need not be named.
    pub only: bool,
}

impl RunStep {
    /// The letter of the run: A is the victim's, or the only one.
    pub fn name(&self) -> char {
        name(self.run)
    }
}

/// Something that is broken, with a shortest run to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What.
    pub what: Violation,
    /// Whether the account is locked before the run starts.
    pub locked: bool,
    /// How many runs there are.
    pub runs: usize,
    /// The run.
    pub steps: Vec<RunStep>,
    /// Where it ends.
    pub end: Arc<str>,
}

impl Found {
    /// The run in one line: what is asked in brackets, outcomes behind a dot, runs before a colon.
    pub fn text(&self) -> String {
        let mut text = String::new();
        if self.locked {
            text.push_str("(the account is locked) ");
        }
        for step in &self.steps {
            if self.runs > 1 {
                let _ = write!(text, "{}: ", step.name());
            }
            text.push_str(&step.path);
            if step.steals {
                text.push_str(" (the attacker takes its code)");
            } else {
                match &step.outcome {
                    None => text.push_str(".error"),
                    Some(_) if step.only => {}
                    Some(outcome) => {
                        let _ = write!(text, ".{outcome}");
                    }
                }
                if !step.asks.is_empty() {
                    let _ = write!(text, " [{}]", step.asks.join(", "));
                }
                if let Some(note) = step.note {
                    let _ = write!(text, " ({note})");
                }
            }
            text.push_str(" -> ");
        }
        text.push_str(&self.end);
        text
    }
}

/// The letter of a run: A is the victim's.
fn name(run: usize) -> char {
    ['A', 'B', 'C'].get(run).copied().unwrap_or('?')
}

/// The findings of a search; and how the attacker gets in by what they know.
pub(super) fn found(table: &Table, runs: Runs, searched: &Searched) -> (Vec<Found>, Option<Found>) {
    let make = |number: usize, what: Violation| {
        let (locked, steps) = searched.runs.get(number)?.as_ref()?;
        Some(make(table, runs, what, *locked, steps))
    };
    let properties = table.properties.iter().enumerate();
    let mut all: Vec<Found> = properties
        .filter_map(|(at, label)| make(at, Violation::Ensure(Arc::clone(label))))
        .collect();
    let own = [
        (Finding::Unproved, Violation::Unproved),
        (Finding::Level, Violation::LevelNotReached),
        (Finding::Taken, Violation::Taken),
        (Finding::ForeignCode, Violation::ForeignCode),
        (Finding::Budget, Violation::LockoutExceeded),
        (Finding::Stuck, Violation::Stuck),
        (Finding::Spinning, Violation::Spinning),
    ];
    for (finding, what) in own {
        all.extend(make(usize::from(table.finding(finding)), what));
    }
    let entered = make(
        usize::from(table.finding(Finding::Entered)),
        Violation::Taken,
    );
    (all, entered)
}

fn make(table: &Table, runs: Runs, what: Violation, locked: bool, steps: &[Step]) -> Found {
    let mut at = vec![table.start; runs.number()];
    let mut told = Vec::new();
    let mut end = Arc::from("the start");
    for step in steps {
        let here = at.get(step.run).copied().unwrap_or(0);
        let Some(found) = step
            .found
            .and_then(|number| table.moves.get(number as usize))
        else {
            told.extend(table.place(here).map(|place| RunStep {
                run: step.run,
                journey: Arc::clone(&place.journey),
                node: Arc::clone(&place.node),
                path: Arc::clone(&place.path),
                outcome: None,
                asks: Vec::new(),
                note: None,
                steals: true,
                only: false,
            }));
            continue;
        };
        if let Some(at) = at.get_mut(step.run) {
            *at = found.to;
        }
        end = table
            .place(found.to)
            .map_or_else(|| Arc::from("failure"), |place| Arc::clone(&place.path));
        let Some(label) = table
            .labels
            .get(found.label as usize)
            .filter(|label| !label.hidden)
        else {
            continue;
        };
        let Some(place) = table.place(label.place) else {
            continue;
        };
        told.push(RunStep {
            run: step.run,
            journey: Arc::clone(&place.journey),
            node: Arc::clone(&place.node),
            path: Arc::clone(&place.path),
            outcome: label.on.clone(),
            asks: place.asks.clone(),
            note: label.note,
            steals: false,
            only: place.outcomes == 1,
        });
    }
    Found {
        what,
        locked,
        runs: runs.number(),
        steps: told,
        end,
    }
}
