//! What there is to know of a journey and its world: names, passwords, and the words that guards compare.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};

use wayfare::{
    Program, Value,
    model::{
        expr::{Expr, Slot},
        journey::{Journey, JourneyId, NodeKind},
    },
};
use wayfare_sim::World;

/// How many texts are kept.
const TEXTS_MAX: usize = 64;

/// What answers and requests are drawn from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Knowledge {
    /// Names that users have, then names that nobody has.
    pub(crate) names: Vec<String>,
    /// Passwords by name.
    passwords: BTreeMap<String, String>,
    /// Texts that guards of the journey compare.
    pub(crate) texts: Vec<String>,
    pub(crate) headers: BTreeSet<Arc<str>>,
    pub(crate) cookies: BTreeSet<Arc<str>>,
    pub(crate) parameters: BTreeSet<Arc<str>>,
    pub(crate) reads_address: bool,
    pub(crate) reads_locale: bool,
    pub(crate) reads_host: bool,
}

impl Knowledge {
    pub(crate) fn of(program: &Program, journey: &Journey, world: &World) -> Self {
        let mut known = Self::default();
        for user in world.users.values() {
            let name = String::from(&*user.username);
            if let Some(password) = &user.password {
                known
                    .passwords
                    .insert(name.clone(), password.reveal().clone());
            }
            known.names.push(name);
        }
        known.names.push("nobody".to_owned());
        known.read_journeys(program, journey.id);
        known
    }

    /// The password of the user of this name.
    pub(crate) fn password(&self, name: &str) -> Option<&str> {
        self.passwords.get(name).map(String::as_str)
    }

    /// Every password there is.
    pub(crate) fn passwords(&self) -> impl Iterator<Item = &str> {
        self.passwords.values().map(String::as_str)
    }

    /// The guards of a journey and of those that it calls.
    fn read_journeys(&mut self, program: &Program, first: JourneyId) {
        let mut seen = BTreeSet::from([first]);
        let mut rest = vec![first];
        while let Some(journey) = rest.pop().and_then(|id| program.journey(id)) {
            for node in journey.graph.node_weights() {
                match &node.kind {
                    NodeKind::Inner(inner) if seen.insert(*inner) => rest.push(*inner),
                    NodeKind::Decision(guards) => {
                        for guard in guards {
                            if let Some(condition) = &guard.condition {
                                self.read(condition);
                            }
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    fn read(&mut self, condition: &Expr) {
        let mut rest = vec![condition];
        while let Some(expr) = rest.pop() {
            match expr {
                Expr::Literal(value) => self.read_value(value),
                Expr::Read(slot, _) | Expr::Has(slot) => self.read_slot(slot),
                Expr::Not(of) => rest.push(of),
                Expr::Binary(_, left, right) => {
                    rest.push(left);
                    rest.push(right);
                }
                Expr::Call(_, parts) | Expr::Join(parts) => rest.extend(parts),
            }
        }
    }

    fn read_value(&mut self, value: &Value) {
        match value {
            Value::Text(text) if self.texts.len() < TEXTS_MAX => {
                let text = String::from(&**text);
                if !self.texts.contains(&text) {
                    self.texts.push(text);
                }
            }
            Value::List(list) => {
                for value in list.iter().filter(|value| matches!(value, Value::Text(_))) {
                    self.read_value(value);
                }
            }
            _ => {}
        }
    }

    fn read_slot(&mut self, slot: &Slot) {
        match slot {
            Slot::Header(name) => {
                self.headers.insert(Arc::clone(name));
            }
            Slot::Cookie(name) => {
                self.cookies.insert(Arc::clone(name));
            }
            Slot::Parameter(name) => {
                self.parameters.insert(Arc::clone(name));
            }
            Slot::ClientAddress => self.reads_address = true,
            Slot::Host => self.reads_host = true,
            Slot::Locale => self.reads_locale = true,
            _ => {}
        }
    }

    /// Addresses in the networks that guards name, and one outside.
    pub(crate) fn addresses(&self) -> Vec<IpAddr> {
        let mut all: Vec<IpAddr> = vec![IpAddr::from([203, 0, 113, 9])];
        for text in &self.texts {
            let address = text.split('/').next().unwrap_or_default();
            if let Ok(address) = address.parse() {
                all.push(address);
            }
        }
        all
    }
}
