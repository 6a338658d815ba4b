//! Outcomes and their arrows: each outcome of a node is wired exactly once.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    codes,
    compile::{
        context::Cx,
        unit::{Filled, Shape, Way, Wired},
    },
    diagnostic::Diagnostic,
    model::{
        journey::SettingValue,
        signature::{Condition, Outcomes, Signature},
        value::Value,
    },
    source::Span,
    syntax::ast,
};

/// Whose outcomes are wired, as messages name it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wiring<'w> {
    /// The node.
    pub(super) node: &'w ast::Node,
    /// The type: "`DataStoreDecision`".
    pub(super) ty: &'w str,
    /// Whether the outcomes are exits of a fragment.
    pub(super) exits: bool,
}

impl<'a> Cx<'a> {
    /// The outcomes of a type with these settings.
    pub(super) fn shape(&mut self, signature: &Signature, filled: &Filled<'_>) -> Shape {
        match &signature.outcomes {
            Outcomes::Fixed(names) => {
                Shape::Named(names.iter().map(|name| (self.word(name), true)).collect())
            }
            Outcomes::Bounded(bounded) => {
                let mut names = Vec::new();
                for outcome in bounded.iter() {
                    if let Condition::EachOf(key) = &outcome.when {
                        if filled.is_open(key) {
                            return Shape::Open;
                        }
                        let texts = match filled.get(key) {
                            Some(SettingValue::Constant(Value::List(list))) => list.clone(),
                            _ => Arc::from([]),
                        };
                        let texts = texts.iter().filter_map(Value::as_text);
                        names.extend(texts.map(|text| (self.word(text), true)));
                        continue;
                    }
                    match holds(&outcome.when, filled) {
                        Some(true) => names.push((self.word(&outcome.name), true)),
                        Some(false) => {}
                        None => names.push((self.word(&outcome.name), false)),
                    }
                }
                Shape::Named(names)
            }
            Outcomes::LastChild => Shape::Named(Vec::new()),
            Outcomes::Authored { besides, .. } => {
                Shape::Authored(besides.iter().map(|name| self.word(name)).collect())
            }
        }
    }

    /// Matches the arms of a node against its outcomes; `resolve` finds where an arrow leads.
    pub(super) fn wire(
        &mut self,
        wiring: Wiring<'_>,
        shape: &Shape,
        arms: &'a [ast::Arm],
        ways: &[Option<Way>],
    ) -> Vec<Wired> {
        let mut made: Vec<Wired> = Vec::new();
        let mut seen: BTreeMap<Arc<str>, Span> = BTreeMap::new();
        let mut clean = true;
        for (arm, way) in arms.iter().zip(ways) {
            match arm {
                ast::Arm::Edge(edge) => {
                    for name in &edge.outcomes {
                        clean &= self.wire_one(wiring, shape, name, &mut seen, *way, &mut made);
                    }
                }
                ast::Arm::Only(only) => {
                    clean &= self.wire_only(wiring, shape, only, &mut seen, *way, &mut made);
                }
                ast::Arm::When(when) => {
                    clean = false;
                    self.misplaced_guard("when", when.span, wiring);
                }
                ast::Arm::Else(only) => {
                    clean = false;
                    self.misplaced_guard("else", only.span, wiring);
                }
            }
        }
        let missing: Vec<Arc<str>> = match shape {
            Shape::Named(names) => names
                .iter()
                .filter(|(name, certain)| *certain && !seen.contains_key(&**name))
                .map(|(name, _)| Arc::clone(name))
                .collect(),
            Shape::Open => Vec::new(),
            Shape::Authored(besides) => besides
                .iter()
                .filter(|name| !seen.contains_key(&**name))
                .cloned()
                .collect(),
        };
        let nothing = matches!(shape, Shape::Authored(_)) && seen.is_empty();
        if clean && !self.is_broken(wiring.node.span) {
            if nothing {
                self.no_arms(wiring);
            } else if !missing.is_empty() {
                self.unwired(wiring, &missing, seen.values().next().copied());
            }
        }
        if let Shape::Named(names) = shape {
            let order = |wired: &Wired| names.iter().position(|(name, _)| *name == wired.outcome);
            made.sort_by_key(order);
        }
        made
    }

