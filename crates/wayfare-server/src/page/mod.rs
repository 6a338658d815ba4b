//! The login page: plain HTML, CSS and ES modules, embedded in the binary.
//!
//! In: a path and what the page must know of the server. Out: bytes with their type. Nothing here knows
//! HTTP; the router sends what stands here with [`HEADERS`].

mod outbox;

use std::borrow::Cow;

pub use self::outbox::outbox;

/// A file of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// `Content-Type`
    pub content_type: &'static str,
    /// The bytes.
    pub body: Cow<'static, str>,
}

/// What the page must know of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageConfig {
    /// The path under which the protocol is served: `/am`.
    pub base: String,
    /// The realm where the address of the page names none: `/alpha`.
    pub realm: String,
}

/// Headers of every file of the page. Nothing is loaded from elsewhere, nothing runs inline, and no other
/// page may hold this one in a frame.
pub const HEADERS: &[(&str, &str)] = &[
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("cache-control", "no-cache"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "camera=(), geolocation=(self), microphone=()",
    ),
    ("referrer-policy", "same-origin"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
];

const INDEX: &str = include_str!("index.html");

/// The file at a path of the server, where the page has one.
pub fn asset(path: &str, config: &PageConfig) -> Option<Asset> {
    let fixed = |content_type, body: &'static str| {
        Some(Asset {
            content_type,
            body: Cow::Borrowed(body),
        })
    };
    match path {
        "/" => Some(Asset {
            content_type: "text/html; charset=utf-8",
            body: Cow::Owned(index(config)),
        }),
        "/page/login.js" => fixed("text/javascript; charset=utf-8", include_str!("login.js")),
        "/page/callbacks.js" => fixed(
            "text/javascript; charset=utf-8",
            include_str!("callbacks.js"),
        ),
        "/page/device.js" => fixed("text/javascript; charset=utf-8", include_str!("device.js")),
        "/page/words.js" => fixed("text/javascript; charset=utf-8", include_str!("words.js")),
        "/page/style.css" => fixed("text/css; charset=utf-8", include_str!("style.css")),
        "/page/icon.svg" => fixed("image/svg+xml", include_str!("icon.svg")),
        _ => None,
    }
}

fn index(config: &PageConfig) -> String {
    INDEX
        .replace("{{base}}", &escape(&config.base))
        .replace("{{realm}}", &escape(&config.realm))
        .replace("{{console}}", &escape(&format!("{}/console", config.base)))
}

/// A text as the value of an attribute.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_told_where_it_is_and_cannot_be_broken_out_of() {
        let config = PageConfig {
            base: "/am".to_owned(),
            realm: "/\"><script>".to_owned(),
        };
        let page = asset("/", &config).unwrap();
        assert!(page.body.contains("data-base=\"/am\""), "{}", page.body);
        assert!(
            page.body.contains("data-console=\"/am/console\""),
            "{}",
            page.body
        );
        assert!(
            page.body
                .contains("data-realm=\"/&quot;&gt;&lt;script&gt;\""),
            "{}",
            page.body
        );
        assert!(!page.body.contains("{{"), "{}", page.body);
    }

    #[test]
    fn every_file_the_page_names_is_there() {
        let config = PageConfig {
            base: "/am".to_owned(),
            realm: "/alpha".to_owned(),
        };
        let mut named = Vec::new();
        for path in [
            "/",
            "/page/login.js",
            "/page/callbacks.js",
            "/page/device.js",
            "/page/words.js",
        ] {
            let body = asset(path, &config).unwrap().body;
            for quoted in body.split('"').skip(1).step_by(2) {
                if let Some(file) = quoted.strip_prefix("./") {
                    named.push(format!("/page/{file}"));
                } else if quoted.starts_with("/page/") {
                    named.push(quoted.to_owned());
                }
            }
        }
        assert!(named.len() >= 6, "{named:?}");
        for path in named {
            assert!(asset(&path, &config).is_some(), "{path}");
        }
    }
}
