//! What differs between two records besides the steps: line by line, by what the lines are about.

use super::{
    Trace, json,
    line::{EndLine, Line},
};

/// What a line of a record is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum About {
    /// How the run began.
    Start,
    /// What came with the steps: headers, addresses, locales.
    Request,
    /// What was answered, by people and by the outside.
    Input,
    /// The nodes that were entered, left and failed.
    Nodes,
    /// What was asked, with every callback as it was shown.
    Asks,
    /// What was wanted from the outside.
    Calls,
    /// What the clock said.
    Clock,
    /// Where there was no randomness.
    Randomness,
    /// How the run ended, or what refused it.
    End,
}

impl About {
    const ALL: [Self; 9] = [
        Self::Start,
        Self::Request,
        Self::Input,
        Self::Nodes,
        Self::Asks,
        Self::Calls,
        Self::Clock,
        Self::Randomness,
        Self::End,
    ];

    /// The words for it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Start => "how it began",
            Self::Request => "the requests",
            Self::Input => "what was answered",
            Self::Nodes => "the nodes",
            Self::Asks => "what was asked",
            Self::Calls => "what was wanted outside",
            Self::Clock => "the clock",
            Self::Randomness => "the randomness",
            Self::End => "the end",
        }
    }

    fn of(line: &Line) -> Self {
        match line {
            Line::Request(_) => Self::Request,
            Line::Input(_) => Self::Input,
            Line::Entered { .. } | Line::Left { .. } | Line::Failed { .. } => Self::Nodes,
            Line::Clock(_) => Self::Clock,
            Line::NoRandomness(_) => Self::Randomness,
            Line::Ask(_) => Self::Asks,
            Line::Call(_) => Self::Calls,
            Line::Suspended(_) | Line::Done(_) | Line::Refused(_) => Self::End,
        }
    }
}

/// The first line about something in which two records differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Differs {
    /// What it is about.
    pub about: About,
    /// The line of the record, as it stands there; nothing where it has no such line.
    pub before: String,
    /// The line of the replay.
    pub after: String,
}

/// What differs between two records, each thing once.
pub(super) fn differences(before: &Trace, after: &Trace) -> Vec<Differs> {
    About::ALL
        .into_iter()
        .filter_map(|about| {
            let (old, new) = (
                lines(before, about, true),
                lines(after, about, has_ground(before)),
            );
            if old == new {
                return None;
            }
            let same = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
            let at = |lines: &[String]| lines.get(same).cloned().unwrap_or_default();
            Some(Differs {
                about,
                before: at(&old),
                after: at(&new),
            })
        })
        .collect()
}

/// Whether a record says what the run had found: older ones do not, and differ in nothing by that.
fn has_ground(trace: &Trace) -> bool {
    let older = |line: &Line| matches!(line, Line::Done(EndLine::Failure { ground: None, .. }));
    !trace.lines.iter().any(older)
}

fn lines(trace: &Trace, about: About, grounds: bool) -> Vec<String> {
    if about == About::Start {
        let header = &trace.header;
        let began = (&header.start, &header.began, header.names_hidden);
        return vec![json(&began).trim_end().to_owned()];
    }
    let own = trace.lines.iter().filter(|line| About::of(line) == about);
    let shown = own.map(|line| match line {
        Line::Done(EndLine::Failure {
            reason, message, ..
        }) if !grounds => json(&Line::Done(EndLine::Failure {
            reason: reason.clone(),
            ground: None,
            message: message.clone(),
        })),
        line => json(line),
    });
    shown.map(|line| line.trim_end().to_owned()).collect()
}
