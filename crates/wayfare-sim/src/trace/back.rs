//! What the lines of a record say, as the values that they were made of.
//!
//! In: lines. Out: inputs, requests and starts, with a stand-in wherever a secret was. What is asked of a run
//! and in which order is not here.

use std::{sync::Arc, time::Duration};

use wayfare::{
    Answer, AuthLevel, Callback, EffectReply, Input, Realm, Request, Secret, Start, StartSession,
    SubjectId, Timestamp, Value,
    engine::{
        callback::{FailedPolicy, Foreign, MessageKind},
        effect::{
            BackchannelReply, BackchannelState, Device, ExternalReply, Identity, Judgement,
            KeyedReply, Missed, Person, Provider, SessionRef, SessionView, Shape, SocialReply,
            Unmet, Verdict, Went,
        },
    },
};

use super::{
    line::{
        AnswerLine, BackchannelLine, CallbackLine, DeviceLine, ExternalLine, FailedLine,
        IdentityLine, InputLine, JudgementLine, MissLine, ReplyLine, RequestLine, SessionLine,
        SocialLine, StartLine, VerdictLine, WentLine,
    },
    replay::ReplayError,
    value::{ValueLine, stand_in},
};

pub(super) fn input(line: &InputLine) -> Input {
    match line {
        InputLine::Begin => Input::Begin,
        InputLine::Answers(answers) => Input::Answers(answers.iter().map(answer).collect()),
        InputLine::Reply(reply) => Input::Effect(effect_reply(reply)),
        InputLine::Resume => Input::Resume,
    }
}

fn answer(line: &AnswerLine) -> Answer {
    match line {
        AnswerLine::Text(text) => Answer::Text(text.clone()),
        AnswerLine::Hidden(there) => Answer::Text(stand_in(*there)),
        AnswerLine::Validated {
            text,
            validate_only,
        } => Answer::Validated {
            text: text.clone(),
            validate_only: *validate_only,
        },
        AnswerLine::Secret(there) => Answer::Secret(Secret::new(stand_in(*there))),
        AnswerLine::ValidatedSecret {
            there,
            validate_only,
        } => Answer::ValidatedSecret {
            secret: Secret::new(stand_in(*there)),
            validate_only: *validate_only,
        },
        AnswerLine::Fields(fields) => {
            let field = |(name, text): &(String, Option<String>)| {
                let text = text.clone().unwrap_or_else(|| stand_in(true));
                (Arc::from(name.as_str()), Value::Secret(Secret::new(text)))
            };
            Answer::Fields(fields.iter().map(field).collect())
        }
        AnswerLine::Index(index) => Answer::Index(*index),
        AnswerLine::Untouched => Answer::Untouched,
        AnswerLine::None => Answer::None,
    }
}

fn effect_reply(line: &ReplyLine) -> EffectReply {
    match line {
        ReplyLine::Match(line) => EffectReply::Match(identity(line)),
        ReplyLine::Miss => EffectReply::Miss,
        ReplyLine::Missed(why) => EffectReply::Missed(match why {
            MissLine::Unknown => Missed::Unknown,
            MissLine::NoPassword => Missed::NoPassword,
            MissLine::Wrong => Missed::Wrong,
            MissLine::Locked => Missed::Locked { until: None },
        }),
        ReplyLine::Policy(line) => EffectReply::Policy(match line {
            VerdictLine::Locked => Verdict::Locked,
            VerdictLine::Expired => Verdict::Expired,
            VerdictLine::MustChange(line) => Verdict::MustChange(identity(line)),
            VerdictLine::Expires(line, seconds) => {
                Verdict::Expires(identity(line), Duration::from_secs(*seconds))
            }
            VerdictLine::Grace(line, left) => Verdict::Grace(identity(line), *left),
        }),
        ReplyLine::Identity(line) => EffectReply::Identity(line.as_ref().map(identity)),
        ReplyLine::StatusSet(set) => EffectReply::StatusSet(*set),
        ReplyLine::Sent => EffectReply::Sent,
        ReplyLine::Session(line) => EffectReply::Session(line.as_ref().map(session)),
        ReplyLine::Written(line) => EffectReply::Written(identity(line)),
        ReplyLine::Refused(unmet) => EffectReply::Refused(
            unmet
                .iter()
                .map(|(attribute, lines)| Unmet {
                    attribute: Arc::from(attribute.as_str()),
                    failed: failed(lines),
                })
                .collect(),
        ),
        ReplyLine::Judged(lines) => EffectReply::Judged(lines.iter().map(judgement).collect()),
        ReplyLine::Document(value) => EffectReply::Document(value.as_ref().map(ValueLine::value)),
        ReplyLine::External(said) => EffectReply::External(Box::new(external(said))),
        ReplyLine::Remembered(whose) => EffectReply::Remembered(
            whose
                .as_ref()
                .map(|(line, until)| (identity(line), Timestamp(*until))),
        ),
        ReplyLine::Devices(lines) => EffectReply::Devices(lines.iter().map(device).collect()),
        ReplyLine::DeviceStored(kept) => EffectReply::DeviceStored(*kept),
        ReplyLine::DeviceRemoved(there) => EffectReply::DeviceRemoved(*there),
        ReplyLine::Backchannel(said) => EffectReply::Backchannel(Box::new(backchannel(said))),
        ReplyLine::Sealed => {
            let sealed = Secret::new(stand_in(true));
            EffectReply::Keyed(Box::new(KeyedReply::Sealed(sealed)))
        }
        ReplyLine::Names(name) => {
            let name = name.as_deref().map(Arc::from);
            EffectReply::Keyed(Box::new(KeyedReply::Names(name)))
        }
        ReplyLine::Social(said) => EffectReply::Social(Box::new(social(said))),
        ReplyLine::Custom(value) => EffectReply::Custom(value.value()),
        ReplyLine::Failed(message) => EffectReply::Failed(message.clone()),
    }
}

