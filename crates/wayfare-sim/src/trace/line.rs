//! The lines of a record, as JSON spells them.

use std::{collections::BTreeMap, net::IpAddr};

use serde::{Deserialize, Serialize};

use super::value::ValueLine;

/// The first line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The form of the record.
    pub wayfare_trace: u32,
    /// The version of wayfare that wrote it.
    pub version: String,
    /// The hash of the program.
    pub program: String,
    /// Whether names and addresses are others than they were.
    pub names_hidden: bool,
    /// How the run began.
    pub start: StartLine,
    /// When it began, in milliseconds since 1970.
    pub began: Vec<ClockRead>,
}

/// How a run began.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartLine {
    /// The realm.
    pub realm: String,
    /// The journey, by its name on the wire.
    pub journey: String,
    /// Whether it was for a transaction.
    pub transaction: bool,
    /// The level asked for.
    pub level: Option<i64>,
    /// Who must succeed.
    pub expects: Option<String>,
    /// What stood in shared state.
    pub data: BTreeMap<String, ValueLine>,
    /// Whether no session was wanted.
    pub no_session: bool,
    /// The session that came with it.
    pub session: Option<StartSessionLine>,
    /// Where the client wanted to go on success, without its query.
    pub goto: Option<String>,
    /// Where the client wanted to go on failure, without its query.
    pub goto_on_fail: Option<String>,
}

/// The session that came with a start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartSessionLine {
    /// Whose it is.
    pub subject: String,
    /// The name.
    pub username: String,
    /// Its level.
    pub level: i64,
    /// The journeys that led to it.
    pub services: Vec<String>,
    /// Whether somebody was proved for it.
    pub proved: bool,
}

/// A line after the first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Line {
    /// The request from here on.
    Request(RequestLine),
    /// What was given to a step.
    Input(InputLine),
    /// A node was entered.
    Entered {
        /// `journey/node`
        node: String,
    },
    /// A node was left.
    Left {
        /// `journey/node`
        node: String,
        /// The outcome.
        outcome: String,
    },
    /// A node failed.
    Failed {
        /// `journey/node`
        node: String,
        /// What happened.
        message: String,
    },
    /// What the clock said in this step.
    Clock(Vec<ClockRead>),
    /// Which draws of this step had no randomness, counted from 0.
    NoRandomness(Vec<u64>),
    /// The step asked.
    Ask(AskLine),
    /// The step wanted something done outside.
    Call(CallLine),
    /// The run waits for someone to follow a link.
    Suspended(AskLine),
    /// The run ended.
    Done(EndLine),
    /// The step was refused, and the run is as it was.
    Refused(String),
}

/// What the clock said so many times in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockRead {
    /// Milliseconds since 1970.
    pub at: u64,
    /// How often.
    pub times: u64,
}

/// A request.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestLine {
    /// Headers; of those that may hold a secret, the name alone.
    pub headers: Vec<(String, Option<String>)>,
    /// The names of the cookies.
    pub cookies: Vec<String>,
    /// Query parameters; of those that may hold a secret, the name alone.
    pub parameters: Vec<(String, Option<String>)>,
    /// The address of the client.
    pub client: Option<IpAddr>,
    /// The host that the client named.
    pub host: Option<String>,
    /// Preferred locales.
    pub locales: Vec<String>,
}

/// What was given to a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum InputLine {
    /// The first step.
    Begin,
    /// Answers.
    Answers(Vec<AnswerLine>),
    /// What the outside said.
    Reply(ReplyLine),
    /// Somebody followed the link.
    Resume,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AnswerLine {
    /// A text.
    Text(String),
    /// A text that may hold a secret: whether there was any.
    Hidden(bool),
    /// A text, or only a question whether it would do.
    Validated {
        /// The text.
        text: String,
        /// Whether it was only asked.
        validate_only: bool,
    },
    /// A secret: whether there was any.
    Secret(bool),
    /// A secret, or only a question whether it would do.
    ValidatedSecret {
        /// Whether there was any.
        there: bool,
        /// Whether it was only asked.
        validate_only: bool,
    },
    /// A position.
    Index(u32),
    /// The inputs of a callback that the engine does not know: their texts where they can hold no secret.
    Fields(Vec<(String, Option<String>)>),
    /// No button.
    Untouched,
    /// Nothing.
    None,
}

