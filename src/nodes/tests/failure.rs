//! What the table of failures says, held against the sources of the behaviours.
//!
//! The sources are cut into functions, and from the function that prepares a type the calls are followed to
//! whatever its nodes can run. Methods go by their names among the modules that a file names, so that more may
//! be followed than is ever called, and never less.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use crate::nodes::{
    TYPES,
    failure::{NAMED, calls_of, errors_of},
};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/nodes");

/// A function of a behaviour.
#[derive(Debug)]
struct Function {
    module: String,
    /// The type it is a method of; empty for others.
    of: String,
    /// The trait it is part of; empty for others.
    part_of: String,
    name: String,
    body: String,
}

/// What a file names of others.
#[derive(Debug)]
struct File {
    /// Modules of behaviours, its own among them.
    modules: BTreeSet<String>,
    /// Words in its imports.
    imports: BTreeSet<String>,
}

#[derive(Debug, Default)]
struct Sources {
    files: BTreeMap<String, File>,
    functions: Vec<Function>,
    /// Functions by their names.
    named: BTreeMap<String, Vec<usize>>,
    /// What nodes do, by the type that does it.
    made: BTreeMap<String, Vec<usize>>,
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// What is written before a bracket, a brace or a blank.
fn word(text: &str) -> &str {
    text.split(|c| !is_of_word(c)).next().unwrap_or_default()
}

/// Every word of a text with what stands right before and right behind it.
fn words(text: &str) -> Vec<(&str, &str, &str)> {
    let begins = |c: char| c.is_alphabetic() || c == '_';
    let mut words = Vec::new();
    let mut rest = text;
    // BOUND: each word once.
    while let Some(blank) = rest.find(begins) {
        let begin = rest.split_at(blank).1;
        let found = word(begin);
        let behind = begin.split_at(found.len()).1;
        let before = text.split_at(text.len() - begin.len()).0;
        words.push((before, found, behind));
        rest = behind;
    }
    words
}

/// The type and the trait of a line that begins an implementation.
fn implementation(line: &str) -> (String, String) {
    let line = line.strip_prefix("impl").expect("an implementation");
    let line = match line.strip_prefix('<') {
        Some(generic) => generic.split_once("> ").expect("its end").1,
        None => line,
    };
    let line = line.trim();
    match line.split_once(" for ") {
        Some((part_of, of)) => (word(of).to_owned(), word(part_of).to_owned()),
        None => (word(line).to_owned(), String::new()),
    }
}

/// The name of the function that a line begins.
fn function(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let line = match line.strip_prefix("pub(") {
        Some(public) => public.split_once(") ")?.1,
        None => line.strip_prefix("pub ").unwrap_or(line),
    };
    line.strip_prefix("fn ").map(word)
}

fn cut(module: &str, text: &str) -> Vec<Function> {
    let mut functions = Vec::new();
    let (mut of, mut part_of) = (String::new(), String::new());
    let mut open: Option<(usize, Function)> = None;
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        if let Some((at, function)) = &mut open {
            function.body.push_str(line);
            function.body.push('\n');
            if indent == *at && (line.trim() == "}" || line.ends_with("{}")) {
                functions.extend(open.take().map(|(_, function)| function));
            }
            continue;
        }
        if line.starts_with("impl") {
            (of, part_of) = implementation(line);
        } else if line == "}" {
            (of, part_of) = Default::default();
        }
        let Some(name) = function(line).filter(|_| indent == 0 || !of.is_empty()) else {
            continue;
        };
        let function = Function {
            module: module.to_owned(),
            of: of.clone(),
            part_of: part_of.clone(),
            name: name.to_owned(),
            body: format!("{line}\n"),
        };
        if line.ends_with('}') || line.ends_with(';') {
            functions.push(function);
        } else {
            open = Some((indent, function));
        }
    }
    assert!(open.is_none(), "{module}: a function does not end");
    functions
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test reads the sources of the project"
)]
fn texts() -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    let mut folders = vec![PathBuf::from(FOLDER)];
    // BOUND: the folders of the sources.
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() && !path.ends_with("tests") {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = std::fs::read_to_string(&path).expect("a source");
                texts.insert(module_of(&path), text);
            }
        }
    }
    texts
}

