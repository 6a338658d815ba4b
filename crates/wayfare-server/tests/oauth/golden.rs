//! Requests and replies as files, one for each endpoint and each error, in `tests/oauth/golden`.
//!
//! What is drawn anew each time stands as `…` behind what it begins with. `UPDATE=1` writes the files.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use wayfare_wire::oauth::Code;

use super::stage::{
    APP, BASE, SECRET, VERIFIER, authorize, code, logged_in, query, request, stage, text, tokens,
};
use crate::support::{Client, Reply};

/// Whoever sends a request.
#[derive(Clone, Copy, PartialEq)]
enum Who {
    Nobody,
    User,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oauth/golden")
}

/// Replaces each run of letters of base 64 behind a beginning.
fn masked(text: &str, beginnings: &[&str]) -> String {
    let mut text = text.to_owned();
    for beginning in beginnings {
        let mut done = String::new();
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once(beginning) {
            let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            let after = after.trim_start_matches(letters);
            done.push_str(before);
            done.push_str(beginning);
            done.push('…');
            rest = after;
        }
        done.push_str(rest);
        text = done;
    }
    text
}

const DRAWN: &[&str] = &[
    "wfc1.",
    "wfa1.",
    "wfr1.",
    "wfs1.",
    "eyJ",
    "name=\"csrf\" value=\"",
    "wayfare_login%3D",
    "\"kid\":\"",
    "\"x\":\"",
    "\"y\":\"",
    "\"sub\":\"",
    "\"jti\":\"",
];

fn shown(method: &str, path: &str, sent: &Client, body: &str, reply: &Reply) -> String {
    let mut text = format!("{method} {path}\n");
    for (name, value) in &sent.headers {
        if !["x-requested-with", "accept-api-version"].contains(&name.to_ascii_lowercase().as_str())
        {
            let _ = writeln!(text, "{name}: {value}");
        }
    }
    if !sent.cookies.is_empty() {
        text.push_str("Cookie: iPlanetDirectoryPro=…\n");
    }
    if !body.is_empty() {
        let _ = write!(text, "\n{body}\n");
    }
    let _ = write!(text, "\n{}\n", reply.status);
    let mut headers = reply.headers.clone();
    headers.sort();
    for (name, value) in headers {
        if !["date", "content-length", "connection", "vary"].contains(&name.as_str()) {
            let _ = writeln!(text, "{name}: {value}");
        }
    }
    let _ = write!(text, "\n{}\n", reply.text());
    let text = masked(&text, DRAWN);
    format!("{}\n", text.trim_end())
}

struct Golden {
    user: Client,
    nobody: Client,
    said: BTreeSet<String>,
    wrong: Vec<String>,
    names: BTreeSet<String>,
}

