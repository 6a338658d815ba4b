//! How long the wire of Capture takes to read a login and to write its answer, and what it allocates.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench fails as a test does, and says what it has counted"
)]

use std::{hint::black_box, time::Duration};

use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::json;
use wayfare::Secret;
use wayfare_wire::{
    am::request::Parts,
    capture::{
        client::Client,
        date,
        parameters::Parameters,
        reply::{Answer, Login},
        request::Request,
        sign,
    },
    json::Bounds,
};

const PATH: &str = "/oauth/auth_native_traditional";
const FORM: &str = "client_id=demo-login&flow=standard&flow_version=1&locale=en-US&form=signInForm\
                    &signInEmailAddress=demo%40example.com&currentPassword=Ch4ng31t\
                    &redirect_uri=https%3A%2F%2Fapp.example.com%2F";
const JSON: &str = r#"{"client_id":"demo-login","flow":"standard","flow_version":"1","locale":"en-US",
"form":"signInForm","signInEmailAddress":"demo@example.com","currentPassword":"Ch4ng31t",
"redirect_uri":"https://app.example.com/"}"#;
const SECRET: &str = "everybody-knows-this-demo-secret";
const NOW: i64 = 1_800_000_000;

fn headers(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    pairs.iter().map(owned).collect()
}

fn parts<'a>(headers: &'a [(String, String)], body: &'a str) -> Parts<'a> {
    Parts {
        method: "POST",
        path: PATH,
        query: "",
        headers,
        body: body.as_bytes(),
        client: None,
    }
}

fn read(headers: &[(String, String)], body: &str) -> Request {
    Request::read(&parts(headers, body), "/capture", Bounds::default()).expect("a request")
}

fn is_signed(headers: &[(String, String)]) -> bool {
    match read(headers, FORM.trim_start_matches("client_id=demo-login&"))
        .sender
        .client
    {
        Some(Client::Signed(signed)) => signed.is_by(SECRET, NOW, Duration::from_secs(60)),
        _ => false,
    }
}

fn answer() -> Vec<u8> {
    let user = json!({
        "uuid": "0b9b3d41-9b6a-4a0e-8c5e-3f5f0b9b3d41", "id": 17, "email": "demo@example.com",
        "created": "2016-04-20 17:02:18.649505 +0000", "emailVerified": null, "profiles": [],
    });
    let login = Login {
        user: user.as_object().cloned().expect("an object"),
        token: Some(Secret::from("abcdefghijkmnpqrstuvwxyz23")),
        code: None,
        is_new: None,
    };
    Answer::Login(login).reply().body
}

fn capture(c: &mut Criterion) {
    let form = headers(&[("content-type", "application/x-www-form-urlencoded")]);
    let json = headers(&[("content-type", "application/json")]);
    let date = date::plain(NOW);
    let rest = FORM.trim_start_matches("client_id=demo-login&");
    let parameters = Parameters::read(&parts(&form, rest), Bounds::default()).expect("a form");
    let signature = sign::signature(SECRET, PATH, &date, &parameters);
    let signature = format!("Signature demo-login:{signature}");
    let signed = headers(&[
        ("content-type", "application/x-www-form-urlencoded"),
        ("authorization", &signature),
        ("date", &date),
    ]);
    assert!(is_signed(&signed));
    for (name, counted) in [
        (
            "read-form",
            allocation_counter::measure(|| drop(read(&form, FORM))),
        ),
        (
            "read-json",
            allocation_counter::measure(|| drop(read(&json, JSON))),
        ),
        (
            "read-signed",
            allocation_counter::measure(|| assert!(is_signed(&signed))),
        ),
        ("answer", allocation_counter::measure(|| drop(answer()))),
    ] {
        println!(
            "{name}: {} allocations, {} bytes",
            counted.count_total, counted.bytes_total
        );
    }
    let mut group = c.benchmark_group("capture-wire");
    group.bench_function("read-form", |b| b.iter(|| read(&form, black_box(FORM))));
    group.bench_function("read-json", |b| b.iter(|| read(&json, black_box(JSON))));
    group.bench_function("read-signed", |b| b.iter(|| is_signed(black_box(&signed))));
    group.bench_function("answer", |b| b.iter(answer));
    group.finish();
}

criterion_group!(benches, capture);
criterion_main!(benches);
