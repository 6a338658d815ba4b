//! Pages: several nodes asked in one step.
//!
//! A page holds nodes that ask. The page carries the arms of the last one. Behind each of the others it goes
//! on, whichever outcome it takes; where its author says which there are, that is a setting here.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    codes,
    compile::{
        context::Cx,
        names,
        outcome::Wiring,
        raw::Place,
        resolve::is_page,
        scope::duplicate,
        settings::{Converted, Expect},
        unit::{
            ChildPlan, Filled, Key, Kind, NodeInfo, PagePlan, Shape, TaskPlan, Unit, Way, derived,
            page_settings,
        },
    },
    diagnostic::Diagnostic,
    model::{
        journey::SettingValue,
        signature::{Known, Outcomes, Signature},
        value::{Type, Value},
    },
    source::Span,
    syntax::ast,
};

impl<'a> Cx<'a> {
    pub(super) fn page(
        &mut self,
        unit: &Unit<'a>,
        info: &mut NodeInfo<'a>,
        name: &'a ast::Name,
        version: Option<u32>,
        ways: &[Option<Way>],
    ) {
        let node = info.ast;
        let version = version.unwrap_or(1);
        if !(1..=2).contains(&version) {
            self.report(
                Diagnostic::new(
                    codes::UNKNOWN_TYPE,
                    name.span,
                    format!("`Page` has no version {version}"),
                )
                .expected("version 1 or 2"),
            );
            return;
        }
        let place = Place {
            file: unit.file,
            env: Some(&unit.env),
        };
        let filled = self.fill_page(node, place);
        let before = self.errors();
        let mut children: Vec<ChildPlan<'a>> = Vec::new();
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        let mut last_shape: Option<Shape> = None;
        let count = node.children.len();
        for (at, child) in node.children.iter().enumerate() {
            names::check_declared(self, &child.name, names::Custom::Snake, "nodes");
            if let Some(first) = seen.insert(&child.name.text, child.name.span) {
                self.report(duplicate(&child.name, first));
            }
            self.misplaced_in_child(child);
            let is_last = at + 1 == count;
            let Some((task, shape)) = self.child(unit, child, place, is_last) else {
                continue;
            };
            let outcomes = if is_last {
                last_shape = Some(shape);
                Vec::new()
            } else {
                self.passed_outcomes(child, &task, &shape, place)
            };
            children.push(ChildPlan {
                ast: child,
                task,
                outcomes,
            });
        }
        if count == 0 && !self.is_broken(node.span) {
            self.report(
                Diagnostic::new(
                    codes::BAD_PAGE,
                    node.name.span,
                    format!("page `{}` is empty", node.name.text),
                )
                .expected("nodes in its block"),
            );
        }
        let clean = before == self.errors();
        let Some(shape) = last_shape else {
            return;
        };
        self.wire_page(info, version, &shape, &mut children, ways);
        if clean && count > 0 {
            info.kind = Kind::Page(PagePlan {
                version,
                filled,
                children,
            });
        }
    }

