//! From paths on the command line to sources that belong together.
//!
//! A folder is one program: the `.journey` files directly in it; one that has none, and a `wayfare.toml` that
//! says where realms have theirs, is a program for each of them. So is this folder, where no path is named. A file is a program of its own, to which a
//! sibling is added only for a journey that the file names and does not declare, the file of tests that is
//! called like it, and, for commands that take several paths, the guards of its folder. Imports go through
//! [`Folder`], which never leaves the root.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{self, Read as _},
    path::{Component, Path, PathBuf},
};

use wayfare::{
    Realm, Source, SourceMap, Value,
    ast::{Body, Item, NodeKind, Required, TextPart, ValueKind},
    compile::{ImportError, Importer},
    model::journey::Journey,
};

use crate::{
    Trouble,
    args::Sources,
    guards::{self, Serving, Wires},
    terminal::Terminal,
};

/// The largest file that is read at all; the compiler refuses smaller ones with a finding.
const FILE_BYTES_MAX: u64 = 16 * 1_024 * 1_024;

/// How the names of files end that hold tests and nothing else.
pub(crate) const TESTS: &str = ".test.journey";

/// How the names of files end that hold guards and nothing else.
const GUARDS: &str = ".guard.journey";

/// Sources that are compiled together.
#[derive(Debug)]
pub(crate) struct Project {
    /// The sources.
    pub(crate) sources: Vec<Source>,
    /// Which file the path named, and its file of tests; without it, all sources are meant.
    pub(crate) named: Option<Named>,
    /// Where imports may go.
    pub(crate) folder: Folder,
    /// The realm they are served in, where that is known.
    pub(crate) realm: Option<Realm>,
    /// The values that parameters have there, without the secret ones.
    pub(crate) parameters: BTreeMap<String, Value>,
    /// Whether they are served although parts of them are missing.
    pub(crate) incomplete: bool,
    /// What wires run there; only where all journeys are at hand.
    pub(crate) wires: Vec<Wires>,
}

/// A file that was named: its siblings are there to be called, and nothing else.
#[derive(Debug, Clone)]
pub(crate) struct Named(String);

impl Project {
    /// Whether the path named the file that a journey stands in, or its folder.
    pub(crate) fn is_named(&self, sources: &SourceMap, journey: &Journey) -> bool {
        let file = sources.get(journey.span.source).map(Source::name);
        self.named
            .as_ref()
            .is_none_or(|Named(named)| file == Some(named))
    }
}

/// The folder that is taken where no path is named.
const JOURNEYS: &str = "journeys";

/// The paths, a folder without journeys whose `wayfare.toml` says where realms have theirs as those folders.
pub(crate) fn of_realms(paths: Vec<PathBuf>, realm: Option<&str>) -> Result<Vec<PathBuf>, Trouble> {
    let mut found = Vec::new();
    for path in paths {
        let folders = if path.is_dir() && journey_files(&path)?.is_empty() {
            guards::folders(&path, realm)?
        } else {
            Vec::new()
        };
        if folders.is_empty() {
            found.push(path);
        } else {
            found.extend(folders);
        }
    }
    Ok(found)
}

/// The projects that the paths name, in order, none of them twice.
pub(crate) fn load(args: &Sources, terminal: Terminal) -> Result<Vec<Project>, Trouble> {
    let (root, realm) = (args.root.as_deref(), args.realm.as_deref());
    let mut all = Vec::new();
    if args.paths.is_empty() {
        all = of_settings(realm, terminal)?;
    }
    let mut paths = Vec::new();
    if all.is_empty() {
        for path in named(&args.paths, terminal) {
            let is_bare = path.is_dir() && journey_files(&path)?.is_empty();
            let of_realms = if is_bare {
                guards::serving(&path, realm, None)?
            } else {
                Vec::new()
            };
            if of_realms.is_empty() {
                paths.push(path);
            }
            all.extend(of_realms);
        }
    }
    let mut projects = Vec::new();
    for serving in &all {
        projects.push(load_serving(serving, root)?);
    }
    for path in distinct(&paths) {
        if all.iter().any(|one| guards::is_one_of(path, &one.paths)) {
            continue;
        }
        let project = load_in(path, root, realm)?;
        projects.push(with_guards_beside(project, path, realm)?);
    }
    Ok(projects)
}

