//! QR codes, read back by a reader that has nothing of their maker.
//!
//! The script that is sent to clients is drawn square by square, and what a camera would find in it is the
//! address that the client is also told in words; the address is taken apart here, too.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};
use wayfare::Secret;
use wayfare_oath::Key;
use wayfare_server::store::user::User;

use super::{MANAGE, PASSWORD, hidden, password};
use crate::support::{TestServer, alpha};

/// How wide a square is drawn.
const SCALE: usize = 4;

/// What a reader of QR codes finds in a picture; it must be one code.
pub(super) fn read(width: usize, is_dark: impl Fn(usize, usize) -> bool) -> String {
    let mut picture = rqrr::PreparedImage::prepare_from_bitmap(width, width, is_dark);
    let grids = picture.detect_grids();
    assert_eq!(grids.len(), 1, "one code in a picture {width} wide");
    let (_, text) = grids[0].decode().expect("a code that can be read");
    text
}

/// The squares of a script, as they would be drawn: a strip for each stroke of its path.
fn drawn(script: &str) -> (usize, Vec<bool>) {
    let member = |before: &str, after: char| {
        let rest = script.split(before).nth(1).expect(before);
        rest.split(after).next().expect("an end").to_owned()
    };
    let size: usize = member("var size = ", ';').parse().expect("a number");
    let mut dark = vec![false; size * size];
    for stroke in member("var path = \"", '"').split_terminator('z') {
        // `M2 3h4v1h-4`: from a corner to the right, down, and back.
        let stroke = stroke.strip_prefix('M').expect(stroke);
        let (corner, rest) = stroke.split_once('h').expect(stroke);
        let (width, rest) = rest.split_once('v').expect(stroke);
        let (height, back) = rest.split_once('h').expect(stroke);
        assert_eq!(back, format!("-{width}"), "{stroke}");
        let (x, y) = corner.split_once(' ').expect(stroke);
        let number = |text: &str| -> usize { text.parse().expect("a number") };
        for row in number(y)..number(y) + number(height) {
            for column in number(x)..number(x) + number(width) {
                dark[row * size + column] = true;
            }
        }
    }
    (size, dark)
}

/// What a camera finds in the script of a step.
fn scanned(step: &Json) -> String {
    let script = step["callbacks"][1]["output"][0]["value"].as_str();
    let (size, dark) = drawn(script.expect("a script"));
    read(size * SCALE, |x, y| dark[(y / SCALE) * size + x / SCALE])
}

