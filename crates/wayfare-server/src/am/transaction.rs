//! Transactions as the rest of the server meets them: opened by a policy, begun and concluded by runs,
//! used by the next decision.

use std::{collections::BTreeMap, sync::Arc};

use wayfare::{Realm, SubjectId, Value};
use wayfare_wire::am::authenticate;

use super::session::uuid;
use crate::{
    app::App,
    audit::short_hash,
    clock::drawn,
    store::{
        StoreError,
        ending::Since,
        run::RunEnd,
        session::Session,
        transaction::{Approves, Conclusion, Outcome, Purpose, Transaction},
    },
};

/// The longest id that is looked up.
const ID_BYTES_MAX: usize = 64;

/// An id that nobody can guess.
pub(crate) fn new_id() -> Result<String, StoreError> {
    drawn()
        .map(uuid)
        .map_err(|_| StoreError::Sql("the source of randomness failed".to_owned()))
}

/// Opens a transaction for what a policy denied to the subject of a session, and says its id.
pub(crate) async fn open_for_policy(
    app: &App,
    realm: &Realm,
    session: &Session,
    (policy, resource): (&str, &str),
    journey: &str,
) -> Result<String, StoreError> {
    let purpose = Purpose::Policy {
        policy: policy.to_owned(),
        resource: resource.to_owned(),
    };
    let exp = app.clock.now().plus(app.config.transactions.time_max);
    let transaction = Transaction::new(new_id()?, realm.clone(), journey, purpose, exp)
        .of(&session.subject, &session.username);
    let id = transaction.id.clone();
    app.store().open_transaction(transaction).await?;
    Ok(id)
}

/// The transaction of this id, where it is not over.
pub(super) fn find(app: &App, realm: &Realm, id: &str) -> Result<Option<Transaction>, StoreError> {
    if id.len() > ID_BYTES_MAX {
        return Ok(None);
    }
    app.store().transaction(realm, id, app.clock.now())
}

/// The transaction of a policy that the subject has confirmed and nothing has used yet.
///
/// It says what it was opened for; whoever decides by it compares that, and then takes it by
/// [`use_confirmed`].
pub(crate) fn confirmed(
    app: &App,
    realm: &Realm,
    subject: &str,
    id: &str,
) -> Result<Option<Transaction>, StoreError> {
    let found = find(app, realm, id)?;
    Ok(found.filter(|transaction| {
        let approved = transaction.outcome == Outcome::Approved;
        let policy = matches!(transaction.purpose, Purpose::Policy { .. });
        policy && approved && transaction.subject == subject
    }))
}

/// Uses a confirmed transaction; `true` for one caller and once.
pub(crate) async fn use_confirmed(
    app: &App,
    transaction: &Transaction,
) -> Result<bool, StoreError> {
    app.store()
        .use_transaction(
            transaction.realm.clone(),
            transaction.id.clone(),
            transaction.subject.clone(),
            app.clock.now(),
        )
        .await
}

/// Begins a run for a transaction.
pub(super) async fn begin(
    app: &App,
    realm: &Realm,
    id: &str,
    subject: Option<&SubjectId>,
) -> Result<Option<authenticate::Transaction>, StoreError> {
    if id.len() > ID_BYTES_MAX {
        return Ok(None);
    }
    let subject = subject.map(|subject| subject.0.to_string());
    let begun = app
        .store()
        .begin_transaction(realm.clone(), id.to_owned(), subject, app.clock.now())
        .await?;
    Ok(begun.map(|transaction| authenticate::Transaction {
        id: transaction.id.into(),
        journey: transaction.journey.into(),
        // One that nobody was named for is anybody's.
        expects: (!transaction.subject.is_empty()).then(|| SubjectId(transaction.subject.into())),
        keeps_session: matches!(transaction.purpose, Purpose::Policy { .. }),
        data: match &transaction.purpose {
            Purpose::Policy { .. } => BTreeMap::new(),
            Purpose::Backchannel { data, .. } => state(data),
        },
    }))
}

/// What a run is for, at its end.
pub(super) fn approves(app: &App, realm: &Realm, id: &str, run: Option<u128>) -> Approves {
    Approves {
        realm: realm.clone(),
        id: id.to_owned(),
        run: run.map(|run| short_hash(&run.to_be_bytes())),
        now: app.clock.now(),
    }
}

/// Concludes a transaction without a new session; `false` where it should have been approved and was not.
pub(super) async fn conclude(
    app: &App,
    end: authenticate::Conclusion,
    run: Option<u128>,
    since: Since,
) -> Result<bool, StoreError> {
    let proved = end.proved.as_ref();
    let conclusion = Conclusion {
        of: approves(app, &end.realm, &end.transaction, run),
        approved: end.approved,
        session: end.session.map(|session| session.0.to_string()),
        login: proved.map(|subject| (subject.0.to_string(), since)),
        end: end.end.map(|end| RunEnd {
            run: end.run,
            exp: end.keep,
        }),
    };
    let refused = !conclusion.approved;
    // A run that fails after another has ended the transaction fails all the same.
    let concluded = app.store().conclude_transaction(conclusion).await?;
    Ok(concluded || refused)
}

/// Shared state as it was kept: a JSON object that was read strictly when it came.
fn state(data: &str) -> BTreeMap<Arc<str>, Value> {
    match serde_json::from_str(data) {
        Ok(serde_json::Value::Object(members)) => members
            .iter()
            .map(|(key, value)| (Arc::from(&**key), value_of(value)))
            .collect(),
        _ => BTreeMap::new(),
    }
}

/// A JSON value as a value of a run; it is no deeper than the body it came in.
pub(super) fn value_of(json: &serde_json::Value) -> Value {
    use serde_json::Value as Json;
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => match number.as_i64() {
            Some(number) => Value::Int(number),
            None => wayfare::Decimal::parse(&number.to_string())
                .map_or_else(|| Value::text(number.to_string()), Value::Decimal),
        },
        Json::String(text) => Value::text(&**text),
        Json::Array(items) => Value::List(items.iter().map(value_of).collect()),
        Json::Object(members) => Value::Map(Arc::new(
            members
                .iter()
                .map(|(key, value)| (Arc::from(&**key), value_of(value)))
                .collect(),
        )),
    }
}
