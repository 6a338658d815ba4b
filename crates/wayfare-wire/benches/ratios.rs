//! The budgets of the wire that need no peer; see the bench of the same name of the library.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a bench fails as a test does"
)]

#[path = "support/login.rs"]
mod login;
#[expect(dead_code, reason = "nothing here stands beside another")]
#[path = "../../../benches/support/ratio.rs"]
mod ratio;
#[expect(dead_code, reason = "a bench uses only a part of what the tests share")]
#[path = "../tests/world.rs"]
mod world;

use login::Client;
use ratio::{alone, detail, line};

/// P5: the three requests of a login, bytes in and bytes out.
fn main() {
    let client = Client::new();
    let login = alone(&mut || client.login());
    line("P5_login_microseconds", login.least / 1_000.0, 6.0);
    detail("three requests", login);
    let start = alone(&mut || drop(client.start()));
    detail("start", start);
    #[expect(clippy::cast_precision_loss, reason = "some hundred")]
    let each = login.allocations as f64 / 3.0;
    line("P5_allocations_per_request", each, 10.0);
    #[expect(clippy::cast_precision_loss, reason = "some hundred")]
    let bytes = client.name_body().len().max(client.password_body().len()) as f64;
    line("P5_body_bytes", bytes, 1_024.0);
}
