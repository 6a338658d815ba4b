//! Policies: what must hold of one value.
//!
//! The identifiers, requirements and parameters are those of the field's default policies, so that clients
//! show the messages they have.

use std::{collections::BTreeSet, sync::Arc};

use regex_lite::Regex;
use serde_json::{Map, Value as Json, json};
use wayfare::{Value, engine::callback::FailedPolicy};

/// A policy of an attribute, as its schema names it.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Its identifier: `minimum-length`.
    pub id: Arc<str>,
    /// The parameters as written.
    pub params: Map<String, Json>,
    /// What it asks.
    pub rule: Rule,
}

impl PartialEq for Policy {
    fn eq(&self, other: &Self) -> bool {
        // The rule follows from the two.
        self.id == other.id && self.params == other.params
    }
}

/// What a policy asks of a value.
#[derive(Debug, Clone)]
pub enum Rule {
    /// It is there and not empty.
    Required,
    /// It is of one of these types of JSON.
    Type(Vec<Arc<str>>),
    /// No other profile has it.
    Unique,
    /// It has at least so many characters.
    MinLength(usize),
    /// It has at most so many characters.
    MaxLength(usize),
    /// It has at least so many capital letters.
    Capitals(usize),
    /// It has at least so many digits.
    Digits(usize),
    /// None of these attributes of the same profile is in it; letter case does not matter.
    NotContaining(Vec<Arc<str>>),
    /// None of these texts is in it.
    NotCharacters(Vec<String>),
    /// Nothing like an address of electronic mail.
    Mail,
    /// No digits, nor signs that no name has.
    Name,
    /// A number of a telephone.
    Phone,
    /// A date, by RFC 3339 or the first ten letters of it.
    Date,
    /// A number.
    Number,
    /// A number that is at least this.
    Least(f64),
    /// A number that is at most this.
    Most(f64),
    /// It has something that this finds.
    Matches(Regex),
}

/// How long a pattern may be, in bytes.
const PATTERN_BYTES_MAX: usize = 1024;

impl Policy {
    /// The policy of this name; the error says what is wrong with it.
    pub(crate) fn of(id: &str, params: &Map<String, Json>) -> Result<Self, String> {
        Ok(Self {
            id: Arc::from(id),
            params: params.clone(),
            rule: Rule::of(id, params)?,
        })
    }

    /// What clients call the requirement.
    pub fn requirement(&self) -> &'static str {
        match &self.rule {
            Rule::Required => "REQUIRED",
            Rule::Type(_) => "VALID_TYPE",
            Rule::Unique if &*self.id == "valid-username" => "VALID_USERNAME",
            Rule::Unique => "UNIQUE",
            Rule::MinLength(_) => "MIN_LENGTH",
            Rule::MaxLength(_) => "MAX_LENGTH",
            Rule::Capitals(_) => "AT_LEAST_X_CAPITAL_LETTERS",
            Rule::Digits(_) => "AT_LEAST_X_NUMBERS",
            Rule::NotContaining(_) => "CANNOT_CONTAIN_OTHERS",
            Rule::NotCharacters(_) => "CANNOT_CONTAIN_CHARACTERS",
            Rule::Mail => "VALID_EMAIL_ADDRESS_FORMAT",
            Rule::Name => "VALID_NAME_FORMAT",
            Rule::Phone => "VALID_PHONE_FORMAT",
            Rule::Date => "VALID_DATE",
            Rule::Number => "VALID_NUMBER",
            Rule::Least(_) => "MIN_NUMBER_VALUE",
            Rule::Most(_) => "MAX_NUMBER_VALUE",
            Rule::Matches(_) => "MATCH_REGEXP",
        }
    }

    /// The policy as clients are told of it.
    pub fn to_json(&self) -> Json {
        let mut told = json!({
            "policyRequirements": [self.requirement()],
            "policyId": &*self.id,
        });
        if let (Some(told), false) = (told.as_object_mut(), self.params.is_empty()) {
            told.insert("params".to_owned(), Json::Object(self.params.clone()));
        }
        told
    }

    /// The failure of it, as clients are told of one.
    pub(crate) fn failed(&self, also: Option<(&str, Json)>) -> FailedPolicy {
        let mut params = self.params.clone();
        params.extend(also.map(|(name, value)| (name.to_owned(), value)));
        FailedPolicy {
            requirement: Arc::from(self.requirement()),
            params: Json::Object(params),
        }
    }
}

