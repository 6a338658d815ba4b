//! Scripts of the text as entities of the product.
//!
//! In: the value of a setting that names a script, as the program has it and as it stands in the text. Out:
//! a script with an id that follows from its file, or from its node where it stands in the text itself. An
//! id is that of a script which is kept elsewhere; any other name is one that only a server knows.

use std::sync::Arc;

use serde_json::{Map, Value as Json};
use wayfare::{Signature, Value, ast};

use super::{
    id::derived_id,
    node::{SCRIPTED, wire_of},
    text::Env,
    tree::Maker,
    words,
};
use crate::bundle::{Script, Spelling};

/// The end of the name of a file with a script of the first generation.
const LEGACY: &str = ".legacy.js";

/// Whether a setting names a script.
pub(crate) fn is_script(key: &str) -> bool {
    key == "script" || key.ends_with("Script")
}

/// What kind of script a type runs.
pub(super) fn context_of(wire: &str, is_legacy: bool) -> &'static str {
    match wire {
        "ConfigProviderNode" if is_legacy => "CONFIG_PROVIDER_NODE",
        "ConfigProviderNode" => "CONFIG_PROVIDER_NODE_NEXT_GEN",
        "SocialProviderHandlerNode"
        | "SocialProviderHandlerNodeV2"
        | "SelectIdPNode"
        | "OidcNode" => "SOCIAL_IDP_PROFILE_TRANSFORMATION",
        SCRIPTED if !is_legacy => "SCRIPTED_DECISION_NODE",
        _ => "AUTHENTICATION_TREE_DECISION_NODE",
    }
}

/// A script that no import has seen.
pub(super) fn entity(id: &str, name: &str, file: Option<&str>, text: &str, wire: &str) -> Script {
    let is_groovy = file.is_some_and(|file| file.to_ascii_lowercase().ends_with(".groovy"));
    let is_legacy = is_groovy || file.is_some_and(|file| file.ends_with(LEGACY));
    let mut record = Map::new();
    let mut put = |key: &str, value: Json| record.insert(key.to_owned(), value);
    put("_id", Json::from(id));
    put("name", Json::from(name));
    put("description", Json::Null);
    put(
        "language",
        Json::from(if is_groovy { "GROOVY" } else { "JAVASCRIPT" }),
    );
    put("context", Json::from(context_of(wire, is_legacy)));
    put(
        "evaluatorVersion",
        Json::from(if is_legacy { "1.0" } else { "2.0" }),
    );
    put("default", Json::from(false));
    Script {
        name: Arc::from(name),
        text: Arc::from(text),
        record,
        spelling: Spelling::Base64,
    }
}

/// A script of which only the file is known, and the id that follows from it.
pub(crate) fn script_of_file(path: &str, text: &str) -> (Arc<str>, Script) {
    let id = derived_id("script", path);
    let made = entity(&id, &name_of(path), Some(path), text, SCRIPTED);
    (id, made)
}

/// The name of the script in a file: `scripts/check_risk.js` is `Check Risk`.
pub(super) fn name_of(path: &str) -> String {
    let file = path.rsplit('/').next().unwrap_or(path);
    let stem = file.split('.').next().unwrap_or(file);
    words::of_name(stem)
}

/// Whether a text is a program and not the name of one.
fn is_program(text: &str) -> bool {
    text.contains(['\n', ';', '(', '=', '{'])
}

impl Maker<'_> {
    /// The id of the script that a setting names; `None` where it is a text like any other.
    pub(super) fn script(
        &mut self,
        path: &str,
        signature: &Signature,
        value: &Value,
        written: &ast::Value,
        env: &Env<'_>,
    ) -> Option<Json> {
        let text = value.as_text()?;
        let wire = wire_of(signature).to_owned();
        if let Some(file) = self.texts.file_of(written, env) {
            let id = derived_id("script", &file);
            let made = entity(&id, &name_of(&file), Some(&file), text, &wire);
            self.scripts
                .entry(Arc::clone(&id))
                .or_insert_with(|| (file, made));
            return Some(Json::from(&*id));
        }
        if is_program(text) {
            let id = self.generated(path, text, &wire);
            return Some(Json::from(&*id));
        }
        let is_id = text.len() == 36 && text.bytes().filter(|b| *b == b'-').count() == 4;
        if !is_id && text != "[Empty]" {
            let message = format!("script `{text}` is a name that some server gives to its own");
            self.refuse(path, &message);
        }
        None
    }

    /// A script that belongs to one node alone.
    pub(super) fn generated(&mut self, path: &str, text: &str, wire: &str) -> Arc<str> {
        let tree = &self.journey.wire_name;
        let id = derived_id("script of node", &format!("{tree}/{path}"));
        let name = format!("{tree} {}", words::of_name(&path.replace('.', "_")));
        let made = entity(&id, &name, None, text, wire);
        let file = format!(
            "scripts/{}_{}.js",
            self.journey.name,
            path.replace('.', "_")
        );
        self.scripts.insert(Arc::clone(&id), (file, made));
        id
    }
}
