//! What the settings of the nodes around authenticator apps change, asked over HTTP, way by way.

use std::{fmt::Write as _, process::Command, time::Duration};

use serde_json::{Value as Json, json};
use wayfare::engine::effect::OathHash;
use wayfare_oath::{Key, Token};
use wayfare_server::clock::Clock as _;

use super::{MANAGE, PASSWORD, hidden, is_in, password, prompt, recovery_codes};
use crate::support::{Client, Reply, TestServer};

/// A registration and a verification with these settings; where each way ends is told by a detail.
fn journeys(cases: &[(&str, &str)]) -> String {
    let mut text = PASSWORD.to_owned();
    for (at, (registered, verified)) in cases.iter().enumerate() {
        // Writing into a string cannot fail.
        let _ = write!(
            text,
            "
journey r{at} \"R{at}\" {{
  start password
  node password: password {{
    known -> register
    unknown -> failure
  }}
  node register: OathRegistration {{
    {registered}
    successOutcome -> codes
    failureOutcome -> failure
  }}
  node codes: RecoveryCodeDisplay -> success
}}

journey v{at} \"V{at}\" {{
  start password
  node password: password {{
    known -> token
    unknown -> failure
  }}
  node token: OathTokenVerifier {{
    {verified}
    successOutcome -> success
    failureOutcome -> failure
    notRegisteredOutcome -> none
  }}
  node none: Message(message = \"no app\") {{
    true -> success
    false -> failure
  }}
}}
"
        );
    }
    text
}

async fn serve(cases: &[(&str, &str)]) -> TestServer {
    let text = format!("{}{MORE}", journeys(cases));
    TestServer::journeys(&[("settings.journey", &text), ("manage.journey", MANAGE)]).await
}

/// What there is besides: choices with and without ways around, and a verifier that takes recovery codes.
const MORE: &str = r#"
journey optional "Optional" {
  start password
  node password: password {
    known -> token
    unknown -> failure
  }
  node token: OathTokenVerifier {
    isRecoveryCodeAllowed = true
    successOutcome -> success
    failureOutcome -> failure
    notRegisteredOutcome -> options
    recoveryCodeOutcome -> recover
  }
  node recover: RecoveryCodeCollectorDecision {
    true -> success
    false -> failure
  }
  node options: MultiFactorRegistrationOptions {
    message = { en = "Well?" }
    skipStepLabel = { en = "Later" }
    registerOutcome -> failure
    getAppOutcome -> app
    skipOutcome -> success
    optOutOutcome -> never
  }
  node app: GetAuthenticatorApp {
    message = { en = "{{appleLabel}} {{appleLink}} {{googleLabel}} {{googleLink}}" }
    continueLabel = { en = "Done" }
    appleLink = "https://apple.example/app"
    googleLink = "https://google.example/app"
    -> options
  }
  node never: OptOutMultiFactorAuthentication -> success
}

journey mandatory "Mandatory" {
  start password
  node password: password {
    known -> token
    unknown -> failure
  }
  node token: OathTokenVerifier {
    successOutcome -> success
    failureOutcome -> failure
    notRegisteredOutcome -> options
  }
  node options: MultiFactorRegistrationOptions {
    mandatory = true
    getApp = false
    registerOutcome -> codes
  }
  node codes: RecoveryCodeDisplay -> success
}
"#;

/// Registers with a journey; the key, and the reply to the last step.
async fn registered(client: &mut Client, at: usize) -> (String, Reply) {
    let step = password(client, &format!("R{at}")).await.step();
    let address = hidden(&step);
    let key = address.split("secret=").nth(1).expect("a key");
    let key = key.split('&').next().expect("a key").to_owned();
    let reply = client.answer(&step, &[json!("x"), json!(0)]).await;
    (key, reply)
}

/// Gives a code to a journey; what comes then.
async fn given(server: &TestServer, at: usize, code: &str) -> Reply {
    let mut client = server.client();
    let step = password(&mut client, &format!("V{at}")).await.step();
    assert_eq!(
        step["callbacks"][1]["output"][2]["value"],
        json!(["Submit"])
    );
    client.answer(&step, &[json!(code), json!(0)]).await
}

/// What an app shows, by `oathtool` where it is there and knows the kind.
fn shown(arguments: &[&str], otherwise: impl FnOnce() -> String) -> String {
    let shown = Command::new("oathtool").args(arguments).output();
    match shown {
        Ok(shown) => {
            assert!(shown.status.success(), "{shown:?}");
            let text = String::from_utf8(shown.stdout).expect("a text");
            text.trim().to_owned()
        }
        Err(_) => otherwise(),
    }
}

