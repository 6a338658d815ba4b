//! The audit: one line of JSON for every attempt and what became of it.
//!
//! Names of events are those that readers of the product's logs look for. Tokens appear as short hashes,
//! secrets do not appear: an [`Event`] has no place for one. From text that came from outside, whatever could
//! be a token is left out; it is cut and, being JSON, cannot end a line.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write},
    net::IpAddr,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use serde_json::{Map, Value as Json};
use wayfare::Timestamp;
use wayfare_wire::am::error::masked;

use crate::config::LogLevel;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventName {
    /// A run ended.
    LoginCompleted,
    /// A journey led to its end.
    TreeCompleted,
    /// A node was left after it had asked for something outside.
    NodeCompleted,
    /// A session was made.
    SessionCreated,
    /// A session ended by its owner's wish.
    SessionLoggedOut,
    /// A session was replaced by a stronger one, or ended to make room for another.
    SessionReplaced,
    /// Another server, or a policy, opened a transaction.
    TransactionOpened,
    /// The policies were asked about a resource.
    PolicyEvaluated,
    /// Properties of a session were set or removed.
    SessionChanged,
    /// A device of a user was renamed or forgotten.
    DeviceChanged,
    /// A user, or a token of theirs, was made, changed or ended by an administrator.
    IdentityChanged,
    /// A request was refused before it did anything.
    AccessRefused,
    /// A request of Capture was answered.
    CaptureAnswered,
    /// A user has let a client have tokens.
    GrantMade,
    /// A client was given tokens.
    TokensIssued,
    /// Tokens were ended by a client.
    TokensRevoked,
    /// Journeys were read anew.
    ConfigChanged,
}

impl EventName {
    fn as_str(self) -> &'static str {
        match self {
            Self::LoginCompleted => "AM-LOGIN-COMPLETED",
            Self::TreeCompleted => "AM-TREE-LOGIN-COMPLETED",
            Self::NodeCompleted => "AM-NODE-LOGIN-COMPLETED",
            Self::SessionCreated => "AM-SESSION-CREATED",
            Self::SessionLoggedOut => "AM-SESSION-LOGGED_OUT",
            Self::SessionReplaced => "AM-SESSION-DESTROYED",
            Self::TransactionOpened => "AM-TRANSACTION-CREATED",
            Self::PolicyEvaluated => "AM-POLICY-EVALUATED",
            Self::SessionChanged => "AM-SESSION-PROPERTY_CHANGED",
            Self::DeviceChanged => "AM-DEVICE-CHANGED",
            Self::IdentityChanged => "AM-IDENTITY-CHANGE",
            Self::AccessRefused => "AM-ACCESS-OUTCOME",
            Self::CaptureAnswered => "CAPTURE-ACCESS-OUTCOME",
            Self::GrantMade => "AM-OAUTH2-GRANT-CREATED",
            Self::TokensIssued => "AM-OAUTH2-TOKEN-CREATED",
            Self::TokensRevoked => "AM-OAUTH2-TOKEN-REVOKED",
            Self::ConfigChanged => "AM-CONFIG-CHANGE",
        }
    }
}

/// One line.
#[derive(Debug, Clone)]
pub struct Event<'a> {
    name: EventName,
    fields: Vec<(&'static str, &'a str)>,
    owned: Vec<(&'static str, Json)>,
}

/// The longest text in a line.
const TEXT_CHARS_MAX: usize = 256;
/// Its name in the data folder.
pub(crate) const FILE: &str = "audit.log";

impl<'a> Event<'a> {
    /// An event of this name.
    pub fn new(name: EventName) -> Self {
        Self {
            name,
            fields: Vec::new(),
            owned: Vec::new(),
        }
    }

    /// With a text.
    pub fn text(mut self, key: &'static str, value: &'a str) -> Self {
        self.fields.push((key, value));
        self
    }

    /// With a text, if there is one.
    pub fn maybe(self, key: &'static str, value: Option<&'a str>) -> Self {
        match value {
            Some(value) => self.text(key, value),
            None => self,
        }
    }

    /// With a number.
    pub fn number(mut self, key: &'static str, value: u64) -> Self {
        self.owned.push((key, Json::from(value)));
        self
    }

    /// With the address of the client.
    pub fn client(mut self, client: Option<IpAddr>) -> Self {
        if let Some(client) = client {
            self.owned.push(("client", Json::from(client.to_string())));
        }
        self
    }

    /// With a list of texts.
    pub fn list(mut self, key: &'static str, texts: &[String]) -> Self {
        let texts: Vec<String> = texts.iter().map(|text| readable(text)).collect();
        self.owned.push((key, Json::from(texts)));
        self
    }

