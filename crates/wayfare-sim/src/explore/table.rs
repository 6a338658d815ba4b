//! A journey as places and moves: what the search walks.
//!
//! Inner journeys stand in it once for each way they are called, so that a place says the whole stack. A
//! move is a list of small steps that are done in order; where one of them cannot be done, the move is not
//! there in that state.

use std::sync::Arc;

use crate::explore::layout::Field;

/// Who is named by a move that writes the name of the identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    /// The same person as before.
    Same,
    /// A person of the store; whether the account is locked.
    Somebody {
        /// Whether the account is locked.
        locked: bool,
    },
    /// A name that nobody has.
    Nobody,
    /// With two runs: the victim.
    Victim,
    /// With two runs: the attacker's own account.
    Own,
}

/// One small step of a move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    /// The level is at least this.
    LevelMin(u32),
    /// The level is at most this.
    LevelMax(u32),
    /// The level moves.
    LevelBy(i64),
    /// The level becomes this.
    LevelTo(u32),
    /// The count is below the limit, and grows.
    Count(Field, u32),
    /// The count is at the limit.
    Spent(Field, u32),
    /// A key of the shared state is written or taken out.
    Fact(Field, bool),
    /// An arm of a decision may be taken: which decision, which arm.
    Guard(u32, u16),
    /// A person is named.
    Named(Naming),
    /// The store compares a password, and it is right or not.
    Password(bool),
    /// The factor with this number is proved by the store or by whoever is there.
    Prove(u8),
    /// A factor is proved outside the store.
    Outside(Outside),
    /// A secret is compared outside the store, and is wrong.
    WrongOutside,
    /// The account is locked, or unlocked.
    Lock(bool),
    /// The account is active, or not.
    Active(bool),
    /// A code is made.
    CodeMade,
    /// The code is sent to the address of the person named; whether to one that the state states, if any.
    CodeSent(bool),
    /// A sender, or a page with one, has failed, and the code may have gone to the address that the state
    /// states; whether the page writes one itself, so that nothing is known of it.
    Astray(bool),
    /// An address is written into the state: whether it is that of the person named.
    Stated(bool),
    /// A code is typed, and it is right or not.
    CodeTyped(bool),
    /// What was done up to here may be taken back.
    Save,
    /// It is taken back; what was passed stays passed.
    Restore,
    /// The outermost journey succeeds; whether an exception stands at the arrow.
    Success(bool),
    /// A property is to be watched from here on.
    Watch(Field),
    /// The first time, sets both: the run has begun, and the property with it.
    Begin(Field, Field),
    /// The cut of `every path … passes …`: nothing is watched any more.
    Cut(Field),
    /// The goal of `every path … passes …` or of `never …`, with the number of the property.
    Goal(Field, u16),
    /// One of the factors that `every path … passes …` asks for may have been proved: set where the bit is
    /// among what is proved, and taken back where another person is named.
    Shown(Field, u32),
    /// The goal of `every path … passes …` that asks for a factor: what has watched, what was shown, and the
    /// number of the property.
    Unshown(Field, Field, u16),
    /// What `never … after …` speaks of has happened, where it is watched.
    After(Field, Option<Field>),
    /// A counted visit: the property, its count, its limit.
    Visit(u16, Field, u32, Option<Field>),
    /// A place at which a level is claimed.
    LevelAt(u16, u32, Option<Field>),
    /// A place at which a key is claimed to be there.
    FactAt(u16, Field, Option<Field>),
}

/// A factor that is proved outside the store, as an attacker sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outside {
    /// A password compared elsewhere.
    Password(u8),
    /// A code that nothing binds to the run.
    Code(u8),
    /// A message that is answered on a device.
    Push(u8),
    /// Anything else, which only its owner can give.
    Own(u8),
}

/// A move.
#[derive(Debug, Clone, Copy)]
pub(super) struct Move {
    /// Where its steps begin in the list of all.
    pub(super) ops: (u32, u32),
    /// The place behind it.
    pub(super) to: u32,
    /// What people call it.
    pub(super) label: u32,
}

