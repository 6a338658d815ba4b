//! A node as it is written: its type, its settings and its arrows.

use std::{collections::BTreeSet, sync::Arc};

use serde_json::{Map, Value as Json};
use wayfare::{Signature, model::signature::Known, spelling};

use super::{
    draft::{DraftArm, DraftNode},
    foreign,
    setting::{Filled, Of, id_of},
    shape::{self, Shape},
    text,
    tree::{Cx, is_true, listed, nowhere, shown},
    whole::{INNER, called},
};
use crate::{
    bundle::{Node, NodeId},
    finding::Code,
};

/// The type of pages.
const PAGE: &str = "PageNode";
/// The setting of a type that acts as another one which says as which.
const NODE_TYPE: &str = "nodeType";

/// A node without its arrows: what it is, and how its outcomes come about.
pub(super) struct Task {
    pub(super) node: DraftNode,
    pub(super) shape: Shape,
    /// What stands in the list of outcomes that the author writes.
    pub(super) authored: Vec<String>,
}

impl<'a> Cx<'_, 'a> {
    /// A node of the tree itself.
    pub(super) fn node(&mut self, id: &NodeId, node: &'a Node) -> DraftNode {
        let name = self.names.get(id).cloned().unwrap_or_default();
        let of_page = &*node.ty == PAGE && node.found;
        if of_page {
            return self.page(id, node, name);
        }
        let task = if &*node.ty == INNER && node.found {
            self.inner(id, node, &name)
        } else {
            self.task(node, &name, false)
        };
        self.wired(node, id, name, task)
    }

    /// Gives a node its name and its arrows.
    pub(super) fn wired(
        &mut self,
        node: &Node,
        id: &NodeId,
        name: Arc<str>,
        task: Task,
    ) -> DraftNode {
        let shown = shown(node);
        let arms = self.arms(node, &task, "", &shown);
        DraftNode {
            id: Some(id.clone()),
            name,
            wire: Arc::clone(&node.ty),
            arms,
            ..task.node
        }
    }

    /// What a node is that is neither a page nor runs a tree.
    pub(super) fn task(&mut self, node: &'a Node, word: &str, in_page: bool) -> Task {
        let shown = shown(node);
        let of = Of {
            shown: &shown,
            word,
            id: id_of(node),
        };
        if !node.found {
            self.find(
                Code::MissingNode,
                Some(&shown),
                format!(
                    "the settings of this `{}` did not come along",
                    text::remark(&node.ty)
                ),
                None,
            );
            return unavailable(node, "its settings did not come along");
        }
        let catalog = self.whole.catalog;
        let found = catalog.find_wire(&node.ty).and_then(|ty| catalog.get(ty));
        let Some(signature) = found.cloned() else {
            return self.foreign(node, of);
        };
        if matches!(
            &*signature.name,
            "Decision" | "Unavailable" | "Page" | "InnerTreeEvaluator"
        ) {
            let message = format!("a `{}` cannot stand here", text::remark(&node.ty));
            self.find(Code::BadPage, Some(&shown), message, None);
            return unavailable(node, "it cannot stand here");
        }
        if in_page && (!signature.page_child || signature.suspends == Known::Is(true)) {
            let message = format!("a `{}` cannot stand in a page", signature.name);
            self.find(Code::BadPage, Some(&shown), message, None);
            return unavailable(node, "it cannot stand in a page");
        }
        self.known(node, &signature, of)
    }

    fn known(&mut self, node: &Node, signature: &Signature, of: Of<'_>) -> Task {
        let Some(ty) = versioned(node, signature) else {
            let version = node.type_version().unwrap_or_default();
            let message = format!(
                "`{}` has no version `{}`",
                signature.name,
                text::remark(version)
            );
            self.find(Code::BadValue, Some(of.shown), message, None);
            return unavailable(node, "its version is not known");
        };
        let filled = self.fill(signature, &node.settings, of);
        if !filled.missing.is_empty() {
            let keys: Vec<String> = filled
                .missing
                .iter()
                .map(|key| format!("`{key}`"))
                .collect();
            let what = keys.join(", ");
            self.find(
                Code::BadValue,
                Some(of.shown),
                format!("`{}` has no value for {what}", signature.name),
                None,
            );
            return unavailable(node, &format!("it has no value for {what}"));
        }
        let shape = if signature.name == "ConfigProvider" {
            let acts_as = node.settings.get(NODE_TYPE).and_then(Json::as_str);
            let names = acts_as.and_then(|wire| shape::provided(self.whole.catalog, wire));
            let Some(names) = names else {
                let wire = text::remark(acts_as.unwrap_or_default());
                let message = format!("the settings of a `{wire}` cannot be made by a script");
                self.find(Code::BadValue, Some(of.shown), message, None);
                return unavailable(node, "its type cannot be configured by a script");
            };
            Shape::Named(names)
        } else {
            shape::shape(signature, &filled.values)
        };
        let authored = authored(node, &shape);
        made(ty, filled, shape, authored)
    }

    /// A node of a type that nobody knows.
    fn foreign(&mut self, node: &Node, of: Of<'_>) -> Task {
        let shown_type = text::remark(&node.ty);
        let ty = self.whole.foreign.get(&node.ty).cloned();
        // A type that came along with its script runs: nothing is amiss.
        if ty.as_ref().is_none_or(|ty| ty.designed.is_none()) {
            let (message, help) = if node.ty.starts_with("designer-") {
                (
                    format!("the definition of its type `{shown_type}` did not come along"),
                    "export the custom nodes too; until then a handler outside does its work",
                )
            } else {
                (
                    format!("there is no node type `{shown_type}`"),
                    "it is declared in `externs.journey`; a handler outside does its work",
                )
            };
            self.find(
                Code::UnknownNodeType,
                Some(of.shown),
                message,
                Some(help.to_owned()),
            );
        }
        let Some(ty) = ty else {
            return unavailable(node, "its type is not known");
        };
        self.declares = true;
        let settings: Vec<wayfare::Setting> = ty
            .settings
            .iter()
            .map(|(key, seen)| seen.setting(key))
            .collect();
        let signature = Signature {
            settings: settings.into(),
            ..Signature::new(ty.name.to_string(), ty.wire.to_string())
        };
        let known: Map<String, Json> = node
            .settings
            .iter()
            .filter(|(key, value)| !value.is_null() && ty.settings.contains_key(*key))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let filled = self.fill(&signature, &known, of);
        for (key, value) in &node.settings {
            if !value.is_null() && !ty.settings.contains_key(key) && !is_empty(value) {
                let message = format!("setting `{}` cannot be declared", text::remark(key));
                self.find(Code::UnknownSetting, Some(of.shown), message, None);
            }
        }
        let shape = match &ty.outcomes {
            Some(names) => Shape::Named(names.clone()),
            None => Shape::Authored {
                setting: None,
                besides: Vec::new(),
            },
        };
        let authored = match &shape {
            Shape::Named(_) => Vec::new(),
            Shape::Authored { .. } => foreign::outcomes_of(node),
        };
        made(ty.name.to_string(), filled, shape, authored)
    }

    /// A node that runs another tree.
    fn inner(&mut self, id: &NodeId, node: &Node, word: &str) -> Task {
        let shown = shown(node);
        let of = Of {
            shown: &shown,
            word,
            id: id_of(node),
        };
        let shows_error = is_true(node.settings.get("displayErrorOutcome"));
        let mut outcomes = vec!["true".to_owned(), "false".to_owned()];
        if shows_error {
            outcomes.push("error".to_owned());
        }
        let tree = called(node);
        let journey = tree.and_then(|tree| self.whole.journeys.get(tree)).cloned();
        let (Some(tree), Some(journey)) = (tree, journey) else {
            let called = tree.map(text::remark).unwrap_or_default();
            self.find(
                Code::MissingInnerTree,
                Some(of.shown),
                format!("inner tree `{called}` did not come along"),
                None,
            );
            return unavailable(node, "its inner tree is not named");
        };
        if self
            .whole
            .circles
            .contains(&(Arc::clone(&self.tree.name), id.clone()))
        {
            let called = text::remark(tree);
            self.find(
                Code::InnerTreeCycle,
                Some(of.shown),
                format!("inner tree `{called}` leads back here"),
                None,
            );
            return unavailable(node, &format!("inner tree `{called}` leads back here"));
        }
        if self.whole.absent.contains(tree) {
            let known = self.whole.bundle.trees.keys().map(|name| &**name);
            let meant = spelling::nearest(tree, known);
            let help = meant.map(|meant| format!("did you mean `{}`?", text::remark(meant)));
            self.find(
                Code::MissingInnerTree,
                Some(of.shown),
                format!("inner tree `{}` did not come along", text::remark(tree)),
                help,
            );
        }
        self.calls.insert(Arc::clone(&journey));
        Task {
            node: DraftNode {
                ty: format!("journey {journey}"),
                ..DraftNode::default()
            },
            shape: Shape::Named(outcomes),
            authored: Vec::new(),
        }
    }

    fn page(&mut self, id: &NodeId, node: &'a Node, name: Arc<str>) -> DraftNode {
        super::page::page(self, id, node, name)
    }

    /// The arrows of a node; `prefix` is what its outcomes begin with in the export, and not here.
    pub(super) fn arms(
        &mut self,
        node: &Node,
        task: &Task,
        prefix: &str,
        shown: &str,
    ) -> Vec<DraftArm> {
        let listed = listed(node);
        let own: Vec<&str> = listed
            .iter()
            .filter_map(|outcome| outcome.strip_prefix(prefix))
            .collect();
        let is_authored = matches!(task.shape, Shape::Authored { .. });
        let names: Vec<String> = match &task.shape {
            Shape::Named(names) => {
                let first = own
                    .iter()
                    .filter(|own| names.iter().any(|name| name == *own));
                let mut made: Vec<String> = first.map(|own| (*own).to_owned()).collect();
                for name in names {
                    if !made.contains(name) {
                        made.push(name.clone());
                    }
                }
                made
            }
            Shape::Authored { besides, .. } => {
                let mut made = task.authored.clone();
                made.extend(
                    besides
                        .iter()
                        .filter(|name| !task.authored.contains(name))
                        .cloned(),
                );
                let mut seen = BTreeSet::new();
                made.retain(|name| seen.insert(name.clone()));
                made
            }
        };
        let is_listed = |name: &str| {
            !node.outcomes().is_empty() && own.contains(&name) || node.outcomes().is_empty()
        };
        let mut arms: Vec<DraftArm> = Vec::new();
        for name in &names {
            let wired = node.connections.get(&*format!("{prefix}{name}"));
            let target = if let Some(to) = wired {
                self.target(to, name, shown)
            } else {
                if is_listed(name) {
                    let message = format!("outcome `{name}` leads nowhere");
                    self.find(Code::UnwiredOutcome, Some(shown), message, None);
                }
                super::tree::Target {
                    remark: None,
                    ..nowhere("")
                }
            };
            push(&mut arms, text::outcome(name), target, is_authored);
        }
        for outcome in node.connections.keys() {
            let own = outcome.strip_prefix(prefix);
            if own.is_some_and(|own| names.iter().any(|name| name == own)) {
                continue;
            }
            let meant = spelling::nearest(own.unwrap_or(outcome), names.iter().map(String::as_str));
            let help = meant.map(|meant| format!("did you mean `{meant}`?"));
            self.find(
                Code::UnknownOutcome,
                Some(shown),
                format!("there is no outcome `{}`", text::remark(outcome)),
                help,
            );
        }
        if names.is_empty() && is_authored {
            let target = nowhere("it has no outcomes");
            push(&mut arms, "outcome".to_owned(), target, true);
        }
        if let ([_], [arm], false) = (names.as_slice(), arms.as_mut_slice(), is_authored) {
            arm.outcomes.clear();
        }
        arms
    }
}

