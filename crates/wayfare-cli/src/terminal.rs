//! What the terminal can show, and the two streams.

use std::io::{self, IsTerminal as _, Write as _};

use crate::args::Color;

/// Standard error with or without colours.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terminal {
    pub(crate) colors: bool,
}

impl Terminal {
    /// Decides about colours by flag, then `NO_COLOR`, then whether standard error is a terminal.
    pub(crate) fn new(color: Color) -> Self {
        let colors = are_wanted(color, io::stderr().is_terminal());
        Self { colors }
    }

    /// Writes a line to standard error.
    #[expect(
        clippy::unused_self,
        reason = "whoever has no terminal has nothing to say to"
    )]
    pub(crate) fn say(self, line: &str) {
        // A closed standard error is no reason to stop.
        let _ = writeln!(io::stderr(), "{line}");
    }

    /// Writes an error to standard error.
    pub(crate) fn error(self, message: &str) {
        let (on, off) = if self.colors {
            ("\u{1b}[1;31m", "\u{1b}[0m")
        } else {
            ("", "")
        };
        self.say(&format!("{on}error{off}: {message}"));
    }
}

/// Whether data on standard output has colours, decided as for standard error.
pub(crate) fn colors_of_output(color: Color) -> bool {
    are_wanted(color, io::stdout().is_terminal())
}

fn are_wanted(color: Color, is_terminal: bool) -> bool {
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        }
    }
}

/// Writes data to standard output; a reader that went away is no error.
pub(crate) fn put(text: &str) -> io::Result<()> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
