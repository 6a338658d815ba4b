//! The least that a run can cost: the journeys of the benches, written by hand over a flat table.
//!
//! A node is its kind, one operand and both ways out; a run is a place in the table and a few numbers, and
//! allocates nothing. There are no callbacks, no scopes, no audit and no text here: whatever an engine does
//! besides is what it is measured for.

use std::collections::HashMap;

/// What a node does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Goes on by whether the level is at least the operand.
    Decides,
    /// Asks for a name.
    AsksName,
    /// Asks for a password.
    AsksPassword,
    /// Goes on by whether the password is that of the name.
    Verifies,
    /// Adds the operand to the level.
    Raises,
    /// Goes on as often as the operand says.
    Limits,
    /// The run succeeds.
    Succeeds,
    /// The run fails.
    Fails,
}

/// A node of the table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node {
    kind: Kind,
    operand: u32,
    yes: u32,
    no: u32,
}

/// What a run has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// A name is asked for.
    Name,
    /// A password is asked for.
    Password,
    /// It has ended well.
    Success,
    /// It has ended otherwise.
    Failure,
}

/// A run.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Run {
    at: u32,
    level: u32,
    tries: u32,
    name: [u8; 24],
    length: u8,
}

/// Nodes, and who may come in.
#[derive(Debug)]
pub(crate) struct Table {
    nodes: Vec<Node>,
    users: HashMap<Vec<u8>, Vec<u8>>,
}

impl Table {
    /// As many level decisions that hold, one after the other; then the run succeeds. One that did not hold
    /// would fail it, so that the end tells that all were walked.
    ///
    /// # Panics
    /// A run goes over fewer nodes, or more.
    pub(crate) fn chain(count: u32) -> Self {
        let node = |at| Node {
            kind: Kind::Decides,
            operand: 0,
            yes: at + 1,
            no: count + 1,
        };
        let end = |kind| Node {
            kind,
            operand: 0,
            yes: 0,
            no: 0,
        };
        let ends = [end(Kind::Succeeds), end(Kind::Fails)];
        let table = Self {
            nodes: (0..count).map(node).chain(ends).collect(),
            users: HashMap::new(),
        };
        let mut left = 0;
        let stop = table.walk(&mut Run::default(), None, || left += 1);
        assert_eq!((stop, left), (Stop::Success, count));
        table
    }

    /// Name, password, check, level, and three tries.
    pub(crate) fn login() -> Self {
        let node = |kind, operand, yes, no| Node {
            kind,
            operand,
            yes,
            no,
        };
        Self {
            nodes: vec![
                node(Kind::AsksName, 0, 1, 1),
                node(Kind::AsksPassword, 0, 2, 2),
                node(Kind::Verifies, 0, 3, 4),
                node(Kind::Raises, 10, 5, 5),
                node(Kind::Limits, 3, 0, 6),
                node(Kind::Succeeds, 0, 0, 0),
                node(Kind::Fails, 0, 0, 0),
            ],
            users: [(b"demo".to_vec(), b"demo-password".to_vec())].into(),
        }
    }

    /// Takes a run to its next stop, with the answer to the one that it stands at.
    pub(crate) fn step(&self, run: &mut Run, answer: Option<&[u8]>) -> Stop {
        self.walk(run, answer, || ())
    }

    /// As [`Table::step`]; `leaves` is told of every node that the run goes over.
    #[inline]
    fn walk(&self, run: &mut Run, mut answer: Option<&[u8]>, mut leaves: impl FnMut()) -> Stop {
        // BOUND: the tables of these benches have no way back but the one that is limited.
        while let Some(node) = self.nodes.get(run.at as usize) {
            let holds = match node.kind {
                Kind::Decides => run.level >= node.operand,
                Kind::AsksName => match answer.take() {
                    None => return Stop::Name,
                    Some(name) => {
                        for (to, from) in run.name.iter_mut().zip(name) {
                            *to = *from;
                        }
                        run.length = u8::try_from(name.len().min(24)).unwrap_or(24);
                        true
                    }
                },
                Kind::AsksPassword => {
                    if answer.is_none() {
                        return Stop::Password;
                    }
                    true
                }
                Kind::Verifies => {
                    let name = run.name.get(..run.length.into());
                    let known = name.and_then(|name| self.users.get(name));
                    known.map(Vec::as_slice) == answer.take()
                }
                Kind::Raises => {
                    run.level += node.operand;
                    true
                }
                Kind::Limits => {
                    run.tries += 1;
                    run.tries < node.operand
                }
                Kind::Succeeds => return Stop::Success,
                Kind::Fails => return Stop::Failure,
            };
            run.at = if holds { node.yes } else { node.no };
            leaves();
        }
        Stop::Failure
    }

    /// A whole login of three posts.
    pub(crate) fn log_in(&self, name: &[u8], password: &[u8]) -> Stop {
        let mut run = Run::default();
        self.step(&mut run, None);
        self.step(&mut run, Some(name));
        self.step(&mut run, Some(password))
    }
}
