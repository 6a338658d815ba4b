//! From texts to a linked program.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    path::PathBuf,
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use wayfare::{
    Compiled, Compiler, Decimal, Diagnostic, Engine, LinkError, Realm, Secret, Secrets, Severity,
    Signature, Source, SourceId, SourceMap, Trees, Value,
    compile::{CompileLimits, ImportError, Importer},
};

use super::{
    JourneyError, Types, handled,
    join::STORED,
    load::{LoadError, Texts, read_below, tests},
    missing,
};
use crate::{
    audit,
    config::{BindingSettings, LimitSettings, Parameter, RealmSettings, SecretSource},
};

/// A program as it is served.
#[derive(Debug, Clone)]
pub(crate) struct Built {
    pub(crate) engine: Engine,
    /// What it was made of, for a restart that has to make it again.
    pub(crate) kept: String,
    /// The name of what it was made of.
    pub(crate) edition: String,
    /// Exceptions and warnings, one a line.
    pub(crate) remarks: Vec<String>,
    /// What was found and is allowed where it stands.
    pub(crate) allowed: Vec<Allowed>,
    /// What it imported.
    pub(crate) imports: Vec<Source>,
    /// What the places in it point into.
    sources: Arc<SourceMap>,
}

/// A mistake that is allowed where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Allowed {
    /// The name of the source.
    pub(crate) source: String,
    /// The word of the code.
    pub(crate) code: &'static str,
    pub(crate) line: String,
}

/// Why no program is made, with the places of what is wrong.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) error: JourneyError,
    pub(crate) places: Vec<(Place, String)>,
}

/// Where something is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the source of this name.
    Source(String),
    /// In the journey of this identifier.
    Journey(Arc<str>),
    /// At the parameter of this name.
    Parameter(Arc<str>),
}

impl From<JourneyError> for Failed {
    fn from(error: JourneyError) -> Self {
        Self {
            error,
            places: Vec::new(),
        }
    }
}

/// What a program was made of.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    sources: Vec<(String, String)>,
    imports: Vec<(String, String)>,
    params: Map<String, Json>,
}

/// What a program is made with, besides its texts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct With<'a> {
    /// The settings of the realm; of them, the parameters count.
    pub(crate) settings: &'a RealmSettings,
    /// The realm; guards may be for others.
    pub(crate) realm: &'a Realm,
    pub(crate) limits: &'a LimitSettings,
    pub(crate) types: &'a Types,
    /// Files that were read before.
    pub(crate) trees: Option<&'a Trees>,
}

impl With<'_> {
    /// A compiler of what is of the realm.
    fn compiler<'i>(&'i self, importer: &'i Recording) -> Compiler<'i> {
        let compiler = Compiler::new(self.types.registry.catalog())
            .importer(importer)
            .scripts(&wayfare_script::READER)
            .realm(self.realm.clone());
        match self.trees {
            Some(trees) => compiler.trees(trees),
            None => compiler,
        }
    }
}

/// Makes a program of texts.
pub(crate) fn build(texts: &Texts, with: With<'_>) -> Result<Built, JourneyError> {
    // What a realm took over need not be declared by its files, nor what only journeys of the store name.
    let given: Vec<&str> = with
        .settings
        .params
        .keys()
        .filter(|name| !with.settings.params_taken.contains(*name))
        .map(|name| &**name)
        .filter(|name| !OF_STORE.iter().any(|begin| name.starts_with(begin)))
        .collect();
    let built = try_build(texts, &given, with).map_err(|failed| failed.error)?;
    Ok(built)
}

/// How the parameters begin that only journeys of the store may name: those for variables of a tenant and for
/// secrets.
const OF_STORE: [&str; 2] = [super::convert::VARIABLES, super::convert::SECRETS];

/// The same, where these parameters must be declared; with the places of what is wrong.
pub(crate) fn try_build(texts: &Texts, given: &[&str], with: With<'_>) -> Result<Built, Failed> {
    let (values, importer) = (values(with), importer(texts, with));
    let built = make(&texts.sources, &importer, values, given, with)?;
    // What was kept of an older program is not judged so: its runs end by the settings of today.
    let slips = handled::slips(built.engine.program(), &with.types.served);
    if !slips.is_empty() {
        return Err(JourneyError::Link(slips).into());
    }
    let unbound = unbound(&built, with.settings);
    if unbound.is_empty() {
        Ok(built)
    } else {
        Err(JourneyError::Findings(unbound).into())
    }
}

