//! Headers and names that could be read in two ways: D01 to D03.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::world::{ALPHA, LOGIN_FAILURE, World, add_user, bad, face, realm};
use crate::support::{Client, Reply};

const USERNAME: &str = "X-OpenAM-Username";
const PASSWORD: &str = "X-OpenAM-Password";

/// A text as one encoded word.
fn word(text: impl AsRef<[u8]>) -> String {
    format!("=?UTF-8?B?{}?=", STANDARD.encode(text))
}

fn service(journey: &str) -> String {
    Client::path(
        "/alpha",
        &format!("authIndexType=service&authIndexValue={journey}"),
    )
}

async fn zero(world: &World, username: &str, password: &str) -> Reply {
    let mut client = world
        .client()
        .header(USERNAME, username)
        .header(PASSWORD, password);
    client.begin("Zero").await
}

#[tokio::test]
async fn d01_encoded_words_are_decoded_once_and_strictly() {
    let world = World::new().await;
    for (username, password) in [
        ("demo".to_owned(), ALPHA.to_owned()),
        (word("demo"), word(ALPHA)),
        ("=?utf-8?q?d=65mo?=".to_owned(), word(ALPHA)),
        (
            "=?UTF-8?B?ZGU=?= =?UTF-8?B?bW8=?=".to_owned(),
            ALPHA.to_owned(),
        ),
    ] {
        zero(&world, &username, &password).await.token();
    }
    assert_eq!((world.server.sessions(), world.server.compared()), (4, 4));
    let doubtful = [
        word("demo\r"),
        word("demo\n"),
        word("de\r\nmo"),
        word("demo\0"),
        word("demo\u{85}"),
        word("demo\u{2028}"),
        word(word("demo")),
        word(b"dem\xff"),
        "=?utf-7?Q?demo?=".to_owned(),
        "=?UTF-16?B?AGQAZQBtAG8=?=".to_owned(),
        "=?x-unknown?B?ZGVtbw==?=".to_owned(),
        "=?UTF-8?B?ZGVtbw=?=".to_owned(),
        "=?UTF-8?B?ZGVtbx==?=".to_owned(),
        "=?UTF-8?B?!!!!?=".to_owned(),
        "=?UTF-8?X?demo?=".to_owned(),
        "=?UTF-8?B?ZGVtbw==".to_owned(),
        "=?UTF-8?Q?de=0Dmo?=".to_owned(),
    ];
    for value in &doubtful {
        let mut client = world
            .client()
            .header(USERNAME, value)
            .header(PASSWORD, ALPHA);
        let expected = bad("Invalid header x-openam-username");
        world
            .refused(client.begin("Zero"), expected, &[ALPHA, value])
            .await;
        let mut client = world
            .client()
            .header(USERNAME, "demo")
            .header(PASSWORD, value);
        let expected = bad("Invalid header x-openam-password");
        world
            .refused(client.begin("Zero"), expected, &[value])
            .await;
    }
    // What decodes to nobody's name is a wrong name, and costs what a wrong name costs.
    for username in [
        word("nobody"),
        word("de\u{200b}mo"),
        "=?UTF-8?Q?demo=20?=".to_owned(),
    ] {
        let before = world.look();
        let reply = zero(&world, &username, ALPHA).await;
        assert_eq!(
            (reply.status, reply.text()),
            (401, LOGIN_FAILURE),
            "{username}"
        );
        let after = world.look();
        assert_eq!(
            (after.sessions, after.compared),
            (before.sessions, before.compared)
        );
        assert_eq!(after.dummies, before.dummies + 1);
    }
    // Too long for a header at all.
    let before = world.look();
    let mut client = world
        .client()
        .header(USERNAME, &word("d".repeat(64 * 1_024)))
        .header(PASSWORD, ALPHA);
    let reply = client.begin("Zero").await;
    assert_eq!((reply.status, reply.body.len()), (431, 0));
    world.look().assert_unchanged(&before);
    // Too long for a name, though not for a header.
    let before = world.look();
    let reply = zero(&world, &"d".repeat(257), ALPHA).await;
    assert_eq!((reply.status, reply.text()), (401, LOGIN_FAILURE));
    let after = world.look();
    assert_eq!(
        (after.compared, after.dummies),
        (before.compared, before.dummies),
        "not even hashed"
    );
}

