//! From what happened to what may be kept of it.
//!
//! What is secret never becomes a line: of passwords, codes and tokens it is said that they were there.
//! Names and addresses are kept, or each is given another one, the same wherever it stands.

use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use wayfare::{
    Answer, Ask, Callback, Effect, EffectReply, End, Request, Secret, Start, Value,
    engine::{
        callback::FailedPolicy,
        effect::{
            Backchannel, BackchannelReply, Channel, Credential, Device, Document, ExternalReply,
            Identity, Judgement, Keyed, KeyedReply, Missed, OathWindow, SessionView, Shape, Social,
            SocialReply, Verdict, Went, Who,
        },
        step::Call,
    },
};

use super::{
    Names,
    line::{
        AnswerLine, AskLine, BackchannelLine, CallLine, CallbackLine, DeviceLine, EndLine,
        ExternalLine, FailedLine, IdentityLine, JudgementLine, MissLine, ReplyLine, RequestLine,
        SessionLine, SocialLine, StartLine, StartSessionLine, VerdictLine, WentLine, WhoLine,
    },
    value::{STAND_IN, ValueLine},
};

/// Other names for the names of people.
#[derive(Debug, Clone, Default)]
pub(super) struct Disguise {
    /// Whether any are given.
    on: bool,
    /// Whether texts that may hold a name are left out.
    drops: bool,
    given: BTreeMap<String, String>,
    /// The provider that is asked.
    provider: Option<Arc<str>>,
    /// The state that somebody was sent away with last.
    state: Option<Secret<String>>,
}

/// The callbacks with fields that built-in types ask.
const BUILT_IN: [&str; 2] = ["SelectIdPCallback", "IdPCallback"];

/// What stands in a record for the state that the run has drawn, as a provider sent it back.
pub(super) const STATE_BACK: &str = "{state}";

impl Disguise {
    /// The disguise for a record.
    pub(super) fn new(names: Names) -> Self {
        Self {
            on: names == Names::Hidden,
            drops: names != Names::Kept,
            given: BTreeMap::new(),
            provider: None,
            state: None,
        }
    }

    fn name(&mut self, name: &str) -> String {
        if !self.on || name.is_empty() {
            return name.to_owned();
        }
        let next = self.given.len() + 1;
        let given = self.given.entry(name.to_owned());
        given
            .or_insert_with(|| {
                if name.contains('@') {
                    format!("person{next}@example.invalid")
                } else {
                    format!("person{next}")
                }
            })
            .clone()
    }

