//! Nodes that begin a journey for somebody elsewhere, ask how it stands, and leave word in it.
//!
//! The ids of their outcomes are not published, so the author's arms are matched by what they say: letters
//! alone, whatever their case (`created`, `Unknown Subject`, `inProgress`). How a transaction is kept, and
//! how its run is begun, is the embedder's; what came of it proves nothing here.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use crate::{
    engine::{
        action::{Action, Reply, Subject},
        context::Context,
        effect::{
            Backchannel, BackchannelReply, BackchannelState, Effect, EffectReply, Identity,
            OpenBackchannel, ReadIdentity, Who,
        },
        error::NodeError,
        node_type::{Prepared, Setup},
    },
    model::{
        expr::KeyId,
        journey::{Journey, OutcomeId},
        value::Value,
    },
    nodes::{
        failure::unfit,
        reply::unexpected,
        setting::{constant, constant_or_none},
    },
    spelling::nearest,
};

/// The attribute of the store that says that an account is an agent's.
const AGENT: &str = "_agent";

/// The arm that says this.
fn arm(setup: &Setup<'_>, meant: &str) -> Result<OutcomeId, NodeError> {
    let letters = |text: &str| {
        let letters = text.chars().filter(char::is_ascii_alphanumeric);
        letters.map(|c| c.to_ascii_lowercase()).collect::<String>()
    };
    let wanted = letters(meant);
    let mut fitting = setup.outcomes().iter().filter(|one| letters(one) == wanted);
    match (fitting.next(), fitting.next()) {
        (Some(outcome), None) => setup.outcome(outcome),
        (None, _) => Err(unfit(format!("there is no arm for `{meant}`"))),
        (Some(_), Some(_)) => Err(unfit(format!("two arms say `{meant}`"))),
    }
}

/// Refuses arms that say nothing of the node's, or too little.
fn no_other(setup: &Setup<'_>, arms: &[&str]) -> Result<(), NodeError> {
    if setup.outcomes().len() == arms.len() {
        return Ok(());
    }
    let arms = arms.join("`, `");
    Err(unfit(format!(
        "its arms say `{arms}`, each once, and nothing else"
    )))
}

/// Refuses a name of no journey that somebody can begin.
fn begins(setup: &Setup<'_>, name: &str) -> Result<(), NodeError> {
    let Some(program) = setup.program() else {
        return Ok(());
    };
    let able = |journey: &&Journey| journey.settings.enabled && !journey.settings.inner_only;
    if program.journey_on_wire(name).as_ref().is_some_and(able) {
        return Ok(());
    }
    let journeys = program.journeys.iter().filter(able);
    let near = nearest(name, journeys.map(|journey| &*journey.wire_name))
        .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    Err(unfit(format!(
        "setting `tree` is `{name}`, which is no journey that can be begun{near}"
    )))
}

/// Whom the journey elsewhere is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    User,
    Agent,
    Anybody,
}

#[derive(Debug)]
struct Init {
    journey: Arc<str>,
    kind: Kind,
    name: KeyId,
    /// Whether that is the name of whoever is there.
    own: bool,
    data: Option<KeyId>,
    page: Option<Arc<str>>,
    told: bool,
    within: Option<Duration>,
    retry: bool,
    transaction: KeyId,
    address: KeyId,
    handed: KeyId,
    created: OutcomeId,
    unknown: OutcomeId,
    error: OutcomeId,
}