/// What the realms of the settings of this folder are served with, which is said.
fn of_settings(realm: Option<&str>, terminal: Terminal) -> Result<Vec<Serving>, Trouble> {
    let here = Path::new("");
    let journeys = Path::new(JOURNEYS);
    let folder = if journeys.is_dir() {
        Some(journeys)
    } else {
        let own = Path::new(".");
        (!journey_files(own)?.is_empty()).then_some(own)
    };
    let all = guards::serving(here, realm, folder)?;
    if !all.is_empty() {
        let realms = all.iter().flat_map(|one| &one.realms);
        let realms: Vec<&str> = realms.map(Realm::as_str).collect();
        let mut paths: Vec<String> = Vec::new();
        for path in all.iter().flat_map(|one| &one.paths) {
            let path = match display(path) {
                here if here.is_empty() => ".".to_owned(),
                path => path,
            };
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
        terminal.say(&format!(
            "no path is named: taking `{}`, of `{}` in `wayfare.toml`",
            paths.join("`, `"),
            realms.join("`, `")
        ));
    }
    Ok(all)
}

/// The project of what realms are served with.
fn load_serving(serving: &Serving, root: Option<&Path>) -> Result<Project, Trouble> {
    let Serving { paths, served, .. } = serving;
    for path in paths.iter().filter(|path| path.is_dir()) {
        if journey_files(path)?.is_empty() {
            return Err(empty(path));
        }
    }
    let files = with_guards(with_guards(Vec::new(), paths)?, &served.guards)?;
    let files = files.iter().map(|file| read_for_findings(file));
    let own = match paths.as_slice() {
        [only] if only.is_dir() => only.as_path(),
        _ => Path::new("."),
    };
    Ok(Project {
        sources: files.collect::<Result<_, _>>()?,
        named: None,
        folder: Folder::new(root.unwrap_or(own))?,
        realm: served.realm.clone(),
        parameters: served.parameters.clone(),
        incomplete: served.incomplete,
        wires: served.wires.clone(),
    })
}

fn empty(folder: &Path) -> Trouble {
    let folder = folder.display();
    Trouble::input(format!("there is no `.journey` file in `{folder}`"))
}

/// The project of a single file with the guards of the folder that it stands in.
fn with_guards_beside(
    mut project: Project,
    path: &Path,
    realm: Option<&str>,
) -> Result<Project, Trouble> {
    if !path.is_file() {
        return Ok(project);
    }
    let folder = folder_of(path);
    let own = journey_files(&folder)?.into_iter();
    let own = own
        .filter(|file| file.to_string_lossy().ends_with(GUARDS))
        .collect();
    let mut known: BTreeSet<String> = project
        .sources
        .iter()
        .map(|source| source.name().to_owned())
        .collect();
    let mut others = Vec::new();
    for file in with_guards(own, &guards::served(&folder, realm)?.guards)? {
        if known.insert(display(&file)) {
            let source = read_for_findings(&file)?;
            others.extend(excepted(&source));
            project.sources.push(source);
        }
    }
    // A journey that a guard excepts must be there to be named.
    let mut declared = BTreeSet::new();
    for source in &project.sources {
        names(source, &mut declared, &mut BTreeSet::new());
    }
    others.retain(|name| !declared.contains(name));
    for file in journey_files(&folder)? {
        if others.is_empty() || known.contains(&display(&file)) {
            continue;
        }
        let source = read_for_findings(&file)?;
        let mut theirs = BTreeSet::new();
        names(&source, &mut theirs, &mut BTreeSet::new());
        if others.iter().any(|name| theirs.contains(name)) {
            others.retain(|name| !theirs.contains(name));
            project.sources.push(source);
        }
    }
    Ok(project)
}

/// The journeys that the guards of a source except.
fn excepted(source: &Source) -> Vec<String> {
    let id = SourceMap::default().add(source.clone());
    let items = wayfare::syntax::parse(source, id).file.items;
    let guards = items.into_iter().filter_map(|item| match item {
        Item::Guard(guard) => Some(guard.except),
        _ => None,
    });
    guards.flatten().map(|name| name.text).collect()
}

/// The folder that a file stands in.
fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

/// The paths that are meant: where none is named, the folder of journeys, which is said.
pub(crate) fn named(paths: &[PathBuf], terminal: Terminal) -> Vec<PathBuf> {
    if !paths.is_empty() {
        return paths.to_vec();
    }
    if Path::new(JOURNEYS).is_dir() {
        terminal.say(&format!("no path is named: taking `{JOURNEYS}`"));
        return vec![PathBuf::from(JOURNEYS)];
    }
    vec![PathBuf::from(".")]
}

/// The paths without those that another one brings along: the same again, a file of a folder that is named
/// too, and a file of tests beside its journeys.
fn distinct(paths: &[PathBuf]) -> Vec<&Path> {
    let real: Vec<Option<PathBuf>> = paths.iter().map(|path| path.canonicalize().ok()).collect();
    let brings = |other: &Path, path: &Path| {
        path.parent() == Some(other) && other.is_dir()
            || tests_beside(other).is_some_and(|tests| tests == path)
    };
    let is_brought = |at: usize| {
        let Some(Some(path)) = real.get(at) else {
            return false;
        };
        (0..).zip(&real).any(|(number, other)| {
            let other = other.as_deref().filter(|_| number != at);
            other.is_some_and(|other| other == path && number < at || brings(other, path))
        })
    };
    let all = (0..).zip(paths).filter(|(at, _)| !is_brought(*at));
    all.map(|(_, path)| path.as_path()).collect()
}

/// The project that a path names.
pub(crate) fn load_path(path: &Path, root: Option<&Path>) -> Result<Project, Trouble> {
    load_in(path, root, None)
}

/// The project that a path names, as it is served in a realm.
fn load_in(path: &Path, root: Option<&Path>, realm: Option<&str>) -> Result<Project, Trouble> {
    if path.as_os_str() == "-" {
        let text = standard_input()?;
        let folder = Folder::new(root.unwrap_or(Path::new(".")))?;
        let served = guards::served(Path::new("."), realm)?;
        return Ok(Project {
            sources: vec![Source::new("-", text)],
            named: None,
            folder,
            realm: served.realm,
            parameters: served.parameters,
            incomplete: served.incomplete,
            wires: Vec::new(),
        });
    }
    let kind = fs::metadata(path)
        .map_err(|e| Trouble::input(format!("`{}` cannot be read: {e}", path.display())))?;
    if kind.is_dir() {
        let files = journey_files(path)?;
        if files.is_empty() {
            return Err(empty(path));
        }
        let served = guards::served(path, realm)?;
        let files = with_guards(files, &served.guards)?;
        let sources = files
            .iter()
            .map(|file| read_for_findings(file))
            .collect::<Result<_, _>>()?;
        return Ok(Project {
            sources,
            named: None,
            folder: Folder::new(root.unwrap_or(path))?,
            realm: served.realm,
            parameters: served.parameters,
            incomplete: served.incomplete,
            wires: served.wires,
        });
    }
    let parent = folder_of(path);
    let root = root.map_or_else(
        || configured_root(&parent).unwrap_or(parent.clone()),
        Path::to_path_buf,
    );
    let sources = with_siblings(read_for_findings(path)?, path, &parent)?;
    let served = guards::served(&parent, realm)?;
    Ok(Project {
        sources,
        named: Some(Named(display(path))),
        folder: Folder::new(&root)?,
        realm: served.realm,
        parameters: served.parameters,
        incomplete: served.incomplete,
        wires: Vec::new(),
    })
}

/// The files of a folder, and those of guards that are kept elsewhere.
fn with_guards(mut files: Vec<PathBuf>, guards: &[PathBuf]) -> Result<Vec<PathBuf>, Trouble> {
    let mut known: Vec<_> = files.iter().filter_map(|f| f.canonicalize().ok()).collect();
    for path in guards {
        let found = if path.is_dir() {
            journey_files(path)?
        } else {
            vec![path.clone()]
        };
        for file in found {
            // One that is missing is said when it is read.
            let real = file.canonicalize().unwrap_or_else(|_| file.clone());
            if !known.contains(&real) {
                known.push(real);
                files.push(file);
            }
        }
    }
    Ok(files)
}

/// The values given on the command line; each is read as the type its parameter declares.
pub(crate) fn parameters(given: &[String]) -> Result<BTreeMap<String, Value>, Trouble> {
    given
        .iter()
        .map(|pair| match pair.split_once('=') {
            Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), guess(value))),
            _ => Err(Trouble::input(format!(
                "`--param {pair}` is not of the form `name=value`"
            ))),
        })
        .collect()
}

