//! What an outcome of a node does to a state, read from its signature.
//!
//! A cell of a signature that is open branches: the move is there with the effect and without it. The few
//! built-in types whose doing the store or the run keeps account of (limits, codes, locks, comparisons)
//! are known by name; everything else is read as the worst that its signature allows.

use std::{collections::BTreeSet, sync::Arc};

use wayfare::{
    Factor, Type, Value,
    model::{
        address::{Addresses, Stated},
        expr::KeyId,
        journey::{SettingValue, Task},
        program::Program,
        signature::{Known, LevelChange, Scope, Signature, StateKey},
    },
};

use crate::explore::{
    layout::Field,
    table::{Naming, Op, Outside},
};

/// What the steps of an outcome are written with.
#[derive(Debug)]
pub(super) struct Scene<'a> {
    pub(super) program: &'a Program,
    /// Whether several runs are interleaved.
    pub(super) duel: bool,
    /// The keys of the shared state that are kept.
    pub(super) facts: &'a [(KeyId, Field)],
    /// The number of each factor.
    pub(super) factors: &'a [Factor],
    /// Whether codes are made by the built-in node alone.
    pub(super) codes: bool,
    /// Where the state may state an address for a code.
    pub(super) addresses: &'a Addresses,
    /// The types with a behaviour of the library.
    pub(super) built: &'a BTreeSet<String>,
    /// Whether an account may be locked in the program.
    pub(super) locks: bool,
    pub(super) ceiling: u32,
}

/// One way in which an outcome may turn out.
#[derive(Debug, Clone, Default)]
pub(super) struct Variant {
    pub(super) ops: Vec<Op>,
    pub(super) note: Option<&'static str>,
}

impl Variant {
    fn then(&self, op: Op, note: Option<&'static str>) -> Self {
        let mut ops = self.ops.clone();
        ops.push(op);
        Self {
            ops,
            note: note.or(self.note),
        }
    }
}

fn each(variants: &mut [Variant], op: Op) {
    for variant in variants {
        variant.ops.push(op);
    }
}

pub(super) fn constant_int(task: &Task, key: &str) -> Option<i64> {
    match setting(task, key)? {
        SettingValue::Constant(value) => value.as_int(),
        SettingValue::Computed(_) => None,
    }
}

fn setting<'a>(task: &'a Task, key: &str) -> Option<&'a SettingValue> {
    task.settings
        .iter()
        .find(|(name, _)| &**name == key)
        .map(|(_, value)| value)
}

/// The limit of a node on this outcome, where it is known.
pub(super) fn limit_of(task: &Task, signature: &Signature) -> Option<u32> {
    let limit = signature.limits.as_ref()?;
    let times = constant_int(task, &limit.setting)?;
    u32::try_from(times.max(0)).ok()
}

/// Whether the store itself compares what a type has compared, and counts it.
pub(super) fn store_compares(signature: &Signature) -> bool {
    matches!(
        &*signature.name,
        "DataStoreDecision" | "OneTimePasswordCollectorDecision"
    )
}

