//! What is known of a script without running it.
//!
//! In: nothing; a [`ScriptReader`] fills it. Out: facts of one script, which a check may use where the author
//! of a node says nothing. Languages of scripts are not here: a reader brings them. What a reader cannot see it
//! says is not all, and that is read as the worst case.

use std::{collections::BTreeMap, fmt, sync::Arc};

use crate::model::signature::{Known, Scope};

/// A reader of scripts for [`Compiler::scripts`](crate::Compiler::scripts).
///
/// It is a function of what it is given, so that a program is the same wherever it is compiled.
pub trait ScriptReader: fmt::Debug + Send + Sync {
    /// What the text of a script tells; `path` is the file as the journey names it, or `journey/node` for a
    /// text within a journey.
    fn read(&self, path: &str, text: &str) -> ScriptFacts;
}

/// Things of a script with the line where each stands first, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lines<T: Ord> {
    /// The things.
    pub lines: BTreeMap<T, u32>,
    /// Whether these are all, where the script is right.
    pub all: bool,
}

impl<T: Ord> Default for Lines<T> {
    fn default() -> Self {
        Self {
            lines: BTreeMap::new(),
            all: false,
        }
    }
}

impl<T: Ord> Lines<T> {
    /// The line of a thing.
    pub fn line(&self, of: &T) -> Option<u32> {
        self.lines.get(of).copied()
    }
}

/// A secret that a script puts into shared state.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Leak {
    /// The key, where the text tells it.
    pub key: Option<Arc<str>>,
    /// What comes there, for people: `the password`.
    pub what: Arc<str>,
    /// The line, from 1.
    pub line: u32,
}

/// What is known of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScriptFacts {
    /// The outcomes that it may leave by.
    pub outcomes: Lines<Arc<str>>,
    /// The keys that it looks at; attributes of the profile under construction by their scopes.
    pub reads: Lines<(Scope, Arc<str>)>,
    /// The keys that it may write.
    pub writes: Lines<(Scope, Arc<str>)>,
    /// The keys that it may take out.
    pub removes: Lines<Arc<str>>,
    /// The properties of the session that it may set or take back.
    pub properties: Lines<Arc<str>>,
    /// The callbacks that it may send, as the wire calls them.
    pub callbacks: Lines<Arc<str>>,
    /// Whether it asks on every visit, or on none.
    pub asks: Known<bool>,
    /// Whether it may suspend the run.
    pub suspends: Known<bool>,
    /// Whether it reaches anything outside.
    pub calls_out: Known<bool>,
    /// Where it names a user, or may.
    pub identifies: Known<bool>,
    /// Secrets that it puts into shared state.
    pub leaks: Vec<Leak>,
    /// Where and why its text tells nothing, if so.
    pub unread: Option<(u32, Arc<str>)>,
}

impl ScriptFacts {
    /// What is known of a script that cannot be read, and why.
    pub fn unread(line: u32, why: impl Into<Arc<str>>) -> Self {
        Self {
            unread: Some((line, why.into())),
            ..Self::default()
        }
    }
}

impl Default for ScriptFacts {
    /// Nothing.
    fn default() -> Self {
        Self {
            outcomes: Lines::default(),
            reads: Lines::default(),
            writes: Lines::default(),
            removes: Lines::default(),
            properties: Lines::default(),
            callbacks: Lines::default(),
            asks: Known::Unknown,
            suspends: Known::Unknown,
            calls_out: Known::Unknown,
            identifies: Known::Unknown,
            leaks: Vec::new(),
            unread: None,
        }
    }
}

/// Whether the value of a `script` that is no text of a file is a script by itself, and not the name of one.
pub fn is_script_text(value: &str) -> bool {
    value.contains(['\n', ';', '='])
}
