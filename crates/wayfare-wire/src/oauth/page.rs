//! The few pages of the provider's own: plain HTML, without scripts but the one line that posts a form.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::digest::{SHA256, digest};

use super::{OauthError, fresh};
use crate::am::reply::Reply;

/// Posts the only form of its page.
const SUBMIT: &str = "document.forms[0].submit()";

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem;\
    color:#1b1f24;background:#fff}h1{font-size:1.4rem}button{font:inherit;padding:.5rem 1.25rem;\
    margin-right:.5rem}@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}}";

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn page(status: u16, title: &str, body: &str, script: Option<&str>) -> Reply {
    let hash = |text: &str| STANDARD.encode(digest(&SHA256, text.as_bytes()));
    let script_src = script.map_or_else(String::new, |script| {
        format!("script-src 'sha256-{}'; ", hash(script))
    });
    let policy = format!(
        "default-src 'none'; {script_src}style-src 'sha256-{}'; base-uri 'none'; frame-ancestors 'none'",
        hash(STYLE)
    );
    let script = script.map_or_else(String::new, |script| format!("<script>{script}</script>"));
    let mut reply = fresh(status)
        .header("content-type", "text/html; charset=utf-8")
        .header("content-security-policy", policy)
        .header("referrer-policy", "no-referrer");
    for (name, value) in &mut reply.headers {
        if name == "x-frame-options" {
            *value = "DENY".into();
        }
    }
    reply.body = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style></head>\
         <body>{body}{script}</body></html>\n",
        title = escape(title),
    )
    .into_bytes();
    reply
}

fn hidden(parameters: &[(&str, &str)]) -> String {
    let field = |(name, value): &(&str, &str)| {
        format!(
            "<input type=\"hidden\" name=\"{}\" value=\"{}\">",
            escape(name),
            escape(value)
        )
    };
    parameters.iter().map(field).collect()
}

/// The way back to a client as a form that posts itself.
pub(super) fn form_post(address: &str, parameters: &[(&str, &str)]) -> Reply {
    let body = format!(
        "<form method=\"post\" action=\"{}\">{}<noscript><button>Continue</button></noscript></form>",
        escape(address),
        hidden(parameters)
    );
    page(200, "Continue", &body, Some(SUBMIT))
}

/// What a consent is asked for.
#[derive(Debug, Clone)]
pub struct ConsentPage<'a> {
    /// Who asks.
    pub client: &'a str,
    /// Who is asked.
    pub username: &'a str,
    /// What for, each in words.
    pub scopes: Vec<&'a str>,
    /// The request, to be sent again with the answer.
    pub request: Vec<(&'a str, &'a str)>,
    /// What only this page of this session can know.
    pub csrf: &'a str,
}

impl ConsentPage<'_> {
    /// The page.
    pub fn reply(&self) -> Reply {
        let mut scopes = String::new();
        for scope in &self.scopes {
            scopes.push_str("<li>");
            scopes.push_str(&escape(scope));
            scopes.push_str("</li>");
        }
        let body = format!(
            "<h1>{client} asks for access</h1><p>You are logged in as {user}. {client} would like to:</p>\
             <ul>{scopes}</ul><form method=\"post\">{fields}\
             <button name=\"decision\" value=\"allow\">Allow</button>\
             <button name=\"decision\" value=\"deny\">Deny</button></form>",
            client = escape(self.client),
            user = escape(self.username),
            fields = hidden(&[self.request.as_slice(), &[("csrf", self.csrf)]].concat()),
        );
        page(200, "Allow access", &body, None)
    }
}

/// Asks whether to log out, where the request could be anybody's.
pub fn log_out(request: &[(&str, &str)], csrf: &str) -> Reply {
    let body = format!(
        "<h1>Log out?</h1><form method=\"post\">{}<button>Log out</button></form>",
        hidden(&[request, &[("csrf", csrf)]].concat())
    );
    page(200, "Log out", &body, None)
}

/// Says that somebody is logged out.
pub fn logged_out() -> Reply {
    page(200, "Logged out", "<h1>You are logged out.</h1>", None)
}

/// Shows an error that no client may be told.
pub fn error(error: &OauthError) -> Reply {
    let body = format!(
        "<h1>This request cannot be answered</h1><p>{}</p><p><code>{}</code></p>",
        escape(&error.description),
        error.code.word()
    );
    page(error.code.status(), "Error", &body, None)
}
