//! What is asked of the configuration.

use serde_json::Value;
use wayfare::filter;

use super::{Asked, Body, DEPTH_MAX};
use crate::{
    am::{error::Refusal, request::Parts},
    json::{BadJson, Bounds, Ignored, read},
    query::Query,
};

/// How many members `_fields` may name.
const FIELDS_MAX: usize = 64;

/// What is asked.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Ask {
    /// Those that fit, as a page.
    List(List),
    /// This one.
    Read {
        /// The members that are wanted; all where there are none.
        fields: Vec<String>,
    },
    /// Let this one be so.
    Put {
        /// What it is to be.
        body: Body,
        /// Under which condition.
        condition: Condition,
    },
    /// Make a new one.
    Create(Body),
    /// Let this one be gone.
    Delete {
        /// Only if it is still this one.
        revision: Option<String>,
    },
    /// Something else.
    Act(Action),
}

/// Which are listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// Which fit.
    pub filter: Filter,
    /// How many are left out at the beginning.
    pub offset: usize,
    /// How many are told at most; all where it is `None`.
    pub size: Option<usize>,
    /// Whether their number is to be told.
    pub counted: bool,
    /// The members that are wanted; all where there are none.
    pub fields: Vec<String>,
}

/// Which of a list fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// All of them.
    All,
    /// None of them.
    None,
    /// Those of which this member is this text.
    Is(String, String),
}

/// Under which condition something is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Whatever is there.
    Any,
    /// Nothing is there.
    New,
    /// Something is there, whatever it is.
    Old,
    /// It is this one still.
    Revision(String),
}

/// What is asked besides.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Action {
    /// Which types there are.
    AllTypes,
    /// Every node of every type.
    Descendents,
    /// What may stand in a node of a type.
    Schema,
    /// What stands in a new one.
    Template,
    /// What the type is.
    Type,
    /// The outcomes of a node with these settings.
    Outcomes(Body),
    /// Whether a tree runs, and if not, why.
    Check,
}

impl Ask {
    /// Whether something is changed by it.
    pub fn changes(&self) -> bool {
        matches!(
            self,
            Self::Put { .. } | Self::Create(_) | Self::Delete { .. }
        )
    }

    /// Reads a request; a body may have so many bytes.
    ///
    /// # Errors
    /// The method or the action is none for this path, the query is not understood, or the body is no object
    /// of JSON.
    pub fn read(
        parts: &Parts<'_>,
        query: &Query,
        asked: &Asked,
        bytes_max: usize,
    ) -> Result<Self, Refusal> {
        match (parts.method, asked.is_one()) {
            ("GET" | "HEAD", true) => Ok(Self::Read {
                fields: fields(query)?,
            }),
            ("GET" | "HEAD", false) if !matches!(asked, Asked::AllNodes | Asked::Providers) => {
                list(query).map(Self::List)
            }
            ("PUT", true) => Ok(Self::Put {
                body: body(parts, bytes_max)?,
                condition: condition(parts)?,
            }),
            ("DELETE", true) => Ok(Self::Delete {
                revision: match condition(parts)? {
                    Condition::Revision(revision) => Some(revision),
                    Condition::New => return Err(Refusal::BadHeader("If-None-Match")),
                    Condition::Any | Condition::Old => None,
                },
            }),
            ("POST", _) => action(parts, query, asked, bytes_max),
            (_, true) => Err(Refusal::Verb("DELETE, GET, POST, PUT")),
            (_, false) => Err(Refusal::Verb("GET, POST")),
        }
    }
}

fn action(
    parts: &Parts<'_>,
    query: &Query,
    asked: &Asked,
    bytes_max: usize,
) -> Result<Ask, Refusal> {
    parts.json_only()?;
    let name = query.one("_action")?.unwrap_or("");
    let body = || match parts.body {
        [] => Ok(Body::new()),
        _ => body(parts, bytes_max),
    };
    let action = match (name.to_ascii_lowercase().as_str(), asked) {
        ("create", Asked::Trees(None) | Asked::Scripts(None) | Asked::Nodes { id: None, .. }) => {
            return Ok(Ask::Create(body()?));
        }
        ("check", Asked::Trees(Some(_))) => Action::Check,
        ("getalltypes", Asked::AllNodes | Asked::Trees(None)) => Action::AllTypes,
        ("nextdescendents", Asked::AllNodes | Asked::Trees(None) | Asked::Providers) => {
            Action::Descendents
        }
        ("schema", Asked::Trees(None) | Asked::Nodes { id: None, .. }) => Action::Schema,
        ("template", Asked::Trees(None) | Asked::Nodes { id: None, .. }) => Action::Template,
        ("gettype", Asked::Trees(None) | Asked::Nodes { id: None, .. }) => Action::Type,
        ("listoutcomes", Asked::Nodes { .. }) => Action::Outcomes(body()?),
        _ => return Err(Refusal::UnknownAction(name.to_owned())),
    };
    Ok(Ask::Act(action))
}