fn social(line: &SocialLine) -> SocialReply {
    match line {
        SocialLine::Providers(names) => {
            let provider = |name: &String| Provider {
                name: Arc::from(name.as_str()),
                ui: Value::Null,
            };
            SocialReply::Providers(names.iter().map(provider).collect())
        }
        SocialLine::Redirect => SocialReply::Redirect {
            url: Arc::from("https://provider.invalid/"),
            method: Arc::from("GET"),
            data: None,
        },
        SocialLine::Native => SocialReply::Native {
            client: Arc::from(stand_in(true)),
            redirect: Arc::from("https://client.invalid/"),
            scopes: Vec::new(),
            acr_values: Vec::new(),
        },
        SocialLine::Unknown => SocialReply::Unknown,
        SocialLine::Told {
            subject,
            attributes,
        } => SocialReply::Told(Box::new(Person {
            subject: Arc::from(subject.as_str()),
            attributes: attributes
                .iter()
                .map(|(key, value)| (Arc::from(key.as_str()), value.value()))
                .collect(),
            raw: Value::Null,
            access: None,
            refresh: None,
        })),
        SocialLine::Denied(why) => SocialReply::Denied(Arc::from(why.as_str())),
    }
}

fn backchannel(line: &BackchannelLine) -> BackchannelReply {
    match line {
        BackchannelLine::Opened => BackchannelReply::Opened {
            transaction: Arc::from(stand_in(true)),
            address: Arc::from("/"),
        },
        BackchannelLine::Full => BackchannelReply::Full,
        BackchannelLine::Stands {
            state,
            properties,
            told,
        } => BackchannelReply::Stands {
            state: BackchannelState::from_word(state).unwrap_or(BackchannelState::Unknown),
            properties: properties
                .iter()
                .map(|(name, value)| (Arc::from(name.as_str()), value.value()))
                .collect(),
            told: told.as_ref().map(ValueLine::value),
        },
        BackchannelLine::Told(kept) => BackchannelReply::Told(*kept),
    }
}

fn device(line: &DeviceLine) -> Device {
    Device {
        uuid: Arc::from(line.uuid.as_str()),
        name: Arc::from(line.name.as_str()),
        created: Timestamp(line.created),
        accessed: Timestamp(line.accessed),
        used: line.used,
        data: line
            .data
            .iter()
            .map(|(key, value)| (Arc::from(key.as_str()), value.value()))
            .collect(),
    }
}

fn failed(lines: &[FailedLine]) -> Vec<FailedPolicy> {
    let failed = |line: &FailedLine| FailedPolicy {
        requirement: Arc::from(line.requirement.as_str()),
        params: line.params.clone(),
    };
    lines.iter().map(failed).collect()
}

fn judgement(line: &JudgementLine) -> Judgement {
    let (required, secret, viewable, editable) = line.flags;
    Judgement {
        attribute: Arc::from(line.attribute.as_str()),
        shape: match line.shape.as_deref() {
            Some("text") => Some(Shape::Text),
            Some("number") => Some(Shape::Number),
            Some("flag") => Some(Shape::Flag),
            Some("list") => Some(Shape::List),
            Some("object") => Some(Shape::Object),
            _ => None,
        },
        title: line.title.clone(),
        required,
        secret,
        viewable,
        editable,
        policies: line.policies.clone(),
        failed: failed(&line.failed),
    }
}

fn external(line: &ExternalLine) -> ExternalReply {
    match line {
        ExternalLine::Went(line) => ExternalReply::Went(went(line)),
        ExternalLine::Asked { callbacks, memory } => ExternalReply::Asked {
            callbacks: callbacks.iter().map(asked).collect(),
            memory: memory.as_ref().map(ValueLine::value),
        },
        ExternalLine::Waits {
            within,
            link,
            memory,
            then,
        } => ExternalReply::Waits {
            text: String::new(),
            within: within.map(Duration::from_millis),
            link: *link,
            memory: memory.as_ref().map(ValueLine::value),
            then: then.as_ref().map(went),
        },
        ExternalLine::Taken => ExternalReply::Taken,
    }
}

