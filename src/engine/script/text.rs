//! Scripts as text: what an interpreter gets, and what it makes of it.

use std::fmt;

use super::{ScriptAction, ScriptView};
use crate::engine::error::NodeError;

/// An interpreter of scripts that stand as text in or beside journeys; at most one in a registry.
///
/// What it runs must be the same again from the same [`ScriptView`]: it has no clock, no randomness and no way
/// outside but the view's, and keeps nothing from one run to the next.
pub trait Interpreter: fmt::Debug + Send + Sync + 'static {
    /// Makes a script ready to run, once, when a program is linked.
    ///
    /// # Errors
    /// The text is no script: linking is refused. The message begins with file, line and column.
    fn prepare(&self, script: &ScriptText<'_>) -> Result<Box<dyn Interpreted>, NodeError>;

    /// The revision of its behaviour: another number keeps runs from going on across a change of it.
    fn revision(&self) -> u32 {
        1
    }
}

/// A script that is ready to run. Shared by all runs, so it keeps nothing of any.
pub trait Interpreted: fmt::Debug + Send + Sync {
    /// Runs it from its start.
    ///
    /// Where [`ScriptView::call`] gives [`Called::Waits`](super::Called::Waits), it ends at once, and what it
    /// then gives is not looked at.
    ///
    /// # Errors
    /// It has failed or does not end within its bounds: nothing that it wrote stays, and the error arrow of its
    /// node is taken. The message has file, line and column, and nothing secret.
    fn run(&self, view: &mut ScriptView<'_>) -> Result<ScriptAction, NodeError>;
}

/// A script as text.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct ScriptText<'a> {
    /// The file as the journey names it; for a text within a journey `journey/node`.
    pub path: &'a str,
    /// The text.
    pub text: &'a str,
    /// The journey that runs it.
    pub journey: &'a str,
    /// The path of the node that runs it.
    pub node: &'a str,
    /// What it is for.
    pub purpose: ScriptUse,
}

/// What a script is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScriptUse {
    /// It decides where a `ScriptedDecision` leads.
    Decision,
    /// It makes the settings of a `ConfigProvider`.
    Settings,
    /// It compares the devices of a `DeviceMatch`.
    Devices,
}

/// A generation of bindings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Generation {
    /// The first one: `.legacy.js`.
    First,
    /// The next one: all other names.
    Next,
    /// None that is run here: `.groovy`.
    Groovy,
}

impl<'a> ScriptText<'a> {
    /// A script for a decision, beside no journey.
    pub fn new(path: &'a str, text: &'a str) -> Self {
        Self {
            path,
            text,
            journey: "",
            node: "",
            purpose: ScriptUse::Decision,
        }
    }

    /// The same script for something else.
    #[must_use]
    pub fn for_use(mut self, purpose: ScriptUse) -> Self {
        self.purpose = purpose;
        self
    }

    /// The same script at a node.
    #[must_use]
    pub fn at(mut self, journey: &'a str, node: &'a str) -> Self {
        self.journey = journey;
        self.node = node;
        self
    }

    /// For which generation of bindings it is written, by the name of its file.
    pub fn generation(&self) -> Generation {
        let path = self.path.to_ascii_lowercase();
        if path.ends_with(".groovy") {
            Generation::Groovy
        } else if path.ends_with(".legacy.js") {
            Generation::First
        } else {
            Generation::Next
        }
    }

    /// The name that it goes by: that of its file without folder and endings.
    pub fn name(&self) -> &'a str {
        let file = self.path.rsplit(['/', '\\']).next().unwrap_or(self.path);
        let known = [".legacy.js", ".js", ".groovy"];
        let short = known.iter().find_map(|ending| file.strip_suffix(ending));
        short.unwrap_or(file)
    }
}
