//! A run as bytes.

use super::codec::{Codec, Reader, Sink, choice, record};
use crate::{
    engine::{
        evidence::{Challenge, Proofs},
        page::{ChildVisit, PageVisit, Recorded},
        run::{Asker, Ends, Fetched, Frame, Run, Standing, Visit, Words},
        start::{Start, StartSession},
        state::{Cells, Place, Sensitive, State, Undo},
        step::{End, Ending, Evidence},
    },
    model::{signature::Factor, value::Value},
};

impl<K: Codec + Ord> Codec for Cells<K> {
    fn put<S: Sink>(&self, to: &mut S) {
        u64::try_from(self.len()).unwrap_or(u64::MAX).put(to);
        for (key, value) in self.iter() {
            key.put(to);
            value.put(to);
        }
    }

    fn take(from: &mut Reader<'_>) -> Option<Self> {
        Vec::<(K, Value)>::take(from).and_then(Self::sorted)
    }
}

impl Codec for Factor {
    fn put<S: Sink>(&self, to: &mut S) {
        let at = Self::ALL.iter().position(|(factor, _)| factor == self);
        u64::try_from(at.unwrap_or_default())
            .unwrap_or_default()
            .put(to);
    }

    fn take(from: &mut Reader<'_>) -> Option<Self> {
        let at = usize::try_from(u64::take(from)?).ok()?;
        Self::ALL.get(at).map(|(factor, _)| *factor)
    }
}

/// What a run waits for; a run that has ended is never written.
impl Codec for Standing {
    fn put<S: Sink>(&self, to: &mut S) {
        match self {
            Self::Begin | Self::Ended(End::Success(_) | End::Failure(_)) => to.put(&[0]),
            Self::Ask(ask) => {
                to.put(&[1]);
                ask.put(to);
            }
            Self::Call(call) => {
                to.put(&[2]);
                call.put(to);
            }
            Self::Suspended(suspended) => {
                to.put(&[3]);
                suspended.put(to);
            }
        }
    }

    fn take(from: &mut Reader<'_>) -> Option<Self> {
        match from.byte()? {
            0 => Some(Self::Begin),
            1 => Codec::take(from).map(Self::Ask),
            2 => Codec::take(from).map(Self::Call),
            3 => Codec::take(from).map(Self::Suspended),
            _ => None,
        }
    }
}

choice!(Place { 0 Shared, 1 Transient, 2 Secure });
choice!(Asker { 0 Node, 1 User, 2 Session, 3 Success });
choice!(Ending { 0 Success, 1 Failure, 2 Error });

choice!(Undo {
    0 Cell(place, key, old),
    1 Member(place, name, old),
    2 Memory(unit, old),
    3 Level(old),
    4 Identity(old),
    5 Ends(old),
});

choice!(Recorded { 0 Now(at), 1 Random(bytes), 2 Once(digest, reply) });

record! {
    Start { realm, journey, transaction, no_session, session, goto, goto_on_fail }
    StartSession { session, subject, username, level }
    Challenge { subject }
    Evidence { subject, factor, node, visit, at }
    Proofs { subject, evidence, challenge }
    Fetched { user, session }
    Visit { memory, fetched, vouched, custom, level_before }
    Sensitive { transient, secure, transient_object, secure_object }
    State { shared, shared_object, sensitive }
    Frame { caller, saved }
    Words { message, details }
    Ends {
        properties, success_url, failure_url, details, session_details, failure, error, headers,
        session_time, idle_time,
    }
    ChildVisit { visit, asked_with, callbacks, ids, content, answers, basis, record, ordinal }
    PageVisit { children, cursor, next_id, now, pending, outcome }
    Run {
        id, salt, generation, ordinal, start, journey, began, expires, standing, asker, at, frames,
        visit, page, undo, visits, turn, state, level, proofs, memory, keys, ends, unproved_allowed,
    }
}
