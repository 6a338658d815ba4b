//! The operations that run a flow, by password.

use std::{path::Path, time::Duration};

use serde_json::{Value as Json, json};
use wayfare_server::{config::Config, store::token::Kind};
use wayfare_wire::capture::client::Feature;

use super::support::{DEMO, SECRET, ask, basic, client, code, entity, form, send, server, set};
use crate::support::{TestServer, alpha};

const FLOW: [(&str, &str); 4] = [
    ("client_id", "demo-login"),
    ("flow", "standard"),
    ("flow_version", "1"),
    ("locale", "en-US"),
];

pub(super) async fn native(server: &TestServer, path: &str, pairs: &[(&str, &str)]) -> Json {
    native_by(server, "", path, pairs).await
}

async fn native_by(server: &TestServer, by: &str, path: &str, pairs: &[(&str, &str)]) -> Json {
    let all: Vec<(&str, &str)> = FLOW
        .iter()
        .filter(|(name, _)| !pairs.iter().any(|(known, _)| known == name))
        .chain(pairs)
        .copied()
        .collect();
    send(server, by, &format!("/oauth/{path}"), &form(&all))
        .await
        .json()
}

async fn sign_in(server: &TestServer, who: &str, password: &str) -> Json {
    let pairs = [
        ("form", "signInForm"),
        ("signInEmailAddress", who),
        ("currentPassword", password),
    ];
    native(server, "auth_native_traditional", &pairs).await
}

async fn register(server: &TestServer, email: &str) -> Json {
    let pairs = [
        ("form", "registrationForm"),
        ("emailAddress", email),
        ("newPassword", "Engine1843"),
        ("newPasswordConfirm", "Engine1843"),
        ("firstName", "Ada"),
        ("lastName", "Lovelace"),
    ];
    native(server, "register_native_traditional", &pairs).await
}

pub(super) fn token(answer: &Json) -> String {
    assert_eq!(answer["stat"], "ok", "{answer}");
    answer["access_token"].as_str().expect("a token").to_owned()
}

