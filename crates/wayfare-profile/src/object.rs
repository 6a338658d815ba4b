//! One profile: its attributes as a store keeps them, as others see them, and as changes leave them.
//!
//! Names are compared without letter case. A name that begins with `_` belongs to the store and not to the
//! schema: [`ID`], [`CREATED`], [`LOGINS`], [`TERMS`], and whatever else nodes note of a user. A value that
//! is secret, or has one in it, goes in and never comes out.

use std::{collections::BTreeMap, sync::Arc};

use unicode_normalization::UnicodeNormalization as _;
use wayfare::{
    Secret, Value,
    engine::{
        callback::FailedPolicy,
        effect::{Change, Shape, Unmet},
    },
    filter::Pointer,
};

use crate::{
    nested,
    schema::{Schema, Store},
};

/// The attribute that holds the canonical id.
pub const ID: &str = "_id";
/// The attribute that says when the profile was made.
pub const CREATED: &str = "_createDate";
/// The attribute that counts logins.
pub const LOGINS: &str = "_loginCount";
/// The attribute that says which terms were accepted, and when.
pub const TERMS: &str = "_termsAccepted";
/// The attribute that says whether the account is active: `active` or `inactive`.
pub const STATUS: &str = "accountStatus";
/// The attribute that passwords are given under.
pub const PASSWORD: &str = "password";

/// The attribute that holds to whom at providers an account is linked; no two accounts are linked to the same.
pub const LINKS: &str = "aliasList";

/// The attribute that says when the password was given: what was handed out before it is void.
pub const PASSWORD_DATE: &str = "_passwordDate";

/// The member of a security question that is its answer.
const ANSWER: &str = "answer";

/// The attribute that says that an account is an agent's; whoever runs the store writes it.
pub const AGENT: &str = "_agent";

/// How deep lists and objects of a value are looked through.
const DEPTH_MAX: u32 = 16;

/// Why changes come to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// Something is to be added to what is no whole number.
    #[error("the attribute `{0}` holds no whole number")]
    NoNumber(Arc<str>),
}

/// Whether objects of this kind are users: `managed/user`, and what other realms call them, such as
/// `managed/alpha_user`.
pub fn is_users(resource: &str) -> bool {
    resource
        .strip_prefix("managed/")
        .is_some_and(|kind| kind == "user" || kind.ends_with("_user"))
}

/// Whether an attribute belongs to the store and not to the schema.
pub fn is_own(name: &str) -> bool {
    name.starts_with('_')
}

/// A value by its name, or by the path to it; letter case does not matter.
pub fn find<'v>(values: &'v BTreeMap<Arc<str>, Value>, name: &str) -> Option<&'v Value> {
    values.get(name).or_else(|| Pointer::of(name).find(values))
}

/// What of a value may be seen: `None` of a secret, and lists and objects without what is secret in them.
pub fn seen(value: &Value) -> Option<Value> {
    without_secrets(value, DEPTH_MAX)
}

/// BOUND: as deep as `depth`; what lies deeper is not seen.
fn without_secrets(value: &Value, depth: u32) -> Option<Value> {
    match value {
        Value::Secret(_) | Value::SecretParameter(_) => None,
        Value::List(_) | Value::Map(_) if depth == 0 => None,
        Value::List(list) => {
            let seen = list
                .iter()
                .filter_map(|item| without_secrets(item, depth - 1));
            Some(Value::List(seen.collect()))
        }
        Value::Map(map) => {
            let seen = map.iter().filter_map(|(key, item)| {
                Some((Arc::clone(key), without_secrets(item, depth - 1)?))
            });
            Some(Value::Map(Arc::new(seen.collect())))
        }
        other => Some(other.clone()),
    }
}

/// The secrets in a value, each with its place: names and numbers with `/` between them, empty where the
/// value is the secret itself. Answers to security questions are as [`answer_key`] has them.
pub fn secrets(value: &Value) -> Vec<(String, Secret<String>)> {
    let mut found = Vec::new();
    gather(value, String::new(), DEPTH_MAX, &mut found);
    found
}

/// The place of the answer to one of several security questions.
pub fn answer_place(number: usize) -> String {
    format!("{number}/{ANSWER}")
}