/// Adds an outcome to the arm that leads where it leads: any such arm, or where the order of outcomes says
/// something the last one only.
fn push(arms: &mut Vec<DraftArm>, outcome: String, target: super::tree::Target, in_order: bool) {
    let same = |arm: &&mut DraftArm| arm.target == target.name && arm.remark == target.remark;
    let found = if in_order {
        arms.last_mut().filter(same)
    } else {
        arms.iter_mut().find(same)
    };
    match found {
        Some(arm) => arm.outcomes.push(outcome),
        None => arms.push(DraftArm {
            outcomes: vec![outcome],
            target: target.name,
            remark: target.remark,
        }),
    }
}

fn made(ty: String, filled: Filled, shape: Shape, authored: Vec<String>) -> Task {
    Task {
        node: DraftNode {
            ty,
            settings: filled.written,
            ..DraftNode::default()
        },
        shape,
        authored,
    }
}

/// The node that stands for one that cannot be brought along: with its arrows, and failing.
pub(super) fn unavailable(node: &Node, why: &str) -> Task {
    Task {
        node: DraftNode {
            ty: "Unavailable".to_owned(),
            settings: vec![
                ("type".to_owned(), text::quoted(&text::remark(&node.ty))),
                ("why".to_owned(), text::quoted(why)),
            ],
            ..DraftNode::default()
        },
        shape: Shape::Authored {
            setting: None,
            besides: Vec::new(),
        },
        authored: foreign::outcomes_of(node),
    }
}