    /// With the short hash of a token, a run or a handle.
    pub fn hashed(mut self, key: &'static str, secret: &[u8]) -> Self {
        self.owned.push((key, Json::from(short_hash(secret))));
        self
    }
}

/// A text as a line may hold it.
fn readable(text: &str) -> String {
    masked(text).chars().take(TEXT_CHARS_MAX).collect()
}

/// The first bytes of the hash of a token: enough to find its lines, useless to whoever reads them.
pub fn short_hash(secret: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, secret);
    hex(digest.as_ref().iter().take(6))
}

/// Bytes as digits.
pub(crate) fn hex<'a>(bytes: impl Iterator<Item = &'a u8>) -> String {
    let mut text = String::new();
    for byte in bytes {
        for half in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(u32::from(half), 16));
        }
    }
    text
}

/// Lines that are appended whole: what a full disk cut off of one is written before the next one begins.
#[derive(Debug)]
struct Lines<W> {
    to: W,
    /// What is missing of the last line.
    rest: Vec<u8>,
}

impl<W: Write> Lines<W> {
    fn append(&mut self, line: &[u8]) -> io::Result<()> {
        let rest = std::mem::take(&mut self.rest);
        if let Err((left, error)) = write(&mut self.to, &rest) {
            self.rest = left.to_vec();
            return Err(error);
        }
        write(&mut self.to, line).map_err(|(left, error)| {
            if left.len() < line.len() {
                self.rest = left.to_vec();
            }
            error
        })
    }
}

