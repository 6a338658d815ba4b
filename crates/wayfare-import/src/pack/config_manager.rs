//! Folders as fr-config-manager writes them.
//!
//! In: a bundle. Out: a folder for each tree with a file for each node in it, a folder in that for each page,
//! and scripts with their texts beside.

use serde_json::{Value, json};

use crate::{
    bundle::{NodeId, Place, Tree},
    derive::designed,
    pack::{
        Packing,
        beside::Listed,
        files::{Files, folder_of, within},
        name, rest,
        script::Beside,
        tree::written,
    },
};

/// Packs trees in folders.
pub(super) fn pack(packing: &Packing<'_>, files: &mut Files) {
    for tree in packing.bundle.trees.values() {
        let realm = rest::folder(tree.realm.as_deref());
        let journeys = within(&realm, "journeys");
        let folder = within(&journeys, &name::part(&tree.name));
        let body = Value::Object(packing.tree(tree));
        files.json(&folder, &tree.name, ".json", &body);
        let nodes = within(&folder, "nodes");
        for (id, node) in written(tree) {
            let inner = match &node.place {
                Place::Page(page) => within(&nodes, &name::part(&file_name(tree, page))),
                Place::Tree | Place::Loose => nodes.clone(),
            };
            let value = packing.node(tree, id, node);
            files.json(&inner, &file_name(tree, id), ".json", &value);
        }
    }
    let realm = packing
        .bundle
        .trees
        .values()
        .find_map(|tree| tree.realm.as_deref());
    let realm = rest::folder(realm);
    let scripts = within(&realm, "scripts");
    let configs = within(&scripts, "scripts-config");
    let beside = Beside { from: scripts };
    for (id, script) in &packing.bundle.scripts {
        let record = Value::Object(packing.script(id, script, &beside, files));
        files.json(&configs, id, ".json", &record);
    }
    email_templates(packing, files);
    node_types(packing, files);
    let done = ["emailTemplates", "nodeTypes"];
    packing.things_beside("", &Listed::new(), &done, files);
}

/// Email templates, each in a folder of its own.
fn email_templates(packing: &Packing<'_>, files: &mut Files) {
    let templates = packing.bundle.besides.get("emailTemplates");
    for (id, template) in templates.into_iter().flatten() {
        let mut template = template.clone();
        if !packing.same
            && let Some(map) = template.as_object_mut()
        {
            let id = format!("emailTemplate/{id}");
            map.insert("_id".to_owned(), Value::String(id));
        }
        let folder = within("email-templates", &name::part(id));
        files.json(&folder, id, ".json", &template);
    }
}

/// Definitions of designers' nodes, each in a folder of its own with its script beside it.
fn node_types(packing: &Packing<'_>, files: &mut Files) {
    let types = packing.bundle.besides.get("nodeTypes");
    for (id, definition) in types.into_iter().flatten() {
        let mut definition = definition.clone();
        let shown = definition.get("displayName").and_then(Value::as_str);
        let shown = shown.unwrap_or(id).to_owned();
        let service = definition.get("serviceName").and_then(Value::as_str);
        if service != Some(&**id)
            && let Some(map) = definition.as_object_mut()
        {
            let id = Value::String(id.to_string());
            map.entry("_id").or_insert(id);
        }
        let folder = format!("custom-nodes/nodes/{}", name::part(&shown));
        if let Some(script) = definition.get("script").and_then(designed::script_text) {
            let path = files.path(&folder, &shown, ".js");
            let (_, file) = folder_of(&path);
            files.bytes(path, script.into_bytes());
            if let Some(map) = definition.as_object_mut() {
                map.insert("script".to_owned(), json!({ "file": file }));
            }
        }
        files.json(&folder, &shown, ".json", &definition);
    }
}

/// `<what people read> - <id>`.
fn file_name(tree: &Tree, id: &NodeId) -> String {
    let display = tree.nodes.get(id).and_then(|node| node.display.as_deref());
    format!("{} - {id}", display.unwrap_or_default())
}
