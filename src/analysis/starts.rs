//! What to say of runs that begin in a journey that others call.
//!
//! In: the flows of a program. Out: the help of a finding, which names the setting that takes the journey
//! out of those that can be started, where it is called and does not say so.

use std::collections::BTreeSet;

use crate::{
    Diagnostic,
    analysis::flow::{Flow, Flows},
    model::{
        journey::{Journey, JourneyId},
        program::Program,
    },
};

/// The journeys that can be started and are called as well.
#[derive(Debug)]
pub(super) struct Starts {
    called: BTreeSet<JourneyId>,
}

impl Starts {
    /// Those of a program.
    pub(super) fn new(program: &Program, flows: &Flows) -> Self {
        let flows = program.journeys.iter().filter_map(|j| flows.get(j.id));
        let called = flows.flat_map(Flow::calls).map(|(_, inner)| inner);
        Self {
            called: called.collect(),
        }
    }

    /// A finding on runs that begin in this journey, whose help names the setting where it may mend it.
    pub(super) fn hint(&self, journey: &Journey, finding: Diagnostic) -> Diagnostic {
        if journey.settings.inner_only || !self.called.contains(&journey.id) {
            return finding;
        }
        let help = finding.help.clone().unwrap_or_default();
        let name = &journey.name;
        finding.help(format!(
            "{help}; where `{name}` is only ever called by others, say `innerTreeOnly = true` in it"
        ))
    }
}
