//! Any method, path, headers and body as a request of Capture: it is read or refused with a code.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wayfare_wire::{
    am::request::Parts,
    capture::{operation::Operation, request::Request},
    json::Bounds,
};

const TYPES: [&str; 4] = [
    "application/x-www-form-urlencoded",
    "application/json",
    "multipart/form-data; boundary=b",
    "text/plain",
];

fuzz_target!(|input: (u8, u8, u8, &str, &str, &[u8])| {
    let (method, path, kind, query, authorization, body) = input;
    let operations = Operation::ALL;
    let operation = operations[usize::from(path) % operations.len()];
    let pick = |list: &[&'static str], at: u8| list[usize::from(at) % list.len()];
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let headers = [
        header("content-type", pick(&TYPES, kind)),
        header("authorization", authorization),
        header("host", "capture.example.com"),
    ];
    let parts = Parts {
        method: pick(&["POST", "GET", "PUT"], method),
        path: operation.path(),
        query,
        headers: &headers,
        body,
        client: None,
    };
    match Request::read(&parts, "/capture", Bounds::default()) {
        Ok(request) => drop(format!("{request:?}")),
        Err(unread) => drop(format!("{unread:?}")),
    }
});