/// BOUND: as deep as `depth`; what lies deeper is not kept at all.
fn gather(value: &Value, place: String, depth: u32, found: &mut Vec<(String, Secret<String>)>) {
    let below = |name: &str| match place.as_str() {
        "" => name.to_owned(),
        place => format!("{place}/{name}"),
    };
    match value {
        Value::Secret(secret) if place.ends_with(ANSWER) => {
            found.push((place, answer_key(secret)));
        }
        Value::Secret(secret) => found.push((place, secret.clone())),
        Value::List(list) if depth > 0 => {
            for (at, item) in list.iter().enumerate() {
                gather(item, below(&at.to_string()), depth - 1, found);
            }
        }
        Value::Map(map) if depth > 0 => {
            for (name, item) in map.iter() {
                gather(item, below(name), depth - 1, found);
            }
        }
        _ => {}
    }
}

/// The answer to a security question as it is kept and compared: letter case and blanks around it or
/// doubled in it do not matter to whoever answers years later.
pub fn answer_key(answer: &Secret<String>) -> Secret<String> {
    let words: Vec<&str> = answer.reveal().split_whitespace().collect();
    Secret::new(wayfare::filter::folded(&words.join(" ")))
}

impl Schema {
    /// The name as the schema spells it; as it is where the schema does not know it.
    pub fn spelled(&self, name: &Arc<str>) -> Arc<str> {
        self.attribute(name).map_or_else(
            || {
                name.strip_prefix('/')
                    .map_or_else(|| Arc::clone(name), Arc::from)
            },
            |known| Arc::clone(&known.name),
        )
    }

    /// A value as it is kept: a text in the one form that equal texts have, names within objects as the schema
    /// spells them, and what the schema calls secret is one, however it came.
    ///
    /// Of an attribute that is a list, it is the member `answer` of each element.
    pub fn kept(&self, name: &str, value: &Value) -> Value {
        self.kept_within(name, value, DEPTH_MAX)
    }

    /// BOUND: as deep as `depth`; what lies deeper is left as it is, and no store keeps it.
    fn kept_within(&self, name: &str, value: &Value, depth: u32) -> Value {
        let Some(attribute) = self.attribute(name).filter(|known| known.secret) else {
            return match value {
                Value::Map(map) if depth > 0 => {
                    let members = map.iter().filter_map(|(member, value)| {
                        let path: Arc<str> = Arc::from(format!("{name}/{member}"));
                        let known = self.attribute(&path);
                        // What is empty is not there, as among the attributes themselves.
                        (known.is_none() || *value != Value::Null).then(|| {
                            let spelled = known.map_or(member, |known| &known.name);
                            let last = spelled.rsplit('/').next().unwrap_or(spelled);
                            let member = if known.is_some() { last } else { member };
                            let value = self.kept_within(&path, value, depth - 1);
                            (Arc::from(member), value)
                        })
                    });
                    Value::Map(Arc::new(members.collect()))
                }
                other => composed(other),
            };
        };
        match (attribute.shape, value) {
            // Nothing is no secret: nobody must get in by leaving a field empty.
            (_, Value::Text(text)) if text.is_empty() => Value::Null,
            (_, Value::Secret(text)) if text.reveal().is_empty() => Value::Null,
            (_, Value::Text(text)) => Value::Secret(Secret::from(&**text)),
            (Shape::List, Value::List(list)) => Value::List(list.iter().map(with_answer).collect()),
            _ => value.clone(),
        }
    }

    /// What a user that is to be made holds, with the names as the schema spells them; what was given by its
    /// path stands in its object.
    pub fn made(&self, given: &BTreeMap<Arc<str>, Value>) -> BTreeMap<Arc<str>, Value> {
        let mut made = BTreeMap::new();
        self.add(&mut made, given);
        made.retain(|_, value| *value != Value::Null);
        made
    }

    /// These values with those in their place.
    pub fn overlaid(
        &self,
        values: &BTreeMap<Arc<str>, Value>,
        with: &BTreeMap<Arc<str>, Value>,
    ) -> BTreeMap<Arc<str>, Value> {
        let mut all = values.clone();
        self.add(&mut all, with);
        all
    }

    fn add(&self, to: &mut BTreeMap<Arc<str>, Value>, given: &BTreeMap<Arc<str>, Value>) {
        // An object comes before what is within it, for so names are in order.
        for (name, value) in given {
            let name = self.spelled(name);
            let value = self.kept(&name, value);
            nested::put(to, &name, value);
        }
    }

