//! One activation of a script: what all its runs have in common.
//!
//! A script is activated when its node is entered, answered or resumed by a link. Each effect that it needs ends
//! a run of it, and the next one begins anew with one reply more; so the instant, the randomness and the replies
//! are kept here, in the run's state, as long as the activation lasts.

use sha2::{Digest, Sha256};

use crate::{
    engine::{
        callback::{Answer, Callback},
        effect::{Device, EffectReply},
        error::NodeError,
        host::Timestamp,
    },
    secret::Secret,
};

/// How many effects one activation may ask for.
pub const CALLS_MAX: usize = 32;

/// How many bytes its randomness comes from.
pub(crate) const SEED: usize = 32;

/// What activated a script.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) enum Entry {
    /// The run has come to its node.
    #[default]
    Entered,
    /// What it asked was answered.
    Answered(Vec<Answer>),
    /// Somebody has come back by the link of its suspension.
    Resumed,
}

/// What all runs of one activation have in common.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Activation {
    pub(crate) entry: Entry,
    /// The devices that it may look at.
    pub(crate) devices: Vec<Device>,
    /// The callbacks that the answers belong to.
    pub(crate) asked: Vec<Callback>,
    /// The time, once it was read.
    pub(crate) now: Option<Timestamp>,
    /// Where its randomness comes from, once some was drawn.
    pub(crate) seed: Option<Secret<Vec<u8>>>,
    /// How many lines were written to the trace.
    pub(crate) spoken: u32,
    /// The effects that were performed, as keyed digests, with their replies.
    pub(crate) replies: Vec<([u8; 16], EffectReply)>,
    /// The effect that it waits for.
    pub(crate) pending: Option<[u8; 16]>,
}

impl Activation {
    pub(crate) fn new(entry: Entry) -> Self {
        Self {
            entry,
            ..Self::default()
        }
    }

    /// Forgets everything but what was asked: a page begins anew.
    pub(crate) fn forget_replies(&mut self) {
        let asked = std::mem::take(&mut self.asked);
        *self = Self {
            asked,
            ..Self::default()
        };
    }

    pub(crate) fn waits_for(&mut self, digest: [u8; 16]) {
        self.pending = Some(digest);
    }

    /// Takes the reply to the effect that it waits for.
    ///
    /// # Errors
    /// It waits for none.
    pub(crate) fn take(&mut self, reply: EffectReply) -> Result<(), NodeError> {
        let pending = self.pending.take();
        let digest =
            pending.ok_or_else(|| NodeError::new("the script does not wait for anything"))?;
        self.replies.push((digest, reply));
        Ok(())
    }
}

/// A stream of randomness from a seed: the same again from the same seed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stream {
    block: u64,
    left: Vec<u8>,
}

impl Stream {
    pub(crate) fn fill(&mut self, seed: &Secret<Vec<u8>>, bytes: &mut [u8]) {
        for byte in bytes {
            if self.left.is_empty() {
                let mut hash = Sha256::new();
                hash.update(seed.reveal());
                hash.update(self.block.to_be_bytes());
                self.block = self.block.wrapping_add(1);
                self.left = hash.finalize().to_vec();
            }
            *byte = self.left.pop().unwrap_or_default();
        }
    }
}
