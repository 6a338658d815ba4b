//! `Decision` nodes: guards in order, and an `else` at the end.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    codes,
    compile::{
        context::Cx,
        expr::{Known, Reading, There},
        raw::Place,
        scope::duplicate,
        unit::{DecisionPlan, Kind, NodeInfo, Unit, Way},
        value_walk,
    },
    diagnostic::Diagnostic,
    model::journey::Guard,
    source::Span,
    syntax::ast,
};

impl<'a> Cx<'a> {
    /// Wires the guards of a `Decision`.
    pub(super) fn decision(
        &mut self,
        unit: &Unit<'a>,
        info: &mut NodeInfo<'a>,
        ways: &[Option<Way>],
    ) {
        let node = info.ast;
        for setting in &node.settings {
            self.report(
                Diagnostic::new(
                    codes::UNKNOWN_SETTING,
                    setting.key.span,
                    format!("`Decision` has no setting `{}`", setting.key.text),
                )
                .expected("guards only: `when … -> target` and `else -> target`"),
            );
        }
        self.touched_formal = false;
        let place = Place {
            file: unit.file,
            env: Some(&unit.env),
        };
        let guards = self.guards(node, place);
        let dependent = self.touched_formal.then_some(node);
        self.check_guard_order(node);
        let ways = node
            .arms
            .iter()
            .zip(ways)
            .filter(|(arm, _)| matches!(arm, ast::Arm::When(_) | ast::Arm::Else(_)));
        let named = guards.iter().zip(ways);
        info.wired = named
            .filter_map(|(guard, (_, way))| {
                Some(crate::compile::unit::Wired {
                    outcome: Arc::clone(&guard.name),
                    way: (*way)?,
                })
            })
            .collect();
        info.kind = Kind::Decision(DecisionPlan { guards, dependent });
    }

    /// The guards in order, each knowing what the failing of those before it proves.
    pub(super) fn guards(&mut self, node: &'a ast::Node, place: Place<'_>) -> Vec<Guard> {
        let mut there = There::new();
        let mut made = Vec::with_capacity(node.arms.len());
        let mut number = 0_usize;
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        let reading = Reading::guarded(place);
        for arm in &node.arms {
            match arm {
                ast::Arm::When(when) => {
                    number += 1;
                    let known = Known {
                        outer: None,
                        slots: &there,
                    };
                    let typed = self.condition(&when.condition, reading, &known);
                    there.extend(typed.when_false.iter().cloned());
                    if let Some(name) = &when.name
                        && let Some(first) = seen.insert(&name.text, name.span)
                    {
                        self.report(duplicate(name, first));
                    }
                    let name = match &when.name {
                        Some(name) => self.word(&name.text),
                        None => self.word(&number.to_string()),
                    };
                    made.push(Guard {
                        name,
                        condition: Some(typed.expr),
                        span: when.span,
                    });
                }
                ast::Arm::Else(only) => made.push(Guard {
                    name: self.word("else"),
                    condition: None,
                    span: only.span,
                }),
                ast::Arm::Edge(_) | ast::Arm::Only(_) => {}
            }
        }
        made
    }

    fn check_guard_order(&mut self, node: &'a ast::Node) {
        let mut otherwise: Option<Span> = None;
        let mut misplaced = false;
        for arm in &node.arms {
            let span = value_walk::span_of(arm);
            match arm {
                ast::Arm::Edge(_) | ast::Arm::Only(_) => {
                    misplaced = true;
                    self.report(
                        Diagnostic::new(codes::MISPLACED, span, "a `Decision` has guards only")
                            .expected("`when … -> target` or `else -> target`"),
                    );
                }
                ast::Arm::When(_) => {
                    if let Some(first) = otherwise {
                        self.report(
                            Diagnostic::new(
                                codes::MISPLACED,
                                span,
                                "this guard is never asked, because `else` stands before it",
                            )
                            .expected("guards before `else`")
                            .label(first, "`else` takes whatever comes here"),
                        );
                    }
                }
                ast::Arm::Else(_) => match otherwise {
                    Some(first) => self.report(
                        Diagnostic::new(codes::DUPLICATE_OUTCOME, span, "`else` is given twice")
                            .expected("one `else`")
                            .label(first, "the first one"),
                    ),
                    None => otherwise = Some(span),
                },
            }
        }
        if otherwise.is_none() && !misplaced && !self.is_broken(node.span) {
            let line = "else -> failure";
            let mut finding = Diagnostic::new(
                codes::MISSING_ELSE,
                node.name.span,
                format!(
                    "`{}` does not say what happens when no guard holds",
                    node.name.text
                ),
            )
            .expected("`else -> target` as the last arm");
            let has_guards = !node.arms.is_empty();
            if let Some((span, text)) = self.insertion(node, line).filter(|_| has_guards) {
                finding = finding.fix(format!("add `{line}`"), span, text);
            }
            self.report(finding);
        }
    }
}