    /// What changes leave of the attributes that they name; `Null` where one is gone. Of a change within an
    /// object, it is the whole object.
    ///
    /// # Errors
    /// Something is to be added to what is no whole number.
    pub fn changed(
        &self,
        before: &BTreeMap<Arc<str>, Value>,
        changes: &[(Arc<str>, Change)],
    ) -> Result<BTreeMap<Arc<str>, Value>, ChangeError> {
        let mut after: BTreeMap<Arc<str>, Value> = BTreeMap::new();
        for (name, change) in changes {
            let name = self.spelled(name);
            let outer = self.spelled(&Arc::from(nested::outer(&name)));
            if !after.keys().any(|known| known.eq_ignore_ascii_case(&outer)) {
                let known = find(before, &outer).cloned();
                after.insert(Arc::clone(&outer), known.unwrap_or(Value::Null));
            }
            let value = match change {
                Change::Set(value) => self.kept(&name, value),
                Change::Remove => Value::Null,
                Change::Add(by) => match find(&after, &name) {
                    None | Some(Value::Null) => Value::Int(*by),
                    Some(Value::Int(number)) => Value::Int(number.saturating_add(*by)),
                    Some(_) => return Err(ChangeError::NoNumber(name)),
                },
            };
            nested::put(&mut after, &name, value);
        }
        Ok(after)
    }

    /// Why a user cannot be made with these values; empty where one can.
    ///
    /// # Errors
    /// The store cannot be asked whether a value is taken.
    pub fn refuses_new<S: Store>(
        &self,
        values: &BTreeMap<Arc<str>, Value>,
        store: &S,
    ) -> Result<Vec<Unmet>, S::Error> {
        let (own, others) = apart(values);
        let mut unmet = self.unmet(&others, store)?;
        unmet.extend(read_only(&own));
        unmet.extend(bad_status(&others));
        Ok(unmet)
    }

    /// Why these values cannot be written to a user that holds those; empty where they can.
    ///
    /// # Errors
    /// The store cannot be asked whether a value is taken.
    pub fn refuses<S: Store>(
        &self,
        values: &BTreeMap<Arc<str>, Value>,
        before: &BTreeMap<Arc<str>, Value>,
        store: &S,
    ) -> Result<Vec<Unmet>, S::Error> {
        let (own, others) = apart(values);
        let mut unmet = self.unmet_changes(&others, before, store)?;
        unmet.extend(read_only(&own));
        unmet.extend(bad_status(&others));
        Ok(unmet)
    }
}

/// The values that belong to the store, and the others.
fn apart(
    values: &BTreeMap<Arc<str>, Value>,
) -> (BTreeMap<Arc<str>, Value>, BTreeMap<Arc<str>, Value>) {
    values
        .clone()
        .into_iter()
        .partition(|(name, _)| is_own(name))
}

fn refused(attribute: &Arc<str>, requirement: &str) -> Unmet {
    Unmet {
        attribute: Arc::clone(attribute),
        failed: vec![FailedPolicy {
            requirement: Arc::from(requirement),
            params: serde_json::json!({}),
        }],
    }
}

fn read_only(own: &BTreeMap<Arc<str>, Value>) -> impl Iterator<Item = Unmet> {
    own.keys()
        .filter(|name| {
            [ID, CREATED, PASSWORD_DATE, AGENT]
                .iter()
                .any(|own| own.eq_ignore_ascii_case(name))
        })
        .map(|name| refused(name, "READ_ONLY"))
}

fn bad_status(values: &BTreeMap<Arc<str>, Value>) -> Option<Unmet> {
    let (name, value) = values
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(STATUS))?;
    is_active(value)
        .is_none()
        .then(|| refused(name, "VALID_STATUS"))
}

/// Whether a status means that the account is active; `None` where it is no status.
pub fn is_active(status: &Value) -> Option<bool> {
    match status.as_text()? {
        text if text.eq_ignore_ascii_case("active") => Some(true),
        text if text.eq_ignore_ascii_case("inactive") => Some(false),
        _ => None,
    }
}

/// The same text in NFC.
fn composed(value: &Value) -> Value {
    match value {
        Value::Text(text) if !text.is_ascii() => Value::text(text.nfc().collect::<String>()),
        other => other.clone(),
    }
}

fn with_answer(item: &Value) -> Value {
    let Value::Map(map) = item else {
        return item.clone();
    };
    let members = map.iter().map(|(key, value)| {
        let value = match value {
            Value::Text(text) if &**key == ANSWER => Value::Secret(Secret::from(&**text)),
            other => other.clone(),
        };
        (Arc::clone(key), value)
    });
    Value::Map(Arc::new(members.collect()))
}
