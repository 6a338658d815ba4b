//! Composite advice over HTTP: vectors 19 to 26, C04 and C05.

use serde_json::{Value as Json, json};

use super::stage::{
    LEVEL, NO_CONFIGURATION, OTHERS, Player as _, REALM, SCHEME, SERVICE, TIMED_OUT, TREE, advice,
    alpha, at, bad_request, choices, claims, composite, journey, session_cookie, stage, stage_with,
};
use crate::support::{Client, Reply, percent};

async fn start(client: &mut Client, pairs: &[(&str, &[&str])]) -> Reply {
    client.post(&at(&composite(pairs)), "").await
}

#[tokio::test]
async fn v19_several_journeys_are_a_menu() {
    let server = stage().await;
    let mut client = server.client();
    // Two pairs of one name, as the vendor's own example has them, and one of the other.
    let pairs: &[(&str, &[&str])] = &[
        (SERVICE, &["Strong", "Inner"]),
        (SERVICE, &["Login", "Strong", "Nowhere"]),
        (TREE, &["Once"]),
    ];
    let reply = start(&mut client, pairs).await;
    let menu = reply.step();
    assert_eq!(
        menu["callbacks"],
        json!([{
            "type": "ChoiceCallback",
            "output": [
                {"name": "prompt", "value": "Authentication Menu"},
                {"name": "choices", "value": ["Strong", "Login", "Once"]},
                {"name": "defaultChoice", "value": 0},
            ],
            "input": [{"name": "IDToken1", "value": 0}],
        }])
    );
    assert_eq!(menu.as_object().expect("an object").len(), 2);
    assert_eq!(claims(&menu)["authIndexType"], "composite_advice");
    assert!(
        reply
            .header("set-cookie")
            .is_some_and(|c| c.starts_with("amlbcookie="))
    );
    // A choice that is none costs nothing.
    for wrong in [
        json!(3),
        json!(-1),
        json!("x"),
        json!(1.0),
        json!(null),
        json!("03"),
    ] {
        let reply = client.answer(&menu, std::slice::from_ref(&wrong)).await;
        let expected = bad_request("Invalid value for a callback input in JSON response");
        assert_eq!((reply.status, reply.text()), (400, &*expected), "{wrong}");
    }
    let bare = json!({"authId": menu["authId"]}).to_string();
    assert_eq!(client.post(&at(""), &bare).await.status, 400);
    // A choice begins the journey at once; from here on the token is keyed to it.
    let step = client.answer(&menu, &[json!(2)]).await.step();
    assert_eq!(journey(&step), "Once");
    // The menu is used.
    for choice in [0, 2] {
        let reply = client.answer(&menu, &[json!(choice)]).await;
        assert_eq!((reply.status, reply.text()), (401, TIMED_OUT));
    }
    client.as_demo(&step).await.token();
    assert_eq!(server.sessions(), 1);
}

#[tokio::test]
async fn a_menu_chosen_from_many_times_at_once_begins_one_run() {
    let server = stage().await;
    let mut client = server.client();
    let menu = start(&mut client, &[(SERVICE, &["Login", "Strong"])])
        .await
        .step();
    let mut tasks = Vec::new();
    for at in 0..16 {
        let (mut client, menu) = (client.clone(), menu.clone());
        tasks.push(tokio::spawn(async move {
            client.answer(&menu, &[json!(at % 2)]).await.status
        }));
    }
    let mut statuses = Vec::new();
    for task in tasks {
        statuses.push(task.await.expect("it ends"));
    }
    statuses.sort_unstable();
    assert_eq!(statuses[0], 200);
    assert!(
        statuses[1..].iter().all(|status| *status == 401),
        "{statuses:?}"
    );
}

