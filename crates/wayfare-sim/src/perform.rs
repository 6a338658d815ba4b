//! How a world performs effects.
//!
//! What the script says comes first, then what was done before under the same id, then the world. A
//! comparison takes a try of the account before it compares and gives all tries back on a match; whoever
//! is unknown, out of tries or without the secret gets the same answer.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use wayfare::{
    Effect, EffectReply, Secret, Timestamp, Value,
    engine::{
        effect::{
            Backchannel, BackchannelReply, BackchannelState, Bind, COUNTER, Credential,
            ExternalEvent, ExternalReply, Fetched, Identity, Keyed, KeyedReply, Message, Missed,
            SetStatus, Social, Verdict, Verify, Went, Who,
        },
        output::OpenCookie,
        step::Call,
    },
    model::scenario::PasswordState,
};

use crate::{
    lockout::Kind,
    scenario::stand_in::UNSAID,
    social,
    user::User,
    world::{Performed, Scripted, Sent, World},
};

/// How long persistent cookies of this world may still be used.
const COOKIE_LIFE: Duration = Duration::from_secs(60 * 60);

/// In which time a password lapses that lapses soon.
const EXPIRES_WITHIN: Duration = Duration::from_secs(3 * 24 * 60 * 60);
/// How often a password that has lapsed still lets in.
const GRACE_LEFT: u32 = 2;

impl World {
    /// Performs one effect.
    ///
    /// An effect that must not happen twice and was begun before does not happen again: a comparison is a
    /// miss then, as what came of it is not told twice, and anything else has the reply it had.
    pub fn perform(&mut self, call: &Call, now: Timestamp) -> EffectReply {
        let reply = self.reply_to(call, now);
        self.performed.push(Performed {
            node: Arc::clone(&call.node),
            effect_id: call.id,
            kind: call.effect.kind(),
            effect: call.effect.clone(),
            reply: reply.clone(),
            at: now,
        });
        reply
    }

    fn reply_to(&mut self, call: &Call, now: Timestamp) -> EffectReply {
        if self.failing.contains(&self.performed.len()) {
            return EffectReply::Failed("the outside fails".to_owned());
        }
        let once = call.effect.is_once();
        if once && let Some(before) = self.done.get(&call.id) {
            return match &call.effect {
                Effect::Verify(_) => EffectReply::Miss,
                _ => before.clone(),
            };
        }
        let reply = match self.next_scripted(&call.node) {
            Some(Scripted::Fail(message)) => EffectReply::Failed(message),
            Some(Scripted::Yes) => self.agree(call, now),
            Some(Scripted::No) => refusal(&call.effect),
            Some(Scripted::Reply(reply)) => {
                self.act_as_said(call, &reply, now);
                reply
            }
            None => self.act(call, now),
        };
        let reply = match (&call.effect, reply) {
            (Effect::Fetch(_), EffectReply::Custom(said)) => fetched(&said),
            (Effect::Social(asked), EffectReply::Custom(said)) => social::told(asked, &said),
            (_, reply) => reply,
        };
        if once {
            self.done.insert(call.id, reply.clone());
        }
        reply
    }

    fn next_scripted(&mut self, node: &Arc<str>) -> Option<Scripted> {
        self.replies.get_mut(node)?.pop_front()
    }

    /// Does what a scripted reply says was done.
    fn act_as_said(&mut self, call: &Call, reply: &EffectReply, now: Timestamp) {
        match (&call.effect, reply) {
            (Effect::Send(message), EffectReply::Sent) => self.send(&call.node, message, now),
            (Effect::SetStatus(set), EffectReply::StatusSet(true)) => {
                self.set_status(set);
            }
            (Effect::CreateIdentity(create), EffectReply::Written(identity)) => {
                self.create_as_said(create, identity, now);
            }
            (Effect::PatchIdentity(patch), EffectReply::Written(_)) => {
                self.patch_as_said(&patch.who, &patch.changes, now);
            }
            (Effect::StoreDevice(store), EffectReply::DeviceStored(true)) => {
                self.store_device(store, now);
            }
            (Effect::RemoveDevice(remove), EffectReply::DeviceRemoved(true)) => {
                self.remove_device(remove);
            }
            (Effect::Social(asked), EffectReply::External(_)) => {
                if let Social::Providers { .. } = **asked {
                    self.chosen.insert(Arc::clone(&call.node), reply.clone());
                }
            }
            _ => {}
        }
    }

