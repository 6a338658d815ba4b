//! Which types issue a code and which check one.
//!
//! Read off the signatures: a type *checks* codes where some outcome of it proves a factor that rests on
//! what was sent or made for this run, and it cannot work without what another type writes; the other
//! type *issues*. Neither is a matter of names.

use std::collections::BTreeSet;

use crate::model::{
    catalog::{Catalog, TypeId},
    signature::{Challenge, Factor, Known, Signature},
};

/// What a type has to do with codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Part {
    /// Nothing.
    #[default]
    None,
    /// It makes a code, or sends one.
    Issues,
    /// It sends a question to somebody's device: whoever is there says yes, and types nothing.
    Asks,
    /// It looks whether the code is the right one.
    Checks,
}

/// The parts of all types of a catalogue.
#[derive(Debug)]
pub(super) struct Parts(Vec<Part>);

impl Parts {
    pub(super) fn new(catalog: &Catalog) -> Self {
        let (mut keys, mut shown): (BTreeSet<&str>, BTreeSet<&str>) = Default::default();
        for (_, signature) in catalog.iter().filter(|(_, signature)| checks(signature)) {
            keys.extend(needs(signature));
            if !signature.verifies.or(true) {
                shown.extend(needs(signature));
            }
        }
        let opens = |signature: &Signature| {
            let mut facts = signature.facts.iter();
            facts.any(|facts| facts.challenge == Challenge::Opens)
        };
        let part = |signature: &Signature| {
            if checks(signature) && needs(signature).next().is_some() {
                return Part::Checks;
            }
            let asks = signature.asks != Known::Is(false) || signature.suspends != Known::Is(false);
            if asks || proves(signature).is_some() {
                return Part::None;
            }
            let writes = |keys: &BTreeSet<&str>| {
                let mut writes = signature.writes.iter();
                writes.any(|key| keys.contains(&*key.key))
            };
            if opens(signature) && writes(&shown) {
                Part::Asks
            } else if writes(&keys) {
                Part::Issues
            } else {
                Part::None
            }
        };
        Self(
            catalog
                .iter()
                .map(|(_, signature)| part(signature))
                .collect(),
        )
    }

    pub(super) fn of(&self, ty: TypeId) -> Part {
        self.0.get(ty.index()).copied().unwrap_or_default()
    }
}

/// A factor that a code stands for: it is made for the run and sent, so that it can be issued again.
fn proves(signature: &Signature) -> Option<Factor> {
    signature
        .facts
        .iter()
        .filter_map(|facts| facts.proves)
        .find(|factor| match factor {
            Factor::Otp | Factor::Push | Factor::MailLink | Factor::Recovery => true,
            Factor::Password
            | Factor::Device
            | Factor::Federation
            | Factor::Certificate
            | Factor::Knowledge
            | Factor::Cookie
            | Factor::Session
            | Factor::Registration => false,
        })
}

fn checks(signature: &Signature) -> bool {
    proves(signature).is_some()
}

/// The keys without which it cannot work; the name of the user is no code.
fn needs(signature: &Signature) -> impl Iterator<Item = &str> {
    signature
        .reads
        .iter()
        .filter(|key| key.always && key.key != "username")
        .map(|key| &*key.key)
}
