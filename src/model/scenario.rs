//! A test of a journey, with every name in it found.
//!
//! A scenario names journeys, nodes and outcomes by their paths, not by their numbers: it can be played
//! against any program that has them, such as a changed copy of the one it was compiled with. No run
//! depends on scenarios, and no hash of a program covers them.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use crate::{
    model::{
        device::DeviceKind, ground::GroundKind, level::AuthLevel, signature::Scope, value::Value,
    },
    source::Span,
};

/// A test of a journey.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// What it shows.
    pub name: Arc<str>,
    /// The journey, by its identifier.
    pub journey: Arc<str>,
    /// Values of parameters that the program of this test has.
    pub parameters: BTreeMap<Arc<str>, Value>,
    /// Its lines in order.
    pub steps: Vec<Step>,
    /// `test "…" for journey`
    pub span: Span,
}

/// An arrow that no test need take, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Uncovered {
    /// The journey, by its identifier.
    pub journey: Arc<str>,
    /// The path of the node.
    pub node: Arc<str>,
    /// The outcome; `None` for the error arrow.
    pub outcome: Option<Arc<str>>,
    /// The reason.
    pub reason: Arc<str>,
    /// Where the arrow is named.
    pub span: Span,
}

/// A line of a test.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// What it does.
    pub kind: StepKind,
    /// Where it stands.
    pub span: Span,
}

/// What a line of a test does.
#[derive(Debug, Clone, PartialEq)]
pub enum StepKind {
    /// `given user`: who exists, or how somebody has changed.
    User(User),
    /// `given device`: a device that somebody has.
    Device(Device),
    /// `given session`: the session that comes with the start.
    Session(Session),
    /// `given request`: what comes with every request from here on.
    Request(RequestPart),
    /// `given level`: the level that is asked for.
    Level(AuthLevel),
    /// `given advice`: what a denial asks for; the run begins where the advice leads to.
    Advice(AdvicePart),
    /// `given transaction`: the run confirms one access.
    Transaction(Arc<str>),
    /// `given terms`, `given questions`, `given consent`: a document of the realm.
    Document {
        /// Which.
        which: RealmDocument,
        /// What stands in it.
        value: Value,
    },
    /// `given state`: what stands in shared state from the beginning.
    State(BTreeMap<Arc<str>, Value>),
    /// `advance`: time goes by.
    Advance(Duration),
    /// `reply`: what the outside says to a node, next time.
    Reply {
        /// The node.
        node: NodeRef,
        /// What it says.
        reply: Outside,
    },
    /// `answer`: the answers to what a node asks.
    Answer(Answering),
    /// `resume`: somebody follows the link.
    Resume,
    /// `repeat`: lines, several times.
    Repeat {
        /// How often.
        times: u32,
        /// The lines.
        steps: Vec<Step>,
    },
    /// `expect`
    Expect(Expectation),
}

/// A document that belongs to a realm, as tests name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RealmDocument {
    /// `terms`: the terms in force.
    Terms,
    /// `questions`: security questions.
    Questions,
    /// `consent`: mappings that need consent.
    Consent,
}

/// A node that a test names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeRef {
    /// The path as written, from the journey of the test.
    pub text: Arc<str>,
    /// `journey/node`, as traces name it.
    pub at: Arc<str>,
    /// The child of a page.
    pub child: Option<Arc<str>>,
    /// The nodes by which inner journeys are entered on the way, the outermost first.
    pub callers: Vec<Arc<str>>,
}

impl NodeRef {
    /// `journey/node`, and in a page `journey/node.child`.
    pub fn unit(&self) -> Arc<str> {
        match &self.child {
            Some(child) => Arc::from(format!("{}.{child}", self.at)),
            None => Arc::clone(&self.at),
        }
    }
}

/// What the password policy of a store says of somebody's password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordState {
    /// The account is locked, whatever the password is.
    Locked,
    /// It has lapsed and lets nobody in.
    Expired,
    /// It must be changed before anything else is done.
    MustChange,
    /// It lapses in three days.
    Expires,
    /// It has lapsed, and lets in twice more.
    Grace,
}

impl PasswordState {
    /// All of them, by their words.
    pub const ALL: &[(&str, Self)] = &[
        ("locked", Self::Locked),
        ("expired", Self::Expired),
        ("must_change", Self::MustChange),
        ("expires", Self::Expires),
        ("grace", Self::Grace),
    ];
}

