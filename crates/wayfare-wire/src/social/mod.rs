//! The relying party: what is said to identity providers elsewhere, and what of their answers counts.
//!
//! In: what a provider publishes and answers. Out: addresses, forms, and who somebody is. Sockets, clocks and
//! keys that were fetched are the embedder's; every decision of trust is here.

mod authorize;
mod broker;
mod identity;
mod mapping;
mod metadata;
mod token;

use crate::json::Bounds;

pub use self::{
    authorize::{Authorize, challenge, form, with_parameters},
    broker::{AuthInfo, BrokerError, posting, profile_reply, stopped, token_reply},
    identity::{IdToken, NotTheirs},
    mapping::{Claims, Mapping, MappingError},
    metadata::{BadMetadata, Metadata, is_trustworthy},
    token::{AuthMethod, BadAnswer, TokenAnswer, TokenRequest},
};

/// How many bytes an answer of a provider has at most.
pub const ANSWER_BYTES_MAX: usize = 256 * 1_024;

/// The bounds of JSON that a provider sends.
pub const BOUNDS: Bounds = Bounds {
    bytes: ANSWER_BYTES_MAX,
    depth: 16,
    string_bytes: 32 * 1_024,
    number_bytes: 64,
};
