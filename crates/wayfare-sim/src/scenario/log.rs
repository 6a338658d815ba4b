//! A run as callbacks and outcomes: `credentials [Name, Password] -> check.true -> success`.

use std::sync::Arc;

use wayfare::{End, Event};

use crate::play::Stop;

/// BOUND: bytes of a run that are shown; the newest are kept.
const SHOWN: usize = 2_000;

/// What has happened so far.
#[derive(Debug, Default)]
pub(super) struct Log {
    text: String,
    /// The node whose callbacks stand last in the text.
    asked: Option<Arc<str>>,
    journey: String,
}

impl Log {
    pub(super) fn new(journey: &str) -> Self {
        Self {
            journey: format!("{journey}/"),
            ..Self::default()
        }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    fn push(&mut self, piece: &str) {
        if !self.text.is_empty() {
            self.text.push_str(" -> ");
        }
        self.text.push_str(piece);
        if self.text.len() > SHOWN
            && let Some((at, _)) = self
                .text
                .match_indices(" -> ")
                .find(|(at, _)| *at > SHOWN / 2)
        {
            self.text = format!("…{}", self.text.get(at..).unwrap_or_default());
        }
    }

    fn short<'n>(&self, node: &'n str) -> &'n str {
        node.strip_prefix(self.journey.as_str()).unwrap_or(node)
    }

    /// Adds what a step has done, and where it has stopped.
    ///
    /// `at` is the node that the run stands at: a page, where its children ask.
    pub(super) fn step(&mut self, events: &[Event], stop: &Stop, at: Option<&Arc<str>>) {
        let last_ask = events
            .iter()
            .rposition(|event| matches!(event, Event::Asked { .. }));
        for (number, event) in events.iter().enumerate() {
            match event {
                Event::Left { node, outcome } => {
                    let node_name = self.short(node);
                    let named = &**outcome != "outcome";
                    if self.asked.as_ref() == Some(node) {
                        if named {
                            self.text.push('.');
                            self.text.push_str(outcome);
                        }
                    } else if named {
                        self.push(&format!("{node_name}.{outcome}"));
                    } else {
                        self.push(node_name);
                    }
                    self.asked = None;
                }
                Event::Failed { node, message } => {
                    let piece = format!("{} failed ({message})", self.short(node));
                    self.push(&piece);
                    self.asked = None;
                }
                Event::Asked { node, .. } if Some(number) == last_ask => {
                    let node = at.unwrap_or(node);
                    let piece = format!("{} {}", self.short(node), callbacks(stop));
                    self.push(&piece);
                    self.asked = Some(Arc::clone(node));
                }
                _ => {}
            }
        }
        match stop {
            Stop::Done(End::Success(_)) => self.push("success"),
            Stop::Done(End::Failure(failure)) => self.push(&match &failure.reason {
                wayfare::FailureReason::Rejected => "failure".to_owned(),
                reason => format!("failure ({reason})"),
            }),
            Stop::Suspended(_) => self.push("suspended"),
            Stop::Ask(_) => {}
        }
    }
}

/// `[Name, Password]`
fn callbacks(stop: &Stop) -> String {
    let Stop::Ask(ask) = stop else {
        return String::new();
    };
    let kinds: Vec<&str> = ask
        .callbacks
        .iter()
        .map(|callback| callback.kind().trim_end_matches("Callback"))
        .collect();
    format!("[{}]", kinds.join(", "))
}
