//! Nodes that add message, details and headers to the reply of an ending.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    engine::{
        action::Action,
        context::Context,
        error::NodeError,
        ground::Ground,
        node_type::{Prepared, Setup},
        step::Ending,
    },
    model::{ground::GroundKind, journey::OutcomeId, text::LocalizedText, value::Value},
    nodes::{failure::unfit, setting::Kept},
};

type Texts = BTreeMap<Arc<str>, Arc<str>>;

/// Keys of the reply of success that are its own.
const REPLY_KEYS: [&str; 3] = ["realm", "successUrl", "tokenId"];

/// Headers that belong to the connection, the body or the session, and to no journey.
const REFUSED_HEADERS: [&str; 13] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "host",
    "keep-alive",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "www-authenticate",
];

/// The setting `headerControl`: headers for the reply.
#[derive(Debug)]
struct Headers(Kept<Texts>);

impl Headers {
    fn prepare(setup: &Setup<'_>) -> Result<Self, NodeError> {
        let headers: Kept<Texts> = Kept::get(setup, "headerControl")?;
        if let Some(known) = headers.known() {
            check_headers(known)?;
        }
        Ok(Self(headers))
    }

    fn add(&self, cx: &mut Context<'_>, ending: Ending) -> Result<(), NodeError> {
        let headers = self.0.now(cx)?;
        check_headers(&headers)?;
        for (name, value) in &*headers {
            cx.response_header(ending, &name.to_ascii_lowercase(), value);
        }
        Ok(())
    }
}

fn check_headers(headers: &Texts) -> Result<(), NodeError> {
    for (name, value) in headers {
        let is_name = !name.is_empty()
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b));
        if !is_name {
            return Err(unfit(format!("`{name}` is no name of a header")));
        }
        if REFUSED_HEADERS.contains(&&*name.to_ascii_lowercase()) {
            return Err(unfit(format!("header `{name}` cannot be set by a journey")));
        }
        if !value.bytes().all(|b| b == b' ' || b.is_ascii_graphic()) {
            return Err(unfit(format!(
                "the value of header `{name}` is not printable ASCII"
            )));
        }
    }
    Ok(())
}

/// Adds details, session properties and headers to the reply of success.
#[derive(Debug)]
struct SetSuccessDetails {
    details: Kept<Texts>,
    properties: Kept<Texts>,
    headers: Headers,
    outcome: OutcomeId,
}

pub(super) fn success(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    let details: Kept<Texts> = Kept::get(setup, "successDetails")?;
    let properties: Kept<Texts> = Kept::get(setup, "sessionProperties")?;
    for known in [&details, &properties].into_iter().filter_map(Kept::known) {
        check_keys(known)?;
    }
    Ok(Box::new(SetSuccessDetails {
        details,
        properties,
        headers: Headers::prepare(setup)?,
        outcome: setup.outcome("outcome")?,
    }))
}

fn check_keys(details: &Texts) -> Result<(), NodeError> {
    match REPLY_KEYS.iter().find(|key| details.contains_key(**key)) {
        None => Ok(()),
        Some(key) => Err(unfit(format!("`{key}` is the reply's own and no detail"))),
    }
}

impl Prepared for SetSuccessDetails {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let details = self.details.now(cx)?;
        let properties = self.properties.now(cx)?;
        check_keys(&details)?;
        check_keys(&properties)?;
        self.headers.add(cx, Ending::Success)?;
        for (name, value) in &*details {
            cx.success_detail(name, Value::Text(Arc::clone(value)));
        }
        for (name, property) in &*properties {
            cx.success_session_detail(name, property);
        }
        Ok(Action::go(self.outcome))
    }
}

/// Adds details to the reply of the later logout, a `goto` among them.
#[derive(Debug)]
struct SetLogoutDetails {
    details: Kept<Texts>,
    outcome: OutcomeId,
}

/// What the session keeps them under.
const LOGOUT: &str = "logoutDetails";

pub(super) fn logout(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    let details: Kept<Texts> = Kept::get(setup, "logoutDetails")?;
    if let Some(known) = details.known() {
        check_logout(known)?;
    }
    Ok(Box::new(SetLogoutDetails {
        details,
        outcome: setup.outcome("outcome")?,
    }))
}

fn check_logout(details: &Texts) -> Result<(), NodeError> {
    if details.contains_key("result") {
        return Err(unfit("`result` is the reply's own and no detail"));
    }
    Ok(())
}

impl Prepared for SetLogoutDetails {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let details = self.details.now(cx)?;
        check_logout(&details)?;
        let details: BTreeMap<Arc<str>, Value> = details
            .iter()
            .map(|(name, value)| (Arc::clone(name), Value::Text(Arc::clone(value))))
            .collect();
        cx.keep(LOGOUT, Value::Map(Arc::new(details)));
        Ok(Action::go(self.outcome))
    }
}

/// Sets message, details and headers of the reply of failure, or of a node that fails.
#[derive(Debug)]
struct SetFailureDetails {
    message: Kept<LocalizedText>,
    details: Kept<Texts>,
    headers: Headers,
    ending: Ending,
    ground: Option<GroundKind>,
    outcome: OutcomeId,
}

pub(super) fn failure(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(SetFailureDetails {
        message: Kept::get(setup, "failureMessage")?,
        details: Kept::get(setup, "failureDetails")?,
        headers: Headers::prepare(setup)?,
        ending: Ending::Failure,
        ground: setup
            .constant("ground")?
            .and_then(Value::as_text)
            .and_then(GroundKind::of_word),
        outcome: setup.outcome("outcome")?,
    }))
}

pub(super) fn error(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(SetFailureDetails {
        message: Kept::get(setup, "errorMessage")?,
        details: Kept::get(setup, "errorDetails")?,
        headers: Headers::prepare(setup)?,
        ending: Ending::Error,
        ground: None,
        outcome: setup.outcome("outcome")?,
    }))
}

impl Prepared for SetFailureDetails {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let message = self.message.now(cx)?;
        let message = (!message.is_empty()).then(|| cx.text(&message).to_owned());
        let details = self.details.now(cx)?;
        if let Some(kind) = self.ground {
            cx.raise_ground(raised(kind, message.as_deref(), &details));
        }
        let details = details
            .iter()
            .map(|(name, value)| (Arc::clone(name), Value::Text(Arc::clone(value))))
            .collect();
        self.headers.add(cx, self.ending)?;
        if self.ending == Ending::Error {
            cx.error_detail(message.as_deref(), details);
        } else {
            cx.failure_detail(message.as_deref(), details);
        }
        Ok(Action::go(self.outcome))
    }
}

/// The ground that a journey raises; what belongs to it stands among the details of the reply.
fn raised(kind: GroundKind, message: Option<&str>, details: &Texts) -> Ground {
    let detail = |name: &str| details.get(name).cloned();
    let message = || message.unwrap_or_default().to_owned();
    match kind {
        GroundKind::AlreadyExists => Ground::AlreadyExists {
            attribute: detail("attribute"),
            provider: detail("provider"),
        },
        GroundKind::Missing => Ground::Missing {
            what: detail("what").into_iter().collect(),
        },
        GroundKind::Triggered => Ground::Triggered {
            code: detail("code").and_then(|code| code.parse().ok()),
            message: message(),
        },
        kind => Ground::plain(kind),
    }
}
