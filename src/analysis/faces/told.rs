//! What is said of a difference: the two runs, where they part, and the finding.

use crate::{
    Diagnostic, Span,
    analysis::{
        counterexample::{CounterStep, Counterexample, on_of},
        faces::{Faces, KNOWN_SEES, Pair, Stand, Taken},
        flow::StateKind,
        proof::{Runs, tell},
    },
    codes,
    model::{
        journey::{JourneyId, NodeKind},
        property::{At, Point},
    },
};

/// What is said of a difference.
impl Faces<'_, '_> {
    /// The pairs that lead to one, first the start.
    fn trail(&self, id: u32) -> Vec<Pair> {
        let mut trail = Vec::new();
        let mut next = Some(id);
        while let Some(pair) = next.and_then(|id| self.pairs.get(id as usize)) {
            trail.push(*pair);
            next = pair.from;
        }
        trail.reverse();
        trail
    }

    /// The two runs that lead to a difference.
    pub(super) fn runs(&self, id: u32) -> Counterexample {
        let trail = self.trail(id);
        let run = |taken: fn(&Pair) -> Option<Taken>, end: fn(&Pair) -> Stand| {
            let mut steps = Vec::new();
            let mut length = 0;
            for taken in trail.iter().filter_map(taken) {
                let (Some(arc), Some(flow)) = (self.arc(taken), self.flow(taken.frame)) else {
                    continue;
                };
                let (Some(on), Some(state)) = (on_of(arc.leave), flow.state(arc.from)) else {
                    continue;
                };
                length += 1;
                if steps.len() < Counterexample::STEPS_MAX {
                    steps.push(CounterStep {
                        calls: self.calls(taken.frame).into(),
                        journey: flow.journey,
                        node: state.node,
                        on,
                    });
                }
            }
            let end = trail.last().map(end);
            let end = end.and_then(|place| self.point(place));
            Counterexample {
                steps,
                length,
                end: end.unwrap_or(Point {
                    calls: Vec::new(),
                    journey: JourneyId(0),
                    node: petgraph::graph::NodeIndex::new(0),
                    at: At::Node,
                }),
                beside: None,
            }
        };
        let unknown = run(|pair| pair.by_unknown, |pair| pair.unknown);
        Counterexample {
            beside: Some(Box::new(unknown)),
            ..run(|pair| pair.by_known, |pair| pair.known)
        }
    }

    fn calls(&self, frame: u32) -> Vec<(JourneyId, petgraph::graph::NodeIndex<u32>)> {
        let mut calls = Vec::new();
        let mut at = self.frames.get(frame as usize).and_then(|f| f.caller);
        while let Some((frame, state)) = at {
            if let Some(flow) = self.flow(frame)
                && let Some(state) = flow.state(state)
            {
                calls.push((flow.journey, state.node));
            }
            at = self.frames.get(frame as usize).and_then(|f| f.caller);
        }
        calls.reverse();
        calls
    }

    fn point(&self, place: Stand) -> Option<Point> {
        let flow = self.flow(place.frame)?;
        let state = flow.state(place.state)?;
        Some(Point {
            calls: self.calls(place.frame),
            journey: flow.journey,
            node: state.node,
            at: if state.child == 0 {
                At::Node
            } else {
                At::Child(state.child)
            },
        })
    }

    /// By pair, the one behind which the two runs that lead to it part, if they part before.
    pub(super) fn partings(&self) -> Vec<Option<u32>> {
        let mut partings: Vec<Option<u32>> = Vec::new();
        if self.differences.is_empty() {
            return partings;
        }
        // A pair stands behind the one that leads to it.
        for pair in &self.pairs {
            let parted = pair.from.filter(|_| pair.by_known != pair.by_unknown);
            let before = pair.from.and_then(|from| partings.get(from as usize));
            partings.push(before.copied().flatten().or(parted));
        }
        partings
    }

    /// Where the two runs part: where they go on from one node by different ways, else where they end.
    pub(super) fn parting(&self, id: u32, partings: &[Option<u32>]) -> Option<Stand> {
        let parted = partings.get(id as usize).copied().flatten();
        let pair = self.pairs.get(parted.unwrap_or(id) as usize);
        pair.map(|pair| pair.known)
    }

    /// The state of a place, by which findings are told apart.
    pub(super) fn key(&self, place: Option<Stand>) -> (JourneyId, u32) {
        let flow = place.and_then(|place| self.flow(place.frame));
        let key = flow
            .zip(place)
            .map(|(flow, place)| (flow.journey, place.state));
        key.unwrap_or_default()
    }

    /// A difference, with the runs that show it where there are to be any.
    pub(super) fn finding(
        &self,
        id: u32,
        parting: Option<Stand>,
        shown: Option<&mut Runs>,
    ) -> Diagnostic {
        let program = self.space.program;
        let parting = parting.and_then(|place| self.named(place));
        let (key, name, span) = parting.unwrap_or_default();
        let message = format!("`{name}` lets a stranger tell a known user from an unknown one");
        let mut finding = Diagnostic::new(codes::ENUMERATION, span, message)
            .expected("here it matters whether there is such a user")
            .help("let both see the same until a secret was right, or allow it here");
        let ends = self.pairs.get(id as usize).copied();
        for (place, text) in ends.iter().flat_map(|pair| {
            [
                (pair.known, "what a known user sees"),
                (pair.unknown, "what an unknown one sees"),
            ]
        }) {
            let seen = self.named(place).filter(|(other, ..)| *other != key);
            // An end is no line of the text.
            if let Some((_, _, span)) = seen.filter(|_| !self.is_end(place)) {
                finding = finding.label(span, text);
            }
        }
        let run = shown.and_then(|runs| runs.of(|| self.runs(id)));
        tell(run.as_ref(), program, finding, KNOWN_SEES)
    }

    fn is_end(&self, place: Stand) -> bool {
        let state = self
            .flow(place.frame)
            .and_then(|flow| flow.state(place.state));
        state.is_none_or(|state| matches!(state.kind, StateKind::Exit(_)))
    }

    fn named(&self, place: Stand) -> Option<((JourneyId, u32), String, Span)> {
        let flow = self.flow(place.frame)?;
        let state = flow.state(place.state)?;
        let journey = self.space.program.journey(flow.journey)?;
        let node = journey.graph.node_weight(state.node)?;
        let key = (flow.journey, place.state);
        if let NodeKind::Page(page) = &node.kind
            && state.child > 0
            && let Some(child) = page.children.get(usize::from(state.child))
        {
            return Some((key, format!("{}.{}", node.path, child.name), child.span));
        }
        Some((key, node.path.to_string(), node.span))
    }
}
