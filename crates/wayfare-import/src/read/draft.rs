//! What was found in the files so far, before it is put together.
//!
//! In: one file after another. Out: trees, nodes, scripts and other things, each with the file and the realm
//! that it is from. Which node belongs to which tree is settled when all files are in.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Map, Value};

use crate::{
    bundle::Form,
    finding::{Code, Finding},
    read::{
        FILES, InputFile, ReadLimits, export,
        json::{self, Fault, Parsed},
        shape,
    },
};

/// Where something is from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Origin {
    pub(super) file: Arc<str>,
    pub(super) realm: Option<Arc<str>>,
}

/// A tree that was found.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct DraftTree {
    pub(super) origin: Origin,
    pub(super) form: Form,
    pub(super) name: Arc<str>,
    /// Its own JSON.
    pub(super) raw: Map<String, Value>,
    /// What stood beside it in the same export of a tree; none where nodes are things of their own.
    pub(super) sections: Option<Map<String, Value>>,
    /// What its file says of itself, where the file has several trees.
    pub(super) file_meta: Option<Map<String, Value>>,
    /// Members of the reader's own.
    pub(super) meta: Map<String, Value>,
}

/// The JSON of what may be a node.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Record {
    pub(super) origin: Origin,
    pub(super) id: Arc<str>,
    pub(super) body: Value,
    /// What its packaging says of it.
    pub(super) metadata: Option<Value>,
}

/// Anything else.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Thing {
    pub(super) origin: Origin,
    pub(super) kind: Arc<str>,
    pub(super) id: Arc<str>,
    pub(super) value: Value,
}

/// What was found so far.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) limits: ReadLimits,
    pub(super) trees: Vec<DraftTree>,
    pub(super) records: Vec<Record>,
    pub(super) things: Vec<Thing>,
    /// What files of a whole configuration say of themselves.
    pub(super) meta: Map<String, Value>,
    /// Files that are no JSON, by path.
    pub(super) texts: BTreeMap<String, Vec<u8>>,
    /// Files, and items in lists, of which nothing is known.
    pub(super) unknown: Vec<Arc<str>>,
    pub(super) findings: Vec<Finding>,
    unnoted: usize,
}

/// Files that are texts beside others, by the ending of their names.
const TEXTS: &[&str] = &[
    "js",
    "javascript",
    "groovy",
    "html",
    "md",
    "css",
    "txt",
    "xml",
    "properties",
    "sh",
    "csv",
    "yml",
    "yaml",
];

fn is_text(path: &str) -> bool {
    path.rsplit_once('.')
        .is_some_and(|(_, ending)| TEXTS.contains(&ending.to_ascii_lowercase().as_str()))
}

/// Whether a path leaves its folder, or is none that can be written everywhere.
fn is_trick(path: &str) -> bool {
    path.starts_with('/')
        || path.contains(['\\', '\0'])
        || path.chars().any(char::is_control)
        || path.split('/').any(|part| part == "..")
}

impl Draft {
    pub(super) fn new(limits: ReadLimits) -> Self {
        Self {
            limits,
            trees: Vec::new(),
            records: Vec::new(),
            things: Vec::new(),
            meta: Map::new(),
            texts: BTreeMap::new(),
            unknown: Vec::new(),
            findings: Vec::new(),
            unnoted: 0,
        }
    }

    /// Keeps a finding, or counts it where there are too many.
    pub(super) fn note(&mut self, finding: Finding) {
        if self.findings.len() < self.limits.findings {
            self.findings.push(finding);
        } else {
            self.unnoted += 1;
        }
    }

    /// Keeps something of which nothing is known, as it stands.
    pub(super) fn keep(&mut self, origin: &Origin, id: Arc<str>, value: Value) {
        self.unknown.push(id.clone());
        self.things.push(Thing {
            origin: origin.clone(),
            kind: FILES.into(),
            id,
            value,
        });
    }

