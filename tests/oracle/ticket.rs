//! What becomes of the one transient value, `ticket`, over stops and inner journeys.
//!
//! In: the events of a run. Out: by frame, whether it is in transient and in secure state. It goes on only
//! where something further on reads it.

use std::collections::BTreeSet;

use petgraph::graph::NodeIndex;
use wayfare::model::{
    expr::{Expr, Slot},
    journey::{Journey, JourneyId, NodeKind},
    property::Property,
};

use super::{
    kinds::Kind,
    moves::{Event, How, Spot},
    watch::{Data, Watch},
    world::{Fact, arm_says},
};

impl Watch<'_> {
    pub(super) fn stops(&self, stack: &[Spot]) -> bool {
        let (id, node, child) = *stack.last().unwrap();
        let children = match &self.made.journey(id).graph[node].kind {
            NodeKind::Page(page) => page.children.len(),
            _ => 1,
        };
        child == 0
            && (0..children).any(|child| {
                let child = u16::try_from(child).unwrap();
                self.made
                    .kind(id, node, child)
                    .is_some_and(|(kind, _)| kind.may_stop())
            })
    }

    pub(super) fn moves_ticket(&self, data: &mut Data, event: &Event) {
        match event {
            Event::Visit(stack) => {
                if self.stops(stack) {
                    for (depth, ticket) in data.ticket.iter_mut().enumerate() {
                        let (id, node, _) = stack[depth];
                        let journey = self.made.journey(id);
                        let kept = if depth + 1 == stack.len() {
                            self.is_live(journey, node)
                        } else {
                            journey
                                .graph
                                .neighbors(node)
                                .any(|next| self.is_live(journey, next))
                        };
                        *ticket = (false, (ticket.0 || ticket.1) && kept);
                    }
                }
                self.pages(data, event);
            }
            Event::Return(..) => {
                data.ticket.pop();
            }
            Event::Enter | Event::Failed => {}
            Event::Leave(stack, how) => {
                self.pages(data, event);
                let (id, node, child) = *stack.last().unwrap();
                let top = data.ticket.last_mut().unwrap();
                match (how, self.made.kind(id, node, child)) {
                    (How::Go(_) | How::Next(_), Some((Kind::WritesTransient, _))) => top.0 = true,
                    (How::Go(outcome), None) => {
                        if let Some(arms) = self.arms(stack) {
                            let (at, key) = (outcome.index(), super::random::key("ticket"));
                            top.0 |= arm_says(arms, at, Fact::Has(&Slot::Transient(key)));
                            top.1 |= arm_says(arms, at, Fact::Has(&Slot::Secure(key)));
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    /// What enters an inner journey is decided before its first node is visited.
    pub(super) fn enters(&self, data: &mut Data, inner: JourneyId) {
        let Property::Has {
            slot: Slot::Transient(_) | Slot::Secure(_),
            ..
        } = &self.ensure.property
        else {
            return;
        };
        let top = data.ticket.last().copied().unwrap_or_default();
        let reads = self.reads(self.made.journey(inner));
        data.ticket.push(if reads { top } else { (false, false) });
    }

    fn reads(&self, journey: &Journey) -> bool {
        journey
            .graph
            .node_indices()
            .any(|node| self.node_reads(journey, node))
    }

    fn node_reads(&self, journey: &Journey, node: NodeIndex<u32>) -> bool {
        match &journey.graph[node].kind {
            NodeKind::Inner(inner) => self.reads(self.made.journey(*inner)),
            NodeKind::Decision(arms) => arms
                .iter()
                .filter_map(|arm| arm.condition.as_ref())
                .any(reads_ticket),
            _ => (0..8).any(|child| {
                matches!(
                    self.made.kind(journey.id, node, child),
                    Some((Kind::Reads, _))
                )
            }),
        }
    }

    fn is_live(&self, journey: &Journey, from: NodeIndex<u32>) -> bool {
        let mut seen = BTreeSet::from([from]);
        let mut open = vec![from];
        while let Some(node) = open.pop() {
            if self.node_reads(journey, node) {
                return true;
            }
            open.extend(
                journey
                    .graph
                    .neighbors(node)
                    .filter(|next| seen.insert(*next)),
            );
        }
        false
    }
}

pub(super) fn has_ticket(data: &Data, slot: &Slot) -> bool {
    let (transient, secure) = data.ticket.last().copied().unwrap_or_default();
    match slot {
        Slot::Secure(_) => secure,
        _ => transient,
    }
}

fn reads_ticket(expr: &Expr) -> bool {
    match expr {
        Expr::Has(slot) => matches!(slot, Slot::Transient(_) | Slot::Secure(_)),
        Expr::Not(inner) => reads_ticket(inner),
        Expr::Binary(_, left, right) => reads_ticket(left) || reads_ticket(right),
        _ => false,
    }
}