/// What people call a move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Label {
    /// The place it is of.
    pub(super) place: u32,
    /// The outcome, `None` for an error.
    pub(super) on: Option<Arc<str>>,
    /// What must be said besides.
    pub(super) note: Option<&'static str>,
    /// Whether nobody need be told: an inner journey is entered.
    pub(super) hidden: bool,
}

/// A place.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, each named"
)]
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    /// The node, with the nodes of the journeys that called.
    pub(super) path: Arc<str>,
    /// The node alone.
    pub(super) node: Arc<str>,
    /// How many outcomes it has.
    pub(super) outcomes: usize,
    /// The journey that holds the node.
    pub(super) journey: Arc<str>,
    /// Callbacks, where it asks.
    pub(super) asks: Vec<Arc<str>>,
    /// Whether every visit stops the run.
    pub(super) stops: bool,
    /// Whether a run ends here.
    pub(super) is_end: bool,
    /// Whether a code that nothing binds to the run is asked for here.
    pub(super) foreign_code: bool,
    /// Whether a message is answered on a device here.
    pub(super) push: bool,
    /// Whether its moves touch nothing but the run, and no circle of such moves comes back to it.
    pub(super) is_local: bool,
}

/// A condition as far as it can be told from a state; everything else is open.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Condition {
    /// True or false whatever the state.
    Is(bool),
    /// May be either.
    Open,
    /// The level lies within these bounds.
    Level(u32, u32),
    /// A key of the shared state is there.
    Fact(Field),
    /// Not.
    Not(Box<Condition>),
    /// Both.
    And(Box<Condition>, Box<Condition>),
    /// Either.
    Or(Box<Condition>, Box<Condition>),
}

impl Condition {
    /// Its truth in a state; `None` where it may be either.
    pub(super) fn truth(&self, state: &[u64], base: usize, level: Field) -> Option<bool> {
        match self {
            Self::Is(truth) => Some(*truth),
            Self::Open => None,
            Self::Level(least, greatest) => {
                let level = level.get(state, base);
                Some(*least <= level && level <= *greatest)
            }
            Self::Fact(field) => Some(field.get(state, base) == 1),
            Self::Not(inner) => inner.truth(state, base, level).map(|truth| !truth),
            Self::And(left, right) => {
                match (
                    left.truth(state, base, level),
                    right.truth(state, base, level),
                ) {
                    (Some(false), _) | (_, Some(false)) => Some(false),
                    (Some(true), Some(true)) => Some(true),
                    (None, _) | (_, None) => None,
                }
            }
            Self::Or(left, right) => {
                match (
                    left.truth(state, base, level),
                    right.truth(state, base, level),
                ) {
                    (Some(true), _) | (_, Some(true)) => Some(true),
                    (Some(false), Some(false)) => Some(false),
                    (None, _) | (_, None) => None,
                }
            }
        }
    }
}

/// The parts of the state of one run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parts {
    /// The place.
    pub(super) place: Field,
    /// The level, held at the greatest that matters.
    pub(super) level: Field,
    /// Who is named: 0 nobody yet, 1 a person (the victim), 2 a name without a person (the attacker).
    pub(super) named: Field,
    /// The factors proved of that person, a bit each.
    pub(super) proved: Field,
    /// Whether one of them was given by somebody else.
    pub(super) taken: Field,
    /// The code: 0 none, 1 made, 2 sent to the victim (or anybody), 3 sent to the attacker.
    pub(super) code: Field,
    /// Whether the code is a challenge to whoever it was sent to.
    pub(super) bound: Field,
    /// What the state states of where a code goes: 0 nothing, 1 to the person named, 2 to anybody.
    pub(super) address: Field,
    /// The words of one run.
    pub(super) words: usize,
}

/// The parts of the state that runs share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Store {
    /// The word at which they stand.
    pub(super) base: usize,
    /// Wrong passwords in a row.
    pub(super) passwords: Field,
    /// Wrong codes in a row.
    pub(super) codes: Field,
    /// Wrong secrets compared outside the store.
    pub(super) outside: Field,
    /// Whether the account is locked.
    pub(super) locked: Field,
    /// Which run's code is stolen: 0 none, else the number of the run + 1.
    pub(super) stolen: Field,
}

