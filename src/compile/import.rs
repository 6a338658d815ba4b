//! Files that name other files.
//!
//! In: the sources the embedder gave, and an [`Importer`] that may bring more. Out: every source that the
//! program is made of, parsed, with its imports resolved. A path is checked here, as text, before any
//! importer sees it; whether a file is a link that leaves the root, or a device, only the importer knows.

use std::collections::BTreeMap;

use crate::{
    codes,
    compile::{
        context::Loaded,
        trees::{Tree, Trees},
        value_walk,
    },
    diagnostic::{Diagnostic, Diagnostics},
    source::{Source, SourceId, SourceMap, Span},
    syntax::{SourceLimits, ast},
};

/// Whatever brings the text of a file that another one names.
///
/// `path` is relative to the root of the realm, with `/` between its parts; it holds no `..`, no drive and
/// no backslash. An importer on a file system refuses links that leave the root and everything that is not
/// a plain file.
pub trait Importer {
    /// The source at `path`, which the source named `from` asks for.
    ///
    /// # Errors
    /// It is not there, lies outside the root, or cannot be read.
    fn read(&self, from: &str, path: &str) -> Result<Source, ImportError>;
}

/// Why an importer brings nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// There is no such file.
    #[error("there is no such file")]
    NotFound,
    /// The path leaves the root, or names something that is not a plain file.
    #[error("the path leaves the folder of the realm")]
    Outside,
    /// The file is there and cannot be read.
    #[error("{0}")]
    Unreadable(String),
}

/// Sources held in memory, by name; for tests and for embedders without files.
#[derive(Debug, Clone, Default)]
pub struct MemoryImporter {
    sources: BTreeMap<String, Source>,
}

impl MemoryImporter {
    /// An importer of these sources.
    pub fn new(sources: impl IntoIterator<Item = Source>) -> Self {
        Self {
            sources: sources
                .into_iter()
                .map(|source| (source.name().to_owned(), source))
                .collect(),
        }
    }
}

impl Importer for MemoryImporter {
    fn read(&self, _from: &str, path: &str) -> Result<Source, ImportError> {
        self.sources.get(path).cloned().ok_or(ImportError::NotFound)
    }
}

/// The name of the file that `path` means in the file named `from`; `None` where it leaves the root.
///
/// ```
/// use wayfare::compile::resolve_path;
/// assert_eq!(resolve_path("a/login.journey", "../lib/otp.journey").as_deref(), Some("lib/otp.journey"));
/// assert_eq!(resolve_path("login.journey", "../otp.journey"), None);
/// assert_eq!(resolve_path("login.journey", "/etc/passwd"), None);
/// ```
pub fn resolve_path(from: &str, path: &str) -> Option<String> {
    let is_plain = |part: &str| {
        !part.is_empty() && !part.contains(|c: char| c.is_control() || matches!(c, '\\' | ':'))
    };
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    // Where the importing file has an absolute name the root is not known, so its folder is the root.
    let (fixed, folder) = if from.starts_with('/') {
        (folder, "")
    } else {
        ("", folder)
    };
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    if path.is_empty() || path.len() > 1_024 {
        return None;
    }
    for part in path.split('/') {
        match part {
            "." => {}
            ".." => {
                parts.pop()?;
            }
            part if is_plain(part) && !is_device(part) => parts.push(part),
            _ => return None,
        }
    }
    if path.ends_with("/.") || path.ends_with("..") {
        return None;
    }
    let path = parts.join("/");
    Some(if from.starts_with('/') {
        format!("{fixed}/{path}")
    } else {
        path
    })
}

/// Names that some systems open as a device in every folder.
fn is_device(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or("").trim_end();
    ["con", "prn", "aux", "nul"]
        .iter()
        .any(|device| stem.eq_ignore_ascii_case(device))
        || (stem.len() == 4
            && stem.bytes().last().is_some_and(|b| b.is_ascii_digit())
            && stem
                .get(..3)
                .is_some_and(|s| s.eq_ignore_ascii_case("com") || s.eq_ignore_ascii_case("lpt")))
}

/// Reads and parses everything; the sources the embedder gave come first, by name.
pub(super) struct Loader<'i> {
    importer: Option<&'i dyn Importer>,
    trees: Option<&'i Trees>,
    files_max: usize,
    limits: SourceLimits,
    pub(super) sources: SourceMap,
    pub(super) files: Vec<Loaded>,
    pub(super) diagnostics: Diagnostics,
    by_name: BTreeMap<String, SourceId>,
}