impl Scene<'_> {
    fn factor(&self, factor: Factor) -> u8 {
        let at = self.factors.iter().position(|known| *known == factor);
        u8::try_from(at.unwrap_or(0)).unwrap_or(0)
    }

    /// Every way in which a task may leave by an outcome.
    pub(super) fn variants(
        &self,
        task: &Task,
        outcome: &str,
        count: Option<Field>,
    ) -> Vec<Variant> {
        let mut all = vec![Variant::default()];
        let Some(signature) = self.program.catalog.get(task.ty) else {
            return all;
        };
        bounds(task, signature, outcome, count, &mut all);
        self.names(task, signature, outcome, &mut all);
        self.proofs(task, signature, outcome, &mut all);
        match self.addresses.stated(signature, task, outcome) {
            Stated::Kept | Stated::Used => {}
            Stated::Written => each(&mut all, Op::Stated(false)),
            Stated::Found => each(&mut all, Op::Stated(true)),
        }
        self.level(task, signature, outcome, &mut all);
        self.keys(task, signature, outcome, &mut all);
        all
    }

    /// Whether a task sends a code to an address that the state may state.
    pub(super) fn sends(&self, task: &Task) -> bool {
        self.states(task, "") == Stated::Used
    }

    /// Whether a task may write such an address.
    pub(super) fn writes_address(&self, task: &Task, outcomes: &[Arc<str>]) -> bool {
        let all = outcomes.iter().map(|outcome| self.states(task, outcome));
        all.into_iter().any(|stated| stated == Stated::Written)
    }

    fn states(&self, task: &Task, outcome: &str) -> Stated {
        let signature = self.program.catalog.get(task.ty);
        signature.map_or(Stated::Kept, |of| self.addresses.stated(of, task, outcome))
    }

    fn names(&self, task: &Task, signature: &Signature, outcome: &str, all: &mut Vec<Variant>) {
        // What the store compares says itself whose it is.
        if store_compares(signature) {
            return;
        }
        let writes = signature.renames(outcome, |key| setting(task, key));
        if writes == Known::Is(false) {
            return;
        }
        let mut named = if writes == Known::Unknown {
            all.clone()
        } else {
            Vec::new()
        };
        let proves = signature
            .proves(outcome, |key| setting(task, key))
            .is_some();
        for variant in &*all {
            let mut add = |naming, note| named.push(variant.then(Op::Named(naming), note));
            if self.duel {
                add(Naming::Victim, None);
                add(Naming::Own, Some("with the attacker's own account"));
                continue;
            }
            add(Naming::Same, Some("the same person"));
            add(Naming::Somebody { locked: false }, None);
            if self.locks {
                add(Naming::Somebody { locked: true }, Some("a locked account"));
            }
            if !proves {
                add(Naming::Nobody, Some("a name nobody has"));
            }
        }
        *all = named;
    }

    fn proofs(&self, task: &Task, signature: &Signature, outcome: &str, all: &mut [Variant]) {
        match (&*signature.name, outcome) {
            ("DataStoreDecision", "true") => return each(all, Op::Password(true)),
            ("DataStoreDecision", _) => return each(all, Op::Password(false)),
            ("OneTimePasswordGenerator", _) if self.codes => return each(all, Op::CodeMade),
            ("OneTimePasswordSmtpSender" | "OneTimePasswordSmsSender", _) if self.codes => {
                return each(all, Op::CodeSent(self.sends(task)));
            }
            ("OneTimePasswordCollectorDecision", _) if self.codes => {
                return each(all, Op::CodeTyped(outcome == "true"));
            }
            ("AccountLockout", _) => {
                let lock = match setting(task, "lockAction") {
                    Some(SettingValue::Constant(value)) => value.as_text() != Some("UNLOCK"),
                    Some(SettingValue::Computed(_)) | None => true,
                };
                return each(all, Op::Lock(lock));
            }
            ("AccountActiveDecision", _) => return each(all, Op::Active(outcome == "true")),
            _ => {}
        }
        if let Some(factor) = signature.proves(outcome, |key| setting(task, key)) {
            let number = self.factor(factor);
            let op = match factor {
                _ if !self.duel => Op::Prove(number),
                Factor::Password => Op::Outside(Outside::Password(number)),
                Factor::Otp => Op::Outside(Outside::Code(number)),
                Factor::Push => Op::Outside(Outside::Push(number)),
                Factor::Device
                | Factor::Federation
                | Factor::MailLink
                | Factor::Recovery
                | Factor::Certificate
                | Factor::Knowledge
                | Factor::Cookie
                | Factor::Session
                | Factor::Registration => Op::Outside(Outside::Own(number)),
            };
            return each(all, op);
        }
        let compares = signature.verifies.or(true)
            && signature.facts.iter().any(|facts| facts.proves.is_some());
        // What the library's own types compare, the store counts; it compares no more when the tries are spent.
        let counted = self.built.contains(&*signature.name);
        if self.duel && compares && !counted {
            each(all, Op::WrongOutside);
        }
    }

    fn level(&self, task: &Task, signature: &Signature, outcome: &str, all: &mut Vec<Variant>) {
        let Some(facts) = signature.facts_of(outcome) else {
            return;
        };
        let by = match &facts.level {
            LevelChange::None => return,
            LevelChange::By(by) => Some(i64::from(*by)),
            LevelChange::BySetting(key) => constant_int(task, key),
        };
        match by {
            Some(0) => {}
            Some(by) => each(all, Op::LevelBy(by)),
            None => {
                // Computed: the least and the greatest stand for what is between.
                let greatest = all
                    .iter()
                    .map(|v| v.then(Op::LevelTo(self.ceiling), None))
                    .collect::<Vec<_>>();
                each(all, Op::LevelTo(0));
                all.extend(greatest);
            }
        }
    }

    fn keys(&self, task: &Task, signature: &Signature, outcome: &str, all: &mut Vec<Variant>) {
        for (key, field) in self.facts {
            let Some(name) = self.program.keys.get(key.0 as usize) else {
                continue;
            };
            for removal in signature.removes.iter() {
                if removal.outcome != "*" && removal.outcome != outcome {
                    continue;
                }
                match names(task, &removal.key, removal.named_by.as_deref(), name) {
                    Some(true) => each(all, Op::Fact(*field, false)),
                    Some(false) => {}
                    None => either(all, Op::Fact(*field, false)),
                }
            }
            for write in signature.writes.iter() {
                if !matches!(write.scope, Scope::Shared | Scope::Any) {
                    continue;
                }
                let by = write.named_by.as_deref();
                let wanted = match by {
                    Some(by) if names_by_values(signature, by) => None,
                    Some(_) | None => names(task, &write.key, by, name),
                };
                match wanted {
                    Some(true) if write.always => each(all, Op::Fact(*field, true)),
                    Some(false) => {}
                    Some(true) | None => either(all, Op::Fact(*field, true)),
                }
            }
        }
    }
}

