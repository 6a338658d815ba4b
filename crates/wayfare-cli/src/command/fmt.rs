//! `wayfare fmt [--check] PATH…`

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use wayfare::{Source, SourceMap};

use crate::{
    Outcome, Trouble,
    args::FmtArgs,
    project, render,
    terminal::{self, Terminal},
};

pub(crate) fn run(args: &FmtArgs, terminal: Terminal) -> Result<Outcome, Trouble> {
    let mut outcome = Outcome::Clean;
    let mut worse = |now: Outcome| {
        if now == Outcome::Findings {
            outcome = now;
        }
    };
    for path in &project::named(&args.paths, terminal) {
        if path.as_os_str() == "-" {
            worse(standard_input(args.check, terminal)?);
            continue;
        }
        for file in files(path)? {
            worse(one(&file, args.check, terminal)?);
        }
    }
    Ok(outcome)
}

/// A file, or every `.journey` file below a folder.
fn files(path: &Path) -> Result<Vec<PathBuf>, Trouble> {
    if !path.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let mut files = Vec::new();
    let mut folders = vec![path.to_path_buf()];
    while let Some(folder) = folders.pop() {
        files.extend(project::journey_files(&folder)?);
        let unreadable =
            |e: io::Error| Trouble::input(format!("`{}` cannot be read: {e}", folder.display()));
        for entry in fs::read_dir(&folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            // Links are not followed: a circle of them would never end.
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(entry.path());
            }
        }
    }
    files.sort();
    Ok(files)
}

fn one(path: &Path, check: bool, terminal: Terminal) -> Result<Outcome, Trouble> {
    let source = project::read(path)?;
    let Some(text) = format(&source, terminal) else {
        return Ok(Outcome::Findings);
    };
    if text == source.text() {
        return Ok(Outcome::Clean);
    }
    if check {
        terminal.say(&format!("{} is not formatted", path.display()));
        return Ok(Outcome::Findings);
    }
    // Written beside and moved over, so that no one ever sees half a file.
    let beside = path.with_extension("journey.tmp");
    fs::write(&beside, text)
        .and_then(|()| fs::rename(&beside, path))
        .map_err(|e| Trouble::input(format!("`{}` cannot be written: {e}", path.display())))?;
    terminal.say(&format!("formatted {}", path.display()));
    Ok(Outcome::Clean)
}

fn standard_input(check: bool, terminal: Terminal) -> Result<Outcome, Trouble> {
    let text = project::standard_input()?;
    let source = Source::new("-", text);
    let Some(text) = format(&source, terminal) else {
        return Ok(Outcome::Findings);
    };
    if check {
        return Ok(if text == source.text() {
            Outcome::Clean
        } else {
            Outcome::Findings
        });
    }
    terminal::put(&text)?;
    Ok(Outcome::Clean)
}

fn format(source: &Source, terminal: Terminal) -> Option<String> {
    match wayfare::format(source) {
        Ok(text) => Some(text),
        Err(findings) => {
            let mut sources = SourceMap::default();
            sources.add(source.clone());
            for finding in &findings {
                terminal.say(&render::draw(finding, &sources, terminal.colors));
                terminal.say("");
            }
            None
        }
    }
}
