//! What is known of a node type without running it.
//!
//! The compiler and every check see signatures only; behaviours are linked later. A cell that no source
//! settles is [`Known::Unknown`]: it is listed in the docs and read as the worst case by every check.

use std::{borrow::Cow, fmt, sync::Arc, time::Duration};

pub use crate::model::facts::{
    Account, Challenge, Finding, Found, LevelChange, OutcomeFacts, Presence,
};
use crate::model::{
    ground::GroundKind,
    journey::SettingValue,
    level::AuthLevel,
    value::{Type, Value},
};

/// A fact, or the admission that no source settles it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Known<T> {
    /// The fact.
    Is(T),
    /// Nobody knows: checks assume the worst.
    Unknown,
}

impl<T: Copy> Known<T> {
    /// The fact, or what a careful reader assumes.
    pub fn or(self, worst: T) -> T {
        match self {
            Self::Is(fact) => fact,
            Self::Unknown => worst,
        }
    }
}

/// What a proof rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Factor {
    /// A password.
    Password,
    /// A one-time code.
    Otp,
    /// A key bound to a device, passkeys included.
    Device,
    /// A message answered on a registered device.
    Push,
    /// Another identity provider.
    Federation,
    /// A link followed from the user's mail.
    MailLink,
    /// A recovery code.
    Recovery,
    /// A client certificate or Kerberos ticket.
    Certificate,
    /// Answers to questions.
    Knowledge,
    /// A signed cookie that an earlier login of the user left in the browser.
    Cookie,
    /// The session that came with the start; alone it proves nobody.
    Session,
    /// The account that this run has made, by the word of the store; it stands for no secret.
    Registration,
}

impl Factor {
    /// Every factor, as written in the language.
    pub const ALL: &[(Self, &str)] = &[
        (Self::Password, "password"),
        (Self::Otp, "otp"),
        (Self::Device, "device"),
        (Self::Push, "push"),
        (Self::Federation, "federation"),
        (Self::MailLink, "mail_link"),
        (Self::Recovery, "recovery"),
        (Self::Certificate, "certificate"),
        (Self::Knowledge, "knowledge"),
        (Self::Cookie, "cookie"),
        (Self::Session, "session"),
        (Self::Registration, "registration"),
    ];

    /// The word of the language.
    pub fn word(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(factor, _)| *factor == self)
            .map_or("", |(_, word)| word)
    }

    /// Whether who is there has shown something that only its owner can: a session that came along shows
    /// nothing, and whoever makes an account need not have been anybody before.
    pub fn is_shown(self) -> bool {
        !matches!(self, Self::Session | Self::Registration)
    }

    /// The factor with this word.
    pub fn find(word: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(_, w)| *w == word)
            .map(|(factor, _)| *factor)
    }
}

impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The unit in which the vendor stores a number that the language writes with a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Thousandths of a second.
    Milliseconds,
    /// Seconds.
    Seconds,
    /// Minutes.
    Minutes,
    /// Hours.
    Hours,
    /// Days.
    Days,
    /// Bytes.
    Bytes,
    /// Thousand and twenty-four bytes.
    Kibibytes,
}

impl Unit {
    /// The length of one, for units of time.
    pub fn duration(self) -> Option<Duration> {
        match self {
            Self::Milliseconds => Some(Duration::from_millis(1)),
            Self::Seconds => Some(Duration::from_secs(1)),
            Self::Minutes => Some(Duration::from_secs(60)),
            Self::Hours => Some(Duration::from_secs(3_600)),
            Self::Days => Some(Duration::from_secs(86_400)),
            Self::Bytes | Self::Kibibytes => None,
        }
    }
}

/// A default that can stand in a constant table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Preset {
    /// There is none.
    None,
    /// `true`, `false`
    Bool(bool),
    /// A whole number; for a duration or size, in the unit of the setting.
    Int(i64),
    /// A text.
    Text(Cow<'static, str>),
    /// Texts.
    Texts(Cow<'static, [Cow<'static, str>]>),
    /// An empty list.
    EmptyList,
    /// An empty map, or an empty locale map.
    EmptyMap,
    /// Any other value, for types declared at run time.
    Value(Value),
}

/// A setting of a node type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The vendor's key, verbatim.
    pub key: Cow<'static, str>,
    /// Its type in the language.
    pub ty: Type,
    /// The vendor's unit, for durations and sizes.
    pub unit: Option<Unit>,
    /// The value where the author writes none.
    pub default: Preset,
    /// Whether the author must write it: marked required, without default, not supplied by the realm.
    pub required: bool,
    /// The values it may have; empty for any.
    pub allowed: Cow<'static, [Cow<'static, str>]>,
    /// The least and greatest number, where the source names them.
    pub range: Option<(i64, i64)>,
}

