//! Steps out of order, twice, at once, elsewhere: A05 to A11.

use std::time::Duration;

use serde_json::{Value as Json, json};
use wayfare_server::store::counter::CounterKey;

use super::{
    forge::run_of,
    world::{ALPHA, LOGIN_FAILURE, NO_CONFIGURATION, TIMED_OUT, World, code, face},
};
use crate::support::{Client, filled};

fn auth_id(step: &Json) -> &str {
    step["authId"].as_str().expect("a token")
}

/// The right answer to a page with name and password.
fn right() -> [Json; 2] {
    ["demo".into(), ALPHA.into()]
}

/// How many passwords of the user `demo` of `/alpha` have failed, refused ones included.
async fn failures(world: &World) -> (u32, u32) {
    let realm = super::world::realm("/alpha");
    let key = wayfare_server::store::user::NameKey::of("demo").expect("a name");
    let store = world.server.running.store();
    // Nobody waits until tries are given back; whatever is written later waits for it.
    let none = store.end_session("no such session".to_owned()).await;
    assert_eq!(none.ok(), Some(false));
    let user = store
        .user(&realm, &key)
        .expect("the store")
        .expect("the user");
    let key = CounterKey {
        realm: "/alpha".into(),
        subject: user.id,
        kind: "password",
    };
    let counter = store.counter(&key).expect("a counter");
    (counter.total, counter.refused)
}

#[tokio::test]
async fn a06_a_journey_named_later_is_not_taken() {
    let world = World::new().await;
    let mut client = world.client();
    let step = client.begin("Easy").await.step();
    let body = filled(&step, &right()).to_string();
    let path = Client::path("/alpha", "authIndexType=service&authIndexValue=Strong");
    let done = client.post(&path, &body).await;
    let token = done.token();
    assert_eq!(
        world.level(&token).await,
        "1",
        "the level of the journey it began with"
    );
    assert_eq!(world.server.sessions(), 1);
    let line = world.last_line();
    assert_eq!(
        (&line["journey"], &line["level"]),
        (&json!("Easy"), &json!(1))
    );
    // Nor does one that can be started by nobody, or does not exist, change what a step is of.
    for name in ["Inner", "Off", "Nowhere"] {
        let mut client = world.client();
        let step = client.begin("Easy").await.step();
        let path = Client::path(
            "/alpha",
            &format!("authIndexType=service&authIndexValue={name}"),
        );
        let done = client
            .post(&path, &filled(&step, &right()).to_string())
            .await;
        assert_eq!(world.level(&done.token()).await, "1", "{name}");
        let mut client = world.client();
        let request = client.begin(name);
        world.refused(request, NO_CONFIGURATION, &[]).await;
    }
}

#[tokio::test]
async fn a07_an_earlier_step_is_refused() {
    let world = World::new().await;
    let mut client = world.client();
    let first = client.begin("").await.step();
    let second = client
        .answer(&first, &["demo".into(), "wrong".into()])
        .await
        .step();
    let run = run_of(auth_id(&first));
    assert_eq!(run_of(auth_id(&second)), run, "one run");
    let generation = || {
        world
            .server
            .running
            .store()
            .generation(run)
            .expect("the store")
    };
    assert_eq!((generation(), failures(&world).await), (Some(1), (1, 0)));
    for values in [
        right(),
        ["demo".into(), "wrong".into()],
        ["other".into(), ALPHA.into()],
    ] {
        let mut other = world.client();
        let request = other.answer(&first, &values);
        world
            .refused(request, TIMED_OUT, &[ALPHA, auth_id(&first)])
            .await;
        assert_eq!(
            (generation(), failures(&world).await),
            (Some(1), (1, 0)),
            "counted once"
        );
    }
    let third = client
        .answer(&second, &["demo".into(), "wrong".into()])
        .await
        .step();
    for earlier in [&first, &second] {
        let mut other = world.client();
        world
            .refused(
                other.answer(earlier, &right()),
                TIMED_OUT,
                &[ALPHA, auth_id(earlier)],
            )
            .await;
    }
    assert_eq!((generation(), failures(&world).await), (Some(2), (2, 0)));
    client.answer(&third, &right()).await.token();
    assert_eq!(world.server.sessions(), 1);
}

