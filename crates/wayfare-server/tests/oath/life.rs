//! From the first QR code to the last recovery code.

use std::time::Duration;

use serde_json::json;
use wayfare::{Timestamp, engine::effect::DeviceKind};

use super::{asks_again, given, is_in, log_in, password, prompt, register, server};

/// One step of time.
const STEP: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_code_is_good_once_and_for_about_now() {
    let server = server().await;
    let (app, _) = register(&server).await;
    // The code by which the app was tried out is used up.
    let mut client = server.client();
    let tried = log_in(&mut client, "AuthenticatorApp", &app.code(&server, 0)).await;
    assert!(asks_again(&tried), "{}", tried.text());

    server.advance(STEP);
    let code = app.code(&server, 0);
    assert!(is_in(&given(&server, &code).await));
    assert!(asks_again(&given(&server, &code).await));
    // Nor is one from before it, though the window would hold it.
    server.advance(STEP);
    let before = app.code(&server, -60);
    assert!(asks_again(&given(&server, &before).await));

    // A clock that goes wrong by two steps is within the window, by three it is not.
    server.advance(STEP * 10);
    for (away, good) in [(90, false), (-90, false), (60, true)] {
        let reply = given(&server, &app.code(&server, away)).await;
        assert_eq!(is_in(&reply), good, "{away}: {}", reply.text());
    }
    // The device was two steps ahead: now three and four ahead are within the window, and one behind is
    // not, nor is what goes further wrong than the setting lets it.
    server.advance(STEP * 10);
    for (away, good) in [(-30, false), (180, false), (120, true)] {
        let reply = given(&server, &app.code(&server, away)).await;
        assert_eq!(is_in(&reply), good, "{away}: {}", reply.text());
    }
}

#[tokio::test]
async fn a_clock_that_jumps_back_makes_no_code_good_again() {
    let server = server().await;
    let (app, _) = register(&server).await;
    server.advance(STEP * 20);
    let code = app.code(&server, 0);
    assert!(is_in(&given(&server, &code).await));
    let now = wayfare_server::clock::Clock::now(&server.clock);
    server.clock.set(Timestamp(now.0 - 300_000));
    for away in [300, 0, 30] {
        let reply = given(&server, &app.code(&server, away)).await;
        assert!(!is_in(&reply), "{away}: {}", reply.text());
    }
    // The tries above were counted; they are over when time has gone by.
    server.clock.set(Timestamp(now.0 + 600_000));
    let reply = given(&server, &app.code(&server, 0)).await;
    assert!(is_in(&reply), "{}", reply.text());
}

#[tokio::test]
async fn of_two_who_use_a_code_at_once_one_is_in() {
    let server = server().await;
    let (app, _) = register(&server).await;
    for _ in 0..4 {
        server.advance(STEP * 2);
        let (mut one, mut two) = (server.client(), server.client());
        let first = password(&mut one, "AuthenticatorApp").await.step();
        let second = password(&mut two, "AuthenticatorApp").await.step();
        let answers = [json!(app.code(&server, 0)), json!(0)];
        let (first, second) =
            tokio::join!(one.answer(&first, &answers), two.answer(&second, &answers));
        let won = [&first, &second]
            .into_iter()
            .filter(|reply| is_in(reply))
            .count();
        assert_eq!(won, 1, "{} {}", first.text(), second.text());
        let lost = if is_in(&first) { second } else { first };
        assert!(asks_again(&lost), "{}", lost.text());
    }
}

#[tokio::test]
async fn a_used_code_stays_used_over_a_restart_and_the_key_is_nowhere_to_read() {
    let server = server().await;
    let (app, codes) = register(&server).await;
    server.advance(STEP);
    let code = app.code(&server, 0);
    // The run that used the code goes no further: the server is gone before it answers anybody.
    let mut client = server.client();
    let step = password(&mut client, "AuthenticatorApp").await.step();
    client.answer(&step, &[json!(code), json!(0)]).await;
    let server = server.restart().await;
    let reply = given(&server, &code).await;
    assert!(asks_again(&reply), "{}", reply.text());
    server.advance(STEP);
    let code = app.code(&server, 0);
    assert!(is_in(&given(&server, &code).await));
    let written = server.everything_written();
    for secret in std::iter::once(&app.key).chain(&codes) {
        let found = written
            .windows(secret.len())
            .any(|bytes| bytes == secret.as_bytes());
        assert!(!found, "{secret} is written somewhere");
    }
}

#[tokio::test]
async fn without_its_key_a_device_is_not_opened() {
    let server = server().await;
    let (app, _) = register(&server).await;
    server.advance(STEP);
    let realm = crate::support::alpha();
    let server = server
        .restart_after(|data| {
            std::fs::remove_file(wayfare_server::keys::storage_path(data, &realm)).expect("a file");
        })
        .await;
    // The error arrow, or a failure: nobody is let past.
    let reply = password(&mut server.client(), "AuthenticatorApp").await;
    assert_eq!(reply.status, 401, "{}", reply.text());
    assert!(!app.key.is_empty());
}

#[tokio::test]
async fn a_recovery_code_is_good_once() {
    let server = server().await;
    let (_, codes) = register(&server).await;
    let recover = async |code: &str| {
        let mut client = server.client();
        let step = password(&mut client, "AuthenticatorApp").await.step();
        let step = client.answer(&step, &[json!(""), json!(1)]).await.step();
        assert_eq!(prompt(&step), "Recovery Code");
        client.answer(&step, &[json!(code)]).await
    };
    assert!(!is_in(&recover("0000000000").await));
    assert!(is_in(&recover(&codes[3]).await));
    assert!(asks_again(&recover(&codes[3]).await));
    assert!(is_in(&recover(&codes[9]).await));
}

#[tokio::test]
async fn tries_are_counted_for_the_user_and_not_for_the_run() {
    let server = server().await;
    let (app, _) = register(&server).await;
    server.advance(STEP);
    for _ in 0..5 {
        let reply = given(&server, "000000").await;
        assert!(asks_again(&reply), "{}", reply.text());
    }
    let right = app.code(&server, 0);
    let reply = given(&server, &right).await;
    assert!(asks_again(&reply), "{}", reply.text());
    // The right code of a try that was refused was not compared, and so it is not used up.
    server.advance(Duration::from_secs(31));
    let reply = given(&server, &app.code(&server, 0)).await;
    assert!(is_in(&reply), "{}", reply.text());
}

#[tokio::test]
async fn whoever_registers_again_has_the_new_app_alone() {
    let server = server().await;
    let (old, codes) = register(&server).await;
    // Without the device the journey asks for another one.
    let realm = crate::support::alpha();
    let devices = server.running.devices(&realm).expect("devices");
    let whose = crate::oath::devices::subject(&server).await;
    assert!(
        devices
            .forget_all(&whose, DeviceKind::Oath)
            .await
            .expect("a store")
    );
    let (new, fresh) = register(&server).await;
    assert_ne!(old.key, new.key);
    server.advance(STEP);
    assert!(asks_again(&given(&server, &old.code(&server, 0)).await));
    assert!(is_in(&given(&server, &new.code(&server, 0)).await));
    assert!(codes.iter().all(|code| !fresh.contains(code)));
    assert_eq!(
        devices
            .all(&whose, DeviceKind::Oath)
            .expect("a store")
            .len(),
        1
    );
}
