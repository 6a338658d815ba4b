//! Places that properties speak of: first names, then points of graphs.
//!
//! A place is read twice. Once against the units, so that a place that is not there is said once, even in
//! a fragment that nobody uses; and once for every expansion, where it becomes points.

use std::{collections::BTreeSet, sync::Arc};

use crate::{
    codes,
    compile::{
        context::Cx,
        lower::{Ix, Lowered, Slot, error_way},
        outcome::list,
        unit::{ChildPlan, Dest, Kind, NodeInfo, Unit, UnitId},
    },
    diagnostic::Diagnostic,
    model::{
        catalog::TypeId,
        journey::{Journey, JourneyId, OutcomeId},
        property::{At, PlaceKind, Point},
        provided::PROVIDER,
        signature::{Factor, Outcomes},
    },
    syntax::ast,
};

/// A place with its names found.
#[derive(Debug, Clone)]
pub(super) struct PlacePlan {
    pub(super) written: PlaceWritten,
    pub(super) kind: PlanKind,
}

/// The place as messages name it.
#[derive(Debug, Clone)]
pub(super) struct PlaceWritten {
    pub(super) text: Arc<str>,
    pub(super) span: crate::Span,
}

#[derive(Debug, Clone)]
pub(super) enum PlanKind {
    Success,
    Failure,
    Exit(usize),
    /// Nodes walked into, outermost first, and what of the last one.
    Walk(Vec<usize>, Tail),
    Any(TypeId, Option<Arc<str>>),
    Proof(Factor),
}

/// What of the last node a place means.
#[derive(Debug, Clone)]
pub(super) enum Tail {
    Node,
    Outcome(Arc<str>),
    Error,
    Child(usize),
    ChildOutcome(usize, Arc<str>),
}

impl<'a> Cx<'a> {
    /// Finds the names of a place in the unit that speaks of it.
    pub(super) fn place(
        &mut self,
        units: &[Unit<'a>],
        unit: UnitId,
        place: &'a ast::Place,
    ) -> Option<PlacePlan> {
        let kind = match &place.root {
            ast::PlaceRoot::Success => self.bare(place, PlanKind::Success)?,
            ast::PlaceRoot::Failure => self.bare(place, PlanKind::Failure)?,
            ast::PlaceRoot::Proof(factor) => {
                let Some(found) = Factor::find(&factor.text) else {
                    self.unknown_factor(factor, codes::UNKNOWN_PLACE);
                    return None;
                };
                self.bare(place, PlanKind::Proof(found))?
            }
            ast::PlaceRoot::Any(name) => self.any(name, place)?,
            ast::PlaceRoot::Name(name) => self.walk(units, unit, name, place)?,
        };
        let text = super::clip(self.text(place.span));
        let written = PlaceWritten {
            text: Arc::from(text),
            span: place.span,
        };
        Some(PlacePlan { written, kind })
    }

    /// A place that nothing follows.
    fn bare(&mut self, place: &ast::Place, kind: PlanKind) -> Option<PlanKind> {
        let Some(step) = place.steps.first() else {
            return Some(kind);
        };
        let message = format!("nothing is called `{}` there", super::clip(&step.text));
        self.report(
            Diagnostic::new(codes::UNKNOWN_PLACE, step.span, message)
                .expected("the end of the place"),
        );
        None
    }

    fn any(&mut self, name: &'a ast::Name, place: &'a ast::Place) -> Option<PlanKind> {
        let found = self
            .catalog
            .find(&name.text)
            .or_else(|| self.catalog.find_wire(&name.text));
        let Some(ty) = found else {
            let mut finding = Diagnostic::new(
                codes::UNKNOWN_PLACE,
                name.span,
                format!("there is no node type `{}`", super::clip(&name.text)),
            )
            .expected("a node type of the catalogue or an `extern`");
            let catalog = self.catalog;
            if let Some(meant) = self.nearest(&name.text, catalog.names()) {
                finding = finding.fix(format!("did you mean `{meant}`?"), name.span, meant);
            }
            self.report(finding);
            return None;
        };
        let signature = self.catalog.get(ty)?;
        if signature.name == PROVIDER {
            // Its nodes are of as many types as they act as.
            let message = format!("nodes of type `{PROVIDER}` act as other types");
            self.report(
                Diagnostic::new(codes::UNKNOWN_PLACE, name.span, message)
                    .expected("the name of a node, or what is proved there"),
            );
            return None;
        }
        let Some(step) = place.steps.first() else {
            return Some(PlanKind::Any(ty, None));
        };
        let known: Option<Vec<&'a str>> = match &signature.outcomes {
            Outcomes::Fixed(names) => Some(names.iter().map(|n| &**n).collect()),
            Outcomes::Bounded(bounded) => Some(bounded.iter().map(|b| &*b.name).collect()),
            Outcomes::LastChild | Outcomes::Authored { .. } => None,
        };
        let extra = place.steps.get(1);
        if let Some(extra) = extra {
            self.not_there(extra, "an outcome", Vec::new());
            return None;
        }
        if let Some(known) = known
            && !known.contains(&step.text.as_str())
        {
            let what = format!("`{}`", signature.name);
            self.not_there(step, &what, known);
            return None;
        }
        Some(PlanKind::Any(ty, Some(self.word(&step.text))))
    }

