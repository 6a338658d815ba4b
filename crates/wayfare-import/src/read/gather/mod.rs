//! What was found, put together by realm.
//!
//! In: a draft with all files in it. Out: bundles. Trees of several files come into one bundle; of two things
//! of one id the first is taken.

mod loose;
mod thing;
mod tree;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::{Map, Value};

use crate::{
    bundle::{Bundle, Form, Node, Tree},
    finding::{Code, Finding},
    read::{
        Reading,
        draft::{Draft, DraftTree, Record, Thing},
    },
};

/// Where a tree keeps what its file says of itself, where several files came into one bundle.
pub(crate) const FILE: &str = "$file";

/// The kind of files that are kept as they stand, by path.
pub(crate) const FILES: &str = "files";

type Realm = Option<Arc<str>>;

/// Marks a tree that has a file of its own, or has none, where its form says otherwise.
pub(crate) const SINGLE: &str = "$single";

/// The form of a tree, with what lies beside it.
fn form_of(draft: &DraftTree, managed: &BTreeSet<String>) -> Form {
    if draft.form == Form::Rest && managed.contains(folder(&draft.origin.file)) {
        Form::ConfigManager
    } else {
        draft.form
    }
}

/// Puts everything together.
pub(super) fn gather(mut draft: Draft) -> Reading {
    let mut notes = Vec::new();
    let paths: Vec<String> = draft.texts.keys().cloned().collect();
    let mut gathering = Gathering::new(&mut draft);
    gathering.trees(&mut notes);
    for record in gathering.records(&mut notes) {
        draft.unknown.push(record.origin.file.clone());
        gathering.things.push(Thing {
            kind: FILES.into(),
            id: record.origin.file.clone(),
            origin: record.origin,
            value: record.body,
        });
    }
    gathering.things(&mut notes);
    gathering.files();
    let trees = gathering.has_trees();
    draft.note_unknown(trees);
    let bundles = gathering.bundles.into_values().collect::<Vec<_>>();
    for note in notes {
        draft.note(note);
    }
    if bundles.is_empty() {
        for path in paths {
            draft.note(Finding::new(Code::UnknownFormat, "the file is not JSON").file(path));
        }
    }
    Reading {
        bundles,
        findings: draft.into_findings(),
    }
}

