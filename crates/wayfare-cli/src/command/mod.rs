//! One file a command.

pub(crate) mod bench;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod diff;
pub(crate) mod explain;
pub(crate) mod explore;
pub(crate) mod export;
pub(crate) mod fix;
pub(crate) mod fmt;
pub(crate) mod graph;
pub(crate) mod import;
pub(crate) mod keys;
pub(crate) mod levels;
pub(crate) mod new;
pub(crate) mod nodes;
pub(crate) mod policy;
pub(crate) mod run;
pub(crate) mod serve;
pub(crate) mod test;
pub(crate) mod trace;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use wayfare::{
    Diagnostic, Engine, Registry, Source, SourceMap, Value,
    compile::{Compiled, Compiler, UnknownParameter},
    model::program::Program,
};

use wayfare_server::config::BindingSettings;

use crate::{
    Trouble,
    project::{self, Project},
};

/// Refuses a parameter that none of these declares: a misspelt name would leave the meant one at its
/// default.
pub(crate) fn refuse_unknown<'c>(
    compiled: impl IntoIterator<Item = &'c Compiled>,
    parameters: &BTreeMap<String, Value>,
) -> Result<(), Trouble> {
    let mut unknown: Option<BTreeMap<Arc<str>, UnknownParameter>> = None;
    for one in compiled {
        let mut found: BTreeMap<_, _> = one
            .unknown_parameters(parameters.keys().map(String::as_str))
            .into_iter()
            .map(|parameter| (Arc::clone(&parameter.name), parameter))
            .collect();
        unknown = Some(match unknown.take() {
            None => found,
            Some(mut before) => {
                before.retain(|name, parameter| {
                    let Some(again) = found.remove(name) else {
                        return false;
                    };
                    if parameter.nearest.is_none() {
                        *parameter = again;
                    }
                    true
                });
                before
            }
        });
    }
    match unknown.iter().flat_map(BTreeMap::values).next() {
        Some(parameter) => Err(Trouble::Input(parameter.to_string())),
        None => Ok(()),
    }
}

/// Compiles a project against the standard node types, without a look at its tests.
pub(crate) fn compile(project: &Project, parameters: &BTreeMap<String, Value>) -> Compiled {
    let is_served = |source: &&Source| !source.name().ends_with(project::TESTS);
    let sources = project.sources.iter().filter(is_served).cloned();
    compiler(project, parameters)
        .without_tests()
        .compile(sources)
}

/// Compiles a project with its tests.
pub(crate) fn compile_tests(project: &Project, parameters: &BTreeMap<String, Value>) -> Compiled {
    compiler(project, parameters).compile(project.sources.iter().cloned())
}

/// The node types that journeys are run with here: the built-in ones, and scripts that stand as text.
///
/// One that cannot be run fails its node. Scripts may do here what the world of the run can: which attributes they may write and where they may call,
/// a server is told by its settings.
pub(crate) fn registry() -> Registry {
    let mut registry = strict();
    registry.fail_late();
    registry
}

/// The same, where a script that cannot be run refuses the program.
fn strict() -> Registry {
    let mut registry = Registry::standard();
    interpret(&mut registry);
    registry
}

#[cfg(feature = "scripts")]
fn interpret(registry: &mut Registry) {
    use wayfare_server::scripts::ThreadClock;
    let mut settings = wayfare_script::Settings::default();
    settings.permissions.write = vec!["*".to_owned()];
    settings.permissions.create = true;
    settings.permissions.mail = true;
    registry.interpreter(wayfare_script::Scripts::new(settings).metered(ThreadClock));
}

/// Without the feature, journeys with scripts that stand as text are not run.
#[cfg(not(feature = "scripts"))]
fn interpret(_: &mut Registry) {}

/// Compiles a project with its tests, and asks the standard node types what they say of their settings:
/// what `serve` would refuse is found here, and where the realm may be incomplete, what would fail there is
/// a warning.
///
/// # Errors
/// A flow of the settings cannot be read.
pub(crate) fn examine(
    project: &Project,
    parameters: &BTreeMap<String, Value>,
) -> Result<Compiled, Trouble> {
    let mut compiled = compile_tests(project, parameters);
    if let Some(program) = &compiled.program {
        let registry = if project.incomplete {
            registry()
        } else {
            strict()
        };
        let refusals = Engine::refusals(program, &registry);
        compiled.diagnostics.append(refusals);
        let sources = Arc::make_mut(&mut compiled.sources);
        let found = wires(project, program, sources)?;
        for finding in found {
            compiled.diagnostics.push(finding);
        }
        compiled.diagnostics.sort();
    }
    Ok(compiled)
}

/// What is wrong with what the wires of the realms run, each thing once: realms take over what others say.
fn wires(
    project: &Project,
    program: &Program,
    sources: &mut SourceMap,
) -> Result<Vec<Diagnostic>, Trouble> {
    let mut found = Vec::new();
    let mut told = BTreeSet::new();
    for wires in &project.wires {
        let bindings = wires.bindings.iter();
        let mut all = BindingSettings::check(
            bindings.map(|(name, binding)| (&**name, binding)),
            BindingSettings::has_default,
            program,
            sources,
        );
        if let Some(oauth) = &wires.oauth {
            all.append(oauth.check(program, sources));
        }
        if let Some(capture) = &wires.capture {
            let flows = capture.check(&wires.bindings, program, sources);
            let unread = |message| {
                let realm = wires.realm.as_str();
                Trouble::Input(format!("the flows of `{realm}` cannot be read: {message}"))
            };
            all.append(flows.map_err(unread)?);
        }
        for one in &all {
            if told.insert(one.one_line(sources)) {
                found.push(one.clone());
            }
        }
    }
    Ok(found)
}

fn compiler<'p>(project: &'p Project, parameters: &BTreeMap<String, Value>) -> Compiler<'p> {
    let compiler = Compiler::new(Registry::standard().catalog());
    let compiler = match &project.realm {
        Some(realm) => compiler.realm(realm.clone()),
        None => compiler,
    };
    // What the command line says wins over what the realm says.
    let mut values = project.parameters.clone();
    values.extend(parameters.clone());
    compiler
        .parameters(values)
        .importer(&project.folder)
        .scripts(&wayfare_script::READER)
}
