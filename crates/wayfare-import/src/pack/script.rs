//! The JSON of a script, and its text beside it where a form has it there.
//!
//! In: a [`Script`]. Out: its JSON as a form spells it, and the file that it names.

use serde_json::{Map, Value};

use crate::{
    bundle::{Form, Script, Spelling},
    pack::{Packing, files::Files, tree::of_service},
    spelling::{
        entry::plain,
        script::{Held, NONE, held, spell},
    },
};

/// The service of scripts in configuration in files.
pub(super) const SERVICE: &str = "ScriptingService";

/// Where the text of a script stands, when it stands beside.
pub(super) struct Beside {
    /// The folder that the reference starts from.
    pub(super) from: String,
}

impl Packing<'_> {
    /// The JSON of a script, the packaging's own members left out; its text goes to a file where it should.
    pub(super) fn script(
        &self,
        id: &str,
        script: &Script,
        beside: &Beside,
        files: &mut Files,
    ) -> Map<String, Value> {
        let mut record: Map<String, Value> = plain(&script.record)
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let raw = record.remove("script");
        let member = self.member(script, raw, beside, files);
        record.extend(member.map(|member| ("script".to_owned(), member)));
        if !self.same {
            self.own_id(id, &mut record);
        }
        record
    }

    /// Makes the id and the type of a script those of the form.
    fn own_id(&self, id: &str, record: &mut Map<String, Value>) {
        if self.form == Form::FileBased {
            let id = format!("default/scriptConfigurations/{id}");
            record.insert("_id".to_owned(), Value::String(id));
            record.insert("_type".to_owned(), of_service(SERVICE));
            return;
        }
        if record.get("_type") == Some(&of_service(SERVICE)) {
            record.remove("_type");
        }
        record.insert("_id".to_owned(), Value::String(id.to_owned()));
    }

    fn member(
        &self,
        script: &Script,
        raw: Option<Value>,
        beside: &Beside,
        files: &mut Files,
    ) -> Option<Value> {
        let kept = self.kin();
        if kept && script.text.is_empty() && script.record.contains_key(NONE) {
            return None;
        }
        match &script.spelling {
            Spelling::File(path) if kept => {
                let raw = raw.unwrap_or_else(|| spell(&script.text, &script.spelling));
                if !script.text.is_empty() {
                    write(script, path, beside, files);
                }
                Some(raw)
            }
            spelling if kept => match raw.as_ref().map(held) {
                Some(Held::Text(text, _)) if text == script.text => raw,
                Some(Held::Nothing | Held::File(_)) if script.text.is_empty() => raw,
                _ => Some(spell(&script.text, spelling)),
            },
            _ => Some(match self.form {
                Form::ConfigManager => {
                    let path = content_path(script);
                    let path = write(script, &path, beside, files);
                    spell(&script.text, &Spelling::File(path.into()))
                }
                Form::Platform => spell(&script.text, &Spelling::Quoted),
                _ => spell(&script.text, &Spelling::Base64),
            }),
        }
    }
}

/// Whether a script is in Groovy.
fn is_groovy(script: &Script) -> bool {
    let language = script.record.get("language").and_then(Value::as_str);
    language.is_some_and(|language| language.eq_ignore_ascii_case("groovy"))
}

/// Where fr-config-manager puts the text of a script, below the folder of scripts.
fn content_path(script: &Script) -> String {
    let context = script.record.get("context").and_then(Value::as_str);
    let context = super::name::part(context.unwrap_or("OTHER"));
    let ending = if is_groovy(script) { "groovy" } else { "js" };
    format!(
        "scripts-content/{context}/{}.{ending}",
        super::name::part(&script.name)
    )
}

/// Writes the text beside, and says where, seen from the folder of references.
fn write(script: &Script, path: &str, beside: &Beside, files: &mut Files) -> String {
    let (folder, file) = super::files::folder_of(path);
    let (stem, ending) = match file.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() && ending.len() <= 12 => {
            (stem.to_owned(), format!(".{}", super::name::part(ending)))
        }
        _ => (file, String::new()),
    };
    let outer = super::files::within(&beside.from, &folder);
    let path = files.path(outer.trim_end_matches('/'), &stem, &ending);
    files.bytes(path.clone(), script.text.as_bytes().to_vec());
    let seen = path.strip_prefix(&beside.from).unwrap_or(&path);
    seen.trim_start_matches('/').to_owned()
}