impl Setting {
    /// A setting of this key and type that an author may leave out.
    pub fn new(key: impl Into<Cow<'static, str>>, ty: Type) -> Self {
        Self {
            key: key.into(),
            ty,
            unit: None,
            default: Preset::None,
            required: false,
            allowed: Cow::Borrowed(&[]),
            range: None,
        }
    }

    /// The same, which an author must write.
    pub fn required(self) -> Self {
        Self {
            required: true,
            ..self
        }
    }
}

/// How the outcomes of a type come about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcomes {
    /// Always these.
    Fixed(Cow<'static, [Cow<'static, str>]>),
    /// These, each only when its condition on the settings holds.
    Bounded(Cow<'static, [BoundedOutcome]>),
    /// Those of the last child of a page.
    LastChild,
    /// Those the author's arms define; the setting named here is derived and may not be written.
    Authored {
        /// The vendor's key that lists them, where there is one.
        setting: Option<Cow<'static, str>>,
        /// Outcomes that are there besides.
        besides: Cow<'static, [Cow<'static, str>]>,
    },
}

/// An outcome that is there only under a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoundedOutcome {
    /// The outcome.
    pub name: Cow<'static, str>,
    /// When it is there.
    pub when: Condition,
}

/// A condition on the settings of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Always.
    Always,
    /// The Bool setting is true.
    IsTrue(Cow<'static, str>),
    /// The Bool setting is false.
    IsFalse(Cow<'static, str>),
    /// The Int setting is above zero.
    Positive(Cow<'static, str>),
    /// The Text setting is this word.
    Is(Cow<'static, str>, Cow<'static, str>),
    /// One outcome for each text of the list setting; the `name` of the outcome is not used.
    EachOf(Cow<'static, str>),
    /// Both hold.
    Both(Cow<'static, [Condition]>),
}

/// A part of the state of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Kept over every stop, readable by the holder of the state.
    Shared,
    /// Kept for one request, and over a stop only where a later node declares that it reads it.
    Transient,
    /// What of transient was carried over a stop; read only.
    Secure,
    /// The profile under construction, in shared state.
    ObjectShared,
    /// The profile under construction, in transient state.
    ObjectTransient,
    /// Read: transient, then secure, then shared. Written: shared.
    Any,
}

impl Scope {
    /// The path of a key in this scope, as docs and handlers outside call it: `shared.username`.
    pub fn path(self, key: &str) -> Arc<str> {
        let before = match self {
            Self::Shared => "shared.",
            Self::Transient => "transient.",
            Self::Secure => "secure.",
            Self::ObjectShared => "shared.objectAttributes.",
            Self::ObjectTransient => "transient.objectAttributes.",
            Self::Any => "any.",
        };
        Arc::from(format!("{before}{key}"))
    }
}

/// How secret a key of the state is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Secrecy {
    /// May be shown.
    Public,
    /// About a person: not for logs.
    Personal,
    /// Never leaves the engine but in an effect.
    Secret,
}

/// A key that a type reads or writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateKey {
    /// The scope.
    pub scope: Scope,
    /// The key; `*` for keys named by settings or scripts.
    pub key: Cow<'static, str>,
    /// The setting that names the key, where one does.
    pub named_by: Option<Cow<'static, str>>,
    /// Its type.
    pub ty: Type,
    /// How secret it is.
    pub secrecy: Secrecy,
    /// Reads: the node cannot work without it. Writes: it is written on every outcome.
    pub always: bool,
}

/// A key that a type takes out of every scope of the state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// The key; `*` for keys named by a setting or a script.
    pub key: Cow<'static, str>,
    /// The setting that names the key, where one does; what is written besides stays.
    pub named_by: Option<Cow<'static, str>>,
    /// The outcome on which it goes; `*` for any.
    pub outcome: Cow<'static, str>,
}

