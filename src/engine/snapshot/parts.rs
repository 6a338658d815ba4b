//! Values, callbacks, answers, effects and their replies as bytes.

use std::sync::Arc;

use super::codec::{Codec, Reader, Sink, choice, put_text, record};
use crate::{
    engine::{
        action::Subject,
        callback::{Answer, Ask, Callback, FailedPolicy, MessageKind},
        effect::{
            Channel, Credential, Custom, Effect, EffectId, EffectReply, Identity, Message,
            ReadIdentity, ReadSession, SessionRef, SessionView, SetStatus, SubjectId, Verify, Who,
        },
        host::Timestamp,
        step::{Call, Suspended},
    },
    model::{
        expr::KeyId,
        journey::OutcomeId,
        level::AuthLevel,
        realm::Realm,
        text::LocalizedText,
        value::{Decimal, Value},
    },
};

impl Codec for Timestamp {
    fn put<S: Sink>(&self, to: &mut S) {
        self.0.put(to);
    }

    fn take(from: &mut Reader<'_>) -> Option<Self> {
        u64::take(from).map(Self)
    }
}

impl Codec for KeyId {
    fn put<S: Sink>(&self, to: &mut S) {
        to.key(*self);
    }

    fn take(from: &mut Reader<'_>) -> Option<Self> {
        from.key()
    }
}

impl Codec for OutcomeId {
    fn put<S: Sink>(&self, to: &mut S) {
        self.0.put(to);
    }

    fn take(from: &mut Reader<'_>) -> Option<Self> {
        u16::take(from).map(Self)
    }
}

impl Codec for SubjectId {
    fn put<S: Sink>(&self, to: &mut S) {
        self.0.put(to);
    }

    fn take(from: &mut Reader<'_>) -> Option<Self> {
        Arc::take(from).map(Self)
    }
}

impl Codec for SessionRef {
    fn put<S: Sink>(&self, to: &mut S) {
        self.0.put(to);
    }

    fn take(from: &mut Reader<'_>) -> Option<Self> {
        Arc::take(from).map(Self)
    }
}

impl Codec for AuthLevel {
    fn put<S: Sink>(&self, to: &mut S) {
        self.number().put(to);
    }

    fn take(from: &mut Reader<'_>) -> Option<Self> {
        let number = u32::take(from)?;
        let level = Self::saturating(i64::from(number));
        (level.number() == number).then_some(level)
    }
}

impl Codec for Decimal {
    fn put<S: Sink>(&self, to: &mut S) {
        self.units().put(to);
    }

    fn take(from: &mut Reader<'_>) -> Option<Self> {
        i64::take(from).map(Self::from_units)
    }
}

impl Codec for Realm {
    fn put<S: Sink>(&self, to: &mut S) {
        put_text(self.as_str(), to);
    }

    fn take(from: &mut Reader<'_>) -> Option<Self> {
        Self::parse(&String::take(from)?)
    }
}

impl<A: Codec, B: Codec> Codec for (A, B) {
    fn put<S: Sink>(&self, to: &mut S) {
        self.0.put(to);
        self.1.put(to);
    }

    fn take(from: &mut Reader<'_>) -> Option<Self> {
        Some((A::take(from)?, B::take(from)?))
    }
}

impl Codec for LocalizedText {
    fn put<S: Sink>(&self, to: &mut S) {
        let entries: Vec<(String, String)> = self
            .iter()
            .map(|(locale, text)| (locale.to_owned(), text.to_owned()))
            .collect();
        entries.put(to);
    }

    fn take(from: &mut Reader<'_>) -> Option<Self> {
        Vec::<(String, String)>::take(from).map(Self::by_locale)
    }
}

choice!(Value {
    0 Null, 1 Bool(v), 2 Int(v), 3 Decimal(v), 4 Text(v), 5 Localized(v), 6 Duration(v), 7 Size(v),
    8 Secret(v), 9 SecretParameter(v), 10 List(v), 11 Map(v),
});

impl<T: Codec> Codec for Arc<T> {
    fn put<S: Sink>(&self, to: &mut S) {
        (**self).put(to);
    }

    fn take(from: &mut Reader<'_>) -> Option<Self> {
        T::take(from).map(Self::new)
    }
}

choice!(MessageKind { 0 Information, 1 Warning, 2 Error, 3 Script });
choice!(Channel { 0 Mail, 1 Sms });

choice!(Callback {
    0 Name { prompt, default, autocomplete },
    1 Password { prompt },
    2 TextInput { prompt, default },
    3 Choice { prompt, choices, default },
    4 Confirmation { prompt, message, options, default, optional },
    5 HiddenValue { id, value },
    6 TextOutput { text, message },
    7 SuspendedTextOutput { text },
    8 PollingWait { wait_ms, message },
    9 Metadata { data },
    10 Redirect { url, method, data, tracking_cookie },
    11 ValidatedUsername { prompt, policies, failed, validate_only },
    12 ValidatedPassword { prompt, echo, policies, failed, validate_only },
});

choice!(Answer {
    0 Text(text),
    1 Validated { text, validate_only },
    2 Secret(secret),
    3 ValidatedSecret { secret, validate_only },
    4 Index(index),
    5 Untouched,
    6 None,
});

choice!(Credential { 0 Password, 1 Otp { expected, lapsed }, 2 Recovery });
choice!(Who { 0 Name(name), 1 Subject(id) });

choice!(Effect {
    0 Verify(e), 1 ReadIdentity(e), 2 SetStatus(e), 3 Send(e), 4 ReadSession(e), 5 Custom(e),
});

choice!(EffectReply {
    0 Match(identity), 1 Miss, 2 Identity(identity), 3 StatusSet(there), 4 Sent, 5 Session(session),
    6 Custom(value), 7 Failed(message),
});

record! {
    FailedPolicy { requirement, params }
    Ask { callbacks, ids, stage, header, description }
    Verify { who, credential, secret }
    ReadIdentity { who, attributes }
    SetStatus { who, active }
    Message { channel, to, from, subject, body, route, template }
    ReadSession { session, properties }
    Custom { kind, request, once }
    Identity { subject, username, active, attributes }
    SessionView { subject, username, level, created, properties }
    EffectId { run, generation, ordinal }
    Subject { id, username }
    Call { id, effect, node }
    Suspended { id, ask, until, deliver }
}