pub(super) fn init(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    let kind: Arc<str> = constant(setup, "idType")?;
    let redirect: Arc<str> = constant(setup, "redirectUrlType")?;
    let page: Option<Arc<str>> = constant_or_none(setup, "customRedirectUrl")?;
    let page = page.filter(|_| &*redirect == "CUSTOM");
    if &*redirect == "CUSTOM" && page.is_none() {
        return Err(unfit("setting `customRedirectUrl` has no value"));
    }
    let name: Option<Arc<str>> = constant_or_none(setup, "usernameKey")?;
    let data: Option<Arc<str>> = constant_or_none(setup, "dataKey")?;
    no_other(setup, &["created", "unknown subject", "error"])?;
    let journey: Arc<str> = constant(setup, "tree")?;
    begins(setup, &journey)?;
    Ok(Box::new(Init {
        journey,
        kind: match &*kind {
            "USER" => Kind::User,
            "AGENT" => Kind::Agent,
            _ => Kind::Anybody,
        },
        own: name.is_none(),
        name: setup.key(name.as_deref().unwrap_or("username")),
        data: data.map(|data| setup.key(&data)),
        page,
        told: &*redirect != "NONE",
        within: constant_or_none(setup, "timeout")?,
        retry: constant(setup, "allowRetry")?,
        transaction: setup.key("backchannel-transaction"),
        address: setup.key("backchannel-redirectUri"),
        handed: setup.key("backchannel-data"),
        created: arm(setup, "created")?,
        unknown: arm(setup, "unknown subject")?,
        error: arm(setup, "error")?,
    }))
}

impl Init {
    /// Whom the journey is for, as far as the state says.
    fn who(&self, cx: &Context<'_>) -> Option<Who> {
        if self.own
            && let Some(subject) = cx.subject()
        {
            return Some(Who::Subject(subject.id.clone()));
        }
        let name = if self.own {
            cx.shared(self.name)
        } else {
            cx.get(self.name)
        };
        let name = name.and_then(Value::as_text);
        name.filter(|name| !name.is_empty())
            .map(|name| Who::Name(Arc::from(name)))
    }

    /// What goes into its shared state; nothing but an object does.
    fn data(&self, cx: &Context<'_>) -> Option<BTreeMap<Arc<str>, Value>> {
        match self.data.and_then(|key| cx.get(key)) {
            None => Some(BTreeMap::new()),
            Some(Value::Map(map)) if map.values().all(is_plain) => Some((**map).clone()),
            Some(_) => None,
        }
    }

    fn open(&self, cx: &mut Context<'_>, subject: Option<Subject>) -> Action {
        let Some(data) = self.data(cx) else {
            cx.trace("the data for the journey is no object");
            return Action::go(self.error);
        };
        Action::call(Effect::Backchannel(Box::new(Backchannel::Open(
            OpenBackchannel {
                journey: Arc::clone(&self.journey),
                subject,
                data,
                page: self.page.clone(),
                within: self.within,
                retry: self.retry,
            },
        ))))
    }

    fn found(&self, cx: &mut Context<'_>, identity: Option<Identity>) -> Action {
        let fits = |found: &Identity| {
            self.kind != Kind::Agent || found.attributes.get(AGENT) == Some(&Value::Bool(true))
        };
        match identity.filter(fits) {
            Some(found) => self.open(
                cx,
                Some(Subject {
                    id: found.subject,
                    username: found.username,
                }),
            ),
            None => Action::go(self.unknown),
        }
    }
}

impl Prepared for Init {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        if self.kind == Kind::Anybody {
            return Ok(self.open(cx, None));
        }
        let Some(who) = self.who(cx) else {
            cx.trace("Error retrieving subject from node state.");
            return Ok(Action::go(self.error));
        };
        Ok(Action::call(Effect::ReadIdentity(ReadIdentity {
            who,
            attributes: vec![Arc::from(AGENT)],
        })))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        match reply {
            Reply::Effect(EffectReply::Identity(identity)) => Ok(self.found(cx, identity)),
            Reply::Effect(EffectReply::Backchannel(said)) => match *said {
                BackchannelReply::Opened {
                    transaction,
                    address,
                } => {
                    cx.put_shared(self.transaction, Value::Text(transaction));
                    if self.told {
                        cx.put_shared(self.address, Value::Text(address));
                    }
                    if let Some(data) = self.data(cx).filter(|data| !data.is_empty()) {
                        cx.put_shared(self.handed, Value::Map(Arc::new(data)));
                    }
                    Ok(Action::go(self.created))
                }
                BackchannelReply::Full => {
                    cx.trace("Error initializing back channel transaction.");
                    Ok(Action::go(self.error))
                }
                _ => Err(unexpected()),
            },
            _ => Err(unexpected()),
        }
    }
}

