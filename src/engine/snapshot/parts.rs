//! Values, callbacks, answers, effects and their replies as bytes.

use std::sync::Arc;

use super::codec::{Codec, Reader, Sink, choice, put_text, record};
use crate::{
    engine::{
        action::Subject,
        callback::{Answer, Ask, AttributeValue, Callback, FailedPolicy, Foreign, MessageKind},
        effect::{
            AlternativeName, Backchannel, BackchannelReply, BackchannelState, BeginSocial, Bind,
            Brought, Change, Channel, CreateIdentity, Credential, Custom, Device, DeviceKind,
            Directory, Document, Effect, EffectId, EffectReply, External, ExternalEvent,
            ExternalReply, Fetch, Fetched, FindIdentity, FinishSocial, Identity, Judge, Judgement,
            Keyed, KeyedReply, Ldap, LdapPolicy, LdapScope, LdapSecurity, Message, Missed,
            OathHash, OathKey, OathMoving, OathWindow, OpenBackchannel, PatchIdentity, Person,
            Provider, ReadDevices, ReadIdentity, ReadSession, RemoveDevice, Room, SessionRef,
            SessionView, SetStatus, Shape, Social, SocialReply, StoreDevice, SubjectField,
            SubjectId, Template, Unmet, Verdict, Verify, Went, Who,
        },
        host::Timestamp,
        output::{CookieSite, CookieUse, OpenCookie, Remember},
        script::{Activation, Entry},
        step::{Call, Suspended},
    },
    filter::{Comparison, Filter, Operand, Pointer},
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

choice!(MessageKind { 0 Information, 1 Warning, 2 Error, 3 Script, 4 QrCode });
choice!(CookieSite { 0 Strict, 1 Lax, 2 None });
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
    11 ValidatedUsername { prompt, policies, failed, validate_only, value },
    12 ValidatedPassword { prompt, echo, policies, failed, validate_only },
    13 Attribute { name, prompt, required, policies, failed, validate_only, value },
    14 SecurityQuestion { prompt, questions, own },
    15 Terms { version, text, created, accepted },
    16 Consent { name, display_name, icon, access_level, required, message, fields, given },
    17 DeviceProfile { metadata, location, message },
    18 Foreign(foreign),
});

choice!(Answer {
    0 Text(text),
    1 Validated { text, validate_only },
    2 Secret(secret),
    3 ValidatedSecret { secret, validate_only },
    4 Index(index),
    5 Untouched,
    6 None,
    7 Attribute { value, validate_only },
    8 SecurityQuestion { question, answer },
    9 Flag(yes),
    10 Fields(fields),
});

choice!(Credential {
    0 Password, 1 Otp { expected, lapsed }, 2 Recovery { of }, 3 Answers { attribute, question, besides },
    4 Oath(window),
    // Directories.
    20 Bind(bind),
});
choice!(Who { 0 Name(name), 1 Subject(id) });

choice!(DeviceKind { 0 Oath, 1 Push, 2 WebAuthn, 3 Profile, 4 Trusted, 5 Binding });
choice!(Room { 0 Only, 1 Among(most), 2 Latest(most) });
choice!(OathHash { 0 Sha1, 1 Sha256, 2 Sha512 });
choice!(OathMoving { 0 Counter, 1 Time { step, hash } });

choice!(Directory { 0 Realm, 1 System(name), 2 Ldap(ldap) });
choice!(LdapScope { 0 Object, 1 OneLevel, 2 Subtree });
choice!(LdapSecurity { 0 Plain, 1 Tls, 2 StartTls });
choice!(LdapPolicy { 0 None, 1 Control, 2 ActiveDirectory });
choice!(Verdict { 0 Locked, 1 Expired, 2 MustChange(identity), 3 Expires(identity, within), 4 Grace(identity, left) });

choice!(AttributeValue { 0 Text(v), 1 Number(v), 2 Flag(v) });
choice!(Shape { 0 Text, 1 Number, 2 Flag, 3 List, 4 Object });
choice!(Change { 0 Set(value), 1 Remove, 2 Add(by) });
choice!(Document { 0 Terms, 1 SecurityQuestions, 2 Consent });
choice!(Comparison {
    0 Equal, 1 Contains, 2 StartsWith, 3 EndsWith, 4 Less, 5 LessOrEqual, 6 Greater, 7 GreaterOrEqual,
});
choice!(Operand { 0 Text(v), 1 Number(v), 2 Flag(v) });
choice!(Filter {
    0 Always(holds), 1 All(parts), 2 Any(parts), 3 Not(part), 4 Present(at), 5 Compare { at, how, with },
});

impl Codec for std::net::IpAddr {
    fn put<S: Sink>(&self, to: &mut S) {
        put_text(&self.to_string(), to);
    }

    fn take(from: &mut Reader<'_>) -> Option<Self> {
        String::take(from)?.parse().ok()
    }
}

impl Codec for Pointer {
    fn put<S: Sink>(&self, to: &mut S) {
        self.0.put(to);
    }

    fn take(from: &mut Reader<'_>) -> Option<Self> {
        Codec::take(from).map(Self)
    }
}

