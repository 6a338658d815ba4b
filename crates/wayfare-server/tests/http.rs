//! What strangers may send: heads, bodies, connections, origins, and the limits of all of them.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{
    overlap::{autoid, capture},
    support::{Client, Reply, TestServer},
};

#[tokio::test]
async fn the_page_the_health_and_the_console_are_there() {
    let server = TestServer::demo().await;
    let mut client = server.client().bare();
    let health = client.get("/healthz").await;
    assert_eq!(
        (health.status, health.text()),
        (200, "{\"status\":\"up\"}\n")
    );
    let page = client.get("/").await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("data-base=\"/am\""), "{}", page.text());
    assert!(page.text().contains("data-realm=\"/alpha\""));
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.contains("default-src 'none'"), "{policy}");
    let script = client.get("/page/login.js").await;
    assert_eq!(
        script.header("content-type"),
        Some("text/javascript; charset=utf-8")
    );
    for (path, to) in [
        ("/am/console", "/"),
        ("/am", "/"),
        (
            "/am/XUI/?realm=/alpha&goto=%2Fx",
            "/?realm=/alpha&goto=%2Fx",
        ),
    ] {
        let reply = client.get(path).await;
        assert_eq!(
            (reply.status, reply.header("location")),
            (302, Some(to)),
            "{path}"
        );
    }
    for path in [
        "/x",
        "/am/x",
        "/amx",
        "/am/json/x",
        "/page/../x",
        "/%2e%2e/x",
    ] {
        assert_eq!(client.get(path).await.status, 404, "{path}");
    }
    for path in ["/", "/healthz", "/page/login.js"] {
        let reply = client.post(path, "").await;
        assert_eq!(
            (reply.status, reply.header("allow")),
            (405, Some("GET, HEAD")),
            "{path}"
        );
    }
    let head = client.send("HEAD", "/", None).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
}

#[tokio::test]
async fn companions_of_a_login_answer() {
    let server = TestServer::demo().await;
    let mut client = server
        .client()
        .header("Accept-API-Version", "protocol=1.0,resource=1.1");
    let info = client
        .get("/am/json/realms/root/realms/alpha/serverinfo/*")
        .await;
    assert_eq!(info.json()["cookieName"], "iPlanetDirectoryPro");
    assert_eq!(info.json()["realm"], "/alpha");
    assert_eq!(client.get("/am/json/serverinfo/version").await.status, 401);
    let path = "/am/json/realms/root/realms/alpha/users?_action=idFromSession";
    let mut user = server.client();
    let versioned = |client: &Client| {
        client
            .clone()
            .header("Accept-API-Version", "protocol=1.0,resource=2.0")
    };
    assert_eq!(versioned(&user).post(path, "").await.status, 401);
    user.login("demo", "Ch4ng31t").await.token();
    let id = versioned(&user).post(path, "").await.json();
    assert_eq!(id["id"], "demo");
    assert_eq!(id["realm"], "/alpha");
    assert_eq!(id["fullLoginURL"], "/am/UI/Login?realm=%2Falpha");
    let version = user
        .header("Accept-API-Version", "resource=1.1")
        .get("/am/json/realms/root/realms/alpha/serverinfo/version")
        .await;
    assert_eq!(version.json()["version"], env!("CARGO_PKG_VERSION"));
}

