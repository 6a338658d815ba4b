//! Records of runs in a folder, where the settings ask for them.
//!
//! In: the steps of runs, as the wire takes them. Out: for each run that has ended a file such as
//! `wayfare run --record` writes: without secrets, and replayed by `wayfare trace replay`. Open runs are
//! recorded in memory, so a run that is never ended leaves no file, and neither does one that was open
//! when the server was started. Whatever cannot be written is logged; no run is the worse for it.

use std::{
    collections::{BTreeMap, VecDeque},
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use wayfare::{
    AuthSession, Engine, EngineError, Host, Input, Realm, Request, Start, Step, Timestamp,
};
use wayfare_sim::trace::{Names, Recorder};

use crate::{audit::Log, config::TraceSettings};

/// How many open runs are recorded at once; others are not recorded.
const OPEN_MAX: usize = 1_000;
/// How large the record of one run may be; the record of a longer one is dropped.
const RUN_BYTES_MAX: usize = 1 << 20;
/// What the names of records end with.
const ENDING: &str = ".ndjson";

/// The records of a server.
#[derive(Debug)]
pub(crate) struct Traces {
    settings: TraceSettings,
    log: Arc<Log>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    open: BTreeMap<u128, Open>,
    /// The files there are, the oldest first, with their sizes.
    files: VecDeque<(String, u64)>,
    bytes: u64,
    number: u64,
}

/// The record of an open run.
#[derive(Debug)]
struct Open {
    recorder: Recorder,
    text: String,
    until: Timestamp,
}

impl Traces {
    /// The records in the folder of the settings, which is made where it is missing.
    ///
    /// # Errors
    /// The folder cannot be made or read.
    pub(crate) fn open(settings: TraceSettings, log: Arc<Log>) -> io::Result<Self> {
        fs::create_dir_all(&settings.folder)?;
        let mut files = Vec::new();
        // BOUND: the files of one folder.
        for entry in fs::read_dir(&settings.folder)? {
            let entry = entry?;
            if let Some(name) = entry.file_name().to_str().filter(|n| n.ends_with(ENDING)) {
                files.push((name.to_owned(), entry.metadata()?.len()));
            }
        }
        files.sort_unstable();
        let state = State {
            bytes: files.iter().map(|(_, bytes)| bytes).sum(),
            files: files.into(),
            ..State::default()
        };
        Ok(Self {
            settings,
            log,
            state: Mutex::new(state),
        })
    }

    /// Begins a run, and its record where one is wanted and there is room.
    pub(crate) fn begin(
        &self,
        engine: &Engine,
        start: Start,
        host: &dyn Host,
    ) -> Result<AuthSession, EngineError> {
        if !self.wants(&start.realm, &start.journey) || !self.has_room(host.now()) {
            return engine.begin(start, host);
        }
        let names = if self.settings.names_hidden {
            Names::Hidden
        } else {
            Names::Kept
        };
        let (session, recorder) = Recorder::begin(engine, start, host, names)?;
        let open = Open {
            recorder,
            text: String::new(),
            until: session.expires_at(),
        };
        self.lock().open.insert(session.run_id(), open);
        Ok(session)
    }

    /// Takes a step of a run, and records it where the run is recorded.
    pub(crate) fn step(
        &self,
        session: &mut AuthSession,
        host: &dyn Host,
        request: &Request,
        input: Input,
    ) -> Result<Step, EngineError> {
        let run = session.run_id();
        let Some(mut open) = self.lock().open.remove(&run) else {
            return session.step(host, request, input);
        };
        // Between two requests the run was sealed, and what is sealed writes no trace.
        *session = session.clone().traced();
        let step = open.recorder.step(session, host, request, input);
        open.text.push_str(&open.recorder.take_text());
        open.until = session.expires_at();
        if let Ok(Step::Done(_)) = step {
            if open.text.len() <= RUN_BYTES_MAX {
                self.write(host.now(), &session.start().journey, &open.text);
            }
        } else if open.text.len() <= RUN_BYTES_MAX {
            self.lock().open.insert(run, open);
        }
        step
    }

    fn wants(&self, realm: &Realm, journey: &str) -> bool {
        let (realms, journeys) = (&self.settings.realms, &self.settings.journeys);
        let of_realm = realms.is_empty() || realms.contains(realm);
        of_realm && (journeys.is_empty() || journeys.iter().any(|known| known == journey))
    }

    fn has_room(&self, now: Timestamp) -> bool {
        let mut state = self.lock();
        if state.open.len() >= OPEN_MAX {
            state.open.retain(|_, open| open.until > now);
        }
        state.open.len() < OPEN_MAX
    }

    /// Writes a record and takes away the oldest that there is no room for.
    fn write(&self, now: Timestamp, journey: &str, text: &str) {
        let size = u64::try_from(text.len()).unwrap_or(u64::MAX);
        if size > self.settings.bytes {
            return;
        }
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let word: String = journey
            .chars()
            .take(64)
            .map(|c| if fits(c) { c } else { '_' })
            .collect();
        let folder = &self.settings.folder;
        let mut state = self.lock();
        state.number = state.number.wrapping_add(1);
        let name = format!("{:015}-{:09}-{word}{ENDING}", now.0, state.number);
        while state.files.len() >= self.settings.files
            || state.bytes.saturating_add(size) > self.settings.bytes
        {
            let Some((oldest, bytes)) = state.files.pop_front() else {
                break;
            };
            state.bytes = state.bytes.saturating_sub(bytes);
            if let Err(error) = fs::remove_file(folder.join(&oldest))
                && error.kind() != io::ErrorKind::NotFound
            {
                self.failed(&oldest, &error);
                // It is still there, so that there is no room.
                state.bytes = state.bytes.saturating_add(bytes);
                state.files.push_front((oldest, bytes));
                return;
            }
        }
        match write(folder, &name, text) {
            Ok(()) => {
                state.bytes = state.bytes.saturating_add(size);
                state.files.push_back((name, size));
            }
            Err(error) => self.failed(&name, &error),
        }
    }

    fn failed(&self, name: &str, error: &io::Error) {
        self.log
            .error(&format!("the record {name} of a run: {error}"));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes a whole file under another name first: whoever reads the folder sees no half of one.
fn write(folder: &Path, name: &str, text: &str) -> io::Result<()> {
    let half = folder.join(format!("{name}.part"));
    let mut options = OpenOptions::new();
    options.create(true).write(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options
        .open(&half)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .and_then(|()| fs::rename(&half, folder.join(name)));
    if written.is_err() {
        let _ = fs::remove_file(&half);
    }
    written
}