choice!(Effect {
    0 Verify(e), 1 ReadIdentity(e), 2 SetStatus(e), 3 Send(e), 4 ReadSession(e), 5 Custom(e),
    6 FindIdentity(e), 7 CreateIdentity(e), 8 PatchIdentity(e), 9 Judge(e), 10 ReadDocument(e),
    11 OpenCookie(e),
    // Devices.
    20 ReadDevices(e), 21 StoreDevice(e), 22 RemoveDevice(e),
    // Nodes outside.
    40 External(e),
    // Journeys beside this one.
    50 Backchannel(e),
    // Keys.
    60 Keyed(e),
    // Scripts.
    70 Fetch(e),
    // Identity providers.
    80 Social(e),
});

choice!(EffectReply {
    0 Match(identity), 1 Miss, 2 Identity(identity), 3 StatusSet(there), 4 Sent, 5 Session(session),
    6 Custom(value), 7 Failed(message), 8 Written(identity), 9 Refused(unmet), 10 Judged(judged),
    11 Document(value), 12 Remembered(whose),
    // Devices.
    20 Devices(devices), 21 DeviceStored(kept), 22 DeviceRemoved(there),
    // Directories.
    30 Policy(verdict),
    // Misses that say why.
    31 Missed(why),
    // Nodes outside.
    40 External(reply),
    // Journeys beside this one.
    50 Backchannel(reply),
    // Keys.
    60 Keyed(reply),
    // Scripts.
    70 Fetched(reply),
    // Identity providers.
    80 Social(reply),
});

choice!(Missed { 0 Unknown, 1 NoPassword, 2 Wrong, 3 Locked { until } });
choice!(Fetched { 0 Answered { status, headers, body }, 1 Denied(why), 2 Failed(why) });
choice!(Entry { 0 Entered, 1 Answered(answers), 2 Resumed });
choice!(Backchannel { 0 Open(open), 1 Ask { transaction }, 2 Tell { transaction, data } });
choice!(BackchannelReply {
    0 Opened { transaction, address }, 1 Full, 2 Stands { state, properties, told }, 3 Told(kept),
});
choice!(BackchannelState { 0 Pending, 1 InProgress, 2 Success, 3 Failure, 4 Unknown });

choice!(Keyed {
    0 Seal { label, secret }, 1 Token { keys, token, nonce, client },
    2 Certificate { certificate, alternative, subject },
});
choice!(KeyedReply { 0 Sealed(secret), 1 Names(who) });
choice!(Social { 0 Providers { among }, 1 Begin(asked), 2 Finish(asked) });
choice!(Brought { 0 Code { code, verifier, issuer }, 1 Token { token, kind } });
choice!(SocialReply {
    0 Providers(all), 1 Redirect { url, method, data }, 2 Native { client, redirect, scopes, acr_values },
    3 Unknown, 4 Told(person), 5 Denied(why),
});
choice!(AlternativeName { 0 Unused, 1 Mail, 2 Principal });
choice!(SubjectField { 0 Unused, 1 Whole, 2 CommonName, 3 UserId, 4 Mail, 5 Other(name) });

choice!(ExternalEvent { 0 Entered, 1 Answered(answers), 2 Suspended(link), 3 Resumed });
choice!(ExternalReply {
    0 Went(went), 1 Asked { callbacks, memory }, 2 Waits { text, within, link, memory, then }, 3 Taken,
});

record! {
    FailedPolicy { requirement, params }
    BeginSocial { provider, native, state, nonce, verifier }
    FinishSocial { provider, nonce, brought }
    Provider { name, ui }
    Person { subject, attributes, raw, access, refresh }
    OpenBackchannel { journey, subject, data, page, within, retry }
    Ask { callbacks, ids, stage, header, description }
    Verify { who, credential, secret }
    Bind { at, new }
    Ldap { servers, bases, scope, security, certificate, account, search, filter, name, policy, timeout, idle }
    ReadIdentity { who, attributes }
    SetStatus { who, active }
    Message { channel, to, from, subject, body, route, template }
    Template { name, locales, about, typed, link }
    ReadSession { session, properties }
    Custom { kind, request, once }
    Foreign { kind, output, input }
    External {
        name, wire, node, realm, locales, event, settings, state, memory, outcomes, proving, callbacks,
        writes, suspends,
    }
    Went { outcome, writes, user, memory }
    FindIdentity { filter, attributes }
    CreateIdentity { resource, attributes }
    PatchIdentity { resource, who, changes, attributes }
    Judge { resource, who, attributes, values }
    Judgement { attribute, shape, title, required, secret, viewable, editable, policies, failed }
    Unmet { attribute, failed }
    Identity { subject, username, active, attributes }
    SessionView { subject, username, level, created, properties }
    CookieUse { secure, http_only, site }
    Remember { name, key, idle, until, usage }
    OpenCookie { name, value, key, client }
    Device { uuid, name, created, accessed, used, data }
    ReadDevices { who, kind }
    StoreDevice { who, kind, uuid, name, used, data, secrets, codes, room }
    RemoveDevice { who, kind, uuid }
    OathKey { key, moving, digits, checksum, offset, used }
    OathWindow { moving, window, drift, unkept }
    EffectId { run, generation, ordinal }
    Subject { id, username }
    Call { id, effect, node }
    Suspended { id, ask, until, deliver }
    Fetch { method, url, headers, body, timeout }
    Activation { entry, asked, devices, now, seed, spoken, replies, pending }
}