#[tokio::test]
async fn only_allowed_origins_may_call() {
    let server =
        TestServer::with(|config, _| config.cors_allow.push("https://app.example.com".into()))
            .await;
    let path = Client::path("/alpha", "");
    let mut allowed = server.client().header("Origin", "https://app.example.com");
    let flight = allowed.send("OPTIONS", &path, None).await;
    assert_eq!(flight.status, 204);
    assert_eq!(
        flight.header("access-control-allow-origin"),
        Some("https://app.example.com")
    );
    assert_eq!(
        flight.header("access-control-allow-credentials"),
        Some("true")
    );
    let names = flight
        .header("access-control-allow-headers")
        .expect("headers");
    for name in [
        "accept-api-version",
        "content-type",
        "x-requested-with",
        "x-requested-platform",
        "iPlanetDirectoryPro",
    ] {
        assert!(names.contains(name), "{name} in {names}");
    }
    let reply = allowed.post(&path, "").await;
    assert_eq!(
        reply.header("access-control-allow-origin"),
        Some("https://app.example.com")
    );
    assert_eq!(reply.header("vary"), Some("Origin"));
    for origin in [
        "https://evil.example.com",
        "null",
        "https://app.example.com.evil.com",
        "HTTPS://app.example.com",
    ] {
        let mut other = server.client().header("Origin", origin);
        let flight = other.send("OPTIONS", &path, None).await;
        assert_eq!(
            (flight.status, flight.header("access-control-allow-origin")),
            (405, None),
            "{origin}"
        );
        let reply = other.post(&path, "").await;
        assert_eq!(
            reply.header("access-control-allow-origin"),
            None,
            "{origin}"
        );
    }
}

