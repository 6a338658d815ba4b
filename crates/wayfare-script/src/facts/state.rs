//! Where a script may be: what variables may hold, and what was said so far.
//!
//! In: nothing. Out: sets of states, kept apart by what was said, so that a script that asks on one way
//! and leaves on the other is not read as doing both.

use std::{collections::BTreeMap, rc::Rc};

use super::value::Value;

/// A variable: the function that it is declared in, counted from 1, and its name; 0 for the script.
pub(super) type Variable = (usize, Rc<str>);

/// What was said so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Said {
    /// It asks.
    pub(super) asks: bool,
    /// It suspends the run.
    pub(super) suspends: bool,
    /// It leaves by an outcome.
    pub(super) leaves: bool,
}

/// What variables may hold.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct State {
    variables: Rc<BTreeMap<Variable, Value>>,
    /// The outcome that it leaves by.
    pub(super) outcome: Value,
}

impl State {
    pub(super) fn get(&self, variable: &Variable) -> Option<&Value> {
        self.variables.get(variable)
    }

    fn join(&mut self, other: &Self) {
        self.outcome.join(&other.outcome);
        if Rc::ptr_eq(&self.variables, &other.variables) {
            return;
        }
        let own = Rc::make_mut(&mut self.variables);
        for (variable, value) in other.variables.iter() {
            match own.get_mut(variable) {
                Some(known) => known.join(value),
                None => {
                    // On the other way it was not yet there.
                    own.insert(variable.clone(), value.clone().or(&Value::nothing()));
                }
            }
        }
        for (variable, value) in own.iter_mut() {
            if !other.variables.contains_key(variable) {
                value.nothing = true;
            }
        }
    }
}

/// The states that a script may be in; none where no way comes here.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct States(BTreeMap<Said, State>);

impl States {
    /// Where a script begins.
    pub(super) fn start() -> Self {
        Self(BTreeMap::from([(Said::default(), State::default())]))
    }

    /// How many things all variables may be together.
    pub(super) fn things(&self) -> usize {
        let variables = self.0.values().flat_map(|state| state.variables.values());
        variables.map(Value::things).sum()
    }

    pub(super) fn is_dead(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Said, &State)> {
        self.0.iter().map(|(said, state)| (*said, state))
    }

    pub(super) fn take(&mut self) -> Self {
        std::mem::take(self)
    }

    pub(super) fn join(&mut self, other: Self) {
        for (said, state) in other.0 {
            match self.0.get_mut(&said) {
                Some(known) => known.join(&state),
                None => {
                    self.0.insert(said, state);
                }
            }
        }
    }

    pub(super) fn get(&self, variable: &Variable) -> Option<Value> {
        let mut found: Option<Value> = None;
        let mut missing = false;
        for state in self.0.values() {
            match (state.get(variable), &mut found) {
                (Some(value), Some(found)) => found.join(value),
                (Some(value), None) => found = Some(value.clone()),
                (None, _) => missing = true,
            }
        }
        if let Some(found) = &mut found {
            found.nothing |= missing;
        }
        found
    }

    pub(super) fn set(&mut self, variable: &Variable, value: &Value, weak: bool) {
        for state in self.0.values_mut() {
            let variables = Rc::make_mut(&mut state.variables);
            match variables.get_mut(variable) {
                Some(known) if weak => known.join(value),
                Some(known) => known.clone_from(value),
                None => {
                    variables.insert(variable.clone(), value.clone());
                }
            }
        }
    }

    /// Says something more in every state.
    pub(super) fn say(&mut self, change: impl Fn(&mut Said), outcome: Option<&Value>) {
        let before = self.take();
        for (mut said, mut state) in before.0 {
            change(&mut said);
            if let Some(outcome) = outcome {
                state.outcome = outcome.clone();
            }
            self.join(Self(BTreeMap::from([(said, state)])));
        }
    }
}
