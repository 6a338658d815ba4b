//! Trees become a program: names resolved, values typed, fragments expanded, graphs drawn.
//!
//! In: sources, a catalogue of signatures, parameters, and an importer for what the sources name. Out:
//! every finding of every pass, and the program where none of them refuses it. The passes run in the
//! order of the modules below; each says all it sees, and a later one looks at an item only where the
//! earlier ones were content with it, so that one mistake is one finding. Behaviours of nodes are not
//! here, and neither are questions about paths: `analysis` asks those of the graphs.

mod calls;
mod context;
mod decision;
mod declare;
mod exceptions;
mod expr;
mod fill;
mod function;
mod guard;
mod hash;
mod import;
mod journey;
mod limits;
mod lower;
mod names;
mod outcome;
mod page;
mod place;
mod policy;
mod property;
mod provided;
mod raw;
mod resolve;
mod scenario;
mod scope;
mod script;
mod settings;
mod slot;
mod trees;
mod unit;
mod unused;
mod value_walk;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

pub use hash::ProgramHash;
pub use import::{ImportError, Importer, MemoryImporter, resolve_path};
pub use limits::CompileLimits;
pub use trees::Trees;

use crate::{
    compile::{
        context::{Cx, Loaded},
        import::Loader,
        lower::Lowered,
        raw::RawKind,
        resolve::{Head, Units},
        unit::{Kind, Unit, UnitId, Written},
    },
    diagnostic::Diagnostics,
    model::{
        catalog::Catalog,
        expr::KeyId,
        journey::{Journey, JourneyId, NodeKind},
        program::{Program, Valid},
        realm::Realm,
        script::ScriptReader,
        value::{Type, Value},
    },
    source::{Source, SourceId, SourceMap},
    syntax::{SourceLimits, ast},
};

/// The builder of programs.
///
/// ```
/// use wayfare::{Compiler, Source};
///
/// let text = r#"
/// journey login {
///   start credentials
///
///   node credentials: Page {
///     node username: UsernameCollector
///     node password: PasswordCollector
///     -> check
///   }
///
///   node check: DataStoreDecision {
///     true -> success
///     false -> failure
///   }
/// }
/// "#;
/// let compiled = Compiler::new(wayfare::catalogue::standard())
///     .compile([Source::new("login.journey", text)]);
/// assert!(compiled.program.is_some());
/// ```
#[derive(Clone)]
pub struct Compiler<'i> {
    catalog: Catalog,
    parameters: BTreeMap<Arc<str>, Value>,
    importer: Option<&'i dyn Importer>,
    realm: Option<Realm>,
    scripts: Option<&'i dyn ScriptReader>,
    trees: Option<&'i Trees>,
    limits: CompileLimits,
    tests: bool,
}

impl std::fmt::Debug for Compiler<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compiler")
            .field("parameters", &self.parameters.keys())
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// What a compilation gives.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// The program, where no finding refuses it.
    pub program: Option<Valid<Program>>,
    /// Every finding, in source order.
    pub diagnostics: Diagnostics,
    /// The sources, imported ones included; spans point into them.
    pub sources: Arc<SourceMap>,
    /// The program that only the proofs refuse; it carries no proof, so no engine takes it.
    pub refused: Option<Program>,
    /// The declared parameters; nothing where a file cannot be read whole, as it may declare more.
    declared: Option<BTreeSet<Arc<str>>>,
}

impl Compiled {
    /// The program alone.
    ///
    /// # Errors
    /// A finding refuses it: all findings, a line each.
    pub fn into_program(self) -> Result<Valid<Program>, String> {
        let findings = self.diagnostics.iter();
        let lines = findings.map(|finding| finding.one_line(&self.sources));
        let lines: Vec<String> = lines.collect();
        self.program.ok_or_else(|| lines.join("\n"))
    }
}