/// Why a secret was not right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissLine {
    /// There is no such user.
    Unknown,
    /// The user has no such secret.
    NoPassword,
    /// It is another.
    Wrong,
    /// No tries are left.
    Locked,
}

/// What the password policy of a directory said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerdictLine {
    /// The account is locked.
    Locked,
    /// The password has lapsed.
    Expired,
    /// It is right and must be changed.
    MustChange(IdentityLine),
    /// It is right and lapses in so many seconds.
    Expires(IdentityLine, u64),
    /// It is right, has lapsed, and lets in so many times more.
    Grace(IdentityLine, u32),
}

/// What the outside said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReplyLine {
    /// The secret was right.
    Match(IdentityLine),
    /// It was not.
    Miss,
    /// It was not, and why.
    Missed(MissLine),
    /// What the password policy of a directory said.
    Policy(VerdictLine),
    /// An identity, or that there is none.
    Identity(Option<IdentityLine>),
    /// Whether there was an identity to set.
    StatusSet(bool),
    /// The message was taken.
    Sent,
    /// A session, or that there is none.
    Session(Option<SessionLine>),
    /// An identity, as it was made or changed.
    Written(IdentityLine),
    /// The attributes for which nothing was written, each with what its value did not meet.
    Refused(Vec<(String, Vec<FailedLine>)>),
    /// What is known of attributes.
    Judged(Vec<JudgementLine>),
    /// A document, or that there is none.
    Document(Option<ValueLine>),
    /// What a node outside said.
    External(ExternalLine),
    /// Whose a persistent cookie is, and until when it may be used, or that it is worth nothing.
    Remembered(Option<(IdentityLine, u64)>),
    /// The devices of a user.
    Devices(Vec<DeviceLine>),
    /// Whether there was room for a device.
    DeviceStored(bool),
    /// Whether there was a device to forget.
    DeviceRemoved(bool),
    /// About a journey beside the run.
    Backchannel(BackchannelLine),
    /// A secret was encrypted.
    Sealed,
    /// Whom a token or a certificate names, or that it is worth nothing.
    Names(Option<String>),
    /// About an identity provider.
    Social(SocialLine),
    /// What an embedder's own effect gave.
    Custom(ValueLine),
    /// It could not be done.
    Failed(String),
}

/// What was said about an identity provider; no token and no address is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SocialLine {
    /// The providers there are.
    Providers(Vec<String>),
    /// A browser was sent there.
    Redirect,
    /// An app was told what it needs.
    Native,
    /// There is no such provider.
    Unknown,
    /// Who it is, and the attributes that were told.
    Told {
        /// Who it is there.
        subject: String,
        /// What was told.
        attributes: Vec<(String, ValueLine)>,
    },
    /// The word of the provider is not good.
    Denied(String),
}

/// What was said about a journey beside a run; whoever holds the id of a transaction can begin its run, so
/// no id is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BackchannelLine {
    /// A transaction was opened.
    Opened,
    /// None was opened.
    Full,
    /// How one stands.
    Stands {
        /// How far it is.
        state: String,
        /// What may be read of its session.
        properties: BTreeMap<String, ValueLine>,
        /// The word that its run left.
        told: Option<ValueLine>,
    },
    /// Whether a word was kept.
    Told(bool),
}