/// What is known of a node type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The name in text: the wire id minus a trailing `Node`.
    pub name: Cow<'static, str>,
    /// The id on the wire.
    pub wire: Cow<'static, str>,
    /// The versions, `1` first.
    pub versions: Cow<'static, [u32]>,
    /// What it does, in one sentence.
    pub summary: Cow<'static, str>,
    /// The settings.
    pub settings: Cow<'static, [Setting]>,
    /// The outcomes.
    pub outcomes: Outcomes,
    /// The callbacks it may send, by their names on the wire.
    pub callbacks: Cow<'static, [Cow<'static, str>]>,
    /// What it reads.
    pub reads: Cow<'static, [StateKey]>,
    /// What it writes.
    pub writes: Cow<'static, [StateKey]>,
    /// What it takes out of the state.
    pub removes: Cow<'static, [Removal]>,
    /// What its outcomes mean.
    pub facts: Cow<'static, [OutcomeFacts]>,
    /// What a run finds that leaves by its outcomes; an outcome without a line finds nothing.
    pub finds: Cow<'static, [Finding]>,
    /// Whether it sends callbacks on every visit, or on none; unknown where some visits ask and others do
    /// not, by what is found in the run.
    pub asks: Known<bool>,
    /// Where it asks for sure, whatever else is unknown.
    pub asks_when: Option<Condition>,
    /// Whether it may suspend the run.
    pub suspends: Known<bool>,
    /// Whether it calls out, and so may fail on its `on error` arrow.
    pub calls_out: Known<bool>,
    /// Where alone it calls out, for a type that does for some settings only.
    pub calls_when: Option<Condition>,
    /// Whether a secret is compared: an effect `Verify`.
    pub verifies: Known<bool>,
    /// Whether it bounds how often it lets a run pass on one of its outcomes, and on which.
    pub limits: Option<Limit>,
    /// Whether it may stand in a page.
    pub page_child: bool,
    /// As the last child of a page it is passed before the others; where it ends in another outcome than
    /// this one, they are not passed at all.
    pub leads_to: Option<Cow<'static, str>>,
    /// The script that nodes of the type run, where it is declared with one.
    pub runs: Option<Runs>,
}

/// A script that is the behaviour of a declared type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runs {
    /// The file as the declaration names it; `extern/NAME` for a text within.
    pub path: Arc<str>,
    /// The text.
    pub text: Arc<str>,
}

/// A bound that a node sets on its own visits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// The Int setting with the bound: the outcome is taken at most that many times in a run.
    pub setting: Cow<'static, str>,
    /// The outcome that is bounded.
    pub outcome: Cow<'static, str>,
}