/// A parameter that is given and that no file declares.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no file declares the parameter `{name}`{}", meant(.nearest.as_deref()))]
#[non_exhaustive]
pub struct UnknownParameter {
    /// The name that is given.
    pub name: Arc<str>,
    /// The declared one that is most likely meant.
    pub nearest: Option<Arc<str>>,
}

fn meant(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

impl Compiled {
    /// Those of these names that no file declares as a `param`.
    ///
    /// A misspelt name would otherwise leave a parameter at its default, so whoever takes names from
    /// people refuses what stands here. It is empty where a file or an import cannot be read, for what
    /// is missing there may be the declaration.
    pub fn unknown_parameters<'n>(
        &self,
        names: impl IntoIterator<Item = &'n str>,
    ) -> Vec<UnknownParameter> {
        let Some(declared) = &self.declared else {
            return Vec::new();
        };
        names
            .into_iter()
            .filter(|name| !declared.contains(*name))
            .map(|name| UnknownParameter {
                name: Arc::from(name),
                nearest: crate::spelling::nearest(name, declared.iter().map(|d| &**d))
                    .map(Arc::from),
            })
            .collect()
    }
}

impl<'i> Compiler<'i> {
    /// A compiler that knows these node types.
    pub fn new(catalog: Catalog) -> Self {
        Self {
            catalog,
            parameters: BTreeMap::new(),
            importer: None,
            realm: None,
            scripts: None,
            trees: None,
            limits: CompileLimits::default(),
            tests: true,
        }
    }

    /// Without a look at `test` items: what is wrong with a test is not said and refuses nothing.
    ///
    /// For servers. The shape of a test is read all the same, as that of everything in a file.
    pub fn without_tests(mut self) -> Self {
        self.tests = false;
        self
    }

    /// With these values for `param` items. Secret parameters are bound by name when a program is
    /// linked; a value for one is not looked at here.
    pub fn parameters<N: Into<Arc<str>>>(
        mut self,
        parameters: impl IntoIterator<Item = (N, Value)>,
    ) -> Self {
        self.parameters.extend(
            parameters
                .into_iter()
                .map(|(name, value)| (name.into(), value)),
        );
        self
    }

    /// With this importer for `import` and `file("…")`.
    pub fn importer(mut self, importer: &'i dyn Importer) -> Self {
        self.importer = Some(importer);
        self
    }

    /// For this realm: guards for realms that it neither is nor lies in are left out, with a warning. A
    /// compiler that knows no realm takes every guard for its own.
    pub fn realm(mut self, realm: Realm) -> Self {
        self.realm = Some(realm);
        self
    }

    /// With this reader of scripts: where authors of scripted nodes say nothing of what these read, write
    /// and ask, it is what the texts of the scripts tell.
    pub fn scripts(mut self, reader: &'i dyn ScriptReader) -> Self {
        self.scripts = Some(reader);
        self
    }

    /// With these trees of files that were read before; what is read now is kept there for the next time.
    pub fn trees(mut self, trees: &'i Trees) -> Self {
        self.trees = Some(trees);
        self
    }