    /// Says of what nothing is known: of each file, or of many at once where there are trees besides.
    pub(super) fn note_unknown(&mut self, trees: bool) {
        let unknown = std::mem::take(&mut self.unknown);
        if let (true, [first, .., last]) = (trees && unknown.len() > 3, unknown.as_slice()) {
            let message = format!(
                "{} files have nothing to do with journeys, from `{first}` to `{last}`: they are kept as they are",
                unknown.len()
            );
            self.note(Finding::new(Code::UnknownFormat, message));
            return;
        }
        for file in unknown {
            let message = "nothing is known of what stands in it: it is kept as it is";
            self.note(Finding::new(Code::UnknownFormat, message).file(file));
        }
    }

    /// The findings, with how many were left out.
    pub(super) fn into_findings(mut self) -> Vec<Finding> {
        if self.unnoted > 0 {
            let message = format!("{} more findings are not shown", self.unnoted);
            self.findings.push(Finding::new(Code::TooLarge, message));
        }
        self.findings
    }

    /// Takes a file in.
    pub(super) fn file(&mut self, file: &InputFile) {
        let path = if is_trick(&file.path) {
            let message = "the path leaves its folder, or cannot be written everywhere";
            self.note(Finding::new(Code::UnsafeName, message).file(file.path.as_str()));
            file.path.rsplit(['/', '\\']).next().unwrap_or_default()
        } else {
            file.path.as_str()
        };
        let bytes = json::as_utf8(&file.bytes);
        let bytes = json::without_mark(&bytes);
        let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
        if is_text(path) || !matches!(first, Some(b'{' | b'[')) {
            self.text(path, &file.bytes);
            return;
        }
        match json::parse(bytes, self.limits.depth, self.limits.values) {
            Ok(parsed) => self.value(path, parsed),
            Err(fault) => self.note(of_fault(&fault).file(path)),
        }
    }

    /// Takes a file in that is no JSON.
    fn text(&mut self, path: &str, bytes: &[u8]) {
        if is_text(path) {
            self.texts.insert(path.to_owned(), bytes.to_vec());
            return;
        }
        let json = path.to_ascii_lowercase().ends_with(".json");
        let finding = if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"\x1f\x8b") {
            Finding::new(Code::UnknownFormat, "an archive is not read")
                .help("unpack it, and import the folder")
        } else if json {
            Finding::new(Code::BadJson, "the file is not JSON, or is empty")
        } else {
            Finding::new(Code::UnknownFormat, "the file is not JSON")
        };
        self.note(finding.file(path));
    }

    fn value(&mut self, path: &str, parsed: Parsed) {
        for member in &parsed.repeated {
            let member: String = member.chars().take(80).collect();
            let message =
                format!("`{member}` stands twice with different values: the first is taken");
            self.note(Finding::new(Code::DuplicateId, message).file(path));
        }
        let origin = Origin {
            file: path.into(),
            realm: realm_of_path(path),
        };
        shape::place(self, &origin, parsed.value);
    }
}

fn of_fault(fault: &Fault) -> Finding {
    match fault {
        Fault::Broken(reason) => Finding::new(Code::BadJson, format!("not JSON: {reason}")),
        Fault::Deep => Finding::new(Code::TooDeep, "nested deeper than is read"),
        Fault::Large => Finding::new(Code::TooLarge, "more values than are read"),
    }
}

/// The realm that folders name: `realms/alpha/…`, or `realm/root-alpha/…`.
fn realm_of_path(path: &str) -> Option<Arc<str>> {
    let mut parts = path.split('/');
    parts
        .by_ref()
        .find(|part| matches!(*part, "realms" | "realm"))?;
    let realm = parts.next()?;
    // a file in the folder is no realm
    parts.next()?;
    Some(if realm == "root" || realm.starts_with("root-") {
        export::realm_of_export(realm)
    } else {
        format!("/{realm}").into()
    })
}
