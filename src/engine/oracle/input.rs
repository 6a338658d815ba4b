//! Whether an input is one that a run waits for.

use crate::engine::{
    callback::{Answer, Callback},
    effect::{Credential, Effect, EffectReply, Keyed, KeyedReply},
    error::AnswerError,
    limits::Limits,
};

pub(super) fn is_reply_to(effect: &Effect, reply: &EffectReply) -> bool {
    match reply {
        EffectReply::Failed(_) => true,
        EffectReply::Match(_) | EffectReply::Miss | EffectReply::Missed(_) => {
            matches!(effect, Effect::Verify(_))
        }
        EffectReply::Identity(None)
            if matches!(
                effect,
                Effect::PatchIdentity(_)
                    | Effect::ReadDevices(_)
                    | Effect::StoreDevice(_)
                    | Effect::RemoveDevice(_)
            ) =>
        {
            true
        }
        EffectReply::Policy(_) => matches!(effect, Effect::Verify(verify)
            if matches!(verify.credential, Credential::Bind(_))),
        EffectReply::Refused(_) if matches!(effect, Effect::Verify(_)) => {
            matches!(effect, Effect::Verify(verify)
                if matches!(&verify.credential, Credential::Bind(bind) if bind.new.is_some()))
        }
        EffectReply::Identity(_) => {
            matches!(effect, Effect::ReadIdentity(_) | Effect::FindIdentity(_))
        }
        EffectReply::Written(_) | EffectReply::Refused(_) => {
            matches!(effect, Effect::CreateIdentity(_) | Effect::PatchIdentity(_))
        }
        EffectReply::Judged(judged) => {
            matches!(effect, Effect::Judge(judge)
                if judge.attributes.is_empty() || judge.attributes.len() == judged.len())
        }
        EffectReply::Document(_) => matches!(effect, Effect::ReadDocument(_)),
        EffectReply::StatusSet(_) => matches!(effect, Effect::SetStatus(_)),
        EffectReply::Sent => matches!(effect, Effect::Send(_)),
        EffectReply::Session(_) => matches!(effect, Effect::ReadSession(_)),
        EffectReply::External(_) => matches!(effect, Effect::External(_) | Effect::Social(_)),
        EffectReply::Social(said) => match effect {
            Effect::Social(asked) => said.fits(asked),
            _ => false,
        },
        EffectReply::Remembered(_) => matches!(effect, Effect::OpenCookie(_)),
        EffectReply::Devices(_) => matches!(effect, Effect::ReadDevices(_)),
        EffectReply::DeviceStored(_) => matches!(effect, Effect::StoreDevice(_)),
        EffectReply::DeviceRemoved(_) => matches!(effect, Effect::RemoveDevice(_)),
        EffectReply::Backchannel(_) => matches!(effect, Effect::Backchannel(_)),
        EffectReply::Keyed(said) => {
            matches!(effect, Effect::Keyed(asked)
                if matches!(**asked, Keyed::Seal { .. }) == matches!(**said, KeyedReply::Sealed(_)))
        }
        EffectReply::Fetched(_) => matches!(effect, Effect::Fetch(_)),
        EffectReply::Custom(_) => matches!(effect, Effect::Custom(_)),
    }
}

/// Whether answers are as many as the callbacks, of their kinds and within the limits.
pub(super) fn fitting(
    callbacks: &[Callback],
    answers: &[Answer],
    limits: &Limits,
) -> Result<(), AnswerError> {
    if callbacks.len() != answers.len() {
        return Err(AnswerError::Count {
            expected: callbacks.len(),
            got: answers.len(),
        });
    }
    for (position, (callback, answer)) in callbacks.iter().zip(answers).enumerate() {
        let within = match (callback, answer) {
            (Callback::Name { .. }, Answer::Text(text)) => {
                text.chars().count() <= limits.username_chars && text.len() <= limits.answer_bytes
            }
            (Callback::Password { .. }, Answer::Secret(secret)) => {
                let secret = secret.reveal();
                secret.chars().count() <= limits.password_chars
                    && secret.len() <= limits.answer_bytes
            }
            (
                Callback::TextInput { .. }
                | Callback::HiddenValue { .. }
                | Callback::DeviceProfile { .. },
                Answer::Text(text),
            ) => text.len() <= limits.answer_bytes,
            (
                Callback::Choice { choices: of, .. } | Callback::Confirmation { options: of, .. },
                Answer::Index(index),
            ) => (*index as usize) < of.len(),
            (Callback::Confirmation { optional, .. }, Answer::Untouched) => *optional,
            (
                Callback::TextOutput { .. }
                | Callback::PollingWait { .. }
                | Callback::Metadata { .. },
                Answer::None,
            ) => true,
            _ => {
                return Err(AnswerError::Kind {
                    position,
                    expected: std::sync::Arc::from(callback.kind()),
                });
            }
        };
        if !within {
            return Err(AnswerError::Bounds { position });
        }
    }
    Ok(())
}