fn guess(text: &str) -> Value {
    match text {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => text.parse().map_or_else(|_| Value::text(text), Value::Int),
    }
}

/// The `.journey` files directly in a folder, sorted.
pub(crate) fn journey_files(folder: &Path) -> Result<Vec<PathBuf>, Trouble> {
    let unreadable =
        |e: io::Error| Trouble::input(format!("`{}` cannot be read: {e}", folder.display()));
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|e| e == "journey") && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Reads standard input, and no more of it than a file may have.
pub(crate) fn standard_input() -> Result<String, Trouble> {
    let mut text = String::new();
    io::stdin()
        .lock()
        .take(FILE_BYTES_MAX + 1)
        .read_to_string(&mut text)
        .map_err(|e| Trouble::input(format!("standard input cannot be read: {e}")))?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(Trouble::input(format!(
            "standard input has more than {FILE_BYTES_MAX} bytes; no journey is that long"
        )));
    }
    Ok(text)
}

/// Reads one file; text that is not UTF-8 is an input that cannot be read.
pub(crate) fn read(path: &Path) -> Result<Source, Trouble> {
    let text = String::from_utf8(bytes(path)?).map_err(|e| {
        Trouble::input(format!(
            "`{}` is not UTF-8: byte {} does not belong to any character",
            path.display(),
            e.utf8_error().valid_up_to()
        ))
    })?;
    Ok(Source::new(display(path), text))
}

