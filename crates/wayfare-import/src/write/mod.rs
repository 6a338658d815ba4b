//! The product's model as text: the second half of the way in.
//!
//! In: a [`Bundle`], right or wrong. Out: a [`Project`] with a `.journey` file for each tree, the scripts
//! beside them, and a finding for whatever the product let pass and the language does not. What comes out
//! is strict, formatted and compiles: what leads nowhere says so, what cannot be brought along fails where
//! it stands, and what the checks refuse is allowed at its node, with the reason, so that it is seen.
//!
//! - `externs.journey` declares the types that the catalogue does not know.
//! - A tree that is called and did not come along is a journey that is not enabled, in a file of its own:
//!   its place is there to be taken.
//! - A script that did not come along is a file that throws.
//!
//! What the text cannot say (ids of the product, layout, what was left out) is in the files beside it, which
//! `side` makes.

mod beside;
mod draft;
mod foreign;
mod ident;
mod journey;
mod json;
mod node;
mod page;
mod setting;
mod settle;
mod shape;
mod text;
mod tree;
mod variable;
mod whole;

use std::sync::Arc;

use wayfare::{CompileLimits, Compiler, Registry, Source};

use crate::{
    bundle::Bundle,
    finding::{Code, Finding},
    project::{Imported, Names, Project},
    side::side_files,
};
pub use beside::Beside;
use draft::{Draft, DraftArm, DraftNode};
pub use foreign::names_secret;
pub(crate) use ident::snake;
pub use setting::fits;
use settle::{Bench, Settled};
pub use variable::STANDS_IN;
use whole::Whole;

/// How a bundle is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteOptions {
    /// The reason that stands at every exception.
    pub reason: Arc<str>,
}

impl Default for WriteOptions {
    fn default() -> Self {
        Self {
            reason: Arc::from("imported from AM"),
        }
    }
}

/// The folder that a bundle makes.
pub fn write(bundle: &Bundle, options: &WriteOptions) -> Project {
    write_beside(bundle, options, &Beside::default())
}

/// The folder that a bundle makes for a realm in which something stands already.
pub fn write_beside(bundle: &Bundle, options: &WriteOptions, beside: &Beside) -> Project {
    let mut whole = Whole::new(bundle, beside);
    let mut project = Project::default();
    let mut drafts: Vec<Draft> = Vec::new();
    for name in bundle.trees.keys() {
        let Some(written) = tree::tree(&mut whole, name) else {
            continue;
        };
        project.findings.extend(written.findings);
        for (id, path) in written.paths {
            project.names.nodes.insert((Arc::clone(name), id), path);
        }
        drafts.push(written.draft);
    }
    let absent: Vec<Arc<str>> = whole.absent.iter().cloned().collect();
    for name in &absent {
        drafts.extend(whole.journeys.get(name).map(|ident| missing(name, ident)));
    }
    scripts(&whole, &mut project);
    let importer = settle::importer(&project.files, &beside.imports);
    let externs = (!whole.foreign.is_empty()).then(|| foreign::declarations(&whole.foreign));
    let bench = Bench {
        compiler: compiler(beside)
            .scripts(&wayfare_script::READER)
            .importer(&importer),
        beside,
        registry: Registry::standard(),
        externs: externs
            .as_deref()
            .map(|text| Source::new(EXTERNS_FILE, text)),
        reason: Arc::clone(&options.reason),
    };
    let mut settled: Vec<Settled> = Vec::new();
    for group in settle::groups(drafts) {
        settled.extend(settle::settle(group, &bench, &mut project.findings));
    }
    for one in settled {
        let file = settle::file_of(&one.draft);
        if !absent.contains(&one.draft.tree) {
            let children = one.draft.nodes.iter().map(|node| 1 + node.children.len());
            project.journeys.insert(
                Arc::clone(&one.draft.tree),
                Imported {
                    journey: Arc::clone(&one.draft.journey),
                    file: file.clone(),
                    nodes: children.sum(),
                    lines: draft::lines(&one.text),
                    allowed: one.allowed,
                    compiles: one.compiles,
                },
            );
        }
        project.files.insert(file, one.text.as_bytes().to_vec());
    }
    if let Some(text) = externs {
        project
            .files
            .insert(EXTERNS_FILE.to_owned(), text.into_bytes());
    }
    project.names = names(&whole, std::mem::take(&mut project.names));
    let beside = side_files(&project.files, bundle, &project.names);
    project.files.extend(beside);
    sort(&mut project.findings);
    project
}