    fn wire_one(
        &mut self,
        wiring: Wiring<'_>,
        shape: &Shape,
        name: &'a ast::Name,
        seen: &mut BTreeMap<Arc<str>, Span>,
        way: Option<Way>,
        made: &mut Vec<Wired>,
    ) -> bool {
        if let Some(first) = seen.get(name.text.as_str()) {
            self.report(
                Diagnostic::new(
                    codes::DUPLICATE_OUTCOME,
                    name.span,
                    format!(
                        "outcome `{}` of `{}` is wired twice",
                        name.text, wiring.node.name.text
                    ),
                )
                .expected("each outcome once")
                .label(*first, "first wired here"),
            );
            return false;
        }
        if let Shape::Named(names) = shape
            && !names.iter().any(|(known, _)| **known == *name.text)
        {
            self.unknown_outcome(wiring, names, name, seen);
            return false;
        }
        let outcome = self.word(&name.text);
        seen.insert(Arc::clone(&outcome), name.span);
        if let Some(way) = way {
            made.push(Wired { outcome, way });
        }
        true
    }

    fn wire_only(
        &mut self,
        wiring: Wiring<'_>,
        shape: &Shape,
        only: &'a ast::Only,
        seen: &mut BTreeMap<Arc<str>, Span>,
        way: Option<Way>,
        made: &mut Vec<Wired>,
    ) -> bool {
        let names: &[(Arc<str>, bool)] = match shape {
            Shape::Named(names) => names,
            Shape::Authored(_) | Shape::Open => &[],
        };
        let [(name, _)] = names else {
            self.ambiguous(wiring, shape, only);
            return false;
        };
        if let Some(first) = seen.values().next() {
            self.report(
                Diagnostic::new(
                    codes::DUPLICATE_OUTCOME,
                    only.span,
                    format!(
                        "outcome `{name}` of `{}` is wired twice",
                        wiring.node.name.text
                    ),
                )
                .expected("each outcome once")
                .label(*first, "first wired here"),
            );
            return false;
        }
        seen.insert(Arc::clone(name), only.span);
        if let Some(way) = way {
            made.push(Wired {
                outcome: Arc::clone(name),
                way,
            });
        }
        true
    }

    fn misplaced_guard(&mut self, word: &str, span: Span, wiring: Wiring<'_>) {
        self.report(
            Diagnostic::new(
                codes::MISPLACED,
                span,
                format!("`{word}` has no meaning in a node of type {}", wiring.ty),
            )
            .expected("an arm such as `outcome -> target`; guards stand in a `Decision`"),
        );
    }

    fn ambiguous(&mut self, wiring: Wiring<'_>, shape: &Shape, only: &ast::Only) {
        let node = &wiring.node.name.text;
        let expected = match shape {
            Shape::Named(names) if names.is_empty() => {
                format!("no arrow: {} has no outcomes", wiring.ty)
            }
            Shape::Named(names) => format!("arms for {}", list(names.iter().map(|(n, _)| &**n))),
            Shape::Open => "arms with names".to_owned(),
            Shape::Authored(_) => "arms with names, which define the outcomes".to_owned(),
        };
        let message = match shape {
            Shape::Named(names) if names.is_empty() => {
                format!("`{node}` has no outcome for this arrow")
            }
            Shape::Named(names) => {
                format!(
                    "`{node}` has {} outcomes, and this arrow names none",
                    names.len()
                )
            }
            Shape::Authored(_) | Shape::Open => format!("this arrow names no outcome of `{node}`"),
        };
        self.report(Diagnostic::new(codes::AMBIGUOUS_ARROW, only.span, message).expected(expected));
    }

    fn unknown_outcome(
        &mut self,
        wiring: Wiring<'_>,
        names: &[(Arc<str>, bool)],
        name: &ast::Name,
        seen: &BTreeMap<Arc<str>, Span>,
    ) {
        let what = if wiring.exits { "exit" } else { "outcome" };
        let code = if wiring.exits {
            codes::BAD_EXIT
        } else {
            codes::UNKNOWN_OUTCOME
        };
        let expected = if names.is_empty() {
            format!("no arms: {} has no outcomes", wiring.ty)
        } else {
            list(names.iter().map(|(n, _)| &**n))
        };
        let mut finding = Diagnostic::new(
            code,
            name.span,
            format!("{} has no {what} `{}`", wiring.ty, super::clip(&name.text)),
        )
        .expected(expected);
        let free = names
            .iter()
            .map(|(n, _)| &**n)
            .filter(|n| !seen.contains_key(*n));
        if let Some(meant) = self.nearest(&name.text, free) {
            let written = outcome_text(&meant);
            finding = finding.fix(format!("did you mean `{meant}`?"), name.span, written);
        }
        self.report(finding);
    }