    fn address(&self, address: IpAddr) -> IpAddr {
        match address {
            address if !self.on => address,
            IpAddr::V4(_) => IpAddr::from([192, 0, 2, 1]),
            IpAddr::V6(_) => IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1]),
        }
    }

    pub(super) fn start(&mut self, start: &Start) -> StartLine {
        let path = |url: &str| url.split(['?', '#']).next().unwrap_or(url).to_owned();
        StartLine {
            realm: start.realm.as_str().to_owned(),
            journey: start.journey.to_string(),
            transaction: start.transaction.is_some(),
            level: start.asked_level.map(|level| i64::from(level.number())),
            expects: start.expects.as_ref().map(|subject| self.name(&subject.0)),
            data: start
                .data
                .iter()
                .map(|(key, value)| {
                    let line = ValueLine::of(value, &mut |text| self.name(text));
                    (key.to_string(), line)
                })
                .collect(),
            no_session: start.no_session,
            session: start.session.as_ref().map(|session| StartSessionLine {
                subject: self.name(&session.subject.0),
                username: self.name(&session.username),
                level: i64::from(session.level.number()),
                services: session.services.iter().map(ToString::to_string).collect(),
                proved: session.proved,
            }),
            goto: start.goto.as_deref().map(path),
            goto_on_fail: start.goto_on_fail.as_deref().map(path),
        }
    }

    pub(super) fn request(&self, request: &Request) -> RequestLine {
        let open = |pairs: &[(String, String)]| {
            let pair = |(name, value): &(String, String)| {
                let back = self
                    .state
                    .as_ref()
                    .is_some_and(|state| state.reveal() == value);
                let hidden = self.drops || name == "state" || may_be_secret(name);
                let shown = if back { STATE_BACK } else { value };
                (name.clone(), (back || !hidden).then(|| shown.to_owned()))
            };
            pairs.iter().map(pair).collect()
        };
        RequestLine {
            headers: open(&request.headers),
            cookies: request
                .cookies
                .iter()
                .map(|(name, _)| name.clone())
                .collect(),
            parameters: open(&request.parameters),
            client: request.client.map(|address| self.address(address)),
            host: request.host.clone(),
            locales: request.locales.clone(),
        }
    }

    /// The answers to what was asked.
    pub(super) fn answers(&mut self, asked: Option<&Ask>, answers: &[Answer]) -> Vec<AnswerLine> {
        let callback = |at: usize| asked.and_then(|ask| ask.callbacks.get(at));
        let line = |(at, answer): (usize, &Answer)| match answer {
            Answer::Text(text) => match callback(at) {
                // Pages and scripts put tokens into these.
                Some(Callback::HiddenValue { .. }) | None => AnswerLine::Hidden(!text.is_empty()),
                Some(_) => AnswerLine::Text(self.name(text)),
            },
            Answer::Validated {
                text,
                validate_only,
            } => AnswerLine::Validated {
                text: self.name(text),
                validate_only: *validate_only,
            },
            Answer::Secret(secret) => AnswerLine::Secret(!secret.reveal().is_empty()),
            Answer::ValidatedSecret {
                secret,
                validate_only,
            } => AnswerLine::ValidatedSecret {
                there: !secret.reveal().is_empty(),
                validate_only: *validate_only,
            },
            Answer::Index(index) => AnswerLine::Index(*index),
            // What the fields of other types are, a replay does not know.
            Answer::Fields(fields)
                if callback(at).is_some_and(|asked| BUILT_IN.contains(&asked.kind())) =>
            {
                // Which provider was chosen is no secret; what an app brings is.
                let chooses = callback(at).is_some_and(|asked| asked.kind() == "SelectIdPCallback");
                let field = |(name, value): &(Arc<str>, Value)| {
                    let text = match value {
                        Value::Secret(text) if chooses => Some(text.reveal().clone()),
                        _ => None,
                    };
                    (name.to_string(), text)
                };
                AnswerLine::Fields(fields.iter().map(field).collect())
            }
            Answer::Untouched => AnswerLine::Untouched,
            // Also what later versions add.
            _ => AnswerLine::None,
        };
        answers.iter().enumerate().map(line).collect()
    }

    pub(super) fn reply(&mut self, reply: &EffectReply) -> ReplyLine {
        match reply {
            EffectReply::Match(identity) => ReplyLine::Match(self.identity(identity)),
            // Why is for whoever drives a run, and in no record of one.
            EffectReply::Miss => ReplyLine::Miss,
            EffectReply::Missed(why) => ReplyLine::Missed(match why {
                Missed::Unknown => MissLine::Unknown,
                Missed::NoPassword => MissLine::NoPassword,
                Missed::Wrong => MissLine::Wrong,
                Missed::Locked { .. } => MissLine::Locked,
            }),
            EffectReply::Policy(verdict) => ReplyLine::Policy(match verdict {
                Verdict::Locked => VerdictLine::Locked,
                Verdict::Expired => VerdictLine::Expired,
                Verdict::MustChange(identity) => VerdictLine::MustChange(self.identity(identity)),
                Verdict::Expires(identity, within) => {
                    VerdictLine::Expires(self.identity(identity), within.as_secs())
                }
                Verdict::Grace(identity, left) => {
                    VerdictLine::Grace(self.identity(identity), *left)
                }
            }),
            EffectReply::Identity(identity) => {
                ReplyLine::Identity(identity.as_ref().map(|i| self.identity(i)))
            }
            EffectReply::StatusSet(set) => ReplyLine::StatusSet(*set),
            EffectReply::Sent => ReplyLine::Sent,
            EffectReply::Session(view) => {
                ReplyLine::Session(view.as_ref().map(|view| self.session(view)))
            }
            EffectReply::Written(identity) => ReplyLine::Written(self.identity(identity)),
            EffectReply::Refused(unmet) => ReplyLine::Refused(
                unmet
                    .iter()
                    .map(|unmet| (unmet.attribute.to_string(), failed(&unmet.failed)))
                    .collect(),
            ),
            EffectReply::Judged(judged) => {
                ReplyLine::Judged(judged.iter().map(judgement).collect())
            }
            EffectReply::Document(document) => ReplyLine::Document(
                document
                    .as_ref()
                    .map(|value| ValueLine::of(value, &mut |text| text.to_owned())),
            ),
            EffectReply::Remembered(whose) => ReplyLine::Remembered(
                whose
                    .as_ref()
                    .map(|(identity, until)| (self.identity(identity), until.0)),
            ),
            EffectReply::Devices(devices) => {
                ReplyLine::Devices(devices.iter().map(|device| self.device(device)).collect())
            }
            EffectReply::DeviceStored(kept) => ReplyLine::DeviceStored(*kept),
            EffectReply::DeviceRemoved(there) => ReplyLine::DeviceRemoved(*there),
            EffectReply::Backchannel(said) => ReplyLine::Backchannel(backchannel(said)),
            EffectReply::Keyed(said) => match &**said {
                KeyedReply::Sealed(_) => ReplyLine::Sealed,
                KeyedReply::Names(name) => {
                    ReplyLine::Names(name.as_ref().map(|name| self.name(name)))
                }
            },
            EffectReply::Social(said) => ReplyLine::Social(self.social(said)),
            EffectReply::Custom(value) => {
                ReplyLine::Custom(ValueLine::of(value, &mut |text| text.to_owned()))
            }
            EffectReply::External(said) => self.external(said),
            EffectReply::Failed(message) => ReplyLine::Failed(message.clone()),
            // What later versions add cannot be kept.
            _ => ReplyLine::Failed("a reply that records do not hold".to_owned()),
        }
    }

    fn social(&mut self, said: &SocialReply) -> SocialLine {
        match said {
            SocialReply::Providers(all) => {
                SocialLine::Providers(all.iter().map(|one| one.name.to_string()).collect())
            }
            SocialReply::Redirect { .. } => SocialLine::Redirect,
            SocialReply::Native { .. } => SocialLine::Native,
            SocialReply::Unknown => SocialLine::Unknown,
            SocialReply::Told(person) => {
                let subject = self.name(&person.subject);
                if let Some(provider) = self.provider.clone().filter(|_| self.on) {
                    // The link that is kept with the account belongs together with who it is there.
                    let link = format!("{provider}-{}", person.subject);
                    self.given.insert(link, format!("{provider}-{subject}"));
                }
                let attribute = |(key, value): (&Arc<str>, &Value)| {
                    let line = if may_be_secret(key) {
                        ValueLine::Secret(true)
                    } else {
                        ValueLine::of(value, &mut |text| self.name(text))
                    };
                    (key.to_string(), line)
                };
                let attributes = person.attributes.iter().map(attribute).collect();
                SocialLine::Told {
                    subject,
                    attributes,
                }
            }
            SocialReply::Denied(why) => SocialLine::Denied(why.to_string()),
        }
    }

    fn external(&mut self, said: &ExternalReply) -> ReplyLine {
        ReplyLine::External(match said {
            ExternalReply::Went(went) => ExternalLine::Went(self.went(went)),
            ExternalReply::Asked { callbacks, memory } => ExternalLine::Asked {
                callbacks: callbacks.iter().map(|asked| self.callback(asked)).collect(),
                memory: memory.as_ref().map(kept),
            },
            ExternalReply::Waits {
                within,
                link,
                memory,
                then,
                ..
            } => ExternalLine::Waits {
                within: within.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX)),
                link: *link,
                memory: memory.as_ref().map(kept),
                then: then.as_ref().map(|went| self.went(went)),
            },
            ExternalReply::Taken => ExternalLine::Taken,
        })
    }

    fn went(&mut self, went: &Went) -> WentLine {
        let writes = went.writes.iter().map(|(path, value)| {
            // Of the same type, so that a replay can write it.
            let line = match value {
                Value::Text(_) if may_be_secret(path) => ValueLine::Text(STAND_IN.to_owned()),
                Value::Int(_) if may_be_secret(path) => ValueLine::Int(0),
                value => ValueLine::of(value, &mut |text| self.name(text)),
            };
            (path.to_string(), line)
        });
        WentLine {
            outcome: went.outcome.to_string(),
            writes: writes.collect(),
            user: went.user.as_deref().map(|user| self.name(user)),
            memory: went.memory.as_ref().map(kept),
        }
    }

    fn device(&mut self, device: &Device) -> DeviceLine {
        let entry = |(key, value): (&Arc<str>, &Value)| {
            let line = if may_be_secret(key) {
                ValueLine::Secret(true)
            } else {
                ValueLine::of(value, &mut |text| self.name(text))
            };
            (key.to_string(), line)
        };
        let data = device.data.iter().map(entry).collect();
        DeviceLine {
            uuid: self.name(&device.uuid),
            name: self.name(&device.name),
            created: device.created.0,
            accessed: device.accessed.0,
            used: device.used,
            data,
        }
    }

    fn identity(&mut self, identity: &Identity) -> IdentityLine {
        IdentityLine {
            subject: self.name(&identity.subject.0),
            username: self.name(&identity.username),
            active: identity.active,
            attributes: identity
                .attributes
                .iter()
                .map(|(key, value)| {
                    let line = if may_be_secret(key) {
                        ValueLine::Secret(true)
                    } else {
                        ValueLine::of(value, &mut |text| self.name(text))
                    };
                    (key.to_string(), line)
                })
                .collect(),
        }
    }

    fn session(&mut self, view: &SessionView) -> SessionLine {
        SessionLine {
            subject: self.name(&view.subject.0),
            username: self.name(&view.username),
            level: i64::from(view.level.number()),
            created: view.created.0,
            properties: view
                .properties
                .iter()
                .map(|(key, value)| {
                    let line = ValueLine::of(value, &mut |text| self.name(text));
                    (key.to_string(), line)
                })
                .collect(),
        }
    }

    pub(super) fn call(&mut self, call: &Call) -> CallLine {
        let mut about = Vec::new();
        self.note(&call.effect);
        let mut who = |who: &Who| match who {
            Who::Name(name) => WhoLine::Name(self.name(name)),
            Who::Subject(subject) => WhoLine::Subject(self.name(&subject.0)),
        };
        let who = match &call.effect {
            Effect::Verify(verify) => {
                about.push(credential(&verify.credential));
                Some(who(&verify.who))
            }
            Effect::ReadIdentity(read) => {
                about.extend(read.attributes.iter().map(ToString::to_string));
                Some(who(&read.who))
            }
            Effect::FindIdentity(find) => {
                about.extend(find.filter.attributes().iter().map(ToString::to_string));
                None
            }
            Effect::CreateIdentity(create) => {
                about.extend(create.attributes.keys().map(ToString::to_string));
                None
            }
            Effect::PatchIdentity(patch) => {
                about.extend(patch.changes.iter().map(|(name, _)| name.to_string()));
                Some(who(&patch.who))
            }
            Effect::Judge(judge) => {
                about.extend(judge.attributes.iter().map(ToString::to_string));
                judge.who.as_ref().map(who)
            }
            Effect::ReadDocument(document) => {
                let which = match document {
                    Document::Terms => "terms",
                    Document::SecurityQuestions => "questions",
                    Document::Consent => "consent",
                };
                about.push(which.to_owned());
                None
            }
            Effect::SetStatus(set) => {
                about.push(if set.active { "active" } else { "inactive" }.to_owned());
                Some(who(&set.who))
            }
            Effect::Send(message) => {
                about.push(match message.channel {
                    Channel::Mail => "mail".to_owned(),
                    Channel::Sms => "sms".to_owned(),
                });
                about.push(self.name(&message.to));
                None
            }
            Effect::ReadSession(read) => {
                about.extend(read.properties.iter().map(ToString::to_string));
                None
            }
            Effect::External(asked) => {
                about.push(asked.wire.to_string());
                about.extend(asked.state.keys().map(ToString::to_string));
                None
            }
            Effect::OpenCookie(open) => {
                about.push(open.name.to_string());
                None
            }
            Effect::ReadDevices(read) => {
                about.push(read.kind.to_string());
                Some(who(&read.who))
            }
            Effect::StoreDevice(store) => {
                about.push(store.kind.to_string());
                Some(who(&store.who))
            }
            Effect::RemoveDevice(remove) => {
                about.push(remove.kind.to_string());
                Some(who(&remove.who))
            }
            Effect::Backchannel(asked) => {
                about.push(match &**asked {
                    Backchannel::Open(open) => format!("open {}", open.journey),
                    Backchannel::Ask { .. } => "ask".to_owned(),
                    Backchannel::Tell { .. } => "tell".to_owned(),
                });
                None
            }
            other => {
                about.extend(named(other));
                None
            }
        };
        CallLine {
            node: call.node.to_string(),
            kind: call.effect.kind().to_owned(),
            who,
            about,
        }
    }

    /// Notes which provider is asked, and what it will send back.
    fn note(&mut self, effect: &Effect) {
        let Effect::Social(asked) = effect else {
            return;
        };
        self.provider = asked.provider().cloned();
        if let Social::Begin(begin) = &**asked {
            self.state = Some(begin.state.clone());
        }
    }

    pub(super) fn end(&mut self, end: &End) -> EndLine {
        match end {
            End::Success(success) => EndLine::Success {
                subject: self.name(&success.subject.id.0),
                level: i64::from(success.level.number()),
                proved: success.proved,
                factors: success
                    .evidence
                    .iter()
                    .map(|proof| proof.factor.word().to_owned())
                    .collect(),
                no_session: success.no_session,
            },
            End::Failure(failure) => EndLine::Failure {
                reason: failure.reason.to_string(),
                ground: Some(failure.ground.kind().word().to_owned()),
                message: failure.message.clone().filter(|_| !self.drops),
            },
        }
    }
}

