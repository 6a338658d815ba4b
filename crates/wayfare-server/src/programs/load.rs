//! The texts of a realm's journeys: from files, or from the program itself.
//!
//! A folder means the `.journey` files directly in it; imports may reach below it, never out of it, and
//! never to anything that is not a plain file.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Component, Path, PathBuf},
};

use wayfare::Source;

use crate::config::{Journeys, LimitSettings, RealmSettings};

/// Why the texts cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// There is nothing at this path.
    #[error("there is no file or folder {}{hint}", path.display())]
    Missing {
        /// The path.
        path: PathBuf,
        /// Where it may have been meant to be.
        hint: String,
    },
    /// The folder holds no journeys.
    #[error("there is no .journey file in {}{hint}", path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
        /// Where some are.
        hint: String,
    },
    /// The path cannot be read.
    #[error("cannot read {}: {message}", path.display())]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// Why.
        message: String,
    },
    /// The path names a pipe, a device or a socket, whose text cannot be read again.
    #[error(
        "{} is neither a file nor a folder; name a .journey file or a folder of them",
        path.display()
    )]
    Special {
        /// The path.
        path: PathBuf,
    },
    /// The path leaves the folder of the realm, or is a link that does.
    #[error("{path} leaves the folder of the realm")]
    Outside {
        /// The path.
        path: String,
    },
    /// There are more files than the limit.
    #[error("there are more than {max} journey files")]
    TooMany {
        /// The limit.
        max: usize,
    },
}

/// The texts of a realm.
#[derive(Debug, Clone, Default)]
pub(crate) struct Texts {
    /// The files of the realm, in order of their names.
    pub(crate) sources: Vec<Source>,
    /// Where imports are looked for.
    pub(crate) roots: Vec<PathBuf>,
    /// Whether they are those of the program itself.
    pub(crate) embedded: bool,
    /// What they may import besides, by name.
    pub(crate) imports: Vec<Source>,
    /// What an import left beside them: ids and places of the product, by path.
    pub(crate) side: BTreeMap<String, Vec<u8>>,
}

/// The folders to watch.
pub(crate) fn watched(settings: &RealmSettings) -> Vec<PathBuf> {
    let journeys: &[PathBuf] = match &settings.journeys {
        Journeys::None | Journeys::Demo => &[],
        Journeys::Paths(paths) => paths,
    };
    let mut folders: Vec<PathBuf> = Vec::new();
    for path in journeys.iter().chain(&settings.guards) {
        let root = root_of(path);
        if !folders.contains(&root) {
            folders.push(root);
        }
    }
    folders
}

fn root_of(path: &Path) -> PathBuf {
    if path.is_dir() {
        return path.to_path_buf();
    }
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

/// Reads the texts of a realm: its journeys, and the guards that are kept elsewhere.
pub(crate) fn load(settings: &RealmSettings, limits: &LimitSettings) -> Result<Texts, LoadError> {
    let mut texts = journeys(&settings.journeys, limits)?;
    let mut known: Vec<PathBuf> = Vec::new();
    if let Journeys::Paths(paths) = &settings.journeys {
        for path in paths {
            known.extend(files(path)?.iter().filter_map(|f| f.canonicalize().ok()));
        }
    }
    for path in &settings.guards {
        for file in files(path)? {
            let real = file.canonicalize().unwrap_or_else(|_| file.clone());
            if known.contains(&real) {
                continue;
            }
            known.push(real);
            if texts.sources.len() >= limits.journey_files {
                return Err(LoadError::TooMany {
                    max: limits.journey_files,
                });
            }
            let text = read(&file, limits.journey_bytes)?;
            texts.sources.push(Source::new(spelled(&file), text));
        }
    }
    texts.sources.sort_by(|a, b| a.name().cmp(b.name()));
    texts.side = texts
        .roots
        .iter()
        .flat_map(|root| side(root, limits))
        .collect();
    Ok(texts)
}

/// The folders in which an import leaves what is no text.
const SIDE: [&str; 2] = ["am", "am/journeys"];
/// Secrets that stood in an export: they are nobody's here.
const SECRETS: &str = "am/secrets.json";

/// What an import left beside the texts of a folder. No login depends on it, so what cannot be read is not
/// there.
fn side(root: &Path, limits: &LimitSettings) -> Vec<(String, Vec<u8>)> {
    let listed = SIDE.iter().flat_map(|folder| {
        let entries = fs::read_dir(root.join(folder)).into_iter().flatten();
        entries.flatten().map(move |entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            format!("{folder}/{name}")
        })
    });
    let mut paths: Vec<String> = listed
        .filter(|path| path.strip_suffix(".json").is_some() && path != SECRETS)
        .take(limits.journey_files)
        .collect();
    paths.sort();
    let read = paths.into_iter().filter_map(|path| {
        let text = read_below(root, &path, limits.journey_bytes).ok()??;
        Some((path, text.into_bytes()))
    });
    read.collect()
}