#[tokio::test]
async fn a_menu_is_over_with_its_time_and_is_no_step_elsewhere() {
    let server = stage().await;
    let mut client = server.client();
    let menu = start(&mut client, &[(SERVICE, &["Login", "Strong"])])
        .await
        .step();
    let beside = Client::path("/alpha/sub", "");
    let reply = client.answer_at(&beside, &menu, &[json!(0)]).await;
    let expected = bad_request("AuthId JWT Signature not valid");
    assert_eq!((reply.status, reply.text()), (400, &*expected));
    let link = format!("suspendedId={}", menu["authId"].as_str().expect("a token"));
    assert_eq!(client.post(&at(&link), "").await.status, 401);
    server.advance(std::time::Duration::from_secs(300));
    let reply = client.answer(&menu, &[json!(0)]).await;
    assert_eq!((reply.status, reply.text()), (401, TIMED_OUT));
}

#[tokio::test]
async fn a_menu_keeps_what_the_start_wanted() {
    let server = stage().await;
    let mut client = server.client();
    let advice = composite(&[(SERVICE, &["Login", "Strong"])]);
    let query = format!("{advice}&goto=/here&noSession=true");
    let menu = client.post(&at(&query), "").await.step();
    let step = client.answer(&menu, &[json!(0)]).await.step();
    let reply = client.as_demo(&step).await;
    let expected = r#"{"successUrl":"/here","realm":"/alpha"}"#;
    assert_eq!((reply.status, reply.text()), (200, expected));
    assert_eq!(session_cookie(&reply), None);
    // Callbacks that come with the start choose at once.
    let mut body = menu.clone();
    body.as_object_mut().expect("an object").remove("authId");
    body["callbacks"][0]["input"][0]["value"] = json!(1);
    let step = client.post(&at(&advice), &body.to_string()).await.step();
    assert_eq!(journey(&step), "Strong");
}

#[tokio::test]
async fn a_menu_that_is_too_long_for_a_token_is_kept() {
    let server = stage_with(|config| config.limits.inline_state_bytes = 64).await;
    let mut client = server.client();
    let menu = start(&mut client, &[(SERVICE, &["Login", "Strong"])])
        .await
        .step();
    let step = client.answer(&menu, &[json!(1)]).await.step();
    assert_eq!(journey(&step), "Strong");
    let reply = client.answer(&menu, &[json!(1)]).await;
    assert_eq!((reply.status, reply.text()), (401, TIMED_OUT));
    client.as_demo(&step).await.token();
}

#[tokio::test]
async fn v20_one_journey_starts_at_once() {
    let server = stage().await;
    let mut client = server.client();
    let step = start(&mut client, &[(SERVICE, &[" Strong "])]).await.step();
    assert_eq!(
        (journey(&step), &step["stage"]),
        ("Strong".into(), &json!("Strong"))
    );
    // Not split at blanks: that is the name of no journey.
    let reply = start(&mut client, &[(SERVICE, &["Strong Login"])]).await;
    assert_eq!((reply.status, reply.text()), (400, NO_CONFIGURATION));
}

#[tokio::test]
async fn v21_a_realm_goes_before_journeys() {
    let server = stage().await;
    let mut client = server.client();
    let pairs: &[(&str, &[&str])] = &[(SERVICE, &["Strong"]), (REALM, &["/alpha"])];
    let step = start(&mut client, pairs).await.step();
    assert_eq!(journey(&step), "Login");
}

#[tokio::test]
async fn v22_of_several_levels_the_lowest_is_meant() {
    let server = stage().await;
    let mut client = server.client();
    let menu = start(&mut client, &[(LEVEL, &["20", "10"])]).await.step();
    assert_eq!(choices(&menu), ["Mid", "Strong", "Either"]);
    let menu = start(&mut client, &[(LEVEL, &["20"])]).await.step();
    assert_eq!(choices(&menu), ["Strong", "Either"]);
    // Success below what was asked is refused, whatever the journey allows.
    for (more, status) in [(0, 200), (1, 401)] {
        let menu = start(&mut client, &[(LEVEL, &["20"])]).await.step();
        let step = client.answer(&menu, &[json!(1)]).await.step();
        let step = client.as_demo(&step).await.step();
        let reply = client.answer(&step, &[json!(more)]).await;
        assert_eq!(reply.status, status, "{}", reply.text());
    }
    assert_eq!(
        start(&mut client, &[(LEVEL, &["21"])]).await.text(),
        NO_CONFIGURATION
    );
}

