//! A page as it is written: its children in their order, and the arrows of the last one.

use std::sync::Arc;

use super::{
    draft::DraftNode,
    foreign,
    node::{Task, unavailable, versioned},
    setting::{Of, id_of},
    shape::Shape,
    text,
    tree::{Cx, shown},
    whole::INNER,
};
use crate::{
    bundle::{Node, NodeId},
    finding::Code,
};

/// Writes a page.
pub(super) fn page<'a>(
    cx: &mut Cx<'_, 'a>,
    id: &NodeId,
    node: &'a Node,
    name: Arc<str>,
) -> DraftNode {
    let shown_page = shown(node);
    let catalog = cx.whole.catalog;
    let signature = catalog.find("Page").and_then(|ty| catalog.get(ty)).cloned();
    let Some(signature) = signature else {
        return cx.wired(node, id, name, unavailable(node, "pages are not known"));
    };
    let Some(ty) = versioned(node, &signature) else {
        let message = "this version of a page is not known";
        cx.find(Code::BadValue, Some(&shown_page), message, None);
        return cx.wired(node, id, name, unavailable(node, message));
    };
    if node.children.is_empty() {
        cx.find(
            Code::EmptyPage,
            Some(&shown_page),
            "the page has no nodes",
            None,
        );
        return cx.wired(node, id, name, unavailable(node, "the page has no nodes"));
    }
    let is_second = ty.ends_with("@2");
    let word = name.to_string();
    let of = Of {
        shown: &shown_page,
        word: &word,
        id: id_of(node),
    };
    let filled = cx.fill(&signature, &node.settings, of);
    let mut children: Vec<DraftNode> = Vec::new();
    let mut last: Option<(Task, String)> = None;
    let count = node.children.len();
    for (at, child_id) in node.children.iter().enumerate() {
        let (mut task, own) = child(cx, id, child_id, &name, at);
        if at + 1 < count {
            passed(&mut task);
        }
        let mut written = std::mem::take(&mut task.node);
        written.id = Some(child_id.clone());
        written.name = Arc::from(own.as_str());
        children.push(written);
        last = Some((task, own));
    }
    let last_id = node.children.last();
    let (prefix, here) = match (&last, last_id) {
        (Some((_, own)), Some(id)) if is_second => (format!("{}-", id.0), format!("{own}-")),
        _ => (String::new(), String::new()),
    };
    let arms = last.map_or_else(Vec::new, |(mut task, _)| {
        if matches!(task.shape, Shape::Authored { .. }) && task.authored.is_empty() {
            let own = foreign::outcomes_of(node).into_iter();
            let own = own.filter_map(|name| name.strip_prefix(&*prefix).map(str::to_owned));
            task.authored = own.collect();
        }
        let mut arms = cx.arms(node, &task, &prefix, &shown_page);
        if !here.is_empty() {
            for outcome in arms.iter_mut().flat_map(|arm| &mut arm.outcomes) {
                let plain = outcome.trim_matches('"');
                *outcome = if plain.len() == outcome.len() {
                    text::outcome(&format!("{here}{outcome}"))
                } else {
                    format!("\"{here}{}", outcome.get(1..).unwrap_or_default())
                };
            }
        }
        arms
    });
    DraftNode {
        id: Some(id.clone()),
        name,
        ty,
        wire: Arc::clone(&node.ty),
        settings: filled.written,
        children,
        arms,
        ..DraftNode::default()
    }
}

/// A child of a page, and its name in it.
fn child(
    cx: &mut Cx<'_, '_>,
    page: &NodeId,
    id: &NodeId,
    page_name: &str,
    at: usize,
) -> (Task, String) {
    let path = cx.paths.get(id).cloned();
    let own = path.as_deref().and_then(|path| path.split_once('.'));
    let own = own.map_or_else(|| format!("missing_{}", at + 1), |(_, own)| own.to_owned());
    let Some(node) = cx.child(page, id) else {
        let shown = text::remark(&id.0);
        cx.find(
            Code::MissingNode,
            Some(page_name),
            format!("the page names `{shown}`, which did not come along"),
            None,
        );
        let nobody = Node::default();
        return (unavailable(&nobody, "it did not come along"), own);
    };
    if &*node.ty == INNER && node.found {
        let shown = shown(node);
        cx.find(
            Code::BadPage,
            Some(&shown),
            "an inner tree cannot stand in a page",
            None,
        );
        return (
            unavailable(node, "an inner tree cannot stand in a page"),
            own,
        );
    }
    let word = format!("{page_name}_{own}");
    (cx.task(node, &word, true), own)
}

/// A child that is not the last: the page goes on behind it whatever it ends in, so that no arms say how.
fn passed(task: &mut Task) {
    if task.authored.is_empty() {
        task.authored.push("outcome".to_owned());
    }
    if let Shape::Authored {
        setting: Some(key), ..
    } = &task.shape
    {
        let list: Vec<String> = task
            .authored
            .iter()
            .map(|name| text::quoted(name))
            .collect();
        task.node
            .settings
            .push((key.clone(), format!("[{}]", list.join(", "))));
    }
}
