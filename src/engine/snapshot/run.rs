//! A run as bytes.

use std::sync::Arc;

use super::codec::{Codec, Reader, Sink, choice, record};
use crate::{
    engine::{
        evidence::{Challenge, Proofs},
        ground::{CredentialDetail, Ground, Heard},
        page::{ChildVisit, PageVisit, Recorded},
        run::{Asker, Ends, Fetched, Frame, Run, Standing, Visit, Words},
        start::{Start, StartSession},
        state::{Cells, Place, Sensitive, State, Undo},
        step::{End, Ending, Evidence},
    },
    model::{expr::KeyId, signature::Factor, value::Value},
};

impl Codec for Cells<KeyId> {
    fn put<S: Sink>(&self, to: &mut S) {
        put_cells(self, to);
    }

    fn take(from: &mut Reader<'_>) -> Option<Self> {
        take_cells(from)
    }
}

impl Codec for Cells<Arc<str>> {
    fn put<S: Sink>(&self, to: &mut S) {
        put_cells(self, to);
    }

    fn take(from: &mut Reader<'_>) -> Option<Self> {
        take_cells(from)
    }
}

fn put_cells<K: Codec + Ord, S: Sink>(cells: &Cells<K>, to: &mut S) {
    u64::try_from(cells.len()).unwrap_or(u64::MAX).put(to);
    for (key, value) in cells.iter() {
        key.put(to);
        value.put(to);
    }
}

/// Numbers may stand in another order beside another program.
fn take_cells<K: Codec + Ord>(from: &mut Reader<'_>) -> Option<Cells<K>> {
    let mut entries = Vec::<(K, Value)>::take(from)?;
    entries.sort_by(|(a, _), (b, _)| a.cmp(b));
    Cells::sorted(entries)
}

/// A node by its number.
struct Node(u32);

impl Codec for Node {
    fn put<S: Sink>(&self, to: &mut S) {
        to.node(self.0);
    }

    fn take(from: &mut Reader<'_>) -> Option<Self> {
        from.node().map(Self)
    }
}

/// A unit by its number.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Unit(u32);

impl Codec for Unit {
    fn put<S: Sink>(&self, to: &mut S) {
        to.unit(self.0);
    }

    fn take(from: &mut Reader<'_>) -> Option<Self> {
        from.unit().map(Self)
    }
}

/// What each unit remembers.
impl Codec for Cells<u32> {
    fn put<S: Sink>(&self, to: &mut S) {
        u64::try_from(self.len()).unwrap_or(u64::MAX).put(to);
        for (unit, value) in self.iter() {
            Unit(*unit).put(to);
            value.put(to);
        }
    }

    fn take(from: &mut Reader<'_>) -> Option<Self> {
        let mut entries: Vec<(u32, Value)> = Vec::<(Unit, Value)>::take(from)?
            .into_iter()
            .map(|(unit, value)| (unit.0, value))
            .collect();
        entries.sort_by_key(|(unit, _)| *unit);
        Self::sorted(entries)
    }
}

impl Codec for Frame {
    fn put<S: Sink>(&self, to: &mut S) {
        Node(self.caller).put(to);
        self.saved.put(to);
        self.passed.put(to);
    }

    fn take(from: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            caller: Node::take(from)?.0,
            saved: Codec::take(from)?,
            passed: Codec::take(from)?,
        })
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

impl Codec for Undo {
    fn put<S: Sink>(&self, to: &mut S) {
        match self {
            Self::Cell(place, key, old) => {
                to.put(&[0]);
                place.put(to);
                key.put(to);
                old.put(to);
            }
            Self::Member(place, name, old) => {
                to.put(&[1]);
                place.put(to);
                name.put(to);
                old.put(to);
            }
            Self::Memory(unit, old) => {
                to.put(&[2]);
                Unit(*unit).put(to);
                old.put(to);
            }
            Self::Level(old) => {
                to.put(&[3]);
                old.put(to);
            }
            Self::Identity(old) => {
                to.put(&[4]);
                old.put(to);
            }
            Self::Ends(old) => {
                to.put(&[5]);
                old.put(to);
            }
            Self::Expires(old) => {
                to.put(&[6]);
                old.put(to);
            }
        }
    }

    fn take(from: &mut Reader<'_>) -> Option<Self> {
        match from.byte()? {
            0 => Some(Self::Cell(
                Codec::take(from)?,
                Codec::take(from)?,
                Codec::take(from)?,
            )),
            1 => Some(Self::Member(
                Codec::take(from)?,
                Codec::take(from)?,
                Codec::take(from)?,
            )),
            2 => Some(Self::Memory(Unit::take(from)?.0, Codec::take(from)?)),
            3 => Codec::take(from).map(Self::Level),
            4 => Codec::take(from).map(Self::Identity),
            5 => Codec::take(from).map(Self::Ends),
            6 => Codec::take(from).map(Self::Expires),
            _ => None,
        }
    }
}

choice!(Heard { 0 Told(ground), 1 Raised(ground) });
choice!(Ground {
    0 InvalidCredentials { detail }, 1 FieldsInvalid { fields }, 2 AccountInactive,
    3 AccountLocked { until }, 4 AlreadyExists { attribute, provider }, 5 NotFound,
    6 NotRegistered { prefill }, 7 AlreadyDone, 8 Expired, 9 Missing { what }, 10 Denied,
    11 Triggered { code, message }, 12 Rejected, 13 Internal,
});
choice!(CredentialDetail { 0 Unknown, 1 NoPassword, 2 Wrong });
choice!(Recorded { 0 Now(at), 1 Random(bytes), 2 Once(digest, reply), 3 Measured });

record! {
    Start {
        realm, journey, transaction, asked_level, expects, data, no_session, session, goto,
        goto_on_fail,
    }
    StartSession { session, subject, username, level, services, proved }
    Challenge { subject, out }
    Evidence { subject, factor, node, visit, at }
    Proofs { subject, evidence, challenge, told }
    Fetched { user, session }
    Visit { memory, fetched, vouched, custom, level_before, script, heard }
    Sensitive { transient, secure, transient_object, secure_object }
    State { shared, shared_object, sensitive }
    Words { message, details }
    Ends {
        properties, success_url, failure_url, details, session_details, failure, error, lockout, headers,
        session_time, idle_time, kept, remember, lets_go,
    }
    ChildVisit { visit, asked_with, callbacks, ids, content, answers, basis, record, ordinal }
    PageVisit { children, cursor, next_id, now, pending, outcome }
}

/// The fields of a run that are written as they are.
macro_rules! plain {
    ($do:ident) => {
        $do!(
            id,
            salt,
            generation,
            ordinal,
            start,
            began,
            counted,
            expires,
            standing,
            asker,
            frames,
            visit,
            page,
            undo,
            visits,
            turn,
            state,
            level,
            proofs,
            memory,
            ends,
            unproved_allowed,
            passed,
            ground
        )
    };
}

/// A run without its journey, which the pin names, and without the names of its keys.
pub(super) fn put_run<S: Sink>(run: &Run, to: &mut S) {
    macro_rules! put {
        ($($field:ident),*) => { $(run.$field.put(to);)* };
    }
    Node(run.at).put(to);
    plain!(put);
}

/// A run of this journey with these keys of its own.
pub(super) fn take_run(from: &mut Reader<'_>, journey: u32, keys: Vec<Arc<str>>) -> Option<Run> {
    macro_rules! take {
        ($($field:ident),*) => {
            Run { journey, keys, at: Node::take(from)?.0, $($field: Codec::take(from)?),* }
        };
    }
    Some(plain!(take))
}
