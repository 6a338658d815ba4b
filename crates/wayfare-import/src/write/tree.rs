//! A tree as a journey.
//!
//! In: a tree and what all trees share. Out: a draft in which every arrow leads somewhere, with the nodes
//! in the order in which a reader meets them, and findings about what the product would have let pass. A
//! run that fails in the product at some place fails there here too.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use serde_json::Value as Json;
use wayfare::spelling;

use super::{
    draft::{Draft, DraftNode, Param},
    ident::{self, Taken},
    text,
    whole::{Whole, is_groovy, is_wire_name},
};
use crate::{
    bundle::{Node, NodeId, Place, Tree},
    finding::{Code, Finding},
};

/// A tree that is being written.
#[derive(Debug)]
pub(super) struct Cx<'w, 'a> {
    pub(super) whole: &'w mut Whole<'a>,
    pub(super) tree: &'a Tree,
    pub(super) params: BTreeMap<Arc<str>, Param>,
    pub(super) findings: Vec<Finding>,
    /// The names of the nodes of the tree itself.
    pub(super) names: BTreeMap<NodeId, Arc<str>>,
    /// The paths of nodes, those in pages included.
    pub(super) paths: BTreeMap<NodeId, Arc<str>>,
    pub(super) calls: BTreeSet<Arc<str>>,
    pub(super) declares: bool,
}

/// A journey with what was noticed on the way.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) draft: Draft,
    pub(super) findings: Vec<Finding>,
    pub(super) paths: BTreeMap<NodeId, Arc<str>>,
}

/// Where an arrow leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) name: Arc<str>,
    /// A comment behind the arrow.
    pub(super) remark: Option<String>,
}

/// Writes a tree.
pub(super) fn tree(whole: &mut Whole<'_>, name: &Arc<str>) -> Option<Written> {
    let bundle = whole.bundle;
    let tree = bundle.trees.get(name)?;
    let journey = whole.journeys.get(name).cloned()?;
    let mut cx = Cx {
        whole,
        tree,
        params: BTreeMap::new(),
        findings: Vec::new(),
        names: BTreeMap::new(),
        paths: BTreeMap::new(),
        calls: BTreeSet::new(),
        declares: false,
    };
    let wire = cx.wire_name(&journey);
    let order = cx.order();
    cx.name_nodes(&order);
    let (start, entry) = cx.entry();
    let mut nodes: Vec<DraftNode> = entry.into_iter().collect();
    for id in &order {
        if let Some(node) = tree.nodes.get(id) {
            nodes.push(cx.node(id, node));
        }
    }
    let settings = cx.journey_settings();
    cx.loose();
    let draft = Draft {
        tree: Arc::clone(name),
        journey,
        wire,
        remark: None,
        params: cx.params,
        settings,
        start,
        nodes,
        allows: BTreeSet::new(),
        calls: cx.calls,
        declares: cx.declares,
    };
    Some(Written {
        draft,
        findings: cx.findings,
        paths: cx.paths,
    })
}