/// Somebody in the store of users.
#[derive(Debug, Clone, PartialEq)]
pub struct User {
    /// The name; the id too.
    pub name: Arc<str>,
    /// The password, where the line gives one.
    pub password: Option<Arc<str>>,
    /// Whether the account is active, where the line says so.
    pub active: Option<bool>,
    /// Recovery codes, where the line gives some.
    pub recovery: Option<Vec<Arc<str>>>,
    /// What the password policy of the store says of the password, where the line says so.
    pub password_state: Option<PasswordState>,
    /// Attributes of the profile.
    pub attributes: BTreeMap<Arc<str>, Value>,
}

/// A device that somebody has.
#[derive(Debug, Clone, PartialEq)]
pub struct Device {
    /// Whose it is, by name.
    pub user: Arc<str>,
    /// `kind`: what it is for.
    pub kind: DeviceKind,
    /// `uuid`: tells it from others.
    pub uuid: Arc<str>,
    /// `name`: what it is called.
    pub name: Arc<str>,
    /// `age`: how long ago it was kept, and used last.
    pub age: Duration,
    /// `used`: what it counts already.
    pub used: Option<u64>,
    /// `data`: what is known of it.
    pub data: BTreeMap<Arc<str>, Value>,
    /// `secrets`: what is a secret of it.
    pub secrets: BTreeMap<Arc<str>, Arc<str>>,
    /// `recovery`: the codes that stand in for it.
    pub recovery: Vec<Arc<str>>,
}

/// A session that comes with the start.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// Whose it is.
    pub user: Arc<str>,
    /// Its level.
    pub level: AuthLevel,
    /// Whether anything proves that it is the user's.
    pub proved: bool,
    /// The journeys that made it, by their names on the wire.
    pub services: Vec<Arc<str>>,
    /// Its properties.
    pub properties: BTreeMap<Arc<str>, Value>,
}

/// What comes with requests; what is absent stays as it was.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RequestPart {
    /// `address`
    pub address: Option<std::net::IpAddr>,
    /// `host`
    pub host: Option<Arc<str>>,
    /// `locale`: one or more, best first.
    pub locales: Option<Vec<Arc<str>>>,
    /// `headers`
    pub headers: BTreeMap<Arc<str>, Vec<Arc<str>>>,
    /// `cookies`
    pub cookies: BTreeMap<Arc<str>, Arc<str>>,
    /// `parameters`
    pub parameters: BTreeMap<Arc<str>, Vec<Arc<str>>>,
}

/// What an advice asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AdvicePart {
    /// `level`
    pub level: Option<AuthLevel>,
    /// `journey`: a journey by its name on the wire.
    pub journey: Option<Arc<str>>,
}

/// What the outside says to a node.
#[derive(Debug, Clone, PartialEq)]
pub enum Outside {
    /// `accepted`, `matches`, `found`: yes or no to the effect of the node.
    Verdict(bool),
    /// `fails`: the effect cannot be performed.
    Fails(Arc<str>),
    /// `value`: what an effect of an embedder's own gives.
    Value(Value),
    /// `outcome`: how a node ends whose behaviour is not here.
    Outcome(StandIn),
}

/// How a node ends whose behaviour is not here.
#[derive(Debug, Clone, PartialEq)]
pub struct StandIn {
    /// The outcome.
    pub outcome: Arc<str>,
    /// What it writes.
    pub writes: Vec<(Scope, Arc<str>, Value)>,
    /// Whom it finds or proves, by name; who the run is about where absent.
    pub user: Option<Arc<str>>,
    /// What it shows while the run is suspended; it ends when the link is followed.
    pub suspends: Option<Arc<str>>,
}

/// The answers to what a node asks.
#[derive(Debug, Clone, PartialEq)]
pub struct Answering {
    /// The node that must ask.
    pub node: NodeRef,
    /// The children of a page that are answered, by name; one entry without a name where it is no page.
    pub children: Vec<(Option<Arc<str>>, AnswerPart)>,
}

/// What is answered to the callbacks of one node.
#[derive(Debug, Clone, PartialEq)]
pub enum AnswerPart {
    /// Values for what it asks, in order.
    Values(Vec<Given>),
    /// Values by the type of the callback.
    ByCallback(Vec<(Arc<str>, Given)>),
}

