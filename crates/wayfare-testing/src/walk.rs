//! The way a run took through the graphs of its journeys, and the `ensure` lines that speak of it.
//!
//! In: a trace. Out: every node entered and every arrow taken, with the inner journeys it happened in. The
//! trace names nodes; which arrow an error took is found out from the graph.

use std::sync::Arc;

use wayfare::{
    AuthLevel, Event, Program,
    model::{
        journey::{Journey, JourneyId, Node, NodeKind, On, OutcomeId, Task},
        property::{At, Ensure, Place, PlaceKind, Point, Property},
    },
};

use crate::{
    run::Run,
    worth::{Said, Worth},
};

type Index = petgraph::graph::NodeIndex<u32>;

/// Something that happened on the way.
#[derive(Debug, Clone)]
struct Passed {
    /// The nodes by which the journey at hand was entered, outermost first, each with the number of the
    /// visit of the journey it stands in.
    calls: Vec<(JourneyId, Index, u32)>,
    /// The number of this visit of the journey.
    visit: u32,
    journey: JourneyId,
    node: Index,
    at: At,
    /// What leaving a task here says of whoever is named.
    said: Said,
}

/// A task, its outcomes, and by which it was left if it was.
type Tried<'p> = (&'p Task, &'p [Arc<str>], Option<OutcomeId>);

/// Checks every `ensure` that speaks of the way.
pub(crate) fn ensured(run: &Run) -> Result<(), String> {
    let Some(journey) = run.journey() else {
        return Ok(());
    };
    let level = run.success().map(|success| success.level);
    ensured_of(run.engine().program(), journey, run.trace(), level)
}

fn ensured_of(
    program: &Program,
    outer: &Journey,
    trace: &[Event],
    level: Option<AuthLevel>,
) -> Result<(), String> {
    let way = Walker::follow(program, outer, trace)?;
    let mut visits: Vec<(u32, JourneyId)> = way
        .iter()
        .map(|passed| (passed.visit, passed.journey))
        .collect();
    visits.sort_unstable();
    visits.dedup();
    for (visit, id) in visits {
        let Some(journey) = program.journey(id) else {
            continue;
        };
        for ensure in &journey.ensures {
            let scene = Scene {
                program,
                way: &way,
                visit,
                id,
            };
            if !scene.holds(ensure) {
                return Err(format!(
                    "`{}` of {} does not hold",
                    ensure.label, journey.name
                ));
            }
            if let (
                Property::LevelAtLeast {
                    level: least,
                    place,
                },
                Some(level),
            ) = (&ensure.property, level)
                && outer.id == id
                && is_success(place, journey)
                && level < *least
            {
                return Err(format!(
                    "`{}` of {} does not hold",
                    ensure.label, journey.name
                ));
            }
        }
    }
    Ok(())
}

fn is_success(place: &Place, journey: &Journey) -> bool {
    match &place.kind {
        PlaceKind::Points(points) => points.iter().all(|point| {
            point.calls.is_empty() && point.journey == journey.id && point.node == journey.success
        }),
        PlaceKind::Any(..) | PlaceKind::Proof(_) => false,
    }
}

/// One visit of a journey on a way.
struct Scene<'a> {
    program: &'a Program,
    way: &'a [Passed],
    visit: u32,
    id: JourneyId,
}

