//! Trees as the product's interfaces answer them.
//!
//! In: a bundle. Out: a file for each tree, and beside it one with the list of its nodes.

use serde_json::{Map, Value};

use crate::{
    bundle::{NodeId, Tree},
    pack::{
        Packing,
        beside::{Listed, listed},
        files::{Files, within},
        name,
        tree::written,
    },
    read::{DETAILS, METADATA},
    spelling::entry::text,
};

/// Packs trees with their nodes beside them.
pub(super) fn pack(packing: &Packing<'_>, files: &mut Files) {
    for tree in packing.bundle.trees.values() {
        let folder = folder(tree.realm.as_deref());
        if packing.same && !tree.lists.is_empty() {
            let whole = Value::Object(detailed(packing, tree, files));
            files.json(&folder, &tree.name, ".json", &whole);
            continue;
        }
        let body = Value::Object(packing.tree(tree));
        files.json(&folder, &tree.name, ".json", &body);
        let nodes: Vec<Value> = written(tree)
            .map(|(id, node)| packing.node(tree, id, node))
            .collect();
        if !nodes.is_empty() {
            let count = Value::from(nodes.len());
            let list = Map::from_iter([
                ("resultCount".to_owned(), count),
                ("result".to_owned(), Value::Array(nodes)),
            ]);
            files.json(&folder, &tree.name, ".nodes.json", &Value::Object(list));
        }
    }
    let listed = if packing.same {
        listed(packing.bundle)
    } else {
        Listed::new()
    };
    packing.scripts_beside("", &listed, files);
    packing.things_beside("", &listed, &[], files);
}

/// A tree with the list of its nodes, whose settings stand in a member of their own.
fn detailed(packing: &Packing<'_>, tree: &Tree, files: &mut Files) -> Map<String, Value> {
    let mut whole = packing.export(tree, files);
    let Some(Value::Array(items)) = whole.get_mut("nodes") else {
        return whole;
    };
    for item in items {
        let id = item.get("_id").and_then(Value::as_str).unwrap_or_default();
        let id = NodeId(id.into());
        let (Some(node), Some(body)) = (tree.nodes.get(&id), item.as_object_mut()) else {
            continue;
        };
        let mut made = match node.record.get(METADATA) {
            Some(Value::Object(said)) => said.clone(),
            _ => Map::from_iter([
                ("_id".to_owned(), text(&id.0)),
                ("nodeType".to_owned(), text(&node.ty)),
            ]),
        };
        // what the list says of a node itself was put into its settings when it was read
        let ty = made.get("nodeType").cloned().unwrap_or_default();
        let own = Value::Object(Map::from_iter([("_id".to_owned(), ty)]));
        if body.get("_type") == Some(&own) {
            body.remove("_type");
            body.remove("_id");
        }
        made.insert(DETAILS.to_owned(), Value::Object(std::mem::take(body)));
        *item = Value::Object(made);
    }
    whole
}

/// The folder of a realm; none where no realm is named.
pub(super) fn folder(realm: Option<&str>) -> String {
    realm.map_or_else(String::new, |realm| within("realms", &name::realm(realm)))
}