/// Writes all; an error comes with what is left.
///
/// BOUND: as often as there are bytes, and as a signal comes in between.
fn write<'b>(to: &mut impl Write, bytes: &'b [u8]) -> Result<(), (&'b [u8], io::Error)> {
    let mut left = bytes;
    while !left.is_empty() {
        match to.write(left) {
            Ok(0) => return Err((left, io::ErrorKind::WriteZero.into())),
            Ok(count) => left = left.get(count..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err((left, error)),
        }
    }
    Ok(())
}

/// Whether a file ends with a whole line: a process that was stopped on a full disk leaves half of one.
fn ends_whole(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    let mut last = [0; 1];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

/// Where lines go.
#[derive(Debug)]
pub struct Log {
    level: LogLevel,
    path: PathBuf,
    lines: Mutex<Lines<File>>,
    /// What was said of what should be looked at, whatever the level.
    #[cfg(test)]
    told: Mutex<Vec<String>>,
}

impl Log {
    /// Opens the file in the data folder, or makes it.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn open(folder: &Path, level: LogLevel) -> io::Result<Self> {
        let path = folder.join(FILE);
        let mut options = OpenOptions::new();
        options.create(true).append(true).read(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path)?;
        let rest = if ends_whole(&mut file)? {
            Vec::new()
        } else {
            b"\n".to_vec()
        };
        Ok(Self {
            level,
            lines: Mutex::new(Lines { to: file, rest }),
            path,
            #[cfg(test)]
            told: Mutex::default(),
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a line of the audit.
    pub fn audit(&self, now: Timestamp, event: &Event<'_>) {
        let mut line = Map::new();
        line.insert("timestamp".to_owned(), Json::from(rfc3339(now)));
        line.insert("eventName".to_owned(), Json::from(event.name.as_str()));
        for (key, value) in &event.fields {
            line.insert((*key).to_owned(), Json::from(readable(value)));
        }
        for (key, value) in &event.owned {
            line.insert((*key).to_owned(), value.clone());
        }
        let mut line = Json::Object(line).to_string();
        line.push('\n');
        let written = self
            .lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .append(line.as_bytes());
        if let Err(error) = written {
            self.error(&format!("the audit cannot be written: {error}"));
        }
        if self.level >= LogLevel::Audit {
            let _ = io::stderr().write_all(line.as_bytes());
        }
    }

    /// Says what happened to whoever runs the server.
    pub fn info(&self, text: &str) {
        if self.level >= LogLevel::Info {
            let _ = writeln!(io::stderr(), "{text}");
        }
    }

    /// Says what should be looked at, though the server does without, to whoever runs it.
    pub fn warn(&self, text: &str) {
        let line = format!("warning: {text}");
        if self.level >= LogLevel::Info {
            let _ = writeln!(io::stderr(), "{line}");
        }
        #[cfg(test)]
        self.told
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(line);
    }

    #[cfg(test)]
    pub(crate) fn told(&self) -> Vec<String> {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.clone()
    }

    /// Says what went wrong to whoever runs the server.
    pub fn error(&self, text: &str) {
        if self.level >= LogLevel::Error {
            let _ = writeln!(io::stderr(), "error: {text}");
        }
    }
}

/// `2025-07-31T15:05:45.123Z`
pub(crate) fn rfc3339(at: Timestamp) -> String {
    let (year, month, day) = date(at.0 / 86_400_000);
    let ms = at.0 % 86_400_000;
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
        ms / 3_600_000,
        ms / 60_000 % 60,
        ms / 1_000 % 60,
        ms % 1_000
    )
}

/// Year, month and day of a number of days since 1970, by the calendar's cycle of 400 years.
fn date(days: u64) -> (u64, u64, u64) {
    let shifted = days.saturating_add(719_468);
    let cycle = shifted / 146_097;
    let of_cycle = shifted % 146_097;
    let year = (of_cycle - of_cycle / 1_460 + of_cycle / 36_524 - of_cycle / 146_096) / 365;
    let of_year = of_cycle - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    (cycle.saturating_mul(400) + year + next, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_spelled_as_the_field_spells_them() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_164_800_000, "2024-02-29T00:00:00.000Z"),
            (1_753_974_345_123, "2025-07-31T15:05:45.123Z"),
            (4_102_444_800_000, "2100-01-01T00:00:00.000Z"),
        ] {
            assert_eq!(rfc3339(Timestamp(ms)), text);
        }
        assert!(!rfc3339(Timestamp(u64::MAX)).is_empty());
    }

    #[test]
    fn a_line_stays_a_line_and_long_text_is_cut() {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::open(folder.path(), LogLevel::Off).unwrap();
        let endless = "so on ".repeat(2_000);
        let event = Event::new(EventName::LoginCompleted)
            .text("username", "de\r\nmo\u{2028}\"")
            .text("journey", &endless)
            .hashed("session", b"token");
        log.audit(Timestamp(0), &event);
        let text = std::fs::read_to_string(log.path()).unwrap();
        assert_eq!(text.lines().count(), 1);
        let line: Json = serde_json::from_str(&text).unwrap();
        assert_eq!(line["username"], "de\r\nmo\u{2028}\"");
        assert_eq!(line["journey"].as_str().unwrap().len(), TEXT_CHARS_MAX);
        assert_eq!(line["session"], short_hash(b"token"));
        assert!(!text.contains("token"));
    }

    /// A file on a disk that is full after some bytes, until there is room again.
    struct Disk {
        file: Vec<u8>,
        room: usize,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let count = bytes.len().min(self.room);
            if count == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.room -= count;
            self.file.extend(&bytes[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_that_a_full_disk_tore_swallows_none() {
        let (first, second, third, fourth) =
            ("{\"n\":1}\n", "{\"n\":2}\n", "{\"n\":3}\n", "{\"n\":4}\n");
        for room in 0..=first.len() + second.len() {
            for more in 0..=second.len() {
                let mut lines = Lines {
                    to: Disk {
                        file: Vec::new(),
                        room,
                    },
                    rest: Vec::new(),
                };
                let mut whole = Vec::new();
                for line in [first, second] {
                    whole.push(lines.append(line.as_bytes()).is_ok());
                }
                lines.to.room += more;
                whole.push(lines.append(third.as_bytes()).is_ok());
                lines.to.room = usize::MAX;
                assert!(lines.append(fourth.as_bytes()).is_ok());
                let text = String::from_utf8(lines.to.file).unwrap();
                let mut found = Vec::new();
                for line in text.lines() {
                    let line: Json = serde_json::from_str(line)
                        .unwrap_or_else(|error| panic!("{room} {more}: {error}: {text}"));
                    found.push(line["n"].as_u64().unwrap());
                }
                assert!(
                    found.is_sorted() && found.contains(&4),
                    "{room} {more}: {text}"
                );
                for (number, whole) in (1..).zip(whole) {
                    assert!(!whole || found.contains(&number), "{room} {more}: {text}");
                }
            }
        }
    }

    #[test]
    fn a_line_that_another_process_left_torn_swallows_none() {
        for (torn, lines) in [
            ("", 1),
            ("{\"n\":1}\n", 2),
            ("{\"n\":1}\n{\"n\"", 3),
            ("{", 2),
        ] {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join("audit.log"), torn).unwrap();
            let log = Log::open(folder.path(), LogLevel::Off).unwrap();
            log.audit(Timestamp(0), &Event::new(EventName::LoginCompleted));
            let text = std::fs::read_to_string(log.path()).unwrap();
            assert_eq!(text.lines().count(), lines, "{text}");
            let last: Json = serde_json::from_str(text.lines().last().unwrap()).unwrap();
            assert_eq!(last["eventName"], "AM-LOGIN-COMPLETED");
            assert!(text.starts_with(torn));
        }
    }
}