fn compiler(beside: &Beside) -> Compiler<'static> {
    let parameters = beside.parameters.iter();
    let compiler = Compiler::new(beside.catalog.clone())
        .without_tests()
        .parameters(parameters.map(|(name, value)| (Arc::clone(name), value.clone())))
        .limits(CompileLimits::default());
    match &beside.realm {
        Some(realm) => compiler.realm(realm.clone()),
        None => compiler,
    }
}

/// The file in which types are declared.
const EXTERNS_FILE: &str = "externs.journey";

/// The journey in the place of a tree that did not come along.
fn missing(name: &Arc<str>, ident: &Arc<str>) -> Draft {
    let node = DraftNode {
        name: Arc::from("absent"),
        ty: "Unavailable".to_owned(),
        settings: vec![
            ("type".to_owned(), text::quoted("Tree")),
            ("why".to_owned(), text::quoted("it did not come along")),
        ],
        arms: vec![DraftArm {
            outcomes: vec!["outcome".to_owned()],
            target: Arc::from("nowhere"),
            remark: None,
        }],
        ..DraftNode::default()
    };
    Draft {
        tree: Arc::clone(name),
        journey: Arc::clone(ident),
        wire: Arc::clone(name),
        remark: Some("Other trees call this one, and the export did not bring it.".to_owned()),
        settings: vec![("enabled".to_owned(), "false".to_owned())],
        start: Arc::from("absent"),
        nodes: vec![node],
        ..Draft::default()
    }
}

/// The files of the scripts, and those in the place of scripts that did not come along.
fn scripts(whole: &Whole<'_>, project: &mut Project) {
    for (id, path) in &whole.scripts {
        if let Some(script) = whole.bundle.scripts.get(id) {
            let bytes = script.text.as_bytes().to_vec();
            project.files.insert(path.clone(), bytes);
        }
    }
    for designed in whole.foreign.values().filter_map(|ty| ty.designed.as_ref()) {
        let bytes = designed.script.as_bytes().to_vec();
        project.files.insert(designed.path.clone(), bytes);
    }
    for (id, path) in &whole.absent_scripts {
        let shown = text::remark(id);
        let text = format!(
            "// This script did not come along with the export.\nthrow new Error({});\n",
            serde_json::Value::from(format!("script {shown} did not come along with the export"))
        );
        project.files.insert(path.clone(), text.into_bytes());
    }
}

fn names(whole: &Whole<'_>, before: Names) -> Names {
    let trees = &whole.bundle.trees;
    let journeys = whole.journeys.iter();
    let journeys = journeys.filter(|(name, _)| trees.contains_key(*name));
    let mut taken = before.taken;
    taken.extend(whole.journeys.values().cloned());
    taken.extend(whole.values.words().cloned());
    taken.extend(before.nodes.values().cloned());
    Names {
        journeys: journeys
            .map(|(name, ident)| (Arc::clone(name), Arc::clone(ident)))
            .collect(),
        nodes: before.nodes,
        scripts: whole.scripts.clone(),
        taken,
    }
}

/// Worst first within a tree.
fn sort(findings: &mut Vec<Finding>) {
    findings.sort_by(|a, b| {
        (&a.tree, rank(a.code), &a.node, &a.message).cmp(&(
            &b.tree,
            rank(b.code),
            &b.node,
            &b.message,
        ))
    });
    findings.dedup();
}

/// How much a finding matters: what breaks a run stands before what is lost, and that before the rest.
fn rank(code: Code) -> u8 {
    match code {
        Code::NotCompiled => 0,
        Code::MissingEntry | Code::DanglingEdge | Code::InnerTreeCycle => 1,
        Code::MissingNode | Code::MissingScript | Code::MissingInnerTree => 2,
        Code::EmptyPage | Code::BadPage | Code::UnknownNodeType | Code::GroovyScript => 3,
        Code::InlineSecret | Code::UnboundVariable => 4,
        Code::UnwiredOutcome | Code::UnknownOutcome | Code::BadValue => 5,
        _ => 6,
    }
}