impl Disguise {
    /// What a step asked: its kinds and the texts of the author that stand beside fields.
    ///
    /// Texts that are shown by themselves are left out, as some hold codes.
    pub(super) fn ask(&self, ask: &Ask) -> AskLine {
        let text = |text: &Option<String>| text.clone().filter(|_| !self.drops);
        AskLine {
            callbacks: ask.callbacks.iter().map(|c| self.callback(c)).collect(),
            stage: ask.stage.clone(),
            header: text(&ask.header),
            description: text(&ask.description),
        }
    }

    fn callback(&self, callback: &Callback) -> CallbackLine {
        let (prompt, choices) = match callback {
            Callback::Name { prompt, .. }
            | Callback::Password { prompt }
            | Callback::TextInput { prompt, .. }
            | Callback::ValidatedUsername { prompt, .. }
            | Callback::ValidatedPassword { prompt, .. } => (Some(prompt), &[][..]),
            Callback::Choice {
                prompt, choices, ..
            } => (Some(prompt), choices.as_slice()),
            Callback::Confirmation {
                prompt, options, ..
            } => (Some(prompt), options.as_slice()),
            _ => (None, &[][..]),
        };
        let choice = |(at, choice): (usize, &String)| {
            if self.drops {
                (at + 1).to_string()
            } else {
                choice.clone()
            }
        };
        CallbackLine {
            kind: callback.kind().to_owned(),
            prompt: prompt.cloned().filter(|_| !self.drops),
            choices: choices.iter().enumerate().map(choice).collect(),
        }
    }
}

