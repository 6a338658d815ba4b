//! Journeys beside this one.

use super::*;
use crate::engine::effect::{
    Backchannel, BackchannelReply, BackchannelState, OpenBackchannel, ReadIdentity, Who,
};

const INIT: [&str; 3] = ["created", "Unknown Subject", "error"];
const STATUS: [&str; 6] = [
    "pending",
    "inProgress",
    "success",
    "failure",
    "unknown",
    "error",
];

fn init<const N: usize>(settings: [(&str, Value); N]) -> Visit {
    let all = [("tree", Value::from("Approve"))]
        .into_iter()
        .chain(settings);
    Visit::scripted("BackChannelInit", all.collect(), &INIT, &BTreeMap::new()).unwrap()
}

fn said(reply: BackchannelReply) -> EffectReply {
    EffectReply::Backchannel(Box::new(reply))
}

fn opened() -> EffectReply {
    said(BackchannelReply::Opened {
        transaction: Arc::from("t1"),
        address: Arc::from("https://x/login?t1"),
    })
}

fn open(visit: Did) -> OpenBackchannel {
    match visit {
        Did::Call(Effect::Backchannel(asked)) => match *asked {
            Backchannel::Open(open) => open,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_journey_is_opened_for_the_user_whom_the_store_knows() {
    let mut visit = init([
        ("idType", Value::from("USER")),
        ("usernameKey", Value::from("approver")),
        ("dataKey", Value::from("order")),
        ("timeout", Value::Duration(Duration::from_secs(90))),
    ])
    .with_shared("approver", "DEMO")
    .with_shared("order", map([("amount", Value::Int(7))]));
    let Did::Call(Effect::ReadIdentity(ReadIdentity { who, .. })) = visit.enter().unwrap() else {
        panic!("the user is looked up");
    };
    assert_eq!(who, Who::Name(Arc::from("DEMO")));
    let asked = open(visit.effect(EffectReply::Identity(Some(demo()))).unwrap());
    assert_eq!(asked.subject, Some(subject()));
    assert_eq!(&*asked.journey, "Approve");
    assert_eq!(
        asked.data,
        BTreeMap::from([(Arc::from("amount"), Value::Int(7))])
    );
    assert_eq!(asked.within, Some(Duration::from_secs(90)));
    assert!(asked.retry);
    assert_eq!(visit.effect(opened()).unwrap(), went("created"));
    assert_eq!(
        visit.shared("backchannel-transaction"),
        Some(Value::from("t1"))
    );
    assert!(visit.shared("backchannel-redirectUri").is_some());
    assert!(visit.shared("backchannel-data").is_some());
}

#[test]
fn nobody_and_nothing_is_opened_for() {
    let user = || init([("idType", Value::from("USER"))]);
    assert_eq!(user().enter().unwrap(), went("error"));
    let mut unknown = user().with_shared("username", "eve");
    unknown.enter().unwrap();
    let nobody = EffectReply::Identity(None);
    assert_eq!(unknown.effect(nobody).unwrap(), went("Unknown Subject"));
    // A user is no agent.
    let mut agent = init([("idType", Value::from("AGENT"))]).with_shared("username", "demo");
    agent.enter().unwrap();
    let user = EffectReply::Identity(Some(demo()));
    assert_eq!(agent.effect(user).unwrap(), went("Unknown Subject"));
    let mut data = init([("dataKey", Value::from("order"))]).with_shared("order", "text");
    assert_eq!(data.enter().unwrap(), went("error"));
    let secrets = map([("code", secret("1234"))]);
    let mut data = init([("dataKey", Value::from("order"))]).with_transient("order", secrets);
    assert_eq!(data.enter().unwrap(), went("error"));
}

#[test]
fn a_transaction_for_anybody_names_nobody_and_may_keep_its_address() {
    let mut visit = init([("redirectUrlType", Value::from("NONE"))]);
    assert_eq!(open(visit.enter().unwrap()).subject, None);
    assert_eq!(visit.effect(opened()).unwrap(), went("created"));
    assert_eq!(visit.shared("backchannel-redirectUri"), None);
    let mut full = init([]);
    full.enter().unwrap();
    assert_eq!(
        full.effect(said(BackchannelReply::Full)).unwrap(),
        went("error")
    );
    let custom = ("redirectUrlType", Value::from("CUSTOM"));
    let settings = vec![("tree", Value::from("x")), custom];
    assert!(Visit::scripted("BackChannelInit", settings, &INIT, &BTreeMap::new()).is_err());
}

#[test]
fn how_it_stands_is_an_outcome_and_proves_nothing() {
    let new = |record: bool| {
        let settings = vec![("recordData", Value::Bool(record))];
        Visit::scripted("BackChannelStatus", settings, &STATUS, &BTreeMap::new())
            .unwrap()
            .with_shared("backchannel-transaction", "t1")
    };
    for (state, outcome) in [
        (BackchannelState::Pending, "pending"),
        (BackchannelState::InProgress, "inProgress"),
        (BackchannelState::Success, "success"),
        (BackchannelState::Failure, "failure"),
        (BackchannelState::Unknown, "unknown"),
    ] {
        let mut visit = new(true);
        assert!(matches!(
            visit.enter().unwrap(),
            Did::Call(Effect::Backchannel(_))
        ));
        let reply = said(BackchannelReply::Stands {
            state,
            properties: BTreeMap::from([(Arc::from("a"), Value::from("b"))]),
            told: Some(map([("at", Value::from("gate"))])),
        });
        assert_eq!(visit.effect(reply).unwrap(), went(outcome));
        let told = visit.transient("backchannel-sessionProperties");
        assert_eq!(told.is_some(), state == BackchannelState::Success);
        assert!(visit.shared("backchannel-transactionData").is_some());
    }
    let mut none = Visit::scripted("BackChannelStatus", vec![], &STATUS, &BTreeMap::new()).unwrap();
    assert_eq!(none.enter().unwrap(), went("error"));
}

#[test]
fn word_is_left_by_a_run_that_is_for_a_transaction() {
    let new = || {
        Visit::scripted(
            "BackchannelNotification",
            vec![],
            &["success", "error"],
            &BTreeMap::new(),
        )
        .unwrap()
    };
    let word = map([("at", Value::from("gate"))]);
    let mut none = new().with_shared("backchannel-data", word.clone());
    assert_eq!(none.enter().unwrap(), went("error"));
    let mut visit = new().with_shared("backchannel-data", word.clone());
    visit.world.transaction = Some(Arc::from("t1"));
    let Did::Call(Effect::Backchannel(told)) = visit.enter().unwrap() else {
        panic!("it tells");
    };
    let transaction = Arc::from("t1");
    assert_eq!(
        *told,
        Backchannel::Tell {
            transaction,
            data: word
        }
    );
    let kept = said(BackchannelReply::Told(true));
    assert_eq!(visit.effect(kept).unwrap(), went("success"));
    visit.enter().unwrap();
    let over = said(BackchannelReply::Told(false));
    assert_eq!(visit.effect(over).unwrap(), went("error"));
}

#[test]
fn arms_say_what_they_mean_and_nothing_else() {
    let refused = |arms: &[&str]| {
        Visit::scripted("BackchannelNotification", vec![], arms, &BTreeMap::new()).err()
    };
    assert!(refused(&["SUCCESS", "<error>"]).is_none());
    assert!(refused(&["success"]).is_some());
    assert!(refused(&["success", "fault"]).is_some());
    assert!(refused(&["success", "Success", "error"]).is_some());
}