/// What is wrong with the bindings of the realm beside its program of today, one a line.
fn unbound(built: &Built, settings: &RealmSettings) -> Vec<String> {
    let mut sources = (*built.sources).clone();
    let bindings = settings.bindings.iter();
    let found = BindingSettings::check(
        bindings.map(|(name, binding)| (&**name, binding)),
        BindingSettings::has_default,
        built.engine.program(),
        &mut sources,
    );
    let mut lines: Vec<String> = found.iter().map(|one| line(one, &sources)).collect();
    if let Some(oauth) = &settings.oauth {
        let found = oauth.check(built.engine.program(), &mut sources);
        lines.extend(found.iter().map(|one| line(one, &sources)));
    }
    if let Some(capture) = &settings.capture {
        match capture.check(&settings.bindings, built.engine.program(), &mut sources) {
            Ok(found) => lines.extend(found.iter().map(|one| line(one, &sources))),
            Err(message) => lines.push(message),
        }
    }
    lines
}

/// A finding with all its places in one line.
fn line(found: &Diagnostic, sources: &SourceMap) -> String {
    let mut line = found.one_line(sources);
    for label in &found.labels {
        let at = sources.locate(label.span);
        let name = sources.get(label.span.source).map_or("?", |s| s.name());
        let _ = write!(line, " ({name}:{}:{}: {})", at.line, at.column, label.text);
    }
    line
}

/// What is wrong with the files of tests beside texts of which a program was made: of each file the first
/// mistake, as a line. Tests are in no program that is served.
pub(crate) fn broken_tests(texts: &Texts, with: With<'_>) -> Vec<String> {
    let (files, unread) = tests(with.settings, with.limits);
    let unread = unread
        .iter()
        .map(|(name, error)| format!("{name}: {error}"));
    let mut lines: Vec<String> = unread.collect();
    if files.is_empty() {
        return lines;
    }
    let importer = importer(texts, with);
    let bounds = CompileLimits::default()
        .files(with.limits.journey_files.saturating_mul(2))
        .file_bytes(with.limits.journey_bytes);
    let compiled = with
        .compiler(&importer)
        .parameters(values(with))
        .limits(bounds)
        .compile(texts.sources.iter().cloned().chain(files));
    let mut told = BTreeSet::new();
    let errors = compiled.diagnostics.iter();
    let errors = errors.filter(|d| d.severity == Severity::Error && d.allowed.is_none());
    for finding in errors {
        if told.insert(finding.span.source) {
            lines.push(finding.one_line(&compiled.sources));
        }
    }
    lines
}

/// The values of the parameters that are no secrets.
pub(super) fn values(with: With<'_>) -> BTreeMap<Arc<str>, Value> {
    let params = with.settings.params.iter();
    let values = params.filter_map(|(name, parameter)| match parameter {
        Parameter::Value(value) => Some((Arc::clone(name), value.clone())),
        Parameter::SecretFile(_) | Parameter::SecretVariable(_) => None,
    });
    values.collect()
}

fn importer(texts: &Texts, with: With<'_>) -> Recording {
    Recording {
        roots: texts.roots.clone(),
        embedded: super::demo::imports()
            .into_iter()
            .filter(|_| texts.embedded)
            .chain(texts.imports.iter().cloned())
            .map(|source| (source.name().to_owned(), source))
            .collect(),
        bytes_max: with.limits.journey_bytes,
        read: RefCell::default(),
    }
}

/// Makes a program again of what was kept of it.
pub(crate) fn rebuild(kept: &str, with: With<'_>) -> Result<Built, JourneyError> {
    let kept: Kept =
        serde_json::from_str(kept).map_err(|error| JourneyError::Kept(error.to_string()))?;
    let sources: Vec<Source> = kept
        .sources
        .into_iter()
        .map(|(name, text)| Source::new(name, text))
        .collect();
    let importer = Recording {
        roots: Vec::new(),
        embedded: kept
            .imports
            .into_iter()
            .map(|(name, text)| (name.clone(), Source::new(name, text)))
            .collect(),
        bytes_max: with.limits.journey_bytes,
        read: RefCell::default(),
    };
    let values = kept
        .params
        .iter()
        .filter_map(|(name, value)| Some((Arc::from(&**name), decoded(value)?)))
        .collect();
    // The configuration is that of today, and today's files are what its names are held against.
    make(&sources, &importer, values, &[], with).map_err(|failed| failed.error)
}