    /// With these limits.
    pub fn limits(mut self, limits: CompileLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Compiles the files of a realm into one program.
    ///
    /// # Limits
    /// See [`CompileLimits`]; what is over one is a finding.
    pub fn compile(&self, sources: impl IntoIterator<Item = Source>) -> Compiled {
        let limits = SourceLimits::default()
            .bytes_max(self.limits.file_bytes)
            .depth_max(self.limits.nesting);
        let mut loader = Loader::new(self.importer, self.trees, self.limits.files, limits);
        loader.load(sources);
        let Loader {
            sources,
            files,
            diagnostics,
            ..
        } = loader;
        let sources = Arc::new(sources);
        let declared = declared_parameters(&files);
        let (program, refused, diagnostics) = self.check(&sources, &files, diagnostics);
        Compiled {
            program,
            diagnostics,
            sources,
            refused,
            declared,
        }
    }

    fn check(
        &self,
        sources: &Arc<SourceMap>,
        files: &[Loaded],
        diagnostics: Diagnostics,
    ) -> (Option<Valid<Program>>, Option<Program>, Diagnostics) {
        let mut cx = Cx::new(&self.catalog, sources, files, &self.parameters, self.limits);
        cx.diagnostics = diagnostics;
        let (mut units, externs) = collect(files);
        let fragments: Vec<(UnitId, &ast::Fragment, SourceId)> = units
            .heads
            .iter()
            .enumerate()
            .filter_map(|(at, head)| match head.written {
                Written::Fragment(fragment) => Some((UnitId(at), fragment, head.file)),
                Written::Journey(_) => None,
            })
            .collect();
        cx.build_scopes(&fragments);
        cx.evaluate();
        let declared = cx.externs(&externs);
        let catalog = declare::extended(&self.catalog, declared, sources);
        let mut cx = cx.with_catalog(&catalog);
        cx.name_journeys(&mut units);
        let resolved: Vec<Unit<'_>> = (0..units.heads.len())
            .filter_map(|at| cx.resolve(&mut units, UnitId(at)))
            .collect();
        let mut costs = cx.calls(&resolved);
        cx.check_costs(&resolved, &mut costs);
        let policies = cx.policies(&units, &resolved);
        let plans = cx.properties(&resolved);
        let mut lowered = cx.lower_all(&resolved, &costs);
        close(&mut lowered, &resolved);
        cx.take_ensures(&resolved, &plans, &mut lowered);
        let analysed = analysed(&lowered);
        let guards = cx.realm_guards(&resolved, &lowered, self.realm.as_ref());
        let mut program = assemble(&mut cx, lowered, Arc::clone(sources), &catalog);
        program.policies = policies;
        program.guards = guards;
        if let Some(reader) = self.scripts {
            script::tell(reader, &mut program, &mut cx);
        }
        let is_understood = !cx.diagnostics.has_errors();
        if self.tests {
            (program.scenarios, program.uncovered) = cx.scenarios(&program, &units);
        }
        cx.unused(&units);
        crate::analysis::check(&program, &mut cx.diagnostics);
        exceptions::apply(&mut cx, &resolved, &analysed);
        let diagnostics = std::mem::take(&mut cx.diagnostics);
        // Findings over the cap are not kept; an error among them refuses the program as any other.
        if diagnostics.has_errors() {
            return (None, is_understood.then_some(program), diagnostics);
        }
        (Some(Valid::assume(program)), None, diagnostics)
    }
}

/// The names of all parameters, where every file and every import could be read.
fn declared_parameters(files: &[Loaded]) -> Option<BTreeSet<Arc<str>>> {
    let is_whole = |file: &Loaded| {
        file.broken.is_empty() && file.imports.iter().all(|(_, target)| target.is_some())
    };
    files.iter().all(is_whole).then(|| {
        let items = files.iter().flat_map(|file| &file.file.items);
        items
            .filter_map(|item| match item {
                ast::Item::Parameter(parameter) => Some(Arc::from(parameter.name.text.as_str())),
                _ => None,
            })
            .collect()
    })
}

/// Drops journeys that call one which could not be lowered, and numbers the rest without gaps.
fn close(lowered: &mut [Option<Lowered>], units: &[Unit<'_>]) {
    let mut users: Vec<Vec<usize>> = vec![Vec::new(); units.len()];
    for (at, journey) in lowered.iter().enumerate() {
        let instances = journey.iter().flat_map(|journey| &journey.instances);
        let called = instances
            .filter_map(|i| units.get(i.unit.0))
            .flat_map(|u| &u.nodes);
        for node in called {
            if let Kind::Inner(inner) = &node.kind
                && let Some(list) = users.get_mut(inner.0)
            {
                list.push(at);
            }
        }
    }
    let mut open: Vec<usize> = (0..lowered.len())
        .filter(|at| lowered.get(*at).is_some_and(Option::is_none))
        .collect();
    while let Some(at) = open.pop() {
        for user in users.get(at).into_iter().flatten() {
            if let Some(slot) = lowered.get_mut(*user)
                && slot.take().is_some()
            {
                open.push(*user);
            }
        }
    }
    let mut numbers: BTreeMap<JourneyId, JourneyId> = BTreeMap::new();
    for journey in lowered.iter_mut().flatten() {
        let next = JourneyId(u32::try_from(numbers.len()).unwrap_or(u32::MAX));
        numbers.insert(journey.journey.id, next);
        journey.journey.id = next;
    }
    for journey in lowered.iter_mut().flatten() {
        for node in journey.journey.graph.node_weights_mut() {
            if let NodeKind::Inner(inner) = &mut node.kind
                && let Some(number) = numbers.get(inner)
            {
                *inner = *number;
            }
        }
    }
}

/// The units that analysis sees: journeys, and fragments where they are expanded.
fn analysed(lowered: &[Option<Lowered>]) -> BTreeSet<UnitId> {
    lowered
        .iter()
        .flatten()
        .flat_map(|journey| journey.instances.iter().map(|instance| instance.unit))
        .collect()
}

fn assemble(
    cx: &mut Cx<'_>,
    lowered: Vec<Option<Lowered>>,
    sources: Arc<SourceMap>,
    catalog: &Arc<Catalog>,
) -> Program {
    let journeys: Vec<Journey> = lowered.into_iter().flatten().map(|l| l.journey).collect();
    let by_name = journeys
        .iter()
        .map(|j| (Arc::clone(&j.name), j.id))
        .collect();
    let by_wire_name = journeys
        .iter()
        .map(|j| (Arc::clone(&j.wire_name), j.id))
        .collect();
    let keys = (0..cx.keys.len())
        .filter_map(|at| cx.keys.name(KeyId(u32::try_from(at).ok()?)).cloned())
        .collect();
    let secret_parameters = cx
        .parameter_values
        .iter()
        .filter_map(|raw| match &raw.kind {
            RawKind::Secret(name) => Some((Arc::clone(name), Type::Secret)),
            _ => None,
        })
        .collect();
    Program {
        sources,
        catalog: Arc::clone(catalog),
        journeys,
        by_name,
        by_wire_name,
        keys,
        secret_parameters,
        policies: Vec::new(),
        guards: Vec::new(),
        scenarios: Vec::new(),
        uncovered: Vec::new(),
    }
}

/// Journeys and fragments in declaration order, and what the program declares besides.
fn collect(files: &[Loaded]) -> (Units<'_>, Vec<(&ast::Extern, SourceId)>) {
    let mut units = Units::default();
    let mut externs = Vec::new();
    for file in files {
        for item in &file.file.items {
            let written = match item {
                ast::Item::Journey(journey) if file.root => Written::Journey(journey),
                ast::Item::Fragment(fragment) => Written::Fragment(fragment),
                ast::Item::Extern(declared) => {
                    externs.push((declared, file.id));
                    continue;
                }
                ast::Item::Journey(_)
                | ast::Item::Import(_)
                | ast::Item::Constant(_)
                | ast::Item::Parameter(_)
                | ast::Item::Policy(_)
                | ast::Item::Test(_)
                | ast::Item::Guard(_)
                | ast::Item::Uncovered(_)
                | ast::Item::Allow(_) => continue,
            };
            units.heads.push(Head {
                written,
                file: file.id,
                used: false,
            });
        }
    }
    (units, externs)
}

/// As much of a text as a message shows, on one line.
fn clip(text: &str) -> &str {
    let end = text
        .char_indices()
        .take_while(|(_, c)| !c.is_control())
        .take(64)
        .last()
        .map_or(0, |(at, c)| at + c.len_utf8());
    text.get(..end).unwrap_or_default()
}