    fn not_there(&mut self, step: &ast::Name, within: &str, candidates: Vec<&str>) {
        let mut finding = Diagnostic::new(
            codes::UNKNOWN_PLACE,
            step.span,
            format!("there is no `{}` in {within}", super::clip(&step.text)),
        )
        .expected(if candidates.is_empty() {
            "the end of the place".to_owned()
        } else {
            list(candidates.iter().copied())
        });
        if let Some(meant) = self.nearest(&step.text, candidates) {
            finding = finding.fix(format!("did you mean `{meant}`?"), step.span, meant);
        }
        self.report(finding);
    }

    fn walk(
        &mut self,
        units: &[Unit<'a>],
        unit: UnitId,
        name: &'a ast::Name,
        place: &'a ast::Place,
    ) -> Option<PlanKind> {
        let current = units.get(unit.0)?;
        if let Some(exit) = current.exits.get(name.text.as_str()) {
            return self.bare(place, PlanKind::Exit(*exit));
        }
        let Some(first) = current.by_name.get(name.text.as_str()) else {
            if self.in_broken_line(&name.text) {
                return None;
            }
            let nodes = current.by_name.keys().chain(current.exits.keys()).copied();
            let candidates = nodes.chain(["success", "failure"]);
            let word = current.written.word();
            let mut finding = Diagnostic::new(
                codes::UNKNOWN_PLACE,
                name.span,
                format!("there is no node `{}`", super::clip(&name.text)),
            )
            .expected(format!("a node of this {word}, `success` or `failure`"));
            if let Some(meant) = self.nearest(&name.text, candidates) {
                finding = finding.fix(format!("did you mean `{meant}`?"), name.span, meant);
            }
            self.report(finding);
            return None;
        };
        let mut hops = vec![*first];
        let mut unit = current;
        let mut steps = place.steps.iter();
        // BOUND: every round takes one step of the place.
        while let Some(step) = steps.next() {
            let last = steps.as_slice().is_empty();
            let at = *hops.last()?;
            let node = unit.nodes.get(at)?;
            if let Some(tail) = last.then(|| tail_of(unit, node, step)).flatten() {
                return Some(PlanKind::Walk(hops, tail));
            }
            // An outcome whose arrow is wrong or missing was reported at the node.
            if last && is_outcome_of(node, step) {
                return None;
            }
            match &node.kind {
                // What is broken was reported where it stands.
                Kind::Broken => return None,
                Kind::Page(page) => {
                    return self.walk_page(&page.children, hops, step, steps.as_slice());
                }
                Kind::Use(plan) => unit = units.get(plan.unit.0)?,
                Kind::Inner(inner) => unit = units.get(inner.0)?,
                Kind::Task(_) | Kind::Decision(_) => {
                    let known: Vec<&str> = node.wired.iter().map(|w| &*w.outcome).collect();
                    let within = format!("`{}`", node.ast.name.text);
                    self.not_there(step, &within, known);
                    return None;
                }
            }
            let Some(next) = unit.by_name.get(step.text.as_str()) else {
                let mut known: Vec<&str> = unit.by_name.keys().copied().collect();
                known.extend(node.wired.iter().map(|w| &*w.outcome));
                let within = format!("{} `{}`", unit.written.word(), unit.written.name().text);
                self.not_there(step, &within, known);
                return None;
            };
            hops.push(*next);
        }
        Some(PlanKind::Walk(hops, Tail::Node))
    }

    fn walk_page(
        &mut self,
        children: &[ChildPlan<'a>],
        hops: Vec<usize>,
        step: &'a ast::Name,
        rest: &'a [ast::Name],
    ) -> Option<PlanKind> {
        let Some(at) = children.iter().position(|c| c.ast.name.text == step.text) else {
            let known = children.iter().map(|c| c.ast.name.text.as_str()).collect();
            self.not_there(step, "the page", known);
            return None;
        };
        let child = children.get(at)?;
        match rest {
            [] => Some(PlanKind::Walk(hops, Tail::Child(at))),
            [outcome] => {
                let known: Vec<&str> = child.outcomes.iter().map(|o| &**o).collect();
                if known.contains(&outcome.text.as_str()) {
                    let outcome = self.word(&outcome.text);
                    return Some(PlanKind::Walk(hops, Tail::ChildOutcome(at, outcome)));
                }
                let within = format!("`{}`", child.ast.name.text);
                self.not_there(outcome, &within, known);
                None
            }
            [_, extra, ..] => {
                self.not_there(extra, "an outcome", Vec::new());
                None
            }
        }
    }
}

/// What the last step of a place means of a node itself, before anything inside the node.
fn tail_of(unit: &Unit<'_>, node: &NodeInfo<'_>, step: &ast::Name) -> Option<Tail> {
    if let Kind::Page(page) = &node.kind
        && let Some(at) = page
            .children
            .iter()
            .position(|child| child.ast.name.text == step.text)
    {
        return Some(Tail::Child(at));
    }
    if let Some(wired) = node.wired.iter().find(|w| *w.outcome == *step.text) {
        return Some(Tail::Outcome(Arc::clone(&wired.outcome)));
    }
    let has_error = node.on_error.is_some() || unit.on_error.is_some();
    (step.text == "error" && has_error).then_some(Tail::Error)
}

/// Whether the author wrote an arrow for the step, or the type of the node ends in it.
fn is_outcome_of(node: &NodeInfo<'_>, step: &ast::Name) -> bool {
    let is_written = node.ast.arms.iter().any(|arm| match arm {
        ast::Arm::Edge(edge) => edge.outcomes.iter().any(|o| o.text == step.text),
        ast::Arm::Only(_) | ast::Arm::When(_) | ast::Arm::Else(_) => false,
    });
    let is_known = match &node.kind {
        Kind::Task(task) => match &task.signature.outcomes {
            Outcomes::Fixed(names) => names.iter().any(|name| **name == *step.text),
            Outcomes::Bounded(_) | Outcomes::LastChild | Outcomes::Authored { .. } => false,
        },
        Kind::Inner(_) => matches!(step.text.as_str(), "true" | "false"),
        Kind::Broken | Kind::Decision(_) | Kind::Page(_) | Kind::Use(_) => false,
    };
    is_written || is_known
}

/// The points of a place in one expansion.
pub(super) fn points(
    units: &[Unit<'_>],
    lowered: &[Option<Lowered>],
    home: UnitId,
    instance: usize,
    plan: &PlacePlan,
) -> Option<PlaceKind> {
    let journey = lowered.get(home.0)?.as_ref()?;
    match &plan.kind {
        PlanKind::Success | PlanKind::Failure | PlanKind::Any(..) | PlanKind::Proof(_) => {
            end_points(&journey.journey, &plan.kind)
        }
        PlanKind::Exit(exit) => {
            let found = exit_points(units, journey, instance, *exit);
            Some(PlaceKind::Points(with_calls(
                found,
                &[],
                journey.journey.id,
            )))
        }
        PlanKind::Walk(hops, tail) => walk_points(units, lowered, (home, instance), hops, tail),
    }
}

/// The points of a place that means something in every journey: an end, a type or a factor.
pub(super) fn end_points(journey: &Journey, kind: &PlanKind) -> Option<PlaceKind> {
    let end = |node: Ix| {
        PlaceKind::Points(vec![Point {
            calls: Vec::new(),
            journey: journey.id,
            node,
            at: At::Node,
        }])
    };
    match kind {
        PlanKind::Success => Some(end(journey.success)),
        PlanKind::Failure => Some(end(journey.failure)),
        PlanKind::Any(ty, outcome) => Some(PlaceKind::Any(*ty, outcome.clone())),
        PlanKind::Proof(factor) => Some(PlaceKind::Proof(*factor)),
        PlanKind::Exit(_) | PlanKind::Walk(..) => None,
    }
}

fn walk_points(
    units: &[Unit<'_>],
    lowered: &[Option<Lowered>],
    (home, instance): (UnitId, usize),
    hops: &[usize],
    tail: &Tail,
) -> Option<PlaceKind> {
    let mut calls: Vec<(JourneyId, Ix)> = Vec::new();
    let mut journey = lowered.get(home.0)?.as_ref()?;
    let mut at = instance;
    let (last, into) = hops.split_last()?;
    for hop in into {
        let current = journey.instances.get(at)?;
        match current.slots.get(*hop)? {
            Slot::Instance(inner) => at = *inner,
            Slot::Node(node) => {
                let unit = units.get(current.unit.0)?;
                let Kind::Inner(inner) = &unit.nodes.get(*hop)?.kind else {
                    return None;
                };
                calls.push((journey.journey.id, *node));
                journey = lowered.get(inner.0)?.as_ref()?;
                at = 0;
            }
        }
    }
    let current = journey.instances.get(at)?;
    let slot = *current.slots.get(*last)?;
    let found: Vec<(Ix, At)> = match (slot, tail) {
        (Slot::Instance(inner), Tail::Outcome(exit)) => {
            let unit = units.get(journey.instances.get(inner)?.unit.0)?;
            exit_points(units, journey, inner, *unit.exits.get(&**exit)?)
        }
        (Slot::Instance(inner), _) => vec![(journey.instances.get(inner)?.entry, At::Node)],
        (Slot::Node(node), tail) => {
            let at = match tail {
                Tail::Node => At::Node,
                Tail::Error => At::Error,
                Tail::Outcome(name) => {
                    At::Outcome(journey.journey.graph.node_weight(node)?.outcome(name)?)
                }
                Tail::Child(child) => At::Child(u16::try_from(*child).ok()?),
                Tail::ChildOutcome(child, name) => {
                    let crate::model::journey::NodeKind::Page(page) =
                        &journey.journey.graph.node_weight(node)?.kind
                    else {
                        return None;
                    };
                    let outcomes = &page.children.get(*child)?.outcomes;
                    let outcome = outcomes.iter().position(|o| o == name)?;
                    let outcome = OutcomeId(u16::try_from(outcome).ok()?);
                    At::ChildOutcome(u16::try_from(*child).ok()?, outcome)
                }
            };
            vec![(node, at)]
        }
    };
    Some(PlaceKind::Points(with_calls(
        found,
        &calls,
        journey.journey.id,
    )))
}

fn with_calls(found: Vec<(Ix, At)>, calls: &[(JourneyId, Ix)], journey: JourneyId) -> Vec<Point> {
    found
        .into_iter()
        .map(|(node, at)| Point {
            calls: calls.to_vec(),
            journey,
            node,
            at,
        })
        .collect()
}

/// Every arrow that leaves an instance by one of its exits.
fn exit_points(
    units: &[Unit<'_>],
    journey: &Lowered,
    instance: usize,
    exit: usize,
) -> Vec<(Ix, At)> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let mut open = vec![(instance, exit)];
    while let Some((at, exit)) = open.pop() {
        let Some(current) = journey
            .instances
            .get(at)
            .filter(|_| seen.insert((at, exit)))
        else {
            continue;
        };
        let Some(unit) = units.get(current.unit.0) else {
            continue;
        };
        for (node, slot) in unit.nodes.iter().zip(&current.slots) {
            for wired in &node.wired {
                if wired.way.to != Dest::Exit(exit) {
                    continue;
                }
                match slot {
                    Slot::Node(ix) => {
                        let weight = journey.journey.graph.node_weight(*ix);
                        if let Some(outcome) = weight.and_then(|n| n.outcome(&wired.outcome)) {
                            found.push((*ix, At::Outcome(outcome)));
                        }
                    }
                    Slot::Instance(inner) => {
                        let used = journey.instances.get(*inner);
                        let used = used.and_then(|used| units.get(used.unit.0));
                        if let Some(exit) = used.and_then(|u| u.exits.get(&*wired.outcome)) {
                            open.push((*inner, *exit));
                        }
                    }
                }
            }
        }
        error_exits(units, journey, at, exit, &mut found);
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// Error arrows, of this instance and of those in it, that leave by an exit of this one.
fn error_exits(
    units: &[Unit<'_>],
    journey: &Lowered,
    instance: usize,
    exit: usize,
    found: &mut Vec<(Ix, At)>,
) {
    let mut open = vec![instance];
    while let Some(at) = open.pop() {
        let Some(current) = journey.instances.get(at) else {
            continue;
        };
        for (number, slot) in current.slots.iter().enumerate() {
            match slot {
                Slot::Instance(inner) => open.push(*inner),
                Slot::Node(ix) => {
                    let way = error_way(units, &journey.instances, at, number);
                    if way.is_some_and(|(of, way)| of == instance && way.to == Dest::Exit(exit)) {
                        found.push((*ix, At::Error));
                    }
                }
            }
        }
    }
}