impl Rule {
    fn of(id: &str, params: &Map<String, Json>) -> Result<Self, String> {
        let count = |name: &str| {
            let found = params.get(name).and_then(|value| match value {
                Json::Number(number) => number.as_u64(),
                Json::String(text) => text.parse().ok(),
                _ => None,
            });
            let count = found.and_then(|count| usize::try_from(count).ok());
            count.ok_or_else(|| format!("policy `{id}` needs `{name}`, a whole number"))
        };
        let bound = |name: &str| {
            let found = params.get(name).and_then(Json::as_f64);
            found.ok_or_else(|| format!("policy `{id}` needs `{name}`, a number"))
        };
        let texts = |name: &str| -> Result<Vec<String>, String> {
            let wrong = || format!("policy `{id}` needs `{name}`, a list of texts");
            match params.get(name).ok_or_else(wrong)? {
                Json::String(text) => {
                    Ok(text.split(',').map(|part| part.trim().to_owned()).collect())
                }
                Json::Array(list) => list
                    .iter()
                    .map(|text| text.as_str().map(str::to_owned).ok_or_else(wrong))
                    .collect(),
                _ => Err(wrong()),
            }
        };
        let names = |name: &str| texts(name).map(|list| list.into_iter().map(Arc::from).collect());
        Ok(match id {
            "required" | "not-empty" | "not-null" => Self::Required,
            "valid-type" => Self::Type(names("types")?),
            "unique" | "valid-username" => Self::Unique,
            "minimum-length" => Self::MinLength(count("minLength")?),
            "maximum-length" => Self::MaxLength(count("maxLength")?),
            "at-least-X-capitals" => Self::Capitals(count("numCaps")?),
            "at-least-X-numbers" => Self::Digits(count("numNums")?),
            "cannot-contain-others" => Self::NotContaining(names("disallowedFields")?),
            "cannot-contain-characters" => Self::NotCharacters(texts("forbiddenChars")?),
            "valid-email-address-format" => Self::Mail,
            "valid-name-format" => Self::Name,
            "valid-phone-format" => Self::Phone,
            "valid-date" => Self::Date,
            "valid-number" => Self::Number,
            "minimum-number-value" => Self::Least(bound("minimum")?),
            "maximum-number-value" => Self::Most(bound("maximum")?),
            "regexpMatches" => Self::pattern(id, params)?,
            _ => return Err(format!("there is no policy `{id}`")),
        })
    }

    fn pattern(id: &str, params: &Map<String, Json>) -> Result<Self, String> {
        let pattern = params.get("regexp").and_then(Json::as_str);
        let pattern = pattern.ok_or_else(|| format!("policy `{id}` needs `regexp`, a text"))?;
        if pattern.len() > PATTERN_BYTES_MAX {
            return Err(format!(
                "policy `{id}` has a pattern of more than {PATTERN_BYTES_MAX} bytes"
            ));
        }
        let flags = params.get("flags").and_then(Json::as_str).unwrap_or("");
        let known: BTreeSet<char> = flags.chars().filter(|flag| "ims".contains(*flag)).collect();
        let flags: String = known.into_iter().collect();
        let whole = if flags.is_empty() {
            pattern.to_owned()
        } else {
            format!("(?{flags}){pattern}")
        };
        Regex::new(&whole)
            .map(Self::Matches)
            .map_err(|error| format!("policy `{id}` has a pattern that cannot be read: {error}"))
    }