impl<'i> Loader<'i> {
    pub(super) fn new(
        importer: Option<&'i dyn Importer>,
        trees: Option<&'i Trees>,
        files_max: usize,
        limits: SourceLimits,
    ) -> Self {
        Self {
            importer,
            trees,
            files_max,
            limits,
            sources: SourceMap::default(),
            files: Vec::new(),
            diagnostics: Diagnostics::default(),
            by_name: BTreeMap::new(),
        }
    }

    /// Loads the roots and whatever they reach.
    pub(super) fn load(&mut self, roots: impl IntoIterator<Item = Source>) {
        let mut roots: Vec<Source> = roots.into_iter().collect();
        roots.sort_by(|a, b| a.name().as_bytes().cmp(b.name().as_bytes()));
        for root in roots {
            if self.by_name.contains_key(root.name()) {
                let message = format!("file `{}` is given twice", root.name());
                let at = self.by_name.get(root.name()).copied().unwrap_or_default();
                self.diagnostics.push(
                    Diagnostic::new(codes::DUPLICATE_NAME, Span::new(at, 0, 0), message)
                        .expected("each file once"),
                );
                continue;
            }
            self.add(&root, true, None);
        }
        // BOUND: every round parses one file, and `add` refuses files past the limit.
        let mut next = 0;
        while next < self.files.len() {
            self.resolve_imports(next);
            next += 1;
        }
        self.find_cycles();
    }

    fn add(&mut self, source: &Source, root: bool, at: Option<Span>) -> Option<SourceId> {
        if self.files.len() >= self.files_max {
            // Said once: the first file past the limit.
            if self.files.len() == self.files_max {
                let span = at.unwrap_or_default();
                let message = format!(
                    "file `{}` is one more than the {} files of a program",
                    source.name(),
                    self.files_max
                );
                if !self
                    .diagnostics
                    .iter()
                    .any(|d| d.code == codes::TOO_MANY_FILES)
                {
                    self.diagnostics.push(
                        Diagnostic::new(codes::TOO_MANY_FILES, span, message)
                            .expected(format!("at most {} files", self.files_max)),
                    );
                }
            }
            return None;
        }
        let name = source.name().to_owned();
        let id = self.sources.add(source.clone());
        self.by_name.insert(name, id);
        let tree = match self.trees {
            Some(trees) => trees.read(source, id, self.limits),
            None => Tree::read(source, id, self.limits),
        };
        let mut broken: Vec<Span> = tree
            .diagnostics
            .iter()
            .filter(|d| d.severity == crate::Severity::Error)
            .map(|d| d.span)
            .collect();
        broken.sort_unstable();
        self.diagnostics.append(tree.diagnostics);
        self.files.push(Loaded {
            id,
            file: tree.file,
            root,
            broken,
            imports: Vec::new(),
            texts: BTreeMap::new(),
        });
        Some(id)
    }

    fn resolve_imports(&mut self, at: usize) {
        let Some(loaded) = self.files.get(at) else {
            return;
        };
        let from = loaded.id;
        let imports: Vec<ast::Import> = loaded
            .file
            .items
            .iter()
            .filter_map(|item| match item {
                ast::Item::Import(import) => Some(import.clone()),
                _ => None,
            })
            .collect();
        let files = value_walk::files(&loaded.file);
        let mut resolved = Vec::with_capacity(imports.len());
        for import in imports {
            let found = self.find(from, &import.path);
            if let Some(id) = found.filter(|id| *id != from) {
                self.refuse_journeys(&import, id);
            }
            resolved.push((import.path.span, found));
        }
        let mut texts = BTreeMap::new();
        for name in files {
            if let Some(text) = self.read_text(from, &name) {
                texts.insert(name.text, text);
            }
        }
        if let Some(loaded) = self.files.get_mut(at) {
            loaded.imports = resolved;
            loaded.texts = texts;
        }
    }

    fn path(&mut self, from: SourceId, path: &ast::Name) -> Option<String> {
        let from = self.sources.get(from).map_or("", Source::name);
        let resolved = resolve_path(from, &path.text);
        if resolved.is_none() {
            self.diagnostics.push(outside(path));
        }
        resolved
    }