/// A journey, ready to be walked.
#[derive(Debug)]
pub(super) struct Table {
    /// The places.
    pub(super) places: Vec<Place>,
    /// By place, where its moves begin.
    pub(super) first: Vec<u32>,
    /// The moves.
    pub(super) moves: Vec<Move>,
    /// The steps of all moves.
    pub(super) ops: Vec<Op>,
    /// The names of moves.
    pub(super) labels: Vec<Label>,
    /// Where runs start.
    pub(super) start: u32,
    /// What is done when a run arrives there.
    pub(super) at_start: Vec<Op>,
    /// The arms of every decision.
    pub(super) guards: Vec<Vec<Option<Condition>>>,
    /// The parts of a run.
    pub(super) parts: Parts,
    /// The bits that say that a factor which a property asks for is proved.
    pub(super) shown: Vec<Field>,
    /// The parts that runs share.
    pub(super) store: Store,
    /// The words of a state.
    pub(super) words: usize,
    /// The bits that an error does not take back, by word of one run.
    pub(super) kept: Vec<u64>,
    /// The greatest level that is told apart.
    pub(super) ceiling: u32,
    /// The level that the journey claims.
    pub(super) claim: u32,
    /// Whether a success without proof is a finding: not for journeys of inner use.
    pub(super) proves_whom: bool,
    /// Whether an account may be locked.
    pub(super) locks: bool,
    /// The bit of the factor `session`, which alone proves nobody.
    pub(super) session: u32,
    /// The bit of the factor `password`.
    pub(super) password: u32,
    /// The bit of the factor `otp`.
    pub(super) otp: u32,
    /// The properties, by number.
    pub(super) properties: Vec<Arc<str>>,
    /// Those that are left to the checks, and why.
    pub(super) left_out: Vec<(Arc<str>, &'static str)>,
}

impl Table {
    /// The moves at a place.
    pub(super) fn moves_at(&self, place: u32) -> (u32, &[Move]) {
        let from = self.first.get(place as usize).copied().unwrap_or(0);
        let to = self.first.get(place as usize + 1).copied().unwrap_or(from);
        (
            from,
            self.moves.get(from as usize..to as usize).unwrap_or(&[]),
        )
    }

    /// The steps of a move.
    pub(super) fn ops_of(&self, found: &Move) -> &[Op] {
        self.ops
            .get(found.ops.0 as usize..found.ops.1 as usize)
            .unwrap_or(&[])
    }

    /// The place with this number.
    pub(super) fn place(&self, place: u32) -> Option<&Place> {
        self.places.get(place as usize)
    }

    /// The number of a finding of the search itself: they stand behind the properties.
    pub(super) fn finding(&self, what: Finding) -> u16 {
        let own = match what {
            Finding::Unproved => 0,
            Finding::Level => 1,
            Finding::ForeignCode => 2,
            Finding::Taken => 3,
            Finding::Budget => 4,
            Finding::Stuck => 5,
            Finding::Spinning => 6,
            Finding::Entered => 7,
        };
        u16::try_from(self.properties.len())
            .unwrap_or(u16::MAX - 8)
            .saturating_add(own)
    }
}

/// What the search looks for besides the properties of the journey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Finding {
    /// Success without a proof of who logs in.
    Unproved,
    /// Success below the level that is claimed.
    Level,
    /// A code that was given to one run is taken in another.
    ForeignCode,
    /// The attacker is in by a proof that somebody else gave.
    Taken,
    /// More secrets are compared than the lockout allows.
    Budget,
    /// No move is left, and it is no end.
    Stuck,
    /// No end and no question can be reached any more.
    Spinning,
    /// The attacker is in by what they know: to be told, and no finding.
    Entered,
}

impl Finding {
    /// How many there are.
    pub(super) const COUNT: usize = 8;
}