fn token(key: &str, hash: OathHash, digits: u8) -> Token {
    let key = Key::from_base32(key).expect("a key");
    Token::new(key, hash, digits).expect("a token")
}

#[tokio::test]
async fn a_clock_is_read_by_the_settings_of_both() {
    let cases = [
        ("", ""),
        ("passwordLength = \"EIGHT_DIGITS\"", ""),
        (
            "totpHashAlgorithm = \"HMAC_SHA256\"",
            "totpHashAlgorithm = \"HMAC_SHA256\"",
        ),
        (
            "totpHashAlgorithm = \"HMAC_SHA512\"",
            "totpHashAlgorithm = \"HMAC_SHA512\"",
        ),
        ("totpTimeInterval = 60s", "totpTimeInterval = 60s"),
        // What was registered otherwise never fits.
        ("totpHashAlgorithm = \"HMAC_SHA256\"", ""),
        ("totpTimeInterval = 60s", ""),
        ("", "algorithm = \"HOTP\""),
        // Checksum and offset are of counters alone.
        ("addChecksum = true\n    truncationOffset = 3", ""),
        // How many steps away a code may be, and how wrong a clock may go.
        ("", "totpTimeSteps = 0"),
        ("", "totpTimeSteps = 4\n    maximumAllowedClockDrift = 3"),
    ];
    let kinds = [
        (OathHash::Sha1, 6, 30),
        (OathHash::Sha1, 8, 30),
        (OathHash::Sha256, 6, 30),
        (OathHash::Sha512, 6, 30),
        (OathHash::Sha1, 6, 60),
        (OathHash::Sha256, 6, 30),
        (OathHash::Sha1, 6, 60),
        (OathHash::Sha1, 6, 30),
        (OathHash::Sha1, 6, 30),
        (OathHash::Sha1, 6, 30),
        (OathHash::Sha1, 6, 30),
    ];
    // Steps from now, in the order tried, and whether each is taken.
    let tries: [&[(i64, bool)]; 11] = [
        &[(3, false), (2, true)],
        &[(3, false), (-2, true)],
        &[(0, true)],
        &[(0, true)],
        &[(3, false), (2, true)],
        &[(0, false)],
        &[(0, false)],
        &[(0, false)],
        &[(0, true)],
        &[(1, false), (-1, false), (0, true)],
        &[(4, false), (-4, false), (3, true)],
    ];
    let server = serve(&cases).await;
    for (at, (hash, digits, step)) in kinds.into_iter().enumerate() {
        server.advance(Duration::from_secs(3_600));
        let (key, _) = registered(&mut server.client(), at).await;
        for (away, taken) in tries[at] {
            let now = i64::try_from(server.clock.now().seconds()).expect("a time") + away * step;
            let totp = format!("--totp={}", hash.name().to_ascii_lowercase());
            let (digit, span) = (
                format!("--digits={digits}"),
                format!("--time-step-size={step}s"),
            );
            let arguments = [
                &totp,
                "--base32",
                &digit,
                &span,
                "--now",
                &format!("@{now}"),
                &key,
            ];
            let own = || {
                let counter = u64::try_from(now / step).expect("a counter");
                token(&key, hash, digits).code(counter)
            };
            let reply = given(&server, at, &shown(&arguments, own)).await;
            assert_eq!(
                is_in(&reply),
                *taken,
                "{at} {:?} {away}: {}",
                cases[at],
                reply.text()
            );
            assert!(*taken || reply.status == 401);
        }
    }
}

#[tokio::test]
async fn a_counter_is_read_by_the_settings_of_both() {
    let cases = [
        (
            "algorithm = \"HOTP\"",
            "algorithm = \"HOTP\"\n    hotpWindowSize = 3",
        ),
        (
            "algorithm = \"HOTP\"\n    passwordLength = \"EIGHT_DIGITS\"\n    addChecksum = true",
            "algorithm = \"HOTP\"",
        ),
        (
            "algorithm = \"HOTP\"\n    truncationOffset = 16",
            "algorithm = \"HOTP\"",
        ),
        // Nothing is in a window of none.
        (
            "algorithm = \"HOTP\"",
            "algorithm = \"HOTP\"\n    hotpWindowSize = 0",
        ),
        ("algorithm = \"HOTP\"", ""),
    ];
    // Counters in the order tried, and whether each is taken.
    let tries: [&[(u64, bool)]; 5] = [
        // Of 0, 1 and 2 it is the last; then 3 is the first, and 6 beyond the window.
        &[
            (3, false),
            (2, true),
            (2, false),
            (1, false),
            (6, false),
            (5, true),
        ],
        &[(0, true), (100, true), (201, false), (101, true)],
        &[(7, true)],
        &[(0, false), (1, false)],
        &[(0, false)],
    ];
    let server = serve(&cases).await;
    for (at, tries) in tries.iter().enumerate() {
        server.advance(Duration::from_secs(3_600));
        let (key, _) = registered(&mut server.client(), at).await;
        for (counter, taken) in *tries {
            let own = match at {
                1 => token(&key, OathHash::Sha1, 8).with_checksum(true),
                2 => token(&key, OathHash::Sha1, 6)
                    .at(Some(16))
                    .expect("it fits"),
                _ => token(&key, OathHash::Sha1, 6),
            };
            let own = own.code(*counter);
            let code = match at {
                // `oathtool` knows neither the digit of a checksum nor an offset.
                1 | 2 => own,
                _ => {
                    let count = format!("--counter={counter}");
                    shown(&["--hotp", "--base32", &count, &key], || own)
                }
            };
            let reply = given(&server, at, &code).await;
            assert_eq!(
                is_in(&reply),
                *taken,
                "{at} {:?} {counter}: {}",
                cases[at],
                reply.text()
            );
        }
    }
}

