//! Requests and replies as files: `am/*.txt`.
//!
//! `> METHOD TARGET`, header lines, an empty line, the body; `< STATUS`, the headers that must be there,
//! an empty line, the exact body. Lines of a body are joined without what stands around them. A request
//! that says nothing of it sends `accept-api-version: resource=2.1`, and with a body
//! `content-type: application/json`; `- name` takes one away, and in a reply says that it must be absent.
//! `{{name}}` in a reply takes what stands there, in a request gives it back. `@answer {{a}} NAME PW` is a
//! body that answers a name and a password. `! advance 300`, `! comparisons 1`, `! sessions 1`,
//! `! rows 1` move the clock or check the world.

use std::{collections::BTreeMap, fmt::Write as _};

use crate::world::World;

#[derive(Default)]
struct Message {
    first: String,
    headers: Vec<(String, String)>,
    absent: Vec<String>,
    body: String,
}

enum Line {
    Exchange(Message, Message),
    Check(String),
}

fn parse(text: &str) -> Vec<Line> {
    let mut script = Vec::new();
    let mut request: Option<Message> = None;
    let mut current: Option<Message> = None;
    let mut in_body = false;
    let close = |request: &mut Option<Message>, reply: Option<Message>, script: &mut Vec<Line>| {
        if let (Some(request), Some(reply)) = (request.take(), reply) {
            script.push(Line::Exchange(request, reply));
        }
    };
    for line in text.lines() {
        if let Some(first) = line.strip_prefix("> ") {
            close(&mut request, current.take(), &mut script);
            current = Some(Message {
                first: first.into(),
                ..Message::default()
            });
            in_body = false;
        } else if let Some(first) = line.strip_prefix("< ") {
            request = current.take();
            current = Some(Message {
                first: first.into(),
                ..Message::default()
            });
            in_body = false;
        } else if let Some(check) = line.strip_prefix("! ") {
            close(&mut request, current.take(), &mut script);
            script.push(Line::Check(check.into()));
        } else if line.starts_with('#') {
            close(&mut request, current.take(), &mut script);
        } else if let Some(message) = &mut current {
            match (in_body, line.is_empty()) {
                (false, true) => in_body = true,
                (true, _) => message.body += line.trim(),
                (false, false) => match (line.strip_prefix("- "), line.split_once(": ")) {
                    (Some(name), _) => message.absent.push(name.into()),
                    (None, Some((name, value))) => {
                        message.headers.push((name.into(), value.into()));
                    }
                    (None, None) => panic!("not a header: {line}"),
                },
            }
        }
    }
    close(&mut request, current.take(), &mut script);
    script
}

fn fill(text: &str, taken: &BTreeMap<String, String>) -> String {
    taken.iter().fold(text.to_owned(), |text, (name, value)| {
        text.replace(&format!("{{{{{name}}}}}"), value)
    })
}

/// Compares a text with a pattern and takes what stands at its names.
fn matches(pattern: &str, text: &str, taken: &mut BTreeMap<String, String>) -> bool {
    let Some((literal, rest)) = pattern.split_once("{{") else {
        return pattern == text;
    };
    let Some(text) = text.strip_prefix(literal) else {
        return false;
    };
    let (name, rest) = rest.split_once("}}").unwrap();
    let next = rest.split("{{").next().unwrap();
    let end = if next.is_empty() {
        text.len()
    } else {
        text.find(next).unwrap_or(text.len())
    };
    let (found, text) = text.split_at(end);
    taken.insert(name.to_owned(), found.to_owned());
    matches(rest, text, taken)
}

pub(crate) fn answer(auth_id: &str, name: &str, password: &str) -> String {
    format!(
        r#"{{"authId":"{auth_id}","callbacks":[{{"type":"NameCallback","input":[{{"name":"IDToken1","value":"{name}"}}]}},{{"type":"PasswordCallback","input":[{{"name":"IDToken2","value":"{password}"}}]}}]}}"#
    )
}

fn body(text: &str) -> String {
    let Some(words) = text.strip_prefix("@answer ") else {
        return text.to_owned();
    };
    let mut words = words.split(' ');
    let mut word = || words.next().unwrap_or("");
    answer(word(), word(), word())
}

fn play(name: &str, text: &str) {
    let world = World::new();
    let mut taken = BTreeMap::new();
    for (at, line) in parse(text).into_iter().enumerate() {
        match line {
            Line::Check(check) => {
                let (what, number) = check.split_once(' ').unwrap();
                let number: u64 = number.parse().unwrap();
                let found = match what {
                    "advance" => {
                        world.advance(number);
                        number
                    }
                    "comparisons" => u64::from(world.comparisons()),
                    "sessions" => world.session_count() as u64,
                    "rows" => world.claims.rows() as u64,
                    other => panic!("{name}: unknown check {other}"),
                };
                assert_eq!(found, number, "{name}, line {at}: {what}");
            }
            Line::Exchange(request, expected) => {
                let (method, target) = request.first.split_once(' ').unwrap();
                let sent = body(&fill(&request.body, &taken));
                let mut headers: Vec<(String, String)> = request
                    .headers
                    .iter()
                    .map(|(name, value)| (name.clone(), fill(value, &taken)))
                    .collect();
                for (name, value, when) in [
                    ("accept-api-version", "resource=2.1", true),
                    ("content-type", "application/json", !sent.is_empty()),
                ] {
                    let said = headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
                    if when && !said && !request.absent.iter().any(|n| n == name) {
                        headers.push((name.to_owned(), value.to_owned()));
                    }
                }
                let target = fill(target, &taken);
                let reply = world.send(method, &target, &headers, sent.as_bytes());
                let got = String::from_utf8(reply.body.clone()).unwrap();
                let mut place = format!("{name}: {} -> {got}", request.first);
                write!(place, " {:?}", reply.headers).unwrap();
                assert_eq!(reply.status.to_string(), expected.first, "{place}");
                let mut all: Vec<(String, String)> = reply
                    .headers
                    .iter()
                    .map(|(name, value)| (name.to_string(), value.to_string()))
                    .collect();
                let cookies = reply.cookies.iter();
                all.extend(cookies.map(|cookie| ("set-cookie".to_owned(), cookie.header())));
                for (name, value) in &expected.headers {
                    let there = all
                        .iter()
                        .any(|(n, v)| n == name && matches(value, v, &mut taken));
                    assert!(there, "{place}: no {name}: {value}");
                }
                for name in &expected.absent {
                    assert!(all.iter().all(|(n, _)| n != name), "{place}: has {name}");
                }
                assert!(
                    matches(&expected.body, &got, &mut taken),
                    "{place}\nexpected {}",
                    expected.body
                );
            }
        }
    }
}

#[test]
fn logins() {
    play("login", include_str!("am/login.txt"));
}

#[test]
fn refusals() {
    play("refusals", include_str!("am/refusals.txt"));
}

#[test]
fn replays_and_ends() {
    play("replay", include_str!("am/replay.txt"));
}

#[test]
fn realms() {
    play("realms", include_str!("am/realms.txt"));
}

#[test]
fn sessions() {
    play("sessions", include_str!("am/sessions.txt"));
}

#[test]
fn advices() {
    play("advice", include_str!("am/advice.txt"));
}

#[test]
fn ways_back() {
    play("ways_back", include_str!("am/ways_back.txt"));
}

#[test]
fn traces_of_clients() {
    play("clients", include_str!("am/clients.txt"));
}