/// Whether tries are counted on the user too, so that there may be none left though the run had few.
fn counts_on_user(task: &Task) -> bool {
    let mut settings = task.settings.iter();
    let found = settings.find(|(name, _)| &**name == "incrementUserAttributeOnFailure");
    found.is_some_and(|(_, value)| !matches!(value, SettingValue::Constant(Value::Bool(false))))
}

/// What limits and levels say of an outcome.
fn bounds(
    task: &Task,
    signature: &Signature,
    outcome: &str,
    count: Option<Field>,
    all: &mut [Variant],
) {
    if let (Some(limit), Some(count), Some(most)) =
        (&signature.limits, count, limit_of(task, signature))
    {
        if limit.outcome == outcome {
            each(all, Op::Count(count, most));
        } else if signature.name == "RetryLimitDecision" && !counts_on_user(task) {
            each(all, Op::Spent(count, most));
        }
    }
    let Some(facts) = signature.facts_of(outcome) else {
        return;
    };
    let level =
        |key: &str| constant_int(task, key).map(|level| level.clamp(0, i64::from(i32::MAX)));
    if let Some(level) = facts.level_at_least.as_deref().and_then(level) {
        each(all, Op::LevelMin(u32::try_from(level).unwrap_or(0)));
    }
    if let Some(key) = facts.level_below.as_deref() {
        match level(key) {
            Some(0) => each(all, Op::LevelMin(u32::MAX)),
            Some(level) => each(all, Op::LevelMax(u32::try_from(level - 1).unwrap_or(0))),
            None => {}
        }
    }
}

fn either(all: &mut Vec<Variant>, op: Op) {
    let with: Vec<Variant> = all.iter().map(|variant| variant.then(op, None)).collect();
    all.extend(with);
}

/// Whether a line of a signature speaks of a key, for one task; `None` where nothing says of which keys.
///
/// A map names them by its names.
fn names(task: &Task, key: &str, by: Option<&str>, wanted: &str) -> Option<bool> {
    let Some(by) = by else {
        return (key != "*").then(|| key == wanted);
    };
    match setting(task, by) {
        Some(SettingValue::Constant(Value::Map(map))) => {
            Some(map.iter().any(|(name, _)| **name == *wanted))
        }
        Some(SettingValue::Constant(value)) => value.as_text().map(|name| *name == *wanted),
        Some(SettingValue::Computed(_)) | None => None,
    }
}

/// Whether a setting is a map of texts, which may name keys by its values.
fn names_by_values(signature: &Signature, by: &str) -> bool {
    signature
        .setting(by)
        .is_none_or(|setting| matches!(&setting.ty, Type::Map(of) if **of == Type::Text))
}

/// Whether what a task does with the code that is waited for is known: it has nothing to do with it, or is
/// one of the built-in types around it.
pub(super) fn keeps_codes(task: &Task, signature: &Signature) -> bool {
    const OWN: &[&str] = &[
        "OneTimePasswordGenerator",
        "OneTimePasswordSmtpSender",
        "OneTimePasswordSmsSender",
        "OneTimePasswordCollectorDecision",
    ];
    let touches = |keys: &[StateKey]| {
        keys.iter().any(|touched| {
            matches!(touched.scope, Scope::Transient | Scope::Any | Scope::Secure)
                && names(
                    task,
                    &touched.key,
                    touched.named_by.as_deref(),
                    "oneTimePassword",
                ) != Some(false)
        })
    };
    OWN.contains(&&*signature.name) || !touches(&signature.writes) && !touches(&signature.reads)
}