impl Scene<'_> {
    /// What was passed in this visit, with the calls seen from its journey.
    fn inside(&self) -> impl Iterator<Item = (&Passed, &[(JourneyId, Index, u32)])> {
        self.way.iter().filter_map(|passed| {
            if passed.visit == self.visit {
                return Some((passed, &[][..]));
            }
            let from = passed
                .calls
                .iter()
                .position(|(_, _, visit)| *visit == self.visit)?;
            Some((passed, passed.calls.get(from..)?))
        })
    }

    fn holds(&self, ensure: &Ensure) -> bool {
        let starts = |passed: &Passed, calls: &[(JourneyId, Index, u32)]| {
            calls.is_empty()
                && passed.journey == self.id
                && passed.node == ensure.from
                && passed.at == At::Node
        };
        let is = |place: &Place, passed: &Passed, calls: &[_]| self.is(place, passed, calls);
        let mut begun = false;
        match &ensure.property {
            Property::EveryPath { to, passes: places } => {
                // A place stays passed; a proof counts as long as the person it was of is named.
                let (mut cut, mut proved) = (false, false);
                for (passed, calls) in self.inside() {
                    if starts(passed, calls) {
                        (begun, cut, proved) = (true, false, false);
                    }
                    let shows = |place: &Place| match place.kind {
                        PlaceKind::Proof(factor) => passed.said.proves == Some(factor),
                        PlaceKind::Points(_) | PlaceKind::Any(..) => false,
                    };
                    proved &= !passed.said.renames;
                    proved |= places.iter().any(shows);
                    let passes = |place: &Place| {
                        !matches!(place.kind, PlaceKind::Proof(_)) && is(place, passed, calls)
                    };
                    cut |= places.iter().any(passes);
                    if begun && !cut && !proved && is(to, passed, calls) {
                        return false;
                    }
                }
                true
            }
            Property::Never { what, after } => {
                let mut seen = false;
                for (passed, calls) in self.inside() {
                    begun |= starts(passed, calls);
                    if begun && seen && is(what, passed, calls) {
                        return false;
                    }
                    seen |= begun && is(after, passed, calls);
                }
                true
            }
            Property::AtMost { visits, of } => {
                let mut count = 0;
                for (passed, calls) in self.inside() {
                    begun |= starts(passed, calls);
                    count += u64::from(begun && is(of, passed, calls));
                }
                count <= *visits
            }
            // What a value was on the way, a trace does not tell.
            _ => true,
        }
    }

    fn is(&self, place: &Place, passed: &Passed, calls: &[(JourneyId, Index, u32)]) -> bool {
        match &place.kind {
            PlaceKind::Points(points) => points.iter().any(|point| at(point, passed, calls)),
            PlaceKind::Any(ty, outcome) => {
                let Some((task, outcomes, left)) = self.task(passed) else {
                    return false;
                };
                let named = |left: OutcomeId| outcomes.get(left.index());
                self.program.catalog.kind(task.ty) == *ty
                    && match (outcome, left) {
                        (None, None) => true,
                        (Some(name), Some(left)) => named(left) == Some(name),
                        _ => false,
                    }
            }
            PlaceKind::Proof(factor) => {
                let Some((task, outcomes, Some(left))) = self.task(passed) else {
                    return false;
                };
                let signature = self.program.catalog.get(task.ty);
                let outcome = outcomes.get(left.index());
                let facts = signature.zip(outcome);
                let facts = facts.and_then(|(signature, outcome)| signature.facts_of(outcome));
                facts.is_some_and(|facts| facts.proves == Some(*factor))
            }
        }
    }

    /// The task that was entered or left, its outcomes, and by which it was left.
    fn task(&self, passed: &Passed) -> Option<Tried<'_>> {
        let journey = self.program.journey(passed.journey)?;
        let node = journey.graph.node_weight(passed.node)?;
        match (&node.kind, passed.at) {
            (NodeKind::Task(task), At::Node) => Some((task, &node.outcomes, None)),
            (NodeKind::Task(task), At::Outcome(left)) => Some((task, &node.outcomes, Some(left))),
            (NodeKind::Page(page), At::Child(child)) => {
                let child = page.children.get(usize::from(child))?;
                Some((&child.task, &child.outcomes, None))
            }
            (NodeKind::Page(page), At::ChildOutcome(child, left)) => {
                let child = page.children.get(usize::from(child))?;
                Some((&child.task, &child.outcomes, Some(left)))
            }
            _ => None,
        }
    }
}

fn at(point: &Point, passed: &Passed, calls: &[(JourneyId, Index, u32)]) -> bool {
    let seen = calls.iter().map(|(journey, node, _)| (journey, node));
    let told = point.calls.iter().map(|(journey, node)| (journey, node));
    point.journey == passed.journey
        && point.node == passed.node
        && point.at == passed.at
        && seen.eq(told)
}

/// A journey that is being visited: its node at hand.
#[derive(Debug, Clone, Copy)]
struct Frame<'p> {
    journey: &'p Journey,
    node: Index,
    visit: u32,
}

