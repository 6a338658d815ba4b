//! Answers that were not asked for: A12 to A17.

use serde_json::{Value as Json, json};

use super::{
    forge::{run_of, state},
    world::{ALPHA, BAD_JSON, COUNT, INPUT, KIND, LOGIN_FAILURE, Refused, VALUE, World, code},
};
use crate::support::{Client, filled};

fn auth_id(step: &Json) -> &str {
    step["authId"].as_str().expect("a token")
}

fn right() -> [Json; 2] {
    ["demo".into(), ALPHA.into()]
}

/// Posts a body to `/alpha` and holds the refusal to all that it means.
async fn refuse(world: &World, body: &Json, expected: Refused<'_>) {
    let (mut client, path, text) = (world.client(), Client::path("/alpha", ""), body.to_string());
    let token = body["authId"].as_str().unwrap_or(ALPHA);
    world
        .refused(client.post(&path, &text), expected, &[ALPHA, token])
        .await;
}

/// The step with one thing changed.
fn with(step: &Json, change: impl FnOnce(&mut Json)) -> Json {
    let mut step = step.clone();
    change(&mut step);
    step
}

#[tokio::test]
async fn a12_counts_and_types_must_be_those_asked() {
    let world = World::new().await;
    let step = world.client().begin("").await.step();
    let good = filled(&step, &right());
    let name = good["callbacks"][0].clone();
    let password = good["callbacks"][1].clone();
    let listed = |list: Vec<&Json>| {
        with(&good, |step| {
            step["callbacks"] = list.into_iter().cloned().collect();
        })
    };
    for callbacks in [
        vec![],
        vec![&name],
        vec![&password],
        vec![&name, &password, &password],
    ] {
        refuse(&world, &listed(callbacks), COUNT).await;
    }
    refuse(&world, &listed(vec![&name; 33]), COUNT).await;
    for other in [
        json!({}),
        json!("x"),
        json!(null),
        json!(7),
        json!(true),
        json!({"0": name, "1": password}),
    ] {
        refuse(
            &world,
            &with(&good, |step| step["callbacks"] = other),
            COUNT,
        )
        .await;
    }
    refuse(&world, &json!({ "authId": auth_id(&good) }), COUNT).await;
    for callbacks in [
        vec![&password, &name],
        vec![&name, &name],
        vec![&password, &password],
    ] {
        refuse(&world, &listed(callbacks), KIND).await;
    }
    let untyped = |ty: Option<Json>| {
        with(&good, |step| {
            let callback = step["callbacks"][1].as_object_mut().expect("a callback");
            callback.remove("type");
            callback.extend(ty.map(|ty| ("type".to_owned(), ty)));
        })
    };
    for ty in [
        None,
        Some(json!(null)),
        Some(json!(1)),
        Some(json!("")),
        Some(json!(["PasswordCallback"])),
        Some(json!("HiddenValueCallback")),
        Some(json!("PasswordCallback ")),
    ] {
        refuse(&world, &untyped(ty), KIND).await;
    }
    for callback in [json!(null), json!("PasswordCallback"), json!([])] {
        refuse(
            &world,
            &with(&good, |step| step["callbacks"][1] = callback),
            KIND,
        )
        .await;
    }
    for input in [json!(null), json!([]), json!({}), json!("x")] {
        refuse(
            &world,
            &with(&good, |step| step["callbacks"][1]["input"] = input),
            INPUT,
        )
        .await;
    }
    for value in [json!(1), json!(true), json!(["x"]), json!({"x": "y"})] {
        refuse(
            &world,
            &with(&good, |step| {
                step["callbacks"][1]["input"][0]["value"] = value;
            }),
            VALUE,
        )
        .await;
    }
    assert_eq!(
        world
            .server
            .running
            .store()
            .generation(run_of(auth_id(&step))),
        Ok(None)
    );
    world.client().answer(&step, &right()).await.token();
}

