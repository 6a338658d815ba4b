//! Whether what `[external.TYPE]` names is there in the type.
//!
//! In: a linked program, and what the settings let handlers see and say. Out: a line for each word that the
//! type does not have, with the one that was probably meant. Where the settings or the arms of a node say
//! what a type has, as for a list of choices, a word is not judged. Whether anybody answers is not asked here.

use std::collections::BTreeSet;

use wayfare::{
    Program,
    model::signature::{Condition, Outcomes, Signature, StateKey},
    spelling::nearest,
};
use wayfare_wire::external::Allowed;

use crate::external::Served;

/// The words of settings that their types do not have, one a line.
pub(super) fn slips(program: &Program, served: &Served) -> Vec<String> {
    let types = program.types();
    types
        .into_iter()
        .filter_map(|ty| Some((ty, served.allowed(&ty.name)?)))
        .flat_map(|(ty, allowed)| judged(ty, allowed))
        .collect()
}

fn judged(ty: &Signature, allowed: &Allowed) -> Vec<String> {
    let name = &ty.name;
    let mut lines = Vec::new();
    let mut judge = |key: &str, named: &BTreeSet<String>, known: &Known, slip: String| {
        for word in named.iter().filter(|word| !known.has(word)) {
            let near = nearest(word, known.words.iter().map(|known| &**known))
                .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            lines.push(format!(
                "`external.{name}.{key}` lists `{word}`, which {slip}{near}"
            ));
        }
    };
    let state = state(&ty.reads);
    if let Some(named) = &allowed.state {
        judge("state", named, &state, format!("`{name}` does not read"));
    }
    let mut secrets = state;
    let settings = ty.settings.iter();
    let settings = settings.map(|setting| format!("settings.{}", setting.key));
    secrets.words.extend(settings);
    let slip = format!("`{name}` neither reads nor has as a setting");
    judge("secrets", &allowed.secrets, &secrets, slip);
    if let Some(named) = &allowed.outcomes {
        let slip = format!("is no outcome of `{name}`");
        judge("outcomes", named, &outcomes(&ty.outcomes), slip);
    }
    if let Some(named) = &allowed.callbacks {
        let asked = Known::all(ty.callbacks.iter().map(ToString::to_string));
        judge("callbacks", named, &asked, format!("`{name}` does not ask"));
    }
    lines
}

/// What a type has, as far as its signature alone says.
#[derive(Debug, Default)]
struct Known {
    words: BTreeSet<String>,
    /// Beginnings of words that a node's own settings complete.
    open: Vec<String>,
}

impl Known {
    fn all(words: impl Iterator<Item = String>) -> Self {
        Self {
            words: words.collect(),
            open: Vec::new(),
        }
    }

    fn anything() -> Self {
        Self {
            words: BTreeSet::new(),
            open: vec![String::new()],
        }
    }

    fn has(&self, word: &str) -> bool {
        self.words.contains(word) || self.open.iter().any(|begin| word.starts_with(&**begin))
    }
}

fn state(reads: &[StateKey]) -> Known {
    let mut known = Known::default();
    for read in reads {
        if read.named_by.is_some() || read.key == "*" {
            known.open.push(read.scope.path("").to_string());
        } else {
            known.words.insert(read.scope.path(&read.key).to_string());
        }
    }
    known
}

fn outcomes(outcomes: &Outcomes) -> Known {
    match outcomes {
        Outcomes::Fixed(names) => Known::all(names.iter().map(ToString::to_string)),
        Outcomes::Bounded(bounded) if bounded.iter().any(|one| is_open(&one.when)) => {
            Known::anything()
        }
        Outcomes::Bounded(bounded) => Known::all(bounded.iter().map(|one| one.name.to_string())),
        Outcomes::LastChild | Outcomes::Authored { .. } => Known::anything(),
    }
}

/// Whether a list of the node names outcomes.
fn is_open(when: &Condition) -> bool {
    match when {
        Condition::EachOf(_) => true,
        // Lists stand alone; a pair with one in it is read as the most that it can mean.
        Condition::Both(all) => all
            .iter()
            .any(|one| matches!(one, Condition::EachOf(_) | Condition::Both(_))),
        _ => false,
    }
}