struct Walker<'p> {
    program: &'p Program,
    /// The journeys that wait, and the one at hand last.
    frames: Vec<Frame<'p>>,
    visits: u32,
    way: Vec<Passed>,
    worth: Worth<'p>,
}

impl<'p> Walker<'p> {
    fn follow(
        program: &'p Program,
        journey: &'p Journey,
        trace: &[Event],
    ) -> Result<Vec<Passed>, String> {
        let mut walker = Self {
            program,
            frames: Vec::new(),
            visits: 0,
            way: Vec::new(),
            worth: Worth::new(program),
        };
        let mut begun = false;
        for event in trace {
            let (Event::Entered { node } | Event::Left { node, .. } | Event::Failed { node, .. }) =
                event
            else {
                continue;
            };
            if !begun {
                begun = true;
                walker.call(journey);
            }
            let followed = match event {
                Event::Entered { .. } => walker.entered(node),
                Event::Left { outcome, .. } => walker.left(node, outcome),
                _ => walker.failed(),
            };
            followed
                .ok_or_else(|| format!("the trace is no way through the graph at `{event}`"))?;
        }
        Ok(walker.way)
    }

    fn call(&mut self, journey: &'p Journey) {
        self.visits += 1;
        self.frames.push(Frame {
            journey,
            node: journey.start,
            visit: self.visits,
        });
        self.arrive(journey.start);
    }

    /// Goes to a node of the journey at hand, and on into the journeys it stands for.
    fn arrive(&mut self, node: Index) {
        let mut node = node;
        // BOUND: a journey that begins with itself does not compile.
        for _ in 0..=self.program.journeys.len() {
            if let Some(frame) = self.frames.last_mut() {
                frame.node = node;
            }
            self.pass(At::Node);
            let Some(NodeKind::Inner(id)) = self.weight().map(|node| &node.kind) else {
                return;
            };
            let Some(inner) = self.program.journey(*id) else {
                return;
            };
            self.visits += 1;
            node = inner.start;
            self.frames.push(Frame {
                journey: inner,
                node,
                visit: self.visits,
            });
        }
    }