impl<'a> Cx<'_, 'a> {
    /// Notes something about this tree.
    pub(super) fn find(
        &mut self,
        code: Code,
        node: Option<&str>,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        let mut finding = Finding::new(code, message).tree(Arc::clone(&self.tree.name));
        finding.node = node.map(Arc::from);
        finding.help = help;
        self.findings.push(finding);
    }

    fn wire_name(&mut self, journey: &Arc<str>) -> Arc<str> {
        let name = &self.tree.name;
        if is_wire_name(name) {
            return Arc::clone(name);
        }
        let shown = text::remark(name);
        self.find(
            Code::UnsafeName,
            None,
            format!("`{shown}` cannot be the name of a journey"),
            Some(format!("it is called `{journey}`")),
        );
        Arc::clone(journey)
    }

    /// The nodes of the tree itself as a reader meets them: from the entry, then from what nothing leads
    /// to, then the rest.
    fn order(&self) -> Vec<NodeId> {
        let of_tree = |id: &&NodeId| {
            let node = self.tree.nodes.get(*id);
            node.is_some_and(|node| node.place == Place::Tree) && !id.is_end()
        };
        let mut led_to: BTreeSet<&NodeId> = BTreeSet::new();
        for (id, node) in &self.tree.nodes {
            led_to.extend(node.connections.values().filter(|to| *to != id));
        }
        let mut rest: Vec<&NodeId> = self.tree.nodes.keys().filter(of_tree).collect();
        rest.sort_by_key(|id| {
            let node = self.tree.nodes.get(*id);
            let shown = node.map(|node| (node.display.as_ref(), &node.ty));
            (led_to.contains(id), shown, *id)
        });
        let entry = self.tree.entry.iter().filter(of_tree);
        let mut seen: BTreeSet<&NodeId> = BTreeSet::new();
        let mut made = Vec::new();
        for root in entry.chain(rest) {
            let mut open: VecDeque<&NodeId> = VecDeque::from([root]);
            while let Some(id) = open.pop_front() {
                if !seen.insert(id) {
                    continue;
                }
                made.push(id.clone());
                let Some(node) = self.tree.nodes.get(id) else {
                    continue;
                };
                for outcome in listed(node) {
                    let to = node.connections.get(&*outcome);
                    let known = to.and_then(|to| self.tree.nodes.get_key_value(to));
                    open.extend(known.map(|(to, _)| to).filter(of_tree));
                }
            }
        }
        made
    }

    fn name_nodes(&mut self, order: &[NodeId]) {
        let mut taken = Taken::default();
        for id in order {
            let Some(node) = self.tree.nodes.get(id) else {
                continue;
            };
            let name = taken.take(&word(node), "node");
            self.paths.insert(id.clone(), Arc::clone(&name));
            self.names.insert(id.clone(), Arc::clone(&name));
            let mut inside = Taken::default();
            for child in &node.children {
                let Some(node) = self.child(id, child) else {
                    continue;
                };
                let own = inside.take(&word(node), "node");
                self.paths
                    .insert(child.clone(), Arc::from(format!("{name}.{own}")));
            }
        }
    }

    /// A node that stands in a page.
    pub(super) fn child(&self, page: &NodeId, child: &NodeId) -> Option<&'a Node> {
        let node = self.tree.nodes.get(child)?;
        (node.place == Place::Page(page.clone())).then_some(node)
    }

    /// Where the journey starts, and the node that is made for it where the tree starts at none.
    fn entry(&mut self) -> (Arc<str>, Option<DraftNode>) {
        let entry = self.tree.entry.clone();
        if let Some(name) = entry.as_ref().and_then(|id| self.names.get(id)) {
            return (Arc::clone(name), None);
        }
        let target = match &entry {
            Some(id) if id.is_end() => Target {
                name: Arc::from(end(id)),
                remark: None,
            },
            Some(id) => {
                let shown = text::remark(&id.0);
                let help = self.meant(id);
                self.find(
                    Code::MissingEntry,
                    None,
                    format!("the tree begins at `{shown}`, which is not there"),
                    help,
                );
                nowhere("the tree begins at a node that is not there")
            }
            None => {
                self.find(
                    Code::MissingEntry,
                    None,
                    "the tree does not say where it begins",
                    None,
                );
                nowhere("the tree does not say where it begins")
            }
        };
        let taken = |name: &str| self.names.values().any(|known| **known == *name);
        let name: Arc<str> = ["begin", "begin_here", "where_it_begins"]
            .into_iter()
            .find(|name| !taken(name))
            .map_or_else(
                || Arc::from(format!("begin_{}", self.names.len() + 2)),
                Arc::from,
            );
        let node = DraftNode {
            name: Arc::clone(&name),
            ty: "Decision".to_owned(),
            arms: vec![super::draft::DraftArm {
                outcomes: vec!["else".to_owned()],
                target: target.name,
                remark: target.remark,
            }],
            ..DraftNode::default()
        };
        (name, Some(node))
    }

    /// Where an arrow to this id leads; a finding where there is no such node.
    pub(super) fn target(&mut self, to: &NodeId, outcome: &str, shown: &str) -> Target {
        if to.is_end() {
            return Target {
                name: Arc::from(end(to)),
                remark: None,
            };
        }
        if let Some(name) = self.names.get(to) {
            return Target {
                name: Arc::clone(name),
                remark: None,
            };
        }
        let help = self.meant(to);
        let to = text::remark(&to.0);
        self.find(
            Code::DanglingEdge,
            Some(shown),
            format!("outcome `{outcome}` leads to `{to}`, which is not there"),
            help,
        );
        nowhere("led to a node that is not there")
    }

    /// The node that an id was most likely meant to be.
    fn meant(&self, id: &NodeId) -> Option<String> {
        if let Some(node) = self.tree.nodes.get(id) {
            return Some(match &node.place {
                Place::Page(page) => {
                    let page = self.names.get(page).map_or("a page", |name| name);
                    format!("it stands in `{page}`")
                }
                Place::Tree | Place::Loose => {
                    "the export brings it, and the tree does not name it".to_owned()
                }
            });
        }
        let known = self.names.keys().map(|id| &*id.0);
        let meant = spelling::nearest(&id.0, known)?;
        let name = self.names.get(&NodeId(Arc::from(meant)))?;
        Some(format!(
            "did you mean `{name}` (`{}`)?",
            text::remark(meant)
        ))
    }

    /// Says which nodes nobody names.
    fn loose(&mut self) {
        let loose: Vec<String> = self
            .tree
            .nodes
            .values()
            .filter(|node| node.place == Place::Loose)
            .map(shown)
            .collect();
        for shown in loose {
            self.find(
                Code::OrphanNode,
                Some(&shown),
                "neither the tree nor a page of it names this node",
                None,
            );
        }
    }

    /// A script as the value of a setting.
    pub(super) fn script(&mut self, named: &str, shown: &str) -> String {
        let path = if let Some((id, script)) = self.whole.script(named) {
            if is_groovy(script) {
                let message = format!("script `{}` is in Groovy", text::remark(&script.name));
                let help = "write it anew in JavaScript".to_owned();
                self.find(Code::GroovyScript, Some(shown), message, Some(help));
            }
            self.whole.scripts.get(id).cloned().unwrap_or_default()
        } else {
            let message = match named {
                "[Empty]" => "no script was chosen".to_owned(),
                named => format!("script `{}` did not come along", text::remark(named)),
            };
            self.find(Code::MissingScript, Some(shown), message, None);
            self.whole.absent_script(named, shown)
        };
        format!("file({})", text::quoted(&path))
    }

    fn journey_settings(&mut self) -> Vec<(String, String)> {
        super::journey::settings(self)
    }
}

