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
use wayfare_server::config::{BindingSettings, CaptureSettings, Config, Journeys, Parameter};

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
    /// Which of its journeys operations of wires run.
    pub(crate) bindings: BTreeMap<String, BindingSettings>,
    /// What its forms of Capture run.
    pub(crate) capture: Option<CaptureSettings>,
}

/// Looks up where journeys are served; `realm` is what the command line says.
pub(crate) fn served(folder: &Path, realm: Option<&str>) -> Result<Served, Trouble> {
    let named = realm
        .map(|path| {
            let known = Realm::parse(path);
            known.ok_or_else(|| Trouble::input(format!("`--realm {path}` is no path of a realm")))
        })
        .transpose()?;
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
        && let Some(settings) = config.realms.get(only)
    {
        let values = settings.params.iter();
        let values = values.filter_map(|(name, parameter)| match parameter {
            Parameter::Value(value) => Some((name.to_string(), value.clone())),
            Parameter::SecretFile(_) | Parameter::SecretVariable(_) => None,
        });
        found.parameters = values.collect();
        found.incomplete = settings.incomplete;
        found.bindings.clone_from(&settings.bindings);
        found.capture.clone_from(&settings.capture);
    }
    Ok(found)
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
