//! The ends of sessions, to the second, and that nothing brings one back: B06, L8.

use std::{collections::BTreeMap, time::Duration};

use tempfile::TempDir;
use wayfare::{AuthLevel, Realm, Timestamp};
use wayfare_server::{
    config::Durability,
    store::{
        Store,
        ending::Since,
        session::{NewSession, Session},
    },
};

use crate::{
    sessions::{ask, naming, token},
    support::{BEGIN, Client, TestServer},
};

const IDLE: u64 = 30 * 60;
const WHOLE: u64 = 120 * 60;

async fn valid(server: &TestServer, token: &str, refresh: bool) -> bool {
    let query = format!("_action=validate&refresh={refresh}");
    let reply = ask(&server.client(), "/alpha", "4.0", &query, &naming(token)).await;
    reply.json()["valid"] == true
}

async fn log_in(server: &TestServer) -> String {
    let mut client = server.client();
    client.login("demo", "Ch4ng31t").await.token();
    token(&client)
}

fn second(server: &TestServer, second: u64) {
    server.clock.set(Timestamp(BEGIN.0 + second * 1_000));
}

#[tokio::test]
async fn b06_a_session_ends_at_its_time_to_the_second() {
    let server = TestServer::demo().await;
    // Unused: the look itself is no use.
    let unused = log_in(&server).await;
    second(&server, IDLE - 1);
    assert!(valid(&server, &unused, false).await);
    second(&server, IDLE);
    assert!(!valid(&server, &unused, false).await, "at the limit");
    second(&server, 0);
    let unused = log_in(&server).await;
    second(&server, IDLE + 1);
    assert!(!valid(&server, &unused, false).await);
    // Not by any action either.
    for (version, action) in [
        ("4.0", "refresh"),
        ("4.0", "getSessionInfoAndResetIdleTime"),
    ] {
        let query = format!("_action={action}");
        let reply = ask(
            &server.client(),
            "/alpha",
            version,
            &query,
            &naming(&unused),
        )
        .await;
        assert_eq!(reply.status, 401, "{action}");
    }

    // Each way of using it puts off the idle end by as much, and the last end by nothing.
    second(&server, 0);
    let used = log_in(&server).await;
    let ways = [
        ("5.1", "validate"),
        ("4.0", "getSessionInfoAndResetIdleTime"),
        ("3.1", "refresh"),
        ("1.2", "isActive&refresh=true"),
    ];
    let mut now = 0;
    for (version, action) in ways.into_iter().cycle() {
        if now + IDLE > WHOLE {
            break;
        }
        now += IDLE - 1;
        second(&server, now);
        let by = if version == "1.2" {
            format!("&tokenId={used}")
        } else {
            String::new()
        };
        let body = if version == "1.2" {
            String::new()
        } else {
            naming(&used)
        };
        let query = format!("_action={action}{by}");
        let reply = ask(&server.client(), "/alpha", version, &query, &body).await;
        assert_eq!(reply.status, 200, "{action} at {now}: {}", reply.text());
        assert!(valid(&server, &used, false).await, "{action} at {now}");
    }
    second(&server, WHOLE - 1);
    assert!(valid(&server, &used, true).await);
    second(&server, WHOLE + 1);
    assert!(!valid(&server, &used, true).await);

    // A use that is looked at only does not count.
    second(&server, 0);
    let looked = log_in(&server).await;
    for (version, action) in [
        ("5.1", "validate&refresh=false"),
        ("4.0", "getSessionInfo"),
        ("4.0", "getSessionProperties"),
    ] {
        second(&server, IDLE - 1);
        let query = format!("_action={action}");
        let reply = ask(
            &server.client(),
            "/alpha",
            version,
            &query,
            &naming(&looked),
        )
        .await;
        assert_eq!(reply.status, 200);
    }
    second(&server, IDLE + 1);
    assert!(!valid(&server, &looked, false).await);
}

