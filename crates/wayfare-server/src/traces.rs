//! Records of runs in a folder, where the settings ask for them.
//!
//! In: the steps of runs, as the wire takes them. Out: for each run that has ended a file such as
//! `wayfare run --record` writes: without secrets, and replayed by `wayfare trace replay`. Open runs are
//! recorded in memory, so a run that is never ended leaves no file, and neither does one that was open
//! when the server was started. How many were dropped, as there was no room or they could not be written,
//! is logged, at most once a minute; no run is the worse for it.

use std::{
    collections::{BTreeMap, VecDeque},
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
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
/// What the name of a record ends with while it is written.
const HALF: &str = ".ndjson.part";
/// How much time lies at least between two lines of the log about records that were dropped.
const TELL_EVERY: Duration = Duration::from_secs(60);

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
    dropped: Dropped,
}

/// The records that were dropped.
#[derive(Debug, Default)]
struct Dropped {
    /// How many nothing was said of yet.
    untold: u64,
    /// When something was said last.
    told: Option<Timestamp>,
}

impl Dropped {
    /// How many there are to be told of, where it is time to; they count as told then.
    fn due(&mut self, now: Timestamp) -> Option<u64> {
        let waits = self.told.is_some_and(|told| now < told.plus(TELL_EVERY));
        if self.untold == 0 || waits {
            return None;
        }
        self.told = Some(now);
        Some(std::mem::take(&mut self.untold))
    }
}

/// The record of an open run.
#[derive(Debug)]
struct Open {
    recorder: Recorder,
    text: String,
    until: Timestamp,
}