/// A text with its escapes taken away.
fn plain(escaped: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = escaped.as_bytes();
    while let [first, more @ ..] = rest {
        rest = more;
        if *first == b'%' {
            let (digits, more) = rest.split_at(2);
            let digits = std::str::from_utf8(digits).expect("digits");
            bytes.push(u8::from_str_radix(digits, 16).expect("a byte"));
            rest = more;
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).expect("a text")
}

/// What is registered, and what must stand in its address.
struct Case {
    settings: String,
    kind: &'static str,
    issuer: String,
    account: &'static str,
    /// Beside the key and the issuer.
    members: Vec<(&'static str, String)>,
    key_bytes: usize,
}

/// What the full name of the user is.
const FULL_NAME: &str = "Zoë \"&?#%+:/\" 名前 \u{1f511}";

fn issued(issuer: &str) -> Case {
    Case {
        settings: format!("issuer = {}", json!(issuer)),
        kind: "totp",
        issuer: issuer.to_owned(),
        account: "zoe",
        members: of("6", "SHA1", ("period", "30")),
        key_bytes: 20,
    }
}

fn of(digits: &str, hash: &str, moving: (&'static str, &str)) -> Vec<(&'static str, String)> {
    vec![
        ("digits", digits.to_owned()),
        ("algorithm", hash.to_owned()),
        (moving.0, moving.1.to_owned()),
        ("b", "032b75".to_owned()),
    ]
}

fn cases() -> Vec<Case> {
    let mut cases = vec![
        issued("Acme"),
        issued("Acme & Söhne GmbH"),
        issued("株式会社 \u{1f511} Ünïcödé e\u{301}"),
        issued("a b+c%20d:e/f?g=h&i#j</script>'`"),
        issued(&"long ".repeat(60)),
        issued(&"x".repeat(1_000)),
    ];
    for (word, hash) in [("SHA1", "SHA1"), ("SHA256", "SHA256"), ("SHA512", "SHA512")] {
        for (length, digits) in [("SIX_DIGITS", "6"), ("EIGHT_DIGITS", "8")] {
            for (step, period) in [("30s", "30"), ("1m", "60")] {
                cases.push(Case {
                    settings: format!(
                        "issuer = \"Acme\"\n    totpHashAlgorithm = \"HMAC_{word}\"\n    \
                         passwordLength = \"{length}\"\n    totpTimeInterval = {step}"
                    ),
                    members: of(digits, hash, ("period", period)),
                    ..issued("Acme")
                });
            }
            cases.push(Case {
                settings: format!(
                    "issuer = \"Acme\"\n    algorithm = \"HOTP\"\n    passwordLength = \"{length}\"\n    \
                     totpHashAlgorithm = \"HMAC_{word}\""
                ),
                kind: "hotp",
                // Counters know one hash (RFC 4226).
                members: of(digits, "SHA1", ("counter", "0")),
                ..issued("Acme")
            });
        }
    }
    cases.push(Case {
        settings: "issuer = \"Acme\"\n    accountName = \"COMMON_NAME\"".to_owned(),
        account: FULL_NAME,
        ..issued("Acme")
    });
    let mut members = of("6", "SHA1", ("period", "30"));
    members[3].1 = "a1B2c3".to_owned();
    members.push(("image", "https://acme.example/ä b.png?x=1&y=2".to_owned()));
    cases.push(Case {
        settings: "issuer = \"Acme\"\n    bgColor = \"#a1B2c3\"\n    \
                   imgUrl = \"https://acme.example/ä b.png?x=1&y=2\"\n    minSharedSecretLength = 128"
            .to_owned(),
        members,
        key_bytes: 64,
        ..issued("Acme")
    });
    cases
}

/// A journey for each of them, and one whose address no code can hold.
fn journeys(cases: &[Case]) -> String {
    let mut text = PASSWORD.to_owned();
    let all = cases.iter().map(|case| case.settings.clone());
    let long = format!("issuer = \"{}\"", "x".repeat(1_500));
    for (at, settings) in all.chain([long]).enumerate() {
        // Writing into a string cannot fail.
        let _ = write!(
            text,
            "
journey q{at} \"Q{at}\" {{
  start password
  node password: password {{
    known -> register
    unknown -> failure
  }}
  node register: OathRegistration {{
    {settings}
    successOutcome -> success
    failureOutcome -> failure
  }}
}}
"
        );
    }
    text
}

/// A user whose full name is no easy one.
async fn server(cases: &[Case]) -> TestServer {
    let text = journeys(cases);
    let server =
        TestServer::journeys(&[("codes.journey", &text), ("manage.journey", MANAGE)]).await;
    let hash = server.running.hash();
    let hash = hash.here().hash(&Secret::from("Ch4ng31t"));
    let user = User {
        id: "zoe".to_owned(),
        username: "zoe".to_owned(),
        active: true,
        attributes: [("cn".to_owned(), json!(FULL_NAME))].into(),
        password: Some(hash.expect("a hash")),
    };
    assert_eq!(server.running.store().add_user(&alpha(), user), Ok(true));
    server
}

#[tokio::test]
async fn what_a_camera_reads_is_the_address() {
    let cases = cases();
    let server = server(&cases).await;
    for (at, case) in cases.iter().enumerate() {
        let mut client = server.client();
        let step = client.begin(&format!("Q{at}")).await.step();
        let step = client
            .answer(&step, &[json!("zoe"), json!("Ch4ng31t")])
            .await;
        let step = step.step();
        let address = hidden(&step);
        assert_eq!(scanned(&step), address, "{}", case.settings);
        // An app finds in it what was set, whatever stands in the names.
        let rest = address.strip_prefix(&format!("otpauth://{}/", case.kind));
        let (label, query) = rest.expect(case.kind).split_once('?').expect("a query");
        let (issuer, account) = label.split_once(':').expect("an issuer");
        assert_eq!(
            (plain(issuer), plain(account)),
            (case.issuer.clone(), case.account.to_owned())
        );
        let mut members: Vec<(&str, String)> = query
            .split('&')
            .map(|member| member.split_once('=').expect("a member"))
            .map(|(name, value)| (name, plain(value)))
            .collect();
        let (name, key) = members.remove(0);
        assert_eq!(name, "secret");
        let key_bytes = Key::from_base32(&key).expect("a key").to_base32();
        assert_eq!(key_bytes.reveal(), &key);
        assert_eq!(key.len(), (case.key_bytes * 8).div_ceil(5));
        assert_eq!(members.remove(0), ("issuer", case.issuer.clone()));
        assert_eq!(members, case.members, "{address}");
    }
}

#[tokio::test]
async fn an_address_that_no_code_can_hold_is_told_in_words_alone() {
    let cases = cases();
    let server = server(&cases).await;
    let mut client = server.client();
    let step = password(&mut client, &format!("Q{}", cases.len()))
        .await
        .step();
    assert_eq!(step["callbacks"][1]["output"][0]["value"], "");
    assert!(hidden(&step).len() > 3_000);
}