impl Signature {
    /// A type that is called by this name in text and by this id on the wire.
    ///
    /// It has no settings and the one outcome `outcome`, sends and touches nothing that is declared, and
    /// whether it asks, suspends, calls out or verifies is unknown, which every check reads as the worst.
    /// The other fields say more: `Signature { asks: Known::Is(false), ..Signature::new(…) }`.
    pub fn new(name: impl Into<Cow<'static, str>>, wire: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name: name.into(),
            wire: wire.into(),
            versions: Cow::Borrowed(&[1]),
            summary: Cow::Borrowed(""),
            settings: Cow::Borrowed(&[]),
            outcomes: Outcomes::Fixed(Cow::Borrowed(&[Cow::Borrowed("outcome")])),
            callbacks: Cow::Borrowed(&[]),
            reads: Cow::Borrowed(&[]),
            writes: Cow::Borrowed(&[]),
            removes: Cow::Borrowed(&[]),
            facts: Cow::Borrowed(&[]),
            finds: Cow::Borrowed(&[]),
            asks: Known::Unknown,
            asks_when: None,
            suspends: Known::Unknown,
            calls_out: Known::Unknown,
            calls_when: None,
            verifies: Known::Unknown,
            limits: None,
            page_child: true,
            leads_to: None,
            runs: None,
        }
    }

    /// The setting with this key.
    pub fn setting(&self, key: &str) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.key == key)
    }

    /// What a run finds that leaves a node with these settings by `outcome`; unknown where that is computed.
    pub fn finds<'a>(
        &self,
        outcome: &str,
        setting: impl Fn(&str) -> Option<&'a SettingValue>,
    ) -> Known<Option<GroundKind>> {
        let mut lines = self.finds.iter();
        let Some(line) = lines.find(|line| line.outcome == outcome) else {
            return Known::Is(None);
        };
        match &line.ground {
            Found::Kind(kind) => Known::Is(Some(*kind)),
            Found::BySetting(key) => match setting(key) {
                None => Known::Is(None),
                Some(SettingValue::Computed(_)) => Known::Unknown,
                Some(SettingValue::Constant(value)) => {
                    Known::Is(value.as_text().and_then(GroundKind::of_word))
                }
            },
        }
    }

    /// What leaving by `outcome` means.
    pub fn facts_of(&self, outcome: &str) -> Option<&OutcomeFacts> {
        self.facts
            .iter()
            .find(|facts| facts.outcome == outcome)
            .or_else(|| self.facts.iter().find(|facts| facts.outcome == "*"))
    }

    /// Whether leaving by `outcome` writes the name of the identity, for a node with these settings.
    ///
    /// A type that writes keys which its settings name writes it where one of them is `username`.
    pub fn writes_identity<'a>(
        &self,
        outcome: &str,
        setting: impl Fn(&str) -> Option<&'a SettingValue>,
    ) -> Known<bool> {
        let mut fact = self
            .facts_of(outcome)
            .map_or(Known::Is(false), |facts| facts.writes_identity);
        for key in self.writes.iter() {
            let (Scope::Shared | Scope::Any, Some(named_by)) = (key.scope, &key.named_by) else {
                continue;
            };
            let names = match setting(named_by) {
                Some(setting) => names_identity(setting),
                None => self.setting(named_by).map_or(Known::Is(false), |setting| {
                    names_by_default(&setting.default)
                }),
            };
            match names {
                Known::Is(false) => {}
                Known::Is(true) => return Known::Is(true),
                Known::Unknown => {
                    if fact == Known::Is(false) {
                        fact = Known::Unknown;
                    }
                }
            }
        }
        fact
    }

    /// Whether leaving by `outcome` may name another person than the one named already, for a node with
    /// these settings.
    ///
    /// Who proves a factor that is looked up by the name already there stays who they are; everybody else
    /// whose name is written may be another.
    pub fn renames<'a>(
        &self,
        outcome: &str,
        setting: impl Fn(&str) -> Option<&'a SettingValue>,
    ) -> Known<bool> {
        let writes = self.writes_identity(outcome, &setting);
        let proved = self.proves(outcome, &setting);
        let own = proved.is_some_and(|factor| factor.is_shown() && factor != Factor::Cookie);
        let of_named = self
            .facts_of(outcome)
            .and_then(|facts| facts.of_named.as_ref());
        let needs_name = self
            .reads
            .iter()
            .any(|read| read.always && read.key == "username");
        let same = needs_name
            || of_named.is_some_and(|condition| holds(condition, &setting) == Known::Is(true));
        if own && same {
            Known::Is(false)
        } else {
            writes
        }
    }

    /// The factor that leaving by `outcome` proves, for a node with these settings.
    ///
    /// A session proves whose it is only where its name becomes that of the run.
    pub fn proves<'a>(
        &self,
        outcome: &str,
        setting: impl Fn(&str) -> Option<&'a SettingValue>,
    ) -> Option<Factor> {
        let facts = self.facts_of(outcome)?;
        let factor = facts.proves?;
        if holds(&facts.proves_when, &setting) != Known::Is(true) {
            return None;
        }
        if factor == Factor::Session && self.writes_identity(outcome, setting) != Known::Is(true) {
            return None;
        }
        Some(factor)
    }

    /// Whether leaving by `outcome` changes the account of the user, for a node with these settings.
    pub fn changes_account<'a>(
        &self,
        outcome: &str,
        setting: impl Fn(&str) -> Option<&'a SettingValue>,
    ) -> Known<bool> {
        match self.facts_of(outcome).map(|facts| &facts.account) {
            Some(Account::Changed { when, .. }) => holds(when, &setting),
            Some(Account::Kept | Account::Made) | None => Known::Is(false),
        }
    }

    /// Whether a node with these settings asks on every visit.
    pub fn asks<'a>(&self, setting: impl Fn(&str) -> Option<&'a SettingValue>) -> Known<bool> {
        let sure = |when| holds(when, &setting) == Known::Is(true);
        if self.asks_when.as_ref().is_some_and(sure) {
            return Known::Is(true);
        }
        match self.asks_as_said().and_then(&setting) {
            Some(SettingValue::Constant(Value::Bool(false))) => Known::Is(false),
            _ => self.asks,
        }
    }

    /// The setting by which its author could say whether a node with these settings asks, and has not.
    pub fn asks_unsaid<'a>(
        &self,
        setting: impl Fn(&str) -> Option<&'a SettingValue>,
    ) -> Option<&str> {
        let key = self.asks_as_said()?;
        setting(key).is_none().then_some(key)
    }

    /// The setting by which authors say whether nodes of this type ask on every visit, or on none: one
    /// without a default.
    fn asks_as_said(&self) -> Option<&str> {
        let Some(Condition::IsTrue(key)) = &self.asks_when else {
            return None;
        };
        let setting = self.setting(key)?;
        (setting.default == Preset::None).then_some(&**key)
    }

    /// The setting in which a node with these settings could list what it writes, and says that it may be
    /// anything.
    pub fn writes_unlisted<'a>(
        &self,
        setting: impl Fn(&str) -> Option<&'a SettingValue>,
    ) -> Option<&str> {
        let mut lists = self.writes.iter().filter_map(|key| key.named_by.as_deref());
        lists.find(|key| match setting(key) {
            Some(SettingValue::Constant(Value::List(list))) => {
                list.iter().any(|value| value.as_text() == Some("*"))
            }
            Some(SettingValue::Constant(_) | SettingValue::Computed(_)) => false,
            None => self
                .setting(key)
                .is_some_and(|setting| names_by_default(&setting.default) == Known::Unknown),
        })
    }

    /// Whether a node with these settings calls out.
    pub fn calls<'a>(&self, setting: impl Fn(&str) -> Option<&'a SettingValue>) -> Known<bool> {
        match &self.calls_when {
            Some(when) if holds(when, &setting) == Known::Is(false) => Known::Is(false),
            _ => self.calls_out,
        }
    }

    /// Of whom `outcome` can be taken, for a node with these settings.
    pub fn presence<'a>(
        &self,
        outcome: &str,
        setting: impl Fn(&str) -> Option<&'a SettingValue>,
    ) -> Known<Presence> {
        let Some(facts) = self.facts_of(outcome) else {
            return Known::Unknown;
        };
        let Some((key, instead)) = &facts.presence_where else {
            return facts.presence;
        };
        match setting(key) {
            Some(SettingValue::Constant(Value::Bool(true))) => *instead,
            Some(SettingValue::Computed(_)) => Known::Unknown,
            Some(SettingValue::Constant(_)) | None => facts.presence,
        }
    }

    /// The level claimed by a setting, held to the bounds of levels.
    pub fn level_setting(value: &Value) -> Option<AuthLevel> {
        value.as_int().map(AuthLevel::saturating)
    }
}

