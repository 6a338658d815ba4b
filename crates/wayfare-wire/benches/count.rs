//! What one authenticate request costs in allocations, and in instructions where an outside counter looks on.
//!
//! As the bench of the same name of the library: without arguments the allocations of every request are
//! printed; with a name and a number that request is answered so often and nothing else, so that the
//! difference of two numbers under `valgrind --tool=callgrind` is what one costs. A step is used once, so
//! each measured request answers a step of its own.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench fails as a test does"
)]

#[path = "support/login.rs"]
mod login;
#[expect(dead_code, reason = "a bench uses only a part of what the tests share")]
#[path = "../tests/world.rs"]
mod world;

use allocation_counter::measure;
use login::Client;

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let client = Client::new();
    if let [name, times] = arguments.as_slice() {
        let times: u32 = times.parse().expect("a number of times");
        for _ in 0..times {
            match name.as_str() {
                "wire_start" => drop(client.start()),
                "wire_login" => client.login(),
                _ => panic!("there is no operation {name:?}"),
            }
        }
        return;
    }
    client.login();
    let (name, password) = (client.name_body(), client.password_body());
    let start = measure(|| drop(client.start()));
    let named = measure(|| drop(client.name(&name)));
    let proved = measure(|| drop(client.password(&password)));
    for (what, info) in [("start", start), ("name", named), ("password", proved)] {
        let (count, bytes) = (info.count_total, info.bytes_total);
        println!("{what:<16} {count:>8} allocations {bytes:>10} bytes");
    }
    for (what, body) in [("name", &name), ("password", &password)] {
        println!("{what:<16} {:>8} bytes of body", body.len());
    }
}
