//! `wayfare new DIR`: a journey and a configuration, ready to serve.

use std::{fs, io, path::Path};

use crate::{Outcome, Trouble, args::NewArgs, terminal};

const CONFIG: &str = include_str!("../../new/wayfare.toml");
const LOGIN: &str = include_str!("../../new/login.journey");
const TESTS: &str = include_str!("../../new/login.test.journey");
const IGNORED: &str = "# users, sessions, keys and mail of this machine\nwayfare-data/\n";

pub(crate) fn run(args: &NewArgs) -> Result<Outcome, Trouble> {
    let folder = &args.folder;
    let unwritable =
        |e: io::Error| Trouble::input(format!("`{}` cannot be written: {e}", folder.display()));
    if folder
        .read_dir()
        .is_ok_and(|mut entries| entries.next().is_some())
    {
        return Err(Trouble::input(format!(
            "`{}` is not empty; name a folder that is not there yet",
            folder.display()
        )));
    }
    fs::create_dir_all(folder.join("journeys")).map_err(unwritable)?;
    for (name, text) in [
        ("wayfare.toml", CONFIG),
        ("journeys/login.journey", LOGIN),
        ("journeys/login.test.journey", TESTS),
        (".gitignore", IGNORED),
    ] {
        fs::write(folder.join(name), text).map_err(unwritable)?;
    }
    terminal::put(&next(folder))?;
    Ok(Outcome::Clean)
}

fn next(folder: &Path) -> String {
    format!(
        "Made {0}:\n  journeys/login.journey        the journey\n  journeys/login.test.journey   its tests\n  wayfare.toml                  where it lives\n\n\
         Next:\n  cd {0}\n  wayfare check journeys\n  wayfare test journeys --coverage\n  wayfare run journeys/login.journey --user demo:Ch4ng31t\n  wayfare serve\n",
        folder.display()
    )
}