impl Golden {
    async fn sends(
        &mut self,
        name: &str,
        who: Who,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Reply {
        let mut client = match who {
            Who::Nobody => self.nobody.clone(),
            Who::User => self.user.clone(),
        };
        for (name, value) in headers {
            client = client.header(name, value);
        }
        if !body.is_empty() {
            client = client.header("Content-Type", "application/x-www-form-urlencoded");
        }
        let sent = client.clone();
        let path = format!("{BASE}{path}");
        let bytes = (method == "POST").then_some(body.as_bytes());
        let reply = client.send(method, &path, bytes).await;
        let text = shown(method, &path, &sent, body, &reply);
        for code in Code::ALL {
            if text.contains(&format!("\"{}\"", code.word()))
                || text.contains(&format!("error={}", code.word()))
            {
                self.said.insert(code.word().to_owned());
            }
        }
        let file = folder().join(format!("{name}.txt"));
        self.names.insert(format!("{name}.txt"));
        if std::env::var_os("UPDATE").is_some() {
            fs::create_dir_all(folder()).expect("a folder");
            fs::write(&file, &text).expect("a file");
        } else if fs::read_to_string(&file).ok().as_deref() != Some(&text) {
            self.wrong.push(format!("{}:\n{text}", file.display()));
        }
        reply
    }

    async fn asks(&mut self, name: &str, who: Who, more: &[(&str, &str)]) {
        let path = format!("/authorize?{}", request(more));
        self.sends(name, who, "GET", &path, &[], "").await;
    }

    async fn posts(&mut self, name: &str, path: &str, pairs: &[(&str, &str)]) -> Reply {
        let body = masked_in(pairs);
        self.sends(name, Who::Nobody, "POST", path, &[], &body)
            .await
    }
}

fn masked_in(pairs: &[(&str, &str)]) -> String {
    query(pairs)
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "it is a list")]
async fn every_endpoint_and_error_is_a_file() {
    let server = stage().await;
    let mut user = logged_in(&server).await.bare();
    let mut golden = Golden {
        user: user.clone(),
        nobody: server.client().bare(),
        said: BTreeSet::new(),
        wrong: Vec::new(),
        names: BTreeSet::new(),
    };
    // What is published.
    golden
        .sends(
            "discovery",
            Who::Nobody,
            "GET",
            "/.well-known/openid-configuration",
            &[],
            "",
        )
        .await;
    golden
        .sends("keys", Who::Nobody, "GET", "/connect/jwk_uri", &[], "")
        .await;
    // Authorization.
    golden.asks("authorize-code", Who::User, &[]).await;
    golden
        .asks(
            "authorize-form-post",
            Who::User,
            &[("response_mode", "form_post")],
        )
        .await;
    golden.asks("authorize-login", Who::Nobody, &[]).await;
    golden
        .asks("authorize-login-again", Who::User, &[("prompt", "login")])
        .await;
    golden
        .asks("authorize-step-up", Who::User, &[("acr_values", "strong")])
        .await;
    golden
        .asks(
            "authorize-consent",
            Who::User,
            &[("client_id", "asks"), ("scope", "openid work")],
        )
        .await;
    golden
        .asks(
            "authorize-client-unknown",
            Who::User,
            &[("client_id", "nobody")],
        )
        .await;
    golden
        .asks(
            "authorize-address-unknown",
            Who::User,
            &[("redirect_uri", "https://evil.example.com/")],
        )
        .await;
    let page = format!("/authorize?{}", request(&[("client_id", "nobody")]));
    golden
        .sends(
            "authorize-error-page",
            Who::User,
            "GET",
            &page,
            &[("Accept", "text/html")],
            "",
        )
        .await;
    let none = ("prompt", "none");
    let asks = ("client_id", "asks");
    for (name, who, more) in [
        ("login-required", Who::Nobody, vec![none]),
        (
            "consent-required",
            Who::User,
            vec![none, asks, ("scope", "openid email")],
        ),
        ("unmet", Who::User, vec![("acr_values", "unknown")]),
        ("scope", Who::User, vec![("scope", "admin")]),
        ("response-type", Who::User, vec![("response_type", "token")]),
        ("challenge", Who::User, vec![("code_challenge", "")]),
        ("plain", Who::User, vec![("code_challenge_method", "plain")]),
        ("request", Who::User, vec![("request", "x")]),
        ("request-uri", Who::User, vec![("request_uri", "x")]),
        ("registration", Who::User, vec![("registration", "x")]),
        (
            "resource",
            Who::User,
            vec![("resource", "https://a.example")],
        ),
    ] {
        golden
            .asks(&format!("authorize-error-{name}"), who, &more)
            .await;
    }
    let unasked = request(&[
        ("client_id", "asks"),
        ("scope", "openid"),
        ("decision", "allow"),
        ("csrf", "x"),
    ]);
    golden
        .sends(
            "authorize-error-csrf",
            Who::User,
            "POST",
            "/authorize",
            &[],
            &unasked,
        )
        .await;
    // Tokens.
    let open = code(&authorize(&mut user, &[]).await);
    let by_code = [
        ("grant_type", "authorization_code"),
        ("client_id", "app"),
        ("code", open.as_str()),
        ("redirect_uri", APP),
        ("code_verifier", VERIFIER),
    ];
    golden.posts("token-code", "/access_token", &by_code).await;
    golden
        .posts("token-code-again", "/access_token", &by_code)
        .await;
    let all = tokens(&mut user, &[("scope", "openid profile email")]).await;
    let renew = text(&all, "refresh_token").to_owned();
    let by_refresh = [
        ("grant_type", "refresh_token"),
        ("client_id", "app"),
        ("refresh_token", renew.as_str()),
    ];
    let more = [&by_refresh[..], &[("scope", "openid work")]].concat();
    golden
        .posts("token-error-more-scope", "/access_token", &more)
        .await;
    let renewed = golden
        .posts("token-refresh", "/access_token", &by_refresh)
        .await
        .json();
    let secret = wayfare_wire::oauth::encoded(SECRET);
    let basic = format!("Basic {}", STANDARD.encode(format!("service:{secret}")));
    let of_service = golden
        .sends(
            "token-own",
            Who::Nobody,
            "POST",
            "/access_token",
            &[("Authorization", &basic)],
            "grant_type=client_credentials",
        )
        .await
        .json();
    golden
        .posts(
            "token-error-client",
            "/access_token",
            &[
                ("grant_type", "client_credentials"),
                ("client_id", "service"),
                ("client_secret", "wrong"),
            ],
        )
        .await;
    golden
        .sends(
            "token-error-client-basic",
            Who::Nobody,
            "POST",
            "/access_token",
            &[("Authorization", "Basic c2VydmljZTp3cm9uZw==")],
            "grant_type=client_credentials",
        )
        .await;
    golden
        .posts(
            "token-error-grant-type",
            "/access_token",
            &[("grant_type", "password"), ("client_id", "app")],
        )
        .await;
    golden
        .posts(
            "token-error-unauthorized",
            "/access_token",
            &[("grant_type", "client_credentials"), ("client_id", "app")],
        )
        .await;
    golden
        .posts(
            "token-error-missing",
            "/access_token",
            &[("client_id", "app")],
        )
        .await;
    golden
        .posts(
            "token-error-twice",
            "/access_token",
            &[
                ("client_id", "app"),
                ("grant_type", "x"),
                ("grant_type", "y"),
            ],
        )
        .await;
    // Resources.
    let access = text(&renewed, "access_token").to_owned();
    let bearer = format!("Bearer {access}");
    golden
        .sends(
            "userinfo",
            Who::Nobody,
            "GET",
            "/userinfo",
            &[("Authorization", &bearer)],
            "",
        )
        .await;
    golden
        .sends("userinfo-nothing", Who::Nobody, "GET", "/userinfo", &[], "")
        .await;
    golden
        .sends(
            "userinfo-error-token",
            Who::Nobody,
            "GET",
            "/userinfo",
            &[("Authorization", "Bearer x")],
            "",
        )
        .await;
    golden
        .sends(
            "userinfo-error-twice",
            Who::Nobody,
            "POST",
            "/userinfo",
            &[("Authorization", &bearer)],
            "access_token=x",
        )
        .await;
    let weak = format!("Bearer {}", text(&of_service, "access_token"));
    golden
        .sends(
            "userinfo-error-scope",
            Who::Nobody,
            "GET",
            "/userinfo",
            &[("Authorization", &weak)],
            "",
        )
        .await;
    let api = [("client_id", "api"), ("client_secret", SECRET)];
    let about = |token: &str| {
        [&[("token", token)][..], &api]
            .concat()
            .iter()
            .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
            .collect::<Vec<_>>()
    };
    for (name, token) in [("introspect", access.as_str()), ("introspect-unknown", "x")] {
        let pairs = about(token);
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(a, b)| (a.as_str(), b.as_str()))
            .collect();
        golden.posts(name, "/introspect", &pairs).await;
    }
    golden
        .posts(
            "introspect-error-client",
            "/introspect",
            &[("token", &access), ("client_id", "app")],
        )
        .await;
    golden
        .posts(
            "revoke-unknown",
            "/token/revoke",
            &[("token", "x"), ("client_id", "app")],
        )
        .await;
    golden
        .posts(
            "revoke-error-other",
            "/token/revoke",
            &[("token", &access), ("client_id", "asks")],
        )
        .await;
    golden
        .posts(
            "revoke",
            "/token/revoke",
            &[("token", &access), ("client_id", "app")],
        )
        .await;
    // The end of a session.
    golden
        .sends(
            "end-session-asks",
            Who::User,
            "GET",
            "/connect/endSession",
            &[],
            "",
        )
        .await;
    golden.sends("end-session-error", Who::User, "GET", "/connect/endSession?client_id=app&post_logout_redirect_uri=https%3A%2F%2Fevil.example.com%2F", &[], "").await;
    let hint = format!(
        "/connect/endSession?id_token_hint={}&post_logout_redirect_uri=https%3A%2F%2Fapp.example.com%2Fbye",
        text(&all, "id_token")
    );
    golden
        .sends("end-session", Who::User, "GET", &hint, &[], "")
        .await;
    golden
        .sends(
            "end-session-nobody",
            Who::Nobody,
            "GET",
            "/connect/endSession",
            &[],
            "",
        )
        .await;

    assert!(golden.wrong.is_empty(), "{}", golden.wrong.join("\n"));
    let files = fs::read_dir(folder()).expect("the files");
    let files: BTreeSet<String> = files
        .map(|file| {
            file.expect("a file")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    assert_eq!(files, golden.names);
    // Those that only a broken server has, and the one that no request leads to here.
    let unseen = [
        "server_error",
        "temporarily_unavailable",
        "interaction_required",
    ];
    for code in Code::ALL {
        let word = code.word();
        assert!(
            golden.said.contains(word) || unseen.contains(&word),
            "{word} is in no file"
        );
    }
}
