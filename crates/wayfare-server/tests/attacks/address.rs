//! What a request says of its own address: D04.

use crate::support::{Reply, TestServer};

/// Whoever comes from the watched networks is asked more.
const WATCHED: &str = r#"journey login "Login" {
  start where
  node where: Decision {
    when request.ip in ["203.0.113.0/24", "2001:db8::/32"] as watched -> strict
    else -> easy
  }
  node strict: UsernameCollector -> easy
  node easy: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }
  node check: DataStoreDecision {
    true -> success
    false -> failure
  }
}
"#;

async fn served(trusted: &[&str]) -> TestServer {
    TestServer::with_journeys(&[("login.journey", WATCHED)], |config| {
        config.server.trusted_proxies = trusted
            .iter()
            .map(|peer| peer.parse().expect("an address"))
            .collect();
    })
    .await
}

/// A start with these headers.
async fn start(server: &TestServer, values: &[&str]) -> Reply {
    let mut client = server.client();
    for value in values {
        client = client.also("X-Forwarded-For", value);
    }
    client.begin("").await
}

/// How many callbacks are asked: two from anywhere, one from the watched networks.
fn asked(reply: &Reply) -> usize {
    reply.step()["callbacks"]
        .as_array()
        .expect("callbacks")
        .len()
}

/// As many addresses, the last of them this one.
fn many(count: usize, last: &str) -> String {
    format!("{}{last}", "1.1.1.1,".repeat(count))
}

#[tokio::test]
async fn d04_a_peer_that_is_not_trusted_says_nothing_about_its_address() {
    for trusted in [&[][..], &["10.0.0.1", "::1", "127.0.0.2"]] {
        let server = served(trusted).await;
        for value in [
            "203.0.113.9",
            "2001:db8::1",
            "a",
            "",
            "fe80::1%eth0",
            "203.0.113.9, 203.0.113.9",
            &many(900, "203.0.113.9"),
        ] {
            assert_eq!(asked(&start(&server, &[value]).await), 2, "{value}");
            let line = server.audit().pop().expect("a line");
            assert_eq!(line["client"], "127.0.0.1", "{value}");
        }
        for other in ["Forwarded", "X-Real-IP", "X-Client-IP", "True-Client-IP"] {
            let value = "for=203.0.113.9";
            let mut client = server.client().header(other, value);
            assert_eq!(asked(&client.begin("").await), 2, "{other}");
        }
    }
}

#[tokio::test]
async fn d04_what_a_trusted_peer_says_is_taken_as_it_is_or_refused() {
    let server = served(&["127.0.0.1"]).await;
    for (values, expected) in [
        (&[][..], 2),
        (&["203.0.113.9"], 1),
        (&["203.0.113.255"], 1),
        (&["203.0.114.0"], 2),
        (&["2001:db8::1"], 1),
        (&["2001:DB8:0:0::1"], 1),
        (&["2001:db9::1"], 2),
        // The same address, written for a socket of both families.
        (&["::ffff:203.0.113.9"], 1),
        (&["::ffff:cb00:7109"], 1),
        (&[" 203.0.113.9 "], 1),
        // The last entry is the one the trusted peer wrote; what stands before it is hearsay.
        (&["198.51.100.1, 203.0.113.9"], 1),
        (&["203.0.113.9, 198.51.100.1"], 2),
        (&["a, 203.0.113.9"], 1),
        (&["203.0.113.9", "198.51.100.1"], 2),
        (&["198.51.100.1", "203.0.113.9"], 1),
        (&[&*many(900, "203.0.113.9")], 1),
    ] {
        let reply = start(&server, values).await;
        assert_eq!(asked(&reply), expected, "{values:?}");
    }
    // Nothing is decided by an address that cannot be read, neither way.
    let lines = server.audit().len();
    let doubtful = [
        "a",
        "",
        " ",
        ",",
        "203.0.113.9,",
        "203.0.113.9, a",
        "203.0.113",
        "203.0.113.9.1",
        "203.0.113.009",
        "0xcb.0.113.9",
        "3405803785",
        "203.0.113.9:443",
        "[2001:db8::1]",
        "[2001:db8::1]:443",
        "2001:db8::1%eth0",
        "fe80::1%25eth0",
        "unknown",
        "_hidden",
        "\"203.0.113.9\"",
        "for=203.0.113.9",
        "203.0.113.9;198.51.100.1",
        "203.0.113.9 198.51.100.1",
        "localhost",
        &many(900, "a"),
    ];
    for value in doubtful {
        let reply = start(&server, &[value]).await;
        assert_eq!((reply.status, reply.body.len()), (400, 0), "{value}");
        assert_eq!(reply.header("set-cookie"), None, "{value}");
        let line = server.audit().pop().expect("a line");
        assert_eq!(line["result"], "FAILED", "{value}: {line}");
    }
    assert_eq!(
        server.audit().len(),
        lines + doubtful.len(),
        "a line for each"
    );
    // Ten thousand entries are no header at all.
    for value in [many(10_000, "203.0.113.9"), many(10_000, "198.51.100.1")] {
        assert_eq!(start(&server, &[&value]).await.status, 431);
    }
    assert_eq!(server.sessions(), 0);
}

#[tokio::test]
async fn d04_each_request_is_of_the_address_it_comes_from() {
    // A run that began elsewhere is not the answer to where a later request comes from.
    let server = served(&["127.0.0.1"]).await;
    let mut watched = server.client().header("X-Forwarded-For", "203.0.113.9");
    let step = watched.begin("").await.step();
    assert_eq!(step["callbacks"].as_array().expect("callbacks").len(), 1);
    let doubtful = ["a", "203.0.113.9, a"];
    for value in doubtful {
        let mut client = server.client().header("X-Forwarded-For", value);
        let reply = client.answer(&step, &["demo".into()]).await;
        assert_eq!(reply.status, 400, "{value}");
    }
    assert_eq!((server.sessions(), server.compared()), (0, 0));
    let step = watched.answer(&step, &["demo".into()]).await.step();
    let values = ["demo".into(), "Ch4ng31t".into()];
    watched.answer(&step, &values).await.token();
}
