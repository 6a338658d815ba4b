//! What a run needs from outside, as values.
//!
//! The embedder performs an effect and hands back the reply. Effects that write, send, count or compare
//! are *once*: a performer drops a repetition by the effect's id. Look-ups are *fresh*: asked again
//! whenever they are needed.

mod backchannel;
mod bind;
mod device;
mod external;
mod fetch;
mod identity;
mod keyed;
mod oath;
mod social;

use std::{collections::BTreeMap, sync::Arc};

pub use self::backchannel::{Backchannel, BackchannelReply, BackchannelState, OpenBackchannel};
pub use self::bind::{Bind, Directory, Ldap, LdapPolicy, LdapScope, LdapSecurity, Verdict};
pub use self::device::{
    DEVICES_MAX, Device, DeviceKind, ReadDevices, RemoveDevice, Room, StoreDevice,
};
pub use self::external::{External, ExternalEvent, ExternalReply, Handler, Handlers, Went};
pub use self::fetch::{Fetch, Fetched};
pub use self::identity::{
    Change, CreateIdentity, Document, FindIdentity, Judge, Judgement, PatchIdentity, RETRIES,
    Shape, Unmet,
};
pub use self::keyed::{AlternativeName, Keyed, KeyedReply, SubjectField};
pub use self::oath::{COUNTER, OathHash, OathKey, OathMoving, OathWindow};
pub use self::social::{BeginSocial, Brought, FinishSocial, Person, Provider, Social, SocialReply};
use crate::{
    engine::{host::Timestamp, output::OpenCookie},
    model::{level::AuthLevel, value::Value},
    secret::Secret,
};

/// Names one effect of one run for ever; the same after a restore.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EffectId {
    /// The run.
    pub run: u128,
    /// The stop of the run it belongs to.
    pub generation: u32,
    /// Its number within that stop.
    pub ordinal: u32,
}

/// The canonical id of an identity, as the store gave it; never a name someone typed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SubjectId(pub Arc<str>);

/// One thing to do outside.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Effect {
    /// Compare a secret: the only place where secrets are compared. Once.
    Verify(Verify),
    /// Read an identity. Fresh.
    ReadIdentity(ReadIdentity),
    /// Set an account active or inactive. Once.
    SetStatus(SetStatus),
    /// Send a message. Once.
    Send(Message),
    /// Read the session that came with the start. Fresh.
    ReadSession(ReadSession),
    /// Find one identity by what is in it. Fresh.
    FindIdentity(FindIdentity),
    /// Make an identity. Once.
    CreateIdentity(CreateIdentity),
    /// Change an identity. Once.
    PatchIdentity(PatchIdentity),
    /// Ask what the schema says of attributes, and which policies values would not meet. Fresh.
    Judge(Judge),
    /// Read a document of the realm. Fresh.
    ReadDocument(Document),
    /// Have a node outside decide how it goes on. Once.
    External(Box<External>),
    /// Open a persistent cookie. Fresh.
    OpenCookie(OpenCookie),
    /// Read the devices of a user. Fresh.
    ReadDevices(ReadDevices),
    /// Keep a device of a user. Once.
    StoreDevice(Box<StoreDevice>),
    /// Forget a device of a user. Once.
    RemoveDevice(RemoveDevice),
    /// Something about a journey that runs beside this one. Once, but for how it stands.
    Backchannel(Box<Backchannel>),
    /// Something that takes a key. Fresh.
    Keyed(Box<Keyed>),
    /// Send a request over HTTP that a script makes. Once, but where the method only reads.
    Fetch(Box<Fetch>),
    /// Something that an identity provider elsewhere has to do with. Once where it takes what somebody came
    /// back with, fresh otherwise.
    Social(Box<Social>),
    /// Whatever else an embedder's node needs.
    Custom(Custom),
}

impl Effect {
    /// The effect with this text where its message has `{0}`: the link that a suspended run is resumed by.
    ///
    /// Lists and maps of an effect of one's own are looked through to a depth of 16.
    #[must_use]
    pub fn addressed(self, link: &str) -> Self {
        match self {
            Self::Send(mut message) => {
                let body = message.body.reveal().replace("{0}", link);
                message.body = Secret::new(body);
                if let Some(template) = &mut message.template {
                    let template = Arc::make_mut(template);
                    let address = template.link.reveal().replace("{0}", link);
                    template.link = Secret::new(address);
                }
                Self::Send(message)
            }
            Self::Custom(mut custom) => {
                custom.request = with_link(&custom.request, link, LINK_DEPTH_MAX);
                Self::Custom(custom)
            }
            Self::Fetch(asked) => Self::Fetch(Box::new(asked.addressed(link))),
            Self::External(mut external) => {
                if let ExternalEvent::Suspended(to) = &mut external.event {
                    *to = to.replace("{0}", link);
                }
                Self::External(external)
            }
            other => other,
        }
    }