    /// Whether it holds for a text; what is no text is no reason here.
    pub(crate) fn holds_for_text(
        &self,
        text: &str,
        other: &dyn Fn(&str) -> Option<String>,
    ) -> bool {
        match self {
            Self::Required => !text.trim().is_empty(),
            Self::MinLength(least) => text.chars().count() >= *least,
            Self::MaxLength(most) => text.chars().count() <= *most,
            Self::Capitals(least) => text.chars().filter(|c| c.is_uppercase()).count() >= *least,
            Self::Digits(least) => text.chars().filter(char::is_ascii_digit).count() >= *least,
            Self::NotContaining(_) => self.contained(text, other).is_none(),
            Self::NotCharacters(texts) => !texts
                .iter()
                .any(|part| !part.is_empty() && text.contains(part.as_str())),
            Self::Mail => is_mail(text),
            Self::Name => !text
                .chars()
                .any(|c| c.is_ascii_digit() || "!#$%&*+/:;<=>?@[\\]^{|}~\"()_".contains(c)),
            Self::Phone => is_phone(text),
            Self::Date => is_date(text),
            Self::Number | Self::Least(_) | Self::Most(_) => text
                .parse()
                .is_ok_and(|number: f64| self.holds_for_number(number)),
            Self::Matches(pattern) => pattern.is_match(text),
            Self::Type(_) | Self::Unique => true,
        }
    }

    /// Whether it holds for a number.
    pub(crate) fn holds_for_number(&self, number: f64) -> bool {
        match self {
            Self::Least(least) => number >= *least,
            Self::Most(most) => number <= *most,
            _ => number.is_finite(),
        }
    }

    /// Whether it holds for a value of this type of JSON.
    pub(crate) fn holds_for_type(&self, value: &Value) -> bool {
        let Self::Type(types) = self else {
            return true;
        };
        let ty = type_of(value);
        types.iter().any(|wanted| {
            **wanted == *ty || (&**wanted == "number" && ty == "integer") || &**wanted == "any"
        })
    }

    /// The attribute whose value is in the text.
    pub(crate) fn contained<'s>(
        &'s self,
        text: &str,
        other: &dyn Fn(&str) -> Option<String>,
    ) -> Option<&'s Arc<str>> {
        let Self::NotContaining(names) = self else {
            return None;
        };
        let text = text.to_lowercase();
        names.iter().find(|name| {
            let other = other(name).map(|other| other.to_lowercase());
            other.is_some_and(|other| !other.is_empty() && text.contains(&other))
        })
    }
}

/// The type of JSON that a value is written as.
pub(crate) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null | Value::SecretParameter(_) => "null",
        Value::Bool(_) => "boolean",
        Value::Int(_) | Value::Size(_) | Value::Duration(_) => "integer",
        Value::Decimal(_) => "number",
        Value::Text(_) | Value::Localized(_) | Value::Secret(_) => "string",
        Value::List(_) => "array",
        Value::Map(_) => "object",
        // A kind that comes later has no type here, so it fits nothing.
        _ => "unknown",
    }
}

/// What people write as an address: one `@`, something before it, a domain with a dot and no blanks.
fn is_mail(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let atom = |atom: &str| {
        !atom.is_empty()
            && atom
                .chars()
                .all(|c| c.is_alphanumeric() || "!#$%&'*+/=?^_`{|}~-".contains(c))
    };
    text.len() <= 254
        && local.len() <= 64
        && local.split('.').all(atom)
        && domain.contains('.')
        && domain.split('.').all(label)
}

fn is_phone(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let rest = text.strip_prefix('+').unwrap_or(text);
    (3..=20).contains(&digits)
        && rest
            .chars()
            .all(|c| c.is_ascii_digit() || " -./()".contains(c))
}

/// `2026-11-22`, or with a time after it that begins with `T`.
fn is_date(text: &str) -> bool {
    let (date, time) = text.split_once('T').unwrap_or((text, ""));
    let mut parts = date.split('-');
    let mut part = |digits: usize| {
        let part = parts.next()?;
        let is_number = part.len() == digits && part.bytes().all(|b| b.is_ascii_digit());
        is_number.then(|| part.parse::<u32>().ok()).flatten()
    };
    let (Some(year), Some(month), Some(day)) = (part(4), part(2), part(2)) else {
        return false;
    };
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let last = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        _ => 0,
    };
    parts.next().is_none()
        && (1..=last).contains(&day)
        && time
            .bytes()
            .all(|b| b.is_ascii_digit() || b":.Z+-".contains(&b))
}
