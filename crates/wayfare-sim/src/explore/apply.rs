//! What a move makes of a state.
//!
//! In: a state, the run that moves, a move. Out: the state behind it, unless one of its steps cannot be
//! done there; and the findings on the way. With one run everybody may be anybody and every comparison may
//! turn out either way. With several, the first is the victim's, who knows their own secrets and answers
//! right; the others are the attacker's, who give what they know and guess wrong otherwise.

use crate::explore::{
    Attacker, Runs,
    layout::Field,
    table::{Condition, Finding, Move, Naming, Op, Outside, Store, Table},
};

/// The victim, where several runs are interleaved; anybody with an account, where there is one.
const PERSON: u32 = 1;
/// The attacker's own account; with one run a name that nobody has.
const OTHER: u32 = 2;

const CODE_NONE: u32 = 0;
const CODE_MADE: u32 = 1;
const CODE_TO_PERSON: u32 = 2;
const CODE_TO_OTHER: u32 = 3;

/// What a code that is out is worth: nothing, something once it is sent, or that of whom it went to.
const BOUND: u32 = 1;
const UNBOUND: u32 = 2;

const ADDRESS_OWN: u32 = 1;
const ADDRESS_FOREIGN: u32 = 2;

/// What holds for all runs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    pub(super) runs: Runs,
    pub(super) attacker: Attacker,
    /// How many wrong secrets in a row the store compares.
    pub(super) failures_max: u32,
    /// Whether moves that commute are put in one order, and mirror images are one.
    pub(super) reduced: bool,
}

/// A state in the making.
struct Turn<'a, const N: usize> {
    table: &'a Table,
    rules: Rules,
    state: [u64; N],
    saved: [u64; N],
    run: usize,
    base: usize,
    hits: &'a mut Vec<u16>,
}

/// The state behind a move, if there is one.
pub(super) fn apply<const N: usize>(
    table: &Table,
    rules: Rules,
    state: &[u64; N],
    run: usize,
    found: &Move,
    hits: &mut Vec<u16>,
) -> Option<[u64; N]> {
    hits.clear();
    let base = run * table.parts.words;
    let mut turn = Turn {
        table,
        rules,
        state: *state,
        saved: *state,
        run,
        base,
        hits,
    };
    table.parts.place.set(&mut turn.state, base, found.to);
    for op in table.ops_of(found) {
        if !turn.step(*op) {
            return None;
        }
    }
    // Where an error took things back, the place is taken back too.
    table.parts.place.set(&mut turn.state, base, found.to);
    Some(turn.state)
}

/// The state at the start, and the findings there.
pub(super) fn begin<const N: usize>(
    table: &Table,
    rules: Rules,
    locked: bool,
    hits: &mut Vec<u16>,
) -> [u64; N] {
    hits.clear();
    let mut state = [0; N];
    table
        .store
        .locked
        .set(&mut state, table.store.base, u32::from(locked));
    for run in 0..rules.runs.number() {
        let base = run * table.parts.words;
        let mut turn = Turn {
            table,
            rules,
            state,
            saved: state,
            run,
            base,
            hits,
        };
        for op in &table.at_start {
            turn.step(*op);
        }
        table.parts.place.set(&mut turn.state, base, table.start);
        state = turn.state;
    }
    state
}

/// The state after the code of a run was stolen, if there is one to be stolen.
pub(super) fn steal<const N: usize>(
    table: &Table,
    rules: Rules,
    state: &[u64; N],
    run: usize,
) -> Option<[u64; N]> {
    let (parts, store) = (&table.parts, &table.store);
    if rules.attacker != Attacker::Code || store.stolen.get(state, store.base) != 0 {
        return None;
    }
    let base = run * parts.words;
    let waits = table
        .place(parts.place.get(state, base))
        .is_some_and(|place| place.foreign_code);
    let shown = run == 0 && waits && parts.named.get(state, base) == PERSON;
    if parts.code.get(state, base) != CODE_TO_PERSON && !shown {
        return None;
    }
    let mut state = *state;
    store
        .stolen
        .set(&mut state, store.base, u32::try_from(run + 1).unwrap_or(0));
    Some(state)
}

