//! Which realm a folder of journeys is served in, with which parameters, and which guards are kept elsewhere
//! for it.
//!
//! The nearest `wayfare.toml` above says so. Where it names several realms for one folder, no realm is taken
//! for granted, no parameter either, and the guards of all of them hold.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use wayfare::{Realm, Value};
use wayfare_server::config::{
    BindingSettings, CaptureSettings, Config, Journeys, OauthSettings, Parameter, RealmSettings,
};

use crate::Trouble;

/// What the configuration says of a folder.
#[derive(Debug, Default)]
pub(crate) struct Served {
    /// The realm, where there is one.
    pub(crate) realm: Option<Realm>,
    /// Files and folders with guards.
    pub(crate) guards: Vec<PathBuf>,
    /// The values of its parameters, without the secret ones.
    pub(crate) parameters: BTreeMap<String, Value>,
    /// Whether journeys are served of which parts are missing.
    pub(crate) incomplete: bool,
    /// What wires run of its journeys; only of realms that have no others.
    pub(crate) wires: Vec<Wires>,
}

/// What the wires of a realm run.
#[derive(Debug, Clone)]
pub(crate) struct Wires {
    /// The realm.
    pub(crate) realm: Realm,
    /// Which journeys their operations run.
    pub(crate) bindings: BTreeMap<String, BindingSettings>,
    /// What the forms of Capture run.
    pub(crate) capture: Option<CaptureSettings>,
    /// What the provider of OAuth asks logins for.
    pub(crate) oauth: Option<OauthSettings>,
}

impl Wires {
    fn of(realm: &Realm, settings: &RealmSettings) -> Self {
        Self {
            realm: realm.clone(),
            bindings: settings.bindings.clone(),
            capture: settings.capture.clone(),
            oauth: settings.oauth.clone(),
        }
    }
}

/// Journeys that realms are served with, as the configuration of a folder says.
#[derive(Debug)]
pub(crate) struct Serving {
    /// The realms that have exactly these, with the same guards and parameters.
    pub(crate) realms: Vec<Realm>,
    /// The files and folders of the journeys.
    pub(crate) paths: Vec<PathBuf>,
    /// What else is said of them.
    pub(crate) served: Served,
}

impl Serving {
    fn new(realm: &Realm, settings: &RealmSettings, paths: Vec<PathBuf>) -> Self {
        Self {
            realms: vec![realm.clone()],
            paths,
            served: Served {
                realm: Some(realm.clone()),
                guards: settings.guards.clone(),
                parameters: plain(settings),
                incomplete: settings.incomplete,
                wires: vec![Wires::of(realm, settings)],
            },
        }
    }

    fn is_like(&self, other: &Self) -> bool {
        let (own, others) = (&self.served, &other.served);
        self.paths == other.paths
            && own.guards == others.guards
            && own.parameters == others.parameters
            && own.incomplete == others.incomplete
    }
}

/// Looks up where journeys are served; `realm` is what the command line says.
pub(crate) fn served(folder: &Path, realm: Option<&str>) -> Result<Served, Trouble> {
    let named = parsed(realm)?;
    let mut found = Served {
        realm: named.clone(),
        ..Served::default()
    };
    let Some(file) = configuration(folder) else {
        return Ok(found);
    };
    // A configuration that cannot be read is told by `serve`; here it would hide guards.
    let config = Config::read(&file).map_err(|error| Trouble::input(error.to_string()))?;
    let mut realms = Vec::new();
    for (realm, settings) in &config.realms {
        let serves = match (&named, &settings.journeys) {
            (Some(named), _) => named == realm,
            (None, Journeys::Paths(paths)) => paths.iter().any(|path| is_same(path, folder)),
            (None, Journeys::None | Journeys::Demo) => false,
        };
        if serves {
            realms.push(realm);
            let has_others = match &settings.journeys {
                Journeys::Paths(paths) => !paths.iter().all(|path| is_same(path, folder)),
                Journeys::Demo => true,
                Journeys::None => false,
            };
            if !has_others {
                found.wires.push(Wires::of(realm, settings));
            }
            for guard in &settings.guards {
                if !found.guards.contains(guard) {
                    found.guards.push(guard.clone());
                }
            }
        }
    }
    if let (None, [only]) = (&named, realms.as_slice()) {
        found.realm = Some((*only).clone());
    }
    if let [only] = realms.as_slice()
        && let Some(settings) = config.realms.get(*only)
    {
        found.parameters = plain(settings);
        found.incomplete = settings.incomplete;
    }
    Ok(found)
}

