//! A login of three requests at the world of the tests, each asserted to be answered as it should.

use crate::world::World;

const TARGET: &str = "/json/realms/root/realms/alpha/authenticate";
const LOGIN: &str =
    "/json/realms/root/realms/alpha/authenticate?authIndexType=service&authIndexValue=Single";

fn headers() -> Vec<(String, String)> {
    [
        ("accept-api-version", "resource=2.1"),
        ("content-type", "application/json"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

/// Sends a request; the reply is what it is expected to be.
fn send(
    world: &World,
    headers: &[(String, String)],
    target: &str,
    body: &str,
    expected: &str,
) -> String {
    let reply = world.send("POST", target, headers, body.as_bytes());
    let text = String::from_utf8(reply.body).expect("JSON is text");
    assert!(text.contains(expected), "{text}");
    text
}

/// The text of a member, which holds nothing that JSON escapes.
fn auth_id(reply: &str) -> &str {
    let (_, rest) = reply.split_once(r#""authId":""#).expect("a step");
    rest.split('"').next().unwrap_or(rest)
}

fn answer(reply: &str, kind: &str, value: &str) -> String {
    // Of one piece, so that little of what is measured is the client's.
    let mut body = String::with_capacity(1_024);
    for piece in [
        r#"{"authId":""#,
        auth_id(reply),
        r#"","callbacks":[{"type":""#,
        kind,
        r#"","input":[{"name":"IDToken1","value":""#,
        value,
        r#""}]}]}"#,
    ] {
        body.push_str(piece);
    }
    body
}

/// A client of that world.
pub(crate) struct Client {
    world: World,
    headers: Vec<(String, String)>,
}

impl Client {
    pub(crate) fn new() -> Self {
        Self {
            world: World::new(),
            headers: headers(),
        }
    }

    pub(crate) fn start(&self) -> String {
        send(&self.world, &self.headers, LOGIN, "{}", "NameCallback")
    }

    pub(crate) fn name(&self, body: &str) -> String {
        send(&self.world, &self.headers, TARGET, body, "PasswordCallback")
    }

    pub(crate) fn password(&self, body: &str) -> String {
        send(&self.world, &self.headers, TARGET, body, "tokenId")
    }

    /// The body of a second request, made for one use.
    pub(crate) fn name_body(&self) -> String {
        answer(&self.start(), "NameCallback", "demo")
    }

    /// The body of a third request, made for one use.
    pub(crate) fn password_body(&self) -> String {
        answer(
            &self.name(&self.name_body()),
            "PasswordCallback",
            "Ch4ng31t",
        )
    }

    pub(crate) fn login(&self) {
        self.password(&self.password_body());
        self.forget();
    }

    /// Forgets what a server would forget or keep elsewhere.
    fn forget(&self) {
        self.world.sessions.lock().unwrap().clear();
        self.world.summaries.lock().unwrap().clear();
    }
}
