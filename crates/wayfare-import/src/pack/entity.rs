//! Entities in files of their own, each with what it is beside it.
//!
//! In: a bundle. Out: `{metadata, data}` as Amster writes it, or as the product keeps its configuration in
//! files.

use serde_json::{Value, json};

use crate::{
    bundle::Form,
    pack::{
        Packing,
        beside::Listed,
        files::{Files, within},
        name,
        script::{Beside, SERVICE},
        tree::{TREES, written},
    },
    read::METADATA,
};

/// The names that Amster has for entities of node types, where they are others than those of the types.
const ENTITIES: &[(&str, &str)] = &[
    ("AcceptTermsAndConditionsNode", "AcceptTermsAndConditions"),
    ("AnonymousUserNode", "AnonymousUserMapping"),
    ("ChoiceCollectorNode", "ChoiceCollector"),
    ("DataStoreDecisionNode", "DataStoreDecision"),
    ("InnerTreeEvaluatorNode", "InnerTreeEvaluator"),
    (
        "OneTimePasswordCollectorDecisionNode",
        "OTPCollectorDecision",
    ),
    ("OneTimePasswordGeneratorNode", "HOTPGenerator"),
    ("OneTimePasswordSmtpSenderNode", "OTPEmailSender"),
    ("PasswordCollectorNode", "PasswordCollector"),
    ("PushAuthenticationSenderNode", "PushSender"),
    (
        "RecoveryCodeCollectorDecisionNode",
        "RecoveryCodeCollectorDecision",
    ),
    ("ScriptedDecisionNode", "ScriptedDecision"),
    ("SocialFacebookNode", "SocialFacebook"),
    ("SocialGoogleNode", "SocialGoogle"),
    ("UsernameCollectorNode", "UsernameCollector"),
];

/// What an entity is.
struct Kind<'a> {
    /// Its name in Amster.
    amster: &'a str,
    /// The service that it is of in configuration in files, and the folders and the id within.
    service: &'a str,
    within: &'a str,
    level: &'a str,
}

/// Packs everything as entities.
pub(super) fn pack(packing: &Packing<'_>, files: &mut Files) {
    let bundle = packing.bundle;
    let mut first_realm = None;
    for tree in bundle.trees.values() {
        let realm = tree.realm.as_deref().unwrap_or("/");
        first_realm.get_or_insert(realm);
        let kind = Kind {
            amster: "AuthTree",
            service: TREES,
            within: "",
            level: "tree",
        };
        let data = Value::Object(packing.tree(tree));
        let metadata = tree.meta.get(METADATA);
        put(packing, &kind, realm, &tree.name, metadata, &data, files);
        for (id, node) in written(tree) {
            let own = ENTITIES.iter().find(|(ty, _)| *ty == &*node.ty);
            let kind = Kind {
                amster: own.map_or(&*node.ty, |(_, name)| *name),
                service: &node.ty,
                within: "",
                level: "instance",
            };
            let data = packing.node(tree, id, node);
            let metadata = node.record.get(METADATA);
            put(packing, &kind, realm, &id.0, metadata, &data, files);
        }
    }
    let realm = first_realm.unwrap_or("/");
    for (id, script) in &bundle.scripts {
        let kind = Kind {
            amster: "Scripts",
            service: SERVICE,
            within: "scriptConfigurations/",
            level: "scriptConfiguration",
        };
        let metadata = script.record.get(METADATA);
        let folder = folder(packing, &kind, realm, metadata);
        let beside = Beside { from: folder };
        let data = packing.script(id, script, &beside, files);
        put(
            packing,
            &kind,
            realm,
            id,
            metadata,
            &Value::Object(data),
            files,
        );
    }
    packing.things_beside("", &Listed::new(), &[], files);
}

fn of_metadata<'m>(metadata: Option<&'m Value>, key: &str) -> Option<&'m str> {
    metadata
        .and_then(|metadata| metadata.get(key))
        .and_then(Value::as_str)
}

/// The folder of an entity.
fn folder(packing: &Packing<'_>, kind: &Kind<'_>, realm: &str, metadata: Option<&Value>) -> String {
    let metadata = metadata.filter(|_| packing.same);
    let realm = of_metadata(metadata, "realm").unwrap_or(realm);
    let said = of_metadata(metadata, "entityType");
    if packing.form == Form::FileBased {
        let service = name::part(&said.unwrap_or(kind.service).to_lowercase());
        let realm = name::part(&name::exported_realm(realm));
        let folder = format!("realm/{realm}/{service}/1.0/organizationconfig/default");
        let inner = kind.within.trim_end_matches('/').to_lowercase();
        if inner.is_empty() {
            folder
        } else {
            within(&folder, &inner)
        }
    } else {
        let realm = name::part(&name::exported_realm(realm));
        format!("realms/{realm}/{}", name::part(said.unwrap_or(kind.amster)))
    }
}

/// Writes an entity.
fn put(
    packing: &Packing<'_>,
    kind: &Kind<'_>,
    realm: &str,
    id: &str,
    metadata: Option<&Value>,
    data: &Value,
    files: &mut Files,
) {
    let folder = folder(packing, kind, realm, metadata);
    let kept = metadata.filter(|_| packing.same).cloned();
    let (metadata, file) = if packing.form == Form::FileBased {
        let of_files = || {
            let entity = format!("default/{}{id}", kind.within);
            let ou = entity
                .rsplit('/')
                .map(|part| format!("ou={part}"))
                .collect::<Vec<_>>();
            let uid = format!(
                "{},ou=OrganizationConfig,ou=1.0,ou={},ou=services,ou=am-config",
                ou.join(","),
                kind.service
            );
            json!({
                "realm": realm,
                "entityType": kind.service,
                "entityId": entity,
                "uid": uid,
                "sunServiceID": kind.level,
                "objectClass": ["top", "sunServiceComponent"],
                "pathParams": {},
                "ou": null,
            })
        };
        (kept.unwrap_or_else(of_files), id.to_lowercase())
    } else {
        let of_amster = || {
            json!({
                "realm": realm,
                "entityType": kind.amster,
                "entityId": id,
                "pathParams": {},
            })
        };
        (kept.unwrap_or_else(of_amster), id.to_owned())
    };
    let entity = json!({ "metadata": metadata, "data": data });
    files.json(&folder, &file, ".json", &entity);
}