    /// What kind it is, as traces call it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Verify(_) => "verify",
            Self::ReadIdentity(_) => "read_identity",
            Self::SetStatus(_) => "set_status",
            Self::Send(_) => "send",
            Self::ReadSession(_) => "read_session",
            Self::FindIdentity(_) => "find_identity",
            Self::CreateIdentity(_) => "create_identity",
            Self::PatchIdentity(_) => "patch_identity",
            Self::Judge(_) => "judge",
            Self::ReadDocument(_) => "read_document",
            Self::External(_) => "external",
            Self::OpenCookie(_) => "open_cookie",
            Self::ReadDevices(_) => "read_devices",
            Self::StoreDevice(_) => "store_device",
            Self::RemoveDevice(_) => "remove_device",
            Self::Backchannel(_) => "backchannel",
            Self::Keyed(_) => "keyed",
            Self::Fetch(_) => "fetch",
            Self::Social(_) => "social",
            Self::Custom(_) => "custom",
        }
    }

    /// Whether a repetition must be dropped.
    pub fn is_once(&self) -> bool {
        match self {
            Self::Verify(_)
            | Self::SetStatus(_)
            | Self::Send(_)
            | Self::CreateIdentity(_)
            | Self::PatchIdentity(_)
            | Self::StoreDevice(_)
            | Self::RemoveDevice(_)
            | Self::External(_) => true,
            Self::ReadIdentity(_)
            | Self::ReadSession(_)
            | Self::FindIdentity(_)
            | Self::Judge(_)
            | Self::ReadDocument(_)
            | Self::ReadDevices(_)
            | Self::OpenCookie(_)
            | Self::Keyed(_) => false,
            Self::Backchannel(asked) => !matches!(**asked, Backchannel::Ask { .. }),
            Self::Fetch(asked) => !asked.only_reads(),
            Self::Social(asked) => matches!(**asked, Social::Finish(_)),
            Self::Custom(custom) => custom.once,
        }
    }
}

/// Which kind of secret is compared; each has a failure count of its own.
#[derive(Debug, Clone, PartialEq)]
pub enum Credential {
    /// Against the stored hash.
    Password,
    /// Against this one-time code.
    Otp {
        /// The code that was made.
        expected: Secret<String>,
        /// Whether it has lapsed: counted and compared all the same, but never a match.
        lapsed: bool,
    },
    /// Against the stored recovery codes of a device of this kind; a match uses the code up.
    Recovery {
        /// The kind.
        of: DeviceKind,
    },
    /// Against the codes that an authenticator app makes about now; a match uses the code up.
    Oath(OathWindow),
    /// Against the stored answers to security questions, letter case and doubled blanks aside.
    ///
    /// All of them in one comparison, so that one answer that is known gives no more tries at another.
    Answers {
        /// The attribute that holds them.
        attribute: Arc<str>,
        /// The question that the secret answers: the id of one of the realm's, or one's own.
        question: Arc<str>,
        /// Further questions with what was typed; a match is right in all of them.
        besides: Vec<(Arc<str>, Secret<String>)>,
    },
    /// By a bind to a directory, whose password policy has its say; counted with `Password`.
    Bind(Box<Bind>),
}

/// Compare a secret for a subject.
#[derive(Debug, Clone, PartialEq)]
pub struct Verify {
    /// Who: the canonical id where the run knows it, else the name typed.
    pub who: Who,
    /// What kind of secret.
    pub credential: Credential,
    /// What was typed.
    pub secret: Secret<String>,
}

/// A subject, or a name that may belong to one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// A name as typed, normalised by the store.
    Name(Arc<str>),
    /// A subject.
    Subject(SubjectId),
}

/// Read attributes of an identity.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadIdentity {
    /// Who.
    pub who: Who,
    /// The attributes wanted.
    pub attributes: Vec<Arc<str>>,
}

/// Set an account active or inactive.
#[derive(Debug, Clone, PartialEq)]
pub struct SetStatus {
    /// Who.
    pub who: Who,
    /// Whether it is to be active.
    pub active: bool,
}

/// A message to send.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// By which way.
    pub channel: Channel,
    /// To which address.
    pub to: Arc<str>,
    /// From which address; the embedder's where empty.
    pub from: Arc<str>,
    /// The subject line.
    pub subject: String,
    /// The body; holds codes, so it is secret.
    pub body: Secret<String>,
    /// Settings of the node that tell the embedder how to send: host, port, account.
    pub route: BTreeMap<Arc<str>, Value>,
    /// What the embedder renders in place of subject and body, where it knows the template.
    pub template: Option<Arc<Template>>,
}

/// A text of the embedder's, by name, with what goes into it.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// Its name.
    pub name: Arc<str>,
    /// The locales that its reader wants, best first.
    pub locales: Vec<String>,
    /// Whose attributes go into it; nobody's where the address was typed.
    pub about: Option<SubjectId>,
    /// Texts that were typed, by the name of the attribute; never to be trusted.
    pub typed: BTreeMap<Arc<str>, Arc<str>>,
    /// The link that leads on: `{0}` until it is known, empty where there is none.
    pub link: Secret<String>,
}