#[tokio::test]
async fn a08_the_last_step_makes_one_session() {
    let world = World::new().await;
    let mut client = world.client();
    let step = client.begin("").await.step();
    let token = client.answer(&step, &right()).await.token();
    assert_eq!(world.server.compared(), 1);
    for _ in 0..100 {
        let mut other = world.client();
        world
            .refused(
                other.answer(&step, &right()),
                TIMED_OUT,
                &[ALPHA, auth_id(&step), &token],
            )
            .await;
    }
    // Also with the session that it made.
    world
        .refused(
            client.answer(&step, &right()),
            TIMED_OUT,
            &[ALPHA, auth_id(&step), &token],
        )
        .await;
    assert_eq!((world.server.sessions(), world.server.compared()), (1, 1));
    assert_eq!(client.sessions("validate", "").await.json()["valid"], true);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a09_of_many_at_once_one_goes_on() {
    for right_at in [0, 31, 63] {
        let world = World::with(|config| config.hash.queue = 64).await;
        let step = world.client().begin("").await.step();
        let tries: Vec<_> = (0..64)
            .map(|at| {
                let mut client = world.client();
                let step = step.clone();
                let password = if at == right_at {
                    ALPHA.to_owned()
                } else {
                    format!("wrong-{at}")
                };
                tokio::spawn(async move {
                    client
                        .answer(&step, &["demo".into(), password.into()])
                        .await
                })
            })
            .collect();
        let mut went_on = Vec::new();
        for reply in tries {
            let reply = reply.await.expect("a reply");
            if reply.status == 200 {
                went_on.push(reply.json());
            } else {
                assert_eq!((reply.status, reply.text()), (401, &*TIMED_OUT.body()));
                assert_eq!(reply.header("set-cookie"), None);
            }
        }
        assert_eq!(went_on.len(), 1, "one transition");
        let logged_in = u64::from(went_on[0]["tokenId"].is_string());
        assert_eq!(world.server.sessions(), logged_in);
        assert_eq!(
            world.server.compared() + world.server.running.hash().dummies(),
            1
        );
        let refusals = world
            .server
            .events()
            .iter()
            .filter(|name| *name == "AM-ACCESS-OUTCOME")
            .count();
        assert_eq!(refusals, 63, "one line each");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a10_five_hundred_runs_at_once_compare_five_times() {
    const RUNS: u32 = 500;
    let world = World::with(|config| {
        config.hash.queue = RUNS as usize;
        config.limits.runs_per_source = RUNS as usize + 10;
    })
    .await;
    let mut steps = Vec::new();
    for _ in 0..RUNS {
        steps.push(world.client().begin("").await.step());
    }
    let tries: Vec<_> = steps
        .into_iter()
        .enumerate()
        .map(|(at, step)| {
            let mut client = world.client();
            tokio::spawn(async move {
                let password = format!("wrong-{at}");
                client
                    .answer(&step, &["demo".into(), password.into()])
                    .await
            })
        })
        .collect();
    let mut wrong = None;
    for reply in tries {
        let reply = reply.await.expect("a reply");
        reply.step();
        let seen = face(&reply);
        assert_eq!(
            wrong.get_or_insert_with(|| seen.clone()),
            &seen,
            "one answer for all"
        );
    }
    assert_eq!(world.server.compared(), 5);
    assert_eq!(
        world.server.running.hash().dummies(),
        u64::from(RUNS) - 5,
        "the same work for the others"
    );
    assert_eq!(failures(&world).await, (5, RUNS - 5));
    let mut client = world.client();
    let step = client.begin("").await.step();
    let locked = client.answer(&step, &right()).await;
    assert_eq!(
        Some(face(&locked)),
        wrong,
        "the right password looks like a wrong one"
    );
    assert_eq!((world.server.sessions(), world.server.compared()), (0, 5));
    // The lock is soft: it lasts for 30 seconds, and `demo` of the other realm never had one.
    world.server.advance(Duration::from_secs(30));
    world.client().login("demo", ALPHA).await.token();
}

#[tokio::test]
async fn a11_the_account_counts_across_runs_and_ways_in() {
    let world = World::new().await;
    let mut tries = 0;
    for round in 0..20 {
        let mut client = world.client();
        let mut step = client.begin(["Login", "Mfa"][round % 2]).await.step();
        for _ in 0..2 {
            step = client
                .answer(&step, &["demo".into(), "wrong".into()])
                .await
                .step();
            tries += 1;
        }
        // A name that is spelled otherwise is the same account, and headers are the same password.
        let mut headers = world.client();
        headers = headers
            .header("X-OpenAM-Username", "DEMO")
            .header("X-OpenAM-Password", "wrong");
        let reply = headers.begin("Zero").await;
        assert_eq!((reply.status, reply.text()), (401, LOGIN_FAILURE));
        tries += 1;
        assert!(world.server.compared() <= 5, "round {round}");
    }
    assert_eq!(failures(&world).await, (5, tries - 5));
    assert_eq!(world.server.compared(), 5);
    let step = world.client().begin("").await.step();
    world.client().answer(&step, &right()).await.step();
    let mut headers = world.client();
    headers = headers
        .header("X-OpenAM-Username", "demo")
        .header("X-OpenAM-Password", ALPHA);
    let reply = headers.begin("Zero").await;
    assert_eq!((reply.status, reply.text()), (401, LOGIN_FAILURE));
    assert_eq!(world.server.sessions(), 0);
    // A success gives the tries back; wrong codes are counted by themselves.
    world.server.advance(Duration::from_secs(30));
    let mut client = world.client();
    let step = client.begin("Mfa").await.step();
    let mut step = client.answer(&step, &right()).await.step();
    assert_eq!(failures(&world).await, (0, 0));
    let sent = code(&world.server.outbox().pop_first().expect("a message"));
    let wrong = if sent == "00000000" {
        "11111111"
    } else {
        "00000000"
    };
    for _ in 0..3 {
        step = client.answer(&step, &[wrong.into()]).await.step();
    }
    assert_eq!(failures(&world).await, (0, 0), "of another kind");
    client.answer(&step, &[sent.into()]).await.token();
    assert_eq!(world.server.sessions(), 1);
}