#[tokio::test]
async fn a_request_without_the_marks_of_a_script_is_refused() {
    let server = TestServer::demo().await;
    let refused = server
        .client()
        .bare()
        .post(&Client::path("/alpha", ""), "")
        .await;
    assert_eq!(refused.status, 403);
    for header in ["X-Requested-With", "Accept-API-Version"] {
        let mut marked = server.client().bare().header(header, "resource=2.1");
        assert_eq!(
            marked.post(&Client::path("/alpha", ""), "").await.status,
            200,
            "{header}"
        );
    }
    let open = TestServer::with(|config, _| config.server.csrf_header = false).await;
    assert_eq!(
        open.client()
            .bare()
            .post(&Client::path("/alpha", ""), "")
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn a_body_holds_at_the_limit_and_not_one_byte_past_it() {
    let server = TestServer::demo().await;
    let path = Client::path("/alpha", "");
    let padded = |bytes: usize| {
        let mut body = String::from("{");
        body.push_str(&" ".repeat(bytes - 2));
        body.push('}');
        body
    };
    assert_eq!(
        server.client().post(&path, &padded(65_536)).await.status,
        200
    );
    assert_eq!(
        server.client().post(&path, &padded(65_537)).await.status,
        413
    );
    let huge = server
        .client()
        .post(&path, &padded(10 * 1_024 * 1_024))
        .await;
    assert_eq!(huge.status, 413);
    // Without a declared length, so that it is found out while reading.
    let mut chunked = format!("POST {path} HTTP/1.1\r\nHost: x\r\nX-Requested-With: t\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n").into_bytes();
    for _ in 0..20 {
        chunked.extend_from_slice(b"1000\r\n");
        chunked.extend(std::iter::repeat_n(b' ', 4_096));
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    let reply = server.client().raw(&chunked).await.expect("a reply");
    assert_eq!(reply.status, 413);
    assert_eq!(server.sessions(), 0);
}

#[tokio::test]
async fn a_head_holds_at_the_limits_and_not_past_them() {
    let server = TestServer::demo().await;
    let get = async |headers: String| {
        let request = format!("GET /healthz HTTP/1.1\r\nConnection: close\r\n{headers}\r\n");
        server
            .client()
            .raw(request.as_bytes())
            .await
            .map(|reply| reply.status)
    };
    // A header counts with its name and the four characters around it.
    let one = |bytes: usize| format!("a: {}\r\n", "x".repeat(bytes - 5));
    assert_eq!(get(one(8_192)).await, Some(200));
    assert_eq!(get(one(8_193)).await, Some(431));
    let many = |count: usize| "a: b\r\n".repeat(count - 1);
    assert_eq!(get(many(100)).await, Some(200));
    assert_eq!(get(many(101)).await, Some(431));
    let whole = |bytes: usize| {
        let rest = bytes - "/healthz".len() - "connection: close\r\n".len();
        let quarter = rest / 4;
        let mut headers = one(quarter).repeat(3);
        headers.push_str(&one(rest - quarter * 3));
        headers
    };
    assert_eq!(get(whole(32_768 - 200)).await, Some(200));
    assert_eq!(get(whole(32_769)).await, Some(431));
    for bytes in [40_000, 200_000] {
        let status = get("a: b\r\n".repeat(3) + &"x".repeat(bytes)).await;
        assert!(matches!(status, Some(400 | 431)), "{status:?}");
    }
}

#[tokio::test]
async fn what_is_no_request_is_refused() {
    let server = TestServer::demo().await;
    for bytes in [
        &b"\r\n\r\n\r\n"[..],
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /am/json/authenticate HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
        b"POST /am/json/authenticate HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /am/json/authenticate HTTP/1.1\r\nHost: x\r\nX-Requested-With: \xff\xfe\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    ] {
        if let Some(reply) = server.client().raw(bytes).await {
            assert_eq!(reply.status, 400, "{}", String::from_utf8_lossy(bytes));
        }
    }
    assert_eq!(server.client().get("/healthz").await.status, 200);
}

#[tokio::test]
async fn slow_clients_are_let_go_at_the_limits() {
    let short = Duration::from_millis(200);
    let server = TestServer::with(|config, _| {
        config.limits.head_time = short;
        config.limits.body_time = short;
    })
    .await;
    let client = server.client();
    let mut head = client.connect().await;
    head.write_all(b"GET /healthz HT").await.unwrap();
    let mut body = client.connect().await;
    let request = "POST /am/json/authenticate HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n123";
    body.write_all(request.as_bytes()).await.unwrap();
    let mut silent = client.connect().await;
    let mut bytes = Vec::new();
    let _ = silent.read_to_end(&mut bytes).await;
    assert!(bytes.is_empty() || bytes.starts_with(b"HTTP/1.1 408"));
    bytes.clear();
    let _ = head.read_to_end(&mut bytes).await;
    assert!(
        bytes.is_empty() || bytes.starts_with(b"HTTP/1.1 4"),
        "closed"
    );
    bytes.clear();
    let _ = body.read_to_end(&mut bytes).await;
    assert!(
        bytes.starts_with(b"HTTP/1.1 408"),
        "{}",
        String::from_utf8_lossy(&bytes)
    );
}

#[tokio::test]
async fn who_sends_and_never_reads_is_cut_off() {
    let server = TestServer::with(|config, _| {
        config.limits.connection_time = Duration::from_millis(300);
        config.limits.request_time = Duration::from_millis(300);
    })
    .await;
    let mut deaf = server.client().connect().await;
    let request = b"GET /page/login.js HTTP/1.1\r\nHost: x\r\n\r\n";
    let sending = async {
        // Until the server takes nothing more, and then until it has closed.
        while deaf.write_all(request).await.is_ok() {}
    };
    tokio::time::timeout(Duration::from_secs(20), sending)
        .await
        .expect("cut off");
    assert_eq!(server.client().get("/healthz").await.status, 200);
}

#[tokio::test]
async fn a_connection_that_has_lived_long_enough_ends_with_a_reply_that_says_so() {
    let server = TestServer::with(|config, _| config.limits.connection_time = Duration::ZERO).await;
    let mut stream = server.client().connect().await;
    let request = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    stream
        .write_all(&[&request[..], request].concat())
        .await
        .unwrap();
    let mut bytes = Vec::new();
    // Nothing answers the second one, so its bytes may be the end of the connection.
    let _ = stream.read_to_end(&mut bytes).await;
    let text = String::from_utf8_lossy(&bytes);
    assert_eq!(text.matches("HTTP/1.1 200").count(), 1, "{text}");
    assert!(text.contains("connection: close\r\n"), "{text}");
}

#[tokio::test]
async fn a_full_house_tells_newcomers_to_come_back_and_whoever_asks_that_it_runs() {
    let server = TestServer::with(|config, _| {
        config.limits.connections = 2;
        config.limits.head_time = Duration::from_secs(60);
    })
    .await;
    let first = server.client().connect().await;
    let second = server.client().connect().await;
    let refused = server.client().begin("").await;
    assert_eq!(
        (refused.status, refused.header("retry-after")),
        (503, Some("1"))
    );
    assert_eq!(refused.header("connection"), Some("close"));
    assert_eq!(server.client().get("/healthz").await.status, 200);
    assert_eq!(server.client().post("/healthz", "").await.status, 405);
    assert_eq!(
        server.events().last().map(String::as_str),
        Some("AM-ACCESS-OUTCOME")
    );
    drop((first, second));
    // Once the two are gone there is room again; nothing says when that has been seen, so it is asked for.
    let mut tries = 0;
    while server.client().begin("").await.status == 503 {
        tries += 1;
        assert!(tries < 10_000, "the places of those who left are not free");
    }
}

#[tokio::test]
async fn a_house_that_cannot_even_say_that_it_is_full_keeps_newcomers_waiting() {
    let server = TestServer::with(|config, _| {
        config.limits.connections = 2;
        config.limits.head_time = Duration::from_millis(300);
    })
    .await;
    // Those that are served, those that are told, and some more, none of which says a word.
    let mut silent = Vec::new();
    for _ in 0..270 {
        silent.push(server.client().connect().await);
    }
    // It waits until one of them has been let go.
    assert_eq!(server.client().get("/healthz").await.status, 200);
    drop(silent);
}

#[tokio::test]
async fn runs_from_one_source_are_bounded_and_given_back() {
    let server = TestServer::with(|config, _| config.limits.runs_per_source = 3).await;
    let mut steps = Vec::new();
    for _ in 0..3 {
        steps.push(server.client().begin("").await.step());
    }
    let refused = server.client().begin("").await;
    assert_eq!(
        (refused.status, refused.header("retry-after")),
        (429, Some("30"))
    );
    let step = steps.pop().expect("a step");
    let mut client = server.client();
    client
        .answer(&step, &["demo".into(), "Ch4ng31t".into()])
        .await
        .token();
    server.client().begin("").await.step();
    assert_eq!(server.client().begin("").await.status, 429);
    server.advance(Duration::from_secs(300));
    server.client().begin("").await.step();
}

#[tokio::test]
async fn runs_that_wait_for_somebody_take_no_place_of_wires_without_pages() {
    let server = TestServer::with(|config, _| config.limits.runs_per_source = 3).await;
    for _ in 0..3 {
        server.client().begin("").await.step();
    }
    assert_eq!(server.client().begin("").await.status, 429);
    for _ in 0..4 {
        assert_eq!(autoid(server.client()).await.status, 200);
        let answer = capture(server.client()).await;
        assert_eq!(answer.json()["stat"], "ok", "{}", answer.text());
    }
}

#[tokio::test]
async fn runs_of_a_realm_are_bounded() {
    let server = TestServer::with(|config, _| config.limits.runs_per_realm = 2).await;
    for _ in 0..2 {
        server.client().begin("").await.step();
    }
    assert_eq!(server.client().begin("").await.status, 429);
    let other = server.client().post(&Client::path("/", ""), "").await;
    assert_eq!(other.status, 200, "the other realm has room");
}

#[tokio::test]
async fn overload_is_refused_before_anything_is_consumed() {
    // One thread, no queue, and a hash that takes long enough to be overtaken.
    let server = TestServer::with(|config, _| {
        config.hash.threads = 1;
        config.hash.queue = 0;
        config.hash.memory_kib = 16 * 1_024;
        config.hash.time = 8;
    })
    .await;
    let mut steps = Vec::new();
    for _ in 0..8 {
        steps.push(server.client().begin("").await.step());
    }
    let tries: Vec<_> = steps
        .iter()
        .cloned()
        .map(|step| {
            let mut client = server.client();
            tokio::spawn(async move {
                let reply = client
                    .answer(&step, &["demo".into(), "Ch4ng31t".into()])
                    .await;
                (step, reply)
            })
        })
        .collect();
    let mut refused = Vec::new();
    for one in tries {
        let (step, reply) = one.await.unwrap();
        if reply.status == 503 {
            assert_eq!(reply.header("retry-after"), Some("1"));
            refused.push(step);
        } else {
            reply.token();
        }
    }
    assert!(!refused.is_empty(), "eight at once found room for all");
    for step in refused {
        let mut client = server.client();
        client
            .answer(&step, &["demo".into(), "Ch4ng31t".into()])
            .await
            .token();
    }
    assert_eq!(server.sessions(), 8);
    assert_eq!(server.compared(), 8);
}

/// Every wire tells whoever wants a password hashed to come back, in its own words, and consumes nothing.
#[tokio::test]
async fn a_pool_that_is_full_is_told_on_every_wire() {
    let server = TestServer::demo().await;
    let step = server.client().begin("").await.step();
    let values = ["demo".into(), "Ch4ng31t".into()];
    let pool = server.running.hash();
    let mut taken = Vec::new();
    while let Some(permit) = pool.admit() {
        taken.push(permit);
    }
    let by_headers = |client: Client| {
        client
            .header("X-OpenAM-Username", "demo")
            .header("X-OpenAM-Password", "Ch4ng31t")
    };
    let busy = |reply: &Reply| (reply.status, reply.header("retry-after").map(str::to_owned));
    let told = [
        ("a step", server.client().answer(&step, &values).await),
        ("headers", by_headers(server.client()).begin("").await),
        ("Autonomous Identity", autoid(server.client()).await),
    ];
    for (wire, reply) in &told {
        assert_eq!(
            busy(reply),
            (503, Some("1".to_owned())),
            "{wire}: {}",
            reply.text()
        );
    }
    // Capture has a number for it, in a reply that it calls an answer like any other.
    let reply = capture(server.client()).await;
    assert_eq!(reply.header("retry-after"), Some("1"), "{}", reply.text());
    assert_eq!(reply.json()["code"], 510);
    // What needs no hash is served all the same.
    assert_eq!(server.client().get("/healthz").await.status, 200);
    server.client().begin("").await.step();
    assert_eq!((server.sessions(), server.compared()), (0, 0));
    drop(taken);
    server.client().answer(&step, &values).await.token();
    assert_eq!(autoid(server.client()).await.status, 200);
    assert_eq!(capture(server.client()).await.json()["stat"], "ok");
    assert_eq!(server.compared(), 3);
}

#[tokio::test]
async fn a_long_password_is_refused_before_it_is_hashed() {
    let server = TestServer::demo().await;
    let mut client = server.client();
    let step = client.begin("").await.step();
    let long = "x".repeat(1_024);
    let over = client
        .answer(&step, &["demo".into(), format!("{long}x").into()])
        .await;
    assert_eq!(over.status, 400);
    let name = client
        .answer(&step, &["x".repeat(257).into(), "a".into()])
        .await;
    assert_eq!(name.status, 400);
    assert_eq!(server.compared() + server.running.hash().dummies(), 0);
    let at = client.answer(&step, &["demo".into(), long.into()]).await;
    at.step();
    assert_eq!(server.compared(), 1);
}

#[tokio::test]
async fn an_address_of_a_client_is_believed_from_trusted_peers_only() {
    let audit_client = async |server: &TestServer, header: &str| {
        let mut client = server.client().header("X-Forwarded-For", header);
        let status = client.begin("").await.status;
        let line = server.audit().pop();
        (
            status,
            line.and_then(|line| line["client"].as_str().map(str::to_owned)),
        )
    };
    let open = TestServer::demo().await;
    let (status, client) = audit_client(&open, "203.0.113.9").await;
    assert_eq!((status, client.as_deref()), (200, Some("127.0.0.1")));
    let behind = TestServer::with(|config, _| {
        config
            .server
            .trusted_proxies
            .push("127.0.0.1".parse().unwrap());
    })
    .await;
    let (status, client) = audit_client(&behind, "10.0.0.1, 203.0.113.9").await;
    assert_eq!((status, client.as_deref()), (200, Some("203.0.113.9")));
    let (status, _) = audit_client(&behind, "a").await;
    assert_eq!(status, 400, "what cannot be read is not guessed");
}