#[tokio::test]
async fn d02_a_header_that_stands_twice_is_refused() {
    let world = World::new().await;
    for (name, values) in [
        (USERNAME, ["demo", "demo"]),
        (USERNAME, ["demo", "amadmin"]),
        (USERNAME, ["", "demo"]),
        (PASSWORD, [ALPHA, "wrong"]),
        (PASSWORD, ["wrong", ALPHA]),
    ] {
        let other = if name == USERNAME {
            (PASSWORD, ALPHA)
        } else {
            (USERNAME, "demo")
        };
        let mut client = world
            .client()
            .header(other.0, other.1)
            .also(name, values[0])
            .also(name, values[1]);
        let message = format!("Invalid header {}", name.to_lowercase());
        world
            .refused(client.begin("Zero"), bad(&message), &[ALPHA])
            .await;
    }
    // A journey that takes no headers asks as if there were none, and tries nothing.
    for journey in ["Reset", "Steps", "Login"] {
        let before = world.look();
        let mut client = world
            .client()
            .header(USERNAME, "demo")
            .header(PASSWORD, ALPHA);
        let with = client.post(&service(journey), "").await;
        let without = world.client().post(&service(journey), "").await;
        with.step();
        assert_eq!(face(&with), face(&without), "{journey}");
        world.look().assert_unchanged(&before);
    }
    assert_eq!(world.server.sessions(), 0);
}

#[tokio::test]
async fn d01_d02_headers_that_answer_a_first_step_are_read_as_strictly() {
    let world = World::with(|config| {
        for settings in config.realms.values_mut() {
            settings.zero_page = true;
        }
    })
    .await;
    // All of a first step, and nothing of a second: what comes after it is asked.
    for (journey, next) in [
        ("Plain", None),
        ("Strong", None),
        ("Outer", None),
        ("Steps", Some("PasswordCallback")),
        ("Reset", Some("ChoiceCallback")),
    ] {
        let before = world.look();
        let mut client = world
            .client()
            .header(USERNAME, &word("demo"))
            .header(PASSWORD, &word(ALPHA));
        let reply = client.post(&service(journey), "").await;
        let after = world.look();
        if let Some(kind) = next {
            assert_eq!(reply.step()["callbacks"][0]["type"], kind, "{journey}");
            assert_eq!(after.compared, before.compared, "{journey}");
        } else {
            reply.token();
            assert_eq!(after.compared, before.compared + 1, "{journey}");
        }
    }
    for journey in ["Plain", "Steps", "Reset", "Zero"] {
        for (name, values) in [
            (USERNAME, ["demo", "demo"]),
            (PASSWORD, [ALPHA, "wrong"]),
            (USERNAME, ["", "demo"]),
        ] {
            let other = if name == USERNAME {
                (PASSWORD, ALPHA)
            } else {
                (USERNAME, "demo")
            };
            let mut client = world
                .client()
                .header(other.0, other.1)
                .also(name, values[0])
                .also(name, values[1]);
            let message = format!("Invalid header {}", name.to_lowercase());
            world
                .refused(client.begin(journey), bad(&message), &[ALPHA])
                .await;
        }
        for doubtful in [
            word("de\r\nmo"),
            word(word("demo")),
            "=?utf-7?Q?demo?=".to_owned(),
        ] {
            let mut client = world
                .client()
                .header(USERNAME, &doubtful)
                .header(PASSWORD, ALPHA);
            let expected = bad("Invalid header x-openam-username");
            world
                .refused(client.begin(journey), expected, &[ALPHA, &doubtful])
                .await;
        }
    }
    // One header is half an answer.
    for (name, value) in [(USERNAME, "demo"), (PASSWORD, ALPHA)] {
        let before = world.look();
        let mut client = world.client().header(name, value);
        client.begin("Plain").await.step();
        world.look().assert_unchanged(&before);
    }
}

