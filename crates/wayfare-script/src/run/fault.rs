//! What went wrong in a run, as whoever writes scripts can read it.

use wayfare::{NodeError, Secret};

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// The script, or a binding that it calls, has thrown.
    Thrown {
        message: String,
        /// Line and column, where they are known.
        at: Option<(u32, u32)>,
    },
    /// It takes longer than it may.
    Time,
    /// It takes more memory than it may.
    Memory,
    /// It takes more of the stack than it may.
    Stack,
    /// It says more than it may.
    Output,
    /// Something is wrong here.
    Broken(&'static str),
}

/// How much of a message is told.
const MESSAGE_MAX: usize = 200;

/// The error of a node, with nothing secret in it.
pub(super) fn told(fault: &Fault, path: &str, secrets: &[Secret<String>]) -> NodeError {
    let text = match fault {
        Fault::Thrown { message, at } => {
            let message = clipped(&hidden(message, secrets), MESSAGE_MAX);
            match at {
                Some((line, column)) => format!("{path}:{line}:{column}: {message}"),
                None => format!("{path}: {message}"),
            }
        }
        Fault::Time => format!("{path}: the script runs longer than its budget"),
        Fault::Memory => format!("{path}: the script takes more memory than its budget"),
        Fault::Stack => format!("{path}: the script recurses deeper than its budget"),
        Fault::Output => format!("{path}: the script says more than its budget"),
        Fault::Broken(what) => format!("{path}: broken invariant: {what}"),
    };
    NodeError::new(text)
}

/// A text without what is secret, on one line.
pub(super) fn hidden(text: &str, secrets: &[Secret<String>]) -> String {
    // Both are put on one line, for a key has many.
    let mut shown = flat(text);
    for secret in secrets {
        let secret = flat(secret.reveal().trim());
        // Shorter ones stand in every other word.
        if secret.len() >= 3 && shown.contains(&secret) {
            shown = shown.replace(&secret, "_");
        }
    }
    shown
}

fn flat(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

/// At most so many bytes of a text.
pub(super) fn clipped(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let mut short = String::new();
    for at in text.chars() {
        if short.len() + at.len_utf8() > most {
            break;
        }
        short.push(at);
    }
    short + "…"
}