fn make(
    sources: &[Source],
    importer: &Recording,
    values: BTreeMap<Arc<str>, Value>,
    given: &[&str],
    with: With<'_>,
) -> Result<Built, Failed> {
    let With {
        settings,
        limits,
        types,
        ..
    } = with;
    let kept_params: Map<String, Json> = values
        .iter()
        .map(|(name, value)| (name.to_string(), encoded(value)))
        .collect();
    let bounds = CompileLimits::default()
        .files(limits.journey_files)
        .file_bytes(limits.journey_bytes);
    let compiled = with
        .compiler(importer)
        .parameters(values)
        .limits(bounds)
        .without_tests()
        .compile(sources.iter().cloned());
    let unknown = compiled.unknown_parameters(given.iter().copied());
    if !unknown.is_empty() {
        return Err(JourneyError::Parameters(unknown).into());
    }
    let lines: Vec<String> = compiled
        .diagnostics
        .iter()
        // What an author has allowed, with a reason, is no remark.
        .filter(|finding| finding.allowed.is_none())
        .map(|finding| finding.one_line(&compiled.sources))
        .collect();
    let allowed = allowed(&compiled);
    let Some(program) = compiled.program else {
        return Err(Failed {
            places: places(&compiled),
            error: JourneyError::Findings(lines),
        });
    };
    let mut secrets = Secrets::new();
    for name in program.secret_parameters.keys() {
        let read = secret(name, settings.params.get(name)).map_err(|error| Failed {
            places: vec![(Place::Parameter(Arc::clone(name)), error.to_string())],
            error,
        });
        if let Some(secret) = read? {
            secrets.insert(Arc::clone(name), secret);
        }
    }
    let mut registry = types.registry.clone();
    let outside = |signature: &Signature| types.served.knows(&signature.name);
    registry.external(&program, outside).hand_over(outside);
    let missing = if settings.incomplete {
        missing::filled(&program, &mut registry, &mut secrets)?
    } else {
        Vec::new()
    };
    let engine = Engine::link_with(program, registry, secrets)
        .map_err(|errors| Failed {
            places: errors
                .0
                .iter()
                .filter_map(|error| Some((place(error)?, told(error))))
                .collect(),
            error: JourneyError::Link(errors.0.iter().map(told).collect()),
        })?
        .with_limits(limits.engine());
    let pairs = |source: &Source| (source.name().to_owned(), source.text().to_owned());
    let kept = Kept {
        sources: sources.iter().map(pairs).collect(),
        imports: importer.read.borrow().values().map(pairs).collect(),
        params: kept_params,
    };
    let kept =
        serde_json::to_string(&kept).map_err(|error| JourneyError::Kept(error.to_string()))?;
    Ok(Built {
        engine,
        edition: audit::hex(
            ring::digest::digest(&ring::digest::SHA256, kept.as_bytes())
                .as_ref()
                .iter(),
        ),
        kept,
        remarks: lines.into_iter().chain(missing).collect(),
        allowed,
        imports: importer.read.borrow().values().cloned().collect(),
        sources: compiled.sources,
    })
}

/// The places of the mistakes. What a text asks of a journey of the store, such as a guard, is said at the
/// text, and is a mistake of that journey.
fn places(compiled: &Compiled) -> Vec<(Place, String)> {
    let mut places = Vec::new();
    let errors = compiled.diagnostics.iter();
    for finding in errors.filter(|d| d.severity == Severity::Error && d.allowed.is_none()) {
        let line = finding.one_line(&compiled.sources);
        let at = name_of(compiled, finding.span.source).unwrap_or_default();
        if at.starts_with(STORED) {
            places.push((Place::Source(at), line));
            continue;
        }
        let labels = finding.labels.iter();
        let others = labels.filter_map(|label| name_of(compiled, label.span.source));
        let others: BTreeSet<String> = others.filter(|name| name.starts_with(STORED)).collect();
        let others = others.into_iter();
        places.extend(others.map(|name| (Place::Source(name), line.clone())));
    }
    places
}

fn allowed(compiled: &Compiled) -> Vec<Allowed> {
    let allowed = compiled.diagnostics.iter();
    let allowed = allowed.filter(|d| d.allowed.is_some() && d.code.severity == Severity::Error);
    allowed
        .filter_map(|finding| {
            Some(Allowed {
                source: name_of(compiled, finding.span.source)?,
                code: finding.code.word,
                line: finding.one_line(&compiled.sources),
            })
        })
        .collect()
}