fn list(query: &Query) -> Result<List, Refusal> {
    let filter = match (query.one("_queryFilter")?, query.one("_queryId")?) {
        (None, None | Some("*")) => Filter::All,
        (Some(text), None) => filter_of(text)?,
        _ => return Err(Refusal::QueryFilter),
    };
    let number = |name: &'static str| -> Result<Option<usize>, Refusal> {
        let Some(text) = query.one(name)?.filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        let number = digits.then(|| text.parse().ok()).flatten();
        number.map(Some).ok_or(Refusal::BadMember(name))
    };
    // Ours says where the next page begins.
    let next = number("_pagedResultsCookie")?;
    let policy = query.one("_totalPagedResultsPolicy")?.unwrap_or("NONE");
    Ok(List {
        filter,
        offset: next.or(number("_pagedResultsOffset")?).unwrap_or(0),
        // 0 is how the framework of the product says that there are no pages.
        size: number("_pageSize")?.filter(|size| *size > 0),
        counted: !policy.eq_ignore_ascii_case("NONE"),
        fields: fields(query)?,
    })
}

/// Everything, or one member that is one text: what clients of the configuration ask for.
fn filter_of(text: &str) -> Result<Filter, Refusal> {
    let parsed = filter::Filter::parse(text).map_err(|_| Refusal::QueryFilter)?;
    match parsed {
        filter::Filter::Always(true) => Ok(Filter::All),
        filter::Filter::Always(false) => Ok(Filter::None),
        filter::Filter::Compare {
            at,
            how: filter::Comparison::Equal,
            with: filter::Operand::Text(text),
        } if at.0.len() == 1 => Ok(Filter::Is(at.attribute().to_string(), text.to_string())),
        _ => Err(Refusal::QueryFilter),
    }
}

/// The members that are wanted; a pointer into one stands for it as a whole.
fn fields(query: &Query) -> Result<Vec<String>, Refusal> {
    let text = query.one("_fields")?.unwrap_or("");
    let names: Vec<String> = text
        .split(',')
        .map(|name| {
            let name = name.trim().trim_start_matches('/');
            name.split('/').next().unwrap_or("").to_owned()
        })
        .filter(|name| !name.is_empty())
        .collect();
    if names.len() > FIELDS_MAX {
        return Err(Refusal::BadMember("_fields"));
    }
    Ok(if names.iter().any(|name| name == "*") {
        Vec::new()
    } else {
        names
    })
}

fn condition(parts: &Parts<'_>) -> Result<Condition, Refusal> {
    let one = |name: &'static str, told: &'static str| {
        let mut sent = parts.header(name);
        let first = sent.next().map(|text| text.trim().trim_matches('"'));
        match sent.next() {
            None => Ok(first),
            Some(_) => Err(Refusal::BadHeader(told)),
        }
    };
    match (
        one("if-match", "If-Match")?,
        one("if-none-match", "If-None-Match")?,
    ) {
        (None, None) => Ok(Condition::Any),
        (Some("*"), None) => Ok(Condition::Old),
        (Some(revision), None) => Ok(Condition::Revision(revision.to_owned())),
        (None, Some("*")) => Ok(Condition::New),
        // Only whether there is one can be asked so.
        _ => Err(Refusal::BadHeader("If-None-Match")),
    }
}

fn body(parts: &Parts<'_>, bytes_max: usize) -> Result<Body, Refusal> {
    parts.json_only()?;
    let bounds = Bounds {
        bytes: bytes_max,
        depth: DEPTH_MAX,
        string_bytes: bytes_max,
        ..Bounds::default()
    };
    let bad = |error: BadJson| match error {
        BadJson::TooLong => Refusal::TooLarge,
        BadJson::Malformed => Refusal::BadJson,
    };
    // Once for keys that stand twice, wherever they stand, and once for what it says.
    read::<Ignored>(parts.body, bounds).map_err(bad)?;
    match read::<Value>(parts.body, bounds).map_err(bad)? {
        Value::Object(body) => Ok(body),
        _ => Err(Refusal::BadJson),
    }
}
