//! From claims of a provider to attributes of users here.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Map, Value as Json};
use wayfare::{Decimal, Value};

use super::BOUNDS;
use crate::json::{Ignored, read};

/// How many characters a subject has at most (OIDC Core, section 2).
const SUBJECT_MAX: usize = 255;
/// How deep claims are looked into.
const DEPTH_MAX: u32 = 8;

/// What a provider says of somebody.
#[derive(Debug, Clone, PartialEq)]
pub struct Claims(pub Map<String, Json>);

/// Which claim is which attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// The claim that never belongs to anybody else.
    pub subject: String,
    /// The claims for each attribute; the first that is there counts.
    pub attributes: BTreeMap<String, Vec<String>>,
}

impl Default for Mapping {
    fn default() -> Self {
        let attribute = |name: &str, claims: &[&str]| {
            let claims = claims.iter().map(|claim| (*claim).to_owned());
            (name.to_owned(), claims.collect())
        };
        Self {
            subject: "sub".to_owned(),
            attributes: BTreeMap::from([
                attribute("userName", &["preferred_username", "email"]),
                attribute("givenName", &["given_name"]),
                attribute("sn", &["family_name"]),
                attribute("mail", &["email"]),
            ]),
        }
    }
}

/// Claims say nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// They cannot be read.
    #[error("the claims cannot be read")]
    Unreadable,
    /// The claim that says who it is, is missing or unfit.
    #[error("the claims do not say who it is")]
    Nobody,
    /// They are about somebody else than the token.
    #[error("the claims are about somebody else")]
    Other,
}

impl Claims {
    /// The claims that a provider sends as JSON.
    ///
    /// # Errors
    /// It is no object within the bounds.
    pub fn read(bytes: &[u8]) -> Result<Self, MappingError> {
        read::<Ignored>(bytes, BOUNDS).map_err(|_| MappingError::Unreadable)?;
        let map = serde_json::from_slice(bytes).map_err(|_| MappingError::Unreadable)?;
        Ok(Self(map))
    }

    /// These claims with more that the provider sends of the same person: what stands in a signed token stays.
    ///
    /// # Errors
    /// They are about somebody else (OIDC Core, section 5.3.2).
    pub fn and(mut self, more: Self) -> Result<Self, MappingError> {
        if more.0.get("sub").is_none() || more.0.get("sub") != self.0.get("sub") {
            return Err(MappingError::Other);
        }
        for (name, value) in more.0 {
            self.0.entry(name).or_insert(value);
        }
        Ok(self)
    }

    /// Who it is.
    ///
    /// # Errors
    /// It is not said.
    pub fn subject(&self, mapping: &Mapping) -> Result<Arc<str>, MappingError> {
        let subject = match self.find(&mapping.subject) {
            Some(Json::String(text)) => text.clone(),
            Some(Json::Number(number)) => number.to_string(),
            _ => return Err(MappingError::Nobody),
        };
        let fits = !subject.is_empty()
            && subject.chars().count() <= SUBJECT_MAX
            && !subject.chars().any(char::is_control);
        if fits {
            Ok(Arc::from(subject))
        } else {
            Err(MappingError::Nobody)
        }
    }

    /// The mail address, where the provider says that it is this person's.
    pub fn verified_mail(&self) -> Option<&str> {
        let mail = self.0.get("email")?.as_str()?;
        (self.is_verified() == Some(true)).then_some(mail)
    }

    /// What the provider says of whose the mail address is; some say it as a text.
    fn is_verified(&self) -> Option<bool> {
        match self.0.get("email_verified")? {
            Json::Bool(verified) => Some(*verified),
            Json::String(text) => Some(text == "true"),
            _ => Some(false),
        }
    }

    /// The attributes.
    pub fn attributes(&self, mapping: &Mapping) -> BTreeMap<Arc<str>, Value> {
        let mut attributes = BTreeMap::new();
        for (name, claims) in &mapping.attributes {
            let usable = |claim: &&String| {
                // An address that the provider does not vouch for would be anybody's.
                claim.as_str() != "email" || self.is_verified() != Some(false)
            };
            let found = claims.iter().filter(usable);
            let found = found.filter_map(|claim| value(self.find(claim)?, DEPTH_MAX));
            if let Some(value) = found.into_iter().next() {
                attributes.insert(Arc::from(name.as_str()), value);
            }
        }
        attributes
    }