fn sources() -> Sources {
    let mut texts = texts();
    // What behaviours are made of is nobody's.
    texts.retain(|module, _| !["failure", "external", "mod"].contains(&&**module));
    let mut sources = Sources::default();
    for (module, text) in &texts {
        sources
            .files
            .insert(module.clone(), file(module, text, texts.keys()));
        sources.functions.extend(cut(module, text));
    }
    for (at, function) in sources.functions.iter().enumerate() {
        let named = sources.named.entry(function.name.clone());
        named.or_default().push(at);
        if function.part_of == "Prepared" {
            let made = sources.made.entry(function.of.clone());
            made.or_default().push(at);
        }
    }
    sources
}

fn file<'a>(module: &str, text: &str, all: impl Iterator<Item = &'a String>) -> File {
    let paths = words(text).into_iter();
    let paths = paths.filter(|(_, _, behind)| behind.starts_with("::"));
    let paths = paths.map(|(_, word, _)| word).collect();
    let named = all.filter(|other| *other == module || may_name(module, &paths, other));
    let heads = text
        .match_indices("\nuse ")
        .map(|(at, _)| text.split_at(at).1);
    let heads = heads.filter_map(|head| head.split_once(';'));
    let imports = heads.flat_map(|(head, _)| words(head));
    File {
        modules: named.cloned().collect(),
        imports: imports.map(|(_, word, _)| word.to_owned()).collect(),
    }
}

/// The module that a file is, within the folder.
fn module_of(path: &Path) -> String {
    let path = path.strip_prefix(FOLDER).expect("a file of the folder");
    let path = path.with_extension("").to_string_lossy().into_owned();
    let folder = path.strip_suffix("/mod").map(str::to_owned);
    folder.unwrap_or(path)
}

/// Whether a file with these words may name a module: one in a folder is named in that folder alone.
fn may_name(file: &str, words: &BTreeSet<&str>, module: &str) -> bool {
    match module.rsplit_once('/') {
        None => words.contains(module),
        Some((folder, last)) => {
            let near = file == folder || file.starts_with(&format!("{folder}/"));
            near && words.contains(last)
        }
    }
}

impl Sources {
    /// The functions that a function may call, or that belong to what it makes.
    fn called(&self, from: &Function) -> Vec<usize> {
        let none = Vec::new();
        let mut found = Vec::new();
        for (before, word, behind) in words(&from.body) {
            let made = self.made.get(word).unwrap_or(&none).iter();
            found.extend(made.filter(|at| self.names(from, &self.functions[**at])));
            let named = self.named.get(word).unwrap_or(&none).iter();
            found.extend(named.filter(|at| {
                let other = &self.functions[**at];
                self.names(from, other) && self.may_be(from, other, before, behind)
            }));
        }
        found
    }

    /// Whether a word between these may be a call of this function.
    fn may_be(&self, from: &Function, other: &Function, before: &str, behind: &str) -> bool {
        let same = other.module == from.module;
        if before.ends_with("self.") || before.ends_with("Self::") {
            return same && other.of == from.of;
        }
        if !other.of.is_empty() {
            let of_type = before.ends_with(&format!("{}::", other.of));
            return of_type || (before.ends_with('.') && behind.starts_with('('));
        }
        let handed_on = behind.starts_with(')') && before.strip_suffix('(').is_some_and(is_method);
        if before.ends_with('.') || !(behind.starts_with('(') || handed_on) {
            return false;
        }
        match before.strip_suffix("::") {
            Some(path) => path.ends_with(last(&other.module)),
            None => same || self.files[&from.module].imports.contains(&other.name),
        }
    }

    /// Whether a function may call one of another file, as far as files go.
    fn names(&self, from: &Function, other: &Function) -> bool {
        let private = other.part_of.is_empty() && !other.body.trim_start().starts_with("pub");
        let within = from.module.starts_with(&format!("{}/", other.module));
        let named = self.files[&from.module].modules.contains(&other.module);
        other.module == from.module || (named && (within || !private))
    }