#[tokio::test]
async fn v23_journeys_go_before_levels() {
    let server = stage().await;
    let mut client = server.client();
    let pairs: &[(&str, &[&str])] = &[(LEVEL, &["20"]), (SERVICE, &["Once"])];
    let step = start(&mut client, pairs).await.step();
    assert_eq!(journey(&step), "Once");
    client.as_demo(&step).await.token();
}

#[tokio::test]
async fn v24_a_level_of_a_realm() {
    let server = stage().await;
    let mut client = server.client();
    let root = |query: &str| Client::path("/", query);
    let plain = composite(&[(LEVEL, &["10"])]);
    let menu = client.post(&root(&plain), "").await.step();
    assert_eq!(choices(&menu), ["Mid", "Strong", "Either"]);
    let menu = client
        .post(&root(&composite(&[(LEVEL, &["/:10"])])), "")
        .await
        .step();
    assert_eq!(choices(&menu), ["/:Mid", "/:Strong", "/:Either"]);
    let step = client.answer_at(&root(""), &menu, &[json!(0)]).await.step();
    assert_eq!(
        (journey(&step), &claims(&step)["realm"]),
        ("Mid".into(), &json!("/"))
    );
}

#[tokio::test]
async fn v25_an_advice_that_is_encoded_twice() {
    let server = stage().await;
    let mut client = server.client();
    let twice = percent(&percent(&advice(&[(SERVICE, &["Strong"])])));
    let query = format!("authIndexType=composite_advice&authIndexValue={twice}");
    let step = client.post(&at(&query), "").await.step();
    assert_eq!(journey(&step), "Strong");
}

#[tokio::test]
async fn v26_what_is_no_advice_asks_for_nothing() {
    let server = stage().await;
    let mut client = server.client();
    for document in [
        "",
        "Strong",
        "<Advices/>",
        "<Advices>",
        "<Advices><AttributeValuePair></AttributeValuePair></Advices>",
        "{\"AuthenticateToServiceConditionAdvice\":[\"Strong\"]}",
        "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><Advices>&x;</Advices>",
        "%3CAdvices",
    ] {
        let value = percent(document);
        let query = format!("authIndexType=composite_advice&authIndexValue={value}");
        let reply = client.post(&at(&query), "").await;
        assert_eq!(
            (reply.status, reply.text()),
            (400, NO_CONFIGURATION),
            "{document}"
        );
    }
    let reply = client.post(&at("authIndexType=composite_advice"), "").await;
    assert_eq!((reply.status, reply.text()), (400, NO_CONFIGURATION));
}

#[tokio::test]
async fn c04_a_second_index_is_refused() {
    let server = stage().await;
    let mut client = server.client();
    let strong = composite(&[(SERVICE, &["Strong"])]);
    let easy = "authIndexType=service&authIndexValue=Once";
    for query in [
        format!("{strong}&{easy}"),
        format!("{easy}&{strong}"),
        format!("{strong}&authIndexValue=Once"),
        format!("{strong}&authIndexType=service"),
    ] {
        let reply = client.post(&at(&query), "").await;
        assert_eq!(reply.status, 400, "{}", reply.text());
        let message = reply.json()["message"].as_str().expect("a text").to_owned();
        assert!(message.starts_with("Parameter authIndex"), "{message}");
    }
    // Nor does an index of a later request change what was started.
    let step = client.post(&at(&strong), "").await.step();
    let values = ["demo".into(), super::stage::PASSWORD.into()];
    let token = client.answer_at(&at(easy), &step, &values).await.token();
    assert_eq!(client.info(&token).await["realm"], "/alpha");
    let step = client
        .post(&at(&format!("{strong}&ForceAuth=true")), "")
        .await
        .step();
    let next = client
        .answer_at(&at(easy), &step, &["".into(), "".into()])
        .await
        .step();
    assert_eq!(journey(&next), "Strong");
}