/// Whether a condition on the settings of a node holds; unknown where one of them is computed.
fn holds<'a>(
    condition: &Condition,
    setting: &impl Fn(&str) -> Option<&'a SettingValue>,
) -> Known<bool> {
    let is = |key: &str, fits: &dyn Fn(Option<&Value>) -> bool| match setting(key) {
        Some(SettingValue::Computed(_)) => Known::Unknown,
        Some(SettingValue::Constant(value)) => Known::Is(fits(Some(value))),
        None => Known::Is(fits(None)),
    };
    let mut worst = Known::Is(true);
    // BOUND: conditions are those of the catalogue, a few lines each.
    let mut open = vec![condition];
    while let Some(condition) = open.pop() {
        let holds = match condition {
            Condition::Always => Known::Is(true),
            Condition::IsTrue(key) => is(key, &|v| v.and_then(Value::as_bool) == Some(true)),
            Condition::IsFalse(key) => is(key, &|v| v.and_then(Value::as_bool) != Some(true)),
            Condition::Positive(key) => is(key, &|v| v.is_some_and(Value::is_positive)),
            Condition::Is(key, word) => is(key, &|v| {
                v.and_then(Value::as_text)
                    .is_some_and(|text| *text == **word)
            }),
            Condition::EachOf(_) => Known::Unknown,
            Condition::Both(parts) => {
                open.extend(parts.iter());
                continue;
            }
        };
        match holds {
            Known::Is(true) => {}
            Known::Is(false) => return Known::Is(false),
            Known::Unknown => worst = Known::Unknown,
        }
    }
    worst
}

/// Whether a setting that names keys of the state names that of the identity.
pub(crate) fn names_identity(setting: &SettingValue) -> Known<bool> {
    const KEY: &str = "username";
    let is_key = |value: &Value| value.as_text() == Some(KEY);
    match setting {
        SettingValue::Computed(_) => Known::Unknown,
        // A star in a list stands for keys that nobody names.
        SettingValue::Constant(Value::List(list)) => {
            if list.iter().any(is_key) {
                Known::Is(true)
            } else if list.iter().any(|value| value.as_text() == Some("*")) {
                Known::Unknown
            } else {
                Known::Is(false)
            }
        }
        // A map names keys on its left or on its right: either may be meant.
        SettingValue::Constant(Value::Map(map)) => {
            Known::Is(map.contains_key(KEY) || map.values().any(is_key))
        }
        SettingValue::Constant(value) => Known::Is(is_key(value)),
    }
}

/// The same, where the author wrote no setting.
fn names_by_default(default: &Preset) -> Known<bool> {
    match default {
        Preset::Texts(names) if names.iter().any(|name| name == "username") => Known::Is(true),
        Preset::Texts(names) if names.iter().any(|name| name == "*") => Known::Unknown,
        Preset::Text(name) => Known::Is(name == "username"),
        Preset::Value(value) => names_identity(&SettingValue::Constant(value.clone())),
        _ => Known::Is(false),
    }
}