    fn fill_page(&mut self, node: &'a ast::Node, place: Place<'_>) -> Filled<'a> {
        let types = page_settings();
        let keys: Vec<Key<'_>> = types.iter().map(|(key, ty)| Key::Plain(key, ty)).collect();
        let written: Vec<&'a ast::Setting> = node.settings.iter().collect();
        let mut filled = Filled::default();
        self.fill(&keys, &written, "`Page`", place, &mut filled);
        let computed = filled
            .values
            .iter()
            .find(|(_, value)| matches!(value, SettingValue::Computed(_)));
        if let Some((key, _)) = computed {
            let setting = node.settings.iter().find(|s| s.key.text == **key);
            let span = setting.map_or(node.name.span, |s| s.value.span);
            self.report(
                Diagnostic::new(
                    codes::WRONG_TYPE,
                    span,
                    format!("`{key}` of a page cannot depend on the run"),
                )
                .expected("a text known when compiled"),
            );
        }
        filled
    }

    /// Wires the arms of the page, which are the outcomes of its last child.
    fn wire_page(
        &mut self,
        info: &mut NodeInfo<'a>,
        version: u32,
        shape: &Shape,
        children: &mut [ChildPlan<'a>],
        ways: &[Option<Way>],
    ) {
        let node = info.ast;
        let prefix = match children.last() {
            Some(child) if version == 2 => format!("{}-", child.ast.name.text),
            _ => String::new(),
        };
        let shown = match shape {
            Shape::Named(names) if version == 2 => Shape::Named(
                names
                    .iter()
                    .map(|(name, certain)| (self.word(&format!("{prefix}{name}")), *certain))
                    .collect(),
            ),
            Shape::Authored(besides) if version == 2 => Shape::Authored(
                besides
                    .iter()
                    .map(|name| self.word(&format!("{prefix}{name}")))
                    .collect(),
            ),
            other => other.clone(),
        };
        let label = match children.last() {
            Some(child) => format!("the page's last node, a `{}`,", child.task.signature.name),
            None => "the page".to_owned(),
        };
        let wiring = Wiring {
            node,
            ty: label.trim_end_matches(','),
            exits: false,
        };
        info.wired = self.wire(wiring, &shown, &node.arms, ways);
        if let Some(child) = children.last_mut() {
            child.outcomes = match shape {
                Shape::Named(names) => names.iter().map(|(name, _)| Arc::clone(name)).collect(),
                Shape::Authored(_) | Shape::Open => info
                    .wired
                    .iter()
                    .map(|wired| match wired.outcome.strip_prefix(&*prefix) {
                        Some(own) => self.word(own),
                        None => Arc::clone(&wired.outcome),
                    })
                    .collect(),
            };
        }
    }

    fn misplaced_in_child(&mut self, child: &'a ast::Node) {
        let arms = child.arms.iter().map(|arm| {
            let span = crate::compile::value_walk::span_of(arm);
            (span, "the page carries the arrows, not the nodes in it")
        });
        let errors = child.on_errors.iter().map(|on_error| {
            (
                on_error.span,
                "the page carries `on error`, not the nodes in it",
            )
        });
        let found: Vec<(Span, &'static str)> = arms.chain(errors).collect();
        for (span, message) in found {
            self.report(
                Diagnostic::new(codes::MISPLACED, span, message)
                    .expected("settings only")
                    .label(child.name.span, "this node stands in a page"),
            );
        }
        if !is_page(child) {
            for inner in &child.children {
                self.report(
                    Diagnostic::new(
                        codes::MISPLACED,
                        inner.head,
                        format!(
                            "`{}` cannot hold the node `{}`",
                            child.name.text, inner.name.text
                        ),
                    )
                    .expected("nodes within nodes only in a `Page`"),
                );
            }
        }
    }

    fn child(
        &mut self,
        unit: &Unit<'a>,
        child: &'a ast::Node,
        place: Place<'_>,
        is_last: bool,
    ) -> Option<(TaskPlan<'a>, Shape)> {
        let (name, version) = match &child.kind {
            ast::NodeKind::Journey(name) => {
                self.not_in_page(child, name.span, "an inner journey");
                return None;
            }
            ast::NodeKind::Type { name, version } => (name, *version),
        };
        if is_page(child) {
            self.not_in_page(child, name.span, "a page");
            return None;
        }
        if name.text == "Decision" {
            self.not_in_page(child, name.span, "a `Decision`");
            return None;
        }
        if self.fragment(unit.file, &name.text).is_some() {
            self.not_in_page(child, name.span, "a fragment");
            return None;
        }
        let (ty, signature, version) = self.find_type(unit, name, version)?;
        if signature.suspends == Known::Is(true) {
            let what = format!("`{}` suspends the run and", signature.name);
            self.not_in_page(child, name.span, &what);
            return None;
        }
        if !signature.page_child {
            let what = format!("a `{}`", signature.name);
            self.not_in_page(child, name.span, &what);
            return None;
        }
        // Behind a node that is not the last the page goes on, so that no arms say how it ends.
        let own = derived(signature).filter(|_| !is_last);
        let settings = child.settings.iter();
        let settings = settings.filter(|s| own != Some(s.key.text.as_str()));
        let filled = self.fill_task(signature, settings, child, place);
        let (ty, signature) = self.acting_as((ty, signature), &filled, child)?;
        if !signature.page_child {
            let what = format!("a `{}`", signature.name);
            self.not_in_page(child, name.span, &what);
            return None;
        }
        let mut shape = self.shape(signature, &filled);
        if filled.broken && matches!(signature.outcomes, Outcomes::Bounded(_)) {
            shape = Shape::Open;
        }
        if matches!(&shape, Shape::Named(names) if names.is_empty()) {
            self.report(
                Diagnostic::new(
                    codes::BAD_PAGE,
                    child.name.span,
                    format!(
                        "`{}` has no outcome and cannot stand in a page",
                        child.name.text
                    ),
                )
                .expected("a node that asks and goes on"),
            );
            return None;
        }
        let task = TaskPlan {
            ty,
            version,
            signature,
            filled,
        };
        Some((task, shape))
    }

    fn not_in_page(&mut self, child: &ast::Node, span: Span, what: &str) {
        self.report(
            Diagnostic::new(
                codes::BAD_PAGE,
                span,
                format!("{what} cannot stand in a page"),
            )
            .expected("a node that asks and goes on")
            .help(format!("move `{}` out of the page", child.name.text)),
        );
    }

    /// The outcomes of a child that is not last: the page goes on whichever it takes.
    fn passed_outcomes(
        &mut self,
        child: &'a ast::Node,
        task: &TaskPlan<'_>,
        shape: &Shape,
        place: Place<'_>,
    ) -> Vec<Arc<str>> {
        let besides = match shape {
            Shape::Named(names) => return names.iter().map(|(name, _)| Arc::clone(name)).collect(),
            Shape::Open => return Vec::new(),
            Shape::Authored(besides) => besides,
        };
        let Some(key) = derived(task.signature) else {
            if besides.is_empty() {
                return vec![self.word("outcome")];
            }
            return besides.clone();
        };
        let written = child.settings.iter().find(|s| s.key.text == key);
        let Some(written) = written else {
            if !self.is_broken(child.span) {
                self.unsaid_outcomes(child, task.signature, key);
            }
            return Vec::new();
        };
        let raw = self.raw(&written.value, place);
        let ty = Type::List(Arc::new(Type::Text));
        let what = format!("`{key}`");
        let list = match self.convert(&raw, Expect::of(&what, &ty)) {
            Converted::Value(SettingValue::Constant(Value::List(list))) => list,
            Converted::Value(_) | Converted::Open => {
                self.report(
                    Diagnostic::new(
                        codes::WRONG_TYPE,
                        written.value.span,
                        format!("{what} of a node in a page cannot depend on the run"),
                    )
                    .expected("outcomes that are known where the node is written"),
                );
                return Vec::new();
            }
            Converted::Broken => return Vec::new(),
        };
        let mut names: Vec<Arc<str>> = Vec::with_capacity(list.len());
        for name in list.iter().filter_map(Value::as_text) {
            if names.iter().any(|known| **known == *name) {
                self.report(
                    Diagnostic::new(
                        codes::DUPLICATE_OUTCOME,
                        written.value.span,
                        format!("outcome `{}` is named twice", crate::compile::clip(name)),
                    )
                    .expected("each outcome once"),
                );
                return Vec::new();
            }
            names.push(self.word(name));
        }
        if names.is_empty() {
            self.unsaid_outcomes(child, task.signature, key);
        }
        names.extend(besides.iter().cloned());
        names
    }

    fn unsaid_outcomes(&mut self, child: &ast::Node, signature: &Signature, key: &str) {
        self.report(
            Diagnostic::new(
                codes::BAD_PAGE,
                child.name.span,
                format!(
                    "`{}` is not the last of its page and does not say how it may end",
                    child.name.text
                ),
            )
            .expected(format!(
                "`{key} = [\"…\"]`: behind it the page goes on, whichever it is"
            ))
            .note(format!("it is of type `{}`", signature.name)),
        );
    }
}
