//! What an import knew and a text cannot say: the other half of the way back.
//!
//! In: the text of an import and what came in. Out: files beside the text, in a folder of their own so that
//! they are out of a reader's way; and, later, from what the text has become and these files, what goes back.
//!
//! | File | What stands in it |
//! |---|---|
//! | `am/bundle.json` | how it was packed, what the packaging said, and by type what all nodes of a type have |
//! | `am/journeys/login.json` | the ids and places of the nodes of `login.journey`, by their paths |
//! | `am/scripts.json` | the ids of the scripts, by the paths of their files |
//! | `am/emailTemplates.json`, … | what else came along, a file for each kind |
//! | `am/secrets.json` | secrets that stood in settings as they are; `am/.gitignore` keeps it to one's self |
//!
//! Only the difference from what follows from the text alone is there, so that most nodes are a line. Where a
//! text has been edited it counts: a difference holds as long as the text says at its place what it said when
//! it came in. A node that is gone from the text is gone, and a new one gets an id that follows from its name.
//! A journey that cannot follow from its text, because that says nothing the product understands, is kept as
//! it came, and comes back as long as its text is not touched.

mod back;
mod change;
mod journey;
mod paper;
mod script;
mod shape;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::{Map, Value as Json};
use wayfare::{
    Compiler, Importer, MemoryImporter, Severity, Source, catalogue, model::program::Program,
};

use self::change::Change;
use crate::{
    bundle::{Bundle, Form},
    derive::{DeriveOptions, Derived, derive, designed},
    finding::{Code, Finding},
    project::Names,
};

/// The folder of the files.
const FOLDER: &str = "am/";
const BUNDLE: &str = "am/bundle.json";
const SCRIPTS: &str = "am/scripts.json";
const SECRETS: &str = "am/secrets.json";
const IGNORE: &str = "am/.gitignore";
const OTHERS: &str = "am/others.json";
const JOURNEYS: &str = "am/journeys/";

/// The words of forms.
const FORMS: &[(Form, &str)] = &[
    (Form::FrodoSingle, "frodo_single"),
    (Form::FrodoMulti, "frodo_multi"),
    (Form::FrodoConfig, "frodo_config"),
    (Form::Treetool, "treetool"),
    (Form::Platform, "platform"),
    (Form::Amster, "amster"),
    (Form::FileBased, "file_based"),
    (Form::ConfigManager, "config_manager"),
    (Form::Rest, "rest"),
];

/// What goes back, and what was noticed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Restored {
    /// The trees, scripts and all else that came along once.
    pub bundle: Bundle,
    /// What of the files beside the text could not be used.
    pub findings: Vec<Finding>,
}

/// The files beside a text that was made of a bundle.
///
/// `files` are those of the text, scripts included; names are those that the text gave.
pub fn side_files(
    files: &BTreeMap<String, Vec<u8>>,
    bundle: &Bundle,
    names: &Names,
) -> BTreeMap<String, Vec<u8>> {
    let derived = match program_of(files) {
        Some(program) => derive(&program, &options_of(bundle.form)),
        None => Derived::default(),
    };
    side_of(&derived, files, bundle, names)
}

fn options_of(form: Form) -> DeriveOptions {
    DeriveOptions {
        form,
        ..DeriveOptions::default()
    }
}

/// How often a folder is compiled again without the files that are broken.
const ROUNDS: usize = 8;

/// The program of a folder, proved or not, without the files that do not compile; none where none does.
pub fn program_of(files: &BTreeMap<String, Vec<u8>>) -> Option<Program> {
    let sources = files.iter().filter_map(|(path, bytes)| {
        let text = std::str::from_utf8(bytes).ok()?;
        Some(Source::new(path.as_str(), text))
    });
    let sources: Vec<Source> = sources.collect();
    let is_root = |source: &&Source| {
        let name = source.name();
        name.ends_with(".journey") && !name.ends_with(".test.journey")
    };
    let mut roots: Vec<Source> = sources.iter().filter(is_root).cloned().collect();
    let importer = MemoryImporter::new(sources);
    let importer: &dyn Importer = &importer;
    for _ in 0..ROUNDS {
        let compiled = Compiler::new(catalogue::standard())
            .scripts(&wayfare_script::READER)
            .importer(importer)
            .without_tests()
            .compile(roots.clone());
        let proved = compiled.program.map(wayfare::Valid::into_inner);
        let program = proved.or(compiled.refused);
        if program.is_some() {
            return program;
        }
        let errors = compiled.diagnostics.iter();
        let errors = errors.filter(|finding| finding.severity == Severity::Error);
        let broken: BTreeSet<&str> = errors
            .filter_map(|finding| compiled.sources.get(finding.span.source))
            .map(Source::name)
            .collect();
        let before = roots.len();
        roots.retain(|root| !broken.contains(root.name()));
        if roots.is_empty() || roots.len() == before {
            return None;
        }
    }
    None
}

