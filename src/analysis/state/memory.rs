//! What a run remembers of one key: whether shared state holds it, and what became of it in transient
//! state.
//!
//! A memory is a small number, so that sixty-four keys are followed at once, one bit of a word each. The
//! rules are those of the engine: a stop makes secure what is transient, if anything further on declares
//! that it reads it, and drops the rest; an inner journey gets what its nodes declare and gives nothing
//! back but shared state. What may be written counts as written, and what may go as staying: a key that is
//! missing here is missing for sure.

use crate::model::signature::Scope;

/// A memory.
pub(super) type Memory = u8;

/// How many there are.
pub(super) const COUNT: usize = 16;

/// Nothing was written yet.
pub(super) const NOTHING: Memory = 0;
/// Shared state holds the key.
pub(super) const SHARED: Memory = 1;
const TRANSIENT: Memory = 1 << 1;
const SECURE: Memory = 2 << 1;
const LOST: Memory = 3 << 1;
const SENSITIVE: Memory = 3 << 1;
/// The run has stopped since the journey at hand was entered.
const STOPPED: Memory = 8;

/// What happens to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Event {
    /// It is written to shared state.
    PutShared,
    /// It is written to transient state.
    PutSensitive,
    /// What is looked for is no longer in shared state.
    DropShared,
    /// What is looked for is no longer in transient or secure state.
    DropSensitive,
    /// It is taken out of every part of the state.
    Gone,
    /// The run stops, and something further on reads the key.
    StopKept,
    /// The run stops, and nothing does.
    StopLost,
    /// Only a run that has it goes on.
    Have(Scope),
    /// Only a run that does not have it goes on.
    Lack(Scope),
}

/// What is left of a sensitive value when the run stops.
fn stopped(memory: Memory, kept: bool) -> Memory {
    let sensitive = match memory & SENSITIVE {
        TRANSIENT | SECURE if kept => SECURE,
        TRANSIENT | SECURE | LOST => LOST,
        _ => NOTHING,
    };
    memory & !SENSITIVE | sensitive
}

/// Whether a read of this part of the state finds the key.
pub(super) fn has(memory: Memory, scope: Scope) -> bool {
    let shared = memory & SHARED != 0;
    let sensitive = memory & SENSITIVE;
    match scope {
        Scope::Shared | Scope::ObjectShared => shared,
        Scope::Transient | Scope::ObjectTransient => sensitive == TRANSIENT,
        // A stop that only may be lies between them.
        Scope::Secure => sensitive == TRANSIENT || sensitive == SECURE,
        Scope::Any => shared || sensitive == TRANSIENT || sensitive == SECURE,
    }
}

/// Whether a read misses a value that was there, in transient state, and got lost or became secure.
pub(super) fn lost(memory: Memory, scope: Scope) -> bool {
    let sensitive = memory & SENSITIVE;
    !has(memory, scope)
        && match scope {
            Scope::Shared | Scope::ObjectShared => false,
            Scope::Transient | Scope::ObjectTransient => sensitive == SECURE || sensitive == LOST,
            Scope::Secure | Scope::Any => sensitive == LOST,
        }
}

/// Whether what a read misses has become secure.
pub(super) fn is_secure(memory: Memory) -> bool {
    memory & SENSITIVE == SECURE
}

/// The memory after an event; none where no run goes on.
pub(super) fn step(memory: Memory, event: Event) -> Option<Memory> {
    Some(match event {
        Event::PutShared => memory | SHARED,
        Event::PutSensitive => memory & !SENSITIVE | TRANSIENT,
        Event::DropShared => memory & !SHARED,
        Event::DropSensitive => memory & !SENSITIVE,
        Event::Gone => memory & STOPPED,
        Event::StopKept => stopped(memory, true) | STOPPED,
        Event::StopLost => stopped(memory, false) | STOPPED,
        Event::Have(scope) => return has(memory, scope).then_some(memory),
        Event::Lack(scope) => {
            // What is transient need not be secure.
            let there = match scope {
                Scope::Secure => memory & SENSITIVE == SECURE,
                _ => has(memory, scope),
            };
            return (!there).then_some(memory);
        }
    })
}

/// The memory with which an inner journey begins; `declared` where something in it reads the key.
pub(super) fn enter(memory: Memory, declared: bool) -> Memory {
    if declared {
        memory & !STOPPED
    } else {
        memory & SHARED
    }
}

/// The memory behind an inner journey, of the ones before it and at its end; `kept` where something
/// behind it reads the key.
pub(super) fn back(before: Memory, after: Memory, kept: bool) -> Memory {
    let sensitive = match before & SENSITIVE {
        TRANSIENT | SECURE if after & STOPPED != 0 => stopped(before, kept) & SENSITIVE,
        TRANSIENT | SECURE => before & SENSITIVE,
        // What the inner journey made stays there.
        _ if after & SENSITIVE != NOTHING => LOST,
        own => own,
    };
    (before | after) & STOPPED | after & SHARED | sensitive
}