/// The outcomes that an author lists in a setting.
fn authored(node: &Node, shape: &Shape) -> Vec<String> {
    let Shape::Authored { setting, besides } = shape else {
        return Vec::new();
    };
    let list = setting
        .as_deref()
        .and_then(|key| node.settings.get(key))
        .and_then(Json::as_array);
    match list {
        Some(list) => list
            .iter()
            .filter_map(Json::as_str)
            .map(str::to_owned)
            .collect(),
        None => foreign::outcomes_of(node)
            .into_iter()
            .filter(|name| !besides.contains(name))
            .collect(),
    }
}

/// The type with its version, where it is not the first.
pub(super) fn versioned(node: &Node, signature: &Signature) -> Option<String> {
    let number = match node.type_version() {
        None | Some("") => 1,
        Some(version) => {
            let whole = version.split('.').next().unwrap_or_default();
            whole.parse::<u32>().ok()?
        }
    };
    if number == 1 {
        Some(signature.name.to_string())
    } else if signature.versions.contains(&number) {
        Some(format!("{}@{number}", signature.name))
    } else {
        None
    }
}

fn is_empty(json: &Json) -> bool {
    match json {
        Json::Array(list) => list.is_empty(),
        Json::Object(map) => map.is_empty(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => false,
    }
}
