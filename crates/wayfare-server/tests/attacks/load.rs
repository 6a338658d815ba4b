//! Too much, too deep, too slow, too many: E01 to E03.

use std::{
    fs,
    time::{Duration, Instant},
};

use serde_json::Value as Json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::timeout,
};

use super::world::{ALPHA, BAD_JSON, COUNT, LOGIN_FAILURE, Refused, VALUE, World, add_user, realm};
use crate::support::{Client, Reply};

const TOO_LARGE: Refused<'_> = Refused {
    status: 413,
    message: "Request Entity Too Large",
};

/// How long nothing here may take, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(5);

/// The slowest but one in a hundred.
fn p99(times: &mut [Duration]) -> Duration {
    times.sort();
    times[(times.len() * 99 / 100).saturating_sub(1)]
}

#[tokio::test]
async fn e01_large_and_deep_bodies_are_refused_at_once() {
    let world = World::new().await;
    let step = world.client().begin("").await.step();
    let token = step["authId"].as_str().expect("a token").to_owned();
    let answer = |extra: &str, callbacks: &str| {
        format!(r#"{{"authId":"{token}","callbacks":{callbacks},"extra":{extra}}}"#)
    };
    let both = r#"[{"type":"NameCallback","input":[{"name":"IDToken1","value":"demo"}]},{"type":"PasswordCallback","input":[{"name":"IDToken2","value":"wrong"}]}]"#;
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    let cases = [
        ("depth 33", answer(&nested(32), both), BAD_JSON),
        ("depth 128", answer(&nested(127), both), BAD_JSON),
        ("depth 30,000", answer(&nested(29_999), "[]"), BAD_JSON),
        ("depth 100,000", answer(&nested(99_999), "[]"), TOO_LARGE),
        ("open, never closed", "[".repeat(60_000), BAD_JSON),
        ("objects", "{\"a\":".repeat(10_000), BAD_JSON),
        (
            "20,000 callbacks",
            answer("0", &format!("[{}{{}}]", "{},".repeat(19_999))),
            COUNT,
        ),
        (
            "100,000 callbacks",
            answer("0", &format!("[{}{{}}]", "{},".repeat(99_999))),
            TOO_LARGE,
        ),
        (
            "a number of 60,000 digits",
            answer(&"1".repeat(60_000), both),
            BAD_JSON,
        ),
        (
            "a number of 1,000,000 digits",
            answer(&"1".repeat(1_000_000), both),
            TOO_LARGE,
        ),
        (
            "a text of 16,385 bytes",
            answer(&format!("\"{}\"", "x".repeat(16_385)), both),
            BAD_JSON,
        ),
        (
            "10 MiB",
            answer(&format!("\"{}\"", "x".repeat(10 << 20)), both),
            TOO_LARGE,
        ),
    ];
    let mut times = Vec::new();
    for (what, body, expected) in &cases {
        let mut client = world.client();
        let path = Client::path("/alpha", "");
        let begun = Instant::now();
        let reply = world
            .refused(client.post(&path, body), *expected, &[&token])
            .await;
        times.push(begun.elapsed());
        println!("{what}: {} in {:?}", reply.status, times[times.len() - 1]);
    }
    // Far above what the work takes, far below what recursion or a square of the size would.
    assert!(p99(&mut times) < Duration::from_secs(2), "{times:?}");
    // One less of each is an answer like any other: the step was not consumed by all that.
    let reply = world
        .client()
        .post(&Client::path("/alpha", ""), &answer(&nested(31), both))
        .await;
    let next = reply.step();
    world
        .client()
        .answer(&next, &["demo".into(), ALPHA.into()])
        .await
        .token();
}

/// How many connections this process may open to itself, up to a thousand.
fn many_connections() -> usize {
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    let soft = line.and_then(|line| line.split_whitespace().nth(3)?.parse::<usize>().ok());
    // Each takes a descriptor at either end.
    (soft.unwrap_or(1_024).saturating_sub(200) / 2).min(1_000)
}

async fn healthz(world: &World, rounds: u32) -> Duration {
    let mut times = Vec::new();
    for _ in 0..rounds {
        let begun = Instant::now();
        let reply = world.client().get("/healthz").await;
        times.push(begun.elapsed());
        assert_eq!(reply.status, 200);
    }
    p99(&mut times)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e02_slow_connections_are_closed_and_others_are_served() {
    let limit = Duration::from_secs(2);
    let world = World::with(|config| {
        config.limits.head_time = limit;
        config.limits.body_time = limit;
    })
    .await;
    let alone = healthz(&world, 100).await;
    let before = world.look();
    let count = many_connections();
    let heads = [
        "POST /am/json/authenticate HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        "POST /am/json/authenticate HTTP/1.1\r\nHost: x\r\nX-Requested-With: t\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n{",
    ];
    let mut slow = Vec::new();
    for at in 0..count {
        let mut stream = world.client().connect().await;
        stream
            .write_all(heads[at % 2].as_bytes())
            .await
            .expect("sent");
        slow.push(tokio::spawn(async move {
            let (mut read, mut write) = stream.into_split();
            let trickle = async {
                // One byte now and then, until the other side has had enough.
                while write.write_all(b" ").await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            };
            let mut received = Vec::new();
            let closed = async {
                let _ = read.read_to_end(&mut received).await;
            };
            tokio::select! {
                () = trickle => {}
                () = closed => {}
            }
            received
        }));
    }
    let beside = healthz(&world, 100).await;
    world.client().login("demo", ALPHA).await.token();
    println!("{count} slow connections: p99 of others {beside:?}, alone {alone:?}");
    assert!(
        beside < (alone * 2).max(PATIENCE),
        "{beside:?} beside {alone:?}"
    );
    let mut told = 0;
    for connection in slow {
        let closed = timeout(Duration::from_secs(30), connection)
            .await
            .expect("closed at the limit");
        let received = closed.expect("a task");
        // A head that never ended is closed or refused; a body that never ended is refused.
        assert!(received.is_empty() || received.starts_with(b"HTTP/1.1 408"));
        told += usize::from(!received.is_empty());
    }
    assert!(told >= count / 3, "{told} of {count} were told");
    let after = world.look();
    assert_eq!(
        (after.sessions, after.compared),
        (before.sessions + 1, before.compared + 1)
    );
    assert_eq!(
        after
            .rows
            .iter()
            .filter(|row| row.starts_with("run "))
            .count(),
        1,
        "the login's own"
    );
}

/// Logs `user-0` and all after it in at once, on a thread of its own, so that what is measured beside it is
/// the server's delay and not the test's.
fn all_at_once(clients: Vec<Client>, steps: Vec<Json>) -> Vec<(Reply, Json)> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(async move {
        let tries: Vec<_> = clients
            .into_iter()
            .zip(steps)
            .enumerate()
            .map(|(n, (mut client, step))| {
                tokio::spawn(async move {
                    let values = [format!("user-{n}").into(), "Passw0rd".into()];
                    (client.answer(&step, &values).await, step)
                })
            })
            .collect();
        let mut replies = Vec::new();
        for one in tries {
            replies.push(one.await.expect("a reply"));
        }
        replies
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e03_long_passwords_are_not_hashed_and_many_logins_leave_room() {
    const LOGINS: usize = 200;
    let world = World::with(|config| {
        config.hash.memory_kib = 4 * 1_024;
        config.hash.time = 2;
        config.hash.threads = 1;
        config.hash.queue = 100;
        config.limits.runs_per_source = 1_000;
    })
    .await;
    let step = world.client().begin("").await.step();
    let megabyte = "x".repeat(1 << 20);
    let body = crate::support::filled(&step, &["demo".into(), megabyte.into()]).to_string();
    let (mut client, path) = (world.client(), Client::path("/alpha", ""));
    world
        .refused(client.post(&path, &body), TOO_LARGE, &[ALPHA])
        .await;
    for chars in [1_025, 16_000] {
        let values: [Json; 2] = ["demo".into(), "x".repeat(chars).into()];
        world
            .refused(client.answer(&step, &values), VALUE, &[ALPHA])
            .await;
    }
    let alone = healthz(&world, 100).await;
    let mut steps = vec![step];
    while steps.len() < LOGINS {
        steps.push(world.client().begin("").await.step());
    }
    for n in 0..LOGINS {
        add_user(
            &world.server,
            &realm("/alpha"),
            &format!("user-{n}"),
            Some("Passw0rd"),
        );
    }
    let before = world.look();
    let clients: Vec<Client> = steps.iter().map(|_| world.client()).collect();
    let logins = std::thread::spawn(move || all_at_once(clients, steps));
    let during = healthz(&world, 50).await;
    let unfinished = !logins.is_finished();
    println!("healthz: p99 {during:?} during {LOGINS} logins, {alone:?} alone");
    assert!(unfinished, "what was measured was not beside the logins");
    assert!(during < PATIENCE, "{during:?}, alone {alone:?}");
    let mut refused = Vec::new();
    let mut made = 0;
    for (n, (reply, step)) in logins.join().expect("all replies").into_iter().enumerate() {
        if reply.status == 503 {
            assert_eq!(reply.header("retry-after"), Some("1"));
            let busy = Refused {
                status: 503,
                message: "Service Unavailable",
            };
            assert_eq!(reply.text(), busy.body());
            refused.push((n, step));
        } else {
            reply.token();
            made += 1;
        }
    }
    println!("{made} logged in, {} were told to come back", refused.len());
    assert!(made >= 101, "at least those that fit the queue");
    let after = world.look();
    assert_eq!(
        (after.sessions, after.compared),
        (before.sessions + made, before.compared + made)
    );
    // Whoever was sent away has lost nothing.
    for (n, step) in refused {
        let values = [format!("user-{n}").into(), "Passw0rd".into()];
        world.client().answer(&step, &values).await.token();
    }
    assert_eq!(world.server.sessions(), LOGINS as u64);
    let mut client = world.client();
    let step = client.begin("Plain").await.step();
    let reply = client
        .answer(&step, &["user-0".into(), "wrong".into()])
        .await;
    assert_eq!((reply.status, reply.text()), (401, LOGIN_FAILURE));
}
