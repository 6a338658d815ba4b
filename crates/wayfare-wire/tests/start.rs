//! Starts, question by question: what is asked, and that nothing but an answer goes on.

use std::{collections::BTreeMap, sync::Arc};

use wayfare::{Advice, StartSession, SubjectId, Value, engine::effect::SessionRef};
use wayfare_wire::{
    am::{
        authenticate::{Beside, Conclusion, Exchange, Finish, Given, Need, Transaction, Verdict},
        reply::Reply,
        request::Parts,
    },
    claims::{Claimed, StepClaims},
    query::Query,
};

use crate::{
    transcript::answer,
    world::{World, realm},
};

const DEMO: &str = "/alpha#demo";

fn headers() -> Vec<(String, String)> {
    [
        ("accept-api-version", "resource=2.1"),
        ("content-type", "application/json"),
        ("iplanetdirectorypro", "token"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

fn exchange<'a>(
    world: &'a World,
    headers: &'a [(String, String)],
    query: &str,
    body: &'a str,
) -> Exchange<'a> {
    let parts = Parts {
        method: "POST",
        path: "/json/realms/root/realms/alpha/authenticate",
        query: "",
        headers,
        body: body.as_bytes(),
        client: None,
    };
    let query = Query::parse(query).unwrap();
    Exchange::new(world, &world.host, realm("/alpha"), query, parts)
}

fn beside(services: &[&str]) -> Beside {
    Beside {
        realm: realm("/alpha"),
        session: StartSession {
            session: SessionRef("handle".into()),
            subject: SubjectId(DEMO.into()),
            username: "demo".into(),
            level: wayfare::AuthLevel::saturating(5),
            services: services.iter().map(|name| (*name).into()).collect(),
            proved: true,
        },
    }
}

fn text(reply: &Reply) -> String {
    String::from_utf8(reply.body.clone()).unwrap()
}

fn reply(need: Need) -> Reply {
    match need {
        Need::Reply(reply) => reply,
        other => panic!("no reply: {other:?}"),
    }
}

/// Up to the question after the session.
fn asked(exchange: &mut Exchange<'_>) -> Need {
    assert!(matches!(exchange.next(Given::Nothing), Need::Session(_)));
    exchange.next(Given::Session(Some(beside(&[]))))
}

const ADVICE: &str = "authIndexType=composite_advice&authIndexValue=\
    <Advices><AttributeValuePair><Attribute name='AuthenticateToServiceConditionAdvice'/>\
    <Value>Easy</Value><Value>Strong</Value></AttributeValuePair></Advices>";

#[test]
fn each_index_asks_for_what_it_needs() {
    let world = World::new();
    let headers = headers();
    let ask = |query: &str| asked(&mut exchange(&world, &headers, query, ""));
    let user = ask("authIndexType=user&authIndexValue=Demo");
    assert!(matches!(user, Need::UserJourney(name) if name == "Demo"));
    let Need::Policy { resource, session } = ask("authIndexType=resource&authIndexValue=app:x")
    else {
        panic!("no policy is asked");
    };
    assert_eq!(
        (&*resource, session),
        ("app:x", Some(SessionRef("handle".into())))
    );
    let Need::Transaction { id, subject } = ask("authIndexType=transaction&authIndexValue=t")
    else {
        panic!("no transaction is asked");
    };
    assert_eq!((&*id, subject), ("t", Some(SubjectId(DEMO.into()))));
    assert!(matches!(ask(ADVICE), Need::Admit(admission) if admission.start && !admission.verify));
    assert!(matches!(
        ask("authIndexType=service&authIndexValue=Easy"),
        Need::Admit(_)
    ));
    let enough = reply(ask(""));
    assert_eq!(enough.status, 200);
    assert!(enough.cookies.is_empty());
}

#[test]
fn l01_whatever_is_not_an_answer_begins_nothing() {
    let world = World::new();
    let headers = headers();
    let wrong: [fn() -> Given; 5] = [
        || Given::Failed,
        || Given::Nothing,
        || Given::Done,
        || Given::Claimed(Claimed::Won),
        || Given::State(None),
    ];
    for query in [
        "",
        "authIndexType=user&authIndexValue=demo",
        "authIndexType=resource&authIndexValue=app:x",
        "authIndexType=transaction&authIndexValue=t",
        ADVICE,
    ] {
        for given in wrong {
            let mut first = exchange(&world, &headers, query, "");
            assert!(matches!(first.next(Given::Nothing), Need::Session(_)));
            assert_eq!(reply(first.next(given())).status, 500, "{query}");
            assert_eq!(first.summary().run, None);
            if query.is_empty() {
                continue;
            }
            let mut second = exchange(&world, &headers, query, "");
            asked(&mut second);
            assert_eq!(reply(second.next(given())).status, 500, "{query}");
            // It stays ended.
            assert_eq!(reply(second.next(Given::Admitted)).status, 500);
        }
    }
    assert_eq!((world.claims.rows(), world.session_count()), (0, 0));
}

#[test]
fn nothing_known_is_no_configuration() {
    let world = World::new();
    let headers = headers();
    for (query, given) in [
        (
            "authIndexType=resource&authIndexValue=app:x",
            Given::Policy(None),
        ),
        (
            "authIndexType=transaction&authIndexValue=t",
            Given::Transaction(None),
        ),
    ] {
        let mut exchange = exchange(&world, &headers, query, "");
        asked(&mut exchange);
        let refused = reply(exchange.next(given));
        assert_eq!(refused.status, 400);
        assert!(text(&refused).contains("No Configuration found"));
    }
}

#[test]
fn a_resource_that_needs_nothing_more_is_satisfied() {
    let world = World::new();
    let headers = headers();
    let query = "authIndexType=resource&authIndexValue=app:x";
    let mut with = exchange(&world, &headers, query, "");
    asked(&mut with);
    let enough = reply(with.next(Given::Policy(Some(Advice::default()))));
    assert_eq!(enough.status, 200);
    assert_eq!(with.summary().verdict, Verdict::Satisfied);
    let mut without = exchange(&world, &headers, query, "");
    without.next(Given::Nothing);
    without.next(Given::Session(None));
    let need = without.next(Given::Policy(Some(Advice::default())));
    assert!(matches!(need, Need::Admit(_)));
    let mut forced = exchange(&world, &headers, &format!("{query}&ForceAuth=true"), "");
    asked(&mut forced);
    let need = forced.next(Given::Policy(Some(Advice::default())));
    assert!(matches!(need, Need::Admit(_)));
    let mut advice = Advice::default();
    advice.service("Strong");
    let mut denied = exchange(&world, &headers, query, "");
    asked(&mut denied);
    let need = denied.next(Given::Policy(Some(advice)));
    assert!(matches!(need, Need::Admit(_)));
    assert_eq!(denied.summary().journey.as_deref(), Some("Strong"));
}

#[test]
fn a_menu_looks_for_its_session_again_before_it_is_claimed() {
    let world = World::new();
    let headers = headers();
    let mut shown = exchange(&world, &headers, ADVICE, "");
    asked(&mut shown);
    let menu = reply(shown.next(Given::Admitted));
    assert_eq!((world.claims.rows(), menu.status), (0, 200));
    let summary = shown.summary();
    let offered = summary.run.unwrap();
    assert!(summary.open_until.is_some() && summary.chosen_from.is_none());
    let mut body: serde_json::Value = serde_json::from_slice(&menu.body).unwrap();
    body["callbacks"][0]["input"][0]["value"] = 1.into();
    let body = body.to_string();
    for (found, lost) in [(true, false), (false, false), (true, true)] {
        let mut chosen = exchange(&world, &headers, "", &body);
        let Need::SessionOf(handle) = chosen.next(Given::Nothing) else {
            panic!("the session is not asked for");
        };
        assert_eq!(&*handle.0, "handle");
        let session = found.then(|| beside(&[]));
        let Need::Claim(claim) = chosen.next(Given::Session(session)) else {
            panic!("nothing is claimed");
        };
        assert_eq!((claim.run, claim.generation), (offered, 0));
        if lost {
            let refused = reply(chosen.next(Given::Claimed(Claimed::Lost)));
            assert_eq!(refused.status, 401);
            assert_eq!(chosen.summary().chosen_from, None);
            continue;
        }
        let step = reply(chosen.next(Given::Claimed(Claimed::Won)));
        assert_eq!(step.status, 200, "{}", text(&step));
        let summary = chosen.summary();
        assert_eq!(summary.chosen_from, Some(offered));
        assert_ne!(summary.run, Some(offered));
        assert_eq!(summary.journey.as_deref(), Some("Strong"));
    }
}

/// Plays the run of a transaction to its end; what the end asks for.
fn play(world: &World, transaction: Transaction, password: &str, query: &str) -> Need {
    let headers = headers();
    let query = format!("authIndexType=transaction&authIndexValue=t{query}");
    let mut exchange_ = exchange(world, &headers, &query, "");
    asked(&mut exchange_);
    let need = exchange_.next(Given::Transaction(Some(transaction)));
    assert!(matches!(need, Need::Admit(_)), "{need:?}");
    let step = reply(exchange_.next(Given::Admitted));
    let body: serde_json::Value = serde_json::from_slice(&step.body).unwrap();
    let body = answer(body["authId"].as_str().unwrap(), "demo", password);
    let mut going = exchange(world, &headers, "", &body);
    let mut given = Given::Nothing;
    loop {
        given = match going.next(given) {
            Need::Admit(_) => Given::Admitted,
            Need::Claim(claim) => Given::Claimed(world.claims.claim(&claim).unwrap()),
            Need::Perform(call) => Given::Effect(world.perform(&call, going.run_realm())),
            Need::Finish(finish) => {
                let again = finish.transaction.clone();
                assert_eq!(again.as_deref(), Some("t"));
                return Need::Finish(finish);
            }
            Need::Conclude(end) => {
                let told = reply(going.next(Given::Done));
                let expected = if end.approved { 200 } else { 401 };
                assert_eq!(told.status, expected, "{}", text(&told));
                assert!(told.cookies.is_empty());
                return Need::Conclude(end);
            }
            other => panic!("{other:?}"),
        };
    }
}

fn transaction(keeps_session: bool) -> Transaction {
    Transaction {
        id: "t".into(),
        journey: "Easy".into(),
        expects: Some(SubjectId(DEMO.into())),
        data: BTreeMap::from([(Arc::from("amount"), Value::Int(7))]),
        keeps_session,
    }
}

#[test]
fn a_transaction_is_concluded_with_its_run() {
    let world = World::new();
    let right = "Ch4ng31t";
    let Need::Finish(made) = play(&world, transaction(false), right, "") else {
        panic!("no session is made");
    };
    let Finish { end, success, .. } = *made;
    assert!(end.is_some() && success.upgrades.is_some());
    for (keeps, password, query) in [
        (true, right, ""),
        (false, right, "&noSession=true"),
        (false, "no", ""),
    ] {
        let Need::Conclude(end) = play(&world, transaction(keeps), password, query) else {
            panic!("a session is made");
        };
        let Conclusion {
            realm: at,
            transaction,
            approved,
            proved,
            session,
            end,
        } = *end;
        assert_eq!((at, &*transaction), (realm("/alpha"), "t"));
        assert_eq!(
            (approved, session.is_some(), proved.is_some()),
            (password == right, password == right, password == right)
        );
        assert!(end.is_some());
    }
    // Whom it expects is not told.
    let mut other = transaction(false);
    other.expects = Some(SubjectId("/alpha#other".into()));
    let Need::Conclude(end) = play(&world, other, right, "") else {
        panic!("a session is made");
    };
    assert!(!end.approved);
}

#[test]
fn a_session_that_is_to_be_kept_must_be_there() {
    let world = World::new();
    let headers = headers();
    let query = "authIndexType=transaction&authIndexValue=t";
    let mut exchange = exchange(&world, &headers, query, "");
    exchange.next(Given::Nothing);
    exchange.next(Given::Session(None));
    let refused = reply(exchange.next(Given::Transaction(Some(transaction(true)))));
    assert_eq!(refused.status, 400);
}

#[test]
fn headers_are_left_to_the_node_that_reads_them() {
    let world = World::new();
    let mut headers = headers();
    headers.retain(|(name, _)| name != "iplanetdirectorypro");
    headers.push(("X-OpenAM-Username".into(), "demo".into()));
    headers.push(("X-OpenAM-Password".into(), "no".into()));
    for (journey, compared, status) in [
        ("ZeroPage", 1, 401),
        ("Easy", 1, 401),
        ("Menu", 1, 401),
        ("Single", 0, 200),
    ] {
        let before = world.comparisons();
        let query = format!("authIndexType=service&authIndexValue={journey}");
        let reply = world.send(
            "POST",
            &format!("/json/realms/root/realms/alpha/authenticate?{query}"),
            &headers,
            b"",
        );
        assert_eq!(reply.status, status, "{journey}: {}", text(&reply));
        assert_eq!(world.comparisons() - before, compared, "{journey}");
    }
}
