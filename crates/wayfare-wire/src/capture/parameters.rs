//! What a request says, as one flat map of texts, however its body is written.
//!
//! Forms, JSON and multipart bodies that say the same are the same here. What a query says counts, too, as
//! long as it is nothing that must not stand in an address.

use std::{collections::BTreeMap, fmt};

use serde_json::Value as Json;
use wayfare::Secret;

use crate::{
    am::request::Parts,
    capture::{
        error::{Code, Error},
        multipart,
    },
    json::{self, BadJson, Bounds},
    query::Query,
};

/// How many parameters a request may have.
pub const COUNT_MAX: usize = 128;

/// The longest name of a parameter, in bytes.
pub const NAME_BYTES_MAX: usize = 256;

/// The longest value of a parameter, in bytes.
pub const VALUE_BYTES_MAX: usize = 16 * 1_024;

/// Parameters by name; `Debug` shows names only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Parameters {
    values: BTreeMap<String, Secret<String>>,
    by_query: bool,
}

impl fmt::Debug for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

impl Parameters {
    /// Reads query and body of a request.
    ///
    /// # Errors
    /// One of them cannot be read, something stands twice, a bound is reached, or a secret stands in the
    /// query.
    pub fn read(parts: &Parts<'_>, bounds: Bounds) -> Result<Self, Error> {
        let mut read = Self::default();
        let query = Query::parse(parts.query)
            .map_err(|_| Error::new(Code::InvalidArgument, "the query is not UTF-8"))?;
        for (name, value) in query.into_parameters() {
            if is_secret(&name) {
                let message = format!("{name} must not stand in the query");
                return Err(Error::invalid(name, message));
            }
            read.by_query = true;
            read.put(name, value)?;
        }
        if parts.body.len() > bounds.bytes {
            return Err(Error::too_large());
        }
        if !parts.body.is_empty() {
            read.body(parts, bounds)?;
        }
        Ok(read)
    }

    fn body(&mut self, parts: &Parts<'_>, bounds: Bounds) -> Result<(), Error> {
        let mut types = parts.header("content-type");
        let (Some(kind), None) = (types.next(), types.next()) else {
            return Err(media_type());
        };
        let essence = kind.split(';').next().unwrap_or_default().trim();
        if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            let unreadable = || Error::new(Code::InvalidArgument, "the form is not UTF-8");
            let text = std::str::from_utf8(parts.body).map_err(|_| unreadable())?;
            let pairs = Query::parse(text).map_err(|_| unreadable())?;
            for (name, value) in pairs.into_parameters() {
                self.put(name, value)?;
            }
            Ok(())
        } else if essence.eq_ignore_ascii_case("application/json") {
            self.json(parts.body, bounds)
        } else if essence.eq_ignore_ascii_case("multipart/form-data") {
            for (name, value) in multipart::read(kind, parts.body)? {
                self.put(name, value)?;
            }
            Ok(())
        } else {
            Err(media_type())
        }
    }

    fn json(&mut self, body: &[u8], bounds: Bounds) -> Result<(), Error> {
        let bad = |error| match error {
            BadJson::TooLong => Error::too_large(),
            BadJson::Malformed => {
                Error::new(Code::InvalidArgument, "the body is not a JSON object")
            }
        };
        // First for keys that stand twice, at any depth: a second reader would take the other one.
        let keys: json::Keys = json::read(body, bounds).map_err(bad)?;
        if let Some(name) = keys.twice {
            return Err(duplicate(&name));
        }
        let members: BTreeMap<String, Json> = json::read(body, bounds).map_err(bad)?;
        for (name, value) in members {
            match value {
                Json::Null => {}
                Json::String(text) => self.put(name, text)?,
                // What clients send in forms for lists, objects, numbers and booleans is their JSON.
                other => self.put(name, other.to_string())?,
            }
        }
        Ok(())
    }

    fn put(&mut self, name: String, value: String) -> Result<(), Error> {
        if name.is_empty() || name.len() > NAME_BYTES_MAX {
            return Err(Error::new(
                Code::InvalidArgument,
                "the name of a parameter is empty or too long",
            ));
        }
        if value.len() > VALUE_BYTES_MAX {
            return Err(Error::invalid(name, "the value is too long"));
        }
        if self.values.len() >= COUNT_MAX {
            return Err(Error::new(
                Code::InvalidArgument,
                "there are too many parameters",
            ));
        }
        if self.values.contains_key(&name) {
            return Err(duplicate(&name));
        }
        self.values.insert(name, Secret::new(value));
        Ok(())
    }

    /// The value of a parameter; an empty one counts.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(|value| value.reveal().as_str())
    }

    /// The value of a parameter that says something.
    pub fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// The value of a parameter that must not be shown.
    pub fn secret(&self, name: &str) -> Option<&Secret<String>> {
        self.values.get(name)
    }

    /// The value of a part of a field: `field[part]`.
    pub fn part(&self, field: &str, part: &str) -> Option<&str> {
        self.get(&format!("{field}[{part}]"))
    }

    /// What a checkbox says: there is one if it came with the request, whatever its value.
    pub fn is_checked(&self, field: &str) -> bool {
        self.values.contains_key(field)
    }

    /// What three selects for year, month and day say: `2001-02-03`; nothing where nothing is selected.
    ///
    /// # Errors
    /// Only some of them are selected, or there is no such day.
    pub fn date(&self, field: &str) -> Result<Option<String>, BadDate> {
        let parts = ["dateselect_year", "dateselect_month", "dateselect_day"]
            .map(|part| self.part(field, part).filter(|value| !value.is_empty()));
        let [year, month, day] = match parts {
            [None, None, None] => return Ok(self.filled(field).map(str::to_owned)),
            [Some(year), Some(month), Some(day)] => [year, month, day],
            _ => return Err(BadDate),
        };
        let text = format!("{year}-{month:0>2}-{day:0>2}");
        super::date::days(&text).map(|_| Some(text)).ok_or(BadDate)
    }

    /// All parameters, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values
            .iter()
            .map(|(name, value)| (name.as_str(), value.reveal().as_str()))
    }

    /// Whether any of them stood in the query.
    pub fn by_query(&self) -> bool {
        self.by_query
    }
}

/// Three selects that are no date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such date")]
pub struct BadDate;

/// Whether a parameter of this name must not stand in an address, where proxies and histories keep it.
pub fn is_secret(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    matches!(
        &*lower,
        "client_secret" | "access_token" | "refresh_secret" | "refresh_token"
    ) || lower.contains("password")
}

fn duplicate(name: &str) -> Error {
    // A name that is too long is not said after.
    let message = if name.len() > NAME_BYTES_MAX {
        "duplicate argument".to_owned()
    } else {
        format!("duplicate argument: {name}")
    };
    Error::new(Code::DuplicateArgument, message)
}

fn media_type() -> Error {
    Error::new(
        Code::InvalidArgument,
        "the body must be of application/x-www-form-urlencoded, application/json or multipart/form-data",
    )
}