fn name_of(compiled: &Compiled, id: SourceId) -> Option<String> {
    Some(compiled.sources.get(id)?.name().to_owned())
}

fn secret(
    name: &str,
    parameter: Option<&Parameter>,
) -> Result<Option<Secret<String>>, JourneyError> {
    let unreadable = |message: String| JourneyError::Secret {
        name: name.to_owned(),
        message,
    };
    let source = match parameter {
        None => return Ok(None),
        Some(Parameter::Value(_)) => {
            let message = "it is secret: write { file = \"…\" } or { env = \"…\" }, not the value";
            return Err(unreadable(message.to_owned()));
        }
        Some(Parameter::SecretFile(path)) => SecretSource::File(path.clone()),
        Some(Parameter::SecretVariable(name)) => SecretSource::Variable(name.clone()),
    };
    let read = source.read().map_err(|error| unreadable(error.to_string()));
    read.map(Some)
}

fn encoded(value: &Value) -> Json {
    match value {
        Value::Text(text) => json!(&**text),
        Value::Bool(flag) => json!(flag),
        Value::Int(number) => json!(number),
        Value::Decimal(number) => json!({ "decimal": number.to_string() }),
        Value::List(list) => Json::Array(list.iter().map(encoded_item).collect()),
        // The configuration has no other values.
        _ => Json::Null,
    }
}

/// An item of a list; the configuration bounds how deep lists nest.
fn encoded_item(value: &Value) -> Json {
    encoded(value)
}

fn decoded(json: &Json) -> Option<Value> {
    match json {
        Json::String(text) => Some(Value::text(&**text)),
        Json::Bool(flag) => Some(Value::Bool(*flag)),
        Json::Number(number) => number.as_i64().map(Value::Int),
        Json::Object(map) => Decimal::parse(map.get("decimal")?.as_str()?).map(Value::Decimal),
        Json::Array(list) => {
            let values: Option<Vec<_>> = list.iter().map(decoded).collect();
            values.map(|values| Value::List(Arc::from(values)))
        }
        Json::Null => None,
    }
}

/// Brings imported texts, and remembers which.
struct Recording {
    roots: Vec<PathBuf>,
    embedded: BTreeMap<String, Source>,
    bytes_max: usize,
    read: RefCell<BTreeMap<String, Source>>,
}

impl Importer for Recording {
    fn read(&self, from: &str, path: &str) -> Result<Source, ImportError> {
        // What is kept in the store has files of its own, and no text reaches into them, nor they out.
        if path.starts_with(STORED) != from.starts_with(STORED) {
            return Err(ImportError::NotFound);
        }
        let source = match self.embedded.get(path) {
            Some(source) => source.clone(),
            None if path.starts_with(STORED) => return Err(ImportError::NotFound),
            None => self.file(path)?,
        };
        self.read
            .borrow_mut()
            .insert(path.to_owned(), source.clone());
        Ok(source)
    }
}

impl Recording {
    fn file(&self, path: &str) -> Result<Source, ImportError> {
        for root in &self.roots {
            match read_below(root, path, self.bytes_max) {
                Ok(Some(text)) => return Ok(Source::new(path, text)),
                Ok(None) => {}
                Err(LoadError::Outside { .. }) => return Err(ImportError::Outside),
                Err(error) => return Err(ImportError::Unreadable(error.to_string())),
            }
        }
        Err(ImportError::NotFound)
    }
}

/// Where a program is not linked.
fn place(error: &LinkError) -> Option<Place> {
    match error {
        LinkError::NoBehaviour { journey, .. }
        | LinkError::NoScript { journey, .. }
        | LinkError::Refused { journey, .. } => Some(Place::Journey(Arc::clone(journey))),
        LinkError::Unbound(name) => Some(Place::Parameter(Arc::clone(name))),
        _ => None,
    }
}

/// Why a program is not linked, with what an operator can do about it.
fn told(error: &LinkError) -> String {
    match error {
        LinkError::NoBehaviour { ty, .. } => {
            let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            let key = if ty.chars().all(is_bare) {
                ty.to_string()
            } else {
                format!("{ty:?}")
            };
            format!("{error}; a handler of your own is asked where `[external.{key}]` names one")
        }
        LinkError::NoScript { .. } => {
            format!("{error}: a program that embeds the server registers it by this name")
        }
        other => other.to_string(),
    }
}