fn journeys(journeys: &Journeys, limits: &LimitSettings) -> Result<Texts, LoadError> {
    let paths = match journeys {
        Journeys::None => return Ok(Texts::default()),
        Journeys::Demo => {
            return Ok(Texts {
                sources: super::demo::sources(),
                embedded: true,
                ..Texts::default()
            });
        }
        Journeys::Paths(paths) => paths,
    };
    let mut texts = Texts::default();
    for path in paths {
        let files = files(path)?;
        let root = root_of(path);
        for file in files {
            if texts.sources.len() >= limits.journey_files {
                return Err(LoadError::TooMany {
                    max: limits.journey_files,
                });
            }
            let text = read(&file, limits.journey_bytes)?;
            let name = file.strip_prefix(&root).unwrap_or(&file);
            texts.sources.push(Source::new(spelled(name), text));
        }
        if !texts.roots.contains(&root) {
            texts.roots.push(root);
        }
    }
    Ok(texts)
}

/// A file that could not be read, with its name.
pub(crate) type Unread = (String, LoadError);

/// Reads the files of tests that lie directly in the folders of a realm: those that can be read, and those
/// that cannot. Nothing here keeps a server from starting.
pub(crate) fn tests(
    settings: &RealmSettings,
    limits: &LimitSettings,
) -> (Vec<Source>, Vec<Unread>) {
    let Journeys::Paths(paths) = &settings.journeys else {
        return (Vec::new(), Vec::new());
    };
    let (mut read_well, mut unread) = (Vec::new(), Vec::new());
    for folder in paths.iter().filter(|path| path.is_dir()) {
        let Ok(files) = listed(folder, is_test) else {
            continue;
        };
        for file in files {
            let name = spelled(file.strip_prefix(folder).unwrap_or(&file));
            let looked_at = read_well.len() + unread.len();
            if looked_at >= limits.journey_files {
                let max = limits.journey_files;
                unread.push((name, LoadError::TooMany { max }));
                return (read_well, unread);
            }
            match read(&file, limits.journey_bytes) {
                Ok(text) => read_well.push(Source::new(name, text)),
                Err(error) => unread.push((name, error)),
            }
        }
    }
    (read_well, unread)
}

fn files(path: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let unreadable = |error: io::Error| LoadError::Unreadable {
        path: path.to_path_buf(),
        message: error.to_string(),
    };
    let kind = match fs::metadata(path) {
        Ok(kind) => kind,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(LoadError::Missing {
                path: path.to_path_buf(),
                hint: absolute_hint(path),
            });
        }
        Err(error) => return Err(unreadable(error)),
    };
    if kind.is_file() {
        return Ok(vec![path.to_path_buf()]);
    }
    if !kind.is_dir() {
        return Err(LoadError::Special {
            path: path.to_path_buf(),
        });
    }
    let files = listed(path, is_journey)?;
    if files.is_empty() {
        return Err(LoadError::Empty {
            path: path.to_path_buf(),
            hint: below_hint(path),
        });
    }
    Ok(files)
}