fn failed(failed: &[FailedPolicy]) -> Vec<FailedLine> {
    let line = |failed: &FailedPolicy| FailedLine {
        requirement: failed.requirement.to_string(),
        params: failed.params.clone(),
    };
    failed.iter().map(line).collect()
}

fn judgement(judgement: &Judgement) -> JudgementLine {
    JudgementLine {
        attribute: judgement.attribute.to_string(),
        shape: judgement.shape.map(|shape| {
            let word = match shape {
                Shape::Text => "text",
                Shape::Number => "number",
                Shape::Flag => "flag",
                Shape::List => "list",
                Shape::Object => "object",
            };
            word.to_owned()
        }),
        title: judgement.title.clone(),
        flags: (
            judgement.required,
            judgement.secret,
            judgement.viewable,
            judgement.editable,
        ),
        policies: judgement.policies.clone(),
        failed: failed(&judgement.failed),
    }
}

/// What a node outside keeps is its own: that there is something, and nothing of it.
fn kept(_: &Value) -> ValueLine {
    ValueLine::Secret(true)
}

/// Whether a header, parameter or attribute of this name may hold a secret.
fn may_be_secret(name: &str) -> bool {
    const PARTS: &[&str] = &[
        "auth",
        "cookie",
        "token",
        "secret",
        "passw",
        "key",
        "code",
        "session",
        "credential",
        "csrf",
        "signature",
        "recovery",
        "pin",
        "otp",
        "jwt",
        "suspended",
    ];
    let name = name.to_ascii_lowercase();
    PARTS.iter().any(|part| name.contains(part))
}

