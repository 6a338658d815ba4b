//! A folder that the program makes, and may make again.
//!
//! In: files as values, by path below the folder. Out: the files on disk, all of them or none, and a list of
//! what was made with a hash of each (in the form of `sha256sum`), so that the next time what a person has
//! changed since is told from what nobody has. Paths are judged before anything is written: whatever a value
//! says, nothing is written above or beside the folder, and no link in it is followed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

use ring::digest::{SHA256, digest};

use crate::Trouble;

/// The longest part of a path, in bytes.
const PART_MAX: usize = 200;
/// The most parts of a path.
const PARTS_MAX: usize = 16;
/// How many files are named where they are in the way.
const NAMED_MAX: usize = 8;
/// The most bytes of a list that are read.
const LIST_MAX: u64 = 64 * 1_024 * 1_024;

/// What is to be written where.
#[derive(Debug)]
pub(crate) struct Plan<'p> {
    folder: &'p Path,
    list: &'p str,
    files: &'p BTreeMap<String, Vec<u8>>,
    /// The files that are there already, word for word.
    pub(crate) same: usize,
    /// The files that an earlier making has left and nobody has changed; they are replaced.
    pub(crate) replaced: Vec<String>,
    /// The files that are somebody's: changed since they were made, or not made here.
    pub(crate) foreign: Vec<String>,
    /// The files of an earlier making that are not made any more, and that nobody has changed.
    pub(crate) stale: Vec<String>,
}