impl<const N: usize> Turn<'_, N> {
    fn step(&mut self, op: Op) -> bool {
        let (parts, base) = (self.table.parts, self.base);
        match op {
            Op::LevelMin(least) => parts.level.get(&self.state, base) >= least,
            Op::LevelMax(most) => parts.level.get(&self.state, base) <= most,
            Op::LevelBy(by) => {
                let level = i64::from(parts.level.get(&self.state, base)).saturating_add(by);
                let held = level.clamp(0, i64::from(self.table.ceiling));
                parts
                    .level
                    .set(&mut self.state, base, u32::try_from(held).unwrap_or(0));
                true
            }
            Op::LevelTo(level) => {
                parts.level.set(&mut self.state, base, level);
                true
            }
            Op::Count(field, most) => {
                let count = field.get(&self.state, base);
                field.set(&mut self.state, base, count.saturating_add(1).min(most));
                count < most
            }
            Op::Spent(field, most) => field.get(&self.state, base) >= most,
            Op::Fact(field, there) => {
                field.set(&mut self.state, base, u32::from(there));
                true
            }
            Op::Guard(decision, arm) => self.guard(decision, arm),
            Op::Named(naming) => self.name(naming),
            Op::Password(right) if self.rules.runs == Runs::One => self.any_password(right),
            Op::Password(right) => self.password(right),
            Op::Prove(factor) => self.prove(1 << factor),
            Op::Outside(factor) => self.outside(factor),
            Op::WrongOutside => self.wrong_outside(),
            Op::Lock(lock) => {
                if parts.named.get(&self.state, base) == PERSON {
                    self.table.store.locked.set(
                        &mut self.state,
                        self.table.store.base,
                        u32::from(lock),
                    );
                }
                true
            }
            Op::Active(active) => {
                let store = &self.table.store;
                match parts.named.get(&self.state, base) {
                    PERSON => (store.locked.get(&self.state, store.base) == 0) == active,
                    OTHER => active && self.rules.runs != Runs::One,
                    _ => true,
                }
            }
            Op::CodeMade => {
                parts.code.set(&mut self.state, base, CODE_MADE);
                parts.bound.set(&mut self.state, base, UNBOUND);
                self.forget_stolen();
                true
            }
            Op::CodeSent(stated) => self.code_sent(stated),
            Op::Astray(unknown) => {
                if unknown {
                    parts.bound.set(&mut self.state, base, 0);
                } else {
                    self.went_astray();
                }
                true
            }
            Op::Stated(own) => {
                let address = if own { ADDRESS_OWN } else { ADDRESS_FOREIGN };
                parts.address.set(&mut self.state, base, address);
                true
            }
            Op::CodeTyped(right) => self.code_typed(right),
            Op::Save => {
                self.saved = self.state;
                true
            }
            Op::Restore => {
                self.restore();
                true
            }
            Op::Success(allowed) => {
                self.success(allowed);
                true
            }
            Op::Watch(_)
            | Op::Begin(..)
            | Op::Cut(_)
            | Op::Goal(..)
            | Op::Shown(..)
            | Op::Unshown(..)
            | Op::After(..)
            | Op::Visit(..)
            | Op::LevelAt(..)
            | Op::FactAt(..) => {
                self.watch(op);
                true
            }
        }
    }

    fn watch(&mut self, op: Op) {
        let (base, level) = (self.base, self.table.parts.level);
        let proved = self.table.parts.proved;
        let state = &mut self.state;
        let begun = |state: &[u64; N], field: Option<Field>| {
            field.is_none_or(|field| field.get(state, base) == 1)
        };
        let broken = match op {
            Op::Watch(field) => {
                field.set(state, base, 1);
                None
            }
            Op::Begin(begun, armed) => {
                if begun.get(state, base) == 0 {
                    begun.set(state, base, 1);
                    armed.set(state, base, 1);
                }
                None
            }
            Op::Cut(field) => {
                field.set(state, base, 0);
                None
            }
            Op::After(armed, from) => {
                let now = armed.get(state, base) | u32::from(begun(state, from));
                armed.set(state, base, now);
                None
            }
            Op::Visit(number, count, limit, from) if begun(state, from) => {
                let visits = count.get(state, base);
                count.set(state, base, visits.saturating_add(1).min(limit));
                (visits >= limit).then_some(number)
            }
            Op::Shown(shown, bit) => {
                if proved.get(state, base) & bit != 0 {
                    shown.set(state, base, 1);
                }
                None
            }
            Op::Unshown(armed, shown, number) => {
                let watched = armed.get(state, base) == 1;
                (watched && shown.get(state, base) == 0).then_some(number)
            }
            Op::Goal(armed, number) => (armed.get(state, base) == 1).then_some(number),
            Op::LevelAt(number, least, from) => {
                (begun(state, from) && level.get(state, base) < least).then_some(number)
            }
            Op::FactAt(number, fact, from) => {
                (begun(state, from) && fact.get(state, base) == 0).then_some(number)
            }
            _ => None,
        };
        self.hits.extend(broken);
    }

    fn guard(&self, decision: u32, arm: u16) -> bool {
        let Some(arms) = self.table.guards.get(decision as usize) else {
            return true;
        };
        let truth =
            |condition: &Condition| condition.truth(&self.state, self.base, self.table.parts.level);
        let before = arms.iter().take(usize::from(arm)).flatten();
        if before.map(truth).any(|truth| truth == Some(true)) {
            return false;
        }
        let own = arms.get(usize::from(arm)).and_then(Option::as_ref);
        own.is_none_or(|condition| truth(condition) != Some(false))
    }

    fn restore(&mut self) {
        let from = self.base;
        let to = from + self.table.kept.len();
        for (at, (now, before)) in self.state.iter_mut().zip(&self.saved).enumerate() {
            let kept = if (from..to).contains(&at) {
                self.table.kept.get(at - from).copied()
            } else {
                None
            };
            let kept = kept.unwrap_or(0);
            *now = *now & kept | *before & !kept;
        }
    }

    fn named(&self) -> u32 {
        self.table.parts.named.get(&self.state, self.base)
    }

    fn is_victims(&self) -> bool {
        self.run == 0
    }

    /// Another person is named: what was proved, and the level, were the first one's.
    fn forget(&mut self) {
        let parts = &self.table.parts;
        for shown in &self.table.shown {
            shown.set(&mut self.state, self.base, 0);
        }
        if parts.named.get(&self.state, self.base) != 0 {
            parts.level.set(&mut self.state, self.base, 0);
        }
        parts.proved.set(&mut self.state, self.base, 0);
        parts.taken.set(&mut self.state, self.base, 0);
        parts.bound.set(&mut self.state, self.base, 0);
        if parts.address.get(&self.state, self.base) == ADDRESS_OWN {
            parts
                .address
                .set(&mut self.state, self.base, ADDRESS_FOREIGN);
        }
    }

    fn name(&mut self, naming: Naming) -> bool {
        let store = self.table.store;
        let who = match naming {
            Naming::Same => return self.named() == PERSON,
            Naming::Somebody { locked } => {
                self.forget();
                clear(&store, &mut self.state);
                store
                    .locked
                    .set(&mut self.state, store.base, u32::from(locked));
                PERSON
            }
            Naming::Nobody => {
                self.forget();
                clear(&store, &mut self.state);
                store.locked.set(&mut self.state, store.base, 0);
                OTHER
            }
            Naming::Victim => PERSON,
            Naming::Own if self.is_victims() => return false,
            Naming::Own => OTHER,
        };
        if self.named() != who {
            self.forget();
        }
        self.table.parts.named.set(&mut self.state, self.base, who);
        true
    }

    fn prove(&mut self, bits: u32) -> bool {
        let proved = self.table.parts.proved;
        let known = proved.get(&self.state, self.base);
        proved.set(&mut self.state, self.base, known | bits);
        true
    }

    /// One run: whoever is named may be right or wrong, but nobody's password is never right.
    fn any_password(&mut self, right: bool) -> bool {
        let store = self.table.store;
        if right {
            if self.named() == OTHER {
                return false;
            }
            self.table
                .parts
                .named
                .set(&mut self.state, self.base, PERSON);
            store.passwords.set(&mut self.state, store.base, 0);
            return self.prove(self.table.password);
        }
        if self.named() == PERSON {
            let failures = store.passwords.get(&self.state, store.base);
            store.passwords.set(
                &mut self.state,
                store.base,
                (failures + 1).min(self.rules.failures_max),
            );
        }
        true
    }

    fn password(&mut self, right: bool) -> bool {
        let (store, most) = (self.table.store, self.rules.failures_max);
        match self.named() {
            OTHER => !right || self.prove(self.table.password),
            PERSON => {
                let failures = store.passwords.get(&self.state, store.base);
                let spent = failures >= most;
                let knows = self.is_victims() || self.rules.attacker == Attacker::Password;
                if right {
                    store.passwords.set(&mut self.state, store.base, 0);
                    return knows && !spent && self.prove(self.table.password);
                }
                if !spent {
                    store
                        .passwords
                        .set(&mut self.state, store.base, failures + 1);
                }
                // The victim types it right; a spent budget says no all the same.
                !self.is_victims() || spent
            }
            _ => false,
        }
    }

    fn outside(&mut self, factor: Outside) -> bool {
        let victim = self.is_victims();
        let number = match factor {
            Outside::Password(number)
            | Outside::Code(number)
            | Outside::Push(number)
            | Outside::Own(number) => number,
        };
        match self.named() {
            PERSON if victim => {}
            OTHER if !victim => {}
            PERSON => match factor {
                Outside::Password(_) => {
                    if self.rules.attacker != Attacker::Password {
                        return false;
                    }
                }
                Outside::Code(_) => {
                    let stolen = self
                        .table
                        .store
                        .stolen
                        .get(&self.state, self.table.store.base);
                    if stolen == 0 {
                        return false;
                    }
                    if usize::try_from(stolen).is_ok_and(|stolen| stolen != self.run + 1) {
                        self.hits.push(self.table.finding(Finding::ForeignCode));
                        self.table.parts.taken.set(&mut self.state, self.base, 1);
                    }
                }
                Outside::Push(_) => {
                    let parts = &self.table.parts;
                    let waits = self
                        .table
                        .place(parts.place.get(&self.state, 0))
                        .is_some_and(|place| place.push);
                    if !waits || parts.named.get(&self.state, 0) != PERSON {
                        return false;
                    }
                    parts.taken.set(&mut self.state, self.base, 1);
                }
                Outside::Own(_) => return false,
            },
            _ => return false,
        }
        self.prove(1 << number)
    }

    fn wrong_outside(&mut self) -> bool {
        let store = self.table.store;
        if !self.is_victims() && self.named() == PERSON {
            let compared = store.outside.get(&self.state, store.base);
            if compared >= self.rules.failures_max {
                self.hits.push(self.table.finding(Finding::Budget));
            }
            let most = self.rules.failures_max.saturating_add(1);
            store.outside.set(
                &mut self.state,
                store.base,
                compared.saturating_add(1).min(most),
            );
        }
        true
    }

    /// A new code: the one that was stolen is worth nothing any more.
    fn forget_stolen(&mut self) {
        let store = self.table.store;
        if store.stolen.get(&self.state, store.base) == u32::try_from(self.run + 1).unwrap_or(0) {
            store.stolen.set(&mut self.state, store.base, STALE);
        }
    }

    /// Whether the code went, or may have gone, to an address that is not that of the person named: it
    /// proves nothing any more.
    fn went_astray(&mut self) -> bool {
        let (parts, base) = (self.table.parts, self.base);
        let astray = parts.address.get(&self.state, base) == ADDRESS_FOREIGN;
        if astray {
            parts.bound.set(&mut self.state, base, 0);
        }
        astray
    }

    fn code_sent(&mut self, stated: bool) -> bool {
        let (parts, base) = (self.table.parts, self.base);
        if stated && self.went_astray() {
            let code = parts.code.get(&self.state, base);
            if code != CODE_NONE {
                parts.code.set(&mut self.state, base, CODE_MADE);
            }
            return code != CODE_NONE;
        }
        let to = match self.named() {
            PERSON => CODE_TO_PERSON,
            OTHER if self.rules.runs != Runs::One => CODE_TO_OTHER,
            // Nobody has no address.
            OTHER => return false,
            _ => return parts.code.get(&self.state, base) != CODE_NONE,
        };
        if parts.code.get(&self.state, base) == CODE_NONE {
            return false;
        }
        parts.code.set(&mut self.state, base, to);
        if parts.bound.get(&self.state, base) == UNBOUND {
            parts.bound.set(&mut self.state, base, BOUND);
        }
        if stated {
            parts.address.set(&mut self.state, base, ADDRESS_OWN);
        }
        true
    }

    fn code_typed(&mut self, right: bool) -> bool {
        let (parts, base, store) = (self.table.parts, self.base, self.table.store);
        let code = parts.code.get(&self.state, base);
        if code == CODE_NONE {
            return false;
        }
        let duel = self.rules.runs != Runs::One;
        let failures = store.codes.get(&self.state, store.base);
        // The try is counted for whom the code went to, else for whom the run is about.
        let bound = parts.bound.get(&self.state, base) == BOUND;
        let counted = if bound {
            code == CODE_TO_PERSON
        } else {
            self.named() == PERSON
        };
        let spent = duel && counted && failures >= self.rules.failures_max;
        if !right {
            if counted && failures < self.rules.failures_max && !(duel && self.is_victims()) {
                store.codes.set(&mut self.state, store.base, failures + 1);
            }
            return !duel || !self.is_victims() || spent;
        }
        // Nobody knows what was made and has gone to nobody.
        let unsent = parts.bound.get(&self.state, base) == UNBOUND;
        if spent || unsent || duel && !self.knows_code(code) {
            return false;
        }
        if counted {
            store.codes.set(&mut self.state, store.base, 0);
        }
        parts.code.set(&mut self.state, base, CODE_NONE);
        parts.bound.set(&mut self.state, base, 0);
        self.forget_stolen();
        if bound {
            self.prove(self.table.otp);
        }
        true
    }

    fn knows_code(&self, code: u32) -> bool {
        let store = self.table.store;
        let own = u32::try_from(self.run + 1).unwrap_or(0);
        match code {
            CODE_TO_PERSON => self.is_victims() || store.stolen.get(&self.state, store.base) == own,
            CODE_TO_OTHER => !self.is_victims(),
            _ => false,
        }
    }

    fn success(&mut self, allowed: bool) {
        let (table, base) = (self.table, self.base);
        let factors = table.parts.proved.get(&self.state, base) & !table.session;
        let named = self.named();
        let active = table.store.locked.get(&self.state, table.store.base) == 0;
        if self.rules.runs == Runs::One {
            if factors == 0 && !allowed && table.proves_whom {
                self.hits.push(table.finding(Finding::Unproved));
            }
            if table.parts.level.get(&self.state, base) < table.claim {
                self.hits.push(table.finding(Finding::Level));
            }
            return;
        }
        if !self.is_victims() && named == PERSON && factors != 0 && active {
            let taken = table.parts.taken.get(&self.state, base) == 1;
            self.hits.push(table.finding(if taken {
                Finding::Taken
            } else {
                Finding::Entered
            }));
        }
    }
}

/// What `stolen` says of a code that is no longer good: the attacker has no second one.
const STALE: u32 = 7;

fn clear<const N: usize>(store: &Store, state: &mut [u64; N]) {
    store.passwords.set(state, store.base, 0);
    store.codes.set(state, store.base, 0);
}