/// What an effect that is about nobody is about.
fn named(effect: &Effect) -> Option<String> {
    match effect {
        Effect::Keyed(asked) => Some(keyed(asked)),
        Effect::Fetch(asked) => Some(format!("{} {}", asked.method, asked.shown())),
        Effect::Social(asked) => Some(match asked.provider() {
            Some(provider) => format!("{} {provider}", asked.word()),
            None => asked.word().to_owned(),
        }),
        Effect::Custom(custom) => Some(custom.kind.to_string()),
        _ => None,
    }
}

fn keyed(asked: &Keyed) -> String {
    match asked {
        Keyed::Seal { label, .. } => format!("seal {label}"),
        Keyed::Token { .. } => "token".to_owned(),
        Keyed::Certificate { .. } => "certificate".to_owned(),
    }
}

fn backchannel(said: &BackchannelReply) -> BackchannelLine {
    let plain = |value: &Value| ValueLine::of(value, &mut |text| text.to_owned());
    match said {
        BackchannelReply::Opened { .. } => BackchannelLine::Opened,
        BackchannelReply::Full => BackchannelLine::Full,
        BackchannelReply::Stands {
            state,
            properties,
            told,
        } => BackchannelLine::Stands {
            state: state.word().to_owned(),
            properties: properties
                .iter()
                .map(|(name, value)| (name.to_string(), plain(value)))
                .collect(),
            told: told.as_ref().map(plain),
        },
        BackchannelReply::Told(kept) => BackchannelLine::Told(*kept),
    }
}

/// What kind of secret is compared.
fn credential(credential: &Credential) -> String {
    match credential {
        Credential::Password => "password".to_owned(),
        Credential::Otp { lapsed: false, .. } => "otp".to_owned(),
        Credential::Otp { lapsed: true, .. } => "lapsed otp".to_owned(),
        Credential::Recovery { of } => format!("recovery {of}"),
        Credential::Oath(OathWindow {
            unkept: Some(_), ..
        }) => "oath unkept".to_owned(),
        Credential::Oath(_) => "oath".to_owned(),
        Credential::Answers { .. } => "answers".to_owned(),
        Credential::Bind(bind) if bind.new.is_some() => "new password".to_owned(),
        Credential::Bind(_) => "bind".to_owned(),
    }
}
