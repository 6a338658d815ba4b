//! What is shown on top of a journey: counts, a run, levels.

use std::{collections::BTreeMap, sync::Arc};

use wayfare::model::journey::On;

/// What is shown on top of a picture.
///
/// Nodes are named by their paths. What is not named is drawn as it always is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overlay {
    /// What is shown, in a few words; stands under the name of the journey.
    pub title: Option<String>,
    /// What the paints mean, in order.
    pub legend: Vec<(Tone, String)>,
    /// The paints of nodes.
    pub nodes: BTreeMap<Arc<str>, Paint>,
    /// The paints of arrows.
    pub edges: BTreeMap<(Arc<str>, On), Paint>,
}

/// How a node or an arrow is drawn.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Paint {
    /// How it stands out.
    pub tone: Tone,
    /// A few words beside its name, such as a count.
    pub note: Option<String>,
    /// More words, in the tooltip.
    pub tip: Option<String>,
}

/// How something stands out; never by colour alone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tone {
    /// As without an overlay.
    #[default]
    Plain,
    /// Visited: from `0`, once or a little, to `4`, most often. Arrows grow thicker.
    Heat(u8),
    /// Never visited: thick, dotted, and marked.
    Missed,
    /// Never visited, for a reason that is told: dotted and pale.
    Excused,
    /// A step of the run that is shown: thick.
    Walked,
    /// Not in the run that is shown: thin and pale.
    Faded,
}

impl Tone {
    /// The class of the style sheet.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Heat(0) => "heat0",
            Self::Heat(1) => "heat1",
            Self::Heat(2) => "heat2",
            Self::Heat(3) => "heat3",
            Self::Heat(_) => "heat4",
            Self::Missed => "missed",
            Self::Excused => "excused",
            Self::Walked => "walked",
            Self::Faded => "faded",
        }
    }
}
