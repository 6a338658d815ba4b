//! The least that a server of this kind does: a POST is read, and a fixed step is answered.
//!
//! `hello PORT` listens on the loopback until it is ended. For `wayfare bench`, which takes no token twice, it
//! answers a login by headers with a number.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::{Router, body::Bytes, http::header, routing::post};

/// As long as a step that asks for a password.
const STEP: &str = concat!(
    r#"{"authId":"#,
    r#""eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJvdGsiOiIwMTIzNDU2Nzg5YWJjZGVmZ2hpamtsbW5vcCIsInJlYWxtIjoiL2Fsc"#,
    r#"GhhIiwic2Vzc2lvbklkIjoiQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU"#,
    r#"FBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQSIsImV4cCI6MH0.AAAA","#,
    r#""callbacks":[{"type":"PasswordCallback","output":[{"name":"prompt","value":"Password"}],"#,
    r#""input":[{"name":"IDToken1","value":""}]}],"stage":"UsernamePassword"}"#
);

async fn step(body: Bytes) -> ([(header::HeaderName, &'static str); 1], &'static str) {
    assert!(body.starts_with(b"{"), "a body of JSON");
    ([(header::CONTENT_TYPE, "application/json")], STEP)
}

async fn token() -> ([(header::HeaderName, &'static str); 1], String) {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let number = LAST.fetch_add(1, Ordering::Relaxed);
    let reply =
        format!(r#"{{"tokenId":"{number:0>120}","successUrl":"/am/console","realm":"/alpha"}}"#);
    ([(header::CONTENT_TYPE, "application/json")], reply)
}

#[tokio::main]
async fn main() {
    let port = std::env::args().nth(1).expect("a port");
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await;
    let app = Router::new()
        .route("/", post(step))
        .route("/am/json/{*path}", post(token));
    axum::serve(listener.expect("the port is free"), app)
        .await
        .expect("it serves");
}
