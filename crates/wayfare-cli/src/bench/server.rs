//! A server of this program, in a process of its own, for as long as a bench lasts.
//!
//! In: journeys, and who is to be there. Out: where it listens. It has a folder of its own and a pipe from this
//! process: where that ends, however this process ended, the server does too, and takes the folder away.

use std::{
    fmt::Write as _,
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{RecvTimeoutError, channel},
    thread,
    time::Duration,
};

use wayfare_server::{DEMO_PASSWORD, random};

use super::{process::Usage, users::Users};
use crate::{Trouble, command::bench::PASSWORD};

const JOURNEYS: &str = include_str!("../../bench/login.journey");
/// How the name of its folder begins.
const FOLDER: &str = "wayfare-bench-";
/// How long a start may take, besides its users.
const START: Duration = Duration::from_secs(30);
/// How long it may take for each user, whose password is hashed.
const START_EACH: Duration = Duration::from_millis(200);

/// What the server is started with.
#[derive(Debug)]
pub(crate) struct Wanted<'a> {
    /// Journeys in place of those of the bench.
    pub(crate) journeys: Option<&'a Path>,
    pub(crate) realm: &'a str,
    /// Who is there, each with the password of the demo.
    pub(crate) users: &'a Users,
    /// Whether passwords are hashed as by a server that nobody has configured.
    pub(crate) is_default_hash: bool,
}

/// A server that runs.
#[derive(Debug)]
pub(crate) struct Own {
    child: Child,
    /// Closed with this: the server ends when it reads the end.
    _pipe: Option<ChildStdin>,
    folder: Folder,
    /// Where it listens.
    pub(crate) url: String,
}

/// A folder of a bench, which goes when this is dropped.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be taken away is left to whoever clears the system's folder; the other process may have
        // taken it already.
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Own {
    /// Starts it, and waits until it listens.
    pub(crate) fn start(wanted: &Wanted<'_>) -> Result<Self, Trouble> {
        let folder = Folder::new()?;
        let config = folder.0.join("wayfare.toml");
        fs::write(folder.0.join("password"), DEMO_PASSWORD)?;
        let journeys = if let Some(path) = wanted.journeys {
            path.canonicalize().map_err(|error| {
                Trouble::input(format!("`{}` cannot be read: {error}", path.display()))
            })?
        } else {
            let file = folder.0.join("login.journey");
            fs::write(&file, JOURNEYS)?;
            file
        };
        fs::write(&config, settings(wanted, &journeys)?)?;
        let log = folder.0.join("log");
        let mut child = Command::new(std::env::current_exe()?)
            .args(["serve", "--until-stdin-ends", "--config"])
            .arg(&config)
            // This process may end without a last word.
            .arg("--take-away")
            .arg(&folder.0)
            .env_remove(PASSWORD)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(&log)?)
            .spawn()?;
        let pipe = child.stdin.take();
        let output = child.stdout.take();
        let mut own = Self {
            child,
            _pipe: pipe,
            folder,
            url: String::new(),
        };
        let (said, listens) = channel();
        // What comes behind the first line is read too, or the server would wait for room.
        thread::spawn(move || {
            for line in output
                .into_iter()
                .flat_map(|output| BufReader::new(output).lines())
            {
                let Ok(line) = line else { break };
                if let Some((_, at)) = line.split_once("listens at ") {
                    let _ = said.send(at.trim().to_owned());
                }
            }
        });
        let many = u32::try_from(wanted.users.every().count()).unwrap_or(u32::MAX);
        match listens.recv_timeout(START + START_EACH.saturating_mul(many)) {
            Ok(url) => {
                own.url = url;
                Ok(own)
            }
            Err(RecvTimeoutError::Timeout) => Err(Trouble::input(
                "the server does not listen: it takes too long to start",
            )),
            Err(RecvTimeoutError::Disconnected) => {
                let why = fs::read_to_string(own.folder.0.join("log")).unwrap_or_default();
                let why = why.trim().trim_start_matches("error: ");
                Err(Trouble::input(format!("the server does not start: {why}")))
            }
        }
    }

    /// What it uses now.
    pub(crate) fn usage(&self) -> Option<Usage> {
        Usage::of(self.child.id())
    }
}

impl Folder {
    /// The one that the bench has made which started this server; no other folder is taken away.
    pub(crate) fn found(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        name.starts_with(FOLDER).then(|| Self(path.to_owned()))
    }

    /// A new one that nobody else can look into.
    fn new() -> Result<Self, Trouble> {
        let mut bytes = [0; 8];
        random(&mut bytes).map_err(|_| Trouble::Internal("there is no randomness".to_owned()))?;
        let name = format!("{FOLDER}{:016x}", u64::from_le_bytes(bytes));
        let path = std::env::temp_dir().join(name);
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path)?;
        Ok(Self(path))
    }
}

/// The settings of the server.
fn settings(wanted: &Wanted<'_>, journeys: &Path) -> Result<String, Trouble> {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let journeys = journeys.to_str().ok_or_else(|| {
        Trouble::input(format!(
            "`{}` has a name that is no text",
            journeys.display()
        ))
    })?;
    let mut text = String::from(
        "[server]\nlisten = \"127.0.0.1:0\"\nlog = \"error\"\n\n[data]\nfolder = \"data\"\n\n",
    );
    if !wanted.is_default_hash {
        text.push_str("[hash]\nmemory = \"8KiB\"\ntime = 1\n\n");
    }
    let realm = quoted(wanted.realm);
    // Writing into a string cannot fail.
    let _ = write!(
        text,
        "[realms.{realm}]\njourneys = [{}]\n",
        quoted(journeys)
    );
    for user in wanted.users.every() {
        let user = quoted(&user);
        let _ = write!(
            text,
            "\n[realms.{realm}.users.{user}]\npassword = {{ file = \"password\" }}\ngroups = [\"staff\"]\n\
             \n[realms.{realm}.users.{user}.attributes]\nmail = \"demo@example.com\"\n"
        );
    }
    Ok(text)
}