#[tokio::test]
async fn codes_are_shown_where_there_are_any_and_messages_are_the_settings() {
    let cases = [
        (
            "scanQRCodeMessage = { en = \"Scan me\", de = \"Scannen\" }",
            "",
        ),
        ("generateRecoveryCodes = false", ""),
    ];
    let server = serve(&cases).await;
    let mut client = server.client().header("Accept-Language", "de");
    let step = password(&mut client, "R0").await.step();
    assert_eq!(prompt(&step), "Scannen");
    let (_, reply) = registered(&mut server.client(), 0).await;
    assert_eq!(recovery_codes(&reply.step()).len(), 10);
    let (_, reply) = registered(&mut server.client(), 1).await;
    assert!(is_in(&reply), "{}", reply.text());
}

fn labels(step: &Json) -> &Json {
    &step["callbacks"][1]["output"][2]["value"]
}

#[tokio::test]
async fn whoever_opts_out_is_asked_where_there_is_an_app_and_not_registered_where_there_is_none() {
    let server = serve(&[("", "")]).await;
    let mut client = server.client();
    let step = password(&mut client, "Optional").await.step();
    assert_eq!(prompt(&step), "Well?");
    assert_eq!(
        labels(&step),
        &json!(["Register Device", "Get the App", "Later", "Opt-out"])
    );
    let step = client.answer(&step, &[json!(1)]).await.step();
    assert_eq!(
        prompt(&step),
        "Apple App Store https://apple.example/app Google Play Store https://google.example/app"
    );
    assert_eq!(labels(&step), &json!(["Done"]));
    let step = client.answer(&step, &[json!(0)]).await.step();
    assert!(
        is_in(&client.answer(&step, &[json!(2)]).await),
        "skipping is over with the run"
    );
    let mut client = server.client();
    let step = password(&mut client, "Optional").await.step();
    assert!(is_in(&client.answer(&step, &[json!(3)]).await));
    // The product's node has no way of its own for who opted out: without an app nobody is registered.
    let reply = given_nothing(&server, "V0").await;
    assert_eq!(prompt(&reply), "no app");
    let step = password(&mut server.client(), "Mandatory").await.step();
    assert_eq!(labels(&step), &json!(["Register Device"]));
    // Nothing is shown where there are no codes.
    let mut client = server.client();
    let step = password(&mut client, "Mandatory").await.step();
    assert!(is_in(&client.answer(&step, &[json!(0)]).await));
    // With an app the code is asked for, opted out or not; registering it ends the opting out.
    let (key, _) = registered(&mut server.client(), 0).await;
    server.advance(Duration::from_secs(60));
    let check = "/am/json/realms/root/realms/alpha/users/demo/devices/2fa/oath?_action=";
    let mut client = server.client();
    let step = password(&mut client, "Login").await.step();
    assert_eq!(prompt(&step), "Enter verification code");
    let counter = server.clock.now().seconds() / 30;
    let code = token(&key, OathHash::Sha1, 6).code(counter);
    assert!(is_in(&client.answer(&step, &[json!(code), json!(0)]).await));
    let asked = client.post(&format!("{check}check"), "{}").await;
    assert_eq!(asked.json(), json!({ "result": false }));
    let skipped = client
        .post(&format!("{check}skip"), r#"{"value":true}"#)
        .await;
    assert_eq!(skipped.status, 200);
    let step = password(&mut server.client(), "V0").await.step();
    assert_eq!(prompt(&step), "Enter verification code");
}

async fn given_nothing(server: &TestServer, journey: &str) -> Json {
    password(&mut server.client(), journey).await.step()
}
