//! `wayfare import am PATH… --out DIR`: journeys of the product as a folder of texts.
//!
//! In: files and folders. Out: `.journey` files with their scripts and side files below one folder, a
//! `wayfare.toml` where there is none yet, a table, and what was noticed, gravest first. What an export is and
//! what becomes of it is the business of `wayfare_import`; here are the disk, the terminal and the exit code.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

use serde_json::json;
use wayfare::Realm;
use wayfare_import::{Code, Finding, InputFile, Project, ReadLimits, Reading, WriteOptions};

use crate::{
    Outcome, Trouble,
    args::{Format, ImportAmArgs},
    configuration::Declared,
    gravity,
    imported::{self, Brought, Journey, count},
    made::{Plan, safe},
    progress::Progress,
    suggested,
    terminal::{self, Terminal},
    walk::{EXPORTS, WalkLimits, Walked, walk},
};

/// The list of what an import has made, in the folder that it made.
pub(crate) const LIST: &str = ".wayfare-import";
/// The configuration beside the journeys.
const CONFIG: &str = "wayfare.toml";
/// The realm where an export names none.
const REALM: &str = "/alpha";
/// What is made where it is not there, and never written over.
const IGNORED: &str = "# users, sessions, keys and mail of this machine\nwayfare-data/\n";

pub(crate) fn run(args: &ImportAmArgs, terminal: Terminal) -> Result<Outcome, Trouble> {
    let mut progress = Progress::new(args.progress);
    progress.phase("looking for files");
    let walked = walk(&args.paths, EXPORTS, WalkLimits::default(), Some(LIST))?;
    if walked.files.is_empty() && walked.findings.is_empty() {
        return Err(Trouble::input(
            "there is no file of an export in what was named: `.json`, or scripts and templates beside such",
        ));
    }
    let read = walked.files.len();
    let left = walked.left;
    let brought = bring(walked, &mut progress);
    let declared = Declared::of(&brought.files);
    let beside = beside(args.out.as_deref(), &declared, &brought.realms);
    progress.phase("writing files");
    let written = match &args.out {
        Some(out) => Some(write(out, &brought.files, &beside, args)?),
        None => None,
    };
    drop(progress);
    let denied = denied(args, &brought);
    let end = End {
        args,
        brought: &brought,
        read,
        left,
        written: written.as_ref(),
        beside: &beside,
        declared: &declared,
        denied: &denied,
    };
    match args.format {
        Format::Json => terminal::put(&format!("{:#}\n", end.json()))?,
        Format::Human => end.tell(terminal)?,
    }
    // In a folder stand other things beside exports.
    let within = args.paths.iter().any(|path| path.is_dir()) && !brought.journeys.is_empty();
    let is_aside = |finding: &Finding| within && finding.code == Code::UnknownFormat;
    let mut findings = brought.findings.iter();
    let is_lost = findings.any(|finding| gravity::is_loss(finding.code) && !is_aside(finding));
    let compile = brought.journeys.iter().all(|journey| journey.made.compiles);
    if is_lost || !compile || !denied.is_empty() || brought.journeys.is_empty() {
        return Ok(Outcome::Findings);
    }
    Ok(Outcome::Clean)
}

/// Reads what was found, and writes it as text, in memory.
fn bring(walked: Walked, progress: &mut Progress) -> Brought {
    let mut brought = Brought {
        findings: walked.findings,
        ..Brought::default()
    };
    progress.phase(&format!("reading {}", count(walked.files.len(), "file")));
    let files = walked.files.into_iter();
    let files: Vec<InputFile> = files
        .map(|file| InputFile::new(file.path, file.bytes))
        .collect();
    let Reading { bundles, findings } = wayfare_import::read(&files, &ReadLimits::default());
    drop(files);
    brought.findings.extend(findings);
    let all: usize = bundles.iter().map(|bundle| bundle.trees.len()).sum();
    let several = bundles
        .iter()
        .filter(|bundle| !bundle.trees.is_empty())
        .count()
        > 1;
    let mut done = 0;
    for bundle in &bundles {
        if bundle.trees.is_empty() && all > 0 {
            continue;
        }
        progress.phase(&format!("writing journeys: {done} of {all}"));
        let project = wayfare_import::write(bundle, &WriteOptions::default());
        done += bundle.trees.len();
        let realm = bundle.trees.values().find_map(|tree| tree.realm.as_deref());
        let realm = realm.filter(|realm| Realm::parse(realm).is_some());
        let folder = if several {
            folder(realm, &brought.realms)
        } else {
            String::new()
        };
        take(&mut brought, project, &folder);
        brought
            .realms
            .insert(realm.unwrap_or(REALM).to_owned(), folder);
    }
    if brought.journeys.is_empty() {
        // What goes with journeys is of no use without any.
        brought.files.clear();
    }
    brought.findings.sort();
    brought.findings.dedup();
    for journey in &mut brought.journeys {
        let of_tree = |finding: &&Finding| {
            let here = imported::place(finding).is_none_or(|file| file == journey.made.file);
            here && finding.tree.as_deref() == Some(&*journey.tree)
        };
        journey.findings = brought.findings.iter().filter(of_tree).count();
    }
    brought
}