/// Reads one file to be compiled; where it is not UTF-8 stands U+FFFD, which is a finding at its place.
fn read_for_findings(path: &Path) -> Result<Source, Trouble> {
    let bytes = bytes(path)?;
    Ok(Source::new(
        display(path),
        String::from_utf8_lossy(&bytes).into_owned(),
    ))
}

fn bytes(path: &Path) -> Result<Vec<u8>, Trouble> {
    let unreadable = |why: String| Trouble::input(format!("`{}` {why}", path.display()));
    let kind = fs::metadata(path).map_err(|e| unreadable(format!("cannot be read: {e}")))?;
    if !kind.is_file() {
        return Err(unreadable("is not a file".to_owned()));
    }
    if kind.len() > FILE_BYTES_MAX {
        return Err(unreadable(format!(
            "has {} bytes; no journey is that long",
            kind.len()
        )));
    }
    fs::read(path).map_err(|e| unreadable(format!("cannot be read: {e}")))
}

/// A path as sources are named: `/` between the parts, no leading `./`.
fn display(path: &Path) -> String {
    let parts: Vec<_> = path
        .components()
        .filter(|part| !matches!(part, Component::CurDir))
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    parts.join("/").replace("//", "/")
}

/// The nearest folder above with a configuration.
fn configured_root(folder: &Path) -> Option<PathBuf> {
    let absolute = folder.canonicalize().ok()?;
    let above = absolute
        .ancestors()
        .position(|dir| dir.join("wayfare.toml").is_file())?;
    let mut root = folder.to_path_buf();
    for _ in 0..above {
        root.push("..");
    }
    Some(root)
}