/// A value that an answer holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Given {
    /// A text; of a choice or of buttons, the one that reads so.
    Text(Vec<GivenText>),
    /// A number; of a choice, its place in the menu, counted from 0.
    Number(i64),
    /// A truth value.
    Bool(bool),
}

/// A piece of a text that is given.
#[derive(Debug, Clone, PartialEq)]
pub enum GivenText {
    /// Characters.
    Raw(Arc<str>),
    /// Something of the last message.
    Sent(SentPart),
    /// `app.code`: what the authenticator app shows that was registered or given last.
    App,
}

/// A part of the last message that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SentPart {
    /// `sent.code`: the digits of the body.
    Code,
    /// `sent.to`
    To,
    /// `sent.subject`
    Subject,
    /// `sent.body`
    Body,
}

/// What must be so.
#[derive(Debug, Clone, PartialEq)]
pub enum Expectation {
    /// `expect ask`: this node asks, and these are its callbacks where they are listed.
    Ask {
        /// The node.
        node: NodeRef,
        /// The callbacks.
        callbacks: Option<Vec<AskedCallback>>,
    },
    /// `expect page`: what the step shows besides its callbacks.
    Page {
        /// `stage`
        stage: Option<Arc<str>>,
        /// `header`
        header: Option<Arc<str>>,
        /// `description`
        description: Option<Arc<str>>,
    },
    /// `expect level`
    Level(AuthLevel),
    /// `expect state`: values of shared state; `null` for what must not be there.
    State(Vec<(Arc<str>, Value)>),
    /// `expect effect`
    Effect(EffectPattern),
    /// `expect success`
    Success(SuccessPattern),
    /// `expect failure`
    Failure(FailurePattern),
    /// `expect suspended`, with the text that is shown where it is given.
    Suspended(Option<Arc<str>>),
    /// `expect expired`: the run has not ended, and its time is over.
    Expired,
    /// `expect access`: what the policies of the program answer.
    Access(AccessPattern),
}

/// A callback that must be asked.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AskedCallback {
    /// The type.
    pub kind: Arc<str>,
    /// `prompt`, or the text of a callback that only shows.
    pub text: Option<Arc<str>>,
    /// `choices`, or the buttons.
    pub choices: Option<Vec<Arc<str>>>,
    /// `default`: what stands in the field.
    pub default: Option<Value>,
}

/// An effect that must have been performed.
#[derive(Debug, Clone, PartialEq)]
pub struct EffectPattern {
    /// Whether there must be none.
    pub no: bool,
    /// Its kind.
    pub kind: EffectKind,
    /// `times`: how many there must be.
    pub times: Option<u32>,
    /// `node`: the node that wants it.
    pub node: Option<NodeRef>,
    /// Fields that must be equal.
    pub fields: Vec<(EffectField, Value)>,
}

/// A kind of effect, as tests name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EffectKind {
    /// A secret is compared.
    Verify,
    /// An identity is read.
    ReadIdentity,
    /// An identity is looked for by what is in it.
    FindIdentity,
    /// An identity is made.
    CreateIdentity,
    /// An identity is changed.
    PatchIdentity,
    /// An account is made inactive.
    LockAccount,
    /// An account is made active.
    UnlockAccount,
    /// A message is sent.
    Send,
    /// The session is read.
    ReadSession,
    /// The devices of a user are read.
    ReadDevices,
    /// A device of a user is kept.
    StoreDevice,
    /// A device of a user is forgotten.
    RemoveDevice,
    /// An effect of an embedder's own.
    Custom,
}

/// A field of an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EffectField {
    /// `user`: whom it is about.
    User,
    /// `kind`: which secret, which devices, or which effect of an embedder's own.
    Kind,
    /// `matched`: whether the secret was right.
    Matched,
    /// `to`
    To,
    /// `from`
    From,
    /// `subject`
    Subject,
    /// `body`
    Body,
    /// `contains`: a piece of the body.
    Contains,
    /// `channel`: `mail` or `sms`.
    Channel,
    /// `request`
    Request,
    /// `accepted`: whether it was done.
    Accepted,
    /// `refused`: whether nothing was written, because of a value.
    Refused,
    /// `failed`: whether it could not be performed.
    Failed,
}

