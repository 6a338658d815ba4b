//! The texts of a program read again: what the graph has no more need of.
//!
//! In: the sources of a program. Out: the tree of the text at a node, and what a name in it means: the
//! program has folded constants and parameters, and an export has to tell them apart. Nothing is checked;
//! the compiler has read the same texts.

use std::{collections::BTreeSet, sync::Arc};

use wayfare::{SourceId, SourceMap, Span, ast, compile::resolve_path, parse};

/// How far names are followed; the compiler refuses what goes round.
const FOLLOW_MAX: u32 = 64;

/// The files of a program as trees.
#[derive(Debug)]
pub(super) struct Texts {
    files: Vec<Read>,
}

#[derive(Debug)]
struct Read {
    id: SourceId,
    name: Arc<str>,
    tree: ast::File,
}

/// Where names of a value are looked up.
#[derive(Debug, Clone)]
pub(super) struct Env<'t> {
    file: usize,
    /// The fragment that the value stands in, the use of it, and where that stands.
    within: Option<(&'t ast::Fragment, &'t ast::Node, Arc<Env<'t>>)>,
}

/// What a name means.
#[derive(Debug, Clone)]
pub(super) enum Means<'t> {
    /// Another value, and where its names are looked up.
    Value(&'t ast::Value, Env<'t>),
    /// A parameter.
    Parameter(&'t ast::Parameter),
}

/// A node in the text.
#[derive(Debug, Clone)]
pub(super) struct Written<'t> {
    pub(super) node: &'t ast::Node,
    pub(super) env: Env<'t>,
}

impl Texts {
    pub(super) fn new(sources: &SourceMap) -> Self {
        let files = sources.iter().map(|(id, source)| Read {
            id,
            name: Arc::from(source.name()),
            tree: parse(source, id).file,
        });
        Self {
            files: files.collect(),
        }
    }

    /// The journey that is declared here.
    pub(super) fn journey(&self, head: Span) -> Option<(&ast::Journey, Env<'_>)> {
        let file = self.files.iter().position(|file| file.id == head.source)?;
        let mut items = self.files.get(file)?.tree.items.iter();
        let found = items.find_map(|item| match item {
            ast::Item::Journey(journey) if journey.head == head => Some(journey),
            _ => None,
        })?;
        Some((found, Env { file, within: None }))
    }

    /// The node of a journey with this path: `code.enter` is in a fragment.
    pub(super) fn node<'t>(
        &'t self,
        journey: &'t ast::Journey,
        env: &Env<'t>,
        path: &str,
    ) -> Option<Written<'t>> {
        let mut body = &journey.body;
        let mut env = env.clone();
        let mut parts = path.split('.').peekable();
        // BOUND: as many as the path has parts.
        while let Some(part) = parts.next() {
            let node = body.nodes.iter().find(|node| node.name.text == part)?;
            if parts.peek().is_none() {
                return Some(Written { node, env });
            }
            let ast::NodeKind::Type { name, .. } = &node.kind else {
                return None;
            };
            let (file, fragment) = self.fragment(env.file, &name.text)?;
            body = &fragment.body;
            env = Env {
                file,
                within: Some((fragment, node, Arc::new(env))),
            };
        }
        None
    }

    /// The files that a file sees: itself and what it imports.
    fn seen(&self, from: usize) -> Vec<usize> {
        let Some(file) = self.files.get(from) else {
            return Vec::new();
        };
        let imports = file.tree.items.iter().filter_map(|item| match item {
            ast::Item::Import(import) => resolve_path(&file.name, &import.path.text),
            _ => None,
        });
        let imports: BTreeSet<String> = imports.collect();
        let others = self.files.iter().enumerate();
        let imported = others.filter(|(_, other)| imports.contains(&*other.name));
        std::iter::once(from)
            .chain(imported.map(|(at, _)| at))
            .collect()
    }

    fn fragment(&self, from: usize, name: &str) -> Option<(usize, &ast::Fragment)> {
        self.seen(from).into_iter().find_map(|at| {
            let mut items = self.files.get(at)?.tree.items.iter();
            items.find_map(|item| match item {
                ast::Item::Fragment(fragment) if fragment.name.text == name => Some((at, fragment)),
                _ => None,
            })
        })
    }

    /// What a name means where it stands, one step on.
    fn step<'t>(&'t self, name: &str, env: &Env<'t>) -> Option<Means<'t>> {
        if let Some((fragment, node, outer)) = &env.within
            && let Some(formal) = fragment.formals.iter().find(|f| f.name.text == name)
        {
            let given = node.settings.iter().find(|s| s.key.text == name);
            return match (given, &formal.default) {
                (Some(setting), _) => Some(Means::Value(&setting.value, (**outer).clone())),
                (None, Some(default)) => {
                    let file = env.file;
                    Some(Means::Value(default, Env { file, within: None }))
                }
                (None, None) => None,
            };
        }
        self.seen(env.file).into_iter().find_map(|file| {
            let mut items = self.files.get(file)?.tree.items.iter();
            items.find_map(|item| match item {
                ast::Item::Constant(constant) if constant.name.text == name => {
                    let env = Env { file, within: None };
                    Some(Means::Value(&constant.value, env))
                }
                ast::Item::Parameter(parameter) if parameter.name.text == name => {
                    Some(Means::Parameter(parameter))
                }
                _ => None,
            })
        })
    }

    /// What a value is once every name that stands for the whole of it is followed.
    pub(super) fn follow<'t>(&'t self, value: &'t ast::Value, env: &Env<'t>) -> Option<Means<'t>> {
        let mut at = Means::Value(value, env.clone());
        for _ in 0..FOLLOW_MAX {
            let Means::Value(value, env) = &at else {
                return Some(at);
            };
            let ast::ValueKind::Reference(path) = &value.kind else {
                return Some(at);
            };
            let [name] = path.parts.as_slice() else {
                return Some(at);
            };
            at = self.step(&name.text, env)?;
        }
        None
    }

    /// The parameter with this name; secret ones are one name in all files.
    pub(super) fn parameter(&self, name: &str) -> Option<&ast::Parameter> {
        let mut items = self.files.iter().flat_map(|file| &file.tree.items);
        items.find_map(|item| match item {
            ast::Item::Parameter(parameter) if parameter.name.text == name => Some(parameter),
            _ => None,
        })
    }

    /// What a name in a text means.
    pub(super) fn named<'t>(&'t self, path: &'t ast::Path, env: &Env<'t>) -> Option<Means<'t>> {
        let [name] = path.parts.as_slice() else {
            return None;
        };
        match self.step(&name.text, env)? {
            Means::Value(value, env) => self.follow(value, &env),
            parameter @ Means::Parameter(_) => Some(parameter),
        }
    }

    /// The path of a file that a value is the text of, from the folder of the program.
    pub(super) fn file_of<'t>(&'t self, value: &'t ast::Value, env: &Env<'t>) -> Option<String> {
        let Means::Value(value, env) = self.follow(value, env)? else {
            return None;
        };
        let ast::ValueKind::File(path) = &value.kind else {
            return None;
        };
        let from = self.files.get(env.file)?;
        // A folder that is named in full is not known to be one of the folder's, so its path says nothing.
        let name = match from.name.rsplit_once('/') {
            Some((folder, file)) if folder.is_empty() || folder.starts_with('/') => file,
            _ => &*from.name,
        };
        resolve_path(name, &path.text)
    }
}