/// Whether a value may be handed to another run: no secrets.
fn is_plain(value: &Value) -> bool {
    // BOUND: values of the state are no deeper than the limit of what put them there.
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        match value {
            Value::Secret(_) | Value::SecretParameter(_) => return false,
            Value::List(list) => open.extend(list.iter()),
            Value::Map(map) => open.extend(map.values()),
            _ => {}
        }
    }
    true
}

#[derive(Debug)]
struct Status {
    record: bool,
    transaction: KeyId,
    properties: KeyId,
    told: KeyId,
    pending: OutcomeId,
    in_progress: OutcomeId,
    success: OutcomeId,
    failure: OutcomeId,
    unknown: OutcomeId,
    error: OutcomeId,
}

pub(super) fn status(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    no_other(
        setup,
        &[
            "pending",
            "in progress",
            "success",
            "failure",
            "unknown",
            "error",
        ],
    )?;
    Ok(Box::new(Status {
        record: constant(setup, "recordData")?,
        transaction: setup.key("backchannel-transaction"),
        properties: setup.key("backchannel-sessionProperties"),
        told: setup.key("backchannel-transactionData"),
        pending: arm(setup, "pending")?,
        in_progress: arm(setup, "in progress")?,
        success: arm(setup, "success")?,
        failure: arm(setup, "failure")?,
        unknown: arm(setup, "unknown")?,
        error: arm(setup, "error")?,
    }))
}

impl Prepared for Status {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let Some(Value::Text(transaction)) = cx.shared(self.transaction) else {
            cx.trace("Error checking back channel transaction status.");
            return Ok(Action::go(self.error));
        };
        let transaction = Arc::clone(transaction);
        Ok(Action::call(Effect::Backchannel(Box::new(
            Backchannel::Ask { transaction },
        ))))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        let Reply::Effect(EffectReply::Backchannel(said)) = reply else {
            return Err(unexpected());
        };
        let BackchannelReply::Stands {
            state,
            properties,
            told,
        } = *said
        else {
            return Err(unexpected());
        };
        if let Some(told) = told {
            cx.put_shared(self.told, told);
        }
        if self.record && state == BackchannelState::Success {
            cx.put_transient(self.properties, Value::Map(Arc::new(properties)));
        }
        Ok(Action::go(match state {
            BackchannelState::Pending => self.pending,
            BackchannelState::InProgress => self.in_progress,
            BackchannelState::Success => self.success,
            BackchannelState::Failure => self.failure,
            BackchannelState::Unknown => self.unknown,
        }))
    }
}

#[derive(Debug)]
struct Notification {
    data: KeyId,
    success: OutcomeId,
    error: OutcomeId,
}

pub(super) fn notification(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    no_other(setup, &["success", "error"])?;
    Ok(Box::new(Notification {
        data: setup.key("backchannel-data"),
        success: arm(setup, "success")?,
        error: arm(setup, "error")?,
    }))
}

impl Prepared for Notification {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let Some(transaction) = cx.transaction().cloned() else {
            cx.trace("Transaction ID not found in context");
            return Ok(Action::go(self.error));
        };
        let data = cx.shared(self.data).filter(|data| is_plain(data));
        let Some(data @ Value::Map(_)) = data.cloned() else {
            cx.trace("Failed to update backchannel transaction");
            return Ok(Action::go(self.error));
        };
        Ok(Action::call(Effect::Backchannel(Box::new(
            Backchannel::Tell { transaction, data },
        ))))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        match reply {
            Reply::Effect(EffectReply::Backchannel(said)) => match *said {
                BackchannelReply::Told(true) => Ok(Action::go(self.success)),
                BackchannelReply::Told(false) => {
                    cx.trace("Failed to update backchannel transaction");
                    Ok(Action::go(self.error))
                }
                _ => Err(unexpected()),
            },
            _ => Err(unexpected()),
        }
    }
}