#[tokio::test]
async fn d03_names_are_told_apart_by_one_rule_and_passwords_are_whole() {
    let world = World::new().await;
    let alpha = realm("/alpha");
    let long = "p".repeat(72);
    for (username, password) in [
        ("J\u{fc}rgen", "p\u{e4}ss-w\u{f6}rt"),
        ("\u{ff44}\u{ff45}\u{ff4d}\u{ff4f}", "full-width"),
        ("long", &format!("{long}-and-the-rest")),
        ("nul", "before\0after"),
    ] {
        add_user(&world.server, &alpha, username, Some(password));
    }
    let login = async |username: &str, password: &str| {
        let mut client = world.client();
        let step = client.begin("Plain").await.step();
        let reply = client
            .answer(&step, &[username.into(), password.into()])
            .await;
        (reply, client)
    };
    // One account, however its name is composed or capitalised; a password is the same letters, composed.
    for (username, password, name) in [
        ("demo", ALPHA, "demo"),
        ("DEMO", ALPHA, "demo"),
        ("dEmO", ALPHA, "demo"),
        ("J\u{fc}rgen", "p\u{e4}ss-w\u{f6}rt", "J\u{fc}rgen"),
        ("ju\u{308}rgen", "pa\u{308}ss-wo\u{308}rt", "J\u{fc}rgen"),
        (
            "\u{ff44}\u{ff45}\u{ff4d}\u{ff4f}",
            "full-width",
            "\u{ff44}\u{ff45}\u{ff4d}\u{ff4f}",
        ),
        ("nul", "before\0after", "nul"),
        ("long", &format!("{long}-and-the-rest"), "long"),
    ] {
        let (reply, mut client) = login(username, password).await;
        reply.token();
        assert_eq!(
            client.sessions("getSessionInfo", "").await.json()["username"],
            name
        );
    }
    let sessions = world.server.sessions();
    let (wrong, _) = login("demo", "wrong").await;
    let wrong = face(&wrong);
    assert_eq!(wrong.2, LOGIN_FAILURE);
    // Nobody's account: full-width, look-alike and invisible characters are not folded away.
    for (username, password, known) in [
        ("\u{ff44}\u{ff45}\u{ff4d}\u{ff4f}", ALPHA, true),
        ("dem\u{43e}", ALPHA, false),
        ("de\u{200b}mo", ALPHA, false),
        ("de\u{ad}mo", ALPHA, false),
        ("\u{202e}omed", ALPHA, false),
        ("demo ", ALPHA, false),
        (" demo", ALPHA, false),
        ("demo\0", ALPHA, false),
        ("d\u{e9}mo", ALPHA, false),
        ("\u{1d41d}emo", ALPHA, false),
        // Whole passwords: not cut at 72 bytes, not at NUL, not trimmed, not folded.
        ("long", &long, true),
        ("long", &format!("{long}-and-another-rest"), true),
        ("nul", "before", true),
        ("nul", "before\0other", true),
        ("demo", "Ch4ng31t ", true),
        ("demo", "ch4ng31t", true),
        ("J\u{fc}rgen", "pass-wort", true),
    ] {
        let before = world.look();
        let (reply, client) = login(username, password).await;
        assert_eq!(face(&reply), wrong, "{username:?} with {password:?}");
        assert!(!client.cookies.contains_key("iPlanetDirectoryPro"));
        let after = world.look();
        assert_eq!(
            after.compared - before.compared,
            u64::from(known),
            "{username:?}"
        );
        assert_eq!(
            after.dummies - before.dummies,
            u64::from(!known),
            "{username:?}"
        );
        assert_eq!(
            after.audit.len(),
            before.audit.len() + 2,
            "a step and a failure"
        );
        assert!(
            !world.last_line().to_string().contains(password),
            "{username:?}"
        );
    }
    assert_eq!(world.server.sessions(), sessions);
}