impl<'p> Plan<'p> {
    /// Looks at a folder, and changes nothing; `list` is the name of the list of what was made.
    pub(crate) fn new(
        folder: &'p Path,
        list: &'p str,
        files: &'p BTreeMap<String, Vec<u8>>,
    ) -> Result<Self, Trouble> {
        judge(files, list)?;
        let mut plan = Self {
            folder,
            list,
            files,
            same: 0,
            replaced: Vec::new(),
            foreign: Vec::new(),
            stale: Vec::new(),
        };
        match fs::metadata(folder) {
            Ok(kind) if !kind.is_dir() => {
                return Err(Trouble::input(format!(
                    "`{}` is not a folder",
                    folder.display()
                )));
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(plan),
            Err(error) => {
                return Err(Trouble::input(format!(
                    "`{}` cannot be read: {error}",
                    folder.display()
                )));
            }
        }
        let made = listed(&plan.target(list)?)?;
        for (path, bytes) in files {
            let target = plan.target(path)?;
            match there(&target)? {
                None => {}
                Some(old) if old == *bytes => plan.same += 1,
                Some(old) if made.get(path) == Some(&hash(&old)) => {
                    plan.replaced.push(path.clone());
                }
                Some(_) => plan.foreign.push(path.clone()),
            }
        }
        for (path, old) in &made {
            if files.contains_key(path) {
                continue;
            }
            let target = plan.target(path)?;
            if there(&target)?.is_some_and(|bytes| hash(&bytes) == *old) {
                plan.stale.push(path.clone());
            }
        }
        Ok(plan)
    }

    /// Refuses to lose what somebody has written; `what` has made the list, `import` or `export`.
    pub(crate) fn refuse(&self, what: &str) -> Result<(), Trouble> {
        let folder = self.folder.display();
        if !self.foreign.is_empty() {
            return Err(Trouble::input(format!(
                "`{folder}` has files that no {what} has made, or that were changed since:{}\n\
                 nothing was written; name another folder, or add `--force` to replace them",
                named(&self.foreign)
            )));
        }
        if !self.stale.is_empty() {
            return Err(Trouble::input(format!(
                "`{folder}` has files of an {what} of something else:{}\n\
                 nothing was written; {what} all of it at once, name another folder, or add `--force` to take \
                 them away",
                named(&self.stale)
            )));
        }
        Ok(())
    }

    /// Writes the files and the list, and takes away what is not made any more.
    pub(crate) fn write(&self) -> Result<(), Trouble> {
        fs::create_dir_all(self.folder).map_err(|e| unwritable(self.folder, &e))?;
        for (path, bytes) in self.files {
            let target = self.target(path)?;
            if let Some(parent) = target.parent() {
                fs::create_dir_all(parent).map_err(|e| unwritable(parent, &e))?;
            }
            put(&target, bytes)?;
        }
        for path in &self.stale {
            let target = self.target(path)?;
            fs::remove_file(&target).map_err(|e| unwritable(&target, &e))?;
        }
        let mut list = String::new();
        for (path, bytes) in self.files {
            // Writing into a string cannot fail.
            let _ = writeln!(list, "{}  {path}", hash(bytes));
        }
        put(&self.target(self.list)?, list.as_bytes())
    }

    /// Puts a file beside those that were made, where there is none of its name; it is on no list.
    pub(crate) fn put_beside(&self, name: &str, bytes: &[u8]) -> Result<(), Trouble> {
        let target = self.target(name)?;
        match there(&target)? {
            Some(_) => Ok(()),
            None => put(&target, bytes),
        }
    }

    /// Where a path below the folder is on disk; no part of it may be a link.
    fn target(&self, path: &str) -> Result<PathBuf, Trouble> {
        let mut target = self.folder.to_path_buf();
        for part in path.split('/') {
            target.push(part);
            if fs::symlink_metadata(&target).is_ok_and(|kind| kind.is_symlink()) {
                return Err(Trouble::input(format!(
                    "`{}` is a link; nothing is written through it",
                    target.display()
                )));
            }
        }
        Ok(target)
    }
}

/// What a list says was made: hashes by path; nothing where there is no list.
pub(crate) fn listed(path: &Path) -> Result<BTreeMap<String, String>, Trouble> {
    if fs::symlink_metadata(path).is_ok_and(|kind| kind.len() > LIST_MAX) {
        return Err(Trouble::input(format!(
            "`{}` is no list of files that were made: it is too long",
            path.display()
        )));
    }
    let Some(bytes) = there(path)? else {
        return Ok(BTreeMap::new());
    };
    let text = String::from_utf8_lossy(&bytes);
    let lines = text.lines().filter_map(|line| line.split_once("  "));
    // A line that names a path outside is not of ours.
    Ok(lines
        .filter(|(_, path)| safe(path))
        .map(|(hash, path)| (path.to_owned(), hash.to_owned()))
        .collect())
}

/// The first files of a list, a line each.
fn named(files: &[String]) -> String {
    let mut text = String::new();
    for file in files.iter().take(NAMED_MAX) {
        text.push_str("\n  ");
        text.push_str(file);
    }
    if files.len() > NAMED_MAX {
        // Writing into a string cannot fail.
        let _ = write!(text, "\n  and {} more", files.len() - NAMED_MAX);
    }
    text
}

/// Refuses paths that are none of a file below a folder, and those that one file system takes for the same.
fn judge(files: &BTreeMap<String, Vec<u8>>, list: &str) -> Result<(), Trouble> {
    let mut folded = BTreeSet::new();
    for path in files.keys() {
        if !safe(path) || path == list {
            return Err(Trouble::Internal(format!(
                "{path:?} is no path of a file to be made"
            )));
        }
        if !folded.insert(path.to_lowercase()) {
            return Err(Trouble::Internal(format!(
                "{path:?} and another file are one on some disks"
            )));
        }
    }
    let is_folder = |path: &&String| {
        let inside = format!("{}/", path.to_lowercase());
        let mut below = folded.range(inside.clone()..);
        below.next().is_some_and(|next| next.starts_with(&inside))
    };
    match files.keys().find(is_folder) {
        Some(path) => Err(Trouble::Internal(format!(
            "{path:?} would be a file and a folder"
        ))),
        None => Ok(()),
    }
}

/// Whether a path lies below a folder on every system, whatever the folder is.
pub(crate) fn safe(path: &str) -> bool {
    let mut parts = path.split('/');
    path.split('/').count() <= PARTS_MAX && parts.all(safe_part)
}

fn safe_part(part: &str) -> bool {
    let fits = |c: char| !c.is_control() && !r#"\:*?"<>|"#.contains(c);
    let stem = part.split('.').next().unwrap_or_default().trim_end();
    !part.is_empty()
        && part.len() <= PART_MAX
        && part.chars().all(fits)
        && !part.ends_with(['.', ' '])
        && !part.starts_with(' ')
        && !is_device(stem)
}

/// Whether a name is that of a device where there is Windows.
fn is_device(stem: &str) -> bool {
    let stem = stem.to_ascii_uppercase();
    let numbered = |name: &str| {
        let number = stem.strip_prefix(name);
        number.is_some_and(|n| {
            n.chars().count() == 1 && n.chars().all(|c| "0123456789¹²³".contains(c))
        })
    };
    ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"].contains(&&*stem)
        || numbered("COM")
        || numbered("LPT")
}

/// What stands in a file; `None` where there is none.
fn there(path: &Path) -> Result<Option<Vec<u8>>, Trouble> {
    let unreadable =
        |e: io::Error| Trouble::input(format!("`{}` cannot be read: {e}", path.display()));
    match fs::symlink_metadata(path) {
        Ok(kind) if kind.is_file() => fs::read(path).map(Some).map_err(unreadable),
        Ok(_) => Err(Trouble::input(format!(
            "`{}` is in the way: it is no plain file",
            path.display()
        ))),
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound => Ok(None),
            io::ErrorKind::NotADirectory => Err(Trouble::input(format!(
                "`{}` cannot be made: a file stands where a folder should",
                path.display()
            ))),
            _ => Err(unreadable(error)),
        },
    }
}

