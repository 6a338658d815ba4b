//! The form of a run in bytes.
//!
//! One byte of version, the hash of the journey with all that it can reach, the names of the state keys
//! in use, then the run. The form is ours, compact, and means nothing without a plan that has a journey of
//! this hash; it may be another program's plan, as nodes, units and keys stand in it by what they are in
//! every such program. It never leaves the engine unsealed. Reading never panics and never allocates more
//! than the bytes warrant; it yields nothing at all where one byte is wrong. An older version is not read:
//! its runs are refused, as runs of another journey are.

mod codec;
mod parts;
mod run;

use crate::{
    compile::ProgramHash,
    engine::{
        action::Subject,
        callback::Answer,
        effect::{Effect, ExternalReply},
        plan::Plan,
        run::Run,
        snapshot::{
            codec::{Bound, Codec, Count, Measure, Pinned, Reader, Sink, put_text},
            run::{put_run, take_run},
        },
    },
    model::{expr::KeyId, value::Value},
};

const VERSION: u8 = 8;

/// How many bytes a cipher may add, its nonce and its tag, before the bytes have to move.
const CIPHER_ROOM: usize = 64;

/// The run as bytes, to be sealed at once; nothing where the plan is not the run's.
pub(crate) fn write(run: &Run, plan: &Plan) -> Option<Vec<u8>> {
    let (room, keys) = measured(run, plan)?;
    // Room for all of it, and for what a cipher adds: bytes that are moved leave a copy behind.
    put(run, plan, keys, Vec::with_capacity(room + CIPHER_ROOM))
}

/// All there is of a run, into anything that takes bytes.
fn put<S: Sink>(run: &Run, plan: &Plan, keys: Vec<KeyId>, out: S) -> Option<S> {
    let mut pinned = Pinned {
        out,
        plan,
        reached: plan.reached(run.journey)?,
        keys: Vec::new(),
    };
    pinned.put(&[VERSION]);
    pinned.put(&plan.pins.hash(run.journey)?.0);
    pinned.number(u64::try_from(keys.len()).ok()?);
    for key in &keys {
        put_text(run.key_text(plan, *key)?, &mut pinned);
    }
    pinned.keys = keys;
    put_run(run, &mut pinned);
    Some(pinned.out)
}

/// Whether the run takes no more bytes than these; never where the plan is not the run's.
pub(crate) fn fits(run: &Run, plan: &Plan, bytes: usize) -> bool {
    // Every stop asks. Nearly always a bound is enough, which looks nothing up and keeps nothing.
    let mut bound = Bound::new(run, plan);
    put_run(run, &mut bound);
    bound.bytes() <= bytes || measured(run, plan).is_some_and(|(size, _)| size <= bytes)
}

/// How many bytes the run takes at most, and its keys in order. It is looked at once.
fn measured(run: &Run, plan: &Plan) -> Option<(usize, Vec<KeyId>)> {
    let mut measure = Measure {
        count: Count(0),
        plan,
        reached: plan.reached(run.journey)?,
        keys: Vec::new(),
    };
    put_run(run, &mut measure);
    let Measure {
        mut count,
        mut keys,
        ..
    } = measure;
    // The place of a key is one byte beside few keys, and never more than five.
    let met = keys.len();
    keys.sort_unstable();
    keys.dedup();
    count.0 += if keys.len() <= 128 { met } else { 5 * met };
    count.put(&[VERSION]);
    count.put(&plan.pins.hash(run.journey)?.0);
    count.number(u64::try_from(keys.len()).ok()?);
    for key in &keys {
        put_text(run.key_text(plan, *key)?, &mut count);
    }
    Some((count.0, keys))
}

/// The run in these bytes, if they are one of a journey of this plan.
pub(crate) fn read(bytes: &[u8], plan: &Plan) -> Option<Run> {
    let (version, rest) = bytes.split_first()?;
    if *version != VERSION {
        return None;
    }
    let (hash, rest) = rest.split_first_chunk()?;
    let journey = plan.pins.journey(&ProgramHash(*hash))?;
    let mut reader = Reader::new(plan, plan.reached(journey)?, rest);
    let own = reader.names()?;
    let run = take_run(&mut reader, journey, own)?;
    reader.is_empty().then_some(run)
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

/// How many bytes a reply of a node outside takes.
pub(crate) fn reply_size(reply: &ExternalReply) -> usize {
    let mut count = Count(0);
    reply.put(&mut count);
    count.0
}

/// How many bytes a value takes.
pub(crate) fn value_size(value: &Value) -> usize {
    let mut count = Count(0);
    value.put(&mut count);
    count.0
}

/// Appends an effect, for a digest.
pub(crate) fn put_effect(bytes: &mut Vec<u8>, effect: &Effect) {
    effect.put(bytes);
}