    fn weight(&self) -> Option<&'p Node> {
        let frame = self.frames.last()?;
        frame.journey.graph.node_weight(frame.node)
    }

    fn pass(&mut self, at: At) {
        self.pass_saying(at, Said::default());
    }

    fn pass_saying(&mut self, at: At, said: Said) {
        if let Some((frame, outer)) = self.frames.split_last() {
            self.way.push(Passed {
                calls: outer
                    .iter()
                    .map(|frame| (frame.journey.id, frame.node, frame.visit))
                    .collect(),
                visit: frame.visit,
                journey: frame.journey.id,
                node: frame.node,
                at,
                said,
            });
        }
    }

    fn entered(&mut self, name: &str) -> Option<()> {
        let node = self.weight()?;
        let NodeKind::Page(page) = &node.kind else {
            return Some(());
        };
        let (_, path) = name.split_once('/')?;
        let child = path.strip_prefix(&*node.path)?.strip_prefix('.')?;
        let child = page.children.iter().position(|of| &*of.name == child)?;
        let at = At::Child(u16::try_from(child).ok()?);
        // Every round of a page enters its children once more; the visit is one.
        let known = self
            .way
            .iter()
            .rev()
            .take_while(|passed| passed.at != At::Node);
        let known = known.into_iter().any(|passed| passed.at == at);
        if !known {
            self.pass(at);
        }
        Some(())
    }

    fn left(&mut self, name: &str, outcome: &str) -> Option<()> {
        let is = |frame: &Frame<'_>| {
            let node = frame.journey.graph.node_weight(frame.node);
            node.is_some_and(|node| {
                name.strip_prefix(&*frame.journey.name)
                    .and_then(|rest| rest.strip_prefix('/'))
                    == Some(&*node.path)
            })
        };
        let at = self.frames.iter().rposition(is)?;
        self.frames.truncate(at + 1);
        let node = self.weight()?;
        let left = node.outcome(outcome)?;
        if let NodeKind::Page(page) = &node.kind {
            let lead = page.lead(&self.program.catalog);
            for (at, child) in (0_u16..).zip(&page.children) {
                let last = usize::from(at) + 1 == page.children.len();
                // Where the last child comes first and has left the page, the others have done nothing.
                if !last && lead.is_some_and(|lead| lead.ends(left)) {
                    continue;
                }
                let named =
                    |of: &Arc<str>| **of == *outcome || format!("{}-{of}", child.name) == outcome;
                let by = if last {
                    child.outcomes.iter().position(named)
                } else {
                    (child.outcomes.len() == 1).then_some(0)
                };
                if let Some(by) = by.and_then(|by| u16::try_from(by).ok()) {
                    let outcome = child.outcomes.get(usize::from(by));
                    let said = outcome.map(|outcome| self.worth.left(&child.task, outcome));
                    let at = At::ChildOutcome(at, OutcomeId(by));
                    self.pass_saying(at, said.unwrap_or_default());
                }
            }
        }
        let said = match &node.kind {
            NodeKind::Task(task) => self.worth.left(task, outcome),
            _ => Said::default(),
        };
        self.pass_saying(At::Outcome(left), said);
        let target = self.target(On::Outcome(left))?;
        self.arrive(target);
        Some(())
    }

    fn target(&self, on: On) -> Option<Index> {
        use petgraph::visit::EdgeRef as _;
        let frame = self.frames.last()?;
        let mut edges = frame.journey.graph.edges(frame.node);
        edges
            .find(|edge| edge.weight().on == on)
            .map(|edge| edge.target())
    }

    /// Takes the next error arrow outwards. A caller with the outcome `error` leaves by it, which the
    /// trace says next.
    fn failed(&mut self) -> Option<()> {
        if let Some(node) = self.weight() {
            self.worth.failed(node);
        }
        // BOUND: every turn takes a frame away.
        loop {
            if let Some(target) = self.target(On::Error) {
                self.pass(At::Error);
                self.arrive(target);
                return Some(());
            }
            if self.frames.len() <= 1 {
                return Some(());
            }
            self.frames.pop();
            if self.weight()?.outcome("error").is_some() {
                return Some(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use wayfare::{
        AuthLevel, Factor, Program,
        model::property::{Ensure, Place, PlaceKind, Property},
    };
    use wayfare_sim::World;

    use super::{At, Point, ensured_of};
    use crate::{Check, Move, Word, case};

    const TEXT: &str = "
journey inner {
  innerTreeOnly = true
  start credentials
  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }
  node check: DataStoreDecision {
    true -> success
    false -> attempts
  }
  node attempts: RetryLimitDecision {
    retryLimit = 1
    Retry -> credentials
    Reject -> failure
  }
}
journey login {
  start password
  node password: journey inner {
    true -> raise
    false -> failure
  }
  node raise: ModifyAuthLevel(authLevelIncrement = 5) -> success
}
";

    /// A password, then another name, then the password of that one.
    const TWICE: &str = "
journey login {
  start first
  node first: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> proved
  }
  node proved: DataStoreDecision {
    true -> between
    false -> failure
  }
  node between: UsernameCollector -> named
  node named: SetState(attributes = { note = \"x\" }) -> last
  node last: PasswordCollector -> again
  node again: DataStoreDecision {
    true -> success
    false -> failure
  }
}
";

    /// What a run of one wrong and one right password says to these properties of `login`.
    fn verdict(property: impl Fn(&Program) -> Property) -> Result<(), String> {
        let answers: [&[&str]; 2] = [&["demo", "no"], &["demo", "Ch4ng31t"]];
        verdict_of(TEXT, &answers, property)
    }

    fn verdict_of(
        text: &str,
        answers: &[&[&str]],
        property: impl Fn(&Program) -> Property,
    ) -> Result<(), String> {
        let typed = |text: &&str| Word::Typed((*text).to_owned());
        let answer = |words: &&[&str]| Move::Answer(words.iter().map(typed).collect());
        let setup = Check::new(text).world(World::demo()).setup().unwrap();
        let case = case::Case {
            moves: answers.iter().map(answer).collect(),
            ..case::Case::default()
        };
        let run = case::replay(&Arc::new(setup), &case, false);
        assert!(run.success().is_some(), "{run:?}");

        let mut program = run.engine().program().clone();
        let property = property(&program);
        let login = program.by_name["login"].index();
        let journey = &mut program.journeys[login];
        journey.ensures = vec![Ensure {
            label: "it".into(),
            from: journey.start,
            property,
            span: wayfare::Span::default(),
        }];
        let outer = program.journeys[login].clone();
        ensured_of(
            &program,
            &outer,
            run.trace(),
            run.success().map(|s| s.level),
        )
    }

    fn place(kind: PlaceKind) -> Place {
        Place {
            text: "place".into(),
            kind,
            span: wayfare::Span::default(),
        }
    }

    /// A node of `login`, or of `inner` as it is called there.
    fn node(program: &Program, path: &str, at: At) -> Place {
        let login = program.journey_named("login").unwrap();
        let find = |journey: &wayfare::model::journey::Journey, path: &str| {
            let mut nodes = journey.graph.node_indices();
            nodes.find(|at| &*journey.graph[*at].path == path)
        };
        let (calls, journey, found) = match find(login, path) {
            Some(found) => (Vec::new(), login.id, found),
            None if path == "success" => (Vec::new(), login.id, login.success),
            None => {
                let inner = program.journey_named("inner").unwrap();
                let call = find(login, "password").unwrap();
                (vec![(login.id, call)], inner.id, find(inner, path).unwrap())
            }
        };
        place(PlaceKind::Points(vec![Point {
            calls,
            journey,
            node: found,
            at,
        }]))
    }

    #[test]
    fn places_are_counted_through_inner_journeys() {
        for (visits, holds) in [(1, false), (2, true)] {
            let found = verdict(|program| Property::AtMost {
                visits,
                of: node(program, "check", At::Node),
            });
            assert_eq!(found.is_ok(), holds, "{found:?}");
            let page = verdict(|program| Property::AtMost {
                visits,
                of: node(program, "credentials", At::Child(1)),
            });
            assert_eq!(page.is_ok(), holds, "{page:?}");
        }
    }

    #[test]
    fn a_way_around_is_found() {
        let every = |passes: fn(&Program) -> Place| {
            verdict(move |program| Property::EveryPath {
                to: node(program, "success", At::Node),
                passes: vec![passes(program)],
            })
        };
        every(|_| place(PlaceKind::Proof(Factor::Password))).unwrap();
        every(|program| {
            node(
                program,
                "check",
                At::Outcome(wayfare::model::journey::OutcomeId(0)),
            )
        })
        .unwrap();
        every(|program| node(program, "check", At::Error)).unwrap_err();
        every(|_| place(PlaceKind::Proof(Factor::Otp))).unwrap_err();
    }

    #[test]
    fn a_proof_counts_for_whoever_is_named_and_a_place_for_the_run() {
        let answers: [&[&str]; 3] = [&["demo", "Ch4ng31t"], &["demo"], &["Ch4ng31t"]];
        let every = |to: &'static str, passes: fn(&Program) -> Place| {
            verdict_of(TWICE, &answers, move |program| Property::EveryPath {
                to: node(program, to, At::Node),
                passes: vec![passes(program)],
            })
        };
        let proof = |_: &Program| place(PlaceKind::Proof(Factor::Password));
        let arrow = |program: &Program| {
            let yes = wayfare::model::journey::OutcomeId(0);
            node(program, "proved", At::Outcome(yes))
        };
        every("between", proof).unwrap();
        every("named", proof).unwrap_err();
        every("last", proof).unwrap_err();
        every("success", proof).unwrap();
        every("last", arrow).unwrap();
    }

    #[test]
    fn what_must_not_follow_does() {
        let never = |after: &'static str| {
            verdict(move |program| Property::Never {
                what: node(program, "raise", At::Node),
                after: node(program, after, At::Node),
            })
        };
        never("attempts").unwrap_err();
        never("raise").unwrap();
    }

    #[test]
    fn the_level_at_success_is_seen() {
        for (least, holds) in [(5, true), (6, false)] {
            let found = verdict(|program| Property::LevelAtLeast {
                level: AuthLevel::saturating(least),
                place: node(program, "success", At::Node),
            });
            assert_eq!(found.is_ok(), holds);
        }
    }
}