/// A way a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// Electronic mail.
    Mail,
    /// A text message.
    Sms,
}

/// Read properties of the session that came with the start.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadSession {
    /// The session.
    pub session: SessionRef,
    /// The properties wanted.
    pub properties: Vec<Arc<str>>,
}

/// A handle of a session; an embedder's own spelling, never the token itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SessionRef(pub Arc<str>);

/// An effect of an embedder's own.
#[derive(Debug, Clone, PartialEq)]
pub struct Custom {
    /// What kind.
    pub kind: Arc<str>,
    /// The request.
    pub request: Value,
    /// Whether a repetition must be dropped.
    pub once: bool,
}

/// The answer to an effect.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum EffectReply {
    /// To `Verify`: the secret was right, and whose it is.
    Match(Identity),
    /// To `Verify`: it was not, or there is no such user, or the budget is spent.
    Miss,
    /// To `Verify`: as [`EffectReply::Miss`], and why, for whoever drives the run. The node gets `Miss`.
    ///
    /// Whoever says so tells strangers who has an account, unless what shows it keeps quiet.
    Missed(Missed),
    /// To `Verify` by a bind: what the password policy of the store says besides right or wrong.
    Policy(Verdict),
    /// To `ReadIdentity`.
    Identity(Option<Identity>),
    /// To `SetStatus`: whether there was such an identity.
    StatusSet(bool),
    /// To `Send`: it was taken.
    Sent,
    /// To `ReadSession`: `None` where it is no longer valid.
    Session(Option<SessionView>),
    /// To `CreateIdentity` and `PatchIdentity`: it is as wanted now.
    Written(Identity),
    /// To `CreateIdentity` and `PatchIdentity`, and to `Verify` with a new password where the old one is
    /// right: nothing was written, for these reasons.
    Refused(Vec<Unmet>),
    /// To `Judge`: one for each attribute that was asked about, in that order.
    Judged(Vec<Judgement>),
    /// To `ReadDocument`: `None` where the realm has none.
    Document(Option<Value>),
    /// To `External`.
    External(Box<ExternalReply>),
    /// To `OpenCookie`: whose it is, and until when it may be used; `None` where it is worth nothing.
    Remembered(Option<(Identity, Timestamp)>),
    /// To `ReadDevices`.
    Devices(Vec<Device>),
    /// To `StoreDevice`: whether there was room.
    DeviceStored(bool),
    /// To `RemoveDevice`: whether there was one.
    DeviceRemoved(bool),
    /// To `Backchannel`.
    Backchannel(Box<BackchannelReply>),
    /// To `Keyed`.
    Keyed(Box<KeyedReply>),
    /// To `Fetch`.
    Fetched(Box<Fetched>),
    /// To `Social`. A rehearsal may say by `External` instead how the node ends.
    Social(Box<SocialReply>),
    /// To `Custom`.
    Custom(Value),
    /// It could not be done; the node takes its error arrow.
    Failed(String),
}

/// Why a comparison was a miss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missed {
    /// There is no such user.
    Unknown,
    /// The user has no such secret.
    NoPassword,
    /// The secret is another.
    Wrong,
    /// The budget is spent.
    Locked {
        /// Until when, where it comes back by itself.
        until: Option<Timestamp>,
    },
}

/// An identity as read.
#[derive(Debug, Clone, PartialEq)]
pub struct Identity {
    /// The canonical id.
    pub subject: SubjectId,
    /// The canonical name.
    pub username: Arc<str>,
    /// Whether the account is active.
    pub active: bool,
    /// The attributes that were asked for and are there.
    pub attributes: BTreeMap<Arc<str>, Value>,
}

impl Identity {
    /// An active user whose name is the id too, without attributes.
    pub fn named(username: Arc<str>) -> Self {
        Self {
            subject: SubjectId(Arc::clone(&username)),
            username,
            active: true,
            attributes: BTreeMap::new(),
        }
    }
}

/// A session as read.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionView {
    /// Whose it is.
    pub subject: SubjectId,
    /// The canonical name.
    pub username: Arc<str>,
    /// Its level.
    pub level: AuthLevel,
    /// When it was made.
    pub created: Timestamp,
    /// The properties that were asked for and are there.
    pub properties: BTreeMap<Arc<str>, Value>,
}

/// How deep lists and maps are looked through for the place of a link.
const LINK_DEPTH_MAX: u32 = 16;

/// BOUND: as deep as `depth`; what lies deeper stays as it is.
fn with_link(value: &Value, link: &str, depth: u32) -> Value {
    match value {
        Value::Text(text) => Value::from(text.replace("{0}", link)),
        Value::List(list) if depth > 0 => Value::List(
            list.iter()
                .map(|item| with_link(item, link, depth - 1))
                .collect(),
        ),
        Value::Map(map) if depth > 0 => Value::Map(Arc::new(
            map.iter()
                .map(|(key, item)| (Arc::clone(key), with_link(item, link, depth - 1)))
                .collect(),
        )),
        other => other.clone(),
    }
}