/// The outcomes of a node in the order in which it lists them, then those that it wires besides.
pub(super) fn listed(node: &Node) -> Vec<Arc<str>> {
    let mut made: Vec<Arc<str>> = Vec::new();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let listed = node.outcomes();
    for id in listed.iter().map(|(id, _)| *id) {
        if seen.insert(id) {
            made.push(Arc::from(id));
        }
    }
    for id in node.connections.keys() {
        if !seen.contains(&**id) {
            made.push(Arc::clone(id));
        }
    }
    made
}

/// The word of the language for an end.
fn end(id: &NodeId) -> &'static str {
    if &*id.0 == NodeId::SUCCESS {
        "success"
    } else {
        "failure"
    }
}

pub(super) fn nowhere(why: &str) -> Target {
    Target {
        name: Arc::from("nowhere"),
        remark: Some(why.to_owned()),
    }
}

/// A node as people read it.
pub(super) fn shown(node: &Node) -> String {
    let display = node
        .display
        .as_deref()
        .filter(|name| !name.trim().is_empty());
    text::remark(display.unwrap_or(&node.ty))
}

/// The word for a node: from what people read, else from its type.
fn word(node: &Node) -> String {
    let short = |word: String| match word.strip_suffix("_node") {
        Some(short) if !short.is_empty() => short.to_owned(),
        _ => word,
    };
    let display = node.display.as_deref().map(ident::snake).map(short);
    if let Some(word) = display.filter(|word| !word.is_empty() && word != "node") {
        return word;
    }
    let ty = node.ty.strip_prefix("product-").unwrap_or(&node.ty);
    if ty.starts_with("designer-") {
        return "designed".to_owned();
    }
    short(ident::snake(ty))
}

/// Whether a JSON value says yes.
pub(super) fn is_true(json: Option<&Json>) -> bool {
    match json {
        Some(Json::Bool(value)) => *value,
        Some(Json::String(text)) => text == "true",
        _ => false,
    }
}
