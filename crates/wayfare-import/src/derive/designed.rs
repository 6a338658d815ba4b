//! Types that are declared with scripts, as the product's designer keeps them.
//!
//! In: a program. Out: a record for each type whose id is a designer's, made of its declaration. What a
//! designer wrote besides — titles, options, tags — is not in a text; files beside it keep that.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Map, Value as Json, json};
use wayfare::{
    Program, Signature, Type,
    model::signature::{Outcomes, Preset},
};

/// The kind of these records in a bundle.
pub(crate) const KIND: &str = crate::spelling::kind::NODE_TYPES;

/// The outcome of a node whose script has failed.
const ERROR: &str = "Script Error";

/// The records of a program, by the name of the service.
pub(super) fn designed(program: &Program) -> BTreeMap<Arc<str>, Json> {
    let types = program.types().into_iter();
    let records = types.filter_map(|signature| {
        let service = signature.wire.strip_prefix("designer-")?;
        Some((Arc::from(service), record(service, signature)?))
    });
    records.collect()
}

fn record(service: &str, signature: &Signature) -> Option<Json> {
    let runs = signature.runs.as_ref()?;
    let outcomes: Vec<&str> = match &signature.outcomes {
        Outcomes::Fixed(names) => names.iter().map(|name| &**name).collect(),
        _ => Vec::new(),
    };
    let own: Vec<&str> = outcomes
        .iter()
        .copied()
        .filter(|name| *name != ERROR)
        .collect();
    let mut properties = Map::new();
    for setting in signature.settings.iter() {
        let (ty, many) = spelled(&setting.ty);
        let mut property = json!({
            "title": setting.key, "type": ty, "required": setting.required, "multivalued": many,
        });
        if let (Preset::Value(value), Some(property)) = (&setting.default, property.as_object_mut())
            && let Some(text) = value.as_text()
        {
            property.insert("defaultValue".to_owned(), Json::from(text));
        }
        properties.insert(setting.key.to_string(), property);
    }
    Some(json!({
        "serviceName": service,
        "displayName": signature.name,
        "description": signature.summary,
        "outcomes": own,
        "errorOutcome": outcomes.contains(&ERROR),
        "inputs": [],
        "outputs": [],
        "script": &*runs.text,
        "tags": [],
        "properties": properties,
    }))
}

/// A type as the designer spells it, and whether there may be several.
fn spelled(ty: &Type) -> (&'static str, bool) {
    match ty {
        Type::Bool => ("BOOLEAN", false),
        Type::Int | Type::Decimal => ("NUMBER", false),
        Type::Map(_) | Type::Any => ("OBJECT", false),
        Type::List(of) => (spelled(of).0, true),
        _ => ("STRING", false),
    }
}

/// Lets records as they came say what the text says now: a script that was edited counts, and a type that
/// is new is there.
pub(crate) fn restore(derived: &BTreeMap<Arc<str>, Json>, came: &mut BTreeMap<Arc<str>, Json>) {
    for (service, record) in derived {
        let same = |(id, known): &(&Arc<str>, &mut Json)| {
            let said = known.get("serviceName").and_then(Json::as_str);
            said.map_or(**id == *service, |said| *said == **service)
        };
        let Some((_, known)) = came.iter_mut().find(same) else {
            came.insert(Arc::clone(service), record.clone());
            continue;
        };
        let (Some(now), Some(known)) = (record.get("script"), known.as_object_mut()) else {
            continue;
        };
        let before = known.get("script").and_then(script_text);
        if before.as_deref() != now.as_str() {
            known.insert("script".to_owned(), now.clone());
        }
    }
}

/// A script as one text or as a list of lines; none where it is neither.
pub(crate) fn script_text(script: &Json) -> Option<String> {
    match script {
        Json::Array(lines) => {
            let lines: Option<Vec<&str>> = lines.iter().map(Json::as_str).collect();
            Some(lines?.join("\n"))
        }
        other => other.as_str().map(str::to_owned),
    }
}