/// Puts bytes into a file, whole or not at all.
pub(crate) fn put(path: &Path, bytes: &[u8]) -> Result<(), Trouble> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".wayfare-part");
    let beside = PathBuf::from(beside);
    // What a stopped run has left, or a link that somebody has put there, is not written through.
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(unwritable(&beside, &error));
        }
        _ => {}
    }
    let written = fs::File::create_new(&beside)
        .and_then(|mut file| io::Write::write_all(&mut file, bytes))
        .and_then(|()| fs::rename(&beside, path));
    written.map_err(|error| unwritable(path, &error))
}

fn unwritable(path: &Path, error: &io::Error) -> Trouble {
    Trouble::input(format!("`{}` cannot be written: {error}", path.display()))
}

/// The hash of a file as lists have it.
pub(crate) fn hash(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(64);
    for byte in digest(&SHA256, bytes).as_ref() {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_below_are_safe() {
        for path in [
            "login.journey",
            "scripts/check_user.legacy.js",
            "realms/alpha/journeys/Sign in/nodes/Page - 1.json",
            ".wayfare-import",
            "Überprüfung.json",
            "console.js",
            "com10.js",
        ] {
            assert!(safe(path), "{path}");
        }
        let long = "a".repeat(PART_MAX + 1);
        let deep = "a/".repeat(PARTS_MAX) + "a";
        for path in [
            "",
            "/",
            "/etc/passwd",
            "../x",
            "a/../../x",
            "a//b",
            "a/.",
            "./a",
            "a/",
            "..",
            "a\\b",
            "C:x",
            "c:/x",
            "a\0b",
            "a\nb",
            "CON",
            "con.json",
            "scripts/nul.js",
            "LPT1.txt",
            "x/COM9",
            "a.",
            "a ",
            " a",
            "con .js",
            &long,
            &deep,
        ] {
            assert!(!safe(path), "{path:?}");
        }
    }

    fn files(all: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
        let owned = |(path, text): &(&str, &str)| ((*path).to_owned(), text.as_bytes().to_vec());
        all.iter().map(owned).collect()
    }

    #[test]
    fn what_a_person_has_changed_is_told_from_what_was_made() {
        let folder = tempfile::tempdir().unwrap();
        let first = files(&[
            ("a.journey", "1"),
            ("b.journey", "1"),
            ("s/c.js", "1"),
            ("s/d.js", "1"),
        ]);
        Plan::new(folder.path(), ".made", &first)
            .unwrap()
            .write()
            .unwrap();
        fs::write(folder.path().join("b.journey"), "mine").unwrap();
        fs::write(folder.path().join("e.journey"), "mine").unwrap();
        let next = files(&[
            ("a.journey", "2"),
            ("b.journey", "2"),
            ("s/c.js", "1"),
            ("e.journey", "2"),
        ]);
        let plan = Plan::new(folder.path(), ".made", &next).unwrap();
        assert_eq!(plan.same, 1);
        assert_eq!(plan.replaced, ["a.journey"]);
        assert_eq!(plan.foreign, ["b.journey", "e.journey"]);
        assert_eq!(plan.stale, ["s/d.js"]);
        plan.write().unwrap();
        assert!(!folder.path().join("s/d.js").exists());
        let plan = Plan::new(folder.path(), ".made", &next).unwrap();
        assert_eq!(
            (plan.same, plan.replaced.len(), plan.foreign.len()),
            (4, 0, 0)
        );
    }

    #[test]
    fn two_names_that_a_disk_may_take_for_one_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        for all in [
            &[("Login.js", "1"), ("login.js", "2")][..],
            &[("a", "1"), ("a/b", "2")],
            &[("A", "1"), ("a.js", "1"), ("a/b", "2")],
            &[("../a", "1")],
            &[(".made", "1")],
        ] {
            let all = files(all);
            assert!(Plan::new(folder.path(), ".made", &all).is_err(), "{all:?}");
        }
    }
}
