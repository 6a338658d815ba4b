//! What is asked of the store of identities: find one, make one, change one, judge values before that.
//!
//! Names of attributes are the store's, letter case does not matter. Names that begin with `_` are what
//! the store knows of an identity by itself: `_createDate` (ISO 8601), `_loginCount`, `_termsAccepted`;
//! they can be read and, apart from `_createDate` and `_id`, changed like others, under any name that
//! begins so.
//!
//! A value that is a secret, or has one in it, is stored as a hash of it: passwords, and the answers to
//! security questions, which are a list of `{questionId or customQuestion, answer}`.

use std::{collections::BTreeMap, sync::Arc};

use super::Who;
use crate::{engine::callback::FailedPolicy, filter::Filter, model::value::Value};

/// The attributes under which tries of a user are counted begin so; a login takes them away.
pub const RETRIES: &str = "_retry/";

/// Find the one identity that a filter holds for.
///
/// The reply is `Identity(None)` where there is none and where there are several: whoever is not told
/// apart is not found.
#[derive(Debug, Clone, PartialEq)]
pub struct FindIdentity {
    /// What must hold.
    pub filter: Filter,
    /// The attributes wanted.
    pub attributes: Vec<Arc<str>>,
}

/// Make an identity.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateIdentity {
    /// What kind of object: `managed/user`, or the embedder's own.
    pub resource: Arc<str>,
    /// The attributes; the name among them, and the password where there is one.
    pub attributes: BTreeMap<Arc<str>, Value>,
}

/// Change an identity.
#[derive(Debug, Clone, PartialEq)]
pub struct PatchIdentity {
    /// What kind of object.
    pub resource: Arc<str>,
    /// Who.
    pub who: Who,
    /// What to do, in order; all of it or nothing.
    pub changes: Vec<(Arc<str>, Change)>,
    /// The attributes wanted of what it is then.
    pub attributes: Vec<Arc<str>>,
}

/// What happens to one attribute.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// It has this value.
    Set(Value),
    /// It is gone.
    Remove,
    /// It is more by so much; what is not there is 0.
    Add(i64),
}

/// Judge values before they are written, and tell what the schema says.
#[derive(Debug, Clone, PartialEq)]
pub struct Judge {
    /// What kind of object.
    pub resource: Arc<str>,
    /// Whose values they would be; `None` for somebody to be made.
    pub who: Option<Who>,
    /// The attributes asked about; where there are none, all that the schema knows, in its order.
    pub attributes: Vec<Arc<str>>,
    /// The values to judge; an attribute without one is only described.
    pub values: BTreeMap<Arc<str>, Value>,
}

/// What is known of one attribute.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "these are the flags of a schema, each on its own"
)]
pub struct Judgement {
    /// The attribute, as the schema spells it.
    pub attribute: Arc<str>,
    /// What values it takes; `None` where the schema does not know it.
    pub shape: Option<Shape>,
    /// What to show of it.
    pub title: String,
    /// Whether every identity must have it.
    pub required: bool,
    /// Whether its value is a secret: it goes in and never comes out.
    pub secret: bool,
    /// Whether its owner may see it.
    pub viewable: bool,
    /// Whether its owner may change it.
    pub editable: bool,
    /// The policies, as clients expect them.
    pub policies: serde_json::Value,
    /// Those that the value would not meet; empty where there was no value.
    pub failed: Vec<FailedPolicy>,
}

/// What values an attribute takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Texts.
    Text,
    /// Numbers.
    Number,
    /// Yes or no.
    Flag,
    /// Lists.
    List,
    /// Objects.
    Object,
}

/// Why something was not written.
#[derive(Debug, Clone, PartialEq)]
pub struct Unmet {
    /// The attribute.
    pub attribute: Arc<str>,
    /// The policies that its value does not meet; `UNIQUE` where another has it.
    pub failed: Vec<FailedPolicy>,
}

/// A document that belongs to a realm and not to a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Document {
    /// The terms in force: `{version, createDate, text: {locale: …}}`.
    Terms,
    /// Security questions: `{questions: {id: {locale: …}}, minimumAnswersToDefine, minimumAnswersToVerify}`.
    SecurityQuestions,
    /// Mappings that need consent: a list of `{name, displayName, icon, accessLevel, required, fields}`.
    Consent,
}
