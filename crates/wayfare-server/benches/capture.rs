//! How long operations of Capture take over the loopback, each on a connection of its own, where nothing is
//! hashed; and what redeeming a code costs where many come at once.
//!
//! `form` is a login that its form refuses, `entity` a record by a token, `access-token` a token that is made
//! for a record, `code` one that is made and redeemed; `contended` are 16 who redeem codes of their own at
//! the same time, and `raced` are 16 with the same one.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    dead_code,
    unused_imports,
    reason = "a bench fails as a test does, and uses only a part of what the tests share"
)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::sync::Arc;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::Value as Json;
use support::{TestServer, alpha};
use tokio::runtime::Runtime;
use wayfare_server::config::CaptureClient;
use wayfare_wire::capture::client::Feature;

const WHO: &str = "key_attribute=email&key_value=%22demo%40example.com%22";
const BACK: &str = "redirect_uri=https%3A%2F%2Fapp.example%2F";

/// How many come at once.
const AT_ONCE: usize = 16;

async fn server() -> TestServer {
    TestServer::with(|config, _| {
        // All of it comes from one address.
        config.limits.runs_per_source = usize::MAX;
        let realm = config.realms.get_mut(&alpha()).expect("the realm");
        let capture = realm.capture.as_mut().expect("capture");
        let mut owner = CaptureClient::default();
        owner.features = [Feature::Owner].into();
        capture.clients.insert("owner".to_owned(), owner);
    })
    .await
}

async fn post(server: &TestServer, authorization: &str, path: &str, form: &str) -> Json {
    let mut client = server
        .client()
        .bare()
        .header("authorization", authorization)
        .header("content-type", "application/x-www-form-urlencoded");
    client.post(&format!("/capture{path}"), form).await.json()
}

fn owner() -> String {
    let secret = "owner:everybody-knows-this-demo-secret";
    format!("Basic {}", BASE64_STANDARD.encode(secret))
}

async fn code(server: &TestServer) -> String {
    let form = format!("{WHO}&{BACK}&lifetime=3600");
    let made = post(server, &owner(), "/access/getAuthorizationCode", &form).await;
    made["authorizationCode"]
        .as_str()
        .expect("a code")
        .to_owned()
}

async fn redeem(server: &TestServer, code: &str) -> bool {
    let form = format!("grant_type=authorization_code&code={code}&{BACK}");
    post(server, &owner(), "/oauth/token", &form).await["stat"] == "ok"
}

async fn together(server: &Arc<TestServer>, codes: Vec<String>) -> usize {
    let tasks: Vec<_> = codes
        .into_iter()
        .map(|code| {
            let server = Arc::clone(server);
            tokio::spawn(async move { redeem(&server, &code).await })
        })
        .collect();
    let mut first = 0;
    for task in tasks {
        first += usize::from(task.await.expect("it runs"));
    }
    first
}

fn capture(c: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let server = Arc::new(runtime.block_on(server()));
    let token = runtime.block_on(post(&server, &owner(), "/access/getAccessToken", WHO));
    let token = format!("OAuth {}", token["accessToken"].as_str().expect("a token"));
    let mut group = c.benchmark_group("capture");
    group.sample_size(20);
    group.bench_function("form", |b| {
        let form = "client_id=demo-login&locale=en-US&form=signInForm&signInEmailAddress=&currentPassword=";
        b.iter(|| {
            let path = "/oauth/auth_native_traditional";
            let said = runtime.block_on(post(&server, "OAuth x", path, form));
            assert_eq!(said["code"], 390);
        });
    });
    group.bench_function("entity", |b| {
        b.iter(|| {
            let said = runtime.block_on(post(&server, &token, "/entity", ""));
            assert_eq!(said["stat"], "ok");
        });
    });
    group.bench_function("access-token", |b| {
        b.iter(|| {
            let said = runtime.block_on(post(&server, &owner(), "/access/getAccessToken", WHO));
            assert_eq!(said["stat"], "ok");
        });
    });
    group.bench_function("code", |b| {
        b.iter(|| {
            runtime.block_on(async {
                let code = code(&server).await;
                assert!(redeem(&server, &code).await);
            });
        });
    });
    group.bench_function("contended", |b| {
        b.iter_batched(
            || {
                runtime.block_on(async {
                    let mut codes = Vec::new();
                    for _ in 0..AT_ONCE {
                        codes.push(code(&server).await);
                    }
                    codes
                })
            },
            |codes| assert_eq!(runtime.block_on(together(&server, codes)), AT_ONCE),
            criterion::BatchSize::PerIteration,
        );
    });
    group.bench_function("raced", |b| {
        b.iter_batched(
            || vec![runtime.block_on(code(&server)); AT_ONCE],
            |codes| assert_eq!(runtime.block_on(together(&server, codes)), 1),
            criterion::BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, capture);
criterion_main!(benches);
