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
        "/page/policies.js" => fixed(
            "text/javascript; charset=utf-8",
            include_str!("policies.js"),
        ),
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
    use serde_json::json;

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
            "/page/policies.js",
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

    /// One policy of each kind, with its parameters.
    fn each_policy() -> serde_json::Value {
        let policy =
            |id: &str, params: serde_json::Value| json!({ "policyId": id, "params": params });
        let all = [
            policy("valid-username", json!({})),
            policy("minimum-length", json!({ "minLength": 3 })),
            policy("maximum-length", json!({ "maxLength": 3 })),
            policy("at-least-X-capitals", json!({ "numCaps": 3 })),
            policy("at-least-X-numbers", json!({ "numNums": 3 })),
            policy(
                "cannot-contain-others",
                json!({ "disallowedFields": ["sn"] }),
            ),
            policy(
                "cannot-contain-characters",
                json!({ "forbiddenChars": ["/"] }),
            ),
            policy("valid-email-address-format", json!({})),
            policy("valid-name-format", json!({})),
            policy("valid-phone-format", json!({})),
            policy("valid-date", json!({})),
            policy("valid-number", json!({})),
            policy("minimum-number-value", json!({ "minimum": 3 })),
            policy("maximum-number-value", json!({ "maximum": 3 })),
            policy("regexpMatches", json!({ "regexp": "a" })),
        ];
        let name = json!({ "type": "string", "policies": all });
        let other = json!({ "type": "string", "unique": true });
        json!({ "properties": { "userName": name, "sn": other }, "required": ["sn"] })
    }

    #[test]
    fn every_policy_has_words_in_every_language_with_its_parameters() {
        let schema = wayfare_profile::Schema::parse(&each_policy().to_string()).unwrap();
        let mut known = std::collections::BTreeMap::new();
        for attribute in schema.attributes() {
            for policy in &attribute.policies {
                let params: Vec<String> = policy.params.keys().cloned().collect();
                known.insert(policy.requirement().to_owned(), params);
            }
        }
        known.insert("REQUIRED".to_owned(), Vec::new());
        known.insert("UNIQUE".to_owned(), Vec::new());
        known.insert("VALID_TYPE".to_owned(), vec!["types".to_owned()]);
        for own in [
            "READ_ONLY",
            "UNKNOWN_ATTRIBUTE",
            "VALID_STATUS",
            "PASSWORD_QUALITY",
        ] {
            known.insert(own.to_owned(), Vec::new());
        }
        let words = include_str!("words.js");
        let policies = include_str!("policies.js");
        let (texts, _) = policies.split_once("const names").unwrap();
        let languages: Vec<&str> = words
            .lines()
            .filter_map(|line| line.strip_prefix("  ")?.strip_suffix(": {"))
            .filter(|word| word.chars().all(char::is_alphabetic))
            .collect();
        assert_eq!(languages, ["en", "de", "fr"]);
        for language in languages {
            let begin = format!("\n  {language}: {{\n");
            let (_, rest) = texts.split_once(&begin).unwrap();
            let (own, _) = rest.split_once("\n  },").unwrap();
            let said: std::collections::BTreeMap<&str, &str> = own
                .lines()
                .map(|line| line.trim().split_once(": ").unwrap())
                .collect();
            let wanted: Vec<&str> = known.keys().map(String::as_str).collect();
            assert_eq!(
                said.keys().copied().collect::<Vec<_>>(),
                wanted,
                "{language}"
            );
            for (requirement, params) in &known {
                let text = said[requirement.as_str()];
                let named: Vec<&str> = text
                    .split('{')
                    .skip(1)
                    .map(|part| part.split('}').next().unwrap())
                    .collect();
                assert_eq!(named, *params, "{language} {requirement}");
            }
        }
    }
}
