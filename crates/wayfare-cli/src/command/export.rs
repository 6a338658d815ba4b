//! `wayfare export am PATH… --form FORM --out DIR`: journeys as the product imports them.
//!
//! In: a folder of journeys with what stands beside them. Out: files in one of the product's packagings, below
//! one folder or on standard output, or the reasons why something cannot be said there; then nothing is
//! written, because half a login is worse than none. What a journey is in the product's words is the business of
//! `wayfare_import`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use wayfare::{
    Registry, Severity, Source, SourceMap, Valid,
    ast::Item,
    compile::{Compiled, Compiler, MemoryImporter},
};
use wayfare_import::{Bundle, DeriveOptions, Finding, Form, OutputFile, derive, pack, restore};

use crate::{
    Outcome, Trouble,
    args::{ExportAmArgs, ExportForm},
    gravity, guards,
    imported::{self, count},
    made::Plan,
    project, render,
    terminal::{self, Terminal},
    walk::{WalkLimits, shown, walk},
};

/// The list of what an export has made, in the folder that it made.
const LIST: &str = ".wayfare-export";
/// The endings of the names of files that journeys consist of.
const ENDINGS: &[&str] = &["journey", "js", "groovy", "json"];
/// The folder of what stands beside journeys and is no text of theirs.
const BESIDE: &str = "am/";

pub(crate) fn run(args: &ExportAmArgs, terminal: Terminal) -> Result<Outcome, Trouble> {
    let paths = project::named(&args.paths, terminal);
    let named = Named::new(&project::of_realms(paths, args.realm.as_deref())?)?;
    let served = guards::served(&named.folder, args.realm.as_deref())?;
    let files = files(&named.folder)?;
    let mut values = served.parameters;
    values.extend(project::parameters(&args.parameters)?);
    let compiled = compile(&files, values);
    let program = compiled.program.clone().map(Valid::into_inner);
    let Some(program) = program.or_else(|| compiled.refused.clone()) else {
        draw(&compiled, terminal);
        return Ok(Outcome::Findings);
    };
    if compiled.program.is_none() {
        terminal.say("these journeys are refused here, and are exported all the same: `wayfare check` says why");
    }
    let form = form(args.form);
    let options = DeriveOptions {
        form,
        realm: served.realm.map(|realm| Arc::from(realm.as_str())),
        only: only(&files, &named)?,
        ..DeriveOptions::default()
    };
    let derived = derive(&program, &options);
    let mut restored = restore(&derived, &files);
    if !options.only.is_empty() {
        narrow(&mut restored.bundle);
    }
    let findings: Vec<Finding> = derived
        .findings
        .iter()
        .chain(&restored.findings)
        .cloned()
        .collect();
    let told = imported::findings(&findings);
    if !told.is_empty() {
        terminal.say(&told);
    }
    let lost = findings
        .iter()
        .any(|finding| gravity::is_loss(finding.code));
    if lost || !derived.refused.is_empty() {
        let refused: Vec<&str> = derived.refused.iter().map(|name| &**name).collect();
        let which = if refused.is_empty() {
            String::new()
        } else {
            format!(": {}", refused.join(", "))
        };
        terminal.error(&format!(
            "nothing is exported, because not all of it can be{which}"
        ));
        return Ok(Outcome::Findings);
    }
    let packed = pack(&restored.bundle, form).map_err(|error| Trouble::input(error.to_string()))?;
    put(args, packed, terminal)?;
    Ok(Outcome::Clean)
}

/// The folder that was named, and the files of it where not all are meant.
struct Named {
    folder: PathBuf,
    files: BTreeSet<String>,
}

impl Named {
    fn new(paths: &[PathBuf]) -> Result<Self, Trouble> {
        let mut folders = BTreeMap::new();
        let mut files = BTreeSet::new();
        for path in paths {
            let folder = if path.is_dir() {
                path.clone()
            } else {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                files.insert(name.into_owned());
                match path.parent() {
                    Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
                    _ => PathBuf::from("."),
                }
            };
            let real = folder
                .canonicalize()
                .map_err(|e| Trouble::input(format!("`{}` cannot be read: {e}", path.display())))?;
            folders.insert(real, folder);
        }
        if folders.len() > 1 {
            let all: Vec<String> = folders
                .values()
                .map(|folder| format!("`{}`", folder.display()))
                .collect();
            return Err(Trouble::input(format!(
                "journeys of several folders are several exports: name one of {}, or files of one",
                all.join(", ")
            )));
        }
        let folder = folders.into_values().next();
        let folder = folder.ok_or_else(|| Trouble::input("no folder is named"))?;
        Ok(Self { folder, files })
    }
}