#[tokio::test]
async fn a13_only_declared_inputs_reach_the_state() {
    let world = World::new().await;
    // The states of the two steps after a name and after a wrong password.
    let states = async |change: fn(&mut Json)| {
        let mut states = Vec::new();
        let mut step = world.client().begin("Steps").await.step();
        for value in ["demo", "wrong"] {
            let body = with(&filled(&step, &[value.into()]), change).to_string();
            let reply = world
                .client()
                .post(&Client::path("/alpha", ""), &body)
                .await;
            step = reply.step();
            states.push(state(&world, auth_id(&step)));
        }
        // The counter is the account's: given back, so that the next run meets the same account.
        world.client().login("demo", ALPHA).await.token();
        states
    };
    let honest = states(|_| ()).await;
    assert_eq!(
        states(|_| ()).await,
        honest,
        "two honest runs have one state"
    );
    let changes: [fn(&mut Json); 8] = [
        |step| step["authLevel"] = 20.into(),
        |step| {
            step["shared"] = json!({ "authLevel": 20, "username": "amadmin" });
            step["transient"] = json!({ "password": ALPHA });
            step["realm"] = "/beta".into();
            step["subject"] = "amadmin".into();
        },
        |step| {
            let inputs = step["callbacks"][0]["input"]
                .as_array_mut()
                .expect("inputs");
            inputs.push(json!({ "name": "IDToken99", "value": "amadmin" }));
            inputs.push(json!({ "name": "authLevel", "value": "20" }));
            inputs.push(json!({ "name": "username", "value": "amadmin" }));
        },
        |step| {
            let inputs = step["callbacks"][0]["input"]
                .as_array_mut()
                .expect("inputs");
            inputs.insert(0, json!({ "name": "IDToken2", "value": ALPHA }));
        },
        |step| {
            step["callbacks"][0]["username"] = "amadmin".into();
            step["callbacks"][0]["value"] = "amadmin".into();
        },
        |step| step["callbacks"][0]["output"] = json!([{ "name": "prompt", "value": "amadmin" }]),
        |step| step["callbacks"][0]["_id"] = 1.into(),
        |step| {
            step["stage"] = "Other".into();
            step["header"] = "Other".into();
            step["description"] = json!({ "authLevel": 20 });
        },
    ];
    let (compared, mut rounds) = (world.server.compared(), 0);
    for (at, change) in changes.into_iter().enumerate() {
        assert!(
            states(change).await == honest,
            "change {at} reached the state"
        );
        rounds += 1;
    }
    assert_eq!(
        world.server.compared(),
        compared + 2 * rounds,
        "a wrong one and a right one each"
    );
    assert_eq!(world.server.sessions(), rounds + 2);
    // An input that stands twice is neither of the two.
    let step = world.client().begin("Mfa").await.step();
    let twice = with(&filled(&step, &["demo".into(), "wrong".into()]), |step| {
        let inputs = step["callbacks"][1]["input"]
            .as_array_mut()
            .expect("inputs");
        inputs.push(json!({ "name": "IDToken2", "value": ALPHA }));
    });
    refuse(&world, &twice, VALUE).await;
}

#[tokio::test]
async fn a14_a_choice_is_one_of_those_shown() {
    let world = World::new().await;
    let mut client = world.client();
    let step = client.begin("Reset").await.step();
    let step = client.answer(&step, &["demo".into()]).await.step();
    assert_eq!(step["callbacks"][0]["type"], "ChoiceCallback");
    let choose = |value: Json| {
        with(&step, |step| {
            step["callbacks"][0]["input"][0]["value"] = value;
        })
    };
    for value in [
        json!(-1),
        json!(3),
        json!(2_147_483_648_u64),
        json!(4_294_967_296_u64),
        json!(18_446_744_073_709_551_615_u64),
        json!("0x1"),
        json!("01"),
        json!("+1"),
        json!(" 1"),
        json!("1 "),
        json!("\u{661}"),
        json!("-1"),
        json!("3"),
        json!(1.5),
        json!(1.0),
        json!(""),
        json!(null),
        json!([0]),
        json!({}),
        json!(true),
        json!("Mail"),
    ] {
        refuse(&world, &choose(value), VALUE).await;
    }
    // As it would be written by hand: a number with an exponent is no position.
    let exponent = choose(json!(77)).to_string().replace(":77", ":1e2");
    let mut other = world.client();
    let path = Client::path("/alpha", "");
    world
        .refused(other.post(&path, &exponent), VALUE, &[auth_id(&step)])
        .await;
    let huge = choose(json!(77))
        .to_string()
        .replace(":77", &format!(":1{}", "0".repeat(40)));
    world
        .refused(other.post(&path, &huge), BAD_JSON, &[auth_id(&step)])
        .await;
    let password = client.answer(&step, &[1.into()]).await.step();
    assert_eq!(password["callbacks"][0]["type"], "PasswordCallback");
    client.answer(&password, &[ALPHA.into()]).await.token();
}

