//! Text as the product's own model: the first half of the way back.
//!
//! In: a compiled program, with its texts. Out: a [`Bundle`] with a tree for each journey that can be said
//! in the product's words, what was called what, and findings about the rest. What things mean is taken
//! from the program, where fragments are expanded and constants folded; what they are called is taken from
//! the texts again. A journey of which something has no counterpart is left out as a whole, because half a
//! login is worse than none; what is only a check (`ensure`, `level`, tests, policies) is left out with a
//! finding. Deliberately not here: what an import knew and the text cannot say, which is in `side`.

mod arrow;
pub(crate) mod designed;
mod guard;
mod id;
mod layout;
mod node;
mod param;
mod script;
mod text;
mod tree;
mod value;
mod words;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use wayfare::model::{journey::Journey, program::Program};

use crate::{
    bundle::{Bundle, Form},
    finding::{Code, Finding},
    project::Names,
};

pub use id::derived_id;
pub(crate) use script::{is_script, script_of_file};

/// The language of texts that are written without one, unless another is asked for.
pub(crate) const LOCALE: &str = "en";

/// How journeys are derived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeriveOptions {
    /// How the bundle is to be packed.
    pub form: Form,
    /// The realm that the trees belong to: `/alpha`.
    pub realm: Option<Arc<str>>,
    /// The language of texts that are written without one.
    pub locale: Arc<str>,
    /// Whether journeys of other files than those of the folder are wanted: none is by default but these,
    /// by identifier; empty for all.
    pub only: BTreeSet<Arc<str>>,
}

impl Default for DeriveOptions {
    fn default() -> Self {
        Self {
            form: Form::default(),
            realm: None,
            locale: Arc::from(LOCALE),
            only: BTreeSet::new(),
        }
    }
}

/// What a program is in the product's words.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Derived {
    /// The trees and their scripts.
    pub bundle: Bundle,
    /// What is called what: the other way round than an import reads it.
    pub names: Names,
    /// What was left out, and what could not be said; a tree of which something could not is not there.
    pub findings: Vec<Finding>,
    /// The settings that hold secrets: the identifier of the journey, the path of the node, the key.
    pub secrets: BTreeSet<(Arc<str>, Arc<str>, Arc<str>)>,
    /// The journeys that are not there, by identifier.
    pub refused: BTreeSet<Arc<str>>,
}

/// The trees of a program.
///
/// A program that only the proofs refuse will do as well: what cannot be proved can be said.
pub fn derive(program: &Program, options: &DeriveOptions) -> Derived {
    let texts = text::Texts::new(&program.sources);
    let arrows = arrow::Callers::new(program);
    let mut made = Derived::default();
    made.bundle.form = options.form;
    for journey in &program.journeys {
        if !options.only.is_empty() && !options.only.contains(&journey.name) {
            continue;
        }
        let mut tree = tree::Maker::new(program, &texts, &arrows, options, journey);
        let stands = tree.stands_for_another();
        let outcome = tree.make();
        left_out(journey, &mut made.findings);
        made.findings.append(&mut tree.findings);
        match outcome {
            Some(found) => {
                let name = Arc::clone(&found.name);
                made.names
                    .journeys
                    .insert(Arc::clone(&name), Arc::clone(&journey.name));
                made.names.taken.insert(Arc::clone(&journey.name));
                for (node, path) in tree.paths {
                    made.names.nodes.insert((Arc::clone(&name), node), path);
                }
                for (path, key) in tree.secrets {
                    made.secrets.insert((Arc::clone(&journey.name), path, key));
                }
                for (script, (path, entity)) in tree.scripts {
                    made.names.scripts.insert(Arc::clone(&script), path);
                    made.bundle.scripts.insert(script, entity);
                }
                made.bundle.trees.insert(name, found);
            }
            None if stands => {
                let message = "only its name is known, so it has to be there already";
                let finding = Finding::new(Code::MissingInnerTree, message);
                made.findings
                    .push(finding.tree(Arc::clone(&journey.wire_name)));
            }
            None => {
                made.refused.insert(Arc::clone(&journey.name));
            }
        }
    }
    let designed = designed::designed(program);
    if !designed.is_empty() {
        made.bundle
            .besides
            .insert(Arc::from(designed::KIND), designed);
    }
    without_refused(program, &mut made);
    of_program(program, &mut made.findings);
    made
}

/// A journey that calls one which is not there is not there either: its product would not save it.
fn without_refused(program: &Program, made: &mut Derived) {
    // BOUND: each round but the last refuses a journey more.
    loop {
        let mut more: BTreeMap<Arc<str>, Arc<str>> = BTreeMap::new();
        for journey in &program.journeys {
            if made.refused.contains(&journey.name)
                || !made.bundle.trees.contains_key(&journey.wire_name)
            {
                continue;
            }
            let called = arrow::called(program, journey);
            if let Some(missing) = called.iter().find(|j| made.refused.contains(&j.name)) {
                more.insert(Arc::clone(&journey.name), Arc::clone(&missing.wire_name));
            }
        }
        if more.is_empty() {
            return;
        }
        for (name, missing) in more {
            let Some(journey) = program.journey_named(&name) else {
                continue;
            };
            let wire = &journey.wire_name;
            made.bundle.trees.remove(wire);
            made.names.journeys.remove(wire);
            made.names.nodes.retain(|(tree, _), _| tree != wire);
            let message = format!("it calls `{missing}`, which is left out");
            made.findings
                .push(Finding::new(Code::NoCounterpart, message).tree(Arc::clone(wire)));
            made.refused.insert(name);
        }
    }
}

/// What a journey says that is a check and no behaviour.
fn left_out(journey: &Journey, findings: &mut Vec<Finding>) {
    let mut say = |message: String| {
        let finding = Finding::new(Code::NoCounterpart, message);
        findings.push(finding.tree(Arc::clone(&journey.wire_name)));
    };
    match journey.ensures.len() {
        0 => {}
        1 => say("its `ensure` is left out: the product proves nothing".to_owned()),
        some => say(format!(
            "its {some} lines of `ensure` are left out: the product proves nothing"
        )),
    }
    if journey.settings.level.is_some() {
        say("its `level` is left out: the product has no claim of a journey".to_owned());
    }
    if !journey.settings.offered {
        say(
            "`offered = false` is left out: the product does not know menus of journeys".to_owned(),
        );
    }
}

/// What stands in the files besides journeys.
fn of_program(program: &Program, findings: &mut Vec<Finding>) {
    let mut say = |count: usize, what: &str| {
        if count > 0 {
            let message = format!("{count} {what} left out: they are of no journey");
            findings.push(Finding::new(Code::NoCounterpart, message));
        }
    };
    say(program.policies.len(), "policies are");
    say(program.guards.len(), "guards are");
    say(program.scenarios.len(), "tests are");
}
