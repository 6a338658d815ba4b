//! Documents of a realm, and the schema of its users, from files of JSON.

use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

use serde_json::Value as Json;
use wayfare::{Value, engine::effect::Document};
use wayfare_profile::{Schema, SchemaError};

use super::json::value;
use crate::config::IdentitySettings;

/// The documents of a realm.
pub type Documents = BTreeMap<Document, Value>;

/// How many bytes a document, or a schema, may have.
const BYTES_MAX: u64 = 1024 * 1024;

/// Why a document of a realm cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", file.display())]
pub struct DocumentError {
    file: std::path::PathBuf,
    message: String,
}

fn wrong(file: &Path, message: impl Into<String>) -> DocumentError {
    DocumentError {
        file: file.to_path_buf(),
        message: message.into(),
    }
}

fn read(file: &Path) -> Result<String, DocumentError> {
    let size = fs::metadata(file).map_err(|error| wrong(file, error.to_string()))?;
    if size.len() > BYTES_MAX {
        return Err(wrong(file, format!("more than {BYTES_MAX} bytes")));
    }
    fs::read_to_string(file).map_err(|error| wrong(file, error.to_string()))
}

/// The schema of a realm's users.
pub(crate) fn schema(settings: &IdentitySettings) -> Result<Arc<Schema>, DocumentError> {
    let Some(file) = &settings.schema else {
        return Ok(Schema::standard());
    };
    let parsed = Schema::parse(&read(file)?);
    parsed
        .map(Arc::new)
        .map_err(|error: SchemaError| wrong(file, error.to_string()))
}

/// The documents of a realm; where it names none of a kind, the one of these.
pub(crate) fn documents(
    settings: &IdentitySettings,
    otherwise: &[(Document, &str)],
) -> Result<Documents, DocumentError> {
    let mut documents = Documents::new();
    for (file, which) in [
        (&settings.terms, Document::Terms),
        (&settings.questions, Document::SecurityQuestions),
        (&settings.consent, Document::Consent),
    ] {
        if let Some(file) = file {
            let parsed = parse(which, &read(file)?).map_err(|message| wrong(file, message))?;
            documents.insert(which, parsed);
        } else if let Some((_, text)) = otherwise.iter().find(|(kind, _)| *kind == which) {
            let parsed = parse(which, text).map_err(|message| wrong(Path::new("demo"), message))?;
            documents.insert(which, parsed);
        }
    }
    Ok(documents)
}

fn parse(which: Document, text: &str) -> Result<Value, String> {
    let json: Json =
        serde_json::from_str(text).map_err(|error| format!("it is not JSON: {error}"))?;
    let has = |member: &str| json.get(member).is_some();
    match which {
        Document::Terms if !(json.get("version").is_some_and(Json::is_string) && has("text")) => {
            Err("terms need `version`, a text, and `text`, texts by locale".to_owned())
        }
        Document::SecurityQuestions if !json.get("questions").is_some_and(Json::is_object) => {
            Err("security questions need `questions`, an object of texts by locale".to_owned())
        }
        Document::Consent
            if !json.as_array().is_some_and(|list| {
                list.iter()
                    .all(|one| one.get("name").is_some_and(Json::is_string))
            }) =>
        {
            Err("mappings are a list of objects, each with `name`".to_owned())
        }
        _ => value(&json)
            .ok_or_else(|| "it goes too deep, or has a number with too many digits".to_owned()),
    }
}