#[tokio::test]
async fn a15_a_confirmation_is_one_of_its_options() {
    let world = World::new().await;
    let mut client = world.client();
    let step = client.begin("Terms").await.step();
    let step = client.answer(&step, &right()).await.step();
    let at = step["callbacks"].as_array().expect("callbacks").len() - 1;
    assert_eq!(step["callbacks"][at]["type"], "ConfirmationCallback");
    // The count of the password that was right is given back behind the answer; this write comes after it.
    let store = world.server.running.store();
    store.end_session("nobody".into()).await.expect("a store");
    let confirm = |value: Json| {
        with(&step, |step| {
            step["callbacks"][at]["input"][0]["value"] = value;
        })
    };
    for value in [
        json!("true"),
        json!("yes"),
        json!(true),
        json!(false),
        json!(null),
        json!(2),
        json!("2"),
        json!(-1),
        // Only a confirmation that may be left alone can come back untouched.
        json!(100),
        json!(0.0),
        json!([0]),
        json!({}),
        json!(""),
    ] {
        refuse(&world, &confirm(value), VALUE).await;
    }
    assert_eq!(world.server.sessions(), 0);
    client.answer(&step, &[0.into()]).await.token();
}

/// A run that waits for the mailed code, the code, and the selector where it was shown.
async fn to_the_wait(world: &World, selector: bool) -> (Json, String, Option<Json>) {
    let mut client = world.client();
    let before = world.server.outbox();
    let (wait, shown) = if selector {
        let who = client.begin("Reset").await.step();
        let shown = client.answer(&who, &["demo".into()]).await.step();
        (client.answer(&shown, &[0.into()]).await.step(), Some(shown))
    } else {
        let page = client.begin("Mfa").await.step();
        (client.answer(&page, &right()).await.step(), None)
    };
    let sent: Vec<String> = world.server.outbox().difference(&before).cloned().collect();
    assert_eq!(sent.len(), 1, "one message");
    (wait, code(&sent[0]), shown)
}

#[tokio::test]
async fn a17_the_answers_to_another_step_are_refused() {
    let world = World::new().await;
    for selector in [true, false] {
        let (wait, code, shown) = to_the_wait(&world, selector).await;
        let asked = |callbacks: &Json| with(&wait, |step| step["callbacks"] = callbacks.clone());
        let input = |ty: &str, value: Json| json!([{ "type": ty, "input": [{ "name": "IDToken1", "value": value }] }]);
        let mut others = vec![
            input("ChoiceCallback", 1.into()),
            input("ChoiceCallback", 0.into()),
            input("NameCallback", "demo".into()),
            input("ConfirmationCallback", 0.into()),
            input("HiddenValueCallback", code.clone().into()),
        ];
        others.extend(shown.map(|step| step["callbacks"].clone()));
        for callbacks in &others {
            refuse(&world, &asked(callbacks), KIND).await;
        }
        let page = json!([
            input("NameCallback", "demo".into())[0],
            input("PasswordCallback", ALPHA.into())[0]
        ]);
        refuse(&world, &asked(&page), COUNT).await;
        // The sibling that takes a new password asks what this step asks. It is a wrong code here.
        let (other, _, _) = to_the_wait(&world, selector).await;
        let before = world.look();
        let password = input("PasswordCallback", ALPHA.into());
        let body = with(&other, |step| step["callbacks"] = password).to_string();
        let reply = world
            .client()
            .post(&Client::path("/alpha", ""), &body)
            .await;
        if selector {
            assert_eq!((reply.status, reply.text()), (401, LOGIN_FAILURE));
        } else {
            assert_eq!(reply.step()["callbacks"], wait["callbacks"]);
        }
        assert_eq!(
            world.look().compared,
            before.compared,
            "no password was compared"
        );
        assert_eq!(world.server.sessions(), u64::from(!selector));
        // What was refused consumed nothing.
        world.client().answer(&wait, &[code.into()]).await.token();
    }
    assert_eq!(world.server.sessions(), 2);
}