    fn no_arms(&mut self, wiring: Wiring<'_>) {
        self.report(
            Diagnostic::new(
                codes::UNWIRED_OUTCOME,
                wiring.node.name.span,
                format!("`{}` has no arms", wiring.node.name.text),
            )
            .expected(format!(
                "arms such as `name -> target`: in {} they define the outcomes",
                wiring.ty
            )),
        );
    }

    /// Says which outcomes lead nowhere, and offers to lead them to failure.
    pub(super) fn unwired(
        &mut self,
        wiring: Wiring<'_>,
        missing: &[Arc<str>],
        wired: Option<Span>,
    ) {
        let node = wiring.node;
        let (code, what) = if wiring.exits {
            (codes::BAD_EXIT, "exit")
        } else {
            (codes::UNWIRED_OUTCOME, "outcome")
        };
        let message = match missing {
            [one] => format!("{what} `{one}` of `{}` leads nowhere", node.name.text),
            many => format!(
                "{what}s {} of `{}` lead nowhere",
                and_list(many),
                node.name.text
            ),
        };
        let names: Vec<String> = missing.iter().map(|name| outcome_text(name)).collect();
        let line = format!("{} -> failure", names.join(" | "));
        let mut finding = Diagnostic::new(code, node.name.span, message)
            .expected(format!("an arrow for each {what} of {}", wiring.ty));
        if let Some(span) = wired {
            finding = finding.label(span, "what is wired");
        }
        // Where nothing is wired, failure is no better a guess than any other node.
        match self.insertion(node, &line).filter(|_| wired.is_some()) {
            Some((span, text)) => finding = finding.fix(format!("add `{line}`"), span, text),
            None => finding = finding.help(format!("add an arrow such as `{line}`")),
        }
        self.report(finding);
    }

    /// Where a line is added to a node, and the text that adds it.
    pub(super) fn insertion(&self, node: &ast::Node, line: &str) -> Option<(Span, String)> {
        let base = self.indent(node.head).unwrap_or("  ");
        let close = node.close?;
        Some(match self.indent(close) {
            Some(indent) => (close.before(), format!("  {line}\n{indent}")),
            None => (close.before(), format!("\n{base}  {line}\n{base}")),
        })
    }
}

/// Whether a condition on settings holds; `None` where a setting depends on a caller.
fn holds(condition: &Condition, filled: &Filled<'_>) -> Option<bool> {
    let constant = |key: &str| -> Option<Option<&Value>> {
        if filled.is_open(key) {
            return None;
        }
        match filled.get(key) {
            None => Some(None),
            Some(SettingValue::Constant(value)) => Some(Some(value)),
            Some(SettingValue::Computed(_)) => None,
        }
    };
    match condition {
        Condition::Always => Some(true),
        Condition::IsTrue(key) => constant(key).map(|v| v.and_then(Value::as_bool) == Some(true)),
        Condition::IsFalse(key) => constant(key).map(|v| v.and_then(Value::as_bool) != Some(true)),
        Condition::Positive(key) => constant(key).map(|v| v.is_some_and(Value::is_positive)),
        Condition::Is(key, word) => constant(key).map(|v| {
            v.and_then(Value::as_text)
                .is_some_and(|text| *text == **word)
        }),
        Condition::EachOf(_) => None,
        Condition::Both(conditions) => {
            let all: Vec<Option<bool>> = conditions.iter().map(|c| holds(c, filled)).collect();
            if all.contains(&Some(false)) {
                Some(false)
            } else if all.contains(&None) {
                None
            } else {
                Some(true)
            }
        }
    }
}

/// An outcome as it is written: quoted where it is not a plain word.
pub(super) fn outcome_text(name: &str) -> String {
    let plain = !name.is_empty()
        && !name.starts_with('-')
        && !name.ends_with('-')
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    if plain {
        name.to_owned()
    } else {
        let escaped = name
            .replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('$', "\\$");
        format!("\"{escaped}\"")
    }
}

/// "`a`, `b` or `c`"
pub(super) fn list<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let mut names: Vec<String> = names
        .map(|name| format!("`{}`", super::clip(name)))
        .collect();
    let more = names.len() > 12;
    names.truncate(12);
    if more {
        return format!("{}, …", names.join(", "));
    }
    let last = names.pop().unwrap_or_default();
    if names.is_empty() {
        last
    } else {
        format!("{} or {last}", names.join(", "))
    }
}

fn and_list(names: &[Arc<str>]) -> String {
    let mut names: Vec<String> = names
        .iter()
        .take(12)
        .map(|name| format!("`{name}`"))
        .collect();
    let last = names.pop().unwrap_or_default();
    format!("{} and {last}", names.join(", "))
}
