//! The limits that are settings, each at the limit and one past it, where no other test holds it.

use std::{fmt::Write as _, time::Duration};

use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use wayfare_server::config::RealmSettings;

use super::world::{
    ALPHA, BAD_JSON, COUNT, LOGIN_FAILURE, MALFORMED, Refused, VALUE, World, realm,
};
use crate::support::{Client, TestServer, cheap, filled};

fn auth_id(step: &Json) -> &str {
    step["authId"].as_str().expect("a token")
}

fn right() -> [Json; 2] {
    ["demo".into(), ALPHA.into()]
}

/// Answers a fresh step of `Login` with the right password and something beside it.
async fn beside(world: &World, extra: &Json) -> (Client, String) {
    let step = world.client().begin("").await.step();
    let mut body = filled(&step, &right());
    body["extra"] = extra.clone();
    (world.client(), body.to_string())
}

async fn taken(world: &World, extra: &Json) {
    let (mut client, body) = beside(world, extra).await;
    client
        .post(&Client::path("/alpha", ""), &body)
        .await
        .token();
}

async fn refused(world: &World, extra: &Json, expected: Refused<'_>) {
    let (mut client, body) = beside(world, extra).await;
    let path = Client::path("/alpha", "");
    world
        .refused(client.post(&path, &body), expected, &[ALPHA])
        .await;
}

fn nested(depth: usize) -> Json {
    (0..depth).fold(json!([]), |inner, _| json!([inner]))
}

#[tokio::test]
async fn json_is_as_deep_and_its_texts_as_long_as_is_set() {
    let world = World::new().await;
    // The body itself is the first of 32.
    taken(&world, &nested(30)).await;
    refused(&world, &nested(31), BAD_JSON).await;
    taken(&world, &json!("x".repeat(16 * 1_024))).await;
    refused(&world, &json!("x".repeat(16 * 1_024 + 1)), BAD_JSON).await;
    let small = World::with(|config| {
        config.limits.json_depth = 8;
        config.limits.string_bytes = 4_000;
    })
    .await;
    taken(&small, &nested(6)).await;
    refused(&small, &nested(7), BAD_JSON).await;
    taken(&small, &json!("x".repeat(4_000))).await;
    refused(&small, &json!("x".repeat(4_001)), BAD_JSON).await;
}

#[tokio::test]
async fn a_step_has_as_many_callbacks_as_is_set() {
    let page = |fields: usize| {
        let mut text = String::from(
            "journey many {\n  start page\n\n  node page: Page {\n    node username: UsernameCollector\n    node password: PasswordCollector\n",
        );
        for n in 2..fields {
            let _ = writeln!(text, "    node more_{n}: UsernameCollector");
        }
        text.push_str("    -> check\n  }\n\n  node check: DataStoreDecision {\n    true -> success\n    false -> failure\n  }\n}\n");
        text
    };
    for (fields, limit, fits) in [(32, 32, true), (33, 32, false), (4, 4, true), (5, 4, false)] {
        let server = TestServer::with_journeys(&[("many.journey", &page(fields))], |config| {
            config.limits.callbacks = limit;
        })
        .await;
        let reply = server.client().begin("").await;
        if !fits {
            assert_eq!(
                (reply.status, reply.text()),
                (401, LOGIN_FAILURE),
                "{fields} of {limit}"
            );
            assert_eq!(server.sessions(), 0);
            continue;
        }
        let step = reply.step();
        assert_eq!(step["callbacks"].as_array().map(Vec::len), Some(fields));
        let mut values: Vec<Json> = vec!["demo".into(); fields];
        values[1] = ALPHA.into();
        server.client().answer(&step, &values).await.token();
    }
    // However many are sent, those that were not asked are refused by their number.
    let world = World::new().await;
    let step = world.client().begin("").await.step();
    for count in [32, 33, 500] {
        let mut body = step.clone();
        body["callbacks"] = vec![step["callbacks"][0].clone(); count].into();
        let (mut client, path, text) =
            (world.client(), Client::path("/alpha", ""), body.to_string());
        world
            .refused(client.post(&path, &text), COUNT, &[auth_id(&step)])
            .await;
    }
}

