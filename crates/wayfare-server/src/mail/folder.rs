//! The outbox: every message becomes one file in `outbox` of the data folder.
//!
//! The name of the file is the id of the effect, so a message that is sent again is there once. Nothing
//! leaves the machine.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};

use lettre::message::header::{Date, Headers};
use wayfare::{
    Secret, Timestamp,
    engine::effect::{Channel, EffectId},
};

use super::{Letter, smtp::message_id};
use crate::store::write_whole;

/// The longest message that is shown, in bytes.
const SHOWN_BYTES_MAX: u64 = 64 * 1024;

/// The folder of messages.
#[derive(Debug, Clone)]
pub struct Outbox {
    folder: PathBuf,
}

impl Outbox {
    /// The outbox of a data folder, made where it is missing.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn open(data: &Path) -> io::Result<Self> {
        let folder = data.join("outbox");
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&folder)?;
        Ok(Self { folder })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The newest messages, the last one first; what cannot be read, or is too long, is left out.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn newest(&self, most: usize) -> io::Result<Vec<String>> {
        let mut files: Vec<_> = fs::read_dir(&self.folder)?
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let known = entry.path().extension()? != "new";
                let about = entry.metadata().ok()?;
                let fits = known && about.is_file() && about.len() <= SHOWN_BYTES_MAX;
                fits.then_some((about.modified().ok()?, entry.path()))
            })
            .collect();
        files.sort();
        let newest = files.into_iter().rev().take(most);
        Ok(newest
            .filter_map(|(_, path)| fs::read_to_string(path).ok())
            .collect())
    }

    /// Writes a message; one with the same id is not written again.
    pub(super) fn put(&self, id: EffectId, letter: &Letter, now: Timestamp) -> io::Result<PathBuf> {
        let suffix = match letter.channel {
            Channel::Mail => "eml",
            Channel::Sms => "txt",
        };
        let name = format!("{:032x}-{}-{}.{suffix}", id.run, id.generation, id.ordinal);
        let path = self.folder.join(name);
        if path.exists() {
            return Ok(path);
        }
        write_whole(&path, written(id, letter, now).reveal().as_bytes())?;
        Ok(path)
    }
}

/// Whether a text stays within its line.
pub(super) fn one_line(what: &str, text: &str) -> Result<(), String> {
    if text.chars().any(char::is_control) {
        return Err(format!("the {what} is not one line"));
    }
    Ok(())
}

/// When a message was written, as RFC 5322 has it.
fn date(now: Timestamp) -> String {
    let mut headers = Headers::new();
    let at = UNIX_EPOCH + Duration::from_millis(now.0);
    headers.set(Date::from(at));
    headers.get_raw("Date").unwrap_or_default().to_owned()
}

fn written(id: EffectId, letter: &Letter, now: Timestamp) -> Secret<String> {
    let kind = if letter.html { "html" } else { "plain" };
    Secret::new(format!(
        "From: {}\r\nTo: {}\r\nSubject: {}\r\nDate: {}\r\nMessage-ID: {}\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/{kind}; charset=utf-8\r\n\r\n{}\r\n",
        letter.from,
        letter.to,
        letter.subject,
        date(now),
        message_id(id, &letter.from),
        letter.body.reveal()
    ))
}