/// The realm that the command line names.
fn parsed(realm: Option<&str>) -> Result<Option<Realm>, Trouble> {
    let Some(path) = realm else {
        return Ok(None);
    };
    let unknown = || Trouble::input(format!("`--realm {path}` is no path of a realm"));
    Realm::parse(path).map(Some).ok_or_else(unknown)
}

/// The values of the parameters of a realm that are no secrets.
fn plain(settings: &RealmSettings) -> BTreeMap<String, Value> {
    let values = settings.params.iter();
    let values = values.filter_map(|(name, parameter)| match parameter {
        Parameter::Value(value) => Some((name.to_string(), value.clone())),
        Parameter::SecretFile(_) | Parameter::SecretVariable(_) => None,
    });
    values.collect()
}

/// What the realms of a folder with a `wayfare.toml` are served with, in the order of the realms; those that
/// differ in nothing but their wires are one. Nothing where there is no such file.
///
/// Where no realm has journeys, those of the folder `otherwise` are taken for all of them: they are what the
/// server is given on its command line.
pub(crate) fn serving(
    folder: &Path,
    realm: Option<&str>,
    otherwise: Option<&Path>,
) -> Result<Vec<Serving>, Trouble> {
    let file = folder.join("wayfare.toml");
    if !file.is_file() {
        return Ok(Vec::new());
    }
    let named = parsed(realm)?;
    let config = Config::read(&file).map_err(|error| Trouble::input(error.to_string()))?;
    let has_paths = |settings: &RealmSettings| matches!(settings.journeys, Journeys::Paths(_));
    let otherwise = otherwise.filter(|_| !config.realms.values().any(has_paths));
    let mut found: Vec<Serving> = Vec::new();
    for (path, settings) in &config.realms {
        if named.as_ref().is_some_and(|named| named != path) {
            continue;
        }
        let paths = match (&settings.journeys, otherwise) {
            // Without the `.` that a configuration may say.
            (Journeys::Paths(paths), _) => paths
                .iter()
                .map(|path| path.components().collect())
                .collect(),
            // The root is there without a word, too.
            (Journeys::None, Some(_))
                if *path == Realm::root()
                    && config.realms.len() > 1
                    && settings.bindings.is_empty()
                    && settings.capture.is_none()
                    && settings.oauth.is_none() =>
            {
                continue;
            }
            (Journeys::None, Some(folder)) => vec![folder.to_path_buf()],
            (Journeys::None | Journeys::Demo, _) => continue,
        };
        let one = Serving::new(path, settings, paths);
        match found.iter_mut().find(|known| known.is_like(&one)) {
            Some(known) => {
                known.realms.extend(one.realms);
                known.served.wires.extend(one.served.wires);
                // Guards of each of them hold.
                known.served.realm = None;
            }
            None => found.push(one),
        }
    }
    Ok(found)
}

/// Whether two paths lead to the same file or folder.
pub(crate) fn is_one_of(path: &Path, others: &[PathBuf]) -> bool {
    others.iter().any(|other| is_same(other, path))
}

/// The folders in which the realms of a folder with a `wayfare.toml` have their journeys, in the order of the
/// realms; `realm` is what the command line says.
pub(crate) fn folders(folder: &Path, realm: Option<&str>) -> Result<Vec<PathBuf>, Trouble> {
    let file = folder.join("wayfare.toml");
    if !file.is_file() {
        return Ok(Vec::new());
    }
    let config = Config::read(&file).map_err(|error| Trouble::input(error.to_string()))?;
    let mut found: Vec<PathBuf> = Vec::new();
    for (path, settings) in &config.realms {
        let Journeys::Paths(paths) = &settings.journeys else {
            continue;
        };
        if realm.is_some_and(|named| Realm::parse(named).as_ref() != Some(path)) {
            continue;
        }
        for path in paths.iter().filter(|path| path.is_dir()) {
            if !found.iter().any(|known| is_same(known, path)) {
                // Without the `.` that a configuration may say.
                found.push(path.components().collect());
            }
        }
    }
    Ok(found)
}

fn configuration(folder: &Path) -> Option<PathBuf> {
    let absolute = folder.canonicalize().ok()?;
    let mut above = absolute.ancestors().map(|dir| dir.join("wayfare.toml"));
    above.find(|file| file.is_file())
}

fn is_same(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}