/// The files of a kind that lie directly in a folder, in order of their names.
fn listed(path: &Path, is_meant: fn(&Path) -> bool) -> Result<Vec<PathBuf>, LoadError> {
    let unreadable = |error: io::Error| LoadError::Unreadable {
        path: path.to_path_buf(),
        message: error.to_string(),
    };
    let root = path.canonicalize().map_err(unreadable)?;
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        if !is_meant(&file) || !file.is_file() {
            continue;
        }
        // A link may lead to another place of the folder, as mounted ones do, and nowhere else.
        let real = file.canonicalize().map_err(unreadable)?;
        if !real.starts_with(&root) {
            return Err(LoadError::Outside {
                path: spelled(file.strip_prefix(path).unwrap_or(&file)),
            });
        }
        files.push(file);
    }
    files.sort();
    Ok(files)
}

/// Whether a file is served: `.journey`, but not `.test.journey`, which holds tests and nothing else.
fn is_journey(path: &Path) -> bool {
    let extension = path.extension();
    extension.is_some_and(|extension| extension == "journey") && !is_test(path)
}

fn is_test(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".test.journey")
}

/// Says from where a relative path was looked for.
fn absolute_hint(path: &Path) -> String {
    if path.is_absolute() {
        return String::new();
    }
    std::env::current_dir().map_or_else(
        |_| String::new(),
        |here| format!("; it was looked for in {}", here.display()),
    )
}

/// Names a folder below that has journeys.
fn below_hint(path: &Path) -> String {
    let Ok(entries) = fs::read_dir(path) else {
        return String::new();
    };
    let mut folders: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            let journeys = fs::read_dir(path).into_iter().flatten().flatten();
            path.is_dir() && journeys.take(1_000).any(|entry| is_journey(&entry.path()))
        })
        .collect();
    folders.sort();
    folders.first().map_or_else(String::new, |folder| {
        format!("; did you mean {}?", folder.display())
    })
}

/// Reads one file: plain, of a size that is allowed, UTF-8.
pub(crate) fn read(path: &Path, bytes_max: usize) -> Result<String, LoadError> {
    let unreadable = |message: String| LoadError::Unreadable {
        path: path.to_path_buf(),
        message,
    };
    let kind = fs::metadata(path).map_err(|error| unreadable(error.to_string()))?;
    if !kind.is_file() {
        return Err(unreadable("it is not a plain file".to_owned()));
    }
    if kind.len() > bytes_max as u64 {
        return Err(unreadable(format!(
            "it has {} bytes, and {bytes_max} are allowed",
            kind.len()
        )));
    }
    let bytes = fs::read(path).map_err(|error| unreadable(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| {
        unreadable(format!(
            "it is not UTF-8 from byte {} on",
            error.utf8_error().valid_up_to()
        ))
    })
}

/// A path as sources are named.
pub(crate) fn spelled(path: &Path) -> String {
    let parts: Vec<_> = path
        .components()
        .filter(|part| !matches!(part, Component::CurDir | Component::RootDir))
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    parts.join("/")
}

/// The text of an imported file, if it lies below the root.
pub(crate) fn read_below(
    root: &Path,
    path: &str,
    bytes_max: usize,
) -> Result<Option<String>, LoadError> {
    let outside = || LoadError::Outside {
        path: path.to_owned(),
    };
    let relative = Path::new(path);
    if !relative
        .components()
        .all(|part| matches!(part, Component::Normal(_)))
    {
        return Err(outside());
    }
    let Ok(root) = root.canonicalize() else {
        return Ok(None);
    };
    let Ok(file) = root.join(relative).canonicalize() else {
        return Ok(None);
    };
    if !file.starts_with(&root) {
        return Err(outside());
    }
    read(&file, bytes_max).map(Some)
}