/// Adds what was made of one realm.
fn take(brought: &mut Brought, project: Project, folder: &str) {
    let below = |path: &str| {
        if folder.is_empty() {
            path.to_owned()
        } else {
            format!("{folder}/{path}")
        }
    };
    brought.files.extend(
        project
            .files
            .into_iter()
            .map(|(path, bytes)| (below(&path), bytes)),
    );
    let journeys = &project.journeys;
    brought
        .findings
        .extend(project.findings.into_iter().map(|mut finding| {
            // Of several realms, a finding says in which it is.
            let made = finding.tree.as_ref().and_then(|tree| journeys.get(tree));
            if let Some(made) = made.filter(|_| !folder.is_empty() && finding.file.is_none()) {
                finding.file = Some(below(&made.file).into());
            }
            finding
        }));
    for (tree, mut made) in project.journeys {
        made.file = below(&made.file);
        brought.journeys.push(Journey {
            tree: tree.to_string(),
            name: below(&made.journey),
            made,
            findings: 0,
        });
    }
}

/// The folder of the journeys of a realm, where there are several.
fn folder(realm: Option<&str>, known: &BTreeMap<String, String>) -> String {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let name = realm.unwrap_or_default().to_lowercase();
    let parts = name.split(|c| !fits(c)).filter(|part| !part.is_empty());
    let mut name = parts.collect::<Vec<_>>().join("_");
    if name.is_empty() {
        name.push_str(if realm.is_some() { "root" } else { "journeys" });
    }
    let is_taken = |name: &str| known.values().any(|folder| folder == name);
    let mut folder = name.clone();
    // BOUND: there are as many folders as realms.
    let mut number = 2;
    while is_taken(&folder) || !safe(&folder) {
        folder = format!("{}_{number}", name.chars().take(64).collect::<String>());
        number += 1;
    }
    folder
}

/// The files that are made where they are not there, and are the user's from then on.
fn beside(
    out: Option<&Path>,
    declared: &Declared,
    realms: &BTreeMap<String, String>,
) -> Vec<(&'static str, String)> {
    let made = [
        (CONFIG, declared.file(realms)),
        (".gitignore", IGNORED.to_owned()),
    ];
    let is_there = |name: &str| out.is_some_and(|out| fs::symlink_metadata(out.join(name)).is_ok());
    made.into_iter()
        .filter(|(name, _)| !is_there(name))
        .collect()
}

/// What was done to the folder.
#[derive(Debug)]
struct Written {
    replaced: Vec<String>,
    foreign: Vec<String>,
    stale: Vec<String>,
    same: usize,
}

fn write(
    out: &Path,
    files: &BTreeMap<String, Vec<u8>>,
    beside: &[(&'static str, String)],
    args: &ImportAmArgs,
) -> Result<Written, Trouble> {
    let plan = Plan::new(out, LIST, files)?;
    if !args.force {
        plan.refuse("import")?;
    }
    // An import of nothing takes nothing away.
    if !args.dry_run && !files.is_empty() {
        plan.write()?;
        for (name, text) in beside {
            plan.put_beside(name, text.as_bytes())?;
        }
    }
    Ok(Written {
        same: plan.same,
        replaced: plan.replaced,
        foreign: plan.foreign,
        stale: plan.stale,
    })
}

/// The codes that are there and were not to be, in order.
fn denied(args: &ImportAmArgs, brought: &Brought) -> Vec<String> {
    let is_there = |word: &str| {
        let noticed = brought
            .findings
            .iter()
            .any(|finding| finding.code.word() == word);
        let mut journeys = brought.journeys.iter();
        noticed || journeys.any(|journey| journey.made.allowed.contains_key(word))
    };
    let mut denied: Vec<String> = args
        .deny
        .iter()
        .filter(|word| is_there(word))
        .cloned()
        .collect();
    denied.sort();
    denied.dedup();
    denied
}

/// All that is said at the end.
struct End<'a> {
    args: &'a ImportAmArgs,
    brought: &'a Brought,
    read: usize,
    left: usize,
    written: Option<&'a Written>,
    beside: &'a [(&'static str, String)],
    declared: &'a Declared,
    denied: &'a [String],
}