    fn act(&mut self, call: &Call, now: Timestamp) -> EffectReply {
        match &call.effect {
            Effect::Verify(verify) => self.verify(verify, now),
            Effect::ReadIdentity(read) => {
                let user = self.who(&read.who);
                EffectReply::Identity(user.map(|user| self.identity(user, &read.attributes)))
            }
            Effect::FindIdentity(find) => self.find_identity(find),
            Effect::CreateIdentity(create) => self.create(create, now),
            Effect::PatchIdentity(patch) => self.patch(patch, now),
            Effect::Judge(judge) => self.judge(judge),
            Effect::ReadDocument(document) => {
                EffectReply::Document(self.documents.get(document).cloned())
            }
            Effect::SetStatus(set) => EffectReply::StatusSet(self.set_status(set)),
            Effect::Send(message) => {
                self.send(&call.node, message, now);
                EffectReply::Sent
            }
            Effect::ReadSession(read) => {
                let session = self.sessions.get(&read.session.0);
                EffectReply::Session(session.map(|session| session.view(&read.properties)))
            }
            Effect::External(asked) => match &asked.event {
                ExternalEvent::Suspended(_) => {
                    EffectReply::External(Box::new(ExternalReply::Taken))
                }
                _ => match self.custom.get(&asked.name) {
                    // An outcome by its name is enough.
                    Some(EffectReply::Custom(Value::Text(outcome))) => {
                        let went = Went::by(Arc::clone(outcome));
                        EffectReply::External(Box::new(ExternalReply::Went(went)))
                    }
                    Some(reply) => reply.clone(),
                    None => EffectReply::Failed(UNSAID.to_owned()),
                },
            },
            Effect::OpenCookie(open) => EffectReply::Remembered(self.remembered(open, now)),
            Effect::ReadDevices(read) => self.read_devices(read),
            Effect::StoreDevice(store) => self.store_device(store, now),
            Effect::RemoveDevice(remove) => self.remove_device(remove),
            Effect::Backchannel(asked) => self.backchannel(asked),
            Effect::Keyed(asked) => EffectReply::Keyed(Box::new(keyed(asked))),
            Effect::Social(asked) => match (&**asked, self.chosen.get(&call.node)) {
                (Social::Providers { .. }, Some(said)) => said.clone(),
                _ => EffectReply::Social(Box::new(social::said(asked))),
            },
            Effect::Custom(custom) => match self.custom.get(&custom.kind) {
                Some(reply) => reply.clone(),
                None => EffectReply::Failed(format!(
                    "nothing is scripted for `{}`, and this world does not know the effect `{}`",
                    call.node, custom.kind
                )),
            },
            Effect::Fetch(asked) => {
                let why = format!("nothing is scripted for {} {}", asked.method, asked.shown());
                EffectReply::Fetched(Box::new(Fetched::Failed(Arc::from(why))))
            }
            _ => EffectReply::Failed("this world does not know the effect".to_owned()),
        }
    }

    /// Says yes to an effect: whatever the world would have said, as far as somebody is there.
    fn agree(&mut self, call: &Call, now: Timestamp) -> EffectReply {
        match &call.effect {
            Effect::Verify(verify) => match self.who(&verify.who) {
                Some(user) => EffectReply::Match(user.identity(&[])),
                None => EffectReply::Miss,
            },
            Effect::Custom(_) => EffectReply::Custom(Value::Bool(true)),
            Effect::Fetch(_) => fetched(&Value::Null),
            _ => self.act(call, now),
        }
    }

    fn who(&self, who: &Who) -> Option<&User> {
        match who {
            Who::Name(name) => self.find(name),
            Who::Subject(subject) => self.find_subject(subject),
        }
    }

    /// Whose persistent cookie this is: in this world `remembers NAME`, which may be used anywhere, and
    /// `remembers NAME at ADDRESS`, which only that address may use where the node minds.
    fn remembered(&self, open: &OpenCookie, now: Timestamp) -> Option<(Identity, Timestamp)> {
        let whose = open.value.reveal().strip_prefix("remembers ")?;
        let (name, at) = match whose.split_once(" at ") {
            Some((name, at)) => (name, Some(at)),
            None => (whose, None),
        };
        let client = open.client.map(|client| client.to_string());
        if at.is_some() && client.is_some() && client.as_deref() != at {
            return None;
        }
        let user = self.find(name).filter(|user| user.active)?;
        Some((user.identity(&[]), now.plus(COOKIE_LIFE)))
    }