fn went(line: &WentLine) -> Went {
    let writes = line.writes.iter();
    Went {
        outcome: Arc::from(line.outcome.as_str()),
        writes: writes
            .map(|(path, value)| (Arc::from(path.as_str()), value.value()))
            .collect(),
        user: line.user.as_deref().map(Arc::from),
        memory: line.memory.as_ref().map(ValueLine::value),
    }
}

/// What a node outside asked, as far as a record has it: of kinds with more to them, the kind.
fn asked(line: &CallbackLine) -> Callback {
    let prompt = line.prompt.clone().unwrap_or_default();
    let default = String::new();
    match line.kind.as_str() {
        "NameCallback" => Callback::Name {
            prompt,
            default,
            autocomplete: Vec::new(),
        },
        "PasswordCallback" => Callback::Password { prompt },
        "TextInputCallback" => Callback::TextInput { prompt, default },
        "ChoiceCallback" => Callback::Choice {
            prompt,
            choices: line.choices.clone(),
            default: 0,
        },
        "ConfirmationCallback" => Callback::Confirmation {
            prompt,
            message: MessageKind::default(),
            options: line.choices.clone(),
            default: 0,
            optional: false,
        },
        "HiddenValueCallback" => Callback::HiddenValue {
            id: default.clone(),
            value: default,
        },
        kind => Callback::Foreign(Box::new(Foreign {
            kind: Arc::from(kind),
            output: Vec::new(),
            input: match kind {
                "SelectIdPCallback" => vec![(Arc::from(""), "".into())],
                "IdPCallback" => ["token", "token_type"]
                    .map(|name| (Arc::from(name), "".into()))
                    .to_vec(),
                _ => Vec::new(),
            },
        })),
    }
}

fn identity(line: &IdentityLine) -> Identity {
    let mut identity = Identity::named(Arc::from(line.username.as_str()));
    identity.subject = SubjectId(Arc::from(line.subject.as_str()));
    identity.active = line.active;
    identity.attributes = line
        .attributes
        .iter()
        .map(|(key, value)| (Arc::from(key.as_str()), value.value()))
        .collect();
    identity
}

fn session(line: &SessionLine) -> SessionView {
    SessionView {
        subject: SubjectId(Arc::from(line.subject.as_str())),
        username: Arc::from(line.username.as_str()),
        level: AuthLevel::saturating(line.level),
        created: Timestamp(line.created),
        properties: line
            .properties
            .iter()
            .map(|(key, value)| (Arc::from(key.as_str()), value.value()))
            .collect(),
    }
}

pub(super) fn request(line: &RequestLine) -> Request {
    let pairs = |pairs: &[(String, Option<String>)]| {
        let pair = |(name, value): &(String, Option<String>)| {
            (
                name.clone(),
                value.clone().unwrap_or_else(|| stand_in(true)),
            )
        };
        pairs.iter().map(pair).collect()
    };
    let mut request = Request::default();
    request.headers = pairs(&line.headers);
    request.cookies = line
        .cookies
        .iter()
        .map(|name| (name.clone(), stand_in(true)))
        .collect();
    request.parameters = pairs(&line.parameters);
    request.client = line.client;
    request.host.clone_from(&line.host);
    request.locales.clone_from(&line.locales);
    request
}

pub(super) fn start(line: &StartLine) -> Result<Start, ReplayError> {
    let realm =
        Realm::parse(&line.realm).ok_or_else(|| ReplayError::BadRealm(line.realm.clone()))?;
    let mut start = Start::journey(line.journey.as_str()).realm(realm);
    start.transaction = line.transaction.then(|| Arc::from(stand_in(true)));
    start.asked_level = line.level.map(AuthLevel::saturating);
    start.expects = line.expects.as_deref().map(|id| SubjectId(Arc::from(id)));
    start.data = line
        .data
        .iter()
        .map(|(key, value)| (Arc::from(key.as_str()), value.value()))
        .collect();
    start.no_session = line.no_session;
    start.session = line.session.as_ref().map(|session| StartSession {
        session: SessionRef(Arc::from(stand_in(true))),
        subject: SubjectId(Arc::from(session.subject.as_str())),
        username: Arc::from(session.username.as_str()),
        level: AuthLevel::saturating(session.level),
        services: session
            .services
            .iter()
            .map(|name| Arc::from(name.as_str()))
            .collect(),
        proved: session.proved,
    });
    start.goto = line.goto.as_deref().map(Arc::from);
    start.goto_on_fail = line.goto_on_fail.as_deref().map(Arc::from);
    Ok(start)
}
