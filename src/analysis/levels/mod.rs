//! The levels that runs can have at success, worked out for every journey.
//!
//! In: the flow of each journey. Out: for each journey the least and the greatest level of a run that is
//! started there and succeeds, or nothing where none can.

use crate::{
    analysis::flow::{Exit, Flows},
    model::{
        level::{AuthLevel, Greatest, LevelSpan},
        program::Program,
    },
};

/// By journey, the levels at success; `None` where success cannot be reached.
pub(crate) fn spans(program: &Program) -> Vec<Option<LevelSpan>> {
    let flows = Flows::new(program);
    let ends = flows.ends.iter();
    ends.zip(&program.journeys)
        .map(|(ends, journey)| {
            ends.has(Exit::Success).then(|| LevelSpan {
                least: journey.settings.level.unwrap_or(AuthLevel::ZERO),
                greatest: Greatest::Unbounded,
            })
        })
        .collect()
}