#[tokio::test]
async fn c05_an_advice_never_leads_out_of_the_realm() {
    let server = stage().await;
    let mut client = server.client();
    for pairs in [
        &[(REALM, &["/"][..])][..],
        &[(REALM, &["/beta"])],
        &[(REALM, &["/alphabet"])],
        &[(SERVICE, &["/:Strong"])],
        &[(SERVICE, &["/alpha/other:Strong"])],
        &[(LEVEL, &["/:10"])],
        &[(SCHEME, &["/:Strong"])],
    ] {
        let reply = start(&mut client, pairs).await;
        assert_eq!(
            (reply.status, reply.text()),
            (400, NO_CONFIGURATION),
            "{pairs:?}"
        );
    }
    // With a way that leads out and one that stays, only the one that stays is there.
    let step = start(&mut client, &[(SERVICE, &["/:Login", "Strong"])])
        .await
        .step();
    assert_eq!(
        (journey(&step), &claims(&step)["realm"]),
        ("Strong".into(), &json!("/alpha"))
    );
}

#[tokio::test]
async fn c05_a_run_below_is_told_apart_by_address_and_people() {
    let server = stage().await;
    let mut client = server.client();
    let below = composite(&[(SERVICE, &["/alpha/sub:Mid"])]);
    let step = client.post(&at(&below), "").await.step();
    // The token is one of the address, and goes on there alone.
    assert_eq!(claims(&step)["realm"], "/alpha");
    assert_eq!(journey(&step), "Mid");
    let values: Vec<Json> = vec!["demo".into(), OTHERS.into()];
    let other = Client::path("/alpha/sub", "");
    let reply = client.answer_at(&other, &step, &values).await;
    let expected = bad_request("AuthId JWT Signature not valid");
    assert_eq!((reply.status, reply.text()), (400, &*expected));
    // It is the `demo` below who logs in, and the reply says where.
    let reply = client.answer(&step, &values).await;
    let token = reply.token();
    assert_eq!(reply.json()["realm"], "/alpha/sub");
    let info = client.info(&token).await;
    assert_eq!(
        (&info["realm"], &info["username"]),
        (&json!("/alpha/sub"), &json!("demo"))
    );
    // The one above has another password there.
    let step = server.client().post(&at(&below), "").await.step();
    let reply = server.client().as_demo(&step).await;
    assert_eq!(reply.status, 401);
    // A session above is not touched by a run below, and a session below is upgraded by one.
    let mut client = server.client();
    let above = client.log_in("Login").await.token();
    let step = client.post(&at(&below), "").await.step();
    let under = client.answer(&step, &values).await.token();
    assert!(client.is_valid(&above).await && client.is_valid(&under).await);
    let strong = composite(&[(SERVICE, &["/alpha/sub:Strong"])]);
    let step = client.post(&at(&strong), "").await.step();
    let next = client.answer(&step, &values).await.token();
    assert!(client.is_valid(&above).await && client.is_valid(&next).await);
    assert!(!client.is_valid(&under).await);
}

#[tokio::test]
async fn modules_of_an_advice_are_journeys_by_another_name() {
    let server = stage_with(|config| {
        let modules = &mut alpha(config).modules;
        modules.insert("LDAP".to_owned(), "Once".to_owned());
    })
    .await;
    let mut client = server.client();
    let step = start(&mut client, &[(SCHEME, &["LDAP", "OATH"])])
        .await
        .step();
    assert_eq!(journey(&step), "Once");
    let menu = start(&mut client, &[(SCHEME, &["LDAP"]), (LEVEL, &["20"])])
        .await
        .step();
    assert_eq!(choices(&menu), ["LDAP", "Strong", "Either"]);
}