#[tokio::test]
async fn names_and_passwords_are_as_long_as_is_set() {
    let world = World::with(|config| {
        config.limits.username_chars = 10;
        config.limits.password_chars = 20;
    })
    .await;
    // Code points, not bytes.
    for (username, password, fits) in [
        ("\u{fc}".repeat(10), "\u{1d41d}".repeat(20), true),
        ("u".repeat(10), "p".repeat(20), true),
        ("\u{fc}".repeat(11), "p".repeat(20), false),
        ("u".repeat(10), "\u{1d41d}".repeat(21), false),
    ] {
        let step = world.client().begin("Plain").await.step();
        let values: [Json; 2] = [username.into(), password.into()];
        let mut client = world.client();
        if fits {
            let reply = client.answer(&step, &values).await;
            assert_eq!((reply.status, reply.text()), (401, LOGIN_FAILURE));
        } else {
            world
                .refused(client.answer(&step, &values), VALUE, &[ALPHA])
                .await;
        }
    }
    assert_eq!(world.look().dummies, 2, "what was refused was not hashed");
}

#[tokio::test]
async fn goto_is_as_long_as_is_set() {
    for (limit, default) in [(2_000, true), (100, false)] {
        let world = World::with(|config| {
            if !default {
                config.limits.goto_bytes = limit;
            }
        })
        .await;
        for (length, kept) in [(limit, true), (limit + 1, false)] {
            let goto = format!("/{}", "g".repeat(length - 1));
            let mut client = world.client();
            let query = format!("goto={goto}");
            let step = client
                .post(&Client::path("/alpha", &query), "")
                .await
                .step();
            let done = client.answer(&step, &right()).await;
            done.token();
            let expected = if kept { goto.as_str() } else { "/am/console" };
            assert_eq!(done.json()["successUrl"], expected, "{length} of {limit}");
        }
    }
}

#[tokio::test]
async fn a_token_is_as_long_and_lives_as_long_as_is_set() {
    let world = World::new().await;
    let step = world.client().begin("").await.step();
    for (length, expected) in [(8_192, None), (8_193, Some(MALFORMED))] {
        let token = format!("YQ.YQ.{}", "A".repeat(length - 6));
        let mut body = filled(&step, &right());
        body["authId"] = token.into();
        let (mut client, path, text) =
            (world.client(), Client::path("/alpha", ""), body.to_string());
        // One that is short enough is looked at, and is not ours.
        let expected = expected.unwrap_or(super::world::BAD_SIGNATURE);
        world
            .refused(client.post(&path, &text), expected, &[ALPHA])
            .await;
    }
    let own = auth_id(&step).len();
    let small = World::with(|config| config.limits.auth_id_bytes = own.div_ceil(2).max(600)).await;
    // What does not fit is kept in the store, and the token refers to it.
    let mut client = small.client();
    let step = client.begin("").await.step();
    assert!(
        auth_id(&step).len() <= own.div_ceil(2).max(600),
        "{}",
        auth_id(&step).len()
    );
    client.answer(&step, &right()).await.token();

    let hour = World::with(|config| config.limits.run_time = Duration::from_secs(3_600 * 2)).await;
    for (after, lives) in [(3_599, true), (3_600, false)] {
        let step = hour.client().begin("").await.step();
        hour.server.advance(Duration::from_secs(after));
        let reply = hour.client().answer(&step, &right()).await;
        assert_eq!(
            reply.status,
            if lives { 200 } else { 401 },
            "an hour whatever is set: {after}"
        );
    }
}

