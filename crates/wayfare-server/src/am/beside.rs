//! Journeys beside a run: transactions that a node opens, asks about and leaves word in.
//!
//! A node opens them for whoever visits, so there is a limit of open ones for each user, and one for all
//! that are for nobody in particular. Ids are drawn and belong to a realm; what a node is told of the
//! session that came of one is what clients may read of it.

use std::{collections::BTreeMap, sync::Arc};

use wayfare::{
    EffectReply, Value,
    engine::effect::{Backchannel, BackchannelReply, BackchannelState, OpenBackchannel},
};
use wayfare_wire::am::{authenticate::Site as _, backchannel as wire};

use super::{
    backchannel::properties,
    transaction::{self, new_id, value_of},
};
use crate::{
    app::{App, RealmState},
    audit::{Event, EventName},
    store::{
        StoreError,
        transaction::{Outcome, Purpose, State, Transaction},
    },
};

/// How many transactions that nodes have opened a user may have to confirm.
const OPEN_MAX: i64 = 64;
/// How many there may be in a realm that anybody may take up.
const ANYBODY_MAX: i64 = 4_096;
/// How many bytes a word, or the data of a journey, has at most.
const WORD_BYTES_MAX: usize = 16 * 1_024;

/// Does what a node wants; what cannot be done is [`EffectReply::Failed`].
pub(super) async fn perform(app: &App, state: &RealmState, asked: &Backchannel) -> EffectReply {
    let done = match asked {
        Backchannel::Open(open) => self::open(app, state, open).await,
        Backchannel::Ask { transaction } => stands(app, state, transaction),
        Backchannel::Tell { transaction, data } => tell(app, state, transaction, data).await,
    };
    match done {
        Ok(reply) => EffectReply::Backchannel(Box::new(reply)),
        Err(error) => EffectReply::Failed(error.to_string()),
    }
}

async fn open(
    app: &App,
    state: &RealmState,
    asked: &OpenBackchannel,
) -> Result<BackchannelReply, StoreError> {
    let realm = &state.realm;
    let engine = app.engine(realm);
    let journey = engine.as_ref().and_then(|engine| {
        let journey = engine.program().journey_on_wire(&asked.journey)?;
        let served = journey.settings.enabled && !journey.settings.inner_only;
        served.then_some(())
    });
    if journey.is_none() {
        app.log.error(&format!(
            "journey `{}` of {realm} cannot be begun by a back channel: it is not there",
            asked.journey
        ));
        return Ok(BackchannelReply::Full);
    }
    let data = Value::Map(Arc::new(asked.data.clone()))
        .to_json()
        .to_string();
    if data.len() > WORD_BYTES_MAX {
        return Ok(BackchannelReply::Full);
    }
    let purpose = Purpose::Backchannel {
        data,
        retry: asked.retry,
    };
    let longest = app.config.transactions.time_max;
    let exp = app
        .clock
        .now()
        .plus(asked.within.unwrap_or(longest).min(longest));
    let id = new_id()?;
    let (subject, username, most) = match &asked.subject {
        Some(subject) => (&*subject.id.0, &*subject.username, OPEN_MAX),
        None => ("", "", ANYBODY_MAX),
    };
    let new = Transaction::new(id.clone(), realm.clone(), &asked.journey, purpose, exp)
        .of(subject, username);
    if !app
        .store()
        .open_transaction_among(new, most, app.clock.now())
        .await?
    {
        return Ok(BackchannelReply::Full);
    }
    let event = Event::new(EventName::TransactionOpened)
        .text("realm", realm.as_str())
        .text("journey", &asked.journey)
        .text("username", username)
        .hashed("transaction", id.as_bytes());
    app.audit(&event);
    let settings = app.settings(realm);
    let page = asked.page.as_deref().unwrap_or(&settings.login_page);
    let address = wire::redirect_uri(settings.origin.as_ref(), page, realm, &id);
    Ok(BackchannelReply::Opened {
        transaction: id.into(),
        address: address.into(),
    })
}

fn stands(app: &App, state: &RealmState, id: &str) -> Result<BackchannelReply, StoreError> {
    let found = transaction::find(app, &state.realm, id)?
        .filter(|found| matches!(found.purpose, Purpose::Backchannel { .. }));
    let Some(found) = found else {
        return Ok(BackchannelReply::Stands {
            state: BackchannelState::Unknown,
            properties: BTreeMap::new(),
            told: None,
        });
    };
    let properties = match &found.session {
        Some(handle) => properties(app, &state.realm, handle)?.unwrap_or_default(),
        None => BTreeMap::new(),
    };
    let told = app.store().told(&state.realm, id)?;
    let told = told.and_then(|text| serde_json::from_str(&text).ok());
    Ok(BackchannelReply::Stands {
        state: match (found.state, found.outcome) {
            (State::Created, _) => BackchannelState::Pending,
            (State::InProgress, _) => BackchannelState::InProgress,
            (State::Completed, Outcome::Approved) => BackchannelState::Success,
            (State::Completed, Outcome::Denied) => BackchannelState::Failure,
            (State::Completed, Outcome::Unknown) => BackchannelState::Unknown,
        },
        properties: properties
            .into_iter()
            .map(|(name, value)| (name.into(), Value::from(value)))
            .collect(),
        told: told.as_ref().map(value_of),
    })
}

async fn tell(
    app: &App,
    state: &RealmState,
    id: &str,
    data: &Value,
) -> Result<BackchannelReply, StoreError> {
    let word = data.to_json().to_string();
    if word.len() > WORD_BYTES_MAX {
        return Ok(BackchannelReply::Told(false));
    }
    let realm = state.realm.clone();
    let kept = app
        .store()
        .tell(realm, id.to_owned(), word, app.clock.now())
        .await?;
    Ok(BackchannelReply::Told(kept))
}
