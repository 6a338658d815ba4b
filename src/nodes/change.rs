//! The page on which a password that a directory verifies is changed: the old one, the new one twice, and
//! two buttons.
//!
//! What is typed comes in and is judged only as far as one person's own answers go: that both new ones are
//! the same, long enough, and not the old one. Whether the old one is right says the store, and whether the
//! new one will do, the policy of the store.

use std::time::Duration;

use crate::{
    engine::{
        action::{Action, Reply},
        callback::{Answer, Callback, MessageKind},
        effect::Unmet,
        error::NodeError,
    },
    nodes::reply::{answers, unexpected},
    secret::Secret,
};

/// What the page is about.
pub(super) struct Asked<'a> {
    /// How many characters the new password has at least.
    pub(super) least: i64,
    /// Whether messages are as they are written, and not in capitals.
    pub(super) mixed_case: bool,
    /// Why the page is there.
    pub(super) because: Because<'a>,
}

/// Why the page is there.
pub(super) enum Because<'a> {
    /// The password was reset.
    Reset,
    /// It lapses in this time.
    Expires(Duration),
    /// It has lapsed and lets in as many times more.
    Grace(u32),
    /// What was typed will not do.
    Wrong(&'a str),
    /// The policy of the store does not take the new one.
    Refused(&'a [Unmet]),
}

/// What was typed.
pub(super) enum Typed {
    /// The old password and the new one.
    Change {
        old: Secret<String>,
        new: Secret<String>,
    },
    /// The second button.
    Cancelled,
    /// What will not do.
    Wrong(&'static str),
}

const DAY: u64 = 24 * 60 * 60;

impl Asked<'_> {
    fn message(&self) -> (String, MessageKind) {
        match &self.because {
            Because::Reset => (
                "You must change your password.".to_owned(),
                MessageKind::Information,
            ),
            Because::Expires(within) => {
                let days = within.as_secs().div_ceil(DAY).max(1);
                let days = if days == 1 {
                    "1 day".to_owned()
                } else {
                    format!("{days} days")
                };
                (
                    format!("Your password expires in {days}."),
                    MessageKind::Information,
                )
            }
            Because::Grace(left) => (
                format!("Your password has expired. Logins left with it: {left}."),
                MessageKind::Warning,
            ),
            Because::Wrong(why) => ((*why).to_owned(), MessageKind::Error),
            Because::Refused(unmet) => {
                let mut failed = unmet.iter().flat_map(|unmet| &unmet.failed);
                let why = match failed.next().map(|failed| &*failed.requirement) {
                    Some("MIN_LENGTH") => "The new password is too short.",
                    Some("PASSWORD_IN_HISTORY") => {
                        "You have used this password before. Choose another."
                    }
                    Some("PASSWORD_TOO_YOUNG") => {
                        "Your password was changed only recently and cannot be changed again yet."
                    }
                    Some("READ_ONLY") => "You may not change your password.",
                    _ => "The new password is not good enough.",
                };
                (why.to_owned(), MessageKind::Error)
            }
        }
    }
}

/// The page.
pub(super) fn ask(asked: &Asked<'_>) -> Action {
    let (text, message) = asked.message();
    let text = if asked.mixed_case {
        text
    } else {
        text.to_uppercase()
    };
    let prompt = |text: &str| Callback::Password {
        prompt: text.to_owned(),
    };
    Action::ask([
        Callback::TextOutput { text, message },
        prompt("Old Password"),
        prompt("New Password"),
        prompt("Confirm Password"),
        Callback::Confirmation {
            prompt: String::new(),
            message: MessageKind::Information,
            options: vec!["Submit".to_owned(), "Cancel".to_owned()],
            default: 0,
            optional: false,
        },
    ])
}

/// Reads what was typed.
pub(super) fn typed(reply: Reply, asked: &Asked<'_>) -> Result<Typed, NodeError> {
    let mut all = answers(reply)?;
    let (
        Some(Answer::None),
        Some(Answer::Secret(old)),
        Some(Answer::Secret(new)),
        Some(Answer::Secret(again)),
        Some(Answer::Index(button)),
    ) = (all.next(), all.next(), all.next(), all.next(), all.next())
    else {
        return Err(unexpected());
    };
    if button != 0 {
        return Ok(Typed::Cancelled);
    }
    let least = usize::try_from(asked.least).unwrap_or(0).max(1);
    // All three are one person's, so that nothing is compared here with what is not known.
    Ok(if old.reveal().trim().is_empty() {
        Typed::Wrong("The old password is missing.")
    } else if new != again {
        Typed::Wrong("The new passwords are not the same.")
    } else if new.reveal().chars().count() < least || new.reveal().trim().is_empty() {
        Typed::Wrong("The new password is too short.")
    } else if new == old {
        Typed::Wrong("The new password is the old one.")
    } else {
        Typed::Change { old, new }
    })
}
