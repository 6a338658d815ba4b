//! Mail: every message becomes one file in `outbox` of the data folder.
//!
//! The name of the file is the id of the effect, so a message that is sent again is there once. Nothing
//! leaves the machine.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use wayfare::{
    Secret, Timestamp,
    engine::effect::{Channel, EffectId, Message},
};

use crate::{audit::rfc3339, store::write_whole};

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

    /// Writes a message; one with the same id is not written again.
    ///
    /// # Errors
    /// The address or the subject line is not one line, or the file cannot be written.
    pub fn put(
        &self,
        id: EffectId,
        message: &Message,
        from: &str,
        now: Timestamp,
    ) -> io::Result<PathBuf> {
        let suffix = match message.channel {
            Channel::Mail => "eml",
            Channel::Sms => "txt",
        };
        let name = format!("{:032x}-{}-{}.{suffix}", id.run, id.generation, id.ordinal);
        let path = self.folder.join(name);
        if path.exists() {
            return Ok(path);
        }
        let text = written(message, from, now)?;
        write_whole(&path, text.reveal().as_bytes())?;
        Ok(path)
    }
}

fn written(message: &Message, from: &str, now: Timestamp) -> io::Result<Secret<String>> {
    let one_line = |what: &str, text: &str| {
        if text.chars().any(char::is_control) {
            return Err(io::Error::other(format!("the {what} is not one line")));
        }
        Ok(())
    };
    one_line("address", &message.to)?;
    one_line("sender", from)?;
    one_line("subject line", &message.subject)?;
    if message.to.is_empty() {
        return Err(io::Error::other("there is no address"));
    }
    Ok(Secret::new(format!(
        "From: {from}\r\nTo: {}\r\nSubject: {}\r\nDate: {}\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\n{}\r\n",
        message.to,
        message.subject,
        rfc3339(now),
        message.body.reveal()
    )))
}