    fn read(&mut self, from: SourceId, path: &ast::Name, name: &str) -> Option<Source> {
        let from = self.sources.get(from).map_or("", Source::name);
        let read = match self.importer {
            Some(importer) => importer.read(from, name),
            None => Err(ImportError::NotFound),
        };
        match read {
            Ok(source) => Some(Source::new(name, source.text())),
            Err(ImportError::Outside) => {
                self.diagnostics.push(outside(path));
                None
            }
            Err(error) => {
                self.diagnostics.push(
                    Diagnostic::new(
                        codes::UNKNOWN_IMPORT,
                        path.span,
                        format!("cannot read `{name}`: {error}"),
                    )
                    .expected("a file in the folder of the realm"),
                );
                None
            }
        }
    }

    fn find(&mut self, from: SourceId, path: &ast::Name) -> Option<SourceId> {
        let name = self.path(from, path)?;
        if let Some(id) = self.by_name.get(&name) {
            return Some(*id);
        }
        let source = self.read(from, path, &name)?;
        self.add(&source, false, Some(path.span))
    }

    fn read_text(&mut self, from: SourceId, path: &ast::Name) -> Option<std::sync::Arc<str>> {
        let name = self.path(from, path)?;
        let source = self.read(from, path, &name)?;
        if source.text().len() > self.limits.bytes_max {
            self.diagnostics.push(
                Diagnostic::new(
                    codes::FILE_TOO_LARGE,
                    path.span,
                    format!("`{name}` has {} bytes", source.text().len()),
                )
                .expected(format!("at most {} bytes", self.limits.bytes_max)),
            );
            return None;
        }
        Some(std::sync::Arc::from(source.text()))
    }

    fn refuse_journeys(&mut self, import: &ast::Import, id: SourceId) {
        let Some(loaded) = self.files.get(id.index()) else {
            return;
        };
        let served = loaded.file.items.iter().find_map(|item| match item {
            ast::Item::Journey(journey) => Some(("journey", journey.head)),
            ast::Item::Policy(policy) => Some(("policy", policy.head)),
            ast::Item::Test(test) => Some(("test", test.head)),
            ast::Item::Guard(guard) => Some(("guard", guard.head)),
            _ => None,
        });
        if let Some((what, head)) = served {
            self.diagnostics.push(
                Diagnostic::new(
                    codes::IMPORTED_JOURNEY,
                    import.path.span,
                    format!(
                        "`{}` holds a {what} and cannot be imported",
                        import.path.text
                    ),
                )
                .expected("a file of fragments and constants")
                .label(head, format!("this {what}"))
                .help("move what is shared into a file of its own"),
            );
        }
    }

    /// Walks the import graph with a stack of its own; an arrow back into the current path is a cycle.
    fn find_cycles(&mut self) {
        let mut state = vec![0_u8; self.files.len()];
        let mut found = Vec::new();
        for root in 0..self.files.len() {
            if state.get(root) != Some(&0) {
                continue;
            }
            let mut stack = vec![(root, 0_usize)];
            set(&mut state, root, 1);
            while let Some((file, next)) = stack.pop() {
                let import = self.files.get(file).and_then(|f| f.imports.get(next));
                let Some((span, target)) = import.copied() else {
                    set(&mut state, file, 2);
                    continue;
                };
                stack.push((file, next + 1));
                let Some(target) = target.map(SourceId::index) else {
                    continue;
                };
                match state.get(target) {
                    Some(0) => {
                        set(&mut state, target, 1);
                        stack.push((target, 0));
                    }
                    Some(1) => found.push((span, target, file)),
                    _ => {}
                }
            }
        }
        for (span, target, file) in found {
            let name = |at: usize| {
                self.files
                    .get(at)
                    .and_then(|f| self.sources.get(f.id))
                    .map_or("", Source::name)
            };
            let message = if target == file {
                format!("`{}` imports itself", name(file))
            } else {
                format!("`{}` is imported by what it imports", name(target))
            };
            let mut finding = Diagnostic::new(codes::IMPORT_CYCLE, span, message)
                .expected("a file that does not lead back here");
            let back = self.files.get(target).and_then(|f| f.imports.first());
            if let Some((other, _)) = back.filter(|_| target != file) {
                finding = finding.label(*other, "the circle begins here");
            }
            self.diagnostics.push(finding);
        }
    }
}

fn set(state: &mut [u8], at: usize, value: u8) {
    if let Some(slot) = state.get_mut(at) {
        *slot = value;
    }
}

fn outside(path: &ast::Name) -> Diagnostic {
    Diagnostic::new(
        codes::IMPORT_OUTSIDE,
        path.span,
        format!("`{}` leaves the folder of the realm", path.text),
    )
    .expected("a relative path to a plain file, with `/` between its parts")
}