impl Traces {
    /// The records in the folder of the settings, which is made where it is missing. What a server that was
    /// killed had half written is taken away.
    ///
    /// # Errors
    /// The folder cannot be made or read.
    pub(crate) fn open(settings: TraceSettings, log: Arc<Log>) -> io::Result<Self> {
        fs::create_dir_all(&settings.folder)?;
        let mut files = Vec::new();
        // BOUND: the files of one folder.
        for entry in fs::read_dir(&settings.folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            if name.ends_with(ENDING) {
                files.push((name.to_owned(), entry.metadata()?.len()));
            } else if is_half(name)
                && let Err(error) = fs::remove_file(entry.path())
                && error.kind() != io::ErrorKind::NotFound
            {
                log.error(&format!("the half record {name} of a run: {error}"));
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
        self.tell(host.now());
        if !self.wants(&start.realm, &start.journey) {
            return engine.begin(start, host);
        }
        if !self.has_room(host.now()) {
            self.dropped(host.now());
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
        let now = host.now();
        if open.text.len() > RUN_BYTES_MAX {
            self.dropped(now);
        } else if let Ok(Step::Done(_)) = step {
            if self.write(now, &session.start().journey, &open.text) {
                self.tell(now);
            } else {
                self.dropped(now);
            }
        } else {
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

    /// Counts a record that is dropped.
    fn dropped(&self, now: Timestamp) {
        self.lock().dropped.untold += 1;
        self.tell(now);
    }

    /// Says how many records were dropped, where it is time to.
    fn tell(&self, now: Timestamp) {
        let due = self.lock().dropped.due(now);
        if let Some(count) = due {
            self.log.warn(&counted(count));
        }
    }

    /// Writes a record and takes away the oldest that there is no room for; `false` where it is dropped.
    fn write(&self, now: Timestamp, journey: &str, text: &str) -> bool {
        let size = u64::try_from(text.len()).unwrap_or(u64::MAX);
        if size > self.settings.bytes {
            return false;
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
                return false;
            }
        }
        match write(folder, &name, text) {
            Ok(()) => {
                state.bytes = state.bytes.saturating_add(size);
                state.files.push_back((name, size));
                true
            }
            Err(error) => {
                self.failed(&name, &error);
                false
            }
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

impl Drop for Traces {
    /// What was not told yet is told when the server stops.
    fn drop(&mut self) {
        let untold = self.lock().dropped.untold;
        if untold > 0 {
            self.log.warn(&counted(untold));
        }
    }
}

fn counted(count: u64) -> String {
    let (records, were) = if count == 1 {
        ("record", "was")
    } else {
        ("records", "were")
    };
    format!("{count} {records} of runs {were} dropped: too many, too large, or not written")
}

/// Whether a name is one that a half record has; nobody else's files are touched.
fn is_half(name: &str) -> bool {
    let Some(stem) = name.strip_suffix(HALF) else {
        return false;
    };
    let mut parts = stem.splitn(3, '-');
    let mut number = |digits: usize| {
        let part = parts.next().unwrap_or_default();
        part.len() >= digits && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    number(15) && number(9)
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use wayfare::{Compiler, Registry, Source, engine::host::NoRandomness};

    use super::*;
    use crate::config::LogLevel;

    /// A clock that stands until it is moved.
    #[derive(Debug)]
    struct Still(AtomicU64, AtomicU64);

    impl Host for Still {
        fn now(&self) -> Timestamp {
            Timestamp(self.0.load(Ordering::Relaxed))
        }

        fn random(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
            // Runs are told apart by what is random.
            let drawn = self.1.fetch_add(1, Ordering::Relaxed);
            for (byte, from) in bytes.iter_mut().zip(drawn.to_le_bytes().iter().cycle()) {
                *byte = *from;
            }
            Ok(())
        }
    }

    fn engine() -> Engine {
        let text = "journey name {\n  allow no_success because \"a test\"\n  start who\n  node who: UsernameCollector -> failure\n}\n";
        let compiled = Compiler::new(wayfare::catalogue::standard())
            .compile([Source::new("name.journey", text)]);
        Engine::link(compiled.into_program().unwrap(), Registry::standard()).unwrap()
    }

    #[test]
    fn what_is_dropped_is_told_once_a_minute() {
        let folder = tempfile::tempdir().unwrap();
        let log = Arc::new(Log::open(folder.path(), LogLevel::Off).unwrap());
        let settings = TraceSettings::new(folder.path().join("traces"));
        let traces = Traces::open(settings, Arc::clone(&log)).unwrap();
        let (engine, host) = (
            engine(),
            Still(AtomicU64::new(1_000_000), AtomicU64::new(1)),
        );
        let begin = |count: usize| {
            for _ in 0..count {
                traces
                    .begin(&engine, Start::journey("name"), &host)
                    .unwrap();
            }
        };
        begin(OPEN_MAX);
        assert_eq!(log.told(), [""; 0]);
        begin(1);
        let one = "warning: 1 record of runs was dropped: too many, too large, or not written";
        assert_eq!(log.told(), [one]);
        begin(5);
        host.0.fetch_add(59_999, Ordering::Relaxed);
        begin(1);
        assert_eq!(log.told(), [one]);
        host.0.fetch_add(1, Ordering::Relaxed);
        begin(1);
        let six = "warning: 6 records of runs were dropped: too many, too large, or not written";
        assert_eq!(log.told(), [one, six]);
        // The one behind the line is told at the end.
        drop(traces);
        assert_eq!(log.told(), [one, six, one]);
    }

    #[test]
    fn half_records_go_and_nothing_else_does() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let half = "000001767225600-000000001-login.ndjson.part";
        let others = [
            "notes.part",
            "notes.ndjson.part",
            "1-2-login.ndjson.part",
            "a.ndjson",
        ];
        for name in others.iter().chain([&half]) {
            fs::write(path(name), "x").unwrap();
        }
        let data = tempfile::tempdir().unwrap();
        let log = Arc::new(Log::open(data.path(), LogLevel::Off).unwrap());
        let traces = Traces::open(TraceSettings::new(folder.path()), Arc::clone(&log)).unwrap();
        assert!(!path(half).exists());
        assert!(others.iter().all(|name| path(name).exists()));
        assert_eq!(traces.lock().bytes, 1);
        assert_eq!(log.told(), [""; 0]);
    }
}