impl End<'_> {
    fn tell(&self, terminal: Terminal) -> Result<(), Trouble> {
        let mut text = String::new();
        if !self.brought.journeys.is_empty() {
            text.push_str(&imported::table(self.brought));
        }
        let mut section = |title: &str, body: String| {
            if !body.is_empty() {
                if !text.is_empty() {
                    text.push('\n');
                }
                text.push_str(title);
                text.push_str(&body);
            }
        };
        section(
            "Noticed, gravest first:\n\n",
            imported::findings(&self.brought.findings),
        );
        let allowed = imported::allowed(self.brought);
        section(
            "Allowed in the text because it was imported, gravest first:\n\n",
            allowed,
        );
        if self.args.suggest {
            let (suggested, made, all) = suggested::suggestions(&self.brought.files);
            let nodes = count(all, "node");
            section(
                &format!("Suggested for {made} of {nodes} with scripts:\n\n"),
                if suggested.is_empty() {
                    "nothing\n".to_owned()
                } else {
                    suggested
                },
            );
        }
        section("", self.done());
        terminal::put(&text)?;
        for word in self.denied {
            terminal.error(&format!("`--deny {word}`: there are such, see above"));
        }
        if self.brought.journeys.is_empty() {
            terminal.error("no journey was found");
        }
        Ok(())
    }

    /// What was written, and what to do next.
    fn done(&self) -> String {
        let files = self.brought.files.len();
        let mut read = format!("{} read", count(self.read, "file"));
        if self.left > 0 {
            let left = count(self.left, "other");
            let _ = write!(
                read,
                ", {left} left alone (links, archives, hidden and other kinds of files)"
            );
        }
        let (Some(out), Some(written)) = (&self.args.out, self.written) else {
            return format!("{read}, {} would be written.\n", count(files, "file"));
        };
        let out = out.display();
        if files == 0 {
            return format!("{read}, nothing written.\n");
        }
        let mut text = if self.args.dry_run {
            format!(
                "{read}, {} would be written to `{out}`",
                count(files, "file")
            )
        } else {
            format!("{read}, {} written to `{out}`", count(files, "file"))
        };
        for (what, number) in [
            ("as before", written.same),
            ("replaced", written.replaced.len() + written.foreign.len()),
            ("taken away", written.stale.len()),
        ] {
            if number > 0 {
                // Writing into a string cannot fail.
                let _ = write!(text, ", {number} {what}");
            }
        }
        text.push_str(".\n");
        if self.args.dry_run {
            return text;
        }
        if !self.declared.parameters.is_empty()
            && self.beside.iter().any(|(name, _)| *name == CONFIG)
        {
            let _ = writeln!(
                text,
                "{} without a value: `{out}/{CONFIG}` lists them.",
                count(self.declared.parameters.len(), "parameter")
            );
        }
        let _ = write!(
            text,
            "\nNext:\n  wayfare check {out}\n  wayfare graph --to svg --out pictures {out}\n  wayfare serve {out}\n"
        );
        text
    }

    fn json(&self) -> serde_json::Value {
        let mut report = imported::report(self.brought);
        if let serde_json::Value::Object(fields) = &mut report {
            let out = self.args.out.as_ref();
            fields.insert(
                "out".to_owned(),
                json!(out.map(|out| out.display().to_string())),
            );
            fields.insert("dry_run".to_owned(), json!(self.args.dry_run));
            fields.insert("read".to_owned(), json!(self.read));
            fields.insert(
                "files".to_owned(),
                json!(self.brought.files.keys().collect::<Vec<_>>()),
            );
            let missing: Vec<&str> = self
                .declared
                .parameters
                .values()
                .map(|parameter| &*parameter.name)
                .collect();
            fields.insert("parameters".to_owned(), json!(missing));
            fields.insert("denied".to_owned(), json!(self.denied));
            if let Some(written) = self.written {
                fields.insert("replaced".to_owned(), json!(written.replaced));
                fields.insert("forced".to_owned(), json!(written.foreign));
                fields.insert("taken_away".to_owned(), json!(written.stale));
                fields.insert("same".to_owned(), json!(written.same));
            }
        }
        report
    }
}
