//! The wire to nodes outside: what a handler is sent and what it sends back, each signed.
//!
//! In: an effect [`External`], and what whoever runs the server allows its handler. Out: the body of a
//! request; and, of the body of a reply, what the effect is replied. Both sides sign with one secret: the
//! request over its time, its nonce, its key and its body, the reply over the nonce of the request and its
//! body, so that a reply counts for its request and for no other. Sockets, clocks and randomness are the
//! server's. docs/external-nodes.md is written for those who write handlers.

mod reply;
mod request;
mod sign;
mod value;

use std::{collections::BTreeSet, sync::Arc};

use wayfare::{
    Value,
    engine::effect::{External, ExternalReply, Went},
};

pub use reply::ReplyError;
pub use sign::{Key, SECRET_BYTES_MIN};

/// The header with the time of a request, in milliseconds since 1970.
pub const TIME: &str = "wayfare-time";
/// The header with the nonce of a request.
pub const NONCE: &str = "wayfare-nonce";
/// The header with the key by which a repetition is known.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// The header with the signature, of requests and replies.
pub const SIGNATURE: &str = "wayfare-signature";

/// What a handler gets and what it may say, below what the signature of its type allows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Allowed {
    /// The paths of the state that it gets; all that the type reads and that is not secret, where absent.
    pub state: Option<BTreeSet<String>>,
    /// The secrets that it gets: paths of the state, and settings as `settings.key`.
    pub secrets: BTreeSet<String>,
    /// The outcomes by which it may end; all of the node, where absent.
    pub outcomes: Option<BTreeSet<String>>,
    /// The kinds of callbacks that it may ask; all of the type, where absent.
    pub callbacks: Option<BTreeSet<String>>,
}

impl Allowed {
    /// The effect with what a handler may see of it alone.
    pub fn seen(&self, asked: &External) -> External {
        let mut seen = asked.clone();
        seen.state.retain(|path, value| {
            if value::holds_secret(value) {
                self.secrets.contains(&**path)
            } else {
                self.state
                    .as_ref()
                    .is_none_or(|paths| paths.contains(&**path))
            }
        });
        seen.settings.retain(|key, value| {
            !value::holds_secret(value) || self.secrets.contains(&format!("settings.{key}"))
        });
        seen.outcomes.retain(|outcome| self.ends_by(outcome));
        seen.proving.retain(|outcome| self.ends_by(outcome));
        seen.callbacks.retain(|kind| self.asks(kind));
        seen
    }

    /// The body of a request about this effect.
    pub fn request(&self, asked: &External) -> String {
        request::body(&self.seen(asked)).to_string()
    }

    /// What a body says to this effect.
    ///
    /// # Errors
    /// It is no reply, or says what the handler may not.
    pub fn reply(&self, asked: &External, body: &[u8]) -> Result<ExternalReply, ReplyError> {
        let reply = reply::read(body)?;
        let link = matches!(
            asked.event,
            wayfare::engine::effect::ExternalEvent::Suspended(_)
        );
        if link != (reply == ExternalReply::Taken) {
            return Err(ReplyError::Unfit);
        }
        match &reply {
            ExternalReply::Went(went) => self.ended(went)?,
            ExternalReply::Waits { then, .. } => {
                if let Some(went) = then {
                    self.ended(went)?;
                }
            }
            ExternalReply::Asked { callbacks, .. } => {
                if let Some(other) = callbacks.iter().find(|asked| !self.asks(asked.kind())) {
                    return Err(ReplyError::Callback(Arc::from(other.kind())));
                }
            }
            ExternalReply::Taken => {}
        }
        Ok(reply)
    }

    fn ended(&self, went: &Went) -> Result<(), ReplyError> {
        if self.ends_by(&went.outcome) {
            Ok(())
        } else {
            Err(ReplyError::Outcome(Arc::clone(&went.outcome)))
        }
    }

    fn ends_by(&self, outcome: &str) -> bool {
        self.outcomes
            .as_ref()
            .is_none_or(|known| known.contains(outcome))
    }

    fn asks(&self, kind: &str) -> bool {
        self.callbacks
            .as_ref()
            .is_none_or(|known| known.contains(kind))
    }
}

/// Whether a value is a secret or has one in it.
pub fn is_secret(value: &Value) -> bool {
    value::holds_secret(value)
}