#[tokio::test]
async fn a_run_walks_as_far_as_is_set() {
    let chain = |length: usize| {
        let mut text = String::from(
            "journey chain {\n  start page\n\n  node page: Page {\n    node username: UsernameCollector\n    node password: PasswordCollector\n    -> check\n  }\n\n  node check: DataStoreDecision {\n    true -> n1\n    false -> failure\n  }\n\n",
        );
        for n in 1..=length {
            let to = if n == length {
                "success".to_owned()
            } else {
                format!("n{}", n + 1)
            };
            let _ = writeln!(
                text,
                "  node n{n}: ModifyAuthLevel(authLevelIncrement = 1) -> {to}"
            );
        }
        text + "}\n"
    };
    let deep = |depth: usize| {
        let mut text = String::from(
            "journey j0 {\n  innerTreeOnly = true\n  start page\n  node page: Page {\n    node username: UsernameCollector\n    node password: PasswordCollector\n    -> check\n  }\n  node check: DataStoreDecision {\n    true -> success\n    false -> failure\n  }\n}\n",
        );
        for n in 1..=depth {
            let inner = n - 1;
            let (name, hidden) = if n == depth {
                ("outer".to_owned(), "")
            } else {
                (format!("j{n}"), "  innerTreeOnly = true\n")
            };
            let _ = writeln!(
                text,
                "journey {name} {{\n{hidden}  start in_it\n  node in_it: journey j{inner} {{\n    true -> success\n    false -> failure\n  }}\n}}"
            );
        }
        text
    };
    let reached = async |name: &str, text: &str, turn: Option<u32>, inner: Option<u32>| {
        let server = TestServer::with_journeys(&[("a.journey", text)], |config| {
            let limits = &mut config.limits;
            limits.visits_per_turn = turn.unwrap_or(limits.visits_per_turn);
            limits.inner_depth = inner.unwrap_or(limits.inner_depth);
        })
        .await;
        let begun = server.client().begin(name).await;
        let reply = if begun.status == 200 {
            server.client().answer(&begun.step(), &right()).await
        } else {
            begun
        };
        let fits = reply.status == 200;
        if !fits {
            assert_eq!((reply.status, reply.text()), (401, LOGIN_FAILURE), "{name}");
        }
        assert_eq!(server.sessions(), u64::from(fits), "{name}");
        fits
    };
    // Ten levels and what else is visited after the page: each longer by one needs one visit more.
    let mut least = 11;
    while !reached("chain", &chain(10), Some(least), None).await {
        least += 1;
        assert!(least <= 14, "a walk of ten takes more than it has");
    }
    assert!(
        !reached("chain", &chain(11), Some(least), None).await,
        "one past the limit"
    );
    assert!(reached("chain", &chain(20), Some(least + 10), None).await);
    assert!(
        !reached("chain", &chain(20), Some(least + 9), None).await,
        "one past the limit"
    );
    assert!(reached("outer", &deep(4), None, Some(4)).await);
    assert!(
        !reached("outer", &deep(5), None, Some(4)).await,
        "one past the limit"
    );
    assert!(reached("outer", &deep(32), None, None).await, "the default");
    assert!(
        !reached("outer", &deep(33), None, None).await,
        "one past the default"
    );
}

#[tokio::test]
async fn a_request_takes_as_long_as_is_set() {
    let world = World::with(|config| config.limits.request_time = Duration::from_millis(300)).await;
    world.client().login("demo", ALPHA).await.token();
    let before = world.look();
    let mut stream = world.client().connect().await;
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: x\r\nX-Requested-With: t\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{{",
        Client::path("/alpha", "")
    );
    stream.write_all(head.as_bytes()).await.expect("sent");
    let mut received = Vec::new();
    let _ = stream.read_to_end(&mut received).await;
    // It is the client that was slow: the body may take ten seconds, the request may not.
    assert!(
        received.starts_with(b"HTTP/1.1 408"),
        "{}",
        String::from_utf8_lossy(&received)
    );
    let after = world.look();
    after.assert_unchanged(&before);
    let line = world.last_line();
    assert_eq!(
        (&line["status"], &line["reason"]),
        (&json!(408), &json!("Request Timeout"))
    );
    assert_eq!(after.audit.len(), before.audit.len() + 1);
}

#[tokio::test]
async fn journey_files_are_as_many_and_as_large_as_is_set() {
    let small = "journey one {\n  start page\n  node page: Page {\n    node username: UsernameCollector\n    node password: PasswordCollector\n    -> check\n  }\n  node check: DataStoreDecision {\n    true -> success\n    false -> failure\n  }\n}\n";
    let padded = |bytes: usize| format!("{small}//{}\n", " ".repeat(bytes - small.len() - 3));
    let other = small.replace("journey one", "journey two \"Login\"");
    let third = small.replace("journey one", "journey three");
    for (files, fits) in [
        (vec![("a.journey", padded(1_000))], true),
        (vec![("a.journey", padded(1_001))], false),
        (
            vec![
                ("a.journey", small.to_owned()),
                ("b.journey", other.clone()),
            ],
            true,
        ),
        (
            vec![
                ("a.journey", small.to_owned()),
                ("b.journey", other),
                ("c.journey", third),
            ],
            false,
        ),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let journeys = folder.path().join("journeys");
        let texts: Vec<(&str, &str)> = files
            .iter()
            .map(|(name, text)| (*name, text.as_str()))
            .collect();
        crate::support::write_all(&journeys, &texts);
        let mut config = cheap(&folder.path().join("data")).with_journeys(journeys);
        config.realms.insert(realm("/"), RealmSettings::default());
        config.limits.journey_bytes = 1_000;
        config.limits.journey_files = 2;
        let started = wayfare_server::Server::start(config).await;
        assert_eq!(
            started.is_ok(),
            fits,
            "{} files: {:?}",
            files.len(),
            started.err().map(|e| e.to_string())
        );
    }
}
