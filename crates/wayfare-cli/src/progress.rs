//! How far a long command is.
//!
//! On a terminal one line of standard error that is written over; elsewhere, and only where it is asked for,
//! a line now and then. Nothing is said of what is done at once.

use std::{
    io::{self, IsTerminal as _, Write as _},
    time::{Duration, Instant},
};

/// What takes no longer needs no word.
const QUIET: Duration = Duration::from_millis(300);
/// How often a line is written over.
const OFTEN: Duration = Duration::from_millis(100);
/// How often a line is written where none can be written over.
const SELDOM: Duration = Duration::from_secs(2);

/// What says how far it is.
#[derive(Debug)]
pub(crate) struct Progress {
    how: How,
    begun: Instant,
    last: Option<Instant>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Silent,
    Over,
    Lines,
}

impl Progress {
    /// Decides by the terminal and by what is wanted.
    pub(crate) fn new(wanted: bool) -> Self {
        let how = if io::stderr().is_terminal() {
            How::Over
        } else if wanted {
            How::Lines
        } else {
            How::Silent
        };
        Self {
            how,
            begun: Instant::now(),
            last: None,
        }
    }

    /// Something begins that may take long: always said where lines are wanted.
    pub(crate) fn phase(&mut self, what: &str) {
        if self.how == How::Lines {
            self.put(what);
        } else {
            self.step(what);
        }
    }

    /// It goes on.
    pub(crate) fn step(&mut self, what: &str) {
        let wait = match self.how {
            How::Silent => return,
            How::Over => OFTEN,
            How::Lines => SELDOM,
        };
        let is_due = match self.last {
            None => self.begun.elapsed() >= QUIET,
            Some(last) => last.elapsed() >= wait,
        };
        if is_due {
            self.put(what);
        }
    }

    fn put(&mut self, what: &str) {
        self.last = Some(Instant::now());
        // A closed standard error is no reason to stop.
        let _ = match self.how {
            How::Silent => Ok(()),
            How::Over => {
                write!(io::stderr(), "\r\u{1b}[K{what}").and_then(|()| io::stderr().flush())
            }
            How::Lines => writeln!(io::stderr(), "{what}"),
        };
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.how == How::Over && self.last.is_some() {
            let _ = write!(io::stderr(), "\r\u{1b}[K");
        }
    }
}