/// A device of a user.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceLine {
    /// Tells it from others.
    pub uuid: String,
    /// What it is called.
    pub name: String,
    /// When it was kept first.
    pub created: u64,
    /// When it was used last.
    pub accessed: u64,
    /// What it counts.
    pub used: Option<u64>,
    /// What is known of it.
    pub data: BTreeMap<String, ValueLine>,
}

/// A requirement that a value does not meet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FailedLine {
    /// The requirement.
    pub requirement: String,
    /// Its parameters.
    pub params: serde_json::Value,
}

/// What is known of an attribute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JudgementLine {
    /// The attribute.
    pub attribute: String,
    /// What values it takes: `text`, `number`, `flag`, `list`, `object`.
    pub shape: Option<String>,
    /// What is shown of it.
    pub title: String,
    /// Whether it is required, a secret, may be seen by its owner, and changed.
    pub flags: (bool, bool, bool, bool),
    /// The policies as clients expect them.
    pub policies: serde_json::Value,
    /// Those that the value would not meet.
    pub failed: Vec<FailedLine>,
}

/// What a node outside said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ExternalLine {
    /// It ends.
    Went(WentLine),
    /// It asks: of what is shown, what a record holds of any question.
    Asked {
        /// The callbacks.
        callbacks: Vec<CallbackLine>,
        /// What it keeps.
        memory: Option<ValueLine>,
    },
    /// It waits for a link.
    Waits {
        /// How long, in milliseconds.
        within: Option<u64>,
        /// Whether it wants the link.
        link: bool,
        /// What it keeps.
        memory: Option<ValueLine>,
        /// How it ends then.
        then: Option<WentLine>,
    },
    /// It took the link.
    Taken,
}

/// How a node outside ends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WentLine {
    /// The outcome.
    pub outcome: String,
    /// What it writes, by path.
    pub writes: BTreeMap<String, ValueLine>,
    /// Of whom.
    pub user: Option<String>,
    /// What it keeps.
    pub memory: Option<ValueLine>,
}

/// An identity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentityLine {
    /// The id.
    pub subject: String,
    /// The name.
    pub username: String,
    /// Whether the account is active.
    pub active: bool,
    /// The attributes.
    pub attributes: BTreeMap<String, ValueLine>,
}

/// A session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionLine {
    /// Whose it is.
    pub subject: String,
    /// The name.
    pub username: String,
    /// Its level.
    pub level: i64,
    /// When it was made.
    pub created: u64,
    /// Its properties.
    pub properties: BTreeMap<String, ValueLine>,
}

/// What a step asked.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskLine {
    /// The callbacks in order.
    pub callbacks: Vec<CallbackLine>,
    /// The stage of the page.
    pub stage: Option<String>,
    /// The header of the page.
    pub header: Option<String>,
    /// The description of the page.
    pub description: Option<String>,
}

/// A callback.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallbackLine {
    /// Its kind on the wire.
    pub kind: String,
    /// What it shows beside its field.
    pub prompt: Option<String>,
    /// What there is to choose from.
    pub choices: Vec<String>,
}

/// What a step wanted done outside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallLine {
    /// The node: `journey/node`.
    pub node: String,
    /// The kind of effect.
    pub kind: String,
    /// Of whom.
    pub who: Option<WhoLine>,
    /// More about it: which kind of secret, which attributes, to which address.
    pub about: Vec<String>,
}

/// Of whom something was wanted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WhoLine {
    /// A name as typed.
    Name(String),
    /// A subject.
    Subject(String),
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EndLine {
    /// In success.
    Success {
        /// Who logged in.
        subject: String,
        /// The level.
        level: i64,
        /// Whether somebody was proved.
        proved: bool,
        /// The factors proved, in order.
        factors: Vec<String>,
        /// Whether no session is made.
        no_session: bool,
    },
    /// In failure.
    Failure {
        /// Why.
        reason: String,
        /// What the run had found; absent in records that are older than it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ground: Option<String>,
        /// The message shown instead of the plain one.
        message: Option<String>,
    },
}
