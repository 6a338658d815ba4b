//! From paths on the command line to the files of an export.
//!
//! In: files, which are read whatever they are called, and folders, of which every file below is read that an
//! export may consist of. Out: paths and bytes, sorted, and what could not be read. Nothing is followed out of
//! a folder: links in it are left alone, and so is what is no plain file. How many files, how many bytes and
//! how deep is bounded, before anything is read into memory. What the files are is not judged here.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::{self, Read as _},
    path::{Component, Path, PathBuf},
};

use wayfare_import::{Code, Finding};

use crate::{Trouble, made::listed};

/// The endings of the names of the files that exports consist of.
pub(crate) const EXPORTS: &[&str] = &["json", "js", "groovy", "html", "css", "md", "txt", "xml"];

/// How much is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WalkLimits {
    /// The most files.
    pub(crate) files: usize,
    /// The most bytes of one file.
    pub(crate) file_bytes: u64,
    /// The most bytes of all files.
    pub(crate) bytes: u64,
    /// How many folders may lie in each other.
    pub(crate) depth: usize,
}

impl Default for WalkLimits {
    fn default() -> Self {
        Self {
            files: 50_000,
            file_bytes: 64 * 1_024 * 1_024,
            bytes: 512 * 1_024 * 1_024,
            depth: 64,
        }
    }
}

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Read {
    /// Its path as it was named, `/` between the parts, without `.` and `..` and without the root.
    pub(crate) path: String,
    /// What is in it.
    pub(crate) bytes: Vec<u8>,
}

/// What a walk brought.
#[derive(Debug, Default)]
pub(crate) struct Walked {
    /// The files in the order of their paths.
    pub(crate) files: Vec<Read>,
    /// What could not be read.
    pub(crate) findings: Vec<Finding>,
    /// How many links, hidden files and files of other kinds were left alone.
    pub(crate) left: usize,
}

/// Reads all that the paths name; in folders, the files with one of these endings, but for those that an
/// earlier run has made, as the list of this name in a folder says.
pub(crate) fn walk(
    paths: &[PathBuf],
    endings: &'static [&'static str],
    limits: WalkLimits,
    made: Option<&str>,
) -> Result<Walked, Trouble> {
    let mut walk = Walk {
        limits,
        endings,
        made,
        seen: BTreeSet::new(),
        found: BTreeMap::new(),
        walked: Walked::default(),
    };
    for path in paths {
        let kind = fs::metadata(path)
            .map_err(|e| Trouble::input(format!("`{}` cannot be read: {e}", path.display())))?;
        if kind.is_dir() {
            walk.folder(path);
        } else if kind.is_file() {
            walk.add(path.clone());
        } else {
            return Err(Trouble::input(format!(
                "`{}` is neither a file nor a folder",
                path.display()
            )));
        }
    }
    walk.read();
    Ok(walk.walked)
}

struct Walk<'a> {
    limits: WalkLimits,
    endings: &'static [&'static str],
    /// The name of lists of files that were made.
    made: Option<&'a str>,
    /// The folders that were looked at, by where they really are.
    seen: BTreeSet<PathBuf>,
    /// The files to read, by their shown paths.
    found: BTreeMap<String, PathBuf>,
    walked: Walked,
}

impl Walk<'_> {
    fn folder(&mut self, root: &Path) {
        let mut folders = vec![(root.to_path_buf(), 0)];
        let mut made = BTreeSet::new();
        while let Some((folder, depth)) = folders.pop() {
            // A folder that is named twice is read once.
            if let Ok(real) = folder.canonicalize()
                && !self.seen.insert(real)
            {
                continue;
            }
            // A list that cannot be read is nobody's.
            if let Some(Ok(listed)) = self.made.map(|name| listed(&folder.join(name))) {
                made.extend(listed.into_keys().map(|path| folder.join(path)));
            }
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) => {
                    self.unreadable(&folder, &error);
                    continue;
                }
            };
            for entry in entries {
                let (path, kind) = match entry.and_then(|e| Ok((e.path(), e.file_type()?))) {
                    Ok(found) => found,
                    Err(error) => {
                        self.unreadable(&folder, &error);
                        continue;
                    }
                };
                let is_hidden = path
                    .file_name()
                    .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
                if made.contains(&path) {
                    continue;
                }
                if is_hidden {
                    self.walked.left += usize::from(has_ending(&path, self.endings));
                    continue;
                }
                if kind.is_dir() {
                    if depth < self.limits.depth {
                        folders.push((path, depth + 1));
                    } else {
                        let message = "the folder lies deeper than is looked at";
                        let finding = Finding::new(Code::TooDeep, message);
                        self.walked.findings.push(finding.file(shown(&path)));
                    }
                } else if kind.is_file() && has_ending(&path, self.endings) {
                    if self.found.len() >= self.limits.files {
                        let message = format!("more than {} files", self.limits.files);
                        let finding = Finding::new(Code::TooLarge, message).file(shown(root));
                        self.walked.findings.push(finding);
                        return;
                    }
                    self.add(path);
                } else {
                    self.walked.left += 1;
                }
            }
        }
    }

    /// Takes a file by its shown path; where another file is shown so, by the path as it was named.
    fn add(&mut self, path: PathBuf) {
        let mut name = shown(&path);
        let is_other = |other: &PathBuf| other.canonicalize().ok() != path.canonicalize().ok();
        if self.found.get(&name).is_some_and(is_other) {
            name = path.to_string_lossy().replace('\\', "/");
        }
        self.found.insert(name, path);
    }

    fn unreadable(&mut self, path: &Path, error: &io::Error) {
        let finding = Finding::new(Code::UnreadableFile, format!("cannot be read: {error}"));
        self.walked.findings.push(finding.file(shown(path)));
    }

    fn read(&mut self) {
        let mut left = self.limits.bytes;
        for (shown, path) in std::mem::take(&mut self.found) {
            match bytes(&path, self.limits.file_bytes.min(left)) {
                Ok(Some(bytes)) => {
                    left = left.saturating_sub(bytes.len() as u64);
                    self.walked.files.push(Read { path: shown, bytes });
                }
                Ok(None) => {
                    let message = if left < self.limits.file_bytes {
                        format!("all files have more than {} bytes", self.limits.bytes)
                    } else {
                        format!("the file has more than {} bytes", self.limits.file_bytes)
                    };
                    let finding = Finding::new(Code::TooLarge, message).file(shown);
                    self.walked.findings.push(finding);
                }
                Err(error) => self.unreadable(&path, &error),
            }
        }
        self.walked.findings.sort();
    }
}

/// What is in a file; `None` where that is more than it may be.
fn bytes(path: &Path, most: u64) -> io::Result<Option<Vec<u8>>> {
    let file = File::open(path)?;
    let kind = file.metadata()?;
    if !kind.is_file() {
        return Err(io::Error::other("it is no plain file"));
    }
    if kind.len() > most {
        return Ok(None);
    }
    // The file may grow while it is read.
    let mut bytes = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= most).then_some(bytes))
}

fn has_ending(path: &Path, endings: &[&str]) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| {
        endings
            .iter()
            .any(|known| known.eq_ignore_ascii_case(ending))
    })
}

/// A path as findings name it.
pub(crate) fn shown(path: &Path) -> String {
    let parts = path.components().filter_map(|part| match part {
        Component::Normal(part) => Some(part.to_string_lossy()),
        Component::Prefix(_) | Component::RootDir | Component::CurDir | Component::ParentDir => {
            None
        }
    });
    parts.collect::<Vec<_>>().join("/")
}
