//! What blocks belong to, and where a block goes once it is closed.

use crate::{
    source::Span,
    syntax::{
        ast::{Extern, Fragment, Item, Journey, Node, Policy, RealmGuard, Repeat, Test, TestStep},
        tree::Tree,
    },
};

/// What a block belongs to.
pub(super) enum Owner {
    Journey(Box<Journey>),
    Fragment(Box<Fragment>),
    Node(Box<Node>),
    Extern(Box<Extern>),
    Policy(Box<Policy>),
    Test(Box<Test>),
    Repeat(Box<Repeat>),
    Guard(Box<RealmGuard>),
    /// A line that was not understood, or lines behind a brace that closed too early.
    Stray,
}

impl Tree<'_> {
    pub(super) fn attach(&mut self, owner: Owner) {
        match owner {
            Owner::Journey(journey) => self.file.items.push(Item::Journey(*journey)),
            Owner::Fragment(fragment) => self.file.items.push(Item::Fragment(*fragment)),
            Owner::Extern(item) => self.file.items.push(Item::Extern(*item)),
            Owner::Policy(policy) => self.file.items.push(Item::Policy(*policy)),
            Owner::Test(test) => self.file.items.push(Item::Test(*test)),
            Owner::Repeat(repeat) => self.attach_step(TestStep::Repeat(*repeat)),
            Owner::Guard(guard) => self.file.items.push(Item::Guard(*guard)),
            Owner::Node(node) => match self.open.last_mut().map(|frame| &mut frame.owner) {
                Some(Owner::Journey(journey)) => journey.body.nodes.push(*node),
                Some(Owner::Fragment(fragment)) => fragment.body.nodes.push(*node),
                Some(Owner::Node(page)) => page.children.push(*node),
                Some(
                    Owner::Extern(_)
                    | Owner::Policy(_)
                    | Owner::Test(_)
                    | Owner::Repeat(_)
                    | Owner::Guard(_)
                    | Owner::Stray,
                )
                | None => {}
            },
            Owner::Stray => {}
        }
    }
}

/// Notes the opening brace in the item whose block it opens.
pub(super) fn note_open(owner: &mut Owner, brace: Span) {
    match owner {
        Owner::Journey(journey) => journey.body.open = brace,
        Owner::Fragment(fragment) => fragment.body.open = brace,
        Owner::Extern(item) => item.open = Some(brace),
        Owner::Policy(policy) => policy.open = brace,
        Owner::Test(test) => test.open = brace,
        Owner::Repeat(repeat) => repeat.open = brace,
        Owner::Guard(guard) => guard.open = brace,
        Owner::Node(_) | Owner::Stray => {}
    }
}

/// Notes the closing brace in the item it closes.
pub(super) fn note_end(owner: &mut Owner, brace: Span) {
    match owner {
        Owner::Journey(journey) => {
            journey.span = journey.span.to(brace);
            journey.body.close = brace;
        }
        Owner::Fragment(fragment) => {
            fragment.span = fragment.span.to(brace);
            fragment.body.close = brace;
        }
        Owner::Node(node) => {
            node.span = node.span.to(brace);
            node.close = Some(brace);
        }
        Owner::Extern(item) => item.span = item.span.to(brace),
        Owner::Policy(policy) => {
            policy.span = policy.span.to(brace);
            policy.close = brace;
        }
        Owner::Test(test) => {
            test.span = test.span.to(brace);
            test.close = brace;
        }
        Owner::Repeat(repeat) => {
            repeat.span = repeat.span.to(brace);
            repeat.close = brace;
        }
        Owner::Guard(guard) => {
            guard.span = guard.span.to(brace);
            guard.close = brace;
        }
        Owner::Stray => {}
    }
}