    fn verify(&mut self, verify: &Verify, now: Timestamp) -> EffectReply {
        let Some(user) = self.who(&verify.who).cloned() else {
            return EffectReply::Missed(Missed::Unknown);
        };
        let key = (user.subject.clone(), Kind::of(&verify.credential));
        let counter = self.counters.entry(key.clone()).or_default();
        if !counter.take(&self.lockout, now) {
            return EffectReply::Missed(Missed::Locked { until: None });
        }
        let mut identity = user.identity(&[]);
        let said = is_bind(verify) && user.password_state == Some(PasswordState::Locked);
        if let Credential::Oath(window) = &verify.credential
            && let Some(unkept) = &window.unkept
        {
            let found = wayfare_oath::find(unkept, window, None, &verify.secret, now);
            let Some(counter) = found.and_then(|counter| i64::try_from(counter).ok()) else {
                return EffectReply::Missed(Missed::Wrong);
            };
            let counter = (Arc::from(COUNTER), Value::Int(counter));
            identity.attributes.extend([counter]);
        } else if !said && !self.is_right(&user, verify, now) {
            let typed = matches!(verify.credential, Credential::Password);
            return EffectReply::Missed(if typed && user.password.is_none() {
                Missed::NoPassword
            } else {
                Missed::Wrong
            });
        }
        let reply = match &verify.credential {
            Credential::Bind(bind) => self.bound(&user, bind, now),
            Credential::Password if bars(&user) => return EffectReply::Missed(Missed::Wrong),
            _ => EffectReply::Match(identity),
        };
        if !matches!(
            reply,
            EffectReply::Policy(Verdict::Locked | Verdict::Expired)
        ) {
            self.counters.remove(&key);
        }
        reply
    }

    /// What a directory says to the right password, or to any where the account is locked there.
    fn bound(&mut self, user: &User, bind: &Bind, now: Timestamp) -> EffectReply {
        let identity = user.identity(&[]);
        let verdict = match user.password_state {
            Some(PasswordState::Locked) => Some(Verdict::Locked),
            Some(PasswordState::Expired) => Some(Verdict::Expired),
            _ if bind.new.is_some() => None,
            Some(PasswordState::MustChange) => Some(Verdict::MustChange(identity.clone())),
            Some(PasswordState::Expires) => {
                Some(Verdict::Expires(identity.clone(), EXPIRES_WITHIN))
            }
            Some(PasswordState::Grace) => Some(Verdict::Grace(identity.clone(), GRACE_LEFT)),
            None => None,
        };
        match (verdict, &bind.new) {
            (Some(verdict), _) => EffectReply::Policy(verdict),
            (None, None) => EffectReply::Match(identity),
            (None, Some(new)) => match self.change_password(user, new, now) {
                EffectReply::Written(identity) => EffectReply::Match(identity),
                refused => refused,
            },
        }
    }

    fn is_right(&mut self, user: &User, verify: &Verify, now: Timestamp) -> bool {
        let typed = &verify.secret;
        let same = |kept: &Secret<String>| kept == typed && !kept.reveal().is_empty();
        match &verify.credential {
            Credential::Password | Credential::Bind(_) => {
                user.password.as_ref().is_some_and(|kept| kept == typed)
            }
            Credential::Otp { expected, lapsed } => same(expected) && !lapsed,
            Credential::Recovery { of } => {
                let kept = self.user_mut(&user.subject);
                kept.is_some_and(|kept| kept.takes_recovery(*of, typed))
            }
            Credential::Oath(window) => {
                let kept = self.user_mut(&user.subject);
                kept.is_some_and(|kept| kept.takes_code(window, typed, now))
            }
            Credential::Answers {
                attribute,
                question,
                besides,
            } => {
                let first = [(question, typed)];
                let besides = besides.iter().map(|(question, answer)| (question, answer));
                first
                    .into_iter()
                    .chain(besides)
                    .all(|(question, answer)| user.has_answer(attribute, question, answer))
            }
        }
    }

    fn set_status(&mut self, set: &SetStatus) -> bool {
        let Some(subject) = self.who(&set.who).map(|user| user.subject.clone()) else {
            return false;
        };
        let mut users = self.users.values_mut();
        let Some(user) = users.find(|user| user.subject == subject) else {
            return false;
        };
        user.active = set.active;
        true
    }