    /// All of it, as a value.
    pub fn raw(&self) -> Value {
        value(&Json::Object(self.0.clone()), DEPTH_MAX).unwrap_or(Value::Null)
    }

    /// A claim by its name, or by the path to it.
    fn find(&self, path: &str) -> Option<&Json> {
        if let Some(claim) = self.0.get(path) {
            return Some(claim);
        }
        let mut parts = path.split('/');
        let mut at = self.0.get(parts.next()?)?;
        for part in parts {
            at = match at {
                Json::Object(map) => map.get(part)?,
                Json::Array(list) => list.get(part.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        Some(at)
    }
}

/// A value of JSON; nothing where there is nothing in it.
///
/// BOUND: as deep as `depth`; what lies deeper is left out.
fn value(json: &Json, depth: u32) -> Option<Value> {
    let below = depth.checked_sub(1)?;
    Some(match json {
        Json::Null => return None,
        Json::Bool(flag) => Value::Bool(*flag),
        Json::Number(number) => match number.as_i64() {
            Some(number) => Value::Int(number),
            None => Value::Decimal(Decimal::parse(&number.to_string())?),
        },
        Json::String(text) if text.is_empty() => return None,
        Json::String(text) => Value::text(text.as_str()),
        Json::Array(list) => {
            Value::List(list.iter().filter_map(|item| value(item, below)).collect())
        }
        Json::Object(map) => Value::Map(Arc::new(
            map.iter()
                .filter_map(|(key, item)| Some((Arc::from(key.as_str()), value(item, below)?)))
                .collect(),
        )),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claims(json: Json) -> Claims {
        match json {
            Json::Object(map) => Claims(map),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn claims_become_attributes() {
        let told = claims(json!({
            "sub": "1", "email": "a@example.com", "email_verified": true, "given_name": "Ada",
            "family_name": "", "name": null,
        }));
        let attributes = told.attributes(&Mapping::default());
        let names: Vec<&str> = attributes.keys().map(|name| &**name).collect();
        assert_eq!(names, ["givenName", "mail", "userName"]);
        assert_eq!(attributes["userName"], Value::from("a@example.com"));
        assert_eq!(told.verified_mail(), Some("a@example.com"));
    }

    #[test]
    fn an_address_that_nobody_vouches_for_is_none() {
        for said in [json!(false), json!("false"), json!(1), json!("yes")] {
            let told =
                claims(json!({ "sub": "1", "email": "a@example.com", "email_verified": said }));
            assert!(told.attributes(&Mapping::default()).is_empty(), "{said}");
            assert_eq!(told.verified_mail(), None);
        }
        // Some providers do not say; then it is not taken for verified, and not for false.
        let told = claims(json!({ "sub": "1", "email": "a@example.com" }));
        assert_eq!(told.verified_mail(), None);
        assert!(told.attributes(&Mapping::default()).contains_key("mail"));
    }

    #[test]
    fn who_it_is_must_be_said() {
        let subject = |json: Json| claims(json).subject(&Mapping::default());
        assert_eq!(subject(json!({ "sub": 42 })).as_deref(), Ok("42"));
        let long = "x".repeat(256);
        for bad in [
            json!({}),
            json!({ "sub": "" }),
            json!({ "sub": "a\nb" }),
            json!({ "sub": [1] }),
            json!({ "sub": long }),
        ] {
            assert_eq!(subject(bad), Err(MappingError::Nobody));
        }
    }

    #[test]
    fn what_is_added_is_about_the_same_person() {
        let token = || claims(json!({ "sub": "1", "email": "a@example.com" }));
        let more = claims(json!({ "sub": "1", "email": "b@example.com", "name": "Ada" }));
        let all = token().and(more).unwrap();
        assert_eq!(all.0["email"], json!("a@example.com"));
        assert_eq!(all.0["name"], json!("Ada"));
        for other in [json!({ "sub": "2" }), json!({ "name": "Ada" })] {
            assert_eq!(token().and(claims(other)), Err(MappingError::Other));
        }
    }
}
