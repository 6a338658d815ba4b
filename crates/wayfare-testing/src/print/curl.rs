//! A run as requests to a server, for a shell.
//!
//! The wire is that of docs/wire.md: every step sends the token of the last one back with its callbacks.
//! What only the server's mail knows, a code or a link, the shell asks for.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};
use wayfare::{Ask, Callback};
use wayfare_sim::Stop;

use crate::{
    moves::{Move, Word},
    run::{Run, Seen},
};

/// The value of a button that was not pressed.
const UNTOUCHED: u32 = 100;

/// A shell script that repeats a run against `$SERVER`, in `$REALM`: `root`, `root/realms/alpha`.
pub(crate) fn curl(run: &Run) -> String {
    let mut text = String::from(
        "SERVER=${SERVER:-http://127.0.0.1:8080/am}\n\
         REALM=${REALM:-root}\n\
         authenticate() { curl -sS -X POST \"$SERVER/json/realms/$REALM/authenticate$1\" \\\n  \
         -H 'Content-Type: application/json' -H 'Accept-API-Version: resource=2.1'",
    );
    headers(&mut text, run);
    text.push_str(
        " -d \"$2\"; echo; }\n\
         token() { sed -n 's/.*\"authId\":\"\\([^\"]*\\)\".*/\\1/p'; }\n",
    );
    if let Some((name, level)) = run.began_with() {
        // Writing to a text cannot fail.
        let _ = writeln!(
            text,
            "# It begins with a session of {name} at level {level}."
        );
    }
    let query = query(run);
    let _ = writeln!(
        text,
        "REPLY=$(authenticate '{query}' '{{}}'); echo \"$REPLY\""
    );
    for (seen, made) in run.steps() {
        step(&mut text, &query, seen, made);
    }
    text
}

fn headers(text: &mut String, run: &Run) {
    let request = run.request();
    for (name, value) in &request.headers {
        let _ = write!(text, " -H {}", shell(&format!("{name}: {value}")));
    }
    for (name, value) in &request.cookies {
        let _ = write!(text, " -b {}", shell(&format!("{name}={value}")));
    }
    if let Some(locale) = request.locales.first() {
        let _ = write!(text, " -H {}", shell(&format!("Accept-Language: {locale}")));
    }
    if let Some(address) = request.client {
        let _ = write!(text, " -H 'X-Forwarded-For: {address}'");
    }
}

fn query(run: &Run) -> String {
    let mut query = format!(
        "?authIndexType=service&authIndexValue={}",
        encoded(&run.setup.journey)
    );
    for (name, value) in &run.request().parameters {
        let _ = write!(query, "&{}={}", encoded(name), encoded(value));
    }
    query
}

fn step(text: &mut String, query: &str, seen: &Seen, made: &Move) {
    let _ = match made {
        Move::Advance(by) => writeln!(text, "sleep {}", by.as_secs()),
        Move::Fail => writeln!(text, "# Here something outside fails."),
        Move::Outside { kind, .. } => {
            writeln!(
                text,
                "# Here effects of the kind `{kind}` are replied to otherwise."
            )
        }
        Move::Resume => writeln!(
            text,
            "printf 'the suspendedId of the link: ' >&2; read -r LINK\n\
             REPLY=$(authenticate \"?suspendedId=$LINK\" '{{}}'); echo \"$REPLY\""
        ),
        Move::Answer(words) => {
            let Stop::Ask(ask) = &seen.stop else {
                return;
            };
            if words.contains(&Word::Code) {
                let _ = writeln!(text, "printf 'the code that was sent: ' >&2; read -r CODE");
            }
            let body = body(ask, words);
            writeln!(
                text,
                "REPLY=$(authenticate '{query}' {body}); echo \"$REPLY\""
            )
        }
    };
}

/// The body of an answer, as a word of a shell.
fn body(ask: &Ask, words: &[Word]) -> String {
    let callbacks = callbacks(ask, words).to_string();
    let text = format!("{{\"authId\":\"\u{0}TOKEN\",\"callbacks\":{callbacks}}}");
    shell(&text)
        .replace("\u{0}TOKEN", "'\"$(echo \"$REPLY\" | token)\"'")
        .replace(CODE, "'\"$CODE\"'")
}

/// Stands for the code until the text is written for a shell.
const CODE: &str = "%CODE%";

/// The callbacks with their inputs, as the wire has them.
pub(crate) fn callbacks(ask: &Ask, words: &[Word]) -> Json {
    let pairs = ask.callbacks.iter().zip(words).enumerate();
    let all = pairs.map(|(at, (callback, word))| {
        let name = format!("IDToken{}", at + 1);
        let mut sent = json!({ "type": callback.kind() });
        if let Some(value) = value(word).filter(|_| callback.is_input()) {
            let mut inputs = vec![json!({ "name": name, "value": value })];
            if let Callback::ValidatedUsername { .. } | Callback::ValidatedPassword { .. } =
                callback
            {
                inputs.push(json!({ "name": format!("{name}validateOnly"), "value": false }));
            }
            if let Some(sent) = sent.as_object_mut() {
                sent.insert("input".to_owned(), Json::Array(inputs));
            }
        }
        if let Some(id) = ask.ids.as_ref().and_then(|ids| ids.get(at))
            && let Some(sent) = sent.as_object_mut()
        {
            sent.insert("_id".to_owned(), json!(id));
        }
        sent
    });
    all.collect()
}

fn value(word: &Word) -> Option<Json> {
    match word {
        Word::Typed(text) => Some(json!(text)),
        Word::Code => Some(json!(CODE)),
        Word::Pick(at) => Some(json!(at)),
        Word::Untouched => Some(json!(UNTOUCHED)),
        Word::Nothing => None,
    }
}

/// A text as one word of a shell.
fn shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// A text as part of a query.
fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}