/// The folder of a file: all before the last `/`.
fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Whether a folder is in another one, or the same.
fn within(inner: &str, outer: &str) -> bool {
    outer.is_empty()
        || inner
            .strip_prefix(outer)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The paths of texts by the name of the file.
fn names(texts: &BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Vec<String>> {
    let mut names: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in texts.keys() {
        let name = path.rsplit('/').next().unwrap_or(path);
        names.entry(name.to_owned()).or_default().push(path.clone());
    }
    names
}

struct Gathering {
    trees: Vec<DraftTree>,
    records: Vec<Record>,
    things: Vec<Thing>,
    texts: BTreeMap<String, Vec<u8>>,
    /// The paths of texts by the name of the file.
    names: BTreeMap<String, Vec<String>>,
    meta: Map<String, Value>,
    bundles: BTreeMap<Realm, Bundle>,
    /// The only realm, which takes in what names none.
    only: Realm,
    /// The records that trees took, by place.
    taken: BTreeSet<usize>,
    /// Texts that scripts took.
    read: BTreeSet<String>,
    /// The email templates that stand in files of their own, by realm and folder.
    beside_templates: BTreeMap<(Realm, Arc<str>), Arc<str>>,
    /// The folders of trees that stand in files of their own.
    folders: BTreeMap<Arc<str>, Vec<(Realm, Arc<str>)>>,
}

impl Gathering {
    fn new(draft: &mut Draft) -> Self {
        let trees = std::mem::take(&mut draft.trees);
        let named: BTreeSet<_> = trees
            .iter()
            .filter_map(|tree| tree.origin.realm.clone())
            .collect();
        let only = if named.len() == 1 {
            named.into_iter().next()
        } else {
            None
        };
        Self {
            trees,
            records: std::mem::take(&mut draft.records),
            things: std::mem::take(&mut draft.things),
            names: names(&draft.texts),
            texts: std::mem::take(&mut draft.texts),
            meta: std::mem::take(&mut draft.meta),
            bundles: BTreeMap::new(),
            only,
            taken: BTreeSet::new(),
            read: BTreeSet::new(),
            beside_templates: BTreeMap::new(),
            folders: BTreeMap::new(),
        }
    }

    fn has_trees(&self) -> bool {
        self.bundles.values().any(|bundle| !bundle.trees.is_empty())
    }

    fn realm(&self, realm: &Realm) -> Realm {
        realm.clone().or_else(|| self.only.clone())
    }

    /// The files with several trees that are in a realm.
    fn several(&self) -> BTreeMap<Realm, BTreeSet<Arc<str>>> {
        let mut several: BTreeMap<Realm, BTreeSet<Arc<str>>> = BTreeMap::new();
        for tree in &self.trees {
            if tree.file_meta.is_some() {
                let files = several.entry(self.realm(&tree.origin.realm)).or_default();
                files.insert(tree.origin.file.clone());
            }
        }
        several
    }

    fn trees(&mut self, notes: &mut Vec<Finding>) {
        let several = self.several();
        let by_id = self.by_id();
        let managed = self.managed();
        let mut forms: BTreeMap<Realm, Form> = BTreeMap::new();
        for draft in &self.trees {
            let form = form_of(draft, &managed);
            let least = forms.entry(self.realm(&draft.origin.realm)).or_insert(form);
            *least = form.min(*least);
        }
        for draft in std::mem::take(&mut self.trees) {
            let realm = self.realm(&draft.origin.realm);
            let form = form_of(&draft, &managed);
            let alone = several.get(&realm).is_none_or(|files| files.len() < 2);
            let most = forms.get(&realm).copied().unwrap_or_default();
            let single = draft.sections.is_some() && draft.file_meta.is_none();
            let file = draft.origin.file.clone();
            let file_meta = draft.file_meta.clone();
            let own = draft.sections.is_none();
            let mut tree = if draft.sections.is_some() {
                self.of_sections(draft, &realm, notes)
            } else {
                self.of_records(draft, form, &by_id, notes)
            };
            let bundle = self.bundles.entry(realm.clone()).or_default();
            bundle.form = most;
            if !own && single != most.is_single() {
                tree.meta.insert(SINGLE.to_owned(), Value::Bool(single));
            }
            if let Some(mut meta) = file_meta {
                if alone && !most.is_single() {
                    bundle.meta.extend(meta);
                } else {
                    meta.insert("path".to_owned(), Value::String(file.to_string()));
                    tree.meta.insert(FILE.to_owned(), Value::Object(meta));
                }
            }
            if own {
                let name = tree.name.clone();
                let here = self.folders.entry(folder(&file).into()).or_default();
                here.push((realm.clone(), name));
            }
            keep(bundle, tree, &file, notes);
        }
        for bundle in self.bundles.values_mut() {
            if bundle.form == Form::FrodoConfig {
                bundle.meta.extend(self.meta.clone());
            }
        }
    }

    fn by_id(&self) -> BTreeMap<Arc<str>, Vec<usize>> {
        let mut by_id: BTreeMap<Arc<str>, Vec<usize>> = BTreeMap::new();
        for (place, record) in self.records.iter().enumerate() {
            by_id.entry(record.id.clone()).or_default().push(place);
        }
        by_id
    }

    /// The folders of trees that have a folder `nodes` beside the tree.
    fn managed(&self) -> BTreeSet<String> {
        let folders: BTreeSet<&str> = self
            .records
            .iter()
            .flat_map(|record| {
                let inner = folder(&record.origin.file);
                [inner, folder(inner)]
            })
            .collect();
        let managed = folders.iter().filter_map(|folder| {
            let outer = folder.strip_suffix("nodes")?;
            (outer.is_empty() || outer.ends_with('/'))
                .then(|| outer.trim_end_matches('/').to_owned())
        });
        let of_path = self
            .trees
            .iter()
            .map(|tree| folder(&tree.origin.file))
            .filter(|path| path.split('/').any(|part| part == "journeys"))
            .map(str::to_owned);
        managed.chain(of_path).collect()
    }
}

/// Keeps a tree, unless another one of its name is there.
fn keep(bundle: &mut Bundle, tree: Tree, file: &Arc<str>, notes: &mut Vec<Finding>) {
    match bundle.trees.get(&tree.name) {
        None => {
            bundle.trees.insert(tree.name.clone(), tree);
        }
        Some(first) if same(first, &tree) => {}
        Some(_) => {
            let message = format!(
                "the tree came along twice and differs: the first is taken, and not that of `{file}`"
            );
            let note = Finding::new(Code::DuplicateId, message);
            notes.push(note.tree(tree.name.clone()).file(file.clone()));
        }
    }
}

/// Whether two trees say the same, whatever their files say of themselves, however they are drawn and
/// whatever their revisions are.
fn same(a: &Tree, b: &Tree) -> bool {
    let drawn = ["staticNodes", "uiConfig"];
    let nodes = || a.nodes.iter().zip(&b.nodes);
    a.entry == b.entry
        && a.realm == b.realm
        && said(&a.body, &drawn).eq(said(&b.body, &drawn))
        && a.nodes.len() == b.nodes.len()
        && nodes().all(|((one, a), (other, b))| one == other && same_node(a, b))
}

fn same_node(a: &Node, b: &Node) -> bool {
    let at = ["x", "y"];
    (&a.place, &a.ty, &a.version, &a.display) == (&b.place, &b.ty, &b.version, &b.display)
        && (&a.connections, &a.settings, a.found) == (&b.connections, &b.settings, b.found)
        && a.children == b.children
        && said(&a.entry, &at).eq(said(&b.entry, &at))
        && said(&a.record, &[]).eq(said(&b.record, &[]))
}

/// The members that say something: no revision, none of the reader's own, and none of these.
fn said<'a>(
    map: &'a Map<String, Value>,
    without: &'a [&str],
) -> impl Iterator<Item = (&'a String, &'a Value)> {
    map.iter().filter(|(key, _)| {
        *key != "_rev" && !key.starts_with('$') && !without.contains(&key.as_str())
    })
}
