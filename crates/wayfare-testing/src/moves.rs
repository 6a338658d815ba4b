//! What somebody does in a run, in words that mean the same in another run.
//!
//! A code is "the code that was sent", not six digits: a list of moves that is made shorter still means
//! what it meant.

use std::{fmt, sync::Arc, time::Duration};

use wayfare::{Answer, Callback, Secret, Value};
use wayfare_sim::World;

/// One move of a run.
#[derive(Debug, Clone, PartialEq)]
pub enum Move {
    /// The answers to what is asked, one for each callback.
    Answer(Vec<Word>),
    /// The link of a suspended run is followed.
    Resume,
    /// Time goes by.
    Advance(Duration),
    /// The next effect fails.
    Fail,
    /// Effects of this kind are replied to so from here on.
    Outside {
        /// The kind, as [`wayfare::engine::effect::Custom::kind`] has it.
        kind: Arc<str>,
        /// The reply.
        value: Value,
    },
}

/// The answer to one callback.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Word {
    /// A text that is typed; in a password field as a secret.
    Typed(String),
    /// The code of the message that was sent last.
    Code,
    /// The choice or button at this place.
    Pick(u32),
    /// No button.
    Untouched,
    /// Nothing, to what only shows.
    Nothing,
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // It may be a password.
            Self::Typed(_) => f.write_str("Typed(_)"),
            Self::Code => f.write_str("Code"),
            Self::Pick(at) => write!(f, "Pick({at})"),
            Self::Untouched => f.write_str("Untouched"),
            Self::Nothing => f.write_str("Nothing"),
        }
    }
}

impl Word {
    /// The text that it types, in this world.
    pub(crate) fn text(&self, world: &World) -> Option<String> {
        match self {
            Self::Typed(text) => Some(text.clone()),
            Self::Code => {
                let code = world.outbox.last().and_then(wayfare_sim::Sent::code);
                Some(code.map_or_else(String::new, |code| code.reveal().clone()))
            }
            Self::Pick(_) | Self::Untouched | Self::Nothing => None,
        }
    }

    /// The answer that it is to this callback; `None` where it is none.
    pub(crate) fn answer(&self, callback: &Callback, world: &World) -> Option<Answer> {
        let text = || self.text(world);
        match (callback, self) {
            (
                Callback::Name { .. } | Callback::TextInput { .. } | Callback::HiddenValue { .. },
                _,
            ) => text().map(Answer::Text),
            (Callback::ValidatedUsername { .. }, _) => text().map(|text| Answer::Validated {
                text,
                validate_only: false,
            }),
            (Callback::Password { .. }, _) => text().map(|text| Answer::Secret(Secret::new(text))),
            (Callback::ValidatedPassword { .. }, _) => text().map(|text| Answer::ValidatedSecret {
                secret: Secret::new(text),
                validate_only: false,
            }),
            (Callback::Choice { .. } | Callback::Confirmation { .. }, Self::Pick(at)) => {
                Some(Answer::Index(*at))
            }
            (Callback::Confirmation { optional: true, .. }, Self::Untouched) => {
                Some(Answer::Untouched)
            }
            (callback, Self::Nothing) if !callback.is_input() => Some(Answer::None),
            _ => None,
        }
    }
}
