//! The form of a run in bytes.
//!
//! One byte of version, sixteen of the program's hash, then the run. The form is ours, compact, and
//! means nothing without the plan it was written beside. It never leaves the engine unsealed. Reading
//! never panics and never allocates more than the bytes warrant; it yields nothing at all where one
//! byte is wrong. An older version is not read: its runs are refused, as runs of another program are.

mod codec;
mod parts;
mod run;

use crate::{
    engine::{
        action::Subject,
        callback::Answer,
        effect::Effect,
        plan::Plan,
        run::Run,
        snapshot::codec::{Codec, Count, Reader},
    },
    model::value::Value,
};

const VERSION: u8 = 1;

/// The run as bytes, to be sealed at once.
pub(crate) fn write(run: &Run, plan: &Plan) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(size(run) + 64);
    bytes.push(VERSION);
    bytes.extend_from_slice(name(plan));
    run.put(&mut bytes);
    bytes
}

/// How many bytes the run takes.
pub(crate) fn size(run: &Run) -> usize {
    let mut count = Count(17);
    run.put(&mut count);
    count.0
}

/// The run in these bytes, if they are one of this plan.
pub(crate) fn read(bytes: &[u8], plan: &Plan) -> Option<Run> {
    let (version, rest) = bytes.split_first()?;
    let (hash, rest) = rest.split_at_checked(name(plan).len())?;
    if *version != VERSION || hash != name(plan) {
        return None;
    }
    let mut reader = Reader::new(rest);
    let run = Run::take(&mut reader)?;
    (reader.is_empty() && fits(&run, plan)).then_some(run)
}

/// The part of the hash that names the program; enough that no other one has it.
fn name(plan: &Plan) -> &[u8] {
    plan.hash.get(..16).unwrap_or_default()
}

/// Whether the run names nothing that is not in the plan.
fn fits(run: &Run, plan: &Plan) -> bool {
    let journey = plan.journey(run.journey).is_some();
    let frames = run
        .frames
        .iter()
        .all(|frame| plan.node(frame.caller).is_some());
    let at = run.at == crate::engine::plan::NOWHERE || plan.node(run.at).is_some();
    journey && frames && at
}

/// Appends answers, for a digest.
pub(crate) fn put_answers(bytes: &mut Vec<u8>, answers: &[Answer]) {
    for answer in answers {
        answer.put(bytes);
    }
}

/// Appends who a run is about, for a digest.
pub(crate) fn put_identity(bytes: &mut Vec<u8>, name: Option<&Value>, subject: Option<&Subject>) {
    if let Some(name) = name {
        bytes.push(1);
        name.put(bytes);
    }
    if let Some(subject) = subject {
        bytes.push(2);
        subject.put(bytes);
    }
}

/// Appends an effect, for a digest.
pub(crate) fn put_effect(bytes: &mut Vec<u8>, effect: &Effect) {
    effect.put(bytes);
}