    fn send(&mut self, node: &Arc<str>, message: &Message, now: Timestamp) {
        self.outbox.push(Sent {
            node: Arc::clone(node),
            message: message.clone(),
            at: now,
        });
    }
}

/// Whether the policy of the store keeps somebody out whose password is right and only compared.
fn bars(user: &User) -> bool {
    matches!(
        user.password_state,
        Some(PasswordState::Locked | PasswordState::Expired | PasswordState::MustChange)
    )
}

fn is_bind(verify: &Verify) -> bool {
    matches!(verify.credential, Credential::Bind(_))
}

/// Work with keys: in this world a token is `signed for NAME`, a certificate is `certificate of NAME`, and
/// what was sealed is `sealed`.
fn keyed(asked: &Keyed) -> KeyedReply {
    let whose = |text: &str, before: &str| {
        let name = text.strip_prefix(before).filter(|name| !name.is_empty());
        KeyedReply::Names(name.map(Arc::from))
    };
    match asked {
        Keyed::Seal { .. } => KeyedReply::Sealed(Secret::new("sealed".to_owned())),
        Keyed::Token { token, .. } => whose(token.reveal(), "signed for "),
        Keyed::Certificate { certificate, .. } => whose(certificate, "certificate of "),
    }
}

/// An answer over HTTP as tests write it: `{ status = 200, body = "…", headers = { … } }`, all of them optional; a
/// body that is no text is one of JSON.
fn fetched(said: &Value) -> EffectReply {
    let empty = BTreeMap::new();
    let members = match said {
        Value::Map(map) => &**map,
        _ => &empty,
    };
    let status = members.get("status").and_then(Value::as_int);
    let status = status
        .and_then(|status| u16::try_from(status).ok())
        .unwrap_or(200);
    let body = match members.get("body") {
        None | Some(Value::Null) => String::new(),
        Some(Value::Text(text)) => text.to_string(),
        Some(other) => other.to_json().to_string(),
    };
    let headers = match members.get("headers") {
        Some(Value::Map(headers)) => headers
            .iter()
            .filter_map(|(name, value)| {
                let value = value.as_text()?.to_owned();
                Some((Arc::from(name.to_ascii_lowercase()), Secret::new(value)))
            })
            .collect(),
        _ => Vec::new(),
    };
    EffectReply::Fetched(Box::new(Fetched::Answered {
        status,
        headers,
        body: Secret::new(body),
    }))
}

/// What no means to an effect.
fn refusal(effect: &Effect) -> EffectReply {
    match effect {
        Effect::Verify(_) => EffectReply::Miss,
        Effect::ReadIdentity(_) | Effect::FindIdentity(_) => EffectReply::Identity(None),
        Effect::CreateIdentity(_) | Effect::PatchIdentity(_) => EffectReply::Refused(Vec::new()),
        Effect::ReadDocument(_) => EffectReply::Document(None),
        Effect::SetStatus(_) => EffectReply::StatusSet(false),
        Effect::Send(_) => EffectReply::Failed("the message was not taken".to_owned()),
        Effect::ReadSession(_) => EffectReply::Session(None),
        Effect::OpenCookie(_) => EffectReply::Remembered(None),
        Effect::ReadDevices(_) => EffectReply::Devices(Vec::new()),
        Effect::StoreDevice(_) => EffectReply::DeviceStored(false),
        Effect::RemoveDevice(_) => EffectReply::DeviceRemoved(false),
        Effect::Backchannel(asked) => EffectReply::Backchannel(Box::new(match **asked {
            Backchannel::Open(_) => BackchannelReply::Full,
            Backchannel::Ask { .. } => BackchannelReply::Stands {
                state: BackchannelState::Failure,
                properties: BTreeMap::new(),
                told: None,
            },
            Backchannel::Tell { .. } => BackchannelReply::Told(false),
        })),
        Effect::Keyed(asked) if !matches!(**asked, Keyed::Seal { .. }) => {
            EffectReply::Keyed(Box::new(KeyedReply::Names(None)))
        }
        Effect::Social(asked) => social::refused(asked),
        Effect::Custom(_) => EffectReply::Custom(Value::Bool(false)),
        Effect::Fetch(_) => {
            EffectReply::Fetched(Box::new(Fetched::Failed(Arc::from("the outside says no"))))
        }
        _ => EffectReply::Failed("the outside says no".to_owned()),
    }
}
