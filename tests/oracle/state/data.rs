//! What a run holds of one key, and how each event changes it.

use petgraph::visit::EdgeRef;
use wayfare::model::{
    expr::Expr,
    journey::{Guard, NodeKind, OutcomeId},
    signature::{Outcomes, Scope, StateKey},
};

use super::{
    super::{
        kinds::KEYS,
        moves::{Event, How, Spot},
        random::Made,
        world::{Fact, arm_says},
    },
    declared::{asks, guard_slots, live, means, signature, slot_of, task_at},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sensitive {
    Never,
    Transient,
    Secure,
    Lost,
}

pub(super) use Sensitive::{Lost, Never, Secure, Transient};

/// What a run holds of one key: in shared state, and in transient state for each frame.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Data {
    pub(super) shared: bool,
    pub(super) frames: Vec<Sensitive>,
    /// Both, as they were when the node at hand was entered.
    pub(super) before: (bool, Sensitive),
    /// How far a given run has been followed.
    pub(super) step: usize,
}

impl Data {
    pub(super) fn own(&mut self) -> &mut Sensitive {
        self.frames.last_mut().unwrap()
    }

    pub(super) fn finds(&self, scope: Scope) -> bool {
        let own = *self.frames.last().unwrap();
        match scope {
            Scope::Shared => self.shared,
            Scope::Transient => own == Transient,
            Scope::Secure => matches!(own, Transient | Secure),
            _ => self.shared || matches!(own, Transient | Secure),
        }
    }

    pub(super) fn misses(&self, scope: Scope) -> bool {
        let own = *self.frames.last().unwrap();
        let gone = match scope {
            Scope::Shared => false,
            Scope::Transient => matches!(own, Secure | Lost),
            _ => own == Lost,
        };
        gone && !self.finds(scope)
    }
}

/// What a write means to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    Put,
    Drop,
    Nothing,
}

/// A question about one key.
pub(super) struct Question<'q> {
    pub(super) name: &'q str,
    pub(super) effect: &'q dyn Fn(&StateKey) -> Effect,
    /// Whether nodes and guards stop runs without the value.
    pub(super) strict: bool,
    /// Whether a transaction may have brought it.
    pub(super) given: bool,
}

/// False where no run goes on so.
pub(super) fn follow(made: &Made, asked: &Question<'_>, data: &mut Data, event: &Event) -> bool {
    match event {
        Event::Visit(stack) => {
            if stack.len() > data.frames.len() {
                return false;
            }
            if stack.last().unwrap().2 == 0 {
                data.before = (data.shared, *data.own());
            }
        }
        Event::Leave(stack, How::Next(outcome) | How::Go(outcome)) => {
            return leaves(made, asked, data, stack, *outcome);
        }
        Event::Leave(stack, How::Error | How::Unhandled) => {
            data.shared = data.before.0;
            *data.own() = data.before.1;
            // A later child fails behind the stop of its page: what would be taken back is stopped too.
            let (journey, node, child) = *stack.last().unwrap();
            if child > 0 && asks(made, (journey, node, 0)) {
                let kept = live(made, journey, node, asked.name);
                let own = data.own();
                *own = stopped(*own, kept);
            }
        }
        Event::Return(..) => {
            let inner = data.frames.pop().unwrap();
            let own = data.own();
            if matches!(*own, Never | Lost) && inner != Never {
                *own = Lost;
            }
        }
        Event::Enter | Event::Failed => {}
    }
    true
}

pub(super) fn leaves(
    made: &Made,
    asked: &Question<'_>,
    data: &mut Data,
    stack: &[Spot],
    outcome: OutcomeId,
) -> bool {
    let spot = *stack.last().unwrap();
    if let NodeKind::Decision(arms) = &made.journey(spot.0).graph[spot.1].kind {
        return !asked.strict || takes(asked, data, arms, outcome.index());
    }
    let (Some(task), Some(signature)) = (task_at(made, spot), signature(made, spot)) else {
        return true;
    };
    let mine = |line: &&StateKey| means(task, line) == asked.name;
    if asked.strict {
        let mut needs = signature
            .reads
            .iter()
            .filter(mine)
            .filter(|line| line.always);
        if !needs.all(|line| data.finds(line.scope)) {
            return false;
        }
    }
    if asks(made, spot) {
        stops(made, asked, data, stack);
    }
    let name = match &signature.outcomes {
        Outcomes::Fixed(names) => names[outcome.index()].to_string(),
        _ => panic!("the generator fixes outcomes"),
    };
    for gone in signature
        .removes
        .iter()
        .filter(|gone| gone.key == asked.name)
    {
        if gone.outcome == "*" || gone.outcome == name {
            data.shared = false;
            *data.own() = Never;
        }
    }
    for line in signature.writes.iter().filter(mine) {
        match ((asked.effect)(line), line.scope) {
            (Effect::Nothing, _) => {}
            (Effect::Put, Scope::Shared) => data.shared = true,
            (Effect::Put, _) => *data.own() = Transient,
            (Effect::Drop, Scope::Shared) => data.shared = false,
            (Effect::Drop, _) => *data.own() = Never,
        }
    }
    true
}

/// Every frame loses what nothing in it still reads.
pub(super) fn stops(made: &Made, asked: &Question<'_>, data: &mut Data, stack: &[Spot]) {
    let top = stack.len() - 1;
    for (at, ((journey, node, _), own)) in stack.iter().zip(&mut data.frames).enumerate() {
        let kept = if at == top {
            live(made, *journey, *node, asked.name)
        } else {
            let graph = &made.journey(*journey).graph;
            let mut next = graph.edges(*node).map(|edge| edge.target());
            next.any(|next| live(made, *journey, next, asked.name))
        };
        *own = stopped(*own, kept);
    }
}

fn stopped(own: Sensitive, kept: bool) -> Sensitive {
    match own {
        Never => Never,
        Transient | Secure if kept => Secure,
        Transient | Secure | Lost => Lost,
    }
}

pub(super) fn takes(asked: &Question<'_>, data: &Data, arms: &[Guard], arm: usize) -> bool {
    guard_slots(arms).iter().all(|slot| {
        let Some((id, scope)) = slot_of(slot) else {
            return true;
        };
        if KEYS[id] != asked.name {
            return true;
        }
        let lacks = Expr::Not(Box::new(Expr::Has(slot.clone())));
        let there = match scope {
            Scope::Secure => *data.frames.last().unwrap() == Secure,
            _ => data.finds(scope),
        };
        !(arm_says(arms, arm, Fact::Has(slot)) && !data.finds(scope)
            || arm_says(arms, arm, Fact::Holds(&lacks)) && there)
    })
}