    /// All that the nodes of a type may run.
    fn run_by(&self, module: &str, prepare: &str) -> Vec<&Function> {
        let named = &self.named[prepare];
        let is_it = |at: &&usize| {
            let function = &self.functions[**at];
            let is_of = self.files[module].modules.contains(&function.module);
            function.of.is_empty() && is_of && function.body.contains("Setup<")
        };
        let own = |at: &&usize| self.functions[**at].module == module;
        let first = named.iter().filter(is_it).find(own);
        let first = first.or_else(|| named.iter().find(is_it));
        let first = *first.unwrap_or_else(|| panic!("no {module}::{prepare}"));
        let mut open = vec![first];
        let mut seen = BTreeSet::from([first]);
        // BOUND: each function once.
        while let Some(at) = open.pop() {
            for next in self.called(&self.functions[at]) {
                if seen.insert(next) {
                    open.push(next);
                }
            }
        }
        seen.iter().map(|at| &self.functions[*at]).collect()
    }
}

/// The name of a module without that of its folder.
fn last(module: &str) -> &str {
    module.rsplit('/').next().unwrap_or(module)
}

/// Whether a text ends with the name of a method behind its dot.
fn is_method(text: &str) -> bool {
    text.trim_end_matches(is_of_word).ends_with('.')
}

/// The functions that prepare, as the table of types names them.
fn prepared() -> BTreeMap<String, (String, String)> {
    let table = include_str!("../mod.rs");
    let rows = table.lines().filter_map(|line| {
        let row = line.trim().strip_prefix("(\"")?.strip_suffix("),")?;
        let (ty, path) = row.split_once("\", ")?;
        let (module, function) = path.split_once("::")?;
        Some((ty.to_owned(), (module.to_owned(), function.to_owned())))
    });
    rows.collect()
}

/// An effect as traces call it.
fn kind(effect: &str) -> String {
    let mut kind = String::new();
    for letter in effect.chars() {
        if letter.is_uppercase() && !kind.is_empty() {
            kind.push('_');
        }
        kind.extend(letter.to_lowercase());
    }
    kind
}

/// What the sources say of one type: the names of its failures, and the kinds of its effects.
fn found(run: &[&Function]) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut fails, mut calls) = (BTreeSet::new(), BTreeSet::new());
    for function in run {
        for (before, word, _) in words(&function.body) {
            if before.ends_with("failure::") && word.chars().all(|c| c.is_uppercase() || c == '_') {
                fails.insert(word.to_owned());
            }
            if before.ends_with(" Effect::") || before.ends_with("(Effect::") {
                calls.insert(kind(word));
            }
            if before.ends_with("Credential::") && word == "Bind" {
                calls.insert("bind".to_owned());
            }
            if before.ends_with("cx.") && word == "session_property" {
                fails.insert("SYSTEM_PROPERTY".to_owned());
            }
            if before.ends_with("cx.") && word == "random" {
                fails.insert("NO_RANDOMNESS".to_owned());
            }
        }
    }
    (fails, calls)
}

#[test]
fn the_table_says_of_each_type_what_its_behaviour_does() {
    let sources = sources();
    let prepared = prepared();
    assert_eq!(prepared.len(), TYPES.len());
    let mut wrong = Vec::new();
    for (ty, (module, prepare)) in &prepared {
        let run = sources.run_by(module, prepare);
        let (fails, calls) = found(&run);
        let told = errors_of(ty);
        let told: BTreeSet<String> = NAMED
            .iter()
            .filter(|(_, failure)| told.contains(&failure.says))
            .map(|(name, _)| (*name).to_owned())
            .collect();
        if told != fails {
            wrong.push(format!(
                "{ty} fails with {fails:?}, and the table says {told:?}"
            ));
        }
        let told: BTreeSet<String> = calls_of(ty).into_iter().map(str::to_owned).collect();
        if told != calls {
            wrong.push(format!("{ty} calls {calls:?}, and the table says {told:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is raised elsewhere is the engine's or an embedder's.
#[test]
fn behaviours_make_no_error_but_from_the_table() {
    for (module, text) in texts() {
        if !["failure", "external"].contains(&&*module) {
            assert!(!text.contains("NodeError::new"), "{module}");
        }
    }
    for (name, failure) in NAMED {
        assert!(
            TYPES
                .iter()
                .any(|(ty, _)| errors_of(ty).contains(&failure.says)),
            "{name}"
        );
    }
}
