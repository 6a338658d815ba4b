//! Who uses whom: fragments within fragments, journeys within journeys.
//!
//! The graph of uses is walked with a stack of its own. What comes out: cycles as findings, and for every
//! unit how many nodes its expansion has, computed from the leaves up, so that a fragment which doubles
//! twenty times over is refused without ever being expanded.

use crate::{
    codes,
    compile::{
        context::Cx,
        unit::{Kind, NodeInfo, Unit, UnitId},
    },
    diagnostic::{Diagnostic, Diagnostics},
    source::Span,
    syntax::ast,
};

/// What an expansion costs.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cost {
    /// Nodes, fragments expanded.
    pub(super) nodes: u64,
    /// Bytes of source that are copied.
    pub(super) bytes: u64,
    /// How deep fragments use each other.
    pub(super) depth: usize,
    /// Everything in it is clean.
    pub(super) clean: bool,
    /// Some fragment on the way leads back to itself.
    pub(super) endless: bool,
}

/// BOUND: how many bytes of source one journey may come to when its fragments are expanded, where one file
/// may not have more.
const BYTES_MAX: u64 = 64 * 1_024 * 1_024;

impl<'a> Cx<'a> {
    /// Finds cycles and computes the cost of every unit.
    pub(super) fn calls(&mut self, units: &[Unit<'a>]) -> Vec<Cost> {
        let mut costs = vec![Cost::default(); units.len()];
        let mut state = vec![0_u8; units.len()];
        let mut circles = 0_usize;
        for root in 0..units.len() {
            if state.get(root) != Some(&0) {
                continue;
            }
            let mut stack: Vec<(usize, usize)> = vec![(root, 0)];
            set(&mut state, root, 1);
            while let Some((at, next)) = stack.pop() {
                let Some(unit) = units.get(at) else {
                    continue;
                };
                let Some(node) = unit.nodes.get(next) else {
                    set(&mut state, at, 2);
                    let cost = cost_of(unit, &costs);
                    if let Some(slot) = costs.get_mut(at) {
                        *slot = Cost {
                            endless: slot.endless,
                            ..cost
                        };
                    }
                    continue;
                };
                stack.push((at, next + 1));
                let Some(target) = callee(node) else {
                    continue;
                };
                match state.get(target.0) {
                    Some(0) => {
                        set(&mut state, target.0, 1);
                        stack.push((target.0, 0));
                    }
                    Some(1) => {
                        if let Some(cost) = costs.get_mut(target.0) {
                            cost.endless = true;
                        }
                        // BOUND: past the findings that are kept, circles are marked and not shown.
                        circles += 1;
                        if circles <= Diagnostics::KEPT_MAX {
                            let circle: Vec<usize> = stack
                                .iter()
                                .map(|(unit, _)| *unit)
                                .skip_while(|unit| *unit != target.0)
                                .collect();
                            self.cycle(units, &circle, node);
                        }
                    }
                    _ => {}
                }
            }
        }
        Self::spread_endless(units, &mut costs);
        costs
    }

    fn cycle(&mut self, units: &[Unit<'a>], circle: &[usize], node: &NodeInfo<'a>) {
        let Some(first) = circle.first().and_then(|at| units.get(*at)) else {
            return;
        };
        let only_fragments = circle
            .iter()
            .filter_map(|at| units.get(*at))
            .all(|unit| unit.written.is_fragment());
        let span = type_span(node.ast);
        let name = &first.written.name().text;
        let mut path: Vec<&str> = circle
            .iter()
            .take(12)
            .filter_map(|at| units.get(*at))
            .map(|unit| unit.written.name().text.as_str())
            .collect();
        if circle.len() > 12 {
            path.push("…");
        }
        path.push(name);
        let (code, message, expected) = if only_fragments {
            (
                codes::RECURSIVE_FRAGMENT,
                format!("fragment `{name}` uses itself"),
                "a fragment that does not lead back here",
            )
        } else {
            (
                codes::RECURSIVE_JOURNEY,
                format!("{} `{name}` leads back to itself", first.written.word()),
                "a journey that does not lead back here",
            )
        };
        let mut finding = Diagnostic::new(code, span, message)
            .expected(expected)
            .note(format!("the circle is {}", path.join(" -> ")));
        if circle.len() > 1 {
            finding = finding.label(first.written.head(), "the circle begins here");
        }
        self.report(finding);
    }

    /// A unit that reaches an endless one cannot be expanded either; costs were computed before all
    /// circles were known, so this goes over the uses until nothing changes.
    fn spread_endless(units: &[Unit<'a>], costs: &mut [Cost]) {
        let mut users: Vec<Vec<usize>> = vec![Vec::new(); units.len()];
        for (at, unit) in units.iter().enumerate() {
            for target in unit.nodes.iter().filter_map(callee) {
                if let Some(list) = users.get_mut(target.0) {
                    list.push(at);
                }
            }
        }
        let mut open: Vec<usize> = (0..units.len())
            .filter(|at| costs.get(*at).is_some_and(|c| c.endless || !c.clean))
            .collect();
        while let Some(at) = open.pop() {
            for user in users.get(at).into_iter().flatten() {
                if let Some(cost) = costs.get_mut(*user)
                    && cost.clean
                    && !cost.endless
                {
                    cost.clean = false;
                    open.push(*user);
                }
            }
        }
        for cost in costs.iter_mut() {
            cost.clean &= !cost.endless;
        }
    }

    /// Refuses units whose expansion is larger than the limits.
    pub(super) fn check_costs(&mut self, units: &[Unit<'a>], costs: &mut [Cost]) {
        for (unit, cost) in units.iter().zip(costs.iter_mut()) {
            if cost.endless {
                continue;
            }
            let nodes_max = self.limits.nodes as u64;
            let bytes_max = BYTES_MAX.max(self.limits.file_bytes as u64);
            let nesting = self.limits.nesting;
            let name = &unit.written.name().text;
            let word = unit.written.word();
            let finding = if cost.depth > nesting {
                // Said where the limit is passed, not at everything that stands on it.
                (cost.depth == nesting + 1 && unit.written.is_fragment()).then(|| {
                    Diagnostic::new(
                        codes::TOO_DEEP,
                        unit.written.head(),
                        format!("{word} `{name}` nests fragments {} deep", cost.depth),
                    )
                    .expected(format!("at most {nesting} fragments within each other"))
                })
            } else if unit.written.is_fragment() {
                None
            } else if cost.nodes > nodes_max {
                Some(
                    Diagnostic::new(
                        codes::TOO_MANY_NODES,
                        unit.written.head(),
                        format!("{word} `{name}` has {} nodes", count(cost.nodes)),
                    )
                    .expected(format!("at most {nodes_max} nodes, fragments expanded")),
                )
            } else if cost.bytes > bytes_max {
                Some(
                    Diagnostic::new(
                        codes::TOO_MANY_NODES,
                        unit.written.head(),
                        format!("{word} `{name}` expands to {} bytes", count(cost.bytes)),
                    )
                    .expected(format!("at most {bytes_max} bytes, fragments expanded")),
                )
            } else {
                continue;
            };
            cost.clean = false;
            if let Some(finding) = finding {
                self.report(finding);
            }
        }
    }
}

fn count(number: u64) -> String {
    if number == u64::MAX {
        "more than can be counted".to_owned()
    } else {
        number.to_string()
    }
}

/// The unit that a node uses or calls.
fn callee(node: &NodeInfo<'_>) -> Option<UnitId> {
    match &node.kind {
        Kind::Use(plan) => Some(plan.unit),
        Kind::Inner(unit) => Some(*unit),
        Kind::Broken | Kind::Task(_) | Kind::Decision(_) | Kind::Page(_) => None,
    }
}

fn cost_of(unit: &Unit<'_>, costs: &[Cost]) -> Cost {
    let span = unit.written.span();
    let mut cost = Cost {
        nodes: 0,
        bytes: u64::from(span.end.saturating_sub(span.start)),
        depth: usize::from(unit.written.is_fragment()),
        clean: unit.clean,
        endless: false,
    };
    for node in &unit.nodes {
        match &node.kind {
            Kind::Use(plan) => {
                let used = costs.get(plan.unit.0).copied().unwrap_or_default();
                // A use costs at least one, so that instances are bounded as nodes are.
                cost.nodes = cost.nodes.saturating_add(used.nodes.max(1));
                cost.bytes = cost.bytes.saturating_add(used.bytes);
                let own = usize::from(unit.written.is_fragment());
                cost.depth = cost.depth.max(used.depth.saturating_add(own));
            }
            Kind::Page(page) => {
                cost.nodes = cost.nodes.saturating_add(1 + page.children.len() as u64);
            }
            Kind::Broken | Kind::Task(_) | Kind::Decision(_) | Kind::Inner(_) => {
                cost.nodes = cost.nodes.saturating_add(1);
            }
        }
    }
    cost
}

/// Where a node says what it is.
fn type_span(node: &ast::Node) -> Span {
    match &node.kind {
        ast::NodeKind::Type { name, .. } | ast::NodeKind::Journey(name) => name.span,
    }
}

fn set(state: &mut [u8], at: usize, value: u8) {
    if let Some(slot) = state.get_mut(at) {
        *slot = value;
    }
}
