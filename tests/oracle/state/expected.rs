//! What must be said of values that are missing, of another type, or secret.

use wayfare::{
    Span, Type,
    model::{
        journey::NodeKind,
        signature::{Scope, Secrecy, StateKey},
    },
};

use super::{
    super::{kinds::KEYS, moves::Spot, random::Made},
    data::{Data, Effect, Question},
    declared::{guard_slots, means, signature, slot_of, spots, task_at},
    made::NAMES,
    runs::{roots, runs, shortest},
};

/// A finding and the question that its run answers.
pub(super) struct Expected<'q> {
    pub(super) code: &'static str,
    pub(super) spot: Spot,
    pub(super) name: &'q str,
    pub(super) bad: Box<dyn Fn(&Data) -> bool + 'q>,
    pub(super) effect: Box<dyn Fn(&StateKey) -> Effect + 'q>,
    pub(super) strict: bool,
    pub(super) given: bool,
}

impl Expected<'_> {
    pub(super) fn question(&self) -> Question<'_> {
        Question {
            name: self.name,
            effect: &self.effect,
            strict: self.strict,
            given: self.given,
        }
    }
}

pub(super) fn span(made: &Made, (journey, node, child): Spot) -> Span {
    let node = &made.journey(journey).graph[node];
    match &node.kind {
        NodeKind::Page(page) => page.children[usize::from(child)].span,
        _ => node.span,
    }
}

/// The reads of a spot that must not miss: key, scope, and whether they are needed.
pub(super) fn needs(made: &Made, spot: Spot) -> Vec<(String, Scope, bool)> {
    if let NodeKind::Decision(arms) = &made.journey(spot.0).graph[spot.1].kind {
        let slots = guard_slots(arms);
        let own = slots.iter().filter_map(slot_of);
        let transient = own.filter(|(_, scope)| *scope == Scope::Transient);
        return transient
            .map(|(id, scope)| (KEYS[id].to_owned(), scope, false))
            .collect();
    }
    let (Some(task), Some(signature)) = (task_at(made, spot), signature(made, spot)) else {
        return Vec::new();
    };
    let reads = signature.reads.iter().filter(|line| line.always);
    reads
        .map(|line| (means(task, line), line.scope, true))
        .collect()
}

pub(super) fn put(_: &StateKey) -> Effect {
    Effect::Put
}

pub(super) fn reading(made: &Made, all: &mut Vec<Expected<'_>>) {
    for spot in spots(made) {
        for (name, scope, needed) in needs(made, spot) {
            let name = NAMES.into_iter().find(|own| *own == name).unwrap();
            let asked = Question {
                name,
                effect: &put,
                strict: true,
                given: true,
            };
            let (mut there, mut lost, mut missing) = (false, false, false);
            for root in roots(made) {
                runs(made, &asked, root, None, |stack, data, _| {
                    if *stack.last().unwrap() == spot {
                        there |= data.finds(scope);
                        lost |= data.misses(scope);
                        missing |= !data.finds(scope) && !data.misses(scope);
                    }
                });
            }
            let code = match (needed, lost, missing, there) {
                (true, true, ..) | (false, true, false, false) => "lost_value",
                (true, false, true, false) => "unwritten_key",
                (true, false, true, true) => "maybe_unwritten_key",
                _ => continue,
            };
            let bad: Box<dyn Fn(&Data) -> bool> = if code == "lost_value" {
                Box::new(move |data| data.misses(scope))
            } else {
                Box::new(move |data| !data.finds(scope))
            };
            let effect = Box::new(put);
            all.push(Expected {
                code,
                spot,
                name,
                bad,
                effect,
                strict: true,
                given: true,
            });
        }
    }
}

pub(super) fn accepts(read: &Type, written: &Type) -> bool {
    *read == Type::Any || *written == Type::Any || read == written
}

pub(super) fn clashes<'q>(made: &'q Made, all: &mut Vec<Expected<'q>>) {
    for spot in spots(made) {
        let Some(own) = signature(made, spot) else {
            continue;
        };
        for line in own.reads.iter().filter(|line| line.ty != Type::Any) {
            let name = NAMES.into_iter().find(|own| *own == line.key).unwrap();
            let writers = || {
                made.program
                    .catalog
                    .iter()
                    .flat_map(|(_, s)| s.writes.iter())
            };
            // What is transient hides what is shared, whatever its type.
            let used = |s: &StateKey| s.key == name && s.scope != Scope::Shared;
            let hidden = line.scope == Scope::Any && writers().any(used);
            let (scope, ty) = (line.scope, line.ty.clone());
            let effect = move |write: &StateKey| {
                if !write.always {
                    Effect::Nothing
                } else if accepts(&ty, &write.ty) || hidden && write.scope == Scope::Shared {
                    Effect::Drop
                } else {
                    Effect::Put
                }
            };
            let asked = Question {
                name,
                effect: &effect,
                strict: false,
                given: false,
            };
            let bad = move |data: &Data| data.finds(scope);
            if shortest(made, &asked, spot, &bad).is_some() {
                all.push(Expected {
                    code: "type_clash",
                    spot,
                    name,
                    bad: Box::new(bad),
                    effect: Box::new(effect),
                    strict: false,
                    given: false,
                });
            }
        }
    }
}

/// Whether a run as it stands shows the secret.
pub(super) type Shown = Box<dyn Fn(&Data) -> bool>;

pub(super) fn leaks(made: &Made, all: &mut Vec<Expected<'_>>) {
    let lines = || {
        made.program
            .catalog
            .iter()
            .flat_map(|(_, s)| s.reads.iter().chain(s.writes.iter()))
    };
    if !lines().any(|line| line.secrecy == Secrecy::Secret) {
        return;
    }
    for spot in spots(made) {
        let (Some(task), Some(own)) = (task_at(made, spot), signature(made, spot)) else {
            continue;
        };
        let into = |line: &StateKey| line.scope == Scope::Shared && line.key == "ticket";
        let mut found: Vec<(bool, Shown)> = Vec::new();
        if own.writes.iter().any(into) {
            found.push((true, Box::new(|_| true)));
        }
        for line in own.reads.iter().filter(|line| line.named_by.is_some()) {
            if means(task, line) == "ticket" {
                let scope = line.scope;
                // What a transaction brings was not kept secret here.
                found.push((false, Box::new(move |data| data.finds(scope))));
            }
        }
        for (given, bad) in found {
            let asked = Question {
                name: "ticket",
                effect: &put,
                strict: true,
                given,
            };
            if shortest(made, &asked, spot, &bad).is_some() {
                all.push(Expected {
                    code: "leaked_secret",
                    spot,
                    name: "ticket",
                    bad,
                    effect: Box::new(put),
                    strict: true,
                    given,
                });
                break;
            }
        }
    }
}
