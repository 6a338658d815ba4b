//! Which realm a folder of journeys is served in, and which guards are kept elsewhere for it.
//!
//! The nearest `wayfare.toml` above says so. Where it names several realms for one folder, no realm is taken
//! for granted, and the guards of all of them hold.

use std::path::{Path, PathBuf};

use wayfare::Realm;
use wayfare_server::config::{Config, Journeys};

use crate::Trouble;

/// What the configuration says of a folder.
#[derive(Debug, Default)]
pub(crate) struct Served {
    /// The realm, where there is one.
    pub(crate) realm: Option<Realm>,
    /// Files and folders with guards.
    pub(crate) guards: Vec<PathBuf>,
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
        guards: Vec::new(),
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
