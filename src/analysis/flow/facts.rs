//! What signatures, settings and guards say of states and arcs.
//!
//! In: a task with its settings, and the outcome it is left by. Out: the facts of the state and of the arc;
//! what a signature leaves open is taken as the worst. Which states and arcs there are is not here.

use petgraph::graph::NodeIndex;

use crate::{
    analysis::flow::{
        arc::{Arc, Bound, Factors, Raise},
        build::Builder,
        state::{State, StateKind},
    },
    model::{
        address::Stated,
        expr::{Expr, Function, Slot},
        journey::{Guard, SettingValue, Task},
        signature::{self, Known, LevelChange, Presence, Signature},
        unsent::Use,
    },
};

impl Builder<'_> {
    pub(super) fn task_state(&self, node: NodeIndex<u32>, child: u16, task: &Task) -> State {
        let mut state = State {
            child,
            ..State::plain(StateKind::Step, node)
        };
        let Some(signature) = self.catalog.get(task.ty) else {
            return State {
                stops: true,
                verifies: true,
                may_fail: true,
                ..state
            };
        };
        let setting = |key: &str| {
            let found = task.settings.iter().find(|(name, _)| &**name == key);
            found.map(|(_, value)| value)
        };
        let asks = signature.asks(setting);
        state.asks = asks == Known::Is(true) || signature.suspends == Known::Is(true);
        state.unsaid = signature.asks_unsaid(setting).is_some();
        state.stops = asks.or(true) || signature.suspends.or(true);
        state.verifies = signature.verifies.or(true);
        state.may_fail = signature.calls(setting).or(true)
            || signature.reads.iter().any(|read| read.always)
            || task
                .settings
                .iter()
                .any(|(_, value)| matches!(value, SettingValue::Computed(_)));
        state
    }

    pub(super) fn with_facts(&self, mut arc: Arc, task: &Task, outcome: &str) -> Arc {
        let Some(signature) = self.catalog.get(task.ty) else {
            return Arc {
                writes_identity: true,
                renames: true,
                stated: Stated::Written,
                code: Use::Shows,
                raise: Raise::Unknown,
                ..arc
            };
        };
        let setting = |key: &str| {
            let found = task.settings.iter().find(|(name, _)| &**name == key);
            found.map(|(_, value)| value)
        };
        arc.proves = signature.proves(outcome, setting);
        if self.hearsay.spoils(self.journey.id, signature) {
            arc.proves = None;
        }
        arc.writes_identity = signature.writes_identity(outcome, setting).or(true);
        arc.renames = signature.renames(outcome, setting).or(true);
        arc.stated = self.addresses.stated(signature, task, outcome);
        arc.code = self.unsent.of(signature, task);
        if let Some(facts) = signature.facts_of(outcome) {
            arc.challenge = facts.challenge;
            arc.compares = facts.compares;
            // A wrong password is no matter of who is there.
            arc.absent = facts.presence == Known::Is(Presence::Absent)
                && facts.account != signature::Account::Made
                && !signature.verifies.or(true);
            arc.account.changes = signature.changes_account(outcome, setting).or(true);
            match &facts.account {
                signature::Account::Kept => {}
                signature::Account::Made => arc.account.makes = true,
                signature::Account::Changed { hands, .. } => {
                    arc.account.hands = Factors::of(hands);
                }
            }
            arc.raise = raise_of(task, &facts.level);
            if let Some(key) = &facts.level_at_least {
                arc.level_min = constant_int(task, key).unwrap_or(0).max(0);
            }
            if let Some(key) = &facts.level_below {
                let bound = constant_int(task, key);
                arc.level_max = bound.map_or(i64::MAX, |bound| bound.saturating_sub(1));
            }
        }
        arc.bound = bound_of(task, signature, outcome);
        arc
    }
}

/// Whether a type has outcomes for users alone, so that it fails where there is none.
pub(super) fn fails_for_nobody(signature: &Signature) -> bool {
    let has = |presence: Presence| {
        let is = |facts: &signature::OutcomeFacts| facts.presence == Known::Is(presence);
        signature.facts.iter().any(is)
    };
    has(Presence::Present) && !has(Presence::Absent)
}

fn raise_of(task: &Task, change: &LevelChange) -> Raise {
    match change {
        LevelChange::None => Raise::By(0),
        LevelChange::By(by) => Raise::By(i64::from(*by)),
        LevelChange::BySetting(key) => constant_int(task, key).map_or(Raise::Unknown, Raise::By),
    }
}

fn bound_of(task: &Task, signature: &Signature, outcome: &str) -> Bound {
    match &signature.limits {
        Some(limit) if limit.outcome == outcome => constant_int(task, &limit.setting)
            .map_or(Bound::Unknown, |times| {
                Bound::Times(u64::try_from(times).unwrap_or(0))
            }),
        Some(_) | None => Bound::None,
    }
}

fn constant_int(task: &Task, key: &str) -> Option<i64> {
    task.settings
        .iter()
        .find(|(k, _)| &**k == key)
        .and_then(|(_, value)| match value {
            SettingValue::Constant(value) => value.as_int(),
            SettingValue::Computed(_) => None,
        })
}

/// Whether evaluating the guards may fail: they ask outside, or convert a text.
pub(super) fn guards_may_fail(guards: &[Guard]) -> bool {
    let mut open: Vec<&Expr> = guards
        .iter()
        .filter_map(|guard| guard.condition.as_ref())
        .collect();
    while let Some(expr) = open.pop() {
        match expr {
            Expr::Read(Slot::User(_) | Slot::Session(_) | Slot::SessionLevel, _)
            | Expr::Has(Slot::User(_) | Slot::Session(_) | Slot::SessionLevel)
            | Expr::Binary(
                crate::model::expr::BinaryOp::Add | crate::model::expr::BinaryOp::Subtract,
                ..,
            ) => {
                return true;
            }
            Expr::Literal(_) | Expr::Read(..) | Expr::Has(_) => {}
            Expr::Not(inner) => open.push(inner),
            Expr::Binary(_, left, right) => open.extend([&**left, &**right]),
            Expr::Call(function, arguments) => {
                if matches!(
                    function,
                    Function::Int | Function::Age | Function::Before | Function::After
                ) {
                    return true;
                }
                open.extend(arguments);
            }
            Expr::Join(parts) => open.extend(parts),
        }
    }
    false
}