#[tokio::test]
async fn l08_what_was_seen_to_end_does_not_come_back_with_the_clock() {
    let server = TestServer::demo().await;
    let (idle, out) = (log_in(&server).await, log_in(&server).await);
    let mut client = server.client();
    client
        .cookies
        .insert("iPlanetDirectoryPro".into(), out.clone());
    assert_eq!(client.sessions("logout", "").await.status, 200);
    second(&server, IDLE + 1);
    assert!(!valid(&server, &idle, true).await);
    for restarted in [false, true] {
        let server = &server;
        second(server, 1);
        assert!(!valid(server, &idle, true).await, "restarted: {restarted}");
        assert!(!valid(server, &out, true).await, "restarted: {restarted}");
    }
    let server = server.restart().await;
    second(&server, 1);
    for token in [&idle, &out] {
        assert!(!valid(&server, token, true).await);
        // Nor is it of use where a login begins.
        let path = Client::path("/alpha", &format!("sessionUpgradeSSOTokenId={token}"));
        assert_eq!(server.client().post(&path, "").await.status, 400);
    }
}

/// Numbers from a seed.
struct Random(u64);

impl Random {
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ (x >> 31)) % below
    }
}

fn session(number: u8, created: Timestamp) -> Session {
    Session {
        handle: format!("h{number}"),
        realm: Realm::parse("/alpha").unwrap(),
        subject: format!("u{}", number % 3),
        username: "demo".to_owned(),
        level: AuthLevel::ZERO,
        proved: true,
        created,
        accessed: created,
        time_max: Duration::from_secs(1),
        idle_max: Duration::from_millis(300),
        properties: BTreeMap::new(),
    }
}

#[tokio::test]
async fn l08_no_sequence_of_uses_ends_and_restarts_revives_a_session() {
    for seed in 0..12 {
        let mut random = Random(seed);
        let folder = TempDir::new().unwrap();
        let mut store = Store::open(folder.path(), Durability::Normal).unwrap();
        let mut now = Timestamp(1_000_000);
        let mut made: u8 = 0;
        let mut over: Vec<u8> = Vec::new();
        for step in 0..250 {
            let pick =
                |random: &mut Random| u8::try_from(random.next(u64::from(made.max(1)))).unwrap();
            match random.next(9) {
                0 | 1 if made < 60 => {
                    let new = NewSession {
                        token: [made; 32],
                        session: session(made, now),
                        quota: None,
                        since: Since::FIRST,
                    };
                    store.finish_run(None, new, None, None).await.unwrap();
                    made += 1;
                }
                2 => {
                    let number = pick(&mut random);
                    let ended = store
                        .end_sessions(vec![format!("h{number}")])
                        .await
                        .unwrap();
                    assert!(ended.len() <= 1);
                    if number < made {
                        over.push(number);
                    }
                }
                3 => {
                    let subject = random.next(3);
                    let realm = Realm::parse("/alpha").unwrap();
                    let ended = store.end_subject(&realm, format!("u{subject}"), None).await;
                    for session in ended.unwrap() {
                        over.push(session.handle.trim_start_matches('h').parse().unwrap());
                    }
                }
                4 => {
                    let number = pick(&mut random);
                    store
                        .touch_session(format!("h{number}"), now)
                        .await
                        .unwrap();
                }
                5 => {
                    let number = pick(&mut random);
                    let changes = [("a".to_owned(), Some(step.to_string()))].into();
                    let kept = store
                        .set_properties(format!("h{number}"), changes, now)
                        .await;
                    assert!(!(kept.unwrap().is_some() && over.contains(&number)));
                }
                6 => now = now.plus(Duration::from_millis(random.next(200))),
                7 => now = Timestamp(now.0 - random.next(400)),
                _ => {
                    if random.next(6) == 0 {
                        store.close();
                        drop(store);
                        store = Store::open(folder.path(), Durability::Normal).unwrap();
                    }
                    if random.next(6) == 0 {
                        store.purge(now).await.unwrap();
                    }
                }
            }
            for number in 0..made {
                let found = store.session(&[number; 32], now).unwrap();
                match found {
                    Some(found) => {
                        assert_eq!(found.handle, format!("h{number}"), "seed {seed}");
                        assert!(
                            !over.contains(&number),
                            "seed {seed}, step {step}: h{number}"
                        );
                    }
                    None => over.push(number),
                }
            }
            // What was taken away on sight is on disk before the next change is acknowledged.
            store.end_sessions(Vec::new()).await.unwrap();
            over.sort_unstable();
            over.dedup();
        }
        assert!(made > 10 && !over.is_empty(), "seed {seed}");
    }
}