#[tokio::test]
async fn a_login_answers_the_record_and_what_was_asked_for() {
    let server = server(|_| ()).await;
    let answer = sign_in(&server, "demo@example.com", "Ch4ng31t").await;
    let user = &answer["capture_user"];
    assert_eq!(user["email"], "demo@example.com", "{answer}");
    let known = token(&answer);
    assert_eq!(entity(&server, &known).await["result"], *user);
    assert_eq!(server.sessions(), 0, "no session of the other wire");
    assert_eq!(server.compared(), 1);
    // By address in other letters, and by name.
    token(&sign_in(&server, "Demo@Example.COM", "Ch4ng31t").await);
    token(&sign_in(&server, "demo", "Ch4ng31t").await);
    let pairs = [
        ("form", "signInForm"),
        ("signInEmailAddress", "demo@example.com"),
        ("currentPassword", "Ch4ng31t"),
        ("response_type", "code"),
        ("redirect_uri", "https://app.example/back"),
    ];
    let answer = native(&server, "auth_native_traditional", &pairs).await;
    assert!(answer.get("access_token").is_none(), "{answer}");
    let grant = [
        ("grant_type", "authorization_code"),
        (
            "code",
            answer["authorization_code"].as_str().expect("a code"),
        ),
        ("redirect_uri", "https://app.example/back"),
    ];
    let tokens = send(&server, &basic("demo-login"), "/oauth/token", &form(&grant)).await;
    assert_eq!(tokens.status, 200, "{}", tokens.text());
    // Nothing of it is written down.
    let written = server.everything_written();
    for secret in ["Ch4ng31t", &known, SECRET] {
        assert!(
            !written
                .windows(secret.len())
                .any(|part| part == secret.as_bytes()),
            "{secret}"
        );
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_said() {
    let server = server(|_| ()).await;
    let pairs = |form: &'static str| {
        [
            ("form", form),
            ("signInEmailAddress", ""),
            ("currentPassword", "x"),
        ]
    };
    let empty = native(&server, "auth_native_traditional", &pairs("signInForm")).await;
    assert_eq!(code(&empty), 390);
    assert_eq!(
        empty["invalid_fields"],
        json!({ "signInEmailAddress": ["Please enter your email address."] })
    );
    for (form, wanted) in [("noForm", 200), ("registrationForm", 200)] {
        let answer = native(&server, "auth_native_traditional", &pairs(form)).await;
        assert_eq!(
            (code(&answer), &answer["argument_name"]),
            (wanted, &json!("form"))
        );
    }
    let other = [("flow_version", "2"), ("form", "signInForm")];
    let answer = native(&server, "auth_native_traditional", &other).await;
    assert_eq!(answer["argument_name"], "flow");
    for (form, wanted) in [
        ("signInForm", "registration_form"),
        ("noForm", "registration_form"),
        ("socialRegistrationForm", "token"),
        ("registrationForm", "token"),
    ] {
        let pairs = [("token", "x"), ("registration_form", form)];
        let answer = native(&server, "auth_native", &pairs).await;
        assert_eq!(code(&answer), 200, "{form}");
        assert_eq!(answer["argument_name"], wanted, "{form}");
    }
    // A client without the feature, and one that is none.
    for (id, wanted) in [("owner", 100), ("metadata", 403), ("nobody", 402)] {
        let pairs = [("client_id", id), ("form", "signInForm"), ("flow", "")];
        let answer = native(&server, "auth_native_traditional", &pairs).await;
        assert_eq!(code(&answer), wanted, "{id} {answer}");
    }
    let german = [
        ("locale", "de-DE"),
        ("form", "signInForm"),
        ("signInEmailAddress", "a@b.example"),
        ("currentPassword", "x"),
    ];
    let answer = native(&server, "auth_native_traditional", &german).await;
    assert_eq!(
        answer["message"],
        "Name oder Passwort ist falsch. Bitte versuchen Sie es noch einmal."
    );
}

/// G01, L9: unknown, wrong, locked and disabled have one face, and cost the same.
#[tokio::test]
async fn logins_that_fail_have_one_face() {
    let server = server(|_| ()).await;
    register(&server, "off@example.com").await;
    register(&server, "locked@example.com").await;
    let identities = server.running.identities(&alpha()).unwrap();
    let off = wayfare::engine::effect::Who::Name("off@example.com".into());
    assert!(identities.set_status(&off, false).await.unwrap());
    for _ in 0..5 {
        sign_in(&server, "locked@example.com", "wrong").await;
    }
    let mut faces = Vec::new();
    for (who, password) in [
        ("demo@example.com", "wrong"),
        ("nobody@example.com", "wrong"),
        ("off@example.com", "Engine1843"),
        ("locked@example.com", "Engine1843"),
    ] {
        let cost = || server.compared() + server.running.hash().dummies();
        let before = cost();
        let mut answer = sign_in(&server, who, password).await;
        assert_eq!(code(&answer), 210, "{who}: {answer}");
        answer["request_id"] = json!("");
        faces.push((answer, cost() - before));
    }
    assert_eq!(
        faces[0].0["invalid_fields"]["signInForm"][0],
        "Incorrect username or password. Try again."
    );
    for face in &faces {
        assert_eq!(*face, faces[0]);
    }
}

#[tokio::test]
async fn who_wants_it_is_told_why() {
    let server = server(|capture| capture.detailed_credential_errors = true).await;
    let wrong = sign_in(&server, "demo@example.com", "wrong").await;
    assert_eq!(
        (code(&wrong), &wrong["error"]),
        (213, &json!("password_incorrect"))
    );
    let unknown = sign_in(&server, "nobody@example.com", "wrong").await;
    assert_eq!(
        (code(&unknown), &unknown["error"]),
        (212, &json!("no_such_account"))
    );
}

/// Who logs in by other ways alone; the work and the tries are those of a wrong password.
#[tokio::test]
async fn who_has_no_password_is_told_so_where_it_is_wanted() {
    for detailed in [true, false] {
        let text = "[realms.\"/alpha\".users.solo]\nattributes = { mail = \"solo@example.com\" }\n";
        let server = TestServer::with(|config, _| {
            let parsed = Config::parse("test.toml", text, Path::new("")).unwrap();
            let realm = config.realms.get_mut(&alpha()).unwrap();
            realm.users.clone_from(&parsed.realms[&alpha()].users);
            set(config, |capture| {
                capture.detailed_credential_errors = detailed;
            });
        })
        .await;
        let done = || (server.compared(), server.compared_with_nothing());
        let before = done();
        let wrong = sign_in(&server, "demo@example.com", "wrong").await;
        let between = done();
        let none = sign_in(&server, "solo@example.com", "wrong").await;
        assert_eq!((between.0 - before.0, between.1 - before.1), (1, 0));
        let after = done();
        assert_eq!((after.0 - between.0, after.1 - between.1), (0, 1));
        if detailed {
            assert_eq!((code(&wrong), code(&none)), (213, 211));
            assert_eq!(none["error"], "no_password");
            // The tries are counted as any: who has none left is told nothing of passwords.
            for _ in 0..4 {
                sign_in(&server, "solo@example.com", "wrong").await;
            }
            let locked = sign_in(&server, "solo@example.com", "wrong").await;
            assert_ne!(code(&locked), 211, "{locked}");
        } else {
            let face = |mut json: Json| {
                json["request_id"].take();
                json
            };
            assert_eq!(face(none), face(wrong));
        }
    }
}

/// L6: never one comparison more than the account bears, on this wire and the other together.
#[tokio::test]
async fn tries_are_counted_once_for_all_wires() {
    let server = std::sync::Arc::new(server(|_| ()).await);
    let tasks: Vec<_> = (0..64)
        .map(|n| {
            let server = std::sync::Arc::clone(&server);
            tokio::spawn(async move {
                if n % 2 == 0 {
                    sign_in(&server, "demo@example.com", "wrong").await;
                } else {
                    server.client().login("demo", "wrong").await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let locked = sign_in(&server, "demo@example.com", "Ch4ng31t").await;
    assert_eq!(code(&locked), 210);
    let lines = server.audit();
    let matched: u64 = lines
        .iter()
        .filter_map(|line| line["matched"].as_u64())
        .sum();
    assert_eq!(matched, 0, "nobody got in");
    server.advance(Duration::from_secs(31));
    token(&sign_in(&server, "demo@example.com", "Ch4ng31t").await);
}

#[tokio::test]
async fn who_registers_is_signed_in_and_verifies_the_address_by_mail() {
    let server = server(|_| ()).await;
    let answer = register(&server, "ada@example.com").await;
    let known = token(&answer);
    assert_eq!(answer["is_new"], true);
    let user = &answer["capture_user"];
    assert_eq!(user["email"], "ada@example.com");
    assert_eq!(
        (&user["givenName"], &user["familyName"]),
        (&json!("Ada"), &json!("Lovelace"))
    );
    assert_eq!(user["emailVerified"], json!(null));
    let mail = server.outbox().into_iter().next().expect("a mail");
    let key = between(&mail, "verification_code=");
    let verifying = form(&[("verification_code", &key)]);
    let verified = send(&server, "", "/access/useVerificationCode", &verifying)
        .await
        .json();
    assert_eq!(verified["uuid"], user["uuid"], "{verified}");
    assert!(entity(&server, &known).await["result"]["emailVerified"].is_string());
    let again = send(&server, "", "/access/useVerificationCode", &verifying)
        .await
        .json();
    assert_eq!(code(&again), 200);
    token(&sign_in(&server, "ada@example.com", "Engine1843").await);
}

/// What follows a word in a mail, up to the end of the line.
fn between(mail: &str, word: &str) -> String {
    let text = mail
        .replace("=\r\n", "")
        .replace("=\n", "")
        .replace("=3D", "=");
    let rest = text
        .split_once(word)
        .unwrap_or_else(|| panic!("no {word} in {text}"))
        .1;
    rest.chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect()
}

#[tokio::test]
async fn a_registration_says_what_is_wrong_at_the_fields() {
    let server = server(|_| ()).await;
    let taken = register(&server, "Demo@example.com").await;
    assert_eq!(
        (code(&taken), &taken["existing_provider"]),
        (380, &json!("capture")),
        "{taken}"
    );
    // Who has registered here is called by the address, too.
    register(&server, "ada@example.com").await;
    let taken = register(&server, "ada@example.com").await;
    assert_eq!(code(&taken), 380, "{taken}");
    let pairs = [
        ("form", "registrationForm"),
        ("emailAddress", "not an address"),
        ("newPassword", "Engine1843"),
        ("newPasswordConfirm", "Engine1844"),
    ];
    let wrong = native(&server, "register_native_traditional", &pairs).await;
    assert_eq!(code(&wrong), 390);
    assert_eq!(
        wrong["invalid_fields"],
        json!({
            "emailAddress": ["Please enter a valid email address."],
            "newPasswordConfirm": ["The passwords do not match."],
        })
    );
    // What only the store knows of passwords is told at the field, too.
    let pairs = [
        ("form", "registrationForm"),
        ("emailAddress", "eve@example.com"),
        ("newPassword", "short"),
        ("newPasswordConfirm", "short"),
    ];
    let weak = native(&server, "register_native_traditional", &pairs).await;
    assert_eq!(code(&weak), 390, "{weak}");
    let messages = weak["invalid_fields"]["newPassword"]
        .as_array()
        .expect("messages");
    assert!(
        messages.contains(&json!("There must be 8 characters at least.")),
        "{weak}"
    );
}

#[tokio::test]
async fn a_profile_is_changed_with_a_token() {
    let server = server(|_| ()).await;
    let known = token(&sign_in(&server, "demo@example.com", "Ch4ng31t").await);
    let by = format!("OAuth {known}");
    server.advance(Duration::from_secs(1));
    let pairs = [
        ("form", "editProfileForm"),
        ("firstName", "Dee"),
        ("optIn", "false"),
    ];
    let answer = native_by(&server, &by, "update_profile_native", &pairs).await;
    assert_eq!(answer, json!({ "stat": "ok" }));
    let user = entity(&server, &known).await["result"].clone();
    assert_eq!(user["givenName"], "Dee");
    assert_eq!(
        user["email"], "demo@example.com",
        "what the form leaves out stays"
    );
    // A checkbox is on if it came, whatever its value.
    assert_eq!(user["optIn"]["status"], true);
    assert_eq!(user["lastUpdated"], "2027-01-15 08:00:01.000000 +0000");
    let pairs = [
        ("form", "editProfileForm"),
        ("lastName", "Mo"),
        ("client_id", ""),
    ];
    let answer = native_by(&server, &by, "update_profile_native", &pairs).await;
    assert_eq!(
        answer["stat"], "ok",
        "the client follows from the token: {answer}"
    );
    let user = entity(&server, &known).await["result"].clone();
    assert_eq!(
        (&user["givenName"], &user["optIn"]["status"]),
        (&json!("Dee"), &json!(false))
    );
    // Nobody but the holder of a token of that client.
    assert_eq!(
        code(&native(&server, "update_profile_native", &pairs).await),
        100
    );
    let other = [("form", "editProfileForm"), ("client_id", "login_client")];
    assert_eq!(
        code(&native_by(&server, &by, "update_profile_native", &other).await),
        403
    );
    // A token alone sets no password.
    let reset = [
        ("form", "newPasswordForm"),
        ("newPassword", "Engine1843"),
        ("newPasswordConfirm", "Engine1843"),
    ];
    assert_eq!(
        code(&native_by(&server, &by, "update_profile_native", &reset).await),
        403
    );
}

#[tokio::test]
async fn a_field_that_comes_empty_empties_the_record() {
    let server = server(|_| ()).await;
    let known = token(&sign_in(&server, "demo@example.com", "Ch4ng31t").await);
    let by = format!("OAuth {known}");
    let edit = async |pairs: &[(&str, &str)]| {
        let all: Vec<_> = [("form", "editProfileForm")]
            .iter()
            .chain(pairs)
            .copied()
            .collect();
        native_by(&server, &by, "update_profile_native", &all).await
    };
    let full = [
        ("firstName", "Dee"),
        ("addressCity", "Bonn"),
        ("aboutMe", "x"),
    ];
    assert_eq!(edit(&full).await["stat"], "ok");
    server.advance(Duration::from_secs(1));
    let answer = edit(&[("firstName", ""), ("addressCity", ""), ("lastName", "")]).await;
    assert_eq!(answer, json!({ "stat": "ok" }));
    let user = entity(&server, &known).await["result"].clone();
    assert_eq!(
        (&user["givenName"], &user["primaryAddress"]["city"]),
        (&json!(null), &json!(null))
    );
    assert_eq!(user["aboutMe"], "x", "what the form leaves out stays");
    assert_eq!(user["lastUpdated"], "2027-01-15 08:00:01.000000 +0000");
    // The same in JSON, where `null` is what is left out.
    let mut json = server.client().bare().header("authorization", &by);
    json = json.header("content-type", "application/json");
    let body = json!({ "flow": "standard", "flow_version": "1", "locale": "en-US",
        "form": "editProfileForm", "aboutMe": null });
    let path = "/oauth/update_profile_native";
    let answer = super::support::post(&mut json, path, &body.to_string()).await;
    assert_eq!(answer.json()["stat"], "ok");
    assert_eq!(entity(&server, &known).await["result"]["aboutMe"], "x");
    // An account is found by its address.
    let answer = edit(&[("emailAddress", ""), ("aboutMe", "")]).await;
    assert_eq!(code(&answer), 390, "{answer}");
    assert_eq!(
        answer["invalid_fields"],
        json!({ "emailAddress": ["This field is required."] })
    );
    let user = entity(&server, &known).await["result"].clone();
    assert_eq!(
        (&user["email"], &user["aboutMe"]),
        (&json!("demo@example.com"), &json!("x"))
    );
    let answer = edit(&[("firstName", "De\u{1b}[31me")]).await;
    assert_eq!(
        answer["invalid_fields"],
        json!({ "firstName": ["The value holds characters that are not taken here."] })
    );
}

#[tokio::test]
async fn a_password_is_changed_by_who_knows_the_old_one_and_ends_all_else() {
    let server = server(|_| ()).await;
    let other = token(&sign_in(&server, "demo@example.com", "Ch4ng31t").await);
    let known = token(&sign_in(&server, "demo@example.com", "Ch4ng31t").await);
    let by = format!("OAuth {known}");
    let change = async |current: &str| {
        let pairs = [
            ("form", "changePasswordForm"),
            ("currentPassword", current),
            ("newPassword", "Engine1843"),
            ("newPasswordConfirm", "Engine1843"),
        ];
        native_by(&server, &by, "update_profile_native", &pairs).await
    };
    let wrong = change("wrong").await;
    assert_eq!(code(&wrong), 390, "{wrong}");
    assert_eq!(
        wrong["invalid_fields"],
        json!({ "currentPassword": ["The password is wrong."] })
    );
    assert_eq!(change("Ch4ng31t").await, json!({ "stat": "ok" }));
    assert_eq!(
        entity(&server, &known).await["stat"],
        "ok",
        "the one that changed it is spared"
    );
    assert_eq!(code(&entity(&server, &other).await), 414);
    assert_eq!(
        code(&sign_in(&server, "demo@example.com", "Ch4ng31t").await),
        210
    );
    token(&sign_in(&server, "demo@example.com", "Engine1843").await);
}

#[tokio::test]
async fn a_forgotten_password_is_set_with_a_mailed_code() {
    let server = server(|_| ()).await;
    let back = "https://app.example/back";
    let forgot = async |email: &str| {
        let pairs = [
            ("form", "forgotPasswordForm"),
            ("signInEmailAddress", email),
            ("redirect_uri", back),
        ];
        native(&server, "forgot_password_native", &pairs).await
    };
    // The same for everybody.
    assert_eq!(forgot("nobody@example.com").await, json!({ "stat": "ok" }));
    assert!(server.outbox().is_empty());
    assert_eq!(forgot("demo@example.com").await, json!({ "stat": "ok" }));
    let mail = server.outbox().into_iter().next().expect("a mail");
    assert!(
        mail.replace("=\r\n", "")
            .contains("http://localhost:8080/recover?code"),
        "{mail}"
    );
    let key = between(&mail, "code=");
    let redeem = async |uri: &str| {
        let grant = [
            ("grant_type", "authorization_code"),
            ("code", &*key),
            ("redirect_uri", uri),
        ];
        send(&server, &basic("demo-login"), "/oauth/token", &form(&grant))
            .await
            .json()
    };
    assert_eq!(code(&redeem("https://evil.example/").await), 420);
    let tokens = redeem("http://localhost:8080/recover").await;
    let known = token(&tokens);
    assert_eq!(
        tokens["transaction_state"]["capture"]["password_recover"],
        true
    );
    let reset = [
        ("form", "newPasswordForm"),
        ("newPassword", "Engine1843"),
        ("newPasswordConfirm", "Engine1843"),
    ];
    let by = format!("OAuth {known}");
    // A password that is refused uses nothing up, one that is taken does.
    let weak = [
        ("form", "newPasswordForm"),
        ("newPassword", "short"),
        ("newPasswordConfirm", "short"),
    ];
    let refused = native_by(&server, &by, "update_profile_native", &weak).await;
    assert_eq!(code(&refused), 390);
    assert_eq!(
        native_by(&server, &by, "update_profile_native", &reset).await["stat"],
        "ok"
    );
    let again = [
        ("form", "newPasswordForm"),
        ("newPassword", "Engine1844"),
        ("newPasswordConfirm", "Engine1844"),
    ];
    let refused = native_by(&server, &by, "update_profile_native", &again).await;
    assert_eq!(code(&refused), 403);
    assert_eq!(entity(&server, &known).await["stat"], "ok");
    token(&sign_in(&server, "demo@example.com", "Engine1843").await);
    // The code a second time ends what came from it.
    assert_eq!(redeem(back).await["error"], "invalid_grant");
    assert_eq!(code(&entity(&server, &known).await), 414);
}

#[tokio::test]
async fn an_address_is_verified_by_a_mail_that_can_be_asked_for_again() {
    for strict in [false, true] {
        let server = server(|capture| capture.strict_compat = strict).await;
        let resend = async |email: &str| {
            let pairs = [
                ("form", "resendVerificationForm"),
                ("signInEmailAddress", email),
                ("redirect_uri", "https://app.example/back"),
            ];
            native(&server, "verify_email_native", &pairs).await
        };
        assert_eq!(resend("demo@example.com").await["stat"], "ok");
        let mail = server.outbox().into_iter().next().expect("a mail");
        let key = between(&mail, "verification_code=");
        let used = form(&[("verification_code", &key)]);
        let answer = send(&server, "", "/access/useVerificationCode", &used)
            .await
            .json();
        assert_eq!(answer["stat"], "ok", "{answer}");
        let (unknown, already) = (
            resend("nobody@example.com").await,
            resend("demo@example.com").await,
        );
        if strict {
            assert_eq!((code(&unknown), code(&already)), (210, 540));
        } else {
            assert_eq!(
                (&unknown["stat"], &already["stat"]),
                (&json!("ok"), &json!("ok"))
            );
            assert_eq!(server.outbox().len(), 1, "nobody is mailed");
            // And as much is written, whoever it is.
            let kept = || {
                let store = server.running.store();
                store.token_count(Kind::new("capture.verify")).unwrap()
            };
            let before = kept();
            resend("nobody@example.com").await;
            assert_eq!(kept(), before + 1);
            resend("demo@example.com").await;
            assert_eq!(kept(), before + 2);
        }
    }
}

#[tokio::test]
async fn mails_lead_nowhere_that_the_client_may_not_be_sent() {
    let server = server(|capture| {
        let mut open = client(&[Feature::LoginClient]);
        open.default_flow_name = Some("standard".to_owned());
        open.default_flow_version = Some("1".to_owned());
        let mut listed = open.clone();
        listed.redirect_uris = vec!["https://app.example/back".to_owned()];
        capture.clients.insert("open".to_owned(), open);
        capture.clients.insert("listed".to_owned(), listed);
    })
    .await;
    for (id, uri, wanted) in [
        ("open", "https://evil.example/", 226),
        ("listed", "https://evil.example/", 200),
    ] {
        let pairs = [
            ("client_id", id),
            ("form", "forgotPasswordForm"),
            ("signInEmailAddress", "demo@example.com"),
            ("redirect_uri", uri),
        ];
        assert_eq!(
            code(&native(&server, "forgot_password_native", &pairs).await),
            wanted,
            "{id}"
        );
    }
    assert!(server.outbox().is_empty());
}

#[tokio::test]
async fn bodies_are_the_same_however_they_are_written() {
    let server = server(|_| ()).await;
    let pairs = [
        ("client_id", "demo-login"),
        ("locale", "en-US"),
        ("form", "signInForm"),
        ("signInEmailAddress", "demo@example.com"),
        ("currentPassword", "wrong"),
    ];
    let json: Json = pairs
        .iter()
        .map(|(n, v)| ((*n).to_owned(), json!(v)))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let parts: Vec<String> = pairs
        .iter()
        .map(|(n, v)| format!("--b\r\nContent-Disposition: form-data; name=\"{n}\"\r\n\r\n{v}\r\n"))
        .collect();
    let multipart = parts.concat() + "--b--\r\n";
    let mut answers = Vec::new();
    for (kind, body) in [
        ("application/x-www-form-urlencoded", form(&pairs)),
        ("application/json", json.to_string()),
        ("multipart/form-data; boundary=b", multipart),
    ] {
        let mut client = server.client().bare().header("content-type", kind);
        let mut answer = super::support::post(&mut client, "/oauth/auth_native_traditional", &body)
            .await
            .json();
        answer["request_id"] = json!("");
        answers.push(answer);
    }
    assert_eq!(code_of(&answers[0]), 210);
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
    let _ = ask(&server, "owner", "/entity", DEMO).await;
}

fn code_of(answer: &Json) -> u64 {
    answer["code"].as_u64().unwrap_or(0)
}