/// The journeys of the folder with all that stands beside them, by path below it.
fn files(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>, Trouble> {
    let walked = walk(
        &[folder.to_path_buf()],
        ENDINGS,
        WalkLimits::default(),
        None,
    )?;
    if let Some(finding) = walked.findings.first() {
        let file = finding.file.as_deref().unwrap_or_default();
        return Err(Trouble::input(format!("`{file}`: {}", finding.message)));
    }
    let above = shown(folder);
    let files = walked.files.into_iter().map(|file| {
        let below = file.path.strip_prefix(&above).unwrap_or(&file.path);
        (below.trim_start_matches('/').to_owned(), file.bytes)
    });
    // Of data, only what stands beside journeys is theirs.
    let is_theirs = |(path, _): &(String, Vec<u8>)| {
        Path::new(path)
            .extension()
            .is_none_or(|ending| ending != "json")
            || path.starts_with(BESIDE)
    };
    Ok(files.filter(is_theirs).collect())
}

fn compile(
    files: &BTreeMap<String, Vec<u8>>,
    values: BTreeMap<String, wayfare::Value>,
) -> Compiled {
    let all = files.iter().map(|(path, bytes)| {
        Source::new(path.as_str(), String::from_utf8_lossy(bytes).into_owned())
    });
    let all: Vec<Source> = all.collect();
    let is_served = |source: &&Source| {
        let name = source.name();
        name.ends_with(".journey") && !name.contains('/') && !name.ends_with(project::TESTS)
    };
    let roots: Vec<Source> = all.iter().filter(is_served).cloned().collect();
    let importer = MemoryImporter::new(all);
    Compiler::new(Registry::standard().catalog())
        .parameters(values)
        .importer(&importer)
        .scripts(&wayfare_script::READER)
        .without_tests()
        .compile(roots)
}

fn draw(compiled: &Compiled, terminal: Terminal) {
    let errors = compiled.diagnostics.iter();
    for finding in errors.filter(|finding| finding.severity == Severity::Error) {
        terminal.say(&render::draw(finding, &compiled.sources, terminal.colors));
        terminal.say("");
    }
    terminal.error("nothing is exported, because the journeys do not compile");
}

/// The journeys of the files that were named, by identifier; none where all are meant.
fn only(files: &BTreeMap<String, Vec<u8>>, named: &Named) -> Result<BTreeSet<Arc<str>>, Trouble> {
    let mut only = BTreeSet::new();
    for name in &named.files {
        let bytes = files
            .get(name)
            .ok_or_else(|| Trouble::input(format!("`{name}` is no file of journeys")))?;
        let source = Source::new(name.as_str(), String::from_utf8_lossy(bytes).into_owned());
        let id = SourceMap::default().add(source.clone());
        let before = only.len();
        for item in wayfare::syntax::parse(&source, id).file.items {
            if let Item::Journey(journey) = item {
                only.insert(Arc::from(journey.name.text));
            }
        }
        if only.len() == before {
            return Err(Trouble::input(format!("there is no journey in `{name}`")));
        }
    }
    Ok(only)
}

/// Leaves out what no tree of a bundle needs: what came along with the others is theirs.
fn narrow(bundle: &mut Bundle) {
    let nodes = || bundle.trees.values().flat_map(|tree| tree.nodes.values());
    let settings = nodes().flat_map(|node| node.settings.values());
    let named = settings.filter_map(serde_json::Value::as_str);
    let listed = bundle
        .trees
        .values()
        .flat_map(|tree| tree.lists.values().flatten());
    let mut needed: BTreeSet<Arc<str>> = listed.cloned().collect();
    needed.extend(named.map(Arc::from));
    bundle.scripts.retain(|id, _| needed.contains(id));
    for things in bundle.besides.values_mut() {
        things.retain(|id, _| needed.contains(id));
    }
}

fn form(form: ExportForm) -> Form {
    match form {
        ExportForm::Frodo => Form::FrodoSingle,
        ExportForm::FrodoMulti => Form::FrodoMulti,
        ExportForm::Amster => Form::Amster,
        ExportForm::ConfigManager => Form::ConfigManager,
    }
}

/// Writes what was packed.
fn put(args: &ExportAmArgs, packed: Vec<OutputFile>, terminal: Terminal) -> Result<(), Trouble> {
    if args.out.as_os_str() == "-" {
        let [file] = packed.as_slice() else {
            return Err(Trouble::input(format!(
                "this is {}, and standard output is one: name a folder, or add `--form frodo-multi`",
                count(packed.len(), "file")
            )));
        };
        terminal::put(&String::from_utf8_lossy(&file.bytes))?;
        return Ok(());
    }
    if is_file(&args.out) {
        return put_file(args, &packed, terminal);
    }
    let files: BTreeMap<String, Vec<u8>> = packed
        .into_iter()
        .map(|file| (file.path, file.bytes))
        .collect();
    let plan = Plan::new(&args.out, LIST, &files)?;
    if !args.force {
        plan.refuse("export")?;
    }
    plan.write()?;
    let out = args.out.display();
    terminal.say(&format!(
        "{} written to `{out}`",
        count(files.len(), "file")
    ));
    Ok(())
}

/// Whether a path is meant as a file: it is one, or it ends as one and is no folder.
fn is_file(out: &Path) -> bool {
    let ends = out.extension().is_some_and(|ending| ending == "json");
    out.is_file() || (ends && !out.is_dir())
}

/// Writes what was packed in the one file that was named.
fn put_file(args: &ExportAmArgs, packed: &[OutputFile], terminal: Terminal) -> Result<(), Trouble> {
    let out = args.out.display();
    let [file] = packed else {
        return Err(Trouble::input(format!(
            "this is {}, and `{out}` is one: name a folder, or add `--form frodo-multi`",
            count(packed.len(), "file")
        )));
    };
    let before = fs::read(&args.out).ok();
    if !args.force && before.is_some_and(|before| before != file.bytes) {
        return Err(Trouble::input(format!(
            "`{out}` is there already: `--force` writes over it"
        )));
    }
    fs::write(&args.out, &file.bytes)
        .map_err(|error| Trouble::input(format!("`{out}` cannot be written: {error}")))?;
    terminal.say(&format!("1 file written: `{out}`"));
    Ok(())
}
