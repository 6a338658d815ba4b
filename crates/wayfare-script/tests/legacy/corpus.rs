//! The scripts of real exports, where the folder that `WAYFARE_CORPUS` names is there: each runs to an outcome or
//! to what it asks, in a world that answers something.
//!
//! They are test data, never part of the project.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde_json::Value as Json;
use wayfare::{Generation, Input, ScriptText, Step, engine::effect::Fetched};
use wayfare_import::{Bundle, InputFile, ReadLimits, Script, read};
use wayfare_script::facts;

use super::stage::{Play, Stage, answers};

/// How many times a script is answered.
const ROUNDS: usize = 5;

/// The share of scripts that must run.
const SHARE: f64 = 0.9;

#[expect(
    clippy::disallowed_methods,
    reason = "a test reads where the corpus is"
)]
fn folder() -> Option<PathBuf> {
    let folder = std::env::var("WAYFARE_CORPUS").ok().map(PathBuf::from);
    let folder = folder.filter(|folder| folder.join("index.csv").is_file());
    if folder.is_none() {
        println!("skipped: WAYFARE_CORPUS names no folder with an index.csv");
    }
    folder
}

/// Every file below a folder, by its path there.
#[expect(clippy::disallowed_methods, reason = "a test reads the corpus")]
fn files(folder: &Path) -> Vec<InputFile> {
    let (mut found, mut open) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(inner) = open.pop() {
        for entry in fs::read_dir(&inner).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                found.push(InputFile::new(name, fs::read(&path).unwrap()));
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// What is read from the corpus: each file by itself, each folder as one.
#[expect(clippy::disallowed_methods, reason = "a test reads the corpus")]
fn bundles(folder: &Path) -> Vec<Bundle> {
    let mut all = Vec::new();
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        let input = if path.is_dir() {
            files(&path)
        } else if path.extension().is_some_and(|ending| ending == "json") {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            vec![InputFile::new(name, fs::read(&path).unwrap())]
        } else {
            continue;
        };
        all.extend(read(&input, &ReadLimits::default()).bundles);
    }
    all
}

fn member<'a>(script: &'a Script, name: &str) -> &'a str {
    script.record.get(name).and_then(Json::as_str).unwrap_or("")
}

/// A script of the corpus, once however often it is there.
#[derive(Debug, Clone)]
struct Known {
    script: Script,
    outcomes: BTreeSet<String>,
}

/// The scripts by their texts, with the outcomes of the nodes that run them.
fn scripts(bundles: &[Bundle]) -> BTreeMap<Arc<str>, Known> {
    let mut all: BTreeMap<Arc<str>, Known> = BTreeMap::new();
    for bundle in bundles {
        for (id, script) in &bundle.scripts {
            if member(script, "language") != "JAVASCRIPT" {
                continue;
            }
            let known = all
                .entry(Arc::clone(&script.text))
                .or_insert_with(|| Known {
                    script: script.clone(),
                    outcomes: BTreeSet::new(),
                });
            let nodes = bundle.trees.values().flat_map(|tree| tree.nodes.values());
            for node in nodes {
                let settings = serde_json::to_value(&node.settings).unwrap_or_default();
                if settings.get("script").and_then(Json::as_str) == Some(&**id) {
                    let listed = settings.get("outcomes").and_then(Json::as_array);
                    let listed = listed.map(Vec::as_slice).unwrap_or_default();
                    let named = listed.iter().filter_map(Json::as_str);
                    known.outcomes.extend(named.map(str::to_owned));
                }
            }
        }
    }
    all
}

fn next_generation(script: &Script) -> bool {
    member(script, "evaluatorVersion") == "2.0"
}

/// How a script ends: what it came to, or why it did not.
fn played(known: &Known) -> Result<String, String> {
    let context = member(&known.script, "context");
    if !context.is_empty() && !context.contains("DECISION_NODE") {
        return Err(format!("a script of {context} decides nothing"));
    }
    let mut play = Play::new(&known.script.text);
    let (file, generation) = if next_generation(&known.script) {
        ("main.js", Generation::Next)
    } else {
        ("main.legacy.js", Generation::First)
    };
    file.clone_into(&mut play.file);
    let told = facts(ScriptText::new(file, &known.script.text).text, generation);
    let told = told.outcomes.lines.keys().map(ToString::to_string);
    let outcomes: BTreeSet<String> = known.outcomes.iter().cloned().chain(told).collect();
    if !outcomes.is_empty() {
        play.outcomes = outcomes.into_iter().collect();
    }
    let engine = play.engine().map_err(|why| first_line(&why))?;
    let mut stage = Stage::new(&engine);
    stage.web = Box::new(|_| Fetched::Answered {
        status: 200,
        headers: Vec::new(),
        body: wayfare::Secret::new("{\"access_token\":\"t\",\"result\":[]}".to_owned()),
    });
    let mut step = stage.begin();
    let mut asked = Vec::new();
    for _ in 0..ROUNDS {
        match &step {
            Step::Ask(ask) => {
                let kinds: Vec<&str> = ask.callbacks.iter().map(wayfare::Callback::kind).collect();
                asked.push(kinds.join("+"));
                let given = answers(&ask.callbacks);
                step = stage.take(Input::Answers(given));
            }
            Step::Suspended(_) => return Ok("suspends".to_owned()),
            _ => break,
        }
    }
    match (stage.failure(), stage.outcome()) {
        (Some(why), _) => Err(first_line(&why)),
        (None, Some(outcome)) => Ok(format!("{} -> {outcome}", asked.join(" "))),
        (None, None) if !asked.is_empty() => Ok(asked.join(" ")),
        (None, None) => Err("neither an outcome nor a question".to_owned()),
    }
}

fn first_line(text: &str) -> String {
    text.lines()
        .next()
        .unwrap_or_default()
        .chars()
        .take(160)
        .collect()
}

#[test]
fn scripts_of_real_exports_run() {
    let Some(folder) = folder() else { return };
    let scripts = scripts(&bundles(&folder));
    let (mut ran, mut refused) = (0_u32, Vec::new());
    println!("{:<44} {:<5} what it came to", "script", "gen");
    for known in scripts.values() {
        let name: String = known.script.name.chars().take(44).collect();
        let generation = if next_generation(&known.script) {
            "next"
        } else {
            "first"
        };
        match played(known) {
            Ok(came) => {
                ran += 1;
                println!("{name:<44} {generation:<5} {came}");
            }
            Err(why) => refused.push(format!("{name:<44} {generation:<5} {why}")),
        }
    }
    println!("\nthose that do not run:");
    for line in &refused {
        println!("{line}");
    }
    let all = u32::try_from(scripts.len()).unwrap();
    let share = f64::from(ran) / f64::from(all.max(1));
    println!("\n{ran} of {all} scripts run: {:.1} %", share * 100.0);
    assert!(all > 10, "the corpus has scripts: {all}");
    assert!(share >= SHARE, "{ran} of {all} scripts run");
}