/// The file, and the siblings that declare journeys which it, or they, name.
fn with_siblings(first: Source, path: &Path, folder: &Path) -> Result<Vec<Source>, Trouble> {
    let mut declared = BTreeSet::new();
    let mut wanted = BTreeSet::new();
    names(&first, &mut declared, &mut wanted);
    let mut sources = vec![first];
    if let Some(tests) = tests_beside(path) {
        let tests = read_for_findings(&tests)?;
        names(&tests, &mut declared, &mut wanted);
        sources.push(tests);
    }
    if wanted.is_subset(&declared) {
        return Ok(sources);
    }
    let mut others = Vec::new();
    for file in journey_files(folder)? {
        if file.file_name() != path.file_name() {
            others.push(read_for_findings(&file)?);
        }
    }
    while let Some(at) = others.iter().position(|other| {
        let mut theirs = BTreeSet::new();
        names(other, &mut theirs, &mut BTreeSet::new());
        wanted
            .difference(&declared)
            .any(|name| theirs.contains(name))
    }) {
        let other = others.swap_remove(at);
        names(&other, &mut declared, &mut wanted);
        sources.push(other);
    }
    Ok(sources)
}

/// The file of tests that stands beside a file of journeys.
fn tests_beside(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let stem = name.strip_suffix(".journey")?;
    let tests = path.with_file_name(format!("{stem}{TESTS}"));
    (!name.ends_with(TESTS) && tests.is_file()).then_some(tests)
}

/// The journeys a source declares and those it calls.
fn names(source: &Source, declared: &mut BTreeSet<String>, wanted: &mut BTreeSet<String>) {
    let id = SourceMap::default().add(source.clone());
    let parsed = wayfare::syntax::parse(source, id);
    for item in &parsed.file.items {
        match item {
            Item::Journey(journey) => {
                declared.insert(journey.name.text.clone());
                let on_wire = journey.wire_name.as_ref().unwrap_or(&journey.name);
                declared.insert(on_the_wire(&on_wire.text));
                wanted.extend(calls(&journey.body));
            }
            Item::Fragment(fragment) => wanted.extend(calls(&fragment.body)),
            Item::Test(test) => wanted.extend(test.journey.iter().map(|name| name.text.clone())),
            Item::Policy(policy) => {
                for require in &policy.requires {
                    let sent = ["journey", "transaction"].contains(&require.kind.text.as_str());
                    if let (true, Some(Required::Name(name))) = (sent, &require.what) {
                        wanted.insert(name.text.clone());
                    }
                }
            }
            Item::Import(_)
            | Item::Constant(_)
            | Item::Parameter(_)
            | Item::Extern(_)
            | Item::Guard(_)
            | Item::Uncovered(_)
            | Item::Allow(_) => {}
        }
    }
}

/// The journeys that the nodes of a body are, or begin.
fn calls(body: &Body) -> impl Iterator<Item = String> {
    body.nodes.iter().filter_map(|node| match &node.kind {
        NodeKind::Journey(name) => Some(name.text.clone()),
        NodeKind::Type { name, .. } if name.text == "BackChannelInit" => {
            let mut settings = node.settings.iter();
            let tree = settings.find(|setting| setting.key.text == "tree")?;
            match &tree.value.kind {
                ValueKind::Text(parts) => match parts.as_slice() {
                    [TextPart::Raw(name)] => Some(on_the_wire(name)),
                    _ => None,
                },
                _ => None,
            }
        }
        NodeKind::Type { .. } => None,
    })
}

/// A name on the wire, apart from those in text.
fn on_the_wire(name: &str) -> String {
    format!("\"{name}\"")
}

/// Imports from a folder and the folders below it.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    root: PathBuf,
}

impl Folder {
    fn new(root: &Path) -> Result<Self, Trouble> {
        let root = root
            .canonicalize()
            .map_err(|e| Trouble::input(format!("`{}` cannot be read: {e}", root.display())))?;
        Ok(Self { root })
    }
}

impl Importer for Folder {
    fn read(&self, _from: &str, path: &str) -> Result<Source, ImportError> {
        let beside = PathBuf::from(path);
        let missing = |_| ImportError::NotFound;
        // A link may lead anywhere; where it really leads is what counts.
        let real = beside.canonicalize().map_err(missing)?;
        if !real.starts_with(&self.root) {
            return Err(ImportError::Outside);
        }
        if !real.is_file() {
            return Err(ImportError::Unreadable("it is not a file".to_owned()));
        }
        match read(&beside) {
            Ok(source) => Ok(source),
            Err(Trouble::Input(why) | Trouble::Internal(why)) => Err(ImportError::Unreadable(why)),
        }
    }
}
