//! Scripts and other things, by kind.
//!
//! In: things as they were found, one after another. Out: things in bundles, of two of one id the first; the
//! texts of scripts from the files that they name.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{FILES, Gathering, Realm, folder};
use crate::{
    bundle::{Script, Spelling},
    finding::{Code, Finding},
    read::draft::Thing,
    spelling::{
        kind,
        script::{self, Held},
    },
};

impl Gathering {
    pub(super) fn things(&mut self, notes: &mut Vec<Finding>) {
        let things = std::mem::take(&mut self.things);
        if self.bundles.is_empty() && !things.is_empty() {
            let bundle = self.bundles.entry(None).or_default();
            bundle.meta.clone_from(&self.meta);
        }
        for thing in things {
            let realm = self.realm(&thing.origin.realm);
            let realms: Vec<Realm> = if self.bundles.contains_key(&realm) {
                vec![realm]
            } else {
                // what names no realm, or one without trees, goes to every realm
                self.bundles.keys().cloned().collect()
            };
            for realm in realms {
                self.thing(&realm, &thing, notes);
            }
        }
    }

    fn thing(&mut self, realm: &Realm, thing: &Thing, notes: &mut Vec<Finding>) {
        let made = match &thing.value {
            Value::Object(map) if thing.kind.as_ref() == kind::SCRIPTS => {
                Some(self.script(thing, map, notes))
            }
            _ => None,
        };
        let value = match &thing.value {
            Value::Object(map) if thing.kind.as_ref() == kind::NODE_TYPES => {
                self.designed(thing, map, notes)
            }
            value => value.clone(),
        };
        if thing.kind.as_ref() == "emailTemplates" && !folder(&thing.origin.file).is_empty() {
            let inner = folder(&thing.origin.file).into();
            let here = self.beside_templates.entry((realm.clone(), inner));
            here.or_insert_with(|| thing.id.clone());
        }
        let Some(bundle) = self.bundles.get_mut(realm) else {
            return;
        };
        let same = if let Some(made) = made {
            let kept = bundle
                .scripts
                .entry(thing.id.clone())
                .or_insert_with(|| made.clone());
            *kept == made
        } else {
            let kind = bundle.besides.entry(thing.kind.clone()).or_default();
            let kept = kind
                .entry(thing.id.clone())
                .or_insert_with(|| value.clone());
            *kept == value
        };
        if !same {
            let message = format!(
                "`{}` of the kind `{}` came along twice and differs: the first is taken",
                thing.id, thing.kind
            );
            notes.push(Finding::new(Code::DuplicateId, message).file(thing.origin.file.clone()));
        }
    }

    fn script(
        &mut self,
        thing: &Thing,
        map: &Map<String, Value>,
        notes: &mut Vec<Finding>,
    ) -> Script {
        let mut record = map.clone();
        let raw = record.remove("script");
        let name = record.get("name").and_then(Value::as_str);
        let mut made = Script {
            name: name.unwrap_or(&thing.id).into(),
            ..Script::default()
        };
        match raw.as_ref().map_or(Held::Nothing, script::held) {
            Held::Text(text, spelling) => {
                if raw.as_ref() != Some(&script::spell(&text, &spelling)) {
                    record.extend(raw.map(|raw| ("script".to_owned(), raw)));
                }
                made.text = text;
                made.spelling = spelling;
            }
            Held::File(path) => {
                if let Some(text) = self.beside(&thing.origin.file, &path) {
                    made.text = text;
                } else {
                    let message =
                        format!("the text of `{}` did not come along: `{path}`", made.name);
                    let note = Finding::new(Code::MissingScript, message);
                    notes.push(note.file(thing.origin.file.clone()));
                }
                made.spelling = Spelling::File(path);
                record.extend(raw.map(|raw| ("script".to_owned(), raw)));
            }
            Held::Nothing => {
                let message = format!("the script `{}` has no text", made.name);
                let note = Finding::new(Code::MissingScript, message);
                notes.push(note.file(thing.origin.file.clone()));
                match raw {
                    Some(raw) => record.insert("script".to_owned(), raw),
                    None => record.insert(script::NONE.to_owned(), Value::Bool(true)),
                };
            }
        }
        made.record = record;
        made
    }

    /// A type of the designer, its script as text where it names a file.
    fn designed(
        &mut self,
        thing: &Thing,
        map: &Map<String, Value>,
        notes: &mut Vec<Finding>,
    ) -> Value {
        let mut record = map.clone();
        if let Some(Held::File(path)) = map.get("script").map(script::held) {
            if let Some(text) = self.beside(&thing.origin.file, &path) {
                record.insert("script".to_owned(), Value::String(text.to_string()));
            } else {
                let message = format!("the script of `{}` did not come along: `{path}`", thing.id);
                let note = Finding::new(Code::MissingScript, message);
                notes.push(note.file(thing.origin.file.clone()));
            }
        }
        Value::Object(record)
    }

    /// The text of a file that another one names: beside it, a folder up, or the only one of that name.
    fn beside(&mut self, file: &str, path: &str) -> Option<Arc<str>> {
        let inner = folder(file);
        let name = path.rsplit('/').next().unwrap_or(path);
        let join = |folder: &str, name: &str| {
            if folder.is_empty() {
                name.to_owned()
            } else {
                format!("{folder}/{name}")
            }
        };
        let near = [
            join(inner, path),
            join(folder(inner), path),
            join(inner, name),
        ];
        let found = near.into_iter().find(|path| self.texts.contains_key(path));
        let found = found.or_else(|| match self.names.get(name)?.as_slice() {
            [only] => Some(only.clone()),
            _ => None,
        })?;
        let text = String::from_utf8(self.texts.get(&found)?.clone()).ok()?;
        self.read.insert(found);
        Some(text.into())
    }

    /// Keeps the texts that stand beside an email template, and that no script took.
    pub(super) fn files(&mut self) {
        let templates = std::mem::take(&mut self.beside_templates);
        for (path, bytes) in std::mem::take(&mut self.texts) {
            let Ok(text) = String::from_utf8(bytes) else {
                continue;
            };
            if self.read.contains(&path) {
                continue;
            }
            let name = path.rsplit('/').next().unwrap_or_default();
            for (realm, bundle) in &mut self.bundles {
                let here = (realm.clone(), Arc::from(folder(&path)));
                if let Some(template) = templates.get(&here) {
                    let files = bundle.besides.entry(FILES.into()).or_default();
                    let kept = format!("email-templates/{template}/{name}");
                    files.insert(kept.into(), Value::String(text.clone()));
                }
            }
        }
    }
}