/// The files beside a text of which it is known what follows from it.
pub fn side_of(
    derived: &Derived,
    files: &BTreeMap<String, Vec<u8>>,
    bundle: &Bundle,
    names: &Names,
) -> BTreeMap<String, Vec<u8>> {
    let mut made: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut put = |path: String, value: &Json| {
        if value.as_object().is_none_or(|map| !map.is_empty()) {
            made.insert(path, paper::text(value).into_bytes());
        }
    };
    let journeys = journey::side(derived, files, bundle, names);
    for (name, side) in journeys.files {
        put(format!("{JOURNEYS}{name}.json"), &side);
    }
    put(SECRETS.to_owned(), &Json::Object(journeys.secrets.clone()));
    let (all_scripts, scripts) = script::side(derived, files, bundle, names, &journeys.absent);
    put(SCRIPTS.to_owned(), &Json::Object(scripts));
    let mut others = Map::new();
    for (kind, things) in &bundle.besides {
        let things = things
            .iter()
            .map(|(id, thing)| (id.to_string(), thing.clone()));
        let things = Json::Object(things.collect());
        match file_of(kind) {
            Some(path) => put(path, &things),
            None => drop(others.insert(kind.to_string(), things)),
        }
    }
    put(OTHERS.to_owned(), &Json::Object(others));
    let mut head = Map::new();
    let form = FORMS.iter().find(|(form, _)| *form == bundle.form);
    let mut say = |key: &str, value: Json| {
        if value.as_object().is_none_or(|map| !map.is_empty()) {
            head.insert(key.to_owned(), value);
        }
    };
    say("form", Json::from(form.map_or("", |(_, word)| word)));
    say("meta", Json::Object(bundle.meta.clone()));
    say("types", Json::Object(journeys.types));
    say("trees", Json::Object(change::write(&journeys.common)));
    say("scripts", Json::Object(change::write(&all_scripts)));
    put(BUNDLE.to_owned(), &Json::Object(head));
    if !journeys.secrets.is_empty() {
        made.insert(IGNORE.to_owned(), b"/secrets.json\n".to_vec());
    }
    made
}

/// The file of a kind of things, where its name can be that of a file.
fn file_of(kind: &str) -> Option<String> {
    let is_word = (1..=40).contains(&kind.len()) && kind.bytes().all(|b| b.is_ascii_alphanumeric());
    let path = format!("{FOLDER}{kind}.json");
    let is_free = ![BUNDLE, SCRIPTS, SECRETS, OTHERS]
        .iter()
        .any(|own| own.eq_ignore_ascii_case(&path));
    (is_word && is_free).then_some(path)
}

/// What goes back: what follows from a text, with what stands beside it.
///
/// `files` are those of the folder: of them the ones beside the text and the scripts are looked at.
pub fn restore(derived: &Derived, files: &BTreeMap<String, Vec<u8>>) -> Restored {
    let mut findings = Vec::new();
    let mut read = |path: &str| -> Map<String, Json> {
        let Some(bytes) = files.get(path) else {
            return Map::new();
        };
        if let Ok(Json::Object(map)) = serde_json::from_slice(bytes) {
            return map;
        }
        let message = "it is no JSON object, so what stands beside the text is lost";
        findings.push(Finding::new(Code::BadJson, message).file(path));
        Map::new()
    };
    let head = read(BUNDLE);
    let changes = |key: &str| -> Vec<Change> {
        let map = head.get(key).and_then(Json::as_object);
        map.map(|map| change::read(map, &[])).unwrap_or_default()
    };
    let mut bundle = Bundle {
        form: form_of(&head).unwrap_or(derived.bundle.form),
        meta: head
            .get("meta")
            .and_then(Json::as_object)
            .cloned()
            .unwrap_or_default(),
        ..Bundle::default()
    };
    let (scripts, paths) = script::restore(derived, files, &changes("scripts"), &read(SCRIPTS));
    bundle.scripts = scripts;
    let mut sides = BTreeMap::new();
    for path in files.keys() {
        let journey = path
            .strip_prefix(JOURNEYS)
            .and_then(|name| name.strip_suffix(".json"));
        if let Some(journey) = journey {
            sides.insert(journey.to_owned(), read(path));
        } else if let Some(kind) = path
            .strip_prefix(FOLDER)
            .and_then(|p| p.strip_suffix(".json"))
            && file_of(kind).is_some_and(|own| own == *path)
        {
            let things = read(path).into_iter();
            let things = things.map(|(id, thing)| (Arc::from(id), thing));
            bundle.besides.insert(Arc::from(kind), things.collect());
        }
    }
    for (kind, things) in read(OTHERS) {
        let things = things.as_object().cloned().unwrap_or_default();
        let things = things.into_iter().map(|(id, thing)| (Arc::from(id), thing));
        bundle.besides.insert(Arc::from(kind), things.collect());
    }
    if let Some(now) = derived.bundle.besides.get(designed::KIND) {
        let came = bundle.besides.entry(Arc::from(designed::KIND)).or_default();
        designed::restore(now, came);
    }
    let types = head.get("types").and_then(Json::as_object);
    let types = types
        .into_iter()
        .flatten()
        .filter_map(|(ty, map)| Some((ty.clone(), change::read(map.as_object()?, &[]))));
    let secrets = read(SECRETS);
    let beside = back::Beside {
        common: changes("trees"),
        types: types.collect(),
        sides,
        secrets,
        paths,
    };
    let (trees, unlisted) = back::restore(derived, files, &beside, &mut findings);
    bundle.trees = trees;
    back::list(&mut bundle, unlisted);
    Restored { bundle, findings }
}

/// The form that an import came in, as the files beside its text say.
fn form_of(head: &Map<String, Json>) -> Option<Form> {
    let word = head.get("form")?.as_str()?;
    FORMS
        .iter()
        .find(|(_, own)| *own == word)
        .map(|(form, _)| *form)
}