impl EffectKind {
    /// All kinds, with the words that mean them and their fields.
    pub const ALL: &[(Self, &str, &[EffectField])] = &[
        (
            Self::Verify,
            "Verify",
            &[EffectField::User, EffectField::Kind, EffectField::Matched],
        ),
        (Self::ReadIdentity, "ReadIdentity", &[EffectField::User]),
        (Self::FindIdentity, "FindIdentity", &[EffectField::User]),
        (
            Self::CreateIdentity,
            "CreateIdentity",
            &[EffectField::User, EffectField::Refused],
        ),
        (
            Self::PatchIdentity,
            "PatchIdentity",
            &[EffectField::User, EffectField::Refused],
        ),
        (Self::LockAccount, "LockAccount", &[EffectField::User]),
        (Self::UnlockAccount, "UnlockAccount", &[EffectField::User]),
        (
            Self::Send,
            "Send",
            &[
                EffectField::To,
                EffectField::From,
                EffectField::Subject,
                EffectField::Body,
                EffectField::Contains,
                EffectField::Channel,
            ],
        ),
        (Self::ReadSession, "ReadSession", &[]),
        (
            Self::ReadDevices,
            "ReadDevices",
            &[EffectField::User, EffectField::Kind],
        ),
        (
            Self::StoreDevice,
            "StoreDevice",
            &[EffectField::User, EffectField::Kind, EffectField::Accepted],
        ),
        (
            Self::RemoveDevice,
            "RemoveDevice",
            &[EffectField::User, EffectField::Kind, EffectField::Accepted],
        ),
        (
            Self::Custom,
            "Custom",
            &[EffectField::Kind, EffectField::Request],
        ),
    ];

    /// The word that means it.
    pub fn word(self) -> &'static str {
        let found = Self::ALL.iter().find(|(kind, _, _)| *kind == self);
        found.map_or("", |(_, word, _)| word)
    }
}

impl EffectField {
    /// The word that means it.
    pub fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Kind => "kind",
            Self::Matched => "matched",
            Self::To => "to",
            Self::From => "from",
            Self::Subject => "subject",
            Self::Body => "body",
            Self::Contains => "contains",
            Self::Channel => "channel",
            Self::Request => "request",
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// A success that must be the end.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SuccessPattern {
    /// `user`
    pub user: Option<Arc<str>>,
    /// `level`
    pub level: Option<AuthLevel>,
    /// `proved`
    pub proved: Option<bool>,
    /// `url`
    pub url: Option<Arc<str>>,
    /// `session`: whether one is made.
    pub session: Option<bool>,
    /// `properties`: of the new session.
    pub properties: Vec<(Arc<str>, Value)>,
}

/// A failure that must be the end.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FailurePattern {
    /// `message`
    pub message: Option<Arc<str>>,
    /// `reason`
    pub reason: Option<FailureWord>,
    /// `ground`
    pub ground: Option<GroundKind>,
    /// `url`
    pub url: Option<Arc<str>>,
}

/// Why a run failed, as tests name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureWord {
    /// The journey led to failure.
    Rejected,
    /// The journey led to a loose end.
    LooseEnd,
    /// Nobody was proved.
    UnprovedSuccess,
    /// The level is too low.
    LevelNotReached,
    /// What a property demands of success was not passed.
    EnsureUnmet,
    /// There is no such active account.
    Inactive,
    /// The session is someone else's.
    OtherSubject,
    /// A node failed.
    NodeFailed,
    /// A limit was reached.
    Limit,
}

impl FailureWord {
    /// All reasons with the words that mean them.
    pub const ALL: &[(Self, &str)] = &[
        (Self::Rejected, "rejected"),
        (Self::LooseEnd, "loose_end"),
        (Self::UnprovedSuccess, "unproved_success"),
        (Self::LevelNotReached, "level_not_reached"),
        (Self::EnsureUnmet, "ensure_unmet"),
        (Self::Inactive, "inactive"),
        (Self::OtherSubject, "other_subject"),
        (Self::NodeFailed, "node_failed"),
        (Self::Limit, "limit"),
    ];

    /// The word that means it.
    pub fn word(self) -> &'static str {
        let found = Self::ALL.iter().find(|(reason, _)| *reason == self);
        found.map_or("", |(_, word)| word)
    }
}

/// What the policies of the program must answer.
#[derive(Debug, Clone, PartialEq)]
pub struct AccessPattern {
    /// Whether nothing may be granted.
    pub no: bool,
    /// The resource.
    pub resource: Arc<str>,
    /// `actions`: which are granted and which are not.
    pub actions: Vec<(Arc<str>, bool)>,
    /// `advice`: what must be asked for.
    pub advice: Option<AdvicePart>,
}
