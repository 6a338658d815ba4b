//! How long tokens take, without a password being hashed.
//!
//! `verify` is a signed token read by its key; `redeem` is one code that 64 callers come with at once, of
//! whom one wins; `userinfo` and `introspect` are whole requests over the loopback, each on a connection of
//! its own.

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

use std::{hint::black_box, time::Duration};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde_json::json;
use support::{BEGIN, TestServer, alpha};
use tokio::runtime::Runtime;
use wayfare_server::{
    signing::{KeyUse, SigningKeys},
    store::token::{Basis, Kind, NewToken, Taken, Token, TokenKey},
};
use wayfare_wire::{
    jose::{Algorithm, Expected, Typ},
    oauth::pairs,
};

const CODE: Kind = Kind::new("bench.code");
const ACCESS: Kind = Kind::new("oauth.access");
const CALLERS: usize = 64;

fn verify(c: &mut Criterion) {
    let folder = tempfile::TempDir::new().expect("a folder");
    let algorithms = [
        Algorithm::EdDsa,
        Algorithm::Es256,
        Algorithm::Rs256,
        Algorithm::Hs256,
    ];
    let keys = SigningKeys::open(folder.path(), &alpha(), KeyUse::AutoId, &algorithms, BEGIN);
    let keys = keys.expect("keys").current(BEGIN).expect("keys");
    let claims = json!({
        "iss": "https://id.example.com", "sub": "demo", "aud": "app",
        "exp": BEGIN.0 / 1_000 + 60, "iat": BEGIN.0 / 1_000,
    });
    let expected = Expected {
        typ: Typ::Is("at+jwt"),
        issuer: Some("https://id.example.com"),
        audience: &["app"],
        algorithms: &algorithms,
        leeway: 0,
    };
    let mut group = c.benchmark_group("token/verify");
    for algorithm in algorithms {
        let key = keys.signing(Some(algorithm), BEGIN).expect("a key");
        let token = key.sign("at+jwt", &claims).expect("a token");
        group.bench_function(algorithm.name(), |b| {
            b.iter(|| black_box(keys.verify(&token, &expected, BEGIN)).expect("it holds"));
        });
    }
    group.finish();
    let mut group = c.benchmark_group("token/sign");
    for algorithm in algorithms {
        let key = keys.signing(Some(algorithm), BEGIN).expect("a key");
        group.bench_function(algorithm.name(), |b| {
            b.iter(|| black_box(key.sign("at+jwt", &claims)).expect("a token"));
        });
    }
    group.finish();
}

fn new(kind: Kind, secret: &str, subject: &str) -> NewToken {
    NewToken {
        key: TokenKey::of(kind, secret),
        token: Token {
            realm: alpha(),
            subject: Some(subject.to_owned()),
            client: Some("demo-app".to_owned()),
            family: Some(secret.to_owned()),
            session: Some("session".to_owned()),
            issued: BEGIN,
            exp: BEGIN.plus(Duration::from_secs(3_600)),
            used: None,
            data: json!({
                "scope": ["openid", "profile"], "auth_time": BEGIN.0 / 1_000, "acr": "0",
                "amr": ["pwd"], "until": 0,
            }),
        },
    }
}

fn redeem(c: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let server = runtime.block_on(TestServer::demo());
    let store = server.running.store().clone();
    let mut group = c.benchmark_group("token");
    group.throughput(Throughput::Elements(CALLERS as u64));
    let mut turn = 0;
    group.bench_function("redeem, 64 callers", |b| {
        b.iter(|| {
            turn += 1;
            let code = format!("code {turn}");
            let won = runtime.block_on(async {
                store
                    .put_tokens(vec![new(CODE, &code, "u1")], Basis::Nobody)
                    .await
                    .expect("it is kept");
                let key = TokenKey::of(CODE, &code);
                let callers: Vec<_> = (0..CALLERS)
                    .map(|at| {
                        let (store, code) = (store.clone(), code.clone());
                        tokio::spawn(async move {
                            let tokens = vec![new(ACCESS, &format!("{code} {at}"), "u1")];
                            store.exchange_token(key, tokens, BEGIN).await
                        })
                    })
                    .collect();
                let mut won = 0;
                for caller in callers {
                    let taken = caller.await.expect("it runs").expect("it is read");
                    won += u32::from(matches!(taken, Taken::Fresh(_)));
                }
                won
            });
            assert_eq!(won, 1);
        });
    });
    group.finish();
    runtime.block_on(server.running.stop());
}

fn requests(c: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let server = runtime.block_on(TestServer::with(|config, folder| {
        std::fs::write(folder.join("secret"), "a secret of the service").expect("a file");
        let text = "[realms.\"/alpha\".oauth]\nalgorithms = [\"ES256\"]\n\
                    [realms.\"/alpha\".oauth.clients.api]\ntype = \"confidential\"\n\
                    auth = \"client_secret_post\"\nsecret = { file = \"secret\" }\ngrants = []\n\
                    introspect_all = true\n";
        let own = wayfare_server::config::Config::parse("wayfare.toml", text, folder);
        let own = own.expect("settings");
        let realm = config.realms.get_mut(&alpha()).expect("a realm");
        realm.oauth.clone_from(&own.realms[&alpha()].oauth);
    }));
    let store = server.running.store();
    let key = wayfare_server::store::user::NameKey::of("demo").expect("a name");
    let demo = store
        .user(&alpha(), &key)
        .expect("a store")
        .expect("a user");
    let kept = store.put_tokens(vec![new(ACCESS, "wfa1.bench", &demo.id)], Basis::Nobody);
    runtime.block_on(kept).expect("it is kept");
    let base = "/am/oauth2/realms/root/realms/alpha";
    let mut bearer = server.client().header("Authorization", "Bearer wfa1.bench");
    let mut group = c.benchmark_group("token");
    group.bench_function("userinfo", |b| {
        b.iter(|| {
            let reply = runtime.block_on(bearer.get(&format!("{base}/userinfo")));
            assert_eq!(reply.status, 200, "{}", reply.text());
        });
    });
    let mut api = server
        .client()
        .header("Content-Type", "application/x-www-form-urlencoded");
    let body = pairs([
        ("token", "wfa1.bench"),
        ("client_id", "api"),
        ("client_secret", "a secret of the service"),
    ]);
    group.bench_function("introspect", |b| {
        b.iter(|| {
            let path = format!("{base}/introspect");
            let reply = runtime.block_on(api.send("POST", &path, Some(body.as_bytes())));
            assert!(reply.text().contains("\"active\":true"), "{}", reply.text());
        });
    });
    group.finish();
    runtime.block_on(server.running.stop());
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(2));
    targets = verify, redeem, requests
}
criterion_main!(benches);
