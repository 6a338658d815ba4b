//! Runs as they are recorded: what went in, what the outside answered, the clock, and what came of it.
//!
//! In: a run, step by step, by [`Recorder`]; or the text of a record, by [`Trace::parse`]. Out: a record of
//! one JSON value a line; and, by [`Trace::replay`], what the same inputs come to with this or another
//! version of the journey, without doing anything outside. Nothing secret is in a record: passwords, codes,
//! tokens, bodies of messages, cookies and random bytes leave a mark that something was there. A replay
//! puts stand-ins in their place; as secrets are compared by the outside alone, and what it said is in the
//! record, the run goes the same way.
//!
//! docs/testing.md describes every line.

mod back;
mod compare;
mod line;
mod record;
mod redact;
mod replay;
mod value;
mod words;

pub use compare::{About, Differs};
pub use line::{
    AnswerLine, AskLine, BackchannelLine, CallLine, CallbackLine, ClockRead, DeviceLine, EndLine,
    ExternalLine, FailedLine, Header, IdentityLine, InputLine, JudgementLine, Line, MissLine,
    ReplyLine, RequestLine, SessionLine, SocialLine, StartLine, StartSessionLine, VerdictLine,
    WentLine, WhoLine,
};
pub use record::{Names, Recorder};
pub use replay::{Divergence, Fate, ReplayError, Replayed};
pub use value::ValueLine;

/// A run as it was recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// Whose run it is.
    pub header: Header,
    /// What happened, in order.
    pub lines: Vec<Line>,
}

/// Why a text is not a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TraceError {
    /// It is empty.
    #[error("the record is empty")]
    Empty,
    /// It is larger than the limit.
    #[error("the record has more than {} bytes", Trace::BYTES_MAX)]
    TooLarge,
    /// It has more lines than the limit.
    #[error("the record has more than {} lines", Trace::LINES_MAX)]
    TooManyLines,
    /// Its first line is no header.
    #[error("the first line is not the header of a record: {0}")]
    NoHeader(String),
    /// It is of a form that this version does not read.
    #[error("the record is of form {0}; this version reads form {form}", form = Trace::FORM)]
    OtherForm(u32),
    /// A line is not as lines are.
    #[error("line {number}: {message}")]
    BadLine {
        /// Its number, from 1.
        number: usize,
        /// What is wrong with it.
        message: String,
    },
}

impl Trace {
    /// The form that is written and read.
    pub const FORM: u32 = 1;
    /// The longest text that is read.
    pub const BYTES_MAX: usize = 16 * 1_024 * 1_024;
    /// The most lines that are read.
    pub const LINES_MAX: usize = 200_000;

    /// Reads a record.
    ///
    /// # Errors
    /// The text is not a record, or is over a limit.
    ///
    /// ```
    /// use wayfare_sim::trace::{Trace, TraceError};
    /// assert_eq!(Trace::parse("").unwrap_err(), TraceError::Empty);
    /// assert!(matches!(Trace::parse("{}"), Err(TraceError::NoHeader(_))));
    /// ```
    pub fn parse(text: &str) -> Result<Self, TraceError> {
        if text.len() > Self::BYTES_MAX {
            return Err(TraceError::TooLarge);
        }
        let mut lines = (1_usize..)
            .zip(text.lines())
            .filter(|(_, line)| !line.trim().is_empty());
        let (_, first) = lines.next().ok_or(TraceError::Empty)?;
        let header: Header =
            serde_json::from_str(first).map_err(|e| TraceError::NoHeader(e.to_string()))?;
        if header.wayfare_trace != Self::FORM {
            return Err(TraceError::OtherForm(header.wayfare_trace));
        }
        let mut read = Vec::new();
        for (number, text) in lines {
            if read.len() >= Self::LINES_MAX {
                return Err(TraceError::TooManyLines);
            }
            let line = serde_json::from_str(text).map_err(|e| TraceError::BadLine {
                number,
                message: e.to_string(),
            })?;
            read.push(line);
        }
        Ok(Self {
            header,
            lines: read,
        })
    }

    /// The record as text, a line each; what [`Trace::parse`] reads.
    pub fn text(&self) -> String {
        let mut text = json(&self.header);
        for line in &self.lines {
            text.push_str(&json(line));
        }
        text
    }
}

/// One line of a record.
fn json<T: serde::Serialize>(line: &T) -> String {
    // Every type of a line has keys that are texts, and numbers that JSON has.
    let mut text = serde_json::to_string(line).unwrap_or_default();
    text.push('\n');
    text
}
